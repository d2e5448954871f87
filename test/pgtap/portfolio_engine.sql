-- Portfolio margin in the engine: margin = by hand from vectors by hand, stored = live, what changes whom, what cannot be
-- computed, equity and tiers, history, settings.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ': ' || SQLERRM || CASE WHEN hint = '' THEN ' (no hint)' ELSE '' END;
END $$;
CREATE FUNCTION t.terms(more jsonb) RETURNS boolean LANGUAGE sql AS $$
    SELECT set_contract(jsonb_populate_record(NULL::contract, '{"kind": "perpetual", "payoff": "linear", "underlying": "BTC", "quote_currency": "USD", "settlement_asset": "USD", "contract_size": 1, "multiplier": 1}' || more)) $$;
CREATE FUNCTION t.day(n numeric) RETURNS timestamptz LANGUAGE sql AS $$ SELECT date_trunc('day', now()) + n * interval '1 day' $$;
CREATE FUNCTION t.waits() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(account, ',' ORDER BY account) FROM margin_account WHERE stale_reason = 'changes wait for the next refresh' $$;
-- accounts whose stored state is not what account_now finds
CREATE FUNCTION t.apart() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(s.account, ',' ORDER BY s.account)
      FROM margin_account AS s LEFT JOIN LATERAL account_now(s.account) AS n ON true
     WHERE to_jsonb(s) - 'as_of' IS DISTINCT FROM to_jsonb(n) - 'as_of' $$;
