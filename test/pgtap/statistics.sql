-- What every statistic promises whatever its family: one list of calls, and each call in every way that SQL has to make it.
-- An aggregate that is not in the list fails the first test.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- columns that vary, settings and their types; columns are separated by a comma and a blank
CREATE TABLE calls (n serial, name text, columns text, settings text[], types text[]);
INSERT INTO calls (name, columns, settings, types) VALUES
    ('ewma_vol', 'p', '{0.94}', '{float8}'),
    ('ewma_vol', 'p', '{0.94,252}', '{float8,float8}'),
    ('ewma_vol_half_life', 'p', '{11}', '{float8}'),
    ('ewma_vol_half_life', 'p', '{11,252}', '{float8,float8}'),
    ('realized_measures', 'p', '{}', '{}'),
    ('realized_vol', 'p', '{}', '{}'),
    ('realized_vol', 'p', '{252}', '{float8}'),
    ('bipower_vol', 'p', '{}', '{}'),
    ('bipower_vol', 'p', '{252}', '{float8}'),
    ('har_fit', 'v', '{}', '{}'),
    ('garch_fit', 'r', '{}', '{}'),
    ('garch_fit', 'r', '{gjr_t,sample_variance,qml}', '{text,text,text}'),
    ('garch_fit', 'r', '{gjr}', '{text}'),
    ('garch_fit', 'r', '{garch_t,backcast}', '{text,text}'),
    ('garch_vol', 'r', '{}', '{}'),
    ('garch_vol', 'r', '{gjr}', '{text}'),
    ('garch_vol', 'r', '{garch_t,252}', '{text,float8}'),
    ('filtered_tail_risk', 'r', '{"{0.9,0.975}"}', '{float8[]}'),
    ('filtered_tail_risk', 'r', '{"{0.9}",gjr}', '{float8[],text}'),
    ('filtered_tail_risk', 'r', '{"{0.9}",ewma,0.9}', '{float8[],text,float8}'),
    ('value_at_risk_age_weighted', 'r', '{0.95,0.98}', '{float8,float8}'),
    ('expected_shortfall_age_weighted', 'r', '{0.95,0.98}', '{float8,float8}'),
    ('ewma_covariance', 'a', '{0.94}', '{float8}'),
    ('ewma_correlation', 'r, y', '{0.94}', '{float8}'),
    ('ewma_beta', 'r, y', '{0.94}', '{float8}'),
    ('calmar_ratio', 'r', '{252}', '{float8}'),
    ('maximum_drawdown', 'p', '{}', '{}'),
    ('maximum_drawdown_of_returns', 'r', '{}', '{}'),
    ('drawdown_summary', 'p', '{}', '{}'),
    ('procyclicality', 'to_timestamp(i*1000), v', '{}', '{}'),
    ('procyclicality', 'to_timestamp(i*1000), v, y', '{}', '{}'),
    ('margin_increases', 'to_timestamp(i*1000), v', '{"{1,5,30}"}', '{int[]}'),
    ('tuff_test', 'r, v', '{0.95}', '{float8}'),
    ('christoffersen_test', 'r, v', '{0.95}', '{float8}'),
    ('dynamic_quantile_test', 'r, v', '{0.95}', '{float8}'),
    ('dynamic_quantile_test', 'r, v', '{0.95,2}', '{float8,int}'),
    ('backtest', 'r, v, e', '{0.95}', '{float8}'),
    ('e_process_var', 'r, v', '{0.95}', '{float8}'),
    ('e_process_var', 'r, v', '{0.95,0.02}', '{float8,float8}'),
    ('e_process_es', 'r, v, e', '{0.95}', '{float8}'),
    ('e_process_es', 'r, v, e', '{0.95,0.02}', '{float8,float8}'),
    ('diebold_mariano_test', 'v, e', '{}', '{}'),
    ('diebold_mariano_test', 'v, e', '{3}', '{int}'),
    ('ljung_box_test', 'r', '{5}', '{int}'),
    ('ljung_box_test', 'r', '{5,1}', '{int,int}'),
    ('arch_lm_test', 'r', '{3}', '{int}'),
    ('adaptive_conformal_level', 'r<-v', '{0.95,0.01}', '{float8,float8}'),
    ('correlation_reliability', 'r, y', '{0.9,2}', '{float8,int}'),
    ('offset_correlation', 'a', '{0.9,2}', '{float8,int}'),
    ('optimal_block_length', 'r', '{}', '{}'),
    ('block_bootstrap_value_at_risk', 'r', '{0.95,stationary,5,50,7}', '{float8,text,float8,int,bigint}'),
    ('block_bootstrap_expected_shortfall', 'r', '{0.95,circular,5,50,7,0.9}', '{float8,text,float8,int,bigint,float8}'),
    ('block_bootstrap_volatility', 'r', '{moving,5,50,7}', '{text,float8,int,bigint}'),
    ('quantile_regression', 'r, y', '{0.1}', '{float8}'),
    ('svi_fit', 'y, v', '{0.5}', '{float8}'),
    ('multinomial_es_test', 'r, ARRAY[v,v*1.1,v*1.2]', '{0.95}', '{float8}'),
    ('multinomial_es_test', 'least(g/3.0,1)', '{4,0.95}', '{int,float8}'),
    ('value_at_risk', 'r', '{0.95}', '{float8}'),
    ('value_at_risk', 'r', '{0.95,linear}', '{float8,text}'),
    ('expected_shortfall', 'r', '{0.95}', '{float8}'),
    ('expected_shortfall', 'r', '{0.95,below_var}', '{float8,text}'),
    ('expected_shortfall', 'r', '{0.95,order_statistic}', '{float8,text}'),
    ('expected_shortfall', 'r', '{0.95,empyrical}', '{float8,text}'),
    ('tail_risk', 'r', '{"{0.9,0.99}"}', '{float8[]}'),
    ('value_at_risk_weighted', 'r, v', '{0.95}', '{float8}'),
    ('expected_shortfall_weighted', 'r, v', '{0.95}', '{float8}'),
    ('value_at_risk_normal', 'r', '{0.95}', '{float8}'),
    ('expected_shortfall_normal', 'r', '{0.95}', '{float8}'),
    ('value_at_risk_student_t', 'r', '{0.95}', '{float8}'),
    ('expected_shortfall_student_t', 'r', '{0.95}', '{float8}'),
    ('value_at_risk_student_t', 'r', '{0.95,5}', '{float8,float8}'),
    ('expected_shortfall_student_t', 'r', '{0.95,5}', '{float8,float8}'),
    ('value_at_risk_cornish_fisher', 'r', '{0.95}', '{float8}'),
    ('expected_shortfall_cornish_fisher', 'r', '{0.95}', '{float8}'),
    ('student_t_fit', 'r', '{}', '{}'),
    ('skewness', 'r', '{}', '{}'),
    ('skewness', 'r', '{sample}', '{text}'),
    ('excess_kurtosis', 'r', '{}', '{}'),
    ('excess_kurtosis', 'r', '{sample}', '{text}'),
    ('gpd_fit', 'r', '{0.005}', '{float8}'),
    ('gpd_fit', 'r', '{0.005,pwm}', '{float8,text}'),
    ('gpd_fit_tail', 'r', '{0.2}', '{float8}'),
    ('gpd_fit_tail', 'r', '{0.2,pwm}', '{float8,text}'),
    ('value_at_risk_evt', 'r', '{0.95,0.005}', '{float8,float8}'),
    ('expected_shortfall_evt', 'r', '{0.95,0.005}', '{float8,float8}'),
    ('gev_fit', 'v', '{}', '{}'),
    ('mean_excess', 'r', '{"{0,0.005,0.01}"}', '{float8[]}'),
    ('hill_estimator', 'r', '{10}', '{int}'),
    ('hill_series', 'r', '{5}', '{int}'),
    ('volatility', 'r', '{}', '{}'),
    ('volatility', 'r', '{252}', '{float8}'),
    ('volatility_state', 'r', '{}', '{}'),
    ('tail_sketch', 'r', '{64}', '{int}'),
    ('tail_sketch', 'r', '{}', '{}'),
    ('covariance', 'a', '{}', '{}'),
    ('correlation', 'a', '{}', '{}'),
    ('covariance_state', 'a', '{}', '{}'),
    ('ledoit_wolf_covariance', 'a', '{}', '{}'),
    ('oracle_approximating_covariance', 'a', '{}', '{}'),
    ('spearman', 'r, y', '{}', '{}'),
    ('kendall', 'r, y', '{}', '{}'),
    ('lower_tail_dependence', 'r, y', '{0.9}', '{float8}'),
    ('upper_tail_dependence', 'r, y', '{0.9}', '{float8}'),
    ('beta', 'r, y', '{}', '{}'),
    ('market_model', 'r, y', '{}', '{}'),
    ('price_evidence', 'g+1, i, p', '{30,0.9,1}', '{int,float8,int}'),
    ('sharpe_ratio', 'r, 0', '{}', '{}'),
    ('sharpe_ratio', 'r, v', '{252}', '{float8}'),
    ('sharpe_ratio_test', 'r, 0', '{}', '{}'),
    ('sharpe_ratio_test', 'r, 0', '{0.9,lo}', '{float8,text}'),
    ('downside_deviation', 'r', '{0}', '{float8}'),
    ('downside_deviation', 'r', '{0.001,12}', '{float8,float8}'),
    ('downside_potential', 'r', '{0}', '{float8}'),
    ('sortino_ratio', 'r', '{0}', '{float8}'),
    ('sortino_ratio', 'r', '{0,12}', '{float8,float8}'),
    ('omega_ratio', 'r', '{0}', '{float8}'),
    ('kupiec_test', 'r, v', '{0.95}', '{float8}'),
    ('traffic_light', 'r, v', '{0.95}', '{float8}'),
    ('acerbi_szekely_test', 'r, v, e', '{0.95}', '{float8}'),
    ('acerbi_szekely_rank_test', 'r, 0, v', '{0.95}', '{float8}'),
    ('acerbi_szekely_rank_test', 'r, 0, v', '{0.95,4}', '{float8,float8}'),
    ('jarque_bera_test', 'r', '{}', '{}'),
    ('bootstrap_value_at_risk', 'r', '{0.95,50,7}', '{float8,int,bigint}'),
    ('bootstrap_expected_shortfall', 'r', '{0.95,50,7,0.9,bca}', '{float8,int,bigint,float8,text}'),
    ('bootstrap_volatility', 'r', '{50,7}', '{int,bigint}'),
    ('bootstrap_volatility', 'r', '{50,7,0.9,basic}', '{int,bigint,float8,text}');
