-- Risk vectors and the margin of portfolios: profits by formulas written here, margins by brute force over the profits,
-- any order and plan, and bad input of every kind. Numbers of venues are held in test/unit and test/oracle.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
SELECT no_plan();
SET LOCAL search_path = margin_calib, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql AS $$
    SELECT coalesce(a = b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b), 1), a IS NULL AND b IS NULL) $$;
CREATE FUNCTION pg_temp.near(a float8[], b float8[], tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql AS $$
    SELECT cardinality(a) = cardinality(b) AND (SELECT bool_and(pg_temp.near(x, y, tolerance)) FROM unnest(a, b) AS u (x, y)) $$;
CREATE FUNCTION pg_temp.set_of(scenarios jsonb, more jsonb DEFAULT '{}') RETURNS scenario_set LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::scenario_set, '{"name": "test", "version": 1}' || more || jsonb_build_object('scenarios', scenarios)) $$;
CREATE FUNCTION pg_temp.terms_of(more jsonb DEFAULT '{}') RETURNS contract LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::contract, '{"instrument": "P", "venue": "v", "kind": "perpetual", "payoff": "linear", "underlying": "BTC",
        "quote_currency": "USD", "settlement_asset": "USD", "contract_size": 1, "multiplier": 1}' || more) $$;
CREATE FUNCTION pg_temp.option_of(kind text, strike float8, more jsonb DEFAULT '{}') RETURNS contract LANGUAGE sql AS $$
    SELECT pg_temp.terms_of(jsonb_build_object('instrument', format('%s-%s', kind, strike), 'kind', 'option', 'option_kind', kind, 'strike', strike, 'expiry', '2026-04-11 00:00Z',
        'premium', 'currency') || more) $$;   -- 100 days after 2026-01-01
CREATE FUNCTION pg_temp.method_of(more jsonb) RETURNS margin_method LANGUAGE sql AS $$
    SELECT jsonb_populate_record(NULL::margin_method, more) $$;
CREATE FUNCTION pg_temp.market_of(more jsonb) RETURNS contract_market LANGUAGE sql AS $$
    SELECT jsonb_populate_record(contract_market(100), more) $$;
CREATE FUNCTION pg_temp.message(command text, OUT state text, OUT message text) LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE command; state := '00000';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := concat_ws(' | ', message, detail, hint);
END $$;

-- ---- profits of what has no option in it ----
CREATE TEMP TABLE moves AS SELECT s, '[{"price_shock": 0.1}, {"price_shock": -0.15, "price_unit": "relative"}, {"price_shock": 7, "price_unit": "absolute"}, {"price_shock": -1.5, "price_unit": "range"}, {}, {"price_shock": 0.5, "weight": 0.35, "both_ways": true}, {"price_shock": 3, "price_unit": "range", "contingency": true}]'::jsonb AS j
  FROM (SELECT pg_temp.set_of('[{"price_shock": 0.1}, {"price_shock": -0.15, "price_unit": "relative"}, {"price_shock": 7, "price_unit": "absolute"}, {"price_shock": -1.5, "price_unit": "range"}, {}, {"price_shock": 0.5, "weight": 0.35, "both_ways": true}, {"price_shock": 3, "price_unit": "range", "contingency": true}]',
      '{"law": {"price_range": 0.2}, "factors": [{"factor": "ETH", "law": {"beta": 1.5, "price_range": 0.1}}, {"factor": "USDC", "law": {"beta": 0}}]}') AS s) AS x;
CREATE FUNCTION pg_temp.moved(p float8, beta float8 DEFAULT 1, share float8 DEFAULT 0.2) RETURNS float8[] LANGUAGE sql AS $$
    SELECT ARRAY[p * (1 + 0.1 * beta), p * (1 - 0.15 * beta), p + 7, p * (1 - 1.5 * share), p, p * (1 + 0.5 * beta), p * (1 + 3 * share)] $$;
CREATE FUNCTION pg_temp.profits(c contract, m contract_market, as_of timestamptz DEFAULT '2026-01-01') RETURNS float8[] LANGUAGE sql AS $$
    SELECT scenario_profits(scenario_pnl(c, m, as_of, s)) FROM moves $$;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"contract_size": 2, "multiplier": 3}'), contract_market(250)), array_agg(6 * (x - 250))), 'linear perpetual: units times the move') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"kind": "future", "expiry": "2026-04-11Z", "contract_size": 2}'), contract_market(250, spot => 240, rate => 0.3)), array_agg(2 * (x - 250))), 'linear future: not discounted') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"contract_size": 2}'), contract_market(250, settlement_price => 0.98)), array_agg(0.98 * 2 * (x - 250))), 'paid in a coin of 0.98') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"payoff": "inverse", "settlement_asset": "BTC", "contract_size": 100}'), contract_market(250)), array_agg(100 * (1 / 250.0 - 1 / x))), 'inverse perpetual in coin') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"payoff": "inverse", "settlement_asset": "BTC", "contract_size": 100}'), contract_market(250, settlement_price => 248)), array_agg(248 * 100 * (1 / 250.0 - 1 / x))), 'at a fixed price of the coin') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"payoff": "inverse", "settlement_asset": "BTC", "contract_size": 100}'), contract_market(250, settlement_price => 248, settlement_moves => true)), array_agg(248 * x / 250 * 100 * (1 / 250.0 - 1 / x))), 'and at one that moves along') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"payoff": "quanto", "settlement_asset": "XBT", "multiplier": 0.000001}'), contract_market(250, settlement_price => 60000)), array_agg(0.000001 * 60000 * (x - 250)), 1e-13), 'quanto: units of the settlement asset for a move of 1') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"kind": "spot"}'), contract_market(250, initial_haircut => 0.2)), array_agg(x - 250)), 'spot, haircuts aside') FROM unnest(pg_temp.moved(250)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"underlying": "ETH"}'), contract_market(250)), array_agg(x - 250)), 'beta and range of a factor of its own') FROM unnest(pg_temp.moved(250, 1.5, 0.1)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"underlying": "USDC"}'), contract_market(250)), array_agg(x - 250)), 'beta 0, and nothing from the law of the set') FROM unnest(pg_temp.moved(250, 0, 0)) AS x;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"underlying": "eth"}'), contract_market(250)), array_agg(x - 250)), 'factors are spelt exactly') FROM unnest(pg_temp.moved(250)) AS x;

-- ---- profits of options ----
CREATE TEMP TABLE shocks AS SELECT *, row_number() OVER () AS i FROM (VALUES
    ('{}'::jsonb, NULL::text, NULL::float8, NULL::text, NULL::float8), ('{"price_shock": 0.2}', 'relative', 0.2, NULL, NULL), ('{"price_shock": -0.2, "vol_shock": 0.5}', 'relative', -0.2, 'relative', 0.5),
    ('{"price_shock": 12, "price_unit": "absolute", "vol_shock": 0.07, "vol_unit": "absolute"}', 'absolute', 12, 'absolute', 0.07),
    ('{"price_shock": 1, "price_unit": "range", "vol_shock": 1, "vol_unit": "range"}', 'range', 1, 'range', 1), ('{"price_shock": -0.5, "price_unit": "range", "vol_shock": -0.7, "vol_unit": "range"}', 'range', -0.5, 'range', -0.7),
    ('{"vol_shock": -5}', 'relative', 0, 'relative', -5), ('{"vol_shock": -9, "vol_unit": "absolute"}', 'relative', 0, 'absolute', -9), ('{"vol_shock": 0.01, "vol_unit": "range"}', 'relative', 0, 'range', 0.01),
    ('{"skew": "linear"}', NULL, NULL, 'linear', NULL), ('{"skew": "absolute"}', NULL, NULL, 'absolute', NULL)) AS v (j, pu, p, vu, v);
CREATE TEMP TABLE laws (law jsonb, up float8, down float8, unit text, power_short float8, power_long float8, ref float8, least float8, floor float8);
INSERT INTO laws VALUES ('{"price_range": 0.25}', 0, 0, 'relative', 0, 0, 30, 1, 0),
    ('{"price_range": 0.25, "vol_up": 0.5, "vol_down": 0.3, "short_power": 0.3, "long_power": 0.13, "least_vol_up": 0.4}', 0.5, 0.3, 'relative', 0.3, 0.13, 30, 1, 0.4),
    ('{"price_range": 0.25, "vol_up": 0.2, "vol_down": 0.1, "vol_range_unit": "absolute", "short_power": 0.5, "long_power": 0.25, "reference_days": 120, "least_days": 7, "least_vol_up": 0.1}', 0.2, 0.1, 'absolute', 0.5, 0.25, 120, 7, 0.1);
CREATE TEMP TABLE cases AS SELECT *, row_number() OVER () AS n
  FROM laws, unnest('{call,put}'::text[]) AS kind, unnest('{60,100,160}'::float8[]) AS strike, unnest('{0.1,1,29.5,30,100,400}'::float8[]) AS days, unnest('{linear,inverse}'::text[]) AS payoff, unnest('{false,true}'::boolean[]) AS moves_along;
CREATE FUNCTION pg_temp.vol_in(vol float8, unit text, shock float8, days float8, k float8, l laws) RETURNS float8 LANGUAGE sql AS $$
    SELECT greatest(CASE unit
        WHEN 'relative' THEN vol * (1 + shock)
        WHEN 'absolute' THEN vol + shock
        WHEN 'range' THEN greatest(CASE WHEN shock > 0 THEN l.floor ELSE 0 END,
            CASE l.unit WHEN 'relative' THEN vol ELSE 1 END * shock * CASE WHEN shock > 0 THEN l.up ELSE l.down END
            * power(l.ref / greatest(days, l.least), CASE WHEN days <= l.ref THEN l.power_short ELSE l.power_long END) + vol)
        WHEN 'linear' THEN vol * (1 + (0.25 - 0.1 * sqrt(days / 365)) * least(greatest(k / greatest(0.01, 4 * sqrt(days / 365) * (0.6 + 0.05 * sqrt(days / 365))), -1), 1))
        WHEN 'absolute_skew' THEN vol * (1 + 0.3 * least(abs(k) / 0.2, 1))
        ELSE vol END, 0) $$;
CREATE FUNCTION pg_temp.value_in(c cases, forward float8, first float8, vol float8) RETURNS float8 LANGUAGE sql AS $$
    SELECT 0.1 * 0.97 * CASE c.payoff WHEN 'linear' THEN 1 ELSE 1 / forward END * CASE WHEN c.moves_along THEN forward / first ELSE 1 END
        * black76_price(c.kind, forward, c.strike, c.days / 365, vol, CASE c.payoff WHEN 'linear' THEN exp(-0.05 * c.days / 365) ELSE 1 END) $$;
CREATE TEMP TABLE priced AS
SELECT c.*, scenario_pnl(pg_temp.option_of(c.kind, c.strike, jsonb_build_object('payoff', c.payoff, 'contract_size', 0.1, 'settlement_asset', 'X', 'premium', CASE c.payoff WHEN 'linear' THEN 'currency' ELSE 'coin' END)),
           contract_market(110, 0.8, 0.05, 108, 0.97, c.moves_along), timestamptz '2026-04-11 00:00Z' - c.days * interval '1 day',
           pg_temp.set_of((SELECT jsonb_agg(j ORDER BY i) FROM shocks), jsonb_build_object('law', c.law || '{"linear_skew": {"cap": 0.25, "cap_slope": -0.1, "width_scale": 4, "width": 0.6, "width_slope": 0.05}, "absolute_skew": {"cap": 0.3, "least_width": 0.2, "width_scale": 0}}'))) AS vector
  FROM cases AS c;
CREATE TEMP TABLE by_hand AS
SELECT c.n, s.i, p, pg_temp.value_in(c, f, 110, pg_temp.vol_in(0.8, CASE WHEN s.j ->> 'skew' = 'absolute' THEN 'absolute_skew' ELSE s.vu END, s.v, c.days, ln(c.strike / 110), l)) - pg_temp.value_in(c, 110, 110, 0.8) AS expected
  FROM cases AS c JOIN laws AS l USING (law) CROSS JOIN shocks AS s
  CROSS JOIN LATERAL (SELECT CASE s.pu WHEN 'relative' THEN 110 * (1 + s.p) WHEN 'absolute' THEN 110 + s.p WHEN 'range' THEN 110 * (1 + 0.25 * s.p) ELSE 110 END AS f) AS f;
SELECT ok(bool_and(pg_temp.near(got, expected, 1e-11)), format('options by Black: %s in %s %s', j, payoff, CASE WHEN moves_along THEN 'that moves' END))
  FROM by_hand JOIN shocks USING (i) JOIN priced USING (n), LATERAL (SELECT (scenario_profits(vector))[i] AS got) AS g GROUP BY i, j, payoff, moves_along ORDER BY i, payoff, moves_along;
SELECT ok(bool_and(pg_temp.near((t).value, pg_temp.value_in(c, 110, 110, 0.8), 1e-13) AND pg_temp.near((t).years, p.days / 365, 1e-9) AND (t).strike = p.strike AND (t).option_kind = p.kind AND (t).kind = 'option'
        AND (t).scenarios = 11 AND (t).scenario_set = 'test' AND (t).set_version = 1 AND (t).long_discount = 1 AND (t).short_discount = 1), 'value and terms of options')
  FROM (SELECT *, risk_terms(vector) AS t FROM priced) AS p JOIN cases AS c USING (n);
