"""Volatility surfaces, beside numpy, scipy and QuantLib, on every file of option quotes; prints TAP.

Marks from their own vols; every smile and every pair of neighbours on a dense grid; errors beside half the spread;
leave-one-strike-out beside a plain SVI fit by scipy; the DAX of 5 July 2002 beside Heston by QuantLib; forwards by parity;
and months with a crash in them, made from a snapshot.  SURFACE_ALL=1 takes every snapshot instead of every fourth.
"""
import math
import os
import random

import _tap as t

try:
    import numpy as np
    from scipy import optimize
except ImportError:
    t.skip("volatility surfaces", "numpy and scipy are not installed")
    t.done()
try:
    import QuantLib as ql
except ImportError:
    ql = None

COLUMNS = "g integer, ts timestamptz, expiry timestamptz, strike float8, kind text, bid float8, ask float8, mark float8, iv float8, forward float8"
SLICE = ("x.expiry, x.t, x.forward, x.forward_source, x.status, x.model, x.strikes, x.a, x.b, x.rho, x.m, x.sigma, x.median_error, "
         "x.median_half_spread, x.butterfly, x.calendar, x.atm_vol, x.lowest_k, x.highest_k")
POINT = "p.expiry, p.strike, p.kind, p.k, p.bid_vol, p.ask_vol, p.vol, p.fitted_vol, p.problem"


def number(text):
    return float(text) if text else None


def nan(text):
    return float(text) if text else math.nan


def quotes_of(name, stamp=lambda row: row["ts"]):
    """The rows of a file by snapshot, or None without the file."""
    path = t.shared(f"data/{name}.csv.gz")
    if path is None:
        return None
    groups = {}
    for row in t.read_csv(path):
        groups.setdefault((row["source"], row["underlying"], stamp(row)), []).append(row)
    return groups


def columns(g, rows):
    return [(g, r["ts"], r["expiry"], float(r["strike"]), r["type"], number(r["bid"]), number(r["ask"]), number(r["mark"]),
             number(r["mark_iv"]), number(r["underlying_price"])) for r in rows]


class Slice:
    def __init__(self, row):
        self.expiry, self.source, self.status, self.model = row[0], row[3], row[4], row[5]
        self.t, self.forward = nan(row[1]), nan(row[2])
        self.strikes = int(row[6] or 0)
        self.raw = tuple(nan(x) for x in row[7:12])
        (self.median_error, self.median_half, self.butterfly, self.calendar, self.atm_vol, self.lowest, self.highest) = (nan(x) for x in row[12:19])
        self.points = []

    def fitted(self):
        return self.status in ("fitted", "repaired")

    def w(self, k):
        a, b, rho, m, sigma = self.raw
        return a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma ** 2))

    def g(self, k):
        """Gatheral and Jacquier (2014), eq. 2.1."""
        a, b, rho, m, sigma = self.raw
        root = np.sqrt((k - m) ** 2 + sigma ** 2)
        w, first, second = self.w(k), b * (rho + (k - m) / root), b * sigma ** 2 / root ** 3
        return (1 - k * first / (2 * w)) ** 2 - first ** 2 / 4 * (1 / w + 0.25) + second / 2


def surfaces(table, settings, value="forward", as_of="max(ts) OVER (PARTITION BY g)"):
    """{g: slices in the order of expiry}, each with the points that were used; by margin_calib.fit_surface."""
    t.sql(f"DROP TABLE IF EXISTS fitted; CREATE TABLE fitted AS SELECT g, fit_surface(expiry, strike, kind, bid, ask, mark, {value}, ts, as_of, "
          f"{settings}) AS s FROM (SELECT *, {as_of} AS as_of FROM {table}) AS q GROUP BY g")
    found = {}
    for g, *row in t.sql(f"SELECT g, {SLICE} FROM fitted, unnest((s).slices) WITH ORDINALITY AS x ORDER BY g, ordinality"):
        found.setdefault(int(g), []).append(Slice(row))
    by_expiry = {(g, s.expiry): s for g, slices in found.items() for s in slices}
    for g, expiry, strike, kind, *row, problem in t.sql(f"SELECT g, {POINT} FROM fitted, unnest((s).points) AS p WHERE p.problem IS NULL"):
        by_expiry[int(g), expiry].points.append((float(strike), kind, *(nan(x) for x in row)))
    return found


