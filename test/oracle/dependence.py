"""Covariance, shrinkage, nearest correlation, principal components, rank correlations, tail dependence, market model,
alignment: published numbers, numpy, scikit-learn, scipy, statsmodels, R, and exact rational arithmetic.

Published: Higham (2002), section 5. The numbers for EuStockMarkets are those of R's cor() and of scikit-learn 1.2.1.
"""
import math
from fractions import Fraction

import numpy
import scipy.stats

import _tap as t

rng = numpy.random.default_rng(20240229)


def array(row):
    return "{" + ",".join(repr(float(x)) for x in row) + "}"


def load(table, matrix):
    t.load(table, "r float8[]", [(array(row),) for row in matrix])


def matrix_of(text, k):
    return numpy.array(t.numbers(text)).reshape(k, k)


def ask(expression, table, k):
    return matrix_of(t.value(f"SELECT {expression} FROM {table}"), k)


def apart(got, want):
    """Largest difference of two covariance matrices in units of the deviations."""
    sd = numpy.sqrt(numpy.diag(want))
    return float(numpy.max(numpy.abs(got - want) / numpy.outer(sd, sd)))


def exact_covariance(rows):
    """By rational numbers, rounded at the end."""
    columns = [[Fraction(float(x)) for x in column] for column in zip(*rows)]
    n, k = len(rows), len(columns)
    centred = []
    for column in columns:
        mean = sum(column) / n
        centred.append([x - mean for x in column])
    out = numpy.zeros((k, k))
    for i in range(k):
        for j in range(i + 1):
            out[i, j] = out[j, i] = float(sum(a * b for a, b in zip(centred[i], centred[j])) / (n - 1))
    return out


# ---- covariance: exact arithmetic, numpy beside it ----

common = rng.normal(size=(600, 1))
noise = rng.normal(size=(600, 4))
samples = {
    "benign": common + noise,
    "at level 1e8": 1e8 + common + noise,
    "NumAcc4-like: 10000000.2 and steps of 0.1": 10000000.2 + 0.1 * rng.choice([-1.0, 1.0], size=(601, 4)),
    "first row an outlier": numpy.vstack([[1e9, -1e9, 1e6, 0], common + noise]),
    "fewer rows than series": rng.normal(size=(5, 8)) + 1e6,
    "nearly collinear": numpy.hstack([common, 2 * common + 1e-7 * noise[:, :1], common - 3 * noise[:, 1:2], 1 / 3 * common]),
    "scale 1e-12": 1e-12 * (common + noise),
    "scale 1e150": 1e150 * (common + noise),
}
for name, rows in samples.items():
    k = rows.shape[1]
    load("x", rows)
    exact = exact_covariance(rows)
    ours = ask("covariance(r)", "x", k)
    merged = matrix_of(t.value("SELECT covariance(covariance_merge(s)) FROM (SELECT covariance_state(r) AS s FROM x GROUP BY i % 4) q"), k)
    theirs = numpy.cov(rows, rowvar=False)
    error = apart(ours, exact)
    t.ok(error < 1e-13, f"covariance, {name}: error {error:.1e} of the deviations, numpy {apart(theirs, exact):.1e}")
    t.ok(apart(merged, exact) < 1e-13, f"covariance, {name}: merged, error {apart(merged, exact):.1e}")
    t.ok(numpy.array_equal(ours, ours.T), f"covariance, {name}: symmetric")
    sd = numpy.sqrt(numpy.diag(exact))
    correlation = ask("correlation(r)", "x", k)
    t.ok(numpy.max(numpy.abs(correlation - exact / numpy.outer(sd, sd))) < 1e-13, f"correlation, {name}: within 1e-13")
    least = numpy.linalg.eigvalsh(correlation)[0]
    t.ok(least > -1e-15 * k and not numpy.any(numpy.isnan(numpy.linalg.cholesky(correlation))),
         f"correlation, {name}: numpy factors it, least eigenvalue {least:.1e}")
    mean = numpy.array(t.numbers(t.value("SELECT means(covariance_state(r)) FROM x")))
    want = numpy.array([float(sum(Fraction(float(v)) for v in column) / len(column)) for column in zip(*rows)])
    t.ok(numpy.max(numpy.abs(mean - want) / (numpy.abs(want) + sd)) < 5e-16, f"means, {name}: within 5e-16")

