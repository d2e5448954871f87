-- Equity and requirement of accounts, from positions, requirements and collateral. Refresh stores what these functions find, account_now
-- and what_if use them live.

CREATE OR REPLACE FUNCTION margin_calib.rates_requirements(positions margin_calib.account_position[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.requirement
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    credits margin_calib.account_offset[] := '{}';
BEGIN
    IF EXISTS (SELECT FROM margin_calib.product_group_member) THEN
        EXECUTE format('SELECT array_agg(ROW(c.*)::margin_calib.account_offset) FROM (%s) AS c', margin_calib.offset_query('unnest($3)', CASE WHEN live
                    THEN 'margin_calib.offset_live((SELECT array_agg(DISTINCT b.group_name) FROM book AS b), $2)' ELSE 'margin_calib.offset_stored' END))
           INTO credits USING ARRAY(SELECT DISTINCT p.account FROM unnest(positions) AS p), as_of, positions;
    END IF;
    RETURN QUERY SELECT * FROM margin_calib.requirements_at(positions, credits, as_of);
END
$function$;
COMMENT ON FUNCTION margin_calib.rates_requirements(margin_calib.account_position[], boolean, timestamptz) IS
'Internal: requirements by rates of the accounts of positions, less the credits of product groups as they are stored or as they are now.';

CREATE OR REPLACE FUNCTION margin_calib.unit_size("position" margin_calib.account_position, terms margin_calib.contract_terms) RETURNS numeric
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT coalesce((terms).contract_size * (terms).multiplier, ("position").multiplier);
END;
COMMENT ON FUNCTION margin_calib.unit_size(margin_calib.account_position, margin_calib.contract_terms) IS
'Internal: units of a contract, by its terms, else by its instrument.';

CREATE OR REPLACE FUNCTION margin_calib.entered_pnl(
    is_inverse boolean, size numeric, price numeric, entry_quantity numeric, entry_value numeric, entry_inverse numeric) RETURNS numeric
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 4
    AS 'MODULE_PATHNAME', 'mc_entered_pnl';
COMMENT ON FUNCTION margin_calib.entered_pnl(boolean, numeric, numeric, numeric, numeric, numeric) IS
'Internal to unrealised_pnl: linear: size * (quantity * price - sum of quantity * entry), inverse: size * (sum of quantity / entry * price - quantity), which is the profit in coins at the price.';

-- The profit of a future or perpetual since it was entered, in the currency of its instrument; of an option or a spot pair its value counts instead.
CREATE OR REPLACE FUNCTION margin_calib.unrealised_pnl("position" margin_calib.account_position, terms margin_calib.contract_terms) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- without a FROM, so that it is inlined
    SELECT CASE WHEN coalesce((terms).kind, ("position").kind) IN ('option', 'spot') THEN 0
                ELSE margin_calib.entered_pnl(
                         coalesce(coalesce((terms).payoff, ("position").kind) = 'inverse', false), margin_calib.unit_size("position", terms), ("position").price,
                         ("position").entry_quantity, ("position").entry_value, ("position").entry_inverse) END;
END;
COMMENT ON FUNCTION margin_calib.unrealised_pnl(margin_calib.account_position, margin_calib.contract_terms) IS
'Internal: unrealised profit of a position as entered_pnl computes it, 0 of an option or a spot pair; NULL without an entry or a present price.';

CREATE OR REPLACE FUNCTION margin_calib.profit_asset("position" margin_calib.account_position, terms margin_calib.contract_terms) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN (terms).payoff <> 'inverse' THEN (terms).settlement_asset ELSE ("position").currency END;
END;
COMMENT ON FUNCTION margin_calib.profit_asset(margin_calib.account_position, margin_calib.contract_terms) IS
'Internal: in what unrealised_pnl is: the settlement asset of the terms; without terms, and of an inverse contract, whose coins are counted at its price, the currency of the instrument.';

CREATE OR REPLACE FUNCTION margin_calib.profit_reason(instrument text, entry_quantity numeric, pnl numeric) RETURNS text
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN entry_quantity IS NOT NULL AND pnl IS NULL THEN instrument || ': its unrealised profit needs a price' END;
END;
COMMENT ON FUNCTION margin_calib.profit_reason(text, numeric, numeric) IS
'Internal: why the unrealised profit of a position is not known.';

CREATE OR REPLACE FUNCTION margin_calib.position_assets(positions margin_calib.account_position[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(SELECT DISTINCT a.asset
                   FROM unnest(positions) AS p LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument
                  CROSS JOIN LATERAL (VALUES (p.currency), (margin_calib.profit_asset(p, t))) AS a (asset));
END
$function$;
COMMENT ON FUNCTION margin_calib.position_assets(margin_calib.account_position[]) IS
'Internal: assets whose prices position_sums needs.';

CREATE OR REPLACE FUNCTION margin_calib.position_sums(positions margin_calib.account_position[], rates margin_calib.asset_price[])
    RETURNS TABLE (account text, unrealised numeric, spot_value numeric, notional numeric, reason text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 100
BEGIN ATOMIC
    SELECT p.account, sum(p.pnl * x.price), sum(p.spot * x.price), sum(p.notional * a.price),
           min(coalesce(margin_calib.profit_reason(p.instrument, p.entry_quantity, p.pnl),
                        CASE WHEN x.price IS NULL AND (p.pnl <> 0 OR p.spot <> 0) THEN x.stale_reason WHEN a.price IS NULL AND p.notional <> 0 THEN a.stale_reason END))
      FROM (SELECT p.account, p.currency, p.notional, margin_calib.profit_asset(p, t) AS asset, margin_calib.unrealised_pnl(p, t) AS pnl,
                   p.instrument, p.entry_quantity,
                   CASE WHEN coalesce(t.kind, p.kind) = 'spot' THEN p.quantity * margin_calib.unit_size(p, t) * p.price END AS spot
              FROM unnest(positions) AS p LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument OFFSET 0) AS p
      LEFT JOIN unnest(rates) AS a ON a.asset = p.currency
      LEFT JOIN unnest(rates) AS x ON x.asset = p.asset
     GROUP BY p.account;
END;
COMMENT ON FUNCTION margin_calib.position_sums(margin_calib.account_position[], margin_calib.asset_price[]) IS
'Internal: unrealised profit, value of spot positions and gross notional of accounts, in the currency that rates (of position_assets) lead to.';

CREATE OR REPLACE FUNCTION margin_calib.rates_sums(requirements margin_calib.requirement[], models margin_calib.engine_model[], live boolean, as_of timestamptz)
    RETURNS TABLE (account text, initial numeric, maintenance numeric, data_through timestamptz, fresh_until timestamptz, reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_nestloop = off SET jit = off
AS $function$
DECLARE
    used record;
BEGIN
    IF cardinality(requirements) = 0 THEN
        RETURN;
    END IF;
    FOR used IN
        SELECT m.currency, array_agg(r) AS requirements, array_agg(DISTINCT r.currency) AS currencies
          FROM unnest(models) AS m JOIN unnest(rates_sums.requirements) AS r ON r.account = m.account
         WHERE m.scenario_set IS NULL GROUP BY m.currency ORDER BY m.currency LOOP
        RETURN QUERY
            SELECT r.account, sum(r.initial_margin * a.price), sum(r.maintenance_margin * a.price), min(least(r.data_through, a.data_through)),
                   min(least(r.fresh_until, a.fresh_until)), min(coalesce(r.stale_reason, a.stale_reason))
              FROM unnest(used.requirements) AS r
              LEFT JOIN margin_calib.asset_prices(used.currencies, used.currency, live, rates_sums.as_of) AS a ON a.asset = r.currency
             GROUP BY r.account;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.rates_sums(margin_calib.requirement[], margin_calib.engine_model[], boolean, timestamptz) IS
'Internal: requirements by rates of accounts without a scenario set, all currencies brought into that of their model.';

CREATE OR REPLACE FUNCTION margin_calib.floor_to(amount numeric, step numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT round(amount - mod(amount, step) - CASE WHEN mod(amount, step) < 0 THEN step ELSE 0 END, scale(step));
END;
COMMENT ON FUNCTION margin_calib.floor_to(numeric, numeric) IS
'Internal: largest multiple of step that is not above an amount of either sign; exact. NULL gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.states_in(
    models margin_calib.engine_model[], positions margin_calib.account_position[], rates margin_calib.asset_price[], portfolios margin_calib.portfolio_requirement[],
    requirements margin_calib.requirement[], collateral margin_calib.account_collateral[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_state
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
BEGIN ATOMIC
    SELECT m.account, m.currency, coalesce(m.scenario_set, 'rates'), b.collateral, b.collateral_value, v.value, v.unrealised,
           b.collateral_value + v.value + v.unrealised, q.initial, q.maintenance, q.notional, states_in.as_of,
           least(p.data_through, r.data_through, c.data_through), least(p.fresh_until, r.fresh_until, c.fresh_until), n.reason IS NOT NULL, n.reason
      FROM unnest(models) AS m
      LEFT JOIN unnest(portfolios) AS p ON p.account = m.account
      LEFT JOIN margin_calib.position_sums(states_in.positions, rates) AS s ON s.account = m.account
      LEFT JOIN margin_calib.rates_sums(requirements, models, live, states_in.as_of) AS r ON r.account = m.account
      LEFT JOIN margin_calib.currency_setting AS y ON y.currency = m.currency
     CROSS JOIN LATERAL (SELECT coalesce(y.amount_step, 0.01) AS step) AS t
      LEFT JOIN (
           SELECT a.account, sum(a.value) AS collateral, sum(a.collateral_value) AS collateral_value, min(a.data_through) AS data_through,
                  min(a.fresh_until) AS fresh_until, min(a.stale_reason) AS reason
             FROM unnest(states_in.collateral) AS a GROUP BY a.account) AS c ON c.account = m.account
     CROSS JOIN LATERAL ( -- OFFSET 0: computed once
           SELECT coalesce(c.collateral, 0) AS collateral, coalesce(c.collateral_value, 0) AS collateral_value,
                  coalesce(CASE WHEN m.scenario_set IS NULL THEN s.spot_value ELSE margin_calib.significant(p.value) END, 0) AS value,
                  coalesce(s.unrealised, 0) AS unrealised OFFSET 0) AS b
     CROSS JOIN LATERAL (
           SELECT margin_calib.floor_to(b.value, t.step) AS value, margin_calib.floor_to(b.unrealised, t.step) AS unrealised OFFSET 0) AS v
     CROSS JOIN LATERAL (
           SELECT coalesce(p.initial_margin, margin_calib.round_up(r.initial, t.step), round(0, scale(t.step))) AS initial,
                  coalesce(p.maintenance_margin, margin_calib.round_up(r.maintenance, t.step), round(0, scale(t.step))) AS maintenance,
                  round(coalesce(margin_calib.significant(p.notional), s.notional, 0), scale(t.step)) AS notional) AS q
     CROSS JOIN LATERAL (SELECT coalesce(p.stale_reason, r.reason, c.reason, s.reason) AS reason) AS n
     WHERE c.account IS NOT NULL OR s.account IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.states_in(margin_calib.engine_model[], margin_calib.account_position[], margin_calib.asset_price[], margin_calib.portfolio_requirement[], margin_calib.requirement[], margin_calib.account_collateral[], boolean, timestamptz) IS
'Internal: equity and requirement of accounts whose models have one currency, to which rates lead; no row for one with neither positions nor collateral. equity = collateral after haircuts + value of options and spot positions + unrealised profit, each rounded down to the amount step.';

CREATE OR REPLACE FUNCTION margin_calib.account_states(
    models margin_calib.engine_model[], positions margin_calib.account_position[], portfolios margin_calib.portfolio_requirement[],
    requirements margin_calib.requirement[], collateral margin_calib.account_collateral[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_state
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    used record;
    mine margin_calib.account_position[];
BEGIN
    FOR used IN SELECT m.currency, array_agg(m) AS models FROM unnest(models) AS m GROUP BY m.currency ORDER BY m.currency LOOP
        mine := CASE WHEN cardinality(used.models) = cardinality(models) THEN positions
                     ELSE ARRAY(SELECT p FROM unnest(used.models) AS m JOIN unnest(positions) AS p ON p.account = m.account) END;
        RETURN QUERY
            SELECT s.* FROM margin_calib.states_in(
                used.models, mine, ARRAY(SELECT a FROM margin_calib.asset_prices(margin_calib.position_assets(mine), used.currency, live, as_of) AS a),
                portfolios, requirements, collateral, live, as_of) AS s;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.account_states(margin_calib.engine_model[], margin_calib.account_position[], margin_calib.portfolio_requirement[], margin_calib.requirement[], margin_calib.account_collateral[], boolean, timestamptz) IS
'Internal: equity and requirement of accounts, by states_in for each currency of their models.';

CREATE OR REPLACE FUNCTION margin_calib.store_states(accounts text[], portfolios margin_calib.portfolio_requirement[], states margin_calib.account_state[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    DELETE FROM margin_calib.portfolio_requirement AS r WHERE r.account = ANY (accounts);
    INSERT INTO margin_calib.portfolio_requirement SELECT * FROM unnest(portfolios) AS p ORDER BY p.account;
    INSERT INTO margin_calib.account_history
        SELECT n.* FROM unnest(states) AS n LEFT JOIN margin_calib.account_state AS s ON s.account = n.account
         WHERE (s.currency, s.model, s.collateral, s.collateral_value, s.position_value, s.unrealised_pnl, s.initial_margin, s.maintenance_margin, s.notional, s.stale_reason)
               IS DISTINCT FROM (n.currency, n.model, n.collateral, n.collateral_value, n.position_value, n.unrealised_pnl, n.initial_margin, n.maintenance_margin,
                                 n.notional, n.stale_reason)
         ORDER BY n.account;
    DELETE FROM margin_calib.account_state AS s WHERE s.account = ANY (accounts);
    INSERT INTO margin_calib.account_state SELECT * FROM unnest(states) AS n ORDER BY n.account;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_states(text[], margin_calib.portfolio_requirement[], margin_calib.account_state[]) IS
'Internal to refresh_states: replaces what is stored of accounts, and adds what changed to their history.';

CREATE OR REPLACE FUNCTION margin_calib.blind_states(reason text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    UPDATE margin_calib.portfolio_requirement AS r SET is_stale = true, stale_reason = reason;
    UPDATE margin_calib.account_state AS s SET is_stale = true, stale_reason = reason;
END;
COMMENT ON FUNCTION margin_calib.blind_states(text) IS
'Internal to feed_changed: every account is stale while a feed of positions or collateral cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_states(accounts text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    models     CONSTANT margin_calib.engine_model[] := ARRAY(SELECT m FROM margin_calib.models_of(accounts) AS m);
    positions  CONSTANT margin_calib.account_position[] := ARRAY(SELECT p FROM margin_calib.account_position AS p WHERE p.account = ANY (accounts));
    portfolios margin_calib.portfolio_requirement[];
BEGIN
    -- sums without a feed would be wrong: stored ones stay, stale
    IF EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind IN ('positions', 'collateral') AND f.error IS NOT NULL) THEN
        RETURN;
    END IF;
    PERFORM margin_calib.refresh_risk(accounts, as_of);
    portfolios := ARRAY(SELECT r FROM margin_calib.portfolio_requirements(positions, models, false, as_of) AS r);
    PERFORM margin_calib.store_states(accounts, portfolios, ARRAY(
        SELECT s FROM margin_calib.account_states(
            models, positions, portfolios, ARRAY(SELECT r FROM margin_calib.requirement AS r WHERE r.account = ANY (accounts)),
            ARRAY(SELECT c FROM margin_calib.account_collateral AS c WHERE c.account = ANY (accounts)), false, as_of) AS s));
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_states(text[], timestamptz) IS
'Internal to refresh: vectors, portfolio requirements and equity of accounts whose positions, requirements by rates and collateral are stored.';

REVOKE ALL ON FUNCTION
    margin_calib.rates_requirements(margin_calib.account_position[], boolean, timestamptz),
    margin_calib.unit_size(margin_calib.account_position, margin_calib.contract_terms), margin_calib.unrealised_pnl(margin_calib.account_position, margin_calib.contract_terms),
    margin_calib.profit_asset(margin_calib.account_position, margin_calib.contract_terms), margin_calib.profit_reason(text, numeric, numeric),
    margin_calib.position_assets(margin_calib.account_position[]),
    margin_calib.position_sums(margin_calib.account_position[], margin_calib.asset_price[]),
    margin_calib.rates_sums(margin_calib.requirement[], margin_calib.engine_model[], boolean, timestamptz),
    margin_calib.states_in(margin_calib.engine_model[], margin_calib.account_position[], margin_calib.asset_price[], margin_calib.portfolio_requirement[], margin_calib.requirement[], margin_calib.account_collateral[], boolean, timestamptz),
    margin_calib.account_states(margin_calib.engine_model[], margin_calib.account_position[], margin_calib.portfolio_requirement[], margin_calib.requirement[], margin_calib.account_collateral[], boolean, timestamptz),
    margin_calib.floor_to(numeric, numeric), margin_calib.store_states(text[], margin_calib.portfolio_requirement[], margin_calib.account_state[]),
    margin_calib.blind_states(text), margin_calib.refresh_states(text[], timestamptz) FROM PUBLIC;
