-- Who may do what, tried from logins that have nothing else: PUBLIC, reader, analyst, approver and engine. The
-- matrix comes from the catalogue and from one list of names below; what is not in the list is forbidden.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET search_path = public, pg_catalog;
CREATE ROLE mc_nobody LOGIN; CREATE ROLE mc_reader LOGIN; CREATE ROLE mc_analyst LOGIN; CREATE ROLE mc_approver LOGIN; CREATE ROLE mc_engine LOGIN;
SELECT margin_calib.grant_rights('mc_reader', 'reader'), margin_calib.grant_rights('mc_analyst', 'analyst'),
       margin_calib.grant_rights('mc_approver', 'approver'), margin_calib.grant_rights('mc_engine', 'engine');
GRANT USAGE ON SCHEMA t TO PUBLIC;

-- one letter a login: n nobody, r reader, a analyst, o approver, e engine
CREATE TABLE t.login (letter text PRIMARY KEY, name name);
INSERT INTO t.login VALUES ('n', 'mc_nobody'), ('r', 'mc_reader'), ('a', 'mc_analyst'), ('o', 'mc_approver'), ('e', 'mc_engine');
GRANT SELECT ON t.login TO PUBLIC;

-- SQLSTATE of a statement, run as a login; what it wrote is undone when undo says so
CREATE FUNCTION t.try(login name, statement text, undo boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state   text := '00000';
    message text := '';
BEGIN
    BEGIN
        EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
        EXECUTE statement;
        IF undo THEN
            RAISE EXCEPTION USING ERRCODE = 'MC000';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        state := replace(SQLSTATE, 'MC000', '00000');
        message := CASE WHEN SQLSTATE <> 'MC000' THEN ' ' || SQLERRM ELSE '' END;
    END;
    RESET SESSION AUTHORIZATION;
    RETURN state || CASE WHEN state NOT IN ('00000', '42501') THEN message ELSE '' END;
END $$;
REVOKE ALL ON FUNCTION t.try FROM PUBLIC;

-- ---- functions ----
CREATE TABLE t.granted (name text PRIMARY KEY, logins text);
INSERT INTO t.granted SELECT n, 'raoe' FROM unnest(ARRAY[
    -- what a reader calls
    'policy', 'candidate_policy', 'calibrate_all', 'backtest_path', 'compare_policies', 'policy_scores', 'forecast_export', 'backtest_zone', 'requirement_now',
    'pending_accounts', 'pending_instruments', 'pending_add_ons', 'parameter_as_of', 'borrowed_prices', 'round_up', 'round_down', 'position_notional', 'staleness',
    -- what these and the views call in turn, with the reader's rights
    'compute_positions', 'holdings', 'market_live', 'calibrate_keys', 'calibrate_with_policy', 'calibrate_or_explain', 'calibrate_query', 'calibrate_borrower',
    'lender_feed', 'borrowed_path_query', 'check_proxy_multiplier', 'calibration_problem', 'future_limit', 'keys_that_fit', 'policy_remembers', 'requirements_at',
    'feed_column_type', 'feed_key_type', 'feed_ts_expression', 'feed_number_expression', 'liquidity_problem', 'liquidity_source', 'liquidity_found',
    'liquidity_in_force', 'liquidity_live', 'event_state', 'peg_prices', 'has_add_ons', 'add_ons', 'position_charges', 'peg_dependents', 'positions_at',
    'significant', 'keys_with_rows', 'group_prices_query', 'evidence_pairs', 'evidence_matrix', 'calibrate_group', 'group_is_due', 'offset_live', 'offset_query',
    'charged_rates', 'parameter_rates', 'calibration_rates', 'rate_change', 'relative_change', 'same_published', 'decide', 'override_state_at', 'due_overrides', 'score_query',
    -- proofs, and how the engine is
    'sees_account', 'health', 'health_counts', 'cron_state', 'latest_start_allowed',
    'explain_margin', 'explain_margin_text', 'explain_parameter', 'explain_series', 'explain_model', 'explain_core', 'explain_start', 'explain_path', 'explain_rounding',
    'explain_in_force', 'explain_latest', 'explain_decisions', 'explained', 'explained_rate', 'explained_sides', 'follows', 'path_starts', 'rate_limit', 'published_steps',
    'parameters_in_force', 'wrapped', 'explanation_lines', 'explain_requirement', 'explain_requirement_text', 'explain_account', 'explain_currency', 'explain_notional',
    'explain_size', 'explain_size_charges', 'explain_event_charge', 'explain_initial_charges', 'explain_sum', 'explain_position_margin', 'explain_offsets', 'explain_total',
    'required', 'added_up', 'account_is_known', 'check_known', 'verify', 'verify_feed', 'waiting_keys', 'verify_prices', 'verify_liquidity', 'verify_orphans', 'verify_correlations',
    'verify_accounts', 'verify_query', 'verify_position_feeds', 'held_instruments', 'accounts_query', 'keys_query', 'batches_query', 'check_verifiable', 'row_differences',
    'stored_instrument', 'published_instrument', 'feed_problem',
    -- contracts and surfaces
    'contract_of', 'scenario_set', 'surface_at', 'surface_vol', 'surface_svg', 'surface_now', 'stored_surface', 'check_underlyings', 'surface_in_force', 'surface_found', 'quote_source',
    'quote_number_expression', 'quote_kind_expression', 'with_fallbacks', 'fallback_slice', 'surface_reason', 'pending_underlyings', 'surface_json', 'verify_surfaces',
    -- scenario sets, collateral, accounts
    'is_trade', 'usable_trades', 'account_book', 'book_at_start', 'judge_command', 'check_command',
    'trade_doubts',
    'component_figure', 'amount_step_of', 'unit_size', 'counted_amount',
    'refuse_instrument', 'scenario_pnl',
    'account_line',
    'explanation_text', 'explain_collateral', 'explain_profits', 'explain_rates_model', 'explain_scenario_model', 'explain_account_rows', 'explain_margin_account',
    'explain_margin_account_text',
    'stored_collateral', 'trade_collateral', 'collateral_sums',
    'profit_reason', 'portfolio_reason', 'first_reason', 'required_amount', 'trade_sums', 'trade_states',
    'holdings_of', 'holdings_query', 'position_reason', 'is_held', 'profit_asset', 'position_assets', 'states_in', 'asset_quotes',
    'asset_moves', 'asset_contract',
    'currency_holders',
    'are_objects',
    'require_account',
    'risk_inputs_among', 'portfolio_sums_apart',
    'portfolio_margin_all', 'macro_scenarios', 'check_macro', 'refuse_scenarios', 'correlation_scenarios', 'check_breakdown',
    'breakdown_directions', 'depeg_scenarios', 'settlement_hedges', 'standard_tiers', 'rebuilt_scenario_set', 'recipe_content', 'historical_content',
    'macro_content', 'correlation_content', 'joint_history', 'refuse_history', 'history_column', 'history_shocks', 'last_time', 'holdings_in',
    'collateral_holdings', 'asset_legs', 'asset_instruments', 'instrument_market', 'asset_leg', 'asset_prices', 'peg_stage_at', 'peg_found',
    'peg_states', 'wrong_way_found', 'wrong_way_exposures', 'asset_liquidity', 'collateral_terms', 'haircut_of', 'collateral_in',
    'collateral_of', 'has_collateral', 'collateral_holders', 'pending_collateral', 'collateral_use', 'check_allocation', 'allocate_collateral',
    'verify_collateral', 'models_of', 'instrument_contract', 'surface_forward', 'surfaces_of', 'quoted_vol', 'risk_input', 'risk_inputs', 'with_vectors',
    'risk_dependents', 'set_in_force', 'risks_of', 'portfolio_charges', 'portfolio_sums', 'portfolio_requirements', 'positions_of', 'rates_requirements',
    'unrealised_pnl', 'position_sums', 'rates_sums', 'account_states', 'floor_to', 'account_tier_of', 'account_figures', 'pending_states', 'account_now', 'verify_states',
    'bare_positions', 'trial', 'guard_account', 'trade_cash', 'trades_cash', 'check_trades', 'traded_holdings', 'trade_trial', 'judge_trades', 'check_order',
    'what_if', 'what_if_settings', 'what_if_trades', 'what_if_figures', 'what_if_change', 'best_hedge', 'what_if_hedges', 'what_if_components', 'unknown_keys',
    'checked_changes', 'refuse', 'check_margin', 'undiscounted', 'plain_scenarios', 'asset_pnl', 'stress_positions',
    'stress_losses', 'stress_test', 'stress_accounts', 'reverse_stress_test', 'moved_market', 'single_scenario', 'equity_on_moves', 'nearest_move',
    'scaled_scenario', 'scenario_multiple', 'liquidation_prices']) AS n;
INSERT INTO t.granted SELECT n, 'a' FROM unnest(ARRAY['set_policy', 'set_instrument', 'set_proxy', 'set_amount_step', 'set_tiers', 'set_liquidity_policy', 'set_peg',
    'add_event', 'cancel_event', 'set_product_group', 'drop_product_group', 'propose_override', 'withdraw_proposal',
    'set_alert_rule', 'drop_alert_rule', 'set_contract', 'set_contracts', 'drop_contract', 'add_scenario_set', 'drop_scenario_set',
    'add_historical_set', 'add_macro_set', 'add_correlation_set', 'add_recipe', 'check_recipe', 'store_recipe', 'set_asset', 'drop_asset', 'set_credit_quality',
    'set_wrong_way', 'set_peg_stages', 'set_margin_model', 'drop_margin_model', 'set_account_tiers']) AS n;
INSERT INTO t.granted SELECT n, 'ao' FROM unnest(ARRAY['end_override', 'acknowledge_alert']) AS n;
INSERT INTO t.granted SELECT n, 'aoe' FROM unnest(ARRAY['verify_audit', 'audit_hash', 'governed_parameter', -- behind the view governed_row
    'replay', 'changed_inputs', 'replay_parameter', 'replay_query', 'replay_changes', 'parameter_calibration', 'check_run']) AS n;
INSERT INTO t.granted SELECT n, 'o' FROM unnest(ARRAY['approve_proposal', 'reject_proposal', 'set_approval_limits', 'forget_alerts']) AS n;
INSERT INTO t.granted SELECT n, 'e' FROM unnest(ARRAY[
    'attach_prices', 'attach_positions', 'attach_liquidity', 'detach', 'create_standard_tables', 'refresh', 'recalibrate', 'backtest_policy', 'backtest_policies',
    'drop_backtest', 'calibrate_offsets', 'schedule_refresh', 'schedule_recalibration', 'schedule_backtest', 'unschedule',
    -- refresh in its steps: those that read the attached tables with the engine's rights, and those that write for it
    'refresh_begin', 'refresh_batch', 'refresh_end', 'log_run', 'log_batch', 'refresh_prices', 'refresh_accounts', 'refresh_liquidity', 'refresh_groups',
    'take_queue', 'take_batch', 'expand_everything', 'register_instruments', 'settle_instruments', 'publish', 'store_accounts', 'store_liquidity', 'store_offsets',
    'queue_borrowers', 'queue_keys', 'queue_instruments', 'sync_feeds', 'sync_partition', 'sync_watermark', 'sync_events', 'sync_proposals', 'set_watermark',
    'feed_changed', 'next_reading', 'connect_feed', 'claim_engine', 'await_engine', 'note_input_changes', 'day_digests', 'note_days', 'short_digest', 'quarantine_rows', 'quarantine_prices', 'quarantine_positions', 'quarantine_liquidity', 'lock_engine', 'raise_alert',
    'commit_is_possible', 'capture', 'add_capture', 'remove_capture', 'start_capture', 'record_feed', 'audit_feed', 'forget_feed', 'check_attachable',
    'schedule_job', 'backtest_one', 'policies_in_use', 'check_group_exists',
    'attach_quotes', 'refresh_surfaces', 'store_surface', 'quarantine_quotes', 'forget_surfaces',
    'quarantine_accounts', 'attach_holdings',
    'attach_collateral', 'refresh_haircuts', 'haircuts_found', 'store_pegs', 'store_correlations', 'store_haircuts', 'refresh_collateral', 'store_collateral',
    'rebuild_scenario_sets', 'store_rebuilt_set', 'store_rebuild_failure', 'store_risk', 'use_scenario_set', 'refresh_risk', 'store_states', 'refresh_states',
    'forget_account_history', 'enforce_margin', 'add_check', 'stop_enforcing']) AS n;
-- the pure statistics: they compute from their arguments, or check the right to the columns they are given
CREATE TABLE t.public (name text PRIMARY KEY);
INSERT INTO t.public SELECT unnest(ARRAY['version', 'gsl_version', 'tier_table', 'tiers_from_leverage', 'liability_weight', 'asset_weight', 'concentration_factor',
    'open_interest_rate', 'liquidation_horizon', 'liquidity_charge', 'horizon_charge', 'peg_charge', 'price_confidence', 'confidence_charge', 'checked_non_negative',
    'checked_positive', 'checked_fraction', 'rolling_vol_all', 'rolling_vol_arrays', 'align_prices', 'align_returns',
    'calendar_date', 'last_friday', 'parse_symbol', 'refuse_symbol', 'refuse_venue', 'symbol_date', 'symbol_formats', 'symbol_matches', 'symbol_terms',
    'contract_price', 'contract_value', 'contract_problem', 'stored_contract', 'surface_settings', 'term_structure', 'variance_risk_premium',
    'contract_market', 'scenario_grid', 'scenario_tails', 'standard_scenario_sets']);
CREATE VIEW t.fn AS
SELECT p.oid, p.proname, p.prokind, p.oid::regprocedure AS signature, coalesce(obj_description(p.oid, 'pg_proc') LIKE 'Internal%', false) AS is_internal,
       n.name IS NOT NULL OR p.provolatile = 'i' AND p.proparallel = 's' AND NOT p.prosecdef AND l.lanname IN ('c', 'internal')
                             AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
                             AND p.proname !~ '_(accum|final|combine|remove|inverse|serialize|deserialize)$' AS is_public
  FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang LEFT JOIN t.public AS n ON n.name = p.proname
 WHERE p.pronamespace = 'margin_calib'::regnamespace;
SELECT is_empty($$ SELECT f.signature, l.name, has_function_privilege(l.name, f.oid, 'EXECUTE') FROM t.fn AS f CROSS JOIN t.login AS l LEFT JOIN t.granted AS g ON g.name = f.proname
                    WHERE has_function_privilege(l.name, f.oid, 'EXECUTE') <> (f.is_public OR coalesce(position(l.letter IN g.logins) > 0, false)) $$,
                'each login executes what its rights say, and nothing else');
SELECT is_empty('SELECT name FROM t.granted EXCEPT SELECT proname FROM t.fn', 'the list names functions that there are');
SELECT cmp_ok((SELECT count(*) FROM t.fn WHERE is_public), '>', 150::bigint, 'PUBLIC has statistics');
-- the same from inside, by a call: rights are checked before arguments are looked at (a STRICT one is not called for NULL)
CREATE VIEW t.refused AS
SELECT f.signature, l.name, format('%s margin_calib.%I(%s)', CASE f.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, f.proname, a.list) AS statement
  FROM t.fn AS f CROSS JOIN t.login AS l LEFT JOIN t.granted AS g ON g.name = f.proname JOIN pg_proc AS p ON p.oid = f.oid
 CROSS JOIN LATERAL (SELECT string_agg(format('NULL::%s', u.a::regtype), ', ' ORDER BY u.at) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (a, at)) AS a (list)
 WHERE NOT f.is_public AND coalesce(position(l.letter IN g.logins) = 0, true) AND f.prokind IN ('f', 'p') AND NOT p.proisstrict
   AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[]);
