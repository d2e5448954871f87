#!/usr/bin/python3
"""Recompute the models of calibrate_margin (doc/calibration.md, sections 2 to 6) outside; prints TAP.

Every filter with every tail, averages and chains, on real series (../shared/data, skipped without it) and simulated ones,
under several policies: once with the parameters of the level-1 fits and everything after them recomputed (1e-10), once with fits of
optimisers written here (1e-6), and once out of the level-1 functions alone.
"""
import json
import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
from scipy.optimize import brentq, minimize, root
from scipy.signal import lfilter
from scipy.special import digamma, gammaln, loggamma

import _calibration as c
import _tap as t

BARS = 900
TIGHT = 1e-10
# of fits to thirty observations or to hardly any movement: the last bit of a return weighs more
LOOSE = 1e-7
session = c.Session()
fits = c.SqlFits(session)


def members():
    """Every filter with every tail, but the two that do not exist."""
    out = []
    for name in (None, "filtered") + c.GARCH:
        out += [(name + "_" if name else "") + tail for tail in c.TAILS if not (tail == "normal" and name in ("garch_t", "gjr_t"))]
    return out + ["filtered_historical(0.98)", "filtered_student_t(0.9)", "filtered_normal(0.99)"]


VARIANTS = {
    "es": {},
    "var": dict(measure="value_at_risk", confidence=0.975, lookback=750, refit_interval=20, buffer=0.25, floor_lookback=800,
                stress_weight=0.25, stress_window=60),
    "three": dict(horizon=3, confidence=0.975, lookback=600, refit_interval=20, evt_tail=0.15, weight_decay=0.995, ewma_lambda=0.97,
                  stress_weight=0.5, stress_window=30, buffer=0.3),
    "scaled": dict(horizon=3, horizon_method="scaled", lookback=1000, lookback_time=timedelta(days=420), symmetric_rates=True,
                   measure="value_at_risk", confidence=0.98, floor_lookback=850, buffer=0.25, buffer_recovery=5),
    "ten": dict(horizon=10, confidence=0.95, lookback=800, refit_interval=250, evt_tail=0.123, weight_decay=1.0, jump_bound=0.05,
                minimum_rate=0.05, maximum_rate=0.25, fallback_rate=0.2, rise_per_step=0.01, fall_per_day=0.01),
}

AVERAGES = ("gjr_historical + gjr_t_student_t", "historical + filtered_historical + filtered_historical(0.98) + evt",
            "gjr_historical + gjr_t_student_t + filtered_historical(0.98)", "normal + student_t",
            "garch_evt+filtered_evt>historical", "weighted_historical + student_t > historical > evt")


def answers(name, table="bars"):
    """{series: calibration} of the aggregate, and whether the set path gives the same digits."""
    def ask(source):
        rows = session.rows(f"SELECT to_jsonb(c) || jsonb_build_object('series', series) FROM ({source}) AS x (series, c)")
        parsed = [json.loads(row[0], parse_float=Decimal) for row in rows]
        return {row["series"]: row for row in parsed}

    one = ask(f"SELECT series, calibrate_margin(ts, price, policy('{name}')) FROM {table} GROUP BY series")
    return one, one == ask(f"SELECT * FROM calibrate_all('{table}', policy('{name}'), 'series', 'ts', 'price')")


def compare(name, policy, series, table="bars", tolerance=TIGHT):
    """All columns of all series of a table under a policy: one test."""
    got, equal = answers(policy["name"], table)
    wrong = [] if equal else ["the set path gives other digits than the aggregate"]
    for key, one in series.items():
        now = c.Calibration(one, len(one.ts) - 1, policy, fits).start()
        found = c.differences(got.get(key, {}), now.columns(), tolerance)
        if now.before is not None and (got[key]["model_reason"] is not None) != (now.before > 0):
            found.append(f"model_reason: {got[key]['model_reason']} after {now.before} alternatives without an answer")
        wrong += [f"{key}: {line}" for line in found]
    t.ok(not wrong, name, *wrong[:12])
    return got


# ---- fits of our own ----

