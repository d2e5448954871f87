-- Reading volatility surfaces: as they are stored, as refresh would store them now, and what dashboards show of them.

CREATE OR REPLACE FUNCTION margin_calib.check_underlyings(underlyings text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown text;
BEGIN
    SELECT coalesce(k, 'NULL') INTO unknown FROM unnest(underlyings) AS k
     WHERE NOT EXISTS (SELECT FROM margin_calib.surface_underlying AS u WHERE u.underlying = k) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('underlying %s has no volatility surface', unknown),
            HINT = (SELECT format('Those that have one: %s. Quotes of others come from a table that margin_calib.attach_quotes attaches.',
                                  coalesce(string_agg(n.underlying, ', ' ORDER BY n.underlying) || CASE WHEN count(*) > 20 THEN ', ...' ELSE '' END, 'none'))
                      FROM (SELECT u.underlying FROM margin_calib.surface_underlying AS u ORDER BY u.underlying LIMIT 21) AS n);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_underlyings(text[]) IS
'Internal: error 42704 for an underlying that no quote feed has had, with the names of those that there are.';

CREATE OR REPLACE FUNCTION margin_calib.stored_surface(underlying text, as_of timestamptz, with_points boolean) RETURNS margin_calib.vol_surface
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.vol_surface;
BEGIN
    SELECT s.as_of, s.slices, CASE WHEN with_points THEN s.points END INTO result
      FROM margin_calib.surface AS s
     WHERE s.underlying = stored_surface.underlying AND s.replaced_at IS NULL AND s.as_of <= stored_surface.as_of
     ORDER BY s.as_of DESC LIMIT 1;
    IF NOT FOUND THEN
        PERFORM margin_calib.check_underlyings(ARRAY[stored_surface.underlying]);
        RAISE EXCEPTION USING ERRCODE = '42704',
            MESSAGE = format('there is no volatility surface of %s as of %s', stored_surface.underlying, stored_surface.as_of),
            HINT = (SELECT coalesce(format('Its first is as of %s.', min(s.as_of)),
                                    'No refresh has found usable quotes of it; stale_reason in margin_calib.vol_surface_status says why.')
                      FROM margin_calib.surface AS s WHERE s.underlying = stored_surface.underlying AND s.replaced_at IS NULL);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.stored_surface(text, timestamptz, boolean) IS
'Internal: the latest stored surface of an underlying at or before a time; error 42704 when there is none.';

CREATE OR REPLACE FUNCTION margin_calib.surface_at(underlying text, as_of timestamptz DEFAULT now()) RETURNS margin_calib.vol_surface
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN margin_calib.stored_surface(underlying, as_of, true);
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_at(text, timestamptz) IS
'The latest volatility surface that refresh stored of an underlying whose quotes were not newer than as_of: what could be known then, up to the time that refresh takes. Later corrections of quotes of that time count. Its points are NULL when they are no longer kept (attach_quotes, keep_points). NULL gives NULL; error 42704, which names the underlyings that there are, when there is no surface.';

CREATE OR REPLACE FUNCTION margin_calib.surface_vol(
    underlying text, expiry timestamptz, strike double precision, as_of timestamptz DEFAULT now()) RETURNS double precision
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN margin_calib.surface_vol(margin_calib.stored_surface(underlying, as_of, false), expiry, strike);
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_vol(text, timestamptz, double precision, timestamptz) IS
'Vol a year at an expiry and a strike on margin_calib.surface_at(underlying, as_of), as surface_vol of that surface gives it. NULL gives NULL; error 42704 when there is no surface.';

CREATE OR REPLACE FUNCTION margin_calib.surface_svg(underlying text, as_of timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN margin_calib.surface_svg(margin_calib.stored_surface(underlying, as_of, true), underlying);
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_svg(text, timestamptz) IS
'Picture of margin_calib.surface_at(underlying, as_of), as surface_svg of that surface draws it, under the name of the underlying. NULL gives NULL; error 42704 when there is no surface.';

CREATE OR REPLACE FUNCTION margin_calib.surface_now(underlying text) RETURNS margin_calib.vol_surface
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    as_of   CONSTANT timestamptz := statement_timestamp();
    owner   CONSTANT integer := (SELECT u.feed FROM margin_calib.surface_underlying AS u WHERE u.underlying = surface_now.underlying);
    feed    margin_calib.feed;
    fresh   margin_calib.engine_surface;
    problem text;
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f WHERE f.kind = 'quotes' AND f.id = coalesce(owner, f.id) ORDER BY f.id LOOP
        problem := margin_calib.feed_problem(feed);
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('quote feed %s cannot be read: %s', feed.relation_name, problem),
                HINT = format('The stored surface is margin_calib.surface_at(%L).', underlying);
        END IF;
        fresh := margin_calib.surface_in_force(feed, underlying, as_of);
        IF fresh.stale_reason IS NULL THEN
            RETURN fresh.surface;
        END IF;
    END LOOP;
    RETURN margin_calib.stored_surface(underlying, 'infinity', true);
END
$function$;
COMMENT ON FUNCTION margin_calib.surface_now(text) IS
'The volatility surface of an underlying, fitted now to the attached quotes as the caller''s transaction sees them, without a write: what refresh would leave in force, the stored one where the quotes make none. Needs SELECT on the attached table. NULL gives NULL; errors: 42704 when there is neither, 55000 when the quote feed cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.forget_surfaces(before interval, underlying text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result bigint;
BEGIN
    PERFORM margin_calib.check_age(before, 'surfaces', 'forget_surfaces');
    PERFORM margin_calib.lock_engine();
    DELETE FROM margin_calib.surface AS s
     WHERE clock_timestamp() - s.as_of > before AND (forget_surfaces.underlying IS NULL OR s.underlying = forget_surfaces.underlying)
       -- two stay: the one in force, and the one that it takes former smiles from
       AND (s.replaced_at IS NOT NULL
            OR (SELECT count(*) FROM margin_calib.surface AS n
                 WHERE n.underlying = s.underlying AND n.replaced_at IS NULL AND n.as_of > s.as_of) >= 2);
    GET DIAGNOSTICS result = ROW_COUNT;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_surfaces(interval, text) IS
'Deletes stored volatility surfaces whose quotes are older than an interval, of one underlying or (NULL) of all, but for the latest two of each, and returns how many. Error 22023 for an interval below 0 or NULL.';

CREATE OR REPLACE FUNCTION margin_calib.pending_underlyings() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
BEGIN
    IF EXISTS (SELECT FROM margin_calib.capture_queue) THEN
        RETURN QUERY
            SELECT DISTINCT u.underlying
              FROM (SELECT DISTINCT q.feed, q.key, q.everything FROM margin_calib.capture_queue AS q) AS q
              JOIN margin_calib.surface_underlying AS u ON u.feed = q.feed AND (q.everything OR u.underlying = q.key);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_underlyings() IS
'Underlyings with changes of their quotes that refresh has not seen.';

-- ---- views ----

CREATE OR REPLACE VIEW margin_calib.vol_surface_status WITH (security_invoker = true) AS
SELECT u.underlying, u.data_through AS as_of, statement_timestamp() - u.data_through AS age, r.reason IS NOT NULL AS is_stale, r.reason AS stale_reason,
       w.underlying IS NOT NULL AS is_pending, c.expiries, c.fitted, c.repaired, c.fallback, c.failed, c.first_expiry, c.last_expiry,
       s.quotes, s.quotes_used, s.recorded_at, f.relation_name, s.id AS surface_id
  FROM margin_calib.surface_underlying AS u
  LEFT JOIN margin_calib.surface AS s ON s.underlying = u.underlying AND s.as_of = u.data_through AND s.replaced_at IS NULL
  LEFT JOIN margin_calib.feed AS f ON f.id = u.feed
  LEFT JOIN margin_calib.pending_underlyings() AS w (underlying) ON w.underlying = u.underlying
 CROSS JOIN LATERAL (
       SELECT CASE WHEN u.stale_reason IS NOT NULL THEN u.stale_reason
                   WHEN statement_timestamp() > u.fresh_until THEN 'its newest quote is older than allowed' END) AS r (reason)
 CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE e.expiry IS NOT NULL) AS expiries, count(*) FILTER (WHERE e.status = 'fitted') AS fitted,
              count(*) FILTER (WHERE e.status = 'repaired') AS repaired, count(*) FILTER (WHERE e.status = 'fallback') AS fallback,
              count(*) FILTER (WHERE e.status = 'failed') AS failed, min(e.expiry) AS first_expiry, max(e.expiry) AS last_expiry
         FROM unnest(s.slices) AS e) AS c;
