-- Collateral in refresh: stages of pegs, haircuts and balances from what is computed to what is stored.

CREATE OR REPLACE FUNCTION margin_calib.has_collateral() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'collateral') OR EXISTS (SELECT FROM margin_calib.account_collateral);
END;
COMMENT ON FUNCTION margin_calib.has_collateral() IS
'Internal: whether there are balances to look after.';

CREATE OR REPLACE FUNCTION margin_calib.collateral_holders(instruments text[]) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 100
BEGIN ATOMIC
    SELECT DISTINCT c.account
      FROM margin_calib.account_collateral AS c
      LEFT JOIN margin_calib.asset AS a ON a.asset = c.asset
      LEFT JOIN margin_calib.asset AS q ON q.asset = a.currency
     WHERE coalesce(a.price_instrument, c.asset) = ANY (instruments) OR coalesce(q.price_instrument, a.currency) = ANY (instruments)
        -- exposures are in currencies, too
        OR EXISTS (SELECT FROM margin_calib.wrong_way_pair AS w
                     JOIN margin_calib.account_position AS p ON p.account = c.account
                     LEFT JOIN margin_calib.asset AS m ON m.asset = p.currency
                    WHERE w.asset = c.asset AND (w.key = ANY (instruments) OR coalesce(m.price_instrument, p.currency) = ANY (instruments)));
END;
COMMENT ON FUNCTION margin_calib.collateral_holders(text[]) IS
'Internal: accounts whose collateral depends on the price, the rate or the liquidity of one of these instruments.';

-- Few pairs of currencies move at a time, most often none: they are found first, in the instruments and models that there are.
CREATE OR REPLACE FUNCTION margin_calib.currency_holders(instruments text[]) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 100
BEGIN ATOMIC
    WITH home AS (
        SELECT m.currency FROM margin_calib.margin_model AS m WHERE instruments <> '{}' UNION SELECT 'USD' WHERE instruments <> '{}'),
    moved AS MATERIALIZED (
        SELECT h.currency AS home, l.asset
          FROM home AS h
         CROSS JOIN LATERAL (SELECT array_agg(DISTINCT i.currency) AS currencies FROM margin_calib.instrument AS i WHERE i.currency <> h.currency) AS f
         CROSS JOIN LATERAL margin_calib.asset_legs(f.currencies, h.currency) AS l
         WHERE l.first_instrument = ANY (instruments) OR l.second_instrument = ANY (instruments))
    SELECT DISTINCT s.account
      FROM moved AS m
      JOIN margin_calib.account_state AS s ON s.currency = m.home
     WHERE EXISTS (SELECT FROM margin_calib.account_position AS p WHERE p.account = s.account AND p.currency = m.asset);
END;
COMMENT ON FUNCTION margin_calib.currency_holders(text[]) IS
'Internal: accounts with positions in a currency whose price in that of the account depends on one of these instruments.';

-- ---- pegs and haircuts ----

