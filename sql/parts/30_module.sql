-- Which library is loaded.
CREATE OR REPLACE FUNCTION margin_calib.version() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_version';
COMMENT ON FUNCTION margin_calib.version() IS
'Version of the loaded margin_calib library, as in the control file. It differs from pg_extension.extversion between an upgrade of the package and ALTER EXTENSION margin_calib UPDATE.';

CREATE OR REPLACE FUNCTION margin_calib.gsl_version() RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
    AS 'MODULE_PATHNAME', 'mc_gsl_version';
COMMENT ON FUNCTION margin_calib.gsl_version() IS
'Version of the GNU Scientific Library that is loaded; every refresh run keeps it.';
