-- Methods of expected shortfall, weighted, age-weighted and parametric tails: a frame, a group and workers give
-- one answer; NULL, NaN, empty groups; SQLSTATEs; privileges; plans that are really parallel.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE TABLE series AS
SELECT kind, i,
       (CASE kind
        WHEN 'benign' THEN sin(i * 1.3) * cos(i * i * 0.7)
        WHEN 'outlier' THEN CASE WHEN i % 97 = 0 THEN 1e10 * sin(i) ELSE sin(i * 1.3) END
        WHEN 'constant' THEN -0.25
        WHEN 'ties' THEN (i * i) % 5 - 2
        WHEN 'nan' THEN CASE WHEN i % 61 = 0 THEN 'NaN' WHEN i % 89 = 0 THEN '-Infinity' ELSE cos(i * 2.1) END
        WHEN 'nulls' THEN CASE WHEN i % 5 = 0 OR i BETWEEN 100 AND 160 THEN NULL ELSE sin(i) END
        WHEN 'empty' THEN NULL
        ELSE sin(i) END)::float8 AS pnl,
       (i % 4)::float8 AS weight
FROM unnest('{benign,outlier,constant,ties,nan,nulls,empty,one}'::text[]) kind, generate_series(1, 250) i
WHERE kind <> 'one' OR i = 1;

