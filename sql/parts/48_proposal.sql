-- What people do with proposals and overrides. Everything is done by a login (session_user), which SET ROLE
-- does not change, under the engine's lock: of two who decide at once the second finds what the first did.

CREATE OR REPLACE FUNCTION margin_calib.require_reason(reason text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'a decision has a reason',
            HINT = 'Write why: it goes to the audit trail.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.require_reason(text) IS
'Internal: error 22004 unless there is a reason.';

CREATE OR REPLACE FUNCTION margin_calib.open_proposal(proposal bigint) RETURNS margin_calib.proposal
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    found margin_calib.proposal;
BEGIN
    SELECT p.* INTO found FROM margin_calib.proposal AS p WHERE p.id = proposal;
    IF found.id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('proposal %s does not exist', coalesce(proposal::text, 'NULL')),
            HINT = 'SELECT proposal, instrument FROM margin_calib.margin_proposal WHERE state = ''open'' lists those that wait.';
    ELSIF found.state <> 'open' THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('proposal %s is %s', found.id, found.state),
            DETAIL = format('%s, %s.', coalesce(format('By %s at %s', found.decided_by, found.decided_at), format('At %s', found.decided_at)),
                            coalesce(nullif(found.decision_reason, ''), 'without a reason')),
            HINT = CASE WHEN found.superseded_by IS NOT NULL THEN format('Look at proposal %s, which took its place.', found.superseded_by)
                        ELSE 'SELECT proposal, instrument FROM margin_calib.margin_proposal WHERE state = ''open'' lists those that wait.' END;
    ELSIF found.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('proposal %s has expired', found.id),
            DETAIL = format('It waited until %s.', found.expires_at),
            HINT = 'The next refresh proposes what is calibrated then; an override has to be proposed anew.';
    END IF;
    RETURN found;
END
$function$;
COMMENT ON FUNCTION margin_calib.open_proposal(bigint) IS
'Internal: a proposal that waits; 42704 for one that does not exist, 55000 for one that does not wait any more, with the reason.';

CREATE OR REPLACE FUNCTION margin_calib.close_proposal(proposal bigint, state text, action text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.audit_guard('proposal', proposal::text);
    UPDATE margin_calib.proposal AS p
       SET state = close_proposal.state, decided_at = clock_timestamp(), decided_by = session_user, decision_reason = close_proposal.reason
     WHERE p.id = proposal;
    PERFORM margin_calib.audit_proposals(ARRAY[proposal], action, reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.close_proposal(bigint, text, text, text) IS
'Internal: writes down a decision.';

CREATE OR REPLACE FUNCTION margin_calib.start_calibration(parameter_id bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    start timestamptz := clock_timestamp();
BEGIN
    UPDATE margin_calib.parameter AS p SET valid_to = greatest(start, p.valid_from + interval '1 microsecond')
      FROM margin_calib.parameter AS n
     WHERE n.id = parameter_id AND p.instrument = n.instrument
       AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL RETURNING p.valid_to INTO start;
    UPDATE margin_calib.parameter AS p SET valid_from = start, recorded_at = start WHERE p.id = parameter_id;
END
$function$;
COMMENT ON FUNCTION margin_calib.start_calibration(bigint) IS
'Internal: puts an approved calibration into force in the place of the one before.';

CREATE OR REPLACE FUNCTION margin_calib.start_override(parameter_id bigint, starts_at timestamptz, ends_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    start timestamptz := greatest(starts_at, clock_timestamp());
    other margin_calib.parameter;
BEGIN
    -- one that is over keeps the time that it had, whatever the clock does
    SELECT greatest(start, max(least(o.valid_to, o.ended_at))) INTO start
      FROM margin_calib.parameter AS o JOIN margin_calib.parameter AS n ON n.id = parameter_id AND n.instrument = o.instrument
     WHERE o.layer = 'override' AND o.valid_from < least(o.valid_to, o.ended_at)
       AND margin_calib.override_state_at(o, clock_timestamp()) = 'over';
    SELECT o.* INTO other FROM margin_calib.parameter AS o JOIN margin_calib.parameter AS n ON n.id = parameter_id AND n.instrument = o.instrument
     WHERE o.layer = 'override' AND (o.valid_from < ends_at OR o.override_state = 'running') AND start < o.valid_to
       AND margin_calib.override_state_at(o, clock_timestamp()) <> 'over' LIMIT 1;
    IF other.id IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('instrument %s has an override at that time', other.instrument),
            DETAIL = format('It is in force from %s until %s.', other.valid_from, other.valid_to),
            HINT = format('Write margin_calib.end_override(%L, ''why'') first.', other.instrument);
    ELSIF start >= ends_at THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = 'the override would end before it starts',
            DETAIL = format('It would be in force from %s until %s.', start, ends_at), HINT = 'Propose it anew, with a later end.';
    END IF;
    UPDATE margin_calib.parameter AS p SET valid_from = start, valid_to = ends_at, recorded_at = clock_timestamp() WHERE p.id = parameter_id;
END
$function$;
COMMENT ON FUNCTION margin_calib.start_override(bigint, timestamptz, timestamptz) IS
'Internal: puts an approved override into force for its time; 55000 when another one has some of it, or when none is left.';

-- Since the numbers in force were recorded: who has set a version of the policy, or what the calibration takes of the
-- instrument (its policy, its proxy), has made the change as much as who refreshed.
CREATE OR REPLACE FUNCTION margin_calib.share_in_proposal(proposal margin_calib.proposal, login text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE COST 50
BEGIN ATOMIC
    SELECT CASE WHEN login = (proposal).author THEN 'was made by'
                WHEN login = (proposal).policy_author THEN 'follows from a policy that was set by'
                WHEN (proposal).kind = 'override' THEN NULL
                WHEN EXISTS (SELECT FROM margin_calib.parameter AS o
                               JOIN margin_calib.parameter AS v ON v.id = (proposal).parameter_id
                               JOIN margin_calib.audit AS a ON a.at > o.recorded_at AND a.login = share_in_proposal.login
                              WHERE o.id = (proposal).parameter_before
                                AND (a.kind = 'instrument' AND a.object = o.instrument
                                     OR a.kind = 'policy' AND a.new ->> 'name' = v.policy))
                THEN 'follows from a change of its policy or instrument by' END;
END;
COMMENT ON FUNCTION margin_calib.share_in_proposal(margin_calib.proposal, text) IS
'Internal to approve_proposal: what a login has to do with a proposal, so that it may not approve it; NULL: nothing.';

CREATE OR REPLACE FUNCTION margin_calib.approve_proposal(proposal bigint, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    wanted margin_calib.proposal;
    share  text;
BEGIN
    PERFORM margin_calib.lock_engine();
    wanted := margin_calib.open_proposal(proposal);
    PERFORM margin_calib.audit_guard('parameter', wanted.parameter_id::text);
    share := margin_calib.share_in_proposal(wanted, session_user);
    IF share IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'a proposal is approved by another login than its author''s',
            DETAIL = format('Proposal %s %s %s.', wanted.id, share, session_user),
            HINT = 'SET ROLE does not make another login: somebody else has to approve it.';
    END IF;
    IF wanted.kind = 'override' THEN
        PERFORM margin_calib.start_override(wanted.parameter_id, wanted.starts_at, wanted.ends_at);
    ELSE
        PERFORM margin_calib.start_calibration(wanted.parameter_id);
    END IF;
    PERFORM margin_calib.close_proposal(wanted.id, 'applied', 'approve', approve_proposal.reason);
    INSERT INTO margin_calib.capture_queue VALUES (0, wanted.instrument, false, now());
    RETURN wanted.parameter_id;
END
$function$;
COMMENT ON FUNCTION margin_calib.approve_proposal(bigint, text) IS
'Approves a proposal that waits, and returns the parameter that is now in force (of an override: from its start on). Only by another login (session_user) than the one that made it, the one that set its version of the policy, and those that changed the policy or the instrument since the numbers in force were recorded. reason goes to the audit trail. The next refresh applies it to requirements, which are stale until then. Errors: 42501 for an author, 42704 for an unknown proposal, 55000 for one that was decided, superseded or has expired meanwhile (the detail says which), or an override at whose time there is another one.';

CREATE OR REPLACE FUNCTION margin_calib.reject_proposal(proposal bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    PERFORM margin_calib.require_reason(reason), margin_calib.lock_engine();
    PERFORM margin_calib.close_proposal((margin_calib.open_proposal(proposal)).id, 'rejected', 'reject', reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.reject_proposal(bigint, text) IS
'Rejects a proposal that waits: what is in force stays. The same numbers are not proposed again while what is in force does not change. Errors: 22004 without a reason, 42704, 55000 as approve_proposal.';

CREATE OR REPLACE FUNCTION margin_calib.withdraw_proposal(proposal bigint, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    wanted margin_calib.proposal;
BEGIN
    PERFORM margin_calib.require_reason(reason), margin_calib.lock_engine();
    wanted := margin_calib.open_proposal(proposal);
    IF wanted.author <> session_user THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'a proposal is withdrawn by its author',
            DETAIL = format('The author of proposal %s is %s.', wanted.id, wanted.author),
            HINT = format('Write margin_calib.reject_proposal(%s, ''why''), which needs the approver rights.', wanted.id);
    END IF;
    PERFORM margin_calib.close_proposal(wanted.id, 'withdrawn', 'withdraw', reason);
END
$function$;
COMMENT ON FUNCTION margin_calib.withdraw_proposal(bigint, text) IS
'Takes one''s own proposal back; else as reject_proposal. Errors: 22004 without a reason, 42501 for somebody else''s, 42704, 55000 as approve_proposal.';

CREATE OR REPLACE FUNCTION margin_calib.set_approval_limits(
    policy text, per_step double precision DEFAULT NULL, per_day double precision DEFAULT NULL,
    expires_after interval DEFAULT '1 day', reason text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    current margin_calib.margin_policy;
BEGIN
    PERFORM margin_calib.checked_non_negative(set_approval_limits.per_step::numeric, 'per_step'),
            margin_calib.checked_non_negative(set_approval_limits.per_day::numeric, 'per_day');
    IF (set_approval_limits.expires_after > '0') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'a proposal waits for some time',
            DETAIL = format('The expires_after given is %s.', coalesce(set_approval_limits.expires_after::text, 'NULL')),
            HINT = 'Write expires_after => ''1 day''.';
    END IF;
    PERFORM margin_calib.lock_engine();
    current := margin_calib.policy(coalesce(set_approval_limits.policy, ''));
    IF session_user = margin_calib.policy_setter(current.name, current.version) THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'the limits of a policy are set by another login than the one that set the policy',
            DETAIL = format('Version %s of policy %s was set by %s.', current.version, current.name, session_user),
            HINT = 'SET ROLE does not make another login: somebody else has to set them.';
    END IF;
    PERFORM margin_calib.audit_guard('approval_limit', current.name);
    DELETE FROM margin_calib.approval_limit AS l WHERE l.policy = current.name;
    IF coalesce(set_approval_limits.per_step, set_approval_limits.per_day) IS NOT NULL THEN
        INSERT INTO margin_calib.approval_limit (policy, per_step, per_day, expires_after)
        VALUES (current.name, set_approval_limits.per_step, set_approval_limits.per_day, set_approval_limits.expires_after);
    END IF;
    PERFORM margin_calib.audit_change('approval_limit', current.name, set_approval_limits.reason);
    -- what waits, or was refused, may lie within the new limits
    INSERT INTO margin_calib.capture_queue
        SELECT i.price_feed, i.instrument, false, now()
          FROM margin_calib.instrument AS i
         CROSS JOIN LATERAL (SELECT p.state FROM margin_calib.proposal AS p WHERE p.instrument = i.instrument AND p.kind = 'calibration'
                              ORDER BY p.id DESC LIMIT 1) AS l
         WHERE l.state IN ('open', 'rejected', 'withdrawn') AND i.price_feed IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION margin_calib.set_approval_limits(text, double precision, double precision, interval, text) IS
'The band in which calibrations of a policy come into force by themselves: per_step, the largest relative change of a rate against the one in force (0.1 is 10 %), per_day, against the one in force a day before; NULL for no limit, both NULL for no band. A change beyond it becomes a proposal, which waits for approve_proposal for expires_after. Both the limits of the policy in force and those of the new one hold, so that another policy is no way around them. Not by the login that set the current version of the policy (42501). Errors: 22023 for a value out of range, 42704 for an unknown policy.';

CREATE OR REPLACE FUNCTION margin_calib.check_override(
    instrument text, initial_rate numeric, maintenance_rate numeric, starts_at timestamptz, ends_at timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    waiting bigint;
BEGIN
    PERFORM margin_calib.check_known(ARRAY[instrument]);
    IF (initial_rate > 0 AND initial_rate <= 10) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the initial rate of an override lies between 0 and 10',
            DETAIL = format('The rate given is %s.', coalesce(initial_rate::text, 'NULL')), HINT = 'It is a fraction of notional: 0.25 is 25 %.';
    ELSIF (maintenance_rate > 0 AND maintenance_rate <= initial_rate) IS FALSE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'the maintenance rate of an override lies between 0 and its initial rate',
            DETAIL = format('The rate given is %s.', maintenance_rate), HINT = 'Leave it out for the maintenance ratio of the policy.';
    ELSIF (ends_at > greatest(starts_at, clock_timestamp()) AND isfinite(ends_at) AND isfinite(coalesce(starts_at, ends_at))) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'an override ends after it starts, and in the future',
            DETAIL = format('It is given until %s, from %s on.', coalesce(ends_at::text, 'NULL'), coalesce(starts_at::text, 'its approval')),
            HINT = 'A rate without an end is a policy: raise minimum_rate with set_policy.';
    END IF;
    SELECT p.id INTO waiting FROM margin_calib.proposal AS p
     WHERE p.instrument = check_override.instrument AND p.kind = 'override' AND p.state = 'open';
    IF waiting IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = '55000', MESSAGE = format('an override of %s waits for approval already', instrument),
            DETAIL = format('It is proposal %s.', waiting), HINT = 'Have it approved, rejected or withdrawn first.';
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_override(text, numeric, numeric, timestamptz, timestamptz) IS
'Internal: errors of propose_override.';

CREATE OR REPLACE FUNCTION margin_calib.propose_override(
    instrument text, initial_rate numeric, ends_at timestamptz, reason text, maintenance_rate numeric DEFAULT NULL,
    starts_at timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    now_at   timestamptz;
    current  margin_calib.parameter;
    wanted   margin_calib.parameter;
    effect   record;
    proposal bigint;
BEGIN
    PERFORM margin_calib.require_reason(propose_override.reason), margin_calib.lock_engine();
    PERFORM margin_calib.check_override(propose_override.instrument, propose_override.initial_rate, propose_override.maintenance_rate,
                                        propose_override.starts_at, propose_override.ends_at);
    now_at := clock_timestamp();
    SELECT p.* INTO current FROM margin_calib.market_stored AS m JOIN margin_calib.parameter AS p ON p.id = m.parameter_id
     WHERE m.instrument = propose_override.instrument;
    INSERT INTO margin_calib.parameter (
        instrument, layer, override_state, symmetric_rates, initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate,
        short_initial_rate, short_maintenance_rate, binding_term, fallback, policy, policy_version)
    SELECT propose_override.instrument, 'override', 'waiting', true, r.initial, r.maintenance, r.initial, r.maintenance, r.initial, r.maintenance,
           'override', false, coalesce(current.policy, 'none'), coalesce(current.policy_version, 0)
      FROM (SELECT propose_override.initial_rate AS initial, coalesce(
                       propose_override.maintenance_rate,
                       propose_override.initial_rate * coalesce(current.maintenance_rate / nullif(current.initial_rate, 0), 1)) AS maintenance) AS r
    RETURNING * INTO wanted;
    SELECT i.* INTO effect FROM margin_calib.calibrated_impact(margin_calib.parameter_rates(current), wanted) AS i;
    INSERT INTO margin_calib.proposal (
        kind, instrument, state, is_automatic, is_significant, parameter_id, parameter_before, change, accounts, impact_currency,
        starts_at, ends_at, reason, created_at, expires_at)
    SELECT 'override', wanted.instrument, 'open', false, coalesce(c.change > 0.15, false), wanted.id, current.id, c.change, effect.accounts,
           effect.currency, propose_override.starts_at, propose_override.ends_at, propose_override.reason, now_at,
           least(propose_override.ends_at, now_at + coalesce((
               SELECT l.expires_after FROM margin_calib.approval_limit AS l WHERE l.policy = current.policy), '1 day'))
      FROM (SELECT CASE WHEN current.id IS NOT NULL
                        THEN margin_calib.rate_change(margin_calib.parameter_rates(current), margin_calib.parameter_rates(wanted)) END AS change) AS c
    RETURNING id INTO proposal;
    PERFORM margin_calib.add_evidence(ARRAY[proposal]), margin_calib.notify_proposals(ARRAY[proposal]);
    PERFORM margin_calib.audit_proposals(ARRAY[proposal]);
    RETURN proposal;
END
$function$;
COMMENT ON FUNCTION margin_calib.propose_override(text, numeric, timestamptz, text, numeric, timestamptz) IS
'Proposes rates for an instrument that hold for a time in the place of the calibrated ones, for both sides, and returns the proposal. initial_rate and maintenance_rate: fractions of notional (maintenance NULL: in the proportion of the rates in force); until ends_at, when the calibrated rates hold again by themselves; from starts_at on (NULL: from the approval). It always waits for another login: approve_proposal. Calibration goes on below it. Errors: 22004 without a reason, 22023 for a value out of range, 42704 for an unknown instrument, 55000 when one waits already.';

CREATE OR REPLACE FUNCTION margin_calib.end_override(instrument text, reason text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
DECLARE
    ended bigint[];
BEGIN
    PERFORM margin_calib.require_reason(reason), margin_calib.lock_engine();
    PERFORM margin_calib.audit_guard('parameter', p.id::text) FROM margin_calib.parameter AS p
      WHERE p.instrument = end_override.instrument AND p.override_state <> 'over';
    WITH gone AS (
        UPDATE margin_calib.parameter AS p
           SET ended_at = CASE p.override_state WHEN 'running' THEN greatest(clock_timestamp(), p.valid_from + interval '1 microsecond')
                                                ELSE clock_timestamp() END
         WHERE p.instrument = end_override.instrument AND p.layer = 'override' AND p.valid_from IS NOT NULL
           AND margin_calib.override_state_at(p, clock_timestamp()) <> 'over' RETURNING p.id)
    SELECT array_agg(g.id ORDER BY g.id) INTO ended FROM gone AS g;
    IF ended IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('instrument %s has no override in force or to come', coalesce(instrument, 'NULL')),
            HINT = 'One that waits for approval is withdrawn or rejected.';
    END IF;
    PERFORM margin_calib.audit_change('parameter', e::text, end_override.reason, 'end') FROM unnest(ended) AS e;
END
$function$;
COMMENT ON FUNCTION margin_calib.end_override(text, text) IS
'Ends the overrides of an instrument that are in force or to come: the calibrated rates hold again from the next refresh on. Errors: 22004 without a reason, 42704 when there is none.';

CREATE OR REPLACE FUNCTION margin_calib.sync_proposals() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER COST 5000
    SET search_path = pg_catalog, margin_calib, pg_temp
    SET jit = off
AS $function$
DECLARE
    now_at  CONSTANT timestamptz := clock_timestamp();
    expired bigint[];
    next_state text;
BEGIN
    PERFORM margin_calib.audit_guard('proposal', p.id::text) FROM margin_calib.proposal AS p WHERE p.state = 'open' AND p.expires_at <= now_at;
    WITH late AS (
        UPDATE margin_calib.proposal AS p SET state = 'expired', decided_at = now_at, decision_reason = 'nobody decided in time'
         WHERE p.state = 'open' AND p.expires_at <= now_at RETURNING p.id, p.instrument),
    again AS ( -- what is calibrated now is proposed anew
        INSERT INTO margin_calib.capture_queue
            SELECT i.price_feed, i.instrument, false, now() FROM late AS l JOIN margin_calib.instrument AS i ON i.instrument = l.instrument
             WHERE i.price_feed IS NOT NULL)
    SELECT coalesce(array_agg(l.id ORDER BY l.id), '{}') INTO expired FROM late AS l;
    IF expired <> '{}' THEN
        PERFORM margin_calib.audit_proposals(expired, 'expire');
    END IF;
    -- a day before is another rate by now
    INSERT INTO margin_calib.capture_queue
        SELECT i.price_feed, i.instrument, false, now() FROM margin_calib.proposal AS p JOIN margin_calib.instrument AS i ON i.instrument = p.instrument
         WHERE p.state = 'open' AND p.exceeds = 'per_day' AND i.price_feed IS NOT NULL;
    -- what ends makes room for what begins
    FOREACH next_state IN ARRAY ARRAY['over', 'running'] LOOP
        WITH due AS (
            UPDATE margin_calib.parameter AS p SET override_state = next_state
             WHERE p.override_state IN ('waiting', 'running') AND p.override_state <> next_state AND margin_calib.override_state_at(p, now_at) = next_state
            RETURNING p.instrument)
        INSERT INTO margin_calib.capture_queue SELECT DISTINCT 0, d.instrument, false, now() FROM due AS d;
    END LOOP;
    -- one that was never approved
    UPDATE margin_calib.parameter AS p SET override_state = 'over'
      FROM margin_calib.proposal AS q
     WHERE q.parameter_id = p.id AND p.override_state = 'waiting' AND q.state IN ('rejected', 'withdrawn', 'expired');
END
$function$;
COMMENT ON FUNCTION margin_calib.sync_proposals() IS
'Internal to refresh: proposals that nobody decided in time, and overrides that have begun or ended.';

CREATE OR REPLACE FUNCTION margin_calib.parameter_as_of(valid_at timestamptz, known_at timestamptz DEFAULT 'infinity')
    RETURNS SETOF margin_calib.margin_parameter_history
    LANGUAGE sql STABLE PARALLEL SAFE COST 5000 ROWS 500
BEGIN ATOMIC
    SELECT h.*
      FROM margin_calib.margin_parameter_history AS h
      JOIN (SELECT DISTINCT ON (p.instrument) p.id
              FROM margin_calib.parameter AS p
             WHERE p.valid_from <= valid_at AND p.recorded_at <= known_at
               AND (p.layer = 'calibration' OR valid_at < least(p.valid_to, CASE WHEN p.ended_at <= known_at THEN p.ended_at END))
             ORDER BY p.instrument, p.layer DESC, p.valid_from DESC, p.id DESC) AS k ON k.id = h.parameter_id
     ORDER BY h.instrument;
END;
COMMENT ON FUNCTION margin_calib.parameter_as_of(timestamptz, timestamptz) IS
'Parameters that were, or will be, in force at valid_at, as the database knew at known_at (all that it knows now when left out): one row for each instrument, columns as in margin_parameter_history; an override before the calibration below it. An override that was ended, or a change that was recorded, after known_at does not count. No row for NULL.';

CREATE OR REPLACE VIEW margin_calib.margin_proposal WITH (security_invoker = true) AS
SELECT p.id AS proposal, p.state, p.kind, p.instrument, p.is_automatic, p.is_significant, p.change, p.change_over_day, p.exceeds,
       o.initial_rate AS initial_rate_before, v.initial_rate, o.maintenance_rate AS maintenance_rate_before, v.maintenance_rate,
       o.long_initial_rate AS long_initial_rate_before, v.long_initial_rate, o.short_initial_rate AS short_initial_rate_before, v.short_initial_rate,
       o.binding_term AS binding_term_before, v.binding_term, o.policy AS policy_before, o.policy_version AS policy_version_before,
       v.policy, v.policy_version, p.accounts, p.initial_impact, p.maintenance_impact, p.impact_currency,
       p.backtest, p.observations, p.exceptions_before, p.exceptions_after, p.traffic_light,
       p.author, p.policy_author, p.reason, p.created_at, p.expires_at, p.starts_at, p.ends_at,
       p.decided_at, p.decided_by, p.decision_reason, p.superseded_by, p.parameter_id, p.parameter_before, v.run
  FROM margin_calib.proposal AS p
  JOIN margin_calib.parameter AS v ON v.id = p.parameter_id
  LEFT JOIN margin_calib.parameter AS o ON o.id = p.parameter_before;
COMMENT ON VIEW margin_calib.margin_proposal IS
'Every change of a parameter, with the rates before and after, its evidence and its decision; WHERE state = ''open'' waits for somebody. Columns as in margin_calib.proposal. doc/governance.md.';

CREATE OR REPLACE VIEW margin_calib.margin_proposal_impact WITH (security_invoker = true) AS
SELECT i.proposal, p.instrument, p.state, i.account, i.currency, i.initial_before, i.initial_after,
       i.initial_after - i.initial_before AS initial_impact, i.maintenance_before, i.maintenance_after,
       i.maintenance_after - i.maintenance_before AS maintenance_impact
  FROM margin_calib.proposal_impact AS i JOIN margin_calib.proposal AS p ON p.id = i.proposal;
COMMENT ON VIEW margin_calib.margin_proposal_impact IS
'What proposals that waited would have done to the requirement of each account when they were made: every charge and offset included.';
REVOKE ALL ON margin_calib.margin_proposal, margin_calib.margin_proposal_impact FROM PUBLIC;

REVOKE ALL ON FUNCTION
    margin_calib.require_reason(text), margin_calib.open_proposal(bigint), margin_calib.close_proposal(bigint, text, text, text),
    margin_calib.start_calibration(bigint), margin_calib.start_override(bigint, timestamptz, timestamptz),
    margin_calib.share_in_proposal(margin_calib.proposal, text),
    margin_calib.approve_proposal(bigint, text), margin_calib.reject_proposal(bigint, text), margin_calib.withdraw_proposal(bigint, text),
    margin_calib.set_approval_limits(text, double precision, double precision, interval, text),
    margin_calib.check_override(text, numeric, numeric, timestamptz, timestamptz),
    margin_calib.propose_override(text, numeric, timestamptz, text, numeric, timestamptz), margin_calib.end_override(text, text),
    margin_calib.sync_proposals(), margin_calib.parameter_as_of(timestamptz, timestamptz) FROM PUBLIC;
