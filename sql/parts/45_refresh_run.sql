-- One run of refresh: feeds are looked after, then batches until the queue is empty.

CREATE OR REPLACE FUNCTION margin_calib.queue_keys(feed margin_calib.feed, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    EXECUTE format('INSERT INTO margin_calib.capture_queue SELECT DISTINCT %s, t.%I::text, false, now() FROM %s AS t',
                   feed.id, coalesce(feed.account_column, feed.instrument_column), relation);
END
$function$;
COMMENT ON FUNCTION margin_calib.queue_keys(margin_calib.feed, regclass) IS
'Internal: queues the keys that a partition holds.';

-- The SET clause: a lock that a long load holds is tried again by the next refresh, and so is one of a writer who
-- waits for this refresh.
CREATE OR REPLACE FUNCTION margin_calib.sync_partition(feed margin_calib.feed, relation regclass, is_partition boolean)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET lock_timeout = '2s'
AS $function$
BEGIN
    IF is_partition THEN
        PERFORM margin_calib.add_capture(feed.id, relation);
        PERFORM margin_calib.queue_keys(feed, relation);
    ELSIF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation) THEN
        PERFORM margin_calib.remove_capture(feed.id, relation);
        PERFORM margin_calib.queue_keys(feed, relation);
    ELSE
        PERFORM margin_calib.remove_capture(feed.id, relation);
        INSERT INTO margin_calib.capture_queue VALUES (feed.id, NULL, true, now());
    END IF;
EXCEPTION WHEN insufficient_privilege OR lock_not_available OR deadlock_detected THEN
    PERFORM margin_calib.raise_alert('capture_incomplete', NULL, clock_timestamp(), format(
                'capture triggers of %s could not be changed on %s: %s; until they are, changes made there directly are not seen',
                feed.relation_name, relation, SQLERRM))
      WHERE NOT EXISTS (SELECT FROM margin_calib.alert AS a
                         WHERE a.kind = 'capture_incomplete' AND a.at > clock_timestamp() - interval '1 day');
END
$function$;
COMMENT ON FUNCTION margin_calib.sync_partition(margin_calib.feed, regclass, boolean) IS
'Internal: capture triggers on a partition that is new, off one that was detached, and its keys into the queue. What the role may not do, or a lock prevents, is an alert and is tried again.';

CREATE OR REPLACE FUNCTION margin_calib.set_watermark(feed_id integer, newest timestamptz) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 50
BEGIN ATOMIC
    UPDATE margin_calib.feed AS f SET watermark = greatest(f.watermark, newest) WHERE f.id = feed_id;
END;
COMMENT ON FUNCTION margin_calib.set_watermark(integer, timestamptz) IS
'Internal to sync_watermark: notes how far a feed has been read.';

CREATE OR REPLACE FUNCTION margin_calib.sync_watermark(feed margin_calib.feed) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    newest timestamptz;
BEGIN
    IF feed.kind IN ('positions', 'collateral') THEN
        INSERT INTO margin_calib.capture_queue VALUES (feed.id, NULL, true, now());
        RETURN;
    END IF;
    -- rows of one ts may be committed one after the other: each instrument is compared with its own newest, and of
    -- quotes, where many share a ts, every underlying is looked at again
    EXECUTE format(
        'WITH newer AS (SELECT t.%1$I::text AS key, max(%2$s) AS ts FROM %3$s AS t '
        'WHERE (%2$s >= $1 OR $1 IS NULL) AND %2$s <= $2 GROUP BY t.%1$I), '
        'queued AS (INSERT INTO margin_calib.capture_queue SELECT %4$s, n.key, false, now() FROM newer AS n '
        '%5$s) SELECT max(n.ts) FROM newer AS n', feed.instrument_column,
        margin_calib.feed_ts_expression(feed.relation, feed.ts_column), feed.relation, feed.id,
        CASE WHEN feed.kind <> 'quotes' THEN format(
            'LEFT JOIN margin_calib.%I AS s ON s.instrument = n.key WHERE s.%I IS DISTINCT FROM %s OR (n.ts > s.data_through) IS NOT FALSE',
            CASE feed.kind WHEN 'liquidity' THEN 'instrument_liquidity' ELSE 'instrument' END,
            CASE feed.kind WHEN 'liquidity' THEN 'feed' ELSE 'price_feed' END, feed.id) END)
    -- from where the clock is when it was ahead
    INTO newest USING CASE WHEN feed.watermark > clock_timestamp() THEN clock_timestamp() ELSE feed.watermark END - feed.watermark_overlap,
                      margin_calib.future_limit(clock_timestamp());
    IF newest > coalesce(feed.watermark, '-infinity') THEN
        PERFORM margin_calib.set_watermark(feed.id, newest);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.sync_watermark(margin_calib.feed) IS
