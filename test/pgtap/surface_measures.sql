-- Measures and pictures of volatility surfaces: NULL, NaN, errors with SQLSTATE, garbage, valid XML.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- ---- variance_swap_rate ----
SELECT volatility_is('margin_calib', f, args, 'immutable', f)
  FROM (VALUES ('variance_swap_rate', ARRAY['svi', 'double precision']), ('strike_at_delta', ARRAY['svi', 'double precision', 'text', 'double precision', 'text']),
               ('risk_reversal', ARRAY['svi', 'double precision', 'double precision', 'text']), ('butterfly', ARRAY['svi', 'double precision', 'double precision', 'text']),
               ('term_structure', ARRAY['vol_surface']), ('surface_svg', ARRAY['vol_surface', 'text']),
               ('variance_risk_premium', ARRAY['double precision', 'double precision'])) AS v (f, args);
SELECT is(variance_swap_rate('(0.02,0,0.3,0.1,0.2)', 0.5), 0.04::float8, 'flat: the square of the vol, exactly');
SELECT is(variance_swap_rate('(0,0,0,0,1)', 1), 0::float8, 'no vol');
SELECT is(variance_swap_rate('(0.01,1.05,-0.95,0,0.2)', 1), 'Infinity'::float8, 'a put wing steeper than 2');
SELECT ok(abs(variance_swap_rate('(0.04,0.1,0,0,0.1)', 0.25) / variance_swap_rate('(0.04,0.1,0,0,0.1)', 1) - 4) < 1e-14, 'per year');
-- the price of options out of the money, summed by Simpson's rule, as the definition says
CREATE FUNCTION pg_temp.normal(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x < -9 THEN 0 WHEN x > 9 THEN 1 ELSE 0.5 + x / 1200 * sum(CASE WHEN i IN (0, 400) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * exp(-0.5 * (x * i / 400) ^ 2)) / sqrt(2 * pi()) END
      FROM generate_series(0, 400) AS i $$;
SELECT ok(abs(variance_swap_rate('(0.02,0.1,-0.4,0.05,0.2)', 1) / (2 * integral) - 1) < 1e-6, 'by the prices of options')
  FROM (SELECT sum(CASE WHEN i IN (-400, 400) THEN 1 WHEN i = 0 THEN 2 WHEN i % 2 <> 0 THEN 4 ELSE 2 END * price * 0.01 / 3) AS integral
          FROM (SELECT i, exp(-k) * CASE WHEN k > 0 THEN pg_temp.normal(d1) - exp(k) * pg_temp.normal(d1 - s) ELSE exp(k) * pg_temp.normal(s - d1) - pg_temp.normal(-d1) END AS price
                  FROM (SELECT i, k, s, s / 2 - k / s AS d1
                          FROM (SELECT i, i / 100.0::float8 AS k, sqrt(0.02 + 0.1 * (-0.4 * (i / 100.0 - 0.05) + sqrt((i / 100.0 - 0.05) ^ 2 + 0.04))) AS s
                                  FROM generate_series(-400, 400) AS i) AS w) AS d) AS p) AS q;

-- ---- strikes of deltas ----
-- flat vol 30 %, one year: ln(K/F) = -z sd + w/2 with z of 0.25
SELECT ok(abs(strike_at_delta('(0.09,0,0,0,1)', 200, 'call', 0.25) / (200 * exp(0.674489750196082 * 0.3 + 0.045)) - 1) < 1e-13, 'call by closed form');
SELECT ok(abs(strike_at_delta('(0.09,0,0,0,1)', 200, 'put', 0.25) / (200 * exp(-0.674489750196082 * 0.3 + 0.045)) - 1) < 1e-13, 'put by closed form');
SELECT is(strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, k, 0.1, p), strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, long, 0.1, p), k || ' is ' || long)
  FROM (VALUES ('C', 'call'), ('P', 'put')) AS v (k, long), unnest('{currency,coin}'::text[]) AS p;
