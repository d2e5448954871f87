-- Rights in four bundles, and who sees which account. What a role may not read in the user's own tables, the
-- engine does not read for it: only what writes the extension's own tables is SECURITY DEFINER.

CREATE OR REPLACE FUNCTION margin_calib.rights_on_functions(rights text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ARRAY['policy', 'check_policy', 'candidate_policy', 'calibrate_margin', 'calibrate_all', 'portfolio_margin_all', 'backtest_path', 'compare_policies', 'score_query', 'policy_scores', 'forecast_export',
                 'backtest_zone', 'requirement_now', 'staleness', 'pending_accounts', 'pending_instruments', 'compute_positions', 'holdings',
                 'market_live', 'calibrate_keys', 'calibrate_with_policy', 'calibrate_or_explain',
                 'calibrate_query', 'calibrate_borrower', 'lender_feed', 'borrowed_path_query', 'borrowed_prices', 'check_proxy_multiplier', 'calibration_problem', 'future_limit', 'keys_that_fit', 'policy_remembers', 'requirements_at', 'round_up',
                 'position_notional', 'feed_column_type', 'feed_key_type', 'feed_ts_expression',
                 'feed_number_expression', 'liquidity_problem', 'liquidity_source', 'liquidity_found', 'liquidity_in_force',
                 'liquidity_live', 'event_state', 'peg_prices', 'has_add_ons', 'add_ons', 'position_charges', 'pending_add_ons',
                 'peg_dependents', 'positions_at', 'round_down', 'significant', 'keys_with_rows', 'group_prices_query', 'evidence_pairs',
                 'evidence_matrix', 'calibrate_group', 'group_is_due', 'offset_live', 'offset_query',
                 'charged_rates', 'parameter_rates', 'calibration_rates', 'relative_change', 'rate_change', 'same_published', 'decide', 'override_state_at',
                 'due_overrides', 'parameter_as_of', 'sees_account',
                 'explain_margin', 'explain_margin_text', 'explain_parameter', 'explain_series', 'explain_model', 'explain_core', 'explain_start',
                 'explain_path', 'explain_rounding', 'explain_in_force', 'explain_latest', 'explain_decisions', 'explained', 'explained_rate', 'explained_sides',
                 'follows', 'path_starts', 'rate_limit', 'published_steps', 'parameters_in_force', 'wrapped', 'explanation_lines',
                 'explain_requirement', 'explain_requirement_text', 'explain_account', 'explain_currency', 'explain_notional', 'explain_size',
                 'explain_size_charges', 'explain_event_charge', 'explain_initial_charges', 'explain_sum', 'explain_position_margin',
                 'explain_offsets', 'explain_total', 'explanation_text', 'account_line', 'component_figure', 'explain_collateral', 'explain_profits', 'explain_rates_model', 'explain_scenario_model', 'explain_account_rows', 'explain_margin_account', 'explain_margin_account_text', 'required', 'added_up', 'account_is_known', 'check_known',
                 'verify', 'verify_feed', 'waiting_keys', 'verify_prices', 'verify_liquidity', 'verify_orphans', 'verify_correlations', 'verify_accounts',
                 'verify_query', 'verify_position_feeds', 'held_instruments', 'accounts_query', 'keys_query', 'batches_query', 'check_verifiable',
                 'row_differences', 'stored_instrument', 'published_instrument', 'feed_problem',
                 'health', 'health_counts', 'cron_state', 'latest_start_allowed',
                 'contract_of', 'scenario_set', 'macro_scenarios', 'check_macro', 'refuse_scenarios', 'correlation_scenarios', 'check_breakdown', 'breakdown_directions', 'depeg_scenarios',
                 'settlement_hedges', 'standard_tiers', 'rebuilt_scenario_set', 'recipe_content', 'historical_content', 'macro_content', 'correlation_content', 'joint_history', 'refuse_history',
                 'history_column', 'history_shocks', 'last_time', 'surface_at', 'surface_vol', 'surface_svg', 'surface_now', 'stored_surface', 'check_underlyings', 'surface_in_force',
                 'surface_found', 'quote_source', 'quote_number_expression', 'quote_kind_expression', 'with_fallbacks', 'fallback_slice',
                 'surface_reason', 'pending_underlyings', 'surface_json', 'verify_surfaces',
                 'holdings_in', 'holdings_of', 'holdings_query', 'position_reason', 'is_held', 'amount_step_of', 'unit_size', 'counted_amount', 'collateral_holdings', 'asset_legs', 'asset_instruments', 'instrument_market', 'asset_leg', 'asset_prices',
                 'peg_stage_at', 'peg_found', 'peg_states', 'wrong_way_found', 'wrong_way_exposures', 'asset_liquidity',
                 'collateral_terms', 'haircut_of', 'collateral_in', 'collateral_of', 'has_collateral', 'collateral_holders', 'pending_collateral',
                 'collateral_use', 'check_allocation', 'allocate_collateral', 'verify_collateral',
                 'models_of', 'require_account', 'instrument_contract', 'surface_forward', 'surfaces_of', 'quoted_vol', 'risk_input', 'risk_inputs', 'risk_inputs_among', 'with_vectors', 'risk_dependents', 'currency_holders',
                 'set_in_force', 'risks_of', 'refuse_instrument', 'scenario_pnl', 'portfolio_charges', 'portfolio_sums', 'portfolio_sums_apart', 'portfolio_requirements', 'positions_of', 'rates_requirements',
                 'unrealised_pnl', 'profit_asset', 'profit_reason', 'portfolio_reason', 'first_reason', 'required_amount', 'position_assets', 'position_sums', 'rates_sums', 'states_in', 'asset_quotes', 'account_states', 'floor_to', 'account_tier_of', 'account_figures', 'pending_states', 'account_now', 'verify_states',
                 'bare_positions', 'stored_collateral', 'trade_collateral', 'collateral_sums', 'trade_sums', 'trade_doubts', 'trade_states', 'trial', 'guard_account', 'trade_cash', 'trades_cash', 'is_trade', 'check_trades', 'traded_holdings', 'trade_trial', 'judge_trades', 'check_order',
                 'what_if', 'are_objects', 'what_if_settings', 'what_if_trades', 'what_if_figures', 'what_if_change', 'best_hedge', 'what_if_hedges', 'what_if_components', 'unknown_keys',
                 'checked_changes', 'refuse', 'usable_trades', 'account_book', 'book_at_start', 'judge_command', 'check_command', 'check_margin', 'undiscounted', 'plain_scenarios', 'asset_moves', 'asset_contract', 'asset_pnl', 'stress_positions',
                 'stress_losses', 'stress_test', 'stress_accounts', 'reverse_stress_test', 'moved_market', 'single_scenario', 'equity_on_moves', 'nearest_move',
                 'scaled_scenario', 'scenario_multiple', 'liquidation_prices']
           || CASE WHEN rights <> 'reader' THEN
                 ARRAY['verify_audit', 'audit_hash', 'governed_parameter', 'replay', 'changed_inputs', 'replay_parameter', 'replay_query', 'replay_changes', 'parameter_calibration', 'check_run'] ELSE '{}' END
           || CASE rights
              WHEN 'analyst' THEN
                 ARRAY['set_policy', 'set_instrument', 'set_proxy', 'set_amount_step', 'set_tiers', 'set_liquidity_policy', 'set_peg',
                       'add_event', 'cancel_event', 'set_product_group', 'drop_product_group', 'propose_override', 'end_override',
                       'withdraw_proposal', 'set_alert_rule', 'drop_alert_rule', 'acknowledge_alert', 'set_contract', 'set_contracts', 'drop_contract',
                       'add_scenario_set', 'drop_scenario_set', 'add_historical_set', 'add_macro_set', 'add_correlation_set', 'add_recipe', 'check_recipe', 'store_recipe',
                       'set_asset', 'drop_asset', 'set_credit_quality', 'set_wrong_way', 'set_peg_stages', 'set_margin_model', 'drop_margin_model', 'set_account_tiers']
              WHEN 'approver' THEN
                 ARRAY['approve_proposal', 'reject_proposal', 'set_approval_limits', 'end_override', 'acknowledge_alert', 'forget_alerts']
              WHEN 'engine' THEN
                 ARRAY['refresh', 'recalibrate', 'refresh_begin', 'refresh_batch', 'refresh_end', 'log_run', 'log_batch',
                       'refresh_prices', 'refresh_accounts', 'take_queue', 'take_batch', 'expand_everything', 'register_instruments', 'settle_instruments',
                       'publish', 'store_accounts', 'next_reading', 'note_input_changes', 'day_digests', 'note_days', 'short_digest', 'queue_borrowers', 'queue_keys',
                       'queue_instruments', 'sync_feeds', 'sync_partition', 'sync_watermark', 'set_watermark',
                       'feed_changed', 'quarantine_rows', 'quarantine_prices', 'quarantine_positions', 'quarantine_accounts', 'lock_engine', 'raise_alert',
                       'commit_is_possible', 'capture', 'add_capture', 'remove_capture', 'start_capture', 'connect_feed', 'claim_engine', 'await_engine',
                       'record_feed', 'audit_feed', 'forget_feed',
                       'check_attachable', 'attach_prices', 'attach_holdings', 'attach_positions', 'attach_liquidity', 'attach_collateral', 'detach',
                       'refresh_haircuts', 'haircuts_found', 'store_pegs', 'store_correlations', 'store_haircuts', 'refresh_collateral', 'store_collateral',
                       'create_standard_tables', 'schedule_job', 'schedule_refresh',
                       'schedule_recalibration', 'schedule_backtest', 'unschedule', 'backtest_policy', 'backtest_policies', 'backtest_one',
                       'drop_backtest', 'policies_in_use', 'refresh_liquidity', 'store_liquidity', 'quarantine_liquidity',
                       'sync_events', 'sync_proposals', 'store_offsets', 'refresh_groups', 'check_group_exists', 'calibrate_offsets',
                       'attach_quotes', 'refresh_surfaces', 'store_surface', 'quarantine_quotes', 'forget_surfaces',
                       'rebuild_scenario_sets', 'store_rebuilt_set', 'store_rebuild_failure',
                       'store_risk', 'use_scenario_set', 'refresh_risk', 'store_states', 'refresh_states', 'forget_account_history', 'enforce_margin', 'add_check', 'stop_enforcing'] ELSE '{}' END;
END;
COMMENT ON FUNCTION margin_calib.rights_on_functions(text) IS
'Internal to grant_rights: names of the functions that go with reader, analyst, approver or engine.';

CREATE OR REPLACE FUNCTION margin_calib.check_role(role name) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the role is NULL';
    ELSIF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role) THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('role %I does not exist', role),
            HINT = format('Write CREATE ROLE %I first.', role);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_role(name) IS
