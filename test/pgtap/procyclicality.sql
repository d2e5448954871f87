-- Measures of margin paths: by hand, NULL, errors, order, windows, parallel plans. Numbers are held against numpy and pandas in
-- test/oracle/procyclicality.py, against all pairs in test/unit.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'America/New_York';

-- six margins with a weekend in between, as in test/unit/test_procyclicality.c
CREATE TABLE path AS
SELECT timestamptz '2021-12-30 00:00+00' + d * interval '24 hours' AS ts, m AS margin, l AS loss
FROM unnest('{0,1,2,3,6,7}'::int[], '{10,8,12,9,18,20}'::float8[], '{10,9,-3,14,NULL,NULL}'::float8[]) AS u (d, m, l);
SELECT is(p::text, '(6,"2021-12-29 19:00:00-05","2022-01-05 19:00:00-05",12.833333333333334,8,20,2.5,,0,1,1,,0.5,1.25,1.5,0.98,1,'
                   || (SELECT stddev_samp(c) FROM (SELECT ln(margin / lag(margin) OVER (ORDER BY ts)) AS c FROM path) q) || ',4,2,0.5,3,5,3.75)',
          'every measure by hand') FROM (SELECT procyclicality(ts, margin, loss) AS p FROM path) q;
SELECT is((SELECT procyclicality(ts, margin)::text FROM path), (SELECT (procyclicality(ts, margin, NULL))::text FROM path),
          'no loss known = no losses');
SELECT ok((p).losses = 0 AND (p).exceptions = 0 AND (p).coverage IS NULL AND (p).average_shortfall IS NULL AND (p).largest_shortfall IS NULL
          AND (p).average_excess IS NULL, 'nothing is said of the coverage then') FROM (SELECT procyclicality(ts, margin) AS p FROM path) q;
SELECT ok((p).exceptions = 0 AND (p).coverage = 1 AND (p).average_shortfall IS NULL AND (p).largest_shortfall IS NULL, 'no exception, no shortfall')
FROM (SELECT procyclicality(ts, margin, margin) AS p FROM path) q;
SELECT is(margin_increases(ts, margin, '{1,2,6}')::text,
          '{"(1,1,\"2022-01-01 19:00:00-05\",\"2022-01-04 19:00:00-05\",9,18)","(2,1.2222222222222223,\"2022-01-01 19:00:00-05\",\"2022-01-05 19:00:00-05\",9,20)","(6,,,,,)"}',
          'margin_increases by hand') FROM path;
SELECT is(array_agg(i.steps), '{30,1,30}', 'in the order of steps') FROM (SELECT margin_increases(ts, margin, '{30,1,30}') AS a FROM path) q, unnest(a) i;

-- years are those of UTC, and need a hundred margins
CREATE TABLE daily AS SELECT timestamptz '2019-12-31 23:59:59+00' + i * interval '24 hours' AS ts, CASE WHEN i = 0 THEN 1000 ELSE 1 + i % 2 END::float8 AS margin
FROM generate_series(0, 100) i;
SELECT ok((p).years = 1 AND (p).peak_to_trough_within_year = 2 AND (p).peak_to_trough = 1000, 'the last second of 2019 is not in 2020')
FROM (SELECT procyclicality(ts, margin) AS p FROM daily) q;
SELECT ok((p).years = 0 AND (p).peak_to_trough_within_year IS NULL, '99 margins are no year')
FROM (SELECT procyclicality(ts, margin) AS p FROM daily WHERE ts < (SELECT max(ts) FROM daily)) q;
SELECT ok((p).largest_rise_1_day = 1 AND (p).high_rise_1_step = 1 AND (p).largest_rise_1_step = 1, 'a day is 24 hours, its ends included')
FROM (SELECT procyclicality(ts, margin) AS p FROM daily) q;
SELECT ok((procyclicality(ts, margin)).largest_rise_1_day IS NULL, 'and a microsecond more is too much')
FROM (SELECT '2020-01-01'::timestamptz + i * interval '24 hours 0.000001 seconds' AS ts, i::float8 AS margin FROM generate_series(1, 5) i) q;

-- NULL and single rows
SELECT is(format('%s|%s|%s', procyclicality(ts, margin), procyclicality(ts, margin, 1), margin_increases(ts, margin, '{1}')), '||', 'no rows: ' || name)
FROM (VALUES ('ts', NULL::timestamptz, 1::float8), ('margin', '2020-01-01', NULL)) v (name, ts, margin) GROUP BY name;
SELECT is((SELECT procyclicality(ts, margin, loss)::text FROM path),
          (SELECT procyclicality(ts, margin, loss)::text FROM (TABLE path UNION ALL VALUES (NULL::timestamptz, 1::float8, 1::float8), ('2021-12-30', NULL, 3)) q),
          'rows with a NULL ts or margin are skipped');
SELECT is(procyclicality(ts, 3, 4)::text, '(1,"2021-12-29 19:00:00-05","2021-12-29 19:00:00-05",3,3,3,1,,0,,,,,,,,,,1,1,0,1,1,0)', 'a single margin')
FROM path WHERE margin = 10;

