-- Volatility beyond close to close: labels, NULL, NaN, errors with SQLSTATE, windows and plans.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- bars of three kinds; row 40 of kind 'holes' has a NULL, 60 a NaN, 80 an infinity
CREATE TABLE bars AS
SELECT kind, i, open, greatest(open, close) * (1 + 0.004 * abs(cos(i * 1.7))) AS high,
       least(open, close) / (1 + 0.003 * abs(sin(i * 0.9))) AS low, close
FROM (SELECT kind, i, CASE WHEN kind = 'flat' AND i % 100 < 50 THEN 10 ELSE 100 * exp(0.01 * sin(i * i * 0.37)) END::float8 AS open,
             CASE WHEN kind = 'flat' AND i % 100 < 50 THEN 10 ELSE 100 * exp(0.012 * cos(i * i * 0.71)) END::float8 AS close
      FROM unnest('{plain,flat,holes}'::text[]) AS kind, generate_series(1, 200) AS i) AS prices;
UPDATE bars SET high = open, low = open WHERE kind = 'flat' AND i % 100 < 50;
UPDATE bars SET low = NULL WHERE kind = 'holes' AND i = 40;
UPDATE bars SET high = 'NaN' WHERE kind = 'holes' AND i = 60;
UPDATE bars SET high = 'Infinity' WHERE kind = 'holes' AND i = 80;
CREATE TABLE estimators AS
SELECT * FROM (VALUES ('close_to_close', true), ('close_to_close_zero_mean', true), ('parkinson', false), ('garman_klass', false),
                      ('garman_klass_yang_zhang', true), ('rogers_satchell', false), ('yang_zhang', true)) AS e (estimator, joins);

-- ---- rolling_vol over bars ----
SELECT is_window('margin_calib', 'rolling_vol', ARRAY['double precision', 'double precision', 'double precision', 'double precision', 'integer', 'text']);
SELECT is_window('margin_calib', 'rolling_vol', ARRAY['double precision', 'double precision', 'double precision', 'double precision', 'integer', 'text', 'double precision']);

CREATE TABLE vols AS
SELECT estimator, joins, kind, i, rolling_vol(open, high, low, close, 10, estimator) OVER (PARTITION BY estimator, kind ORDER BY i) AS vol
FROM bars, estimators;
SELECT is((SELECT count(*) FROM vols WHERE (vol IS NULL) <> (i < 10 + joins::int) AND kind <> 'holes'), 0::bigint,
          'NULL until the window is full, one bar more with a previous close');
SELECT ok((SELECT bool_and(vol = 0) FROM vols WHERE kind = 'flat' AND i BETWEEN 110 AND 149 ), 'flat bars give exactly 0');
SELECT ok((SELECT bool_and(vol > 0) FROM vols WHERE kind = 'plain' AND i > 10), 'any other bars more');
SELECT is((SELECT count(*) FROM vols WHERE kind = 'holes' AND i > 11 AND (vol IS NULL) <> (i = 40)), 0::bigint, 'a NULL price gives NULL there');
SELECT is((SELECT count(*) FROM vols WHERE kind = 'holes' AND i > 11 AND
           coalesce(vol = 'NaN', false) <> (i BETWEEN 60 AND 69 + joins::int OR i BETWEEN 80 AND 89 + joins::int)), 0::bigint,
          'a NaN or an infinity gives NaN as long as its returns are inside');
-- without the NULL row nothing changes: the next bar joins the last complete one
SELECT is_empty($$ SELECT estimator, kind, i, vol FROM vols WHERE kind = 'holes' AND i <> 40 EXCEPT
    SELECT estimator, kind, i, rolling_vol(open, high, low, close, 10, estimator) OVER (PARTITION BY estimator, kind ORDER BY i)
    FROM bars, estimators WHERE kind = 'holes' AND i <> 40 $$, 'a NULL row leaves no trace');
SELECT is_empty($$ SELECT estimator, i, vol FROM vols WHERE kind = 'holes' AND i > 100 EXCEPT
    SELECT estimator, i, vol FROM vols WHERE kind = 'plain' AND i > 100 $$, 'NaN and infinity leave no trace');
SELECT is_empty($$ SELECT i, vol FROM vols WHERE kind = 'plain' AND estimator = 'close_to_close' EXCEPT
    SELECT i, rolling_vol(close, 10) OVER (ORDER BY i) FROM bars WHERE kind = 'plain' $$, 'close_to_close is rolling_vol of the close');
