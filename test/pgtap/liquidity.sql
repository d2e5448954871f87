-- Tiers, square-root and open-interest laws, liquidation horizon, peg and confidence: published numbers,
-- arithmetic by hand, and the properties that a charge must have. In the engine: liquidity_engine.sql.
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- brackets. Hyperliquid, BTC: 40x to 150 million, 20x beyond, maintenance half of initial; testnet DOGE 10x, 5x, 3x
SELECT results_eq($$ SELECT n, tier_margin(n, tiers_from_leverage('{150000000}', '{40,20}'), 'maintenance')
                       FROM unnest(ARRAY[150000000, 150000000.000001, 200000000, 1000000000]) AS n $$,
    $$ VALUES (150000000, 1875000), (150000000.000001, 1875000.000000025), (200000000, 3125000), (1000000000, 23125000) $$,
    'Hyperliquid BTC: both sides of the bound, 200 million, 1 billion');
SELECT results_eq($$ SELECT n, ceil(tier_margin(n, tiers_from_leverage('{20000,100000,NULL}', '{10,5,3}'), 'maintenance') * 100) / 100
                       FROM unnest(ARRAY[20000, 50000, 100000, 250000]::numeric[]) AS n $$,
    $$ VALUES (20000::numeric, 1000.00), (50000, 4000.00), (100000, 9000.00), (250000, 34000.00) $$,
    'Hyperliquid DOGE, a third of leverage included: to the cent, rounded up');
-- OKX MR9 is the same law: 1 million at 0.75 %, 4 at 1.75 %, 5 at 2.5 %
SELECT is(tier_margin(10000000, ARRAY[(0, 0.0075, 0.0075), (1000000, 0.0175, 0.0175), (5000000, 0.025, 0.025)]::margin_tier[]),
          202500.0000, 'OKX MR9: 202,500');
-- OKX MR7: charge of 1 unit a USD times 1, 2, 4, 6, 8, 10, 12 by tier; 0.02 of it keeps rates in (0, 1]
SELECT is(50 * tier_margin(4500000, ARRAY[(0, 0.02, 0.02), (250000, 0.04, 0.04), (500000, 0.08, 0.08), (1000000, 0.12, 0.12),
                                          (2000000, 0.16, 0.16), (3000000, 0.2, 0.2), (4000000, 0.24, 0.24)]::margin_tier[]),
          250000 + 2 * 250000 + 4 * 500000 + 6 * 1000000 + 8 * 1000000 + 10 * 1000000 + 12 * 500000.00,
          'OKX MR7: multipliers by tier are brackets too');
SELECT results_eq($$ SELECT tier, lower_bound, upper_bound, initial_rate, maintenance_rate, leverage, initial_deduction, maintenance_deduction
                       FROM tier_table(ARRAY[(0, 0.004, 0.004), (50000, 0.005, 0.005), (600000, 0.01, 0.008)]::margin_tier[]) $$,
    $$ VALUES (1, 0::numeric, 50000::numeric, 0.004, 0.004, 250::numeric, 0.000, 0.000),
              (2, 50000, 600000, 0.005, 0.005, 200, 50.000, 50.000), (3, 600000, NULL, 0.01, 0.008, 100, 3050.000, 1850.000) $$,
    'deductions by hand: 50000 * 0.001, and + 600000 * 0.005 (initial), + 600000 * 0.003 (maintenance)');
CREATE TEMP TABLE ladder AS
SELECT k, array_agg(ROW(b, r, m)::margin_tier ORDER BY n) AS tiers
  FROM (SELECT k, n, CASE n WHEN 1 THEN 0 ELSE (n - 1) * (1000 + 37 * k) + 0.01 * k END AS b, least(1, 0.01 * (1 + k % 7) * n) AS r,
               least(1, 0.01 * (1 + k % 7) * n) * (0.3 + 0.1 * (k % 8)) AS m
          FROM generate_series(1, 40) AS k, generate_series(1, 6) AS n) AS t
 GROUP BY k;
