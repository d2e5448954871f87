"""Recompute haircuts and collateral values in exact fractions from the formulas of doc/collateral.md, and allocations with
scipy's linprog, the two objectives one after the other; prints TAP.
"""
import math
import random
from decimal import Decimal, getcontext
from fractions import Fraction as F

import _tap as t

getcontext().prec = 60
random.seed(20261128)


def root(x):
    """Square root to 50 digits."""
    return F((Decimal(x.numerator) / Decimal(x.denominator)).sqrt())


def up(x, step):
    return math.ceil(x / step) * step


def rounded(x, digits=12):
    """Half away from zero, as numeric does."""
    scaled = abs(x) * 10 ** digits
    whole = math.floor(scaled + F(1, 2))
    return F(whole if x >= 0 else -whole, 10 ** digits)


# ---- haircuts of a random book ----

ASSETS = 12
prices = {f"I{i}": round(10 ** random.uniform(-3, 4), 6) for i in range(ASSETS)}
rows = []
for name, level in prices.items():
    price = level
    for day in range(150, 0, -1):
        price *= math.exp(random.gauss(0, 0.012))
        rows.append((name, day, float(f"{price:.9g}")))
t.load("bars", "instrument text, day int, price float8", rows)
t.sql("""CREATE VIEW timed AS SELECT instrument, date_trunc('day', now()) - day * interval '1 day' AS ts, price FROM bars;
CREATE TABLE depth (instrument text, ts timestamptz, spread numeric, volume numeric);
CREATE TABLE balances (account text, asset text, quantity numeric);
CREATE TABLE book (account text, instrument text, quantity numeric);
SELECT attach_prices('timed', 'instrument', 'ts', 'price', capture => 'watermark'), attach_collateral('balances', 'account', 'asset', 'quantity'),
       attach_positions('book', 'account', 'instrument', 'quantity'), attach_liquidity('depth', 'instrument', 'ts', spread => 'spread', volume => 'volume');
CALL refresh();""")
settings = {}
script = []
for i in range(ASSETS):
    s = {"minimum": F(random.choice([0, 0, 5, 30]), 100), "weight": F(random.choice([100, 100, 85, 60]), 100),
         "limit": random.choice([None, F(random.randint(100, 5000))]), "share": random.choice([None, F(random.randint(5, 60), 100)]),
         "excess": F(random.choice([100, 50]), 100), "wrong": F(random.choice([0, 10, 25]), 100), "step": F(random.choice([1, 5, 10]), 1000),
         "spread": random.choice([None, F(random.randint(1, 200), 10000)]), "volume": random.choice([None, F(random.randint(0, 400)), F(random.randint(1, 40))])}
    settings[f"A{i}"] = s
    number = lambda x: "NULL" if x is None else str(Decimal(x.numerator) / Decimal(x.denominator))
    script.append(f"SELECT set_asset('A{i}', 'I{i}', 'USD', minimum_haircut => {number(s['minimum'])}, maximum_weight => {number(s['weight'])}, "
                  f"limit_amount => {number(s['limit'])}, limit_share => {number(s['share'])}, excess_haircut => {number(s['excess'])}, "
                  f"wrong_way_haircut => {number(s['wrong'])}, haircut_step => {number(s['step'])});")
    if s["spread"] is not None or s["volume"] is not None:
        script.append(f"INSERT INTO depth VALUES ('I{i}', now(), {number(s['spread'])}, {number(s['volume'])});")
balances, book = {}, {}
for account in range(40):
    for i in random.sample(range(ASSETS), random.randint(1, 6)):
        balances[f"c{account}", f"A{i}"] = F(random.choice([-1, 1, 1, 1, 1]) * random.randint(1, 10 ** random.randint(1, 5)), 100)
    for i in random.sample(range(ASSETS), random.randint(2, 8)):
        book[f"c{account}", f"I{i}"] = F(random.choice([-1, 1]) * random.randint(1, 10 ** random.randint(1, 5)), 100)
script += [f"INSERT INTO balances VALUES ('{a}', '{b}', {number(q)});" for (a, b), q in balances.items()]
script += [f"INSERT INTO book VALUES ('{a}', '{b}', {number(q)});" for (a, b), q in book.items()]
t.sql("\n".join(script) + "\nCALL refresh();")
market = {r[0]: (F(r[1]), F(r[2])) for r in t.sql("SELECT instrument, price, long_initial_rate FROM market_stored")}


def collateral(account, asset):
    quantity, s, (price, rate) = balances[account, asset], settings[asset], market["I" + asset[1:]]
    value = quantity * price
    if quantity < 0:
        return F(0), F(0), -up(-value, F(1, 100))
    factor = F(1)
    if s["volume"] is not None:
        taken = s["volume"] / 10
        days = F(60) if taken == 0 else min(max(F(1), quantity / taken), F(60))
        factor = root(days)
    calibrated = rate + rounded(rate * (factor - 1)) + rounded((s["spread"] or 0) / 2 * factor)
    exposure = book.get((account, "I" + asset[1:]), F(0)) * price
    wrong = rounded(min(max(exposure, F(0)) * s["wrong"] / value, s["wrong"]))
    haircut = min(F(1), up(min(F(1), max(calibrated, s["minimum"], 1 - s["weight"]) + wrong), s["step"]))
    whole = sum(q * market["I" + b[1:]][0] for (a, b), q in balances.items() if a == account and q > 0)
    limits = [x for x in (s["limit"], s["share"] * whole if s["share"] is not None else None) if x is not None]
    excess = max(value - min(limits), F(0)) if limits else F(0)
    counts = (value - excess) * (1 - haircut) + excess * (1 - max(haircut, s["excess"]))
    return haircut, excess, math.floor(counts * 100) / F(100)