-- the equations, over an array of each window; all but the variances
SELECT ok(bool_and(abs(vol / want - 1) < 1e-12), estimator || ' by its equation')
FROM (SELECT v.estimator, v.vol,
             (SELECT sqrt(avg(CASE v.estimator
                  WHEN 'close_to_close_zero_mean' THEN ln(b.close / p.close) ^ 2 * 10 / 9
                  WHEN 'parkinson' THEN ln(b.high / b.low) ^ 2 / (4 * ln(2))
                  WHEN 'garman_klass' THEN ln(b.high / b.low) ^ 2 / 2 - (2 * ln(2) - 1) * ln(b.close / b.open) ^ 2
                  WHEN 'garman_klass_yang_zhang' THEN ln(b.open / p.close) ^ 2 + ln(b.high / b.low) ^ 2 / 2 - (2 * ln(2) - 1) * ln(b.close / b.open) ^ 2
                  WHEN 'rogers_satchell' THEN ln(b.high / b.close) * ln(b.high / b.open) + ln(b.low / b.close) * ln(b.low / b.open)
                END)) FROM bars AS b JOIN bars AS p ON p.kind = b.kind AND p.i = b.i - 1
              WHERE b.kind = 'plain' AND b.i BETWEEN v.i - 9 AND v.i) AS want
      FROM vols AS v WHERE v.kind = 'plain' AND v.i > 11) AS both_ways
WHERE estimator NOT IN ('close_to_close', 'yang_zhang') GROUP BY estimator;
SELECT ok(bool_and(abs(vol / sqrt(var_o + k * var_c + (1 - k) * rs) - 1) < 1e-12), 'yang_zhang by its equation')
FROM (SELECT i, var_samp(ln(open / previous)) OVER w AS var_o, var_samp(ln(close / open)) OVER w AS var_c,
             avg(ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open)) OVER w AS rs,
             0.34 / (1.34 + 11.0 / 9)::float8 AS k
      FROM (SELECT *, lag(close) OVER (ORDER BY i) AS previous FROM bars WHERE kind = 'plain') AS joined
      WINDOW w AS (ORDER BY i ROWS 9 PRECEDING)) AS parts JOIN vols USING (i)
WHERE kind = 'plain' AND estimator = 'yang_zhang' AND i > 10;
SELECT is((SELECT count(*) FROM (SELECT rolling_vol(open, high, low, close, 10, 'yang_zhang', 4) OVER (ORDER BY i) AS a,
                                        rolling_vol(open, high, low, close, 10, 'yang_zhang') OVER (ORDER BY i) AS b
                                 FROM bars WHERE kind = 'plain') AS x WHERE a IS DISTINCT FROM 2 * b), 0::bigint, 'periods_per_year');
SELECT is((SELECT rolling_vol(open, high, low, close, 1, 'parkinson') OVER () FROM bars WHERE kind = 'plain' AND i = 1) IS NULL, false, 'one bar');

PREPARE over_bars(float8, float8, float8, float8, int, text, float8) AS
    SELECT rolling_vol($1, $2, $3, $4, $5, $6, $7) OVER ();
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 10, 'yang-zhang', 1) $$, '22023', 'unknown estimator');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 10, 'Parkinson', 1) $$, '22023', 'unknown estimator');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 1, 'yang_zhang', 1) $$, '22023', 'bars must lie between 2 and 16777216 for yang_zhang');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 0, 'parkinson', 1) $$, '22023', 'bars must lie between 1 and 16777216 for parkinson');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 16777217, 'parkinson', 1) $$, '22023');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 1, 10, 'parkinson', 'NaN') $$, '22023', 'periods_per_year must be positive and finite');
SELECT throws_ok($$ EXECUTE over_bars(0, 2, 1, 1, 10, 'parkinson', 1) $$, '2201E', 'prices must be positive to have log returns');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, -1, 1, 10, 'parkinson', 1) $$, '2201E');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1, 3, 10, 'close_to_close', 1) $$, '22023', 'high must be the highest and low the lowest price of a bar');
SELECT throws_ok($$ EXECUTE over_bars(1, 2, 1.5, 2, 10, 'parkinson', 1) $$, '22023', 'high must be the highest and low the lowest price of a bar');
SELECT throws_ok($$ SET LOCAL margin_calib.max_state_mb = 1; EXECUTE over_bars(1, 2, 1, 1, 1000000, 'parkinson', 1) $$, '54000');
SELECT lives_ok('EXECUTE over_bars(1, 2, 1, 1, NULL, ''parkinson'', 1)', 'bars NULL');
SELECT results_eq('EXECUTE over_bars(1, 2, 1, 1, 1, NULL, 1)', 'SELECT NULL::float8', 'estimator NULL gives NULL');
SELECT results_eq('EXECUTE over_bars(1, 2, 1, 1, 1, ''parkinson'', NULL)', 'SELECT NULL::float8', 'periods_per_year NULL gives NULL');