class OwnFits:
    """Maximum likelihood by scipy on likelihoods written here; nothing of the extension.

    A likelihood whose best point lies on a bound often has a second maximum, and doc/garch.md promises only the best of
    four starts: such a fit must be a maximum of ours, found from its own place, and where it is inside the best of all starts.
    """

    def __init__(self):
        self.known = {}
        self.at_a_bound = 0

    def garch(self, model, returns):
        key = (model, returns.tobytes())
        if key not in self.known:
            status = session.rows(f"SELECT (garch_fit(v, '{model}' ORDER BY i)).status FROM unnest({c.array(returns)}) "
                                  "WITH ORDINALITY AS u (v, i)")[0][0]
            self.at_a_bound += status == "boundary"
            self.known[key] = own_garch(model, returns, fits.garch(model, returns) if status == "boundary" else None)
        return self.known[key]

    def gpd(self, excesses):
        return own_gpd(excesses)

    def student(self, values):
        return own_student(values)


def minus_log_likelihood(x, r, start, gjr, student):
    """Of mu, omega, alpha, beta, [alpha + gamma], [nu]; analytic, so that complex steps differentiate it."""
    mu, omega, alpha, beta = x[:4]
    fall = x[4] if gjr else alpha
    e = r - mu
    news = omega + np.where(np.real(e) < 0, fall, alpha) * e * e
    first = omega + ((alpha + fall) / 2 + beta) * start
    h = lfilter([1.0], [1.0, -beta], np.concatenate([[first], news[:-1]]))
    q = e * e / h
    if not student:
        return 0.5 * np.sum(np.log(h) + q) + len(r) * 0.5 * math.log(2 * math.pi)
    nu = x[-1]
    return (np.sum(np.log(h) / 2 + (nu + 1) / 2 * np.log(1 + q / (nu - 2)))
            - len(r) * (loggamma((nu + 1) / 2) - loggamma(nu / 2) - np.log(math.pi * (nu - 2)) / 2))


def own_garch(model, returns, near):
    """From three starts, or from close to a given point, by L-BFGS-B, then Newton's method in what no bound holds."""
    scale = float(np.std(returns))
    r = returns / scale
    start = c.backcast(r)
    gjr, student = model.startswith("gjr"), model.endswith("_t")
    bounds = [(-5, 5), (1e-8, 10), (0, 2), (0, 1)] + [(0, 2)] * gjr + [(2.01, 1000)] * student

    def value(x):
        return float(minus_log_likelihood(x, r, start, gjr, student))

    def slope(x):
        out = []
        for i in range(len(x)):
            z = np.array(x, complex)
            z[i] += 1e-30j
            out.append(minus_log_likelihood(z, r, start, gjr, student).imag / 1e-30)
        return np.array(out)

    starts = [[r.mean(), 1.01 - alpha - beta, alpha, beta] + [1.5 * alpha] * gjr + [6.0] * student
              for alpha, beta in ((0.05, 0.9), (0.1, 0.7), (0.02, 0.97))]
    if near:
        mu, omega, alpha, gamma, beta, nu = near
        starts = [[mu / scale + 0.001, 1.02 * omega / scale ** 2, alpha + 0.001, 0.999 * beta] + [alpha + gamma + 0.001] * gjr + [1.02 * nu] * student]
    best = None
    for x in starts:
        run = minimize(value, x, jac=slope, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9})
        if best is None or run.fun < best.fun:
            best = run
    x = np.array(best.x)
    low, high = np.array(bounds).T
    free = np.flatnonzero((x > low + 1e-9) & (x < high - 1e-9))
    for _ in range(4):
        step = 1e-5 * np.maximum(np.abs(x[free]), 1e-3)
        columns = []
        for i, d in zip(free, step):
            up, down = x.copy(), x.copy()
            up[i] += d
            down[i] -= d
            columns.append((slope(up)[free] - slope(down)[free]) / (2 * d))
        x[free] -= np.linalg.solve(np.array(columns).T, slope(x)[free])
    mu, omega, alpha, beta = x[:4]
    return [mu * scale, omega * scale ** 2, alpha, x[4] - alpha if gjr else 0.0, beta, x[-1] if student else math.inf]


