-- Offsets on any table: values by hand and beside plain SQL, order, bounds, NULL, NaN, errors.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SELECT setseed(0.42);

-- ---- portfolio_offset ----
SELECT results_eq($$ SELECT (portfolio_offset('{100,-100}', '{{1,0.5},{0.5,1}}', 0.8)).* $$,
    $$ VALUES (200::float8, 100::float8, 80::float8, 120::float8, sqrt(20000::float8), 0::float8, sqrt(20000::float8)) $$, 'a hedge, by hand');
SELECT results_eq($$ SELECT (portfolio_offset('{300,400}', '{{1,0},{0,1}}', 0.8)).* $$,
    $$ VALUES (700::float8, 500::float8, 160::float8, 540::float8, 500::float8, 700::float8, 700::float8) $$, '300, 400, 500: diversification, gone when both move as one');
SELECT results_eq($$ SELECT combined, credit, worst_breakdown FROM portfolio_offset('{300,400}', '{{1,0},{0,1}}', 0.8, hedges_only => true) $$,
    $$ VALUES (700::float8, 0::float8, 700::float8) $$, 'hedges_only: two longs have no credit');
SELECT results_eq($$ SELECT combined, requirement FROM portfolio_offset('{100,100}', '{{1,-1},{-1,1}}', 1) $$,
    $$ VALUES (0::float8, 0::float8) $$, 'two longs of opposite moves are a hedge');

CREATE TABLE portfolio AS
SELECT n, i, 1000 * (random() - 0.5) * exp(4 * random()) AS m, random() - 0.5 AS a, random() - 0.5 AS b, random() AS place
  FROM generate_series(1, 60) AS n, generate_series(1, 2 + n % 7) AS i;
-- correlations of two common factors, 90 % of the variance
CREATE TABLE pair AS
SELECT p.n, p.i, q.i AS j, p.m * q.m AS mm, p.place AS place_i, q.place AS place_j,
       CASE WHEN p.i = q.i THEN 1 ELSE 0.9 * (p.a * q.a + p.b * q.b) / sqrt((p.a ^ 2 + p.b ^ 2) * (q.a ^ 2 + q.b ^ 2)) END AS c
  FROM portfolio AS p JOIN portfolio AS q USING (n);
CREATE VIEW in_order AS
SELECT n, (SELECT array_agg(m ORDER BY i) FROM portfolio AS p WHERE p.n = x.n) AS m,
       (SELECT array_agg(line ORDER BY i) FROM (SELECT i, array_agg(c ORDER BY j) AS line FROM pair AS p WHERE p.n = x.n GROUP BY i) AS l) AS c
  FROM (SELECT DISTINCT n FROM portfolio) AS x;
CREATE VIEW shuffled AS
SELECT n, (SELECT array_agg(m ORDER BY place) FROM portfolio AS p WHERE p.n = x.n) AS m,
       (SELECT array_agg(line ORDER BY place_i) FROM (SELECT place_i, array_agg(c ORDER BY place_j) AS line FROM pair AS p WHERE p.n = x.n GROUP BY place_i) AS l) AS c
  FROM (SELECT DISTINCT n FROM portfolio) AS x;
