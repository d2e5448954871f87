-- Liquidity and concentration as functions of numbers: square-root and open-interest laws, the liquidation
-- horizon, and what spread, a peg and a doubtful price cost. All numeric; rates and spreads are fractions.
-- A quotient has as many decimals as its operands, 16 digits at least: a factor of 1 with 24 decimals keeps 24.

CREATE OR REPLACE FUNCTION margin_calib.checked_non_negative(value numeric, name text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.checked(value, value >= 0 AND value < 'Infinity', name || ' is zero or more, and finite', NULL);
END;
COMMENT ON FUNCTION margin_calib.checked_non_negative(numeric, text) IS
'Internal: the value when it is in [0, Infinity), else error 22023 that names it.';

CREATE OR REPLACE FUNCTION margin_calib.checked_positive(value numeric, name text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.checked(value, value > 0 AND value < 'Infinity', name || ' is above zero, and finite', NULL);
END;
COMMENT ON FUNCTION margin_calib.checked_positive(numeric, text) IS
'Internal: the value when it is in (0, Infinity), else error 22023 that names it.';

CREATE OR REPLACE FUNCTION margin_calib.checked_fraction(value numeric, name text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT margin_calib.checked(value, value >= 0 AND value <= 1, name || ' is a fraction between 0 and 1', 'Write 0.05 for 5 %.');
END;
COMMENT ON FUNCTION margin_calib.checked_fraction(numeric, text) IS
'Internal: the value when it is in [0, 1], else error 22023 that names it.';

CREATE OR REPLACE FUNCTION margin_calib.liability_weight(weight numeric, size numeric, size_factor numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT greatest(margin_calib.checked_non_negative(weight, 'a weight'),
                    0.8 * weight + margin_calib.checked_non_negative(size_factor, 'a size factor')
                                   * sqrt(margin_calib.checked_non_negative(size, 'a size')));
END;
COMMENT ON FUNCTION margin_calib.liability_weight(numeric, numeric, numeric) IS
'Weight of a debt that grows with the square root of its size: max(weight, 0.8 weight + size_factor sqrt(size)), size in units of the asset. Never below weight; monotone and continuous in size. NULL gives NULL; negative, NaN or infinite: error 22023. Source: Drift protocol v2, size premium liability weight.';

CREATE OR REPLACE FUNCTION margin_calib.asset_weight(weight numeric, size numeric, size_factor numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT least(margin_calib.checked_non_negative(weight, 'a weight'),
                 1.1 / (1 + margin_calib.checked_non_negative(size_factor, 'a size factor')
                            * sqrt(margin_calib.checked_non_negative(size, 'a size'))));
END;
COMMENT ON FUNCTION margin_calib.asset_weight(numeric, numeric, numeric) IS
'Weight of collateral that falls with the square root of its size: min(weight, 1.1 / (1 + size_factor sqrt(size))), size in units of the asset. Never above weight; monotone and continuous in size. NULL gives NULL; negative, NaN or infinite: error 22023. Source: Drift protocol v2, size discount asset weight.';

CREATE OR REPLACE FUNCTION margin_calib.concentration_factor(amount numeric, threshold numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT sqrt(greatest(1, abs(margin_calib.checked(amount, abs(amount) < 'Infinity', 'an amount is finite', NULL))
                            / margin_calib.checked_positive(threshold, 'a concentration threshold')));
END;
COMMENT ON FUNCTION margin_calib.concentration_factor(numeric, numeric) IS
'Factor on the risk of a concentrated position: max(1, sqrt(|amount| / threshold)); the sign does not matter. 1 up to the threshold, continuous. NULL gives NULL; NaN or infinite amounts, a threshold of zero or less: error 22023. Source: ISDA SIMM, concentration risk factor.';

CREATE OR REPLACE FUNCTION margin_calib.open_interest_rate(
    rate numeric, open_interest numeric, lower_bound numeric, upper_bound numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1 -- STRICT would forbid inlining
BEGIN ATOMIC
    SELECT CASE
        WHEN rate IS NULL OR open_interest IS NULL OR lower_bound IS NULL OR upper_bound IS NULL THEN NULL
        WHEN margin_calib.checked_non_negative(open_interest, 'open interest')
             <= margin_calib.checked(lower_bound, lower_bound >= 0 AND lower_bound <= upper_bound AND upper_bound < 'Infinity',
                                     'open interest bounds are zero or more, the lower not above the upper', NULL)
            THEN margin_calib.checked_fraction(rate, 'a rate')
        WHEN open_interest >= upper_bound THEN greatest(margin_calib.checked_fraction(rate, 'a rate'), 1)
        -- one division, last: exact until then
        ELSE margin_calib.checked_fraction(rate, 'a rate') + (open_interest - lower_bound) * (1 - rate) * 1.000000000000000000000000 / (upper_bound - lower_bound) END;
END;
COMMENT ON FUNCTION margin_calib.open_interest_rate(numeric, numeric, numeric, numeric) IS
'Initial rate that rises with the open interest of the market: min(rate + max((OI - lower) / (upper - lower), 0) (1 - rate), 1): the rate itself up to lower_bound, 1 from upper_bound on, linear between. Open interest and bounds in one unit. NULL gives NULL; a rate outside [0, 1], negative or unordered bounds: error 22023. Source: dYdX v4, open interest margin fraction (which cuts the rate to millionths and rounds margins up).';

CREATE OR REPLACE FUNCTION margin_calib.liquidation_horizon(
    quantity numeric, average_daily_volume numeric, participation numeric DEFAULT 0.1,
    horizon numeric DEFAULT 1, maximum_horizon numeric DEFAULT 60) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE
        -- greatest and least pass over NULL
        WHEN quantity IS NULL OR horizon IS NULL OR maximum_horizon IS NULL THEN NULL
        WHEN margin_calib.checked_non_negative(average_daily_volume, 'an average daily volume')
             * margin_calib.checked(participation, participation > 0 AND participation <= 1,
                                    'participation is a share of volume above 0 and at most 1', 'Write 0.1 for 10 % of the volume.') > 0
            THEN greatest(margin_calib.checked_positive(horizon, 'a horizon'),
                          least(margin_calib.checked_non_negative(abs(quantity), 'the size of a quantity') * 1.000000000000000000000000
                                / (average_daily_volume * participation),
                                margin_calib.checked_positive(maximum_horizon, 'a maximum horizon')))
        WHEN average_daily_volume * participation = 0
            THEN greatest(margin_calib.checked_positive(horizon, 'a horizon'),
                          CASE WHEN margin_calib.checked_non_negative(abs(quantity), 'the size of a quantity') > 0
                               THEN margin_calib.checked_positive(maximum_horizon, 'a maximum horizon') END)
        END;
END;
COMMENT ON FUNCTION margin_calib.liquidation_horizon(numeric, numeric, numeric, numeric, numeric) IS
'Days that a position takes to be closed at a share of the market''s volume: |quantity| / (participation * average_daily_volume), at least horizon and at most maximum_horizon, which it also is without volume. Quantity and volume in one unit. NULL gives NULL; values out of range: error 22023.';

CREATE OR REPLACE FUNCTION margin_calib.liquidity_charge(
    notional numeric, spread numeric, quantity numeric, average_daily_volume numeric, participation numeric DEFAULT 0.1,
    horizon numeric DEFAULT 1, maximum_horizon numeric DEFAULT 60) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN spread = 0 THEN 0 * margin_calib.checked_non_negative(notional, 'a notional')
                ELSE margin_calib.checked_non_negative(notional, 'a notional')
                     * margin_calib.checked(spread, spread >= 0 AND spread <= 2,
                                            'a spread is a fraction of the price between 0 and 2', 'Write 0.0005 for 5 basis points.')
                     / 2 * sqrt(margin_calib.liquidation_horizon(quantity, average_daily_volume, participation, horizon, maximum_horizon)
                                * 1.000000000000000000000000 / horizon) END;
END;
COMMENT ON FUNCTION margin_calib.liquidity_charge(numeric, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Cost of getting out of a position: notional * spread / 2 * sqrt(max(1, |quantity| / (participation * average_daily_volume * horizon))): half the relative spread, growing with the square root of size beyond what the market takes in one horizon (days); maximum_horizon limits it. NULL gives NULL; out of range: error 22023. Sources: square-root impact, Almgren et al. 2005; liquidity and concentration charges of SPAN 2 and PRISMA.';

CREATE OR REPLACE FUNCTION margin_calib.horizon_charge(
    margin numeric, liquidation_horizon numeric, horizon numeric DEFAULT 1) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1 -- STRICT would forbid inlining
BEGIN ATOMIC
    SELECT CASE WHEN liquidation_horizon IS NOT NULL AND horizon IS NOT NULL THEN
               margin_calib.checked_non_negative(margin, 'a margin')
               * (sqrt(greatest(1, margin_calib.checked_non_negative(liquidation_horizon, 'a liquidation horizon') * 1.000000000000000000000000
                                   / margin_calib.checked_positive(horizon, 'a horizon'))) - 1) END;
END;
COMMENT ON FUNCTION margin_calib.horizon_charge(numeric, numeric, numeric) IS
'Price risk beyond the horizon that a margin was calibrated for: margin * (sqrt(max(1, liquidation_horizon / horizon)) - 1), zero up to the horizon. The first horizon is in the margin already and is not charged again. NULL gives NULL; out of range: error 22023. Source: scaling of liquidity horizons, Basel MAR33.5; risk term of Almgren and Chriss 2001.';

CREATE OR REPLACE FUNCTION margin_calib.peg_charge(
    price numeric, threshold numeric DEFAULT 0.99, factor numeric DEFAULT 4) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1 -- STRICT would forbid inlining
BEGIN ATOMIC
    SELECT CASE WHEN price IS NOT NULL AND threshold IS NOT NULL THEN
               margin_calib.checked_non_negative(factor, 'a peg factor')
               * greatest(margin_calib.checked(threshold, threshold > 0 AND threshold <= 1,
                                               'a peg threshold is above 0 and at most 1', 'Write 0.99.')
                          - margin_calib.checked_non_negative(price, 'a price'), 0) END;
END;
COMMENT ON FUNCTION margin_calib.peg_charge(numeric, numeric, numeric) IS
'Charge, as a fraction, for a stable asset whose price against its peg of 1 has fallen below the threshold: factor * max(threshold - price, 0). Zero at and above the threshold, also above the peg. NULL gives NULL; out of range: error 22023. Source: Derive (Lyra v2) portfolio margin, peg loss factor.';

CREATE OR REPLACE FUNCTION margin_calib.price_confidence(
    sources numeric, age numeric, width numeric, full_sources numeric DEFAULT 3,
    maximum_age numeric DEFAULT 300, maximum_width numeric DEFAULT 0.05) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN coalesce(sources, age, width) IS NOT NULL THEN
        -- least and greatest pass over NULL: what was not observed is told apart before
        CASE WHEN sources IS NULL THEN 1 ELSE least(1, margin_calib.checked_non_negative(sources, 'a number of sources') * 1.000000000000000000000000
             / margin_calib.checked_positive(full_sources, 'the number of sources for full confidence')) END
        * CASE WHEN age IS NULL THEN 1 ELSE greatest(0, 1 - margin_calib.checked_non_negative(age, 'an age') * 1.000000000000000000000000
               / margin_calib.checked_positive(maximum_age, 'a maximum age')) END
        * CASE WHEN width IS NULL THEN 1 ELSE greatest(0, 1 - margin_calib.checked_non_negative(width, 'a width') * 1.000000000000000000000000
               / margin_calib.checked_positive(maximum_width, 'a maximum width')) END END;
END;
COMMENT ON FUNCTION margin_calib.price_confidence(numeric, numeric, numeric, numeric, numeric, numeric) IS
'Confidence in a price, 0 to 1: min(1, sources / full_sources) * max(0, 1 - age / maximum_age) * max(0, 1 - width / maximum_width). sources: fresh sources behind it; age: of the quote, in seconds; width: relative width of its quotes or sources. Fewer sources, an older and a wider quote each lower it, and none makes up for another. NULL is what was not observed and does not lower it; all three NULL gives NULL. Out of range: error 22023.';

CREATE OR REPLACE FUNCTION margin_calib.confidence_charge(confidence numeric, threshold numeric DEFAULT 0.55) RETURNS numeric
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1 -- STRICT would forbid inlining
BEGIN ATOMIC
    SELECT CASE WHEN confidence IS NULL OR threshold IS NULL THEN NULL
                WHEN margin_calib.checked_fraction(confidence, 'a confidence') < margin_calib.checked_fraction(threshold, 'a confidence threshold')
                THEN 1 - confidence ELSE 0 END;
END;
COMMENT ON FUNCTION margin_calib.confidence_charge(numeric, numeric) IS
'Charge, as a fraction of notional, for a price that is doubted: 1 - confidence below the threshold, else 0. It steps at the threshold, as its source does. NULL gives NULL; outside [0, 1]: error 22023. Source: Derive (Lyra v2) portfolio margin, oracle contingency.';
