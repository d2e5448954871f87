"""doc/calibration.md in plain Python, for the oracles of the models and of the path of a rate: sections 4 to 8.

Written from the page, not from the C code; calibrate_margin.py holds rows, terms and rounding in 40 digits. _models.py has
sections 1 to 3; the fits that it asks for are those of the level-1 functions here, models.py has some of its own.
"""
import math
import subprocess
import sys
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal

import numpy as np

import _tap as t
# what the oracles ask of this file, and what this file asks itself
from _models import (DAY, GARCH, TAILS, Part, Series, against, alternatives, answer, backcast, historical, loss, microseconds, moves_of,
                     timestamp, whole)

# every field of a policy that the page uses; set_policy below is given all of them
BASE = {"confidence": 0.99, "measure": "expected_shortfall", "model": "historical", "ewma_lambda": 0.94, "horizon": 1,
        "lookback": 500, "min_returns": 100, "stress_weight": 0.0, "stress_window": 250, "buffer": 0.0, "floor_lookback": 0,
        "minimum_rate": 0.0, "maximum_rate": 10.0, "fallback_rate": 0.3, "maintenance_ratio": 0.75, "rounding_step": 0.0001,
        "symmetric_rates": False, "weight_decay": 0.99, "evt_tail": 0.1, "refit_interval": 1, "horizon_method": "overlapping",
        "buffer_recovery": 0}
OPTIONAL = ("bar_interval", "jump_bound", "lookback_time", "rise_per_step", "rise_per_day", "rise_after_breach",
            "fall_per_day", "dead_after", "restart_gap")


# ---- the server ----