-- errors name what is wrong
SELECT throws_ok(format('SELECT %s FROM path', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('procyclicality(ts, margin - 8)', '22023'), ('procyclicality(ts, -margin)', '22023'), ('procyclicality(ts, ''NaN'')', '22023'),
             ('procyclicality(ts, ''Infinity'')', '22023'), ('procyclicality(''infinity'', margin)', '22023'), ('procyclicality(''-infinity'', margin, 1)', '22023'),
             ('procyclicality(ts, margin, ''NaN'')', '22023'), ('procyclicality(ts, margin, ''-Infinity'')', '22023'),
             ('procyclicality(date_trunc(''month'', ts), margin)', '22023'), ('margin_increases(''2020-01-01'', margin, ''{1}'')', '22023'),
             ('procyclicality(ts, CASE WHEN margin = 8 THEN 1e-300 ELSE 1e300 END)', '22003'), ('margin_increases(ts, CASE WHEN margin = 8 THEN 1e-300 ELSE 1e300 END, ''{1}'')', '22003'),
             ('margin_increases(ts, margin, ''{}'')', '22023'), ('margin_increases(ts, margin, ''{1,NULL}'')', '22023'), ('margin_increases(ts, margin, ''{{1,2}}'')', '22023'),
             ('margin_increases(ts, margin, ''{1,0}'')', '22023'), ('margin_increases(ts, margin, NULL)', '22004'), ('margin_increases(ts, margin, ARRAY[margin::int])', '22023'),
             ('margin_increases(ts, margin, array_fill(1, ARRAY[1001]))', '22023')) v (call, state);
CREATE FUNCTION detail_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT is(detail_of('SELECT procyclicality(ts, margin) FROM (TABLE path UNION ALL VALUES (''2022-01-01 00:00+00''::timestamptz, 1::float8, NULL::float8)) q'),
          'There are several margins at 2021-12-31 19:00:00-05.', 'a time that comes twice is named');
SELECT is(detail_of('SELECT procyclicality(ts, 0) FROM path WHERE margin = 20'), 'The margin at 2022-01-05 19:00:00-05 is 0.', 'and the time of a margin of 0');
SELECT is(detail_of('SELECT procyclicality(ts, 1, ''NaN'') FROM path WHERE margin = 20'), 'The loss at 2022-01-05 19:00:00-05 is NaN.', 'or of a loss');
SELECT is(detail_of('SELECT margin_increases(ts, margin, ''{3,-1}'') FROM path'), 'Element 2 is -1.', 'and the step');

-- frames that grow and move, order, workers: the same digits
CREATE TABLE big AS
SELECT timestamptz '2010-01-01 00:00+00' + i * interval '7 hours' AS ts, i % 3 AS g, exp(sin(i * 0.01) + 0.3 * sin(i * i * 0.37)) AS margin,
       CASE WHEN i % 11 > 0 THEN 3 * sin(i * 1.7) END AS loss
FROM generate_series(1, 30000) i;
ANALYZE big;
SELECT is_empty($$
    SELECT i FROM (SELECT row_number() OVER (ORDER BY ts) AS i, procyclicality(ts, margin, loss) OVER (ORDER BY ts ROWS 40 PRECEDING) AS p, ts FROM big WHERE g = 0 ORDER BY ts LIMIT 120) w
     WHERE p IS DISTINCT FROM (SELECT procyclicality(ts, margin, loss) FROM (SELECT * FROM big b WHERE g = 0 AND b.ts <= w.ts ORDER BY b.ts DESC LIMIT 41) f)
$$, 'a moving frame is measured as its rows alone');
SELECT is_empty($$
    SELECT 1 FROM (SELECT procyclicality(ts, margin, loss) OVER (ORDER BY ts DESC) AS p, ts FROM (SELECT * FROM big LIMIT 60) l) w
     WHERE p IS DISTINCT FROM (SELECT procyclicality(ts, margin, loss) FROM (SELECT * FROM big LIMIT 60) f WHERE f.ts >= w.ts)
$$, 'and a growing one, backwards');
CREATE FUNCTION everything() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(q::text, ' ' ORDER BY g)
    FROM (SELECT g, procyclicality(ts, margin), procyclicality(ts, margin, loss), margin_increases(ts, margin, '{1,2,50}') FROM big GROUP BY g) q
$$;
SELECT is((SELECT procyclicality(ts, margin, loss ORDER BY ts)::text FROM big), (SELECT procyclicality(ts, margin, loss ORDER BY margin)::text FROM big),
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
FROM unnest(ARRAY['procyclicality(ts, margin)', 'procyclicality(ts, margin, loss)', 'margin_increases(ts, margin, ''{1}'')']) a;
SELECT throws_ok($$ SELECT margin_increases(ts, margin, ARRAY[1 + i % 2]) FROM (SELECT *, row_number() OVER () AS n, (random() * 0)::int + g % 2 AS i FROM big) q $$, '22023', NULL,
                 'steps that differ');

-- the cap on the state
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok($$ SELECT procyclicality('2000-01-01'::timestamptz + i * interval '1 minute', 1) FROM generate_series(1, 65537) i $$, '54000');
SELECT throws_ok($$ SELECT procyclicality('2000-01-01'::timestamptz + i * interval '1 minute', 1, 1) FROM generate_series(1, 43692) i $$, '54000');
SELECT is((SELECT (procyclicality('2000-01-01'::timestamptz + i * interval '1 minute', 1)).observations FROM generate_series(1, 43690) i), 43690::bigint, 'below it');

SELECT * FROM finish();
ROLLBACK;
