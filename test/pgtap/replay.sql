-- Replay beside the cases of test/t/replay.pl: feeds without triggers, borrowed history, memory of the path, changes
-- that no capture sees, feeds that are gone. Digests of days are recomputed here from the rows.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET search_path = public, margin_calib;
SET LOCAL timezone = 'Pacific/Auckland'; -- days are UTC whatever the session says
CREATE TABLE t.bars (sym text, ts timestamptz, px double precision);
CREATE VIEW t.seen AS SELECT * FROM t.bars;
INSERT INTO t.bars SELECT s, '2026-01-01 Z'::timestamptz + i * interval '6 hours', 100 * exp(0.03 * sin(i * i + ascii(s)) + 0.001 * i)
  FROM unnest(ARRAY['A', 'B']) AS s, generate_series(0, 399) AS i;
SELECT set_policy('p', based_on => 'crypto_venue', model => 'filtered_historical > historical', buffer => 0.25, buffer_recovery => 5, unset => '{rise_per_day,rise_after_breach}');
SELECT attach_prices('t.seen', 'sym', 'ts', 'px', policy => 'p', new_product_policy => NULL, capture => 'watermark');
CREATE FUNCTION t.refresh() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN CALL margin_calib.recalibrate(false); RETURN (SELECT max(id) FROM margin_calib.refresh_run); END $$;
CALL refresh(commit_batches => false);
SELECT max(id) AS first FROM refresh_run \gset
SELECT results_eq(format('SELECT instrument, is_identical, inputs_unchanged, problem FROM replay(%s)', :first), $$ VALUES ('A', true, true, NULL), ('B', true, true, NULL) $$, 'a feed without triggers replays');
SELECT results_eq($$ SELECT instrument, unnest(days), unnest(digests) FROM input_day ORDER BY 1, 2 $$, $$
    SELECT sym, (ts AT TIME ZONE 'UTC')::date, ('x' || encode(substring(sha256(string_agg(int8send((extract(epoch FROM ts - '2000-01-01 Z') * 1000000)::bigint) || float8send(px), '' ORDER BY ts, px)) FOR 8), 'hex'))::bit(64)::bigint
      FROM t.bars GROUP BY 1, 2 ORDER BY 1, 2 $$, 'days are digested');
SELECT results_eq('SELECT instrument, input_hash FROM parameter ORDER BY 1', $$
    SELECT sym, sha256(string_agg(int8send((extract(epoch FROM ts - '2000-01-01 Z') * 1000000)::bigint) || float8send(px), '' ORDER BY ts, px)) FROM t.bars GROUP BY 1 ORDER BY 1 $$, 'and the whole');
-- rows of the same day and of later ones are no change of the past
INSERT INTO t.bars SELECT s, '2026-01-01 Z'::timestamptz + i * interval '6 hours', 110 + 9 * sin(i) FROM unnest(ARRAY['A', 'B']) AS s, generate_series(400, 405) AS i;
CALL refresh(commit_batches => false);
SELECT is_empty('SELECT * FROM input_change', 'what is new is no change');
SELECT max(id) AS second FROM refresh_run \gset
SELECT ok((SELECT count(*) = 2 FROM parameter WHERE run = :second), 'it makes other rates');
SELECT ok((SELECT bool_and((path_before).ts IS NOT NULL) FROM parameter WHERE run = :second), 'which went on from a path');
SELECT results_eq(format('SELECT run, is_identical FROM replay(%s) UNION ALL SELECT run, is_identical FROM replay(%s)', :first, :second),
                  format('VALUES (%1$s::bigint, true), (%1$s, true), (%2$s, true), (%2$s, true)', :first, :second), 'both runs replay, each from its own path');
-- corrected, deleted, late: three days of A, and one after the first run
UPDATE t.bars SET px = px * 1.5 WHERE sym = 'A' AND ts = '2026-01-10 12:00 Z';
DELETE FROM t.bars WHERE sym = 'A' AND ts >= '2026-02-01 Z' AND ts < '2026-02-02 Z';
INSERT INTO t.bars VALUES ('A', '2026-03-05 01:00 Z', 105);
UPDATE t.bars SET px = px * 1.1 WHERE sym = 'A' AND ts = '2026-01-01 Z'::timestamptz + 403 * interval '6 hours';
SELECT t.refresh() AS third \gset
SELECT results_eq('SELECT instrument, change, ts, until_ts FROM input_change ORDER BY ts', $$ VALUES
    ('A', 'day', '2026-01-10 Z'::timestamptz, '2026-01-10 23:59:59.999999 Z'::timestamptz), ('A', 'day', '2026-02-01 Z', '2026-02-01 23:59:59.999999 Z'),
    ('A', 'day', '2026-03-05 Z', '2026-03-05 23:59:59.999999 Z'), ('A', 'day', '2026-04-11 Z', '2026-04-11 23:59:59.999999 Z') $$, 'days that have changed');
