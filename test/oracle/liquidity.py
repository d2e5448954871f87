"""Recompute tiers and every add-on of positions in exact fractions, from the formulas of doc/liquidity.md; prints TAP.

Tiers by a search for the bracket and its deduction, and by integrating the marginal rate; add-ons of a random book from
the base tables, position by position, to the cent.
"""
import math
import random
from fractions import Fraction as F
from decimal import Decimal, getcontext

import _tap as t

getcontext().prec = 60
random.seed(20260101)


def up(amount, step=F(1, 100)):
    return math.ceil(amount / step) * step


def root(x):
    """Square root to 50 digits, exact for squares of fractions."""
    n, d = math.isqrt(x.numerator), math.isqrt(x.denominator)
    if n * n == x.numerator and d * d == x.denominator:
        return F(n, d)
    return F((Decimal(x.numerator) / Decimal(x.denominator)).sqrt())


def tier_margin(n, tiers, column):
    """N r - d in the bracket of N, d by the recursion that venues publish."""
    rate, deduction = tiers[0][column], F(0)
    for tier in tiers[1:]:
        if n < tier[0]:
            break
        deduction += tier[0] * (tier[column] - rate)
        rate = tier[column]
    return n * rate - deduction


def integral(n, tiers, column):
    """The marginal rate integrated from 0 to N."""
    total = F(0)
    for tier, after in zip(tiers, tiers[1:] + [None]):
        top = n if after is None else min(n, after[0])
        total += max(top - tier[0], 0) * tier[column]
    return total


def random_tiers():
    n = random.randint(1, 6)
    bounds = [0] + sorted(random.sample(range(1, 10 ** 6), n - 1))
    initial = sorted(F(random.randint(1, 10 ** 4), 10 ** 4) for _ in range(n))
    share = F(random.randint(1, 100), 100)
    return [(F(b), i, i * share) for b, i in zip(bounds, initial)]


def literal(tiers):
    rows = ", ".join("(%s, %s, %s)" % tuple(decimal(x) for x in tier) for tier in tiers)
    return f"ARRAY[{rows}]::margin_tier[]"


def decimal(x):
    """A fraction that is a decimal, written as one."""
    text = format((Decimal(x.numerator) / Decimal(x.denominator)).normalize(), "f")
    assert F(text) == x
    return text


def check_tiers():
    wrong, checked = [], 0
    for _ in range(60):
        tiers = random_tiers()
        amounts = [F(random.randint(0, 2 * 10 ** 8), 100) for _ in range(20)] + [tier[0] for tier in tiers]
        rows = t.sql("SELECT tier_margin(n, x, 'initial'), tier_margin(n, x, 'maintenance') FROM (SELECT %s AS x) AS t, unnest(ARRAY[%s]::numeric[]) WITH ORDINALITY AS u (n, i) ORDER BY i"
                     % (literal(tiers), ", ".join(decimal(n) for n in amounts)))
        for n, row in zip(amounts, rows):
            for column in (1, 2):
                want = tier_margin(n, tiers, column)
                checked += 1
                if F(row[column - 1]) != want or integral(n, tiers, column) != want:
                    wrong.append((n, tiers, row))
    t.ok(not wrong, f"tier_margin is exact, {checked} margins of 60 random tables", *wrong[:3])


SETUP = """
CREATE TABLE bars AS SELECT 'I' || k AS sym, date_trunc('day', now()) - i * interval '1 day' AS ts,
       CASE k WHEN 7 THEN 0.9 + 0.01 * (i %% 5) ELSE round((20 * k * exp(0.04 * sin(i * k)))::numeric, 2) END AS px
  FROM generate_series(1, 7) AS k, generate_series(1, 150) AS i;
CREATE TABLE book AS SELECT 'C' || c AS client, 'I' || k AS sym, round(((c * 37 + k * 11) %% 97 - 48)::numeric * c * c / 10, 1) AS qty
  FROM generate_series(1, 12) AS c, generate_series(1, 6) AS k;
CREATE TABLE depth AS SELECT 'I' || k AS sym, date_trunc('day', now()) - i * interval '1 day' AS ts,
       CASE WHEN k <> 4 THEN round(0.0005 * k + 0.0001 * (i %% 4), 6) END AS spread, CASE WHEN k <> 5 THEN 100.0 * k + i END AS volume,
       CASE WHEN k <> 2 THEN 1000 * k + i END AS oi, k - 1 AS sources, 10.0 * k AS age, 0.004 * k AS width
  FROM generate_series(1, 5) AS k, generate_series(1, 40) AS i;
SELECT attach_prices('bars', 'sym', 'ts', 'px', policy => 'futures_clearing'), attach_positions('book', 'client', 'sym', 'qty');
SELECT attach_liquidity('depth', 'sym', 'ts', 'spread', 'volume', 'oi', 'sources', 'age', 'width');
CALL refresh();
SELECT set_instrument('I2', kind => 'inverse', multiplier => 10), set_instrument('I3', multiplier => 0.5, currency => 'UST'), set_instrument('I6', kind => 'spot');
SELECT set_liquidity_policy(participation => 0.2, horizon => 2, open_interest_lower => 5000, open_interest_upper => 90000, maximum_age => 200),
       set_liquidity_policy('I3', participation => 0.05, maximum_horizon => 12, full_sources => 2, confidence_threshold => 0.9);
SELECT set_tiers('I1', %s), set_tiers('I2', %s), set_tiers('I3', %s);
SELECT set_peg('I7', currency => 'UST', factor => 3), set_peg('I7', instrument => 'I6', threshold => 0.97);
SELECT add_event('a', now() - interval '1 day', now() + interval '1 day', ARRAY['I1', 'I3'], rate => 0.013),
       add_event('b', now() - interval '1 day', now() + interval '1 day', multiplier => 1.25, applies_to => 'both'),
       add_event('c', now() + interval '1 day', now() + interval '2 days', rate => 0.9);
CALL refresh();
"""
NAMES = ("base_initial_margin base_maintenance_margin tier_initial_charge tier_maintenance_charge liquidity_initial_charge "
         "liquidity_maintenance_charge open_interest_charge event_initial_charge event_maintenance_charge peg_charge "
         "confidence_charge initial_margin maintenance_margin").split()


