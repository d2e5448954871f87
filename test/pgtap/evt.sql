-- Extreme value fits, mean excess, Hill's estimator and quantile regression: NULL, NaN, too few, errors, order,
-- parallel plans. Numbers are held against their sources in test/unit and test/oracle/evt.py.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- losses with a heavy tail, shuffled by the order of i
CREATE TABLE pnl AS
SELECT i, i % 3 AS g, 1 - (((i * 7919) % 20011 + 0.5) / 20011) ^ -0.4 AS x, (i * 104729 % 10007) / 10007.0::float8 AS z
FROM generate_series(1, 20000) i;
ANALYZE pnl;

-- statuses
SELECT is((gpd_fit(x, 3)).status, 'converged', 'a fit') FROM pnl;
SELECT is(gpd_fit(x, 3)::text, gpd_fit(x, 3, 'maximum_likelihood')::text, 'likelihood is the default') FROM pnl;
SELECT isnt((gpd_fit(x, 3)).shape, (gpd_fit(x, 3, 'pwm')).shape, 'moments differ') FROM pnl;
SELECT is((gpd_fit(x, 3, 'pwm')).method, 'pwm', 'the method is told') FROM pnl;
SELECT is((gpd_fit(x, 3)).exceedances, count(*) FILTER (WHERE x < -3), 'exceedances') FROM pnl;
SELECT is((gpd_fit(x, 3)).observations, 20000::bigint, 'observations') FROM pnl;
SELECT is(fit::text, want, why)
FROM (VALUES ('{NULL,NULL}'::float8[], NULL, 'no P&L is NULL'),
             ('{1,2,-1}', '(too_few,maximum_likelihood,1,3,0,,,,,)', 'a loss at the threshold is none above'),
             ('{-2,-3,-4,-6,NULL}', '(too_few,maximum_likelihood,1,4,4,,,,,)', 'four are too few, NULL is skipped'),
             ('{-2,-2,-2,-2,-2}', '(constant,maximum_likelihood,1,5,5,,,,,)', 'equal losses'),
             ('{-2,-3,-4,-6,-9,NaN}', '(not_finite,maximum_likelihood,,6,,,,,,)', 'NaN'),
             ('{-Infinity}', '(not_finite,maximum_likelihood,,1,,,,,,)', 'an infinite loss'),
             ('{-5.9,-5.99,-5.98,-5.97,-6}', '(boundary,maximum_likelihood,1,5,5,-1,,5,,-8.047189562170502)', 'the boundary')) v (a, want, why),
     LATERAL (SELECT gpd_fit(x, 1) AS fit FROM unnest(a) x) f;
SELECT is((gpd_fit_tail(x, 0.05)).exceedances, 1000::bigint, 'a fraction of the losses') FROM pnl;
SELECT is((gpd_fit_tail(x, 0.05))::text, gpd_fit(x, (SELECT -x FROM pnl ORDER BY x OFFSET 1000 LIMIT 1))::text,
          'is a threshold at the next loss') FROM pnl;
SELECT is((gpd_fit_tail(-x, 0.1)).exceedances, 10::bigint, 'a whole number but for rounding') FROM generate_series(1, 100) x;
SELECT is((gpd_fit_tail(-x, 0.3, 'pwm')).threshold, 7::float8, '0.3 of ten') FROM generate_series(1, 10) x;
SELECT is((gpd_fit_tail(-x, 0.99)).exceedances, 4::bigint, 'never all of them') FROM generate_series(1, 5) x;

-- measures
SELECT is(value_at_risk(gpd_fit(x, 3), 0.999), value_at_risk_evt(x, 0.999, 3), 'VaR in one step or two') FROM pnl;
SELECT is(expected_shortfall(gpd_fit(x, 3), 0.999), expected_shortfall_evt(x, 0.999, 3), 'ES in one step or two') FROM pnl;
SELECT ok(value_at_risk_evt(x, 0.999, 3) < expected_shortfall_evt(x, 0.999, 3), 'ES is above VaR') FROM pnl;
SELECT ok(abs(value_at_risk_evt(x, 0.99, 3) / value_at_risk(x, 0.99) - 1) < 0.01, 'near the sample''s') FROM pnl;
SELECT is(value_at_risk_evt(x, 0.5, 3), NULL, 'NULL below the threshold') FROM pnl;
SELECT is(value_at_risk_evt(x, 0.99, 1e6), NULL, 'NULL without a fit') FROM pnl;
SELECT is(value_at_risk(gpd_fit(x, 1e6), 0.99), NULL, 'also in two steps') FROM pnl;
SELECT is(value_at_risk_evt(x, 0.99, 1), 'NaN', 'NaN for NaN') FROM unnest('{1,NaN}'::float8[]) x;
SELECT is(expected_shortfall_evt(x, 0.99, 1), NULL, 'NULL for nothing') FROM unnest('{NULL}'::float8[]) x;
SELECT is(expected_shortfall(ROW (NULL, NULL, 0, 100, 10, 1.2, NULL, 1, NULL, NULL)::gpd_model, 0.99), 'Infinity', 'no finite mean');
SELECT is(expected_shortfall(NULL::gpd_model, 0.99), NULL, 'no model');
SELECT is(value_at_risk(ROW (NULL, NULL, 0, 100, 10, NULL, NULL, 1, NULL, NULL)::gpd_model, 0.99), NULL, 'no shape');
SELECT is(return_level(gev_fit(x), 20), NULL, 'no return level without a fit') FROM generate_series(1, 4) x;
-- Hull, Risk Management and Financial Institutions: 227.8 and 474.0, 337.9
SELECT is(array_agg(round(v::numeric, 4)), '{227.7393,473.8662,337.7860}', 'Hull''s example, made by hand')
FROM (SELECT ROW (NULL, NULL, 160, 500, 22, 0.436, NULL, 32.532, NULL, NULL)::gpd_model AS m) h,
     LATERAL (VALUES (value_at_risk(m, 0.99)), (value_at_risk(m, 0.999)), (expected_shortfall(m, 0.99))) v (v);

