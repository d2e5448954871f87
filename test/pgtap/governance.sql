-- Governance: the band of a policy, four eyes, overrides, parameters in two times, the audit trail, accounts.
-- What is expected is recomputed here from rates, positions and the trail.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET search_path = public, margin_calib;
CREATE ROLE mc_ana LOGIN; CREATE ROLE mc_bob LOGIN; CREATE ROLE mc_both LOGIN; CREATE ROLE mc_eng LOGIN; CREATE ROLE mc_desk LOGIN; CREATE ROLE mc_group NOLOGIN;
GRANT mc_group TO mc_desk;
GRANT USAGE ON SCHEMA t TO mc_ana, mc_bob, mc_both, mc_eng, mc_desk;
CREATE TABLE t.bars (sym text, ts timestamptz, px double precision);
CREATE TABLE t.book (client text, sym text, qty numeric);
INSERT INTO t.bars SELECT s, date_trunc('day', now()) - i * interval '1 day', 100 * exp(0.03 * sin(i * i + ascii(s)) + 0.001 * i)
  FROM unnest(ARRAY['A', 'B', 'C']) AS s, generate_series(1, 400) AS i;
INSERT INTO t.book VALUES ('x', 'A', 1), ('x', 'B', -2), ('y', 'B', 3), ('y', 'A', -7), ('z', 'C', 4);
GRANT SELECT ON t.bars, t.book TO mc_eng;
SELECT grant_rights('mc_ana', 'analyst'), grant_rights('mc_bob', 'approver'), grant_rights('mc_both', 'analyst'), grant_rights('mc_both', 'approver'),
       grant_rights('mc_eng', 'engine'), grant_rights('mc_desk', 'reader');
CREATE FUNCTION t.login(name text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', name); END $$;
CREATE FUNCTION t.state(proposal bigint) RETURNS text LANGUAGE sql AS $$ SELECT p.state FROM margin_calib.proposal AS p WHERE p.id = $1 $$;
CREATE FUNCTION t.waiting(instrument text) RETURNS bigint LANGUAGE sql AS $$
    SELECT p.id FROM margin_calib.proposal AS p WHERE p.state = 'open' AND p.instrument = $1 $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA t TO PUBLIC;
SELECT set_policy('p', based_on => 'crypto_venue', confidence => 0.99, model => 'historical', minimum_rate => 0);
SELECT attach_prices('t.bars', 'sym', 'ts', 'px', policy => 'p', new_product_policy => NULL), attach_positions('t.book', 'client', 'sym', 'qty');
CALL refresh(commit_batches => false);

-- ---- without a band everything comes into force by itself, with its proposal ----
SELECT results_eq($$ SELECT instrument, state, is_automatic, is_significant, parameter_before IS NULL FROM proposal ORDER BY instrument $$,
                  $$ VALUES ('A', 'applied', true, false, true), ('B', 'applied', true, false, true), ('C', 'applied', true, false, true) $$,
                  'the first calibrations');
SELECT results_eq($$ SELECT p.instrument, p.initial_impact FROM proposal AS p ORDER BY 1 $$, $$ VALUES ('A', 0::numeric), ('B', 0), ('C', 0) $$, 'nobody held anything yet');
CREATE TABLE t.before AS SELECT instrument, initial_rate, maintenance_rate FROM margin_parameter;
SELECT set_policy('p', confidence => 0.9);
CREATE TABLE t.held AS SELECT account, instrument, notional FROM margin_position;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT p.instrument, p.change, p.is_significant, p.initial_impact, p.maintenance_impact, p.accounts, p.impact_currency
                       FROM proposal AS p JOIN parameter AS v ON v.id = p.parameter_id WHERE v.policy_version = 2 ORDER BY 1 $$,
                  $$ SELECT b.instrument, c.change::float8, c.change > 0.15, h.notional * (n.initial_rate - b.initial_rate),
                            h.notional * (n.maintenance_rate - b.maintenance_rate), h.accounts, 'USD'
                       FROM t.before AS b JOIN margin_parameter AS n USING (instrument)
                       JOIN (SELECT instrument, sum(notional) AS notional, count(*) AS accounts FROM t.held GROUP BY 1) AS h USING (instrument)
                      CROSS JOIN LATERAL (SELECT greatest(abs(n.initial_rate - b.initial_rate) / b.initial_rate,
                                                          abs(n.maintenance_rate - b.maintenance_rate) / b.maintenance_rate)) AS c (change) ORDER BY 1 $$,
                  'change and impact of one that came into force by itself');
