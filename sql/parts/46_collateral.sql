-- What a user says about collateral.

CREATE OR REPLACE FUNCTION margin_calib.set_asset(
    asset text, price_instrument text DEFAULT NULL, currency text DEFAULT NULL, reset boolean DEFAULT false, reason text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    wanted margin_calib.asset;
BEGIN
    IF set_asset.asset IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the asset is NULL',
            HINT = 'Write margin_calib.set_asset(''BTC'', ''BTCUSDT'', ''USDT'').';
    ELSIF octet_length(set_asset.asset) NOT BETWEEN 1 AND 500 OR set_asset.currency = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an asset has a name of 1 to 500 bytes, and its currency has one',
            DETAIL = format('The asset given is %L, the currency %s.', left(set_asset.asset, 100), coalesce(quote_literal(set_asset.currency), 'NULL'));
    END IF;
    IF set_asset.price_instrument IS NOT NULL THEN
        PERFORM margin_calib.check_known(ARRAY[set_asset.price_instrument]);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('asset', set_asset.asset);
    IF NOT coalesce(reset, false) THEN
        SELECT a.* INTO wanted FROM margin_calib.asset AS a WHERE a.asset = set_asset.asset;
    END IF;
    wanted := ROW(set_asset.asset, coalesce(set_asset.price_instrument, wanted.price_instrument),
        coalesce(set_asset.currency, wanted.currency,
                 (SELECT i.currency FROM margin_calib.instrument AS i WHERE i.instrument = set_asset.price_instrument), 'USD'),
        clock_timestamp(), session_user);
    IF wanted.asset = wanted.currency AND wanted.price_instrument IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an asset is not priced in itself',
            DETAIL = format('Asset and currency are %s, the instrument is %s.', wanted.asset, wanted.price_instrument),
            HINT = format('Name the currency of the prices of %s: set_asset(%L, %L, ''USD'').', wanted.price_instrument, wanted.asset,
                          wanted.price_instrument);
    END IF;
    DELETE FROM margin_calib.asset AS a WHERE a.asset = wanted.asset;
    INSERT INTO margin_calib.asset SELECT wanted.*;
    PERFORM margin_calib.audit_change('asset', wanted.asset, set_asset.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_asset(text, text, text, boolean, text) IS
'Says where the price of one unit of an asset comes from; NULL leaves a property as it is, reset forgets those before. price_instrument: registered instrument with prices of it; without one it is a unit of account, worth 1 of the currency. currency: of these prices, that of the instrument until it is given, else USD; reason: for the audit trail. Errors: 22004 without an asset, 22023 for an empty name or an asset priced in itself, 42704 for an instrument that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.drop_asset(asset text, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('asset', drop_asset.asset);
    DELETE FROM margin_calib.asset AS a WHERE a.asset = drop_asset.asset;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('asset %s is not set', coalesce(quote_literal(drop_asset.asset), 'NULL')),
            HINT = (SELECT format('Assets are: %s.', coalesce(string_agg(a.asset, ', ' ORDER BY a.asset), 'none')) FROM margin_calib.asset AS a);
    END IF;
    PERFORM margin_calib.audit_change('asset', drop_asset.asset, drop_asset.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.drop_asset(text, text) IS
'Forgets what set_asset said of an asset. Unknown or NULL: 42704.';

REVOKE ALL ON FUNCTION margin_calib.set_asset(text, text, text, boolean, text), margin_calib.drop_asset(text, text) FROM PUBLIC;
