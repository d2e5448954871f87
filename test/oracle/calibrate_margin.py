"""Recompute calibrate_margin from doc/calibration.md in 40-digit decimal arithmetic; prints TAP.

Written from the page, not from the C code, for the models historical and filtered_historical and chains of the two; models.py has
the others, restarts and lookbacks in time. Every instrument of the price files in ../shared/data
(skipped when they are not there) and synthetic series with every defect, under every policy below.
Numbers agree to 1e-12, published rates to the last digit.
"""
import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal, getcontext

getcontext().prec = 40
TOLERANCE = Decimal("1e-12")
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.normpath(os.path.join(HERE, "..", "..", "..", "shared", "data"))
FILES = ["crypto_daily_yahoo_2014_2022.csv.gz", "crypto_hourly_binance_2021_2022.csv.gz"]

MORE_POLICIES = """
SELECT margin_calib.set_policy('clearing', based_on => 'futures_clearing', unset => '{restart_gap}');
SELECT margin_calib.set_policy('listing', based_on => 'new_product', unset => '{restart_gap}');
SELECT margin_calib.set_policy('three_bars', based_on => 'clearing', horizon => 3,
                               jump_bound => 0.05);
SELECT margin_calib.set_policy('plain_var', based_on => 'prop_desk', measure => 'value_at_risk',
                               model => 'historical', lookback => 750, unset => '{restart_gap}');
SELECT margin_calib.set_policy('calm_buffer', based_on => 'plain_var', buffer => 0.3,
                               stress_weight => 0.4, stress_window => 30, rounding_step => 0.01,
                               bar_interval => '1 day', unset => '{jump_bound}');
SELECT margin_calib.set_policy('filtered_buffer', based_on => 'plain_var', buffer => 0.25,
                               model => 'filtered_historical', confidence => 0.975, lookback => 300);
SELECT margin_calib.set_policy('chain', based_on => 'plain_var', horizon => 2, min_returns => 1, dead_after => 20,
                               model => 'filtered_historical > historical');
SELECT margin_calib.set_policy('low_cap', based_on => 'three_bars', maximum_rate => 0.12,
                               fallback_rate => 0.1, minimum_rate => 0.06, horizon => 5,
                               symmetric_rates => true, floor_lookback => 500);
"""

tests = 0
failures = 0


def report(ok, name, details=()):
    global tests, failures
    tests += 1
    failures += not ok
    print(("ok" if ok else "not ok"), tests, "-", name)
    for line in details:
        print("#   " + line)


def skip(name, reason):
    global tests
    tests += 1
    print("ok", tests, "-", name, "# SKIP", reason)


def psql(sql, stdin=None):
    run = subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-c", sql], text=True,
                         input=stdin, stdout=subprocess.PIPE)
    if run.returncode != 0:
        print("Bail out! psql failed")
        sys.exit(2)
    return run.stdout


# ---- section 1: rows ----

def microseconds(text):
    if text in ("", "infinity", "-infinity"):
        return None
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return (when - EPOCH) // timedelta(microseconds=1)


def usable(ts, price):
    if microseconds(ts) is None or price in ("", "NaN", "Infinity", "-Infinity"):
        return False
    return float(price) > 0


def clean(rows):
    """kept (ts, price) bars, how many were rejected and how many were duplicates"""
    good = sorted((microseconds(t), Decimal(float(p))) for t, p in rows if usable(t, p))
    bars = []
    i = 0
    while i < len(good):
        group = []
        j = i
        while j < len(good) and good[j][0] == good[i][0]:
            group.append(good[j][1])
            j += 1
        kept = min(group)
        if bars and len(set(group)) > 1:
            previous = bars[-1][1]
            # |ln(p / previous)| grows with max(p / previous, previous / p)
            kept = max(sorted(group), key=lambda p: max(p / previous, previous / p))
        bars.append((good[i][0], kept))
        i = j
    return bars, len(rows) - len(good), len(good) - len(bars)


class Series:
    def __init__(self, rows):
        self.bars, self.rejected, self.duplicates = clean(rows)
        times = [t for t, _ in self.bars]
        prices = [p for _, p in self.bars]
        self.returns = [(b / a).ln() if a != b else Decimal(0) for a, b in zip(prices, prices[1:])]
        self.steps = [b - a for a, b in zip(times, times[1:])]
        self.stale = sum(a == b for a, b in zip(prices, prices[1:]))
        self.idle = next((i for i, r in enumerate(reversed(self.returns)) if r != 0), len(self.returns))
        self.squares = [Decimal(0)]
        for r in self.returns:
            self.squares.append(self.squares[-1] + r * r)


