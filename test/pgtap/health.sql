-- health(): counts against the tables, each problem by what causes it, rights, row-level security, and how late a
-- job may be. Jobs of a real pg_cron have test/t/schedule.pl.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
CREATE FUNCTION t.problems(patience interval DEFAULT '1 hour') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((SELECT string_agg(p, ' | ') FROM unnest(h.problems) AS p), '') || CASE WHEN h.is_healthy THEN 'healthy' ELSE '' END FROM health(patience) AS h $$;

SELECT is(t.problems(), 'healthy', 'an engine without a table is well');
SELECT results_eq('SELECT cron_installed, cron_jobs, cron_last_status, cron_last_run, cron_problem FROM health()',
    $$ SELECT false, NULL::integer, NULL::text, NULL::timestamptz, format('pg_cron is not installed in database %I; margin_calib.schedule_refresh() says how to get it, '
       'and any other scheduler can CALL margin_calib.refresh()', current_database() COLLATE "default") $$, 'without pg_cron it says so');

SELECT create_standard_tables('t');
INSERT INTO candles (instrument, ts, close)
    SELECT k, now() - b * interval '1 day' - CASE k WHEN 'OLD' THEN interval '200 days' ELSE '0' END, 50 + 5 * sin(ascii(k) * b * b)
      FROM unnest(ARRAY['A', 'B', 'OLD']) AS k, generate_series(0, 200) AS b;
INSERT INTO positions (account, instrument, quantity) VALUES ('x', 'A', 3), ('x', 'B', 1), ('y', 'B', -2), ('z', 'A', 1);
UPDATE capture_queue SET queued_at = now() - interval '2 hours';
SELECT is(t.problems('3 hours'), 'healthy', 'changes may wait as long as patience says');
SELECT is(t.problems(), format('changes wait since %s: CALL margin_calib.refresh(), or have it run by margin_calib.schedule_refresh()', now() - interval '2 hours'), 'and no longer');
SELECT is((SELECT oldest_change_age FROM health()), statement_timestamp() - (now() - interval '2 hours'), 'with their age');
CALL refresh(commit_batches => false);
SELECT is(t.problems(), 'healthy', 'a refresh drains the queue; an old price that nobody holds is no problem');
INSERT INTO candles (instrument, ts, close) VALUES ('A', now() + interval '2 hours', 7);
CALL refresh(commit_batches => false);
INSERT INTO alert (kind, message, acknowledged_at, rule, resolved_at) VALUES
    ('jump', 'seen', now(), NULL, NULL), ('feed_error', 'not seen', NULL, NULL, NULL), ('level', 'open', NULL, 'r', NULL), ('level', 'seen and open', now(), 's', NULL), ('level', 'over', NULL, 'u', now());
SELECT results_eq($$ SELECT instruments, fresh_instruments, stale_instruments, accounts, stale_accounts, feeds, broken_feeds, quarantined_rows, open_alerts - 3, unacknowledged_alerts - 3,
                            queue_length, oldest_change_age, data_through, failed_runs, last_run = last_success, last_run_by, is_stale FROM health() $$,
    $$ SELECT 3::bigint, 2::bigint, 1::bigint, 3::bigint, 0::bigint, 2::bigint, 0::bigint, 1::bigint,
              (SELECT count(*) FROM alert WHERE kind NOT IN ('level', 'feed_error') AND acknowledged_at IS NULL),
              (SELECT count(*) FROM alert WHERE kind NOT IN ('level', 'feed_error') AND acknowledged_at IS NULL),
              0::bigint, NULL::interval, now(), 0::bigint, true, session_user::text COLLATE "default", true $$, 'counts');
SELECT is_empty($$
    SELECT k FROM jsonb_object_keys((SELECT to_jsonb(h) FROM health() AS h)) AS k
    EXCEPT SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = 'margin_calib.engine_health'::regclass $$, 'fields by name');
