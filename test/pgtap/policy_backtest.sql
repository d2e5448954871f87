-- Backtests of policies: the path of each bar, what is stored of it, scores, zones and alerts.
\set ECHO none
\set QUIET 1
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET search_path = public, margin_calib;
SELECT plan(50);

-- two instruments of 700 days whose volatility comes in waves
CREATE TABLE candles AS
SELECT s.symbol, '2020-01-01'::timestamptz + i * interval '1 day' AS ts,
       100 * exp(sum(0.02 * (1.3 + sin(i / 40.0)) * sin(i * i * 1.7 + s.k)) OVER (PARTITION BY s.symbol ORDER BY i)) AS close
  FROM generate_series(1, 700) AS i, (VALUES ('A', 1), ('B', 2)) AS s (symbol, k);
CREATE FUNCTION candidate(name text, settings jsonb) RETURNS margin_policy LANGUAGE sql STABLE AS
$$ SELECT jsonb_populate_record(policy('prop_desk'), settings || jsonb_build_object('name', name)) $$;
CREATE TABLE walked AS
SELECT * FROM backtest_path('candles', candidate('plain', '{"model": "historical", "lookback": 250, "confidence": 0.99}'),
                            'symbol', 'ts', 'close', from_ts => '2020-12-01');

-- the walk, by plain SQL: historical simulation of the last 250 returns
CREATE VIEW brute AS
SELECT p.symbol, p.ts, p.close, lead(p.close) OVER w / p.close - 1 AS up, lead(p.ts) OVER w AS next_ts,
       array_agg(p.ret) OVER (PARTITION BY p.symbol ORDER BY p.ts ROWS 249 PRECEDING) AS returns
  FROM (SELECT *, ln(close / lag(close) OVER (PARTITION BY symbol ORDER BY ts)) AS ret FROM candles) AS p
WINDOW w AS (PARTITION BY p.symbol ORDER BY p.ts);
SELECT is(count(*), 2 * 2 * count(DISTINCT ts), 'two rows a bar and instrument') FROM walked;
SELECT is(min(ts), '2020-12-01'::timestamptz, 'from the first bar that was asked for') FROM walked;
SELECT is(count(*), 0::bigint, 'long losses are those of the next bar') FROM walked AS w JOIN brute AS b ON b.symbol = w.instrument AND b.ts = w.ts
 WHERE w.side = 'long' AND (abs(w.loss + b.up) > 1e-14 OR w.next_ts IS DISTINCT FROM b.next_ts OR (w.loss IS NULL) <> (b.up IS NULL));
SELECT is(count(*), 0::bigint, 'and short losses their opposite') FROM walked AS w JOIN brute AS b ON b.symbol = w.instrument AND b.ts = w.ts
 WHERE w.side = 'short' AND abs(w.loss - b.up) > 1e-14;
SELECT is(count(*), 0::bigint, 'value at risk of every bar, from the 250 returns before it')
  FROM walked AS w JOIN brute AS b ON b.symbol = w.instrument AND b.ts = w.ts
 CROSS JOIN LATERAL (SELECT value_at_risk(CASE w.side WHEN 'long' THEN exp(r) - 1 ELSE 1 - exp(r) END, 0.99) AS var,
                            value_at_risk(CASE w.side WHEN 'long' THEN exp(r) - 1 ELSE 1 - exp(r) END, 0.975) AS var_es,
                            expected_shortfall(CASE w.side WHEN 'long' THEN exp(r) - 1 ELSE 1 - exp(r) END, 0.975) AS es
                       FROM unnest(b.returns) AS r) AS x
 WHERE abs(w.value_at_risk - x.var) > 1e-14 OR abs(w.expected_shortfall - x.es) > 1e-14 OR abs(w.value_at_risk_es - x.var_es) > 1e-14;
