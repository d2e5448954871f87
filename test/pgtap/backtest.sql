-- Backtests and tests of series: NULL, NaN, empty, few rows, SQLSTATEs, windows, parallel = serial,
-- rights and labels, cancel. Numbers are held by test/unit and test/oracle/backtest.py.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE TABLE book AS
SELECT i, sin(i * 1.7) * (1 + i % 13) / 6 AS pnl, 1.2 + 0.3 * sin(i * 0.05) AS var, 1.7 + 0.4 * sin(i * 0.05) AS es
FROM generate_series(1, 400) i;

-- NULL rows are skipped: every aggregate is the same with rows of NULL between
CREATE FUNCTION all_tests(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE format($q$
        SELECT concat_ws(E'\n', kupiec_test(pnl, var, 0.95 ORDER BY i), tuff_test(pnl, var, 0.95 ORDER BY i),
               christoffersen_test(pnl, var, 0.95 ORDER BY i), traffic_light(pnl, var, 0.95 ORDER BY i),
               dynamic_quantile_test(pnl, var, 0.95 ORDER BY i), dynamic_quantile_test(pnl, var, 0.95, 2 ORDER BY i),
               acerbi_szekely_test(pnl, var, es, 0.95 ORDER BY i), multinomial_es_test(pnl, array[var, 2 * var], 0.95 ORDER BY i),
               multinomial_es_test(1 / (1 + exp(pnl)), 3, 0.95 ORDER BY i),
               e_process_var(pnl, var, 0.95 ORDER BY i), e_process_es(pnl, var, es, 0.95 ORDER BY i),
               e_process_var(pnl, var, 0.95, 0.02 ORDER BY i), e_process_es(pnl, var, es, 0.95, 0.02 ORDER BY i),
               diebold_mariano_test(pnl, var ORDER BY i), diebold_mariano_test(pnl, var, 3 ORDER BY i),
               jarque_bera_test(pnl ORDER BY i), ljung_box_test(pnl, 5 ORDER BY i), ljung_box_test(pnl, 5, 2 ORDER BY i),
               arch_lm_test(pnl, 3 ORDER BY i), backtest(pnl, var, es, 0.95 ORDER BY i))
        FROM %s $q$, source) INTO answer;
    RETURN answer;
END $$;
SELECT is(all_tests('(SELECT i, pnl, var, es FROM book UNION ALL SELECT i + 0.5, NULL, NULL, NULL FROM book) b'),
          all_tests('book'), 'NULL rows are skipped');
SELECT is(all_tests('(SELECT * FROM book UNION ALL SELECT i + 0.5, CASE WHEN i > 9 THEN 3 END, NULL, NULL FROM book WHERE false) b'),
          all_tests('book'), 'the same rows, the same text');

-- empty groups and groups of NULL
SELECT is((SELECT count(*) FROM unnest(ARRAY[
    (SELECT kupiec_test(pnl, var, 0.95) IS NULL FROM book WHERE i < 0), (SELECT kupiec_test(NULL, var, 0.95) IS NULL FROM book),
    (SELECT tuff_test(pnl, var, 0.95) IS NULL FROM book WHERE i < 0), (SELECT christoffersen_test(pnl, NULL, 0.95) IS NULL FROM book),
    (SELECT traffic_light(pnl, var, 0.95) IS NULL FROM book WHERE i < 0), (SELECT dynamic_quantile_test(pnl, NULL, 0.95) IS NULL FROM book),
    (SELECT acerbi_szekely_test(pnl, var, NULL, 0.95) IS NULL FROM book), (SELECT multinomial_es_test(pnl, NULL::float8[], 0.95) IS NULL FROM book),
    (SELECT e_process_var(NULL, var, 0.95) IS NULL FROM book), (SELECT e_process_es(pnl, var, NULL, 0.95, 0.1) IS NULL FROM book),
    (SELECT diebold_mariano_test(pnl, NULL) IS NULL FROM book), (SELECT jarque_bera_test(NULL) IS NULL FROM book),
    (SELECT ljung_box_test(NULL, 3) IS NULL FROM book), (SELECT arch_lm_test(pnl, 3) IS NULL FROM book WHERE i < 0),
    (SELECT adaptive_conformal_level(NULL, 0.95, 0.01) IS NULL FROM book), (SELECT backtest(pnl, var, NULL, 0.95) IS NULL FROM book)]) x
    WHERE x), 16::bigint, 'no rows: NULL');

-- NaN and infinities: the numbers are NaN, or a status says so
SELECT is((SELECT count(*) FROM (
    SELECT (kupiec_test(x, var, 0.95)).statistic = 'NaN' AND (kupiec_test(pnl, x, 0.95)).p_value = 'NaN'
       AND (tuff_test(x, var, 0.95)).statistic = 'NaN' AND (christoffersen_test(x, var, 0.95)).independence_p_value = 'NaN'
       AND (traffic_light(x, var, 0.95)).zone IS NULL AND (traffic_light(x, var, 0.95)).cumulative_probability = 'NaN'
       AND (dynamic_quantile_test(x, var, 0.95)).status = 'not_finite'
       AND (acerbi_szekely_test(x, var, es, 0.95)).z1 = 'NaN' AND (acerbi_szekely_test(pnl, var, CASE WHEN i = 7 THEN x ELSE es END, 0.95)).z2 = 'NaN'
       AND (multinomial_es_test(x, array[var], 0.95)).nass_p_value = 'NaN' AND (multinomial_es_test(pnl, array[x], 0.95)).pearson_statistic = 'NaN'
       AND (multinomial_es_test(CASE WHEN i = 7 THEN x ELSE 0.5 END, 2, 0.95)).likelihood_ratio_statistic = 'NaN'
       AND e_process_var(x, var, 0.95) = 'NaN' AND e_process_es(x, var, es, 0.95, 0.1) = 'NaN'
       AND (diebold_mariano_test(x, var)).status = 'not_finite' AND (jarque_bera_test(x)).status = 'not_finite'
       AND (ljung_box_test(x, 3)).status = 'not_finite' AND (arch_lm_test(x, 3)).status = 'not_finite'
       AND (backtest(x, var, es, 0.95)).coverage_statistic = 'NaN' AND (backtest(x, var, es, 0.95)).zone IS NULL
       AND (backtest(x, var, es, 0.95)).observations = 400 AND (backtest(x, var, es, 0.95)).mean_fz0_loss = 'NaN' AS good
    FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) bad, LATERAL (SELECT i, pnl, var, es, CASE WHEN i = 7 THEN bad ELSE pnl END AS x FROM book) b
    GROUP BY bad) q WHERE good), 3::bigint, 'NaN and infinities');
