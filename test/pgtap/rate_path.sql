-- The engine along the path of a rate: bar by bar, several bars at once, corrections, and the live answer before each refresh.
BEGIN;
SELECT plan(22);
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- calm, then a storm, then calm again; kept aside and landed bar by bar
CREATE TABLE t.future AS
SELECT s.symbol, '2024-01-01'::timestamptz + i * interval '1 day' AS ts,
       100 * exp(sum((CASE WHEN i BETWEEN 330 AND 360 THEN 0.09 ELSE 0.01 END) * sin(i * i * 1.7 + s.k)) OVER (PARTITION BY s.symbol ORDER BY i)) AS close
  FROM generate_series(1, 420) AS i, (VALUES ('A', 1), ('B', 2), ('C', 3)) AS s (symbol, k);
CREATE TABLE t.candles (symbol text, ts timestamptz, close float8);
CREATE TABLE t.book (account text, symbol text, quantity numeric);
INSERT INTO t.book SELECT 'a' || a, chr(64 + 1 + (a % 3)), a - 4 FROM generate_series(1, 9) AS a;
SELECT set_policy('limited', based_on => 'futures_clearing', horizon => 1, lookback => 300, floor_lookback => 300, stress_window => 60,
                  min_returns => 50, buffer_recovery => 30, rise_per_day => 0.1, rise_after_breach => 0.3, fall_per_day => 0.04, rounding_step => 0.000001);
SELECT attach_prices('t.candles', 'symbol', 'ts', 'close', policy => 'limited', new_product_policy => NULL);
SELECT attach_positions('t.book', 'account', 'symbol', 'quantity');
INSERT INTO t.candles SELECT * FROM t.future WHERE ts <= '2024-11-01';
CALL refresh(commit_batches => false);

CREATE VIEW t.in_force AS
SELECT i.instrument, s.side, CASE s.side WHEN 'long' THEN (i.path).long_rate ELSE (i.path).short_rate END AS margin,
       CASE s.side WHEN 'long' THEN p.long_initial_rate ELSE p.short_initial_rate END AS published
  FROM margin_calib.instrument AS i JOIN margin_calib.margin_parameter AS p USING (instrument) CROSS JOIN (VALUES ('long'), ('short')) AS s (side);
CREATE TABLE t.seen (ts timestamptz, instrument text, side text, margin float8, published numeric);
CREATE TABLE t.live (ts timestamptz, account text, initial_margin numeric);
CREATE TABLE t.stored (ts timestamptz, account text, initial_margin numeric);
DO $$
DECLARE day timestamptz;
BEGIN
    FOR day IN SELECT DISTINCT ts FROM t.future WHERE ts > '2024-11-01' AND ts <= '2025-01-20' ORDER BY ts LOOP
        INSERT INTO t.candles SELECT * FROM t.future WHERE ts = day;
        INSERT INTO t.live SELECT day, r.account, r.initial_margin FROM (SELECT DISTINCT account FROM t.book) AS b, requirement_now(b.account) AS r;
        CALL margin_calib.refresh(commit_batches => false);
        INSERT INTO t.stored SELECT day, r.account, r.initial_margin FROM margin_calib.requirement AS r;
        INSERT INTO t.seen SELECT day, f.* FROM t.in_force AS f;
    END LOOP;
END $$;
CREATE TABLE t.walked AS
SELECT ts, instrument, side, margin, published_margin, binding_term, loss
  FROM backtest_path('t.future', policy('limited'), 'symbol', 'ts', 'close', from_ts => '2024-11-01', until_ts => '2025-01-20');
SELECT is(count(*), 80 * 3 * 2::bigint, 'eighty days of three instruments') FROM t.seen;
SELECT is_empty($$SELECT ts, instrument, side, margin, published FROM t.seen EXCEPT ALL SELECT ts, instrument, side, margin, published_margin FROM t.walked$$,
                'refreshed bar by bar, the rates in force are those of the walk, to the last bit');
SELECT is_empty('(TABLE t.live EXCEPT ALL TABLE t.stored) UNION ALL (TABLE t.stored EXCEPT ALL TABLE t.live)',
                'and requirement_now foresaw every requirement');
SELECT ok(count(*) FILTER (WHERE binding_term = 'speed_limit') > 20 AND count(*) FILTER (WHERE binding_term = 'buffer') > 20
          AND count(*) FILTER (WHERE binding_term = 'tail') > 5, 'limits, buffer and tail all decided some of them') FROM t.walked;
SELECT ok(max(rise) > 0.101 AND max(rise) < 0.3 + 1e-12 AND max(rise) FILTER (WHERE NOT breached) < 0.1 + 1e-12 AND min(rise) > -0.04 - 1e-12,
          'no rise beyond 10 % but after a breach, then none beyond 30 %, no fall beyond 4 %')
  FROM (SELECT margin / lag(margin) OVER w - 1 AS rise, lag(loss) OVER w > lag(margin) OVER w AS breached
          FROM t.walked WINDOW w AS (PARTITION BY instrument, side ORDER BY ts)) AS x;
SELECT ok(bool_or(breached), 'there was a breach') FROM (SELECT loss > margin AS breached FROM t.walked) AS x;

-- refreshed again without news: nothing moves
SELECT count(*) FROM (SELECT queue_instruments()) AS q;
CALL refresh(commit_batches => false);
SELECT is_empty($$SELECT instrument, side, margin FROM t.in_force EXCEPT ALL SELECT instrument, side, margin FROM t.walked WHERE ts = '2025-01-20'$$,
                'recalibrating the same bars changes no rate');

