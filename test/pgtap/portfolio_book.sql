-- Whole books: portfolio_margin_all and partial aggregates give what portfolio_margin gives in one process, to the last bit; what
-- may be read; bad input; cancels, limits, rescans and memory.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.set_of(scenarios jsonb, more jsonb DEFAULT '{}') RETURNS scenario_set LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::scenario_set, '{"name": "test", "version": 1}' || more || jsonb_build_object('scenarios', scenarios)) $$;
CREATE FUNCTION pg_temp.terms_of(more jsonb DEFAULT '{}') RETURNS contract LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::contract, '{"instrument": "P", "venue": "v", "kind": "perpetual", "payoff": "linear", "underlying": "BTC",
        "quote_currency": "USD", "settlement_asset": "USD", "contract_size": 1, "multiplier": 1}' || more) $$;
CREATE FUNCTION pg_temp.refusal(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE command; RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', SQLSTATE, SQLERRM, detail, hint);
END $$;
-- a random number of a place: the same in every run
CREATE FUNCTION pg_temp.chance(VARIADIC place integer[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashtextextended(array_to_string(place, ' '), 7) & 1048575) / 1048576.0::float8 $$;

-- ---- three sets: a history, a venue's kind with groups, discounts and every role, and one of 40 scenarios that tie ----
CREATE TABLE public.sets (kind text, s scenario_set, method margin_method);
INSERT INTO public.sets SELECT 'history', pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', 0.2 * sin(k * 12.9898) * pg_temp.chance(1, k), 'vol_shock', 0.3 * cos(k))) FROM generate_series(1, 1000) AS k), '{"name": "history"}'), NULL;
INSERT INTO public.sets SELECT 'venue', pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', (k - 17) * 0.02, 'vol_shock', k % 3 - 1, 'vol_unit', 'range', 'weight', 0.4 + 0.1 * (k % 7), 'both_ways', k % 11 = 3, 'contingency', k % 8 = 5, 'skew', (ARRAY['linear', 'absolute', NULL])[k % 3 + 1])) FROM generate_series(1, 33) AS k),
           '{"name": "venue", "law": {"price_range": 0.2, "vol_up": 0.4, "vol_down": 0.2, "long_discount": 0.95, "long_rate_scale": 1, "short_discount": 1.02, "short_rate_scale": 0.1, "linear_skew": {"cap": 0.2}, "absolute_skew": {"cap": 0.1}}}'),
       jsonb_populate_record(NULL::margin_method, '{"measure": "worst", "initial_factor": 1.25, "components": [{"name": "n", "kind": "notional", "initial": 0.01, "maintenance": 0.005}, {"name": "s", "kind": "naked_short", "initial": 0.002, "maintenance": 0.003},
           {"name": "b", "kind": "contingency", "initial": 0.5, "maintenance": 0.4, "slope": 2}, {"name": "c", "kind": "confidence", "initial": 0.7, "threshold": 0.55}, {"name": "m", "kind": "short_minimum", "initial": 0.1}, {"name": "d", "kind": "delta_minimum", "initial": 0.02, "slope": 0.5}, {"name": "v", "kind": "vega", "initial": 0.3}, {"name": "h", "kind": "haircut", "initial": 1, "maintenance": 1}]}');
INSERT INTO public.sets SELECT 'ties', pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', (k % 4 - 2) * 0.125)) FROM generate_series(1, 40) AS k), '{"name": "ties"}'), jsonb_populate_record(NULL::margin_method, '{"measure": "value_at_risk", "initial_confidence": 0.9, "maintenance_confidence": 0.5}');

-- 60 instruments: options of four expiries, futures, perpetuals, spot; instrument 7 has no vector
CREATE TABLE public.risk AS
SELECT kind, i AS instrument, 'I' || i AS symbol, CASE WHEN i <> 7 THEN
       scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', format('%s-%s', chr(65 + (hashint4(i) & 15)), i), 'underlying', (ARRAY['BTC', 'ETH'])[i % 2 + 1], 'contract_size', 1 + i % 3) || CASE
           WHEN i % 10 < 6 THEN jsonb_build_object('kind', 'option', 'option_kind', (ARRAY['call', 'put'])[1 + i % 2], 'strike', 80 + 10 * (i % 5), 'expiry', timestamptz '2026-02-01' + (i % 4) * interval '40 days', 'premium', 'currency')
           WHEN i % 10 = 6 THEN jsonb_build_object('kind', 'future', 'expiry', '2026-06-01Z')
           WHEN i % 10 = 7 THEN '{"kind": "spot"}' ELSE '{}' END),
           contract_market(100 + i % 3, 0.5 + 0.01 * i, 0.04, confidence => pg_temp.chance(2, i), initial_haircut => CASE WHEN i % 10 = 7 THEN 0.2 ELSE 0 END), '2026-01-01', s) END AS vector
  FROM public.sets, generate_series(1, 60) AS i;