wrong = []
got = t.sql("SELECT account, asset, haircut, excess_value, collateral_value FROM account_collateral")
for account, asset, *found in got:
    want = collateral(account, asset)
    if tuple(map(F, found)) != want:
        wrong.append((account, asset, found, [float(w) for w in want]))
t.ok(len(got) == len(balances), "a row for each balance", len(got), len(balances))
t.ok(not wrong, f"haircut, excess and collateral value of {len(got)} balances, to the last digit", *wrong[:3])
kinds = {r[0] for r in t.sql("SELECT DISTINCT binding_term FROM account_collateral")}
t.ok({"calibrated", "minimum", "weight", "debt"} <= kinds, "every term binds somewhere", kinds)
t.ok(t.value("SELECT bool_or(wrong_way_haircut > 0) AND bool_or(excess_value > 0 AND excess_haircut < 1) AND bool_or(horizon_haircut > 0) FROM account_collateral") == "t",
     "and wrong way, limits and size")
t.ok(t.value("SELECT count(*) FROM verify()") == "0", "verify finds nothing")

# ---- allocations ----

try:
    import numpy as np
    from scipy.optimize import linprog
except ImportError:
    t.skip("allocations beside linprog", "scipy is missing")
    t.done()


def linear_programme(values, costs, amounts, worth, limits):
    """Least unmet, then least cost."""
    m, n = len(values), len(amounts)
    cover = np.zeros((n, m * n + n))
    stock = np.zeros((m, m * n + n))
    for i in range(m):
        for j in range(n):
            cover[j, i * n + j] = -worth[i][j]
            stock[i, i * n + j] = 1
    for j in range(n):
        cover[j, m * n + j] = -1
    unmet = np.concatenate([np.zeros(m * n), np.ones(n)])
    cost = np.concatenate([np.repeat(costs, n), np.zeros(n)])
    bounds = [(0, limits[i][j] if worth[i][j] > 0 else 0) for i in range(m) for j in range(n)] + [(0, None)] * n
    a, b = np.vstack([cover, stock]), np.concatenate([-np.array(amounts), values])
    one = linprog(unmet, A_ub=a, b_ub=b, bounds=bounds, method="highs")
    two = linprog(cost, A_ub=np.vstack([a, unmet]), b_ub=np.append(b, one.fun + 1e-9 * max(1, one.fun)), bounds=bounds, method="highs")
    return one.fun, two.fun, -two.ineqlin.marginals[:n] if one.fun < 1e-7 else None


def array(values):
    return "'{" + ",".join("Infinity" if v is None else repr(float(v)) for v in values) + "}'::float8[]"


worst_unmet = worst_cost = worst_row = 0.0
short = 0
for trial in range(150):
    m, n = random.randint(1, 9), random.randint(1, 7)
    values = [random.uniform(0, 1000) for _ in range(m)]
    costs = [random.choice([0, 0.01, 0.02, random.random()]) for _ in range(m)]
    amounts = [random.choice([0, random.uniform(0, 600)]) for _ in range(n)]
    worth = [[random.choice([0, 1, random.uniform(0.4, 1)]) for _ in range(n)] for _ in range(m)]
    limits = [[random.choice([None, random.uniform(0, 400)]) for _ in range(n)] for _ in range(m)]
    flat = lambda rows: [x for row in rows for x in row]
    given, unmet, cost = t.sql(f"SELECT s.given, s.unmet, s.cost FROM allocation_solve({array(values)}, {array(costs)}, {array(amounts)}, {array(flat(worth))}, "
                               f"{array(flat(limits))}) AS s")[0]
    given, unmet = np.array(t.numbers(given)).reshape(m, n), np.array(t.numbers(unmet))
    least, cheapest, _ = linear_programme(values, costs, amounts, worth, limits)
    short += least > 1e-7
    worst_unmet = max(worst_unmet, abs(unmet.sum() - least) / max(1, least))
    worst_cost = max(worst_cost, abs(float(cost) - cheapest) / max(1, cheapest))
    rows = [given.sum(axis=1) - values, np.array(amounts) - (given * worth).sum(axis=0) - unmet, -given.min(axis=1),
            [given[i, j] - (limits[i][j] if limits[i][j] is not None else math.inf) for i in range(m) for j in range(n)]]
    worst_row = max([worst_row] + [float(np.max(r)) for r in rows])
t.ok(worst_unmet < 1e-8, "150 allocations leave as little unmet as linprog's", worst_unmet)
t.ok(worst_cost < 1e-6, "and cost as little", worst_cost)
t.ok(worst_row < 1e-8, "within values, limits and amounts", worst_row)
t.ok(20 < short < 130, "some meet all, others cannot", short)

# prices: the cost of one unit more, by asking for it
m, n = 5, 3
values, costs, amounts = [100, 80, 120, 60, 90], [0.05, 0.02, 0.07, 0.01, 0.03], [90, 70, 60]
worth = [[random.uniform(0.5, 0.95) for _ in range(n)] for _ in range(m)]
limits = [[45.0] * n for _ in range(m)]
flat = lambda rows: [x for row in rows for x in row]
solve = lambda a: t.sql(f"SELECT s.cost, s.prices FROM allocation_solve({array(values)}, {array(costs)}, {array(a)}, {array(flat(worth))}, {array(flat(limits))}) AS s")[0]
cost, shadow = solve(amounts)
for j in range(n):
    more = [x + (0.001 if k == j else 0) for k, x in enumerate(amounts)]
    t.close((float(solve(more)[0]) - float(cost)) / 0.001, t.numbers(shadow)[j], 1e-6, f"price of requirement {j + 1}")
t.done()
