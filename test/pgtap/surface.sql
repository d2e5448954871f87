-- Volatility surfaces from quotes: any order of rows, any garbage in any column, errors with SQLSTATE, what becomes of each
-- quote, interpolation by hand, smiles of SVI. Numbers are held against their sources in test/unit and test/oracle.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'UTC';

-- ---- a chain whose vols are those of known smiles ----
CREATE TABLE truth (expiry timestamptz, forward float8, smile svi);
INSERT INTO truth VALUES ('2026-02-01', 100, '(0.004,0.03,-0.3,0.01,0.08)'), ('2026-04-01', 102, '(0.02,0.05,-0.3,0.01,0.15)'),
                         ('2026-10-01', 105, '(0.1,0.1,-0.3,0.02,0.25)');
CREATE FUNCTION pg_temp.years(expiry timestamptz) RETURNS float8 LANGUAGE sql AS $$
    SELECT extract(epoch FROM expiry - '2026-01-01')::float8 / 86400 / 365 $$;
CREATE TABLE chain AS
SELECT row_number() OVER () AS i, expiry, strike, kind, inverse_option_price(kind, forward, strike, t, vol - 0.01) AS bid,
       inverse_option_price(kind, forward, strike, t, vol + 0.01) AS ask, inverse_option_price(kind, forward, strike, t, vol) AS mark,
       forward, timestamptz '2026-01-01' AS ts, vol
FROM (SELECT *, sqrt(svi_total_variance(smile, ln(strike / forward)) / t) AS vol
        FROM (SELECT *, pg_temp.years(expiry) AS t FROM truth) AS x, (SELECT 75 + 5 * n::float8 AS strike FROM generate_series(1, 10) AS n) AS v, unnest('{call,put}'::text[]) AS kind) AS y;
CREATE FUNCTION pg_temp.fit(forwards boolean DEFAULT true, settings surface_settings DEFAULT surface_settings('coin')) RETURNS vol_surface LANGUAGE sql AS $$
    SELECT fit_surface(expiry, strike, kind, bid, ask, mark, CASE WHEN forwards THEN forward END, ts, '2026-01-01', settings) FROM chain $$;
CREATE TABLE good AS SELECT pg_temp.fit() AS s;

SELECT is(count(*), 3::bigint, 'three smiles') FROM good, unnest((s).slices) AS x
 WHERE x.status = 'fitted' AND x.model = 'svi' AND x.strikes = 10 AND x.left_out = 10 AND x.reason IS NULL AND x.forward_source = 'quoted';
SELECT ok(bool_and(x.worst_error < 0.0005 AND x.median_error <= x.worst_error AND abs(x.median_half_spread - 0.01) < 0.002), 'close to the quotes') FROM good, unnest((s).slices) AS x;
SELECT ok(bool_and(x.butterfly >= 0 AND coalesce(x.calendar >= 0, x.t < 0.1) AND svi_least_butterfly(ROW(x.a, x.b, x.rho, x.m, x.sigma)) = x.butterfly), 'free of arbitrage') FROM good, unnest((s).slices) AS x;
SELECT ok(bool_and(abs(x.atm_vol - sqrt(svi_total_variance(ROW(x.a, x.b, x.rho, x.m, x.sigma), 0) / x.t)) < 1e-14 AND abs(x.t - pg_temp.years(x.expiry)) < 1e-15), 'atm_vol and t') FROM good, unnest((s).slices) AS x;
SELECT ok(bool_and(abs(x.lowest_k - ln(80 / x.forward)) < 1e-14 AND abs(x.highest_k - ln(125 / x.forward)) < 1e-14), 'the range of strikes') FROM good, unnest((s).slices) AS x;
SELECT is(count(*), (SELECT count(*) FROM chain), 'every quote is a point') FROM good, unnest((s).points) AS p;
SELECT ok(bool_and(abs(p.vol - c.vol) < 0.001 AND p.weight > 0 AND p.weight <= 1 AND p.bid_vol < p.vol AND p.vol < p.ask_vol AND abs(p.fitted_vol - p.vol) < 0.001), 'points that are used')
  FROM good, unnest((s).points) AS p JOIN chain AS c USING (expiry, strike, kind) WHERE p.problem IS NULL;
SELECT ok(bool_and(p.problem = 'the other side of the strike is quoted tighter'), 'and those that are not') FROM good, unnest((s).points) AS p WHERE p.problem IS NOT NULL;

-- ---- the order of rows ----
SELECT is(s::text, (SELECT s::text FROM good), 'the same bits in order ' || n)
  FROM (SELECT n, fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin') ORDER BY hashfloat8(i + 1000 * n)) AS s
          FROM chain, generate_series(1, 5) AS n GROUP BY n) AS x;
