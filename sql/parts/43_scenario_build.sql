-- Scenario sets out of attached prices, without a write: what a recipe makes as of a time. doc/scenario_sets.md has the definitions.

CREATE OR REPLACE FUNCTION margin_calib.refuse_history(instruments text[], prices text, common integer, needed integer) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    counts   jsonb;
    shortest text;
    fewest   bigint;
BEGIN
    IF prices IS NOT NULL THEN
        EXECUTE format('SELECT jsonb_object_agg(c.series, c.n) FROM (SELECT p.series, count(DISTINCT p.ts) AS n FROM (%s) AS p '
                       'WHERE p.price > 0 AND p.price < ''Infinity'' GROUP BY p.series) AS c', prices) INTO counts;
    END IF;
    SELECT i.name, coalesce((counts ->> i.number::text)::bigint, 0) INTO shortest, fewest
      FROM unnest(instruments) WITH ORDINALITY AS i (name, number) ORDER BY 2, i.name COLLATE "C" LIMIT 1;
    RAISE EXCEPTION USING ERRCODE = '22023',
        MESSAGE = CASE WHEN fewest = 0 THEN format('no price feed has prices of %s', shortest)
                       WHEN fewest <= needed THEN format('the history of %s is too short: %s prices, and %s are needed', shortest, fewest, needed + 1)
                       ELSE format('%s do not have enough times in common: %s, and %s are needed', array_to_string(instruments, ', '), CASE common WHEN 0 THEN 'fewer than 2' ELSE (common + 1)::text END, needed + 1) END,
        DETAIL = left((SELECT string_agg(format('%s has %s prices', i.name, coalesce(counts ->> i.number::text, '0')), ', ' ORDER BY i.number)
                         FROM unnest(instruments) WITH ORDINALITY AS i (name, number)), 500) || '.',
        HINT = 'Attach a longer history (margin_calib.attach_prices), or ask for fewer scenarios or a shorter lookback. Instruments are named as their price feed names them.';
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse_history(text[], text, integer, integer) IS
'Internal: error 22023 that names the instrument with too few prices, how many it has and how many are needed.';

