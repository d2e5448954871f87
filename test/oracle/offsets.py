"""Portfolio offsets and the reliability of correlations: numpy, scipy, R's cor.test, rational arithmetic.

Recomputed here from the definitions in doc/offsets.md: evidence pair by pair with numpy, Fisher's bound with scipy (and R's
cor.test, whose one-sided interval is the same), combined margins in rational numbers, matrices by their properties.
"""
import math
from fractions import Fraction

import numpy
import scipy.stats

import _tap as t

rng = numpy.random.default_rng(20260711)
FIELDS = "observations, correlation, lower_bound, subperiod_correlations, stressed_correlation, smallest_correlation, offset_correlation, is_reliable, reason"


def array(row):
    return "{" + ",".join(repr(float(x)) for x in row) + "}"


def matrix(rows):
    return "{" + ",".join(array(row) for row in rows) + "}"


def evidence(x, y, confidence, subperiods):
    """What correlation_reliability must say, as a dictionary."""
    n, width = len(x), len(x) // subperiods
    r = numpy.corrcoef(x, y)[0, 1]
    sign = math.copysign(1, r)
    z = scipy.stats.norm.ppf(confidence)
    bound = sign * max(math.tanh(math.atanh(abs(r)) - z / math.sqrt(n - 3)), 0)
    edges = [p * n // subperiods for p in range(subperiods + 1)]
    parts = [numpy.corrcoef(x[a:b], y[a:b])[0, 1] for a, b in zip(edges, edges[1:])]
    size = (x / x.std()) ** 2 + (y / y.std()) ** 2
    totals = [math.fsum(size[s:s + width]) for s in range(n - width + 1)]
    start = max(s for s in range(n - width + 1) if totals[s] >= max(totals) * (1 - 1e-12))
    stressed = numpy.corrcoef(x[start:start + width], y[start:start + width])[0, 1]
    least = min(sign * v for v in [bound, stressed] + parts)
    if not bound * sign > 0:
        reason = "the correlation is not significant"
    elif not least > 0:
        reason = "the sign changes in a sub-period or in the stressed stretch"
    else:
        reason = ""
    return {"r": r, "bound": bound, "parts": parts, "stressed": stressed, "least": sign * least,
            "offset": 0.0 if reason else sign * least, "reason": reason}


def agrees(row, want, name):
    got = dict(zip(("n", "r", "bound", "parts", "stressed", "least", "offset", "reliable", "reason"), row))
    numbers = [float(got[k]) for k in ("r", "bound", "stressed", "least", "offset")] + t.numbers(got["parts"])
    wants = [want[k] for k in ("r", "bound", "stressed", "least", "offset")] + want["parts"]
    worst = max(abs(g - w) for g, w in zip(numbers, wants))
    return t.ok(worst < 1e-11 and got["reason"] == want["reason"] and (got["reliable"] == "t") == (want["reason"] == ""),
                name, f"worst difference {worst:.3g}", got, want)


def cut_matrix(series, confidence, subperiods):
    k = len(series)
    cut = numpy.eye(k)
    for i in range(k):
        for j in range(i):
            cut[i, j] = cut[j, i] = evidence(series[i], series[j], confidence, subperiods)["offset"]
    return cut


def check_matrix(got, cut, name):
    """Positive semidefinite, nowhere above the evidence, and the evidence itself when that is definite."""
    smallest = numpy.linalg.eigvalsh(got).min()
    t.ok(smallest > -1e-12, name + ": positive semidefinite", smallest)
    t.ok(bool(numpy.all(numpy.abs(got) <= numpy.abs(cut) + 1e-12)) and bool(numpy.all(got * cut >= 0)), name + ": nowhere above the evidence")
    if numpy.linalg.eigvalsh(cut).min() > 1e-9:
        t.ok(float(numpy.abs(got - cut).max()) < 1e-11, name + ": the evidence itself")
    else:
        # shrinking all of it as much as its smallest eigenvalue asks for is always possible
        plain = cut / (1 - numpy.linalg.eigvalsh(cut).min())
        numpy.fill_diagonal(plain, 1)
        t.ok(numpy.abs(got).sum() >= numpy.abs(plain).sum() - 1e-9, name + ": more is left than by shrinking alone")


# ---- random series ----

for n, s, confidence in ((80, 4, 0.99), (503, 4, 0.99), (260, 1, 0.95), (1000, 12, 0.999)):
    rows = []
    for rho in (0.95, 0.5, -0.7, 0.1):
        size = numpy.exp(0.5 * rng.normal(size=n).cumsum() / math.sqrt(n) * 3)
        x = size * rng.standard_t(5, n)
        y = size * (rho * x / size + math.sqrt(1 - rho * rho) * rng.standard_t(5, n))
        t.load("pair", "x float8, y float8", [(float(a), float(b)) for a, b in zip(x, y)])
        row = t.sql(f"SELECT {FIELDS} FROM (SELECT (correlation_reliability(x, y, {confidence}, {s} ORDER BY i)).* FROM pair) AS q")[0]
        agrees(row, evidence(x, y, confidence, s), f"{n} returns, {s} sub-periods, rho {rho}")

out = t.r("set.seed(3); x <- rnorm(150); y <- 0.4 * x + rnorm(150); cat(x, '\\n'); cat(y, '\\n');"
          "cat(cor.test(x, y, conf.level = 0.975, alternative = 'greater')$conf.int[1])")
if out is None:
    t.skip("R: cor.test", "R is not installed")
else:
    lines = out.split("\n")
    t.load("pair", "x float8, y float8", list(zip(map(float, lines[0].split()), map(float, lines[1].split()))))
    t.close(t.value("SELECT (correlation_reliability(x, y, 0.975, 1 ORDER BY i)).lower_bound FROM pair"), float(lines[2]), 1e-12,
            "R: the lower bound is that of cor.test")

for k, n in ((5, 400), (12, 300), (30, 200)):
    factors = rng.normal(size=(3, n))
    series = [rng.normal(size=3) @ factors + 0.6 * rng.normal(size=n) for _ in range(k)]
    t.load("panel", "r float8[]", [(array(row),) for row in zip(*series)])
    got = numpy.array(t.numbers(t.value("SELECT offset_correlation(r, 0.99, 4 ORDER BY i) FROM panel"))).reshape(k, k)
    check_matrix(got, cut_matrix(series, 0.99, 4), f"offset_correlation of {k} series")

# ---- portfolios in rational numbers ----

worst = worst_strict = 0.0
same = True
for round_ in range(40):
    k = int(rng.integers(2, 25))
    loadings = rng.normal(size=(k, 2))
    loadings *= math.sqrt(0.9) / numpy.linalg.norm(loadings, axis=1, keepdims=True)
    c = loadings @ loadings.T
    numpy.fill_diagonal(c, 1)
    c = (c + c.T) / 2
    m = 1000 * rng.normal(size=k) * numpy.exp(rng.normal(size=k))
    if round_ % 4 == 0:
        m[-1] = -(loadings[:-1, 0] @ m[:-1]) / loadings[-1, 0]
    order = rng.permutation(k)
    text = [f"SELECT o::text, o.combined FROM portfolio_offset('{array(mm)}', '{matrix(cc)}', 0.8, {strict}) AS o"
            for strict in ("false", "true") for mm, cc in ((m, c), (m[order], c[order][:, order]))]
    answers = [t.sql(q)[0] for q in text]
    same &= answers[0] == answers[1] and answers[2] == answers[3]
    square = strict_square = Fraction(0)
    for i in range(k):
        for j in range(k):
            product = Fraction(float(m[i])) * Fraction(float(m[j]))
            term = product * Fraction(float(c[i, j]))
            square += term
            strict_square += term if i == j or term < 0 else abs(product)
    worst = max(worst, abs(float(answers[0][1]) - math.sqrt(square)) / math.sqrt(square))
    worst_strict = max(worst_strict, abs(float(answers[2][1]) - math.sqrt(strict_square)) / math.sqrt(strict_square))
t.ok(worst < 1e-14, "combined margins of 40 portfolios in rational numbers", worst)
t.ok(worst_strict < 1e-14, "and of their hedges only", worst_strict)
t.ok(same, "the order of the positions changes no digit")

# ---- real series ----

path = t.shared("vectors/eustockmarkets.csv")
if path is None:
    t.skip("EuStockMarkets", "no folder ../shared")
else:
    rows = [line for line in t.read_csv(path)]
    names = [c for c in rows[0] if c in ("DAX", "SMI", "CAC", "FTSE")]
    levels = numpy.array([[float(row[c]) for c in names] for row in rows])
    series = list(numpy.diff(numpy.log(levels), axis=0).T)
    t.load("panel", "r float8[]", [(array(row),) for row in zip(*series)])
    got = numpy.array(t.numbers(t.value("SELECT offset_correlation(r, 0.99, 4 ORDER BY i) FROM panel"))).reshape(4, 4)
    check_matrix(got, cut_matrix(series, 0.99, 4), "EuStockMarkets")
    for i in range(4):
        for j in range(i):
            row = t.sql(f"SELECT {FIELDS} FROM (SELECT (correlation_reliability(r[{i + 1}], r[{j + 1}], 0.99, 4 ORDER BY i)).* FROM panel) AS q")[0]
            agrees(row, evidence(series[i], series[j], 0.99, 4), f"EuStockMarkets: {names[i]}-{names[j]}")

path = t.shared("data/crypto_daily_yahoo_2014_2022.csv.gz")
if path is None:
    t.skip("price_evidence: crypto, daily", "no folder ../shared")
else:
    names = ["BTC-USD", "DOGE-USD", "ETH-USD", "USDT-USD"]
    closes = {name: {} for name in names}
    for row in t.read_csv(path):
        # not all on all days
        if row["instrument"] in closes and float(row["close"] or "nan") > 0 and (row["instrument"] != "ETH-USD" or row["ts"][-2:] != "13"):
            closes[row["instrument"]][row["ts"]] = float(row["close"])
    t.load("bar", "k int, ts timestamptz, price float8",
           [(k + 1, day + "T00:00:00Z", price) for k, name in enumerate(names) for day, price in closes[name].items()])
    for lookback in (500, 100000):
        rows = t.sql(f"SELECT {FIELDS} FROM (SELECT (unnest(e)).* FROM (SELECT price_evidence(k, date_part('epoch', ts), price, {lookback}, 0.99, 4) AS e FROM bar) AS p) AS q")
        for row, (i, j) in zip(rows, ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))):
            days = sorted(set(closes[names[i]]) & set(closes[names[j]]))
            x, y = (numpy.diff(numpy.log([closes[names[v]][d] for d in days]))[-lookback:] for v in (i, j))
            agrees(row, evidence(x, y, 0.99, 4), f"price_evidence: {names[i]}, {names[j]}, {len(x)} returns of {lookback}")
            t.ok(int(row[0]) == len(x), "and as many returns")
t.done()
