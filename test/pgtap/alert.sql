-- Alerts with thresholds: each measure against its recomputation from base tables, exact boundaries both ways, one
-- alert however often it is checked, acknowledgement, errors, rights, numbers beyond double precision.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

SELECT set_policy('plain', based_on => 'prop_desk', model => 'historical', lookback => 100, minimum_rate => 0.001);
SELECT create_standard_tables('t', attach => false);
SELECT attach_prices('candles', 'instrument', 'ts', 'close', policy => 'plain', new_product_policy => NULL),
       attach_positions('positions', 'account', 'instrument', 'quantity');
INSERT INTO candles (instrument, ts, close)
    SELECT k, date_trunc('day', now()) - b * interval '1 day', round((50 * exp(0.03 * sin(ascii(k) * b) * cos(b * b)))::numeric, 6)::float8
      FROM unnest(ARRAY['A', 'B', 'C']) AS k, generate_series(0, 400) AS b;
INSERT INTO candles (instrument, ts, close) SELECT 'U', date_trunc('hour', now()) - b * interval '1 day', 1 - b * 0.0001 FROM generate_series(0, 400) AS b;
INSERT INTO positions (account, instrument, quantity) VALUES
    ('a', 'A', 30), ('b', 'A', -10), ('c', 'A', 20), ('d', 'A', 20), ('a', 'B', 8), ('b', 'B', -1), ('c', 'B', 1), ('a', 'C', 1), ('b', 'C', 2);
CREATE TABLE t.depth (sym text, at timestamptz, volume numeric);
INSERT INTO depth VALUES ('A', now() - interval '1 hour', 50), ('B', now() - interval '1 hour', 40);
SELECT attach_liquidity('depth', 'sym', 'at', volume => 'volume');
CALL refresh(commit_batches => false);
CALL backtest_policies(history => '280 days', keep => 2);
SELECT set_peg('U', currency => 'USDX'), set_peg('U', instrument => 'C');

-- the clock of the evaluations, which the test turns: day 0 is this transaction's
CREATE FUNCTION t.check_at(day numeric) RETURNS integer LANGUAGE sql AS $$ SELECT check_alerts(now() + day * interval '24 hours') $$;
CREATE VIEW t.open AS SELECT rule, instrument, account FROM margin_alert WHERE is_open AND rule IS NOT NULL;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
UPDATE margin_calib.alert SET notified_at = now();
SELECT is(check_at(0), 0, 'without a rule there is nothing to find');

-- history by hand: rates of the last days, each in force from its day on
DELETE FROM parameter WHERE instrument <> 'U';
CREATE TABLE t.rate (instrument text, day numeric, rate numeric);
INSERT INTO rate VALUES ('A', -20, 0.10), ('A', -2, 0.20), ('A', 0, 0.25), ('B', -20, 0.20), ('B', -1, 0.15), ('C', -0.5, 0.3);
INSERT INTO parameter (instrument, valid_from, valid_to, symmetric_rates, initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate,
                       short_initial_rate, short_maintenance_rate, fallback, policy, policy_version)
    SELECT r.instrument, now() + r.day * interval '24 hours', now() + lead(r.day) OVER w * interval '24 hours',
           true, r.rate, r.rate / 2, r.rate, r.rate / 2, r.rate / 2, r.rate / 4, false, 'plain', 1
      FROM t.rate AS r WINDOW w AS (PARTITION BY r.instrument ORDER BY r.day);

-- every measure again, from rates, bars, positions and depth
CREATE VIEW t.last_bar AS SELECT DISTINCT ON (instrument) instrument, ts, close::numeric AS close FROM candles ORDER BY instrument, ts DESC;
CREATE FUNCTION t.rate_on(name text, day numeric) RETURNS numeric LANGUAGE sql AS $$
    SELECT r.rate FROM t.rate AS r WHERE r.instrument = name AND r.day <= rate_on.day ORDER BY r.day DESC LIMIT 1 $$;
