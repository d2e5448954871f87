-- Option pricing: NULL, NaN, limits, parity, arrays that equal single options bit by bit, implied vols of large grids.
-- Numbers are held against their sources in test/unit and test/sql/option.sql.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- a grid of markets, wings and limits; coins worth a little and a lot
CREATE TABLE grid AS
SELECT row_number() OVER () AS i, CASE WHEN (row_number() OVER ()) % 2 = 0 THEN 'call' ELSE 'put' END AS kind,
       f AS forward, f * exp(x) AS strike, t, v AS vol, d AS discount
FROM (VALUES (60000::float8), (2.5e-6), (1e12)) a (f),
     (VALUES (-3::float8), (-0.7), (-0.1), (-1e-9), (0), (1e-4), (0.2), (1), (4)) b (x),
     (VALUES (0::float8), (1e-6), (1 / 365.0::float8), (0.25), (2), (30)) c (t),
     (VALUES (0::float8), (0.01), (0.3), (0.8), (3), (50), ('Infinity')) d (v),
     (VALUES (1::float8), (0.97)) e (d);

-- NULL and NaN
SELECT is(black76_price(NULL, 1, 1, 1, 1), NULL, 'NULL kind');
SELECT is(black76_price('call', 1, NULL, 1, 1), NULL, 'NULL strike');
SELECT is(black76_greeks('call', 1, 1, 1, NULL), NULL, 'NULL vol');
SELECT is(implied_vols('{call}', NULL, '{1}', '{1}', '{1}'), NULL, 'NULL array');
SELECT is(black76_price('call', a, b, c, d, e), 'NaN', 'NaN gives NaN')
FROM (VALUES ('NaN'::float8, 1::float8, 1::float8, 1::float8, 1::float8), (1, 'NaN', 1, 1, 1), (1, 1, 'NaN', 1, 1),
             (1, 1, 1, 'NaN', 1), (1, 1, 1, 1, 'NaN')) v (a, b, c, d, e);
SELECT is(black76_greeks('put', 'NaN', 1, 1, 1), ROW('NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN')::option_greeks,
          'all Greeks');
SELECT is(black_scholes_price('put', 1, 1, 1, 1, 'NaN'), 'NaN', 'a rate that is NaN');
SELECT is(inverse_implied_vol('put', 1, 1, 1, 'NaN'), 'NaN', 'a time that is NaN');
SELECT is(black76_prices('{c,p}', '{NaN,1}', '{1}', '{0}', '{1}'), '{NaN,0}', 'an element that is NaN');
SELECT is(count(*), 0::bigint, 'never NaN otherwise')
FROM grid, black76_greeks(kind, forward, strike, t, vol, discount) g
WHERE 'NaN' IN (g.price, g.delta, g.gamma, g.vega, g.theta, g.rho, g.vanna, g.volga);
SELECT is(count(*), 0::bigint, 'nor in coin')
FROM grid, inverse_option_greeks(kind, forward, strike, t, vol) g
WHERE 'NaN' IN (g.price, g.delta, g.gamma, g.vega, g.theta, g.rho, g.vanna, g.volga);
SELECT is(count(*), 0::bigint, 'nor on a spot price')
FROM grid, black_scholes_greeks(kind, forward, strike, t, vol, 0.05, 0.02) g
WHERE 'NaN' IN (g.price, g.delta, g.gamma, g.vega, g.theta, g.rho, g.vanna, g.volga);

-- parity, bounds, symmetry
SELECT is(count(*), 0::bigint, 'call less put is discount times forward less strike')
FROM grid
WHERE abs(black76_price('c', forward, strike, t, vol, discount) - black76_price('p', forward, strike, t, vol, discount)
          - discount * (forward - strike)) > 1e-15 * (forward + strike);
SELECT is(count(*), 0::bigint, 'prices lie within their bounds')
FROM grid, black76_price(kind, forward, strike, t, vol, discount) p
WHERE NOT p BETWEEN discount * greatest(0, CASE kind WHEN 'call' THEN forward - strike ELSE strike - forward END) * (1 - 1e-15)
          AND discount * CASE kind WHEN 'call' THEN forward ELSE strike END * (1 + 1e-15);
SELECT is(count(*), 0::bigint, 'in coin: the price over the forward')
FROM grid, inverse_option_price(kind, forward, strike, t, vol) p
WHERE abs(p - black76_price(kind, forward, strike, t, vol) / forward) > 1e-15 * p;
SELECT is(count(*), 0::bigint, 'without rates a spot price is a forward')
FROM grid WHERE black_scholes_price(kind, forward, strike, t, vol) <> black76_price(kind, forward, strike, t, vol)
             OR black_scholes_price(kind, forward, strike, t, vol) IS NULL;
SELECT is((black76_greeks(kind, forward, strike, t, vol, discount)).price, black76_price(kind, forward, strike, t, vol, discount),
          'the price with Greeks is the price') FROM grid WHERE i % 97 = 0;
SELECT is((black_scholes_greeks('put', 100, 90, 0.5, 0.4, 0.06, 0.01)).price, black_scholes_price('put', 100, 90, 0.5, 0.4, 0.06, 0.01), 'on spot');
SELECT is((inverse_option_greeks('put', 100, 90, 0.5, 0.4)).price, inverse_option_price('put', 100, 90, 0.5, 0.4), 'in coin');
SELECT is(round(black_scholes_price('c', 100, 110, 0.7, 0.3, 0.05, 0.02)::numeric, 11),
          round(black76_price('c', 100 * exp(0.03 * 0.7), 110, 0.7, 0.3, exp(-0.05 * 0.7))::numeric, 11), 'Black-Scholes by the forward');

