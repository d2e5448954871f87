-- Volatility: what exists, how it is labelled, and what holds for any data.
BEGIN;
SELECT no_plan();

SELECT has_function('margin_calib', 'rolling_vol', ARRAY['double precision', 'integer']);
SELECT has_function('margin_calib', 'rolling_vol', ARRAY['double precision', 'integer', 'double precision']);
SELECT has_function('margin_calib', 'rolling_vol', ARRAY['double precision[]', 'integer']);
SELECT has_function('margin_calib', 'rolling_vol', ARRAY['double precision[]', 'integer', 'double precision']);
SELECT has_function('margin_calib', 'rolling_vol_all', ARRAY['regclass', 'name', 'name', 'name', 'integer', 'double precision']);
SELECT has_function('margin_calib', 'rolling_vol_arrays', ARRAY['regclass', 'name', 'name', 'name', 'integer', 'double precision']);
SELECT is_aggregate('margin_calib', 'volatility', ARRAY['double precision']);
SELECT is_aggregate('margin_calib', 'volatility', ARRAY['double precision', 'double precision']);
SELECT is_window('margin_calib', 'rolling_vol', ARRAY['double precision', 'integer']);
SELECT volatility_is('margin_calib', 'rolling_vol', ARRAY['double precision', 'integer'], 'immutable');
SELECT volatility_is('margin_calib', 'rolling_vol_all', ARRAY['regclass', 'name', 'name', 'name', 'integer', 'double precision'], 'stable');

SELECT is((SELECT array_agg(DISTINCT proparallel) FROM pg_proc WHERE proname ~ '^(volatility|rolling_vol$)'
           AND pronamespace = 'margin_calib'::regnamespace), '{s}', 'statistics are parallel safe');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p
                   WHERE pronamespace = 'margin_calib'::regnamespace AND proname ~ '^(volatility|rolling_vol)'
                     AND obj_description(p.oid, 'pg_proc') IS NULL $$, 'every function is described');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc AS p
                   WHERE pronamespace = 'margin_calib'::regnamespace AND proname ~ '^volatility_(accum|combine|final|moving)'
                     AND has_function_privilege('pg_monitor', p.oid, 'EXECUTE') $$, 'support functions are not for PUBLIC');
SELECT ok(has_function_privilege('pg_monitor', 'margin_calib.volatility(double precision)', 'EXECUTE'), 'the aggregate is');
SELECT is((SELECT aggtranstype::regtype::text || ' ' || (aggcombinefn <> 0) || ' ' || (aggminvtransfn <> 0) FROM pg_aggregate
           WHERE aggfnoid = 'margin_calib.volatility(double precision)'::regprocedure),
          'double precision[] true true', 'a state that can travel, a combine and an inverse');

-- a state survives text and binary
CREATE TEMP TABLE returns AS SELECT g AS i, (power(10, g % 30 - 15) * sin(g))::float8 AS r FROM generate_series(1, 500) AS g;
CREATE AGGREGATE pg_temp.vol_state(float8) (SFUNC = margin_calib.volatility_accum, STYPE = float8[], INITCOND = '{}');
CREATE AGGREGATE pg_temp.vol_merge(float8[]) (SFUNC = margin_calib.volatility_combine, STYPE = float8[], INITCOND = '{}');
SELECT is((SELECT margin_calib.volatility_final(pg_temp.vol_merge(s::text::float8[]))
           FROM (SELECT pg_temp.vol_state(r) AS s FROM returns GROUP BY i % 7) AS shards),
          (SELECT margin_calib.volatility(r) FROM returns), 'shards merged through text: the same digits');
SELECT is((SELECT margin_calib.volatility_final(pg_temp.vol_merge(s ORDER BY k DESC))
           FROM (SELECT i % 7 AS k, pg_temp.vol_state(r) AS s FROM returns GROUP BY i % 7) AS shards),
          (SELECT margin_calib.volatility(r ORDER BY r) FROM returns), 'in any order');

-- NIST StRD, NumAcc4: 0.1 certified; of the doubles 0.100000000558793544
SELECT ok(abs(margin_calib.volatility(x) / 0.100000000558793544 - 1) < 1e-14, 'NIST NumAcc4')
FROM (SELECT CASE WHEN g = 0 THEN 10000000.2 WHEN g % 2 = 1 THEN 10000000.1 ELSE 10000000.3 END::float8 AS x
      FROM generate_series(0, 1000) AS g) AS numacc4;
SELECT ok(bool_and(vol IS NOT DISTINCT FROM fresh), 'NumAcc4 slides without drift')
FROM (SELECT margin_calib.volatility(x) OVER w AS vol, margin_calib.volatility(CASE WHEN random() >= 0 THEN x END) OVER w AS fresh
      FROM (SELECT g, CASE WHEN g = 0 THEN 10000000.2 WHEN g % 2 = 1 THEN 10000000.1 ELSE 10000000.3 END::float8 AS x
            FROM generate_series(0, 1000) AS g) AS numacc4 WINDOW w AS (ORDER BY g ROWS 29 PRECEDING)) AS slid;

-- the window function in a GROUP BY's shadow, and scale invariance: prices times a power of two
SELECT ok(bool_and(a IS NOT DISTINCT FROM b), 'no digit depends on the unit of the price')
FROM (SELECT margin_calib.rolling_vol(p, 20) OVER (ORDER BY i) AS a, margin_calib.rolling_vol(p * 1048576, 20) OVER (ORDER BY i) AS b
      FROM (SELECT i, exp(0.01 * i * sin(i))::float8 AS p FROM returns) AS prices) AS scaled;
SELECT throws_ok($$ SELECT margin_calib.rolling_vol('{1,2}'::float8[], 1) $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.rolling_vol('{1,0}'::float8[], 2) $$, '2201E');
SELECT throws_ok($$ SELECT margin_calib.volatility(r, -1) FROM returns $$, '22023');

SELECT * FROM finish();
ROLLBACK;