-- the overloads with all the settings of a longer one but the last
INSERT INTO calls (name, columns, settings, types)
SELECT name, columns, trim_array(settings, 1), trim_array(types, 1) FROM calls
WHERE name IN ('block_bootstrap_expected_shortfall', 'bootstrap_value_at_risk', 'bootstrap_expected_shortfall', 'bootstrap_volatility')
  AND cardinality(settings) > CASE WHEN name LIKE 'block%' THEN 5 WHEN name LIKE '%volatility' THEN 3 ELSE 4 END;
INSERT INTO calls (name, columns, settings, types)
SELECT name, columns, trim_array(settings, 1), trim_array(types, 1) FROM calls WHERE name = 'bootstrap_expected_shortfall' AND cardinality(settings) = 4
UNION ALL SELECT name, columns, settings || '0.9'::text, types || 'float8'::text FROM calls
WHERE name IN ('bootstrap_value_at_risk', 'block_bootstrap_value_at_risk', 'block_bootstrap_volatility');
INSERT INTO calls (name, columns, settings, types)
SELECT name, columns, settings || 'bca'::text, types || 'text'::text FROM calls WHERE name = 'bootstrap_value_at_risk' AND cardinality(settings) = 4;

CREATE VIEW aggregates AS
SELECT p.oid, proname::text AS name, pronargs::int AS arguments, aggcombinefn <> 0 AS is_parallel, prorettype
FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace = 'margin_calib'::regnamespace;
CREATE VIEW forms AS   -- a call without and with ORDER BY, and whether its aggregate can be split
SELECT n, c.name, format('%s(%s%%s)', c.name, concat_ws(', ', columns, (SELECT string_agg(quote_literal(s) || '::' || t, ', ' ORDER BY i)
                                                            FROM unnest(settings, types) WITH ORDINALITY u (s, t, i)))) AS form,
       cardinality(string_to_array(columns, ', ')) + cardinality(settings) AS arguments, is_parallel