SELECT ok((SELECT bool_and(change > 0.05) FROM proposal WHERE parameter_before IS NOT NULL), 'the changes are no trifles');
SELECT is_empty('SELECT * FROM verify_audit()', 'the trail fits');

-- ---- the band, to its edge ----
CREATE TABLE t.step AS SELECT max(change) AS change FROM proposal;
DROP TABLE t.before;
CREATE TABLE t.before AS SELECT instrument, parameter_id, initial_rate FROM margin_parameter;
SELECT t.login('mc_ana');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('p', 0.1) $$, '42501');
SELECT t.login('mc_both');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('nobody', 0.1) $$, '42704');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits(NULL, 0.1) $$, '42704');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('p', -0.1) $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('p', 'NaN') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('p', 0.1, 0.1, '0') $$, '22023');
SELECT lives_ok($$ SELECT margin_calib.set_policy('p', confidence => 0.99, reason => 'back') $$, 'an analyst sets a policy');
SELECT throws_ok($$ SELECT margin_calib.set_approval_limits('p', 0.1) $$, '42501', NULL, 'but not its limits as well');
SELECT t.login('mc_bob');
SELECT lives_ok($$ SELECT margin_calib.set_approval_limits('p', 0.05, NULL, '1 hour', 'the risk committee of March') $$, 'somebody else does');
SELECT t.login('mc_eng');
SELECT lives_ok('CALL margin_calib.refresh(commit_batches => false)', 'the engine refreshes');
RESET SESSION AUTHORIZATION;
SELECT results_eq('SELECT instrument, parameter_id, initial_rate FROM margin_parameter ORDER BY 1', 'TABLE t.before ORDER BY 1', 'what is in force stays');
SELECT results_eq($$ SELECT instrument, state, exceeds, author, policy_author, expires_at - created_at FROM proposal WHERE state = 'open' ORDER BY 1 $$,
                  $$ SELECT i, 'open', 'per_step', 'mc_eng', 'mc_both', interval '1 hour' FROM unnest('{A,B,C}'::text[]) AS i $$, 'three wait');
SELECT results_eq('SELECT instrument, open_proposal FROM margin_parameter ORDER BY 1', $$ SELECT instrument, id FROM proposal WHERE state = 'open' ORDER BY 1 $$, 'and the view says so');
SELECT ok(bool_and(n.initial_margin = s.initial_margin AND NOT n.is_stale), 'requirement_now leaves out what waits')
  FROM margin_requirement AS s, requirement_now(s.account) AS n;
SELECT results_eq('SELECT outcome FROM (SELECT (decide(ARRAY(SELECT c FROM calibrate_keys(1, ''{A,B,C}'', now()) AS c), now())).*) AS d',
                  $$ SELECT 'waiting' FROM generate_series(1, 3) $$, 'what waits is not proposed twice');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT count(*) FROM proposal WHERE state = 'open'), 3::bigint, 'nor by a recalibration');
SELECT is_empty('SELECT * FROM verify()', 'what is in force is right while it waits');
SELECT results_eq($$ SELECT e.item, e.figure, e.note LIKE format('proposed by mc_eng, proposal %s; waits for approval until %%a change of %s %%%%%%', p.id, round((100 * p.change)::numeric, 1))
                       FROM explain_margin('A') AS e, proposal AS p WHERE p.id = t.waiting('A') AND e.item LIKE 'proposed%' $$,
                  $$ SELECT i.item, i.figure, true FROM margin_proposal AS p, LATERAL (VALUES ('proposed initial rate', p.initial_rate), ('proposed maintenance rate', p.maintenance_rate)) AS i (item, figure)
                      WHERE p.proposal = t.waiting('A') $$, 'and the explanation names what waits');