# ---- sections 2 and 3: scenarios and measures ----

def filtered(u, decay):
    decay = Decimal(decay)
    q = sum(x * x for x in u) / len(u)
    if q == 0:
        return None
    first = u[:50]
    s = sum(x * x for x in first) / len(first)
    v = []
    for x in u:
        v.append(max(s, q / 100))
        s = decay * s + (1 - decay) * x * x
    last = max(s, q / 100)
    return [x * (last / w).sqrt() for x, w in zip(u, v)], last.sqrt()


def deviation(u):
    if len(u) < 2:
        return None
    mean = sum(u) / len(u)
    return (sum((x - mean) ** 2 for x in u) / (len(u) - 1)).sqrt()


def windows(y, h):
    total = sum(y[:h])
    out = [total]
    for old, new in zip(y, y[h:]):
        total += new - old
        out.append(total)
    return out


def losses(moves, sign):
    """of the moves with the largest losses first; a loss is made only where it is asked for"""
    ordered = sorted(moves) if sign < 0 else sorted(moves, reverse=True)
    return lambda rank: (1 - ordered[rank - 1].exp()) if sign < 0 else ordered[rank - 1].exp() - 1


def measures(y, policy, require=False):
    """[(VaR, ES) long, (VaR, ES) short], or None without a move"""
    h = policy["horizon"]
    n = len(y) - h + 1
    if n < 1:
        return None
    moves = windows(y, h)
    if require and not any(moves):
        return None
    # the confidence as it is written, so that N c is exact
    c = Decimal(repr(policy["confidence"]))
    at_or_below = int((n * c).to_integral_value(rounding=ROUND_CEILING))
    t = n * (1 - c)
    k = int(t)
    out = []
    for sign in (-1, 1):
        loss = losses(moves, sign)
        var = loss(n - at_or_below + 1)
        total = sum(loss(i) for i in range(1, k + 1))
        if t > k:
            total += (t - k) * loss(k + 1)
        out.append((var, total / t))
    return out


# ---- sections 4 to 7: terms and publication ----

def stress_start(series, width):
    sums = series.squares
    totals = [sums[i + width] - sums[i] for i in range(len(sums) - width)]
    bound = max(totals) * (1 - TOLERANCE)
    return max(i for i, total in enumerate(totals) if total >= bound)


def publish(rate, policy):
    step = Decimal(repr(policy["rounding_step"]))
    q = Context(prec=12, rounding=ROUND_HALF_EVEN).create_decimal(rate / step)
    k = q.to_integral_value(rounding=ROUND_CEILING)
    return min(k * step, Decimal(repr(policy["maximum_rate"])))


def field(policy, name):
    return Decimal(policy[name])


def side_terms(side, tail, stress, floor, plain, policy, fallback):
    pick = 0 if policy["measure"] == "value_at_risk" else 1
    w, b = field(policy, "stress_weight"), field(policy, "buffer")
    out = {"value_at_risk": None, "expected_shortfall": None, "stressed_es": None, "floor": None,
           "buffer_used": None, "core": None}
    core = buffered = blend = t = None
    if tail:
        t = tail[side][pick]
        out["value_at_risk"], out["expected_shortfall"] = tail[side]
        core = t
        if stress:
            blend = (1 - w) * t + w * stress[side][pick]
            core = max(core, blend)
            out["stressed_es"] = stress[side][1]
        if floor:
            out["floor"] = floor[side][pick]
            core = max(core, out["floor"])
        buffered = core
        if b > 0:
            reference = out["floor"] if floor else plain[side][pick]
            buffered = max(core, (1 + b) * min(core, reference))
            if core > 0:
                out["buffer_used"] = 1 - (buffered / core - 1) / b
    out["core"] = core
    low, high = field(policy, "minimum_rate"), field(policy, "maximum_rate")
    candidates = [low]
    if fallback:
        candidates.append(field(policy, "fallback_rate"))
    if buffered is not None:
        candidates.append(buffered)
    out["unrounded"] = min(max(candidates), high)
    if fallback and (buffered is None or field(policy, "fallback_rate") >= buffered):
        out["binding_term"] = "fallback"
    elif buffered > high:
        out["binding_term"] = "maximum"
    elif buffered < low:
        out["binding_term"] = "minimum"
    elif buffered > core:
        out["binding_term"] = "buffer"
    elif t == core:
        out["binding_term"] = "tail"
    else:
        out["binding_term"] = "stress" if blend == core else "floor"
    return out


