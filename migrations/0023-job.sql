-- Scheduled jobs that one process at a time runs. The lease ends by itself: its process may be dead.
create table job (
  name text primary key,
  due_at timestamptz not null default now(),
  leased_by uuid,
  leased_until timestamptz,
  -- In a row, up to now.
  failures integer not null default 0
);