CREATE TEMP TABLE probe AS
SELECT k, tiers, x AS n, w AS which, tier_margin(x, tiers, w) AS margin
  FROM ladder, unnest(ARRAY['initial', 'maintenance']) AS w,
       LATERAL (SELECT lower_bound + d AS x FROM unnest(tiers), unnest(ARRAY[-0.000001, 0, 0.000001, 250, 999]) AS d) AS p WHERE x >= 0;
SELECT is_empty($$ SELECT k, which, n, margin, next FROM (SELECT *, lead(margin) OVER (PARTITION BY k, which ORDER BY n) AS next,
                                                                    lead(n) OVER (PARTITION BY k, which ORDER BY n) AS next_n FROM probe) AS p
                    WHERE next < margin OR next - margin > (next_n - n) $$,
    'monotone, and no step: a margin grows by no more than the notional does');
SELECT is_empty($$ SELECT * FROM probe AS p, tier_table(p.tiers) AS t
                    WHERE p.n >= t.lower_bound AND (p.n < t.upper_bound OR t.upper_bound IS NULL)
                      AND p.margin <> p.n * CASE p.which WHEN 'initial' THEN t.initial_rate ELSE t.maintenance_rate END
                                      - CASE p.which WHEN 'initial' THEN t.initial_deduction ELSE t.maintenance_deduction END $$,
    'N r - d of its bracket, exactly, in 40 tables of 6 tiers');
SELECT is_empty($$ SELECT * FROM probe AS i JOIN probe AS m USING (k, n) WHERE i.which = 'initial' AND m.which = 'maintenance' AND m.margin > i.margin $$,
    'maintenance is never above initial');
SELECT is(tier_margin(NULL, tiers_from_leverage('{}', '{5}')), NULL, 'NULL gives NULL');
SELECT is(tiers_from_leverage('{}', '{4}'), ARRAY[(0, 0.25, 0.125)]::margin_tier[], 'one bracket');
SELECT is(tiers_from_leverage('{100,NULL}', '{4,2}', 0.8), ARRAY[(0, 0.25, 0.2), (100, 0.5, 0.4)]::margin_tier[], 'maintenance 0.8 of initial');

CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN SQLERRM;
END $$;
SELECT results_eq($$ SELECT pg_temp.refused(format('SELECT check_tiers(%L::margin_tier[])', t)) FROM unnest(ARRAY[
        '{}', '{NULL}', '{{"(0,0.1,0.1)"},{"(1,0.1,0.1)"}}', '{"(0,,0.1)"}', '{"(5,0.1,0.1)"}', '{"(0,0.1,0.1)","(0,0.2,0.1)"}',
        '{"(0,0,0.1)"}', '{"(0,1.1,0.1)"}', '{"(0,NaN,0.1)"}', '{"(0,0.1,0.2)"}', '{"(0,0.2,0.1)","(9,0.1,0.1)"}',
        '{"(0,0.2,0.1)","(9,0.2,0.05)"}', '{"(0,0.2,0.1)","(Infinity,0.2,0.1)"}', '{"(NaN,0.2,0.1)"}']) AS t $$,
    $$ VALUES ('a tier table has at least one tier'), ('tier 1 is NULL'), ('tiers are an array of one dimension'),
              ('tier 1 has a bound and two rates, none of them NULL'), ('tier 1 starts at a notional of 0'), ('tier 2 starts above tier 1'),
              ('the rates of tier 1 are above 0 and at most 1'), ('the rates of tier 1 are above 0 and at most 1'),
              ('the rates of tier 1 are above 0 and at most 1'), ('the maintenance rate of tier 1 is not above its initial rate'),
              ('the rates of tier 2 are not below those of tier 1'), ('the rates of tier 2 are not below those of tier 1'),
              ('the bound of tier 2 is finite'), ('the bound of tier 1 is finite') $$, 'tier tables are refused with the tier and the rule');
