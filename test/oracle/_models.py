"""Sections 1 to 3 of doc/calibration.md in plain Python: rows, models, measures. _calibration.py goes on from there.

Fits come from an object with garch, gpd and student, which give None where there is no fit.
"""
import math
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.signal import lfilter
from scipy.special import betainc, gammaln, ndtri

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
DAY = 86400 * 10 ** 6
GARCH = ("garch", "gjr", "garch_t", "gjr_t")
TAILS = ("historical", "weighted_historical", "evt", "normal", "student_t")


# ---- rows (section 1), of series without rejected rows and duplicates ----

def microseconds(text):
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return (when - EPOCH) // timedelta(microseconds=1)


def timestamp(ts):
    return (EPOCH + timedelta(microseconds=int(ts))).isoformat()


class Series:
    """Bars in order of time; ts in microseconds since 2000."""

    def __init__(self, ts, price):
        self.ts = [int(x) for x in ts]
        self.price = [float(x) for x in price]
        # the logarithm of the C library, so that fits see the returns to the last bit
        moves = [math.log(b / a) for a, b in zip(self.price, self.price[1:])]
        self.move = np.array([0.0] + moves)

    def changed(self, index, price):
        return Series(self.ts, self.price[:index] + [price] + self.price[index + 1:])

    def copy_rows(self, name):
        return "".join(f"{name}\t{timestamp(a)}\t{p!r}\n" for a, p in zip(self.ts, self.price))


def whole(value):
    return None if value is None else value // timedelta(microseconds=1)


class Part:
    """The rows of a series up to bar `last`, from their last restart on."""

    def __init__(self, series, last, policy):
        gap = whole(policy["restart_gap"])
        starts = [] if gap is None else [i for i in range(1, last + 1) if series.ts[i] - series.ts[i - 1] > gap]
        first = starts[-1] if starts else 0
        self.restarts = len(starts)
        self.ts = series.ts[first:last + 1]
        self.price = series.price[first:last + 1]
        self.returns = series.move[first + 1:last + 1]
        self.n = last - first
        self.policy = policy
        self.filters = {}

    def window(self, n):
        """The lookback if the series ended with return n."""
        length = min(n, self.policy["lookback"])
        span = whole(self.policy["lookback_time"])
        if span is not None:
            # return i belongs to bar i
            while length and self.ts[n - length + 1] <= self.ts[n] - span:
                length -= 1
        return self.returns[n - length:n]


# ---- measures (section 3) ----

def against(moves, side):
    return np.minimum(np.maximum(-moves if side == 0 else moves, -700.0), 700.0)


def loss(a, side):
    """Of moves against the side, which against() has bounded."""
    return -np.expm1(-a) if side == 0 else np.expm1(a)


def law_loss(a, side):
    return float(loss(min(max(a, -700.0), 700.0), side))


@lru_cache(maxsize=None)
def exact(number):
    """A setting as it is written, so that N c is exact."""
    return Fraction(Decimal(repr(number)))


def historical(losses, confidence):
    x = np.sort(losses)[::-1]
    n, c = len(x), exact(confidence)
    mass = n * (1 - c)
    k = math.floor(mass)
    total = float(np.sum(x[:k]))
    if mass > k:
        total += float(mass - k) * x[k]
    return float(x[n - math.ceil(n * c)]), total / float(mass)


def weighted(losses, confidence, decay):
    if decay == 1:
        return historical(losses, confidence)
    n = len(losses)
    weights = decay ** np.arange(n - 1, -1, -1.0)
    order = np.argsort(-losses, kind="stable")
    mass = float(np.sum(weights)) * float(1 - exact(confidence))
    left, shortfall = mass, 0.0
    for i in order:
        if weights[i] > left:
            break
        left -= weights[i]
        shortfall += weights[i] * losses[i]
    return float(losses[i]), float((shortfall + left * losses[i]) / mass)


def pareto(a, confidence, fraction, fits):
    n = len(a)
    k = math.floor(n * exact(fraction))
    threshold = np.sort(a)[::-1][k]
    excesses = a[a > threshold] - threshold
    if n * (1 - exact(confidence)) > len(excesses):
        return None
    fit = fits.gpd(excesses)
    if fit is None:
        return None
    shape, scale = fit
    ratio = math.log(len(excesses) / n / float(1 - exact(confidence)))
    var = threshold + (scale * ratio if shape == 0 else scale / shape * math.expm1(shape * ratio))
    if shape >= 1:
        return None
    return var, (var + scale - shape * threshold) / (1 - shape)


@lru_cache(maxsize=None)
def normal_measures(confidence):
    q = float(ndtri(confidence))
    return q, math.exp(-q * q / 2) / math.sqrt(2 * math.pi) / float(1 - exact(confidence))


@lru_cache(maxsize=4096)
def student_measures(nu, confidence):
    """Of T, the quantile polished by Newton's method on the incomplete beta function."""
    if math.isinf(nu):
        return normal_measures(confidence)
    if nu <= 1:
        return None
    upper = float(1 - exact(confidence))

    def density(x):
        return math.exp(gammaln((nu + 1) / 2) - gammaln(nu / 2) - math.log(nu * math.pi) / 2 - (nu + 1) / 2 * math.log1p(x * x / nu))

    q = float(ndtri(confidence))
    for _ in range(60):
        step = (betainc(nu / 2, 0.5, nu / (nu + q * q)) / 2 - upper) / density(q)
        q += step
        if abs(step) < 1e-15 * q:
            break
    return q, density(q) * (nu + q * q) / (nu - 1) / upper