SELECT is_empty($$
    SELECT n, o.* FROM in_order, portfolio_offset(m, c, 0.8) AS o,
           LATERAL (SELECT sqrt(sum(mm * c)) AS combined, sqrt(sum(mm) FILTER (WHERE i = j)) AS zero FROM pair AS p WHERE p.n = in_order.n) AS w,
           LATERAL (SELECT sum(abs(p.m)) AS gross, abs(sum(p.m)) AS one, sqrt(sum(greatest(p.m, 0)) ^ 2 + sum(least(p.m, 0)) ^ 2) AS worst
                      FROM portfolio AS p WHERE p.n = in_order.n) AS v
     WHERE abs(o.combined / w.combined - 1) > 1e-12 OR abs(o.gross / v.gross - 1) > 1e-14 OR abs(o.at_zero / w.zero - 1) > 1e-14
        OR abs(o.at_one / v.one - 1) > 1e-10 OR abs(o.worst_breakdown / greatest(v.worst, w.combined) - 1) > 1e-12
        OR abs(o.credit - 0.8 * (v.gross - w.combined)) > 1e-11 * v.gross OR abs(o.requirement + o.credit - v.gross) > 1e-12 * v.gross
$$, '60 portfolios agree with plain SQL');
SELECT is_empty($$
    SELECT n FROM in_order, portfolio_offset(m, c, 0.8, true) AS o,
           LATERAL (SELECT sqrt(sum(CASE WHEN i = j OR mm * c < 0 THEN mm * c ELSE abs(mm) END)) AS combined FROM pair AS p WHERE p.n = in_order.n) AS w
     WHERE abs(o.combined / w.combined - 1) > 1e-12
$$, 'and so do they with hedges only');
SELECT is_empty($$
    SELECT a.n FROM in_order AS a JOIN shuffled AS b USING (n), unnest('{true,false}'::boolean[]) AS h,
           LATERAL (SELECT portfolio_offset(a.m, a.c, 0.8, h) AS x, portfolio_offset(b.m, b.c, 0.8, h) AS y) AS o WHERE o.x::text <> o.y::text
$$, 'no digit depends on the order of the positions');
SELECT ok((SELECT count(*) FROM in_order AS a JOIN shuffled AS b USING (n) WHERE a.m <> b.m) > 50, 'which was another one');
SELECT is_empty($$
    SELECT n, cap FROM (SELECT n, cap, o.requirement AS r, o.gross, o.combined, lag(o.requirement) OVER (PARTITION BY n ORDER BY cap) AS before
                          FROM in_order, generate_series(0, 1, 0.05) AS cap, portfolio_offset(m, c, cap::float8) AS o) AS x
     WHERE r > before OR r < combined - 1e-9 OR r > gross OR r < 0
$$, 'the requirement falls with the cap, from gross to combined');
SELECT is((portfolio_offset('{1,2,0}', '{{1,0.9,0.9},{0.9,1,0},{0.9,0,1}}', 1)).gross, 3::float8, 'correlations of a margin of 0 do not matter');
SELECT is(portfolio_offset(NULL, '{{1}}', 1), NULL, 'NULL margins');
SELECT is(portfolio_offset('{1}', '{{1}}', NULL), NULL, 'NULL cap');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{1,0.5},{0.5,1}}', 1.01) $$, '22023', 'cap must lie between 0 and 1');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{1,0.5},{0.5,1}}', 'NaN') $$, '22023', 'cap must lie between 0 and 1');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2,3}', '{{1,0.5},{0.5,1}}', 1) $$, '2202E', 'margins and correlation must be of the same positions');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{1,0.5}}', 1) $$, '2202E', 'matrix must be a square matrix');
SELECT throws_ok($$ SELECT portfolio_offset('{{1,2}}', '{{1,0.5},{0.5,1}}', 1) $$, '2202E', 'margins must be a one-dimensional array');
SELECT throws_ok($$ SELECT portfolio_offset('{1,NULL}', '{{1,0.5},{0.5,1}}', 1) $$, '22004', 'margins must not contain NULL');
SELECT throws_ok($$ SELECT portfolio_offset('{1,Infinity}', '{{1,0.5},{0.5,1}}', 1) $$, '22023', 'margins must be finite');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{1,0.5},{0.4,1}}', 1) $$, '22023', 'matrix must be symmetric');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{1,1.5},{1.5,1}}', 1) $$, '22023', 'correlations lie between -1 and 1, and are 1 on the diagonal');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2}', '{{4,1},{1,1}}', 1) $$, '22023', 'correlations lie between -1 and 1, and are 1 on the diagonal');
SELECT throws_ok($$ SELECT portfolio_offset('{1,2,3}', '{{1,0.9,0.9},{0.9,1,0},{0.9,0,1}}', 1) $$, '22023', 'correlation must be positive semidefinite');
SELECT throws_ok($$ SELECT portfolio_offset('{1e308,1e308}', '{{1,1},{1,1}}', 1) $$, '22003');