rows = rng.normal(size=(40, 120)) + 1e4
load("x", rows)
ours = ask("covariance(r)", "x", 120)
t.ok(apart(ours, numpy.cov(rows, rowvar=False)) < 2e-11, "120 series, 40 rows: as numpy, but for the shrinkage of 4e-12")
t.ok(numpy.linalg.cholesky(ours).shape == (120, 120), "120 series, 40 rows: numpy factors it")

# ---- EuStockMarkets ----

path = t.shared("vectors/eustockmarkets.csv")
if path is None:
    t.skip("EuStockMarkets", "no folder ../shared")
    returns = numpy.exp(0.01 * rng.standard_t(4, size=(1859, 4))) - 1 + 0.005 * rng.normal(size=(1859, 1))
else:
    names = ["DAX", "SMI", "CAC", "FTSE"]
    prices = numpy.array([[float(row[n]) for n in names] for row in t.read_csv(path)])
    returns = numpy.diff(numpy.log(prices), axis=0)
load("eu", returns)
if path is not None:
    c = ask("correlation(r)", "eu", 4)
    for (i, j), want in {(0, 1): 0.7031218648, (0, 2): 0.7344303710, (0, 3): 0.6394673973, (1, 2): 0.6160454498,
                         (1, 3): 0.5847791436, (2, 3): 0.6485678796}.items():
        t.close(c[i, j], want, 1e-10, f"EuStockMarkets: Pearson {names[i]}-{names[j]}")
    t.close(c[0, 1], 0.703121864752, 1e-11, "EuStockMarkets: Pearson DAX-SMI to 12 digits")
    for j, spearman, kendall in ((2, 0.629869925803, 0.460521284083), (4, 0.606945670918, 0.437041119798)):
        got = t.sql(f"SELECT spearman(r[1], r[{j}]), kendall(r[1], r[{j}]) FROM eu")[0]
        t.close(got[0], spearman, 1e-11, f"EuStockMarkets: Spearman 1-{j}")
        t.close(got[1], kendall, 1e-11, f"EuStockMarkets: Kendall 1-{j}")
    for last, lw, oas in ((60, 0.0547149299075, 0.0584489293939), (250, 0.022080819793, 0.0146056458487),
                          (1859, 0.00767582278686, 0.00250708872807)):
        got = t.sql("SELECT (ledoit_wolf_covariance(r)).shrinkage, (oracle_approximating_covariance(r)).shrinkage "
                    f"FROM eu WHERE i > 1859 - {last}")[0]
        t.close(got[0], lw, 1e-10, f"EuStockMarkets: Ledoit-Wolf, last {last}")
        t.close(got[1], oas, 1e-10, f"EuStockMarkets: OAS, last {last}")
    first = t.value("SELECT (ledoit_wolf_covariance(r)).shrinkage FROM eu WHERE i <= 6")
    t.close(first, 0.397687015045, 1e-10, "EuStockMarkets: Ledoit-Wolf, first 6")
    shrunk = matrix_of(t.value("SELECT (ledoit_wolf_covariance(r)).covariance FROM eu WHERE i > 1859 - 60"), 4)
    t.close(shrunk[0, 0], 1.73261850783e-4, 1e-10, "EuStockMarkets: Ledoit-Wolf C00, last 60")
    t.close(shrunk[0, 1], 1.30493225354e-4, 1e-10, "EuStockMarkets: Ledoit-Wolf C01, last 60")

# ---- peers: scikit-learn, scipy, R ----

try:
    from sklearn.covariance import ledoit_wolf, oas
except ImportError:
    ledoit_wolf = oas = None
if ledoit_wolf is None:
    t.skip("shrinkage", "scikit-learn is not installed")