-- ---- ewma_vol ----
SELECT is_aggregate('margin_calib', f, a) FROM unnest('{ewma_vol,ewma_vol_half_life}'::text[]) AS f,
    (VALUES (ARRAY['double precision', 'double precision']), (ARRAY['double precision', 'double precision', 'double precision'])) AS v (a);
SELECT is((SELECT count(*) FROM pg_aggregate WHERE aggfnoid::text ~ '^margin_calib.ewma_vol' AND aggcombinefn <> 0), 0::bigint,
          'what depends on the order has no combine function');
CREATE TABLE closes AS SELECT i, close FROM bars WHERE kind = 'plain';
CREATE FUNCTION weighted(lambda float8, first int, last int) RETURNS float8 STABLE LANGUAGE sql AS $$
    SELECT sqrt(sum(lambda ^ (last - i) * r ^ 2) / nullif(sum(lambda ^ (last - i)), 0))
    FROM (SELECT i, ln(close / lag(close) OVER (ORDER BY i)) AS r FROM closes WHERE i BETWEEN first AND last) AS returns WHERE r IS NOT NULL
$$;
SELECT ok(bool_and(same IS NOT FALSE) AND count(running) = 199, 'a running window is the weighted mean of all returns so far')
FROM (SELECT abs(running / weighted(0.94, 1, i) - 1) < 1e-12 AS same, running
      FROM (SELECT i, ewma_vol(close, 0.94) OVER (ORDER BY i) AS running FROM closes) AS w) AS both_ways;
SELECT ok(bool_and(same IS NOT FALSE) AND count(moving) = 199, 'a moving frame that of its own returns')
FROM (SELECT abs(moving / weighted(0.94, i - 20, i) - 1) < 1e-12 AS same, moving
      FROM (SELECT i, ewma_vol(close, 0.94) OVER (ORDER BY i ROWS 20 PRECEDING) AS moving FROM closes) AS w) AS both_ways;
SELECT ok(abs(ewma_vol(close, 0.94 ORDER BY i) / weighted(0.94, 1, 200) - 1) < 1e-12
          AND ewma_vol(close, 0.94 ORDER BY i) <> ewma_vol(close, 0.94 ORDER BY i DESC), 'as an aggregate, in the order given') FROM closes;
SELECT ok(ewma_vol_half_life(close, 1 ORDER BY i) = ewma_vol(close, 0.5 ORDER BY i), 'half-life of one bar') FROM closes;
SELECT ok(ewma_vol(close, 0.9, 4 ORDER BY i) = 2 * ewma_vol(close, 0.9 ORDER BY i)
          AND ewma_vol_half_life(close, 5, 4 ORDER BY i) = 2 * ewma_vol_half_life(close, 5 ORDER BY i), 'periods_per_year') FROM closes;
SELECT is((SELECT ewma_vol(CASE WHEN i % 3 > 0 THEN close END, 0.9 ORDER BY i) FROM closes),
          (SELECT ewma_vol(close, 0.9 ORDER BY i) FROM closes WHERE i % 3 > 0), 'NULL is skipped');
SELECT is((SELECT ewma_vol(close, 0.9) FROM closes WHERE i < 1), NULL, 'no row gives NULL');
SELECT is((SELECT ewma_vol(close, 0.9) FROM closes WHERE i = 1), NULL, 'one price gives NULL');
SELECT is((SELECT ewma_vol(7, 0.9) FROM closes), 0::float8, 'a constant price gives 0');
SELECT is((SELECT count(*) FROM (SELECT i, ewma_vol(CASE WHEN i = 50 THEN 'NaN' WHEN i = 90 THEN 'Infinity' ELSE close END, 0.9)
                                 OVER (ORDER BY i ROWS 5 PRECEDING) AS v, ewma_vol(close, 0.9) OVER (ORDER BY i ROWS 5 PRECEDING) AS w FROM closes) AS x
           WHERE CASE WHEN i BETWEEN 50 AND 55 OR i BETWEEN 90 AND 95 THEN 'NaN' ELSE w END IS DISTINCT FROM v), 0::bigint, 'NaN while it is in the frame');
