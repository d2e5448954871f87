-- What dashboards read of offsets.

CREATE OR REPLACE VIEW margin_calib.margin_offset WITH (security_invoker = true) AS
SELECT g.name AS group_name, p.first_instrument, p.second_instrument, p.observations, p.correlation, p.lower_bound,
       p.subperiod_correlations, p.stressed_correlation, p.smallest_correlation, p.offset_correlation,
       p.applied_correlation, p.is_reliable,
       coalesce(p.reason, c.error, CASE WHEN c.id IS NULL THEN 'the group is not calibrated yet' END) AS reason,
       g.cap, g.breakdown, g.lookback, g.subperiods, g.confidence, g.rationale, c.valid_from AS in_force_since,
       g.calibrated_at, c.first_ts, c.last_ts, c.id AS calibration
  FROM margin_calib.product_group AS g
  LEFT JOIN margin_calib.offset_calibration AS c ON c.group_name = g.name AND c.valid_to IS NULL
  LEFT JOIN margin_calib.offset_pair AS p ON p.calibration = c.id;
COMMENT ON VIEW margin_calib.margin_offset IS
'Correlations in force of every pair of every product group, with the evidence for them; one row without instruments for a group that has none, with the reason.';
COMMENT ON COLUMN margin_calib.margin_offset.group_name IS 'product group';
COMMENT ON COLUMN margin_calib.margin_offset.first_instrument IS 'the pair, in the order of their names';
COMMENT ON COLUMN margin_calib.margin_offset.second_instrument IS 'the pair, in the order of their names';
COMMENT ON COLUMN margin_calib.margin_offset.observations IS 'returns between common times';
COMMENT ON COLUMN margin_calib.margin_offset.correlation IS 'Pearson''s correlation in the whole window';
COMMENT ON COLUMN margin_calib.margin_offset.lower_bound IS 'its lower confidence bound, with its sign; 0 when it is not significant';
COMMENT ON COLUMN margin_calib.margin_offset.subperiod_correlations IS 'correlation in each sub-period, oldest first';
COMMENT ON COLUMN margin_calib.margin_offset.stressed_correlation IS 'correlation in the most volatile stretch';
COMMENT ON COLUMN margin_calib.margin_offset.smallest_correlation IS 'the least of them in the direction of the whole window';
COMMENT ON COLUMN margin_calib.margin_offset.offset_correlation IS 'what the evidence supports: smallest_correlation, or 0 unless reliable';
COMMENT ON COLUMN margin_calib.margin_offset.applied_correlation IS 'what margins are computed with: offset_correlation, or less where the pairs of the group do not fit together';
COMMENT ON COLUMN margin_calib.margin_offset.is_reliable IS 'true: the pair may offset';
COMMENT ON COLUMN margin_calib.margin_offset.reason IS 'why it may not, NULL when it may';
COMMENT ON COLUMN margin_calib.margin_offset.cap IS 'largest share of the reduction that is credited';
COMMENT ON COLUMN margin_calib.margin_offset.breakdown IS 'calibrated, or worst: credit against the worst breakdown';
COMMENT ON COLUMN margin_calib.margin_offset.lookback IS 'returns at most';
COMMENT ON COLUMN margin_calib.margin_offset.subperiods IS 'number of sub-periods';
COMMENT ON COLUMN margin_calib.margin_offset.confidence IS 'of the lower bound';
COMMENT ON COLUMN margin_calib.margin_offset.rationale IS 'why these products may offset, as set_product_group was told';
COMMENT ON COLUMN margin_calib.margin_offset.in_force_since IS 'when these correlations came into force';
COMMENT ON COLUMN margin_calib.margin_offset.calibrated_at IS 'when they were last confirmed';
COMMENT ON COLUMN margin_calib.margin_offset.first_ts IS 'ts of the oldest price read';
COMMENT ON COLUMN margin_calib.margin_offset.last_ts IS 'ts of the newest price read';
COMMENT ON COLUMN margin_calib.margin_offset.calibration IS 'row of offset_calibration';

CREATE OR REPLACE VIEW margin_calib.margin_account_offset WITH (security_invoker = true) AS
SELECT o.account, o.currency, o.group_name, o.margin, o.instruments, o.gross, o.combined, o.cap, o.breakdown, o.credit,
       o.gross - o.credit AS requirement, o.at_zero, o.at_one, o.worst_breakdown,
       greatest(o.worst_breakdown, o.gross - o.credit) - (o.gross - o.credit) AS uncovered, o.calibration, o.reason, r.as_of
  FROM margin_calib.account_offset AS o
  LEFT JOIN margin_calib.requirement AS r ON r.account = o.account AND r.currency = o.currency;
COMMENT ON VIEW margin_calib.margin_account_offset IS
'What each account is credited for positions of a product group that hedge each other, one row for each currency and for initial and maintenance margin, of groups in which it has two positions or more. Credits add up exactly to offset_credit and maintenance_offset_credit of margin_requirement.';
COMMENT ON COLUMN margin_calib.margin_account_offset.account IS 'account, as the position feed names it';
COMMENT ON COLUMN margin_calib.margin_account_offset.currency IS 'currency of the amounts; positions in different currencies never offset';
COMMENT ON COLUMN margin_calib.margin_account_offset.group_name IS 'product group';
COMMENT ON COLUMN margin_calib.margin_account_offset.margin IS 'initial or maintenance';
COMMENT ON COLUMN margin_calib.margin_account_offset.instruments IS 'its positions in the group';
COMMENT ON COLUMN margin_calib.margin_account_offset.gross IS 'sum of their margins';
COMMENT ON COLUMN margin_calib.margin_account_offset.combined IS 'their margin as a portfolio, with the applied correlations of the pairs that hedge; pairs that do not add up in full. Rounded up';
COMMENT ON COLUMN margin_calib.margin_account_offset.cap IS 'largest share of the reduction that is credited';
COMMENT ON COLUMN margin_calib.margin_account_offset.breakdown IS 'calibrated: credit = cap * (gross - combined); worst: cap * (gross - worst_breakdown)';
COMMENT ON COLUMN margin_calib.margin_account_offset.credit IS 'taken off the requirement, rounded down to the amount step';
COMMENT ON COLUMN margin_calib.margin_account_offset.requirement IS 'gross - credit';
COMMENT ON COLUMN margin_calib.margin_account_offset.at_zero IS 'margin of the portfolio when every correlation breaks down to 0; NULL without a calibration';
COMMENT ON COLUMN margin_calib.margin_account_offset.at_one IS 'margin of the portfolio when every correlation goes to 1';
COMMENT ON COLUMN margin_calib.margin_account_offset.worst_breakdown IS 'margin of the portfolio when each correlation goes to 0 or to 1, whichever hurts, and not below combined';
COMMENT ON COLUMN margin_calib.margin_account_offset.uncovered IS 'what the requirement lacks in the worst breakdown';
COMMENT ON COLUMN margin_calib.margin_account_offset.calibration IS 'row of offset_calibration that the correlations are from';
COMMENT ON COLUMN margin_calib.margin_account_offset.reason IS 'why there is no credit, NULL when there is';
COMMENT ON COLUMN margin_calib.margin_account_offset.as_of IS 'when refresh computed it';

REVOKE ALL ON margin_calib.margin_offset, margin_calib.margin_account_offset FROM PUBLIC;