SELECT ok(bool_and(pg_temp.near((t).notional, CASE payoff WHEN 'linear' THEN 0.1 * 108 * 0.97 ELSE 0.1 * 0.97 END)), 'notional of options: ' || payoff) FROM (SELECT *, risk_terms(vector) AS t FROM priced) AS p GROUP BY payoff;
-- slopes by central differences of the formula
SELECT ok(bool_and(abs((t).delta - (pg_temp.value_in(c, 110 * (1 + 1e-5), 110, 0.8) - pg_temp.value_in(c, 110 * (1 - 1e-5), 110, 0.8)) / 2e-5) < 1e-6 * 11), format('delta of options: %s %s', p.payoff, p.moves_along))
  FROM (SELECT *, risk_terms(vector) AS t FROM priced WHERE days >= 29) AS p JOIN cases AS c USING (n) GROUP BY p.payoff, p.moves_along;
SELECT ok(bool_and(abs((t).vega - (pg_temp.value_in(c, 110, 110, 0.8 + 1e-5) - pg_temp.value_in(c, 110, 110, 0.8 - 1e-5)) / 2e-5) < 1e-6), format('vega of options: %s %s', p.payoff, p.moves_along))
  FROM (SELECT *, risk_terms(vector) AS t FROM priced) AS p JOIN cases AS c USING (n) GROUP BY p.payoff, p.moves_along;

-- ---- options at and after expiry, without vol, in the settlement window ----
CREATE FUNCTION pg_temp.expired(kind text, more jsonb, m contract_market, as_of timestamptz DEFAULT '2026-04-11Z') RETURNS float8[] LANGUAGE sql AS $$
    SELECT pg_temp.profits(pg_temp.option_of(kind, 100, more), m, as_of) $$;
SELECT ok(bool_and(pg_temp.near(pg_temp.expired(k, '{}', contract_market(p, 0.8, 0.1), '2026-04-11Z'::timestamptz + late), (SELECT array_agg(greatest(sign * (x - 100), 0) - greatest(sign * (p - 100), 0)) FROM unnest(pg_temp.moved(p)) AS x))), 'expired: payoffs, ' || late)
  FROM (VALUES ('call', 1), ('put', -1)) AS v (k, sign), unnest('{50,95,100,104,200}'::float8[]) AS p, unnest('{0,1 us,3 years}'::interval[]) AS late GROUP BY late;
SELECT ok(bool_and(pg_temp.near(pg_temp.expired(k, '{"payoff": "inverse", "settlement_asset": "BTC", "premium": "coin"}', contract_market(p, 0.8)), (SELECT array_agg(greatest(sign * (1 - 100 / x), 0) - greatest(sign * (1 - 100 / p), 0)) FROM unnest(pg_temp.moved(p)) AS x))), 'expired, inverse')
  FROM (VALUES ('call', 1), ('put', -1)) AS v (k, sign), unnest('{50,95,100,104,200}'::float8[]) AS p;
SELECT ok((t).years = 0 AND (t).vega = 0 AND (t).value = 20, 'terms of an expired option') FROM (SELECT risk_terms(scenario_pnl(pg_temp.option_of('call', 100), contract_market(120, 0.8, 0.1), '2027-01-01', s)) AS t FROM moves) AS x;
SELECT ok(bool_and(pg_temp.near(pg_temp.profits(pg_temp.option_of(k, 100), contract_market(p, 0, 0.1), '2026-01-01'), (SELECT array_agg(exp(-10 / 365.0) * (greatest(sign * (x - 100), 0) - greatest(sign * (p - 100), 0))) FROM unnest(pg_temp.moved(p)) AS x))), 'no vol: discounted payoffs')
  FROM (VALUES ('call', 1), ('put', -1)) AS v (k, sign), unnest('{50,95,104,200}'::float8[]) AS p;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.option_of('call', 100), contract_market(110, 0.8, -0.5), '2026-01-01'), pg_temp.profits(pg_temp.option_of('call', 100), contract_market(110, 0.8, 0), '2026-01-01'), 0), 'negative rates do not discount');
-- half of the window is gone: the settlement price is half the average and half of what is to come
SELECT ok(bool_and(pg_temp.near(pg_temp.expired(k, '{}', contract_market(p, 0.8, average => 90, average_share => 0.5)), (SELECT array_agg(greatest(sign * (45 + x / 2 - 100), 0) - greatest(sign * (45 + p / 2 - 100), 0)) FROM unnest(pg_temp.moved(p)) AS x), 1e-11)), 'half of the window is gone, at expiry')
  FROM (VALUES ('call', 1), ('put', -1)) AS v (k, sign), unnest('{50,95,104,200}'::float8[]) AS p;
SELECT ok(pg_temp.near(pg_temp.expired(k, '{}', contract_market(p, 0.8, average => 90, average_share => 1), '2026-04-10 23:59Z'), array_fill(0::float8, ARRAY[7]), 1e-12), 'nothing moves when all of it is gone') FROM unnest('{call,put}'::text[]) AS k, unnest('{50,150}'::float8[]) AS p;
SELECT is((risk_terms(scenario_pnl(pg_temp.option_of('put', 100), contract_market(50, 0.8, average => 90, average_share => 1), '2026-04-11Z', s))).value, 10::float8, 'worth the payoff of the average') FROM moves;
-- inside the window the forward is that of the average: share A + (1 - share) F, at the same vol
SELECT ok(bool_and(pg_temp.near(pg_temp.profits(pg_temp.option_of(k, 100), contract_market(p, 0.8, average => 90, average_share => 0.4), '2026-04-10 23:50Z'),
         (SELECT array_agg(black76_price(k, 36 + 0.6 * x, 100, t, 0.8) - black76_price(k, 36 + 0.6 * p, 100, t, 0.8)) FROM unnest(pg_temp.moved(p)) AS x), 1e-11)), 'inside the window: the forward of the average, ' || k)
  FROM unnest('{call,put}'::text[]) AS k, unnest('{95,104,120}'::float8[]) AS p, years_to_expiry('2026-04-11Z', '2026-04-10 23:50Z') AS t GROUP BY k;
SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.option_of('call', 100), contract_market(110, 0.8, average => NULL, average_share => 0), '2026-04-01'), pg_temp.profits(pg_temp.option_of('call', 100), pg_temp.market_of('{"price": 110, "vol": 0.8, "rate": null, "settlement_price": null, "settlement_moves": null, "average_share": null, "confidence": null, "initial_haircut": null, "maintenance_haircut": null}'), '2026-04-01'), 0), 'NULL in the market is the default');

SELECT ok(pg_temp.near(pg_temp.profits(pg_temp.terms_of('{"kind": "spot"}'), contract_market(250, settlement_price => 0.5, settlement_moves => true)), array_agg(0.5 * x / 250 * x - 0.5 * 250)), 'spot that is paid in what moves along') FROM unnest(pg_temp.moved(250)) AS x;
-- what is settled in a coin that has a factor of its own
CREATE TEMP TABLE peg AS SELECT pg_temp.set_of('[{"price_shock": -0.2}, {"price_shock": 0.5}, {"price_shock": -1, "price_unit": "range", "vol_shock": 0.1}, {"price_shock": -40}, {"price_shock": 0.25, "price_unit": "absolute"}]',
    '{"law": {"price_range": 0.3}, "factors": [{"factor": "USDT", "law": {"beta": 0.05, "price_range": 0.2}}, {"factor": "BNB", "price_shocks": [-0.1, 0, 0.1, -0.2, -3]}, {"factor": "BTC", "law": {"price_range": 0.3}}]}') AS s,
    '{80,150,70,-3900,100.25}'::float8[] AS p, '{0.891,0.9225,0.72,0,1.15}'::float8[] AS usdt, '{0.81,0.9,0.99,0.72,0}'::float8[] AS bnb;
CREATE FUNCTION pg_temp.pegged(c contract, m contract_market) RETURNS float8[] LANGUAGE sql AS $$ SELECT scenario_profits(scenario_pnl(c, m, '2026-01-01', s)) FROM peg $$;
SELECT ok(pg_temp.near(pg_temp.pegged(pg_temp.terms_of(t::jsonb), contract_market(100, 0.8, settlement_price => 0.9, settlement_moves => moves)), e, 1e-13), format('settled in a coin with a factor: %s %s', t, moves))
  FROM unnest('{false,true}'::boolean[]) AS moves,
       (SELECT array_agg((x - 100) * u ORDER BY n) AS linear, array_agg((1 / 100.0 - 1 / greatest(x, 1e-10)) * u ORDER BY n) AS inverse, array_agg(x * u - 90 ORDER BY n) AS spot, array_agg((x - 100) * b ORDER BY n) AS in_bnb
          FROM peg, unnest(p, usdt, bnb) WITH ORDINALITY AS q (x, u, b, n)) AS a,
       LATERAL (VALUES ('{"settlement_asset": "USDT"}', linear), ('{"kind": "future", "settlement_asset": "USDT", "quote_currency": "BNB", "expiry": "2026-04-11Z"}', linear), ('{"settlement_asset": "BNB", "quote_currency": "USDT"}', in_bnb), ('{"payoff": "inverse", "settlement_asset": "USDT"}', inverse),
                       ('{"kind": "spot", "quote_currency": "USDT", "settlement_asset": "BTC"}', spot), ('{"kind": "spot", "quote_currency": "USDT", "settlement_asset": null}', spot)) AS v (t, e);
SELECT ok(pg_temp.near(pg_temp.pegged(pg_temp.option_of('call', 90, '{"settlement_asset": "USDT"}'), contract_market(100, 0.8, settlement_price => 0.9)), e, 1e-12), 'an option')
  FROM (SELECT array_agg(CASE WHEN x > 0 THEN black76_price('call', x, 90, 100 / 365.0, CASE n WHEN 3 THEN 0.88 ELSE 0.8 END) ELSE 0 END * u - 0.9 * black76_price('call', 100, 90, 100 / 365.0, 0.8) ORDER BY n) AS e FROM peg, unnest(p, usdt) WITH ORDINALITY AS q (x, u, n)) AS x;
SELECT ok(pg_temp.near(pg_temp.pegged(pg_temp.terms_of(t::jsonb || more), contract_market(100, settlement_price => 0.9)), pg_temp.pegged(pg_temp.terms_of(t::jsonb || '{"settlement_asset": "USD"}'), contract_market(100, settlement_price => 0.9)), 0), format('no factor of that name, or the underlying: %s %s', t, more))
  FROM unnest(ARRAY['{}', '{"kind": "spot"}']) AS t, unnest(ARRAY['{"settlement_asset": "BTC", "quote_currency": "BTC"}', '{"settlement_asset": null, "quote_currency": null}', '{"settlement_asset": "usdt", "quote_currency": "usdt"}', '{"settlement_asset": "EUR"}']::jsonb[]) AS more;
SELECT ok(pg_temp.near(pg_temp.pegged(pg_temp.terms_of('{"kind": "spot", "underlying": "USDT"}'), contract_market(0.9)), '{-0.009,0.0225,-0.18,-1.8,0.25}'), 'the coin itself falls with its factor');
SELECT ok(pg_temp.near((t).delta, 90) AND pg_temp.near((t).notional, 90), 'its delta is that of its underlying') FROM (SELECT risk_terms(scenario_pnl(pg_temp.terms_of('{"kind": "spot", "quote_currency": "USDT"}'), contract_market(100, settlement_price => 0.9, settlement_moves => true), '2026-01-01', s)) AS t FROM peg) AS x;
-- the law of a factor is what the law of the set would be; sets, markets and contracts that change from row to row are what they are alone
CREATE TEMP TABLE turns AS SELECT n, pg_temp.option_of('put', 90 + n, jsonb_build_object('underlying', CASE n % 3 WHEN 0 THEN 'ETH' ELSE 'BTC' END)) AS c, contract_market(100 + n, 0.5 + n * 0.01, 0.05) AS m, pg_temp.set_of('[{"price_shock": 1, "price_unit": "range", "vol_shock": 1, "vol_unit": "range"}, {"price_shock": -0.1, "vol_shock": -1, "vol_unit": "range"}]',
    jsonb_build_object(CASE n % 2 WHEN 0 THEN 'law' ELSE 'more' END, law) || CASE n % 2 WHEN 0 THEN '{}' ELSE jsonb_build_object('factors', jsonb_build_array(jsonb_build_object('factor', 'BTC', 'law', law), jsonb_build_object('factor', 'ETH', 'law', law))) END) AS s, law
  FROM generate_series(0, 40) AS n, LATERAL (SELECT jsonb_build_object('beta', 1.2, 'price_range', 0.1 + 0.01 * (n / 5), 'vol_up', 0.4, 'vol_down', 0.2, 'short_power', 0.3, 'long_power', 0.1, 'long_discount', 0.9, 'linear_skew', NULL) AS law) AS l;
