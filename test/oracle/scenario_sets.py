"""Scenario sets from attached prices: recomputed in numpy from the same rows by the equations of doc/scenario_sets.md.

Joint histories (plain, filtered, horizons, a vol series, holes and two prices at one time), macro factors, correlations that break
down (vols, stressed matrices, eigenvectors, distances), the loss of a book in them.
"""
import json
import math

import numpy

import _tap as t

rng = numpy.random.default_rng(20260722)
DAYS, HOLES = 700, {"BTCUSDT": 0.03, "ETHUSDT": 0.05, "SOLUSDT": 0.02, "SPX": 0.25, "DVOL": 0.04}
NAMES = list(HOLES)


def paths():
    """Prices by instrument and day: one common factor, vols that cluster, holes."""
    vol = numpy.exp(0.6 * numpy.sin(numpy.arange(DAYS) / 40) + 0.1 * rng.normal(size=DAYS))
    common = 0.02 * vol * rng.standard_t(5, DAYS)
    loading = {"BTCUSDT": 1, "ETHUSDT": 1.3, "SOLUSDT": 1.8, "SPX": 0.3, "DVOL": -0.8}
    out = {}
    for name in NAMES:
        returns = loading[name] * common + 0.012 * vol * rng.normal(size=DAYS)
        level = 100 * numpy.exp(numpy.cumsum(returns))
        out[name] = {d: float(level[d]) for d in range(DAYS) if rng.uniform() >= HOLES[name]}
    return out


prices = paths()
# a second price at a time that has one already, closer to the price before: the other one counts
double = sorted(prices["ETHUSDT"])[-40]
before = prices["ETHUSDT"][sorted(prices["ETHUSDT"])[-41]]
rows = [(name, d, p) for name in NAMES for d, p in prices[name].items()] + [("ETHUSDT", double, before * (1 + (prices["ETHUSDT"][double] / before - 1) / 7))]
order = rng.permutation(len(rows))
t.sql("DROP TABLE IF EXISTS raw CASCADE; DROP TABLE IF EXISTS candles CASCADE")
t.load("raw", "symbol text, day integer, price float8", [rows[i] for i in order])
t.sql("CREATE TABLE candles AS SELECT symbol, timestamptz '2024-01-01 00:00Z' + day * interval '1 day' AS ts, price FROM raw; CREATE INDEX ON candles (symbol, ts)")
# two feeds: the macro series comes from a table of its own
t.sql("CREATE TABLE closes AS SELECT symbol AS name, ts AS at, price AS close FROM candles WHERE symbol = 'SPX'; DELETE FROM candles WHERE symbol = 'SPX';"
      "SELECT attach_prices('candles', 'symbol', 'ts', 'price'); SELECT attach_prices('closes', 'name', 'at', 'close'); CALL refresh()")


def joint(names, most):
    """(days, matrix of log returns): between the days that all have, the latest most of them."""
    days = sorted(set.intersection(*(set(prices[n]) for n in names)))
    levels = numpy.array([[prices[n][d] for n in names] for d in days])
    return days[1:][-most:], numpy.diff(numpy.log(levels), axis=0)[-most:]


def filtered(u, lam):
    s, q = float(numpy.mean(u[:50] ** 2)), float(numpy.mean(u ** 2))
    v = []
    for x in u:
        v.append(max(s, q / 100))
        s = lam * s + (1 - lam) * x * x
    return u * numpy.sqrt(max(s, q / 100) / numpy.array(v))


def content(name):
    return json.loads(t.value(f"SELECT content FROM user_scenario_set WHERE name = '{name}' ORDER BY version DESC LIMIT 1"))


def factors(stored, field="price_shocks"):
    return {f["factor"]: numpy.array(f[field], dtype=float) for f in stored["factors"] if field in f}


def near(got, want, tolerance, name):
    got, want = numpy.asarray(got), numpy.asarray(want)
    same = got.shape == want.shape
    return t.ok(same and float(numpy.abs(got - want).max()) <= tolerance, name, got.shape, want.shape, numpy.abs(got - want).max() if same else "")