SELECT cmp_ok((SELECT count(*) FROM t.refused), '>', 400::bigint, 'many calls to refuse');
SELECT is_empty($$ SELECT * FROM (SELECT r.*, t.try(r.name, r.statement, true) AS state FROM t.refused AS r) AS x WHERE state <> '42501' $$,
                'a call of anything else is refused');

-- ---- tables, views, sequences, columns, types, the schema ----
CREATE TABLE t.work (name text, privilege text, PRIMARY KEY (name, privilege)); -- of the engine alone
INSERT INTO t.work SELECT r, p FROM unnest('{captured_relation,policy_backtest,policy_forecast}'::text[]) AS r, unnest('{INSERT,UPDATE,DELETE}'::text[]) AS p
UNION ALL VALUES ('quarantine', 'INSERT'), ('quarantine', 'UPDATE'), ('capture_queue', 'INSERT');
CREATE VIEW t.rel AS SELECT c.oid, c.relname, c.relkind FROM pg_class AS c WHERE c.relnamespace = 'margin_calib'::regnamespace AND c.relkind IN ('r', 'v', 'p', 'm', 'f');
CREATE VIEW t.allowed AS
SELECT l.letter, l.name, c.oid, c.relname, c.relkind, p.privilege,
       CASE WHEN l.letter = 'n' THEN false
            WHEN p.privilege = 'SELECT' THEN c.relname <> 'shipped_policy' AND (l.letter <> 'r' OR c.relname NOT IN ('audit', 'audit_head', 'governed_row', 'input_change', 'input_day'))
            ELSE l.letter = 'e' AND EXISTS (SELECT FROM t.work AS w WHERE w.name = c.relname AND w.privilege = p.privilege) END AS is_allowed
  FROM t.login AS l CROSS JOIN t.rel AS c
 CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p (privilege);