SELECT results_eq($$ SELECT pg_temp.refused('SELECT ' || s) FROM unnest(ARRAY[
        'tier_margin(-1, tiers_from_leverage(''{}'', ''{5}''))', 'tier_margin(''NaN'', tiers_from_leverage(''{}'', ''{5}''))',
        'tier_margin(1, tiers_from_leverage(''{}'', ''{5}''), ''Initial'')', 'tiers_from_leverage(''{}'', ''{0.5}'')', 'tiers_from_leverage(''{1,2}'', ''{5,3}'')',
        'tiers_from_leverage(''{}'', ''{}'')', 'tiers_from_leverage(''{}'', ''{5}'', 1.5)', 'tiers_from_leverage(''{2}'', ''{3,5}'')']) AS s $$,
    $$ VALUES ('a notional is zero or more, and finite'), ('a notional is zero or more, and finite'), ('a tier margin is initial or maintenance'),
              ('leverages are 1 or more, with an upper bound for each but the last'), ('leverages are 1 or more, with an upper bound for each but the last'),
              ('leverages are 1 or more, with an upper bound for each but the last'), ('maintenance is a share of initial margin above 0 and at most 1'),
              ('the rates of tier 2 are not below those of tier 1') $$, 'so are other arguments');

-- square root. Drift's tests, in ten-thousandths, cut: asset 9000, factors 0.01 and 0.1, size 1000; liability 11000
SELECT is(ARRAY[trunc(asset_weight(0.9, 1000, 0.01), 4), trunc(asset_weight(0.9, 1000, 0.1), 4), trunc(liability_weight(1.1, 1000, 0.01), 4),
                trunc(liability_weight(1.1, 1000, 0.1), 4), trunc(liability_weight(0, 1000, 0.1), 4)],
          ARRAY[0.8357, 0.2642, 1.1962, 4.0422, 3.1622], 'Drift: 8357, 2642, 11962, 40422, 31622');
SELECT is(ARRAY[asset_weight(0.9, 1, 0.001), liability_weight(1.1, 1, 0.001)], ARRAY[0.9, 1.1], 'a small size changes nothing');
SELECT is(ARRAY[concentration_factor(100, 100), concentration_factor(-400, 100), concentration_factor(1, 100)]::numeric[],
          ARRAY[1, 2, 1]::numeric[], 'ISDA: max(1, sqrt(|N| / T))');
SELECT is_empty($$ SELECT * FROM (SELECT x, lag(l) OVER w AS last_l, l, lag(a) OVER w AS last_a, a, lag(c) OVER w AS last_c, c
                     FROM (SELECT x, liability_weight(1.1, x, 0.02) AS l, asset_weight(0.9, x, 0.02) AS a, concentration_factor(x, 50) AS c
                             FROM generate_series(0, 400, 0.5) AS x) AS v WINDOW w AS (ORDER BY x)) AS p
                    WHERE l < last_l OR a > last_a OR c < last_c OR l - last_l > 0.02 OR last_a - a > 0.02 OR c - last_c > 0.02 $$,
    'monotone, and without a step');

-- open interest. dYdX v4: rates in millionths, cut; margins rounded up
SELECT is(trunc(open_interest_rate(0.2, 28123456789123, 25000000000000, 60000000000000), 6), 0.271393, 'dYdX: 271,393 ppm');
SELECT is(ceil(500000 * open_interest_rate(0.2, 28123456789123, 25000000000000, 60000000000000)), 135697::numeric, 'dYdX: margin 135,697');
SELECT is(500000 * open_interest_rate(0.2, 42500000000000, 25000000000000, 60000000000000), 300000.0, 'dYdX: half way 60 %, 300,000');
SELECT is(trunc(0.637239 * 0.289284, 6), 0.184343, 'dYdX: maintenance 63.7239 % of 28.9284 % is 184,343 ppm');
SELECT is(ceil(123456 * open_interest_rate(0.567243, 1, 2, 3)), 70030::numeric, 'dYdX: 56.7243 % of 123,456 is 70,030');
SELECT is(ARRAY[open_interest_rate(0.2, 5, 5, 10), open_interest_rate(0.2, 10, 5, 10), open_interest_rate(0.2, 99, 5, 10),
                open_interest_rate(0.2, 7, 7, 7), open_interest_rate(0.2, 8, 7, 7), open_interest_rate(0.2, 6, 5, 10)]::numeric[],
          ARRAY[0.2, 1, 1, 0.2, 1, 0.36]::numeric[], 'at the bounds, beyond, with one bound, a fifth of the way');

