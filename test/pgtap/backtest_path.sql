-- backtest_path: arguments, rights, sources, bounds, and no row that knows what came after it.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = 3;

-- ---- data: three random walks of 150 days; duplicates, rows that are no prices, a listing that ends and starts again ----
CREATE TABLE quote (symbol text, ts timestamptz, px float8);
INSERT INTO quote
WITH RECURSIVE steps (i, seed, level) AS (
    SELECT 0, 7::bigint, 0::float8
    UNION ALL
    SELECT i + 1, (seed * 1103515245 + 12345) % 2147483648,
           level + 0.08 * (((seed * 1103515245 + 12345) % 2147483648) / 2147483648.0 - 0.5) FROM steps WHERE i < 449)
SELECT (ARRAY['aa', 'bb', 'cc'])[i % 3 + 1], timestamptz '2024-01-01' + i / 3 * interval '1 day'
       -- cc is not traded for 60 days after the hundredth
       + CASE WHEN i % 3 = 2 AND i / 3 >= 100 THEN interval '60 days' ELSE interval '0' END, 100 * exp(level) FROM steps;
INSERT INTO quote SELECT symbol, ts, px * 1.3 FROM quote WHERE symbol = 'bb' AND extract(day FROM ts) = 11;
INSERT INTO quote SELECT 'bb', ts + interval '1 hour', unnest(ARRAY['NaN', 'Infinity', '0', '-1', NULL]::float8[]) FROM quote WHERE symbol = 'bb' AND extract(day FROM ts) = 21;
INSERT INTO quote VALUES ('aa', NULL, 1), ('aa', 'infinity', 1), (NULL, '2024-01-01', 5), (NULL, '2024-01-02', 6);

SELECT count(set_policy('walked', based_on => 'prop_desk', confidence => 0.99, measure => 'value_at_risk', horizon => 2, horizon_method => 'overlapping',
    model => 'gjr_historical + filtered_historical(0.96) > filtered_historical > historical', ewma_lambda => 0.94, evt_tail => 0.1, refit_interval => 25,
    lookback => 120, min_returns => 30, stress_weight => 0.2, stress_window => 40, buffer => 0.25, buffer_recovery => 10, floor_lookback => 140,
    minimum_rate => 0.01, maximum_rate => 0.8, fallback_rate => 0.5, maintenance_ratio => 0.5, rounding_step => 0.001, symmetric_rates => false,
    rise_per_day => 0.1, rise_after_breach => 0.3, fall_per_day => 0.1, restart_gap => '30 days',
    unset => '{lookback_time,rise_per_step,dead_after,bar_interval,jump_bound,stale_after}')) \g /dev/null

CREATE TABLE walked AS SELECT * FROM backtest_path('quote', policy('walked'), instrument => 'symbol', ts => 'ts', price => 'px');

