-- Collateral: from balances, prices and haircuts to what counts against a requirement. One way through these functions for
-- refresh and for what is computed live: they differ in where prices, rates and figures come from.

-- ---- prices ----

-- An asset is priced by one instrument, or by two when the price of the first is in another asset: BTCUSDT, then USDT-USD.
CREATE OR REPLACE FUNCTION margin_calib.asset_legs(assets text[], currency text)
    RETURNS TABLE (asset text, is_priced boolean, first_instrument text, first_currency text, second_instrument text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 10
BEGIN ATOMIC
    -- an asset that is set comes before an instrument of its name
    SELECT a.asset, a.asset = asset_legs.currency OR coalesce(o.currency, i.currency) = asset_legs.currency
                    OR CASE WHEN p.asset IS NOT NULL THEN p.currency = asset_legs.currency ELSE j.instrument IS NOT NULL END,
           CASE WHEN o.asset IS NOT NULL THEN o.price_instrument ELSE i.instrument END, coalesce(o.currency, i.currency),
           CASE WHEN p.asset IS NULL THEN j.instrument WHEN p.currency = asset_legs.currency THEN p.price_instrument END
      FROM (SELECT DISTINCT k FROM unnest(assets) AS k WHERE k IS NOT NULL) AS a (asset)
      LEFT JOIN margin_calib.asset AS o ON o.asset = a.asset AND a.asset <> asset_legs.currency
      LEFT JOIN margin_calib.instrument AS i
        ON i.instrument = a.asset AND i.currency = asset_legs.currency AND o.asset IS NULL AND a.asset <> asset_legs.currency
      LEFT JOIN margin_calib.asset AS p ON p.asset = o.currency AND o.currency <> asset_legs.currency
      LEFT JOIN margin_calib.instrument AS j
        ON j.instrument = o.currency AND j.currency = asset_legs.currency AND p.asset IS NULL AND o.currency <> asset_legs.currency;
END;
COMMENT ON FUNCTION margin_calib.asset_legs(text[], text) IS
'Internal: the instruments whose prices make the price of each asset in a currency, NULL for a factor of 1; is_priced is not true when no chain of at most two ends in it.';

CREATE OR REPLACE FUNCTION margin_calib.asset_instruments(assets text[], currency text) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF asset_instruments.currency = ALL (assets) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT DISTINCT n FROM margin_calib.asset_legs(assets, asset_instruments.currency) AS l
                  CROSS JOIN LATERAL unnest(ARRAY[l.first_instrument, l.second_instrument]) AS n WHERE n IS NOT NULL AND l.is_priced);
END
$function$;
COMMENT ON FUNCTION margin_calib.asset_instruments(text[], text) IS
'Internal: instruments behind the prices of assets in a currency.';

