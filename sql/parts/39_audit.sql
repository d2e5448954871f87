-- The audit trail. What is governed is one view: a setter writes its table and calls audit_change, which
-- compares the view with the latest entry, so that no setter can say anything else than what it did.

-- What refresh changes later is not part of it: the end of a calibration, which is the start of the next, and
-- whether an override is applied yet.
CREATE OR REPLACE FUNCTION margin_calib.governed_parameter(parameter margin_calib.parameter) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT to_jsonb(parameter) - CASE (parameter).layer WHEN 'override' THEN '{override_state}'::text[]
                                                        ELSE '{valid_to,override_state}'::text[] END;
END;
COMMENT ON FUNCTION margin_calib.governed_parameter(margin_calib.parameter) IS
'Internal: a version of a parameter as the audit trail keeps it.';

CREATE OR REPLACE VIEW margin_calib.governed_row WITH (security_invoker = true) AS
SELECT 'policy' AS kind, p.name || ' ' || p.version AS object, to_jsonb(p) AS content
  FROM margin_calib.user_policy AS p
UNION ALL
SELECT 'instrument', i.instrument,
       jsonb_build_object('kind', i.kind, 'multiplier', i.multiplier, 'currency', i.currency, 'underlying', i.underlying,
                          'expiry', i.expiry, 'strike', i.strike, 'option_type', i.option_type,
                          'policy', CASE WHEN NOT i.policy_is_automatic THEN i.policy END,
                          'proxy', i.proxy, 'proxy_multiplier', i.proxy_multiplier)
  FROM margin_calib.instrument AS i
UNION ALL
SELECT 'parameter', p.id::text, margin_calib.governed_parameter(p) FROM margin_calib.parameter AS p
UNION ALL
SELECT 'proposal', p.id::text, to_jsonb(p) FROM margin_calib.proposal AS p
UNION ALL
SELECT 'approval_limit', l.policy, to_jsonb(l) FROM margin_calib.approval_limit AS l
UNION ALL
SELECT 'amount_step', c.currency, to_jsonb(c) FROM margin_calib.currency_setting AS c
UNION ALL
SELECT 'feed', f.id::text, to_jsonb(f) - '{relation,watermark,error}'::text[] || jsonb_build_object('liquidity', to_jsonb(l))
       || CASE WHEN q.feed IS NOT NULL THEN jsonb_build_object('quotes', to_jsonb(q)) ELSE '{}' END
  FROM margin_calib.feed AS f LEFT JOIN margin_calib.liquidity_feed AS l ON l.feed = f.id LEFT JOIN margin_calib.quote_feed AS q ON q.feed = f.id
UNION ALL
SELECT 'tiers', t.id::text, to_jsonb(t) FROM margin_calib.tier_schedule AS t
UNION ALL
SELECT 'liquidity_policy', coalesce('instrument ' || p.instrument, 'default'), to_jsonb(p) FROM margin_calib.liquidity_policy AS p
UNION ALL
SELECT 'peg', coalesce('instrument ' || p.instrument, 'currency ' || p.currency), to_jsonb(p) FROM margin_calib.peg AS p
UNION ALL
SELECT 'event', e.id::text, to_jsonb(e) - 'applied' FROM margin_calib.margin_event AS e
UNION ALL
SELECT 'product_group', g.name, to_jsonb(g) - '{calibrated_at,is_due}'::text[] || jsonb_build_object('instruments', (
           SELECT jsonb_agg(m.instrument ORDER BY m.instrument COLLATE "C") FROM margin_calib.product_group_member AS m
            WHERE m.group_name = g.name))
  FROM margin_calib.product_group AS g
UNION ALL
SELECT 'offset_calibration', c.id::text, to_jsonb(c) - 'valid_to' FROM margin_calib.offset_calibration AS c
UNION ALL
SELECT 'alert_rule', r.name, to_jsonb(r) FROM margin_calib.alert_rule AS r
UNION ALL
SELECT 'contract', c.instrument, to_jsonb(c) FROM margin_calib.contract_terms AS c
UNION ALL
SELECT 'scenario_set', s.name || ' ' || s.version,
       -- the trail never forgets: of what a recipe makes every day it has the digest, by which the same content is known again
       CASE WHEN s.is_built THEN to_jsonb(s) - 'content' || jsonb_build_object('content_sha256', encode(sha256(convert_to(s.content::text, 'UTF8')), 'hex'))
            ELSE to_jsonb(s) END
  FROM margin_calib.user_scenario_set AS s
