-- Feeds of option quotes: attaching them, and from the rows of the user's table to the surface of an underlying.

-- Prices may be 0, and a numeric beyond double precision must not fail the query: the fit says what is wrong with it.
CREATE OR REPLACE FUNCTION margin_calib.quote_number_expression(relation regclass, column_name name) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    plain text;
BEGIN
    IF column_name IS NULL THEN
        RETURN 'NULL::float8';
    END IF;
    plain := margin_calib.feed_number_expression(relation, column_name, 'float8');
    IF margin_calib.feed_column_type(relation, column_name) <> 'numeric'::regtype THEN
        RETURN plain;
    END IF;
    RETURN format('CASE WHEN t.%1$I = ''NaN'' THEN ''NaN''::float8 WHEN abs(t.%1$I) < 1e-307 THEN 0::float8 '
                  'WHEN abs(t.%1$I) <= 1e308 THEN t.%1$I::float8 WHEN t.%1$I IS NOT NULL THEN ''Infinity''::float8 END', column_name);
END
$function$;
COMMENT ON FUNCTION margin_calib.quote_number_expression(regclass, name) IS
'Internal: expression of a column of quotes t as float8, which cannot fail; NULL for a column that is NULL.';

CREATE OR REPLACE FUNCTION margin_calib.quote_kind_expression(relation regclass, column_name name) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    type_oid CONSTANT oid := margin_calib.feed_column_type(relation, column_name);
BEGIN
    IF type_oid NOT IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'name'::regtype, '"char"'::regtype)
       AND NOT EXISTS (SELECT FROM pg_type AS t WHERE t.oid = type_oid AND t.typtype = 'e') THEN
        RAISE EXCEPTION USING ERRCODE = '42804',
            MESSAGE = 'the kind of an option is a text or enum column',
            DETAIL = format('Column %I of relation %s has type %s.', column_name, relation, format_type(type_oid, NULL)),
            HINT = 'Its values are call, put, C or P; a view can make them, attached with capture => ''watermark''.';
    END IF;
    -- one spelling: quotes of one option are told apart by their time alone
    RETURN format('CASE WHEN lower(t.%1$I::text) IN (''c'', ''call'') THEN ''call'' WHEN lower(t.%1$I::text) IN (''p'', ''put'') THEN ''put'' '
                  'ELSE t.%1$I::text END', column_name);
END
$function$;
COMMENT ON FUNCTION margin_calib.quote_kind_expression(regclass, name) IS
'Internal: expression of the kind of an option of relation t, call and put in one spelling; error 42804 for another type.';

