-- expected_shortfall, value_at_risk and tail_risk. Numbers come from the definitions, from SQL over
-- sorted rows, or from published answers; booleans are printed, not digits.
SET search_path = margin_calib, public;
SET max_parallel_workers_per_gather = 0;
\pset null '(null)'

-- the definition: losses {0,1,2,3,4} at 0.75
SELECT value_at_risk(-x, 0.75), expected_shortfall(-x, 0.75), tail_risk(-x, '{0.75,0.5}')
FROM generate_series(0, 4) x;

-- tails of a whole number of losses: n c within rounding of a whole number is that number
SELECT n, c, value_at_risk(-x, c) AS var, expected_shortfall(-x, c) AS es
FROM (VALUES (100, 0.99), (10, 0.7), (1000, 0.975), (250, 0.99), (1, 0.99)) v (n, c),
     LATERAL generate_series(1, n) x
GROUP BY n, c ORDER BY n, c;

-- the nine types by hand from Hyndman and Fan, losses 1 to 10 at 0.25 and 0.95: no row differs
SELECT t, value_at_risk(-x, 0.25, t) - at_25 AS off_25, abs(value_at_risk(-x, 0.95, t) - at_95) < 1e-14 AS at_95
FROM generate_series(1, 10) x,
     (VALUES ('inverted_cdf', 3, 10), ('averaged_inverted_cdf', 3, 10), ('closest_observation', 2, 10),
             ('interpolated_inverted_cdf', 2.5, 9.5), ('hazen', 3, 10), ('weibull', 2.75, 10),
             ('linear', 3.25, 9.55), ('median_unbiased', 35.0 / 12, 10), ('normal_unbiased', 2.9375, 10)) v (t, at_25, at_95)
GROUP BY t, at_25, at_95 HAVING abs(value_at_risk(-x, 0.25, t) - at_25) > 1e-14 OR abs(value_at_risk(-x, 0.95, t) - at_95) > 1e-14;
SELECT bool_and(a = b) AS type_names_agree, count(*)
FROM (SELECT value_at_risk(-x * x, 0.813, 'type' || o) AS a, value_at_risk(-x * x, 0.813, t) AS b
      FROM generate_series(1, 37) x,
           unnest('{inverted_cdf,averaged_inverted_cdf,closest_observation,interpolated_inverted_cdf,hazen,weibull,linear,median_unbiased,normal_unbiased}'::text[])
               WITH ORDINALITY u (t, o)
      GROUP BY t, o) q;

CREATE TABLE tail_pnl AS
SELECT i, i % 7 AS desk,
       CASE WHEN i % 50 = 0 THEN NULL
            ELSE 100 * sin(i * 1.7) * cos(i * i * 0.31) + (i % 13) * 0.1 END::float8 AS pnl
FROM generate_series(1, 3000) i;
ANALYZE tail_pnl;

SELECT bool_and(abs(value_at_risk - percentile) < 1e-12) AS linear_is_percentile_cont, count(*)
FROM (SELECT desk, value_at_risk(pnl, 0.95, 'linear') AS value_at_risk,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY -pnl) AS percentile
      FROM tail_pnl GROUP BY desk) q;

-- the definition in SQL over sorted rows
CREATE FUNCTION tail_oracle(pnl float8[], c numeric, OUT var float8, OUT es float8)
LANGUAGE sql AS $$
    WITH l AS (SELECT -x AS loss, row_number() OVER (ORDER BY x) AS r, count(*) OVER () AS n
               FROM unnest(pnl) x WHERE x IS NOT NULL),
         w AS (SELECT loss, least(1, greatest(0, n * (1 - c) - (r - 1))) AS weight, r, n FROM l)
    SELECT max(loss) FILTER (WHERE r = n - ceil(n * c) + 1),
           sum(loss * weight) / sum(weight)
    FROM w
$$;
SELECT c, bool_and(abs(v - var) <= 1e-12 * abs(var)) AS var, bool_and(abs(e - es) <= 1e-12 * abs(es)) AS es,
       bool_and(r = ARRAY[ROW(c, v, e)::tail_risk_level]) AS tail_risk, count(*)
FROM (SELECT c, value_at_risk(pnl, c) AS v, expected_shortfall(pnl, c) AS e,
             tail_risk(pnl, ARRAY[c]::float8[]) AS r, array_agg(pnl) AS pnls
      FROM tail_pnl, (VALUES (0.001), (0.3), (0.5), (0.9), (0.975), (0.99), (0.9999)) v (c)
      GROUP BY desk, c) q, tail_oracle(pnls, c::numeric)
GROUP BY c ORDER BY c;

-- levels in the order given, repeated if given twice
SELECT (SELECT array_agg(l.confidence) FROM unnest(t) l) AS confidences,
       t[1] = t[4] AS repeated,
       (SELECT bool_and(l.value_at_risk <= l.expected_shortfall) FROM unnest(t) l) AS var_not_above_es