# ---- joint histories ----
COINS = {"BTC": "BTCUSDT", "ETH": "ETHUSDT", "SOL": "SOLUSDT"}
for label, scenarios, horizon, kind, lam in (("plain1", 500, 1, "plain", None), ("plain5", 250, 5, "plain", None), ("fhs1", 400, 1, "filtered", 0.94), ("fhs10", 200, 10, "filtered", 0.97)):
    version = t.value(f"SELECT add_historical_set('{label}', '{json.dumps(COINS)}', {scenarios}, {horizon}, '{kind}'{f', lambda => {lam}' if lam else ''})")
    days, u = joint(list(COINS.values()), scenarios + horizon - 1)
    stored = content(label)
    for j, coin in enumerate(COINS):
        y = u[:, j] if lam is None else filtered(u[:, j], lam)
        sums = numpy.array([math.fsum(y[i:i + horizon]) for i in range(scenarios)])
        near(factors(stored)[coin], numpy.expm1(sums), 1e-13, f"{label}: {scenarios} shocks of {coin} over {horizon} bars")
    stamps = [str(numpy.datetime64("2024-01-01") + d) + " 00:00:00Z" for d in days[horizon - 1:]]
    t.ok([s["label"] for s in stored["scenarios"]] == stamps, f"{label}: a label is the time of its last bar", stored["scenarios"][0], stamps[0])

t.value("SELECT add_historical_set('vols', '{\"BTC\": {\"price\": \"BTCUSDT\", \"vol\": \"DVOL\"}, \"ETH\": \"ETHUSDT\"}', 300)")
days, u = joint(["BTCUSDT", "DVOL", "ETHUSDT"], 300)
stored = content("vols")
near(factors(stored, "vol_shocks")["BTC"], numpy.expm1(u[:, 1]), 1e-13, "a vol series gives vol shocks")
t.ok("ETH" not in factors(stored, "vol_shocks"), "and none to who has no such series")
near(factors(stored)["ETH"], numpy.expm1(u[:, 2]), 1e-13, "prices are those of the times that the vol has too")

# ---- the loss of a book in a joint history ----
book = {"BTC": (2.0, 90000.0), "ETH": (-45.0, 3000.0), "SOL": (-100.0, 150.0)}
values = ", ".join(f"('{c}', {q!r}, {p!r})" for c, (q, p) in book.items())
got = t.sql("SELECT (m).initial_margin, (m).maintenance_margin FROM (SELECT portfolio_margin(q, scenario_pnl(parse_symbol(c || '-USD-PERP', 'paradex'), contract_market(p), '2026-01-01', s)) AS m "
            f"FROM (VALUES {values}) AS v (c, q, p), scenario_set('fhs1') AS s) AS x")[0]
days, u = joint(list(COINS.values()), 400)
pnl = sum(q * p * numpy.expm1(filtered(u[:, j], 0.94)) for j, (q, p) in enumerate(book.values()))


def shortfall(losses, confidence):
    losses, mass = sorted(losses, reverse=True), len(losses) * (1 - confidence)
    whole = int(mass + 1e-9)
    return (math.fsum(losses[:whole]) + (mass - whole) * losses[whole]) / mass


t.close(got[0], shortfall(-pnl, 0.99), 1e-11, "expected shortfall of a hedged book in the filtered history, 99 %")
t.close(got[1], shortfall(-pnl, 0.975), 1e-11, "and 97.5 %")

# ---- macro factors ----
shocks = [{"label": "crash", "price_shock": -0.2, "vol_shock": 0.6, "weight": 0.5}, {"label": "rally", "price_shock": 0.1}, {"price_shock": -0.6, "vol_shock": -0.5}]
given = {"BTC": "BTCUSDT", "SOL": "SOLUSDT", "USDT": 0, "DOGE": {"price": 2.5, "vol": 1.5}}
t.value(f"SELECT add_macro_set('macro', '{json.dumps(shocks)}', '{json.dumps(given)}', 'SPX', 250)")
days, u = joint(["SPX", "BTCUSDT", "SOLUSDT"], 250)
x = numpy.expm1(u)
beta = {"BTC": (numpy.cov(x[:, 1], x[:, 0])[0, 1] / x[:, 0].var(ddof=1), 1), "SOL": (numpy.cov(x[:, 2], x[:, 0])[0, 1] / x[:, 0].var(ddof=1), 1), "USDT": (0, 1), "DOGE": (2.5, 1.5)}
stored = content("macro")
for name, (price, vol) in beta.items():
    near(factors(stored)[name], [max(price * s.get("price_shock", 0), -0.99) for s in shocks], 1e-12, f"macro: price shocks of {name}")
    near(factors(stored, "vol_shocks")[name], [max(vol * s.get("vol_shock", 0), -0.99) for s in shocks], 1e-12, f"macro: vol shocks of {name}")
t.ok(stored["scenarios"] == [{"label": "crash", "weight": 0.5}, {"label": "rally"}, {}], "macro: labels and weights", stored["scenarios"])
t.ok(factors(stored)["DOGE"][2] == -0.99, "macro: 2.5 times -60 % is the lowest")