SELECT throws_ok(format('SELECT margin_calib.ewma_vol(close, %L) FROM closes', l), '22023', 'lambda must lie strictly between 0 and 1')
FROM unnest('{0,1,-0.5,NaN,Infinity}'::float8[]) AS l;
SELECT throws_ok(format('SELECT margin_calib.ewma_vol_half_life(close, %L) FROM closes', b), '22023', 'bars of a half-life must lie between 0.001 and 1e15')
FROM unnest('{0,1e16,-1,NaN,Infinity}'::float8[]) AS b;
SELECT throws_ok('SELECT margin_calib.ewma_vol(close, 0.9, 0) FROM closes', '22023', 'periods_per_year must be positive and finite');
SELECT throws_ok('SELECT margin_calib.ewma_vol(close, i / 300.0) FROM closes', '22023', 'the settings of an aggregate must be the same in every row');
SELECT throws_ok('SELECT margin_calib.ewma_vol(close, NULL) FROM closes', '22004');
SELECT throws_ok('SELECT margin_calib.ewma_vol(close - close, 0.9) FROM closes', '2201E', 'prices must be positive to have log returns');

-- ---- realised measures ----
SELECT is_aggregate('margin_calib', 'realized_measures', ARRAY['double precision']);
SELECT is_aggregate('margin_calib', f, a) FROM unnest('{realized_vol,bipower_vol}'::text[]) AS f,
    (VALUES (ARRAY['double precision']), (ARRAY['double precision', 'double precision'])) AS v (a);
CREATE TABLE days AS
SELECT day, i, (100 * exp(sum(0.001 * sin(day * 7 + i * i * 1.1) + CASE WHEN day = 2 AND i = 40 THEN 0.05 ELSE 0 END)
                          OVER (PARTITION BY day ORDER BY i)))::float8 AS price
FROM generate_series(1, 2) AS day, generate_series(1, 79) AS i;
CREATE TABLE measured AS SELECT day, (realized_measures(price ORDER BY i)).* FROM days GROUP BY day;
SELECT ok(bool_and(m.returns = 78 AND abs(m.realized_variance / rv - 1) < 1e-12 AND abs(m.bipower_variation / (pi() / 2 * 78 / 77 * bv) - 1) < 1e-12
                   AND abs(m.minimum_realized_variance / (pi() / (pi() - 2) * 78 / 77 * min) - 1) < 1e-12
                   AND abs(m.median_realized_variance / (pi() / (6 - 4 * sqrt(3) + pi()) * 78 / 76 * med) - 1) < 1e-12
                   AND abs(m.tripower_quarticity / (0.8308609250295591 ^ -3 * 78.0 * 78 / 76 * tq) - 1) < 1e-12
                   AND abs(m.jump_statistic - (1 - m.bipower_variation / m.realized_variance)
                           / sqrt((pi() ^ 2 / 4 + pi() - 5) * greatest(1, m.tripower_quarticity / m.bipower_variation ^ 2) / 78)) < 1e-12
                   AND abs(m.jump_share - greatest(0, 1 - m.bipower_variation / m.realized_variance)) < 1e-14), 'by their equations')
FROM measured AS m JOIN (
    SELECT day, sum(a * a) AS rv, sum(a * b) AS bv, sum(least(a, b) ^ 2) FILTER (WHERE b IS NOT NULL) AS min, sum((a * b * c) ^ (4.0 / 3)) AS tq,
           sum((a + b + c - least(a, b, c) - greatest(a, b, c)) ^ 2) FILTER (WHERE c IS NOT NULL) AS med
    FROM (SELECT day, a, lag(a) OVER w AS b, lag(a, 2) OVER w AS c
          FROM (SELECT day, i, abs(ln(price / lag(price) OVER (PARTITION BY day ORDER BY i))) AS a FROM days) AS returns
          WINDOW w AS (PARTITION BY day ORDER BY i)) AS neighbours GROUP BY day) AS sums USING (day);
SELECT ok((SELECT jump_p_value FROM measured WHERE day = 1) > 0.01 AND (SELECT jump_p_value FROM measured WHERE day = 2) < 1e-6, 'the jump of day 2 is found');
SELECT ok(bool_and(vol = 2 * half AND bi = 2 * bihalf AND abs(half ^ 2 / m.realized_variance - 1) < 1e-14 AND abs(bi ^ 2 / (4 * m.bipower_variation) - 1) < 1e-14), 'realized_vol and bipower_vol are roots of the variances; periods_per_year')
FROM (SELECT day, realized_vol(price, 4 ORDER BY i) AS vol, realized_vol(price ORDER BY i) AS half, bipower_vol(price, 4 ORDER BY i) AS bi,
             bipower_vol(price ORDER BY i) AS bihalf FROM days GROUP BY day) AS v JOIN measured AS m USING (day);