CREATE OR REPLACE FUNCTION margin_calib.quote_source(feed margin_calib.feed, columns margin_calib.quote_feed, condition text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN format('SELECT %s AS expiry, %s AS strike, %s AS kind, %s AS bid, %s AS ask, %s AS mark, %s AS forward, '
                  '%s AS bid_size, %s AS ask_size, %s AS open_interest, %s AS ts FROM %s AS t WHERE %s',
                  margin_calib.feed_ts_expression(feed.relation, columns.expiry_column),
                  margin_calib.quote_number_expression(feed.relation, columns.strike_column),
                  margin_calib.quote_kind_expression(feed.relation, columns.kind_column),
                  margin_calib.quote_number_expression(feed.relation, columns.bid_column),
                  margin_calib.quote_number_expression(feed.relation, columns.ask_column),
                  margin_calib.quote_number_expression(feed.relation, columns.mark_column),
                  margin_calib.quote_number_expression(feed.relation, columns.forward_column),
                  margin_calib.quote_number_expression(feed.relation, columns.bid_size_column),
                  margin_calib.quote_number_expression(feed.relation, columns.ask_size_column),
                  margin_calib.quote_number_expression(feed.relation, columns.open_interest_column),
                  margin_calib.feed_ts_expression(feed.relation, feed.ts_column), feed.relation, condition);
END
$function$;
COMMENT ON FUNCTION margin_calib.quote_source(margin_calib.feed, margin_calib.quote_feed, text) IS
'Internal: query of the rows t of a quote feed that meet a condition, with the columns expiry, strike, kind, bid, ask, mark, forward, bid_size, ask_size, open_interest, ts; errors 42703 and 42804 for columns that are gone or have become another type.';

-- The surface is of its newest quote and not of the clock: the same rows give the same surface. What is older than
-- maximum_age is named without its prices if it is not much older: reading a whole day takes longer than the fit.
CREATE OR REPLACE FUNCTION margin_calib.surface_found(feed margin_calib.feed, underlying text, as_of timestamptz)
    RETURNS margin_calib.engine_surface
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts       CONSTANT text := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
    wanted   CONSTANT text := format('t.%I = %L::%s', feed.instrument_column, underlying, key_type);
    columns  margin_calib.quote_feed;
    result   margin_calib.engine_surface;
    newest   timestamptz;
    age      double precision;
BEGIN
    result.underlying := surface_found.underlying;
    result.feed := surface_found.feed.id;
    IF margin_calib.keys_that_fit(ARRAY[surface_found.underlying], key_type) = '{}' THEN
        result.stale_reason := 'its quotes are gone';
        RETURN result;
    END IF;
    EXECUTE format('SELECT (SELECT max(%1$s) FROM %2$s AS t WHERE %3$s AND %1$s <= $1 AND %1$s > ''-infinity''), '
                   '(SELECT min(%1$s) FROM %2$s AS t WHERE %3$s AND %1$s > $1 AND %1$s <= $2), '
                   'EXISTS (SELECT FROM %2$s AS t WHERE %3$s AND (%1$s IS NULL OR %1$s > $2 OR %1$s = ''-infinity''))',
                   ts, feed.relation, wanted)
       INTO newest, result.due_at, result.inspect USING as_of, margin_calib.future_limit(as_of);
    IF newest IS NULL THEN
        result.stale_reason := CASE WHEN result.inspect OR result.due_at IS NOT NULL THEN 'it has no quote with a usable ts'
                                    ELSE 'its quotes are gone' END;
        RETURN result;
    END IF;
    SELECT c.* INTO columns FROM margin_calib.quote_feed AS c WHERE c.feed = surface_found.feed.id;
    age := extract(epoch FROM (columns.settings).maximum_age);
    EXECUTE format($query$
        WITH fresh AS MATERIALIZED (
            SELECT r.*, rank() OVER (PARTITION BY r.expiry, r.strike, r.kind ORDER BY r.ts DESC) AS place FROM (%s) AS r)
        SELECT margin_calib.fit_surface(q.expiry, q.strike, q.kind, q.bid, q.ask, q.mark, q.forward, q.bid_size, q.ask_size, q.open_interest,
                                        q.ts, $1, $2)
          FROM (SELECT f.expiry, f.strike, f.kind, f.bid, f.ask, f.mark, f.forward, f.bid_size, f.ask_size, f.open_interest, f.ts
                  FROM fresh AS f WHERE f.place = 1
                UNION ALL
                SELECT o.expiry, o.strike, o.kind, NULL, NULL, NULL, NULL, NULL, NULL, NULL, max(o.ts)
                  FROM (%s) AS o
                 WHERE o.expiry > $1 AND NOT EXISTS (SELECT FROM fresh AS f WHERE f.expiry = o.expiry AND f.strike = o.strike AND f.kind = o.kind)
                 GROUP BY o.expiry, o.strike, o.kind) AS q $query$,
        margin_calib.quote_source(feed, columns, format('%s AND %s BETWEEN $1 - $3 AND $1', wanted, ts)),
        margin_calib.quote_source(feed, columns, format('%s AND %s >= $1 - $3 - $4 AND %2$s < $1 - $3', wanted, ts)))
       INTO result.surface
      USING newest, columns.settings, make_interval(secs => age), make_interval(secs => least(3 * age, 86400));
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_found(margin_calib.feed, text, timestamptz) IS
'Internal: the surface of an underlying from its quotes in a feed, as of the newest at or before as_of; of each option the latest quote counts.';

CREATE OR REPLACE FUNCTION margin_calib.quarantine_quotes(feed margin_calib.feed, keys text[], as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts       CONSTANT text := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
    bad      CONSTANT text := format(
        'SELECT %1$s AS feed, CASE WHEN octet_length(t.%2$I::text) <= 500 THEN t.%2$I::text END AS instrument, NULL::text AS account, '
        '%3$s AS ts, NULL::text AS price, NULL::text AS quantity, r.reason, to_jsonb(t) AS row_data FROM %4$s AS t '
        'CROSS JOIN LATERAL (SELECT CASE WHEN t.%2$I IS NULL THEN ''underlying is NULL'' '
        'WHEN octet_length(t.%2$I::text) > 500 THEN ''underlying is longer than 500 bytes'' '
        'WHEN %3$s IS NULL THEN ''ts is NULL'' WHEN NOT isfinite(%3$s) THEN ''ts is infinite'' '
        'WHEN %3$s > $2 THEN ''ts is in the future'' END) AS r (reason) WHERE r.reason IS NOT NULL AND ',
        feed.id, feed.instrument_column, ts, feed.relation);
    result   bigint := 0;
BEGIN
    IF array_position(keys, NULL) IS NOT NULL THEN
        result := margin_calib.quarantine_rows(
            format('%s (t.%2$I IS NULL OR octet_length(t.%2$I::text) > 500)', bad, feed.instrument_column),
            format('q.feed = %s AND q.instrument IS NULL', feed.id), keys, margin_calib.future_limit(as_of));
    END IF;
    RETURN result + margin_calib.quarantine_rows(
        format('%s t.%I = ANY (%L::%s[]) AND (%s IS NULL OR %5$s > $2 OR %5$s = ''-infinity'')', bad, feed.instrument_column,
               margin_calib.keys_that_fit(keys, key_type), key_type, ts),
        format('q.feed = %s AND q.instrument = ANY ($1)', feed.id), keys, margin_calib.future_limit(as_of));
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_quotes(margin_calib.feed, text[], timestamptz) IS
'Internal: quarantines quotes of underlyings that have no usable ts, one for each ts; a NULL among the keys stands for rows without an underlying. What else is wrong with a quote is in the points of its surface.';

CREATE OR REPLACE FUNCTION margin_calib.attach_quotes(
    relation regclass, underlying name, ts name, expiry name, strike name, kind name, bid name DEFAULT NULL, ask name DEFAULT NULL,
    mark name DEFAULT NULL, forward name DEFAULT NULL, settings margin_calib.surface_settings DEFAULT margin_calib.surface_settings(),
    stale_after interval DEFAULT '1 hour', capture text DEFAULT 'trigger', keep_points interval DEFAULT '1 hour',
    bid_size name DEFAULT NULL, ask_size name DEFAULT NULL, open_interest name DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    new_feed margin_calib.feed;
    columns  margin_calib.quote_feed;
BEGIN
    PERFORM margin_calib.check_attachable(relation, capture);
    PERFORM margin_calib.feed_key_type(relation, underlying);
    IF coalesce(bid, ask, mark) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a quote feed needs a column of bids, asks or marks',
            HINT = 'Write margin_calib.attach_quotes(''quotes'', underlying => ''coin'', ts => ''ts'', expiry => ''expiry'', '
                   'strike => ''strike'', kind => ''kind'', bid => ''bid'', ask => ''ask'').';
    ELSIF (stale_after > '0' AND keep_points >= '0') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'stale_after is a positive interval, and keep_points one of 0 or more',
            DETAIL = format('The values given are %s and %s.', coalesce(stale_after::text, 'NULL'), coalesce(keep_points::text, 'NULL'));
    END IF;
    columns := ROW(NULL, expiry, strike, kind, bid, ask, mark, forward, bid_size, ask_size, open_interest,
                   -- checked again: a row written by hand may be out of range
                   margin_calib.surface_settings((settings).premium, (settings).rate, (settings).maximum_age, (settings).maximum_spread,
                                                 (settings).minimum_quotes, (settings).minimum_price, (settings).minimum_size,
                                                 (settings).minimum_open_interest), stale_after, keep_points);
    new_feed.kind := 'quotes';
    new_feed.relation := attach_quotes.relation;
    new_feed.instrument_column := attach_quotes.underlying;
    new_feed.ts_column := attach_quotes.ts;
    new_feed.capture := attach_quotes.capture;
    PERFORM margin_calib.quote_source(new_feed, columns, 'true');
    RETURN margin_calib.connect_feed(new_feed, NULL, columns);
END
$function$;
COMMENT ON FUNCTION margin_calib.attach_quotes(regclass, name, name, name, name, name, name, name, name, name, margin_calib.surface_settings, interval, text, interval, name, name, name) IS
'Makes a table of your own the feed of option quotes of the underlyings in it, and returns the feed''s id; refresh keeps their surfaces up to date. underlying: a text, integer, uuid or enum column; ts, of the quote, and expiry: timestamptz, or timestamp or date in UTC; strike and prices: numbers; kind: a text or enum column with call, put, C or P. Name the prices that it has: bid, ask, mark, a unit of the underlying, and forward, of the expiry; bid_size, ask_size and open_interest, if it has them, leave quotes out that nobody stands behind. settings: margin_calib.surface_settings. The table may hold many snapshots: a surface is of its newest quote, and of each option the latest within maximum_age of that counts; those up to three times as much older, at most a day, are named as stale. A surface whose newest quote is older than stale_after is stale; the quotes behind surfaces are kept with those of the last keep_points, the smiles for ever. No quote is an error: margin_calib.surface_quote says what became of it. capture as in attach_prices; with ''watermark'' every refresh looks at the underlyings with rows in the last watermark_overlap again. Errors: 22004, 22023, 42703, 42804, 55000 when it is attached already.';

CREATE OR REPLACE FUNCTION margin_calib.forget_quotes(feed margin_calib.feed) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    DELETE FROM margin_calib.quote_feed AS c WHERE c.feed = forget_quotes.feed.id;
    WITH orphan AS (
        UPDATE margin_calib.surface_underlying AS u
           SET feed = NULL, due_at = NULL, stale_reason = format('its quote feed %s was detached', forget_quotes.feed.relation_name)
         WHERE u.feed = forget_quotes.feed.id RETURNING u.underlying)
    INSERT INTO margin_calib.capture_queue -- another feed may have quotes of it
        SELECT f.id, o.underlying, false, now() FROM orphan AS o, margin_calib.feed AS f WHERE f.kind = 'quotes';
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_quotes(margin_calib.feed) IS
'Internal to detach: surfaces of a quote feed stay, and are stale.';

CREATE OR REPLACE FUNCTION margin_calib.blind_surfaces(feed margin_calib.feed, problem text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    UPDATE margin_calib.surface_underlying AS u
       SET stale_reason = format('its quote feed %s cannot be read: %s', (blind_surfaces.feed).relation_name, problem)
     WHERE u.feed = (blind_surfaces.feed).id;
END;
COMMENT ON FUNCTION margin_calib.blind_surfaces(margin_calib.feed, text) IS
'Internal to refresh: surfaces of a quote feed that cannot be read stay, and are stale.';

REVOKE ALL ON FUNCTION
    margin_calib.quote_number_expression(regclass, name), margin_calib.quote_kind_expression(regclass, name),
    margin_calib.quote_source(margin_calib.feed, margin_calib.quote_feed, text), margin_calib.surface_found(margin_calib.feed, text, timestamptz),
    margin_calib.quarantine_quotes(margin_calib.feed, text[], timestamptz),
    margin_calib.attach_quotes(regclass, name, name, name, name, name, name, name, name, name, margin_calib.surface_settings, interval, text, interval, name, name, name),
    margin_calib.forget_quotes(margin_calib.feed), margin_calib.blind_surfaces(margin_calib.feed, text) FROM PUBLIC;
