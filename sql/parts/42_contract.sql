-- Terms of contracts in the database: checked when they are written, and in the audit trail.

CREATE OR REPLACE FUNCTION margin_calib.contract_problem(terms margin_calib.contract) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE
        WHEN (terms).instrument = '' THEN 'an instrument has a name'
        WHEN ((terms).kind IN ('spot', 'future', 'perpetual', 'option')) IS NOT TRUE THEN 'the kind of a contract is spot, future, perpetual or option'
        WHEN ((terms).payoff IN ('linear', 'inverse', 'quanto')) IS NOT TRUE THEN 'the payoff of a contract is linear, inverse or quanto'
        WHEN (terms).kind = 'spot' AND (terms).payoff <> 'linear' OR (terms).kind = 'option' AND (terms).payoff = 'quanto'
            THEN 'a spot pair is linear, and an option linear or inverse'
        WHEN ((terms).underlying <> '' AND (terms).quote_currency <> '' AND (terms).settlement_asset <> '') IS NOT TRUE
            THEN 'a contract has an underlying, a quote currency and a settlement asset'
        WHEN (terms).payoff = 'inverse' AND (terms).settlement_asset <> (terms).underlying THEN 'an inverse contract is settled in its underlying'
        WHEN (isfinite((terms).expiry) AND (terms).kind IN ('future', 'option') OR (terms).expiry IS NULL AND (terms).kind IN ('spot', 'perpetual')) IS NOT TRUE
            THEN 'futures and options have a finite expiry, perpetuals and spot pairs have none'
        WHEN ((terms).kind = 'option') <> ((terms).strike IS NOT NULL) OR ((terms).kind = 'option') <> ((terms).option_kind IS NOT NULL)
             OR (terms).option_kind NOT IN ('call', 'put') OR NOT ((terms).strike > 0 AND (terms).strike < 'Infinity')
            THEN 'an option is a call or a put with a positive finite strike, and only an option has one'
        WHEN (terms).premium IS DISTINCT FROM
             CASE WHEN (terms).kind = 'option' THEN CASE (terms).payoff WHEN 'inverse' THEN 'coin' ELSE 'currency' END END
            THEN 'the premium of an inverse option is in coin, of a linear one in currency, and nothing else has one'
        WHEN ((terms).contract_size > 0 AND (terms).contract_size < 'Infinity' AND (terms).multiplier > 0 AND (terms).multiplier < 'Infinity') IS NOT TRUE
            THEN 'contract size and multiplier are positive and finite'
        WHEN (terms).settlement_window < '0' OR (terms).settlement_window IS NOT NULL AND (terms).expiry IS NULL
            THEN 'a settlement window is not negative, and goes with an expiry'
        WHEN (terms).funding_interval <= '0' OR (terms).funding_interval IS NOT NULL AND (terms).kind <> 'perpetual'
            THEN 'a funding interval is positive, and goes with a perpetual' END;
END;
COMMENT ON FUNCTION margin_calib.contract_problem(margin_calib.contract) IS
'Internal: the rule that terms of a contract break, NULL when they break none.';

CREATE OR REPLACE FUNCTION margin_calib.stored_contract(terms margin_calib.contract_terms) RETURNS margin_calib.contract
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT ROW((terms).instrument, (terms).venue, (terms).kind, (terms).payoff, (terms).option_kind, (terms).underlying, (terms).quote_currency,
               (terms).settlement_asset, (terms).expiry, (terms).strike, (terms).contract_size, (terms).multiplier, (terms).settlement_window,
               (terms).funding_interval, (terms).premium)::margin_calib.contract;
END;
COMMENT ON FUNCTION margin_calib.stored_contract(margin_calib.contract_terms) IS
'Internal: the contract in a row of contract_terms, all of its terms and not who set them.';

