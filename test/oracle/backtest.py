"""Backtests and tests of series beside published numbers, scipy, statsmodels, R, and recomputation in Python.

Series: S&P 500 and DAX returns of ../shared/data (skipped when not there), and synthetic ones made here, with
forecasts by an exponentially weighted volatility. Prints TAP.
"""
import math
import os
import tempfile

import mpmath
import numpy as np
import statsmodels.api as sm
from scipy import integrate, stats
from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch

import _tap as t


def fields(expression, source):
    """A composite result as floats by name."""
    lines = t.sql(f"SELECT j.key, j.value #>> '{{}}' FROM (SELECT row_to_json(q.r) AS r FROM (SELECT {expression} AS r FROM {source}) q) x, "
                  "json_each(x.r) j")
    answer = {}
    for key, text in lines:
        try:
            answer[key] = float(text)
        except ValueError:
            answer[key] = text
    return answer


# ---- published numbers --------------------------------------------------------------------------------

LR = [5.0251679268, 1.1764911353, 0.1084352162, 0.0949401227, 0.7691383644, 1.9568097882, 3.5553547711,
      5.4969904478, 7.7335507245, 10.2290306326, 12.9554910624]
P = [.0249815, .2780715, .7419327, .7579883, .3804837, .1618549, .0593536, .0190492, .0054204, .0013825, .000319]
rows = t.sql("SELECT (kupiec_test_counts(k, 250, 0.99)).statistic, (kupiec_test_counts(k, 250, 0.99)).p_value, "
             "100 * (traffic_light_counts(k, 250, 0.99)).cumulative_probability FROM generate_series(0, 10) k ORDER BY k")
t.all_close([r[0] for r in rows], LR, 1e-9, "LR_POF at 1 %, 250 days, 0 to 10 exceptions: 1e-9")
t.ok(all(abs(float(r[1]) - p) < 6e-8 for r, p in zip(rows, P)), "their p-values to the digits given")
BASEL = [8.1059, 28.5752, 54.3169, 75.8117, 89.2188, 95.8817, 98.6299, 99.5975, 99.8943, 99.9750, 99.9946]
t.ok(all(abs(float(r[2]) - p) < 6e-5 for r, p in zip(rows, BASEL)), "Basel's cumulative probabilities to the digits given")

TABLE = {.01: [(0, 7), (1, 11), (4, 17)], .025: [(2, 12), (6, 21), (15, 36)], .05: [(6, 21), (16, 36), (37, 65)],
         .075: [(11, 28), (27, 51), (59, 92)], .10: [(16, 36), (38, 65), (81, 120)]}
for p, cells in TABLE.items():
    got = [tuple(map(int, r)) for r in t.sql(
        f"SELECT min(k) - 1, max(k) + 1 FROM (VALUES (255), (510), (1000)) v(n), generate_series(0, n) k "
        f"WHERE (kupiec_test_counts(k, n, {1 - p})).p_value >= 0.05 GROUP BY n ORDER BY n")]
    t.ok(got == cells, f"Kupiec's non-rejection regions at {p}", got)

ZONES = {(250, .01): (4, 10), (250, .025): (10, 17), (1000, .01): (14, 24), (365, .01): (6, 13), (730, .01): (11, 19),
         (250, .005): (2, 7)}
for (n, p), limits in ZONES.items():
    got = tuple(map(int, t.sql(f"SELECT green_up_to, red_from FROM traffic_light_zones({n}, {1 - p})")[0]))
    t.ok(got == limits, f"zones of {n} observations at {p}", got)


def hits_table(name, n, hits):
    t.load(name, "pnl float8", [(-2.0 if i in hits else 0.5,) for i in range(n)])


hits_table("clustered", 500, {20, 21, 100, 250, 251, 252, 400, 499})
got = fields("christoffersen_test(pnl, 1, 0.99 ORDER BY i)", "clustered")
t.all_close([got[k] for k in ("coverage_statistic", "independence_statistic", "statistic")],
            [1.5382767287717, 16.6015499114648, 18.1398266402365], 1e-12, "Christoffersen, 8 of 500: statistics, 1e-12")