SELECT ok(bool_and(scenario_profits(scenario_pnl(c, m, '2026-01-01', s)) = scenario_profits(scenario_pnl(c, m, '2026-01-01', pg_temp.set_of('[{"price_shock": 1, "price_unit": "range", "vol_shock": 1, "vol_unit": "range"}, {"price_shock": -0.1, "vol_shock": -1, "vol_unit": "range"}]', jsonb_build_object('law', law))))), 'laws of factors') FROM turns;
CREATE FUNCTION pg_temp.alone(c contract, m contract_market, s scenario_set) RETURNS text LANGUAGE plpgsql AS $$
DECLARE v text; BEGIN EXECUTE format('SELECT scenario_pnl(%L::contract, %L::contract_market, ''2026-01-01'', %L::scenario_set)', c, m, s) INTO v; RETURN v; END $$;
SELECT ok(bool_and(scenario_pnl(c, m, '2026-01-01', s)::text = pg_temp.alone(c, m, s)), 'row by row as alone with constants') FROM turns;
-- large sets out of line, in turns, of one length: each is read, and seen again wherever it comes from
CREATE TEMP TABLE far AS SELECT k, pg_temp.set_of((SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 2000)), jsonb_build_object('factors', (SELECT jsonb_agg(jsonb_build_object('factor', f, 'price_shocks', (SELECT array_agg(sin(n * n * (k + ascii(f))) / 2) FROM generate_series(1, 2000) AS n))) FROM unnest('{BTC,ETH}'::text[]) AS f))) AS s FROM generate_series(1, 3) AS k;
SELECT is(count(DISTINCT pg_column_size(s::text::scenario_set)), 1::bigint, 'three sets of one length') FROM far;
CREATE TEMP TABLE near_by AS SELECT k, u, scenario_profits(scenario_pnl(pg_temp.terms_of(jsonb_build_object('underlying', u)), contract_market(100), '2026-01-01', s::text::scenario_set)) AS p FROM far, unnest('{BTC,ETH}'::text[]) AS u;
SELECT ok(bool_and(x.p = n.p) AND count(*) = 360 AND count(DISTINCT x.p) = 6, 'sets out of line and not, in turns') FROM near_by AS n JOIN (
    SELECT k, u, scenario_profits(scenario_pnl(pg_temp.terms_of(jsonb_build_object('underlying', u)), contract_market(100), '2026-01-01', CASE i % 5 WHEN 3 THEN s::text::scenario_set ELSE s END)) AS p
      FROM (SELECT i, 1 + i * i % 3 * (i % 2) + i % 2 * (i % 7 % 2) AS k, u FROM generate_series(1, 180) AS i, unnest('{BTC,ETH}'::text[]) AS u) AS i JOIN LATERAL (SELECT far.s, far.k AS k0 FROM far WHERE far.k = i.k) AS f ON true) AS x USING (k, u);
SELECT is(count(DISTINCT scenario_profits(scenario_pnl(parse_symbol(symbol, venue), contract_market(60000, 0.5, settlement_price => 60000, settlement_moves => true), '2026-01-01', s))), 3::bigint, 'contracts of parse_symbol')
  FROM moves, (VALUES ('BTC-27JUN26-80000-C', 'deribit'), ('BTC-PERPETUAL', 'deribit'), ('BTCUSDT', 'binance_usdm')) AS v (symbol, venue);

-- ---- terms of the others ----
CREATE FUNCTION pg_temp.found(c contract, m contract_market) RETURNS risk_terms LANGUAGE sql AS $$ SELECT risk_terms(scenario_pnl(c, m, '2026-01-01', s)) FROM moves $$;
SELECT ok((t).kind = k AND (t).option_kind IS NULL AND (t).strike IS NULL AND (t).vega = 0 AND (t).value = CASE k WHEN 'spot' THEN 2 * 250 * 0.5 ELSE 0 END AND (t).years = 0
          AND (t).notional = 2 * CASE k WHEN 'spot' THEN 250 ELSE 240 END * 0.5 AND (t).delta = 2 * 250 * 0.5 AND (t).confidence = 0.7 AND (t).instrument = 'P' AND (t).underlying = 'BTC', 'terms of linear ' || k || ': ' || (t)::text)
  FROM unnest('{perpetual,future,spot}'::text[]) AS k, LATERAL pg_temp.found(pg_temp.terms_of(jsonb_build_object('kind', k, 'contract_size', 2, 'expiry', CASE k WHEN 'future' THEN '2026-04-11Z' END)), contract_market(250, spot => CASE k WHEN 'spot' THEN NULL ELSE 240 END, settlement_price => 0.5, confidence => 0.7)) AS t;
SELECT ok((t).initial_haircut = 0.2 AND (t).maintenance_haircut = 0.1, 'haircuts of spot') FROM pg_temp.found(pg_temp.terms_of('{"kind": "spot"}'), contract_market(250, initial_haircut => 0.2, maintenance_haircut => 0.1)) AS t;
SELECT ok(pg_temp.near((t).notional, 100 / 250.0 * 300) AND pg_temp.near((t).delta, 100 / 250.0 * 300), 'terms of inverse, ' || m) FROM unnest('{false,true}'::boolean[]) AS m, LATERAL pg_temp.found(pg_temp.terms_of('{"payoff": "inverse", "settlement_asset": "BTC", "contract_size": 100}'), contract_market(250, settlement_price => 300, settlement_moves => m)) AS t;
-- discounts of long and short values
SELECT ok(pg_temp.near((t).long_discount, 0.95 * exp(-100 / 365.0 * (0.05 * 2 + 0.16))) AND pg_temp.near((t).short_discount, least(exp(0.05 * 100 / 365.0), 1.002 * exp(100 / 365.0 * (0.05 * 0.1 + 0.01)))), 'discounts')
  FROM (SELECT risk_terms(scenario_pnl(pg_temp.option_of('call', 100), contract_market(110, 0.8, 0.05), '2026-01-01', pg_temp.set_of('[{}]', '{"law": {"long_discount": 0.95, "long_rate_scale": 2, "long_rate_add": 0.16, "short_discount": 1.002, "short_rate_scale": 0.1, "short_rate_add": 0.01}}'))) AS t) AS x;
SELECT ok(pg_temp.near((t).short_discount, exp(0.05 * 100 / 365.0)), 'short: the lesser') FROM (SELECT risk_terms(scenario_pnl(pg_temp.option_of('call', 100), contract_market(110, 0.8, 0.05), '2026-01-01', pg_temp.set_of('[{}]', '{"law": {"short_discount": 1.05}}'))) AS t) AS x;
SELECT ok((t).short_discount = 1, 'NULL: 1 whatever the rate') FROM (SELECT risk_terms(scenario_pnl(pg_temp.option_of('call', 100), contract_market(110, 0.8, 0.05), '2026-01-01', pg_temp.set_of('[{}]', '{"law": {"short_rate_scale": 3}}'))) AS t) AS x;
SELECT ok((t).short_discount = 1 AND (t).long_discount = 1, 'what is no option has none') FROM (SELECT risk_terms(scenario_pnl(pg_temp.terms_of('{"kind": "future", "expiry": "2026-04-11Z"}'), contract_market(110, rate => 0.05), '2026-01-01', pg_temp.set_of('[{}]', '{"law": {"long_discount": 0.5, "short_discount": 1.05, "long_rate_add": 1}}'))) AS t) AS x;

-- ---- NULL ----
SELECT ok(scenario_pnl(NULL, contract_market(1), '2026-01-01', s) IS NULL AND scenario_pnl(pg_temp.terms_of(), NULL, '2026-01-01', s) IS NULL AND scenario_pnl(pg_temp.terms_of(), contract_market(1), NULL, s) IS NULL
      AND scenario_pnl(pg_temp.terms_of(), contract_market(1), '2026-01-01', NULL) IS NULL AND scenario_profits(NULL) IS NULL AND risk_terms(NULL) IS NULL, 'NULL gives NULL') FROM moves;

-- ---- a portfolio of everything, by brute force over its profits ----
CREATE TEMP TABLE wide AS SELECT pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', round((0.9 * sin(n * n))::numeric, 3) * 0.3, 'vol_shock', round((cos(3 * n * n))::numeric, 3) * 0.4) || CASE n % 7 WHEN 0 THEN '{"weight": 0.35}' WHEN 3 THEN '{"weight": 0}' WHEN 4 THEN '{"weight": 2.5}' WHEN 5 THEN '{"both_ways": true}' ELSE '{}' END::jsonb
      || CASE WHEN n % 50 = 17 THEN '{"contingency": true}' ELSE '{}' END::jsonb ORDER BY n) FROM generate_series(1, 400) AS n),
    '{"law": {"long_discount": 0.9, "long_rate_add": 0.16, "long_rate_scale": 1, "short_discount": 1.02, "short_rate_add": 0.2}}') AS s;
CREATE TEMP TABLE held AS
SELECT row_number() OVER () AS i, q, c, scenario_pnl(c, m, '2026-01-01', s) AS v, (c).kind, CASE (c).kind WHEN 'option' THEN (c).expiry::text ELSE '' END AS grp
  FROM wide, (
    SELECT 3.7::float8 * (n % 5 - 2) - 0.1 * n AS q, pg_temp.option_of(k, strike, jsonb_build_object('instrument', format('%s-%s-%s', k, strike, e), 'expiry', e)) AS c, contract_market(105 + 2 * extract(month FROM e)::float8, 0.5 + 0.001 * strike, 0.05, 105) AS m
      FROM (SELECT *, row_number() OVER () AS n FROM unnest('{2026-01-02 08:00Z,2026-02-01 08:00Z,2026-06-26 08:00Z}'::timestamptz[]) AS e, unnest('{80,100,120}'::float8[]) AS strike, unnest('{call,put}'::text[]) AS k) AS o
    UNION ALL SELECT -7.3, pg_temp.terms_of('{"instrument": "PERP"}'), contract_market(105)
    UNION ALL SELECT 2.9, pg_temp.terms_of('{"instrument": "FUT", "kind": "future", "expiry": "2026-06-26 08:00Z"}'), contract_market(109, spot => 105)
    UNION ALL SELECT 1.1, pg_temp.terms_of('{"instrument": "SPOT", "kind": "spot"}'), contract_market(105, initial_haircut => 0.2, maintenance_haircut => 0.1, confidence => 0.4)
    UNION ALL SELECT 0.013, pg_temp.terms_of('{"instrument": "INV", "payoff": "inverse", "contract_size": 100, "settlement_asset": "BTC"}'), contract_market(104, settlement_price => 105, settlement_moves => true)) AS x;
-- options of one expiry: discounted value in the scenario less present value; the others together their profit; a loss when the scenario goes both ways; all times the weight
CREATE TEMP TABLE brute AS
SELECT n, w * sum(CASE WHEN two_ways THEN -abs(p) ELSE p END) AS pnl
  FROM (SELECT n, grp, coalesce((z).weight, 1) AS w, coalesce((z).both_ways, false) AS two_ways, bool_or(kind = 'option') AS opt, coalesce((z).contingency, false) AS cont,
               CASE WHEN bool_or(kind = 'option') THEN sum(q * (p + (t).value)) * CASE WHEN sum(q * (p + (t).value)) > 0 THEN min((t).long_discount) ELSE min((t).short_discount) END - sum(q * (t).value) ELSE sum(q * p) END AS p
          FROM (SELECT *, risk_terms(v) AS t FROM held) AS h, unnest(scenario_profits(v)) WITH ORDINALITY AS u (p, n), LATERAL (SELECT (s).scenarios[n] AS z FROM wide) AS z
         GROUP BY n, grp, z) AS g WHERE NOT cont GROUP BY n, w;
CREATE TEMP TABLE total AS SELECT portfolio_margin(q, v) AS m FROM held;
SELECT ok(bool_and(pg_temp.near((m).pnl[n], pnl, 1e-11)), 'profits of the portfolio in every scenario that is no contingency') FROM brute, total;
SELECT is(cardinality((m).pnl), 400, 'all of them') FROM total;
SELECT ok(pg_temp.near((m).initial_loss, i, 1e-11) AND pg_temp.near((m).initial_margin, i, 1e-11) AND pg_temp.near((m).maintenance_loss, k, 1e-11) AND (m).components = '{}', format('expected shortfall at 99 and 97.5 %%: %s %s', (m).initial_loss, i))
  FROM total, (SELECT greatest(expected_shortfall(pnl, 0.99), 0) AS i, greatest(expected_shortfall(pnl, 0.975), 0) AS k FROM brute) AS b;
SELECT ok(pg_temp.near((m).worst_pnl, pnl, 1e-11) AND (m).worst_scenario = n, 'the worst') FROM total, (SELECT n, pnl FROM brute ORDER BY pnl LIMIT 1) AS b;
SELECT ok(pg_temp.near((m).value, value) AND pg_temp.near((m).notional, notional) AND pg_temp.near((m).delta, delta) AND pg_temp.near((m).vega, vega) AND (m).positions = 22, 'sums: ' || (m).positions)
  FROM total, (SELECT sum(q * (t).value) AS value, sum(abs(q) * (t).notional) AS notional, sum(q * (t).delta) AS delta, sum(q * (t).vega) AS vega FROM (SELECT *, risk_terms(v) AS t FROM held) AS h) AS b;