SELECT is(fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin') ORDER BY i DESC)::text, (SELECT s::text FROM good), 'or backwards') FROM chain;

-- ---- forwards ----
SELECT ok(bool_and(x.forward_source = 'parity' AND abs(x.forward / t.forward - 1) < 1e-4), 'by parity in coin') FROM unnest((pg_temp.fit(false)).slices) AS x JOIN truth AS t USING (expiry);
SELECT ok(bool_and(x.forward_source = 'parity' AND abs(x.forward / t.forward - 1) < 1e-4 AND x.status = 'fitted'), 'by parity in currency with a rate')
  FROM (SELECT fit_surface(expiry, strike, kind, f * bid, f * ask, f * mark, NULL, ts, '2026-01-01', surface_settings('currency', 0.08)) AS s
          FROM (SELECT *, forward * exp(-0.08 * pg_temp.years(expiry)) AS f FROM chain) AS c) AS c, unnest((s).slices) AS x JOIN truth AS t USING (expiry);
SELECT is(array_agg(x.forward_source ORDER BY x.expiry), '{quoted,carried,quoted}', 'carried where calls and puts do not meet')
  FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, CASE WHEN expiry <> '2026-04-01' THEN forward END, ts, '2026-01-01', surface_settings('coin')) AS s
          FROM chain WHERE expiry <> '2026-04-01' OR (kind = 'call') = (strike > 101)) AS c, unnest((s).slices) AS x;
SELECT ok(abs(x.forward - 100 * 1.05 ^ (59 / 242.0)) < 1e-9, 'in constant carry: 59 days of 242')
  FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, CASE WHEN expiry <> '2026-04-01' THEN forward END, ts, '2026-01-01', surface_settings('coin')) AS s
          FROM chain WHERE expiry <> '2026-04-01' OR (kind = 'call') = (strike > 101)) AS c, unnest((s).slices) AS x WHERE x.forward_source = 'carried';
SELECT ok(bool_and(x.status = 'failed' AND x.reason ~ 'no forward' AND x.a IS NULL), 'none at all')
  FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, NULL, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE kind = 'call') AS c, unnest((s).slices) AS x;

-- ---- one bad column at a time: the bad quotes say why, the other expiries keep their smiles ----
CREATE FUNCTION pg_temp.spoilt(bad jsonb) RETURNS vol_surface LANGUAGE sql AS $$
    SELECT fit_surface((r).expiry, (r).strike, (r).kind, (r).bid, (r).ask, (r).mark, (r).forward, (r).ts, '2026-01-01', surface_settings('coin'))
      FROM (SELECT CASE WHEN expiry = '2026-04-01' AND strike = 80 THEN jsonb_populate_record(c, bad) ELSE c END AS r FROM chain AS c) AS q $$;
CREATE TABLE spoils (bad jsonb, problem text);
INSERT INTO spoils VALUES
    ('{"expiry": null}', 'no expiry'), ('{"expiry": "infinity"}', 'no expiry'), ('{"expiry": "-infinity"}', 'no expiry'),
    ('{"strike": null}', 'strike'), ('{"strike": "NaN"}', 'strike'), ('{"strike": 0}', 'strike'), ('{"strike": -5}', 'strike'), ('{"strike": "Infinity"}', 'strike'),
    ('{"kind": null}', 'kind'), ('{"kind": "calls"}', 'kind'), ('{"kind": ""}', 'kind'), ('{"kind": "CALL "}', 'kind'),
    ('{"bid": "Infinity"}', 'price'), ('{"ask": "Infinity"}', 'price'), ('{"bid": -1}', 'price'), ('{"ask": -1}', 'price'),
    ('{"bid": null}', 'no bid'), ('{"ask": null}', 'no ask'), ('{"bid": 0}', 'no bid'), ('{"ask": 0}', 'no ask'),
    ('{"bid": null, "ask": null, "mark": null}', 'no price'), ('{"bid": 0, "ask": 0, "mark": 0}', 'no price'),
    ('{"bid": 0.5, "ask": 0.4}', 'bid above ask'), ('{"bid": 1e-9}', 'ask too far'), ('{"bid": 5, "ask": 5}', 'bounds'),
    ('{"ts": "2025-12-31 22:00Z"}', '.'), ('{"ts": "2026-01-01 00:00:01Z"}', '.'), ('{"ts": "infinity"}', '.'), ('{"ts": "-infinity"}', '.'),
    ('{"expiry": "2025-12-31"}', '.'), ('{"expiry": "2026-01-01"}', '.');
