-- How accounts are margined.

CREATE OR REPLACE FUNCTION margin_calib.models_of(accounts text[]) RETURNS SETOF margin_calib.engine_model
    LANGUAGE sql STABLE PARALLEL SAFE COST 50 ROWS 100
BEGIN ATOMIC
    SELECT n.account, CASE WHEN m.account IS NOT NULL THEN m.scenario_set ELSE d.scenario_set END, coalesce(m.currency, d.currency, 'USD')
      FROM unnest(accounts) AS n (account)
      LEFT JOIN margin_calib.margin_model AS m ON m.account = n.account
      LEFT JOIN margin_calib.margin_model AS d ON d.account IS NULL;
END;
COMMENT ON FUNCTION margin_calib.models_of(text[]) IS
'Internal: how accounts are margined; without a scenario set by rates.';

REVOKE ALL ON FUNCTION margin_calib.models_of(text[]) FROM PUBLIC;
