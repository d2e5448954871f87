-- Collateral: from balances, prices and haircuts to what counts against a requirement.

-- An asset is priced by one instrument, or by two when the price of the first is in another asset: BTCUSDT, then USDT-USD.
CREATE OR REPLACE FUNCTION margin_calib.asset_legs(assets text[], currency text)
    RETURNS TABLE (asset text, is_priced boolean, first_instrument text, first_currency text, second_instrument text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 10
BEGIN ATOMIC
    SELECT a.asset, a.asset = asset_legs.currency OR f.currency = asset_legs.currency OR s.currency IS NOT NULL,
           f.price_instrument, f.currency, s.price_instrument
      FROM (SELECT DISTINCT k FROM unnest(assets) AS k WHERE k IS NOT NULL) AS a (asset)
      LEFT JOIN LATERAL (
           SELECT o.price_instrument, o.currency FROM margin_calib.asset AS o WHERE o.asset = a.asset
           UNION ALL
           SELECT i.instrument, i.currency FROM margin_calib.instrument AS i
            WHERE i.instrument = a.asset AND i.currency = asset_legs.currency
              AND NOT EXISTS (SELECT FROM margin_calib.asset AS o WHERE o.asset = a.asset)) AS f ON a.asset <> asset_legs.currency
      LEFT JOIN LATERAL (
           SELECT o.price_instrument, o.currency FROM margin_calib.asset AS o
            WHERE o.asset = f.currency AND o.currency = asset_legs.currency
           UNION ALL
           SELECT i.instrument, i.currency FROM margin_calib.instrument AS i
            WHERE i.instrument = f.currency AND i.currency = asset_legs.currency
              AND NOT EXISTS (SELECT FROM margin_calib.asset AS o WHERE o.asset = f.currency)) AS s ON f.currency <> asset_legs.currency;
END;
COMMENT ON FUNCTION margin_calib.asset_legs(text[], text) IS
'Internal to asset_prices: the instruments whose prices make the price of each asset in a currency, NULL for a factor of 1; is_priced is not true when no chain of at most two ends in it.';

CREATE OR REPLACE FUNCTION margin_calib.asset_prices(assets text[], currency text, live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.asset_price
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    names  text[];
    market margin_calib.asset_price[];
BEGIN
    IF asset_prices.currency IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the currency of a price is NULL',
            HINT = 'Write margin_calib.asset_prices(''{BTC,USDT}'', ''USD'', false, now()).';
    END IF;
    names := ARRAY(SELECT DISTINCT n FROM margin_calib.asset_legs(assets, asset_prices.currency) AS l
                    CROSS JOIN LATERAL unnest(ARRAY[l.first_instrument, l.second_instrument]) AS n WHERE n IS NOT NULL AND l.is_priced);
    IF live AND names <> '{}' THEN
        market := ARRAY(SELECT ROW(m.instrument, m.price, m.data_through, m.fresh_until, m.stale_reason)::margin_calib.asset_price
                          FROM margin_calib.market_live(names, as_of) AS m);
    ELSE
        market := ARRAY(SELECT ROW(i.instrument, i.last_price, i.data_through, i.fresh_until, i.stale_reason)::margin_calib.asset_price
                          FROM margin_calib.instrument AS i WHERE i.instrument = ANY (names));
    END IF;
    RETURN QUERY
        SELECT l.asset, CASE WHEN l.is_priced THEN f.price * s.price END, least(f.data_through, s.data_through),
               least(f.fresh_until, s.fresh_until),
               CASE WHEN l.is_priced THEN nullif(concat_ws('; ', f.reason, s.reason), '')
                    ELSE format('asset %s has no price%s: write margin_calib.set_asset(%L, ''instrument'', %L)', l.asset,
                                CASE WHEN l.first_currency IS NOT NULL
                                     THEN format(' in %s, since it is priced in %s, which has none', asset_prices.currency, l.first_currency)
                                     ELSE '' END,
                                coalesce(l.first_currency, l.asset), asset_prices.currency) END
          FROM margin_calib.asset_legs(assets, asset_prices.currency) AS l
         CROSS JOIN LATERAL margin_calib.asset_leg(l.first_instrument, market) AS f
         CROSS JOIN LATERAL margin_calib.asset_leg(l.second_instrument, market) AS s
         ORDER BY l.asset;
END
$function$;
COMMENT ON FUNCTION margin_calib.asset_prices(text[], text, boolean, timestamptz) IS
'Price of one unit of each asset in a currency, a row for each asset that is not NULL. The currency itself is 1. An asset of set_asset has the latest price of its instrument, or is worth 1 of its currency without one; is that currency another, it is chained once through the asset of that name. An asset that is not set has the price of the registered instrument of its name, if that is priced in the currency. live: prices that a refresh would find at as_of, else those that the latest one stored. No price: NULL with the reason. NULL currency: 22004. Needs SELECT on the attached tables when live.';

CREATE OR REPLACE FUNCTION margin_calib.asset_leg(
    instrument text, market margin_calib.asset_price[],
    OUT price numeric, OUT data_through timestamptz, OUT fresh_until timestamptz, OUT reason text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN asset_leg.instrument IS NULL THEN 1 ELSE m.price END, m.data_through, m.fresh_until,
           asset_leg.instrument || ': ' || CASE WHEN m.price IS NULL THEN coalesce(m.stale_reason, 'it has no usable price') ELSE m.stale_reason END
      FROM (SELECT) AS given LEFT JOIN unnest(market) AS m ON m.asset = asset_leg.instrument;
END;
COMMENT ON FUNCTION margin_calib.asset_leg(text, margin_calib.asset_price[]) IS
'Internal to asset_prices: price of one instrument, 1 for none, and what is wrong with it.';

REVOKE ALL ON FUNCTION
    margin_calib.asset_legs(text[], text), margin_calib.asset_prices(text[], text, boolean, timestamptz),
    margin_calib.asset_leg(text, margin_calib.asset_price[]) FROM PUBLIC;
