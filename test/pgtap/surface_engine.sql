-- Volatility surfaces in the engine: stored = live = fitted by hand from the latest quotes, history, quotes that come
-- late, are corrected, stale, gone, expired or garbage, former smiles, feeds that break and go, rights.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- prices of Black (1976), the normal distribution by Simpson's rule: quotes whose vols are known
CREATE FUNCTION t.normal(x float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN x < -9 THEN 0 WHEN x > 9 THEN 1 ELSE 0.5 + x / 600 * sum(CASE WHEN i IN (0, 200) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * exp(-0.5 * (x * i / 200) ^ 2)) / sqrt(2 * pi()) END
      FROM generate_series(0, 200) AS i $$;
CREATE FUNCTION t.black(is_call boolean, f float8, k float8, vol float8, t float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN is_call THEN f * t.normal(d) - k * t.normal(d - s) ELSE k * t.normal(s - d) - f * t.normal(-d) END
      FROM (SELECT s, ln(f / k) / s + s / 2 FROM (SELECT vol * sqrt(t)) AS v (s)) AS x (s, d) $$;
CREATE TABLE t.q (coin text, at timestamptz, expiry timestamptz, strike float8, cp text, bid float8, ask float8, mark float8, fwd float8);
-- a snapshot of one expiry: calls and puts at fixed strikes, bid and ask half a vol point around level - 0.1 k + 0.3 k^2
CREATE FUNCTION t.snap(coin text, at timestamptz, expiry timestamptz, level float8 DEFAULT 0.5, f float8 DEFAULT 100, n int DEFAULT 9) RETURNS SETOF t.q LANGUAGE sql AS $$
    SELECT coin, at, expiry, strike, c, t.black(c = 'C', f, strike, vol - 0.005, years), t.black(c = 'C', f, strike, vol + 0.005, years), t.black(c = 'C', f, strike, vol, years), f
      FROM (SELECT strike, level - 0.1 * ln(strike / f) + 0.3 * ln(strike / f) ^ 2 AS vol, extract(epoch FROM expiry - at)::float8 / 31536000 AS years
              FROM (SELECT CASE WHEN f > 1000 THEN 2000 ELSE 100 END * exp(-0.35 + 0.65 * i / (n - 1)) FROM generate_series(0, n - 1) AS i) AS g (strike)) AS h,
           unnest('{C,P}'::text[]) AS c $$;
CREATE FUNCTION t.day(n int) RETURNS timestamptz LANGUAGE sql AS $$ SELECT date_trunc('day', now()) + n * interval '1 day' $$;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- the vol of a stored smile at ln(strike / forward) = k, by the formula of SVI
CREATE FUNCTION t.vol(s surface_slice, k float8) RETURNS float8 LANGUAGE sql AS $$
    SELECT sqrt((s.a + s.b * (s.rho * (k - s.m) + sqrt((k - s.m) ^ 2 + s.sigma ^ 2))) / s.t) $$;
CREATE FUNCTION t.slice(coin text, expiry timestamptz, as_of timestamptz DEFAULT 'infinity') RETURNS surface_slice LANGUAGE sql AS $$
    SELECT s FROM unnest((surface_at(coin, as_of)).slices) AS s WHERE s.expiry = slice.expiry $$;

-- ---- attaching ----
CREATE TABLE t.odd (coin text, at timestamptz, expiry text, strike float8, cp integer, bid float8, note text);
SELECT is(t.refused(format('SELECT attach_quotes(''t.%s'', ''coin'', ''at'', ''%s'', ''strike'', ''%s'', %s)', r, e, k, x)), m, m)
  FROM (VALUES ('q', 'expiry', 'cp', 'forward => ''fwd''', '22004: a quote feed needs a column of bids, asks or marks'),
               ('q', 'expiry', 'cp', '''bid'', stale_after => ''0''', '22023: stale_after is a positive interval, and keep_points one of 0 or more'),
               ('q', 'expiry', 'cp', '''bid'', keep_points => ''-1 s''', '22023: stale_after is a positive interval, and keep_points one of 0 or more'),
               ('q', 'expiry', 'cp', '''bid'', stale_after => NULL', '22023: stale_after is a positive interval, and keep_points one of 0 or more'),
               ('q', 'expiry', 'cp', '''bid'', settings => NULL', '22023: premium must be ''currency'' or ''coin'''),
               ('q', 'expiry', 'cp', '''bid'', settings => ROW(''coin'', 0, ''1 hour'', 1, 2, 0, 0, 0)', '22023: minimum_quotes must be 3 or more'),
               ('q', 'expiry', 'cp', '''bid'', capture => ''often''', '22023: capture is ''trigger'' or ''watermark'''),
               ('q', 'expiry', 'strike', '''bid''', '42804: the kind of an option is a text or enum column'),
               ('q', 'expiry', 'cp', '''coin''', '42804: prices and quantities are numeric, double precision, real or integer columns'),
               ('q', 'strike', 'cp', '''bid''', '42804: the ts column is a timestamptz, timestamp or date column'),
               ('q', 'expiry', 'cp', '''bit''', '42703: column "bit" of relation t.q does not exist'),
               ('q', 'expires', 'cp', '''bid''', '42703: column expires of relation t.q does not exist'),
               ('odd', 'expiry', 'note', '''bid''', '42804: the ts column is a timestamptz, timestamp or date column')) AS v (r, e, k, x, m);
SELECT is((SELECT count(*) FROM feed), 0::bigint, 'and nothing stays of it');
SELECT ok(attach_quotes('t.q', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', 'mark', 'fwd', surface_settings(minimum_quotes => 4)) > 0);
SELECT is(t.refused($$ SELECT attach_quotes('t.q', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid') $$), '55000: relation t.q is already attached');
SELECT results_eq($$ SELECT content #>> '{quotes,settings,minimum_quotes}', content #>> '{quotes,strike_column}', content ->> 'kind' FROM governed_row WHERE kind = 'feed' $$,
    $$ VALUES ('4', 'strike', 'quotes') $$, 'the audit trail has columns and settings');
SELECT is_empty($$ SELECT * FROM verify_audit() $$, 'and fits');
SELECT is(t.refused($$ SELECT surface_at('BTC') $$), '42704: underlying BTC has no volatility surface');

-- ---- a first refresh: two underlyings, and one that is hopeless ----
INSERT INTO q SELECT s.* FROM (VALUES (30, 0.5), (60, 0.52), (90, 0.55)) AS e (d, v), t.snap('BTC', now() - interval '3 hours', t.day(e.d), e.v) AS s;
INSERT INTO q SELECT s.* FROM (VALUES (30), (60)) AS e (d), t.snap('ETH', now() - interval '10 minutes', t.day(e.d), 0.8, 2000, 11) AS s;
INSERT INTO q VALUES ('BAD', now() - interval '1 hour', t.day(30), 'NaN', 'straddle', -1, 'Infinity', NULL, 0);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT underlying, now() - as_of, is_stale, stale_reason, is_pending, expiries, fitted + repaired, fallback, failed, quotes, quotes_used FROM vol_surface_status ORDER BY 1 $$,
    $$ VALUES ('BAD', NULL::interval, true, 'no expiry could be fitted; ' || to_char(t.day(30), 'YYYY-MM-DD HH24:MI') || ': no forward: none is quoted, and no strike has a call and a put',
               false, 0::bigint, 0::bigint, 0::bigint, 0::bigint, NULL::int, NULL::int),
              ('BTC', interval '3 hours', true, 'its newest quote is older than allowed', false, 3, 3, 0, 0, 54, 27),
              ('ETH', interval '10 minutes', false, NULL, false, 2, 2, 0, 0, 44, 22) $$, 'surfaces of those that can be fitted, a reason for the other');
SELECT ok(bool_and(abs(t.vol(f, k) - (v.level - 0.1 * k + 0.3 * k * k)) < 0.002), 'the vols that the quotes were made of')
  FROM (VALUES ('BTC', 30, 0.5), ('BTC', 60, 0.52), ('BTC', 90, 0.55), ('ETH', 30, 0.8), ('ETH', 60, 0.8)) AS v (coin, d, level),
       t.slice(v.coin, t.day(v.d)) AS f, unnest('{-0.25,-0.1,0,0.1,0.25}'::float8[]) AS k;
SELECT is(surface_now(u), surface_at(u), 'live = stored: ' || u) FROM unnest('{BTC,ETH}'::text[]) AS u;
SELECT is((SELECT s.slices FROM surface_at('ETH') AS s),
          (SELECT (fit_surface(expiry, strike, cp, bid, ask, mark, fwd, at, now() - interval '10 minutes', surface_settings(minimum_quotes => 4))).slices FROM q WHERE coin = 'ETH'),
          'as fitted by hand');
SELECT is((SELECT array_agg(message ORDER BY id) FROM alert), ARRAY['BAD: ' || (SELECT stale_reason FROM vol_surface_status WHERE underlying = 'BAD')], 'an alert tells of the other');
SELECT is((SELECT failed || ': ' || error FROM refresh_run ORDER BY id DESC LIMIT 1), '1: ' || (SELECT message FROM alert), 'and so does the log');
CALL refresh(commit_batches => false);
INSERT INTO q VALUES ('BAD', now() - interval '59 minutes', t.day(30), 'NaN', 'straddle', -1, 'Infinity', NULL, 0);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM surface) $$, $$ VALUES (1::bigint, 2::bigint) $$, 'once; and a refresh without changes stores nothing');
SELECT results_eq($$ SELECT DISTINCT problem FROM surface_quote $$, $$ SELECT DISTINCT problem FROM surface_quote WHERE problem IS NULL OR kind <> CASE WHEN k < 0 THEN 'put' ELSE 'call' END $$, 'every strike was used');
SELECT is((SELECT count(*) FROM surface_quote AS p WHERE abs(p.vol - p.fitted_vol) < 0.002 AND p.bid_vol < p.vol AND p.vol < p.ask_vol AND problem IS NULL), 49::bigint, 'and is shown beside its fit');
SELECT is(t.refused($$ SELECT surface_at('XRP') $$), '42704: underlying XRP has no volatility surface');
SELECT is(t.refused($$ SELECT surface_at('BAD') $$) LIKE '42704: there is no volatility surface of BAD as of %', true, 'known, but without a surface');
SELECT is(t.refused($$ SELECT surface_vol('BTC', now(), 100, now() - interval '1 day') $$) LIKE '42704: there is no volatility surface of BTC as of %', true, 'before its first');
SELECT is(t.refused($$ SELECT surface_now('XRP') $$), '42704: underlying XRP has no volatility surface');
SELECT ok(surface_at(NULL) IS NULL AND surface_now(NULL) IS NULL AND surface_vol(NULL, now(), 1) IS NULL AND surface_svg(NULL::text) IS NULL, 'NULL gives NULL');
SELECT is(surface_vol('BTC', t.day(30), 110), surface_vol(surface_at('BTC'), t.day(30), 110), 'surface_vol is that of the surface');
SELECT ok(surface_svg('BTC') LIKE '<svg%BTC%', 'a picture with its name');
SELECT is_empty($$ SELECT * FROM verify() $$, 'verified');

-- ---- history: a newer snapshot, with a forward that has moved ----
INSERT INTO q SELECT s.* FROM (VALUES (30, 0.6), (60, 0.6)) AS e (d, v), t.snap('BTC', now() - interval '2 hours 30 minutes', t.day(e.d), e.v, 110) AS s;
SELECT is((SELECT array_agg(underlying) FROM vol_surface_status WHERE is_pending), '{BTC}', 'it waits for refresh');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT as_of - now(), replaced_at, (slices[1]).forward, round((slices[1]).atm_vol::numeric, 2) FROM surface WHERE underlying = 'BTC' ORDER BY as_of $$,
    $$ VALUES (interval '-3 hours', NULL::timestamptz, 100::float8, 0.50), ('-2 hours -30 minutes', NULL, 110, 0.60) $$, 'both are kept');
SELECT is((surface_at('BTC', now() - interval '2 hours 30 minutes 1 microsecond')).as_of, now() - interval '3 hours', 'until the newest quote the former one');
SELECT is((surface_at('BTC', now() - interval '2 hours 30 minutes')).as_of, now() - interval '2 hours 30 minutes', 'then the newer one');
-- half an hour is within maximum_age: the expiry that was not quoted again is that of before
SELECT results_eq($$ SELECT status IN ('fitted', 'repaired'), forward, strikes, fitted_as_of = as_of FROM surface_fit WHERE underlying = 'BTC' AND expiry = t.day(90) $$,
    $$ VALUES (true, 100::float8, 9, true) $$, 'quotes within maximum_age count');

-- ---- late and corrected quotes, and some that are taken back ----
INSERT INTO q SELECT s.* FROM t.snap('BTC', now() - interval '2 hours 45 minutes', t.day(120), 0.58) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT as_of - now(), replaced_at IS NOT NULL, cardinality(slices), points IS NULL FROM surface WHERE underlying = 'BTC' ORDER BY id $$,
    $$ VALUES (interval '-3 hours', false, 3, false), ('-2 hours -30 minutes', true, 3, true), ('-2 hours -30 minutes', false, 4, false) $$, 'a late quote replaces the surface of its time');
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live = stored after a late quote');
UPDATE q SET (bid, ask, mark) = (n.bid, n.ask, n.mark) FROM t.snap('BTC', now() - interval '2 hours 30 minutes', t.day(60), 0.58, 110) AS n
 WHERE q.coin = 'BTC' AND q.at = n.at AND q.expiry = n.expiry AND q.strike = n.strike AND q.cp = n.cp;
CALL refresh(commit_batches => false);
SELECT is((SELECT round(atm_vol::numeric, 2) FROM surface_fit WHERE underlying = 'BTC' AND expiry = t.day(60)), 0.58, 'a correction counts');
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live = stored after a correction');
SELECT is((SELECT count(*) FROM surface_history WHERE underlying = 'BTC' AND replaced_at IS NOT NULL), 7::bigint, 'what it replaced is in the history');
CREATE TABLE t.taken AS SELECT * FROM q WHERE coin = 'BTC' AND at = now() - interval '2 hours 30 minutes';
DELETE FROM q WHERE coin = 'BTC' AND at >= now() - interval '2 hours 45 minutes';
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT now() - as_of, expiries FROM vol_surface_status WHERE underlying = 'BTC' $$, $$ VALUES (interval '3 hours', 3::bigint) $$, 'quotes that are taken back no longer count');
SELECT is((SELECT count(*) FROM surface WHERE underlying = 'BTC' AND replaced_at IS NULL), 1::bigint, 'the surface before them is in force again');
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live = stored after a deletion');
INSERT INTO q TABLE t.taken;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM verify() $$, 'verified after all of it');

-- ---- stale, gone, expired: former smiles ----
-- now: 30 days quoted anew at a forward of 121; 60 days half an hour too old; 90 days was never quoted again
INSERT INTO q SELECT s.* FROM t.snap('BTC', now() - interval '1 hour 15 minutes', t.day(30), 0.55, 121) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT f.expiry, f.status, f.reason, f.fitted_as_of - now(), f.forward, f.forward_source, f.left_out, f.is_stale FROM surface_fit AS f WHERE underlying = 'BTC' ORDER BY 1 $$,
    $$ VALUES (t.day(30), 'fitted', NULL, interval '-1 hour -15 minutes', 121::float8, 'quoted', 9, true),
              (t.day(60), 'fallback', '0 strikes with usable quotes, 4 are needed', '-2 hours -30 minutes', 121, 'carried', 18, true),
              (t.day(90), 'fallback', '0 strikes with usable quotes, 4 are needed', '-2 hours -30 minutes', 121, 'carried', 18, true) $$,
    'stale quotes: the former smile at the forward of now, and why');
