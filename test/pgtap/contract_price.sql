-- Prices and values of contracts by Black-76: the convention of Deribit on its own marks, limits, bad input.
-- Profit, payoff and symbols: contract.sql. The pricer itself has tests of its own.
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
CREATE FUNCTION pg_temp.near(actual float8, wanted float8, tolerance float8, name text) RETURNS text LANGUAGE sql AS
$$ SELECT public.ok(abs(actual - wanted) <= tolerance, format('%s: %s, wanted %s', name, actual, wanted)) $$;

-- at the money ln(F/K) is 0: the price of a unit is F (2 N(s / 2) - 1), s = vol sqrt(t); N(0.2) = 0.57925970943910, a table's value
SELECT pg_temp.near(contract_price(parse_symbol('BTC-27JUN26-80000-C', 'deribit'), 80000, 0.4, '2025-06-27 08:00Z'), 0.1585194188782, 1e-12, 'a year at 40 %, in coin');
SELECT pg_temp.near(contract_price(parse_symbol('BTC-27JUN26-80000-P', 'deribit'), 80000, 0.4, '2025-06-27 08:00Z'), 0.1585194188782, 1e-12, 'the put is worth as much');
SELECT pg_temp.near(contract_price(parse_symbol('BTC-27JUN26-80000-C', 'bybit'), 80000, 0.4, '2025-06-27 08:00Z'), 80000 * 0.1585194188782, 1e-7, 'a linear one in currency');
SELECT pg_temp.near(contract_price(parse_symbol('BTC-27JUN26-80000-C', 'bybit'), 80000, 0.4, '2025-06-27 08:00Z', 0.9), 72000 * 0.1585194188782, 1e-7, 'discounted');
SELECT pg_temp.near(contract_value(parse_symbol('XRP_USDC-27JUN26-2-C'), 2, 0.4, '2025-06-27 08:00Z'), 2000 * 0.1585194188782, 1e-9, 'a contract of 1000 XRP');
SELECT pg_temp.near(contract_value(parse_symbol('BTC-USD-260627-80000-C'), 80000, 0.4, '2025-06-27 08:00Z'), 0.01 * 0.1585194188782, 1e-14, 'a contract of 0.01 BTC, paid in BTC');

-- put and call parity, in the terms of the venue: (F - K) / F coins, F - K units of currency
CREATE TEMP TABLE tried AS
SELECT v.venue, k, f, vol, t.at, contract_price(parse_symbol(format('BTC-27JUN26-%s-C', k), v.venue), f, vol, t.at) AS call,
       contract_price(parse_symbol(format('BTC-27JUN26-%s-P', k), v.venue), f, vol, t.at) AS put
  FROM unnest('{deribit,bybit}'::text[]) AS v (venue), unnest('{20000,79999,80000,200000}'::integer[]) AS k, unnest('{50000,80000,100000.5}'::float8[]) AS f,
       unnest('{0.2,0.8,2}'::float8[]) AS vol, unnest('{2026-06-27 07:59:59Z,2026-06-20Z,2025-01-01Z,2026-06-27 08:00Z,2026-07-01Z}'::timestamptz[]) AS t (at);
SELECT is_empty($$ SELECT * FROM tried WHERE abs(call - put - (f - k) / CASE venue WHEN 'deribit' THEN f ELSE 1 END) > 1e-12 * (f + k) / CASE venue WHEN 'deribit' THEN f ELSE 1 END $$, 'parity');
SELECT is_empty($$ SELECT * FROM tried AS d JOIN tried AS b USING (k, f, vol, at) WHERE d.venue = 'deribit' AND b.venue = 'bybit' AND abs(d.call - b.call / f) > 1e-15 $$, 'in coin: the price in currency by the forward');
SELECT is_empty($$ SELECT * FROM tried WHERE at >= '2026-06-27 08:00Z' AND call <> greatest(f - k, 0) / CASE venue WHEN 'deribit' THEN f ELSE 1 END $$, 'from expiry on the payoff');
SELECT is(contract_value(c, 125000, NULL, c.expiry), 0.2::float8, 'which needs no vol') FROM parse_symbol('BTC-27JUN26-100000-C', 'deribit') AS c;

-- Deribit marks its options so: within the noise of a forward that is taken seconds apart
CREATE TEMP TABLE quote (source text, ts timestamptz, underlying text, expiry timestamptz, strike numeric, type text, quote_unit text, bid float8, ask float8, mark float8, mark_iv float8,
                         bid_iv float8, ask_iv float8, underlying_price float8, index_price float8, open_interest float8, volume_24h float8, delta float8, vega float8);