-- a correction of the latest bar takes its step again, from the bar before
UPDATE t.candles SET close = close * 0.7 WHERE ts = '2025-01-20' AND symbol = 'A';
CALL refresh(commit_batches => false);
UPDATE t.future SET close = close * 0.7 WHERE ts = '2025-01-20' AND symbol = 'A';
CREATE TABLE t.corrected AS
SELECT * FROM backtest_path('t.future', policy('limited'), 'symbol', 'ts', 'close', from_ts => '2024-11-01', until_ts => '2025-01-20');
SELECT is_empty($$SELECT instrument, side, margin FROM t.in_force EXCEPT ALL SELECT instrument, side, margin FROM t.corrected WHERE ts = '2025-01-20'$$,
                'a corrected last bar: as if it had been right from the start');
SELECT isnt((SELECT margin FROM t.corrected WHERE ts = '2025-01-20' AND instrument = 'A' AND side = 'long'),
            (SELECT margin FROM t.walked WHERE ts = '2025-01-20' AND instrument = 'A' AND side = 'long'), 'and that is another rate');

-- a bar that is taken back: the state of the bar before
CREATE TABLE t.before AS SELECT instrument, side, margin FROM t.walked WHERE ts = '2025-01-19';
DELETE FROM t.candles WHERE ts = '2025-01-20' AND symbol = 'B';
CALL refresh(commit_batches => false);
SELECT is((SELECT (path).ts FROM instrument WHERE instrument = 'B'), '2025-01-19'::timestamptz, 'a bar taken back: the path ends before it');
INSERT INTO t.candles SELECT * FROM t.future WHERE ts = '2025-01-20' AND symbol = 'B';
CALL refresh(commit_batches => false);

-- five bars at once are five steps
INSERT INTO t.candles SELECT * FROM t.future WHERE ts > '2025-01-20' AND ts <= '2025-01-25' AND symbol IN ('A', 'C');
CALL refresh(commit_batches => false);
SELECT is_empty($$SELECT instrument, side, margin FROM t.in_force WHERE instrument IN ('A', 'C') EXCEPT ALL
                  SELECT instrument, side, margin FROM backtest_path('t.future', policy('limited'), 'symbol', 'ts', 'close', from_ts => '2024-11-01', until_ts => '2025-01-25')
                   WHERE ts = '2025-01-25'$$, 'five bars at once: the same as one by one');

-- a correction of an old bar changes what comes, not what was
CREATE TABLE t.history AS SELECT * FROM parameter WHERE valid_to IS NOT NULL;
UPDATE t.candles SET close = close * 1.5 WHERE ts = '2024-12-20' AND symbol = 'C';
CALL refresh(commit_batches => false);
SELECT is_empty('SELECT * FROM t.history EXCEPT ALL SELECT * FROM parameter WHERE valid_to IS NOT NULL', 'a late correction rewrites no history');
SELECT ok(abs((path).long_rate / (path).before_long_rate - 1) < 0.3, 'and its effect goes through the limits') FROM instrument WHERE instrument = 'C';

-- a dead price falls back at once, whatever the limits, and starts anew afterwards
INSERT INTO t.candles SELECT 'A', '2025-01-25'::timestamptz + i * interval '1 day', (SELECT close FROM t.candles WHERE symbol = 'A' AND ts = '2025-01-25')
  FROM generate_series(1, 12) AS i;
CALL refresh(commit_batches => false);
SELECT is(p.fallback_reason, 'the price has not moved for 12 bars', 'a dead price is a flagged fallback') FROM margin_parameter AS p WHERE instrument = 'A';
SELECT ok(p.long_initial_rate >= 0.25, 'at the fallback rate at least') FROM margin_parameter AS p WHERE instrument = 'A';
INSERT INTO t.candles SELECT 'A', '2025-02-07', (SELECT close * 1.01 FROM t.candles WHERE symbol = 'A' AND ts = '2025-01-25');
CALL refresh(commit_batches => false);
SELECT is(p.fallback, false, 'when it moves again') FROM margin_parameter AS p WHERE instrument = 'A';
SELECT is((i.path).long_rate, k.long_unrounded, 'a path starts anew')
  FROM instrument AS i, (SELECT (calibrate_margin(ts, close, policy('limited'))).* FROM t.candles WHERE symbol = 'A') AS k WHERE i.instrument = 'A';

-- a new version, or another policy, is in force with the next refresh, and starts a path of its own
SELECT set_policy('limited', minimum_rate => 0.9, fallback_rate => 0.9);
CALL refresh(commit_batches => false);
SELECT is(min(policy_version), (policy('limited')).version, 'a new version of a policy: the next refresh calibrates with it') FROM margin_parameter;
SELECT ok(min(long_initial_rate) >= 0.9, 'and limits of speed do not hold back what it asks for') FROM margin_parameter;
SELECT set_policy('other', based_on => 'limited', minimum_rate => 0.95, fallback_rate => 0.95);
SELECT set_instrument('A', policy => 'other');
CALL refresh(commit_batches => false);
SELECT is((SELECT long_initial_rate FROM margin_parameter WHERE instrument = 'A') >= 0.95, true, 'nor what another policy asks for');
SELECT is((i.path).long_rate, k.long_unrounded, 'its path is its own')
  FROM instrument AS i, (SELECT (calibrate_margin(ts, close, policy('other'))).* FROM t.candles WHERE symbol = 'A') AS k WHERE i.instrument = 'A';
SELECT throws_ok($$SELECT calibrate_margin(ts, close, policy('limited'), ROW(ts, 1, -1, 1, 1, 1, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::margin_path) FROM t.candles WHERE ts = '2025-01-01' AND symbol = 'A'$$,
                 '22023', 'path must be that of an earlier calibration');
SELECT * FROM finish();
ROLLBACK;
