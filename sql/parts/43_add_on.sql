-- What is added to the calibrated margin of a position: tiers, liquidity, open interest, events, pegs and
-- doubtful prices. One way through these functions for refresh and requirement_now.

CREATE OR REPLACE FUNCTION margin_calib.event_state(
    from_ts timestamptz, until_ts timestamptz, cancelled_at timestamptz, as_of timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1
BEGIN ATOMIC
    SELECT CASE WHEN cancelled_at IS NOT NULL OR as_of >= until_ts THEN 'over'
                WHEN as_of >= from_ts THEN 'running' ELSE 'waiting' END;
END;
COMMENT ON FUNCTION margin_calib.event_state(timestamptz, timestamptz, timestamptz, timestamptz) IS
'Internal: waiting, running (from from_ts on, until_ts excluded) or over, as is a cancelled event.';

CREATE OR REPLACE FUNCTION margin_calib.peg_prices(instruments text[]) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT p.price_instrument), '{}')
      FROM margin_calib.peg AS p
     WHERE p.instrument = ANY (instruments)
        OR p.currency IN (SELECT coalesce(i.currency, 'USD') FROM unnest(instruments) AS k
                            LEFT JOIN margin_calib.instrument AS i ON i.instrument = k);
END;
COMMENT ON FUNCTION margin_calib.peg_prices(text[]) IS
'Internal: instruments whose prices tell what the pegs behind these instruments are worth.';

CREATE OR REPLACE FUNCTION margin_calib.peg_dependents(instruments text[]) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT coalesce(array_agg(d.instrument), '{}')
      FROM (SELECT p.instrument FROM margin_calib.peg AS p
             WHERE p.price_instrument = ANY (instruments) AND p.instrument IS NOT NULL
            UNION
            SELECT i.instrument FROM margin_calib.peg AS p JOIN margin_calib.instrument AS i ON i.currency = p.currency
             WHERE p.price_instrument = ANY (instruments)) AS d;
END;
COMMENT ON FUNCTION margin_calib.peg_dependents(text[]) IS
'Internal: instruments whose peg charge depends on the price of one of these.';

CREATE OR REPLACE FUNCTION margin_calib.has_add_ons(live boolean) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (SELECT FROM margin_calib.instrument_liquidity)
        OR EXISTS (SELECT FROM margin_calib.tier_schedule AS t WHERE t.valid_to IS NULL)
        OR EXISTS (SELECT FROM margin_calib.margin_event AS e WHERE e.applied <> 'over')
        OR EXISTS (SELECT FROM margin_calib.peg)
        OR live AND EXISTS (SELECT FROM margin_calib.feed AS f WHERE f.kind = 'liquidity');
END
$function$;
COMMENT ON FUNCTION margin_calib.has_add_ons(boolean) IS
'Internal: whether there is anything that could add to a margin.';