-- ---- correlation_reliability beside corr() ----
CREATE TABLE ret AS
SELECT i, c * s AS x, (0.8 * c + 0.6 * e) * s AS y, (0.8 * f - 0.6 * c) * s AS z, f AS alone
  FROM (SELECT i, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS c, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS e,
               sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS f, CASE WHEN i BETWEEN 300 AND 380 THEN 3 ELSE 1 END AS s
          FROM generate_series(1, 503) AS i) AS g;
CREATE FUNCTION expected_evidence(first text, second text) RETURNS TABLE (r float8, bound float8, parts float8[], stressed float8) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH v AS (SELECT i, %1$I AS x, %2$I AS y FROM ret), n AS (SELECT count(*) AS n, corr(x, y) AS r, var_samp(x) AS vx, var_samp(y) AS vy FROM v),
        w AS (SELECT i, sum(x * x / vx + y * y / vy) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND 124 FOLLOWING) AS size FROM v, n),
        best AS (SELECT i FROM w WHERE i <= 503 - 125 + 1 ORDER BY size DESC LIMIT 1)
        -- the quantile of 0.99 is 2.3263478740408408
        SELECT n.r, sign(n.r) * greatest(tanh(atanh(abs(n.r)) - 2.3263478740408408 / sqrt(n.n - 3)), 0),
               ARRAY(SELECT (SELECT corr(x, y) FROM v WHERE i > p * 503 / 4 AND i <= (p + 1) * 503 / 4) FROM generate_series(0, 3) AS p ORDER BY p),
               (SELECT corr(x, y) FROM v, best WHERE v.i BETWEEN best.i AND best.i + 124)
          FROM n $q$, first, second);
END $$;
CREATE TABLE judged AS
SELECT 'x' AS a, 'y' AS b, (correlation_reliability(x, y, 0.99, 4 ORDER BY i)).* FROM ret UNION ALL
SELECT 'z', 'x', (correlation_reliability(z, x, 0.99, 4 ORDER BY i)).* FROM ret UNION ALL
SELECT 'x', 'alone', (correlation_reliability(x, alone, 0.99, 4 ORDER BY i)).* FROM ret;
SELECT is_empty($$
    SELECT j.* FROM judged AS j, expected_evidence(a, b) AS e
     WHERE abs(j.correlation - e.r) > 1e-12 OR abs(j.lower_bound - e.bound) > 1e-12 OR abs(j.stressed_correlation - e.stressed) > 1e-12
        OR EXISTS (SELECT FROM unnest(j.subperiod_correlations, e.parts) AS p (got, want) WHERE (abs(got - want) < 1e-12) IS NOT TRUE)
        OR j.observations <> 503
        OR abs(j.smallest_correlation - sign(e.r) * least(sign(e.r) * e.bound, sign(e.r) * e.stressed, (SELECT min(sign(e.r) * p) FROM unnest(e.parts) AS p))) > 1e-12
$$, 'evidence of three pairs agrees with corr() over the window, its quarters and its most volatile stretch');
SELECT results_eq($$ SELECT a, b, is_reliable, offset_correlation = CASE WHEN is_reliable THEN smallest_correlation ELSE 0 END, reason FROM judged ORDER BY a, b $$,
    $$ VALUES ('x', 'alone', false, true, 'the correlation is not significant'), ('x', 'y', true, true, NULL), ('z', 'x', true, true, NULL) $$,
    'what hangs together is reliable, in either direction');
SELECT ok(offset_correlation < -0.2, 'a negative one stays negative') FROM judged WHERE a = 'z';
-- Fisher by hand: n = 103 at 0.95, the quantile of which is 1.644853626951473, over sqrt(100)
CREATE TABLE exact AS
SELECT i, CASE WHEN i <= 102 THEN u ELSE 0 END AS x, CASE WHEN i <= 102 THEN 0.6 * u + 0.8 * v ELSE 0 END AS y
  FROM (SELECT i, CASE i % 2 WHEN 0 THEN 1 ELSE -1 END AS u, CASE WHEN i % 4 < 2 THEN 1 ELSE -1 END AS v FROM generate_series(1, 103) AS i) AS g;
