-- The engine: attaching, capture, quarantine, refresh. Numbers are checked in test/pgtap/engine.sql;
-- here it is who is seen, what is refused and with which SQLSTATE.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA engine_test;
SET search_path = engine_test, margin_calib, public;

-- runs a statement and tells its SQLSTATE and its hint
CREATE FUNCTION fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text; state text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN format('%s: %s. %s', state, SQLERRM, hint);
END $$;
-- keys in the queue since the last look, which takes them out: mark them again to have them refreshed
CREATE FUNCTION seen() RETURNS TABLE (relation text, key text, everything boolean) LANGUAGE sql AS $$
    WITH d AS (DELETE FROM margin_calib.capture_queue RETURNING *)
    SELECT f.relation_name, coalesce(d.key, '(null)'), d.everything
      FROM d JOIN margin_calib.feed AS f ON f.id = d.feed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 $$;
-- a series of n daily bars up to yesterday
CREATE FUNCTION bars(n integer, seed integer) RETURNS TABLE (ts timestamptz, price double precision) LANGUAGE sql AS $$
    SELECT date_trunc('day', now()) - (n - i) * interval '1 day', 100 * exp(0.03 * sin(seed + i * i) + 0.01 * sin(i))
      FROM generate_series(1, n) AS i $$;

-- refused
CREATE TABLE odd ("The Symbol" text, "at" timestamptz, "last px" numeric(20, 6), tick jsonb);
SELECT fails($$ SELECT attach_prices('odd', 'symbol', 'at', 'last px') $$);
SELECT fails($$ SELECT attach_prices('odd', 'tick', 'at', 'last px') $$);
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'tick', 'last px') $$);
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'at', 'The Symbol') $$);
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'at', 'last px', policy => 'nobody') $$) LIKE '42704: %' AS unknown_policy;
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'at', 'last px', policy => NULL) $$);
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'at', 'last px', capture => 'magic') $$);
SELECT fails($$ SELECT attach_prices(NULL, 'The Symbol', 'at', 'last px') $$);
SELECT fails($$ SELECT attach_prices('margin_calib.alert', 'instrument', 'ts', 'value') $$);
SELECT fails($$ SELECT attach_prices('pg_stat_activity', 'datname', 'query_start', 'pid') $$);
SELECT fails($$ SELECT attach_positions('odd', 'The Symbol', 'The Symbol', 'at') $$);
SELECT fails($$ SELECT detach('odd') $$);
SELECT fails($$ SELECT set_instrument(NULL) $$);
SELECT fails($$ SELECT set_instrument('') $$);
SELECT fails($$ SELECT set_instrument('X', kind => 'future') $$);
SELECT fails($$ SELECT set_instrument('X', multiplier => -1) $$);
SELECT fails($$ SELECT set_instrument('X', multiplier => 'NaN') $$);
SELECT fails($$ SELECT set_instrument('X', policy => 'nobody') $$) LIKE '42704: %' AS unknown_policy;
SELECT fails($$ SELECT set_amount_step('USD', 0) $$);
SELECT fails($$ SELECT create_standard_tables('margin_calib') $$);
SELECT fails($$ CALL refresh(batch_keys => 0, commit_batches => false) $$);
SELECT fails($$ CALL refresh() $$);
SELECT fails($$ CREATE TRIGGER t AFTER INSERT ON odd FOR EACH ROW EXECUTE FUNCTION margin_calib.capture('1', 'x'); INSERT INTO odd DEFAULT VALUES $$);
SELECT fails($$ SELECT schedule_refresh() $$) LIKE '55000: pg_cron is not installed%' AS no_cron, unschedule();
SELECT count(*) AS feeds FROM feed;

