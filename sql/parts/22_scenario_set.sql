-- State: scenario sets that users add. Those that come with the extension are the rows of standard_scenario_sets().

CREATE TABLE margin_calib.user_scenario_set (
    name    text NOT NULL CHECK (name <> ''),
    version integer NOT NULL CHECK (version > 0),
    content jsonb NOT NULL,
    set_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by  text NOT NULL DEFAULT session_user,
    PRIMARY KEY (name, version)
);
COMMENT ON TABLE margin_calib.user_scenario_set IS
'Scenario sets that were added to those of the extension, a row a version. Written by add_scenario_set and drop_scenario_set; margin_calib.scenario_set reads it.';
COMMENT ON COLUMN margin_calib.user_scenario_set.content IS 'columns of margin_calib.scenario_set other than name and version';
SELECT pg_catalog.pg_extension_config_dump('margin_calib.user_scenario_set', '');
