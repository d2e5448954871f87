-- Performance ratios and drawdowns: NULL, NaN, undefined, errors, windows, order, parallel plans. Numbers are held against
-- their sources in test/unit and test/oracle/ratios.py.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT abs(a - b) <= 1e-9 * abs(b) $$;

-- C. R. Bacon (2008), as in PerformanceAnalytics' portfolio_bacon.csv, percent
CREATE TABLE bacon AS
SELECT i, x / 100 AS r FROM unnest('{0.3,2.6,1.1,-1.0,1.5,2.5,1.6,6.7,-1.4,4.0,-0.5,8.1,4.0,-3.7,-6.1,1.7,-4.9,-2.2,7.0,5.8,-6.5,2.4,-0.5,-0.9}'::float8[])
     WITH ORDINALITY AS u (x, i);
SELECT is(round(downside_deviation(r, 0.005)::numeric, 4), 0.0255, 'Bacon: downside deviation') FROM bacon;
SELECT is(round(downside_potential(r, 0.005)::numeric, 4), 0.0137, 'Bacon: downside potential') FROM bacon;
SELECT ok(near(sortino_ratio(r, 0.005), 0.15663707566), 'Bacon: Sortino ratio') FROM bacon;
SELECT ok(near(sortino_ratio(r, 0), 0.22360679775), 'four returns: Sortino ratio') FROM unnest('{0.01,-0.02,0.03,-0.01}'::float8[]) r;
SELECT ok(near(omega_ratio(r, 0), 4.0 / 3) AND near(sharpe_ratio(r, 0), 0.0025 / sqrt(0.001475 / 3)), 'omega and Sharpe by hand')
FROM unnest('{0.01,-0.02,0.03,-0.01}'::float8[]) r;
SELECT ok(near(sharpe_ratio(r, 0.001, 12), sharpe_ratio(r, 0.001) * sqrt(12)) AND near(sortino_ratio(r, 0.001, 12), sortino_ratio(r, 0.001) * sqrt(12))
          AND near(downside_deviation(r, 0.001, 12), downside_deviation(r, 0.001) * sqrt(12)), 'a year') FROM bacon;
SELECT ok(near(sharpe_ratio(r, r / 2), sharpe_ratio(r / 2, 0)), 'the risk-free rate may be a column') FROM bacon;
SELECT is((sharpe_ratio_test(r, 0.001)).sharpe_ratio, sharpe_ratio(r, 0.001), 'the test has the ratio') FROM bacon;
SELECT is(sharpe_ratio_test(r, 0)::text, sharpe_ratio_test(r, 0, 0.95, 'mertens')::text, 'its defaults') FROM bacon;
SELECT ok((t).lower < (t).sharpe_ratio AND near((t).sharpe_ratio - (t).lower, (t).upper - (t).sharpe_ratio)
          AND near(((t).upper - (t).lower) / 2, 2.5758293035489 * (t).standard_error)
          AND near((t).standard_error, sqrt((1 + (t).sharpe_ratio ^ 2 / 2) / 24)), 'the interval of Lo')
FROM (SELECT sharpe_ratio_test(r, 0, 0.99, 'lo') AS t FROM bacon) q;

-- undefined is NULL, NaN is NaN
CREATE TABLE cases AS SELECT name, v.a AS a FROM (VALUES ('empty', '{NULL}'::float8[]), ('one gain', '{0.01}'), ('one loss', '{-0.01}'),
    ('equal', '{0.1,0.1,0.1}'), ('gains', '{0.1,0.2}'), ('nan', '{0.1,-0.2,NaN}'), ('infinite', '{0.1,Infinity}')) v (name, a);
SELECT is(format('%s %s %s %s %s %s %s', sharpe_ratio(r, 0), downside_deviation(r, 0), downside_potential(r, 0), sortino_ratio(r, 0), omega_ratio(r, 0),
                 maximum_drawdown_of_returns(r), calmar_ratio(r, 1)), want, 'sharpe, deviation, potential, sortino, omega, drawdown, calmar: ' || name)
FROM cases JOIN (VALUES ('empty', '      '), ('one gain', ' 0 0   0 '), ('one loss', ' 0.01 0.01 -1 0 0.01 -1'), ('equal', ' 0 0   0 '),
                        ('gains', '2.1213203435596424 0 0   0 '), ('nan', 'NaN NaN NaN NaN NaN NaN NaN'),
                        ('infinite', 'NaN NaN NaN NaN NaN NaN NaN')) w (name, want) USING (name),
     LATERAL unnest(a) r GROUP BY name, want;