SELECT is_empty('SELECT name, relname, privilege, is_allowed FROM t.allowed WHERE has_table_privilege(name, oid, privilege) <> is_allowed',
                'each login has what its rights say on each table and view');
SELECT is_empty($$ SELECT name, relname, privilege FROM t.allowed WHERE NOT is_allowed AND privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
                      AND has_any_column_privilege(name, oid, privilege)$$, 'nor on a column');
SELECT is_empty($$ SELECT l.name, c.oid::regclass FROM t.login AS l, pg_class AS c WHERE c.relnamespace = 'margin_calib'::regnamespace AND c.relkind = 'S'
                      AND has_sequence_privilege(l.name, c.oid, 'USAGE, SELECT, UPDATE') $$, 'nobody touches a sequence');
SELECT is_empty($$ SELECT name FROM t.login WHERE has_schema_privilege(name, 'margin_calib', 'CREATE') $$, 'nobody creates in the schema');
SELECT is_empty($$ SELECT a.grantee::regrole FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace = 'margin_calib'::regnamespace AND a.is_grantable AND a.grantee <> c.relowner
                   UNION ALL SELECT a.grantee::regrole FROM pg_proc AS p, aclexplode(p.proacl) AS a WHERE p.pronamespace = 'margin_calib'::regnamespace AND a.is_grantable AND a.grantee <> p.proowner $$,
                'nobody hands a right on');
