-- Lines that are to be sent on. A feed is one reader of what is stored of a resource from the feed's beginning on; what
-- was stored is put down for each feed in the transaction that stores it, so that no line is missed, however late it
-- came and whichever transaction was first. What has been read is deleted: src/logs/postgres/feeds.ts.

create table line_feed (
  id bigint generated always as identity primary key,
  resource_number integer not null references resource (number)
);

create index line_feed_resource on line_feed (resource_number);

create table line_feed_item (
  id bigint generated always as identity primary key,
  -- Of no foreign key: a feed that ends while lines are stored must not be in their way.
  feed_id bigint not null,
  resource_number integer not null,
  -- The transaction that stored the lines.
  xid xid8 not null default pg_current_xact_id(),
  -- The times of receipt, in microseconds since 1970, that these lines lie between.
  received_from bigint not null,
  received_to bigint not null,
  -- Where in the index on log_line they are: the eight-second bins of sent_at, counted from 1970.
  bins integer[] not null,
  lines integer not null,
  stored_at timestamptz not null default now()
);

create index line_feed_item_feed on line_feed_item (feed_id, id);

-- What streams: each endpoint of an active version, under its name, so that it goes on where it was when the next
-- version is activated.
create table endpoint_stream (
  service_id text not null references fastly_service (id),
  name text not null,
  feed_id bigint not null unique,
  -- One process sends at a time. Ends by itself: that process may be dead.
  leased_by uuid,
  leased_until timestamptz,
  -- After a failure, when it is tried again.
  next_try_at timestamptz not null default now(),
  failures integer not null default 0,
  last_error text,
  last_error_at timestamptz,
  last_sent_at timestamptz,
  sent_lines bigint not null default 0,
  -- Sent, but not all of it.
  cut_lines bigint not null default 0,
  -- Not sent: refused by the receiver, or waited for too long.
  dropped_lines bigint not null default 0,
  -- Of those, the ones that the stream has not told of yet.
  untold_lines bigint not null default 0,
  primary key (service_id, name)
);