SELECT ok(pinball_loss('NaN', 1, 0.9) = 'NaN' AND fz0_loss(1, 'NaN', 2, 0.9) = 'NaN' AND pinball_loss(NULL, 1, 0.9) IS NULL
          AND acerbi_szekely_p_value('z2', 'NaN', 250, 0.975, 'Infinity', 10) = 'NaN', 'scalars: NaN and NULL');

-- few rows: a status or NULL, and what can be said is said
SELECT results_eq($$ SELECT (dynamic_quantile_test(pnl, var, 0.95)).status, (jarque_bera_test(pnl)).status, (ljung_box_test(pnl, 3)).status,
                            (arch_lm_test(pnl, 3)).status, (diebold_mariano_test(pnl, var)).status, (jarque_bera_test(pnl)).statistic IS NULL
                     FROM book WHERE i = 1 $$,
                  $$ VALUES ('too_few', 'too_few', 'too_few', 'too_few', 'too_few', true) $$, 'one row: too_few');
SELECT results_eq($$ SELECT (b).observations, (b).exceptions, (b).zone, (b).independence_statistic IS NULL, (b).dynamic_quantile_statistic IS NULL,
                            (b).z1 IS NULL, (b).z2, (b).e_value_var, (b).coverage_p_value > 0.5
                     FROM (SELECT backtest(pnl, var, es, 0.99) b FROM book WHERE i = 1) q $$,
                  $$ VALUES (1::bigint, 0::bigint, 'green', true, true, true, 1::float8, 1::float8, true) $$, 'backtest of one row');
SELECT results_eq($$ SELECT (b).exceptions, (b).zone, (b).independence_p_value, (b).z1 IS NULL, (b).z2, (b).e_value_es, (b).conditional_p_value < 0.09
                     FROM (SELECT backtest(0.1, 1, 2, 0.99) b FROM book LIMIT 250) q $$,
                  $$ VALUES (0::bigint, 'green', 1::float8, true, 1::float8, 1::float8, true) $$, 'backtest without exceptions');