SELECT is((SELECT realized_measures(price)::text FROM (VALUES (NULL::float8)) AS v (price)), NULL, 'no price gives NULL');
SELECT is((SELECT realized_measures(5)::text), '(0,,,,,,,,)', 'one price');
SELECT is((SELECT realized_measures(price)::text FROM (VALUES (5::float8), (NULL), (5)) AS v (price)), '(1,0,,,,,,,)', 'one return of 0');
SELECT is((SELECT realized_measures(5)::text FROM generate_series(1, 3)), '(2,0,0,,0,,,,)', 'two returns of 0');
SELECT is((SELECT realized_measures(5)::text FROM generate_series(1, 4)), '(3,0,0,0,0,0,,,)', 'three returns of 0: no test');
SELECT is((SELECT realized_measures(price)::text FROM (VALUES (5::float8), ('NaN'), (5), (6)) AS v (price)),
          '(3,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN)', 'NaN');
SELECT is((SELECT concat(realized_vol(5), bipower_vol(5))), '', 'one price has no volatility');
SELECT is((SELECT realized_vol(5) || ',' || bipower_vol(5) FROM generate_series(1, 3)), '0,0', 'a constant price has 0');
SELECT is((SELECT coalesce(bipower_vol(price)::text, 'NULL') FROM days WHERE day = 1 AND i < 3), 'NULL', 'bipower_vol needs two returns');
SELECT is((SELECT realized_vol(price) FROM (VALUES (5::float8), ('Infinity')) AS v (price)), 'NaN', 'infinity');
SELECT throws_ok('SELECT margin_calib.realized_vol(i - 5) FROM days', '2201E', 'prices must be positive to have log returns');
SELECT throws_ok('SELECT margin_calib.realized_vol(price, -1) FROM days', '22023', 'periods_per_year must be positive and finite');
SELECT throws_ok('SELECT margin_calib.bipower_vol(price, i) FROM days', '22023', 'the settings of an aggregate must be the same in every row');
SELECT is((SELECT count(*) FROM (SELECT day, i, realized_vol(price) OVER (PARTITION BY day ORDER BY i) AS v,
                                        (SELECT realized_vol(b.price ORDER BY b.i) FROM days AS b WHERE b.day = d.day AND b.i <= d.i) AS w
                                 FROM days AS d) AS x WHERE v IS DISTINCT FROM w), 0::bigint, 'the span so far');

-- ---- volatility_state ----
SELECT has_type('margin_calib', 'volatility_state', 'the type');
SELECT is_aggregate('margin_calib', 'volatility_state', ARRAY['double precision']);
SELECT is_aggregate('margin_calib', 'volatility_merge', ARRAY['volatility_state']);
SELECT is_empty($$ SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace
                    AND proname ~ '^(volatility_state_(accum|combine|final|recv)|ewma_vol_.*(accum|final)|realized_(accum|.*_final)|bipower_vol_final)'
                    AND has_function_privilege('pg_monitor', oid, 'EXECUTE') $$, 'support functions are not for PUBLIC');
CREATE TABLE returns AS
SELECT kind, i, CASE kind WHEN 'plain' THEN 0.01 * sin(i * i * 0.7) WHEN 'scales' THEN power(10, i % 30 - 15) * sin(i)
                          WHEN 'whole range' THEN CASE i % 3 WHEN 0 THEN 1e308 WHEN 1 THEN 5e-324 ELSE -3e10 END
                          WHEN 'nan' THEN CASE i WHEN 77 THEN 'NaN' WHEN 88 THEN '-Infinity' ELSE sin(i) END
                          WHEN 'nulls' THEN CASE WHEN i % 3 = 0 THEN cos(i) END WHEN 'zero' THEN 0 END::float8 AS r
FROM unnest('{plain,scales,whole range,nan,nulls,zero,empty}'::text[]) AS kind, generate_series(1, 300) AS i;
CREATE TABLE states AS SELECT kind, i % 7 AS shard, volatility_state(r) AS state FROM returns GROUP BY kind, i % 7;
SELECT is((SELECT array_agg(volatility(s) ORDER BY kind) FROM (SELECT kind, volatility_state(r) AS s FROM returns GROUP BY kind) AS x),
          (SELECT array_agg(v ORDER BY kind) FROM (SELECT kind, volatility(r) AS v FROM returns GROUP BY kind) AS x), 'the volatility of a state');
