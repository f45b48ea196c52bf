-- The schema after all migrations, for reading. Generated from a migrated database by `npm run docs`.
-- Without the partitions of log_line, which the service creates day by day.

create table alert (
  id uuid not null default gen_random_uuid(),
  resource_number integer not null,
  name text not null,
  q text not null,
  condition jsonb not null,
  sealed_webhook bytea,
  webhook_host text,
  webhook_hint text,
  email text,
  state text not null default 'unknown'::text,
  announced boolean not null default false,
  announced_at timestamp with time zone,
  muted_until timestamp with time zone,
  watched_since timestamp with time zone not null default now(),
  evaluated_at timestamp with time zone,
  fired_at timestamp with time zone,
  evaluation_error text,
  delivery_error text,
  tested_at timestamp with time zone,
  due_at timestamp with time zone not null default now(),
  version integer not null default 0,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint alert_pkey PRIMARY KEY (id),
  constraint alert_resource_number_name_key UNIQUE (resource_number, name),
  constraint alert_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number),
  constraint alert_check CHECK ((sealed_webhook IS NULL) = (webhook_host IS NULL)),
  constraint alert_check1 CHECK (sealed_webhook IS NOT NULL OR email IS NOT NULL),
  constraint alert_state_check CHECK (state = ANY (ARRAY['ok'::text, 'firing'::text, 'unknown'::text]))
);
CREATE INDEX alert_due ON alert USING btree (due_at);

create table alert_message (
  id uuid not null default gen_random_uuid(),
  alert_id uuid not null,
  channel text not null,
  content jsonb not null,
  created_at timestamp with time zone not null default now(),
  tries integer not null default 0,
  due_at timestamp with time zone not null default now(),
  constraint alert_message_pkey PRIMARY KEY (id),
  constraint alert_message_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alert(id) ON DELETE CASCADE,
  constraint alert_message_channel_check CHECK (channel = ANY (ARRAY['webhook'::text, 'email'::text]))
);
CREATE INDEX alert_message_alert ON alert_message USING btree (alert_id);
CREATE INDEX alert_message_due ON alert_message USING btree (due_at);

create table api_token (
  id uuid not null default gen_random_uuid(),
  resource_id uuid not null,
  token_digest bytea not null,
  name text not null,
  hint text not null,
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone,
  constraint api_token_pkey PRIMARY KEY (id),
  constraint api_token_token_digest_key UNIQUE (token_digest),
  constraint api_token_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id),
  constraint api_token_token_digest_check CHECK (octet_length(token_digest) = 32)
);
CREATE INDEX api_token_resource ON api_token USING btree (resource_id);

create table delivery (
  drain_id integer not null,
  frame_key uuid not null,
  received_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint delivery_pkey PRIMARY KEY (drain_id, frame_key)
);
CREATE INDEX delivery_expires_at ON delivery USING brin (expires_at);

create table drain (
  id integer not null generated always as identity,
  resource_number integer not null,
  token_digest bytea not null,
  token_hint text not null,
  created_at timestamp with time zone not null default now(),
  app_id text,
  app_name text,
  heroku_drain_id text,
  last_listed_at timestamp with time zone,
  detached_at timestamp with time zone,
  url text,
  constraint drain_pkey PRIMARY KEY (id),
  constraint drain_token_digest_key UNIQUE (token_digest),
  constraint drain_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number),
  constraint drain_token_digest_check CHECK (octet_length(token_digest) = 32)
);
CREATE INDEX drain_resource ON drain USING btree (resource_number);

create table endpoint_stream (
  service_id text not null,
  name text not null,
  feed_id bigint not null,
  leased_by uuid,
  leased_until timestamp with time zone,
  next_try_at timestamp with time zone not null default now(),
  failures integer not null default 0,
  last_error text,
  last_error_at timestamp with time zone,
  last_sent_at timestamp with time zone,
  sent_lines bigint not null default 0,
  cut_lines bigint not null default 0,
  dropped_lines bigint not null default 0,
  untold_lines bigint not null default 0,
  constraint endpoint_stream_pkey PRIMARY KEY (service_id, name),
  constraint endpoint_stream_feed_id_key UNIQUE (feed_id),
  constraint endpoint_stream_service_id_fkey FOREIGN KEY (service_id) REFERENCES fastly_service(id)
);

create table exclusion (
  id uuid not null default gen_random_uuid(),
  resource_number integer not null,
  name text not null,
  q text not null,
  is_on boolean not null default true,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint exclusion_pkey PRIMARY KEY (id),
  constraint exclusion_resource_number_name_key UNIQUE (resource_number, name),
  constraint exclusion_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number)
);

