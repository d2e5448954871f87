-- Scenario sets in the database: checked when they are written, versioned, and in the audit trail.

CREATE OR REPLACE VIEW margin_calib.scenario_set_version WITH (security_invoker = true) AS
SELECT u.name, u.version, jsonb_array_length(u.content -> 'scenarios') AS scenarios, false AS is_standard, u.set_at, u.set_by, u.is_built, u.data_through
  FROM margin_calib.user_scenario_set AS u
UNION ALL
SELECT s.name, s.version, cardinality(s.scenarios), true, NULL, NULL, false, NULL FROM margin_calib.standard_scenario_sets() AS s;
COMMENT ON VIEW margin_calib.scenario_set_version IS 'Every version of every scenario set, those of the extension too; margin_calib.scenario_set(name, version) is one.';
COMMENT ON COLUMN margin_calib.scenario_set_version.name IS 'of the set';
COMMENT ON COLUMN margin_calib.scenario_set_version.version IS 'the largest is the one in force';
COMMENT ON COLUMN margin_calib.scenario_set_version.scenarios IS 'how many';
COMMENT ON COLUMN margin_calib.scenario_set_version.is_standard IS 'true: came with the extension';
COMMENT ON COLUMN margin_calib.scenario_set_version.set_at IS 'when it was added';
COMMENT ON COLUMN margin_calib.scenario_set_version.set_by IS 'login that added it';
COMMENT ON COLUMN margin_calib.scenario_set_version.is_built IS 'true: made from prices by a recipe, see margin_calib.scenario_recipe';
COMMENT ON COLUMN margin_calib.scenario_set_version.data_through IS 'of one that a recipe made: ts of the newest price in it';
REVOKE ALL ON margin_calib.scenario_set_version FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.scenario_set(name text, version integer DEFAULT NULL) RETURNS margin_calib.scenario_set
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    answer margin_calib.scenario_set;
BEGIN
    IF name IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.name, s.version, s.scenarios, s.law, s.factors, s.method INTO answer
      FROM (SELECT (jsonb_populate_record(NULL::margin_calib.scenario_set, u.content || jsonb_build_object('name', u.name, 'version', u.version))).*, true AS is_users
              FROM margin_calib.user_scenario_set AS u WHERE u.name = scenario_set.name
            UNION ALL
            SELECT s.*, false FROM margin_calib.standard_scenario_sets() AS s WHERE s.name = scenario_set.name) AS s
     WHERE scenario_set.version IS NULL OR s.version = scenario_set.version
     ORDER BY s.version DESC, s.is_users DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704',
            MESSAGE = format('there is no scenario set %L', left(scenario_set.name, 64)) || coalesce(' of version ' || scenario_set.version, ''),
            HINT = (SELECT format('Those that there are: %s. margin_calib.add_scenario_set makes others.', string_agg(DISTINCT v.name, ', ' ORDER BY v.name))
                      FROM margin_calib.scenario_set_version AS v);
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION margin_calib.scenario_set(text, integer) IS
'A scenario set by name: the version asked for, NULL for the latest, whether it was added by margin_calib.add_scenario_set or came with the extension. unnest((scenario_set(''deribit'')).scenarios) are its rows, (scenario_set(''deribit'')).method its margin method. A name of NULL gives NULL, one that is not known error 42704. Not cheap: read it once a query, in a FROM clause.';

-- Keys of jsonb objects that no column of a row type has, anywhere below.
CREATE OR REPLACE FUNCTION margin_calib.unknown_keys(content jsonb, row_type regtype) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    relation CONSTANT oid := (SELECT t.typrelid FROM pg_type AS t WHERE t.oid = row_type);
    element  CONSTANT oid := (SELECT t.typelem FROM pg_type AS t WHERE t.oid = row_type AND t.typcategory = 'A');