SELECT is((SELECT array_agg(volatility(s, 4) ORDER BY kind) FROM (SELECT kind, volatility_state(r) AS s FROM returns GROUP BY kind) AS x),
          (SELECT array_agg(v ORDER BY kind) FROM (SELECT kind, 2 * volatility(r) AS v FROM returns GROUP BY kind) AS x), 'annualised');
SELECT is_empty($$ SELECT kind, volatility_merge(state ORDER BY shard)::text FROM states GROUP BY kind EXCEPT
                   SELECT kind, volatility_merge(state::text::volatility_state ORDER BY shard DESC)::text FROM states GROUP BY kind $$, 'merged in any order, through text');
SELECT is_empty($$ SELECT kind, volatility_merge(state)::text FROM states GROUP BY kind EXCEPT
                   SELECT kind, volatility_state(r ORDER BY r)::text FROM returns GROUP BY kind $$, 'equal returns have equal texts');
SELECT is_empty($$ SELECT kind, volatility_merge(state)::text FROM states GROUP BY kind EXCEPT
                   SELECT kind, volatility_merge(state)::text FROM (SELECT kind, volatility_merge(state) AS state FROM states GROUP BY kind, shard % 2) AS x GROUP BY kind $$,
                'merged in steps');
SELECT is((SELECT array_agg(observations(volatility_state) ORDER BY kind) FROM (SELECT kind, volatility_state(r) FROM returns GROUP BY kind) AS x),
          (SELECT array_agg(n ORDER BY kind) FROM (SELECT kind, count(r) AS n FROM returns GROUP BY kind) AS x), 'observations');
SELECT ok((SELECT bool_and(abs(mean_return(s) / mean - 1) < 1e-12) FROM (SELECT volatility_state(r) AS s, avg(r) AS mean FROM returns
          WHERE kind IN ('plain', 'nulls') GROUP BY kind) AS x), 'mean_return');
SELECT is((SELECT array_agg(mean_return(s) ORDER BY kind) FROM (SELECT kind, volatility_state(r) AS s FROM returns WHERE kind IN ('empty', 'nan', 'zero') GROUP BY kind) AS x),
          '{NULL,NaN,0}'::float8[], 'mean_return of nothing, of NaN, of zeros');
SELECT is((SELECT volatility_state(r)::text FROM returns WHERE kind = 'empty'), '1 0 0 0 0 0 0 0 0', 'no row gives the empty state');
SELECT is((SELECT volatility_merge(state)::text FROM states WHERE kind = 'none'), '1 0 0 0 0 0 0 0 0', 'no state, too');
SELECT is((SELECT volatility(volatility_merge(s)) FROM (VALUES (NULL::volatility_state), ('1 0 0 0 0 0 0 0 0'), ('1 2 0 0 0 0 0 0 0')) AS v (s)), 0::float8, 'NULL and empty states change nothing');
SELECT is((SELECT volatility('1 1 0 0 0 0 0 0 0'::volatility_state)), NULL, 'one return has no volatility');
-- running windows: a state that a row has got stays as it is
SELECT is_empty($$ SELECT i, s::text FROM (SELECT i, volatility_state(r) OVER (ORDER BY i) AS s FROM returns WHERE kind = 'plain') AS w EXCEPT
                   SELECT a.i, volatility_state(b.r)::text FROM returns AS a JOIN returns AS b USING (kind) WHERE kind = 'plain' AND b.i <= a.i GROUP BY a.i $$, 'running states');
-- stored in a row too wide to stay whole
CREATE TABLE stored AS SELECT repeat('x', 1000) AS pad, array_agg(state ORDER BY shard) AS many, min(state::text) AS text,
                              (SELECT volatility_merge(state) FROM states WHERE kind = 'whole range') AS wide FROM states, generate_series(1, 40) WHERE kind = 'whole range';
ALTER TABLE stored ALTER wide SET STORAGE external, ALTER many SET STORAGE external;
INSERT INTO stored SELECT * FROM stored;
SELECT is_empty($$ SELECT volatility_merge(s)::text FROM stored, unnest(many) AS s WHERE ctid = '(0,1)' EXCEPT
                   SELECT volatility_merge(state)::text FROM states, generate_series(1, 40) WHERE kind = 'whole range' $$, 'through arrays and toast');
SELECT is((SELECT count(DISTINCT wide::text) FROM stored), 1::bigint, 'toasted in either way');

