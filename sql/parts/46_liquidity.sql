-- What a user says about liquidity, tiers, pegs and events. Everything is checked when it is written, and
-- queues what depends on it.

CREATE OR REPLACE FUNCTION margin_calib.check_known(instruments text[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    unknown text;
BEGIN
    SELECT coalesce(k, 'NULL') INTO unknown FROM unnest(instruments) AS k
     WHERE NOT EXISTS (SELECT FROM margin_calib.instrument AS i WHERE i.instrument = k) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('instrument %s is not known', unknown),
            HINT = format('Its first price registers it at a refresh, or margin_calib.set_instrument(%L) now.', unknown);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_known(text[]) IS
'Internal: error 42704 that names an instrument which is not registered: what is set for a misspelt one would never count.';

CREATE OR REPLACE FUNCTION margin_calib.queue_add_ons(instruments text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 50
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT 0, i.instrument, false, now() FROM margin_calib.instrument AS i
         WHERE instruments IS NULL OR i.instrument = ANY (instruments);
END;
COMMENT ON FUNCTION margin_calib.queue_add_ons(text[]) IS
'Internal: has the next refresh recompute the accounts that hold these instruments; NULL stands for all.';

CREATE OR REPLACE FUNCTION margin_calib.set_tiers(
    instrument text, tiers margin_calib.margin_tier[], reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    schedule bigint;
    former   bigint;
    at       timestamptz;
BEGIN
    IF set_tiers.instrument IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'the instrument is NULL',
            HINT = 'Write margin_calib.set_tiers(''BTC-PERP'', margin_calib.tiers_from_leverage(''{150000000}'', ''{40,20}'')).';
    END IF;
    PERFORM margin_calib.check_known(ARRAY[set_tiers.instrument]), margin_calib.check_tiers(set_tiers.tiers);
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('tiers', t.id::text) FROM margin_calib.tier_schedule AS t
      WHERE t.instrument = set_tiers.instrument AND t.valid_to IS NULL;
    at := clock_timestamp();
    UPDATE margin_calib.tier_schedule AS t SET valid_to = greatest(at, t.valid_from + interval '1 microsecond')
     WHERE t.instrument = set_tiers.instrument AND t.valid_to IS NULL RETURNING t.id, t.valid_to INTO former, at;
    PERFORM margin_calib.audit_change('tiers', former::text, set_tiers.reason);
    at := coalesce(at, clock_timestamp());
    IF set_tiers.tiers IS NOT NULL THEN
        INSERT INTO margin_calib.tier_schedule (instrument, tiers, valid_from, reason)
        VALUES (set_tiers.instrument, set_tiers.tiers, at, set_tiers.reason) RETURNING id INTO schedule;
        PERFORM margin_calib.audit_change('tiers', schedule::text, set_tiers.reason);
    END IF;
    PERFORM margin_calib.queue_add_ons(ARRAY[set_tiers.instrument]);
    RETURN schedule;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_tiers(text, margin_calib.margin_tier[], text) IS
'Puts a tier table of an instrument into force and returns the id of its row in margin_calib.tier_schedule, which keeps those before; NULL tiers end it. The margin of a position is then at least tier_margin(notional, tiers); the next refresh applies it. Bounds are notionals in the currency of the instrument. Errors: 22004 without an instrument, 42704 for one that is not known, 22023 for tiers that check_tiers refuses.';

CREATE OR REPLACE FUNCTION margin_calib.set_liquidity_policy(
    instrument text DEFAULT NULL, participation numeric DEFAULT NULL, horizon numeric DEFAULT NULL,
    maximum_horizon numeric DEFAULT NULL, open_interest_lower numeric DEFAULT NULL,
    open_interest_upper numeric DEFAULT NULL, confidence_threshold numeric DEFAULT NULL,
    full_sources numeric DEFAULT NULL, maximum_age numeric DEFAULT NULL, maximum_width numeric DEFAULT NULL,
    reset boolean DEFAULT false, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    wanted margin_calib.liquidity_policy;
BEGIN
    IF set_liquidity_policy.instrument IS NOT NULL THEN
        PERFORM margin_calib.check_known(ARRAY[set_liquidity_policy.instrument]);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('liquidity_policy', coalesce('instrument ' || set_liquidity_policy.instrument, 'default'));
    IF NOT coalesce(reset, false) THEN
        SELECT p.* INTO wanted FROM margin_calib.liquidity_policy AS p
         WHERE p.instrument IS NOT DISTINCT FROM set_liquidity_policy.instrument;
    END IF;
    wanted := ROW(set_liquidity_policy.instrument,
        coalesce(set_liquidity_policy.participation, wanted.participation), coalesce(set_liquidity_policy.horizon, wanted.horizon),
        coalesce(set_liquidity_policy.maximum_horizon, wanted.maximum_horizon),
        coalesce(set_liquidity_policy.open_interest_lower, wanted.open_interest_lower),
        coalesce(set_liquidity_policy.open_interest_upper, wanted.open_interest_upper),
        coalesce(set_liquidity_policy.confidence_threshold, wanted.confidence_threshold),
        coalesce(set_liquidity_policy.full_sources, wanted.full_sources), coalesce(set_liquidity_policy.maximum_age, wanted.maximum_age),
        coalesce(set_liquidity_policy.maximum_width, wanted.maximum_width), clock_timestamp(), session_user);
    PERFORM margin_calib.check_liquidity_policy(wanted);
    DELETE FROM margin_calib.liquidity_policy AS p WHERE p.instrument IS NOT DISTINCT FROM wanted.instrument;
    INSERT INTO margin_calib.liquidity_policy SELECT wanted.*;
    PERFORM margin_calib.check_liquidity_horizons();
    PERFORM margin_calib.audit_change('liquidity_policy', coalesce('instrument ' || wanted.instrument, 'default'), set_liquidity_policy.reason);
    PERFORM margin_calib.queue_add_ons(CASE WHEN wanted.instrument IS NOT NULL THEN ARRAY[wanted.instrument] END);
END
$function$;
COMMENT ON FUNCTION margin_calib.set_liquidity_policy(text, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, boolean, text) IS
'How liquidity becomes charges, for an instrument or, with instrument NULL, for all that say nothing else; NULL leaves a value as it is, reset forgets those before. participation: share of the daily volume that a liquidation takes (0.1); horizon: days that calibrated margins cover, the policy''s horizon times its bar (1); maximum_horizon: days beyond which no longer liquidation is charged (60); open_interest_lower and _upper: notional between which the initial rate rises to 1 (none); confidence_threshold (0.55), full_sources (3), maximum_age in seconds (300), maximum_width (0.05): see price_confidence. The next refresh applies it. Errors: 42704, 22023.';

CREATE OR REPLACE FUNCTION margin_calib.check_liquidity_horizons() RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    wrong record;
BEGIN
    SELECT p.* INTO wrong
      FROM (SELECT o.instrument, coalesce(o.horizon, d.horizon, 1) AS horizon, coalesce(o.maximum_horizon, d.maximum_horizon, 60) AS maximum_horizon
              FROM margin_calib.liquidity_policy AS o LEFT JOIN margin_calib.liquidity_policy AS d ON d.instrument IS NULL) AS p
     WHERE p.maximum_horizon < p.horizon ORDER BY p.instrument NULLS FIRST LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a maximum horizon is not below the horizon',
            DETAIL = format('With these values the horizon of %s is %s days, its maximum horizon %s.',
                            coalesce(wrong.instrument, 'all others'), wrong.horizon, wrong.maximum_horizon),
            HINT = 'Give both: set_liquidity_policy(''X'', horizon => 100, maximum_horizon => 200).';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_liquidity_horizons() IS
'Internal: error 22023 when an instrument, with what it inherits, has a maximum horizon below its horizon: size would no longer be charged.';

CREATE OR REPLACE FUNCTION margin_calib.check_liquidity_policy(policy margin_calib.liquidity_policy) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.checked(policy.participation, policy.participation > 0 AND policy.participation <= 1,
                                 'participation is a share of volume above 0 and at most 1', 'Write 0.1 for 10 % of the volume.'),
            margin_calib.checked_positive(policy.horizon, 'a horizon'),
            margin_calib.checked_positive(policy.maximum_horizon, 'a maximum horizon'),
            margin_calib.checked_non_negative(policy.open_interest_lower, 'the lower open interest bound'),
            margin_calib.checked_non_negative(policy.open_interest_upper, 'the upper open interest bound'),
            margin_calib.checked_fraction(policy.confidence_threshold, 'a confidence threshold'),
            margin_calib.checked_positive(policy.full_sources, 'the number of sources for full confidence'),
            margin_calib.checked_positive(policy.maximum_age, 'a maximum age'),
            margin_calib.checked_positive(policy.maximum_width, 'a maximum width'),
            margin_calib.checked(policy.open_interest_lower, policy.open_interest_lower <= policy.open_interest_upper,
                                 'open interest bounds come in pairs, the lower not above the upper', NULL),
            margin_calib.checked(policy.open_interest_upper, policy.open_interest_lower <= policy.open_interest_upper,
                                 'open interest bounds come in pairs, the lower not above the upper', NULL);
END
$function$;
COMMENT ON FUNCTION margin_calib.check_liquidity_policy(margin_calib.liquidity_policy) IS
'Internal: error 22023 for a value out of its range; NULL inherits and is not checked.';

CREATE OR REPLACE FUNCTION margin_calib.set_peg(
    price_instrument text, instrument text DEFAULT NULL, currency text DEFAULT NULL, threshold numeric DEFAULT 0.99,
    factor numeric DEFAULT 4, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
    IF (set_peg.instrument IS NULL) = (set_peg.currency IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a peg is of an instrument or of a currency',
            DETAIL = format('The instrument given is %s, the currency %s.', coalesce(quote_literal(set_peg.instrument), 'NULL'),
                            coalesce(quote_literal(set_peg.currency), 'NULL')),
            HINT = 'Write margin_calib.set_peg(''USDT-USD'', currency => ''USDT'').';
    ELSIF set_peg.price_instrument IS NOT NULL THEN
        IF set_peg.threshold IS NULL OR set_peg.factor IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a peg has a threshold and a factor, neither of them NULL';
        END IF;
        PERFORM margin_calib.check_known(ARRAY[set_peg.price_instrument, coalesce(set_peg.instrument, set_peg.price_instrument)]),
                margin_calib.peg_charge(1, set_peg.threshold, set_peg.factor);
    END IF;
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('peg', coalesce('instrument ' || set_peg.instrument, 'currency ' || set_peg.currency));
    DELETE FROM margin_calib.peg AS p WHERE (p.instrument, p.currency) IS NOT DISTINCT FROM (set_peg.instrument, set_peg.currency);
    IF set_peg.price_instrument IS NOT NULL THEN
        INSERT INTO margin_calib.peg (instrument, currency, price_instrument, threshold, factor)
        VALUES (set_peg.instrument, set_peg.currency, set_peg.price_instrument, set_peg.threshold, set_peg.factor);
    END IF;
    PERFORM margin_calib.audit_change('peg', coalesce('instrument ' || set_peg.instrument, 'currency ' || set_peg.currency), set_peg.reason);
    PERFORM margin_calib.queue_add_ons(ARRAY(SELECT i.instrument FROM margin_calib.instrument AS i
                                              WHERE i.instrument = set_peg.instrument OR i.currency = set_peg.currency));
END
$function$;
COMMENT ON FUNCTION margin_calib.set_peg(text, text, text, numeric, numeric, text) IS
'Says that an asset is pegged to 1 and which instrument''s price tells what it is worth (NULL: that it no longer is). currency: margins of positions in the currency grow by peg_charge(price, threshold, factor) of the calibrated initial margin; instrument: positions in it are charged that fraction of their notional, at most all of it. A peg without a price makes requirements stale. The next refresh applies it. Errors: 22023, 22004, 42704 for an instrument that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.add_event(
    name text, from_ts timestamptz, until_ts timestamptz, instruments text[] DEFAULT NULL, rate numeric DEFAULT 0,
    multiplier numeric DEFAULT 1, applies_to text DEFAULT 'initial', reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    event bigint;
BEGIN
    IF coalesce(add_event.name, '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'an event has a name',
            HINT = 'Write margin_calib.add_event(''FOMC'', ''2030-01-30 18:00Z'', ''2030-01-30 21:00Z'', rate => 0.02).';
    ELSIF (add_event.until_ts > add_event.from_ts AND isfinite(add_event.from_ts) AND isfinite(add_event.until_ts)) IS NOT TRUE
          OR add_event.until_ts <= clock_timestamp() THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an event ends after it begins, and in the future',
            DETAIL = format('It is given from %s until %s.', coalesce(add_event.from_ts::text, 'NULL'), coalesce(add_event.until_ts::text, 'NULL')),
            HINT = 'An add-on without an end is a policy: raise minimum_rate with set_policy.';
    ELSIF (add_event.rate BETWEEN 0 AND 1 AND add_event.multiplier >= 1 AND add_event.multiplier < 'Infinity'
           AND (add_event.rate > 0 OR add_event.multiplier > 1)) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an event adds a rate between 0 and 1, or has a multiplier above 1',
            DETAIL = format('The rate given is %s, the multiplier %s.', coalesce(add_event.rate::text, 'NULL'),
                            coalesce(add_event.multiplier::text, 'NULL')),
            HINT = 'Write rate => 0.02 for 2 % of notional, or multiplier => 1.5 for half again of the calibrated margin.';
    ELSIF add_event.applies_to IS NULL OR add_event.applies_to NOT IN ('initial', 'both') THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an event applies to ''initial'' margin or to ''both'' margins',
            DETAIL = format('The value given is %s.', coalesce(quote_literal(add_event.applies_to), 'NULL'));
    ELSIF add_event.instruments = '{}' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an event concerns at least one instrument',
            HINT = 'Leave instruments out, or write NULL, for all.';
    END IF;
    PERFORM margin_calib.check_known(add_event.instruments);
    PERFORM margin_calib.lock_engine();
    INSERT INTO margin_calib.margin_event (name, instruments, from_ts, until_ts, rate, multiplier, applies_to, reason)
    VALUES (add_event.name, add_event.instruments, add_event.from_ts, add_event.until_ts, add_event.rate, add_event.multiplier,
            add_event.applies_to, coalesce(add_event.reason, add_event.name))
    RETURNING id INTO event;
    PERFORM margin_calib.audit_change('event', event::text, add_event.reason);
    RETURN event;
END
$function$;
COMMENT ON FUNCTION margin_calib.add_event(text, timestamptz, timestamptz, text[], numeric, numeric, text, text) IS
'Puts an event into the calendar (a macro announcement, an expiry, an upgrade) and returns its id. From from_ts until before until_ts each position in its instruments (NULL: all) owes rate * notional + (multiplier - 1) * calibrated margin more, in initial margin or, with applies_to both, in maintenance margin too; events that overlap add up. It begins and ends by itself: requirement_now follows the clock, refresh the time at which it runs, and in between the requirement is stale. Errors: 22004, 22023 (it ends in the past, a rate of 2 for 2 %, ...), 42704 for an instrument that is not known.';

CREATE OR REPLACE FUNCTION margin_calib.cancel_event(event bigint, reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('event', event::text);
    UPDATE margin_calib.margin_event AS e SET cancelled_at = clock_timestamp(), cancelled_by = session_user
     WHERE e.id = event AND margin_calib.event_state(e.from_ts, e.until_ts, e.cancelled_at, clock_timestamp()) <> 'over';
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('event %s does not run and is not to come', coalesce(event::text, 'NULL')),
            HINT = 'SELECT id, name, from_ts, until_ts FROM margin_calib.margin_event WHERE applied <> ''over''.';
    END IF;
    PERFORM margin_calib.audit_change('event', event::text, cancel_event.reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.cancel_event(bigint, text) IS
'Ends an event now, or before it begins; its row stays, with who cancelled it. The next refresh applies it. Error 42704 for an event that is over or does not exist.';

REVOKE ALL ON FUNCTION
    margin_calib.check_known(text[]), margin_calib.queue_add_ons(text[]),
    margin_calib.set_tiers(text, margin_calib.margin_tier[], text),
    margin_calib.set_liquidity_policy(text, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, boolean, text),
    margin_calib.check_liquidity_horizons(), margin_calib.check_liquidity_policy(margin_calib.liquidity_policy),
    margin_calib.set_peg(text, text, text, numeric, numeric, text),
    margin_calib.add_event(text, timestamptz, timestamptz, text[], numeric, numeric, text, text),
    margin_calib.cancel_event(bigint, text) FROM PUBLIC;