CREATE FUNCTION t.statement(relation name, privilege text) RETURNS text LANGUAGE sql AS $$
    SELECT format(CASE privilege WHEN 'SELECT' THEN 'SELECT max(r::text) FROM margin_calib.%1$I AS r' WHEN 'INSERT' THEN 'INSERT INTO margin_calib.%1$I DEFAULT VALUES'
                                 WHEN 'UPDATE' THEN 'UPDATE margin_calib.%1$I SET %2$I = NULL' WHEN 'DELETE' THEN 'DELETE FROM margin_calib.%1$I'
                                 WHEN 'TRUNCATE' THEN 'TRUNCATE margin_calib.%1$I' END, relation,
                  (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = format('margin_calib.%I', relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum DESC LIMIT 1)) $$;
SELECT is_empty($$ SELECT * FROM (SELECT a.name, a.relname, a.privilege, t.try(a.name, t.statement(a.relname, a.privilege), true) AS state FROM t.allowed AS a
                      WHERE NOT a.is_allowed AND a.relkind = 'r' AND a.privilege NOT IN ('REFERENCES', 'TRIGGER')) AS x WHERE state <> '42501' $$, 'direct changes are refused');
SELECT is_empty($$ SELECT l.name, s.statement, t.try(l.name, s.statement, true) FROM t.login AS l, unnest(ARRAY[
        'CREATE TABLE margin_calib.mine ()', 'CREATE FUNCTION margin_calib.mine() RETURNS int LANGUAGE sql AS ''SELECT 1''',
        'CREATE OR REPLACE FUNCTION margin_calib.round_up(amount numeric, step numeric) RETURNS numeric LANGUAGE sql AS ''SELECT 0''',
        'ALTER TABLE margin_calib.requirement DISABLE ROW LEVEL SECURITY', 'DROP POLICY account_access ON margin_calib.requirement',
        'CREATE POLICY mine ON margin_calib.requirement USING (true)', 'ALTER TABLE margin_calib.audit NO FORCE ROW LEVEL SECURITY',
        'CREATE RULE mine AS ON INSERT TO margin_calib.capture_queue DO ALSO SELECT 1', 'DROP EXTENSION margin_calib', 'ALTER EXTENSION margin_calib UPDATE',
        'CREATE TRIGGER mine AFTER INSERT ON margin_calib.capture_queue FOR EACH STATEMENT EXECUTE FUNCTION margin_calib.capture()',
        'LOCK TABLE margin_calib.audit_head IN ACCESS EXCLUSIVE MODE', 'COMMENT ON TABLE margin_calib.audit IS ''x''',
        'SELECT nextval(''margin_calib.parameter_id_seq'')', 'SELECT setval(''margin_calib.proposal_id_seq'', 1)',
 'SET ROLE postgres']) AS s (statement)
     WHERE t.try(l.name, s.statement, true) <> '42501' $$,
    'nor is a schema, a table, a policy or a role of others changed');

-- what runs with the rights of its caller names nothing that the caller may not use, whichever way it goes
CREATE VIEW t.source AS
SELECT l.letter, l.name, f.signature::text AS object, pg_get_functiondef(f.oid) AS text
  FROM t.fn AS f JOIN t.granted AS g ON g.name = f.proname JOIN t.login AS l ON position(l.letter IN g.logins) > 0 JOIN pg_proc AS p ON p.oid = f.oid
 WHERE NOT p.prosecdef AND p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql'))
UNION ALL
SELECT a.letter, a.name, a.relname, pg_get_viewdef(a.oid) FROM t.allowed AS a WHERE a.relkind = 'v' AND a.privilege = 'SELECT' AND a.is_allowed AND a.relname <> 'policy_list';
SELECT cmp_ok((SELECT count(DISTINCT object) FROM t.source), '>', 100::bigint, 'there is much to look through');
SELECT is_empty($$ SELECT DISTINCT s.name, s.object, m[1] FROM t.source AS s, regexp_matches(s.text, 'margin_calib\.(\w+)\(', 'g') AS m JOIN t.fn AS f ON f.proname = m[1]
                    WHERE NOT has_function_privilege(s.name, f.oid, 'EXECUTE') AND m[1] NOT IN ('detach', 'refresh', 'schedule_refresh', 'set_instrument', 'set_contract', 'set_asset', 'set_credit_quality', 'stop_enforcing', 'grant_account') -- named by hints
$$, 'functions that are called by what a login may call');
SELECT is_empty($$ SELECT DISTINCT s.name, s.object, m[1] FROM t.source AS s, regexp_matches(s.text, '(?:FROM|JOIN|,) margin_calib\.(\w+)\M(?!\()', 'g') AS m JOIN t.rel AS r ON r.relname = m[1]
                    WHERE NOT has_table_privilege(s.name, r.oid, 'SELECT') $$, 'relations that are read by it');
SELECT is_empty($$ SELECT DISTINCT s.name, s.object, m FROM t.source AS s, regexp_matches(s.text, '(INSERT|UPDATE|DELETE)(?: INTO| FROM)? margin_calib\.(\w+)', 'g') AS m JOIN t.rel AS r ON r.relname = m[2]
                    WHERE NOT has_table_privilege(s.name, r.oid, m[1]) $$, 'relations that are written by it');

-- ---- every function that is granted goes on to its end, with SELECT on the attached tables and nothing else ----
CREATE TABLE t.bars (sym text, ts timestamptz, px double precision);
CREATE TABLE t.book (client text, sym text, qty numeric);
CREATE TABLE t.depth (sym text, ts timestamptz, spread numeric, vol numeric);
CREATE TABLE t.quote (sym text, ts timestamptz, expiry timestamptz, strike float8, kind text, bid float8, ask float8);
INSERT INTO t.quote SELECT 'A', now(), date_trunc('day', now()) + d * interval '1 day', k, 'call', p * 0.99, p * 1.01
  FROM unnest('{30,60}'::int[]) AS d, generate_series(80, 120, 5) AS k, margin_calib.black76_price('call', 100, k, d / 365.0, 0.6) AS p;
INSERT INTO t.quote SELECT sym, ts, expiry, strike, 'put', margin_calib.black76_price('put', 100, strike, 0.1, 0.6) * 0.99, margin_calib.black76_price('put', 100, strike, 0.1, 0.6) * 1.01 FROM t.quote;
INSERT INTO t.quote VALUES ('A', now(), NULL, 100, 'call', 1, 2);
INSERT INTO t.bars SELECT s, date_trunc('day', now()) - i * interval '1 day', 100 * exp(0.03 * sin(i * i + ascii(s)) + 0.001 * i)
  FROM unnest(ARRAY['A', 'B', 'C', 'D']) AS s, generate_series(1, 260) AS i;
INSERT INTO t.book VALUES ('x', 'A', 1), ('x', 'B', -2), ('y', 'B', 3), ('y', 'A', -7), ('z', 'C', 4), ('z', 'NEW', 4), (NULL, 'C', 1);
INSERT INTO t.bars VALUES ('A', now(), -1), (NULL, now(), 1);
INSERT INTO t.depth VALUES ('A', now(), 0.001, 100), ('B', now(), -1, 5);
CREATE TABLE t.balance (client text, asset text, amount numeric);
INSERT INTO t.balance VALUES ('x', 'USD', 1000), ('y', 'A', 2);
GRANT SELECT ON t.bars, t.book, t.depth, t.quote, t.balance TO mc_reader, mc_analyst, mc_approver, mc_engine;
CREATE SCHEMA own AUTHORIZATION mc_engine;
SELECT margin_calib.grant_all_accounts(name) FROM t.login WHERE letter IN ('r', 'a', 'o');
CREATE TABLE t.call (step integer GENERATED ALWAYS AS IDENTITY, logins text, name text, statement text, expected text DEFAULT '00000');
INSERT INTO t.call (logins, name, statement, expected)
SELECT l, n, s, coalesce(e, '00000') FROM (VALUES
    ('a', 'set_policy', $s$ SELECT margin_calib.set_policy('p', based_on => 'crypto_venue', model => 'historical', min_returns => 50, minimum_rate => 0, confidence => 0.95, reason => 'new') $s$, NULL),
    ('e', 'attach_prices', $s$ SELECT margin_calib.attach_prices('t.bars', 'sym', 'ts', 'px', policy => 'p', new_product_policy => NULL, capture => 'watermark') $s$, NULL),
    ('e', 'attach_positions', $s$ SELECT margin_calib.attach_positions('t.book', 'client', 'sym', 'qty', capture => 'watermark') $s$, NULL),
    ('e', 'attach_liquidity', $s$ SELECT margin_calib.attach_liquidity('t.depth', 'sym', 'ts', 'spread', 'vol', capture => 'watermark') $s$, NULL),
    ('e', 'attach_quotes', $s$ SELECT margin_calib.attach_quotes('t.quote', 'sym', 'ts', 'expiry', 'strike', 'kind', 'bid', 'ask', capture => 'watermark') $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('e', 'create_standard_tables', $s$ SELECT margin_calib.create_standard_tables('own');
                                        GRANT USAGE ON SCHEMA own TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA own TO PUBLIC $s$, NULL),
    ('e', 'capture', $s$ INSERT INTO own.candles SELECT 'OWN', now() - i * interval '1 day', 50, 50, 50, 50 + i % 3, 1 FROM generate_series(1, 90) AS i;
                         INSERT INTO own.positions VALUES ('x', 'OWN', 2, 50); DELETE FROM own.candles WHERE ts < now() - interval '80 days' $s$, NULL),
    ('a', 'set_instrument', $s$ SELECT margin_calib.set_instrument('C', currency => 'EUR', reason => 'euro') $s$, NULL),
    ('a', 'set_proxy', $s$ SELECT margin_calib.set_proxy('D', 'A', 1.5, 'young') $s$, NULL),
    ('a', 'set_amount_step', $s$ SELECT margin_calib.set_amount_step('EUR', 0.05, 'coins') $s$, NULL),
    ('a', 'set_tiers', $s$ SELECT margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{1000}', '{20,10}'), 'size') $s$, NULL),
    ('a', 'set_liquidity_policy', $s$ SELECT margin_calib.set_liquidity_policy('A', participation => 0.2, reason => 'thin') $s$, NULL),
    ('a', 'set_peg', $s$ SELECT margin_calib.set_peg('B', instrument => 'A', reason => 'peg') $s$, NULL),
    ('a', 'add_event', $s$ SELECT margin_calib.add_event('vote', now(), now() + interval '1 day', ARRAY['A'], rate => 0.01, reason => 'vote') $s$, NULL),
    ('a', 'set_product_group', $s$ SELECT margin_calib.set_product_group('pair', '{A,B}', lookback => 100, subperiods => 2, reason => 'hedge') $s$, NULL),
    ('e', 'recalibrate', 'CALL margin_calib.recalibrate(commit_batches => false)', NULL),
    ('e', 'calibrate_offsets', $s$ SELECT margin_calib.calibrate_offsets('pair') $s$, NULL),
    ('e', 'backtest_policy', $s$ SELECT margin_calib.backtest_policy('p', '{A,B}') $s$, NULL),
    ('e', 'backtest_policies', $s$ CALL margin_calib.backtest_policies(interval '100 days', 2, '{p}') $s$, NULL),
    ('o', 'set_approval_limits', $s$ SELECT margin_calib.set_approval_limits('p', 0.01, 0.01, '1 hour', 'committee') $s$, NULL),
    ('a', 'set_policy', $s$ SELECT margin_calib.set_policy('p', confidence => 0.999) $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('o', 'approve_proposal', $s$ SELECT margin_calib.approve_proposal((SELECT min(proposal) FROM margin_calib.margin_proposal WHERE state = 'open'), 'seen') $s$, NULL),
    ('o', 'reject_proposal', $s$ SELECT margin_calib.reject_proposal((SELECT min(proposal) FROM margin_calib.margin_proposal WHERE state = 'open'), 'no') $s$, NULL),
    ('a', 'propose_override', $s$ SELECT margin_calib.propose_override('B', 0.5, now() + interval '1 day', 'fork') $s$, NULL),
    ('a', 'withdraw_proposal', $s$ SELECT margin_calib.withdraw_proposal((SELECT max(proposal) FROM margin_calib.margin_proposal WHERE state = 'open'), 'not now') $s$, NULL),
    ('a', 'propose_override', $s$ SELECT margin_calib.propose_override('C', 0.5, now() + interval '1 day', 'fork') $s$, NULL),
    ('o', 'approve_proposal', $s$ SELECT margin_calib.approve_proposal((SELECT max(proposal) FROM margin_calib.margin_proposal WHERE state = 'open')) $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('a', 'set_alert_rule', $s$ SELECT margin_calib.set_alert_rule('high', 'level', 0.0001) $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('ao', 'acknowledge_alert', $s$ SELECT margin_calib.acknowledge_alert((SELECT min(alert) FROM margin_calib.margin_alert WHERE acknowledged_at IS NULL), 'seen') $s$, NULL),
    ('o', 'forget_alerts', $s$ SELECT margin_calib.forget_alerts('1 day') $s$, NULL),
    ('a', 'drop_alert_rule', $s$ SELECT margin_calib.drop_alert_rule('high') $s$, NULL),
    ('raoe', 'health', 'SELECT * FROM margin_calib.health()', NULL),
    ('raoe', 'sees_account', $s$ SELECT margin_calib.sees_account('x') $s$, NULL),
    ('e', 'attach_collateral', $s$ SELECT margin_calib.attach_collateral('t.balance', 'client', 'asset', 'amount', capture => 'watermark') $s$, NULL),
    ('a', 'set_asset', $s$ SELECT margin_calib.set_asset('A', 'A'), margin_calib.set_asset('EUR') $s$, NULL),
    ('a', 'drop_asset', $s$ SELECT margin_calib.drop_asset('EUR') $s$, NULL),
    ('a', 'set_credit_quality', $s$ SELECT margin_calib.set_credit_quality(1, 0.01) $s$, NULL),
    ('a', 'set_wrong_way', $s$ SELECT margin_calib.set_wrong_way('A', 'B', 0.1) $s$, NULL),
    ('a', 'set_peg_stages', $s$ SELECT margin_calib.set_peg_stages('A', '[{"below": 0.9, "haircut": 0.5}]') $s$, NULL),
    ('a', 'add_historical_set', $s$ SELECT margin_calib.add_historical_set('past', '{"A": "A", "*": "A"}', 50) $s$, NULL),
    ('a', 'add_macro_set', $s$ SELECT margin_calib.add_macro_set('macro', '[{"label": "fall", "price_shock": -0.3}]', '{"A": "A"}', 'B', 50) $s$, NULL),
    ('a', 'add_correlation_set', $s$ SELECT margin_calib.add_correlation_set('broken', '{"A": "A", "B": "B"}', lookback => 50) $s$, NULL),
    ('a', 'set_margin_model', $s$ SELECT margin_calib.set_margin_model('x', 'past') $s$, NULL),
    ('a', 'set_account_tiers', $s$ SELECT margin_calib.set_account_tiers('[{"tier": "watch", "margin": "maintenance", "below": 1.5}]') $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('e', 'rebuild_scenario_sets', 'SELECT margin_calib.rebuild_scenario_sets()', NULL),
    ('raoe', 'rebuilt_scenario_set', $s$ SELECT margin_calib.rebuilt_scenario_set('past') $s$, NULL),
    ('raoe', 'macro_scenarios', $s$ SELECT margin_calib.macro_scenarios('[{"label": "fall", "price_shock": -0.3}]', '{"A": 1}') $s$, NULL),
    ('raoe', 'correlation_scenarios', $s$ SELECT margin_calib.correlation_scenarios('{A,B}', '{0.1,0.2}') $s$, NULL),
    ('raoe', 'depeg_scenarios', $s$ SELECT margin_calib.depeg_scenarios('USDT') $s$, NULL),
    ('raoe', 'settlement_hedges', $s$ SELECT count(*) FROM margin_calib.settlement_hedges('{A,B}', '{1,-1}') $s$, NULL),
    ('raoe', 'standard_tiers', $s$ SELECT margin_calib.standard_tiers('okx_mr9') $s$, NULL),
    ('raoe', 'portfolio_margin_all', $s$ SELECT count(*) FROM margin_calib.portfolio_margin_all('SELECT client AS account, sym AS instrument, qty AS quantity FROM t.book WHERE client = ''x''', 'SELECT instrument, vector FROM margin_calib.instrument_risk') $s$, NULL),
    ('raoe', 'asset_prices', $s$ SELECT count(*) FROM margin_calib.asset_prices('{A,USD}', 'USD', true, now()) $s$, NULL),
    ('raoe', 'collateral_of', $s$ SELECT count(*) FROM margin_calib.collateral_of('{x,y}', true, now()) $s$, NULL),
    ('raoe', 'collateral_use', $s$ SELECT count(*) FROM margin_calib.collateral_use('x', 100) $s$, NULL),
    ('raoe', 'allocate_collateral', $s$ SELECT count(*) FROM margin_calib.allocate_collateral('x', ARRAY[ROW('here', 100)::margin_calib.collateral_demand]) $s$, NULL),
    ('raoe', 'pending_collateral', 'SELECT count(*) FROM margin_calib.pending_collateral()', NULL),
    ('raoe', 'pending_states', 'SELECT count(*) FROM margin_calib.pending_states()', NULL),
    ('raoe', 'account_tier_of', 'SELECT margin_calib.account_tier_of(1, 2, 1)', NULL),
    ('raoe', 'account_now', $s$ SELECT count(*) FROM margin_calib.account_now('x') $s$, NULL),
    ('raoe', 'what_if', $s$ SELECT count(*) FROM margin_calib.what_if('x', '[{"instrument": "A", "quantity": 1}]', '{"hedges": ["B"]}') $s$, NULL),
    ('raoe', 'check_order', $s$ SELECT margin_calib.check_order('x', 'A', -1) $s$, NULL),
    ('raoe', 'stress_test', $s$ SELECT count(*) FROM margin_calib.stress_test('paradex') $s$, NULL),
    ('raoe', 'stress_accounts', $s$ SELECT count(*) FROM margin_calib.stress_accounts('paradex', '{x}') $s$, NULL),
    ('raoe', 'reverse_stress_test', $s$ SELECT margin_calib.reverse_stress_test('{y}', lookback => 50) $s$, NULL),
    ('raoe', 'liquidation_prices', $s$ SELECT count(*) FROM margin_calib.liquidation_prices('x') $s$, NULL),
    ('e', 'enforce_margin', $s$ SELECT margin_calib.enforce_margin('own.positions') $s$, NULL),
    ('e', 'stop_enforcing', $s$ SELECT margin_calib.stop_enforcing('own.positions') $s$, NULL),
    ('e', 'forget_account_history', $s$ SELECT margin_calib.forget_account_history('1 day') $s$, NULL),
    ('a', 'drop_margin_model', $s$ SELECT margin_calib.drop_margin_model('x') $s$, NULL),
    ('raoe', 'explain_margin', $s$ SELECT count(*) FROM margin_calib.explain_margin('A') $s$, NULL),
    ('raoe', 'explain_margin_text', $s$ SELECT margin_calib.explain_margin_text('A') $s$, NULL),
    ('raoe', 'explain_requirement', $s$ SELECT count(*) FROM margin_calib.explain_requirement('x') $s$, NULL),
    ('raoe', 'scenario_pnl', $s$ SELECT margin_calib.scenario_pnl('A', 'paradex') $s$, NULL),
    ('raoe', 'explain_margin_account', $s$ SELECT count(*) FROM margin_calib.explain_margin_account('x') $s$, NULL),
    ('raoe', 'explain_margin_account_text', $s$ SELECT margin_calib.explain_margin_account_text('x') $s$, NULL),
    ('raoe', 'explain_requirement_text', $s$ SELECT margin_calib.explain_requirement_text('x') $s$, NULL),
    ('raoe', 'verify', 'SELECT count(*) FROM margin_calib.verify()', NULL),
    ('aoe', 'replay', 'SELECT count(*) FROM margin_calib.replay((SELECT min(run) FROM margin_calib.parameter))', NULL),
    ('aoe', 'changed_inputs', 'SELECT count(*) FROM margin_calib.changed_inputs((SELECT min(run) FROM margin_calib.parameter))', NULL),
    ('aoe', 'verify_audit', $s$ SELECT count(*) FROM margin_calib.verify_audit() $s$, NULL),
    ('aoe', 'audit_hash', $s$ SELECT margin_calib.audit_hash(a) FROM margin_calib.audit AS a $s$, NULL),
    ('raoe', 'policy', $s$ SELECT margin_calib.policy('p') $s$, NULL),
    ('raoe', 'candidate_policy', $s$ SELECT margin_calib.candidate_policy('wider', 'p', '{"buffer": 0.1}') $s$, NULL),
    ('raoe', 'calibrate_all', $s$ SELECT count(*) FROM margin_calib.calibrate_all('t.clean', margin_calib.policy('p'), 'sym', 'ts', 'px') $s$, NULL),
    ('raoe', 'backtest_path', $s$ SELECT count(*) FROM margin_calib.backtest_path('t.clean', margin_calib.policy('p'), 'sym', 'ts', 'px') $s$, NULL),
    ('raoe', 'compare_policies', $s$ SELECT count(*) FROM margin_calib.compare_policies('t.clean', ARRAY['p', 'new_product'], 'sym', 'ts', 'px') $s$, NULL),
    ('raoe', 'compare_policies', $s$ SELECT count(*) FROM margin_calib.compare_policies('t.clean', ARRAY[margin_calib.policy('p')], 'sym', 'ts', 'px') $s$, NULL),
    ('raoe', 'borrowed_prices', $s$ SELECT count(*) FROM margin_calib.borrowed_prices('t.clean', 'sym', 'ts', 'px', 'D', 'A', 1.5) $s$, NULL),
    ('raoe', 'policy_scores', $s$ SELECT count(*) FROM margin_calib.policy_scores() $s$, NULL),
    ('raoe', 'forecast_export', $s$ SELECT count(*) FROM margin_calib.forecast_export(1) $s$, NULL),
    ('raoe', 'backtest_zone', $s$ SELECT margin_calib.backtest_zone(1) $s$, NULL),
    ('raoe', 'requirement_now', $s$ SELECT * FROM unnest('{x,y,z}'::text[]) AS a, margin_calib.requirement_now(a) $s$, NULL),
    ('raoe', 'parameter_as_of', $s$ SELECT count(*) FROM margin_calib.parameter_as_of(now()) $s$, NULL),
    ('raoe', 'pending_accounts', $s$ SELECT count(*) FROM margin_calib.pending_accounts() $s$, NULL),
    ('raoe', 'pending_instruments', $s$ SELECT count(*) FROM margin_calib.pending_instruments() $s$, NULL),
    ('raoe', 'pending_add_ons', $s$ SELECT count(*) FROM margin_calib.pending_add_ons() $s$, NULL),
    ('raoe', 'position_notional', $s$ SELECT margin_calib.position_notional('linear', 1, 1, 1) $s$, NULL),
    ('raoe', 'round_up', $s$ SELECT margin_calib.round_up(1.01, 0.1) $s$, NULL),
    ('raoe', 'round_down', $s$ SELECT margin_calib.round_down(1.01, 0.1) $s$, NULL),
    ('raoe', 'surface_at', $s$ SELECT margin_calib.surface_at('A') $s$, NULL),
    ('raoe', 'surface_now', $s$ SELECT margin_calib.surface_now('A') $s$, NULL),
    ('raoe', 'surface_vol', $s$ SELECT margin_calib.surface_vol('A', now() + interval '40 days', 100) $s$, NULL),
    ('raoe', 'surface_svg', $s$ SELECT margin_calib.surface_svg('A') $s$, NULL),
    ('raoe', 'pending_underlyings', 'SELECT count(*) FROM margin_calib.pending_underlyings()', NULL),
    ('e', 'forget_surfaces', $s$ SELECT margin_calib.forget_surfaces('1 year') $s$, NULL),
    ('a', 'set_contract', $s$ SELECT margin_calib.set_contract(margin_calib.parse_symbol('BTC-PERPETUAL', 'deribit'), 'listing') $s$, NULL),
    ('a', 'set_contracts', $s$ SELECT margin_calib.set_contracts('{BTC-27JUN36-80000-C}', 'deribit', 'listing') $s$, NULL),
    ('raoe', 'contract_of', $s$ SELECT margin_calib.contract_of('BTC-PERPETUAL') $s$, NULL),
    ('a', 'add_scenario_set', $s$ SELECT margin_calib.add_scenario_set('mine', '[{"price_shock": -0.1}]', reason => 'ours') $s$, NULL),
    ('raoe', 'scenario_set', $s$ SELECT margin_calib.scenario_set('mine') $s$, NULL),
    ('a', 'drop_scenario_set', $s$ SELECT margin_calib.drop_scenario_set('mine', 'no more') $s$, NULL),
    ('a', 'drop_contract', $s$ SELECT margin_calib.drop_contract('BTC-PERPETUAL', 'delisted') $s$, NULL),
    ('raoe', 'staleness', $s$ SELECT margin_calib.staleness(NULL, now(), true) $s$, NULL),
    ('ao', 'end_override', $s$ SELECT margin_calib.end_override('C', 'over') $s$, NULL),
    ('a', 'cancel_event', $s$ SELECT margin_calib.cancel_event((SELECT max(id) FROM margin_calib.margin_event), 'off') $s$, NULL),
    ('a', 'drop_product_group', $s$ SELECT margin_calib.drop_product_group('pair', 'off') $s$, NULL),
    ('e', 'drop_backtest', $s$ SELECT margin_calib.drop_backtest(1) $s$, NULL),
    ('e', 'schedule_refresh', 'SELECT margin_calib.schedule_refresh()', '55000'),
    ('e', 'schedule_recalibration', 'SELECT margin_calib.schedule_recalibration()', '55000'),
    ('e', 'schedule_backtest', 'SELECT margin_calib.schedule_backtest()', '55000'),
    ('e', 'unschedule', 'SELECT margin_calib.unschedule()', NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL),
    ('e', 'detach', $s$ SELECT margin_calib.detach('own.candles'), margin_calib.detach('own.positions'), margin_calib.detach('t.depth') $s$, NULL),
    ('e', 'refresh', 'CALL margin_calib.refresh(commit_batches => false)', NULL)) AS c (l, n, s, e);
CREATE VIEW t.clean AS SELECT * FROM t.bars WHERE px > 0 AND sym IS NOT NULL;
GRANT SELECT ON t.clean TO mc_reader, mc_analyst, mc_approver, mc_engine;
SELECT is_empty($$ SELECT f.signature, l.letter FROM t.fn AS f JOIN t.granted AS g ON g.name = f.proname CROSS JOIN t.login AS l
                    WHERE NOT f.is_internal AND position(l.letter IN g.logins) > 0
                      AND NOT EXISTS (SELECT FROM t.call AS c WHERE c.name = f.proname AND position(l.letter IN c.logins) > 0) $$, 'every function that is granted is called below');
CREATE TABLE t.answer (step integer, letter text, name text, statement text, expected text, state text);
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT k.*, l.letter, l.name AS login FROM t.call AS k JOIN t.login AS l ON position(l.letter IN k.logins) > 0 ORDER BY k.step, l.letter LOOP
        -- what two may do is undone for the first of them
        INSERT INTO t.answer SELECT c.step, c.letter, c.name, c.statement, c.expected, t.try(c.login, c.statement, length(c.logins) > 1 AND c.letter <> right(c.logins, 1));
    END LOOP;
END $$;
SELECT is_empty('SELECT letter, statement, state FROM t.answer WHERE left(state, 5) <> expected ORDER BY step', 'and goes on to its end');
SELECT cmp_ok((SELECT count(*) FROM margin_calib.margin_requirement WHERE initial_margin > 0), '>=', 3::bigint, 'with accounts that owe');
SELECT cmp_ok((SELECT count(*) FROM margin_calib.quarantine), '>=', 4::bigint, 'rows in quarantine');
SELECT cmp_ok((SELECT count(*) FROM margin_calib.audit), '>=', 20::bigint, 'and a trail');
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'that fits');
SELECT is_empty($$ SELECT a.login, a.kind, count(*) FROM margin_calib.audit AS a WHERE a.kind <> 'rights' AND a.kind <> 'account_grant' AND a.login NOT LIKE 'mc\_%' GROUP BY 1, 2 $$,
                'which names the login, not the owner of the functions');
SELECT results_eq($$ SELECT DISTINCT kind, login::text FROM margin_calib.audit WHERE kind IN ('policy', 'approval_limit', 'feed', 'tiers') ORDER BY 1 $$,
                  $$ VALUES ('approval_limit', 'mc_approver'), ('feed', 'mc_engine'), ('policy', 'mc_analyst'), ('tiers', 'mc_analyst') $$, 'the one who did it');

SELECT is_empty($$ SELECT * FROM (SELECT a.name, a.relname, t.try(a.name, t.statement(a.relname, 'SELECT'), true) AS state FROM t.allowed AS a
                      WHERE a.privilege = 'SELECT' AND a.is_allowed) AS x WHERE state <> '00000' $$, 'what may be read is read, views with all that is behind them');

-- without SELECT on an attached table the rights on the engine are of no use
REVOKE SELECT ON t.book FROM mc_reader, mc_engine;
SELECT is(t.try('mc_reader', $$ SELECT * FROM margin_calib.requirement_now('x') $$), '42501', 'the engine reads nothing for a reader');
SELECT is(t.try('mc_engine', 'CALL margin_calib.refresh(commit_batches => false)'), '42501', 'nor for the engine''s role');
GRANT SELECT ON t.book TO mc_reader, mc_engine;

-- ---- accounts: a role sees those that it was granted, whichever way it looks ----
-- the account hush is in everything that names accounts; its rows come from the engine, alerts from here
CREATE TABLE t.more (client text, sym text, qty numeric);
SELECT margin_calib.attach_positions('t.more', 'client', 'sym', 'qty');
INSERT INTO t.more VALUES ('overt', 'A', 20), ('overt', 'B', -10), ('overt', 'B', 'NaN'), ('hush', 'A', 50), ('hush', 'B', -30), ('hush', 'NEW', 1), ('hush', 'A', 'NaN'), (repeat('hush', 200), 'A', NULL);
INSERT INTO t.balance VALUES ('overt', 'USD', 5), ('hush', 'USD', 5);
SELECT margin_calib.set_margin_model('hush', 'paradex'), margin_calib.set_margin_model('overt', 'paradex'), margin_calib.guard_account('hush'), margin_calib.guard_account('overt');
SELECT margin_calib.set_product_group('pair', '{A,B}', lookback => 100, subperiods => 2);
SELECT margin_calib.set_policy('p', confidence => 0.9);
CALL margin_calib.refresh(commit_batches => false);
SELECT margin_calib.set_policy('p', confidence => 0.98);
CALL margin_calib.refresh(commit_batches => false);
INSERT INTO margin_calib.alert (kind, account, message) SELECT 'call', a, a || ' owes' FROM unnest('{overt,hush}'::text[]) AS a;
UPDATE t.more SET qty = qty + 1 WHERE client IN ('overt', 'hush') AND qty <> 'NaN';
SELECT margin_calib.set_amount_step('USD', 0.02); -- queues accounts by name
CREATE ROLE mc_desk LOGIN; CREATE ROLE mc_blind LOGIN; CREATE ROLE mc_ana2 LOGIN; CREATE ROLE mc_app2 LOGIN; CREATE ROLE mc_readers NOLOGIN;
SELECT margin_calib.grant_rights('mc_readers', 'reader'), margin_calib.grant_rights('mc_desk', 'reader'), margin_calib.grant_rights('mc_blind', 'reader'),
       margin_calib.grant_rights('mc_ana2', 'analyst'), margin_calib.grant_rights('mc_app2', 'approver'),
       margin_calib.grant_account('overt', 'mc_desk'), margin_calib.grant_account('hush', 'mc_readers');
-- the value of a query, run as a login
CREATE FUNCTION t.value(login name, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', login);
    EXECUTE query INTO result;
    RESET SESSION AUTHORIZATION;
    RETURN result;
END $$;
REVOKE ALL ON FUNCTION t.value FROM PUBLIC;
CREATE FUNCTION t.with_name(relation text, name text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT count(*) FROM %s AS r WHERE r::text LIKE %L', relation, '%' || name || '%') $$;
CREATE TABLE t.secret AS SELECT c.relname, format('margin_calib.%I', c.relname) AS relation FROM t.rel AS c
 WHERE t.value('postgres', t.with_name(format('margin_calib.%I', c.relname), 'hush'))::bigint > 0;
SELECT is_empty($$ SELECT a.attrelid::regclass FROM pg_attribute AS a JOIN t.rel AS c ON c.oid = a.attrelid WHERE a.attname = 'account'
                    EXCEPT SELECT relation::regclass FROM t.secret $$, 'the account is in every relation with a column for it');
SELECT is((SELECT string_agg(relname, ',' ORDER BY relname) FROM t.secret),
          'account_collateral,account_grant,account_guard,account_history,account_offset,account_position,account_state,alert,audit,capture_queue,governed_row,'
          'liquidation_queue,margin_account,margin_account_history,margin_account_offset,margin_alert,margin_call,margin_collateral,margin_model,margin_position,'
          'margin_proposal_impact,margin_requirement,portfolio_margin_requirement,portfolio_requirement,proposal_impact,quarantine,requirement', 'and in these, as a superuser sees');
CREATE TABLE t.seen AS
    SELECT l.name, a.relname, t.value(l.name, t.with_name(format('margin_calib.%I', a.relname), 'hush'))::bigint AS hush,
           t.value(l.name, t.with_name(format('margin_calib.%I', a.relname), 'overt'))::bigint AS overt
      FROM unnest('{mc_desk,mc_blind,mc_ana2,mc_app2}'::name[]) AS l (name) JOIN t.rel AS a ON has_table_privilege(l.name, a.oid, 'SELECT');
SELECT is_empty('SELECT * FROM t.seen WHERE hush > 0', 'nobody else sees it, in whatever relation, row or document');
SELECT is_empty($$ SELECT relname FROM t.secret WHERE relname NOT IN ('audit', 'governed_row') EXCEPT SELECT relname FROM t.seen WHERE name = 'mc_desk' AND overt > 0 $$,
                'who was granted another account sees that one in all of them');
SELECT is_empty($$ SELECT * FROM t.seen WHERE name <> 'mc_desk' AND overt > 0 $$, 'and others not even that one');
SELECT cmp_ok((SELECT count(*) FROM t.seen), '>', 150::bigint, 'so many relations were looked into');
SELECT is(t.value('mc_desk', 'SELECT accounts FROM margin_calib.refresh_status'), '1', 'what is counted is what is seen');
SELECT is(t.value('mc_desk', 'SELECT quarantined_rows FROM margin_calib.refresh_status')::bigint,
          (SELECT count(*) FROM margin_calib.quarantine AS q LEFT JOIN margin_calib.feed AS f ON f.id = q.feed
            WHERE q.resolved_at IS NULL AND (q.account = 'overt' OR q.account IS NULL AND f.kind = 'prices')), 'of bad rows as well');
-- functions: all that return rows or texts and can be called with what the login knows
SELECT is_empty($$ SELECT l, c.statement FROM t.call AS c, unnest('{mc_desk,mc_blind}'::name[]) AS l WHERE c.logins = 'raoe' AND c.name LIKE ANY ('{pending%,policy_scores,forecast_export,parameter_as_of}')
                      AND t.value(l, format('SELECT string_agg(r::text, '' '') FROM (%s) AS r', replace(c.statement, 'count(*)', '*'))) LIKE '%hush%' $$, 'nor in what a function returns');
SELECT is(t.value('mc_desk', 'SELECT string_agg(DISTINCT a, '','') FROM margin_calib.pending_accounts() AS a'), 'overt', 'pending_accounts() names the granted one');
SELECT is(t.try('mc_desk', $$ SELECT * FROM margin_calib.requirement_now('hush') $$), '42501', 'requirement_now needs the attached table');
-- a function of the reader's own, cheaper than any other, that tells what it was given
CREATE TABLE t.leaked (text text);
GRANT INSERT ON t.leaked TO mc_desk;
GRANT CREATE ON SCHEMA t TO mc_desk;
SET LOCAL SESSION AUTHORIZATION mc_desk;
CREATE FUNCTION t.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN INSERT INTO t.leaked VALUES ($1); RETURN true; END $$;
RESET SESSION AUTHORIZATION;
SELECT lives_ok($$ SELECT t.value('mc_desk', format('SELECT count(*) FROM margin_calib.%I AS r WHERE t.leak(r::text) AND r::text <> ''''', s.relname)) FROM t.secret AS s
                    WHERE s.relname NOT IN ('audit', 'governed_row') $$, 'a function that tells what it is given, before every row');
SELECT is_empty($$ SELECT text FROM t.leaked WHERE text LIKE '%hush%' $$, 'is given no row of others');
SELECT isnt_empty($$ SELECT text FROM t.leaked WHERE text LIKE '%overt%' $$, 'but those of its own');
ANALYZE margin_calib.requirement, margin_calib.account_position, margin_calib.capture_queue;
SELECT isnt_empty($$ SELECT FROM pg_stats WHERE schemaname = 'margin_calib' AND tablename = 'requirement' AND histogram_bounds::text || coalesce(most_common_vals::text, '') LIKE '%hush%' $$, 'statistics know the account');
SELECT is(t.value('mc_desk', $$ SELECT count(*) FROM pg_stats WHERE schemaname = 'margin_calib' AND tablename IN ('requirement', 'account_position', 'capture_queue') $$), '0', 'and show it to nobody');
SELECT is(t.try('mc_desk', $$ SET LOCAL row_security = off; SELECT * FROM margin_calib.margin_requirement $$), '42501', 'row security is not switched off');

-- who is a member, and how
CREATE FUNCTION t.accounts_of(login name) RETURNS text LANGUAGE sql AS $$
    SELECT t.value($1, 'SELECT string_agg(DISTINCT account, '','' ORDER BY account) FROM margin_calib.requirement WHERE account IN (''overt'', ''hush'')') $$;
CREATE ROLE mc_in LOGIN IN ROLE mc_readers; CREATE ROLE mc_out LOGIN NOINHERIT IN ROLE mc_readers; CREATE ROLE mc_deep LOGIN IN ROLE mc_in;
SELECT is(t.accounts_of('mc_in'), 'hush', 'a member sees the accounts of its group');
SELECT is(t.accounts_of('mc_deep'), 'hush', 'also of a group of groups');
SELECT is(t.try('mc_out', 'SELECT * FROM margin_calib.requirement'), '42501', 'a member that does not inherit has no right');
SELECT margin_calib.grant_rights('mc_out', 'reader');
SELECT is(t.accounts_of('mc_out'), NULL, 'nor, with rights of its own, the accounts of the group');
SELECT is(t.value('mc_out', 'SELECT count(*) FROM margin_calib.account_grant'), '0', 'or its grants');
SELECT is(t.value('mc_in', 'SELECT string_agg(role || '':'' || account, '','') FROM margin_calib.account_grant'), 'mc_readers:hush', 'who does sees them');
SET LOCAL SESSION AUTHORIZATION mc_out;
SET LOCAL ROLE mc_readers;
SELECT set_config('t.accounts', string_agg(DISTINCT account, ',') FILTER (WHERE account IN ('overt', 'hush')), true) FROM margin_calib.requirement;
RESET SESSION AUTHORIZATION;
RESET ROLE;
SELECT is(current_setting('t.accounts'), 'hush', 'until it sets that role');
REVOKE mc_readers FROM mc_in;
SELECT is(t.try('mc_in', 'SELECT * FROM margin_calib.requirement'), '42501', 'membership ends, and so does sight');
GRANT mc_readers TO mc_in;
SELECT margin_calib.grant_account('overt', 'mc_in', 'his own');
SELECT is(t.accounts_of('mc_in'), 'hush,overt', 'accounts add up');
SELECT margin_calib.revoke_account('hush', 'mc_readers', 'closed');
SELECT is(t.accounts_of('mc_in'), 'overt', 'and are taken back one by one');
SELECT margin_calib.grant_all_accounts('mc_readers'), margin_calib.revoke_account('hush', 'mc_readers');
SELECT is(t.accounts_of('mc_in'), 'hush,overt', 'every account includes each');
SELECT margin_calib.revoke_all_accounts('mc_readers'), margin_calib.grant_account('to come', 'mc_desk');
SELECT is(t.accounts_of('mc_in'), 'overt', 'until all are taken back');
INSERT INTO t.more VALUES ('to come', 'A', 1);
CALL margin_calib.refresh(commit_batches => false);
SELECT is(t.value('mc_desk', 'SELECT string_agg(DISTINCT account, '','' ORDER BY account) FROM margin_calib.requirement'), 'overt,to come', 'an account may be granted before it exists');

-- a name is not a role: mc_in has rights of its own in nothing but accounts
SELECT throws_ok('DROP ROLE mc_in', '2BP01', NULL, 'a role that was granted accounts is not dropped with them');
REVOKE mc_in FROM mc_deep;
ALTER ROLE mc_in RENAME TO mc_once;
CREATE ROLE mc_in LOGIN IN ROLE mc_readers;
SELECT is(t.accounts_of('mc_in'), NULL, 'another role that gets the name of one has nothing of it');
SELECT is(t.accounts_of('mc_once'), NULL, 'and one that is renamed waits for its accounts');
SELECT margin_calib.grant_account('hush', 'mc_in');
SELECT is(t.accounts_of('mc_in'), 'hush', 'what it is granted itself it has, and what the other left is gone');
SELECT margin_calib.grant_account('overt', 'mc_once');
SELECT is(t.accounts_of('mc_once'), 'overt', 'the renamed one is granted its accounts anew');
SELECT margin_calib.revoke_rights('mc_once');
SELECT lives_ok('DROP ROLE mc_once', 'without rights a role goes');
DROP OWNED BY mc_in;
DROP ROLE mc_in;
CREATE ROLE mc_in LOGIN IN ROLE mc_readers;
SELECT is(t.accounts_of('mc_in'), NULL, 'one that was dropped with all that it had leaves nothing to its name');
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'and all of it is in the trail');
SELECT throws_ok($$ SELECT margin_calib.grant_account('x', 'mc_no_such_role') $$, '42704');
SELECT throws_ok($$ SELECT margin_calib.grant_account(NULL, 'mc_desk') $$, '22004');
SELECT throws_ok($$ SELECT margin_calib.grant_rights('mc_desk', 'owner') $$, '22023');
-- what is tampered with is told without the account
UPDATE margin_calib.account_grant SET granted_by = 'nobody' WHERE role = 'mc_desk' AND account = 'overt';
SELECT is(t.value('mc_ana2', 'SELECT object FROM margin_calib.verify_audit()'), 'mc_desk', 'verify_audit tells of a grant the role alone');

SELECT margin_calib.detach('t.more');
SELECT is(t.value('mc_desk', $$ SELECT count(*) FROM margin_calib.quarantine AS q WHERE q::text LIKE '%hush%' $$), '0', 'bad rows of a feed that is gone stay hidden');

-- rights end
SELECT margin_calib.revoke_rights(name) FROM t.login WHERE letter <> 'n';
SELECT is_empty($$ SELECT l.name, c.oid FROM t.login AS l, t.rel AS c WHERE has_any_column_privilege(l.name, c.oid, 'SELECT, INSERT, UPDATE')
                   UNION ALL SELECT l.name, f.oid FROM t.login AS l, t.fn AS f WHERE NOT f.is_public AND has_function_privilege(l.name, f.oid, 'EXECUTE') $$, 'revoke_rights leaves nothing');
SELECT * FROM finish();
ROLLBACK;