SELECT ok(pg_temp.near((m).initial_loss, i, 1e-11) AND pg_temp.near((m).maintenance_loss, k, 1e-11), format('%s at %s and %s', measure, a, b))
  FROM unnest('{worst,value_at_risk,expected_shortfall}'::text[]) AS measure, (VALUES (0.99::float8, 0.975::float8), (0.5, 0.9), (0.999, 0.6), (0.9, 0.0001), (NULL, NULL)) AS v (a, b),
       LATERAL (SELECT portfolio_margin(q, held.v, pg_temp.method_of(jsonb_build_object('measure', measure, 'initial_confidence', a, 'maintenance_confidence', b, 'initial_factor', 1.5, 'maintenance_factor', 0.8))) AS m FROM held) AS m,
       LATERAL (SELECT 1.5 * greatest(CASE measure WHEN 'worst' THEN -min(pnl) WHEN 'value_at_risk' THEN value_at_risk(pnl, coalesce(a, 0.99)) ELSE expected_shortfall(pnl, coalesce(a, 0.99)) END, 0) AS i,
                       0.8 * greatest(CASE measure WHEN 'worst' THEN -min(pnl) WHEN 'value_at_risk' THEN value_at_risk(pnl, coalesce(b, 0.975)) ELSE expected_shortfall(pnl, coalesce(b, 0.975)) END, 0) AS k FROM brute) AS b;
SELECT ok((a).initial_loss = (b).initial_loss AND (a).maintenance_loss = (b).maintenance_loss, 'a method of NULLs is expected shortfall') FROM (SELECT portfolio_margin(q, v) AS a, portfolio_margin(q, v, pg_temp.method_of('{}')) AS b FROM held) AS x;

-- random accounts of these instruments, the components by brute force too; contingencies are not discounted, as Derive does it
CREATE TEMP TABLE accounts AS SELECT a, i, round((sin(a * 131.0 + i * 17.0) * 9)::numeric, 2)::float8 AS q, v, kind, grp, c, risk_terms(v) AS t FROM held, generate_series(1, 15) AS a WHERE hashint4((a * 1000 + i)::integer) % 3 <> 0;
CREATE TEMP TABLE group_pnl AS
SELECT a, n, grp, bool_or(kind = 'option') AS opt, coalesce((z).contingency, false) AS cont, min((t).years) FILTER (WHERE kind = 'option') AS years, coalesce((z).weight, 1) * CASE WHEN coalesce((z).both_ways, false) THEN -abs(x) ELSE x END AS p
  FROM wide, generate_series(1, 400) AS n, LATERAL (SELECT (wide.s).scenarios[n] AS z) AS z, LATERAL (
      SELECT a, grp, kind, t, q, CASE WHEN kind = 'option' AND (z).contingency IS NOT TRUE THEN sum(q * (pr[n] + (t).value)) OVER w * CASE WHEN sum(q * (pr[n] + (t).value)) OVER w > 0 THEN (t).long_discount ELSE (t).short_discount END - sum(q * (t).value) OVER w ELSE sum(q * pr[n]) OVER w END AS x
        FROM (SELECT *, scenario_profits(v) AS pr FROM accounts) AS h WINDOW w AS (PARTITION BY a, grp)) AS g
 GROUP BY a, n, grp, z, x;
CREATE TEMP TABLE account_pnl AS SELECT a, n, cont, sum(p) AS p FROM group_pnl GROUP BY a, n, cont;
CREATE TEMP TABLE computed AS SELECT a, portfolio_margin(q, v, pg_temp.method_of('{"measure": "expected_shortfall", "initial_confidence": 0.97, "maintenance_confidence": 0.9, "components": [{"name": "c", "kind": "contingency", "initial": 0.9, "maintenance": 0.2, "slope": 2}, {"name": "n", "kind": "notional", "initial": 0.03, "maintenance": 0.01, "kinds": ["perpetual", "option"]},
    {"name": "s", "kind": "naked_short", "initial": 0.02, "maintenance": 0.005}, {"name": "v", "kind": "vega", "initial": 0.3, "maintenance": 0.1}, {"name": "h", "kind": "haircut", "initial": 1, "maintenance": 1}]}') ORDER BY hashint4(i::integer)) AS m FROM accounts GROUP BY a;
SELECT ok(bool_and(pg_temp.near((m).pnl[n], p, 1e-10)), 'random accounts: profits') FROM computed JOIN account_pnl USING (a);
CREATE TEMP TABLE charged AS
SELECT a, es.*, cont.*, noti.*, naked.*, vegas.*, hair.*, m FROM computed AS k,
    LATERAL (SELECT greatest(expected_shortfall(p, 0.97), 0) AS es_i, greatest(expected_shortfall(p, 0.9), 0) AS es_m FROM account_pnl AS x WHERE x.a = k.a AND NOT cont) AS es,
    LATERAL (SELECT sum(-least(low, 0) * (1 + 2 * coalesce(years, 0))) AS basis FROM (SELECT grp, years, min(p) AS low FROM group_pnl AS g WHERE g.a = k.a AND cont GROUP BY grp, years) AS x) AS cont,
    LATERAL (SELECT coalesce(sum(abs(q) * (t).notional) FILTER (WHERE kind IN ('perpetual', 'option')), 0) AS notional FROM accounts AS x WHERE x.a = k.a) AS noti,
    LATERAL (SELECT coalesce(sum(greatest(-net, 0)), 0) AS naked FROM (SELECT sum(q) * min((t).notional) AS net FROM accounts AS x WHERE x.a = k.a AND kind = 'option' GROUP BY grp, (t).strike) AS x) AS naked,
    LATERAL (SELECT least(coalesce(sum(v) FILTER (WHERE v > 0), 0), -coalesce(sum(v) FILTER (WHERE v < 0), 0)) AS hedged FROM (SELECT sum(q * (t).vega) AS v FROM accounts AS x WHERE x.a = k.a AND kind = 'option' GROUP BY grp) AS x) AS vegas,
    LATERAL (SELECT coalesce(sum(greatest(q, 0) * (t).value * (t).initial_haircut), 0) AS hair_i, coalesce(sum(greatest(q, 0) * (t).value * (t).maintenance_haircut), 0) AS hair_m FROM accounts AS x WHERE x.a = k.a AND kind = 'spot') AS hair;
SELECT ok(bool_and(pg_temp.near((m).initial_loss, greatest(es_i, 0.9 * basis), 1e-10) AND pg_temp.near((m).maintenance_loss, greatest(es_m, 0.2 * basis), 1e-10)) AND bool_or(0.9 * basis > es_i) AND bool_or(0.9 * basis < es_i), 'random accounts: losses and contingencies') FROM charged;
SELECT ok(bool_and(pg_temp.near((m).components[2].initial, 0.03 * notional, 1e-10) AND pg_temp.near((m).components[2].maintenance, 0.01 * notional, 1e-10)), 'random accounts: notional') FROM charged;
SELECT ok(bool_and(pg_temp.near((m).components[3].initial, 0.02 * naked, 1e-10) AND pg_temp.near((m).components[3].maintenance, 0.005 * naked, 1e-10)) AND bool_or(naked > 0), 'random accounts: naked shorts') FROM charged;
SELECT ok(bool_and(pg_temp.near((m).components[4].initial, 0.3 * hedged, 1e-10)) AND bool_or(hedged > 0), 'random accounts: vega') FROM charged;
SELECT ok(bool_and(pg_temp.near((m).components[5].initial, hair_i, 1e-10) AND pg_temp.near((m).components[5].maintenance, hair_m, 1e-10)) AND bool_or(hair_i > 0), 'random accounts: haircuts') FROM charged;
SELECT ok(bool_and(pg_temp.near((m).initial_margin, greatest(es_i, 0.9 * basis) + 0.03 * notional + 0.02 * naked + 0.3 * hedged + hair_i, 1e-10) AND pg_temp.near((m).maintenance_margin, greatest(es_m, 0.2 * basis) + 0.01 * notional + 0.005 * naked + 0.1 * hedged + hair_m, 1e-10)), 'random accounts: margins') FROM charged;

-- ---- order, plans, rows of one instrument ----
CREATE TEMP TABLE rich AS SELECT pg_temp.method_of('{"measure": "worst", "components": [{"name": "n", "kind": "notional", "initial": 0.01, "maintenance": 0.005}, {"name": "s", "kind": "naked_short", "initial": 0.002, "maintenance": 0.003},
    {"name": "b", "kind": "contingency", "initial": 0.5, "maintenance": 0.4, "slope": 2}, {"name": "c", "kind": "confidence", "initial": 0.7, "threshold": 0.55}, {"name": "m", "kind": "short_minimum", "initial": 0.1}, {"name": "d", "kind": "delta_minimum", "initial": 0.02, "slope": 0.5}, {"name": "v", "kind": "vega", "initial": 0.3}, {"name": "h", "kind": "haircut", "initial": 1, "maintenance": 1}]}') AS method;
CREATE TEMP TABLE reference AS SELECT portfolio_margin(q, v, method)::text AS m, portfolio_margin(q, v)::text AS plain FROM held, rich;
SELECT ok(bool_and(m = (SELECT m FROM reference) AND plain = (SELECT plain FROM reference)), 'the same bits in 20 orders')
  FROM (SELECT portfolio_margin(q, v, method ORDER BY hashint4((i * 1000 + n)::integer))::text AS m, portfolio_margin(q, v ORDER BY hashint4((i * 7777 + n)::integer))::text AS plain FROM held, rich, generate_series(1, 20) AS n GROUP BY n) AS x;
SELECT is(portfolio_margin(q, v, method ORDER BY i DESC)::text, (SELECT m FROM reference), 'backwards') FROM held, rich;
SELECT is(count(DISTINCT m), 1::bigint, 'rows of one instrument add up exactly, in any order')
  FROM (SELECT portfolio_margin(part, v, method ORDER BY hashint4((i * 1000 + n * 13 + k)::integer))::text AS m
          FROM held, rich, generate_series(1, 20) AS n, LATERAL (VALUES (1, q), (2, 0.1), (3, 0.2), (4, -0.3), (5, 1e16), (6, 1.25), (7, -1e16), (8, 1e-17), (9, NULL)) AS p (k, part) GROUP BY n) AS x;
SELECT is(portfolio_margin(part, v, method)::text, (SELECT m FROM reference), 'what cancels is gone')
  FROM held, rich, LATERAL (VALUES (q), (1e300), (0.3), (-1e300), (-0.3), (0), ('-0'), (1e-300), (-1e-300)) AS p (part);
CREATE TEMP TABLE huge AS SELECT n, (SELECT array_agg(q ORDER BY hashint4(n * 100 + k::int)) FROM unnest('{1.7e308,1.7e308,-1.7e308,-1.7e308,0.5}'::float8[]) WITH ORDINALITY AS q (q, k)) AS q FROM generate_series(1, 30) AS n;
DO $$ BEGIN
    ALTER TABLE huge ADD got text;
    FOR i IN 1..30 LOOP
        BEGIN
            UPDATE huge SET got = (SELECT portfolio_margin(x.q, v ORDER BY k)::text FROM unnest(huge.q) WITH ORDINALITY AS x (q, k), held WHERE held.i = 1) WHERE n = i;
        EXCEPTION WHEN numeric_value_out_of_range THEN UPDATE huge SET got = '22003' WHERE n = i;
        END;
    END LOOP;