CREATE OR REPLACE FUNCTION margin_calib.add_ons(
    instruments text[], live boolean, market margin_calib.engine_market[], as_of timestamptz)
    RETURNS SETOF margin_calib.engine_add_on
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE COST 5000 ROWS 500
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    figures margin_calib.instrument_liquidity[];
BEGIN
    IF live THEN
        figures := ARRAY(SELECT l FROM margin_calib.liquidity_live(instruments, as_of) AS l);
    ELSE
        figures := ARRAY(SELECT l FROM margin_calib.instrument_liquidity AS l WHERE l.instrument = ANY (instruments));
    END IF;
    RETURN QUERY
        WITH held AS (
            SELECT k AS instrument, coalesce(i.currency, 'USD') AS currency
              FROM unnest(instruments) AS k LEFT JOIN margin_calib.instrument AS i ON i.instrument = k),
        running AS (
            SELECT h.instrument, sum(e.rate) AS rate, sum(e.multiplier - 1) AS multiple,
                   coalesce(sum(e.rate) FILTER (WHERE e.applies_to = 'both'), 0) AS maintenance_rate,
                   coalesce(sum(e.multiplier - 1) FILTER (WHERE e.applies_to = 'both'), 0) AS maintenance_multiple
              FROM margin_calib.margin_event AS e JOIN held AS h ON e.instruments IS NULL OR h.instrument = ANY (e.instruments)
             WHERE margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, as_of) = 'running' GROUP BY h.instrument),
        pegged AS (
            SELECT h.instrument, min(m.fresh_until) AS fresh_until,
                   sum(margin_calib.peg_charge(m.price, p.threshold, p.factor)) FILTER (WHERE p.currency IS NOT NULL) AS of_margin,
                   sum(margin_calib.peg_charge(m.price, p.threshold, p.factor)) FILTER (WHERE p.instrument IS NOT NULL) AS of_notional,
                   min(format('the price %s of its peg: %s', p.price_instrument, s.reason)) FILTER (WHERE s.reason IS NOT NULL) AS reason
              FROM margin_calib.peg AS p JOIN held AS h ON h.instrument = p.instrument OR h.currency = p.currency
              LEFT JOIN unnest(market) AS m ON m.instrument = p.price_instrument
             CROSS JOIN LATERAL (SELECT CASE WHEN m.price IS NULL THEN coalesce(m.stale_reason, 'it is not known')
                                             ELSE m.stale_reason END) AS s (reason)
             GROUP BY h.instrument)
        SELECT h.instrument, t.tiers, l.spread, l.average_daily_volume, l.open_interest,
               coalesce(o.participation, d.participation, 0.1), coalesce(o.horizon, d.horizon, 1),
               coalesce(o.maximum_horizon, d.maximum_horizon, 60),
               coalesce(o.open_interest_lower, d.open_interest_lower), coalesce(o.open_interest_upper, d.open_interest_upper),
               margin_calib.confidence_charge(c.confidence, c.threshold),
               r.rate, r.multiple, r.maintenance_rate, r.maintenance_multiple, g.of_margin, g.of_notional,
               least(l.fresh_until, g.fresh_until), coalesce(l.stale_reason, g.reason)
          FROM held AS h
          LEFT JOIN margin_calib.tier_schedule AS t ON t.instrument = h.instrument AND t.valid_to IS NULL
          LEFT JOIN unnest(figures) AS l ON l.instrument = h.instrument
          LEFT JOIN margin_calib.liquidity_policy AS o ON o.instrument = h.instrument
          LEFT JOIN margin_calib.liquidity_policy AS d ON d.instrument IS NULL
          LEFT JOIN running AS r ON r.instrument = h.instrument
          LEFT JOIN pegged AS g ON g.instrument = h.instrument
         CROSS JOIN LATERAL (
               SELECT coalesce(o.full_sources, d.full_sources, 3) AS full_sources, coalesce(o.maximum_age, d.maximum_age, 300) AS age,
                      coalesce(o.maximum_width, d.maximum_width, 0.05) AS width OFFSET 0) AS f
         CROSS JOIN LATERAL (
               SELECT margin_calib.price_confidence(l.price_sources, l.price_age, l.price_width, f.full_sources, f.age, f.width) AS confidence,
                      coalesce(o.confidence_threshold, d.confidence_threshold, 0.55) AS threshold OFFSET 0) AS c
         WHERE t.id IS NOT NULL OR l.instrument IS NOT NULL OR r.instrument IS NOT NULL OR g.instrument IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_ons(text[], boolean, margin_calib.engine_market[], timestamptz) IS
'Internal: what adds to the margins of positions in these instruments, a row for each that has anything; market has the prices of pegs.';

-- Tiers and horizon both charge for size, and are not charged twice: with f = sqrt(L / h)
--   base + tier charge + horizon part = max(base f, tier margin).
-- In SQL and not STRICT, so that it becomes a part of the query that calls it; OFFSET 0 keeps each step from
-- being computed again wherever it is used.
CREATE OR REPLACE FUNCTION margin_calib.position_charges(
    add_on margin_calib.engine_add_on, kind text, quantity numeric, multiplier numeric, price numeric,
    initial_rate numeric, maintenance_rate numeric, step numeric) RETURNS SETOF margin_calib.engine_charge
    LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50 ROWS 1