SELECT ok(bool_and(abs(t.vol(n, k) / t.vol(o, k) - 1) < 1e-12), 'with the vols of before at equal k')
  FROM unnest('{60,90}'::int[]) AS d, t.slice('BTC', t.day(d), now() - interval '2 hours') AS o, t.slice('BTC', t.day(d)) AS n, unnest('{-0.4,-0.1,0,0.1,0.4}'::float8[]) AS k;
-- a grid of k in place of the least over all of them
SELECT ok(bool_and(abs(calendar - least) < 1e-4 AND calendar <= least + 1e-12), 'calendar arbitrage is measured against the expiry before, a former smile or not')
  FROM (SELECT v.calendar, (SELECT min(t.vol(f, k) ^ 2 * f.t - t.vol(e, k) ^ 2 * e.t) FROM (SELECT i / 100.0::float8 FROM generate_series(-250, 250) AS i) AS g (k)) AS least
          FROM surface_fit AS v, t.slice('BTC', v.expiry) AS f, t.slice('BTC', v.expiry - interval '30 days') AS e WHERE v.underlying = 'BTC' AND e.expiry IS NOT NULL) AS c;
SELECT ok(bool_and(abs(butterfly - svi_least_butterfly(ROW(a, b, rho, m, sigma)::svi)) < 1e-12) AND count(*) = 3, 'and butterflies') FROM surface_fit WHERE underlying = 'BTC';
SELECT ok(bool_and(abs((t.slice('BTC', t.day(d))).t / (extract(epoch FROM t.day(d) - now() + interval '75 minutes')::float8 / 31536000) - 1) < 1e-12), 'and the time that is left')
  FROM unnest('{60,90}'::int[]) AS d;