-- rows that differ in any column
CREATE FUNCTION differ(a text, b text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (((%1$s) EXCEPT ALL (%2$s)) UNION ALL ((%2$s) EXCEPT ALL (%1$s))) AS d', a, b) INTO n;
    RETURN n;
END $$;

-- ---- what a row says ----
CREATE TABLE bar AS
SELECT symbol, ts, px, row_number() OVER w AS n, lead(ts) OVER l AS next_ts, lead(px, 2) OVER l AS after
  FROM (SELECT symbol, ts, px, count(*) FILTER (WHERE restart) OVER (PARTITION BY symbol ORDER BY ts) AS listing
          FROM (SELECT *, ts - lag(ts) OVER (PARTITION BY symbol ORDER BY ts) > interval '30 days' AS restart
                  -- any of two prices at one ts: losses of bb are not looked at below
                  FROM (SELECT DISTINCT ON (symbol, ts) symbol, ts, px FROM quote WHERE isfinite(ts) AND px > 0 AND px < 'Infinity' ORDER BY symbol, ts) AS d) AS r) AS s
WINDOW w AS (PARTITION BY symbol ORDER BY ts), l AS (PARTITION BY symbol, listing ORDER BY ts);
SELECT is(differ('SELECT symbol, ts, s FROM bar, unnest(ARRAY[''long'', ''short'']) AS s', 'SELECT instrument, ts, side FROM walked'), 0::bigint, 'two rows a bar');
SELECT is(differ('SELECT symbol, ts, next_ts FROM bar', 'SELECT instrument, ts, next_ts FROM walked WHERE side = ''long'''), 0::bigint,
          'the next bar, and none at the end of a listing');
SELECT is(count(*), 0::bigint, 'the loss of two bars')
  FROM bar JOIN walked AS w ON w.instrument = symbol AND w.ts = bar.ts AND symbol <> 'bb'
 WHERE (after IS NULL) <> (loss IS NULL) OR abs(loss - CASE side WHEN 'long' THEN 1 - after / px ELSE after / px - 1 END) > 1e-13;
SELECT is(count(*), 0::bigint, 'published: the next multiple of the step')
  FROM walked WHERE published_margin <> ceil(round(margin::numeric / 0.001, 9)) * 0.001;
SELECT ok(bool_and(margin BETWEEN 0.01 AND 0.8 AND published_margin >= margin::numeric - 1e-12 AND binding_term IS NOT NULL AND fallback IS NOT NULL), 'always a margin') FROM walked;
SELECT ok(count(DISTINCT model) = 2 AND count(DISTINCT binding_term) > 3 AND bool_or(fallback) AND bool_or(NOT fallback), 'models, terms and fallbacks of every kind') FROM walked;
SELECT is(count(*), 0::bigint, 'measures where a model answers, and only there')
  FROM walked WHERE (model IS NULL) <> (value_at_risk IS NULL) OR (model IS NULL) <> (expected_shortfall IS NULL) OR (model IS NULL) <> (value_at_risk_es IS NULL);
SELECT is(bool_and(expected_shortfall >= value_at_risk_es AND value_at_risk >= value_at_risk_es), true, 'VaR at 97.5 % is the smallest') FROM walked;

-- ---- each row is calibrate_margin of the rows up to it, along its path ----
SELECT count(set_policy('walked_es', based_on => 'walked', confidence => 0.975)) \g /dev/null
CREATE FUNCTION known(symbol text, until timestamptz, name text, path margin_path DEFAULT NULL) RETURNS margin_calibration LANGUAGE sql AS $$
    SELECT calibrate_margin(ts, px, policy(name), path) FROM quote AS q WHERE q.symbol = known.symbol AND ts <= until $$;
SELECT is(count(*), 0::bigint, 'the measures of the policy at its own level and at 97.5 %')
  FROM (SELECT *, known(instrument, ts, 'walked') AS c, known(instrument, ts, 'walked_es') AS e FROM walked WHERE side = 'long' AND instrument IS NOT NULL AND extract(day FROM ts) IN (1, 12, 25)) AS s
 WHERE (value_at_risk, value_at_risk_es, expected_shortfall, vol, model, fallback)
       IS DISTINCT FROM ((c).long_value_at_risk, (e).long_value_at_risk, (e).long_expected_shortfall, (c).vol, (c).model, (c).fallback);
CREATE TABLE stepped (symbol text, ts timestamptz, c margin_calibration);
DO $$
DECLARE row record; path margin_calib.margin_path; c margin_calib.margin_calibration;
BEGIN
    FOR row IN SELECT symbol, ts, n FROM bar WHERE symbol IN ('bb', 'cc') ORDER BY symbol, ts LOOP
        IF row.n = 1 THEN path := NULL; END IF;
        c := known(row.symbol, row.ts, 'walked', path);
        path := (c).path;
        INSERT INTO stepped VALUES (row.symbol, row.ts, c);
    END LOOP;
END $$;
SELECT is(differ($$SELECT symbol, ts, 'long', (c).long_unrounded, (c).long_initial_rate, (c).long_binding_term FROM stepped
                   UNION ALL SELECT symbol, ts, 'short', (c).short_unrounded, (c).short_initial_rate, (c).short_binding_term FROM stepped$$,
                 $$SELECT instrument, ts, side, margin, published_margin, binding_term FROM walked WHERE instrument IN ('bb', 'cc')$$), 0::bigint,
          'margins are those of calibrate_margin, handed its path from bar to bar, across duplicates and restarts');

-- ---- nothing of a row comes from later rows ----
CREATE TABLE quote_then (LIKE quote);
CREATE FUNCTION walked_then(until timestamptz) RETURNS SETOF walked LANGUAGE sql AS $$
    SELECT * FROM backtest_path('quote_then', policy('walked'), 'symbol', 'ts', 'px', until_ts => until) $$;
-- but for the loss and the next bar, which are from later rows by definition
CREATE FUNCTION later(what text) RETURNS bigint LANGUAGE sql AS $$
    SELECT differ('SELECT instrument, ts, side, value_at_risk, expected_shortfall, value_at_risk_es, margin, published_margin, vol, binding_term, fallback, model
                     FROM walked WHERE ts < ''2024-04-01''',
                  'SELECT instrument, ts, side, value_at_risk, expected_shortfall, value_at_risk_es, margin, published_margin, vol, binding_term, fallback, model
                     FROM walked_then(''2024-03-31'')') $$;
INSERT INTO quote_then SELECT * FROM quote WHERE ts < '2024-04-01';
SELECT is(later(''), 0::bigint, 'no later row at all');
SELECT is(count(*), 0::bigint, 'losses that were known then are the same')
  FROM walked AS w JOIN walked_then(NULL) AS t USING (instrument, ts, side) WHERE t.loss <> w.loss;
INSERT INTO quote_then SELECT symbol, '2024-04-01', 1e6 FROM (VALUES ('aa'), ('bb'), ('cc')) AS v (symbol);
SELECT is(later(''), 0::bigint, 'a new maximum');
INSERT INTO quote_then SELECT symbol, '2024-04-02', 1e-6 FROM (VALUES ('aa'), ('bb'), ('cc')) AS v (symbol);
SELECT is(later(''), 0::bigint, 'a new minimum');
INSERT INTO quote_then SELECT symbol, timestamptz '2025-04-01' + g * interval '1 second', 50 FROM (VALUES ('aa'), ('bb'), ('cc')) AS v (symbol), generate_series(1, 300) AS g;
SELECT is(later(''), 0::bigint, 'a restart, another bar interval, a dead price');
UPDATE quote_then SET px = px * 2 WHERE ts = '2024-03-31' AND symbol = 'aa';
SELECT isnt(later(''), 0::bigint, 'while a change of the last row is seen');

-- ---- bounds and names ----
SELECT is(differ('SELECT * FROM backtest_path(''quote'', policy(''walked''), ''symbol'', ''ts'', ''px'', until_ts => ''2024-03-10'')',
                 'SELECT * FROM walked WHERE ts <= ''2024-03-10'''), 0::bigint, 'until: those rows, with their losses');