UNION ALL
SELECT 'scenario_recipe', r.name, to_jsonb(r) - '{built_at,error}'::text[] FROM margin_calib.scenario_recipe AS r
UNION ALL
SELECT 'asset', a.asset, to_jsonb(a) FROM margin_calib.asset AS a
UNION ALL
SELECT 'margin_model', coalesce('account ' || m.account, 'default'), to_jsonb(m) FROM margin_calib.margin_model AS m
UNION ALL
SELECT 'account_tiers', 'all', jsonb_agg(to_jsonb(t) ORDER BY t.tier COLLATE "C") FROM margin_calib.account_tier AS t HAVING count(*) > 0
UNION ALL
SELECT 'credit_quality', q.step::text, to_jsonb(q) FROM margin_calib.credit_quality AS q
UNION ALL
SELECT 'wrong_way', jsonb_build_array(w.asset, w.instrument)::text, to_jsonb(w) FROM margin_calib.wrong_way AS w
UNION ALL
SELECT 'peg_stages', p.asset, to_jsonb(p) FROM margin_calib.peg_stages AS p
UNION ALL
SELECT 'account_grant', jsonb_build_array(g.role, g.account)::text, to_jsonb(g) FROM margin_calib.account_grant AS g;
COMMENT ON VIEW margin_calib.governed_row IS
'Everything that the audit trail follows, as it is now: kind, name within the kind, and content.';
COMMENT ON COLUMN margin_calib.governed_row.kind IS 'policy, instrument, parameter, proposal, approval_limit, amount_step, feed, tiers, liquidity_policy, peg, event, product_group, offset_calibration, alert_rule, contract, scenario_set, scenario_recipe, asset, margin_model, account_tiers, credit_quality, wrong_way, peg_stages or account_grant';
COMMENT ON COLUMN margin_calib.governed_row.object IS 'name or number within the kind';
COMMENT ON COLUMN margin_calib.governed_row.content IS 'what is governed of it';
REVOKE ALL ON margin_calib.governed_row FROM PUBLIC;

-- A list prints alike whatever the session has set: its times are UTC by the SET clause of those who call it.
CREATE OR REPLACE FUNCTION margin_calib.audit_hash(entry margin_calib.audit) RETURNS bytea
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT sha256((entry).previous_hash || convert_to(jsonb_build_array(
               (entry).id, (entry).at AT TIME ZONE 'UTC', (entry).login, (entry).role, (entry).action, (entry).kind,
               (entry).object, (entry).old, (entry).new, (entry).reason)::text, 'UTF8'));
END;
COMMENT ON FUNCTION margin_calib.audit_hash(margin_calib.audit) IS
'SHA-256 of the previous hash followed by the text of the JSON array [id, at in UTC, login, role, action, kind, object, old, new, reason] in UTF-8: what margin_calib.audit.hash holds.';

