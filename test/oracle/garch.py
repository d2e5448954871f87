#!/usr/bin/python3
"""Recompute GARCH fits and filtered historical simulation outside; prints TAP.

Published: the benchmark of Fiorentini, Calzolari and Panattoni, the documentation of the Python package arch,
QuantLib's recursion, Hull's examples. Live: R fGarch, scipy on a likelihood written here from doc/garch.md.
"""
import math

import numpy as np
from scipy.optimize import minimize
from scipy.signal import lfilter
from scipy.special import gammaln

import _tap as t

MODELS = ("garch", "gjr", "garch_t", "gjr_t")
PRESAMPLES = ("backcast", "sample_variance")
NAMES = ("mu", "omega", "alpha", "gamma", "beta", "degrees_of_freedom")


# ---- the model, from doc/garch.md ----

def presample_variance(r, mu, presample):
    if presample == "sample_variance":
        return np.mean((r - mu) ** 2)
    w = 0.94 ** np.arange(min(75, len(r)))
    return np.sum(w * (r[:75] - r.mean()) ** 2) / w.sum()


def variances(r, p, presample):
    """h_1 ... h_(n+1)"""
    mu, omega, alpha, gamma, beta, _ = p
    e = r - mu
    s = presample_variance(r, mu, presample)
    news = np.concatenate([[(alpha + gamma / 2) * s], (alpha + gamma * (e < 0)) * e * e])
    return lfilter([1.0], [1.0, -beta], omega + news, zi=[beta * s])[0]


def log_likelihood(r, p, presample):
    h = variances(r, p, presample)[:-1]
    if not (np.all(np.isfinite(h)) and np.all(h > 0)):
        return -math.inf
    q = (r - p[0]) ** 2 / h
    nu = p[5]
    if math.isinf(nu):
        return -0.5 * np.sum(math.log(2 * math.pi) + np.log(h) + q)
    return (len(r) * (gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * math.log(math.pi * (nu - 2)))
            - 0.5 * np.sum(np.log(h)) - (nu + 1) / 2 * np.sum(np.log1p(q / (nu - 2))))


def unfold(x, model, scale):
    """Parameters of an unconstrained vector."""
    gjr, student = model.startswith("gjr"), model.endswith("_t")
    alpha, fall = math.exp(x[2]), math.exp(x[4]) if gjr else 0.0
    return (x[0] * scale, math.exp(x[1]) * scale ** 2, alpha, fall - alpha if gjr else 0.0, math.exp(x[3]),
            2.01 + math.exp(x[4 + gjr]) if student else math.inf)


def scipy_optimum(r, model, presample):
    """From starts of its own, in other coordinates, without derivatives."""
    scale = r.std()
    gjr, student = model.startswith("gjr"), model.endswith("_t")
    best = math.inf

    def minus(x):
        if np.any(np.abs(x) > 30):
            return 1e10
        return min(-log_likelihood(r, unfold(x, model, scale), presample), 1e10)

    for alpha, beta in ((0.05, 0.9), (0.15, 0.7)):
        x = [r.mean() / scale, math.log(1 - alpha - beta), math.log(alpha), math.log(beta)]
        x += [math.log(1.5 * alpha)] * gjr + [math.log(6.0)] * student
        for _ in range(3):
            run = minimize(minus, x, method="Nelder-Mead",
                           options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 3000, "maxfev": 3000})
            x = run.x
        best = min(best, run.fun)
    return -best


# ---- what SQL says ----

def fit(table, model, presample, errors="none"):
    columns = t.value("SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute "
                      "WHERE attrelid = 'margin_calib.garch_model'::regclass").split(",")
    row = t.sql(f"SELECT (f).* FROM (SELECT garch_fit(r, '{model}', '{presample}', '{errors}' ORDER BY i) AS f "
                f"FROM {table}) x")[0]
    return dict(zip(columns, row))


def parameters(got):
    return tuple(float(got[name]) if got[name] else math.inf for name in NAMES)