SELECT ok(abs((e).correlation - r) < 1e-15 AND abs(r - 0.6) < 0.05, 'a correlation near 0.6') FROM (SELECT correlation_reliability(x, y, 0.95, 1 ORDER BY i) AS e, corr(x, y) AS r FROM exact) AS q;
SELECT ok(abs((e).lower_bound - tanh(atanh((e).correlation) - 0.1644853626951473)) < 1e-15, 'its bound: 103 returns, a tenth of the quantile')
  FROM (SELECT correlation_reliability(x, y, 0.95, 1 ORDER BY i) AS e FROM exact) AS q;
SELECT ok(abs((e).lower_bound - (e).correlation) < 1e-15, 'at a confidence of one half the bound is the correlation')
  FROM (SELECT correlation_reliability(x, y, 0.5, 1 ORDER BY i) AS e FROM exact) AS q;
SELECT is((e).reason, 'too few returns: 20 a sub-period are needed', '79 returns of 4 sub-periods')
  FROM (SELECT correlation_reliability(x, y, 0.99, 4 ORDER BY i) AS e FROM ret WHERE i <= 79) AS q;
SELECT is((e).reason, NULL, '80 are enough') FROM (SELECT correlation_reliability(x, y, 0.9, 4 ORDER BY i) AS e FROM ret WHERE i <= 80) AS q;
SELECT is((e).reason, 'a series is constant', 'a constant series') FROM (SELECT correlation_reliability(x, 0.1, 0.99, 4 ORDER BY i) AS e FROM ret) AS q;
SELECT is((e).reason, 'a series is constant in a sub-period or in the stressed stretch', 'a halted one')
  FROM (SELECT correlation_reliability(x, CASE WHEN i > 130 THEN y ELSE 0 END, 0.99, 4 ORDER BY i) AS e FROM ret) AS q;
SELECT ok((e).subperiod_correlations[1] IS NULL AND (e).subperiod_correlations[4] IS NOT NULL, 'has no correlation there')
  FROM (SELECT correlation_reliability(x, CASE WHEN i > 130 THEN y ELSE 0 END, 0.99, 4 ORDER BY i) AS e FROM ret) AS q;
SELECT results_eq($$ SELECT (e).reason, (e).offset_correlation, (e).smallest_correlation * (e).correlation < 0
                       FROM (SELECT correlation_reliability(x, CASE WHEN i BETWEEN 200 AND 230 THEN -20 * x ELSE y END, 0.99, 4 ORDER BY i) AS e FROM ret WHERE i < 260) AS q $$,
    $$ VALUES ('the sign changes in a sub-period or in the stressed stretch', 0::float8, true) $$, 'a sign that changes in stress');
SELECT results_eq($$ SELECT (e).observations, (e).correlation, (e).offset_correlation, (e).reason
                       FROM (SELECT correlation_reliability(x, CASE i WHEN 7 THEN 'NaN' WHEN 8 THEN NULL ELSE y END, 0.99, 4 ORDER BY i) AS e FROM ret) AS q $$,
    $$ VALUES (502::bigint, 'NaN'::float8, 0::float8, 'a return is NaN or infinite') $$, 'a NaN is told, a NULL skipped');
SELECT is((SELECT correlation_reliability(x, y, 0.99, 4) FROM ret WHERE false), NULL, 'no row');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 0.4, 4) FROM ret $$, '22023', 'confidence of a lower bound must lie between 0.5 and 1');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 1, 4) FROM ret $$, '22023', 'confidence of a lower bound must lie between 0.5 and 1');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 0.99, 0) FROM ret $$, '22023', 'subperiods must lie between 1 and 50');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 0.99, 51) FROM ret $$, '22023', 'subperiods must lie between 1 and 50');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 0.99, NULL) FROM ret $$, '22004');
SELECT throws_ok($$ SELECT correlation_reliability(x, y, 0.9 + i / 1e4, 4) FROM ret $$, '22023');

