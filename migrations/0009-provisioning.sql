-- What is left to do of a provision after Heroku was answered: src/heroku/provisioning.ts has the steps in words.
-- One row for each live resource that we have or had a grant for; a deprovisioned one has none.
create table provisioning (
  resource_id uuid primary key references resource (id),
  step text not null check (step in ('look', 'subscribe', 'configure', 'complete', 'confirm', 'abort', 'done')),
  started_at timestamptz not null,
  -- Since when Heroku takes the resource for provisioned: at once, where the POST was answered 200. Null: Heroku
  -- was answered 202 and waits for us.
  completed_at timestamptz,
  -- Of this step.
  tries integer not null default 0,
  -- When the step may be tried (again).
  due_at timestamptz not null,
  -- Some process is just at it. Ends by itself: that process may be dead.
  leased_until timestamptz,
  -- Why the provision is given up.
  reason text,
  -- When the operator was told that it takes too long.
  alarmed_at timestamptz
);

create index provisioning_due on provisioning (due_at) where step <> 'done';
