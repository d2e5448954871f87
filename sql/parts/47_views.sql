-- What dashboards read. security_invoker: whoever may read the tables behind may read the views.

-- Functions, not subqueries: the queue's statistics are those of its last peak, and plans built on them
-- would compile and hash for a queue that is empty.
CREATE OR REPLACE FUNCTION margin_calib.pending_instruments() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
BEGIN
    RETURN QUERY SELECT o.instrument FROM margin_calib.due_overrides(statement_timestamp()) AS o (instrument);
    IF EXISTS (SELECT FROM margin_calib.capture_queue) THEN
        RETURN QUERY
            WITH changed AS (
                SELECT DISTINCT i.instrument
                  FROM (SELECT DISTINCT q.feed, q.key, q.everything FROM margin_calib.capture_queue AS q) AS q
                  JOIN margin_calib.instrument AS i
                    ON q.feed = 0 AND i.instrument = q.key
                    OR q.feed = i.price_feed AND (q.everything OR i.instrument = q.key))
            SELECT c.instrument FROM changed AS c
            UNION
            SELECT b.instrument FROM changed AS c JOIN margin_calib.instrument AS b ON b.proxy = c.instrument;
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_instruments() IS
'Registered instruments with changes that refresh has not seen, of their own or of their proxy, or an override that has begun or ended. May name one twice.';

CREATE OR REPLACE FUNCTION margin_calib.pending_accounts() RETURNS SETOF text
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 5000 ROWS 100
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    add_ons CONSTANT text[] := ARRAY(SELECT i FROM margin_calib.pending_add_ons() AS i);
BEGIN
    IF NOT EXISTS (SELECT FROM margin_calib.capture_queue) THEN
        RETURN QUERY SELECT DISTINCT p.account FROM margin_calib.account_position AS p WHERE p.instrument = ANY (add_ons);
        RETURN;
    ELSIF EXISTS (SELECT FROM margin_calib.capture_queue AS q JOIN margin_calib.feed AS f ON f.id = q.feed
                   WHERE q.everything AND f.kind = 'positions') THEN
        RETURN QUERY SELECT DISTINCT p.account FROM margin_calib.account_position AS p;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT q.key FROM margin_calib.capture_queue AS q
         WHERE q.key IS NOT NULL
           AND (q.feed = -1 OR q.feed IN (SELECT f.id FROM margin_calib.feed AS f WHERE f.kind = 'positions'))
        UNION
        SELECT p.account FROM margin_calib.pending_instruments() AS i (instrument)
          JOIN margin_calib.account_position AS p ON p.instrument = i.instrument
        UNION
        SELECT p.account FROM margin_calib.account_position AS p WHERE p.instrument = ANY (add_ons)
        UNION -- a price of an instrument that was not known
        SELECT p.account FROM margin_calib.capture_queue AS q
          JOIN margin_calib.account_position AS p ON p.instrument = q.key AND p.kind IS NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.pending_accounts() IS
'Accounts whose requirement waits for changes that refresh has not seen: of their positions, of the instruments in them, or of what adds to their margins.';
REVOKE ALL ON FUNCTION margin_calib.pending_instruments(), margin_calib.pending_accounts() FROM PUBLIC;

CREATE OR REPLACE VIEW margin_calib.margin_parameter_history WITH (security_invoker = true) AS
SELECT p.instrument, p.valid_from, p.valid_to, p.symmetric_rates, p.initial_rate, p.maintenance_rate,
       p.long_initial_rate, p.long_maintenance_rate, p.short_initial_rate, p.short_maintenance_rate,
       p.binding_term, p.long_binding_term, p.short_binding_term, p.long_unrounded, p.short_unrounded,
       p.long_core, p.short_core, p.long_value_at_risk, p.short_value_at_risk, p.long_expected_shortfall, p.short_expected_shortfall,
       p.long_stressed_es, p.short_stressed_es, p.long_floor, p.short_floor, p.long_buffer_used,
       p.short_buffer_used, p.model, p.model_reason, p.vol, p.stress_from, p.stress_to, p.returns, p.returns_used, p.first_ts, p.last_ts,
       p.last_price, p.bar_interval, p.gaps, p.duplicates, p.stale, p.idle, p.restarts, p.rejected, p.jumps, p.last_jump_ts,
       p.fallback, p.fallback_reason, p.policy, p.policy_version, p.path, p.id AS parameter_id,
       p.proxy, p.proxy_multiplier, p.borrowed_returns, p.layer, p.recorded_at, p.ended_at, p.run, p.relation_name, p.input_hash
  FROM margin_calib.parameter AS p
 WHERE p.valid_from IS NOT NULL;
