"""Recompute extreme value fits, Hill's estimator, mean excesses and quantile regression; prints TAP.

Published numbers and series of ../shared (skipped without it); live peers fExtremes and quantreg of R, scipy, and
mpmath in 40 digits, on these series and on synthetic ones.
"""
import math
import os
import random
import tempfile

import _tap as t

try:
    import mpmath
    import numpy as np
    import scipy.optimize
    import scipy.stats
except ImportError as missing:
    t.skip("extreme value theory", f"no {missing.name}")
    t.done()

mpmath.mp.dps = 40
METHODS = {"mle": "maximum_likelihood", "pwm": "pwm"}


def r_with_data(rows, program, package):
    """An R program that finds the rows in the data frame d, columns V1, V2, ...; -e takes no long texts."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.writelines(" ".join(map(repr, row)) + "\n" for row in rows)
    try:
        return t.r(f"d <- read.table('{file.name}'); {program}", package)
    finally:
        os.unlink(file.name)


def gpd(table, threshold, method="maximum_likelihood"):
    columns = "status, exceedances, shape, shape_error, scale, scale_error, log_likelihood"
    row = t.sql(f"SELECT {columns} FROM (SELECT (gpd_fit(-x, {threshold!r}, '{method}')).* FROM {table}) f")[0]
    return row[0], int(row[1]), *[float(v) if v else math.nan for v in row[2:]]


def stationary(excesses, shape, scale):
    """Gradient of the log likelihood in (shape, log scale) at a fit, in 40 digits."""
    k, s = mpmath.mpf(shape), mpmath.mpf(scale)
    gradient = [mpmath.mpf(0), mpmath.mpf(0)]
    for y in excesses:
        w = mpmath.mpf(y) / s
        z = 1 + k * w
        gradient[0] += mpmath.log(z) / k ** 2 - (1 + 1 / k) * w / z
        gradient[1] += (1 + k) * w / z - 1
    return gradient


def check_gpd(name, table, losses, thresholds):
    """Our maximum against scipy's likelihood and optimiser, the likelihood equations, and fExtremes."""
    for u in thresholds:
        excesses = [x - u for x in losses if x > u]
        status, n, shape, shape_error, scale, scale_error, ll = gpd(table, u)
        t.ok(status == "converged" and n == len(excesses), f"{name}, u = {u}: converged, {n} exceedances")
        t.close(ll, scipy.stats.genpareto.logpdf(excesses, shape, scale=scale).sum(), 1e-11, f"{name}, u = {u}: log likelihood of scipy")
        gradient = stationary(excesses, shape, scale)
        t.ok(abs(gradient[0]) * shape_error < 1e-8 and abs(gradient[1]) * scale_error / scale < 1e-8,
             f"{name}, u = {u}: the likelihood equations hold in 40 digits", gradient)
        best = scipy.optimize.minimize(
            lambda p: -scipy.stats.genpareto.logpdf(excesses, p[0], scale=math.exp(p[1])).sum(), [shape + 0.1, math.log(scale) - 0.1],
            method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000})
        t.ok(ll >= -best.fun - 1e-9 * abs(ll), f"{name}, u = {u}: scipy finds nothing better", ll, -best.fun)
        t.close(shape, best.x[0], 1e-5, f"{name}, u = {u}: shape of scipy's optimum")
        t.close(scale, math.exp(best.x[1]), 1e-5, f"{name}, u = {u}: scale of scipy's optimum")
    return thresholds


