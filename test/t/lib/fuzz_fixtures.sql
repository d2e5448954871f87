-- Tables that fuzz_sql.pl points functions at, and the rows that it feeds to aggregates.
CREATE TABLE good (instrument text, ts timestamptz, price float8, account text, quantity numeric, PRIMARY KEY (instrument, ts));
INSERT INTO good SELECT chr(65 + i % 3), '2024-01-01'::timestamptz + i * interval '1 hour', 100 + sin(i), 'a' || i % 4, i
  FROM generate_series(1, 120) AS i;
CREATE TABLE parted (instrument text, ts timestamptz, price numeric, account text, quantity float8) PARTITION BY RANGE (ts);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-01-03');
CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
INSERT INTO parted SELECT * FROM good;
CREATE VIEW plain_view AS SELECT * FROM good;
CREATE VIEW no_rows_view AS SELECT * FROM good WHERE false;
CREATE TABLE empty (LIKE good);
CREATE TABLE odd_types (instrument integer, ts date, price integer, account oid, quantity smallint);
INSERT INTO odd_types SELECT i % 2, '2024-01-01'::date + i, CASE i WHEN 7 THEN 0 WHEN 8 THEN -1 ELSE i END, i, i FROM generate_series(1, 30) AS i;
CREATE TABLE text_prices (instrument text, ts text, price text, account text, quantity text);
INSERT INTO text_prices VALUES ('A', 'x', 'y', 'z', 'w');
CREATE TABLE guarded (LIKE good INCLUDING ALL);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
INSERT INTO guarded SELECT * FROM good;
CREATE MATERIALIZED VIEW snapshot AS SELECT * FROM good;
CREATE SEQUENCE counter;
CREATE TYPE row_type AS (instrument text, ts timestamptz, price float8);
CREATE TABLE "We ird" ("in""strument" text, "We ird" timestamptz, "a'b""c" float8, instrument name, ts timestamp, price real, account char(4), quantity money);
INSERT INTO "We ird" SELECT 'x', '2024-01-01'::timestamptz + i * interval '1 day', i, 'n' || i % 2, '2024-01-01'::timestamp + i * interval '1 day', i, 'a', i::numeric::money FROM generate_series(1, 40) AS i;
CREATE TABLE dropped (gone int, instrument text, gone_too text, ts timestamptz, price float8, account text, quantity int);
INSERT INTO dropped SELECT 1, 'D', 'x', '2024-01-01'::timestamptz + i * interval '1 min', 10 + i % 5, 'b', 1 FROM generate_series(1, 50) AS i;
ALTER TABLE dropped DROP COLUMN gone, DROP COLUMN gone_too;
CREATE TABLE book (account text, instrument text, quantity numeric, ts timestamptz DEFAULT now(), price float8 DEFAULT 1);
INSERT INTO book VALUES ('alice', 'A', 1), ('bob', 'B', -2), (NULL, 'A', 1), ('carol', NULL, 1), ('dave', 'C', NULL), ('erin', 'A', 'NaN'), ('', '', 0);
CREATE TABLE inherited () INHERITS (good);
CREATE UNLOGGED TABLE unlogged AS SELECT * FROM good;
UPDATE unlogged SET price = CASE extract(hour FROM ts)::int % 8 WHEN 0 THEN 'NaN' WHEN 1 THEN NULL WHEN 2 THEN 0 WHEN 3 THEN -1
  WHEN 4 THEN 'Infinity' WHEN 5 THEN 1e308 WHEN 6 THEN 5e-324 ELSE 1 END;
INSERT INTO unlogged VALUES (NULL, now(), 1), ('A', NULL, 1), ('A', 'infinity', 1), ('A', '-infinity', 1),
  ('A', '4714-11-24 00:00:00+00 BC', 1), ('A', '294276-12-31 23:59:59.999999+00', 2);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nothing FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE stranger (instrument text, ts timestamptz, price float8, account text, quantity numeric) SERVER nothing;
DO $$ BEGIN CREATE ROLE hostile_role; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

