-- State: the terms of contracts, by instrument.

CREATE TABLE margin_calib.contract_terms (
    instrument        text PRIMARY KEY,
    venue             text,
    kind              text NOT NULL CHECK (kind IN ('spot', 'future', 'perpetual', 'option')),
    payoff            text NOT NULL CHECK (payoff IN ('linear', 'inverse', 'quanto')),
    option_kind       text CHECK (option_kind IN ('call', 'put')),
    underlying        text NOT NULL,
    quote_currency    text NOT NULL,
    settlement_asset  text NOT NULL,
    expiry            timestamptz,
    strike            numeric CHECK (strike > 0 AND strike < 'Infinity'),
    contract_size     numeric NOT NULL CHECK (contract_size > 0 AND contract_size < 'Infinity'),
    multiplier        numeric NOT NULL CHECK (multiplier > 0 AND multiplier < 'Infinity'),
    settlement_window interval,
    funding_interval  interval,
    premium           text CHECK (premium IN ('coin', 'currency')),
    set_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by            text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE margin_calib.contract_terms IS
'Terms of contracts, a row an instrument, with the columns of margin_calib.contract. Written by set_contract, set_contracts and drop_contract; margin_calib.contract_of reads it.';
SELECT pg_catalog.pg_extension_config_dump('margin_calib.contract_terms', '');
