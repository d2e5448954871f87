-- Before a trade: what an account would be with it, and whether its equity would still cover it.

CREATE OR REPLACE FUNCTION margin_calib.trial(
    held margin_calib.engine_holding[], models margin_calib.engine_model[], collateral margin_calib.account_collateral[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.engine_trial
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 2
    SET search_path = pg_catalog, margin_calib, pg_temp
    -- instruments by their keys, however many others there are; groups by hash
    SET enable_seqscan = off SET enable_mergejoin = off SET enable_sort = off SET jit = off
AS $function$
DECLARE
    model        CONSTANT margin_calib.engine_model := models[1];
    names        CONSTANT text[] := ARRAY(SELECT DISTINCT h.instrument FROM unnest(held) AS h);
    scenarios    margin_calib.scenario_set;
    risks        margin_calib.engine_risk[];
    positions    margin_calib.account_position[];
    rates        margin_calib.asset_price[];
    portfolios   margin_calib.portfolio_requirement[] := '{}';
    requirements margin_calib.requirement[] := '{}';
BEGIN
    IF model.scenario_set IS NOT NULL THEN
        scenarios := margin_calib.set_in_force(model.scenario_set, live, false);
        risks := margin_calib.risks_of(names, model.currency, scenarios, live, as_of);
    END IF;
    positions := ARRAY(SELECT p FROM margin_calib.positions_of(held, live, as_of) AS p);
    rates := ARRAY(SELECT a FROM margin_calib.asset_prices(margin_calib.position_assets(positions), model.currency, live, as_of) AS a);
    IF model.scenario_set IS NOT NULL THEN
        portfolios := ARRAY(SELECT r FROM margin_calib.portfolio_sums(positions, scenarios, model.currency, risks, rates, as_of) AS r);
    ELSE
        requirements := ARRAY(SELECT r FROM margin_calib.rates_requirements(positions, live, as_of) AS r);
    END IF;
    RETURN QUERY
        SELECT s, p, u.reason FROM margin_calib.states_in(models, positions, rates, portfolios, requirements, collateral, live, as_of) AS s
          LEFT JOIN unnest(portfolios) AS p ON p.account = s.account
          LEFT JOIN (SELECT h.account, min(coalesce(h.stale_reason, r.stale_reason, x.stale_reason, h.instrument || ': it has no margin')) AS reason
                       FROM unnest(positions) AS h LEFT JOIN unnest(risks) AS r ON r.instrument = h.instrument LEFT JOIN unnest(rates) AS x ON x.asset = h.currency
                      WHERE h.unusable > 0 OR h.quantity <> 0 AND r.vector IS NULL AND (h.initial_margin IS NULL OR x.price IS NULL)
                      GROUP BY h.account) AS u ON u.account = s.account;
END
$function$;
COMMENT ON FUNCTION margin_calib.trial(margin_calib.engine_holding[], margin_calib.engine_model[], margin_calib.account_collateral[], boolean, timestamptz) IS
'Internal to what_if and check_order: equity and requirement of accounts, which may be made up, with positions that need not be in a table. Models are of one scenario set and currency.';

-- Checks of one account take turns, from here to the end of the transaction; whoever waited then reads in a new statement what the one before has
-- committed, and a caller whose snapshot is older gets 40001.
CREATE OR REPLACE FUNCTION margin_calib.guard_account(account text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    INSERT INTO margin_calib.account_guard AS g (account, checks) VALUES (guard_account.account, 1)
    ON CONFLICT ON CONSTRAINT account_guard_pkey DO UPDATE SET checks = g.checks + 1;
END
$function$;
COMMENT ON FUNCTION margin_calib.guard_account(text) IS
'Internal to check_order and the trigger of enforce_margin: makes checks of one account take turns until the end of the transaction.';

-- What trades pay: the price of an option or spot pair, whose value then counts in equity, and the difference of the price of a trade to the present one.
CREATE OR REPLACE FUNCTION margin_calib.trade_cash(trade margin_calib.what_if_trade, terms margin_calib.contract, market margin_calib.contract_market, value double precision)
    RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- without a FROM, so that it is inlined
    SELECT coalesce((trade).quantity::double precision
                    * CASE WHEN (trade).price IS NULL THEN 0
                           WHEN (terms).kind = 'option'
                               THEN value - (trade).price::double precision * ((terms).contract_size * (terms).multiplier)::double precision * (market).settlement_price
                           WHEN (terms).payoff = 'inverse'
                               THEN ((terms).contract_size * (terms).multiplier)::double precision
                                    * (1 / (trade).price::double precision - 1 / (market).price) * (market).settlement_price
                           ELSE ((terms).contract_size * (terms).multiplier)::double precision
                                * ((market).price - (trade).price::double precision) * (market).settlement_price END, 0)
           - (trade).quantity::double precision * coalesce(value, 0) - coalesce((trade).fee::double precision, 0);
END;
COMMENT ON FUNCTION margin_calib.trade_cash(margin_calib.what_if_trade, margin_calib.contract, margin_calib.contract_market, double precision) IS
'Internal: what a trade adds to the balances of an account, value: of one contract in its equity.';

CREATE OR REPLACE FUNCTION margin_calib.trades_cash(trades margin_calib.what_if_trade[], model margin_calib.engine_model, live boolean, as_of timestamptz) RETURNS numeric
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_seqscan = off SET enable_mergejoin = off SET jit = off -- as in trial
AS $function$
DECLARE
    known    margin_calib.engine_risk[];
    absent   margin_calib.engine_risk;
    cash     double precision;
    is_whole boolean := false;
BEGIN
    IF NOT live AND model.scenario_set IS NOT NULL THEN
        SELECT sum(margin_calib.trade_cash(t, r.contract, r.market, r.value) ORDER BY t.instrument COLLATE "C", t.quantity), bool_and(r.value IS NOT NULL)
          INTO cash, is_whole
          FROM unnest(trades) AS t
          LEFT JOIN LATERAL (
               SELECT k.contract, k.market, (margin_calib.risk_terms(k.vector)).value FROM margin_calib.instrument_risk AS k
                WHERE k.scenario_set = model.scenario_set AND k.currency = model.currency AND k.instrument = t.instrument OFFSET 0) AS r ON true;
    END IF;
    IF is_whole THEN
        RETURN margin_calib.significant(cash);
    END IF;
    known := ARRAY(SELECT i FROM margin_calib.risk_inputs(ARRAY(SELECT DISTINCT t.instrument FROM unnest(trades) AS t), model.currency, live, as_of) AS i);
    IF model.scenario_set IS NOT NULL THEN
        known := margin_calib.with_vectors(known, margin_calib.set_in_force(model.scenario_set, live, true));
    END IF;
    SELECT k.* INTO absent FROM unnest(known) AS k
     WHERE k.market IS NOT DISTINCT FROM NULL OR k.vector IS NULL AND model.scenario_set IS NOT NULL ORDER BY k.instrument LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_instrument(absent.instrument, absent.contract IS NULL, absent.stale_reason);
    END IF;
    RETURN (SELECT margin_calib.significant(sum(margin_calib.trade_cash(t, k.contract, k.market, k.value) ORDER BY t.instrument COLLATE "C", t.quantity))
              FROM unnest(trades) AS t
              JOIN (SELECT k.instrument, k.contract, k.market,
                           CASE WHEN k.vector IS NOT NULL THEN (margin_calib.risk_terms(k.vector)).value
                                WHEN (k.contract).kind = 'spot' THEN ((k.contract).contract_size * (k.contract).multiplier)::double precision * (k.market).price * (k.market).settlement_price
                                ELSE 0 END AS value
                      FROM unnest(known) AS k OFFSET 0) AS k ON k.instrument = t.instrument);
END
$function$;
COMMENT ON FUNCTION margin_calib.trades_cash(margin_calib.what_if_trade[], margin_calib.engine_model, boolean, timestamptz) IS
'Internal: what trades add to the balances of an account. Errors: 42704 for an instrument that is not known, 55000 for one that has no price or vector.';

CREATE OR REPLACE FUNCTION margin_calib.is_trade(trade margin_calib.what_if_trade) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ((trade).instrument <> '' AND abs((trade).quantity) < 'Infinity' AND ((trade).price IS NULL OR (trade).price > 0 AND (trade).price < 'Infinity')
            AND ((trade).fee IS NULL OR abs((trade).fee) < 'Infinity')) IS TRUE;
END;
COMMENT ON FUNCTION margin_calib.is_trade(margin_calib.what_if_trade) IS
'Internal: has it an instrument, a finite quantity, and a price and a fee that make sense, if any?';

CREATE OR REPLACE FUNCTION margin_calib.check_trades(trades margin_calib.what_if_trade[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    t margin_calib.what_if_trade;
BEGIN
    FOREACH t IN ARRAY coalesce(trades, '{}') LOOP
        IF NOT margin_calib.is_trade(t) THEN
            RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a trade has an instrument and a finite quantity, and a price, if any, is positive',
                DETAIL = format('The trade given is %s.', to_jsonb(t)),
                HINT = 'Write [{"instrument": "BTC-PERP", "quantity": -2, "price": 90000}].';
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_trades(margin_calib.what_if_trade[]) IS
'Internal: error 22023 for a trade that is none.';

CREATE OR REPLACE FUNCTION margin_calib.traded_holdings(account text, held margin_calib.engine_holding[], trades margin_calib.what_if_trade[]) RETURNS margin_calib.engine_holding[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    names CONSTANT text[] := ARRAY(SELECT DISTINCT t.instrument FROM unnest(trades) AS t);
BEGIN
    -- what is not traded stays as it is; a position that is closed stays as long as it has a profit
    RETURN ARRAY(SELECT u FROM (
                     SELECT ROW(traded_holdings.account, h.instrument, h.quantity, h.unusable, h.entry_quantity, h.entry_value, h.entry_inverse)::margin_calib.engine_holding AS u
                       FROM unnest(held) AS h WHERE h.instrument <> ALL (names)
                     UNION ALL
                     SELECT ROW(traded_holdings.account, u.instrument, sum(u.quantity), coalesce(sum(u.unusable), 0)::bigint, sum(u.entry_quantity), sum(u.entry_value),
                                sum(u.entry_inverse))::margin_calib.engine_holding
                       FROM (SELECT h.instrument, h.quantity, h.unusable, h.entry_quantity, h.entry_value, h.entry_inverse FROM unnest(held) AS h
                              WHERE h.instrument = ANY (names)
                             UNION ALL SELECT t.instrument, t.quantity, 0, NULL, NULL, NULL FROM unnest(trades) AS t) AS u
                      GROUP BY u.instrument) AS s
                  WHERE margin_calib.is_held(s.u));
END
$function$;
COMMENT ON FUNCTION margin_calib.traded_holdings(text, margin_calib.engine_holding[], margin_calib.what_if_trade[]) IS
'Internal: holdings after trades, net, of an account which is called this.';

-- The accounts of the trial are called before and after.
CREATE OR REPLACE FUNCTION margin_calib.trade_trial(
    held margin_calib.engine_holding[], trades margin_calib.what_if_trade[], cash_before numeric, cash numeric, model margin_calib.engine_model,
    assets margin_calib.engine_holding[], live boolean, as_of timestamptz) RETURNS SETOF margin_calib.engine_trial
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 2
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    holdings CONSTANT margin_calib.engine_holding[] := margin_calib.traded_holdings('before', held, '{}') || margin_calib.traded_holdings('after', held, trades);
    step     CONSTANT numeric := margin_calib.amount_step_of(model.currency);
    settled  margin_calib.account_collateral;
    balances margin_calib.account_collateral[];
BEGIN
    balances := ARRAY(SELECT c FROM margin_calib.trade_collateral(assets, holdings, model, live, as_of) AS c);
    settled.currency := model.currency;
    settled.value := margin_calib.floor_to(coalesce(cash_before, 0), step);
    FOREACH settled.account IN ARRAY '{before,after}'::text[] LOOP
        settled.collateral_value := settled.value;
        balances := balances || settled;
        settled.value := margin_calib.floor_to(coalesce(cash_before, 0) + coalesce(cash, 0), step);
    END LOOP;
    RETURN QUERY
        SELECT t.* FROM margin_calib.trial(
            holdings, ARRAY[ROW('before', model.scenario_set, model.currency)::margin_calib.engine_model,
                            ROW('after', model.scenario_set, model.currency)::margin_calib.engine_model], balances, live, as_of) AS t;
END
$function$;
COMMENT ON FUNCTION margin_calib.trade_trial(margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric, margin_calib.engine_model, margin_calib.engine_holding[], boolean, timestamptz) IS
'Internal: an account before and after trades; assets: its collateral; cash: what the trades add to its balances, cash_before: what those have besides.';

CREATE OR REPLACE FUNCTION margin_calib.judge_trades(
    model margin_calib.engine_model, held margin_calib.engine_holding[], trades margin_calib.what_if_trade[], cash_before numeric, cash numeric) RETURNS margin_calib.order_check
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    as_of  CONSTANT timestamptz := statement_timestamp();
    result margin_calib.order_check;
    assets CONSTANT margin_calib.engine_holding[] := ARRAY(
        SELECT h FROM unnest(margin_calib.holdings_of('collateral', model.account)) AS h WHERE margin_calib.is_held(h));
    trials margin_calib.engine_trial[];
    trial  margin_calib.engine_trial;
    state  margin_calib.account_state;
    unmargined    text;
    excess_before numeric;
BEGIN
    PERFORM margin_calib.require_account(model.account);
    result.account := model.account;
    result.currency := model.currency;
    result.as_of := as_of;
    trials := ARRAY(SELECT t FROM margin_calib.trade_states(held, trades, cash_before, cash, model, assets, as_of) AS t);
    IF trials = '{}' THEN
        trials := ARRAY(SELECT t FROM margin_calib.trade_trial(held, trades, cash_before, cash, model, assets, false, as_of) AS t);
    END IF;
    FOREACH trial IN ARRAY trials LOOP
        state := trial.state;
        IF state.account = 'before' THEN
            result.initial_before := state.initial_margin;
            excess_before := state.equity - state.initial_margin;
        ELSE
            result.equity := state.equity;
            result.initial_margin := state.initial_margin;
            result.excess := state.equity - state.initial_margin;
            result.stale_reason := margin_calib.staleness(state.stale_reason, state.fresh_until, false);
            result.is_stale := result.stale_reason IS NOT NULL;
            unmargined := trial.unmargined;
        END IF;
    END LOOP;
    -- what requires nothing because nobody knows what it requires does not make room for more
    result.accepted := result.excess >= excess_before OR result.excess >= 0 AND unmargined IS NULL;
    IF NOT result.accepted AND result.excess >= 0 THEN
        result.reason := format('account %s has a position whose requirement is not known, and this does not lower the others: %s', model.account, unmargined);
    ELSIF NOT result.accepted THEN
        result.reason := format('equity of account %s would be %s %s, and its initial requirement %s', model.account, result.equity, model.currency, result.initial_margin);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.judge_trades(margin_calib.engine_model, margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric) IS
'Internal: whether an account with these holdings, and balances that have cash_before besides, may trade; cash: what the trades add to them.';

CREATE OR REPLACE FUNCTION margin_calib.check_order(account text, trades margin_calib.what_if_trade[]) RETURNS margin_calib.order_check
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan -- of all that it calls: planning takes longer than the check
AS $function$
DECLARE
    model margin_calib.engine_model;
BEGIN
    IF coalesce(check_order.account, '') = '' OR trades IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'an order has an account and trades',
            HINT = 'Write margin_calib.check_order(''alice'', ''BTC-PERP'', -2).';
    END IF;
    PERFORM margin_calib.check_trades(trades);
    PERFORM margin_calib.guard_account(check_order.account);
    -- in statements after the lock
    SELECT m.* INTO model FROM margin_calib.models_of(ARRAY[check_order.account]) AS m;
    RETURN margin_calib.judge_trades(model, coalesce(margin_calib.holdings_of('positions', check_order.account), '{}'), trades, 0,
                                     margin_calib.trades_cash(trades, model, false, statement_timestamp()));
END
$function$;
COMMENT ON FUNCTION margin_calib.check_order(text, margin_calib.what_if_trade[]) IS
'Whether an account may make several trades at once, as check_order of one.';

CREATE OR REPLACE FUNCTION margin_calib.check_order(account text, instrument text, quantity numeric, price numeric DEFAULT NULL, fee numeric DEFAULT NULL)
    RETURNS margin_calib.order_check
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN margin_calib.check_order(account, ARRAY[ROW(instrument, quantity, price, fee)::margin_calib.what_if_trade]);
END
$function$;
COMMENT ON FUNCTION margin_calib.check_order(text, text, numeric, numeric, numeric) IS
'Whether an account may trade: accepted when its equity covers the initial requirement after the trade and no position is held whose requirement is not known, or when the trade does not lower the excess. Positions and balances are those of the attached tables as the caller''s transaction sees them, prices, vectors and, of balances that are as they were then, haircuts those of the latest refresh; a haircut that depends on positions (set_wrong_way) is that after the trade. quantity: contracts, negative to sell; price: as the instrument is quoted, NULL for the present one; fee in the currency of the account. Checks of one account take turns until the end of the transaction: write the order in the same transaction, and no two orders can both count on the same margin; under REPEATABLE READ a check after another''s gives 40001. Errors: 22004, 22023 for a trade that is none, 42704 for an instrument that is not known, 55000 when it has no price or vector, 42501 for an account that was not granted. Needs SELECT on the attached tables.';

REVOKE ALL ON FUNCTION
    margin_calib.trial(margin_calib.engine_holding[], margin_calib.engine_model[], margin_calib.account_collateral[], boolean, timestamptz),
    margin_calib.guard_account(text),
    margin_calib.trade_cash(margin_calib.what_if_trade, margin_calib.contract, margin_calib.contract_market, double precision),
    margin_calib.trades_cash(margin_calib.what_if_trade[], margin_calib.engine_model, boolean, timestamptz),
    margin_calib.is_trade(margin_calib.what_if_trade), margin_calib.check_trades(margin_calib.what_if_trade[]), margin_calib.traded_holdings(text, margin_calib.engine_holding[], margin_calib.what_if_trade[]),
    margin_calib.trade_trial(margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric, margin_calib.engine_model, margin_calib.engine_holding[], boolean, timestamptz),
    margin_calib.judge_trades(margin_calib.engine_model, margin_calib.engine_holding[], margin_calib.what_if_trade[], numeric, numeric),
    margin_calib.check_order(text, margin_calib.what_if_trade[]), margin_calib.check_order(text, text, numeric, numeric, numeric) FROM PUBLIC;