SELECT throws_ok(format('SELECT %L::margin_calib.volatility_state', t), '22P02', 'invalid input syntax for type volatility_state')
FROM (VALUES (''), (' '), ('1'), ('x'), ('1 0 0 0 0 0 0 0'), ('1 0 0 0 0 0 0 0 0 0'), ('2 0 0 0 0 0 0 0 0'), ('1 0 0 0 0 0 0 0 1'), ('1 0 0 0 0 0 0 0 x'),
             ('1 0 0 0 0 0 0 0 0x'), ('1 NaN 0 0 0 0 0 0 0'), ('1 1e3 0 0 0 0 0 0 0'), ('1 -1 0 0 0 0 0 0 0'), ('1 0 0 0 999999999 0 0 0 0'), ('1 0 0 67 0 0 0 0 0'),
             ('1 0 0 -1 0 0 0 0 0'), ('1 99999999999999999999999999 0 0 0 0 0 0 0'), ('1 9007199254740993 0 0 0 0 0 0 0'), ('1.0 0 0 0 0 0 0 0 0'), ('1 0 0 0 0 0 0 0 -'),
             ('1 2 0 31 1 0 0 0 -5 0 0 0'), ('1 1 0 31 1 1073741825 0 0 0 268435456 0 0'), ('1 2 0 31 1 4294967296 0 0 0 268435456 0 0'),
             ('1 2 0 31 1 1 0 0 0 268435456 0 0 0'), (repeat('1 ', 300)), (repeat('9', 100000)), ('1 0 0 0 66' || repeat(' 4294967295', 202))) AS hostile (t);
SELECT is('1 1 0 31 1 1073741824 0 0 0 268435456 0 0'::volatility_state::text, '1 1 0 31 1 1073741824 0 0 0 268435456 0 0', 'what only just holds passes');
SELECT throws_ok($$ SELECT margin_calib.volatility_merge(s) FROM unnest(ARRAY['1 9007199254740990 0 0 0 0 0 0 0', '1 9007199254740990 0 0 0 0 0 0 0']::margin_calib.volatility_state[]) AS s $$, '22003');
SELECT throws_ok($$ SELECT margin_calib.volatility('1 2 0 0 0 0 0 0 0'::margin_calib.volatility_state, 0) $$, '22023', 'periods_per_year must be positive and finite');
SELECT throws_ok($$ SELECT margin_calib.volatility(volatility_state, 1e308) FROM (SELECT volatility_state(r) FROM returns WHERE kind = 'whole range') AS x $$, '22003');

-- parallel = serial to the last digit, and the plan is parallel
CREATE TABLE many AS SELECT g % 3 AS k, sin(g * 0.37) * power(10, g % 9)::float8 AS r FROM generate_series(1, 60000) AS g;
ANALYZE many;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
CREATE TABLE serial AS SELECT k, volatility_state(r)::text AS s FROM many GROUP BY k;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT ok(position('Partial' in plan_of('SELECT k, volatility_state(r)::text FROM many GROUP BY k')) > 0, 'the plan is parallel');
SELECT results_eq('SELECT k, volatility_state(r)::text FROM many GROUP BY k ORDER BY k', 'SELECT * FROM serial ORDER BY k', 'parallel = serial');
RESET parallel_setup_cost;

-- ---- har_fit, har_forecast ----
SELECT is_aggregate('margin_calib', 'har_fit', ARRAY['double precision']);
SELECT has_function('margin_calib', 'har_forecast', ARRAY['har_model', 'integer']);
CREATE TABLE variances AS SELECT i, (1e-4 * exp(sin(i * 0.21) + 0.4 * sin(i * i * 0.37)))::float8 AS v FROM generate_series(1, 400) AS i;
CREATE TABLE fitted AS SELECT har_fit(v ORDER BY i) AS fit FROM variances;
CREATE VIEW model AS SELECT (fit).* FROM fitted;
CREATE TABLE lagged AS SELECT * FROM (
    SELECT i, v AS y, lag(v) OVER (ORDER BY i) AS d, avg(v) OVER (ORDER BY i ROWS BETWEEN 5 PRECEDING AND 1 PRECEDING) AS w,
           avg(v) OVER (ORDER BY i ROWS BETWEEN 22 PRECEDING AND 1 PRECEDING) AS m FROM variances) AS l WHERE i > 22;
CREATE TABLE residuals AS SELECT y, d, w, m, y - (intercept + daily * d + weekly * w + monthly * m) AS e FROM lagged, model;
SELECT is((SELECT status || ' ' || observations || ' ' || newey_west_lag FROM model), 'converged 378 5', 'status, observations, lag');
SELECT ok(abs(sum(e)) < 1e-15 AND abs(sum(e * d)) < 1e-18 AND abs(sum(e * w)) < 1e-18 AND abs(sum(e * m)) < 1e-18, 'the normal equations hold') FROM residuals;
SELECT ok((SELECT abs(r_squared / (1 - sum(e * e) / (var_pop(y) * count(*))) - 1) < 1e-10
                  AND abs(residual_sd / sqrt(sum(e * e) / (count(*) - 4)) - 1) < 1e-10 FROM residuals, model GROUP BY r_squared, residual_sd), 'R squared and residual sd');