def check_against_scipy(name, table, r):
    for model in MODELS:
        for presample in PRESAMPLES:
            got = fit(table, model, presample)
            what = f"{name}, {model}, {presample}"
            if not t.ok(got["status"] in ("converged", "boundary"), f"{what}: usable", got["status"]):
                continue
            p = parameters(got)
            t.close(got["log_likelihood"], log_likelihood(r, p, presample), 1e-10, f"{what}: log-likelihood at the parameters")
            t.close(got["next_variance"], variances(r, p, presample)[-1], 1e-9, f"{what}: next variance")
            theirs = scipy_optimum(r, model, presample)
            gap = float(got["log_likelihood"]) - theirs
            t.ok(-1e-6 < gap < 0.05, f"{what}: scipy finds the same optimum, none better", f"ours - theirs = {gap:.3g}")


def benchmark():
    """VECTORS 3.2 and B3."""
    path = t.shared("vectors/dem2gbp_1974.csv")
    if path is None:
        return t.skip("benchmark of Fiorentini, Calzolari and Panattoni", "no ../shared")
    r = [float(row["r_pct"]) for row in t.read_csv(path)]
    t.load("dem2gbp", "r float8", [[x] for x in r])
    want = {"mu": -0.0061904083799, "omega": 0.0107613978518, "alpha": 0.1531340618205, "beta": 0.8059736703054}
    errors = {"hessian": (0.0084621191, 0.0028527118, 0.0265228330, 0.0335526897),
              "opg": (0.0084335932, 0.0013229751, 0.0139737921, 0.0165604027),
              "qml": (0.0091893539, 0.0064931855, 0.0535317084, 0.0724614488)}
    for kind, row in errors.items():
        got = fit("dem2gbp", "garch", "sample_variance", kind)
        for (name, value), error in zip(want.items(), row):
            t.close(got[name], value, 1e-9, f"DEM/GBP {name}")
            t.close(got[name + "_error"], error, 3e-7, f"DEM/GBP {kind} error of {name}")
    t.close(got["log_likelihood"], -1106.60788104129, 1e-12, "DEM/GBP log-likelihood")
    t.close(got["unconditional_variance"], 0.2631646130494, 1e-9, "DEM/GBP unconditional variance")
    ahead = t.numbers(t.value("SELECT garch_forecast(garch_fit(r, 'garch', 'sample_variance' ORDER BY i), 5) FROM dem2gbp"))
    t.all_close(ahead, [0.1469925675, 0.1517431059, 0.156299384, 0.1606693456, 0.1648606095], 1e-8, "DEM/GBP forecasts")
    others = {"garch_t": ((0.00224865084, 0.00231903396, 0.12443791484, 0.0, 0.88465326723, 4.11842657106), -989.40834895),
              "gjr": ((-0.00790453621, 0.01123321757, 0.14049657335, 0.02835074801, 0.80144129855, math.inf), -1106.10233857)}
    for model, (values, likelihood) in others.items():
        got = fit("dem2gbp", model, "sample_variance")
        for name, value in zip(NAMES, values):
            if math.isfinite(value):
                t.close(got[name], value, 1e-7, f"DEM/GBP {model} {name}")
        t.close(got["log_likelihood"], likelihood, 1e-10, f"DEM/GBP {model} log-likelihood")
    check_against_scipy("DEM/GBP", "dem2gbp", np.array(r))


def arch_benchmark():
    """The documentation of arch: S&P 500, back-cast presample."""
    path = t.shared("vectors/sp500_1999_2018_pctret.csv")
    if path is None:
        return t.skip("S&P 500 with arch's back-cast", "no ../shared")
    r = [float(row["r_pct"]) for row in t.read_csv(path)]
    t.load("sp500", "r float8", [[x] for x in r])
    got = fit("sp500", "garch", "backcast")
    for name, value in {"mu": 0.0563532, "omega": 0.0175068, "alpha": 0.1021498, "beta": 0.8852061}.items():
        t.close(got[name], value, 1e-5, f"S&P 500 {name}")
    t.close(got["log_likelihood"], -6936.718477, 1e-9, "S&P 500 log-likelihood")


