-- tail_sketch: rules of its input, SQLSTATEs, round trips, parallel plans, windows, stored values.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE TABLE big AS
SELECT i, i % 7 AS g, sin(i * 0.37) * (i % 101) - cos(i * 0.011) / (1 + i % 977)::float8 AS pnl FROM generate_series(1, 60000) i;
ANALYZE big;

-- what comes in
SELECT is((SELECT tail_sketch(x)::text FROM (VALUES (NULL::float8)) v (x)), NULL, 'only NULL gives NULL');
SELECT is((SELECT tail_sketch(pnl)::text FROM big WHERE false), NULL, 'no rows give NULL');
SELECT is((SELECT tail_sketch_merge(NULL::tail_sketch)::text), NULL, 'no sketches give NULL');
SELECT is((SELECT tail_sketch(x)::text FROM (VALUES (1::float8), (NULL), (2)) v (x)),
          (SELECT tail_sketch(x)::text FROM (VALUES (2::float8), (1)) v (x)), 'NULL is skipped');
SELECT is((SELECT tail_sketch(x)::text FROM (VALUES ('-0'::float8)) v (x)),
          (SELECT tail_sketch(x)::text FROM (VALUES ('0'::float8)) v (x)), 'there is one zero');
SELECT is(b::text, '(NaN,NaN,NaN,NaN,NaN,NaN,f)', bad || ' gives NaN')
FROM (SELECT bad, tail_sketch_bounds(tail_sketch(x), 0.9) AS b FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) bad,
             LATERAL (VALUES (1::float8), (bad), (3)) v (x) GROUP BY bad) q;
SELECT is(tail_sketch_count(tail_sketch(x)), 3::bigint, 'which counts as a row') FROM (VALUES (1::float8), ('NaN'), (3)) v (x);
SELECT is((SELECT value_at_risk(s, 0.9) FROM (SELECT tail_sketch_merge(s) AS s FROM
              (SELECT tail_sketch(x) AS s FROM (VALUES (1, 1::float8), (2, 'NaN'), (2, 3)) v (g, x) GROUP BY g) q) w),
          'NaN', 'and stays in what it is merged into');
SELECT is(value_at_risk(NULL::tail_sketch, 0.9), NULL, 'NULL in, NULL out');
SELECT is(expected_shortfall(s, NULL), NULL, 'a NULL confidence gives NULL') FROM (SELECT tail_sketch(pnl) AS s FROM big) q;

-- the numbers
SELECT is(format('%s %s', value_at_risk(s, c), expected_shortfall(s, c)), format('%s %s', v, e), 'exact in the tail at ' || c)
FROM (SELECT c, tail_sketch(pnl) AS s, value_at_risk(pnl, c) AS v, expected_shortfall(pnl, c) AS e
      FROM big, unnest('{0.983,0.99,0.995,0.9999}'::float8[]) c GROUP BY c) q;
SELECT ok(v BETWEEN (b).value_at_risk_lower AND (b).value_at_risk_upper
          AND e BETWEEN (b).expected_shortfall_lower AND (b).expected_shortfall_upper
          AND (b).value_at_risk = value_at_risk(s, c) AND (b).expected_shortfall = expected_shortfall(s, c)
          AND (c < 0.9 OR (b).value_at_risk_upper - (b).value_at_risk_lower < 0.02 * v)
          AND (c < 0.9 OR (b).expected_shortfall_upper - (b).expected_shortfall_lower < 0.001 * e), 'bounds at ' || c)
FROM (SELECT c, s, tail_sketch_bounds(s, c) AS b, v, e
      FROM (SELECT c, tail_sketch(pnl) AS s, value_at_risk(pnl, c) AS v, expected_shortfall(pnl, c) AS e
            FROM big, unnest('{0.1,0.3,0.9,0.95,0.975}'::float8[]) c GROUP BY c) r) q;
SELECT is(tail_sketch_count(tail_sketch(pnl)), 60000::bigint, 'rows are counted') FROM big;
SELECT is((tail_sketch_bounds(tail_sketch(x), 0.5)).is_exact, true, 'few rows are exact') FROM generate_series(1, 900) x;

-- forms
CREATE TABLE stored AS SELECT g, tail_sketch(pnl, 64) AS s FROM big GROUP BY g;
SELECT is((SELECT tail_sketch_merge(s)::text FROM stored), (SELECT tail_sketch(pnl, 64)::text FROM big), 'stored parts make the whole');
SELECT is((SELECT tail_sketch_merge(s ORDER BY g DESC)::text FROM stored), (SELECT tail_sketch_merge(s ORDER BY g)::text FROM stored), 'in any order');
SELECT is(count(*) FILTER (WHERE s::text::tail_sketch::text <> s::text), 0::bigint, 'text and back') FROM stored;
SELECT is((SELECT tail_sketch(pnl, 64)::text FROM big),
          (SELECT tail_sketch_merge(s)::text FROM (SELECT g, tail_sketch(pnl, 64 + g) AS s FROM big GROUP BY g) q),
          'the smallest size holds');
CREATE TABLE copied (LIKE stored);
DO $$ BEGIN
    EXECUTE format('COPY stored TO %L (FORMAT binary)', current_setting('data_directory') || '/sketch.copy');
    EXECUTE format('COPY copied FROM %L (FORMAT binary)', current_setting('data_directory') || '/sketch.copy');
