-- GARCH and filtered historical simulation: NULL, NaN, too few, order and frames; models made by hand; fits that
-- fail and what takes their place; SQLSTATEs; rights and labels.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;

-- a market whose calm and wild stretches alternate; drawn once, from a generator of its own
CREATE TABLE series AS
WITH RECURSIVE draw AS (
    SELECT 1 AS i, 123456789::bigint AS seed, 1.0::float8 AS h, 0.0::float8 AS r
    UNION ALL
    SELECT i + 1, (seed * 1103515245 + 12345) % 2147483648,
           0.05 + 0.10 * r * r + 0.85 * h,
           sqrt(0.05 + 0.10 * r * r + 0.85 * h)
             * (sqrt(-2 * ln((((seed * 1103515245 + 12345) % 2147483648) + 1) / 2147483649.0)) * sin(i * i * 1.7))::float8
    FROM draw WHERE i < 1001)
SELECT i, 0.01 * r AS r FROM draw WHERE i > 1;

-- the fit of the group; status and numbers of every model
CREATE TABLE fits AS
SELECT m AS model, p AS presample, e AS errors, (SELECT garch_fit(r, m, p, e ORDER BY i) FROM series) AS f
FROM unnest('{garch,gjr,garch_t,gjr_t}'::text[]) m, unnest('{backcast,sample_variance}'::text[]) p,
     unnest('{none,hessian,opg,qml}'::text[]) e;
SELECT ok(bool_and((f).status IN ('converged', 'boundary') AND (f).model = model AND (f).presample = presample
                   AND (f).standard_errors = errors AND (f).observations = 1000 AND (f).omega > 0 AND (f).alpha >= 0
                   AND (f).alpha + (f).gamma >= 0 AND (f).beta BETWEEN 0 AND 1 AND (f).next_variance > 0
                   AND (f).iterations > 0 AND (f).scale > 0
                   AND abs((f).persistence - ((f).alpha + (f).gamma / 2 + (f).beta)) < 1e-15
                   AND ((f).unconditional_variance IS NULL) = ((f).persistence >= 1)
                   AND ((f).degrees_of_freedom IS NOT NULL) = (model LIKE '%\_t')
                   AND (model LIKE 'gjr%' OR (f).gamma = 0)), 'every model: status, parameters and what follows from them')
FROM fits;
SELECT is(count(*), 0::bigint, 'parameters do not depend on the errors asked for') FROM fits a JOIN fits b USING (model, presample)
WHERE ((a.f).mu, (a.f).omega, (a.f).alpha, (a.f).gamma, (a.f).beta, (a.f).log_likelihood) <>
      ((b.f).mu, (b.f).omega, (b.f).alpha, (b.f).gamma, (b.f).beta, (b.f).log_likelihood);
SELECT ok(bool_and(CASE WHEN errors = 'none' THEN coalesce((f).mu_error, (f).omega_error, (f).alpha_error, (f).gamma_error,
                                                           (f).beta_error, (f).degrees_of_freedom_error) IS NULL
                        ELSE (f).mu_error > 0 AND (f).beta_error > 0
                             AND ((f).gamma_error IS NOT NULL) = (model LIKE 'gjr%') END), 'errors where they were asked for')
FROM fits WHERE (f).status = 'converged';
SELECT ok((SELECT (f).log_likelihood FROM fits WHERE (model, presample, errors) = ('gjr_t', 'backcast', 'none'))
          >= (SELECT max((f).log_likelihood) FROM fits WHERE presample = 'backcast' AND model <> 'gjr_t') - 0.1,
          'the largest model has the largest likelihood, t at 1000 degrees being all but normal');
SELECT is((SELECT garch_fit(r ORDER BY i) FROM series)::text, (SELECT garch_fit(r, 'garch', 'backcast', 'none' ORDER BY i) FROM series)::text,
          'what the shorter forms stand for');
SELECT isnt((SELECT (garch_fit(r ORDER BY i)).alpha FROM series), (SELECT (garch_fit(r ORDER BY md5(i::text))).alpha FROM series),
            'the order of the rows matters');

