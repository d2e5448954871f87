-- vix_variance and vix_index: labels, NULL, NaN, statuses, errors with SQLSTATE, values at a known volatility.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

CREATE FUNCTION pg_temp.normal(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    -- Simpson's rule over the density from 0 to x
    SELECT 0.5 + x / 1200 * sum(CASE WHEN i IN (0, 400) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * exp(-0.5 * (x * i / 400) ^ 2)) / sqrt(2 * pi())
      FROM generate_series(0, 400) AS i $$;
-- quotes of two expiries: forward 100, vol 40 % for 0.05 years and 30 % for 0.15, strikes 30 to 250, rate 5 %
CREATE TABLE quotes AS
SELECT t, strike, kind, price * 0.99 AS bid, price * 1.01 AS ask
  FROM (SELECT t, strike, kind, exp(-0.05 * t) * CASE kind WHEN 'call' THEN 100 * pg_temp.normal(d1) - strike * pg_temp.normal(d1 - s)
                                                       ELSE strike * pg_temp.normal(s - d1) - 100 * pg_temp.normal(-d1) END AS price
          FROM (SELECT t, strike::float8, s, ln(100 / strike) / s + s / 2 AS d1
                  FROM (VALUES (0.05, 0.4 * sqrt(0.05)), (0.15, 0.3 * sqrt(0.15))) AS e (t, s), generate_series(30.0, 250, 0.5) AS strike) AS g,
               unnest('{call,put}'::text[]) AS kind) AS p;

SELECT is_aggregate('margin_calib', 'vix_variance', ARRAY['double precision', 'text', 'double precision', 'double precision', 'double precision', 'double precision']);
SELECT volatility_is('margin_calib', 'vix_index', ARRAY['vix_term', 'vix_term', 'double precision'], 'immutable');

CREATE TABLE terms AS SELECT t, vix_variance(strike, kind, bid, ask, t, 0.05) AS term FROM quotes GROUP BY t;
SELECT is((SELECT string_agg((term).status, ',') FROM terms), 'ok,ok', 'both terms');
SELECT ok(bool_and(abs((term).forward - 100) < 1e-6 AND (term).k0 = CASE WHEN (term).forward < 100 THEN 99.5 ELSE 100 END), 'forward and K0') FROM terms;
SELECT ok(bool_and(abs((term).variance / CASE WHEN t < 0.1 THEN 0.16 ELSE 0.09 END - 1) < 0.001), 'variance is that of the flat vol') FROM terms;
SELECT ok(bool_and((term).t = t AND (term).rate = 0.05 AND (term).quotes = 882 AND (term).lowest_strike < 80 AND (term).highest_strike > 125 AND
          (term).strikes_used BETWEEN 100 AND 441), 'the other columns') FROM terms;
SELECT is((SELECT count(DISTINCT term) FROM (SELECT vix_variance(strike, kind, bid, ask, 0.05, 0.05 ORDER BY strike, kind) AS term FROM quotes WHERE t = 0.05 UNION ALL
                                             SELECT vix_variance(strike, kind, bid, ask, 0.05, 0.05 ORDER BY md5(strike::text || kind)) FROM quotes WHERE t = 0.05) AS o),
          1::bigint, 'the order of rows does not count');
SELECT is((SELECT vix_variance(strike, upper(left(kind, 1)), bid, ask, 0.05, 0.05) FROM quotes WHERE t = 0.05), (SELECT term FROM terms WHERE t < 0.1), 'C and P');

-- total variance is linear between 18.25 and 54.75 days: 0.008 and 0.0135
SELECT ok(abs(vix_index(a.term, b.term) / (100 * sqrt((0.008 + (30 - 18.25) / 36.5 * 0.0055) / 30 * 365)) - 1) < 0.001, 'index of 30 days')
  FROM terms AS a, terms AS b WHERE a.t < b.t;
SELECT ok(abs(vix_index(a.term, b.term, 18.25) / (100 * sqrt((a.term).variance)) - 1) < 1e-12, 'at the near term') FROM terms AS a, terms AS b WHERE a.t < b.t;
SELECT ok(abs(vix_index(a.term, b.term, days => 54.75) / (100 * sqrt((b.term).variance)) - 1) < 1e-12, 'at the next term') FROM terms AS a, terms AS b WHERE a.t < b.t;
SELECT is(vix_index(NULL, b.term), NULL, 'no near term') FROM terms AS b;
SELECT is(vix_index(ROW('too_few', 0.05, 0.05, NULL, NULL, NULL, NULL, NULL, NULL, 3)::vix_term, term), NULL, 'a term without a variance') FROM terms WHERE t > 0.1;
SELECT is(vix_index(ROW('ok', 0.1, 0, 0.01, 1, 1, 3, 1, 1, 4)::vix_term, ROW('ok', 0.2, 0, 0.09, 1, 1, 3, 1, 1, 4)::vix_term, 1), NULL, 'below 0 on the line');
SELECT throws_ok($$ SELECT vix_index(term, term) FROM terms $$, '22023', 'the near term must expire before the next term');
SELECT throws_ok($$ SELECT vix_index(b.term, a.term) FROM terms AS a, terms AS b WHERE a.t < b.t $$, '22023');
SELECT throws_ok($$ SELECT vix_index(a.term, b.term, 0) FROM terms AS a, terms AS b WHERE a.t < b.t $$, '22023', 'days must be positive and finite');
SELECT throws_ok($$ SELECT vix_index(a.term, b.term, 'NaN') FROM terms AS a, terms AS b WHERE a.t < b.t $$, '22023');
SELECT throws_ok($$ SELECT vix_index(a.term, b.term, 'Infinity') FROM terms AS a, terms AS b WHERE a.t < b.t $$, '22023');
SELECT throws_ok($$ SELECT vix_index(ROW('ok', 'NaN', 0, 0.01, 1, 1, 3, 1, 1, 4)::vix_term, term) FROM terms $$, '22023', 't must be finite');

-- ---- quotes with holes ----
CREATE FUNCTION pg_temp.term(rows text, t float8 DEFAULT 1, rate float8 DEFAULT 0) RETURNS vix_term LANGUAGE plpgsql AS $$
DECLARE term vix_term;
BEGIN
    EXECUTE format('SELECT (vix_variance(s, k, b, a, %L, %L)).* FROM (VALUES %s) AS q (s, k, b, a)', t, rate, rows) INTO term;
    RETURN term;
END $$;
CREATE TABLE base AS SELECT $$(10.0::float8, 'call', 2.0::float8, 3.0::float8), (10, 'put', 2, 2.5), (9, 'put', 1, 1), (11, 'call', 1, 1)$$ AS least;
SELECT ok(abs((term).variance - (2 * (1 / 81.0 + 2.375 / 100 + 1 / 121.0) - 0.025 ^ 2)) < 1e-15 AND (term).forward = 10.25 AND (term).k0 = 10 AND
          (term).strikes_used = 3 AND (term).lowest_strike = 9 AND (term).highest_strike = 11 AND (term).quotes = 4, 'three strikes by hand')
  FROM (SELECT pg_temp.term(least) AS term FROM base) AS x;
SELECT is((pg_temp.term(least || more)).strikes_used, used, what)
  FROM base, (VALUES (', (12, ''call'', NULL, 1), (13, ''call'', 1, 2)', 4, 'a NULL bid is no bid, and one such strike is passed over'),
                     (', (12, ''call'', NULL, 1), (13, ''call'', 0, 2), (14, ''call'', 1, 2)', 3, 'two end the walk'),
                     (', (12, ''call'', NULL, 1), (13, ''call'', 1, NULL), (14, ''call'', 1, 2)', 3, 'a NULL ask counts like one'),
                     (', (12, ''call'', 3, 2), (13, ''call'', -1, 2), (14, ''call'', 1, 2)', 3, 'a crossed quote and a negative bid too'),
                     (', (12, ''put'', 0, 1), (13, ''put'', 0, 1), (14, ''call'', 1, 2)', 4, 'quotes of the other kind do not count'),
                     (', (NULL, ''call'', 1, 1), (12, NULL, 1, 1)', 3, 'rows without strike or kind are skipped')) AS v (more, used, what);
SELECT is((pg_temp.term(rows, t)).status, status, status || ': ' || rows)
  FROM (VALUES ('(10::float8, ''call'', 2::float8, 3::float8)', 1::float8, 'no_forward'),
               ('(10::float8, ''call'', 2::float8, 3::float8), (10, ''put'', NULL, 3)', 1, 'no_forward'),
               ('(10::float8, ''call'', 2::float8, 3::float8), (10, ''call'', 2, 3)', 1, 'duplicate'),
               ('(10::float8, ''call'', 2::float8, 3::float8), (10, ''put'', 4, 6)', 1, 'no_k0'),
               ('(10::float8, ''call'', 2::float8, 3::float8), (10, ''put'', 2, 2.5)', 1, 'too_few'),
               ('(10::float8, ''call'', 2::float8, 3::float8), (10, ''put'', 2, ''NaN'')', 1, 'not_finite'),
               ('(''Infinity''::float8, ''call'', 2::float8, 3::float8)', 1, 'not_finite'),
               ('(10::float8, ''call'', 20::float8, 20::float8), (10, ''put'', 1, 1), (9, ''put'', 0.001, 0.001), (11, ''call'', 0.001, 0.001)', 1, 'not_positive'),
               ('(10::float8, ''call'', 1::float8, 1::float8), (10, ''put'', 1, 1), (9, ''put'', 1, 1), (11, ''call'', 1e308, 1e308)', 1e-9, 'overflow'),
               ('(10::float8, ''call'', 2::float8, 3::float8)', 0, 'expired'),
               ('(10::float8, ''call'', 2::float8, 3::float8)', -1, 'expired')) AS v (rows, t, status);
SELECT ok((pg_temp.term('(10::float8, ''call'', 2::float8, 3::float8)')).variance IS NULL, 'no variance then');
SELECT is((SELECT vix_variance(strike, kind, bid, ask, 0.05, 0) FROM quotes WHERE false), NULL, 'no row');
SELECT is((SELECT vix_variance(NULL, kind, bid, ask, 0.05, 0) FROM quotes), NULL, 'no row with a strike');

SELECT throws_ok($$ SELECT vix_variance(strike, 'straddle', bid, ask, 0.05, 0) FROM quotes $$, '22023', 'kind must be call or put');
SELECT throws_ok($$ SELECT vix_variance(-strike, kind, bid, ask, 0.05, 0) FROM quotes $$, '22023', 'strike must be positive');
SELECT throws_ok($$ SELECT vix_variance(0, kind, bid, ask, 0.05, 0) FROM quotes $$, '22023');
SELECT throws_ok($$ SELECT vix_variance(strike, kind, bid, ask, t, 0) FROM quotes $$, '22023');
SELECT throws_ok($$ SELECT vix_variance(strike, kind, bid, ask, NULL, 0) FROM quotes $$, '22004');
SELECT throws_ok($$ SELECT vix_variance(strike, kind, bid, ask, 0.05, NULL) FROM quotes $$, '22004');
SELECT throws_ok($$ SELECT vix_variance(strike, kind, bid, ask, 'NaN', 0) FROM quotes $$, '22023', 't must be finite');
SELECT throws_ok($$ SELECT vix_variance(strike, kind, bid, ask, 0.05, '-Infinity') FROM quotes $$, '22023', 'rate must be finite');
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok($$ SELECT vix_variance(i, 'C', 1, 1, 1, 0) FROM generate_series(1, 100000) AS i $$, '54000');
SELECT lives_ok($$ SELECT vix_variance(i, 'C', 1, 1, 1, 0) FROM generate_series(1, 10000) AS i $$, 'below the limit');
RESET margin_calib.max_state_mb;

-- over a window the state goes on after each row
SELECT is((SELECT count(DISTINCT term) FROM (SELECT vix_variance(strike, kind, bid, ask, 0.05, 0.05) OVER () AS term FROM quotes WHERE t = 0.05
                                             UNION ALL SELECT term FROM terms WHERE t < 0.1) AS w), 1::bigint, 'as a window');
SELECT is((SELECT term FROM (SELECT vix_variance(strike, kind, bid, ask, 0.05, 0.05) OVER (ORDER BY md5(strike::text), kind ROWS UNBOUNDED PRECEDING) AS term,
                                    row_number() OVER (ORDER BY md5(strike::text), kind) AS i FROM quotes WHERE t = 0.05) AS w ORDER BY i DESC LIMIT 1),
          (SELECT term FROM terms WHERE t < 0.1), 'row by row');
SELECT finish();
ROLLBACK;