CREATE TABLE spoilt AS SELECT bad, problem, pg_temp.spoilt(bad) AS s FROM spoils;
SELECT ok(count(*) >= 2 AND bool_and(p.problem ~ spoilt.problem), format('%s: %s', bad, min(p.problem)))
  FROM spoilt, unnest((s).points) AS p WHERE p.problem IS NOT NULL AND p.problem <> 'the other side of the strike is quoted tighter' GROUP BY bad ORDER BY bad::text;
SELECT is((SELECT count(DISTINCT bad) FROM spoilt, unnest((s).points) AS p WHERE p.problem <> 'the other side of the strike is quoted tighter'), (SELECT count(*) FROM spoils), 'each of them is a problem');
SELECT is(count(*), 3 * (SELECT count(*) FROM spoils), 'all smiles are there') FROM spoilt, unnest((s).slices) AS x
 WHERE x.status = 'fitted' AND x.worst_error < 0.002 AND x.expiry IN (SELECT expiry FROM truth);
SELECT is(count(*), 60 * (SELECT count(*) FROM spoils), 'and no quote is lost') FROM spoilt, unnest((s).points) AS p;
-- harmless ones
SELECT is(count(*), 0::bigint, 'no problem: ' || bad::text) FROM (SELECT bad, pg_temp.spoilt(bad) AS s FROM unnest(ARRAY['{"ts": null}', '{"forward": null}', '{"mark": null}', '{"mark": 0}', '{"forward": "NaN"}', '{"forward": -1}', '{"forward": 1e300}']::jsonb[]) AS bad) AS x, unnest((s).points) AS p
 WHERE p.problem <> 'the other side of the strike is quoted tighter' GROUP BY bad HAVING count(*) > 0;
SELECT is(count(*), 60::bigint, 'c and p, in any case') FROM (SELECT fit_surface(expiry, strike, CASE WHEN i % 2 = 0 THEN upper(kind) ELSE initcap(left(kind, 1)) END, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain) AS c,
       unnest((s).points) AS p WHERE p.problem IS NULL OR p.problem = 'the other side of the strike is quoted tighter';
SELECT is(s::text, (SELECT regexp_replace(s::text, '^', '') FROM good), 'kinds do not matter')
  FROM (SELECT fit_surface(expiry, strike, upper(left(kind, 1)), bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain) AS x;
-- a whole column of nonsense
SELECT ok(s IS NOT NULL AND NOT EXISTS (SELECT FROM unnest((s).slices) AS x WHERE x.status <> 'failed' OR x.a IS NOT NULL), 'nothing but ' || v)
  FROM unnest('{NULL,NaN,Infinity,-Infinity,-1,0}'::text[]) AS v,
       LATERAL (SELECT fit_surface(expiry, nullif(v, 'NULL')::float8, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain) AS x;
SELECT ok(NOT EXISTS (SELECT FROM unnest((s).slices) AS x WHERE x.status <> 'failed'), 'no price but ' || v)
  FROM unnest('{NULL,NaN,Infinity,-Infinity,-1,0}'::text[]) AS v,
       LATERAL (SELECT fit_surface(expiry, strike, kind, nullif(v, 'NULL')::float8, nullif(v, 'NULL')::float8, nullif(v, 'NULL')::float8, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain) AS x;
SELECT lives_ok(format('SELECT fit_surface(expiry, strike, kind, bid, ask, mark, %L::float8, ts, ''2026-01-01'', surface_settings(''coin'')) FROM chain', v), 'forwards of ' || v)
  FROM unnest('{NaN,Infinity,-Infinity,-1,0,1e300,1e-300,5e-324,1.7e308}'::text[]) AS v;
SELECT ok(bool_and(x.status = 'failed' OR (x.lowest_k > '-Infinity' AND x.highest_k < 'Infinity' AND x.worst_error IS NOT NULL)), 'no infinite k')
  FROM (SELECT fit_surface('2036-01-01', 5::float8 * n, 'call', 0.495, 0.505, 0.5, 3e-308, '2026-01-01', '2026-01-01', surface_settings('coin')) AS s FROM generate_series(1, 20) AS n) AS c, unnest((s).slices) AS x;

-- ---- quotes of other times ----
SELECT is(p.problem, NULL, 'an hour old is not stale') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts - interval '1 hour', '2026-01-01', surface_settings('coin')) AS s FROM chain) AS x, unnest((s).points) AS p WHERE p.problem !~ 'other side' LIMIT 1;
SELECT ok(bool_and(x.status = 'failed'), 'older is, all of them') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts - interval '1 hour 1 second', '2026-01-01', surface_settings('coin')) AS s FROM chain) AS c, unnest((s).slices) AS x;
SELECT ok(bool_and(x.status = 'fitted'), 'if maximum_age says so') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts - interval '2 hours', '2026-01-01', surface_settings('coin', maximum_age => '3 hours')) AS s FROM chain) AS c, unnest((s).slices) AS x;
-- the ends of time
SELECT ok(p.problem ~ 'older', 'a quote of 4713 BC is stale in 294276') FROM (SELECT fit_surface('294276-12-30', 100, 'call', 0.1, 0.11, NULL, 100, '4713-01-02 BC', '294276-12-29', surface_settings('coin')) AS s) AS x, unnest((s).points) AS p;
SELECT ok(abs(x.t / 298987.9 - 1) < 1e-3, 'all of time') FROM (SELECT fit_surface('294276-12-30', 80 + n, 'call', 0.1, 0.11, NULL, 100, '4713-01-02 BC', '4713-01-02 BC', surface_settings('coin')) AS s FROM generate_series(1, 9) AS n) AS y, unnest((s).slices) AS x;
-- of two quotes of one option the later counts, whatever the order
SELECT ok(count(*) FILTER (WHERE p.problem ~ 'later|newer|replaced') = 60 AND count(*) = 120 AND bool_and(p.problem IS NOT NULL OR p.vol < 1), 'replaced quotes (' || d || ')')
  FROM unnest('{1,-1}'::integer[]) AS d,
       LATERAL (SELECT fit_surface(expiry, strike, kind, f * bid, f * ask, f * mark, forward, ts - age, '2026-01-01', surface_settings('coin') ORDER BY d * f) AS s
                  FROM chain, (VALUES (1::float8, interval '1 minute'), (1.5, interval '2 minutes')) AS v (f, age)) AS x, unnest((s).points) AS p GROUP BY d;