'Internal: error 42704 (22004 for NULL) unless a role exists.';

-- A function, since an upgrade runs this part again and policies cannot be replaced. pg_dump leaves the policies of an
-- extension's tables to its script.
CREATE OR REPLACE FUNCTION margin_calib.enable_row_security() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    every    CONSTANT text := 'EXISTS (SELECT FROM margin_calib.account_grant AS g WHERE g.account IS NULL)';
    granted  CONSTANT text := 'IN (SELECT g.account FROM margin_calib.account_grant AS g WHERE g.account IS NOT NULL)';
    -- rows without an account may still tell of one, also when their feed is gone
    prices   CONSTANT text := 'SELECT f.id FROM margin_calib.feed AS f WHERE f.kind NOT IN (''positions'', ''collateral'')';
    secured  record;
BEGIN
    FOR secured IN
        SELECT * FROM (VALUES
            -- a name alone is not the role: another may have it later
            ('account_grant', 'role IN (SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_attribute AS a '
                              'CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS x JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee '
                              'AND pg_catalog.pg_has_role(r.oid, ''USAGE'') '
                              'WHERE a.attrelid = ''margin_calib.account_grant''::pg_catalog.regclass AND a.attname = ''role'')'),
            ('account_position', format('%s OR account %s', every, granted)),
            ('requirement', format('%s OR account %s', every, granted)),
            ('portfolio_requirement', format('%s OR account %s', every, granted)),
            ('account_state', format('%s OR account %s', every, granted)),
            ('account_history', format('%s OR account %s', every, granted)),
            ('margin_model', format('account IS NULL OR %s OR account %s', every, granted)),
            ('account_guard', format('%s OR account %s', every, granted)),
            ('account_offset', format('%s OR account %s', every, granted)),
            ('account_collateral', format('%s OR account %s', every, granted)),
            ('proposal_impact', format('%s OR account %s', every, granted)),
            ('quarantine', format('%s OR (account IS NULL AND feed IN (%s)) OR account %s', every, prices, granted)),
            ('alert', format('account IS NULL OR %s OR account %s', every, granted)),
            ('capture_queue', format('%s OR key IS NULL OR feed = 0 OR feed IN (%s) OR key %s', every, prices, granted)),
            ('audit', format('kind NOT IN (''account_grant'', ''margin_model'') OR %s', every))) AS t (name, visible) LOOP
        EXECUTE format('DROP POLICY IF EXISTS account_access ON margin_calib.%I', secured.name);
        EXECUTE format('CREATE POLICY account_access ON margin_calib.%I USING (%s)', secured.name, secured.visible);
        EXECUTE format('ALTER TABLE margin_calib.%I ENABLE ROW LEVEL SECURITY', secured.name);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.enable_row_security() IS