BEGIN
    IF element <> 0 AND jsonb_typeof(content) = 'array' THEN
        RETURN ARRAY(SELECT DISTINCT k FROM jsonb_array_elements(content) AS e CROSS JOIN unnest(margin_calib.unknown_keys(e, element)) AS k ORDER BY k);
    ELSIF relation <> 0 AND jsonb_typeof(content) = 'object' THEN
        RETURN ARRAY(SELECT DISTINCT u.k FROM jsonb_each(content) AS p LEFT JOIN pg_attribute AS a ON a.attrelid = relation AND a.attname = p.key AND a.attnum > 0,
                            LATERAL (SELECT p.key WHERE a.attnum IS NULL
                                     UNION ALL SELECT k FROM unnest(margin_calib.unknown_keys(p.value, a.atttypid)) AS k WHERE a.attnum IS NOT NULL) AS u (k)
                      ORDER BY u.k);
    END IF;
    RETURN '{}';
END
$function$;
COMMENT ON FUNCTION margin_calib.unknown_keys(jsonb, regtype) IS
'Internal: keys in a JSON value that the row type it is to become, or one within, has no column for.';

-- A new version when the content differs; whoever calls it holds the lock of the engine.
CREATE OR REPLACE FUNCTION margin_calib.store_scenario_set(name text, content jsonb, data_through timestamptz, reason text) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    latest   integer;
    present  jsonb;
    made     margin_calib.scenario_set;
BEGIN
    SELECT v.version INTO latest FROM margin_calib.scenario_set_version AS v WHERE v.name = store_scenario_set.name ORDER BY v.version DESC LIMIT 1;
    SELECT u.content INTO present FROM margin_calib.user_scenario_set AS u WHERE u.name = store_scenario_set.name AND u.version = latest;
    IF present = content THEN
        RETURN latest;
    END IF;
    latest := coalesce(latest, 0) + 1;
    made := jsonb_populate_record(NULL::margin_calib.scenario_set, content || jsonb_build_object('name', name, 'version', latest));
    -- what it would do to one contract, so that everything in it is checked
    PERFORM margin_calib.portfolio_margin(1, margin_calib.scenario_pnl(
                ROW('X', NULL, 'perpetual', 'linear', NULL, coalesce((made.factors[1]).factor, 'X'), 'X', 'X', NULL, NULL, 1, 1, NULL, NULL, NULL)::margin_calib.contract,
                margin_calib.contract_market(1), '2000-01-01', made), made.method);
    PERFORM margin_calib.audit_guard('scenario_set', name || ' ' || latest);
    INSERT INTO margin_calib.user_scenario_set (name, version, content, is_built, data_through)
    VALUES (name, latest, content, data_through IS NOT NULL, data_through);
    PERFORM margin_calib.audit_change('scenario_set', name || ' ' || latest, store_scenario_set.reason), margin_calib.queue_set(name);
    RETURN latest;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_scenario_set(text, jsonb, timestamptz, text) IS
'Internal: checks a scenario set and makes it the latest version of its name, unless it already is; returns the version. data_through is given of one that a recipe made.';

CREATE OR REPLACE FUNCTION margin_calib.drop_recipe(name text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM margin_calib.scenario_recipe AS r WHERE r.name = drop_recipe.name) THEN
        PERFORM margin_calib.audit_guard('scenario_recipe', drop_recipe.name);
        DELETE FROM margin_calib.scenario_recipe AS r WHERE r.name = drop_recipe.name;
        PERFORM margin_calib.audit_change('scenario_recipe', drop_recipe.name, drop_recipe.reason);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_recipe(text, text) IS 'Internal: forgets the recipe of a scenario set, if there is one.';

