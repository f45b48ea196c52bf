-- A signed-in browser. Access belongs to Heroku: a session is for one resource and ends after 90 minutes.
create table session (
  -- SHA-256 of the cookie's value: a copy of this table signs nobody in.
  id_digest bytea primary key check (octet_length(id_digest) = 32),
  resource_id uuid not null references resource (id),
  -- Who it is, where the SHA-256 token vouched for it. The older SHA-1 token does not cover it, and what only a form
  -- says is not kept.
  user_id text,
  email text,
  -- The app whose page the person came from, for display only.
  app text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index session_resource on session (resource_id);
create index session_expires_at on session (expires_at);