-- a limit of exactly the change lets it pass, a hair less does not
SELECT set_approval_limits('p', (SELECT max(change) FROM proposal WHERE state = 'open'));
SELECT results_eq($$ SELECT DISTINCT outcome FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{A,B,C}', now()) AS c), now()) $$, $$ VALUES ('apply') $$, 'at its edge a band still holds');
SELECT set_approval_limits('p', (SELECT max(change) - 1e-12 FROM proposal WHERE state = 'open'));
SELECT results_eq($$ SELECT count(*) FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{A,B,C}', now()) AS c), now()) WHERE outcome = 'waiting' $$,
                  $$ SELECT count(*) FROM proposal WHERE state = 'open' AND change = (SELECT max(change) FROM proposal WHERE state = 'open') $$, 'beyond it does not');
SELECT set_approval_limits('p', NULL, 0.05);
-- nothing was in force a day before: against the first there was, whose rate it is
SELECT results_eq($$ SELECT DISTINCT outcome, change_over_day FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{A,B,C}', now()) AS c), now()) $$,
                  $$ VALUES ('apply', 0::float8) $$, 'a return to the first rate is no change over the day');
SAVEPOINT days;
UPDATE parameter SET valid_from = valid_from - interval '30 hours', valid_to = valid_to - interval '25 hours' WHERE policy_version = 1;
UPDATE parameter SET valid_from = valid_from - interval '25 hours' WHERE policy_version = 2 AND valid_from IS NOT NULL;
SELECT results_eq($$ SELECT DISTINCT outcome, exceeds, change = change_over_day FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{A,B,C}', now()) AS c), now()) $$,
                  $$ VALUES ('waiting', 'per_day', true) $$, 'the rate of 25 hours ago was in force the day before');
UPDATE parameter SET valid_from = valid_from + interval '2 hours' WHERE policy_version = 2 AND valid_from IS NOT NULL;
SELECT results_eq($$ SELECT DISTINCT outcome, change_over_day FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{A,B,C}', now()) AS c), now()) $$,
                  $$ VALUES ('apply', 0::float8) $$, 'that of 23 hours ago was not');
ROLLBACK TO days;
SELECT set_approval_limits('p', 0.05);

-- another policy is no way around the limits of the one in force
SELECT set_policy('lenient', based_on => 'p', confidence => 0.8), set_instrument('A', policy => 'lenient');
CALL refresh(commit_batches => false);
SELECT is((SELECT policy FROM margin_proposal WHERE proposal = t.waiting('A')), 'lenient', 'another policy waits as well');
SELECT is((SELECT state || superseded_by FROM proposal WHERE instrument = 'A' AND state = 'superseded'), 'superseded' || t.waiting('A'), 'in the place of the proposal before');
SELECT set_instrument('A', policy => 'automatic');
CALL refresh(commit_batches => false);
SELECT is((SELECT policy FROM margin_proposal WHERE proposal = t.waiting('A')), 'p', 'and back');

-- ---- four eyes ----
SELECT t.waiting('A') AS a, t.waiting('B') AS b, t.waiting('C') AS c \gset
SELECT t.login('mc_desk');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :a), '42501');
SELECT t.login('mc_ana');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :a), '42501');
SELECT t.login('mc_both');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :b), '42501', 'a proposal is approved by another login than its author''s');
SELECT lives_ok('SET LOCAL ROLE mc_both', 'a role');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :b), '42501', 'a proposal is approved by another login than its author''s');
SELECT t.login('mc_bob');
SELECT throws_ok('SELECT margin_calib.approve_proposal(NULL)', '42704');
SELECT throws_ok('SELECT margin_calib.approve_proposal(0)', '42704');
SELECT throws_ok(format('SELECT margin_calib.reject_proposal(%s, NULL)', :a), '22004');
SELECT throws_ok(format('SELECT margin_calib.reject_proposal(%s, %L)', :a, ' '), '22004');
SELECT lives_ok(format('SELECT margin_calib.approve_proposal(%s, %L)', :a, 'seen'), 'another login approves');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :a), '55000', NULL, 'once');
SELECT lives_ok(format('SELECT margin_calib.reject_proposal(%s, %L)', :b, 'too low'), 'or rejects');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :b), '55000', NULL, 'which stands');
RESET SESSION AUTHORIZATION;
SELECT results_eq(format('SELECT state, decided_by, decision_reason FROM proposal WHERE id IN (%s, %s) ORDER BY state', :a, :b),
                  $$ VALUES ('applied', 'mc_bob', 'seen'), ('rejected', 'mc_bob', 'too low') $$, 'the decisions');
