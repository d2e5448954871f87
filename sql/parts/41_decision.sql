-- What becomes of a calibration: into force by itself, before a human, or nothing. Refresh acts on what these
-- functions say, and requirement_now uses them live.

CREATE OR REPLACE FUNCTION margin_calib.charged_rates(
    symmetric_rates boolean, initial_rate numeric, maintenance_rate numeric, long_initial_rate numeric,
    long_maintenance_rate numeric, short_initial_rate numeric, short_maintenance_rate numeric) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN symmetric_rates THEN ARRAY[initial_rate, maintenance_rate, initial_rate, maintenance_rate]
                ELSE ARRAY[long_initial_rate, long_maintenance_rate, short_initial_rate, short_maintenance_rate] END;
END;
COMMENT ON FUNCTION margin_calib.charged_rates(boolean, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Internal: what positions are charged: initial and maintenance rate of a long one, then of a short one.';

CREATE OR REPLACE FUNCTION margin_calib.parameter_rates(parameter margin_calib.parameter) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.charged_rates((parameter).symmetric_rates, (parameter).initial_rate, (parameter).maintenance_rate,
        (parameter).long_initial_rate, (parameter).long_maintenance_rate, (parameter).short_initial_rate, (parameter).short_maintenance_rate);
END;
COMMENT ON FUNCTION margin_calib.parameter_rates(margin_calib.parameter) IS
'Internal: charged_rates of a version of a parameter.';

CREATE OR REPLACE FUNCTION margin_calib.calibration_rates(result margin_calib.engine_calibration) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.charged_rates((result).symmetric_rates, ((result).calibration).initial_rate, ((result).calibration).maintenance_rate,
        ((result).calibration).long_initial_rate, ((result).calibration).long_maintenance_rate,
        ((result).calibration).short_initial_rate, ((result).calibration).short_maintenance_rate);
END;
COMMENT ON FUNCTION margin_calib.calibration_rates(margin_calib.engine_calibration) IS
'Internal: charged_rates of a calibration.';

CREATE OR REPLACE FUNCTION margin_calib.relative_change(before numeric, after numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN before = after THEN 0 WHEN before = 0 THEN 'Infinity'::double precision
                ELSE (abs(after - before) / before)::double precision END;
END;
COMMENT ON FUNCTION margin_calib.relative_change(numeric, numeric) IS
'Internal: relative change of a rate, without sign; Infinity from 0 to another rate.';

CREATE OR REPLACE FUNCTION margin_calib.rate_change(before numeric[], after numeric[]) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT greatest(margin_calib.relative_change(before[1], after[1]), margin_calib.relative_change(before[2], after[2]),
                    margin_calib.relative_change(before[3], after[3]), margin_calib.relative_change(before[4], after[4]));
END;
COMMENT ON FUNCTION margin_calib.rate_change(numeric[], numeric[]) IS
'Internal: the largest relative change among rates, without sign; Infinity from 0 to another rate, NULL without rates.';

CREATE OR REPLACE FUNCTION margin_calib.same_published(parameter margin_calib.parameter, result margin_calib.engine_calibration)
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ROW((parameter).initial_rate, (parameter).maintenance_rate, (parameter).long_initial_rate, (parameter).long_maintenance_rate,
               (parameter).short_initial_rate, (parameter).short_maintenance_rate, (parameter).symmetric_rates, (parameter).policy,
               (parameter).policy_version, (parameter).binding_term, (parameter).long_binding_term, (parameter).short_binding_term,
               (parameter).fallback, (parameter).fallback_reason)
           IS NOT DISTINCT FROM
           ROW(k.initial_rate, k.maintenance_rate, k.long_initial_rate, k.long_maintenance_rate,
               k.short_initial_rate, k.short_maintenance_rate, (result).symmetric_rates, k.policy,
               k.policy_version, k.binding_term, k.long_binding_term, k.short_binding_term,
               k.fallback, k.fallback_reason)
      FROM (SELECT ((result).calibration).*) AS k;
END;
COMMENT ON FUNCTION margin_calib.same_published(margin_calib.parameter, margin_calib.engine_calibration) IS
'Internal: does a calibration publish what this version of the parameter does: rates, policy, binding terms, fallback?';

-- Every step is a lookup by index, whatever the number of results: planning is the larger part for one.
-- The last decision on these very numbers, made against what is still in force, stands: also when the day that per_day
-- looks back on has moved on, but not against limits that were set later.
CREATE OR REPLACE FUNCTION margin_calib.decide(results margin_calib.engine_calibration[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_decision
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_generic_plan SET jit = off
AS $function$
BEGIN
    RETURN QUERY
        SELECT c.instrument,
               CASE WHEN b.problem IS NOT NULL THEN 'failed'
                    WHEN p.id IS NULL THEN 'apply'
                    WHEN s.is_same THEN 'same'
                    WHEN x.exceeds IS NULL AND (l.is_same AND l.decided_at >= w.set_at) IS NOT TRUE THEN 'apply'
                    WHEN o.is_same THEN 'waiting'
                    WHEN l.is_same THEN 'refused'
                    ELSE 'wait' END,
               p.id, o.id, s.change, d.change, x.exceeds, w.expires_after
          FROM unnest(results) AS c
         CROSS JOIN LATERAL margin_calib.calibration_problem(c) AS b (problem)
          LEFT JOIN margin_calib.parameter AS p
            ON p.instrument = c.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL AND b.problem IS NULL
         CROSS JOIN LATERAL (
               SELECT margin_calib.same_published(p, c) AS is_same,
                      margin_calib.rate_change(margin_calib.parameter_rates(p), margin_calib.calibration_rates(c)) AS change OFFSET 0) AS s
         -- both policies' limits hold, so that another policy is no way around them
         CROSS JOIN LATERAL (
               SELECT min(a.per_step) AS per_step, min(a.per_day) AS per_day, min(a.expires_after) AS expires_after,
                      max(a.set_at) AS set_at
                 FROM margin_calib.approval_limit AS a WHERE a.policy IN (p.policy, (c.calibration).policy)) AS w
          -- what was in force a day before, or the first there was
          LEFT JOIN LATERAL (
               SELECT margin_calib.rate_change(margin_calib.parameter_rates(h), margin_calib.calibration_rates(c)) AS change
                 FROM margin_calib.parameter AS h
                WHERE h.instrument = c.instrument AND h.layer = 'calibration' AND h.valid_from IS NOT NULL
                ORDER BY h.valid_from > as_of - interval '1 day',
                         CASE WHEN h.valid_from > as_of - interval '1 day' THEN h.valid_from END,
                         h.valid_from DESC LIMIT 1) AS d ON p.id IS NOT NULL AND NOT s.is_same AND w.per_day IS NOT NULL
         CROSS JOIN LATERAL (
               SELECT CASE WHEN s.change > w.per_step THEN 'per_step' WHEN d.change > w.per_day THEN 'per_day' END) AS x (exceeds)
          LEFT JOIN LATERAL (
               SELECT q.id, margin_calib.same_published(v, c) AS is_same
                 FROM margin_calib.proposal AS q JOIN margin_calib.parameter AS v ON v.id = q.parameter_id
                WHERE q.instrument = c.instrument AND q.kind = 'calibration' AND q.state = 'open') AS o ON b.problem IS NULL
          LEFT JOIN LATERAL (
               SELECT q.state IN ('rejected', 'withdrawn') AND q.parameter_before = p.id AND margin_calib.same_published(v, c) AS is_same, q.decided_at
                 FROM (SELECT r.* FROM margin_calib.proposal AS r WHERE r.instrument = c.instrument AND r.kind = 'calibration'
                        ORDER BY r.id DESC LIMIT 1) AS q
                 JOIN margin_calib.parameter AS v ON v.id = q.parameter_id) AS l ON NOT s.is_same;
END
$function$;
COMMENT ON FUNCTION margin_calib.decide(margin_calib.engine_calibration[], timestamptz) IS
'Internal: what becomes of each calibration, against the parameter in force, the band of its policy and the proposals there are; no write.';

CREATE OR REPLACE FUNCTION margin_calib.override_state_at(parameter margin_calib.parameter, as_of timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN (parameter).override_state = 'over' OR (parameter).ended_at IS NOT NULL OR as_of >= (parameter).valid_to THEN 'over'
                WHEN (parameter).override_state = 'running' OR as_of >= (parameter).valid_from THEN 'running'
                ELSE 'waiting' END;
END;
COMMENT ON FUNCTION margin_calib.override_state_at(margin_calib.parameter, timestamptz) IS
'Internal: waiting (also for approval), running (from valid_from on, valid_to excluded) or over; what runs does not wait again, and what is over does not run again, whatever the clock does.';

CREATE OR REPLACE FUNCTION margin_calib.due_overrides(as_of timestamptz) RETURNS SETOF text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 1
BEGIN ATOMIC
    SELECT p.instrument FROM margin_calib.parameter AS p
     WHERE p.override_state IN ('waiting', 'running') AND p.override_state <> margin_calib.override_state_at(p, as_of);
END;
COMMENT ON FUNCTION margin_calib.due_overrides(timestamptz) IS
'Internal: instruments whose override has begun or ended since the latest refresh.';

REVOKE ALL ON FUNCTION
    margin_calib.charged_rates(boolean, numeric, numeric, numeric, numeric, numeric, numeric),
    margin_calib.parameter_rates(margin_calib.parameter), margin_calib.calibration_rates(margin_calib.engine_calibration),
    margin_calib.relative_change(numeric, numeric), margin_calib.rate_change(numeric[], numeric[]),
    margin_calib.same_published(margin_calib.parameter, margin_calib.engine_calibration),
    margin_calib.decide(margin_calib.engine_calibration[], timestamptz),
    margin_calib.override_state_at(margin_calib.parameter, timestamptz), margin_calib.due_overrides(timestamptz) FROM PUBLIC;