-- ---- matrices ----
CREATE TABLE matrix AS SELECT offset_correlation(ARRAY[x, y, z, alone], 0.99, 4 ORDER BY i) AS m FROM ret;
SELECT is(m[1][2], (SELECT offset_correlation FROM judged WHERE a = 'x' AND b = 'y'), 'offset_correlation of a matrix is that of its pairs') FROM matrix;
SELECT is(m[3][1], (SELECT offset_correlation FROM judged WHERE a = 'z'), 'below the diagonal as well') FROM matrix;
SELECT ok(m[4][1] = 0 AND m[2][2] = 1, '0 for a pair that is not reliable, 1 on the diagonal') FROM matrix;
SELECT is(offset_correlation(ARRAY[x, 0, CASE i WHEN 3 THEN 'NaN' ELSE x END, 2 * x], 0.99, 4 ORDER BY i), '{{1,0,0,1},{0,1,0,0},{0,0,1,0},{1,0,0,1}}',
          'a constant series and one with a NaN offset nothing, a multiple everything') FROM ret;
SELECT is(offset_correlation(ARRAY[x], 0.99, 4), '{{1}}', 'one series') FROM ret;
SELECT is((SELECT offset_correlation(ARRAY[x, y], 0.99, 4) FROM ret WHERE i < 50), '{{1,0},{0,1}}', 'too few returns: nothing offsets');
SELECT is((SELECT offset_correlation(ARRAY[x, NULL], 0.99, 4) FROM ret), NULL, 'rows with a NULL are skipped');
SELECT is((SELECT offset_correlation(ARRAY[x, y], 0.99, 4) FROM ret WHERE false), NULL, 'no row');
SELECT throws_ok($$ SELECT offset_correlation(CASE i WHEN 5 THEN ARRAY[x] ELSE ARRAY[x, y] END, 0.99, 4 ORDER BY i) FROM ret $$, '2202E');
SELECT throws_ok($$ SELECT offset_correlation(ARRAY[x, y], 2, 4) FROM ret $$, '22023');
SELECT throws_ok($$ SELECT offset_correlation(array_fill(x, '{801}'), 0.99, 4) FROM ret WHERE i < 3 $$, '54000');
SELECT is(bounded_correlation('{{1,0.5},{0.5,1}}'), '{{1,0.5},{0.5,1}}', 'what fits together stays');
-- 1 - r sqrt(2) >= 0
SELECT ok(abs(b[1][2] - sqrt(0.5)) < 1e-12 AND abs(b[1][3] - sqrt(0.5)) < 1e-12 AND b[2][3] = 0 AND is_positive_semidefinite(b), '0.9, 0.9 and 0 become sqrt(1/2) twice')
  FROM (SELECT bounded_correlation('{{1,0.9,0.9},{0.9,1,0},{0.9,0,1}}') AS b) AS q;
SELECT is_empty($$
    SELECT seed FROM (SELECT seed, (SELECT array_agg(line) FROM (SELECT array_agg(CASE WHEN i = j THEN 1 ELSE round(((sin(seed + least(i, j) * 3.1 + greatest(i, j) * 7.7) + 0.5) / 1.5)::numeric, 3) END::float8 ORDER BY j) AS line
                                                                       FROM generate_series(1, 8) AS i, generate_series(1, 8) AS j GROUP BY i ORDER BY i) AS l) AS m
                        FROM generate_series(1, 40) AS seed) AS g, bounded_correlation(m) AS b
     WHERE NOT is_positive_semidefinite(b)
        OR EXISTS (SELECT FROM unnest(m, b) AS c (given, got) WHERE abs(got) > abs(given) OR got * given < 0)
$$, '40 matrices of any kind: definite, and no element above what was given');
SELECT throws_ok($$ SELECT bounded_correlation('{{1,2},{2,1}}') $$, '22023');
SELECT throws_ok($$ SELECT bounded_correlation('{{1,NULL},{NULL,1}}') $$, '22004');

-- ---- price_evidence: pairs at common times, beside align_returns ----
CREATE TABLE tick AS
SELECT k.name, k.n, '2024-01-01'::timestamptz + r.i * interval '1 hour' + interval '1 microsecond' * (r.i % 3) AS ts,
       100 * exp(0.01 * sum(CASE k.n WHEN 1 THEN x WHEN 2 THEN y ELSE z END) OVER (PARTITION BY k.n ORDER BY r.i)) AS price
  FROM ret AS r, (VALUES ('A', 1), ('B', 2), ('C', 3)) AS k (name, n);