SELECT is((SELECT parameter_id FROM margin_parameter WHERE instrument = 'A'), (SELECT parameter_id FROM proposal WHERE id = :a), 'the approved parameter is in force');
SELECT ok((SELECT count(*) = 1 AND bool_and(valid_to = (SELECT valid_from FROM parameter WHERE id = (SELECT parameter_id FROM proposal WHERE id = :a)))
             FROM parameter WHERE instrument = 'A' AND valid_to IS NOT NULL AND policy_version = 2), 'from where the one before ends');
-- stale until a refresh, which then gives what the proposal said
SELECT ok(bool_and(is_stale), 'requirements wait') FROM margin_requirement WHERE account IN ('x', 'y');
CREATE TABLE t.said AS SELECT account, initial_after, maintenance_after FROM proposal_impact WHERE proposal = :a;
SELECT is((SELECT count(*) FROM t.said), 2::bigint, 'two accounts hold A');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, initial_margin, maintenance_margin FROM margin_requirement WHERE account IN ('x', 'y') ORDER BY 1 $$, 'TABLE t.said ORDER BY 1', 'the impact of an approved proposal comes true');
SELECT is((SELECT count(*) FROM proposal AS p WHERE p.instrument = 'B' AND p.state = 'open'), 0::bigint, 'a rejected calibration is not proposed again');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT count(*) FROM proposal AS p WHERE p.instrument = 'B' AND p.state = 'open'), 0::bigint, 'however often it is calibrated');
SAVEPOINT band;
UPDATE approval_limit SET per_step = 9; -- as if time alone had moved it
SELECT results_eq($$ SELECT outcome FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{B}', now()) AS c), now()) $$, $$ VALUES ('refused') $$, 'what was rejected does not come into force by time alone');
SELECT set_approval_limits('p', 9);
SELECT results_eq($$ SELECT outcome FROM decide(ARRAY(SELECT c FROM calibrate_keys(1, '{B}', now()) AS c), now()) $$, $$ VALUES ('apply') $$, 'but by limits that were set later');
ROLLBACK TO band;
SELECT is((SELECT parameter_id FROM margin_position WHERE account = 'x' AND instrument = 'A'), (SELECT parameter_id FROM proposal WHERE id = :a), 'positions keep the version they used');

-- ---- agreement, withdrawal, expiry ----
SELECT t.login('mc_ana');
SELECT throws_ok(format('SELECT margin_calib.withdraw_proposal(%s, %L)', :c, 'mine'), '42501', 'a proposal is withdrawn by its author');
RESET SESSION AUTHORIZATION;
UPDATE proposal SET expires_at = clock_timestamp() - interval '1 second' WHERE id = :c;
\set c_was :c
SELECT t.login('mc_bob');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :c), '55000', format('proposal %s has expired', :c));
RESET SESSION AUTHORIZATION;
CALL refresh(commit_batches => false);
SELECT is(t.state(:c), 'expired', 'a refresh says so');
SELECT ok(t.waiting('C') > :c, 'and proposes what is calibrated now');
-- the policy of before: the calibration agrees with what is in force
SELECT t.waiting('C') AS c \gset
SELECT set_policy('q', based_on => 'p', confidence => 0.9), set_instrument('C', policy => 'q');
UPDATE parameter SET policy = 'q', policy_version = 1 WHERE instrument = 'C' AND valid_to IS NULL AND valid_from IS NOT NULL;
CALL refresh(commit_batches => false);
SELECT results_eq(format('SELECT state, superseded_by, decision_reason FROM proposal WHERE id = %s', :c),
                  $$ VALUES ('superseded', NULL::bigint, 'the calibration agrees with what is in force again') $$, 'a proposal that is no change any more ends');

