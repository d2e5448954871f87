"""Measures of implied volatility, beside Cboe's white paper, mpmath, scipy and QuantLib; prints TAP.

The example of the VIX white paper (2009) from its quotes; the same method written with numpy on every expiry
of snapshots of Deribit; fair variance as mpmath's integral of option prices and, by Fukasawa's change of
variable, as an expectation under a normal law; strikes of deltas by QuantLib's BlackDeltaCalculator.
"""
import math
import random
from datetime import datetime

import _tap as t

try:
    import mpmath
    import numpy as np
    from scipy import integrate, optimize, stats
except ImportError:
    t.skip("measures of implied volatility", "mpmath, numpy and scipy are not installed")
    t.done()
try:
    import QuantLib
except ImportError:
    QuantLib = None


def years(start, end):
    start, end = (datetime.fromisoformat(x.replace("Z", "+00:00")) for x in (start, end))
    return (end - start).total_seconds() / 86400 / 365


# ---- the white paper ----
def number(text):
    return float(text) if text else None


path = t.shared("data/options_equity.csv.gz")
if path is None:
    t.skip("VIX white paper", "no ../shared")
else:
    quotes = [row for row in t.read_csv(path) if row["source"] == "cboe-vix-white-paper-2009"]
    # its times to expiry are 12960 and 53280 minutes of 525600
    times = dict(zip(sorted({row["expiry"] for row in quotes}), (12960 / 525600, 53280 / 525600)))
    t.load("paper", "t float8, strike float8, kind text, bid float8, ask float8",
           [(times[row["expiry"]], float(row["strike"]), row["type"], number(row["bid"]), number(row["ask"])) for row in quotes])
    terms = t.sql("SELECT (x).status, (x).forward, (x).k0, (x).variance, (x).strikes_used, (x).lowest_strike, (x).highest_strike FROM "
                  "(SELECT vix_variance(strike, kind, bid, ask, t, 0.0038) AS x FROM paper GROUP BY t ORDER BY t) AS y")
    # its variances are those of times to expiry rounded to 0.0246575 and 0.1013699
    rounded = t.sql("SELECT (vix_variance(strike, kind, bid, ask, round(t::numeric, 7)::float8, 0.0038)).variance FROM paper GROUP BY t ORDER BY t")
    for term, (printed,), forward, variance, strikes, low, high in zip(
            terms, rounded, (920.50005, 921.00039), (0.4727679, 0.3668180), (136, 110), (400, 200), (1220, 1160)):
        t.ok(term[0] == "ok" and abs(float(term[1]) - forward) < 5e-6 and float(term[2]) == 920, f"forward {forward}, K0 920 as published", term)
        t.ok(abs(float(printed) - variance) < 5.1e-8, f"variance {variance} as published", printed)
        t.ok(int(term[4]) == strikes and float(term[5]) == low and float(term[6]) == high, f"{strikes} strikes from {low} to {high}", term)
    index = float(t.value("SELECT vix_index(a.x, b.x) FROM (SELECT vix_variance(strike, kind, bid, ask, t, 0.0038) AS x FROM paper WHERE t < 0.05) AS a, "
                          "(SELECT vix_variance(strike, kind, bid, ask, t, 0.0038) AS x FROM paper WHERE t > 0.05) AS b"))
    t.ok(abs(index - 61.22) < 0.005, "VIX 61.22 as published", index)
    t.close(index, 61.217999, 1e-8, "to the digits of an independent computation")