CREATE OR REPLACE FUNCTION margin_calib.add_scenario_set(
    name text, scenarios jsonb, law jsonb DEFAULT NULL, factors jsonb DEFAULT NULL, method jsonb DEFAULT NULL, reason text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    given    CONSTANT jsonb := jsonb_strip_nulls(jsonb_build_object('scenarios', scenarios, 'law', law, 'factors', factors, 'method', method));
    unknown  CONSTANT text[] := margin_calib.unknown_keys(given, 'margin_calib.scenario_set');
    version  integer;
BEGIN
    IF coalesce(name, '') = '' OR scenarios IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a scenario set has a name and scenarios',
            HINT = 'Write margin_calib.add_scenario_set(''mine'', margin_calib.scenario_grid(''{-0.1,0,0.1}'')).';
    ELSIF jsonb_typeof(scenarios) <> 'array' OR unknown <> '{}' THEN
        RAISE EXCEPTION USING ERRCODE = '22023',
            MESSAGE = CASE WHEN unknown <> '{}' THEN format('a scenario set has no field %s', unknown[1]) ELSE 'scenarios are a JSON array of objects' END,
            HINT = 'Fields are the columns of margin_calib.scenario, shock_law, factor_law, margin_method and margin_component: '
                   '[{"price_shock": -0.1, "vol_shock": 0.2, "weight": 0.5}].';
    END IF;
    PERFORM margin_calib.lock_engine();
    version := margin_calib.store_scenario_set(add_scenario_set.name, given, NULL, add_scenario_set.reason);
    PERFORM margin_calib.drop_recipe(add_scenario_set.name, coalesce(add_scenario_set.reason, format('version %s was added by hand', version)));
    RETURN version;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_scenario_set(text, jsonb, jsonb, jsonb, jsonb, text) IS
'Adds a scenario set, or a new version of one, and returns its version; a set that is already so keeps its version. scenarios: a JSON array of objects with the columns of margin_calib.scenario (margin_calib.scenario_grid makes them); law, factors and method: of margin_calib.shock_law, factor_law (an array) and margin_method. Fields that are left out are NULL. Vectors are of one version, and vectors of several are never added. A recipe of that name (margin_calib.add_historical_set and its like) ends: what is added by hand is not made anew from prices. The reason is in the audit trail. Errors: 22004 without a name or scenarios, 22023 for fields that there are not and values out of range.';

CREATE OR REPLACE FUNCTION margin_calib.drop_scenario_set(name text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    versions integer[];
BEGIN
    PERFORM margin_calib.lock_engine();
    SELECT array_agg(u.version ORDER BY u.version) INTO versions FROM margin_calib.user_scenario_set AS u WHERE u.name = drop_scenario_set.name;
    IF versions IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('no scenario set %s was added', coalesce(quote_literal(drop_scenario_set.name), 'NULL')),
            HINT = 'margin_calib.scenario_set_version lists those that were; the ones that came with the extension stay.';
    END IF;
    IF EXISTS (SELECT FROM margin_calib.margin_model AS m WHERE m.scenario_set = drop_scenario_set.name)
       AND NOT EXISTS (SELECT FROM margin_calib.standard_scenario_sets() AS n WHERE n.name = drop_scenario_set.name) THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('accounts are margined by scenario set %s', drop_scenario_set.name),
            HINT = 'Give them another with margin_calib.set_margin_model first; margin_calib.margin_model lists them.';
    END IF;
    PERFORM margin_calib.audit_guard('scenario_set', drop_scenario_set.name || ' ' || v) FROM unnest(versions) AS v;
    DELETE FROM margin_calib.user_scenario_set AS u WHERE u.name = drop_scenario_set.name;
    -- another set may come under this name and version
    DELETE FROM margin_calib.instrument_risk AS r WHERE r.scenario_set = drop_scenario_set.name;
    DELETE FROM margin_calib.scenario_set_used AS u WHERE u.name = drop_scenario_set.name;
    PERFORM margin_calib.queue_set(drop_scenario_set.name);
    PERFORM margin_calib.audit_change('scenario_set', drop_scenario_set.name || ' ' || v, drop_scenario_set.reason) FROM unnest(versions) AS v;
    PERFORM margin_calib.drop_recipe(drop_scenario_set.name, drop_scenario_set.reason);
    RETURN cardinality(versions);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_scenario_set(text, text) IS
'Forgets every version of a scenario set that was added, and its recipe if there is one, and returns how many versions there were; the audit trail keeps them, and a set of the extension under the same name is in force again. Errors: 42704 when there is none, 55000 while accounts are margined by it.';

REVOKE ALL ON FUNCTION
    margin_calib.scenario_set(text, integer), margin_calib.unknown_keys(jsonb, regtype),
    margin_calib.store_scenario_set(text, jsonb, timestamptz, text), margin_calib.drop_recipe(text, text),
    margin_calib.add_scenario_set(text, jsonb, jsonb, jsonb, jsonb, text), margin_calib.drop_scenario_set(text, text) FROM PUBLIC;