-- Sets of rows: edge arrays, each with regular, tied, shuffled and extreme times.
CREATE TABLE fuzz_row (id int, ord int, x float8, ts timestamptz, late timestamptz, g int, o int, finite bool);
INSERT INTO fuzz_row
SELECT a.id, u.ord, u.x, '2024-01-01'::timestamptz + u.ord * interval '1 hour',
       CASE u.ord % 11 WHEN 3 THEN NULL WHEN 5 THEN 'infinity' WHEN 7 THEN '-infinity' WHEN 8 THEN '294276-12-31 23:59:59.999999+00'
         WHEN 9 THEN '4714-11-24 00:00:00+00 BC' ELSE '2024-01-01'::timestamptz + (u.ord / 3) * interval '1 day' END,
       u.ord / 17, u.ord % 5,
       u.x IS NULL OR (u.x <> 'NaN' AND abs(u.x) < 'Infinity')
  FROM (SELECT row_number() OVER ()::int, x FROM (VALUES
          ('{}'), ('{NULL}'), ('{0}'), ('{1}'), ('{1,2}'), ('{1,NULL,2}'), ('{NULL,NULL}'), ('{NaN,1,2,3,4,5,6,7,8,9}'),
          ('{1,2,3,Infinity,4,5,6,7}'), ('{-Infinity,Infinity,1,2,3}'), ('{1e308,1e308,1e308,1e308}'), ('{1e308,-1e308,1e308,-1e308}'),
          ('{5e-324,2.2e-308,1e-300,5e-324}'), ('{-0,0,-0,0}'), ('{3,1,2,2,2,1,1,1}'), ('{1e-300,1e300,1e-300,1e300,1}'),
          ('{1.7976931348623157e308,5e-324,1.7976931348623157e308}'), ('{-1,-2,-3,-4}'), ('{100,0,100,100}'),
          ('{1.7976931348623157e308,-1.7976931348623157e308,1.7976931348623157e308,0}'),
          ('{100,100.00000000000001,100,100.00000000000001,99.99999999999999}'), ('{NaN,NaN,NaN,NULL,NaN}')) AS v(x)
        UNION ALL
        SELECT 100, (SELECT array_agg(100 + 5 * sin(i * i)) FROM generate_series(1, 60) AS i)::text
        UNION ALL
        SELECT 101, (SELECT array_agg(CASE WHEN i % 13 = 0 THEN NULL WHEN i % 17 = 0 THEN 'NaN' ELSE sin(i) END) FROM generate_series(1, 300) AS i)::text
        UNION ALL
        SELECT 102, (SELECT array_agg(CASE WHEN i % 40 = 0 THEN 1e10 ELSE 1 + i % 3 END) FROM generate_series(1, 400) AS i)::text
        UNION ALL
        SELECT 103, (SELECT array_agg(1.5) FROM generate_series(1, 200) AS i)::text
       ) AS a(id, x), LATERAL unnest(a.x::float8[]) WITH ORDINALITY AS u(x, ord);
UPDATE fuzz_row SET id = d.n FROM (SELECT id, dense_rank() OVER (ORDER BY id) AS n FROM fuzz_row GROUP BY id) AS d WHERE d.id = fuzz_row.id;
CREATE INDEX ON fuzz_row (id);

-- something to refresh, detach and explain
SELECT margin_calib.attach_prices('good', 'instrument', 'ts', 'price');
SELECT margin_calib.attach_positions('book', 'account', 'instrument', 'quantity');
SELECT margin_calib.attach_prices('parted', 'instrument', 'ts', 'price', capture => 'watermark');
SELECT margin_calib.set_product_group('mine', '{A,B}');
SELECT margin_calib.set_alert_rule('mine', 'concentration', 0.1);
CALL margin_calib.refresh();
SELECT margin_calib.set_asset('A', 'A');
SELECT margin_calib.attach_liquidity('dropped', 'instrument', 'ts', volume => 'quantity', volume_per => 'row');
CREATE TABLE option_quotes (u text, t timestamptz, e timestamptz, k numeric, cp text, b float8, a float8, f float8);
INSERT INTO option_quotes
    SELECT u, '2026-01-01', timestamptz '2026-01-01' + d * interval '1 day', k, cp, p - 0.01, p + 0.01, 100
      FROM unnest('{A,B}'::text[]) AS u, unnest('{30,180}'::int[]) AS d, generate_series(85, 115, 5) AS k, unnest('{c,p}'::text[]) AS cp,
           LATERAL (SELECT margin_calib.black76_price(cp, 100, k, d / 365.0, 0.5)) AS x (p);
SELECT margin_calib.attach_quotes('option_quotes', 'u', 't', 'e', 'k', 'cp', 'b', 'a', forward => 'f');
SELECT margin_calib.add_event('announcement', now(), '2200-01-01', rate => 0.01);
CALL margin_calib.refresh();

-- proposals that wait, two of somebody else's, and an override in force
SELECT margin_calib.propose_override('A', 0.5, '2200-01-01', 'why'), margin_calib.propose_override('B', 0.5, '2200-01-01', 'why'),
       margin_calib.propose_override('C', 0.5, '2200-01-01', 'why');
UPDATE margin_calib.proposal SET author = 'somebody else' WHERE kind = 'override' AND instrument <> 'B';
SELECT margin_calib.approve_proposal(id) FROM margin_calib.proposal WHERE kind = 'override' AND instrument = 'A';
SELECT margin_calib.set_margin_model('alice', 'paradex'), margin_calib.set_margin_model('account', NULL);
SELECT margin_calib.add_scenario_set('mine', '[{"price_shock": -0.1}, {"price_shock": 0.1}]');
SELECT margin_calib.add_historical_set('history', '{"X": "A"}', 10);
