-- State of replay: what a reading found in feeds without triggers, and the rows that replay returns.

CREATE SEQUENCE margin_calib.reading;
COMMENT ON SEQUENCE margin_calib.reading IS
'Numbers of the readings of price feeds by refresh: a parameter and the changes of its prices that it knew of have the same.';

CREATE TABLE margin_calib.input_day (
    instrument text PRIMARY KEY,
    feed       integer NOT NULL,
    through    timestamptz NOT NULL,
    days       date[] NOT NULL,
    digests    bigint[] NOT NULL
);
COMMENT ON TABLE margin_calib.input_day IS
'The prices of instruments of feeds without triggers by UTC day, as the latest reading found them.';
COMMENT ON COLUMN margin_calib.input_day.through IS 'ts of the newest price';
COMMENT ON COLUMN margin_calib.input_day.days IS 'days with a usable price';
COMMENT ON COLUMN margin_calib.input_day.digests IS 'first 8 bytes of margin_calib.price_digest of each of these days';

CREATE TYPE margin_calib.engine_day AS (
    key    text,
    day    date,
    before bytea,
    digest bytea
);
COMMENT ON TYPE margin_calib.engine_day IS 'internal: digests of a day of prices, up to the newest price of the reading before and of all';

CREATE TYPE margin_calib.replayed_parameter AS (
    run              bigint,
    instrument       text,
    parameter_id     bigint,
    is_identical     boolean,
    inputs_unchanged boolean,
    changes          bigint,
    problem          text,
    kept             margin_calib.margin_calibration,
    replayed         margin_calib.margin_calibration
);
COMMENT ON TYPE margin_calib.replayed_parameter IS 'A row of margin_calib.replay. doc/governance.md.';
COMMENT ON COLUMN margin_calib.replayed_parameter.run IS 'the refresh run';
COMMENT ON COLUMN margin_calib.replayed_parameter.instrument IS 'instrument';
COMMENT ON COLUMN margin_calib.replayed_parameter.parameter_id IS 'row of margin_calib.parameter';
COMMENT ON COLUMN margin_calib.replayed_parameter.is_identical IS 'true: every figure is the same to the last bit, but for the count of rejected rows; NULL when it could not be replayed';
COMMENT ON COLUMN margin_calib.replayed_parameter.inputs_unchanged IS 'true: the digest of the prices is the one that was kept';
COMMENT ON COLUMN margin_calib.replayed_parameter.changes IS 'rows of changed_inputs(run) of this parameter; NULL when its prices are unchanged';
COMMENT ON COLUMN margin_calib.replayed_parameter.problem IS 'why it is not identical; NULL when it is';
COMMENT ON COLUMN margin_calib.replayed_parameter.kept IS 'the calibration as it was kept';
COMMENT ON COLUMN margin_calib.replayed_parameter.replayed IS 'the calibration from the rows of now';

CREATE TYPE margin_calib.changed_input AS (
    instrument   text,
    parameter_id bigint,
    source       text,
    change       text,
    ts           timestamptz,
    until_ts     timestamptz,
    old_price    text,
    at           timestamptz,
    login        text,
    change_id    bigint
);
COMMENT ON TYPE margin_calib.changed_input IS 'A row of margin_calib.changed_inputs. doc/governance.md.';
COMMENT ON COLUMN margin_calib.changed_input.instrument IS 'instrument of the parameter';
COMMENT ON COLUMN margin_calib.changed_input.parameter_id IS 'row of margin_calib.parameter';
COMMENT ON COLUMN margin_calib.changed_input.source IS 'instrument of the row that changed: the same, or its proxy; NULL: truncate';
COMMENT ON COLUMN margin_calib.changed_input.change IS 'insert, update, delete or truncate; day: something between ts and until_ts, in a feed without triggers';
COMMENT ON COLUMN margin_calib.changed_input.ts IS 'ts of the row, before an update';
COMMENT ON COLUMN margin_calib.changed_input.until_ts IS 'the change lies between ts and this; NULL: at ts';
COMMENT ON COLUMN margin_calib.changed_input.old_price IS 'price that the row had; NULL for an insert or a day';
COMMENT ON COLUMN margin_calib.changed_input.at IS 'when it was changed, or noticed';
COMMENT ON COLUMN margin_calib.changed_input.login IS 'who changed it; NULL: not known';
COMMENT ON COLUMN margin_calib.changed_input.change_id IS 'row of margin_calib.input_change';

SELECT pg_catalog.pg_extension_config_dump('margin_calib.reading', '');
SELECT pg_catalog.pg_extension_config_dump('margin_calib.input_day', '');