CREATE FUNCTION t.measured(measure text, days numeric, day numeric) RETURNS TABLE (instrument text, account text, value numeric) LANGUAGE sql AS $$
    SELECT k, NULL, rate_on(k, day) FROM unnest(ARRAY['A', 'B', 'C']) AS k WHERE measure = 'level'
    UNION ALL SELECT 'U', NULL, p.initial_rate FROM parameter AS p WHERE measure = 'level' AND p.instrument = 'U'
    UNION ALL SELECT k, NULL, abs(rate_on(k, day) - rate_on(k, day - days)) / rate_on(k, day - days) FROM unnest(ARRAY['A', 'B', 'C']) AS k WHERE measure = 'change'
    UNION ALL SELECT b.instrument, NULL, extract(epoch FROM now() - b.ts) + 86400 * day FROM t.last_bar AS b WHERE measure = 'staleness'
    UNION ALL SELECT b.instrument, NULL, max((b.kupiec).exceptions / (b.kupiec).observations::numeric) FROM margin_backtest AS b
               WHERE measure = 'coverage' AND b.backtest = (SELECT max(id) FROM policy_backtest) GROUP BY b.instrument
    UNION ALL SELECT p.instrument, p.account, abs(p.quantity) / sum(abs(p.quantity)) OVER (PARTITION BY p.instrument) FROM positions AS p WHERE measure = 'concentration'
    UNION ALL SELECT p.instrument, p.account, abs(p.quantity) / (0.1 * d.volume) FROM positions AS p JOIN depth AS d ON d.sym = p.instrument WHERE measure = 'liquidation_horizon'
    UNION ALL SELECT 'U', NULL, 1 - b.close FROM t.last_bar AS b WHERE measure = 'peg' AND b.instrument = 'U' $$;
-- the rules are made so that a value is the threshold, and none is between it and the next one above
CREATE FUNCTION t.boundary(measure text, threshold numeric, within interval DEFAULT NULL, day numeric DEFAULT 0) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    days   numeric := extract(epoch FROM coalesce(within, '1 day')) / 86400;
    limits numeric[] := ARRAY[threshold, threshold * 1.0000001];
BEGIN
    FOR i IN 1 .. 2 LOOP
        PERFORM set_alert_rule('edge', measure, CASE WHEN measure <> 'staleness' THEN limits[i] END,
                               within => CASE WHEN measure = 'staleness' THEN make_interval(secs => limits[i]::float8) ELSE within END);
        PERFORM t.check_at(day);
        RETURN NEXT results_eq(format($q$ SELECT instrument, account, round(value::numeric, 9) FROM margin_alert WHERE is_open AND rule = 'edge' ORDER BY 1, 2 $q$),
            format($q$ SELECT instrument, account, round(value, 9) FROM t.measured(%L, %s, %s) WHERE value >= %s ORDER BY 1, 2 $q$, measure, days, day, limits[i]),
            format('%s: at and above %s', measure, limits[i]));
        RETURN NEXT is((SELECT count(*) FROM t.measured(measure, days, day) AS m WHERE m.value = limits[1]) > 0, true, measure || ': a value is at the threshold');
        PERFORM drop_alert_rule('edge');
    END LOOP;
