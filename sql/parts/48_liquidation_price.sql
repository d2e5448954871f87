-- At which prices an account is liquidated and bankrupt: equity and maintenance requirement followed along moves of one underlying, by full
-- revaluation, and along its worst scenario.

CREATE OR REPLACE FUNCTION margin_calib.moved_market(market margin_calib.contract_market, move double precision) RETURNS margin_calib.contract_market
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.contract_market((market).price * (1 + move), (market).vol, (market).rate, (market).spot * (1 + move),
                                        (market).settlement_price * CASE WHEN (market).settlement_moves THEN 1 + move ELSE 1 END,
                                        (market).settlement_moves, (market).average, (market).average_share, (market).confidence,
                                        (market).initial_haircut, (market).maintenance_haircut);
END;
COMMENT ON FUNCTION margin_calib.moved_market(margin_calib.contract_market, double precision) IS
'Internal: a market after a relative move of the price of its underlying.';

CREATE OR REPLACE FUNCTION margin_calib.single_scenario(price_shock double precision) RETURNS margin_calib.scenario_set
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW('move', 0, ARRAY[ROW(NULL, price_shock, 'relative', NULL, NULL, NULL, NULL, NULL, NULL)::margin_calib.scenario], NULL, NULL, NULL)::margin_calib.scenario_set;
END;
COMMENT ON FUNCTION margin_calib.single_scenario(double precision) IS
'Internal: a set of one relative move.';

