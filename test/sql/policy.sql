-- Policies: what is shipped, versions, and every refusal with its SQLSTATE, detail and hint.
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

-- shipped, current, all of them good
SELECT name, version, origin FROM policy_list ORDER BY name;
SELECT count(check_policy(policy(name))) FROM policy_list;
SELECT (policy('crypto_venue')).name, policy(NULL) IS NULL AS null_gives_null;

-- versions: nothing is changed, a user's policy stands over a shipped one
SELECT (set_policy('mine', based_on => 'futures_clearing', buffer => 0.5)).version;
SELECT p.version, p.buffer, p.horizon, p.jump_bound
  FROM set_policy('mine', horizon => 3, unset => '{jump_bound,stale_after}') AS p;
SELECT p.version, to_jsonb(p) - '{name,version}'::text[] = to_jsonb(q) - '{name,version}'::text[] AS like_prop_desk
  FROM set_policy('mine', based_on => 'prop_desk') AS p, policy('prop_desk') AS q;
SELECT (set_policy('new_name')).version;
SELECT to_jsonb(a) - '{name,version}'::text[] = to_jsonb(b) - '{name,version}'::text[] AS like_crypto_venue
  FROM policy('new_name') AS a, policy('crypto_venue') AS b;
SELECT (set_policy('crypto_venue', minimum_rate => 0.05)).version;
SELECT name, version, origin FROM policy_list ORDER BY name;
SELECT name, version FROM user_policy ORDER BY name, version;

-- the newest version is seen by the next command of the same transaction
DO $$
DECLARE versions integer[] := '{}';
BEGIN
    FOR i IN 1..3 LOOP
        PERFORM set_policy('mine', buffer => i / 10.0);
        versions := versions || (policy('mine')).version;
    END LOOP;
    RAISE NOTICE 'versions %', versions;
END $$;

-- one call site may name several policies
SELECT name, (policy(name)).name = name AS right_one
  FROM (VALUES ('mine'), ('prop_desk'), ('mine'), ('new_product')) AS v (name);

-- a policy with every field, so that what is shipped may change
SELECT to_jsonb(p) - 'version' AS every_field FROM set_policy('base', confidence => 0.99, measure => 'expected_shortfall',
    model => 'filtered_historical > historical', ewma_lambda => 0.94, weight_decay => 0.99, evt_tail => 0.1, refit_interval => 20,
    horizon => 1, horizon_method => 'overlapping', lookback => 730, min_returns => 90, stress_weight => 0.25, stress_window => 365,
    buffer => 0.25, buffer_recovery => 60, floor_lookback => 0, minimum_rate => 0.02, maximum_rate => 1, fallback_rate => 0.5,
    maintenance_ratio => 0.5, rounding_step => 0.0005, symmetric_rates => true, lookback_time => '2 years', rise_per_step => 0.5,
    rise_per_day => 0.1, rise_after_breach => 0.3, fall_per_day => 0.2, dead_after => 10, restart_gap => '7 days',
    bar_interval => '1 day', jump_bound => 0.5, stale_after => '3 days') AS p;
SELECT jsonb_object_agg(key, value ORDER BY key) AS unset FROM jsonb_each(to_jsonb(set_policy('bare', based_on => 'base',
    unset => '{lookback_time,rise_per_step,rise_per_day,rise_after_breach,fall_per_day,dead_after,restart_gap,bar_interval,jump_bound,stale_after}')))
 WHERE value = 'null';

