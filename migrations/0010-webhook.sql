-- The webhook by which Heroku tells us of changes to a resource and its apps: src/heroku/webhooks.ts. Its secrets are
-- ours, made before Heroku is asked for the subscription, so that an answer that is lost loses nothing. Sealed
-- (src/heroku/secret-box.ts); a deprovisioned resource has no row.
create table webhook (
  resource_id uuid primary key references resource (id),
  sealed_secret bytea not null,
  sealed_authorization bytea not null,
  -- Heroku's id of the subscription, and the address it was given. Null until it is known to exist.
  webhook_id text,
  url text,
  -- An event said that the resource itself changed, and it is to be read anew by then.
  reading_due_at timestamptz,
  -- An event said that the resource was destroyed.
  destroyed_at timestamptz
);

create index webhook_reading_due on webhook (reading_due_at) where reading_due_at is not null;

-- Events taken lately: Heroku delivers each one at least once, for up to 72 hours.
create table webhook_event (
  resource_id uuid not null references resource (id),
  event_id text not null,
  taken_at timestamptz not null,
  primary key (resource_id, event_id)
);

create index webhook_event_taken_at on webhook_event (taken_at);
