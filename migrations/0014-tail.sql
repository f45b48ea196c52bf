-- Live tails across processes: src/logs/postgres/tail.ts. Who reads a resource live says so here, and whoever stores
-- lines of it writes down which, in the transaction that stores them.
create table tail_watch (
  resource_number integer primary key,
  -- Without a break until `until`, which is put off every few seconds for as long as somebody reads.
  since timestamptz not null,
  until timestamptz not null
);

create table tail_news (
  -- The transaction that stored the lines: what a reader has seen is told by snapshots, and the lines by their xmin.
  xid xid8 not null default pg_current_xact_id(),
  resource_number integer not null,
  -- The times of receipt, in microseconds since 1970, that these lines lie between.
  received_from bigint not null,
  received_to bigint not null,
  -- Where in the index on log_line they are: the eight-second bins of sent_at, counted from 1970.
  bins integer[] not null,
  lines integer not null,
  bytes integer not null,
  created_at timestamptz not null default now()
);

create index tail_news_xid on tail_news (xid);