CREATE TABLE smiles AS SELECT smile::svi FROM (VALUES ('(0.04,0.1,-0.3,0,0.1)'), ('(0.001,0.02,0.1,0,0.02)'), ('(0.2,0.4,0.3,0.2,0.3)')) AS v (smile);
SELECT ok(bool_and(abs(d / delta - 1) < 1e-9), 'deltas of the strikes, by Simpson')
  FROM (SELECT delta, CASE WHEN premium = 'coin' THEN exp(k) ELSE 1 END * pg_temp.normal(CASE kind WHEN 'call' THEN 1 ELSE -1 END * (s * CASE WHEN premium = 'coin' THEN -0.5 ELSE 0.5 END - k / s)) AS d
          FROM (SELECT delta, kind, premium, k, sqrt((smile).a + (smile).b * ((smile).rho * (k - (smile).m) + sqrt((k - (smile).m) ^ 2 + (smile).sigma ^ 2))) AS s
                  FROM (SELECT *, ln(strike_at_delta(smile, 100, kind, delta, premium) / 100) AS k
                          FROM smiles, unnest('{call,put}'::text[]) AS kind, unnest('{0.05,0.1,0.25}'::float8[]) AS delta, unnest('{currency,coin}'::text[]) AS premium) AS x) AS y) AS z;
SELECT ok(strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, 'call', 0.25, 'coin') < strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, 'call', 0.25), 'the premium lowers the strike of a call');
SELECT is(strike_at_delta('(9,0,0,0,1)', 100, 'call', 0.4, 'coin'), NULL, 'no call has so large a delta');
SELECT is(strike_at_delta('(0.01,1.1,0.9,0,0.2)', 100, 'call', 0.25), NULL, 'a call wing steeper than 2');
SELECT is(strike_at_delta('(0,0,0,0,1)', 100, 'call', 0.25), NULL, 'no vol');
SELECT throws_ok(format('SELECT strike_at_delta(%L, 100, %L, %L)', '(0.04,0.1,-0.3,0,0.1)', 'call', d), '22023', 'delta must lie between 0 and 0.5')
  FROM unnest('{0,-0.25,0.51,25,Infinity}'::text[]) AS d;
SELECT throws_ok($$ SELECT strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, 'Straddle', 0.25) $$, '22023', 'kind must be call or put');
SELECT throws_ok($$ SELECT strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 100, 'call', 0.25, 'btc') $$, '22023', 'unknown premium');
SELECT throws_ok($$ SELECT strike_at_delta('(0.04,0.1,-0.3,0,0.1)', 0, 'call', 0.25) $$, '22023', 'forward must be positive and finite');

-- ---- risk_reversal, butterfly ----
CREATE FUNCTION pg_temp.vol(s svi, k float8) RETURNS float8 LANGUAGE sql AS $$ -- of half a year
    SELECT sqrt((s.a + s.b * (s.rho * (k - s.m) + sqrt((k - s.m) ^ 2 + s.sigma ^ 2))) / 0.5) $$;
SELECT ok(abs(risk_reversal('(0.04,0.1,0,0,0.1)', 1)) < 0.02 AND risk_reversal('(0.04,0.1,-0.6,0,0.1)', 1) < 0 AND risk_reversal('(0.04,0.1,0.6,0,0.1)', 1) > 0, 'the sign of a risk reversal');
SELECT ok(abs(risk_reversal('(0.09,0,0,0,1)', 1)) < 1e-15 AND abs(butterfly('(0.09,0,0,0,1)', 1)) < 1e-15, 'none of either when flat');
SELECT ok(butterfly('(0.04,0.1,0,0,0.1)', 1) > 0 AND butterfly('(0.04,0.1,0,0,0.1)', 1, 0.1) > butterfly('(0.04,0.1,0,0,0.1)', 1), 'wings are dearer, further ones more');
SELECT ok(abs(risk_reversal(smile, 0.5, 0.1, p) - (c - u)) < 1e-14 AND abs(butterfly(smile, 0.5, 0.1, p) - ((c + u) / 2 - m)) < 1e-14, 'from the strikes: ' || p)
  FROM (SELECT smile, p, pg_temp.vol(smile, ln(strike_at_delta(smile, 1, 'call', 0.1, p))) AS c, pg_temp.vol(smile, ln(strike_at_delta(smile, 1, 'put', 0.1, p))) AS u, pg_temp.vol(smile, 0) AS m
          FROM smiles, unnest('{currency,coin}'::text[]) AS p) AS x;
SELECT is(risk_reversal('(0,0,0,0,1)', 1), NULL, 'no strikes, no risk reversal');
SELECT is(butterfly('(0,0,0,0,1)', 1), NULL, 'nor butterfly');