END $$;
SELECT t.boundary('level', 0.25);
SELECT t.boundary('level', 0.15);
SELECT t.boundary('change', 0.25);
SELECT t.boundary('change', 0.25, '36 hours');
SELECT t.boundary('change', 1.5, '10 days');
SELECT t.boundary('staleness', (SELECT value FROM t.measured('staleness', 1, 0) WHERE instrument = 'A'));
SELECT t.boundary('staleness', (SELECT value FROM t.measured('staleness', 1, 2.5) WHERE instrument = 'U'), day => 2.5);
SELECT t.boundary('coverage', value) FROM t.measured('coverage', 1, 0) WHERE value > 0 AND instrument IN ('A', 'B', 'C');
SELECT t.boundary('concentration', 0.25);
SELECT t.boundary('concentration', 0.8);
SELECT t.boundary('liquidation_horizon', 2);
SELECT t.boundary('liquidation_horizon', 6);
UPDATE candles SET close = 0.97 WHERE instrument = 'U' AND ts = (SELECT max(ts) FROM candles WHERE instrument = 'U');
UPDATE instrument SET last_price = 0.97 WHERE instrument = 'U';
SELECT t.boundary('peg', 0.03);
SELECT is((SELECT count(*) FROM t.measured('coverage', 1, 0) WHERE value > 0) > 0, true, 'there are exceptions to count');
SELECT is((SELECT count(*) FROM t.open), 0::bigint, 'a rule that is dropped leaves nothing open');
SELECT is((SELECT count(*) FROM margin_alert WHERE rule = 'edge' AND resolved_at IS NULL), 0::bigint, 'and its alerts resolved');

-- through a threshold and back: one alert each time, however often it is checked
SELECT set_alert_rule('high', 'level', 0.25, severity => 'critical'), set_alert_rule('also', 'level', 0.25, instruments => '{A}');
SELECT is(ARRAY[check_at(0.1), check_at(0.2), check_at(0.3)], '{3,0,0}', 'three evaluations open each alert once');
SELECT results_eq('SELECT * FROM t.open ORDER BY 1, 2', $$ VALUES ('also', 'A', NULL), ('high', 'A', NULL), ('high', 'C', NULL) $$, 'two rules of one measure, one of them of one instrument');
SELECT results_eq($$ SELECT kind, severity, value, threshold, message, ts = now() + interval '2.4 hours', notified_at IS NOT NULL, resolved_at IS NULL
                       FROM margin_alert WHERE rule = 'high' AND instrument = 'A' $$,
                  $$ VALUES ('level', 'critical', 0.25::float8, 0.25::float8, 'A: the initial rate is 0.25, threshold 0.25', true, true, true) $$, 'with what was found');
UPDATE parameter SET initial_rate = 0.2499999999999999999 WHERE instrument = 'A' AND valid_to IS NULL;
SELECT is(ARRAY[check_at(0.4), check_at(0.5)], '{0,0}', 'below the threshold nothing opens');
SELECT results_eq('SELECT * FROM t.open', $$ VALUES ('high', 'C', NULL) $$, 'what was open is resolved');
CREATE TABLE t.resolved AS SELECT alert, resolved_at FROM margin_alert WHERE resolved_at IS NOT NULL;
UPDATE parameter SET initial_rate = 0.3 WHERE instrument = 'A' AND valid_to IS NULL;
SELECT is(ARRAY[check_at(0.6), check_at(0.7), check_at(0.8)], '{2,0,0}', 'when it begins again there are new ones');
SELECT is((SELECT count(*) FROM margin_alert WHERE rule = 'high' AND instrument = 'A'), 2::bigint, 'beside the old ones');
SELECT is_empty('SELECT * FROM t.resolved EXCEPT SELECT alert, resolved_at FROM margin_alert', 'which stay as they were');
UPDATE parameter SET initial_rate = 0.2 WHERE instrument = 'A' AND valid_to IS NULL;
SELECT is(check_at(0.9), 0, 'resolved');
UPDATE parameter SET initial_rate = 0.3 WHERE instrument = 'A' AND valid_to IS NULL;
SELECT is(ARRAY[check_at(0.6), check_at(0.6)], '{2,0}', 'an as_of that had an alert before opens that one again');
SELECT is((SELECT count(*) FROM margin_alert WHERE rule = 'high' AND instrument = 'A'), 2::bigint, 'and no other');
SELECT is(check_alerts(NULL), NULL, 'NULL evaluates nothing');
SELECT is((SELECT count(*) FROM t.open), 3::bigint, 'and resolves nothing');
-- a rule is changed: what it no longer finds is resolved, what it still finds goes on
SELECT set_alert_rule('high', 'level', 0.2, instruments => '{A,B}'), drop_alert_rule('also');
SELECT is(check_at(1.1), 0, 'A goes on under another threshold');
SELECT results_eq('SELECT * FROM t.open', $$ VALUES ('high', 'A', NULL) $$, 'C is no longer asked about');
SELECT set_alert_rule('high', 'change', 0.2, within => '3 days');
SELECT is((SELECT count(*) FROM t.open), 0::bigint, 'another measure ends the alerts of the one before');
SELECT is(check_at(1.2), 2, 'and opens its own');
SELECT results_eq($$ SELECT kind, instrument, message FROM margin_alert WHERE is_open AND rule = 'high' ORDER BY instrument $$,
    $$ VALUES ('change', 'A', 'A: the initial rate has changed by 0.5 of itself within 3 days, threshold 0.2'),
              ('change', 'B', 'B: the initial rate has changed by 0.25 of itself within 3 days, threshold 0.2') $$, 'A from 0.2 to 0.3, B from 0.2 to 0.15, C has no rate of then');