-- 150 accounts: of nothing, of a row twice, of parts that cancel, of one instrument and of nearly all
CREATE TABLE public.book AS
SELECT a AS account, 'A' || a AS client, i AS instrument, 'I' || i AS symbol, k, CASE
       WHEN a % 29 = 3 OR pg_temp.chance(3, a, i, k) < 0.03 THEN NULL WHEN a % 29 = 4 OR pg_temp.chance(4, a, i) < 0.05 THEN 0
       WHEN a % 29 = 5 THEN k - 1.5 WHEN a % 3 = 0 THEN round((pg_temp.chance(5, a, i, k) * 9 - 4)::numeric, 0)::float8 ELSE 10 * (pg_temp.chance(6, a, i, k) - 0.5) END AS quantity
  FROM generate_series(1, 150) AS a, generate_series(1, 60) AS i, generate_series(1, 2) AS k
 WHERE pg_temp.chance(7, a, i) < CASE a % 5 WHEN 0 THEN 1 WHEN 1 THEN 0.02 ELSE 0.3 END AND (k = 1 OR a % 29 = 5 OR pg_temp.chance(8, a, i) < 0.1)
 ORDER BY pg_temp.chance(9, a, i, k);
INSERT INTO public.book SELECT NULL, NULL, i, 'I' || i, 1, i - 10 FROM generate_series(1, 20) AS i;
ANALYZE public.book; ANALYZE public.risk;

CREATE TEMP TABLE expected AS
SELECT kind, account, portfolio_margin(quantity, vector, method) AS m FROM public.book JOIN public.risk USING (instrument) JOIN public.sets USING (kind) GROUP BY kind, account;
SELECT ok(count(*) > 400 AND count(*) FILTER (WHERE m IS NULL) > 5 AND count(*) FILTER (WHERE (m).positions = 0) > 5 AND count(*) FILTER (WHERE (m).positions > 50) > 50 AND count(DISTINCT (m).initial_margin) > 300, 'books of every kind') FROM expected;
CREATE FUNCTION pg_temp.got(positions text, vectors text) RETURNS TABLE (kind text, account integer, m portfolio_margin) LANGUAGE sql AS $$
    SELECT s.kind, a.account::integer, a.margin FROM public.sets AS s, LATERAL portfolio_margin_all(positions, format(vectors, s.kind), s.method, true) AS a $$;
CREATE FUNCTION pg_temp.differ(positions text, vectors text DEFAULT 'SELECT instrument, vector FROM risk WHERE kind = %L') RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM expected AS e FULL JOIN pg_temp.got(positions, vectors) AS g ON e.kind = g.kind AND coalesce(e.account, 0) = coalesce(g.account, 0) WHERE e.m::text IS DISTINCT FROM g.m::text OR e.kind IS NULL OR g.kind IS NULL $$;
-- joined rows of an instrument that nobody holds make no account: every account of the book holds something
SELECT is(pg_temp.differ('book'), 0::bigint, 'from a table, in any order');
SELECT is(pg_temp.differ('SELECT * FROM book ORDER BY account, instrument'), 0::bigint, 'from a query, in order');
SELECT is(pg_temp.differ('SELECT * FROM book ORDER BY instrument DESC, quantity'), 0::bigint, 'from a query, by instrument');
SELECT is(pg_temp.differ('SELECT account, symbol AS instrument, quantity::text::numeric FROM book', 'SELECT symbol AS instrument, vector FROM risk WHERE kind = %L ORDER BY 1 DESC'), 0::bigint, 'by symbols, quantities that are numeric');
SELECT is(pg_temp.differ('SELECT account::int8, instrument::int2, quantity FROM book'), 0::bigint, 'integers of other widths');
SELECT is(pg_temp.differ('SELECT account, symbol::char(9) AS instrument, quantity FROM book', 'SELECT symbol::varchar AS instrument, vector FROM risk WHERE kind = %L'), 0::bigint, 'strings of other types');
SELECT is(pg_temp.differ('SELECT account::text, (instrument::text || ''.0'')::numeric AS instrument, quantity FROM book', 'SELECT (instrument::text || ''.0'')::numeric AS instrument, vector FROM risk WHERE kind = %L'), 0::bigint, 'types that are neither');
SELECT is(pg_temp.differ('book', 'SELECT instrument, vector::text::risk_vector AS vector FROM risk WHERE kind = %L'), 0::bigint, 'vectors that the query makes');
SELECT is((SELECT array_agg(account) FROM portfolio_margin_all('book', 'SELECT * FROM risk WHERE kind = ''ties''')), (SELECT array_agg(account::text ORDER BY account) FROM (SELECT DISTINCT account FROM public.book) AS b), 'accounts by number, NULL last');
SELECT is((SELECT array_agg(account) FROM portfolio_margin_all('book', 'SELECT * FROM risk WHERE kind = ''ties''', account => 'client')), (SELECT array_agg(client ORDER BY client COLLATE "C") FROM (SELECT DISTINCT client FROM public.book) AS b), 'and by bytes');
-- columns of other names, without profits
CREATE TABLE public."Book 2" AS SELECT client AS "The client", symbol AS contract, quantity::text::numeric AS lots FROM public.book;
CREATE TABLE public.risk2 AS SELECT symbol AS contract, vector AS rv FROM public.risk WHERE kind = 'history';
SELECT is(count(*), 0::bigint, 'columns of other names; no profits unless asked for')
  FROM portfolio_margin_all('public."Book 2"', ' risk2 ', account => 'The client', instrument => 'contract', quantity => 'lots', vector => 'rv') AS g
  FULL JOIN (SELECT 'A' || account AS account, m FROM expected WHERE kind = 'history') AS e ON coalesce(e.account, '') = coalesce(g.account, '')
 WHERE (m).initial_margin IS DISTINCT FROM (margin).initial_margin OR (m).positions IS DISTINCT FROM (margin).positions OR (margin).pnl IS NOT NULL OR m IS NULL <> (margin IS NULL);