-- ---- NULL, NaN and what is no smile ----
SELECT is(call, NULL, 'a NULL parameter') FROM (VALUES (variance_swap_rate('(0.04,,0,0,0.1)', 1)), (risk_reversal('(,,,,)', 1)), (butterfly('(0.04,0.1,0,0,)', 1)),
          (strike_at_delta('(0.04,0.1,,0,0.1)', 1, 'call', 0.1)), (variance_swap_rate(NULL, 1)), (butterfly('(0.04,0.1,0,0,0.1)', NULL))) AS v (call);
SELECT is(call, 'NaN'::float8, 'a NaN') FROM (VALUES (variance_swap_rate('(NaN,0.1,0,0,0.1)', 1)), (variance_swap_rate('(0.04,0.1,0,0,0.1)', 'NaN')), (risk_reversal('(0.04,0.1,0,NaN,0.1)', 1)),
          (butterfly('(0.04,0.1,0,0,0.1)', 'NaN')), (butterfly('(0.04,0.1,0,0,0.1)', 1, 'NaN')), (strike_at_delta('(0.04,0.1,0,0,NaN)', 1, 'call', 0.1)),
          (strike_at_delta('(0.04,0.1,0,0,0.1)', 'NaN', 'call', 0.1))) AS v (call);
SELECT throws_ok(format('SELECT %s(%L, 1)', f, s), '22023', 'these parameters are no smile')
  FROM unnest('{variance_swap_rate,risk_reversal,butterfly}'::text[]) AS f,
       unnest(ARRAY['(0.04,-0.1,0,0,0.1)', '(0.04,0.1,1,0,0.1)', '(0.04,0.1,-1,0,0.1)', '(0.04,0.1,0,0,0)', '(0.04,0.1,0,0,-1)', '(-0.04,0.1,0,0,0.1)', '(Infinity,0.1,0,0,0.1)', '(0.04,0.1,0,-Infinity,0.1)']) AS s;
SELECT throws_ok(format('SELECT %s(%L, %L)', f, '(0.04,0.1,0,0,0.1)', t), '22023', 't must be positive and finite')
  FROM unnest('{variance_swap_rate,risk_reversal,butterfly}'::text[]) AS f, unnest('{0,-1,Infinity}'::text[]) AS t;
SELECT throws_ok(format('SELECT %s(%L, %L)', f, '(1e10,1e-3,0,0,0.1)', 5e-324), '22003', 'value out of range: overflow') FROM unnest('{risk_reversal,butterfly}'::text[]) AS f;
SELECT throws_ok($$ SELECT variance_swap_rate('(0.04,0.1,0,0,0.1)', 1e-320) $$, '22003', 'value out of range: overflow');
SELECT throws_ok($$ SELECT strike_at_delta('(10000,0,0,0,1)', 1e308, 'call', 0.1) $$, '22003', 'value out of range: overflow');
-- the whole range of parameters: a number, an infinity or NULL, and no crash
SELECT ok(count(*) = 5000, 'any smile: ' || count(r) || ' rates, ' || count(k) || ' strikes')
  FROM (SELECT variance_swap_rate(smile, 1) AS r, strike_at_delta(smile, 1, 'call', 0.25, 'coin') AS k, risk_reversal(smile, 1) AS v
          FROM (SELECT ROW(10 ^ e[1], 10 ^ e[2], tanh(e[3]), e[4] * 10 ^ e[5], 10 ^ e[6])::svi AS smile
                  FROM (SELECT array_agg((hashint4(i * 6 + j)::float8 / 2147483648 * CASE WHEN j IN (3, 4) THEN 3 ELSE 12 END) ORDER BY j) AS e
                          FROM generate_series(1, 5000) AS i, generate_series(1, 6) AS j GROUP BY i) AS x) AS y) AS z;

-- ---- variance_risk_premium ----
SELECT is((variance_risk_premium(0.5, 0.25))::text, '(0.1875,0.25)', 'premium');
SELECT is(variance_risk_premium(NULL, 0.25), NULL, 'NULL');
SELECT is((variance_risk_premium('NaN', 0.25))::text, '(NaN,NaN)', 'NaN');