-- Under rates the margin of a linear position follows its price, that of an inverse one does not.
CREATE OR REPLACE FUNCTION margin_calib.equity_on_moves(
    state margin_calib.account_state, held margin_calib.account_position[], inputs margin_calib.engine_risk[], scenarios margin_calib.scenario_set,
    charges double precision, collateral double precision, underlying text, moves double precision[])
    RETURNS TABLE (move double precision, equity double precision, maintenance double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
BEGIN
    RETURN QUERY
        SELECT m.move, state.equity::double precision + collateral * m.move + coalesce(g.pnl, 0),
               CASE WHEN scenarios.name IS NULL THEN state.maintenance_margin::double precision + coalesce(g.margin_change, 0)
                    ELSE coalesce((g.margin).maintenance_margin, 0) + charges END
          FROM unnest(moves) AS m (move)
          LEFT JOIN (
               SELECT n.move, margin_calib.portfolio_margin(
                                  p.quantity::double precision,
                                  CASE WHEN i.vector IS NULL THEN NULL
                                       WHEN (i.contract).underlying = equity_on_moves.underlying
                                       THEN margin_calib.scenario_pnl(i.contract, margin_calib.moved_market(i.market, n.move), i.as_of, scenarios)
                                       ELSE i.vector END, scenarios.method) AS margin,
                      sum(CASE WHEN (i.contract).underlying = equity_on_moves.underlying AND (scenarios.name IS NOT NULL OR (i.contract).kind <> 'option') THEN
                              p.quantity::double precision * (margin_calib.scenario_profits(margin_calib.scenario_pnl(
                                  i.contract, i.market, i.as_of, margin_calib.single_scenario(n.move))))[1] END ORDER BY p.instrument COLLATE "C") AS pnl,
                      sum(CASE WHEN (i.contract).underlying = equity_on_moves.underlying AND (i.contract).payoff <> 'inverse'
                               THEN p.maintenance_margin::double precision * n.move END ORDER BY p.instrument COLLATE "C") AS margin_change
                 FROM unnest(moves) AS n (move) CROSS JOIN unnest(held) AS p JOIN unnest(inputs) AS i ON i.instrument = p.instrument
                WHERE i.market IS DISTINCT FROM NULL
                GROUP BY n.move) AS g ON g.move = m.move;
END
$function$;
COMMENT ON FUNCTION margin_calib.equity_on_moves(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, double precision, double precision, text, double precision[]) IS
'Internal to liquidation_prices: equity and maintenance requirement of an account after relative moves of one underlying. charges: part of the requirement that does not move; collateral: what of its collateral value is in the underlying.';

-- The move nearest to 0 on one side where equity no longer covers the requirement (or, bankrupt, is negative): on a grid that is finer near 0, then
-- in rounds of eight parts.
CREATE OR REPLACE FUNCTION margin_calib.nearest_move(
    state margin_calib.account_state, held margin_calib.account_position[], inputs margin_calib.engine_risk[], scenarios margin_calib.scenario_set,
    charges double precision, collateral double precision, underlying text, side integer, bankrupt boolean) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    tried double precision[] := ARRAY(SELECT exp(side * 4 * (k / 40.0) ^ 2) - 1 FROM generate_series(0, 40) AS k ORDER BY k);
    safe  double precision;
    lost  double precision;
BEGIN
    FOR attempt IN 0 .. 9 LOOP
        SELECT min(abs(e.move)) INTO lost
          FROM margin_calib.equity_on_moves(state, held, inputs, scenarios, charges, collateral, underlying, tried) AS e
         WHERE e.equity < CASE WHEN bankrupt THEN 0 ELSE e.maintenance END;
        IF lost IS NULL OR lost = 0 THEN
            RETURN side * lost;
        END IF;
        SELECT max(abs(t.move)) INTO safe FROM unnest(tried) AS t (move) WHERE abs(t.move) < lost;
        tried := ARRAY(SELECT side * (safe + (lost - safe) * j / 8) FROM generate_series(0, 8) AS j ORDER BY j);
    END LOOP;
    RETURN side * lost;
END
$function$;
COMMENT ON FUNCTION margin_calib.nearest_move(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, double precision, double precision, text, integer, boolean) IS
'Internal to liquidation_prices: relative move of an underlying, down (side -1) or up (1), at which an account is liquidated or bankrupt, to 1e-8; 0 when it is already, NULL when it is not within a factor of 54.';

-- Profit along the worst scenario, all of whose shocks are scaled.
CREATE OR REPLACE FUNCTION margin_calib.scaled_scenario(scenarios margin_calib.scenario_set, number integer, scale double precision) RETURNS margin_calib.scenario_set
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT ROW((scenarios).name, (scenarios).version,
               ARRAY(SELECT ROW(s.label, s.price_shock * scale, s.price_unit, s.vol_shock * scale, s.vol_unit, NULL, NULL, NULL, NULL)::margin_calib.scenario
                       FROM unnest((scenarios).scenarios[number:number]) AS s),
               margin_calib.undiscounted((scenarios).law),
               (SELECT array_agg(ROW(f.factor, margin_calib.undiscounted(f.law), CASE WHEN f.price_shocks IS NOT NULL THEN ARRAY[f.price_shocks[number] * scale] END,
                                     CASE WHEN f.vol_shocks IS NOT NULL THEN ARRAY[f.vol_shocks[number] * scale] END, f.currency)::margin_calib.factor_law ORDER BY f.place)
                  FROM unnest((scenarios).factors) WITH ORDINALITY AS f (factor, law, price_shocks, vol_shocks, currency, place)), NULL)::margin_calib.scenario_set;
END;
COMMENT ON FUNCTION margin_calib.scaled_scenario(margin_calib.scenario_set, integer, double precision) IS
'Internal: one scenario of a set with all its shocks times a scale, as a set of its own, in full.';

CREATE OR REPLACE FUNCTION margin_calib.scenario_multiple(
    state margin_calib.account_state, held margin_calib.account_position[], inputs margin_calib.engine_risk[], scenarios margin_calib.scenario_set,
    worst integer, bankrupt boolean) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    needed CONSTANT double precision := state.equity - CASE WHEN bankrupt THEN 0 ELSE state.maintenance_margin END;
    tried  double precision[] := ARRAY(SELECT k / 8.0 FROM generate_series(0, 80) AS k ORDER BY k);
    safe   double precision;
    lost   double precision;
BEGIN
    IF needed < 0 THEN
        RETURN 0;
    END IF;
    FOR attempt IN 0 .. 9 LOOP
        SELECT min(l.scale) INTO lost
          FROM (SELECT t.scale, sum(p.quantity::double precision * (margin_calib.scenario_profits(margin_calib.scenario_pnl(i.contract, i.market, i.as_of, t.moved)))[1]
                                    ORDER BY p.instrument COLLATE "C") AS pnl
                  FROM (SELECT u.scale, margin_calib.scaled_scenario(scenarios, worst, u.scale) AS moved FROM unnest(tried) AS u (scale)) AS t
                 CROSS JOIN unnest(held) AS p JOIN unnest(inputs) AS i ON i.instrument = p.instrument
                 WHERE i.vector IS NOT NULL
                 GROUP BY t.scale) AS l
         WHERE needed + l.pnl < 0;
        IF lost IS NULL OR lost = 0 THEN
            RETURN lost;
        END IF;
        SELECT max(t.scale) INTO safe FROM unnest(tried) AS t (scale) WHERE t.scale < lost;
        tried := ARRAY(SELECT safe + (lost - safe) * j / 8 FROM generate_series(0, 8) AS j ORDER BY j);
    END LOOP;
    RETURN lost;
END
$function$;
COMMENT ON FUNCTION margin_calib.scenario_multiple(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, integer, boolean) IS
'Internal to liquidation_prices: how many times the worst scenario equity lasts until it is the present maintenance requirement, or 0; NULL beyond 10 times.';

CREATE OR REPLACE FUNCTION margin_calib.liquidation_prices(account text) RETURNS SETOF margin_calib.liquidation_price
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    state     CONSTANT margin_calib.account_state := (SELECT s FROM margin_calib.account_state AS s WHERE s.account = liquidation_prices.account);
    held      CONSTANT margin_calib.account_position[] := ARRAY(
        SELECT p FROM margin_calib.account_position AS p WHERE p.account = liquidation_prices.account AND p.instrument <> '' AND p.quantity <> 0 ORDER BY p.instrument);
    names     CONSTANT text[] := ARRAY(SELECT p.instrument FROM unnest(held) AS p);
    scenarios margin_calib.scenario_set;
    inputs    margin_calib.engine_risk[] := ARRAY(SELECT i FROM margin_calib.risk_inputs(names, state.currency, false, statement_timestamp()) AS i);
    present   margin_calib.portfolio_requirement;
    charges   double precision := 0;
    line      margin_calib.liquidation_price;
    i         margin_calib.engine_risk;
    moves     jsonb := '{}';
    coins     double precision;
BEGIN
    IF state.account IS NULL THEN
        RETURN;
    END IF;
    IF state.model <> 'rates' THEN
        scenarios := margin_calib.set_in_force(state.model, false, true);
        inputs := margin_calib.with_vectors(inputs, scenarios);
        SELECT r.* INTO present FROM margin_calib.portfolio_requirement AS r WHERE r.account = state.account;
        SELECT state.maintenance_margin::double precision - coalesce((margin_calib.portfolio_margin(p.quantity::double precision, n.vector, scenarios.method)).maintenance_margin, 0)
          INTO charges FROM unnest(held) AS p LEFT JOIN unnest(inputs) AS n ON n.instrument = p.instrument;
    END IF;
    line.account := state.account;
    line.currency := state.currency;
    line.stale_reason := margin_calib.staleness(state.stale_reason, state.fresh_until, false);
    line.is_stale := line.stale_reason IS NOT NULL;
    FOREACH i IN ARRAY inputs LOOP
        CONTINUE WHEN i.market IS NOT DISTINCT FROM NULL;
        line.underlying := (i.contract).underlying;
        IF NOT moves ? line.underlying THEN
            -- collateral in the coin moves with it
            coins := coalesce((SELECT sum(c.collateral_value)::double precision FROM margin_calib.account_collateral AS c
                                WHERE c.account = state.account AND c.asset = line.underlying AND c.asset <> state.currency), 0);
            moves := moves || jsonb_build_object(line.underlying, jsonb_build_array(
                margin_calib.nearest_move(state, held, inputs, scenarios, charges, coins, line.underlying, -1, false),
                margin_calib.nearest_move(state, held, inputs, scenarios, charges, coins, line.underlying, 1, false),
                margin_calib.nearest_move(state, held, inputs, scenarios, charges, coins, line.underlying, -1, true),
                margin_calib.nearest_move(state, held, inputs, scenarios, charges, coins, line.underlying, 1, true)));
        END IF;
        line.instrument := i.instrument;
        line.quantity := (SELECT p.quantity FROM unnest(held) AS p WHERE p.instrument = i.instrument);
        line.price := (i.market).price;
        line.lower_liquidation := line.price * (1 + (moves -> line.underlying ->> 0)::double precision);
        line.upper_liquidation := line.price * (1 + (moves -> line.underlying ->> 1)::double precision);
        line.lower_bankruptcy := line.price * (1 + (moves -> line.underlying ->> 2)::double precision);
        line.upper_bankruptcy := line.price * (1 + (moves -> line.underlying ->> 3)::double precision);
        RETURN NEXT line;
    END LOOP;
    IF present.worst_scenario IS NOT NULL THEN
        line := ROW(state.account, state.currency, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, present.worst_scenario,
                    margin_calib.scenario_multiple(state, held, inputs, scenarios, present.worst_scenario, false),
                    margin_calib.scenario_multiple(state, held, inputs, scenarios, present.worst_scenario, true), line.is_stale, line.stale_reason);
        RETURN NEXT line;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.liquidation_prices(text) IS
'At which prices of each of its positions an account is liquidated (equity below the maintenance requirement at that price) and bankrupt (equity below 0), when the underlying of the position moves, with all contracts and collateral on it, and nothing else does; prices and state are those of the latest refresh, positions and requirement are revalued at each price. Both directions: a short straddle has a price below and one above. Under a scenario set a last row without an instrument has how many times the worst scenario equity lasts. NULL prices: not within a factor of 54; the present price: it is so already. Of an option the price is the forward of its underlying. Under rates options do not count. No row for an account that is not known, none for NULL. doc/accounts.md.';

REVOKE ALL ON FUNCTION
    margin_calib.moved_market(margin_calib.contract_market, double precision), margin_calib.single_scenario(double precision),
    margin_calib.equity_on_moves(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, double precision, double precision, text, double precision[]),
    margin_calib.nearest_move(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, double precision, double precision, text, integer, boolean),
    margin_calib.scaled_scenario(margin_calib.scenario_set, integer, double precision),
    margin_calib.scenario_multiple(margin_calib.account_state, margin_calib.account_position[], margin_calib.engine_risk[], margin_calib.scenario_set, integer, boolean),
    margin_calib.liquidation_prices(text) FROM PUBLIC;
