-- Which app's lines come through a drain, as Heroku lists them: src/heroku/attached-drains.ts. Null until the drains of
-- its resource were listed for the first time, and for ever where there is no OAuth token to list them with.
alter table drain
  add column app_id text,
  -- As of last_listed_at: customers rename their apps.
  add column app_name text,
  add column heroku_drain_id text,
  add column last_listed_at timestamptz,
  -- Since when it is missing from the list. Its lines are taken a while longer: some are still under way.
  add column detached_at timestamptz;

-- When the drains of the resource are listed next.
alter table heroku_authorization add column listing_due_at timestamptz not null default now();

create index heroku_authorization_listing_due on heroku_authorization (listing_due_at) where state = 'exchanged';
