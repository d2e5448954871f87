-- verify: no rows after a refresh with every feature on; then each stored table is tampered with, and exactly that is found; changes that
-- wait, changes that nobody was told of, rows that are missing or superfluous, feeds that cannot be read, limits, errors, rights.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

SELECT is_empty('SELECT * FROM verify()', 'nothing is there, nothing differs');

-- two price feeds, one of them without triggers; positions in two, liquidity in two
SELECT create_standard_tables('t');
CREATE VIEW t.shape AS
SELECT k AS instrument, date_trunc('day', now()) - b * interval '1 day' AS ts, b, 50 * exp(0.03 * sin(ascii(k) * b) * cos(b * b)) + 0.01 * b AS close
  FROM unnest('{A,B,C,D,E,F,G,H,L,N,X,Y}'::text[]) AS k, generate_series(1, 300) AS b;
INSERT INTO candles (instrument, ts, close) SELECT instrument, ts, close FROM t.shape WHERE instrument NOT IN ('N', 'X', 'Y') OR instrument = 'N' AND b < 30;
INSERT INTO candles (instrument, ts, close) SELECT 'U', ts, 0.97 + 0.0001 * b FROM t.shape WHERE instrument = 'A';
INSERT INTO candles (instrument, ts, close) SELECT 'H', ts, close * 1.001 FROM candles WHERE instrument = 'G' ON CONFLICT (instrument, ts) DO UPDATE SET close = excluded.close;
CREATE TABLE t.ticks (code text, at timestamptz, last numeric);
INSERT INTO ticks SELECT instrument, ts, close::numeric FROM t.shape WHERE instrument IN ('X', 'Y');
INSERT INTO ticks VALUES ('X', now() + interval '1 day', 1), ('Y', now(), 'NaN'), ('bad', now(), -1);
SELECT attach_prices('ticks', 'code', 'at', 'last', policy => 'prop_desk', capture => 'watermark') > 0 AS attached;
CREATE TABLE t.book (id integer, code text, size float8);
SELECT attach_positions('book', 'id', 'code', 'size') > 0 AS attached;
INSERT INTO book VALUES (1, 'A', 3), (1, 'A', 2), (1, 'X', -7), (2, 'H', 4), (2, 'unknown', 1), (3, 'B', 'NaN'), (4, 'Y', 0);
INSERT INTO positions (account, instrument, quantity) SELECT 'acc' || a, k, (a % 7 - 3) * 1.25 + ascii(k) % 5 FROM generate_series(1, 30) AS a, unnest('{A,B,C,D,E,F,G,H,L,N,X,soon}'::text[]) AS k WHERE (a + ascii(k)) % 3 = 0;
INSERT INTO positions VALUES ('1', 'G', -500), ('1', 'H', 480);
CALL refresh(commit_batches => false);
CREATE TABLE t.depth (sym text, at timestamptz, spread numeric, volume float8, oi numeric, sources integer, age numeric, width numeric);
SELECT attach_liquidity('t.depth', 'sym', 'at', spread => 'spread', volume => 'volume', open_interest => 'oi', price_sources => 'sources', price_age => 'age', price_width => 'width') > 0 AS attached;
INSERT INTO depth SELECT k, now() - d * interval '1 day' - interval '1 hour', 0.001 + 0.0001 * d, 300 + d, 5000, 1, 20, 0.001 FROM unnest('{A,B,C,D}'::text[]) AS k, generate_series(0, 35) AS d;
INSERT INTO depth VALUES ('A', now(), 5, NULL, NULL, NULL, NULL, NULL), ('L', now() - interval '9 days', 0.01, 5, NULL, NULL, NULL, NULL);
CREATE TABLE t.deep (sym text, at timestamptz, traded numeric);
SELECT attach_liquidity('t.deep', 'sym', 'at', volume => 'traded', volume_per => 'row', capture => 'watermark') > 0 AS attached;
INSERT INTO deep SELECT 'X', now() - h * interval '1 hour', 7 FROM generate_series(1, 60) AS h;
SELECT set_policy('house', based_on => 'futures_clearing', lookback => 250, min_returns => 50, floor_lookback => 250, stress_window => 60, rise_per_step => 0.05, fall_per_day => 0.02);
SELECT set_policy('never', based_on => 'house', lookback => 1000, min_returns => 900);
SELECT set_instrument('B', policy => 'house'), set_instrument('C', policy => 'never'), set_instrument('D', currency => 'UST'), set_instrument('E', kind => 'spot', multiplier => 10),
       set_instrument('F', kind => 'inverse', multiplier => 100, currency => 'BTC', policy => 'house'), set_instrument('soon'), set_amount_step('BTC', 0.00000001);
