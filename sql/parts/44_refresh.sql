-- Refresh: from the queue to parameters and requirements, a batch of keys a transaction.
-- Correct by locking: a batch takes the engine's lock and updates the one row of engine_state (so that
-- an old snapshot of a REPEATABLE READ caller fails with 40001), and reads prices and positions in
-- statements after that. Row locks by instrument and account would let batches overlap, but then a new
-- position and a new rate of its instrument could miss each other.

CREATE OR REPLACE FUNCTION margin_calib.expand_everything(feed margin_calib.feed) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    EXECUTE format('INSERT INTO margin_calib.capture_queue SELECT $1, k.key, false, now() FROM '
                   '(SELECT DISTINCT t.%I::text AS key FROM %s AS t UNION %s) AS k',
                   coalesce(feed.account_column, feed.instrument_column), feed.relation,
                   CASE feed.kind WHEN 'prices'
                        THEN 'SELECT i.instrument FROM margin_calib.instrument AS i WHERE i.price_feed = $1'
                        WHEN 'liquidity' THEN 'SELECT s.instrument FROM margin_calib.instrument_liquidity AS s WHERE s.feed = $1'
                        WHEN 'quotes' THEN 'SELECT u.underlying FROM margin_calib.surface_underlying AS u WHERE u.feed = $1'
                        WHEN 'collateral' THEN 'SELECT c.account FROM margin_calib.account_collateral AS c'
                        ELSE 'SELECT p.account FROM margin_calib.account_position AS p' END) USING feed.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.expand_everything(margin_calib.feed) IS
'Internal: queues every key that a feed has, and those that it had.';

