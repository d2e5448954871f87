-- explain_requirement: every step recomputed in decimals, its numbers traced, sums beside margin_requirement by plain SQL, with every charge,
-- credits, currencies, inverse contracts, positions that have no margin; what changed since; errors, rights, lines.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;

-- an arithmetic as SQL, all of it in decimals; round counts its places in decimals too
CREATE FUNCTION t.round(numeric, numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT pg_catalog.round($1, $2::integer) $$;
CREATE FUNCTION t.evaluate(arithmetic text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    expression text := regexp_replace(arithmetic, '(\d+(\.\d+)?)', '(''\1''::numeric)', 'g');
    result numeric;
BEGIN
    expression := regexp_replace(regexp_replace(expression, '\mmax\(', 'greatest(', 'g'), '\mmin\(', 'least(', 'g');
    EXECUTE format('SELECT %s', expression) INTO result;
    RETURN result;
END $$;

SELECT create_standard_tables('t');
INSERT INTO candles (instrument, ts, close)
    SELECT k, date_trunc('day', now()) - b * interval '1 day', 50 * exp(0.03 * sin(ascii(k) * b) * cos(b * b)) + CASE WHEN k IN ('G', 'H') THEN b * 0.01 ELSE 0 END
      FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']) AS k, generate_series(1, 200) AS b;
INSERT INTO candles (instrument, ts, close)
    SELECT 'H', ts, close * 1.001 FROM candles WHERE instrument = 'G' ON CONFLICT (instrument, ts) DO UPDATE SET close = excluded.close;
INSERT INTO candles (instrument, ts, close) SELECT 'U', date_trunc('day', now()) - b * interval '1 day', 0.97 + 0.0001 * b FROM generate_series(1, 200) AS b;
INSERT INTO positions (account, instrument, quantity) VALUES
    ('many', 'A', 30), ('many', 'B', -400), ('many', 'C', 5.5), ('many', 'D', 12.5), ('many', 'E', -3), ('many', 'F', 2500), ('many', 'G', 77), ('many', 'H', -71),
    ('many', 'soon', 4), ('many', 'never', 2), ('plain', 'A', -1), ('spread', 'G', 10), ('spread', 'H', -10), ('zero', 'A', 0);
CALL refresh(commit_batches => false);
SELECT set_instrument('D', currency => 'UST'), set_instrument('E', kind => 'spot', multiplier => 10), set_instrument('F', kind => 'inverse', multiplier => 100, currency => 'BTC'),
       set_instrument('soon'), set_amount_step('BTC', 0.00000001), set_amount_step('UST', 0.5);
CREATE TABLE t.depth (sym text, at timestamptz, spread numeric, volume float8, oi numeric, sources integer, age numeric, width numeric);
SELECT attach_liquidity('t.depth', 'sym', 'at', spread => 'spread', volume => 'volume', open_interest => 'oi', price_sources => 'sources', price_age => 'age', price_width => 'width') > 0;
INSERT INTO depth VALUES ('A', now() - interval '1 hour', 0.003, 700, 5000, 3, 0, 0), ('B', now() - interval '1 hour', 0.001, 333, 9000, 1, 100, 0.001),
                         ('C', now() - interval '1 hour', NULL, 0, NULL, 2, NULL, NULL), ('D', now() - interval '1 hour', 0.002, NULL, 100, NULL, NULL, NULL),
                         ('F', now() - interval '1 hour', 0.001, 1000, 30000, 3, 1, 0.001);
CALL refresh(commit_batches => false);
SELECT set_liquidity_policy(participation => 0.15), set_liquidity_policy('A', horizon => 2, open_interest_lower => 100000, open_interest_upper => 400000),
       set_liquidity_policy('B', open_interest_lower => 1, open_interest_upper => 2), set_liquidity_policy('F', open_interest_lower => 10000000, open_interest_upper => 20000000);
SELECT set_tiers('A', ARRAY[(0, 0.05, 0.025), (1000, 0.4, 0.2)]::margin_tier[]), set_tiers('B', tiers_from_leverage('{5000,15000}', '{9,7,1.5}')), set_tiers('F', ARRAY[(0, 0.01, 0.005)]::margin_tier[]);
SELECT set_peg('U', currency => 'UST'), set_peg('U', instrument => 'E', factor => 2);
SELECT add_event('CPI', now() - interval '1 minute', now() + interval '1 hour', ARRAY['A', 'F'], rate => 0.02),
       add_event('expiry', now() - interval '1 minute', now() + interval '1 hour', NULL, multiplier => 1.333, applies_to => 'both');
SELECT set_product_group('pair', ARRAY['G', 'H'], cap => 0.77), set_product_group('loose', ARRAY['A', 'B', 'C'], breakdown => 'worst');
CALL refresh(commit_batches => false);
SELECT is_empty('SELECT * FROM capture_queue', 'everything is refreshed');

CREATE VIEW t.every AS SELECT a.account, e.* FROM (SELECT DISTINCT account FROM margin_calib.requirement) AS a, margin_calib.explain_requirement(a.account) AS e;
CREATE TABLE t.row AS SELECT * FROM t.every;
SELECT is_empty($$ SELECT account, instrument, margin, item, figure, arithmetic FROM t.row WHERE arithmetic IS NOT NULL AND t.evaluate(arithmetic) IS DISTINCT FROM figure $$,
                'every arithmetic gives its figure, exactly');
SELECT cmp_ok(count(*), '>', 150::bigint, 'there are many') FROM t.row WHERE arithmetic IS NOT NULL;
SELECT is_empty($$ SELECT * FROM t.row WHERE note LIKE '%DOES NOT FOLLOW%' $$, 'nothing contradicts itself');
SELECT set_eq('SELECT DISTINCT item FROM t.row WHERE figure IS NOT NULL', ARRAY[
    'quantity', 'price', 'notional', 'days to close', 'size factor', 'cost of exit', 'initial rate', 'calibrated initial margin', 'tier margin', 'tier charge', 'liquidity charge',
    'event charge', 'rate at open interest', 'open interest charge', 'peg charge', 'confidence charge', 'initial margin', 'maintenance rate', 'calibrated maintenance margin',
    'maintenance margin', 'gross of group', 'combined', 'worst breakdown', 'credit of group', 'sum of initial margins', 'credits', 'initial requirement',
    'sum of maintenance margins', 'maintenance requirement'], 'everything that there is to explain occurs');

-- charges are those of margin_position, and there is one above zero of each kind
SELECT is_empty($$
    SELECT account, instrument, margin, item, figure FROM t.row WHERE item LIKE '%charge' AND figure <> 0
    EXCEPT ALL
    SELECT p.account, p.instrument, c.margin, c.item, c.figure FROM margin_position AS p
     CROSS JOIN LATERAL (VALUES ('initial', 'tier charge', tier_initial_charge), ('maintenance', 'tier charge', tier_maintenance_charge),
                                ('initial', 'liquidity charge', liquidity_initial_charge), ('maintenance', 'liquidity charge', liquidity_maintenance_charge),
                                ('initial', 'event charge', event_initial_charge), ('maintenance', 'event charge', event_maintenance_charge),
                                ('initial', 'open interest charge', open_interest_charge), ('initial', 'peg charge', peg_charge), ('initial', 'confidence charge', confidence_charge))
           AS c (margin, item, figure) WHERE c.figure <> 0 $$, 'every charge of a row is stored');
SELECT is((SELECT count(DISTINCT (item, margin)) FROM t.row WHERE item LIKE '%charge' AND figure > 0), 9::bigint, 'of all nine kinds');
SELECT is((SELECT sum(figure) FROM t.row WHERE item LIKE '%charge'),
          (SELECT sum(tier_initial_charge + tier_maintenance_charge + liquidity_initial_charge + liquidity_maintenance_charge + open_interest_charge + event_initial_charge
                      + event_maintenance_charge + peg_charge + confidence_charge) FROM margin_position), 'and every stored charge has a row');

-- sums by plain SQL: rows of positions, less credits, are the requirement
SELECT results_eq($$ SELECT account, currency, sum(figure) FILTER (WHERE item = 'initial margin') - coalesce(sum(figure) FILTER (WHERE item = 'credit of group' AND margin = 'initial'), 0),
                            sum(figure) FILTER (WHERE item = 'maintenance margin') - coalesce(sum(figure) FILTER (WHERE item = 'credit of group' AND margin = 'maintenance'), 0)
                       FROM t.row GROUP BY account, currency ORDER BY 1, 2 $$,
    $$ SELECT account, currency, initial_margin, maintenance_margin FROM margin_requirement ORDER BY 1, 2 $$, 'margins less credits are the requirement, in each currency');
SELECT results_eq($$ SELECT account, currency, max(figure) FILTER (WHERE item = 'initial requirement'), max(figure) FILTER (WHERE item = 'maintenance requirement') FROM t.row GROUP BY 1, 2 ORDER BY 1, 2 $$,
    $$ SELECT account, currency, initial_margin, maintenance_margin FROM margin_requirement ORDER BY 1, 2 $$, 'which the last rows are');
-- from quantities and rates, by plain SQL
SELECT results_eq($$ SELECT account, instrument, figure FROM t.row WHERE item = 'calibrated initial margin' ORDER BY 1, 2 $$,
    $$ SELECT b.account, b.instrument, ceil(abs(b.quantity) * i.multiplier * CASE i.kind WHEN 'inverse' THEN 1 ELSE i.last_price END
              * CASE WHEN p.symmetric_rates THEN p.initial_rate WHEN b.quantity > 0 THEN p.long_initial_rate ELSE p.short_initial_rate END / s.step) * s.step
         FROM positions AS b JOIN instrument AS i USING (instrument) JOIN parameter AS p ON p.instrument = i.instrument AND p.valid_to IS NULL
         CROSS JOIN LATERAL (SELECT coalesce((SELECT amount_step FROM currency_setting AS c WHERE c.currency = i.currency), 0.01)) AS s (step)
        WHERE b.quantity <> 0 ORDER BY 1, 2 $$, 'calibrated margins, from the tables');
SELECT is_empty($$ SELECT r.account, r.instrument, r.parameter_id FROM t.row AS r JOIN parameter AS p ON p.instrument = r.instrument AND p.valid_to IS NULL
                    WHERE r.item IN ('initial rate', 'maintenance rate') AND r.parameter_id IS DISTINCT FROM p.id $$, 'each rate names the parameter in force');
SELECT is((SELECT count(*) FROM t.row WHERE parameter_id IS NOT NULL), (SELECT 2 * count(*) FROM margin_position WHERE notional IS NOT NULL), 'and only rates do');

-- combined: what the note says, done
SELECT results_eq($$ SELECT account, margin, figure FROM t.row WHERE item = 'combined' AND note LIKE 'portfolio_offset%' ORDER BY account, margin, step $$,
    $$ SELECT o.account, o.margin, ceil(to_char((portfolio_offset(v.margins, c.correlation, 1, true)).combined, '9.99999999999EEEE')::numeric * 100) / 100
         FROM account_offset AS o JOIN offset_calibration AS c ON c.id = o.calibration
         CROSS JOIN LATERAL (SELECT array_agg(coalesce(sign(p.quantity) * CASE o.margin WHEN 'initial' THEN p.base_initial_margin ELSE p.base_maintenance_margin END, 0)::float8 ORDER BY n.number)
                               FROM unnest(c.instruments) WITH ORDINALITY AS n (instrument, number)
                               LEFT JOIN account_position AS p ON p.account = o.account AND p.instrument = n.instrument) AS v (margins)
        ORDER BY o.account, o.margin, o.group_name $$, 'combined margins, from the correlations that are named');
SELECT ok(count(*) FILTER (WHERE figure > 0) >= 2, 'some are credited') FROM t.row WHERE item = 'credit of group';

-- positions without a margin
SELECT results_eq($$ SELECT instrument, item, figure, note FROM t.row WHERE instrument IN ('soon', 'never') ORDER BY instrument, step $$,
    $$ VALUES ('never', 'quantity', 2::numeric, 'long; stale: instrument never is not known'), ('never', 'notional', NULL, 'none: the instrument is not known, so nothing is required for it'),
              ('soon', 'quantity', 4, 'long; linear; stale: soon: it has no usable price'), ('soon', 'notional', NULL, 'none: the instrument has no price, so nothing is required for it') $$,
    'a position in an unknown and one in an unpriced instrument');
SELECT is((SELECT array_agg(DISTINCT note) FROM t.row WHERE item = 'staleness' AND account = 'plain'), ARRAY['not stale'], 'staleness');
SELECT ok(bool_and(note LIKE 'stale: %'), 'of those positions') FROM t.row WHERE item = 'staleness' AND account = 'many';

-- ---- what changed since: told, and not an error ----
UPDATE depth SET spread = 0.009 WHERE sym = 'A';
SELECT is((SELECT count(*) FROM explain_requirement('plain') WHERE note LIKE '%DOES NOT FOLLOW%'), 0::bigint, 'what no refresh has seen changes no figure');
SELECT is((SELECT note FROM explain_requirement('plain') WHERE item = 'staleness'), 'stale: changes wait for the next refresh', 'but waits');
CALL refresh(commit_batches => false);
SELECT set_tiers('A', ARRAY[(0, 0.9, 0.8)]::margin_tier[]);
SELECT results_eq($$ SELECT margin, item FROM explain_requirement('plain') WHERE note LIKE '%DOES NOT FOLLOW%' $$, $$ VALUES ('initial', 'tier charge'), ('maintenance', 'tier charge') $$, 'tiers that wait');
SELECT set_tiers('A', NULL);
SELECT cancel_event(id) FROM margin_event WHERE name = 'CPI';
SELECT results_eq($$ SELECT margin, item FROM explain_requirement('plain') WHERE note LIKE '%DOES NOT FOLLOW%' $$, $$ VALUES ('initial', 'event charge') $$, 'an event that has ended, and tiers that charged nothing');
SELECT cancel_event(id) FROM margin_event WHERE name = 'expiry';
SELECT results_eq($$ SELECT margin, item, figure FROM explain_requirement('plain') WHERE note LIKE '%DOES NOT FOLLOW%' $$,
    $$ SELECT margin, 'other charges', figure FROM t.row WHERE account = 'plain' AND item = 'event charge' ORDER BY step $$, 'charges whose causes are gone');
SELECT is((SELECT max(figure) FROM explain_requirement('plain') WHERE item = 'initial requirement'), (SELECT initial_margin FROM requirement WHERE account = 'plain'), 'the requirement is what is stored');
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM t.every WHERE note LIKE '%DOES NOT FOLLOW%' OR arithmetic IS NOT NULL AND t.evaluate(arithmetic) IS DISTINCT FROM figure $$, 'after the refresh all follows again');

-- ---- what was tampered with ----
CREATE FUNCTION t.doubts(change text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE result text[];
BEGIN
    EXECUTE change;
    SELECT coalesce(array_agg(concat_ws(' ', e.margin, e.instrument, e.item) ORDER BY e.step), '{}') INTO result FROM margin_calib.explain_requirement('spread') AS e WHERE e.note LIKE '%DOES NOT FOLLOW%';
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = array_to_string(result, ', ');
EXCEPTION WHEN raise_exception THEN
    RETURN string_to_array(SQLERRM, ', ');
END $$;
SELECT is(t.doubts($$UPDATE account_position SET notional = notional + 1 WHERE account = 'spread' AND instrument = 'G'$$) @> '{G notional}', true, 'a notional');
SELECT is(t.doubts($$UPDATE account_position SET initial_margin = initial_margin - 0.01 WHERE account = 'spread' AND instrument = 'G'$$), '{initial G initial margin,initial initial requirement}', 'a margin');
SELECT is(t.doubts($$UPDATE account_offset SET credit = credit + 0.01 WHERE account = 'spread' AND margin = 'maintenance'$$), '{maintenance credit of group,maintenance credits}', 'a credit');
SELECT is(t.doubts($$UPDATE requirement SET initial_margin = initial_margin - 0.01 WHERE account = 'spread'$$), '{initial initial requirement}', 'a requirement');

-- ---- accounts without positions, errors, rights, lines ----
SELECT results_eq($$ SELECT step, currency, item, figure, note FROM explain_requirement('zero') $$, $$ VALUES (1, NULL, 'requirement', 0::numeric, 'the account has no positions: nothing is required') $$, 'no position');
INSERT INTO positions (account, instrument, quantity) VALUES ('new', 'A', 1);
SELECT results_eq($$ SELECT note FROM explain_requirement('new') $$, $$ VALUES ('the account has no positions as of the latest refresh; changes wait for the next refresh') $$, 'none yet');
SELECT is_empty($$ SELECT * FROM explain_requirement(NULL) $$, 'NULL gives no rows');
SELECT is(explain_requirement_text(NULL), NULL, 'and no text');
SELECT throws_ok($$ SELECT * FROM explain_requirement('nobody') $$, '42704', 'account nobody is not known', 'an account that nobody knows');
SELECT throws_ok($$ SELECT explain_requirement_text('nobody') $$, '42704', 'account nobody is not known', 'nor in lines');
SELECT is((SELECT max(length(line)) FROM regexp_split_to_table(explain_requirement_text('many'), E'\n') AS line) <= 120, true, 'lines are at most 120 characters');
SELECT is_empty($$ SELECT item FROM explain_requirement('spread') WHERE figure IS NOT NULL AND position(item IN explain_requirement_text('spread')) * position(figure::text IN explain_requirement_text('spread')) = 0 $$, 'and have every figure');
SELECT ok(explain_requirement_text('zero') LIKE E'Requirement of zero\nAll positions\n%', 'with headings');
CREATE ROLE requirement_reader;
SELECT grant_rights('requirement_reader', 'reader');
SET LOCAL ROLE requirement_reader;
SELECT throws_ok($$ SELECT * FROM margin_calib.explain_requirement('many') $$, '42704', 'account many is not known', 'an account that a reader does not see is not known to it');
RESET ROLE;
SELECT grant_account('many', 'requirement_reader');
SET LOCAL ROLE requirement_reader;
SELECT cmp_ok((SELECT count(*) FROM margin_calib.explain_requirement('many')), '>', 100::bigint, 'a reader may ask, without rights on the attached tables');
RESET ROLE;
CREATE ROLE requirement_nobody;
GRANT USAGE ON SCHEMA margin_calib TO requirement_nobody;
SET LOCAL ROLE requirement_nobody;
SELECT throws_ok($$ SELECT margin_calib.explain_requirement('many') $$, '42501', NULL, 'nobody else may');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