'Internal: queues what is new in a feed without triggers: instruments with a row newer than their newest, every account of positions and collateral, instruments of a liquidity feed likewise, and the underlyings of recent quotes.';

CREATE OR REPLACE FUNCTION margin_calib.feed_problem(feed margin_calib.feed) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = feed.relation) THEN
        RETURN 'the relation was dropped';
    ELSIF row_security_active(feed.relation) THEN
        RETURN format('row-level security would hide rows from %s', current_user);
    END IF;
    PERFORM margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    IF feed.kind = 'prices' THEN
        PERFORM margin_calib.feed_ts_expression(feed.relation, feed.ts_column),
                margin_calib.feed_number_expression(feed.relation, feed.price_column, 'float8');
    ELSIF feed.kind = 'liquidity' THEN
        PERFORM margin_calib.liquidity_source(feed, 'true', false);
    ELSIF feed.kind = 'quotes' THEN
        PERFORM margin_calib.quote_source(feed_problem.feed, c, 'true') FROM margin_calib.quote_feed AS c WHERE c.feed = feed_problem.feed.id;
    ELSE
        PERFORM margin_calib.feed_key_type(feed.relation, feed.account_column),
                margin_calib.feed_number_expression(feed.relation, feed.quantity_column, 'numeric');
        IF feed.entry_column IS NOT NULL THEN
            PERFORM margin_calib.feed_number_expression(feed.relation, feed.entry_column, 'numeric');
        END IF;
    END IF;
    RETURN NULL;
EXCEPTION WHEN undefined_column OR datatype_mismatch OR feature_not_supported THEN
    RETURN SQLERRM;
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_problem(margin_calib.feed) IS
'Internal: why a feed''s relation cannot be read (dropped, column renamed, type changed), NULL when it can.';