-- The one step of take_batch that a role may not do by itself. What it takes is distinct, positions last:
-- accounts are recomputed once for all the instruments that wait. A name too long for an index counts as none, and its
-- row goes to quarantine: one row must not stop the engine.
CREATE OR REPLACE FUNCTION margin_calib.take_queue(entries bigint) RETURNS margin_calib.capture_queue[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    taken margin_calib.capture_queue[];
BEGIN
    WITH d AS (
        DELETE FROM margin_calib.capture_queue AS q
         WHERE q.ctid = ANY (ARRAY(SELECT n.ctid FROM margin_calib.capture_queue AS n LIMIT entries))
        RETURNING q.feed, CASE WHEN octet_length(q.key) <= 500 THEN q.key END AS key, q.everything, q.queued_at, q.from_ts, q.to_ts)
    SELECT array_agg(ROW(d.feed, d.key, d.everything, d.queued_at, d.from_ts, d.to_ts)::margin_calib.capture_queue
                     ORDER BY (f.kind IN ('prices', 'liquidity', 'quotes')) IS NOT TRUE AND d.feed <> 0, d.feed, d.key)
      INTO taken
      FROM (SELECT d.feed, d.key, d.everything, min(d.queued_at) AS queued_at, min(d.from_ts) AS from_ts, max(d.to_ts) AS to_ts
              FROM d GROUP BY d.feed, d.key, d.everything) AS d
      LEFT JOIN margin_calib.feed AS f ON f.id = d.feed;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION margin_calib.take_queue(bigint) IS
'Internal to take_batch: removes entries from the queue and returns them, each once, in the order in which they are worked off.';

-- The next keys of the queue, at most batch_keys of them; what is read beyond them goes back. With the caller's rights:
-- it reads the attached tables.
CREATE OR REPLACE FUNCTION margin_calib.take_batch(batch_keys integer)
    RETURNS TABLE (feed integer, keys text[], from_ts timestamptz[], to_ts timestamptz[])
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    taken margin_calib.capture_queue[];
    whole margin_calib.feed;
BEGIN
    LOOP
        taken := margin_calib.take_queue(least(batch_keys::bigint * 20, 1000000));
        EXIT WHEN NOT EXISTS (SELECT FROM unnest(taken) AS t WHERE t.everything);
        FOR whole IN SELECT f.* FROM margin_calib.feed AS f
                      WHERE f.error IS NULL AND f.id IN (SELECT t.feed FROM unnest(taken) AS t WHERE t.everything)
                      ORDER BY f.id LOOP
            PERFORM margin_calib.expand_everything(whole);
        END LOOP;
        INSERT INTO margin_calib.capture_queue SELECT t.* FROM unnest(taken) AS t WHERE NOT t.everything;
    END LOOP;
    INSERT INTO margin_calib.capture_queue SELECT t.* FROM unnest(taken) AS t OFFSET batch_keys;
    RETURN QUERY
        SELECT t.feed, array_agg(t.key ORDER BY t.key), array_agg(t.from_ts ORDER BY t.key), array_agg(t.to_ts ORDER BY t.key)
          FROM (SELECT * FROM unnest(taken) LIMIT batch_keys) AS t
         GROUP BY t.feed ORDER BY t.feed;
END
$function$;
COMMENT ON FUNCTION margin_calib.take_batch(integer) IS
'Internal: removes the next keys from the queue and returns them by feed, each once, with the smallest from_ts and the largest to_ts of its entries in arrays parallel to keys; a rollback puts them back.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_prices(
    feed_id integer, keys text[], from_ts timestamptz[], to_ts timestamptz[], as_of timestamptz, run bigint) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    feed    margin_calib.feed;
    mine    text[];
    fresh   text[];
    results margin_calib.engine_calibration[];
    before  timestamptz[];
    seen    bigint[];
    days    margin_calib.engine_day[];
    absent  text[];
    suspect text[];
    reading CONSTANT bigint := margin_calib.next_reading();
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    PERFORM margin_calib.raise_alert('second_feed', i.instrument, NULL, format(
                '%s: prices in %s do not count, its price feed is another', i.instrument, feed.relation_name))
       FROM margin_calib.instrument AS i WHERE i.instrument = ANY (keys) AND i.price_feed <> feed_id;
    SELECT array_agg(k ORDER BY k) INTO mine FROM unnest(keys) AS k
     WHERE k IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                                          WHERE i.instrument = k AND i.price_feed <> feed_id);
    fresh := margin_calib.register_instruments(mine);
    before := ARRAY(SELECT i.data_through FROM unnest(keys) WITH ORDINALITY AS k (key, number)
                      LEFT JOIN margin_calib.instrument AS i ON i.instrument = k.key AND i.price_feed = feed_id ORDER BY k.number);
    -- one statement, so one snapshot: a change is noted by the reading that saw it
    SELECT ARRAY(SELECT c FROM margin_calib.calibrate_keys(feed_id, mine, as_of) AS c),
           ARRAY(SELECT l.id FROM margin_calib.input_change AS l
                  WHERE l.reading IS NULL AND l.feed = feed_id AND (l.instrument = ANY (mine) OR l.instrument IS NULL)),
           CASE WHEN feed.capture = 'watermark' THEN ARRAY(SELECT d FROM margin_calib.day_digests(feed, mine, as_of) AS d) END
      INTO results, seen, days;
    PERFORM margin_calib.note_input_changes(reading, feed_id, keys, from_ts, to_ts, seen, before);
    -- a key without a row belongs to this feed only if the feed priced it before
    SELECT array_agg(c.instrument) INTO absent
      FROM unnest(results) AS c JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
     WHERE (c.calibration).returns IS NULL AND c.error IS NULL AND i.price_feed IS NULL;
    PERFORM margin_calib.settle_instruments(fresh, absent);
    results := ARRAY(SELECT c FROM unnest(results) AS c WHERE c.instrument <> ALL (coalesce(absent, '{}')));
    PERFORM margin_calib.publish(results, as_of, run, reading);
    IF days IS NOT NULL THEN
        PERFORM margin_calib.note_days(feed_id, mine, days, reading);
    END IF;
    SELECT array_agg(c.instrument) INTO suspect FROM unnest(results) AS c
     WHERE c.inspect OR EXISTS (SELECT FROM margin_calib.quarantine AS q
                                 WHERE q.feed = feed_id AND q.instrument = c.instrument AND q.resolved_at IS NULL);
    IF suspect IS NOT NULL OR array_position(keys, NULL) IS NOT NULL THEN
        PERFORM margin_calib.quarantine_prices(
            feed, coalesce(suspect, '{}') || CASE WHEN array_position(keys, NULL) IS NOT NULL
                                                  THEN ARRAY[NULL::text] ELSE '{}' END, as_of);
    END IF;
    RETURN ARRAY(SELECT c.instrument FROM unnest(results) AS c);
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_prices(integer, text[], timestamptz[], timestamptz[], timestamptz, bigint) IS
'Internal: registers, calibrates and publishes instruments of a price feed, notes what has changed in their past, quarantines their unusable rows, and returns the instruments. from_ts and to_ts as take_batch returns them.';

