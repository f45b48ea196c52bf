-- What lets us call Heroku about a resource: the OAuth grant of its provision, and the tokens it was exchanged for.
-- Sealed (src/heroku/secret-box.ts); a deprovisioned resource has no row.
create table heroku_authorization (
  resource_id uuid primary key references resource (id),
  -- granted: to be exchanged, at once; exchanged: there are tokens; lost: the grant died before it could be exchanged.
  state text not null check (state in ('granted', 'exchanged', 'lost')),
  -- SHA-256, to know a grant that comes twice from a newer one.
  grant_digest bytea not null check (octet_length(grant_digest) = 32),
  sealed_grant bytea,
  -- Five minutes after it came, by our clock: what Heroku writes into expires_at is advisory.
  grant_dies_at timestamptz not null,
  sealed_access_token bytea,
  sealed_refresh_token bytea,
  access_expires_at timestamptz,
  -- Counts the tokens stored: whoever read an older one does not refresh a second time.
  version integer not null default 0,
  tries integer not null default 0,
  -- When the grant may be tried again, or tokens after a refresh that failed.
  due_at timestamptz not null,
  -- Some process is just calling the id server for this resource. Ends by itself: that process may be dead.
  leased_until timestamptz,
  check ((state = 'granted') = (sealed_grant is not null)),
  check ((state = 'exchanged') = (sealed_access_token is not null)),
  check ((state = 'exchanged') = (access_expires_at is not null))
);

create index heroku_authorization_due on heroku_authorization (due_at) where state = 'granted';