SELECT results_eq($$ SELECT n11, independence_statistic > 0 FROM (SELECT (christoffersen_test(CASE WHEN i % 100 = 0 THEN -9 ELSE 1 END, 1, 0.99 ORDER BY i)).* FROM book) q $$,
                  $$ VALUES (0::bigint, true) $$, 'Christoffersen with n11 = 0');
SELECT results_eq($$ SELECT (dynamic_quantile_test(pnl, 1, 0.95 ORDER BY i)).status, (dynamic_quantile_test(0, var, 0.95 ORDER BY i)).degrees_of_freedom FROM book $$,
                  $$ VALUES ('singular', 2::float8) $$, 'dynamic quantile test with a constant VaR, and without exceptions');
SELECT results_eq($$ SELECT (jarque_bera_test(1)).status, (ljung_box_test(1, 2)).status, (arch_lm_test(1, 2)).status, (diebold_mariano_test(var, var)).status FROM book $$,
                  $$ VALUES ('constant', 'constant', 'constant', 'constant') $$, 'no variation: constant');
SELECT ok(kupiec_test_counts(0, 0, 0.9) IS NULL AND traffic_light_zones(0, 0.9) IS NULL AND traffic_light_counts(0, 0, 0.9) IS NULL
          AND tuff_test_counts(0, 0, 0.9) IS NULL, 'counts of no observations: NULL');
SELECT results_eq('SELECT observations, first_exception, expected_first_exception FROM tuff_test_counts(0, 30, 0.99)',
                  'VALUES (30::bigint, NULL::bigint, 100::float8)', 'no first exception');

-- the forms on counts agree with the aggregates
SELECT is((SELECT kupiec_test(pnl, var, 0.95)::text FROM book),
          (SELECT kupiec_test_counts(count(*) FILTER (WHERE -pnl > var), count(*), 0.95)::text FROM book), 'kupiec_test_counts');
SELECT is((SELECT traffic_light(pnl, var, 0.99)::text FROM book WHERE i <= 250),
          (SELECT traffic_light_counts(count(*) FILTER (WHERE -pnl > var), 250, 0.99)::text FROM book WHERE i <= 250), 'traffic_light_counts');
SELECT is((SELECT tuff_test(pnl, var, 0.99 ORDER BY i)::text FROM book),
          (SELECT tuff_test_counts((SELECT min(i) FROM book WHERE -pnl > var), 400, 0.99)::text), 'tuff_test_counts');
SELECT results_eq('SELECT zone, plus_factor, multiplier_1996, multiplier_2019 FROM traffic_light_counts(7, 250, 0.99)',
                  'VALUES (''yellow'', 0.65::float8, 3.65::float8, 1.83::float8)', 'multipliers of the Basel case');
SELECT ok((SELECT multiplier_1996 IS NULL AND zone = 'yellow' FROM traffic_light_counts(8, 365, 0.99)), 'no multipliers beside it');
SELECT is((SELECT multinomial_es_test(pnl, array[var], 0.95)::text FROM book),
          (SELECT multinomial_es_test(CASE WHEN -pnl > var THEN 0.01 ELSE 0.9 END, 1, 0.95)::text FROM book), 'the two forms of multinomial_es_test');

-- windows: moving = started anew = plain
SELECT is(count(*) FILTER (WHERE k IS DISTINCT FROM k2 OR t IS DISTINCT FROM t2), 0::bigint, 'moving frames = recomputed frames')
FROM (SELECT kupiec_test(pnl, var, 0.95) OVER w k, kupiec_test(pnl + 0 * random(), var, 0.95) OVER w k2,
             traffic_light(pnl, var, 0.95) OVER w t, traffic_light(pnl + 0 * random(), var, 0.95) OVER w t2
      FROM (SELECT i, CASE WHEN i % 50 = 7 THEN NULL WHEN i IN (120, 121) THEN 'NaN' ELSE pnl END pnl, var FROM book) b
      WINDOW w AS (ORDER BY i ROWS BETWEEN 30 PRECEDING AND 3 PRECEDING)) q;
