-- Surfaces that come into force: as they are found, with former smiles where an expiry has none. Refresh stores them,
-- and surface_now shows them live.

CREATE OR REPLACE FUNCTION margin_calib.fallback_slice(
    former margin_calib.surface_slice, fresh margin_calib.surface_slice, as_of timestamptz, forward double precision)
    RETURNS margin_calib.surface_slice
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.surface_slice := former;
BEGIN
    result.t := coalesce(fresh.t, extract(epoch FROM former.expiry - as_of)::float8 / (365 * 86400));
    -- total variance shrinks with the time that is left, so that vols at equal k stay
    result.a := former.a * (result.t / former.t);
    result.b := former.b * (result.t / former.t);
    result.forward := coalesce(fresh.forward, fallback_slice.forward);
    result.forward_source := coalesce(fresh.forward_source, 'carried');
    result.left_out := coalesce(fresh.strikes, 0) + coalesce(fresh.left_out, 0);
    result.butterfly := margin_calib.svi_least_butterfly(ROW(result.a, result.b, result.rho, result.m, result.sigma)::margin_calib.svi);
    result.status := 'fallback';
    result.reason := coalesce(fresh.reason, CASE WHEN fresh.expiry IS NULL THEN 'it has no quotes' ELSE 'its quotes could not be fitted' END);
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.fallback_slice(margin_calib.surface_slice, margin_calib.surface_slice, timestamptz, double precision) IS
'Internal: a former smile as of a later time, at the forward of the new slice or the one given; the new slice, which has no smile, may be NULL.';

