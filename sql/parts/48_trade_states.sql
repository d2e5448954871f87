-- An account before and after trades in one pass over its positions, where stored vectors say all. Other accounts go through trial, which says the
-- same in more time.

-- Positions without their rates: enough where requirements come from vectors and nothing adds to them.
CREATE OR REPLACE FUNCTION margin_calib.bare_positions(held margin_calib.engine_holding[]) RETURNS SETOF margin_calib.account_position
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 100
BEGIN ATOMIC
    SELECT h.account, h.instrument, coalesce(i.currency, 'USD'), i.kind, coalesce(h.quantity, 0), i.multiplier, i.last_price, NULL::numeric, NULL::numeric, NULL::numeric,
           NULL::numeric, NULL::numeric, NULL::bigint, i.data_through, i.fresh_until,
           margin_calib.position_reason(h, i.instrument IS NOT NULL, i.last_price, i.stale_reason, NULL),
           NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
           NULL::numeric, NULL::numeric, h.unusable, h.entry_quantity, h.entry_value, h.entry_inverse
      FROM unnest(held) AS h LEFT JOIN margin_calib.instrument AS i ON i.instrument = h.instrument;
END;
COMMENT ON FUNCTION margin_calib.bare_positions(margin_calib.engine_holding[]) IS
'Internal to trade_doubts: net positions as positions_of makes them, without rates, margins and charges.';

CREATE OR REPLACE FUNCTION margin_calib.trade_sums(
    held margin_calib.engine_holding[], trades margin_calib.what_if_trade[], currency text, scenario_set text, set_version integer, method margin_calib.margin_method)
    RETURNS margin_calib.engine_trade_sums
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_trade_sums';
COMMENT ON FUNCTION margin_calib.trade_sums(margin_calib.engine_holding[], margin_calib.what_if_trade[], text, text, integer, margin_calib.margin_method) IS
'Internal to trade_states: an account before and after trades by its stored vectors, profits in all currencies apart; is_whole tells whether all of its instruments have one, NULL without an instrument.';

