-- Where a resource's lines are streamed on to, in the words of Fastly's API, which makes and changes all of this. What
-- streams is the active version of a service; a version that was active once is locked for good.

create table fastly_service (
  -- 22 letters and digits, as Fastly's are.
  id text primary key,
  resource_id uuid not null references resource (id),
  name text not null,
  type text not null check (type in ('vcl', 'wasm')),
  comment text not null default '',
  active_version integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- A deleted one stays: it is told from one that never was.
  deleted_at timestamptz
);

create index fastly_service_resource on fastly_service (resource_id);

create table fastly_version (
  service_id text not null references fastly_service (id) on delete cascade,
  number integer not null,
  locked boolean not null default false,
  comment text not null default '',
  -- What Fastly keeps under "settings": stored and given back, and without any meaning here.
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (service_id, number)
);

create table fastly_condition (
  service_id text not null,
  version integer not null,
  name text not null,
  statement text not null,
  type text not null check (type in ('REQUEST', 'RESPONSE', 'CACHE', 'PREFETCH')),
  priority text not null,
  comment text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (service_id, version, name),
  foreign key (service_id, version) references fastly_version on delete cascade
);

-- Stored and given back, for clients that cannot make a service without one. Nothing here depends on it.
create table fastly_domain (
  service_id text not null,
  version integer not null,
  name text not null,
  comment text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (service_id, version, name),
  foreign key (service_id, version) references fastly_version on delete cascade
);

create table log_endpoint (
  service_id text not null,
  version integer not null,
  name text not null,
  -- Token and url, which may hold a token too (src/heroku/secret-box.ts).
  sealed_target bytea not null,
  format text not null,
  format_version smallint not null check (format_version in (1, 2)),
  placement text check (placement in ('none', 'waf_debug')),
  response_condition text not null default '',
  log_processing_region text not null default 'none' check (log_processing_region in ('none', 'eu', 'us')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (service_id, version, name),
  foreign key (service_id, version) references fastly_version on delete cascade
);