SELECT set_proxy('N', 'A', 1.3);
SELECT set_liquidity_policy(participation => 0.15), set_liquidity_policy('A', horizon => 2, open_interest_lower => 100000, open_interest_upper => 400000);
SELECT set_tiers('A', ARRAY[(0, 0.05, 0.025), (100, 0.4, 0.2)]::margin_tier[]);
CALL refresh(commit_batches => false);
SELECT set_peg('U', currency => 'UST'), set_peg('U', instrument => 'E', factor => 2);
SELECT add_event('CPI', now() - interval '1 minute', now() + interval '1 hour', ARRAY['A', 'F'], rate => 0.02) > 0 AS added,
       add_event('expiry', now() - interval '1 minute', now() + interval '1 hour', NULL, multiplier => 1.333, applies_to => 'both') > 0 AS added;
SELECT set_product_group('pair', ARRAY['G', 'H'], cap => 0.77, lookback => 200, subperiods => 2), set_product_group('loose', ARRAY['A', 'B', 'C'], breakdown => 'worst', lookback => 200);
CALL refresh(commit_batches => false);
-- a path of some bars, prices that are gone, a ticker without a usable price any more
INSERT INTO candles (instrument, ts, close) SELECT instrument, ts + interval '12 hours', close * 0.8 FROM t.shape WHERE b = 1 AND instrument IN ('A', 'B', 'F', 'H');
CALL refresh(commit_batches => false);
INSERT INTO candles (instrument, ts, close) SELECT instrument, ts + interval '18 hours', close * 1.1 FROM t.shape WHERE b = 1 AND instrument IN ('A', 'B', 'F');
DELETE FROM candles WHERE instrument = 'L';
CALL refresh(commit_batches => false);
CALL refresh(commit_batches => false);

CREATE FUNCTION t.differences() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' ', v.kind, v.instrument, v.account, v.currency, v.field, CASE WHEN v.field NOT LIKE '%row' THEN coalesce(v.stored, 'NULL') || ' -> ' || coalesce(v.recomputed, 'NULL')
                     WHEN v.stored IS NULL THEN 'missing' ELSE 'superfluous' END, CASE WHEN v.is_pending THEN '(pending)' END) FROM margin_calib.verify() AS v $$;
SELECT is_empty('SELECT * FROM capture_queue AS q JOIN feed AS f ON f.id = q.feed', 'all is refreshed');
SELECT is_empty('SELECT * FROM t.differences()', 'every feature is on, and nothing differs');
SELECT ok(bool_or(proxy IS NOT NULL) AND bool_or(fallback) AND count(DISTINCT policy) >= 4, 'borrowed, fallback and several policies are there') FROM margin_calib.parameter WHERE valid_to IS NULL;
SELECT set_eq($$ SELECT instrument FROM instrument WHERE stale_reason IS NOT NULL $$, ARRAY['L', 'bad'], 'and instruments that cannot be calibrated');
SELECT ok((SELECT count(DISTINCT currency) FROM requirement) = 3 AND (SELECT bool_or(credit > 0) FROM account_offset)
          AND (SELECT min(m) > 0 FROM (SELECT unnest(ARRAY[max(tier_initial_charge), max(liquidity_initial_charge), max(open_interest_charge), max(event_maintenance_charge), max(peg_charge), max(confidence_charge)]) AS m
                                         FROM account_position) AS x), 'three currencies, credits, charges of all kinds');
SELECT is_empty($$ SELECT * FROM instrument_liquidity AS l WHERE l.instrument NOT IN ('A', 'B', 'C', 'D', 'L', 'X') $$, 'liquidity of both feeds');
SET LOCAL timezone = 'Pacific/Auckland';
SELECT is_empty('SELECT * FROM t.differences()', 'in another time zone too');
SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = -3;
SELECT is_empty('SELECT * FROM t.differences()', 'whatever extra_float_digits is');
RESET extra_float_digits;

