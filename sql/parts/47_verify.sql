-- What is in force against what follows from base data, by the functions that refresh uses and without a write.
-- Instruments first. Then the accounts, at the stored market, which has just been proven; where it was not, at
-- the live one: so that a rate that is wrong is one difference, and not one for each account that holds it.

CREATE OR REPLACE FUNCTION margin_calib.row_differences(stored jsonb, recomputed jsonb)
    RETURNS TABLE (field text, stored_text text, recomputed_text text)
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 2
BEGIN ATOMIC
    SELECT 'row', row_differences.stored::text, row_differences.recomputed::text
     WHERE (row_differences.stored IS NULL) <> (row_differences.recomputed IS NULL)
    UNION ALL
    -- as jsonb numbers are compared by value, and all their digits
    SELECT f.name, f.stored #>> '{}', f.recomputed #>> '{}'
      FROM jsonb_object_keys(CASE WHEN row_differences.recomputed IS NOT NULL THEN row_differences.stored END) AS k
     CROSS JOIN LATERAL (SELECT row_differences.stored -> k, row_differences.recomputed -> k) AS v (stored, recomputed)
     CROSS JOIN LATERAL (SELECT jsonb_typeof(v.stored) = 'object' AND jsonb_typeof(v.recomputed) = 'object') AS n (is_nested)
     CROSS JOIN LATERAL (
           SELECT k, v.stored, v.recomputed WHERE n.is_nested IS NOT TRUE
           UNION ALL
           SELECT k || '.' || i, v.stored -> i, v.recomputed -> i FROM jsonb_object_keys(CASE WHEN n.is_nested THEN v.stored END) AS i)
           AS f (name, stored, recomputed)
     WHERE v.stored IS DISTINCT FROM v.recomputed AND f.stored IS DISTINCT FROM f.recomputed
       -- days of stale_after are those of the time zone of the session that refreshed
       AND NOT (k = 'fresh_until' AND coalesce((f.stored #>> '{}')::timestamptz BETWEEN (f.recomputed #>> '{}')::timestamptz - interval '1 hour'
                                                  AND (f.recomputed #>> '{}')::timestamptz + interval '1 hour', false));
END;
COMMENT ON FUNCTION margin_calib.row_differences(jsonb, jsonb) IS
'Internal to verify: the fields of two rows that differ, or one row for a row that is missing on one side; nothing for two NULL.';

-- ---- instruments ----

CREATE OR REPLACE FUNCTION margin_calib.stored_instrument(known margin_calib.instrument, parameter margin_calib.parameter) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'price_feed', (known).price_feed, 'policy', (known).policy, 'stale_reason', (known).stale_reason, 'last_price', (known).last_price,
        'data_through', (known).data_through, 'fresh_until', (known).fresh_until, 'path', (known).path, 'path_policy', (known).path_policy,
        'path_policy_version', (known).path_policy_version, 'borrowed_returns', (known).borrowed_returns)
        || CASE WHEN (parameter).id IS NULL THEN jsonb_build_object('parameter', NULL) ELSE jsonb_build_object(
        'parameter', 'in force', 'initial_rate', (parameter).initial_rate, 'maintenance_rate', (parameter).maintenance_rate,
        'long_initial_rate', (parameter).long_initial_rate, 'long_maintenance_rate', (parameter).long_maintenance_rate,
        'short_initial_rate', (parameter).short_initial_rate, 'short_maintenance_rate', (parameter).short_maintenance_rate,
        'symmetric_rates', (parameter).symmetric_rates, 'parameter_policy', (parameter).policy, 'policy_version', (parameter).policy_version,
        'binding_term', (parameter).binding_term, 'long_binding_term', (parameter).long_binding_term, 'short_binding_term',
            (parameter).short_binding_term,
        'fallback', (parameter).fallback, 'fallback_reason', (parameter).fallback_reason) END
     WHERE (known).instrument IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.stored_instrument(margin_calib.instrument, margin_calib.parameter) IS
'Internal to verify: what publish compares and writes of an instrument, as it is stored; NULL for one that is not registered. parameter_policy is the policy of the parameter.';

-- Mirrors publish: a calibration that failed leaves all as it was but policy, feed and reason; one that waits for
-- approval, or was refused, leaves the parameter.
CREATE OR REPLACE FUNCTION margin_calib.published_instrument(
    found margin_calib.engine_calibration, stored jsonb, outcome text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT coalesce(stored, '{}') || jsonb_build_object('price_feed', (found).feed, 'policy', (found).policy, 'stale_reason', p.problem)
        || CASE WHEN p.problem IS NOT NULL THEN '{}' ELSE jsonb_build_object(
        'last_price', k.last_price::numeric, 'data_through', k.last_ts, 'fresh_until', k.last_ts + (found).stale_after, 'path', k.path,
        'path_policy', k.policy, 'path_policy_version', k.policy_version, 'borrowed_returns', (found).borrowed_returns) END
        || CASE WHEN p.problem IS NOT NULL OR published_instrument.outcome IN ('waiting', 'refused') THEN '{}' ELSE jsonb_build_object(
        'parameter', 'in force',
        'initial_rate', k.initial_rate, 'maintenance_rate', k.maintenance_rate, 'long_initial_rate', k.long_initial_rate,
        'long_maintenance_rate', k.long_maintenance_rate, 'short_initial_rate', k.short_initial_rate, 'short_maintenance_rate',
            k.short_maintenance_rate,
        'symmetric_rates', (found).symmetric_rates, 'parameter_policy', k.policy, 'policy_version', k.policy_version, 'binding_term', k.binding_term,
        'long_binding_term', k.long_binding_term, 'short_binding_term', k.short_binding_term, 'fallback', k.fallback, 'fallback_reason',
            k.fallback_reason) END
      FROM margin_calib.calibration_problem(found) AS p (problem) CROSS JOIN LATERAL (SELECT ((found).calibration).*) AS k;
END;
COMMENT ON FUNCTION margin_calib.published_instrument(margin_calib.engine_calibration, jsonb, text) IS
'Internal to verify: what publish would leave of an instrument, given what is stored and what decide says.';

CREATE OR REPLACE FUNCTION margin_calib.waiting_keys(feed margin_calib.feed, keys text[], as_of timestamptz) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT ARRAY(
        SELECT k FROM unnest(keys) AS k
         WHERE EXISTS (SELECT FROM margin_calib.capture_queue AS q WHERE q.feed = (waiting_keys.feed).id AND q.everything)
        UNION ALL
        SELECT q.key FROM margin_calib.capture_queue AS q WHERE q.feed = (waiting_keys.feed).id AND q.key = ANY (keys)
        UNION ALL -- rows of the future whose time has come
        SELECT q.instrument FROM margin_calib.quarantine AS q
         WHERE q.feed = (waiting_keys.feed).id AND q.instrument = ANY (keys) AND q.resolved_at IS NULL
           AND q.reason = 'ts is in the future' AND q.ts <= margin_calib.future_limit(as_of));
END;
COMMENT ON FUNCTION margin_calib.waiting_keys(margin_calib.feed, text[], timestamptz) IS
'Internal to verify: those of the keys whose rows of a feed the next refresh reads; may name one twice.';

CREATE OR REPLACE FUNCTION margin_calib.verify_prices(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    mine    CONSTANT text[] := ARRAY(
        SELECT k FROM unnest(keys) AS k
         WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = k AND i.price_feed <> verify_prices.feed.id));
    waiting CONSTANT text[] := ARRAY(
        SELECT w FROM margin_calib.pending_instruments() AS w WHERE w = ANY (mine)) || margin_calib.waiting_keys(feed, mine, as_of);
    results CONSTANT margin_calib.engine_calibration[] := ARRAY(
        SELECT c FROM margin_calib.calibrate_keys(verify_prices.feed.id, mine, verify_prices.as_of) AS c);
BEGIN
    RETURN QUERY
        SELECT 'parameter', c.instrument, NULL::text, NULL::text, d.field, d.stored_text, d.recomputed_text,
               c.instrument = ANY (waiting)
               -- without triggers refresh looks for newer rows by itself
               OR coalesce(verify_prices.feed.capture = 'watermark' AND (i.instrument IS NULL OR (c.calibration).last_ts > i.data_through), false)
          FROM unnest(results) AS c
          LEFT JOIN margin_calib.decide(results, verify_prices.as_of) AS w ON w.instrument = c.instrument
          LEFT JOIN margin_calib.instrument AS i ON i.instrument = c.instrument
          LEFT JOIN margin_calib.parameters_in_force(mine) AS p ON p.instrument = c.instrument
         -- OFFSET 0: computed once, however often it is used
         CROSS JOIN LATERAL (SELECT margin_calib.stored_instrument(i, p) OFFSET 0) AS s (stored)
         CROSS JOIN LATERAL (SELECT margin_calib.published_instrument(c, s.stored, w.outcome) OFFSET 0) AS n (recomputed)
         CROSS JOIN LATERAL margin_calib.row_differences(s.stored, n.recomputed) AS d
         -- a key without a row belongs to the feed only if it priced it before
         WHERE s.stored IS DISTINCT FROM n.recomputed
           AND ((c.calibration).returns IS NOT NULL OR c.error IS NOT NULL OR i.price_feed IS NOT NULL)
         ORDER BY c.instrument, d.field;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_prices(margin_calib.feed, text[], timestamptz) IS
'Internal to verify: differences of instruments of a price feed and of their parameters.';

CREATE OR REPLACE FUNCTION margin_calib.verify_liquidity(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    mine    CONSTANT text[] := ARRAY(
        SELECT k FROM unnest(keys) AS k
         WHERE NOT EXISTS (SELECT FROM margin_calib.instrument_liquidity AS s WHERE s.instrument = k AND s.feed <> verify_liquidity.feed.id));
    waiting CONSTANT text[] := margin_calib.waiting_keys(feed, mine, as_of);
BEGIN
    RETURN QUERY
        SELECT 'liquidity', n.instrument, NULL::text, NULL::text, d.field, d.stored_text, d.recomputed_text,
               n.instrument = ANY (waiting)
               OR coalesce(verify_liquidity.feed.capture = 'watermark' AND (s.instrument IS NULL OR n.data_through > s.data_through), false)
          FROM margin_calib.liquidity_in_force(verify_liquidity.feed, mine, verify_liquidity.as_of) AS n
          LEFT JOIN margin_calib.instrument_liquidity AS s ON s.instrument = n.instrument
         CROSS JOIN LATERAL margin_calib.row_differences(CASE WHEN s.instrument IS NOT NULL THEN to_jsonb(s) END, to_jsonb(n)) AS d
         WHERE ROW(n.*) IS DISTINCT FROM ROW(s.*)
         ORDER BY n.instrument, d.field;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_liquidity(margin_calib.feed, text[], timestamptz) IS
'Internal to verify: differences of the figures of a liquidity feed.';

CREATE OR REPLACE FUNCTION margin_calib.verify_orphans() RETURNS SETOF margin_calib.verification
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1
BEGIN ATOMIC
    SELECT ROW('parameter', p.instrument, NULL, NULL, 'row', to_jsonb(p)::text, NULL, false)::margin_calib.verification
      FROM margin_calib.parameters_in_force(NULL) AS p
     WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = p.instrument)
    UNION ALL
    SELECT ROW('parameter', i.instrument, NULL, NULL, 'price_feed', i.price_feed::text, NULL, false)::margin_calib.verification
      FROM margin_calib.instrument AS i
     WHERE i.price_feed IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.id = i.price_feed AND f.kind = 'prices')
    UNION ALL
    SELECT ROW('liquidity', s.instrument, NULL, NULL, 'row', to_jsonb(s)::text, NULL, false)::margin_calib.verification
      FROM margin_calib.instrument_liquidity AS s
     WHERE NOT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.id = s.feed AND f.kind = 'liquidity')
    UNION ALL
    SELECT ROW('surface', u.underlying, NULL, NULL, 'feed', u.feed::text, NULL, false)::margin_calib.verification
      FROM margin_calib.surface_underlying AS u
     WHERE u.feed IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.id = u.feed AND f.kind = 'quotes');
END;
COMMENT ON FUNCTION margin_calib.verify_orphans() IS
'Internal to verify: what is stored and belongs to no feed, so that nothing recomputes it.';

CREATE OR REPLACE FUNCTION margin_calib.verify_correlations() RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    stored margin_calib.offset_calibration;
    pairs  margin_calib.correlation_evidence[];
    matrix double precision[];
BEGIN
    FOR stored IN SELECT c.* FROM margin_calib.offset_calibration AS c
                   WHERE c.valid_to IS NULL AND c.correlation IS NOT NULL ORDER BY c.group_name LOOP
        pairs := ARRAY(
            SELECT ROW(p.observations, p.correlation, p.lower_bound, p.subperiod_correlations, p.stressed_correlation, p.smallest_correlation,
                       p.offset_correlation, p.is_reliable, p.reason)::margin_calib.correlation_evidence
              FROM margin_calib.offset_pair AS p
              JOIN unnest(stored.instruments) WITH ORDINALITY AS a (instrument, number) ON a.instrument = p.first_instrument
              JOIN unnest(stored.instruments) WITH ORDINALITY AS b (instrument, number) ON b.instrument = p.second_instrument
             WHERE p.calibration = stored.id ORDER BY b.number, a.number);
        BEGIN
            matrix := margin_calib.evidence_matrix(pairs, stored.instruments);
        EXCEPTION WHEN data_exception THEN
            matrix := NULL; -- such evidence makes no matrix
        END;
        IF matrix IS DISTINCT FROM stored.correlation THEN
            RETURN NEXT ROW('correlation', NULL, NULL, NULL, stored.group_name, stored.correlation::text, matrix::text,
                false)::margin_calib.verification;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_correlations() IS
'Internal to verify: matrices of product groups that do not follow from the evidence of their pairs.';

-- ---- accounts ----

CREATE OR REPLACE FUNCTION margin_calib.verify_query() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT format($query$
        WITH found_position AS MATERIALIZED (
            SELECT p.* FROM margin_calib.compute_positions($3, false, $2) AS p WHERE $3 <> '{}'
            UNION ALL
            SELECT p.* FROM margin_calib.compute_positions($4, true, $2) AS p WHERE $4 <> '{}'),
        found_credit AS MATERIALIZED (%s),
        found_requirement AS MATERIALIZED (%s),
        difference AS (
            SELECT 1 AS place, 'position' AS kind, coalesce(s.instrument, n.instrument) AS instrument, coalesce(s.account, n.account) AS account,
                   coalesce(s.currency, n.currency) AS currency, '' AS part, CASE WHEN s.account IS NOT NULL THEN to_jsonb(s) END AS stored,
                   CASE WHEN n.account IS NOT NULL THEN to_jsonb(n) END AS recomputed
              FROM found_position AS n
              FULL JOIN (SELECT p.* FROM margin_calib.account_position AS p WHERE p.account = ANY ($1)) AS s
                ON s.account = n.account AND s.instrument = n.instrument
             WHERE ROW(n.*) IS DISTINCT FROM ROW(s.*)
            UNION ALL
            SELECT 2, 'offset', NULL, coalesce(s.account, n.account), coalesce(s.currency, n.currency),
                   format('%%s %%s ', coalesce(s.group_name, n.group_name), coalesce(s.margin, n.margin)),
                   CASE WHEN s.account IS NOT NULL THEN to_jsonb(s) END,
                   CASE WHEN n.account IS NOT NULL THEN to_jsonb(ROW(n.*)::margin_calib.account_offset) END
              FROM found_credit AS n
              FULL JOIN (SELECT o.* FROM margin_calib.account_offset AS o WHERE o.account = ANY ($1)) AS s
                ON s.account = n.account AND s.currency = n.currency AND s.group_name = n.group_name AND s.margin = n.margin
             WHERE ROW(n.*) IS DISTINCT FROM ROW(s.*)
            UNION ALL
            SELECT 3, 'requirement', NULL, coalesce(s.account, n.account), coalesce(s.currency, n.currency), '',
                   CASE WHEN s.account IS NOT NULL THEN to_jsonb(s) - 'as_of' END, CASE WHEN n.account IS NOT NULL THEN to_jsonb(n) - 'as_of' END
              FROM found_requirement AS n
              FULL JOIN (SELECT r.* FROM margin_calib.requirement AS r WHERE r.account = ANY ($1)) AS s
                ON s.account = n.account AND s.currency = n.currency
             WHERE to_jsonb(s) - 'as_of' IS DISTINCT FROM to_jsonb(n) - 'as_of')
        SELECT x.kind, x.instrument, x.account, x.currency, x.part || d.field, d.stored_text, d.recomputed_text, x.account = ANY ($5)
          FROM difference AS x CROSS JOIN LATERAL margin_calib.row_differences(x.stored, x.recomputed) AS d
         ORDER BY x.account, x.place, x.currency, x.instrument, x.part, d.field $query$,
        margin_calib.offset_query('found_position', 'margin_calib.offset_stored'),
        'SELECT * FROM margin_calib.requirements_at(ARRAY(SELECT ROW(p.*)::margin_calib.account_position FROM found_position AS p), '
        'ARRAY(SELECT ROW(c.*)::margin_calib.account_offset FROM found_credit AS c), $2)');
END;
COMMENT ON FUNCTION margin_calib.verify_query() IS
'Internal to verify: query of the differences of the accounts $1 as of $2, those of $3 computed at the stored and those of $4 at the live market; $5 are those that wait for a refresh.';

CREATE OR REPLACE FUNCTION margin_calib.verify_collateral(accounts text[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
BEGIN
    IF NOT margin_calib.has_collateral() OR EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind IN ('positions', 'collateral') AND f.error IS NOT NULL) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT 'collateral', coalesce(s.asset, n.asset), coalesce(s.account, n.account), coalesce(s.currency, n.currency), d.field, d.stored_text,
               d.recomputed_text,
               coalesce(s.account, n.account) IN (SELECT margin_calib.pending_collateral())
               -- without triggers every refresh looks at every account
               OR EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'collateral' AND f.capture = 'watermark')
          FROM margin_calib.collateral_of(accounts, live, as_of) AS n
          FULL JOIN (SELECT c.* FROM margin_calib.account_collateral AS c WHERE c.account = ANY (accounts)) AS s
            ON s.account = n.account AND s.asset = n.asset
         CROSS JOIN LATERAL margin_calib.row_differences(CASE WHEN s.account IS NOT NULL THEN to_jsonb(s) END,
                                                         CASE WHEN n.account IS NOT NULL THEN to_jsonb(n) END) AS d
         WHERE ROW(n.*) IS DISTINCT FROM ROW(s.*)
         ORDER BY 3, 2, 5;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_collateral(text[], boolean, timestamptz) IS
'Internal to verify: differences of the collateral of accounts, at the stored or at the live market.';

CREATE OR REPLACE FUNCTION margin_calib.verify_accounts(
    accounts text[], wrong text[], late text[], as_of timestamptz) RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    doubtful CONSTANT text[] := wrong || margin_calib.peg_dependents(wrong);
    delayed  CONSTANT text[] := late || margin_calib.peg_dependents(late);
    live     text[] := '{}';
    pending  text[];
BEGIN
    pending := ARRAY(SELECT w FROM margin_calib.pending_accounts() AS w WHERE w = ANY (accounts));
    IF EXISTS (SELECT FROM margin_calib.feed AS f LEFT JOIN margin_calib.capture_queue AS q ON q.feed = f.id AND q.everything
                WHERE f.kind = 'positions' AND (f.capture = 'watermark' OR q.feed IS NOT NULL)) THEN
        pending := accounts;
    END IF;
    IF doubtful <> '{}' THEN
        SELECT coalesce(array_agg(DISTINCT h.account), '{}'),
               pending || coalesce(array_agg(DISTINCT h.account) FILTER (WHERE h.instrument = ANY (delayed)), '{}')
          INTO live, pending
          FROM margin_calib.holdings(accounts) AS h WHERE h.instrument = ANY (doubtful);
    END IF;
    RETURN QUERY EXECUTE margin_calib.verify_query()
    USING accounts, as_of, ARRAY(SELECT a FROM unnest(accounts) AS a WHERE a <> ALL (live)), live, pending;
    RETURN QUERY SELECT * FROM margin_calib.verify_collateral(accounts, wrong <> '{}', as_of);
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_accounts(text[], text[], text[], timestamptz) IS
'Internal to verify: differences of accounts. wrong are the instruments that differ, late those of them that wait for a refresh: accounts that depend on one are computed at the live market.';

-- ---- all of it ----

CREATE OR REPLACE FUNCTION margin_calib.batches_query(keys text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT format('SELECT array_agg(n.key ORDER BY n.key) '
                  'FROM (SELECT k.key, (row_number() OVER (ORDER BY k.key) - 1) / 500 AS batch FROM (%s) AS k (key)) AS n '
                  'GROUP BY n.batch ORDER BY n.batch', keys);
END;
COMMENT ON FUNCTION margin_calib.batches_query(text) IS
'Internal to verify: query of the keys of a query, 500 at a time: what is done at once bounds memory.';

CREATE OR REPLACE FUNCTION margin_calib.keys_query(feed margin_calib.feed, column_name name) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT format('SELECT d.key::text AS key FROM (SELECT DISTINCT t.%1$I AS key FROM %2$s AS t WHERE t.%1$I IS NOT NULL) AS d '
                  'WHERE octet_length(d.key::text) <= 500',
                  column_name, (feed).relation);
END;
COMMENT ON FUNCTION margin_calib.keys_query(margin_calib.feed, name) IS
'Internal to verify: query of the keys that a feed has.';

CREATE OR REPLACE FUNCTION margin_calib.verify_feed(feed margin_calib.feed, instruments text[], as_of timestamptz)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    problem CONSTANT text := margin_calib.feed_problem(feed);
    query   text;
    keys    text[];
BEGIN
    IF problem IS NOT NULL OR feed.error IS NOT NULL THEN
        RETURN NEXT ROW('feed', NULL, NULL, NULL, feed.relation_name, feed.error, problem,
                        problem IS DISTINCT FROM feed.error)::margin_calib.verification;
        RETURN;
    END IF;
    query := CASE WHEN instruments IS NOT NULL THEN format('SELECT DISTINCT k AS key FROM unnest(%L::text[]) AS k WHERE k IS NOT NULL', instruments)
                  ELSE format(CASE feed.kind
                                             WHEN 'prices' THEN '%s UNION SELECT i.instrument FROM margin_calib.instrument AS i WHERE i.price_feed = %s'
                                             WHEN 'quotes' THEN '%s UNION SELECT u.underlying FROM margin_calib.surface_underlying AS u WHERE u.feed = %s'
                                             ELSE '%s UNION SELECT s.instrument FROM margin_calib.instrument_liquidity AS s WHERE s.feed = %s' END,
                              margin_calib.keys_query(feed, feed.instrument_column), feed.id) END;
    FOR keys IN EXECUTE margin_calib.batches_query(query) LOOP
        IF feed.kind = 'prices' THEN
            RETURN QUERY SELECT * FROM margin_calib.verify_prices(feed, keys, as_of);
        ELSIF feed.kind = 'quotes' THEN
            RETURN QUERY SELECT * FROM margin_calib.verify_surfaces(feed, keys, as_of);
        ELSE
            RETURN QUERY SELECT * FROM margin_calib.verify_liquidity(feed, keys, as_of);
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_feed(margin_calib.feed, text[], timestamptz) IS
'Internal to verify: differences of the instruments, NULL for all, of a price, liquidity or quote feed; one row for a feed that cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.verify_position_feeds() RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN QUERY
        SELECT 'feed', NULL::text, NULL::text, NULL::text, f.relation_name, f.error, p.problem, p.problem IS DISTINCT FROM f.error
          FROM margin_calib.feed AS f CROSS JOIN LATERAL (SELECT margin_calib.feed_problem(f) OFFSET 0) AS p (problem)
         WHERE f.kind IN ('positions', 'collateral') AND (p.problem IS NOT NULL OR f.error IS NOT NULL) ORDER BY f.id;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify_position_feeds() IS
'Internal to verify: a row for each position or collateral feed that cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.accounts_query(accounts text[]) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN accounts_query.accounts IS NOT NULL THEN format('SELECT DISTINCT k AS key FROM unnest(%L::text[]) AS k WHERE k IS NOT NULL',
        accounts_query.accounts)
                -- of an account that the role does not see nothing is stored, for it
                ELSE format('SELECT k.key FROM (%s) AS k (key) WHERE margin_calib.sees_account(k.key)',
                     concat_ws(' UNION ', string_agg(margin_calib.keys_query(f, f.account_column), ' UNION ' ORDER BY f.id),
                               'SELECT p.account FROM margin_calib.account_position AS p UNION SELECT o.account FROM margin_calib.account_offset AS o '
                               'UNION SELECT r.account FROM margin_calib.requirement AS r '
                               'UNION SELECT c.account FROM margin_calib.account_collateral AS c')) END
      FROM margin_calib.feed AS f WHERE f.kind IN ('positions', 'collateral');
END;
COMMENT ON FUNCTION margin_calib.accounts_query(text[]) IS
'Internal to verify: query of the accounts given, NULL for all that an attached table or the engine has.';

CREATE OR REPLACE FUNCTION margin_calib.check_verifiable(instruments text[], accounts text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown text;
BEGIN
    PERFORM margin_calib.check_known(ARRAY(SELECT k FROM unnest(instruments) AS k WHERE k IS NOT NULL));
    -- in this order: the second question reads the attached tables
    SELECT a INTO unknown FROM unnest(accounts) AS a
     WHERE CASE WHEN EXISTS (SELECT FROM margin_calib.requirement AS r WHERE r.account = a) THEN false
         WHEN NOT margin_calib.sees_account(a) THEN true
         ELSE NOT margin_calib.account_is_known(a) END LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('account %s is not known', unknown),
            HINT = 'Nothing to verify is no proof: SELECT DISTINCT account FROM margin_calib.margin_requirement lists the accounts.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_verifiable(text[], text[]) IS
'Internal to verify: error 42704 for an instrument or an account that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.held_instruments(accounts text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    held CONSTANT text[] := ARRAY(SELECT DISTINCT h.instrument FROM margin_calib.holdings(accounts) AS h);
BEGIN
    RETURN held || margin_calib.peg_prices(held);
END
$function$;
COMMENT ON FUNCTION margin_calib.held_instruments(text[]) IS
'Internal to verify: instruments that the requirements of accounts depend on.';

CREATE OR REPLACE FUNCTION margin_calib.verify(instruments text[] DEFAULT NULL, accounts text[] DEFAULT NULL)
    RETURNS SETOF margin_calib.verification
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
    SET jit = off
AS $function$
DECLARE
    as_of  CONSTANT timestamptz := statement_timestamp();
    whole  CONSTANT boolean := instruments IS NULL AND accounts IS NULL;
    feed   margin_calib.feed;
    row    margin_calib.verification;
    wanted text[];
    wrong  text[] := '{}';
    late   text[] := '{}';
    broken boolean := NOT whole AND accounts IS NULL;
    keys   text[];
BEGIN
    PERFORM margin_calib.check_verifiable(instruments, accounts);
    IF NOT broken THEN
        FOR row IN SELECT v.* FROM margin_calib.verify_position_feeds() AS v LOOP
            broken := true; -- a sum without it would be too small
            RETURN NEXT row;
        END LOOP;
    END IF;
    IF NOT whole THEN
        wanted := coalesce(instruments, '{}') || CASE WHEN broken THEN '{}' ELSE margin_calib.held_instruments(accounts) END;
    END IF;
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                 WHERE f.kind IN ('prices', 'liquidity') OR f.kind = 'quotes' AND whole ORDER BY f.kind DESC, f.id LOOP
        FOR row IN SELECT v.* FROM margin_calib.verify_feed(feed, wanted, as_of) AS v LOOP
            IF row.instrument IS NOT NULL AND feed.kind <> 'quotes' AND row.instrument IS DISTINCT FROM wrong[cardinality(wrong)] THEN
                wrong := wrong || row.instrument;
                late := late || CASE WHEN row.is_pending THEN ARRAY[row.instrument] ELSE '{}' END;
            END IF;
            -- what was looked at for the accounts alone only tells at which market to compute them
            IF whole OR row.instrument IS NULL OR row.instrument = ANY (instruments) THEN
                RETURN NEXT row;
            END IF;
        END LOOP;
    END LOOP;
    IF whole THEN
        RETURN QUERY SELECT * FROM margin_calib.verify_orphans();
        RETURN QUERY SELECT * FROM margin_calib.verify_correlations();
    END IF;
    IF NOT broken THEN
        FOR keys IN EXECUTE margin_calib.batches_query(margin_calib.accounts_query(accounts)) LOOP
            RETURN QUERY SELECT * FROM margin_calib.verify_accounts(keys, wrong, late, as_of);
            RETURN QUERY SELECT * FROM margin_calib.verify_states(keys, wrong, late, as_of);
        END LOOP;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.verify(text[], text[]) IS
'Recomputes what is in force from the attached tables, with the functions that refresh uses and without a write, and returns every difference to what is stored, to the last digit; no row when all is right. Instruments: rates and what publishes with them, price, data_through, path; figures of liquidity; volatility surfaces, unless the work is limited; matrices of product groups from their evidence. Accounts: positions, credits, requirements, collateral, but for as_of. Rows that are missing or superfluous are differences, and so is a feed that cannot be read. is_pending: a change waits for the next refresh. instruments or accounts limit the work to those named; NULL for both is everything. Runs as its caller, who needs SELECT on the attached tables, and for the accounts that it sees; 500 keys at a time. Error 42704 for an instrument or account that is not known. doc/explain.md.';

REVOKE ALL ON FUNCTION
    margin_calib.row_differences(jsonb, jsonb), margin_calib.stored_instrument(margin_calib.instrument, margin_calib.parameter),
    margin_calib.published_instrument(margin_calib.engine_calibration, jsonb, text),
    margin_calib.waiting_keys(margin_calib.feed, text[], timestamptz),
    margin_calib.verify_prices(margin_calib.feed, text[], timestamptz), margin_calib.verify_liquidity(margin_calib.feed, text[], timestamptz),
    margin_calib.verify_orphans(), margin_calib.verify_correlations(), margin_calib.verify_query(),
    margin_calib.verify_collateral(text[], boolean, timestamptz), margin_calib.verify_accounts(text[], text[], text[], timestamptz), margin_calib.batches_query(text),
    margin_calib.keys_query(margin_calib.feed, name), margin_calib.verify_feed(margin_calib.feed, text[], timestamptz),
    margin_calib.verify_position_feeds(), margin_calib.held_instruments(text[]),
    margin_calib.accounts_query(text[]), margin_calib.check_verifiable(text[], text[]), margin_calib.verify(text[], text[]) FROM PUBLIC;