FROM calls c JOIN aggregates a ON a.name = c.name AND a.arguments = cardinality(string_to_array(columns, ', ')) + cardinality(settings);
SELECT is(array_agg(format('%s/%s', name, arguments) ORDER BY 1), NULL, 'every aggregate is in the list')
FROM (SELECT name, arguments FROM aggregates WHERE name NOT IN ('calibrate_margin', 'price_digest', 'covariance_merge', 'volatility_merge', 'tail_sketch_merge',
                                                           'fit_surface', 'vix_variance', 'settlement_average', -- of option quotes: test/pgtap/surface.sql, vix.sql, contract.sql
                                                           'portfolio_margin', 'margin_contributions', -- test/pgtap/portfolio.sql
                                                           'joint_returns') -- test/pgtap/scenario_recipe.sql
      EXCEPT SELECT name, arguments FROM forms) q;
SELECT is(count(*), (SELECT count(*) FROM calls), 'every call is one of an aggregate') FROM (SELECT DISTINCT n FROM forms) q;

-- two groups of fat-tailed, correlated returns, their prices, and forecasts
CREATE TABLE clean AS
SELECT i, i % 2 AS g, r, 0.6 * r + 0.005 * cos(i * i * 0.7) AS y, 0.012 + 0.003 * abs(sin(i * 0.9)) AS v, 0.017 + 0.003 * abs(sin(i * 0.9)) AS e,
       100 + 30 * sin(i * 0.05) + 100 * r AS p, ARRAY[r, 0.6 * r + 0.005 * cos(i * i * 0.7), 0.01 * sin(i * i * 1.3)] AS a
FROM generate_series(1, 180) i, LATERAL (SELECT 0.01 * sin(i * i * 1.7) * CASE WHEN i % 11 = 0 THEN 3 ELSE 1 END AS r) s;
-- the same with rows that are skipped, the first among them, and rows that are not finite
CREATE TABLE dirty AS
SELECT i, g, CASE WHEN i IN (1, 2, 3, 30, 31) THEN NULL WHEN i = 60 THEN 'NaN' WHEN i = 61 THEN 'Infinity' ELSE r END AS r, CASE WHEN i IN (1, 45) THEN NULL ELSE y END AS y,
       CASE WHEN i = 1 THEN NULL ELSE v END AS v, e, CASE WHEN i IN (1, 50) THEN NULL WHEN i = 62 THEN 'NaN' ELSE p END AS p,
       CASE WHEN i = 1 THEN NULL WHEN i = 40 THEN ARRAY[0, NULL, 0]::float8[] WHEN i = 70 THEN ARRAY['NaN', 0, 0]::float8[] ELSE a END AS a
FROM clean WHERE i <= 90;

CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE query INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN RETURN 'error ' || SQLSTATE;
END $$;
CREATE FUNCTION ordered(form text) RETURNS text LANGUAGE sql AS $$ SELECT format(form, ' ORDER BY i') $$;
CREATE FUNCTION plain(form text) RETURNS text LANGUAGE sql AS $$ SELECT format(form, '') $$;

