-- What a user says about instruments and currencies.

CREATE OR REPLACE FUNCTION margin_calib.set_instrument(
    instrument text, kind text DEFAULT NULL, multiplier numeric DEFAULT NULL, currency text DEFAULT NULL,
    policy text DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    row margin_calib.instrument;
BEGIN
    IF set_instrument.instrument IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the instrument is NULL',
            HINT = 'Write margin_calib.set_instrument(''BTC-PERP'', kind => ''inverse'', multiplier => 100).';
    ELSIF set_instrument.instrument = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an instrument has a name';
    ELSIF set_instrument.kind NOT IN ('spot', 'linear', 'inverse') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the kind of an instrument is spot, linear or inverse',
            DETAIL = format('The kind given is %L.', set_instrument.kind);
    ELSIF NOT (set_instrument.multiplier > 0 AND set_instrument.multiplier < 'Infinity') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the multiplier of an instrument is positive and finite',
            DETAIL = format('The multiplier given is %s.', set_instrument.multiplier),
            HINT = 'A short position has a negative quantity.';
    ELSIF set_instrument.currency = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the currency of an instrument has a name';
    ELSIF set_instrument.policy <> 'automatic' THEN
        PERFORM margin_calib.policy(set_instrument.policy);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('instrument', set_instrument.instrument);
    INSERT INTO margin_calib.instrument (instrument) VALUES (set_instrument.instrument) ON CONFLICT DO NOTHING;
    UPDATE margin_calib.instrument AS i
       SET kind = coalesce(set_instrument.kind, i.kind),
           multiplier = coalesce(set_instrument.multiplier, i.multiplier),
           currency = coalesce(set_instrument.currency, i.currency),
           policy = CASE WHEN set_instrument.policy = 'automatic' THEN i.policy
                         ELSE coalesce(set_instrument.policy, i.policy) END,
           policy_is_automatic = CASE WHEN set_instrument.policy IS NULL THEN i.policy_is_automatic
                                      ELSE set_instrument.policy = 'automatic' END
     WHERE i.instrument = set_instrument.instrument RETURNING i.* INTO row;
    PERFORM margin_calib.audit_change('instrument', row.instrument, set_instrument.reason);
    -- calibrated anew, and the accounts that hold it recomputed, by the next refresh
    INSERT INTO margin_calib.capture_queue
        SELECT k.feed, row.instrument, false, now() FROM (VALUES (0), (row.price_feed)) AS k (feed)
         WHERE k.feed IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_instrument(text, text, numeric, text, text, text) IS
'Sets what the engine cannot know of an instrument, and registers it if need be; NULL leaves a property as it is. kind: spot, linear (default) or inverse; multiplier: units per contract, for inverse the worth of a contract in the currency; currency: of its prices and requirements, default USD; policy: instead of the feed''s, or automatic for the feed''s again; reason: for the audit trail. The next refresh applies it. Errors: 22004 without an instrument, 22023 for a value out of range, 42704 for an unknown policy.';

CREATE OR REPLACE FUNCTION margin_calib.set_amount_step(currency text, amount_step numeric, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    IF set_amount_step.currency IS NULL
       OR (set_amount_step.amount_step > 0 AND set_amount_step.amount_step < 'Infinity') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an amount step is positive and finite, and belongs to a currency',
            DETAIL = format('The currency given is %s, the step %s.', coalesce(quote_literal(set_amount_step.currency), 'NULL'),
                            coalesce(set_amount_step.amount_step::text, 'NULL')),
            HINT = 'Write margin_calib.set_amount_step(''BTC'', 0.00000001).';
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('amount_step', set_amount_step.currency);
    INSERT INTO margin_calib.currency_setting AS c VALUES (set_amount_step.currency, set_amount_step.amount_step)
        ON CONFLICT (currency) DO UPDATE SET amount_step = excluded.amount_step;
    PERFORM margin_calib.audit_change('amount_step', set_amount_step.currency, set_amount_step.reason);
    INSERT INTO margin_calib.capture_queue
        SELECT -1, p.account, false, now() FROM margin_calib.account_position AS p WHERE p.currency = set_amount_step.currency
        UNION -- equity and requirement are in that of the account
        SELECT -1, s.account, false, now() FROM margin_calib.account_state AS s WHERE s.currency = set_amount_step.currency;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_amount_step(text, numeric, text) IS
'Step to which the margin of every position in a currency is rounded up, and what accounts kept in it have and owe (0.01 until it is set); the next refresh applies it. reason goes to the audit trail. Errors: 22023.';

CREATE OR REPLACE FUNCTION margin_calib.create_standard_tables(schema text, attach boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF schema IS NULL OR schema IN ('', 'margin_calib') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the standard tables need a schema of your own',
            HINT = 'Write margin_calib.create_standard_tables(''risk'').';
    ELSIF NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = schema) THEN
        EXECUTE format('CREATE SCHEMA %I', schema);
    END IF;
    EXECUTE format('CREATE TABLE %1$I.candles ('
                   'instrument text NOT NULL, ts timestamptz NOT NULL CHECK (isfinite(ts)), '
                   'open double precision, high double precision, low double precision, '
                   'close double precision NOT NULL CHECK (close > 0 AND close < ''Infinity''), '
                   'volume double precision, PRIMARY KEY (instrument, ts))', schema);
    EXECUTE format('CREATE INDEX candles_close ON %I.candles (instrument, ts) INCLUDE (close)', schema);
    EXECUTE format('COMMENT ON TABLE %I.candles IS %L', schema, 'Price bars; close is what margin is calibrated from.');
    EXECUTE format('CREATE TABLE %1$I.positions ('
                   'account text NOT NULL, instrument text NOT NULL, '
                   'quantity numeric NOT NULL CHECK (abs(quantity) < ''Infinity''), '
                   'entry_price numeric, PRIMARY KEY (account, instrument))', schema);
    EXECUTE format('CREATE INDEX positions_instrument ON %I.positions (instrument)', schema);
    EXECUTE format('COMMENT ON TABLE %I.positions IS %L', schema, 'Positions of accounts; a negative quantity is short.');
    IF attach THEN
        PERFORM margin_calib.attach_prices(format('%I.candles', schema)::regclass,
                                           instrument => 'instrument', ts => 'ts', price => 'close');
        PERFORM margin_calib.attach_positions(format('%I.positions', schema)::regclass,
                                              account => 'account', instrument => 'instrument', quantity => 'quantity');
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.create_standard_tables(text, boolean) IS
'For those who have no tables yet: candles (instrument, ts, open, high, low, close, volume) and positions (account, instrument, quantity, entry_price) in a schema, which is created if need be, and attached unless attach is false. They belong to the caller. A close that is not a positive number is refused by a CHECK; to have such rows quarantined instead, attach a table without one. A table that exists already: 42P07.';

REVOKE ALL ON FUNCTION
    margin_calib.set_instrument(text, text, numeric, text, text, text), margin_calib.set_amount_step(text, numeric, text),
    margin_calib.create_standard_tables(text, boolean) FROM PUBLIC;