create table exclusion_revision (
  resource_number integer not null,
  revision bigint not null generated always as identity,
  constraint exclusion_revision_pkey PRIMARY KEY (resource_number),
  constraint exclusion_revision_revision_key UNIQUE (revision),
  constraint exclusion_revision_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number)
);

create table exclusion_saved (
  resource_number integer not null,
  exclusion_id uuid not null,
  day date not null,
  shard smallint not null,
  lines bigint not null,
  bytes bigint not null,
  constraint exclusion_saved_pkey PRIMARY KEY (resource_number, exclusion_id, day, shard)
) with (fillfactor=70);

create table fastly_condition (
  service_id text not null,
  version integer not null,
  name text not null,
  statement text not null,
  type text not null,
  priority text not null,
  comment text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint fastly_condition_pkey PRIMARY KEY (service_id, version, name),
  constraint fastly_condition_service_id_version_fkey FOREIGN KEY (service_id, version) REFERENCES fastly_version(service_id, number) ON DELETE CASCADE,
  constraint fastly_condition_type_check CHECK (type = ANY (ARRAY['REQUEST'::text, 'RESPONSE'::text, 'CACHE'::text, 'PREFETCH'::text]))
);

create table fastly_domain (
  service_id text not null,
  version integer not null,
  name text not null,
  comment text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint fastly_domain_pkey PRIMARY KEY (service_id, version, name),
  constraint fastly_domain_service_id_version_fkey FOREIGN KEY (service_id, version) REFERENCES fastly_version(service_id, number) ON DELETE CASCADE
);

create table fastly_service (
  id text not null,
  resource_id uuid not null,
  name text not null,
  type text not null,
  comment text not null default ''::text,
  active_version integer,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  constraint fastly_service_pkey PRIMARY KEY (id),
  constraint fastly_service_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id),
  constraint fastly_service_type_check CHECK (type = ANY (ARRAY['vcl'::text, 'wasm'::text]))
);
CREATE INDEX fastly_service_resource ON fastly_service USING btree (resource_id);

create table fastly_version (
  service_id text not null,
  number integer not null,
  locked boolean not null default false,
  comment text not null default ''::text,
  settings jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint fastly_version_pkey PRIMARY KEY (service_id, number),
  constraint fastly_version_service_id_fkey FOREIGN KEY (service_id) REFERENCES fastly_service(id) ON DELETE CASCADE
);

create table gap (
  resource_number integer not null,
  drain_id integer not null,
  minute timestamp with time zone not null,
  kind text not null,
  lines bigint not null,
  constraint gap_pkey PRIMARY KEY (resource_number, minute, drain_id, kind),
  constraint gap_kind_check CHECK (kind = ANY (ARRAY['logplex_overflow'::text, 'shuttle_overflow'::text, 'shuttle_loss'::text, 'count_mismatch'::text, 'quota'::text, 'unavailable'::text, 'too_many_lines'::text])) NOT VALID
);

create table held_delivery (
  id bigint not null generated always as identity,
  resource_number integer not null,
  token_digest bytea not null,
  frame_key uuid not null,
  held_at timestamp with time zone not null default now(),
  bytes integer not null,
  header jsonb not null,
  body bytea not null,
  constraint held_delivery_pkey PRIMARY KEY (id),
  constraint held_delivery_resource_number_token_digest_frame_key_key UNIQUE (resource_number, token_digest, frame_key),
  constraint held_delivery_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number),
  constraint held_delivery_token_digest_check CHECK (octet_length(token_digest) = 32)
);

create table heroku_authorization (
  resource_id uuid not null,
  state text not null,
  grant_digest bytea not null,
  sealed_grant bytea,
  grant_dies_at timestamp with time zone not null,
  sealed_access_token bytea,
  sealed_refresh_token bytea,
  access_expires_at timestamp with time zone,
  version integer not null default 0,
  tries integer not null default 0,
  due_at timestamp with time zone not null,
  leased_until timestamp with time zone,
  listing_due_at timestamp with time zone not null default now(),
  constraint heroku_authorization_pkey PRIMARY KEY (resource_id),
  constraint heroku_authorization_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id),
  constraint heroku_authorization_check CHECK ((state = 'granted'::text) = (sealed_grant IS NOT NULL)),
  constraint heroku_authorization_check1 CHECK ((state = 'exchanged'::text) = (sealed_access_token IS NOT NULL)),
  constraint heroku_authorization_check2 CHECK ((state = 'exchanged'::text) = (access_expires_at IS NOT NULL)),
  constraint heroku_authorization_grant_digest_check CHECK (octet_length(grant_digest) = 32),
  constraint heroku_authorization_state_check CHECK (state = ANY (ARRAY['granted'::text, 'exchanged'::text, 'lost'::text]))
);
CREATE INDEX heroku_authorization_due ON heroku_authorization USING btree (due_at) WHERE state = 'granted'::text;
CREATE INDEX heroku_authorization_listing_due ON heroku_authorization USING btree (listing_due_at) WHERE state = 'exchanged'::text;