COMMENT ON VIEW margin_calib.vol_surface_status IS
'Underlyings of quote feeds, one row each, and how their volatility surface in force is; as_of is NULL while there is none.';
COMMENT ON COLUMN margin_calib.vol_surface_status.underlying IS 'underlying, as its quote feed names it';
COMMENT ON COLUMN margin_calib.vol_surface_status.as_of IS 'ts of the newest quote behind the surface in force';
COMMENT ON COLUMN margin_calib.vol_surface_status.age IS 'now - as_of';
COMMENT ON COLUMN margin_calib.vol_surface_status.is_stale IS 'true: stale_reason says why the surface is not one of recent quotes; that a single expiry falls back does not count';
COMMENT ON COLUMN margin_calib.vol_surface_status.stale_reason IS 'why the latest refresh kept it, or that as_of is further in the past than the feed''s stale_after; NULL when it is fresh';
COMMENT ON COLUMN margin_calib.vol_surface_status.is_pending IS 'true: quotes have changed that refresh has not seen';
COMMENT ON COLUMN margin_calib.vol_surface_status.expiries IS 'expiries of the surface';
COMMENT ON COLUMN margin_calib.vol_surface_status.fitted IS 'of them, those with a smile as it was fitted';
COMMENT ON COLUMN margin_calib.vol_surface_status.repaired IS 'those with one that was moved to where it is free of arbitrage';
COMMENT ON COLUMN margin_calib.vol_surface_status.fallback IS 'those where a former smile stands in';
COMMENT ON COLUMN margin_calib.vol_surface_status.failed IS 'those without a smile';
COMMENT ON COLUMN margin_calib.vol_surface_status.first_expiry IS 'the nearest expiry';
COMMENT ON COLUMN margin_calib.vol_surface_status.last_expiry IS 'the farthest';
COMMENT ON COLUMN margin_calib.vol_surface_status.quotes IS 'quotes that the fit was given';
COMMENT ON COLUMN margin_calib.vol_surface_status.quotes_used IS 'of them, those that smiles were fitted to; surface_quote says why the others were not';
COMMENT ON COLUMN margin_calib.vol_surface_status.recorded_at IS 'when refresh stored it';
COMMENT ON COLUMN margin_calib.vol_surface_status.relation_name IS 'its quote feed; NULL: detached';
COMMENT ON COLUMN margin_calib.vol_surface_status.surface_id IS 'row of margin_calib.surface';