def peer_gpd(name, table, losses, thresholds):
    """fExtremes, whose likelihood optimiser stops early: parameters to 3e-3 and never a better likelihood."""
    program = f"x <- d$V1; for (u in c({','.join(map(repr, thresholds))})) for (m in c('mle', 'pwm')) {{ " \
        "f <- suppressWarnings(gpdFit(x, u, type = m)); p <- f@fit$par.ests; e <- f@fit$par.ses; " \
        "cat(u, m, p[1], e[1], p[2], e[2], -f@fit$llh, '\\n') }"
    printed = r_with_data([[x] for x in losses], program, "fExtremes")
    if printed is None:
        t.skip(f"{name}: fExtremes", "R or fExtremes is missing")
        return
    for line in printed.splitlines():
        u, method, *numbers = line.split()
        want = [float(v) if v != "NA" else math.nan for v in numbers]
        got = gpd(table, float(u), METHODS[method])[2:]
        if method == "mle":
            t.all_close(got[:4], want[:4], 3e-3, f"{name}, u = {u}: fExtremes, its early stop within 3e-3")
            t.ok(got[4] >= want[4] - 1e-10 * abs(want[4]), f"{name}, u = {u}: our likelihood is not below fExtremes'", got[4], want[4])
        else:
            t.all_close([got[0], got[2]], [want[0], want[2]], 1e-12, f"{name}, u = {u}: probability-weighted moments of fExtremes")
            t.ok(math.isnan(got[1]) == (got[0] >= 0.5), f"{name}, u = {u}: errors exist below a shape of 1/2")


def gev(table, column="x"):
    row = t.sql(f"SELECT (gev_fit({column})).* FROM {table}")[0]
    names = "status observations location location_error scale scale_error shape shape_error log_likelihood".split()
    return {n: v if n == "status" else float(v) if v else math.nan for n, v in zip(names, row)}


def check_gev(name, table, maxima):
    fit = gev(table)
    t.ok(fit["status"] == "converged", f"{name}: converged")
    law = lambda p: -scipy.stats.genextreme.logpdf(maxima, -p[0], p[1], math.exp(p[2])).sum()
    t.close(fit["log_likelihood"], -law([fit["shape"], fit["location"], math.log(fit["scale"])]), 1e-11, f"{name}: log likelihood of scipy")
    best = scipy.optimize.minimize(law, [fit["shape"] + 0.05, fit["location"] + 0.1 * fit["scale"], math.log(fit["scale"]) + 0.1],
                                   method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 9000, "maxfev": 9000})
    t.ok(fit["log_likelihood"] >= -best.fun - 1e-9 * abs(best.fun), f"{name}: scipy finds nothing better")
    t.ok(abs(fit["shape"] - best.x[0]) < 1e-5 and t.error(fit["location"], best.x[1]) < 1e-5 and t.error(fit["scale"], math.exp(best.x[2])) < 1e-5,
         f"{name}: scipy's optimum", fit, best.x)
    # second derivatives in 40 digits
    x = [mpmath.mpf(v) for v in maxima]

    def minus_log(k, m, s):
        z = [1 + k * (v - m) / s for v in x]
        return mpmath.fsum(mpmath.log(s) + (1 + 1 / k) * mpmath.log(v) + v ** (-1 / k) for v in z)

    at = (mpmath.mpf(fit["shape"]), mpmath.mpf(fit["location"]), mpmath.mpf(fit["scale"]))
    steps = [mpmath.mpf(10) ** -10 * v for v in (1, at[2], at[2])]

    def shifted(moves):
        return minus_log(*[a + h * d for a, h, d in zip(at, steps, moves)])

    hessian = mpmath.matrix(3, 3)
    for i in range(3):
        for j in range(3):
            total = mpmath.mpf(0)
            for a in (-1, 1):
                for b in (-1, 1):
                    move = [0, 0, 0]
                    move[i] += a
                    move[j] += b
                    total += a * b * shifted(move)
            hessian[i, j] = total / 4 / steps[i] / steps[j]
    covariance = hessian ** -1
    t.all_close([fit["shape_error"], fit["location_error"], fit["scale_error"]], [float(mpmath.sqrt(covariance[i, i])) for i in range(3)], 1e-9,
                f"{name}: errors from second derivatives in 40 digits")
    return fit