CREATE OR REPLACE FUNCTION margin_calib.record_changes(changes margin_calib.audit_change[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    acting CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    change margin_calib.audit_change;
    head   margin_calib.audit_head;
    entry  margin_calib.audit;
BEGIN
    IF changes = '{}' THEN
        RETURN;
    END IF;
    INSERT INTO margin_calib.audit_head (id, at, hash) VALUES (0, '-infinity', '') ON CONFLICT DO NOTHING;
    SELECT h.* INTO head FROM margin_calib.audit_head AS h FOR UPDATE;
    entry.at := greatest(clock_timestamp(), head.at);
    entry.login := session_user;
    entry.role := acting;
    entry.id := head.id;
    entry.hash := head.hash;
    FOREACH change IN ARRAY changes LOOP
        entry := ROW(entry.id + 1, entry.at, entry.login, entry.role, change.action, change.kind, change.object,
                     change.old, change.new, change.reason, entry.hash, NULL);
        entry.hash := margin_calib.audit_hash(entry);
        INSERT INTO margin_calib.audit VALUES (entry.*);
    END LOOP;
    UPDATE margin_calib.audit_head AS h SET id = entry.id, at = entry.at, hash = entry.hash;
END
$function$;
COMMENT ON FUNCTION margin_calib.record_changes(margin_calib.audit_change[]) IS
'Internal: appends entries to the audit trail; the lock on its head is kept to the end of the transaction.';

CREATE OR REPLACE FUNCTION margin_calib.audit_entry(action text, kind text, object text, content jsonb, reason text)
    RETURNS margin_calib.audit_change
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW(coalesce(audit_entry.action, CASE WHEN l.new IS NULL THEN 'create' WHEN audit_entry.content IS NULL THEN 'delete' ELSE 'change' END),
               audit_entry.kind, audit_entry.object, l.new, audit_entry.content, audit_entry.reason)::margin_calib.audit_change
      FROM (SELECT) AS given
      LEFT JOIN (SELECT a.new FROM margin_calib.audit AS a
                  WHERE a.kind = audit_entry.kind AND a.object = audit_entry.object ORDER BY a.id DESC LIMIT 1) AS l ON true;
END;
COMMENT ON FUNCTION margin_calib.audit_entry(text, text, text, jsonb, text) IS
'Internal: what the audit trail is to say of an object whose content is now this one; without an action: create, change or delete.';

-- The SET clauses: JSON texts of times, intervals and floats depend on them.
CREATE OR REPLACE FUNCTION margin_calib.audit_change(kind text, object text, reason text DEFAULT NULL, action text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
AS $function$
DECLARE
    entry margin_calib.audit_change;
BEGIN
    entry := margin_calib.audit_entry(audit_change.action, audit_change.kind, audit_change.object, (
                 SELECT g.content FROM margin_calib.governed_row AS g
                  WHERE g.kind = audit_change.kind AND g.object = audit_change.object), audit_change.reason);
    IF entry.old IS DISTINCT FROM entry.new THEN
        PERFORM margin_calib.record_changes(ARRAY[entry]);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.audit_change(text, text, text, text) IS
'Internal: an entry of the audit trail when an object is no longer as the trail last knew it.';

CREATE OR REPLACE FUNCTION margin_calib.audit_guard(kind text, object text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.audit_change(audit_guard.kind, audit_guard.object, 'found so before a change', 'found');
END;
COMMENT ON FUNCTION margin_calib.audit_guard(text, text) IS
'Internal: before an object is changed, an entry of its own when it is not as the trail last knew it, so that the change does not cover that up.';

CREATE OR REPLACE FUNCTION margin_calib.audit_chain_problems() RETURNS SETOF margin_calib.audit_problem
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    WITH entry AS (
        SELECT a, lag(a.id, 1, 0::bigint) OVER chain AS id_before, lag(a.hash, 1, ''::bytea) OVER chain AS hash_before,
               lag(a.at) OVER chain AS at_before
          FROM margin_calib.audit AS a WINDOW chain AS (ORDER BY a.id))
    SELECT (e.a).id, (e.a).kind, (e.a).object, p.problem
      FROM entry AS e
     CROSS JOIN LATERAL (
           SELECT CASE WHEN (e.a).id <> e.id_before + 1 THEN format('entries %s to %s are missing', e.id_before + 1, (e.a).id - 1)
                       WHEN (e.a).previous_hash <> e.hash_before THEN 'it does not follow the entry before: one of the two was changed'
                       WHEN (e.a).hash <> margin_calib.audit_hash(e.a) THEN 'it was changed after it was recorded'
                       WHEN (e.a).at < e.at_before THEN 'it was recorded before the entry before'
                       WHEN (e.a).action = 'found' THEN 'the object had been changed around the audit trail before this entry: old and new say how' END) AS p (problem)
     WHERE p.problem IS NOT NULL
    UNION ALL
    SELECT coalesce(h.id, l.id), NULL, NULL, 'the trail does not end where its head says: entries at its end are missing, or were changed'
      FROM (SELECT a.id, a.at, a.hash FROM margin_calib.audit AS a ORDER BY a.id DESC LIMIT 1) AS l
      FULL JOIN margin_calib.audit_head AS h ON true
     WHERE (h.id, h.at, h.hash) IS DISTINCT FROM (l.id, l.at, l.hash);
END;
COMMENT ON FUNCTION margin_calib.audit_chain_problems() IS
'Internal to verify_audit: entries that are missing, changed or out of place.';

CREATE OR REPLACE FUNCTION margin_calib.audit_object_problems() RETURNS SETOF margin_calib.audit_problem
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    SELECT NULL::bigint, coalesce(k.kind, g.kind), coalesce(k.object, g.object),
           CASE WHEN k.object IS NULL THEN 'it is not in the audit trail: it was made around it'
                WHEN g.object IS NULL THEN format('it was deleted around the audit trail, which has it in entry %s', k.id)
                ELSE format('it was changed around the audit trail: %s; its entry is %s', (
                     SELECT string_agg(n.key, ', ' ORDER BY n.key)
                       FROM jsonb_each(g.content) AS n FULL JOIN jsonb_each(k.new) AS o ON o.key = n.key
                      WHERE n.value IS DISTINCT FROM o.value), k.id) END
      FROM (SELECT DISTINCT ON (a.kind, a.object) a.id, a.kind, a.object, a.new
              FROM margin_calib.audit AS a WHERE a.kind <> 'rights' ORDER BY a.kind, a.object, a.id DESC) AS k
      FULL JOIN margin_calib.governed_row AS g ON g.kind = k.kind AND g.object = k.object
     WHERE g.content IS DISTINCT FROM k.new
    UNION ALL
    -- the end of a calibration is the start of the next one
    SELECT NULL::bigint, 'parameter', p.id::text,
           format('its end %s is not the start %s of the next one', coalesce(p.valid_to::text, 'NULL'), coalesce(p.next_from::text, 'NULL'))
      FROM (SELECT c.id, c.valid_to, lead(c.valid_from) OVER (PARTITION BY c.instrument ORDER BY c.valid_from, c.id) AS next_from
              FROM margin_calib.parameter AS c WHERE c.layer = 'calibration' AND c.valid_from IS NOT NULL) AS p
     WHERE p.valid_to IS DISTINCT FROM p.next_from
    UNION ALL
    -- or of an offset the end of its group
    SELECT NULL::bigint, 'offset_calibration', o.id::text,
           format('its end %s is not the start %s of the next one', coalesce(o.valid_to::text, 'NULL'), coalesce(o.next_from::text, 'NULL'))
      FROM (SELECT c.id, c.group_name, c.valid_to, lead(c.valid_from) OVER (PARTITION BY c.group_name ORDER BY c.id) AS next_from
              FROM margin_calib.offset_calibration AS c) AS o
     WHERE o.valid_to IS DISTINCT FROM o.next_from
       AND NOT EXISTS (SELECT FROM margin_calib.audit AS a
                        WHERE a.kind = 'product_group' AND a.object = o.group_name AND a.action = 'delete'
                          AND a.at >= o.valid_to AND (a.at <= o.next_from) IS NOT FALSE)
    UNION ALL
    -- a table may be renamed, but then none has its name
    SELECT NULL::bigint, 'feed', f.id::text, format('it reads %s, and was attached to %s, which is another relation', r.name, f.relation_name)
      FROM margin_calib.feed AS f
      JOIN (SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name
              FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace) AS r ON r.oid = f.relation
     WHERE EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE c.oid <> f.relation AND format('%I.%I', n.nspname, c.relname) = f.relation_name)
    UNION ALL
    SELECT NULL::bigint, 'parameter', p.id::text, format('this override is %s, as refresh keeps it, but its times say otherwise', p.override_state)
      FROM margin_calib.parameter AS p JOIN margin_calib.proposal AS q ON q.parameter_id = p.id
      -- the latest time that there was, should the clock have jumped back
     CROSS JOIN (SELECT greatest(statement_timestamp(), max(h.at)) FROM margin_calib.audit_head AS h) AS t (latest)
     WHERE p.override_state = 'running' AND (p.valid_from <= t.latest) IS NOT TRUE
        OR p.override_state = 'over' AND q.state IN ('open', 'applied') AND p.ended_at IS NULL AND (p.valid_to <= t.latest) IS NOT TRUE;
END;
COMMENT ON FUNCTION margin_calib.audit_object_problems() IS
'Internal to verify_audit: governed objects that are not as the trail last knew them.';

CREATE OR REPLACE FUNCTION margin_calib.verify_audit(head_id bigint DEFAULT NULL, head_hash text DEFAULT NULL)
    RETURNS SETOF margin_calib.audit_problem
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
AS $function$
BEGIN
    IF (head_id IS NULL) <> (head_hash IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a head of the audit trail is an entry and its hash, both or neither',
            HINT = 'Keep audit_entries and audit_hash of health() outside, and give both: verify_audit(120, ''9f2c...'').';
    ELSIF head_id IS NOT NULL THEN
        RETURN QUERY
            SELECT head_id, NULL::text, NULL::text, format('this entry %s', CASE WHEN a.id IS NULL THEN 'is missing' ELSE 'has another hash than the one given' END)
              FROM (SELECT) AS given LEFT JOIN margin_calib.audit AS a ON a.id = head_id
             WHERE encode(a.hash, 'hex') IS DISTINCT FROM lower(head_hash) AND head_id <> 0;
    END IF;
    -- whoever may verify need not see every account: of a grant the role alone
    RETURN QUERY
        SELECT p.entry, p.kind, CASE p.kind WHEN 'account_grant' THEN substr(split_part(p.object, '", ', 1), 3) ELSE p.object END, p.problem
          FROM (SELECT c.* FROM margin_calib.audit_chain_problems() AS c UNION ALL SELECT o.* FROM margin_calib.audit_object_problems() AS o) AS p;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_audit(bigint, text) IS
'Checks the audit trail and returns what does not fit, no row when all does: entries that are missing or were changed, a trail that was cut at its end, and governed objects (margin_calib.governed_row) that are no longer as the trail last knew them; of an account_grant object is the role. head_id and head_hash: an entry and its hash (64 hex digits) as health() showed them earlier and you kept outside of the database, which finds a trail that was rewritten as a whole. Error 22004 for one without the other.';

REVOKE ALL ON FUNCTION
    margin_calib.governed_parameter(margin_calib.parameter), margin_calib.audit_hash(margin_calib.audit),
    margin_calib.record_changes(margin_calib.audit_change[]), margin_calib.audit_entry(text, text, text, jsonb, text),
    margin_calib.audit_change(text, text, text, text), margin_calib.audit_guard(text, text),
    margin_calib.audit_chain_problems(), margin_calib.audit_object_problems(), margin_calib.verify_audit(bigint, text) FROM PUBLIC;