SELECT is((SELECT array_agg(problem || ' ' || n ORDER BY problem) FROM (SELECT problem, count(*) AS n FROM surface_quote WHERE underlying = 'BTC' AND problem IS NOT NULL GROUP BY problem) AS p),
          '{"older than maximum_age 36","the other side of the strike is quoted tighter 9"}', 'stale quotes are named');
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live = stored with former smiles');
SELECT results_eq($$ SELECT fitted, fallback, stale_reason FROM vol_surface_status WHERE underlying = 'BTC' $$, $$ VALUES (1::bigint, 2::bigint, 'its newest quote is older than allowed') $$, 'they are counted');
-- gone altogether: the forward moves as that of the nearest expiry does, 121 -> 96.8
DELETE FROM q WHERE coin = 'BTC' AND expiry > t.day(30);
INSERT INTO q SELECT s.* FROM t.snap('BTC', now() - interval '20 minutes', t.day(30), 0.5, 96.8) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT expiry, status, reason, round(forward::numeric, 9), fitted_as_of - now(), left_out FROM surface_fit AS f WHERE underlying = 'BTC' AND expiry > t.day(30) ORDER BY 1 $$,
    $$ VALUES (t.day(60), 'fallback', 'it has no quotes', 96.8, interval '-2 hours -30 minutes', 0), (t.day(90), 'fallback', 'it has no quotes', 96.8, '-2 hours -30 minutes', 0) $$, 'gone: the former smile, its forward moved');