CREATE FUNCTION t.state(account text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', equity, initial_margin, maintenance_margin, stale_reason) FROM margin_account AS a WHERE a.account = state.account $$;

CREATE TABLE t.px (sym text, ts timestamptz, p float8);
CREATE TABLE t.pos (acct text, sym text, q numeric, entry numeric);
CREATE TABLE t.bal (acct text, asset text, q numeric);
CREATE TABLE t.qt (coin text, at timestamptz, expiry timestamptz, strike float8, cp text, mark float8, fwd float8);
INSERT INTO px SELECT s, t.day(0) - i * interval '1 day', b * exp(0.02 * sin(i * m))
  FROM generate_series(0, 40) AS i, (VALUES ('BTC', 90000, 7), ('ETH', 3000, 11), ('SOL', 150, 5), ('BTC-I', 90000, 7), ('USDC-USD', 0.87, 0), ('EUR-USD', 1.25, 0), ('SOL-C', 11, 3)) AS v (s, b, m);
SELECT ok(attach_prices('t.px', 'sym', 'ts', 'p') > 0 AND attach_positions('t.pos', 'acct', 'sym', 'q', entry_price => 'entry') > 0 AND attach_collateral('t.bal', 'acct', 'asset', 'q') > 0);
SELECT ok(attach_quotes('t.qt', 'coin', 'at', 'expiry', 'strike', 'cp', mark => 'mark', forward => 'fwd') > 0);
CREATE FUNCTION t.smile(coin text, f float8, level float8, age interval DEFAULT '1 minute') RETURNS void LANGUAGE sql AS $$
    INSERT INTO t.qt SELECT coin, now() - age, t.day(d), k, c, black76_price(c, f, k, extract(epoch FROM t.day(d) - now() + age)::float8 / 31536000, level + 0.2 * ln(k / f) ^ 2, 1), f
      FROM unnest('{30,90}'::int[]) AS d, (SELECT 90000 * exp(g / 10.0::float8) FROM generate_series(-4, 4) AS g) AS g (k), unnest('{call,put}'::text[]) AS c $$;
SELECT t.smile('BTC', 90600, 0.5);
CALL refresh(commit_batches => false);
SELECT set_asset('USDC', 'USDC-USD'), set_asset('EUR', 'EUR-USD'), set_asset('BTC', 'BTC'), set_asset('SOL', 'SOL');
SELECT t.terms(x) FROM unnest(ARRAY['{"instrument": "BTC"}', '{"instrument": "ETH", "underlying": "ETH", "settlement_asset": "USDC", "contract_size": 0.5}',
    '{"instrument": "BTC-I", "payoff": "inverse", "settlement_asset": "BTC", "contract_size": 10}']::jsonb[]) AS x;
SELECT t.terms(jsonb_build_object('instrument', n, 'kind', 'option', 'option_kind', c, 'strike', k, 'expiry', t.day(d), 'premium', 'currency') || more)
  FROM (VALUES ('B-C', 'call', 95000, 30, '{}'::jsonb), ('B-P', 'put', 80000, 60, '{}'), ('B-COIN', 'call', 100000, 60, '{"payoff": "inverse", "settlement_asset": "BTC", "premium": "coin"}')) AS v (n, c, k, d, more);
INSERT INTO bal SELECT a, 'USD', 50000 FROM unnest('{lin,mix,opt,rates,idle}'::text[]) AS a;
INSERT INTO pos VALUES ('lin', 'BTC', 1, 88000), ('lin', 'ETH', -20, 3100), ('mix', 'BTC', -0.5, NULL), ('mix', 'BTC-I', 900, 85000), ('mix', 'B-C', 1, NULL), ('mix', 'B-COIN', -1, NULL),
                       ('opt', 'B-P', -2, NULL), ('rates', 'BTC', 1, 88000);
SELECT set_margin_model(NULL, 'deribit'), set_margin_model('rates', NULL), set_instrument('BTC-I', kind => 'inverse', multiplier => 10);
CALL refresh(commit_batches => false);

-- ---- by hand ----
SELECT results_eq($$ SELECT account, model, currency, stale_reason FROM margin_account ORDER BY 1 $$,
    $$ VALUES ('idle', 'deribit', 'USD', NULL), ('lin', 'deribit', 'USD', NULL), ('mix', 'deribit', 'USD', NULL), ('opt', 'deribit', 'USD', NULL), ('rates', 'rates', 'USD', NULL) $$, 'a row an account');
SELECT is(t.apart(), NULL, 'stored = live');
CREATE VIEW t.hand AS
    SELECT p.acct, portfolio_margin(p.q::float8, scenario_pnl(contract_of(p.sym), m.m, CASE WHEN p.sym LIKE 'B-%' THEN now() - interval '1 minute' ELSE t.day(0) END, s), s.method) AS m
      FROM (SELECT acct, sym, sum(q) AS q FROM t.pos GROUP BY 1, 2) AS p
     CROSS JOIN LATERAL (SELECT (surface_at('BTC')).*) AS v
     CROSS JOIN LATERAL (
           SELECT CASE WHEN p.sym LIKE 'B-%' THEN contract_market(90600, surface_vol(v, (contract_of(p.sym)).expiry, (contract_of(p.sym)).strike::float8), 0, 90000,
                                                                  CASE p.sym WHEN 'B-COIN' THEN 90000 ELSE 1 END, p.sym = 'B-COIN')
                       WHEN p.sym = 'BTC-I' THEN contract_market(90000, settlement_price => 90000, settlement_moves => true, spot => NULL)
                       WHEN p.sym = 'ETH' THEN contract_market(3000, settlement_price => 0.87) ELSE contract_market(90000) END) AS m (m)
     CROSS JOIN scenario_set('deribit') AS s WHERE p.acct <> 'rates' GROUP BY p.acct, s.method;
SELECT results_eq($$ SELECT account, initial_margin, maintenance_margin, worst_scenario, positions FROM portfolio_margin_requirement ORDER BY 1 $$,
    $$ SELECT acct, ceil((m).initial_margin::numeric * 100) / 100, ceil((m).maintenance_margin::numeric * 100) / 100, (m).worst_scenario, (m).positions FROM t.hand ORDER BY 1 $$,
    'margin is that of vectors made by hand, rounded up to a cent');
SELECT results_eq($$ SELECT account, position_value FROM margin_account WHERE model <> 'rates' AND position_value <> 0 ORDER BY 1 $$,
    $$ SELECT acct, floor((m).value::numeric * 100) / 100 FROM t.hand WHERE (m).value <> 0 ORDER BY 1 $$, 'value of options, rounded down, short ones too');
SELECT is((SELECT position_value < 0 FROM margin_account WHERE account = 'opt'), true, 'which are negative');
-- 1 * (90000 - 88000) in dollars, -20 * 0.5 * (3000 - 3100) = 1000 USDC at 0.87; 9000 dollars / 85000 - 9000 / 90000 coins at 90000
SELECT results_eq($$ SELECT account, collateral_value, unrealised_pnl FROM margin_account ORDER BY 1 $$,
    $$ VALUES ('idle', 50000.00, 0.00), ('lin', 50000, 2870), ('mix', 50000, floor(9000 * (90000 / 85000.0 - 1) * 100) / 100), ('opt', 50000, 0), ('rates', 50000, 2000) $$,
    'unrealised profit: linear, in a coin that has lost its peg, inverse; without an entry none');
SELECT is_empty($$ SELECT * FROM margin_account WHERE equity <> collateral_value + position_value + unrealised_pnl OR excess <> equity - initial_margin OR maintenance_excess <> equity - maintenance_margin $$, 'equity and excess');
SELECT results_eq($$ SELECT a.initial_margin, a.maintenance_margin FROM margin_account AS a WHERE account = 'rates' $$,
    $$ SELECT initial_margin, maintenance_margin FROM margin_requirement WHERE account = 'rates' $$, 'under rates the margin is that of before');
-- notional 90000 + 20 * 0.5 * 3000 * 0.87
SELECT results_eq($$ SELECT notional, leverage, margin_ratio FROM margin_account WHERE account = 'lin' $$,
    $$ SELECT 116100.00, round(116100 / 52870.0, 4), round(52870 / maintenance_margin, 4) FROM margin_account WHERE account = 'lin' $$, 'notional, leverage, ratio');
SELECT results_eq($$ SELECT DISTINCT set_version, stale_reason FROM instrument_risk $$, $$ VALUES (1, NULL::text) $$, 'vectors are of version 1 and present prices');
SELECT is((SELECT count(*) FROM instrument_risk AS r CROSS JOIN scenario_set('deribit') AS s WHERE scenario_pnl(r.contract, r.market, r.as_of, s)::text = r.vector::text), 6::bigint, 'each is made of what stands beside it');

-- ---- twice ----
CREATE TABLE t.before AS SELECT account, as_of, a FROM account_state AS a;
CREATE TABLE t.vectors AS SELECT ctid AS place FROM instrument_risk;
UPDATE pos SET q = q;
SELECT is(t.waits(), 'lin,mix,opt,rates', 'an update that changes nothing still waits');
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT b.account FROM before AS b JOIN account_state AS s USING (account) WHERE to_jsonb(s) - 'as_of' <> to_jsonb(b.a) - 'as_of' $$, 'refreshing twice changes no number');
SELECT is_empty($$ SELECT * FROM vectors AS v FULL JOIN instrument_risk AS r ON r.ctid = v.place WHERE r.instrument IS NULL OR v.place IS NULL $$, 'and writes no vector');
SELECT is((SELECT count(*) FROM account_history), 5::bigint, 'and no history');