t.all_close([got[k] for k in ("coverage_p_value", "independence_p_value", "p_value")],
            [stats.chi2.sf(1.5382767287717, 1), 4.6113321e-05, 1.1507651e-04], 5e-8, "and p-values, 5e-8")
t.ok([got[k] for k in ("n00", "n01", "n10", "n11")] == [487, 5, 4, 3], "and transitions")
hits_table("apart", 250, {10, 60, 120, 200})
got = fields("christoffersen_test(pnl, 1, 0.99 ORDER BY i)", "apart")
t.all_close([got[k] for k in ("coverage_statistic", "independence_statistic", "statistic")],
            [.7691383643858, .1306180480877, .8997564124735], 1e-11, "Christoffersen, n11 = 0: 1e-11")

# scipy's binomial beside cumulative probabilities and limits
for n in (1, 10, 250, 5000, 100000, 5000000):
    for p in (.001, .01, .05):
        ks = sorted({0, int(n * p), int(n * p + 2 * math.sqrt(n * p)), min(n, int(n * p + 5 * math.sqrt(n * p)) + 1)} & set(range(n + 1)))
        got = [t.value(f"SELECT (traffic_light_counts({k}, {n}, {1 - p})).cumulative_probability") for k in ks]
        t.all_close(got, [stats.binom.cdf(k, n, p) for k in ks], 1e-9, f"scipy's binomial: n {n}, p {p}: 1e-9")

LOSSES = [.5, 1.2, 2.6, .1, 3.5, -.2, 2.4, 0]
t.load("eight", "loss float8", [(float(x),) for x in LOSSES])
t.all_close([r[0] for r in t.sql("SELECT e_process_var(-loss, 2.32634787404084, 0.99, 0.02) OVER (ORDER BY i) FROM eight ORDER BY i")],
            [.98, .9604, 2.861992, 2.80475216, 8.3581614368, 8.19099820806, 24.40917466, 23.9209911668], 1e-10, "e-process of VaR, 1e-10")
t.all_close([r[0] for r in t.sql("SELECT e_process_es(-loss, 1.95996398454, 2.3378027922, 0.975, 0.02) OVER (ORDER BY i) FROM eight ORDER BY i")],
            [.98, .9604, 2.24267946351, 2.19782587424, 9.32037726098, 9.13396971576, 17.461322764, 17.1120963087], 1e-10, "e-process of ES, 1e-10")
ACI = [.01005, .0101, .00515, .0052, .00025, -.0047, -.00465, -.0046, -.00455, -.0045]
got = [r[0] for r in t.sql("SELECT 1 - adaptive_conformal_level(e, 0.99, 0.005) OVER (ORDER BY i) "
                           "FROM unnest('{f,f,t,f,t,t,f,f,f,f}'::bool[]) WITH ORDINALITY u(e, i) ORDER BY i")]
t.ok(all(abs(float(g) - a) < 1e-15 for g, a in zip(got, ACI)), "adaptive conformal levels, 1e-15", got)

# Acerbi and Szekely's critical values: another simulation's (abs 0.01 at 5 %, 0.1 at 0.01 %)
CRITICAL = [("z2", "Infinity", .05, -.7007, .01, 1000000), ("z2", "Infinity", .0001, -1.79, .1, 1000000),
            ("z1", "Infinity", .05, -.114, .01, 1000000), ("z2", "3", .05, -.815, .01, 400000), ("z2", "5", .05, -.738, .01, 400000),
            ("z2", "10", .05, -.710, .01, 400000), ("z2", "100", .05, -.700, .01, 400000), ("z2", "5", .0001, -2.00, .1, 1000000),
            ("z2", "10", .0001, -1.79, .1, 1000000), ("z2", "100", .0001, -1.75, .1, 1000000), ("z1", "3", .05, -.43, .01, 400000),
            ("z1", "5", .05, -.26, .01, 400000), ("z1", "10", .05, -.17, .01, 400000)]