SELECT ok(bool_and(abs(t.vol(n, k) / t.vol(o, k) - 1) < 1e-12), 'and still the vols of the last fit')
  FROM unnest('{60,90}'::int[]) AS d, t.slice('BTC', t.day(d), now() - interval '2 hours') AS o, t.slice('BTC', t.day(d)) AS n, unnest('{-0.4,0,0.4}'::float8[]) AS k;
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live = stored when quotes are gone');
-- quoted again
INSERT INTO q SELECT s.* FROM t.snap('BTC', now() - interval '10 minutes', t.day(60), 0.45, 97) AS s;
CALL refresh(commit_batches => false);
SELECT is((SELECT status || round(atm_vol::numeric, 2) FROM surface_fit WHERE underlying = 'BTC' AND expiry = t.day(60)), 'fitted0.45', 'a fit takes over again');
-- an expiry that passes between two snapshots
INSERT INTO q SELECT s.* FROM (VALUES (interval '-1 hour'), ('10 days')) AS e (d), t.snap('PAST', now() - interval '30 days', now() + e.d) AS s;
CALL refresh(commit_batches => false);
INSERT INTO q SELECT s.* FROM t.snap('PAST', now() - interval '30 minutes', now() + interval '10 days') AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT count(*) FILTER (WHERE status = 'fitted'), count(*) FROM surface_history WHERE underlying = 'PAST' GROUP BY as_of ORDER BY as_of $$, $$ VALUES (2::bigint, 2::bigint), (1, 1) $$, 'expired options drop out');
SELECT is((SELECT array_agg(e.expiry) FROM surface_fit AS e WHERE underlying = 'PAST'), ARRAY[now() + interval '10 days'], 'nor does a former smile of theirs stand in');
-- a smile is not its own former one: bad quotes of the same time leave none; of a later time the one before stands in
INSERT INTO q SELECT s.* FROM (VALUES (30), (60)) AS e (d), t.snap('SELF', now() - interval '20 minutes', t.day(e.d)) AS s;
CALL refresh(commit_batches => false);
UPDATE q SET bid = -1 WHERE coin = 'SELF' AND expiry = t.day(60);
CALL refresh(commit_batches => false);
SELECT is((SELECT status FROM surface_fit WHERE underlying = 'SELF' AND expiry = t.day(60)), 'failed', 'none was good at this time or before');
-- the nearest expiry says how the forward moved; a quoted one counts although its strikes are too few
INSERT INTO q SELECT s.* FROM (VALUES (30), (50), (60), (90)) AS e (d), t.snap('NEAR', now() - interval '3 hours', t.day(e.d), 0.5) AS s;
CALL refresh(commit_batches => false);
DELETE FROM q WHERE coin = 'NEAR' AND expiry = t.day(50);
INSERT INTO q SELECT s.* FROM (VALUES (30, 100, 3), (60, 110, 9), (90, 121, 9)) AS e (d, f, n), t.snap('NEAR', now() - interval '10 minutes', t.day(e.d), 0.4, e.f, e.n) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT expiry, status, round(forward::numeric, 9), forward_source, is_stale FROM surface_fit WHERE underlying = 'NEAR' ORDER BY 1 $$,
    $$ VALUES (t.day(30), 'fallback', 100::numeric, 'quoted', true), (t.day(50), 'fallback', 110, 'carried', true), (t.day(60), 'fitted', 110, 'quoted', false), (t.day(90), 'fitted', 121, 'quoted', false) $$,
    'forwards of former smiles');
SELECT ok(f.calendar < 0 AND f.calendar = svi_least_calendar(ROW(e.a, e.b, e.rho, e.m, e.sigma)::svi, ROW(f.a, f.b, f.rho, f.m, f.sigma)::svi), 'a new smile below the former one before it shows')
  FROM surface_fit AS f, t.slice('NEAR', t.day(50)) AS e WHERE underlying = 'NEAR' AND f.expiry = t.day(60);
-- no usable quote at all: the last surface stays
INSERT INTO q SELECT coin, now() - interval '5 minutes', expiry, strike, cp, 0, 0, NULL, NULL FROM q WHERE coin = 'ETH';
DELETE FROM q WHERE coin = 'ETH' AND at < now() - interval '5 minutes';
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT now() - as_of, is_stale, stale_reason, fitted + repaired FROM vol_surface_status WHERE underlying = 'ETH' $$,
    $$ VALUES (interval '10 minutes', true, format('no expiry could be fitted; %s: no forward: none is quoted, and no strike has a call and a put', to_char(t.day(30), 'YYYY-MM-DD HH24:MI')), 2::bigint) $$, 'no usable quotes: the last surface stays, stale');
SELECT is(surface_now('ETH'), surface_at('ETH'), 'live likewise');
DELETE FROM q WHERE coin = 'ETH';
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM vol_surface_status WHERE underlying = 'ETH'), 'its quotes are gone', 'nor any quote');
INSERT INTO q SELECT s.* FROM t.snap('ETH', now() - interval '1 minute', t.day(30), 0.75, 2000) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT stale_reason, fitted, fallback FROM vol_surface_status WHERE underlying = 'ETH' $$, $$ VALUES (NULL::text, 1::bigint, 1::bigint) $$, 'until there are some');
SELECT is_empty($$ SELECT * FROM verify() $$, 'verified with former smiles');

-- ---- garbage among good quotes, one strike, one expiry, a kind that is misspelt ----
INSERT INTO q SELECT s.* FROM t.snap('DIRT', now() - interval '2 minutes', t.day(40)) AS s;
CALL refresh(commit_batches => false);
CREATE TABLE t.clean AS SELECT slices FROM surface WHERE underlying = 'DIRT';
CREATE TABLE t.dirt AS SELECT * FROM q WHERE false;
INSERT INTO t.dirt (expiry, strike, cp, bid, ask, mark, fwd) VALUES
    (t.day(40), 141, 'C', 2, 1, 1.5, 100), (t.day(40), 142, 'C', 0, 0, NULL, 100), (t.day(40), 143, 'C', NULL, NULL, NULL, 100), (t.day(40), 144, 'C', 'NaN', 'NaN', 'NaN', 100),
    (t.day(40), 145, 'C', 'Infinity', 'Infinity', NULL, 100), (t.day(40), 146, 'C', -1, 1, NULL, 100), (t.day(40), 'NaN', 'C', 1, 1.1, NULL, 100), (t.day(40), -5, 'C', 1, 1.1, NULL, 100),
    (t.day(40), 0, 'P', 1, 1.1, NULL, 100), (t.day(40), 'Infinity', 'P', 1, 1.1, NULL, 100), (t.day(40), NULL, 'P', 1, 1.1, NULL, 100), (t.day(40), 147, 'Straddle', 1, 1.1, NULL, 100),
    (t.day(40), 148, '', 1, 1.1, NULL, 100), (t.day(40), 149, NULL, 1, 1.1, NULL, 100), (NULL, 150, 'C', 1, 1.1, NULL, 100), ('infinity', 151, 'C', 1, 1.1, NULL, 100),
    ('-infinity', 152, 'C', 1, 1.1, NULL, 100), (now() - interval '1 day', 153, 'C', 1, 1.1, NULL, 100), (t.day(40), 154, 'C', 1e300, 1e308, NULL, 100), (t.day(40), 155, 'C', 1e-300, 1e-299, NULL, 100),
    (t.day(50), 100, 'C', 5, 5.1, NULL, 100), (t.day(50), 100, 'P', 5, 5.1, NULL, 100);