SELECT is(count(*), 0::bigint, 'and all but the profits is there') FROM portfolio_margin_all('book', 'SELECT * FROM risk WHERE kind = ''venue''', (SELECT method FROM public.sets WHERE kind = 'venue')) AS g JOIN expected AS e ON e.account::text IS NOT DISTINCT FROM g.account AND kind = 'venue'
 WHERE jsonb_strip_nulls(to_jsonb(m)) - 'pnl' <> jsonb_strip_nulls(to_jsonb(margin));

-- ---- every kind of relation ----
CREATE VIEW public.book_view AS SELECT * FROM public.book;
CREATE MATERIALIZED VIEW public.book_stored AS SELECT * FROM public.book;
CREATE TABLE public.book_parts (LIKE public.book) PARTITION BY LIST (instrument);
CREATE TABLE public.book_part1 (dropped text, LIKE public.book); ALTER TABLE public.book_part1 DROP dropped;
ALTER TABLE public.book_parts ATTACH PARTITION public.book_part1 FOR VALUES IN (1, 2, 3, 4, 5);
CREATE TABLE public.book_part2 PARTITION OF public.book_parts DEFAULT;
INSERT INTO public.book_parts SELECT * FROM public.book;
CREATE TABLE public.book_parent AS SELECT * FROM public.book WHERE k = 1;
CREATE TABLE public.book_child () INHERITS (public.book_parent);
INSERT INTO public.book_child SELECT * FROM public.book WHERE k <> 1;
CREATE TEMP TABLE book_temp AS SELECT * FROM public.book;
CREATE TABLE public.book_grown AS SELECT account, instrument FROM public.book WHERE false;
INSERT INTO public.book_grown SELECT account, instrument FROM public.book WHERE quantity IS NULL;
ALTER TABLE public.book_grown ADD quantity float8; INSERT INTO public.book_grown SELECT account, instrument, quantity FROM public.book WHERE quantity IS NOT NULL;
SELECT is(pg_temp.differ(relation), 0::bigint, relation) FROM unnest('{book_view,book_stored,book_parts,book_parent,book_temp,pg_temp.book_temp,book_grown,public.book,TABLE book,"WITH b AS (SELECT * FROM book) SELECT * FROM b","VALUES (1, 1, 1)"}'::text[]) AS relation WHERE relation !~ 'VALUES';
SELECT is((SELECT count(*) FROM portfolio_margin_all($$SELECT * FROM (VALUES (1, 2, 3), (1, 3, 4)) AS v (account, instrument, quantity)$$, 'SELECT * FROM risk WHERE kind = ''ties''')), 1::bigint, 'values');
SELECT is((SELECT count(*) FROM portfolio_margin_all('SELECT * FROM book WHERE false', 'SELECT * FROM risk WHERE kind = ''ties''')), 0::bigint, 'no positions');
SELECT is((SELECT count(*) FROM portfolio_margin_all('SELECT * FROM book WHERE false', 'SELECT * FROM risk WHERE false')), 0::bigint, 'no vectors either');
SELECT is((SELECT array_agg(account || ' ' || (margin IS NULL)) FROM portfolio_margin_all('SELECT * FROM (VALUES (1, 7, 3), (2, 1, NULL), (3, NULL, NULL), (4, 99, 0), (5, NULL, 0), (6, 1, 0)) AS v (account, instrument, quantity)', 'SELECT * FROM risk WHERE kind = ''ties''')), '{"1 true","2 true","3 true","4 true","5 true","6 false"}'::text[], 'accounts with nothing: no vector, no quantity, none of an unknown instrument');
-- rows that this transaction has just written and deleted
CREATE TEMP TABLE fresh (account text, instrument integer, quantity float8);
INSERT INTO fresh VALUES ('x', 1, 2), ('y', 1, 3); DELETE FROM fresh WHERE account = 'y'; UPDATE fresh SET quantity = 5;
SELECT is((SELECT array_agg(account || (margin).notional) FROM portfolio_margin_all('fresh', 'SELECT * FROM risk WHERE kind = ''ties''')), (SELECT array_agg('x' || (m).notional) FROM (SELECT portfolio_margin(5, vector) AS m FROM public.risk WHERE kind = 'ties' AND instrument = 1) AS x), 'what this transaction has written');

