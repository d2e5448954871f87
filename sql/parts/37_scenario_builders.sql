-- Scenarios out of a few numbers: moves of a macro factor, correlations that break down, a stablecoin that loses its peg.
-- Each answers {"scenarios": [...], "factors": [...]} for margin_calib.add_scenario_set. doc/scenario_sets.md has the equations.

CREATE OR REPLACE FUNCTION margin_calib.refuse_scenarios(rule text, detail text, hint text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = rule, DETAIL = left(coalesce(detail, ''), 200), HINT = hint;
END
$function$;
COMMENT ON FUNCTION margin_calib.refuse_scenarios(text, text, text) IS 'Internal: error 22023.';

-- ---- macro factors ----

CREATE OR REPLACE FUNCTION margin_calib.check_macro(shocks jsonb, betas jsonb) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    fields CONSTANT text[] := '{label,price_shock,vol_shock,weight,both_ways,contingency}';
    bad    record;
BEGIN
    IF jsonb_typeof(shocks) IS DISTINCT FROM 'array' OR shocks = '[]' OR jsonb_typeof(betas) IS DISTINCT FROM 'object' OR betas = '{}' THEN
        PERFORM margin_calib.refuse_scenarios('shocks are a JSON array of objects and betas a JSON object, both with something in them', NULL,
            'Write macro_scenarios(''[{"label": "rates up", "price_shock": -0.1, "vol_shock": 0.3}]'', ''{"BTC": 1, "ETH": 1.3}'').');
    END IF;
    SELECT e.value AS shock, k.key, k.value INTO bad
      FROM jsonb_array_elements(shocks) AS e
      LEFT JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value END) AS k ON true
     WHERE jsonb_typeof(e.value) <> 'object' OR k.key <> ALL (fields)
           OR k.key IN ('price_shock', 'vol_shock') AND jsonb_typeof(k.value) NOT IN ('number', 'null')
     LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_scenarios('a macro shock has a label, price_shock and vol_shock, weight, both_ways and contingency, the shocks being numbers', bad.shock::text,
            'Shocks are relative: "price_shock": -0.2 is a fall of 20 %.');
    END IF;
    SELECT b.key, b.value INTO bad FROM jsonb_each(betas) AS b
     WHERE b.key = '' OR jsonb_typeof(b.value) NOT IN ('number', 'object')
           OR EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(b.value) WHEN 'object' THEN b.value END) AS k
                       WHERE k.key NOT IN ('price', 'vol') OR jsonb_typeof(k.value) <> 'number')
     LIMIT 1;
    IF FOUND THEN
        PERFORM margin_calib.refuse_scenarios('a beta is a number, or an object with the numbers price and vol', format('That of %s is %s.', bad.key, bad.value),
            'Write {"BTC": 1, "ETH": {"price": 1.3, "vol": 0.8}}.');
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_macro(jsonb, jsonb) IS 'Internal: errors of macro_scenarios.';

CREATE OR REPLACE FUNCTION margin_calib.macro_scenarios(shocks jsonb, betas jsonb, lowest double precision DEFAULT -0.99) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    has_vols CONSTANT boolean := jsonb_path_exists(shocks, 'lax $[*].vol_shock ? (@.type() == "number")');
BEGIN
    PERFORM margin_calib.check_macro(shocks, betas);
    IF NOT (lowest > -1 AND lowest <= 0) THEN
        PERFORM margin_calib.refuse_scenarios('lowest lies above -1 and is not above 0', format('The lowest given is %s.', lowest),
            'Write -0.99: whatever the beta, no more than 99 % of a price is lost.');
    END IF;
    RETURN jsonb_build_object(
        'scenarios', (SELECT jsonb_agg(e.value - '{price_shock,vol_shock}'::text[] ORDER BY e.ordinality) FROM jsonb_array_elements(shocks) WITH ORDINALITY AS e),
        'factors', (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('factor', f.key, 'price_shocks', f.prices, 'vol_shocks', CASE WHEN has_vols THEN f.vols END))
                                     ORDER BY f.key COLLATE "C")
                      FROM (SELECT b.key, array_agg(greatest(coalesce((s.value ->> 'price_shock')::float8, 0) * v.price, lowest) ORDER BY s.ordinality) AS prices,
                                   array_agg(greatest(coalesce((s.value ->> 'vol_shock')::float8, 0) * v.vol, lowest) ORDER BY s.ordinality) AS vols
                              FROM jsonb_each(betas) AS b
                             CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(b.value) WHEN 'object' THEN b.value ELSE jsonb_build_object('price', b.value) END) AS o (o)
                             CROSS JOIN LATERAL (SELECT coalesce((o.o ->> 'price')::float8, 1), coalesce((o.o ->> 'vol')::float8, 1)) AS v (price, vol)
                             CROSS JOIN jsonb_array_elements(shocks) WITH ORDINALITY AS s
                             GROUP BY b.key) AS f));