CREATE OR REPLACE FUNCTION margin_calib.instrument_market(instruments text[], live boolean, as_of timestamptz)
    RETURNS margin_calib.engine_market[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF instruments = '{}' THEN
        RETURN '{}';
    ELSIF live THEN
        RETURN ARRAY(SELECT m FROM margin_calib.market_live(instruments, as_of) AS m);
    END IF;
    RETURN ARRAY(SELECT ROW(m.*)::margin_calib.engine_market FROM margin_calib.market_stored AS m WHERE m.instrument = ANY (instruments));
END
$function$;
COMMENT ON FUNCTION margin_calib.instrument_market(text[], boolean, timestamptz) IS
'Internal: prices and rates of instruments, live or as the latest refresh stored them.';

-- A set of one row: only a set is inlined.
CREATE OR REPLACE FUNCTION margin_calib.asset_leg(instrument text, market margin_calib.engine_market[])
    RETURNS TABLE (price numeric, rate numeric, data_through timestamptz, fresh_until timestamptz, reason text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 1
BEGIN ATOMIC
    SELECT CASE WHEN asset_leg.instrument IS NULL THEN 1 ELSE m.price END,
           CASE WHEN asset_leg.instrument IS NULL THEN 0 ELSE m.long_initial_rate END, m.data_through, m.fresh_until,
           asset_leg.instrument || ': ' || CASE WHEN m.price IS NULL THEN coalesce(m.stale_reason, 'it has no usable price') ELSE m.stale_reason END
      FROM (SELECT) AS given LEFT JOIN unnest(market) AS m ON m.instrument = asset_leg.instrument;
END;
COMMENT ON FUNCTION margin_calib.asset_leg(text, margin_calib.engine_market[]) IS
'Internal: price and long initial rate of one instrument, 1 and 0 for none, and what is wrong with its price.';

CREATE OR REPLACE FUNCTION margin_calib.asset_quotes(assets text[], currency text, market margin_calib.engine_market[])
    RETURNS TABLE (asset text, price numeric, data_through timestamptz, fresh_until timestamptz, stale_reason text, is_priced boolean,
                   first_instrument text, first_rate numeric, second_instrument text, second_rate numeric)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 10
BEGIN ATOMIC
    SELECT l.asset, CASE WHEN l.is_priced THEN f.price * s.price END, least(f.data_through, s.data_through),
           least(f.fresh_until, s.fresh_until),
           CASE WHEN l.is_priced THEN nullif(concat_ws('; ', f.reason, s.reason), '')
                ELSE format('asset %s has no price%s: write margin_calib.set_asset(%L, ''instrument'', %L)', l.asset,
                            CASE WHEN l.first_currency IS NOT NULL
                                 THEN format(' in %s, since it is priced in %s, which has none', asset_quotes.currency, l.first_currency)
                                 ELSE '' END,
                            coalesce(l.first_currency, l.asset), asset_quotes.currency) END,
           l.is_priced, l.first_instrument, f.rate, l.second_instrument, s.rate
      FROM margin_calib.asset_legs(assets, asset_quotes.currency) AS l
     CROSS JOIN LATERAL margin_calib.asset_leg(l.first_instrument, market) AS f
     CROSS JOIN LATERAL margin_calib.asset_leg(l.second_instrument, market) AS s;
END;
COMMENT ON FUNCTION margin_calib.asset_quotes(text[], text, margin_calib.engine_market[]) IS
'Internal: prices of assets in a currency, given those of instruments, and the instruments with their rates.';

CREATE OR REPLACE FUNCTION margin_calib.asset_prices(assets text[], currency text, live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.asset_price
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF asset_prices.currency IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the currency of a price is NULL',
            HINT = 'Write margin_calib.asset_prices(''{BTC,USDT}'', ''USD'', false, now()).';
    END IF;
    -- what is asked for is mostly the currency alone
    IF currency = ALL (assets) THEN
        RETURN QUERY SELECT asset_prices.currency, 1::numeric, NULL::timestamptz, NULL::timestamptz, NULL::text WHERE cardinality(assets) > 0;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT q.asset, q.price, q.data_through, q.fresh_until, q.stale_reason
          FROM margin_calib.asset_quotes(assets, asset_prices.currency, margin_calib.instrument_market(
                   margin_calib.asset_instruments(assets, asset_prices.currency), live, as_of)) AS q ORDER BY q.asset;
END
$function$;
COMMENT ON FUNCTION margin_calib.asset_prices(text[], text, boolean, timestamptz) IS
'Price of one unit of each asset in a currency, a row for each asset that is not NULL. The currency itself is 1. An asset of set_asset has the latest price of its instrument, or is worth 1 of its currency without one; is that currency another, it is chained once through the asset of that name. An asset that is not set has the price of the registered instrument of its name, if that is priced in the currency. live: prices that a refresh would find at as_of, else those that the latest one stored. No price: NULL with the reason. NULL currency: 22004. Needs SELECT on the attached tables when live.';

-- ---- pegs ----

CREATE OR REPLACE FUNCTION margin_calib.peg_stage_at(price numeric, stages margin_calib.peg_stage[], OUT stage integer, OUT haircut numeric)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN price IS NOT NULL THEN coalesce(max(s.number), 0) END,
           CASE WHEN price IS NOT NULL THEN coalesce(max(s.haircut), 0) END
      FROM unnest(stages) WITH ORDINALITY AS s (below, haircut, number) WHERE peg_stage_at.price < s.below;
END;
COMMENT ON FUNCTION margin_calib.peg_stage_at(numeric, margin_calib.peg_stage[]) IS
'Internal: number and haircut of the stage that a price is in, 0 and 0 at or above every threshold; NULL gives NULL.';

-- The stage is one of the lowest price that was in force within the dwell time, the price in force at its begin included. So it
-- is a function of the prices alone: up at once, down after the dwell time, whenever and however often refresh runs. A price of
-- zero cannot be calibrated with and is quarantined, but nothing says more of a peg.
CREATE OR REPLACE FUNCTION margin_calib.peg_found(peg margin_calib.peg_stages, as_of timestamptz) RETURNS margin_calib.peg_state
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result   margin_calib.peg_state;
    source   text;
    feed     margin_calib.feed;
    key_type text;
    key      text;
    prices   text;
BEGIN
    SELECT a.price_instrument INTO source FROM margin_calib.asset AS a WHERE a.asset = peg.asset;
    SELECT f.* INTO feed FROM margin_calib.instrument AS i JOIN margin_calib.feed AS f ON f.id = i.price_feed
     WHERE i.instrument = source AND f.error IS NULL;
    IF feed.id IS NOT NULL THEN
        key_type := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
        key := (margin_calib.keys_that_fit(ARRAY[source], key_type))[1];
        -- from the latest row backwards: an index on instrument and ts ends the search after a few
        prices := format('SELECT x.ts, x.price FROM %s AS t CROSS JOIN LATERAL (SELECT %s AS ts, %s AS price) AS x '
                         'WHERE t.%I = %L::%s AND x.price >= 0 AND x.price < ''Infinity'' AND isfinite(x.ts) AND x.ts <= $1',
                         feed.relation, margin_calib.feed_ts_expression(feed.relation, feed.ts_column),
                         margin_calib.feed_number_expression(feed.relation, feed.price_column, 'numeric'),
                         feed.instrument_column, key, key_type);
        EXECUTE format($query$
            WITH latest AS (%1$s ORDER BY x.ts DESC LIMIT 1),
            carried AS (%1$s AND x.ts <= (SELECT l.ts FROM latest AS l) - $2 ORDER BY x.ts DESC LIMIT 1),
            observed AS (%1$s AND x.ts >= coalesce((SELECT c.ts FROM carried AS c), '-infinity'))
            SELECT min(o.price) FILTER (WHERE o.ts = l.ts), min(o.price), max(o.ts) FROM observed AS o CROSS JOIN latest AS l $query$, prices)
        INTO result.price, result.lowest_price, result.data_through USING margin_calib.future_limit(as_of), peg.dwell;
    END IF;
    IF result.price IS NULL THEN
        -- what was found stays in force
        SELECT s.* INTO result FROM margin_calib.peg_state AS s WHERE s.asset = peg.asset;
        result.stale_reason := format('the peg of %s: %s', peg.asset, CASE
            WHEN source IS NULL THEN 'it has no price instrument'
            WHEN feed.id IS NULL THEN format('no feed with prices of %s can be read', source)
            ELSE format('%s has no usable price', source) END);
    END IF;
    result.asset := peg.asset;
    SELECT s.stage, s.haircut INTO result.stage, result.haircut FROM margin_calib.peg_stage_at(result.lowest_price, peg.stages) AS s;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.peg_found(margin_calib.peg_stages, timestamptz) IS
'Internal: in which stage a peg is, from the attached prices up to as_of and a minute: the stage of the lowest price that was in force within the dwell time before the latest. Without a usable price the stored one, with the reason.';

-- ---- wrong way ----

CREATE OR REPLACE FUNCTION margin_calib.wrong_way_found(pair margin_calib.wrong_way, as_of timestamptz)
    RETURNS margin_calib.wrong_way_correlation
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    result   margin_calib.wrong_way_correlation;
    evidence margin_calib.correlation_evidence[];
    prices   text;
BEGIN
    result := ROW(pair.asset, pair.instrument, NULL, 0);
    prices := margin_calib.group_prices_query(
        ARRAY[coalesce((SELECT a.price_instrument FROM margin_calib.asset AS a WHERE a.asset = pair.asset), pair.asset), pair.instrument], as_of);
    IF prices IS NULL THEN
        RETURN result;
    END IF;
    BEGIN
        EXECUTE format('SELECT margin_calib.price_evidence(p.series, date_part(''epoch'', p.ts), p.price, 250, 0.95, 2) FROM (%s) AS p', prices)
        INTO evidence;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN result;
    END;
    result.observations := coalesce(evidence[1].observations, 0);
    IF result.observations >= 20 THEN
        result.correlation := margin_calib.significant(evidence[1].correlation);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.wrong_way_found(margin_calib.wrong_way, timestamptz) IS
'Internal: correlation of the latest 250 log returns of a wrong-way pair between the consecutive times at which both have a price; NULL below 20 of them.';

-- Every pair, those of set_asset included: an asset and contracts on it rise and fall together. key is an instrument or an
-- underlying of instruments.
CREATE OR REPLACE VIEW margin_calib.wrong_way_pair WITH (security_invoker = true) AS
SELECT a.asset, k.key, 'long' AS side, a.wrong_way_haircut AS haircut, NULL::numeric AS correlation
  FROM margin_calib.asset AS a
 CROSS JOIN LATERAL (SELECT a.asset UNION SELECT a.price_instrument) AS k (key)
 WHERE a.wrong_way_haircut > 0 AND k.key IS NOT NULL
UNION ALL
SELECT w.asset, w.instrument, w.side, w.haircut, w.correlation FROM margin_calib.wrong_way AS w;
COMMENT ON VIEW margin_calib.wrong_way_pair IS
'Internal: assets, and instruments or underlyings that lose together with them.';
REVOKE ALL ON margin_calib.wrong_way_pair FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.wrong_way_exposures(
    held margin_calib.engine_holding[], currency text, holdings margin_calib.engine_holding[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.engine_exposure
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    accounts  CONSTANT text[] := ARRAY(SELECT DISTINCT h.account FROM unnest(held) AS h JOIN margin_calib.wrong_way_pair AS w ON w.asset = h.instrument
                                        WHERE h.quantity > 0);
    broken    text;
    positions margin_calib.account_position[];
    found     margin_calib.wrong_way_correlation[];
    money     margin_calib.asset_price[];
BEGIN
    IF accounts = '{}' THEN
        RETURN;
    END IF;
    SELECT format('position feed %s cannot be read', f.relation_name) INTO broken FROM margin_calib.feed AS f
     WHERE f.kind = 'positions' AND f.error IS NOT NULL ORDER BY f.id LIMIT 1;
    IF broken IS NOT NULL THEN
        RETURN QUERY SELECT h.account, h.instrument, NULL::numeric, max(w.haircut), broken
                       FROM unnest(held) AS h JOIN margin_calib.wrong_way_pair AS w ON w.asset = h.instrument
                      WHERE h.quantity > 0 GROUP BY h.account, h.instrument;
        RETURN;
    END IF;
    positions := CASE WHEN holdings IS NULL THEN ARRAY(SELECT p FROM margin_calib.compute_positions(accounts, live, as_of) AS p)
                      ELSE ARRAY(SELECT p FROM margin_calib.positions_of(holdings, live, as_of) AS p) END;
    found := CASE WHEN live THEN ARRAY(SELECT margin_calib.wrong_way_found(w, as_of) FROM margin_calib.wrong_way AS w
                                        WHERE w.correlation IS NOT NULL AND w.asset IN (SELECT h.instrument FROM unnest(held) AS h))
                  ELSE ARRAY(SELECT c FROM margin_calib.wrong_way_correlation AS c) END;
    money := ARRAY(SELECT m FROM margin_calib.asset_prices(ARRAY(SELECT DISTINCT p.currency FROM unnest(positions) AS p),
                                                           wrong_way_exposures.currency, live, as_of) AS m);
    RETURN QUERY
        SELECT h.account, h.instrument,
               CASE WHEN count(*) = count(p.notional * m.price)
                    THEN sum(w.haircut * p.notional * m.price * CASE WHEN s.is_long = (w.side = 'long') THEN 1 ELSE -1 END) END,
               max(w.haircut),
               min(CASE WHEN p.notional IS NULL THEN coalesce(p.stale_reason, p.instrument || ': its exposure is not known') ELSE m.stale_reason END)
                   FILTER (WHERE p.notional * m.price IS NULL)
          FROM unnest(held) AS h
          JOIN unnest(positions) AS p ON p.account = h.account AND p.quantity <> 0
          LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument
          LEFT JOIN margin_calib.instrument AS i ON i.instrument = p.instrument
          LEFT JOIN unnest(money) AS m ON m.asset = p.currency
         CROSS JOIN LATERAL (
               SELECT (p.quantity > 0) = (coalesce(t.option_kind, lower(i.option_type), '') NOT IN ('put', 'p')) AS is_long) AS s
         CROSS JOIN LATERAL (
               -- one instrument counts once, with the largest of its pairs
               SELECT w.haircut, w.side FROM margin_calib.wrong_way_pair AS w
                 LEFT JOIN unnest(found) AS c ON c.asset = w.asset AND c.instrument = w.key
                WHERE w.asset = h.instrument AND (w.key = p.instrument OR w.key = coalesce(t.underlying, i.underlying))
                  -- what is not known counts as reached
                  AND (w.correlation IS NULL OR c.correlation IS NULL
                       OR c.correlation * CASE w.side WHEN 'long' THEN 1 ELSE -1 END >= w.correlation)
                ORDER BY w.haircut DESC, w.side LIMIT 1) AS w
         WHERE h.quantity > 0
         GROUP BY h.account, h.instrument;
END
$function$;
COMMENT ON FUNCTION margin_calib.wrong_way_exposures(margin_calib.engine_holding[], text, margin_calib.engine_holding[], boolean, timestamptz) IS
'Internal: for each account and asset with a wrong-way pair, the sum over the positions in the pairs'' instruments of haircut * notional in the currency, those of the other side taken off; a short put is long. NULL with the reason when an exposure is not known.';

REVOKE ALL ON FUNCTION
    margin_calib.asset_legs(text[], text), margin_calib.asset_instruments(text[], text),
    margin_calib.instrument_market(text[], boolean, timestamptz), margin_calib.asset_leg(text, margin_calib.engine_market[]),
    margin_calib.asset_quotes(text[], text, margin_calib.engine_market[]),
    margin_calib.asset_prices(text[], text, boolean, timestamptz), margin_calib.peg_stage_at(numeric, margin_calib.peg_stage[]),
    margin_calib.peg_found(margin_calib.peg_stages, timestamptz), margin_calib.wrong_way_found(margin_calib.wrong_way, timestamptz),
    margin_calib.wrong_way_exposures(margin_calib.engine_holding[], text, margin_calib.engine_holding[], boolean, timestamptz) FROM PUBLIC;
