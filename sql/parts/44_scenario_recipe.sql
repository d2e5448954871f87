-- Recipes of scenario sets: written by a user, and made anew from prices by recalibrate.

-- ---- what is stored ----

CREATE OR REPLACE FUNCTION margin_calib.forget_built_sets(name text, keep integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    old integer;
BEGIN
    FOR old IN SELECT u.version FROM margin_calib.user_scenario_set AS u WHERE u.name = forget_built_sets.name AND u.is_built
                ORDER BY u.version DESC OFFSET forget_built_sets.keep LOOP
        PERFORM margin_calib.audit_guard('scenario_set', forget_built_sets.name || ' ' || old);
        DELETE FROM margin_calib.user_scenario_set AS u WHERE u.name = forget_built_sets.name AND u.version = old;
        PERFORM margin_calib.audit_change('scenario_set', forget_built_sets.name || ' ' || old,
                                          format('the recipe keeps %s of the versions that were made from prices', forget_built_sets.keep));
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.forget_built_sets(text, integer) IS
'Internal: deletes what recipes made of a scenario set but the newest versions, with an entry of the audit trail for each; what was added by hand stays.';

CREATE OR REPLACE FUNCTION margin_calib.store_recipe(recipe margin_calib.scenario_recipe, content jsonb, data_through timestamptz, reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    version integer;
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('scenario_recipe', recipe.name);
    DELETE FROM margin_calib.scenario_recipe AS r WHERE r.name = recipe.name;
    INSERT INTO margin_calib.scenario_recipe (name, kind, arguments, law, method, keep, built_at)
    VALUES (recipe.name, recipe.kind, recipe.arguments, recipe.law, recipe.method, recipe.keep, clock_timestamp());
    PERFORM margin_calib.audit_change('scenario_recipe', recipe.name, store_recipe.reason);
    version := margin_calib.store_scenario_set(recipe.name, content, data_through, store_recipe.reason);
    PERFORM margin_calib.forget_built_sets(recipe.name, recipe.keep);
    RETURN version;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_recipe(margin_calib.scenario_recipe, jsonb, timestamptz, text) IS
'Internal to add_historical_set and its like: stores a recipe with the set that it made.';

CREATE OR REPLACE FUNCTION margin_calib.store_rebuilt_set(recipe margin_calib.scenario_recipe, content jsonb, data_through timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    before integer;
BEGIN
    PERFORM margin_calib.lock_engine();
    UPDATE margin_calib.scenario_recipe AS r SET built_at = clock_timestamp(), error = NULL WHERE r.name = recipe.name AND r.set_at = recipe.set_at;
    IF NOT FOUND THEN
        RETURN false; -- it was changed or dropped while its set was made
    END IF;
    before := (SELECT max(v.version) FROM margin_calib.scenario_set_version AS v WHERE v.name = recipe.name);
    IF margin_calib.store_scenario_set(recipe.name, content, data_through, 'made anew from prices') IS NOT DISTINCT FROM before THEN
        RETURN false;
    END IF;
    PERFORM margin_calib.forget_built_sets(recipe.name, recipe.keep);
    RETURN true;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_rebuilt_set(margin_calib.scenario_recipe, jsonb, timestamptz) IS
'Internal to rebuild_scenario_sets: makes what a recipe made the version in force when it differs from the one that is; true when it did.';

CREATE OR REPLACE FUNCTION margin_calib.store_rebuild_failure(recipe margin_calib.scenario_recipe, problem text, as_of timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    UPDATE margin_calib.scenario_recipe AS r SET error = problem WHERE r.name = recipe.name AND r.set_at = recipe.set_at AND r.error IS DISTINCT FROM problem;
    IF FOUND THEN
        PERFORM margin_calib.raise_alert('scenario_set_failed', recipe.name, as_of, format('scenario set %s: %s; the version in force stays', recipe.name, problem));
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_rebuild_failure(margin_calib.scenario_recipe, text, timestamptz) IS
'Internal to rebuild_scenario_sets: says why a recipe made no set, and raises an alert when that is news.';

-- Only errors of data, limits and rights are caught, as in calibrate_or_explain: one bad set must not stop the others.
CREATE OR REPLACE FUNCTION margin_calib.rebuild_scenario_sets() RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    as_of  CONSTANT timestamptz := clock_timestamp();
    recipe margin_calib.scenario_recipe;
    made   integer := 0;
    built  record;
BEGIN
    FOR recipe IN SELECT r.* FROM margin_calib.scenario_recipe AS r ORDER BY r.name COLLATE "C" LOOP
        BEGIN
            SELECT c.content, c.data_through INTO built FROM margin_calib.recipe_content(recipe, as_of) AS c;
            IF margin_calib.store_rebuilt_set(recipe, built.content, built.data_through) THEN
                made := made + 1;
            END IF;
        EXCEPTION WHEN data_exception OR program_limit_exceeded OR syntax_error_or_access_rule_violation THEN
            PERFORM margin_calib.store_rebuild_failure(recipe, format('%s (%s)', SQLERRM, SQLSTATE), as_of);
        END;
    END LOOP;
    RETURN made;
END
$function$;
COMMENT ON FUNCTION margin_calib.rebuild_scenario_sets() IS
'Makes every scenario set that has a recipe anew from the prices of now, and returns how many new versions that gave: one for each set whose content is another. recalibrate() does it too. A set that cannot be made keeps the version in force, has its reason in margin_calib.scenario_recipe.error and an alert scenario_set_failed once for each new reason, and stops no other. Of the versions that were made from prices the newest stay, as many as the recipe keeps; the audit trail has an entry for each that is made and deleted. Needs SELECT on the attached tables. doc/scenario_sets.md.';

-- ---- what a user says ----

CREATE OR REPLACE FUNCTION margin_calib.check_recipe(recipe margin_calib.scenario_recipe, hint text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    a       CONSTANT jsonb := recipe.arguments;
    factors CONSTANT jsonb := a -> 'factors';
    unknown CONSTANT text[] := margin_calib.unknown_keys(jsonb_build_object('law', recipe.law, 'method', recipe.method), 'margin_calib.scenario_set');
    bad     record;
BEGIN
    IF coalesce(recipe.name, '') = '' OR factors IS NULL OR factors = 'null' THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a scenario set has a name and factors', HINT = hint;
    ELSIF EXISTS (SELECT FROM jsonb_each(a) AS e WHERE e.value = 'null' AND NOT (recipe.kind = 'correlation' AND e.key = 'lambda')) OR recipe.keep IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = format('%s of a scenario set is not NULL',
            coalesce((SELECT min(e.key) FROM jsonb_each(a) AS e WHERE e.value = 'null' AND NOT (recipe.kind = 'correlation' AND e.key = 'lambda')), 'keep')), HINT = hint;
    ELSIF jsonb_typeof(factors) <> 'object' OR factors = '{}' OR (SELECT count(*) FROM jsonb_object_keys(factors)) > 400 THEN
        PERFORM margin_calib.refuse_scenarios('factors are a JSON object with 1 to 400 underlyings', factors::text, hint);
    ELSIF unknown <> '{}' THEN
        PERFORM margin_calib.refuse_scenarios(format('a scenario set has no field %s', unknown[1]), NULL, 'Fields are the columns of margin_calib.shock_law, margin_method and margin_component.');
    ELSIF recipe.keep NOT BETWEEN 1 AND 10000 THEN
        PERFORM margin_calib.refuse_scenarios('keep lies between 1 and 10,000', format('The keep given is %s.', recipe.keep), 'It is how many versions that were made from prices are kept.');
    END IF;
    SELECT f.key, f.value INTO bad FROM jsonb_each(factors) AS f
     WHERE f.key = '' OR f.value = '""' OR CASE jsonb_typeof(f.value)
               WHEN 'string' THEN true
               WHEN 'number' THEN recipe.kind = 'macro'
               WHEN 'object' THEN CASE WHEN recipe.kind = 'macro' THEN true
                   ELSE recipe.kind <> 'correlation' AND jsonb_typeof(f.value -> 'price') = 'string' AND f.value ->> 'price' <> ''
                        AND (SELECT bool_and(k.key IN ('price', 'vol', 'currency') AND jsonb_typeof(k.value) = 'string' AND k.value <> '""') FROM jsonb_each(f.value) AS k) END
               ELSE false END IS NOT TRUE LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_scenarios('a factor is an underlying and the instrument that has its prices', format('What is given for %L is %s.', bad.key, bad.value), hint);
    END IF;
    SELECT n.name, n.least, n.most, (a ->> n.name)::float8 AS value INTO bad
      FROM (VALUES ('scenarios', 1, 100000), ('horizon', 1, 250), ('lookback', 20, 100000)) AS n (name, least, most)
     WHERE a ? n.name AND NOT (a ->> n.name)::float8 BETWEEN n.least AND n.most LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_scenarios(format('%s lies between %s and %s', bad.name, bad.least, bad.most), format('The number given is %s.', bad.value), hint);
    ELSIF a ->> 'lambda' = 'NaN' OR (a ->> 'lambda')::float8 <= 0 OR (a ->> 'lambda')::float8 >= 1 THEN
        PERFORM margin_calib.refuse_scenarios('lambda must lie strictly between 0 and 1', format('The lambda given is %s.', a ->> 'lambda'), 'Write 0.94 for daily returns, 0.97 for a slower filter.');
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_recipe(margin_calib.scenario_recipe, text) IS
'Internal: errors of add_historical_set and its like.';

CREATE OR REPLACE FUNCTION margin_calib.add_recipe(recipe margin_calib.scenario_recipe, hint text, reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    built record;
BEGIN
    PERFORM margin_calib.check_recipe(recipe, hint);
    SELECT c.content, c.data_through INTO built FROM margin_calib.recipe_content(recipe, clock_timestamp()) AS c;
    RETURN margin_calib.store_recipe(recipe, built.content, built.data_through, reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.add_recipe(margin_calib.scenario_recipe, text, text) IS
'Internal to add_historical_set and its like: checks a recipe, makes its set and stores both.';

CREATE OR REPLACE FUNCTION margin_calib.add_historical_set(
    name text, factors jsonb, scenarios integer DEFAULT 500, horizon integer DEFAULT 1, kind text DEFAULT 'plain', method jsonb DEFAULT NULL,
    reason text DEFAULT NULL, law jsonb DEFAULT NULL, lambda double precision DEFAULT 0.94, keep integer DEFAULT 30) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    recipe margin_calib.scenario_recipe;
BEGIN
    IF kind IS NULL OR kind NOT IN ('plain', 'filtered') THEN
        PERFORM margin_calib.refuse_scenarios('the kind of a historical set is plain or filtered', format('The kind given is %s.', coalesce(quote_literal(kind), 'NULL')), 'Write kind => ''filtered''.');
    END IF;
    recipe.name := add_historical_set.name;
    recipe.kind := add_historical_set.kind;
    recipe.arguments := jsonb_build_object('factors', factors, 'scenarios', scenarios, 'horizon', horizon)
                        || CASE kind WHEN 'filtered' THEN jsonb_build_object('lambda', lambda) ELSE '{}' END;
    recipe.law := add_historical_set.law;
    recipe.method := add_historical_set.method;
    recipe.keep := add_historical_set.keep;
    RETURN margin_calib.add_recipe(recipe, 'Write margin_calib.add_historical_set(''year'', ''{"BTC": "BTCUSDT", "ETH": {"price": "ETHUSDT", "vol": "ETH-DVOL"}}'').', add_historical_set.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.add_historical_set(text, jsonb, integer, integer, text, jsonb, text, jsonb, double precision, integer) IS
'Adds a scenario set that is the joint history of attached prices, and its recipe, by which rebuild_scenario_sets (and recalibrate) makes it anew; returns its version. factors: the underlying of contracts and the instrument whose prices are its history, {"BTC": "BTCUSDT", "ETH": {"price": "ETHUSDT", "vol": "ETH-DVOL"}}, vol being an instrument whose prices are a vol; "currency": "USDT" says in what prices are, for sets that also have a factor of that name (margin_calib.factor_law). Scenarios are the latest returns over horizon bars, overlapping where that is above 1, between times at which all instruments have a price; the same time is the same scenario for all, and its label. kind plain: exp(log return) - 1; filtered: each series'' returns divided by its EWMA vol (lambda) of their time and multiplied by that of now. law, method: as in add_scenario_set (without a method expected shortfall). keep: how many versions that it makes are kept, older ones are deleted. Needs SELECT on the attached tables. Errors: 22004, 22023 for values out of range and for a history that is too short, which names the instrument. doc/scenario_sets.md.';

CREATE OR REPLACE FUNCTION margin_calib.add_macro_set(
    name text, shocks jsonb, factors jsonb, macro text, lookback integer DEFAULT 500, method jsonb DEFAULT NULL, reason text DEFAULT NULL,
    law jsonb DEFAULT NULL, lowest double precision DEFAULT -0.99, keep integer DEFAULT 30) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    recipe margin_calib.scenario_recipe;
BEGIN
    recipe.name := add_macro_set.name;
    recipe.kind := 'macro';
    recipe.arguments := jsonb_build_object('factors', factors, 'shocks', shocks, 'macro', macro, 'lookback', lookback, 'lowest', lowest);
    recipe.law := add_macro_set.law;
    recipe.method := add_macro_set.method;
    recipe.keep := add_macro_set.keep;
    RETURN margin_calib.add_recipe(recipe, 'Write margin_calib.add_macro_set(''equities'', ''[{"label": "crash", "price_shock": -0.2}]'', ''{"BTC": "BTCUSDT", "USDT": 0}'', ''SPX'').', add_macro_set.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.add_macro_set(text, jsonb, jsonb, text, integer, jsonb, text, jsonb, double precision, integer) IS
'Adds a scenario set of shocks of a macro factor, and its recipe as add_historical_set does; returns its version. shocks: as in macro_scenarios. macro: the attached instrument that has the prices of the macro factor. factors: the underlying of contracts and the instrument whose beta (margin_calib.beta, of simple returns between common times, the latest lookback of them) it has, or a beta that is given, as in macro_scenarios: {"BTC": "BTCUSDT", "USDT": 0}. Errors: 22004, 22023, also for too short a history and a macro factor that does not move. doc/scenario_sets.md.';

CREATE OR REPLACE FUNCTION margin_calib.add_correlation_set(
    name text, factors jsonb, deviations double precision[] DEFAULT '{3}', stress double precision DEFAULT 1,
    breakdowns text[] DEFAULT '{together,apart,opposed}', lookback integer DEFAULT 500, horizon integer DEFAULT 1, method jsonb DEFAULT NULL,
    reason text DEFAULT NULL, law jsonb DEFAULT NULL, lambda double precision DEFAULT NULL, keep integer DEFAULT 30) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    recipe margin_calib.scenario_recipe;
BEGIN
    recipe.name := add_correlation_set.name;
    recipe.kind := 'correlation';
    recipe.arguments := jsonb_build_object('factors', factors, 'deviations', deviations, 'stress', stress, 'breakdowns', breakdowns,
                                           'lookback', lookback, 'horizon', horizon, 'lambda', lambda);
    recipe.law := add_correlation_set.law;
    recipe.method := add_correlation_set.method;
    recipe.keep := add_correlation_set.keep;
    RETURN margin_calib.add_recipe(recipe, 'Write margin_calib.add_correlation_set(''breakdown'', ''{"BTC": "BTCUSDT", "ETH": "ETHUSDT"}'', ''{3,6}'').', add_correlation_set.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.add_correlation_set(text, jsonb, double precision[], double precision, text[], integer, integer, jsonb, text, jsonb, double precision, integer) IS
'Adds a scenario set of correlations that break down, and its recipe as add_historical_set does; returns its version. Scenarios are those of correlation_scenarios (deviations, stress, breakdowns) with vols and correlations of the log returns of attached instruments between common times, the latest lookback of them: the sample covariance, or with lambda the exponentially weighted one (margin_calib.covariance, ewma_covariance); vols are scaled by the root of horizon bars. factors: {"BTC": "BTCUSDT", "ETH": "ETHUSDT"}. Errors: 22004, 22023, also for too short a history and a price that does not move. doc/scenario_sets.md.';

REVOKE ALL ON FUNCTION
    margin_calib.forget_built_sets(text, integer), margin_calib.store_recipe(margin_calib.scenario_recipe, jsonb, timestamptz, text),
    margin_calib.store_rebuilt_set(margin_calib.scenario_recipe, jsonb, timestamptz), margin_calib.store_rebuild_failure(margin_calib.scenario_recipe, text, timestamptz),
    margin_calib.rebuild_scenario_sets(), margin_calib.check_recipe(margin_calib.scenario_recipe, text), margin_calib.add_recipe(margin_calib.scenario_recipe, text, text),
    margin_calib.add_historical_set(text, jsonb, integer, integer, text, jsonb, text, jsonb, double precision, integer),
    margin_calib.add_macro_set(text, jsonb, jsonb, text, integer, jsonb, text, jsonb, double precision, integer),
    margin_calib.add_correlation_set(text, jsonb, double precision[], double precision, text[], integer, integer, jsonb, text, jsonb, double precision, integer) FROM PUBLIC;