SELECT is(count(*) FILTER (WHERE w IS DISTINCT FROM p), 0::bigint, 'a growing frame = the plain aggregate of its rows')
FROM (SELECT i, concat_ws(' ', christoffersen_test(pnl, var, 0.95) OVER w, tuff_test(pnl, var, 0.95) OVER w, e_process_es(pnl, var, es, 0.95) OVER w,
                          dynamic_quantile_test(pnl, var, 0.95) OVER w, acerbi_szekely_test(pnl, var, es, 0.95) OVER w,
                          adaptive_conformal_level(-pnl > var, 0.95, 0.01) OVER w, multinomial_es_test(pnl, array[var, 1.5 * var], 0.95) OVER w,
                          ljung_box_test(pnl, 4) OVER w, jarque_bera_test(pnl) OVER w, backtest(pnl, var, es, 0.95) OVER w) w
      FROM book WINDOW w AS (ORDER BY i)) q,
     LATERAL (SELECT concat_ws(' ', christoffersen_test(pnl, var, 0.95 ORDER BY i), tuff_test(pnl, var, 0.95 ORDER BY i), e_process_es(pnl, var, es, 0.95 ORDER BY i),
                          dynamic_quantile_test(pnl, var, 0.95 ORDER BY i), acerbi_szekely_test(pnl, var, es, 0.95 ORDER BY i),
                          adaptive_conformal_level(-pnl > var, 0.95, 0.01 ORDER BY i), multinomial_es_test(pnl, array[var, 1.5 * var], 0.95 ORDER BY i),
                          ljung_box_test(pnl, 4 ORDER BY i), jarque_bera_test(pnl ORDER BY i), backtest(pnl, var, es, 0.95 ORDER BY i)) p
              FROM book b WHERE b.i <= q.i) r
WHERE i % 23 = 1;

-- bets may be the row's own; the log of the wealth adds up
SELECT ok((SELECT abs(e_process_var(pnl, var, 0.95, CASE WHEN i % 2 = 0 THEN 0.03 ELSE 0 END ORDER BY i)
                      / exp(sum(CASE WHEN i % 2 = 0 THEN ln(CASE WHEN -pnl > var THEN 0.97 + 0.03 * 20 ELSE 0.97 END) ELSE 0 END)) - 1) < 1e-12
           FROM book), 'lambda may differ from row to row');
SELECT is((SELECT e_process_es(-5, 1, 1, 0.99, 0.1)), 1.7976931348623157e308::float8, 'ES = VaR below the loss is infinite evidence: the largest double');

