-- What the fits of extreme value theory return. src/evt.c and src/tail_index.c build and read them by position: keep in step.
CREATE TYPE margin_calib.gpd_model AS (
    status         text,
    method         text,
    threshold      double precision,
    observations   bigint,
    exceedances    bigint,
    shape          double precision,
    shape_error    double precision,
    scale          double precision,
    scale_error    double precision,
    log_likelihood double precision
);
COMMENT ON TYPE margin_calib.gpd_model IS
'A generalised Pareto law of the losses beyond a threshold, as margin_calib.gpd_fit returns it; value_at_risk(model, confidence) and expected_shortfall(model, confidence) read it. P(L - threshold > y | L > threshold) = (1 + shape y / scale)^(-1/shape). doc/evt.md.';
COMMENT ON COLUMN margin_calib.gpd_model.status IS 'how the fit ended: converged; boundary: the optimum lies at shape -1, where the likelihood loses its bound; iterations: the best point found; no parameters: too_few (below 5), constant, not_finite, failed';
COMMENT ON COLUMN margin_calib.gpd_model.method IS 'maximum_likelihood or pwm (probability-weighted moments)';
COMMENT ON COLUMN margin_calib.gpd_model.threshold IS 'loss above which the law holds';
COMMENT ON COLUMN margin_calib.gpd_model.observations IS 'rows with a P&L';
COMMENT ON COLUMN margin_calib.gpd_model.exceedances IS 'losses above the threshold';
COMMENT ON COLUMN margin_calib.gpd_model.shape IS 'xi: above 0 a heavy tail, 0 the exponential law, below 0 a largest loss; the mean is infinite from 1 on';
COMMENT ON COLUMN margin_calib.gpd_model.shape_error IS 'standard error of the shape; NULL where the asymptotic theory has none';
COMMENT ON COLUMN margin_calib.gpd_model.scale IS 'sigma (beta), in the unit of the P&L';
COMMENT ON COLUMN margin_calib.gpd_model.scale_error IS 'standard error of the scale; NULL where the asymptotic theory has none';
COMMENT ON COLUMN margin_calib.gpd_model.log_likelihood IS 'log likelihood of the excesses; NULL when one lies beyond the end of the fitted law';

CREATE TYPE margin_calib.gev_model AS (
    status         text,
    observations   bigint,
    location       double precision,
    location_error double precision,
    scale          double precision,
    scale_error    double precision,
    shape          double precision,
    shape_error    double precision,
    log_likelihood double precision
);
COMMENT ON TYPE margin_calib.gev_model IS
'A generalised extreme value law of block maxima, as margin_calib.gev_fit returns it: P(X <= x) = exp(-(1 + shape w)^(-1/shape)), w = (x - location) / scale. doc/evt.md.';
COMMENT ON COLUMN margin_calib.gev_model.status IS 'how the fit ended: converged; boundary: the optimum lies at shape -1, where the likelihood loses its bound; iterations: the best point found; no parameters: too_few (below 5), constant, not_finite, failed';
COMMENT ON COLUMN margin_calib.gev_model.observations IS 'block maxima';
COMMENT ON COLUMN margin_calib.gev_model.location IS 'mu';
COMMENT ON COLUMN margin_calib.gev_model.location_error IS 'standard error of the location; NULL for a shape of -0.5 or less';
COMMENT ON COLUMN margin_calib.gev_model.scale IS 'sigma';
COMMENT ON COLUMN margin_calib.gev_model.scale_error IS 'standard error of the scale; NULL for a shape of -0.5 or less';
COMMENT ON COLUMN margin_calib.gev_model.shape IS 'xi: above 0 Frechet (heavy tail), 0 Gumbel, below 0 Weibull (an upper end)';
COMMENT ON COLUMN margin_calib.gev_model.shape_error IS 'standard error of the shape; NULL for a shape of -0.5 or less';
COMMENT ON COLUMN margin_calib.gev_model.log_likelihood IS 'log likelihood of the maxima';

CREATE TYPE margin_calib.mean_excess_point AS (
    threshold      double precision,
    exceedances    bigint,
    mean_excess    double precision,
    standard_error double precision
);
COMMENT ON TYPE margin_calib.mean_excess_point IS
'One point of the mean excess plot, as margin_calib.mean_excess returns them.';
COMMENT ON COLUMN margin_calib.mean_excess_point.threshold IS 'loss, as given';
COMMENT ON COLUMN margin_calib.mean_excess_point.exceedances IS 'losses above it; NULL with a NaN or infinite P&L';
COMMENT ON COLUMN margin_calib.mean_excess_point.mean_excess IS 'mean of loss - threshold over them; NULL without any';
COMMENT ON COLUMN margin_calib.mean_excess_point.standard_error IS 'sample deviation of the excesses / sqrt(exceedances); NULL below two';
