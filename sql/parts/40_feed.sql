-- Attaching the user's own tables to the engine, and detaching them.

CREATE OR REPLACE FUNCTION margin_calib.feed_column_type(relation regclass, column_name name) RETURNS oid
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result oid;
BEGIN
    SELECT coalesce(nullif(t.typbasetype, 0), a.atttypid) INTO result
      FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = feed_column_type.relation AND a.attname = feed_column_type.column_name
       AND a.attnum > 0 AND NOT a.attisdropped;
    IF result IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42703',
            MESSAGE = format('column %I of relation %s does not exist', column_name, relation),
            HINT = (SELECT format('Its columns are: %s.', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
                      FROM pg_attribute AS a
                     WHERE a.attrelid = feed_column_type.relation AND a.attnum > 0 AND NOT a.attisdropped);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_column_type(regclass, name) IS
'Internal: type of a column, the base type for a domain; error 42703 with the names that exist.';

CREATE OR REPLACE FUNCTION margin_calib.feed_key_type(relation regclass, column_name name) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    type_oid CONSTANT oid := margin_calib.feed_column_type(relation, column_name);
BEGIN
    IF EXISTS (SELECT FROM pg_attribute AS a JOIN pg_collation AS c ON c.oid = a.attcollation
                WHERE a.attrelid = feed_key_type.relation AND a.attname = feed_key_type.column_name
                  AND NOT c.collisdeterministic) THEN
        RAISE EXCEPTION USING ERRCODE = '0A000',
            MESSAGE = format('column %I of relation %s has a nondeterministic collation', column_name, relation),
            HINT = 'Keys that differ in their bytes would be one; attach a column with a deterministic collation.';
    END IF;
    IF type_oid IN ('text'::regtype, 'varchar'::regtype) THEN
        RETURN 'text';
    ELSIF type_oid = 'bpchar'::regtype THEN
        RETURN 'bpchar';
    ELSIF type_oid IN ('name'::regtype, 'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)
          OR EXISTS (SELECT FROM pg_type AS t WHERE t.oid = type_oid AND t.typtype = 'e') THEN
        RETURN format_type(type_oid, NULL);
    END IF;
    RAISE EXCEPTION USING ERRCODE = '42804',
        MESSAGE = 'instruments and accounts are text, integer, uuid or enum columns',
        DETAIL = format('Column %I of relation %s has type %s.', column_name, relation, format_type(type_oid, NULL)),
        HINT = 'Attach a column of one of these types, or a view that casts it, with capture => ''watermark''.';
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_key_type(regclass, name) IS
'Internal: type to which text keys are cast so that an index on the column serves the comparison; error 42804 for a type that cannot be a key.';

CREATE OR REPLACE FUNCTION margin_calib.feed_ts_expression(relation regclass, column_name name) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    type_oid CONSTANT oid := margin_calib.feed_column_type(relation, column_name);
BEGIN
    IF type_oid = 'timestamptz'::regtype THEN
        RETURN format('t.%I', column_name);
    ELSIF type_oid IN ('timestamp'::regtype, 'date'::regtype) THEN
        RETURN format('(t.%I::timestamp AT TIME ZONE ''UTC'')', column_name);
    END IF;
    RAISE EXCEPTION USING ERRCODE = '42804',
        MESSAGE = 'the ts column is a timestamptz, timestamp or date column',
        DETAIL = format('Column %I of relation %s has type %s.', column_name, relation, format_type(type_oid, NULL)),
        HINT = 'Epoch numbers become times with to_timestamp(...) in a view, attached with capture => ''watermark''.';
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_ts_expression(regclass, name) IS
'Internal: expression of the ts column of relation t as timestamptz; a date or a timestamp without time zone is UTC.';

CREATE OR REPLACE FUNCTION margin_calib.feed_number_expression(relation regclass, column_name name, target text)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    type_oid CONSTANT oid := margin_calib.feed_column_type(relation, column_name);
BEGIN
    IF type_oid NOT IN ('numeric'::regtype, 'float8'::regtype, 'float4'::regtype,
                        'int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN
        RAISE EXCEPTION USING ERRCODE = '42804',
            MESSAGE = 'prices and quantities are numeric, double precision, real or integer columns',
            DETAIL = format('Column %I of relation %s has type %s.', column_name, relation, format_type(type_oid, NULL)),
            HINT = 'Attach a numeric column, or a view that casts it, with capture => ''watermark''.';
    END IF;
    -- a numeric beyond double precision would fail the whole query: it becomes NaN, which is rejected
    IF target = 'float8, checked' AND type_oid = 'numeric'::regtype THEN
        RETURN format('CASE WHEN t.%1$I BETWEEN 1e-307 AND 1e308 THEN t.%1$I::float8 '
                      'WHEN t.%1$I IS NOT NULL THEN ''NaN''::float8 END', column_name);
    END IF;
    RETURN format('t.%I::%s', column_name, CASE target WHEN 'numeric' THEN 'numeric' ELSE 'float8' END);
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_number_expression(regclass, name, text) IS
'Internal: expression of a price or quantity column of relation t as numeric, float8, or "float8, checked", which cannot overflow.';

CREATE OR REPLACE FUNCTION margin_calib.check_attachable(relation regclass, capture text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    class pg_class;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the relation to attach is NULL',
            HINT = 'Write margin_calib.attach_prices(''candles'', instrument => ''symbol'', ts => ''ts'', price => ''close'').';
    ELSIF capture IS NULL OR capture NOT IN ('trigger', 'watermark') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'capture is ''trigger'' or ''watermark''',
            DETAIL = format('The capture given is %s.', coalesce(quote_literal(capture), 'NULL'));
    ELSIF EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.relation = check_attachable.relation) THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('relation %s is already attached', relation),
            HINT = format('Call margin_calib.detach(%L) first.', relation::text);
    END IF;
    SELECT c.* INTO class FROM pg_class AS c WHERE c.oid = relation;
    IF class.oid IS NULL OR class.relpersistence = 't'
       OR class.relnamespace = 'margin_calib'::regnamespace OR class.relkind NOT IN ('r', 'p', 'f', 'v', 'm') THEN
        RAISE EXCEPTION USING ERRCODE = '42809', MESSAGE = format('relation %s cannot feed the engine', relation),
            HINT = 'Attach a permanent table of your own; views and foreign tables need capture => ''watermark''.';
    ELSIF NOT has_any_column_privilege(relation, 'SELECT') THEN
        -- else a refresh by somebody who may would read it for who may not
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('relation %s is attached by a role that may read it', relation),
            HINT = format('Its owner writes: GRANT SELECT ON %s TO %I.', relation, current_user);
    END IF;
    IF capture = 'trigger' AND (class.relkind IN ('f', 'v', 'm') OR EXISTS (
            SELECT FROM pg_partition_tree(relation) AS p JOIN pg_class AS c ON c.oid = p.relid
             WHERE c.relkind = 'f')) THEN
        RAISE EXCEPTION USING ERRCODE = '42809',
            MESSAGE = format('capture triggers cannot stand on %s', relation),
            DETAIL = 'Views, foreign tables and partitioned tables with foreign partitions have no transition tables.',
            HINT = 'Attach it with capture => ''watermark''.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_attachable(regclass, text) IS
'Internal: errors of attach_prices and attach_positions that do not depend on columns.';

-- Triggers of one relation of a feed, with its key column, and the columns of a price.
CREATE OR REPLACE FUNCTION margin_calib.add_capture(feed_id integer, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    arguments text;
    event     text;
BEGIN
    SELECT concat_ws(', ', quote_literal(f.id), quote_literal(coalesce(f.account_column, f.instrument_column)),
                     CASE f.kind WHEN 'prices' THEN format('%L, %L', f.ts_column, f.price_column) END) INTO arguments
      FROM margin_calib.feed AS f WHERE f.id = feed_id;
    FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT '
                       'EXECUTE FUNCTION margin_calib.capture(%s)',
                       'margin_calib_capture_' || event, upper(event), relation,
                       CASE event WHEN 'insert' THEN 'REFERENCING NEW TABLE AS new_rows'
                                  WHEN 'update' THEN 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
                                  WHEN 'delete' THEN 'REFERENCING OLD TABLE AS old_rows' ELSE '' END,
                       arguments);
    END LOOP;
    INSERT INTO margin_calib.captured_relation (feed, relation) VALUES (feed_id, add_capture.relation)
        ON CONFLICT DO NOTHING;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_capture(integer, regclass) IS
'Internal: puts the capture triggers of a feed on one relation.';

CREATE OR REPLACE FUNCTION margin_calib.remove_capture(feed_id integer, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    event text;
BEGIN
    IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation) THEN
        FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete', 'truncate'] LOOP
            EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'margin_calib_capture_' || event, relation);
        END LOOP;
    END IF;
    DELETE FROM margin_calib.captured_relation AS c
     WHERE c.feed = feed_id AND c.relation = remove_capture.relation;
END
$function$;
COMMENT ON FUNCTION margin_calib.remove_capture(integer, regclass) IS
'Internal: takes the capture triggers of a feed off one relation, which may be gone.';

-- Triggers on the relation and its partitions, then a mark for everything that is there already:
-- creating a trigger waits for writers, so nothing falls between the two.
CREATE OR REPLACE FUNCTION margin_calib.start_capture(feed_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    IF feed.capture = 'trigger' THEN
        PERFORM margin_calib.add_capture(feed_id, r.relation)
           FROM (SELECT feed.relation UNION SELECT p.relid FROM pg_partition_tree(feed.relation) AS p) AS r (relation);
    END IF;
    INSERT INTO margin_calib.capture_queue VALUES (feed_id, NULL, true, now());
END
$function$;
COMMENT ON FUNCTION margin_calib.start_capture(integer) IS
'Internal: capture triggers of a new feed, and a mark for all that its relation holds.';

-- The pens of attach_prices and its like, which check, and put triggers on the table, with their caller's rights.
CREATE OR REPLACE FUNCTION margin_calib.record_feed(
    feed margin_calib.feed, liquidity margin_calib.liquidity_feed, quotes margin_calib.quote_feed) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    new_id integer;
BEGIN
    INSERT INTO margin_calib.feed (kind, relation, relation_name, instrument_column, ts_column, price_column, account_column,
                                   quantity_column, entry_column, policy, new_product_policy, capture)
    VALUES (feed.kind, feed.relation, feed.relation::text, feed.instrument_column, feed.ts_column, feed.price_column,
            feed.account_column, feed.quantity_column, feed.entry_column, feed.policy, feed.new_product_policy, feed.capture)
    RETURNING id INTO new_id;
    IF feed.kind = 'liquidity' THEN
        liquidity.feed := new_id;
        INSERT INTO margin_calib.liquidity_feed VALUES (liquidity.*);
    ELSIF feed.kind = 'quotes' THEN
        quotes.feed := new_id;
        INSERT INTO margin_calib.quote_feed VALUES (quotes.*);
    END IF;
    RETURN new_id;
END
$function$;
COMMENT ON FUNCTION margin_calib.record_feed(margin_calib.feed, margin_calib.liquidity_feed, margin_calib.quote_feed) IS
'Internal to attach_prices and its like: writes down a feed that they have checked, and returns its id.';

CREATE OR REPLACE FUNCTION margin_calib.audit_feed(feed_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_change('feed', feed_id::text);
END
$function$;
COMMENT ON FUNCTION margin_calib.audit_feed(integer) IS
'Internal to attach_prices and its like: the entry of a new feed in the audit trail.';

-- Triggers wait for writers, a writer may wait for the engine, and who refreshes may write then. So nobody waits long
-- for the one with a lock on the other: who does not get both takes his triggers back and tries again.
CREATE OR REPLACE FUNCTION margin_calib.claim_engine() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET lock_timeout = '200ms'
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION USING ERRCODE = 'MCE01', MESSAGE = 'the engine is busy';
END
$function$;
COMMENT ON FUNCTION margin_calib.claim_engine() IS
'Internal to connect_feed and detach: lock_engine, or error MCE01 when it is not free within 200 ms.';

CREATE OR REPLACE FUNCTION margin_calib.await_engine() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    RAISE EXCEPTION USING ERRCODE = 'MCE01', MESSAGE = 'the engine is free';
EXCEPTION WHEN SQLSTATE 'MCE01' THEN
    NULL; -- the lock is given back
END
$function$;
COMMENT ON FUNCTION margin_calib.await_engine() IS
'Internal to connect_feed and detach: waits until the engine is free, and does not keep it.';

CREATE OR REPLACE FUNCTION margin_calib.connect_feed(
    feed margin_calib.feed, liquidity margin_calib.liquidity_feed, quotes margin_calib.quote_feed) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    new_id integer;
BEGIN
    LOOP
        BEGIN
            new_id := margin_calib.record_feed(feed, liquidity, quotes);
            PERFORM margin_calib.start_capture(new_id);
            PERFORM margin_calib.claim_engine();
            PERFORM margin_calib.audit_feed(new_id);
            RETURN new_id;
        EXCEPTION
            WHEN SQLSTATE 'MCE01' THEN
                PERFORM margin_calib.await_engine();
            WHEN unique_violation THEN
                -- somebody else was first
                PERFORM margin_calib.check_attachable(feed.relation, feed.capture);
                RAISE;
        END;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.connect_feed(margin_calib.feed, margin_calib.liquidity_feed, margin_calib.quote_feed) IS
'Internal to attach_prices and its like: records a feed that they have checked, captures it, and returns its id.';

CREATE OR REPLACE FUNCTION margin_calib.attach_prices(
    relation regclass, instrument name, ts name, price name, policy text DEFAULT 'crypto_venue',
    new_product_policy text DEFAULT 'new_product', capture text DEFAULT 'trigger') RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    PERFORM margin_calib.check_attachable(relation, capture);
    PERFORM margin_calib.feed_key_type(relation, instrument);
    PERFORM margin_calib.feed_ts_expression(relation, ts);
    PERFORM margin_calib.feed_number_expression(relation, price, 'float8');
    IF attach_prices.policy IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a price feed needs a policy',
            HINT = 'SELECT name FROM margin_calib.policy_list lists the policies.';
    END IF;
    PERFORM margin_calib.policy(attach_prices.policy), margin_calib.policy(attach_prices.new_product_policy);
    feed.kind := 'prices';
    feed.relation := attach_prices.relation;
    feed.instrument_column := attach_prices.instrument;
    feed.ts_column := attach_prices.ts;
    feed.price_column := attach_prices.price;
    feed.policy := attach_prices.policy;
    feed.new_product_policy := attach_prices.new_product_policy;
    feed.capture := attach_prices.capture;
    RETURN margin_calib.connect_feed(feed, NULL, NULL);
END
$function$;
COMMENT ON FUNCTION margin_calib.attach_prices(regclass, name, name, name, text, text, text) IS
'Makes a table of your own the price feed of the instruments in it, and returns the feed''s id. instrument: a text, integer, uuid or enum column; ts: timestamptz, or timestamp or date in UTC; price: numeric, double precision, real or integer. New instruments get policy, and new_product_policy (NULL for none) while they have fewer returns than policy asks for. capture ''trigger'' puts statement triggers on the table and its partitions, which only note what changed; ''watermark'' needs no triggers: refresh looks for rows newer than the newest it has seen, and an older row that is changed counts at the next recalibrate(). Bad rows never fail the feed: refresh puts them into margin_calib.quarantine. Attached already: 55000.';

CREATE OR REPLACE FUNCTION margin_calib.attach_holdings(
    kind text, relation regclass, account name, key name, quantity name, entry_price name, capture text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    PERFORM margin_calib.check_attachable(relation, capture);
    PERFORM margin_calib.feed_key_type(relation, account);
    PERFORM margin_calib.feed_key_type(relation, key);
    PERFORM margin_calib.feed_number_expression(relation, quantity, 'numeric');
    IF entry_price IS NOT NULL THEN
        PERFORM margin_calib.feed_number_expression(relation, entry_price, 'numeric');
    END IF;
    feed.kind := attach_holdings.kind;
    feed.relation := attach_holdings.relation;
    feed.instrument_column := attach_holdings.key;
    feed.account_column := attach_holdings.account;
    feed.quantity_column := attach_holdings.quantity;
    feed.entry_column := attach_holdings.entry_price;
    feed.capture := attach_holdings.capture;
    RETURN margin_calib.connect_feed(feed, NULL, NULL);
END
$function$;
COMMENT ON FUNCTION margin_calib.attach_holdings(text, regclass, name, name, name, name, text) IS
'Internal to attach_positions and attach_collateral: a feed of quantities of accounts.';

CREATE OR REPLACE FUNCTION margin_calib.attach_positions(
    relation regclass, account name, instrument name, quantity name, capture text DEFAULT 'trigger', entry_price name DEFAULT NULL)
    RETURNS integer
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.attach_holdings('positions', relation, account, instrument, quantity, entry_price, capture);
END;
COMMENT ON FUNCTION margin_calib.attach_positions(regclass, name, name, name, text, name) IS
'Makes a table of your own a feed of positions, and returns the feed''s id. account and instrument: text, integer, uuid or enum columns; quantity: a number, negative for short; several rows of one account and instrument add up, and so do several feeds. entry_price: average price at which a row was entered, from which equity has its unrealised profit; NULL where profit is settled into balances; a row without a usable one counts as entered at the present price. capture ''trigger'' puts statement triggers on the table and its partitions, which only note what changed; ''watermark'' needs none: every refresh recomputes every account. Attached already: 55000.';

CREATE OR REPLACE FUNCTION margin_calib.attach_collateral(
    relation regclass, account name, asset name, quantity name, capture text DEFAULT 'trigger')
    RETURNS integer
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    SELECT margin_calib.attach_holdings('collateral', relation, account, asset, quantity, NULL, capture);
END;
COMMENT ON FUNCTION margin_calib.attach_collateral(regclass, name, name, name, text) IS
'Makes a table of your own a feed of balances, and returns the feed''s id. account and asset: text, integer, uuid or enum columns; quantity: units of the asset, negative for a debt; several rows of one account and asset add up, and so do several feeds. capture as in attach_positions. Attached already: 55000.';

CREATE OR REPLACE FUNCTION margin_calib.forget_feed(feed_id integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    gone margin_calib.feed;
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('feed', feed_id::text);
    DELETE FROM margin_calib.feed AS f WHERE f.id = feed_id RETURNING f.* INTO gone;
    IF gone.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = 'the relation is not attached any more',
            HINT = 'Somebody else has detached it meanwhile.';
    END IF;
    DELETE FROM margin_calib.capture_queue AS q WHERE q.feed = gone.id;
    UPDATE margin_calib.quarantine AS q SET resolved_at = clock_timestamp()
     WHERE q.feed = gone.id AND q.resolved_at IS NULL;
    IF gone.kind = 'prices' THEN
        WITH orphan AS (
            UPDATE margin_calib.instrument AS i
               SET price_feed = NULL, stale_reason = format('its price feed %s was detached', gone.relation_name)
             WHERE i.price_feed = gone.id
            RETURNING i.instrument)
        INSERT INTO margin_calib.capture_queue
            SELECT 0, o.instrument, false, now() FROM orphan AS o
            UNION ALL -- another feed may have prices for it
            SELECT f.id, o.instrument, false, now() FROM orphan AS o, margin_calib.feed AS f WHERE f.kind = 'prices';
    ELSIF gone.kind = 'liquidity' THEN
        PERFORM margin_calib.forget_liquidity(gone);
    ELSIF gone.kind = 'quotes' THEN
        PERFORM margin_calib.forget_quotes(gone);
    ELSIF gone.kind = 'collateral' THEN
        INSERT INTO margin_calib.capture_queue
            SELECT DISTINCT -1, c.account, false, now() FROM margin_calib.account_collateral AS c;
    ELSE
        INSERT INTO margin_calib.capture_queue
            SELECT DISTINCT -1, p.account, false, now() FROM margin_calib.account_position AS p;
    END IF;
    PERFORM margin_calib.audit_change('feed', gone.id::text);
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_feed(integer) IS
'Internal to detach: a feed without triggers no longer counts.';

CREATE OR REPLACE FUNCTION margin_calib.detach(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.relation = detach.relation;
    IF feed.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704',
            MESSAGE = format('relation %s is not attached', coalesce(relation::text, 'NULL')),
            HINT = (SELECT format('Attached are: %s.', coalesce(string_agg(f.relation_name, ', ' ORDER BY f.id), 'none'))
                      FROM margin_calib.feed AS f);
    END IF;
    LOOP
        BEGIN
            PERFORM margin_calib.remove_capture(c.feed, c.relation)
               FROM margin_calib.captured_relation AS c WHERE c.feed = feed.id;
            PERFORM margin_calib.claim_engine();
            EXIT;
        EXCEPTION WHEN SQLSTATE 'MCE01' THEN
            PERFORM margin_calib.await_engine();
        END;
    END LOOP;
    PERFORM margin_calib.forget_feed(feed.id);
END
$function$;
COMMENT ON FUNCTION margin_calib.detach(regclass) IS
'Takes the capture triggers off an attached table and forgets the feed. Parameters, history and alerts stay; its instruments and surfaces become stale, and positions or balances of a detached feed, or what a liquidity feed charged, no longer count from the next refresh on. For a table that was dropped: SELECT margin_calib.detach(relation) FROM margin_calib.feed WHERE error IS NOT NULL. Not attached: 42704.';

CREATE OR REPLACE FUNCTION margin_calib.lock_engine() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(7811887308274689377);
    UPDATE margin_calib.engine_state SET batches = batches + 1;
END
$function$;
COMMENT ON FUNCTION margin_calib.lock_engine() IS
'Internal: one refresh batch, or one change of what is governed, at a time, until the end of the transaction. So whoever waited sees everything of whom it waited for (40001 when its snapshot is older), and nobody can deadlock; feeds and readers are not touched by it.';

REVOKE ALL ON FUNCTION
    margin_calib.feed_column_type(regclass, name), margin_calib.feed_key_type(regclass, name),
    margin_calib.feed_ts_expression(regclass, name), margin_calib.feed_number_expression(regclass, name, text),
    margin_calib.check_attachable(regclass, text), margin_calib.add_capture(integer, regclass),
    margin_calib.remove_capture(integer, regclass), margin_calib.start_capture(integer),
    margin_calib.attach_prices(regclass, name, name, name, text, text, text),
    margin_calib.attach_holdings(text, regclass, name, name, name, name, text),
    margin_calib.attach_positions(regclass, name, name, name, text, name), margin_calib.attach_collateral(regclass, name, name, name, text),
    margin_calib.detach(regclass),
    margin_calib.lock_engine(), margin_calib.record_feed(margin_calib.feed, margin_calib.liquidity_feed, margin_calib.quote_feed),
    margin_calib.audit_feed(integer), margin_calib.forget_feed(integer), margin_calib.claim_engine(), margin_calib.await_engine(),
    margin_calib.connect_feed(margin_calib.feed, margin_calib.liquidity_feed, margin_calib.quote_feed) FROM PUBLIC;