-- odd column names; what each statement marks
CREATE TABLE book (client integer, "inst rument" text, qty real);
SELECT attach_prices('odd', instrument => 'The Symbol', ts => 'at', price => 'last px') > 0 AS attached;
SELECT attach_positions('book', account => 'client', instrument => 'inst rument', quantity => 'qty') > 0 AS attached;
SELECT fails($$ SELECT attach_prices('odd', 'The Symbol', 'at', 'last px') $$);
SELECT * FROM seen();
INSERT INTO odd SELECT 'A', b.* FROM bars(120, 1) AS b UNION ALL SELECT 'B', b.* FROM bars(120, 2) AS b;
INSERT INTO book VALUES (1, 'A', 2.5), (1, 'B', -1), (2, 'A', 3), (NULL, 'A', 1);
SELECT * FROM seen();
UPDATE odd SET "The Symbol" = 'C' WHERE "The Symbol" = 'B' AND at > now() - interval '30 days';
DELETE FROM book WHERE client = 2;
INSERT INTO odd SELECT NULL, now(), 1 WHERE false;
SELECT * FROM seen();
UPDATE odd SET "The Symbol" = 'B' WHERE "The Symbol" = 'C';
TRUNCATE book;
SELECT * FROM seen();
INSERT INTO book VALUES (1, 'A', 2.5), (1, 'B', -1), (2, 'A', 3), (3, 'Z', 3);
COPY odd FROM STDIN;
A	2019-01-01	100	\N
A	2019-01-01	100	\N
\.
DELETE FROM odd WHERE at = '2019-01-01';
UPDATE odd SET at = at;
CALL refresh();
SELECT instrument, policy, is_stale, stale_reason, price IS NOT NULL AS priced FROM margin_parameter ORDER BY 1;
SELECT account, positions, is_stale, stale_reason FROM margin_requirement ORDER BY 1;
SELECT instrument, account, reason, resolved_at IS NULL AS open FROM quarantine ORDER BY 1, 2;
-- nothing new: nothing to do
CALL refresh(); SELECT batches, instruments, accounts, error FROM refresh_run ORDER BY id DESC LIMIT 1;

-- bad prices of every kind are committed by their feed, and quarantined
ALTER TABLE odd ALTER COLUMN "last px" TYPE numeric;
INSERT INTO odd VALUES ('A', now() - interval '1 hour', 0), ('A', now() - interval '2 hours', -5), ('A', now() - interval '3 hours', NULL),
    ('A', now() - interval '4 hours', 'NaN'), ('A', now() - interval '5 hours', 'Infinity'), ('A', now() - interval '6 hours', '1e400'),
    ('A', now() - interval '7 hours', '1e-400'), ('A', NULL, 7), ('A', 'infinity', 7), ('A', now() + interval '1 day', 7), (NULL, now(), 7);
INSERT INTO odd VALUES ('A', now() - interval '1 hour', 0);
SELECT last_price AS before FROM instrument WHERE instrument = 'A' \gset
CALL refresh();
CALL recalibrate();
SELECT instrument, price IN ('NaN', 'Infinity') OR price LIKE '1000%' OR price LIKE '0.000%' AS odd_price, reason, count(*)
  FROM quarantine WHERE instrument IS DISTINCT FROM 'Z' GROUP BY 1, 2, 3 ORDER BY 3, 2;
SELECT (q.row_data ->> 'The Symbol') AS kept_row FROM quarantine AS q WHERE reason = 'price is not positive' AND price = '-5';
SELECT is_stale, last_price = :before AS same_price FROM margin_parameter JOIN instrument USING (instrument) WHERE instrument = 'A';
-- the time of a future row comes; repaired and deleted rows are resolved
UPDATE quarantine SET ts = now() - interval '1 minute' WHERE reason = 'ts is in the future';
UPDATE odd SET at = now() - interval '1 minute', "last px" = 101 WHERE at > now() AND isfinite(at);
DELETE FROM margin_calib.capture_queue;
CALL refresh();
SELECT last_price FROM instrument WHERE instrument = 'A';
SELECT reason FROM quarantine WHERE instrument = 'A' AND resolved_at IS NOT NULL;
DELETE FROM odd WHERE at IS NULL OR "The Symbol" IS NULL OR NOT isfinite(at) OR ("last px" BETWEEN 1 AND 1e9) IS NOT TRUE;
CALL refresh();
SELECT count(*) AS open FROM quarantine WHERE instrument IS DISTINCT FROM 'Z' AND resolved_at IS NULL;