-- block maxima
SELECT is((gev_fit(x)).status, want, 'gev_fit: ' || want)
FROM (VALUES ('{1,2,3,4}'::float8[], 'too_few'), ('{2,2,2,2,2}', 'constant'), ('{1,2,3,4,5,NaN}', 'not_finite'),
             ('{1,2,2.5,2.7,3,4,5,7}', 'converged'), ('{1,4.96,4.97,4.98,4.99,5}', 'boundary')) v (a, want),
     LATERAL unnest(a) x GROUP BY want;
SELECT is((gev_fit(x)).observations, 6::bigint, 'observations count NaN and not NULL') FROM unnest('{1,2,NULL,3,4,5,NaN}'::float8[]) x;
SELECT is(gev_fit(x), NULL, 'no maxima') FROM unnest('{NULL}'::float8[]) x;
SELECT is(return_level(ROW (NULL, NULL, 1, NULL, 2, NULL, 0, NULL, NULL)::gev_model, 2), 1 - 2 * ln(ln(2::float8)), 'the median of a Gumbel law');

-- mean excess and Hill
SELECT is(mean_excess(x, '{2,-5,9,4}')::text, '{"(2,2,2,1)","(-5,4,6.25,1.9311050377094112)","(9,0,,)","(4,1,1,)"}', 'points in the order of the thresholds')
FROM unnest('{-3,-5,-1,4,NULL}'::float8[]) x;
SELECT is(mean_excess(x, '{1}')::text, '{"(1,,NaN,NaN)"}', 'NaN') FROM unnest('{-3,NaN}'::float8[]) x;
SELECT is(mean_excess(x, '{1}'), NULL, 'no P&L') FROM unnest('{NULL}'::float8[]) x;
SELECT ok(abs(hill_estimator(-x, 2) - ln(8 * 4 / 4.0) / 2) < 1e-15, 'Hill by hand') FROM unnest('{8,4,2,1,-3}'::float8[]) x;
SELECT is((hill_series(x, 500))[200], hill_estimator(x, 200), 'the series holds the estimates') FROM pnl;
SELECT is(cardinality(hill_series(x, 500)), 500, 'as many as asked for') FROM pnl;
SELECT is(cardinality(hill_series(-x, 500)), 3, 'or as there are positive losses') FROM unnest('{8,4,2,1,-3,0}'::float8[]) x;
SELECT is(hill_estimator(-x, 4), NULL, 'too few positive losses') FROM unnest('{8,4,2,1,-3,0}'::float8[]) x;
SELECT is(hill_series(x, 4), NULL, 'no losses') FROM unnest('{8,4}'::float8[]) x;
SELECT is(hill_estimator(x, 1), 'NaN', 'NaN') FROM unnest('{-8,-4,NaN}'::float8[]) x;
SELECT is(hill_series(x, 1), '{NaN}', 'NaN in the series') FROM unnest('{-8,-4,NaN}'::float8[]) x;
SELECT is(hill_estimator(x, 1), NULL, 'nothing') FROM unnest('{NULL}'::float8[]) x;

-- quantile regression
SELECT is(quantile_regression(y, x, 0.5)::text, '(converged,0.5,4,"{-1,2}",0)', 'a line')
FROM (VALUES (1, 1), (3, 2), (5, 3), (7, 4), (NULL, 9), (9, NULL)) v (y, x);
SELECT is(quantile_regression(y, ARRAY[x], 0.5)::text, '(converged,0.5,4,"{-1,2}",0)', 'a line from an array')
FROM (VALUES (1, 1), (3, 2), (5, 3), (7, 4), (NULL, 9)) v (y, x);
SELECT is((quantile_regression(x, '{}'::float8[], 0.01)).coefficients[1], -value_at_risk(x, 0.99, 'type1'),
          'no regressor: the quantile') FROM (SELECT x FROM pnl LIMIT 997) p;