-- ---- who is touched by what: a refresh of its own, seen before and right after ----
CREATE FUNCTION t.change(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    waiting text;
    done    text;
BEGIN
    DROP TABLE IF EXISTS pg_temp.former;
    CREATE TEMP TABLE former AS SELECT account, as_of FROM margin_account;
    EXECUTE what;
    waiting := t.waits();
    CALL refresh(commit_batches => false);
    SELECT string_agg(account, ',' ORDER BY account) INTO done FROM margin_account AS a WHERE NOT EXISTS (SELECT FROM former AS f WHERE f.account = a.account AND f.as_of = a.as_of);
    RETURN concat_ws(' ', coalesce(waiting, '-') || '>' || coalesce(done, '-'), t.waits(), 'apart: ' || t.apart());
END $$;
SELECT is(t.change($$ INSERT INTO t.px VALUES ('ETH', t.day(0) + interval '1 minute', 3010) $$), 'lin>lin', 'a price: those that hold the instrument, no others');
SELECT is(t.change($$ INSERT INTO t.px VALUES ('BTC', t.day(0) + interval '1 minute', 90100) $$), 'lin,mix,opt,rates>lin,mix,opt,rates', 'a price of what others are settled in or written on');
SELECT is(t.change($$ INSERT INTO t.px VALUES ('USDC-USD', t.day(0) + interval '1 minute', 0.9) $$), 'lin>lin', 'of a settlement asset');
SELECT is(t.change($$ INSERT INTO t.px VALUES ('SOL', t.day(0) + interval '1 minute', 151) $$), '->-', 'of what nobody holds');
SELECT is(t.change($$ SELECT t.smile('BTC', 90700, 0.55, '30 seconds') $$), 'mix,opt>mix,opt', 'quotes: those that hold options');
SELECT is(t.change($$ UPDATE t.pos SET q = -3 WHERE acct = 'opt' $$), 'opt>opt', 'a position');
SELECT is(t.change($$ UPDATE t.pos SET entry = 87000 WHERE acct = 'rates' $$), 'rates>rates', 'an entry price');
SELECT is((SELECT unrealised_pnl FROM margin_account WHERE account = 'rates'), 3100.00, 'which counts');
SELECT is(t.change($$ UPDATE t.bal SET q = q + 1 WHERE acct = 'idle' $$), 'idle>idle', 'a balance');
SELECT is(t.change($$ SELECT t.terms('{"instrument": "ETH", "underlying": "ETH", "settlement_asset": "USDC", "contract_size": 1}') $$), 'lin>lin', 'terms of a contract');
SELECT is((SELECT unrealised_pnl FROM margin_account WHERE account = 'lin'), 90100 - 88000 + 20 * 90 * 0.9, 'with the size of now');
SELECT is(split_part(t.change($$ SELECT set_asset('USDC', 'EUR-USD') $$), '>', 2), split_part(t.change($$ SELECT set_asset('USDC', 'USDC-USD') $$), '>', 2), 'an asset');
SELECT is((SELECT count(*) FROM account_history WHERE account = 'lin' AND unrealised_pnl = 2100 + 20 * 90 * 1.25), 1::bigint, 'which counted with its price');
SELECT is(t.change($$ SELECT add_scenario_set('deribit', scenario_grid('{-0.2,0.2}'), method => '{"measure": "worst"}') $$), 'idle,lin,mix,opt,rates>idle,lin,mix,opt,rates', 'a version of a set');
SELECT results_eq($$ SELECT DISTINCT set_version FROM portfolio_margin_requirement UNION SELECT set_version FROM instrument_risk $$, $$ VALUES (2) $$, 'from then on the one in force');
SELECT is((SELECT initial_margin FROM margin_account WHERE account = 'lin'), 0.2 * (90100 - 20 * 3010 * 0.9), 'a fifth of the net notional');
SELECT is(t.change($$ SELECT drop_scenario_set('deribit') $$), 'idle,lin,mix,opt,rates>idle,lin,mix,opt,rates', 'that version is dropped');
SELECT results_eq($$ SELECT DISTINCT set_version FROM portfolio_margin_requirement UNION SELECT set_version FROM instrument_risk $$, $$ VALUES (1) $$, 'the extension''s is in force again');
SELECT is(t.change($$ SELECT set_margin_model('lin', 'span') $$), 'lin>lin', 'a model');
SELECT is(t.change($$ SELECT set_margin_model(NULL, 'paradex') $$), 'idle,lin,mix,opt,rates>idle,lin,mix,opt,rates', 'the default model');
SELECT results_eq($$ SELECT account, model FROM margin_account ORDER BY 1 $$, $$ VALUES ('idle', 'paradex'), ('lin', 'span'), ('mix', 'paradex'), ('opt', 'paradex'), ('rates', 'rates') $$, 'is of those without one of their own');
SELECT is(t.change($$ SELECT drop_margin_model('lin') $$), 'lin>lin', 'a model taken away');
SELECT is((SELECT model FROM margin_account WHERE account = 'lin'), 'paradex', 'leaves the default');
SELECT is(t.change($$ SELECT set_account_tiers('[{"tier": "no new risk", "margin": "maintenance", "below": 1000}]') $$), '->-', 'tiers need no refresh');
SELECT results_eq($$ SELECT account, tier FROM margin_account ORDER BY 1 $$, $$ VALUES ('idle', NULL), ('lin', 'no new risk'), ('mix', 'no new risk'), ('opt', 'no new risk'), ('rates', 'no new risk') $$, 'they hold at once');
SELECT is(set_account_tiers(NULL), 0::bigint, 'the standard ones again');
-- currencies: EUR margin of a dollar book, and an instrument priced in euros under rates
SELECT is(t.refused($$ SELECT set_margin_model('lin', 'paradex', 'EUR') $$), 'no error');
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason FROM margin_account WHERE account = 'lin') LIKE 'BTC: asset USD has no price: %', true, 'a currency without a price is told');
SELECT is((SELECT n.stale_reason = s.stale_reason FROM margin_account AS s, account_now('lin') AS n WHERE s.account = 'lin'), true, 'live too');
SELECT set_asset('USD', 'EUR-USD', 'EUR');
CALL refresh(commit_batches => false);
SELECT is((SELECT unrealised_pnl FROM margin_account WHERE account = 'lin'), floor((2100 * 1.25 + 20 * 90 * 0.9 * 1.25) * 100) / 100, 'through one more price it has one');
-- a coin without a price of its own is worth what the contract is quoted at: 100 of 10 dollars lose 16 % of 1000
SAVEPOINT coin;
INSERT INTO px SELECT 'XI', t.day(0) - i * interval '1 day', 0.5 FROM generate_series(0, 40) AS i;
INSERT INTO pos VALUES ('coin', 'XI', 100, 0.4);
SELECT ok(t.terms('{"instrument": "XI", "payoff": "inverse", "underlying": "XRP", "settlement_asset": "XRP", "contract_size": 10}'));
SELECT set_margin_model('coin', 'paradex', 'EUR');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT initial_margin, unrealised_pnl, stale_reason FROM margin_account WHERE account = 'coin' $$, $$ VALUES (200.00, 312.50, NULL::text) $$, 'an inverse contract on a coin without a price, in euros');
ROLLBACK TO coin;
SELECT drop_asset('USD'), drop_margin_model('lin'), set_instrument('ETH', currency => 'EUR');
INSERT INTO pos VALUES ('rates', 'ETH', 1, NULL);
CALL refresh(commit_batches => false);
SELECT is(t.change($$ INSERT INTO t.px VALUES ('EUR-USD', t.day(0) + interval '1 minute', 1.5) $$), 'lin,rates>lin,rates', 'the price of a currency: those whose margins are converted by it');
SELECT is((SELECT a.initial_margin FROM margin_account AS a WHERE account = 'rates'),
          (SELECT ceil(sum(initial_margin * CASE currency WHEN 'EUR' THEN 1.5 ELSE 1 END) * 100) / 100 FROM margin_requirement WHERE account = 'rates'), 'the sum in dollars');