# ---- the method once more ----
def by_numpy(rows, years_left, rate):
    """rows: (strike, kind, bid, ask); the steps of the white paper with dictionaries and numpy."""
    live = {(k, c): (b + a) / 2 for k, c, b, a in rows if b and a is not None and a >= b > 0}
    listed = {c: sorted(k for k, kind, _, _ in rows if kind == c) for c in "CP"}
    both = [k for k in listed["C"] if (k, "C") in live and (k, "P") in live]
    if not both:
        return None
    near = min(both, key=lambda k: (abs(live[k, "C"] - live[k, "P"]), k))
    growth = math.exp(rate * years_left)
    forward = near + growth * (live[near, "C"] - live[near, "P"])
    below = [k for k in both if k <= forward]
    if not below:
        return None
    k0 = below[-1]
    prices = {k0: (live[k0, "C"] + live[k0, "P"]) / 2}
    for kind, walk in (("P", [k for k in reversed(listed["P"]) if k < k0]), ("C", [k for k in listed["C"] if k > k0])):
        dead = 0
        for k in walk:
            dead = 0 if (k, kind) in live else dead + 1
            if dead == 2:
                break
            if dead == 0:
                prices[k] = live[k, kind]
    strikes = np.array(sorted(prices))
    if strikes[0] == k0 or strikes[-1] == k0:
        return None
    q = np.array([prices[k] for k in strikes])
    width = np.empty(len(strikes))
    width[1:-1] = (strikes[2:] - strikes[:-2]) / 2
    width[0], width[-1] = strikes[1] - strikes[0], strikes[-1] - strikes[-2]
    return 2 / years_left * growth * np.sum(width / strikes ** 2 * q) - (forward / k0 - 1) ** 2 / years_left, len(strikes)


path = t.shared("data/options_deribit_2026_01.csv.gz")
if path is None:
    t.skip("snapshots of Deribit", "no ../shared")
