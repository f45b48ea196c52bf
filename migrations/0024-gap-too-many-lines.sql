-- contract: unused since 0022
-- The check on `kind` becomes a wider one, which every row of the release before satisfies. Not validated: it holds for new
-- rows, and the old ones satisfied a narrower check.
alter table gap drop constraint gap_kind_check;
alter table gap add constraint gap_kind_check check (
  kind in (
    'logplex_overflow', -- L10: Logplex dropped them before they reached us
    'shuttle_overflow', -- L12: the dyno's log-shuttle dropped them before Logplex
    'shuttle_loss',     -- L13: log-shuttle could not deliver them
    'count_mismatch',   -- fewer lines than Logplex-Msg-Count announced
    'quota',            -- above the plan's daily volume
    'unavailable',      -- neither stored nor spooled in time: answered 503
    'too_many_lines'    -- above the lines that are taken of one delivery
  )
) not valid;