SELECT ok(bool_and(x.worst_error < 0.002 AND x.status = 'fitted'), 'and the smiles are those of the later')
  FROM (SELECT fit_surface(expiry, strike, kind, f * bid, f * ask, f * mark, forward, ts - age, '2026-01-01', surface_settings('coin')) AS s
          FROM chain, (VALUES (1::float8, interval '1 minute'), (1.5, interval '2 minutes')) AS v (f, age)) AS c, unnest((s).slices) AS x;

-- ---- few ----
SELECT ok(x.status = 'failed' AND x.reason ~ '1 strike' AND x.strikes = 1, 'one strike') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE strike = 100 AND expiry = '2026-02-01') AS c, unnest((s).slices) AS x;
SELECT ok(x.status = 'fitted' AND x.worst_error < 0.001 AND x.calendar IS NULL AND x.butterfly >= 0, 'one expiry') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE expiry = '2026-04-01') AS c, unnest((s).slices) AS x;
SELECT is(x.status, CASE WHEN n >= 3 THEN 'fitted' ELSE 'failed' END, n || ' strikes where 3 are enough')
  FROM generate_series(1, 5) AS n, LATERAL (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin', minimum_quotes => 3)) AS s FROM chain WHERE expiry = '2026-04-01' AND strike < 80 + 5 * n) AS c, unnest((s).slices) AS x;
SELECT is(array_agg(x.status ORDER BY x.expiry), '{fitted,failed,fitted}', 'a hopeless expiry beside good ones')
  FROM (SELECT fit_surface(expiry, strike, kind, CASE WHEN expiry = '2026-04-01' THEN ask ELSE bid END, CASE WHEN expiry = '2026-04-01' THEN bid ELSE ask END, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain) AS c, unnest((s).slices) AS x;
SELECT is(fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')), NULL, 'no rows') FROM chain WHERE false;
SELECT ok(x.t < 1e-6 AND (x.status = 'failed' OR x.butterfly >= 0), 'a second before expiry')
  FROM (SELECT fit_surface('2026-01-01 00:00:01', strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE expiry = '2026-02-01') AS c, unnest((s).slices) AS x;

-- ---- sizes and open interest ----
SELECT is(s, t, 'sizes that are not known change nothing')
  FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin', minimum_size => 5)) AS s,
               fit_surface(expiry, strike, kind, bid, ask, mark, forward, NULL, NULL, NULL, ts, '2026-01-01', surface_settings('coin', minimum_size => 5)) AS t FROM chain) AS c;
SELECT results_eq($$ SELECT p.problem, count(*) FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, NULL, forward, CASE i % 10 WHEN 0 THEN 0 WHEN 1 THEN 4 ELSE 5 END,
                                                             CASE i % 10 WHEN 2 THEN 0 WHEN 3 THEN -1 ELSE 5 END, CASE i % 10 WHEN 4 THEN 0 WHEN 5 THEN 1e300 ELSE 100 END, ts, '2026-01-01',
                                                             surface_settings('coin', minimum_size => 5, minimum_open_interest => 7)) AS s FROM chain) AS c, unnest((s).points) AS p
                      WHERE p.problem ~ 'size|interest|bid|no ask' GROUP BY p.problem ORDER BY p.problem COLLATE "C" $$,
                  $$ SELECT r, count(*) FROM (SELECT CASE i % 10 WHEN 0 THEN 'no bid' WHEN 1 THEN 'size below minimum_size' WHEN 2 THEN 'no ask' WHEN 3 THEN 'a size or the open interest is negative or not finite'
                                                          WHEN 4 THEN 'open interest below minimum_open_interest' END FROM chain) AS x (r) WHERE r IS NOT NULL GROUP BY r ORDER BY r COLLATE "C" $$, 'each with its problem');

-- ---- errors ----
SELECT throws_ok($$ SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, NULL, surface_settings('coin')) FROM chain $$, '22004');
SELECT throws_ok($$ SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', NULL) FROM chain $$, '22004');
SELECT throws_ok($$ SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, CASE WHEN i < 50 THEN timestamptz '2026-01-01' END, surface_settings('coin')) FROM chain $$, '22004');
SELECT throws_ok($$ SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, ts + i * interval '1 second', surface_settings('coin')) FROM chain $$, '22023');
SELECT throws_ok($$ SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin', minimum_quotes => 3 + i::integer)) FROM chain $$, '22023');
SELECT throws_ok(format('SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, %L, surface_settings(''coin'')) FROM chain', v), '22023') FROM unnest('{infinity,-infinity}'::text[]) AS v;
SELECT throws_ok(format('SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, ''2026-01-01'', %L::surface_settings) FROM chain', v), '22023', NULL, 'settings ' || v)
  FROM unnest(ARRAY['(,0,"1 hour",1,5,0,0,0)', '(gold,0,"1 hour",1,5,0,0,0)', '(coin,NaN,"1 hour",1,5,0,0,0)', '(coin,,"1 hour",1,5,0,0,0)', '(currency,Infinity,"1 hour",1,5,0,0,0)', '(currency,11,"1 hour",1,5,0,0,0)', '(coin,0,"-1 hour",1,5,0,0,0)', '(coin,0,,1,5,0,0,0)',
                    '(coin,0,"1 hour",0,5,0,0,0)', '(coin,0,"1 hour",NaN,5,0,0,0)', '(coin,0,"1 hour",,5,0,0,0)', '(coin,0,"1 hour",1,2,0,0,0)', '(coin,0,"1 hour",1,-2147483648,0,0,0)', '(coin,0,"1 hour",1,,0,0,0)', '(coin,0,"1 hour",1,5,-1,0,0)',
                    '(coin,0,"1 hour",1,5,NaN,0,0)', '(coin,0,"1 hour",1,5,,0,0)', '(coin,0,"1 hour",1,5,0,-1,0)', '(coin,0,"1 hour",1,5,0,0,NaN)', '(coin,0,"1 hour",1,5,0,,0)', '(,,,,,,,)']) AS v;
SELECT throws_ok('SELECT surface_settings(' || v || ')', '22023', NULL, v)
  FROM unnest(ARRAY[$$'gold'$$, 'NULL', $$'coin', 'NaN'$$, $$'coin', 11$$, $$'coin', maximum_age => '-1 second'$$, $$'coin', maximum_spread => 0$$, $$'coin', maximum_spread => 'NaN'$$,
                    $$'coin', minimum_quotes => 2$$, $$'coin', minimum_price => -1$$, $$'coin', minimum_price => NULL$$,
                    $$'coin', minimum_size => -1$$, $$'coin', minimum_open_interest => 'NaN'$$]) AS v;
SELECT throws_ok($$ SELECT fit_surface('2026-01-02'::timestamptz + n * interval '1 hour', 100, 'call', 0.1, 0.11, NULL, 100, '2026-01-01', '2026-01-01', surface_settings('coin')) FROM generate_series(1, 501) AS n $$, '54000');
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok($$ SELECT fit_surface('2026-01-02', n, 'call', 0.1, 0.11, NULL, 100, '2026-01-01', '2026-01-01', surface_settings('coin')) FROM generate_series(1, 100000) AS n $$, '54000');
RESET margin_calib.max_state_mb;

-- ---- surface_vol ----
CREATE FUNCTION pg_temp.w(x surface_slice, k float8) RETURNS float8 LANGUAGE sql AS $$
    SELECT x.a + x.b * (x.rho * (k - x.m) + sqrt((k - x.m) ^ 2 + x.sigma ^ 2)) $$;
SELECT ok(bool_and(abs(surface_vol(s, x.expiry, x.forward * exp(k)) - sqrt(pg_temp.w(x, k) / x.t)) < 1e-13), 'at an expiry its smile') FROM good, unnest((s).slices) AS x, unnest('{-0.5,0,0.2}'::float8[]) AS k;
SELECT ok(bool_and(abs(surface_vol(s, at, f * exp(k)) / sqrt(((1 - share) * pg_temp.w((s).slices[1], k) + share * pg_temp.w((s).slices[2], k)) / pg_temp.years(at)) - 1) < 1e-13), 'between two: linear in total variance')
  FROM (SELECT s, k, at, share, 100 * 1.02 ^ share AS f FROM good, unnest('{-0.5,0,0.2}'::float8[]) AS k,
               LATERAL (SELECT timestamptz '2026-02-21' AS at, 20 / 59.0::float8 AS share) AS x) AS y;
SELECT ok(bool_and(abs(surface_vol(s, '2026-01-11', 100 * exp(k)) - surface_vol(s, '2026-02-01', 100 * exp(k))) < 1e-13), 'before the first: its vol') FROM good, unnest('{-0.5,0,0.2}'::float8[]) AS k;
SELECT ok(bool_and(abs(surface_vol(s, '2027-01-01', 105 * exp(k)) / sqrt(pg_temp.w((s).slices[3], k) + 92 / 183.0::float8 * (pg_temp.w((s).slices[3], 0) - pg_temp.w((s).slices[2], 0))) - 1) < 1e-13), 'beyond the last: forward variance at the money')
  FROM good, unnest('{-0.5,0,0.2}'::float8[]) AS k;
SELECT is(surface_vol(NULL, '2026-02-01', 100), NULL, 'NULL surface');
SELECT is(surface_vol(s, NULL, 100), NULL, 'NULL expiry') FROM good;
SELECT is(surface_vol(s, '2026-02-01', NULL), NULL, 'NULL strike') FROM good;
SELECT is(surface_vol(s, '2026-02-01', 'NaN'), 'NaN', 'NaN strike') FROM good;
SELECT throws_ok(format('SELECT surface_vol(s, ''2026-02-01'', %L) FROM good', v), '22023', NULL, 'strike ' || v) FROM unnest('{0,-1,Infinity,-Infinity}'::text[]) AS v;
SELECT throws_ok(format('SELECT surface_vol(s, %L, 100) FROM good', v), '22023', NULL, 'expiry ' || v) FROM unnest('{2026-01-01,2025-01-01,-infinity}'::text[]) AS v;
SELECT is(surface_vol(s, '2026-02-01', 100), NULL, 'a surface without a smile') FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, NULL, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE kind = 'call') AS x;
SELECT is(surface_vol(ROW('2026-01-01', '{}'::surface_slice[], '{}'::surface_point[]), '2026-02-01', 100), NULL, 'an empty surface');
SELECT is(surface_vol(ROW('2026-01-01', NULL, NULL), '2026-02-01', 100), NULL, 'a surface of NULL');
SELECT throws_ok($$ SELECT surface_vol(ROW(NULL, (s).slices, (s).points), '2026-02-01', 100) FROM good $$, '22023');