CREATE OR REPLACE FUNCTION margin_calib.store_pegs(states margin_calib.peg_state[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    changed margin_calib.peg_stage_history;
BEGIN
    FOR changed IN
        INSERT INTO margin_calib.peg_stage_history (asset, previous_stage, stage, haircut, price, lowest_price, ts, recorded_at)
            SELECT f.asset, s.stage, f.stage, f.haircut, f.price, f.lowest_price, f.data_through, as_of
              FROM unnest(states) AS f LEFT JOIN margin_calib.peg_state AS s ON s.asset = f.asset
             WHERE f.stage IS DISTINCT FROM s.stage AND f.stage IS NOT NULL ORDER BY f.asset
        RETURNING * LOOP
        CONTINUE WHEN changed.stage = 0 AND changed.previous_stage IS NULL;
        PERFORM margin_calib.raise_alert('peg_stage', changed.asset, as_of, format(
            '%s: its peg %s stage %s (it was in %s), lowest price %s; haircut at least %s', changed.asset,
            CASE WHEN changed.stage > coalesce(changed.previous_stage, 0) THEN 'has fallen to' ELSE 'is back in' END,
            changed.stage, coalesce(changed.previous_stage, 0), changed.lowest_price, changed.haircut),
            -- numeric has a wider range than double precision
            least(changed.lowest_price, 1e300)::float8);
    END LOOP;
    INSERT INTO margin_calib.peg_state AS s SELECT f.* FROM unnest(states) AS f
        ON CONFLICT (asset) DO UPDATE SET (stage, haircut, price, lowest_price, data_through, stale_reason) = (
            SELECT f.stage, f.haircut, f.price, f.lowest_price, f.data_through, f.stale_reason FROM unnest(states) AS f WHERE f.asset = s.asset);
END
$function$;
COMMENT ON FUNCTION margin_calib.store_pegs(margin_calib.peg_state[], timestamptz) IS
'Internal to refresh_haircuts: stores the stages of pegs, and for each that has changed a row of history and an alert.';

CREATE OR REPLACE FUNCTION margin_calib.store_correlations(found margin_calib.wrong_way_correlation[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
BEGIN ATOMIC
    DELETE FROM margin_calib.wrong_way_correlation AS c USING unnest(found) AS f WHERE f.asset = c.asset AND f.instrument = c.instrument;
    INSERT INTO margin_calib.wrong_way_correlation SELECT f.* FROM unnest(found) AS f;
END;
COMMENT ON FUNCTION margin_calib.store_correlations(margin_calib.wrong_way_correlation[]) IS
'Internal to refresh_haircuts: stores correlations of wrong-way pairs.';

CREATE OR REPLACE FUNCTION margin_calib.haircuts_found(live boolean, as_of timestamptz) RETURNS SETOF margin_calib.asset_haircut
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    money record;
BEGIN
    FOR money IN SELECT a.currency, array_agg(a.asset ORDER BY a.asset) AS assets FROM margin_calib.asset AS a GROUP BY a.currency ORDER BY a.currency LOOP
        RETURN QUERY
            SELECT NULL::bigint, t.asset, t.currency, haircuts_found.as_of, NULL::timestamptz, h.haircut, h.binding_term, t.market_haircut,
                   t.currency_haircut, h.horizon_haircut, h.spread_haircut, t.minimum_haircut, t.quality_haircut, t.peg_haircut, t.weight_haircut,
                   t.peg_stage, t.price, haircuts_found.as_of, t.data_through, t.fresh_until,
                   nullif(concat_ws('; ', nullif(t.missing, coalesce(t.stale_reason, '')), t.stale_reason), '')
              FROM margin_calib.collateral_terms(money.assets, money.currency, live, haircuts_found.as_of) AS t
             CROSS JOIN LATERAL margin_calib.haircut_of(t, 0, 0) AS h;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.haircuts_found(boolean, timestamptz) IS
'Internal: haircuts of a small holding of every asset that is set, in the currency of its price.';

CREATE OR REPLACE FUNCTION margin_calib.store_haircuts(haircuts margin_calib.asset_haircut[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    -- a row ends when what is published changes; else what is behind it is brought up to date
    UPDATE margin_calib.asset_haircut AS h SET valid_to = greatest(store_haircuts.as_of, h.valid_from)
     WHERE h.valid_to IS NULL
       AND NOT EXISTS (SELECT FROM unnest(haircuts) AS f WHERE (f.asset, f.currency, f.haircut, f.binding_term) = (h.asset, h.currency, h.haircut, h.binding_term)
                                                       AND f.stale_reason IS NOT DISTINCT FROM h.stale_reason);
    UPDATE margin_calib.asset_haircut AS h
       SET (market_haircut, currency_haircut, horizon_haircut, spread_haircut, minimum_haircut, quality_haircut, peg_haircut, weight_haircut,
            peg_stage, price, as_of, data_through, fresh_until)
         = ROW(f.market_haircut, f.currency_haircut, f.horizon_haircut, f.spread_haircut, f.minimum_haircut, f.quality_haircut, f.peg_haircut,
               f.weight_haircut, f.peg_stage, f.price, f.as_of, f.data_through, f.fresh_until)
      FROM unnest(haircuts) AS f WHERE h.valid_to IS NULL AND f.asset = h.asset;
    INSERT INTO margin_calib.asset_haircut (asset, currency, valid_from, haircut, binding_term, market_haircut, currency_haircut, horizon_haircut,
            spread_haircut, minimum_haircut, quality_haircut, peg_haircut, weight_haircut, peg_stage, price, as_of, data_through, fresh_until, stale_reason)
        SELECT f.asset, f.currency, f.valid_from, f.haircut, f.binding_term, f.market_haircut, f.currency_haircut, f.horizon_haircut,
               f.spread_haircut, f.minimum_haircut, f.quality_haircut, f.peg_haircut, f.weight_haircut, f.peg_stage, f.price, f.as_of,
               f.data_through, f.fresh_until, f.stale_reason
          FROM unnest(haircuts) AS f
         WHERE NOT EXISTS (SELECT FROM margin_calib.asset_haircut AS h WHERE h.asset = f.asset AND h.valid_to IS NULL) ORDER BY f.asset;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_haircuts(margin_calib.asset_haircut[], timestamptz) IS
'Internal to refresh_haircuts: puts haircuts into force and ends those that they replace.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_haircuts(touched text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    pegs  margin_calib.peg_state[];
    pairs margin_calib.wrong_way_correlation[];
BEGIN
    pegs := ARRAY(
        SELECT margin_calib.peg_found(p, as_of) FROM margin_calib.peg_stages AS p
          LEFT JOIN margin_calib.asset AS a ON a.asset = p.asset
         WHERE a.price_instrument = ANY (touched) OR a.price_instrument IS NULL
            OR NOT EXISTS (SELECT FROM margin_calib.peg_state AS s WHERE s.asset = p.asset) ORDER BY p.asset);
    IF pegs <> '{}' THEN
        PERFORM margin_calib.store_pegs(pegs, as_of);
    END IF;
    pairs := ARRAY(
        SELECT margin_calib.wrong_way_found(w, as_of) FROM margin_calib.wrong_way AS w
          LEFT JOIN margin_calib.asset AS a ON a.asset = w.asset
         WHERE w.correlation IS NOT NULL
           AND (w.instrument = ANY (touched) OR coalesce(a.price_instrument, w.asset) = ANY (touched)
                OR NOT EXISTS (SELECT FROM margin_calib.wrong_way_correlation AS c WHERE c.asset = w.asset AND c.instrument = w.instrument)));
    IF pairs <> '{}' THEN
        PERFORM margin_calib.store_correlations(pairs);
    END IF;
    IF EXISTS (SELECT FROM margin_calib.asset) OR EXISTS (SELECT FROM margin_calib.asset_haircut AS h WHERE h.valid_to IS NULL) THEN
        PERFORM margin_calib.store_haircuts(ARRAY(SELECT h FROM margin_calib.haircuts_found(false, as_of) AS h), as_of);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_haircuts(text[], timestamptz) IS
'Internal to refresh: brings up to date the stages of pegs and the correlations that depend on these instruments, and all haircuts.';

-- ---- balances ----

CREATE OR REPLACE FUNCTION margin_calib.store_collateral(outdated tid[], changed margin_calib.account_collateral[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
BEGIN ATOMIC
    DELETE FROM margin_calib.account_collateral AS c WHERE c.ctid = ANY (outdated);
    INSERT INTO margin_calib.account_collateral SELECT * FROM unnest(changed);
END;
COMMENT ON FUNCTION margin_calib.store_collateral(tid[], margin_calib.account_collateral[]) IS
'Internal to refresh_collateral: replaces stored balances by those that changed.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_collateral(accounts text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    changed  margin_calib.account_collateral[];
    outdated tid[];
BEGIN
    -- with a feed that cannot be read sums would be wrong: stored ones stay, stale
    IF NOT margin_calib.has_collateral()
       OR EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'collateral' AND f.error IS NOT NULL) THEN
        RETURN;
    END IF;
    SELECT array_agg(n) FILTER (WHERE n.account IS NOT NULL), array_agg(c.at) FILTER (WHERE c.account IS NOT NULL)
      INTO changed, outdated
      FROM margin_calib.collateral_of(accounts, false, as_of) AS n
      FULL JOIN (SELECT o.ctid AS at, o.account, o.asset, o AS stored FROM margin_calib.account_collateral AS o
                  WHERE o.account = ANY (accounts)) AS c
        ON c.account = n.account AND c.asset = n.asset
     WHERE n IS DISTINCT FROM c.stored;
    PERFORM margin_calib.store_collateral(outdated, changed);
    PERFORM margin_calib.quarantine_accounts('collateral', accounts, ARRAY(
        SELECT c.account FROM margin_calib.account_collateral AS c WHERE c.account = ANY (accounts) AND c.stale_reason IS NOT NULL));
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_collateral(text[], timestamptz) IS
'Internal: recomputes the collateral of accounts, and quarantines their unusable rows.';

REVOKE ALL ON FUNCTION
    margin_calib.has_collateral(), margin_calib.collateral_holders(text[]), margin_calib.currency_holders(text[]), margin_calib.store_pegs(margin_calib.peg_state[], timestamptz),
    margin_calib.store_correlations(margin_calib.wrong_way_correlation[]), margin_calib.haircuts_found(boolean, timestamptz),
    margin_calib.store_haircuts(margin_calib.asset_haircut[], timestamptz), margin_calib.refresh_haircuts(text[], timestamptz),
    margin_calib.store_collateral(tid[], margin_calib.account_collateral[]), margin_calib.refresh_collateral(text[], timestamptz) FROM PUBLIC;
