-- What the catalogue says of the extension: privileges, search paths, labels, dumps, comments. Each rule is
-- a query that must return no row; what it may return is written beside it, with the reason.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
SELECT no_plan();
SET search_path = public, pg_catalog;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE d.deptype = 'e' AND e.extname = 'margin_calib';
CREATE TEMP VIEW fn AS
SELECT p.*, l.lanname, p.oid::regprocedure::text AS signature
  FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE TEMP VIEW rel AS
SELECT c.* FROM pg_class AS c JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

SELECT ok((SELECT count(*) > 10 FROM fn) AND (SELECT count(*) > 5 FROM rel), 'the extension has members');

-- S1 PUBLIC executes the pure statistics, and what checks rights itself
SELECT is_empty($$
    SELECT DISTINCT proname FROM fn WHERE has_function_privilege('public', oid, 'EXECUTE')
     -- what computes from its arguments alone
     AND NOT (provolatile = 'i' AND proparallel = 's' AND NOT prosecdef AND lanname IN ('c', 'internal'))
     AND proname NOT IN ('version', 'gsl_version',                -- read nothing
                         'tier_table', 'tiers_from_leverage', 'liability_weight', 'asset_weight', 'concentration_factor', 'open_interest_rate',
                         'liquidation_horizon', 'liquidity_charge', 'horizon_charge', 'peg_charge', 'price_confidence', 'confidence_charge',
                         'checked_non_negative', 'checked_positive', 'checked_fraction', -- arithmetic in SQL
                         'calendar_date', 'last_friday', 'parse_symbol', 'refuse_symbol', 'refuse_venue', 'symbol_date', 'symbol_formats', 'symbol_matches', 'symbol_terms',
                         'contract_price', 'contract_value', 'contract_problem', 'stored_contract', 'surface_settings', 'term_structure', 'variance_risk_premium',
                         'contract_market', 'scenario_grid', 'scenario_tails', 'standard_scenario_sets', -- contracts, surfaces and scenarios, the same
                         'rolling_vol_all', 'rolling_vol_arrays', 'align_prices', 'align_returns') -- check SELECT on the columns, refuse row-level security
$$, 'S1 PUBLIC may execute nothing but the statistics');
SELECT is_empty($$
    SELECT signature FROM fn WHERE 'internal'::regtype = ANY (proargtypes::oid[]) AND has_function_privilege('public', oid, 'EXECUTE')
$$, 'S1 support functions of aggregates are closed');

SELECT is_empty($$
    SELECT signature, proconfig FROM fn WHERE prosecdef AND prosqlbody IS NULL
       AND NOT EXISTS (SELECT 1 FROM unnest(proconfig) AS c WHERE c ~ '^search_path=pg_catalog(, margin_calib)?, pg_temp$')
$$, 'S2 SECURITY DEFINER pins search_path, pg_temp last');

-- what a SECURITY DEFINER function reaches runs as the owner, and a view or a domain of somebody else's with it
CREATE TEMP VIEW reached AS
WITH RECURSIVE body AS (
    SELECT oid, proname, prosecdef, coalesce(prosrc, '') || coalesce(pg_get_function_sqlbody(oid), '') AS source FROM fn WHERE lanname IN ('sql', 'plpgsql')),
call AS (
    SELECT b.oid AS caller, c.oid AS callee FROM body AS b CROSS JOIN LATERAL regexp_matches(b.source, 'margin_calib\.(\w+)\(', 'g') AS m JOIN body AS c ON c.proname = m[1]
              -- that of a name: nothing inside calls it
              AND c.oid <> 'margin_calib.scenario_pnl(text, text, text)'::regprocedure),
walk AS (
    SELECT oid AS root, oid FROM body WHERE prosecdef
    UNION
    SELECT w.root, c.callee FROM walk AS w JOIN call AS c ON c.caller = w.oid)
SELECT DISTINCT b.proname, b.source FROM walk AS w JOIN body AS b ON b.oid = w.oid;
SELECT is_empty($$
    SELECT proname FROM reached WHERE source ~* '\mEXECUTE\M'
       AND proname NOT IN ('store_accounts', 'proposal_effect', -- queries that the extension's functions write, over its own tables
                           'set_account_grant',                 -- GRANT and REVOKE to a role
                           'liquidity_found')                   -- of a live market, which proposal_effect does not ask for
$$, 'S2 nothing that SECURITY DEFINER reaches has dynamic SQL');
SELECT isnt_empty($$ SELECT FROM reached WHERE proname = 'record_changes' $$, 'S2 which is looked for in what is called');

SELECT is_empty($$
    SELECT signature FROM fn WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
       AND NOT EXISTS (SELECT 1 FROM unnest(proconfig) AS c WHERE c ~ '^search_path=pg_catalog(, margin_calib)?, pg_temp$')
       -- a procedure that commits may have no SET clause: fully qualified bodies
       AND proname NOT IN ('refresh', 'recalibrate', 'backtest_policies')
$$, 'S3 bodies that are text have a fixed search_path');
SELECT is_empty($$
    SELECT signature FROM fn WHERE proname IN ('refresh', 'recalibrate', 'backtest_policies') AND (prokind <> 'p' OR prosecdef)
$$, 'S3 those without are procedures with the rights of their caller');

SELECT is_empty($$
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid), pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
      FROM pg_depend AS d
     WHERE (EXISTS (SELECT 1 FROM member AS m WHERE m.classid = d.classid AND m.objid = d.objid)
            OR EXISTS (SELECT 1 FROM pg_rewrite AS r JOIN rel ON rel.oid = r.ev_class WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid))
       AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
       AND d.deptype IN ('n', 'a') AND d.refobjid >= 16384
       AND NOT EXISTS (SELECT 1 FROM member AS m WHERE m.classid = d.refclassid AND m.objid = d.refobjid)
       AND NOT EXISTS (SELECT 1 FROM pg_depend AS i JOIN member AS m ON m.classid = i.refclassid AND m.objid = i.refobjid
                        WHERE i.classid = d.refclassid AND i.objid = d.refobjid AND i.deptype IN ('i', 'a'))
       -- the array type of a member
       AND NOT EXISTS (SELECT 1 FROM pg_type AS a JOIN pg_type AS e ON e.typarray = a.oid JOIN rel ON rel.oid = e.typrelid
                        WHERE d.refclassid = 'pg_type'::regclass AND a.oid = d.refobjid)
$$, 'S4 nothing refers to an object outside of pg_catalog and the extension');

SELECT is_empty($$
    SELECT coalesce(nullif(a.grantee, 0)::regrole::text, 'PUBLIC') FROM pg_namespace AS n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
     WHERE n.nspname = 'margin_calib' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
$$, 'S5 only its owner creates in the schema');
SELECT ok(EXISTS (SELECT 1 FROM member WHERE classid = 'pg_namespace'::regclass AND objid = 'margin_calib'::regnamespace), 'S5 the schema is a member');
SELECT is_empty($$
    SELECT pg_describe_object(classid, objid, 0) FROM member
     WHERE (classid = 'pg_proc'::regclass AND (SELECT pronamespace FROM pg_proc WHERE oid = objid) <> 'margin_calib'::regnamespace)
        OR (classid = 'pg_class'::regclass AND (SELECT relnamespace FROM pg_class WHERE oid = objid) <> 'margin_calib'::regnamespace)
        OR classid NOT IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass)
$$, 'S5 every member is in the schema, and of a known kind');