-- refusals
SELECT refusal($$SELECT policy('crypto')$$);
SELECT refusal($$SELECT set_policy(NULL)$$);
SELECT refusal($$SELECT set_policy('x', based_on => 'nobody')$$);
SELECT refusal($$SELECT set_policy('x', unset => '{buffer}')$$);
SELECT refusal($$SELECT check_policy(NULL)$$);
SELECT refusal($$SELECT set_policy('x', based_on => 'base', $$ || setting || ')') FROM (VALUES
    ('confidence => 1'), ('confidence => 0'), ('confidence => ''NaN'''), ('confidence => 0.9999'),
    ('measure => ''es'''), ('horizon_method => ''both'''), ('model => ''garch'''), ('model => '''''), ('model => ''historical > '''),
    ('model => ''evt + normal + evt'''), ('model => ''filtered_historical(97)'''), ('model => ''historical(0.9)'''), ('model => ''evt > gjr_t_normal'''),
    ('model => ''evt, normal'''), ('model => ''filtered_evt(0.9'''), ('ewma_lambda => 1'), ('ewma_lambda => ''NaN'''),
    ('weight_decay => 0'), ('weight_decay => 1.01'), ('weight_decay => ''NaN'''), ('evt_tail => 0'), ('evt_tail => 0.51'),
    ('evt_tail => 0.005, model => ''evt'''), ('evt_tail => 0.049, model => ''evt'', lookback => 100, min_returns => 100'), ('refit_interval => 0'), ('refit_interval => 731'), ('buffer_recovery => -1'),
    ('horizon => 0'), ('lookback => 0'), ('lookback => 99'), ('min_returns => 0'), ('min_returns => 731'),
    ('stress_weight => 25'), ('stress_weight => -0.1'), ('stress_window => 0'), ('horizon => 400, lookback => 730'),
    ('buffer => 25'), ('buffer => -1'), ('floor_lookback => -1'), ('floor_lookback => 1, horizon => 2'),
    ('minimum_rate => -0.1'), ('minimum_rate => 1.5'), ('maximum_rate => 0'), ('maximum_rate => ''Infinity'''),
    ('maximum_rate => 0.99995'), ('fallback_rate => 0.01'), ('fallback_rate => 2'), ('maintenance_ratio => 0'),
    ('maintenance_ratio => 1.01'), ('rounding_step => 0'), ('rounding_step => 1e-10'), ('rounding_step => ''NaN'''),
    ('bar_interval => ''0'''), ('bar_interval => ''-1 day'''), ('jump_bound => 0'), ('jump_bound => ''NaN'''),
    ('stale_after => ''0'''), ('lookback_time => ''-1 day'''), ('rise_per_step => 0'), ('rise_per_step => ''NaN'''), ('rise_per_day => -0.1'),
    ('rise_after_breach => -0.1'), ('rise_after_breach => 1001'), ('fall_per_day => 0'), ('fall_per_day => 1.01'), ('dead_after => -1'),
    ('restart_gap => ''-1 day'''), ('bar_interval => ''1 day'', restart_gap => ''6 hours'''), ('bar_interval => ''1 day'', stale_after => ''6 hours'''),
    ('bar_interval => ''1 day'', lookback_time => ''30 days''')) AS v (setting);
-- each field that is missing
SELECT refusal(format('SELECT check_policy(jsonb_populate_record(NULL::margin_policy, to_jsonb(policy(''base'')) || %L))',
                      jsonb_build_object(attname, NULL)))
  FROM pg_attribute WHERE attrelid = 'margin_policy'::regclass ORDER BY attnum;
SELECT refusal(format('SELECT check_policy(jsonb_populate_record(NULL::margin_policy, to_jsonb(policy(''base'')) || %L))',
                      change))
  FROM (VALUES ('{"name": ""}'), ('{"version": 0}')) AS v (change);

-- reading and setting policies is not for everybody, checking one is
CREATE ROLE policy_nobody;
SET ROLE policy_nobody;
SELECT refusal($$SELECT margin_calib.policy('crypto_venue')$$);
SELECT refusal($$SELECT margin_calib.set_policy('crypto_venue')$$);
SELECT refusal($$SELECT * FROM margin_calib.policy_list$$);
SELECT refusal($$SELECT * FROM margin_calib.user_policy$$);
SELECT refusal($$SELECT * FROM margin_calib.shipped_policy$$);
SELECT refusal($$SELECT margin_calib.check_policy(NULL)$$);
RESET ROLE;
DROP ROLE policy_nobody;
DROP FUNCTION public.refusal;
DELETE FROM margin_calib.user_policy;