def own_gpd(y):
    """Grimshaw's profile likelihood: shape is a function of theta = shape / scale; the best root of its slope on a grid."""
    mean, top = float(np.mean(y)), float(np.max(y))

    def shape(theta):
        return float(np.mean(np.log1p(theta * y)))

    def profile(theta):
        k = shape(theta)
        return -math.log(k / theta) - k - 1

    def slope(theta):
        k, dk = shape(theta), float(np.mean(y / (1 + theta * y)))
        return 1 / theta - dk / k - dk

    if len(y) < 5:
        return None
    grid = np.concatenate([-np.geomspace(1e-3, 1 - 1e-6, 200)[::-1] / top, np.geomspace(1e-4, 1e3, 200) / mean])
    values = [slope(x) for x in grid]
    roots = [brentq(slope, a, b, xtol=1e-15 / mean, rtol=1e-14) for a, b, va, vb in zip(grid, grid[1:], values, values[1:])
             if a * b > 0 and va > 0 >= vb]
    if not roots:
        # the maximum lies between the two smallest thetas: shape near 0
        roots = [brentq(slope, -1e-3 / top, -1e-9 / top)] if slope(-1e-3 / top) > 0 > slope(-1e-9 / top) else \
                [brentq(slope, 1e-9 / mean, 1e-4 / mean)]
    theta = max(roots, key=profile)
    return shape(theta), shape(theta) / theta


def own_student(values):
    """Root of the score in location, log scale and log nu."""
    centre, scale = float(np.median(values)), float(np.std(values))
    x = (values - centre) / scale
    n = len(x)

    def score(p):
        m, s, nu = p[0], math.exp(p[1]), math.exp(p[2])
        z = (x - m) / s
        w = (nu + 1) / (nu + z * z)
        return [float(np.sum(w * z)) / n, float(np.sum(w * z * z)) / n - 1,
                float(digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu - np.mean(np.log1p(z * z / nu)) + np.mean(w * z * z) / nu)]

    def minus(p):
        m, s, nu = p[0], math.exp(p[1]), math.exp(p[2])
        z = (x - m) / s
        return float(-n * (gammaln((nu + 1) / 2) - gammaln(nu / 2) - math.log(nu * math.pi) / 2 - p[1])
                     + (nu + 1) / 2 * np.sum(np.log1p(z * z / nu)))

    near = minimize(minus, [0.0, -0.5, 1.5], method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 2000})
    m, s, nu = root(score, near.x, tol=1e-13).x
    return centre + scale * m, scale * math.exp(s), math.exp(nu)


def check_own_fits(got, policy, series):
    """Measures of every fitted member against fits of our own."""
    own = OwnFits()
    for member, by_series in got.items():
        name, tail, _ = c.alternatives(member)[0][1][0]
        if name not in c.GARCH and tail not in ("evt", "student_t"):
            continue
        wrong = []
        for key, one in series.items():
            part = c.Part(one, len(one.ts) - 1, {**policy, "model": member})
            _, measures, vol, _ = c.answer(part, own, policy["confidence"])
            want = {"vol": vol}
            for side, text in enumerate(("long", "short")):
                want[text + "_value_at_risk"], want[text + "_expected_shortfall"] = measures[side]
            wrong += [f"{key}, {column}: got {by_series[key][column]}, want {x}" for column, x in want.items()
                      if t.error(by_series[key][column], x) > 1e-6]
        t.ok(not wrong, f"{member}: optimisers of our own, {len(series)} series", *wrong[:12])
    t.ok(own.at_a_bound <= len(own.known) / 3, "most GARCH fits lie inside their bounds", f"{own.at_a_bound} of {len(own.known)}")


# ---- the level-1 functions ----

LEVEL_1 = """
CREATE TABLE latest AS
  SELECT series, ts, r FROM (SELECT series, ts, ln(price / lag(price) OVER (PARTITION BY series ORDER BY ts)) AS r,
                                    row_number() OVER (PARTITION BY series ORDER BY ts DESC) AS age FROM bars) x WHERE age <= 500;
CREATE TABLE fitted AS
  SELECT series, f AS filter, garch_fit(r, f ORDER BY ts) AS m, array_agg(r ORDER BY ts) AS r
    FROM latest, unnest('{garch,gjr,garch_t,gjr_t}'::text[]) AS f GROUP BY series, f;
CREATE TABLE scenario AS
  SELECT series, '' AS filter, row_number() OVER (PARTITION BY series ORDER BY ts) AS i, r AS y FROM latest UNION ALL
  SELECT series, filter || '_', i, (m).mu + (x - (m).mu) / v[i] * v[501]
    FROM (SELECT *, garch_filter(r, m) AS v FROM fitted) f, unnest(r) WITH ORDINALITY AS u (x, i)
"""

