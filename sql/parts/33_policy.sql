-- Reading, checking and setting policies.
CREATE OR REPLACE VIEW margin_calib.policy_list AS
SELECT DISTINCT ON (name)
       name, version, confidence, measure, model, ewma_lambda, weight_decay, evt_tail, refit_interval, horizon,
       horizon_method, lookback, min_returns, stress_weight, stress_window, buffer, buffer_recovery, floor_lookback,
       minimum_rate, maximum_rate, fallback_rate, maintenance_ratio, rounding_step, symmetric_rates, lookback_time,
       rise_per_step, rise_per_day, rise_after_breach, fall_per_day, dead_after, restart_gap, bar_interval, jump_bound,
       stale_after,
       origin
  FROM (SELECT *, 'user'::text AS origin FROM margin_calib.user_policy
        UNION ALL
        SELECT *, 'shipped'::text FROM margin_calib.shipped_policy) AS every_version
 ORDER BY name, origin DESC, version DESC;
COMMENT ON VIEW margin_calib.policy_list IS
'The current version of every policy: the newest that a user set, else the shipped one; origin says which. The columns are those of margin_calib.margin_policy.';
COMMENT ON COLUMN margin_calib.policy_list.origin IS 'shipped, or user for a version made by set_policy';
REVOKE ALL ON margin_calib.policy_list FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.policy(name text) RETURNS margin_calib.margin_policy
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_policy';
COMMENT ON FUNCTION margin_calib.policy(text) IS
'Current version of a policy, for calibrate_margin(...): read once a query, so it costs nothing per row. NULL gives NULL; an unknown name is an error (42704) that lists the names. Needs SELECT on margin_calib.policy_list.';
REVOKE ALL ON FUNCTION margin_calib.policy(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.policy(name text, version integer) RETURNS margin_calib.margin_policy
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    result margin_calib.margin_policy;
BEGIN
    SELECT p.* INTO result
      FROM (SELECT u.* FROM margin_calib.user_policy AS u UNION ALL SELECT s.* FROM margin_calib.shipped_policy AS s) AS p
     WHERE p.name = policy.name AND p.version = policy.version;
    IF result.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there is no version %s of policy %L', policy.version, policy.name),
            HINT = format('The current version is %s.', (SELECT l.version FROM margin_calib.policy_list AS l WHERE l.name = policy.name));
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.policy(text, integer) IS
'A version of a policy, current or not. NULL gives NULL; a version that was never there is an error (42704).';
REVOKE ALL ON FUNCTION margin_calib.policy(text, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.check_policy(policy margin_calib.margin_policy)
    RETURNS margin_calib.margin_policy
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_check_policy';
COMMENT ON FUNCTION margin_calib.check_policy(margin_calib.margin_policy) IS
'Returns the policy when every field is in its range and the fields fit together, else an error (22023) with the field, its value and what to write. NULL is an error (22004). doc/policies.md has the rules.';

CREATE OR REPLACE FUNCTION margin_calib.set_policy(
    name               text,
    based_on           text DEFAULT NULL,
    confidence         double precision DEFAULT NULL,
    measure            text DEFAULT NULL,
    model              text DEFAULT NULL,
    ewma_lambda        double precision DEFAULT NULL,
    weight_decay       double precision DEFAULT NULL,
    evt_tail           double precision DEFAULT NULL,
    refit_interval     integer DEFAULT NULL,
    horizon            integer DEFAULT NULL,
    horizon_method     text DEFAULT NULL,
    lookback           integer DEFAULT NULL,
    min_returns        integer DEFAULT NULL,
    stress_weight      double precision DEFAULT NULL,
    stress_window      integer DEFAULT NULL,
    buffer             double precision DEFAULT NULL,
    buffer_recovery    integer DEFAULT NULL,
    floor_lookback     integer DEFAULT NULL,
    minimum_rate       double precision DEFAULT NULL,
    maximum_rate       double precision DEFAULT NULL,
    fallback_rate      double precision DEFAULT NULL,
    maintenance_ratio  double precision DEFAULT NULL,
    rounding_step      double precision DEFAULT NULL,
    symmetric_rates    boolean DEFAULT NULL,
    lookback_time      interval DEFAULT NULL,
    rise_per_step      double precision DEFAULT NULL,
    rise_per_day       double precision DEFAULT NULL,
    rise_after_breach  double precision DEFAULT NULL,
    fall_per_day       double precision DEFAULT NULL,
    dead_after         integer DEFAULT NULL,
    restart_gap        interval DEFAULT NULL,
    bar_interval       interval DEFAULT NULL,
    jump_bound         double precision DEFAULT NULL,
    stale_after        interval DEFAULT NULL,
    unset              text[] DEFAULT NULL,
    reason             text DEFAULT NULL)
    RETURNS margin_calib.margin_policy
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    current  integer;
    result   margin_calib.margin_policy;
    field    text;
    optional CONSTANT text[] := '{lookback_time,rise_per_step,rise_per_day,rise_after_breach,fall_per_day,dead_after,restart_gap,bar_interval,jump_bound,stale_after}';
BEGIN
    IF set_policy.name IS NULL OR set_policy.name = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a policy needs a name',
            HINT = 'Write set_policy(''mine'', based_on => ''crypto_venue'', buffer => 0.25).';
    END IF;
    IF NOT coalesce(set_policy.unset, '{}') <@ optional THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'this field of a policy cannot be unset',
            DETAIL = format('The fields to unset are %s.', set_policy.unset),
            HINT = format('Those that may be NULL are %s.', array_to_string(optional, ', '));
    END IF;
    PERFORM margin_calib.lock_engine();
    SELECT l.version INTO current FROM margin_calib.policy_list AS l WHERE l.name = set_policy.name;
    result := margin_calib.policy(
        coalesce(set_policy.based_on,
                 CASE WHEN current IS NOT NULL THEN set_policy.name END, 'crypto_venue'));
    result.name := set_policy.name;
    result.version := coalesce(current, 0) + 1;
    result.confidence := coalesce(set_policy.confidence, result.confidence);
    result.measure := coalesce(set_policy.measure, result.measure);
    result.model := coalesce(set_policy.model, result.model);
    result.ewma_lambda := coalesce(set_policy.ewma_lambda, result.ewma_lambda);
    result.weight_decay := coalesce(set_policy.weight_decay, result.weight_decay);
    result.evt_tail := coalesce(set_policy.evt_tail, result.evt_tail);
    result.refit_interval := coalesce(set_policy.refit_interval, result.refit_interval);
    result.horizon := coalesce(set_policy.horizon, result.horizon);
    result.horizon_method := coalesce(set_policy.horizon_method, result.horizon_method);
    result.lookback := coalesce(set_policy.lookback, result.lookback);
    result.min_returns := coalesce(set_policy.min_returns, result.min_returns);
    result.stress_weight := coalesce(set_policy.stress_weight, result.stress_weight);
    result.stress_window := coalesce(set_policy.stress_window, result.stress_window);
    result.buffer := coalesce(set_policy.buffer, result.buffer);
    result.buffer_recovery := coalesce(set_policy.buffer_recovery, result.buffer_recovery);
    result.floor_lookback := coalesce(set_policy.floor_lookback, result.floor_lookback);
    result.minimum_rate := coalesce(set_policy.minimum_rate, result.minimum_rate);
    result.maximum_rate := coalesce(set_policy.maximum_rate, result.maximum_rate);
    result.fallback_rate := coalesce(set_policy.fallback_rate, result.fallback_rate);
    result.maintenance_ratio := coalesce(set_policy.maintenance_ratio, result.maintenance_ratio);
    result.rounding_step := coalesce(set_policy.rounding_step, result.rounding_step);
    result.symmetric_rates := coalesce(set_policy.symmetric_rates, result.symmetric_rates);
    result.lookback_time := coalesce(set_policy.lookback_time, result.lookback_time);
    result.rise_per_step := coalesce(set_policy.rise_per_step, result.rise_per_step);
    result.rise_per_day := coalesce(set_policy.rise_per_day, result.rise_per_day);
    result.rise_after_breach := coalesce(set_policy.rise_after_breach, result.rise_after_breach);
    result.fall_per_day := coalesce(set_policy.fall_per_day, result.fall_per_day);
    result.dead_after := coalesce(set_policy.dead_after, result.dead_after);
    result.restart_gap := coalesce(set_policy.restart_gap, result.restart_gap);
    result.bar_interval := coalesce(set_policy.bar_interval, result.bar_interval);
    result.jump_bound := coalesce(set_policy.jump_bound, result.jump_bound);
    result.stale_after := coalesce(set_policy.stale_after, result.stale_after);
    FOREACH field IN ARRAY coalesce(set_policy.unset, '{}') LOOP
        result := jsonb_populate_record(result, jsonb_build_object(field, NULL));
    END LOOP;
    PERFORM margin_calib.check_policy(result);
    INSERT INTO margin_calib.user_policy VALUES (result.*);
    PERFORM margin_calib.audit_change('policy', result.name || ' ' || result.version, set_policy.reason);
    -- what the policy calibrates, or may from now on, is calibrated anew by the next refresh
    INSERT INTO margin_calib.capture_queue
        SELECT f.id, i.instrument, false, now()
          FROM margin_calib.instrument AS i JOIN margin_calib.feed AS f ON f.id = i.price_feed
         WHERE i.policy = result.name OR (i.policy_is_automatic AND result.name IN (f.policy, f.new_product_policy));
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_policy(
    text, text, double precision, text, text, double precision, double precision, double precision, integer, integer,
    text, integer, integer, double precision, integer, double precision, integer, integer, double precision, double
    precision, double precision, double precision, double precision, boolean, interval, double precision, double
    precision, double precision, double precision, integer, interval, interval, double precision, interval, text[], text) IS
'Adds the next version of a policy and returns it. Fields left out (NULL) are taken from the policy named by based_on, else from the current version of the same name, else from crypto_venue. unset => ''{jump_bound}'' sets fields that may be NULL back to it: lookback_time, rise_per_step, rise_per_day, rise_after_breach, fall_per_day, dead_after, restart_gap, bar_interval, jump_bound, stale_after. The result is checked as by check_policy (22023). Earlier versions stay. reason goes to the audit trail. The next refresh calibrates every instrument that uses the policy with the new version.';
REVOKE ALL ON FUNCTION margin_calib.set_policy(
    text, text, double precision, text, text, double precision, double precision, double precision, integer, integer,
    text, integer, integer, double precision, integer, double precision, integer, integer, double precision, double
    precision, double precision, double precision, double precision, boolean, interval, double precision, double
    precision, double precision, double precision, integer, interval, interval, double precision, interval, text[], text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.candidate_policy(name text, based_on text, changes jsonb)
    RETURNS margin_calib.margin_policy
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result  margin_calib.margin_policy := margin_calib.policy(candidate_policy.based_on);
    unknown text;
BEGIN
    IF candidate_policy.name IS NULL OR candidate_policy.name = '' OR result IS NULL OR jsonb_typeof(changes) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a candidate has a name, a policy that it is based on, and an object of changes',
            HINT = 'Write candidate_policy(''wider'', ''crypto_venue'', ''{"buffer": 0.25}'').';
    END IF;
    SELECT k INTO unknown FROM jsonb_object_keys(changes) AS k
     WHERE k IN ('name', 'version') OR NOT to_jsonb(result) ? k ORDER BY k LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('a candidate has no field %s to change', unknown),
            HINT = format('The fields are %s.', (SELECT string_agg(k, ', ' ORDER BY k) FROM jsonb_object_keys(to_jsonb(result) - 'name' - 'version') AS k));
    END IF;
    result := jsonb_populate_record(result, changes);
    result.name := candidate_policy.name;
    PERFORM margin_calib.check_policy(result);
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.candidate_policy(text, text, jsonb) IS
'A policy to try, stored nowhere: the fields of the policy named by based_on, with the changes, for compare_policies, backtest_path, calibrate_all and calibrate_margin. A change of null sets a field that may be NULL back to it. Checked as by check_policy. Errors: 22023 for a field that no policy has or a value out of range, 42704 for an unknown policy.';
REVOKE ALL ON FUNCTION margin_calib.candidate_policy(text, text, jsonb) FROM PUBLIC;
