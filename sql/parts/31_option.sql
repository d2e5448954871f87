-- Option prices, Greeks and implied vols. doc/options.md has the equations. They are statistics of their arguments: PUBLIC
-- may call them.

CREATE OR REPLACE FUNCTION margin_calib.black76_price(kind text, forward double precision, strike double precision, t double precision, vol double precision, discount double precision DEFAULT 1)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_black76_price_one';
COMMENT ON FUNCTION margin_calib.black76_price(text, double precision, double precision, double precision, double precision, double precision) IS
'Price of a European option by Black (1976): discount times F Phi(d1) - K Phi(d2) for a call. forward, strike and the result have one unit; t is in years, vol a year (0.65 for 65 per cent), discount the factor to the day of payment, positive. Relative error below 1e-14. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. F. Black, J. Financial Economics 3 (1976), 167-179; doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black76_greeks(kind text, forward double precision, strike double precision, t double precision, vol double precision, discount double precision DEFAULT 1)
    RETURNS margin_calib.option_greeks
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_black76_greeks_one';
COMMENT ON FUNCTION margin_calib.black76_greeks(text, double precision, double precision, double precision, double precision, double precision) IS
'Price by margin_calib.black76_price and its derivatives by the forward, vol, time and rate. vega, vanna and volga are per 1.00 of vol, theta is -dV/dt a year with the discount unwinding at the rate -ln(discount) / t, rho = -t V per 1.00 of rate with the forward held. Without time value delta is 0, 1 or -1 times discount, and gamma, vega, vanna, volga and the undiscounted theta are 0; at the money, where they jump, delta is 0.5 or -0.5, gamma Infinity, theta -Infinity where t alone is 0. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. F. Black, J. Financial Economics 3 (1976), 167-179; doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black_scholes_price(kind text, spot double precision, strike double precision, t double precision, vol double precision, rate double precision DEFAULT 0, dividend_yield double precision DEFAULT 0)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_black_scholes_price_one';
COMMENT ON FUNCTION margin_calib.black_scholes_price(text, double precision, double precision, double precision, double precision, double precision, double precision) IS
'Price of a European option on a spot price by Black, Scholes and Merton (1973): black76_price at the forward spot exp((rate - dividend_yield) t) and the discount exp(-rate t). Rates are continuous, a year, and finite; dividend_yield is also the rate of a foreign currency. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; spot and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. A forward or discount factor beyond the range of a double is an error (22003). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black_scholes_greeks(kind text, spot double precision, strike double precision, t double precision, vol double precision, rate double precision DEFAULT 0, dividend_yield double precision DEFAULT 0)
    RETURNS margin_calib.option_greeks
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_black_scholes_greeks_one';
COMMENT ON FUNCTION margin_calib.black_scholes_greeks(text, double precision, double precision, double precision, double precision, double precision, double precision) IS
'Price by margin_calib.black_scholes_price and its derivatives: delta, gamma and vanna by the spot price, vega, vanna and volga per 1.00 of vol, theta -dV/dt a year with the spot price held, rho per 1.00 of rate with spot price and dividend_yield held. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; spot and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. A forward or discount factor beyond the range of a double is an error (22003). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.inverse_option_price(kind text, forward double precision, strike double precision, t double precision, vol double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_inverse_option_price_one';
COMMENT ON FUNCTION margin_calib.inverse_option_price(text, double precision, double precision, double precision, double precision) IS
'Premium in coin of an inverse (coin-settled) option: the undiscounted price of Black (1976) over the forward, as Deribit marks its options. forward and strike have one unit, the result is in coins of the underlying; t is in years, vol a year. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. A premium beyond the range of a double is an error (22003). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.inverse_option_greeks(kind text, forward double precision, strike double precision, t double precision, vol double precision)
    RETURNS margin_calib.option_greeks
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_inverse_option_greeks_one';
COMMENT ON FUNCTION margin_calib.inverse_option_greeks(text, double precision, double precision, double precision, double precision) IS
'Premium in coin by margin_calib.inverse_option_price and the derivatives of it, in coin: delta is d(premium in coin)/d(forward), not the hedge in coins; vega, vanna and volga per 1.00 of vol, theta -dV/dt a year, rho 0 as no rate enters. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t and vol not negative (22023). t or vol 0 gives the intrinsic value, Infinity the upper bound. doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.implied_vol(kind text, price double precision, forward double precision, strike double precision, t double precision, discount double precision DEFAULT 1)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_implied_vol_one';
COMMENT ON FUNCTION margin_calib.implied_vol(text, double precision, double precision, double precision, double precision, double precision) IS
'The vol a year at which margin_calib.black76_price gives the price. A price outside of the no-arbitrage bounds is an error that names them (22023); at the intrinsic value the vol is 0, at the upper bound Infinity. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t not negative (22023). The error is a few units of the last digit, or of what the last digit of the price allows. After P. Jaeckel, Wilmott 2015(75), 40-53; doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black_scholes_implied_vol(kind text, price double precision, spot double precision, strike double precision, t double precision, rate double precision DEFAULT 0, dividend_yield double precision DEFAULT 0)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_black_scholes_implied_vol_one';
COMMENT ON FUNCTION margin_calib.black_scholes_implied_vol(text, double precision, double precision, double precision, double precision, double precision, double precision) IS
'The vol a year at which margin_calib.black_scholes_price gives the price. A price outside of the no-arbitrage bounds is an error that names them (22023); at the intrinsic value the vol is 0, at the upper bound Infinity. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; spot and strike must be positive and finite, t not negative (22023). The error is a few units of the last digit, or of what the last digit of the price allows. A forward or discount factor beyond the range of a double is an error (22003). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.inverse_implied_vol(kind text, price double precision, forward double precision, strike double precision, t double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_inverse_implied_vol_one';
COMMENT ON FUNCTION margin_calib.inverse_implied_vol(text, double precision, double precision, double precision, double precision) IS
'The vol a year at which margin_calib.inverse_option_price gives the premium in coin. A price outside of the no-arbitrage bounds is an error that names them (22023); at the intrinsic value the vol is 0, at the upper bound Infinity. kind is call, put, c or p in any case. NULL gives NULL, NaN gives NaN; forward and strike must be positive and finite, t not negative (22023). The error is a few units of the last digit, or of what the last digit of the price allows. doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black76_prices(kind text[], forward double precision[], strike double precision[], t double precision[], vol double precision[], discount double precision[] DEFAULT '{1}')
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_black76_prices_array';
COMMENT ON FUNCTION margin_calib.black76_prices(text[], double precision[], double precision[], double precision[], double precision[], double precision[]) IS
'margin_calib.black76_price of many options, element by element and bit by bit, by the vector instructions that the machine has. An array of one element counts for all options; other lengths must be equal (2202E), NULL inside is an error (22004), a value out of range one that names its element (22023). NaN gives NaN. A NULL array gives NULL. Results beyond margin_calib.max_state_mb are an error (54000). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.black76_greeks_all(kind text[], forward double precision[], strike double precision[], t double precision[], vol double precision[], discount double precision[] DEFAULT '{1}')
    RETURNS margin_calib.option_greeks_arrays
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_black76_greeks_array';
COMMENT ON FUNCTION margin_calib.black76_greeks_all(text[], double precision[], double precision[], double precision[], double precision[], double precision[]) IS
'margin_calib.black76_greeks of many options, an array for each column, element by element and bit by bit, by the vector instructions that the machine has. An array of one element counts for all options; other lengths must be equal (2202E), NULL inside is an error (22004), a value out of range one that names its element (22023). NaN gives NaN. A NULL array gives NULL. Results beyond margin_calib.max_state_mb are an error (54000). doc/options.md.';

CREATE OR REPLACE FUNCTION margin_calib.implied_vols(kind text[], price double precision[], forward double precision[], strike double precision[], t double precision[], discount double precision[] DEFAULT '{1}')
    RETURNS double precision[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
    AS 'MODULE_PATHNAME', 'mc_implied_vols_array';
COMMENT ON FUNCTION margin_calib.implied_vols(text[], double precision[], double precision[], double precision[], double precision[], double precision[]) IS
'margin_calib.implied_vol of many quotes; NULL for a price outside of its no-arbitrage bounds. An array of one element counts for all options; other lengths must be equal (2202E), NULL inside is an error (22004), a value out of range one that names its element (22023). NaN gives NaN. A NULL array gives NULL. Results beyond margin_calib.max_state_mb are an error (54000). doc/options.md.';
