-- Where a drain points, as of last_listed_at. Our own, or that of another installation from which, or to which, drains
-- are moved: src/heroku/move-drains.ts. Null until the drains of its resource were listed.
alter table drain add column url text;

-- The nightly comparison of Heroku's list of installs with what is here: src/heroku/reconcile/. One row: whoever
-- takes the lease of a run that is due makes it, and all processes show what came of the last one.
create table reconciliation (
  only_row boolean primary key default true check (only_row),
  due_at timestamptz not null,
  -- Ends by itself: the process that makes the run may be dead.
  leased_until timestamptz,
  finished_at timestamptz,
  -- [{"kind", "resource", "says", …}], at most a thousand of them.
  findings jsonb,
  -- How many of each kind there were.
  counts jsonb not null default '{}'
);

insert into reconciliation (due_at) values (date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '27 hours');