-- ---- overrides ----
SELECT t.login('mc_desk');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, now() + interval '1 day', 'x') $$, '42501');
SELECT t.login('mc_ana');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, now() + interval '1 day', '') $$, '22004');
SELECT throws_ok($$ SELECT margin_calib.propose_override('no', 0.5, now() + interval '1 day', 'x') $$, '42704');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0, now() + interval '1 day', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 'NaN', now() + interval '1 day', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 11, now() + interval '1 day', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', NULL, now() + interval '1 day', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, now() - interval '1 day', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, NULL, 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, 'infinity', 'x') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, now() + interval '1 day', 'x', starts_at => now() + interval '2 days') $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.5, now() + interval '1 day', 'x', maintenance_rate => 0.6) $$, '22023');
SELECT throws_ok($$ SELECT margin_calib.end_override('A', 'x') $$, '42704');
SELECT margin_calib.propose_override('A', 0.5, clock_timestamp() + interval '6 seconds', 'a fork', maintenance_rate => 0.25) AS o \gset
SELECT throws_ok($$ SELECT margin_calib.propose_override('A', 0.6, now() + interval '1 day', 'x') $$, '55000');
SELECT t.login('mc_bob');
CREATE TEMP TABLE started AS SELECT clock_timestamp() AS at;
SELECT lives_ok(format('SELECT margin_calib.approve_proposal(%s)', :o), 'an override is approved by another login');
RESET SESSION AUTHORIZATION;
SELECT ok(bool_and(is_stale), 'requirements wait for a refresh') FROM margin_requirement WHERE account IN ('x', 'y');
SELECT results_eq($$ SELECT account, n.initial_margin FROM unnest('{x,y}'::text[]) AS a, requirement_now(a) AS n $$,
                  $$ SELECT account, sum(ceil(round(100 * notional * CASE instrument WHEN 'A' THEN 0.5 ELSE initial_rate END, 10)) / 100)
                       FROM margin_position WHERE account IN ('x', 'y') GROUP BY 1 ORDER BY 1 $$, 'which requirement_now knows already');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, initial_margin FROM margin_requirement WHERE account IN ('x', 'y') ORDER BY 1 $$,
                  $$ SELECT account, sum(ceil(round(100 * notional * CASE instrument WHEN 'A' THEN 0.5 ELSE initial_rate END, 10)) / 100)
                       FROM margin_position WHERE account IN ('x', 'y') GROUP BY 1 ORDER BY 1 $$, 'the override is charged');
SELECT results_eq($$ SELECT initial_rate, maintenance_rate, binding_term, override_until IS NOT NULL FROM margin_parameter WHERE instrument = 'A' $$,
                  $$ VALUES (0.5::numeric, 0.25::numeric, 'override', true) $$, 'and shown');
SELECT is_empty('SELECT * FROM verify()', 'which is right');
SELECT results_eq($$ SELECT item, figure, note LIKE 'approved by mc_bob, proposal %a fork' FROM explain_margin('A') WHERE item LIKE 'override%' $$,
                  $$ VALUES ('override initial rate', 0.5, true), ('override maintenance rate', 0.25, true) $$, 'and explained');
