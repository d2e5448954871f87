-- Haircuts, and what of an account's assets counts. doc/collateral.md has the formulas.

CREATE OR REPLACE FUNCTION margin_calib.collateral_holdings(accounts text[]) RETURNS SETOF margin_calib.engine_holding
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
BEGIN ATOMIC
    SELECT * FROM margin_calib.holdings_in('collateral', accounts);
END;
COMMENT ON FUNCTION margin_calib.collateral_holdings(text[]) IS
'Internal: net quantity of each account and asset (in the column instrument) over all collateral feeds, and how many rows are not usable; rows without an asset come under the empty name. Error 55000 when a collateral feed cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.asset_liquidity(instruments text[], market margin_calib.engine_market[], live boolean, as_of timestamptz)
    RETURNS TABLE (instrument text, spread numeric, average_daily_volume numeric, participation numeric, horizon numeric,
                   maximum_horizon numeric, data_through timestamptz, fresh_until timestamptz, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    figures margin_calib.instrument_liquidity[];
BEGIN
    IF market = '{}' THEN
        RETURN;
    ELSIF live THEN
        figures := ARRAY(SELECT l FROM margin_calib.liquidity_live(instruments, as_of) AS l);
    ELSE
        figures := ARRAY(SELECT l FROM margin_calib.instrument_liquidity AS l WHERE l.instrument = ANY (instruments));
    END IF;
    RETURN QUERY
        SELECT m.instrument, l.spread,
               -- in units of the asset: a contract of an inverse instrument is worth multiplier units of its currency
               l.average_daily_volume * m.multiplier / CASE m.kind WHEN 'inverse' THEN m.price ELSE 1 END,
               coalesce(o.participation, d.participation, 0.1), coalesce(o.horizon, d.horizon, 1),
               coalesce(o.maximum_horizon, d.maximum_horizon, 60),
               l.data_through, l.fresh_until, m.instrument || ': ' || l.stale_reason
          FROM unnest(market) AS m
          LEFT JOIN unnest(figures) AS l ON l.instrument = m.instrument
          LEFT JOIN margin_calib.liquidity_policy AS o ON o.instrument = m.instrument
          LEFT JOIN margin_calib.liquidity_policy AS d ON d.instrument IS NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.asset_liquidity(text[], margin_calib.engine_market[], boolean, timestamptz) IS
'Internal: spread, daily volume in units of the asset, and how a liquidation is thought of, of the instruments that price assets.';

CREATE OR REPLACE FUNCTION margin_calib.peg_states(assets text[], live boolean, as_of timestamptz) RETURNS margin_calib.peg_state[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF live THEN
        RETURN ARRAY(SELECT margin_calib.peg_found(p, as_of) FROM margin_calib.peg_stages AS p WHERE p.asset = ANY (assets));
    END IF;
    RETURN ARRAY(SELECT s FROM margin_calib.peg_state AS s WHERE s.asset = ANY (assets));
END
$function$;
COMMENT ON FUNCTION margin_calib.peg_states(text[], boolean, timestamptz) IS
'Internal: stages of the pegs of assets, live or as the latest refresh stored them.';

-- What the haircut of an asset is made of, whoever holds it. The currency itself has none: an account that owes in it loses
-- nothing by holding it.
CREATE OR REPLACE FUNCTION margin_calib.collateral_terms(assets text[], currency text, live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.engine_collateral
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    money  CONSTANT text := collateral_terms.currency;
    names  CONSTANT text[] := margin_calib.asset_instruments(assets, money);
    market CONSTANT margin_calib.engine_market[] := margin_calib.instrument_market(names, live, as_of);
    pegs   CONSTANT margin_calib.peg_state[] := margin_calib.peg_states(assets, live, as_of);
BEGIN
    RETURN QUERY
        WITH liquid AS MATERIALIZED (SELECT * FROM margin_calib.asset_liquidity(names, market, live, as_of))
        SELECT p.asset, money, p.price, least(p.data_through, l.data_through, m.data_through), least(p.fresh_until, l.fresh_until, m.fresh_until),
               nullif(concat_ws('; ', p.stale_reason, l.reason, m.reason, s.stale_reason), ''),
               CASE WHEN p.price IS NULL THEN p.stale_reason
                    WHEN o.is_own THEN NULL
                    WHEN p.first_rate IS NULL THEN p.first_instrument || ': it has no calibrated rate'
                    WHEN p.second_rate IS NULL THEN p.second_instrument || ': it has no calibrated rate'
                    WHEN a.credit_quality IS NOT NULL AND q.step IS NULL THEN
                        format('credit quality step %s is not set: write margin_calib.set_credit_quality(%1$s, 0.1)', a.credit_quality)
                    WHEN t.asset IS NOT NULL AND s.stage IS NULL THEN
                        coalesce(s.stale_reason, format('the peg of %s: no refresh has looked at it yet', p.asset)) END,
               CASE WHEN p.is_priced THEN p.first_rate END, CASE WHEN p.is_priced THEN p.second_rate END,
               coalesce(l.spread, 0) + coalesce(m.spread, 0), l.average_daily_volume,
               coalesce(l.participation, 0.1), coalesce(l.horizon, 1), coalesce(l.maximum_horizon, 60),
               CASE WHEN o.is_own THEN 0 ELSE coalesce(a.minimum_haircut, 0) END,
               CASE WHEN o.is_own THEN 0 ELSE coalesce(q.minimum_haircut, 0) END,
               CASE WHEN NOT o.is_own AND t.asset IS NOT NULL THEN s.stage END,
               CASE WHEN o.is_own THEN 0 ELSE coalesce(s.haircut, 0) END,
               CASE WHEN o.is_own THEN 0 ELSE 1 - coalesce(a.maximum_weight, 1) END,
               CASE WHEN NOT o.is_own THEN a.limit_amount END, CASE WHEN NOT o.is_own THEN a.limit_share END,
               CASE WHEN o.is_own THEN 0 ELSE coalesce(a.excess_haircut, 1) END, coalesce(a.haircut_step, 0.005), coalesce(a.priority, 100)
          FROM margin_calib.asset_quotes(assets, money, market) AS p
         CROSS JOIN LATERAL (SELECT p.asset = money) AS o (is_own)
          LEFT JOIN liquid AS l ON l.instrument = p.first_instrument
          LEFT JOIN liquid AS m ON m.instrument = p.second_instrument
          LEFT JOIN margin_calib.asset AS a ON a.asset = p.asset
          LEFT JOIN margin_calib.credit_quality AS q ON q.step = a.credit_quality
          LEFT JOIN margin_calib.peg_stages AS t ON t.asset = p.asset AND NOT o.is_own
          LEFT JOIN unnest(pegs) AS s ON s.asset = t.asset;
END
$function$;
COMMENT ON FUNCTION margin_calib.collateral_terms(text[], text, boolean, timestamptz) IS
'Internal: prices and components of haircuts of assets in a currency, before the quantity and what else an account has.';

CREATE OR REPLACE FUNCTION margin_calib.haircut_of(terms margin_calib.engine_collateral, quantity numeric, wrong_way numeric)
    RETURNS SETOF margin_calib.engine_haircut
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50 ROWS 1
BEGIN ATOMIC
    SELECT CASE WHEN quantity < 0 THEN 0 WHEN (terms).missing IS NOT NULL THEN 1
                ELSE trim_scale(least(1, margin_calib.round_up(least(b.haircut + wrong_way, 1), (terms).haircut_step))) END,
           CASE WHEN quantity < 0 THEN 'debt' WHEN (terms).missing IS NOT NULL THEN 'no data'
                WHEN (terms).asset = (terms).currency THEN 'own currency' ELSE b.term END,
           c.horizon, c.spread, trim_scale(round(p.days, 6))
      FROM (SELECT margin_calib.liquidation_horizon(quantity, (terms).average_daily_volume, (terms).participation,
                                                    (terms).horizon, (terms).maximum_horizon) AS days OFFSET 0) AS p
     CROSS JOIN LATERAL (
           SELECT CASE WHEN p.days > (terms).horizon THEN sqrt(p.days * 1.000000000000000000000000 / (terms).horizon) ELSE 1 END AS factor OFFSET 0) AS s
     CROSS JOIN LATERAL (
           -- roots have no end: what is left of it far below a step is no reason for another step
           SELECT trim_scale(round(((terms).market_haircut + (terms).currency_haircut) * (s.factor - 1), 12)) AS horizon,
                  trim_scale(round((terms).spread / 2 * s.factor, 12)) AS spread OFFSET 0) AS c
      -- no rate, no row: then something is missing
      LEFT JOIN LATERAL (
           SELECT v.term, v.haircut
             FROM (VALUES (1, 'calibrated', (terms).market_haircut + (terms).currency_haircut + c.horizon + c.spread),
                          (2, 'minimum', (terms).minimum_haircut), (3, 'quality', (terms).quality_haircut),
                          (4, 'peg', (terms).peg_haircut), (5, 'weight', (terms).weight_haircut)) AS v (place, term, haircut)
            ORDER BY v.haircut DESC NULLS LAST, v.place LIMIT 1) AS b ON true;
END;
COMMENT ON FUNCTION margin_calib.haircut_of(margin_calib.engine_collateral, numeric, numeric) IS
'Internal: haircut of a quantity: the largest of the calibrated one (market + currency + horizon + spread) and the floors, plus wrong_way, rounded up to the step of the asset, at most 1. 0 for a debt, 1 when something is missing.';

CREATE OR REPLACE FUNCTION margin_calib.counted_amount(value numeric, excess numeric, haircut numeric, excess_haircut numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT coalesce((value - excess) * (1 - haircut) + excess * (1 - excess_haircut), 0);
END;
COMMENT ON FUNCTION margin_calib.counted_amount(numeric, numeric, numeric, numeric) IS
'Internal: what counts of the value of an asset, whose excess over its limit has a haircut of its own; 0 without a value.';

CREATE OR REPLACE FUNCTION margin_calib.collateral_in(
    held margin_calib.engine_holding[], currency text, holdings margin_calib.engine_holding[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_collateral
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    money     CONSTANT text := collateral_in.currency;
    terms     margin_calib.engine_collateral[];
    exposures margin_calib.engine_exposure[];
BEGIN
    IF held = '{}' THEN
        RETURN;
    END IF;
    terms := ARRAY(SELECT t FROM margin_calib.collateral_terms(ARRAY(SELECT DISTINCT h.instrument FROM unnest(held) AS h), money, live, as_of) AS t);
    exposures := ARRAY(SELECT e FROM margin_calib.wrong_way_exposures(held, money, holdings, live, as_of) AS e);
    RETURN QUERY
        SELECT h.account, money, h.instrument, v.quantity, t.price, v.value, c.haircut, t.market_haircut, t.currency_haircut, c.horizon_haircut,
               c.spread_haircut, t.minimum_haircut, t.quality_haircut, t.peg_haircut, t.weight_haircut, w.haircut, c.binding_term,
               x.excess, x.haircut,
               -- a debt is rounded up
               CASE WHEN v.quantity < 0 THEN - margin_calib.round_up(- v.value, s.step)
                    ELSE margin_calib.round_down(y.amount, s.step) END,
               t.priority, c.liquidation_horizon, t.data_through, t.fresh_until,
               nullif(concat_ws('; ', CASE WHEN h.unusable > 0 THEN format('unusable collateral rows of %s: %s', coalesce(nullif(h.instrument, ''), 'no asset'),
                                                                   h.unusable) END,
                                CASE WHEN v.quantity <> 0 THEN nullif(concat_ws('; ', nullif(t.missing, coalesce(t.stale_reason, '')), t.stale_reason), '') END,
                                e.reason), '')
          FROM unnest(held) AS h
          JOIN unnest(terms) AS t ON t.asset = h.instrument
          LEFT JOIN unnest(exposures) AS e ON e.account = h.account AND e.asset = h.instrument
          LEFT JOIN margin_calib.currency_setting AS r ON r.currency = money
         CROSS JOIN LATERAL (SELECT coalesce(r.amount_step, 0.01) AS step) AS s
         CROSS JOIN LATERAL (SELECT coalesce(h.quantity, 0) AS quantity, coalesce(h.quantity, 0) * t.price AS value OFFSET 0) AS v
         CROSS JOIN LATERAL (
               SELECT CASE WHEN e.account IS NULL OR h.quantity <= 0 OR money = h.instrument THEN 0
                           WHEN e.amount IS NULL THEN e.haircut
                           WHEN v.value > 0 THEN trim_scale(round(least(greatest(e.amount, 0) * 1.000000000000000000000000 / v.value, e.haircut), 12))
                           ELSE 0 END AS haircut OFFSET 0) AS w
         CROSS JOIN LATERAL margin_calib.haircut_of(t, v.quantity, w.haircut) AS c
         CROSS JOIN LATERAL (
               SELECT CASE WHEN v.value > 0 THEN coalesce(trim_scale(greatest(v.value - least(t.limit_amount, CASE WHEN t.limit_share IS NOT NULL THEN t.limit_share * (
                          SELECT sum(o.quantity * u.price) FROM unnest(held) AS o JOIN unnest(terms) AS u ON u.asset = o.instrument
                           WHERE o.account = h.account AND o.quantity > 0) END), 0)), 0) ELSE 0 END AS excess,
                      greatest(c.haircut, t.excess_haircut) AS haircut OFFSET 0) AS x
         CROSS JOIN LATERAL (
               SELECT margin_calib.counted_amount(v.value, x.excess, c.haircut, x.haircut) AS amount OFFSET 0) AS y
         ORDER BY h.account, h.instrument;
END
$function$;
COMMENT ON FUNCTION margin_calib.collateral_in(margin_calib.engine_holding[], text, margin_calib.engine_holding[], boolean, timestamptz) IS
'Internal: what assets that are held are worth in a currency and what of it counts; holdings: positions of the accounts, NULL: as the attached tables have them.';

CREATE OR REPLACE FUNCTION margin_calib.collateral_of(accounts text[], live boolean, as_of timestamptz, currency text DEFAULT NULL)
    RETURNS SETOF margin_calib.account_collateral
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_memoize = off
AS $function$
DECLARE
    held  CONSTANT margin_calib.engine_holding[] := ARRAY(
        SELECT h FROM margin_calib.collateral_holdings(accounts) AS h WHERE margin_calib.is_held(h));
    money record;
BEGIN
    FOR money IN SELECT c.currency, array_agg(h) AS held
                   FROM unnest(held) AS h
                   LEFT JOIN margin_calib.models_of(accounts) AS m ON m.account = h.account
                  CROSS JOIN LATERAL (SELECT coalesce(collateral_of.currency, m.currency)) AS c (currency)
                  GROUP BY c.currency ORDER BY c.currency LOOP
        RETURN QUERY SELECT * FROM margin_calib.collateral_in(money.held, money.currency, NULL, live, as_of);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.collateral_of(text[], boolean, timestamptz, text) IS
'What accounts hold in the attached collateral tables and what of it counts, a row for each account and asset: quantity, price, value, the haircut with its components, and the collateral value. live: with prices, rates and figures that a refresh would find at as_of, else those that the latest one stored. currency: in which it is valued; NULL: that in which refresh values the account. A debt (a negative quantity) counts in full; an asset without a price, a rate or a peg stage counts nothing, with the reason in stale_reason. No row for an account without balances. Error 55000 when a collateral feed cannot be read. Needs SELECT on the attached tables.';

REVOKE ALL ON FUNCTION
    margin_calib.counted_amount(numeric, numeric, numeric, numeric),
    margin_calib.collateral_holdings(text[]),
    margin_calib.asset_liquidity(text[], margin_calib.engine_market[], boolean, timestamptz),
    margin_calib.peg_states(text[], boolean, timestamptz), margin_calib.collateral_terms(text[], text, boolean, timestamptz),
    margin_calib.haircut_of(margin_calib.engine_collateral, numeric, numeric),
    margin_calib.collateral_in(margin_calib.engine_holding[], text, margin_calib.engine_holding[], boolean, timestamptz),
    margin_calib.collateral_of(text[], boolean, timestamptz, text) FROM PUBLIC;