END
$function$;
COMMENT ON FUNCTION margin_calib.macro_scenarios(jsonb, jsonb, double precision) IS
'Scenarios of a macro factor: {"scenarios": ..., "factors": ...} for margin_calib.add_scenario_set. shocks: rows [{"label": ..., "price_shock": -0.2, "vol_shock": 0.5}, ...] of the factor, relative; they may have weight, both_ways and contingency as a scenario has. betas: of each underlying to it, {"BTC": 1.2, "ETH": {"price": 1.5, "vol": 0.8}}, 1 where none is given; * is every other underlying. The shock of an underlying is beta * shock, of simple returns and as linear for large moves as for small ones, and never below lowest (-0.99, above -1): no price falls to 0, and no vol. Vols stay where no shock has a vol_shock. Errors: 22023, 22003 for a product beyond float8; NULL for a NULL argument.';

-- ---- correlations that break down ----

CREATE OR REPLACE FUNCTION margin_calib.check_breakdown(
    factors text[], vols double precision[], correlation double precision[], deviations double precision[], stress double precision, breakdowns text[]) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 250
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    n CONSTANT integer := cardinality(factors);
BEGIN
    IF array_ndims(factors) > 1 OR array_ndims(vols) > 1 OR array_ndims(deviations) > 1 OR array_ndims(breakdowns) > 1 THEN
        RAISE EXCEPTION USING ERRCODE = '2202E', MESSAGE = 'factors, vols, deviations and breakdowns are one-dimensional arrays';
    ELSIF factors IS NULL OR array_position(factors, NULL) IS NOT NULL OR vols IS NULL OR array_position(vols, NULL) IS NOT NULL OR deviations IS NULL
       OR array_position(deviations, NULL) IS NOT NULL OR stress IS NULL OR breakdowns IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'factors, vols, deviations, stress and breakdowns are not NULL, and have no NULL in them';
    ELSIF n NOT BETWEEN 1 AND 100 OR n <> (SELECT count(DISTINCT f) FROM unnest(factors) AS f WHERE f <> '') THEN
        PERFORM margin_calib.refuse_scenarios('a breakdown is one of 1 to 100 different factors with names', factors::text, 'Write ''{BTC,ETH,SOL}''.');
    ELSIF cardinality(vols) <> n OR NOT (0 <= ALL (vols) AND 10 >= ALL (vols)) THEN
        PERFORM margin_calib.refuse_scenarios('vols are one for each factor, from 0 to 10', vols::text, 'They are deviations of log returns over the horizon of the scenarios: 0.04 is 4 %.');
    ELSIF cardinality(deviations) NOT BETWEEN 1 AND 100 OR NOT (0 < ALL (deviations) AND 100 >= ALL (deviations)) THEN
        PERFORM margin_calib.refuse_scenarios('deviations are 1 to 100 numbers above 0 and at most 100', deviations::text, 'Write ''{3}'' for moves of three standard deviations, both ways.');
    ELSIF NOT (stress >= 0 AND stress <= 1) THEN
        PERFORM margin_calib.refuse_scenarios('stress lies between 0 and 1', format('The stress given is %s.', stress), 'Write 1 for correlations that break down wholly.');
    ELSIF cardinality(breakdowns) = 0 OR NOT breakdowns <@ '{together,apart,opposed}' OR cardinality(breakdowns) <> (SELECT count(DISTINCT b) FROM unnest(breakdowns) AS b) THEN
        PERFORM margin_calib.refuse_scenarios('breakdowns are some of together, apart and opposed, each once', breakdowns::text, 'Write ''{together,apart,opposed}''.');
    ELSIF stress < 1 AND correlation IS NULL THEN
        PERFORM margin_calib.refuse_scenarios('a stress below 1 needs a correlation matrix', format('The stress given is %s.', stress), 'Give correlation, or a stress of 1.');
    ELSIF correlation IS NOT NULL AND NOT (margin_calib.is_positive_semidefinite(correlation) AND array_length(correlation, 1) = n
             AND (SELECT bool_and(abs(correlation[i][i] - 1) <= 1e-12) FROM generate_series(1, n) AS i)) THEN
        PERFORM margin_calib.refuse_scenarios('the correlation matrix is positive semidefinite, with 1 on its diagonal and a row for each factor', correlation::text,
            'margin_calib.nearest_correlation repairs a matrix.');
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_breakdown(text[], double precision[], double precision[], double precision[], double precision, text[]) IS
'Internal: errors of correlation_scenarios.';