-- calibration goes on below it
SELECT set_approval_limits('p');
SELECT set_policy('p', confidence => 0.95);
CALL refresh(commit_batches => false);
SELECT is((SELECT initial_rate FROM margin_parameter WHERE instrument = 'A'), 0.5, 'a calibration does not end it');
SELECT is((SELECT count(*) FROM parameter WHERE instrument = 'A' AND layer = 'calibration' AND policy_version = 4 AND valid_to IS NULL), 1::bigint, 'but comes into force below');
SELECT pg_sleep(greatest(0, extract(epoch FROM (SELECT valid_to FROM parameter WHERE id = (SELECT parameter_id FROM proposal WHERE id = :o)) - clock_timestamp())) + 0.05);
SELECT ok(bool_and(is_stale), 'at its end requirements wait again') FROM margin_requirement WHERE account IN ('x', 'y');
SELECT ok(is_stale, 'and the instrument') FROM margin_parameter WHERE instrument = 'A';
CALL refresh(commit_batches => false);
SELECT is((SELECT parameter_id FROM margin_parameter WHERE instrument = 'A'), (SELECT id FROM parameter WHERE instrument = 'A' AND layer = 'calibration' AND valid_to IS NULL AND valid_from IS NOT NULL),
          'and the calibrated rate holds by itself');
SELECT ok(bool_and(NOT s.is_stale AND s.initial_margin = n.initial_margin), 'as requirement_now says') FROM margin_requirement AS s, requirement_now(s.account) AS n;
-- ended before its time; one at a time
SELECT t.login('mc_ana');
SELECT margin_calib.propose_override('B', 0.4, clock_timestamp() + interval '1 day', 'thin book', starts_at => clock_timestamp() + interval '1 hour') AS later \gset
SELECT t.login('mc_bob');
SELECT margin_calib.approve_proposal(:later);
SELECT t.login('mc_ana');
SELECT margin_calib.propose_override('B', 0.3, clock_timestamp() + interval '1 day', 'thin book') AS clash \gset
SELECT t.login('mc_bob');
SELECT throws_ok(format('SELECT margin_calib.approve_proposal(%s)', :clash), '55000', 'instrument B has an override at that time');
SELECT lives_ok($$ SELECT margin_calib.end_override('B', 'the book is deep again') $$, 'an override to come is ended');
SELECT throws_ok($$ SELECT margin_calib.end_override('B', 'again') $$, '42704');
SELECT t.login('mc_ana');
SELECT lives_ok(format('SELECT margin_calib.withdraw_proposal(%s, %L)', :clash, 'not needed'), 'an author withdraws');
RESET SESSION AUTHORIZATION;
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM parameter WHERE instrument = 'B' AND override_state <> 'over'), 0::bigint, 'nothing of it is left');

-- ---- evidence: significance to its edge, sides, a backtest, expiry ----
SAVEPOINT evidence;
SELECT initial_rate AS r, maintenance_rate AS m FROM margin_parameter WHERE instrument = 'A' \gset
SELECT t.login('mc_ana');
SELECT margin_calib.propose_override('A', :r * 1.15, clock_timestamp() + interval '1 hour', 'edge', maintenance_rate => :m * 1.15) AS edge \gset
SELECT margin_calib.withdraw_proposal(:edge, 'edge'),
       margin_calib.propose_override('B', 0.9, clock_timestamp() + interval '9 days', 'long') AS long \gset
SELECT margin_calib.propose_override('A', :r * 1.15, clock_timestamp() + interval '9 days', 'beyond', maintenance_rate => :m * 1.1500001) AS beyond \gset
RESET SESSION AUTHORIZATION;
SELECT results_eq(format('SELECT change, is_significant, expires_at = ends_at FROM proposal WHERE id IN (%s, %s) ORDER BY id', :edge, :beyond),
                  $$ VALUES (0.15::float8, false, true), (0.1500001::float8, true, false) $$, 'more than 15 % is significant; a proposal waits no longer than its end');
