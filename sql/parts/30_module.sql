-- Which library is loaded.
CREATE FUNCTION margin_calib.version() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_version';
COMMENT ON FUNCTION margin_calib.version() IS
'Version of the loaded margin_calib library, as in the control file. It differs from pg_extension.extversion between an upgrade of the package and ALTER EXTENSION margin_calib UPDATE.';