SELECT results_eq($$ SELECT to_jsonb(s) - 'as_of' FROM refresh_status AS s $$,
    $$ SELECT jsonb_object_agg(e.key, e.value) FROM health() AS h, jsonb_each(to_jsonb(h) - 'as_of') AS e
        WHERE e.key IN (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = 'refresh_status'::regclass) $$, 'whatever refresh_status says is in it');

-- each problem
INSERT INTO positions (account, instrument, quantity) VALUES ('y', 'OLD', 1);
CALL refresh(commit_batches => false);
SELECT is(t.problems(), '1 accounts are stale: SELECT account, stale_reason FROM margin_calib.margin_account WHERE is_stale UNION SELECT account, stale_reason FROM margin_calib.margin_requirement WHERE is_stale', 'an old price that somebody holds');
DELETE FROM positions WHERE instrument = 'OLD';
CALL refresh(commit_batches => false);
CREATE TABLE balances (account text, asset text, quantity numeric);
INSERT INTO balances VALUES ('only money', 'NONE', 1), ('x', 'USD', 1);
SELECT attach_collateral('balances', account => 'account', asset => 'asset', quantity => 'quantity');
CALL refresh(commit_batches => false);
SELECT results_eq('SELECT accounts, stale_accounts FROM health()', 'VALUES (4::bigint, 1::bigint)', 'collateral without a price makes an account stale');
SELECT is(left(t.problems(), 20), '1 accounts are stale', 'which is a problem');
DELETE FROM balances;
CALL refresh(commit_batches => false);
SELECT detach('balances');
CALL refresh(commit_batches => false);
INSERT INTO refresh_run (started_at) VALUES (clock_timestamp());
SELECT is(t.problems(), 'healthy', 'a run that runs');
UPDATE refresh_run SET started_at = now() - interval '61 minutes', finished_at = CASE WHEN finished_at IS NOT NULL THEN now() - interval '60 minutes' END;
SELECT is(t.problems(), format('refresh has not come to its end since %s: CALL margin_calib.refresh() by hand shows why', now() - interval '61 minutes'), 'for longer than patience');
INSERT INTO refresh_run (started_at) VALUES (now() - interval '9 minutes'), (now() - interval '8 minutes');
SELECT is(t.problems('2 hours'), 'healthy', 'one run that ended in an error, and one that runs');
INSERT INTO refresh_run (started_at) VALUES (now() - interval '7 minutes');
SELECT is((SELECT failed_runs FROM health()), 2::bigint, 'two that ended in an error');
SELECT is(left(t.problems(), 35), 'refresh has not come to its end sin', 'are a problem');
CALL refresh(commit_batches => false);
SELECT is(t.problems(), 'healthy', 'until one comes to its end');
UPDATE instrument SET fresh_until = now() - interval '1 second';
SELECT is(left(t.problems(), 34), 'no instrument has a fresh price: S', 'a feed that has dried up');
UPDATE instrument SET fresh_until = now() + interval '1 day' WHERE instrument = 'A';
SELECT is(t.problems(), 'healthy', 'one price that is fresh');
ALTER TABLE t.positions RENAME COLUMN quantity TO qty;
CALL refresh(commit_batches => false);
SELECT is(t.problems(), '1 attached tables cannot be read: SELECT relation_name, error FROM margin_calib.feed WHERE error IS NOT NULL | '
          '3 accounts are stale: SELECT account, stale_reason FROM margin_calib.margin_account WHERE is_stale UNION SELECT account, stale_reason FROM margin_calib.margin_requirement WHERE is_stale', 'a table that cannot be read, and what depends on it');
-- what a text tells to look at is there
SELECT lives_ok(substring(p FROM '(SELECT .*)')) FROM health() AS h, unnest(h.problems) AS p;
SELECT lives_ok('SELECT instrument, data_through, stale_reason FROM margin_calib.margin_parameter');

SELECT throws_ok('SELECT health(NULL)', '22023', 'patience is a positive interval');
SELECT throws_ok($$ SELECT health('0') $$, '22023', 'patience is a positive interval');