-- positions: unusable rows, and an unknown instrument that appears
INSERT INTO book VALUES (4, NULL, 1), (4, 'A', 'NaN'), (4, 'A', 1), (NULL, 'A', 1);
CALL refresh();
SELECT account, instrument, quantity, reason FROM quarantine WHERE resolved_at IS NULL ORDER BY 1, 2, 3;
SELECT account, instrument, quantity, stale_reason FROM margin_position WHERE account IN ('3', '4') ORDER BY 1, 2;
SELECT account, is_stale, stale_reason FROM margin_requirement WHERE account IN ('3', '4') ORDER BY 1;
INSERT INTO odd SELECT 'Z', b.* FROM bars(5, 3) AS b;
DELETE FROM book WHERE client = 4 AND qty = 'NaN' OR "inst rument" IS NULL OR client IS NULL;
CALL refresh();
SELECT instrument, policy, fallback FROM margin_parameter WHERE instrument = 'Z';
SELECT count(*) AS open FROM quarantine WHERE resolved_at IS NULL;
SELECT account, is_stale FROM margin_requirement ORDER BY 1;

-- a new product is promoted when it has enough returns; a policy that the user gave stays
INSERT INTO odd SELECT 'Z', b.* FROM bars(120, 3) AS b;
CALL refresh();
SELECT policy, fallback FROM margin_parameter WHERE instrument = 'Z';
SELECT count(*), count(*) FILTER (WHERE valid_to IS NULL) AS in_force FROM margin_parameter_history WHERE instrument = 'Z';
SELECT set_instrument('Z', policy => 'prop_desk');
SELECT is_stale, stale_reason FROM margin_parameter WHERE instrument = 'Z';
CALL refresh();
SELECT policy, policy_is_automatic FROM margin_parameter WHERE instrument = 'Z';
SELECT set_instrument('Z', policy => 'automatic');
CALL refresh();
SELECT policy, policy_is_automatic FROM margin_parameter WHERE instrument = 'Z';
-- the same again changes no history
SELECT count(*) AS history FROM parameter \gset
CALL recalibrate();
SELECT count(*) = :history AS same_history FROM parameter;

-- a jump: one alert, and it counts
SELECT initial_rate AS before FROM margin_parameter WHERE instrument = 'B' \gset
INSERT INTO odd VALUES ('B', now() - interval '10 minutes', 30);
CALL refresh();
CALL recalibrate();
SELECT instrument, kind, value FROM alert WHERE kind = 'jump';
SELECT initial_rate > :before AS rose FROM margin_parameter WHERE instrument = 'B';

-- a calibration that fails leaves the others alone
SELECT last_price AS before FROM instrument WHERE instrument = 'A' \gset
SET margin_calib.max_state_mb = 1;
INSERT INTO odd SELECT 'A', '2000-01-01'::timestamptz + i * interval '1 hour', 100 FROM generate_series(1, 150000) AS i;
INSERT INTO odd VALUES ('Z', now() - interval '9 minutes', 100);
CALL refresh();
SELECT instrument, is_stale, stale_reason LIKE 'calibration failed: % (54000)' AS limited FROM margin_parameter ORDER BY 1;
SELECT last_price = :before AS kept FROM instrument WHERE instrument = 'A';
SELECT kind, instrument FROM alert WHERE kind = 'calibration_failed';
SELECT account, is_stale FROM margin_requirement ORDER BY 1;
RESET margin_calib.max_state_mb;
DELETE FROM odd WHERE at < '2020-01-01';
CALL refresh();
SELECT bool_or(is_stale) AS any_stale FROM margin_requirement;
SELECT last_error LIKE 'A: calibration failed%' AS logged, is_stale FROM refresh_status;

-- a column that is renamed, and a table that is dropped
ALTER TABLE odd RENAME COLUMN "last px" TO px;
INSERT INTO odd VALUES ('A', now() - interval '8 minutes', 50);
CALL refresh();
SELECT error FROM feed WHERE kind = 'prices';
SELECT DISTINCT stale_reason FROM margin_parameter;
ALTER TABLE odd RENAME COLUMN px TO "last px";
CALL refresh();
SELECT error FROM feed WHERE kind = 'prices';
SELECT instrument, is_stale, last_price FROM margin_parameter JOIN instrument USING (instrument) WHERE instrument = 'A';
DROP TABLE book;
CALL refresh();
SELECT error FROM feed WHERE kind = 'positions';
SELECT DISTINCT is_stale, stale_reason FROM margin_requirement;
SELECT fails($$ SELECT requirement_now('1') $$) LIKE '55000: position feed%' AS refused;
SELECT detach(relation) FROM feed WHERE error IS NOT NULL;
CALL refresh();
SELECT count(*) FROM margin_requirement;
SELECT detach('odd');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'odd'::regclass;
INSERT INTO odd VALUES ('A', now(), 1);
CALL refresh();
SELECT DISTINCT stale_reason FROM margin_parameter;
SELECT count(*) > 0 AS history_stays FROM margin_parameter_history;
DELETE FROM margin_calib.instrument; DELETE FROM margin_calib.alert; DELETE FROM margin_calib.quarantine;
DROP TABLE odd;