for which, df, s, want, tolerance, paths in CRITICAL:
    got = float(t.value(f"SELECT acerbi_szekely_critical('{which}', 250, 0.975, '{df}', {s}, {paths})"))
    t.ok(abs(got - want) <= tolerance, f"{which} at {s} with {df} degrees of freedom: {want} within {tolerance}", got)

# ---- recomputation --------------------------------------------------------------------------------------


def rank_test(name, pnl, var, es, confidence, p):
    """Z3 with an integral of scipy's over the loss of the rank."""
    n = len(pnl)
    k = int(n * p + 1e-9)
    location, scale = 0.1 * var, es / 2.5
    for df in (None, 4.0):
        law = stats.norm if df is None else stats.t(df)
        lower, upper = law.ppf([1e-14, 1 - 1e-14])
        # the density of the worst k ranks at u is n / k P(Binomial(n - 1, u) < k)
        b = integrate.quad(lambda x: x * law.pdf(x) * stats.binom.cdf(k - 1, n - 1, law.sf(x)) * n / k, lower, upper,
                           limit=500, epsabs=0, epsrel=1e-10, points=[0, float(law.isf(p))])[0]
        a = np.sort((location - pnl) / scale)[::-1][:k].mean()
        want = 1 - np.mean((scale * a - location) / (scale * b - location))
        extra = "" if df is None else f", {df}"
        got = float(t.value(f"SELECT acerbi_szekely_rank_test(pnl, 0.1 * var, es / 2.5, {confidence}{extra}) FROM forecast"))
        t.ok(abs(got - want) < 1e-6 * max(1, abs(want)), f"{name}: Acerbi-Szekely Z3, degrees of freedom {df}, scipy's integral, 1e-6", got, want)


def deviance(k, n, p):
    """Likelihood ratio of k in n, with 30 digits: close to n p its terms cancel."""
    p = mpmath.mpf(p) if isinstance(p, float) else p
    term = lambda x, q: x * mpmath.log(x / (n * q)) if x else mpmath.mpf(0)
    return 2 * (term(k, p) + term(n - k, 1 - p)) if n else mpmath.mpf(0)


def e_process(e_values, bet=None):
    wealth, gains, squares, path = 1.0, 0.0, 0.0, []
    for e in e_values:
        lam = bet if bet is not None else min(.5, max(0, gains / squares)) if squares else 0
        wealth *= 1 - lam + lam * e
        gains, squares = gains + e - 1, squares + (e - 1) ** 2
        path.append(wealth)
    return path


def dynamic_quantile(hits, var, p, lags):
    x = np.column_stack([np.ones(len(hits) - lags)] + [hits[lags - k:-k] - p for k in range(1, lags + 1)] + [var[lags:]])
    fit = sm.OLS(hits[lags:] - p, x).fit()
    return float(np.sum(fit.fittedvalues ** 2) / (p * (1 - p))), np.linalg.matrix_rank(x)


