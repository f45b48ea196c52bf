-- Lines may be kept in an engine of their own: src/logs/clickhouse/lanes.ts. There a transaction of this database is
-- known by who wrote and which of his batches it was.
create table line_writer (
  id integer generated always as identity primary key,
  -- The last of its batches that has been committed.
  batch bigint not null default 0,
  seen_at timestamptz not null default now(),
  -- From then on it commits nothing any more.
  ended_at timestamptz
);

alter table tail_news add column writer integer, add column batch bigint;
alter table line_feed_item add column writer integer, add column batch bigint;

-- Lines of a resource that are in another partition by now, and not yet deleted where they were: nobody sees those.
create table line_moved (
  id integer generated always as identity primary key,
  resource_number integer not null,
  retention_days integer not null,
  -- Of receipt, in microseconds since 1970; `to` exclusive.
  received_from bigint not null,
  received_to bigint not null,
  -- What had been committed when they were moved, and so is meant: Committed in src/logs/clickhouse/seen.ts.
  committed jsonb not null
);

create index line_moved_resource on line_moved (resource_number);

-- How far lines have been copied into another engine: src/logs/copy/copy-lines.ts.
create table line_copy (
  resource_number integer primary key,
  -- What is older than that was not asked for. Microseconds since 1970.
  since bigint not null,
  -- The place in the order of lines up to which it is done.
  sent_at bigint not null,
  received_at bigint not null,
  copied_lines bigint not null default 0
);