COMMENT ON VIEW margin_calib.margin_parameter_history IS
'Every parameter that was ever in force, with the calibration that put it there. A row ends (valid_to) when published rates, policy, binding terms or fallback change; its evidence is that of its start. Columns as in margin_calib.margin_calibration.';
COMMENT ON COLUMN margin_calib.margin_parameter_history.valid_to IS 'NULL: in force';
COMMENT ON COLUMN margin_calib.margin_parameter_history.symmetric_rates IS 'true: initial_rate and maintenance_rate are charged to both sides';

CREATE OR REPLACE VIEW margin_calib.margin_parameter WITH (security_invoker = true) AS
SELECT i.instrument, i.kind, i.multiplier, i.currency, i.last_price AS price, i.data_through,
       margin_calib.staleness(i.stale_reason, i.fresh_until, u.is_pending) IS NOT NULL AS is_stale,
       margin_calib.staleness(i.stale_reason, i.fresh_until, u.is_pending) AS stale_reason,
       i.policy_is_automatic, f.valid_from AS in_force_since, f.initial_rate, f.maintenance_rate,
       f.long_initial_rate, f.long_maintenance_rate, f.short_initial_rate, f.short_maintenance_rate,
       f.symmetric_rates, f.binding_term, p.long_binding_term, p.short_binding_term, p.model, p.vol,
       p.long_expected_shortfall, p.short_expected_shortfall, p.long_value_at_risk, p.short_value_at_risk,
       p.returns, p.returns_used, p.first_ts, p.last_ts, p.fallback, p.fallback_reason,
       i.policy, p.policy_version, f.id AS parameter_id, i.proxy, i.proxy_multiplier, i.borrowed_returns,
       o.valid_to AS override_until, q.id AS open_proposal
  FROM margin_calib.instrument AS i
  LEFT JOIN margin_calib.parameter AS p
    ON p.instrument = i.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL
  LEFT JOIN margin_calib.parameter AS o ON o.instrument = i.instrument AND o.override_state = 'running'
  LEFT JOIN margin_calib.parameter AS f ON f.id = coalesce(o.id, p.id)
  LEFT JOIN margin_calib.proposal AS q ON q.instrument = i.instrument AND q.kind = 'calibration' AND q.state = 'open'
  LEFT JOIN (SELECT DISTINCT n.instrument FROM margin_calib.pending_instruments() AS n (instrument)) AS w ON w.instrument = i.instrument
 CROSS JOIN LATERAL (SELECT w.instrument IS NOT NULL) AS u (is_pending);
COMMENT ON VIEW margin_calib.margin_parameter IS
'Parameters in force, one row for each registered instrument; rates are NULL until a first calibration came into force.';
COMMENT ON COLUMN margin_calib.margin_parameter.price IS 'latest usable price';
COMMENT ON COLUMN margin_calib.margin_parameter.data_through IS 'ts of the latest usable price; rates, price and flags hold as of it. The evidence columns (vol, returns, last_ts, ...) are of in_force_since';
COMMENT ON COLUMN margin_calib.margin_parameter.is_stale IS 'true: stale_reason says why rates or price may be out of date';

