-- What a user says about product groups, and how their correlations come into force.

CREATE OR REPLACE FUNCTION margin_calib.queue_group_accounts(instruments text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 50
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT DISTINCT -1, p.account, false, now() FROM margin_calib.account_position AS p
         WHERE p.instrument = ANY (instruments);
END;
COMMENT ON FUNCTION margin_calib.queue_group_accounts(text[]) IS
'Internal: queues the accounts that hold one of the instruments.';

-- Correlations of a group into force: a new row of history only when something changes.
CREATE OR REPLACE FUNCTION margin_calib.store_offsets(fresh margin_calib.engine_offset, as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    settings margin_calib.product_group;
    current  margin_calib.offset_calibration;
    start    timestamptz;
    new_id   bigint;
BEGIN
    UPDATE margin_calib.product_group AS g SET calibrated_at = as_of, is_due = false
     WHERE g.name = fresh.group_name RETURNING g.* INTO settings;
    SELECT c.* INTO current FROM margin_calib.offset_calibration AS c
     WHERE c.group_name = fresh.group_name AND c.valid_to IS NULL;
    IF current.id IS NOT NULL
       AND ROW(current.instruments, current.correlation, current.error, current.cap, current.rationale, current.breakdown,
               current.lookback, current.subperiods, current.confidence)
           IS NOT DISTINCT FROM
           ROW(fresh.instruments, fresh.correlation, fresh.error, settings.cap, settings.rationale, settings.breakdown,
               settings.lookback, settings.subperiods, settings.confidence) THEN
        RETURN;
    END IF;
    -- not before the start of the one that ends, whatever the clock does
    start := greatest(as_of, current.valid_from + interval '1 microsecond');
    UPDATE margin_calib.offset_calibration AS c SET valid_to = start WHERE c.id = current.id;
    INSERT INTO margin_calib.offset_calibration (
        group_name, valid_from, instruments, correlation, error, cap, rationale, breakdown, lookback, subperiods,
        confidence, first_ts, last_ts)
    VALUES (settings.name, start, fresh.instruments, fresh.correlation, fresh.error, settings.cap, settings.rationale,
            settings.breakdown, settings.lookback, settings.subperiods, settings.confidence, fresh.first_ts, fresh.last_ts)
    RETURNING id INTO new_id;
    PERFORM margin_calib.audit_change('offset_calibration', new_id::text);
    IF fresh.correlation IS NOT NULL THEN
        INSERT INTO margin_calib.offset_pair
            SELECT new_id, fresh.instruments[p.first], fresh.instruments[p.second], e.observations, e.correlation, e.lower_bound,
                   e.subperiod_correlations, e.stressed_correlation, e.smallest_correlation, e.offset_correlation,
                   fresh.correlation[p.second][p.first], e.is_reliable, e.reason
              FROM margin_calib.evidence_pairs(fresh.evidence, fresh.instruments) AS p
             CROSS JOIN LATERAL (SELECT (p.pair).*) AS e;
    ELSIF fresh.error IS DISTINCT FROM current.error THEN
        PERFORM margin_calib.raise_alert('offset_failed', NULL, as_of, format('product group %s: %s; no credit', settings.name, fresh.error));
    END IF;
    PERFORM margin_calib.queue_group_accounts(fresh.instruments);
END
$function$;
COMMENT ON FUNCTION margin_calib.store_offsets(margin_calib.engine_offset, timestamptz) IS
'Internal: puts what changed of a group''s correlations into force with its evidence, and queues the accounts that hold its instruments.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_groups(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.store_offsets(margin_calib.calibrate_group(g.name, as_of), as_of)
       FROM (SELECT p.name FROM margin_calib.product_group AS p
              WHERE margin_calib.group_is_due(p, false, as_of) ORDER BY p.name) AS g;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_groups(timestamptz) IS
'Internal to refresh: calibrates the product groups that are due.';

CREATE OR REPLACE FUNCTION margin_calib.check_product_group(wanted margin_calib.product_group, instruments text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    other record;
BEGIN
    IF wanted.name IS NULL OR wanted.name = '' OR octet_length(wanted.name) > 500 THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a product group has a name of 1 to 500 bytes',
            HINT = 'Write margin_calib.set_product_group(''BTC'', ARRAY[''BTC-PERP'', ''BTC-SPOT'']).';
    ELSIF instruments IS NULL OR (SELECT bool_or(i IS NULL) FROM unnest(instruments) AS i) THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the instruments of a product group are not NULL';
    ELSIF array_ndims(instruments) > 1 OR cardinality(instruments) NOT BETWEEN 2 AND 800
          OR cardinality(instruments) <> (SELECT count(DISTINCT i) FROM unnest(instruments) AS i) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a product group has 2 to 800 different instruments',
            DETAIL = format('The instruments given are %s.', left(instruments::text, 200));
    ELSIF (wanted.cap BETWEEN 0 AND CASE WHEN wanted.reliable AND btrim(wanted.rationale) <> '' THEN 1 ELSE 0.8 END) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the cap of a product group lies between 0 and 0.8',
            DETAIL = format('The cap given is %s.', coalesce(wanted.cap::text, 'NULL')),
            HINT = 'Up to 1 needs reliable => true and a rationale: RTS 153/2013 Art. 27 allows it only where the reduction exposes the venue to no risk.';
    ELSIF (wanted.subperiods BETWEEN 1 AND 50) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'subperiods of a product group lie between 1 and 50',
            DETAIL = format('The subperiods given are %s.', coalesce(wanted.subperiods::text, 'NULL'));
    ELSIF (wanted.lookback BETWEEN 20 * wanted.subperiods AND 1000000) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the lookback of a product group is at least 20 returns for each sub-period',
            DETAIL = format('The lookback given is %s, the subperiods are %s.', coalesce(wanted.lookback::text, 'NULL'), wanted.subperiods),
            HINT = 'With fewer returns no correlation would be reliable.';
    ELSIF (wanted.confidence >= 0.5 AND wanted.confidence < 1) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'confidence of a product group lies between 0.5 and 1',
            DETAIL = format('The confidence given is %s.', coalesce(wanted.confidence::text, 'NULL'));
    ELSIF wanted.breakdown IS NULL OR wanted.breakdown NOT IN ('calibrated', 'worst') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'breakdown is ''calibrated'' or ''worst''',
            DETAIL = format('The breakdown given is %s.', coalesce(quote_literal(wanted.breakdown), 'NULL'));
    END IF;
    SELECT m.instrument, m.group_name INTO other FROM margin_calib.product_group_member AS m
     WHERE m.instrument = ANY (instruments) AND m.group_name <> wanted.name ORDER BY m.instrument LIMIT 1;
    IF other.instrument IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an instrument is in one product group at most',
            DETAIL = format('Instrument %s is in group %s.', other.instrument, other.group_name),
            HINT = format('Leave it out, or write margin_calib.drop_product_group(%L) first.', other.group_name);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_product_group(margin_calib.product_group, text[]) IS
'Internal: errors of set_product_group.';

CREATE OR REPLACE FUNCTION margin_calib.set_product_group(
    name text, instruments text[], cap numeric DEFAULT 0.8, lookback integer DEFAULT 500, subperiods integer DEFAULT 4,
    confidence double precision DEFAULT 0.99, breakdown text DEFAULT 'calibrated', reliable boolean DEFAULT false,
    rationale text DEFAULT NULL, reason text DEFAULT NULL) RETURNS text[]
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    wanted margin_calib.product_group;
    former text[];
BEGIN
    wanted.name := set_product_group.name;
    wanted.cap := set_product_group.cap;
    wanted.lookback := set_product_group.lookback;
    wanted.subperiods := set_product_group.subperiods;
    wanted.confidence := set_product_group.confidence;
    wanted.breakdown := set_product_group.breakdown;
    wanted.reliable := coalesce(set_product_group.reliable, false);
    wanted.rationale := set_product_group.rationale;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('product_group', wanted.name);
    PERFORM margin_calib.check_product_group(wanted, set_product_group.instruments);
    former := ARRAY(SELECT m.instrument FROM margin_calib.product_group_member AS m WHERE m.group_name = wanted.name);
    INSERT INTO margin_calib.product_group AS g (name, cap, reliable, rationale, lookback, subperiods, confidence, breakdown)
    VALUES (wanted.name, wanted.cap, wanted.reliable, wanted.rationale, wanted.lookback, wanted.subperiods,
            wanted.confidence, wanted.breakdown)
        ON CONFLICT ON CONSTRAINT product_group_pkey DO UPDATE
        SET cap = excluded.cap, reliable = excluded.reliable, rationale = excluded.rationale, lookback = excluded.lookback,
            subperiods = excluded.subperiods, confidence = excluded.confidence, breakdown = excluded.breakdown,
            set_at = clock_timestamp(), set_by = session_user, is_due = true;
    DELETE FROM margin_calib.product_group_member AS m
     WHERE m.group_name = wanted.name AND m.instrument <> ALL (set_product_group.instruments);
    INSERT INTO margin_calib.product_group_member AS m (instrument, group_name)
        SELECT i, wanted.name FROM unnest(set_product_group.instruments) AS i ON CONFLICT DO NOTHING;
    PERFORM margin_calib.audit_change('product_group', wanted.name, coalesce(set_product_group.reason, wanted.rationale));
    PERFORM margin_calib.queue_group_accounts(former || set_product_group.instruments);
    RETURN ARRAY(SELECT i FROM unnest(set_product_group.instruments) AS i
                  WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS k
                                     WHERE k.instrument = i AND k.price_feed IS NOT NULL)
                  ORDER BY i COLLATE "C");
END
$function$;
COMMENT ON FUNCTION margin_calib.set_product_group(text, text[], numeric, integer, integer, double precision, text, boolean, text, text) IS
'Defines a group of instruments whose positions may offset each other, whole: what is left out has its default, also in a group that exists. Returns the instruments that have no prices yet; they add up in full until they have. cap: share of the difference between the sum of the margins and the margin of the portfolio that is credited, up to 0.8, up to 1 with reliable => true and a rationale; lookback: returns; subperiods, confidence: of correlation_reliability; breakdown: calibrated, or worst for a credit that holds when the correlations break down. The next refresh calibrates the group and applies it, then once a day and in recalibrate(). Errors: 22023 for a value out of range or an instrument of another group, 22004 for instruments that are NULL. doc/offsets.md.';

CREATE OR REPLACE FUNCTION margin_calib.check_group_exists(name text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM margin_calib.product_group AS g WHERE g.name = check_group_exists.name) THEN
        RAISE EXCEPTION USING ERRCODE = '42704',
            MESSAGE = format('product group %s does not exist', coalesce(quote_literal(name), 'NULL')),
            HINT = (SELECT format('Product groups are: %s.', coalesce(string_agg(g.name, ', ' ORDER BY g.name), 'none'))
                      FROM margin_calib.product_group AS g);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_group_exists(text) IS 'Internal: error 42704 with the groups that exist.';

CREATE OR REPLACE FUNCTION margin_calib.drop_product_group(name text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('product_group', drop_product_group.name);
    PERFORM margin_calib.check_group_exists(drop_product_group.name);
    PERFORM margin_calib.queue_group_accounts(
        ARRAY(SELECT m.instrument FROM margin_calib.product_group_member AS m WHERE m.group_name = drop_product_group.name));
    DELETE FROM margin_calib.product_group_member AS m WHERE m.group_name = drop_product_group.name;
    DELETE FROM margin_calib.product_group AS g WHERE g.name = drop_product_group.name;
    UPDATE margin_calib.offset_calibration AS c SET valid_to = greatest(clock_timestamp(), c.valid_from + interval '1 microsecond')
     WHERE c.group_name = drop_product_group.name AND c.valid_to IS NULL;
    PERFORM margin_calib.audit_change('product_group', drop_product_group.name, drop_product_group.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_product_group(text, text) IS
'Removes a product group; the next refresh takes back its credits. The history of its calibrations stays. Unknown or NULL: 42704.';

CREATE OR REPLACE FUNCTION margin_calib.calibrate_offsets(group_name text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    at timestamptz;
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.check_group_exists(calibrate_offsets.group_name);
    at := clock_timestamp();
    PERFORM margin_calib.store_offsets(margin_calib.calibrate_group(calibrate_offsets.group_name, at), at);
    RETURN (SELECT count(*) FROM margin_calib.offset_pair AS p
              JOIN margin_calib.offset_calibration AS c ON c.id = p.calibration
             WHERE c.group_name = calibrate_offsets.group_name AND c.valid_to IS NULL AND p.is_reliable);
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_offsets(text) IS
'Calibrates the correlations of a product group now and puts them into force; returns the number of reliable pairs. margin_offset has the evidence; the next refresh applies it to accounts. Refresh does the same by itself: after set_product_group, when one of its instruments gets its first prices, once a day, and in recalibrate(). A group that cannot be calibrated has no credit, its reason in margin_offset and an alert. Unknown or NULL: 42704.';

REVOKE ALL ON FUNCTION
    margin_calib.queue_group_accounts(text[]), margin_calib.store_offsets(margin_calib.engine_offset, timestamptz),
    margin_calib.refresh_groups(timestamptz), margin_calib.check_product_group(margin_calib.product_group, text[]),
    margin_calib.set_product_group(text, text[], numeric, integer, integer, double precision, text, boolean, text, text),
    margin_calib.check_group_exists(text), margin_calib.drop_product_group(text, text), margin_calib.calibrate_offsets(text)
    FROM PUBLIC;