-- GROUP BY with ORDER BY inside is the last row of a window
SELECT is(answer(format('SELECT string_agg(w, '' '' ORDER BY g) FROM (SELECT g, (%s)::text AS w FROM %s GROUP BY g) q', ordered(form), relation)),
          answer(format('SELECT string_agg(w, '' '' ORDER BY g) FROM (SELECT DISTINCT ON (g) g, (%s OVER (PARTITION BY g ORDER BY i))::text AS w FROM %s ORDER BY g, i DESC) q',
                        plain(form), relation)), form || ': window, ' || relation)
FROM forms, unnest('{clean,dirty}'::text[]) relation;
-- frames of all kinds are computed as if anew
SELECT is(answer(format('SELECT md5(string_agg(concat(w), '' '' ORDER BY i)) FROM (SELECT i, (%s %s OVER (ORDER BY i %s))::text AS w FROM dirty) q', plain(form), filter, frame)),
          answer(format('SELECT md5(string_agg(concat(w), '' '' ORDER BY i)) FROM (SELECT m.i, (SELECT (%s)::text FROM dirty d WHERE %s) AS w FROM dirty m) q', ordered(form), condition)),
          form || ': ' || frame)
FROM forms, (VALUES ('ROWS 9 PRECEDING', '', 'd.i BETWEEN m.i - 9 AND m.i'),
                    ('ROWS 9 PRECEDING', 'FILTER (WHERE i % 3 <> 0)', 'd.i BETWEEN m.i - 9 AND m.i AND d.i % 3 <> 0'),
                    ('ROWS BETWEEN 30 PRECEDING AND 5 PRECEDING', '', 'd.i BETWEEN m.i - 30 AND m.i - 5'),
                    ('RANGE BETWEEN 20 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW', '', 'd.i BETWEEN m.i - 20 AND m.i + 3 AND d.i <> m.i')) f (frame, filter, condition)
WHERE name NOT LIKE '%bootstrap%' AND name NOT LIKE 'garch_fit' AND name <> 'filtered_tail_risk';

-- one query for all of them, and their totals in a ROLLUP: states that are shared stay apart
CREATE FUNCTION all_forms(relation text) RETURNS text LANGUAGE sql AS $$
SELECT format('SELECT ARRAY[%s] FROM %s', string_agg(format('(%s)::text', ordered(form)), ', ' ORDER BY n), relation) FROM forms $$;
CREATE TABLE together AS SELECT answer(all_forms('clean'))::text[] AS a, answer(all_forms('clean GROUP BY ROLLUP (g) ORDER BY g NULLS FIRST LIMIT 1'))::text[] AS rollup;
SELECT is(a[k], answer(format('SELECT (%s)::text FROM clean', ordered(form))), form || ': beside the others') FROM together, (SELECT form, row_number() OVER (ORDER BY n) AS k FROM forms) q;
SELECT is(rollup, a, 'ROLLUP') FROM together;
-- no row is NULL, but for the fit that has a status and the state that can be merged
SELECT is(concat(answer(format('SELECT (%s)::text FROM clean WHERE false', ordered(form))), answer(format('SELECT (%s FILTER (WHERE i < 0))::text FROM clean', ordered(form)))),
          '', form || ': no row') FROM forms WHERE name NOT IN ('garch_fit', 'volatility_state');

-- settings: a column that does not vary does as well as a constant; NULL and values that vary are errors
CREATE VIEW variations AS
SELECT f.form, f.name, s AS setting, t AS type, k,
       format('SELECT (%s)::text FROM (SELECT clean.*, %L::%s AS s FROM clean) clean',
              format('%s(%s%%s ORDER BY i)', c.name, concat_ws(', ', columns, (SELECT string_agg(CASE WHEN i = k THEN '%1$s' ELSE quote_literal(s2) || '::' || t2 END, ', ' ORDER BY i)
                                                            FROM unnest(settings, types) WITH ORDINALITY u (s2, t2, i)))), s, t) AS query
FROM calls c JOIN forms f USING (n), unnest(settings, types) WITH ORDINALITY u (s, t, k);
SELECT unnest(ARRAY[is(answer(format(query, 's', '')), answer(format(query, quote_literal(setting) || '::' || type, '')), form || ': setting ' || k || ' from a column'),
       is(answer(format(query, 'NULL::' || type, '')), 'error 22004', form || ': setting ' || k || ' NULL'),
       is(answer(format(query, CASE type WHEN 'text' THEN 'CASE WHEN i = 90 THEN ''other'' ELSE s END' WHEN 'float8[]' THEN 'CASE WHEN i = 90 THEN s || s ELSE s END' WHEN 'int[]' THEN 'CASE WHEN i = 90 THEN s || s ELSE s END'
                                ELSE 'CASE WHEN i = 90 THEN s + s / 100 + 1 ELSE s END' END, '')), 'error 22023', form || ': setting ' || k || ' varies')])
FROM variations WHERE NOT (name = 'volatility') AND NOT (name LIKE 'e\_process%');
SELECT is(volatility(r, NULL), NULL, 'volatility skips a row with a NULL') FROM clean;

