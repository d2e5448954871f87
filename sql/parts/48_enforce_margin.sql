-- Triggers on tables of positions or orders that refuse what an account has no margin for. They run with the rights of who writes.

CREATE OR REPLACE FUNCTION margin_calib.checked_changes(account_column text, instrument_column text, quantity_column text, price_column text, operation text)
    RETURNS text
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT format('SELECT array_agg(ROW(c.account, c.side, c.instrument, c.quantity, c.price)::margin_calib.engine_change ORDER BY c.account, c.instrument, c.side, c.price) '
                  'FROM (SELECT p.account, sign(p.quantity)::integer AS side, p.instrument, p.price, sum(p.change * p.quantity) AS quantity FROM (%s) AS p '
                  'GROUP BY p.account, p.instrument, sign(p.quantity)::integer, p.price) AS c WHERE c.quantity IS DISTINCT FROM 0', string_agg(p.part, ' UNION ALL '))
      FROM (SELECT format('SELECT t.%I::text AS account, t.%I::text AS instrument, %s AS change, nullif(t.%I::numeric, ''NaN'') AS quantity, %s AS price FROM %s AS t',
                          account_column, instrument_column, r.change, quantity_column, CASE WHEN price_column IS NULL THEN 'NULL::numeric' ELSE format('t.%I::numeric', price_column) END, r.name) AS part
              FROM (VALUES ('new_rows', 1), ('old_rows', -1)) AS r (name, change)
             WHERE operation = 'UPDATE' OR (operation = 'INSERT') = (r.name = 'new_rows')) AS p;
END;
COMMENT ON FUNCTION margin_calib.checked_changes(text, text, text, text, text) IS
'Internal to check_margin: query for what a statement changed, an account and instrument a row.';

CREATE OR REPLACE FUNCTION margin_calib.refuse(verdict margin_calib.order_check) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF verdict.accepted IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'MCM01', MESSAGE = format('account %s has no margin for this', verdict.account),
            DETAIL = verdict.reason || format('; it was %s before.', verdict.initial_before),
            HINT = format('SELECT * FROM margin_calib.what_if(%L, ...) shows what would be accepted, margin_calib.margin_account what it has.', verdict.account);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse(margin_calib.order_check) IS
'Internal to check_margin: error MCM01 unless a check has accepted.';

CREATE OR REPLACE FUNCTION margin_calib.usable_trades(trades margin_calib.what_if_trade[]) RETURNS margin_calib.what_if_trade[]
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(SELECT t FROM unnest(trades) AS t WHERE margin_calib.is_trade(t));
END
$function$;
COMMENT ON FUNCTION margin_calib.usable_trades(margin_calib.what_if_trade[]) IS
'Internal: those that check_trades has nothing against; none of NULL.';

-- What an account has and, of a table with prices or of orders, the rows there. Under the snapshot of who calls.
CREATE OR REPLACE FUNCTION margin_calib.account_book(arguments text[], account text, side integer) RETURNS margin_calib.engine_book
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    book margin_calib.engine_book;
BEGIN
    book.held := coalesce(margin_calib.holdings_of('positions', account_book.account), '{}');
    IF arguments[1] = 'orders' OR arguments[6] <> '' THEN
        EXECUTE format('SELECT array_agg(ROW(t.%I::text, t.%I::numeric, %s, NULL)::margin_calib.what_if_trade) FROM %s AS t '
                       'WHERE t.%I::text = $1 AND ($2 = 0 OR sign(t.%I::numeric) = $2)',
                       arguments[4], arguments[5], CASE WHEN arguments[6] = '' THEN 'NULL' ELSE format('t.%I::numeric', arguments[6]) END, arguments[7], arguments[3], arguments[5])
           INTO book.rows USING account, side;
    END IF;
    IF arguments[1] = 'orders' THEN
        book.held := margin_calib.traded_holdings(account_book.account, book.held, margin_calib.usable_trades(book.rows));
    END IF;
    RETURN book;
END
$function$;
COMMENT ON FUNCTION margin_calib.account_book(text[], text, integer) IS
'Internal to judge_command: an account with its open orders, of one side or (0) of both, filled, and the rows of the table.';

