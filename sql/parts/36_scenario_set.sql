-- Scenario sets: those of venues, as data, and those that users add. doc/portfolio_margin.md has their sources.

CREATE OR REPLACE FUNCTION margin_calib.scenario_grid(price_shocks double precision[], vol_shocks double precision[] DEFAULT '{0}', vol_unit text DEFAULT 'relative')
    RETURNS jsonb
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('price_shock', p.shock, 'vol_shock', v.shock, 'vol_unit', vol_unit) ORDER BY p.at, v.at), '[]')
      FROM unnest(price_shocks) WITH ORDINALITY AS p (shock, at) CROSS JOIN unnest(vol_shocks) WITH ORDINALITY AS v (shock, at);
END;
COMMENT ON FUNCTION margin_calib.scenario_grid(double precision[], double precision[], text) IS
'Every price shock (a share of the price: -0.15 is a fall of 15 %) with every vol shock, as rows for margin_calib.add_scenario_set, in order: scenario_grid(''{-0.1,0,0.1}'', ''{1,-1}'', ''range'') has six. vol_unit: as in margin_calib.scenario. Arrays that are NULL or empty give no row.';

-- The largest move of the grid over the move: what an extreme scenario counts, where a venue covers all moves as if they were of one size.
CREATE OR REPLACE FUNCTION margin_calib.scenario_tails(price_shocks double precision[], weights double precision[], vol_shock double precision)
    RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('price_shock', u.shock, 'vol_shock', vol_shock, 'vol_unit', 'range', 'weight', u.weight) ORDER BY u.at), '[]')
      FROM unnest(price_shocks, weights) WITH ORDINALITY AS u (shock, weight, at);
END;
COMMENT ON FUNCTION margin_calib.scenario_tails(double precision[], double precision[], double precision) IS
'Internal to standard_scenario_sets: extreme price shocks with their weights and one vol shock in units of the range, as rows of scenarios.';

CREATE OR REPLACE FUNCTION margin_calib.standard_scenario_sets() RETURNS SETOF margin_calib.scenario_set
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 7
BEGIN ATOMIC
    SELECT r.s FROM (VALUES
        -- CME SPAN: thirds of a range, vol up and down, two moves of twice the range at 35 %
        (1, jsonb_build_object('name', 'span', 'version', 1,
            'scenarios', (SELECT jsonb_agg(jsonb_build_object('price_shock', p.third / 3, 'price_unit', 'range', 'vol_shock', v.shock, 'vol_unit', 'range')
                                           ORDER BY abs(p.third), p.third DESC, v.shock DESC)
                            FROM unnest('{0,1,-1,2,-2,3,-3}'::double precision[]) AS p (third) CROSS JOIN unnest('{1,-1}'::double precision[]) AS v (shock))
                         || '[{"price_shock": 2, "price_unit": "range", "weight": 0.35}, {"price_shock": -2, "price_unit": "range", "weight": 0.35}]',
            'law', '{"price_range": 0.15, "vol_up": 0.25, "vol_down": 0.25}'::jsonb,
            'method', '{"measure": "worst"}'::jsonb)),
        (2, jsonb_build_object('name', 'deribit', 'version', 1,
            'scenarios', margin_calib.scenario_grid('{-0.16,-0.12,-0.08,-0.04,0,0.04,0.08,0.12,0.16}', '{-1,0,1}', 'range')
                         || margin_calib.scenario_tails('{-0.66,-0.33,0.5,1,2,3,4,5}', '{0.24242424242424243,0.48484848484848486,0.32,0.16,0.08,0.05333333333333333,0.04,0.032}', 1),
            'law', '{"vol_up": 0.5, "vol_down": 0.25, "short_power": 0.3, "long_power": 0.13, "least_vol_up": 0.5}'::jsonb,
            'method', '{"measure": "worst", "initial_factor": 1, "maintenance_factor": 0.8}'::jsonb)),
        (3, jsonb_build_object('name', 'paradex', 'version', 1,
            'scenarios', margin_calib.scenario_grid('{-0.16,0.16}', '{1}', 'range') || margin_calib.scenario_grid('{-0.12,-0.08,-0.04,0,0.04,0.08,0.12}', '{1,-1}', 'range')
                         || margin_calib.scenario_tails('{-0.66,-0.33,0.5,1,2,3,4,5}', '{0.24,0.48,0.32,0.16,0.08,0.0533,0.04,0.032}', 1),
            'law', '{"vol_up": 0.4, "vol_down": 0.22, "short_power": 0.3, "long_power": 0.13}'::jsonb,
            'method', '{"measure": "worst", "initial_factor": 1, "maintenance_factor": 0.5, "components": [
                           {"name": "minimum of delta", "kind": "delta_minimum", "initial": 0.02, "maintenance": 0.01, "slope": 0.5}]}'::jsonb)),
        (4, jsonb_build_object('name', 'derive', 'version', 1,
            'scenarios', margin_calib.scenario_grid('{0.18,-0.18}', '{1}', 'range') || margin_calib.scenario_grid('{0.135,0.09,0.045,0,-0.045,-0.09,-0.135}', '{-1,0,1}', 'range')
                         || margin_calib.scenario_tails('{-0.66,-0.33,0.5,1,2,3,4,5}', '{0.21,0.42,0.2772,0.1386,0.0693,0.0462,0.03465,0.02772}', 1)
                         || '[{"label": "linear skew", "skew": "linear", "both_ways": true}, {"label": "absolute skew", "skew": "absolute", "both_ways": true},
                              {"label": "basis up", "price_shock": 0.045, "contingency": true}, {"label": "basis down", "price_shock": -0.045, "contingency": true}]',
            'law', '{"vol_up": 0.5, "vol_down": 0.3, "short_power": 0.3, "long_power": 0.13, "least_vol_up": 0.4,
                     "linear_skew": {"cap": 0.25, "cap_slope": -0.1, "least_width": 0.01, "width_scale": 4, "width": 0.6},
                     "absolute_skew": {"cap": 0.25, "cap_slope": -0.1, "least_width": 0.01, "width_scale": 4, "width": 0.6},
                     "long_discount": 0.95, "long_rate_scale": 1, "long_rate_add": 0.16, "short_discount": 1.05, "short_rate_scale": 1, "short_rate_add": 0.16}'::jsonb,
            'method', '{"measure": "worst", "initial_factor": 1, "maintenance_factor": 0.8, "components": [
                           {"name": "perpetuals", "kind": "notional", "initial": 0.04, "maintenance": 0.03, "kinds": ["perpetual"]},
                           {"name": "naked shorts", "kind": "naked_short", "initial": 0.005, "maintenance": 0.003},
                           {"name": "basis", "kind": "contingency", "initial": 0.5, "maintenance": 0.5, "slope": 4, "kinds": ["option"]},
                           {"name": "confidence", "kind": "confidence", "initial": 1, "threshold": 0.55},
                           {"name": "haircuts", "kind": "haircut"}]}'::jsonb))
        UNION ALL
        -- OKX: MR1 and MR6 of a group of underlyings; the moves of one are not those of another times a number. MR1 is the larger of a change of
        -- vols in points and one in per cent: 30, 25, 20 points at 0, 30 and 60 days by the law, at least 20 at any, and the least per cent, 25.
        SELECT g.place, jsonb_build_object('name', g.name, 'version', 1,
            'scenarios', margin_calib.scenario_grid(g.moves, '{1,0,-1}', 'range') || margin_calib.scenario_grid(g.moves, '{0.2,-0.2}', 'absolute')
                         || margin_calib.scenario_grid(g.moves, '{0.25,-0.25}')
                         || jsonb_build_array(jsonb_build_object('label', 'extreme up', 'price_shock', g.extreme, 'weight', 0.5),
                                              jsonb_build_object('label', 'extreme down', 'price_shock', -g.extreme, 'weight', 0.5)),
            'law', '{"vol_up": 0.25, "vol_down": 0.25, "vol_range_unit": "absolute", "short_power": 0.05360493, "long_power": 0.32192809}'::jsonb,
            'method', '{"measure": "worst", "initial_factor": 1.3, "maintenance_factor": 1}'::jsonb)
          FROM (VALUES (5, 'okx_major', '{0,0.04,-0.04,0.08,-0.08,0.12,-0.12}'::double precision[], 0.24),
                       (6, 'okx_group_2', '{0,0.06,-0.06,0.12,-0.12,0.18,-0.18}', 0.36),
                       (7, 'okx_other', '{0,0.08,-0.08,0.16,-0.16,0.25,-0.25}', 0.5)) AS g (place, name, moves, extreme)) AS v (place, content)
     CROSS JOIN LATERAL (SELECT jsonb_populate_record(NULL::margin_calib.scenario_set, v.content)) AS r (s)
     ORDER BY v.place;