SELECT set_instrument('ETH', currency => 'USD');
DELETE FROM pos WHERE acct = 'rates' AND sym = 'ETH';
CALL refresh(commit_batches => false);
SELECT is(t.apart(), NULL, 'stored = live after all of it');

-- ---- vectors by name ----
SELECT is_empty($$ SELECT scenario_set, currency, instrument FROM instrument_risk WHERE vector IS NOT NULL AND scenario_pnl(instrument, scenario_set, currency)::text IS DISTINCT FROM vector::text $$, 'the vector of an instrument is the one that refresh keeps');
SELECT is(scenario_profits(scenario_pnl(i.instrument, 'span')), scenario_profits(scenario_pnl(r.contract, r.market, r.as_of, scenario_set('span'))), 'under a set that nobody uses it is made from the same market: ' || r.instrument)
  FROM (SELECT DISTINCT ON (instrument) * FROM instrument_risk WHERE currency = 'USD' AND vector IS NOT NULL ORDER BY instrument, scenario_set) AS r CROSS JOIN LATERAL (SELECT r.instrument) AS i;
SELECT throws_ok($$ SELECT scenario_pnl('NOSUCH', 'paradex') $$, '42704', 'instrument ''NOSUCH'' cannot be valued', 'an instrument that there is not');
SELECT throws_ok($$ SELECT scenario_pnl('BTC', 'nosuch') $$, '42704', NULL, 'or a set');
SELECT throws_ok($$ SELECT scenario_pnl('BTC', 'paradex', 'CHF') $$, '55000', 'instrument ''BTC'' cannot be valued', 'a currency without a price');
SELECT ok(scenario_pnl(NULL, 'paradex') IS NULL AND scenario_pnl('BTC', NULL) IS NULL, 'NULL gives NULL');
SELECT is((SELECT round((portfolio_margin(p.quantity::float8, scenario_pnl(p.instrument, s.model, s.currency), u.method)).initial_margin::numeric, 6) FROM account_position AS p WHERE p.account = s.account) BETWEEN s.initial_margin - 0.05 AND s.initial_margin,
          true, 'with portfolio_margin it is the requirement of ' || s.account)
  FROM account_state AS s JOIN scenario_set_used AS u ON u.name = s.model WHERE s.stale_reason IS NULL AND s.initial_margin > 0;