CREATE OR REPLACE FUNCTION margin_calib.book_at_start(arguments text[], account text, side integer) RETURNS margin_calib.engine_book
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_book_at_start';
COMMENT ON FUNCTION margin_calib.book_at_start(text[], text, integer) IS
'Internal to judge_command: account_book without what the command has done whose trigger runs; all else as it is now.';

CREATE OR REPLACE FUNCTION margin_calib.judge_command(arguments text[], account text, side integer) RETURNS margin_calib.order_check
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    is_order CONSTANT boolean := arguments[1] = 'orders';
    pays     CONSTANT boolean := arguments[2]::boolean;
    start    CONSTANT margin_calib.engine_book := margin_calib.book_at_start(arguments, judge_command.account, judge_command.side);
    book     CONSTANT margin_calib.engine_book := margin_calib.account_book(arguments, judge_command.account, judge_command.side);
    -- of all parts of the command, whichever of them this trigger is of
    moved    CONSTANT margin_calib.what_if_trade[] := ARRAY(
        SELECT ROW(m.instrument, m.quantity, NULL, NULL)::margin_calib.what_if_trade
          FROM (SELECT h.instrument, sum(h.quantity) AS quantity
                  FROM (SELECT n.instrument, n.quantity FROM unnest(book.held) AS n UNION ALL SELECT s.instrument, -s.quantity FROM unnest(start.held) AS s) AS h
                 GROUP BY h.instrument) AS m WHERE m.quantity <> 0);
    paid     CONSTANT margin_calib.what_if_trade[] := CASE WHEN book.rows IS NULL AND start.rows IS NULL THEN moved ELSE ARRAY(
        SELECT ROW(m.instrument, m.quantity, m.price, NULL)::margin_calib.what_if_trade
          FROM (SELECT r.instrument, r.price, sum(r.quantity) AS quantity
                  FROM (SELECT n.instrument, n.price, n.quantity FROM unnest(margin_calib.usable_trades(book.rows)) AS n
                        UNION ALL SELECT s.instrument, s.price, -s.quantity FROM unnest(margin_calib.usable_trades(start.rows)) AS s) AS r
                 GROUP BY r.instrument, r.price) AS m WHERE m.quantity <> 0) END;
    model    margin_calib.engine_model;
    cash     numeric;
BEGIN
    SELECT m.* INTO model FROM margin_calib.models_of(ARRAY[judge_command.account]) AS m;
    IF is_order THEN
        PERFORM margin_calib.check_trades(book.rows);
    END IF;
    BEGIN
        cash := margin_calib.trades_cash(paid, model, false, statement_timestamp());
    EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
        -- what is closed need not have a price
        cash := margin_calib.trades_cash(ARRAY(SELECT p FROM unnest(paid) AS p JOIN unnest(book.held) AS h ON h.instrument = p.instrument
                                                WHERE is_order OR abs(h.quantity) > abs(h.quantity - p.quantity)), model, false, statement_timestamp());
    END;
    RETURN margin_calib.judge_trades(
        model, margin_calib.traded_holdings(judge_command.account, book.held,
                                            ARRAY(SELECT ROW(m.instrument, -m.quantity, NULL, NULL)::margin_calib.what_if_trade FROM unnest(moved) AS m)), moved,
        CASE WHEN pays AND is_order AND start.rows IS NOT NULL THEN margin_calib.trades_cash(margin_calib.usable_trades(start.rows), model, false, statement_timestamp()) ELSE 0 END,
        CASE WHEN pays THEN cash ELSE 0 END);
END
$function$;
COMMENT ON FUNCTION margin_calib.judge_command(text[], text, integer) IS
'Internal to check_command: what a command, whose changes are made, does to the margin of an account; of orders those of one side, or (0) of both.';