CREATE OR REPLACE FUNCTION margin_calib.store_accounts(
    accounts text[], outdated tid[], changed margin_calib.account_position[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    DELETE FROM margin_calib.account_position AS p WHERE p.ctid = ANY (outdated);
    INSERT INTO margin_calib.account_position SELECT * FROM unnest(changed);
    DELETE FROM margin_calib.requirement AS r WHERE r.account = ANY (accounts);
    DELETE FROM margin_calib.account_offset AS o WHERE o.account = ANY (accounts);
    EXECUTE 'INSERT INTO margin_calib.account_offset '
            || margin_calib.offset_query('margin_calib.account_position', 'margin_calib.offset_stored') USING accounts, as_of;
    INSERT INTO margin_calib.requirement
        SELECT * FROM margin_calib.requirements_at(
            ARRAY(SELECT p FROM margin_calib.account_position AS p WHERE p.account = ANY (accounts)),
            ARRAY(SELECT o FROM margin_calib.account_offset AS o WHERE o.account = ANY (accounts)), as_of);
END
$function$;
COMMENT ON FUNCTION margin_calib.store_accounts(text[], tid[], margin_calib.account_position[], timestamptz) IS
'Internal to refresh_accounts: replaces stored positions by those that changed, and adds up the requirements of the accounts.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_accounts(accounts text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    changed  margin_calib.account_position[];
    outdated tid[];
BEGIN
    -- a refresh seldom changes all positions of an account: write those that differ
    SELECT array_agg(n) FILTER (WHERE n.account IS NOT NULL), array_agg(p.at) FILTER (WHERE p.account IS NOT NULL)
      INTO changed, outdated
      FROM margin_calib.compute_positions(accounts, false, as_of) AS n
      FULL JOIN (SELECT o.ctid AS at, o.account, o.instrument, o AS stored FROM margin_calib.account_position AS o
                  WHERE o.account = ANY (accounts)) AS p
        ON p.account = n.account AND p.instrument = n.instrument
     WHERE n IS DISTINCT FROM p.stored;
    PERFORM margin_calib.store_accounts(accounts, outdated, changed, as_of);
    PERFORM margin_calib.quarantine_accounts('positions', accounts, ARRAY(
        SELECT p.account FROM margin_calib.account_position AS p WHERE p.account = ANY (accounts) AND p.stale_reason IS NOT NULL));
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_accounts(text[], timestamptz) IS
'Internal: recomputes accounts, their positions and requirements, and quarantines their unusable rows.';

REVOKE ALL ON FUNCTION
    margin_calib.expand_everything(margin_calib.feed), margin_calib.take_queue(bigint), margin_calib.take_batch(integer),
    margin_calib.refresh_prices(integer, text[], timestamptz[], timestamptz[], timestamptz, bigint),
    margin_calib.store_accounts(text[], tid[], margin_calib.account_position[], timestamptz),
    margin_calib.refresh_accounts(text[], timestamptz) FROM PUBLIC;
