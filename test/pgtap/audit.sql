-- The audit trail against somebody who may do anything in the database: every column of every kind of entry and of every
-- governed object, edited, deleted or made around the trail, under whatever settings the session has.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET search_path = public, pg_catalog;
CREATE ROLE mc_one LOGIN; CREATE ROLE mc_two LOGIN; CREATE ROLE mc_eng LOGIN;
GRANT USAGE ON SCHEMA t TO PUBLIC;
CREATE TABLE t.bars (sym text, ts timestamptz, px double precision);
CREATE TABLE t.book (client text, sym text, qty numeric);
CREATE TABLE t.depth (sym text, ts timestamptz, spread numeric);
INSERT INTO t.bars SELECT s, date_trunc('day', now()) - i * interval '1 day', 100 * exp(0.03 * sin(i * i + ascii(s)) + 0.001 * i)
  FROM unnest(ARRAY['A', 'B', 'C', 'D']) AS s, generate_series(1, 200) AS i;
INSERT INTO t.book VALUES ('x', 'A', 1), ('x', 'B', -2), ('y', 'B', 3);
INSERT INTO t.depth VALUES ('A', now(), 0.001);
GRANT SELECT ON t.bars, t.book, t.depth TO mc_eng;
CREATE FUNCTION t.login(name text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', name); END $$;
CREATE FUNCTION t.waiting(instrument text) RETURNS bigint LANGUAGE sql AS $$ SELECT p.proposal FROM margin_calib.margin_proposal AS p WHERE p.state = 'open' AND p.instrument = $1 $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA t TO PUBLIC;

-- ---- one of everything ----
SELECT margin_calib.grant_rights('mc_one', 'analyst'), margin_calib.grant_rights('mc_two', 'approver'), margin_calib.grant_rights('mc_eng', 'engine'), margin_calib.grant_account('x', 'mc_one', 'his desk');
SELECT t.login('mc_one');
SELECT margin_calib.set_policy('p', based_on => 'crypto_venue', model => 'historical', min_returns => 50, minimum_rate => 0, confidence => 0.95, lookback_time => '400 days', reason => 'ours');
SELECT t.login('mc_eng');
SELECT margin_calib.attach_prices('t.bars', 'sym', 'ts', 'px', policy => 'p', new_product_policy => NULL, capture => 'watermark'),
       margin_calib.attach_positions('t.book', 'client', 'sym', 'qty', capture => 'watermark'), margin_calib.attach_liquidity('t.depth', 'sym', 'ts', 'spread', capture => 'watermark');
CALL margin_calib.refresh(commit_batches => false);
SELECT t.login('mc_two');
SELECT margin_calib.set_approval_limits('p', 0.1 / 3, 0.07, '1 mon 2 days 03:04:05.678', 'committee');
SELECT t.login('mc_one');
SELECT margin_calib.set_instrument('A', kind => 'linear', multiplier => 1.50, currency => 'USD', reason => 'size'), margin_calib.set_proxy('D', 'A', 1.5),
       margin_calib.set_amount_step('USD', 0.05), margin_calib.set_liquidity_policy(participation => 0.2), margin_calib.set_liquidity_policy('A', participation => 0.1),
       margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{1000}', '{20,10}'), 'first'), margin_calib.set_tiers('A', margin_calib.tiers_from_leverage('{2000}', '{20,10}'), 'second'),
       margin_calib.set_peg('B', instrument => 'A'), margin_calib.set_peg('B', currency => 'EUR'), margin_calib.add_event('vote', now(), now() + interval '1 day', '{A,B}', rate => 0.01),
       margin_calib.set_product_group('pair', '{A,B}', lookback => 100, subperiods => 2), margin_calib.set_product_group('gone', '{C,D}', lookback => 100, subperiods => 2),
       margin_calib.set_policy('p', confidence => 0.99);
SELECT t.login('mc_eng');
CALL margin_calib.refresh(commit_batches => false);
SELECT t.login('mc_two');
SELECT margin_calib.approve_proposal(t.waiting('A'), 'seen'), margin_calib.reject_proposal(t.waiting('B'), 'no');
SELECT t.login('mc_one');
SELECT margin_calib.propose_override('B', 0.5, clock_timestamp() + interval '1 day', 'fork'), margin_calib.propose_override('C', 0.5, clock_timestamp() + interval '1 day', 'fork'),
       margin_calib.propose_override('A', 0.5, clock_timestamp() + interval '1 day', 'fork'), margin_calib.drop_product_group('gone', 'not needed');
SELECT t.login('mc_two');
SELECT margin_calib.approve_proposal(p.id, 'fork') FROM margin_calib.proposal AS p WHERE p.kind = 'override' AND p.instrument IN ('B', 'C') ORDER BY p.id;
SELECT margin_calib.end_override('C', 'no fork');
SELECT t.login('mc_eng');
CALL margin_calib.refresh(commit_batches => false);
RESET SESSION AUTHORIZATION;
SELECT margin_calib.set_contract(margin_calib.parse_symbol('BTC-27JUN26-80000-C', 'deribit'), 'listed');
SELECT margin_calib.add_scenario_set('mine', '[{"price_shock": -0.1}]', reason => 'ours');
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'what was done by the functions fits');
SELECT is((SELECT string_agg(DISTINCT kind, ',' ORDER BY kind) FROM margin_calib.governed_row),
          'account_grant,amount_step,approval_limit,contract,event,feed,instrument,liquidity_policy,offset_calibration,parameter,peg,policy,product_group,proposal,scenario_set,tiers', 'every kind is there');
