"""Recompute performance ratios and drawdowns with numpy and exact fractions; prints TAP.

Published numbers of Bacon (2008) and of empyrical's tests; series of ../shared (skipped without it) and synthetic ones.
"""
import math
from fractions import Fraction

import _tap as t

try:
    import numpy as np
    import scipy.stats
except ImportError as missing:
    t.skip("ratios", f"no {missing.name}")
    t.done()

# 24 months: C. R. Bacon (2008), as in PerformanceAnalytics' portfolio_bacon.csv, percent
BACON = [0.3, 2.6, 1.1, -1.0, 1.5, 2.5, 1.6, 6.7, -1.4, 4.0, -0.5, 8.1, 4.0, -3.7, -6.1, 1.7, -4.9, -2.2, 7.0, 5.8, -6.5, 2.4, -0.5, -0.9]


def value(expression, table="returns"):
    return t.value(f"SELECT {expression} FROM {table}")


def load(returns):
    t.load("returns", "r float8", [[r] for r in returns])


def exact(returns):
    """Sums in exact rational arithmetic."""
    x = [Fraction(r) for r in returns]
    n = len(x)
    mean = sum(x) / n
    return n, mean, [v - mean for v in x]


def root(fraction):
    """sqrt of a fraction to more than double precision"""
    scale = 10 ** 60
    return Fraction(math.isqrt(fraction.numerator * scale * scale // fraction.denominator), scale)


def check_series(name, returns, target):
    load(returns)
    n, mean, d = exact(returns)
    sd = root(sum(v * v for v in d) / (n - 1))
    t.close(value("sharpe_ratio(r, 0)"), float(mean / sd), 1e-14, f"{name}: Sharpe ratio in exact arithmetic")
    t.close(value("sharpe_ratio(r, 0, 252)"), float(mean / sd) * math.sqrt(252), 1e-14, f"{name}: Sharpe ratio a year")
    below = [min(Fraction(r - target), Fraction(0)) for r in returns]
    above = [max(Fraction(r - target), Fraction(0)) for r in returns]
    deviation = root(sum(v * v for v in below) / n)
    t.close(value(f"downside_deviation(r, {target!r})"), float(deviation), 1e-14, f"{name}: downside deviation")
    t.close(value(f"downside_potential(r, {target!r})"), float(-sum(below) / n), 1e-14, f"{name}: downside potential")
    t.close(value(f"sortino_ratio(r, {target!r})"), float((sum(above) + sum(below)) / n / deviation), 1e-13, f"{name}: Sortino ratio")
    t.close(value(f"omega_ratio(r, {target!r})"), float(-sum(above) / sum(below)), 1e-14, f"{name}: omega ratio")

    test = [float(v) for v in t.sql("SELECT (sharpe_ratio_test(r, 0)).* FROM returns")[0]]
    skewness, kurtosis = scipy.stats.skew(returns), scipy.stats.kurtosis(returns, fisher=False)
    ratio = float(mean / sd)
    error = math.sqrt((1 - skewness * ratio + (kurtosis - 1) / 4 * ratio ** 2) / (n - 1))
    z = scipy.stats.norm.ppf(0.975)
    t.all_close(test, [n, ratio, error, ratio - z * error, ratio + z * error, skewness, kurtosis, scipy.stats.norm.cdf(ratio / error)], 1e-9,
                f"{name}: test of the Sharpe ratio by scipy")
    lo = float(value("(sharpe_ratio_test(r, 0, 0.9, 'lo')).standard_error"))
    t.close(lo, math.sqrt((1 + ratio ** 2 / 2) / n), 1e-13, f"{name}: Lo's error")

    if max(returns) > 1:
        return
    wealth = np.concatenate([[1.0], np.cumprod(1 + np.array(returns, dtype=np.longdouble))])
    fall = 1 - wealth / np.maximum.accumulate(wealth)
    t.close(value("maximum_drawdown_of_returns(r ORDER BY i)"), float(fall.max()), 1e-11, f"{name}: drawdown of returns by numpy")
    annual = float(np.expm1(np.log1p(np.array(returns, dtype=np.longdouble)).sum() * 252 / n))
    t.close(value("calmar_ratio(r, 252 ORDER BY i)"), annual / float(fall.max()), 1e-10, f"{name}: Calmar ratio by numpy")

    prices = [100 * float(w) for w in wealth]
    t.load("prices", "v float8", [[p] for p in prices])
    peak = np.maximum.accumulate(prices)
    want = (peak - np.array(prices)) / peak
    t.all_close([r[0] for r in t.sql("SELECT drawdown(v) OVER (ORDER BY i) FROM prices ORDER BY i")], want, 1e-14, f"{name}: drawdown series by numpy")
    trough = int(want.argmax())
    start = max(i for i in range(trough + 1) if prices[i] == peak[trough])
    after = [i for i in range(trough, len(prices)) if prices[i] >= peak[trough]]
    row = t.sql("SELECT (drawdown_summary(v ORDER BY i)).* FROM prices")[0]
    t.all_close([v or "nan" for v in row], [len(prices), want.max(), prices[start], start + 1, prices[trough], trough + 1, after[0] + 1 if after else math.nan, want[-1]],
                1e-14, f"{name}: drawdown summary by numpy")


def published():
    load([x / 100 for x in BACON])
    t.close(value("downside_deviation(r, 0.005)"), 0.0255367382, 1e-8, "Bacon: downside deviation")
    t.ok(round(float(value("downside_deviation(r, 0.005)")), 4) == 0.0255, "Bacon: downside deviation as printed")
    t.ok(round(float(value("downside_potential(r, 0.005)")), 4) == 0.0137, "Bacon: downside potential as printed")
    t.close(value("downside_potential(r, 0.005)"), 0.0137083333, 1e-8, "Bacon: downside potential")
    t.close(value("sortino_ratio(r, 0.005)"), 0.1566370757, 1e-9, "Bacon: Sortino ratio")
    load([0.01, -0.02, 0.03, -0.01])
    t.close(value("sortino_ratio(r, 0)"), 0.2236067977, 1e-9, "four returns: Sortino ratio")
    # empyrical's test series; it drops the NaN from sums but counts it as a period of the annual return: 0 here
    mixed = [1, 10, -4, 2, 3, 2, 1, -10]
    load([x / 100 for x in mixed])
    t.close(value("downside_deviation(r, 0, 252)"), 0.6044832503882965, 1e-14, "empyrical: downside risk")
    t.close(value("sortino_ratio(r, 0, 252)"), 2.605531251673693, 1e-14, "empyrical: Sortino ratio, daily")
    t.close(value("maximum_drawdown_of_returns(r ORDER BY i)"), 0.1, 1e-14, "empyrical: maximum drawdown, positive here")
    t.close(value(f"omega_ratio(r, {11 ** (1 / 252) - 1!r})"), 0.8335426349755793, 1e-13, "empyrical: omega, required return 10")
    load([x / 100 for x in [0] + mixed])
    t.close(value("calmar_ratio(r, 252 ORDER BY i)"), 19.135925373194233, 1e-13, "empyrical: Calmar ratio, nine periods")
    t.close(value("sortino_ratio(r, 0, 52)"), 1.1158901056866439, 1e-14, "empyrical: Sortino ratio, weekly")
    t.close(value("sortino_ratio(r, 0, 12)"), 0.5360562674188976, 1e-14, "empyrical: Sortino ratio, monthly")
    load([x / 100 for x in [0, -6, -7, -1, -9, -2, -6, -8, -5]])
    t.close(value("sortino_ratio(r, 0, 252)"), -13.532743075043401, 1e-14, "empyrical: Sortino ratio, losses only")


def real():
    path = t.shared("data/bench_series.csv.gz")
    if path is None:
        t.skip("BMW and DEM/GBP returns", "no ../shared")
        return
    rows = t.read_csv(path)
    for name, scale in [("bmwRet", 1), ("dem2gbp", 100)]:
        check_series(name, [math.expm1(float(r["x"]) / scale) for r in rows if r["dataset"] == name], 1e-4)


published()
real()
random = np.random.default_rng(3)
check_series("normal", [float(x) for x in 0.01 * random.standard_normal(1000) + 0.0005], 0.0)
check_series("heavy tails", [float(x) for x in np.clip(0.01 * random.standard_t(3, 1500), -0.5, None)], 0.001)
check_series("a high level", [1e6 + float(x) for x in random.integers(-9, 9, 300)], 1e6)
t.done()