CREATE TABLE late AS SELECT * FROM backtest_path('quote', policy('walked'), 'symbol', 'ts', 'px', from_ts => '2024-03-10', until_ts => '2024-05-01');
SELECT is(differ('SELECT instrument, ts, next_ts, side, value_at_risk, expected_shortfall, value_at_risk_es, loss, vol, fallback, model FROM late',
                 'SELECT instrument, ts, next_ts, side, value_at_risk, expected_shortfall, value_at_risk_es, loss, vol, fallback, model
                    FROM walked WHERE ts BETWEEN ''2024-03-10'' AND ''2024-05-01'''), 0::bigint, 'from: earlier rows are history');
SELECT is(margin, (known(instrument, ts, 'walked')).long_unrounded, 'its path starts there') FROM late WHERE side = 'long' AND instrument = 'aa' ORDER BY ts LIMIT 1;
SELECT is_empty($$SELECT * FROM backtest_path('quote', policy('walked'), 'symbol', 'ts', 'px', from_ts => '2024-05-01', until_ts => '2024-04-01')$$, 'nothing between');
SELECT is(differ('SELECT * FROM backtest_path(''quote'', policy(''walked''), ''symbol'', ''ts'', ''px'', ''-infinity'', ''infinity'')', 'SELECT * FROM walked'), 0::bigint,
          'from and until everywhere');
SELECT is(differ('SELECT * FROM backtest_path(''quote'', policy(''walked''), ''symbol'', ''ts'', ''px'', instruments => ''{cc,aa,nobody,NULL}'')',
                 'SELECT * FROM walked WHERE instrument IN (''aa'', ''cc'')'), 0::bigint, 'some instruments');
SELECT is_empty($$SELECT * FROM backtest_path('quote', policy('walked'), 'symbol', 'ts', 'px', instruments => '{}')$$, 'none of them');
SELECT is_empty($$SELECT * FROM backtest_path('quote', policy('walked'), 'symbol', 'ts', 'px', instruments => '{a,aaa,AA}')$$, 'names in full');
SELECT is((SELECT count(*) FROM walked WHERE instrument IS NULL), 4::bigint, 'rows without an instrument are one without a name');
SELECT is_empty($$SELECT * FROM backtest_path('quote_then', policy('walked'), 'symbol', 'ts', 'px', instruments => '{bb}', until_ts => '2000-01-01')$$, 'before the first bar');
CREATE TABLE empty_quote (LIKE quote);
SELECT is_empty($$SELECT * FROM backtest_path('empty_quote', policy('walked'), 'symbol', 'ts', 'px')$$, 'an empty table');
INSERT INTO empty_quote VALUES ('x', '2024-01-01', 'NaN'), ('x', NULL, 1);
SELECT is_empty($$SELECT * FROM backtest_path('empty_quote', policy('walked'), 'symbol', 'ts', 'px')$$, 'a table without a price');
-- a step that no int64 can say is longer than 30 days
INSERT INTO empty_quote VALUES ('x', '4713-01-01 BC', 1), ('x', '294276-12-30', 2), ('x', '294276-12-31', 2);
SELECT results_eq($$SELECT DISTINCT extract(year FROM ts)::int, next_ts IS NULL FROM backtest_path('empty_quote', policy('walked'), 'symbol', 'ts', 'px') ORDER BY 1, 2$$,
                  $$VALUES (-4713, true), (294276, false), (294276, true)$$, 'from one end of time to the other is a restart');

-- ---- sources ----
CREATE FUNCTION like_walked(source text) RETURNS bigint LANGUAGE sql AS $$
    SELECT differ(format('SELECT * FROM backtest_path(%L, policy(''walked''), ''symbol'', ''ts'', ''px'')', source), 'SELECT * FROM walked') $$;
CREATE TABLE quote_shuffled AS SELECT * FROM quote ORDER BY md5(px::text || symbol);
SELECT is(like_walked('quote_shuffled'), 0::bigint, 'rows in another order');
CREATE VIEW quote_view AS SELECT px, upper(symbol) AS other, symbol, ts FROM quote ORDER BY px;
SELECT is(like_walked('quote_view'), 0::bigint, 'a view');
CREATE TABLE quote_parts (symbol text, px float8, ts timestamptz) PARTITION BY LIST (symbol);
CREATE TABLE quote_part_aa PARTITION OF quote_parts FOR VALUES IN ('aa', NULL);
CREATE TABLE quote_part_rest PARTITION OF quote_parts DEFAULT;
INSERT INTO quote_parts SELECT symbol, px, ts FROM quote;
SELECT is(like_walked('quote_parts'), 0::bigint, 'a partitioned table');
CREATE MATERIALIZED VIEW quote_stored AS SELECT * FROM quote;
SELECT is(like_walked('quote_stored'), 0::bigint, 'a materialized view');
CREATE TABLE quote_typed AS SELECT symbol::varchar(9), ts::timestamp, px::numeric FROM quote WHERE px IS NULL OR px <> 'Infinity';
SELECT is(differ('SELECT instrument, ts, side, fallback FROM backtest_path(''quote_typed'', policy(''walked''), ''symbol'', ''ts'', ''px'')',
                 'SELECT instrument, ts, side, fallback FROM walked'), 0::bigint, 'other types');

-- ---- refusals ----
SELECT throws_ok(format('SELECT * FROM backtest_path(%s)', arguments), code, message, coalesce(message, arguments)) FROM (VALUES
    ('NULL, policy(''walked''), ''symbol'', ''ts'', ''px''', '22004', 'the relation must not be null'),
    ('''quote'', NULL, ''symbol'', ''ts'', ''px''', '22004', 'policy must not be null'),
    ('''quote'', policy(''walked''), NULL, ''ts'', ''px''', '22004', 'the instrument column must not be null'),
    ('''quote'', policy(''walked''), ''symbol'', NULL, ''px''', '22004', 'the ts column must not be null'),
    ('''quote'', policy(''walked''), ''symbol'', ''ts'', NULL', '22004', 'the price column must not be null'),
    ('''quote'', policy(''walked''), ''nobody'', ''ts'', ''px''', '42703', NULL),
    ('''quote'', policy(''walked''), ''symbol'', ''nobody'', ''px''', '42703', NULL),
    ('''quote'', policy(''walked''), ''symbol'', ''ts'', ''nobody''', '42703', NULL),
    ('''quote'', policy(''walked''), ''symbol'', ''px'', ''px''', '42804', 'the time column must be of type timestamptz, timestamp or date'),
    ('''quote'', policy(''walked''), ''symbol'', ''ts'', ''ts''', '42804', NULL),
    ('''quote'', jsonb_populate_record(policy(''walked''), ''{"buffer": 7}''), ''symbol'', ''ts'', ''px''', '22023', 'buffer must lie between 0 and 1'),
    ('1, policy(''walked''), ''symbol'', ''ts'', ''px''', '42P01', NULL)) AS v (arguments, code, message);

