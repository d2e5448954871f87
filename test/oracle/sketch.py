"""Tail sketches built anew in Python, byte by byte, and their bounds beside exact fractions.

The sketch of a list is worked out here from doc/sketch.md with Python's long integers: sorted values, least level
that fits, counts and sums. SQL must give the same text whatever the order of rows, the number of workers and the
tree of merges. Exact VaR and ES are fractions. Lists: heavy tails, ties, scales in turn, denormals, 1e300, edges
of buckets; with ../shared also the returns of real minutes by the day, rolled up.
"""
import math
import random
import struct
from fractions import Fraction

import _tap as t

CONFIDENCES = [0.001, 0.3, 0.5, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9999]


def bits(x):
    return struct.unpack(">Q", struct.pack(">d", abs(x)))[0]


def edge(level, u):
    shift = min(52, max(0, level - (u >> 54)))
    return u >> shift << shift, 1 << shift


def number(n):
    out = bytearray()
    while n >= 128:
        out.append(n % 128 + 128)
        n //= 128
    out.append(n)
    return bytes(out)


def side(values, limit):
    """Level and buckets (edge, count, sum), descending."""
    us = sorted((bits(v) for v in values), reverse=True)
    low, level = 0, 563
    while low < level:
        middle = (low + level) // 2
        if len({edge(middle, u)[0] for u in us}) <= limit:
            level = middle
        else:
            low = middle + 1
    edges = [edge(level, u)[0] for u in us]
    buckets = {}
    for u, e in zip(us, edges):
        count, total = buckets.get(e, (0, 0))
        buckets[e] = count + 1, total + u - e
    return (level if us else 0), sorted(((e, c, s) for e, (c, s) in buckets.items()), reverse=True)


