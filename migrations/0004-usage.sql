-- What a resource has used of its day, counted in the transaction that stores the lines.
create table usage (
  resource_number integer not null,
  -- The UTC day of receipt.
  day date not null,
  -- Writers count side by side, each in a row of its own: in one row they would wait for each other's commits.
  shard smallint not null,
  lines bigint not null default 0,
  bytes bigint not null default 0,
  -- Received above the plan's daily volume: answered 204, counted and not kept.
  dropped_lines bigint not null default 0,
  dropped_bytes bigint not null default 0,
  primary key (resource_number, day, shard)
) with (fillfactor = 70);

-- Lines known to be missing, by drain and minute: what a reader must be told of, because the log itself cannot.
create table gap (
  resource_number integer not null,
  drain_id integer not null,
  minute timestamptz not null,
  kind text not null check (
    kind in (
      'logplex_overflow', -- L10: Logplex dropped them before they reached us
      'shuttle_overflow', -- L12: the dyno's log-shuttle dropped them before Logplex
      'shuttle_loss',     -- L13: log-shuttle could not deliver them
      'count_mismatch',   -- fewer lines than Logplex-Msg-Count announced
      'quota',            -- above the plan's daily volume
      'unavailable'       -- neither stored nor spooled in time: answered 503
    )
  ),
  lines bigint not null,
  primary key (resource_number, minute, drain_id, kind)
);
