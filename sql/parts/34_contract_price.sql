-- Prices and values of contracts from a forward and a vol. doc/contracts.md has the equations.

CREATE OR REPLACE FUNCTION margin_calib.contract_price(
    contract margin_calib.contract, forward double precision, vol double precision, as_of timestamptz, discount double precision DEFAULT 1)
    RETURNS double precision
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN (contract).kind <> 'option' THEN forward
                -- a size of 1: a price is that of one unit, and needs to know of no other
                WHEN (contract).expiry <= as_of
                THEN margin_calib.contract_payoff(ROW((contract).instrument, (contract).venue, (contract).kind, (contract).payoff, (contract).option_kind, (contract).underlying,
                         (contract).quote_currency, (contract).settlement_asset, (contract).expiry, (contract).strike, 1, 1, NULL, NULL, NULL)::margin_calib.contract, forward)
                ELSE margin_calib.black76_price((contract).option_kind, forward, (contract).strike::double precision,
                                                margin_calib.years_to_expiry((contract).expiry, as_of), vol, discount)
                     / CASE (contract).payoff
                       WHEN 'inverse' THEN margin_calib.checked(forward, forward > 0, 'the price of an inverse contract is positive',
                                                                'Such a contract pays in its underlying, an amount divided by the price.')
                       WHEN 'linear' THEN 1 END END;
END;
COMMENT ON FUNCTION margin_calib.contract_price(margin_calib.contract, double precision, double precision, timestamptz, double precision) IS
'Price of a contract in the terms of its venue. Of an option the Black-76 premium of one unit of the underlying, margin_calib.black76_price at years_to_expiry, divided by forward when it is quoted in coin (Deribit''s convention, with discount 1); from expiry on its payoff, forward being the settlement price. Of everything else forward itself, the price of the contract: vol, as_of and discount are not used and may be NULL. vol: a year, 0.8 is 80 %. Otherwise NULL gives NULL. Errors: those of black76_price and contract_payoff.';

CREATE OR REPLACE FUNCTION margin_calib.contract_value(
    contract margin_calib.contract, forward double precision, vol double precision, as_of timestamptz, discount double precision DEFAULT 1)
    RETURNS double precision
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE (contract).kind WHEN 'option' THEN margin_calib.contract_units(contract) * margin_calib.contract_price(contract, forward, vol, as_of, discount)
                                ELSE margin_calib.contract_notional(contract, forward, 1) END;
END;
COMMENT ON FUNCTION margin_calib.contract_value(margin_calib.contract, double precision, double precision, timestamptz, double precision) IS
'Value of one contract in the settlement asset: of an option units * contract_price, of everything else its notional, contract_notional(contract, forward, 1). What a position in an inverse future earns is not the difference of its values: that is contract_pnl. Arguments and errors as of contract_price.';