DENSE = np.concatenate([np.linspace(-2.5, 2.5, 4001), np.sinh(np.linspace(-7, 7, 1001)) * 0.0045])


def arbitrage(slices):
    """The least g and the least calendar excess (relative to w) of fitted smiles, over the dense grid and around each vertex."""
    butterfly, calendar, before = math.inf, math.inf, None
    for s in slices:
        if not s.fitted():
            continue
        k = np.concatenate([DENSE, s.raw[3] + s.raw[4] * np.sinh(np.linspace(-4, 4, 401))])
        k = k[np.abs(k) <= 2.5]
        w = s.w(k)
        butterfly = min(butterfly, s.g(k).min() if w.min() > 0 else -math.inf)
        if before is not None:
            calendar = min(calendar, ((w - before.w(k)) / w).min())
        before = s
    return butterfly, calendar


def judge(found, name):
    """The checks that every group of surfaces has to pass."""
    fitted = [s for slices in found.values() for s in slices if s.fitted()]
    bounds = [arbitrage(slices) for slices in found.values()]
    t.ok(min(b for b, _ in bounds) >= -1e-12, f"{name}: no butterfly arbitrage in {len(fitted)} smiles", sorted(bounds)[:3])
    t.ok(min(c for _, c in bounds) >= -1e-12, f"{name}: no calendar arbitrage", sorted((c, b) for b, c in bounds)[:3])
    failed = [(g, s.expiry, s.status, s.strikes) for g, slices in found.items() for s in slices if s.strikes >= 10 and not s.fitted()]
    t.ok(not failed, f"{name}: every expiry with ten strikes has a smile ({sum(s.strikes >= 10 for s in fitted)})", failed[:5])
    wrong = [abs(p[6] / math.sqrt(s.w(p[2]) / s.t) - 1) for s in fitted for p in s.points]
    t.ok(max(wrong) < 1e-12, f"{name}: fitted vols of {len(wrong)} quotes are those of the smiles", max(wrong))
    missed = [abs(s.median_error - np.median([abs(p[6] - p[5]) for p in s.points])) for s in fitted]
    t.ok(max(missed) < 1e-12, f"{name}: median errors", max(missed))
    return fitted


def good_strikes(rows, table):
    """{(g, expiry): strikes with a bid, an ask not above thrice it and a price out of the money}, from the quotes themselves."""
    count = {}
    for g, _, expiry, strike, kind, bid, ask, _, _, forward in rows:
        if bid and ask and forward and bid <= ask <= 3 * bid and (strike >= forward) == (kind == "C"):
            count.setdefault((g, expiry), set()).add(strike)
    return {key: len(strikes) for key, strikes in count.items()}


def spreads(fitted, name):
    """Errors beside half the spread: of every smile, and over all quotes."""
    two_sided = [(abs(p[6] - p[5]), (p[4] - p[3]) / 2) for s in fitted for p in s.points if not math.isnan(p[4] - p[3])]
    missing = [(s.expiry, s.strikes, s.median_error, s.median_half) for s in fitted if s.strikes >= 10 and s.median_half <= s.median_error]
    errors, halves = (np.array(x) for x in zip(*two_sided))
    print(f"# {name}: {len(errors)} quotes with two sides; median error {np.median(errors):.5f}, median half spread {np.median(halves):.5f}, "
          f"within their own half spread {np.mean(errors <= halves):.1%}; slices of ten strikes whose median error is larger: {len(missing)}")
    for line in missing:
        print("#  ", *line)
    t.ok(np.median(errors) < np.median(halves) and np.median(errors / np.maximum(halves, 1e-12)) < 1, f"{name}: the median error is below half the spread")
    return missing


# ---- every snapshot of Deribit ----
step = 1 if os.environ.get("SURFACE_ALL") else 4
january = quotes_of("options_deribit_2026_01")
if january is None:
    t.skip("snapshots of January 2026", "no ../shared")
    t.skip("marks of January 2026", "no ../shared")