CREATE OR REPLACE FUNCTION margin_calib.feed_changed(feed margin_calib.feed, problem text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    UPDATE margin_calib.feed AS f SET error = problem WHERE f.id = feed_changed.feed.id;
    IF feed.kind = 'positions' THEN
        -- whose collateral is exposed to the same things is told by positions
        INSERT INTO margin_calib.capture_queue
            SELECT DISTINCT -1, c.account, false, now() FROM margin_calib.account_collateral AS c JOIN margin_calib.wrong_way_pair AS w ON w.asset = c.asset;
    END IF;
    IF problem IS NULL THEN
        INSERT INTO margin_calib.capture_queue VALUES (feed.id, NULL, true, now());
        RETURN;
    END IF;
    PERFORM margin_calib.raise_alert('feed_error', NULL, clock_timestamp(), format('feed %s cannot be read: %s', feed.relation_name, problem));
    WITH blind AS (
        UPDATE margin_calib.instrument AS i
           SET stale_reason = format('its price feed %s cannot be read: %s', feed.relation_name, problem)
         WHERE i.price_feed = feed_changed.feed.id RETURNING i.instrument)
    INSERT INTO margin_calib.capture_queue SELECT 0, b.instrument, false, now() FROM blind AS b;
    IF feed.kind = 'liquidity' THEN
        PERFORM margin_calib.blind_liquidity(feed, problem);
    ELSIF feed.kind = 'quotes' THEN
        PERFORM margin_calib.blind_surfaces(feed, problem);
    ELSIF feed.kind = 'positions' THEN
        UPDATE margin_calib.requirement AS r
           SET is_stale = true, stale_reason = format('position feed %s cannot be read: %s', feed.relation_name, problem);
    ELSIF feed.kind = 'collateral' THEN
        UPDATE margin_calib.account_collateral AS c
           SET stale_reason = format('collateral feed %s cannot be read: %s', feed.relation_name, problem);
    END IF;
    IF feed.kind IN ('positions', 'collateral') THEN
        PERFORM margin_calib.blind_states(format('%s feed %s cannot be read: %s', CASE feed.kind WHEN 'positions' THEN 'position' ELSE 'collateral' END,
                                                 feed.relation_name, problem));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.feed_changed(margin_calib.feed, text) IS
'Internal: a feed cannot be read any more (its instruments, or all requirements, become stale), or can again (everything is queued).';

CREATE OR REPLACE FUNCTION margin_calib.sync_feeds() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed    margin_calib.feed;
    problem text;
    part    record;
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f ORDER BY f.id LOOP
        problem := margin_calib.feed_problem(feed);
        IF problem IS DISTINCT FROM feed.error THEN
            PERFORM margin_calib.feed_changed(feed, problem);
        END IF;
        CONTINUE WHEN problem IS NOT NULL;
        IF feed.capture = 'watermark' THEN
            PERFORM margin_calib.sync_watermark(feed);
            CONTINUE;
        END IF;
        FOR part IN
            SELECT coalesce(p.relid, c.relation) AS relation, p.relid IS NOT NULL AS is_partition
              FROM pg_partition_tree(feed.relation) AS p
              FULL JOIN (SELECT r.relation FROM margin_calib.captured_relation AS r WHERE r.feed = feed.id) AS c
                ON c.relation = p.relid
             WHERE (p.relid IS NULL OR c.relation IS NULL) AND c.relation IS DISTINCT FROM feed.relation
             ORDER BY 2, 1 LOOP
            PERFORM margin_calib.sync_partition(feed, part.relation, part.is_partition);
        END LOOP;
    END LOOP;
    -- rows of the future whose time has come
    INSERT INTO margin_calib.capture_queue
        SELECT DISTINCT q.feed, q.instrument, false, now() FROM margin_calib.quarantine AS q
         WHERE q.reason = 'ts is in the future' AND q.resolved_at IS NULL
           AND q.ts <= margin_calib.future_limit(clock_timestamp())
        UNION ALL
        SELECT u.feed, u.underlying, false, now() FROM margin_calib.surface_underlying AS u
         WHERE u.feed IS NOT NULL AND u.due_at <= clock_timestamp();
END
$function$;
COMMENT ON FUNCTION margin_calib.sync_feeds() IS
'Internal to refresh: looks after every feed before the queue is read: can it be read, new and detached partitions, watermarks, rows whose time has come.';

CREATE OR REPLACE FUNCTION margin_calib.log_run() RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    run bigint;
BEGIN
    PERFORM margin_calib.lock_engine();
    DELETE FROM margin_calib.refresh_run AS r WHERE r.started_at < clock_timestamp() - interval '7 days' AND r.parameters = 0;
    INSERT INTO margin_calib.refresh_run (extension_version, library_version, gsl_version, server_version)
        SELECT e.extversion, margin_calib.version(), margin_calib.gsl_version(), current_setting('server_version')
          FROM pg_extension AS e WHERE e.extname = 'margin_calib' RETURNING id INTO run;
    RETURN run;
END
$function$;
COMMENT ON FUNCTION margin_calib.log_run() IS
'Internal to refresh: logs the start of a run with what it runs on, and forgets old runs that calibrated no parameter.';

CREATE OR REPLACE FUNCTION margin_calib.log_batch(run bigint, instruments integer, accounts integer, failures text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 50
BEGIN ATOMIC
    UPDATE margin_calib.refresh_run AS r
       SET batches = r.batches + 1, instruments = r.instruments + log_batch.instruments, accounts = r.accounts + log_batch.accounts,
           failed = r.failed + coalesce(cardinality(failures), 0), error = coalesce(r.error, failures[1])
     WHERE r.id = run;
END;
COMMENT ON FUNCTION margin_calib.log_batch(bigint, integer, integer, text[]) IS
'Internal to refresh: logs a batch, and what of it could not be calibrated (NULL: nothing).';

CREATE OR REPLACE FUNCTION margin_calib.refresh_begin(commit_batches boolean, batch_keys integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    run bigint;
BEGIN
    IF coalesce(batch_keys < 1, true) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'batch_keys is 1 or more',
            DETAIL = format('The batch_keys given is %s.', coalesce(batch_keys::text, 'NULL'));
    ELSIF commit_batches IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'commit_batches is true or false, not NULL';
    END IF;
    run := margin_calib.log_run();
    PERFORM margin_calib.sync_feeds();
    PERFORM margin_calib.sync_events();
    PERFORM margin_calib.sync_proposals();
    PERFORM margin_calib.refresh_haircuts('{}', clock_timestamp());
    RETURN run;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_begin(boolean, integer) IS
'Internal to refresh: checks its arguments, logs the run and looks after the feeds.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_batch(run bigint, batch_keys integer, started timestamptz, max_ms integer)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan SET jit = off
AS $function$
DECLARE
    part     record;
    feed     margin_calib.feed;
    as_of    timestamptz;
    touched  text[] := '{}';
    priced   text[] := '{}';
    owners   text[] := '{}';
    holders  text[];
    concerned text[];
    quoted   text[] := '{}';
    unfitted text[] := '{}';
    failures text[];
    broken   boolean;
BEGIN
    PERFORM margin_calib.lock_engine();
    as_of := clock_timestamp();
    FOR part IN SELECT b.* FROM margin_calib.take_batch(batch_keys) AS b LOOP
        SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = part.feed AND f.error IS NULL;
        IF part.feed = 0 THEN
            touched := touched || part.keys;
        ELSIF part.feed = -1 THEN
            owners := owners || part.keys;
        ELSIF feed.kind = 'prices' THEN
            priced := priced || margin_calib.refresh_prices(feed.id, part.keys, part.from_ts, part.to_ts, as_of, run);
        ELSIF feed.kind = 'liquidity' THEN
            touched := touched || margin_calib.refresh_liquidity(feed.id, part.keys, as_of);
        ELSIF feed.kind = 'quotes' THEN
            quoted := quoted || part.keys;
            unfitted := unfitted || margin_calib.refresh_surfaces(feed.id, part.keys, as_of);
        ELSIF feed.kind IN ('positions', 'collateral') THEN
            owners := owners || array_remove(part.keys, NULL);
            IF array_position(part.keys, NULL) IS NOT NULL THEN
                PERFORM margin_calib.quarantine_positions(feed, ARRAY[NULL::text]);
            END IF;
        END IF;
    END LOOP;
    touched := touched || priced;
    PERFORM margin_calib.queue_borrowers(touched, priced);
    -- after the last prices and before the accounts: groups are calibrated with instruments that are known
    IF NOT EXISTS (SELECT FROM margin_calib.capture_queue AS q JOIN margin_calib.feed AS f ON f.id = q.feed
                    WHERE f.kind = 'prices') THEN
        PERFORM margin_calib.refresh_groups(as_of);
    END IF;
    IF touched <> '{}' THEN
        PERFORM margin_calib.refresh_haircuts(touched, as_of);
    END IF;
    -- with a position feed that cannot be read sums would be too small: stored ones stay, stale
    broken := EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'positions' AND f.error IS NOT NULL);
    concerned := touched || margin_calib.peg_dependents(touched) || margin_calib.risk_dependents(touched, quoted);
    holders := ARRAY(SELECT p.account FROM margin_calib.account_position AS p WHERE p.instrument = ANY (concerned) AND NOT broken
                     UNION
                     SELECT c.account FROM margin_calib.collateral_holders(touched) AS c (account)
                     UNION
                     SELECT c.account FROM margin_calib.currency_holders(touched) AS c (account));
    IF cardinality(holders) > 2 * batch_keys AND cardinality(holders) > cardinality(owners)
       OR touched <> '{}' AND EXISTS (SELECT FROM margin_calib.capture_queue AS q
                                        JOIN margin_calib.feed AS f ON f.id = q.feed WHERE f.kind IN ('prices', 'liquidity')) THEN
        -- batches of their own, and once each for all the instruments that wait
        INSERT INTO margin_calib.capture_queue
            SELECT -1, a, false, now() FROM unnest(holders) AS a
             WHERE NOT EXISTS (SELECT FROM margin_calib.capture_queue AS q WHERE q.feed = -1 AND q.key = a);
    ELSE
        owners := owners || holders;
    END IF;
    owners := ARRAY(SELECT DISTINCT a FROM unnest(owners) AS a WHERE NOT broken OR margin_calib.has_collateral() ORDER BY a);
    IF owners <> '{}' THEN
        IF NOT broken THEN
            PERFORM margin_calib.refresh_accounts(owners, as_of);
        END IF;
        PERFORM margin_calib.refresh_collateral(owners, as_of), margin_calib.refresh_states(owners, as_of);
    END IF;
    SELECT array_agg(i.instrument || ': ' || i.stale_reason ORDER BY i.instrument) INTO failures
      FROM margin_calib.instrument AS i WHERE i.instrument = ANY (touched) AND i.stale_reason IS NOT NULL;
    PERFORM margin_calib.log_batch(run, cardinality(touched), cardinality(owners), failures || unfitted);
    IF touched <> '{}' OR owners <> '{}' OR quoted <> '{}' THEN
        PERFORM pg_notify('margin_calib', json_strip_nulls(json_build_object(
            'as_of', as_of, 'instruments', cardinality(touched), 'accounts', cardinality(owners), 'surfaces', nullif(cardinality(quoted), 0)))::text);
    END IF;
    RETURN EXISTS (SELECT FROM margin_calib.capture_queue)
           AND (max_ms IS NULL OR clock_timestamp() < started + max_ms * interval '1 millisecond');
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_batch(bigint, integer, timestamptz, integer) IS
'Internal to refresh: one batch of keys, its instruments and then their accounts, and one notification; true when there is more to do and time left.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_end(run bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.check_alerts(clock_timestamp());
    UPDATE margin_calib.refresh_run AS r SET finished_at = clock_timestamp() WHERE r.id = run;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_end(bigint) IS 'Internal to refresh: looks at the thresholds of alerts, and logs the end of the run.';

-- No SET clause and no security definer: either would forbid COMMIT. All names are written in full,
-- and every expression with an operator is in the functions above.
CREATE OR REPLACE PROCEDURE margin_calib.refresh(
    commit_batches boolean DEFAULT true, batch_keys integer DEFAULT 500, max_ms integer DEFAULT NULL)
    LANGUAGE plpgsql
AS $procedure$
DECLARE
    started pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    run     pg_catalog.int8;
    more    pg_catalog.bool := true;
BEGIN
    IF commit_batches AND NOT margin_calib.commit_is_possible() THEN
        RAISE EXCEPTION USING ERRCODE = '2D000',
            MESSAGE = 'refresh commits every batch, which is not possible in a transaction block or a function',
            HINT = 'Write CALL margin_calib.refresh(commit_batches => false) to refresh in the caller''s transaction.';
    END IF;
    run := margin_calib.refresh_begin(commit_batches, batch_keys);
    IF commit_batches THEN
        COMMIT;
    END IF;
    WHILE more LOOP
        more := margin_calib.refresh_batch(run, batch_keys, started, max_ms);
        IF commit_batches THEN
            COMMIT;
        END IF;
    END LOOP;
    PERFORM margin_calib.refresh_end(run);
END
$procedure$;
COMMENT ON PROCEDURE margin_calib.refresh(boolean, integer, integer) IS
'Brings parameters and requirements up to date with all that was committed before the call: it drains the queue in batches of batch_keys instruments or accounts, each a transaction of its own, for at most about max_ms milliseconds (NULL: until the queue is empty). What a crash or an error interrupts stays in the queue. Several calls at once take turns by batch. In a transaction block: refresh(commit_batches => false), else error 2D000; under REPEATABLE READ or SERIALIZABLE a concurrent change gives 40001: repeat the transaction. An instrument that cannot be calibrated keeps its rate and makes its requirements stale; one NOTIFY margin_calib with a JSON object tells of each batch. It reads the attached relations with the rights of who calls it, and so do functions in their views: call it as a role with engine rights rather than as a superuser.';

CREATE OR REPLACE FUNCTION margin_calib.queue_instruments() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
BEGIN ATOMIC
    -- before the rows of product groups, which a refresh takes after it
    SELECT margin_calib.lock_engine();
    INSERT INTO margin_calib.capture_queue
        SELECT i.price_feed, i.instrument, false, now() FROM margin_calib.instrument AS i
         WHERE i.price_feed IS NOT NULL
        UNION ALL -- what changed in old rows is not seen without triggers
        SELECT f.id, NULL, true, now() FROM margin_calib.feed AS f WHERE f.kind IN ('liquidity', 'quotes') AND f.capture = 'watermark';
    UPDATE margin_calib.product_group AS g SET is_due = true;
END;
COMMENT ON FUNCTION margin_calib.queue_instruments() IS 'Internal to recalibrate: queues every instrument that has a price feed, and liquidity and quote feeds without triggers, and makes every product group due.';

CREATE OR REPLACE PROCEDURE margin_calib.recalibrate(commit_batches boolean DEFAULT true)
    LANGUAGE plpgsql
AS $procedure$
BEGIN
    PERFORM margin_calib.queue_instruments();
    CALL margin_calib.refresh(commit_batches);
    PERFORM margin_calib.rebuild_scenario_sets();
END
$procedure$;
COMMENT ON PROCEDURE margin_calib.recalibrate(boolean) IS
'Calibrates every instrument and every product group again, with the policies as they are now, refreshes, and makes the scenario sets of recipes anew from prices (rebuild_scenario_sets): for a nightly job, and after set_policy. commit_batches as in refresh.';

REVOKE ALL ON FUNCTION
    margin_calib.queue_keys(margin_calib.feed, regclass), margin_calib.sync_partition(margin_calib.feed, regclass, boolean),
    margin_calib.set_watermark(integer, timestamptz), margin_calib.log_run(), margin_calib.log_batch(bigint, integer, integer, text[]),
    margin_calib.sync_watermark(margin_calib.feed), margin_calib.feed_problem(margin_calib.feed),
    margin_calib.feed_changed(margin_calib.feed, text), margin_calib.sync_feeds(),
    margin_calib.refresh_begin(boolean, integer), margin_calib.refresh_batch(bigint, integer, timestamptz, integer),
    margin_calib.refresh_end(bigint), margin_calib.queue_instruments() FROM PUBLIC;
REVOKE ALL ON PROCEDURE margin_calib.refresh(boolean, integer, integer), margin_calib.recalibrate(boolean) FROM PUBLIC;