def peer_gev(name, table, maxima):
    """fExtremes by likelihood, whose optimiser stops early too."""
    printed = r_with_data([[x] for x in maxima], "f <- gevFit(d$V1, block = 1); p <- f@fit$par.ests; e <- f@fit$par.ses; cat(p, e, -f@fit$llh)", "fExtremes")
    if printed is None:
        t.skip(f"{name}: fExtremes", "R or fExtremes is missing")
        return
    t.load(table, "x float8", [[x] for x in maxima])
    fit = gev(table)
    want = list(map(float, printed.split()))
    got = [fit[n] for n in ("shape", "location", "scale", "shape_error", "location_error", "scale_error")]
    t.all_close(got, want[:6], 3e-3, f"{name}: fExtremes, its early stop within 3e-3")
    t.ok(fit["log_likelihood"] >= want[6] - 1e-9 * abs(want[6]), f"{name}: our likelihood is not below fExtremes'")


def check_tail_index(name, table, losses):
    ordered = sorted((mpmath.mpf(x) for x in losses if x > 0), reverse=True)
    most = min(120, len(ordered) - 1)
    logs = [mpmath.log(x) for x in ordered]
    want = [float(mpmath.fsum(logs[:k]) / k - logs[k]) for k in range(1, most + 1)]
    t.all_close(t.numbers(t.value(f"SELECT hill_series(-x, {most}) FROM {table}")), want, 1e-13, f"{name}: Hill's series in 40 digits")
    for q in (0.5, 0.9, 0.99):
        u = float(np.quantile(losses, q))
        excesses = np.array([x - u for x in losses if x > u])
        row = t.sql(f"SELECT (m[1]).exceedances, (m[1]).mean_excess, (m[1]).standard_error FROM (SELECT mean_excess(-x, ARRAY[{u!r}::float8]) m FROM {table}) q")[0]
        t.all_close(row, [len(excesses), excesses.mean(), excesses.std(ddof=1) / math.sqrt(len(excesses))], 1e-12, f"{name}: mean excess over {u:.4g} by numpy")


def quantile_fit(table, y, x, p):
    row = t.sql(f"SELECT status, coefficients, objective FROM (SELECT (quantile_regression({y}, {x}, {p!r})).* FROM {table}) f")[0]
    return row[0], t.numbers(row[1]), float(row[2])


def peer_quantreg(name, table, columns, rows, probabilities):
    """R's quantreg, method br, on one table: y is the first column."""
    program = f"for (p in c({','.join(map(repr, probabilities))})) {{ f <- suppressWarnings(rq(V1 ~ ., tau = p, data = d)); " \
        "cat(p, sum(f$residuals * (p - (f$residuals < 0))), coef(f), '\\n') }"
    printed = r_with_data(rows, program, "quantreg")
    if printed is None:
        t.skip(f"{name}: quantreg", "R or quantreg is missing")
        return
    for line in printed.splitlines():
        p, objective, *want = map(float, line.split())
        status, got, minimum = quantile_fit(table, columns[0], f"ARRAY[{', '.join(columns[1:])}]", p)
        t.ok(status == "converged" and minimum <= objective * (1 + 1e-12), f"{name}, {p}: objective not above quantreg's", minimum, objective)
        t.all_close(got, want, 1e-8, f"{name}, {p}: coefficients of quantreg")


# ---- published numbers ----