INSERT INTO q SELECT 'DIRT', now() - interval '2 minutes', expiry, strike, cp, bid, ask, mark, fwd FROM t.dirt;
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM surface_quote WHERE underlying = 'DIRT'), (SELECT count(*) FROM q WHERE coin = 'DIRT'), 'every quote comes back');
SELECT is((SELECT count(*) FROM surface_quote WHERE underlying = 'DIRT' AND problem IS NULL AND expiry = t.day(40)), 9::bigint, 'the good ones are used');
SELECT is((SELECT count(*) FROM surface_quote WHERE underlying = 'DIRT' AND problem IS NOT NULL), 30::bigint, 'the others have a problem, and of one strike a call or a put');
SELECT results_eq($$ SELECT expiry, status, strikes, reason FROM surface_fit WHERE underlying = 'DIRT' ORDER BY 1 $$,
    $$ VALUES (t.day(40), 'fitted', 9, NULL), (t.day(50), 'failed', 1, '1 strikes with usable quotes, 4 are needed') $$, 'a single strike makes no smile, and none stands in');
SELECT ok(abs(t.vol(s, k) - t.vol(c.slices[1], k)) < 1e-9, 'and changes no other') FROM t.slice('DIRT', t.day(40)) AS s, t.clean AS c, unnest('{-0.3,0,0.3}'::float8[]) AS k;
SELECT is(surface_now('DIRT'), surface_at('DIRT'), 'live = stored with garbage');
SELECT is((SELECT count(*) FROM quarantine), 0::bigint, 'none of it is quarantined: each is in surface_quote');

-- ---- times that cannot be used, rows without an underlying ----
INSERT INTO q SELECT coin, x.at, expiry, strike, cp, bid, ask, mark, fwd FROM t.snap('TIME', now(), t.day(30)) AS s, (VALUES (NULL), ('infinity'::timestamptz), ('-infinity'), (now() + interval '1 hour')) AS x (at);
INSERT INTO q SELECT NULL, at, expiry, strike, cp, bid, ask, mark, fwd FROM t.snap('TIME', now(), t.day(30)) AS s;
INSERT INTO q SELECT repeat('x', 501), at, expiry, strike, cp, bid, ask, mark, fwd FROM t.snap('TIME', now(), t.day(30)) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT instrument, reason, count(*) FROM quarantine WHERE resolved_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2 $$,
    $$ VALUES ('TIME', 'ts is NULL', 1::bigint), ('TIME', 'ts is in the future', 1), ('TIME', 'ts is infinite', 2), (NULL, 'underlying is NULL', 1), (NULL, 'underlying is longer than 500 bytes', 1) $$,
    'one entry for each ts');
SELECT is((SELECT stale_reason FROM vol_surface_status WHERE underlying = 'TIME'), 'it has no quote with a usable ts');
DELETE FROM q WHERE coin = 'TIME' AND (at IS NULL OR NOT isfinite(at));
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT reason FROM quarantine WHERE resolved_at IS NULL AND instrument = 'TIME' $$, $$ VALUES ('ts is in the future') $$, 'what is no longer there is resolved');
-- a moment ahead of the clock is waited for
INSERT INTO q SELECT s.* FROM t.snap('SOON', clock_timestamp() + interval '5 seconds', t.day(30)) AS s;
INSERT INTO q SELECT s.* FROM t.snap('SOON', now() - interval '1 minute', t.day(30), 0.7) AS s;
CALL refresh(commit_batches => false);
SELECT is((SELECT round(atm_vol::numeric, 2) FROM surface_fit WHERE underlying = 'SOON'), 0.70, 'a quote ahead of the clock does not count yet');
SELECT is((SELECT count(*) FROM quarantine WHERE instrument = 'SOON'), 0::bigint, 'within a minute it is not quarantined either');
SELECT pg_sleep(5.1);
CALL refresh(commit_batches => false);
SELECT is((SELECT round(atm_vol::numeric, 2) FROM surface_fit WHERE underlying = 'SOON'), 0.50, 'the refresh after its time takes it');
SELECT is((SELECT due_at FROM surface_underlying WHERE underlying = 'SOON'), NULL, 'and nothing is due any more');

-- ---- one underlying whose fit is an error does not stop the others ----
INSERT INTO q SELECT 'WIDE', now() - interval '1 minute', now() + i * interval '1 hour', 100, 'C', 1, 1.1, NULL, 100 FROM generate_series(1, 501) AS i;
INSERT INTO q SELECT s.* FROM t.snap('ALSO', now() - interval '1 minute', t.day(30)) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT underlying, stale_reason FROM vol_surface_status WHERE underlying IN ('WIDE', 'ALSO') ORDER BY 1 $$,
    $$ VALUES ('ALSO', NULL), ('WIDE', 'its quotes cannot be fitted: too many expiries of one underlying (54000)') $$, 'the error is its reason, and the others go on');
DELETE FROM q WHERE coin IN ('WIDE', 'BAD', 'TIME') OR coin IS NULL OR length(coin) > 500;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM verify() $$, 'verified with those that have no surface');

-- ---- a refresh that is cancelled leaves its queue ----
INSERT INTO q SELECT 'MANY' || u, now() - interval '1 minute', now() + m * interval '2 days', k, 'C', p - 0.01, p + 0.01, p, 100
  FROM generate_series(1, 4) AS u, generate_series(1, 450) AS m, generate_series(70, 130) AS k, LATERAL (SELECT black76_price('call', 100, k, m * 2 / 365.0, 0.5)) AS x (p);
