-- Borrowed history: before its own first bar a new instrument has the path of another one, its proxy, with
-- log returns times a multiplier (doc/borrowed_history.md has the equation).

CREATE OR REPLACE FUNCTION margin_calib.borrowed_path_query(
    borrower margin_calib.feed, borrower_key text, lender margin_calib.feed, lender_key text,
    multiplier numeric, until timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type        CONSTANT text := margin_calib.feed_key_type(borrower.relation, borrower.instrument_column);
    ts              CONSTANT text := margin_calib.feed_ts_expression(borrower.relation, borrower.ts_column);
    lender_key_type CONSTANT text := margin_calib.feed_key_type(lender.relation, lender.instrument_column);
BEGIN
    -- The lowest price counts where several stand at the first ts, as in a calibration, and at the splice.
    -- A borrowed price beyond double precision is NaN: it is counted as rejected.
    RETURN format($query$
        WITH own AS (
            SELECT %1$s AS ts, %2$s AS price FROM %3$s AS t WHERE t.%4$I = ANY (%5$L::%6$s[]) %7$s),
        start AS (
            SELECT o.ts, min(o.price) AS price FROM own AS o
             WHERE isfinite(o.ts) AND o.price > 0 AND o.price < 'Infinity' GROUP BY o.ts ORDER BY o.ts LIMIT 1),
        lent AS (
            SELECT l.ts, l.price
              FROM (SELECT %8$s AS ts, %9$s AS price FROM %10$s AS t WHERE t.%11$I = ANY (%12$L::%13$s[])) AS l, start AS s
             WHERE isfinite(l.ts) AND l.price > 0 AND l.price < 'Infinity' AND l.ts <= s.ts),
        splice AS (
            SELECT min(l.price) AS price FROM lent AS l WHERE l.ts = (SELECT max(m.ts) FROM lent AS m))
        SELECT o.ts, o.price, false AS is_borrowed FROM own AS o
        UNION ALL
        SELECT l.ts, CASE WHEN abs(x.move) < 600 AND abs(x.move * %14$s) < 600 AND abs(ln(s.price) + x.move * %14$s) < 700
                          THEN s.price * power(l.price / p.price, %14$s) ELSE 'NaN' END, true
          FROM lent AS l CROSS JOIN start AS s CROSS JOIN splice AS p
         CROSS JOIN LATERAL (SELECT ln(l.price) - ln(p.price)) AS x (move)
         WHERE l.ts < s.ts $query$,
        ts, margin_calib.feed_number_expression(borrower.relation, borrower.price_column, 'float8, checked'),
        borrower.relation, borrower.instrument_column,
        margin_calib.keys_that_fit(ARRAY[borrower_key], key_type), key_type,
        CASE WHEN until IS NOT NULL THEN format('AND (%s > %L AND isfinite(%s)) IS NOT TRUE', ts, until, ts) ELSE '' END,
        margin_calib.feed_ts_expression(lender.relation, lender.ts_column),
        margin_calib.feed_number_expression(lender.relation, lender.price_column, 'float8, checked'),
        lender.relation, lender.instrument_column,
        margin_calib.keys_that_fit(ARRAY[lender_key], lender_key_type), lender_key_type,
        format('%L::float8', multiplier));
END
$function$;
COMMENT ON FUNCTION margin_calib.borrowed_path_query(margin_calib.feed, text, margin_calib.feed, text, numeric, timestamptz) IS
'Internal: query for the rows of margin_calib.borrowed_price of an instrument, its own prices and those borrowed from a proxy, which may be in another relation. until leaves out own rows of the future.';

CREATE OR REPLACE FUNCTION margin_calib.check_proxy_multiplier(multiplier numeric) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF (multiplier BETWEEN 0.01 AND 100) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = CASE WHEN multiplier IS NULL THEN '22004' ELSE '22023' END,
            MESSAGE = 'the multiplier of a proxy lies between 0.01 and 100',
            DETAIL = format('The multiplier given is %s.', coalesce(multiplier::text, 'NULL')),
            HINT = 'It multiplies the proxy''s log returns: 1.5 for a product that moves half as much again.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_proxy_multiplier(numeric) IS
'Internal: error 22023 (22004 for NULL) unless the multiplier of a proxy is one.';

CREATE OR REPLACE FUNCTION margin_calib.borrowed_prices(
    relation regclass, instrument name, ts name, price name, borrower text, proxy text, multiplier numeric DEFAULT 1)
    RETURNS SETOF margin_calib.borrowed_price
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed margin_calib.feed;
BEGIN
    IF relation IS NULL OR instrument IS NULL OR ts IS NULL OR price IS NULL OR borrower IS NULL OR proxy IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'only the multiplier of borrowed_prices has a default',
            HINT = 'Write borrowed_prices(''candles'', instrument => ''symbol'', ts => ''ts'', price => ''close'', borrower => ''NEW-PERP'', proxy => ''BTC-PERP'').';
    ELSIF borrower = proxy THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an instrument cannot borrow from itself',
            DETAIL = format('Borrower and proxy are %L.', proxy), HINT = 'Name the instrument that it resembles as the proxy.';
    END IF;
    PERFORM margin_calib.check_proxy_multiplier(multiplier);
    feed.relation := relation;
    feed.instrument_column := instrument;
    feed.ts_column := ts;
    feed.price_column := price;
    RETURN QUERY EXECUTE margin_calib.borrowed_path_query(feed, borrower, feed, proxy, multiplier, NULL);
END
$function$;
COMMENT ON FUNCTION margin_calib.borrowed_prices(regclass, name, name, name, text, text, numeric) IS
'Prices of a new instrument with a history borrowed from its proxy, for calibrate_margin(ts, price, policy): its own rows (a numeric that is no usable price as NaN), and for every usable bar of the proxy at a ts before the first usable own one p(first own) * (proxy(ts) / proxy(splice)) ^ multiplier, where the splice is the proxy''s last bar at or before that first ts. instrument, ts and price name the columns of the relation, borrower and proxy two of its instruments; multiplier, 0.01 to 100, multiplies the proxy''s log returns. Rows in no order. An instrument without a usable row, or a proxy without one by then, borrows nothing; a borrowed price beyond double precision is NaN. Errors: 22004 for a NULL, 22023 for a multiplier out of range or the instrument itself, 42501 without SELECT on the columns, 42703 and 42804 for a wrong column. Source: doc/borrowed_history.md.';

CREATE OR REPLACE FUNCTION margin_calib.lender_feed(proxy text) RETURNS margin_calib.feed
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    known    CONSTANT integer := (SELECT i.price_feed FROM margin_calib.instrument AS i WHERE i.instrument = lender_feed.proxy);
    feed     margin_calib.feed;
    key_type text;
    found    boolean;
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                 WHERE f.kind = 'prices' AND f.error IS NULL AND (f.id = known OR known IS NULL) ORDER BY f.id LOOP
        IF feed.id = known THEN
            RETURN feed;
        END IF;
        key_type := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s AS t WHERE t.%I = ANY (%L::%s[]))', feed.relation,
                       feed.instrument_column, margin_calib.keys_that_fit(ARRAY[lender_feed.proxy], key_type), key_type) INTO found;
        IF found THEN
            RETURN feed;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.lender_feed(text) IS