SELECT is_empty($$
    SELECT rel.oid::regclass, a.privilege_type FROM rel, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) AS a WHERE a.grantee = 0
$$, 'S6 PUBLIC has no right on any relation');

SELECT is_empty($$
    SELECT signature, d.refobjid::regclass FROM fn JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = fn.oid
       AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n' JOIN pg_class AS c ON c.oid = d.refobjid
     WHERE provolatile = 'i' AND c.relkind <> 'c'
       -- a column of its argument, which is a row of that table
       AND NOT c.reltype = ANY (proargtypes::oid[])
$$, 'S7 no IMMUTABLE function reads a relation');
SELECT is_empty($$ SELECT signature FROM fn WHERE lanname = 'plpgsql' AND provolatile = 'i' $$, 'S7 no plpgsql function claims IMMUTABLE');
SELECT is_empty($$
    SELECT signature FROM fn WHERE lanname = 'plpgsql' AND provolatile <> 'v' AND prosrc ~* '\m(insert into|update|delete from|nextval|clock_timestamp|random)\M'
$$, 'S7 no STABLE plpgsql function writes or reads the clock');

SELECT is_empty($$
    SELECT rel.oid::regclass FROM rel, pg_extension AS e WHERE e.extname = 'margin_calib' AND relkind IN ('r', 'p', 'S')
       AND NOT rel.oid = ANY (coalesce(e.extconfig, '{}'))
       -- shipped with the extension; rows that batches and checks lock, made when needed; a log
       AND relname NOT IN ('shipped_policy', 'engine_state', 'account_guard', 'refresh_run', 'refresh_run_id_seq')
$$, 'S8 pg_dump takes every table and sequence of the user''s');
SELECT is_empty($$
    SELECT s.oid::regclass FROM pg_class AS s JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('i', 'a')
      JOIN rel ON rel.oid = d.refobjid, pg_extension AS e
     WHERE s.relkind = 'S' AND e.extname = 'margin_calib' AND rel.oid = ANY (e.extconfig) AND NOT s.oid = ANY (e.extconfig)
$$, 'S8 an identity sequence is dumped with its table');
SELECT is_empty($$
    SELECT c FROM pg_extension, unnest(extcondition) AS c WHERE extname = 'margin_calib' AND c <> ''
$$, 'S8 dumped tables are dumped whole');

SELECT is_empty($$
    SELECT signature FROM fn WHERE lanname = 'c' AND (provolatile = 'v' OR proparallel = 'u')
       -- writes the queue; looks at the state of the transaction; a trigger and what it asks for
       AND proname NOT IN ('capture', 'commit_is_possible', 'check_margin', 'book_at_start')
$$, 'S9 functions in C are IMMUTABLE or STABLE, and parallel');
SELECT is_empty($$ SELECT signature FROM fn WHERE proleakproof $$, 'S9 nothing is LEAKPROOF');
SELECT is_empty($$
    SELECT signature FROM fn WHERE lanname = 'c' AND NOT proisstrict AND 'internal'::regtype = ANY (proargtypes::oid[]) AND proname ~ '_(serialize|deserialize)$'
$$, 'S9 serialisation is STRICT');

SELECT is_empty($$
    SELECT rel.oid::regclass FROM rel WHERE relkind = 'v' AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)
       -- whoever may read the list of policies reads it, without rights on the tables behind it
       AND relname <> 'policy_list'
$$, 'S10 views run with the rights of who reads them');
SELECT is_empty($$ SELECT rel.oid::regclass FROM rel WHERE relkind IN ('m', 'f') $$, 'S10 no materialized views');

SELECT is_empty($$
    SELECT tgrelid::regclass, tgname FROM pg_trigger AS t JOIN rel ON rel.oid = t.tgrelid WHERE NOT tgisinternal
$$, 'S11 no triggers on the extension''s own tables');
SELECT is_empty($$ SELECT evtname FROM pg_event_trigger $$, 'S11 no event triggers');
SELECT is_empty($$
    SELECT conrelid::regclass, conname FROM pg_constraint AS c JOIN rel ON rel.oid = c.conrelid WHERE contype = 'f'
$$, 'S11 no foreign keys, which would bind the order of a restore');

SELECT is_empty($$
    SELECT rel.oid::regclass FROM rel
     WHERE relkind = 'r' AND (relname IN ('audit', 'capture_queue') OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = rel.oid AND a.attname = 'account'))
       AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = rel.oid AND pg_get_expr(p.polqual, p.polrelid) ~ 'account_grant'))
$$, 'S12 row-level security on every table that names accounts, from the start');
SELECT is_empty($$
    SELECT polrelid::regclass, polname FROM pg_policy AS p JOIN rel ON rel.oid = p.polrelid WHERE p.polcmd <> '*' OR polname <> 'account_access'
$$, 'S12 by one rule a table');

-- comments
SELECT is_empty($$ SELECT signature FROM fn WHERE obj_description(oid, 'pg_proc') IS NULL $$, 'every function has a comment');
SELECT is_empty($$
    SELECT rel.oid::regclass FROM rel WHERE relkind IN ('r', 'v', 'p') AND obj_description(oid, 'pg_class') IS NULL
$$, 'every table and view has a comment');
SELECT is_empty($$
    SELECT t.oid::regtype FROM pg_type AS t JOIN member AS m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
      LEFT JOIN pg_class AS c ON c.oid = t.typrelid
     WHERE coalesce(c.relkind, 'c') = 'c' AND t.typcategory <> 'A' AND obj_description(t.oid, 'pg_type') IS NULL
$$, 'every type has a comment');
SELECT isnt_empty($$ SELECT 1 WHERE obj_description('margin_calib'::regnamespace, 'pg_namespace') <> '' $$, 'the schema has a comment');
SELECT is_empty($$
    SELECT signature FROM fn WHERE has_function_privilege('public', oid, 'EXECUTE') AND length(obj_description(oid, 'pg_proc')) < 60
$$, 'comments on what PUBLIC calls say more than the name does');
SELECT is_empty($$
    SELECT signature FROM fn WHERE has_function_privilege('public', oid, 'EXECUTE') AND prokind IN ('f', 'p') AND pronargs > 0
       AND (proargnames IS NULL OR '' = ANY (proargnames[1:pronargs]))
$$, 'arguments of public functions have names');