else:
    wide = rng.standard_t(5, size=(30, 50)) * numpy.linspace(0.5, 2, 50) + 100
    for name, rows in (("returns", returns), ("10 returns", returns[:10]), ("30 rows of 50 series", wide), ("one series", wide[:, :1]),
                       ("equal variances", rng.normal(size=(4, 6)))):
        k = rows.shape[1]
        load("x", rows)
        for function, peer in (("ledoit_wolf_covariance", ledoit_wolf), ("oracle_approximating_covariance", oas)):
            covariance, weight = peer(rows)
            got = t.sql(f"SELECT (s).shrinkage, (s).covariance, (s).observations FROM (SELECT {function}(r) AS s FROM x) q")[0]
            t.ok(abs(float(got[0]) - weight) < 1e-12, f"{function} = scikit-learn: weight, {name}", got[0], weight)
            t.ok(apart(matrix_of(got[1], k), covariance) < 1e-12 and int(got[2]) == len(rows), f"{function} = scikit-learn: matrix, {name}")

pairs = {"returns": returns[:, :2], "ties": numpy.floor(2 * rng.normal(size=(500, 2)) + rng.normal(size=(500, 1))),
         "five rows": rng.normal(size=(5, 2)), "20000 rows": numpy.round(rng.normal(size=(20000, 2)), 2)}
for name, rows in pairs.items():
    load("x", rows)
    got = t.sql("SELECT spearman(r[1], r[2]), kendall(r[1], r[2]) FROM x")[0]
    t.ok(abs(float(got[0]) - scipy.stats.spearmanr(*rows.T).correlation) < 1e-14, f"spearman = scipy, {name}")
    t.ok(abs(float(got[1]) - scipy.stats.kendalltau(*rows.T).correlation) < 1e-14, f"kendall = scipy, {name}")
    if len(rows) < 1000:
        x, y = ("c(" + ",".join(repr(float(v)) for v in column) + ")" for column in rows.T)
        r = t.r(f"cat(cor({x}, {y}, method = 'spearman'), cor({x}, {y}, method = 'kendall'))")
        if r is None:
            t.skip(f"R's cor, {name}", "no R")
        else:
            t.all_close(got, r.split(), 1e-13, f"spearman and kendall = R's cor, {name}")

# ---- market model ----

try:
    import statsmodels.api
except ImportError:
    statsmodels = None
load("x", returns[:, :2])
got = t.sql("SELECT (m).beta, (m).beta_standard_error, (m).intercept, (m).intercept_standard_error, (m).r_squared, "
            "(m).residual_vol, (m).observations, b FROM (SELECT market_model(r[1], r[2]) AS m, beta(r[1], r[2]) AS b FROM x) q")[0]
if statsmodels is None:
    t.skip("market_model", "statsmodels is not installed")
else:
    fit = statsmodels.api.OLS(returns[:, 0], statsmodels.api.add_constant(returns[:, 1])).fit()
    t.all_close(got, [fit.params[1], fit.bse[1], fit.params[0], fit.bse[0], fit.rsquared, math.sqrt(fit.scale), len(returns), fit.params[1]],
                1e-11, "market_model = statsmodels OLS")

# ---- tail dependence by ranks ----

ranks = scipy.stats.rankdata(returns[:, :2], axis=0, method="ordinal")
for confidence in (0.9, 0.95, 0.99):
    n = len(returns)
    k = math.floor(n * (1 - confidence) + 1e-9)
    got = t.sql(f"SELECT lower_tail_dependence(r[1], r[2], {confidence}), upper_tail_dependence(r[1], r[2], {confidence}) FROM x")[0]
    lower = numpy.sum((ranks <= k).all(axis=1)) / k
    upper = numpy.sum((ranks > n - k).all(axis=1)) / k
    t.all_close(got, [lower, upper], 1e-12, f"tail dependence by ranks, {confidence}")

# ---- exponential weights ----

