-- calibrate_margin: order, duplicates, workers, frames, defects, fallbacks and the algebra of its terms.
-- Expected numbers are worked out in the comments; test/oracle recomputes whole calibrations.
\set ECHO none
\set QUIET 1
SET search_path = public, margin_calib;
SET client_min_messages = warning;
BEGIN;
SELECT * FROM no_plan();

-- ---- objects ----
SELECT has_type('margin_calib', 'margin_policy', 'row type of policies');
SELECT has_type('margin_calib', 'margin_calibration', 'row type of calibrations');
SELECT has_type('margin_calib', 'margin_path', 'row type of paths');
SELECT is(count(*), 0::bigint, 'every function of this family has a comment')
  FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace
   AND proname ~ '^(policy|check_policy|set_policy|calibrate_)' AND obj_description(oid, 'pg_proc') IS NULL;
SELECT is(bool_and(proparallel = 's'), true, 'parallel safe') FROM pg_proc
 WHERE proname IN ('calibrate_margin', 'calibrate_margin_accum', 'calibrate_margin_combine', 'calibrate_margin_serialize',
                   'calibrate_margin_deserialize', 'calibrate_margin_final', 'policy', 'check_policy');
SELECT is(array_agg(proname::text ORDER BY proname), '{calibrate_margin,calibrate_margin,check_policy}', 'PUBLIC gets the pure functions only')
  FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace
   AND proname ~ '^(policy|check_policy|set_policy|calibrate_)' AND has_function_privilege('public', oid, 'EXECUTE');

-- ---- data: a random walk with a fixed seed, with every defect ----
CREATE TABLE walk AS
WITH RECURSIVE steps (i, seed, level) AS (
    SELECT 0, 42::bigint, 0::float8
    UNION ALL
    SELECT i + 1, (seed * 1103515245 + 12345) % 2147483648,
           level + 0.06 * (((seed * 1103515245 + 12345) % 2147483648) / 2147483648.0 - 0.5) FROM steps WHERE i < 2000)
SELECT 'w' || i % 2 AS instrument, timestamptz '2023-01-01 00:00+00' + i / 2 * interval '1 hour' AS ts, 100 * exp(level) AS price
  FROM steps WHERE i % 37 <> 5;
INSERT INTO walk SELECT instrument, ts, price * 1.1 FROM walk WHERE extract(hour FROM ts) = 7;
INSERT INTO walk SELECT instrument, ts, unnest(ARRAY['NaN', 'Infinity', '-1', '0']::float8[]) FROM walk WHERE extract(hour FROM ts) = 9;
INSERT INTO walk SELECT instrument, ts, NULL FROM walk WHERE extract(hour FROM ts) = 11;
INSERT INTO walk VALUES ('w0', 'infinity', 1), ('w0', '-infinity', 1), ('w0', NULL, 1), ('w1', NULL, NULL);

CREATE FUNCTION all_policies() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM margin_calib.policy_list ORDER BY 1';
SELECT count(set_policy('three_bars', based_on => 'futures_clearing', horizon => 3)) \g /dev/null
-- every field that a test below leans on, so that what is shipped may change
SELECT count(set_policy('plain_var', based_on => 'prop_desk', confidence => 0.99, measure => 'value_at_risk', model => 'historical', evt_tail => 0.1,
    refit_interval => 20, horizon => 1, horizon_method => 'overlapping', lookback => 500, min_returns => 100, stress_weight => 0, stress_window => 250,
    buffer => 0, buffer_recovery => 0, floor_lookback => 0, minimum_rate => 0, maximum_rate => 1, fallback_rate => 0.3, maintenance_ratio => 0.8,
    rounding_step => 0.0001, symmetric_rates => false, jump_bound => 0.25,
    unset => '{lookback_time,rise_per_step,rise_per_day,rise_after_breach,fall_per_day,dead_after,restart_gap,bar_interval}')) \g /dev/null

CREATE TABLE answer AS
SELECT p AS name, instrument, calibrate_margin(ts, price, policy(p)) AS c FROM walk, all_policies() AS p GROUP BY p, instrument;
SELECT is((SELECT count(*) FROM answer), (SELECT 2 * count(*) FROM policy_list), 'two instruments under every policy');
SELECT is(bool_and(NOT (c).fallback AND (c).initial_rate > 0 AND (c).initial_rate >= (c).maintenance_rate), true, 'they have margins')
  FROM answer;

