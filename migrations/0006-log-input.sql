-- Where we may write into the log of the app that owns the resource. Its credentials stand in the address, so it is
-- sealed (src/heroku/secret-box.ts).
alter table resource add column sealed_log_input_url bytea;