SELECT is(sharpe_ratio_test(r, 0)::text, want, 'sharpe_ratio_test: ' || name)
FROM cases JOIN (VALUES ('empty', NULL), ('one gain', '(1,,,,,,,)'), ('equal', '(3,,,,,,,)'), ('nan', '(3,NaN,NaN,NaN,NaN,NaN,NaN,NaN)')) w (name, want) USING (name),
     LATERAL unnest(a) r GROUP BY name, want;
SELECT is(sharpe_ratio(r, f), sharpe_ratio(r, 0.01) FILTER (WHERE f IS NOT NULL), 'a row with a NULL is skipped')
FROM (VALUES (0.1::float8, 0.01::float8), (NULL, 0.01), (0.3, NULL), (0.2, 0.01), (-0.1, 0.01)) v (r, f);

-- drawdowns of a curve
CREATE TABLE curve AS SELECT i, v FROM unnest('{10,12,9,12,6,NULL,8,13,13,12}'::float8[]) WITH ORDINALITY AS u (v, i);
SELECT is(maximum_drawdown(v ORDER BY i), 0.5::float8, 'maximum_drawdown') FROM curve;
SELECT is(drawdown_summary(v ORDER BY i)::text, '(9,0.5,12,4,6,5,7,0.07692307692307693)', 'drawdown_summary') FROM curve;
SELECT is(array_agg(d ORDER BY i), '{0,0,0.25,0,0.5,NULL,0.3333333333333333,0,0,0.07692307692307693}', 'the window function')
FROM (SELECT i, drawdown(v) OVER (ORDER BY i) AS d FROM curve) q;
SELECT is(array_agg(d ORDER BY i), '{0,0,0.25,0.25,0.5,0.5,0.5,0.5,0.5,0.5}', 'the maximum so far')
FROM (SELECT i, maximum_drawdown(v) OVER (ORDER BY i) AS d FROM curve) q;
SELECT is(max(d), 0.5::float8, 'its frame does not matter') FROM (SELECT drawdown(v) OVER (ORDER BY i ROWS 0 PRECEDING) AS d FROM curve) q;
SELECT is(array_agg(d ORDER BY i), '{0,0,0,0.5}', 'each partition has its own peak')
FROM (SELECT i, drawdown(v) OVER (PARTITION BY i > 2 ORDER BY i) AS d FROM (VALUES (1, 5::float8), (2, 6), (3, 2), (4, 1)) c (i, v)) q;
SELECT is(maximum_drawdown(v), 0::float8, 'no fall') FROM generate_series(1, 5) v;
SELECT is(drawdown_summary(v)::text, '(5,0,,,,,,0)', 'no fall, summary') FROM generate_series(1, 5) v;
SELECT is(drawdown_summary(v)::text, '(2,0.5,4,1,2,2,,0.5)', 'no recovery') FROM unnest('{4,2}'::float8[]) v;
SELECT is(drawdown_summary(v)::text, '(3,NaN,,,,,,NaN)', 'NaN in the summary') FROM unnest('{1,NaN,2}'::float8[]) v;
SELECT is(maximum_drawdown(v), 'NaN', 'NaN') FROM unnest('{1,Infinity,2}'::float8[]) v;
SELECT is(format('%s %s', maximum_drawdown(v), drawdown_summary(v)), ' ', 'no values') FROM unnest('{NULL}'::float8[]) v;
SELECT is(array_agg(d ORDER BY i), '{0,NaN,NaN,NULL,NaN}', 'the peak is not known after a NaN')
FROM (SELECT i, drawdown(v) OVER (ORDER BY i) AS d FROM unnest('{1,NaN,2,NULL,3}'::float8[]) WITH ORDINALITY AS u (v, i)) q;
-- of returns and of the wealth that they make
SELECT ok(near(maximum_drawdown_of_returns(r ORDER BY i), (SELECT maximum_drawdown(w ORDER BY i) FROM (SELECT 0 AS i, 1 AS w UNION ALL
          SELECT i, exp(sum(ln(1 + r)) OVER (ORDER BY i)) FROM bacon) q)), 'drawdown of returns = drawdown of their wealth') FROM bacon;