FROM (SELECT tail_risk(pnl, '{0.99,0.5,0.975,0.99}') t FROM tail_pnl) q;

-- NULL, NaN, infinity, nothing
SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9), value_at_risk(x, 0.9, 'linear'), tail_risk(x, '{0.9}')
FROM (VALUES (NULL::float8), (NULL)) v (x);
SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9), value_at_risk(x, 0.9, 'linear'), tail_risk(x, '{0.9}')
FROM (VALUES (1::float8)) v (x) WHERE false;
SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9), value_at_risk(x, 0.9, 'linear'), tail_risk(x, '{0.9}')
FROM (VALUES (-1::float8), (NULL), ('NaN')) v (x);
SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9, 'weibull'), tail_risk(x, '{0.9}')
FROM (VALUES (-1::float8), ('-Infinity')) v (x);
SELECT expected_shortfall(x, 0.9), value_at_risk(x, 0.9) FROM (VALUES (-5::float8), (NULL)) v (x);
SELECT expected_shortfall(x, 0.5) FROM (VALUES (0::float8), (0)) v (x);
SELECT expected_shortfall(x, 0.3) = 1e308 AS no_overflow FROM (VALUES (-1e308::float8), (-1e308)) v (x);
SELECT expected_shortfall(x, 0.99) = 5e-324 AS denormal FROM (VALUES (-5e-324::float8), (0)) v (x);

-- settings: one answer each
\set VERBOSITY default
SELECT expected_shortfall(pnl, 1) FROM tail_pnl;
SELECT value_at_risk(pnl, 0) FROM tail_pnl;
SELECT value_at_risk(pnl, 'NaN') FROM tail_pnl;
SELECT value_at_risk(pnl, -0.5, 'linear') FROM tail_pnl;
SELECT expected_shortfall(pnl, NULL) FROM tail_pnl;
SELECT expected_shortfall(pnl, CASE WHEN i < 100 THEN 0.99 ELSE 0.975 END) FROM tail_pnl;
SELECT expected_shortfall(pnl, CASE WHEN i < 100 THEN 0.99 END) FROM tail_pnl;
SELECT value_at_risk(pnl, 0.99, 'type10') FROM tail_pnl;
SELECT value_at_risk(pnl, 0.99, NULL) FROM tail_pnl;
SELECT value_at_risk(pnl, 0.99, CASE WHEN i < 100 THEN 'type7' ELSE 'hazen' END) FROM tail_pnl;
SELECT value_at_risk(pnl, 0.99, CASE WHEN i < 100 THEN 'type7' ELSE 'linear' END) IS NOT NULL AS same_type FROM tail_pnl;
SELECT tail_risk(pnl, '{}') FROM tail_pnl;
SELECT tail_risk(pnl, NULL) FROM tail_pnl;
SELECT tail_risk(pnl, '{0.99,NULL}') FROM tail_pnl;
SELECT tail_risk(pnl, '{{0.99,0.975}}') FROM tail_pnl;
SELECT tail_risk(pnl, '{0.99,1.5}') FROM tail_pnl;
SELECT tail_risk(pnl, CASE WHEN i < 100 THEN '{0.99}' ELSE '{0.99,0.975}' END::float8[]) FROM tail_pnl;
SELECT tail_risk(pnl, CASE WHEN i < 100 THEN '{0.99,0.9}' ELSE '{0.99,0.975}' END::float8[]) FROM tail_pnl;
SELECT expected_shortfall(pnl, CASE WHEN i < 100 THEN 0.99 ELSE 0.975 END) OVER (ORDER BY i ROWS 9 PRECEDING) FROM tail_pnl;
SELECT tail_risk(pnl, '{0.99,NULL}') OVER (ORDER BY i ROWS 9 PRECEDING) FROM tail_pnl;
SELECT value_at_risk(pnl, 0.9, 'median') OVER (ORDER BY i ROWS 9 PRECEDING) FROM tail_pnl;
-- a row without P&L is skipped whole
SELECT expected_shortfall(x, c) FROM (VALUES (NULL::float8, 2), (-1, 0.5), (NULL, NULL)) v (x, c);

-- the state has a limit
SET margin_calib.max_state_mb = 1;
SELECT abs(expected_shortfall(-x, 0.99) - 170940353.64 / 1310.72) < 1e-9 AS fits FROM generate_series(1, 131072) x;
SELECT expected_shortfall(-x, 0.99) FROM generate_series(1, 131073) x;
SELECT count(e) FROM (SELECT expected_shortfall(-x, 0.99) OVER (ORDER BY x ROWS 30000 PRECEDING) e FROM generate_series(1, 60000) x) q;
SELECT count(e) FROM (SELECT expected_shortfall(-x, 0.99) OVER (ORDER BY x ROWS 20000 PRECEDING) e FROM generate_series(1, 60000) x) q;
RESET margin_calib.max_state_mb;

DROP TABLE tail_pnl;
DROP FUNCTION tail_oracle;
