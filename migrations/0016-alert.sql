-- Searches that are watched, and what is to be told of them: src/alerts/. A deprovisioned resource has neither.
create table alert (
  id uuid primary key default gen_random_uuid(),
  resource_number integer not null references resource (number),
  name text not null,
  q text not null,
  -- src/alerts/condition.ts
  condition jsonb not null,
  -- Whoever knows a webhook's address can post there, so it is sealed (src/heroku/secret-box.ts). Host and hint are shown.
  sealed_webhook bytea,
  webhook_host text,
  webhook_hint text,
  email text,
  state text not null default 'unknown' check (state in ('ok', 'firing', 'unknown')),
  -- A message says that it fires, and none yet that it does no more.
  announced boolean not null default false,
  -- When the last message said that it fires.
  announced_at timestamptz,
  muted_until timestamptz,
  -- Since when this condition is watched.
  watched_since timestamptz not null default now(),
  evaluated_at timestamptz,
  fired_at timestamptz,
  -- Why it could not be looked at, and why its last message could not be delivered.
  evaluation_error text,
  delivery_error text,
  tested_at timestamptz,
  -- When it is looked at next. Whoever claims it puts this off, so that a process that dies leaves it to the others.
  due_at timestamptz not null default now(),
  -- Counts claims and edits: what was found out under an older number is not written down.
  version integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (resource_number, name),
  check ((sealed_webhook is null) = (webhook_host is null)),
  check (sealed_webhook is not null or email is not null)
);

create index alert_due on alert (due_at);

-- Messages on their way: written in the transaction that changes the alert's state, deleted when they are delivered or
-- given up. One row for each address.
create table alert_message (
  id uuid primary key default gen_random_uuid(),
  alert_id uuid not null references alert (id) on delete cascade,
  channel text not null check (channel in ('webhook', 'email')),
  -- What it says: src/alerts/message.ts
  content jsonb not null,
  created_at timestamptz not null default now(),
  tries integer not null default 0,
  -- When it is tried next; put off by whoever claims it.
  due_at timestamptz not null default now()
);

create index alert_message_alert on alert_message (alert_id);
create index alert_message_due on alert_message (due_at);
