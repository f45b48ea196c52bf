-- What we said in the customer's own log: src/jobs/notices.ts. Whoever writes it down here says it, so that it is said
-- once, however many processes there are.

-- The plan that the customer was last told of, at the provision or after a plan change.
alter table resource add column announced_plan text;
update resource set announced_plan = plan;
create index resource_unannounced on resource (number)
  where state = 'provisioned' and announced_plan is distinct from plan;

-- That so much of the day's volume of a plan is used up.
create table quota_notice (
  resource_number integer not null references resource (number),
  -- The UTC day.
  day date not null,
  percent smallint not null,
  -- Of another plan it is news again.
  plan text not null,
  told_at timestamptz not null default now(),
  primary key (resource_number, day, percent, plan)
);
create index quota_notice_day on quota_notice (day);

-- Whose day is nearly used up is looked for twice a minute.
create index usage_day on usage (day);
