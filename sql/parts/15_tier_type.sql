-- A tier table is an array of these.
CREATE TYPE margin_calib.margin_tier AS (
    lower_bound      numeric,
    initial_rate     numeric,
    maintenance_rate numeric
);
COMMENT ON TYPE margin_calib.margin_tier IS
'One bracket of a tier table, which is an array of them: from lower_bound (notional, in the currency of the instrument) on, what is above it is margined at these rates (fractions of notional).';