'Internal: row-level security on everything that names an account: a role sees the accounts that were granted to it or to a role whose rights it has, and rows without an account.';

SELECT margin_calib.enable_row_security();

CREATE OR REPLACE FUNCTION margin_calib.grant_rights(role name, rights text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    routine regprocedure;
BEGIN
    IF rights IS NULL OR rights NOT IN ('reader', 'analyst', 'approver', 'engine') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'rights are ''reader'', ''analyst'', ''approver'' or ''engine'', granted to a role',
            DETAIL = format('The role given is %s, the rights are %s.', coalesce(quote_ident(role), 'NULL'),
                            coalesce(quote_literal(rights), 'NULL'));
    END IF;
    -- the lock first: two grants at once would change the same rows of the catalogue
    PERFORM margin_calib.check_role(role), margin_calib.lock_engine();
    EXECUTE format('GRANT USAGE ON SCHEMA margin_calib TO %I', role);
    EXECUTE format('GRANT SELECT ON %s TO %I', (
        SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class AS c
         WHERE c.relnamespace = 'margin_calib'::regnamespace AND c.relkind IN ('r', 'v')
           -- policies are read through policy_list; neither the trail nor changed prices are every dashboard's
           AND c.relname NOT IN ('shipped_policy')
           AND (rights <> 'reader' OR c.relname NOT IN ('audit', 'audit_head', 'governed_row', 'input_change', 'input_day'))), role);
    IF rights = 'engine' THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON margin_calib.captured_relation, margin_calib.policy_backtest, '
                       'margin_calib.policy_forecast TO %I', role);
        EXECUTE format('GRANT INSERT, UPDATE ON margin_calib.quarantine TO %I', role);
        EXECUTE format('GRANT INSERT ON margin_calib.capture_queue TO %I', role);
        PERFORM margin_calib.grant_all_accounts(role, 'engine rights');
    END IF;
    FOR routine IN SELECT p.oid::regprocedure FROM pg_proc AS p
                    WHERE p.pronamespace = 'margin_calib'::regnamespace
                      AND p.proname = ANY (margin_calib.rights_on_functions(rights)) LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, role);
    END LOOP;
    PERFORM margin_calib.record_changes(ARRAY[ROW('grant', 'rights', role::text, NULL, to_jsonb(rights), NULL)::margin_calib.audit_change]);
