"""Bootstrap intervals recomputed from the published Philox words, with scipy's intervals as the peer.

Everything is written anew here: Philox4x32-10 from its paper, resamples as rows, statistics by sorting. The
distribution of the replications goes to scipy.stats.bootstrap, which makes percentile, basic and BCa intervals
of it with its own jackknife. Block lengths are recomputed from Politis and White (2004) with the correction of
2009. Series: real ones of ../shared/data when they are there, else (and always) simulated ones.
"""
import math

import numpy as np
from scipy import stats

import _tap as t

PURPOSE = {"independent": 0, "stationary": 1, "circular": 2, "moving": 3}


def philox(counter, key):
    """Ten rounds over arrays of counters: rows of four words."""
    x0, x1, x2, x3 = (np.asarray(c, dtype=np.uint64) for c in counter)
    k0, k1 = (np.uint64(k) for k in key)
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = x0 * np.uint64(0xD2511F53), x2 * np.uint64(0xCD9E8D57)
        x0, x1, x2, x3 = (b >> np.uint64(32)) ^ x1 ^ k0, b & low, (a >> np.uint64(32)) ^ x3 ^ k1, a & low
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & low, (k1 + np.uint64(0xBB67AE85)) & low
    return np.stack([x0, x1, x2, x3], axis=-1)


