-- input_change: what the capture triggers keep of changes in the past, and what refresh makes of it. Expected rows are written
-- out, or recomputed from a copy of the table before the change.
\set ECHO none
\set QUIET 1
SET client_min_messages = warning;
SET timezone = 'UTC';
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- what was logged since the last look, in order, without id and at: "feed instrument ts until old_price change"
CREATE FUNCTION logged() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT concat_ws(' ', coalesce(c.instrument, '(all)'), coalesce(to_char(c.ts, 'YYYY-MM-DD HH24:MI'), CASE WHEN c.ts IS NULL THEN '(no ts)' ELSE c.ts::text END),
                                  '..' || to_char(c.until_ts, 'YYYY-MM-DD HH24:MI'), coalesce(c.old_price, '(no price)'), c.change)
                   FROM margin_calib.input_change AS c ORDER BY c.id;
    DELETE FROM margin_calib.input_change;
END $$;
-- and what was queued, with the range of rows that were inserted in time
CREATE FUNCTION queued() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT concat_ws(' ', CASE WHEN q.everything THEN '(everything)' ELSE coalesce(q.key, '(null)') END, q.from_ts::date, '..', q.to_ts::date)
                   FROM margin_calib.capture_queue AS q ORDER BY 1;
    DELETE FROM margin_calib.capture_queue;