CREATE OR REPLACE VIEW margin_calib.surface_fit WITH (security_invoker = true) AS
SELECT u.underlying, s.as_of,
       u.stale_reason IS NOT NULL OR statement_timestamp() > u.fresh_until OR e.expiry <= statement_timestamp() OR e.status = 'failed'
       OR statement_timestamp() > e.fitted_as_of + (u.fresh_until - u.data_through) AS is_stale, e.*
  FROM margin_calib.surface_underlying AS u
  JOIN margin_calib.surface AS s ON s.underlying = u.underlying AND s.as_of = u.data_through AND s.replaced_at IS NULL
 CROSS JOIN LATERAL unnest(s.slices) AS e;
COMMENT ON VIEW margin_calib.surface_fit IS
'Volatility surfaces in force, one row for each underlying and expiry: the smile, how well it fits, its status, and the reason where it is a fallback or failed. Columns as in margin_calib.surface_slice.';
COMMENT ON COLUMN margin_calib.surface_fit.is_stale IS 'true: the surface is stale, or this smile is of quotes older than the feed''s stale_after, or there is none, or the options have expired';

CREATE OR REPLACE VIEW margin_calib.surface_quote WITH (security_invoker = true) AS
SELECT u.underlying, s.as_of, p.*
  FROM margin_calib.surface_underlying AS u
  JOIN margin_calib.surface AS s ON s.underlying = u.underlying AND s.as_of = u.data_through AND s.replaced_at IS NULL
 CROSS JOIN LATERAL unnest(s.points) AS p;