for decay in (0.94, 0.99):
    weights = decay ** numpy.arange(len(returns) - 1, -1, -1.0)
    want = (returns * weights[:, None]).T @ returns / weights.sum()
    t.ok(apart(ask(f"ewma_covariance(r, {decay} ORDER BY i)", "eu", 4), want) < 1e-13, f"ewma_covariance by its definition, {decay}")
    # the recursion of RiskMetrics, once its start is forgotten
    step = numpy.outer(returns[0], returns[0])
    for row in returns:
        step = decay * step + (1 - decay) * numpy.outer(row, row)
    t.ok(apart(ask(f"ewma_covariance(r, {decay} ORDER BY i)", "eu", 4), step) < 1e-6, f"ewma_covariance: the recursion of RiskMetrics, {decay}")
    got = t.sql(f"SELECT ewma_correlation(r[1], r[2], {decay} ORDER BY i), ewma_beta(r[1], r[2], {decay} ORDER BY i) FROM eu")[0]
    t.all_close(got, [want[0, 1] / math.sqrt(want[0, 0] * want[1, 1]), want[0, 1] / want[1, 1]], 1e-12, f"ewma_correlation and ewma_beta, {decay}")


# ---- nearest correlation: an own Newton method on the dual (Qi and Sun 2006), no alternating projections ----

def nearest(a):
    """Minimise the dual theta(y) = ||(A + diag y)_+||^2 / 2 - sum y by BFGS-free gradient descent with Newton steps."""
    k = len(a)
    y = 1 - numpy.diag(a)
    for _ in range(200):
        values, vectors = numpy.linalg.eigh(a + numpy.diag(y))
        positive = vectors[:, values > 0] * values[values > 0] @ vectors[:, values > 0].T
        gradient = numpy.diag(positive) - 1
        if numpy.max(numpy.abs(gradient)) < 1e-13:
            break
        # generalised Hessian
        plus = numpy.maximum(values, 0)
        difference = values[:, None] - values[None, :]
        with numpy.errstate(divide="ignore", invalid="ignore"):
            omega = numpy.where(numpy.abs(difference) > 1e-14, (plus[:, None] - plus[None, :]) / difference,
                                (values > 0)[:, None] & (values > 0)[None, :])
        hessian = numpy.einsum("ia,ja,ab,ib,jb->ij", vectors, vectors, omega, vectors, vectors) + 1e-12 * numpy.eye(k)
        step = numpy.linalg.solve(hessian, -gradient)
        # backtracking on the dual
        value = 0.5 * numpy.sum(plus**2) - y.sum()
        scale = 1.0
        while scale > 1e-10:
            trial = numpy.maximum(numpy.linalg.eigvalsh(a + numpy.diag(y + scale * step)), 0)
            if 0.5 * numpy.sum(trial**2) - (y + scale * step).sum() <= value + 1e-4 * scale * gradient @ step + 1e-15 * abs(value):
                break
            scale /= 2
        y = y + scale * step
    d = 1 / numpy.sqrt(numpy.diag(positive))
    return positive * numpy.outer(d, d)


def text(matrix):
    return "{" + ",".join(array(row) for row in matrix) + "}"


higham = numpy.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]])
got = matrix_of(t.value(f"SELECT nearest_correlation('{text(higham)}', 1e-14)"), 3)
t.all_close(got[0], [1, 0.7606898534022, 0.1572981061384], 1e-12, "Higham's example, published 0.7607, 0.1573")
t.close(numpy.linalg.norm(got - higham), 0.5277904635818, 1e-12, "Higham's example: distance, published 0.5278")
for k in (4, 10, 25):
    a = rng.uniform(-1, 1, size=(k, k))
    a = (a + a.T) / 2
    a[numpy.diag_indices(k)] = 1
    got = matrix_of(t.value(f"SELECT nearest_correlation('{text(a)}', 1e-12)"), k)
    want = nearest(a)
    t.ok(numpy.max(numpy.abs(got - want)) < 1e-8, f"nearest_correlation = dual Newton, {k} series: {numpy.max(numpy.abs(got - want)):.1e}")
    far, near = numpy.linalg.norm(got - a), numpy.linalg.norm(want - a)
    # absolute: a matrix that is a correlation already has a distance of rounding only
    t.ok(abs(far - near) <= 1e-9, f"nearest_correlation: as near, {k} series", far, near)
    t.ok(numpy.all(numpy.diag(got) == 1) and numpy.linalg.eigvalsh(got)[0] > -1e-14, f"nearest_correlation: a correlation matrix, {k} series")