BEGIN ATOMIC
    SELECT t.initial_charge, t.maintenance_charge,
           margin_calib.round_up(a.liquidity_initial, step), margin_calib.round_up(a.liquidity_maintenance, step),
           margin_calib.round_up(a.open_interest, step), margin_calib.round_up(a.event_initial, step),
           margin_calib.round_up(a.event_maintenance, step), margin_calib.round_up(a.peg, step),
           margin_calib.round_up(a.confidence, step), round(p.days, 6)
      FROM (SELECT margin_calib.position_notional(kind, quantity, multiplier, price) AS notional,
                   margin_calib.liquidation_horizon(quantity, (add_on).average_daily_volume, (add_on).participation,
                                                    (add_on).horizon, (add_on).maximum_horizon) AS days
               WHERE (add_on).instrument IS NOT NULL AND initial_rate IS NOT NULL OFFSET 0) AS p -- here, before anything is computed
     CROSS JOIN LATERAL (
           SELECT p.notional * initial_rate AS initial, p.notional * maintenance_rate AS maintenance,
                  CASE WHEN p.days > (add_on).horizon THEN sqrt(p.days * 1.000000000000000000000000 / (add_on).horizon) ELSE 1 END AS size_factor,
                  margin_calib.position_notional(kind, (add_on).open_interest, multiplier, price) AS open_interest,
                  least(initial_rate, 1) AS rate, scale(step) + 8 AS digits OFFSET 0) AS b
     CROSS JOIN LATERAL (
           SELECT greatest(margin_calib.tier_margin(p.notional, (add_on).tiers, 'initial') - margin_calib.round_up(b.initial, step), 0) AS initial,
                  greatest(margin_calib.tier_margin(p.notional, (add_on).tiers, 'maintenance') - margin_calib.round_up(b.maintenance, step), 0) AS maintenance,
                  p.notional * coalesce((add_on).spread, 0) / 2 * b.size_factor AS exit_cost OFFSET 0) AS x
     CROSS JOIN LATERAL (
           SELECT margin_calib.round_up(x.initial, step) AS initial_charge,
                  margin_calib.round_up(x.maintenance, step) AS maintenance_charge OFFSET 0) AS t
     CROSS JOIN LATERAL (
           -- roots and quotients have an end: what is left of it far below a step is no reason for another step
           SELECT round(x.exit_cost + greatest(b.initial * (b.size_factor - 1) - t.initial_charge, 0), b.digits) AS liquidity_initial,
                  round(x.exit_cost + greatest(b.maintenance * (b.size_factor - 1) - t.maintenance_charge, 0), b.digits) AS liquidity_maintenance,
                  coalesce(round(p.notional * (margin_calib.open_interest_rate(b.rate, b.open_interest, (add_on).open_interest_lower,
                                                                         (add_on).open_interest_upper) - b.rate), b.digits), 0) AS open_interest,
                  coalesce(p.notional * (add_on).event_initial_rate + b.initial * (add_on).event_initial_multiple, 0) AS event_initial,
                  coalesce(p.notional * (add_on).event_maintenance_rate
                           + b.maintenance * (add_on).event_maintenance_multiple, 0) AS event_maintenance,
                  b.initial * coalesce((add_on).peg_margin_fraction, 0)
                  + p.notional * least(coalesce((add_on).peg_notional_fraction, 0), 1) AS peg,
                  coalesce(round(p.notional * (add_on).confidence_fraction, b.digits), 0) AS confidence OFFSET 0) AS a
     WHERE p.notional IS NOT NULL;
END;
COMMENT ON FUNCTION margin_calib.position_charges(margin_calib.engine_add_on, text, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Internal: add-ons of one position, each rounded up to the amount step: tiers, what the tier margin has above the base; liquidity, the cost of getting out and the risk of a longer horizon as far as tiers do not charge it; open interest, event, peg and confidence. doc/liquidity.md has the formulas. No row without an add-on, a price or a rate.';

CREATE OR REPLACE FUNCTION margin_calib.pending_add_ons() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
BEGIN
    RETURN QUERY SELECT o.instrument FROM margin_calib.due_overrides(statement_timestamp()) AS o (instrument);
    RETURN QUERY
        SELECT i.instrument FROM margin_calib.margin_event AS e
          JOIN margin_calib.account_position AS i ON e.instruments IS NULL OR i.instrument = ANY (e.instruments)
         WHERE e.applied <> margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, statement_timestamp());
    IF EXISTS (SELECT FROM margin_calib.capture_queue) THEN
        RETURN QUERY
            SELECT s.instrument FROM margin_calib.capture_queue AS q
              JOIN margin_calib.instrument_liquidity AS s ON s.feed = q.feed WHERE q.everything
            UNION
            SELECT q.key FROM margin_calib.capture_queue AS q
              JOIN margin_calib.feed AS f ON f.id = q.feed AND f.kind = 'liquidity' WHERE q.key IS NOT NULL;
        IF EXISTS (SELECT FROM margin_calib.peg) THEN
            RETURN QUERY SELECT unnest(margin_calib.peg_dependents(ARRAY(SELECT i FROM margin_calib.pending_instruments() AS i)));
        END IF;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_add_ons() IS
'Instruments whose add-ons have changed since the latest refresh: overrides and events that have begun or ended, liquidity figures that wait, prices of pegs. May name one more than once.';