def stock_indices():
    """VECTORS B7, and fGarch now. It stops early and starts from the mean of squares: 1 % of a coefficient, and a
    log-likelihood that is not above ours."""
    path = t.shared("vectors/eustockmarkets.csv")
    if path is None:
        return t.skip("EuStockMarkets", "no ../shared")
    prices = t.read_csv(path)
    want = {"DAX": (0.06535105, 0.04754327, 0.06841682, 0.88761081, -2594.796877),
            "SMI": (0.10378088, 0.12713336, 0.13023550, 0.72485240, -2416.637324),
            "CAC": (0.04291138, 0.08807968, 0.05150935, 0.87618149, -2790.222889),
            "FTSE": (0.04898243, 0.00846422, 0.04495973, 0.94259594, -2134.806749)}
    for name, values in want.items():
        p = np.array([float(row[name]) for row in prices])
        r = 100 * np.diff(np.log(p))
        t.load("eu_index", "r float8", [[float(x)] for x in r])
        got = fit("eu_index", "garch", "sample_variance")
        for key, value in zip(("mu", "omega", "alpha", "beta"), values):
            t.close(got[key], value, 1e-2, f"{name} {key} beside fGarch")
        t.close(got["log_likelihood"], values[4], 1e-6, f"{name} log-likelihood beside fGarch")
        theirs = log_likelihood(r, (values[0], values[1], values[2], 0.0, values[3], math.inf), "sample_variance")
        t.ok(float(got["log_likelihood"]) >= theirs - 1e-9, f"{name}: not below fGarch's point", theirs)
        if name == "DAX":
            check_against_scipy(name, "eu_index", r)
            live_fgarch(name)


def live_fgarch(name):
    for distribution, model in (("norm", "garch"), ("std", "garch_t")):
        out = t.r(f"x <- 100 * diff(log(EuStockMarkets[, '{name}'])); f <- suppressWarnings(garchFit(~garch(1,1), data=as.numeric(x), cond.dist='{distribution}', "
                  "trace=FALSE)); cat('@', coef(f), -f@fit$llh)", "fGarch")
        if out is None:
            t.skip(f"{name}, {model} by fGarch", "no R or no fGarch")
            continue
        theirs = [float(x) for x in out.split('@')[1].split()]
        got = fit("eu_index", model, "sample_variance")
        keys = ("mu", "omega", "alpha", "beta") + (("degrees_of_freedom",) if model == "garch_t" else ())
        for key, value in zip(keys, theirs):
            t.close(got[key], value, 1e-2, f"{name}, {model} by fGarch now: {key}")
        t.close(got["log_likelihood"], theirs[-1], 1e-6, f"{name}, {model} by fGarch now: log-likelihood")


def long_series():
    """VECTORS B4 without its moving-average term: S&P 500 from 1928, 17,055 returns, against fGarch now."""
    path = t.shared("data/bench_series.csv.gz")
    if path is None:
        return t.skip("S&P 500 since 1928", "no ../shared")
    r = np.array([100 * float(row["x"]) for row in t.read_csv(path) if row["dataset"] == "sp500dge"])
    t.load("sp500dge", "r float8", [[float(x)] for x in r])
    out = t.r("data(sp500dge); f <- suppressWarnings(garchFit(~garch(1,1), data=100*sp500dge[,1], trace=FALSE)); "
              "cat('@', coef(f), -f@fit$llh)", "fGarch")
    got = fit("sp500dge", "garch", "sample_variance")
    t.close(got["log_likelihood"], log_likelihood(r, parameters(got), "sample_variance"), 1e-11, "S&P 500 since 1928: log-likelihood at the parameters")
    if out is None:
        return t.skip("S&P 500 since 1928 by fGarch", "no R or no fGarch")
    theirs = [float(x) for x in out.split('@')[1].split()]
    for key, value in zip(("mu", "omega", "alpha", "beta"), theirs):
        t.close(got[key], value, 1e-2, f"S&P 500 since 1928 by fGarch now: {key}")
    t.close(got["log_likelihood"], theirs[4], 1e-6, "S&P 500 since 1928 by fGarch now: log-likelihood")


def synthetic():
    random = np.random.default_rng(20240229)
    for number, (omega, alpha, gamma, beta, nu) in enumerate(((0.05, 0.08, 0.0, 0.88, math.inf), (0.1, 0.04, 0.12, 0.8, 6.0))):
        z = random.standard_normal(1500) if math.isinf(nu) else random.standard_t(nu, 1500) * math.sqrt((nu - 2) / nu)
        h, r = 1.0, []
        for x in z:
            e = math.sqrt(h) * x
            r.append(1e-3 * (0.05 + e))
            h = omega + (alpha + gamma * (e < 0)) * e * e + beta * h
        t.load("simulated", "r float8", [[float(x)] for x in r])
        check_against_scipy(f"simulated series {number}", "simulated", np.array(r))


