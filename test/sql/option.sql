-- Option pricing: values, limits, and every refusal with its SQLSTATE, detail and hint.
SET search_path = pg_catalog, margin_calib, public;
SET extra_float_digits = 0;

CREATE FUNCTION public.refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- 50-digit values of Black (1976), and prices and Greeks of Haug (1998)
SELECT round(black76_price('call', 100, 100, 1, 0.2)::numeric, 12) AS at_the_money,
       round(black76_price('put', 60000, 80000, 30 / 365.0, 0.65)::numeric, 9) AS put,
       round(black76_price('call', 60000, 200000, 1 / 365.0, 0.9)::numeric * 1e142, 10) AS far_away,
       round(black76_price('c', 1, 1, 10, 4)::numeric, 14) AS near_the_forward;
SELECT round(black_scholes_price('call', 60, 65, 0.25, 0.3, 0.08)::numeric, 4) AS c1,
       round(black_scholes_price('put', 100, 95, 0.5, 0.2, 0.10, 0.05)::numeric, 4) AS p2,
       round(black_scholes_price('call', 1.56, 1.6, 0.5, 0.12, 0.06, 0.08)::numeric, 4) AS c3,
       round((black_scholes_greeks('put', 105, 100, 0.5, 0.36, 0.1, 0.1)).delta::numeric, 4) AS delta,
       round((black_scholes_greeks('call', 55, 60, 0.75, 0.3, 0.1)).gamma::numeric, 4) AS gamma,
       round((black_scholes_greeks('call', 55, 60, 0.75, 0.3, 0.1)).vega::numeric, 4) AS vega,
       round((black_scholes_greeks('put', 430, 405, 1 / 12.0, 0.2, 0.07, 0.05)).theta::numeric, 4) AS theta,
       round((black_scholes_greeks('call', 72, 75, 1, 0.19, 0.09)).rho::numeric, 4) AS rho;
-- a premium in coin is the price over the forward
SELECT round(inverse_option_price('call', 60000, 80000, 30 / 365.0, 0.65)::numeric, 15) AS coin,
       round(black76_price('call', 60000, 80000, 30 / 365.0, 0.65)::numeric / 60000, 15) AS over_the_forward;
-- and back
SELECT round(implied_vol('call', 341.0949478016891, 60000, 80000, 30 / 365.0)::numeric, 13) AS vol,
       round(implied_vol('put', 20.5 * 0.97, 100, 120, 0.5, 0.97)::numeric, 13) AS discounted,
       round(black_scholes_implied_vol('call', 2.1334, 60, 65, 0.25, 0.08)::numeric, 4) AS spot,
       round(inverse_implied_vol('put', 0.339018249130, 60000, 80000, 30 / 365.0)::numeric, 9) AS coin;

-- limits
SELECT 'no time' AS case, * FROM black76_greeks('put', 90, 100, 0, 0.5, 0.9)
UNION ALL SELECT 'no vol', * FROM black76_greeks('call', 110, 100, 2, 0, 0.9)
UNION ALL SELECT 'at the money, no time', * FROM black76_greeks('call', 100, 100, 0, 0.5)
UNION ALL SELECT 'no end of vol', * FROM black76_greeks('call', 90, 100, 1, 'Infinity')
UNION ALL SELECT 'NaN', * FROM black76_greeks('call', 'NaN', 100, 1, 1);
SELECT implied_vol('call', 10, 110, 100, 1) AS intrinsic, implied_vol('call', 110, 110, 100, 1) AS upper,
       implied_vol('call', 'NaN', 110, 100, 1) AS nan, implied_vol('call', NULL, 110, 100, 1) AS null_price,
       implied_vol('put', 5, 95, 100, 0) AS no_time;

-- arrays
SELECT i, round(v::numeric, 11) AS vol FROM unnest(implied_vols('{c,p,c,c,c}', '{2,20.5,-1,100.5,NaN}', '{100}', '{120}', '{0.5}')) WITH ORDINALITY u (v, i);
SELECT black76_prices('{}', '{}', '{1}', '{1}', '{1}') AS none, black76_greeks_all('{}', '{}', '{1}', '{1}', '{1}') AS no_greeks,
       implied_vols('{}', '{}', '{1}', '{1}', '{1}') AS no_vols, black76_prices('{c}', NULL, '{1}', '{1}', '{1}') IS NULL AS null_array;

-- refusals
SELECT query, public.refusal('SELECT ' || query) AS answer FROM (VALUES
    ('black76_price(''straddle'', 1, 1, 1, 1)'),
    ('black76_price('''', 1, 1, 1, 1)'),
    ('black76_price(''cal'', 1, 1, 1, 1)'),
    ('black76_price(''pu'', 1, 1, 1, 1)'),
    ('black76_price(''CALL'', 0, 1, 1, 1)'),
    ('black76_price(''Put'', 1, -2, 1, 1)'),
    ('black76_price(''c'', ''Infinity'', 1, 1, 1)'),
    ('black76_price(''c'', 1, 1, -0.5, 1)'),
    ('black76_price(''c'', 1, 1, 1, -0.2)'),
    ('black76_greeks(''c'', 1, 1, 1, 1, 0)'),
    ('black_scholes_price(''c'', 0, 1, 1, 1)'),
    ('black_scholes_greeks(''c'', 1, 1, 1, 1, ''Infinity'')'),
    ('black_scholes_price(''c'', 1, 1, 1, 1, 0, ''-Infinity'')'),
    ('black_scholes_price(''c'', 1, 1, 1000, 1, 5)'),
    ('black_scholes_greeks(''c'', 1, 1, 1000, 1, 5)'),
    ('inverse_option_price(''c'', -1, 1, 1, 1)'),
    ('inverse_option_greeks(''c'', 1, 1, 1, -1)'),
    ('implied_vol(''call'', 9.5, 110, 100, 1)'),
    ('implied_vol(''put'', 100.5, 110, 100, 1)'),
    ('implied_vol(''call'', 11, 110, 100, 0)'),
    ('implied_vol(''call'', ''-Infinity'', 110, 100, 1, 0.5)'),
    ('implied_vol(''call'', 1, 110, 100, 1, -1)'),
    ('black_scholes_implied_vol(''call'', 120, 110, 100, 1, 0.05, 0.01)'),
    ('inverse_implied_vol(''call'', 1.5, 60000, 70000, 1)'),
    ('black76_prices(''{c,p}'', ''{1,2,3}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{c,p}'', ''{}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_greeks_all(''{c}'', ''{1,2}'', ''{1}'', ''{1}'', ''{1}'', ''{1,1,1}'')'),
    ('implied_vols(''{c,call,p}'', ''{1,2}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{c,x}'', ''{1}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{c,NULL}'', ''{1}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{{c},{p}}'', ''{1}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{c}'', ''{1,NULL}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('black76_prices(''{c}'', ''{1}'', ''{{1},{2}}'', ''{1}'', ''{1}'')'),
    ('black76_greeks_all(''{c}'', ''{1,2,-3}'', ''{1}'', ''{1}'', ''{1}'')'),
    ('implied_vols(''{c}'', ''{1}'', ''{1}'', ''{1}'', ''{1,-1}'')')) v (query);
DROP FUNCTION public.refusal;
