-- allocate_collateral: the answers that can be worked out by hand, what cannot be met, and what is refused.
BEGIN;
SELECT no_plan();
CREATE SCHEMA t;
SET LOCAL search_path = t, margin_calib, public;
CREATE FUNCTION t.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE FUNCTION t.allocation(supply text, demand text, terms text) RETURNS SETOF collateral_allocation LANGUAGE sql AS $$
    SELECT * FROM allocate_collateral(supply::collateral_supply[], demand::collateral_demand[], terms::collateral_term[]) $$;

-- B takes 40 of the second for 36, A what is left of it and 38.75 of the first
SELECT results_eq($$ SELECT requirement, asset, value, collateral_value, cost, unmet, shadow_price
      FROM t.allocation('{"(x,100,0.05)","(y,50,0.01)"}', '{"(A,40)","(B,36)"}', '{"(A,x,0.2,,)","(A,y,0.1,,)","(B,y,0.1,,)"}') $$,
    $$ VALUES ('A', 'x', 38.75, 31.0, 1.9375, NULL::numeric, NULL::numeric), ('A', 'y', 10, 9, 0.1, NULL, NULL), ('A', NULL, 48.75, 40, 2.0375, 0, 0.0625),
              ('B', 'y', 40, 36, 0.4, NULL, NULL), ('B', NULL, 40, 36, 0.4, 0, 0.0625),
              (NULL, 'x', 61.25, NULL, NULL, NULL, 0), (NULL, 'y', 0, NULL, NULL, NULL, 0.04625) $$, 'by hand');
SELECT results_eq($$ SELECT asset, value, unmet FROM t.allocation('{"(x,100,0)","(y,100,1)"}', '{"(A,60)"}', '{"(A,x,0,,0.25)","(A,y,0.5,30,)"}') WHERE requirement = 'A' $$,
    $$ VALUES ('x', 15::numeric, NULL::numeric), ('y', 30, NULL), (NULL, 45, 30) $$, 'a share of the requirement and a value as limits; the rest is unmet');
SELECT results_eq($$ SELECT requirement, asset, value, unmet FROM t.allocation('{"(x,100,)"}', '{"(A,60)"}', '{}') $$,
    $$ VALUES ('A', NULL, 0::numeric, 60::numeric), (NULL, 'x', 100, NULL) $$, 'without a term nothing is eligible');
SELECT results_eq($$ SELECT requirement, unmet FROM t.allocation('{}', '{"(A,60)"}', '{}') $$, $$ VALUES ('A', 60::numeric) $$, 'no assets');
SELECT is_empty($$ SELECT * FROM t.allocation('{}', '{}', '{}') $$, 'nothing for nothing');
SELECT is_empty($$ SELECT * FROM t.allocation(NULL, '{}', '{}') $$, 'NULL gives no row');
SELECT results_eq($$ SELECT asset, value FROM t.allocation('{"(x,1e15,0.1)"}', '{"(A,1e-3)"}', '{"(A,x,0.5,,)"}') WHERE requirement = 'A' AND asset IS NOT NULL $$, $$ VALUES ('x', 0.002) $$, 'far more than is asked for');
SELECT results_eq($$ SELECT asset, value, unmet FROM t.allocation('{"(x,1e9,0.1)"}', '{"(A,10)"}', '{"(A,x,1,,)"}') WHERE requirement = 'A' $$, $$ VALUES (NULL::text, 0::numeric, 10::numeric) $$, 'a haircut of 1 covers nothing');
SELECT is((SELECT array_agg(a::text) FROM t.allocation('{"(x,5,0.1)","(y,5,0.1)","(z,5,0.1)"}', '{"(A,4)","(B,4)"}', '{"(A,x,0,,)","(A,y,0,,)","(A,z,0,,)","(B,x,0,,)","(B,y,0,,)","(B,z,0,,)"}') AS a),
          (SELECT array_agg(a::text) FROM t.allocation('{"(x,5,0.1)","(y,5,0.1)","(z,5,0.1)"}', '{"(A,4)","(B,4)"}', '{"(B,z,0,,)","(B,y,0,,)","(B,x,0,,)","(A,z,0,,)","(A,y,0,,)","(A,x,0,,)"}') AS a),
          'of answers that are as good always the same, whatever the order of terms');

SELECT is(refused(format('SELECT * FROM t.allocation(%L, %L, %L)', s, d, e)), c, concat_ws(' ', s, d, e))
  FROM (VALUES ('{"(,1,0)"}', '{}', '{}', '22004'), ('{"(x,,0)"}', '{}', '{}', '22004'), ('{}', '{"(A,)"}', '{}', '22004'), ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,x,,,)"}', '22004'), ('{NULL}', '{}', '{}', '22004'),
               ('{"(x,1,0)","(x,2,0)"}', '{}', '{}', '22023'), ('{}', '{"(A,1)","(A,2)"}', '{}', '22023'), ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,x,0,,)","(A,x,0.1,,)"}', '22023'),
               ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,y,0,,)"}', '42704'), ('{"(x,1,0)"}', '{"(A,1)"}', '{"(C,x,0,,)"}', '42704'),
               ('{"(x,-1,0)"}', '{}', '{}', '22023'), ('{"(x,NaN,0)"}', '{}', '{}', '22023'), ('{"(x,Infinity,0)"}', '{}', '{}', '22023'), ('{"(x,1,-1)"}', '{}', '{}', '22023'),
               ('{}', '{"(A,-1)"}', '{}', '22023'), ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,x,1.1,,)"}', '22023'), ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,x,0,-1,)"}', '22023'),
               ('{"(x,1,0)"}', '{"(A,1)"}', '{"(A,x,0,,2)"}', '22023')) AS v (s, d, e, c);
SELECT is(refused(format('SELECT margin_calib.allocation_solve(%s)', a)), s, a)
  FROM (VALUES ($$ '{1}', '{1,2}', '{1}', '{1}', '{1}' $$, '2202E'), ($$ '{1}', '{1}', '{1}', '{1,1}', '{1}' $$, '2202E'), ($$ '{}', '{}', '{1}', '{}', '{}' $$, 'accepted'),
               ($$ '{1}', '{1}', '{1}', '{NaN}', '{1}' $$, '22023'), ($$ '{1}', '{1}', '{1}', '{1}', '{NaN}' $$, '22023'), ($$ '{1}', '{1}', '{1}', '{1}', '{-1}' $$, '22023'),
               ($$ '{NULL}', '{1}', '{1}', '{1}', '{1}' $$, '22004'), ($$ '{1e300}', '{1e300}', '{1e300}', '{1}', '{Infinity}' $$, '22003'), ($$ NULL, '{1}', '{1}', '{1}', '{1}' $$, 'accepted')) AS v (a, s);
SET LOCAL margin_calib.max_state_mb = 1;
SELECT is(refused($$ SELECT margin_calib.allocation_solve(array_fill(1.0::float8, '{300}'), array_fill(1.0::float8, '{300}'), array_fill(1.0::float8, '{300}'), array_fill(1.0::float8, '{90000}'), array_fill(1.0::float8, '{90000}')) $$), '54000', 'a problem that needs more memory than one may have');
SELECT * FROM finish();
ROLLBACK;