-- horizon and charges, by hand: 40 of a volume of 100 at 10 % take 4 days; half of 0.2 % of 1000, times sqrt(4)
SELECT is(ARRAY[liquidation_horizon(40, 100), liquidation_horizon(-40, 100), liquidation_horizon(5, 100), liquidation_horizon(40, 100, 0.2),
                liquidation_horizon(40, 100, 0.1, 5), liquidation_horizon(40, 100, maximum_horizon => 3), liquidation_horizon(1, 0),
                liquidation_horizon(1, 0, maximum_horizon => 30), liquidation_horizon(0, 0)]::numeric[],
          ARRAY[4, 4, 1, 2, 5, 3, 60, 30, 1]::numeric[], 'liquidation horizon');
SELECT is(ARRAY[liquidity_charge(1000, 0.002, 40, 100), liquidity_charge(1000, 0.002, 10, 100), liquidity_charge(1000, 0.002, 0, 100),
                liquidity_charge(1000, 0, 1, 0), liquidity_charge(1000, 0.002, 10, 0, maximum_horizon => 25)]::numeric[],
          ARRAY[2, 1, 1, 0, 5]::numeric[], 'liquidity charge');
SELECT is(ARRAY[horizon_charge(80, 4), horizon_charge(80, 1), horizon_charge(80, 0.5), horizon_charge(80, 18, 2)]::numeric[],
          ARRAY[80, 0, 0, 160]::numeric[], 'horizon charge: the first horizon is in the margin');
SELECT is(ARRAY[liquidation_horizon(NULL, 1), liquidation_horizon(1, NULL), liquidation_horizon(1, 0, maximum_horizon => NULL), liquidity_charge(1, NULL, 1, 1), liquidity_charge(1, 0.1, 1, NULL), horizon_charge(NULL, 1)],
          ARRAY[NULL, NULL, NULL, NULL, NULL, NULL]::numeric[], 'NULL gives NULL');
SELECT is_empty($$ SELECT * FROM (SELECT q, c, lag(c) OVER (ORDER BY q) AS last, h, lag(h) OVER (ORDER BY q) AS last_h
                     FROM (SELECT q, liquidity_charge(q, 0.01, q, 100) AS c, horizon_charge(0.1 * q, liquidation_horizon(q, 100)) AS h
                             FROM generate_series(0, 60, 0.125) AS q) AS v) AS p
                    WHERE c < last OR h < last_h OR c - last > 0.01 OR h - last_h > 0.05 $$, 'both charges grow with size, without a step');
SELECT is(ARRAY[peg_charge(0.98), peg_charge(0.99), peg_charge(1.3), peg_charge(0.5), peg_charge(0.94, 0.99, 2), peg_charge(0)],
          ARRAY[0.04, 0, 0, 1.96, 0.10, 3.96], 'peg: 4 (0.99 - p), and with the factor 2');
SELECT is(ARRAY[confidence_charge(0.5), confidence_charge(0.55), confidence_charge(1), confidence_charge(0), confidence_charge(0.7, 0.8)],
          ARRAY[0.5, 0, 0, 1, 0.3], 'confidence: 1 - c below 0.55');