def diebold_mariano(a, b, lags):
    d = a - b
    n, h = len(d), lags + 1
    fit = sm.OLS(d, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    statistic = fit.tvalues[0] * math.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return statistic, 2 * stats.t.sf(abs(statistic), n - 1)


def check_forecasts(name, pnl, var, es, confidence):
    p = round(1 - confidence, 12)
    t.load("forecast", "pnl float8, var float8, es float8", zip(map(float, pnl), map(float, var), map(float, es)))
    n = len(pnl)
    hits = (-pnl > var).astype(float)
    k = int(hits.sum())
    steps = [[int(np.sum((hits[:-1] == a) & (hits[1:] == b))) for b in (0, 1)] for a in (0, 1)]
    share = mpmath.mpf(steps[0][1] + steps[1][1]) / (n - 1)
    independence = sum(deviance(row[1], sum(row), share) for row in steps)
    got = fields(f"christoffersen_test(pnl, var, {confidence} ORDER BY i)", "forecast")
    t.all_close([got["coverage_statistic"], got["independence_statistic"], got["statistic"]],
                [deviance(k, n, p), independence, deviance(k, n, p) + independence], 1e-9, f"{name}: Christoffersen, 1e-9")
    t.close(got["p_value"], stats.chi2.sf(got["statistic"], 2), 1e-10, f"{name}: scipy's p-value")
    got = fields(f"tuff_test(pnl, var, {confidence} ORDER BY i)", "forecast")
    first = int(np.argmax(hits)) + 1
    t.close(got["statistic"], deviance(1, first, p), 1e-9, f"{name}: time until first failure {first}, 1e-9")
    for lags in (1, 4, 7):
        want, rank = dynamic_quantile(hits, var, p, lags)
        got = fields(f"dynamic_quantile_test(pnl, var, {confidence}, {lags} ORDER BY i)", "forecast")
        t.all_close([got["statistic"], got["degrees_of_freedom"], got["p_value"]], [want, rank, stats.chi2.sf(want, rank)], 1e-9,
                    f"{name}: dynamic quantile, {lags} lags, statsmodels' OLS, 1e-9")
    ratio = (-pnl / es)[hits == 1]
    z1, z2 = 1 - ratio.mean(), 1 - ratio.sum() / (n * p)
    got = fields(f"acerbi_szekely_test(pnl, var, es, {confidence})", "forecast")
    t.ok(abs(got["z1"] - z1) < 1e-13 and abs(got["z2"] - z2) < 1e-13, f"{name}: Acerbi-Szekely, abs 1e-13", got, z1, z2)
    rank_test(name, pnl, var, es, confidence, p)
    e_var = hits / p
    e_es = np.maximum(-pnl - var, 0) / (p * (es - var))
    for bet in (None, .01):
        extra = "" if bet is None else f", {bet}"
        got = t.sql(f"SELECT e_process_var(pnl, var, {confidence}{extra}) OVER w, e_process_es(pnl, var, es, {confidence}{extra}) OVER w "
                    "FROM forecast WINDOW w AS (ORDER BY i) ORDER BY i")
        t.all_close([r[0] for r in got], e_process(e_var, bet), 1e-10, f"{name}: e-process of VaR, bet {bet}, every row, 1e-10")
        t.all_close([r[1] for r in got], e_process(e_es, bet), 1e-10, f"{name}: e-process of ES, bet {bet}, every row, 1e-10")
    pinball = np.where(hits == 1, confidence * (-pnl - var), p * (var + pnl))
    fz0 = hits * (-pnl - var) / (p * es) + var / es + np.log(es) - 1
    got = t.sql(f"SELECT pinball_loss(pnl, var, {confidence}), fz0_loss(pnl, var, es, {confidence}) FROM forecast ORDER BY i")
    t.all_close([r[0] for r in got], pinball, 1e-12, f"{name}: pinball losses, 1e-12")
    t.ok(max(abs(float(r[1]) - f) / (1 + abs(f)) for r, f in zip(got, fz0)) < 1e-13, f"{name}: FZ0 losses, 1e-13")
    report = fields(f"backtest(pnl, var, es, {confidence} ORDER BY i)", "forecast")
    want, rank = dynamic_quantile(hits, var, p, 4)
    t.all_close([report[c] for c in ("exceptions", "coverage_statistic", "independence_statistic", "dynamic_quantile_statistic",
                                     "e_value_var", "e_value_es", "mean_pinball_loss", "mean_fz0_loss")],
                [k, deviance(k, n, p), independence, want, e_process(e_var)[-1], e_process(e_es)[-1], pinball.mean(), fz0.mean()],
                1e-9, f"{name}: the report, 1e-9")
    t.ok(report["z1"] == fields(f"acerbi_szekely_test(pnl, var, es, {confidence})", "forecast")["z1"], f"{name}: its Z1")
    constant = np.full(n, float(np.quantile(-pnl, confidence)))
    other = np.where(-pnl > constant, confidence * (-pnl - constant), p * (constant + pnl))
    for lags in (0, 5):
        want = diebold_mariano(pinball, other, lags)
        got = fields(f"diebold_mariano_test(pinball_loss(pnl, var, {confidence}), pinball_loss(pnl, {constant[0]!r}, {confidence}), {lags} ORDER BY i)",
                     "forecast")
        t.all_close([got["statistic"], got["p_value"]], want, 1e-8, f"{name}: Diebold-Mariano, {lags} lags, statsmodels' HAC, 1e-8")


def check_multinomial(name, pnl, vol, confidence, levels):
    p = round(1 - confidence, 12)
    at = [confidence + j / levels * p for j in range(levels)]
    t.all_close(t.numbers(t.value(f"SELECT multinomial_es_levels({confidence}, {levels})")), at, 1e-14, f"{name}: levels")
    vars_ = np.outer(vol, stats.norm.ppf(at))
    t.load("levels", "pnl float8, var float8[], pit float8",
           [(float(x), "{" + ",".join(map(repr, map(float, v))) + "}", float(stats.norm.cdf(x / s))) for x, v, s in zip(pnl, vars_, vol)])
    cells = np.bincount((-pnl[:, None] > vars_).sum(axis=1), minlength=levels + 1)
    n = len(pnl)
    expected = n * np.array([confidence] + [p / levels] * levels)
    pearson = stats.chisquare(cells, expected)
    ratio = stats.power_divergence(cells, expected, lambda_="log-likelihood")
    variance = 2 * levels - (levels ** 2 + 4 * levels + 1) / n + np.sum(1 / (expected / n)) / n
    c = 2 * levels / variance
    want = [pearson.statistic, pearson.pvalue, ratio.statistic, ratio.pvalue, c * pearson.statistic,
            stats.chi2.sf(c * pearson.statistic, c * levels)]
    for form in (f"multinomial_es_test(pnl, var, {confidence})", f"multinomial_es_test(pit, {levels}, {confidence})"):
        got = fields(form, "levels")
        t.all_close([got[k] for k in ("pearson_statistic", "pearson_p_value", "likelihood_ratio_statistic", "likelihood_ratio_p_value",
                                      "nass_statistic", "nass_p_value")], want, 1e-9, f"{name}: {form}, scipy, 1e-9")


def check_series(name, x, lag_choices=(1, 5, 10)):
    t.load("series", "x float8", [(float(v),) for v in x])
    got = fields("jarque_bera_test(x)", "series")
    peer = stats.jarque_bera(x)
    t.all_close([got["statistic"], got["p_value"]], [peer[0], peer[1]], 1e-9, f"{name}: Jarque-Bera, scipy, 1e-9")
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "x")
        with open(file, "w") as out:
            out.write("\n".join(map(repr, map(float, x))))
        from_r = t.r(f"cat(jarque.bera.test(scan('{file}', quiet = TRUE))$statistic)", "tseries")
    if from_r is None:
        t.skip(f"{name}: Jarque-Bera, tseries", "R or tseries is missing")
    else:
        t.close(got["statistic"], from_r, 1e-9, f"{name}: Jarque-Bera, tseries, 1e-9")
    for lags in lag_choices:
        got = fields(f"ljung_box_test(x, {lags} ORDER BY i)", "series")
        peer = acorr_ljungbox(x, lags=[lags])
        t.all_close([got["statistic"], got["p_value"]], [peer["lb_stat"].iloc[0], peer["lb_pvalue"].iloc[0]], 1e-9,
                    f"{name}: Ljung-Box, {lags} lags, statsmodels, 1e-9")
        got = fields(f"arch_lm_test(x, {lags} ORDER BY i)", "series")
        # R squared does not change when the squares are standardised; statsmodels' het_arch itself drops a regressor
        # when they are far from 1 (its pseudo-inverse cuts off at 1e-15 of the largest)
        squares = x ** 2
        squares = (squares - squares.mean()) / squares.std()
        lagged = np.column_stack([np.ones(len(x) - lags)] + [squares[lags - k:-k] for k in range(1, lags + 1)])
        statistic = (len(x) - lags) * sm.OLS(squares[lags:], lagged).fit().rsquared
        t.all_close([got["statistic"], got["p_value"]], [statistic, stats.chi2.sf(statistic, lags)], 1e-7,
                    f"{name}: ARCH, {lags} lags, statsmodels' OLS, 1e-7")
        if 0.1 < np.std(x) and np.abs(np.mean(x)) < 1:
            t.all_close([got["statistic"], got["p_value"]], het_arch(x, nlags=lags)[:2], 1e-8, f"{name}: statsmodels' het_arch, 1e-8")


