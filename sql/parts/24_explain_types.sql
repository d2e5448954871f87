-- Rows of explain_margin, explain_requirement and verify.

CREATE TYPE margin_calib.margin_explanation AS (
    step       integer,
    side       text,
    item       text,
    figure     numeric,
    unit       text,
    arithmetic text,
    note       text
);
COMMENT ON TYPE margin_calib.margin_explanation IS
'A row of margin_calib.explain_margin: one figure between prices and rates. doc/explain.md.';
COMMENT ON COLUMN margin_calib.margin_explanation.step IS 'number of the row, from 1';
COMMENT ON COLUMN margin_calib.margin_explanation.side IS 'long or short; NULL for both';
COMMENT ON COLUMN margin_calib.margin_explanation.item IS 'what the figure is';
COMMENT ON COLUMN margin_calib.margin_explanation.figure IS 'exact: a number that was computed in double precision has the shortest digits that give the same bits; NULL when the item is no number or is not stored';
COMMENT ON COLUMN margin_calib.margin_explanation.unit IS 'unit of the figure';
COMMENT ON COLUMN margin_calib.margin_explanation.arithmetic IS 'how the figure follows from those above, in numbers; NULL for what is taken as it is';
COMMENT ON COLUMN margin_calib.margin_explanation.note IS 'where the figure is from, and what it means';

CREATE TYPE margin_calib.requirement_explanation AS (
    step         integer,
    currency     text,
    instrument   text,
    margin       text,
    item         text,
    figure       numeric,
    unit         text,
    arithmetic   text,
    note         text,
    parameter_id bigint
);
COMMENT ON TYPE margin_calib.requirement_explanation IS
'A row of margin_calib.explain_requirement: one figure between quantities and the requirement. doc/explain.md.';
COMMENT ON COLUMN margin_calib.requirement_explanation.step IS 'number of the row, from 1';
COMMENT ON COLUMN margin_calib.requirement_explanation.currency IS 'currency of the position and of its amounts; NULL for an account without positions';
COMMENT ON COLUMN margin_calib.requirement_explanation.instrument IS 'the position; NULL for what concerns several';
COMMENT ON COLUMN margin_calib.requirement_explanation.margin IS 'initial or maintenance; NULL for both';
COMMENT ON COLUMN margin_calib.requirement_explanation.item IS 'what the figure is';
COMMENT ON COLUMN margin_calib.requirement_explanation.figure IS 'exact; NULL when the item is no number or there is none';
COMMENT ON COLUMN margin_calib.requirement_explanation.unit IS 'unit of the figure, the currency for amounts';
COMMENT ON COLUMN margin_calib.requirement_explanation.arithmetic IS 'how the figure follows from those above, in numbers; NULL for what is taken as it is';
COMMENT ON COLUMN margin_calib.requirement_explanation.note IS 'where the figure is from, and what it means';
COMMENT ON COLUMN margin_calib.requirement_explanation.parameter_id IS 'of a rate: the row of margin_parameter_history that it is from';

CREATE TYPE margin_calib.engine_explained_side AS (
    name               text,
    value_at_risk      double precision,
    expected_shortfall double precision,
    tail               double precision,
    stressed_es        double precision,
    stressed           double precision,
    floor              double precision,
    core               double precision,
    buffer_used        double precision,
    unrounded          double precision,
    binding_term       text,
    before_rate        double precision,
    day_rate           double precision,
    bar_loss           double precision,
    latest_unrounded   double precision
);
COMMENT ON TYPE margin_calib.engine_explained_side IS 'internal: the evidence of one side of a parameter; tail and stressed are the policy''s measure, bar_loss the loss of the latest bar of its path';

CREATE TYPE margin_calib.verification AS (
    kind       text,
    instrument text,
    account    text,
    currency   text,
    field      text,
    stored     text,
    recomputed text,
    is_pending boolean
);
COMMENT ON TYPE margin_calib.verification IS
'A row of margin_calib.verify: one difference between what is stored and what follows from base data. doc/explain.md.';
COMMENT ON COLUMN margin_calib.verification.kind IS 'parameter, liquidity, surface, correlation, position, offset, requirement, collateral, or feed for one that cannot be read, whose instruments or accounts are not verified';
COMMENT ON COLUMN margin_calib.verification.instrument IS 'instrument, of a parameter, liquidity or a position; underlying of a surface';
COMMENT ON COLUMN margin_calib.verification.account IS 'account, of a position, an offset or a requirement';
COMMENT ON COLUMN margin_calib.verification.currency IS 'currency, of a position, an offset or a requirement';
COMMENT ON COLUMN margin_calib.verification.field IS 'column that differs; of a surface, after smile, the expiry; after the group and the margin for an offset; row: all of it; the group for a correlation, the relation for a feed';
COMMENT ON COLUMN margin_calib.verification.stored IS 'what is stored; of a row a JSON object, NULL when it is missing; of a feed why it could not be read';
COMMENT ON COLUMN margin_calib.verification.recomputed IS 'what follows from base data; of a row a JSON object, NULL when nothing does; of a feed why it cannot be read';
COMMENT ON COLUMN margin_calib.verification.is_pending IS 'true: the next refresh will see the change behind it; false: nothing explains it';