END $$;
CREATE FUNCTION fails(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- A, B: 100 daily bars up to 2024-04-09, priced by the feed; C: unknown
CREATE TABLE t.bars (note text, at timestamptz, px numeric, sym text);
SELECT attach_prices('t.bars', 'sym', 'at', 'px') AS feed \gset
INSERT INTO bars SELECT 'first', timestamptz '2024-01-01' + i * interval '1 day', 100 + i, k FROM generate_series(0, 99) AS i, unnest('{A,B}'::text[]) AS k;
SELECT results_eq('SELECT queued()', $$ VALUES ('(everything) ..'), ('A 2024-01-01 .. 2024-04-09'), ('B 2024-01-01 .. 2024-04-09') $$, 'a first load is queued with its range');
SELECT is_empty('SELECT logged()', 'and leaves nothing in the log');
UPDATE bars SET px = px + 1 WHERE at < '2024-01-03'; DELETE FROM bars WHERE at = '2024-01-02';
SELECT is_empty('SELECT logged()', 'nor do changes before the first refresh');
DELETE FROM bars; INSERT INTO bars SELECT 'first', timestamptz '2024-01-01' + i * interval '1 day', 100 + i, k FROM generate_series(0, 99) AS i, unnest('{A,B}'::text[]) AS k;
CALL refresh(commit_batches => false);
SELECT is_empty('SELECT logged()', 'nor does the first refresh');
SELECT results_eq('SELECT instrument, data_through FROM instrument ORDER BY 1', $$ VALUES ('A', timestamptz '2024-04-09'), ('B', timestamptz '2024-04-09') $$, 'both are priced');

-- ---- inserts ----
INSERT INTO bars VALUES ('late', '2024-02-01 12:00', 7, 'A'), ('on time', '2024-04-10', 7, 'A'), ('at the end', '2024-04-09', 8, 'A'),
    ('new', '2024-02-01', 7, 'C'), ('later', '2024-04-13', 7, 'A'), ('a moment later', '2024-04-09 00:00:00.000001', 7, 'B');
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-02-01 12:00 (no price) insert'), ('A 2024-04-09 00:00 (no price) insert') $$, 'late inserts, the newest ts included');
SELECT results_eq('SELECT queued()', $$ VALUES ('A 2024-04-10 .. 2024-04-13'), ('B 2024-04-09 .. 2024-04-09'), ('C 2024-02-01 .. 2024-02-01') $$,
                  'ranges are of the rows that were not late');
INSERT INTO bars VALUES ('late', '2024-02-01 13:00', NULL, 'A'), (NULL, NULL, 7, 'A'), (NULL, 'infinity', 7, 'A'), (NULL, '-infinity', 7, 'A'), (NULL, '2024-02-01', 7, NULL);
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-02-01 13:00 (no price) insert') $$, 'no ts, an infinite one and no instrument are not late');
SELECT results_eq('SELECT queued()', $$ VALUES ('(null) ..'), ('A ..') $$, 'and make no range');
DELETE FROM bars WHERE note IS DISTINCT FROM 'first';
DELETE FROM input_change; DELETE FROM capture_queue;

-- the columns
INSERT INTO bars VALUES ('late', '2024-02-01 12:00', 7, 'A');
SELECT results_eq('SELECT feed, instrument, ts, until_ts, old_price, change, at, login, reading FROM input_change',
                  format($$ VALUES (%s, 'A', timestamptz '2024-02-01 12:00', NULL::timestamptz, NULL::text, 'insert', now(), session_user::text COLLATE "default", NULL::bigint) $$, :feed), 'the whole row');
SELECT is(count(DISTINCT id), 1::bigint, 'it has an id') FROM input_change WHERE id > 0;
DELETE FROM input_change;

-- ---- updates ----
UPDATE bars SET note = 'x';
UPDATE bars SET px = px, at = at, sym = sym WHERE sym = 'A';
UPDATE bars SET px = px WHERE false;
SELECT is_empty('SELECT logged()', 'an update that changes nothing');
CREATE TABLE t.before AS SELECT * FROM bars;
UPDATE bars SET px = px * 2 WHERE extract(day FROM at) IN (1, 2);
SELECT results_eq($$ SELECT instrument, ts, old_price, change FROM input_change ORDER BY 1, 2 $$,
                  $$ SELECT sym, at, px::text, 'update' FROM before WHERE extract(day FROM at) IN (1, 2) ORDER BY 1, 2 $$, 'a correction of many rows');
SELECT is(count(*), 17::bigint, 'two days of four months of two, and one that came late') FROM input_change;
DELETE FROM input_change; DELETE FROM capture_queue;
UPDATE bars SET px = CASE sym WHEN 'A' THEN px ELSE 5.0 END WHERE at = '2024-03-05';
SELECT results_eq('SELECT logged()', $$ VALUES ('B 2024-03-05 00:00 164 update') $$, 'only the row that changed');
UPDATE bars SET px = 5.00 WHERE at = '2024-03-05' AND sym = 'B';
SELECT results_eq('SELECT logged()', $$ VALUES ('B 2024-03-05 00:00 5.0 update') $$, '5.0 to 5.00 is a change as printed');
UPDATE bars SET px = NULL WHERE at = '2024-03-05' AND sym = 'B'; UPDATE bars SET px = NULL WHERE at = '2024-03-05' AND sym = 'B'; UPDATE bars SET px = 6 WHERE at = '2024-03-05' AND sym = 'B';
SELECT results_eq('SELECT logged()', $$ VALUES ('B 2024-03-05 00:00 5.00 update'), ('B 2024-03-05 00:00 (no price) update') $$, 'to no price, and from it');
DELETE FROM capture_queue;
UPDATE bars SET at = at + interval '1 hour' WHERE at = '2024-03-06' AND sym = 'A';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-06 00:00 165 update'), ('A 2024-03-06 01:00 (no price) insert') $$, 'another ts in the past');
UPDATE bars SET at = at + interval '100 days' WHERE at = '2024-03-07' AND sym = 'A';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-07 00:00 166 update') $$, 'a ts after the newest is no late one');
SELECT results_eq('SELECT queued()', $$ VALUES ('A ..'), ('A 2024-06-15 .. 2024-06-15') $$, 'but one inserted in time');
UPDATE bars SET sym = 'B' WHERE at = '2024-03-08' AND sym = 'A';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-08 00:00 167 update'), ('B 2024-03-08 00:00 (no price) insert') $$, 'another instrument');
UPDATE bars SET sym = 'C' WHERE at = '2024-03-09' AND sym = 'A';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-09 00:00 168 update') $$, 'an unknown one');
UPDATE bars SET sym = 'A' WHERE at = '2024-03-09' AND sym = 'C';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-09 00:00 (no price) insert') $$, 'from an unknown one');
UPDATE bars SET sym = NULL WHERE at = '2024-03-10' AND sym = 'A'; UPDATE bars SET sym = 'A' WHERE at = '2024-03-10' AND sym IS NULL;
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-10 00:00 169 update'), ('A 2024-03-10 00:00 (no price) insert') $$, 'to none and back');
UPDATE bars SET at = NULL WHERE at = '2024-03-11' AND sym = 'A'; UPDATE bars SET at = '2024-03-11' WHERE at IS NULL AND sym = 'A';
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-11 00:00 170 update'), ('A (no ts) 170 update'), ('A 2024-03-11 00:00 (no price) insert') $$, 'without a ts and back');
-- old and new rows pair by place, also when they change places
UPDATE bars SET px = CASE at WHEN '2024-03-12' THEN 172 ELSE 171 END WHERE sym = 'A' AND at IN ('2024-03-12', '2024-03-13');
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-12 00:00 171 update'), ('A 2024-03-13 00:00 172 update') $$, 'two rows that change prices');

-- ---- deletes, ON CONFLICT, MERGE, COPY, CTEs ----
DELETE FROM before; INSERT INTO before SELECT * FROM bars;
DELETE FROM bars WHERE extract(day FROM at) = 20;
SELECT results_eq($$ SELECT instrument, ts, old_price, change FROM input_change ORDER BY 1, 2 $$,
                  $$ SELECT sym, at, px::text, 'delete' FROM before WHERE extract(day FROM at) = 20 ORDER BY 1, 2 $$, 'a delete of many rows');
DELETE FROM input_change;
CREATE UNIQUE INDEX ON bars (sym, at) WHERE at >= '2024-03-14';
INSERT INTO bars VALUES ('x', '2024-03-14', 1, 'A'), ('x', '2024-03-14 01:00', 1, 'A'), ('x', '2024-08-01', 1, 'A'), ('x', '2024-03-15', 174, 'A')
    ON CONFLICT (sym, at) WHERE at >= '2024-03-14' DO UPDATE SET px = excluded.px;
SELECT set_eq('SELECT logged()', $$ VALUES ('A 2024-03-14 00:00 173 update'), ('A 2024-03-14 01:00 (no price) insert') $$, 'ON CONFLICT DO UPDATE');
MERGE INTO bars USING (VALUES ('A', timestamptz '2024-03-16', 9), ('A', '2024-03-16 01:00', 9), ('A', '2024-03-17', NULL), ('D', '2024-03-16', 9)) AS v (s, a, p) ON sym = s AND at = a
    WHEN MATCHED AND p IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET px = p WHEN NOT MATCHED THEN INSERT VALUES ('m', a, p, s);
SELECT set_eq('SELECT logged()', $$ VALUES ('A 2024-03-16 00:00 175 update'), ('A 2024-03-16 01:00 (no price) insert'), ('A 2024-03-17 00:00 176 delete') $$, 'MERGE');
WITH d AS (DELETE FROM bars WHERE sym = 'A' AND at = '2024-03-18' RETURNING *) INSERT INTO bars SELECT 'moved', at + interval '1 hour', px, sym FROM d;
SELECT set_eq('SELECT logged()', $$ VALUES ('A 2024-03-18 00:00 177 delete'), ('A 2024-03-18 01:00 (no price) insert') $$, 'a data-modifying CTE');
COPY bars FROM stdin;
c	2024-03-19 01:00+00	1	A
c	2024-03-19 02:00+00	NaN	B
c	2025-03-19 02:00+00	1	B
\.
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-03-19 01:00 (no price) insert'), ('B 2024-03-19 02:00 (no price) insert') $$, 'COPY');
SAVEPOINT a; DELETE FROM bars; ROLLBACK TO a;
SELECT is_empty('SELECT logged()', 'what is rolled back was not');

-- ---- prices of every type, to the last digit ----
CREATE DOMAIN t.whole AS bigint; CREATE DOMAIN t.price AS double precision CHECK (value > -5); CREATE DOMAIN t.day AS date; CREATE DOMAIN t.name AS varchar(10);
CREATE FUNCTION old_prices(type text, VARIADIC prices text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE fed integer; result text;
BEGIN
    EXECUTE format('CREATE TABLE t.typed (k t.name, d t.day, p %s)', type);
    fed := margin_calib.attach_prices('t.typed', 'k', 'd', 'p');
    INSERT INTO margin_calib.instrument (instrument, price_feed, data_through) VALUES ('T', fed, '2024-12-31');
    EXECUTE format('INSERT INTO t.typed SELECT ''T'', date ''2025-01-01'' + i::integer, p::%s FROM unnest($1) WITH ORDINALITY AS u (p, i)', type) USING prices;
    DELETE FROM t.typed;
    SELECT string_agg(c.old_price, ' ' ORDER BY c.id) INTO result FROM margin_calib.input_change AS c WHERE c.feed = fed;
    PERFORM margin_calib.detach('t.typed');
    DELETE FROM margin_calib.instrument WHERE instrument = 'T'; DELETE FROM margin_calib.input_change;
    DROP TABLE t.typed;
    RETURN result;
END $$;
SET LOCAL extra_float_digits = -15;
SELECT is(old_prices('double precision', '0.1', '1e300', '123456789.12345679', '5e-324', 'NaN', 'Infinity', '-Infinity', '-0', '0.30000000000000004'),
          '0.1 1e+300 123456789.12345679 5e-324 NaN Infinity -Infinity -0 0.30000000000000004', 'float8: shortest, whatever extra_float_digits is');
-- 0.1 as real is 13421773 / 2^27 = 0.100000001490116119384765625; its shortest double is 0.10000000149011612
SELECT is(old_prices('real', '0.1', '1.5', 'NaN'), '0.10000000149011612 1.5 NaN', 'float4: the double that a cast gives');
SELECT is(old_prices('t.price', '2.5'), '2.5', 'a domain');
SELECT is(old_prices('numeric', '1.50', '100000000000000000000000000000000000001.000000000000000000000000000001', 'NaN', '1e400'),
          '1.50 100000000000000000000000000000000000001.000000000000000000000000000001 NaN 1' || repeat('0', 400), 'numeric');
SELECT is(old_prices('numeric(20,6)', '1.5'), '1.500000', 'numeric of a scale');
SELECT is(old_prices('smallint', '-7', '32767'), '-7 32767', 'int2');
SELECT is(old_prices('integer', '-2147483648'), '-2147483648', 'int4');
SELECT is(old_prices('t.whole', '9223372036854775807', NULL, '1'), '9223372036854775807 1', 'int8 by a domain, and a NULL');
RESET extra_float_digits;
SELECT is(length(old_prices('numeric', repeat('123456789', 3000))), 27000, 'a price of 27,000 digits');
-- a float that changes in the last bit is another price, the same value again is not
CREATE TABLE t.floats (k text, d timestamp, p real);
SELECT attach_prices('t.floats', 'k', 'd', 'p') AS floats \gset
INSERT INTO instrument (instrument, price_feed, data_through) VALUES ('F', :floats, '2024-01-10 12:00+00');
INSERT INTO floats VALUES ('F', '2024-01-11', 0.1), ('F', '2024-01-12', 'NaN');
SET LOCAL extra_float_digits = -5;
UPDATE floats SET p = 0.10000001 WHERE d = '2024-01-11'; UPDATE floats SET p = 'NaN'; UPDATE floats SET p = 'Infinity'::real - 'Infinity'::real;
RESET extra_float_digits;
SELECT results_eq('SELECT logged()', $$ VALUES ('F 2024-01-11 00:00 0.10000000149011612 update'), ('F 2024-01-11 00:00 0.10000000894069672 update') $$, 'the last bit counts');

-- ---- ts as timestamp and date: UTC, whatever the session's zone is ----
SET LOCAL timezone = 'Pacific/Auckland';
INSERT INTO floats VALUES ('F', '2024-01-10 12:00', 1), ('F', '2024-01-10 12:00:00.000001', 1), ('F', 'infinity', 1);
SELECT is(string_agg(ts::text, ' '), '2024-01-11 01:00:00+13', 'a timestamp is UTC') FROM input_change;
SELECT is(string_agg(from_ts::text || ' ' || to_ts::text, ' '), '2024-01-11 01:00:00.000001+13 2024-01-11 01:00:00.000001+13', 'in ranges, too') FROM capture_queue WHERE from_ts IS NOT NULL AND key = 'F' AND from_ts < '2024-01-11 00:00+00';
DELETE FROM input_change;
CREATE TABLE t.days (k integer, d date, p integer);
SELECT attach_prices('t.days', 'k', 'd', 'p') AS days \gset
INSERT INTO instrument (instrument, price_feed, data_through) VALUES ('77', :days, '2024-01-10 00:00+00');
INSERT INTO days VALUES (77, '2024-01-10', 5), (77, '2024-01-11', 5), (77, '5874897-12-31', 5), (77, 'infinity', 5), (77, '4714-11-24 BC', 5), (78, '2024-01-01', 1);
SELECT is(string_agg(ts AT TIME ZONE 'UTC' || ' ' || instrument, ', ' ORDER BY id), '2024-01-10 00:00:00 77, 4714-11-24 00:00:00 BC 77', 'a date is UTC midnight; dates that no timestamp reaches are infinite') FROM input_change;
SELECT is(string_agg(concat_ws(' ', key, from_ts AT TIME ZONE 'UTC', to_ts AT TIME ZONE 'UTC'), ', ' ORDER BY key), '77 2024-01-11 00:00:00 2024-01-11 00:00:00, 78 2024-01-01 00:00:00 2024-01-01 00:00:00', 'in ranges, too')
  FROM capture_queue WHERE feed = :days AND NOT everything;
SET LOCAL timezone = 'UTC';
DELETE FROM input_change;
DELETE FROM days WHERE d = '5874897-12-31';
SELECT is(ts, 'infinity', 'a delete of such a date') FROM input_change;
DELETE FROM input_change;

-- ---- whose instrument it is: another feed's rows, a detached feed's, a long name ----
CREATE TABLE t.second (LIKE bars);
SELECT attach_prices('t.second', 'sym', 'at', 'px') AS second \gset
INSERT INTO second VALUES ('x', '2024-02-01', 1, 'A'); UPDATE second SET px = 2; DELETE FROM second;
SELECT is_empty('SELECT logged()', 'rows of a feed that does not price the instrument');
UPDATE instrument SET data_through = NULL WHERE instrument = 'B';
DELETE FROM bars WHERE sym = 'B' AND at = '2024-01-05';
SELECT is_empty('SELECT logged()', 'an instrument without a price');
UPDATE instrument SET data_through = '2024-04-09' WHERE instrument = 'B';
DELETE FROM bars WHERE sym = 'B' AND at = '2024-01-06';
SELECT results_eq('SELECT logged()', $$ VALUES ('B 2024-01-06 00:00 105 delete') $$, 'and with one again');
SELECT lives_ok($$ INSERT INTO t.bars VALUES ('x', '2024-02-01', 1, repeat('x', 100000)), ('x', '2024-02-01', 1, ''), ('x', '2024-02-01', 1, repeat('y', 501)) $$, 'a name that no index can hold');
SELECT is_empty('SELECT logged()', 'is no instrument');
DELETE FROM bars WHERE length(sym) <> 1;

-- ---- ON a partitioned table a row is logged once, wherever the statement is aimed ----
CREATE TABLE t.parted (sym text, at timestamptz, px numeric) PARTITION BY RANGE (at);
CREATE TABLE t.parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE t.parted_2 (px numeric, gone text, at timestamptz, sym text);
ALTER TABLE t.parted_2 DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION t.parted_2 FOR VALUES FROM ('2024-02-01') TO ('2030-01-01');
SELECT attach_prices('t.parted', 'sym', 'at', 'px') AS parted \gset
INSERT INTO parted SELECT 'P', timestamptz '2024-01-01' + i * interval '1 day', 100 + i FROM generate_series(0, 99) AS i;
CALL refresh(commit_batches => false);
DELETE FROM input_change;
INSERT INTO parted VALUES ('P', '2024-01-05 12:00', 1); INSERT INTO parted_2 VALUES (1, '2024-03-05 12:00', 'P');
UPDATE parted SET px = 2 WHERE px = 1; UPDATE parted_2 SET px = 3 WHERE px = 2; DELETE FROM parted_1 WHERE px = 2;
SELECT results_eq('SELECT logged()', $$ VALUES ('P 2024-01-05 12:00 (no price) insert'), ('P 2024-03-05 12:00 (no price) insert'), ('P 2024-01-05 12:00 1 update'),
    ('P 2024-03-05 12:00 1 update'), ('P 2024-03-05 12:00 2 update'), ('P 2024-01-05 12:00 2 delete') $$, 'parent and partitions');
UPDATE parted SET at = CASE WHEN at < '2024-02-01' THEN at + interval '60 days 1 minute' ELSE at END WHERE at IN ('2024-01-10', '2024-02-10', '2024-01-11');
SELECT set_eq('SELECT logged()', $$ VALUES ('P 2024-01-10 00:00 109 update'), ('P 2024-03-10 00:01 (no price) insert'), ('P 2024-01-11 00:00 110 update'), ('P 2024-03-11 00:01 (no price) insert') $$,
              'rows that move to another partition, and one that stays');
CREATE FUNCTION t.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN new.px = 111 THEN NULL ELSE new END; END';
CREATE TRIGGER refuse BEFORE INSERT ON t.parted_2 FOR EACH ROW EXECUTE FUNCTION t.refuse();
UPDATE parted SET at = CASE WHEN at < '2024-02-01' THEN at + interval '60 days 1 minute' ELSE at END WHERE at IN ('2024-01-12', '2024-02-12', '2024-01-13');
SELECT set_eq('SELECT logged()', $$ VALUES ('P 2024-01-12 00:00 111 update'), ('P 2024-01-13 00:00 112 update'), ('P 2024-03-13 00:01 (no price) insert'),
    ('P 2024-02-12 00:00 142 update'), ('P 2024-02-12 00:00 (no price) insert') $$, 'rows that do not pair are told in full');
DROP TRIGGER refuse ON t.parted_2;

-- ---- TRUNCATE ----
TRUNCATE t.second;
SELECT is_empty('SELECT logged()', 'of a feed that prices nothing');
TRUNCATE t.parted;
SELECT results_eq('SELECT feed, instrument, ts, until_ts, old_price, change, at, login, reading FROM input_change',
                  format($$ VALUES (%s, NULL::text, NULL::timestamptz, NULL::timestamptz, NULL::text, 'truncate', now(), session_user::text COLLATE "default", NULL::bigint) $$, :parted), 'one row, though three triggers fire');
DELETE FROM input_change;
SELECT is((SELECT count(*) FROM capture_queue WHERE feed = :parted AND everything) > 0, true, 'and everything is queued');
SAVEPOINT a; TRUNCATE t.bars; ROLLBACK TO a; TRUNCATE t.parted_1, t.days;
SELECT is((SELECT string_agg(change || feed, ' ' ORDER BY id) FROM input_change), format('truncate%s truncate%s', :parted, :days), 'one for each feed');
DELETE FROM input_change;

DO $$
BEGIN
    BEGIN
        TRUNCATE t.parted;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN NULL;
    END;
    TRUNCATE t.parted;
END $$;
SELECT is(count(*), 1::bigint, 'what is rolled back does not stand for what follows in its statement') FROM input_change;
DELETE FROM input_change;

DROP INDEX t.bars_sym_at_idx;
-- ---- columns that are gone or of another type: everything is queued, nothing logged, nothing fails ----
CREATE FUNCTION afterwards(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    DELETE FROM margin_calib.capture_queue; DELETE FROM margin_calib.input_change;
    EXECUTE change;
    DELETE FROM t.bars WHERE sym = 'A';
    SELECT concat_ws(' ', count(*) FILTER (WHERE q.everything), count(*) FILTER (WHERE NOT q.everything), (SELECT count(*) FROM margin_calib.input_change)) INTO result FROM margin_calib.capture_queue AS q;
    RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'P0099' THEN RETURN SQLERRM;
END $$;
SELECT ok(afterwards('SELECT 1') ~ '^0 1 [1-9]', 'as it is');
SELECT is(afterwards(change), '1 0 0', change) FROM (VALUES ('ALTER TABLE t.bars RENAME COLUMN px TO price'), ('ALTER TABLE t.bars RENAME COLUMN at TO ts'),
    ('ALTER TABLE t.bars ALTER COLUMN px TYPE text'), ('ALTER TABLE t.bars ALTER COLUMN px TYPE money USING 1'), ('ALTER TABLE t.bars ALTER COLUMN at TYPE text'), ('ALTER TABLE t.bars DROP COLUMN px'),
    ('ALTER TABLE t.bars DROP COLUMN at')) AS v (change);
SELECT ok(afterwards('ALTER TABLE t.bars ALTER COLUMN px TYPE real') ~ '^0 1 [1-9]', 'another type of a price');
SELECT ok(afterwards('ALTER TABLE t.bars DROP COLUMN note; ALTER TABLE t.bars ADD COLUMN note text') ~ '^0 1 [1-9]', 'another column of the table');

-- ---- positions and liquidity have no such log ----
CREATE TABLE t.book (who text, sym text, q numeric);
SELECT attach_positions('t.book', 'who', 'sym', 'q');
INSERT INTO book VALUES ('x', 'A', 1); UPDATE book SET q = 2; DELETE FROM book; TRUNCATE book;
SELECT is_empty('SELECT logged()', 'positions');
SELECT is(count(*), 0::bigint, 'without ranges') FROM capture_queue WHERE from_ts IS NOT NULL AND key = 'x';

-- ---- rights: who may only change rows needs none on the extension ----
CREATE ROLE mc_writer; GRANT USAGE ON SCHEMA t TO mc_writer; GRANT INSERT, UPDATE (px), DELETE, SELECT, TRUNCATE ON bars TO mc_writer;
CREATE ROLE mc_inserter; GRANT USAGE ON SCHEMA t TO mc_inserter; GRANT INSERT ON bars TO mc_inserter;
SET LOCAL ROLE mc_inserter;
SELECT lives_ok($$ INSERT INTO t.bars VALUES ('r', '2024-01-15 12:00', 1, 'A') $$, 'a role that may only insert');
SELECT throws_ok($$ SELECT * FROM margin_calib.input_change $$, '42501');
SET LOCAL ROLE mc_writer;
SELECT lives_ok($$ UPDATE t.bars SET px = 2 WHERE note = 'r' $$, 'or update');
SELECT lives_ok($$ DELETE FROM t.bars WHERE note = 'r' $$, 'or delete');
SELECT lives_ok($$ TRUNCATE t.bars $$, 'or truncate');
SELECT throws_ok($$ INSERT INTO margin_calib.input_change (feed, change, at) VALUES (1, 'insert', now()) $$, '42501');
SELECT throws_ok($$ SELECT nextval('margin_calib.input_change_id_seq') $$, '42501');
SELECT throws_ok($$ SELECT margin_calib.note_input_changes(1, 1, '{}', '{}', '{}', '{}', '{}') $$, '42501');
RESET ROLE;
SELECT is(string_agg(change || ' ' || login, ', ' ORDER BY id), format('insert %1$s, update %1$s, delete %1$s, truncate %1$s', session_user), 'is logged, under the login') FROM input_change;
DELETE FROM input_change;

-- ---- take_batch: each key once, with the range of all its entries; so what is put back ----
UPDATE instrument SET data_through = '2024-04-09' WHERE instrument IN ('A', 'B');
CREATE TABLE t.waited AS SELECT * FROM capture_queue; DELETE FROM capture_queue;
INSERT INTO bars VALUES ('r', '2024-05-03', 1, 'A'), ('r', '2024-05-04', 1, 'B'), ('r', '2024-05-01', 1, 'Z');
INSERT INTO bars VALUES ('r', '2024-05-02', 1, 'A'), ('r', '2024-05-09', 1, 'Z');
INSERT INTO bars VALUES ('r', '2024-05-08', 1, 'A'), ('r', NULL, 1, 'Q'), ('r', '2024-05-01', 1, NULL), ('r', '2024-05-01', 1, repeat('n', 600));
INSERT INTO capture_queue VALUES (:feed, 'A', false, now());
INSERT INTO capture_queue SELECT :feed, 'B', false, now();
SELECT results_eq('SELECT feed, keys, from_ts::date[], to_ts::date[] FROM take_batch(2)',
    format($$ VALUES (%s, '{A,B}'::text[], '{2024-05-02,2024-05-04}'::date[], '{2024-05-08,2024-05-04}'::date[]) $$, :feed), 'two keys');
SELECT results_eq('SELECT key, from_ts::date, to_ts::date FROM capture_queue ORDER BY key', $$ VALUES ('Q', NULL::date, NULL::date), ('Z', '2024-05-01', '2024-05-09'), (NULL, '2024-05-01', '2024-05-01') $$,
                  'the rest is put back, coalesced');
INSERT INTO bars VALUES ('r', '2024-05-11', 1, 'Z');
SELECT results_eq('SELECT feed, keys, from_ts::date[], to_ts::date[] FROM take_batch(10)',
    format($$ VALUES (%s, '{Q,Z,NULL}'::text[], '{NULL,2024-05-01,2024-05-01}'::date[], '{NULL,2024-05-11,2024-05-01}'::date[]) $$, :feed), 'and coalesced again');
INSERT INTO bars VALUES ('r', '2024-05-12', 1, 'Z');
INSERT INTO capture_queue VALUES (:feed, NULL, true, now());
SELECT is((SELECT b.from_ts[array_position(b.keys, 'Z')]::date FROM take_batch(1000) AS b), '2024-05-12', 'also beside a mark of everything');
INSERT INTO capture_queue SELECT * FROM waited;

-- many keys in one statement: more than the trigger remembers
DELETE FROM capture_queue;
INSERT INTO bars SELECT 'm', timestamptz '2024-06-01' + i * interval '1 second', 1, 'K' || i % 70000 FROM generate_series(1, 140000) AS i;
SELECT is(count(*), 0::bigint, 'no key lacks the range of its rows') FROM (
    SELECT key, min(from_ts) AS from_ts, max(to_ts) AS to_ts FROM capture_queue GROUP BY key) AS q
  FULL JOIN (SELECT sym, min(at) AS from_ts, max(at) AS to_ts FROM bars WHERE note = 'm' GROUP BY sym) AS b ON b.sym = q.key AND b.from_ts = q.from_ts AND b.to_ts = q.to_ts
 WHERE q.key IS NULL OR b.sym IS NULL;
DELETE FROM capture_queue;
UPDATE bars SET sym = 'L' || substr(sym, 2) WHERE note = 'm';
SELECT is(count(DISTINCT key), 140000::bigint, 'both names of all that were renamed are queued') FROM capture_queue;
DELETE FROM capture_queue; DELETE FROM bars WHERE note = 'm'; DELETE FROM capture_queue; DELETE FROM input_change;

-- ---- note_input_changes ----
CREATE FUNCTION logs(VARIADIC rows text[]) RETURNS bigint[] LANGUAGE sql AS $$
    WITH i AS (INSERT INTO margin_calib.input_change (feed, instrument, ts, change, at, login)
               SELECT 1, nullif(split_part(r, ' ', 1), '-'), nullif(split_part(r, ' ', 2), '-')::timestamptz, split_part(r, ' ', 3), '2024-01-01', 'somebody' FROM unnest(rows) AS r RETURNING id)
    SELECT array_agg(id) FROM i $$;
CREATE FUNCTION noted() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT concat_ws(' ', c.instrument, c.ts::date, '..' || c.until_ts::date, c.change, c.reading) FROM margin_calib.input_change AS c ORDER BY c.id;
    DELETE FROM margin_calib.input_change;
END $$;
SELECT note_input_changes(9, 1, '{X,Y,W,N}', '{NULL,NULL,NULL,NULL}', '{NULL,NULL,NULL,NULL}',
    logs('X 2024-01-10 update', 'X 2024-01-11 delete', 'X 2024-01-12 delete', 'X 2024-01-13 update', 'X 2024-01-13 insert', 'X - update', 'X infinity delete',
         'Y 2024-01-01 update', 'Y 2024-01-01 insert', 'W 2024-01-31 delete', 'V 2024-01-31 delete', '- - truncate'),
    '{2024-01-11,NULL,2024-02-01,2024-02-01}');
SELECT results_eq('SELECT noted()', $$ VALUES ('X 2024-01-10 update 9'), ('X 2024-01-11 delete 9'), ('X 2024-01-13 insert 9'), ('X update 9'), ('Y 2024-01-01 insert 9'),
    ('W 2024-01-31 delete 9'), ('V 2024-01-31 delete 9'), ('truncate 9') $$, 'updates and deletes after data_through, or without one, are taken out; the rest was seen by the run');
CREATE TABLE t.kept AS SELECT logs('X 2024-01-10 update', 'X 2024-01-20 update', 'X 2024-01-30 update') AS ids;
SELECT note_input_changes(3, 1, '{X}', '{NULL}', '{NULL}', (SELECT ids[1:1] FROM kept), '{2024-01-15}');
SELECT note_input_changes(4, 1, '{X}', '{NULL}', '{NULL}', (SELECT ids[1:2] FROM kept), '{2024-01-25}');
SELECT results_eq('SELECT noted()', $$ VALUES ('X 2024-01-10 update 3'), ('X 2024-01-20 update 4'), ('X 2024-01-30 update') $$, 'only those that were seen; the first run stays');
SELECT note_input_changes(9, 1, '{A,B,C,D,E,F,NULL}', '{2024-01-05,2024-01-05,2024-01-05,2024-01-05,2024-01-05,NULL,2024-01-05}', '{2024-01-07,2024-01-20,2024-01-05,2024-01-20,2024-01-07,NULL,2024-01-07}', NULL,
    '{2024-01-10,2024-01-10,2024-01-10,2024-01-05,2024-01-04,2024-01-10,2024-01-10}');
SELECT results_eq('SELECT feed, instrument, ts, until_ts, old_price, change, at, login, reading FROM input_change ORDER BY id', $$ VALUES
    (1, 'A', timestamptz '2024-01-05', timestamptz '2024-01-07', NULL::text, 'insert', now(), NULL::text, 9::bigint),
    (1, 'B', '2024-01-05', '2024-01-10', NULL, 'insert', now(), NULL, 9),
    (1, 'C', '2024-01-05', NULL, NULL, 'insert', now(), NULL, 9),
    (1, 'D', '2024-01-05', NULL, NULL, 'insert', now(), NULL, 9) $$, 'inserts that an earlier reading should have seen: all, in part, at one moment, up to one');
DELETE FROM input_change;
SELECT note_input_changes(9, 1, NULL, NULL, NULL, NULL, NULL), note_input_changes(9, 1, '{}', '{}', '{}', '{}', '{}'), note_input_changes(9, 1, '{A}', '{2024-01-05}', '{2024-01-05}', '{}', '{NULL}');
SELECT is_empty('SELECT noted()', 'nothing, three times');
CREATE ROLE mc_runner; GRANT USAGE ON SCHEMA t TO mc_runner;
SELECT grant_rights('mc_runner', 'engine');
SELECT count(logs('X 2024-01-10 update')) \g /dev/null
SET LOCAL ROLE mc_runner;
SELECT lives_ok($$ SELECT margin_calib.note_input_changes(9, 1, '{X}', '{NULL}', '{NULL}', (SELECT array_agg(id) FROM margin_calib.input_change), '{2024-01-15}') $$, 'an engine role notes');
SELECT throws_ok($$ DELETE FROM margin_calib.input_change $$, '42501');
RESET ROLE;
SELECT results_eq('SELECT noted()', $$ VALUES ('X 2024-01-10 update 9') $$, 'what it read');
SELECT is(fails($$ INSERT INTO margin_calib.input_change (feed, change, at) VALUES (1, 'other', now()) $$), '23514', 'there are four changes');

-- ---- in time when the trigger looked, late when it was committed: by hand what a refresh between the two does ----
UPDATE instrument SET data_through = '2024-04-09' WHERE instrument IN ('A', 'B');
DELETE FROM capture_queue;
INSERT INTO bars VALUES ('race', '2024-04-10', 1, 'A'), ('race', '2024-04-12', 1, 'A'), ('race', '2024-04-20', 1, 'A'), ('race', '2024-04-20', 1, 'B');
SELECT is_empty('SELECT logged()', 'in time');
UPDATE instrument SET data_through = '2024-04-15' WHERE instrument IN ('A', 'B');
SELECT note_input_changes(12, b.feed, b.keys, b.from_ts, b.to_ts, '{}', ARRAY(SELECT i.data_through FROM unnest(b.keys) WITH ORDINALITY AS k (key, n) LEFT JOIN instrument AS i ON i.instrument = k.key ORDER BY n))
  FROM take_batch(10) AS b;
SELECT results_eq('SELECT logged()', $$ VALUES ('A 2024-04-10 00:00 ..2024-04-15 00:00 (no price) insert') $$, 'late all the same');
SELECT * FROM finish();
ROLLBACK;
