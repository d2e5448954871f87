-- Why a rate is what it is: from the evidence that stands beside a parameter to the rate in force, a row for each
-- step, in the order of doc/calibration.md. Numbers that were computed in double precision are computed here in
-- the same order, so that a step which does not give what is stored says so.

CREATE OR REPLACE FUNCTION margin_calib.parameters_in_force(instruments text[]) RETURNS SETOF margin_calib.parameter
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 100
BEGIN ATOMIC
    SELECT p.* FROM margin_calib.parameter AS p
     WHERE p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL
       AND (parameters_in_force.instruments IS NULL OR p.instrument = ANY (parameters_in_force.instruments));
END;
COMMENT ON FUNCTION margin_calib.parameters_in_force(text[]) IS
'Internal: the calibrations in force of the instruments, of all for NULL; an override may stand above one.';

CREATE OR REPLACE FUNCTION margin_calib.explained(
    side text, item text, figure double precision, unit text, arithmetic text, note text) RETURNS margin_calib.margin_explanation
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- through its text, which has the digits that a cast to numeric leaves out
    SELECT ROW(NULL::integer, side, item, figure::text::numeric, unit, arithmetic, note)::margin_calib.margin_explanation;
END;
COMMENT ON FUNCTION margin_calib.explained(text, text, double precision, text, text, text) IS
'Internal to explain_margin: a row; with extra_float_digits = 1 the figure has all its bits.';

CREATE OR REPLACE FUNCTION margin_calib.explained_rate(
    side text, item text, figure numeric, unit text, arithmetic text, note text) RETURNS margin_calib.margin_explanation
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW(NULL::integer, side, item, figure, unit, arithmetic, note)::margin_calib.margin_explanation;
END;
COMMENT ON FUNCTION margin_calib.explained_rate(text, text, numeric, text, text, text) IS
'Internal to explain_margin: a row with a decimal figure.';