COMMENT ON VIEW margin_calib.surface_quote IS
'The quotes behind the volatility surfaces in force, one row each, with what became of it. Columns as in margin_calib.surface_point.';

CREATE OR REPLACE VIEW margin_calib.surface_history WITH (security_invoker = true) AS
SELECT s.underlying, s.as_of, s.recorded_at, s.replaced_at, s.id AS surface_id, s.relation_name, s.quotes, s.quotes_used, e.*
  FROM margin_calib.surface AS s CROSS JOIN LATERAL unnest(s.slices) AS e;
COMMENT ON VIEW margin_calib.surface_history IS
'Every stored volatility surface, one row for each of its expiries, those that were replaced included. Further columns as in margin_calib.surface_slice.';
COMMENT ON COLUMN margin_calib.surface_history.recorded_at IS 'when refresh stored it';
COMMENT ON COLUMN margin_calib.surface_history.replaced_at IS 'when corrected quotes replaced it; NULL: it counts';
COMMENT ON COLUMN margin_calib.surface_history.surface_id IS 'row of margin_calib.surface';
COMMENT ON COLUMN margin_calib.surface_history.relation_name IS 'relation that its quotes were read from';
COMMENT ON COLUMN margin_calib.surface_history.quotes IS 'quotes that the fit was given';
COMMENT ON COLUMN margin_calib.surface_history.quotes_used IS 'of them, those that smiles were fitted to';

-- Columns that come from a type mean what they mean there.
DO $block$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT v.name, a.attname, coalesce(col_description(t.attrelid, t.attnum), d.meaning) AS meaning
          FROM (VALUES ('surface_fit', 'surface_slice'), ('surface_history', 'surface_slice'), ('surface_quote', 'surface_point')) AS v (name, source)
          JOIN pg_attribute AS a ON a.attrelid = ('margin_calib.' || v.name)::regclass AND a.attnum > 0
          LEFT JOIN pg_attribute AS t ON t.attrelid = ('margin_calib.' || v.source)::regclass AND t.attname = a.attname
          LEFT JOIN (VALUES ('underlying', 'underlying'), ('as_of', 'ts of the newest quote behind the surface'), ('expiry', 'expiry of the options'),
                            ('forward', 'forward of the expiry'), ('a', 'of the smile, margin_calib.svi'), ('b', 'of the smile'), ('rho', 'of the smile'),
                            ('m', 'of the smile'), ('sigma', 'of the smile'), ('reason', 'why it has this status'), ('strike', 'strike'), ('kind', 'call or put'),
                            ('bid_vol', 'vol a year of the bid'), ('ask_vol', 'vol a year of the ask'), ('fitted_vol', 'vol a year of the smile at the strike'))
                    AS d (name, meaning) ON d.name = a.attname
         WHERE col_description(a.attrelid, a.attnum) IS NULL LOOP
        EXECUTE format('COMMENT ON COLUMN margin_calib.%I.%I IS %L', item.name, item.attname, item.meaning);
    END LOOP;
