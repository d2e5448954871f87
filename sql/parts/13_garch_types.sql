-- What garch_fit and filtered_tail_risk return. src/garch_model.h and src/filtered_tail.c build them by position: keep
-- them in step.

CREATE TYPE margin_calib.garch_model AS (
    status                   text,
    model                    text,
    presample                text,
    observations             bigint,
    mu                       double precision,
    omega                    double precision,
    alpha                    double precision,
    gamma                    double precision,
    beta                     double precision,
    degrees_of_freedom       double precision,
    log_likelihood           double precision,
    persistence              double precision,
    unconditional_variance   double precision,
    next_variance            double precision,
    iterations               integer,
    scale                    double precision,
    standard_errors          text,
    mu_error                 double precision,
    omega_error              double precision,
    alpha_error              double precision,
    gamma_error              double precision,
    beta_error               double precision,
    degrees_of_freedom_error double precision
);
COMMENT ON TYPE margin_calib.garch_model IS
'A GARCH(1,1) or GJR(1,1) model with a constant mean, in the units of the returns: h = omega + (alpha + gamma [e < 0]) e^2 + beta h of the bar before, e = return - mu. Made by margin_calib.garch_fit, or by hand with margin_calib.garch_model. A fit that found nothing has a status and no numbers. doc/garch.md.';
COMMENT ON COLUMN margin_calib.garch_model.status IS 'converged, boundary (the optimum lies on the edge of what is allowed), iterations (the best point when the allowance was used up); without parameters: too_few, constant, not_finite, failed; given (made by hand)';
COMMENT ON COLUMN margin_calib.garch_model.model IS 'garch, gjr, garch_t or gjr_t';
COMMENT ON COLUMN margin_calib.garch_model.presample IS 'backcast or sample_variance: what the recursion starts from';
COMMENT ON COLUMN margin_calib.garch_model.observations IS 'rows of the group whose return is not NULL';
COMMENT ON COLUMN margin_calib.garch_model.mu IS 'mean return of a bar';
COMMENT ON COLUMN margin_calib.garch_model.omega IS 'constant part of the variance, above 0 in a fit';
COMMENT ON COLUMN margin_calib.garch_model.alpha IS 'reaction to the square of the last move, 0 or more';
COMMENT ON COLUMN margin_calib.garch_model.gamma IS 'what a fall adds to alpha; 0 in the symmetric models';
COMMENT ON COLUMN margin_calib.garch_model.beta IS 'weight of the last variance, 0 to 1 in a fit';
COMMENT ON COLUMN margin_calib.garch_model.degrees_of_freedom IS 'of the t distribution, above 2; NULL with a normal one';
COMMENT ON COLUMN margin_calib.garch_model.log_likelihood IS 'of the returns, with its constant';
COMMENT ON COLUMN margin_calib.garch_model.persistence IS 'alpha + gamma / 2 + beta; may be 1 or more';
COMMENT ON COLUMN margin_calib.garch_model.unconditional_variance IS 'omega / (1 - persistence); NULL when persistence is 1 or more';
COMMENT ON COLUMN margin_calib.garch_model.next_variance IS 'variance of the bar after the last';
COMMENT ON COLUMN margin_calib.garch_model.iterations IS 'evaluations of the likelihood and its gradient';
COMMENT ON COLUMN margin_calib.garch_model.scale IS 'power of two by which the returns were divided for the fit; the parameters are those of the returns';
COMMENT ON COLUMN margin_calib.garch_model.standard_errors IS 'none, hessian, opg or qml: what the errors are';
COMMENT ON COLUMN margin_calib.garch_model.mu_error IS 'standard error of mu; an error is NULL when none was asked for, when the parameter is not free, or when the matrix cannot be inverted';
COMMENT ON COLUMN margin_calib.garch_model.omega_error IS 'standard error of omega';
COMMENT ON COLUMN margin_calib.garch_model.alpha_error IS 'standard error of alpha';
COMMENT ON COLUMN margin_calib.garch_model.gamma_error IS 'standard error of gamma';
COMMENT ON COLUMN margin_calib.garch_model.beta_error IS 'standard error of beta';
COMMENT ON COLUMN margin_calib.garch_model.degrees_of_freedom_error IS 'standard error of degrees_of_freedom';

CREATE TYPE margin_calib.filtered_tail AS (
    filter       text,
    status       text,
    observations bigint,
    next_vol     double precision,
    levels       margin_calib.tail_risk_level[]
);
COMMENT ON TYPE margin_calib.filtered_tail IS
'Tail of the next bar''s return by filtered historical simulation, as margin_calib.filtered_tail_risk returns it. doc/garch.md.';
COMMENT ON COLUMN margin_calib.filtered_tail.filter IS 'the filter that was used: the one asked for, or ewma or historical in its place';
COMMENT ON COLUMN margin_calib.filtered_tail.status IS 'how the fit of the GARCH filter asked for ended, as garch_model.status; NULL when ewma was asked for';
COMMENT ON COLUMN margin_calib.filtered_tail.observations IS 'rows of the group whose return is not NULL';
COMMENT ON COLUMN margin_calib.filtered_tail.next_vol IS 'vol of the next bar; NULL without a filter';
COMMENT ON COLUMN margin_calib.filtered_tail.levels IS 'value at risk and expected shortfall of the next bar at every confidence: losses are positive, in the unit of the returns';
