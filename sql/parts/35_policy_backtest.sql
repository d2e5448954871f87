-- What a policy would have asked for, bar by bar.

CREATE OR REPLACE FUNCTION margin_calib.backtest_path(
    relation regclass, policy margin_calib.margin_policy, instrument name, ts name, price name,
    from_ts timestamptz DEFAULT NULL, until_ts timestamptz DEFAULT NULL, instruments text[] DEFAULT NULL)
    RETURNS TABLE (
        instrument         text,
        ts                 timestamptz,
        next_ts            timestamptz,
        side               text,
        value_at_risk      double precision,
        expected_shortfall double precision,
        value_at_risk_es   double precision,
        margin             double precision,
        published_margin   numeric,
        loss               double precision,
        vol                double precision,
        binding_term       text,
        fallback           boolean,
        model              text)
    LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 5000 ROWS 10000
    AS 'MODULE_PATHNAME', 'mc_backtest_path';
COMMENT ON FUNCTION margin_calib.backtest_path(regclass, margin_calib.margin_policy, name, name, name, timestamptz, timestamptz, text[]) IS
'What a policy would have asked for at every bar of every instrument of a table or view, and the loss that followed: walk-forward and out of sample, each row from the bars up to its ts alone. instrument, ts and price name the columns; from_ts and until_ts limit the bars (NULL: all), earlier ones are history; instruments names some (NULL: all). Two rows a bar, of the long and the short side: value_at_risk at 99 %, expected_shortfall at 97.5 % and value_at_risk_es at 97.5 % are those of the policy''s model, before stress, floor and buffer (NULL when no model answers); margin is the rate along the path that starts at the first bar, before rounding, published_margin after it, next_ts the next bar, the first at risk, loss what one unit of notional lost over the policy''s horizon after ts (NULL when not known yet). All are fractions of notional, losses positive. doc/policy_backtest.md. Errors: as calibrate_all.';
REVOKE ALL ON FUNCTION margin_calib.backtest_path(regclass, margin_calib.margin_policy, name, name, name, timestamptz, timestamptz, text[]) FROM PUBLIC;