def interval_microseconds(seconds):
    return None if seconds is None else int(Decimal(str(seconds)) * 1000000)


def answer(u, policy):
    """model, its measures and its vol: the first alternative of the chain that has an answer"""
    for model in policy["model"].split(" > "):
        if model == "historical":
            scenarios = u, deviation(u)
        else:
            scenarios = filtered(u, policy["ewma_lambda"]) if u else None
        tail = measures(scenarios[0], policy, True) if scenarios else None
        if tail:
            return model, tail, scenarios[1]
    return None, None, None


def calibrate(series, policy):
    n = len(series.returns)
    m = min(n, policy["lookback"])
    u = series.returns[n - m:]
    model, tail, vol = answer(u, policy)
    dead = policy["dead_after"] is not None and series.idle >= policy["dead_after"]
    fallback = m < policy["min_returns"] or tail is None or dead
    stress = floor = None
    out = {"vol": vol, "returns": n, "returns_used": m, "fallback": fallback,
           "model": model, "idle": series.idle, "restarts": 0,
           "rejected": series.rejected, "duplicates": series.duplicates, "stale": series.stale,
           "stress_from": None, "stress_to": None, "policy": policy["name"],
           "policy_version": policy["version"]}
    if tail and policy["stress_weight"] > 0:
        width = min(n, policy["stress_window"])
        start = stress_start(series, width)
        stress = measures(series.returns[start:start + width], policy)
        out["stress_from"] = series.bars[start + 1][0]
        out["stress_to"] = series.bars[start + width][0]
    if tail and policy["floor_lookback"] > 0:
        floor = measures(series.returns[n - min(n, policy["floor_lookback"]):], policy)
    plain = measures(u, policy)
    sides = [side_terms(i, tail, stress, floor, plain, policy, fallback) for i in (0, 1)]
    larger = 1 if sides[1]["unrounded"] > sides[0]["unrounded"] else 0
    ratio = field(policy, "maintenance_ratio")
    for i, name in enumerate(("long", "short")):
        for key, value in sides[i].items():
            out[name + "_" + key] = value
        source = sides[larger if policy["symmetric_rates"] else i]["unrounded"]
        out[name + "_initial_rate"] = publish(source, policy)
        out[name + "_maintenance_rate"] = publish(ratio * source, policy)
    out["initial_rate"] = publish(sides[larger]["unrounded"], policy)
    out["maintenance_rate"] = publish(ratio * sides[larger]["unrounded"], policy)
    out["binding_term"] = sides[larger]["binding_term"]
    defects(series, policy, out)
    return out