CREATE OR REPLACE FUNCTION margin_calib.sync_events() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    now_ts CONSTANT timestamptz := clock_timestamp();
BEGIN
    WITH due AS (
        UPDATE margin_calib.margin_event AS e SET applied = margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, now_ts)
         WHERE e.applied <> margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, now_ts) RETURNING e.instruments)
    INSERT INTO margin_calib.capture_queue
        SELECT DISTINCT 0, p.instrument, false, now() FROM due AS d
          JOIN margin_calib.account_position AS p ON d.instruments IS NULL OR p.instrument = ANY (d.instruments);
END
$function$;
COMMENT ON FUNCTION margin_calib.sync_events() IS
'Internal to refresh: queues the instruments of events that have begun or ended since the last one.';

-- ---- positions ----

CREATE OR REPLACE FUNCTION margin_calib.positions_at(
    held margin_calib.engine_holding[], market margin_calib.engine_market[], add_ons margin_calib.engine_add_on[]) RETURNS SETOF margin_calib.account_position
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 1000
BEGIN ATOMIC
    SELECT h.account, h.instrument, coalesce(m.currency, 'USD'), m.kind, coalesce(h.quantity, 0),
           m.multiplier, m.price, r.notional, r.initial_rate, r.maintenance_rate,
           b.initial_margin + coalesce(c.tier_initial_charge + c.liquidity_initial_charge + c.open_interest_charge
                                       + c.event_initial_charge + c.peg_charge + c.confidence_charge, 0),
           b.maintenance_margin + coalesce(c.tier_maintenance_charge + c.liquidity_maintenance_charge
                                           + c.event_maintenance_charge, 0),
           m.parameter_id, m.data_through, least(m.fresh_until, a.fresh_until),
           margin_calib.position_reason(h, m.instrument IS NOT NULL, m.price, m.stale_reason, a.stale_reason),
           b.initial_margin, b.maintenance_margin, coalesce(c.tier_initial_charge, b.zero), coalesce(c.tier_maintenance_charge, b.zero),
           coalesce(c.liquidity_initial_charge, b.zero), coalesce(c.liquidity_maintenance_charge, b.zero),
           coalesce(c.open_interest_charge, b.zero), coalesce(c.event_initial_charge, b.zero),
           coalesce(c.event_maintenance_charge, b.zero), coalesce(c.peg_charge, b.zero), coalesce(c.confidence_charge, b.zero),
           c.liquidation_horizon, h.unusable, h.entry_quantity, h.entry_value, h.entry_inverse
      FROM unnest(held) AS h
      LEFT JOIN unnest(market) AS m ON m.instrument = h.instrument
      LEFT JOIN margin_calib.currency_setting AS s ON s.currency = m.currency
      LEFT JOIN unnest(add_ons) AS a ON a.instrument = h.instrument
     CROSS JOIN LATERAL ( -- OFFSET 0: computed once, however often it is used
           SELECT coalesce(s.amount_step, 0.01) AS step,
                  margin_calib.position_notional(m.kind, h.quantity, m.multiplier, m.price) AS notional,
                  CASE WHEN h.quantity < 0 THEN m.short_initial_rate ELSE m.long_initial_rate END AS initial_rate,
                  CASE WHEN h.quantity < 0 THEN m.short_maintenance_rate ELSE m.long_maintenance_rate END AS maintenance_rate OFFSET 0) AS r
     CROSS JOIN LATERAL (
           SELECT margin_calib.round_up(r.notional * r.initial_rate, r.step) AS initial_margin,
                  margin_calib.round_up(r.notional * r.maintenance_rate, r.step) AS maintenance_margin,
                  round(0::numeric, scale(r.step)) AS zero OFFSET 0) AS b
      LEFT JOIN LATERAL margin_calib.position_charges(a, m.kind, h.quantity, m.multiplier, m.price, r.initial_rate, r.maintenance_rate, r.step) AS c ON true;
END;
COMMENT ON FUNCTION margin_calib.positions_at(margin_calib.engine_holding[], margin_calib.engine_market[], margin_calib.engine_add_on[]) IS
'Internal: net positions with their margins and charges at the market and with the add-ons of their instruments.';

REVOKE ALL ON FUNCTION
    margin_calib.positions_at(margin_calib.engine_holding[], margin_calib.engine_market[], margin_calib.engine_add_on[]),
    margin_calib.event_state(timestamptz, timestamptz, timestamptz, timestamptz), margin_calib.peg_prices(text[]),
    margin_calib.peg_dependents(text[]), margin_calib.has_add_ons(boolean),
    margin_calib.add_ons(text[], boolean, margin_calib.engine_market[], timestamptz),
    margin_calib.position_charges(margin_calib.engine_add_on, text, numeric, numeric, numeric, numeric, numeric, numeric),
    margin_calib.pending_add_ons(), margin_calib.sync_events() FROM PUBLIC;