-- partitions: loads into the parent, an intermediate and a leaf; ATTACH, DETACH, CREATE
CREATE TABLE px (sym integer NOT NULL, ts timestamp, p double precision) PARTITION BY LIST (sym);
CREATE TABLE px_1 PARTITION OF px FOR VALUES IN (1, 11) PARTITION BY RANGE (ts);
CREATE TABLE px_1_a PARTITION OF px_1 FOR VALUES FROM ('2000-01-01') TO ('2100-01-01');
SELECT attach_prices('px', 'sym', 'ts', 'p') > 0 AS attached;
SELECT relation FROM captured_relation ORDER BY relation::text;
DELETE FROM margin_calib.capture_queue;
INSERT INTO px SELECT 1, b.ts::timestamp, b.price FROM bars(100, 1) AS b;
SELECT * FROM seen();
INSERT INTO px_1 SELECT 11, b.ts::timestamp, b.price FROM bars(100, 2) AS b;
SELECT * FROM seen();
INSERT INTO px_1_a VALUES (1, now(), 100);
UPDATE px SET p = p * 1.01 WHERE sym = 11;
SELECT * FROM seen();
CREATE TABLE px_2 PARTITION OF px FOR VALUES IN (2);
INSERT INTO px_2 SELECT 2, b.ts::timestamp, b.price FROM bars(100, 3) AS b;
CREATE TABLE px_3 (p double precision, ts timestamp, sym integer NOT NULL);
INSERT INTO px_3 SELECT b.price, b.ts::timestamp, 3 FROM bars(100, 4) AS b;
ALTER TABLE px ATTACH PARTITION px_3 FOR VALUES IN (3);
SELECT * FROM seen();
UPDATE px SET p = p WHERE sym IN (1, 11);
CALL refresh();
SELECT relation FROM captured_relation ORDER BY relation::text;
SELECT instrument, price IS NOT NULL AS priced FROM margin_parameter ORDER BY 1;
INSERT INTO px_3 VALUES (77, date_trunc('day', now()), 3);
CALL refresh();
SELECT price FROM margin_parameter WHERE instrument = '3';
ALTER TABLE px DETACH PARTITION px_3;
ALTER TABLE px DETACH PARTITION px_2;
DROP TABLE px_2;
CALL refresh();
SELECT relation FROM captured_relation ORDER BY relation::text;
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid = 'px_3'::regclass;
SELECT instrument, is_stale, stale_reason FROM margin_parameter ORDER BY 1;
TRUNCATE px_1;
SELECT relation, key, everything FROM seen();
SELECT detach('px');
SELECT count(*) AS triggers FROM pg_trigger WHERE tgrelid IN (SELECT relid FROM pg_partition_tree('px'));
DROP TABLE px, px_3; DELETE FROM margin_calib.instrument; DELETE FROM margin_calib.capture_queue;

