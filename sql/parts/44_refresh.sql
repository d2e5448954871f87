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
                        ELSE 'SELECT p.account FROM margin_calib.account_position AS p' END) USING feed.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.expand_everything(margin_calib.feed) IS
'Internal: queues every key that a feed has, and those that it had.';

-- The next keys of the queue, at most batch_keys of them; what is read beyond them goes back. A name too
-- long for an index counts as none, and its row goes to quarantine: one row must not stop the engine.
CREATE OR REPLACE FUNCTION margin_calib.take_batch(batch_keys integer) RETURNS TABLE (feed integer, keys text[])
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    taken margin_calib.capture_queue[];
    whole margin_calib.feed;
BEGIN
    LOOP
        WITH d AS (
            DELETE FROM margin_calib.capture_queue AS q
             WHERE q.ctid = ANY (ARRAY(SELECT n.ctid FROM margin_calib.capture_queue AS n
                                        LIMIT least(batch_keys::bigint * 20, 1000000)))
            RETURNING q.feed, CASE WHEN octet_length(q.key) <= 500 THEN q.key END AS key, q.everything, q.queued_at)
        -- prices and liquidity first: accounts are recomputed once for all the instruments that wait
        SELECT array_agg(ROW(d.feed, d.key, d.everything, d.queued_at)::margin_calib.capture_queue ORDER BY (f.kind IN ('prices', 'liquidity')) IS NOT TRUE AND d.feed <> 0, d.feed, d.key)
          INTO taken
          FROM (SELECT DISTINCT ON (feed, everything, key) d.* FROM d ORDER BY feed, everything, key, queued_at) AS d
          LEFT JOIN margin_calib.feed AS f ON f.id = d.feed;
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
        SELECT t.feed, array_agg(t.key ORDER BY t.key)
          FROM (SELECT * FROM unnest(taken) LIMIT batch_keys) AS t
         GROUP BY t.feed ORDER BY t.feed;
END
$function$;
COMMENT ON FUNCTION margin_calib.take_batch(integer) IS
'Internal: removes the next keys from the queue and returns them by feed; a rollback puts them back.';

CREATE OR REPLACE FUNCTION margin_calib.raise_alerts(results margin_calib.engine_calibration[], as_of timestamptz)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    INSERT INTO margin_calib.alert (kind, instrument, ts, message, value)
        SELECT 'jump', c.instrument, (c.calibration).last_jump_ts,
               format('%s: a return beyond the jump bound of policy %s; it is used all the same', c.instrument, c.policy),
               (c.calibration).jumps
          FROM unnest(results) AS c WHERE (c.calibration).last_jump_ts IS NOT NULL
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
    INSERT INTO margin_calib.alert (kind, instrument, ts, message)
        SELECT 'calibration_failed', c.instrument, as_of, format('%s: %s', c.instrument, p.problem)
          FROM unnest(results) AS c
          JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
         CROSS JOIN LATERAL margin_calib.calibration_problem(c) AS p (problem)
         WHERE p.problem IS NOT NULL AND p.problem IS DISTINCT FROM i.stale_reason
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
END
$function$;
COMMENT ON FUNCTION margin_calib.raise_alerts(margin_calib.engine_calibration[], timestamptz) IS
'Internal: alerts of jumps, and of instruments that have just become impossible to calibrate.';