-- ---- smiles ----
SELECT ok(abs(svi_least_butterfly('(-0.0410,0.1331,0.3060,0.3586,0.4153)') + 0.0328635735) < 1e-9, 'Vogt''s smile');
SELECT ok(abs(svi_butterfly('(-0.0410,0.1331,0.3060,0.3586,0.4153)', 0.87926) + 0.0328635735) < 1e-9, 'and where');
SELECT ok(abs((j).v - 0.0174262526) < 1e-9 AND abs((j).psi + 0.1752111408) < 1e-9 AND abs((j).p - 0.6997381042) < 1e-9 AND abs((j).c - 1.3167982190) < 1e-9 AND abs((j).v_least - 0.0116249032) < 1e-9, 'its jump wings')
  FROM svi_to_jw('(-0.0410,0.1331,0.3060,0.3586,0.4153)', 1) AS j;
SELECT ok(abs(s.a + 0.0410) < 1e-9 AND abs(s.b - 0.1331) < 1e-9 AND abs(s.rho - 0.3060) < 1e-9 AND abs(s.m - 0.3586) < 1e-9 AND abs(s.sigma - 0.4153) < 1e-9, 'and back')
  FROM svi_from_jw(svi_to_jw('(-0.0410,0.1331,0.3060,0.3586,0.4153)', 1), 1) AS s;