-- watermark: a view with a uuid key and dates; positions of a view are recomputed whole
CREATE TABLE raw (id uuid, d date, p integer);
CREATE VIEW shown AS SELECT * FROM raw;
CREATE TABLE held (who character(8), id uuid, q integer);
CREATE VIEW held_shown AS SELECT * FROM held;
SELECT fails($$ SELECT attach_prices('shown', 'id', 'd', 'p') $$);
SELECT attach_prices('shown', 'id', 'd', 'p', capture => 'watermark') > 0 AS attached;
SELECT attach_positions('held_shown', 'who', 'id', 'q', capture => 'watermark') > 0 AS attached;
INSERT INTO raw SELECT '11111111-1111-1111-1111-111111111111', b.ts::date, 1000 * b.price FROM bars(100, 1) AS b;
INSERT INTO held VALUES ('al', '11111111-1111-1111-1111-111111111111', 2);
CALL refresh();
SELECT account, instrument, quantity, price IS NOT NULL AS priced FROM margin_position;
SELECT watermark = (SELECT max(d) FROM raw) FROM feed WHERE kind = 'prices';
CALL refresh();
SELECT instruments, accounts FROM refresh_run ORDER BY id DESC LIMIT 1;
INSERT INTO raw VALUES ('22222222-2222-2222-2222-222222222222', (SELECT max(d) FROM raw), 5), ('11111111-1111-1111-1111-111111111111', (SELECT min(d) - 1 FROM raw), 9);
UPDATE held SET q = 3;
CALL refresh();
SELECT instruments, accounts FROM refresh_run ORDER BY id DESC LIMIT 1;
SELECT instrument, returns FROM margin_parameter ORDER BY 1;
SELECT account, quantity FROM margin_position;
CALL recalibrate();
SELECT first_ts::date = (SELECT min(d) FROM raw) AS from_the_first, returns FROM margin_parameter WHERE instrument LIKE '1%';
SELECT detach('shown'), detach('held_shown');

-- keys of every type, many keys in one statement, and spilled transition rows
CREATE TYPE color AS ENUM ('red', 'blue');
CREATE DOMAIN ticker AS varchar(12);
CREATE TABLE kinds (c character(6), n name, v ticker, s smallint, b bigint, u uuid, e color, x text, ts date, p real);
CREATE FUNCTION marks(column_name name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    PERFORM margin_calib.attach_prices('kinds', column_name, 'ts', 'p');
    DELETE FROM margin_calib.capture_queue;
    INSERT INTO kinds VALUES ('ab', 'ab', 'ab', 7, -7, '33333333-3333-3333-3333-333333333333', 'blue', repeat('k', 300), '2024-01-01', 1),
                             ('ab', 'ab', 'ab', 7, -7, '33333333-3333-3333-3333-333333333333', 'blue', repeat('k', 300), '2024-01-02', 2),
                             ('', '', '', 8, 8, NULL, NULL, '', '2024-01-02', 2), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, now(), 1);
    SELECT string_agg(coalesce(quote_literal(left(key, 20)), 'NULL'), ' ' ORDER BY key) INTO result FROM margin_calib.capture_queue;
    CALL margin_calib.refresh(commit_batches => false);
    result := result || ' -> ' || (SELECT string_agg(quote_literal(left(instrument, 20)), ' ' ORDER BY instrument) FROM margin_calib.instrument);
    PERFORM margin_calib.detach('kinds');
    DELETE FROM margin_calib.instrument; DELETE FROM margin_calib.capture_queue; TRUNCATE kinds;
    RETURN result;
END $$;
DELETE FROM margin_calib.instrument;
SELECT k, marks(k::name) FROM unnest(ARRAY['c', 'n', 'v', 's', 'b', 'u', 'e', 'x']) AS k;
SELECT attach_prices('kinds', 'b', 'ts', 'p') > 0 AS attached;
DELETE FROM margin_calib.capture_queue;
SET work_mem = '64kB';
INSERT INTO kinds (b, ts, p) SELECT i % 100000, '2024-01-01', 1 FROM generate_series(1, 200000) AS i;
RESET work_mem;
SELECT count(DISTINCT key) AS keys, count(*) BETWEEN 100000 AND 200000 AS not_too_often FROM capture_queue;
SELECT detach('kinds');

-- standard tables: bad closes are refused there
SELECT create_standard_tables('engine_test');
SELECT fails($$ INSERT INTO candles VALUES ('X', now(), 1, 1, 1, 'NaN', 1) $$) LIKE '23514: %' AS refused;
INSERT INTO candles SELECT 'X', b.ts, NULL, NULL, NULL, b.price FROM bars(100, 1) AS b;
INSERT INTO positions VALUES ('bob', 'X', -3);
CALL refresh();
SELECT account, currency, positions, is_stale FROM margin_requirement;
SELECT fails($$ SELECT create_standard_tables('engine_test') $$);
SELECT detach('candles'), detach('positions');
CALL refresh();
DELETE FROM margin_calib.instrument; DELETE FROM margin_calib.alert;
DROP SCHEMA engine_test CASCADE;