-- Directions z with z' C^-1 z = 1: sqrt(eigenvalue) * eigenvector of the stressed matrix C. Where C is the target itself the
-- eigenspace of the largest eigenvalue has no basis of its own (but for together), and its directions are named after the factors.
CREATE OR REPLACE FUNCTION margin_calib.breakdown_directions(breakdown text, factors text[], correlation double precision[], stress double precision)
    RETURNS TABLE (place integer, label text, direction double precision[])
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    n      CONSTANT integer := cardinality(factors);
    target CONSTANT double precision := CASE breakdown WHEN 'together' THEN 1 WHEN 'apart' THEN 0 ELSE -1 / nullif(n - 1, 0)::float8 END;
BEGIN
    IF breakdown = 'opposed' AND n = 1 OR breakdown = 'apart' AND n = 1 THEN
        RETURN; -- of one factor there is nothing to be apart from
    ELSIF stress = 1 AND breakdown = 'together' THEN
        RETURN QUERY SELECT 1, 'together', array_fill(1::float8, ARRAY[n]);
    ELSIF stress = 1 THEN
        RETURN QUERY
            SELECT i, breakdown || ' ' || factors[i], ARRAY(SELECT CASE WHEN j = i THEN 1 ELSE target END FROM generate_series(1, n) AS j ORDER BY j)
              FROM generate_series(1, CASE WHEN breakdown = 'opposed' AND n = 2 THEN 1 ELSE n END) AS i ORDER BY i;
    ELSE
        RETURN QUERY
            SELECT c.component, breakdown || ' ' || c.component, ARRAY(SELECT sqrt(c.variance) * l.x FROM unnest(c.loadings) WITH ORDINALITY AS l (x, i) ORDER BY l.i)
              FROM margin_calib.principal_components((
                       SELECT array_agg(r.line ORDER BY r.i)
                         FROM (SELECT i, array_agg(CASE WHEN i = j THEN 1 ELSE (1 - stress) * correlation[i][j] + stress * target END ORDER BY j) AS line
                                 FROM generate_series(1, n) AS i CROSS JOIN generate_series(1, n) AS j GROUP BY i) AS r)) AS c
             WHERE c.variance > 1e-9 ORDER BY c.component;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.breakdown_directions(text, text[], double precision[], double precision) IS
'Internal to correlation_scenarios: joint moves of one standard deviation, in deviations of each factor.';

CREATE OR REPLACE FUNCTION margin_calib.correlation_scenarios(
    factors text[], vols double precision[], correlation double precision[] DEFAULT NULL, deviations double precision[] DEFAULT '{3}',
    stress double precision DEFAULT 1, breakdowns text[] DEFAULT '{together,apart,opposed}') RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    answer jsonb;
