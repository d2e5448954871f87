-- Reverse stress in SQL: closed forms, both questions, NULL, bad input, limits.
BEGIN;
SET search_path = public, margin_calib;
SELECT no_plan();

CREATE FUNCTION pg_temp.refused(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8) RETURNS boolean LANGUAGE sql RETURN abs(a - b) <= tolerance * abs(b);
-- perpetuals and options of one contract each unit, at 100
CREATE FUNCTION pg_temp.perp(account text, quantity float8, coin text DEFAULT 'BTC') RETURNS reverse_position LANGUAGE sql
    RETURN (account, quantity, parse_symbol(coin || '-USD-PERP', 'paradex'), contract_market(100))::reverse_position;
CREATE FUNCTION pg_temp.option(account text, quantity float8, kind text, vol float8 DEFAULT 0.6, strike int DEFAULT 100) RETURNS reverse_position LANGUAGE sql
    RETURN (account, quantity, parse_symbol('BTC-USD-26JUN26-' || strike || '-' || kind, 'paradex'), contract_market(100, vol))::reverse_position;
CREATE TABLE pg_temp.short_straddle AS SELECT ARRAY[pg_temp.option('a', -1, 'C'), pg_temp.option('a', -1, 'P')] AS p;
CREATE TABLE pg_temp.answers (name text, r reverse_stress);