END;
COMMENT ON FUNCTION margin_calib.standard_scenario_sets() IS
'The scenario sets that come with the extension, one a row: span (16 scenarios in units of a range: give your own law), deribit, paradex, derive (PMRM 2), and okx_major, okx_group_2 and okx_other (one a group of underlyings), with the numbers of 2025; venues change theirs. margin_calib.scenario_set reads one by name; margin_calib.add_scenario_set makes others, also a newer version under the same name. doc/portfolio_margin.md has the sources and what of each venue''s method is not in them.';

CREATE OR REPLACE FUNCTION margin_calib.undiscounted(law margin_calib.shock_law) RETURNS margin_calib.shock_law
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN law IS DISTINCT FROM NULL THEN
               jsonb_populate_record(law, '{"long_discount": null, "long_rate_scale": null, "long_rate_add": null, "short_discount": null, "short_rate_scale": null, "short_rate_add": null}') END;
END;
COMMENT ON FUNCTION margin_calib.undiscounted(margin_calib.shock_law) IS
'Internal: a law that counts values of options as they are.';

-- Weights, discounts and charges are how margin counts a scenario; a stress test asks what it would cost.
CREATE OR REPLACE FUNCTION margin_calib.plain_scenarios(scenarios margin_calib.scenario_set) RETURNS margin_calib.scenario_set
    LANGUAGE sql STABLE PARALLEL SAFE COST 250
BEGIN ATOMIC
    SELECT ROW((scenarios).name, (scenarios).version,
               ARRAY(SELECT ROW(s.label, s.price_shock, s.price_unit, s.vol_shock, s.vol_unit, s.skew, NULL, NULL, NULL)::margin_calib.scenario
                       FROM unnest((scenarios).scenarios) WITH ORDINALITY AS s (label, price_shock, price_unit, vol_shock, vol_unit, skew, weight, both_ways, contingency, place)
                      ORDER BY s.place),
               margin_calib.undiscounted((scenarios).law),
               (SELECT array_agg(ROW(f.factor, margin_calib.undiscounted(f.law), f.price_shocks, f.vol_shocks, f.currency)::margin_calib.factor_law ORDER BY f.place)
                  FROM unnest((scenarios).factors) WITH ORDINALITY AS f (factor, law, price_shocks, vol_shocks, currency, place)), NULL)::margin_calib.scenario_set;
END;
COMMENT ON FUNCTION margin_calib.plain_scenarios(margin_calib.scenario_set) IS
'Internal to stress tests: a set whose profits count as they are.';

REVOKE ALL ON FUNCTION margin_calib.undiscounted(margin_calib.shock_law), margin_calib.plain_scenarios(margin_calib.scenario_set) FROM PUBLIC;