BEGIN
    -- from 1 on, whatever they began with
    correlation := CASE array_ndims(correlation) WHEN 2 THEN correlation[:][:] ELSE correlation END;
    PERFORM margin_calib.check_breakdown(factors, vols, correlation, deviations, stress, breakdowns);
    factors := factors[:];
    vols := vols[:];
    WITH move AS MATERIALIZED (
        SELECT d.label || CASE WHEN s.side > 0 THEN ' +' ELSE ' -' END || k.k AS label, d.direction, s.side * k.k AS size,
               row_number() OVER (ORDER BY b.ordinality, k.ordinality, d.place, s.side DESC) AS number
          FROM unnest(breakdowns) WITH ORDINALITY AS b (breakdown, ordinality)
         CROSS JOIN LATERAL margin_calib.breakdown_directions(b.breakdown, factors, correlation, stress) AS d
         CROSS JOIN unnest(deviations) WITH ORDINALITY AS k (k, ordinality)
         CROSS JOIN (VALUES (1), (-1)) AS s (side))
    SELECT jsonb_build_object(
               'scenarios', (SELECT jsonb_agg(jsonb_build_object('label', m.label) ORDER BY m.number) FROM move AS m),
               'factors', (SELECT jsonb_agg(jsonb_build_object('factor', f.factor, 'price_shocks',
                                      (SELECT array_agg(exp(m.size * vols[f.ordinality] * m.direction[f.ordinality]) - 1 ORDER BY m.number) FROM move AS m)) ORDER BY f.ordinality)
                             FROM unnest(factors) WITH ORDINALITY AS f (factor, ordinality)))
      INTO answer;
    IF answer -> 'scenarios' = 'null' THEN
        PERFORM margin_calib.refuse_scenarios('a single factor can only move together', breakdowns::text, 'Leave breakdowns out, or give more factors.');
    END IF;
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION margin_calib.correlation_scenarios(text[], double precision[], double precision[], double precision[], double precision, text[]) IS
'Joint moves in markets whose correlations break down: {"scenarios": ..., "factors": ...} for margin_calib.add_scenario_set. Correlations go to C = (1 - stress) correlation + stress T, where T has the correlation 1 (together), 0 (apart) or -1/(n - 1) (opposed, the least that is possible for all pairs of n) everywhere off the diagonal; C is always positive semidefinite. Scenarios are k sqrt(eigenvalue) eigenvector of C, both ways, for each k of deviations: moves at the Mahalanobis distance k; a price moves by exp(vol * move) - 1. At a stress of 1 (the default) these are: all by k deviations; one by k and the others not at all; one by k and the others by -k/(n - 1), for each factor. Below 1 they follow every eigenvector, the leading one first, and correlation (float8[][], in the order of factors) is needed. vols: standard deviations of log returns over the horizon of the scenarios. Errors: 22004, 22023; 2202E and 54000 for a matrix that is not square or too large. Source: Kupiec, J. Derivatives 6 (1998); doc/scenario_sets.md.';

-- ---- stablecoins ----

CREATE OR REPLACE FUNCTION margin_calib.depeg_scenarios(
    stablecoin text, depths double precision[] DEFAULT '{0.01,0.03,0.05,0.13,0.35}', falls double precision[] DEFAULT '{0.15}', unmoved text[] DEFAULT '{}',
    currency text DEFAULT 'USD') RETURNS jsonb
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET extra_float_digits = 1
AS $function$
DECLARE
    answer jsonb;