else:
    january = {key: january[key] for i, key in enumerate(sorted(january, key=lambda key: (key[2], key[1]))) if i // 2 % step == 0}
    rows = [row for g, key in enumerate(january) for row in columns(g, january[key])]
    t.load("january", COLUMNS, rows)
    off = float(t.value("SELECT avg(abs(black76_price(kind, forward, strike, extract(epoch FROM expiry - ts)::float8 / 86400 / 365, iv) / forward - mark)) "
                        "FROM january WHERE expiry > ts AND iv > 0"))
    t.ok(off <= 5e-5, f"{len(rows)} marks from their own vols: mean error 5e-5 coin or less", off)
    found = surfaces("january", "surface_settings('coin')")
    fitted = judge(found, "January 2026")
    t.ok(len(found) == len(january), f"{len(january)} surfaces")
    missing = spreads(fitted, "January 2026")
    t.ok(len(missing) <= 0.01 * len(fitted), "and of 99 smiles in a hundred", len(missing))
    have = {(g, s.expiry.replace(" ", "T").replace("+00", "Z")) for g, slices in found.items() for s in slices if s.fitted()}
    want = {key for key, n in good_strikes(rows, "january").items() if n >= 10}
    t.ok(len(want) > 200 and want <= have, f"each of {len(want)} expiries with ten good quotes has a smile", sorted(want - have)[:5])

older = quotes_of("options_deribit_2020_2024", stamp=lambda row: "")
if older is None:
    t.skip("snapshots of 2020 to 2024", "no ../shared")
    t.skip("marks of 2020", "no ../shared")
else:
    rows = [row for g, key in enumerate(older) for row in columns(g, older[key])]
    t.load("older", COLUMNS, rows)
    off = float(t.value("SELECT avg(abs(black76_price(kind, forward, strike, extract(epoch FROM expiry - ts)::float8 / 86400 / 365, iv) / forward - mark)) "
                        "FROM older WHERE expiry > ts AND iv > 0 AND forward > 0"))
    t.ok(off <= 5e-5, "marks of 2020 from their own vols: mean error 5e-5 coin or less", off)
    found = surfaces("older", "surface_settings('coin', maximum_age => '1 day')")
    spreads(judge(found, "2020 to 2024"), "2020 to 2024")
    t.ok({s.source for s in found[3]} <= {"parity", "carried"}, "forwards by parity where none are given", [s.source for s in found[3]])


# ---- leave one strike out ----
def plain_svi(k, vol, years):
    """Unconstrained raw SVI by least squares in vol, the best of several starts."""
    def off(x):
        a, b, rho, m, sigma = x
        w = a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma ** 2))
        return np.sqrt(np.maximum(w, 1e-12) / years) - vol

    best, w0 = None, np.median(vol) ** 2 * years
    for rho, m, sigma in ((-0.3, 0.0, 0.1), (0.3, 0.0, 0.3), (0.0, k.mean(), k.std())):
        try:
            run = optimize.least_squares(off, (w0 / 2, w0, rho, m, sigma), method="lm", max_nfev=600)
        except ValueError:
            continue
        if best is None or run.cost < best.cost:
            best = run
    a, b, rho, m, sigma = best.x
    return lambda x: math.sqrt(max(a + b * (rho * (x - m) + math.sqrt((x - m) ** 2 + sigma ** 2)), 1e-12) / years)