\ir lib/cancelled.sql
SET LOCAL statement_timeout = '100ms';
SELECT is(pg_temp.cancelled('CALL margin_calib.refresh(commit_batches => false)'), 'cancelled', 'a refresh is cancelled while it fits');
SET LOCAL statement_timeout = 0;
SELECT is((SELECT array_agg(DISTINCT key) FROM capture_queue), '{MANY1,MANY2,MANY3,MANY4}', 'its queue is as before');
DELETE FROM q WHERE coin LIKE 'MANY%';

-- ---- other types: the same quotes, the same smiles ----
CREATE TYPE t.side AS ENUM ('call', 'put');
CREATE DOMAIN t.price AS numeric;
CREATE TABLE t.typed (coin varchar(10), at timestamp, expiry timestamp, strike numeric, cp t.side, bid t.price, ask numeric, mark numeric, fwd real) PARTITION BY LIST (coin);
CREATE TABLE t.typed_a PARTITION OF t.typed FOR VALUES IN ('A');
SELECT attach_quotes('t.typed', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', 'mark', 'fwd', surface_settings(minimum_quotes => 4)) > 0;
INSERT INTO typed SELECT 'A', at AT TIME ZONE 'UTC', expiry AT TIME ZONE 'UTC', strike::text::numeric, CASE cp WHEN 'C' THEN 'call' ELSE 'put' END::side, bid::text::numeric, ask::text::numeric, mark::text::numeric, fwd
  FROM t.snap('A', now() - interval '1 minute', t.day(30)) AS s;
INSERT INTO q SELECT s.* FROM t.snap('A2', now() - interval '1 minute', t.day(30)) AS s;
SET LOCAL timezone = 'Asia/Tokyo';
CALL refresh(commit_batches => false);
SELECT is((surface_at('A')).slices, (surface_at('A2')).slices, 'numeric, real, enum, timestamp without time zone, a domain, a partition');
SET LOCAL timezone = 'UTC';
INSERT INTO typed VALUES ('A', now() AT TIME ZONE 'UTC' - interval '1 minute', 'infinity', '1e400', 'call', 'NaN', '1e-400', '-1e400', 100);
CREATE TABLE t.typed_b PARTITION OF t.typed DEFAULT;
CALL refresh(commit_batches => false);
INSERT INTO typed_b SELECT 'B', at AT TIME ZONE 'UTC', expiry AT TIME ZONE 'UTC', strike, CASE cp WHEN 'C' THEN 'call' ELSE 'put' END::side, bid, ask, mark, fwd
  FROM t.snap('B', now() - interval '1 minute', t.day(30)) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT underlying, quotes, quotes_used, stale_reason FROM vol_surface_status WHERE relation_name = 't.typed' ORDER BY 1 $$,
    $$ VALUES ('A', 19, 9, NULL), ('B', 18, 9, NULL) $$, 'numbers beyond double precision fail nothing; a new partition is captured');
TRUNCATE typed_b;
SELECT is((SELECT array_agg(underlying ORDER BY underlying) FROM vol_surface_status WHERE is_pending), '{A,B}', 'a truncate concerns all of the feed');
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM vol_surface_status WHERE underlying = 'B'), 'its quotes are gone', 'truncate is seen');

-- ---- sizes and open interest: the columns decide who is left out ----
CREATE TABLE t.sized AS SELECT s.*, 5::numeric AS bs, 5 AS az, 100::float8 AS oi FROM t.snap('S', now() - interval '1 minute', t.day(30)) AS s;
UPDATE sized SET bs = CASE strike_rank WHEN 1 THEN 0 WHEN 2 THEN 1 ELSE 5 END, oi = CASE strike_rank WHEN 3 THEN 2 ELSE 100 END
  FROM (SELECT strike AS k, dense_rank() OVER (ORDER BY strike) AS strike_rank FROM sized) AS r WHERE strike = r.k;