-- NaN equals NaN, NULL equals NULL, else relative 1e-12
CREATE FUNCTION same(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
                WHEN a = b THEN true
                WHEN 'NaN' IN (a, b) THEN false
                ELSE abs(a / 2 - b / 2) <= 1e-12 * abs(b / 2) END
$$;

-- every aggregate, by the text of its call
CREATE TABLE calls (call text, has_order boolean DEFAULT false);
INSERT INTO calls VALUES
    ('expected_shortfall(pnl, 0.9, ''acerbi_tasche'')'), ('expected_shortfall(pnl, 0.9, ''order_statistic'')'),
    ('expected_shortfall(pnl, 0.93, ''below_var'')'), ('expected_shortfall(pnl, 0.93, ''empyrical'')'),
    ('value_at_risk_weighted(pnl, weight, 0.9)'), ('expected_shortfall_weighted(pnl, weight, 0.9)'),
    ('value_at_risk_normal(pnl, 0.99)'), ('expected_shortfall_normal(pnl, 0.99)'),
    ('value_at_risk_cornish_fisher(pnl, 0.99)'), ('expected_shortfall_cornish_fisher(pnl, 0.99)'),
    ('value_at_risk_student_t(pnl, 0.99)'), ('expected_shortfall_student_t(pnl, 0.99)'),
    ('value_at_risk_student_t(pnl, 0.99, 4)'), ('expected_shortfall_student_t(pnl, 0.99, 4)'),
    ('(student_t_fit(pnl)).scale'), ('skewness(pnl)'), ('skewness(pnl, ''sample'')'),
    ('excess_kurtosis(pnl)'), ('excess_kurtosis(pnl, ''sample'')');
INSERT INTO calls VALUES ('value_at_risk_age_weighted(pnl, 0.9, 0.97 ORDER BY i)', true),
    ('expected_shortfall_age_weighted(pnl, 0.9, 0.97 ORDER BY i)', true);

-- a frame against the plain aggregate over the same rows
CREATE FUNCTION frames_differ(call text, preceding int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    windowed text := replace(call, ' ORDER BY i', '');
    differ bigint;
BEGIN
    windowed := CASE WHEN windowed LIKE '(%' THEN '(student_t_fit(pnl) OVER w).scale' ELSE windowed || ' OVER w' END;
    EXECUTE format($q$
        SELECT count(*) FILTER (WHERE NOT same(framed, plain))
        FROM (SELECT kind, i, %s AS framed FROM series
              WINDOW w AS (PARTITION BY kind ORDER BY i ROWS %s PRECEDING)) m,
             LATERAL (SELECT %s AS plain FROM series s
                      WHERE s.kind = m.kind AND s.i BETWEEN m.i - %2$s AND m.i) p $q$,
        windowed, preceding, call) INTO differ;
    RETURN differ;
END $$;
SELECT is(frames_differ(call, 24), 0::bigint, 'a frame of 25 rows is the plain aggregate of its rows: ' || call) FROM calls;

-- expected_shortfall by method in frames that move in other ways
CREATE FUNCTION moving_differ(frame text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE differ bigint;
BEGIN
    -- a volatile argument keeps PostgreSQL from using the inverse function
    EXECUTE format($q$
        SELECT count(*) FILTER (WHERE NOT (same(a1, a2) AND same(b1, b2) AND same(c1, c2)))
        FROM (SELECT expected_shortfall(pnl, 0.85, 'order_statistic') OVER w AS a1,
                     expected_shortfall(pnl, 0.85, 'below_var') OVER w AS b1,
                     expected_shortfall(pnl, 0.85, 'empyrical') OVER w AS c1,
                     expected_shortfall(pnl + 0 * random(), 0.85, 'order_statistic') OVER w AS a2,
                     expected_shortfall(pnl + 0 * random(), 0.85, 'below_var') OVER w AS b2,
                     expected_shortfall(pnl + 0 * random(), 0.85, 'empyrical') OVER w AS c2
              FROM series WINDOW w AS (PARTITION BY kind ORDER BY i %s)) x $q$, frame) INTO differ;
    RETURN differ;
END $$;
SELECT is(moving_differ(frame), 0::bigint, 'moving = recomputed: ' || frame)
FROM unnest(ARRAY['ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING', 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
                  'ROWS BETWEEN 9 PRECEDING AND 3 PRECEDING', 'RANGE BETWEEN 15 PRECEDING AND 2 FOLLOWING',
                  'ROWS 0 PRECEDING', 'ROWS BETWEEN 15 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW']) frame;

-- one definition, several names
SELECT is(expected_shortfall(pnl, c, 'acerbi_tasche'), expected_shortfall(pnl, c), 'acerbi_tasche has the digits of no method: ' || kind || ' ' || c)
FROM series, unnest('{0.5,0.9,0.975}'::float8[]) c WHERE kind IN ('benign', 'ties') GROUP BY kind, c;
SELECT is(expected_shortfall_weighted(pnl, w, 0.97), expected_shortfall(pnl, 0.97), 'equal weights of ' || w || ' have the digits of none: ES')
FROM series, unnest('{1,0.1,3e-300,1e300}'::float8[]) w WHERE kind = 'benign' GROUP BY w;
SELECT is(value_at_risk_weighted(pnl, w, 0.97), value_at_risk(pnl, 0.97), 'equal weights of ' || w || ' have the digits of none: VaR')
FROM series, unnest('{1,0.1,3e-300,1e300}'::float8[]) w WHERE kind = 'outlier' GROUP BY w;
SELECT is(expected_shortfall_age_weighted(pnl, 0.9, 1 ORDER BY i), expected_shortfall(pnl, 0.9), 'decay 1: no weights') FROM series WHERE kind = 'ties';
SELECT is(expected_shortfall_weighted(pnl, weight, 0.9), expected_shortfall_weighted(pnl, weight, 0.9 ORDER BY pnl), 'weighted ES in any order')
FROM series WHERE kind = 'outlier';
SELECT is(expected_shortfall_age_weighted(pnl, 0.9, 0.9 ORDER BY i), expected_shortfall_weighted(pnl, power(0.9::float8, 250 - i), 0.9), 'age weights written out')
FROM series WHERE kind = 'benign';
SELECT is(value_at_risk_age_weighted(x, 0.99, 0.5 ORDER BY i), 1::float8, 'a long past that weighs nothing: 50,000 halvings')
FROM (SELECT i, CASE WHEN i < 49900 THEN -7 ELSE -1 END AS x FROM generate_series(1, 50000) i) s;
SELECT is((value_at_risk_student_t(pnl, 0.99), expected_shortfall_student_t(pnl, 0.99))::text,
          (SELECT (value_at_risk, expected_shortfall)::text FROM student_t_tail((student_t_fit(pnl)).location, (student_t_fit(pnl)).scale, (student_t_fit(pnl)).degrees_of_freedom, 0.99)),
          'Student t: the fit and its tail') FROM series WHERE kind = 'outlier' AND i % 97 <> 0;
SELECT ok(abs(value_at_risk_normal(pnl, 0.99) - (normal_tail(avg(pnl), stddev_pop(pnl), 0.99)).value_at_risk) < 1e-14
          AND value_at_risk_student_t(pnl, 0.99, 'Infinity') = value_at_risk_normal(pnl, 0.99), 'normal: divisor n') FROM series WHERE kind = 'benign';
SELECT ok(abs(expected_shortfall_cornish_fisher(pnl, 0.99) -
              (cornish_fisher_tail(avg(pnl), stddev_pop(pnl), skewness(pnl), excess_kurtosis(pnl), 0.99)).expected_shortfall) < 1e-14,
          'Cornish-Fisher: the tail of the moments') FROM series WHERE kind = 'benign';

-- NULL, NaN, no rows, one row, equal rows
CREATE FUNCTION answer(call text, which text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    EXECUTE format('SELECT %s::text FROM series WHERE kind = %L', CASE WHEN call LIKE '(%' THEN '(' || call || ')' ELSE call END, which) INTO answer;
    RETURN answer;
END $$;
SELECT is(answer(call, 'empty'), NULL, 'only NULL: NULL: ' || call) FROM calls;
SELECT is(answer(call, 'nan'), CASE WHEN call LIKE '%fit%' THEN NULL ELSE 'NaN' END, 'NaN inside: ' || call) FROM calls;
SELECT is(answer(call, 'one') IS NULL, call !~ 'method|expected_shortfall\(|weighted', 'one row: ' || call) FROM calls;
SELECT is(answer(call, 'constant'), CASE WHEN call ~ 'student|skew|kurt' THEN NULL ELSE '0.25' END, 'equal rows: ' || call) FROM calls;
SELECT is((student_t_fit(pnl)).status, want, 'student_t_fit: ' || kind || ' is ' || coalesce(want, 'NULL'))
FROM series JOIN (VALUES ('benign', 'boundary'), ('constant', 'constant'), ('nan', 'not_finite'), ('one', 'too_few'),
                         ('outlier', 'converged'), ('empty', NULL)) v (k, want) ON k = kind GROUP BY kind, want;
SELECT is((student_t_fit(CASE WHEN i % 2 = 0 THEN 0 ELSE pnl END)).status, 'failed', 'half of the values equal: failed') FROM series WHERE kind = 'benign';
SELECT is((student_t_fit(pnl)).observations, 250::bigint, 'a NaN is an observation') FROM series WHERE kind = 'nan';
SELECT is(value_at_risk_weighted(pnl, 0, 0.9), NULL, 'no weight: NULL') FROM series WHERE kind = 'benign';
SELECT is(value_at_risk_weighted(pnl, 'NaN', 0.9), 'NaN'::float8, 'a NaN weight: NaN') FROM series WHERE kind = 'benign';
SELECT is(value_at_risk_weighted(pnl, NULLIF(weight, 2), 0.9), value_at_risk_weighted(pnl, CASE weight WHEN 2 THEN 0 ELSE weight END, 0.9),
          'a NULL weight skips the row') FROM series WHERE kind = 'benign';
SELECT ok((normal_tail(NULL, 1, 0.9)) IS NULL AND cornish_fisher_quantile(0.9, NULL, 0) IS NULL
          AND component_value_at_risk(NULL, '{{1}}', 0.9) IS NULL, 'NULL in, NULL out');
SELECT ok((normal_tail('NaN', 1, 0.9)).value_at_risk = 'NaN' AND cornish_fisher_quantile(0.9, 'NaN', 0) = 'NaN'
          AND NOT cornish_fisher_is_monotone('NaN', 0), 'NaN in, NaN out');
SELECT is((student_t_tail(1, 2, 1, 0.9)).expected_shortfall, 'Infinity'::float8, 'one degree of freedom: infinite ES');
SELECT ok(abs((SELECT sum(c) FROM unnest(component_value_at_risk('{1,-2,3}', '{{4,1,0},{1,9,2},{0,2,1}}', 0.99, '{0.1,0.2,0}')) c)
              - (normal_tail(-0.3, sqrt(4 + 36 + 9 - 4 - 24), 0.99)).value_at_risk) < 1e-14, 'components add up to VaR');

-- SQLSTATEs
SELECT throws_ok(format('SELECT %s FROM series WHERE kind = ''benign''', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('expected_shortfall(pnl, 0.9, ''mean'')', '22023'), ('expected_shortfall(pnl, 0.9, NULL)', '22004'),
             ('expected_shortfall(pnl, 1, ''empyrical'')', '22023'), ('expected_shortfall(pnl, NULL, ''empyrical'')', '22004'),
             ('expected_shortfall(pnl, 0.9, CASE WHEN i > 9 THEN ''empyrical'' ELSE ''below_var'' END)', '22023'),
             ('value_at_risk_weighted(pnl, -weight, 0.9)', '22023'), ('value_at_risk_weighted(pnl, weight, 0)', '22023'),
             ('value_at_risk_weighted(pnl, weight, NULL)', '22004'), ('expected_shortfall_weighted(pnl, weight, i)', '22023'),
             ('value_at_risk_age_weighted(pnl, 0.9, 0)', '22023'), ('value_at_risk_age_weighted(pnl, 0.9, 1.01)', '22023'),
             ('value_at_risk_age_weighted(pnl, 0.9, ''NaN'')', '22023'), ('expected_shortfall_age_weighted(pnl, 2, 0.9)', '22023'),
             ('value_at_risk_normal(pnl, ''NaN'')', '22023'), ('expected_shortfall_cornish_fisher(pnl, 1)', '22023'),
             ('value_at_risk_student_t(pnl, 0.9, 0.5)', '22023'), ('value_at_risk_student_t(pnl, 0.9, ''NaN'')', '22023'),
             ('skewness(pnl, ''fisher'')', '22023'), ('excess_kurtosis(pnl, NULL)', '22004'),
             ('normal_tail(0, -1, 0.9)', '22023'), ('normal_tail(0, 1, 1)', '22023'), ('student_t_tail(0, 1, 0.9, 0.9)', '22023'),
             ('cornish_fisher_quantile(0, 0, 0)', '22023'), ('value_at_risk_normal(pnl * 1e308 * 1.5, 1 - 1e-16)', '22003'),
             ('component_value_at_risk(''{1,2}'', ''{{1}}'', 0.9)', '2202E'),
             ('component_value_at_risk(''{1,NULL}'', ''{{1,0},{0,1}}'', 0.9)', '22004'),
             ('component_value_at_risk(''{1,2}'', ''{{1,0},{0.1,1}}'', 0.9)', '22023'),
             ('component_value_at_risk(''{1,-1}'', ''{{1,2},{2,1}}'', 0.9)', '22023'),
             ('component_value_at_risk(''{1,NaN}'', ''{{1,0},{0,1}}'', 0.9)', '22023'),
             ('component_value_at_risk(''{1,1}'', ''{{1,0},{0,1}}'', 0.9, ''{1}'')', '2202E')) v (call, state);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok(format('SELECT %s FROM (SELECT x AS pnl, 1 AS weight, x AS i FROM generate_series(1, 200000) x) s', call), '54000', NULL,
                 'a state above the limit is 54000: ' || call) FROM calls WHERE call !~ 'sample|4\)';
SET LOCAL margin_calib.max_state_mb = 1024;

-- parallel = serial, to the last bit, and really parallel
CREATE TABLE big AS SELECT i, sin(i * 0.37) * (i % 101) AS pnl, (i % 17) * 0.1 AS weight FROM generate_series(1, 60000) i;
ANALYZE big;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION with_workers(call text, workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    EXECUTE format('SELECT (%s)::text FROM big', call) INTO answer;
    RETURN answer;
END $$;
SELECT is(with_workers(call, 2), with_workers(call, 0), 'two workers = serial, to the last bit: ' || call) FROM calls WHERE NOT has_order;
SELECT ok(with_workers(call, 2) IS NOT NULL, 'an ordered aggregate stays serial: ' || call) FROM calls WHERE has_order;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(plan_of('SELECT ' || call || ' FROM big'), 'Finalize.*Workers Launched: [12].*Partial', 'in workers: ' || call)
FROM calls WHERE NOT has_order;
SELECT throws_ok('SELECT expected_shortfall(pnl, 0.9, CASE WHEN i < 30000 THEN ''empyrical'' ELSE ''below_var'' END) FROM big', '22023', NULL,
                 'workers that met different methods do not merge');

-- rights and labels
SELECT is((SELECT array_agg(p.proname::text ORDER BY 1) FROM pg_proc p
           WHERE pronamespace = 'margin_calib'::regnamespace AND 'internal'::regtype = ANY (proargtypes::oid[])
             AND has_function_privilege('public', p.oid, 'EXECUTE')),
          NULL, 'support functions are not for the public');

-- a cancel during a fit
\ir lib/cancelled.sql
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE long AS SELECT array_agg(tan(i)) AS x FROM generate_series(1, 1000000) i;
SET LOCAL statement_timeout = '200ms';
SELECT is(pg_temp.cancelled('SELECT student_t_fit(v) FROM long, unnest(x) v'), 'cancelled', 'a cancel during a fit');
SET LOCAL statement_timeout = 0;

-- finite arguments give a number or an error
SELECT throws_ok('SELECT ' || q, '22003', NULL, q) FROM unnest(ARRAY[
    'student_t_tail(0, 1, 4, 1e-300)', 'normal_tail(1e308, 1e308, 0.99)', 'cornish_fisher_tail(1, 1, -0.5, 1e308, 0.9)',
    'cornish_fisher_quantile(0.01, 1e308, 1)', 'bootstrap_expected_shortfall(x, 0.5, 3, 1) FROM unnest(''{1.7976931348623157e308,-1.7976931348623157e308,1.7976931348623157e308,0}''::float8[]) x']) q;
SELECT is((student_t_tail(0, 1, 1, 0.99)).expected_shortfall, 'Infinity', 'but for a law without a mean');
SELECT is((normal_tail('NaN', 1, 0.99)).value_at_risk, 'NaN', 'NaN in, NaN out');

SELECT * FROM finish();
ROLLBACK;