class Session:
    """One psql for many statements: rows as lists of text."""

    def __init__(self):
        self.run = subprocess.Popen(["psql", "-qXAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rows("SET search_path = public, margin_calib; SET extra_float_digits = 1; SET timezone = 'UTC'")

    def rows(self, text):
        self.run.stdin.write(text + ";\n\\echo \x1e\n")
        self.run.stdin.flush()
        out = []
        for line in self.run.stdout:
            if line == "\x1e\n":
                return out
            out.append(line.rstrip("\n").split("\x1f"))
        print("Bail out! psql failed")
        sys.exit(2)


def literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f"'{value.total_seconds():.6f} seconds'::interval"
    return "'%s'" % value if isinstance(value, str) else repr(value)


def policy(session, name, **fields):
    """Sets a policy and returns it as the page's formulas see it."""
    unknown = set(fields) - set(BASE) - set(OPTIONAL)
    assert not unknown, unknown
    out = {**dict.fromkeys(OPTIONAL), **BASE, **fields}
    given = ", ".join(f"{k} => {literal(v)}" for k, v in out.items() if v is not None)
    unset = [k for k in OPTIONAL if out[k] is None]
    session.rows(f"SELECT 1 FROM set_policy('{name}', based_on => 'crypto_venue', {given}, unset => '{{{','.join(unset)},stale_after}}')")
    return {**out, "name": name}


def array(values):
    return "'{" + ",".join(repr(float(x)) for x in values) + "}'::float8[]"


class SqlFits:
    """Parameters by the level-1 functions, each fit made once; None when there are none."""

    def __init__(self, session):
        self.session = session
        self.known = {}

    def ask(self, kind, values, call, columns):
        key = (kind, values.tobytes())
        if key not in self.known:
            row = self.session.rows(f"SELECT {columns} FROM (SELECT ({call}).* FROM unnest({array(values)}) "
                                    "WITH ORDINALITY AS u (v, i)) f")[0]
            self.known[key] = None if row[0] == "" else [math.inf if x == "" else float(x) for x in row]
        return self.known[key]

    def garch(self, model, returns):
        """mu, omega, alpha, gamma, beta, nu"""
        return self.ask(model, returns, f"garch_fit(v, '{model}' ORDER BY i)", "mu, omega, alpha, gamma, beta, degrees_of_freedom")

    def gpd(self, excesses):
        """shape, scale"""
        return self.ask("gpd", excesses, "gpd_fit(-v, 0)", "shape, scale")

    def student(self, values):
        """location, scale, nu"""
        return self.ask("student", values, "student_t_fit(v)", "location, scale, degrees_of_freedom")


# ---- terms, fallback, publication (sections 4 to 7) ----

def stress_start(returns, width):
    sums = np.concatenate([[0.0], np.cumsum(returns * returns)])
    totals = sums[width:] - sums[:-width]
    return int(np.flatnonzero(totals >= totals.max() * (1 - 1e-12))[-1])


def plain_measures(returns, policy):
    moves = moves_of(returns, policy)
    if not len(moves):
        return None
    return [historical(loss(against(moves, side), side), policy["confidence"]) for side in (0, 1)]


def publish(rate, policy):
    step = Decimal(repr(policy["rounding_step"]))
    number = Context(prec=12, rounding=ROUND_HALF_EVEN).create_decimal(Decimal(rate) / step)
    return min(number.to_integral_value(rounding=ROUND_CEILING) * step, Decimal(repr(policy["maximum_rate"])))


def bound(rate, policy):
    return min(max(rate, policy["minimum_rate"]), policy["maximum_rate"])


class Side:
    """Terms of one side; rate, term and buffer_used are filled in by start() or by a step of the path."""

    def __init__(self, side, measures, stress, floor, plain, policy):
        pick = 0 if policy["measure"] == "value_at_risk" else 1
        self.policy = policy
        self.var = self.es = self.stressed_es = self.floor = self.buffer_used = None
        self.core = self.buffered = self.tail = self.blend = None
        if measures is None:
            return
        self.var, self.es = measures[side]
        self.tail = self.core = measures[side][pick]
        if stress:
            w = policy["stress_weight"]
            self.blend = (1 - w) * self.tail + w * stress[side][pick]
            self.core = max(self.core, self.blend)
            self.stressed_es = stress[side][1]
        if floor:
            self.floor = floor[side][pick]
            self.core = max(self.core, self.floor)
        self.long_run = self.floor if floor else plain[side][pick]

    def start(self, fallback):
        b = self.policy["buffer"]
        self.buffered = self.core
        if b > 0 and self.core is not None:
            self.buffered = max(self.core, (1 + b) * min(self.core, self.long_run))
            if self.core > 0:
                self.buffer_used = 1 - (self.buffered / self.core - 1) / b
        candidates = [self.buffered] if self.buffered is not None else []
        if fallback:
            candidates.append(self.policy["fallback_rate"])
        self.rate = bound(max(candidates), self.policy)
        if fallback and (self.buffered is None or self.policy["fallback_rate"] >= self.buffered):
            self.term = "fallback"
        else:
            self.term = self.unlimited_term()

    def unlimited_term(self):
        if self.buffered > self.policy["maximum_rate"]:
            return "maximum"
        if self.buffered < self.policy["minimum_rate"]:
            return "minimum"
        if self.buffered > self.core:
            return "buffer"
        return "tail" if self.tail == self.core else "stress" if self.blend == self.core else "floor"

    def step(self, prev, day, bar_loss):
        p, b = self.policy, self.policy["buffer"]
        target = self.core
        if b > 0:
            recovery = b * self.core / p["buffer_recovery"] if p["buffer_recovery"] else 0.0
            target = min(max(prev + recovery, self.core), (1 + b) * self.core)
        ceiling = math.inf
        if p["rise_per_step"] is not None:
            ceiling = prev * (1 + p["rise_per_step"])
        if p["rise_per_day"] is not None:
            ceiling = min(ceiling, day * (1 + p["rise_per_day"]))
        if bar_loss > prev and p["rise_after_breach"] is not None:
            ceiling = max(ceiling, prev * (1 + p["rise_after_breach"]))
        ceiling = max(ceiling, prev)
        bottom = 0.0 if p["fall_per_day"] is None else day * (1 - p["fall_per_day"])
        self.rate = bound(max(min(target, ceiling), bottom), p)
        self.buffered = target
        self.term = "speed_limit" if self.rate != bound(target, p) else self.unlimited_term()
        if b > 0 and self.core > 0:
            self.buffer_used = min(max(1 - (self.rate / self.core - 1) / b, 0.0), 1.0)


class Calibration:
    """Of the bars of a series up to `last`, before a rate is made of it."""

    def __init__(self, series, last, policy, fits):
        part = self.part = Part(series, last, policy)
        self.policy = policy
        u = part.window(part.n)
        self.m = len(u)
        found = answer(part, fits, policy["confidence"])
        self.model, measures, self.vol, self.before = found or (None, None, None, None)
        moving = np.flatnonzero(part.returns)
        self.idle = part.n - (int(moving[-1]) + 1 if len(moving) else 0)
        self.dead = policy["dead_after"] is not None and self.idle >= policy["dead_after"]
        self.fallback = self.m < policy["min_returns"] or self.m < policy["horizon"] or self.dead or found is None
        stress = floor = plain = self.stress = None
        if found and policy["stress_weight"] > 0:
            width = min(part.n, policy["stress_window"])
            at = stress_start(part.returns, width)
            stress = plain_measures(part.returns[at:at + width], policy)
            self.stress = (part.ts[at + 1], part.ts[at + width])
        if found and policy["floor_lookback"] > 0:
            floor = plain_measures(part.returns[part.n - min(part.n, policy["floor_lookback"]):], policy)
        if found and policy["buffer"] > 0 and not floor:
            plain = plain_measures(u, policy)
        if found and not floor and not plain:
            plain = measures
        self.sides = [Side(i, measures, stress, floor, plain, policy) for i in (0, 1)]

    def start(self):
        for side in self.sides:
            side.start(self.fallback)
        return self

    def columns(self):
        """What calibrate_margin returns, by column."""
        p, part = self.policy, self.part
        larger = self.sides[1] if self.sides[1].rate > self.sides[0].rate else self.sides[0]
        steps = [b - a for a, b in zip(part.ts, part.ts[1:])]
        interval = whole(p["bar_interval"]) or (sorted(steps)[(len(steps) - 1) // 2] if steps else None)
        jumps = [i for i, r in enumerate(part.returns) if p["jump_bound"] is not None and abs(r) > p["jump_bound"]]
        out = {"initial_rate": publish(larger.rate, p), "maintenance_rate": publish(p["maintenance_ratio"] * larger.rate, p),
               "binding_term": larger.term, "vol": self.vol, "returns": part.n, "returns_used": self.m,
               "first_ts": timestamp(part.ts[0]), "last_ts": timestamp(part.ts[-1]), "last_price": part.price[-1],
               "gaps": sum(2 * step > 3 * interval for step in steps), "rejected": 0, "duplicates": 0,
               "stale": sum(a == b for a, b in zip(part.price, part.price[1:])), "jumps": len(jumps),
               "last_jump_ts": timestamp(part.ts[jumps[-1] + 1]) if jumps else None,
               "stress_from": self.stress and timestamp(self.stress[0]), "stress_to": self.stress and timestamp(self.stress[1]),
               "fallback": self.fallback, "model": self.model, "idle": self.idle, "restarts": part.restarts, "policy": p["name"]}
        for name, side in zip(("long", "short"), self.sides):
            source = larger.rate if p["symmetric_rates"] else side.rate
            out.update({name + "_initial_rate": publish(source, p),
                        name + "_maintenance_rate": publish(p["maintenance_ratio"] * source, p),
                        name + "_binding_term": side.term, name + "_unrounded": side.rate, name + "_value_at_risk": side.var,
                        name + "_expected_shortfall": side.es, name + "_stressed_es": side.stressed_es, name + "_floor": side.floor,
                        name + "_buffer_used": side.buffer_used, name + "_core": side.core})
        return out


# ---- the path (section 8) ----

class Path:
    """The rate in force after bar `last`."""

    def __init__(self, last, rates, day, started):
        self.last, self.rates, self.day, self.started = last, rates, day, started


def walk(series, policy, fits, first, last, path=None):
    """Calibrations of the bars first to last; path is that of bar first - 1, None to start one. Returns them and the path."""
    out = []
    for i in range(first, last + 1):
        now = Calibration(series, i, policy, fits)
        if path is None or not path.started or now.fallback:
            now.start()
            day = [side.rate for side in now.sides]
        else:
            day = path.day if series.ts[i] // DAY == series.ts[path.last] // DAY else path.rates
            for side in (0, 1):
                now.sides[side].step(path.rates[side], day[side], float(loss(against(series.move[i], side), side)))
        path = now.path = Path(i, [side.rate for side in now.sides], day, not now.fallback)
        out.append(now)
    return out, path


# ---- comparison ----

PUBLISHED = tuple(a + b + "_rate" for a in ("", "long_", "short_") for b in ("initial", "maintenance"))


def differences(got, want, tolerance):
    """Columns of a calibration that are not as computed; got is its jsonb, with numbers as Decimal."""
    return [f"{key}: got {got.get(key)}, want {want[key]}" for key in want if not same(key, got.get(key), want[key], tolerance)] + reasons(got)


def same(key, got, want, tolerance):
    if got is None or want is None:
        return got is None and want is None
    if key.endswith(("_ts", "stress_from", "stress_to")) or key == "ts":
        return microseconds(got) == microseconds(want)
    if key in PUBLISHED or key == "published_margin":
        return Decimal(got) == want
    if isinstance(want, float):
        # rates of zero and shares of the buffer have no relative size
        if abs(float(got) - want) <= tolerance * (10.0 if key.endswith("buffer_used") else 1e-4):
            return True
        # the loss of a short position is exponential in the move: beyond 1000 it is the move that is compared
        return t.error(*(math.log(x) if want > 1000 and float(got) > 0 else x for x in (float(got), want))) <= tolerance
    return got == want


def reasons(got):
    """Texts that must be there exactly when there is something to say."""
    wrong = []
    if (got.get("fallback_reason") is not None) != bool(got.get("fallback")):
        wrong.append(f"fallback_reason: {got.get('fallback_reason')} with fallback {got.get('fallback')}")
    return wrong


# ---- series ----

SETS = (("crypto_daily_yahoo_2014_2022", ("BTC-USD", "ETH-USD")), ("sp500_daily_1999_2018", ("SPX",)), ("fx_daily", ("EURUSD",)),
        ("equity_daily_raw", ("SPY",)), ("crypto_hourly_binance_2021_2022", None))


def real(bars, sets=SETS):
    """The last bars of series of ../shared/data, by name; a file that is not there is a skipped test."""
    out = {}
    for file, wanted in sets:
        path = t.shared(f"data/{file}.csv.gz")
        if path is None:
            t.skip(f"series of {file}", "no ../shared")
            continue
        found = {}
        for row in t.read_csv(path):
            if row["close"] and float(row["close"]) > 0 and (wanted is None or row["instrument"] in wanted):
                found.setdefault(row["instrument"], {})[microseconds(row["ts"])] = float(row["close"])
        for name in sorted(found)[:2]:
            rows = sorted(found[name].items())[-bars:]
            out[f"{file.split('_')[1]} {name}"] = Series([a for a, _ in rows], [p for _, p in rows])
    return out


def simulated(seed, bars, step=DAY, level=100.0, nu=5.0, start=7300 * DAY):
    """A GJR model with Student innovations."""
    dice = np.random.default_rng(seed)
    h, price = 2e-4, [level]
    for z in dice.standard_t(nu, bars - 1) * math.sqrt((nu - 2) / nu):
        e = math.sqrt(h) * z
        price.append(price[-1] * math.exp(0.0003 + e))
        h = 6e-6 + (0.04 + 0.08 * (e < 0)) * e * e + 0.88 * h
    return Series([start + i * step for i in range(bars)], price)


def load(table, series):
    t.sql(f"CREATE TABLE {table} (series text, ts timestamptz, price float8);\nCOPY {table} FROM STDIN;\n",
          "".join(one.copy_rows(name) for name, one in series.items()) + "\\.\n")