-- rights, and counts over rows that a role does not see
CREATE ROLE mc_monitor; CREATE ROLE mc_nobody;
SELECT grant_rights('mc_monitor', 'reader');
GRANT USAGE ON SCHEMA t TO mc_monitor, mc_nobody;
CREATE TABLE t.whole AS SELECT to_jsonb(h) - '{as_of,oldest_change_age}'::text[] AS health FROM health() AS h;
GRANT SELECT ON t.whole TO mc_monitor;
ALTER TABLE margin_calib.requirement ENABLE ROW LEVEL SECURITY;
ALTER TABLE margin_calib.account_position ENABLE ROW LEVEL SECURITY;
ALTER TABLE margin_calib.alert ENABLE ROW LEVEL SECURITY;
ALTER TABLE margin_calib.quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE margin_calib.capture_queue ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE mc_monitor;
SELECT is((SELECT accounts FROM margin_calib.refresh_status), 0::bigint, 'a role that sees no account');
SELECT results_eq($$ SELECT to_jsonb(h) - '{as_of,oldest_change_age}'::text[] FROM margin_calib.health() AS h $$, 'SELECT health FROM t.whole', 'has the same counts');
SELECT throws_ok('SELECT margin_calib.check_alerts(now())', '42501');
SET LOCAL ROLE mc_nobody;
SELECT throws_ok('SELECT margin_calib.health()', '42501');
SELECT throws_ok('SELECT margin_calib.health_counts()', '42501');
RESET ROLE;

-- how late a job may be: longer than the longest pause that its schedule has, and not much longer
CREATE FUNCTION t.matches(field text, value numeric) RETURNS boolean LANGUAGE sql AS $$
    SELECT field = '*' OR field LIKE '*/%' AND value % substring(field FROM '[0-9]+')::integer = 0 OR field ~ '^[0-9,]+$' AND value = ANY (string_to_array(field, ',')::integer[]) $$;
CREATE FUNCTION t.longest_pause(schedule text, span interval) RETURNS interval LANGUAGE sql AS $$
    SELECT max(p.pause)
      FROM (SELECT x.at - lag(x.at) OVER (ORDER BY x.at) AS pause
              FROM (SELECT string_to_array(schedule, ' ') AS f) AS f
             CROSS JOIN LATERAL (SELECT d + h * interval '1 hour' + m * interval '1 minute' AS at
                                   FROM generate_series('2026-01-01'::timestamp, '2026-01-01'::timestamp + span, '1 day') AS d, generate_series(0, 23) AS h, generate_series(0, 59) AS m
                                  WHERE matches(f[1], m) AND matches(f[2], h) AND matches(f[3], extract(day FROM d)) AND matches(f[4], extract(month FROM d))
                                    AND matches(f[5], extract(dow FROM d))) AS x) AS p $$;
SELECT ok(latest_start_allowed(s) > longest_pause(s, span) AND latest_start_allowed(s) <= greatest(9 * longest_pause(s, span), '1 hour'), s)
  FROM (VALUES ('* * * * *', interval '2 days'), ('*/5 * * * *', '2 days'), ('*/59 * * * *', '2 days'), ('7 * * * *', '2 days'), ('0,30 * * * *', '2 days'),
               ('0 */6 * * *', '9 days'), ('0 0 * * *', '9 days'), ('30 0 * * *', '9 days'), ('0 3,15 * * *', '9 days'), ('0 0 * * 1', '400 days'),
               ('0 0 1 * *', '400 days'), ('0 0 31 * *', '400 days')) AS v (s, span);
SELECT results_eq($$ SELECT latest_start_allowed(s) FROM (VALUES ('30 seconds'), (' * * * *  * '), ('@daily'), ('0 0 1 1 *'), (''), (NULL)) AS v (s) $$,
    $$ VALUES ('1 hour'::interval), ('1 hour'), (NULL), (NULL), (NULL), (NULL) $$, 'seconds, spaces, and what is not understood');
SELECT * FROM finish();
ROLLBACK;