def sketch(pnl, size):
    """The text of the type."""
    finite = sorted((0.0 - x for x in pnl if math.isfinite(x)), reverse=True)
    extremes, body = finite[:size], finite[size:]
    sides = [side([x for x in body if x >= 0], size), side([x for x in body if x < 0], size // 4)]
    out = b"\x01" + number(size) + number(len(pnl) - len(finite)) + number(len(extremes))
    out += b"".join(number(level) + number(len(buckets)) for level, buckets in sides)
    out += b"".join(struct.pack(">d", x) for x in extremes)
    for level, buckets in sides:
        at, width = 1 << 63, 1
        for e, count, total in buckets:
            out += number((at - e) // width) + number(count) + number(total)
            at, width = edge(level, e)
    return "\\x" + out.hex()


def exact(pnl, confidence):
    losses = sorted((-Fraction(x) for x in pnl), reverse=True)
    n = len(losses)
    kept = n * Fraction(confidence)
    if abs(kept - round(kept)) <= n * Fraction(4, 2**52) and 1 <= round(kept) < n:
        kept = Fraction(round(kept))
    mass = n - kept
    whole = n - max(1, math.ceil(kept))
    return losses[whole], (sum(losses[:whole]) + (mass - whole) * losses[whole]) / mass


def bounds_of(size, confidences):
    values = ", ".join(f"({c!r}::float8)" for c in confidences)
    rows = t.sql(f"SELECT (b).* FROM (SELECT tail_sketch_bounds(s, c) AS b FROM (SELECT tail_sketch(pnl, {size}) AS s FROM series) q, "
                 f"(VALUES {values}) AS v (c)) w")
    return [[float(x) for x in row[:6]] + [row[6] == "t"] for row in rows]


def check_bounds(pnl, size, name):
    outside, inexact, widths = [], 0, []
    for c, (v, vl, vu, e, el, eu, is_exact) in zip(CONFIDENCES, bounds_of(size, CONFIDENCES)):
        var, es = exact(pnl, c)
        # bounds that meet are the measure rounded to a double; the others hold without rounding
        slack = abs(es) * Fraction(3, 2**53) + Fraction(1, 2**1074) if el == eu else 0
        if not (vl <= var <= vu and el - slack <= es <= eu + slack and vl <= v <= vu and el <= e <= eu):
            outside.append((c, v, vl, vu, float(var), e, el, eu, float(es)))
        rank = len(pnl) - math.ceil(len(pnl) * c - 1e-9) + 1
        inexact += rank <= size and not is_exact
        if c >= 0.9 and es > 0 and var > 0:
            widths.append((float((Fraction(vu) - Fraction(vl)) / var), float((Fraction(eu) - Fraction(el)) / es)))
    t.ok(not outside, f"{name}: exact measures lie within the bounds", *outside)
    t.ok(inexact == 0, f"{name}: exact while the tail is within {size} losses")
    if widths:
        print(f"# {name}: bounds from 0.9 are apart by at most {max(w[0] for w in widths):.3g} of VaR, "
              f"{max(w[1] for w in widths):.3g} of ES")


def lists():
    rng = random.Random(20240229)
    normal = lambda: rng.gauss(0, 1)
    n = 6000
    return {
        "normal": [normal() for _ in range(n)],
        "t with 2 degrees of freedom": [normal() / math.sqrt(rng.expovariate(1)) for _ in range(n)],
        "Pareto losses": [-rng.paretovariate(1.1) for _ in range(n)],
        "mixture": [normal() * (25 if rng.random() < 0.02 else 1) for _ in range(n)],
        "equal": [-2.5] * 3000,
        "zeros": [0.0, -0.0] * 900 + [-1.0],
        "ticks": [0.25 * rng.randrange(-4000, 4000) for _ in range(n)],
        "edges": [-math.ldexp(1 + rng.randrange(64) / 64, rng.randrange(-3, 4)) * (1 - rng.randrange(2) * 2**-53) for _ in range(n)],
        "scales in turn": [normal() * 10.0 ** (37 * i % 600 - 300) for i in range(n)],
        "denormals": [5e-324 * rng.randrange(-2000, 2000) for _ in range(n)],
        "huge": [1e300 * normal() for _ in range(n)],
        "gains": [math.exp(normal()) for _ in range(n)],
        "sorted": sorted(normal() for _ in range(n)),
        "reversed": sorted((normal() for _ in range(n)), reverse=True),
    }


def check_list(name, pnl):
    t.load("series", "pnl float8", [(x,) for x in pnl])
    for size in (16, 100, 1024):
        want = sketch(pnl, size)
        got = t.sql(f"""SELECT tail_sketch(pnl, {size}) FROM series
            UNION ALL SELECT tail_sketch(pnl, {size} ORDER BY pnl) FROM series
            UNION ALL SELECT tail_sketch(pnl, {size} ORDER BY md5(i::text)) FROM series
            UNION ALL SELECT tail_sketch_merge(s ORDER BY g DESC) FROM (SELECT g, tail_sketch(pnl, {size}) AS s FROM
                (SELECT pnl, least(i % 83, i % 7 * 9) AS g FROM series) r GROUP BY g) q
            UNION ALL SELECT tail_sketch_merge(s) FROM (SELECT g % 5, tail_sketch_merge(s::text::tail_sketch) AS s FROM
                (SELECT i % 50 AS g, tail_sketch(pnl, {size} + i % 50) AS s FROM series GROUP BY 1, {size} + i % 50) q GROUP BY 1) w
            UNION ALL SELECT tail_sketch(pnl, {size})::text::tail_sketch FROM series""")
        t.ok([g[0] for g in got] == [want] * 6, f"{name}, size {size}: the same bytes in every order and tree",
             *[len(g[0]) for g in got], len(want))
        check_bounds(pnl, size, f"{name}, size {size}")


def check_minutes(path):
    """Returns of real minutes: a sketch for each day, merged, is the sketch of all."""
    rows = t.read_csv(path)
    key = "instrument" if "instrument" in rows[0] else "symbol"
    closes = [float(r["close"]) for r in rows if r[key] == rows[0][key]][:60000]
    pnl = [b / a - 1 for a, b in zip(closes, closes[1:])]
    t.load("series", "pnl float8", [(x,) for x in pnl])
    whole, merged = t.sql("SELECT tail_sketch(pnl) FROM series UNION ALL SELECT tail_sketch_merge(s) FROM "
                          "(SELECT tail_sketch(pnl) AS s FROM series GROUP BY i / 1440) q")
    t.ok(whole == merged and whole[0] == sketch(pnl, 1024), f"{len(pnl)} minutes of {rows[0][key]}: days rolled up are the whole")
    check_bounds(pnl, 1024, "minutes, size 1024")


for name, pnl in lists().items():
    check_list(name, pnl)
path = t.shared("data/crypto_minute_coinbase.csv.gz")
if path:
    check_minutes(path)
else:
    t.skip("real minutes", "no shared data")
t.done()