-- What came into force: a new row of history only when something published changes.
CREATE OR REPLACE FUNCTION margin_calib.publish(results margin_calib.engine_calibration[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    PERFORM margin_calib.raise_alerts(results, as_of);
    UPDATE margin_calib.parameter AS p SET valid_to = as_of
      FROM unnest(results) AS c CROSS JOIN LATERAL (SELECT (c.calibration).*) AS k
     WHERE p.instrument = c.instrument AND p.valid_to IS NULL AND margin_calib.calibration_problem(c) IS NULL
       AND ROW(p.initial_rate, p.maintenance_rate, p.long_initial_rate, p.long_maintenance_rate,
               p.short_initial_rate, p.short_maintenance_rate, p.symmetric_rates, p.policy, p.policy_version,
               p.binding_term, p.long_binding_term, p.short_binding_term, p.fallback, p.fallback_reason)
           IS DISTINCT FROM
           ROW(k.initial_rate, k.maintenance_rate, k.long_initial_rate, k.long_maintenance_rate,
               k.short_initial_rate, k.short_maintenance_rate, c.symmetric_rates, k.policy, k.policy_version,
               k.binding_term, k.long_binding_term, k.short_binding_term, k.fallback, k.fallback_reason);
    INSERT INTO margin_calib.parameter (
        instrument, valid_from, symmetric_rates,
        initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate, short_initial_rate,
        short_maintenance_rate, binding_term, long_binding_term, short_binding_term, long_unrounded,
        short_unrounded, long_core, short_core, long_value_at_risk, short_value_at_risk, long_expected_shortfall,
        short_expected_shortfall, long_stressed_es, short_stressed_es, long_floor, short_floor,
        long_buffer_used, short_buffer_used, model, model_reason, vol, stress_from, stress_to, returns, returns_used, first_ts,
        last_ts, last_price, bar_interval, gaps, duplicates, stale, idle, restarts, rejected, jumps, last_jump_ts,
        fallback, fallback_reason, policy, policy_version, path)
    SELECT c.instrument, as_of, c.symmetric_rates, (c.calibration).*
      FROM unnest(results) AS c
     WHERE margin_calib.calibration_problem(c) IS NULL
       AND NOT EXISTS (SELECT FROM margin_calib.parameter AS p
                        WHERE p.instrument = c.instrument AND p.valid_to IS NULL)
     ORDER BY c.instrument;
    UPDATE margin_calib.instrument AS i
       SET policy = c.policy, price_feed = c.feed, stale_reason = p.problem,
           path = CASE WHEN p.problem IS NULL THEN (c.calibration).path ELSE i.path END,
           path_policy = CASE WHEN p.problem IS NULL THEN (c.calibration).policy ELSE i.path_policy END,
           path_policy_version = CASE WHEN p.problem IS NULL THEN (c.calibration).policy_version ELSE i.path_policy_version END,
           last_price = CASE WHEN p.problem IS NULL THEN (c.calibration).last_price::numeric ELSE i.last_price END,
           data_through = CASE WHEN p.problem IS NULL THEN (c.calibration).last_ts ELSE i.data_through END,
           fresh_until = CASE WHEN p.problem IS NULL THEN (c.calibration).last_ts + c.stale_after ELSE i.fresh_until END
      FROM unnest(results) AS c CROSS JOIN LATERAL margin_calib.calibration_problem(c) AS p (problem)
     WHERE i.instrument = c.instrument;
END
$function$;
COMMENT ON FUNCTION margin_calib.publish(margin_calib.engine_calibration[], timestamptz) IS
'Internal: puts calibrations into force. One that failed leaves rates and price as they are and makes the instrument stale, with its reason.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_prices(feed_id integer, keys text[], as_of timestamptz) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    feed   margin_calib.feed;
    mine   text[];
    fresh  text[];
    results  margin_calib.engine_calibration[];
    absent text[];
    suspect text[];
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    INSERT INTO margin_calib.alert (kind, instrument, message)
        SELECT 'second_feed', i.instrument, format('%s: prices in %s do not count, its price feed is another',
                                                   i.instrument, feed.relation_name)
          FROM margin_calib.instrument AS i WHERE i.instrument = ANY (keys) AND i.price_feed <> feed_id
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
    SELECT array_agg(k ORDER BY k) INTO mine FROM unnest(keys) AS k
     WHERE k IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                                          WHERE i.instrument = k AND i.price_feed <> feed_id);
    WITH new AS (
        INSERT INTO margin_calib.instrument (instrument) SELECT k FROM unnest(mine) AS k ORDER BY k
        ON CONFLICT DO NOTHING RETURNING instrument)
    SELECT array_agg(instrument) INTO fresh FROM new;
    results := ARRAY(SELECT c FROM margin_calib.calibrate_keys(feed_id, mine, as_of) AS c);
    -- a key without a row belongs to this feed only if the feed priced it before
    SELECT array_agg(c.instrument) INTO absent
      FROM unnest(results) AS c JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
     WHERE (c.calibration).returns IS NULL AND c.error IS NULL AND i.price_feed IS NULL;
    DELETE FROM margin_calib.instrument AS i WHERE i.instrument = ANY (absent) AND i.instrument = ANY (fresh);
    results := ARRAY(SELECT c FROM unnest(results) AS c WHERE c.instrument <> ALL (coalesce(absent, '{}')));
    -- first prices of an instrument: its product group can be calibrated with it
    UPDATE margin_calib.product_group AS g SET is_due = true
     WHERE g.name IN (SELECT m.group_name FROM unnest(results) AS c
                        JOIN margin_calib.product_group_member AS m ON m.instrument = c.instrument
                        JOIN margin_calib.instrument AS i ON i.instrument = c.instrument AND i.price_feed IS NULL);
    PERFORM margin_calib.publish(results, as_of);
    PERFORM margin_calib.note_borrowing(results, as_of);
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
COMMENT ON FUNCTION margin_calib.refresh_prices(integer, text[], timestamptz) IS
'Internal: registers, calibrates and publishes instruments of a price feed, quarantines their unusable rows, and returns the instruments.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_accounts(accounts text[], as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    changed  margin_calib.account_position[];
    outdated tid[];
    suspect  text[];
    feed     margin_calib.feed;
BEGIN
    -- a refresh seldom changes all positions of an account: write those that differ
    SELECT array_agg(n) FILTER (WHERE n.account IS NOT NULL), array_agg(p.at) FILTER (WHERE p.account IS NOT NULL)
      INTO changed, outdated
      FROM margin_calib.compute_positions(accounts, false, as_of) AS n
      FULL JOIN (SELECT o.ctid AS at, o.account, o.instrument, o AS stored FROM margin_calib.account_position AS o
                  WHERE o.account = ANY (accounts)) AS p
        ON p.account = n.account AND p.instrument = n.instrument
     WHERE n IS DISTINCT FROM p.stored;
    DELETE FROM margin_calib.account_position AS p WHERE p.ctid = ANY (outdated);
    INSERT INTO margin_calib.account_position SELECT * FROM unnest(changed);
    DELETE FROM margin_calib.requirement AS r WHERE r.account = ANY (accounts);
    DELETE FROM margin_calib.account_offset AS o WHERE o.account = ANY (accounts);
    EXECUTE 'INSERT INTO margin_calib.account_offset '
            || margin_calib.offset_query('margin_calib.account_position', 'margin_calib.offset_stored') USING accounts, as_of;
    EXECUTE 'INSERT INTO margin_calib.requirement '
            || margin_calib.requirement_query('margin_calib.account_position', 'margin_calib.account_offset') USING accounts, as_of;
    SELECT array_agg(DISTINCT x.account) INTO suspect
      FROM (SELECT p.account FROM margin_calib.account_position AS p
             WHERE p.account = ANY (accounts) AND p.stale_reason IS NOT NULL
            UNION ALL
            SELECT q.account FROM margin_calib.quarantine AS q
             WHERE q.account = ANY (accounts) AND q.resolved_at IS NULL) AS x;
    IF suspect IS NOT NULL THEN
        FOR feed IN SELECT f.* FROM margin_calib.feed AS f WHERE f.kind = 'positions' ORDER BY f.id LOOP
            PERFORM margin_calib.quarantine_positions(feed, suspect);
        END LOOP;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_accounts(text[], timestamptz) IS
'Internal: recomputes accounts, their positions and requirements, and quarantines their unusable rows.';

REVOKE ALL ON FUNCTION
    margin_calib.expand_everything(margin_calib.feed), margin_calib.take_batch(integer),
    margin_calib.raise_alerts(margin_calib.engine_calibration[], timestamptz),
    margin_calib.publish(margin_calib.engine_calibration[], timestamptz),
    margin_calib.refresh_prices(integer, text[], timestamptz),
    margin_calib.refresh_accounts(text[], timestamptz) FROM PUBLIC;