-- parallel = serial, to the last bit, and really parallel
CREATE TABLE big AS
SELECT i, i % 5 AS g, sin(i * 0.37) * (i % 101) AS pnl, 60 + i % 7 AS var, 80 + i % 11 AS es FROM generate_series(1, 120000) i;
ANALYZE big;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION in_any_order(workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    SELECT string_agg(q::text, ' ' ORDER BY g) INTO answer
    FROM (SELECT g, kupiec_test(pnl, var, 0.95), traffic_light(pnl, var, 0.95), acerbi_szekely_test(pnl, var, es, 0.95),
                 jarque_bera_test(pnl), kupiec_test(CASE WHEN g = 3 THEN NULL ELSE pnl END, var, 0.9)
          FROM big GROUP BY g) q;
    RETURN answer;
END $$;
SELECT is(in_any_order(n), in_any_order(0), n || ' workers = serial, to the last bit') FROM generate_series(1, 2) n;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(plan_of('SELECT ' || a || ' FROM big'), 'Finalize.*Workers Launched: [12].*Partial', a || ' runs in workers')
FROM unnest(ARRAY['kupiec_test(pnl, var, 0.99)', 'traffic_light(pnl, var, 0.99)', 'acerbi_szekely_test(pnl, var, es, 0.99)',
                  'jarque_bera_test(pnl)']) a;
SELECT ok(position('Partial Aggregate' in plan_of('SELECT ' || a || ' FROM big')) = 0, a || ' does not')
FROM unnest(ARRAY['christoffersen_test(pnl, var, 0.99)', 'tuff_test(pnl, var, 0.99)', 'e_process_var(pnl, var, 0.99)',
                  'backtest(pnl, var, es, 0.99)', 'ljung_box_test(pnl, 3)']) a;
SELECT throws_ok('SELECT kupiec_test(pnl, var, CASE WHEN i < 60000 THEN 0.99 ELSE 0.9 END) FROM big', '22023', NULL,
                 'workers that met different confidences do not merge');
SET LOCAL max_parallel_workers_per_gather = 0;

-- SQLSTATEs
SELECT throws_ok(format('SELECT %s FROM book', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('kupiec_test(pnl, var, 1)', '22023'), ('kupiec_test(pnl, var, NULL)', '22004'), ('kupiec_test(pnl, var, ''NaN'')', '22023'),
             ('tuff_test(pnl, var, 0)', '22023'), ('christoffersen_test(pnl, var, 2)', '22023'), ('traffic_light(pnl, var, -1)', '22023'),
             ('christoffersen_test(pnl, var, CASE WHEN i > 9 THEN 0.9 ELSE 0.8 END)', '22023'),
             ('dynamic_quantile_test(pnl, var, 0.95, -1)', '22023'), ('dynamic_quantile_test(pnl, var, 0.95, 1001)', '22023'),
             ('dynamic_quantile_test(pnl, var, 0.95, NULL)', '22004'), ('dynamic_quantile_test(pnl, var, 7)', '22023'),
             ('acerbi_szekely_test(pnl, var, -es, 0.95)', '22023'), ('acerbi_szekely_test(pnl, 2 * es, es, 0.95)', '22023'),
             ('acerbi_szekely_test(pnl, -1, 0, 0.95)', '22023'), ('acerbi_szekely_test(pnl, var, es, 1.5)', '22023'),
             ('acerbi_szekely_test(-1e300, 1e-300, 1e-300, 0.95)', '22003'),
             ('multinomial_es_test(pnl, ''{}''::float8[], 0.95)', '22023'), ('multinomial_es_test(pnl, ''{{1},{2}}''::float8[], 0.95)', '2202E'),
             ('multinomial_es_test(pnl, ''{1,NULL}''::float8[], 0.95)', '22004'), ('multinomial_es_test(pnl, array_fill(1::float8, array[1 + i % 2]), 0.95)', '2202E'),
             ('multinomial_es_test(2, 4, 0.95)', '22023'), ('multinomial_es_test(0.5, 0, 0.95)', '22023'), ('multinomial_es_test(0.5, NULL::int, 0.95)', '22004'),
             ('multinomial_es_test(0.5, 2, NULL)', '22004'), ('multinomial_es_test(0.5, 2, 1)', '22023'), ('multinomial_es_test(pnl, array[var], 1)', '22023'),
             ('e_process_var(pnl, var, 0.95, 1)', '22023'), ('e_process_var(pnl, var, 0.95, NULL)', '22004'), ('e_process_var(pnl, var, NULL)', '22004'),
             ('e_process_es(pnl, var, var - 1, 0.95)', '22023'), ('e_process_es(pnl, var, es, 1)', '22023'),
             ('e_process_es(pnl, var, es, 0.95, ''NaN'')', '22023'),
             ('adaptive_conformal_level(true, 1, 0.1)', '22023'), ('adaptive_conformal_level(true, 0.9, 0)', '22023'), ('adaptive_conformal_level(true, 0.9, NULL)', '22004'),
             ('ljung_box_test(pnl, 0)', '22023'), ('ljung_box_test(pnl, NULL)', '22004'), ('ljung_box_test(pnl, 5, 5)', '22023'), ('ljung_box_test(pnl, i)', '22023'),
             ('arch_lm_test(pnl, 0)', '22023'), ('arch_lm_test(pnl, 2000)', '22023'), ('diebold_mariano_test(pnl, var, -1)', '22023'),
             ('backtest(pnl, var, es, 1)', '22023'), ('backtest(pnl, var, 0, 0.9)', '22023'), ('backtest(pnl, var, es, NULL)', '22004'),
             ('backtest(-1e308, 1e-10, 1e-10, 0.999)', '22003'),
             ('kupiec_test_counts(5, 4, 0.9)', '22023'), ('kupiec_test_counts(-1, 4, 0.9)', '22023'), ('kupiec_test_counts(1, 4, 1)', '22023'),
             ('tuff_test_counts(5, 4, 0.9)', '22023'), ('traffic_light_counts(5, 4, 0.9)', '22023'), ('traffic_light_zones(-1, 0.9)', '22023'),
             ('pinball_loss(1, 1, 1)', '22023'), ('fz0_loss(1, 1, -1, 0.9)', '22023'), ('fz0_loss(1, 3, 2, 0.9)', '22023'), ('fz0_loss(-1e308, 1e-9, 1e-9, 0.9)', '22003'),
             ('acerbi_szekely_critical(''z4'', 250, 0.975, 5, 0.05)', '22023'), ('acerbi_szekely_rank_test(pnl, 0, 0, 0.95)', '22023'),
             ('acerbi_szekely_rank_test(pnl, 1e6, 1, 0.95)', '22023'), ('acerbi_szekely_rank_test(pnl, 0, 1, 0.95, 1)', '22023'), ('acerbi_szekely_rank_test(pnl, 0, 1, 1)', '22023'), ('acerbi_szekely_critical(''z2'', 0, 0.975, 5, 0.05)', '22023'),
             ('acerbi_szekely_critical(''z2'', 250, 0.975, 1, 0.05)', '22023'), ('acerbi_szekely_critical(''z2'', 250, 0.975, 5, 0)', '22023'),
             ('acerbi_szekely_critical(''z2'', 250, 1, 5, 0.05)', '22023'), ('acerbi_szekely_critical(''z2'', 250, 0.975, 5, 0.05, 0)', '22023'),
             ('acerbi_szekely_p_value(''z2'', -1, 250, 0.975, ''NaN'')', '22023'),
             ('multinomial_es_levels(1, 3)', '22023'), ('multinomial_es_levels(0.9, 0)', '22023')) v (call, state);
SELECT is(multinomial_es_levels(0.975, 4), '{0.975,0.98125,0.9875,0.99375}', 'levels');
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT backtest(pnl, var, es, 0.9) FROM big', '54000', NULL, 'a state above the limit is 54000');
SELECT throws_ok('SELECT arch_lm_test(pnl, 1000) FROM big WHERE i < 20000', '54000', NULL, 'so is work space');
SELECT lives_ok('SELECT kupiec_test(pnl, var, 0.9), e_process_var(pnl, var, 0.9), christoffersen_test(pnl, var, 0.9) FROM big', 'counts need no room');
SET LOCAL margin_calib.max_state_mb = 1024;

-- rights, labels, comments
SELECT is((SELECT array_agg(p.proname::text ORDER BY 1) FROM pg_proc p
           WHERE pronamespace = 'margin_calib'::regnamespace AND 'internal'::regtype = ANY (proargtypes::oid[])
             AND has_function_privilege('public', p.oid, 'EXECUTE') AND p.proname ~ '^(exception|kupiec|tuff|christof|traffic|dynamic|adaptive|acerbi|multinomial|e_process|backtest|jarque|ljung|arch|diebold)'),
          NULL, 'support functions are not for the public');
SELECT is((SELECT array_agg(DISTINCT concat(a.aggfinalmodify, p.proparallel, p.provolatile)) FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
           WHERE p.pronamespace = 'margin_calib'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NOT NULL
             AND p.proname ~ '^(kupiec|tuff|christof|traffic|dynamic|adaptive|acerbi|multinomial|e_process|backtest|jarque|ljung|arch|diebold)' HAVING count(*) = 23),
          '{rsi}', 'the aggregates have read-only finals and comments, and are parallel safe');

-- cancels
\ir lib/cancelled.sql
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.cancelled('SELECT acerbi_szekely_critical(''z2'', 5000, 0.975, 5, 0.05, 10000000)'), 'cancelled', 'a cancel of a simulation');
SELECT is(pg_temp.cancelled('SELECT acerbi_szekely_critical(''z2'', 1000000, 0.5, ''Infinity'', 0.05, 10000)'), 'cancelled', 'a cancel of a table of counts');
SELECT is(pg_temp.cancelled('SELECT arch_lm_test(pnl, 120) FROM big'), 'cancelled', 'a cancel of a regression');
SELECT is(pg_temp.cancelled('SELECT ljung_box_test(pnl, 1000) FROM big'), 'cancelled', 'a cancel of autocorrelations');
SET LOCAL statement_timeout = 0;

SELECT * FROM finish();
ROLLBACK;