-- ---- explained: every arithmetic gives its figure, shares add up ----
SAVEPOINT explained;
SELECT set_margin_model('mix', 'derive'), set_margin_model('opt', 'deribit'), set_tiers('BTC', ARRAY[ROW(0, 0.4, 0.3), ROW(100, 0.6, 0.5)]::margin_tier[]);
CALL refresh(commit_batches => false);
CREATE TABLE t.explained AS SELECT s.account, s.model, e.* FROM account_state AS s CROSS JOIN LATERAL explain_margin_account(s.account) AS e;
CREATE FUNCTION t.evaluated(arithmetic text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    result numeric;
BEGIN
    EXECUTE 'SELECT ' || regexp_replace(arithmetic, '([0-9.]+(e[-+]?[0-9]+)?)', '\1::numeric', 'g') INTO result;
    RETURN result;
END $$;
SELECT ok(count(DISTINCT account) >= 5 AND count(DISTINCT model) >= 4, 'accounts of several models') FROM t.explained;
SELECT is_empty($$ SELECT account, step, item, note FROM t.explained WHERE note LIKE '%DOES NOT FOLLOW%' $$, 'everything follows');
SELECT is_empty($$ SELECT account, step, item, figure, arithmetic, t.evaluated(arithmetic) FROM t.explained
                    WHERE arithmetic IS NOT NULL AND (abs(t.evaluated(arithmetic) - figure) <= CASE WHEN note ~ 'rounded' THEN 0.05 ELSE 1e-9 * (1 + abs(figure)) END) IS NOT TRUE $$, 'and can be worked out');
SELECT is_empty($$ SELECT e.account, s.equity, s.initial_margin, s.maintenance_margin FROM account_state AS s LEFT JOIN t.explained AS e ON e.account = s.account AND e.item IN ('equity', 'initial requirement', 'maintenance requirement')
                    GROUP BY e.account, s.equity, s.initial_margin, s.maintenance_margin
                   HAVING (min(e.figure) FILTER (WHERE e.item = 'equity'), coalesce(min(e.figure) FILTER (WHERE e.item LIKE 'i%'), 0), coalesce(min(e.figure) FILTER (WHERE e.item LIKE 'm%'), 0))
                          IS DISTINCT FROM (s.equity, s.initial_margin, s.maintenance_margin) $$, 'to what is stored');
SELECT is_empty($$ SELECT account, margin, sum(figure) FILTER (WHERE item = 'share of the margin'), min(figure) FILTER (WHERE item = 'margin in scenarios') FROM t.explained WHERE model <> 'rates' AND margin IS NOT NULL
                    GROUP BY account, margin HAVING abs(coalesce(sum(figure) FILTER (WHERE item = 'share of the margin'), 0) - min(figure) FILTER (WHERE item = 'margin in scenarios')) > 0.05 $$, 'shares add up to the margin in scenarios');
SELECT ok(bool_or(item = 'profit in the worst scenario') AND bool_or(item = 'position value' AND instrument IS NOT NULL) AND bool_or(item = 'unrealised profit' AND instrument IS NOT NULL) AND bool_or(item LIKE 'charge %')
          AND bool_or(item LIKE 'component %'), 'items of each kind') FROM t.explained;
SELECT is(array_agg(DISTINCT margin ORDER BY margin), '{initial,maintenance}'::text[]) FROM t.explained WHERE margin IS NOT NULL;
SELECT ok(length(explain_margin_account_text(account)) > 500 AND explain_margin_account_text(account) !~ '[^\n]{121}', 'as a text of 120 columns: ' || account) FROM account_state;
SELECT is_empty('SELECT * FROM explain_margin_account(NULL)', 'NULL gives no row');
SELECT throws_ok($$ SELECT * FROM explain_margin_account('nobody at all') $$, '42704', 'account nobody at all has neither positions nor collateral as of the latest refresh', 'an account that is none');
UPDATE account_collateral SET quantity = quantity + 1 WHERE account = (SELECT min(account) FROM account_collateral WHERE quantity > 0);
SELECT ok(count(*) > 0, 'what has changed since does not follow') FROM account_state AS s CROSS JOIN LATERAL explain_margin_account(s.account) AS e WHERE e.note LIKE '%DOES NOT FOLLOW%';
ROLLBACK TO explained;

-- ---- what cannot be computed: a reason, and the rest goes on ----
CREATE FUNCTION t.hostile(setup text, quantity numeric DEFAULT 1, sym text DEFAULT 'ODD', entry numeric DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    BEGIN
        EXECUTE setup;
        INSERT INTO t.pos VALUES ('odd', sym, quantity, entry);
        UPDATE t.pos SET q = q WHERE acct = 'lin';
        CALL refresh(commit_batches => false);
        SELECT concat_ws(' ', a.equity, a.initial_margin, a.maintenance_margin, regexp_replace(a.stale_reason, '\d{40,}', 'n', 'g'), 'apart: ' || t.apart(),
                         CASE WHEN l.as_of = a.as_of AND l.stale_reason IS NULL THEN '' ELSE 'lin was left out' END) INTO result
          FROM margin_account AS a, margin_account AS l WHERE a.account = 'odd' AND l.account = 'lin';
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN
        RETURN rtrim(coalesce(result, 'no row'));
    END;
END $$;
CREATE FUNCTION t.odd(more jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT t.terms(%L)', jsonb_build_object('instrument', 'ODD', 'kind', 'option', 'option_kind', 'call', 'strike', 80000, 'expiry', t.day(30), 'premium', 'currency') || more) $$;
SELECT is(t.hostile('SELECT'), '0.00 0.00 0.00 ODD: it is not known', 'an instrument that there is not');
SELECT matches(w.stale_reason || coalesce((SELECT max(c.initial) FROM unnest(w.charges) AS c), 0), '^B-P: asset USD has no price: .*, ''CHF''\)0$', 'a currency without a price')
  FROM what_if('opt', '[]', '{"currency": "CHF"}') AS w WHERE item = 'before';
SELECT is(t.hostile($$ INSERT INTO t.px VALUES ('ODD', t.day(0), 5) $$), '0.00 0.80 0.40', 'one that was quoted once: a perpetual on itself');
SELECT is(t.hostile('SELECT', 'NaN', 'BTC'), '0.00 0.00 0.00 unusable position rows of BTC: 1', 'NaN contracts');
SELECT is(t.hostile('SELECT', NULL, 'BTC'), '0.00 0.00 0.00 unusable position rows of BTC: 1', 'NULL contracts');
SELECT is(t.hostile('SELECT', 'Infinity', 'BTC'), '0.00 0.00 0.00 unusable position rows of BTC: 1', 'infinitely many');
SELECT is(t.hostile('SELECT', 1, NULL), '0.00 0.00 0.00 unusable position rows of no instrument: 1', 'no instrument');
SELECT is(t.hostile($$ INSERT INTO t.pos VALUES ('odd', 'BTC', NULL, NULL) $$, 1, 'BTC'), '0.00 14416.00 7208.00 unusable position rows of BTC: 1', 'what is usable counts');
SELECT is(t.hostile('SELECT', 0, 'BTC'), 'no row', 'no contracts: no account');
SELECT is(t.hostile($$ INSERT INTO t.pos VALUES ('odd', 'BTC', -1, 2) $$, 1, 'BTC', 2), 'no row', 'two that cancel out: no account');
SELECT is(t.hostile($$ INSERT INTO t.pos VALUES ('odd', 'BTC', -1, 1) $$, 1, 'BTC', 2), '-1.00 0.00 0.00', 'two that cancel out but for a loss');
SELECT is(t.hostile('SELECT', 1e9, 'BTC'), '0.00 14416000000000.00 7208000000000.00', 'a thousand million contracts');
SELECT is(t.hostile('SELECT', 1e-18, 'BTC'), '0.00 0.01 0.01', '1e-18 contracts: a cent');
SELECT is(t.hostile('SELECT', 1e-400, 'BTC') LIKE '0.00 0.01 0.01 its profits in the scenarios of paradex cannot be added up: %', true, 'fewer than a double can hold: by rates');
SELECT is(t.hostile('SELECT', 1e400, 'BTC') ~ '^0.00 \d{250}\d+.00 \d{250}\d+.00 its profits in the scenarios of paradex cannot be added up: .* \(22003\)$', true, 'more than a double can hold: by rates');
SELECT is(t.hostile($$ SELECT t.terms('{"instrument": "BTC-I", "payoff": "inverse", "settlement_asset": "BTC", "contract_size": 1e300}') $$, 1e10, 'BTC-I') ~ 'cannot be added up: .* \(22003\)$', true, 'a sum beyond double precision');
SELECT is(t.hostile(t.odd('{"strike": 1e400}')) ~ '^0.00 0.00 0.00 ODD: its market cannot be computed: .*\(22003\)$', true, 'a strike beyond double precision');
SELECT is(t.hostile(t.odd('{"contract_size": 1e400}')) ~ '^0.00 0.00 0.00 ODD: its profits in the scenarios of paradex cannot be computed: .*\(22023\)$', true, 'a contract that is too large');
SELECT is(t.hostile(t.odd('{"settlement_asset": "XRP"}')), '0.00 0.00 0.00 ODD: asset XRP has no price: write margin_calib.set_asset(''XRP'', ''instrument'', ''USD'')', 'settled in what has no price');
SELECT is(t.hostile(t.odd('{"underlying": "XRP"}')) LIKE '0.00 0.00 0.00 ODD: asset XRP has no price%', true, 'on what has no price');
SELECT is(t.hostile(t.odd('{"underlying": "SOL"}')), '0.00 0.00 0.00 ODD: SOL has no volatility surface', 'neither a surface nor a price of its own');
SELECT is(t.refused($$ SELECT t.terms('{"instrument": "ODD", "contract_size": null}') $$) LIKE '22023: %', true, 'terms without a size are refused');
-- expired: its payoff, at the price of the underlying; on an expiry it is over; of 30 seconds Black with its vol
SELECT is(t.hostile(t.odd(jsonb_build_object('expiry', now() - interval '3 minutes'))), '10100.00 10100.00 5050.00', 'expired in the money: its payoff, which a fall takes');
SELECT is(t.hostile(t.odd(jsonb_build_object('expiry', now() - interval '30 seconds'))), '10100.00 10100.00 5050.00', 'at the time of the quotes it is over');
SELECT is(t.hostile(t.odd(jsonb_build_object('expiry', now() - interval '3 minutes', 'strike', 95000))), '0.00 0.00 0.00', 'expired out of the money: nothing');
SELECT is(t.hostile(t.odd(jsonb_build_object('expiry', now() - interval '3 minutes', 'option_kind', 'put', 'strike', 95000, 'payoff', 'inverse', 'settlement_asset', 'BTC', 'premium', 'coin')), -1) LIKE '-4900.00 %', true, 'an inverse put: 4900 / 90100 coins at 90100');
SELECT is(split_part(t.hostile(t.odd(jsonb_build_object('expiry', now()))), ' ', 1), '10700.00', 'half a minute before expiry: forward less strike');
-- vol of its own price: the value is that price
INSERT INTO px SELECT 'ODD', t.day(0) - i * interval '1 day', 11 + i % 5 FROM generate_series(1, 40) AS i;
INSERT INTO px VALUES ('ODD', t.day(0) + interval '1 minute', 12.5);
CALL refresh(commit_batches => false);
SELECT is(split_part(t.hostile(t.odd('{"underlying": "SOL", "strike": 155}'), 4), ' ', 1), '50.00', 'without a surface the vol is that of its price');
SELECT is(t.hostile(t.odd('{"underlying": "SOL", "strike": 100}')) ~ '^0.00 [\d.]+ [\d.]+ ODD: SOL has no volatility surface$', true, 'a price below what it is worth at once implies none: margin by rates');
SELECT results_eq($$ SELECT (c).name, (c).initial > 0 FROM (SELECT unnest(charges) AS c FROM portfolio_margin_requirement WHERE account = 'lin') AS x $$, $$ VALUES ('minimum of delta', false) $$, 'charges of one that has all');
-- charges by rates beside the scenarios: an event that doubles them, and tiers
SAVEPOINT charged;
SELECT ok(add_event('fork', now() - interval '1 minute', now() + interval '1 day', ARRAY['BTC'], multiplier => 2, applies_to => 'both') > 0);
SELECT ok(set_tiers('ETH', tiers_from_leverage('{10000}', '{20,2}')) > 0);
CALL refresh(commit_batches => false);
SELECT is((SELECT initial_margin - ceil(initial_loss::numeric * 100) / 100 FROM portfolio_margin_requirement WHERE account = 'lin'), (SELECT sum(initial)::numeric FROM portfolio_margin_requirement AS p, unnest(p.charges) WHERE account = 'lin'), 'the requirement is the scenarios and the charges');
SELECT is((SELECT initial::numeric FROM portfolio_margin_requirement AS p, unnest(p.charges) AS c WHERE account = 'lin' AND c.name = 'event'), (SELECT base_initial_margin FROM account_position WHERE account = 'lin' AND instrument = 'BTC'), 'an event that doubles the margin by rates adds as much');
SELECT is((SELECT initial > 0 FROM portfolio_margin_requirement AS p, unnest(p.charges) AS c WHERE account = 'lin' AND c.name = 'tiers'), true, 'and so do tiers');
SELECT is(t.apart(), NULL, 'stored = live');
SELECT is(w.initial_margin, a.initial_margin, 'what_if has them: ' || a.account) FROM margin_account AS a, what_if(a.account) AS w WHERE w.item = 'before' AND a.model <> 'rates';
SELECT is((SELECT sum(initial_margin) FROM what_if('lin') WHERE item = 'component'), (SELECT initial_margin FROM margin_account WHERE account = 'lin'), 'components too');
SELECT is((check_order('lin', 'BTC', 1)).initial_before, (SELECT initial_margin FROM margin_account WHERE account = 'lin'), 'and check_order');
ROLLBACK TO charged;
INSERT INTO pos VALUES ('part', 'BTC', 1, NULL), ('part', 'ODD', 1, NULL);
SELECT t.terms(jsonb_build_object('instrument', 'ODD', 'settlement_asset', 'XRP'));
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT initial_margin - 14416, (SELECT sum((c).initial)::numeric FROM unnest(charges) AS c WHERE (c).name = 'no vector'), positions, stale_reason LIKE 'ODD: asset XRP%' FROM portfolio_margin_requirement WHERE account = 'part' $$,
    $$ SELECT initial_margin, initial_margin, 2, true FROM margin_position WHERE account = 'part' AND instrument = 'ODD' $$, 'a position without a vector counts its margin by rates');
DELETE FROM pos WHERE acct = 'part';
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT FROM margin_account WHERE account = 'part' UNION ALL SELECT FROM portfolio_margin_requirement WHERE account = 'part' $$, 'who closes everything and has no balance is no account');
SELECT is_empty($$ SELECT * FROM account_now('part') UNION ALL SELECT * FROM account_now('nobody') UNION ALL SELECT * FROM account_now(NULL) UNION ALL SELECT * FROM account_now('') $$, 'live neither');
SELECT is((SELECT count(*) > 0 FROM margin_account_history WHERE account = 'part'), true, 'its history stays');
-- no terms: as set_instrument says
INSERT INTO px SELECT 'BARE', t.day(0) - i * interval '1 day', 50 + i % 3 FROM generate_series(0, 40) AS i;
INSERT INTO pos VALUES ('bare', 'BARE', 10, 40);
CALL refresh(commit_batches => false);
SELECT is(t.state('bare'), '100.00 80.00 40.00', 'an instrument without terms: a perpetual on itself');
SELECT set_instrument('BARE', kind => 'spot', multiplier => 2);
CALL refresh(commit_batches => false);
SELECT is(t.state('bare'), '1000.00 160.00 80.00', 'or a spot pair, whose value counts');
SELECT is(t.apart(), NULL, 'stored = live');
-- dead underlying: stale, with the vector of before
SELECT is((SELECT stale_reason FROM margin_account WHERE account = 'bare'), NULL);
UPDATE instrument SET fresh_until = now() - interval '1 hour' WHERE instrument = 'BARE';
UPDATE pos SET q = q WHERE acct = 'bare';
CALL refresh(commit_batches => false);
SELECT is(t.state('bare'), '1000.00 160.00 80.00 a price or a liquidity figure is older than allowed', 'a dead price is told');
DELETE FROM px WHERE sym = 'BARE';
CALL refresh(commit_batches => false);
SELECT is((SELECT is_stale AND initial_margin >= 160 FROM margin_account WHERE account = 'bare'), true, 'and one that is gone');
DELETE FROM pos WHERE acct = 'bare';

-- quotes that are too old: the former smile, stale; quotes that are gone: no vector, and by rates there is nothing either
SELECT initial_margin AS whole FROM margin_account WHERE account = 'opt' \gset
SAVEPOINT quoted;
UPDATE qt SET at = at - interval '1 day';
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT stale_reason, initial_margin > 0 FROM margin_account WHERE account = 'opt' $$, $$ VALUES ('a price or a liquidity figure is older than allowed', true) $$, 'quotes that are too old: the former smile, stale');
SELECT is((SELECT stale_reason IS NULL FROM margin_account WHERE account = 'lin'), true, 'do not concern those without options');
DELETE FROM qt;
CALL refresh(commit_batches => false);
SELECT is((SELECT stale_reason LIKE 'B-P: %' FROM margin_account WHERE account = 'opt'), true, 'quotes that are gone');
SELECT is(t.apart(), NULL, 'stored = live');
ROLLBACK TO quoted;
UPDATE pos SET q = q WHERE acct = 'opt';
CALL refresh(commit_batches => false);
SELECT is((SELECT initial_margin FROM margin_account WHERE account = 'opt'), :whole, 'back again');