CREATE OR REPLACE FUNCTION margin_calib.trade_doubts(
    unusual margin_calib.engine_holding[], trades margin_calib.what_if_trade[], model margin_calib.engine_model, version integer,
    OUT fresh_until timestamptz, OUT reason text, OUT profit_reason text, OUT unmargined text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_seqscan = off SET enable_mergejoin = off SET enable_sort = off SET jit = off -- as in trial
AS $function$
BEGIN
    SELECT min(least(r.fresh_until, p.fresh_until)), margin_calib.first_reason(min(d.reason), count(d.reason)),
           min(margin_calib.profit_reason(p.instrument, p.entry_quantity, margin_calib.unrealised_pnl(p, t))), min(d.reason) FILTER (WHERE p.unusable > 0)
      INTO fresh_until, reason, profit_reason, unmargined
      FROM margin_calib.bare_positions(unusual) AS p
      LEFT JOIN (SELECT t.instrument, sum(t.quantity) AS quantity FROM unnest(trades) AS t GROUP BY t.instrument) AS c ON c.instrument = p.instrument
      -- by its key, whatever statistics say
      LEFT JOIN LATERAL (
           SELECT k.fresh_until, k.stale_reason FROM margin_calib.instrument_risk AS k
            WHERE k.scenario_set = model.scenario_set AND k.currency = model.currency AND k.instrument = p.instrument AND k.set_version = version OFFSET 0) AS r ON true
      LEFT JOIN margin_calib.contract_terms AS t ON t.instrument = p.instrument
     CROSS JOIN LATERAL (SELECT margin_calib.portfolio_reason(p, true, r.stale_reason, 1, NULL)) AS d (reason)
     WHERE margin_calib.is_held(ROW(p.account, p.instrument, coalesce(p.quantity + c.quantity, p.quantity), p.unusable, p.entry_quantity, p.entry_value, p.entry_inverse));
END
$function$;
COMMENT ON FUNCTION margin_calib.trade_doubts(margin_calib.engine_holding[], margin_calib.what_if_trade[], margin_calib.engine_model, integer) IS
'Internal to trade_states: until when the prices of those holdings are fresh which trades leave, and why their margin or profit may be wrong.';

-- ---- collateral ----

CREATE OR REPLACE FUNCTION margin_calib.stored_collateral(
    assets margin_calib.engine_holding[], model margin_calib.engine_model,
    OUT balances margin_calib.account_collateral[], OUT value numeric, OUT fresh_until timestamptz, OUT reason text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    is_same boolean;
BEGIN
    SELECT coalesce(array_agg(s), '{}'), sum(s.collateral_value), min(s.fresh_until), min(s.stale_reason),
           count(*) = cardinality(assets) AND coalesce(bool_and(s.currency = model.currency
               AND EXISTS (SELECT FROM unnest(assets) AS a WHERE a.instrument = s.asset AND a.quantity = s.quantity AND a.unusable = 0)
               AND NOT EXISTS (SELECT FROM margin_calib.wrong_way_pair AS w WHERE w.asset = s.asset)), true)
      INTO balances, value, fresh_until, reason, is_same
      FROM margin_calib.account_collateral AS s WHERE s.account = model.account;
    balances := CASE WHEN is_same THEN balances END;
END
$function$;
COMMENT ON FUNCTION margin_calib.stored_collateral(margin_calib.engine_holding[], margin_calib.engine_model) IS
'Internal: collateral of an account as the latest refresh stored it, when its assets are the same as then and positions do not matter to their haircuts; else balances are NULL.';

CREATE OR REPLACE FUNCTION margin_calib.trade_collateral(
    assets margin_calib.engine_holding[], holdings margin_calib.engine_holding[], model margin_calib.engine_model, live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_collateral
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    stored  CONSTANT margin_calib.account_collateral[] := CASE WHEN NOT live THEN (margin_calib.stored_collateral(assets, model)).balances END;
    balance margin_calib.account_collateral;
    side    text;
BEGIN
    IF stored IS NULL THEN
        RETURN QUERY
            SELECT c.* FROM margin_calib.collateral_in(
                ARRAY(SELECT ROW(s.name, a.instrument, a.quantity, a.unusable, NULL, NULL, NULL)::margin_calib.engine_holding
                        FROM unnest(assets) AS a CROSS JOIN (VALUES ('before'), ('after')) AS s (name)), model.currency, holdings, live, as_of) AS c;
        RETURN;
    END IF;
    FOREACH side IN ARRAY '{before,after}'::text[] LOOP
        FOREACH balance IN ARRAY stored LOOP
            balance.account := side;
            RETURN NEXT balance;
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.trade_collateral(margin_calib.engine_holding[], margin_calib.engine_holding[], margin_calib.engine_model, boolean, timestamptz) IS
'Internal: collateral of an account before and after trades, which are the names of the accounts, with these positions each.';

CREATE OR REPLACE FUNCTION margin_calib.collateral_sums(
    assets margin_calib.engine_holding[], held margin_calib.engine_holding[], trades margin_calib.what_if_trade[], model margin_calib.engine_model, as_of timestamptz,
    OUT before numeric, OUT after numeric, OUT fresh_until timestamptz, OUT reason text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    stored CONSTANT record := margin_calib.stored_collateral(assets, model);
BEGIN
    IF stored.balances IS NOT NULL THEN
        before := coalesce(stored.value, 0);
        after := before;
        fresh_until := stored.fresh_until;
        reason := stored.reason;
    ELSE
        SELECT coalesce(sum(c.collateral_value) FILTER (WHERE c.account = 'before'), 0), coalesce(sum(c.collateral_value) FILTER (WHERE c.account = 'after'), 0),
               min(c.fresh_until) FILTER (WHERE c.account = 'after'), min(c.stale_reason) FILTER (WHERE c.account = 'after')
          INTO before, after, fresh_until, reason
          FROM margin_calib.trade_collateral(
                   assets, margin_calib.traded_holdings('before', held, '{}') || margin_calib.traded_holdings('after', held, trades), model, false, as_of) AS c;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.collateral_sums(margin_calib.engine_holding[], margin_calib.engine_holding[], margin_calib.what_if_trade[], margin_calib.engine_model, timestamptz) IS
'Internal to trade_states: what counts of the collateral of an account before and after trades.';

-- ---- both ----

-- No row: stored vectors do not say all.
CREATE OR REPLACE FUNCTION margin_calib.trade_states(
    held margin_calib.engine_holding[], trades margin_calib.what_if_trade[], cash_before numeric, cash numeric, model margin_calib.engine_model,
    assets margin_calib.engine_holding[], as_of timestamptz) RETURNS SETOF margin_calib.engine_trial
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 2
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    step      CONSTANT numeric := margin_calib.amount_step_of(model.currency);
    scenarios margin_calib.scenario_set;
    sums      margin_calib.engine_trade_sums;
    doubts    record;
    prices    margin_calib.asset_price[];
    counts    record;
    profit_reason text;
    state     margin_calib.account_state;
    result    margin_calib.engine_trial;
BEGIN
    IF model.scenario_set IS NULL OR margin_calib.has_add_ons(false) THEN
        RETURN;
    END IF;
    scenarios := margin_calib.set_in_force(model.scenario_set, false, false);
    sums := margin_calib.trade_sums(held, trades, model.currency, scenarios.name, scenarios.version, scenarios.method);
    IF sums.is_whole IS NOT TRUE THEN
        RETURN;
    END IF;
    state.unrealised_pnl := 0;
    IF sums.profits IS NOT NULL THEN
        prices := ARRAY(SELECT x FROM margin_calib.asset_prices(
                            ARRAY(SELECT DISTINCT a FROM unnest(sums.profits) AS p CROSS JOIN LATERAL (VALUES (p.currency), (p.asset)) AS v (a)), model.currency, false, as_of) AS x);
        IF EXISTS (SELECT FROM unnest(prices) AS x WHERE x.price IS NULL) THEN
            RETURN;
        END IF;
        state.unrealised_pnl := coalesce((SELECT sum(p.pnl * x.price) FROM unnest(sums.profits) AS p JOIN unnest(prices) AS x ON x.asset = p.asset), 0);
    END IF;
    counts := margin_calib.collateral_sums(assets, held, trades, model, as_of);
    state.currency := model.currency;
    state.unrealised_pnl := margin_calib.floor_to(state.unrealised_pnl, step);
    state.fresh_until := least(sums.fresh_until, counts.fresh_until);
    IF sums.unusual IS NOT NULL THEN
        doubts := margin_calib.trade_doubts(sums.unusual, trades, model, scenarios.version);
        state.fresh_until := least(state.fresh_until, doubts.fresh_until);
        state.stale_reason := doubts.reason;
        profit_reason := doubts.profit_reason;
        result.unmargined := doubts.unmargined;
    END IF;
    state.stale_reason := coalesce(state.stale_reason, counts.reason, profit_reason);
    state.account := 'before';
    state.initial_margin := margin_calib.required_amount(sums.initial_before, step);
    state.equity := counts.before + margin_calib.floor_to(coalesce(cash_before, 0), step) + state.unrealised_pnl
                    + margin_calib.floor_to(margin_calib.significant(sums.value_before), step);
    result.state := state;
    RETURN NEXT result;
    state.account := 'after';
    state.initial_margin := margin_calib.required_amount(sums.initial_after, step);
    state.equity := counts.after + margin_calib.floor_to(coalesce(cash_before, 0) + coalesce(cash, 0), step) + state.unrealised_pnl
                    + margin_calib.floor_to(margin_calib.significant(sums.value_after), step);
    result.state := state;
    RETURN NEXT result;
END
$function$;
COMMENT ON FUNCTION margin_calib.trade_states(margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric, margin_calib.engine_model, margin_calib.engine_holding[], timestamptz) IS
'Internal to judge_trades: of the states of trade_trial those figures that tell whether an account may trade; no row when rates, charges or new vectors are needed for them.';

REVOKE ALL ON FUNCTION
    margin_calib.stored_collateral(margin_calib.engine_holding[], margin_calib.engine_model),
    margin_calib.trade_collateral(margin_calib.engine_holding[], margin_calib.engine_holding[], margin_calib.engine_model, boolean, timestamptz),
    margin_calib.collateral_sums(margin_calib.engine_holding[], margin_calib.engine_holding[], margin_calib.what_if_trade[], margin_calib.engine_model, timestamptz),
    margin_calib.bare_positions(margin_calib.engine_holding[]),
    margin_calib.trade_sums(margin_calib.engine_holding[], margin_calib.what_if_trade[], text, text, integer, margin_calib.margin_method),
    margin_calib.trade_doubts(margin_calib.engine_holding[], margin_calib.what_if_trade[], margin_calib.engine_model, integer),
    margin_calib.trade_states(margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric, margin_calib.engine_model, margin_calib.engine_holding[], timestamptz) FROM PUBLIC;