CREATE OR REPLACE FUNCTION margin_calib.follows(stored numeric, recomputed numeric, note text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT nullif(concat_ws('; ', note, CASE WHEN stored IS DISTINCT FROM recomputed THEN
        format('DOES NOT FOLLOW: the arithmetic gives %s', coalesce(recomputed::text, 'nothing')) END), '');
END;
COMMENT ON FUNCTION margin_calib.follows(numeric, numeric, text) IS
'Internal to the explain functions: the note of a step, with a warning when its arithmetic does not give what is stored.';

CREATE OR REPLACE FUNCTION margin_calib.follows(stored double precision, recomputed double precision, note text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.follows(stored::text::numeric, recomputed::text::numeric, note);
END;
COMMENT ON FUNCTION margin_calib.follows(double precision, double precision, text) IS
'Internal to explain_margin: the same of double precision.';

CREATE OR REPLACE FUNCTION margin_calib.path_starts(path margin_calib.margin_path) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT coalesce((path).before_ts IS NULL OR (path).before_anew OR (path).anew, true);
END;
COMMENT ON FUNCTION margin_calib.path_starts(margin_calib.margin_path) IS
'Internal to explain_margin: was the rate of the latest bar that of the start of a path, without a memory?';

CREATE OR REPLACE FUNCTION margin_calib.explained_sides(
    parameter margin_calib.parameter, policy margin_calib.margin_policy, latest margin_calib.margin_path)
    RETURNS SETOF margin_calib.engine_explained_side
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 2
BEGIN ATOMIC
    SELECT s.name, s.value_at_risk, s.expected_shortfall, CASE WHEN k.is_es THEN s.expected_shortfall ELSE s.value_at_risk END,
           s.stressed_es, CASE WHEN k.is_es THEN s.stressed_es END, s.floor, s.core, s.buffer_used, s.unrounded, s.term, s.before_rate,
           s.day_rate, s.bar_loss, s.latest
      FROM (VALUES
            (1, 'long', (parameter).long_value_at_risk, (parameter).long_expected_shortfall, (parameter).long_stressed_es, (parameter).long_floor,
             (parameter).long_core, (parameter).long_buffer_used, (parameter).long_unrounded, (parameter).long_binding_term,
             ((parameter).path).before_long_rate, ((parameter).path).long_day_rate,
             1 - ((parameter).path).price / ((parameter).path).before_price, (latest).long_rate),
            (2, 'short', (parameter).short_value_at_risk, (parameter).short_expected_shortfall, (parameter).short_stressed_es,
                (parameter).short_floor,
             (parameter).short_core, (parameter).short_buffer_used, (parameter).short_unrounded, (parameter).short_binding_term,
             ((parameter).path).before_short_rate, ((parameter).path).short_day_rate,
             ((parameter).path).price / ((parameter).path).before_price - 1, (latest).short_rate))
           AS s (place, name, value_at_risk, expected_shortfall, stressed_es, floor, core, buffer_used, unrounded, term, before_rate, day_rate,
               bar_loss, latest)
     CROSS JOIN LATERAL (SELECT (policy).measure = 'expected_shortfall') AS k (is_es)
     ORDER BY s.place;
END;
COMMENT ON FUNCTION margin_calib.explained_sides(margin_calib.parameter, margin_calib.margin_policy, margin_calib.margin_path) IS
'Internal to explain_margin: the evidence of a parameter, a row for each side. Of a stressed window only the expected shortfall is stored.';

-- ---- rows ----

CREATE OR REPLACE FUNCTION margin_calib.explain_series(
    parameter margin_calib.parameter, policy margin_calib.margin_policy, relation text) RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 20
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN QUERY
        SELECT NULL::integer, NULL::text, v.item, v.figure::numeric, v.unit, v.arithmetic, v.note
          FROM (VALUES
                ('prices', parameter.returns + 1, 'prices', NULL,
                 format('of %s, from %s to %s, each %s; the last is %s', coalesce(relation, 'a feed that is detached'), parameter.first_ts,
                        parameter.last_ts, coalesce(parameter.bar_interval::text, 'alone'), parameter.last_price)),
                ('rejected rows', parameter.rejected, 'rows', NULL, 'without a usable ts or price; they do not count'),
                ('duplicates', parameter.duplicates, 'prices', NULL, 'left out: another price of the same ts counts'),
                ('restarts', parameter.restarts, 'steps', NULL,
                 format('longer than %s: what lies before the last is not used',
                        coalesce(policy.restart_gap::text, 'any, as the policy has no restart_gap'))),
                ('returns', parameter.returns, 'returns', format('%s - 1', parameter.returns + 1), 'log returns of consecutive prices'),
                ('gaps', parameter.gaps, 'steps', NULL, 'longer than 1.5 bar intervals; their returns count'),
                ('repeated prices', parameter.stale, 'prices', NULL, 'equal to the one before; their returns of zero count'),
                ('idle bars', parameter.idle, 'bars', NULL,
                 format('since the price last moved; dead after %s', coalesce(policy.dead_after::text, 'any number: never'))),
                ('jumps', parameter.jumps, 'returns', NULL,
                 CASE WHEN policy.jump_bound IS NULL THEN 'the policy has no jump_bound'
                      ELSE format('beyond %s; they count%s', policy.jump_bound, '; the latest at ' || parameter.last_jump_ts) END),
                ('returns used', parameter.returns_used, 'returns',
                 CASE WHEN policy.lookback_time IS NULL THEN format('min(%s, %s)', parameter.returns, policy.lookback) END,
                 'the lookback' || CASE WHEN policy.lookback_time IS NULL THEN ''
                                       ELSE format(': at most %s, within %s of the last bar', policy.lookback, policy.lookback_time) END))
               AS v (item, figure, unit, arithmetic, note);
    IF parameter.proxy IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(NULL, 'borrowed returns', parameter.borrowed_returns, 'returns', NULL,
            format('of the returns used, from %s, log returns times %s; the prices before its own first bar are made from them',
                   parameter.proxy, parameter.proxy_multiplier));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_series(margin_calib.parameter, margin_calib.margin_policy, text) IS
'Internal to explain_margin: rows of the prices and what is wrong with them.';

CREATE OR REPLACE FUNCTION margin_calib.explain_model(parameter margin_calib.parameter, policy margin_calib.margin_policy)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 5
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN NEXT margin_calib.explained(NULL, 'model', NULL, NULL, NULL,
        coalesce(parameter.model, 'no alternative answers') || coalesce('; before it ' || parameter.model_reason, '')
        || format('; the chain of the policy is %s', policy.model));
    IF parameter.vol IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(NULL, 'vol', parameter.vol, 'a bar', NULL,
            format('of the model, from the prices to %s; not annualised', parameter.last_ts));
    END IF;
    IF parameter.fallback THEN
        RETURN NEXT margin_calib.explained(NULL, 'fallback', policy.fallback_rate, 'fraction of notional', NULL,
            format('the policy''s fallback_rate holds at least: %s', parameter.fallback_reason));
    END IF;
    IF parameter.stress_from IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(NULL, 'stressed window', policy.stress_window, 'returns', NULL,
            format('at most, of the largest sum of squared returns in the whole history: from %s to %s', parameter.stress_from, parameter.stress_to));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_model(margin_calib.parameter, margin_calib.margin_policy) IS
'Internal to explain_margin: rows of the model, the fallback and the stressed window.';

CREATE OR REPLACE FUNCTION margin_calib.explain_core(side margin_calib.engine_explained_side, policy margin_calib.margin_policy)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 7
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unit    CONSTANT text := 'fraction of notional';
    measure CONSTANT text := replace(policy.measure, '_', ' ');
    weight  CONSTANT double precision := policy.stress_weight;
    floor   CONSTANT double precision := CASE WHEN policy.floor_lookback > 0 THEN side.floor END;
    blend   double precision;
BEGIN
    IF side.core IS NULL THEN
        RETURN NEXT margin_calib.explained(side.name, 'core', NULL, unit, NULL, 'none: no alternative of the model answers');
        RETURN;
    END IF;
    RETURN NEXT margin_calib.explained(side.name, 'value at risk', side.value_at_risk, unit, NULL,
        format('loss over %s bars at confidence %s: the model, on the returns used', policy.horizon, policy.confidence));
    RETURN NEXT margin_calib.explained(side.name, 'expected shortfall', side.expected_shortfall, unit, NULL,
        'mean loss beyond the same confidence: the model, on the returns used');
    RETURN NEXT margin_calib.explained(side.name, 'tail', side.tail, unit, side.tail::text, 'the measure of the policy is the ' || measure);
    IF weight > 0 THEN
        RETURN NEXT margin_calib.explained(side.name, 'stress', side.stressed, unit, NULL,
            CASE WHEN side.stressed IS NULL THEN
                      format('%s in the stressed window: not stored; the expected shortfall there is %s', measure, side.stressed_es)
                 ELSE measure || ' of the unfiltered losses in the stressed window' END);
        -- equal terms have no weighted sum, whose rounding might differ from them
        blend := CASE WHEN side.stressed = side.tail THEN side.tail
                      WHEN side.stressed IS NOT NULL THEN (1 - weight) * side.tail + weight * side.stressed
                      WHEN side.core > greatest(side.tail, floor) THEN side.core END;
        RETURN NEXT margin_calib.explained(side.name, 'weighted stress', blend, unit,
            CASE WHEN side.stressed = side.tail THEN side.tail::text
                 WHEN side.stressed IS NOT NULL THEN format('(1 - %1$s) * %2$s + %1$s * %3$s', weight, side.tail, side.stressed) END,
            CASE WHEN side.stressed IS NULL THEN format('%s * stress + %s * tail: cannot be recomputed from what is stored; it is %s',
                                                        weight, 1 - weight,
                                                        CASE WHEN blend IS NULL THEN 'not above the core' ELSE 'the core' END) END);
    END IF;
    IF floor IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(side.name, 'floor', floor, unit, NULL,
            format('%s of the unfiltered losses of the last %s returns at most', measure, policy.floor_lookback));
    END IF;
    RETURN NEXT margin_calib.explained(side.name, 'core', side.core, unit, format('max(%s)', concat_ws(', ', side.tail, blend, floor)),
        margin_calib.follows(side.core, greatest(side.tail, blend, floor), NULL));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_core(margin_calib.engine_explained_side, margin_calib.margin_policy) IS
'Internal to explain_margin: rows from the measures of one side to its core.';

CREATE OR REPLACE FUNCTION margin_calib.explain_start(
    side margin_calib.engine_explained_side, policy margin_calib.margin_policy, fallback boolean)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 4
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unit     CONSTANT text := 'fraction of notional';
    b        CONSTANT double precision := policy.buffer;
    minimum  CONSTANT double precision := policy.minimum_rate;
    maximum  CONSTANT double precision := policy.maximum_rate;
    -- the long-run level: stored as the floor, else known only as far as buffer_used tells
    level    CONSTANT double precision := CASE WHEN policy.floor_lookback > 0 THEN side.floor END;
    least_rate CONSTANT double precision := CASE WHEN fallback THEN policy.fallback_rate END;
    buffered double precision := side.core;
    formula  text;
BEGIN
    IF b > 0 AND side.core IS NOT NULL THEN
        formula := format('max(%1$s, (1 + %2$s) * min(%1$s, %3$s))', side.core, b, level);
        IF level IS NOT NULL THEN
            buffered := greatest(side.core, (1 + b) * least(side.core, level));
        ELSIF side.buffer_used = 0 THEN
            buffered := (1 + b) * side.core;
            formula := format('(1 + %s) * %s', b, side.core);
        ELSIF coalesce(side.buffer_used, 1) = 1 THEN
            formula := side.core::text;
        ELSE
            buffered := CASE WHEN NOT fallback AND side.unrounded > minimum AND side.unrounded < maximum THEN side.unrounded END;
            formula := NULL;
        END IF;
        RETURN NEXT margin_calib.explained(side.name, 'buffered', buffered, unit, formula,
            CASE WHEN level IS NULL
                THEN format('max(core, (1 + %s) min(core, R)): R, the measure of the unfiltered losses of the lookback, is not stored; %s',
                                                b, CASE WHEN side.buffer_used = 0 THEN 'the core is not above it'
                                                        WHEN formula IS NOT NULL THEN 'the buffer is used up'
                                                        ELSE 'with a part of the buffer used this cannot be recomputed' END)
                 ELSE 'at the start of a path the buffer stands on the core as far as that is not above the floor' END);
        IF side.buffer_used IS NOT NULL THEN
            RETURN NEXT margin_calib.explained(side.name, 'buffer used', side.buffer_used, 'share of the buffer',
                CASE WHEN side.core <= level OR side.buffer_used = 0 THEN '0' WHEN buffered = side.core THEN '1'
                     ELSE format('1 - (%s / %s - 1) / %s', buffered, side.core, b) END,
                margin_calib.follows(side.buffer_used, CASE WHEN side.core <= level OR level IS NULL AND side.buffer_used = 0 THEN 0
                     WHEN buffered = side.core THEN 1 WHEN buffered IS NULL THEN side.buffer_used
                     ELSE 1 - (buffered / side.core - 1) / b END, NULL));
        END IF;
    END IF;
    RETURN NEXT margin_calib.explained(side.name, 'rate before rounding', side.unrounded, unit,
        format('min(max(%s), %s)', concat_ws(', ', least_rate, buffered, minimum), maximum),
        margin_calib.follows(side.unrounded, least(greatest(least_rate, buffered, minimum), maximum),
            'the start of a path: nothing remembers a rate before'
            || CASE WHEN fallback THEN '; a fallback asks for the fallback_rate at least' ELSE '' END));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_start(margin_calib.engine_explained_side, margin_calib.margin_policy, boolean) IS
'Internal to explain_margin: rows from the core of one side to its rate before rounding, where no rate before is remembered.';

CREATE OR REPLACE FUNCTION margin_calib.rate_limit(rate double precision, rise double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- a rate of zero has no multiple; a rise beyond 1e300 limits no rate, and would overflow
    SELECT CASE WHEN rate > 0 THEN rate * (1 + least(rise, 1e300)) END WHERE rise IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.rate_limit(double precision, double precision) IS
'Internal to explain_margin: how far a rate may rise; NULL for no limit.';

CREATE OR REPLACE FUNCTION margin_calib.explain_path(
    side margin_calib.engine_explained_side, policy margin_calib.margin_policy, path margin_calib.margin_path)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unit      CONSTANT text := 'fraction of notional';
    b         CONSTANT double precision := policy.buffer;
    was       CONSTANT double precision := side.before_rate;
    step_high CONSTANT double precision := margin_calib.rate_limit(was, policy.rise_per_step);
    day_high  CONSTANT double precision := margin_calib.rate_limit(side.day_rate, policy.rise_per_day);
    breach    CONSTANT boolean := side.bar_loss > was AND policy.rise_after_breach > 0;
    bottom    CONSTANT double precision := side.day_rate * (1 - coalesce(policy.fall_per_day, 1));
    target    double precision := side.core;
    formula   text := side.core::text;
    ceiling   double precision;
    limited   double precision;
BEGIN
    RETURN NEXT margin_calib.explained(side.name, 'rate of the bar before', was, unit, NULL, format('before rounding, at %s', path.before_ts));
    IF policy.rise_per_day IS NOT NULL OR policy.fall_per_day IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(side.name, 'rate of the day before', side.day_rate, unit, NULL,
            'before rounding, of the last bar of an earlier UTC day, or of the bar that started the path');
    END IF;
    IF b > 0 THEN
        target := least(greatest(was + CASE WHEN policy.buffer_recovery > 0 THEN b * side.core / policy.buffer_recovery ELSE 0 END, side.core),
            (1 + b) * side.core);
        formula := format('min(max(%1$s%2$s, %3$s), (1 + %4$s) * %3$s)', was,
                          CASE WHEN policy.buffer_recovery > 0 THEN format(' + %s * %s / %s', b, side.core, policy.buffer_recovery) END,
                          side.core, b);
    END IF;
    RETURN NEXT margin_calib.explained(side.name, 'target', target, unit, formula,
        CASE WHEN b > 0 THEN 'the buffer is used before the rate rises, and recovers' ELSE 'the core' END);
    IF policy.rise_after_breach IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(side.name, 'loss of the bar', side.bar_loss, unit,
            format(CASE side.name WHEN 'long' THEN '1 - %s / %s' ELSE '%s / %s - 1' END, path.price, path.before_price),
            CASE WHEN breach THEN 'above the rate of the bar before: a breach' ELSE 'not above the rate of the bar before: no breach' END);
    END IF;
    IF coalesce(step_high, day_high) IS NOT NULL THEN
        ceiling := greatest(was, least(step_high, day_high), CASE WHEN breach THEN was * (1 + policy.rise_after_breach) END);
        RETURN NEXT margin_calib.explained(side.name, 'ceiling', ceiling, unit,
            format('max(%s, min(%s)%s)', was,
                   concat_ws(', ', CASE WHEN step_high IS NOT NULL THEN format('%s * (1 + %s)', was, policy.rise_per_step) END,
                                   CASE WHEN day_high IS NOT NULL THEN format('%s * (1 + %s)', side.day_rate, policy.rise_per_day) END),
                   CASE WHEN breach THEN format(', %s * (1 + %s)', was, policy.rise_after_breach) END),
            'limits of speed upwards');
    END IF;
    IF policy.fall_per_day IS NOT NULL THEN
        RETURN NEXT margin_calib.explained(side.name, 'bottom', bottom, unit, format('%s * (1 - %s)', side.day_rate, policy.fall_per_day),
            'limit of speed downwards');
    END IF;
    limited := greatest(least(target, ceiling), bottom);
    RETURN NEXT margin_calib.explained(side.name, 'limited', limited, unit,
        format('max(min(%s), %s)', concat_ws(', ', target, ceiling), bottom), NULL);
    RETURN NEXT margin_calib.explained(side.name, 'rate before rounding', side.unrounded, unit,
        format('min(max(%s, %s), %s)', limited, policy.minimum_rate, policy.maximum_rate),
        margin_calib.follows(side.unrounded, least(greatest(limited, policy.minimum_rate), policy.maximum_rate),
                             format('a step of the path, at %s', path.ts)));
    IF b > 0 AND side.core > 0 THEN
        RETURN NEXT margin_calib.explained(side.name, 'buffer used', side.buffer_used, 'share of the buffer',
            format('min(max(1 - (%s / %s - 1) / %s, 0), 1)', side.unrounded, side.core, b),
            margin_calib.follows(side.buffer_used, least(greatest(1 - (side.unrounded / side.core - 1) / b, 0), 1), NULL));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_path(margin_calib.engine_explained_side, margin_calib.margin_policy, margin_calib.margin_path) IS
'Internal to explain_margin: rows from the core of one side to its rate before rounding, by a step of its path.';

-- ---- publication ----

CREATE OR REPLACE FUNCTION margin_calib.published_steps(rate double precision, policy margin_calib.margin_policy) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT least(ceil(margin_calib.significant(rate / (policy).rounding_step)), round((policy).maximum_rate / (policy).rounding_step)::numeric);
END;
COMMENT ON FUNCTION margin_calib.published_steps(double precision, margin_calib.margin_policy) IS
'Internal to explain_margin: rounding steps of a published rate: the quotient, first rounded to 12 significant digits, rounded up, at most maximum_rate.';

CREATE OR REPLACE FUNCTION margin_calib.explain_rounding(side margin_calib.engine_explained_side, policy margin_calib.margin_policy)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50 ROWS 6
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    step    CONSTANT numeric := policy.rounding_step::numeric;
    wanted  record;
BEGIN
    RETURN NEXT margin_calib.explained(side.name, 'binding term', NULL, NULL, NULL,
        format('%s decided the rate', coalesce(side.binding_term, 'nothing that is stored')));
    FOR wanted IN
        SELECT m.name, m.rate, margin_calib.published_steps(m.rate, policy) AS steps
          FROM (VALUES (1, 'initial', side.unrounded), (2, 'maintenance', policy.maintenance_ratio * side.unrounded)) AS m (place, name, rate)
         ORDER BY m.place LOOP
        IF wanted.name = 'maintenance' THEN
            RETURN NEXT margin_calib.explained(side.name, 'maintenance before rounding', wanted.rate, 'fraction of notional',
                format('%s * %s', policy.maintenance_ratio, side.unrounded), 'the maintenance_ratio of the rate before rounding');
        END IF;
        RETURN NEXT margin_calib.explained_rate(side.name, wanted.name || ' steps', wanted.steps, 'steps of ' || step,
            format('min(ceil(%s / %s), %s)', wanted.rate, policy.rounding_step, round(policy.maximum_rate / policy.rounding_step)),
            'the quotient is first rounded to 12 significant digits');
        RETURN NEXT margin_calib.explained_rate(side.name, wanted.name || ' rate', wanted.steps * step, 'fraction of notional',
            format('%s * %s', wanted.steps, step), 'of this side by itself, in decimals');
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_rounding(margin_calib.engine_explained_side, margin_calib.margin_policy) IS
'Internal to explain_margin: rows from the rate before rounding to the published rates of one side.';

CREATE OR REPLACE FUNCTION margin_calib.explain_in_force(
    sides margin_calib.engine_explained_side[], policy margin_calib.margin_policy, parameter margin_calib.parameter)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE sql STABLE PARALLEL SAFE COST 250 ROWS 6
BEGIN ATOMIC
    WITH own AS MATERIALIZED (
        SELECT m.place, m.name AS margin, s.name AS side, margin_calib.published_steps(m.rate, policy) * (policy).rounding_step::numeric AS rate
          FROM unnest(sides) AS s
         CROSS JOIN LATERAL (VALUES (1, 'initial', s.unrounded), (2, 'maintenance', (policy).maintenance_ratio * s.unrounded))
               AS m (place, name, rate)),
    stored AS (
        SELECT v.*, v.side IS NULL OR (parameter).symmetric_rates AS is_larger
          FROM (VALUES (1, 1, NULL, (parameter).initial_rate), (2, 1, NULL, (parameter).maintenance_rate),
                       (1, 2, 'long', (parameter).long_initial_rate), (2, 2, 'long', (parameter).long_maintenance_rate),
                       (1, 3, 'short', (parameter).short_initial_rate), (2, 3, 'short', (parameter).short_maintenance_rate))
               AS v (margin, place, side, rate)),
    found AS (
        SELECT s.margin, s.place, s.side, s.is_larger, s.rate, min(o.margin) AS name,
               string_agg(o.rate::text, ', ' ORDER BY o.side) AS terms, max(o.rate) AS recomputed
          FROM stored AS s JOIN own AS o ON o.place = s.margin AND (s.is_larger OR o.side = s.side)
         GROUP BY s.margin, s.place, s.side, s.is_larger, s.rate)
    SELECT margin_calib.explained_rate(f.side, format('%s rate in force', f.name), f.rate, 'fraction of notional',
               CASE WHEN f.is_larger THEN format('max(%s)', f.terms) ELSE f.terms END,
               margin_calib.follows(f.rate, f.recomputed,
                   CASE WHEN f.side IS NULL THEN 'the larger of both sides'
                        WHEN f.is_larger THEN 'the policy charges the larger rate to both sides' END))
      FROM found AS f ORDER BY f.margin, f.place;
END;
COMMENT ON FUNCTION margin_calib.explain_in_force(margin_calib.engine_explained_side[], margin_calib.margin_policy, margin_calib.parameter) IS
'Internal to explain_margin: rows from the published rates of the sides to those in force.';

CREATE OR REPLACE FUNCTION margin_calib.explain_latest(
    sides margin_calib.engine_explained_side[], policy margin_calib.margin_policy, parameter margin_calib.parameter, known margin_calib.instrument)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 250 ROWS 3
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    agrees CONSTANT boolean := parameter.initial_rate
        = (SELECT max(margin_calib.published_steps(s.latest_unrounded, policy)) * policy.rounding_step::numeric FROM unnest(sides) AS s);
    reason text;
BEGIN
    IF known.path_policy = parameter.policy AND known.path_policy_version = parameter.policy_version THEN
        RETURN QUERY
            SELECT e.*
              FROM unnest(sides) AS s
             CROSS JOIN LATERAL margin_calib.explained(
                       s.name, 'latest rate before rounding', s.latest_unrounded, 'fraction of notional', NULL,
                       format('of the latest refresh, with prices to %s; with the other side it rounds to %s', known.data_through,
                              CASE WHEN agrees THEN 'the rate in force' ELSE 'another rate than the one in force' END)) AS e
             WHERE s.latest_unrounded IS NOT NULL;
    END IF;
    SELECT m.stale_reason INTO reason FROM margin_calib.margin_parameter AS m WHERE m.instrument = known.instrument;
    RETURN NEXT margin_calib.explained(NULL, 'staleness', NULL, NULL, NULL, coalesce('stale: ' || reason, 'not stale'));
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_latest(
    margin_calib.engine_explained_side[], margin_calib.margin_policy, margin_calib.parameter, margin_calib.instrument) IS
'Internal to explain_margin: rows of what the latest refresh found, and whether it is out of date.';

CREATE OR REPLACE FUNCTION margin_calib.explain_parameter(
    known margin_calib.instrument, parameter margin_calib.parameter, policy margin_calib.margin_policy)
    RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 60
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    relation CONSTANT text := (
        SELECT coalesce(c.oid::regclass::text, f.relation_name)
          FROM margin_calib.feed AS f LEFT JOIN pg_class AS c ON c.oid = f.relation WHERE f.id = known.price_feed);
    sides    CONSTANT margin_calib.engine_explained_side[] :=
        ARRAY(SELECT s FROM margin_calib.explained_sides(parameter, policy, known.path) AS s);
    side     margin_calib.engine_explained_side;
BEGIN
    RETURN NEXT margin_calib.explained(NULL, 'parameter', parameter.id, 'parameter_id', NULL,
        format('in force since %s; the evidence below is of then', parameter.valid_from));
    RETURN NEXT margin_calib.explained(NULL, 'policy', parameter.policy_version, 'version', NULL,
        format('of policy %s, %s', parameter.policy, CASE WHEN known.policy_is_automatic THEN 'from the feed' ELSE 'given by set_instrument' END));
    IF policy IS NULL THEN
        RETURN NEXT margin_calib.explained(NULL, 'initial rate in force', parameter.initial_rate, 'fraction of notional', NULL,
            'this version of the policy is not stored');
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM margin_calib.explain_series(parameter, policy, relation);
    RETURN QUERY SELECT * FROM margin_calib.explain_model(parameter, policy);
    FOREACH side IN ARRAY sides LOOP
        RETURN QUERY SELECT * FROM margin_calib.explain_core(side, policy);
        IF parameter.fallback OR margin_calib.path_starts(parameter.path) THEN
            RETURN QUERY SELECT * FROM margin_calib.explain_start(side, policy, parameter.fallback);
        ELSE
            RETURN QUERY SELECT * FROM margin_calib.explain_path(side, policy, parameter.path);
        END IF;
        RETURN QUERY SELECT * FROM margin_calib.explain_rounding(side, policy);
    END LOOP;
    RETURN QUERY SELECT * FROM margin_calib.explain_in_force(sides, policy, parameter);
    RETURN QUERY SELECT * FROM margin_calib.explain_latest(sides, policy, parameter, known);
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_parameter(margin_calib.instrument, margin_calib.parameter, margin_calib.margin_policy) IS
'Internal to explain_margin: the rows of an instrument whose parameter is in force.';

CREATE OR REPLACE FUNCTION margin_calib.explain_decisions(instrument text) RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE sql STABLE PARALLEL SAFE COST 250 ROWS 4
BEGIN ATOMIC
    SELECT NULL::integer, NULL::text, e.item, e.figure, 'of notional', NULL::text,
           format('%s by %s, proposal %s; %s', CASE p.state WHEN 'open' THEN 'proposed' ELSE 'approved' END, coalesce(p.decided_by, p.author), p.id,
                  CASE WHEN p.kind = 'override' THEN format('charged in the place of the calibrated rate until %s: %s', v.valid_to, p.reason)
                       ELSE format('waits for approval until %s: a change of %s %%', p.expires_at, round((100 * p.change)::numeric, 1)) END)
      FROM margin_calib.proposal AS p
      JOIN margin_calib.parameter AS v ON v.id = p.parameter_id
     CROSS JOIN LATERAL (VALUES
           (CASE p.kind WHEN 'override' THEN 'override initial rate' ELSE 'proposed initial rate' END, v.initial_rate),
           (CASE p.kind WHEN 'override' THEN 'override maintenance rate' ELSE 'proposed maintenance rate' END, v.maintenance_rate)) AS e (item, figure)
     WHERE p.instrument = explain_decisions.instrument
       AND (v.override_state = 'running' OR p.kind = 'calibration' AND p.state = 'open')
     ORDER BY p.kind DESC, e.item;
END;
COMMENT ON FUNCTION margin_calib.explain_decisions(text) IS
'Internal to explain_margin: rows of an override that is charged, and of a calibration that waits for approval.';

CREATE OR REPLACE FUNCTION margin_calib.explain_margin(instrument text) RETURNS SETOF margin_calib.margin_explanation
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000 ROWS 60
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    known     margin_calib.instrument;
    parameter margin_calib.parameter;
BEGIN
    PERFORM margin_calib.check_known(ARRAY[explain_margin.instrument]);
    SELECT i.* INTO known FROM margin_calib.instrument AS i WHERE i.instrument = explain_margin.instrument;
    SELECT p.* INTO parameter FROM margin_calib.parameters_in_force(ARRAY[explain_margin.instrument]) AS p;
    IF parameter.id IS NULL THEN
        RETURN NEXT ROW(1, NULL, 'parameter', NULL, NULL, NULL,
                        format('none is in force: %s', coalesce(known.stale_reason, 'no refresh has seen a price')))::margin_calib.margin_explanation;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT (row_number() OVER (ORDER BY e.part, e.number))::integer, e.side, e.item, e.figure, e.unit, e.arithmetic, e.note
          FROM (SELECT 1 AS part, c.ordinality AS number, c.side, c.item, c.figure, c.unit, c.arithmetic, c.note
                  FROM margin_calib.explain_parameter(known, parameter, margin_calib.policy(parameter.policy, parameter.policy_version))
                       WITH ORDINALITY AS c
                UNION ALL
                SELECT 2, d.ordinality, d.side, d.item, d.figure, d.unit, d.arithmetic, d.note
                  FROM margin_calib.explain_decisions(explain_margin.instrument) WITH ORDINALITY AS d) AS e;
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_margin(text) IS
'The arithmetic from prices to the rates of an instrument in force, as of the refresh that put them there, a row a step: the series and what is wrong with it, the model, and for each side its measures, core, buffer, limits of speed, the rate before rounding, what decided it, and the published rates. figure is exact, and arithmetic gives it in double precision (decimals where the note says so) from the figures above; a step that does not give what is stored says DOES NOT FOLLOW. Losses are positive, rates fractions of notional. An instrument without a rate has one row that says why; NULL gives none. Error 42704 for an instrument that is not known. doc/explain.md.';

-- ---- as lines ----

CREATE OR REPLACE FUNCTION margin_calib.wrapped(content text, width integer) RETURNS SETOF text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 50 ROWS 2
BEGIN ATOMIC
    -- at spaces, and in a word that is longer than a line
    SELECT rtrim(m.line[1])
      FROM regexp_matches(regexp_replace(content, '[[:cntrl:]]', ' ', 'g'),
                          format('.{1,%1$s}(?:\s+|$)|\S{%1$s}', width), 'g') WITH ORDINALITY AS m (line, number)
     ORDER BY m.number;
END;
COMMENT ON FUNCTION margin_calib.wrapped(text, integer) IS
'Internal: a text as lines of at most so many characters.';

CREATE OR REPLACE FUNCTION margin_calib.explanation_lines(
    step integer, label text, item text, figure numeric, unit text, arithmetic text, note text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT string_agg(CASE WHEN b.number = 1 THEN rpad(format('%4s  %s', step, rpad(label, 12) || item), 48) ELSE repeat(' ', 48) END
                      || b.line, E'\n' ORDER BY b.number)
      FROM (SELECT row_number() OVER (ORDER BY t.place, w.number) AS number, w.line
              FROM (VALUES (1, nullif(concat_ws(' ', figure::text, unit), '')), (2, '= ' || arithmetic), (3, note)) AS t (place, content)
             CROSS JOIN LATERAL margin_calib.wrapped(t.content, 72) WITH ORDINALITY AS w (line, number)) AS b;
END;
COMMENT ON FUNCTION margin_calib.explanation_lines(integer, text, text, numeric, text, text, text) IS
'Internal: a row of an explanation as lines of at most 120 characters.';

CREATE OR REPLACE FUNCTION margin_calib.explain_margin_text(instrument text) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN (SELECT (SELECT string_agg(h.line, E'\n' ORDER BY h.number)
                      FROM margin_calib.wrapped('Margin rates of ' || explain_margin_text.instrument, 120) WITH ORDINALITY AS h (line, number))
                   || E'\n' || string_agg(margin_calib.explanation_lines(e.step, coalesce(e.side, ''), e.item, e.figure, e.unit, e.arithmetic, e.note),
                                          E'\n' ORDER BY e.step)
              FROM margin_calib.explain_margin(explain_margin_text.instrument) AS e);
END
$function$;
COMMENT ON FUNCTION margin_calib.explain_margin_text(text) IS
'The rows of explain_margin as one text of aligned lines, at most 120 characters wide, to be read or filed. NULL gives NULL; error 42704 for an instrument that is not known.';

REVOKE ALL ON FUNCTION
    margin_calib.parameters_in_force(text[]), margin_calib.explain_decisions(text),
    margin_calib.explained(text, text, double precision, text, text, text), margin_calib.explained_rate(text, text, numeric, text, text, text),
    margin_calib.follows(numeric, numeric, text), margin_calib.follows(double precision, double precision, text),
    margin_calib.path_starts(margin_calib.margin_path),
    margin_calib.explained_sides(margin_calib.parameter, margin_calib.margin_policy, margin_calib.margin_path),
    margin_calib.explain_series(margin_calib.parameter, margin_calib.margin_policy, text),
    margin_calib.explain_model(margin_calib.parameter, margin_calib.margin_policy),
    margin_calib.explain_core(margin_calib.engine_explained_side, margin_calib.margin_policy),
    margin_calib.explain_start(margin_calib.engine_explained_side, margin_calib.margin_policy, boolean),
    margin_calib.rate_limit(double precision, double precision),
    margin_calib.explain_path(margin_calib.engine_explained_side, margin_calib.margin_policy, margin_calib.margin_path),
    margin_calib.published_steps(double precision, margin_calib.margin_policy),
    margin_calib.explain_rounding(margin_calib.engine_explained_side, margin_calib.margin_policy),
    margin_calib.explain_in_force(margin_calib.engine_explained_side[], margin_calib.margin_policy, margin_calib.parameter),
    margin_calib.explain_latest(margin_calib.engine_explained_side[], margin_calib.margin_policy, margin_calib.parameter, margin_calib.instrument),
    margin_calib.explain_parameter(margin_calib.instrument, margin_calib.parameter, margin_calib.margin_policy),
    margin_calib.explain_margin(text), margin_calib.wrapped(text, integer),
    margin_calib.explanation_lines(integer, text, text, numeric, text, text, text), margin_calib.explain_margin_text(text) FROM PUBLIC;