-- ---- entries and rounding ----
TRUNCATE pos;
INSERT INTO pos VALUES ('e', 'BTC', 2, 90000), ('e', 'BTC', -1, 91000), ('e', 'BTC', 1, NULL), ('e', 'BTC', 1, 0), ('e', 'BTC', 1, -5), ('e', 'BTC', 1, 'NaN'), ('e', 'BTC', 1, 'Infinity'), ('e', 'ETH', 0.001, 3010.001);
INSERT INTO bal VALUES ('e', 'USD', -0.001);
CALL refresh(commit_batches => false);
-- 2 * 100 + 900; of ETH -0.000001 USDC; each rounded down
SELECT results_eq($$ SELECT unrealised_pnl, collateral_value, equity FROM margin_account WHERE account = 'e' $$, $$ VALUES (1099.99, -0.01, 1099.98) $$, 'entries that are none count as none; negative amounts round down');
SELECT set_amount_step('USD', 0.5);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT unrealised_pnl, collateral_value, mod(initial_margin, 0.5) FROM margin_account WHERE account = 'e' $$, $$ VALUES (1099.5, -0.5, 0.0) $$, 'to the amount step');
SELECT is(t.apart(), NULL, 'stored = live');
INSERT INTO pos VALUES ('i', 'BTC-I', 90, 100000);
CALL refresh(commit_batches => false);
-- 900 / 90000 coins at 90100 fall by 16 %
SELECT is(t.state('i'), '-90.0 144.5 72.5', 'inverse: 900 / 100000 - 900 / 90000 coins, at 90000');
SELECT set_amount_step('USD', 0.01);