SELECT ok((SELECT array_length(standard_errors, 1) = 4 AND array_length(newey_west_errors, 1) = 4 AND 0 < ALL (standard_errors || newey_west_errors) FROM model), 'errors of both kinds');
SELECT is((SELECT tail FROM model), (SELECT array_agg(v ORDER BY i) FROM variances WHERE i > 378), 'the last 22 values');
SELECT ok(abs(forecast / (intercept + daily * tail[22] + weekly * (SELECT avg(t) FROM unnest(tail[18:22]) AS t)
                          + monthly * (SELECT avg(t) FROM unnest(tail) AS t)) - 1) < 1e-12, 'the forecast') FROM model;
SELECT ok(f[1] = forecast AND array_length(f, 1) = 30 AND abs(f[2] / (intercept + daily * f[1] + weekly * (tail[19] + tail[20] + tail[21] + tail[22] + f[1]) / 5
                          + monthly * (f[1] + (SELECT sum(t) FROM unnest(tail[2:22]) AS t)) / 22) - 1) < 1e-12, 'and the next')
FROM (SELECT (fit).*, har_forecast(fit, 30) AS f FROM fitted) AS x;
SELECT is((SELECT har_forecast(har_fit(v ORDER BY i), 5) FROM variances), (SELECT har_forecast(fit, 5) FROM fitted), 'straight from the aggregate');
SELECT is((SELECT har_fit(CASE WHEN i % 2 = 0 THEN v END ORDER BY i)::text FROM variances), (SELECT har_fit(v ORDER BY i)::text FROM variances WHERE i % 2 = 0), 'NULL is skipped');
SELECT is((SELECT har_fit(NULL::float8)::text), NULL, 'no value gives NULL');
SELECT is((SELECT har_fit(v)::text FROM variances WHERE i < 27), '(too_few,4,,,,,,,,,,,)', 'too few');
SELECT is((SELECT har_fit(v)::text FROM variances WHERE i < 10), '(too_few,0,,,,,,,,,,,)', 'far too few');
SELECT is((SELECT har_fit(1)::text FROM variances), '(constant,378,,,,,,,,,,,)', 'a constant');
SELECT is((SELECT har_fit(CASE WHEN i = 3 THEN 'NaN' ELSE v END)::text FROM variances), '(not_finite,0,,,,,,,,,,,)', 'a NaN');
SELECT is((SELECT har_forecast(har_fit(1), 5) FROM variances), NULL, 'no coefficients, no forecast');
SELECT is((SELECT har_forecast(NULL, 5)), NULL, 'NULL');
SELECT throws_ok(format('SELECT margin_calib.har_forecast(fit, %s) FROM fitted', h), '22023', 'horizon must lie between 1 and 100000') FROM unnest('{0,-1,100001}'::int[]) AS h;
SELECT throws_ok($$ SELECT margin_calib.har_forecast(('converged',1,1,1,1,1,NULL,NULL,NULL,NULL,NULL,NULL,'{1,2}')::margin_calib.har_model, 5) $$, '22023', 'not a model of har_fit');
SELECT throws_ok($$ SELECT margin_calib.har_forecast(('converged',1,1,'NaN',1,1,NULL,NULL,NULL,NULL,NULL,NULL,'{1,2}')::margin_calib.har_model, 5) $$, '22023', 'not a model of har_fit');
SELECT throws_ok($$ SELECT margin_calib.har_forecast(('converged',1,1,1,1,1,NULL,NULL,NULL,NULL,NULL,NULL,array_fill(NULL::float8, ARRAY[22]))::margin_calib.har_model, 5) $$, '22023', 'not a model of har_fit');
SELECT throws_ok($$ SELECT margin_calib.har_forecast(('converged',1,1,1,1,1,NULL,NULL,NULL,NULL,NULL,NULL,array_fill('Infinity'::float8, ARRAY[22]))::margin_calib.har_model, 5) $$, '22023', 'not a model of har_fit');
SELECT throws_ok($$ SELECT margin_calib.har_forecast(('converged',1,0,1e200,1,1,NULL,NULL,NULL,NULL,NULL,NULL,array_fill(1::float8, ARRAY[22]))::margin_calib.har_model, 5) $$, '22003');

SELECT * FROM finish();
ROLLBACK;