SELECT is(maximum_drawdown_of_returns(r), 0.25::float8, 'the first return counts') FROM unnest('{-0.25,0.5}'::float8[]) r;
SELECT ok(near(calmar_ratio(r, 2), (1.5 * 0.75 - 1) / 0.25), 'Calmar ratio: annual return / drawdown') FROM unnest('{0.5,-0.25}'::float8[]) r;

-- errors
SELECT throws_ok(format('SELECT %s FROM bacon', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('sharpe_ratio(r, 0, 0)', '22023'), ('sharpe_ratio(r, 0, ''NaN'')', '22023'), ('sharpe_ratio(r, 0, NULL)', '22004'),
             ('sharpe_ratio_test(r, 0, 1, ''lo'')', '22023'), ('sharpe_ratio_test(r, 0, 0.9, ''iid'')', '22023'),
             ('sortino_ratio(r, ''NaN'')', '22023'), ('sortino_ratio(r, NULL)', '22004'), ('sortino_ratio(r, i)', '22023'), ('sortino_ratio(r, 0, -1)', '22023'),
             ('omega_ratio(r, ''Infinity'')', '22023'), ('downside_deviation(r, 0, 0)', '22023'), ('downside_potential(r, NULL)', '22004'),
             ('calmar_ratio(r, 0)', '22023'), ('calmar_ratio(r, NULL)', '22004'), ('calmar_ratio(r, i)', '22023'), ('calmar_ratio(100 * r, 12)', '22023'),
             ('calmar_ratio(r, 1e9)', '22003'), ('maximum_drawdown_of_returns(-1.01 + r * 0)', '22023'), ('maximum_drawdown_of_returns(r - ''Infinity''::float8)', '22023'),
             ('maximum_drawdown(r)', '22023'), ('maximum_drawdown(r * 0)', '22023'), ('drawdown_summary(r)', '22023'), ('drawdown(r) OVER (ORDER BY i)', '22023'),
             ('drawdown(1 + r)', '42809'), ('sharpe_ratio(r * 1e308 * 9, -r * 1e308 * 9)', '22003')) v (call, state);

-- order of arrival and workers change no digit
CREATE TABLE big AS SELECT i, i % 3 AS g, sin(i * 0.37) * (i % 101) / 1e3 AS r, 1e-5 * (i % 7) AS f FROM generate_series(1, 60000) i;
ANALYZE big;
CREATE FUNCTION everything() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(q::text, ' ' ORDER BY g)
    FROM (SELECT g, sharpe_ratio(r, f), sharpe_ratio(r, f, 252), sharpe_ratio_test(r, f), sharpe_ratio_test(r, f, 0.9, 'lo'), downside_deviation(r, 1e-4),
                 downside_deviation(r, 1e-4, 252), downside_potential(r, 1e-4), sortino_ratio(r, 1e-4), sortino_ratio(r, 1e-4, 252), omega_ratio(r, 1e-4)
          FROM big GROUP BY g) q
$$;
SELECT is((SELECT sharpe_ratio_test(r, f ORDER BY i)::text || sortino_ratio(r, 1e-4 ORDER BY i)::text || omega_ratio(r, 1e-4 ORDER BY i)::text FROM big),
          (SELECT sharpe_ratio_test(r, f ORDER BY r)::text || sortino_ratio(r, 1e-4 ORDER BY r)::text || omega_ratio(r, 1e-4 ORDER BY r)::text FROM big),
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
SELECT ok(position('Partial Aggregate' IN plan_of('SELECT ' || a || ' FROM big')) > 0, a || ' runs in workers')
FROM unnest(ARRAY['sharpe_ratio(r, f)', 'sharpe_ratio(r, f, 252)', 'sharpe_ratio_test(r, f)', 'sharpe_ratio_test(r, f, 0.9, ''lo'')', 'downside_deviation(r, 0)',
                  'downside_deviation(r, 0, 252)', 'downside_potential(r, 0)', 'sortino_ratio(r, 0)', 'sortino_ratio(r, 0, 252)', 'omega_ratio(r, 0)']) a;
SELECT ok(position('Partial' IN plan_of('SELECT ' || a || ' FROM big')) = 0, a || ' does not')
FROM unnest(ARRAY['maximum_drawdown(1 + r)', 'drawdown_summary(1 + r)', 'maximum_drawdown_of_returns(r)', 'calmar_ratio(r, 252)']) a;

SELECT * FROM finish();
ROLLBACK;