SELECT is((SELECT expires_at - created_at FROM proposal WHERE id = :beyond), '1 day'::interval, 'nor than a day');
-- sides: what is in force is moved under the next calibration, by 14 and by 16 %
SELECT set_policy('sides', based_on => 'p', symmetric_rates => false, confidence => 0.97);
SELECT set_instrument(i, policy => 'sides') FROM unnest('{A,B,C}'::text[]) AS i;
CALL refresh(commit_batches => false);
CREATE TABLE t.sides AS SELECT instrument, long_initial_rate AS long, short_initial_rate AS short, long_maintenance_rate AS long_m, short_maintenance_rate AS short_m FROM margin_parameter;
SELECT ok(bool_or(long <> short), 'sides differ') FROM t.sides;
UPDATE parameter AS p SET long_initial_rate = s.long / 1.14, short_initial_rate = s.short / CASE p.instrument WHEN 'B' THEN 1.16 ELSE 1.10 END FROM t.sides AS s
 WHERE p.instrument = s.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL;
CALL recalibrate(commit_batches => false);
SELECT results_eq($$ SELECT p.instrument, round(p.change::numeric, 6), p.is_significant, round(p.initial_impact, 6) FROM proposal AS p JOIN parameter AS v ON v.id = p.parameter_id
                      WHERE v.policy = 'sides' AND v.valid_to IS NULL ORDER BY 1 $$,
                  $$ SELECT s.instrument, CASE s.instrument WHEN 'B' THEN 0.16 ELSE 0.14 END::numeric(12, 6), s.instrument = 'B',
                            round(sum(h.notional * CASE WHEN h.quantity < 0 THEN s.short - s.short / CASE s.instrument WHEN 'B' THEN 1.16 ELSE 1.10 END ELSE s.long - s.long / 1.14 END), 6)
                       FROM t.sides AS s JOIN margin_position AS h USING (instrument) GROUP BY s.instrument, s.long, s.short ORDER BY 1 $$, 'change and impact side by side');
SELECT backtest_policy('sides', '{A,B}') AS run \gset
UPDATE parameter AS p SET long_initial_rate = s.long / 2, short_initial_rate = s.short / 3 FROM t.sides AS s
 WHERE p.instrument = s.instrument AND p.layer = 'calibration' AND p.valid_from IS NOT NULL AND p.valid_to IS NULL;
SELECT set_approval_limits('sides', 0.01) FROM t.login('mc_bob');
RESET SESSION AUTHORIZATION;
CALL recalibrate(commit_batches => false);
SELECT results_eq($$ SELECT instrument, backtest, observations, exceptions_before, exceptions_after, traffic_light FROM margin_proposal WHERE state = 'open' AND kind = 'calibration' ORDER BY 1 $$,
                  format($$ SELECT s.instrument, max(f.backtest), nullif(count(f.loss), 0),
                                   CASE WHEN count(f.loss) > 0 THEN count(*) FILTER (WHERE f.loss > CASE f.side WHEN 'long' THEN s.long / 2 ELSE s.short / 3 END) END,
                                   CASE WHEN count(f.loss) > 0 THEN count(*) FILTER (WHERE f.loss > CASE f.side WHEN 'long' THEN s.long ELSE s.short END) END,
                                   (traffic_light_counts(nullif(count(*) FILTER (WHERE f.loss > f.value_at_risk AND NOT f.fallback), -1), nullif(count(*) FILTER (WHERE f.loss IS NOT NULL AND NOT f.fallback), 0), 0.99)).zone
                              FROM t.sides AS s LEFT JOIN policy_forecast AS f ON f.instrument = s.instrument AND f.backtest = %s AND f.loss IS NOT NULL GROUP BY s.instrument ORDER BY 1 $$, :run),
                  'the backtest of what waits, by side; none for an instrument that is not in it');
SELECT ok(bool_and(exceptions_before > exceptions_after), 'a higher rate is exceeded less often') FROM margin_proposal WHERE state = 'open' AND backtest IS NOT NULL;
ROLLBACK TO evidence;

