-- What contracts earn and pay, in their settlement asset (src/contract.c). doc/contracts.md has the equations.

CREATE OR REPLACE FUNCTION margin_calib.years_to_expiry(expiry timestamptz, as_of timestamptz)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_years_to_expiry';
COMMENT ON FUNCTION margin_calib.years_to_expiry(timestamptz, timestamptz) IS
'Time from as_of to expiry in years of 365 days of 86400 s, the convention of crypto venues; 0 from expiry on. NULL gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.contract_units(contract margin_calib.contract)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_contract_units';
COMMENT ON FUNCTION margin_calib.contract_units(margin_calib.contract) IS
'Internal: contract size times multiplier; error 22023 when one is missing, or the contract is of no known kind or payoff.';

CREATE OR REPLACE FUNCTION margin_calib.contract_pnl(
    contract margin_calib.contract, entry_price double precision, price double precision, quantity double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_contract_pnl';
COMMENT ON FUNCTION margin_calib.contract_pnl(margin_calib.contract, double precision, double precision, double precision) IS
'Profit of quantity contracts (negative: short) bought at entry_price and now at price, in the settlement asset. With units = contract_size * multiplier: quantity * units * (price - entry_price), of an inverse future or perpetual quantity * units * (1 / entry_price - 1 / price). Prices are as the venue quotes them: of an option its premium. Fees and funding are not in it. NULL gives NULL, NaN NaN; 22023 for an inverse price that is not positive or a contract without a size, 22003 beyond the largest double.';

CREATE OR REPLACE FUNCTION margin_calib.contract_notional(contract margin_calib.contract, price double precision, quantity double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_contract_notional';
COMMENT ON FUNCTION margin_calib.contract_notional(margin_calib.contract, double precision, double precision) IS
'Size of a position of quantity contracts in the settlement asset, with the sign of the quantity: quantity * units * price; of an inverse future or perpetual quantity * units / price, of an inverse option quantity * units, which are coins already. price: of the contract, of an option that of its underlying. NULL gives NULL; 22023 for an inverse price that is not positive or a contract without a size.';

CREATE OR REPLACE FUNCTION margin_calib.contract_payoff(contract margin_calib.contract, settlement_price double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_contract_payoff';
COMMENT ON FUNCTION margin_calib.contract_payoff(margin_calib.contract, double precision) IS
'What one option contract pays at expiry, in the settlement asset: units * max(settlement_price - strike, 0) of a call, units * max(strike - settlement_price, 0) of a put, divided by settlement_price when inverse. NULL gives NULL, NaN NaN; 22023 for a contract that is no option or has no size, and for an inverse settlement price that is not positive.';

CREATE OR REPLACE FUNCTION margin_calib.funding_payment(
    contract margin_calib.contract, quantity double precision, price double precision, funding_rate double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_funding_payment';
COMMENT ON FUNCTION margin_calib.funding_payment(margin_calib.contract, double precision, double precision, double precision) IS
'What a position of quantity contracts (negative: short) pays in funding, in the settlement asset, negative when it receives: contract_notional(contract, price, quantity) * funding_rate. price: the one that the venue uses, mark or index; funding_rate: for the time that the payment is for, of which contract.funding_interval is the venue''s unit. Longs pay when the rate is positive. NULL gives NULL; 22023 unless the contract is a perpetual.';

CREATE OR REPLACE FUNCTION margin_calib.settlement_average_accum(
    state double precision[], price double precision, ts timestamptz, expiry timestamptz, settlement_window interval) RETURNS double precision[]
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_settlement_average_accum';
COMMENT ON FUNCTION margin_calib.settlement_average_accum(double precision[], double precision, timestamptz, timestamptz, interval) IS
'Support function of margin_calib.settlement_average: adds a price that lies within the window.';

CREATE OR REPLACE AGGREGATE margin_calib.settlement_average(
    price double precision, ts timestamptz, expiry timestamptz, settlement_window interval) (
    SFUNC = margin_calib.settlement_average_accum, STYPE = double precision[], INITCOND = '{0,0,0}',
    FINALFUNC = float8_avg, PARALLEL = SAFE);
COMMENT ON AGGREGATE margin_calib.settlement_average(double precision, timestamptz, timestamptz, interval) IS
'Settlement price of a contract: the plain mean of an index over its settlement window, expiry - settlement_window < ts <= expiry. The samples are taken as evenly spaced, as venues take them (Deribit: 300, one every 6 s of 30 minutes); ticks are resampled first. NULL prices are skipped, NaN gives NaN, no price in the window NULL. In the window of a running contract it is the average so far. No partial aggregation.';

REVOKE ALL ON FUNCTION
    margin_calib.settlement_average_accum(double precision[], double precision, timestamptz, timestamptz, interval) FROM PUBLIC;
