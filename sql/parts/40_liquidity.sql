-- Feeds of liquidity: from the rows of the user's table to one row of margin_calib.instrument_liquidity for
-- each instrument. Refresh stores what these functions find, and requirement_now uses them live.

CREATE OR REPLACE FUNCTION margin_calib.liquidity_problem(
    ts timestamptz, spread numeric, volume numeric, open_interest numeric, price_sources numeric, price_age numeric,
    price_width numeric, until timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN ts IS NULL THEN 'ts is NULL'
                WHEN NOT isfinite(ts) THEN 'ts is infinite'
                WHEN spread < 0 OR spread > 2 THEN 'spread is not a fraction of the price between 0 and 2'
                WHEN volume < 0 OR volume >= 'Infinity' THEN 'volume is negative or not finite'
                WHEN open_interest < 0 OR open_interest >= 'Infinity' THEN 'open interest is negative or not finite'
                WHEN price_sources < 0 OR price_sources >= 'Infinity' THEN 'price sources are negative or not finite'
                WHEN price_age < 0 OR price_age >= 'Infinity' THEN 'price age is negative or not finite'
                WHEN price_width < 0 OR price_width >= 'Infinity' THEN 'price width is negative or not finite'
                WHEN coalesce(spread, volume, open_interest, price_sources, price_age, price_width) IS NULL THEN 'every figure is NULL'
                WHEN ts > until THEN 'ts is in the future' END;
END;
COMMENT ON FUNCTION margin_calib.liquidity_problem(timestamptz, numeric, numeric, numeric, numeric, numeric, numeric, timestamptz) IS
'Internal: why a row of a liquidity feed cannot be used, NULL when it can. A figure that is NULL was not observed.';

CREATE OR REPLACE FUNCTION margin_calib.liquidity_source(feed margin_calib.feed, condition text, with_row boolean)
    RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    columns margin_calib.liquidity_feed;
    list    text;
BEGIN
    SELECT c.* INTO columns FROM margin_calib.liquidity_feed AS c WHERE c.feed = liquidity_source.feed.id;
    SELECT string_agg(format('%s AS %s', CASE WHEN n.col IS NULL THEN 'NULL::numeric'
                                         ELSE margin_calib.feed_number_expression(liquidity_source.feed.relation, n.col, 'numeric') END, n.name),
                      ', ' ORDER BY n.i) INTO list
      FROM (VALUES (1, 'spread', columns.spread_column), (2, 'volume', columns.volume_column),
                   (3, 'open_interest', columns.open_interest_column), (4, 'price_sources', columns.price_sources_column),
                   (5, 'price_age', columns.price_age_column), (6, 'price_width', columns.price_width_column)) AS n (i, name, col);
    RETURN format('SELECT t.%I::text AS key, %s AS ts, %s%s FROM %s AS t WHERE %s', feed.instrument_column,
                  margin_calib.feed_ts_expression(feed.relation, feed.ts_column), list,
                  CASE WHEN with_row THEN ', to_jsonb(t) AS row_data' ELSE '' END, feed.relation, condition);
END
$function$;
COMMENT ON FUNCTION margin_calib.liquidity_source(margin_calib.feed, text, boolean) IS
'Internal: query of the rows t of a liquidity feed that meet a condition, with the columns key, ts, spread, volume, open_interest, price_sources, price_age, price_width and, on demand, row_data; errors 42703 and 42804 for columns that are gone or have become another type.';

-- The window ends with the instrument's latest row and not with the clock: the same rows give the same numbers.
CREATE OR REPLACE FUNCTION margin_calib.liquidity_found(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.instrument_liquidity
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts       CONSTANT text := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
    wanted   CONSTANT text := format('t.%I = ANY (%L::%s[])', feed.instrument_column,
                                     margin_calib.keys_that_fit(keys, key_type), key_type);
    columns  margin_calib.liquidity_feed;
BEGIN
    SELECT c.* INTO columns FROM margin_calib.liquidity_feed AS c WHERE c.feed = liquidity_found.feed.id;
    RETURN QUERY EXECUTE format($query$
        WITH latest AS MATERIALIZED (
            SELECT t.%1$I::text AS key, max(%2$s) FILTER (WHERE isfinite(%2$s) AND %2$s <= $1) AS ts,
                   count(*) FILTER (WHERE (isfinite(%2$s) AND %2$s <= $1) IS NOT TRUE) AS rejected
              FROM %3$s AS t WHERE %4$s GROUP BY t.%1$I),
        used AS (
            SELECT l.key, l.rejected, r.ts, r.spread, r.volume, r.open_interest, r.price_sources, r.price_age, r.price_width,
                   margin_calib.liquidity_problem(r.ts, r.spread, r.volume, r.open_interest, r.price_sources, r.price_age,
                                                  r.price_width, $1) IS NULL AND r.ts IS NOT NULL AS usable
              FROM latest AS l
              LEFT JOIN (%5$s) AS r
                ON r.key = l.key AND r.ts > l.ts - $2 AND r.ts <= l.ts)
        SELECT v.key, $3, greatest(v.latest_spread, v.average_spread), v.latest_spread, v.average_spread, v.volume,
               v.open_interest, v.price_sources, v.price_age, v.price_width, v.used, v.rejected, v.first_ts, v.last_ts,
               v.last_ts + $4, CASE WHEN v.last_ts IS NULL THEN 'it has no usable liquidity row' END
          FROM (SELECT u.key,
                       (array_agg(u.spread ORDER BY u.ts DESC, u.spread DESC) FILTER (WHERE u.usable AND u.spread IS NOT NULL))[1] AS latest_spread,
                       avg(u.spread) FILTER (WHERE u.usable) AS average_spread,
                       CASE $5 WHEN 'day' THEN avg(u.volume) FILTER (WHERE u.usable)
                               ELSE sum(u.volume) FILTER (WHERE u.usable)
                                    / nullif(count(DISTINCT (u.ts AT TIME ZONE 'UTC')::date) FILTER (WHERE u.usable AND u.volume IS NOT NULL), 0)
                               END AS volume,
                       (array_agg(u.open_interest ORDER BY u.ts DESC, u.open_interest DESC) FILTER (WHERE u.usable AND u.open_interest IS NOT NULL))[1] AS open_interest,
                       (array_agg(u.price_sources ORDER BY u.ts DESC, u.price_sources) FILTER (WHERE u.usable AND u.price_sources IS NOT NULL))[1] AS price_sources,
                       (array_agg(u.price_age ORDER BY u.ts DESC, u.price_age DESC) FILTER (WHERE u.usable AND u.price_age IS NOT NULL))[1] AS price_age,
                       (array_agg(u.price_width ORDER BY u.ts DESC, u.price_width DESC) FILTER (WHERE u.usable AND u.price_width IS NOT NULL))[1] AS price_width,
                       (count(*) FILTER (WHERE u.usable))::integer AS used,
                       (max(u.rejected) + count(*) FILTER (WHERE NOT u.usable AND u.ts IS NOT NULL))::integer AS rejected,
                       min(u.ts) FILTER (WHERE u.usable) AS first_ts, max(u.ts) FILTER (WHERE u.usable) AS last_ts
                  FROM used AS u GROUP BY u.key) AS v $query$,
        feed.instrument_column, ts, feed.relation, wanted,
        margin_calib.liquidity_source(feed, format('%s AND %s > (SELECT min(l.ts) FROM latest AS l) - $2', wanted, ts), false))
    USING margin_calib.future_limit(as_of), columns.averaging_window, feed.id, columns.stale_after, columns.volume_per;
END
$function$;
COMMENT ON FUNCTION margin_calib.liquidity_found(margin_calib.feed, text[], timestamptz) IS
'Internal: what a liquidity feed says of the keys that have rows: latest figures, and means over the averaging window up to the latest row. Of rows with one ts the more conservative figure counts.';

-- What comes into force: what was found, else what is stored, with the reason why it is no longer found.
CREATE OR REPLACE FUNCTION margin_calib.liquidity_in_force(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.instrument_liquidity
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN QUERY
        SELECT (w.in_force).*
          FROM unnest(keys) AS k
          LEFT JOIN margin_calib.liquidity_found(feed, keys, as_of) AS f ON f.instrument = k
          LEFT JOIN margin_calib.instrument_liquidity AS s ON s.instrument = k AND s.feed = liquidity_in_force.feed.id
         CROSS JOIN LATERAL (
               SELECT CASE WHEN f.data_through IS NOT NULL OR f.instrument IS NOT NULL AND s.data_through IS NULL THEN f
                           WHEN s.instrument IS NOT NULL THEN
                               ROW(s.instrument, s.feed, s.spread, s.latest_spread, s.average_spread, s.average_daily_volume,
                                   s.open_interest, s.price_sources, s.price_age, s.price_width, s.rows_used,
                                   coalesce(f.rows_rejected, 0), s.first_ts, s.data_through, s.fresh_until,
                                   'it has no usable liquidity row')::margin_calib.instrument_liquidity END) AS w (in_force)
         WHERE k IS NOT NULL AND (w.in_force).instrument IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.liquidity_in_force(margin_calib.feed, text[], timestamptz) IS
'Internal: the rows of instrument_liquidity that a refresh of these keys of a feed would store.';

CREATE OR REPLACE FUNCTION margin_calib.liquidity_live(instruments text[], as_of timestamptz)
    RETURNS SETOF margin_calib.instrument_liquidity
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed    margin_calib.feed;
    keys    text[];
    found   margin_calib.instrument_liquidity[] := '{}';
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                 WHERE f.kind = 'liquidity' AND f.error IS NULL ORDER BY f.id LOOP
        keys := ARRAY(SELECT k FROM unnest(instruments) AS k
                        LEFT JOIN margin_calib.instrument_liquidity AS s ON s.instrument = k
                       WHERE coalesce(s.feed, feed.id) = feed.id
                         AND NOT EXISTS (SELECT FROM unnest(found) AS f WHERE f.instrument = k));
        found := found || ARRAY(SELECT f FROM margin_calib.liquidity_in_force(feed, keys, as_of) AS f);
    END LOOP;
    RETURN QUERY
        SELECT f.* FROM unnest(found) AS f
        UNION ALL
        SELECT s.* FROM margin_calib.instrument_liquidity AS s
         WHERE s.instrument = ANY (instruments) AND NOT EXISTS (SELECT FROM unnest(found) AS f WHERE f.instrument = s.instrument);
END
$function$;
COMMENT ON FUNCTION margin_calib.liquidity_live(text[], timestamptz) IS
'Internal: as the stored rows of instrument_liquidity, but with the figures that a refresh would find now.';

CREATE OR REPLACE FUNCTION margin_calib.quarantine_liquidity(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    bad      CONSTANT text :=
        'SELECT %s AS feed, CASE WHEN octet_length(t.key) <= 500 THEN t.key END AS instrument, NULL::text AS account, t.ts, '
        'NULL::text AS price, NULL::text AS quantity, r.reason, t.row_data FROM (%s) AS t '
        'CROSS JOIN LATERAL (SELECT CASE WHEN t.key IS NULL THEN ''instrument is NULL'' '
        'WHEN octet_length(t.key) > 500 THEN ''instrument is longer than 500 bytes'' '
        'ELSE margin_calib.liquidity_problem(t.ts, t.spread, t.volume, t.open_interest, t.price_sources, t.price_age, t.price_width, $2) END) '
        'AS r (reason) WHERE r.reason IS NOT NULL';
    result   bigint := 0;
BEGIN
    IF array_position(keys, NULL) IS NOT NULL THEN
        result := margin_calib.quarantine_rows(
            format(bad, feed.id, margin_calib.liquidity_source(
                feed, format('(t.%1$I IS NULL OR octet_length(t.%1$I::text) > 500)', feed.instrument_column), true)),
            format('q.feed = %s AND q.instrument IS NULL', feed.id), keys, margin_calib.future_limit(as_of));
    END IF;
    RETURN result + margin_calib.quarantine_rows(
        format(bad, feed.id, margin_calib.liquidity_source(
            feed, format('t.%I = ANY (%L::%s[])', feed.instrument_column, margin_calib.keys_that_fit(keys, key_type), key_type), true)),
        format('q.feed = %s AND q.instrument = ANY ($1)', feed.id), keys, margin_calib.future_limit(as_of));
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_liquidity(margin_calib.feed, text[], timestamptz) IS
'Internal: quarantines the unusable liquidity rows of instruments; a NULL among the keys stands for rows without an instrument.';

CREATE OR REPLACE FUNCTION margin_calib.store_liquidity(fresh margin_calib.instrument_liquidity[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    DELETE FROM margin_calib.instrument_liquidity AS s WHERE s.instrument IN (SELECT r.instrument FROM unnest(fresh) AS r);
    INSERT INTO margin_calib.instrument_liquidity SELECT r.* FROM unnest(fresh) AS r;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_liquidity(margin_calib.instrument_liquidity[]) IS
'Internal to refresh_liquidity: puts figures into force.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_liquidity(feed_id integer, keys text[], as_of timestamptz) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    feed    margin_calib.feed;
    mine    text[];
    found   margin_calib.instrument_liquidity[];
    suspect text[];
    changed text[];
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    PERFORM margin_calib.raise_alert('second_feed', s.instrument, NULL, format(
                '%s: liquidity in %s does not count, its liquidity feed is another', s.instrument, feed.relation_name))
       FROM margin_calib.instrument_liquidity AS s WHERE s.instrument = ANY (keys) AND s.feed <> feed_id;
    mine := ARRAY(SELECT k FROM unnest(keys) AS k
                   WHERE k IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.instrument_liquidity AS s
                                                        WHERE s.instrument = k AND s.feed <> feed_id) ORDER BY k);
    found := ARRAY(SELECT r FROM margin_calib.liquidity_in_force(feed, mine, as_of) AS r);
    changed := ARRAY(SELECT r.instrument FROM unnest(found) AS r
                       LEFT JOIN margin_calib.instrument_liquidity AS s ON s.instrument = r.instrument
                      WHERE r IS DISTINCT FROM s);
    PERFORM margin_calib.store_liquidity(ARRAY(SELECT r FROM unnest(found) AS r WHERE r.instrument = ANY (changed)));
    suspect := ARRAY(SELECT r.instrument FROM unnest(found) AS r WHERE r.rows_rejected > 0
                     UNION SELECT q.instrument FROM margin_calib.quarantine AS q
                            WHERE q.feed = feed_id AND q.instrument = ANY (keys) AND q.resolved_at IS NULL
                     UNION ALL SELECT k FROM unnest(keys) AS k WHERE k IS NULL);
    IF suspect <> '{}' THEN
        PERFORM margin_calib.quarantine_liquidity(feed, suspect, as_of);
    END IF;
    RETURN changed;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_liquidity(integer, text[], timestamptz) IS
'Internal: stores how liquid instruments of a liquidity feed are, quarantines their unusable rows, and returns the instruments whose figures changed.';

CREATE OR REPLACE FUNCTION margin_calib.attach_liquidity(
    relation regclass, instrument name, ts name, spread name DEFAULT NULL, volume name DEFAULT NULL,
    open_interest name DEFAULT NULL, price_sources name DEFAULT NULL, price_age name DEFAULT NULL,
    price_width name DEFAULT NULL, volume_per text DEFAULT 'day', averaging_window interval DEFAULT '30 days',
    stale_after interval DEFAULT '2 days', capture text DEFAULT 'trigger') RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    new_feed margin_calib.feed;
BEGIN
    PERFORM margin_calib.check_attachable(relation, capture);
    PERFORM margin_calib.feed_key_type(relation, instrument), margin_calib.feed_ts_expression(relation, ts);
    IF coalesce(spread, volume, open_interest, price_sources, price_age, price_width) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a liquidity feed needs at least one column of figures',
            HINT = 'Write margin_calib.attach_liquidity(''depth'', instrument => ''symbol'', ts => ''ts'', spread => ''spread'', volume => ''volume'').';
    ELSIF volume_per IS NULL OR volume_per NOT IN ('day', 'row') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'volume_per is ''day'' or ''row''',
            DETAIL = format('The value given is %s.', coalesce(quote_literal(volume_per), 'NULL')),
            HINT = 'day: each row has the volume of a day; row: each row has what was traded since the row before.';
    ELSIF (averaging_window > '0' AND stale_after > '0') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'averaging_window and stale_after are positive intervals',
            DETAIL = format('The values given are %s and %s.', coalesce(averaging_window::text, 'NULL'), coalesce(stale_after::text, 'NULL'));
    END IF;
    new_feed.kind := 'liquidity';
    new_feed.relation := attach_liquidity.relation;
    new_feed.instrument_column := attach_liquidity.instrument;
    new_feed.ts_column := attach_liquidity.ts;
    new_feed.capture := attach_liquidity.capture;
    new_feed.id := margin_calib.connect_feed(new_feed, ROW(NULL, spread, volume, open_interest, price_sources, price_age, price_width,
                                                           volume_per, averaging_window, stale_after)::margin_calib.liquidity_feed, NULL);
    PERFORM margin_calib.liquidity_source(new_feed, 'true', false);
    RETURN new_feed.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.attach_liquidity(regclass, name, name, name, name, name, name, name, name, text, interval, interval, text) IS
'Makes a table of your own the liquidity feed of the instruments in it, and returns the feed''s id. Name the columns that it has: spread, relative, a fraction of the price (0.0005 is 5 basis points); volume, in the unit of quantities, of a day, or with volume_per ''row'' of what was traded since the row before; open_interest, in the unit of quantities; price_sources, how many fresh sources are behind the price; price_age, in seconds; price_width, relative. Latest figures count, of the spread the larger of the latest and the mean, of the volume the mean over averaging_window, which ends with the latest row. NULL figures are skipped; rows that cannot be used go to margin_calib.quarantine. Figures older than stale_after make the requirements that use them stale. capture as in attach_prices. Errors: 22004, 22023, 42703, 42804, 55000 when it is attached already.';

REVOKE ALL ON FUNCTION
    margin_calib.liquidity_problem(timestamptz, numeric, numeric, numeric, numeric, numeric, numeric, timestamptz),
    margin_calib.liquidity_source(margin_calib.feed, text, boolean),
    margin_calib.liquidity_found(margin_calib.feed, text[], timestamptz),
    margin_calib.liquidity_in_force(margin_calib.feed, text[], timestamptz),
    margin_calib.liquidity_live(text[], timestamptz),
    margin_calib.quarantine_liquidity(margin_calib.feed, text[], timestamptz),
    margin_calib.store_liquidity(margin_calib.instrument_liquidity[]), margin_calib.refresh_liquidity(integer, text[], timestamptz),
    margin_calib.attach_liquidity(regclass, name, name, name, name, name, name, name, name, text, interval, interval, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.forget_liquidity(feed margin_calib.feed) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    DELETE FROM margin_calib.liquidity_feed AS l WHERE l.feed = forget_liquidity.feed.id;
    WITH gone AS (
        DELETE FROM margin_calib.instrument_liquidity AS s WHERE s.feed = forget_liquidity.feed.id RETURNING s.instrument)
    INSERT INTO margin_calib.capture_queue
        SELECT 0, g.instrument, false, now() FROM gone AS g
        UNION ALL -- another feed may have figures for it
        SELECT f.id, g.instrument, false, now() FROM gone AS g, margin_calib.feed AS f WHERE f.kind = 'liquidity';
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_liquidity(margin_calib.feed) IS
'Internal to detach: a liquidity feed and its figures no longer count.';

CREATE OR REPLACE FUNCTION margin_calib.blind_liquidity(feed margin_calib.feed, problem text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    WITH blind AS (
        UPDATE margin_calib.instrument_liquidity AS s
           SET stale_reason = format('its liquidity feed %s cannot be read: %s', (blind_liquidity.feed).relation_name, problem)
         WHERE s.feed = (blind_liquidity.feed).id RETURNING s.instrument)
    INSERT INTO margin_calib.capture_queue SELECT 0, b.instrument, false, now() FROM blind AS b;
END;
COMMENT ON FUNCTION margin_calib.blind_liquidity(margin_calib.feed, text) IS
'Internal to refresh: figures of a liquidity feed that cannot be read stay in force, and are stale.';
REVOKE ALL ON FUNCTION margin_calib.forget_liquidity(margin_calib.feed), margin_calib.blind_liquidity(margin_calib.feed, text) FROM PUBLIC;