END
$function$;
COMMENT ON FUNCTION margin_calib.grant_rights(name, text) IS
'Grants a role a set of rights, for a superuser to call. reader: SELECT on the views and what is behind them, requirement_now() and what only reads. analyst: reader, and what sets policies, instruments, tiers, pegs, events and groups, and proposes overrides; approver: reader, and what decides on proposals and sets their limits; engine: reader, attach, refresh, backtest and the schedule, for the role of a pg_cron job, which sees every account. All but reader read the audit trail, and replay. No role writes a table of the governed ones itself. Other accounts are granted by grant_account. What a role may read in the attached tables is granted there; refresh needs SELECT on all of them (to put triggers on new partitions, their owner''s rights). Repeatable, and to be repeated after an upgrade. Errors: 22023, 22004, 42704.';

CREATE OR REPLACE FUNCTION margin_calib.revoke_rights(role name) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.check_role(role), margin_calib.lock_engine();
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA margin_calib FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL ROUTINES IN SCHEMA margin_calib FROM %I', role);
    EXECUTE format('REVOKE ALL ON SCHEMA margin_calib FROM %I', role);
    PERFORM margin_calib.revoke_all_accounts(role, 'rights revoked');
    PERFORM margin_calib.record_changes(ARRAY[ROW('revoke', 'rights', role::text, NULL, NULL, NULL)::margin_calib.audit_change]);