-- ---- partial aggregates ----
CREATE FUNCTION pg_temp.plan_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || command LOOP plan := plan || line || E'\n'; END LOOP; RETURN plan;
END $$;
-- rows without a quantity change nothing but the planner's mind
CREATE TABLE public.large AS SELECT account, instrument, quantity FROM public.book UNION ALL SELECT account, instrument, NULL FROM public.book, generate_series(1, 60);
CREATE TABLE public.joined AS SELECT kind, account, quantity, vector, method, instrument FROM public.book JOIN public.risk USING (instrument) JOIN public.sets USING (kind)
    UNION ALL SELECT kind, account, NULL, NULL, NULL, instrument FROM public.large, public.sets;
ALTER TABLE public.joined SET (parallel_workers = 3); ALTER TABLE public.large SET (parallel_workers = 3);
ANALYZE public.joined; ANALYZE public.large;
SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL max_parallel_workers_per_gather = 3;
CREATE TEMP TABLE statements AS SELECT * FROM (VALUES
    ('rows that hold the vectors', 'SELECT kind, account, portfolio_margin(quantity, vector, method) AS m FROM joined GROUP BY kind, account'),
    ('joined', 'SELECT kind, account, portfolio_margin(quantity, vector, method) AS m FROM large JOIN risk USING (instrument) JOIN sets USING (kind) GROUP BY kind, account'),
    ('vectors that the query makes', 'SELECT kind, account, portfolio_margin(quantity, vector::text::risk_vector, method) AS m FROM joined WHERE account < 20 OR account IS NULL GROUP BY kind, account')) AS v (what, command);