BEGIN
    IF array_ndims(depths) > 1 OR array_ndims(falls) > 1 OR array_ndims(unmoved) > 1 THEN
        RAISE EXCEPTION USING ERRCODE = '2202E', MESSAGE = 'depths, falls and unmoved are one-dimensional arrays';
    ELSIF stablecoin IS NULL OR depths IS NULL OR array_position(depths, NULL) IS NOT NULL OR falls IS NULL OR array_position(falls, NULL) IS NOT NULL
       OR unmoved IS NULL OR array_position(unmoved, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'stablecoin, depths, falls and unmoved are not NULL, and have no NULL in them',
            HINT = 'Write depeg_scenarios(''USDT'').';
    ELSIF stablecoin IN ('', '*') OR '' = ANY (unmoved) OR '*' = ANY (unmoved) OR stablecoin = ANY (unmoved)
          OR cardinality(unmoved) <> (SELECT count(DISTINCT u) FROM unnest(unmoved) AS u) THEN
        PERFORM margin_calib.refuse_scenarios('stablecoin is an asset, and unmoved are others, each once', format('stablecoin %L, unmoved %s', stablecoin, unmoved),
            'Write depeg_scenarios(''USDT'', unmoved => ''{USDC}'').');
    ELSIF cardinality(depths) NOT BETWEEN 1 AND 1000 OR NOT (0 < ALL (depths) AND 1 > ALL (depths)) THEN
        PERFORM margin_calib.refuse_scenarios('depths are shares of the peg that are lost, above 0 and below 1', depths::text, 'Write 0.13 for a fall to 0.87.');
    ELSIF cardinality(falls) > 100 OR NOT (0 < ALL (falls) AND 1 > ALL (falls)) THEN
        PERFORM margin_calib.refuse_scenarios('falls are shares of the price that are lost, above 0 and below 1', falls::text, 'Write 0.15 for a fall of 15 %, or ''{}'' for none.');
    END IF;
    SELECT jsonb_build_object(
               'scenarios', jsonb_agg(jsonb_build_object('label', format('%s -%s %%', stablecoin, trim_scale(100 * d.x::numeric)) || CASE WHEN f.x > 0 THEN format(', coins -%s %%', trim_scale(100 * f.x::numeric)) ELSE '' END,
                                                         'price_shock', CASE WHEN f.x > 0 THEN -f.x ELSE 0 END) ORDER BY d.i, f.i),
               'factors', jsonb_build_array(jsonb_build_object('factor', stablecoin, 'price_shocks', array_agg(-d.x ORDER BY d.i, f.i), 'currency', depeg_scenarios.currency))
                          || (SELECT coalesce(jsonb_agg(jsonb_build_object('factor', u.name, 'law', jsonb_build_object('beta', 0), 'currency', depeg_scenarios.currency)
                                                        ORDER BY u.i), '[]') FROM unnest(unmoved) WITH ORDINALITY AS u (name, i))
                          || jsonb_build_array(jsonb_build_object('factor', '*', 'currency', depeg_scenarios.currency)))
      INTO answer
      FROM unnest(depths) WITH ORDINALITY AS d (x, i)
     CROSS JOIN (SELECT 0::float8, 0::bigint UNION ALL SELECT g.x, g.i FROM unnest(falls) WITH ORDINALITY AS g (x, i)) AS f (x, i);
    RETURN answer;
END
$function$;
COMMENT ON FUNCTION margin_calib.depeg_scenarios(text, double precision[], double precision[], text[], text) IS
'A stablecoin that loses its peg: {"scenarios": ..., "factors": ...} for margin_calib.add_scenario_set. For each depth (share of the peg that is lost: 0.13 for USDC in March 2023, 0.35 for USDe on one venue on 10 October 2025) the factor named after the stablecoin falls by it while all else stays, and once more for each of falls, in which every other underlying falls by that share too, but those that are unmoved (other stablecoins). Prices are those in currency: contracts that settle in the stablecoin are worth less by its fall, whatever their underlying, and those that are quoted in it rise as it falls; with currency NULL all prices stay as they are quoted. Errors: 22004, 22023 for a share that does not lie between 0 and 1. doc/scenario_sets.md.';

CREATE OR REPLACE FUNCTION margin_calib.settlement_hedges(assets text[], deltas numeric[])
    RETURNS TABLE (first_asset text, second_asset text, amount numeric)
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 250 ROWS 3
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    n    CONSTANT integer := cardinality(assets);
    name text[];
    open numeric[];
BEGIN
    IF array_ndims(assets) > 1 OR array_ndims(deltas) > 1 OR n <> cardinality(deltas) THEN
        RAISE EXCEPTION USING ERRCODE = '2202E', MESSAGE = 'assets and deltas are one-dimensional arrays of one length',
            DETAIL = format('There are %s assets and %s deltas.', n, cardinality(deltas));
    ELSIF array_position(assets, NULL) IS NOT NULL OR array_position(deltas, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'assets and deltas have no NULL in them', HINT = 'Leave out what is not held.';
    ELSIF n > 100 OR n <> (SELECT count(DISTINCT a) FROM unnest(assets) AS a) OR (SELECT bool_or(d = 'NaN' OR abs(d) = 'Infinity') FROM unnest(deltas) AS d) THEN
        PERFORM margin_calib.refuse_scenarios('assets are at most 100, each once, and deltas are finite', format('%s, %s', assets, deltas), 'Write settlement_hedges(''{USDT,USD,USDC}'', ''{1000000,-600000,0}'').');
    END IF;
    name := assets[:];
    open := deltas[:];
    FOR i IN 1 .. n - 1 LOOP
        FOR j IN i + 1 .. n LOOP
            CONTINUE WHEN sign(open[i]) * sign(open[j]) >= 0;
            first_asset := name[i];
            second_asset := name[j];
            amount := least(abs(open[i]), abs(open[j]));
            open[i] := open[i] - sign(open[i]) * amount;
            open[j] := open[j] - sign(open[j]) * amount;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.settlement_hedges(text[], numeric[]) IS
'What positions that are settled in one asset hedge of those settled in another: a row for each pair with its amount above 0. assets in the order in which hedges are sought: the first with the second, the first with the third, ..., the second with the third; deltas: the net delta of the positions settled in each, positive for long, in one currency (a sum of quantity * (risk_terms(vector)).delta). A pair of opposite signs hedges the smaller of the two, which is then used up. With {USDT,USD,USDC} and a tier_margin of each amount these are OKX''s MR9. Exact. Errors: 2202E for arrays of different lengths, 22004 for a NULL inside, 22023 for an asset that is there twice or a delta that is not finite; NULL gives no row. doc/scenario_sets.md.';

-- ---- tiers that come with the extension ----

CREATE OR REPLACE FUNCTION margin_calib.standard_tiers(name text) RETURNS margin_calib.margin_tier[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF name = 'okx_mr9' THEN
        RETURN margin_calib.check_tiers('{"(0,0.0075,0.0075)","(1000000,0.0175,0.0175)","(5000000,0.025,0.025)"}'::margin_calib.margin_tier[]);
    END IF;
    RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there are no standard tiers %L', left(name, 64)), HINT = 'Those that there are: okx_mr9.';
END
$function$;
COMMENT ON FUNCTION margin_calib.standard_tiers(text) IS
'Tiers that come with the extension, for margin_calib.tier_margin. okx_mr9: what OKX charges for stablecoins that lose their peg, by the US dollars that positions settled in one stablecoin hedge of those settled in another, with the rates of its published example (a table by the price of the stablecoin: it starts at 0.5 % of the first million at par and ends at 40 % at 0.8 and below; take the present row from the venue). Another name is error 42704, NULL gives NULL. doc/scenario_sets.md.';

REVOKE ALL ON FUNCTION
    margin_calib.refuse_scenarios(text, text, text), margin_calib.check_macro(jsonb, jsonb),
    margin_calib.macro_scenarios(jsonb, jsonb, double precision),
    margin_calib.check_breakdown(text[], double precision[], double precision[], double precision[], double precision, text[]),
    margin_calib.breakdown_directions(text, text[], double precision[], double precision),
    margin_calib.correlation_scenarios(text[], double precision[], double precision[], double precision[], double precision, text[]),
    margin_calib.depeg_scenarios(text, double precision[], double precision[], text[], text), margin_calib.settlement_hedges(text[], numeric[]),
    margin_calib.standard_tiers(text) FROM PUBLIC;