END
$block$;

-- ---- verify ----

CREATE OR REPLACE FUNCTION margin_calib.surface_json(data_through timestamptz, fresh_until timestamptz, stale_reason text, slices margin_calib.surface_slice[])
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT jsonb_build_object('data_through', data_through, 'fresh_until', fresh_until, 'stale_reason', stale_reason,
                              'smile', coalesce(jsonb_object_agg(to_char(e.expiry AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), to_jsonb(e))
                                                FILTER (WHERE e.expiry IS NOT NULL), '{}'))
      FROM unnest(slices) AS e;
END;
COMMENT ON FUNCTION margin_calib.surface_json(timestamptz, timestamptz, text, margin_calib.surface_slice[]) IS
'Internal to verify: what is compared of an underlying.';

CREATE OR REPLACE FUNCTION margin_calib.verify_surfaces(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    waiting CONSTANT text[] := margin_calib.waiting_keys(feed, keys, as_of);
BEGIN
    RETURN QUERY
        SELECT 'surface', k, NULL::text, NULL::text, d.field, d.stored_text, d.recomputed_text,
               k = ANY (waiting) OR verify_surfaces.feed.capture = 'watermark' OR coalesce(u.due_at <= verify_surfaces.as_of, false)
          FROM unnest(keys) AS k
          LEFT JOIN margin_calib.surface_underlying AS u ON u.underlying = k
          LEFT JOIN margin_calib.surface AS s ON s.underlying = k AND s.as_of = u.data_through AND s.replaced_at IS NULL
         CROSS JOIN LATERAL (SELECT (n.found).stale_reason, (n.found).surface
                               FROM (SELECT margin_calib.surface_in_force(verify_surfaces.feed, k, verify_surfaces.as_of) OFFSET 0) AS n (found)) AS n
         CROSS JOIN LATERAL margin_calib.row_differences(
               CASE WHEN u.underlying IS NOT NULL THEN margin_calib.surface_json(u.data_through, u.fresh_until, u.stale_reason, s.slices) END,
               margin_calib.surface_json(
                   coalesce((n.surface).as_of, u.data_through),
                   coalesce((n.surface).as_of + (SELECT c.stale_after FROM margin_calib.quote_feed AS c WHERE c.feed = verify_surfaces.feed.id), u.fresh_until),
                   n.stale_reason, CASE WHEN n.stale_reason IS NULL THEN (n.surface).slices ELSE s.slices END)) AS d
         WHERE coalesce(u.feed, verify_surfaces.feed.id) = verify_surfaces.feed.id
           AND NOT (u.feed IS NULL AND n.stale_reason IS NOT DISTINCT FROM 'its quotes are gone')
         ORDER BY k, d.field;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_surfaces(margin_calib.feed, text[], timestamptz) IS
'Internal to verify: differences of the volatility surfaces of a quote feed.';

REVOKE ALL ON margin_calib.vol_surface_status, margin_calib.surface_fit, margin_calib.surface_quote, margin_calib.surface_history FROM PUBLIC;
REVOKE ALL ON FUNCTION
    margin_calib.check_underlyings(text[]), margin_calib.stored_surface(text, timestamptz, boolean), margin_calib.surface_at(text, timestamptz),
    margin_calib.surface_vol(text, timestamptz, double precision, timestamptz), margin_calib.surface_svg(text, timestamptz),
    margin_calib.surface_now(text), margin_calib.forget_surfaces(interval, text), margin_calib.pending_underlyings(),
    margin_calib.surface_json(timestamptz, timestamptz, text, margin_calib.surface_slice[]),
    margin_calib.verify_surfaces(margin_calib.feed, text[], timestamptz) FROM PUBLIC;