create table job (
  name text not null,
  due_at timestamp with time zone not null default now(),
  leased_by uuid,
  leased_until timestamp with time zone,
  failures integer not null default 0,
  constraint job_pkey PRIMARY KEY (name)
);

create table line_copy (
  resource_number integer not null,
  since bigint not null,
  sent_at bigint not null,
  received_at bigint not null,
  copied_lines bigint not null default 0,
  constraint line_copy_pkey PRIMARY KEY (resource_number)
);

create table line_feed (
  id bigint not null generated always as identity,
  resource_number integer not null,
  constraint line_feed_pkey PRIMARY KEY (id),
  constraint line_feed_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number)
);
CREATE INDEX line_feed_resource ON line_feed USING btree (resource_number);

create table line_feed_item (
  id bigint not null generated always as identity,
  feed_id bigint not null,
  resource_number integer not null,
  xid xid8 not null default pg_current_xact_id(),
  received_from bigint not null,
  received_to bigint not null,
  bins integer[] not null,
  lines integer not null,
  stored_at timestamp with time zone not null default now(),
  writer integer,
  batch bigint,
  constraint line_feed_item_pkey PRIMARY KEY (id)
);
CREATE INDEX line_feed_item_feed ON line_feed_item USING btree (feed_id, id);

create table line_moved (
  id integer not null generated always as identity,
  resource_number integer not null,
  retention_days integer not null,
  received_from bigint not null,
  received_to bigint not null,
  committed jsonb not null,
  constraint line_moved_pkey PRIMARY KEY (id)
);
CREATE INDEX line_moved_resource ON line_moved USING btree (resource_number);

create table line_writer (
  id integer not null generated always as identity,
  batch bigint not null default 0,
  seen_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  constraint line_writer_pkey PRIMARY KEY (id)
);

create table log_endpoint (
  service_id text not null,
  version integer not null,
  name text not null,
  sealed_target bytea not null,
  format text not null,
  format_version smallint not null,
  placement text,
  response_condition text not null default ''::text,
  log_processing_region text not null default 'none'::text,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint log_endpoint_pkey PRIMARY KEY (service_id, version, name),
  constraint log_endpoint_service_id_version_fkey FOREIGN KEY (service_id, version) REFERENCES fastly_version(service_id, number) ON DELETE CASCADE,
  constraint log_endpoint_format_version_check CHECK (format_version = ANY (ARRAY[1, 2])),
  constraint log_endpoint_log_processing_region_check CHECK (log_processing_region = ANY (ARRAY['none'::text, 'eu'::text, 'us'::text])),
  constraint log_endpoint_placement_check CHECK (placement = ANY (ARRAY['none'::text, 'waf_debug'::text]))
);

create table log_line (
  sent_at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  resource_number integer not null,
  drain_id integer not null,
  priority smallint not null,
  form smallint not null,
  retention_days smallint not null,
  source text not null,
  process text not null,
  message text not null,
  original bytea not null default '\x'::bytea
) partition by LIST (retention_days);
CREATE INDEX log_line_by_time ON ONLY log_line USING btree (resource_number, date_bin('00:00:08'::interval, sent_at, '1970-01-01 00:00:00+00'::timestamp with time zone));

create table migration (
  name text not null,
  digest text not null,
  applied_at timestamp with time zone not null default now(),
  constraint migration_pkey PRIMARY KEY (name)
);

create table provisioning (
  resource_id uuid not null,
  step text not null,
  started_at timestamp with time zone not null,
  completed_at timestamp with time zone,
  tries integer not null default 0,
  due_at timestamp with time zone not null,
  leased_until timestamp with time zone,
  reason text,
  alarmed_at timestamp with time zone,
  constraint provisioning_pkey PRIMARY KEY (resource_id),
  constraint provisioning_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id),
  constraint provisioning_step_check CHECK (step = ANY (ARRAY['look'::text, 'subscribe'::text, 'configure'::text, 'complete'::text, 'confirm'::text, 'abort'::text, 'done'::text]))
);
CREATE INDEX provisioning_due ON provisioning USING btree (due_at) WHERE step <> 'done'::text;

