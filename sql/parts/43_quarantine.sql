-- Rows that cannot be used: found by refresh, named with a reason, never touched in the user's table.

-- `bad` is a query with the columns of margin_calib.quarantine from feed to row_data; `scope` says
-- which entries it would find again if they were still unusable.
CREATE OR REPLACE FUNCTION margin_calib.quarantine_rows(bad text, scope text, keys text[], until timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    result bigint;
BEGIN
    EXECUTE format(
        'WITH bad AS MATERIALIZED (%s), gone AS ('
        'UPDATE margin_calib.quarantine AS q SET resolved_at = clock_timestamp() '
        'WHERE q.resolved_at IS NULL AND %s AND NOT EXISTS ('
        -- as text the rows can be hashed, NULLs and all
        'SELECT FROM bad AS b WHERE ROW(b.feed, b.instrument, b.account, b.ts, b.price, b.quantity, b.reason)::text '
        '= ROW(q.feed, q.instrument, q.account, q.ts, q.price, q.quantity, q.reason)::text)) '
        'INSERT INTO margin_calib.quarantine AS q (feed, instrument, account, ts, price, quantity, reason, row_data) '
        'SELECT DISTINCT ON (feed, instrument, account, ts, price, quantity, reason) * FROM bad '
        'ON CONFLICT ON CONSTRAINT quarantine_once DO UPDATE SET resolved_at = NULL '
        'WHERE q.resolved_at IS NOT NULL', bad, scope) USING keys, until;
    GET DIAGNOSTICS result = ROW_COUNT;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_rows(text, text, text[], timestamptz) IS
'Internal: notes unusable rows once each, and sets resolved_at of those that are usable or gone by now.';

CREATE OR REPLACE FUNCTION margin_calib.quarantine_prices(feed margin_calib.feed, keys text[], as_of timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    bad      CONSTANT text := format(
        'SELECT %s AS feed, CASE WHEN octet_length(t.%2$I::text) <= 500 THEN t.%2$I::text END AS instrument, NULL::text AS account, '
        'x.ts, left(t.%3$I::text, 100) AS price, '
        'NULL::text AS quantity, r.reason, to_jsonb(t) AS row_data FROM %4$s AS t '
        'CROSS JOIN LATERAL (SELECT %5$s AS ts, %6$s AS price) AS x '
        'CROSS JOIN LATERAL (SELECT CASE WHEN t.%2$I IS NULL THEN ''instrument is NULL'' '
        'WHEN octet_length(t.%2$I::text) > 500 THEN ''instrument is longer than 500 bytes'' '
        'WHEN x.ts IS NULL THEN ''ts is NULL'' WHEN NOT isfinite(x.ts) THEN ''ts is infinite'' '
        'WHEN x.price IS NULL THEN ''price is NULL'' WHEN x.price = ''NaN'' THEN ''price is NaN'' '
        'WHEN x.price IN (''Infinity'', ''-Infinity'') THEN ''price is infinite'' '
        'WHEN x.price <= 0 THEN ''price is not positive'' '
        'WHEN x.price NOT BETWEEN 1e-307 AND 1e308 THEN ''price is beyond double precision'' '
        'WHEN x.ts > $2 THEN ''ts is in the future'' END) AS r (reason) '
        'WHERE r.reason IS NOT NULL AND ',
        feed.id, feed.instrument_column, feed.price_column, feed.relation,
        margin_calib.feed_ts_expression(feed.relation, feed.ts_column),
        margin_calib.feed_number_expression(feed.relation, feed.price_column, 'numeric'));
    result   bigint := 0;
BEGIN
    IF EXISTS (SELECT FROM unnest(keys) AS k WHERE k IS NULL) THEN
        result := margin_calib.quarantine_rows(
            format('%s (t.%2$I IS NULL OR octet_length(t.%2$I::text) > 500)', bad, feed.instrument_column),
            format('q.feed = %s AND q.instrument IS NULL', feed.id), keys, margin_calib.future_limit(as_of));
    END IF;
    RETURN result + margin_calib.quarantine_rows(
        format('%s t.%I = ANY (%L::%s[])', bad, feed.instrument_column,
               margin_calib.keys_that_fit(keys, key_type), key_type),
        format('q.feed = %s AND q.instrument = ANY ($1)', feed.id),
        keys, margin_calib.future_limit(as_of));
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_prices(margin_calib.feed, text[], timestamptz) IS
'Internal: quarantines the unusable price rows of instruments; a NULL among the keys stands for rows without an instrument.';

CREATE OR REPLACE FUNCTION margin_calib.quarantine_positions(feed margin_calib.feed, keys text[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.account_column);
    noun     CONSTANT text := CASE feed.kind WHEN 'collateral' THEN 'asset' ELSE 'instrument' END;
    -- an asset is known when the refresh before had a price for it
    unknown  CONSTANT text := CASE feed.kind WHEN 'collateral' THEN
        'EXISTS (SELECT FROM margin_calib.account_collateral AS c WHERE c.account = t.%3$I::text AND c.asset = t.%2$I::text AND c.price IS NULL) '
        'THEN ''asset has no price''' ELSE
        'NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = t.%2$I::text) THEN ''instrument is not known''' END;
    bad      CONSTANT text := format(
        'SELECT %s AS feed, CASE WHEN octet_length(t.%2$I::text) <= 500 THEN t.%2$I::text END AS instrument, '
        'CASE WHEN octet_length(t.%3$I::text) <= 500 THEN t.%3$I::text END AS account, NULL::timestamptz AS ts, '
        'NULL::text AS price, left(t.%4$I::text, 100) AS quantity, r.reason, to_jsonb(t) AS row_data FROM %5$s AS t '
        'CROSS JOIN LATERAL (SELECT CASE WHEN t.%3$I IS NULL THEN ''account is NULL'' '
        'WHEN octet_length(t.%3$I::text) > 500 THEN ''account is longer than 500 bytes'' '
        'WHEN octet_length(t.%2$I::text) > 500 THEN ''%7$s is longer than 500 bytes'' '
        'WHEN t.%2$I IS NULL THEN ''%7$s is NULL'' WHEN t.%4$I IS NULL THEN ''quantity is NULL'' '
        'WHEN (abs(%6$s) < ''Infinity'') IS NOT TRUE THEN ''quantity is NaN or infinite'' '
        'WHEN ' || unknown || ' END) AS r (reason) WHERE r.reason IS NOT NULL AND ',
        feed.id, feed.instrument_column, feed.account_column, feed.quantity_column, feed.relation,
        margin_calib.feed_number_expression(feed.relation, feed.quantity_column, 'numeric'), noun);
    result   bigint := 0;
BEGIN
    IF EXISTS (SELECT FROM unnest(keys) AS k WHERE k IS NULL) THEN
        result := margin_calib.quarantine_rows(
            format('%s (t.%2$I IS NULL OR octet_length(t.%2$I::text) > 500)', bad, feed.account_column),
            format('q.feed = %s AND q.account IS NULL', feed.id), keys, NULL);
    END IF;
    RETURN result + margin_calib.quarantine_rows(
        format('%s t.%I = ANY (%L::%s[])', bad, feed.account_column,
               margin_calib.keys_that_fit(keys, key_type), key_type),
        format('q.feed = %s AND q.account = ANY ($1)', feed.id),
        keys, NULL);
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_positions(margin_calib.feed, text[]) IS
'Internal: quarantines the unusable rows of accounts in a position or collateral feed; a NULL among the keys stands for rows without an account.';

CREATE OR REPLACE FUNCTION margin_calib.quarantine_accounts(kind text, accounts text[], doubtful text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    suspect CONSTANT text[] := ARRAY(
        SELECT unnest(doubtful)
        UNION SELECT q.account FROM margin_calib.quarantine AS q WHERE q.account = ANY (accounts) AND q.resolved_at IS NULL);
    feed    margin_calib.feed;
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f WHERE f.kind = quarantine_accounts.kind AND suspect <> '{}' ORDER BY f.id LOOP
        PERFORM margin_calib.quarantine_positions(feed, suspect);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.quarantine_accounts(text, text[], text[]) IS
'Internal to refresh_accounts and refresh_collateral: looks, in the feeds of a kind, at the rows of doubtful accounts and of those that are in quarantine.';

REVOKE ALL ON FUNCTION
    margin_calib.quarantine_rows(text, text, text[], timestamptz),
    margin_calib.quarantine_prices(margin_calib.feed, text[], timestamptz),
    margin_calib.quarantine_positions(margin_calib.feed, text[]), margin_calib.quarantine_accounts(text, text[], text[]) FROM PUBLIC;