SELECT is(count(*), 0::bigint, 'without limits the margin is the measure, and published rounded up')
  FROM walked WHERE margin <> value_at_risk OR published_margin < margin::numeric OR published_margin >= margin::numeric + 0.0001;

-- scores, by plain SQL
CREATE TABLE score AS
SELECT * FROM compare_policies('candles', ARRAY[candidate('plain', '{"model": "historical", "lookback": 250}'),
                                                candidate('slow', '{"model": "historical", "lookback": 250, "rise_per_day": 0.02}')],
                               'symbol', 'ts', 'close', from_ts => '2020-12-01');
CREATE VIEW series AS
SELECT instrument, side, count(*) AS n, count(*) FILTER (WHERE loss > value_at_risk) AS x, avg(margin) AS margin,
       avg(CASE WHEN loss > value_at_risk THEN 0.99 * (loss - value_at_risk) ELSE 0.01 * (value_at_risk - loss) END) / stddev_samp(loss) AS q,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY rise) AS high, max(rise) AS most
  FROM (SELECT *, margin / lag(margin) OVER (PARTITION BY instrument, side ORDER BY ts) - 1 AS rise FROM walked WHERE loss IS NOT NULL) AS w
 GROUP BY instrument, side;
SELECT is(ROW(s.series, s.observations, s.exceptions, s.margin_exceptions)::text,
          (SELECT ROW(count(*), sum(n)::bigint, sum(x)::bigint, sum(x)::bigint)::text FROM series), 'counts')
  FROM score AS s WHERE policy = 'plain';
SELECT ok(abs(s.average_margin - b.margin) < 1e-14 AND abs(s.quantile_loss - b.q) < 1e-13 AND abs(s.high_rise_1_step - b.high) < 1e-13
          AND abs(s.largest_rise_1_step - b.most) < 1e-13 AND abs(s.coverage - 1 + s.margin_exceptions / s.observations::float8) < 1e-15,
          'averages, quantile loss, rises and coverage')
  FROM score AS s, (SELECT sum(margin * n) / sum(n) AS margin, avg(q) AS q, avg(high) AS high, max(most) AS most FROM series) AS b
 WHERE s.policy = 'plain';
SELECT ok(abs(s.kupiec_p_value - (kupiec_test_counts(b.x, b.n, 0.99)).p_value) < 1e-15 AND s.zone = (traffic_light_counts(b.x, b.n, 0.99)).zone
          AND abs(s.passing - b.passing) < 1e-15, 'tests of all series together and of each')
  FROM score AS s, (SELECT sum(x)::bigint AS x, sum(n)::bigint AS n, avg(((kupiec_test_counts(x, n, 0.99)).p_value > 0.05)::integer) AS passing FROM series) AS b
 WHERE s.policy = 'plain';
SELECT ok(s.largest_rise_1_step <= 0.02 + 1e-12 AND s.exceptions = p.exceptions AND s.quantile_loss = p.quantile_loss AND s.average_margin < p.average_margin,
          'a limit of speed changes the margin and not the forecasts')
  FROM score AS s, score AS p WHERE s.policy = 'slow' AND p.policy = 'plain';
SELECT is((SELECT s::text FROM compare_policies('candles', '{prop_desk}'::text[], 'symbol', 'ts', 'close', from_ts => '2021-06-01') AS s),
          (SELECT s::text FROM compare_policies('candles', ARRAY[policy('prop_desk')], 'symbol', 'ts', 'close', from_ts => '2021-06-01') AS s),
          'policies by name or as they are');
-- bars with fewer returns than the policy asks for are no forecasts
SELECT ok(s.fallbacks = 2 * 2 * 100 AND s.observations = 2 * 2 * (699 - 100), 'fallbacks are counted apart')
  FROM compare_policies('candles', ARRAY[candidate('early', '{"model": "historical", "lookback": 250}')], 'symbol', 'ts', 'close') AS s;