SELECT ok(pg_temp.plan_of(command) ~ 'Partial (Hash|Group)?Aggregate', what || ': runs in workers') FROM statements;
CREATE FUNCTION pg_temp.agree(command text, leader boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    PERFORM set_config('parallel_leader_participation', leader::text, true);
    EXECUTE format('CREATE TEMP TABLE answer AS %s', command);
    SELECT count(*) INTO n FROM expected AS e JOIN answer AS a ON a.kind = e.kind AND a.account IS NOT DISTINCT FROM e.account WHERE a.m::text IS NOT DISTINCT FROM e.m::text;
    SELECT n - count(*) INTO n FROM answer;
    DROP TABLE answer;
    RETURN n;
END $$;
SELECT is(pg_temp.agree(command, leader), 0::bigint, what || ', ' || CASE WHEN leader THEN 'with' ELSE 'without' END || ' the leader: the same digits') FROM statements, unnest('{true,false}'::boolean[]) AS leader;
SELECT ok(pg_temp.plan_of('SELECT portfolio_margin(quantity, vector) FROM joined WHERE kind = ''history''') ~ 'Partial Aggregate', 'one group runs in workers');
CREATE TEMP TABLE whole AS SELECT portfolio_margin(quantity, vector)::text AS m FROM public.joined WHERE kind = 'history';
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is((SELECT m FROM whole), portfolio_margin(quantity, vector)::text, 'one group, the same digits') FROM public.joined WHERE kind = 'history';
SET LOCAL max_parallel_workers_per_gather = 3;
SELECT alike(pg_temp.refusal(format('SELECT portfolio_margin(quantity, vector, %s) FROM joined WHERE %s', method, filter)), error, error || ' in workers')
  FROM (VALUES ('NULL', 'true', '22023|risk vectors of different scenario sets%'),
               ('CASE WHEN instrument % 2 = 0 THEN method END', 'kind = ''venue''', '22023|the method of a portfolio is NULL in some rows%'),
               ('ROW(''worst'', NULL, NULL, instrument % 2, NULL, NULL, NULL)::margin_method', 'kind = ''venue''', '22023|the settings of an aggregate must be the same in every row%')) AS v (method, filter, error);
-- partitions of both tables
CREATE TABLE public.joined_parts (LIKE public.joined) PARTITION BY HASH (instrument);
SELECT format('CREATE TABLE public.joined_part%s PARTITION OF public.joined_parts FOR VALUES WITH (MODULUS 3, REMAINDER %s)', i, i) FROM generate_series(0, 2) AS i \gexec
INSERT INTO public.joined_parts SELECT * FROM public.joined; ANALYZE public.joined_parts;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_partitionwise_aggregate = on; SET LOCAL enable_partitionwise_join = on;
CREATE TEMP TABLE by_part AS SELECT 'SELECT kind, account, portfolio_margin(quantity, vector, method) AS m FROM joined_parts GROUP BY kind, account'::text AS command;
SELECT ok(pg_temp.plan_of(command) ~ 'Finalize' AND pg_temp.plan_of(command) !~ 'Gather', 'by partition') FROM by_part;
SELECT is(pg_temp.agree(command, true), 0::bigint, 'by partition, the same digits') FROM by_part;
SET LOCAL max_parallel_workers_per_gather = 3;
SELECT ok(pg_temp.plan_of(command) ~ 'Gather', 'by partition in workers') FROM by_part;
SELECT is(pg_temp.agree(command, true), 0::bigint, 'by partition in workers, the same digits') FROM by_part;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
-- a state has each vector once: 300,000 rows of one of 8 kB that is not stored anywhere would not fit into 1 GB
SET LOCAL max_parallel_workers_per_gather = 3;
CREATE TABLE public.long AS SELECT 0.5::float8 AS quantity FROM generate_series(1, 300000); ALTER TABLE public.long SET (parallel_workers = 1); ANALYZE public.long;
CREATE TEMP TABLE of_long AS SELECT 'SELECT portfolio_margin(quantity, (SELECT vector::text::risk_vector FROM risk WHERE kind = ''history'' AND instrument = 1)) AS m FROM long'::text AS command;
SELECT ok(pg_temp.plan_of(command) ~ 'Partial Aggregate', 'one vector in workers') FROM of_long;
SET LOCAL parallel_leader_participation = off;
SELECT is(pg_temp.refusal(format('CREATE TEMP TABLE of_one AS %s', command)), 'no error', 'is sent once') FROM of_long;
SELECT is((SELECT m::text FROM of_one), portfolio_margin(150000, vector)::text, 'with all its quantities') FROM public.risk WHERE kind = 'history' AND instrument = 1;
RESET max_parallel_workers_per_gather; RESET parallel_leader_participation;
SELECT is(array_agg(DISTINCT concat(a.aggfinalmodify, a.aggmfinalmodify, p.proparallel, p.provolatile, a.aggcombinefn <> 0, a.aggserialfn <> 0, a.aggdeserialfn <> 0)), '{rrsittt}', 'support functions') FROM pg_aggregate AS a JOIN pg_proc AS p ON p.oid = a.aggfnoid WHERE p.pronamespace = 'margin_calib'::regnamespace AND p.proname = 'portfolio_margin';

-- ---- bad input ----
CREATE TABLE public.risk5 AS SELECT instrument, vector FROM public.risk WHERE kind = 'ties' AND instrument < 6;
CREATE TEMP TABLE calls AS SELECT $$SELECT count(*) FROM portfolio_margin_all('SELECT * FROM (VALUES %s) AS v (account, instrument, quantity)', 'SELECT * FROM risk WHERE kind = ''ties''')$$ AS call;
SELECT alike(pg_temp.refusal(format(call, rows)), error, error) FROM calls, (VALUES
    ('(1, 1, 2), (17, 99, 2)', '22023|a position is in an instrument without a risk vector|Account 17 holds 99.|Add its vector%'),
    ('(1, 1, 2), (NULL, NULL, 2)', '22023|a position is in an instrument without a risk vector|Account NULL holds NULL.|%'),
    ('(1, 1, ''''NaN''''::float8)', '22023|a quantity is not finite|The value given is NaN.%'), ('(1, 1, ''''Infinity''''::float8)', '22023|a quantity is not finite|The value given is Infinity.%'),
    ('(1, 1, ''''-inf''''::numeric)', '22023|a quantity is not finite|The value given is -Infinity.%'), ('(1, 1, ''''NaN''''::numeric)', '22023|a quantity is not finite|The value given is NaN.%'),
    ('(1, 1, 1e400::numeric)', '22003|%'), ('(1, 1, 1e308), (1, 2, 1e308)', '22003|value out of range%'),
    ('(1, 1, ''''2'''')', '42804|the column "quantity" of positions must be a number|It is of type text.%'),
    ('(1, ''''1'''', 2)', '42804|the column "instrument" is of another type in positions than in vectors|The types are text and integer.%'),
    ('(1, 1, 1), (2, 1, 1 / (1 - 1))', '22012|%')) AS v (rows, error);
SELECT alike(pg_temp.refusal(call), error, error) FROM (VALUES
    ('SELECT portfolio_margin_all(NULL, ''risk'')', '22004|positions must not be null|%'), ('SELECT portfolio_margin_all(''book'', NULL)', '22004|vectors must not be null|%'),
    ('SELECT portfolio_margin_all(''book'', ''risk'', account => NULL)', '22004|the name of the column account must not be null|%'),
    ('SELECT portfolio_margin_all(''book'', ''risk'')', '22023|an instrument has two risk vectors|It is 1.|%'),
    ('SELECT portfolio_margin_all(''book'', ''SELECT instrument * 10 + length(kind) AS instrument, vector FROM risk'')', '22023|risk vectors of different scenario sets cannot be added|%of set history%of set%|%'),
    ('SELECT portfolio_margin_all(''book'', ''SELECT 1 AS instrument, 2 AS vector'')', '42804|the column "vector" of vectors must be of type risk_vector|It is of type integer.|%'),
    ('SELECT portfolio_margin_all(''nothing'', ''risk5'')', '42P01|relation "nothing" does not exist%'),
    ('SELECT portfolio_margin_all(''book'', ''risk5'', quantity => ''size'')', '42703|column "size" of relation "book" does not exist|%'),
    ('SELECT portfolio_margin_all(''SELECT 1 AS account, 2 AS instrument'', ''risk5'')', '42703|the query of positions has no column "quantity"|%'),
    ('SELECT portfolio_margin_all(''SELECT 1 AS account, 2 AS instrument, 3 AS quantity, 4 AS quantity'', ''risk5'')', '42702|the query of positions has two columns "quantity"|%'),
    ('SELECT portfolio_margin_all(''DELETE FROM book RETURNING *'', ''risk5'')', '0A000|%'),
    ('SELECT portfolio_margin_all(''WITH d AS (DELETE FROM book RETURNING *) SELECT * FROM d'', ''risk5'')', '0A000|%'),
    ('SELECT portfolio_margin_all(''SELECT * FROM book; SELECT * FROM book'', ''risk5'')', '22023|positions must be the name of a table or view, or one query with rows|It is: SELECT * FROM book; SELECT * FROM book.|%'),
    ('SELECT portfolio_margin_all(''SELECT * FROM book WHERE'', ''risk5'')', '42601|%'), ('SELECT portfolio_margin_all('''', ''risk5'')', '22023|positions must be%'),
    ('SELECT portfolio_margin_all(''a.b.c.d.e'', ''risk5'')', '42601|%'), ('SELECT portfolio_margin_all(''CREATE TABLE x ()'', ''risk5'')', '22023|positions must be%'),
    ('SELECT portfolio_margin_all(''book'', ''risk5'', ROW(''best'', NULL, NULL, NULL, NULL, NULL, NULL)::margin_method)', '22023|unknown measure|%')) AS v (call, error);
-- two vectors of one instrument under two keys, in one account and apart
CREATE TABLE public.twins AS SELECT k AS instrument, scenario_pnl(pg_temp.terms_of(), contract_market(100 + k / 3), '2026-01-01', s) AS vector FROM public.sets, generate_series(1, 3) AS k WHERE kind = 'ties';
SELECT alike(pg_temp.refusal($$SELECT portfolio_margin_all('SELECT 1 AS account, i AS instrument, 1 AS quantity FROM unnest(ARRAY[1, 3]) AS i', 'twins')$$), '22023|an instrument has two risk vectors|It is P of set ties version 1.|%', 'two vectors of one instrument');
SELECT is((SELECT array_agg((margin).notional ORDER BY account) FROM portfolio_margin_all('SELECT i AS account, i AS instrument, 1 AS quantity FROM unnest(ARRAY[1, 3]) AS i', 'twins')), '{100,101}', 'apart they do not meet');
SELECT is((SELECT margin FROM portfolio_margin_all('SELECT 1 AS account, i AS instrument, 0.1 * i AS quantity FROM unnest(ARRAY[1, 2]) AS i', 'twins', NULL, true))::text, (SELECT portfolio_margin(0.1 * instrument, vector)::text FROM public.twins WHERE instrument < 3), 'equal vectors under two keys are one instrument');

-- ---- rights ----
CREATE ROLE book_reader; GRANT USAGE ON SCHEMA margin_calib, public TO book_reader;
SELECT is(pg_temp.refusal('SET LOCAL ROLE book_reader; SELECT count(*) FROM margin_calib.portfolio_margin_all(''book'', ''risk2'', instrument => ''instrument'')') ~ '^42501\|permission denied for function', true, 'not for everyone');
RESET ROLE;
GRANT EXECUTE ON FUNCTION portfolio_margin_all(text, text, margin_method, boolean, name, name, name, name) TO book_reader;
CREATE FUNCTION pg_temp.as_reader(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
    SET LOCAL ROLE book_reader; answer := pg_temp.refusal(command); RESET ROLE; RETURN answer;
END $$;
GRANT USAGE ON SCHEMA margin_calib TO book_reader;
CREATE VIEW public.risk_ties AS SELECT instrument, vector FROM public.risk WHERE kind = 'ties';
SELECT alike(pg_temp.as_reader('SELECT portfolio_margin_all(''book'', ''risk_ties'')'), '42501|permission denied for column "instrument" of relation "risk_ties"%', 'no SELECT on the vectors');
GRANT SELECT ON public.risk_ties TO book_reader;
SELECT alike(pg_temp.as_reader('SELECT portfolio_margin_all(''book'', ''risk_ties'')'), '42501|permission denied for column "account" of relation "book"%', 'no SELECT on the positions');
SELECT alike(pg_temp.as_reader('SELECT portfolio_margin_all(''SELECT * FROM book'', ''risk_ties'')'), '42501|permission denied for table book%', 'nor by a query');
GRANT SELECT (account, instrument) ON public.book TO book_reader;
SELECT alike(pg_temp.as_reader('SELECT portfolio_margin_all(''book'', ''risk_ties'')'), '42501|permission denied for column "quantity" of relation "book"%', 'of two columns only');
GRANT SELECT (quantity) ON public.book TO book_reader;
SELECT is(pg_temp.as_reader('SELECT portfolio_margin_all(''book'', ''risk_ties'')'), 'no error', 'of the three that it reads');
ALTER TABLE public.book ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON public.book FOR SELECT TO book_reader USING (account < 10);
SELECT alike(pg_temp.as_reader('SELECT portfolio_margin_all(''book'', ''risk_ties'')'), '0A000|cannot read "book" directly: row-level security applies to it|%', 'row-level security');
SELECT is(pg_temp.as_reader($$DO 'BEGIN ASSERT (SELECT count(*) FROM margin_calib.portfolio_margin_all(''SELECT account, instrument, quantity FROM public.book'', ''public.risk_ties'')) BETWEEN 1 AND 9; END'$$), 'no error', 'a query sees what policies allow');
ALTER TABLE public.book DISABLE ROW LEVEL SECURITY;
SELECT alike(pg_temp.refusal('CREATE INDEX book_index ON book (account); SELECT portfolio_margin_all(''book_index'', ''risk_ties'')'), '42809|"book_index" is not a table or view%', 'an index is no table');

-- ---- limits, cancels, rescans, memory ----
SET LOCAL margin_calib.max_state_mb = 1;
SELECT alike(pg_temp.refusal($$SELECT portfolio_margin_all('SELECT i / 100 AS account, 1 AS instrument, 1 AS quantity FROM generate_series(1, 100000) AS i', 'risk_ties')$$), '54000|state exceeds margin_calib.max_state_mb%', 'too many positions');
SELECT alike(pg_temp.refusal($$SELECT portfolio_margin_all('SELECT i AS account, 1 AS instrument, 0 AS quantity FROM generate_series(1, 100000) AS i', 'risk_ties')$$), '54000|state exceeds margin_calib.max_state_mb%', 'too many accounts');
SELECT alike(pg_temp.refusal($$SELECT portfolio_margin_all('book', 'SELECT instrument + 100 * k AS instrument, scenario_pnl(pg_temp.terms_of(jsonb_build_object(''instrument'', k)), contract_market(100), ''2026-01-01'', s) AS vector FROM sets, generate_series(1, 200) AS k, (VALUES (1)) AS v (instrument) WHERE kind = ''history''')$$), '54000|state exceeds margin_calib.max_state_mb%', 'too many vectors');
SELECT alike(pg_temp.refusal($$SELECT portfolio_margin(1, scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', k)), contract_market(100), '2026-01-01', s)) FROM sets, generate_series(1, 200) AS k WHERE kind = 'history'$$), '54000|state exceeds margin_calib.max_state_mb%', 'too many vectors of an aggregate');
RESET margin_calib.max_state_mb;
-- so many scenarios that positions are read in no time and computed for many seconds
CREATE TABLE public.many_scenarios AS SELECT 1 AS instrument, scenario_pnl(pg_temp.terms_of(), contract_market(100), '2026-01-01', pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', 0.1 * sin(k))) FROM generate_series(1, 100000) AS k))) AS vector;
\ir lib/cancelled.sql
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.cancelled($$SELECT count(*) FROM portfolio_margin_all('SELECT a AS account, i AS instrument, a AS quantity FROM generate_series(1, 100000000) AS a, generate_series(1, 3) AS i', 'risk_ties')$$), 'cancelled', 'cancelled while it reads');
SELECT is(pg_temp.cancelled($$SELECT sum((margin).initial_margin) FROM portfolio_margin_all('SELECT a AS account, 1 AS instrument, a + 0.5 AS quantity FROM generate_series(1, 200000) AS a', 'many_scenarios')$$), 'cancelled', 'cancelled while it computes');
SELECT is(pg_temp.cancelled($$SELECT portfolio_margin(x, vector) FROM risk, generate_series(1, 10000000) AS x WHERE kind = 'history'$$), 'cancelled', 'the aggregate is cancelled');
SET LOCAL statement_timeout = 0;
SELECT is((SELECT count(*) FROM portfolio_margin_all('book', 'risk_ties')), (SELECT count(*) FROM (SELECT DISTINCT account FROM book) AS x), 'and works as before');
-- streams from a select list, in FROM, beside others, from a cursor, and again
SELECT is((SELECT count(*) FROM (SELECT portfolio_margin_all('book', 'risk_ties') LIMIT 3) AS x), 3::bigint, 'LIMIT');
SELECT is((SELECT count(*) FROM (SELECT portfolio_margin_all('book', 'risk_ties'), generate_series(1, 200)) AS x), 200::bigint, 'beside another');
SELECT is((SELECT sum(n) FROM generate_series(1, 5) AS k, LATERAL (SELECT count(*) AS n FROM portfolio_margin_all(format('SELECT * FROM book WHERE account <= %s', k), 'risk_ties') WHERE k > 0) AS x), (SELECT sum(n) FROM generate_series(1, 5) AS g, LATERAL (SELECT count(DISTINCT account) AS n FROM book WHERE account <= g) AS x), 'lateral');
DECLARE c SCROLL CURSOR FOR SELECT account FROM portfolio_margin_all('book', 'risk_ties');
DECLARE d NO SCROLL CURSOR FOR SELECT (portfolio_margin_all('book', 'risk_ties')).account;
CREATE FUNCTION pg_temp.fetched(c refcursor, n int) RETURNS text LANGUAGE plpgsql AS $$ DECLARE a text; BEGIN FOR i IN 1..n LOOP FETCH c INTO a; END LOOP; RETURN a; END $$;
CREATE FUNCTION pg_temp.account(n int) RETURNS text LANGUAGE sql AS $$ SELECT account::text FROM (SELECT DISTINCT account FROM book) AS x ORDER BY x.account OFFSET n - 1 LIMIT 1 $$;
SELECT is(pg_temp.fetched('c', 2), pg_temp.account(2), 'a cursor'); MOVE BACKWARD ALL IN c;
SELECT is(pg_temp.fetched('c', 1), pg_temp.account(1), 'and back');
SELECT is(pg_temp.fetched('d', 2), pg_temp.account(2), 'a cursor that streams');
UPDATE book SET quantity = 0 WHERE account > 100;
SELECT is(pg_temp.fetched('d', 20), pg_temp.account(22), 'goes on with what it has read'); CLOSE d; CLOSE c;
SELECT is((SELECT array_agg(account) FROM (SELECT account FROM portfolio_margin_all('book', 'risk_ties') AS a WHERE EXISTS (SELECT FROM portfolio_margin_all('book', 'risk_ties') AS b WHERE b.account = a.account AND (b.margin).initial_margin = (a.margin).initial_margin) LIMIT 2) AS x), (SELECT array_agg(account::text) FROM (SELECT account FROM portfolio_margin_all('book', 'risk_ties') WHERE (margin).initial_margin IS NOT NULL LIMIT 2) AS x), 'one inside another');
CREATE FUNCTION pg_temp.bytes() RETURNS bigint LANGUAGE sql AS $$ SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts $$;
CREATE FUNCTION pg_temp.leak(n int, command text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE r record; before bigint; x bigint := 0;
BEGIN
    FOR i IN 1..n LOOP
        IF i = 20 THEN before := pg_temp.bytes(); END IF;
        FOR r IN EXECUTE command LOOP x := x + 1; EXIT WHEN x % 7 = 0; END LOOP;
        BEGIN
            PERFORM portfolio_margin_all('SELECT account, instrument, CASE WHEN account > 3 THEN ''NaN'' ELSE quantity END AS quantity FROM book WHERE account < 6', 'risk_ties');
        EXCEPTION WHEN invalid_parameter_value THEN NULL;
        END;
    END LOOP;
    RETURN pg_temp.bytes() - before;
END $$;
SELECT cmp_ok(pg_temp.leak(1000, $$SELECT * FROM margin_calib.portfolio_margin_all('SELECT * FROM book WHERE account < 6', 'risk_ties')$$), '<', 500000::bigint, 'no memory is left by 1,000 calls and errors');
-- the method changes from group to group: what the final function keeps does not grow
SELECT is((SELECT count(DISTINCT (m).initial_margin) > 4000 FROM (SELECT portfolio_margin(1, vector, ROW('worst', NULL, NULL, 1 + g * 0.001, NULL, NULL, NULL)::margin_method) AS m FROM risk_ties, generate_series(1, 5000) AS g WHERE instrument = 1 GROUP BY g) AS x), true, 'a method a group');
SELECT * FROM finish();
ROLLBACK;