-- what is gone ends its alert; accounts
SELECT drop_alert_rule('high'), set_alert_rule('large', 'concentration', 0.25, accounts => '{a,c}'), set_alert_rule('slow', 'liquidation_horizon', 2, '{B}', '{a}');
SELECT is(check_at(1.3), 5, 'accounts that are named');
SELECT results_eq('SELECT * FROM t.open ORDER BY 1, 2, 3', $$ VALUES ('large', 'A', 'a'), ('large', 'A', 'c'), ('large', 'B', 'a'), ('large', 'C', 'a'), ('slow', 'B', 'a') $$,
    'a share is of all accounts all the same');
SELECT is((SELECT message FROM margin_alert WHERE rule = 'large' AND instrument = 'C'), 'C: account a has 0.333333 of the notional, threshold 0.25', 'in words');
DELETE FROM positions WHERE account = 'a' AND instrument = 'B';
CALL refresh(commit_batches => false);
SELECT is(check_at(1.4), 0, 'the refresh has evaluated: a position is closed, and another is half of what is left');
SELECT results_eq('SELECT * FROM t.open ORDER BY 1, 2, 3', $$ VALUES ('large', 'A', 'a'), ('large', 'A', 'c'), ('large', 'B', 'c'), ('large', 'C', 'a') $$, 'its alerts are resolved');
SELECT drop_alert_rule('large'), drop_alert_rule('slow');
-- a feed whose prices were never usable; an instrument that nobody feeds
INSERT INTO instrument (instrument, price_feed, registered_at) SELECT 'DARK', id, now() - interval '3 hours' FROM feed WHERE kind = 'prices';
SELECT set_instrument('QUIET');
SELECT set_alert_rule('dark', 'staleness', within => '3 hours', instruments => '{DARK,QUIET}');
SELECT is(check_at(0), 1, 'without a price the age is since the registration');
SELECT is((SELECT message FROM margin_alert WHERE rule = 'dark'), 'DARK: its newest usable price is 03:00:00 old, threshold 03:00:00', 'in words');
SELECT drop_alert_rule('dark');
-- a day has 24 hours, also where clocks are changed: as of noon, the rate before 12:30 of the day before
SET LOCAL timezone = 'Europe/Berlin';
INSERT INTO parameter (instrument, valid_from, valid_to, symmetric_rates, initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate,
                       short_initial_rate, short_maintenance_rate, fallback, policy, policy_version)
    VALUES ('QUIET', '2026-03-01Z', '2026-03-28 12:30Z', true, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, false, 'plain', 1),
           ('QUIET', '2026-03-28 12:30Z', '2026-03-30Z', true, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, false, 'plain', 1);
