-- What is read of collateral: views, and in which order it is used.

CREATE OR REPLACE FUNCTION margin_calib.pending_collateral() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM margin_calib.capture_queue) THEN
        RETURN QUERY SELECT margin_calib.collateral_holders(ARRAY(SELECT i FROM margin_calib.pending_instruments() AS i));
        RETURN;
    ELSIF EXISTS (SELECT FROM margin_calib.capture_queue AS q JOIN margin_calib.feed AS f ON f.id = q.feed
                   WHERE q.everything AND f.kind = 'collateral') THEN
        RETURN QUERY SELECT DISTINCT c.account FROM margin_calib.account_collateral AS c;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT q.key FROM margin_calib.capture_queue AS q
         WHERE q.key IS NOT NULL
           AND (q.feed = -1 OR q.feed IN (SELECT f.id FROM margin_calib.feed AS f WHERE f.kind = 'collateral'))
        UNION
        SELECT margin_calib.collateral_holders(ARRAY(SELECT i FROM margin_calib.pending_instruments() AS i
                                                     UNION SELECT a FROM margin_calib.pending_add_ons() AS a))
        UNION -- what they are exposed to together with it
        SELECT q.key FROM margin_calib.capture_queue AS q JOIN margin_calib.feed AS f ON f.id = q.feed AND f.kind = 'positions'
         WHERE q.key IN (SELECT c.account FROM margin_calib.account_collateral AS c JOIN margin_calib.wrong_way_pair AS w ON w.asset = c.asset);
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_collateral() IS
'Accounts whose collateral waits for changes that refresh has not seen: of their balances, of prices, rates and liquidity, or of positions in a wrong-way pair.';

CREATE OR REPLACE VIEW margin_calib.margin_collateral WITH (security_invoker = true) AS
SELECT c.account, c.currency, c.asset, c.quantity, c.price, c.value, c.haircut, c.binding_term, c.collateral_value, c.priority,
       c.market_haircut, c.currency_haircut, c.horizon_haircut, c.spread_haircut, c.minimum_haircut, c.quality_haircut, c.peg_haircut,
       c.weight_haircut, c.wrong_way_haircut, c.excess_value, c.excess_haircut, c.liquidation_horizon, c.data_through,
       s.reason IS NOT NULL AS is_stale, s.reason AS stale_reason
  FROM margin_calib.account_collateral AS c
  LEFT JOIN (SELECT DISTINCT p.account FROM margin_calib.pending_collateral() AS p (account)) AS w ON w.account = c.account
 CROSS JOIN LATERAL (SELECT margin_calib.staleness(c.stale_reason, c.fresh_until, w.account IS NOT NULL)) AS s (reason);
COMMENT ON VIEW margin_calib.margin_collateral IS
'What accounts hold and what of it counts as collateral, as of the latest refresh. doc/collateral.md has the formulas.';

CREATE OR REPLACE VIEW margin_calib.collateral_haircut WITH (security_invoker = true) AS
SELECT h.asset, h.currency, h.haircut, h.binding_term, h.market_haircut, h.currency_haircut, h.horizon_haircut, h.spread_haircut,
       h.minimum_haircut, h.quality_haircut, h.peg_haircut, h.weight_haircut, h.peg_stage, h.price, h.valid_from AS in_force_since,
       h.as_of, h.data_through, s.reason IS NOT NULL AS is_stale, s.reason AS stale_reason
  FROM margin_calib.asset_haircut AS h
  LEFT JOIN margin_calib.asset AS a ON a.asset = h.asset
  LEFT JOIN (SELECT DISTINCT p.instrument FROM margin_calib.pending_instruments() AS p (instrument)) AS w ON w.instrument = a.price_instrument
 CROSS JOIN LATERAL (SELECT margin_calib.staleness(h.stale_reason, h.fresh_until, w.instrument IS NOT NULL OR (a.set_at <= h.as_of) IS NOT TRUE)) AS s (reason)
 WHERE h.valid_to IS NULL;
COMMENT ON VIEW margin_calib.collateral_haircut IS
'Haircuts in force of a small holding of each asset, in the currency of its price, with their components; margin_calib.asset_haircut has those before. A large holding, and one that the account is exposed to as well, has a larger haircut: margin_collateral.';