-- the vol of the next bar
SELECT is((SELECT garch_vol(r ORDER BY i) FROM series), (SELECT sqrt((garch_fit(r ORDER BY i)).next_variance) FROM series), 'garch_vol');
SELECT is((SELECT garch_vol(r, 'gjr_t' ORDER BY i) FROM series), (SELECT sqrt((garch_fit(r, 'gjr_t' ORDER BY i)).next_variance) FROM series),
          'garch_vol of a model');
SELECT ok((SELECT abs(garch_vol(r, 'garch', 365 ORDER BY i) / (sqrt(365) * garch_vol(r ORDER BY i)) - 1) < 1e-14 FROM series), 'and per year');

-- NULL, NaN, too few, nothing
SELECT is((SELECT garch_fit(x ORDER BY i)::text FROM (SELECT i, r AS x FROM series UNION ALL SELECT i, NULL FROM series) s),
          (SELECT garch_fit(r ORDER BY i)::text FROM series), 'NULL returns are skipped');
SELECT is((SELECT ((f).status, (f).observations, (f).omega, (f).model)::text
           FROM (SELECT garch_fit(CASE i WHEN 500 THEN x ELSE r END, 'gjr') AS f FROM series) s), '(not_finite,1000,,gjr)', x || ': status not_finite')
FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) x;
SELECT is((SELECT garch_vol(CASE i WHEN 500 THEN x ELSE r END) FROM series), 'NaN'::float8, x || ': vol NaN')
FROM unnest('{NaN,Infinity,-Infinity}'::float8[]) x;
SELECT is((SELECT ((f).status, (f).observations, (f).mu, (f).next_variance)::text
           FROM (SELECT garch_fit(r, m) AS f FROM series WHERE i <= n) s), '(too_few,' || (n - 1) || ',,)', m || ' wants more than ' || n - 1 || ' returns')
FROM (VALUES ('garch', 20), ('gjr', 25), ('garch_t', 25), ('gjr_t', 30)) v (m, n);
SELECT ok((SELECT (garch_fit(r, m)).omega > 0 FROM series WHERE i <= n + 1), m || ' takes ' || n || ' returns')
FROM (VALUES ('garch', 20), ('gjr', 25), ('garch_t', 25), ('gjr_t', 30)) v (m, n);
SELECT is((SELECT garch_vol(r) FROM series WHERE i <= 20), NULL, 'too few: no vol');
SELECT is((SELECT (garch_fit(0.1)).status FROM series), 'constant', 'a constant');
SELECT is((SELECT garch_vol(0.1) FROM series), NULL, 'a constant: no vol');
SELECT is((SELECT (garch_fit(1e-200 * r)).status FROM series), 'failed', 'variances that are no doubles');
SELECT is((SELECT ((f).status, (f).observations)::text FROM (SELECT garch_fit(r) AS f FROM series WHERE false) s), '(too_few,0)', 'no row');
SELECT is((SELECT (garch_fit(NULL::float8)).status FROM series), 'too_few', 'nothing but NULL');
SELECT is((SELECT garch_vol(r) FROM series WHERE false), NULL, 'no row: no vol');
SELECT is((SELECT garch_vol(NULL::float8, 'no such model') FROM series), NULL, 'nothing but NULL: no vol');

-- a power of two times the returns is the same fit
SELECT is((SELECT ((f).alpha, (f).beta, (f).omega / 2.0 ^ 40, (f).iterations)::text FROM (SELECT garch_fit(r * 2.0 ^ 20 ORDER BY i) AS f FROM series) s),
          (SELECT ((f).alpha, (f).beta, (f).omega, (f).iterations)::text FROM (SELECT garch_fit(r ORDER BY i) AS f FROM series) s),
          'the unit of the returns does not matter');