class Words:
    """The words of one stream."""

    def __init__(self, seed, stream, purpose, count):
        blocks = np.arange(count // 4 + 64, dtype=np.uint64)
        seed &= 2**64 - 1
        full = np.full_like(blocks, stream), np.full_like(blocks, purpose)
        self.words = philox((blocks, np.zeros_like(blocks), *full), (seed & 0xFFFFFFFF, seed >> 32)).ravel().tolist()
        self.at = 0

    def next(self):
        self.at += 1
        return self.words[self.at - 1]

    def below(self, n):
        while True:
            product = self.next() * n
            if product % 2**32 >= 2**32 % n:
                return product >> 32


def resample(x, kind, length, seed, j):
    n = len(x)
    words = Words(seed, j, PURPOSE[kind], 3 * n)
    if kind == "independent":
        x = np.sort(x)[::-1]
        return x[[words.below(n) for _ in range(n)]]
    rows = []
    row = 0
    starts = n - length + 1 if kind == "moving" else n
    for i in range(n):
        new = (i == 0 or words.next() < math.floor(2**32 / length)) if kind == "stationary" else i % length == 0
        row = words.below(starts) if new else (row + 1) % n
        rows.append(row)
    return x[rows]


def value_at_risk(losses, confidence):
    n = len(losses)
    k = n * confidence
    k = round(k) if abs(k - round(k)) < 1e-9 else math.ceil(k)
    return np.sort(losses)[k - 1]


def expected_shortfall(losses, confidence):
    """Rockafellar and Uryasev: z + mean excess over z, divided by the tail, with VaR as z."""
    z = value_at_risk(losses, confidence)
    return z + math.fsum(np.maximum(losses - z, 0)) / (len(losses) * (1 - confidence))


def statistic_of(name, confidence):
    if name == "volatility":
        return lambda x: np.std(x, ddof=1)
    measure = value_at_risk if name == "value_at_risk" else expected_shortfall
    return lambda x: measure(x, confidence)


class Distribution:
    """What scipy takes as the result of an earlier bootstrap."""

    def __init__(self, replications):
        self.bootstrap_distribution = np.array(replications)


def peer_interval(losses, statistic, replications, level, method):
    result = stats.bootstrap((losses,), lambda x, axis=-1: np.apply_along_axis(statistic, axis, x), n_resamples=0,
                             bootstrap_result=Distribution(replications), confidence_level=level, method=method)
    return result.confidence_interval.low, result.confidence_interval.high


def block_lengths(x):
    n = len(x)
    e = x - x.mean()
    most = math.ceil(math.sqrt(n)) + 5
    r = np.array([e[: n - k] @ e[k:] / n for k in range(most + 1)])
    bound = 2 * math.sqrt(math.log10(n) / n)
    small = np.abs(r / r[0]) < bound
    m = next((m for m in range(1, most - 4) if small[m + 1 : m + 6].all()), None)
    if m is None:
        m = max([k for k in range(1, most + 1) if not small[k]], default=1)
    big_m = min(2 * m, most)
    taper = [min(1, 2 * (1 - k / big_m)) for k in range(big_m + 1)]
    g = 2 * sum(taper[k] * k * r[k] for k in range(1, big_m + 1))
    level = r[0] + 2 * sum(taper[k] * r[k] for k in range(1, big_m + 1))
    cap = math.ceil(min(3 * math.sqrt(n), n / 3))
    return [min(cap, max(1, (2 * g * g / (d * level * level)) ** (1 / 3) * n ** (1 / 3))) for d in (2, 4 / 3)]


def row(call):
    """estimate, standard_error, bias, lower, upper"""
    return [float(x) for x in t.sql(f"SELECT (b).estimate, (b).standard_error, (b).bias, (b).lower, (b).upper FROM "
                                    f"(SELECT {call} AS b FROM series) q")[0]]


def compare(got, losses, statistic, replications, level, method, name):
    low, high = peer_interval(losses, statistic, replications, level, method)
    estimate = statistic(losses)
    scale = abs(estimate)
    want = [estimate, np.std(replications, ddof=1), np.mean(replications) - estimate, low, high]
    wrong = max(abs(g - w) for g, w in zip(got, want)) / scale
    t.ok(wrong <= 1e-10, f"{name}, {method} {level}: within 1e-10 of the estimate", f"got {got}", f"want {want}")


def check_series(title, pnl, level=0.9, replications=150, seed=20240229):
    t.load("series", "pnl float8", [(float(x),) for x in pnl])
    pnl = np.array(pnl, dtype=float)
    for name, confidence in (("value_at_risk", 0.95), ("expected_shortfall", 0.975), ("volatility", None)):
        losses = pnl if name == "volatility" else -pnl
        statistic = statistic_of(name, confidence)
        setting = "" if confidence is None else f"{confidence}, "
        draws = [statistic(resample(losses, "independent", 1, seed, j)) for j in range(replications)]
        for method in ("percentile", "basic", "bca"):
            call = f"bootstrap_{name}(pnl, {setting}{replications}, {seed}, {level}, '{method}')"
            if method == "bca" and len(set(draws)) < 3:
                continue
            compare(row(call), losses, statistic, draws, level, method, f"{title}: {name}")
        for kind, length in (("stationary", 6.5), ("circular", 5), ("moving", 4)):
            draws = [statistic(resample(losses, kind, length, seed, j)) for j in range(replications)]
            call = f"block_bootstrap_{name}(pnl, {setting}'{kind}', {length}, {replications}, {seed}, {level} ORDER BY i)"
            compare(row(call), losses, statistic, draws, level, "percentile", f"{title}: {name} in {kind} blocks")
    got = t.sql("SELECT (b).stationary, (b).circular FROM (SELECT optimal_block_length(pnl ORDER BY i) AS b FROM series) q")[0]
    t.all_close(map(float, got), block_lengths(pnl), 1e-8, f"{title}: block lengths")


def autoregression(rng, n, rho):
    x = np.zeros(n)
    for i in range(1, n):
        x[i] = rho * x[i - 1] + rng.standard_t(5)
    return x


known = philox(([0x243F6A88], [0x85A308D3], [0x13198A2E], [0x03707344]), (0xA4093822, 0x299F31D0))[0]
t.ok([int(w) for w in known] == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
     "Philox of this file gives the known answer of Random123")
rng = np.random.default_rng(7)
check_series("t with 4 degrees of freedom", rng.standard_t(4, 300) * 1e4)
check_series("ties", np.floor(3 * rng.standard_normal(90)), seed=-5)
check_series("autoregression", autoregression(rng, 400, 0.7), level=0.6, seed=2**62 + 11)
check_series("twelve rows", rng.standard_normal(12) * 1e-9, seed=0)
path = t.shared("data/bench_eustockmarkets.csv.gz")
if path:
    closes = np.array([float(r["close"]) for r in t.read_csv(path) if r["instrument"] == "DAX"])
    check_series("DAX", np.diff(np.log(closes))[:500], seed=3)
else:
    t.skip("DAX", "no shared data")

# coverage as users see it: 200 samples of 250 normal P&Ls in one query
t.load("series", "pnl float8", [(float(x),) for x in rng.standard_normal(200 * 250)])
inside = [r[0] == "t" for r in t.sql(
    "SELECT 1.7549833193248675 BETWEEN (b).lower AND (b).upper FROM (SELECT bootstrap_expected_shortfall(pnl, 0.9, 500, 1, 0.9, 'bca') "
    "AS b FROM series GROUP BY (i - 1) / 250) q")]
t.ok(0.82 <= np.mean(inside) <= 0.96, f"90 % intervals of ES cover {np.mean(inside):.3f} of 200 samples")
t.done()