END $$;
SELECT is(count(DISTINCT got), 1::bigint, 'huge quantities that cancel: the same in any order: ' || string_agg(DISTINCT left(got, 20), ' ')) FROM huge;
SELECT is(max(got), (SELECT portfolio_margin(0.5, v)::text FROM held WHERE i = 1), 'and what is left of them') FROM huge;
-- vectors from a table, large ones beside rows: out of line, compressed, in other columns
CREATE TEMP TABLE stored AS SELECT n, scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', 'P' || n)), contract_market(100 + n), '2026-01-01', s) AS v FROM generate_series(1, 8) AS n, (SELECT pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', 0.3 * sin(k))) FROM generate_series(1, 5000) AS k)) AS s OFFSET 0) AS s;
SELECT is((portfolio_margin((-1) ^ n * n, v)).initial_loss, (portfolio_margin((-1) ^ n * n, v::text::risk_vector ORDER BY n DESC)).initial_loss, 'vectors of 5,000 from a table') FROM stored;
SELECT ok(pg_temp.near((portfolio_margin((-1) ^ n * n, v)).initial_loss, (SELECT expected_shortfall(pnl, 0.99) FROM (SELECT sum((-1) ^ n * n * x.p) AS pnl FROM stored, unnest(scenario_profits(v)) WITH ORDINALITY AS x (p, k) GROUP BY k) AS y), 1e-11), 'and what they say') FROM stored;
SELECT is(portfolio_margin(x, v)::text, (SELECT portfolio_margin(y, v)::text FROM held, (VALUES (0.3::float8 * 1.25)) AS z (y) WHERE i = 1), 'sums that doubles hold') FROM held, (VALUES (0.3::float8), (0.3::float8 * 1.25 - 0.3::float8)) AS z (x) WHERE i = 1;
CREATE TEMP TABLE many AS SELECT a, i, q * (1 + a * 0.01) AS q, v FROM held, generate_series(1, 50) AS a ORDER BY hashint4((a * 100 + i)::integer);
ANALYZE many;
SET LOCAL enable_hashagg = on; SET LOCAL enable_sort = off;
CREATE TEMP TABLE by_hash AS SELECT a, portfolio_margin(q, v, method)::text AS m FROM many, rich GROUP BY a;
SET LOCAL enable_hashagg = off; SET LOCAL enable_sort = on;
CREATE TEMP TABLE by_sort AS SELECT a, portfolio_margin(q, v, method)::text AS m FROM many, rich GROUP BY a;
SET LOCAL enable_hashagg = on;
SELECT is((SELECT count(*) FROM by_hash JOIN by_sort USING (a, m)), 50::bigint, 'hash and sort plans');
SELECT is(count(DISTINCT m), 1::bigint, 'OVER ()') FROM (SELECT portfolio_margin(q, v, method) OVER ()::text AS m FROM held, rich UNION SELECT m FROM reference) AS x;
SELECT is((SELECT count(*) FROM (SELECT DISTINCT a, portfolio_margin(q, v, method) OVER (PARTITION BY a)::text AS m FROM many, rich) AS x JOIN by_sort USING (a, m)), 50::bigint, 'partitions');
SELECT ok(bool_and(m = (SELECT portfolio_margin(q, v, method)::text FROM held, rich WHERE i <= x.i)), 'running') FROM (SELECT i, portfolio_margin(q, v, method) OVER (ORDER BY i)::text AS m FROM held, rich) AS x;
SELECT ok(bool_and(m = (SELECT portfolio_margin(q, v, method)::text FROM held, rich WHERE i BETWEEN x.i - 2 AND x.i)), 'moving') FROM (SELECT i, portfolio_margin(q, v, method) OVER (ORDER BY i ROWS 2 PRECEDING)::text AS m FROM held, rich) AS x;
SELECT is(count(*), 4::bigint, 'grouping sets') FROM (SELECT i % 3 AS r, portfolio_margin(q, v, method)::text AS m FROM held, rich GROUP BY ROLLUP (i % 3)) AS x
  JOIN (SELECT i % 3 AS r, portfolio_margin(q, v, method)::text AS m FROM held, rich GROUP BY 1 UNION ALL SELECT NULL, m FROM reference) AS y ON x.r IS NOT DISTINCT FROM y.r AND x.m = y.m;

-- ---- nothing, and next to nothing ----
SELECT is(portfolio_margin(q, v), NULL, 'no rows') FROM held WHERE false;
SELECT is(portfolio_margin(q, v, method), NULL, 'no rows, with a method') FROM held, rich WHERE false;
SELECT is(portfolio_margin(NULL, v), NULL, 'no quantity') FROM held;
SELECT is(portfolio_margin(q, NULL), NULL, 'no vector') FROM held;
SELECT is(portfolio_margin(q, v, NULL), portfolio_margin(q, v), 'no method') FROM held;
SELECT throws_ok('SELECT portfolio_margin(q, v, CASE WHEN n > 1 THEN pg_temp.method_of(''{}'') END) FROM (SELECT *, row_number() OVER () AS n FROM held) AS h', '22023', 'the method of a portfolio is NULL in some rows');
SELECT is(portfolio_margin(CASE WHEN k = 1 THEN q END, CASE WHEN k < 3 THEN v END, method)::text, (SELECT m FROM reference), 'rows with NULL are skipped') FROM held, rich, generate_series(1, 3) AS k;
SELECT ok((m).positions = 0 AND (m).initial_margin = 0 AND (m).maintenance_margin = 0 AND (m).worst_scenario IS NULL AND (m).worst_pnl = 0 AND (m).notional = 0 AND (m).pnl = array_fill(0::float8, ARRAY[400]) AND cardinality((m).components) = 8, 'quantity 0: ' || (m).positions) FROM (SELECT portfolio_margin(0, v, method) AS m FROM held, rich) AS x;
SELECT is(portfolio_margin(CASE WHEN k = 1 THEN q ELSE 0 END, v, method)::text, (SELECT m FROM reference), '0 beside others') FROM held, rich, generate_series(1, 2) AS k;
SELECT is(portfolio_margin('-0', v)::text, portfolio_margin(0, v)::text, 'and -0') FROM held;
SELECT ok((m).worst_scenario IS NULL AND (m).worst_pnl = 0 AND (m).initial_margin = 0 AND (m).initial_loss = 0, 'what never loses has no worst') FROM (SELECT portfolio_margin(1, scenario_pnl(pg_temp.terms_of(), contract_market(100), '2026-01-01', pg_temp.set_of('[{"price_shock": 0.1}, {}, {"price_shock": 0.2}]'))) AS m) AS x;
SELECT is((portfolio_margin(1, scenario_pnl(pg_temp.terms_of(), contract_market(100), '2026-01-01', pg_temp.set_of('[{"price_shock": -0.1}, {"price_shock": -0.1}]')))).worst_scenario, 1, 'of equals the first');

-- ---- text ----
SELECT ok(bool_and(v::text::risk_vector::text = v::text AND scenario_profits(v::text::risk_vector) = scenario_profits(v) AND risk_terms(v::text::risk_vector) = risk_terms(v) AND upper(substr(v::text, 3)) <> '' AND ('\x' || upper(substr(v::text, 3)))::risk_vector::text = v::text
              AND encode(risk_vector_send(v), 'hex') = substr(v::text, 3)), 'round trip') FROM held;
SELECT is(portfolio_margin(q, v::text::risk_vector, method)::text, (SELECT m FROM reference), 'and they add up as before') FROM held, rich;

-- ---- components by hand. Names: underlying, kind (P perpetual, F future, S spot, C call, U put, K call at 120), confidence (1: 0.5, 2: 0.8) ----
CREATE FUNCTION pg_temp.account(q float8[], names text[], components jsonb, more jsonb DEFAULT '{}', law jsonb DEFAULT NULL) RETURNS portfolio_margin LANGUAGE sql AS $$
    SELECT portfolio_margin(q, scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', i, 'underlying', left(i, 1)) || CASE
                   WHEN i ~ '[CUK]' THEN jsonb_build_object('kind', 'option', 'option_kind', CASE WHEN i ~ 'U' THEN 'put' ELSE 'call' END, 'strike', CASE WHEN i ~ 'K' THEN 120 ELSE 100 END, 'premium', 'currency', 'expiry', CASE WHEN i ~ 'L' THEN '2026-07-20Z' ELSE '2026-04-11Z' END)
                   WHEN i ~ 'S' THEN '{"kind": "spot"}' WHEN i ~ 'F' THEN '{"kind": "future", "expiry": "2026-04-11Z"}' ELSE '{}' END::jsonb),
               contract_market(100, 0.8, confidence => CASE WHEN i ~ '1' THEN 0.5 WHEN i ~ '2' THEN 0.8 ELSE 1 END, initial_haircut => CASE WHEN i ~ 'S' THEN 0.2 ELSE 0 END, maintenance_haircut => CASE WHEN i ~ 'S' THEN 0.1 ELSE 0 END), '2026-01-01',
               pg_temp.set_of('[{"price_shock": 0.01}, {"price_shock": -0.01}, {"price_shock": 0.1, "contingency": true, "weight": 3}, {"price_shock": -0.2, "contingency": true}]', jsonb_build_object('law', law))),
           pg_temp.method_of('{"measure": "worst"}' || more || jsonb_build_object('components', components))) FROM unnest(q, names) AS u (q, i) $$;
CREATE FUNCTION pg_temp.charge(kind text, q float8[], names text[], more jsonb DEFAULT '{}') RETURNS component_amount LANGUAGE sql AS $$
    SELECT (pg_temp.account(q, names, jsonb_build_array(jsonb_build_object('name', 'it', 'kind', kind, 'initial', 1, 'maintenance', 0.5) || more))).components[1] $$;
CREATE TEMP TABLE greeks AS SELECT i, risk_terms(scenario_pnl(pg_temp.option_of(k, s, jsonb_build_object('expiry', e)), contract_market(100, 0.8), '2026-01-01', pg_temp.set_of('[{}]'))) AS t FROM (VALUES ('AC', 'call', 100, '2026-04-11Z'), ('AU', 'put', 100, '2026-04-11Z'), ('AK', 'call', 120, '2026-04-11Z'), ('ACL', 'call', 100, '2026-07-20Z')) AS v (i, k, s, e);
CREATE FUNCTION pg_temp.vega(i text) RETURNS float8 LANGUAGE sql AS $$ SELECT (t).vega FROM greeks AS g WHERE g.i = vega.i $$;
CREATE FUNCTION pg_temp.black(i text, f float8) RETURNS float8 LANGUAGE sql AS $$ SELECT black76_price((t).option_kind, f, (t).strike, (t).years, 0.8) FROM greeks AS g WHERE g.i = black.i $$;
SELECT ok(pg_temp.near((c).initial, amount) AND pg_temp.near((c).maintenance, amount / 2) AND (c).name = 'it', format('%s of %s %s: %s', kind, q, names, c))
  FROM (VALUES
    ('notional', '{2,-3,1,-4}'::float8[], '{AP,AC,AS,BF}'::text[], '{}'::jsonb, 1000::float8), ('notional', '{2,-3,1,-4}', '{AP,AC,AS,BF}', '{"kinds": ["perpetual", "future"]}', 600), ('notional', '{2,-3,1,-4}', '{AP,AC,AS,BF}', '{"kinds": ["option"]}', 300), ('notional', '{2}', '{AP}', '{"kinds": ["spot"]}', 0), ('notional', '{2}', '{AP}', '{"kinds": null}', 200),
    ('naked_short', '{-2,3,-1}', '{AC,AU,AK}', '{}', 100), ('naked_short', '{-2,3,-1}', '{AC,AU,AP}', '{}', 0), ('naked_short', '{-2,-3,1}', '{AC,AU,BC}', '{}', 500), ('naked_short', '{-2,-3,7}', '{AC,AU,AK}', '{}', 500), ('naked_short', '{-2,5}', '{AC,ACL}', '{}', 200), ('naked_short', '{-2,5}', '{AP,AS}', '{}', 0),
    ('confidence', '{-10}', '{AP1}', '{}', 500), ('confidence', '{10}', '{AP2}', '{}', 200), ('confidence', '{10}', '{AP2}', '{"threshold": 0.8}', 0), ('confidence', '{10}', '{AP2}', '{"threshold": 0.81}', 200), ('confidence', '{10,-5}', '{AC1,AU2}', '{}', 750), ('confidence', '{10,1}', '{AC,BU1}', '{}', 50), ('confidence', '{10,1}', '{AC,AU1L}', '{}', 50), ('confidence', '{10}', '{AS1}', '{}', 500), ('confidence', '{10,10}', '{AP,BP1}', '{}', 500), ('confidence', '{10,10}', '{AP,AF1}', '{}', 1000), ('confidence', '{10,1}', '{AC,AP1}', '{}', 550), ('confidence', '{10,1}', '{AC,BP1}', '{}', 50),
    ('vega', '{10,-4}', '{AC,AU}', '{}', 0)) AS v (kind, q, names, more, amount), LATERAL pg_temp.charge(kind, q, names, more) AS c;
SELECT ok(pg_temp.near((c).initial, 10 * pg_temp.vega('AC')) AND pg_temp.near((c).maintenance, 5 * pg_temp.vega('AC')), 'vega: what longs of one expiry hedge of shorts of another: ' || b) FROM unnest('{BC,ACL}'::text[]) AS b, LATERAL pg_temp.charge('vega', '{10,-30}', ARRAY['AC', b]) AS c;
SELECT ok((c).initial = 200 AND (c).maintenance = 100, 'haircuts of spot') FROM pg_temp.charge('haircut', '{10,3}', '{AS,AP}', '{"maintenance": 1}') AS c;
SELECT ok((c).initial = 0 AND (c).maintenance = 0, 'none of what is owed') FROM pg_temp.charge('haircut', '{-10}', '{AS}', '{"maintenance": 1}') AS c;
SELECT ok((c).initial = 200 AND (c).maintenance = 100, 'haircuts are those of the contracts: ' || (c)::text) FROM pg_temp.charge('haircut', '{10}', '{AS}', '{"initial": 0.5, "maintenance": 0.5}') AS c;
SELECT is(pg_temp.charge(k, '{10,-4,-3,-20,2}', '{AP,BP1,AC,ACL,AS}', '{"initial": null, "maintenance": null}')::text, '(it,0,0)', 'rates of NULL are 0: ' || k) FROM unnest('{notional,naked_short,confidence,short_minimum,delta_minimum,vega,contingency}'::text[]) AS k;
SELECT ok(pg_temp.near((m).pnl, '{-20}'), 'both ways: what is no option too: ' || (m).pnl::text) FROM (SELECT portfolio_margin(2, scenario_pnl(pg_temp.terms_of(), contract_market(100), '2026-01-01', s)) AS m FROM (SELECT pg_temp.set_of('[{"price_shock": 0.1, "both_ways": true}]') AS s) AS s) AS x;
-- charges beside the loss add up; minima raise what there is; a contingency stands for the loss
SELECT ok(pg_temp.near((m).initial_loss, 2 * 0.01 * 600) AND pg_temp.near((m).maintenance_loss, 3 * 0.01 * 600) AND pg_temp.near((m).initial_margin, 2 * 0.01 * 600 + 0.1 * 1400 + 0.01 * 1400) AND pg_temp.near((m).maintenance_margin, 3 * 0.01 * 600 + 0.05 * 1400) AND (m).worst_scenario = 2 AND pg_temp.near((m).worst_pnl, -6), 'two charges')
  FROM pg_temp.account('{10,-4}', '{AP,BP}', '[{"name": "a", "kind": "notional", "initial": 0.1, "maintenance": 0.05}, {"name": "b", "kind": "notional", "initial": 0.01}]', '{"initial_factor": 2, "maintenance_factor": 3}') AS m;
