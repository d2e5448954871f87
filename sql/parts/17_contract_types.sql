-- What a derivatives venue lists: the terms of one contract, and how venues write them into symbols.

CREATE TYPE margin_calib.contract AS (
    instrument        text,
    venue             text,
    kind              text,
    payoff            text,
    option_kind       text,
    underlying        text,
    quote_currency    text,
    settlement_asset  text,
    expiry            timestamptz,
    strike            numeric,
    contract_size     numeric,
    multiplier        numeric,
    settlement_window interval,
    funding_interval  interval,
    premium           text
);
COMMENT ON TYPE margin_calib.contract IS
'Terms of a contract: what margin_calib.parse_symbol reads from a symbol, margin_calib.set_contract stores, and contract_pnl and its like value.';
COMMENT ON COLUMN margin_calib.contract.instrument IS 'symbol at the venue';
COMMENT ON COLUMN margin_calib.contract.venue IS 'as in margin_calib.symbol_formats, or any other name';
COMMENT ON COLUMN margin_calib.contract.kind IS 'spot, future, perpetual or option (European)';
COMMENT ON COLUMN margin_calib.contract.payoff IS 'linear: profit in the quote currency; inverse: profit in the underlying; quanto: profit in a third asset, at a fixed rate';
COMMENT ON COLUMN margin_calib.contract.option_kind IS 'call or put; NULL unless an option';
COMMENT ON COLUMN margin_calib.contract.underlying IS 'asset whose price counts, BTC also where the venue writes XBT';
COMMENT ON COLUMN margin_calib.contract.quote_currency IS 'currency of prices of the underlying, of futures and of strikes';
COMMENT ON COLUMN margin_calib.contract.settlement_asset IS 'asset in which profit, payoff and funding are paid';
COMMENT ON COLUMN margin_calib.contract.expiry IS 'of futures and options, NULL of the others';
COMMENT ON COLUMN margin_calib.contract.strike IS 'in quote currency; NULL unless an option';
COMMENT ON COLUMN margin_calib.contract.contract_size IS 'units of the underlying a contract; of inverse futures and perpetuals units of the quote currency; NULL: the symbol does not say';
COMMENT ON COLUMN margin_calib.contract.multiplier IS '1; of a quanto units of the settlement asset for a move of 1 in the price';
COMMENT ON COLUMN margin_calib.contract.settlement_window IS 'the index is averaged so long before expiry to settle; 0: its value at expiry, NULL: not known';
COMMENT ON COLUMN margin_calib.contract.funding_interval IS 'time that a funding rate of a perpetual is for; NULL: not known, or no perpetual';
COMMENT ON COLUMN margin_calib.contract.premium IS 'of options: ''coin'' when they are quoted in units of the underlying, as inverse options are, ''currency'' when in the quote currency';

CREATE TYPE margin_calib.symbol_format AS (
    venue             text,
    example           text,
    pattern           text,
    fields            text[],
    kind              text,
    payoff            text,
    quote_currency    text,
    settlement_asset  text,
    contract_size     jsonb,
    multiplier        numeric,
    expiry_time       time,
    settlement_window interval,
    former_window     interval,
    window_since      date,
    funding_interval  interval,
    needs_venue       boolean
);
COMMENT ON TYPE margin_calib.symbol_format IS 'One way in which a venue writes symbols, and what they mean: a row of margin_calib.symbol_formats.';
COMMENT ON COLUMN margin_calib.symbol_format.venue IS 'where symbols are written so; the spot, linear and inverse markets of one house are venues of their own where it uses a symbol twice';
COMMENT ON COLUMN margin_calib.symbol_format.example IS 'a symbol of this format';
COMMENT ON COLUMN margin_calib.symbol_format.pattern IS 'regular expression of the whole symbol';
COMMENT ON COLUMN margin_calib.symbol_format.fields IS 'what its groups are: underlying, quote, strike, option_kind, or a date: dmmmyy (5JUL26), yymmdd, yyyymmdd, or month_code (Z26: the last Friday of December 2026)';
COMMENT ON COLUMN margin_calib.symbol_format.kind IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.symbol_format.payoff IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.symbol_format.quote_currency IS 'NULL: the field quote of the symbol';
COMMENT ON COLUMN margin_calib.symbol_format.settlement_asset IS 'NULL: the underlying when inverse, else the quote currency';
COMMENT ON COLUMN margin_calib.symbol_format.contract_size IS 'by underlying; * stands for all others; an underlying that is not there: NULL';
COMMENT ON COLUMN margin_calib.symbol_format.multiplier IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.symbol_format.expiry_time IS 'UTC time of day of the expiry';
COMMENT ON COLUMN margin_calib.symbol_format.settlement_window IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.symbol_format.former_window IS 'settlement window of expiries before window_since';
COMMENT ON COLUMN margin_calib.symbol_format.window_since IS 'day of the first expiry with settlement_window; NULL: all';
COMMENT ON COLUMN margin_calib.symbol_format.funding_interval IS 'as in margin_calib.contract';
COMMENT ON COLUMN margin_calib.symbol_format.needs_venue IS 'symbols are so plain that they are only recognised when the venue is given';