SELECT throws_ok($$SELECT * FROM compare_policies('candles', '{}'::text[], 'symbol', 'ts', 'close')$$, '22004');
SELECT throws_ok($$SELECT * FROM compare_policies('candles', '{prop_desk,prop_desk}'::text[], 'symbol', 'ts', 'close')$$, '22023');
SELECT throws_ok($$SELECT * FROM compare_policies('candles', '{nobody}'::text[], 'symbol', 'ts', 'close')$$, '42704');
SELECT throws_ok($$SELECT * FROM compare_policies('candles', '{prop_desk}'::text[], 'symbol', 'ts', 'price')$$, '42703');

-- stored
SELECT set_policy('plain', based_on => 'prop_desk', model => 'historical', lookback => 250, confidence => 0.99);
SELECT attach_prices('candles', 'symbol', 'ts', 'close', policy => 'plain');
CALL refresh(commit_batches => false);
CREATE TABLE run AS SELECT backtest_policy('plain', from_ts => '2020-12-01') AS id;
CREATE VIEW stored AS
SELECT f.instrument, f.ts, f.next_ts, f.side, f.value_at_risk, f.expected_shortfall, f.value_at_risk_es, f.margin, f.published_margin,
       f.loss, f.vol, f.binding_term, f.fallback, f.model FROM policy_forecast AS f, run WHERE f.backtest = run.id;
SELECT is_empty('(TABLE stored EXCEPT ALL TABLE walked) UNION ALL (TABLE walked EXCEPT ALL TABLE stored)', 'what is stored is what was walked');
SELECT is(ROW(b.policy, b.policy_version, (b.definition).lookback, b.series, b.forecasts, b.data_through)::text,
          ROW('plain', 1, 250, 2, (SELECT count(*) FROM walked), (SELECT max(ts) FROM candles))::text, 'and the run says of what')
  FROM policy_backtest AS b;
SELECT is((SELECT (score)::text FROM policy_scores()), (SELECT s::text FROM score AS s WHERE policy = 'plain'), 'stored and live score alike');
SELECT is((SELECT sum((kupiec).exceptions)::bigint FROM margin_backtest), (SELECT sum(x)::bigint FROM series), 'margin_backtest counts the same exceptions');
SELECT is((SELECT sum((kupiec).observations)::bigint FROM margin_backtest_period), (SELECT sum(n)::bigint FROM series), 'and the years make the whole');
SELECT is((SELECT string_agg(DISTINCT regime, ',' ORDER BY regime) || sum((kupiec).observations) FROM margin_backtest_regime),
          'calm,normal,stressed' || (SELECT sum(n) FROM series), 'and the regimes');
SELECT ok(bool_and(c.average_margin < s.average_margin), 'margins are higher where volatility is')
  FROM margin_backtest_regime AS c JOIN margin_backtest_regime AS s USING (instrument, side) WHERE c.regime = 'calm' AND s.regime = 'stressed';
SELECT is((SELECT string_agg(e.ts || ' ' || e.method, ',') FROM (SELECT * FROM forecast_export((SELECT id FROM run)) LIMIT 1) AS e),
          '2020-12-02T00:00:00Z plain', 'the export names the first bar at risk');
SELECT is(count(*), (SELECT count(*) FROM walked WHERE next_ts IS NOT NULL), 'and has every forecast that can be scored') FROM forecast_export((SELECT id FROM run));

-- a second feed with the same instruments, which the first one prices: they are walked once
CREATE TABLE copies AS SELECT * FROM candles;
SELECT attach_prices('copies', 'symbol', 'ts', 'close', policy => 'plain');
CALL refresh(commit_batches => false);
SELECT backtest_policy('plain', from_ts => '2020-12-01');
SELECT is((SELECT forecasts FROM policy_backtest ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM walked), 'instruments of two feeds are walked in the one that prices them');
SELECT drop_backtest(max(id)) FROM policy_backtest;
SELECT detach('copies');