CREATE OR REPLACE VIEW margin_calib.margin_position WITH (security_invoker = true) AS
SELECT p.account, p.instrument, p.kind, p.currency, p.quantity, p.multiplier, p.price, p.notional,
       p.initial_rate, p.maintenance_rate, p.initial_margin, p.maintenance_margin, p.parameter_id,
       r.as_of, p.data_through, p.stale_reason, p.base_initial_margin, p.base_maintenance_margin,
       p.tier_initial_charge, p.tier_maintenance_charge, p.liquidity_initial_charge, p.liquidity_maintenance_charge,
       p.open_interest_charge, p.event_initial_charge, p.event_maintenance_charge, p.peg_charge, p.confidence_charge,
       p.liquidation_horizon
  FROM margin_calib.account_position AS p
  LEFT JOIN margin_calib.requirement AS r ON r.account = p.account AND r.currency = p.currency;
COMMENT ON VIEW margin_calib.margin_position IS
'Net positions as of the latest refresh. base margin = notional * rate of the side (long or short), rounded up to the amount step of the currency; initial and maintenance margin are the base and the charges, which add up exactly. Their margins, less the credits of margin_account_offset, add up exactly to margin_requirement. The instrument is empty for rows without one.';
COMMENT ON COLUMN margin_calib.margin_position.parameter_id IS 'the row of margin_parameter_history that the rate is from';
COMMENT ON COLUMN margin_calib.margin_position.stale_reason IS 'what is wrong with this position''s price, rate or rows; NULL when nothing is';

CREATE OR REPLACE VIEW margin_calib.margin_requirement WITH (security_invoker = true) AS
SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.positions, r.as_of, r.data_through,
       s.reason IS NOT NULL AS is_stale, s.reason AS stale_reason, r.base_initial_margin, r.base_maintenance_margin,
       r.offset_credit, r.maintenance_offset_credit
  FROM margin_calib.requirement AS r
  LEFT JOIN margin_calib.pending_accounts() AS w (account) ON w.account = r.account
 CROSS JOIN LATERAL (SELECT margin_calib.staleness(r.stale_reason, r.fresh_until, w.account IS NOT NULL)) AS s (reason);
COMMENT ON VIEW margin_calib.margin_requirement IS
'Initial and maintenance requirement of each account, one row for each currency of its positions: requirements of different currencies are never added.';
COMMENT ON COLUMN margin_calib.margin_requirement.notional IS 'gross: the sum of the positions'' notionals, long and short';
COMMENT ON COLUMN margin_calib.margin_requirement.positions IS 'number of positions in it';
COMMENT ON COLUMN margin_calib.margin_requirement.as_of IS 'when refresh computed it';
COMMENT ON COLUMN margin_calib.margin_requirement.data_through IS 'the oldest of the newest prices behind it';
COMMENT ON COLUMN margin_calib.margin_requirement.is_stale IS 'true: stale_reason says why it may be out of date';

