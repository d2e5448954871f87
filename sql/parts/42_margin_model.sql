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

-- A model that row-level security hides would be taken for none.
CREATE OR REPLACE FUNCTION margin_calib.require_account(account text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF NOT margin_calib.sees_account(require_account.account) THEN
        RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role %s was not granted account %L', current_user, left(require_account.account, 64)),
            HINT = format('Whoever may: SELECT margin_calib.grant_account(%L, %L).', left(require_account.account, 64), current_user);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.require_account(text) IS
'Internal: error 42501 for an account that row-level security hides from the calling role.';

CREATE OR REPLACE FUNCTION margin_calib.queue_accounts(accounts text[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 5000
BEGIN ATOMIC
    INSERT INTO margin_calib.capture_queue
        SELECT -1, a.account, false, now()
          FROM (SELECT p.account FROM margin_calib.account_position AS p UNION SELECT s.account FROM margin_calib.account_state AS s) AS a
         WHERE queue_accounts.accounts IS NULL OR a.account = ANY (queue_accounts.accounts);
END;
COMMENT ON FUNCTION margin_calib.queue_accounts(text[]) IS
'Internal: queues those accounts that are known, or (NULL) every one.';

CREATE OR REPLACE FUNCTION margin_calib.queue_set(scenario_set text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE COST 50
BEGIN ATOMIC
    SELECT margin_calib.queue_accounts(NULL) WHERE EXISTS (SELECT FROM margin_calib.margin_model AS m WHERE m.scenario_set = queue_set.scenario_set);
END;
COMMENT ON FUNCTION margin_calib.queue_set(text) IS
'Internal: queues every account when any is margined by a scenario set.';

REVOKE ALL ON FUNCTION margin_calib.models_of(text[]), margin_calib.require_account(text), margin_calib.queue_accounts(text[]), margin_calib.queue_set(text) FROM PUBLIC;