def leave_one_out(groups, settings, name):
    """Fold j leaves out the j-th strike of each expiry; the plain fit has the same quotes, counts each alike and may have arbitrage."""
    rows = [row for g, key in enumerate(groups) for row in columns(g, groups[key])]
    t.load("whole", COLUMNS, rows)
    whole = surfaces("whole", settings)
    left = {}  # (g, expiry, strike): fold
    for g, slices in whole.items():
        for s in slices:
            if s.fitted() and len(s.points) >= 10:
                for fold, point in enumerate(sorted(s.points)):
                    left[g, s.expiry, point[0]] = fold
    folds = max(left.values()) + 1
    t.load("gaps", "g integer, expiry timestamptz, strike float8, fold integer", [(*key, fold) for key, fold in left.items()])
    t.sql(f"DROP TABLE IF EXISTS folded; CREATE TABLE folded AS SELECT q.g * 1000 + fold AS g, ts, q.expiry, q.strike, kind, bid, ask, mark, iv, forward, "
          f"max(ts) OVER (PARTITION BY q.g) AS latest FROM whole AS q, generate_series(0, {folds - 1}) AS fold "
          f"WHERE NOT EXISTS (SELECT FROM gaps WHERE gaps.g = q.g AND gaps.expiry = q.expiry AND gaps.strike = q.strike AND gaps.fold = fold.fold)")
    found = surfaces("folded", settings, as_of="latest")
    ours, plain, half = [], [], []
    for g, slices in whole.items():
        for s in slices:
            points = sorted(s.points)
            if not s.fitted() or len(points) < 10:
                continue
            k, vol = np.array([p[2] for p in points]), np.array([p[5] for p in points])
            for fold in range(len(points)):
                match = [x for x in found[g * 1000 + fold] if x.expiry == s.expiry]
                keep = np.arange(len(points)) != fold
                ours.append(math.sqrt(match[0].w(k[fold]) / s.t) - vol[fold] if match[0].fitted() else math.inf)
                plain.append(plain_svi(k[keep], vol[keep], s.t)(k[fold]) - vol[fold])
                half.append((points[fold][4] - points[fold][3]) / 2)
    ours, plain, half = np.abs(ours), np.abs(plain), np.array(half)
    known = half > 0
    results = [(np.mean(ours), np.mean(plain)), (np.median(ours), np.median(plain)),
               (np.mean(ours[known] / half[known]), np.mean(plain[known] / half[known])) if known.any() else (0, 1)]
    print(f"# {name}: {len(ours)} strikes left out; ours / plain SVI: mean {results[0][0]:.5f} / {results[0][1]:.5f}, median {results[1][0]:.5f} / {results[1][1]:.5f}, "
          f"in half spreads {results[2][0]:.3f} / {results[2][1]:.3f}, RMSE {np.sqrt(np.mean(ours ** 2)):.5f} / {np.sqrt(np.mean(plain ** 2)):.5f}")
    for (a, b), what in zip(results, ("mean", "median", "mean in half spreads")):
        t.ok(a < b, f"{name}: {what} error out of sample below that of a plain SVI fit", f"{a} against {b}")


if january is None:
    t.skip("leave one strike out", "no ../shared")
