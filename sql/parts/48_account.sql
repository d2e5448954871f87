-- Accounts: how they are margined, what they are worth, who is short of margin.

CREATE OR REPLACE FUNCTION margin_calib.set_margin_model(
    account text, scenario_set text DEFAULT NULL, currency text DEFAULT 'USD', reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    object CONSTANT text := coalesce('account ' || set_margin_model.account, 'default');
BEGIN
    IF coalesce(set_margin_model.currency, '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a margin model has a currency',
            HINT = 'Write margin_calib.set_margin_model(''alice'', ''deribit'', ''USD'').';
    END IF;
    PERFORM margin_calib.scenario_set(set_margin_model.scenario_set);
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('margin_model', object);
    DELETE FROM margin_calib.margin_model AS m WHERE m.account IS NOT DISTINCT FROM set_margin_model.account;
    INSERT INTO margin_calib.margin_model (account, scenario_set, currency)
    VALUES (set_margin_model.account, set_margin_model.scenario_set, set_margin_model.currency);
    PERFORM margin_calib.audit_change('margin_model', object, set_margin_model.reason);
    PERFORM margin_calib.queue_accounts(CASE WHEN set_margin_model.account IS NOT NULL THEN ARRAY[set_margin_model.account] END);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_margin_model(text, text, text, text) IS
'Margins an account by a scenario set, always in its latest version, or (NULL) by the rates of its instruments, with equity and requirement in a currency. account NULL: every account without a model of its own. The next refresh applies it; the reason is in the audit trail. Errors: 42704 for a set that is not known, 22004 without a currency.';

CREATE OR REPLACE FUNCTION margin_calib.drop_margin_model(account text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    object CONSTANT text := coalesce('account ' || drop_margin_model.account, 'default');
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('margin_model', object);
    DELETE FROM margin_calib.margin_model AS m WHERE m.account IS NOT DISTINCT FROM drop_margin_model.account;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704',
            MESSAGE = CASE WHEN drop_margin_model.account IS NULL THEN 'there is no default margin model'
                           ELSE format('account %L has no margin model of its own', left(drop_margin_model.account, 64)) END,
            HINT = 'margin_calib.margin_model lists those that there are.';
    END IF;
    PERFORM margin_calib.audit_change('margin_model', object, drop_margin_model.reason);
    PERFORM margin_calib.queue_accounts(CASE WHEN drop_margin_model.account IS NOT NULL THEN ARRAY[drop_margin_model.account] END);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_margin_model(text, text) IS
'Takes the margin model of an account away, which then has the default (NULL: the default itself, then rates in USD hold). Error 42704 when there is none.';

-- ---- tiers ----

CREATE OR REPLACE FUNCTION margin_calib.set_account_tiers(tiers jsonb, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    given   margin_calib.account_tier[];
    problem text;
BEGIN
    IF tiers IS NOT NULL AND (margin_calib.are_objects(tiers) IS NOT TRUE OR margin_calib.unknown_keys(tiers, 'margin_calib.account_tier[]') <> '{}') THEN
        problem := 'margin tiers are a JSON array of objects with tier, margin and below';
    ELSIF tiers IS NOT NULL THEN
        given := ARRAY(SELECT t FROM jsonb_populate_recordset(NULL::margin_calib.account_tier, tiers) AS t);
        SELECT CASE WHEN coalesce(t.tier, '') = '' THEN 'a margin tier has a name'
                    WHEN (t.margin IN ('initial', 'maintenance')) IS NOT TRUE THEN format('the margin of tier %s is initial or maintenance', t.tier)
                    WHEN (t.below >= 0 AND t.below < 'Infinity') IS NOT TRUE THEN format('below of tier %s is a multiple of 0 or more', t.tier) END
          INTO problem FROM unnest(given) AS t ORDER BY 1 LIMIT 1;
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = problem, DETAIL = format('Given is %s.', left(tiers::text, 1000)),
            HINT = 'Write margin_calib.set_account_tiers(''[{"tier": "no_new_risk", "margin": "maintenance", "below": 1.2}, {"tier": "liquidation", "margin": "maintenance", "below": 1.05}]'').';
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('account_tiers', 'all');
    DELETE FROM margin_calib.account_tier;
    INSERT INTO margin_calib.account_tier (tier, margin, below) SELECT t.tier, t.margin, t.below FROM unnest(given) AS t;
    PERFORM margin_calib.audit_change('account_tiers', 'all', set_account_tiers.reason);
    RETURN (SELECT count(*) FROM margin_calib.account_tier);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_account_tiers(jsonb, text) IS
'Replaces the tiers of accounts that are short of equity by [{"tier": "liquidation", "margin": "maintenance", "below": 1.05}, ...]: an account is in the tier with the smallest multiple of its requirement that its equity is still below. Returns how many there are. NULL or []: the standard ones, margin_call below 1 x initial, liquidation below 1 x maintenance, bankrupt below 0. Errors: 22023 with what is wrong, 23505 for a name that comes twice.';

CREATE OR REPLACE FUNCTION margin_calib.account_tier_of(equity numeric, initial_margin numeric, maintenance_margin numeric) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT t.tier
      FROM (SELECT m.tier, m.below * CASE m.margin WHEN 'initial' THEN initial_margin ELSE maintenance_margin END AS amount FROM margin_calib.account_tier AS m
            UNION ALL
            SELECT d.tier, d.amount FROM (VALUES ('margin_call', initial_margin), ('liquidation', maintenance_margin), ('bankrupt', 0)) AS d (tier, amount)
             WHERE NOT EXISTS (SELECT FROM margin_calib.account_tier)) AS t
     WHERE equity < t.amount ORDER BY t.amount, t.tier = 'bankrupt' DESC, t.tier = 'liquidation' DESC, t.tier LIMIT 1;
END;
COMMENT ON FUNCTION margin_calib.account_tier_of(numeric, numeric, numeric) IS
'Tier of an account by its equity and requirements (margin_calib.set_account_tiers); NULL when it is in none.';

-- ---- views ----

CREATE OR REPLACE FUNCTION margin_calib.account_figures(state margin_calib.account_state, is_pending boolean)
    RETURNS TABLE (account text, currency text, model text, collateral numeric, collateral_value numeric, position_value numeric, unrealised_pnl numeric,
                   equity numeric, initial_margin numeric, maintenance_margin numeric, excess numeric, maintenance_excess numeric, notional numeric,
                   leverage numeric, margin_ratio numeric, tier text, as_of timestamptz, data_through timestamptz, is_stale boolean, stale_reason text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 1
BEGIN ATOMIC
    SELECT (state).account, (state).currency, (state).model, (state).collateral, (state).collateral_value, (state).position_value, (state).unrealised_pnl,
           (state).equity, (state).initial_margin, (state).maintenance_margin, (state).equity - (state).initial_margin,
           (state).equity - (state).maintenance_margin, (state).notional,
           CASE WHEN (state).equity > 0 THEN round((state).notional / (state).equity, 4) END,
           CASE WHEN (state).maintenance_margin > 0 THEN round((state).equity / (state).maintenance_margin, 4) END,
           margin_calib.account_tier_of((state).equity, (state).initial_margin, (state).maintenance_margin),
           (state).as_of, (state).data_through, r.reason IS NOT NULL, r.reason
      FROM (SELECT margin_calib.staleness((state).stale_reason, (state).fresh_until, is_pending)) AS r (reason);
END;
COMMENT ON FUNCTION margin_calib.account_figures(margin_calib.account_state, boolean) IS
'Internal: a row of margin_calib.margin_account from what is stored or computed of an account.';

CREATE OR REPLACE FUNCTION margin_calib.pending_states() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
BEGIN
    RETURN QUERY
        SELECT a FROM margin_calib.pending_accounts() AS a
        UNION SELECT c FROM margin_calib.pending_collateral() AS c
        UNION SELECT c FROM margin_calib.currency_holders(ARRAY(SELECT i FROM margin_calib.pending_instruments() AS i)) AS c
        UNION SELECT p.account FROM margin_calib.account_position AS p
               WHERE p.instrument = ANY (margin_calib.risk_dependents(ARRAY(SELECT i FROM margin_calib.pending_instruments() AS i),
                                                                      ARRAY(SELECT u FROM margin_calib.pending_underlyings() AS u)));
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_states() IS
'Accounts whose equity or requirement waits for changes that refresh has not seen: of positions, balances, prices, quotes, or what adds to their margins.';

CREATE OR REPLACE VIEW margin_calib.margin_account WITH (security_invoker = true) AS
SELECT f.*
  FROM margin_calib.account_state AS s
  LEFT JOIN margin_calib.pending_states() AS w (account) ON w.account = s.account
 CROSS JOIN LATERAL margin_calib.account_figures(s, w.account IS NOT NULL) AS f;
COMMENT ON VIEW margin_calib.margin_account IS
'Equity, requirement and excess of every account with positions or collateral, one row each, as of the latest refresh. equity = collateral_value + position_value + unrealised_pnl.';
COMMENT ON COLUMN margin_calib.margin_account.account IS 'the account';
COMMENT ON COLUMN margin_calib.margin_account.currency IS 'of every amount (set_margin_model)';
COMMENT ON COLUMN margin_calib.margin_account.model IS 'scenario set by which it is margined, or rates';
COMMENT ON COLUMN margin_calib.margin_account.collateral IS 'market value of its collateral';
COMMENT ON COLUMN margin_calib.margin_account.collateral_value IS 'what of it counts, after haircuts and limits; debts are negative';
COMMENT ON COLUMN margin_calib.margin_account.position_value IS 'value of its options and spot positions at present prices, short ones negative; 0 of options under rates';
COMMENT ON COLUMN margin_calib.margin_account.unrealised_pnl IS 'profit of futures and perpetuals since they were entered, where positions say at which price';
COMMENT ON COLUMN margin_calib.margin_account.equity IS 'what stands against the requirement';
COMMENT ON COLUMN margin_calib.margin_account.initial_margin IS 'initial requirement';
COMMENT ON COLUMN margin_calib.margin_account.maintenance_margin IS 'maintenance requirement';
COMMENT ON COLUMN margin_calib.margin_account.excess IS 'equity - initial_margin; negative: short of margin';
COMMENT ON COLUMN margin_calib.margin_account.maintenance_excess IS 'equity - maintenance_margin';
COMMENT ON COLUMN margin_calib.margin_account.notional IS 'gross notional of its positions';
COMMENT ON COLUMN margin_calib.margin_account.leverage IS 'notional / equity; NULL without positive equity';
COMMENT ON COLUMN margin_calib.margin_account.margin_ratio IS 'equity / maintenance_margin; NULL without a requirement';
COMMENT ON COLUMN margin_calib.margin_account.tier IS 'margin_call, liquidation, bankrupt or those of set_account_tiers; NULL: none';
COMMENT ON COLUMN margin_calib.margin_account.as_of IS 'when refresh computed it';
COMMENT ON COLUMN margin_calib.margin_account.data_through IS 'the oldest of the newest prices behind it';
COMMENT ON COLUMN margin_calib.margin_account.is_stale IS 'true: stale_reason says why it may be out of date';
COMMENT ON COLUMN margin_calib.margin_account.stale_reason IS 'why; NULL when it is not';

CREATE OR REPLACE VIEW margin_calib.margin_call WITH (security_invoker = true) AS
SELECT row_number() OVER (ORDER BY a.margin_ratio NULLS FIRST, a.maintenance_excess, a.account) AS place, a.account, a.currency, a.tier, a.equity, a.initial_margin,
       a.maintenance_margin, -a.excess AS call_amount, greatest(-a.maintenance_excess, 0) AS maintenance_shortfall, a.margin_ratio,
       (SELECT max(h.as_of) FROM margin_calib.account_history AS h WHERE h.account = a.account AND h.equity >= h.initial_margin) AS covered_until,
       a.as_of, a.is_stale, a.stale_reason
  FROM margin_calib.margin_account AS a WHERE a.excess < 0;
COMMENT ON VIEW margin_calib.margin_call IS
'Accounts whose equity is below their initial requirement, the most urgent first: by equity over maintenance requirement.';
COMMENT ON COLUMN margin_calib.margin_call.place IS 'place in the queue';
COMMENT ON COLUMN margin_calib.margin_call.call_amount IS 'what brings equity to the initial requirement';
COMMENT ON COLUMN margin_calib.margin_call.maintenance_shortfall IS 'what is missing to the maintenance requirement; 0 when nothing is';
COMMENT ON COLUMN margin_calib.margin_call.covered_until IS 'as_of of the latest state of its history in which equity covered the initial requirement; NULL: there is none';

CREATE OR REPLACE VIEW margin_calib.liquidation_queue WITH (security_invoker = true) AS
SELECT row_number() OVER (ORDER BY c.place) AS place, c.account, c.currency, c.tier, c.equity, c.maintenance_margin, c.maintenance_shortfall, c.margin_ratio,
       greatest(-c.equity, 0) AS deficit, c.covered_until, c.as_of, c.is_stale, c.stale_reason
  FROM margin_calib.margin_call AS c WHERE c.maintenance_shortfall > 0;
COMMENT ON VIEW margin_calib.liquidation_queue IS
'Accounts whose equity is below their maintenance requirement, the most urgent first. Where is_stale, look at account_now before acting.';
COMMENT ON COLUMN margin_calib.liquidation_queue.place IS 'place in the queue';
COMMENT ON COLUMN margin_calib.liquidation_queue.maintenance_shortfall IS 'what is missing to the maintenance requirement';
COMMENT ON COLUMN margin_calib.liquidation_queue.covered_until IS 'as_of of the latest state of its history in which equity covered the initial requirement; NULL: there is none';
COMMENT ON COLUMN margin_calib.liquidation_queue.deficit IS 'loss beyond the equity; 0 when none';

CREATE OR REPLACE VIEW margin_calib.portfolio_margin_requirement WITH (security_invoker = true) AS
SELECT r.account, r.currency, r.scenario_set, r.set_version, r.initial_margin, r.maintenance_margin, r.initial_loss, r.maintenance_loss, r.charges,
       r.worst_scenario, r.worst_pnl, r.value, r.notional, r.delta, r.vega, r.positions, r.as_of, r.data_through,
       n.reason IS NOT NULL AS is_stale, n.reason AS stale_reason
  FROM margin_calib.portfolio_requirement AS r
  LEFT JOIN margin_calib.pending_states() AS w (account) ON w.account = r.account
 CROSS JOIN LATERAL (SELECT margin_calib.staleness(r.stale_reason, r.fresh_until, w.account IS NOT NULL)) AS n (reason);
COMMENT ON VIEW margin_calib.portfolio_margin_requirement IS
'Requirements of accounts under portfolio margin, one row each, as of the latest refresh, with what they are made of; further columns as in margin_calib.portfolio_margin.';
COMMENT ON COLUMN margin_calib.portfolio_margin_requirement.charges IS 'components of the set''s method, then what tiers, liquidity, open interest, events, pegs and doubtful prices add; no vector: the margin by rates of positions that have no risk vector';
COMMENT ON COLUMN margin_calib.portfolio_margin_requirement.positions IS 'number of positions in it';

CREATE OR REPLACE VIEW margin_calib.margin_account_history WITH (security_invoker = true) AS
SELECT h.account, h.as_of, lead(h.as_of) OVER (PARTITION BY h.account ORDER BY h.as_of) AS until, h.currency, h.model, h.collateral, h.collateral_value,
       h.position_value, h.unrealised_pnl, h.equity, h.initial_margin, h.maintenance_margin, h.equity - h.initial_margin AS excess,
       h.equity - h.maintenance_margin AS maintenance_excess, h.notional, h.data_through, h.is_stale, h.stale_reason
  FROM margin_calib.account_history AS h;
COMMENT ON VIEW margin_calib.margin_account_history IS
'Every state of every account that refresh stored, from when its numbers changed. Columns as in margin_calib.margin_account.';
COMMENT ON COLUMN margin_calib.margin_account_history.until IS 'as_of of the next one; NULL: it is the latest';

COMMENT ON COLUMN margin_calib.portfolio_margin_requirement.scenario_set IS 'the set by which it is margined';
COMMENT ON COLUMN margin_calib.portfolio_margin_requirement.set_version IS 'its version';

-- Columns that are those of margin_account, or of a margin, mean the same.
DO $block$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT v.name, a.attname, coalesce(col_description('margin_calib.margin_account'::regclass, m.attnum), col_description(t.attrelid, t.attnum)) AS meaning
          FROM unnest('{margin_call,liquidation_queue,margin_account_history,portfolio_margin_requirement}'::text[]) AS v (name)
          JOIN pg_attribute AS a ON a.attrelid = ('margin_calib.' || v.name)::regclass AND a.attnum > 0
          LEFT JOIN pg_attribute AS m ON m.attrelid = 'margin_calib.margin_account'::regclass AND m.attname = a.attname
          LEFT JOIN pg_attribute AS t ON t.attrelid = 'margin_calib.portfolio_margin'::regclass AND t.attname = a.attname
         WHERE col_description(a.attrelid, a.attnum) IS NULL LOOP
        EXECUTE format('COMMENT ON COLUMN margin_calib.%I.%I IS %L', item.name, item.attname, item.meaning);
    END LOOP;
END
$block$;

REVOKE ALL ON margin_calib.margin_account, margin_calib.margin_call, margin_calib.liquidation_queue, margin_calib.portfolio_margin_requirement,
    margin_calib.margin_account_history FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.forget_account_history(before interval, account text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result bigint;
BEGIN
    PERFORM margin_calib.check_age(before, 'states', 'forget_account_history');
    PERFORM margin_calib.lock_engine();
    DELETE FROM margin_calib.account_history AS h
     WHERE clock_timestamp() - h.as_of > before AND (forget_account_history.account IS NULL OR h.account = forget_account_history.account)
       AND h.as_of < (SELECT max(n.as_of) FROM margin_calib.account_history AS n WHERE n.account = h.account);
    GET DIAGNOSTICS result = ROW_COUNT;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_account_history(interval, text) IS
'Deletes states of accounts that are older than an interval, of one account or (NULL) of all, but for the latest of each, and returns how many. Error 22023 for an interval below 0 or NULL.';

-- ---- live ----

CREATE OR REPLACE FUNCTION margin_calib.account_now(account text) RETURNS SETOF margin_calib.margin_account
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    as_of     CONSTANT timestamptz := statement_timestamp();
    accounts  CONSTANT text[] := ARRAY[account_now.account];
    models    CONSTANT margin_calib.engine_model[] := ARRAY(SELECT m FROM margin_calib.models_of(accounts) AS m);
    positions CONSTANT margin_calib.account_position[] := ARRAY(SELECT p FROM margin_calib.compute_positions(accounts, true, as_of) AS p);
BEGIN
    PERFORM margin_calib.require_account(account_now.account);
    RETURN QUERY
        SELECT f.* FROM margin_calib.account_states(
                   models, positions, ARRAY(SELECT r FROM margin_calib.portfolio_requirements(positions, models, true, as_of) AS r),
                   ARRAY(SELECT r FROM margin_calib.rates_requirements(positions, true, as_of) AS r),
                   ARRAY(SELECT c FROM margin_calib.collateral_of(accounts, true, as_of) AS c), true, as_of) AS s
         CROSS JOIN LATERAL margin_calib.account_figures(s, false) AS f;
END
$function$;
COMMENT ON FUNCTION margin_calib.account_now(text) IS
'Equity, requirement and excess of an account, computed now from the attached tables as the caller''s transaction sees them, without a write: what refresh would store. Columns as in margin_calib.margin_account; no row for an account without positions and collateral, none for NULL. Errors: 55000 when a feed of positions or collateral cannot be read, 42501 for an account that was not granted. Needs SELECT on the attached tables.';

-- ---- verify ----

CREATE OR REPLACE FUNCTION margin_calib.verify_states(accounts text[], wrong text[], late text[], as_of timestamptz) RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    models     CONSTANT margin_calib.engine_model[] := ARRAY(SELECT m FROM margin_calib.models_of(accounts) AS m);
    live       CONSTANT boolean := wrong <> '{}';
    pending    CONSTANT text[] := ARRAY(
        SELECT p FROM margin_calib.pending_states() AS p
        UNION SELECT c FROM margin_calib.collateral_holders(late) AS c
        UNION SELECT p.account FROM margin_calib.account_position AS p
               WHERE p.instrument = ANY (late || margin_calib.peg_dependents(late) || margin_calib.risk_dependents(late, '{}')));
    positions  margin_calib.account_position[];
    portfolios margin_calib.portfolio_requirement[];
BEGIN
    IF EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind IN ('positions', 'collateral') AND f.error IS NOT NULL) THEN
        RETURN;
    END IF;
    positions := ARRAY(SELECT p FROM margin_calib.compute_positions(accounts, live, as_of) AS p);
    portfolios := ARRAY(SELECT r FROM margin_calib.portfolio_requirements(positions, models, live, as_of) AS r);
    RETURN QUERY
        WITH recomputed AS (
            SELECT 'account' AS object, s.account, s.currency, to_jsonb(s) AS content
              FROM margin_calib.account_states(
                       models, positions, portfolios, ARRAY(SELECT r FROM margin_calib.rates_requirements(positions, live, as_of) AS r),
                       ARRAY(SELECT c FROM margin_calib.collateral_of(accounts, live, as_of) AS c), live, as_of) AS s
            UNION ALL SELECT 'portfolio margin', r.account, r.currency, to_jsonb(r) FROM unnest(portfolios) AS r),
        stored AS (
            SELECT 'account' AS object, s.account, s.currency, to_jsonb(s) AS content FROM margin_calib.account_state AS s WHERE s.account = ANY (accounts)
            UNION ALL SELECT 'portfolio margin', r.account, r.currency, to_jsonb(r) FROM margin_calib.portfolio_requirement AS r WHERE r.account = ANY (accounts))
        SELECT coalesce(s.object, n.object), NULL::text, coalesce(s.account, n.account), coalesce(s.currency, n.currency), d.field, d.stored_text, d.recomputed_text,
               coalesce(s.account, n.account) = ANY (pending)
               -- without triggers every refresh looks at every account
               OR EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind IN ('positions', 'collateral') AND f.capture = 'watermark')
          FROM recomputed AS n FULL JOIN stored AS s ON s.object = n.object AND s.account = n.account
         CROSS JOIN LATERAL margin_calib.row_differences(s.content - 'as_of', n.content - 'as_of') AS d
         ORDER BY 3, 1, 5;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_states(text[], text[], text[], timestamptz) IS
'Internal to verify: differences of equity and portfolio requirement of accounts; wrong: instruments that differ, late: those of them that wait.';

REVOKE ALL ON FUNCTION
    margin_calib.pending_states(), margin_calib.verify_states(text[], text[], text[], timestamptz), margin_calib.set_margin_model(text, text, text, text), margin_calib.drop_margin_model(text, text),
    margin_calib.set_account_tiers(jsonb, text), margin_calib.account_tier_of(numeric, numeric, numeric), margin_calib.account_figures(margin_calib.account_state, boolean),
    margin_calib.forget_account_history(interval, text), margin_calib.account_now(text) FROM PUBLIC;
