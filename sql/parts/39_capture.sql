-- The capture trigger and its helpers in C (src/capture.c, src/input_change.c).
CREATE OR REPLACE FUNCTION margin_calib.capture() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 50
    AS 'MODULE_PATHNAME', 'mc_capture';
COMMENT ON FUNCTION margin_calib.capture() IS
'Statement trigger that appends the distinct keys of the changed rows to margin_calib.capture_queue. Created by attach_prices, attach_positions and attach_liquidity, with the arguments feed id and key column; of a price feed also ts column and price column, and then it logs in margin_calib.input_change what changes in prices that a calibration may have used. It needs no rights of the role that changes rows, waits for nobody, and fails for no value.';
REVOKE ALL ON FUNCTION margin_calib.capture() FROM PUBLIC;

CREATE OR REPLACE FUNCTION margin_calib.commit_is_possible() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1
    AS 'MODULE_PATHNAME', 'mc_commit_is_possible';
COMMENT ON FUNCTION margin_calib.commit_is_possible() IS
'Internal to refresh: true in a procedure that is called outside of a transaction block and of any function, so that COMMIT works in it.';
REVOKE ALL ON FUNCTION margin_calib.commit_is_possible() FROM PUBLIC;