else:
    keys = list(january)
    few = keys[::max(len(keys) // 4, 1) + 1]
    leave_one_out({key: january[key] for key in few}, "surface_settings('coin')", f"{len(few)} snapshots of January 2026")
    leave_one_out({key: rows for key, rows in older.items() if key[0] != "sol-dnn"}, "surface_settings('coin', maximum_age => '1 day')", "2020 and 2024")


# ---- the DAX of 5 July 2002 ----
def heston(rows):
    """Sum of squared errors in points of implied vol x 100, as QuantLib's testDAXCalibration."""
    day = ql.Date(5, 7, 2002)
    ql.Settings.instance().evaluationDate = day
    count = ql.Actual365Fixed()
    spot = ql.QuoteHandle(ql.SimpleQuote(4468.17))
    rates = sorted({(int(r["days_to_expiry"]), float(r["rate"])) for r in rows})
    curve = ql.YieldTermStructureHandle(ql.ZeroCurve([day] + [day + d for d, _ in rates], [0.0357] + [r for _, r in rates], count))
    none = ql.YieldTermStructureHandle(ql.FlatForward(day, 0.0, count))
    model = ql.HestonModel(ql.HestonProcess(curve, none, spot, 0.1, 1.0, 0.1, 0.5, -0.5))
    engine = ql.AnalyticHestonEngine(model, 64)
    helpers = []
    for r in rows:
        maturity = ql.Period((int(r["days_to_expiry"]) + 3) // 7, ql.Weeks)
        vol = ql.QuoteHandle(ql.SimpleQuote(float(r["implied_vol"])))
        helper = ql.HestonModelHelper(maturity, ql.TARGET(), 4468.17, float(r["strike"]), vol, curve, none, ql.BlackCalibrationHelper.ImpliedVolError)
        helper.setPricingEngine(engine)
        helpers.append(helper)
    model.calibrate(helpers, ql.LevenbergMarquardt(1e-8, 1e-8, 1e-8), ql.EndCriteria(400, 40, 1e-8, 1e-8, 1e-8))
    return sum((100 * h.calibrationError()) ** 2 for h in helpers)


path = t.shared("data/bench_dax_iv_20020705.csv.gz")
if path is None:
    t.skip("the DAX of 5 July 2002", "no ../shared")
else:
    rows = t.read_csv(path)
    t.load("dax", "days integer, rate float8, strike float8, iv float8, spot float8",
           [(int(r["days_to_expiry"]), float(r["rate"]), float(r["strike"]), float(r["implied_vol"]), float(r["spot"])) for r in rows])
    # undiscounted prices under the forward of each expiry's rate; rates differ from expiry to expiry
    t.sql("CREATE TABLE dax_quotes AS SELECT 1 AS g, at AS ts, at + days * interval '1 day' AS expiry, strike, kind, NULL::float8 AS bid, NULL::float8 AS ask, "
          "black76_price(kind, spot * exp(rate * days / 365.0), strike, days / 365.0, iv) AS mark, spot * exp(rate * days / 365.0) AS forward, rate, days FROM "
          "(SELECT *, CASE WHEN strike < spot THEN 'put' ELSE 'call' END AS kind, timestamptz '2002-07-05 12:00Z' AS at FROM dax) AS q")
    found = surfaces("dax_quotes", "surface_settings()")
    fitted = judge(found, "DAX")
    points = sorted((round(s.t * 365), p[0], p[6]) for s in fitted for p in s.points)
    want = sorted((int(r["days_to_expiry"]), float(r["strike"]), float(r["implied_vol"])) for r in rows)
    t.ok([p[:2] for p in points] == [p[:2] for p in want], "all 104 quotes are used", len(points))
    squares = sum((100 * (p[2] - q[2])) ** 2 for p, q in zip(points, want))
    print(f"# DAX: sum of squared errors in points of vol {squares:.2f}")
    t.ok(squares < 177.2, "the sum of squared errors is below that of Heston, 177.2", squares)
    # calls and puts discounted at one rate, no forward: the same surface
    t.sql("CREATE TABLE dax_pairs AS SELECT g, ts, expiry, strike, c AS kind, bid, ask, exp(-0.035 * days / 365.0) * (mark + CASE WHEN c = kind THEN 0 "
          "WHEN c = 'call' THEN forward - strike ELSE strike - forward END) AS mark, NULL::float8 AS forward FROM dax_quotes, unnest('{call,put}'::text[]) AS c")
    pairs = surfaces("dax_pairs", "surface_settings(rate => 0.035)")
    t.all_close([s.forward for s in pairs[1]], [s.forward for s in found[1]], 1e-11, "forwards by parity under a rate")
    t.all_close([s.w(0.0) for s in pairs[1]], [s.w(0.0) for s in found[1]], 1e-5, "and the same smiles")
    if ql is None:
        t.skip("Heston by QuantLib", "QuantLib is not installed")
    else:
        peer = heston(rows)
        t.ok(abs(peer - 177.2) <= 1, "Heston by QuantLib has 177.2", peer)

# ---- the S&P 500 of 22 December 2015 ----
equity = quotes_of("options_equity")
if equity is None:
    t.skip("forward of the S&P 500", "no ../shared")
else:
    rows = [row for (source, _, _), group in equity.items() if source == "lean-spx-universe" for row in columns(1, group)]
    t.load("spx", COLUMNS, rows)
    found = surfaces("spx", "surface_settings()")
    near = [s for s in found[1] if s.expiry.startswith("2016-01-15")]
    t.ok(len(near) == 1 and near[0].source == "parity" and abs(near[0].forward - 2039.05) < 0.02, "forward by parity 2039.05", [(s.expiry, s.source, s.forward) for s in found[1]])
    judge(found, "S&P 500")
    rows = [row for (source, _, _), group in equity.items() if source != "lean-spx-universe" for row in
            columns(int(source.startswith("cboe")), [dict(r, underlying_price="") for r in group])]
    t.load("equity", COLUMNS, rows)
    spreads(judge(surfaces("equity", "surface_settings(maximum_age => '1 day')"), "S&P 500 of 2009 and Apple"), "S&P 500 of 2009 and Apple")

# ---- values by QuantLib ----
smiles = [(-0.0666, 0.229, 0.439, 0.193, 0.337), (0.02, 0.1, -0.4, 0.05, 0.2), (0.001, 0.02, 0.1, 0.0, 0.02), (0.0, 0.3, -0.9, 0.2, 1e-3)]
if ql is None or not hasattr(ql, "SviSmileSection"):
    t.skip("SVI by QuantLib", "QuantLib is not installed")
else:
    grid, years, forward = [-1.5, -0.3, -0.01, 0.0, 0.193, 0.6, 2.0], 11 / 365, 123.45
    values = ",".join(f"('({','.join(map(repr, p))})'::svi, {k}::float8)" for p in smiles for k in grid)
    got = t.sql(f"SELECT svi_total_variance(s, k) FROM (VALUES {values}) AS v (s, k)")
    want = [ql.SviSmileSection(years, forward, [a, b, sigma, rho, m]).variance(forward * math.exp(k)) for a, b, rho, m, sigma in smiles for k in grid]
    t.all_close([x for x, in got], want, 1e-12, "total variance by QuantLib's SviSmileSection")
    t.close(t.value("SELECT svi_total_variance('(-0.0666,0.229,0.439,0.193,0.337)', 0.193)"), -0.0666 + 0.229 * 0.337, 1e-15, "at the vertex a + b sigma")

# ---- months with a crash in them ----
def crash(rows, generator, shift, factor, skew, noise, keep, crossed):
    """Quotes of a snapshot after the spot moved: vols times factor, steeper for puts, noisy, some gone, some crossed."""
    made = []
    for g, ts, expiry, strike, kind, _, _, _, iv, forward in rows:
        if not iv or not forward or generator.random() > keep:
            continue
        forward *= 1 + shift
        k = math.log(strike / forward)
        left = (t_of(expiry) - t_of(ts)) / 86400 / 365
        if left <= 0:
            continue
        vol = min(max(iv * factor * (1 - skew * k / math.sqrt(left + 0.02)) * math.exp(noise * generator.gauss(0, 1)), 0.05), 8)
        half = vol * generator.uniform(0.01, 0.08)
        made.append((g, ts, expiry, strike, kind, vol - half, vol + half, vol, crossed > generator.random(), forward))
    return made


def t_of(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


if january is None:
    t.skip("months with a crash", "no ../shared")
else:
    generator, rows = random.Random(2026), []
    cases = [(shift, factor, skew, noise, keep, crossed) for shift in (-0.3, -0.6, 0.4) for factor, skew in ((1.5, 0.1), (3, 0.3), (5, 0.05))
             for noise, keep, crossed in ((0.0, 1.0, 0.0), (0.05, 0.5, 0.02), (0.3, 0.5, 0.1))]
    for g, case in enumerate(cases):
        key = list(january)[(g * 7) % len(january)]
        rows += crash(columns(g, january[key]), generator, *case)
    t.load("vols", "g integer, ts timestamptz, expiry timestamptz, strike float8, kind text, bid_vol float8, ask_vol float8, vol float8, crossed boolean, forward float8", rows)
    price = "inverse_option_price(kind, forward, strike, extract(epoch FROM expiry - ts)::float8 / 86400 / 365, {})"
    # in ticks of 0.0001 coin
    t.sql("CREATE TABLE crash AS SELECT g, ts, expiry, strike, kind, CASE WHEN crossed THEN ask ELSE bid END AS bid, CASE WHEN crossed THEN bid ELSE ask END AS ask, NULL::float8 AS mark, forward "
          f"FROM (SELECT *, floor(1e4 * {price.format('bid_vol')}) / 1e4 AS bid, ceil(1e4 * {price.format('ask_vol')}) / 1e4 AS ask FROM vols) AS q")
    found = surfaces("crash", "surface_settings('coin')")
    fitted = judge(found, f"{len(cases)} crashes")
    for g, case in enumerate(cases):
        good = [s for s in found[g] if s.fitted()]
        off = np.concatenate([[abs(p[6] / p[5] - 1) for p in s.points] for s in good])
        kinds = {name: sum((s.status, s.model) == name for s in good) for name in {(s.status, s.model) for s in good}}
        print(f"# crash {case}: {len(good)} of {len(found[g])} smiles {kinds}, relative error median {np.median(off):.4f}, 95 % {np.quantile(off, 0.95):.4f}")
        t.ok(np.median(off) < 0.06 + case[3], f"crash {case}: vols are near the quotes", np.median(off))
t.done()
