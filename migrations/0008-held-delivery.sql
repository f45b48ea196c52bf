-- Deliveries on a drain token that is not known yet, while Heroku does not tell whose it is: src/drain/held-deliveries.ts.
-- Nobody reads them. They become lines once the token is known to be the resource's, and go when it is not, or after
-- a day. Bounded in bytes for each resource.
create table held_delivery (
  id bigint generated always as identity primary key,
  resource_number integer not null references resource (number),
  token_digest bytea not null check (octet_length(token_digest) = 32),
  frame_key uuid not null,
  held_at timestamptz not null default now(),
  bytes integer not null,
  -- The fields of the delivery but its bytes, as in a record of the spool.
  header jsonb not null,
  body bytea not null,
  -- A retry is held once.
  unique (resource_number, token_digest, frame_key)
);