-- ---- one factor: x = ln(1 - L / (q F)) ----
INSERT INTO pg_temp.answers
    SELECT 'long', reverse_stress(ARRAY[pg_temp.perp(NULL, 2)], '2026-01-05', '{BTC}', '{{0.0016}}', 40)
    UNION ALL SELECT 'short', reverse_stress(ARRAY[pg_temp.perp(NULL, -2)], '2026-01-05', '{BTC}', '{{0.0016}}', 40)
    UNION ALL SELECT 'split', reverse_stress(ARRAY[pg_temp.perp('x', -3), pg_temp.perp('y', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', 40);
SELECT is((r).status, 'reached', name) FROM pg_temp.answers;
SELECT ok(pg_temp.near((r).distance, abs(ln(CASE name WHEN 'long' THEN 0.8 ELSE 1.2 END)) / 0.04, 1e-12), name || ': distance') FROM pg_temp.answers;
SELECT ok(pg_temp.near((r).log_moves[1], ln(CASE name WHEN 'long' THEN 0.8 ELSE 1.2 END), 1e-12) AND pg_temp.near((r).relative_moves[1], CASE name WHEN 'long' THEN -0.2 ELSE 0.2 END, 1e-12), name || ': move') FROM pg_temp.answers;
SELECT ok((r).loss >= 40 AND pg_temp.near((r).loss, 40, 1e-12) AND (r).threshold = 40 AND (r).dimensions = 1 AND (r).account IS NULL AND (r).accounts IS NULL AND (r).account_losses IS NULL, name || ': loss') FROM pg_temp.answers;
SELECT ok(pg_temp.near((r).position_pnl[1], -60, 1e-12) AND pg_temp.near((r).position_pnl[2], 20, 1e-12), 'profit of each position') FROM pg_temp.answers WHERE name = 'split';
-- in one dimension chi-square is the law of the square: both sides
SELECT ok(pg_temp.near((r).chi_square_tail, 2 * (r).normal_tail, 1e-12), 'one dimension: both sides are twice one') FROM pg_temp.answers;
SELECT ok(pg_temp.near((reverse_stress(ARRAY[pg_temp.perp(NULL, 1)], '2026-01-05', '{BTC}', '{{0.01}}', 100 * (1 - exp(-0.1 * 1.959963984540054)))).normal_tail, 0.025, 1e-10), 'a tail of 2.5 % at 1.96');

-- ---- the nearer side of a straddle: breakeven by its own price ----
SELECT is(sign(((reverse_stress(p, '2026-01-05', '{BTC}', '{{0.0016}}', 20)).log_moves)[1]), 1::float8, 'a short straddle: up is nearer, prices rise further than they fall') FROM pg_temp.short_straddle;
SELECT is(sign(((reverse_stress(p || pg_temp.perp(NULL, 0.6), '2026-01-05', '{BTC}', '{{0.0016}}', 20)).log_moves)[1]), -1::float8, 'with more long delta: down') FROM pg_temp.short_straddle;
SELECT ok(pg_temp.near((r).loss, (SELECT -sum(pnl) FROM unnest((r).position_pnl) AS pnl), 1e-12), 'what the positions lose') FROM (SELECT (reverse_stress(p, '2026-01-05', '{BTC}', '{{0.0016}}', 20)) AS r FROM pg_temp.short_straddle) AS q;
-- the loss by option_price of this extension, at the moved price and vol
SELECT ok(pg_temp.near(-(r).position_pnl[1], black76_price('call', 100 * exp((r).log_moves[1]), 100, years_to_expiry('2026-06-26 08:00Z', '2026-01-05'), 0.6 * exp(-0.5 * (r).log_moves[1] + 0.8 * abs((r).log_moves[1])))
                                             - black76_price('call', 100, 100, years_to_expiry('2026-06-26 08:00Z', '2026-01-05'), 0.6), 1e-9), 'vols answer prices')
  FROM (SELECT reverse_stress(p, '2026-01-05 00:00Z', '{BTC}', '{{0.0016}}', 20, vol_betas => '{-0.5}', vol_rises => '{0.8}') AS r FROM pg_temp.short_straddle) AS q;
-- a price that stands still: the vol alone moves
SELECT ok((r).status = 'reached' AND (r).factors = '{BTC,"BTC vol"}' AND (r).log_moves[1] = 0 AND (r).log_moves[2] < 0
          AND pg_temp.near(-(r).position_pnl[1], black76_price('call', 100, 100, years_to_expiry('2026-06-26 08:00Z', '2026-01-05'), 0.6)
                                              - black76_price('call', 100, 100, years_to_expiry('2026-06-26 08:00Z', '2026-01-05'), 0.6 * exp((r).log_moves[2])), 1e-9)
          AND pg_temp.near((r).distance, abs((r).log_moves[2]) / 0.1, 1e-12), 'a vol factor')
  FROM (SELECT reverse_stress(ARRAY[pg_temp.option('a', 1, 'C')], '2026-01-05 00:00Z', '{BTC}', '{{0,0},{0,0.01}}', 3, vol_factors => '{BTC}') AS r) AS q;

-- ---- accounts ----
-- a (long 1, equity 8) is exhausted at a fall of 8 %, b (short 2, equity 30) at a rise of 15 %
CREATE TABLE pg_temp.two AS SELECT ARRAY[pg_temp.perp('a', 1), pg_temp.perp('b', -2)] AS p;
SELECT ok((r).account = 'a' AND (r).threshold = 8 AND pg_temp.near((r).distance, -ln(0.92) / 0.04, 1e-12) AND (r).accounts = '{b,a}' AND pg_temp.near((r).account_losses[1], -16, 1e-12), 'the first of two accounts')
  FROM (SELECT reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}') AS r FROM pg_temp.two) AS q;
-- both sides of a fund of 5: down 13 %, up 17.5 %
SELECT ok((r).account = 'a' AND (r).threshold = 5 AND pg_temp.near((r).loss, 5, 1e-12) AND pg_temp.near((r).log_moves[1], ln(0.87), 1e-12), 'a fund')
  FROM (SELECT reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}', 5) AS r FROM pg_temp.two) AS q;
-- three longs with equities 10, 12 and 14, at a fall of y: 100 y - 10 = 15, 200 y - 22 = 15, 300 y - 36 = 15
SELECT ok(pg_temp.near(((reverse_stress_accounts(ARRAY[pg_temp.perp('a', 1), pg_temp.perp('b', 1), pg_temp.perp('c', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', '{a,b,c}', '{10,12,14}', 15, cover)).relative_moves)[1], y, 1e-10), format('cover %s', cover))
  FROM (VALUES (1, -0.25), (2, -0.185), (3, -0.17), (NULL, -0.17), (7, -0.17)) AS v (cover, y);
SELECT is((reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}', 0, 1)).distance, (reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}')).distance, 'a fund of 0 is none') FROM pg_temp.two;
SELECT is((reverse_stress_accounts(ARRAY[pg_temp.perp('a', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', '{a}', '{8}')).distance, (reverse_stress(ARRAY[pg_temp.perp('a', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', 8)).distance, 'one account is its book');
SELECT ok((r).status = 'exhausted' AND (r).distance = 0 AND (r).normal_tail = 0.5 AND (r).chi_square_tail = 1 AND (r).log_moves = '{0}' AND (r).account = 'b', 'an equity below 0')
  FROM (SELECT reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{a,b}', '{8,-1}') AS r FROM pg_temp.two) AS q;
SELECT ok((r).status = 'reached' AND pg_temp.near((r).relative_moves[1], 0.02, 1e-10), 'and a fund that it leaves something of')
  FROM (SELECT reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{a,b}', '{8,-1}', 5) AS r FROM pg_temp.two) AS q;
SELECT is((reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{a,b}', '{8,-6}', 5)).status, 'exhausted', 'or nothing') FROM pg_temp.two;

-- ---- out of reach, and nothing there ----
SELECT ok((r).status = 'not_reached' AND (r).distance IS NULL AND (r).normal_tail IS NULL AND (r).chi_square_tail IS NULL AND (r).loss BETWEEN 0.99 * 100 * (1 - exp(-0.48)) AND 100 * (1 - exp(-0.48)) * (1 + 1e-12), 'out of reach: the largest loss within it')
  FROM (SELECT reverse_stress(ARRAY[pg_temp.perp('a', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', 60) AS r) AS q;
SELECT is((reverse_stress(ARRAY[pg_temp.perp('a', 1)], '2026-01-05', '{BTC}', '{{0.0016}}', 60, reach => 30)).status, 'reached', 'further out');
SELECT is((reverse_stress('{}', '2026-01-05', '{BTC}', '{{0.0016}}', 1)).status, 'not_reached', 'no positions');
SELECT is((reverse_stress('{}', '2026-01-05', '{BTC}', '{{0.0016}}', 0)).status, 'exhausted', 'which lose nothing');
SELECT is((reverse_stress(ARRAY[pg_temp.perp('a', 1)], '2026-01-05', '{BTC}', '{{0}}', 1)).dimensions, 0, 'a market that does not move');
SELECT is((reverse_stress(ARRAY[pg_temp.perp('a', 1e9), pg_temp.perp('a', -1e9)], '2026-01-05', '{BTC}', '{{0.0016}}', 1)).status, 'not_reached', 'a hedge to the last contract');
SELECT ok(pg_temp.near(((reverse_stress(ARRAY[pg_temp.perp('a', 1), pg_temp.perp('a', -3, 'ETH')], '2026-01-05', '{BTC,ETH}', '{{0.0016,0.0016},{0.0016,0.0016}}', 10)).relative_moves)[2], 0.05, 1e-10), 'two coins that are one');
SELECT ok((r).status = 'reached' AND pg_temp.near((r).relative_moves[1], 0.05, 1e-8), 'an option after its expiry is its payoff')
  FROM (SELECT reverse_stress(ARRAY[pg_temp.option('a', -1e9, 'C')], '2027-01-01', '{BTC}', '{{0.0016}}', 5e9) AS r) AS q;
-- the order of rows and of accounts does not matter, to the last bit
SELECT is((reverse_stress_accounts(ARRAY[p[2], p[1]], '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}', 5)).distance, (reverse_stress_accounts(p, '2026-01-05', '{BTC}', '{{0.0016}}', '{b,a}', '{30,8}', 5)).distance, 'rows in another order') FROM pg_temp.two;

-- ---- NULL ----
SELECT is((SELECT reverse_stress(CASE WHEN i = 1 THEN NULL ELSE '{}'::reverse_position[] END, CASE WHEN i = 2 THEN NULL ELSE now() END, CASE WHEN i = 3 THEN NULL ELSE '{BTC}'::text[] END,
                                 CASE WHEN i = 4 THEN NULL ELSE '{{1}}'::float8[] END, CASE WHEN i = 5 THEN NULL ELSE 1 END, reach => CASE WHEN i = 6 THEN NULL ELSE 1 END)), NULL, format('NULL in place %s', i)) FROM generate_series(1, 6) AS i;
SELECT is((SELECT reverse_stress_accounts('{}', now(), '{BTC}', '{{1}}', CASE WHEN i = 1 THEN NULL ELSE '{a}'::text[] END, CASE WHEN i = 2 THEN NULL ELSE '{1}'::float8[] END)), NULL, format('NULL accounts %s', i)) FROM generate_series(1, 2) AS i;

-- ---- bad input ----
SELECT is(pg_temp.refused(format('SELECT reverse_stress(%s, ''2026-01-05'', %s)', p, rest)), m, m) FROM (VALUES
    ($$'{}'$$, $$'{BTC,BTC}', '{{1,0},{0,1}}', 1$$, '22023: factors must have each name once'),
    ($$'{}'$$, $$'{BTC,NULL}', '{{1,0},{0,1}}', 1$$, '22004: factors must not contain NULL'),
    ($$'{}'$$, $$'{{BTC}}', '{{1}}', 1$$, '2202E: factors must be a one-dimensional array'),
    ($$'{}'$$, $$'{BTC}', '{{1,0},{0,1}}', 1$$, '22023: covariance must have a row for each of the factors'),
    ($$'{}'$$, $$'{BTC}', '{1}', 1$$, '2202E: matrix must be a square matrix'),
    ($$'{}'$$, $$'{BTC,ETH}', '{{1,2},{2,1}}', 1$$, '22023: covariance must be positive semidefinite'),
    ($$'{}'$$, $$'{BTC}', '{{-1}}', 1$$, '22023: covariance must be positive semidefinite'),
    ($$'{}'$$, $$'{BTC,ETH}', '{{1,0.1},{0.2,1}}', 1$$, '22023: matrix must be symmetric'),
    ($$'{}'$$, $$'{BTC}', '{{NaN}}', 1$$, '22023: matrix must be finite'),
    ($$'{}'$$, $$'{BTC}', '{{1}}', 'NaN'$$, '22023: loss must be finite'),
    ($$'{}'$$, $$'{BTC}', '{{1}}', 1, vol_betas => '{1,2}'$$, '22023: vol_betas must have one number for each of the factors'),
    ($$'{}'$$, $$'{BTC}', '{{1}}', 1, vol_rises => '{NaN}'$$, '22023: vol_rises must lie between -1000 and 1000'),
    ($$'{}'$$, $$'{BTC}', '{{1,0},{0,1}}', 1, vol_factors => '{ETH}'$$, '22023: vol_factors must be among the factors'),
    ($$'{}'$$, $$'{BTC}', '{{1}}', 1, reach => 0$$, '22023: reach must be above 0 and at most 100'),
    ($$'{}'$$, $$'{BTC}', '{{1}}', 1, reach => 'NaN'$$, '22023: reach must be above 0 and at most 100'),
    ($$ARRAY[NULL::reverse_position]$$, $$'{BTC}', '{{1}}', 1$$, '22004: positions must not contain NULL'),
    ($$ARRAY[pg_temp.perp('a', NULL)]$$, $$'{BTC}', '{{1}}', 1$$, '22023: quantity of a position is NULL'),
    ($$ARRAY[pg_temp.perp('a', 'NaN')]$$, $$'{BTC}', '{{1}}', 1$$, '22023: quantity of a position is out of range'),
    ($$ARRAY[('a', 1, NULL, contract_market(1))::reverse_position]$$, $$'{BTC}', '{{1}}', 1$$, '22023: contract of a position is NULL'),
    ($$ARRAY[('a', 1, parse_symbol('BTC-USD-PERP', 'paradex'), NULL)::reverse_position]$$, $$'{BTC}', '{{1}}', 1$$, '22023: market of a position is NULL'),
    ($$ARRAY[pg_temp.perp('a', 1, 'SOL')]$$, $$'{BTC}', '{{1}}', 1$$, '22023: underlying of a position is not among the factors'),
    ($$ARRAY[pg_temp.option('a', 1, 'C'), pg_temp.option('a', 1, 'C', 0.7)]$$, $$'{BTC}', '{{1}}', 1$$, '22023: two positions in one instrument have different terms or markets'),
    ($$ARRAY[pg_temp.option('a', 1, 'C', NULL)]$$, $$'{BTC}', '{{1}}', 1$$, '22023: vol of a contract_market is NULL'),
    ($$ARRAY[pg_temp.perp('a', 1e308)]$$, $$'{BTC}', '{{1}}', 1$$, '22003: value out of range: overflow')) AS v (p, rest, m);
SELECT is(pg_temp.refused($$SELECT reverse_stress('{}', 'infinity', '{BTC}', '{{1}}', 1)$$), '22023: as_of must be a finite time');
SELECT is(pg_temp.refused(format('SELECT reverse_stress_accounts(ARRAY[pg_temp.perp(%s, 1)], ''2026-01-05'', ''{BTC}'', ''{{1}}'', %s)', a, rest)), m, m) FROM (VALUES
    ($$'z'$$, $$'{a}', '{1}'$$, '22023: position of an account that is not among the accounts'),
    ($$NULL$$, $$'{a}', '{1}'$$, '22023: account of a position is NULL'),
    ($$'a'$$, $$'{a,a}', '{1,1}'$$, '22023: accounts must have each name once'),
    ($$'a'$$, $$'{a}', '{1,2}'$$, '22023: accounts and equities must be as many, at least one'),
    ($$'a'$$, $$'{}', '{}'$$, '22023: accounts and equities must be as many, at least one'),
    ($$'a'$$, $$'{a}', '{NaN}'$$, '22023: equities must be finite'),
    ($$'a'$$, $$'{a}', '{NULL}'$$, '22004: equities must not contain NULL'),
    ($$'a'$$, $$'{a}', '{1}', -1$$, '22023: fund must be finite and not negative'),
    ($$'a'$$, $$'{a}', '{1}', 1, 0$$, '22023: cover must be at least 1')) AS v (a, rest, m);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT is(pg_temp.refused($$ SELECT reverse_stress('{}', now(), array_agg('C' || i), (SELECT array_agg(r) FROM (SELECT array_agg((i = j)::int::float8 ORDER BY j) AS r FROM generate_series(1, 200) AS i, generate_series(1, 200) AS j GROUP BY i ORDER BY i) AS x), 1) FROM generate_series(1, 200) AS i $$),
          '54000: state exceeds margin_calib.max_state_mb', 'work space has a limit');
RESET margin_calib.max_state_mb;

-- cancels
\ir lib/cancelled.sql
CREATE TABLE pg_temp.large AS SELECT array_agg(('a', -1, parse_symbol(format('C%s-USD-26JUN26-%s-C', i % 100, 80 + i), 'paradex'), contract_market(100, 0.6))::reverse_position) AS p FROM generate_series(1, 6000) AS i;
SET LOCAL statement_timeout = 300;
SELECT is(pg_temp.cancelled($$ SELECT reverse_stress(p, '2026-01-05', (SELECT array_agg('C' || j ORDER BY j) FROM generate_series(0, 99) AS j),
              (SELECT array_agg(r ORDER BY k) FROM (SELECT k, array_agg((k = j)::int * 0.0016 ORDER BY j) AS r FROM generate_series(0, 99) AS k, generate_series(0, 99) AS j GROUP BY k) AS x), 1e4) FROM pg_temp.large $$), 'cancelled', 'a cancel is served');
SET LOCAL statement_timeout = 0;
SELECT * FROM finish();
ROLLBACK;
