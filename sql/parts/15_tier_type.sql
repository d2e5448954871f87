-- A tier table is an array of these.
CREATE TYPE margin_calib.margin_tier AS (
    lower_bound      numeric,
    initial_rate     numeric,
    maintenance_rate numeric
);
COMMENT ON TYPE margin_calib.margin_tier IS
'One bracket of a tier table, which is an array of them: from lower_bound (notional, in the currency of the instrument) on, what is above it is margined at these rates (fractions of notional).';
COMMENT ON COLUMN margin_calib.margin_tier.lower_bound IS 'notional from which on the tier counts, 0 for the first';
COMMENT ON COLUMN margin_calib.margin_tier.initial_rate IS 'initial rate of what is in the tier, in (0, 1]';
COMMENT ON COLUMN margin_calib.margin_tier.maintenance_rate IS 'maintenance rate of what is in the tier, at most the initial rate';
