-- What Heroku provisioned. One row for each add-on resource ever heard of: a deprovisioned one stays as a
-- tombstone, so that a late retry of its POST is answered 410 and never brings it back.

create table resource (
  -- Heroku's id of the add-on resource: the key of every call Heroku makes.
  id uuid primary key,
  -- Our short name for it inside the log table, where sixteen bytes a line would be a tenth of the disk.
  number integer generated always as identity unique,
  state text not null check (state in ('provisioned', 'deprovisioned')),
  -- Null in a tombstone whose DELETE came before its POST.
  name text,
  plan text,
  region text,
  options jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- Set by a plan change, until the lines kept so far have moved to the retention of the new plan.
  plan_changed_at timestamptz,
  deprovisioned_at timestamptz,
  -- When its lines were deleted, some days after it was deprovisioned.
  purged_at timestamptz,
  check (state = 'deprovisioned' or (name is not null and plan is not null)),
  check ((state = 'deprovisioned') = (deprovisioned_at is not null))
);

-- A drain token, as Heroku sends it at provision. A resource has a set of them: a retried provision may bring
-- another, and each attached app has its own. The token is a bearer secret, so only its SHA-256 is kept: it is
-- 122 random bits, nothing is gained by a slow hash.
create table drain (
  id integer generated always as identity primary key,
  resource_number integer not null references resource (number),
  token_digest bytea not null unique check (octet_length(token_digest) = 32),
  -- The last four characters, enough for people to tell two drains apart.
  token_hint text not null,
  created_at timestamptz not null default now()
);

create index drain_resource on drain (resource_number);