SELECT ok(abs((r).a - 0.00774091242) < 1e-9 AND abs((r).b - 0.06924203449) < 1e-9 AND abs((r).rho + 0.33403648061) < 1e-9 AND abs((r).m - 0.04203374523) < 1e-9 AND abs((r).sigma - 0.11860780291) < 1e-9, 'and its repair')
  FROM svi_repair('(-0.0410,0.1331,0.3060,0.3586,0.4153)', 1) AS r;
SELECT ok(abs(svi_total_variance('(-0.0666,0.229,0.439,0.193,0.337)', 0.193) - (-0.0666 + 0.229 * 0.337)) < 1e-16, 'QuantLib''s smile');
SELECT is(svi_least_calendar('(0.02,0.1,-0.4,0.05,0.2)', '(0.02,0.1,-0.4,0.05,0.2)'), 0::float8, 'a smile does not cross itself');
SELECT ok(svi_least_calendar('(0.02,0.1,-0.4,0.05,0.2)', '(0.03,0.09,-0.4,0.05,0.2)') < 0, 'a flatter one crosses');
SELECT is(svi_least_butterfly('(0.04,0,0,0,1)'), 1::float8, 'flat: g is 1');

CREATE TABLE calls (call text);
INSERT INTO calls VALUES ('svi_total_variance(%s, 0.1)'), ('svi_butterfly(%s, 0.1)'), ('svi_least_butterfly(%s)'), ('svi_least_calendar(%s, ''(0.02,0.1,-0.4,0.05,0.2)'')'),
                         ('svi_least_calendar(''(0.02,0.1,-0.4,0.05,0.2)'', %s)'), ('svi_to_jw(%s, 1)'), ('svi_repair(%s, 1)');
