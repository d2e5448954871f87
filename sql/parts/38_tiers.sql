-- Bracket tiers: what of a notional lies in a bracket is margined at the bracket's rate, as an income tax
-- does. With bounds b_k and rates r_k
--   margin(N) = sum_k (r_k - r_(k-1)) max(N - b_k, 0),  r_0 = 0
-- which is N r_k - d_k in the bracket of N, with the deductions d_k = d_(k-1) + b_k (r_k - r_(k-1)) that
-- venues publish: continuous at every bound, monotone and convex since rates do not fall. All numeric, exact.

CREATE OR REPLACE FUNCTION margin_calib.check_tiers(tiers margin_calib.margin_tier[])
    RETURNS margin_calib.margin_tier[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_check_tiers';
COMMENT ON FUNCTION margin_calib.check_tiers(margin_calib.margin_tier[]) IS
'Returns the tiers when they are a tier table: bounds ascend from 0, rates are in (0, 1] and do not fall from tier to tier, and a maintenance rate is not above its initial rate. Else error 22023, which names the tier and the rule. NULL gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.tier_margin(
    notional numeric, tiers margin_calib.margin_tier[], which text DEFAULT 'initial') RETURNS numeric
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_tier_margin';
COMMENT ON FUNCTION margin_calib.tier_margin(numeric, margin_calib.margin_tier[], text) IS
'Margin of a notional (zero or more, in the currency) under a tier table, which => initial or maintenance: the part of it in each tier at the tier''s rate, that is N r_k - d_k with the deductions of tier_table. Exact, continuous and monotone in the notional. NULL gives NULL; error 22023 for bad tiers (check_tiers), a notional below zero, NaN or infinite, another which. Source: Binance''s maintenance amount (cum), Hyperliquid''s maintenance_deduction.';

CREATE OR REPLACE FUNCTION margin_calib.tier_table(tiers margin_calib.margin_tier[])
    RETURNS TABLE (tier integer, lower_bound numeric, upper_bound numeric, initial_rate numeric, maintenance_rate numeric,
                   leverage numeric, initial_deduction numeric, maintenance_deduction numeric)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50 ROWS 10
BEGIN ATOMIC
    SELECT t.n::integer, t.b, t.next_b, t.r, t.m, round(1 / t.r, 4),
           sum(t.b * (t.r - t.last_r)) OVER (ORDER BY t.n), sum(t.b * (t.m - t.last_m)) OVER (ORDER BY t.n)
      FROM (SELECT u.*, lead(u.b) OVER w AS next_b, lag(u.r, 1, 0::numeric) OVER w AS last_r,
                   lag(u.m, 1, 0::numeric) OVER w AS last_m
              FROM unnest(margin_calib.check_tiers(tiers)) WITH ORDINALITY AS u (b, r, m, n) WINDOW w AS (ORDER BY u.n)) AS t
     ORDER BY t.n;
END;
COMMENT ON FUNCTION margin_calib.tier_table(margin_calib.margin_tier[]) IS
'A tier table as venues publish it, one row a tier: bounds (upper_bound is NULL for the last), rates, leverage = 1 / initial_rate, and the deductions with which margin = notional * rate - deduction inside the tier. Error 22023 for bad tiers; NULL gives no rows.';

CREATE OR REPLACE FUNCTION margin_calib.tiers_from_leverage(
    upper_bounds numeric[], leverages numeric[], maintenance_share numeric DEFAULT 0.5)
    RETURNS margin_calib.margin_tier[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 50
BEGIN ATOMIC
    -- rates are cut after 20 decimals, never above the exact fraction: a margin that is a whole cent stays one
    SELECT margin_calib.check_tiers(array_agg(
               ROW(CASE WHEN l.n = 1 THEN 0 ELSE b.upper_bound END, trunc(1.000000000000000000000000 / l.leverage, 20),
                   trunc(margin_calib.checked(maintenance_share, maintenance_share > 0 AND maintenance_share <= 1,
                                              'maintenance is a share of initial margin above 0 and at most 1', NULL)
                         * 1.000000000000000000000000 / l.leverage, 20))::margin_calib.margin_tier ORDER BY l.n))
      FROM unnest(margin_calib.checked(leverages,
                      cardinality(leverages) > 0 AND 1 <= ALL (leverages) AND 'Infinity' > ALL (leverages)
                      AND array_ndims(leverages) = 1
                      AND (cardinality(upper_bounds) = cardinality(leverages) - 1
                           OR cardinality(upper_bounds) = cardinality(leverages)
                              AND upper_bounds[array_upper(upper_bounds, 1)] IS NULL),
                      'leverages are 1 or more, with an upper bound for each but the last',
                      'Write tiers_from_leverage(''{150000000}'', ''{40,20}''): 40x up to 150 million, 20x beyond.'))
           WITH ORDINALITY AS l (leverage, n)
      LEFT JOIN unnest(upper_bounds) WITH ORDINALITY AS b (upper_bound, n) ON b.n = l.n - 1;
END;
COMMENT ON FUNCTION margin_calib.tiers_from_leverage(numeric[], numeric[], numeric) IS
'Tiers from leverage brackets: upper bounds of the notional (none, or NULL, for the last bracket) and the largest leverage in each. Initial rate 1 / leverage, maintenance rate the share (default half) of it, both cut after 20 decimals. Error 22023 when leverages are below 1, bounds do not ascend or leverage rises with size; NULL gives NULL. Source: Hyperliquid margin tiers.';