'Internal: the price feed of a proxy; for one that refresh has not priced yet the first that has a row of it. NULL when none can be read.';

CREATE OR REPLACE FUNCTION margin_calib.calibrate_borrower(
    feed margin_calib.feed, borrower text, policy margin_calib.margin_policy, until timestamptz)
    RETURNS margin_calib.engine_calibration[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    terms  margin_calib.instrument;
    lender margin_calib.feed;
    result margin_calib.engine_calibration[];
BEGIN
    SELECT i.* INTO terms FROM margin_calib.instrument AS i WHERE i.instrument = borrower;
    lender := margin_calib.lender_feed(terms.proxy);
    IF lender.id IS NULL THEN
        lender := feed;
        terms.proxy := NULL; -- which no row has
    END IF;
    EXECUTE format(
        'SELECT array_agg(ROW(%L, %s, %L, %L::boolean, %L::interval, c.calibration, NULL, (c.calibration).rejected > 0, c.borrowed, '
        'CASE WHEN c.borrowed = 0 THEN 0 ELSE greatest((c.calibration).returns_used - c.own + 1, 0) END, c.digest, $2)'
        '::margin_calib.engine_calibration) '
        'FROM (SELECT margin_calib.calibrate_margin(b.ts, b.price, $1, $2) AS calibration, '
        'margin_calib.price_digest(b.ts, b.price, $1, $2) AS digest, '
        'count(*) FILTER (WHERE b.is_borrowed)::integer AS borrowed, '
        'count(DISTINCT b.ts) FILTER (WHERE NOT b.is_borrowed AND isfinite(b.ts) AND b.price > 0 AND b.price < ''Infinity'')::integer AS own '
        'FROM (%s) AS b HAVING count(*) > 0) AS c',
        borrower, feed.id, policy.name, policy.symmetric_rates, policy.stale_after,
        margin_calib.borrowed_path_query(feed, borrower, lender, terms.proxy, terms.proxy_multiplier, until))
    INTO result USING policy, CASE WHEN margin_calib.policy_remembers(policy) AND terms.path_policy = policy.name
                                        AND terms.path_policy_version = policy.version THEN terms.path END;
    RETURN coalesce(result, '{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_borrower(margin_calib.feed, text, margin_calib.margin_policy, timestamptz) IS
'Internal: the calibration of one instrument that has a proxy, from its own prices and the borrowed ones; empty without a row of its own.';

REVOKE ALL ON FUNCTION
    margin_calib.borrowed_path_query(margin_calib.feed, text, margin_calib.feed, text, numeric, timestamptz),
    margin_calib.check_proxy_multiplier(numeric),
    margin_calib.borrowed_prices(regclass, name, name, name, text, text, numeric),
    margin_calib.lender_feed(text),
    margin_calib.calibrate_borrower(margin_calib.feed, text, margin_calib.margin_policy, timestamptz) FROM PUBLIC;