# ---- principal components, Cholesky ----

c = ask("covariance(r)", "eu", 4)
values, vectors = numpy.linalg.eigh(c)
rows = t.sql("SELECT (p).variance, (p).share, (p).loadings FROM (SELECT principal_components(covariance(r)) AS p FROM eu) q")
for i, row in enumerate(rows):
    want = vectors[:, 3 - i] * numpy.sign(vectors[numpy.argmax(numpy.abs(vectors[:, 3 - i])), 3 - i])
    t.close(row[0], values[3 - i], 1e-12, f"principal component {i + 1} = numpy eigh: variance")
    t.close(row[1], values[3 - i] / values.sum(), 1e-12, f"principal component {i + 1}: share")
    t.ok(numpy.max(numpy.abs(numpy.array(t.numbers(row[2])) - want)) < 1e-11, f"principal component {i + 1}: loadings")
got = matrix_of(t.value("SELECT cholesky(covariance(r)) FROM eu"), 4)
t.ok(numpy.max(numpy.abs(got - numpy.linalg.cholesky(c))) < 1e-14 * numpy.sqrt(c.max()), "cholesky = numpy")

# ---- alignment: pandas ----

try:
    import pandas
except ImportError:
    pandas = None
if pandas is None:
    t.skip("alignment", "pandas is not installed")
else:
    series = {}
    for number, name in enumerate("ABC"):
        times = numpy.sort(rng.choice(5000, size=700 + 300 * number, replace=False))
        series[name] = pandas.Series(numpy.exp(numpy.cumsum(0.01 * rng.normal(size=len(times)))), index=times)
    ticks = [(name, f"epoch {0}", int(at), price) for name, s in series.items() for at, price in s.items()]
    order = rng.permutation(len(ticks))
    t.load("tick", "symbol text, s int, price float8", [(ticks[i][0], ticks[i][2], float(ticks[i][3])) for i in order])
    t.sql("CREATE VIEW tick_at AS SELECT symbol, to_timestamp(s) AS ts, price FROM tick")

    def aligned(rule, function="align_prices", extra=""):
        rows = t.sql(f"SELECT extract(epoch FROM ts)::int, \"values\" FROM {function}('tick_at', 'symbol', 'ts', 'price', '{{A,B,C}}', '{rule}'{extra})")
        return [(int(row[0]), t.numbers(row[1])) for row in rows]

    frame = pandas.DataFrame(series)
    whole = frame.dropna()
    got = aligned("intersection")
    t.ok(got == [(int(i), list(row)) for i, row in zip(whole.index, whole.values)] and len(got) > 5, "intersection = dropna")
    filled = frame.ffill().dropna()
    got = aligned("previous")
    t.ok(got == [(int(i), list(row)) for i, row in zip(filled.index, filled.values)], "previous = ffill")
    times = frame.apply(lambda column: column.index.where(column.notna())).ffill()
    fresh = filled[(times.loc[filled.index].rsub(filled.index, axis=0) <= 20).all(axis=1)]
    got = aligned("previous", extra=", interval '20 seconds'")
    t.ok(got == [(int(i), list(row)) for i, row in zip(fresh.index, fresh.values)] and len(got) < len(filled), "previous with a maximum age")
    # refresh times by their definition
    want, last = [], -1
    while all((s.index > last).any() for s in series.values()):
        last = max(s.index[s.index > last][0] for s in series.values())
        want.append((int(last), [s[s.index <= last].iloc[-1] for s in series.values()]))
    got = aligned("refresh_time")
    t.ok(got == want and len(got) > 100, "refresh_time by its definition")
    log = numpy.diff(numpy.log([row for _, row in want]), axis=0)
    got = aligned("refresh_time", "align_returns")
    t.ok(numpy.max(numpy.abs(numpy.array([row for _, row in got]) - log)) < 1e-15 * 4 and [i for i, _ in got] == [i for i, _ in want[1:]],
         "align_returns = differences of logs")
t.done()
