-- Symbols of venues to terms of contracts, and what contracts earn: every format, published examples, bad input,
-- stored terms with their rights and audit trail. Prices by Black-76: contract_price.sql.
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'Asia/Kolkata';

-- ---- every format: symbol, venue, terms written by hand from the venues' documentation ----
CREATE TEMP TABLE expected (symbol text, venue text, kind text, payoff text, option_kind text, underlying text, quote text, settlement text,
                            expiry timestamptz, strike numeric, size numeric, multiplier numeric, averaging interval, funding interval, premium text);
INSERT INTO expected VALUES
    ('BTC-27JUN26-80000-C', 'deribit', 'option', 'inverse', 'call', 'BTC', 'USD', 'BTC', '2026-06-27 08:00Z', 80000, 1, 1, '30 min', NULL, 'coin'),
    ('ETH-5JUL26-2600-P', 'deribit', 'option', 'inverse', 'put', 'ETH', 'USD', 'ETH', '2026-07-05 08:00Z', 2600, 1, 1, '30 min', NULL, 'coin'),
    ('SOL_USDC-27JUN25-150-C', 'deribit', 'option', 'linear', 'call', 'SOL', 'USDC', 'USDC', '2025-06-27 08:00Z', 150, 10, 1, '30 min', NULL, 'currency'),
    ('XRP_USDC-30AUG24-0d625-C', 'deribit', 'option', 'linear', 'call', 'XRP', 'USDC', 'USDC', '2024-08-30 08:00Z', 0.625, 1000, 1, '30 min', NULL, 'currency'),
    ('AVAX_USDC-30AUG24-25-P', 'deribit', 'option', 'linear', 'put', 'AVAX', 'USDC', 'USDC', '2024-08-30 08:00Z', 25, NULL, 1, '30 min', NULL, 'currency'),
    ('BTC-27JUN26', 'deribit', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2026-06-27 08:00Z', NULL, 10, 1, '30 min', NULL, NULL),
    ('ETH-29FEB28', 'deribit', 'future', 'inverse', NULL, 'ETH', 'USD', 'ETH', '2028-02-29 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTC_USDC-27JUN26', 'deribit', 'future', 'linear', NULL, 'BTC', 'USDC', 'USDC', '2026-06-27 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTC-PERPETUAL', 'deribit', 'perpetual', 'inverse', NULL, 'BTC', 'USD', 'BTC', NULL, NULL, 10, 1, NULL, '8 h', NULL),
    ('ETH-PERPETUAL', 'deribit', 'perpetual', 'inverse', NULL, 'ETH', 'USD', 'ETH', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('ETH_USDC-PERPETUAL', 'deribit', 'perpetual', 'linear', NULL, 'ETH', 'USDC', 'USDC', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTC_USDC', 'deribit', 'spot', 'linear', NULL, 'BTC', 'USDC', 'USDC', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTCUSDT', 'binance', 'spot', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('USDCUSDT', 'binance', 'spot', 'linear', NULL, 'USDC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTCFDUSD', 'binance', 'spot', 'linear', NULL, 'BTC', 'FDUSD', 'FDUSD', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('ETHBTC', 'binance', 'spot', 'linear', NULL, 'ETH', 'BTC', 'BTC', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('1000PEPEUSDT', 'binance_usdm', 'perpetual', 'linear', NULL, '1000PEPE', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTCUSDT', 'binance_usdm', 'perpetual', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTCUSDT_250926', 'binance_usdm', 'future', 'linear', NULL, 'BTC', 'USDT', 'USDT', '2025-09-26 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTCUSD_PERP', 'binance_coinm', 'perpetual', 'inverse', NULL, 'BTC', 'USD', 'BTC', NULL, NULL, 100, 1, NULL, '8 h', NULL),
    ('ETHUSD_PERP', 'binance_coinm', 'perpetual', 'inverse', NULL, 'ETH', 'USD', 'ETH', NULL, NULL, 10, 1, NULL, '8 h', NULL),
    ('BTCUSD_250926', 'binance_coinm', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2025-09-26 08:00Z', NULL, 100, 1, '30 min', NULL, NULL),
    ('BTCUSD_200925', 'binance_coinm', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2020-09-25 08:00Z', NULL, 100, 1, '1 h', NULL, NULL),
    ('BTC-250926-80000-C', 'binance_options', 'option', 'linear', 'call', 'BTC', 'USDT', 'USDT', '2025-09-26 08:00Z', 80000, 1, 1, '30 min', NULL, 'currency'),
    ('XRP-230331-0.365-P', 'binance_options', 'option', 'linear', 'put', 'XRP', 'USDT', 'USDT', '2023-03-31 08:00Z', 0.365, 100, 1, '30 min', NULL, 'currency'),
    ('DOGE-230331-0.1-P', 'binance_options', 'option', 'linear', 'put', 'DOGE', 'USDT', 'USDT', '2023-03-31 08:00Z', 0.1, 1000, 1, '30 min', NULL, 'currency'),
    ('BTC-USDT', 'okx', 'spot', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTC-USDT-SWAP', 'okx', 'perpetual', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 0.01, 1, NULL, '8 h', NULL),
    ('BTC-USD-SWAP', 'okx', 'perpetual', 'inverse', NULL, 'BTC', 'USD', 'BTC', NULL, NULL, 100, 1, NULL, '8 h', NULL),
    ('LTC-USD-SWAP', 'okx', 'perpetual', 'inverse', NULL, 'LTC', 'USD', 'LTC', NULL, NULL, 10, 1, NULL, '8 h', NULL),
    ('BTC-USDC-SWAP', 'okx', 'perpetual', 'linear', NULL, 'BTC', 'USDC', 'USDC', NULL, NULL, NULL, 1, NULL, '8 h', NULL),
    ('BTC-USD-250926', 'okx', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2025-09-26 08:00Z', NULL, 100, 1, '1 h', NULL, NULL),
    ('BTC-USD-260317', 'okx', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2026-03-17 08:00Z', NULL, 100, 1, '1 h', NULL, NULL),
    ('BTC-USD-260318', 'okx', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2026-03-18 08:00Z', NULL, 100, 1, '30 min', NULL, NULL),
    ('BTC-USDT-260925', 'okx', 'future', 'linear', NULL, 'BTC', 'USDT', 'USDT', '2026-09-25 08:00Z', NULL, 0.01, 1, '30 min', NULL, NULL),
    ('BTC-USD-250926-80000-C', 'okx', 'option', 'inverse', 'call', 'BTC', 'USD', 'BTC', '2025-09-26 08:00Z', 80000, 0.01, 1, '1 h', NULL, 'coin'),
    ('ETH-USD-260925-4000-P', 'okx', 'option', 'inverse', 'put', 'ETH', 'USD', 'ETH', '2026-09-25 08:00Z', 4000, 0.1, 1, '30 min', NULL, 'coin'),
    ('BTCUSDT', 'bybit_spot', 'spot', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTCUSDT', 'bybit', 'perpetual', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTCPERP', 'bybit', 'perpetual', 'linear', NULL, 'BTC', 'USDC', 'USDC', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTCUSD', 'bybit', 'perpetual', 'inverse', NULL, 'BTC', 'USD', 'BTC', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('BTCUSDU21', 'bybit', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2021-09-24 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTCUSDZ25', 'bybit', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2025-12-26 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTC-27JUN25', 'bybit', 'future', 'linear', NULL, 'BTC', 'USDC', 'USDC', '2025-06-27 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTCUSDT-27JUN25', 'bybit', 'future', 'linear', NULL, 'BTC', 'USDT', 'USDT', '2025-06-27 08:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('BTC-6FEB23-24000-C', 'bybit', 'option', 'linear', 'call', 'BTC', 'USDC', 'USDC', '2023-02-06 08:00Z', 24000, 1, 1, NULL, NULL, 'currency'),
    ('BTC-27JUN25-80000-C-USDT', 'bybit', 'option', 'linear', 'call', 'BTC', 'USDT', 'USDT', '2025-06-27 08:00Z', 80000, 1, 1, NULL, NULL, 'currency'),
    ('XBTUSD', 'bitmex', 'perpetual', 'inverse', NULL, 'BTC', 'USD', 'BTC', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('XBTUSDT', 'bitmex', 'perpetual', 'linear', NULL, 'BTC', 'USDT', 'USDT', NULL, NULL, 0.000001, 1, NULL, '8 h', NULL),
    ('ETHUSD', 'bitmex', 'perpetual', 'quanto', NULL, 'ETH', 'USD', 'BTC', NULL, NULL, 1, 0.000001, NULL, '8 h', NULL),
    ('XBTZ25', 'bitmex', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2025-12-26 12:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('XBTH21', 'bitmex', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2021-03-26 12:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('XBTF22', 'bitmex', 'future', 'inverse', NULL, 'BTC', 'USD', 'BTC', '2022-01-28 12:00Z', NULL, 1, 1, '30 min', NULL, NULL),
    ('XBTUSDTZ21', 'bitmex', 'future', 'linear', NULL, 'BTC', 'USDT', 'USDT', '2021-12-31 12:00Z', NULL, 0.000001, 1, '30 min', NULL, NULL),
    ('ETHUSDTZ21', 'bitmex', 'future', 'linear', NULL, 'ETH', 'USDT', 'USDT', '2021-12-31 12:00Z', NULL, 0.00001, 1, '30 min', NULL, NULL),
    ('ETHUSDZ21', 'bitmex', 'future', 'quanto', NULL, 'ETH', 'USD', 'BTC', '2021-12-31 12:00Z', NULL, 1, 0.000001, '30 min', NULL, NULL),
    ('ETH-20250627-3000-C', 'derive', 'option', 'linear', 'call', 'ETH', 'USD', 'USDC', '2025-06-27 08:00Z', 3000, 1, 1, '30 min', NULL, 'currency'),
    ('ETH-20240914-2400_5-P', 'derive', 'option', 'linear', 'put', 'ETH', 'USD', 'USDC', '2024-09-14 08:00Z', 2400.5, 1, 1, '30 min', NULL, 'currency'),
    ('ETH-PERP', 'derive', 'perpetual', 'linear', NULL, 'ETH', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, '1 h', NULL),
    ('ETH-USDC', 'derive', 'spot', 'linear', NULL, 'ETH', 'USDC', 'USDC', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTC-USD-15SEP25-55000-C', 'paradex', 'option', 'linear', 'call', 'BTC', 'USD', 'USDC', '2025-09-15 08:00Z', 55000, 1, 1, '30 min', NULL, 'currency'),
    ('BTC-USD-PERP', 'paradex', 'perpetual', 'linear', NULL, 'BTC', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, '8 h', NULL),
    ('ETH-USD', 'paradex', 'spot', 'linear', NULL, 'ETH', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, NULL, NULL),
    ('BTC', 'hyperliquid', 'perpetual', 'linear', NULL, 'BTC', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, '1 h', NULL),
    ('kPEPE', 'hyperliquid', 'perpetual', 'linear', NULL, 'kPEPE', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, '1 h', NULL),
    ('BTC-USD', 'dydx', 'perpetual', 'linear', NULL, 'BTC', 'USD', 'USDC', NULL, NULL, 1, 1, NULL, '1 h', NULL);
CREATE TEMP VIEW found AS
SELECT e.symbol, e.venue, p.kind, p.payoff, p.option_kind, p.underlying, p.quote_currency, p.settlement_asset, p.expiry, p.strike, p.contract_size,
       p.multiplier, p.settlement_window, p.funding_interval, p.premium
  FROM expected AS e, parse_symbol(e.symbol, e.venue) AS p WHERE p.instrument = e.symbol AND p.venue = e.venue;
SELECT is_empty('TABLE expected EXCEPT TABLE found', 'the terms that the venues document');
SELECT is((SELECT count(*) FROM found), (SELECT count(*) FROM expected), 'each of them');
SELECT is_empty($$ SELECT f.venue, f.example FROM symbol_formats() AS f
                    WHERE NOT EXISTS (SELECT FROM expected AS e WHERE e.venue = f.venue AND e.symbol ~ f.pattern) $$, 'no format without a test');
SELECT is_empty($$ SELECT e.venue, e.symbol FROM expected AS e JOIN symbol_formats() AS f ON f.venue = e.venue AND e.symbol ~ f.pattern
                    GROUP BY 1, 2 HAVING count(*) <> 1 $$, 'at its venue a symbol has one format');
SELECT is_empty($$ SELECT f.venue, f.example FROM symbol_formats() AS f, parse_symbol(f.example, f.venue) AS p WHERE (p.kind, p.payoff) <> (f.kind, f.payoff) $$,
    'and every example is of its own format');
SELECT is_empty($q$ SELECT f.example FROM symbol_formats() AS f
                    WHERE f.pattern !~ '^\^.*\$$' OR f.pattern ~ '[+*]' OR (SELECT count(*) FROM regexp_matches(f.pattern, '\((?!\?)', 'g')) <> cardinality(f.fields) $q$,
    'patterns are anchored, count their repetitions, and name every group');
SELECT is_empty($$ SELECT f.example FROM symbol_formats() AS f WHERE f.kind IN ('future', 'option') AND f.expiry_time IS NULL OR f.kind = 'option' AND NOT 'strike' = ANY (f.fields) $$,
    'what expires has a time of day');

-- ---- without a venue ----
SELECT is((parse_symbol(s)).venue, v, s) FROM (VALUES ('BTC-PERPETUAL', 'deribit'), ('SOL_USDC-27JUN25-150-C', 'deribit'), ('BTC_USDC-27JUN26', 'deribit'),
    ('BTCUSDT_250926', 'binance_usdm'), ('BTCUSD_PERP', 'binance_coinm'), ('BTC-250926-80000-C', 'binance_options'), ('BTC-USD-SWAP', 'okx'), ('BTC-USDT-250926', 'okx'),
    ('BTC-USD-250926-80000-C', 'okx'), ('BTCPERP', 'bybit'), ('BTCUSD', 'bybit'), ('BTCUSDZ25', 'bybit'), ('BTC-27JUN25-80000-C-USDT', 'bybit'), ('SOL-27JUN25-150-C', 'bybit'),
    ('XBTUSD', 'bitmex'), ('XBTZ25', 'bitmex'), ('ETHUSDTZ21', 'bitmex'), ('ETH-20250627-3000-C', 'derive'), ('ETH-PERP', 'derive'), ('BTC-USD-PERP', 'paradex'),
    ('BTC-USD-15SEP25-55000-C', 'paradex')) AS k (s, v);
SELECT is(parse_symbol(s), parse_symbol(s, (parse_symbol(s)).venue), s || ' is what its venue makes of it') FROM unnest('{BTC-PERPETUAL,XBTZ25,BTC-USD-SWAP}'::text[]) AS s;

CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint   text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || ' | ' || detail || ' | ' || hint;
END $$;
SELECT is(substring(pg_temp.refused(format('SELECT margin_calib.parse_symbol(%L)', s)) FROM '22023 this symbol does not tell its venue .*\| Give the venue \(([a-z_, ]*)\)'), v, s || ' is of several venues')
  FROM (VALUES ('BTCUSDT', 'binance, binance_usdm, bybit, bybit_spot, hyperliquid'), ('BTC-27JUN26-80000-C', 'bybit, deribit'), ('BTC-27JUN26', 'bybit, deribit'),
               ('ETHUSD', 'bitmex, bybit, hyperliquid'), ('XBTUSDT', 'binance, binance_usdm, bitmex, bybit, bybit_spot, hyperliquid'), ('BTC', 'hyperliquid'), ('BTC-USD', 'dydx, okx, paradex'), ('BTC-USDT', 'derive, okx')) AS k (s, v);

-- ---- what is refused ----
SELECT is(parse_symbol(NULL), NULL, 'NULL gives NULL');
SELECT is(parse_symbol(NULL, 'okx'), NULL, 'whatever the venue');
SELECT matches(pg_temp.refused(format('SELECT margin_calib.parse_symbol(%L, %L)', s, v)), '^22023 ' || m, format('%L at %L', replace(left(s, 40), chr(10), ' '), left(v, 20)))
  FROM (VALUES ('', NULL, 'a symbol has 1 to 64 characters'), (repeat('A', 65), NULL, 'a symbol has 1 to 64 characters'), (repeat('BTC-', 2500), 'deribit', 'a symbol has 1 to 64 characters'),
               ('BTC-31FEB26', 'deribit', 'the date'), ('BTC-30FEB28-80000-C', 'deribit', 'the date'), ('BTC-29FEB26-1-C', 'deribit', 'the date'), ('BTC-0JAN26', 'deribit', 'the date'),
               ('BTC-32JAN26', 'deribit', 'the date'), ('BTC-15XXX26', 'deribit', 'the date'), ('BTC-99DEC99', 'bybit', 'the date'), ('BTCUSDT_251301', 'binance_usdm', 'the date'),
               ('BTCUSDT_250931', NULL, 'the date'), ('BTC-USD-250000', 'okx', 'the date'), ('ETH-20251301-3000-C', 'derive', 'the date'), ('ETH-00000000-3000-C', 'derive', 'the date'),
               ('BTC-27JUN26-0-C', 'deribit', 'the strike in a symbol is positive'), ('XRP_USDC-30AUG24-0d0-C', 'deribit', 'the strike in a symbol is positive'),
               ('BTC-27JUN26-99999999999999999999-C', 'deribit', 'a symbol has a format that is known'), ('BTC-27JUN26--5-C', 'deribit', 'a symbol has a format that is known'),
               ('BTC-27JUN26-80000-X', 'deribit', 'a symbol has a format that is known'), ('btc-perpetual', 'deribit', 'a symbol has a format that is known'),
               (' BTC-PERPETUAL', 'deribit', 'a symbol has a format that is known'), (E'BTC-PERPETUAL\n', 'deribit', 'a symbol has a format that is known'),
               ('BTC-PERPETUAL', 'okx', 'a symbol has a format that is known'), ('DOGE-PERPETUAL', NULL, 'a symbol has a format that is known'), ('ETH-PERP', 'okx', 'a symbol has a format that is known'),
               ('XRP_USDC-30AUG24-0d-C', 'deribit', 'a symbol has a format that is known'), ('BTCUSDA25', 'bybit', 'a symbol has a format that is known'), ('€-PERP', NULL, 'a symbol has a format that is known'),
               ('BTC-PERPETUAL', 'nowhere', 'the venue of a symbol is one of those that are known'), ('BTC-PERPETUAL', '', 'the venue of a symbol is one of those that are known'),
               ('BTC-PERPETUAL', repeat('x', 10000), 'the venue of a symbol is one of those that are known')) AS k (s, v, m);
SELECT matches(pg_temp.refused($$ SELECT margin_calib.parse_symbol('NO-SUCH-THING') $$), '''NO-SUCH-THING''.*deribit BTC-27JUN26-80000-C.*okx BTC-USDT', 'the symbol and the formats are told');
SELECT cmp_ok(length(pg_temp.refused(format('SELECT margin_calib.parse_symbol(%L)', repeat('A', 10000)))), '<', 1500, 'a long symbol is cut');

-- whatever is written, there is a contract or 22023, and a contract that is stored or only lacks its size
SELECT setseed(0.20260627);
CREATE FUNCTION pg_temp.fuzz(rounds integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    alphabet CONSTANT text := 'ABCDEFUSTXP0123456789-_.d' || chr(10) || chr(233) || '\$^(*''%';
    seeds    CONSTANT text[] := ARRAY(SELECT f.example FROM margin_calib.symbol_formats() AS f);
    names    CONSTANT text[] := ARRAY(SELECT DISTINCT f.venue FROM margin_calib.symbol_formats() AS f) || ARRAY[NULL, NULL, NULL, 'zz'];
    symbol   text;
    place    text;
    terms    margin_calib.contract;
    parsed   integer := 0;
BEGIN
    FOR i IN 1 .. rounds LOOP
        place := names[1 + floor(random() * cardinality(names))];
        IF random() < 0.3 THEN
            symbol := (SELECT string_agg(substr(alphabet, 1 + floor(random() * length(alphabet) + 0 * n)::integer, 1), '') FROM generate_series(1, 1 + floor(random() * 40)::integer) AS n);
        ELSE
            symbol := seeds[1 + floor(random() * cardinality(seeds))];
            FOR j IN 1 .. floor(random() * 4) LOOP
                symbol := overlay(symbol PLACING substr(alphabet, 1 + floor(random() * length(alphabet))::integer, floor(random() * 2)::integer)
                                  FROM 1 + floor(random() * length(symbol))::integer FOR floor(random() * 2)::integer);
            END LOOP;
        END IF;
        BEGIN
            terms := margin_calib.parse_symbol(symbol, place);
            parsed := parsed + 1;
            IF coalesce(margin_calib.contract_problem(terms), 'contract size and multiplier') !~ '^contract size and multiplier' OR terms.instrument <> symbol THEN
                RETURN format('%L at %L: %s', symbol, place, terms);
            END IF;
        EXCEPTION WHEN invalid_parameter_value THEN NULL;
                  WHEN OTHERS THEN RETURN format('%L at %L: %s %s', symbol, place, SQLSTATE, SQLERRM);
        END;
    END LOOP;
    RETURN CASE WHEN parsed > rounds / 100 THEN 'fine' ELSE 'only ' || parsed END;
END $$;
SELECT is(pg_temp.fuzz(4000), 'fine', '4000 random symbols: a contract or 22023');

-- there and back: options of every day and strike
SELECT is_empty($$ SELECT d, k, p FROM generate_series(date '2024-01-01', '2027-12-31', '17 days') AS d, unnest(ARRAY[0.625, 1, 999, 12345, 999999999]) AS k,
                          LATERAL (SELECT upper(to_char(d, 'FMDDMONYY')) AS day) AS x,
                          LATERAL parse_symbol(format('ADA_USDC-%s-%s-P', x.day, replace(k::text, '.', 'd')), 'deribit') AS p
                    WHERE (p.expiry AT TIME ZONE 'UTC', p.strike) IS DISTINCT FROM (d + time '08:00', k) $$, 'expiry and strike of a Deribit symbol');
SELECT is_empty($$ SELECT d, p FROM generate_series(date '2024-01-01', '2027-12-31', '17 days') AS d, parse_symbol(to_char(d, '"BTC-USD-"YYMMDD"-5-C"'), 'okx') AS p
                    WHERE p.expiry AT TIME ZONE 'UTC' IS DISTINCT FROM d + time '08:00' $$, 'and of an OKX symbol');
SELECT is_empty($$ SELECT d FROM generate_series(timestamp '2024-01-01', '2027-12-01', '1 month') AS m,
                          LATERAL (SELECT max(d) FROM generate_series(m, m + interval '1 month' - interval '1 day', '1 day') AS d WHERE extract(isodow FROM d) = 5) AS f (d),
                          LATERAL parse_symbol(format('XBT%s%s', substr('FGHJKMNQUVXZ', extract(month FROM m)::integer, 1), to_char(m, 'YY'))) AS p
                    WHERE p.expiry AT TIME ZONE 'UTC' IS DISTINCT FROM d + time '12:00' $$, 'a month code: its last Friday, by brute force');
CREATE TEMP TABLE quote (source text, ts timestamptz, underlying text, expiry timestamptz, strike numeric, type text, quote_unit text, bid float8, ask float8, mark float8, mark_iv float8,
                         bid_iv float8, ask_iv float8, underlying_price float8, index_price float8, open_interest float8, volume_24h float8, delta float8, vega float8);
\copy quote FROM PROGRAM 'zcat ../shared/data/options_deribit_2026_01.csv.gz 2>/dev/null || true' WITH (FORMAT csv, HEADER)
SELECT CASE WHEN EXISTS (SELECT FROM quote)
            THEN is_empty($$ SELECT q, p FROM (SELECT DISTINCT underlying, expiry, strike, type FROM quote) AS q,
                                  LATERAL parse_symbol(format('%s-%s-%s-%s', q.underlying, upper(to_char(q.expiry AT TIME ZONE 'UTC', 'FMDDMONYY')), q.strike, q.type), 'deribit') AS p
                              WHERE (p.underlying, p.expiry, p.strike, p.option_kind, p.settlement_asset) IS DISTINCT FROM
                                    (q.underlying, q.expiry, q.strike, CASE q.type WHEN 'C' THEN 'call' ELSE 'put' END, q.underlying) $$, 'every option of January 2026 at Deribit')
            ELSE skip('../shared/data is not there', 1) END;

-- ---- profit ----
CREATE FUNCTION pg_temp.near(actual float8, wanted float8, tolerance float8, name text) RETURNS text LANGUAGE sql AS
$$ SELECT public.ok(abs(actual - wanted) <= tolerance, format('%s: %s, wanted %s', name, actual, wanted)) $$;
-- Deribit's sample risk vector of an inverse position of 0.31335083 coin
SELECT pg_temp.near(contract_pnl(parse_symbol('BTC-PERPETUAL'), 10000, 10000 * (1 + s), 0.31335083 * 10000 / 10), v, 1e-9, format('Deribit risk vector at %s', s))
  FROM (VALUES (-0.16, -0.05968587238095239), (-0.12, -0.04272965863636364), (-0.08, -0.02724789826086957), (-0.04, -0.013056284583333334)) AS k (s, v);
SELECT pg_temp.near(contract_pnl(parse_symbol('XBTU20'), 10000, 10500, 100000), 0.47619, 5e-6, 'BitMEX guide: 100,000 contracts from 10,000 to 10,500');
SELECT pg_temp.near(contract_pnl(parse_symbol('XBTUSD'), 600, 700, 60000), 14.286, 5e-4, 'published: 60,000 from 600 to 700');
SELECT pg_temp.near(contract_pnl(parse_symbol('XBTUSD'), 600, 500, 60000), -20, 1e-12, 'published: 60,000 from 600 to 500');
SELECT pg_temp.near(contract_pnl(parse_symbol('XBTUSD'), 16000, 8000, 16000), -1, 1e-12, 'published: 16,000 from 16,000 to 8,000');
SELECT is(contract_pnl(parse_symbol('BTC-PERP'), 20000, 20100, 1), 100::float8, 'Bybit help: 1 BTC, 100 up');
SELECT is(contract_pnl(parse_symbol('BTC-USDT-SWAP', 'okx'), 20000, 20100, -3), -3::float8, 'a short of 3 contracts of 0.01');
-- BitMEX: (exit - entry) * 0.000001 XBT * contracts
SELECT pg_temp.near(contract_pnl(parse_symbol('ETHUSD', 'bitmex'), 500, 510, 1000), 0.01, 1e-15, 'quanto: 10 USD on 1000 contracts');
SELECT pg_temp.near(contract_notional(parse_symbol('ETHUSD', 'bitmex'), 151, 1070), 0.16157, 1e-12, 'quanto: 1070 contracts at 151');
-- Deribit: a SOL call of 10, bought for 10, pays 25 a coin at 275
SELECT is(contract_pnl(parse_symbol('SOL_USDC-27JUN25-250-C'), 10, 25, 1), 150::float8, 'Deribit linear option: profit 150 USDC');
SELECT is(contract_payoff(parse_symbol('SOL_USDC-27JUN25-250-C'), 275), 250::float8, 'of a payoff of 250 USDC');
SELECT is(contract_payoff(parse_symbol('BTC-27JUN26-100000-C', 'deribit'), 125000), 0.2::float8, 'Deribit inverse call: 25,000 USD are 0.2 BTC');
SELECT pg_temp.near(contract_pnl(parse_symbol('BTC-27JUN26-100000-C', 'deribit'), 0.05, 0.2, 1), 0.15, 1e-15, 'bought for 0.05');
SELECT is(contract_payoff(parse_symbol('BTC-27JUN26-300-C', 'deribit'), 400), 0.25::float8, 'Deribit guide: 300 call at 400');
SELECT is(contract_payoff(parse_symbol('BTC-27JUN26-300-P', 'deribit'), 200), 0.5::float8, 'Deribit guide: 300 put at 200');
SELECT is(contract_payoff(parse_symbol('BTC-27JUN26-300-P', 'deribit'), 400), 0::float8, 'worth nothing above');
-- BitMEX UP contracts: 0.1 XBT, strike 11,000, index 14,655.44: settled at 0.0249, bought at 0.0065
SELECT pg_temp.near(contract_payoff(jsonb_populate_record(parse_symbol('BTC-8DEC17-11000-C', 'deribit'), '{"contract_size": 0.1}'), 14655.44), 0.0249, 5e-5, 'BitMEX UP contract');
-- XBTETH of BitMEX: inverse, quoted in ETH, 0.01 ETH a contract
SELECT pg_temp.near(contract_pnl(jsonb_populate_record(parse_symbol('XBTUSD'), '{"quote_currency": "ETH", "contract_size": 0.01}'), 15.789, 14.646, 100),
                    100 * 0.01 * (1 / 15.789 - 1 / 14.646), 1e-15, 'BitMEX XBTETH');
SELECT is(contract_notional(parse_symbol('BTCUSD'), 10000, 20000), 2::float8, 'Bybit: 20,000 contracts at 10,000 are 2 BTC');
SELECT is(contract_notional(parse_symbol('BTC-27JUN26-80000-C', 'deribit'), 90000, -3), -3::float8, 'an inverse option is a coin');
SELECT is(contract_notional(parse_symbol('XRP_USDC-30AUG24-0d625-C'), 0.5, 2), 1000::float8, 'a linear one 1000 XRP at their price');
SELECT is(contract_pnl(parse_symbol('BTCUSDT', 'binance'), 100, 90, 2), -20::float8, 'spot');

-- properties: antisymmetric in entry and exit, linear in quantity, additive over a round trip
CREATE TEMP TABLE tried AS
SELECT p, (10 ^ (4 * random() - 1)) AS a, (10 ^ (4 * random() - 1)) AS b, (10 ^ (4 * random() - 1)) AS c, (1e6 * random() - 5e5) AS q
  FROM expected AS e, LATERAL (SELECT parse_symbol(e.symbol, e.venue)) AS s (p), generate_series(1, 10) WHERE (p).contract_size IS NOT NULL;
SELECT is_empty($$ SELECT * FROM tried WHERE contract_pnl(p, a, b, q) <> contract_pnl(p, a, b, -q) * -1
                      OR abs(contract_pnl(p, a, b, q) + contract_pnl(p, b, c, q) - contract_pnl(p, a, c, q))
                         > 1e-12 * (abs(contract_pnl(p, a, b, q)) + abs(contract_pnl(p, b, c, q)) + abs(contract_pnl(p, a, c, q))) $$, 'profits of two legs add up');
SELECT is_empty($$ SELECT * FROM tried WHERE sign(contract_pnl(p, a, b, abs(q))) <> sign(b - a) $$, 'a long earns when the price rises');
SELECT is_empty($$ SELECT * FROM tried WHERE (p).kind <> 'option' AND (p).payoff = 'inverse'
                      AND abs(contract_pnl(p, a, b, q) - q * (p).contract_size::float8 * (1 / a - 1 / b)) > 1e-11 * abs(q * (p).contract_size::float8) * (1 / a + 1 / b) $$,
    'inverse: q N (1/e - 1/p), as it is written');
SELECT pg_temp.near(contract_pnl(parse_symbol('XBTUSD'), 100000, 100000.0000001, 1e9) / 1e-8, 1, 5e-4, 'a billion contracts and a tiny move: no cancellation');

-- ---- funding ----
SELECT is(funding_payment(parse_symbol('BTC-USDT-SWAP', 'okx'), 100, 50000, 0.0001), 5::float8, 'a long of 1 BTC pays 5 USDT at 1 basis point');
SELECT is(funding_payment(parse_symbol('BTC-USDT-SWAP', 'okx'), -100, 50000, 0.0001), -5::float8, 'a short receives them');
SELECT pg_temp.near(funding_payment(parse_symbol('BTC-PERPETUAL'), 5000, 50000, 0.0001), 0.0001, 1e-18, 'inverse: 50,000 USD are 1 BTC, of which a basis point');
SELECT throws_ok($$ SELECT funding_payment(parse_symbol('XBTZ25'), 1, 1, 1) $$, '22023', 'funding is paid on perpetuals', 'no funding on a future');

-- ---- time and settlement ----
SELECT is(years_to_expiry('2027-06-27 08:00Z', '2026-06-27 08:00Z'), 1::float8, '365 days');
SELECT is(years_to_expiry('2026-06-27 08:00Z', '2026-06-27 07:59:59.75Z'), 0.25 / (365 * 86400)::float8, 'a quarter of a second');
SELECT is(ARRAY[years_to_expiry('2026-06-27 08:00Z', '2026-06-27 08:00Z'), years_to_expiry('2026-06-27 08:00Z', '2026-06-27 08:00:01Z'), years_to_expiry(NULL, now())],
          ARRAY[0, 0, NULL]::float8[], 'none after expiry; NULL');
SELECT throws_ok(format('SELECT years_to_expiry(%L, %L)', e, a), '22023', 'expiry and as_of must be finite', format('from %s to %s', a, e))
  FROM (VALUES ('infinity', '2026-06-27'), ('2026-06-27', '-infinity'), ('2026-06-27', 'infinity'), ('-infinity', 'infinity')) AS v (e, a);
SELECT pg_temp.near(years_to_expiry('294276-12-31', '4713-01-01 BC'), 298988 * 365.2425 / 365, 1, 'from one end of the calendar to the other');
-- 300 samples of 30 minutes, and as many before and after that do not count
CREATE TEMP TABLE tick AS
SELECT n, timestamptz '2026-06-27 08:00Z' + n * interval '6 seconds' AS ts, CASE WHEN n BETWEEN -299 AND 0 THEN 80000 + 3 * n + n % 7 ELSE 1e6 END::float8 AS price
  FROM generate_series(-600, 300) AS n;
SELECT is(settlement_average(price, ts, '2026-06-27 08:00Z', '30 min'), avg(price) FILTER (WHERE n BETWEEN -299 AND 0), 'the 300 samples of the last half hour') FROM tick;
SELECT is(settlement_average(price, ts, c.expiry, c.settlement_window), avg(price) FILTER (WHERE n BETWEEN -299 AND 0), 'with the terms of a contract')
  FROM tick, parse_symbol('BTC-27JUN26', 'deribit') AS c GROUP BY c.expiry, c.settlement_window;
SELECT is(settlement_average(price, ts, '2026-06-27 08:00Z', '30 min'), NULL, 'no price in the window') FROM tick WHERE n < -299;
SELECT is(settlement_average(price, ts, '2026-06-27 08:00Z', '30 min'), NULL, 'no price') FROM tick WHERE false;
SELECT is(settlement_average(price, ts, '2026-06-27 08:00Z', '30 min'), 5::float8, 'NULL and infinite times are skipped')
  FROM (VALUES (5, timestamptz '2026-06-27 07:45Z'), (NULL, '2026-06-27 07:45Z'), (7, NULL), (7, 'infinity'), (7, '-infinity')) AS k (price, ts);
SELECT is(settlement_average(price, '2026-06-27 07:45Z', '2026-06-27 08:00Z', '30 min'), 'NaN', 'NaN gives NaN') FROM unnest('{1,NaN}'::float8[]) AS price;
SELECT throws_ok(format('SELECT settlement_average_accum(%L, 0, now(), now(), ''1 day'')', v), '22023', 'not a state of settlement_average', 'state ' || v) FROM unnest('{"{1e308,1,1}","{-1,1,1}","{NaN,1,1}","{1,1}"}'::text[]) AS v;

-- ---- bad numbers ----
SELECT is(ARRAY[contract_pnl(c, NULL, 1, 1), contract_pnl(c, 1, 1, NULL), contract_pnl(NULL, 1, 1, 1), contract_notional(c, NULL, 1), funding_payment(c, 1, 1, NULL),
                contract_payoff(parse_symbol('BTC-27JUN26-300-P', 'deribit'), NULL)], array_fill(NULL::float8, '{6}'), 'NULL gives NULL') FROM parse_symbol('XBTUSD') AS c;
SELECT is(ARRAY[contract_pnl(c, 'NaN', 1, 1), contract_pnl(c, 1, 'NaN', 1), contract_pnl(c, 1, 1, 'NaN'), contract_notional(c, 'NaN', 1), funding_payment(c, 1, 'NaN', 1),
                contract_payoff(parse_symbol('BTC-27JUN26-300-P', 'deribit'), 'NaN'), contract_payoff(parse_symbol('SOL_USDC-27JUN25-250-C'), 'NaN')],
          array_fill('NaN'::float8, '{7}'), 'NaN gives NaN') FROM parse_symbol('XBTUSD') AS c;
SELECT throws_ok(format('SELECT contract_pnl(parse_symbol(''XBTUSD''), %s)', a), '22023', 'the price of an inverse contract is positive', a) FROM unnest('{"0, 1, 1","1, 0, 1","-5, 1, 1","1, -5, 1"}'::text[]) AS a;
SELECT throws_ok($$ SELECT contract_notional(parse_symbol('XBTUSD'), 0, 1) $$, '22023', 'the price of an inverse contract is positive', 'notional at 0');
SELECT throws_ok($$ SELECT contract_payoff(parse_symbol('BTC-27JUN26-300-P', 'deribit'), 0) $$, '22023', 'the price of an inverse contract is positive', 'an inverse put at 0');
SELECT is(contract_pnl(parse_symbol('BTCPERP'), 10, -5, 2), -30::float8, 'a linear price may be below 0');
SELECT is(contract_payoff(parse_symbol('SOL_USDC-27JUN25-250-P'), 0), 2500::float8, 'a linear put at 0');
SELECT is(contract_pnl(parse_symbol('BTCPERP'), 10, 5, 0), 0::float8, 'no contracts');
SELECT throws_ok($$ SELECT contract_pnl(parse_symbol('BTCPERP'), 0, 1e300, 1e300) $$, '22003', NULL, 'beyond the largest double');
SELECT throws_ok($$ SELECT contract_payoff(parse_symbol('XBTZ25'), 1) $$, '22023', 'a payoff is that of an option', 'a future pays by its entry');
SELECT throws_ok(format('SELECT %s', f), '22023', 'a contract that is valued has a kind, a payoff, and a positive contract size and multiplier', 'no size: ' || f)
  FROM unnest(ARRAY['contract_pnl(parse_symbol(''BTC-USDC-SWAP''), 1, 1, 1)', 'contract_notional(parse_symbol(''BTC-USDC-SWAP''), 1, 1)',
                    'funding_payment(parse_symbol(''BTC-USDC-SWAP''), 1, 1, 1)', 'contract_payoff(parse_symbol(''AVAX_USDC-30AUG24-25-P''), 1)']) AS f;

SELECT throws_ok(format('SELECT contract_pnl(jsonb_populate_record(parse_symbol(''XBTUSD''), %L), 1, 1, 1)', j), '22023',
                 'a contract that is valued has a kind, a payoff, and a positive contract size and multiplier', j) FROM unnest(ARRAY['{"payoff": "Inverse"}', '{"payoff": null}', '{"kind": "swap"}', '{"kind": null}', '{"multiplier": null}', '{"contract_size": "NaN"}']) AS j;
SELECT is(contract_payoff(jsonb_populate_record(parse_symbol('SOL_USDC-27JUN25-250-C'), '{"strike": null}'), 275), NULL, 'no strike, no payoff');

-- ---- stored terms ----
CREATE SCHEMA t;
CREATE ROLE mc_contract_reader;
CREATE ROLE mc_contract_analyst;
SELECT is(set_contract(parse_symbol('BTC-PERPETUAL'), 'listed'), true, 'a contract is stored');
SELECT is(set_contract(parse_symbol('BTC-PERPETUAL')), false, 'once');
SELECT is(contract_of('BTC-PERPETUAL'), parse_symbol('BTC-PERPETUAL'), 'and read as it was');
SELECT is(set_contracts('{BTC-27JUN26-80000-C,BTC-27JUN26,BTC-PERPETUAL}', 'deribit', 'more'), 2::bigint, 'two new ones of three');
SELECT is(set_contracts('{}'), 0::bigint, 'none');
SELECT is(set_contract(jsonb_populate_record(parse_symbol('BTC-USDC-SWAP'), '{"contract_size": 0.0001}')), true, 'a size that no symbol says');
SELECT is(contract_pnl(contract_of('BTC-USDC-SWAP'), 90000, 91000, 10), 1::float8, 'counts');
SELECT is(set_contract(jsonb_populate_record(contract_of('BTC-USDC-SWAP'), '{"contract_size": 0.001}'), 'venue changed it'), true, 'a change');
SELECT results_eq($$ SELECT action, object, (old ->> 'contract_size')::numeric, (new ->> 'contract_size')::numeric, reason FROM audit WHERE kind = 'contract' ORDER BY id $$,
    $$ VALUES ('create', 'BTC-PERPETUAL', NULL::numeric, 10::numeric, 'listed'), ('create', 'BTC-27JUN26-80000-C', NULL, 1, 'more'), ('create', 'BTC-27JUN26', NULL, 10, 'more'),
              ('create', 'BTC-USDC-SWAP', NULL, 0.0001, NULL), ('change', 'BTC-USDC-SWAP', 0.0001, 0.001, 'venue changed it') $$, 'all of it in the trail');
SELECT lives_ok($$ SELECT drop_contract('BTC-USDC-SWAP', 'delisted') $$, 'a contract is dropped');
SELECT results_eq($$ SELECT action, reason FROM audit WHERE kind = 'contract' ORDER BY id DESC LIMIT 1 $$, $$ VALUES ('delete', 'delisted') $$, 'and the trail says so');
SELECT throws_ok($$ SELECT contract_of('BTC-USDC-SWAP') $$, '42704', NULL, 'it is not known any more');
SELECT throws_ok($$ SELECT drop_contract('BTC-USDC-SWAP') $$, '42704', NULL, 'and not dropped twice');
SELECT throws_ok($$ SELECT drop_contract(NULL) $$, '42704', NULL, 'nothing is not dropped');
SELECT is(contract_of(NULL), NULL, 'NULL gives NULL');
SELECT is_empty('SELECT * FROM verify_audit()', 'the trail fits');
UPDATE contract_terms SET strike = 1 WHERE strike > 1;
SELECT is((SELECT string_agg(kind || ' ' || object, ',') FROM verify_audit()), 'contract BTC-27JUN26-80000-C', 'a change around the trail is found');
SELECT is(set_contract(parse_symbol('BTC-27JUN26-80000-C', 'deribit')), true, 'mended');
SELECT is((SELECT count(*) FROM audit WHERE kind = 'contract' AND action = 'found'), 1::bigint, 'which does not cover it up');

SELECT throws_ok($$ SELECT set_contract(NULL) $$, '22004', NULL, 'no contract');
SELECT throws_ok($$ SELECT set_contract(jsonb_populate_record(NULL::contract, '{"kind": "spot"}')) $$, '22004', NULL, 'no instrument');
SELECT throws_ok($$ SELECT set_contracts(NULL) $$, '22004', NULL, 'no symbols');
SELECT throws_ok($$ SELECT set_contracts('{BTC-PERPETUAL,NULL}', 'deribit') $$, '22004', NULL, 'a NULL symbol');
SELECT throws_ok($$ SELECT set_contracts('{ETH-PERPETUAL,BTC-31FEB26}', 'deribit') $$, '22023', NULL, 'a bad symbol');
SELECT is((SELECT count(*) FROM contract_terms WHERE instrument = 'ETH-PERPETUAL'), 0::bigint, 'stores none of them');
SELECT matches(pg_temp.refused($$ SELECT margin_calib.set_contract(margin_calib.parse_symbol('BTC-USDC-SWAP')) $$), '^22023 contract size and multiplier are positive and finite .*BTC-USDC-SWAP.*The venue says', 'a size is needed');
SELECT matches(pg_temp.refused(format($$ SELECT margin_calib.set_contract(jsonb_populate_record(margin_calib.parse_symbol(%L, 'deribit'), %L)) $$, s, j)), '^22023 ' || m, s || ' ' || j)
  FROM (VALUES ('BTC-PERPETUAL', '{"instrument": ""}', 'an instrument has a name'), ('BTC-PERPETUAL', '{"kind": "swap"}', 'the kind'), ('BTC-PERPETUAL', '{"kind": null}', 'the kind'),
               ('BTC-PERPETUAL', '{"payoff": "reverse"}', 'the payoff'), ('BTC-PERPETUAL', '{"payoff": null}', 'the payoff'), ('BTC_USDC', '{"payoff": "inverse"}', 'a spot pair is linear'),
               ('BTC-27JUN26-80000-C', '{"payoff": "quanto"}', 'a spot pair is linear, and an option'), ('BTC-PERPETUAL', '{"underlying": null}', 'a contract has an underlying'),
               ('BTC-PERPETUAL', '{"quote_currency": ""}', 'a contract has an underlying'), ('BTC-PERPETUAL', '{"settlement_asset": "USDC"}', 'an inverse contract is settled'),
               ('BTC-PERPETUAL', '{"expiry": "2026-06-27"}', 'futures and options have'), ('BTC-27JUN26', '{"expiry": null}', 'futures and options have'),
               ('BTC-27JUN26', '{"expiry": "infinity"}', 'futures and options have'), ('BTC-27JUN26', '{"strike": 5}', 'an option is a call or a put'),
               ('BTC-27JUN26', '{"option_kind": "call"}', 'an option is a call or a put'), ('BTC-27JUN26-80000-C', '{"option_kind": "c"}', 'an option is a call or a put'),
               ('BTC-27JUN26-80000-C', '{"option_kind": null}', 'an option is a call or a put'), ('BTC-27JUN26-80000-C', '{"strike": null}', 'an option is a call or a put'),
               ('BTC-27JUN26-80000-C', '{"strike": 0}', 'an option is a call or a put'), ('BTC-27JUN26-80000-C', '{"strike": -1}', 'an option is a call or a put'),
               ('BTC-27JUN26-80000-C', '{"strike": "NaN"}', 'an option is a call or a put'), ('BTC-27JUN26-80000-C', '{"strike": "Infinity"}', 'an option is a call or a put'),
               ('BTC-27JUN26-80000-C', '{"premium": "currency"}', 'the premium of an inverse option'), ('BTC-27JUN26-80000-C', '{"premium": null}', 'the premium of an inverse option'),
               ('BTC-PERPETUAL', '{"premium": "coin"}', 'the premium of an inverse option'), ('BTC-PERPETUAL', '{"contract_size": 0}', 'contract size and multiplier'),
               ('BTC-PERPETUAL', '{"contract_size": "NaN"}', 'contract size and multiplier'), ('BTC-PERPETUAL', '{"multiplier": -1}', 'contract size and multiplier'),
               ('BTC-PERPETUAL', '{"multiplier": null}', 'contract size and multiplier'), ('BTC-27JUN26', '{"settlement_window": "-1 s"}', 'a settlement window'),
               ('BTC-PERPETUAL', '{"settlement_window": "1 h"}', 'a settlement window'), ('BTC-PERPETUAL', '{"funding_interval": "0"}', 'a funding interval'),
               ('BTC-27JUN26', '{"funding_interval": "8 h"}', 'a funding interval')) AS k (s, j, m);
SELECT throws_ok(format('UPDATE contract_terms SET %s WHERE kind = ''option''', s), '23514', NULL, 'the table refuses ' || s)
  FROM unnest(ARRAY['kind = ''x''', 'payoff = ''x''', 'option_kind = ''x''', 'strike = 0', 'strike = ''NaN''', 'contract_size = 0', 'contract_size = ''NaN''', 'multiplier = ''Infinity''', 'premium = ''x''']) AS s;

-- ---- rights: what computes is everyone's, what is stored is not ----
SELECT set_eq($$ SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = 'margin_calib'::regnamespace AND p.proname ~ 'contract|symbol'
                    AND NOT has_function_privilege('public', p.oid, 'EXECUTE') $$,
    $$ VALUES ('store_contract(contract,text)'), ('set_contract(contract,text)'), ('set_contracts(text[],text,text)'), ('drop_contract(text,text)'), ('contract_of(text)'), ('instrument_contract(instrument)'), ('asset_contract(text,text)') $$, 'not everyone''s');
GRANT EXECUTE ON FUNCTION set_contract(contract, text), set_contracts(text[], text, text), drop_contract(text, text), contract_of(text) TO mc_contract_analyst;
GRANT SELECT ON contract_terms TO mc_contract_analyst;
SET LOCAL ROLE mc_contract_reader;
SELECT is(contract_pnl(parse_symbol('BTC-PERPETUAL'), 10000, 12500, 1000), 0.2::float8, 'anyone computes');
SELECT throws_ok($$ SELECT parse_symbol('X-Y-Z') $$, '22023', NULL, 'and is refused a symbol by its own error');
SELECT throws_ok($$ SELECT parse_symbol('BTCUSDT') $$, '22023', NULL, 'or is asked for the venue');
SELECT throws_ok($$ SELECT set_contract(parse_symbol('BTC-PERPETUAL')) $$, '42501', NULL, 'but stores nothing');
SELECT throws_ok($$ SELECT set_contracts('{BTC-PERPETUAL}') $$, '42501', NULL, 'nor many');
SELECT throws_ok($$ SELECT drop_contract('BTC-PERPETUAL') $$, '42501', NULL, 'drops nothing');
SELECT throws_ok($$ SELECT contract_of('BTC-PERPETUAL') $$, '42501', NULL, 'reads nothing');
SELECT throws_ok($$ SELECT * FROM contract_terms $$, '42501', NULL, 'nor the table');
SET LOCAL ROLE mc_contract_analyst;
SELECT lives_ok($$ SELECT set_contracts('{ETH-PERPETUAL}', reason => 'by an analyst'), drop_contract('BTC-27JUN26') $$, 'whom EXECUTE is granted stores and drops');
SELECT is((contract_of('ETH-PERPETUAL')).contract_size, 1::numeric, 'and reads');
SELECT throws_ok($$ UPDATE contract_terms SET strike = 1 $$, '42501', NULL, 'but does not write the table');
SELECT throws_ok($$ DELETE FROM contract_terms $$, '42501', NULL, 'nor empties it');
RESET ROLE;
SELECT is((SELECT role || ' ' || reason FROM audit WHERE object = 'ETH-PERPETUAL'), 'mc_contract_analyst by an analyst', 'the trail names the role');

SELECT * FROM finish();
ROLLBACK;