DELETE FROM tick WHERE name = 'B' AND date_part('hour', ts) IN (3, 4, 11);
DELETE FROM tick WHERE name = 'C' AND date_part('day', ts) = 9;
CREATE TABLE told AS
SELECT (e[1]).* , 'A' AS a, 'B' AS b FROM (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4) AS e FROM tick) AS q UNION ALL
SELECT (e[2]).*, 'A', 'C' FROM (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4) AS e FROM tick) AS q UNION ALL
SELECT (e[3]).*, 'B', 'C' FROM (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4) AS e FROM tick) AS q;
SELECT is_empty($$
    SELECT t.a, t.b FROM told AS t,
           LATERAL (SELECT correlation_reliability(v[1], v[2], 0.99, 4 ORDER BY ts) AS e
                      FROM (SELECT r.ts, r.values AS v FROM align_returns('tick', 'name', 'ts', 'price', ARRAY[t.a, t.b], 'intersection') AS r ORDER BY r.ts DESC LIMIT 300) AS l) AS w
     WHERE (e).observations <> t.observations OR (abs((e).correlation - t.correlation) < 1e-12) IS NOT TRUE OR (abs((e).offset_correlation - t.offset_correlation) < 1e-12) IS NOT TRUE
        OR (abs((e).stressed_correlation - t.stressed_correlation) < 1e-12) IS NOT TRUE OR (e).reason IS DISTINCT FROM t.reason
$$, 'evidence of each pair is that of the latest 300 returns at the times that the two share');
SELECT ok((SELECT min(observations) = 300 FROM told), 'there were enough');
SELECT is((SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4 ORDER BY price)::text FROM tick),
          (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4 ORDER BY ts DESC)::text FROM tick), 'in any order of rows');
SELECT is((SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4)::text FROM (TABLE tick UNION ALL SELECT name, n, ts, price * 1.0000001 FROM tick WHERE n = 1 AND price < 100) AS d),
          (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4 ORDER BY price)::text FROM (TABLE tick UNION ALL SELECT name, n, ts, price * 1.0000001 FROM tick WHERE n = 1 AND price < 100) AS d),
          'with two prices at one time too');
SELECT is((SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4)::text FROM (TABLE tick UNION ALL SELECT name, n, ts + interval '30 minutes', CASE WHEN n = 2 THEN -price ELSE 'NaN' END FROM tick WHERE n > 1) AS d),
          (SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4)::text FROM tick), 'prices that are not positive, or no numbers, do not count');
SELECT is((SELECT cardinality(price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4)) FROM tick WHERE n = 1), 0, 'one series has no pair');
SELECT is((SELECT price_evidence(n, date_part('epoch', ts), price, 300, 0.99, 4) FROM tick WHERE false), NULL, 'no row');
SELECT throws_ok($$ SELECT price_evidence(n + 0.5, date_part('epoch', ts), price, 300, 0.99, 4) FROM tick $$, '22023', 'series are numbered from 1 to 800');
SELECT throws_ok($$ SELECT price_evidence(n, date_part('epoch', ts), price, 0, 0.99, 4) FROM tick $$, '22023', 'lookback must be at least 1');
-- ---- the limit of a state is reached by its rows, not by the room that it doubles to ----
SET LOCAL margin_calib.max_state_mb = 1;
SELECT lives_ok($$ SELECT offset_correlation(ARRAY[sin(i), cos(i), sin(2 * i)], 0.99, 4) FROM generate_series(1, 40000) AS i $$,
    '40000 rows of three series are less than a megabyte');
SELECT throws_ok($$ SELECT offset_correlation(ARRAY[sin(i), cos(i), sin(2 * i)], 0.99, 4) FROM generate_series(1, 50000) AS i $$,
    '54000', NULL, '50000 are more');

SELECT * FROM finish();
ROLLBACK;