-- window frames: the fit of the rows of the frame
SELECT is(count(*) FILTER (WHERE moving IS DISTINCT FROM (SELECT garch_vol(r ORDER BY i) FROM series s WHERE s.i BETWEEN w.i - 99 AND w.i)), 0::bigint,
          'a frame has the vol of its rows')
FROM (SELECT i, garch_vol(r) OVER (ORDER BY i ROWS 99 PRECEDING) AS moving FROM series WHERE i < 160) w;

-- models made by hand
SELECT is(garch_model(0.2, 0.2, 0.3)::text, '(given,garch,backcast,,0,0.2,0.2,0,0.3,,,0.5,0.4,,,,,,,,,,)', 'garch_model');
SELECT is((garch_model(0.1, 0.05, 0.8, gamma => 0.1, degrees_of_freedom => 5)).model, 'gjr_t', 'the name of what is given');
SELECT is((garch_model(1, 0.5, 0.5)).unconditional_variance, NULL, 'persistence 1: no unconditional variance');
SELECT is(garch_model(0.1, NULL, 0.5), NULL, 'NULL parameter: NULL');
SELECT throws_ok('SELECT garch_model(' || arguments || ')', '22023', NULL, 'garch_model(' || arguments || ') is 22023')
FROM unnest(ARRAY['-1, 0.1, 0.8', '1, -0.1, 0.8', '1, 0.1, -0.8', '1, 0.1, 0.8, gamma => -0.2', '1, 0.1, 0.8, degrees_of_freedom => 2',
                  '''NaN'', 0.1, 0.8', '1, ''Infinity'', 0.8', '1, 0.1, ''NaN''', '1, 0.1, 0.8, mu => ''NaN''',
                  '1, 0.1, 0.8, next_variance => -1', '1, 0.1, 0.8, next_variance => ''Infinity''', '1, 0.1, 0.8, presample => ''zero''']) arguments;

-- filter: one element more than returns; its last is the vol of the next bar, of the fit too
SELECT ok((SELECT abs(v[1001] / sqrt((f).next_variance) - 1) < 1e-12 AND array_length(v, 1) = 1001 AND (SELECT min(x) > 0 FROM unnest(v) x)
           FROM (SELECT f, garch_filter(r, f) AS v FROM (SELECT array_agg(r ORDER BY i) AS r, garch_fit(r, m, p ORDER BY i) AS f FROM series) a) b),
          'the filter ends where the fit does: ' || m || ', ' || p)