# model, and what gives VaR and ES of the long and the short side; of the move, or of the loss where the losses are sorted
HISTORICAL = """SELECT series, filter || 'historical', value_at_risk(exp(y) - 1, 0.99), expected_shortfall(exp(y) - 1, 0.99),
  value_at_risk(1 - exp(y), 0.99), expected_shortfall(1 - exp(y), 0.99) FROM scenario GROUP BY series, filter
UNION ALL SELECT series, filter || 'weighted_historical',
  value_at_risk_age_weighted(exp(y) - 1, 0.99, 0.99 ORDER BY i), expected_shortfall_age_weighted(exp(y) - 1, 0.99, 0.99 ORDER BY i),
  value_at_risk_weighted(1 - exp(y), 0.99 ^ (500 - i), 0.99), expected_shortfall_weighted(1 - exp(y), 0.99 ^ (500 - i), 0.99)
  FROM scenario GROUP BY series, filter"""
MOVES = """SELECT series, filter || 'evt', value_at_risk(l, 0.99), expected_shortfall(l, 0.99), value_at_risk(s, 0.99), expected_shortfall(s, 0.99)
  FROM (SELECT series, filter, gpd_fit_tail(y, 0.1) AS l, gpd_fit_tail(-y, 0.1) AS s FROM scenario GROUP BY series, filter) x
UNION ALL SELECT series, filter || 'student_t', (l).value_at_risk, (l).expected_shortfall, (s).value_at_risk, (s).expected_shortfall
  FROM (SELECT series, filter, student_t_tail((f).location, (f).scale, (f).degrees_of_freedom, 0.99) AS l,
               student_t_tail(-(f).location, (f).scale, (f).degrees_of_freedom, 0.99) AS s
          FROM (SELECT series, filter, student_t_fit(y) AS f FROM scenario WHERE filter NOT LIKE '%t\\_' GROUP BY series, filter) a) x
UNION ALL SELECT series, 'normal', (l).value_at_risk, (l).expected_shortfall, (s).value_at_risk, (s).expected_shortfall
  FROM (SELECT series, normal_tail(avg(r), stddev_samp(r), 0.99) AS l, normal_tail(-avg(r), stddev_samp(r), 0.99) AS s
          FROM latest GROUP BY series) x
UNION ALL SELECT series, 'filtered_normal', (l).value_at_risk, (l).expected_shortfall, (l).value_at_risk, (l).expected_shortfall
  FROM (SELECT series, normal_tail(0, (filtered_tail_risk(r, '{0.99}', 'ewma', 0.94 ORDER BY ts)).next_vol, 0.99) AS l
          FROM latest GROUP BY series) x
UNION ALL SELECT series, filter || '_normal', (l).value_at_risk, (l).expected_shortfall, (s).value_at_risk, (s).expected_shortfall
  FROM (SELECT series, filter, normal_tail((m).mu, sqrt((m).next_variance), 0.99) AS l,
               normal_tail(-(m).mu, sqrt((m).next_variance), 0.99) AS s FROM fitted WHERE filter IN ('garch', 'gjr')) x
UNION ALL SELECT series, filter || '_student_t', (l).value_at_risk, (l).expected_shortfall, (s).value_at_risk, (s).expected_shortfall
  FROM (SELECT series, filter, student_t_tail((m).mu, scale, (m).degrees_of_freedom, 0.99) AS l,
               student_t_tail(-(m).mu, scale, (m).degrees_of_freedom, 0.99) AS s
          FROM (SELECT *, sqrt((m).next_variance * ((m).degrees_of_freedom - 2) / (m).degrees_of_freedom) AS scale
                  FROM fitted WHERE filter LIKE '%t') f) x"""
# the value at risk of a move is that of its loss, as a loss grows with the move; the expected shortfall is not
FILTERED = """SELECT series, replace(f, 'ewma', 'filtered') || '_historical', (x.tail).levels[1].value_at_risk
  FROM (SELECT series, f, filtered_tail_risk(r, '{0.99}', f, 0.94 ORDER BY ts) AS tail
          FROM latest, unnest('{ewma,garch,gjr,garch_t,gjr_t}'::text[]) AS f GROUP BY series, f) x"""
COLUMNS = ("long_value_at_risk", "long_expected_shortfall", "short_value_at_risk", "short_expected_shortfall")