-- ---- the same to the last digit, whatever the order, plan and source ----
CREATE FUNCTION differs(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM answer AS a FULL JOIN (' || query || ') AS b (name, instrument, c) USING (name, instrument)'
            ' WHERE a.c::text IS DISTINCT FROM b.c::text' INTO n;
    RETURN n;
END $$;
SET LOCAL extra_float_digits = 3;
SELECT is(differs('SELECT p, instrument, calibrate_margin(ts, price, policy(p)) FROM (SELECT * FROM walk ORDER BY md5(ctid::text)) AS w,'
                  ' all_policies() AS p GROUP BY p, instrument'), 0::bigint, 'shuffled rows');
SELECT is(differs('SELECT p, instrument, calibrate_margin(ts, price, policy(p) ORDER BY ts DESC, price DESC) FROM walk,'
                  ' all_policies() AS p GROUP BY p, instrument'), 0::bigint, 'rows in reverse');
SELECT is(differs('SELECT p, (a).instrument, (a).calibration FROM all_policies() AS p,'
                  ' LATERAL calibrate_all(''walk'', policy(p), ''instrument'', ''ts'', ''price'') AS a'), 0::bigint, 'set path on the table');
CREATE VIEW walk_view AS SELECT ts, upper(instrument) AS upper_name, instrument, price::float8 AS price FROM walk ORDER BY price;
SELECT is(differs('SELECT p, (a).instrument, (a).calibration FROM all_policies() AS p,'
                  ' LATERAL calibrate_all(''walk_view'', policy(p), ''instrument'', ''ts'', ''price'') AS a'), 0::bigint, 'set path on a view');

ANALYZE walk;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_text(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; whole text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || query LOOP whole := whole || line || E'\n'; END LOOP;
    RETURN whole;
END $$;
SELECT ok(position('Partial' IN plan_text('SELECT instrument, calibrate_margin(ts, price, policy(''crypto_venue'')) FROM walk GROUP BY 1')) > 0,
          'the plan has partial aggregates');
DO $$
DECLARE result text := ''; n bigint; p text;
BEGIN
    FOR workers IN 0..2 LOOP
        PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
        FOR p IN SELECT all_policies() LOOP
            EXECUTE format('SELECT count(*) FROM answer AS a JOIN (SELECT instrument, margin_calib.calibrate_margin(ts, price,'
                           ' margin_calib.policy(%L)) AS c FROM walk GROUP BY 1) AS b USING (instrument)'
                           ' WHERE a.name = %L AND a.c::text = b.c::text', p, p) INTO n;
            result := result || n;
        END LOOP;
    END LOOP;
    PERFORM set_config('test.parallel', result, true);
END $$;
SELECT is(current_setting('test.parallel'), (SELECT repeat('2', 3 * count(*)::integer) FROM policy_list), '0, 1 and 2 workers');
RESET max_parallel_workers_per_gather;

-- ---- in a frame: every row's answer is that of the rows so far, and asking does not change the next ----
SELECT is(count(*) FILTER (WHERE framed::text IS DISTINCT FROM plain::text), 0::bigint, 'growing frame') FROM (
    SELECT calibrate_margin(w.ts, w.price, policy('new_product')) OVER (ORDER BY w.price, w.ts ROWS UNBOUNDED PRECEDING) AS framed,
           (SELECT calibrate_margin(v.ts, v.price, policy('new_product')) FROM
               (SELECT * FROM walk WHERE instrument = 'w0' ORDER BY price, ts LIMIT w.n) AS v) AS plain
      FROM (SELECT *, row_number() OVER (ORDER BY price, ts) AS n FROM walk WHERE instrument = 'w0' AND price IS NOT NULL) AS w
     WHERE n < 120) AS s;
SELECT is(count(DISTINCT calibration::text), 1::bigint, 'whole partition as the frame') FROM (
    SELECT calibrate_margin(ts, price, policy('prop_desk')) OVER () AS calibration FROM walk WHERE instrument = 'w1') AS s;
SELECT is((SELECT calibrate_margin(ts, price, policy('prop_desk'))::text FROM walk WHERE instrument = 'w1'),
          (SELECT (calibrate_margin(ts, price, policy('prop_desk')) OVER ())::text FROM walk WHERE instrument = 'w1' LIMIT 1),
          'the frame gives what the group gives');

-- ---- defects, counted ----
SELECT is((c).rejected, (SELECT count(*) FROM walk WHERE instrument = a.instrument AND (ts IS NULL OR price IS NULL OR NOT isfinite(ts)
          OR price <= 0 OR price IN ('NaN', 'Infinity')))::integer, 'rejected rows of ' || instrument)
  FROM answer AS a WHERE name = 'crypto_venue' ORDER BY instrument;
SELECT is((c).duplicates, (SELECT count(*) - count(DISTINCT ts) FROM walk WHERE instrument = a.instrument AND isfinite(ts)
          AND price > 0 AND price NOT IN ('NaN', 'Infinity'))::integer, 'duplicates of ' || instrument)
  FROM answer AS a WHERE name = 'crypto_venue' ORDER BY instrument;

CREATE FUNCTION calibrated(prices float8[], name text, hours float8[] DEFAULT NULL) RETURNS margin_calibration LANGUAGE sql AS $$
    SELECT calibrate_margin(timestamptz '2024-01-01 00:00+00' + coalesce(hours[i], i) * interval '1 hour', prices[i], policy(name))
      FROM generate_subscripts(prices, 1) AS i $$;

-- of two prices at one ts: at first the lower (90), then the farther from 90 (80 is 1.125 times, 100 is 1.111 times)
SELECT is((c).last_price, 80::float8, 'the farther price counts') FROM calibrated('{95,90,100,80}', 'plain_var', '{1,1,2,2}') AS c;
SELECT is((c).last_price, 100::float8, 'the farther price counts, upwards') FROM calibrated('{95,90,100,82}', 'plain_var', '{1,1,2,2}') AS c;
SELECT is((c).last_price, 45::float8, 'on a tie the lower') FROM calibrated('{90,180,45}', 'plain_var', '{1,2,2}') AS c;
SELECT is(ROW((c).duplicates, (c).returns), ROW(2, 2), 'duplicates are counted') FROM calibrated('{90,180,45,45,3}', 'plain_var', '{1,2,2,2,3}') AS c;

SELECT is(ROW((c).gaps, (c).bar_interval, (c).stale), ROW(2, interval '1 hour', 1), 'gaps, interval, stale prices')
  FROM calibrated('{1,2,2,3,4,5}', 'plain_var', '{1,2,3,4.6,5.6,9}') AS c;
SELECT is((c).gaps, 0, 'a step of one and a half intervals is no gap') FROM calibrated('{1,2,3,4}', 'plain_var', '{1,2,3,4.5}') AS c;
SELECT is((c).bar_interval, interval '1 hour', 'lower median of 1 1 2 3 is 1 hour') FROM calibrated('{1,2,3,4,5}', 'plain_var', '{1,3,4,7,8}') AS c;
SELECT count(set_policy('daily', based_on => 'plain_var', bar_interval => '1 mon', stale_after => '3 mon', jump_bound => 0.5)) \g /dev/null
SELECT is(ROW((c).gaps, (c).bar_interval), ROW(1, interval '30 days'), 'a given interval, a month of 30 days')
  FROM calibrated('{1,2,3}', 'daily', ARRAY[0, 24 * 30, 24 * 76]) AS c;
-- |ln 2| and |ln 1/2| are above 0.5, |ln 1.5| is not; used all the same
SELECT is(ROW((c).jumps, (c).last_jump_ts, (c).long_value_at_risk > 0.49), ROW(2, timestamptz '2024-01-01 04:00+00', true), 'jumps are flagged and used')
  FROM calibrated('{1,1.5,3,1.5,1.5}', 'daily', '{1,2,3,4,5}') AS c;

-- ---- fallback: plain_var falls back to 0.3 below 100 returns ----
SELECT is(ROW((c).fallback, (c).initial_rate, (c).binding_term, (c).returns, (c).fallback_reason),
          ROW(true, 0.3000, 'fallback'::text, 0, 'no usable price'::text), 'no usable price')
  FROM (SELECT calibrate_margin(NULL, NULL, policy('plain_var')) AS c) AS s;
SELECT is(ROW((c).fallback, (c).initial_rate, (c).returns, (c).last_price, (c).fallback_reason),
          ROW(true, 0.3000, 0, 5::float8, '0 of the 100 returns needed'::text), 'one price')
  FROM calibrated('{5}', 'plain_var') AS c;
SELECT is(ROW((c).fallback, (c).initial_rate, (c).vol, (c).returns), ROW(true, 0.3000, NULL::float8, 1), 'two prices')
  FROM calibrated('{5,6}', 'plain_var') AS c;
SELECT is(ROW((c).fallback, (c).long_binding_term, (c).long_initial_rate, (c).short_binding_term, (c).short_initial_rate),
          ROW(true, 'tail'::text, 0.5000, 'fallback'::text, 0.3000), 'few returns that ask for more than the fallback')
  FROM calibrated('{8,4}', 'plain_var') AS c;
SELECT is(ROW((c).fallback, (c).initial_rate, (c).binding_term, (c).vol, (c).long_core, (c).fallback_reason, (c).model, (c).model_reason, (c).idle),
          ROW(true, 0.3000, 'fallback'::text, NULL::float8, NULL::float8, 'no model of the policy answers'::text, NULL::text, 'historical: constant'::text, 100),
          'a constant price')
  FROM (SELECT calibrate_margin(timestamptz '2024-01-01' + g * interval '1 hour', 1, policy('plain_var')) AS c FROM generate_series(0, 100) AS g) AS s;
SELECT is((SELECT calibrate_margin(ts, price, policy('plain_var')) FROM walk WHERE false), NULL, 'no row, no answer');

-- ---- terms: 100 returns at 0.99, so that a tail of exactly one scenario makes ES the worst loss ----
CREATE FUNCTION falling(loss float8, name text, older float8 DEFAULT 0) RETURNS margin_calibration LANGUAGE sql AS $$
    -- 200 returns, all 0 but a fall by `older` at the 50th and one by `loss` at the 150th
    SELECT calibrate_margin(timestamptz '2024-01-01' + g * interval '1 day',
                            CASE WHEN g >= 150 THEN (1 - older) * (1 - loss) WHEN g >= 50 THEN 1 - older ELSE 1 END, policy(name))
      FROM generate_series(0, 200) AS g $$;
SELECT count(set_policy('hand', based_on => 'plain_var', measure => 'expected_shortfall', confidence => 0.99, lookback => 100,
                        rounding_step => 0.0005, maintenance_ratio => 0.5)) \g /dev/null
SELECT is(ROW((c).initial_rate, (c).maintenance_rate, (c).binding_term), ROW(0.1500, 0.0750, 'tail'::text), '0.15 is 300 steps of 0.0005, not 301')
  FROM falling(0.15, 'hand') AS c;
SELECT is((c).initial_rate, 0.1505, 'a little more is a whole step more') FROM falling(0.150001, 'hand') AS c;
SELECT is((c).maintenance_rate, 0.0505, 'the maintenance rate rounds up apart') FROM falling(0.1001, 'hand') AS c;
SELECT is((c).initial_rate, 0.0005, 'the least loss is a step') FROM falling(1e-12, 'hand') AS c;

SELECT count(set_policy('stressed', based_on => 'hand', stress_weight => 0.25, stress_window => 10)) \g /dev/null
-- 0.75 * 0.1 + 0.25 * 0.5 = 0.2
SELECT is(ROW((c).initial_rate, (c).binding_term, (c).stress_from, (c).stress_to),
          ROW(0.2000, 'stress'::text, timestamptz '2024-02-20', timestamptz '2024-02-29'), 'a quarter of an older stress')
  FROM falling(0.1, 'stressed', 0.5) AS c;
SELECT is(ROW((c).initial_rate, (c).binding_term), ROW(0.6000, 'tail'::text), 'a stress below the tail adds nothing') FROM falling(0.6, 'stressed', 0.5) AS c;

-- floor: ES of 200 losses at 0.99 is the mean of the two worst
SELECT count(set_policy('floored', based_on => 'hand', floor_lookback => 200)) \g /dev/null
SELECT is(ROW((c).initial_rate, (c).binding_term, round((c).long_floor::numeric, 12)), ROW(0.3000, 'floor'::text, 0.300000000000), 'floor')
  FROM falling(0.1, 'floored', 0.5) AS c;
-- buffer of a quarter upon R = floor
SELECT count(set_policy('buffered', based_on => 'floored', buffer => 0.25)) \g /dev/null
SELECT is(ROW((c).initial_rate, (c).binding_term, (c).long_buffer_used), ROW(0.3750, 'buffer'::text, 0::float8), 'calm: 1.25 times the core of 0.3')
  FROM falling(0.1, 'buffered', 0.5) AS c;
-- core 0.5, R = (0.5 + 0.34) / 2 = 0.42: 1.25 R = 0.525; used 1 - (0.525/0.5 - 1) / 0.25 = 0.8
SELECT is(ROW((c).initial_rate, (c).binding_term, round((c).long_buffer_used::numeric, 9)), ROW(0.5250, 'buffer'::text, 0.800000000), 'most of the buffer used')
  FROM falling(0.5, 'buffered', 0.34) AS c;
-- core 0.5, R = 0.25: 1.25 R = 0.3125 < core
SELECT is(ROW((c).initial_rate, (c).binding_term, (c).long_buffer_used), ROW(0.5000, 'tail'::text, 1::float8), 'the buffer is exhausted')
  FROM falling(0.5, 'buffered', 0) AS c;
SELECT is((c).short_buffer_used, NULL::float8, 'no buffer on a core of zero') FROM falling(0.5, 'buffered', 0) AS c;

SELECT count(set_policy('bounded', based_on => 'hand', minimum_rate => 0.0512, maximum_rate => 0.4, fallback_rate => 0.4)) \g /dev/null
SELECT is(ROW((c).initial_rate, (c).long_unrounded, (c).binding_term), ROW(0.0515, 0.0512::float8, 'minimum'::text), 'a minimum between steps rounds up')
  FROM falling(0.01, 'bounded') AS c;
SELECT is(ROW((c).initial_rate, (c).maintenance_rate, (c).binding_term), ROW(0.4000, 0.2000, 'maximum'::text), 'maximum') FROM falling(0.7, 'bounded') AS c;

SELECT count(set_policy('one_rate', based_on => 'hand', symmetric_rates => true)) \g /dev/null
SELECT is(ROW((c).short_initial_rate, (c).short_maintenance_rate, (c).short_unrounded), ROW(0.1500, 0.0750, 0::float8), 'one rate for both sides')
  FROM falling(0.15, 'one_rate') AS c;
SELECT is((c).short_initial_rate, 0.0000, 'else each has its own') FROM falling(0.15, 'hand') AS c;
-- a rise by half: short loses 0.5, long nothing
SELECT is(ROW((c).initial_rate, (c).short_initial_rate, (c).long_initial_rate), ROW(0.5000, 0.5000, 0.0000), 'the larger of both sides')
  FROM falling(-0.5, 'hand') AS c;

-- ---- models: what answered, what did not and why ----
SELECT count(set_policy('chain', based_on => 'plain_var', lookback => 400, refit_interval => 400, min_returns => 10,
                        model => 'evt + garch_historical >  filtered_historical( 0.9 )+normal > historical')) \g /dev/null
CREATE FUNCTION wave(bars integer, name text) RETURNS margin_calibration LANGUAGE sql AS $$
    -- returns of 0.01 sin(g), all of them different
    SELECT calibrate_margin(timestamptz '2024-01-01' + g * interval '1 day', exp(0.01 * (cos(0.5) - cos(g + 0.5)) / (2 * sin(0.5))), policy(name))
      FROM generate_series(0, bars) AS g $$;
SELECT is(ROW((c).model, (c).model_reason, (c).fallback), ROW('filtered_historical( 0.9 )+normal'::text, 'evt: too_few'::text, false), 'as the policy writes it')
  FROM wave(20, 'chain') AS c;
SELECT is(ROW((c).model, (c).model_reason), ROW('evt + garch_historical'::text, NULL::text), 'the first answers') FROM wave(400, 'chain') AS c;
SELECT is(ROW((c).model_reason, (c).model IS NULL), ROW('garch_historical: too_few'::text, false), 'its second member does not')
  FROM (SELECT (wave(399, 'chain')).*) AS c;
SELECT count(set_policy('average', based_on => 'plain_var', model => 'normal + historical')) \g /dev/null
SELECT count(set_policy('only_normal', based_on => 'plain_var', model => 'normal')) \g /dev/null
SELECT is(ROW((a).long_value_at_risk, (a).short_expected_shortfall, (a).vol),
          ROW(((x).long_value_at_risk + (y).long_value_at_risk) / 2, ((x).short_expected_shortfall + (y).short_expected_shortfall) / 2, ((x).vol + (y).vol) / 2),
          'an average is the mean of its members')
  FROM wave(200, 'average') AS a, wave(200, 'only_normal') AS x, wave(200, 'plain_var') AS y;
SELECT is((c).long_core = (c).long_value_at_risk AND (c).short_core = (c).short_value_at_risk, true, 'the core is the tail here') FROM wave(200, 'average') AS c;

-- ---- idle ends, restarts, a lookback in time ----
SELECT count(set_policy('watchful', based_on => 'plain_var', min_returns => 2, dead_after => 3, restart_gap => '10 hours', lookback_time => '5 hours')) \g /dev/null
SELECT is(ROW((c).idle, (c).fallback, (c).fallback_reason, (c).model), ROW(3, true, 'the price has not moved for 3 bars'::text, 'historical'::text), 'dead')
  FROM calibrated('{1,2,3,3,3,3}', 'watchful') AS c;
SELECT is(ROW((c).idle, (c).fallback), ROW(2, false), 'not yet') FROM calibrated('{1,2,3,3,3}', 'watchful') AS c;
SELECT is(ROW((c).restarts, (c).returns, (c).first_ts, (c).duplicates, (c).jumps),
          ROW(2, 2, timestamptz '2024-01-02 06:00+00', 1, 1), 'after the last of two restarts: returns, first bar and jumps of what is left, duplicates of all')
  FROM calibrated('{1,9,9,2,3,5,5,7}', 'watchful', '{1,2,2,12.01,13,30,31,32}') AS c;
SELECT is((c).restarts, 0, 'ten hours are not longer than ten hours') FROM calibrated('{1,2,3}', 'watchful', '{1,11,21}') AS c;
-- bars later than the last one less five hours: of hours 1 to 9 the returns that end at 5 to 9
SELECT is(ROW((c).returns, (c).returns_used), ROW(8, 5), 'the returns of five hours') FROM calibrated('{1,2,1,3,1,4,1,5,1}', 'watchful') AS c;

-- ---- along a path ----
SELECT count(set_policy('slow', based_on => 'plain_var', model => 'gjr_historical + filtered_historical > historical', min_returns => 50, buffer => 0.25,
                        buffer_recovery => 8, rise_per_day => 0.05, rise_after_breach => 0.2, fall_per_day => 0.03, lookback => 300)) \g /dev/null
CREATE FUNCTION upto(hours integer, path margin_path, factor float8 DEFAULT 1) RETURNS margin_calibration LANGUAGE sql AS $$
    -- w0 up to an hour, the price of which is multiplied by `factor`
    SELECT calibrate_margin(ts, price * CASE WHEN ts = timestamptz '2023-01-01 00:00+00' + hours * interval '1 hour' THEN factor ELSE 1 END, policy('slow'), path)
      FROM walk WHERE instrument = 'w0' AND ts <= timestamptz '2023-01-01 00:00+00' + hours * interval '1 hour' $$;
SELECT is(upto(500, NULL)::text, (SELECT calibrate_margin(ts, price, policy('slow'))::text FROM walk WHERE instrument = 'w0' AND ts <= timestamptz '2023-01-01 00:00+00'
          + interval '500 hours'), 'without a path as the form without one');
CREATE TABLE step (hours integer PRIMARY KEY, c margin_calibration);
DO $$
BEGIN
    INSERT INTO step VALUES (400, upto(400, NULL));
    FOR h IN 401..450 LOOP
        INSERT INTO step SELECT h, upto(h, (s.c).path) FROM step AS s WHERE hours = h - 1;
    END LOOP;
END $$;
SELECT is((SELECT upto(450, (c).path)::text FROM step WHERE hours = 400), (SELECT c::text FROM step WHERE hours = 450), 'fifty bars at once are fifty bars one by one');
SELECT ok((SELECT count(DISTINCT (c).long_binding_term) > 1 AND bool_or((c).binding_term = 'speed_limit') FROM step), 'limits bind on the way');
SELECT is(count(*), 0::bigint, 'each step hands its point on') FROM step AS a JOIN step AS b ON b.hours = a.hours + 1
 WHERE (b.c).path.before_ts < (b.c).path.ts AND (ROW((a.c).path.ts, (a.c).path.price, (a.c).path.long_rate, (a.c).path.short_rate, (a.c).path.long_day_rate,
        (a.c).path.short_day_rate, (a.c).path.anew) IS DISTINCT FROM ROW((b.c).path.before_ts, (b.c).path.before_price, (b.c).path.before_long_rate,
        (b.c).path.before_short_rate, (b.c).path.before_long_day_rate, (b.c).path.before_short_day_rate, (b.c).path.before_anew)) AND (a.c).path.ts < (b.c).path.ts;
SELECT is(bool_and(((c).path.ts, (c).path.price, (c).path.long_rate, (c).path.short_rate) = ((c).last_ts, (c).last_price, (c).long_unrounded, (c).short_unrounded)), true,
          'the path stands at the last bar, its price and the unrounded rates') FROM step;
-- the definition, recomputed from the cores: doc/calibration.md, section 8
SELECT is(count(*), 0::bigint, 'every step is that of the definition') FROM (
    SELECT (b.c).path AS now, (a.c).path AS prev, (b.c).long_core AS core, ln((b.c).last_price / (a.c).last_price) AS move,
           CASE WHEN ((b.c).last_ts AT TIME ZONE 'UTC')::date > ((a.c).last_ts AT TIME ZONE 'UTC')::date THEN (a.c).path.long_rate ELSE (a.c).path.long_day_rate END AS day
      FROM step AS a JOIN step AS b ON b.hours = a.hours + 1 WHERE (a.c).last_ts < (b.c).last_ts) AS s
 WHERE abs((now).long_rate - least(greatest(least(least(greatest((prev).long_rate + 0.25 * core / 8, core), 1.25 * core),
           greatest((prev).long_rate, day * 1.05, CASE WHEN 1 - exp(move) > (prev).long_rate THEN (prev).long_rate * 1.2 ELSE 0 END)), day * 0.97, 0), 1)) > 1e-14;
-- the latest bar corrected: its step is taken again from the bar before (410 and 411 are bars of w0)
SELECT is((SELECT upto(411, (c).path, 1.5)::text FROM step WHERE hours = 411), (SELECT upto(411, (c).path, 1.5)::text FROM step WHERE hours = 410), 'a corrected last bar');
SELECT isnt((SELECT upto(411, (c).path, 1.5)::text FROM step WHERE hours = 411), (SELECT c::text FROM step WHERE hours = 411), 'which says something else');
SELECT is((SELECT upto(411, (c).path)::text FROM step WHERE hours = 411), (SELECT c::text FROM step WHERE hours = 411), 'the same bar again: the same answer');
-- an older bar corrected: the rates that were in force stay
SELECT is((SELECT (upto(450, (c).path)).path.before_long_rate FROM step WHERE hours = 449), (SELECT (c).path.long_rate FROM step WHERE hours = 449), 'the rate before is kept');
SELECT is(ROW((c).path.anew, (c).path.before_ts), ROW(true, NULL::timestamptz), 'a fallback starts anew') FROM calibrated('{5,6}', 'slow') AS c;
SELECT is((c).path IS NULL, true, 'no price, no path') FROM (SELECT calibrate_margin(NULL, NULL, policy('slow')) AS c) AS s;

-- with workers: the same along a path
CREATE TABLE started AS SELECT instrument, (calibrate_margin(ts, price, policy('slow'))).path FROM walk WHERE ts < '2023-02-01 00:00+00' GROUP BY instrument;
ANALYZE started;
CREATE TABLE continued AS SELECT instrument, calibrate_margin(ts, price, policy('slow'), path) AS c FROM walk JOIN started USING (instrument)
 WHERE ts < '2023-02-08 00:00+00' GROUP BY instrument;
SELECT isnt((SELECT string_agg(c::text, ' ' ORDER BY instrument) FROM continued),
            (SELECT string_agg(c::text, ' ' ORDER BY instrument) FROM (SELECT instrument, calibrate_margin(ts, price, policy('slow')) AS c FROM walk
              WHERE ts < '2023-02-08 00:00+00' GROUP BY instrument) AS s), 'a path makes a difference');
SELECT ok(position('Partial' IN plan_text('SELECT instrument, calibrate_margin(ts, price, policy(''slow''), path) FROM walk JOIN started USING (instrument) GROUP BY 1')) > 0,
          'the plan has partial aggregates');
DO $$
DECLARE result text := ''; n bigint;
BEGIN
    FOR workers IN 0..2 LOOP
        PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
        EXECUTE $q$SELECT count(*) FROM public.continued AS a JOIN (SELECT instrument, margin_calib.calibrate_margin(ts, price, margin_calib.policy('slow'), path) AS c
                     FROM public.walk JOIN public.started USING (instrument) WHERE ts < '2023-02-08 00:00+00' GROUP BY 1) AS b USING (instrument)
                    WHERE a.c::text = b.c::text$q$ INTO n;
        result := result || n;
    END LOOP;
    PERFORM set_config('test.parallel', result, true);
END $$;
SELECT is(current_setting('test.parallel'), '222', '0, 1 and 2 workers');
RESET max_parallel_workers_per_gather;
SELECT throws_ok($$SELECT calibrate_margin(ts, price, policy('slow'), path) FROM walk CROSS JOIN started$$, '22023', 'path must be the same in all rows of a group', 'two paths');
SELECT throws_ok(format($$SELECT calibrate_margin(ts, price, policy('slow'), (SELECT jsonb_populate_record((c).path, %L) FROM continued WHERE instrument = 'w0')) FROM walk$$, change),
                 '22023', 'path must be that of an earlier calibration', 'no path: ' || change)
  FROM (VALUES ('{"long_rate": -0.1}'), ('{"short_rate": "NaN"}'), ('{"price": 0}'), ('{"short_day_rate": -1}'), ('{"before_price": -1}'), ('{"before_long_day_rate": "NaN"}')) AS v (change);

-- ---- refusals ----
SELECT throws_ok($$SELECT calibrate_margin(ts, price, NULL) FROM walk$$, '22004', 'policy must not be null', 'no policy');
SELECT throws_ok($$SELECT calibrate_margin(ts, price, policy(CASE instrument WHEN 'w0' THEN 'hand' ELSE 'daily' END)) FROM walk$$,
                 '22023', 'policy must be the same in all rows of a group', 'two policies in a group');
SELECT throws_ok($$SELECT calibrate_margin(ts, price, policy('nobody')) FROM walk$$, '42704', NULL, 'unknown policy');
SELECT throws_ok($$SELECT set_policy('x', $$ || setting || ')', '22023', NULL, 'refused: ' || setting) FROM (VALUES
    ('confidence => 1'), ('confidence => ''NaN'''), ('ewma_lambda => 0'), ('horizon => 0'), ('lookback => 99'), ('min_returns => 0'),
    ('stress_weight => 1.1'), ('stress_window => 0'), ('buffer => 25'), ('floor_lookback => -1'), ('minimum_rate => 2'),
    ('maximum_rate => 0'), ('maximum_rate => 0.99995'), ('fallback_rate => 0'), ('maintenance_ratio => 0'), ('rounding_step => 0'),
    ('bar_interval => ''0'''), ('jump_bound => 0'), ('stale_after => ''0'''), ('lookback_time => ''0'''), ('restart_gap => ''0'''), ('dead_after => 0'), ('rise_per_step => 0'), ('rise_per_day => 0'),
    ('fall_per_day => 0'), ('weight_decay => 0'), ('evt_tail => 0'), ('refit_interval => 0'), ('buffer_recovery => -1'), ('horizon_method => ''x'''), ('measure => ''es'''), ('model => ''x''')) AS v (setting);

-- ---- a refusal quotes whole characters, and adds up intervals as a whole ----
CREATE FUNCTION detail_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT is(detail_of($$ SELECT margin_calib.check_policy(jsonb_populate_record(margin_calib.policy('crypto_venue'),
                           jsonb_build_object('model', 'historical + ' || chr(8364) || chr(233)))) $$),
          'Policy "crypto_venue" has model = "historical + ' || chr(8364) || chr(233) || '"; what is meant is "' || chr(8364) || '".',
          'a character of three bytes');
SELECT is(detail_of($$ SELECT margin_calib.check_policy(jsonb_populate_record(margin_calib.policy('crypto_venue'),
                           '{"lookback_time": "-3860000 mons 2500000000:00:00"}')) $$),
          'Policy "crypto_venue" has lookback_time = -1005120000000 seconds.', 'months and hours that nearly cancel');

SELECT * FROM finish();
ROLLBACK;