FROM unnest('{garch,gjr,garch_t,gjr_t}'::text[]) m, unnest('{backcast,sample_variance}'::text[]) p;
SELECT is(garch_filter('{}', garch_model(1, 0.1, 0.8)), NULL, 'no returns: NULL');
SELECT is(garch_filter('{1,NaN,2}', garch_model(1, 0.1, 0.8)), '{NaN,NaN,NaN,NaN}', 'NaN: all NaN');
SELECT is(garch_filter('{1,2}', (SELECT garch_fit(r) FROM series WHERE i < 5)), NULL, 'a model without parameters: NULL');
SELECT is(garch_filter('{1,2}', NULL), NULL, 'NULL model: NULL');
SELECT is(garch_next_variance(garch_model(1, 0.25, 0.5, mu => 1, gamma => 0.5), 4, 3), 4::float8, 'a step after a rise');
SELECT is(garch_next_variance(garch_model(1, 0.25, 0.5, mu => 1, gamma => 0.5), 4, -1), 6::float8, 'a step after a fall');
SELECT is(garch_next_variance(garch_model(1, 0.25, 0.5), 'NaN', 1), 'NaN'::float8, 'NaN variance: NaN');
SELECT is(garch_next_variance(garch_model(1, 0.25, 0.5), 1, '-Infinity'), 'NaN'::float8, 'infinite return: NaN');
SELECT is(garch_next_variance((SELECT garch_fit(r) FROM series WHERE i < 5), 1, 1), NULL, 'no parameters: NULL');
SELECT is(garch_forecast(garch_model(1, 0.25, 0.25, next_variance => 8), 4), '{8,5,3.5,2.75}', 'forecast');
SELECT is(garch_forecast(garch_model(1, 0.25, 0.25), 4), NULL, 'no next variance: no forecast');
SELECT is(garch_horizon_vol(garch_model(1, 0.25, 0.25, next_variance => 8), 2), sqrt(13)::float8, 'vol of two bars');
SELECT is(garch_horizon_vol(garch_model(1, 0.25, 0.25, next_variance => 8), NULL), NULL, 'NULL horizon: NULL');
SELECT throws_ok('SELECT ' || call, state, NULL, call || ' is ' || state)
FROM (VALUES ('garch_forecast(garch_model(1, 0.1, 0.8, next_variance => 1), 0)', '22023'),
             ('garch_forecast(garch_model(1, 0.1, 0.8, next_variance => 1), 1000001)', '22023'),
             ('garch_horizon_vol(garch_model(1, 0.1, 0.8, next_variance => 1), -1)', '22023'),
             ('garch_forecast(garch_model(1, 1, 1, next_variance => 1), 5000)', '22003'),
             ('garch_next_variance(garch_model(1, 0.1, 0.8), -1, 0)', '22023'),
             ('garch_next_variance(garch_model(1, 0.1, 0.8), 1, 1e200)', '22003'),
             ('garch_filter(''{1,NULL}'', garch_model(1, 0.1, 0.8))', '22004'),
             ('garch_filter(''{{1},{2}}'', garch_model(1, 0.1, 0.8))', '2202E'),
             ('garch_filter(''{1e200,2}'', garch_model(1, 0.1, 0.8))', '22003'),
             ('garch_filter(''{1,2}'', ROW(''given'',''garch'',''backcast'',1,0,-1,0.1,0,0.8,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)::garch_model)', '22023'),
             ('garch_filter(''{1,2}'', ROW(''given'',''garch'',''other'',1,0,1,0.1,0,0.8,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)::garch_model)', '22023')
     ) v (call, state);

-- filtered historical simulation
CREATE TABLE tails AS
SELECT filter, (SELECT filtered_tail_risk(r, '{0.9,0.99}', filter ORDER BY i) FROM series) AS t FROM unnest('{ewma,garch,gjr,garch_t,gjr_t}'::text[]) filter;
SELECT ok((t).filter = filter AND ((t).status IS NULL) = (filter = 'ewma') AND (t).observations = 1000 AND (t).next_vol > 0
          AND (t).levels[1].confidence = 0.9 AND (t).levels[2].value_at_risk >= (t).levels[1].value_at_risk
          AND (t).levels[2].expected_shortfall >= (t).levels[2].value_at_risk AND array_length((t).levels, 1) = 2, 'filter ' || filter) FROM tails;
SELECT is((SELECT (t).next_vol FROM tails WHERE filter = 'garch'), (SELECT sqrt(v[1001] ^ 2) FROM (SELECT garch_filter(array_agg(r ORDER BY i), garch_fit(r ORDER BY i)) AS v FROM series) s),
          'its vol is that of the fit');
SELECT is((SELECT filtered_tail_risk(r, '{0.9,0.99}' ORDER BY i)::text FROM series), (SELECT t::text FROM tails WHERE filter = 'ewma'), 'EWMA is the default');
SELECT is((SELECT filtered_tail_risk(r, '{0.9,0.99}', 'ewma', 0.94 ORDER BY i)::text FROM series), (SELECT t::text FROM tails WHERE filter = 'ewma'), 'so is 0.94');
SELECT isnt((SELECT filtered_tail_risk(r, '{0.9,0.99}', 'ewma', 0.97 ORDER BY i)::text FROM series), (SELECT t::text FROM tails WHERE filter = 'ewma'), '0.97 is another');
SELECT is((SELECT ((t).filter, (t).status)::text FROM (SELECT filtered_tail_risk(r, '{0.9}', 'gjr_t' ORDER BY i) AS t FROM series WHERE i < 12) s),
          '(ewma,too_few)', 'too few for the model: EWMA, and why');