SELECT is((quantile_regression(x, z, 0.05)).coefficients, (quantile_regression(x, ARRAY[z], 0.05)).coefficients, 'both forms agree') FROM pnl;
SELECT ok(abs((quantile_regression(1 + 2 * z + 3 * z ^ 2 + 0.01 * sin(i), ARRAY[z, z ^ 2], 0.5)).coefficients[3] - 3) < 0.01, 'two regressors') FROM pnl;
SELECT is((quantile_regression(y, x, 0.5)).status, want, 'quantile_regression: ' || want)
FROM (VALUES (1, 'too_few', 1), (1, 'too_few', 2), (2, 'constant', 3), (2, 'constant', 3), (2, 'constant', 3)) v (x, want, y)
GROUP BY want ORDER BY want;
SELECT is(quantile_regression(y, x, 0.5)::text, '(not_finite,0.5,2,,)', 'NaN') FROM (VALUES (1, 'NaN'::float8), (2, 3)) v (y, x);
SELECT is(quantile_regression(y, ARRAY[x, 1], 0.5)::text, '(not_finite,0.5,2,,)', 'NaN in an array') FROM (VALUES (1, 'NaN'::float8), (2, 3)) v (y, x);
SELECT is(quantile_regression(y, x, 0.5), NULL, 'no rows') FROM (VALUES (1, NULL::float8)) v (y, x);
SELECT is((SELECT (quantile_regression(x, z, 0.05 ORDER BY i)).coefficients FROM pnl),
          (SELECT (quantile_regression(x, z, 0.05 ORDER BY z, i)).coefficients FROM pnl), 'the order of the rows does not matter');