# ---- models (section 2) ----

MEMBER = re.compile(r"^(?:(filtered|garch_t|gjr_t|garch|gjr)_)?(historical|weighted_historical|evt|normal|student_t)(?:\(([0-9.]+)\))?$")


@lru_cache(maxsize=None)
def alternatives(model):
    """[(text, [(filter, tail, lambda)])]"""
    out = []
    for text in model.split(">"):
        names = [name.strip() for name in text.split("+")]
        members = [MEMBER.match(name).groups() for name in names]
        out.append((text.strip(), [(f, tail, float(number) if number else None) for f, tail, number in members]))
    return out


class Filtered:
    """Scenarios, volatility, and the laws that the filter itself gives: (mean, deviation), (location, scale, nu)."""

    def __init__(self, y, vol, normal=None, student=None):
        self.y, self.vol, self.normal, self.student = y, vol, normal, student


def unfiltered(u):
    if len(u) < 2:
        return Filtered(u, None)
    vol = math.sqrt(math.fsum((x - u.mean()) ** 2 for x in u) / (len(u) - 1))
    return Filtered(u, vol, normal=(float(u.mean()), vol))


def ewma(u, decay):
    squares = u * u
    q = float(np.mean(squares)) if len(u) else 0.0
    if q == 0:
        return None
    first = float(np.mean(squares[:50]))
    s = np.concatenate([[first], lfilter([1 - decay], [1, -decay], squares, zi=[decay * first])[0]])
    v = np.maximum(s, q / 100)
    vol = math.sqrt(v[-1])
    return Filtered(u * np.sqrt(v[-1] / v[:-1]), vol, normal=(0.0, vol))


def backcast(w):
    weights = 0.94 ** np.arange(min(75, len(w)))
    return float(np.sum(weights * (w[:75] - w.mean()) ** 2) / np.sum(weights))


def garch(part, model, fits):
    interval = part.policy["refit_interval"]
    f = interval * (part.n // interval)
    w = part.window(f)
    fit = fits.garch(model, w) if len(w) else None
    if fit is None:
        return None
    mu, omega, alpha, gamma, beta, nu = fit
    start = backcast(w)
    h = [omega + (alpha + gamma / 2 + beta) * start]
    for r in np.concatenate([w, part.returns[f:]]):
        e = r - mu
        h.append(omega + (alpha + (gamma if e < 0 else 0)) * e * e + beta * h[-1])
    if not math.isfinite(h[-1]):
        return None
    vol = math.sqrt(h[-1])
    y = mu + (w - mu) / np.sqrt(h[:len(w)]) * vol
    if model.endswith("_t"):
        return Filtered(y, vol, student=(mu, vol * math.sqrt((nu - 2) / nu) if math.isfinite(nu) else vol, nu))
    return Filtered(y, vol, normal=(mu, vol))


def moves_of(y, policy):
    h = policy["horizon"]
    if policy["horizon_method"] == "scaled":
        return y * math.sqrt(h)
    if len(y) < h:
        return y[:0]
    return sum(y[i:len(y) - h + 1 + i] for i in range(h))


def law_measures(law, unit, policy, side):
    h = policy["horizon"]
    centre = (-1 if side == 0 else 1) * h * law[0]
    return tuple(law_loss(centre + math.sqrt(h) * law[1] * x, side) for x in unit)


def tail_measures(tail, filtered, policy, confidence, fits):
    """[(VaR, ES) long, short], or None without an answer."""
    moves = moves_of(filtered.y, policy)
    if not np.any(moves):
        return None
    if tail in ("normal", "student_t"):
        if tail == "normal":
            law, unit = filtered.normal, normal_measures(confidence)
        else:
            law = filtered.student or fits.student(filtered.y)
            unit = law and student_measures(law[2], confidence)
        if law is None or unit is None:
            return None
        return [law_measures(law, unit, policy, side) for side in (0, 1)]
    out = []
    for side in (0, 1):
        a = against(moves, side)
        if tail == "historical":
            found = historical(loss(a, side), confidence)
        elif tail == "weighted_historical":
            found = weighted(loss(a, side), confidence, policy["weight_decay"])
        else:
            found = pareto(a, confidence, policy["evt_tail"], fits)
            found = found and tuple(law_loss(x, side) for x in found)
        if found is None:
            return None
        out.append(found)
    return out


def member_answer(member, part, confidence, fits):
    name, tail, number = member
    key, memo = (name, number), part.filters
    if key not in memo:
        u = part.window(part.n)
        if name is None:
            memo[key] = unfiltered(u)
        elif name == "filtered":
            memo[key] = ewma(u, number or part.policy["ewma_lambda"])
        else:
            memo[key] = garch(part, name, fits)
    if memo[key] is None:
        return None
    measures = tail_measures(tail, memo[key], part.policy, confidence, fits)
    return measures and (measures, memo[key].vol)


def mean(values):
    return None if None in values else sum(values) / len(values)


def answer(part, fits, confidence):
    """(text of the alternative, [(VaR, ES) long, short], vol, how many before it had none), or None"""
    for index, (text, members) in enumerate(alternatives(part.policy["model"])):
        found = [member_answer(member, part, confidence, fits) for member in members]
        if None not in found:
            measures = [tuple(mean([f[0][side][i] for f in found]) for i in (0, 1)) for side in (0, 1)]
            return text, measures, mean([f[1] for f in found]), index
    return None
