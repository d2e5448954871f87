-- How functions in SQL refuse a value (src/checked.c).
CREATE OR REPLACE FUNCTION margin_calib.checked(value anyelement, is_valid boolean, rule text, hint text)
    RETURNS anyelement
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_checked';
COMMENT ON FUNCTION margin_calib.checked(anyelement, boolean, text, text) IS
'Internal: the value when is_valid is true, else error 22023 with the rule as its message, the value as its detail, and the hint. A NULL value gives NULL.';