-- ---- tampering: exactly what was changed, and nothing else ----
CREATE FUNCTION t.after(change text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE result text[];
BEGIN
    EXECUTE change;
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = ARRAY(SELECT d FROM t.differences() AS d)::text;
EXCEPTION WHEN raise_exception THEN
    RETURN SQLERRM::text[];
END $$;
SELECT is(t.after($$UPDATE parameter SET initial_rate = initial_rate + 0.0001 WHERE instrument = 'A' AND valid_to IS NULL$$),
          ARRAY[(SELECT format('parameter A initial_rate %s -> %s', initial_rate + 0.0001, initial_rate) FROM parameter WHERE instrument = 'A' AND valid_to IS NULL)], 'a rate');
SELECT is(t.after($$UPDATE parameter SET short_maintenance_rate = 0 WHERE instrument = 'B' AND valid_to IS NULL$$),
          ARRAY[(SELECT format('parameter B short_maintenance_rate 0 -> %s', short_maintenance_rate) FROM parameter WHERE instrument = 'B' AND valid_to IS NULL)], 'a maintenance rate of one side');
SELECT is(t.after($$UPDATE parameter SET policy_version = 7, binding_term = 'minimum', fallback = true, fallback_reason = 'x' WHERE instrument = 'X' AND valid_to IS NULL$$),
          (SELECT ARRAY['parameter X binding_term minimum -> ' || binding_term, 'parameter X fallback true -> false', 'parameter X fallback_reason x -> NULL', 'parameter X policy_version 7 -> 1']
             FROM parameter WHERE instrument = 'X' AND valid_to IS NULL), 'what is published beside it');
SELECT is(t.after($$UPDATE instrument SET last_price = last_price + 0.000000000001 WHERE instrument = 'X'$$),
          ARRAY[(SELECT format('parameter X last_price %s -> %s', last_price + 0.000000000001, last_price) FROM instrument WHERE instrument = 'X')], 'a price, in the twelfth decimal');
SELECT is(t.after($$UPDATE instrument SET data_through = '2024-01-01', stale_reason = 'x', fresh_until = 'infinity' WHERE instrument = 'D'$$) @>
          ARRAY['parameter D stale_reason x -> NULL'], true, 'a reason, and times');
SELECT is(cardinality(t.after($$UPDATE instrument SET data_through = '2024-01-01', stale_reason = 'x', fresh_until = now() WHERE instrument = 'D'$$)), 3, 'three of them');
SELECT is(t.after($$UPDATE instrument SET path.long_rate = 0.5 WHERE instrument = 'B'$$),
          ARRAY[(SELECT format('parameter B path.long_rate 0.5 -> %s', (path).long_rate) FROM instrument WHERE instrument = 'B')], 'a path');
SELECT is(t.after($$UPDATE instrument SET borrowed_returns = 1 WHERE instrument = 'N'$$), ARRAY[(SELECT format('parameter N borrowed_returns 1 -> %s', borrowed_returns) FROM instrument WHERE instrument = 'N')], 'borrowed returns');
SELECT is(t.after($$DELETE FROM parameter WHERE instrument = 'soon' OR instrument = 'U'$$), '{"parameter U parameter NULL -> in force"}', 'a parameter that is missing');
SELECT is(t.after($$DELETE FROM instrument WHERE instrument = 'D'$$) @> '{"parameter D row missing","parameter D row superfluous"}', true, 'an instrument that is missing, and a parameter of none');
SELECT is(t.after($$INSERT INTO parameter SELECT (jsonb_populate_record(p, '{"id": -1, "instrument": "ZZ"}')).* FROM parameter AS p WHERE instrument = 'A' AND valid_to IS NULL$$), '{"parameter ZZ row superfluous"}', 'a parameter of an instrument that nobody knows');
SELECT is(t.after($$UPDATE instrument_liquidity SET spread = spread / 2 WHERE instrument = 'A'$$),
          ARRAY[(SELECT format('liquidity A spread %s -> %s', spread / 2, spread) FROM instrument_liquidity WHERE instrument = 'A')], 'a spread, and no charge that follows from it');
SELECT is(t.after($$DELETE FROM instrument_liquidity WHERE instrument = 'B'$$), '{"liquidity B row missing"}', 'figures that are missing');
SELECT is(t.after($$INSERT INTO instrument_liquidity (instrument, feed) VALUES ('G', 99)$$), '{"liquidity G row superfluous"}', 'figures of no feed');
SELECT is(t.after($$UPDATE account_position SET maintenance_margin = maintenance_margin - 0.01 WHERE account = '1' AND instrument = 'A'$$),
          ARRAY[(SELECT format('position A 1 USD maintenance_margin %s -> %s', maintenance_margin - 0.01, maintenance_margin) FROM account_position WHERE account = '1' AND instrument = 'A')], 'a margin of a position');
SELECT is(t.after($$UPDATE account_position SET peg_charge = peg_charge + 1, parameter_id = 999 WHERE account = 'acc3' AND instrument = 'E'$$),
          (SELECT ARRAY[format('position E acc3 USD parameter_id 999 -> %s', parameter_id), format('position E acc3 USD peg_charge %s -> %s', peg_charge + 1, peg_charge)] FROM account_position WHERE account = 'acc3' AND instrument = 'E'),
          'a charge, and the parameter that a rate is from');
SELECT is(t.after($$DELETE FROM account_position WHERE account = '2' AND instrument = 'unknown'$$), '{"position unknown 2 USD row missing"}', 'a position that is missing');
SELECT is(t.after($$INSERT INTO account_position (account, instrument, currency, quantity, unusable) VALUES ('ghost', 'A', 'USD', 1, 0)$$), '{"position A ghost USD row superfluous"}', 'a position that nobody has');
SELECT is(t.after($$UPDATE account_offset SET credit = credit + 0.01 WHERE account = '1' AND group_name = 'pair' AND margin = 'maintenance'$$),
          ARRAY[(SELECT format('offset 1 USD pair maintenance credit %s -> %s', credit + 0.01, credit) FROM account_offset WHERE account = '1' AND group_name = 'pair' AND margin = 'maintenance')], 'a credit');
SELECT is(t.after($$DELETE FROM account_offset WHERE account = '1' AND margin = 'initial' AND group_name = 'pair'$$), '{"offset 1 USD pair initial row missing"}', 'a credit that is missing');
SELECT is(t.after($$UPDATE requirement SET initial_margin = initial_margin - 0.01, as_of = as_of - interval '1 day' WHERE account = '1' AND currency = 'USD'$$),
          ARRAY[(SELECT format('requirement 1 USD initial_margin %s -> %s', initial_margin - 0.01, initial_margin) FROM requirement WHERE account = '1' AND currency = 'USD')], 'a requirement, whose as_of does not count');
SELECT is(t.after($$UPDATE requirement SET is_stale = false WHERE account = '2'$$), '{"requirement 2 USD is_stale false -> true"}', 'a requirement that would look fresh');
SELECT is(t.after($$DELETE FROM requirement WHERE account = '1'$$), '{"requirement 1 USD row missing"}', 'a requirement that is missing');
SELECT is(t.after($$INSERT INTO requirement SELECT (jsonb_populate_record(r, '{"account": "ghost"}')).* FROM requirement AS r WHERE account = '2'$$), '{"requirement ghost USD row superfluous"}', 'a requirement of nobody');
SELECT is(t.after($$UPDATE offset_calibration SET correlation = '{{1,0.9999},{0.9999,1}}' WHERE group_name = 'pair' AND valid_to IS NULL$$) @>
          ARRAY[(SELECT format('correlation pair {{1,0.9999},{0.9999,1}} -> %s', correlation) FROM offset_calibration WHERE group_name = 'pair' AND valid_to IS NULL)], true, 'a correlation that its evidence does not give');
SELECT is(cardinality(t.after($$UPDATE offset_pair SET offset_correlation = 7 WHERE calibration = (SELECT id FROM offset_calibration WHERE group_name = 'pair' AND valid_to IS NULL)$$)), 1, 'and evidence that gives none');
SELECT is_empty('SELECT * FROM t.differences()', 'all of which was taken back');

-- ---- the data changes ----
SELECT ok(bool_and(d LIKE '%(pending)') AND bool_or(d LIKE 'parameter A last_price%') AND bool_or(d LIKE 'parameter N %rate%') AND bool_or(d LIKE 'position A 1 USD price%')
          AND bool_or(d LIKE 'requirement 1 USD%'), 'a price that waits: all of it is pending, also what borrows')
  FROM unnest(t.after($$UPDATE candles SET close = close * 1.1 WHERE instrument = 'A' AND ts > now() - interval '40 days'$$)) AS d;
SELECT is(t.after($$UPDATE positions SET quantity = quantity + 1 WHERE account = 'acc3' AND instrument = 'E'$$) @>
          ARRAY[(SELECT format('position E acc3 USD quantity %s -> %s (pending)', quantity, quantity + 1) FROM account_position WHERE account = 'acc3' AND instrument = 'E')], true, 'a quantity that waits');
SELECT is(t.after($$INSERT INTO positions VALUES ('fresh', 'A', 1)$$), '{"position A fresh USD row missing (pending)","requirement fresh USD row missing (pending)","account fresh USD row missing (pending)"}', 'an account that waits');
SELECT is(t.after($$INSERT INTO candles (instrument, ts, close) SELECT 'born', ts, close FROM candles WHERE instrument = 'A'$$), '{"parameter born row missing (pending)"}', 'an instrument that waits');
SELECT ok(bool_and(d LIKE '%(pending)') AND bool_or(d LIKE 'parameter X last_price%') AND bool_or(d LIKE 'requirement acc% USD initial_margin%'),
          'newer ticks of a feed without triggers are pending, and so are the accounts that hold it')
  FROM unnest(t.after($$INSERT INTO ticks VALUES ('X', now(), 60); UPDATE margin_calib.feed SET capture = 'trigger' WHERE kind = 'positions'$$)) AS d;
SELECT ok(NOT bool_or(d LIKE '%(pending)') AND count(*) > 0, 'an old tick that was changed is not: nobody will look at it') FROM unnest(t.after($$UPDATE ticks SET last = last * 2 WHERE code = 'X' AND at < now() - interval '9 days'$$)) AS d WHERE d LIKE 'parameter X%';
SELECT ok(bool_and(d LIKE '%(pending)') AND count(*) > 0, 'liquidity that waits') FROM unnest(t.after($$UPDATE depth SET spread = spread * 2 WHERE sym = 'A' AND spread < 1$$)) AS d;
SELECT ok(bool_and(d LIKE '%(pending)') AND count(*) > 0, 'tiers that wait') FROM unnest(t.after($$SELECT margin_calib.set_tiers('A', NULL)$$)) AS d;
SELECT ok(bool_and(d LIKE '%(pending)') AND count(*) > 0, 'a policy that waits') FROM unnest(t.after($$SELECT margin_calib.set_policy('house', minimum_rate => 0.2)$$)) AS d;
SELECT ok(bool_and(d LIKE '%(pending)') AND count(*) > 0, 'an event that has ended') FROM unnest(t.after($$UPDATE margin_calib.margin_event SET until_ts = now() - interval '1 second' WHERE name = 'CPI'$$)) AS d;

-- triggers were disabled: nobody was told
CREATE TABLE t.untold AS SELECT d FROM unnest(t.after($$ALTER TABLE t.candles DISABLE TRIGGER USER; UPDATE t.candles SET close = close * 1.1 WHERE instrument = 'D' AND ts > now() - interval '3 days'$$)) AS d;
SELECT ok(count(*) > 5 AND NOT bool_or(d LIKE '%(pending)') AND bool_or(d LIKE 'parameter D last_price%') AND bool_or(d LIKE 'requirement acc% UST initial_margin%'), 'a price that nobody was told of is not pending') FROM t.untold;
SELECT ok(count(*) > 0 AND NOT bool_or(d LIKE '%(pending)'), 'nor is a position')
  FROM unnest(t.after($$ALTER TABLE t.positions DISABLE TRIGGER USER; UPDATE t.positions SET quantity = quantity * 2 WHERE account = 'acc2'$$)) AS d;

-- the differences are what a refresh would make: recomputed is stored after it
CREATE TABLE t.foretold AS SELECT * FROM margin_calib.verify() WHERE false;
CREATE TABLE t.made (kind text, instrument text, account text, currency text, field text, value text);
DO $$
BEGIN
    UPDATE t.candles SET close = close * 1.07 WHERE instrument IN ('B', 'F', 'G') AND ts > now() - interval '5 days';
    UPDATE t.positions SET quantity = quantity + 1 WHERE account IN ('acc3', 'acc4');
    UPDATE t.depth SET volume = 10 WHERE sym = 'C';
    INSERT INTO t.foretold SELECT * FROM margin_calib.verify();
    CALL margin_calib.refresh(commit_batches => false);
    INSERT INTO t.made
        SELECT 'position', p.instrument, p.account, p.currency, f.key, f.value FROM margin_calib.account_position AS p, jsonb_each_text(to_jsonb(p)) AS f
        UNION ALL SELECT 'requirement', NULL, r.account, r.currency, f.key, f.value FROM margin_calib.requirement AS r, jsonb_each_text(to_jsonb(r)) AS f
        UNION ALL SELECT 'liquidity', l.instrument, NULL, NULL, f.key, f.value FROM margin_calib.instrument_liquidity AS l, jsonb_each_text(to_jsonb(l)) AS f
        UNION ALL SELECT 'parameter', p.instrument, NULL, NULL, f.key, f.value FROM margin_calib.parameter AS p, jsonb_each_text(to_jsonb(p)) AS f WHERE p.valid_to IS NULL AND f.key LIKE '%rate';
END $$;
SELECT cmp_ok(count(*), '>', 100::bigint, 'a hundred differences') FROM t.foretold;
SELECT is_empty($$ SELECT f.*, m.value FROM t.foretold AS f JOIN t.made AS m USING (kind, field) WHERE m.instrument IS NOT DISTINCT FROM f.instrument AND m.account IS NOT DISTINCT FROM f.account
                     AND m.currency IS NOT DISTINCT FROM f.currency AND m.value IS DISTINCT FROM f.recomputed $$, 'recomputed is what the refresh stores');
SELECT is_empty($$ SELECT * FROM t.foretold WHERE NOT is_pending $$, 'all of it was pending');
SELECT is_empty('SELECT * FROM t.differences()', 'and nothing differs any more');

-- ---- feeds that cannot be read ----
SELECT is(t.after($$ALTER TABLE t.ticks RENAME COLUMN last TO latest$$),
          ARRAY['feed t.ticks NULL -> column last of relation t.ticks does not exist (pending)'], 'a price feed that cannot be read, before refresh sees it');
SELECT is(t.after($$ALTER TABLE t.ticks RENAME COLUMN last TO latest; CALL margin_calib.refresh(commit_batches => false)$$),
          ARRAY['feed t.ticks column last of relation t.ticks does not exist -> column last of relation t.ticks does not exist'], 'and after');
SELECT is(t.after($$DROP TABLE t.book$$), '{"feed t.book NULL -> the relation was dropped (pending)"}', 'a position feed that was dropped: no account is verified');

-- ---- limits ----
CREATE FUNCTION t.limited(change text, query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE result text[];
BEGIN
    EXECUTE change;
    EXECUTE format('SELECT array_agg(concat_ws('' '', v.kind, v.instrument, v.account, v.currency, v.field)) FROM %s AS v', query) INTO result;
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = coalesce(result, '{}')::text;
EXCEPTION WHEN raise_exception THEN
    RETURN SQLERRM::text[];
END $$;
CREATE TABLE t.wrong AS SELECT $$UPDATE margin_calib.parameter SET initial_rate = 0.77 WHERE instrument IN ('A', 'B') AND valid_to IS NULL;
    UPDATE margin_calib.requirement SET notional = 1 WHERE account IN ('1', 'acc5') AND currency = 'USD'$$::text AS change;
SELECT is(t.limited(change, 'margin_calib.verify()'), ARRAY['parameter A initial_rate', 'parameter B initial_rate', 'requirement 1 USD notional', 'requirement acc5 USD notional'], 'all of them') FROM t.wrong;
SELECT is(t.limited(change, 'margin_calib.verify(ARRAY[''B'', ''X''])'), ARRAY['parameter B initial_rate'], 'of two instruments') FROM t.wrong;
SELECT is(t.limited(change, 'margin_calib.verify(accounts => ARRAY[''acc5'', ''2'', NULL])'), ARRAY['requirement acc5 USD notional'], 'of two accounts, against base data: the rate that was changed is not theirs') FROM t.wrong;
SELECT is(t.limited(change, 'margin_calib.verify(ARRAY[''A''], ARRAY[''1''])'), ARRAY['parameter A initial_rate', 'requirement 1 USD notional'], 'of both') FROM t.wrong;
SELECT is(t.limited(change, 'margin_calib.verify(''{}'', ''{}'')'), '{}', 'of none') FROM t.wrong;
SELECT is(t.limited($$UPDATE margin_calib.instrument SET last_price = 0.5 WHERE instrument = 'U'$$, 'margin_calib.verify(accounts => ARRAY[''acc3''])'), '{}',
          'nor is the price of a peg behind it');
SELECT throws_ok($$ SELECT * FROM verify(ARRAY['nobody']) $$, '42704', 'instrument nobody is not known', 'nothing to verify is no proof');
SELECT throws_ok($$ SELECT * FROM verify(accounts => ARRAY['acc1', 'nobody']) $$, '42704', 'account nobody is not known', 'of an account either');

-- more keys than a batch
INSERT INTO positions SELECT 'crowd' || a, CASE a % 3 WHEN 0 THEN 'A' WHEN 1 THEN 'G' ELSE 'X' END, a FROM generate_series(1, 1201) AS a;
INSERT INTO candles (instrument, ts, close) SELECT 'many' || k, date_trunc('day', now()) - d * interval '1 day', 100 + d % 3 + k FROM generate_series(1, 510) AS k, generate_series(1, 25) AS d;
CALL refresh(commit_batches => false);
SELECT is_empty('SELECT * FROM t.differences()', 'in several batches');
SELECT is(t.after($$UPDATE requirement SET positions = 9 WHERE account IN ('crowd1', 'crowd600', 'crowd1201')$$),
          '{"requirement crowd1 USD positions 9 -> 1","requirement crowd1201 USD positions 9 -> 1","requirement crowd600 USD positions 9 -> 1"}', 'each of which is looked at');
SELECT is(cardinality(t.after($$UPDATE parameter SET maintenance_rate = 0 WHERE instrument IN ('many1', 'many300', 'many510') AND valid_to IS NULL$$)), 3, 'of instruments too');

-- ---- rights ----
CREATE ROLE verify_reader;
SELECT grant_rights('verify_reader', 'reader');
GRANT USAGE ON SCHEMA t TO verify_reader;
SET LOCAL ROLE verify_reader;
SELECT throws_ok($$ SELECT * FROM margin_calib.verify() $$, '42501', NULL, 'a reader reads the attached tables with rights of its own');
RESET ROLE;
GRANT SELECT ON t.candles, t.ticks, t.positions, t.book, t.depth, t.deep TO verify_reader;
SET LOCAL ROLE verify_reader;
SELECT is_empty('SELECT * FROM margin_calib.verify()', 'and verifies with them the accounts that it sees: none');
SELECT throws_ok($$ SELECT * FROM margin_calib.verify(accounts => '{1}') $$, '42704', 'account 1 is not known');
RESET ROLE;
SELECT grant_account('1', 'verify_reader');
UPDATE requirement SET initial_margin = initial_margin + 1 WHERE account IN ('1', '2');
SET LOCAL ROLE verify_reader;
SELECT results_eq('SELECT DISTINCT account, field FROM margin_calib.verify()', $$ VALUES ('1', 'initial_margin') $$, 'one');
RESET ROLE;
SELECT grant_all_accounts('verify_reader');
SET LOCAL ROLE verify_reader;
SELECT results_eq('SELECT DISTINCT account, field FROM margin_calib.verify() ORDER BY 1', $$ VALUES ('1', 'initial_margin'), ('2', 'initial_margin') $$, 'all');
RESET ROLE;
UPDATE requirement SET initial_margin = initial_margin - 1 WHERE account IN ('1', '2');
SET LOCAL ROLE verify_reader;
SELECT is_empty('SELECT * FROM margin_calib.verify()', 'all is right');
RESET ROLE;
ALTER TABLE t.candles ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE verify_reader;
SELECT results_eq($$ SELECT kind, field, recomputed FROM margin_calib.verify() $$, $$ VALUES ('feed', 't.candles', 'row-level security would hide rows from verify_reader') $$, 'rows that are hidden are no proof');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
