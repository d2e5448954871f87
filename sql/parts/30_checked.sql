-- How functions in SQL refuse a value (src/checked.c).
CREATE OR REPLACE FUNCTION margin_calib.checked(value anyelement, is_valid boolean, rule text, hint text)
    RETURNS anyelement
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_checked';
COMMENT ON FUNCTION margin_calib.checked(anyelement, boolean, text, text) IS
'Internal: the value when is_valid is true, else error 22023 with the rule as its message, the value as its detail, and the hint. A NULL value gives NULL.';

CREATE OR REPLACE FUNCTION margin_calib.check_age(before interval, noun text, caller text) RETURNS void
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, margin_calib, pg_temp
AS $function$
BEGIN
    IF (before >= '0') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = format('%s are forgotten that are older than an interval of 0 or more', noun),
            DETAIL = format('The interval given is %s.', coalesce(before::text, 'NULL')),
            HINT = format('Write margin_calib.%s(''1 year'').', caller);
    END IF;
END
$function$;
COMMENT ON FUNCTION margin_calib.check_age(interval, text, text) IS
'Internal to forget_alerts and its like: error 22023 for an age below 0 or NULL.';
REVOKE ALL ON FUNCTION margin_calib.check_age(interval, text, text) FROM PUBLIC;