CREATE OR REPLACE FUNCTION margin_calib.queue_holders(instrument text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 50
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT -1, p.account, false, now() FROM margin_calib.account_position AS p WHERE p.instrument = queue_holders.instrument;
END;
COMMENT ON FUNCTION margin_calib.queue_holders(text) IS
'Internal: queues the accounts with a position in an instrument.';

CREATE OR REPLACE FUNCTION margin_calib.store_contract(terms margin_calib.contract, reason text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    problem CONSTANT text := margin_calib.contract_problem(terms);
    stored  margin_calib.contract;
BEGIN
    IF terms.instrument IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the instrument of a contract is NULL',
            HINT = 'Write margin_calib.set_contract(margin_calib.parse_symbol(''BTC-PERPETUAL'')).';
    ELSIF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = problem, DETAIL = format('The contract given is %s.', left(terms::text, 1000)),
            HINT = CASE WHEN terms.contract_size IS NULL THEN 'The venue says how large a contract is: set_contract(jsonb_populate_record('
                        'parse_symbol(''BTC-USDC-SWAP''), ''{"contract_size": 0.0001}'')).'
                        ELSE 'Start from what a symbol says: set_contract(jsonb_populate_record(parse_symbol(''BTC-PERPETUAL''), ''{"instrument": "X"}'')).' END;
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('contract', terms.instrument);
    SELECT (margin_calib.stored_contract(t)).* INTO stored FROM margin_calib.contract_terms AS t WHERE t.instrument = terms.instrument;
    IF stored IS NOT DISTINCT FROM terms THEN
        RETURN false;
    END IF;
    DELETE FROM margin_calib.contract_terms AS t WHERE t.instrument = terms.instrument;
    INSERT INTO margin_calib.contract_terms SELECT terms.*;
    PERFORM margin_calib.audit_change('contract', terms.instrument, store_contract.reason), margin_calib.queue_holders(terms.instrument);
    RETURN true;
END
$function$;
COMMENT ON FUNCTION margin_calib.store_contract(margin_calib.contract, text) IS
'Internal: writes the terms of a contract; false when they were so already.';

CREATE OR REPLACE FUNCTION margin_calib.set_contract(terms margin_calib.contract, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
BEGIN ATOMIC
    SELECT margin_calib.store_contract(terms, reason);
END;
COMMENT ON FUNCTION margin_calib.set_contract(margin_calib.contract, text) IS
'Stores the terms of a contract over those that its instrument had, with the reason in the audit trail; false when they were so already. Every term is given: jsonb_populate_record(margin_calib.parse_symbol(...), ''{"contract_size": 0.1}'') changes some of those that a symbol says. Errors: 22004 without an instrument, 22023 for terms that do not fit together.';

CREATE OR REPLACE FUNCTION margin_calib.set_contracts(symbols text[], venue text DEFAULT NULL, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF symbols IS NULL OR array_position(symbols, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a symbol is NULL',
            HINT = 'Write margin_calib.set_contracts(ARRAY[''BTC-PERPETUAL'', ''ETH-PERPETUAL''], ''deribit'').';
    END IF;
    RETURN (SELECT count(*) FILTER (WHERE margin_calib.store_contract(margin_calib.parse_symbol(s, set_contracts.venue), set_contracts.reason))
              FROM unnest(symbols) AS s);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_contracts(text[], text, text) IS
'Stores what margin_calib.parse_symbol reads from the symbols of a venue, all or none, and returns how many were new or changed. Errors: those of parse_symbol and set_contract.';

CREATE OR REPLACE FUNCTION margin_calib.drop_contract(instrument text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('contract', t.instrument) FROM margin_calib.contract_terms AS t WHERE t.instrument = drop_contract.instrument;
    DELETE FROM margin_calib.contract_terms AS t WHERE t.instrument = drop_contract.instrument;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there are no contract terms of instrument %s', coalesce(quote_literal(drop_contract.instrument), 'NULL')),
            HINT = 'margin_calib.contract_terms lists the instruments that have them.';
    END IF;
    PERFORM margin_calib.audit_change('contract', drop_contract.instrument, drop_contract.reason), margin_calib.queue_holders(drop_contract.instrument);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_contract(text, text) IS
'Forgets the terms of a contract; the audit trail keeps them. Error 42704 when there are none.';

CREATE OR REPLACE FUNCTION margin_calib.contract_of(instrument text) RETURNS margin_calib.contract
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    terms margin_calib.contract;
BEGIN
    SELECT (margin_calib.stored_contract(t)).* INTO terms FROM margin_calib.contract_terms AS t WHERE t.instrument = contract_of.instrument;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('there are no contract terms of instrument %L', left(contract_of.instrument, 64)),
            HINT = 'Write margin_calib.set_contract(margin_calib.parse_symbol(symbol, venue)).';
    END IF;
    RETURN terms;
END
$function$;
COMMENT ON FUNCTION margin_calib.contract_of(text) IS
'The stored terms of an instrument''s contract, for contract_pnl and its like. NULL gives NULL, an instrument without terms error 42704.';

REVOKE ALL ON FUNCTION
    margin_calib.queue_holders(text), margin_calib.store_contract(margin_calib.contract, text), margin_calib.set_contract(margin_calib.contract, text),
    margin_calib.set_contracts(text[], text, text), margin_calib.drop_contract(text, text), margin_calib.contract_of(text) FROM PUBLIC;