def defects(series, policy, out):
    bars = series.bars
    out["first_ts"] = bars[0][0] if bars else None
    out["last_ts"] = bars[-1][0] if bars else None
    out["last_price"] = bars[-1][1] if bars else None
    interval = interval_microseconds(policy["bar_seconds"])
    if interval is None and series.steps:
        interval = sorted(series.steps)[(len(series.steps) - 1) // 2]
    if not series.steps and policy["bar_seconds"] is None:
        interval = None
    out["bar_microseconds"] = interval
    out["gaps"] = sum(2 * step > 3 * interval for step in series.steps)
    bound = policy["jump_bound"]
    jumps = [] if bound is None else [i for i, r in enumerate(series.returns)
                                      if abs(r) > Decimal(bound)]
    out["jumps"] = len(jumps)
    out["last_jump_ts"] = bars[jumps[-1] + 1][0] if jumps else None


# ---- comparison ----

EXACT = ["initial_rate", "maintenance_rate", "long_initial_rate", "long_maintenance_rate",
         "short_initial_rate", "short_maintenance_rate"]


def same(key, got, want):
    if got is None or want is None:
        return got is None and want is None
    if key.endswith("_ts") or key.startswith("stress_"):
        return microseconds(got) == want
    if isinstance(want, (bool, str)) or isinstance(got, bool):
        return got == want
    got = Decimal(got)
    if key in EXACT or isinstance(want, int):
        return got == want
    if key.endswith("buffer_used"):
        return abs(got - want) <= TOLERANCE
    return abs(got - want) <= TOLERANCE * abs(want)


def compare(name, got, want):
    wrong = ["%s: got %s, want %s" % (key, got.get(key), want[key])
             for key in want if not same(key, got.get(key), want[key])]
    report(not wrong and got is not None, name, wrong)


# ---- the series ----

def synthetic():
    """deterministic series with every defect, by name: rows of (ts, price) as text"""
    dice = random.Random(20220513)
    start = datetime(2020, 2, 28, tzinfo=timezone.utc)

    def text(i):
        return (start + timedelta(hours=i)).isoformat()

    out = {"no usable price": [("", "1"), (text(1), ""), (text(2), "NaN"), (text(3), "-1"),
                               ("infinity", "5"), ("-infinity", "5"), (text(4), "0"),
                               (text(5), "Infinity"), (text(6), "-Infinity")],
           "one price": [(text(0), "100")],
           "two prices": [(text(0), "100"), (text(1), "101.5")],
           "three prices, two at once": [(text(0), "100"), (text(1), "99"), (text(1), "103")],
           "constant": [(text(i), "1") for i in range(800)]}
    walk, level, vol = [], 100.0, 0.01
    for i in range(3000):
        vol = max(0.002, min(0.1, vol * (1 + 0.1 * dice.gauss(0, 1))))
        level *= pow(2.718281828459045, dice.gauss(0, vol))
        walk.append((text(i), repr(level)))
    out["random walk"] = walk
    out["half a year"] = walk[:180]
    out["forty bars"] = walk[:40]
    spoiled = []
    for i, (t, p) in enumerate(walk):
        if i % 97 == 5:
            continue
        spoiled.append((t, p if i % 31 else walk[i - 1][1]))
        if i % 41 == 0:
            spoiled.append((t, repr(float(p) * dice.choice([0.8, 1, 1.25]))))
        if i % 83 == 0:
            spoiled.append((t, dice.choice(["NaN", "", "0", "-3", "Infinity"])))
    dice.shuffle(spoiled)
    out["spoiled and shuffled"] = spoiled
    out["crash"] = walk[:1500] + [(text(1500 + i), repr(0.5 ** i)) for i in range(40)]
    out["peg"] = [(text(i), repr(round(1 + 0.0003 * dice.gauss(0, 1), 6))) for i in range(2000)]
    out["periodic"] = [(text(i), repr([100, 101, 99, 100, 104, 100][i % 6])) for i in range(1200)]
    return out


def real():
    for name in FILES:
        path = os.path.join(DATA, name)
        if not os.path.exists(path):
            skip(name, "the file is not there")
            continue
        series = {}
        with gzip.open(path, "rt") as stream:
            for row in csv.DictReader(stream):
                key = name.split("_")[1] + " " + row["instrument"]
                series.setdefault(key, []).append((row["ts"], row["close"]))
        yield from series.items()


def load(series):
    psql("CREATE TABLE prices (series text, ts timestamptz, price float8)")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for name, rows in series.items():
        for ts, price in rows:
            writer.writerow([name, ts, price])
    psql("COPY prices FROM STDIN (FORMAT csv)", buffer.getvalue())


def policies():
    rows = psql("SELECT pg_catalog.to_jsonb(l) || pg_catalog.jsonb_build_object('bar_seconds',"
                " extract(epoch FROM bar_interval)) FROM margin_calib.policy_list AS l"
                " ORDER BY name")
    found = [json.loads(line) for line in rows.splitlines()]
    plain = {"historical", "filtered_historical"}
    return [p for p in found if set(p["model"].split(" > ")) <= plain and p["horizon_method"] == "overlapping"
            and p["restart_gap"] is None and p["lookback_time"] is None]


def answers(policy, source):
    query = {"aggregate": "SELECT series, margin_calib.calibrate_margin(ts, price,"
                          " margin_calib.policy('%s')) FROM prices GROUP BY series",
             "set path": "SELECT * FROM margin_calib.calibrate_all('prices',"
                         " margin_calib.policy('%s'), 'series', 'ts', 'price')"}[source]
    rows = psql("SELECT pg_catalog.to_jsonb(c) || pg_catalog.jsonb_build_object('series', series,"
                " 'bar_microseconds', (extract(epoch FROM (c).bar_interval) * 1000000)::int8)"
                " FROM (" + query % policy + ") AS x (series, c)")
    parsed = [json.loads(line, parse_float=Decimal) for line in rows.splitlines()]
    return {row["series"]: row for row in parsed}


def main():
    series = synthetic()
    series.update(real())
    load(series)
    psql(MORE_POLICIES)
    cleaned = {name: Series(rows) for name, rows in series.items()}
    for policy in policies():
        got = answers(policy["name"], "aggregate")
        again = answers(policy["name"], "set path")
        report(got == again, policy["name"] + ": the set path gives the digits of the aggregate")
        for name, one in cleaned.items():
            compare(policy["name"] + ": " + name, got.get(name, {}), calibrate(one, policy))
    report(tests > 100, "there were policies and series to compare")
    print("1..%d" % tests)
    sys.exit(1 if failures else 0)


main()
