-- Calibration in the engine: from the feeds' rows to calibrations, without a write. Refresh stores
-- what these functions find, and requirement_now uses the same functions live.

CREATE OR REPLACE FUNCTION margin_calib.future_limit(as_of timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT as_of + interval '1 minute';
END;
COMMENT ON FUNCTION margin_calib.future_limit(timestamptz) IS
'Internal: prices with a ts after this wait in quarantine until their time has come; a minute is left for clocks that differ.';

CREATE OR REPLACE FUNCTION margin_calib.keys_that_fit(keys text[], key_type text) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT coalesce(array_agg(k ORDER BY k), '{}')
      FROM unnest(keys) AS k
     WHERE CASE
           WHEN key_type IN ('smallint', 'integer', 'bigint') THEN
               CASE WHEN k ~ '^-?[0-9]{1,19}$' THEN
                   k::numeric BETWEEN CASE key_type WHEN 'smallint' THEN -32768 WHEN 'integer' THEN -2147483648
                                                    ELSE -9223372036854775808 END
                                  AND CASE key_type WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647
                                                    ELSE 9223372036854775807 END
               ELSE false END
           WHEN key_type = 'uuid' THEN k ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           WHEN key_type IN ('text', 'bpchar', 'name') THEN true
           ELSE EXISTS (SELECT FROM pg_catalog.pg_enum AS e
                         WHERE e.enumtypid = to_regtype(key_type) AND e.enumlabel = k) END;
END;
COMMENT ON FUNCTION margin_calib.keys_that_fit(text[], text) IS
'Internal: those of the keys that can be values of a key column''s type. An instrument of one feed need not fit the column of another.';

CREATE OR REPLACE FUNCTION margin_calib.policy_remembers(policy margin_calib.margin_policy) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT (policy).buffer > 0 OR (policy).rise_per_step IS NOT NULL OR (policy).rise_per_day IS NOT NULL
           OR (policy).fall_per_day IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.policy_remembers(margin_calib.margin_policy) IS
'Internal: does the rate of this policy depend on the rate that was in force?';

-- One query for many keys, which stand in it as a literal: so the array is a constant of the column's
-- type, to an index and to a hashed scan alike. `until` leaves out rows of the future.
CREATE OR REPLACE FUNCTION margin_calib.calibrate_query(
    feed margin_calib.feed, keys text[], policy margin_calib.margin_policy, checked boolean,
    until timestamptz) RETURNS margin_calib.engine_calibration[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    ts       CONSTANT text := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
    borrowers CONSTANT text[] := ARRAY(SELECT i.instrument FROM margin_calib.instrument AS i
                                        WHERE i.instrument = ANY (keys) AND i.proxy IS NOT NULL);
    -- a join costs something a row: only for a policy that looks at the path
    path     CONSTANT boolean := margin_calib.policy_remembers(policy);
    borrower text;
    result   margin_calib.engine_calibration[];
BEGIN
    EXECUTE format(
        'SELECT array_agg(ROW(c.key::text, %1$s, %2$L, %3$L::boolean, %4$L::interval, c.calibration, NULL, (c.calibration).rejected > 0, NULL, NULL, '
        'c.digest, (SELECT i.path FROM margin_calib.instrument AS i WHERE %15$s))::margin_calib.engine_calibration) '
        'FROM (SELECT t.%5$I AS key, margin_calib.calibrate_margin(%6$s, %7$s, $1%8$s) AS calibration, '
        'margin_calib.price_digest(%6$s, %7$s, $1%8$s) AS digest '
        'FROM %9$s AS t %10$s WHERE t.%11$I = ANY (%12$L::%13$s[]) %14$s GROUP BY t.%5$I) AS c',
        feed.id, policy.name, policy.symmetric_rates, policy.stale_after,
        feed.instrument_column, ts,
        margin_calib.feed_number_expression(feed.relation, feed.price_column,
                                            CASE WHEN checked THEN 'float8, checked' ELSE 'float8' END),
        CASE WHEN path THEN ', i.path' ELSE '' END, feed.relation,
        CASE WHEN path THEN format('LEFT JOIN margin_calib.instrument AS i ON i.instrument = t.%I::text '
                                   'AND i.path_policy = %L AND i.path_policy_version = %s',
                                   feed.instrument_column, policy.name, policy.version) ELSE '' END,
        feed.instrument_column, margin_calib.keys_that_fit(
            ARRAY(SELECT k FROM unnest(keys) AS k WHERE k <> ALL (borrowers)), key_type), key_type,
        CASE WHEN until IS NOT NULL THEN format('AND (%s > %L AND isfinite(%s)) IS NOT TRUE', ts, until, ts) ELSE '' END,
        CASE WHEN path THEN format('i.instrument = c.key::text AND i.path_policy = %L AND i.path_policy_version = %s',
                                   policy.name, policy.version) ELSE 'false' END)
    INTO result USING policy;
    FOREACH borrower IN ARRAY borrowers LOOP
        result := coalesce(result, '{}') || margin_calib.calibrate_borrower(feed, borrower, policy, until);
    END LOOP;
    RETURN coalesce(result, '{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_query(margin_calib.feed, text[], margin_calib.margin_policy, boolean, timestamptz) IS
'Internal: calibrations of the keys that have rows, in one query that an index on the instrument column serves; one more for each that has a proxy.';

-- Only errors of data and limits are caught: a cancel or a serialization failure ends the refresh.
CREATE OR REPLACE FUNCTION margin_calib.calibrate_or_explain(
    feed margin_calib.feed, keys text[], policy margin_calib.margin_policy, until timestamptz)
    RETURNS margin_calib.engine_calibration[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result margin_calib.engine_calibration[] := '{}';
    failed margin_calib.engine_calibration;
    one    text;
BEGIN
    BEGIN
        RETURN margin_calib.calibrate_query(feed, keys, policy, false, until);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        NULL; -- below
    END;
    BEGIN
        RETURN margin_calib.calibrate_query(feed, keys, policy, true, until);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        NULL;
    END;
    FOREACH one IN ARRAY keys LOOP
        BEGIN
            result := result || margin_calib.calibrate_query(feed, ARRAY[one], policy, true, until);
        EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
            failed := ROW(one, feed.id, policy.name, policy.symmetric_rates, policy.stale_after, NULL,
                          format('calibration failed: %s (%s)', SQLERRM, SQLSTATE), true, NULL, NULL, NULL, NULL);
            result := result || failed;
        END;
    END LOOP;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_or_explain(margin_calib.feed, text[], margin_calib.margin_policy, timestamptz) IS
'Internal: calibrations of the keys; when the data or a limit fails the common query, one by one, and the error in place of the calibration for those that fail alone.';

CREATE OR REPLACE FUNCTION margin_calib.calibrate_with_policy(
    feed margin_calib.feed, keys text[], policy_name text, as_of timestamptz)
    RETURNS SETOF margin_calib.engine_calibration
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    policy CONSTANT margin_calib.margin_policy := margin_calib.policy(policy_name);
    until  CONSTANT timestamptz := margin_calib.future_limit(as_of);
    results  margin_calib.engine_calibration[];
    future text[];
BEGIN
    results := margin_calib.calibrate_or_explain(feed, keys, policy, NULL);
    -- rows of the future are rare: a second query leaves them out where the first has met some
    SELECT array_agg(c.instrument) INTO future FROM unnest(results) AS c WHERE (c.calibration).last_ts > until;
    IF future IS NOT NULL THEN
        results := ARRAY(SELECT c FROM unnest(results) AS c WHERE c.instrument <> ALL (future))
                 || margin_calib.calibrate_or_explain(feed, future, policy, until);
    END IF;
    RETURN QUERY
        SELECT c.instrument, c.feed, c.policy, c.symmetric_rates, c.stale_after, c.calibration, c.error,
               c.inspect OR c.instrument = ANY (coalesce(future, '{}')), c.borrowed_bars, c.borrowed_returns, c.input_hash, c.path_before
          FROM unnest(results) AS c;
    RETURN QUERY
        SELECT k, feed.id, policy.name, policy.symmetric_rates, policy.stale_after,
               NULL::margin_calib.margin_calibration, NULL::text, true, NULL::integer, NULL::integer, NULL::bytea, NULL::margin_calib.margin_path
          FROM unnest(keys) AS k
         WHERE NOT EXISTS (SELECT FROM unnest(results) AS c WHERE c.instrument = k);
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_with_policy(margin_calib.feed, text[], text, timestamptz) IS
'Internal: a row for each key, calibrated with one policy from the rows up to as_of and a minute; calibration is NULL when there is no row or it failed.';

CREATE OR REPLACE FUNCTION margin_calib.calibrate_keys(feed_id integer, keys text[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_calibration
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed      margin_calib.feed;
    chosen    record;
    automatic text[];
    mature    margin_calib.engine_calibration[];
    young     text[];
BEGIN
    SELECT f.* INTO feed FROM margin_calib.feed AS f WHERE f.id = feed_id;
    FOR chosen IN SELECT i.policy, array_agg(i.instrument ORDER BY i.instrument) AS keys
                    FROM margin_calib.instrument AS i
                   WHERE i.instrument = ANY (calibrate_keys.keys) AND NOT i.policy_is_automatic
                   GROUP BY i.policy ORDER BY i.policy LOOP
        RETURN QUERY SELECT * FROM margin_calib.calibrate_with_policy(feed, chosen.keys, chosen.policy, as_of);
    END LOOP;
    SELECT array_agg(DISTINCT k ORDER BY k) INTO automatic FROM unnest(keys) AS k
     WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                        WHERE i.instrument = k AND NOT i.policy_is_automatic);
    IF automatic IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(c) INTO mature
      FROM margin_calib.calibrate_with_policy(feed, automatic, feed.policy, as_of) AS c;
    SELECT array_agg(c.instrument) INTO young FROM unnest(mature) AS c
     -- a query of its own: asked once, not for every instrument
     WHERE (c.calibration).returns_used < (SELECT (margin_calib.policy(feed.policy)).min_returns)
       AND feed.new_product_policy IS NOT NULL;
    IF young IS NOT NULL THEN
        RETURN QUERY SELECT * FROM margin_calib.calibrate_with_policy(feed, young, feed.new_product_policy, as_of);
    END IF;
    RETURN QUERY SELECT * FROM unnest(mature) AS c WHERE c.instrument <> ALL (coalesce(young, '{}'));
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_keys(integer, text[], timestamptz) IS
'Internal: a calibration for each key of a price feed, with the policy that set_instrument gave, else the feed''s, else, while it has fewer returns than that asks for, the feed''s policy for new products.';

CREATE OR REPLACE FUNCTION margin_calib.calibration_problem(results margin_calib.engine_calibration) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN (results).error IS NOT NULL THEN (results).error
                WHEN ((results).calibration).last_price IS NULL THEN 'it has no usable price' END;
END;
COMMENT ON FUNCTION margin_calib.calibration_problem(margin_calib.engine_calibration) IS
'Internal: why a calibration cannot come into force, NULL when it can.';

REVOKE ALL ON FUNCTION
    margin_calib.future_limit(timestamptz), margin_calib.keys_that_fit(text[], text), margin_calib.policy_remembers(margin_calib.margin_policy),
    margin_calib.calibrate_query(margin_calib.feed, text[], margin_calib.margin_policy, boolean, timestamptz),
    margin_calib.calibrate_or_explain(margin_calib.feed, text[], margin_calib.margin_policy, timestamptz),
    margin_calib.calibrate_with_policy(margin_calib.feed, text[], text, timestamptz),
    margin_calib.calibrate_keys(integer, text[], timestamptz),
    margin_calib.calibration_problem(margin_calib.engine_calibration) FROM PUBLIC;