create table quota_notice (
  resource_number integer not null,
  day date not null,
  percent smallint not null,
  plan text not null,
  told_at timestamp with time zone not null default now(),
  constraint quota_notice_pkey PRIMARY KEY (resource_number, day, percent, plan),
  constraint quota_notice_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number)
);
CREATE INDEX quota_notice_day ON quota_notice USING btree (day);

create table reconciliation (
  only_row boolean not null default true,
  due_at timestamp with time zone not null,
  leased_until timestamp with time zone,
  finished_at timestamp with time zone,
  findings jsonb,
  counts jsonb not null default '{}'::jsonb,
  constraint reconciliation_pkey PRIMARY KEY (only_row),
  constraint reconciliation_only_row_check CHECK (only_row)
);

create table resource (
  id uuid not null,
  number integer not null generated always as identity,
  state text not null,
  name text,
  plan text,
  region text,
  options jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  plan_changed_at timestamp with time zone,
  deprovisioned_at timestamp with time zone,
  purged_at timestamp with time zone,
  sealed_log_input_url bytea,
  announced_plan text,
  constraint resource_pkey PRIMARY KEY (id),
  constraint resource_number_key UNIQUE (number),
  constraint resource_check CHECK (state = 'deprovisioned'::text OR name IS NOT NULL AND plan IS NOT NULL),
  constraint resource_check1 CHECK ((state = 'deprovisioned'::text) = (deprovisioned_at IS NOT NULL)),
  constraint resource_state_check CHECK (state = ANY (ARRAY['provisioned'::text, 'deprovisioned'::text]))
);
CREATE INDEX resource_unannounced ON resource USING btree (number) WHERE state = 'provisioned'::text AND announced_plan IS DISTINCT FROM plan;

create table saved_search (
  id uuid not null default gen_random_uuid(),
  resource_number integer not null,
  name text not null,
  q text not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint saved_search_pkey PRIMARY KEY (id),
  constraint saved_search_resource_number_name_key UNIQUE (resource_number, name),
  constraint saved_search_resource_number_fkey FOREIGN KEY (resource_number) REFERENCES resource(number)
);

create table session (
  id_digest bytea not null,
  resource_id uuid not null,
  user_id text,
  email text,
  app text,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint session_pkey PRIMARY KEY (id_digest),
  constraint session_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id),
  constraint session_id_digest_check CHECK (octet_length(id_digest) = 32)
);
CREATE INDEX session_expires_at ON session USING btree (expires_at);
CREATE INDEX session_resource ON session USING btree (resource_id);

create table tail_news (
  xid xid8 not null default pg_current_xact_id(),
  resource_number integer not null,
  received_from bigint not null,
  received_to bigint not null,
  bins integer[] not null,
  lines integer not null,
  bytes integer not null,
  created_at timestamp with time zone not null default now(),
  writer integer,
  batch bigint
);
CREATE INDEX tail_news_xid ON tail_news USING btree (xid);

create table tail_watch (
  resource_number integer not null,
  since timestamp with time zone not null,
  until timestamp with time zone not null,
  constraint tail_watch_pkey PRIMARY KEY (resource_number)
);

create table usage (
  resource_number integer not null,
  day date not null,
  shard smallint not null,
  lines bigint not null default 0,
  bytes bigint not null default 0,
  dropped_lines bigint not null default 0,
  dropped_bytes bigint not null default 0,
  constraint usage_pkey PRIMARY KEY (resource_number, day, shard)
) with (fillfactor=70);
CREATE INDEX usage_day ON usage USING btree (day);

create table webhook (
  resource_id uuid not null,
  sealed_secret bytea not null,
  sealed_authorization bytea not null,
  webhook_id text,
  url text,
  reading_due_at timestamp with time zone,
  destroyed_at timestamp with time zone,
  constraint webhook_pkey PRIMARY KEY (resource_id),
  constraint webhook_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id)
);
CREATE INDEX webhook_reading_due ON webhook USING btree (reading_due_at) WHERE reading_due_at IS NOT NULL;

create table webhook_event (
  resource_id uuid not null,
  event_id text not null,
  taken_at timestamp with time zone not null,
  constraint webhook_event_pkey PRIMARY KEY (resource_id, event_id),
  constraint webhook_event_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource(id)
);
CREATE INDEX webhook_event_taken_at ON webhook_event USING btree (taken_at);
