"""Reverse stress of books and funds, beside scipy's SLSQP from many starts; prints TAP.

Prices, vols and the normal law are numpy's and scipy's: options by Black (1976), inverse ones in their coin and
then at its price. scipy minimises z' z with the loss as a constraint, from random points. It may stop in a local
minimum, so the extension must be at least as near as the best of its runs, and its move must lose what it says.
"""
import math

import _tap as t

try:
    import numpy as np
    from scipy import optimize, special, stats
except ImportError:
    t.skip("reverse stress", "numpy and scipy are not installed")
    t.done()

AS_OF = "2026-01-05 08:00Z"
YEARS = 170 / 365  # from AS_OF to 24 June 2026, 08:00 UTC
rng = np.random.default_rng(20260105)


def grown(move):
    """e to the move, no further than 50 either way: SLSQP tries far points."""
    return math.exp(min(max(move, -50), 50))


def black(call, f, k, years, v):
    s = v * np.sqrt(years)
    d1 = np.log(f / k) / s + s / 2
    sign = 1 if call else -1
    return sign * (f * special.ndtr(sign * d1) - k * special.ndtr(sign * (d1 - s)))


class Position:
    """account, factor, quantity, and a future (strike None), an option or an inverse option"""

    def __init__(self, account, factor, quantity, price, strike, call, vol, inverse):
        self.__dict__.update(locals())

    def profit(self, x, w):
        if self.strike is None:
            return self.quantity * (self.price * grown(x) - self.price)
        now = black(self.call, self.price, self.strike, YEARS, self.vol)
        then = black(self.call, self.price * grown(x), self.strike, YEARS, self.vol * grown(w))
        # of an inverse option the forward that it is divided by cancels the price of the coin: both move alike
        return self.quantity * (then - now)

    def sql(self):
        terms = {"instrument": f"{self.factor}-{self.strike}-{self.call}-{self.inverse}", "underlying": f"F{self.factor}",
                 "contract_size": 1, "multiplier": 1}
        if self.strike is None:
            terms |= {"kind": "perpetual", "payoff": "linear"}
            market = f"contract_market({self.price!r})"
        else:
            terms |= {"kind": "option", "payoff": "inverse" if self.inverse else "linear", "strike": self.strike,
                      "option_kind": "call" if self.call else "put", "expiry": "2026-06-24 08:00Z"}
            market = f"contract_market({self.price!r}, {self.vol!r})"
            if self.inverse:
                market = f"contract_market({self.price!r}, {self.vol!r}, settlement_price => {self.price!r}, settlement_moves => true)"
        fields = ", ".join(f'"{k}": "{v}"' for k, v in terms.items())
        return (f"('a{self.account}', {self.quantity!r}, jsonb_populate_record(NULL::contract, '{{{fields}}}'), {market})"
                "::reverse_position")


def covariance(n):
    loads = rng.normal(0.8, 0.3, n)
    deviations = rng.uniform(0.02, 0.06, n)
    correlation = np.outer(loads, loads)
    np.fill_diagonal(correlation, 0)
    scale = max(1.0, np.abs(np.linalg.eigvalsh(correlation)).max() / 0.9)
    correlation = correlation / scale + np.eye(n)
    return correlation * np.outer(deviations, deviations)


def book(n, positions, accounts):
    out, seen = [], {}
    for i in range(positions):
        factor = int(rng.integers(n))
        strike = None if rng.random() < 0.2 else float(round(100 * math.exp(rng.normal(0, 0.15)), 1))
        call = bool(rng.random() < 0.5)
        inverse = strike is not None and factor == 0
        # one market an instrument
        vol = seen.setdefault((factor, strike, call), float(rng.uniform(0.4, 0.8)))
        out.append(Position(int(rng.integers(accounts)), factor, float(rng.normal(-0.5, 1.5)), 100.0, strike, call, vol, inverse))
    return out


def losses(positions, accounts, x, betas):
    out = np.zeros(accounts)
    for p in positions:
        out[p.account] -= p.profit(x[p.factor], betas[p.factor] * x[p.factor])
    return out


def shortfall(loss, equities, cover):
    return np.sort(np.maximum(loss - equities, 0))[::-1][:cover].sum()


def slsqp(index, root, starts):
    """The least |z| of all runs that end where the index is at least 0."""
    best = math.inf
    for z in starts:
        run = optimize.minimize(lambda z: z @ z, z, jac=lambda z: 2 * z, method="SLSQP", options={"maxiter": 300, "ftol": 1e-13},
                                constraints={"type": "ineq", "fun": lambda z: index(root @ z)})
        if index(root @ run.x) >= -1e-8:
            best = min(best, float(np.linalg.norm(run.x)))
    return best