END
$function$;
COMMENT ON FUNCTION margin_calib.revoke_rights(name) IS
'Takes every right in the schema margin_calib, and every account, from a role. What it has through PUBLIC or another role stays. Errors: 22004, 42704.';

-- ---- accounts ----

CREATE OR REPLACE FUNCTION margin_calib.sees_account(account text) RETURNS boolean
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN NOT row_security_active('margin_calib.requirement')
           OR EXISTS (SELECT FROM margin_calib.account_grant AS g WHERE g.account IS NULL OR g.account = sees_account.account);
END
$function$;
COMMENT ON FUNCTION margin_calib.sees_account(text) IS
'Does row-level security let the calling role see an account; NULL: every account?';

-- What is granted belongs to a name. The right to one column, which is of no other use, ties it to the role: DROP ROLE is
-- refused while it has accounts, and a role that got the name later has none of them.
CREATE OR REPLACE FUNCTION margin_calib.is_account_holder(role name) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x JOIN pg_roles AS r ON r.oid = x.grantee
                    WHERE a.attrelid = 'margin_calib.account_grant'::regclass AND a.attname = 'role' AND r.rolname = is_account_holder.role);
END;
COMMENT ON FUNCTION margin_calib.is_account_holder(name) IS
'Internal: has this role, not one of its name before it, been granted accounts?';

