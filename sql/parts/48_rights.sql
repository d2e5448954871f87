-- Rights in two bundles. Nothing here is SECURITY DEFINER: what a role may not read in the user's own
-- tables, the engine does not show or use for it.

CREATE OR REPLACE FUNCTION margin_calib.rights_on_functions(rights text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ARRAY['policy', 'check_policy', 'candidate_policy', 'calibrate_margin', 'calibrate_all', 'backtest_path', 'compare_policies', 'score_query', 'policy_scores', 'forecast_export',
                 'backtest_zone', 'requirement_now', 'staleness', 'pending_accounts', 'pending_instruments', 'compute_positions', 'holdings',
                 'market_live', 'calibrate_keys', 'calibrate_with_policy', 'calibrate_or_explain',
                 'calibrate_query', 'calibrate_borrower', 'lender_feed', 'borrowed_path_query', 'borrowed_prices', 'check_proxy_multiplier', 'calibration_problem', 'future_limit', 'keys_that_fit', 'policy_remembers', 'requirement_query', 'round_up',
                 'position_notional', 'feed_column_type', 'feed_key_type', 'feed_ts_expression',
                 'feed_number_expression', 'liquidity_problem', 'liquidity_source', 'liquidity_found', 'liquidity_in_force',
                 'liquidity_live', 'event_state', 'peg_prices', 'has_add_ons', 'add_ons', 'position_charges', 'pending_add_ons',
                 'peg_dependents', 'positions_query', 'round_down', 'significant', 'keys_with_rows', 'group_prices_query', 'evidence_pairs',
                 'evidence_matrix', 'calibrate_group', 'group_is_due', 'offset_live', 'offset_query']
           || CASE rights WHEN 'engine' THEN
                 ARRAY['refresh', 'recalibrate', 'refresh_begin', 'refresh_batch', 'refresh_end', 'refresh_prices',
                       'refresh_accounts', 'take_batch', 'expand_everything', 'raise_alerts', 'publish', 'note_borrowing', 'queue_borrowers', 'queue_keys',
                       'queue_instruments', 'sync_feeds', 'sync_partition', 'sync_watermark', 'feed_problem',
                       'feed_changed', 'quarantine_rows', 'quarantine_prices', 'quarantine_positions', 'lock_engine',
                       'commit_is_possible', 'capture', 'add_capture', 'remove_capture', 'start_capture',
                       'check_attachable', 'attach_prices', 'attach_positions', 'detach', 'set_instrument', 'set_proxy', 'check_proxy',
                       'set_amount_step', 'create_standard_tables', 'set_policy', 'schedule_job', 'schedule_refresh',
                       'schedule_recalibration', 'schedule_backtest', 'unschedule', 'backtest_policy', 'backtest_policies', 'backtest_one',
                       'drop_backtest', 'policies_in_use', 'attach_liquidity', 'refresh_liquidity', 'quarantine_liquidity',
                       'forget_liquidity', 'blind_liquidity', 'sync_events', 'check_known', 'queue_add_ons',
                       'set_tiers', 'set_liquidity_policy', 'check_liquidity_policy', 'check_liquidity_horizons', 'set_peg', 'add_event', 'cancel_event',
                       'queue_group_accounts', 'store_offsets', 'refresh_groups', 'check_product_group', 'set_product_group',
                       'check_group_exists', 'drop_product_group', 'calibrate_offsets'] ELSE '{}' END;
END;
COMMENT ON FUNCTION margin_calib.rights_on_functions(text) IS
'Internal to grant_rights: names of the functions that go with reader or engine.';

CREATE OR REPLACE FUNCTION margin_calib.grant_rights(role name, rights text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    routine regprocedure;
BEGIN
    IF role IS NULL OR rights IS NULL OR rights NOT IN ('reader', 'engine') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'rights are ''reader'' or ''engine'', granted to a role',
            DETAIL = format('The role given is %s, the rights are %s.', coalesce(quote_ident(role), 'NULL'),
                            coalesce(quote_literal(rights), 'NULL'));
    ELSIF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = role) THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('role %I does not exist', role),
            HINT = format('Write CREATE ROLE %I first.', role);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA margin_calib TO %I', role);
    EXECUTE format(
        'GRANT SELECT ON margin_calib.feed, margin_calib.captured_relation, margin_calib.capture_queue, '
        'margin_calib.instrument, margin_calib.parameter, margin_calib.account_position, '
        'margin_calib.requirement, margin_calib.currency_setting, margin_calib.quarantine, margin_calib.alert, '
        'margin_calib.refresh_run, margin_calib.engine_state, margin_calib.market_stored, margin_calib.policy_list, margin_calib.margin_parameter, '
        'margin_calib.margin_parameter_history, margin_calib.margin_position, margin_calib.margin_requirement, '
        'margin_calib.refresh_status, margin_calib.policy_backtest, margin_calib.policy_forecast, margin_calib.margin_backtest, '
        'margin_calib.margin_backtest_period, margin_calib.margin_backtest_regime, margin_calib.liquidity_feed, margin_calib.instrument_liquidity, '
        'margin_calib.liquidity_policy, margin_calib.tier_schedule, margin_calib.peg, margin_calib.margin_event, '
        'margin_calib.product_group, margin_calib.product_group_member, '
        'margin_calib.offset_calibration, margin_calib.offset_pair, margin_calib.account_offset, margin_calib.offset_stored, '
        'margin_calib.margin_offset, margin_calib.margin_account_offset TO %I', role);
    IF rights = 'engine' THEN
        EXECUTE format(
            'GRANT INSERT, UPDATE, DELETE ON margin_calib.feed, margin_calib.captured_relation, '
            'margin_calib.capture_queue, margin_calib.instrument, margin_calib.parameter, '
            'margin_calib.account_position, margin_calib.requirement, margin_calib.currency_setting, '
            'margin_calib.quarantine, margin_calib.alert, margin_calib.refresh_run, margin_calib.engine_state, '
            'margin_calib.policy_backtest, margin_calib.policy_forecast, '
            'margin_calib.liquidity_feed, margin_calib.instrument_liquidity, margin_calib.liquidity_policy, '
            'margin_calib.tier_schedule, margin_calib.peg, margin_calib.margin_event, '
            'margin_calib.product_group, margin_calib.product_group_member, margin_calib.offset_calibration, '
            'margin_calib.offset_pair, margin_calib.account_offset TO %I', role);
    END IF;
    FOR routine IN SELECT p.oid::regprocedure FROM pg_proc AS p
                    WHERE p.pronamespace = 'margin_calib'::regnamespace
                      AND p.proname = ANY (margin_calib.rights_on_functions(rights)) LOOP
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %I', routine, role);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.grant_rights(name, text) IS
'Grants a role what it needs. reader: SELECT on the views and what is behind them, policy() and requirement_now(). engine: also attach, refresh, set_instrument and the schedule, for the role of a pg_cron job. Neither needs superuser; what the role may read in the attached tables is granted there, and refresh needs SELECT on all of them (to put triggers on new partitions, their owner''s rights). Repeatable. Errors: 22023, 42704.';
REVOKE ALL ON FUNCTION margin_calib.rights_on_functions(text), margin_calib.grant_rights(name, text) FROM PUBLIC;