-- no look-ahead: what comes later changes nothing that was forecast
INSERT INTO candles SELECT symbol, '2021-12-02'::timestamptz + i * interval '1 day', 3 + i % 7 FROM generate_series(1, 40) AS i, (VALUES ('A'), ('B')) AS s (symbol);
SELECT is_empty($$
    SELECT instrument, ts, side, value_at_risk, expected_shortfall, margin, published_margin, vol, binding_term, model FROM stored
    EXCEPT ALL
    SELECT instrument, ts, side, value_at_risk, expected_shortfall, margin, published_margin, vol, binding_term, model
      FROM backtest_path('candles', policy('plain'), 'symbol', 'ts', 'close', from_ts => '2020-12-01')$$, 'planted future data changes no forecast');

-- the routine: green, then out of it, told once
CALL refresh(commit_batches => false);
DELETE FROM candles WHERE ts > '2021-12-02';
CALL refresh(commit_batches => false);
CALL backtest_policies(history => '300 days', keep => 2);
SELECT is((SELECT z.zone FROM backtest_zone((SELECT max(id) FROM policy_backtest)) AS z), 'green', 'a calm market is green');
SELECT is(count(*), 0::bigint, 'without an alert') FROM alert WHERE kind = 'backtest_zone';
INSERT INTO candles SELECT symbol, '2021-12-01'::timestamptz + i * interval '1 day', 100 * exp(0.4 * (i % 2)) FROM generate_series(1, 30) AS i, (VALUES ('A'), ('B')) AS s (symbol);
CALL refresh(commit_batches => false);
CALL backtest_policies(history => '300 days', keep => 2);
CALL backtest_policies(history => '300 days', keep => 2);
SELECT is((SELECT z.zone FROM backtest_zone((SELECT max(id) FROM policy_backtest)) AS z), 'red', 'moves of 40 % are not');
SELECT is(count(*), 1::bigint, 'one alert for two runs') FROM alert WHERE kind = 'backtest_zone' AND message LIKE 'policy plain is in the red zone: %';
SELECT is(count(*), 3::bigint, 'two runs of the routine are kept, and what was asked for by hand') FROM policy_backtest;

-- another policy on instruments of its own: each is judged on those that use it
CREATE TABLE recent AS
SELECT 'C' AS symbol, date_trunc('day', now()) - (300 - i) * interval '1 day' AS ts, 100 * exp(0.02 * sin(i * i)) AS close FROM generate_series(1, 300) AS i;
SELECT set_policy('short', based_on => 'plain', lookback => 150, restart_gap => '30 days');
SELECT attach_prices('recent', 'symbol', 'ts', 'close', policy => 'short');
CALL refresh(commit_batches => false);
CALL backtest_policies(history => '10 years', keep => 2);
CREATE VIEW latest AS SELECT b.policy, f.* FROM policy_forecast AS f
  JOIN (SELECT policy, max(id) AS id FROM policy_backtest WHERE is_routine GROUP BY policy) AS b ON b.id = f.backtest;
SELECT results_eq('SELECT DISTINCT policy, instrument FROM latest ORDER BY 1, 2', $$VALUES ('plain', 'A'), ('plain', 'B'), ('short', 'C')$$,
                  'at night a policy is judged on the instruments that use it');
SELECT backtest_policy('short', '{C}');
SELECT results_eq('SELECT DISTINCT instrument FROM policy_forecast WHERE backtest = (SELECT max(id) FROM policy_backtest)', $$VALUES ('C')$$, 'and by hand on those named');

-- a price that waits in quarantine for its time to come is no outcome
INSERT INTO recent VALUES ('C', now() + interval '1 day', 1);
CALL refresh(commit_batches => false);
SELECT backtest_policy('short', '{C}');
SELECT is_empty('SELECT * FROM policy_forecast WHERE backtest = (SELECT max(id) FROM policy_backtest) AND (next_ts > now() OR loss > 0.5)', 'a price of the future is no outcome');
SELECT is(count(*), 1::bigint, 'though it is one where nothing says what is known')
  FROM backtest_path('recent', policy('short'), 'symbol', 'ts', 'close') WHERE side = 'long' AND loss > 0.5;

