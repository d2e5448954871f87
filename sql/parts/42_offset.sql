-- Offsets in the engine: from prices to correlations of a group, without a write, and from positions and
-- correlations to credits. Refresh stores what these functions find, requirement_now uses them live.

CREATE OR REPLACE FUNCTION margin_calib.round_down(amount numeric, step numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1 -- not STRICT: that would forbid inlining
BEGIN ATOMIC
    SELECT round(amount - mod(amount, step), scale(step));
END;
COMMENT ON FUNCTION margin_calib.round_down(numeric, numeric) IS
'Largest multiple of step that is not above an amount of zero or more; exact. NULL gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.significant(amount double precision) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT to_char(amount, '9.99999999999EEEE')::numeric;
END;
COMMENT ON FUNCTION margin_calib.significant(double precision) IS
'Internal: a finite amount rounded to 12 significant digits, so that noise in the last bits of a computation never moves a published step. NULL gives NULL.';

-- ---- correlations of a group ----

CREATE OR REPLACE FUNCTION margin_calib.keys_with_rows(feed margin_calib.feed, keys text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    key_type CONSTANT text := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
    result   text[];
BEGIN
    EXECUTE format('SELECT array_agg(k::text) FROM unnest(%L::%s[]) AS k WHERE EXISTS (SELECT FROM %s AS t WHERE t.%I = k)',
                   margin_calib.keys_that_fit(keys, key_type), key_type, feed.relation, feed.instrument_column)
    INTO result;
    RETURN coalesce(result, '{}');
END
$function$;
COMMENT ON FUNCTION margin_calib.keys_with_rows(margin_calib.feed, text[]) IS
'Internal: those of the keys that have a row in a price feed.';

-- An instrument that no refresh has seen yet belongs to the first feed that has it, as in market_live.
CREATE OR REPLACE FUNCTION margin_calib.group_prices_query(names text[], as_of timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    feed     margin_calib.feed;
    unknown  text[];
    found    text[];
    keys     text[];
    key_type text;
    ts       text;
    parts    text[] := '{}';
BEGIN
    unknown := ARRAY(SELECT k FROM unnest(names) AS k
                      WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                                         WHERE i.instrument = k AND i.price_feed IS NOT NULL));
    FOR feed IN SELECT f.* FROM margin_calib.feed AS f
                 WHERE f.kind = 'prices' AND f.error IS NULL ORDER BY f.id LOOP
        found := CASE WHEN unknown <> '{}' THEN margin_calib.keys_with_rows(feed, unknown) ELSE '{}' END;
        unknown := ARRAY(SELECT k FROM unnest(unknown) AS k WHERE k <> ALL (found));
        keys := found || ARRAY(SELECT i.instrument FROM margin_calib.instrument AS i
                                WHERE i.instrument = ANY (names) AND i.price_feed = feed.id);
        CONTINUE WHEN keys = '{}';
        key_type := margin_calib.feed_key_type(feed.relation, feed.instrument_column);
        ts := margin_calib.feed_ts_expression(feed.relation, feed.ts_column);
        parts := parts || format(
            'SELECT array_position(%L::text[], t.%I::text)::float8 AS series, %s AS ts, %s AS price '
            'FROM %s AS t WHERE t.%I = ANY (%L::%s[]) AND %s <= %L AND isfinite(%s)',
            names, feed.instrument_column, ts,
            margin_calib.feed_number_expression(feed.relation, feed.price_column, 'float8, checked'),
            feed.relation, feed.instrument_column, margin_calib.keys_that_fit(keys, key_type), key_type,
            ts, margin_calib.future_limit(as_of), ts);
    END LOOP;
    RETURN nullif(array_to_string(parts, ' UNION ALL '), '');
END
$function$;
COMMENT ON FUNCTION margin_calib.group_prices_query(text[], timestamptz) IS
'Internal: query of the prices (series, ts, price) of instruments up to as_of and a minute, series being the position of the instrument among the names; NULL when no feed has any of them.';

CREATE OR REPLACE FUNCTION margin_calib.evidence_pairs(evidence margin_calib.correlation_evidence[], instruments text[])
    RETURNS TABLE (second integer, first integer, pair margin_calib.correlation_evidence)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 250 ROWS 100
BEGIN ATOMIC
    SELECT p.i, p.j, ROW(coalesce(e.observations, 0), e.correlation, e.lower_bound, e.subperiod_correlations, e.stressed_correlation,
                         e.smallest_correlation, coalesce(e.offset_correlation, 0), coalesce(e.is_reliable, false),
                         CASE WHEN e.observations > 0 THEN e.reason ELSE 'no common prices' END)::margin_calib.correlation_evidence
      FROM (SELECT i.i, j.j, row_number() OVER (ORDER BY i.i, j.j) AS number
              FROM generate_series(2, cardinality(evidence_pairs.instruments)) AS i (i)
             CROSS JOIN LATERAL generate_series(1, i.i - 1) AS j (j)) AS p
      LEFT JOIN unnest(evidence_pairs.evidence) WITH ORDINALITY AS e ON e.ordinality = p.number;
END;
COMMENT ON FUNCTION margin_calib.evidence_pairs(margin_calib.correlation_evidence[], text[]) IS
'Internal: the answer of price_evidence as a row for each pair of the instruments, by their positions; pairs beyond it have no prices.';

CREATE OR REPLACE FUNCTION margin_calib.evidence_matrix(evidence margin_calib.correlation_evidence[], instruments text[])
    RETURNS double precision[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5000
BEGIN ATOMIC
    WITH pairs AS MATERIALIZED (
        SELECT p.second, p.first, (p.pair).offset_correlation AS value
          FROM margin_calib.evidence_pairs(evidence_matrix.evidence, evidence_matrix.instruments) AS p)
    SELECT margin_calib.bounded_correlation(array_agg(r.line ORDER BY r.i))
      FROM (SELECT c.i, array_agg(c.value ORDER BY c.j) AS line
              FROM (SELECT p.second AS i, p.first AS j, p.value FROM pairs AS p
                    UNION ALL
                    SELECT p.first, p.second, p.value FROM pairs AS p
                    UNION ALL
                    SELECT i.i, i.i, 1 FROM generate_series(1, cardinality(evidence_matrix.instruments)) AS i (i)) AS c
             GROUP BY c.i) AS r;
END;
COMMENT ON FUNCTION margin_calib.evidence_matrix(margin_calib.correlation_evidence[], text[]) IS
'Internal: the matrix of the offset correlations of all pairs of the instruments, made positive semidefinite without raising one.';

-- Only errors of data and limits are caught, as in calibrate_or_explain: a bad group gets no credit, and
-- stops nothing.
CREATE OR REPLACE FUNCTION margin_calib.calibrate_group(group_name text, as_of timestamptz)
    RETURNS margin_calib.engine_offset
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    settings margin_calib.product_group;
    result   margin_calib.engine_offset;
    prices   text;
BEGIN
    SELECT g.* INTO settings FROM margin_calib.product_group AS g WHERE g.name = calibrate_group.group_name;
    result.group_name := settings.name;
    result.cap := settings.cap;
    result.breakdown := settings.breakdown;
    result.instruments := ARRAY(SELECT m.instrument FROM margin_calib.product_group_member AS m
                                 WHERE m.group_name = settings.name ORDER BY m.instrument COLLATE "C");
    prices := margin_calib.group_prices_query(result.instruments, as_of);
    IF prices IS NULL THEN
        result.error := 'no price feed has its instruments';
        RETURN result;
    END IF;
    BEGIN
        EXECUTE format('SELECT margin_calib.price_evidence(p.series, date_part(''epoch'', p.ts), p.price, $1, $2, $3), '
                       'min(p.ts), max(p.ts) FROM (%s) AS p', prices)
        INTO result.evidence, result.first_ts, result.last_ts
        USING settings.lookback, settings.confidence, settings.subperiods;
        result.correlation := margin_calib.evidence_matrix(result.evidence, result.instruments);
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        result.error := format('calibration failed: %s (%s)', SQLERRM, SQLSTATE);
        result.correlation := NULL;
        result.evidence := NULL;
    END;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION margin_calib.calibrate_group(text, timestamptz) IS
'Internal: correlations of a group from the prices of now, with their evidence, or the error; no write. Returns of a pair run between the consecutive times at which both have a price.';

CREATE OR REPLACE VIEW margin_calib.offset_stored WITH (security_invoker = true) AS
SELECT g.name AS group_name, g.cap, g.breakdown, c.instruments, c.correlation, c.error, c.id AS calibration
  FROM margin_calib.product_group AS g
  LEFT JOIN margin_calib.offset_calibration AS c ON c.group_name = g.name AND c.valid_to IS NULL;
COMMENT ON VIEW margin_calib.offset_stored IS
'Internal: correlations of each product group, as the latest refresh left them.';
REVOKE ALL ON margin_calib.offset_stored FROM PUBLIC;

-- A day: correlations move slowly, and a calibration reads all prices of the group.
CREATE OR REPLACE FUNCTION margin_calib.group_is_due(settings margin_calib.product_group, has_first_prices boolean, as_of timestamptz)
    RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT ((settings).is_due OR has_first_prices OR coalesce((settings).calibrated_at <= as_of - interval '1 day', true))
           AND NOT EXISTS (SELECT FROM margin_calib.product_group_member AS m
                             JOIN margin_calib.instrument AS i ON i.instrument = m.instrument
                             JOIN margin_calib.feed AS f ON f.id = i.price_feed
                            WHERE m.group_name = (settings).name AND f.error IS NOT NULL);
END;
COMMENT ON FUNCTION margin_calib.group_is_due(margin_calib.product_group, boolean, timestamptz) IS
'Internal: is a group to be calibrated: its settings changed, recalibrate() asked for it, one of its instruments got its first prices, or its calibration is a day old. Not while a feed of its prices cannot be read: then its correlations stay, as rates do.';

CREATE OR REPLACE FUNCTION margin_calib.offset_live(groups text[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_offset
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 10
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    settings margin_calib.product_group;
    unpriced text[];
BEGIN
    FOR settings IN SELECT g.* FROM margin_calib.product_group AS g WHERE g.name = ANY (groups) ORDER BY g.name LOOP
        -- what a refresh would find: first prices of one of its instruments
        unpriced := ARRAY(SELECT m.instrument FROM margin_calib.product_group_member AS m
                           WHERE m.group_name = settings.name
                             AND NOT EXISTS (SELECT FROM margin_calib.instrument AS i
                                              WHERE i.instrument = m.instrument AND i.price_feed IS NOT NULL));
        IF margin_calib.group_is_due(
               settings, unpriced <> '{}' AND EXISTS (SELECT FROM margin_calib.feed AS f
                                                       WHERE f.kind = 'prices' AND f.error IS NULL
                                                         AND margin_calib.keys_with_rows(f, unpriced) <> '{}'), as_of) THEN
            RETURN NEXT margin_calib.calibrate_group(settings.name, as_of);
        ELSE
            RETURN QUERY SELECT s.group_name, s.cap, s.breakdown, s.instruments, s.correlation, s.error, s.calibration,
                                NULL::margin_calib.correlation_evidence[], NULL::timestamptz, NULL::timestamptz
                           FROM margin_calib.offset_stored AS s WHERE s.group_name = settings.name;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION margin_calib.offset_live(text[], timestamptz) IS
'Internal: as offset_stored, but with the correlations that a refresh would calibrate now for groups that are due.';

-- ---- credits of accounts ----

-- What is signed, summed and offset is the calibrated part of a position's margin: the LATERAL `base`
-- is the one place that says which columns that is.
CREATE OR REPLACE FUNCTION margin_calib.offset_query(positions text, offsets text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT format($query$
        WITH held AS (
            SELECT p.account, p.currency, m.group_name, p.instrument, sign(p.quantity) AS side, base.initial, base.maintenance
              FROM %s AS p
              JOIN margin_calib.product_group_member AS m ON m.instrument = p.instrument
             CROSS JOIN LATERAL (SELECT p.base_initial_margin, p.base_maintenance_margin) AS base (initial, maintenance)
             WHERE p.account = ANY ($1) AND p.quantity <> 0 AND base.initial IS NOT NULL AND base.maintenance IS NOT NULL),
        book AS (
            SELECT h.account, h.currency, h.group_name, k.margin, sum(k.amount) AS gross,
                   array_agg(h.instrument ORDER BY h.instrument COLLATE "C") AS instruments,
                   array_agg(h.side * k.amount ORDER BY h.instrument COLLATE "C") AS margins
              FROM held AS h CROSS JOIN LATERAL (VALUES ('initial', h.initial), ('maintenance', h.maintenance)) AS k (margin, amount)
             GROUP BY h.account, h.currency, h.group_name, k.margin HAVING count(*) > 1)
        SELECT b.account, b.currency, b.group_name, b.margin, b.instruments, b.gross, a.combined, a.at_zero, a.at_one,
               a.worst_breakdown, o.cap, o.breakdown, c.credit, o.calibration,
               CASE WHEN o.correlation IS NULL THEN coalesce(o.error, 'the group is not calibrated yet')
                    WHEN c.credit = 0 THEN 'its positions do not hedge each other with a reliable correlation, or the cap leaves nothing' END
          FROM book AS b
          JOIN %s AS o ON o.group_name = b.group_name
          LEFT JOIN margin_calib.currency_setting AS s ON s.currency = b.currency
         CROSS JOIN LATERAL (SELECT coalesce(s.amount_step, 0.01)) AS t (step)
          -- in the order of the matrix; what is not in it adds up in full
         CROSS JOIN LATERAL (
               SELECT array_agg(coalesce(h.margin, 0)::float8 ORDER BY i.number), b.gross - coalesce(sum(abs(h.margin)), 0)
                 FROM unnest(o.instruments) WITH ORDINALITY AS i (instrument, number)
                 LEFT JOIN unnest(b.instruments, b.margins) AS h (instrument, margin) ON h.instrument = i.instrument)
               AS v (margins, outside)
          LEFT JOIN LATERAL margin_calib.portfolio_offset(v.margins, o.correlation, o.cap::float8, true) AS f ON true
         CROSS JOIN LATERAL (
               SELECT coalesce(least(margin_calib.round_up(margin_calib.significant(f.combined), t.step) + v.outside, b.gross), b.gross),
                      margin_calib.round_up(margin_calib.significant(f.at_zero), t.step) + v.outside, margin_calib.round_up(margin_calib.significant(f.at_one), t.step) + v.outside,
                      least(margin_calib.round_up(margin_calib.significant(f.worst_breakdown), t.step) + v.outside, b.gross))
               AS a (combined, at_zero, at_one, worst_breakdown)
         CROSS JOIN LATERAL (
               SELECT margin_calib.round_down(o.cap * (b.gross - CASE o.breakdown WHEN 'worst' THEN coalesce(a.worst_breakdown, b.gross)
                                                                                  ELSE a.combined END), t.step))
               AS c (credit) $query$, positions, offsets);
END;
COMMENT ON FUNCTION margin_calib.offset_query(text, text) IS
'Internal: query ($1 accounts, $2 as_of) from positions (the stored table, or rows of compute_positions) and correlations of groups (offset_stored or offset_live) to rows of margin_calib.account_offset. credit = cap * (gross - combined), or - worst_breakdown, rounded down to the amount step; the numbers it is made of are rounded up.';

REVOKE ALL ON FUNCTION
    margin_calib.round_down(numeric, numeric), margin_calib.significant(double precision),
    margin_calib.keys_with_rows(margin_calib.feed, text[]), margin_calib.group_prices_query(text[], timestamptz),
    margin_calib.evidence_pairs(margin_calib.correlation_evidence[], text[]),
    margin_calib.evidence_matrix(margin_calib.correlation_evidence[], text[]),
    margin_calib.calibrate_group(text, timestamptz), margin_calib.group_is_due(margin_calib.product_group, boolean, timestamptz),
    margin_calib.offset_live(text[], timestamptz), margin_calib.offset_query(text, text) FROM PUBLIC;