-- labels, reviewed one by one. Kind (f function, a aggregate, w window, p procedure), volatility, s strict,
-- parallel, d SECURITY DEFINER, p executable by PUBLIC. A new line belongs here after a look at the body:
-- does it read tables (not i), the clock or a sequence (v), write (v u)? Functions in C that are
-- immutable and parallel, and aggregates of them, compute from their arguments alone and need no line;
-- what is not named here must be one of those.
CREATE TEMP TABLE reviewed (signature text, labels text);
INSERT INTO reviewed VALUES
    ('account_book(text[],text,integer)', 'f s - u - -'), ('account_figures(account_state,boolean)', 'f s - s - -'), ('account_is_known(text)', 'f s - u - -'),
    ('account_line(text,text,text,text,numeric,text,text,text)', 'f i - s - -'), ('account_now(text)', 'f s s u - -'),
    ('account_states(engine_model[],account_position[],portfolio_requirement[],requirement[],account_collateral[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('account_tier_of(numeric,numeric,numeric)', 'f s - s - -'), ('accounts_query(text[])', 'f s - s - -'), ('acknowledge_alert(bigint,text)', 'f v - u d -'),
    ('add_capture(integer,regclass)', 'f v - u - -'), ('add_check(regclass,text[])', 'f v - u - -'),
    ('add_correlation_set(text,jsonb,double precision[],double precision,text[],integer,integer,jsonb,text,jsonb,double precision,integer)', 'f v - u - -'),
    ('add_event(text,timestamp with time zone,timestamp with time zone,text[],numeric,numeric,text,text)', 'f v - u d -'), ('add_evidence(bigint[])', 'f v - u - -'),
    ('add_historical_set(text,jsonb,integer,integer,text,jsonb,text,jsonb,double precision,integer)', 'f v - u - -'),
    ('add_macro_set(text,jsonb,jsonb,text,integer,jsonb,text,jsonb,double precision,integer)', 'f v - u - -'), ('add_ons(text[],boolean,engine_market[],timestamp with time zone)', 'f s - u - -'),
    ('add_recipe(scenario_recipe,text,text)', 'f v - u - -'), ('add_scenario_set(text,jsonb,jsonb,jsonb,jsonb,text)', 'f v - u d -'), ('added_up(numeric[])', 'f s - s - -'),
    ('alert_message(alert_rule,text,text,numeric)', 'f s - s - -'), ('alert_values(text,interval,numeric,timestamp with time zone)', 'f s - s - -'),
    ('align_prices(regclass,name,name,name,text[],text)', 'f s s r - p'), ('align_prices(regclass,name,name,name,text[],text,interval)', 'f s s r - p'),
    ('align_returns(regclass,name,name,name,text[],text)', 'f s s r - p'), ('align_returns(regclass,name,name,name,text[],text,interval)', 'f s s r - p'),
    ('allocate_collateral(collateral_supply[],collateral_demand[],collateral_term[])', 'f s s s - -'), ('allocate_collateral(text,collateral_demand[],collateral_term[])', 'f s - s - -'),
    ('amount_step_of(text)', 'f s - s - -'), ('approve_proposal(bigint,text)', 'f v - u d -'), ('are_objects(jsonb)', 'f i - s - -'), ('asset_contract(text,text)', 'f i - s - -'),
    ('asset_instruments(text[],text)', 'f s - s - -'), ('asset_leg(text,engine_market[])', 'f s - s - -'), ('asset_legs(text[],text)', 'f s - s - -'),
    ('asset_liquidity(text[],engine_market[],boolean,timestamp with time zone)', 'f s - u - -'), ('asset_moves(text)', 'f s - s - -'),
    ('asset_pnl(text,double precision,text,scenario_set)', 'f s - s - -'), ('asset_prices(text[],text,boolean,timestamp with time zone)', 'f s - u - -'),
    ('asset_quotes(text[],text,engine_market[])', 'f s - s - -'), ('asset_weight(numeric,numeric,numeric)', 'f i s s - p'), ('attach_collateral(regclass,name,name,name,text)', 'f v - u - -'),
    ('attach_holdings(text,regclass,name,name,name,name,text)', 'f v - u - -'), ('attach_liquidity(regclass,name,name,name,name,name,name,name,name,text,interval,interval,text)', 'f v - u - -'),
    ('attach_positions(regclass,name,name,name,text,name)', 'f v - u - -'), ('attach_prices(regclass,name,name,name,text,text,text)', 'f v - u - -'),
    ('attach_quotes(regclass,name,name,name,name,name,name,name,name,name,surface_settings,interval,text,interval,name,name,name)', 'f v - u - -'), ('audit_chain_problems()', 'f s - s - -'),
    ('audit_change(text,text,text,text)', 'f v - u - -'), ('audit_entry(text,text,text,jsonb,text)', 'f s - s - -'), ('audit_feed(integer)', 'f v - u d -'), ('audit_guard(text,text)', 'f v - u - -'),
    ('audit_hash(audit)', 'f s - s - -'), ('audit_object_problems()', 'f s - s - -'), ('audit_proposals(bigint[],text,text)', 'f v - u - -'), ('await_engine()', 'f v - u - -'),
    ('backtest_one(text,interval,integer)', 'f v - u - -'),
    ('backtest_path(regclass,margin_policy,name,name,name,timestamp with time zone,timestamp with time zone,text[],timestamp with time zone)', 'f s - r - -'),
    ('backtest_policies(interval,integer,text[])', 'p v - u - -'), ('backtest_policy(text,text[],timestamp with time zone,timestamp with time zone)', 'f v - u - -'),
    ('backtest_zone(bigint,integer)', 'f s - s - -'), ('bare_positions(engine_holding[])', 'f s - s - -'), ('batches_query(text)', 'f s - s - -'),
    ('best_hedge(engine_holding[],engine_risk[],engine_risk,margin_method)', 'f s - s - -'), ('blind_liquidity(feed,text)', 'f v - u - -'), ('blind_states(text)', 'f v - u - -'),
    ('blind_surfaces(feed,text)', 'f v - u - -'), ('book_at_start(text[],text,integer)', 'f s s u - -'), ('borrowed_path_query(feed,text,feed,text,numeric,timestamp with time zone)', 'f s - s - -'),
    ('borrowed_prices(regclass,name,name,name,text,text,numeric)', 'f s - s - -'), ('breakdown_directions(text,text[],double precision[],double precision)', 'f s - s - -'),
    ('calendar_date(integer,integer,integer)', 'f i s s - p'), ('calibrate_all(regclass,margin_policy,name,name,name)', 'f s - r - -'),
    ('calibrate_borrower(feed,text,margin_policy,timestamp with time zone)', 'f s - s - -'), ('calibrate_group(text,timestamp with time zone)', 'f s - u - -'),
    ('calibrate_keys(integer,text[],timestamp with time zone)', 'f s - u - -'), ('calibrate_offsets(text)', 'f v - u - -'),
    ('calibrate_or_explain(feed,text[],margin_policy,timestamp with time zone)', 'f s - u - -'), ('calibrate_query(feed,text[],margin_policy,boolean,timestamp with time zone)', 'f s - s - -'),
    ('calibrate_with_policy(feed,text[],text,timestamp with time zone)', 'f s - u - -'), ('calibrated_impact(numeric[],parameter)', 'f s - s - -'),
    ('calibration_problem(engine_calibration)', 'f i - s - -'), ('calibration_rates(engine_calibration)', 'f i - s - -'), ('cancel_event(bigint,text)', 'f v - u d -'),
    ('candidate_policy(text,text,jsonb)', 'f s - s - -'), ('capture()', 'f v - u - -'), ('changed_inputs(bigint)', 'f s - u - -'),
    ('charged_rates(boolean,numeric,numeric,numeric,numeric,numeric,numeric)', 'f i - s - -'), ('check_age(interval,text,text)', 'f s - s - -'), ('check_alert_rule(alert_rule)', 'f s - s - -'),
    ('check_alerts(timestamp with time zone)', 'f v s u d -'), ('check_allocation(collateral_supply[],collateral_demand[],collateral_term[])', 'f s - s - -'), ('check_asset(asset)', 'f s - s - -'),
    ('check_attachable(regclass,text)', 'f s - s - -'), ('check_breakdown(text[],double precision[],double precision[],double precision[],double precision,text[])', 'f s - s - -'),
    ('check_command()', 'f v - u - -'), ('check_group_exists(text)', 'f s - s - -'), ('check_known(text[])', 'f s - s - -'), ('check_liquidity_horizons()', 'f s - s - -'),
    ('check_liquidity_policy(liquidity_policy)', 'f s - s - -'), ('check_macro(jsonb,jsonb)', 'f s - s - -'), ('check_margin()', 'f v - u - -'),
    ('check_order(text,text,numeric,numeric,numeric)', 'f v - u - -'), ('check_order(text,what_if_trade[])', 'f v - u - -'),
    ('check_override(text,numeric,numeric,timestamp with time zone,timestamp with time zone)', 'f v - u - -'), ('check_product_group(product_group,text[])', 'f s - s - -'),
    ('check_proxy(text,text)', 'f s - s - -'), ('check_proxy_multiplier(numeric)', 'f s - s - -'), ('check_recipe(scenario_recipe,text)', 'f s - s - -'), ('check_role(name)', 'f s - s - -'),
    ('check_run(bigint)', 'f s - s - -'), ('check_trades(what_if_trade[])', 'f s - s - -'), ('check_underlyings(text[])', 'f s - s - -'), ('check_verifiable(text[],text[])', 'f s - u - -'),
    ('checked_changes(text,text,text,text,text)', 'f i - s - -'), ('checked_fraction(numeric,text)', 'f i - s - p'), ('checked_non_negative(numeric,text)', 'f i - s - p'),
    ('checked_peg_stages(jsonb)', 'f s - s - -'), ('checked_positive(numeric,text)', 'f i - s - p'), ('claim_engine()', 'f v - u - -'), ('close_proposal(bigint,text,text,text)', 'f v - u - -'),
    ('collateral_holders(text[])', 'f s - s - -'), ('collateral_holdings(text[])', 'f s - u - -'),
    ('collateral_in(engine_holding[],text,engine_holding[],boolean,timestamp with time zone)', 'f s - u - -'), ('collateral_of(text[],boolean,timestamp with time zone,text)', 'f s - u - -'),
    ('collateral_sums(engine_holding[],engine_holding[],what_if_trade[],engine_model,timestamp with time zone)', 'f s - u - -'),
    ('collateral_terms(text[],text,boolean,timestamp with time zone)', 'f s - u - -'), ('collateral_use(text,numeric)', 'f s s s - -'), ('commit_is_possible()', 'f v - r - -'),
    ('compare_policies(regclass,margin_policy[],name,name,name,timestamp with time zone,timestamp with time zone,text[])', 'f s - u - -'),
    ('compare_policies(regclass,text[],name,name,name,timestamp with time zone,timestamp with time zone,text[])', 'f s - u - -'),
    ('component_figure(double precision,double precision,text)', 'f s - s - -'), ('compute_positions(text[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('concentration_factor(numeric,numeric)', 'f i s s - p'), ('confidence_charge(numeric,numeric)', 'f i - s - p'), ('connect_feed(feed,liquidity_feed,quote_feed)', 'f v - u - -'),
    ('contract_market(double precision,double precision,double precision,double precision,double precision,boolean,double precision,double precision,double precision,double precision,double precision)', 'f i - s - p'),
    ('contract_of(text)', 'f s s s - -'), ('contract_price(contract,double precision,double precision,timestamp with time zone,double precision)', 'f i - s - p'),
    ('contract_problem(contract)', 'f i - s - p'), ('contract_value(contract,double precision,double precision,timestamp with time zone,double precision)', 'f i - s - p'),
    ('correlation_content(jsonb,timestamp with time zone)', 'f s - u - -'),
    ('correlation_scenarios(text[],double precision[],double precision[],double precision[],double precision,text[])', 'f s - s - -'),
    ('counted_amount(numeric,numeric,numeric,numeric)', 'f i - s - -'), ('create_standard_tables(text,boolean)', 'f v - u - -'), ('cron_state()', 'f s - u - -'),
    ('currency_holders(text[])', 'f s - s - -'), ('day_digests(feed,text[],timestamp with time zone)', 'f s - u - -'), ('decide(engine_calibration[],timestamp with time zone)', 'f s - s - -'),
    ('depeg_scenarios(text,double precision[],double precision[],text[],text)', 'f s - s - -'), ('detach(regclass)', 'f v - u - -'), ('drop_alert_rule(text,text)', 'f v - u d -'),
    ('drop_asset(text,text)', 'f v - u d -'), ('drop_backtest(bigint)', 'f v - u - -'), ('drop_contract(text,text)', 'f v - u d -'), ('drop_margin_model(text,text)', 'f v - u d -'),
    ('drop_product_group(text,text)', 'f v - u d -'), ('drop_recipe(text,text)', 'f v - u - -'), ('drop_scenario_set(text,text)', 'f v - u d -'),
    ('due_overrides(timestamp with time zone)', 'f s - s - -'), ('enable_row_security()', 'f v - u - -'), ('end_override(text,text)', 'f v - u d -'),
    ('enforce_margin(regclass,name,name,name,name,boolean)', 'f v - u - -'),
    ('equity_on_moves(account_state,account_position[],engine_risk[],scenario_set,double precision,double precision,text,double precision[])', 'f s - s - -'),
    ('event_state(timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone)', 'f i - s - -'),
    ('evidence_matrix(correlation_evidence[],text[])', 'f i - s - -'), ('evidence_pairs(correlation_evidence[],text[])', 'f i - s - -'), ('exceeded_rules(timestamp with time zone)', 'f s - s - -'),
    ('expand_everything(feed)', 'f v - u - -'), ('explain_account(text)', 'f s - u - -'), ('explain_account_rows(text)', 'f s - u - -'), ('explain_collateral(account_state,numeric)', 'f s - s - -'),
    ('explain_core(engine_explained_side,margin_policy)', 'f s - s - -'), ('explain_currency(requirement,engine_add_on[])', 'f s - s - -'), ('explain_decisions(text)', 'f s - s - -'),
    ('explain_event_charge(account_position,text,numeric,numeric,numeric,numeric,numeric,timestamp with time zone)', 'f s - s - -'),
    ('explain_in_force(engine_explained_side[],margin_policy,parameter)', 'f s - s - -'), ('explain_initial_charges(account_position,engine_add_on,numeric)', 'f s - s - -'),
    ('explain_latest(engine_explained_side[],margin_policy,parameter,instrument)', 'f s - s - -'), ('explain_margin(text)', 'f s s s - -'), ('explain_margin_account(text)', 'f s s u - -'),
    ('explain_margin_account_text(text)', 'f s s u - -'), ('explain_margin_text(text)', 'f s s s - -'), ('explain_model(parameter,margin_policy)', 'f s - s - -'),
    ('explain_notional(account_position)', 'f s - s - -'), ('explain_offsets(text,text,text,numeric)', 'f s - s - -'), ('explain_parameter(instrument,parameter,margin_policy)', 'f s - s - -'),
    ('explain_path(engine_explained_side,margin_policy,margin_path)', 'f s - s - -'),
    ('explain_position_margin(account_position,engine_add_on,text,numeric,numeric,timestamp with time zone)', 'f s - s - -'),
    ('explain_profits(account_state,account_position[],asset_price[],numeric)', 'f s - s - -'), ('explain_rates_model(account_state,account_position[],asset_price[],numeric)', 'f s - s - -'),
    ('explain_requirement(text)', 'f s s u - -'), ('explain_requirement_text(text)', 'f s s u - -'), ('explain_rounding(engine_explained_side,margin_policy)', 'f s - s - -'),
    ('explain_scenario_model(account_state,account_position[],asset_price[],numeric)', 'f s - u - -'), ('explain_series(parameter,margin_policy,text)', 'f s - s - -'),
    ('explain_size(account_position,engine_add_on,numeric,numeric,numeric)', 'f s - s - -'),
    ('explain_size_charges(account_position,engine_add_on,text,numeric,numeric,numeric,numeric,numeric,numeric,numeric)', 'f s - s - -'),
    ('explain_start(engine_explained_side,margin_policy,boolean)', 'f s - s - -'), ('explain_sum(account_position,text,numeric,numeric,numeric[],numeric[])', 'f s - s - -'),
    ('explain_total(requirement,text,numeric)', 'f s - s - -'), ('explained(text,text,double precision,text,text,text)', 'f s - s - -'),
    ('explained_rate(text,text,numeric,text,text,text)', 'f i - s - -'), ('explained_sides(parameter,margin_policy,margin_path)', 'f s - s - -'),
    ('explanation_lines(integer,text,text,numeric,text,text,text)', 'f s - s - -'), ('explanation_text(text,text,requirement_explanation[])', 'f s - s - -'),
    ('fallback_slice(surface_slice,surface_slice,timestamp with time zone,double precision)', 'f s - s - -'), ('feed_changed(feed,text)', 'f v - u d -'),
    ('feed_column_type(regclass,name)', 'f s - s - -'), ('feed_key_type(regclass,name)', 'f s - s - -'), ('feed_number_expression(regclass,name,text)', 'f s - s - -'),
    ('feed_problem(feed)', 'f s - u - -'), ('feed_ts_expression(regclass,name)', 'f s - s - -'), ('first_reason(text,bigint)', 'f i - s - -'), ('floor_to(numeric,numeric)', 'f i - s - -'),
    ('follows(double precision,double precision,text)', 'f s - s - -'), ('follows(numeric,numeric,text)', 'f s - s - -'), ('forecast_export(bigint)', 'f s - s - -'),
    ('forget_account_history(interval,text)', 'f v - u d -'), ('forget_alerts(interval)', 'f v - u d -'), ('forget_built_sets(text,integer)', 'f v - u - -'), ('forget_feed(integer)', 'f v - u d -'),
    ('forget_liquidity(feed)', 'f v - u - -'), ('forget_quotes(feed)', 'f v - u - -'), ('forget_surfaces(interval,text)', 'f v - u d -'), ('future_limit(timestamp with time zone)', 'f s - s - -'),
    ('governed_parameter(parameter)', 'f s - s - -'), ('grant_account(text,name,text)', 'f v - u d -'), ('grant_all_accounts(name,text)', 'f v - u d -'), ('grant_rights(name,text)', 'f v - u - -'),
    ('group_is_due(product_group,boolean,timestamp with time zone)', 'f s - s - -'), ('group_prices_query(text[],timestamp with time zone)', 'f s - u - -'), ('gsl_version()', 'f s s s - p'),
    ('guard_account(text)', 'f v - u d -'), ('haircut_of(engine_collateral,numeric,numeric)', 'f s - s - -'), ('haircuts_found(boolean,timestamp with time zone)', 'f s - u - -'),
    ('has_add_ons(boolean)', 'f s - s - -'), ('has_collateral()', 'f s - s - -'), ('health(interval)', 'f s - u - -'), ('health_counts()', 'f s - s d -'), ('held_instruments(text[])', 'f s - u - -'),
    ('historical_content(jsonb,boolean,timestamp with time zone)', 'f s - u - -'), ('history_column(double precision[],integer)', 'f i - s - -'),
    ('history_shocks(double precision[],integer)', 'f i - s - -'), ('holdings(text[])', 'f s - u - -'), ('holdings_in(text,text[])', 'f s - u - -'), ('holdings_of(text,text)', 'f s s r - -'),
    ('holdings_query(text,text[])', 'f s - s - -'), ('horizon_charge(numeric,numeric,numeric)', 'f i - s - p'), ('initial_rates(timestamp with time zone)', 'f s - s - -'),
    ('instrument_contract(instrument)', 'f i - s - -'), ('instrument_market(text[],boolean,timestamp with time zone)', 'f s - u - -'), ('is_account_holder(name)', 'f s - s - -'),
    ('is_held(engine_holding)', 'f i - s - -'), ('is_trade(what_if_trade)', 'f i - s - -'), ('joint_history(text[],integer,timestamp with time zone)', 'f s - u - -'),
    ('judge_command(text[],text,integer)', 'f s - u - -'), ('judge_trades(engine_model,engine_holding[],what_if_trade[],numeric,numeric)', 'f s - u - -'), ('keys_query(feed,name)', 'f s - s - -'),
    ('keys_that_fit(text[],text)', 'f s - s - -'), ('keys_with_rows(feed,text[])', 'f s - u - -'), ('last_friday(integer,integer)', 'f i s s - p'), ('last_time(double precision[])', 'f s - s - -'),
    ('latest_start_allowed(text)', 'f i - s - -'), ('lender_feed(text)', 'f s - s - -'), ('liability_weight(numeric,numeric,numeric)', 'f i s s - p'),
    ('liquidation_horizon(numeric,numeric,numeric,numeric,numeric)', 'f i - s - p'), ('liquidation_prices(text)', 'f s s u - -'),
    ('liquidity_charge(numeric,numeric,numeric,numeric,numeric,numeric,numeric)', 'f i - s - p'), ('liquidity_found(feed,text[],timestamp with time zone)', 'f s - u - -'),
    ('liquidity_in_force(feed,text[],timestamp with time zone)', 'f s - u - -'), ('liquidity_live(text[],timestamp with time zone)', 'f s - u - -'),
    ('liquidity_problem(timestamp with time zone,numeric,numeric,numeric,numeric,numeric,numeric,timestamp with time zone)', 'f i - s - -'), ('liquidity_source(feed,text,boolean)', 'f s - s - -'),
    ('lock_engine()', 'f v - u d -'), ('log_batch(bigint,integer,integer,text[])', 'f v - u d -'), ('log_run()', 'f v - u d -'), ('macro_content(jsonb,timestamp with time zone)', 'f s - u - -'),
    ('macro_scenarios(jsonb,jsonb,double precision)', 'f s s s - -'), ('market_live(text[],timestamp with time zone)', 'f s - u - -'), ('market_with(parameter)', 'f s - s - -'),
    ('models_of(text[])', 'f s - s - -'), ('moved_market(contract_market,double precision)', 'f i - s - -'),
    ('nearest_move(account_state,account_position[],engine_risk[],scenario_set,double precision,double precision,text,integer,boolean)', 'f s - s - -'), ('next_reading()', 'f v - u d -'),
    ('note_days(integer,text[],engine_day[],bigint)', 'f v - u d -'),
    ('note_input_changes(bigint,integer,text[],timestamp with time zone[],timestamp with time zone[],bigint[],timestamp with time zone[])', 'f v - u d -'), ('notify_alerts()', 'f v - u - -'),
    ('notify_proposals(bigint[])', 'f v - u - -'), ('offset_live(text[],timestamp with time zone)', 'f s - u - -'), ('offset_query(text,text)', 'f i - s - -'),
    ('open_interest_rate(numeric,numeric,numeric,numeric)', 'f i - s - p'), ('open_proposal(bigint)', 'f v - u - -'), ('override_state_at(parameter,timestamp with time zone)', 'f i - s - -'),
    ('parameter_as_of(timestamp with time zone,timestamp with time zone)', 'f s - s - -'), ('parameter_calibration(parameter)', 'f i - s - -'), ('parameter_rates(parameter)', 'f i - s - -'),
    ('parameters_in_force(text[])', 'f s - s - -'), ('parse_symbol(text,text)', 'f s - s - p'), ('path_starts(margin_path)', 'f i - s - -'), ('peg_charge(numeric,numeric,numeric)', 'f i - s - p'),
    ('peg_dependents(text[])', 'f s - s - -'), ('peg_found(peg_stages,timestamp with time zone)', 'f s - u - -'), ('peg_prices(text[])', 'f s - s - -'),
    ('peg_stage_at(numeric,peg_stage[])', 'f i - s - -'), ('peg_states(text[],boolean,timestamp with time zone)', 'f s - u - -'), ('pending_accounts()', 'f s - s - -'),
    ('pending_add_ons()', 'f s - s - -'), ('pending_collateral()', 'f s - s - -'), ('pending_instruments()', 'f s - s - -'), ('pending_states()', 'f s - s - -'),
    ('pending_underlyings()', 'f s - s - -'), ('plain_scenarios(scenario_set)', 'f s - s - -'), ('policies_in_use(text[])', 'f s - s - -'), ('policy(text)', 'f s s s - -'),
    ('policy(text,integer)', 'f s s s d -'), ('policy_remembers(margin_policy)', 'f i - s - -'), ('policy_scores(bigint[])', 'f s - u - -'), ('policy_setter(text,integer)', 'f s - s - -'),
    ('portfolio_charges(account_position[],text[],asset_price[],numeric)', 'f s - s - -'), ('portfolio_margin_all(text,text,margin_method,boolean,name,name,name,name)', 'f s - r - -'),
    ('portfolio_reason(account_position,boolean,text,numeric,text)', 'f s - s - -'), ('portfolio_requirements(account_position[],engine_model[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('portfolio_sums(account_position[],scenario_set,text,engine_risk[],asset_price[],timestamp with time zone)', 'f s - s - -'),
    ('portfolio_sums_apart(account_position[],scenario_set,text,engine_risk[],asset_price[],timestamp with time zone)', 'f s - s - -'), ('position_assets(account_position[])', 'f s - s - -'),
    ('position_charges(engine_add_on,text,numeric,numeric,numeric,numeric,numeric,numeric)', 'f s - s - -'), ('position_notional(text,numeric,numeric,numeric)', 'f i - s - -'),
    ('position_reason(engine_holding,boolean,numeric,text,text)', 'f s - s - -'), ('position_sums(account_position[],asset_price[])', 'f s - s - -'),
    ('positions_at(engine_holding[],engine_market[],engine_add_on[])', 'f s - s - -'), ('positions_of(engine_holding[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('price_confidence(numeric,numeric,numeric,numeric,numeric,numeric)', 'f i - s - p'), ('profit_asset(account_position,contract_terms)', 'f s - s - -'),
    ('profit_reason(text,numeric,numeric)', 'f s - s - -'), ('proposal_backtest(text,text,numeric[],numeric[])', 'f s - s - -'), ('proposal_effect(bigint)', 'f s - u - -'),
    ('propose_override(text,numeric,timestamp with time zone,text,numeric,timestamp with time zone)', 'f v - u d -'),
    ('publish(engine_calibration[],timestamp with time zone,bigint,bigint)', 'f v - u d -'), ('published_instrument(engine_calibration,jsonb,text)', 'f s - s - -'),
    ('published_steps(double precision,margin_policy)', 'f s - s - -'), ('quarantine_accounts(text,text[],text[])', 'f v - u - -'),
    ('quarantine_liquidity(feed,text[],timestamp with time zone)', 'f v - u - -'), ('quarantine_positions(feed,text[])', 'f v - u - -'),
    ('quarantine_prices(feed,text[],timestamp with time zone)', 'f v - u - -'), ('quarantine_quotes(feed,text[],timestamp with time zone)', 'f v - u - -'),
    ('quarantine_rows(text,text,text[],timestamp with time zone)', 'f v - u - -'), ('queue_accounts(text[])', 'f v - u - -'), ('queue_add_ons(text[])', 'f v - u - -'),
    ('queue_borrowers(text[],text[])', 'f v - u - -'), ('queue_collateral(text[])', 'f v - u - -'), ('queue_group_accounts(text[])', 'f v - u - -'), ('queue_holders(text)', 'f v - u - -'),
    ('queue_instruments()', 'f v - u d -'), ('queue_keys(feed,regclass)', 'f v - u - -'), ('queue_set(text)', 'f v - u - -'), ('quote_kind_expression(regclass,name)', 'f s - s - -'),
    ('quote_number_expression(regclass,name)', 'f s - s - -'), ('quote_source(feed,quote_feed,text)', 'f s - s - -'),
    ('quoted_vol(contract,numeric,double precision,timestamp with time zone,double precision)', 'f s - s - -'),
    ('raise_alert(text,text,timestamp with time zone,text,double precision)', 'f v - u d -'), ('raise_alerts(engine_calibration[],timestamp with time zone)', 'f v - u d -'),
    ('rate_change(numeric[],numeric[])', 'f i - s - -'), ('rate_limit(double precision,double precision)', 'f i - s - -'),
    ('rates_requirements(account_position[],boolean,timestamp with time zone)', 'f s - u - -'), ('rates_sums(requirement[],engine_model[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('rebuild_scenario_sets()', 'f v - u - -'), ('rebuilt_scenario_set(text,timestamp with time zone)', 'f s - u - -'), ('recalibrate(boolean)', 'p v - u - -'),
    ('recipe_content(scenario_recipe,timestamp with time zone)', 'f s - u - -'), ('record_changes(audit_change[])', 'f v - u - -'), ('record_feed(feed,liquidity_feed,quote_feed)', 'f v - u d -'),
    ('refresh(boolean,integer,integer)', 'p v - u - -'), ('refresh_accounts(text[],timestamp with time zone)', 'f v - u - -'),
    ('refresh_batch(bigint,integer,timestamp with time zone,integer)', 'f v - u - -'), ('refresh_begin(boolean,integer)', 'f v - u - -'),
    ('refresh_collateral(text[],timestamp with time zone)', 'f v - u - -'), ('refresh_end(bigint)', 'f v - u d -'), ('refresh_groups(timestamp with time zone)', 'f v - u - -'),
    ('refresh_haircuts(text[],timestamp with time zone)', 'f v - u - -'), ('refresh_liquidity(integer,text[],timestamp with time zone)', 'f v - u - -'),
    ('refresh_prices(integer,text[],timestamp with time zone[],timestamp with time zone[],timestamp with time zone,bigint)', 'f v - u - -'),
    ('refresh_risk(text[],timestamp with time zone)', 'f v - u - -'), ('refresh_states(text[],timestamp with time zone)', 'f v - u - -'),
    ('refresh_surfaces(integer,text[],timestamp with time zone)', 'f v - u - -'), ('refuse(order_check)', 'f s - s - -'), ('refuse_history(text[],text,integer,integer)', 'f s - u - -'),
    ('refuse_instrument(text,boolean,text)', 'f s - s - -'), ('refuse_scenarios(text,text,text)', 'f s - s - -'), ('refuse_symbol(text,text,text)', 'f s - s - p'),
    ('refuse_venue(text,text[])', 'f s - s - p'), ('register_instruments(text[])', 'f v - u d -'), ('reject_proposal(bigint,text)', 'f v - u d -'), ('relative_change(numeric,numeric)', 'f i - s - -'),
    ('remove_capture(integer,regclass)', 'f v - u - -'), ('replay(bigint)', 'f s - u - -'), ('replay_changes(parameter)', 'f s - s - -'), ('replay_parameter(parameter)', 'f s - u - -'),
    ('replay_query(parameter)', 'f s - u - -'), ('require_account(text)', 'f s - s - -'), ('require_reason(text)', 'f s - s - -'),
    ('required(account_position,text,text,numeric,text,text,text)', 'f s - s - -'), ('required_amount(double precision,numeric)', 'f s - s - -'), ('requirement_now(text)', 'f s s u - -'),
    ('requirements_at(account_position[],account_offset[],timestamp with time zone)', 'f s - s - -'),
    ('reverse_stress_test(text[],numeric,integer,text,integer,integer,double precision)', 'f s - u - -'), ('revoke_account(text,name,text)', 'f v - u d -'),
    ('revoke_all_accounts(name,text)', 'f v - u d -'), ('revoke_rights(name)', 'f v - u - -'), ('rights_on_functions(text)', 'f i s s - -'), ('risk_dependents(text[],text[])', 'f s - s - -'),
    ('risk_input(text,contract,engine_market,engine_smiles,asset_price,asset_price,asset_price)', 'f s - s - -'), ('risk_inputs(text[],text,boolean,timestamp with time zone)', 'f s - u - -'),
    ('risk_inputs_among(text[],contract[],engine_market[],engine_smiles[],asset_price[])', 'f s - s - -'), ('risks_of(text[],text,scenario_set,boolean,timestamp with time zone)', 'f s - u - -'),
    ('rolling_vol_all(regclass,name,name,name,integer,double precision)', 'f s s r - p'), ('rolling_vol_arrays(regclass,name,name,name,integer,double precision)', 'f s s r - p'),
    ('round_down(numeric,numeric)', 'f i - s - -'), ('round_up(numeric,numeric)', 'f i - s - -'), ('row_differences(jsonb,jsonb)', 'f s - s - -'),
    ('same_published(parameter,engine_calibration)', 'f i - s - -'), ('scaled_scenario(scenario_set,integer,double precision)', 'f s - s - -'),
    ('scenario_grid(double precision[],double precision[],text)', 'f s - s - p'), ('scenario_multiple(account_state,account_position[],engine_risk[],scenario_set,integer,boolean)', 'f s - s - -'),
    ('scenario_pnl(text,text,text)', 'f s s u - -'), ('scenario_set(text,integer)', 'f s - s - -'), ('scenario_tails(double precision[],double precision[],double precision)', 'f s - s - p'),
    ('schedule_backtest(text)', 'f v - u - -'), ('schedule_job(text,text,text)', 'f v - u - -'), ('schedule_recalibration(text)', 'f v - u - -'), ('schedule_refresh(text)', 'f v - u - -'),
    ('score_query(text)', 'f i - s - -'), ('sees_account(text)', 'f s - s - -'), ('set_account_grant(text,name,boolean,text)', 'f v - u - -'), ('set_account_tiers(jsonb,text)', 'f v - u d -'),
    ('set_alert_rule(text,text,numeric,text[],text[],interval,text,text)', 'f v - u d -'), ('set_amount_step(text,numeric,text)', 'f v - u d -'),
    ('set_approval_limits(text,double precision,double precision,interval,text)', 'f v - u d -'),
    ('set_asset(text,text,text,integer,numeric,integer,numeric,numeric,numeric,numeric,numeric,numeric,numeric,boolean,text)', 'f v - u d -'), ('set_contract(contract,text)', 'f v - u d -'),
    ('set_contracts(text[],text,text)', 'f v - u d -'), ('set_credit_quality(integer,numeric,text)', 'f v - u d -'), ('set_in_force(text,boolean,boolean)', 'f s - s - -'),
    ('set_instrument(text,text,numeric,text,text,text)', 'f v - u d -'),
    ('set_liquidity_policy(text,numeric,numeric,numeric,numeric,numeric,numeric,numeric,numeric,numeric,boolean,text)', 'f v - u d -'), ('set_margin_model(text,text,text,text)', 'f v - u d -'),
    ('set_peg(text,text,text,numeric,numeric,text)', 'f v - u d -'), ('set_peg_stages(text,jsonb,interval,text)', 'f v - u d -'),
    ('set_policy(text,text,double precision,text,text,double precision,double precision,double precision,integer,integer,text,integer,integer,double precision,integer,double precision,integer,integer,double precision,double precision,double precision,double precision,double precision,boolean,interval,double precision,double precision,double precision,double precision,integer,interval,interval,double precision,interval,text[],text)', 'f v - u d -'),
    ('set_product_group(text,text[],numeric,integer,integer,double precision,text,boolean,text,text)', 'f v - u d -'), ('set_proxy(text,text,numeric,text)', 'f v - u d -'),
    ('set_tiers(text,margin_tier[],text)', 'f v - u d -'), ('set_watermark(integer,timestamp with time zone)', 'f v - u d -'), ('set_wrong_way(text,text,numeric,numeric,text,text)', 'f v - u d -'),
    ('settle_instruments(text[],text[])', 'f v - u d -'), ('settlement_hedges(text[],numeric[])', 'f s s s - -'), ('share_in_proposal(proposal,text)', 'f s - s - -'),
    ('short_digest(bytea)', 'f i - s - -'), ('significant(double precision)', 'f s - s - -'), ('single_scenario(double precision)', 'f i - s - -'),
    ('staleness(text,timestamp with time zone,boolean)', 'f s - s - -'), ('standard_scenario_sets()', 'f s - s - p'), ('standard_tiers(text)', 'f s s s - -'),
    ('start_calibration(bigint)', 'f v - u - -'), ('start_capture(integer)', 'f v - u - -'), ('start_override(bigint,timestamp with time zone,timestamp with time zone)', 'f v - u - -'),
    ('states_in(engine_model[],account_position[],asset_price[],portfolio_requirement[],requirement[],account_collateral[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('stop_enforcing(regclass)', 'f v - u - -'), ('store_accounts(text[],tid[],account_position[],timestamp with time zone)', 'f v - u d -'),
    ('store_collateral(tid[],account_collateral[])', 'f v - u d -'), ('store_contract(contract,text)', 'f v - u - -'), ('store_correlations(wrong_way_correlation[])', 'f v - u d -'),
    ('store_coverage()', 'f v - u - -'), ('store_haircuts(asset_haircut[],timestamp with time zone)', 'f v - u d -'), ('store_liquidity(instrument_liquidity[])', 'f v - u d -'),
    ('store_offsets(engine_offset,timestamp with time zone)', 'f v - u d -'), ('store_parameters(engine_calibration[],engine_decision[],timestamp with time zone,bigint,bigint)', 'f v - u - -'),
    ('store_pegs(peg_state[],timestamp with time zone)', 'f v - u d -'), ('store_proposals(bigint[],engine_decision[],timestamp with time zone)', 'f v - u - -'),
    ('store_rebuild_failure(scenario_recipe,text,timestamp with time zone)', 'f v - u d -'), ('store_rebuilt_set(scenario_recipe,jsonb,timestamp with time zone)', 'f v - u d -'),
    ('store_recipe(scenario_recipe,jsonb,timestamp with time zone,text)', 'f v - u d -'), ('store_risk(scenario_set,text,engine_risk[])', 'f v - u d -'),
    ('store_scenario_set(text,jsonb,timestamp with time zone,text)', 'f v - u - -'), ('store_states(text[],portfolio_requirement[],account_state[])', 'f v - u d -'),
    ('store_surface(engine_surface)', 'f v - u d -'), ('stored_collateral(engine_holding[],engine_model)', 'f s - s - -'), ('stored_contract(contract_terms)', 'f i - s - p'),
    ('stored_instrument(instrument,parameter)', 'f s - s - -'), ('stored_surface(text,timestamp with time zone,boolean)', 'f s - s - -'), ('stress_accounts(text,text[])', 'f s - u - -'),
    ('stress_losses(scenario_set,engine_stress[])', 'f s - s - -'), ('stress_positions(scenario_set,text[])', 'f s - u - -'), ('stress_test(text,text[])', 'f s - u - -'),
    ('supersede_proposals(engine_decision[],timestamp with time zone)', 'f v - u - -'), ('surface_at(text,timestamp with time zone)', 'f s s s - -'),
    ('surface_forward(surface_slice[],timestamp with time zone)', 'f s - s - -'), ('surface_found(feed,text,timestamp with time zone)', 'f s - u - -'),
    ('surface_in_force(feed,text,timestamp with time zone)', 'f s - u - -'), ('surface_json(timestamp with time zone,timestamp with time zone,text,surface_slice[])', 'f s - s - -'),
    ('surface_now(text)', 'f s s u - -'), ('surface_reason(surface_slice[])', 'f i - s - -'),
    ('surface_settings(text,double precision,interval,double precision,integer,double precision,double precision,double precision)', 'f i - s - p'),
    ('surface_svg(text,timestamp with time zone)', 'f s s s - -'), ('surface_vol(text,timestamp with time zone,double precision,timestamp with time zone)', 'f s s s - -'),
    ('surfaces_of(text[],boolean,timestamp with time zone)', 'f s - u - -'), ('symbol_date(jsonb)', 'f i s s - p'), ('symbol_formats()', 'f i - s - p'), ('symbol_matches(text,text)', 'f i - s - p'),
    ('symbol_terms(text,symbol_format,jsonb)', 'f s - s - p'), ('sync_events()', 'f v - u d -'), ('sync_feeds()', 'f v - u - -'), ('sync_partition(feed,regclass,boolean)', 'f v - u - -'),
    ('sync_proposals()', 'f v - u d -'), ('sync_watermark(feed)', 'f v - u - -'), ('take_batch(integer)', 'f v - u - -'), ('take_queue(bigint)', 'f v - u d -'),
    ('term_structure(vol_surface)', 'f i s s - p'), ('tier_table(margin_tier[])', 'f i s s - p'), ('tiers_from_leverage(numeric[],numeric[],numeric)', 'f i s s - p'),
    ('trade_cash(what_if_trade,contract,contract_market,double precision)', 'f i - s - -'),
    ('trade_collateral(engine_holding[],engine_holding[],engine_model,boolean,timestamp with time zone)', 'f s - u - -'),
    ('trade_doubts(engine_holding[],what_if_trade[],engine_model,integer)', 'f s - s - -'),
    ('trade_states(engine_holding[],what_if_trade[],numeric,numeric,engine_model,engine_holding[],timestamp with time zone)', 'f s - u - -'),
    ('trade_sums(engine_holding[],what_if_trade[],text,text,integer,margin_method)', 'f s s s - -'),
    ('trade_trial(engine_holding[],what_if_trade[],numeric,numeric,engine_model,engine_holding[],boolean,timestamp with time zone)', 'f s - u - -'),
    ('traded_holdings(text,engine_holding[],what_if_trade[])', 'f s - s - -'), ('trades_cash(what_if_trade[],engine_model,boolean,timestamp with time zone)', 'f s - u - -'),
    ('trial(engine_holding[],engine_model[],account_collateral[],boolean,timestamp with time zone)', 'f s - u - -'), ('undiscounted(shock_law)', 'f s - s - -'),
    ('unit_size(account_position,contract_terms)', 'f s - s - -'), ('unknown_keys(jsonb,regtype)', 'f s - s - -'), ('unrealised_pnl(account_position,contract_terms)', 'f s - s - -'),
    ('unschedule()', 'f v - u - -'), ('usable_trades(what_if_trade[])', 'f s - s - -'), ('use_scenario_set(scenario_set)', 'f v - u d -'),
    ('variance_risk_premium(double precision,double precision)', 'f i s s - p'), ('verify(text[],text[])', 'f s - u - -'),
    ('verify_accounts(text[],text[],text[],timestamp with time zone)', 'f s - u - -'), ('verify_audit(bigint,text)', 'f s - u d -'),
    ('verify_collateral(text[],boolean,timestamp with time zone)', 'f s - u - -'), ('verify_correlations()', 'f s - s - -'), ('verify_feed(feed,text[],timestamp with time zone)', 'f s - u - -'),
    ('verify_liquidity(feed,text[],timestamp with time zone)', 'f s - u - -'), ('verify_orphans()', 'f s - s - -'), ('verify_position_feeds()', 'f s - u - -'),
    ('verify_prices(feed,text[],timestamp with time zone)', 'f s - u - -'), ('verify_query()', 'f s - s - -'), ('verify_states(text[],text[],text[],timestamp with time zone)', 'f s - u - -'),
    ('verify_surfaces(feed,text[],timestamp with time zone)', 'f s - u - -'), ('version()', 'f s s s - p'), ('waiting_keys(feed,text[],timestamp with time zone)', 'f s - s - -'),
    ('what_if(text,jsonb,jsonb)', 'f s s u - -'), ('what_if_change(what_if_row,what_if_row)', 'f i - s - -'),
    ('what_if_components(text,engine_holding[],engine_model,what_if_row,boolean,timestamp with time zone)', 'f s - u - -'), ('what_if_figures(text,text,engine_trial)', 'f s - s - -'),
    ('what_if_hedges(text,engine_holding[],text[],engine_model,what_if_row,engine_holding[],numeric,boolean,timestamp with time zone)', 'f s - u - -'), ('what_if_settings(jsonb)', 'f s - s - -'),
    ('what_if_trades(jsonb)', 'f s - s - -'), ('with_fallbacks(surface_slice[],surface_slice[],timestamp with time zone)', 'f s - s - -'), ('with_vectors(engine_risk[],scenario_set)', 'f s - s - -'),
    ('withdraw_proposal(bigint,text)', 'f v - u d -'), ('wrapped(text,integer)', 'f s s s - -'),
    ('wrong_way_exposures(engine_holding[],text,engine_holding[],boolean,timestamp with time zone)', 'f s - u - -'), ('wrong_way_found(wrong_way,timestamp with time zone)', 'f s - u - -');

SET search_path = margin_calib, public, pg_catalog;
CREATE TEMP TABLE actual AS
SELECT oid::regprocedure::text AS signature,
       concat_ws(' ', prokind, provolatile, CASE WHEN proisstrict THEN 's' ELSE '-' END, proparallel,
                 CASE WHEN prosecdef THEN 'd' ELSE '-' END, CASE WHEN has_function_privilege('public', oid, 'EXECUTE') THEN 'p' ELSE '-' END) AS labels
  FROM fn
 WHERE NOT (provolatile = 'i' AND proparallel = 's' AND NOT prosecdef AND lanname IN ('c', 'internal'));
SET search_path = public, pg_catalog;
SELECT is_empty($$ SELECT * FROM actual EXCEPT SELECT * FROM reviewed $$, 'every function has the labels that were reviewed');
SELECT is_empty($$ SELECT * FROM reviewed EXCEPT SELECT * FROM actual $$, 'every reviewed function is there');
SELECT * FROM finish();
