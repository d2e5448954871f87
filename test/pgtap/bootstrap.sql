-- bootstrap_... and block_bootstrap_...: rules of the input, SQLSTATEs, seeds, order, parallel plans, cancel.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE TABLE series AS SELECT i, sin(i * 1.3) * cos(i * i * 0.7) + CASE WHEN i % 50 = 0 THEN -1 ELSE 0 END AS r FROM generate_series(1, 500) i;

-- every form answers
SELECT ok((b).lower <= (b).upper AND (b).standard_error > 0 AND (b).level = level AND (b).replications = 200 AND (b).estimate = estimate, name)
FROM (SELECT value_at_risk(r, 0.9) AS v, expected_shortfall(r, 0.9) AS e, volatility(r) AS s,
             bootstrap_value_at_risk(r, 0.9, 200, 1) AS b1, bootstrap_value_at_risk(r, 0.9, 200, 1, 0.8) AS b2,
             bootstrap_value_at_risk(r, 0.9, 200, 1, 0.8, 'bca') AS b3,
             bootstrap_expected_shortfall(r, 0.9, 200, 1) AS b4, bootstrap_expected_shortfall(r, 0.9, 200, 1, 0.8) AS b5,
             bootstrap_expected_shortfall(r, 0.9, 200, 1, 0.8, 'basic') AS b6,
             bootstrap_volatility(r, 200, 1) AS b7, bootstrap_volatility(r, 200, 1, 0.8) AS b8,
             bootstrap_volatility(r, 200, 1, 0.8, 'percentile') AS b9,
             block_bootstrap_value_at_risk(r, 0.9, 'stationary', 5, 200, 1 ORDER BY i) AS c1,
             block_bootstrap_value_at_risk(r, 0.9, 'circular', 5, 200, 1, 0.8 ORDER BY i) AS c2,
             block_bootstrap_expected_shortfall(r, 0.9, 'moving', 5, 200, 1 ORDER BY i) AS c3,
             block_bootstrap_expected_shortfall(r, 0.9, 'stationary', 5.5, 200, 1, 0.8 ORDER BY i) AS c4,
             block_bootstrap_volatility(r, 'circular', 5, 200, 1 ORDER BY i) AS c5,
             block_bootstrap_volatility(r, 'moving', 5, 200, 1, 0.8 ORDER BY i) AS c6
      FROM series) q,
     LATERAL (VALUES ('VaR', b1, 0.95, v), ('VaR, level', b2, 0.8, v), ('VaR, BCa', b3, 0.8, v), ('ES', b4, 0.95, e),
                     ('ES, level', b5, 0.8, e), ('ES, basic', b6, 0.8, e), ('volatility', b7, 0.95, s),
                     ('volatility, level', b8, 0.8, s), ('volatility, percentile', b9, 0.8, s), ('VaR, stationary', c1, 0.95, v),
                     ('VaR, circular, level', c2, 0.8, v), ('ES, moving', c3, 0.95, e), ('ES, stationary, level', c4, 0.8, e),
                     ('volatility, circular', c5, 0.95, s), ('volatility, moving, level', c6, 0.8, s)) f (name, b, level, estimate);

-- NULL, NaN, too few
SELECT is((SELECT bootstrap_volatility(r, 50, 7)::text FROM (SELECT r FROM series UNION ALL SELECT NULL) q),
          (SELECT bootstrap_volatility(r, 50, 7)::text FROM series), 'NULL is skipped');
SELECT is((SELECT block_bootstrap_volatility(r, 'moving', 4, 50, 7 ORDER BY i)::text FROM (SELECT * FROM series UNION ALL SELECT 99, NULL) q),
          (SELECT block_bootstrap_volatility(r, 'moving', 4, 50, 7 ORDER BY i)::text FROM series), 'NULL is skipped between blocks too');
SELECT is((SELECT bootstrap_value_at_risk(r, 0.9, 50, 7) IS NULL FROM series WHERE false), true, 'no rows give NULL');
SELECT is((SELECT bootstrap_value_at_risk(NULL, 0.9, 50, 7) IS NULL FROM series), true, 'only NULL gives NULL');
SELECT is((SELECT bootstrap_volatility(r, 50, 7) IS NULL FROM series WHERE i = 1), true, 'one return has no volatility');
SELECT is((SELECT bootstrap_expected_shortfall(r, 0.9, 50, 7)::text FROM (VALUES (-2.5::float8)) v (r)), '(2.5,0,0,2.5,2.5,0.95,50)', 'one P&L is its own ES');
SELECT is((SELECT bootstrap_expected_shortfall(r, 0.9, 1, 7)::text FROM (VALUES (-2.5::float8)) v (r)), '(2.5,,0,2.5,2.5,0.95,1)', 'one replication has no standard error');
SELECT is((SELECT block_bootstrap_volatility(r, 'circular', 6, 50, 7) IS NULL FROM series WHERE i <= 5), true, 'fewer rows than a block give NULL');
SELECT is((SELECT optimal_block_length(r ORDER BY i) IS NULL FROM series WHERE i <= 8), true, 'eight rows have no block length');
SELECT is((SELECT optimal_block_length(1 ORDER BY i) IS NULL FROM series), true, 'nor have equal ones');
SELECT is(format('%s %s %s', bootstrap_value_at_risk(x, 0.9, 50, 7), block_bootstrap_volatility(x, 'moving', 2, 50, 7), optimal_block_length(x)),
          '(NaN,NaN,NaN,NaN,NaN,0.95,50) (NaN,NaN,NaN,NaN,NaN,0.95,50) (NaN,NaN)', bad || ' gives NaN')
FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) bad, LATERAL (VALUES (1::float8), (bad), (3)) v (x) GROUP BY bad;

-- seeds and order
SELECT is((SELECT bootstrap_expected_shortfall(r, 0.9, 50, 7 ORDER BY r)::text FROM series),
          (SELECT bootstrap_expected_shortfall(r, 0.9, 50, 7 ORDER BY md5(i::text))::text FROM series), 'the order of independent rows is no matter');
SELECT isnt((SELECT bootstrap_expected_shortfall(r, 0.9, 50, 7)::text FROM series),
            (SELECT bootstrap_expected_shortfall(r, 0.9, 50, 8)::text FROM series), 'another seed gives other digits');
SELECT isnt((SELECT block_bootstrap_volatility(r, 'circular', 9, 50, 7 ORDER BY i)::text FROM series),
            (SELECT block_bootstrap_volatility(r, 'circular', 9, 50, 7 ORDER BY i DESC)::text FROM series), 'that of blocks is');
SELECT is((SELECT block_bootstrap_volatility(r, 'circular', 9.4, 50, 7 ORDER BY i)::text FROM series),
          (SELECT block_bootstrap_volatility(r, 'circular', 9, 50, 7 ORDER BY i)::text FROM series), 'their length is rounded');
SELECT is((SELECT bootstrap_volatility(r, 50, -1)::text FROM series),
          (SELECT (bootstrap_volatility(r, 50, -1) OVER ())::text FROM series LIMIT 1), 'a window gives the same');

-- parallel
CREATE TABLE big AS SELECT i, i % 5 AS g, sin(i * 0.37) * (i % 101) AS r FROM generate_series(1, 40000) i;
ANALYZE big;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION everything(workers int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    RETURN (SELECT string_agg(q::text, ' ' ORDER BY g) FROM (
        SELECT g, bootstrap_value_at_risk(r, 0.99, 20, 5), bootstrap_expected_shortfall(r, 0.975, 20, 5, 0.9),
               bootstrap_volatility(r, 20, 5), bootstrap_volatility(r, 20, 5, 0.9, 'bca') FROM big GROUP BY g) q);
END $$;
SELECT is(everything(1), everything(0), 'one worker = serial, to the last bit');
SELECT is(everything(2), everything(0), 'two workers = serial, to the last bit');
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(position('Partial Aggregate' IN plan_of('SELECT ' || q || ' FROM big')) > 0, q || ' runs in workers')
FROM unnest('{"bootstrap_value_at_risk(r, 0.99, 5, 5)","bootstrap_expected_shortfall(r, 0.99, 5, 5, 0.9)","bootstrap_volatility(r, 5, 5, 0.9, ''bca'')"}'::text[]) q;
SELECT ok(position('Partial Aggregate' IN plan_of('SELECT ' || q || ' FROM big')) = 0, q || ' does not')
FROM unnest('{"block_bootstrap_volatility(r, ''moving'', 5, 5, 5)","optimal_block_length(r)"}'::text[]) q;

-- SQLSTATEs
SELECT throws_ok('SELECT ' || call || ' FROM series', state, NULL, call || ' is ' || state)
FROM (VALUES ('bootstrap_value_at_risk(r, 1, 9, 1)', '22023'), ('bootstrap_value_at_risk(r, ''NaN'', 9, 1)', '22023'),
             ('bootstrap_value_at_risk(r, 0.9, 0, 1)', '22023'), ('bootstrap_value_at_risk(r, 0.9, 1000001, 1)', '22023'),
             ('bootstrap_value_at_risk(r, 0.9, 9, 1, 1)', '22023'), ('bootstrap_value_at_risk(r, 0.9, 9, 1, ''NaN'')', '22023'),
             ('bootstrap_volatility(r, 9, 1, 0.9, ''exact'')', '22023'), ('bootstrap_volatility(r, 9, 1, 0.9, NULL)', '22004'),
             ('bootstrap_value_at_risk(r, NULL, 9, 1)', '22004'), ('bootstrap_value_at_risk(r, 0.9, 9, i)', '22023'),
             ('bootstrap_volatility(r * 1e308, 9, 1)', '22003'),
             ('block_bootstrap_volatility(r, ''daily'', 5, 9, 1)', '22023'), ('block_bootstrap_volatility(r, ''moving'', 0.9, 9, 1)', '22023'),
             ('block_bootstrap_volatility(r, ''moving'', ''NaN'', 9, 1)', '22023'), ('block_bootstrap_volatility(r, ''moving'', ''Infinity'', 9, 1)', '22023'),
             ('block_bootstrap_expected_shortfall(r, 0, ''moving'', 5, 9, 1)', '22023'),
             ('block_bootstrap_expected_shortfall(r, 0.9, NULL, 5, 9, 1, 0.9)', '22004')) v (call, state);
SAVEPOINT before;
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT bootstrap_volatility(r, 1000000, 1) FROM series', '54000', NULL, 'a million replications need more than 1 MB');
ROLLBACK TO before;
\ir lib/cancelled.sql
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.cancelled('SELECT bootstrap_expected_shortfall(r, 0.9, 1000000, 1) FROM big'), 'cancelled', 'a long bootstrap can be cancelled');
SELECT is(pg_temp.cancelled('SELECT block_bootstrap_volatility(r, ''stationary'', 5, 1000000, 1) FROM big'), 'cancelled', 'and so can one of blocks');
SET LOCAL statement_timeout = 0;
SELECT * FROM finish();
ROLLBACK;
