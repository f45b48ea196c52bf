-- Rules by which lines are dropped before they count: src/logs/exclusion/. A deprovisioned resource has none.
create table exclusion (
  id uuid primary key default gen_random_uuid(),
  resource_number integer not null references resource (number),
  name text not null,
  q text not null,
  is_on boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (resource_number, name)
);

-- Which resources' rules changed, and in what order: how a process learns of it without reading all of them.
-- Whoever changes a rule holds a lock until his commit, so a higher revision is never visible before a lower one.
create table exclusion_revision (
  resource_number integer primary key references resource (number),
  revision bigint generated always as identity unique
);

-- What each rule dropped, counted in the transaction that stores the rest of the delivery. In shards, as usage.
create table exclusion_saved (
  resource_number integer not null,
  -- Of a rule that may be gone by now: what was saved stays counted.
  exclusion_id uuid not null,
  -- The UTC day of receipt.
  day date not null,
  shard smallint not null,
  lines bigint not null,
  bytes bigint not null,
  primary key (resource_number, exclusion_id, day, shard)
) with (fillfactor = 70);