CREATE OR REPLACE VIEW margin_calib.refresh_status WITH (security_invoker = true) AS
SELECT q.as_of, i.data_through,
       q.queue_length > 0 OR i.stale > 0 OR r.stale > 0 OR f.broken > 0
       OR EXISTS (SELECT FROM margin_calib.pending_add_ons()) AS is_stale,
       q.queue_length, q.oldest_change, l.started_at AS last_run, l.finished_at AS last_run_finished,
       l.run_by AS last_run_by, e.error AS last_error, e.started_at AS last_error_at,
       i.instruments, i.stale AS stale_instruments, r.accounts, r.stale AS stale_accounts,
       f.feeds, f.broken AS broken_feeds, n.open AS quarantined_rows
  FROM (SELECT statement_timestamp() AS as_of, count(*) AS queue_length, min(c.queued_at) AS oldest_change
          FROM margin_calib.capture_queue AS c) AS q
 CROSS JOIN (SELECT max(v.data_through) AS data_through, count(*) AS instruments,
                    count(*) FILTER (WHERE margin_calib.staleness(v.stale_reason, v.fresh_until, false) IS NOT NULL) AS stale
               FROM margin_calib.instrument AS v) AS i
 CROSS JOIN (SELECT count(DISTINCT v.account) AS accounts,
                    count(DISTINCT v.account) FILTER (WHERE margin_calib.staleness(v.stale_reason, v.fresh_until, false) IS NOT NULL) AS stale
               FROM (SELECT q.account, q.stale_reason, q.fresh_until FROM margin_calib.requirement AS q
                     UNION ALL SELECT s.account, s.stale_reason, s.fresh_until FROM margin_calib.account_state AS s) AS v) AS r
 CROSS JOIN (SELECT count(*) AS feeds, count(v.error) AS broken FROM margin_calib.feed AS v) AS f
 CROSS JOIN (SELECT count(*) AS open FROM margin_calib.quarantine AS v WHERE v.resolved_at IS NULL) AS n
  LEFT JOIN LATERAL (SELECT v.* FROM margin_calib.refresh_run AS v ORDER BY v.id DESC LIMIT 1) AS l ON true
  LEFT JOIN LATERAL (
       SELECT v.started_at, coalesce(v.error, 'the run did not finish') AS error
         FROM margin_calib.refresh_run AS v
        WHERE v.error IS NOT NULL OR v.finished_at IS NULL AND v.id < l.id
        ORDER BY v.id DESC LIMIT 1) AS e ON true;
COMMENT ON VIEW margin_calib.refresh_status IS
'One row for a monitor: is everything fresh, how long is the queue, when did refresh last run and what went wrong last.';
COMMENT ON COLUMN margin_calib.refresh_status.data_through IS 'the newest price that a parameter in force has seen';
COMMENT ON COLUMN margin_calib.refresh_status.is_stale IS 'true: changes or events wait, a feed cannot be read, or an instrument, a requirement or an account is stale';
COMMENT ON COLUMN margin_calib.refresh_status.queue_length IS 'entries that wait, several of one key included';
COMMENT ON COLUMN margin_calib.refresh_status.oldest_change IS 'start of the transaction that made the oldest entry that waits';
COMMENT ON COLUMN margin_calib.refresh_status.last_run_finished IS 'NULL: it still runs or ended in an error';
COMMENT ON COLUMN margin_calib.refresh_status.last_error IS 'latest problem in the log of the last seven days: the first instrument that failed in a run, or a run that did not finish';

REVOKE ALL ON margin_calib.margin_parameter_history, margin_calib.margin_parameter, margin_calib.margin_position,
    margin_calib.margin_requirement, margin_calib.refresh_status FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.requirement_now(account text) RETURNS SETOF margin_calib.margin_requirement
    LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE COST 5000 ROWS 1
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    as_of     CONSTANT timestamptz := statement_timestamp();
    positions CONSTANT margin_calib.account_position[] := ARRAY(
        SELECT p FROM margin_calib.compute_positions(ARRAY[requirement_now.account], true, as_of) AS p);
BEGIN
    RETURN QUERY
        SELECT r.account, r.currency, r.initial_margin, r.maintenance_margin, r.notional, r.positions, r.as_of, r.data_through, s.reason IS NOT NULL,
               s.reason, r.base_initial_margin, r.base_maintenance_margin, r.offset_credit, r.maintenance_offset_credit
          FROM margin_calib.rates_requirements(positions, true, as_of) AS r
         CROSS JOIN LATERAL margin_calib.staleness(r.stale_reason, r.fresh_until, false) AS s (reason)
         ORDER BY r.currency;
END
$function$;
COMMENT ON FUNCTION margin_calib.requirement_now(text) IS
'Requirement of an account, computed now from the attached tables as the caller''s transaction sees them, without a write: what refresh would store. Columns as in margin_calib.margin_requirement; no row for an account without positions, none for NULL. Error 55000 when a position feed cannot be read. Needs SELECT on the attached tables.';
REVOKE ALL ON FUNCTION margin_calib.requirement_now(text) FROM PUBLIC;
