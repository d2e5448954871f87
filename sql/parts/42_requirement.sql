-- From positions, prices and rates to requirements. Everything is numeric, and refresh and
-- requirement_now take the same way through these functions: they differ in the market only.

CREATE OR REPLACE FUNCTION margin_calib.round_up(amount numeric, step numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1 -- not STRICT: that would forbid inlining
BEGIN ATOMIC
    -- by remainder, which is exact: a quotient could be rounded onto the next step
    SELECT round(amount - mod(amount, step) + CASE WHEN mod(amount, step) > 0 THEN step ELSE 0 END, scale(step));
END;
COMMENT ON FUNCTION margin_calib.round_up(numeric, numeric) IS
'Smallest multiple of step that is not below an amount of zero or more; exact. NULL gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.amount_step_of(currency text) RETURNS numeric
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN coalesce((SELECT s.amount_step FROM margin_calib.currency_setting AS s WHERE s.currency = amount_step_of.currency), 0.01);
END
$function$;
COMMENT ON FUNCTION margin_calib.amount_step_of(text) IS
'Internal: what amounts of a currency are rounded to: that of set_amount_step, else 0.01.';

CREATE OR REPLACE FUNCTION margin_calib.position_notional(kind text, quantity numeric, multiplier numeric, price numeric)
    RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT abs(quantity) * multiplier * CASE WHEN kind = 'inverse' THEN CASE WHEN price IS NOT NULL THEN 1 END
                                             ELSE price END;
END;
COMMENT ON FUNCTION margin_calib.position_notional(text, numeric, numeric, numeric) IS
'Notional of a position in the currency of its instrument. spot, linear: |quantity| * multiplier * price. inverse: |quantity| * multiplier, since a contract is worth multiplier units of the currency (its amount of coin is notional / price). NULL without a price.';

-- Net quantities of accounts over all feeds of positions, or of collateral.
CREATE OR REPLACE FUNCTION margin_calib.holdings_query(kind text, accounts text[]) RETURNS text
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed     margin_calib.feed;
    key_type text;
    parts    text;
BEGIN
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f WHERE f.kind = holdings_query.kind ORDER BY f.id LOOP
        IF feed.error IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = '55000',
                MESSAGE = format('%s feed %s cannot be read', CASE kind WHEN 'positions' THEN 'position' ELSE kind END, feed.relation_name), DETAIL = feed.error || '.',
                HINT = 'Repair the relation, or SELECT margin_calib.detach(relation) FROM margin_calib.feed WHERE error IS NOT NULL.';
        END IF;
        key_type := margin_calib.feed_key_type(feed.relation, feed.account_column);
        -- OFFSET 0: what is usable of a row is told once
        parts := concat_ws(' UNION ALL ', parts, format(
            'SELECT r.account, CASE WHEN octet_length(r.instrument) <= 500 THEN r.instrument END AS instrument, r.quantity, r.entry, '
            'CASE WHEN r.entry > 0 AND r.entry < ''Infinity'' THEN r.quantity END AS entered '
            'FROM (SELECT t.%1$I::text AS account, t.%2$I::text AS instrument, CASE WHEN %3$s > ''-Infinity'' AND %3$s < ''Infinity'' THEN %3$s END AS quantity, %4$s AS entry '
            'FROM %5$s AS t WHERE t.%1$I = %6$s OFFSET 0) AS r',
            feed.account_column, feed.instrument_column, margin_calib.feed_number_expression(feed.relation, feed.quantity_column, 'numeric'),
            CASE WHEN feed.entry_column IS NULL THEN 'NULL::numeric' ELSE margin_calib.feed_number_expression(feed.relation, feed.entry_column, 'numeric') END,
            feed.relation,
            CASE WHEN accounts IS NOT NULL THEN format('ANY (%L::%s[])', margin_calib.keys_that_fit(accounts, key_type), key_type)
                 WHEN key_type = 'text' THEN '$1'
                 ELSE format('(SELECT (margin_calib.keys_that_fit(ARRAY[$1], %L)::%s[])[1])', key_type, key_type) END));
    END LOOP;
    RETURN CASE WHEN accounts IS NULL THEN
               'SELECT coalesce(h.instrument, ''''), CASE WHEN h.instrument IS NOT NULL THEN h.quantity END, h.entered, h.entered * h.entry, h.entered / h.entry '
               'FROM (' || parts || ') AS h'
           ELSE
               'SELECT h.account, coalesce(h.instrument, '''') AS instrument, sum(h.quantity) FILTER (WHERE h.instrument IS NOT NULL) AS quantity, '
               'count(*) FILTER (WHERE h.instrument IS NULL OR h.quantity IS NULL) AS unusable, sum(h.entered) AS entry_quantity, '
               'sum(h.entered * h.entry) AS entry_value, sum(h.entered / h.entry) AS entry_inverse '
               'FROM (' || parts || ') AS h GROUP BY h.account, coalesce(h.instrument, '''')' END;
END
$function$;
COMMENT ON FUNCTION margin_calib.holdings_query(text, text[]) IS
'Internal: query for the net quantities of accounts over the feeds of a kind, columns as in margin_calib.engine_holding; accounts NULL: for the rows of the one account $1, which holdings_of adds up. NULL without a feed; error 55000 when one cannot be read.';

CREATE OR REPLACE FUNCTION margin_calib.holdings_of(kind text, account text) RETURNS margin_calib.engine_holding[]
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off -- few rows, whatever the plan expects
    AS 'MODULE_PATHNAME', 'mc_holdings_of';
COMMENT ON FUNCTION margin_calib.holdings_of(text, text) IS
'Internal: what holdings_in has of one account, by a query whose text and plan the session keeps; NULL when there is none.';

CREATE OR REPLACE FUNCTION margin_calib.holdings_in(kind text, accounts text[]) RETURNS SETOF margin_calib.engine_holding
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    query text;
BEGIN
    IF cardinality(accounts) = 1 THEN
        RETURN QUERY SELECT h.* FROM unnest(margin_calib.holdings_of(kind, accounts[1])) AS h;
        RETURN;
    END IF;
    IF accounts IS NOT NULL THEN
        query := margin_calib.holdings_query(kind, accounts);
    END IF;
    IF query IS NOT NULL THEN
        RETURN QUERY EXECUTE query;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.holdings_in(text, text[]) IS
'Internal to holdings and collateral_holdings: net quantities over the feeds of a kind.';

CREATE OR REPLACE FUNCTION margin_calib.holdings(accounts text[]) RETURNS SETOF margin_calib.engine_holding
    LANGUAGE sql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
BEGIN ATOMIC
    SELECT * FROM margin_calib.holdings_in('positions', accounts);
END;
COMMENT ON FUNCTION margin_calib.holdings(text[]) IS
'Internal: net quantity of each account and instrument, and how many rows are not usable; rows without an instrument come under the empty name. Error 55000 when a position feed cannot be read: a sum without it would be too small.';

CREATE OR REPLACE VIEW margin_calib.market_stored WITH (security_invoker = true) AS
SELECT i.instrument, i.kind, i.multiplier, i.currency, i.last_price AS price,
       r.rates[1] AS long_initial_rate, r.rates[2] AS long_maintenance_rate,
       r.rates[3] AS short_initial_rate, r.rates[4] AS short_maintenance_rate,
       coalesce(o.id, p.id) AS parameter_id, i.data_through, i.fresh_until, i.stale_reason
  FROM margin_calib.instrument AS i
  LEFT JOIN margin_calib.parameter AS p
    ON p.instrument = i.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL
  LEFT JOIN margin_calib.parameter AS o ON o.instrument = i.instrument AND o.override_state = 'running'
 CROSS JOIN LATERAL (SELECT CASE WHEN o.id IS NULL THEN margin_calib.parameter_rates(p) ELSE margin_calib.parameter_rates(o) END) AS r (rates);
COMMENT ON VIEW margin_calib.market_stored IS
'Internal: price and rates of the two sides of each registered instrument, as the latest refresh left them; a symmetric policy charges the larger rate to both sides, an override its rates.';
REVOKE ALL ON margin_calib.market_stored FROM PUBLIC;

-- What a refresh would find now: live calibrations over what is stored, instrument by instrument.
CREATE OR REPLACE FUNCTION margin_calib.market_live(instruments text[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_market
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    feed    margin_calib.feed;
    keys    text[];
    unknown text[];
    results   margin_calib.engine_calibration[] := '{}';
BEGIN
    SELECT array_agg(k) INTO unknown FROM unnest(instruments) AS k
     WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                        WHERE i.instrument = k AND i.price_feed IS NOT NULL);
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                 WHERE f.kind = 'prices' AND f.error IS NULL ORDER BY f.id LOOP
        SELECT array_agg(i.instrument) INTO keys FROM margin_calib.instrument AS i
         WHERE i.instrument = ANY (instruments) AND i.price_feed = feed.id;
        keys := coalesce(keys, '{}') || coalesce(unknown, '{}');
        IF keys <> '{}' THEN
            results := results || ARRAY(SELECT c FROM margin_calib.calibrate_keys(feed.id, keys, as_of) AS c
                                     WHERE c.instrument <> ALL (coalesce(unknown, '{}'))
                                        OR (c.calibration).returns IS NOT NULL OR c.error IS NOT NULL);
            SELECT array_agg(k) INTO unknown FROM unnest(unknown) AS k
             WHERE NOT EXISTS (SELECT FROM unnest(results) AS c WHERE c.instrument = k);
        END IF;
    END LOOP;
    RETURN QUERY
        WITH live AS (
            SELECT c.instrument, d.outcome = 'failed' AS failed, margin_calib.calibration_problem(c) AS problem, c.stale_after,
                   (c.calibration).last_price, (c.calibration).last_ts,
                   CASE WHEN d.outcome IN ('apply', 'same') THEN margin_calib.calibration_rates(c) ELSE margin_calib.parameter_rates(p) END AS rates
              FROM unnest(results) AS c
              JOIN margin_calib.decide(results, as_of) AS d ON d.instrument = c.instrument
              LEFT JOIN margin_calib.parameter AS p ON p.id = d.in_force)
        SELECT n.instrument, coalesce(s.kind, 'linear'), coalesce(s.multiplier, 1), coalesce(s.currency, 'USD'),
               CASE WHEN l.failed IS FALSE THEN l.last_price::numeric ELSE s.price END,
               r.rates[1], r.rates[2], r.rates[3], r.rates[4], s.parameter_id,
               CASE WHEN l.failed IS FALSE THEN l.last_ts ELSE s.data_through END,
               CASE WHEN l.failed IS FALSE THEN l.last_ts + l.stale_after ELSE s.fresh_until END,
               CASE WHEN l.failed IS FALSE THEN NULL ELSE coalesce(l.problem, s.stale_reason) END
          FROM unnest(instruments) AS n (instrument)
          LEFT JOIN margin_calib.market_stored AS s ON s.instrument = n.instrument
          LEFT JOIN live AS l ON l.instrument = n.instrument
          LEFT JOIN margin_calib.parameter AS p
            ON p.instrument = n.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL
          LEFT JOIN margin_calib.parameter AS o
            ON o.instrument = n.instrument AND o.override_state IN ('waiting', 'running') AND margin_calib.override_state_at(o, as_of) = 'running'
         CROSS JOIN LATERAL (
               SELECT CASE WHEN o.id IS NOT NULL THEN margin_calib.parameter_rates(o) WHEN l.failed IS FALSE THEN l.rates
                           ELSE margin_calib.parameter_rates(p) END) AS r (rates)
         WHERE s.instrument IS NOT NULL OR l.instrument IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.market_live(text[], timestamptz) IS
'Internal: as market_stored, but with prices and rates that a refresh would compute now.';

CREATE OR REPLACE FUNCTION margin_calib.position_reason(
    holding margin_calib.engine_holding, is_known boolean, price numeric, stale_reason text, add_on_reason text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN (holding).unusable > 0 THEN format('unusable position rows of %s: %s', coalesce(nullif((holding).instrument, ''), 'no instrument'), (holding).unusable)
                WHEN NOT is_known THEN format('instrument %s is not known', (holding).instrument)
                ELSE (holding).instrument || ': ' || coalesce(stale_reason, CASE WHEN price IS NULL THEN 'it has no usable price' END, add_on_reason) END;
END;
COMMENT ON FUNCTION margin_calib.position_reason(margin_calib.engine_holding, boolean, numeric, text, text) IS
'Internal: why the margin of a position may be wrong; NULL when it is not.';

CREATE OR REPLACE FUNCTION margin_calib.positions_of(held margin_calib.engine_holding[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_position
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET enable_memoize = off -- every row is another key: a cache of them would cost more than the arithmetic
AS $function$
DECLARE
    names   CONSTANT text[] := ARRAY(SELECT DISTINCT h.instrument FROM unnest(held) AS h);
    pegs    text[];
    market  margin_calib.engine_market[];
    add_ons margin_calib.engine_add_on[] := '{}';
BEGIN
    pegs := margin_calib.peg_prices(names);
    market := margin_calib.instrument_market(CASE WHEN pegs = '{}' THEN names ELSE ARRAY(SELECT unnest(names) UNION SELECT unnest(pegs)) END, live, as_of);
    IF margin_calib.has_add_ons(live) THEN
        add_ons := ARRAY(SELECT a FROM margin_calib.add_ons(names, live, market, as_of) AS a);
    END IF;
    RETURN QUERY SELECT * FROM margin_calib.positions_at(held, market, add_ons);
END
$function$;
COMMENT ON FUNCTION margin_calib.positions_of(margin_calib.engine_holding[], boolean, timestamptz) IS
'Internal: net positions with their margins, at the stored or at the live market. base margin = notional * rate of the side, rounded up to the amount step of the currency; charges as position_charges says.';

CREATE OR REPLACE FUNCTION margin_calib.is_held(holding margin_calib.engine_holding) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    -- long and short rows that cancel out still have the profit between their entry prices
    SELECT ((holding).quantity <> 0 OR (holding).unusable > 0
            OR (holding).entry_quantity <> 0 OR (holding).entry_value <> 0 OR (holding).entry_inverse <> 0) IS TRUE;
END;
COMMENT ON FUNCTION margin_calib.is_held(margin_calib.engine_holding) IS
'Internal: whether the rows of an instrument matter to an account: they do not cancel out, cannot be used, or have a profit.';

CREATE OR REPLACE FUNCTION margin_calib.compute_positions(accounts text[], live boolean, as_of timestamptz)
    RETURNS SETOF margin_calib.account_position
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 1000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN QUERY SELECT * FROM margin_calib.positions_of(
        ARRAY(SELECT h FROM margin_calib.holdings(accounts) AS h WHERE margin_calib.is_held(h)), live, as_of);
END
$function$;
COMMENT ON FUNCTION margin_calib.compute_positions(text[], boolean, timestamptz) IS
'Internal: positions of accounts as the attached tables have them, with their margins, as positions_of makes them.';

CREATE OR REPLACE FUNCTION margin_calib.first_reason(reason text, reasons bigint) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT reason || CASE WHEN reasons > 1 THEN format(' (and %s more)', reasons - 1) ELSE '' END;
END;
COMMENT ON FUNCTION margin_calib.first_reason(text, bigint) IS
'Internal: a reason of several, with the number of the others.';

CREATE OR REPLACE FUNCTION margin_calib.requirements_at(
    positions margin_calib.account_position[], credits margin_calib.account_offset[], as_of timestamptz) RETURNS SETOF margin_calib.requirement
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 100
BEGIN ATOMIC
    -- a position in an unknown instrument could be in any currency: it makes all of its account stale
    SELECT s.account, s.currency, s.initial_margin - c.initial, s.maintenance_margin - c.maintenance, s.notional, s.positions, requirements_at.as_of,
           s.data_through, s.fresh_until, r.reason IS NOT NULL, r.reason, s.base_initial_margin, s.base_maintenance_margin, c.initial, c.maintenance
      FROM (SELECT p.account, p.currency, coalesce(sum(p.initial_margin), 0) AS initial_margin,
                   coalesce(sum(p.maintenance_margin), 0) AS maintenance_margin,
                   coalesce(sum(p.base_initial_margin), 0) AS base_initial_margin,
                   coalesce(sum(p.base_maintenance_margin), 0) AS base_maintenance_margin,
                   coalesce(sum(p.notional), 0) AS notional, count(*)::integer AS positions,
                   min(p.data_through) AS data_through, min(p.fresh_until) AS fresh_until,
                   min(p.stale_reason) AS reason, count(p.stale_reason) AS reasons,
                   min(min(p.stale_reason) FILTER (WHERE p.kind IS NULL)) OVER (PARTITION BY p.account) AS unknown
              FROM unnest(requirements_at.positions) AS p GROUP BY p.account, p.currency) AS s
      LEFT JOIN (SELECT o.account, o.currency, sum(o.credit) FILTER (WHERE o.margin = 'initial') AS initial,
                        sum(o.credit) FILTER (WHERE o.margin = 'maintenance') AS maintenance
                   FROM unnest(credits) AS o GROUP BY o.account, o.currency) AS k
        ON k.account = s.account AND k.currency = s.currency
     CROSS JOIN LATERAL (SELECT coalesce(k.initial, 0), coalesce(k.maintenance, 0)) AS c (initial, maintenance)
     CROSS JOIN LATERAL (SELECT coalesce(margin_calib.first_reason(s.reason, s.reasons), s.unknown)) AS r (reason);
END;
COMMENT ON FUNCTION margin_calib.requirements_at(margin_calib.account_position[], margin_calib.account_offset[], timestamptz) IS
'Internal: positions added up, less credits: a requirement for each account and currency, exact sums.';

CREATE OR REPLACE FUNCTION margin_calib.staleness(stale_reason text, fresh_until timestamptz, is_pending boolean) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN stale_reason IS NOT NULL THEN stale_reason
                WHEN statement_timestamp() > fresh_until THEN 'a price or a liquidity figure is older than allowed'
                WHEN is_pending THEN 'changes wait for the next refresh' END;
END;
COMMENT ON FUNCTION margin_calib.staleness(text, timestamptz, boolean) IS
'Why a requirement is stale: the reason that refresh stored, prices older than the policy''s stale_after or liquidity older than its feed''s, or changes that refresh has not seen; NULL when it is not.';

REVOKE ALL ON FUNCTION
    margin_calib.amount_step_of(text), margin_calib.first_reason(text, bigint), margin_calib.round_up(numeric, numeric), margin_calib.position_notional(text, numeric, numeric, numeric),
    margin_calib.holdings_query(text, text[]), margin_calib.holdings_of(text, text),
    margin_calib.holdings_in(text, text[]), margin_calib.holdings(text[]), margin_calib.market_live(text[], timestamptz),
    margin_calib.position_reason(margin_calib.engine_holding, boolean, numeric, text, text),
    margin_calib.positions_of(margin_calib.engine_holding[], boolean, timestamptz),
    margin_calib.is_held(margin_calib.engine_holding), margin_calib.compute_positions(text[], boolean, timestamptz),
    margin_calib.requirements_at(margin_calib.account_position[], margin_calib.account_offset[], timestamptz),
    margin_calib.staleness(text, timestamptz, boolean) FROM PUBLIC;
