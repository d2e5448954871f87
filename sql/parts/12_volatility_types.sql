-- What the volatility estimators return. src/realized.c builds rows by position: keep both in step.
CREATE TYPE margin_calib.realized_measures AS (
    returns                   bigint,
    realized_variance         double precision,
    bipower_variation         double precision,
    median_realized_variance  double precision,
    minimum_realized_variance double precision,
    tripower_quarticity       double precision,
    jump_statistic            double precision,
    jump_p_value              double precision,
    jump_share                double precision
);
COMMENT ON TYPE margin_calib.realized_measures IS
'Variances of one span of intraday prices and the test of it for jumps, as margin_calib.realized_measures returns them: per span, not annualised. NULL where there are too few returns.';
COMMENT ON COLUMN margin_calib.realized_measures.returns IS 'number M of log returns';
COMMENT ON COLUMN margin_calib.realized_measures.realized_variance IS 'sum of squared returns; from 1 return on';
COMMENT ON COLUMN margin_calib.realized_measures.bipower_variation IS 'pi / 2 * M / (M - 1) times the sum of products of neighbouring absolute returns, which a jump hardly moves; from 2 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.median_realized_variance IS 'MedRV of Andersen, Dobrev and Schaumburg (2012), from squared medians of three neighbours; from 3 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.minimum_realized_variance IS 'MinRV of Andersen, Dobrev and Schaumburg (2012), from squared minima of two neighbours; from 2 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.tripower_quarticity IS 'estimate of the integral of volatility to the fourth power, from three neighbours; from 3 returns on';
COMMENT ON COLUMN margin_calib.realized_measures.jump_statistic IS 'ratio statistic of Barndorff-Nielsen and Shephard with the maximum of Huang and Tauchen (2005): standard normal without jumps, large with them; NULL below 3 returns and for a constant price';
COMMENT ON COLUMN margin_calib.realized_measures.jump_p_value IS 'one-sided probability of a larger jump_statistic without jumps';
COMMENT ON COLUMN margin_calib.realized_measures.jump_share IS 'share of the realised variance that jumps made: max(0, 1 - bipower_variation / realized_variance)';
