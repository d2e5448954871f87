-- Covariance, correlation, matrices, associations and alignment: NULL, NaN, too few, SQLSTATEs, forms that must
-- agree, the text and binary form of covariance_state, parallel plans, rights.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- elements agree within a tolerance relative to the deviations of their series; NULL and NaN agree with themselves
CREATE FUNCTION near(a float8[], b float8[], tolerance float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT array_dims(a) = array_dims(b) AND bool_and(CASE
        WHEN a[i][j] IS NULL OR b[i][j] IS NULL THEN a[i][j] IS NULL AND b[i][j] IS NULL
        WHEN a[i][j] = b[i][j] THEN true
        ELSE coalesce(abs(a[i][j] - b[i][j]) <= tolerance * sqrt(abs(b[i][i] * b[j][j])), false) END)
    FROM generate_subscripts(a, 1) i, generate_subscripts(a, 2) j
$$;
CREATE FUNCTION mirrored(a float8[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT bool_and(a[i][j] IS NOT DISTINCT FROM a[j][i]) FROM generate_subscripts(a, 1) i, generate_subscripts(a, 2) j
$$;

CREATE TABLE panel AS
SELECT i, i % 7 AS g, ARRAY[sin(i * 1.3), 1e8 + cos(i * 0.7) + sin(i * 1.3), 1e-9 * sin(i * i * 0.1), cos(i * 0.7)]::float8[] AS r
FROM generate_series(1, 3000) i;
ANALYZE panel;

-- ---- against PostgreSQL's own ----
SELECT ok(near(c, ARRAY[[v11, c12, c13], [c12, v22, c23], [c13, c23, v33]], 1e-8), 'covariance = var_samp and covar_samp')
FROM (SELECT covariance(ARRAY[r[1], r[2] - 1e8, r[3]]) AS c, var_samp(r[1]) v11, var_samp(r[2] - 1e8) v22, var_samp(r[3]) v33,
             covar_samp(r[1], r[2] - 1e8) c12, covar_samp(r[1], r[3]) c13, covar_samp(r[2] - 1e8, r[3]) c23 FROM panel) q;
SELECT ok(abs(c[1][4] - corr(r[1], r[4])) < 1e-14 AND c[1][1] = 1 AND c[2][2] = 1, 'correlation = corr')
FROM panel, (SELECT correlation(r) AS c FROM panel) q GROUP BY c;
SELECT ok(near(covariance(r), covariance(ARRAY[r[1], r[2] - 1e8, r[3], r[4]]), 1e-13), 'the level of a series is no matter') FROM panel;
SELECT ok(mirrored(covariance(r)) AND mirrored(correlation(r)) AND is_positive_semidefinite(covariance(r)), 'symmetric and positive semidefinite') FROM panel;
SELECT is(covariance(ARRAY[x, 2 * x, 7, -x]), '{{2,4,0,-2},{4,8,0,-4},{0,0,0,0},{-2,-4,0,2}}', 'two rows, a constant, multiples') FROM unnest('{1,-1}'::float8[]) x;
SELECT is(correlation(ARRAY[x, 3 * x, 7, -x]), '{{1,1,NULL,-1},{1,1,NULL,-1},{NULL,NULL,NULL,NULL},{-1,-1,NULL,1}}', 'correlations of multiples and of a constant')
FROM unnest('{1,-1,5}'::float8[]) x;

-- ---- the ends of the range ----
SELECT is((SELECT array_agg(share) FROM principal_components('{{1e308,0},{0,1e308}}')), '{0.5,0.5}', 'shares of variances whose sum is no double');
SELECT throws_ok($$SELECT * FROM principal_components('{{1.5e308,1.5e308},{1.5e308,1.5e308}}')$$, '22003', NULL, 'a variance beyond a double');
SELECT is(s::text::covariance_state::text, s::text, 'squares that underflow beside ones that do not: text')
FROM (SELECT covariance_state(ARRAY[1e100 * sin(i), 1e-200 * sin(i)]) AS s FROM generate_series(1, 30) i) q;
SELECT throws_ok($$SELECT covariance_merge(s::covariance_state) FROM (VALUES ('1 1 9007199254740992 0 1 0 4'), ('1 1 2 0 1 0 4')) v(s)$$, '22003', NULL, 'more rows than a state may say');
SELECT throws_ok($$SELECT covariance_merge(s::covariance_state) FROM (VALUES ('1 1 2 9007199254740992 1 0 4'), ('1 1 2 1 1 0 4')) v(s)$$, '22003', NULL, 'more skipped rows');

-- ---- rows ----
SELECT is(covariance(r), (SELECT covariance(r) FROM panel), 'NULL rows and rows with a NULL are skipped')
FROM (SELECT r, i FROM panel UNION ALL SELECT NULL, 0 UNION ALL SELECT ARRAY[1, NULL, 3, 4], 0 ORDER BY i) q WHERE r IS NULL OR true;
SELECT is(ARRAY[observations(s), skipped_rows(s)], '{2,3}', 'and counted')
FROM (SELECT covariance_state(r) AS s FROM (VALUES (1, NULL::float8[]), (2, '{1,2}'), (3, '{NULL,NULL}'), (4, '{2,5}'), (5, NULL)) v (i, r)) q;
SELECT ok(covariance(r) IS NULL AND correlation(r) IS NULL AND covariance_state(r) IS NULL AND (ledoit_wolf_covariance(r)).shrinkage IS NULL
          AND oracle_approximating_covariance(r) IS NULL AND ewma_covariance(r, 0.9) IS NULL, 'no rows: ' || what)
FROM (SELECT 'none' AS what, NULL::float8[] AS r UNION ALL SELECT 'none', NULL UNION ALL SELECT 'a NULL inside', '{NULL,1}') q GROUP BY what;
SELECT ok(covariance(r) IS NULL AND correlation(r) IS NULL AND ledoit_wolf_covariance(r) IS NULL AND means(covariance_state(r)) = '{1,2}'
          AND covariance(covariance_state(r)) IS NULL AND correlation(covariance_state(r)) IS NULL AND ewma_covariance(r, 0.9) = '{{1,2},{2,4}}', 'one row')
FROM (SELECT '{1,2}'::float8[] AS r) q;
SELECT is(covariance(r), '{{8,NaN,4},{NaN,NaN,NaN},{4,NaN,2}}', 'NaN and infinity concern their own series')
FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) bad, LATERAL (VALUES (ARRAY[1, 5, 1]::float8[]), (ARRAY[5, bad, 3])) v (r) GROUP BY bad;
SELECT is(correlation(ARRAY[x, 'NaN', 3 * x, 2]::float8[]), '{{1,NaN,1,NULL},{NaN,NaN,NaN,NULL},{1,NaN,1,NULL},{NULL,NULL,NULL,NULL}}', 'so in correlations, beside a constant')
FROM unnest('{1,-1,5}'::float8[]) x;
SELECT is(ledoit_wolf_covariance(ARRAY[x, 'NaN'])::text, '(NaN,"{{NaN,NaN},{NaN,NaN}}",3)', 'shrinkage mixes all: NaN everywhere') FROM unnest('{1,-1,5}'::float8[]) x;
SELECT is(oracle_approximating_covariance(ARRAY[x, 'NaN'])::text, '(NaN,"{{NaN,NaN},{NaN,NaN}}",3)', 'and so OAS') FROM unnest('{1,-1,5}'::float8[]) x;
SELECT is(ewma_covariance(ARRAY[x, CASE WHEN x > 1 THEN 'NaN' ELSE x END], 0.5 ORDER BY x), '{{14.714285714285714,NaN},{NaN,NaN}}', 'ewma_covariance') FROM unnest('{1,-1,5}'::float8[]) x;
-- a final function leaves its state: running answers equal those of each prefix
SELECT ok(bool_and(running = plain), 'running covariances') FROM (SELECT i, covariance(r) OVER (ORDER BY i) AS running FROM panel WHERE i <= 100) w,
    LATERAL (SELECT covariance(r ORDER BY i) AS plain FROM panel p WHERE p.i <= w.i) q WHERE i > 1;
SELECT ok(bool_and(running = plain), 'running exponential covariances') FROM (SELECT i, ewma_covariance(r, 0.9) OVER (ORDER BY i) AS running FROM panel WHERE i <= 60) w,
    LATERAL (SELECT ewma_covariance(r, 0.9 ORDER BY i) AS plain FROM panel p WHERE p.i <= w.i) q;

-- ---- always positive semidefinite ----
CREATE TABLE wide AS
SELECT i, (SELECT array_agg(CASE WHEN j % 3 = 0 THEN sin(i * 0.9) / 3 + cos(i * 1.7) * j WHEN j % 3 = 1 THEN sin(i * 0.9 * j) ELSE 1e8 + sin(i * 1.3 * j) END ORDER BY j)
           FROM generate_series(1, 60) j) AS r FROM generate_series(1, 40) i;
SELECT ok(is_positive_semidefinite(c) AND cholesky(c) IS NOT NULL AND mirrored(c), 'positive semidefinite: ' || name)
FROM (SELECT 'fewer rows than series' AS name, covariance(r) AS c FROM wide
      UNION ALL SELECT 'its correlations', correlation(r) FROM wide
      UNION ALL SELECT 'merged', covariance(covariance_merge(s)) FROM (SELECT covariance_state(r) AS s FROM wide GROUP BY i % 3) q
      UNION ALL SELECT 'two rows', covariance(r) FROM wide WHERE i < 3
      UNION ALL SELECT 'ewma', ewma_covariance(r, 0.8 ORDER BY i) FROM wide
      UNION ALL SELECT 'ledoit_wolf', (ledoit_wolf_covariance(r)).covariance FROM wide
      UNION ALL SELECT 'a state made by hand', covariance('1 3 9 0 0 0 0 0 0 0 1 0.9 1 -0.9 0.9 1'::covariance_state)) q;
SELECT ok(covariance_to_correlation(c) IS NOT NULL AND is_positive_semidefinite(covariance_to_correlation(c)), 'and so the correlations of it')
FROM (SELECT covariance(r) AS c FROM wide) q;
SELECT ok(near(covariance_to_correlation(c), k, 1e-10), 'covariance_to_correlation = correlation') FROM (SELECT covariance(r) AS c, correlation(r) AS k FROM panel) q;

-- ---- merge, text and binary ----
CREATE TABLE state AS SELECT g, covariance_state(r) AS s FROM panel GROUP BY g;
SELECT ok(near(covariance(covariance_merge(s)), (SELECT covariance(r) FROM panel), 1e-13) AND near(correlation(covariance_merge(s)), (SELECT correlation(r) FROM panel), 1e-13)
          AND observations(covariance_merge(s)) = 3000, 'merged parts = all rows') FROM state;
SELECT ok(abs((means(covariance_merge(s)))[2] - 1e8 - (SELECT avg(r[2] - 1e8) FROM panel)) < 1.5e-8, 'means of merged parts') FROM state;
SELECT ok(near(covariance(covariance_merge(s ORDER BY g)), covariance(covariance_merge(s ORDER BY -g)), 1e-13), 'merged in any order') FROM state;
SELECT is(covariance_merge(p)::text, s::text, 'a NULL part is skipped') FROM state, LATERAL (VALUES (s), (NULL)) v (p) WHERE g = 1 GROUP BY s::text;
SELECT ok(covariance_merge(NULL::covariance_state) IS NULL, 'no parts');
SELECT throws_ok($$ SELECT covariance_merge(s) FROM (SELECT covariance_state(r) AS s FROM panel GROUP BY g UNION ALL SELECT covariance_state('{1}'::float8[])) q $$, '2202E', NULL, 'parts of other series');
SELECT ok(bool_and(s::text::covariance_state::text = s::text), 'text loses nothing') FROM state;
SET LOCAL extra_float_digits = 0;
SELECT ok(bool_and(covariance(s::text::covariance_state) = covariance(s)), 'whatever extra_float_digits says') FROM state;
RESET extra_float_digits;
SELECT is(s::text, '1 2 1 0 NaN 3 0 0 NaN NaN 0', 'a series that is NaN') FROM (SELECT covariance_state('{NaN,3}'::float8[]) AS s) q WHERE s::text::covariance_state::text = s::text;
CREATE TABLE copied (LIKE state);
SELECT set_config('test.file', current_setting('data_directory') || '/dependence.bin', true) IS NOT NULL;
DO $$ BEGIN
    EXECUTE format('COPY state TO %L (FORMAT binary)', current_setting('test.file'));
    EXECUTE format('COPY copied FROM %L (FORMAT binary)', current_setting('test.file'));
END $$;
SELECT results_eq('SELECT g, s::text FROM copied ORDER BY g', 'SELECT g, s::text FROM state ORDER BY g', 'binary loses nothing');
SELECT throws_ok(format('SELECT %L::covariance_state', bad), '22P02', NULL, 'text 22P02: ' || coalesce(nullif(left(bad, 30), ''), 'empty'))
FROM unnest(ARRAY['', 'x', '1', '1 1 1 0', '2 1 1 0 0 0 0', '1 0 1 0', '1 -1 1 0 0 0 0', '1 5001 1 0 0', '1 2147483647 1 0 0', '1 99999999999999999999 1 0 0', '1 1 0 0 0 0 0',
                  '1 1 -1 0 0 0 0', '1 1 1 -1 0 0 0', '1 1 1 0 0 0', '1 1 1 0 0 0 0 0', '1 1 1 0 0 0 -1', '1 1 1 0 Infinity 0 0', '1 1 1 0 0 5 0', '1 1 1 0 0 0 NaN', '1 1 1 0 NaN 0 1',
                  '1 1 1 0 NaN 1 NaN', '1 1 1 0 0 0 Infinity', '1 2 1 0 0 0 0 0 1 1.01 1', '1 1 1 0 0 0 0 ', '1 1 1 0 0x 0 0', '1 2 1 0 0 NaN 0 0 1 1 NaN',
                  '1 1 1 0 0 NaN 0', '1 1 99999999999999999 0 0 0 0']) bad;
CREATE TABLE bytes (b bytea);
CREATE TABLE target (s covariance_state);
CREATE FUNCTION receive(sent bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE bytes; INSERT INTO bytes VALUES (sent);
    EXECUTE format('COPY bytes TO %L (FORMAT binary)', current_setting('test.file'));
    EXECUTE format('COPY target FROM %L (FORMAT binary)', current_setting('test.file'));
    RETURN 'received';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;
SELECT is(receive(decode(good, 'hex')), 'received', 'the bytes of a state') FROM (SELECT encode(covariance_state_send('1 1 4 0 2 0 8'), 'hex') AS good) q;
SELECT is(receive(decode(bad, 'hex')), '22P03', 'binary 22P03: ' || left(bad, 60))
FROM unnest(ARRAY['', '00000001', '000000010000000100000000000000040000000000000000', '000000020000000100000000000000040000000000000000400000000000000000000000000000004020000000000000',
                  '00000001000000010000000000000004000000000000000040000000000000000000000000000000C020000000000000', '0000000100000001000000000000000400000000000000004000000000000000000000000000000040200000000000',
                  '000000010000000100000000000000040000000000000000400000000000000000000000000000004020000000000000FF', '000000017FFFFFFF00000000000000040000000000000000400000000000000000000000000000004020000000000000',
                  '0000000100000001000000000000000400000000000000007FF000000000000000000000000000004020000000000000', '00000001FFFFFFFF00000000000000040000000000000000400000000000000000000000000000004020000000000000']) bad;

-- ---- matrices ----
SELECT is(nearest_correlation('{{1,0.5},{0.5,1}}'), '{{1,0.5},{0.5,1}}', 'a correlation matrix is its own nearest');
SELECT ok(near(nearest_correlation('{{1,1,0},{1,1,1},{0,1,1}}'), '{{1,0.7606898534,0.1572981061},{0.7606898534,1,0.7606898534},{0.1572981061,0.7606898534,1}}', 1e-9), 'Higham (2002), section 5');
SELECT is(nearest_correlation('{{5}}'), '{{1}}', 'of one series');
SELECT ok(is_positive_semidefinite(nearest_correlation('{{1,0.9,-0.9},{0.9,1,0.9},{-0.9,0.9,1}}')), 'the nearest is positive semidefinite');
SELECT is((SELECT array_agg(round(variance::numeric, 12) || ' ' || round(share::numeric, 12) ORDER BY component) FROM principal_components('{{2,1,0},{1,2,0},{0,0,0}}')),
          '{"3.000000000000 0.750000000000","1.000000000000 0.250000000000","0.000000000000 0.000000000000"}', 'principal components by hand');
SELECT is((SELECT array_agg(share) FROM principal_components('{{0,0},{0,0}}')), '{NULL,NULL}', 'no variance has no shares');
SELECT is(cholesky('{{4,2},{2,5}}'), '{{2,0},{1,2}}', 'cholesky by hand');
SELECT is(cholesky('{{0,0},{0,9}}'), '{{0,0},{0,3}}', 'cholesky with a constant');
SELECT is(covariance_to_correlation('{{4,2,0},{2,4,0},{0,0,0}}'), '{{1,0.5,NULL},{0.5,1,NULL},{NULL,NULL,NULL}}', 'covariance_to_correlation with a constant');
SELECT throws_ok('SELECT ' || call, state, NULL, call || ' is ' || state)
FROM unnest('{is_positive_semidefinite(%s),covariance_to_correlation(%s),cholesky(%s),nearest_correlation(%s),principal_components(%s)}'::text[]) f,
     (VALUES ('''{1,2}''', '2202E'), ('''{{1,2}}''', '2202E'), ('''{}''', '2202E'), ('''{{1,NULL},{NULL,1}}''', '22004'), ('''{{1,NaN},{NaN,1}}''', '22023'),
             ('''{{1,0.5},{0.4,1}}''', '22023'), ('''{{Infinity}}''', '22023'),
             ('(SELECT array_agg(array_fill(0::float8, ARRAY[5001])) FROM generate_series(1, 5001))', '54000')) v (m, state), LATERAL format(f, m) call
WHERE state <> '54000' OR f LIKE 'nearest%';
SELECT throws_ok('SELECT ' || call, '22023', NULL, call || ' is 22023')
FROM unnest(ARRAY['covariance_to_correlation(''{{1,2},{2,1}}'')', 'cholesky(''{{1,2},{2,1}}'')', 'principal_components(''{{1,2},{2,1}}'')', 'cholesky(''{{-1}}'')',
                  'nearest_correlation(''{{1,2},{2,1}}'', 0)', 'nearest_correlation(''{{1,2},{2,1}}'', 1)', 'nearest_correlation(''{{1,2},{2,1}}'', ''NaN'')', 'nearest_correlation(''{{1,1e7},{1e7,1}}'')']) call;
SELECT ok(nearest_correlation(NULL) IS NULL AND cholesky(NULL) IS NULL AND is_positive_semidefinite(NULL) IS NULL, 'NULL in, NULL out');

-- ---- pairs ----
CREATE TABLE pair AS SELECT i, CASE WHEN i % 50 = 0 THEN NULL ELSE r[1] END AS x, r[1] + 2 * r[4] AS y, round((r[4] * 3)::numeric)::float8 AS tied FROM panel;
ANALYZE pair;
SELECT ok(abs(beta(y, x) - regr_slope(y, x)) < 1e-13 AND abs((market_model(y, x)).intercept - regr_intercept(y, x)) < 1e-13
          AND abs((market_model(y, x)).r_squared - regr_r2(y, x)) < 1e-13 AND (market_model(y, x)).observations = regr_count(y, x), 'beta and market_model = regr_*') FROM pair;
SELECT ok(abs(ewma_beta(y, x, 0.9 ORDER BY i) - sum(x * y * 0.9::float8 ^ -i) / sum(x * x * 0.9::float8 ^ -i)) < 1e-12, 'ewma_beta by its definition') FROM pair WHERE i < 50;
SELECT ok(abs(ewma_correlation(y, x, 0.9 ORDER BY i) - sum(x * y * 0.9::float8 ^ -i) / sqrt(sum(x * x * 0.9::float8 ^ -i) * sum(y * y * 0.9::float8 ^ -i))) < 1e-12, 'ewma_correlation by its definition') FROM pair WHERE i < 50;
SELECT ok(abs(sqrt((ewma_covariance(ARRAY[y, i], 0.9 ORDER BY i))[1][1]) - sqrt(sum(y * y * 0.9::float8 ^ -i) / sum(0.9::float8 ^ -i))) < 1e-12, 'ewma_covariance by its definition') FROM pair WHERE i < 50;
SELECT is(spearman(x, x * x * x), 1::float8, 'ranks ignore monotone maps') FROM pair;
SELECT is(kendall(x, -x), -1::float8, 'kendall of the reverse') FROM pair;
SELECT is(kendall(a, b), 2 / sqrt(5 * 5::float8), 'kendall with ties, by hand') FROM (VALUES (1, 1), (2, 2), (2, 3), (3, 2)) v (a, b);
SELECT is(lower_tail_dependence(x, x, 0.95), 1::float8, 'a series is always in its own tail') FROM pair;
SELECT is(lower_tail_dependence(x, -x, 0.95), 0::float8, 'and never in that of its negative') FROM pair;
SELECT is(upper_tail_dependence(-x, -y, 0.95), lower_tail_dependence(x, y, 0.95), 'the upper tail is the lower one of the negatives') FROM pair;
SELECT ok(spearman(x, y) IS NULL AND kendall(x, y) IS NULL AND beta(y, x) IS NULL AND market_model(y, x) IS NULL AND lower_tail_dependence(x, y, 0.5) IS NULL, 'NULL: ' || what)
FROM (SELECT 'no rows' AS what, NULL::float8 AS x, 1::float8 AS y UNION ALL SELECT 'one row', 1, 2 UNION ALL SELECT 'a constant', 1, 2 UNION ALL SELECT 'a constant', 1, 5) q GROUP BY what;
SELECT ok(ewma_correlation(x, y, 0.9) IS NULL AND ewma_beta(y, x, 0.9) IS NULL, 'exponential weights of nothing but 0: NULL') FROM (VALUES (0, 1), (0, 2)) v (x, y);
SELECT is(ARRAY[spearman(x, y), kendall(x, y), beta(y, x), (market_model(y, x)).r_squared, lower_tail_dependence(x, y, 0.5), upper_tail_dependence(x, y, 0.5), ewma_correlation(x, y, 0.5), ewma_beta(y, x, 0.5)],
          array_fill('NaN'::float8, ARRAY[8]), 'NaN in, NaN out: ' || bad) FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) bad, LATERAL (VALUES (1, 2), (2, bad), (3, 3)) v (x, y) GROUP BY bad;
SELECT is(market_model(y, x)::text, '(2,,1,,1,,2)', 'two rows have no standard errors') FROM (VALUES (1, 3), (2, 5)) v (x, y);
SELECT throws_ok(format('SELECT %s FROM pair', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('lower_tail_dependence(x, y, 1)', '22023'), ('upper_tail_dependence(x, y, 0)', '22023'), ('lower_tail_dependence(x, y, NULL)', '22004'), ('lower_tail_dependence(x, y, CASE WHEN i < 9 THEN 0.9 ELSE 0.8 END)', '22023'),
             ('ewma_correlation(x, y, 1)', '22023'), ('ewma_beta(x, y, ''NaN'')', '22023'), ('ewma_beta(x, y, NULL)', '22004'), ('ewma_covariance(ARRAY[y], 0)', '22023'), ('ewma_covariance(ARRAY[y], NULL)', '22004'),
             ('ewma_covariance(ARRAY[y], CASE WHEN i < 9 THEN 0.9 ELSE 0.8 END)', '22023'), ('covariance(ARRAY[1e200 * y])', '22003'), ('correlation(ARRAY[1e200 * y])', '22003'),
             ('covariance_state(ARRAY[1e200 * y])', '22003'), ('ewma_covariance(ARRAY[1e200 * y], 0.9)', '22003'), ('ledoit_wolf_covariance(ARRAY[1e200 * y, i])', '22003'), ('beta(1e200 * y, 1e-200 * x)', '22003'),
             ('covariance(CASE WHEN i = 7 THEN ARRAY[y] ELSE ARRAY[x, y] END)', '2202E'), ('covariance(CASE WHEN i = 7 THEN ARRAY[x, NULL, y] ELSE ARRAY[x, y] END)', '2202E'), ('covariance(ARRAY[]::float8[])', '2202E'), ('covariance(ARRAY[ARRAY[x], ARRAY[y]])', '2202E'),
             ('ewma_covariance(CASE WHEN i = 7 THEN ARRAY[y] ELSE ARRAY[x, y] END, 0.9)', '2202E'), ('covariance(array_fill(y, ARRAY[5001]))', '2202E')) v (call, state);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT covariance(array_fill(y, ARRAY[1000])) FROM pair WHERE i < 5', '54000', NULL, 'a state above the limit is 54000');
SELECT throws_ok('SELECT ledoit_wolf_covariance(r || r || r || r) FROM panel, generate_series(1, 10)', '54000', NULL, 'so are rows that are kept');
SELECT throws_ok('SELECT spearman(x, y) FROM pair, generate_series(1, 100)', '54000', NULL, 'and pairs');
RESET margin_calib.max_state_mb;

-- ---- parallel = serial ----
CREATE TABLE big AS SELECT i, ARRAY[sin(i * 0.37) * (i % 101), 1e6 + cos(i::float8 * i * 0.01), i % 13]::float8[] AS r, CASE WHEN i % 1000 = 0 THEN NULL ELSE (i % 17)::float8 END AS x, sin(i * 0.37) * (i % 101) AS y FROM generate_series(1, 60000) i;
ANALYZE big;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END $$;
CREATE FUNCTION answer(query text, workers int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
    EXECUTE 'SELECT (' || query || ')::text FROM big' INTO found;
    RETURN found;
END $$;
SELECT is(answer(a, 2), answer(a, 0), a || ': workers = serial, to the last digit')
FROM unnest('{"spearman(x, y)","kendall(x, y)","lower_tail_dependence(x, y, 0.9)","upper_tail_dependence(x, y, 0.9)","beta(y, x)","market_model(y, x)"}'::text[]) a;
SELECT ok(near(answer(a, 2)::float8[], answer(a, 0)::float8[], 1e-13), a || ': workers = serial within 1e-13')
FROM unnest('{covariance(r),correlation(r),covariance(covariance_state(r)),(oracle_approximating_covariance(r)).covariance,covariance(CASE WHEN i > 59990 THEN r END)}'::text[]) a;
SELECT is(answer('observations(covariance_state(CASE WHEN x IS NOT NULL THEN r END)) || '' '' || skipped_rows(covariance_state(CASE WHEN x IS NOT NULL THEN r END))', 2), '59940 60', 'workers count what they skip');
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(plan_of('SELECT ' || a || ' FROM big'), 'Finalize.*Workers Launched: [12].*Partial', a || ' runs in workers')
FROM unnest('{"covariance(r)","correlation(r)","covariance_state(r)","oracle_approximating_covariance(r)","spearman(x, y)","kendall(x, y)","lower_tail_dependence(x, y, 0.9)","upper_tail_dependence(x, y, 0.9)","beta(y, x)","market_model(y, x)"}'::text[]) a;
SELECT doesnt_match(plan_of('SELECT ' || a || ' FROM big'), 'Partial', a || ' does not')
FROM unnest('{"ewma_covariance(r, 0.9)","ewma_correlation(x, y, 0.9)","ewma_beta(y, x, 0.9)"}'::text[]) a;

-- ---- alignment ----
CREATE TABLE candle (symbol text, ts timestamptz, close numeric, vol int);
INSERT INTO candle VALUES ('A', '2024-01-01', 1), ('A', '2024-01-02', 2), ('A', '2024-01-04', 4), ('A', '2024-01-06', 7), ('B', '2024-01-04', 12), ('B', '2024-01-02', 10), ('B', '2024-01-03', 11),
    ('B', '2024-01-04', 19), ('B', '2024-01-05', NULL), ('B', NULL, 5), (NULL, '2024-01-03', 3), ('C', '2024-01-03', 0), ('D', '2024-01-03', NULL), ('E', '2024-01-02', 'NaN'), ('E', '2024-01-06', 3);
CREATE FUNCTION aligned(instruments text[], rule text, age interval DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(extract(day FROM ts) || ':' || array_to_string("values", ','), ' ' ORDER BY ts), 'nothing')
    FROM (SELECT * FROM align_prices('candle', 'symbol', 'ts', 'close', instruments, rule) WHERE age IS NULL
          UNION ALL SELECT * FROM align_prices('candle', 'symbol', 'ts', 'close', instruments, rule, age) WHERE age IS NOT NULL) q
$$;
SELECT is(aligned('{A,B}', 'intersection'), '2:2,10 4:4,19', 'intersection');
SELECT is(aligned('{B,A}', 'intersection'), '2:10,2 4:19,4', 'in the order of the instruments');
SELECT is(aligned('{A,B}', 'previous'), '2:2,10 3:2,11 4:4,19 6:7,19', 'previous');
SELECT is(aligned('{A,B}', 'previous', '1 day'), '2:2,10 3:2,11 4:4,19', 'previous with a maximum age');
SELECT is(aligned('{A,B}', 'refresh_time'), '2:2,10 4:4,19', 'refresh_time');
SELECT is(aligned('{A}', rule), '1:1 2:2 4:4 6:7', 'one instrument: ' || rule) FROM unnest('{intersection,previous,refresh_time}'::text[]) rule;
SELECT is(aligned('{A,D}', rule), 'nothing', 'an instrument without prices: ' || rule) FROM unnest('{intersection,previous,refresh_time}'::text[]) rule;
SELECT is(aligned('{A,E}', 'refresh_time'), '2:2,NaN 6:7,3', 'NaN is passed on');
SELECT is((SELECT array_agg(extract(day FROM ts) || ':' || round("values"[1]::numeric, 12) || ',' || round("values"[2]::numeric, 12)) FROM align_returns('candle', 'symbol', 'ts', 'close', '{A,B}', 'previous')),
          '{"3:0.000000000000,0.095310179804","4:0.693147180560,0.546543706368","6:0.559615787935,0.000000000000"}', 'returns join rows, at the later time');
SELECT ok(near(covariance("values"), (SELECT covariance(ARRAY[a, b]) FROM (VALUES (0::float8, ln(1.1::float8)), (ln(2::float8), ln(19 / 11::float8))) v (a, b)), 1e-14), 'and feed covariance')
FROM align_returns('candle', 'symbol', 'ts', 'close', '{A,B}', 'previous', '1 day');
SELECT throws_ok(format('SELECT align_%s(''candle'', ''symbol'', ''ts'', ''close'', %s)', f, args), state, NULL, f || ' ' || args || ' is ' || state)
FROM unnest('{prices,returns}'::text[]) f, (VALUES ('''{A,B}'', ''forward''', '22023'), ('''{A,A}'', ''previous''', '22023'), ('''{A,X}'', ''previous''', '22023'), ('''{A,NULL}'', ''previous''', '22004'),
    ('''{}'', ''previous''', '2202E'), ('''{{A},{B}}'', ''previous''', '2202E'), ('''{A,C}'', ''previous''', '2201E'), ('''{A,B}'', ''intersection'', ''1 day''', '22023'), ('''{A,B}'', ''previous'', ''1 month''', '22023'),
    ('''{A,B}'', ''previous'', ''-1 day''', '22023'), ('''{A,B}'', ''previous'', ''0''', '22023'), ('''{A,B}'', ''previous'', ''2147483647 days 1 s''', '22023')) v (args, state);
SELECT throws_ok($$ SELECT align_prices('candle', 'symbol', 'ts', 'nothing', '{A}', 'previous') $$, '42703', NULL, 'no such column');
SELECT throws_ok($$ SELECT align_prices('candle', 'symbol', 'close', 'close', '{A}', 'previous') $$, '42804', NULL, 'a time of another type');
CREATE ROLE dependence_reader;
GRANT SELECT (symbol, ts) ON candle TO dependence_reader;
SET LOCAL ROLE dependence_reader;
SELECT throws_ok($$ SELECT align_prices('candle', 'symbol', 'ts', 'close', '{A}', 'previous') $$, '42501', NULL, 'no right to read prices');
RESET ROLE;
GRANT SELECT ON candle TO dependence_reader;
ALTER TABLE candle ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE dependence_reader;
SELECT throws_ok($$ SELECT align_returns('candle', 'symbol', 'ts', 'close', '{A}', 'previous') $$, '0A000', NULL, 'row-level security is refused');
RESET ROLE;

-- ---- rights and labels ----
SELECT is((SELECT array_agg(p.oid::regprocedure::text ORDER BY 1) FROM pg_proc p
           WHERE pronamespace = 'margin_calib'::regnamespace AND 'internal'::regtype = ANY (proargtypes::oid[]) AND has_function_privilege('public', p.oid, 'EXECUTE')), NULL, 'support functions are not for the public');
SELECT is((SELECT array_agg(DISTINCT concat(a.aggfinalmodify, p.proparallel, p.provolatile)) FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid WHERE p.pronamespace = 'margin_calib'::regnamespace
             AND p.proname IN ('covariance', 'correlation', 'covariance_state', 'covariance_merge', 'ledoit_wolf_covariance', 'oracle_approximating_covariance', 'ewma_covariance', 'spearman', 'kendall', 'lower_tail_dependence',
                               'upper_tail_dependence', 'beta', 'market_model', 'ewma_correlation', 'ewma_beta')
             AND obj_description(p.oid, 'pg_proc') IS NOT NULL HAVING count(*) = 15), '{rsi}', 'the aggregates have comments and read-only finals, and are parallel safe');

-- ---- cancels ----
\ir lib/cancelled.sql
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL statement_timeout = '300ms';
SELECT is(pg_temp.cancelled('SELECT nearest_correlation(array_agg(row)) FROM (SELECT array_agg(CASE WHEN i = j THEN 1 ELSE sin(least(i, j) * 7.1 + greatest(i, j) * 3.3) END) AS row FROM generate_series(1, 150) i, generate_series(1, 150) j GROUP BY i ORDER BY i) q'), 'cancelled', 'a cancel of nearest_correlation');
SELECT is(pg_temp.cancelled('SELECT covariance(array_fill(sin(i), ARRAY[600]) ) FROM generate_series(1, 10000000) i'), 'cancelled', 'a cancel while rows come');
SET LOCAL statement_timeout = 0;

SELECT * FROM finish();
ROLLBACK;
