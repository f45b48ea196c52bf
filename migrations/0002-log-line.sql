-- The lines. Partitioned by retention class (the plan's days), then by the day of receipt, so that retention is
-- dropping tables: see src/logs/postgres/partitions.ts, which creates and drops them.
--
-- Column order is by alignment: 8-byte, 4-byte, 2-byte, then text. Nothing is nullable: with ten columns a single
-- null would cost every row an eight-byte bitmap. '' and -1 stand for "none", and the store translates.

create table log_line (
  -- The time the line carries; the time of receipt where that is missing, unreadable or far in the future.
  sent_at timestamptz not null,
  -- The time of receipt, made unique within a process by counting microseconds up: also the order of receipt.
  received_at timestamptz not null,
  resource_number integer not null,
  drain_id integer not null,
  -- Syslog PRI, 0 to 191; -1 where the line had none.
  priority smallint not null,
  -- How the frame was written (digits of the fraction, zone, line end), so that it can be written again exactly:
  -- src/logs/frame-form.ts.
  form smallint not null,
  retention_days smallint not null,
  -- APPNAME: "app" for dynos and add-ons, "heroku" for the platform. '' where the line had none.
  source text not null,
  -- PROCID: web.1, router, heroku-postgres. '' where the line had none.
  process text not null,
  -- Without its line end. NUL shows as U+2400 and bytes that are not UTF-8 as U+FFFD; then `original` has them.
  message text not null,
  -- The whole frame as it came, only where the columns cannot give it back byte for byte; '' otherwise.
  original bytea not null default ''
) partition by list (retention_days);

-- Newest first is by (sent_at, received_at). The index is coarser: lines of eight seconds share an entry, which Postgres
-- keeps as one key and a list of places. That is 7 bytes a line where (resource_number, sent_at) takes 32 to 38, and
-- loads as fast (1.5 million rows of 64 resources, Postgres 15, 2 shared cores, 2026-11-21); the eight seconds are sorted
-- when they are read. src/logs/postgres/read-lines.ts orders and bounds by the same expression.
create index log_line_by_time on log_line (resource_number, date_bin('8 seconds', sent_at, timestamptz 'epoch'));

-- What has been delivered: the frame key of every batch, written in the same transaction as its lines. This is what
-- makes a retry harmless. Rows live a day or two: src/logs/postgres/frame-keys.ts.
create table delivery (
  drain_id integer not null,
  -- Made of Logplex-Frame-Id or X-Request-Id: src/drain/frame-key.ts.
  frame_key uuid not null,
  -- When the delivery was received, which is long before it is stored where the database was away meanwhile.
  received_at timestamptz not null,
  -- A delivery received from then on may use the key again.
  expires_at timestamptz not null,
  primary key (drain_id, frame_key)
);

create index delivery_expires_at on delivery using brin (expires_at);