SELECT set_alert_rule('spring', 'change', 1, instruments => '{QUIET}', within => '1 day');
SELECT is(check_alerts('2026-03-29 12:00Z'), 1, 'on the 23 hours of a day in spring');
SELECT is(check_alerts('2026-03-30Z'), 0, 'a rate whose time is over is not in force');
SELECT is((SELECT count(*) FROM t.open), 0::bigint, 'and its alert not open');
SELECT drop_alert_rule('spring'), set_alert_rule('over', 'level', 0.2, instruments => '{QUIET}');
SELECT is(check_alerts('2026-03-29 23:59:59Z'), 1, 'to its last moment');
SELECT is(check_alerts('2026-03-30Z'), 0, 'it is');
SELECT is((SELECT count(*) FROM t.open), 0::bigint, 'and no longer');
SELECT drop_alert_rule('over');
SET LOCAL timezone = 'UTC';

-- coverage is of the latest nightly backtest of the policy that the instrument has now
SELECT set_alert_rule('cover', 'coverage', (SELECT min(value) FROM t.measured('coverage', 1, 0) WHERE value > 0));
SELECT check_at(2) AS opened \gset
SELECT is(:opened, (SELECT count(*)::integer FROM t.measured('coverage', 1, 0) WHERE value > 0), 'every series with exceptions');
SELECT backtest_policy('plain', from_ts => now() - interval '30 days');
SELECT is(check_at(2.1), 0, 'a backtest by hand changes nothing');
SELECT is((SELECT count(*)::integer FROM t.open), :opened, 'nor does it end what is open');
UPDATE instrument SET policy = 'prop_desk' WHERE instrument = (SELECT min(instrument) FROM t.open);
SELECT check_at(2.2);
SELECT is((SELECT count(*)::integer FROM t.open), :opened - 1, 'a policy without a backtest has no exception rate');
UPDATE instrument SET policy = 'plain' WHERE policy = 'prop_desk';
CALL backtest_policies(history => '280 days', keep => 2);
SELECT check_at(2.3);
SELECT is((SELECT array_agg(DISTINCT backtest) FROM backtest_coverage), (SELECT ARRAY[max(id)] FROM policy_backtest WHERE is_routine), 'counted for the latest one, and for no other');
UPDATE policy_forecast SET loss = value_at_risk + 1 WHERE backtest = (SELECT max(id) FROM policy_backtest) AND instrument = 'A' AND side = 'short' AND NOT fallback;
SELECT is(check_at(2.4), 0, 'once');
SELECT drop_alert_rule('cover');

-- numbers that no double precision holds, and divisors of zero
SELECT set_alert_rule('wide', 'liquidation_horizon', 1e-15), set_alert_rule('share', 'concentration', 1e-15), set_alert_rule('moved', 'change', 1e-15);
UPDATE account_position SET liquidation_horizon = 1e400, notional = 1e-400 WHERE account = 'a';
UPDATE account_position SET notional = 0 WHERE instrument = 'C';
UPDATE parameter SET initial_rate = 0 WHERE instrument = 'B' AND valid_to IS NOT NULL;
SELECT lives_ok('SELECT t.check_at(3)', 'extreme numbers do not stop an evaluation');
SELECT is((SELECT max(value) FROM margin_alert WHERE rule = 'wide'), 1e300::float8, 'a value beyond double precision is cut');
SELECT is((SELECT count(*) FROM t.open WHERE instrument = 'C' AND rule = 'share'), 0::bigint, 'a share of nothing is none');
SELECT is((SELECT count(*) FROM t.open WHERE instrument = 'B' AND rule = 'moved'), 0::bigint, 'a rise from a rate of zero has no size');
SELECT drop_alert_rule('wide'), drop_alert_rule('share'), drop_alert_rule('moved');