-- ---- two times, against the audit trail ----
CREATE TABLE t.known AS
    SELECT a.at, a.object::bigint AS id, a.new ->> 'instrument' AS instrument, a.new ->> 'layer' AS layer,
           (a.new ->> 'valid_from')::timestamptz AS valid_from, (a.new ->> 'valid_to')::timestamptz AS valid_to, (a.new ->> 'ended_at')::timestamptz AS ended_at
      FROM audit AS a WHERE a.kind = 'parameter';
-- what the trail knew by k of v: the latest entry of each version, then the override, then the youngest calibration
CREATE FUNCTION t.as_of(v timestamptz, k timestamptz) RETURNS TABLE (instrument text, id bigint) LANGUAGE sql AS $$
    SELECT DISTINCT ON (e.instrument) e.instrument, e.id
      FROM (SELECT DISTINCT ON (n.id) n.* FROM t.known AS n WHERE n.at <= k ORDER BY n.id, n.at DESC) AS e
     WHERE e.valid_from <= v AND (e.layer = 'calibration' OR v < least(e.valid_to, e.ended_at))
     ORDER BY e.instrument, e.layer = 'calibration', e.valid_from DESC, e.id DESC $$;
CREATE TABLE t.moment AS SELECT DISTINCT at FROM t.known;
CREATE TABLE t.time AS SELECT DISTINCT m.at + d AS at FROM (SELECT at FROM t.known UNION SELECT valid_from FROM t.known UNION SELECT valid_to FROM t.known) AS m,
    unnest('{-1 us,0,1 us}'::interval[]) AS d WHERE m.at IS NOT NULL;
SELECT is_empty($$ SELECT v.at, k.at, x.instrument, e.id, p.parameter_id FROM t.time AS v CROSS JOIN t.moment AS k CROSS JOIN unnest('{A,B,C}'::text[]) AS x (instrument)
                    LEFT JOIN LATERAL t.as_of(v.at, k.at) AS e ON e.instrument = x.instrument
                    LEFT JOIN LATERAL parameter_as_of(v.at, k.at) AS p ON p.instrument = x.instrument
                   WHERE e.id IS DISTINCT FROM p.parameter_id $$, 'parameter_as_of is what the trail knew');
SELECT ok((SELECT count(*) > 100 FROM t.time AS v, t.moment AS k, parameter_as_of(v.at, k.at)), 'at many pairs of times');
SELECT ok((SELECT count(DISTINCT parameter_id) > 3 FROM t.time AS v, t.moment AS k, parameter_as_of(v.at, k.at) AS p WHERE p.instrument = 'A'), 'with several answers');
SELECT is_empty('SELECT * FROM parameter_as_of(NULL)', 'NULL has none');

-- ---- the trail ----
SELECT is_empty($$ SELECT a.id FROM audit AS a LEFT JOIN audit AS b ON b.id = a.id - 1
                    WHERE a.hash <> sha256(coalesce(b.hash, '') || convert_to(jsonb_build_array(a.id, a.at AT TIME ZONE 'UTC', a.login, a.role, a.action,
                          a.kind, a.object, a.old, a.new, a.reason)::text, 'UTF8')) $$, 'the chain is the documented one');
SELECT results_eq($$ SELECT a.login, a.action, a.reason FROM audit AS a WHERE a.kind = 'proposal' AND a.object = (SELECT id::text FROM proposal WHERE decision_reason = 'too low') ORDER BY id $$,
                  $$ VALUES ('mc_eng', 'open', NULL), ('mc_bob', 'reject', 'too low') $$, 'who did what and why');
SELECT ok((SELECT count(*) FROM audit) > 50 AND (SELECT max(id) = count(*) FROM audit), 'without a gap');
-- the UPDATEs above were made around it: one before a decision, which does not cover it up
SELECT results_eq('SELECT kind, object, entry IS NULL FROM verify_audit() ORDER BY kind', format($$
    VALUES ('parameter', (SELECT id::text FROM margin_calib.parameter WHERE policy = 'q' AND input_hash IS NOT NULL ORDER BY id LIMIT 1), true),
           ('proposal', '%s', false) $$, :c_was), 'and what was changed around it is found');
SELECT * FROM finish();
ROLLBACK;