-- ---- term_structure ----
CREATE FUNCTION pg_temp.slice(expiry timestamptz, t float8, a float8, b float8 DEFAULT 0, rho float8 DEFAULT 0, status text DEFAULT 'fitted', reason text DEFAULT NULL)
RETURNS surface_slice LANGUAGE sql AS $$
    SELECT ROW(expiry, t, 100, 'quoted', 'svi', a, b, rho, 0, 0.1, NULL, 5, 2, -0.3, 0.3, NULL, NULL, NULL, NULL, NULL, NULL, status, reason)::surface_slice $$;
CREATE TABLE surfaces (name text, surface vol_surface);
INSERT INTO surfaces VALUES
    ('flat', ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, 0.01), pg_temp.slice('2026-07-01', 0.5, 0.045), pg_temp.slice('2027-01-01', 1, 0.095)], NULL)),
    ('holes', ROW('2026-01-01', ARRAY[pg_temp.slice('2027-01-01', 1, 0.095), pg_temp.slice('2026-07-01', 0.5, NULL, status => 'failed', reason => '2 quotes'), NULL,
                  pg_temp.slice('2026-04-01', 0.25, 0.01), pg_temp.slice(NULL, 1, 0.01)], '{}')),
    ('smiles', ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, 0.01, 0.05, -0.5), pg_temp.slice('2026-07-01', 0.5, 0.005, 0.05, -0.5)], NULL)),
    ('empty', ROW('2026-01-01', '{}', '{}')), ('nothing', ROW(NULL, NULL, NULL)), ('none', NULL);
SELECT ok(bool_and(abs(atm_vol / v - 1) < 1e-14 AND abs(variance_swap_vol / v - 1) < 1e-14 AND abs(risk_reversal_25) < 1e-14 AND abs(butterfly_10) < 1e-14 AND
          forward = 100 AND coalesce(abs(forward_vol / f - 1) < 1e-14, n = 1)), 'flat smiles')
  FROM (SELECT (term_structure(surface)).* FROM surfaces WHERE name = 'flat') AS s
  JOIN (VALUES (1, 0.25, 0.2::float8, NULL::float8), (2, 0.5, 0.3, sqrt(0.14)), (3, 1, sqrt(0.095), sqrt(0.1))) AS v (n, t, v, f) USING (t);
SELECT is((SELECT string_agg(to_char(expiry, 'YYYY-MM') || ' ' || coalesce(round(forward_vol::numeric, 6)::text, '-') || ' ' || coalesce(round(atm_vol::numeric, 2)::text, '-'), ', ')
             FROM surfaces CROSS JOIN LATERAL term_structure(surface) WHERE name = 'holes'),
          '2026-04 - 0.20, 2026-07 - -, 2027-01 ' || round(sqrt(0.085 / 0.75), 6) || ' 0.31', 'the order of expiry, and a forward vol over a hole');
SELECT results_eq($$ SELECT round(atm_vol::numeric, 14), variance_swap_vol, risk_reversal_25, butterfly_25, risk_reversal_10, butterfly_10 FROM surfaces CROSS JOIN LATERAL term_structure(surface) WHERE name = 'smiles' $$,
    $$ SELECT round(sqrt((a + 0.05 * 0.1) / t)::numeric, 14), sqrt(variance_swap_rate(smile, t)), risk_reversal(smile, t), butterfly(smile, t), risk_reversal(smile, t, 0.1), butterfly(smile, t, 0.1)
         FROM (VALUES (0.25::float8, 0.01::float8), (0.5, 0.005)) AS v (t, a), LATERAL (SELECT ROW(a, 0.05, -0.5, 0, 0.1)::svi AS smile) AS s $$, 'the functions of the smile');
SELECT ok((SELECT bool_and(forward_vol IS NULL) FROM surfaces CROSS JOIN LATERAL term_structure(surface) WHERE name = 'smiles'), 'no forward vol where total variance decreases');
SELECT is((SELECT count(*) FROM surfaces CROSS JOIN LATERAL term_structure(surface) WHERE name IN ('empty', 'nothing', 'none')), 0::bigint, 'nothing of nothing');
SELECT throws_ok($$ SELECT * FROM term_structure(ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, -0.01)], NULL)::vol_surface) $$, '22023', 'these parameters are no smile');
SELECT throws_ok($$ SELECT * FROM term_structure(ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0, 0.01)], NULL)::vol_surface) $$, '22023', 't must be positive and finite');