def forecasts(returns, confidence, decay=.94):
    """P&L with VaR and ES of a normal with an exponentially weighted volatility of the returns before."""
    variance = np.empty(len(returns))
    variance[0] = np.var(returns[:50])
    for i in range(1, len(returns)):
        variance[i] = decay * variance[i - 1] + (1 - decay) * returns[i - 1] ** 2
    z = stats.norm.ppf(confidence)
    vol = np.sqrt(variance)
    return returns, z * vol, stats.norm.pdf(z) / (1 - confidence) * vol, vol


mpmath.mp.dps = 30
generator = np.random.default_rng(7)
shocks = generator.standard_t(4, 1500) / math.sqrt(2)
garch = np.empty(1500)
h = 1.0
for i, shock in enumerate(shocks):
    garch[i] = math.sqrt(h) * shock
    h = .05 + .1 * garch[i] ** 2 + .85 * h
pnl, var, es, vol = forecasts(garch, .975)
check_forecasts("synthetic GARCH", pnl, var, es, .975)
check_forecasts("synthetic GARCH, first 60", pnl[:60], var[:60] * .5, es[:60] * .5, .9)
check_multinomial("synthetic GARCH", pnl, vol, .975, 4)
check_multinomial("synthetic GARCH", pnl, vol, .95, 8)
check_series("synthetic GARCH", garch)
check_series("at a level of 1e6", garch[:700] + 1e6, (3,))
check_series("of size 1e-9", garch[:700] * 1e-9, (3,))