SELECT is(ARRAY[price_confidence(3, 0, 0), price_confidence(9, 0, 0), price_confidence(1, 0, 0, full_sources => 4), price_confidence(3, 75, 0),
                price_confidence(3, 300, 0), price_confidence(3, 0, 0.01), price_confidence(3, 0, 0.06), price_confidence(0, 0, 0),
                price_confidence(2, 150, 0.025, 4), price_confidence(NULL, 75, NULL), price_confidence(NULL, NULL, NULL)]::numeric[],
          ARRAY[1, 1, 0.25, 0.75, 0, 0.8, 0, 0, 0.125, 0.75, NULL]::numeric[], 'confidence from sources, age and width');
SELECT is_empty($$ SELECT * FROM generate_series(0, 5) AS s, generate_series(0, 400, 50) AS a, generate_series(0, 0.06, 0.01) AS w,
                     LATERAL (SELECT price_confidence(s, a, w) AS c, price_confidence(s + 1, a, w) AS s2, price_confidence(s, a + 9, w) AS a2, price_confidence(s, a, w + 0.001) AS w2) AS p
                    WHERE s2 < c OR a2 > c OR w2 > c OR c NOT BETWEEN 0 AND 1 $$, 'monotone in each, between 0 and 1');
SELECT results_eq($$ SELECT pg_temp.refused('SELECT ' || s) FROM unnest(ARRAY[
        'liability_weight(-1, 1, 1)', 'asset_weight(1, ''NaN'', 1)', 'concentration_factor(1, 0)', 'concentration_factor(''Infinity'', 1)', 'open_interest_rate(20, 1, 2, 3)',
        'open_interest_rate(0.2, 1, 3, 2)', 'open_interest_rate(0.2, -1, 2, 3)', 'liquidation_horizon(1, -1)', 'liquidation_horizon(1, 1, 2)', 'liquidation_horizon(1, 1, 0.1, 0)',
        'liquidation_horizon(''NaN'', 1)', 'liquidation_horizon(1, 1, maximum_horizon => 0)', 'liquidity_charge(1, 5, 1, 1)', 'liquidity_charge(-1, 0.1, 1, 1)', 'horizon_charge(-1, 1)',
        'peg_charge(-1)', 'peg_charge(1, 99)', 'peg_charge(1, 0.99, -1)', 'confidence_charge(55)', 'confidence_charge(0.5, 55)', 'price_confidence(-1, 0, 0)', 'price_confidence(1, ''NaN'', 0)', 'price_confidence(1, 1, 0, 0)']) AS s $$,
    $$ VALUES ('a weight is zero or more, and finite'), ('a size is zero or more, and finite'), ('a concentration threshold is above zero, and finite'), ('an amount is finite'),
              ('a rate is a fraction between 0 and 1'), ('open interest bounds are zero or more, the lower not above the upper'), ('open interest is zero or more, and finite'),
              ('an average daily volume is zero or more, and finite'), ('participation is a share of volume above 0 and at most 1'), ('a horizon is above zero, and finite'),
              ('the size of a quantity is zero or more, and finite'), ('a maximum horizon is above zero, and finite'), ('a spread is a fraction of the price between 0 and 2'),
              ('a notional is zero or more, and finite'), ('a margin is zero or more, and finite'), ('a price is zero or more, and finite'), ('a peg threshold is above 0 and at most 1'),
              ('a peg factor is zero or more, and finite'), ('a confidence is a fraction between 0 and 1'), ('a confidence threshold is a fraction between 0 and 1'),
              ('a number of sources is zero or more, and finite'), ('an age is zero or more, and finite'), ('the number of sources for full confidence is above zero, and finite') $$,
    'values out of range are refused with their rule');

-- everybody may call them
CREATE ROLE mc_anybody;
GRANT USAGE ON SCHEMA margin_calib TO mc_anybody;
SET LOCAL ROLE mc_anybody;
SELECT is(tier_margin(100, tiers_from_leverage('{}', '{5}')) + peg_charge(1) + liquidity_charge(100, 0, 1, 1) + concentration_factor(1, 1)
          + (SELECT count(*) FROM tier_table(tiers_from_leverage('{}', '{5}'))), 22::numeric, 'anybody may call them');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