-- ---- surface_svg ----
CREATE FUNCTION pg_temp.times(text, pattern text) RETURNS integer LANGUAGE sql AS $$ SELECT count(*)::integer FROM regexp_matches($1, pattern, 'g') $$;
UPDATE surfaces SET surface.points = (SELECT array_agg(ROW((surface).slices[1].expiry, 100 * exp(k), 'call', k, 0.19 + k * k, 0.22 + k * k, 0.2 + k * k, NULL, 1, CASE WHEN abs(k) > 0.25 THEN 'wide' END)::surface_point)
                                        FROM (SELECT i / 50.0::float8 AS k FROM generate_series(-20, 20) AS i) AS q) WHERE name = 'smiles';
CREATE TABLE pictures AS SELECT name, surface_svg(surface) AS svg FROM surfaces;
SELECT is(xml_is_well_formed_document(svg), CASE WHEN name <> 'none' THEN true END, name || ': valid XML, NULL of NULL') FROM pictures;
SELECT is((SELECT array_length(xpath('//svg:g/svg:text/svg:tspan[@font-weight]', svg::xml, '{{svg,http://www.w3.org/2000/svg}}'), 1) FROM pictures WHERE name = 'holes'), 3, 'one panel per expiry');
SELECT is((SELECT (xpath('//svg:text[contains(., "no expiry")]/text()', svg::xml, '{{svg,http://www.w3.org/2000/svg}}'))[1]::text FROM pictures WHERE name = 'empty'), 'This surface has no expiry.', 'an empty surface says so');
SELECT ok((SELECT position('2 quotes' IN svg) > 0 AND position('>failed<' IN svg) > 0 AND position('#c0241c' IN svg) > 0 FROM pictures WHERE name = 'holes'), 'a failed slice says why');
SELECT is((SELECT pg_temp.times(svg, 'h\.01') FROM pictures WHERE name = 'smiles'), 26, 'a dot for each quote used, and the legend''s');
SELECT is((SELECT pg_temp.times(svg, 'l5 5m0-5l-5 5') FROM pictures WHERE name = 'smiles'), 3, 'a cross for each quote left out that is inside the axes, and the legend''s');
SELECT is(pg_temp.times(surface_svg(ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, NULL)], (SELECT array_agg(ROW('2026-04-01', NULL, 'put', i / 10.0, NULL, 0.1 * i, NULL, NULL, NULL, 'no bid')::surface_point)
                                                                                               FROM generate_series(1, 9) AS i))::vol_surface), 'l5 5m0-5l-5 5'), 10, 'without a smile the axes hold every quote left out');
SELECT ok((SELECT position('ATM 24.5 %' IN svg) > 0 AND position('2026-04-01 00:00' IN svg) > 0 AND position('91.2 d' IN svg) > 0 AND position('5 quotes, 2 left out' IN svg) > 0 FROM pictures WHERE name = 'smiles'), 'what the titles say');
SELECT is((SELECT surface_svg(surface) FROM surfaces WHERE name = 'smiles'), (SELECT svg FROM pictures WHERE name = 'smiles'), 'the same again');
SELECT ok(bool_and(svg !~ '<script|<style|href|@import|url\(' AND svg ~ '^<svg xmlns="http://www.w3.org/2000/svg" width="1200"' AND octet_length(svg) = length(svg)), 'nothing active, nothing from elsewhere, ASCII') FROM pictures WHERE name <> 'none';
-- texts that would break a document
CREATE TABLE texts AS SELECT * FROM (VALUES ('</title><script>alert(1)</script>'), ('&amp; & " '' < > ]]> <!-- '), (U&'caf\00E9 \20AC \+01F600'), (E'tab\tline\nend\x01\x1f\x7f'), (U&'\FFFE\FFFF'), (''), (repeat('long & ', 1000))) AS v (txt);
SELECT ok(xml_is_well_formed_document(svg) AND svg !~ '<script' AND octet_length(svg) = length(svg) AND length(svg) < 10000, 'text of ' || length(txt) || ' characters')
  FROM (SELECT txt, surface_svg(ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, 0.01, status => txt, reason => txt)], NULL)::vol_surface, txt) AS svg FROM texts) AS s;