def danish():
    path = t.shared("vectors/danish_2167.csv")
    if path is None:
        t.skip("Danish fire losses", "no ../shared")
        return
    losses = [float(r["loss_mdkk"]) for r in t.read_csv(path)]
    t.load("danish", "x float8", [[x] for x in losses])
    want = {10: (109, 0.496985802366, 0.13628382, 6.9754680479, 1.11349061, -374.8929902294),
            20: (36, 0.684152180587, 0.27507387, 9.63513283644, None, -142.184457692)}
    for u, (n, *numbers) in want.items():
        got = gpd("danish", u)
        for value, number in zip(got[2:], numbers):
            if number is not None:
                t.close(value, number, 2e-8, f"Danish losses above {u}: {number}")
    for u, shape, scale, se, be, nll in [(3, 0.6677038, 2.1887334, 0.0730888, 0.1748620, 1304.008955), (4, 0.7209312, 2.6291051, 0.0966864, 0.2715590, 973.081485),
                                         (5, 0.6320498, 3.8074817, 0.1117143, 0.4637269, 754.111548), (10, 0.4968062, 6.9745523, 0.1362093, 1.1131016, 374.892993),
                                         (20, 0.6840479, 9.6316941, 0.2749542, 2.8958268, 142.184459)]:
        got = gpd("danish", u)
        t.all_close([got[2], got[3], got[4], got[5]], [shape, se, scale, be], 2e-3, f"Danish losses above {u}: fExtremes as recorded, 2e-3")
        t.ok(-got[6] <= nll + 1e-6, f"Danish losses above {u}: likelihood not below the recorded one")
    for c, var, es in [(0.99, 27.2899874, 58.2401005), (0.995, 40.1729883, 83.85170543), (0.999, 94.33935205, 191.5352738)]:
        row = t.sql(f"SELECT value_at_risk(f, {c}), expected_shortfall(f, {c}) FROM (SELECT gpd_fit(-x, 10) f FROM danish) q")[0]
        t.all_close(row, [var, es], 1e-8, f"Danish losses: VaR and ES at {c}")
    row = t.sql("SELECT value_at_risk(f, 0.99), expected_shortfall(f, 0.99) FROM (SELECT gpd_fit(-x, 20) f FROM danish) q")[0]
    t.all_close(row, [25.84735435, 69.01881931], 1e-8, "Danish losses above 20: VaR and ES at 0.99")
    got = gpd("danish", 10, "pwm")
    t.all_close([got[2], got[4]], [0.5098093573, 6.9027547082], 1e-9, "Danish losses: probability-weighted moments")
    for k, want in [(50, 0.536050831962), (109, 0.63121805857), (200, 0.734206028796)]:
        t.close(t.value(f"SELECT hill_estimator(-x, {k}) FROM danish"), want, 1e-11, f"Danish losses: Hill, k = {k}")
    check_gpd("Danish losses", "danish", losses, [3.0, 4.0, 5.0, 10.0, 20.0])
    peer_gpd("Danish losses", "danish", losses, [3.0, 4.0, 5.0, 10.0, 20.0])
    check_tail_index("Danish losses", "danish", losses)


def bmw():
    path = t.shared("data/bench_series.csv.gz")
    if path is None:
        t.skip("BMW returns", "no ../shared")
        return
    losses = [-float(r["x"]) for r in t.read_csv(path) if r["dataset"] == "bmwRet"]
    t.load("bmw", "x float8", [[x] for x in losses])
    for u, n, shape, se, scale, be, nll in [(0.03, 136, 0.1428109, 0.0947003, 0.01256535, 0.00157129, -439.853295),
                                            (0.04, 65, 0.2643620, 0.1712839, 0.01176730, 0.00241576, -206.564707)]:
        got = gpd("bmw", u)
        t.ok(got[1] == n and -got[6] <= nll + 1e-6, f"BMW above {u}: exceedances, and a likelihood not below the recorded one")
        t.all_close([got[2], got[4]], [shape, scale], 1e-3, f"BMW above {u}: fExtremes as recorded, 1e-3")
        # its second derivatives are differences with a step of 1e-3, a tenth of this scale
        t.all_close([got[3], got[5]], [se, be], 0.03, f"BMW above {u}: its errors as recorded, 3 %")
    check_gpd("BMW", "bmw", losses, [0.03, 0.04])
    t.load("bmw_percent", "x float8", [[100 * x] for x in losses])
    peer_gpd("BMW in percent", "bmw_percent", [100 * x for x in losses], [3.0, 4.0])
    check_tail_index("BMW", "bmw", losses)
    maxima = [max(losses[i:i + 100]) for i in range(0, len(losses), 100)]
    t.load("bmw_maxima", "x float8", [[x] for x in maxima])
    fit = check_gev("BMW, maxima of 100 days", "bmw_maxima", maxima)
    t.all_close([fit[n] for n in ("shape", "location", "scale")], [0.3278934, 0.0318894613, 0.0120706684], 1e-3,
                "BMW, maxima of 100 days: fExtremes as recorded, 1e-3")
    t.all_close([fit[n] for n in ("shape_error", "location_error", "scale_error")], [0.1330740, 0.0018040611, 0.0014739194], 0.06,
                "BMW, maxima of 100 days: its errors, from differences with a step of a tenth of the scale, 6 %")
    peer_gev("BMW in percent, maxima of 100 days", "bmw_percent_maxima", [100 * x for x in maxima])
    level = t.value("SELECT return_level(gev_fit(x), 20) FROM bmw_maxima")
    t.close(level, scipy.stats.genextreme.isf(1 / 20, -fit["shape"], fit["location"], fit["scale"]), 1e-12, "return level of 20 blocks by scipy")