path = t.shared("data/bench_eustockmarkets.csv.gz")
if path is None:
    t.skip("DAX", "../shared is not there")
else:
    close = np.array([float(r["close"]) for r in t.read_csv(path) if r["instrument"] == "DAX"])
    dax = 100 * np.diff(np.log(close))
    t.load("dax", "r float8", [(float(x),) for x in dax])
    t.close(t.value("SELECT (jarque_bera_test(r)).statistic FROM dax"), 3149.641305, 1e-9, "DAX: Jarque-Bera of VECTORS, 1e-9")
    t.close(t.value("SELECT (ljung_box_test(r * r, 10 ORDER BY i)).statistic FROM dax"), 110.7461795, 1e-9, "DAX: Ljung-Box(10) of squares, 1e-9")
    box = t.r(f"r <- 100 * diff(log(EuStockMarkets[, 'DAX'])); b <- Box.test(r^2, 10, 'Ljung', fitdf = 2); cat(b$statistic, b$parameter)")
    if box is None:
        t.skip("DAX: R's Box.test", "R is missing")
    else:
        got = fields("ljung_box_test(r * r, 10, 2 ORDER BY i)", "dax")
        t.all_close([got["statistic"], got["degrees_of_freedom"]], box.split(), 1e-10, "DAX: R's Box.test with fitdf, 1e-10")
    check_series("DAX", dax)
    pnl, var, es, vol = forecasts(dax, .99)
    check_forecasts("DAX at 99 %", pnl, var, es, .99)

path = t.shared("data/sp500_daily_1999_2018.csv.gz")
if path is None:
    t.skip("S&P 500", "../shared is not there")
else:
    close = np.array([float(r["close"]) for r in t.read_csv(path)])
    returns = np.diff(np.log(close))
    pnl, var, es, vol = forecasts(returns, .975)
    check_forecasts("S&P 500 at 97.5 %", pnl, var, es, .975)
    check_multinomial("S&P 500", pnl, vol, .975, 4)
    check_series("S&P 500", returns)
t.done()