SELECT is_empty($$ SELECT kind, object FROM margin_calib.governed_row GROUP BY 1, 2 HAVING count(*) > 1 $$, 'each object once');
SELECT is_empty($$ SELECT kind FROM margin_calib.governed_row EXCEPT SELECT kind FROM margin_calib.audit $$, 'all of them in the trail');
SELECT is_empty($$ SELECT DISTINCT kind FROM margin_calib.governed_row WHERE col_description('margin_calib.governed_row'::regclass, 1) !~ ('\m' || kind || '\M') $$, 'and in its comment');

-- what verify_audit says after a statement, which is undone
CREATE FUNCTION t.found(statement text, head_id bigint DEFAULT NULL, head_hash text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    problems text;
    changed  bigint;
BEGIN
    BEGIN
        EXECUTE statement;
        GET DIAGNOSTICS changed = ROW_COUNT;
        SELECT string_agg(concat_ws(' ', v.entry, v.kind, v.object, v.problem), '; ') INTO problems FROM margin_calib.verify_audit(head_id, head_hash) AS v;
        RAISE EXCEPTION USING ERRCODE = 'MC000', MESSAGE = coalesce(problems, '');
    EXCEPTION WHEN SQLSTATE 'MC000' THEN
        RETURN CASE WHEN changed = 0 THEN 'the statement changed nothing' ELSE nullif(SQLERRM, '') END;
    END;
END $$;

-- ---- entries ----
CREATE FUNCTION t.other(kind text, name text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN kind IN ('text', 'name') THEN format('coalesce(%1$I || ''x'', ''x'')', name)
                WHEN kind IN ('integer', 'bigint') THEN format('coalesce(%1$I, 0) + 1000', name)
                WHEN kind IN ('numeric', 'double precision') THEN format('CASE WHEN %1$I = 0.123 THEN 0.124 ELSE 0.123 END', name)
                WHEN kind = 'boolean' THEN format('%1$I IS NOT TRUE', name)
                WHEN kind = 'timestamp with time zone' THEN format('coalesce(%1$I, now()) + interval ''1 microsecond''', name)
                WHEN kind = 'interval' THEN format('coalesce(%1$I, ''1 day'') + interval ''1 microsecond''', name)
                WHEN kind = 'jsonb' THEN format('coalesce(%1$I, ''{}'') || ''{"x": 1}''', name)
                WHEN kind = 'bytea' THEN format('coalesce(%1$I, '''') || ''\x00''::bytea', name)
                WHEN kind = 'text[]' THEN format('coalesce(%1$I, ''{}'') || ''x''::text', name)
                WHEN kind = 'regclass' THEN '''pg_class''::regclass'
                WHEN kind LIKE '%[]' THEN format('trim_array(%I, 1)', name)
                ELSE 'NULL' END $$;
CREATE TABLE t.entry AS SELECT DISTINCT ON (a.kind, a.action) a.id FROM margin_calib.audit AS a ORDER BY a.kind, a.action, a.id;
INSERT INTO t.entry SELECT 1 UNION SELECT max(id) FROM margin_calib.audit UNION SELECT max(id) / 2 FROM margin_calib.audit;
CREATE TABLE t.edit AS
    SELECT e.id, a.attname, format('UPDATE margin_calib.audit SET %I = %s WHERE id = %s', a.attname, CASE a.attname WHEN 'id' THEN 'id + 1000000' ELSE t.other(format_type(a.atttypid, NULL), a.attname) END, e.id) AS statement
      FROM (SELECT DISTINCT id FROM t.entry) AS e CROSS JOIN pg_attribute AS a WHERE a.attrelid = 'margin_calib.audit'::regclass AND a.attnum > 0;
SELECT cmp_ok((SELECT count(*) FROM t.edit), '>', 250::bigint, 'edits of every column of every kind of entry');
CREATE TABLE t.result AS SELECT e.*, t.found(e.statement) AS problem FROM t.edit AS e;
SELECT is_empty('SELECT id, attname FROM t.result WHERE problem IS NULL', 'each is found');
SELECT is_empty($$ SELECT id, attname, problem FROM t.result WHERE attname <> 'id' AND problem !~ ('\m(' || id || '|' || id + 1 || ') ') $$, 'where it was made, or in the entry behind');
SELECT is_empty($$ SELECT id FROM margin_calib.audit AS a WHERE t.found(format('DELETE FROM margin_calib.audit WHERE id = %s', a.id)) IS NULL $$, 'the deletion of any entry is found');
CREATE FUNCTION t.swap(a bigint, b bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE margin_calib.audit SET id = -1 WHERE id = a; UPDATE margin_calib.audit SET id = a WHERE id = b; UPDATE margin_calib.audit SET id = b WHERE id = -1 $$;
SELECT is_empty($$ SELECT id FROM margin_calib.audit AS a WHERE id > 1 AND t.found(format('SELECT t.swap(%s, %s)', a.id, a.id - 1)) IS NULL $$,
                'so is an exchange of neighbours');
SELECT isnt(t.found(format($$ DELETE FROM margin_calib.audit WHERE id > %s $$, (SELECT max(id) / 2 FROM margin_calib.audit))), NULL, 'a trail that is cut');
SELECT isnt(t.found('TRUNCATE margin_calib.audit'), NULL, 'or emptied');
SELECT isnt(t.found('TRUNCATE margin_calib.audit, margin_calib.audit_head'), NULL, 'with its head');
SELECT is_empty($$ SELECT s FROM unnest('{id + 1,id - 1}'::text[]) AS v, format('UPDATE margin_calib.audit_head SET id = %s', v) AS s WHERE t.found(s) IS NULL
                   UNION ALL SELECT s FROM unnest('{1 day,-1 day,1 us}'::text[]) AS v, format('UPDATE margin_calib.audit_head SET at = at + interval %L', v) AS s WHERE t.found(s) IS NULL
                   UNION ALL SELECT s FROM unnest(ARRAY['UPDATE margin_calib.audit_head SET hash = sha256(hash)', 'DELETE FROM margin_calib.audit_head']) AS s WHERE t.found(s) IS NULL $$, 'an edit of the head');
-- an entry that fits into the chain, as somebody who knows how would make it
CREATE FUNCTION t.forge(head boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e margin_calib.audit;
BEGIN
    SELECT a.* INTO e FROM margin_calib.audit AS a ORDER BY a.id DESC LIMIT 1;
    e.id := e.id + 1; e.previous_hash := e.hash; e.login := 'mc_two'; e.action := 'change'; e.kind := 'rights';
    e.hash := margin_calib.audit_hash(e);
    INSERT INTO margin_calib.audit VALUES (e.*);
    IF head THEN UPDATE margin_calib.audit_head SET id = e.id, at = e.at, hash = e.hash; END IF;
END $$;
SELECT isnt(t.found('SELECT t.forge(false)'), NULL, 'an entry added without the head');
-- all of it rewritten: only somebody who kept a head outside can know
SELECT id AS head_id, encode(hash, 'hex') AS head_hash FROM margin_calib.audit_head \gset
CREATE FUNCTION t.rewrite(edit text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    e      margin_calib.audit;
    before bytea := '';
BEGIN
    EXECUTE edit;
    FOR e IN SELECT a.* FROM margin_calib.audit AS a ORDER BY a.id LOOP
        e.previous_hash := before;
        before := margin_calib.audit_hash(e);
        UPDATE margin_calib.audit AS a SET previous_hash = e.previous_hash, hash = before WHERE a.id = e.id;
    END LOOP;
    UPDATE margin_calib.audit_head SET hash = before;
END $$;
SELECT is(t.found($$ SELECT t.rewrite('UPDATE margin_calib.audit SET login = ''mc_two'' WHERE id = 3') $$), NULL, 'a trail that is rewritten as a whole fits itself');
SELECT isnt(t.found($$ SELECT t.rewrite('UPDATE margin_calib.audit SET login = ''mc_two'' WHERE id = 3') $$, :head_id, :'head_hash'), NULL, 'but not a head that was kept outside');
SELECT is(t.found('SELECT 1', :head_id, :'head_hash'), NULL, 'which fits what was not');
SELECT is(t.found('SELECT t.forge(true)', :head_id, upper(:'head_hash')), NULL, 'nor what went on from it');
SELECT isnt(t.found('SELECT 1', :head_id + 1, :'head_hash'), NULL, 'a head that is not there');
SELECT is(t.found('SELECT 1', 0, ''), NULL, 'the head of an empty trail');
SELECT throws_ok('SELECT * FROM margin_calib.verify_audit(1)', '22004');
SELECT throws_ok($$ SELECT * FROM margin_calib.verify_audit(NULL, 'x') $$, '22004');

-- ---- governed objects ----
CREATE TABLE t.governed (kind text, relation text, key text, fresh jsonb);
INSERT INTO t.governed VALUES
    ('policy', 'user_policy', 'name', '{"version": 1000}'), ('instrument', 'instrument', 'instrument', '{"instrument": "ZZ"}'), ('parameter', 'parameter', 'id', '{"id": 100000, "override_state": "over", "valid_to": "2001-01-01", "valid_from": "2000-01-01"}'),
    ('proposal', 'proposal', 'id', '{"id": 100000, "parameter_id": 100000, "state": "applied"}'), ('approval_limit', 'approval_limit', 'policy', '{"policy": "zz"}'),
    ('amount_step', 'currency_setting', 'currency', '{"currency": "ZZZ"}'), ('feed', 'feed', 'id', '{"id": 100000, "relation": "pg_class"}'), ('feed', 'liquidity_feed', 'feed', NULL),
    ('tiers', 'tier_schedule', 'id', '{"id": 100000, "instrument": "ZZ"}'), ('liquidity_policy', 'liquidity_policy', 'instrument', '{"instrument": "ZZ"}'), ('peg', 'peg', 'instrument', '{"instrument": "ZZ", "currency": null}'),
    ('event', 'margin_event', 'id', '{"id": 100000}'), ('product_group', 'product_group', 'name', '{"name": "zz"}'), ('product_group', 'product_group_member', 'instrument', '{"instrument": "C"}'),
    ('offset_calibration', 'offset_calibration', 'id', '{"id": 100000, "group_name": "zz"}'), ('contract', 'contract_terms', 'instrument', '{"instrument": "zz"}'),
    ('scenario_set', 'user_scenario_set', 'name', '{"name": "zz"}'),
    ('account_grant', 'account_grant', 'account', '{"account": "zz"}');
SELECT is_empty('SELECT kind FROM margin_calib.governed_row EXCEPT SELECT kind FROM t.governed', 'a table for every kind');
-- what refresh writes by itself, and what a dump or a rename of the user's changes
CREATE TABLE t.free (relation text, name text);
INSERT INTO t.free SELECT 'instrument', unnest('{last_price,data_through,fresh_until,stale_reason,path,path_policy,path_policy_version,registered_at,price_feed,proxy_since,borrowed_returns}'::text[])
UNION ALL SELECT 'feed', unnest('{watermark,error}'::text[]) UNION ALL SELECT 'margin_event', 'applied' UNION ALL SELECT 'product_group', unnest('{calibrated_at,is_due}'::text[]);
-- rows whose policy is the feed's have none of their own: one that set_instrument gave
SELECT margin_calib.set_instrument('C', policy => 'p');
CREATE VIEW t.row AS
SELECT g.kind, g.relation, r.at FROM t.governed AS g
 CROSS JOIN LATERAL (SELECT CASE g.relation
           WHEN 'instrument' THEN (SELECT min(i.ctid) FROM margin_calib.instrument AS i WHERE i.instrument = 'C') WHEN 'parameter' THEN (SELECT min(p.ctid) FROM margin_calib.parameter AS p WHERE p.override_state = 'running')
           WHEN 'feed' THEN (SELECT f.ctid FROM margin_calib.feed AS f WHERE f.kind = 'prices') WHEN 'proposal' THEN (SELECT min(p.ctid) FROM margin_calib.proposal AS p WHERE p.state = 'open')
           WHEN 'offset_calibration' THEN (SELECT min(o.ctid) FROM margin_calib.offset_calibration AS o WHERE o.group_name = 'pair')
           WHEN 'user_policy' THEN (SELECT min(x.ctid) FROM margin_calib.user_policy AS x) WHEN 'approval_limit' THEN (SELECT min(x.ctid) FROM margin_calib.approval_limit AS x)
           WHEN 'currency_setting' THEN (SELECT min(x.ctid) FROM margin_calib.currency_setting AS x) WHEN 'liquidity_feed' THEN (SELECT min(x.ctid) FROM margin_calib.liquidity_feed AS x)
           WHEN 'tier_schedule' THEN (SELECT min(x.ctid) FROM margin_calib.tier_schedule AS x) WHEN 'liquidity_policy' THEN (SELECT min(x.ctid) FROM margin_calib.liquidity_policy AS x)
           WHEN 'peg' THEN (SELECT min(x.ctid) FROM margin_calib.peg AS x) WHEN 'margin_event' THEN (SELECT min(x.ctid) FROM margin_calib.margin_event AS x)
           WHEN 'product_group' THEN (SELECT min(x.ctid) FROM margin_calib.product_group AS x) WHEN 'product_group_member' THEN (SELECT min(x.ctid) FROM margin_calib.product_group_member AS x)
           WHEN 'contract_terms' THEN (SELECT min(x.ctid) FROM margin_calib.contract_terms AS x)
           WHEN 'user_scenario_set' THEN (SELECT min(x.ctid) FROM margin_calib.user_scenario_set AS x)
           WHEN 'account_grant' THEN (SELECT min(x.ctid) FROM margin_calib.account_grant AS x WHERE x.account IS NOT NULL) END AS at) AS r;
SELECT is_empty('SELECT relation FROM t.row WHERE at IS NULL', 'a row of each');
-- who may do anything drops the constraints that are in his way
CREATE FUNCTION t.unbound(relation text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT n.conname FROM pg_constraint AS n WHERE n.conrelid = format('margin_calib.%I', relation)::regclass AND n.contype = 'c' LOOP
        EXECUTE format('ALTER EXTENSION margin_calib DROP TABLE margin_calib.%I', relation);
        EXECUTE format('ALTER TABLE margin_calib.%I DROP CONSTRAINT %I', relation, c.conname);
        EXECUTE format('ALTER EXTENSION margin_calib ADD TABLE margin_calib.%I', relation);
    END LOOP;
END $$;
CREATE FUNCTION t.tamper(relation text, statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM t.unbound(relation);
    EXECUTE statement;
    GET DIAGNOSTICS changed = ROW_COUNT;
    ASSERT changed > 0, statement;
END $$;
CREATE TABLE t.column_edit AS
    SELECT r.kind, r.relation, a.attname, format('UPDATE margin_calib.%I SET %I = %s WHERE ctid = %L', r.relation, a.attname, CASE WHEN r.relation = 'parameter' AND a.attname = 'override_state' THEN '''over''' ELSE t.other(format_type(a.atttypid, NULL), a.attname) END, r.at) AS statement,
           EXISTS (SELECT FROM t.free AS f WHERE f.relation = r.relation AND f.name = a.attname) AS is_free
      FROM t.row AS r JOIN pg_attribute AS a ON a.attrelid = format('margin_calib.%I', r.relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
SELECT cmp_ok((SELECT count(*) FROM t.column_edit WHERE NOT is_free), '>', 220::bigint, 'edits of every column of every table');
CREATE TABLE t.column_result AS SELECT e.*, t.found(format('SELECT t.tamper(%L, %L)', e.relation, e.statement)) AS problem FROM t.column_edit AS e;
SELECT is_empty($$ SELECT relation, attname FROM t.column_result WHERE problem IS NULL AND NOT is_free
                      AND NOT (relation = 'parameter' AND attname IN ('path', 'path_before')) -- of an override they are NULL, and stay it $$, 'each is found');
SELECT is_empty($$ SELECT relation, attname, problem FROM t.column_result WHERE is_free AND problem IS NOT NULL $$, 'those that are not governed are none');
SELECT is_empty($$ SELECT r.relation FROM t.row AS r WHERE t.found(format('DELETE FROM margin_calib.%I WHERE ctid = %L', r.relation, r.at)) IS NULL $$, 'a row that is deleted');
SELECT is_empty($$ SELECT g.relation FROM t.governed AS g JOIN t.row AS r USING (kind, relation) WHERE g.fresh IS NOT NULL
                      AND t.found(format('INSERT INTO margin_calib.%1$I SELECT (jsonb_populate_record(NULL::margin_calib.%1$I, to_jsonb(t) || %2$L)).* FROM margin_calib.%1$I AS t WHERE ctid = %3$L',
                                         g.relation, g.fresh, r.at)) IS NULL $$, 'or made');
SELECT is_empty($$ SELECT s FROM unnest(ARRAY[
        'UPDATE margin_calib.parameter SET valid_to = now() WHERE layer = ''calibration'' AND valid_to IS NULL AND valid_from IS NOT NULL AND instrument = ''C''',
        'UPDATE margin_calib.parameter SET valid_to = valid_to + interval ''1 us'' WHERE layer = ''calibration'' AND valid_to IS NOT NULL AND instrument = ''A''',
        'UPDATE margin_calib.parameter SET path = NULL WHERE NOT path IS NULL', 'UPDATE margin_calib.parameter SET input_hash = sha256(input_hash)',
        'UPDATE margin_calib.parameter SET override_state = ''running'' WHERE override_state = ''waiting''',
        'UPDATE margin_calib.offset_calibration SET valid_to = now() WHERE valid_to IS NULL', 'UPDATE margin_calib.tier_schedule SET valid_to = now() WHERE valid_to IS NULL']) AS s
     WHERE t.found(s) IS NULL OR t.found(s) = 'the statement changed nothing' $$, 'what is kept apart from the content is checked as well');

-- a legitimate change does not cover up one that was made around the trail before
CREATE TABLE t.cover (tamper text, change text);
INSERT INTO t.cover VALUES
    ('UPDATE margin_calib.instrument SET multiplier = 7 WHERE instrument = ''A''', 'SELECT margin_calib.set_instrument(''A'', multiplier => 2)'),
    ('UPDATE margin_calib.instrument SET multiplier = 7 WHERE instrument = ''B''', 'SELECT margin_calib.set_proxy(''B'', ''C'')'),
    ('UPDATE margin_calib.instrument SET multiplier = 7 WHERE instrument = ''B''', 'CALL margin_calib.recalibrate(false)'),
    ('DELETE FROM margin_calib.instrument WHERE instrument = ''C''', 'CALL margin_calib.recalibrate(false)'),
    ('DELETE FROM margin_calib.instrument WHERE instrument = ''C''; UPDATE t.bars SET ts = ts WHERE sym = ''C''; INSERT INTO t.bars VALUES (''C'', now(), 100)', 'CALL margin_calib.refresh(false)'),
    ('DELETE FROM margin_calib.instrument WHERE instrument = ''C''', 'SELECT margin_calib.set_instrument(''C'', multiplier => 1)'),
    ('UPDATE margin_calib.currency_setting SET amount_step = 1', 'SELECT margin_calib.set_amount_step(''USD'', 0.01)'),
    ('DELETE FROM margin_calib.currency_setting', 'SELECT margin_calib.set_amount_step(''USD'', 0.01)'),
    ('UPDATE margin_calib.tier_schedule SET tiers = trim_array(tiers, 1) WHERE valid_to IS NULL', 'SELECT margin_calib.set_tiers(''A'', NULL)'),
    ('UPDATE margin_calib.liquidity_policy SET participation = 0.9 WHERE instrument IS NULL', 'SELECT margin_calib.set_liquidity_policy(participation => 0.2)'),
    ('UPDATE margin_calib.peg SET factor = 0.1 WHERE currency IS NULL', 'SELECT margin_calib.set_peg(NULL, instrument => ''A'')'),
    ('UPDATE margin_calib.margin_event SET rate = 0.9', 'SELECT margin_calib.cancel_event(id) FROM margin_calib.margin_event'),
    ('UPDATE margin_calib.product_group SET cap = 0.1', 'SELECT margin_calib.set_product_group(''pair'', ''{A,B}'')'),
    ('DELETE FROM margin_calib.product_group_member WHERE instrument = ''A''', 'SELECT margin_calib.drop_product_group(''pair'')'),
    ('UPDATE margin_calib.offset_calibration SET cap = 0.1', 'SELECT margin_calib.calibrate_offsets(''pair'')'),
    ('UPDATE margin_calib.approval_limit SET per_step = 10', 'SELECT margin_calib.set_approval_limits(''p'', 0.1)'),
    ('UPDATE margin_calib.account_grant SET granted_by = ''me'' WHERE account = ''x''', 'SELECT margin_calib.revoke_account(''x'', ''mc_one'')'),
    ('INSERT INTO margin_calib.account_grant VALUES (''y'', ''mc_one'')', 'SELECT margin_calib.grant_account(''y'', ''mc_one'')'),
    ('UPDATE margin_calib.contract_terms SET contract_size = 2', 'SELECT margin_calib.set_contract(margin_calib.parse_symbol(instrument, venue)) FROM margin_calib.contract_terms'),
    ('UPDATE margin_calib.contract_terms SET contract_size = 2', 'SELECT margin_calib.drop_contract(instrument) FROM margin_calib.contract_terms'),
    ('UPDATE margin_calib.user_scenario_set SET version = 1, content = ''{}''', 'SELECT margin_calib.drop_scenario_set(''mine'')'),
    ('UPDATE margin_calib.user_policy SET confidence = 0.8 WHERE version = 2', 'SELECT margin_calib.set_policy(''p'', confidence => 0.97)'),
    ('UPDATE margin_calib.feed SET policy = ''prop_desk'' WHERE kind = ''prices''', 'SELECT margin_calib.detach(''t.bars'')'),
    ('UPDATE margin_calib.liquidity_feed SET spread_column = ''x''', 'SELECT margin_calib.detach(''t.depth'')'),
    ('UPDATE margin_calib.proposal SET reason = ''x'' WHERE state = ''open'' AND kind = ''override''', 'SELECT margin_calib.reject_proposal(id, ''no'') FROM margin_calib.proposal WHERE state = ''open'' AND kind = ''override'''),
    ('UPDATE margin_calib.parameter SET initial_rate = 9 WHERE override_state = ''running''', 'SELECT margin_calib.end_override(''B'', ''no'')'),
    ('UPDATE margin_calib.parameter SET initial_rate = 9 WHERE override_state = ''waiting''', 'SELECT t.login(''mc_two''), margin_calib.approve_proposal(id) FROM margin_calib.proposal WHERE state = ''open'' AND kind = ''override'''),
    ('UPDATE margin_calib.parameter SET initial_rate = 9, long_initial_rate = 9 WHERE valid_to IS NULL AND layer = ''calibration''', 'CALL margin_calib.recalibrate(false)'),
    ('UPDATE margin_calib.proposal SET initial_impact = 0.5, expires_at = now() WHERE state = ''open'' AND kind = ''calibration''', 'CALL margin_calib.refresh(false)');
CREATE FUNCTION t.covered(tamper text, change text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entries bigint := (SELECT max(id) FROM margin_calib.audit);
BEGIN
    EXECUTE tamper;
    EXECUTE change;
    RESET SESSION AUTHORIZATION;
    ASSERT change LIKE 'CALL%' OR tamper = 'SELECT 1' OR entries < (SELECT max(id) FROM margin_calib.audit), 'the change is in the trail';
END $$;
SELECT is_empty($$ SELECT c.* FROM t.cover AS c WHERE t.found(format('SELECT t.covered(%L, %L)', c.tamper, c.change)) IS NULL $$, 'a change does not cover up what came before it');
SELECT is_empty($$ SELECT c.* FROM t.cover AS c WHERE t.found(format('SELECT t.covered(%L, %L)', 'SELECT 1', c.change)) IS NOT NULL $$, 'and leaves nothing by itself');

-- what a table is called is its owner's
ALTER TABLE t.bars RENAME TO candles;
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'a table that is renamed is the one that was attached');
CREATE TABLE t.bars (LIKE t.candles);
SELECT is((SELECT problem FROM margin_calib.verify_audit()), 'it reads t.candles, and was attached to t.bars, which is another relation', 'unless another one has its name now');
DROP TABLE t.bars;
ALTER TABLE t.candles RENAME TO bars;

-- who, and as whom
GRANT mc_one TO mc_two;
SELECT t.login('mc_two');
SET LOCAL ROLE mc_one;
SELECT margin_calib.set_amount_step('CHF', 0.05, 'a role that was set');
RESET ROLE;
RESET SESSION AUTHORIZATION;
REVOKE mc_one FROM mc_two;
SELECT results_eq($$ SELECT login::text, role::text FROM margin_calib.audit WHERE reason = 'a role that was set' $$, $$ VALUES ('mc_two', 'mc_one') $$, 'the login, and the role that it had set');

-- ---- names and reasons that are texts, whatever they hold ----
CREATE TABLE t.name (text text);
INSERT INTO t.name VALUES ('*'), ('default'), ('a''b'), ('a"b'), (E'line\nbreak'), ('100% %s %I %L %1$s'), (E'back\\slash \\'' E'''), ('; DROP TABLE margin_calib.audit; --'), ('$function$'), ('ünï 🙂 ́'), ('{}'), ('["x", "y"]'),
    ('NULL'), (' '), (E'\t'), ('A 1'), (repeat('long ', 400));
CREATE FUNCTION t.named(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    proposal bigint;
BEGIN
    PERFORM t.login('mc_one');
    PERFORM margin_calib.set_policy(name, based_on => 'p', reason => name), margin_calib.set_policy(name, reason => name);
    PERFORM margin_calib.set_instrument(name, currency => name, policy => name, reason => name), margin_calib.set_amount_step(name, 0.01, name),
            margin_calib.set_tiers(name, margin_calib.tiers_from_leverage('{1000}', '{20,10}'), name), margin_calib.set_liquidity_policy(name, participation => 0.1, reason => name),
            margin_calib.set_peg(name, currency => name, reason => name), margin_calib.add_event(name, now(), now() + interval '1 day', ARRAY[name], rate => 0.1, reason => name);
    IF octet_length(name) <= 500 THEN
        PERFORM margin_calib.set_product_group(left(name, 100), ARRAY[name, 'C'], rationale => name, reason => name), margin_calib.drop_product_group(left(name, 100), name);
    END IF;
    proposal := margin_calib.propose_override(name, 0.5, now() + interval '1 day', coalesce(nullif(btrim(name), ''), 'why'));
    PERFORM t.login('mc_two');
    PERFORM margin_calib.approve_proposal(proposal, name), margin_calib.end_override(name, 'why ' || name), margin_calib.set_approval_limits(name, 0.1, 0.1, '1 day', name);
    RESET SESSION AUTHORIZATION;
    PERFORM margin_calib.grant_account(name, 'mc_one', name), margin_calib.revoke_account(name, 'mc_one', name), margin_calib.grant_account(name, 'mc_one', name);
END $$;
CREATE FUNCTION t.named_state(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.named(name); RETURN '00000'; EXCEPTION WHEN OTHERS THEN RESET SESSION AUTHORIZATION; RETURN SQLSTATE || ' ' || SQLERRM; END $$;
SELECT is_empty($$ SELECT n.text, s FROM t.name AS n, t.named_state(n.text) AS s WHERE s <> '00000' $$, 'every name goes through every setter');
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'and is in the trail');
SELECT is_empty($$ SELECT n.text, k.kind FROM t.name AS n CROSS JOIN (VALUES ('policy', ' 2'), ('instrument', ''), ('amount_step', ''), ('approval_limit', '')) AS k (kind, suffix)
                    WHERE NOT EXISTS (SELECT FROM margin_calib.audit AS a WHERE a.kind = k.kind AND a.object = n.text || k.suffix AND a.reason IS NOT DISTINCT FROM n.text) $$, 'under its name and with its reason');
-- a name that no index takes is refused before anything is written
SELECT is(left(t.named_state((SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) AS i)), 5), '54000', 'a name of 9600 random bytes');

-- ---- the engine's own writers in the hands of its role ----
CREATE FUNCTION t.as_engine(statement text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM t.login('mc_eng'); EXECUTE statement; RESET SESSION AUTHORIZATION; END $$;
SELECT margin_calib.set_approval_limits('p', NULL);
CALL margin_calib.refresh(commit_batches => false);
CREATE TABLE t.forged AS SELECT c FROM margin_calib.calibrate_keys((SELECT id FROM margin_calib.feed WHERE kind = 'prices'), '{C}', now()) AS c;
UPDATE t.forged SET c.calibration.initial_rate = 0.7654321, c.calibration.maintenance_rate = 0.7654321;
GRANT SELECT ON t.forged TO mc_eng;
SELECT is(t.found($$ SELECT t.as_engine('SELECT margin_calib.publish(ARRAY(SELECT c FROM t.forged), clock_timestamp(), 1, 1)') $$), NULL, 'the engine''s role may publish what it likes');
SELECT t.as_engine('SELECT margin_calib.publish(ARRAY(SELECT c FROM t.forged), clock_timestamp(), 1, 1)');
SELECT results_eq($$ SELECT a.kind, a.action, a.login::text, (a.new ->> 'initial_rate')::numeric FROM margin_calib.audit AS a WHERE a.id > (SELECT max(id) - 2 FROM margin_calib.audit) AND a.kind = 'parameter' $$,
                  $$ VALUES ('parameter', 'create', 'mc_eng', 0.7654321) $$, 'and the trail has what it published');
SELECT is((SELECT initial_rate FROM margin_calib.margin_parameter WHERE instrument = 'C'), 0.7654321, 'which is in force');
SELECT is(t.found($$ SELECT t.as_engine('SELECT margin_calib.settle_instruments(''{A,B}'', ''{A,B}'')') $$), NULL, 'it deletes no instrument that the trail knows');
SELECT lives_ok($$ SELECT t.as_engine('SELECT margin_calib.settle_instruments(''{A,B}'', ''{A,B}'')') $$);
SELECT is((SELECT count(*) FROM margin_calib.instrument WHERE instrument IN ('A', 'B')), 2::bigint, 'both are there');
SELECT isnt(t.found($$ UPDATE margin_calib.instrument SET multiplier = 8 WHERE instrument = 'A'; SELECT t.as_engine('SELECT margin_calib.settle_instruments(''{A}'', NULL)') $$), NULL, 'nor does it cover up a change');
SELECT isnt(t.found($$ SELECT t.as_engine('SELECT margin_calib.register_instruments(''{GHOST}'')') $$), NULL, 'what it makes outside of a refresh is found: an instrument');
SELECT isnt(t.found($$ SELECT t.as_engine('SELECT margin_calib.record_feed(ROW(NULL, ''prices'', ''t.forged''::regclass, ''x'', ''a'', ''b'', ''c'', NULL, NULL, NULL, ''p'', NULL, ''watermark'', NULL, ''1 hour'', NULL, NULL)::margin_calib.feed, NULL, NULL)') $$), NULL, 'a feed');

-- ---- settings of the session make no difference, neither to who writes nor to who verifies ----
CREATE TABLE t.setting (number integer GENERATED ALWAYS AS IDENTITY, name text, value text);
INSERT INTO t.setting (name, value) VALUES ('timezone', 'Pacific/Chatham'), ('timezone', 'America/St_Johns'), ('datestyle', 'SQL, DMY'), ('datestyle', 'German'), ('datestyle', 'Postgres, YMD'), ('intervalstyle', 'iso_8601'),
    ('intervalstyle', 'sql_standard'), ('intervalstyle', 'postgres_verbose'), ('extra_float_digits', '-15'), ('extra_float_digits', '0'), ('extra_float_digits', '3'), ('bytea_output', 'escape'), ('search_path', 'pg_temp, t, pg_catalog'),
    ('search_path', ''), ('standard_conforming_strings', 'off'), ('escape_string_warning', 'off'), ('quote_all_identifiers', 'on'), ('lc_numeric', 'C.UTF-8'), ('lc_monetary', 'C.UTF-8'), ('lc_time', 'C.UTF-8'), ('client_encoding', 'LATIN1'),
    ('array_nulls', 'off'), ('transform_null_equals', 'on'), ('xmlbinary', 'hex'), ('enable_hashjoin', 'off'), ('plan_cache_mode', 'force_generic_plan'), ('default_transaction_isolation', 'serializable'),
    ('max_parallel_workers_per_gather', '0'), ('row_security', 'off'), ('backslash_quote', 'on'), ('jit', 'off'), ('work_mem', '64kB');
CREATE FUNCTION t.write(number integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n CONSTANT text := 'S' || number;
BEGIN
    PERFORM margin_calib.set_approval_limits('p', 0.1 / (number + 2), 1 / 3.0, interval '1 mon' + number * interval '1 day 03:04:05.006'),
            margin_calib.set_policy(n, based_on => 'p', jump_bound => 0.1 / (number + 2), stale_after => number * interval '1 day -01:02:03.4', lookback_time => '14 mons'),
            margin_calib.set_instrument(n, multiplier => 0.10 + number), margin_calib.set_instrument('C', policy => n), margin_calib.set_instrument('D', policy => n), margin_calib.add_event(n, now() - number * interval '1 hour', now() + interval '1 day', NULL, rate => 0.10),
            margin_calib.set_tiers('B', margin_calib.tiers_from_leverage(ARRAY[1000 + number]::numeric[], '{20,10}')), margin_calib.grant_account(n, 'mc_one'),
            margin_calib.set_liquidity_policy('B', participation => 0.10, maximum_age => 1000 + number);
    CALL margin_calib.recalibrate(commit_batches => false);
END $$;
CREATE FUNCTION t.with(number integer, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s      t.setting;
    former text;
    answer text;
BEGIN
    SELECT * INTO s FROM t.setting AS x WHERE x.number = $1;
    former := current_setting(s.name);
    PERFORM set_config(s.name, s.value, true);
    EXECUTE statement INTO answer;
    PERFORM set_config(s.name, former, true);
    RETURN answer;
END $$;
SELECT count(*) AS parameters FROM margin_calib.parameter \gset
SELECT lives_ok($$ SELECT t.with(s.number, format('SELECT t.write(%s)', s.number)) FROM t.setting AS s ORDER BY s.number $$, 'written under each setting');
SELECT cmp_ok((SELECT count(*) FROM margin_calib.parameter), '>=', :parameters + (SELECT count(*) FROM t.setting), 'parameters as well');
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'verified under none');
SELECT is_empty($$ SELECT s.name, s.value, v FROM t.setting AS s, t.with(s.number, 'SELECT string_agg(v::text, '' '') FROM margin_calib.verify_audit() AS v') AS v WHERE v IS NOT NULL $$, 'and under each');
CREATE FUNCTION t.with_all(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM set_config(s.name, s.value, true) FROM (SELECT DISTINCT ON (x.name) x.name, x.value FROM t.setting AS x WHERE x.name <> 'row_security') AS s;
    EXECUTE statement INTO answer;
    RETURN answer;
END $$;
CREATE TABLE t.answer (text text);
INSERT INTO t.answer SELECT t.with_all('SELECT t.write(100)::text || coalesce((SELECT string_agg(v::text, '' '') FROM margin_calib.verify_audit() AS v), ''nothing'')');
RESET ALL;
SET search_path = public, pg_catalog;
SELECT is(text, 'nothing', 'all at once') FROM t.answer;
SELECT is_empty('SELECT * FROM margin_calib.verify_audit()', 'and none again');
SELECT is_empty($$ SELECT a.id FROM margin_calib.audit AS a LEFT JOIN margin_calib.audit AS b ON b.id = a.id - 1
                    WHERE a.hash <> sha256(coalesce(b.hash, '') || convert_to(jsonb_build_array(a.id, a.at AT TIME ZONE 'UTC', a.login, a.role, a.action,
                          a.kind, a.object, a.old, a.new, a.reason)::text, 'UTF8')) $$, 'the chain is the documented one');
SELECT * FROM finish();
ROLLBACK;