def figures():
    """Of each instrument, from the rows of depth: spread, daily volume, open interest, sources, age, width."""
    found = {}
    for sym, ts, *row in t.sql("SELECT * FROM depth ORDER BY ts"):
        found.setdefault(sym, []).append([F(x) if x else None for x in row])
    for sym, rows in found.items():
        window = rows[-30:]  # daily rows, and the window is 30 days
        def mean(i):
            seen = [row[i] for row in window if row[i] is not None]
            return sum(seen) / len(seen) if seen else None
        last = [window[-1][i] for i in range(6)]
        spread = None if last[0] is None else max(last[0], mean(0))
        found[sym] = [spread, mean(1), last[2], last[3], last[4], last[5]]
    return found


def charges(sym, q, kind, multiplier, price, rates, figure, tiers, peg_price):
    """The amounts of NAMES."""
    n = abs(q) * multiplier * (1 if kind == "inverse" else price)
    initial, maintenance = n * rates[0], n * rates[1]
    base = [up(initial), up(maintenance)]
    special = sym == "I3"
    participation, horizon, longest = (F(1, 20) if special else F(1, 5)), F(2), F(12 if special else 60)
    spread, volume, oi, sources, age, width = figure or [None] * 6
    f = root(max(horizon, min(abs(q) / (participation * volume), longest)) / horizon) if volume else F(1)
    tier = [max(up(tier_margin(n, tiers, c)) - b, F(0)) if tiers else F(0) for c, b in zip((1, 2), base)]
    cost = n * (spread or 0) / 2 * f
    liquidity = [up(cost + max(m * (f - 1) - c, F(0))) for m, c in zip((initial, maintenance), tier)]
    crowd = F(0)
    if oi is not None:
        size = oi * multiplier * (1 if kind == "inverse" else price)
        rate = rates[0]
        crowd = up(n * (min(rate + max((size - 5000) / F(85000), F(0)) * (1 - rate), F(1)) - rate))
    event_rate = F(13, 1000) if sym in ("I1", "I3") else F(0)
    events = [up(n * event_rate + initial / 4), up(maintenance / 4)]
    peg = F(0)
    if sym == "I3":
        peg = up(initial * 3 * max(F(99, 100) - peg_price, F(0)))
    elif sym == "I6":
        peg = up(n * min(4 * max(F(97, 100) - peg_price, F(0)), 1))
    doubt = F(0)
    if figure:
        confidence = min(F(1), sources / (2 if special else 3)) * max(F(0), 1 - age / 200) * max(F(0), 1 - width * 20)
        if confidence < (F(9, 10) if special else F(55, 100)):
            doubt = up(n * (1 - confidence))
    return base + tier + liquidity + [crowd] + events + [peg, doubt,
        base[0] + tier[0] + liquidity[0] + crowd + events[0] + peg + doubt, base[1] + tier[1] + liquidity[1] + events[1]]


def check_book():
    tiers = {f"I{k}": random_tiers() for k in (1, 2, 3)}
    tiers["I2"] = [(F(0), F(1, 20), F(1, 50)), (F(1000), F(9, 10), F(1, 2))]
    t.sql(SETUP % tuple(literal(tiers[k]) for k in ("I1", "I2", "I3")))
    figure = figures()
    peg_price = F(t.value("SELECT px FROM bars WHERE sym = 'I7' ORDER BY ts DESC LIMIT 1"))
    rows = t.sql(f"""SELECT p.instrument, b.qty, i.kind, i.multiplier, l.px, p.initial_rate, p.maintenance_rate, {', '.join('p.' + n for n in NAMES)}
        FROM margin_position AS p JOIN book AS b ON b.client = p.account AND b.sym = p.instrument JOIN instrument AS i USING (instrument)
        JOIN (SELECT DISTINCT ON (sym) sym, px FROM bars ORDER BY sym, ts DESC) AS l ON l.sym = p.instrument ORDER BY p.account, p.instrument""")
    used = set()
    wrong = {name: [] for name in NAMES}
    for row in rows:
        want = charges(row[0], F(row[1]), row[2], F(row[3]), F(row[4]), (F(row[5]), F(row[6])), figure.get(row[0]), tiers.get(row[0]), peg_price)
        for name, got, value in zip(NAMES, row[7:], want):
            if value:
                used.add(name)
            if F(got) != value:
                wrong[name].append((row[:7], got, float(value)))
    for name in NAMES:
        t.ok(not wrong[name] and name in used, f"{name} to the cent, {len(rows)} positions", *wrong[name][:3])
    t.ok(len(rows) > 60, "the book has positions", len(rows))


check_tiers()
check_book()
t.done()