SELECT is(t.refused($$ SELECT attach_quotes('t.sized', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', bid_size => 'cp') $$), '42804: prices and quantities are numeric, double precision, real or integer columns');
SELECT attach_quotes('t.sized', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', 'mark', 'fwd', surface_settings(minimum_quotes => 4, minimum_size => 2, minimum_open_interest => 3),
                     bid_size => 'bs', ask_size => 'az', open_interest => 'oi') > 0;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT p.problem, count(*) FROM unnest((surface_at('S')).points) AS p WHERE p.problem !~ 'tighter' GROUP BY p.problem ORDER BY p.problem COLLATE "C" $$,
    $$ VALUES ('no bid', 2::bigint), ('open interest below minimum_open_interest', 2), ('size below minimum_size', 2) $$, 'each with its reason');
SELECT is(strikes, 6, 'the others are fitted') FROM unnest((surface_at('S')).slices);
UPDATE sized SET bs = 5 WHERE bs = 1;
CALL refresh(commit_batches => false);
SELECT is(strikes, 7, 'a size that grows is seen') FROM unnest((surface_at('S')).slices);
SELECT detach('t.sized');

-- ---- watermark: a view, several rows of one ts that come one after the other ----
CREATE TABLE t.base AS SELECT * FROM t.snap('W', now() - interval '10 minutes', t.day(30));
CREATE VIEW t.seen AS SELECT coin, at, expiry, strike, CASE cp WHEN 'C' THEN 'Call' ELSE 'PUT' END AS cp, bid, ask, mark, fwd FROM t.base;
SELECT is(t.refused($$ SELECT attach_quotes('t.seen', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask') $$), '42809: capture triggers cannot stand on t.seen');
SELECT attach_quotes('t.seen', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', forward => 'fwd', capture => 'watermark', keep_points => '0') > 0;
CALL refresh(commit_batches => false);
SELECT is((SELECT watermark FROM feed WHERE relation = 't.seen'::regclass), now() - interval '10 minutes', 'a watermark');
INSERT INTO base SELECT s.* FROM t.snap('W', now() - interval '10 minutes', t.day(60)) AS s;
CALL refresh(commit_batches => false);
SELECT is((SELECT expiries FROM vol_surface_status WHERE underlying = 'W'), 2::bigint, 'more rows of a ts that was seen');
INSERT INTO base SELECT s.* FROM t.snap('W', now() - interval '9 minutes', t.day(60)) AS s;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT as_of - now(), replaced_at IS NOT NULL, points IS NOT NULL FROM surface WHERE underlying = 'W' ORDER BY id $$,
    $$ VALUES (interval '-10 minutes', true, false), ('-10 minutes', false, false), ('-9 minutes', false, true) $$, 'keep_points 0: quotes of the surface in force alone');
SELECT is((SELECT array_agg(DISTINCT is_pending) FROM verify()), NULL, 'verified');
SELECT detach('t.seen');
SELECT attach_quotes('t.seen', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', forward => 'fwd', capture => 'watermark', keep_points => '0') > 0;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT s.feed = f.id, u.feed = f.id, u.stale_reason FROM surface AS s, feed AS f, surface_underlying AS u WHERE s.underlying = 'W' AND s.as_of = now() - interval '9 minutes' AND f.relation = 't.seen'::regclass AND u.underlying = 'W' ORDER BY s.id $$,
    $$ VALUES (false, true, NULL::text), (true, true, NULL) $$, 'attached again: a surface of its own');

-- ---- verify finds what was changed by hand ----
UPDATE surface SET slices[1].atm_vol = 9 WHERE underlying = 'ALSO' AND replaced_at IS NULL;
SELECT results_eq($$ SELECT kind, instrument, field, stored::jsonb ->> 'atm_vol', is_pending FROM verify() $$,
    format($$ VALUES ('surface', 'ALSO', 'smile.%s', '9', false) $$, to_char(t.day(30), 'YYYY-MM-DD HH24:MI:SS.US')), 'verify names underlying and expiry');
UPDATE q SET mark = mark WHERE coin = 'ALSO';
SELECT is((SELECT array_agg(is_pending) FROM verify()), '{t}', 'pending when a change waits');
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM verify() $$, 'and refresh puts it right');
UPDATE surface_underlying SET stale_reason = 'x' WHERE underlying = 'ALSO';
SELECT results_eq($$ SELECT instrument, field, stored, recomputed FROM verify() $$, $$ VALUES ('ALSO', 'stale_reason', 'x', NULL) $$, 'so it does a reason');
UPDATE surface_underlying SET stale_reason = NULL WHERE underlying = 'ALSO';

-- ---- alerts with a threshold, health ----
SELECT is(t.refused($$ SELECT set_alert_rule('smile', 'surface', 0.5, '{XRP}') $$), '42704: underlying XRP has no volatility surface');
SELECT is(t.refused($$ SELECT set_alert_rule('smile', 'surface', 20) $$), '22023: a threshold of measure surface is above 0 and at most 1');
INSERT INTO q SELECT s.* FROM t.snap('OLD', now() - interval '3 hours', t.day(60)) AS s;
SELECT set_alert_rule('half', 'surface', 0.5, '{BTC,ETH,ALSO}'), set_alert_rule('third', 'surface', 0.3, '{BTC,ETH,ALSO}'), set_alert_rule('all', 'surface', 1);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT rule, instrument, value, message FROM margin_alert WHERE kind = 'surface' AND is_open AND rule IN ('half', 'third') ORDER BY 1, 2 $$,
    $$ VALUES ('half', 'ETH', 0.5::float8, 'ETH: 0.5 of the expiries of its volatility surface have no smile of the newest quotes, threshold 0.5'),
              ('third', 'BTC', round(1.0 / 3, 18)::float8, 'BTC: 0.333333 of the expiries of its volatility surface have no smile of the newest quotes, threshold 0.3'),
              ('third', 'ETH', 0.5, 'ETH: 0.5 of the expiries of its volatility surface have no smile of the newest quotes, threshold 0.3') $$, 'shares of former smiles');
SELECT is((SELECT array_agg(instrument ORDER BY instrument) FROM margin_alert WHERE rule = 'all'), (SELECT array_agg(underlying ORDER BY underlying) FROM vol_surface_status WHERE is_stale), 'a stale surface is 1');
SELECT is((SELECT stale_reason FROM vol_surface_status WHERE underlying = 'OLD'), 'its newest quote is older than allowed', 'by its age too');
INSERT INTO q SELECT s.* FROM t.snap('ETH', now() - interval '30 seconds', t.day(60), 0.75, 2000) AS s;
CALL refresh(commit_batches => false);
SELECT is((SELECT array_agg(is_open) FROM margin_alert WHERE rule = 'half'), '{f}', 'and is resolved by a fit');
SELECT results_eq($$ SELECT surfaces, stale_surfaces, (SELECT count(*) FROM unnest(problems) AS p WHERE p LIKE '%surface%') FROM health() $$,
    $$ SELECT count(*), count(*) FILTER (WHERE is_stale), 0::bigint FROM vol_surface_status $$, 'health counts them');

-- ---- a second feed, detaching, a feed that breaks ----
CREATE TABLE t.q2 AS SELECT s.* FROM t.snap('ALSO', now() - interval '10 seconds', t.day(30), 0.9) AS s;
SELECT attach_quotes('t.q2', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', 'mark', 'fwd') > 0;
CALL refresh(commit_batches => false);
SELECT is((SELECT message FROM alert WHERE kind = 'second_feed'), 'ALSO: quotes in t.q2 do not count, its quote feed is another', 'the first feed counts');
SELECT is((SELECT round(atm_vol::numeric, 1) FROM surface_fit WHERE underlying = 'ALSO'), 0.5);
ALTER TABLE q RENAME COLUMN bid TO offered;
CALL refresh(commit_batches => false);
SELECT is((SELECT array_agg(DISTINCT stale_reason) FROM vol_surface_status WHERE relation_name = 't.q'), ARRAY['its quote feed t.q cannot be read: column bid of relation t.q does not exist'], 'a column that is gone');
SELECT is(t.refused($$ SELECT surface_now('BTC') $$), '55000: quote feed t.q cannot be read: column bid of relation t.q does not exist', 'no live fit then');
SELECT ok((surface_at('BTC')).as_of IS NOT NULL, 'what is stored can be read');
ALTER TABLE q RENAME COLUMN offered TO bid;
CALL refresh(commit_batches => false);
SELECT is((SELECT count(*) FROM vol_surface_status WHERE stale_reason LIKE '%cannot be read%'), 0::bigint, 'and it is read again');
SELECT is_empty($$ SELECT * FROM verify() $$, 'verified');
CREATE TABLE t.before AS SELECT underlying, surface_at(underlying, 'infinity') AS surface FROM vol_surface_status WHERE relation_name = 't.q' AND as_of IS NOT NULL;
SELECT detach('t.q');
SELECT results_eq($$ SELECT underlying, surface_at(underlying, 'infinity'), true, 'its quote feed t.q was detached' FROM t.before ORDER BY 1 $$,
    $$ SELECT b.underlying, b.surface, s.is_stale, s.stale_reason FROM t.before AS b JOIN vol_surface_status AS s USING (underlying) ORDER BY 1 $$, 'detached: surfaces stay, stale');
SELECT is((SELECT count(*) FROM quote_feed), 3::bigint, 'its columns are forgotten');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT round(atm_vol::numeric, 1), s.relation_name FROM surface_fit AS f JOIN vol_surface_status AS s USING (underlying) WHERE underlying = 'ALSO' $$, $$ VALUES (0.9, 't.q2') $$, 'the second feed takes over');
SELECT is(surface_now('BTC'), surface_at('BTC'), 'live without a feed: what is stored');
DROP TABLE t.q2;
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM vol_surface_status WHERE underlying = 'ALSO'), 'its quote feed t.q2 cannot be read: the relation was dropped', 'a table that was dropped');
SELECT is_empty($$ SELECT * FROM verify_audit() $$, 'the audit trail fits');

-- ---- what is kept ----
SELECT is(t.refused($$ SELECT forget_surfaces('-1 s') $$), '22023: surfaces are forgotten that are older than an interval of 0 or more');
CREATE TABLE t.kept AS SELECT underlying, as_of FROM (SELECT *, row_number() OVER (PARTITION BY underlying ORDER BY as_of DESC) AS n FROM surface WHERE replaced_at IS NULL) AS s WHERE n <= 2 OR as_of > now() - interval '1 hour';
SELECT ok(forget_surfaces('1 hour') > 0, 'old surfaces are forgotten');
SELECT bag_eq($$ SELECT underlying, as_of FROM surface WHERE replaced_at IS NULL $$, $$ TABLE t.kept $$, 'but for the latest two of each');
SELECT is((SELECT count(*) FROM surface WHERE replaced_at IS NOT NULL AND as_of < now() - interval '1 hour'), 0::bigint, 'and those that were replaced');

-- ---- rights ----
CREATE ROLE surface_nobody;
CREATE ROLE surface_reader;
SELECT ok(NOT has_function_privilege('surface_nobody', p.oid, 'EXECUTE'), p.oid::regprocedure::text)
  FROM pg_proc AS p WHERE p.pronamespace = 'margin_calib'::regnamespace
   AND (p.proname IN ('surface_at', 'surface_now', 'attach_quotes', 'refresh_surfaces', 'store_surface', 'forget_surfaces', 'quarantine_quotes', 'surface_in_force', 'verify_surfaces')
        OR p.proname IN ('surface_vol', 'surface_svg') AND p.proargtypes[0] = 'text'::regtype);
CREATE ROLE surface_engine;
SELECT detach(relation) FROM feed;
SELECT grant_rights('surface_reader', 'reader'), grant_rights('surface_engine', 'engine');
GRANT USAGE ON SCHEMA t TO surface_reader, surface_engine;
CREATE TABLE t.theirs AS SELECT s.* FROM t.snap('THEIRS', now() - interval '2 minutes', t.day(30)) AS s;
GRANT SELECT, TRIGGER ON t.theirs TO surface_engine;
SET LOCAL ROLE surface_engine;
SELECT ok(margin_calib.attach_quotes('t.theirs', 'coin', 'at', 'expiry', 'strike', 'cp', 'bid', 'ask', 'mark', 'fwd') > 0, 'the engine role attaches what it may read and put triggers on');
CALL margin_calib.refresh(commit_batches => false);
RESET ROLE;
INSERT INTO t.theirs SELECT s.* FROM t.snap('THEIRS', now() - interval '1 minute', t.day(30)) AS s UNION ALL SELECT s.* FROM t.snap('THEIRS', NULL, t.day(30)) AS s;
SET LOCAL ROLE surface_engine;
CALL margin_calib.refresh(commit_batches => false);
SELECT results_eq($$ SELECT now() - as_of, fitted, stale_reason, (SELECT count(*) FROM margin_calib.quarantine AS q WHERE q.instrument = 'THEIRS') FROM margin_calib.vol_surface_status WHERE underlying = 'THEIRS' $$,
    $$ VALUES (interval '1 minute', 1::bigint, NULL::text, 1::bigint) $$, 'and refreshes');
SELECT is_empty($$ SELECT * FROM margin_calib.verify() $$, 'and verifies');
SET LOCAL ROLE surface_reader;
SELECT lives_ok($$ SELECT margin_calib.surface_at('THEIRS'), margin_calib.surface_vol('THEIRS', t.day(30), 100), margin_calib.surface_svg('THEIRS')
                     FROM margin_calib.surface_fit, margin_calib.vol_surface_status, margin_calib.surface_quote, margin_calib.surface_history LIMIT 1 $$, 'a reader needs nothing of the quotes');
SELECT is(t.refused($$ SELECT margin_calib.surface_now('THEIRS') $$), '42501: permission denied for table theirs', 'but for a live fit');
SELECT is(t.refused($$ SELECT margin_calib.forget_surfaces('1 s') $$), '42501: permission denied for function forget_surfaces');
RESET ROLE;
GRANT SELECT ON t.theirs TO surface_reader;
SET LOCAL ROLE surface_reader;
SELECT is(margin_calib.surface_now('THEIRS'), margin_calib.surface_at('THEIRS'), 'who may read them has it');
RESET ROLE;
ALTER TABLE t.theirs ENABLE ROW LEVEL SECURITY;
SET LOCAL ROLE surface_reader;
SELECT is(t.refused($$ SELECT margin_calib.surface_now('THEIRS') $$), '55000: quote feed t.theirs cannot be read: row-level security would hide rows from surface_reader', 'some of the quotes make no surface');
SELECT is(t.refused(s), '42501: permission denied for table ' || n, s)
  FROM unnest('{surface_engine,surface_reader}'::text[]) AS r,
       (VALUES ('DELETE FROM margin_calib.surface', 'surface'), ('UPDATE margin_calib.surface_underlying SET stale_reason = NULL', 'surface_underlying'), ('INSERT INTO margin_calib.quote_feed DEFAULT VALUES', 'quote_feed')) AS v (s, n),
       LATERAL set_config('role', r, true);
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
