-- One way to raise an alert.
CREATE OR REPLACE FUNCTION margin_calib.raise_alert(
    kind text, instrument text, ts timestamptz, message text, value double precision DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    INSERT INTO margin_calib.alert (kind, instrument, ts, message, value)
    VALUES (raise_alert.kind, raise_alert.instrument, raise_alert.ts, raise_alert.message, raise_alert.value)
        ON CONFLICT ON CONSTRAINT alert_once DO NOTHING;
END
$function$;
COMMENT ON FUNCTION margin_calib.raise_alert(text, text, timestamptz, text, double precision) IS
'Internal: raises an alert, once for its kind, instrument and ts.';
REVOKE ALL ON FUNCTION margin_calib.raise_alert(text, text, timestamptz, text, double precision) FROM PUBLIC;