CREATE OR REPLACE FUNCTION margin_calib.set_account_grant(account text, role name, granted boolean, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    PERFORM margin_calib.check_role(set_account_grant.role), margin_calib.lock_engine();
    IF granted AND NOT margin_calib.is_account_holder(set_account_grant.role) THEN
        PERFORM margin_calib.set_account_grant(g.account, set_account_grant.role, false, 'it was of another role of this name')
           FROM (SELECT a.account FROM margin_calib.account_grant AS a WHERE a.role = set_account_grant.role ORDER BY a.account) AS g;
        EXECUTE format('GRANT SELECT (role) ON margin_calib.account_grant TO %I', set_account_grant.role);
    END IF;
    PERFORM margin_calib.audit_guard('account_grant', jsonb_build_array(set_account_grant.role, set_account_grant.account)::text);
    IF granted THEN
        INSERT INTO margin_calib.account_grant (account, role) VALUES (set_account_grant.account, set_account_grant.role) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM margin_calib.account_grant AS g
         WHERE g.role = set_account_grant.role AND g.account IS NOT DISTINCT FROM set_account_grant.account;
        IF NOT EXISTS (SELECT FROM margin_calib.account_grant AS g WHERE g.role = set_account_grant.role) THEN
            EXECUTE format('REVOKE SELECT (role) ON margin_calib.account_grant FROM %I', set_account_grant.role);
        END IF;
    END IF;
    PERFORM margin_calib.audit_change('account_grant', jsonb_build_array(set_account_grant.role, set_account_grant.account)::text,
                                      set_account_grant.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_account_grant(text, name, boolean, text) IS
'Internal: grants an account (NULL: every account) to a role, or takes it back.';

CREATE OR REPLACE FUNCTION margin_calib.grant_account(account text, role name, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF account IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the account is NULL',
            HINT = 'Every account: margin_calib.grant_all_accounts(role).';
    END IF;
    PERFORM margin_calib.set_account_grant(account, role, true, reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.grant_account(text, name, text) IS
'Lets a role with reader rights, and every role that has its rights, see an account: its positions, requirement, offsets, alerts and impacts, through every view. An account need not exist yet. What is granted is the role''s and not its name''s: a role is dropped after revoke_rights(role), and one that is renamed is granted its accounts anew. For a superuser, or whom EXECUTE is granted. Errors: 22004, 42704 for an unknown role.';

CREATE OR REPLACE FUNCTION margin_calib.revoke_account(account text, role name, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF account IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the account is NULL',
            HINT = 'Every account: margin_calib.revoke_all_accounts(role).';
    END IF;
    PERFORM margin_calib.set_account_grant(account, role, false, reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.revoke_account(text, name, text) IS
'Takes back what grant_account gave; a role that was granted every account still sees it. Errors: 22004, 42704.';

CREATE OR REPLACE FUNCTION margin_calib.grant_all_accounts(role name, reason text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
BEGIN ATOMIC
    SELECT margin_calib.set_account_grant(NULL, role, true, reason);
END;
COMMENT ON FUNCTION margin_calib.grant_all_accounts(name, text) IS
'Lets a role see every account, those to come included. Errors: 22004, 42704.';

CREATE OR REPLACE FUNCTION margin_calib.revoke_all_accounts(role name, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    -- what another grants until then is taken back as well
    PERFORM margin_calib.check_role(revoke_all_accounts.role), margin_calib.lock_engine();
    PERFORM margin_calib.set_account_grant(g.account, revoke_all_accounts.role, false, revoke_all_accounts.reason)
       FROM (SELECT a.account FROM margin_calib.account_grant AS a WHERE a.role = revoke_all_accounts.role ORDER BY a.account) AS g;
END
$function$;
COMMENT ON FUNCTION margin_calib.revoke_all_accounts(name, text) IS
'Takes every account from a role: those granted one by one, and all of them together. Errors: 22004, 42704.';

REVOKE ALL ON FUNCTION
    margin_calib.rights_on_functions(text), margin_calib.check_role(name), margin_calib.enable_row_security(),
    margin_calib.grant_rights(name, text), margin_calib.revoke_rights(name), margin_calib.is_account_holder(name),
    margin_calib.set_account_grant(text, name, boolean, text),
    margin_calib.sees_account(text), margin_calib.grant_account(text, name, text), margin_calib.revoke_account(text, name, text),
    margin_calib.grant_all_accounts(name, text), margin_calib.revoke_all_accounts(name, text) FROM PUBLIC;