-- the longest names fit into a notification
SELECT set_instrument(repeat(E'\x01', 500)), set_alert_rule(repeat(E'\x01', 200), 'level', 0.9);
INSERT INTO parameter (instrument, valid_from, symmetric_rates, initial_rate, maintenance_rate, long_initial_rate, long_maintenance_rate,
                       short_initial_rate, short_maintenance_rate, fallback, policy, policy_version)
    VALUES (repeat(E'\x01', 500), now(), true, 1, 1, 1, 1, 1, 1, false, 'plain', 1);
SELECT is(check_at(3.1), 1, 'a rule and an instrument with long names');
DELETE FROM parameter WHERE instrument = repeat(E'\x01', 500);
SELECT drop_alert_rule(repeat(E'\x01', 200));

-- events: told of once, open until somebody acknowledges them
INSERT INTO alert (kind, instrument, ts, message) VALUES ('jump', 'A', now() - interval '9 days', 'A: a jump'), ('jump', 'A', now() - interval '8 days', 'A: another');
SELECT is((SELECT count(*) FROM margin_alert WHERE notified_at IS NULL), 2::bigint, 'an event that nobody was told of');
SELECT is(check_at(4), 0, 'is not one that the evaluation opens');
SELECT is((SELECT count(*) FROM margin_alert WHERE notified_at IS NULL), 0::bigint, 'but one that it tells of');
CREATE TABLE t.told AS SELECT alert, notified_at FROM margin_alert;
SELECT check_at(4.1);
SELECT is_empty('TABLE t.told EXCEPT SELECT alert, notified_at FROM margin_alert', 'and never again');
SELECT alert AS jump FROM margin_alert WHERE message = 'A: a jump' \gset
SELECT set_alert_rule('high', 'level', 0.25);
SELECT check_at(4.2);
SELECT is((SELECT is_open FROM margin_alert LIMIT 1), true, 'open ones come first');
CREATE ROLE mc_desk; CREATE ROLE mc_reader; CREATE ROLE mc_nobody;
GRANT USAGE ON SCHEMA t TO mc_desk, mc_reader, mc_nobody;
GRANT SELECT ON ALL TABLES IN SCHEMA t TO mc_desk;
SELECT grant_rights('mc_desk', 'analyst'), grant_rights('mc_reader', 'reader');
SET LOCAL SESSION AUTHORIZATION mc_desk;
SELECT margin_calib.acknowledge_alert(:jump, 'a split');
SELECT throws_ok(format('SELECT margin_calib.acknowledge_alert(%s)', :jump), '55000', format('alert %s is acknowledged already', :jump));
RESET SESSION AUTHORIZATION;
SELECT results_eq(format('SELECT is_open, acknowledged_by, note, acknowledged_at IS NOT NULL, resolved_at FROM margin_alert WHERE alert = %s', :jump),
    $$ VALUES (false, 'mc_desk', 'a split', true, NULL::timestamptz) $$, 'an event ends when somebody says that they have seen it');
SELECT acknowledge_alert(alert) FROM margin_alert WHERE rule = 'high' AND is_open;
SELECT is((SELECT bool_and(is_open AND acknowledged_at IS NOT NULL AND acknowledged_by = session_user AND note IS NULL) FROM margin_alert WHERE rule = 'high' AND resolved_at IS NULL),
          true, 'a threshold that is reached does not');
SELECT throws_ok('SELECT acknowledge_alert(-1)', '42704', 'alert -1 does not exist');
SELECT throws_ok('SELECT acknowledge_alert(NULL)', '42704', 'alert NULL does not exist');

