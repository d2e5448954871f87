-- Proxies of new instruments: who lends history to whom, and what of it is in force.

CREATE OR REPLACE FUNCTION margin_calib.check_proxy(instrument text, proxy text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown  text;
    lender   text;
    borrower text;
BEGIN
    SELECT n.name INTO unknown FROM unnest(ARRAY[check_proxy.instrument, check_proxy.proxy]) WITH ORDINALITY AS n (name, at)
     WHERE n.name IS NOT NULL AND NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = n.name)
     ORDER BY n.at LIMIT 1;
    SELECT i.proxy INTO lender FROM margin_calib.instrument AS i WHERE i.instrument = check_proxy.proxy;
    SELECT min(i.instrument) INTO borrower FROM margin_calib.instrument AS i WHERE i.proxy = check_proxy.instrument;
    IF check_proxy.instrument IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the instrument is NULL',
            HINT = 'Write margin_calib.set_proxy(''NEW-PERP'', ''BTC-PERP'', 1.5).';
    ELSIF unknown IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('instrument %L is not known', unknown),
            HINT = format('Refresh registers an instrument when it sees its first price; margin_calib.set_instrument(%L) does it before.', unknown);
    ELSIF check_proxy.instrument = check_proxy.proxy THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an instrument cannot be its own proxy',
            DETAIL = format('Both are %L.', check_proxy.proxy), HINT = 'Name the instrument that it resembles.';
    ELSIF lender IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a proxy has a history of its own, and no proxy',
            DETAIL = format('The proxy of %L is %L.', check_proxy.proxy, lender),
            HINT = format('Name %L as the proxy of %L, with the product of the multipliers.', lender, check_proxy.instrument);
    ELSIF check_proxy.proxy IS NOT NULL AND borrower IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an instrument that lends its history has no proxy',
            DETAIL = format('%L is the proxy of %L.', check_proxy.instrument, borrower),
            HINT = format('Give %L another proxy, or none with margin_calib.set_proxy(%L, NULL), first.', borrower, borrower);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_proxy(text, text) IS
'Internal to set_proxy: errors of the two instruments.';

CREATE OR REPLACE FUNCTION margin_calib.set_proxy(instrument text, proxy text, multiplier numeric DEFAULT 1, reason text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    -- before the lock for the caller's sake, after it because another may have set one meanwhile
    PERFORM margin_calib.check_proxy(set_proxy.instrument, set_proxy.proxy);
    IF set_proxy.proxy IS NOT NULL THEN
        PERFORM margin_calib.check_proxy_multiplier(set_proxy.multiplier);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('instrument', set_proxy.instrument);
    PERFORM margin_calib.check_proxy(set_proxy.instrument, set_proxy.proxy);
    UPDATE margin_calib.instrument AS i
       SET proxy = set_proxy.proxy,
           proxy_multiplier = CASE WHEN set_proxy.proxy IS NOT NULL THEN set_proxy.multiplier END,
           proxy_since = CASE WHEN set_proxy.proxy IS NOT NULL THEN clock_timestamp() END,
           borrowed_returns = NULL
     WHERE i.instrument = set_proxy.instrument;
    PERFORM margin_calib.audit_change('instrument', set_proxy.instrument, set_proxy.reason);
    INSERT INTO margin_calib.capture_queue
        SELECT k.feed, i.instrument, false, now()
          FROM margin_calib.instrument AS i CROSS JOIN LATERAL (VALUES (0), (i.price_feed)) AS k (feed)
         WHERE i.instrument = set_proxy.instrument AND k.feed IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_proxy(text, text, numeric, text) IS
'Lets an instrument borrow history: before its own first bar it is calibrated on the path of the proxy, log returns times the multiplier (0.01 to 100, above 1 to be conservative). Borrowed returns leave the lookback as own ones come; with them there are enough returns for the feed''s policy from the first day. NULL for the proxy ends it. The next refresh applies it, and from then on changes of the proxy''s prices recalibrate its borrowers. Errors: 22004 without an instrument, 42704 for one that is not known, 22023 for the instrument itself, a proxy that has a proxy, an instrument that is a proxy, a multiplier out of range. Source: doc/borrowed_history.md.';

CREATE OR REPLACE FUNCTION margin_calib.queue_borrowers(lenders text[], priced text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 50
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT i.price_feed, i.instrument, false, now() FROM margin_calib.instrument AS i
         WHERE i.proxy = ANY (lenders) AND i.price_feed IS NOT NULL AND i.instrument <> ALL (priced);
END;
COMMENT ON FUNCTION margin_calib.queue_borrowers(text[], text[]) IS
'Internal to refresh: queues the instruments whose proxy is among the lenders, unless they were calibrated in the same batch, which has seen the same prices.';

REVOKE ALL ON FUNCTION
    margin_calib.check_proxy(text, text), margin_calib.set_proxy(text, text, numeric, text),
    margin_calib.queue_borrowers(text[], text[]) FROM PUBLIC;
