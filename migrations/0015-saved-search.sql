-- Searches that people keep, by name. A deprovisioned resource has none.
create table saved_search (
  id uuid primary key default gen_random_uuid(),
  resource_number integer not null references resource (number),
  name text not null,
  -- As typed: a search is read anew each time, as if somebody typed it again.
  q text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (resource_number, name)
);