-- arrays are single options
CREATE TABLE together AS
SELECT g.*, p.prices, o.n
FROM (SELECT array_agg(kind ORDER BY i) k, array_agg(forward ORDER BY i) f, array_agg(strike ORDER BY i) x, array_agg(t ORDER BY i) t,
             array_agg(vol ORDER BY i) v, array_agg(discount ORDER BY i) d, count(*) n FROM grid) o,
     LATERAL black76_greeks_all(k, f, x, o.t, v, d) g, LATERAL black76_prices(k, f, x, o.t, v, d) p (prices);
SELECT is(count(*), (SELECT n FROM together), 'an array gives the bits of single options')
FROM grid, together w, black76_greeks(kind, forward, strike, grid.t, vol, discount) g
WHERE g.price = w.prices[i] AND g.price = w.price[i] AND g.delta = w.delta[i] AND g.gamma = w.gamma[i] AND g.vega = w.vega[i]
  AND g.theta = w.theta[i] AND g.rho = w.rho[i] AND g.vanna = w.vanna[i] AND g.volga = w.volga[i]
  AND float8send(g.delta) = float8send(w.delta[i]) AND float8send(g.theta) = float8send(w.theta[i]);
SELECT is(black76_prices('{c}', '{60000}', array_agg(strike), '{0.1}', '{0.6}', '{0.99}'),
          array_agg(black76_price('c', 60000, strike, 0.1, 0.6, 0.99)), 'one element counts for all')
FROM (SELECT 20000 + 1000.0::float8 * generate_series(1, 101)) s (strike);
SELECT is(black76_prices('{c}', '{60000}', '{50000}', '{0.1}', '{0.6}'), ARRAY[black76_price('c', 60000, 50000, 0.1, 0.6)],
          'one option');
SELECT is(cardinality(black76_prices('{c}', array_fill(1::float8, ARRAY[40000]), '{1}', '{1}', '{1}')), 40000, 'more than a chunk');

-- implied vols
CREATE TABLE quote AS
SELECT *, black76_price(kind, forward, strike, t, vol, discount) AS price FROM grid WHERE t > 0 AND vol > 0 AND vol < 'Infinity';
SELECT is(count(*), 0::bigint, 'a vol comes back from its price, as far as the price tells it')
FROM quote q, black76_greeks(kind, forward, strike, t, vol, discount) g, implied_vol(kind, q.price, forward, strike, t, discount) v
WHERE abs(v - vol) > 4e-15 * greatest(vol, q.price / nullif(g.vega, 0))
  AND q.price > discount * greatest(0, CASE kind WHEN 'call' THEN forward - strike ELSE strike - forward END)
  AND q.price < discount * CASE kind WHEN 'call' THEN forward ELSE strike END AND q.price > 1e-280;
SELECT is(v, w, 'arrays of vols are single ones')
FROM (SELECT implied_vols(array_agg(kind), array_agg(price), array_agg(forward), array_agg(strike), array_agg(t), array_agg(discount)) v,
             array_agg(implied_vol(kind, price, forward, strike, t, discount)) w FROM quote) q;
SELECT is(implied_vols('{c,p}', '{-0.1,101}', '{100}', '{100}', '{1}'), '{NULL,NULL}', 'no vol is NULL in an array');
SELECT is(implied_vols('{c,p,c}', '{0,100,Infinity}', '{100}', '{100}', '{1}'), '{0,Infinity,NULL}', 'at the bounds');
SELECT throws_ok($$SELECT implied_vol('c', -0.1, 100, 100, 1)$$, '22023', 'no vol gives this price', 'alone it is an error');
SELECT throws_ok($$SELECT inverse_option_price('p', 5e-324, 100, 0.05, 1)$$, '22003', NULL, 'a premium of more coins than a double holds');
SELECT is(count(*), 0::bigint, 'vols of prices in coin')
FROM quote, inverse_option_greeks(kind, forward, strike, t, vol) g, inverse_implied_vol(kind, g.price, forward, strike, t) v
WHERE abs(v - vol) > 4e-15 * greatest(vol, g.price / nullif(g.vega, 0)) AND vol < 5 AND t < 3 AND g.price > 1e-250
  AND g.vega > 1e-10 * g.price;
SELECT is(count(*), 0::bigint, 'vols of prices on spot')
FROM quote, black_scholes_greeks(kind, forward, strike, t, vol, 0.05, 0.01) g,
     black_scholes_implied_vol(kind, g.price, forward, strike, t, 0.05, 0.01) v
WHERE abs(v - vol) > 8e-15 * greatest(vol, g.price / nullif(g.vega, 0)) AND vol < 5 AND t < 3 AND g.price > 1e-250
  AND v > 0 AND v < 'Infinity' AND vol < 5;

-- monotone where doubles allow it
SELECT is(count(*), 0::bigint, 'a price rises with the vol')
FROM (SELECT black76_price('c', 100, 130, 0.3, v / 1000.0::float8) p, lag(black76_price('c', 100, 130, 0.3, v / 1000.0::float8)) OVER (ORDER BY v) q
      FROM generate_series(1, 3000) v) s
WHERE p < q OR (p = q AND p > 0);
SELECT is(concat(provolatile, proparallel, proisstrict), 'ist', proname || ' is immutable, safe, strict')
FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace
  AND proname ~ '^(black76|black_scholes|inverse_option|inverse_implied|implied_vol)';
SELECT ok(has_function_privilege('public', oid, 'execute'), proname || ' may be called by all')
FROM pg_proc WHERE pronamespace = 'margin_calib'::regnamespace
  AND proname ~ '^(black76|black_scholes|inverse_option|inverse_implied|implied_vol)';
SELECT * FROM finish();
ROLLBACK;