SELECT ok(pg_temp.near((m).initial_loss, 10) AND pg_temp.near((m).initial_margin, greatest(10, rate * (1000 + 0))) AND pg_temp.near((c).initial, greatest(rate * 1000 - 10, 0)), 'delta_minimum at ' || rate) FROM unnest('{0,0.009,0.011,1}'::float8[]) AS rate, LATERAL pg_temp.account('{10}', '{AP}', jsonb_build_array(jsonb_build_object('name', 'd', 'kind', 'delta_minimum', 'initial', rate, 'slope', 0.5))) AS m, LATERAL (SELECT (m).components[1] AS c) AS c;
SELECT ok(pg_temp.near((m).initial_margin, 0.1 * (600 + 0.5 * 400)), 'delta_minimum: hedged delta of one underlying') FROM pg_temp.account('{10,-4}', '{AP,AF}', '[{"name": "d", "kind": "delta_minimum", "initial": 0.1, "slope": 0.5}]') AS m;
SELECT ok(pg_temp.near((m).initial_margin, 0.1 * (1000 + 400)), 'delta_minimum: deltas of two underlyings do not net') FROM pg_temp.account('{10,-4}', '{AP,BP}', '[{"name": "d", "kind": "delta_minimum", "initial": 0.1, "slope": 0.5}]') AS m;
SELECT ok(pg_temp.near((m).initial_margin, greatest((m).initial_loss, rate * 3)), 'short_minimum at ' || rate) FROM unnest('{0,0.1,1,100}'::float8[]) AS rate, LATERAL pg_temp.account('{-2,3,-1}', '{AC,AU,AK}', jsonb_build_array(jsonb_build_object('name', 's', 'kind', 'short_minimum', 'initial', rate))) AS m;
SELECT ok(pg_temp.near((m).initial_margin, e) AND pg_temp.near((m).initial_loss, e) AND (m).worst_scenario IS NULL AND pg_temp.near((c).initial, e), format('contingency of %s %s', q, names))
  FROM (SELECT q, names, -1.3 * x * (1 + 0.5 * term) AS e FROM (VALUES ('{10}'::float8[], '{AP}'::text[], -200::float8, 0::float8), ('{-10}', '{AP}', -300, 0), ('{10,-4}', '{AP,BP}', -320, 0), ('{10}', '{AC}', 10 * (pg_temp.black('AC', 80) - pg_temp.black('AC', 100)), 100 / 365.0::float8), ('{-10}', '{AC}', 30 * (pg_temp.black('AC', 100) - pg_temp.black('AC', 110)), 100 / 365.0::float8),
            ('{10,-10}', '{AC,BC}', 10 * (pg_temp.black('AC', 80) - pg_temp.black('AC', 100)) + 30 * (pg_temp.black('AC', 100) - pg_temp.black('AC', 110)), 100 / 365.0::float8)) AS v (q, names, x, term)) AS v,
       LATERAL pg_temp.account(q, names, '[{"name": "c", "kind": "contingency", "initial": 1.3, "slope": 0.5}]') AS m, LATERAL (SELECT (m).components[1] AS c) AS c;
SELECT ok(pg_temp.near((m).initial_margin, 2 * 200 + 50) AND pg_temp.near((m).initial_loss, 2 * 200), 'a contingency has the factor, and charges on top') FROM pg_temp.account('{10}', '{AP}', '[{"name": "c", "kind": "contingency", "initial": 1}, {"name": "n", "kind": "notional", "initial": 0.05}]', '{"initial_factor": 2}') AS m;
SELECT ok(pg_temp.near((m).initial_loss, 10) AND (m).worst_scenario = 2, 'a contingency below the loss does not count') FROM pg_temp.account('{10}', '{AP}', '[{"name": "c", "kind": "contingency", "initial": 0.01}]') AS m;
SELECT ok((m).initial_loss = (m).initial_margin AND pg_temp.near((m).initial_loss, 10), 'without a component contingencies do not count') FROM pg_temp.account('{10}', '{AP}', '[]') AS m;
SELECT ok(pg_temp.near((m).initial_margin, (m).initial_loss + (SELECT sum(c.initial) FROM unnest((m).components) AS c)), 'components are what they add: ' || kind) FROM unnest('{notional,naked_short,confidence,short_minimum,delta_minimum,vega,haircut}'::text[]) AS kind, LATERAL pg_temp.account('{10,-4,-3,-20,2}', '{AP,BP1,AC,ACL,AS}', jsonb_build_array(jsonb_build_object('name', 'x', 'kind', kind, 'initial', 5.0))) AS m;
SELECT is(array_agg(c.name ORDER BY o), '{z,"",a,z}', 'names in order, and twice') FROM unnest((pg_temp.account('{1}', '{AP}', '[{"name": "z", "kind": "vega"}, {"name": "", "kind": "notional"}, {"name": "a", "kind": "haircut"}, {"name": "z", "kind": "notional"}]')).components) WITH ORDINALITY AS c (name, initial, maintenance, o);

-- ---- what gains on one underlying counts only in part against losses on others ----
SELECT ok(pg_temp.near((m).pnl, e) AND pg_temp.near((m).initial_margin, greatest(-least(e[1], e[2]), 0)), format('offset_share %s: %s', share, (m).pnl))
  FROM unnest('{0,0.25,1,NULL}'::float8[]) AS share, LATERAL pg_temp.account('{10,-4,-3,2}', '{AP,BP,DP,AS}', '[]', jsonb_build_object('offset_share', share)) AS m,
       -- 12 of A gain 12 or lose them, 7 of B and D the other way round; contingencies are not looked at
       LATERAL (SELECT ARRAY[12 * coalesce(share, 1) - 7, -12 + 7 * coalesce(share, 1), 3 * (120 * coalesce(share, 1) - 70), -240 + 140 * coalesce(share, 1)] AS e) AS e;
SELECT is(pg_temp.account('{10,-4,-3,2,-1}', '{AP,BP,DP,AS,AC}', '[{"name": "v", "kind": "vega", "initial": 0.5}]', '{"offset_share": 1}')::text, pg_temp.account('{10,-4,-3,2,-1}', '{AP,BP,DP,AS,AC}', '[{"name": "v", "kind": "vega", "initial": 0.5}]')::text, 'a share of 1 is none');
SELECT is(count(DISTINCT m), 1::bigint, 'a share, and any order') FROM (SELECT portfolio_margin(q, v, pg_temp.method_of('{"offset_share": 0.3}') ORDER BY hashint4(i * 100 + n))::text AS m
  FROM generate_series(1, 20) AS n, (SELECT i, 1.7 * (i % 5 - 2) + 0.1 AS q, scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', 'P' || i, 'underlying', 'U' || i % 3)), contract_market(100 + i / 7.0), '2026-01-01', s) AS v FROM wide, generate_series(1, 12) AS i) AS x GROUP BY n) AS x;

-- ---- what positions contribute ----
SELECT ok(bool_and(pg_temp.near(initial, (m).initial_margin, 1e-11) AND pg_temp.near(maintenance, (m).maintenance_margin, 1e-11)), format('contributions add up: %s, share %s', measure, share))
  FROM rich, unnest('{worst,value_at_risk,expected_shortfall}'::text[]) AS measure, unnest('{1,0.3}'::float8[]) AS share, LATERAL (SELECT jsonb_populate_record(method, jsonb_build_object('measure', measure, 'offset_share', share, 'initial_factor', 1.3)) AS used) AS u,
       LATERAL (SELECT a, portfolio_margin(q, v, used) AS m, margin_contributions(q, v, used) AS c FROM accounts GROUP BY a) AS x, LATERAL (SELECT sum((k).initial) AS initial, sum((k).maintenance) AS maintenance FROM unnest(c) AS k) AS s GROUP BY measure, share;
-- ES of a portfolio without discounts: the mean loss of each position in the scenarios of the tail
CREATE TEMP TABLE tail AS WITH s AS (SELECT pg_temp.set_of((SELECT jsonb_agg(jsonb_build_object('price_shock', 0.2 * sin(n * n), 'vol_shock', 0.3 * cos(7 * n * n))) FROM generate_series(1, 400) AS n)) AS s)
  SELECT i, round((sin(i * 17.0) * 9)::numeric, 2)::float8 AS q, (c).instrument, (c).underlying, scenario_pnl(c, CASE kind WHEN 'option' THEN contract_market(105, 0.6) ELSE contract_market(105) END, '2026-01-01', s) AS v FROM held, s;
SELECT ok(bool_and(pg_temp.near((k).initial, es99, 1e-11) AND pg_temp.near((k).maintenance, es975, 1e-11) AND (k).quantity = q AND pg_temp.near((k).value, q * (risk_terms(v)).value) AND (k).underlying = 'BTC') AND count(*) = 22, 'mean losses in the tail: ' || count(*))
  FROM unnest((SELECT margin_contributions(q, v) FROM tail)) AS k JOIN tail USING (instrument), LATERAL (
       SELECT -sum(p) FILTER (WHERE r <= 4) * q / 4 AS es99, -sum(p) FILTER (WHERE r <= 10) * q / 10 AS es975
         FROM (SELECT p, rank() OVER (ORDER BY total) AS r FROM unnest(scenario_profits(v), (SELECT (portfolio_margin(q, v)).pnl FROM tail)) AS u (p, total)) AS x) AS e;
SELECT is(count(DISTINCT c), 1::bigint, 'in any order of rows, and in parts') FROM (SELECT margin_contributions(part, v, method ORDER BY hashint4((i * 1000 + n + k)::integer))::text AS c FROM held, rich, generate_series(1, 10) AS n, LATERAL (VALUES (1, q), (2, 0.25), (3, -0.25)) AS p (k, part) GROUP BY n) AS x;
SELECT is(array_agg((k).instrument ORDER BY o), '{AP,AC,AK,AUL,BP,DP}', 'in the order of underlyings, expiries and names; a quantity of 0 is left out') FROM (SELECT margin_contributions(q, scenario_pnl(pg_temp.terms_of(jsonb_build_object('instrument', i, 'underlying', left(i, 1)) || CASE
       WHEN i ~ '[CUK]' THEN jsonb_build_object('kind', 'option', 'option_kind', 'call', 'strike', 100, 'expiry', CASE WHEN i ~ 'L' THEN '2026-07-20Z' ELSE '2026-04-11Z' END) ELSE '{}' END), contract_market(100, 0.8), '2026-01-01', pg_temp.set_of('[{"price_shock": 0.1}]'))) AS c
  FROM (VALUES ('DP', 1), ('AUL', 2), ('AK', 3), ('AP', -1), ('BP', 1), ('AC', 1), ('BQ', 0)) AS v (i, q)) AS x, unnest(c) WITH ORDINALITY AS k (instrument, underlying, quantity, value, initial, maintenance, o);
SELECT is(margin_contributions(q, v), NULL, 'no rows') FROM held WHERE false;
SELECT is(margin_contributions(0, v, method), '{}', 'no position') FROM held, rich;
SELECT is(margin_contributions(q, v, NULL), margin_contributions(q, v), 'no method') FROM held;
SELECT is((pg_temp.message('SELECT margin_contributions(''Infinity'', v) FROM held')).state, '22023', 'a quantity that is not finite');
SELECT is((pg_temp.message('SELECT margin_contributions(1e308, v) FROM held')).state, '22003', 'sums beyond the largest double');

-- ---- vectors that do not belong together ----
CREATE FUNCTION pg_temp.one(terms jsonb DEFAULT '{}', more jsonb DEFAULT '{}', scenarios jsonb DEFAULT '[{"price_shock": 0.1}, {"price_shock": -0.1}]', price float8 DEFAULT 100) RETURNS risk_vector LANGUAGE sql AS $$
    SELECT scenario_pnl(pg_temp.terms_of(terms), contract_market(price), '2026-01-01', pg_temp.set_of(scenarios, more)) $$;
SELECT ok(state = '22023' AND message ~ what, format('%s: %s %s', b, state, message))
  FROM (VALUES ($$pg_temp.one('{"instrument": "Q"}', '{"name": "other"}')$$, 'test.*other|other.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{"version": 2}')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{"version": null}')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{"name": null}')$$, 'name'),
      ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": 0.1}, {"price_shock": -0.11}]')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": 0.1}]')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": -0.1}, {"price_shock": 0.1}]')$$, 'test.*test'),
      ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": 0.1}, {"price_shock": -0.1, "weight": 0.5}]')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": 0.1}, {"price_shock": -0.1, "both_ways": true}]')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{}', '[{"price_shock": 0.1}, {"price_shock": -0.1, "contingency": true}]')$$, 'test.*test'),
      ($$pg_temp.one('{"instrument": "Q"}', '{"law": {"beta": 2}}')$$, 'test.*test'), ($$pg_temp.one('{"instrument": "Q"}', '{"factors": [{"factor": "X", "law": {"beta": 2}}]}')$$, 'test.*test'),
      ($$pg_temp.one('{}', '{}', '[{"price_shock": 0.1}, {"price_shock": -0.1}]', 101)$$, '\yP\y'), ($$pg_temp.one('{"contract_size": 2}')$$, '\yP\y'), ($$pg_temp.one('{"kind": "spot"}')$$, '\yP\y')) AS v (b, what),
       LATERAL pg_temp.message(format('SELECT portfolio_margin(1, v) FROM (VALUES (pg_temp.one()), (%s)) AS x (v)', b)) AS m;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(%s, v) FROM (VALUES (pg_temp.one()), (pg_temp.one(price => 101))) AS x (v)', q))).state, '22023', 'two vectors of one instrument, quantity ' || q) FROM unnest('{1,-1,1e-300}'::text[]) AS q;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(1, v) FROM (VALUES (pg_temp.one()), (pg_temp.one(%L))) AS x (v)', t))).state, '22023', 'with the same profits: ' || t)
  FROM unnest(ARRAY['{"kind": "future", "expiry": "2026-04-11Z"}', '{"underlying": "ETH"}', '{"payoff": "quanto", "settlement_asset": "XBT"}']) AS t WHERE t !~ 'quanto';
