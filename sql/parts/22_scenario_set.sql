-- State: scenario sets that users add, and recipes of sets that are made from prices. Those that come with the extension are the
-- rows of standard_scenario_sets().

CREATE TABLE margin_calib.user_scenario_set (
    name         text NOT NULL CHECK (name <> ''),
    version      integer NOT NULL CHECK (version > 0),
    content      jsonb NOT NULL,
    set_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by       text NOT NULL DEFAULT session_user,
    is_built     boolean NOT NULL DEFAULT false,
    data_through timestamptz,
    PRIMARY KEY (name, version),
    CHECK (is_built = (data_through IS NOT NULL))
);
COMMENT ON TABLE margin_calib.user_scenario_set IS
'Scenario sets that were added to those of the extension, a row a version. Written by add_scenario_set and its like, rebuild_scenario_sets and drop_scenario_set; margin_calib.scenario_set reads it.';
COMMENT ON COLUMN margin_calib.user_scenario_set.content IS 'columns of margin_calib.scenario_set other than name and version';
COMMENT ON COLUMN margin_calib.user_scenario_set.is_built IS 'true: a recipe made it from prices; the audit trail has the SHA-256 of its content, and an old version is deleted once as many newer ones as the recipe keeps were made';
COMMENT ON COLUMN margin_calib.user_scenario_set.data_through IS 'of one that a recipe made: ts of the newest price in it';
SELECT pg_catalog.pg_extension_config_dump('margin_calib.user_scenario_set', '');

CREATE TABLE margin_calib.scenario_recipe (
    name      text PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('plain', 'filtered', 'macro', 'correlation')),
    arguments jsonb NOT NULL,
    law       jsonb,
    method    jsonb,
    keep      integer NOT NULL CHECK (keep > 0),
    set_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by    text NOT NULL DEFAULT session_user,
    built_at  timestamptz,
    error     text
);
COMMENT ON TABLE margin_calib.scenario_recipe IS
'How scenario sets are made from attached prices: written by add_historical_set, add_macro_set and add_correlation_set, read by rebuild_scenario_sets, which recalibrate calls. doc/scenario_sets.md.';
COMMENT ON COLUMN margin_calib.scenario_recipe.name IS 'of the set';
COMMENT ON COLUMN margin_calib.scenario_recipe.kind IS 'plain or filtered: a joint history; macro: shocks of one instrument times betas; correlation: breakdowns of correlations';
COMMENT ON COLUMN margin_calib.scenario_recipe.arguments IS 'those of the function that wrote it';
COMMENT ON COLUMN margin_calib.scenario_recipe.law IS 'law of the set, as in margin_calib.scenario_set; NULL: none';
COMMENT ON COLUMN margin_calib.scenario_recipe.method IS 'margin method of the set; NULL: none';
COMMENT ON COLUMN margin_calib.scenario_recipe.keep IS 'how many versions that it made are kept, the one in force included';
COMMENT ON COLUMN margin_calib.scenario_recipe.built_at IS 'when a set was last made by it, whether that was a new version or not';
COMMENT ON COLUMN margin_calib.scenario_recipe.error IS 'why the latest attempt made none; NULL: it did';
SELECT pg_catalog.pg_extension_config_dump('margin_calib.scenario_recipe', '');