def recursions():
    """QuantLib, test-suite/garch.cpp; Hull, Options, Futures, and Other Derivatives."""
    got = t.numbers(t.value("SELECT garch_filter(array_fill(0.1::float8, '{10}'), "
                            "garch_model(0.2, 0.2, 0.3, presample => 'sample_variance'))"))
    want = [0.452769, 0.513323, 0.530141, 0.5350841, 0.536558, 0.536999, 0.537132, 0.537171, 0.537183, 0.537187]
    t.ok(len(got) == 11 and max(abs(a - b) for a, b in zip(got, want)) < 1e-6, "QuantLib's recursion", got)
    t.close(t.value("SELECT garch_next_variance(garch_model(2e-6, 0.13, 0.86), 0.016^2, 0.01)"), 0.00023516, 1e-12, "Hull's GARCH")
    t.close(t.value("SELECT (garch_model(2e-6, 0.13, 0.86)).unconditional_variance"), 0.0002, 1e-12, "Hull's long-run variance")
    t.close(t.value("SELECT garch_next_variance(garch_model(0, 0.1, 0.9), 0.01^2, 0.02)"), 0.00013, 1e-12, "Hull's EWMA")
    random = np.random.default_rng(7)
    r = random.standard_normal(400) * 0.02
    p = (0.001, 2e-5, 0.05, 0.1, 0.8, math.inf)
    for presample in PRESAMPLES:
        got = t.numbers(t.value(f"SELECT garch_filter('{{{','.join(repr(float(x)) for x in r)}}}', "
                                f"garch_model(2e-5, 0.05, 0.8, 0.001, 0.1, presample => '{presample}'))"))
        t.all_close(got, np.sqrt(variances(r, p, presample)), 1e-12, f"filter of given parameters, {presample}")


# ---- filtered historical simulation ----

def ewma_scenarios(r, decay):
    """doc/calibration.md: seeded with 50 squares, never below a hundredth of the mean square"""
    q = np.mean(r * r)
    s = [np.mean(r[:50] ** 2)]
    for x in r:
        s.append(decay * s[-1] + (1 - decay) * x * x)
    v = np.maximum(s, q / 100)
    return r * np.sqrt(v[-1] / v[:-1]), math.sqrt(v[-1])


def measures(losses, confidence):
    x = np.sort(losses)[::-1]
    mass = round(len(x) * (1 - confidence), 9)
    whole = int(mass)
    shortfall = (x[:whole].sum() + (mass - whole) * (x[whole] if mass > whole else 0)) / mass
    return x[len(x) - math.ceil(round(len(x) * confidence, 9))], shortfall


def filtered():
    random = np.random.default_rng(11)
    h, r = 4e-4, []
    for z in random.standard_t(5, 900) * math.sqrt(0.6):
        e = math.sqrt(h) * z
        r.append(0.0005 + e)
        h = 2e-5 + (0.05 + 0.08 * (e < 0)) * e * e + 0.86 * h
    r = np.array(r)
    t.load("fhs", "r float8", [[float(x)] for x in r])
    for name in ("ewma",) + MODELS:
        row = t.sql("SELECT (f).filter, (f).next_vol, l.confidence, l.value_at_risk, l.expected_shortfall FROM "
                    f"(SELECT filtered_tail_risk(r, '{{0.9,0.975,0.99}}', '{name}', 0.97 ORDER BY i) AS f FROM fhs) x, "
                    "unnest((f).levels) l")
        if name == "ewma":
            scenarios, vol = ewma_scenarios(r, 0.97)
        else:
            p = parameters(fit("fhs", name, "backcast"))
            h = np.sqrt(variances(r, p, "backcast"))
            scenarios, vol = p[0] + (r - p[0]) / h[:-1] * h[-1], h[-1]
        t.ok(row[0][0] == name, f"{name} is what was used", row[0])
        t.close(row[0][1], vol, 1e-9, f"{name}: vol of the next bar")
        for _, _, confidence, var, es in row:
            want = measures(-scenarios, float(confidence))
            t.close(var, want[0], 1e-9, f"{name}: VaR at {confidence}")
            t.close(es, want[1], 1e-9, f"{name}: ES at {confidence}")


benchmark()
arch_benchmark()
stock_indices()
long_series()
synthetic()
recursions()
filtered()
t.done()