-- forgetting: what is over, older than that, and not the latest of its events
SELECT throws_ok($$ SELECT forget_alerts('-1 day') $$, '22023');
SELECT throws_ok('SELECT forget_alerts(NULL)', '22023');
UPDATE alert SET at = now() - interval '2 days' WHERE rule IN ('edge', 'high');
CREATE TABLE t.still AS TABLE t.open;
SELECT is(forget_alerts('3 days'), 0::bigint, 'nothing is that old');
SELECT count(*) AS edges FROM alert WHERE rule IN ('edge', 'high') AND resolved_at IS NOT NULL \gset
SELECT is(forget_alerts('1 day'), :edges::bigint, 'the resolved ones that are');
UPDATE alert SET at = now() - interval '2 days' WHERE kind = 'jump';
CREATE TABLE t.jumps AS SELECT * FROM margin_alert WHERE kind = 'jump';
SELECT is(forget_alerts('1 day'), 1::bigint, 'an event that is acknowledged');
SELECT acknowledge_alert(alert) FROM margin_alert WHERE kind = 'jump' AND acknowledged_at IS NULL;
SELECT is(forget_alerts('1 day'), (SELECT count(*) - count(DISTINCT instrument) - 1 FROM t.jumps), 'but not the latest one');
SELECT is((SELECT count(*) FROM margin_alert WHERE kind = 'jump'), (SELECT count(DISTINCT instrument) FROM t.jumps), 'which keeps refresh from telling of it again');
SELECT isnt_empty('SELECT rule FROM t.still', 'what is open');
SELECT is_empty('TABLE t.still EXCEPT TABLE t.open', 'stays');
CALL recalibrate(commit_batches => false);
SELECT is((SELECT count(*) FROM margin_alert WHERE kind = 'jump'), (SELECT count(DISTINCT instrument) FROM t.jumps), 'and it does not');

-- wrong arguments
SELECT is(t.refused(c), e) FROM (VALUES
    ($$ SELECT set_alert_rule(NULL, 'level', 0.1) $$, '22004: an alert rule has a name, a measure and a severity, none of them NULL'),
    ($$ SELECT set_alert_rule('x', NULL, 0.1) $$, '22004: an alert rule has a name, a measure and a severity, none of them NULL'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, severity => NULL) $$, '22004: an alert rule has a name, a measure and a severity, none of them NULL'),
    ($$ SELECT set_alert_rule('', 'level', 0.1) $$, '22023: the name of an alert rule has 1 to 200 bytes'),
    ($$ SELECT set_alert_rule(repeat('x', 201), 'level', 0.1) $$, '22023: the name of an alert rule has 1 to 200 bytes'),
    ($$ SELECT set_alert_rule('x', 'height', 0.1) $$, '22023: alerts have no measure ''height'''),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, severity => 'loud') $$, '22023: the severity of an alert is info, warning or critical'),
    ($$ SELECT set_alert_rule('x', 'level') $$, '22004: every measure but staleness has a threshold'),
    ($$ SELECT set_alert_rule('x', 'staleness', 3600, within => '1 hour') $$, '22023: every measure but staleness has a threshold'),
    ($$ SELECT set_alert_rule('x', 'staleness', 3600) $$, '22023: measures change and staleness, and no others, have a time within, up to 3650 days'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, within => '1 day') $$, '22023: measures change and staleness, and no others, have a time within, up to 3650 days'),
    ($$ SELECT set_alert_rule('x', 'change', 0.1, within => '0') $$, '22023: measures change and staleness, and no others, have a time within, up to 3650 days'),
    ($$ SELECT set_alert_rule('x', 'change', 0.1, within => '-1 day') $$, '22023: measures change and staleness, and no others, have a time within, up to 3650 days'),
    ($$ SELECT set_alert_rule('x', 'change', 0.1, within => '178000000 years') $$, '22023: measures change and staleness, and no others, have a time within, up to 3650 days'),
    ($$ SELECT set_alert_rule('x', 'level', 0) $$, '22023: a threshold of measure level is above 0 and at most 1'),
    ($$ SELECT set_alert_rule('x', 'level', 20) $$, '22023: a threshold of measure level is above 0 and at most 1'),
    ($$ SELECT set_alert_rule('x', 'peg', -0.1) $$, '22023: a threshold of measure peg is above 0 and at most 1'),
    ($$ SELECT set_alert_rule('x', 'coverage', 'NaN') $$, '22023: a threshold of measure coverage is above 0 and at most 1'),
    ($$ SELECT set_alert_rule('x', 'change', 'Infinity') $$, '22023: a threshold of measure change is above 0 and at most 1000000000000'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, accounts => '{a}') $$, '22023: measure level is not one of accounts'),
    ($$ SELECT set_alert_rule('x', 'concentration', 0.1, accounts => '{NULL}') $$, '22023: an alert rule concerns at least one instrument and one account'),
    ($$ SELECT set_alert_rule('x', 'concentration', 0.1, accounts => '{}') $$, '22023: an alert rule concerns at least one instrument and one account'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, '{}') $$, '22023: an alert rule concerns at least one instrument and one account'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, '{A,NONE}') $$, '42704: instrument NONE is not known'),
    ($$ SELECT set_alert_rule('x', 'level', 0.1, '{NULL}') $$, '42704: instrument NULL is not known'),
    ($$ SELECT drop_alert_rule('x') $$, '42704: alert rule ''x'' does not exist'),
    ($$ SELECT drop_alert_rule(NULL) $$, '42704: alert rule NULL does not exist')) AS wrong (c, e);