def check_level_1(got):
    session.rows(LEVEL_1)
    wanted = {}
    for query, as_loss in ((HISTORICAL, lambda x, side: x), (MOVES, c.loss), (FILTERED, c.loss)):
        for series, member, *numbers in session.rows(query):
            wanted.setdefault((member, query == FILTERED), {})[series] = [float(as_loss(float(x), i // 2)) for i, x in enumerate(numbers)]
    for (member, only_var), rows in sorted(wanted.items()):
        wrong = [f"{series}, {column}: got {got[member][series][column]}, want {x}" for series, numbers in rows.items()
                 for column, x in zip(COLUMNS, numbers) if t.error(got[member][series][column], x) > TIGHT]
        t.ok(not wrong and len(rows) == len(next(iter(got.values()))), f"{member}: the level-1 functions{', filtered_tail_risk' * only_var}", *wrong[:12])
    t.ok({member for member, _ in wanted} == {m for m in got if "(" not in m and m not in
                                             ("filtered_evt", "filtered_student_t", "filtered_weighted_historical")},
         "every model but those without a level-1 scenario is among them", sorted({m for m, _ in wanted} ^ set(got)))


# ---- the whole matrix ----

def matrix(series):
    first = {}
    for label, fields in VARIANTS.items():
        for member in members() + list(AVERAGES):
            policy = c.policy(session, f"{label}: {member}", model=member, **fields)
            got = compare(f"{label}: {member}, {len(series)} series", policy, series)
            if label == "es" and member not in AVERAGES:
                first[member] = got
    check_level_1(first)
    check_own_fits(first, c.policy(session, "own", **VARIANTS["es"]), series)


# ---- answers that are not there ----

def awkward():
    """Series on which one or the other filter or tail has no answer."""
    base = c.simulated(41, 700)
    out = {f"{n} returns": c.Series(base.ts[:n + 1], base.price[:n + 1]) for n in (1, 2, 4, 5, 9, 10, 19, 20, 24, 25, 29, 30, 49, 50, 51, 120)}
    out["one price"] = c.Series(base.ts[:1], base.price[:1])
    out["constant"] = c.Series(base.ts, [100.0] * 700)
    out["half of it still"] = c.Series(base.ts, [base.price[i - i % 2] for i in range(700)])
    out["dead at the end"] = c.Series(base.ts, base.price[:670] + [base.price[669]] * 30)
    out["dead for the lookback"] = c.Series(base.ts, base.price[:150] + [base.price[149]] * 550)
    out["one move"] = c.Series(base.ts, [100.0] * 500 + [101.0] * 200)
    out["six moves"] = c.Series(base.ts, [100.0 + (i // 110) for i in range(700)])
    out["rises only"] = c.Series(base.ts, [100 * 1.001 ** i * (1 + 0.0001 * math.sin(i * i)) for i in range(700)])
    out["explodes"] = c.Series(base.ts[:300], [math.exp(0.01 * math.sin(i * i) if i < 280 else 15 * (i - 280) * (-1) ** i) for i in range(300)])
    return out


CHAINS = ("gjr_t_student_t > filtered_historical > historical", "evt", "garch_evt + historical > filtered_historical",
          "student_t > weighted_historical", "gjr_normal > normal > student_t", "filtered_evt > filtered_student_t > filtered_normal",
          "garch_historical > evt + filtered_evt > historical", "filtered_historical")


def without_answers():
    series = awkward()
    c.load("awkward", series)
    # the tail of at least one scenario asks for 1 / (1 - confidence) returns
    variants = {"one": dict(confidence=0.9, evt_tail=0.15, lookback=200, min_returns=1), "young": dict(confidence=0.9, evt_tail=0.15, lookback=200, min_returns=30, fallback_rate=0.02),
                "dead": dict(confidence=0.9, evt_tail=0.15, lookback=300, min_returns=5, dead_after=30, buffer=0.25, stress_weight=0.25, stress_window=40),
                "alive": dict(confidence=0.9, evt_tail=0.15, lookback=300, min_returns=5, dead_after=31),
                "two": dict(confidence=0.9, evt_tail=0.15, lookback=200, min_returns=2, horizon=2, refit_interval=25, floor_lookback=50)}
    for label, fields in variants.items():
        for chain in CHAINS:
            policy = c.policy(session, f"{label}: {chain}", model=chain, **fields)
            compare(f"{label}: {chain}, {len(series)} awkward series", policy, series, "awkward", LOOSE)
    # evt says nothing below its threshold, and an evt_tail of that size is refused: just beyond it there is an answer
    for tail in (0.11, 0.2):
        policy = c.policy(session, f"threshold {tail}", model="evt > historical", confidence=0.9, lookback=300, evt_tail=tail)
        got = compare(f"evt_tail {tail} at 0.9", policy, {"120 returns": series["120 returns"]}, "awkward")
        t.ok(got["120 returns"]["model"] == "evt", f"evt_tail {tail} at 0.9: evt answers", got["120 returns"]["model"])
    got = compare("the stalest series falls back", c.policy(session, "still", lookback=300), {"constant": series["constant"]}, "awkward")["constant"]
    t.ok(got["fallback"] and got["binding_term"] == "fallback" and got["long_value_at_risk"] is None and got["model"] is None,
         "no moves, no measures", got)


# ---- restarts and lookback_time ----

def listings():
    """Series that stop and start again under the same name."""
    old, new = c.simulated(51, 400, level=20000.0), c.simulated(52, 500, level=0.03)
    day = c.DAY
    out = {"once": c.Series(old.ts + [old.ts[-1] + 31 * day + i * day for i in range(500)], old.price + new.price),
           "at the gap": c.Series(old.ts + [old.ts[-1] + 30 * day + i * day for i in range(500)], old.price + new.price)}
    ts, price = [], []
    for i, (a, p) in enumerate(zip(new.ts, new.price)):
        shift = (40 * (i >= 100) + 33 * (i >= 300) + 29 * (i >= 400)) * day
        ts.append(a + shift)
        price.append(price[-1] if i % 9 == 0 and price else p)
    out["three pauses, two restarts"] = c.Series(ts, price)
    out["restarted just now"] = c.Series(old.ts + [old.ts[-1] + 90 * day], old.price + [1.0])
    out["two bars after a restart"] = c.Series(old.ts + [old.ts[-1] + 90 * day, old.ts[-1] + 91 * day], old.price + [1.0, 1.1])
    return out


def restarts():
    series = listings()
    c.load("listings", series)
    for label, fields in {"30 days": dict(restart_gap=timedelta(days=30)), "never": {},
                          "30 days, floor and stress": dict(restart_gap=timedelta(days=30), floor_lookback=700, stress_weight=0.5, buffer=0.25,
                                                            jump_bound=0.03),
                          "1 day and a second": dict(restart_gap=timedelta(days=1, seconds=1)),
                          "bars of 12 hours": dict(restart_gap=timedelta(days=30), bar_interval=timedelta(hours=12))}.items():
        for model in ("historical", "gjr_historical > filtered_evt > filtered_historical"):
            policy = c.policy(session, f"{label}, {model}", model=model, refit_interval=10, **fields)
            got = compare(f"restart_gap {label}: {model}", policy, series, "listings")
        counts = [got[name]["restarts"] for name in series]
        want = {"30 days": [1, 0, 2, 1, 1], "never": [0] * 5}.get(label)
        t.ok(want is None or counts == want, f"restart_gap {label}: counted by hand", counts)


def bars_by_time(series):
    """A step of days, then hours: the lookback in time is not one in bars."""
    for span in (timedelta(days=7), timedelta(days=90), timedelta(days=400), timedelta(hours=120, seconds=1), timedelta(hours=120)):
        for model, interval in (("historical", 1), ("garch_historical + filtered_historical", 1), ("garch_t_evt > historical", 37)):
            policy = c.policy(session, f"{span}, {model}", model=model, lookback=600, lookback_time=span, min_returns=5, confidence=0.95,
                              refit_interval=interval)
            compare(f"lookback_time {span}: {model}", policy, series)


def shipped(series):
    """The policies that come with the extension, whatever their models are."""
    spans = ("bar_interval", "lookback_time", "restart_gap")
    seconds = ", ".join(f"'{name}', extract(epoch FROM {name})" for name in spans)
    for row in session.rows(f"SELECT to_jsonb(l) || jsonb_build_object({seconds}) FROM policy_list AS l WHERE origin = 'shipped'"):
        policy = json.loads(row[0])
        for name in spans:
            policy[name] = None if policy[name] is None else timedelta(seconds=policy[name])
        compare(f"shipped policy {policy['name']}: {policy['model']}", policy, series)
        compare(f"shipped policy {policy['name']}, awkward series", policy, awkward(), "awkward", LOOSE)


def main():
    series = c.real(BARS)
    series["simulated, days"] = c.simulated(31, BARS)
    series["simulated, hours"] = c.simulated(32, BARS, step=c.DAY // 24, nu=3.5)
    c.load("bars", series)
    matrix(series)
    without_answers()
    restarts()
    bars_by_time(series)
    shipped(series)
    t.done()


main()