\copy quote FROM PROGRAM 'zcat ../shared/data/options_deribit_2026_01.csv.gz 2>/dev/null | head -20000 || true' WITH (FORMAT csv, HEADER)
CREATE TEMP TABLE marked AS
SELECT abs(contract_price(parse_symbol(format('%s-%s-%s-%s', q.underlying, upper(to_char(q.expiry AT TIME ZONE 'UTC', 'FMDDMONYY')), q.strike, q.type), 'deribit'),
                          q.underlying_price, q.mark_iv, q.ts) - q.mark) AS difference
  FROM (SELECT *, row_number() OVER () AS n FROM quote) AS q WHERE q.n % 10 = 0 AND q.mark_iv > 0;
SELECT CASE WHEN EXISTS (SELECT FROM quote) THEN ok(avg(difference) < 1.5e-4 AND percentile_cont(0.99) WITHIN GROUP (ORDER BY difference) < 1.5e-3,
                                                    format('marks of Deribit: mean difference %s, 99 %% %s', avg(difference), percentile_cont(0.99) WITHIN GROUP (ORDER BY difference)))
            ELSE skip('../shared/data is not there', 1) END FROM marked;

-- what is no option is worth its price
SELECT is(contract_price(parse_symbol(s, v), 90000, NULL, NULL, NULL), 90000::float8, s || ' has its price') FROM (VALUES ('BTC-27JUN26', 'deribit'), ('BTC-PERPETUAL', NULL), ('BTCUSDT', 'binance'), ('ETHUSD', 'bitmex')) AS k (s, v);
SELECT is(contract_value(parse_symbol('BTC-PERPETUAL'), 80000, NULL, NULL), 10 / 80000::float8, 'an inverse perpetual of 10 USD');
SELECT is(contract_value(parse_symbol('BTC-USDT-SWAP', 'okx'), 80000, NULL, NULL), 800::float8, 'a linear one of 0.01 BTC');
SELECT pg_temp.near(contract_value(parse_symbol('ETHUSD', 'bitmex'), 500, NULL, NULL), 0.0005, 1e-18, 'a quanto: 0.000001 XBT a USD');

-- bad input
SELECT is(ARRAY[contract_price(c, NULL, 0.5, '2026-01-01'), contract_price(c, 80000, NULL, '2026-01-01'), contract_price(c, 80000, 0.5, NULL), contract_price(c, 80000, 0.5, '2026-01-01', NULL),
                contract_price(NULL, 80000, 0.5, '2026-01-01'), contract_value(c, NULL, 0.5, '2026-01-01'), contract_value(NULL, 1, 1, now()), contract_value(parse_symbol('BTC-PERPETUAL'), NULL, NULL, NULL)],
          array_fill(NULL::float8, '{8}'), 'NULL gives NULL') FROM parse_symbol('BTC-27JUN26-80000-C', 'deribit') AS c;
SELECT is(ARRAY[contract_price(c, 'NaN', 0.5, '2026-01-01'), contract_price(c, 80000, 'NaN', '2026-01-01'), contract_price(c, 'NaN', 0.5, c.expiry), contract_value(parse_symbol('BTC-PERPETUAL'), 'NaN', NULL, NULL)],
          array_fill('NaN'::float8, '{4}'), 'NaN gives NaN') FROM parse_symbol('BTC-27JUN26-80000-C', 'deribit') AS c;
SELECT throws_ok(format('SELECT contract_price(parse_symbol(''BTC-27JUN26-80000-C'', ''deribit''), %s)', a), '22023', NULL, a)
  FROM unnest(ARRAY['0, 0.5, ''2026-06-28''', '-1, 0.5, ''2026-06-28''', '-1, 0.5, ''2026-01-01''', '0, 0.5, ''2026-01-01''']) AS a;
SELECT throws_ok($$ SELECT contract_value(parse_symbol('AVAX_USDC-27JUN26-25-C'), 25, 0.5, '2026-01-01') $$, '22023', 'a contract that is valued has a kind, a payoff, and a positive contract size and multiplier', 'no size');
SELECT is(round(contract_price(parse_symbol('AVAX_USDC-27JUN26-25-C'), 30, 0.5, '2026-06-28')::numeric, 12), 5.0, 'a price needs none');

SELECT * FROM finish();
ROLLBACK;