-- ---- tiers, calls ----
SELECT set_margin_model(NULL, 'span2') FROM add_scenario_set('span2', scenario_grid('{-0.1,0.1}'), method => '{"measure": "worst", "maintenance_factor": 0.5}');
TRUNCATE pos, bal;
-- 9010 initial, 4505 maintenance
INSERT INTO pos SELECT 't' || i, 'BTC', 1, NULL FROM generate_series(1, 6) AS i;
INSERT INTO bal SELECT 't' || i, 'USD', v FROM (VALUES (1, 9010), (2, 9009.99), (3, 4505), (4, 4504.99), (5, 0), (6, -0.01)) AS v (i, v);
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT account, tier, initial_margin, maintenance_margin FROM margin_account ORDER BY 1 $$,
    $$ VALUES ('t1', NULL, 9010.00, 4505.00), ('t2', 'margin_call', 9010, 4505), ('t3', 'margin_call', 9010, 4505), ('t4', 'liquidation', 9010, 4505), ('t5', 'liquidation', 9010, 4505), ('t6', 'bankrupt', 9010, 4505) $$,
    'exactly at a requirement it is covered');
SELECT results_eq($$ SELECT place, account, call_amount, maintenance_shortfall FROM margin_call ORDER BY place $$,
    $$ VALUES (1::bigint, 't6', 9010.01, 4505.01), (2, 't5', 9010, 4505), (3, 't4', 4505.01, 0.01), (4, 't3', 4505, 0), (5, 't2', 0.01, 0) $$, 'calls, the most urgent first');
SELECT results_eq($$ SELECT place, account, maintenance_shortfall, deficit, covered_until FROM liquidation_queue ORDER BY place $$,
    $$ VALUES (1::bigint, 't6', 4505.01, 0.01, NULL::timestamptz), (2, 't5', 4505, 0, NULL), (3, 't4', 0.01, 0, NULL) $$, 'and who is to be liquidated');