def literal(values):
    return "'{" + ",".join("{" + ",".join(repr(float(x)) for x in row) + "}" if np.ndim(row) else repr(float(row)) for row in values) + "}'"


def ask(name, n, positions, s, betas, equities, fund, cover):
    """The extension's answer, checked against the equations; its distance."""
    accounts = len(equities)
    names = ",".join(f"F{i}" for i in range(n))
    tail = "" if fund is None else f", {fund!r}, {cover}"
    row = t.sql(f"""SELECT (r).status, (r).distance, (r).normal_tail, (r).chi_square_tail, (r).dimensions, (r).loss, (r).log_moves, (r).position_pnl, (r).account_losses, (r).account
        FROM (SELECT reverse_stress_accounts(ARRAY[{", ".join(p.sql() for p in positions)}], '{AS_OF}', '{{{names}}}', {literal(s)},
                     '{{{",".join(f"a{i}" for i in range(accounts))}}}', {literal(equities)}{tail}, vol_betas => {literal(betas)}) AS r OFFSET 0) AS q""")[0]
    status, distance, dimensions = row[0], float(row[1] or "nan"), int(row[4])
    x = np.array(t.numbers(row[6]))
    held = sorted({p.factor for p in positions})
    want = losses(positions, accounts, x, betas)
    worst = np.abs(np.array(t.numbers(row[8])) - want).max()
    t.ok(worst <= 1e-9 * (1 + np.abs(want).max()), name + ": losses at the move", worst)
    profits = [p.profit(x[p.factor], betas[p.factor] * x[p.factor]) for p in positions]
    worst = np.abs(np.array(t.numbers(row[7])) - profits).max()
    t.ok(worst <= 1e-9 * (1 + np.abs(profits).max()), name + ": profit of each position", worst)
    if status == "reached":
        t.close(math.sqrt(x @ np.linalg.solve(s, x)), distance, 1e-7, name + ": the distance of the move")
        t.close(row[2], stats.norm.sf(distance), 1e-11, name + ": normal tail")
        t.close(row[3], stats.chi2.sf(distance ** 2, len(held)), 1e-11, name + ": chi-square tail")
        t.ok(dimensions == len(held), name + ": dimensions", dimensions)
    return status, distance


def compare(name, n, positions, equities, fund=None, cover=1, starts=60):
    s = covariance(n)
    betas = rng.uniform(-0.8, 0.3, n)
    root = np.linalg.cholesky(s)
    equities = np.array(equities, float)
    status, distance = ask(name, n, positions, s, betas, equities, fund, cover)

    def index(x):
        loss = losses(positions, len(equities), x, betas)
        if fund is None:
            return (loss / equities).max() - 1
        return shortfall(loss, equities, cover) / fund - 1

    points = [rng.normal(size=n) * rng.uniform(0.5, 3) for _ in range(starts)]
    best = slsqp(index, root, points)
    if best > 12:
        t.ok(status == "not_reached" or distance <= 12, name + ": scipy finds none", status, best)
    else:
        t.ok(status == "reached" and distance <= best * (1 + 1e-6), name + f": as near as the best of {starts} runs ({best:.6f})", status, distance, best)


for trial in range(12):
    n = 1 + trial % 6
    compare(f"book {trial} of {n} factors", n, book(n, 3 + 2 * trial, 1), [float(rng.uniform(5, 40))])
for trial in range(6):
    n = 2 + trial % 4
    compare(f"accounts {trial}", n, book(n, 16, 4), rng.uniform(10, 40, 4))
for trial in range(8):
    n = 2 + trial % 4
    compare(f"fund {trial}", n, book(n, 20, 5), rng.uniform(5, 25, 5), float(rng.uniform(5, 40)), 1 + trial % 3)

# A linear book by its closed form: a loss that is small beside the book
n = 5
s = covariance(n)
w = rng.normal(size=n) * 100
positions = [Position(0, i, float(w[i] / 100), 100.0, None, False, 0.0, False) for i in range(n)]
status, distance = ask("a linear book", n, positions, s, np.zeros(n), [1e-5], None, 1)
t.close(distance, 1e-5 / math.sqrt(w @ s @ w), 1e-6, "L / sqrt(w' S w)")
t.done()