SELECT results_eq(format('SELECT instrument, is_identical, inputs_unchanged, changes FROM replay(%s)', :first), $$ VALUES ('A', false, false, 3::bigint), ('B', true, true, NULL) $$, 'the first run names three of them');
SELECT results_eq(format('SELECT ts FROM changed_inputs(%s)', :second), $$ VALUES ('2026-01-10 Z'::timestamptz), ('2026-02-01 Z'), ('2026-03-05 Z'), ('2026-04-11 Z') $$, 'the second all four');
SELECT results_eq(format('SELECT is_identical FROM replay(%s)', :third), $$ VALUES (true) $$, 'the run that saw them replays');
SELECT is_empty(format('SELECT * FROM changed_inputs(%s)', :third), 'and names none');
-- a day that comes back to what it was
UPDATE t.bars SET px = px / 1.1 * 1.1 WHERE sym = 'B';
UPDATE t.bars SET px = px + 1 WHERE sym = 'B' AND ts = '2026-01-20 Z';
SELECT t.refresh();
UPDATE t.bars SET px = 100 * exp(0.03 * sin(76 * 76 + 66) + 0.001 * 76) WHERE sym = 'B' AND ts = '2026-01-20 Z';
SELECT t.refresh();
SELECT is((SELECT count(*) FROM input_change WHERE instrument = 'B' AND ts = '2026-01-20 Z'), 2::bigint, 'there and back again');

-- ---- with triggers: borrowed history, and what no capture sees ----
CREATE TABLE t.young (sym text, ts timestamptz, px numeric(12, 4));
INSERT INTO t.young SELECT 'L', '2026-01-01 Z'::timestamptz + i * interval '1 day', 50 + 5 * sin(i * i) FROM generate_series(0, 200) AS i;
INSERT INTO t.young SELECT 'N', '2026-07-01 Z'::timestamptz + i * interval '1 day', 9 + sin(i) FROM generate_series(0, 12) AS i;
SELECT attach_prices('t.young', 'sym', 'ts', 'px', policy => 'p');
CALL refresh(commit_batches => false);
SELECT set_proxy('N', 'L', 1.5);
SELECT t.refresh() AS run \gset
SELECT results_eq(format($$ SELECT instrument, is_identical FROM replay(%s) WHERE instrument = 'N' $$, :run), $$ VALUES ('N', true) $$, 'a borrower replays from its proxy');
SELECT ok((SELECT borrowed_returns > 0 FROM parameter WHERE run = :run AND instrument = 'N'), 'whose history it has');
UPDATE t.young SET px = px + 0.5 WHERE sym = 'L' AND ts = '2026-03-03 Z';
CALL refresh(commit_batches => false);
SELECT results_eq(format($$ SELECT instrument, source, change, ts, old_price FROM changed_inputs(%s) WHERE instrument = 'N' $$, :run),
                  $$ VALUES ('N', 'L', 'update', '2026-03-03 Z'::timestamptz, (50 + 5 * sin(61 * 61))::numeric(12, 4)::text) $$, 'a change of the proxy is named');
SELECT max(run) AS run FROM parameter WHERE instrument = 'L' \gset
ALTER TABLE t.young DISABLE TRIGGER ALL;
UPDATE t.young SET px = px + 0.5 WHERE sym = 'L' AND ts = '2026-04-03 Z';
ALTER TABLE t.young ENABLE TRIGGER ALL;
SELECT results_eq(format($$ SELECT is_identical, inputs_unchanged, changes, problem LIKE '%%no capture has seen it%%' FROM replay(%s) WHERE instrument = 'L' $$, :run), $$ VALUES (false, false, 0::bigint, true) $$, 'a change around the triggers is told from none');
TRUNCATE t.young;
SELECT ok((SELECT bool_and(change = 'truncate' AND source IS NULL) AND count(*) > 0 FROM changed_inputs(:run) WHERE instrument = 'L'), 'a truncation is named');
SELECT is((SELECT is_identical FROM replay(:run) WHERE instrument = 'L'), false, 'and nothing is left to replay from');
SELECT detach('t.young');
SELECT results_eq(format($$ SELECT is_identical, problem FROM replay(%s) WHERE instrument = 'L' $$, :run), $$ VALUES (NULL::boolean, 'its price feed t.young is detached, or cannot be read') $$, 'a feed that is gone');
-- a policy that was changed since replays as it was; another library is told
SELECT set_policy('p', confidence => 0.9);
SELECT ok(bool_and(is_identical), 'another version of the policy since') FROM replay(:third);
SELECT ok(r.extension_version = e.extversion AND r.library_version = margin_calib.version() AND r.gsl_version = gsl_version()
          AND r.server_version = current_setting('server_version') AND r.seed IS NULL, 'a run keeps what it ran on')
  FROM refresh_run AS r, pg_extension AS e WHERE r.id = :first AND e.extname = 'margin_calib';
SELECT throws_ok('SELECT * FROM replay(-1)', '42704', 'run -1 is not known');
SELECT throws_ok('SELECT * FROM changed_inputs(NULL)', '42704', 'run NULL is not known');
SELECT throws_ok($$ SELECT policy('p', 99) $$, '42704');
SELECT is((policy('crypto_venue', 1)).version, 1, 'a shipped version');
SELECT is(policy(NULL, 1), NULL, 'NULL');
SELECT is_empty('SELECT * FROM verify_audit()', 'the trail fits');
SELECT * FROM finish();
ROLLBACK;