SELECT is(set_account_tiers('[{"tier": "no_new_risk", "margin": "maintenance", "below": 1.5}, {"tier": "liquidation", "margin": "initial", "below": 0.6}, {"tier": "gone", "margin": "initial", "below": 0}]', 'committee'), 3::bigint);
SELECT results_eq($$ SELECT account, tier FROM margin_account ORDER BY 1 $$, $$ VALUES ('t1', NULL), ('t2', NULL), ('t3', 'liquidation'), ('t4', 'liquidation'), ('t5', 'liquidation'), ('t6', 'gone') $$, 'tiers of one''s own: the smallest amount that equity is below');
UPDATE bal SET q = 6000 WHERE acct = 't1';
SELECT is((SELECT tier FROM account_now('t1')), 'no_new_risk', 'live too');
SELECT as_of AS covered FROM margin_account WHERE account = 't1' \gset
CALL refresh(commit_batches => false);
SELECT is((SELECT covered_until FROM margin_call WHERE account = 't1'), :'covered'::timestamptz, 'until when it was covered');
SELECT results_eq($$ SELECT until IS NULL, equity FROM margin_account_history WHERE account = 't1' ORDER BY as_of $$, $$ VALUES (false, 9010.00), (true, 6000.00) $$, 'history');
SELECT is((SELECT h.until FROM margin_account_history AS h WHERE h.account = 't1' AND h.until IS NOT NULL), (SELECT as_of FROM margin_account WHERE account = 't1'), 'a state lasts until the next');
SELECT is(set_account_tiers('[]'), 0::bigint);
SELECT is(t.refused(format('SELECT set_account_tiers(%L)', given)), m, m)
  FROM (VALUES ('{}', '22023: margin tiers are a JSON array of objects with tier, margin and below'), ('[null]', '22023: margin tiers are a JSON array of objects with tier, margin and below'), ('[{"tear": "x"}]', '22023: margin tiers are a JSON array of objects with tier, margin and below'),
               ('[{"tier": "", "margin": "initial", "below": 1}]', '22023: a margin tier has a name'), ('[{"margin": "initial", "below": 1}]', '22023: a margin tier has a name'),
               ('[{"tier": "x", "margin": "other", "below": 1}]', '22023: the margin of tier x is initial or maintenance'), ('[{"tier": "x", "below": 1}]', '22023: the margin of tier x is initial or maintenance'),
               ('[{"tier": "x", "margin": "initial", "below": -1}]', '22023: below of tier x is a multiple of 0 or more'), ('[{"tier": "x", "margin": "initial"}]', '22023: below of tier x is a multiple of 0 or more'),
               ('[{"tier": "x", "margin": "initial", "below": "NaN"}]', '22023: below of tier x is a multiple of 0 or more')) AS v (given, m);
SELECT is(t.refused($$ SELECT set_account_tiers('[{"tier": "x", "margin": "initial", "below": 1}, {"tier": "x", "margin": "initial", "below": 2}]') $$) LIKE '23505: %', true, 'a name that comes twice');
SELECT is((SELECT count(*) FROM account_tier), 0::bigint, 'and nothing stays of it');

-- ---- models ----
SELECT is(t.refused($$ SELECT drop_scenario_set('span2') $$) LIKE '55000: %', true, 'a set that accounts are margined by is not dropped');
SELECT is(t.refused(s), m, m)
  FROM (VALUES ($$ SELECT set_margin_model('t1', 'nosuch') $$, '42704: there is no scenario set ''nosuch'''), ($$ SELECT set_margin_model('t1', 'span2', NULL) $$, '22004: a margin model has a currency'),
               ($$ SELECT set_margin_model('t1', 'span2', '') $$, '22004: a margin model has a currency'), ($$ SELECT drop_margin_model('t1') $$, '42704: account ''t1'' has no margin model of its own')) AS v (s, m);
SELECT is(t.refused($$ SELECT forget_account_history(NULL) $$), '22023: states are forgotten that are older than an interval of 0 or more');
SELECT is(t.refused($$ SELECT forget_account_history('-1 s') $$), '22023: states are forgotten that are older than an interval of 0 or more');
SELECT is(forget_account_history('1 year'), 0::bigint, 'none is that old');
SELECT is(forget_account_history('0', 't1'), 1::bigint, 'of one account all but the latest');
SELECT is((SELECT count(*) FROM account_history WHERE account = 't1'), 1::bigint);
SELECT count(*) - count(DISTINCT account) AS old FROM account_history \gset
SELECT is(forget_account_history('0'), :old::bigint, 'of all of them');
SELECT is_empty($$ SELECT FROM account_history GROUP BY account HAVING count(*) > 1 $$, 'but the latest of each');
SELECT set_margin_model('t9', 'deribit', 'EUR', 'why not');
SELECT results_eq($$ SELECT content ->> 'scenario_set', content ->> 'currency' FROM governed_row WHERE kind = 'margin_model' AND object = 'account t9' $$, $$ VALUES ('deribit', 'EUR') $$, 'the audit trail has models');
SELECT is((SELECT reason FROM audit WHERE kind = 'margin_model' AND object = 'account t9'), 'why not', 'with the reason');
SELECT is((SELECT reason FROM audit WHERE kind = 'account_tiers' AND reason IS NOT NULL), 'committee', 'and tiers');
SELECT drop_margin_model('t9', 'enough');
SELECT drop_margin_model(NULL);
SELECT is(t.refused($$ SELECT drop_margin_model(NULL) $$), '42704: there is no default margin model');
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT DISTINCT model, currency FROM margin_account $$, $$ VALUES ('rates', 'USD') $$, 'without a default: rates in dollars');
SELECT is_empty($$ TABLE portfolio_requirement $$, 'and no requirement by scenarios');
SELECT is_empty($$ SELECT * FROM verify_audit() $$, 'the audit trail fits');

-- ---- feeds that break ----
SELECT set_margin_model(NULL, 'span2');
CALL refresh(commit_batches => false);
ALTER TABLE pos RENAME COLUMN q TO quantity;
CALL refresh(commit_batches => false);
SELECT results_eq($$ SELECT DISTINCT is_stale, stale_reason LIKE 'position feed t.pos cannot be read: %' FROM margin_account UNION SELECT is_stale, stale_reason LIKE 'position feed t.pos cannot be read: %' FROM portfolio_margin_requirement $$,
    $$ VALUES (true, true) $$, 'a feed that cannot be read makes all accounts stale');
SELECT is(left(t.refused($$ SELECT account_now('t1') $$), 6), '55000:', 'live it is an error');
ALTER TABLE pos RENAME COLUMN quantity TO q;
CALL refresh(commit_batches => false);
SELECT is_empty($$ SELECT * FROM margin_account WHERE is_stale $$, 'until it can');
SELECT is(t.apart(), NULL, 'stored = live');
SELECT * FROM finish();
ROLLBACK;