CREATE OR REPLACE FUNCTION margin_calib.with_fallbacks(
    fresh margin_calib.surface_slice[], former margin_calib.surface_slice[], as_of timestamptz) RETURNS margin_calib.surface_slice[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result  margin_calib.surface_slice[];
    slice   margin_calib.surface_slice;
    earlier margin_calib.surface_slice;
BEGIN
    result := ARRAY(
        SELECT CASE WHEN n.status IN ('fitted', 'repaired') OR o.expiry IS NULL THEN n
                    ELSE margin_calib.fallback_slice(o, n, as_of, o.forward * coalesce(m.ratio, 1)) END
          FROM unnest(fresh) AS n
          FULL JOIN (SELECT p.* FROM unnest(former) AS p WHERE p.expiry > as_of AND p.a IS NOT NULL AND p.t > 0) AS o ON o.expiry = n.expiry
          LEFT JOIN LATERAL (
               SELECT b.forward / e.forward AS ratio
                 FROM unnest(fresh) AS b JOIN unnest(former) AS e ON e.expiry = b.expiry
                WHERE b.forward > 0 AND e.forward > 0
                ORDER BY abs(extract(epoch FROM b.expiry - o.expiry)), b.expiry LIMIT 1) AS m ON n.forward IS NULL
         ORDER BY coalesce(n.expiry, o.expiry));
    -- what a former smile is beside its neighbours is told, not repaired: they are of quotes, and stay as they were fitted
    FOR i IN 1 .. cardinality(result) LOOP
        slice := result[i];
        CONTINUE WHEN slice.a IS NULL;
        IF 'fallback' IN (slice.status, earlier.status) THEN
            slice.calendar := margin_calib.svi_least_calendar(ROW(earlier.a, earlier.b, earlier.rho, earlier.m, earlier.sigma)::margin_calib.svi,
                                                              ROW(slice.a, slice.b, slice.rho, slice.m, slice.sigma)::margin_calib.svi);
            result[i] := slice;
        END IF;
        earlier := slice;
    END LOOP;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.with_fallbacks(margin_calib.surface_slice[], margin_calib.surface_slice[], timestamptz) IS
'Internal: the slices of a fit as of as_of, with those of a former surface for expiries that lie ahead and have no smile. A forward that is not known moves with that of the nearest expiry whose forwards are known. butterfly and calendar are those of the smiles as they stand beside each other.';

CREATE OR REPLACE FUNCTION margin_calib.surface_reason(slices margin_calib.surface_slice[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN count(*) = 0 THEN 'no quote is of an option that lies ahead'
                WHEN count(*) FILTER (WHERE s.status IN ('fitted', 'repaired')) = 0 THEN
                    format('no expiry could be fitted; %s: %s', to_char(min(s.expiry) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                           (array_agg(s.reason ORDER BY s.expiry))[1]) END
      FROM unnest(slices) AS s;
END;
COMMENT ON FUNCTION margin_calib.surface_reason(margin_calib.surface_slice[]) IS
'Internal: why the slices of a fit are no surface, NULL when one of them has a smile.';

-- What comes into force. Former smiles are those of an earlier as_of, so that a second refresh changes nothing.
CREATE OR REPLACE FUNCTION margin_calib.surface_in_force(feed margin_calib.feed, underlying text, as_of timestamptz)
    RETURNS margin_calib.engine_surface
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    result margin_calib.engine_surface;
    former margin_calib.surface_slice[];
BEGIN
    BEGIN
        result := margin_calib.surface_found(feed, underlying, as_of);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        RETURN ROW(underlying, feed.id, NULL, format('its quotes cannot be fitted: %s (%s)', SQLERRM, SQLSTATE), false, NULL)::margin_calib.engine_surface;
    END;
    result.stale_reason := coalesce(result.stale_reason, margin_calib.surface_reason((result.surface).slices));
    IF result.stale_reason IS NOT NULL THEN
        result.surface := NULL;
        RETURN result;
    END IF;
    SELECT s.slices INTO former FROM margin_calib.surface AS s
     WHERE s.underlying = surface_in_force.underlying AND s.replaced_at IS NULL AND s.as_of < (result.surface).as_of
     ORDER BY s.as_of DESC LIMIT 1;
    IF former IS NOT NULL THEN
        result.surface.slices := margin_calib.with_fallbacks((result.surface).slices, former, (result.surface).as_of);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_in_force(margin_calib.feed, text, timestamptz) IS
'Internal: what a refresh of an underlying would store: its surface with former smiles where an expiry has none, or why the one that is stored stays.';

CREATE OR REPLACE FUNCTION margin_calib.store_surface(fresh margin_calib.engine_surface) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    found_as_of CONSTANT timestamptz := (fresh.surface).as_of;
    columns     margin_calib.quote_feed;
    stored      margin_calib.surface;
    it_stays    boolean;
BEGIN
    SELECT c.* INTO columns FROM margin_calib.quote_feed AS c WHERE c.feed = fresh.feed;
    IF fresh.stale_reason IS NULL THEN
        SELECT s.* INTO stored FROM margin_calib.surface AS s
         WHERE s.underlying = fresh.underlying AND s.as_of = found_as_of AND s.replaced_at IS NULL;
        it_stays := coalesce(stored.slices = (fresh.surface).slices AND stored.feed = fresh.feed, false);
        UPDATE margin_calib.surface AS s SET replaced_at = clock_timestamp(), points = NULL
         WHERE s.underlying = fresh.underlying AND s.replaced_at IS NULL AND s.as_of >= found_as_of AND NOT (it_stays AND s.id = stored.id);
        IF it_stays THEN
            UPDATE margin_calib.surface AS s
               SET points = (fresh.surface).points, quotes = cardinality((fresh.surface).points)
             WHERE s.id = stored.id AND s.points IS DISTINCT FROM (fresh.surface).points;
        ELSE
            INSERT INTO margin_calib.surface (underlying, as_of, feed, relation_name, settings, quotes, quotes_used, slices, points)
                SELECT fresh.underlying, found_as_of, f.id, f.relation_name, columns.settings, cardinality((fresh.surface).points),
                       (SELECT count(*) FROM unnest((fresh.surface).points) AS p WHERE p.problem IS NULL),
                       (fresh.surface).slices, (fresh.surface).points
                  FROM margin_calib.feed AS f WHERE f.id = fresh.feed;
        END IF;
        UPDATE margin_calib.surface AS s SET points = NULL
         WHERE s.underlying = fresh.underlying AND s.points IS NOT NULL AND s.as_of < found_as_of - columns.keep_points;
    END IF;
    INSERT INTO margin_calib.surface_underlying AS u (underlying, feed, data_through, fresh_until, stale_reason, due_at)
    VALUES (fresh.underlying, fresh.feed, found_as_of, found_as_of + columns.stale_after, fresh.stale_reason, fresh.due_at)
        ON CONFLICT (underlying) DO UPDATE
           SET feed = excluded.feed, data_through = coalesce(excluded.data_through, u.data_through),
               fresh_until = coalesce(excluded.fresh_until, u.fresh_until), stale_reason = excluded.stale_reason, due_at = excluded.due_at
         WHERE (u.feed, u.data_through, u.fresh_until, u.stale_reason, u.due_at) IS DISTINCT FROM
               (excluded.feed, coalesce(excluded.data_through, u.data_through), coalesce(excluded.fresh_until, u.fresh_until),
                excluded.stale_reason, excluded.due_at);
END
$function$;
COMMENT ON FUNCTION margin_calib.store_surface(margin_calib.engine_surface) IS
'Internal to refresh_surfaces: puts a surface into force, or notes why the one that is stored stays; forgets the quotes of older ones.';

CREATE OR REPLACE FUNCTION margin_calib.refresh_surfaces(feed_id integer, keys text[], as_of timestamptz) RETURNS text[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    feed     margin_calib.feed;
    mine     text[];
    one      text;
    fresh    margin_calib.engine_surface;
    known    margin_calib.surface_underlying;
    suspect  text[] := '{}';
    failures text[] := '{}';
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    PERFORM margin_calib.raise_alert('second_feed', u.underlying, NULL, format(
                '%s: quotes in %s do not count, its quote feed is another', u.underlying, feed.relation_name))
       FROM margin_calib.surface_underlying AS u WHERE u.underlying = ANY (keys) AND u.feed <> feed_id;
    mine := ARRAY(SELECT k FROM unnest(keys) AS k
                   WHERE k IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.surface_underlying AS u
                                                        WHERE u.underlying = k AND u.feed <> feed_id) ORDER BY k);
    FOREACH one IN ARRAY mine LOOP
        SELECT u.* INTO known FROM margin_calib.surface_underlying AS u WHERE u.underlying = one;
        fresh := margin_calib.surface_in_force(feed, one, as_of);
        -- rows that have come and gone between two refreshes, or belong to a feed that was detached
        CONTINUE WHEN fresh.stale_reason = 'its quotes are gone' AND known.feed IS NULL;
        PERFORM margin_calib.store_surface(fresh);
        IF fresh.inspect OR EXISTS (SELECT FROM margin_calib.quarantine AS q
                                     WHERE q.feed = feed_id AND q.instrument = one AND q.resolved_at IS NULL) THEN
            suspect := suspect || one;
        END IF;
        IF fresh.stale_reason IS NOT NULL THEN
            failures := failures || (one || ': ' || fresh.stale_reason);
            PERFORM margin_calib.raise_alert('surface_failed', one, known.data_through, format('%s: %s', one, fresh.stale_reason));
        END IF;
    END LOOP;
    IF array_position(keys, NULL) IS NOT NULL THEN
        suspect := suspect || NULL::text;
    END IF;
    IF suspect <> '{}' THEN
        PERFORM margin_calib.quarantine_quotes(feed, suspect, as_of);
    END IF;
    RETURN failures;
END
$function$;
COMMENT ON FUNCTION margin_calib.refresh_surfaces(integer, text[], timestamptz) IS
'Internal: fits and stores the surfaces of underlyings of a quote feed, quarantines rows without a usable ts, and returns what failed, one text for each underlying; the others go on.';

REVOKE ALL ON FUNCTION
    margin_calib.fallback_slice(margin_calib.surface_slice, margin_calib.surface_slice, timestamptz, double precision),
    margin_calib.with_fallbacks(margin_calib.surface_slice[], margin_calib.surface_slice[], timestamptz),
    margin_calib.surface_reason(margin_calib.surface_slice[]), margin_calib.surface_in_force(margin_calib.feed, text, timestamptz),
    margin_calib.store_surface(margin_calib.engine_surface), margin_calib.refresh_surfaces(integer, text[], timestamptz) FROM PUBLIC;