SELECT is((pg_temp.message(format('SELECT portfolio_margin(1, scenario_pnl(pg_temp.option_of(%L, 100, t::jsonb), contract_market(100, 0.8), %L, s)) FROM moves, unnest(ARRAY[%L, %L]) AS t', 'call', '2026-01-01', '{"instrument": "P"}', t))).state, '22023', 'options with the same profits: ' || t) FROM unnest(ARRAY['{"instrument": "P", "underlying": "SOL"}']) AS t;
CREATE TEMP TABLE twins AS SELECT row_number() OVER () AS i, q, scenario_pnl(pg_temp.option_of('call', k, jsonb_build_object('instrument', name, 'underlying', u)), contract_market(100, 0.8), '2026-01-01', s) AS v
  FROM moves, (VALUES (1.5, 100, 'A', 'BTC'), (-0.7, 100, 'A', 'ETH'), (2.2, 100, 'A', 'SOL'), (-3.1, 110, 'B', 'BTC'), (1, 110, 'B', 'ETH'), (-1, 110, 'C', 'SOL'), (0.3, 100, 'A', 'BTC')) AS x (q, k, name, u);
CREATE TEMP TABLE twin_orders (n int, got text);
DO $$ BEGIN
    FOR n IN 1..30 LOOP
        BEGIN
            INSERT INTO twin_orders SELECT n, portfolio_margin(q, v, method ORDER BY hashint4((i * 100 + n)::integer))::text FROM twins, rich;
        EXCEPTION WHEN invalid_parameter_value THEN INSERT INTO twin_orders VALUES (n, '22023');
        END;
    END LOOP;
END $$;
SELECT is(count(DISTINCT got), 1::bigint, 'vectors that clash do so in any order') FROM twin_orders;
SELECT is((m).positions, 2, 'positions are instruments: two') FROM (SELECT portfolio_margin(q, v) AS m FROM (VALUES (1, pg_temp.one()), (2, pg_temp.one()), (-1, pg_temp.one('{"instrument": "Q"}')), (0, pg_temp.one('{"instrument": "R"}')), (5, pg_temp.one('{"instrument": "S"}')), (-5, pg_temp.one('{"instrument": "S"}'))) AS x (q, v)) AS x;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(q, v) FROM (VALUES %s) AS x (q, v)', rows))).state, '22023', 'and different sets in any order: ' || rows)
  FROM unnest(ARRAY[$$(1, pg_temp.one()), (0, pg_temp.one('{"instrument": "Q"}', '{"name": "other"}'))$$, $$(0, pg_temp.one('{"instrument": "Q"}', '{"name": "other"}')), (1, pg_temp.one())$$]) AS rows;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of(jsonb_build_object(''components'', (SELECT jsonb_agg(''{"name": "a", "kind": "vega"}''::jsonb) FROM generate_series(1, %s)))))', n))).state, e, n || ' components') FROM (VALUES (100, '00000'), (101, '22023')) AS v (n, e);
SELECT lives_ok($$SELECT portfolio_margin(1, v) FROM (VALUES (pg_temp.one()), (pg_temp.one('{"instrument": "Q"}', '{"method": {"measure": "worst"}}'))) AS x (v)$$, 'the method of the set is no part of what its vectors are');
SELECT ok((m).state = '22023' AND (m).message ~ what, 'quantity ' || q || ': ' || (m).message) FROM (VALUES ('NaN', 'NaN'), ('Infinity', 'nfinity'), ('-Infinity', '-[Ii]nfinity')) AS v (q, what), LATERAL (SELECT pg_temp.message(format('SELECT portfolio_margin(%L, pg_temp.one())', q)) AS m) AS m;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(q, pg_temp.one()) FROM (VALUES %s) AS v (q)', q))).state, '22003', 'beyond the largest double: ' || q) FROM unnest('{(1e308),(-1e308),"(1.7e308::float8), (1.7e308)"}'::text[]) AS q;
SELECT is((pg_temp.message(format('SELECT portfolio_margin(q, v) FROM (VALUES (1e307::float8, pg_temp.one()), (-1e307, pg_temp.one(%L))) AS v (q, v)', '{"instrument": "Q"}'))).state, '22003', 'sums of huge notionals');
SELECT is((pg_temp.message($$SELECT scenario_pnl(pg_temp.terms_of('{"contract_size": 1e200}'), contract_market(1e200), '2026-01-01', pg_temp.set_of('[{"price_shock": 0.1}]'))$$)).state, '22003', 'a vector beyond the largest double');
SELECT is((pg_temp.message($$SELECT scenario_pnl(pg_temp.terms_of(), contract_market(1e300), '2026-01-01', pg_temp.set_of('[{"price_shock": 1e200}]'))$$)).state, '22003', 'a price beyond the largest double');
SELECT is((pg_temp.message($$SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of('{"initial_factor": 1e308}'))$$)).state, '22003', 'a factor beyond the largest double');
SELECT is((pg_temp.message(format('SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of(CASE n WHEN 1 THEN %L::jsonb ELSE %L END)) FROM generate_series(1, 2) AS n', a, b))).state, '22023', format('methods that differ: %s and %s', a, b))
  FROM (VALUES ('{}', '{"measure": "worst"}'), ('{"initial_factor": 1}', '{"initial_factor": 2}'), ('{"maintenance_confidence": 0.9}', '{"maintenance_confidence": 0.95}'), ('{}', '{"offset_share": 0.5}'), ('{"components": [{"name": "a", "kind": "vega", "initial": 0.1}]}', '{}'), ('{"components": [{"name": "a", "kind": "vega", "initial": 0.1}]}', '{"components": [{"name": "a", "kind": "vega", "initial": 0.2}]}'), ('{"components": [{"name": "a", "kind": "vega"}]}', '{"components": [{"name": "b", "kind": "vega"}]}')) AS v (a, b);

-- ---- every field out of its range is 22023 and named ----
CREATE TEMP TABLE bad (part text, field text, value jsonb);
INSERT INTO bad SELECT part, field, value FROM (VALUES
    ('scenario', 'price_shock', '["NaN", "Infinity", "-Infinity"]'::jsonb), ('scenario', 'price_unit', '["", "Relative", "percent", "range "]'), ('scenario', 'vol_shock', '["NaN", "Infinity", "-Infinity"]'), ('scenario', 'vol_unit', '["", "points"]'), ('scenario', 'skew', '["", "Linear", "none"]'),
    ('scenario', 'weight', '["NaN", "Infinity", -0.1, "-Infinity"]'),
    ('linear_skew', 'cap', '["NaN", "Infinity"]'), ('linear_skew', 'cap_slope', '["NaN", "-Infinity"]'), ('linear_skew', 'least_width', '[0, -1, "NaN", "Infinity"]'), ('linear_skew', 'width_scale', '[-1, "NaN", "Infinity"]'), ('linear_skew', 'width', '[-1, "NaN", "Infinity"]'), ('linear_skew', 'width_slope', '["NaN", "Infinity"]'),
    ('absolute_skew', 'cap', '["NaN", "Infinity"]'), ('absolute_skew', 'least_width', '[0, -1]'), ('absolute_skew', 'width', '[-1]'),
    ('law', 'beta', '["NaN", "Infinity", "-Infinity"]'), ('law', 'price_range', '["NaN", "Infinity", -0.1]'), ('law', 'vol_up', '["NaN", "Infinity"]'), ('law', 'vol_down', '[-0.1, "NaN", "Infinity"]'), ('law', 'vol_range_unit', '["", "Absolute"]'), ('law', 'reference_days', '[0, -1, "NaN", "Infinity"]'), ('law', 'least_days', '[0, -1, "NaN", "Infinity"]'),
    ('law', 'short_power', '["NaN", "Infinity"]'), ('law', 'long_power', '["NaN", "Infinity"]'), ('law', 'least_vol_up', '["NaN", "Infinity", -0.1]'), ('law', 'long_discount', '["NaN", "Infinity", -0.1]'), ('law', 'long_rate_scale', '["NaN", "Infinity"]'), ('law', 'long_rate_add', '["NaN", "Infinity"]'),
    ('law', 'short_discount', '["NaN", "Infinity", -0.1]'), ('law', 'short_rate_scale', '["NaN", "Infinity"]'), ('law', 'short_rate_add', '["NaN", "Infinity"]'),
    ('factor', 'factor', '[null]'), ('set', 'name', '[null]'), ('set', 'version', '[-1, -2147483648]'), ('set', 'scenarios', '[null, []]'),
    ('market', 'price', '[null, 0, -1, "NaN", "Infinity", "-Infinity"]'), ('market', 'spot', '[0, -1, "NaN", "Infinity"]'), ('market', 'vol', '[null, -0.1, "NaN", "Infinity"]'), ('market', 'rate', '["NaN", "Infinity", "-Infinity"]'), ('market', 'settlement_price', '[0, -1, "NaN", "Infinity"]'),
    ('market', 'average_share', '[-0.1, 1.1, "NaN"]'), ('market', 'confidence', '[-0.1, 1.1, "NaN"]'), ('market', 'initial_haircut', '[-0.1, "NaN"]'), ('market', 'maintenance_haircut', '[-0.1, "NaN"]'),
    ('average', 'average', '[null, 0, -1, "NaN", "Infinity"]'),
    ('contract', 'instrument', '[null]'), ('contract', 'kind', '[null, "", "swap"]'), ('contract', 'payoff', '[null, "Linear"]'), ('contract', 'option_kind', '[null, "straddle"]'), ('contract', 'underlying', '[null]'), ('contract', 'strike', '[null, 0, -1, "NaN", "Infinity"]'), ('contract', 'expiry', '[null, "infinity", "-infinity"]'), ('contract', 'size', '[null, 0, -1, "NaN", "Infinity"]'), ('contract', 'multiplier', '[null, 0, -1, "NaN", "Infinity"]'),
    ('method', 'measure', '["", "Worst", "es"]'), ('method', 'initial_confidence', '[0, 1, -1, 2, "NaN"]'), ('method', 'maintenance_confidence', '[0, 1, -1, 2, "NaN"]'), ('method', 'initial_factor', '[-0.1, "NaN", "Infinity"]'), ('method', 'offset_share', '[-0.1, 1.1, "NaN", "Infinity"]'), ('method', 'maintenance_factor', '[-0.1, "NaN", "Infinity"]'),
    ('component', 'name', '[null]'), ('component', 'kind', '[null, "", "Notional", "haircuts"]'), ('component', 'initial', '[-0.1, "NaN", "Infinity"]'), ('component', 'maintenance', '[-0.1, "NaN", "Infinity"]'), ('component', 'slope', '["NaN", "Infinity"]'), ('component', 'threshold', '["NaN", -0.1]'), ('component', 'kinds', '[["swap"], [""], ["spot", "Future"]]')) AS v (part, field, list),
    jsonb_array_elements(list) AS value;
