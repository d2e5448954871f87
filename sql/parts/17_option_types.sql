-- What option pricing returns. src/option.c and src/option_arrays.c build these by position: keep all in step.
CREATE TYPE margin_calib.option_greeks AS (
    price double precision,
    delta double precision,
    gamma double precision,
    vega  double precision,
    theta double precision,
    rho   double precision,
    vanna double precision,
    volga double precision
);
COMMENT ON TYPE margin_calib.option_greeks IS
'Price of an option and its derivatives, as margin_calib.black76_greeks, black_scholes_greeks and inverse_option_greeks return them: F is the forward, or the spot price for black_scholes_greeks; V the price in the unit of the function. doc/options.md has the equations.';
COMMENT ON COLUMN margin_calib.option_greeks.price IS 'V';
COMMENT ON COLUMN margin_calib.option_greeks.delta IS 'dV/dF';
COMMENT ON COLUMN margin_calib.option_greeks.gamma IS 'd2V/dF2';
COMMENT ON COLUMN margin_calib.option_greeks.vega IS 'dV/dvol, per 1.00 of vol: a hundredth of it for one per cent';
COMMENT ON COLUMN margin_calib.option_greeks.theta IS '-dV/dt, a year: what the option gains as time passes, negative for most bought options; F and rates are held';
COMMENT ON COLUMN margin_calib.option_greeks.rho IS 'dV/drate, per 1.00 of rate: with the forward held (-t V) for black76_greeks, with the spot price held for black_scholes_greeks; 0 for inverse_option_greeks, where no rate enters';
COMMENT ON COLUMN margin_calib.option_greeks.vanna IS 'd2V/dF dvol, per 1.00 of vol';
COMMENT ON COLUMN margin_calib.option_greeks.volga IS 'd2V/dvol2, per 1.00 of vol';

CREATE TYPE margin_calib.option_greeks_arrays AS (
    price double precision[],
    delta double precision[],
    gamma double precision[],
    vega  double precision[],
    theta double precision[],
    rho   double precision[],
    vanna double precision[],
    volga double precision[]
);
COMMENT ON TYPE margin_calib.option_greeks_arrays IS
'Prices of options and their derivatives, one element an option, as margin_calib.black76_greeks_all returns them; the columns are those of margin_calib.option_greeks.';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.price IS 'V of each option';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.delta IS 'dV/dF of each option';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.gamma IS 'd2V/dF2 of each option';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.vega IS 'dV/dvol of each option, per 1.00 of vol';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.theta IS '-dV/dt of each option, a year';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.rho IS '-t V of each option';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.vanna IS 'd2V/dF dvol of each option, per 1.00 of vol';
COMMENT ON COLUMN margin_calib.option_greeks_arrays.volga IS 'd2V/dvol2 of each option, per 1.00 of vol';