def engel():
    path = t.shared("vectors/engel.csv")
    if path is None:
        t.skip("Engel's food expenditure", "no ../shared")
        return
    rows = [[float(r["foodexp"]), float(r["income"])] for r in t.read_csv(path)]
    t.load("engel", "y float8, x float8", rows)
    for p, a, b in [(0.05, 124.8800408, 0.3433610576), (0.25, 95.48353963, 0.4741032082), (0.5, 81.48224742, 0.5601805512),
                    (0.75, 62.39658553, 0.6440141394), (0.95, 64.10396318, 0.709068517)]:
        t.all_close(quantile_fit("engel", "y", "x", p)[1], [a, b], 1e-8, f"Engel: published coefficients at {p}")
    peer_quantreg("Engel", "engel", ["y", "x"], rows, [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])


# ---- series of our own ----

def synthetic():
    rng = np.random.default_rng(11)
    for name, draw in [("t4", rng.standard_t(4, 3000)), ("normal", rng.standard_normal(3000)), ("bounded", 1 - rng.random(3000) ** 0.3),
                       ("exponential", rng.exponential(size=3000)), ("pareto", rng.pareto(0.8, 3000))]:
        losses = [float(x) for x in draw]
        t.load("synthetic", "x float8", [[x] for x in losses])
        u = float(np.quantile(losses, 0.93))
        check_gpd(name, "synthetic", losses, [u])
        peer_gpd(name, "synthetic", losses, [u])
        check_tail_index(name, "synthetic", losses)
        maxima = [max(losses[i:i + 30]) for i in range(0, 3000, 30)]
        t.load("maxima", "x float8", [[x] for x in maxima])
        check_gev(f"{name}, block maxima", "maxima", maxima)


def synthetic_regressions():
    random.seed(5)
    rows = []
    for _ in range(150):
        a, b, c = random.gauss(0, 1), random.expovariate(1), random.random()
        rows.append([1 + 2 * a - b + 5 * c + (1 + b) * random.gauss(0, 1), a, b, c])
    t.load("three", "y float8, a float8, b float8, c float8", rows)
    peer_quantreg("three regressors", "three", ["y", "a", "b", "c"], rows, [0.033, 0.1, 0.517, 0.9, 0.97])
    shifted = [[r[0], 1e6 + r[1]] for r in rows]
    t.load("shifted", "y float8, a float8", shifted)
    level = quantile_fit("shifted", "y", "a", 0.3)
    plain = quantile_fit("three", "y", "a", 0.3)
    t.close(level[1][1], plain[1][1], 1e-9, "a level of 1e6 in the regressor leaves the slope")
    # the linear programme, by another solver
    n = len(rows)
    x = np.column_stack([np.ones(n), [r[1] for r in rows], [r[2] for r in rows]])
    for p in (0.07, 0.5, 0.88):
        lp = scipy.optimize.linprog(np.concatenate([np.zeros(6), p * np.ones(n), (1 - p) * np.ones(n)]),
                                    A_eq=np.hstack([x, -x, np.eye(n), -np.eye(n)]), b_eq=[r[0] for r in rows], method="highs")
        status, got, objective = quantile_fit("three", "y", "ARRAY[a, b]", p)
        t.close(objective, lp.fun, 1e-10, f"the linear programme at {p}: objective of scipy")
        t.all_close(got, lp.x[:3] - lp.x[3:6], 1e-7, f"the linear programme at {p}: coefficients of scipy")


danish()
bmw()
engel()
synthetic()
synthetic_regressions()
t.done()