-- ---- rights ----
SELECT is(has_function_privilege('public', 'backtest_path(regclass,margin_policy,name,name,name,timestamptz,timestamptz,text[],timestamptz)', 'EXECUTE'), false, 'not for PUBLIC');
CREATE ROLE backtest_reader;
GRANT USAGE ON SCHEMA margin_calib TO backtest_reader;
CREATE TABLE chosen AS SELECT policy('walked') AS p;
GRANT SELECT ON chosen TO backtest_reader;
GRANT USAGE ON SCHEMA public TO backtest_reader;
SET LOCAL ROLE backtest_reader;
SELECT throws_ok('SELECT count(*) FROM chosen, backtest_path(''quote'', p, ''symbol'', ''ts'', ''px'')', '42501', NULL, 'without EXECUTE');
RESET ROLE;
GRANT EXECUTE ON FUNCTION backtest_path(regclass, margin_policy, name, name, name, timestamptz, timestamptz, text[], timestamptz) TO backtest_reader;
SET LOCAL ROLE backtest_reader;
SELECT throws_ok('SELECT count(*) FROM chosen, backtest_path(''quote'', p, ''symbol'', ''ts'', ''px'')', '42501', 'permission denied for column "symbol" of relation "quote"', 'without SELECT');
RESET ROLE;
GRANT SELECT (symbol, ts) ON quote TO backtest_reader;
SET LOCAL ROLE backtest_reader;
SELECT throws_ok('SELECT count(*) FROM chosen, backtest_path(''quote'', p, ''symbol'', ''ts'', ''px'')', '42501', 'permission denied for column "px" of relation "quote"', 'without SELECT on one column');
RESET ROLE;
GRANT SELECT (px) ON quote TO backtest_reader;
SET LOCAL ROLE backtest_reader;
SELECT is((SELECT count(*) FROM chosen, backtest_path('quote', p, 'symbol', 'ts', 'px', instruments => '{aa}')), 300::bigint, 'with SELECT on three columns');
RESET ROLE;
ALTER TABLE quote ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE backtest_reader;
SELECT throws_ok('SELECT count(*) FROM chosen, backtest_path(''quote'', p, ''symbol'', ''ts'', ''px'')', '0A000', NULL, 'row-level security is refused');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