END $$;
SELECT results_eq('SELECT g, s::text FROM copied ORDER BY g', 'SELECT g, s::text FROM stored ORDER BY g', 'binary and back');
SELECT is(tail_sketch_send(s), ('\x' || substr(s::text, 3))::bytea, 'both forms hold the same bytes') FROM stored WHERE g = 1;
SELECT is((SELECT typstorage::text || typlen FROM pg_type WHERE oid = 'tail_sketch'::regtype), 'x-1', 'values may be compressed and stored apart');

-- windows
SELECT is(count(*) FILTER (WHERE moving IS DISTINCT FROM plain), 0::bigint, 'a window is the sketch of its frame')
FROM (SELECT i, tail_sketch(pnl, 16) OVER (ORDER BY i ROWS 99 PRECEDING)::text AS moving FROM big WHERE i <= 300) m,
     LATERAL (SELECT tail_sketch(pnl, 16)::text AS plain FROM big b WHERE b.i BETWEEN m.i - 99 AND m.i) p;
SELECT is((SELECT s FROM (SELECT i, tail_sketch(pnl, 16) OVER (ORDER BY i)::text AS s FROM big WHERE i <= 3000) q ORDER BY i DESC LIMIT 1),
          (SELECT tail_sketch(pnl, 16)::text FROM big WHERE i <= 3000), 'final functions leave the state as it was');

-- parallel
CREATE FUNCTION everything(workers int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    RETURN (SELECT tail_sketch(pnl)::text || tail_sketch(pnl, 16)::text || tail_sketch(CASE WHEN g = 3 THEN pnl END, 20)::text FROM big)
           || (SELECT string_agg(s, ' ' ORDER BY g) FROM (SELECT g, tail_sketch(pnl, 100)::text AS s FROM big GROUP BY g) q)
           || (SELECT md5(tail_sketch_merge(s)::text) FROM many);
END $$;
CREATE TABLE many AS SELECT i % 500 AS g, tail_sketch(pnl, 50) AS s FROM big GROUP BY 1;
ANALYZE many;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is(md5(everything(1)), md5(everything(0)), 'one worker = serial, to the last byte');
SELECT is(md5(everything(2)), md5(everything(0)), 'two workers = serial, to the last byte');
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT ok(position('Partial Aggregate' IN plan_of(q)) > 0, q || ' runs in workers')
FROM unnest('{SELECT tail_sketch(pnl) FROM big,"SELECT tail_sketch(pnl, 32) FROM big",SELECT tail_sketch_merge(s) FROM many}'::text[]) q;

-- SQLSTATEs
SELECT throws_ok('SELECT ' || call, state, NULL, call || ' is ' || state)
FROM (VALUES ('tail_sketch(pnl, 15) FROM big', '22023'), ('tail_sketch(pnl, 65537) FROM big', '22023'),
             ('tail_sketch(pnl, NULL) FROM big', '22004'), ('tail_sketch(pnl, (16 + i % 2)::int) FROM big', '22023'),
             ('tail_sketch(pnl, CASE WHEN i < 9 THEN 16 END) FROM big', '22004'),
             ('value_at_risk(s, 1) FROM stored', '22023'), ('expected_shortfall(s, ''NaN'') FROM stored', '22023'),
             ('tail_sketch_bounds(s, 0) FROM stored', '22023'),
             ($$''::tail_sketch$$, '22P02'), ($$'\x'::tail_sketch$$, '22P02'), ($$'\x0'::tail_sketch$$, '22P02'),
             ($$'01'::tail_sketch$$, '22P02'), ($$'\x0110000000000g'::tail_sketch$$, '22P02'),
             ($$'\x02100000000000000'::tail_sketch$$, '22P02'), ($$'\x0110000000000000ff'::tail_sketch$$, '22P02'),
             ($$'\x01ffffffffffffffffff0000000000000000'::tail_sketch$$, '22P02'),
             -- claims 2^31 extremes and as many buckets
             ($$'\x01ffff0300ffff0300ffff0300ffff03'::tail_sketch$$, '22P02')) v (call, state);
SELECT is('\x0110000000000000'::tail_sketch::text, '\x0110000000000000', 'an empty sketch is one');
SELECT is(value_at_risk('\x0110000000000000'::tail_sketch, 0.9), NULL, 'of which nothing is known');
SELECT is((SELECT tail_sketch_merge(s)::text FROM (VALUES ('\x0110000000000000'::tail_sketch), ('\x0110000000000000')) v (s)),
          '\x0110000000000000', 'merged it stays empty');
-- sixteen zeros kept and 2^52 + 1 more: twice that is too many
CREATE FUNCTION of_zeros(count text) RETURNS tail_sketch LANGUAGE sql AS $$
    SELECT ('\x0110001000010000' || repeat('00', 128) || '80808080808080808001' || count || '00')::tail_sketch
$$;
SELECT is(tail_sketch_count(of_zeros('8180808080808008')), 4503599627370513::bigint, 'a sketch of 2^52 rows');
SELECT throws_ok($$SELECT tail_sketch_merge(of_zeros('8180808080808008')) FROM generate_series(1, 2)$$, '22003', NULL, 'more than 2^53 rows are 22003');
SELECT throws_ok($$COPY copied FROM PROGRAM 'printf "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0\0\2\0\0\0\4\0\0\0\1\0\0\0\3\1\20\0\377\377"' (FORMAT binary)$$,
                 '22P03', NULL, 'bytes that are not a sketch are 22P03');
SELECT is_empty($$ SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace AND proname ~ '^tail_sketch'
                   AND (provolatile <> 'i' OR proparallel <> 's') $$, 'everything is immutable and parallel safe');
SELECT * FROM finish();
ROLLBACK;