CREATE OR REPLACE FUNCTION margin_calib.joint_history(instruments text[], needed integer, as_of timestamptz) RETURNS double precision[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    prices CONSTANT text := margin_calib.group_prices_query(instruments, as_of);
    result double precision[];
BEGIN
    IF prices IS NOT NULL THEN
        EXECUTE format('SELECT margin_calib.joint_returns(p.series, date_part(''epoch'', p.ts), p.price, $1, $2) FROM (%s) AS p', prices)
        INTO result USING cardinality(instruments), needed;
    END IF;
    IF coalesce(array_length(result, 1), 0) < needed THEN
        PERFORM margin_calib.refuse_history(instruments, prices, coalesce(array_length(result, 1), 0), needed);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.joint_history(text[], integer, timestamptz) IS
'Internal: the latest joint returns of attached instruments as of a time (and a minute), rows as of margin_calib.joint_returns; error 22023 with fewer than are needed.';

CREATE OR REPLACE FUNCTION margin_calib.history_column(history double precision[], number integer) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT array_agg(history[i][number + 1] ORDER BY i) FROM generate_series(1, array_length(history, 1)) AS i;
END;
COMMENT ON FUNCTION margin_calib.history_column(double precision[], integer) IS
'Internal: one column of margin_calib.joint_history: 0 has the times, 1 the returns of the first instrument.';

CREATE OR REPLACE FUNCTION margin_calib.history_shocks(returns double precision[], horizon integer) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    SELECT array_agg(exp(s.total) - 1 ORDER BY s.i)
      FROM (SELECT u.i, sum(u.x) OVER (ORDER BY u.i ROWS BETWEEN history_shocks.horizon - 1 PRECEDING AND CURRENT ROW) AS total
              FROM unnest(returns) WITH ORDINALITY AS u (x, i)) AS s
     WHERE s.i >= history_shocks.horizon;
END;
COMMENT ON FUNCTION margin_calib.history_shocks(double precision[], integer) IS
'Internal: simple returns over every horizon consecutive bars, overlapping, from log returns of one bar.';

CREATE OR REPLACE FUNCTION margin_calib.last_time(history double precision[]) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT to_timestamp(history[array_length(history, 1)][1]);
END;
COMMENT ON FUNCTION margin_calib.last_time(double precision[]) IS 'Internal: time of the newest price of a joint history.';

-- factors: {"BTC": "BTCUSDT"} or {"BTC": {"price": "BTCUSDT", "vol": "BTC-DVOL", "currency": "USDT"}}
CREATE OR REPLACE FUNCTION margin_calib.historical_content(arguments jsonb, filtered boolean, as_of timestamptz, OUT content jsonb, OUT data_through timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    horizon     CONSTANT integer := (arguments ->> 'horizon')::integer;
    scenarios   CONSTANT integer := (arguments ->> 'scenarios')::integer;
    instruments CONSTANT text[] := ARRAY(
        SELECT DISTINCT n.name COLLATE "C" FROM jsonb_each(arguments -> 'factors') AS f
         CROSS JOIN LATERAL (SELECT f.value #>> '{}' WHERE jsonb_typeof(f.value) = 'string'
                             UNION ALL SELECT k.value FROM jsonb_each_text(CASE jsonb_typeof(f.value) WHEN 'object' THEN f.value - 'currency' END) AS k) AS n (name) ORDER BY 1);
    history double precision[];
    shocks  jsonb := '{}';
    returns double precision[];
BEGIN
    history := margin_calib.joint_history(instruments, scenarios + horizon - 1, as_of);
    FOR i IN 1 .. cardinality(instruments) LOOP
        returns := margin_calib.history_column(history, i);
        IF filtered THEN
            returns := margin_calib.filtered_returns(returns, (arguments ->> 'lambda')::float8);
        END IF;
        shocks := shocks || jsonb_build_object(instruments[i], margin_calib.history_shocks(returns, horizon));
    END LOOP;
    data_through := margin_calib.last_time(history);
    SELECT jsonb_build_object(
               'scenarios', (SELECT jsonb_agg(jsonb_build_object('label', to_char(to_timestamp(u.t) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"')) ORDER BY u.i)
                               FROM unnest(margin_calib.history_column(history, 0)) WITH ORDINALITY AS u (t, i) WHERE u.i >= horizon),
               'factors', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('factor', f.key, 'price_shocks', shocks -> CASE jsonb_typeof(f.value) WHEN 'string' THEN f.value #>> '{}' ELSE f.value ->> 'price' END,
                                                                                 'vol_shocks', shocks -> (f.value ->> 'vol'), 'currency', f.value ->> 'currency')) ORDER BY f.key COLLATE "C")
                             FROM jsonb_each(arguments -> 'factors') AS f))
      INTO content;
END
$function$;
COMMENT ON FUNCTION margin_calib.historical_content(jsonb, boolean, timestamptz) IS
'Internal: scenarios and factors of a joint history, plain or filtered, and the time of its newest price.';

CREATE OR REPLACE FUNCTION margin_calib.macro_content(arguments jsonb, as_of timestamptz, OUT content jsonb, OUT data_through timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    macro       CONSTANT text := arguments ->> 'macro';
    -- the macro factor first
    instruments CONSTANT text[] := macro || ARRAY(SELECT DISTINCT (f.value #>> '{}') COLLATE "C" FROM jsonb_each(arguments -> 'factors') AS f
                                                   WHERE jsonb_typeof(f.value) = 'string' AND f.value #>> '{}' <> macro ORDER BY 1);
    history double precision[];
    betas   jsonb := '{}';
    beta    double precision;
BEGIN
    history := margin_calib.joint_history(instruments, (arguments ->> 'lookback')::integer, as_of);
    data_through := margin_calib.last_time(history);
    FOR i IN 1 .. cardinality(instruments) LOOP
        SELECT margin_calib.beta(a.x, m.x) INTO beta
          FROM unnest(margin_calib.history_shocks(margin_calib.history_column(history, i), 1)) WITH ORDINALITY AS a (x, n)
          JOIN unnest(margin_calib.history_shocks(margin_calib.history_column(history, 1), 1)) WITH ORDINALITY AS m (x, n) ON m.n = a.n;
        IF beta IS NULL THEN
            PERFORM margin_calib.refuse_scenarios(format('there is no beta to %s: its price does not move', macro), NULL, 'Choose another instrument, or a longer lookback.');
        END IF;
        betas := betas || jsonb_build_object(instruments[i], beta);
    END LOOP;
    content := margin_calib.macro_scenarios(arguments -> 'shocks', (
                   SELECT jsonb_object_agg(f.key, CASE jsonb_typeof(f.value) WHEN 'string' THEN betas -> (f.value #>> '{}') ELSE f.value END)
                     FROM jsonb_each(arguments -> 'factors') AS f), (arguments ->> 'lowest')::float8);
END
$function$;
COMMENT ON FUNCTION margin_calib.macro_content(jsonb, timestamptz) IS
'Internal: scenarios and factors of macro shocks with betas from prices, and the time of the newest price.';

CREATE OR REPLACE FUNCTION margin_calib.correlation_content(arguments jsonb, as_of timestamptz, OUT content jsonb, OUT data_through timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    factors     CONSTANT text[] := ARRAY(SELECT f.key COLLATE "C" FROM jsonb_each_text(arguments -> 'factors') AS f ORDER BY 1);
    instruments CONSTANT text[] := ARRAY(SELECT f.value FROM jsonb_each_text(arguments -> 'factors') AS f ORDER BY f.key COLLATE "C");
    lambda      CONSTANT double precision := (arguments ->> 'lambda')::float8;
    history    double precision[];
    covariance double precision[];
    still      integer;
BEGIN
    history := margin_calib.joint_history(instruments, (arguments ->> 'lookback')::integer, as_of);
    data_through := margin_calib.last_time(history);
    IF lambda IS NULL THEN
        SELECT margin_calib.covariance(r.r) INTO covariance
          FROM (SELECT ARRAY(SELECT history[i][j + 1] FROM generate_series(1, cardinality(instruments)) AS j ORDER BY j) AS r FROM generate_series(1, array_length(history, 1)) AS i) AS r;
    ELSE
        SELECT margin_calib.ewma_covariance(r.r, lambda ORDER BY r.i) INTO covariance
          FROM (SELECT i, ARRAY(SELECT history[i][j + 1] FROM generate_series(1, cardinality(instruments)) AS j ORDER BY j) AS r FROM generate_series(1, array_length(history, 1)) AS i) AS r;
    END IF;
    SELECT i INTO still FROM generate_series(1, cardinality(instruments)) AS i WHERE NOT covariance[i][i] > 0 LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_scenarios(format('the price of %s does not move', instruments[still]), NULL, 'Leave it out, or choose a longer lookback.');
    END IF;
    content := margin_calib.correlation_scenarios(factors, ARRAY(SELECT sqrt(covariance[i][i] * (arguments ->> 'horizon')::integer) FROM generate_series(1, cardinality(factors)) AS i ORDER BY i),
                   margin_calib.covariance_to_correlation(covariance), ARRAY(SELECT d::float8 FROM jsonb_array_elements_text(arguments -> 'deviations') AS d),
                   (arguments ->> 'stress')::float8, ARRAY(SELECT b FROM jsonb_array_elements_text(arguments -> 'breakdowns') AS b));
END
$function$;
COMMENT ON FUNCTION margin_calib.correlation_content(jsonb, timestamptz) IS
'Internal: scenarios and factors of breakdowns of correlations, vols and correlations from prices, and the time of the newest price.';

CREATE OR REPLACE FUNCTION margin_calib.recipe_content(recipe margin_calib.scenario_recipe, as_of timestamptz, OUT content jsonb, OUT data_through timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF recipe.kind = 'macro' THEN
        SELECT c.* INTO content, data_through FROM margin_calib.macro_content(recipe.arguments, as_of) AS c;
    ELSIF recipe.kind = 'correlation' THEN
        SELECT c.* INTO content, data_through FROM margin_calib.correlation_content(recipe.arguments, as_of) AS c;
    ELSE
        SELECT c.* INTO content, data_through FROM margin_calib.historical_content(recipe.arguments, recipe.kind = 'filtered', as_of) AS c;
    END IF;
    content := content || jsonb_strip_nulls(jsonb_build_object('law', recipe.law, 'method', recipe.method));
END
$function$;
COMMENT ON FUNCTION margin_calib.recipe_content(margin_calib.scenario_recipe, timestamptz) IS
'Internal: what a recipe makes of the prices as of a time (and a minute): the columns of margin_calib.scenario_set but name and version, and the time of the newest price.';

CREATE OR REPLACE FUNCTION margin_calib.rebuilt_scenario_set(name text, as_of timestamptz DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    recipe margin_calib.scenario_recipe;
BEGIN
    SELECT r.* INTO recipe FROM margin_calib.scenario_recipe AS r WHERE r.name = rebuilt_scenario_set.name;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there is no recipe of a scenario set %s', coalesce(quote_literal(left(rebuilt_scenario_set.name, 64)), 'NULL')),
            HINT = 'margin_calib.scenario_recipe has those that there are; add_historical_set, add_macro_set and add_correlation_set write them.';
    END IF;
    -- no minute for clocks that differ: what came after is not of that time
    RETURN (margin_calib.recipe_content(recipe, coalesce(as_of - interval '1 minute', statement_timestamp()))).content;
END
$function$;
COMMENT ON FUNCTION margin_calib.rebuilt_scenario_set(text, timestamptz) IS
'What the recipe of a scenario set makes of the prices with a ts up to as_of, NULL for now, without a write: columns of margin_calib.scenario_set as JSON. With the data_through of a version as as_of it is the content of that version, also of one that was deleted since, as long as neither prices nor the recipe have changed: encode(sha256(convert_to(rebuilt_scenario_set(name, data_through)::text, ''UTF8'')), ''hex'') is then the content_sha256 of the audit trail. Needs SELECT on the attached tables. Errors: 42704 for a name without a recipe, and those of the function that wrote it.';

REVOKE ALL ON FUNCTION
    margin_calib.refuse_history(text[], text, integer, integer), margin_calib.joint_history(text[], integer, timestamptz),
    margin_calib.history_column(double precision[], integer), margin_calib.history_shocks(double precision[], integer), margin_calib.last_time(double precision[]),
    margin_calib.historical_content(jsonb, boolean, timestamptz), margin_calib.macro_content(jsonb, timestamptz), margin_calib.correlation_content(jsonb, timestamptz),
    margin_calib.recipe_content(margin_calib.scenario_recipe, timestamptz), margin_calib.rebuilt_scenario_set(text, timestamptz) FROM PUBLIC;