-- what the comments say of settings and values that are refused
SELECT is(answer('SELECT ' || call), 'error ' || state, call) FROM (VALUES
    ('rolling_vol(p, 1) OVER (ORDER BY i) FROM clean LIMIT 1', '22023'),
    ('rolling_vol(o,o,o,o,1,''close_to_close'') OVER () FROM (SELECT 1.0::float8 o) s', '22023'),
    ('rolling_vol(o,o,o,o,2,''foo'') OVER () FROM (SELECT 1.0::float8 o) s', '22023'),
    ('rolling_vol(1,0.9,0.8,1,2,''parkinson'') OVER ()', '22023'),
    ('rolling_vol(1,2,1.5,1,2,''parkinson'') OVER ()', '22023'),
    ('rolling_vol(0,2,0,1,2,''parkinson'') OVER ()', '2201E'),
    ('rolling_vol(''{{1,2}}''::float8[],2)', '2202E'),
    ('har_forecast(har_fit(v ORDER BY i), 0) FROM clean d', '22023'),
    ('garch_model(-1, 0.1, 0.8)', '22023'),
    ('garch_forecast(garch_model(0.1, 0.1, 0.8, next_variance=>1), 0)', '22023'),
    ('garch_filter(''{1,NULL}'',garch_model(0.1,0.1,0.8))', '22004'),
    ('garch_filter(''{{1,2}}'',garch_model(0.1,0.1,0.8))', '2202E'),
    ('garch_next_variance(garch_model(0.1, 0.1, 0.8), -1, 0)', '22023'),
    ('garch_model(0.1, 0.1, 0.8, degrees_of_freedom=>2)', '22023'),
    ('garch_model(0.1,0.1,0.8,presample=>''x'')', '22023'),
    ('value_at_risk(ROW(NULL, NULL, 1, 100, 10, 0.2, NULL, -1, NULL, NULL)::gpd_model, 0.99)', '22023'),
    ('value_at_risk(ROW(NULL, NULL, 1, 100, 101, 0.2, NULL, 1, NULL, NULL)::gpd_model, 0.99)', '22023'),
    ('return_level(ROW(''converged'',10,0,NULL,1,NULL,0,NULL,NULL)::gev_model,1)', '22023'),
    ('hill_estimator(r, 0) FROM clean d', '22023'),
    ('quantile_regression(r,array_fill(1.0::float8,''{16}''),0.5) FROM clean d', '54000'),
    ('quantile_regression(r,a[1:1+i%2],0.5) FROM clean d', '2202E'),
    ('kupiec_test_counts(5, 4, 0.99)', '22023'),
    ('traffic_light_zones(-1, 0.99)', '22023'),
    ('traffic_light_zones(250, 1)', '22023'),
    ('tuff_test_counts(5, 4, 0.99)', '22023'),
    ('acerbi_szekely_critical(''z4'',50,0.99,5,0.05,1000)', '22023'),
    ('acerbi_szekely_critical(''z2'',50,0.99,1,0.05,1000)', '22023'),
    ('fz0_loss(-3, 1, 0.5, 0.99)', '22023'),
    ('fz0_loss(-3, 1, 2, 1)', '22023'),
    ('multinomial_es_test(1.5, 4, 0.975)', '22023'),
    ('multinomial_es_test(0.5::float8, 1001, 0.975)', '22023'),
    ('multinomial_es_test(0.1,''{}''::float8[],0.975)', '22023'),
    ('multinomial_es_test(0.1,''{1,NULL}''::float8[],0.975)', '22004'),
    ('multinomial_es_test(r,CASE WHEN i=1 THEN ''{1,2}'' ELSE ''{1}'' END::float8[],0.975) FROM clean d', '2202E'),
    ('covariance(CASE WHEN i=1 THEN ''{1,2}'' ELSE ''{1}'' END::float8[]) FROM clean d', '2202E'),
    ('covariance(''{{1,2}}''::float8[])', '2202E'),
    ('covariance(array_fill(1::float8,''{5001}''))', '2202E'),
    ('covariance(''{}''::float8[]) FROM clean d', '2202E'),
    ('nearest_correlation(''{{1,2e6},{2e6,1}}'')', '22023'),
    ('nearest_correlation(array_fill(1::float8,''{801,801}''))', '54000'),
    ('nearest_correlation(''{{1,0},{0,1}}'',1e-15)', '22023'),
    ('nearest_correlation(''{{1,2},{3,1}}'')', '22023'),
    ('nearest_correlation(''{1,2}'')', '2202E'),
    ('nearest_correlation(''{{1,NULL},{NULL,1}}'')', '22004'),
    ('count(*) FROM principal_components(''{{1,2},{2,1}}'')', '22023'),
    ('cholesky(''{{1,2},{2,1}}'')', '22023'),
    ('component_value_at_risk(''{1,1}'',''{{1}}'',0.95)', '2202E'),
    ('component_value_at_risk(''{1,NULL}'',''{{1,0},{0,1}}'',0.95)', '22004'),
    ('normal_tail(0, -1, 0.95)', '22023'),
    ('student_t_tail(0, 1, 0.9, 0.95)', '22023'),
    ('cornish_fisher_quantile(1, 0, 0)', '22023'),
    ('maximum_drawdown(v) FROM (VALUES (1.0::float8), (0)) x(v)', '22023'),
    ('maximum_drawdown_of_returns(-1.1::float8)', '22023'),
    ('calmar_ratio(r, 0) FROM clean d', '22023'),
    ('''foo''::volatility_state', '22P02'),
    ('''1 2''::covariance_state', '22P02'),
    ('''\x00''::tail_sketch', '22P02'),
    ('tail_sketch(r, 15) FROM clean d', '22023'),
    ('bootstrap_volatility(r, 0, 1) FROM clean d', '22023'),
    ('block_bootstrap_volatility(r,''circular'',0.5,10,1) FROM clean d', '22023'),
    ('block_bootstrap_volatility(r,''foo'',5,10,1) FROM clean d', '22023'),
    ('e_process_var(1, 1, 0.99, 1)', '22023'),
    ('e_process_var(1, 1, 0.99, -0.1)', '22023'),
    ('e_process_es(1, 2, 1, 0.99)', '22023'),
    ('dynamic_quantile_test(r, v, 0.95, 1001) FROM clean d', '22023'),
    ('ljung_box_test(r, 0) FROM clean d', '22023'),
    ('ljung_box_test(r, 5, 5) FROM clean d', '22023'),
    ('diebold_mariano_test(r, v, -1) FROM clean d', '22023'),
    ('sharpe_ratio_test(r,0,0.9,''x'') FROM clean d', '22023'),
    ('mean_excess(r,''{{1},{2}}'') FROM clean d', '2202E'),
    ('mean_excess(r,''{}'') FROM clean d', '22023'),
    ('realized_measures(0.0::float8)', '2201E'),
    ('ewma_vol(x, 0.94) FROM (VALUES (1.0::float8), (-1)) v(x)', '2201E'),
    ('gpd_fit(r, -0.1) FROM clean d', '22023'),
    ('gpd_fit_tail(r, 1) FROM clean d', '22023'),
    ('adaptive_conformal_level(true, 0.99, 1)', '22023'),
    ('tail_risk(r,''{}'') FROM clean d', '22023'),
    ('tail_risk(r,''{0.5,NULL}'') FROM clean d', '22004'),
    ('filtered_tail_risk(r,''{0.9}'',''foo'') FROM clean d', '22023'),
    ('filtered_tail_risk(r,''{0.9}'',''ewma'',1) FROM clean d', '22023'),
    ('value_at_risk_weighted(r, -1, 0.9) FROM clean d', '22023'),
    ('value_at_risk_age_weighted(r, 0.9, 1.01) FROM clean d', '22023'),
    ('value_at_risk_student_t(r, 0.9, 0.5) FROM clean d', '22023')) v (call, state);

-- finite values never make a NaN, and what no double holds is 22003
CREATE TABLE odd AS
SELECT kind, i, 0 AS g, r, CASE WHEN i % 3 = 0 THEN r ELSE -r / 2 END AS y, v, v * 1.25 AS e, CASE WHEN abs(r) < 1 THEN exp(r) ELSE abs(r) END AS p,
       ARRAY[r, -r, CASE WHEN i % 2 = 0 THEN r ELSE 0 END] AS a
FROM (SELECT kind, i, r, greatest(max(abs(r)) OVER (PARTITION BY kind) * (0.3 + i % 5 / 10.0), 1e-320) AS v FROM (
    SELECT 'rows: ' || n AS kind, i, 0.01 * sin(i * i * 1.7) AS r FROM unnest('{1,2,3,4,5,9,26,31}'::int[]) n, generate_series(1, n) i
    UNION ALL SELECT 'zero', i, 0 FROM generate_series(1, 60) i
    UNION ALL SELECT 'equal', i, -0.01 FROM generate_series(1, 60) i
    UNION ALL SELECT 'two values', i, CASE WHEN i % 2 = 0 THEN -0.01 ELSE 0.02 END FROM generate_series(1, 60) i
    UNION ALL SELECT 'ties', i, round(sin(i * i * 1.7)::numeric, 1) / 10.0 FROM generate_series(1, 90) i
    UNION ALL SELECT 'one jump', i, CASE WHEN i = 60 THEN -0.5 ELSE 0 END FROM generate_series(1, 60) i
    UNION ALL SELECT 'level', i, 1e8 + sin(i * i * 1.7) FROM generate_series(1, 60) i
    UNION ALL SELECT 'scale ' || scale, i, scale * sin(i * i * 1.7) FROM generate_series(1, 60) i, unnest('{1e-318,1e-300,1e-160,1e-12,1e12,1e150,1e300}'::float8[]) scale
    UNION ALL SELECT 'mixed', i, sin(i * i * 1.7) * 10.0::float8 ^ (i * 7 % 400 - 200) FROM generate_series(1, 90) i) k) q;
SELECT is(array_agg(kind ORDER BY kind) FILTER (WHERE result ~ 'NaN' OR result ~ 'error' AND result NOT IN ('error 22003', 'error 22023')), NULL, form || ': finite in, no NaN out')
FROM (SELECT form, kind, answer(format('SELECT (%s)::text FROM odd WHERE kind = %L', ordered(form), kind)) AS result FROM forms, (SELECT DISTINCT kind FROM odd) k) q GROUP BY form;

-- expected shortfall is not below value at risk, by any estimator at any level of any sample
SELECT is(array_agg(format('%s at %s: %s, %s', kind, c, var, es)) FILTER (WHERE NOT es >= var), NULL, e || ' >= ' || v)
FROM (VALUES ('value_at_risk(r, %1$s)', 'expected_shortfall(r, %1$s)'), ('value_at_risk(r, %1$s)', 'expected_shortfall(r, %1$s, ''order_statistic'')'),
             ('value_at_risk(r, %1$s, ''linear'')', 'expected_shortfall(r, %1$s, ''below_var'')'), ('value_at_risk(r, %1$s)', 'expected_shortfall(r, %1$s, ''empyrical'')'),
             ('value_at_risk_weighted(r, v, %1$s)', 'expected_shortfall_weighted(r, v, %1$s)'), ('value_at_risk_age_weighted(r, %1$s, 0.97 ORDER BY i)', 'expected_shortfall_age_weighted(r, %1$s, 0.97 ORDER BY i)'),
             ('value_at_risk_normal(r, %1$s)', 'expected_shortfall_normal(r, %1$s)'), ('value_at_risk_student_t(r, %1$s)', 'expected_shortfall_student_t(r, %1$s)'),
             ('value_at_risk_cornish_fisher(r, %1$s)', 'expected_shortfall_cornish_fisher(r, %1$s)'), ('value_at_risk(gpd_fit_tail(r, 0.4), %1$s)', 'expected_shortfall(gpd_fit_tail(r, 0.4), %1$s)'),
             ('value_at_risk(gpd_fit_tail(r, 0.4, ''pwm''), %1$s)', 'expected_shortfall(gpd_fit_tail(r, 0.4, ''pwm''), %1$s)'),
             ('value_at_risk(tail_sketch(r, 16), %1$s)', 'expected_shortfall(tail_sketch(r, 16), %1$s)'),
             ('(bootstrap_value_at_risk(r, %1$s, 50, 1)).upper', '(bootstrap_expected_shortfall(r, %1$s, 50, 1)).upper'),
             ('((filtered_tail_risk(r, ARRAY[%1$s]::float8[], ''gjr_t'' ORDER BY i)).levels)[1].value_at_risk', '((filtered_tail_risk(r, ARRAY[%1$s]::float8[], ''gjr_t'' ORDER BY i)).levels)[1].expected_shortfall')) f (v, e),
     unnest('{0.05,0.5,0.9,0.95,0.975,0.99,0.999}'::text[]) c, (SELECT DISTINCT kind FROM odd UNION ALL SELECT 'clean') k,
     LATERAL (SELECT format('FROM %s', CASE kind WHEN 'clean' THEN 'clean' ELSE format('odd WHERE kind = %L', kind) END) AS source) s,
     LATERAL (SELECT answer(format('SELECT %s %s', format(v, c), source))::float8 AS var, answer(format('SELECT %s %s', format(e, c), source))::float8 AS es
              WHERE NOT (kind ~ 'e\+300|scale 1e\+300')) m
GROUP BY v, e;

-- the unit does not matter: a power of two rounds nothing; the degree says how the answer scales, and %1$s stands for the factor
SELECT is(array_agg(factor) FILTER (WHERE answer(format('SELECT (%s) / (%L::float8 ^ %s) FROM (SELECT i, r * %2$L::float8 AS r, y * %2$L::float8 AS y, v * %2$L::float8 AS v,
                        e * %2$L::float8 AS e, p * %2$L::float8 AS p, ARRAY[a[1] * %2$L::float8, a[2] * %2$L::float8] AS a FROM clean) q', call, factor, degree))
                        IS DISTINCT FROM answer(format('SELECT (%s)::float8 FROM (SELECT i, r, y, v, e, p, a[1:2] AS a FROM clean) q', call))), NULL, call || ' in every unit')
FROM unnest(ARRAY[2 ^ 7, 2 ^ -13, 2 ^ 90, 2 ^ -90, 2 ^ -400, 2 ^ 400]::float8[]) factor, (VALUES
    ('value_at_risk(r, 0.95)', 1), ('value_at_risk(r, 0.95, ''weibull'')', 1), ('expected_shortfall(r, 0.95)', 1), ('expected_shortfall(r, 0.95, ''below_var'')', 1),
    ('value_at_risk_weighted(r, v, 0.95)', 1), ('expected_shortfall_age_weighted(r, 0.95, 0.97 ORDER BY i)', 1), ('expected_shortfall_normal(r, 0.95)', 1),
    ('expected_shortfall_student_t(r, 0.95)', 1), ('(student_t_fit(r)).degrees_of_freedom', 0), ('expected_shortfall_cornish_fisher(r, 0.95)', 1), ('skewness(r)', 0),
    ('excess_kurtosis(r, ''sample'')', 0), ('(gpd_fit_tail(r, 0.3)).shape', 0), ('(gpd_fit_tail(r, 0.3)).scale_error', 1), ('(gev_fit(v)).location', 1), ('hill_estimator(r, 10)', 0),
    ('volatility(r)', 1), ('(bootstrap_expected_shortfall(r, 0.9, 50, 7, 0.9, ''bca'')).upper', 1), ('value_at_risk(tail_sketch(r, 16), 0.5)', 1), ('expected_shortfall(tail_sketch(r, 16), 0.5)', 1),
    ('(ledoit_wolf_covariance(a)).shrinkage', 0), ('(oracle_approximating_covariance(a)).shrinkage', 0), ('(correlation(a))[1][2]', 0), ('spearman(r, y)', 0), ('kendall(r, y)', 0),
    ('beta(r, y)', 0), ('(market_model(r, y)).intercept_standard_error', 1), ('(market_model(r, y)).r_squared', 0), ('ewma_beta(r, y, 0.94 ORDER BY i)', 0),
    ('sharpe_ratio(r, 0)', 0), ('(sharpe_ratio_test(r, 0)).standard_error', 0), ('sortino_ratio(r, 0)', 0), ('omega_ratio(r, 0)', 0), ('downside_deviation(r, 0)', 1),
    ('maximum_drawdown(p ORDER BY i)', 0), ('ewma_vol(p, 0.94 ORDER BY i)', 0), ('realized_vol(p ORDER BY i)', 0), ('(har_fit(v ORDER BY i)).forecast', 1),
    ('(garch_fit(r ORDER BY i)).beta', 0), ('(garch_fit(r, ''gjr_t'', ''backcast'', ''qml'' ORDER BY i)).mu_error', 1), ('garch_vol(r ORDER BY i)', 1),
    ('(kupiec_test(r, v, 0.95)).statistic', 0), ('(acerbi_szekely_test(r, v, e, 0.95)).z2', 0), ('(dynamic_quantile_test(r, v, 0.95 ORDER BY i)).statistic', 0),
    ('e_process_es(r, v, e, 0.95 ORDER BY i)', 0), ('(diebold_mariano_test(v, e, 3 ORDER BY i)).statistic', 0), ('(ljung_box_test(r, 5 ORDER BY i)).statistic', 0),
    ('(arch_lm_test(r, 3 ORDER BY i)).statistic', 0), ('(jarque_bera_test(r)).statistic', 0), ('(quantile_regression(r, y, 0.1 ORDER BY i)).objective', 1)) c (call, degree)
GROUP BY call;
-- losses are gains of the other side, and what is added to every row is taken off
SELECT ok(skewness(-r) = -skewness(r) AND abs(excess_kurtosis(-r) / excess_kurtosis(r) - 1) < 1e-14 AND spearman(-r, y) = -spearman(r, y) AND kendall(r, -y) = -kendall(r, y)
          AND beta(-r, y) = -beta(r, y) AND volatility(-r) = volatility(r) AND lower_tail_dependence(r, y, 0.9) = upper_tail_dependence(-r, -y, 0.9)
          AND (jarque_bera_test(-r)).statistic = (jarque_bera_test(r)).statistic AND abs(value_at_risk(-r, 0.9, 'linear') / value_at_risk(r, 0.1, 'linear') + 1) < 1e-14
          AND abs((student_t_fit(-r)).location / (student_t_fit(r)).location + 1) < 1e-12, 'signs') FROM clean;
SELECT is(array_agg(call) FILTER (WHERE abs(answer(format('SELECT %s FROM clean', call))::float8 - answer(format('SELECT %s FROM (SELECT i, r + 0.5 AS r, v FROM clean) q', call))::float8 - 0.5) > 1e-9),
          NULL, 'a gain for certain is taken off') FROM unnest('{"value_at_risk(r, 0.95)","expected_shortfall(r, 0.95)","value_at_risk(r, 0.95, ''hazen'')","expected_shortfall(r, 0.95, ''empyrical'')","expected_shortfall_weighted(r, v, 0.95)",
    "value_at_risk_age_weighted(r, 0.95, 0.97 ORDER BY i)","expected_shortfall_normal(r, 0.95)","expected_shortfall_student_t(r, 0.95)","expected_shortfall_cornish_fisher(r, 0.95)",
    "(bootstrap_expected_shortfall(r, 0.95, 100, 1, 0.9, ''bca'')).lower"}'::text[]) call;

-- workers: a plan of their own, the same digits, in whatever order the rows come; covariances within rounding
CREATE TABLE large AS SELECT c.* FROM clean c, generate_series(1, 30);
ALTER TABLE large SET (parallel_workers = 3);
ANALYZE large;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan;
END $$;
CREATE FUNCTION same_numbers(a text, b text) RETURNS boolean LANGUAGE sql AS $$
SELECT bool_and(abs(x[1]::float8 - y[1]::float8) <= 1e-12 * abs(y[1]::float8) + 1e-18) FROM ROWS FROM (regexp_matches(a, '[-0-9.e]+', 'g'), regexp_matches(b, '[-0-9.e]+', 'g')) AS q (x, y) $$;
SELECT ok(position('"Partial Mode": "Partial"' in plan_of(format('SELECT %s FROM large', plain(form)))) > 0, form || ': runs in workers') FROM forms WHERE is_parallel;
SELECT unnest(ARRAY[CASE WHEN name ~ 'covariance|correlation' THEN ok(same_numbers(parallel, serial), form || ': workers agree') ELSE is(parallel, serial, form || ': workers, the same digits') END,
       CASE WHEN name ~ 'covariance|correlation' THEN ok(same_numbers(reversed, serial), form || ': order, within rounding') ELSE is(reversed, serial, form || ': order, the same digits') END])
FROM forms, LATERAL (SELECT answer(format('SELECT (%s)::text FROM large', plain(form))) AS parallel, answer(format('SELECT (%s)::text FROM large', ordered(form))) AS serial,
                            answer(format('SELECT (%s)::text FROM large', format(form, ' ORDER BY i DESC, a'))) AS reversed) q WHERE is_parallel;
SELECT * FROM finish();
ROLLBACK;