CREATE OR REPLACE VIEW margin_calib.peg_status WITH (security_invoker = true) AS
SELECT p.asset, a.price_instrument, a.currency, s.price, s.lowest_price, s.stage, s.haircut, p.stages[s.stage + 1].below AS next_below,
       h.ts AS since, h.previous_stage, p.dwell, cardinality(p.stages) AS stages, s.data_through, r.reason IS NOT NULL AS is_stale, r.reason AS stale_reason
  FROM margin_calib.peg_stages AS p
  LEFT JOIN margin_calib.asset AS a ON a.asset = p.asset
  LEFT JOIN margin_calib.peg_state AS s ON s.asset = p.asset
  LEFT JOIN margin_calib.instrument AS i ON i.instrument = a.price_instrument
  LEFT JOIN (SELECT DISTINCT n.instrument FROM margin_calib.pending_instruments() AS n (instrument)) AS w ON w.instrument = a.price_instrument
  LEFT JOIN LATERAL (SELECT c.ts, c.previous_stage FROM margin_calib.peg_stage_history AS c WHERE c.asset = p.asset ORDER BY c.id DESC LIMIT 1) AS h ON true
 CROSS JOIN LATERAL (
       SELECT margin_calib.staleness(CASE WHEN s.asset IS NULL THEN 'no refresh has looked at it yet' ELSE coalesce(s.stale_reason, i.stale_reason) END,
                                     i.fresh_until, w.instrument IS NOT NULL)) AS r (reason);
COMMENT ON VIEW margin_calib.peg_status IS
'In which stage each peg is, a row for each asset with stages.';

COMMENT ON COLUMN margin_calib.margin_collateral.account IS 'the account';
COMMENT ON COLUMN margin_calib.margin_collateral.currency IS 'currency of price, value and collateral value';
COMMENT ON COLUMN margin_calib.margin_collateral.asset IS 'the asset; empty for rows without one';
COMMENT ON COLUMN margin_calib.margin_collateral.quantity IS 'net quantity over all rows and feeds; negative is a debt';
COMMENT ON COLUMN margin_calib.margin_collateral.price IS 'price of one unit';
COMMENT ON COLUMN margin_calib.margin_collateral.value IS 'quantity * price; NULL without a price';
COMMENT ON COLUMN margin_calib.margin_collateral.haircut IS 'part of the value that does not count; 0 for a debt';
COMMENT ON COLUMN margin_calib.margin_collateral.binding_term IS 'which component made the haircut: calibrated, minimum, quality, peg, weight, own currency, debt or no data';
COMMENT ON COLUMN margin_calib.margin_collateral.collateral_value IS 'what counts: (value - excess_value) * (1 - haircut) + excess_value * (1 - excess_haircut), rounded down to the amount step of the currency; a debt counts in full. NULL: a debt without a price';
COMMENT ON COLUMN margin_calib.margin_collateral.priority IS 'collateral of a smaller one is used first';
COMMENT ON COLUMN margin_calib.margin_collateral.market_haircut IS 'calibrated loss on holding it over one horizon: long initial rate in force of its price instrument; 0 without one';
COMMENT ON COLUMN margin_calib.margin_collateral.currency_haircut IS 'the same of the instrument that chains its price to the currency; 0 when there is none';
COMMENT ON COLUMN margin_calib.margin_collateral.horizon_haircut IS '(market_haircut + currency_haircut) * (sqrt(L / h) - 1), L days to sell it and h the days of one horizon';
COMMENT ON COLUMN margin_calib.margin_collateral.spread_haircut IS 'cost of selling it: half the relative spreads * sqrt(L / h)';
COMMENT ON COLUMN margin_calib.margin_collateral.minimum_haircut IS 'floor that set_asset gave';
COMMENT ON COLUMN margin_calib.margin_collateral.quality_haircut IS 'floor of its credit quality step';
COMMENT ON COLUMN margin_calib.margin_collateral.peg_haircut IS 'floor of the stage in which its peg is';
COMMENT ON COLUMN margin_calib.margin_collateral.weight_haircut IS 'floor that leaves its maximum weight: 1 - maximum_weight';
COMMENT ON COLUMN margin_calib.margin_collateral.wrong_way_haircut IS 'added for what the account is exposed to together with the asset, in proportion to the exposure';
COMMENT ON COLUMN margin_calib.margin_collateral.excess_value IS 'value above the concentration limits';
COMMENT ON COLUMN margin_calib.margin_collateral.excess_haircut IS 'haircut of the excess, never below the haircut';
COMMENT ON COLUMN margin_calib.margin_collateral.liquidation_horizon IS 'days that selling it takes; NULL without a volume';
COMMENT ON COLUMN margin_calib.margin_collateral.data_through IS 'ts of the oldest price or figure behind it';
COMMENT ON COLUMN margin_calib.margin_collateral.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.margin_collateral.stale_reason IS 'why it may be out of date, or why nothing of it counts; NULL when all is right';