-- errors
SELECT throws_ok(format('SELECT %s FROM pnl', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('gpd_fit(x, -0.01)', '22023'), ('gpd_fit(x, ''NaN'')', '22023'), ('gpd_fit(x, ''Infinity'')', '22023'),
             ('gpd_fit(x, NULL)', '22004'), ('gpd_fit(x, 3, ''ml'')', '22023'), ('gpd_fit(x, 3, NULL)', '22004'), ('gpd_fit(x, z)', '22023'),
             ('gpd_fit_tail(x, 0)', '22023'), ('gpd_fit_tail(x, 1)', '22023'), ('gpd_fit_tail(x, ''NaN'')', '22023'),
             ('gpd_fit_tail(x, 0.1, ''x'')', '22023'),
             ('value_at_risk_evt(x, 1, 3)', '22023'), ('value_at_risk_evt(x, 0.99, -3)', '22023'), ('expected_shortfall_evt(x, ''NaN'', 3)', '22023'),
             ('expected_shortfall_evt(x, NULL, 3)', '22004'),
             ('value_at_risk(gpd_fit(x, 3), 1)', '22023'), ('expected_shortfall(gpd_fit(x, 3), 0)', '22023'),
             ('mean_excess(x, ''{}'')', '22023'), ('mean_excess(x, ''{1,NULL}'')', '22004'), ('mean_excess(x, ''{{1},{2}}'')', '2202E'),
             ('mean_excess(x, ''{NaN}'')', '22023'), ('mean_excess(x, NULL)', '22004'),
             ('hill_estimator(x, 0)', '22023'), ('hill_series(x, 0)', '22023'), ('hill_series(x, NULL)', '22004'),
             ('quantile_regression(x, z, 0)', '22023'), ('quantile_regression(x, z, ''NaN'')', '22023'), ('quantile_regression(x, z, NULL)', '22004'),
             ('quantile_regression(x, ARRAY[z, NULL], 0.5)', '22004'), ('quantile_regression(x, ARRAY[[z], [z]], 0.5)', '2202E'),
             ('quantile_regression(x, array_fill(z, ARRAY[1 + i % 2]), 0.5)', '2202E'), ('quantile_regression(x, array_fill(z, ARRAY[16]), 0.5)', '54000'),
             ('return_level(gev_fit(x), 1)', '22023'), ('return_level(gev_fit(x), ''NaN'')', '22023'), ('return_level(gev_fit(x), ''Infinity'')', '22023')) v (call, state);
SELECT throws_ok(format('SELECT %s', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('value_at_risk(ROW (NULL, NULL, 0, 100, 0, 0.1, NULL, 1, NULL, NULL)::gpd_model, 0.99)', '22023'),
             ('value_at_risk(ROW (NULL, NULL, 0, 10, 11, 0.1, NULL, 1, NULL, NULL)::gpd_model, 0.99)', '22023'),
             ('value_at_risk(ROW (NULL, NULL, 0, 100, 10, 0.1, NULL, 0, NULL, NULL)::gpd_model, 0.99)', '22023'),
             ('value_at_risk(ROW (NULL, NULL, 0, 100, 10, ''Infinity'', NULL, 1, NULL, NULL)::gpd_model, 0.99)', '22023'),
             ('value_at_risk(ROW (NULL, NULL, 0, 100, 10, 300, NULL, 1e200, NULL, NULL)::gpd_model, 0.999)', '22003'),
             ('return_level(ROW (NULL, NULL, 1, NULL, 0, NULL, 0, NULL, NULL)::gev_model, 2)', '22023'),
             ('return_level(ROW (NULL, NULL, 1, NULL, 1, NULL, 900, NULL, NULL)::gev_model, 20)', '22003')) v (call, state);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT quantile_regression(x, ARRAY[x, x], 0.5) FROM generate_series(1, 100000) x', '54000', NULL, 'a state above the limit is 54000');
SELECT throws_ok('SELECT quantile_regression(x, x, 0.5) FROM generate_series(1, 60000) x', '54000', NULL, 'so is the work space');
SET LOCAL margin_calib.max_state_mb = 1024;

-- windows
SELECT is(count(*) FILTER (WHERE w IS DISTINCT FROM p), 0::bigint, 'a frame gives what its rows give')
FROM (SELECT i, hill_estimator(x, 10) OVER (ORDER BY i ROWS 199 PRECEDING) AS w FROM pnl WHERE i <= 400) a,
     LATERAL (SELECT hill_estimator(x, 10) AS p FROM pnl b WHERE b.i BETWEEN a.i - 199 AND a.i) q;

-- order of arrival and workers change no digit
CREATE FUNCTION everything() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(q::text, ' ' ORDER BY g)
    FROM (SELECT g, gpd_fit(x, 3), gpd_fit(x, 3, 'pwm'), gpd_fit_tail(x, 0.1), gpd_fit_tail(x, 0.1, 'pwm'), value_at_risk_evt(x, 0.999, 3),
                 expected_shortfall_evt(x, 0.999, 3), gev_fit(-x), mean_excess(x, '{1,2,3}'), hill_estimator(x, 100), hill_series(x, 20)
          FROM pnl GROUP BY g) q
$$;
SELECT is((SELECT gpd_fit(x, 3 ORDER BY x)::text || gev_fit(x ORDER BY x)::text || mean_excess(x, '{1}' ORDER BY x)::text FROM pnl),
          (SELECT gpd_fit(x, 3 ORDER BY z)::text || gev_fit(x ORDER BY z)::text || mean_excess(x, '{1}' ORDER BY z)::text FROM pnl),
          'the same digits in any order');
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE answer AS SELECT everything() AS serial;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT is(everything(), serial, 'workers change no digit') FROM answer;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SELECT ok(position('Partial Aggregate' IN plan_of('SELECT ' || a || ' FROM pnl')) > 0, a || ' runs in workers')
FROM unnest(ARRAY['gpd_fit(x, 3)', 'gpd_fit(x, 3, ''pwm'')', 'gpd_fit_tail(x, 0.1)', 'gpd_fit_tail(x, 0.1, ''pwm'')', 'value_at_risk_evt(x, 0.99, 3)',
                  'expected_shortfall_evt(x, 0.99, 3)', 'gev_fit(x)', 'mean_excess(x, ''{1}'')', 'hill_estimator(x, 9)', 'hill_series(x, 9)']) a;

-- a cancel ends each
\ir lib/cancelled.sql
CREATE TABLE many AS SELECT -exp(2 * sin(i * 1.7) * cos(i::float8 * i * 0.3)) AS x, sin(i) AS z FROM generate_series(1, 1000000) i;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL statement_timeout = '150ms';
SELECT is(pg_temp.cancelled('SELECT gpd_fit(x, 0) FROM many'), 'cancelled', 'gpd_fit(x, 0) is cancelled');
SELECT is(pg_temp.cancelled('SELECT gev_fit(x) FROM many'), 'cancelled', 'gev_fit(x) is cancelled');
SELECT is(pg_temp.cancelled('SELECT quantile_regression(x, z, 0.01) FROM many'), 'cancelled', 'quantile_regression(x, z, 0.01) is cancelled');
SELECT is(pg_temp.cancelled('SELECT quantile_regression(x, ARRAY[z, z ^ 2, z ^ 3], 0.3) FROM many'), 'cancelled', 'quantile_regression(x, ARRAY[z, z ^ 2, z ^ 3], 0.3) is cancelled');
SET LOCAL statement_timeout = 0;

SELECT * FROM finish();
ROLLBACK;
