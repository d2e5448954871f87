-- The tail aggregates: a moving frame, a recomputed frame, plain and parallel groups all give one
-- answer; SQLSTATEs; privileges; plans that are really parallel; cancel.
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
        WHEN 'nan' THEN CASE WHEN i % 61 = 0 THEN 'NaN' WHEN i % 89 = 0 THEN '-Infinity'
                             WHEN i % 83 = 0 THEN 'Infinity' ELSE cos(i * 2.1) END
        WHEN 'nulls' THEN CASE WHEN i % 5 = 0 OR i BETWEEN 100 AND 160 THEN NULL ELSE sin(i) END
        WHEN 'empty' THEN NULL
        WHEN 'huge' THEN 1e308 * (CASE WHEN i % 3 = 0 THEN 1 ELSE -1 END)
        WHEN 'denormal' THEN 5e-324 * (i % 7 - 3)
        ELSE sin(i) END)::float8 AS pnl
FROM unnest('{benign,outlier,constant,ties,nan,nulls,empty,huge,denormal,one}'::text[]) kind,
     generate_series(1, 400) i
WHERE kind <> 'one' OR i = 1;

-- NaN equals NaN, NULL equals NULL, else relative 1e-12
CREATE FUNCTION same(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
                WHEN a = b THEN true
                WHEN 'NaN' IN (a, b) THEN false
                ELSE abs(a / 2 - b / 2) <= 1e-12 * abs(b / 2) END
$$;

-- the four aggregates of the same frame, moving and started anew for each row
CREATE FUNCTION frames_differ(frame text) RETURNS TABLE (kind text, rows bigint, differ bigint)
LANGUAGE plpgsql AS $$
BEGIN
    -- a volatile argument keeps PostgreSQL from using the inverse function
    RETURN QUERY EXECUTE format($q$
        SELECT kind, count(*), count(*) FILTER (WHERE NOT (
                   same(e1, e2) AND same(v1, v2) AND same(q1, q2)
                   AND same(t1[1].value_at_risk, t2[1].value_at_risk)
                   AND same(t1[2].expected_shortfall, t2[2].expected_shortfall)
                   AND same(t1[1].expected_shortfall, e1) AND same(t1[1].value_at_risk, v1)
                   AND (t1 IS NULL) = (t2 IS NULL) AND (e1 IS NULL OR v1 <= e1)))
        FROM (SELECT kind,
                  expected_shortfall(pnl, 0.9) OVER w AS e1,
                  value_at_risk(pnl, 0.9) OVER w AS v1,
                  value_at_risk(pnl, 0.9, 'median_unbiased') OVER w AS q1,
                  tail_risk(pnl, '{0.9,0.6}') OVER w AS t1,
                  expected_shortfall(pnl + 0 * random(), 0.9) OVER w AS e2,
                  value_at_risk(pnl + 0 * random(), 0.9) OVER w AS v2,
                  value_at_risk(pnl + 0 * random(), 0.9, 'median_unbiased') OVER w AS q2,
                  tail_risk(pnl + 0 * random(), '{0.9,0.6}') OVER w AS t2
              FROM series WHERE true
              WINDOW w AS (PARTITION BY kind ORDER BY i %s)) x
        GROUP BY kind ORDER BY kind $q$, frame);
END $$;

SELECT is((SELECT array_agg(kind || ' ' || differ || ' of ' || rows ORDER BY kind) FROM frames_differ(frame)),
          (SELECT array_agg(kind || ' 0 of ' || n ORDER BY kind) FROM (SELECT kind, count(*) n FROM series GROUP BY kind) s),
          'moving = recomputed: ' || frame)
FROM unnest(ARRAY['ROWS 29 PRECEDING', 'ROWS BETWEEN 10 PRECEDING AND 10 FOLLOWING',
                  'ROWS BETWEEN 20 FOLLOWING AND 30 FOLLOWING', 'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
                  'ROWS BETWEEN 9 PRECEDING AND 3 PRECEDING', 'ROWS 100000 PRECEDING',
                  'RANGE BETWEEN 15 PRECEDING AND 2 FOLLOWING', 'GROUPS 12 PRECEDING',
                  'ROWS BETWEEN 15 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW',
                  'ROWS UNBOUNDED PRECEDING', 'ROWS 0 PRECEDING']) frame;

-- frames that grow and shrink from row to row
SELECT is(count(*) FILTER (WHERE NOT same(e1, e2)), 0::bigint, 'moving = recomputed: frames that grow and shrink')
FROM (SELECT expected_shortfall(pnl, 0.8) OVER w AS e1, expected_shortfall(pnl + 0 * random(), 0.8) OVER w AS e2
      FROM (SELECT pnl, kind, i + (i / 40 % 5) * 30 AS t FROM series) s
      WINDOW w AS (PARTITION BY kind ORDER BY t RANGE BETWEEN 20 PRECEDING AND 5 FOLLOWING)) x;

-- a frame against the plain aggregate of its rows
SELECT is(count(*) FILTER (WHERE NOT same(moving, plain)), 0::bigint, 'moving = plain aggregate of the frame''s rows')
FROM (SELECT kind, i, expected_shortfall(pnl, 0.9) OVER (PARTITION BY kind ORDER BY i ROWS 29 PRECEDING) AS moving
      FROM series) m,
     LATERAL (SELECT expected_shortfall(pnl, 0.9) AS plain FROM series s
              WHERE s.kind = m.kind AND s.i BETWEEN m.i - 29 AND m.i) p
WHERE i % 3 = 0;

-- after a NaN or an outlier has left, not a bit of it remains
SELECT is(count(*) FILTER (WHERE a IS DISTINCT FROM b), 0::bigint, 'what has left the frame is exactly forgotten')
FROM (SELECT i, expected_shortfall(x, 0.9) OVER w AS a, expected_shortfall(y, 0.9) OVER w AS b
      FROM (SELECT i, sin(i) AS y, CASE i WHEN 50 THEN 'NaN' WHEN 51 THEN 1e300 WHEN 52 THEN -1e300 WHEN 53 THEN '-Infinity'
                                   ELSE sin(i) END AS x FROM generate_series(1, 300) i) s
      WINDOW w AS (ORDER BY i ROWS 19 PRECEDING)) q
WHERE i NOT BETWEEN 50 AND 72;

-- several measures of one group share a state: order of the list does not matter
SELECT ok(same(e1, e2) AND same(v1, v2) AND same(v2, v3) AND same(e3, e1), 'final functions leave the state as it was')
FROM (SELECT expected_shortfall(pnl, 0.9) e1, value_at_risk(pnl, 0.9) v1 FROM series WHERE kind = 'benign') a,
     (SELECT value_at_risk(pnl, 0.9) v2, expected_shortfall(pnl, 0.9) e2 FROM series WHERE kind = 'benign') b,
     (SELECT value_at_risk(pnl, 0.9, 'type1') v3, (tail_risk(pnl, '{0.9}'))[1].expected_shortfall e3 FROM series WHERE kind = 'benign') c;

-- order of arrival is no matter, to the last bit
SELECT is((SELECT expected_shortfall(pnl, 0.77 ORDER BY pnl) FROM series WHERE kind = 'outlier'),
          (SELECT expected_shortfall(pnl, 0.77 ORDER BY md5(i::text)) FROM series WHERE kind = 'outlier'),
          'the same digits in any order');

-- parallel = serial
CREATE TABLE big AS
SELECT i, i % 5 AS g, sin(i * 0.37) * (i % 101) AS pnl, CASE WHEN i = 77777 THEN 'NaN'::float8 ELSE i % 7 END AS bad
FROM generate_series(1, 120000) i;
ANALYZE big;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION all_measures(workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    SELECT string_agg(q::text, ' ' ORDER BY g) INTO answer
    FROM (SELECT g, expected_shortfall(pnl, 0.975) e, value_at_risk(pnl, 0.975) v,
                 value_at_risk(pnl, 0.975, 'hazen') h, tail_risk(pnl, '{0.99,0.9}') t,
                 expected_shortfall(bad, 0.9) b, expected_shortfall(CASE WHEN g = 3 THEN NULL ELSE pnl END, 0.5) n
          FROM big GROUP BY g) q;
    RETURN answer || (SELECT expected_shortfall(pnl, 0.975)::text || tail_risk(pnl, '{0.99,0.9}')::text FROM big);
END $$;
SELECT is(all_measures(1), all_measures(0), 'one worker = serial, to the last bit');
SELECT is(all_measures(2), all_measures(0), 'two workers = serial, to the last bit');
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(plan_of('SELECT ' || a || ' FROM big'), 'Finalize.*Workers Launched: [12].*Partial', a || ' runs in workers')
FROM unnest(ARRAY['expected_shortfall(pnl, 0.99)', 'value_at_risk(pnl, 0.99)', 'value_at_risk(pnl, 0.99, ''linear'')',
                  'tail_risk(pnl, ''{0.99}'')']) a;
SELECT throws_ok('SELECT expected_shortfall(pnl, CASE WHEN i < 60000 THEN 0.99 ELSE 0.9 END) FROM big', '22023', NULL,
                 'workers that met different confidences do not merge');

-- SQLSTATEs
SELECT throws_ok(format('SELECT %s FROM series', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('expected_shortfall(pnl, 1)', '22023'), ('value_at_risk(pnl, ''NaN'')', '22023'),
             ('expected_shortfall(pnl, NULL)', '22004'), ('tail_risk(pnl, ''{}'')', '22023'),
             ('tail_risk(pnl, ''{0.9,NULL}'')', '22004'), ('tail_risk(pnl, ''{{0.9},{0.8}}'')', '2202E'),
             ('tail_risk(pnl, NULL)', '22004'), ('value_at_risk(pnl, 0.9, ''seven'')', '22023'),
             ('value_at_risk(pnl, 0.9, NULL)', '22004'),
             ('value_at_risk(pnl, CASE WHEN i > 9 THEN 0.9 ELSE 0.8 END)', '22023'),
             ('tail_risk(pnl, ''{0,0.5}'')', '22023')) v (call, state);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT expected_shortfall(x, 0.9) FROM generate_series(1, 200000) x', '54000', NULL, 'a state above the limit is 54000');
SELECT throws_ok('SELECT expected_shortfall(x, 0.9) OVER (ROWS 100000 PRECEDING) FROM generate_series(1, 200000) x', '54000', NULL,
                 'so is the state of a frame');
SET LOCAL work_mem = '64MB'; -- a frame that spills to disk is slow for every moving aggregate
SELECT lives_ok('SELECT expected_shortfall(x % 10, 0.9) OVER (ROWS 100000 PRECEDING) FROM generate_series(1, 200000) x',
                'equal values share their room');
SET LOCAL margin_calib.max_state_mb = 1024;

-- rights and labels
SELECT is((SELECT array_agg(p.proname::text ORDER BY 1) FROM pg_proc p
           WHERE pronamespace = 'margin_calib'::regnamespace AND 'internal'::regtype = ANY (proargtypes::oid[])
             AND has_function_privilege('public', p.oid, 'EXECUTE') AND p.prosrc LIKE ANY ('{mc_tail%,mc_value%,mc_expected%}')),
          NULL, 'support functions are not for the public');
SELECT is((SELECT array_agg(DISTINCT concat(a.aggfinalmodify, a.aggmfinalmodify, p.proparallel, p.provolatile))
           FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
           WHERE p.pronamespace = 'margin_calib'::regnamespace AND p.proname IN ('expected_shortfall', 'value_at_risk', 'tail_risk')
             AND a.aggcombinefn <> 0 AND a.aggminvtransfn <> 0 AND obj_description(p.oid, 'pg_proc') IS NOT NULL
           HAVING count(*) = 5),
          '{rrsi}', 'the five aggregates have all support functions, comments, read-only finals, and are parallel safe');

-- a cancel is served while rows are read, and while a tail of millions is sorted
\ir lib/cancelled.sql
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.cancelled('SELECT expected_shortfall(x, 0.5) FROM generate_series(1, 100000000) x'), 'cancelled', 'a cancel while rows come');
SELECT is(pg_temp.cancelled('SELECT expected_shortfall(x, 0.5) OVER (ORDER BY x ROWS 1000 PRECEDING) FROM generate_series(1, 10000000) x'), 'cancelled',
          'a cancel in a moving frame');
SET LOCAL statement_timeout = 0;

SELECT * FROM finish();
ROLLBACK;