SELECT is((SELECT filtered_tail_risk(0, '{0.9}', 'garch')::text FROM series), '(historical,constant,1000,,"{""(0.9,0,0)""}")', 'zeros: historical, and why');
SELECT is((SELECT filtered_tail_risk(CASE i WHEN 5 THEN 'NaN' ELSE r END, '{0.9}')::text FROM series), '(,not_finite,1000,NaN,"{""(0.9,NaN,NaN)""}")', 'NaN');
SELECT is((SELECT filtered_tail_risk(r, '{0.9}') FROM series WHERE false), NULL, 'no row: NULL');
SELECT is((SELECT filtered_tail_risk(NULL, '{0.9}') FROM series), NULL, 'nothing but NULL: NULL');
SELECT is((SELECT filtered_tail_risk(r, '{0.9}', 'garch')::text FROM series WHERE i = 2), (SELECT filtered_tail_risk(r, '{0.9}', 'garch', 0.5)::text FROM series WHERE i = 2), 'one row has one answer');

-- SQLSTATEs
SELECT throws_ok(format('SELECT %s FROM series', call), state, NULL, call || ' is ' || state)
FROM (VALUES ('garch_fit(r, ''arch'')', '22023'), ('garch_fit(r, NULL)', '22004'), ('garch_fit(r, ''garch'', ''zero'')', '22023'),
             ('garch_fit(r, ''garch'', ''backcast'', ''robust'')', '22023'), ('garch_fit(r, CASE WHEN i > 9 THEN ''gjr'' ELSE ''garch'' END)', '22023'),
             ('garch_vol(r, ''egarch'')', '22023'), ('garch_vol(r, ''garch'', 0)', '22023'), ('garch_vol(r, ''garch'', ''NaN'')', '22023'),
             ('garch_vol(r, ''garch'', NULL)', '22004'),
             ('filtered_tail_risk(r, ''{}'')', '22023'), ('filtered_tail_risk(r, ''{1}'')', '22023'), ('filtered_tail_risk(r, NULL)', '22004'),
             ('filtered_tail_risk(r, ''{0.9,NULL}'')', '22004'), ('filtered_tail_risk(r, ''{{0.9},{0.8}}'')', '2202E'),
             ('filtered_tail_risk(r, ''{0.9}'', ''kalman'')', '22023'), ('filtered_tail_risk(r, ''{0.9}'', ''historical'')', '22023'),
             ('filtered_tail_risk(r, ''{0.9}'', ''ewma'', 1)', '22023'), ('filtered_tail_risk(r, ''{0.9}'', ''ewma'', ''NaN'')', '22023'),
             ('filtered_tail_risk(''NaN'', ''{0.9}'', ''ewma'', 2)', '22023')) v (call, state);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT throws_ok('SELECT garch_fit(x) FROM generate_series(1, 200000) x', '54000', NULL, 'a state above the limit is 54000');
SET LOCAL margin_calib.max_state_mb = 1024;

-- rights and labels: order-dependent, so nothing is combined
SELECT is((SELECT array_agg(p.proname::text ORDER BY 1) FROM pg_proc p
           WHERE pronamespace = 'margin_calib'::regnamespace AND prosrc IN ('mc_garch_fit_final', 'mc_garch_vol_final', 'mc_filtered_tail_risk_final')
             AND has_function_privilege('public', p.oid, 'EXECUTE')), NULL, 'support functions are not for the public');
SELECT is((SELECT array_agg(DISTINCT concat(a.aggfinalmodify, p.proparallel, p.provolatile)) FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
           WHERE p.pronamespace = 'margin_calib'::regnamespace AND p.proname IN ('garch_fit', 'garch_vol', 'filtered_tail_risk')
             AND a.aggcombinefn = 0 AND obj_description(p.oid, 'pg_proc') IS NOT NULL HAVING count(*) = 10),
          '{rsi}', 'ten aggregates: read-only finals, no combine function, comments');

SELECT * FROM finish();
ROLLBACK;