CREATE TEMP TABLE said AS
SELECT part, field, value, (m).*
  FROM bad, LATERAL (SELECT jsonb_build_object(CASE WHEN part = 'contract' AND field = 'size' THEN 'contract_size' ELSE field END, value) AS j) AS j, LATERAL (SELECT pg_temp.message(CASE
    WHEN part IN ('method', 'component') THEN format('SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of(%L))', CASE part WHEN 'method' THEN j ELSE jsonb_build_object('components', jsonb_build_array('{"name": "a", "kind": "notional"}' || j)) END)
    ELSE format('SELECT scenario_pnl(pg_temp.option_of(%L, 100, %L), pg_temp.market_of(%L), %L, jsonb_populate_record(NULL::scenario_set, %L))', 'call', CASE part WHEN 'contract' THEN j ELSE '{}' END,
        '{"price": 100, "vol": 0.8}' || CASE part WHEN 'market' THEN j WHEN 'average' THEN j || '{"average_share": 0.5}' ELSE '{}' END, '2026-01-01',
        '{"name": "s"}' || jsonb_build_object('scenarios', jsonb_build_array('{}'::jsonb, CASE part WHEN 'scenario' THEN j ELSE '{}' END)) || CASE WHEN part = 'law' THEN jsonb_build_object('law', j) WHEN part LIKE '%_skew' THEN jsonb_build_object('law', jsonb_build_object(part, j)) WHEN part = 'factor' THEN jsonb_build_object('factors', jsonb_build_array('{"factor": "X", "law": {"beta": 1}}' || j)) WHEN part = 'set' THEN j ELSE '{}' END) END) AS m) AS m;
SELECT ok(state = '22023' AND message ~* CASE field WHEN 'option_kind' THEN 'call or a put' WHEN 'kinds' THEN 'kind' ELSE replace(field, '_', '[_ ]') END, format('%s.%s %s: %s %s', part, field, value, state, message)) FROM said;
SELECT ok((m).state = '22023' AND (m).message ~ field, format('factor law: %s %s', (m).state, (m).message)) FROM (VALUES ('beta', '{"beta": "NaN"}'), ('least_days', '{"least_days": 0}'), ('width', '{"linear_skew": {"width": -1}}')) AS v (field, law), LATERAL (SELECT pg_temp.message(format('SELECT pg_temp.one(more => %L)', jsonb_build_object('factors', jsonb_build_array(jsonb_build_object('factor', 'X', 'law', law::jsonb))))) AS m) AS m;
SELECT is((pg_temp.message($$SELECT pg_temp.one(more => '{"factors": [{"factor": "X", "law": {"beta": 1}}, {"factor": "X", "law": {"beta": 2}}]}')$$)).state, '22023', 'one factor twice');
SELECT ok((m).state IN ('22004', '22023'), format('NULL inside: %s: %s %s', c, (m).state, (m).message))
  FROM unnest(ARRAY[$$SELECT pg_temp.one(scenarios => '[{}, null]')$$, $$SELECT pg_temp.one(scenarios => '[null]')$$, $$SELECT pg_temp.one(more => '{"factors": [null]}')$$, $$SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of('{"components": [null]}'))$$, $$SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of('{"components": [{"name": "a", "kind": "notional", "kinds": [null]}]}'))$$]) AS c, LATERAL (SELECT pg_temp.message(c) AS m) AS m;
SELECT is((pg_temp.message(format('SELECT scenario_pnl(pg_temp.%s, contract_market(100, 0.8), %L, pg_temp.set_of(%L))', c, t, '[{}]'))).state, '22023', 'as_of ' || t || ' of ' || c) FROM unnest('{infinity,-infinity}'::text[]) AS t, unnest(ARRAY['option_of(''call'', 100)', 'terms_of()']) AS c;
-- prices that fall to 0 and below: options are worth what they are at 0, inverse contracts what they are at 1e-12 of the price, linear ones go on
SELECT ok(pg_temp.near(c - p, greatest(f, -100), 1e-9) AND pg_temp.near(f, (z::jsonb ->> 'price_shock')::float8 * CASE WHEN z ~ 'absolute' THEN 1 ELSE 100 END), format('call less put is a future down to 0: %s: %s and %s', z, c - p, f))
  FROM unnest(ARRAY['{"price_shock": -0.9}', '{"price_shock": -1}', '{"price_shock": -1.5}', '{"price_shock": -101, "price_unit": "absolute"}']) AS z, LATERAL (SELECT pg_temp.set_of(jsonb_build_array(z::jsonb)) AS s) AS s,
       LATERAL (SELECT (scenario_profits(scenario_pnl(pg_temp.option_of('call', 100), contract_market(100, 0.8), '2026-01-01', s)))[1] AS c, (scenario_profits(scenario_pnl(pg_temp.option_of('put', 100), contract_market(100, 0.8), '2026-01-01', s)))[1] AS p,
                       (scenario_profits(scenario_pnl(pg_temp.terms_of('{"kind": "future", "expiry": "2026-04-11Z"}'), contract_market(100), '2026-01-01', s)))[1] AS f) AS x;
SELECT ok(abs((scenario_profits(pg_temp.one('{"payoff": "inverse", "contract_size": 100}', scenarios => z::jsonb)))[1] / (1 - 1e12) - 1) < 1e-12, 'an inverse contract at ' || z) FROM unnest(ARRAY['[{"price_shock": -1}]', '[{"price_shock": -1.5}]']) AS z;
SELECT ok((m).state = '00000', format('harmless: %s %s', c, m)) FROM unnest(ARRAY[$$SELECT pg_temp.one(more => '{"law": null, "factors": [], "method": null}')$$, $$SELECT pg_temp.one(more => '{"factors": null, "law": {}}')$$, $$SELECT pg_temp.one(more => '{"name": ""}')$$, $$SELECT pg_temp.one(more => '{"version": 2147483647}')$$, $$SELECT portfolio_margin(1, pg_temp.one(), pg_temp.method_of('{"components": []}'))$$,
      $$SELECT scenario_pnl(pg_temp.terms_of(), pg_temp.market_of('{"price": 100, "vol": null}'), '2026-01-01', pg_temp.set_of('[{}]'))$$, $$SELECT scenario_pnl(pg_temp.option_of('call', 100), contract_market(100, 1e308), '2026-01-01', pg_temp.set_of('[{}]'))$$, $$SELECT scenario_pnl(pg_temp.option_of('call', 100), contract_market(1e-300, 0.8), '2026-01-01', pg_temp.set_of('[{}]'))$$,
      $$SELECT scenario_pnl(pg_temp.option_of('call', 100), contract_market(100, 0.8), '4713-01-02 BC', pg_temp.set_of('[{}]'))$$, $$SELECT scenario_pnl(pg_temp.option_of('call', 100, '{"expiry": "294276-12-30"}'), contract_market(100, 0.8, 1), '4713-01-02 BC', pg_temp.set_of('[{}]'))$$]) AS c, LATERAL (SELECT pg_temp.message(c) AS m) AS m;

-- ---- long names, many scenarios ----
SELECT ok((t).instrument = i AND (t).scenario_set = n AND (t).underlying = u AND risk_terms(v::text::risk_vector) = t, 'names of ' || octet_length(i) || ' bytes') FROM (VALUES (repeat('x', 500), repeat('y', 500), repeat('z', 500)), ('', 'y', ''), ('ü€𝄞', 'ß', '€')) AS n (i, n, u), LATERAL (SELECT pg_temp.one(jsonb_build_object('instrument', i, 'underlying', u), jsonb_build_object('name', n)) AS v) AS v, LATERAL risk_terms(v) AS t;
SELECT ok((m).state = '22023' AND (m).message ~ what, format('a long %s: %s', what, left((m).message, 150))) FROM (VALUES ('instrument', 'SELECT pg_temp.one(jsonb_build_object(''instrument'', repeat(''x'', %s)))'), ('underlying', 'SELECT pg_temp.one(jsonb_build_object(''underlying'', repeat(''x'', %s)))'), ('name', 'SELECT pg_temp.one(more => jsonb_build_object(''name'', repeat(''x'', %s)))')) AS v (what, c), unnest('{501,100000,10000000}'::int[]) AS n, LATERAL (SELECT pg_temp.message(format(c, n)) AS m) AS m;
SELECT is((pg_temp.message(format('SELECT cardinality(scenario_profits(scenario_pnl(pg_temp.terms_of(), contract_market(100), %L, ROW(%L, 1, array_fill(ROW(NULL, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::scenario, ARRAY[%s]), NULL, NULL, NULL)::scenario_set)))', '2026-01-01', 's', n))).state, e, n || ' scenarios') FROM (VALUES (100000, '00000'), (100001, '22023')) AS v (n, e);
SELECT is((pg_temp.message(format('SELECT scenario_pnl(pg_temp.terms_of(), contract_market(100), %L, ROW(%L, 1, %s, NULL, NULL, NULL)::scenario_set)', '2026-01-01', 's', a))).state, '2202E', 'dimensions: ' || a) FROM unnest(ARRAY['ARRAY[[ROW(NULL, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::scenario, ROW(NULL, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::scenario]]']) AS a;

-- ---- vectors that somebody wrote ----
CREATE TEMP TABLE hex AS SELECT pg_temp.one()::text AS h UNION ALL SELECT v::text FROM (SELECT scenario_pnl(pg_temp.option_of('put', 100), contract_market(100, 0.8), '2026-01-01', pg_temp.set_of('[{"price_shock": 0.1}, {"price_shock": -0.1, "weight": 0.5}, {"contingency": true, "both_ways": true}]')) AS v) AS x;
SELECT is((pg_temp.message(format('SELECT %L::risk_vector', t))).state, '22P02', 'no vector: ' || left(t, 20)) FROM unnest(ARRAY['', '\x', 'x', '0102', '\x0', '\xzz', '\x00', '\x01', '\X01', 'NaN', '(1,2)', ' ']) AS t;
SELECT ok(bool_and(state = '22P02'), format('shortened to every length: %s', string_agg(DISTINCT state, ','))) FROM hex, generate_series(2, length(h) - 1) AS n, LATERAL pg_temp.message(format('SELECT %L::risk_vector', left(h, n))) AS m;
SELECT ok(bool_and(state = '22P02'), 'lengthened') FROM hex, unnest('{00,0,ff,0000000000000000,zz}'::text[]) AS more, LATERAL pg_temp.message(format('SELECT %L::risk_vector', h || more)) AS m;
SELECT is(state, '22P02', 'version ' || v) FROM hex, unnest('{00,02,7f,ff}'::text[]) AS v, LATERAL pg_temp.message(format('SELECT %L::risk_vector', overlay(h PLACING v FROM 3 FOR 2))) AS m;
-- each four bytes, and each eight, by what hurts most: it is refused, or it is a vector that reads and adds up without harm
CREATE TEMP TABLE spoilt AS SELECT h, p, b, overlay(h PLACING b FROM p FOR length(b)) AS x FROM hex, generate_series(3, length(h) - 16, 2) AS p, unnest('{ffffffff,7fffffff,80000000,00000000,7ff8000000000000,7ff0000000000000,fff0000000000000,7fefffffffffffff,bff0000000000000,00}'::text[]) AS b;
CREATE TEMP TABLE outcome AS SELECT s.*, (m).state AS read FROM spoilt AS s, LATERAL (SELECT pg_temp.message(format('SELECT %L::risk_vector', x)) AS m) AS m;
SELECT is(count(*), 0::bigint, 'refused by 22P02 or read: ' || coalesce(string_agg(DISTINCT read, ','), '')) FROM outcome WHERE read NOT IN ('00000', '22P02');
SELECT ok(count(*) > 1000, 'some are refused: ' || count(*)) FROM outcome WHERE read = '22P02';
SELECT is(count(*), 0::bigint, 'what reads writes the same') FROM outcome WHERE read = '00000' AND x::risk_vector::text <> lower(x);
SELECT is(count(*), 0::bigint, 'no number that is not finite: ' || coalesce(min(x), '')) FROM outcome, LATERAL risk_terms(x::risk_vector) AS t, LATERAL scenario_profits(x::risk_vector) AS profits WHERE read = '00000' AND (t::text ~* 'nan|infinity' OR profits::text ~* 'nan|infinity');
SELECT is(count(*), 0::bigint, 'terms in their ranges: ' || coalesce(min(t::text), '')) FROM outcome, LATERAL risk_terms(x::risk_vector) AS t WHERE read = '00000' AND NOT (t.kind IN ('spot', 'future', 'perpetual', 'option') AND t.years >= 0 AND t.long_discount >= 0 AND t.short_discount >= 0 AND t.notional >= 0 AND t.confidence BETWEEN 0 AND 1 AND t.initial_haircut BETWEEN 0 AND 1 AND t.maintenance_haircut BETWEEN 0 AND 1 AND coalesce(t.strike > 0, t.kind <> 'option') AND t.scenarios = cardinality(scenario_profits(x::risk_vector)) AND t.set_version >= 0);
SELECT is(string_agg(DISTINCT (m).state, ','), NULL, 'and margins come of it, or 22003') FROM outcome, LATERAL (SELECT pg_temp.message(format('SELECT portfolio_margin(-2, %L::risk_vector, method) FROM rich', x)) AS m) AS m WHERE read = '00000' AND (m).state NOT IN ('00000', '22003');
SELECT is(string_agg(DISTINCT (m).state, ','), NULL, 'beside the true one they are 22023, unless they say that they are another instrument') FROM outcome, LATERAL (SELECT pg_temp.message(format('SELECT portfolio_margin(2, v, method) FROM rich, (VALUES (%L::risk_vector), (%L)) AS x (v)', x, h)) AS m) AS m WHERE read = '00000' AND x <> h AND (risk_terms(x::risk_vector)).instrument = (risk_terms(h::risk_vector)).instrument AND (m).state <> '22023';
SELECT * FROM finish();
ROLLBACK;