CREATE OR REPLACE FUNCTION margin_calib.check_command() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan -- of all that it calls, as check_order
AS $function$
DECLARE
    -- of a partition the whole table; its name may have changed since enforce_margin
    arguments CONSTANT text[] := TG_ARGV[0:5] || coalesce(pg_partition_root(TG_RELID), TG_RELID)::regclass::text;
    changes   margin_calib.engine_change[];
    who       text;
    fills     integer;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('TRUNCATE of %s cannot be checked, and margin is enforced on it', TG_RELID::regclass),
            HINT = format('DELETE its rows, or end the check with margin_calib.stop_enforcing(%L).', TG_RELID::regclass);
    END IF;
    EXECUTE margin_calib.checked_changes(TG_ARGV[2], TG_ARGV[3], TG_ARGV[4], nullif(TG_ARGV[5], ''), TG_OP) INTO changes;
    IF EXISTS (SELECT FROM unnest(changes) AS c WHERE c.account IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = format('a row of %s has no account, and so no margin', TG_RELID::regclass),
            HINT = format('Fill column %I, or end the check with margin_calib.stop_enforcing(%L).', TG_ARGV[2], TG_RELID::regclass);
    END IF;
    -- all of them, in one order, before anything is read
    PERFORM margin_calib.guard_account(a.account) FROM (SELECT DISTINCT c.account FROM unnest(changes) AS c ORDER BY c.account) AS a;
    PERFORM margin_calib.check_trades(ARRAY(SELECT ROW(c.instrument, c.quantity, c.price, NULL)::margin_calib.what_if_trade FROM unnest(changes) AS c));
    FOR who IN SELECT DISTINCT c.account FROM unnest(changes) AS c ORDER BY c.account LOOP
        -- of orders any may be filled: all of them, those that buy, those that sell
        FOREACH fills IN ARRAY CASE WHEN TG_ARGV[0] = 'orders' THEN '{0,1,-1}' ELSE '{0}' END::integer[] LOOP
            CONTINUE WHEN fills <> 0 AND NOT EXISTS (SELECT FROM unnest(changes) AS c WHERE c.account = who AND c.side = fills);
            PERFORM margin_calib.refuse(margin_calib.judge_command(arguments, who, fills));
        END LOOP;
    END LOOP;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_command() IS
'Internal: what check_margin does.';

CREATE OR REPLACE FUNCTION margin_calib.check_margin() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_check_margin';
COMMENT ON FUNCTION margin_calib.check_margin() IS
'Internal: statement trigger that refuses a change of positions or a new order with MCM01 when equity of the account would not cover its initial requirement and the command, with all of its parts, makes that worse. Created by enforce_margin.';

CREATE OR REPLACE FUNCTION margin_calib.add_check(target regclass, arguments text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    given CONSTANT text := (SELECT string_agg(quote_literal(coalesce(a.value, '')), ', ' ORDER BY a.place) FROM unnest(arguments) WITH ORDINALITY AS a (value, place));
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER margin_calib_check_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT '
                   'EXECUTE FUNCTION margin_calib.check_margin(%s)', target, given);
    EXECUTE format('CREATE OR REPLACE TRIGGER margin_calib_check_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT '
                   'EXECUTE FUNCTION margin_calib.check_margin(%s)', target, given);
    IF arguments[1] = 'positions' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER margin_calib_check_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION margin_calib.check_margin(%s)', target, given);
        EXECUTE format('CREATE OR REPLACE TRIGGER margin_calib_check_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT '
                       'EXECUTE FUNCTION margin_calib.check_margin(%s)', target, given);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_check(regclass, text[]) IS
'Internal to enforce_margin: the triggers on one relation.';

CREATE OR REPLACE FUNCTION margin_calib.enforce_margin(
    relation regclass, account name DEFAULT NULL, instrument name DEFAULT NULL, quantity name DEFAULT NULL, price name DEFAULT NULL, pays boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.relation = enforce_margin.relation;
    IF pays IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'pays is true or false, not NULL';
    ELSIF feed.id IS NOT NULL AND feed.kind <> 'positions' THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('relation %s is attached as %s', relation, feed.kind),
            HINT = 'Margin is enforced on a table of positions that is attached, or on a table of orders that is not.';
    ELSIF feed.id IS NOT NULL THEN
        account := coalesce(account, feed.account_column);
        instrument := coalesce(instrument, feed.instrument_column);
        quantity := coalesce(quantity, feed.quantity_column);
    ELSIF account IS NULL OR instrument IS NULL OR quantity IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = format('relation %s is no attached table of positions, so it is one of orders, and its columns must be named', coalesce(relation::text, 'NULL')),
            HINT = 'Write margin_calib.enforce_margin(''orders'', account => ''client'', instrument => ''symbol'', quantity => ''signed_quantity'', price => ''limit_price'').';
    ELSIF relation IS NULL OR NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't') THEN
        RAISE EXCEPTION USING ERRCODE = '42809', MESSAGE = format('relation %s is no permanent table', coalesce(relation::text, 'NULL')),
            HINT = 'Triggers check tables only; margin_calib.check_order answers for orders that go elsewhere.';
    END IF;
    PERFORM margin_calib.feed_key_type(relation, account), margin_calib.feed_key_type(relation, instrument),
            margin_calib.feed_number_expression(relation, quantity, 'numeric');
    IF price IS NOT NULL THEN
        PERFORM margin_calib.feed_number_expression(relation, price, 'numeric');
    END IF;
    PERFORM margin_calib.add_check(r.relation, ARRAY[CASE WHEN feed.id IS NULL THEN 'orders' ELSE 'positions' END, pays::text, account, instrument, quantity, price])
       FROM (SELECT enforce_margin.relation UNION SELECT p.relid FROM pg_partition_tree(enforce_margin.relation) AS p) AS r (relation);
END
$function$;
COMMENT ON FUNCTION margin_calib.enforce_margin(regclass, name, name, name, name, boolean) IS
'Puts triggers on a table of yours that refuse, with SQLSTATE MCM01, a statement after which equity of an account does not cover its initial requirement, or a position is held whose requirement is not known, and which lowers the excess. On an attached table of positions (columns as attached) every insert, update and delete is checked; on a table of orders, whose columns are named here (quantity negative to sell, price as the instrument is quoted), every insert and update, as if all open orders, all that buy or all that sell were filled: delete an order when it is filled or cancelled. Checks of one account take turns until the end of the transaction, as with check_order. pays: options and spot pairs are paid for at price, or at the present one; false: balances have the payment already. Who writes needs SELECT on the attached tables and the rights of a reader (grant_rights), of the accounts too. A partition made later needs another call. All parts of a command (WITH ... INSERT, ON CONFLICT) are judged together, by the quantities before and after: what is paid besides, an entry price that is written anew or a balance that is changed, is not checked. TRUNCATE of positions is refused with 0A000. Errors: 22004, 42703, 42804, 42809, 55000.';

CREATE OR REPLACE FUNCTION margin_calib.stop_enforcing(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    check_of record;
    dropped  boolean := false;
BEGIN
    FOR check_of IN
        SELECT t.tgname, t.tgrelid::regclass AS relation FROM pg_trigger AS t
         WHERE t.tgfoid = 'margin_calib.check_margin()'::regprocedure
           AND (t.tgrelid = stop_enforcing.relation OR t.tgrelid IN (SELECT p.relid FROM pg_partition_tree(stop_enforcing.relation) AS p)) LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', check_of.tgname, check_of.relation);
        dropped := true;
    END LOOP;
    IF NOT dropped THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('margin is not enforced on relation %s', coalesce(relation::text, 'NULL')),
            HINT = 'margin_calib.enforce_margin(relation) does that.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.stop_enforcing(regclass) IS
'Takes the triggers of enforce_margin off a table and its partitions. Error 42704 when there are none.';

REVOKE ALL ON FUNCTION
    margin_calib.checked_changes(text, text, text, text, text), margin_calib.refuse(margin_calib.order_check),
    margin_calib.usable_trades(margin_calib.what_if_trade[]), margin_calib.account_book(text[], text, integer), margin_calib.book_at_start(text[], text, integer),
    margin_calib.judge_command(text[], text, integer), margin_calib.check_command(), margin_calib.check_margin(), margin_calib.add_check(regclass, text[]), margin_calib.enforce_margin(regclass, name, name, name, name, boolean),
    margin_calib.stop_enforcing(regclass) FROM PUBLIC;
