-- What a program reads a resource with: made by a signed-in person, for this resource alone, until it is revoked.
create table api_token (
  id uuid primary key default gen_random_uuid(),
  resource_id uuid not null references resource (id),
  -- SHA-256: it is 256 random bits, nothing is gained by a slow hash.
  token_digest bytea not null unique check (octet_length(token_digest) = 32),
  -- What its maker calls it.
  name text not null,
  -- The last four characters, enough for people to tell two tokens apart.
  hint text not null,
  created_at timestamptz not null default now(),
  -- To the minute or so.
  last_used_at timestamptz
);

create index api_token_resource on api_token (resource_id);