COMMENT ON COLUMN margin_calib.collateral_haircut.asset IS 'the asset';
COMMENT ON COLUMN margin_calib.collateral_haircut.currency IS 'currency of its price';
COMMENT ON COLUMN margin_calib.collateral_haircut.haircut IS 'part of the value that does not count, rounded up to the step of the asset';
COMMENT ON COLUMN margin_calib.collateral_haircut.binding_term IS 'which component made it: calibrated (market, currency, horizon and spread together), minimum, quality, peg, weight, own currency, or no data';
COMMENT ON COLUMN margin_calib.collateral_haircut.market_haircut IS 'calibrated loss on holding it over one horizon: long initial rate in force of its price instrument; 0 without one';
COMMENT ON COLUMN margin_calib.collateral_haircut.currency_haircut IS 'the same of the instrument that chains its price to the currency; 0 when there is none';
COMMENT ON COLUMN margin_calib.collateral_haircut.horizon_haircut IS '(market_haircut + currency_haircut) * (sqrt(L / h) - 1), L days to sell it and h the days of one horizon';
COMMENT ON COLUMN margin_calib.collateral_haircut.spread_haircut IS 'cost of selling it: half the relative spreads * sqrt(L / h)';
COMMENT ON COLUMN margin_calib.collateral_haircut.minimum_haircut IS 'floor that set_asset gave';
COMMENT ON COLUMN margin_calib.collateral_haircut.quality_haircut IS 'floor of its credit quality step';
COMMENT ON COLUMN margin_calib.collateral_haircut.peg_haircut IS 'floor of the stage in which its peg is';
COMMENT ON COLUMN margin_calib.collateral_haircut.weight_haircut IS 'floor that leaves its maximum weight: 1 - maximum_weight';
COMMENT ON COLUMN margin_calib.collateral_haircut.peg_stage IS 'stage of its peg; NULL without stages';
COMMENT ON COLUMN margin_calib.collateral_haircut.price IS 'price of one unit';
COMMENT ON COLUMN margin_calib.collateral_haircut.in_force_since IS 'refresh that put it into force';
COMMENT ON COLUMN margin_calib.collateral_haircut.as_of IS 'latest refresh that found it so';
COMMENT ON COLUMN margin_calib.collateral_haircut.data_through IS 'ts of the oldest price or figure behind it';
COMMENT ON COLUMN margin_calib.collateral_haircut.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.collateral_haircut.stale_reason IS 'why it may be out of date, or why nothing counts; NULL when all is right';

COMMENT ON COLUMN margin_calib.peg_status.asset IS 'the pegged asset';
COMMENT ON COLUMN margin_calib.peg_status.price_instrument IS 'instrument whose price tells what it is worth';
COMMENT ON COLUMN margin_calib.peg_status.currency IS 'currency to 1 of which it is pegged';
COMMENT ON COLUMN margin_calib.peg_status.price IS 'latest price of one unit; 0 counts';
COMMENT ON COLUMN margin_calib.peg_status.lowest_price IS 'lowest that was in force within the dwell time before the latest price';
COMMENT ON COLUMN margin_calib.peg_status.stage IS '0: the peg holds; else number of the stage';
COMMENT ON COLUMN margin_calib.peg_status.haircut IS 'floor of its haircut in the stage';
COMMENT ON COLUMN margin_calib.peg_status.next_below IS 'threshold of the next stage; NULL in the last';
COMMENT ON COLUMN margin_calib.peg_status.since IS 'ts of the price that brought it into this stage';
COMMENT ON COLUMN margin_calib.peg_status.previous_stage IS 'stage before; NULL: none';
COMMENT ON COLUMN margin_calib.peg_status.dwell IS 'how long the price must not have been below a threshold before the stage is left';
COMMENT ON COLUMN margin_calib.peg_status.stages IS 'number of stages';
COMMENT ON COLUMN margin_calib.peg_status.data_through IS 'ts of the latest price';
COMMENT ON COLUMN margin_calib.peg_status.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.peg_status.stale_reason IS 'why it may be out of date; NULL when it is not';