CREATE FUNCTION pg_temp.result(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; BEGIN EXECUTE 'SELECT (' || call || ')::text' INTO answer; RETURN answer; END $$;
SELECT is(pg_temp.result(format(call, v)), NULL, format(call, v)) FROM calls, unnest(ARRAY['NULL::svi', $$'(,0.1,-0.4,0.05,0.2)'::svi$$, $$'(0.02,0.1,-0.4,0.05,)'::svi$$, $$'(,,,,)'::svi$$]) AS v;
SELECT is(pg_temp.result(format(call, v)), CASE WHEN call ~ 'jw|repair' THEN NULL ELSE 'NaN' END, format(call, v))
  FROM calls, unnest(ARRAY[$$'(NaN,0.1,-0.4,0.05,0.2)'::svi$$, $$'(0.02,0.1,NaN,0.05,0.2)'::svi$$, $$'(0.02,0.1,-0.4,0.05,NaN)'::svi$$]) AS v;
SELECT throws_ok('SELECT ' || format(call, v), '22023', NULL, format(call, v))
  FROM calls, unnest(ARRAY[$$'(0.02,-0.1,-0.4,0.05,0.2)'::svi$$, $$'(0.02,0.1,1,0.05,0.2)'::svi$$, $$'(0.02,0.1,-1.5,0.05,0.2)'::svi$$, $$'(0.02,0.1,-0.4,0.05,0)'::svi$$, $$'(-1,0.1,-0.4,0.05,0.2)'::svi$$,
                           $$'(Infinity,0.1,-0.4,0.05,0.2)'::svi$$, $$'(0.02,0.1,-0.4,-Infinity,0.2)'::svi$$]) AS v;
SELECT is(svi_total_variance('(0.02,0.1,-0.4,0.05,0.2)', 'NaN'), 'NaN', 'k NaN');
SELECT is(svi_total_variance('(0.02,0.1,-0.4,0.05,0.2)', NULL), NULL, 'k NULL');
SELECT throws_ok(format('SELECT %s(''(0.02,0.1,-0.4,0.05,0.2)'', %L)', f, t), '22023', NULL, f || ' t ' || t) FROM unnest('{svi_to_jw,svi_repair}'::text[]) AS f, unnest('{0,-1,Infinity}'::text[]) AS t;
SELECT throws_ok(format('SELECT svi_from_jw(%L, 1)', v), '22023', NULL, 'jump wings ' || v) FROM unnest('{"(-0.04,-0.1,0.5,0.3,0.03)","(0.04,-0.1,-0.5,0.3,0.03)","(0.04,-0.1,0.5,0.3,0.05)","(0.04,0.5,0.5,0.3,0.03)","(Infinity,-0.1,0.5,0.3,0.03)"}'::text[]) AS v;
SELECT is(svi_from_jw('(,-0.1,0.5,0.3,0.03)', 1), NULL, 'jump wings of NULL');

-- ---- svi_fit ----
CREATE TABLE smile AS SELECT k, sqrt(svi_total_variance('(0.02,0.1,-0.4,0.05,0.2)', k) / 0.25) AS vol FROM (SELECT n / 20.0::float8 AS k FROM generate_series(-12, 12) AS n) AS x;
SELECT ok(max(abs(svi_total_variance(s, k) / svi_total_variance('(0.02,0.1,-0.4,0.05,0.2)', k) - 1)) < 1e-4, 'a smile is found again') FROM (SELECT svi_fit(k, vol, 0.25) AS s FROM smile) AS x, smile;
SELECT is(svi_fit(k, vol, 0.25 ORDER BY -k)::text, (SELECT svi_fit(k, vol, 0.25 ORDER BY k)::text FROM smile), 'in any order') FROM smile;
SELECT is(svi_fit(k, vol, 0.25)::text, (SELECT svi_fit(k, vol, 0.25)::text FROM smile), 'NULLs are skipped') FROM (SELECT * FROM smile UNION ALL VALUES (NULL, 0.3), (0.1, NULL)) AS x;
SELECT is(svi_fit(k, vol, 0.25), NULL, 'four quotes') FROM (SELECT * FROM smile LIMIT 4) AS x;
SELECT isnt(svi_fit(k, vol, 0.25), NULL, 'five quotes') FROM (SELECT * FROM smile LIMIT 5) AS x;
SELECT is(svi_fit(k, vol, 0.25), NULL, 'no rows') FROM smile WHERE false;
SELECT is(svi_fit(k, vol, 0.25), NULL, 'NaN or Infinity gives NULL') FROM (VALUES ('NaN'::float8, 0.3::float8), ('Infinity', 0.3), (0.1, 'NaN'), (0.1, 'Infinity')) AS v (x, y), LATERAL (SELECT * FROM smile UNION ALL SELECT x, y) AS z GROUP BY x, y;
SELECT throws_ok(format('SELECT svi_fit(k, vol * %s, 0.25) FROM smile', f), '22023', NULL, 'vols times ' || f) FROM unnest('{0,-1}'::text[]) AS f;
SELECT throws_ok(format('SELECT svi_fit(k, vol, %L) FROM smile', t), '22023', NULL, 't ' || t) FROM unnest('{0,-1,NaN,Infinity}'::text[]) AS t;
SELECT throws_ok('SELECT svi_fit(k, vol, 0.25 + k) FROM smile', '22023');
SELECT throws_ok('SELECT svi_fit(k, vol, NULL) FROM smile', '22004');
SELECT ok(svi_least_butterfly(svi_fit(k, vol, 1)) >= 0, 'no butterfly arbitrage through Vogt''s smile') FROM (SELECT k, sqrt(svi_total_variance('(-0.0410,0.1331,0.3060,0.3586,0.4153)', k)) AS vol FROM (SELECT n / 20.0::float8 AS k FROM generate_series(-20, 30) AS n) AS x) AS y;
SELECT ok(svi_least_butterfly(svi_fit(k, vol, 0.01)) >= 0, 'nor through noise') FROM (SELECT n / 50.0::float8 AS k, 0.2 + 3 * abs(sin(n * n)) AS vol FROM generate_series(-20, 20) AS n) AS x;
SELECT ok(abs(svi_total_variance(svi_fit(k, CASE WHEN k = 0.1 THEN 9 ELSE vol END, 0.25), 0.1) / 0.25 - max(vol ^ 2) FILTER (WHERE k = 0.1)) < 0.02, 'an absurd vol does not matter') FROM smile;
-- ---- an expiry whose vols are wrong as a whole does not bend the others ----
CREATE TABLE bent AS
SELECT fit_surface(expiry, strike, kind, bid, ask, mark, forward, ts, '2026-01-01', surface_settings('coin')) AS s FROM (
    SELECT expiry, strike, kind, bid, ask, mark, forward, ts FROM chain
    UNION ALL SELECT '2026-01-15', strike, kind, inverse_option_price(kind, 100, strike, 14 / 365.0, 9 * vol - 0.01), inverse_option_price(kind, 100, strike, 14 / 365.0, 9 * vol + 0.01), NULL, 100, ts
                FROM chain WHERE expiry = '2026-02-01') AS q;
SELECT results_eq('SELECT status FROM bent, unnest((s).slices) ORDER BY expiry', ARRAY['failed', 'fitted', 'fitted', 'fitted'], 'beside others it fails');
SELECT is(reason, 'its vols contradict those of the other expiries: total variance would fall with time', 'and says why') FROM bent, unnest((s).slices) WHERE status = 'failed';
SELECT ok(bool_and(worst_error < 0.0005), 'and they are as they were') FROM bent, unnest((s).slices) WHERE status = 'fitted';
-- ---- no forward ----
SELECT results_eq($$ SELECT DISTINCT problem FROM (SELECT fit_surface(expiry, strike, kind, bid, ask, mark, NULL, ts, '2026-01-01', surface_settings('coin')) AS s FROM chain WHERE kind = 'call') AS f, unnest((s).points) $$,
                  ARRAY['no forward for its expiry'], 'calls alone have none, and say so');
SELECT * FROM finish();
ROLLBACK;