# ---- correlations that break down ----
t.value(f"SELECT add_correlation_set('broken', '{json.dumps(COINS)}', '{{2,5}}', lookback => 400, horizon => 4)")
t.value(f"SELECT add_correlation_set('half', '{json.dumps(COINS)}', '{{3}}', 0.6, lookback => 400, lambda => 0.98)")
days, u = joint(list(COINS.values()), 400)
n = len(COINS)
plain = numpy.cov(u.T)
weights = 0.98 ** numpy.arange(len(u))[::-1]
ewma = (u * weights[:, None]).T @ u / weights.sum()
TARGET = {"together": 1.0, "apart": 0.0, "opposed": -1 / (n - 1)}


def moves(stored, deviations):
    """Shocks as rows of deviations of each factor."""
    table = numpy.array([factors(stored)[c] for c in COINS]).T
    return numpy.log1p(table) / deviations


def stressed(correlation, stress, target):
    matrix = (1 - stress) * correlation + stress * numpy.full((n, n), target)
    numpy.fill_diagonal(matrix, 1)
    return matrix


stored, sd = content("broken"), numpy.sqrt(numpy.diag(plain) * 4)
z, labels = moves(stored, sd), [s["label"] for s in stored["scenarios"]]
t.ok(len(labels) == 2 * 2 * (1 + n + n), f"broken: {len(labels)} scenarios")
for k in (2, 5):
    for sign in (1, -1):
        suffix = f" {'+' if sign > 0 else '-'}{k}"
        near(z[labels.index("together" + suffix)], sign * k * numpy.ones(n), 1e-9, f"together{suffix}: all by {k} deviations")
        for i, coin in enumerate(COINS):
            for kind in ("apart", "opposed"):
                # a column of the stressed matrix: the most likely move when coin i moves by k, and an eigenvector of it
                column = stressed(numpy.eye(n), 1, TARGET[kind])[:, i]
                got = z[labels.index(f"{kind} {coin}{suffix}")]
                near(got, sign * k * column, 1e-9, f"{kind} {coin}{suffix}")
                matrix = stressed(numpy.eye(n), 1, TARGET[kind])
                largest = numpy.linalg.eigvalsh(matrix)[-1]
                near(matrix @ got, largest * got, 1e-9, f"{kind} {coin}{suffix}: an eigenvector of the largest eigenvalue")
                t.close(got @ numpy.linalg.pinv(matrix) @ got, k * k, 1e-9, f"{kind} {coin}{suffix}: at distance {k}")

stored, sd = content("half"), numpy.sqrt(numpy.diag(ewma))
z, labels = moves(stored, sd), [s["label"] for s in stored["scenarios"]]
correlation = ewma / numpy.outer(sd, sd)
for kind, target in TARGET.items():
    matrix = stressed(correlation, 0.6, target)
    value, vector = numpy.linalg.eigh(matrix)
    t.ok(value[0] > -1e-12, f"{kind} to 60 %: positive semidefinite", value)
    for m in range(n):
        v = vector[:, n - 1 - m] * math.sqrt(value[n - 1 - m])
        v = v if v[numpy.argmax(numpy.abs(v))] > 0 else -v
        for sign in (1, -1):
            near(z[labels.index(f"{kind} {m + 1} {'+' if sign > 0 else '-'}3")], sign * 3 * v, 1e-8, f"{kind} to 60 %: eigenvector {m + 1}, {sign}")

# what breaks down: a spread that is hedged by the correlation
spread = {"BTC": 1 / 0.04, "ETH": -1 / 0.05, "SOL": 0.0}
made = json.loads(t.value("SELECT correlation_scenarios('{BTC,ETH,SOL}', '{0.04,0.05,0.06}')"))
loss = {s["label"]: -sum(spread[f["factor"]] * f["price_shocks"][i] for f in made["factors"]) for i, s in enumerate(made["scenarios"])}
t.ok(abs(loss["together -3"]) < 0.1 * loss["apart BTC -3"] and loss["opposed BTC -3"] > loss["apart BTC -3"], "a spread loses little when all move together, more apart, most opposed", loss)

# ---- filtered_returns by itself ----
for m, lam in ((1, 0.5), (2, 0.9), (49, 0.94), (51, 0.94), (400, 0.999)):
    u = rng.standard_t(4, m) * 0.02
    got = t.numbers(t.value(f"SELECT filtered_returns('{{{','.join(repr(float(x)) for x in u)}}}', {lam})"))
    near(got, filtered(u, lam), 1e-14, f"filtered_returns of {m}, lambda {lam}")
t.done()