CREATE OR REPLACE FUNCTION margin_calib.collateral_use(account text, requirement numeric) RETURNS SETOF margin_calib.collateral_usage
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.checked_non_negative(requirement, 'a requirement');
    RETURN QUERY
        WITH held AS (
            SELECT c.asset, c.quantity, c.priority, c.haircut, c.collateral_value, c.price, c.value - c.excess_value AS within, c.excess_haircut,
                   row_number() OVER (ORDER BY c.quantity >= 0, c.priority, c.haircut, c.asset COLLATE "C")::integer AS place
              FROM margin_calib.account_collateral AS c WHERE c.account = collateral_use.account),
        -- debts come first and add to what is to be covered; one that has no price could be any amount
        debt AS (
            SELECT CASE WHEN count(*) = count(h.collateral_value) THEN collateral_use.requirement - coalesce(sum(h.collateral_value), 0) END AS owed
              FROM held AS h WHERE h.quantity < 0),
        used AS (
            SELECT h.*, CASE WHEN h.quantity < 0 THEN h.collateral_value
                             ELSE h.collateral_value - greatest(least(b.available - d.owed, h.collateral_value), 0) END AS used
              FROM held AS h CROSS JOIN debt AS d
             CROSS JOIN LATERAL (SELECT sum(o.collateral_value) AS available FROM held AS o WHERE o.quantity >= 0 AND o.place <= h.place) AS b)
        SELECT collateral_use.account, u.place, u.asset, u.priority, u.haircut, u.collateral_value, u.used,
               -- what lies within the limits first
               CASE WHEN u.quantity < 0 THEN u.quantity WHEN u.used = 0 THEN 0
                    WHEN u.used <= u.within * (1 - u.haircut) THEN u.used / ((1 - u.haircut) * u.price)
                    ELSE (u.within + (u.used - u.within * (1 - u.haircut)) / (1 - u.excess_haircut)) / u.price END,
               collateral_use.requirement - d.before - u.used
          FROM used AS u CROSS JOIN debt
         CROSS JOIN LATERAL (
               SELECT CASE WHEN debt.owed IS NOT NULL THEN coalesce(sum(o.used), 0) END AS before FROM used AS o WHERE o.place < u.place) AS d
        UNION ALL
        SELECT collateral_use.account, (count(u.place) + 1)::integer, NULL, NULL, NULL, coalesce(sum(u.collateral_value), 0), coalesce(sum(u.used), 0), NULL,
               CASE WHEN min(d.owed) IS NOT NULL THEN collateral_use.requirement - coalesce(sum(u.used), 0) END
          FROM debt AS d LEFT JOIN used AS u ON true
         ORDER BY 2;
END
$function$;
COMMENT ON FUNCTION margin_calib.collateral_use(text, numeric) IS
'Which collateral of an account covers a requirement in its currency, as of the latest refresh: debts first, which add to what is to be covered, then assets in the order of priority, haircut and name. A row for each asset, and one without an asset for the sum, whose column uncovered is the shortfall, also of an account without collateral; NULL when a debt has no price. NULL gives no row; a requirement below zero, NaN or infinite: error 22023.';

REVOKE ALL ON margin_calib.margin_collateral, margin_calib.collateral_haircut, margin_calib.peg_status FROM PUBLIC;
REVOKE ALL ON FUNCTION margin_calib.pending_collateral(), margin_calib.collateral_use(text, numeric) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.allocate_collateral(
    account text, demand margin_calib.collateral_demand[], terms margin_calib.collateral_term[] DEFAULT NULL)
    RETURNS SETOF margin_calib.collateral_allocation
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    supply   margin_calib.collateral_supply[];
    effective margin_calib.collateral_term[];
BEGIN
    supply := ARRAY(SELECT ROW(c.asset, c.value, coalesce(a.opportunity_cost, 0))::margin_calib.collateral_supply
                      FROM margin_calib.account_collateral AS c LEFT JOIN margin_calib.asset AS a ON a.asset = c.asset
                     WHERE c.account = allocate_collateral.account AND c.value > 0 ORDER BY c.priority, c.asset COLLATE "C");
    effective := ARRAY(
        SELECT ROW(w.requirement, w.asset, coalesce(w.haircut, 1 - round(c.collateral_value / c.value, 12), 1), w.limit_value,
                   w.limit_share)::margin_calib.collateral_term
          FROM (SELECT t.* FROM unnest(terms) AS t
                UNION ALL
                SELECT d.requirement, s.asset, NULL, NULL, NULL FROM unnest(demand) AS d CROSS JOIN unnest(supply) AS s WHERE terms IS NULL) AS w
          LEFT JOIN margin_calib.account_collateral AS c ON c.account = allocate_collateral.account AND c.asset = w.asset AND c.value > 0);
    RETURN QUERY SELECT * FROM margin_calib.allocate_collateral(supply, demand, effective);
END
$function$;
COMMENT ON FUNCTION margin_calib.allocate_collateral(text, margin_calib.collateral_demand[], margin_calib.collateral_term[]) IS
'allocate_collateral of what an account holds, as of the latest refresh, at the opportunity costs of set_asset. terms NULL: every requirement takes every asset; a haircut of NULL is what the account''s collateral value leaves of the value, limits and wrong-way exposure included. Debts are no collateral: give what they take as a requirement. Errors as of allocate_collateral; 42704 also for a term of an asset that the account does not have.';
REVOKE ALL ON FUNCTION margin_calib.allocate_collateral(text, margin_calib.collateral_demand[], margin_calib.collateral_term[]) FROM PUBLIC;
