-- Pages of doc/reference.md, from the catalogue of a database that has the extension.
-- Left out: support functions of aggregates, trigger functions, and what its COMMENT calls internal.
\set QUIET on
\pset tuples_only on
\pset format unaligned
SET client_min_messages = warning;
SET search_path = margin_calib, pg_catalog, pg_temp;

CREATE TEMPORARY VIEW member AS
SELECT classid, objid FROM pg_depend
 WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'margin_calib');

CREATE TEMPORARY VIEW public_function AS
SELECT p.oid, p.proname::text AS name, p.prokind AS kind, obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_proc AS p
  JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
 WHERE NOT 'internal'::regtype = ANY (p.proargtypes) AND p.prorettype <> 'internal'::regtype
   AND p.prorettype <> 'trigger'::regtype
   AND NOT EXISTS (SELECT 1 FROM pg_aggregate AS a
                    WHERE p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
   AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT ILIKE ALL ('{internal%,support function%}');

-- relkind v view, r table, c type
CREATE TEMPORARY VIEW public_relation AS
SELECT c.oid, c.relname::text AS name, c.relkind AS kind,
       coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')) AS comment
  FROM pg_class AS c
  LEFT JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
  LEFT JOIN member AS t ON t.classid = 'pg_type'::regclass AND t.objid = c.reltype
 WHERE ((c.relkind IN ('v', 'r', 'p') AND m.objid IS NOT NULL) OR (c.relkind = 'c' AND t.objid IS NOT NULL))
   AND coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type'), '') NOT ILIKE ALL ('{internal%,support function%}');

CREATE TEMPORARY TABLE family (title text, name text);
INSERT INTO family
SELECT title, unnest(names::text[]) FROM (VALUES
    ('1 Statistics', '{rolling_vol,rolling_vol_all,rolling_vol_arrays,volatility,value_at_risk,expected_shortfall,tail_risk}'),
    ('2 Options and surfaces', '{black76_price,black76_greeks,black_scholes_price,black_scholes_greeks,inverse_option_price,inverse_option_greeks,implied_vol,black_scholes_implied_vol,inverse_implied_vol,black76_prices,black76_greeks_all,implied_vols,fit_surface,surface_settings,surface_vol,surface_at,surface_now,surface_svg,forget_surfaces,svi_fit,svi_total_variance,svi_butterfly,svi_least_butterfly,svi_least_calendar,svi_to_jw,svi_from_jw,svi_repair,vix_variance,vix_index,variance_swap_rate,strike_at_delta,risk_reversal,butterfly,term_structure,variance_risk_premium,parse_symbol,symbol_formats,set_contract,set_contracts,drop_contract,contract_of,contract_value,contract_price,contract_pnl,contract_notional,contract_payoff,funding_payment,settlement_average,years_to_expiry}'),
    ('3 Portfolio margin', '{scenario_set,standard_scenario_sets,scenario_grid,add_scenario_set,drop_scenario_set,contract_market,scenario_pnl,scenario_profits,risk_terms,portfolio_margin,margin_contributions,portfolio_margin_all,add_historical_set,add_macro_set,add_correlation_set,macro_scenarios,correlation_scenarios,depeg_scenarios,rebuild_scenario_sets,rebuilt_scenario_set,settlement_hedges,standard_tiers,joint_returns,filtered_returns,reverse_stress,reverse_stress_accounts}'),
    ('3a Accounts', '{set_margin_model,drop_margin_model,set_account_tiers,account_tier_of,account_now,what_if,check_order,enforce_margin,stop_enforcing,liquidation_prices,stress_test,stress_accounts,reverse_stress_test,forget_account_history}'),
    ('3b Collateral', '{attach_collateral,set_asset,drop_asset,asset_prices,set_credit_quality,set_wrong_way,set_peg_stages,collateral_of,collateral_use,allocate_collateral}'),
    ('4 Calibration', '{calibrate_margin,calibrate_all,policy,check_policy,set_policy}'),
    ('5 Attaching tables', '{create_standard_tables,attach_prices,attach_positions,attach_liquidity,attach_quotes,detach,set_instrument,set_amount_step}'),
    ('6 Keeping margins fresh', '{refresh,recalibrate,requirement_now,schedule_refresh,schedule_recalibration,unschedule}'),
    ('7 Governance', '{approve_proposal,reject_proposal,withdraw_proposal,set_approval_limits,propose_override,end_override,parameter_as_of,verify_audit,audit_hash,replay,changed_inputs,verify,explain_margin,explain_margin_text,explain_requirement,explain_requirement_text,explain_margin_account,explain_margin_account_text}'),
    ('8 Alerts and health', '{set_alert_rule,drop_alert_rule,acknowledge_alert,forget_alerts,health}'),
    ('9 Rights and version', '{grant_rights,revoke_rights,grant_account,revoke_account,grant_all_accounts,revoke_all_accounts,sees_account,version,gsl_version}')) AS f (title, names);

CREATE FUNCTION pg_temp.short(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(regexp_replace($1, '::[a-z ]+(\[\])?(?=,|$|\))', '', 'g'), 'timestamp with time zone', 'timestamptz');

CREATE FUNCTION pg_temp.signature(oid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format(CASE p.prokind WHEN 'p' THEN 'CALL %s(%s)' ELSE '%s(%s) -> %s' END, p.proname,
                  pg_temp.short(CASE WHEN length(pg_get_function_arguments($1)) > 90
                       THEN E'\n    ' || replace(pg_get_function_arguments($1), ', ', E',\n    ')
                       ELSE pg_get_function_arguments($1) END),
                  pg_temp.short(pg_get_function_result($1)))
      FROM pg_proc AS p WHERE p.oid = $1;
END;

-- A column without a comment of its own means what the column of the row type it came from means.
CREATE FUNCTION pg_temp.column_comment(relation oid, column_number smallint) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(col_description($1, $2), (
           SELECT col_description(o.attrelid, o.attnum) FROM pg_attribute AS o
            WHERE o.attname = a.attname AND o.attnum > 0
              AND o.attrelid = CASE WHEN c.relname LIKE '%policy%' THEN 'margin_calib.margin_policy'
                                    WHEN c.relname LIKE '%parameter%' THEN 'margin_calib.margin_calibration' END::regclass))
      FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
     WHERE a.attrelid = $1 AND a.attnum = $2;
END;

CREATE FUNCTION pg_temp.columns(oid) RETURNS text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT E'| column | type | meaning |\n| --- | --- | --- |\n'
           || string_agg(format('| `%s` | %s | %s |', a.attname, pg_temp.short(format_type(a.atttypid, a.atttypmod)),
                                replace(coalesce(pg_temp.column_comment($1, a.attnum), ''), '|', '\|')), E'\n' ORDER BY a.attnum)
      FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped;
END;