else:
    rows = t.read_csv(path)
    stamps = sorted({row["ts"] for row in rows})
    chosen = set(stamps[::max(len(stamps) // 6, 1)])
    groups = {}
    for row in rows:
        if row["ts"] in chosen and row["expiry"] > row["ts"]:
            price = float(row["underlying_price"])
            bid, ask = (None if not row[side] else float(row[side]) * price for side in ("bid", "ask"))
            groups.setdefault((row["ts"], row["underlying"], row["expiry"]), []).append((float(row["strike"]), row["type"], bid, ask))
    keys = sorted(groups)
    t.load("deribit", "g integer, t float8, strike float8, kind text, bid float8, ask float8",
           [(g, years(key[0], key[2]), *row) for g, key in enumerate(keys) for row in groups[key]])
    got = t.sql("SELECT (x).status, (x).variance, (x).strikes_used FROM (SELECT g, vix_variance(strike, kind, bid, ask, t, 0.01) AS x FROM deribit GROUP BY g) AS y ORDER BY g")
    want = [by_numpy(groups[key], years(key[0], key[2]), 0.01) for key in keys]
    t.ok(all((w is None) == (g[0] != "ok") for g, w in zip(got, want)), f"{len(keys)} expiries of Deribit: those with a variance", [g[0] for g in got])
    pairs = [(g, w) for g, w in zip(got, want) if w is not None]
    t.all_close([g[1] for g, _ in pairs], [w[0] for _, w in pairs], 1e-12, f"variances of {len(pairs)} expiries as numpy")
    t.ok(len(pairs) > 50 and all(int(g[2]) == w[1] for g, w in pairs), "and their numbers of strikes")


# ---- fair variance ----
def smile_at(p, k, lib=math):
    a, b, rho, m, sigma = p
    return a + b * (rho * (k - m) + lib.sqrt((k - m) ** 2 + sigma ** 2))


def fair_by_prices(p):
    """2 int of out-of-the-money prices over K^2, 30 digits."""
    p = [mpmath.mpf(x) for x in p]

    def price(k):
        root = mpmath.sqrt(smile_at(p, k, mpmath))
        d1 = root / 2 - k / root
        d2 = d1 - root
        if k > 0:
            return mpmath.exp(-k) * mpmath.ncdf(d1) - mpmath.ncdf(d2)
        return mpmath.ncdf(-d2) - mpmath.exp(-k) * mpmath.ncdf(-d1)

    with mpmath.workdps(30):
        scale = mpmath.sqrt(smile_at(p, mpmath.mpf(0), mpmath))
        ends = []
        for sign in (-1, 1):
            end = sign * scale
            while price(end) > mpmath.mpf("1e-17") * scale:
                end *= 1.3
            ends.append(end)
        points = {ends[0], ends[1], mpmath.mpf(0), p[3], *(s * scale * 2 ** i for i in range(-1, 20, 2) for s in (-1, 1)),
                  *(p[3] + s * p[4] * 4 ** i for i in range(-1, 6) for s in (-1, 1))}
        points = sorted(x for x in points if ends[0] <= x <= ends[1])
        return 2 * mpmath.quad(price, points)


def fair_by_normal(p):
    """int w(k(z)) phi(z) dz with z = -d2(k), for a smile whose d2 falls."""
    def minus_d2(k):
        root = math.sqrt(smile_at(p, k))
        return k / root + root / 2

    def total(z):
        low, high = -1.0, 1.0
        while minus_d2(low) > z:
            low *= 2
        while minus_d2(high) < z:
            high *= 2
        return smile_at(p, optimize.brentq(lambda k: minus_d2(k) - z, low, high, xtol=1e-15, rtol=1e-14)) * stats.norm.pdf(z)

    # the vertex is where w bends
    cut = minus_d2(p[3])
    edges = sorted({-12.0, 12.0, *(x for x in (cut, cut - 1, cut + 1, 0.0) if -12 < x < 12)})
    return sum(integrate.quad(total, a, b, epsabs=0, epsrel=1e-12, limit=200)[0] for a, b in zip(edges, edges[1:]))


def literal(p):
    return "(" + ",".join(repr(x) for x in p) + ")"


generator = random.Random(7)
tame = [(0.02, 0.1, -0.4, 0.05, 0.2), (0.001, 0.02, 0.1, 0.0, 0.02), (0.0004, 0.01, -0.3, 0.001, 0.01)]
while len(tame) < 30:
    # wings well below 2 and a vertex near the money
    scale = 10 ** generator.uniform(-3.5, 0)
    tame.append((scale * generator.uniform(0.2, 1), scale ** 0.5 * generator.uniform(0.05, 0.4), generator.uniform(-0.8, 0.8),
                 scale ** 0.5 * generator.uniform(-0.3, 0.3), scale ** 0.5 * generator.uniform(0.1, 1)))
wild = [(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153), (0.0, 0.3, -0.9, 0.2, 1e-4), (0.01, 0.9, -0.95, 0.0, 0.2), (0.01, 1.9 / 1.95, -0.95, 0.0, 0.2),
        (1e-6, 1e-4, 0.5, 0.001, 1e-3), (0.09, 1e-9, 0.0, 0.0, 1.0), (0.02, 0.1, 0.3, 2.0, 0.01), (0.5, 1.0, 0.2, -0.3, 0.5), (0.0, 0.2, 0.0, 0.0, 0.05)]
rates = [float(x) for x, in t.sql("SELECT variance_swap_rate(s::svi, 0.5) FROM unnest(ARRAY[" + ",".join(f"'{literal(p)}'" for p in tame + wild) +
                                  "]) WITH ORDINALITY AS u (s, i) ORDER BY i")]
for kind, smiles, got in (("tame", tame, rates[:len(tame)]), ("wild", wild, rates[len(tame):])):
    t.all_close(got, [2 * float(fair_by_prices(p)) for p in smiles], 1e-11, f"fair variance of {len(smiles)} {kind} smiles as mpmath's integral of prices")
t.all_close(rates[:len(tame)], [2 * fair_by_normal(p) for p in tame], 1e-10, "and as the mean of w under Fukasawa's normal law")

# ---- strikes of deltas ----
deltas = (0.5, 0.25, 0.1, 0.02)
query = ("SELECT s::svi, kind, d, strike_at_delta(s::svi, 250, kind, d, premium), premium FROM unnest(ARRAY[" + ",".join(f"'{literal(p)}'" for p in tame) +
         f"]) WITH ORDINALITY AS u (s, i), unnest(ARRAY{list(deltas)}) AS d, unnest('{{call,put}}'::text[]) AS kind, "
         "unnest('{currency,coin}'::text[]) AS premium ORDER BY i, d DESC, kind, premium")
rows = t.sql(query)
if QuantLib is None:
    t.skip("deltas of the strikes by QuantLib", "QuantLib is not installed")
else:
    worst, found, missing = 0.0, 0, 0
    for text, kind, delta, strike, premium in rows:
        p = [float(x) for x in text.strip("()").split(",")]
        if strike == "":
            missing += 1
            worst = max(worst, 0.0 if kind == "call" and premium == "coin" and float(delta) >= 0.25 else math.inf)
            continue
        root = math.sqrt(smile_at(p, math.log(float(strike) / 250)))
        sign = QuantLib.Option.Call if kind == "call" else QuantLib.Option.Put
        convention = QuantLib.DeltaVolQuote.PaFwd if premium == "coin" else QuantLib.DeltaVolQuote.Fwd
        calculator = QuantLib.BlackDeltaCalculator(sign, convention, 250.0, 1.0, 1.0, root)
        worst = max(worst, abs(abs(calculator.deltaFromStrike(float(strike))) / float(delta) - 1))
        found += 1
    t.ok(worst < 1e-9 and found > 400, f"deltas of {found} strikes as QuantLib has them, forward and premium-adjusted, {missing} without", worst)


# the largest premium-adjusted delta of a call by a search of its own: no strike beyond it, the higher one below it
def adjusted(p, k):
    root = math.sqrt(smile_at(p, k))
    return math.exp(k) * stats.norm.cdf(-root / 2 - k / root)


wrong = []
for text, kind, delta, strike, premium in rows:
    if kind == "call" and premium == "coin":
        p = [float(x) for x in text.strip("()").split(",")]
        best = optimize.minimize_scalar(lambda k: -adjusted(p, k), bounds=(-4, 4), method="bounded", options={"xatol": 1e-10})
        if (strike == "") != (-best.fun < float(delta)) or (strike != "" and math.log(float(strike) / 250) < best.x - 1e-6):
            wrong.append((text, delta, strike, best))
t.ok(not wrong, "premium-adjusted calls: where the largest delta lets them, and above it", *wrong[:3])

# ---- risk reversal, butterfly: strikes by scipy ----
got, want = [], []
for p, row in zip(tame, t.sql("SELECT risk_reversal(s::svi, 0.5), butterfly(s::svi, 0.5), risk_reversal(s::svi, 0.5, 0.1), butterfly(s::svi, 0.5, 0.1) FROM unnest(ARRAY[" +
                              ",".join(f"'{literal(p)}'" for p in tame) + "]) WITH ORDINALITY AS u (s, i) ORDER BY i")):
    for j, delta in enumerate((0.25, 0.1)):
        vols = []
        for sign in (1, -1):
            def miss(k):
                root = math.sqrt(smile_at(p, k))
                return stats.norm.cdf(sign * (root / 2 - k / root)) - delta
            vols.append(math.sqrt(smile_at(p, optimize.brentq(miss, -20, 20, xtol=1e-14)) / 0.5))
        money = math.sqrt(smile_at(p, 0.0) / 0.5)
        got += [float(row[2 * j]), float(row[2 * j + 1])]
        want += [vols[0] - vols[1], sum(vols) / 2 - money]
t.ok(max(abs(g - w) for g, w in zip(got, want)) < 1e-11, f"{len(got)} risk reversals and butterflies as scipy", max(abs(g - w) for g, w in zip(got, want)))
t.done()