SELECT is((SELECT array_agg(name) FROM alert_rule), '{high}', 'nothing of it was stored');

-- rights: by functions alone, and over rows that security hides
CREATE ROLE mc_blind;
SELECT grant_rights('mc_blind', 'analyst'), grant_rights('mc_blind', 'approver');
SET LOCAL ROLE mc_blind;
SELECT is((SELECT count(*) FROM margin_calib.margin_alert WHERE account IS NOT NULL) + (SELECT count(*) FROM margin_calib.account_position), 0::bigint, 'a role that sees no row of an account');
SELECT lives_ok($$ SELECT margin_calib.set_alert_rule('hidden', 'concentration', 0.2) $$, 'sets a rule without rights on the table');
SELECT throws_ok($$ SELECT margin_calib.check_alerts(clock_timestamp()) $$, '42501');
RESET ROLE;
SELECT isnt(margin_calib.check_alerts(clock_timestamp()), 0, 'which is evaluated over all of them');
SET LOCAL ROLE mc_blind;
SELECT is((SELECT count(*) FROM margin_calib.margin_alert WHERE rule = 'hidden'), 0::bigint, 'and whose alerts it does not see');
SELECT lives_ok($$ SELECT margin_calib.drop_alert_rule('hidden'), margin_calib.forget_alerts('1 year') $$, 'drops and forgets');
SELECT throws_ok($$ INSERT INTO margin_calib.alert_rule VALUES ('x', 'level', 0.1, NULL, NULL, NULL, 'info') $$, '42501');
RESET ROLE;
SET LOCAL ROLE mc_reader;
SELECT lives_ok('SELECT * FROM margin_calib.margin_alert, margin_calib.alert_rule', 'a reader reads alerts and rules');
SELECT throws_ok($$ SELECT margin_calib.set_alert_rule('x', 'level', 0.1) $$, '42501');
SELECT throws_ok('SELECT margin_calib.check_alerts(now())', '42501');
SELECT throws_ok('SELECT margin_calib.acknowledge_alert(1)', '42501');
SELECT throws_ok($$ SELECT margin_calib.forget_alerts('1 day') $$, '42501');
SET LOCAL ROLE mc_nobody;
SELECT throws_ok('SELECT * FROM margin_calib.margin_alert', '42501');
SELECT throws_ok('SELECT margin_calib.acknowledge_alert(1)', '42501');
RESET ROLE;
SELECT is_empty($$
    SELECT p.oid::regprocedure FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
     WHERE p.pronamespace = 'margin_calib'::regnamespace AND a.grantee = 0
       AND p.proname IN ('set_alert_rule', 'drop_alert_rule', 'check_alerts', 'acknowledge_alert', 'forget_alerts', 'notify_alerts', 'store_coverage') $$,
    'nothing that writes is for PUBLIC');
SELECT * FROM finish();
ROLLBACK;