-- margins of zero, as of a price that only rises: exceptions count, rises do not
CREATE TABLE rising AS SELECT 'MMF' AS symbol, '2018-01-01'::timestamptz + i * interval '1 day' AS ts,
       100 * exp(i * 0.0001 + 0.00002 * sin(i * i) - CASE WHEN i >= 900 THEN 0.01 ELSE 0 END) AS close FROM generate_series(1, 1000) AS i;
CREATE TABLE rising_walk AS SELECT * FROM backtest_path('rising', candidate_policy('zero', 'prop_desk', '{"model": "historical", "lookback": 250}'), 'symbol', 'ts', 'close');
SELECT ok(bool_or(margin = 0) AND bool_or(margin = 0 AND loss > 0), 'a margin of zero, and a loss beyond it') FROM rising_walk;
SELECT results_eq($$SELECT margin_exceptions, observations, average_margin::numeric(20, 12), average_shortfall::numeric(20, 12) FROM compare_policies('rising',
                       ARRAY[candidate_policy('zero', 'prop_desk', '{"model": "historical", "lookback": 250}')], 'symbol', 'ts', 'close')$$,
                  $$SELECT count(*) FILTER (WHERE loss > margin), count(*), avg(margin)::numeric(20, 12), (avg(loss - margin) FILTER (WHERE loss > margin))::numeric(20, 12)
                      FROM rising_walk WHERE loss IS NOT NULL AND value_at_risk IS NOT NULL AND NOT fallback$$, 'is scored all the same');
SELECT set_policy('zero', based_on => 'prop_desk', model => 'historical', lookback => 250);
SELECT attach_prices('rising', 'symbol', 'ts', 'close', policy => 'zero');
CALL refresh(commit_batches => false);
SELECT backtest_policy('zero', '{MMF}');
SELECT lives_ok('SELECT * FROM margin_backtest', 'and viewed');
SELECT lives_ok('SELECT (score).* FROM policy_scores()', 'and scored from what is stored');

-- one that cannot be walked does not stop the others
ALTER TABLE recent RENAME COLUMN close TO px;
CREATE TABLE last_runs AS SELECT max(id) AS id FROM policy_backtest;
CALL backtest_policies(history => '300 days', keep => 2);
SELECT is(array_agg(policy ORDER BY policy), '{plain,zero}', 'a feed that broke stops its own policy') FROM policy_backtest WHERE id > (SELECT id FROM last_runs);
SELECT is(count(*), 1::bigint, 'with an alert') FROM alert WHERE kind = 'backtest_failed' AND message LIKE 'policy short could not be backtested: %';
SELECT throws_ok($$CALL backtest_policies(policies => '{plain,absent}')$$, '42704');
SELECT throws_ok($$CALL backtest_policies(keep => 0)$$, '22023');
SELECT throws_ok($$SELECT candidate_policy('x', 'plain', '{"lokback": 5}')$$, '22023', 'a candidate has no field lokback to change');
SELECT throws_ok($$SELECT backtest_policy('plain', '{none}')$$, '42704');
SELECT throws_ok($$SELECT backtest_policy('plain', '{NULL}')$$, '42704', 'instrument NULL has no price feed');
SELECT throws_ok($$SELECT backtest_policy('plain', '{}')$$, '22023');
SELECT throws_ok($$SELECT backtest_policy(NULL)$$, '22004');
SELECT throws_ok($$SELECT backtest_policy('plain', from_ts => '2021-01-02', until_ts => '2021-01-01')$$, '22023');
SELECT * FROM finish();
ROLLBACK;
