-- calibrate_margin and calibrate_all: the SQL surface. Numbers are checked by test/oracle and test/pgtap.
SET search_path = pg_catalog, margin_calib, public;

CREATE FUNCTION public.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- one fall of 10 % in an otherwise quiet market, plain ES of the worst percent of 100 returns
CREATE TABLE public.falls AS
SELECT i AS instrument, timestamptz '2024-01-01 00:00+00' + bar * interval '1 day' AS ts,
       CASE WHEN bar >= 60 THEN 100 * (1 - i / 10.0) ELSE 100.0 END::double precision AS close
  FROM generate_series(1, 3) AS i, generate_series(0, 100) AS bar;
SELECT count(*) FROM set_policy('quiet', based_on => 'prop_desk', confidence => 0.99, measure => 'expected_shortfall', model => 'historical',
    horizon => 1, horizon_method => 'overlapping', evt_tail => 0.1, stress_window => 250, buffer_recovery => 0, lookback => 100, min_returns => 50, stress_weight => 0, buffer => 0, floor_lookback => 0, minimum_rate => 0, maximum_rate => 1,
    fallback_rate => 0.3, rounding_step => 0.0005, maintenance_ratio => 0.5, symmetric_rates => false, refit_interval => 20, jump_bound => 0.25,
    unset => '{lookback_time,rise_per_step,rise_per_day,rise_after_breach,fall_per_day,dead_after,restart_gap,bar_interval}');
SELECT count(*) FROM set_policy('slow', based_on => 'quiet', rise_per_day => 0.1, model => 'gjr_historical > historical', lookback => 150,
    refit_interval => 150, restart_gap => '90 days');

SELECT instrument, (c).initial_rate, (c).maintenance_rate, (c).long_initial_rate, (c).short_initial_rate,
       (c).binding_term, (c).returns, (c).bar_interval, (c).stale, (c).jumps, (c).fallback, (c).policy, (c).policy_version
  FROM (SELECT instrument, calibrate_margin(ts, close, policy('quiet')) AS c FROM falls GROUP BY instrument) AS s
 ORDER BY instrument;
SELECT instrument, (calibration).initial_rate, (calibration).maintenance_rate, (calibration).binding_term
  FROM calibrate_all('falls', policy('quiet'), 'instrument', 'ts', 'close');

-- numeric and integer prices, dates and timestamps are taken as they are
SELECT (calibrate_margin(ts::date, close::numeric, policy('quiet'))).initial_rate FROM falls WHERE instrument = 1;
SELECT (calibrate_margin(ts::timestamp, close::integer, policy('quiet'))).initial_rate FROM falls WHERE instrument = 1;

-- the model that answered and why not the one before it; idle ends and restarts
SELECT instrument, (c).model, (c).model_reason, (c).idle, (c).restarts, (c).returns, round((c).long_core::numeric, 12) AS core
  FROM (SELECT instrument, calibrate_margin(ts + CASE WHEN ts >= '2024-02-20 00:00+00' AND instrument = 3 THEN interval '90 days' ELSE '0' END, close,
               policy('slow')) AS c FROM falls GROUP BY instrument) AS s ORDER BY instrument;

-- along a path: 10 % a day above 0.01, on the first and the second of March
WITH started AS (SELECT instrument, (calibrate_margin(ts, close, policy('slow'))).path FROM falls WHERE ts < '2024-03-01 00:00+00' GROUP BY instrument),
     low AS (SELECT instrument, jsonb_populate_record(path, '{"long_rate": 0.01, "long_day_rate": 0.01, "anew": false}') AS path FROM started)
SELECT instrument, (c).long_initial_rate, (c).binding_term, (c).path.ts = '2024-03-02 00:00+00' AS ts, round((c).path.long_rate::numeric, 12) AS long_rate,
       (c).path.short_rate, round((c).path.long_day_rate::numeric, 12) AS long_day_rate, (c).path.anew, (c).path.before_ts = '2024-03-01 00:00+00' AS before_ts,
       round((c).path.before_long_rate::numeric, 12) AS before_long_rate
  FROM (SELECT instrument, calibrate_margin(ts, close, policy('slow'), path) AS c FROM falls JOIN low USING (instrument)
         WHERE ts < '2024-03-03 00:00+00' GROUP BY instrument) AS s ORDER BY instrument;

-- nothing, and nothing that can be used
SELECT calibrate_margin(ts, close, policy('quiet')) IS NULL AS no_rows_no_answer FROM falls WHERE false;
SELECT (c).initial_rate, (c).binding_term, (c).rejected, (c).fallback_reason, (c).vol, (c).first_ts
  FROM (SELECT calibrate_margin(ts, NULL, policy('quiet')) AS c FROM falls) AS s;
SELECT (c).initial_rate, (c).fallback_reason, (c).bar_interval, (c).last_price
  FROM (SELECT calibrate_margin(ts, close, policy('quiet')) AS c FROM falls WHERE instrument = 1 AND ts < '2024-02-01') AS s;

-- errors
SELECT refusal($$SELECT calibrate_margin(ts, close, NULL::margin_policy) FROM falls$$);
SELECT refusal($$SELECT calibrate_margin(ts, close, CASE WHEN instrument > 1 THEN policy('prop_desk') ELSE policy('quiet') END) FROM falls$$);
SELECT refusal($$SELECT calibrate_margin(ts, close, jsonb_populate_record(policy('quiet'), '{"buffer": 7}')) FROM falls$$);
SELECT refusal($$SELECT * FROM calibrate_all(NULL, policy('quiet'), 'instrument', 'ts', 'close')$$);
SELECT refusal($$SELECT * FROM calibrate_all('falls', NULL, 'instrument', 'ts', 'close')$$);
SELECT refusal($$SELECT * FROM calibrate_all('falls', policy('quiet'), NULL, 'ts', 'close')$$);
SELECT refusal($$SELECT * FROM calibrate_all('falls', policy('quiet'), 'symbol', 'ts', 'close')$$);
SELECT refusal($$SELECT * FROM calibrate_all('falls', policy('quiet'), 'instrument', 'close', 'ts')$$);

SELECT refusal($$SELECT calibrate_margin(ts, close, NULL::margin_policy, NULL::margin_path) FROM falls$$);
SELECT refusal($$SELECT calibrate_margin(ts, close, policy('quiet'), CASE WHEN instrument > 1 THEN jsonb_populate_record(NULL::margin_path, '{"ts": "2024-01-01"}') END) FROM falls$$);
SELECT refusal($$SELECT calibrate_margin(ts, close, policy('quiet'), jsonb_populate_record(NULL::margin_path,
    '{"ts": "2024-01-01 00:00+00", "price": 1, "long_rate": -1, "short_rate": 0, "long_day_rate": 0, "short_day_rate": 0, "anew": false}')) FROM falls$$);

-- a policy that came about in another way, but says the same, is the same
SELECT (calibrate_margin(ts, close, CASE WHEN extract(day FROM ts) > 9 THEN policy('quiet')
        ELSE jsonb_populate_record(NULL::margin_policy, to_jsonb(policy('quiet'))) END)).initial_rate
  FROM falls WHERE instrument = 2;

-- the cap on states
SET margin_calib.max_state_mb = 1;
SELECT refusal($$SELECT calibrate_margin(timestamptz '2024-01-01' + g * interval '1 second', 1, policy('quiet'))
                   FROM generate_series(1, 100000) AS g$$);
RESET margin_calib.max_state_mb;

DROP TABLE public.falls;
DROP FUNCTION public.refusal;
DELETE FROM margin_calib.user_policy;
