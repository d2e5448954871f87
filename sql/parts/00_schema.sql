-- The script creates its own schema: a schema that somebody else made first would be a trap.
CREATE SCHEMA margin_calib;
COMMENT ON SCHEMA margin_calib IS 'margin calibration inside the database';
REVOKE ALL ON SCHEMA margin_calib FROM PUBLIC;
GRANT USAGE ON SCHEMA margin_calib TO PUBLIC;

SET LOCAL search_path = pg_catalog, margin_calib, pg_temp;