SELECT is((SELECT (xpath('/svg:svg/svg:title/text()', surface_svg(surface, U&'a < "b" \20AC & c')::xml, '{{svg,http://www.w3.org/2000/svg}}'))[1]::text FROM surfaces WHERE name = 'flat'), U&'a &lt; "b" \20AC &amp; c', 'the title survives');
-- bounded: many slices, many points
SELECT ok(xml_is_well_formed_document(svg) AND length(svg) < 700000 AND position('the first 60 shown' IN svg) > 0, 'at most 60 panels')
  FROM (SELECT surface_svg(ROW('2026-01-01', (SELECT array_agg(pg_temp.slice('2026-01-01'::timestamptz + i * interval '1 day', i / 365.0, 0.01 * i)) FROM generate_series(1, 100) AS i), NULL)::vol_surface) AS svg) AS s;
SELECT ok(xml_is_well_formed_document(svg) AND length(svg) < 60000, 'at most 300 marks of a kind')
  FROM (SELECT surface_svg(ROW('2026-01-01', ARRAY[pg_temp.slice('2026-04-01', 0.25, 0.01)], (SELECT array_agg(ROW('2026-04-01', 100, 'call', i / 1e5, 0.1, 0.3, 0.2, NULL, 1, CASE WHEN i % 2 = 0 THEN 'x' END)::surface_point)
                                                                                         FROM generate_series(1, 20000) AS i))::vol_surface) AS svg) AS s;
-- any value of the type: every field NULL, NaN, infinite, huge, tiny, negative
CREATE TABLE garbage AS
SELECT g, (SELECT array_agg((ARRAY[NULL, 'NaN', 'Infinity', '-Infinity', 0, 1e308, -1e308, 1e-308, 5e-324, -1, 0.5, 1, 0.1, 0.2, 0.3, 100, 0.25, 0.05]::float8[])[1 + abs(hashint4(g * 1000 + j)::bigint) % 18] ORDER BY j)
             FROM generate_series(1, 40) AS j) AS x,
       (ARRAY[NULL, 'infinity', '-infinity', '2026-01-01', '4714-11-24 BC', '294276-12-31 23:59:59+00']::timestamptz[])[1 + g % 6] AS expiry
  FROM generate_series(1, 3000) AS g;
SELECT ok(bool_and(xml_is_well_formed_document(svg) AND svg !~* 'nan|inf[^i]' AND length(svg) < 40000), '3000 surfaces of garbage: valid, finite')
  FROM (SELECT replace(surface_svg(ROW(expiry, ARRAY[ROW(expiry, x[1], x[2], NULL, NULL, x[3], x[4], x[5], x[6], x[7], x[8], CASE WHEN abs(x[9]) < 1000 THEN x[9] END, 3, x[10], x[11], NULL, NULL, NULL, NULL, NULL, expiry, 'fallback', NULL)::surface_slice,
                                                   ROW('2026-01-01', 0.25, 100, NULL, NULL, 0.01, 0.1, 0, x[12], x[13], NULL, 3, 3, x[14], x[15], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::surface_slice],
                                       ARRAY[ROW('2026-01-01', x[16], NULL, x[17], x[18], x[19], x[20], NULL, NULL, NULL)::surface_point, ROW('2026-01-01', x[21], NULL, x[22], x[23], x[24], x[25], NULL, NULL, 'why')::surface_point,
                                             ROW('2026-01-01', x[26], NULL, x[27], x[28], x[29], x[30], NULL, NULL, NULL)::surface_point, NULL])::vol_surface), 'infinity', '') AS svg FROM garbage) AS s;
-- arrays of other shapes, and values that are stored compressed
SELECT ok(xml_is_well_formed_document(surface_svg(ROW(NULL, ARRAY[ARRAY[s, s], ARRAY[s, NULL]], ARRAY[NULL, NULL]::surface_point[])::vol_surface)), 'a matrix of slices') FROM (SELECT pg_temp.slice('2026-04-01', 0.25, 0.01) AS s) AS x;
CREATE TABLE stored (surface vol_surface);
INSERT INTO stored SELECT ROW('2026-01-01', array_agg(pg_temp.slice('2026-01-01'::timestamptz + i * interval '1 day', i / 365.0, 0.01 * i, reason => repeat('x', 10000))), NULL)::vol_surface FROM generate_series(1, 50) AS i;
SELECT ok((SELECT xml_is_well_formed_document(surface_svg(surface)) FROM stored), 'from a table');
SELECT is((SELECT count(*) FROM stored CROSS JOIN LATERAL term_structure(surface)), 50::bigint, 'terms from a table');
SELECT finish();
ROLLBACK;
