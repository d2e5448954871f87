"""Volatility beyond close to close, beside R's TTR, pandas, numpy and statsmodels; prints TAP.

Every row of TTR::volatility over its own series ttrc and over synthetic bars, the numbers that VECTORS
publishes of them, pandas' exponentially weighted moments, realised measures by numpy on minute
prices and on simulated days (are they unbiased? does the test for jumps have its size?), HAR by
statsmodels with its HAC errors, and states of volatility through the binary protocol.
"""
import io
import math
import random
import tempfile

import _tap as t

try:
    import numpy as np
    import pandas as pd
except ImportError:
    t.skip("volatility beyond close to close", "numpy and pandas are not installed")
    t.done()

# ours, TTR's calc and its more arguments, what TTR's n means in bars
ESTIMATORS = [
    ("close_to_close", "close", "", lambda n: n - 1),
    ("close_to_close_zero_mean", "close", ", mean0 = TRUE", lambda n: n - 1),
    ("parkinson", "parkinson", "", lambda n: n),
    ("garman_klass", "garman.klass", "", lambda n: n),
    ("garman_klass_yang_zhang", "gk.yz", "", lambda n: n),
    ("rogers_satchell", "rogers.satchell", "", lambda n: n),
    ("yang_zhang", "yang.zhang", "", lambda n: n)]
# rows 31, 100, 1000 and the last, N = 260
PUBLISHED = {
    ("close_to_close", 10): (0.192508273584315, 0.137073177402218, 0.134621928037095, 0.091833061380125),
    ("close_to_close", 30): (0.216916746031007, 0.196284024200572, 0.164898699846159, 0.120065345207193),
    ("close_to_close_zero_mean", 10): (None, 0.139901164759397, None, 0.0950068533560926),
    ("garman_klass", 10): (0.222997948211308, 0.176201836549827, 0.158369710586823, 0.150626056571854),
    ("garman_klass", 30): (0.249762978676764, 0.181154121533117, 0.156676418003282, 0.171803060859696),
    ("parkinson", 10): (0.21283014731673, 0.158555783415099, 0.148381687393462, 0.136137905591997),
    ("parkinson", 30): (0.239797862924888, 0.175183177970567, 0.153445157692887, 0.157875648738964),
    ("rogers_satchell", 10): (0.225112345622445, 0.182324994454537, 0.162536177030401, 0.1493459596005),
    ("rogers_satchell", 30): (0.254278393386426, 0.183540122392513, 0.158866355913076, 0.170799233690999),
    ("garman_klass_yang_zhang", 10): (0.226444535405989, 0.208698172710487, 0.16133080482636, 0.155349359180833),
    ("garman_klass_yang_zhang", 30): (0.253088330329394, 0.194204289059059, 0.16055402906835, 0.181015803470143),
    ("yang_zhang", 10): (0.223854221753362, 0.205937534180951, 0.159874701369852, 0.14853122337248),
    ("yang_zhang", 30): (0.250895610066785, 0.193257897809821, 0.160853007900858, 0.17307940380017)}


def random_walk(seed, n, sd=0.01):
    generator = random.Random(seed)
    price, rows = 50.0, []
    for _ in range(n):
        steps = [sd * generator.gauss(0, 1) for _ in range(6)]
        path = [price * math.exp(0.5 * steps[0])]
        for step in steps[1:]:
            path.append(path[-1] * math.exp(step))
        rows.append((path[0], max(path), min(path), path[-1]))
        price = path[-1]
    return rows


def our_vols(table, estimator, bars):
    rows = t.sql(f"SELECT rolling_vol(o, h, l, c, {bars}, '{estimator}', 260) OVER (ORDER BY i) FROM {table} ORDER BY i")
    return [float(v) if v else math.nan for v, in rows]


def ttr_vols(bars, ns):
    """{(estimator, n): every row}, or None."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("Open,High,Low,Close\n" + "".join(",".join(map(repr, bar)) + "\n" for bar in bars))
        file.flush()
        calls = "".join(f"w(volatility(x, n = {n}, calc = '{calc}', N = 260{more}));"
                        for _, calc, more, _ in ESTIMATORS for n in ns)
        printed = t.r(f"x <- as.matrix(read.csv('{file.name}')); "
                      f"w <- function(v) cat(sprintf('%.17g', v), '\\n'); {calls}", "TTR")
    if printed is None:
        return None
    lines = iter(printed.strip().split("\n"))
    return {(ours, n): [math.nan if v in ("NA", "NaN") else float(v) for v in next(lines).split()]
            for ours, *_ in ESTIMATORS for n in ns}


def check_bars(name, bars, ns):
    t.load("bars", "o float8, h float8, l float8, c float8", bars)
    theirs = ttr_vols(bars, ns)
    for estimator, _, _, bars_of in ESTIMATORS:
        for n in ns:
            got = our_vols("bars", estimator, bars_of(n))
            for row, want in zip((30, 99, 999, -1), PUBLISHED.get((estimator, n), ()) if name == "ttrc" else ()):
                if want is not None:
                    t.close(got[row], want, 1e-12, f"ttrc {estimator}, n = {n}: row {row + 1 or 'last'} as published")
            if theirs is None:
                t.skip(f"{name} {estimator}, n = {n}: every row as TTR", "R or TTR is not installed")
            else:
                t.all_close(got, theirs[estimator, n], 1e-12, f"{name} {estimator}, n = {n}: every row as TTR")


def by_numpy(bars, n):
    """Yang and Zhang with pandas' variances: a peer when there is no R."""
    o, h, l, c = map(pd.Series, np.array(bars).T)
    rs = (np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)).rolling(n).mean()
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    v = np.log(o / c.shift()).rolling(n).var() + k * np.log(c / o).rolling(n).var() + (1 - k) * rs
    return np.sqrt(260 * v)


# ---- rolling_vol over bars ----
path = t.shared("vectors/ttrc.csv")
if path is None:
    t.skip("ttrc", "no ../shared")
    ttrc = None
else:
    ttrc = [tuple(float(row[c]) for c in ("Open", "High", "Low", "Close")) for row in t.read_csv(path)]
    check_bars("ttrc", ttrc, (10, 30))
# not shorter: TTR subtracts what leaves a window, and of a sum of 0 the rounding errors stay, or their root is NaN
check_bars("random walk", random_walk(1, 1200), (10, 30, 250))
t.all_close(our_vols("bars", "yang_zhang", 20), by_numpy(random_walk(1, 1200), 20), 1e-11, "yang_zhang as pandas")

# ---- ewma_vol ----
def check_ewma(name, prices):
    t.load("prices", "p float8", [(p,) for p in prices])
    squares = np.log(pd.Series(prices)).diff() ** 2
    for column, arguments, pandas in (("ewma_vol", 0.94, {"alpha": 1 - 0.94}), ("ewma_vol", 0.97, {"alpha": 1 - 0.97}),
                                      ("ewma_vol_half_life", 11.2, {"halflife": 11.2}), ("ewma_vol_half_life", 250, {"halflife": 250})):
        rows = t.sql(f"SELECT {column}(p, {arguments}, 252) OVER (ORDER BY i) FROM prices ORDER BY i")
        t.all_close([float(v) if v else math.nan for v, in rows], np.sqrt(252 * squares.ewm(**pandas).mean()), 1e-11,
                    f"{name}: {column} {arguments} as pandas ewm of squares, every row")


check_ewma("random walk", [bar[3] for bar in random_walk(2, 3000)])
if ttrc:
    check_ewma("ttrc", [bar[3] for bar in ttrc])

# pandas' documented numbers are of adjust=False: the first value stands for all before it. So it does
# here, 3000 times; the mean follows from a second series that is moved up.
span, unit, shift = 10, 0.001, 0.03
x = [1.0] * 3000 + list(range(2, 51))
moments = []
for c in (0.0, shift):
    t.load("prices", "p float8", [(math.exp(s),) for s in np.concatenate([[0], np.cumsum(np.array(x) * unit + c)]) - 60])
    rows = t.sql(f"SELECT ewma_vol(p, {1 - 2 / (span + 1)!r}) OVER (ORDER BY i) FROM prices ORDER BY i DESC LIMIT 5")
    moments.append([float(v) ** 2 for v, in reversed(rows)])
got = []
for k, (m2, moved) in enumerate(zip(*moments)):
    mean = (moved - m2 - shift * shift) / (2 * shift)
    n, a = 46 + k, 2 / (span + 1)
    weights = [(1 - a) ** (n - 1)] + [a * (1 - a) ** (n - 1 - i) for i in range(1, n)]
    biased = math.sqrt(m2 - mean * mean) / unit
    got.append(biased / math.sqrt(1 - sum(w * w for w in weights)))
published = [5.238847011965334, 5.239698857997218, 5.240412715785011, 5.241010612981388, 5.2415111257915]
t.all_close(pd.Series(range(1, 51)).ewm(span=10, adjust=False).std()[-5:], published, 1e-13, "pandas span 10, published: the peer itself")
t.all_close(got, published, 1e-9, "pandas span 10, published: from two runs of ewma_vol")
t.close(biased, 4.972534054425702, 1e-9, "pandas span 10, biased")

# ---- realised measures ----
def measures(prices):
    """By the equations of doc/range_volatility.md."""
    a = np.abs(np.diff(np.log(prices)))
    m = len(a)
    rv = np.sum(a ** 2)
    bv = math.pi / 2 * m / (m - 1) * np.sum(a[1:] * a[:-1])
    med = np.median(np.stack([a[2:], a[1:-1], a[:-2]]), axis=0)
    medrv = math.pi / (6 - 4 * math.sqrt(3) + math.pi) * m / (m - 2) * np.sum(med ** 2)
    minrv = math.pi / (math.pi - 2) * m / (m - 1) * np.sum(np.minimum(a[1:], a[:-1]) ** 2)
    mu = 2 ** (2 / 3) * math.gamma(7 / 6) / math.gamma(1 / 2)
    tq = mu ** -3 * m * m / (m - 2) * np.sum((a[2:] * a[1:-1] * a[:-2]) ** (4 / 3))
    z = (1 - bv / rv) / math.sqrt((math.pi ** 2 / 4 + math.pi - 5) / m * max(1, tq / bv ** 2))
    return [m, rv, bv, medrv, minrv, tq, z, 0.5 * math.erfc(z / math.sqrt(2)), max(0, 1 - bv / rv)]


def check_measures(name, groups):
    t.load("ticks", "g integer, p float8", [(g, p) for g, prices in enumerate(groups) for p in prices])
    rows = t.sql("SELECT (realized_measures(p ORDER BY i)).* FROM ticks GROUP BY g ORDER BY g")
    want = [measures(prices) for prices in groups]
    for j, column in enumerate(("returns", "realized_variance", "bipower_variation", "median_realized_variance",
                                "minimum_realized_variance", "tripower_quarticity")):
        t.all_close([row[j] for row in rows], [w[j] for w in want], 1e-11, f"{name}: {column}")
    for j, column in ((6, "jump_statistic"), (7, "jump_p_value"), (8, "jump_share")):
        worst = max(abs(float(row[j]) - w[j]) for row, w in zip(rows, want))
        t.ok(worst < 1e-9, f"{name}: {column}", f"absolute error {worst:.3g}")
    return np.array(rows, dtype=float)


path = t.shared("data/crypto_minute_coinbase.csv.gz")
if path is None:
    t.skip("minute prices", "no ../shared")
else:
    minutes = {}
    for row in t.read_csv(path)[:60000]:
        key = (row.get("symbol") or row.get("instrument") or "", row[next(iter(row))][:10])
        minutes.setdefault(key, []).append(float(row["close"]))
    check_measures("minute prices", [p for p in minutes.values() if len(p) > 100 and len(set(p)) > 100])

# 1000 days of 300 steps with volatility 1 % a day: all estimate 1e-4, and the test finds 1 % at 1 %
generator = np.random.default_rng(20240229)
days = [np.exp(np.cumsum(np.concatenate([[4], s]))) for s in generator.normal(0, 0.01 / math.sqrt(300), (1000, 300))]
found = check_measures("simulated days", days)
for j, column, truth in ((1, "realized_variance", 1e-4), (2, "bipower_variation", 1e-4), (3, "median_realized_variance", 1e-4),
                         (4, "minimum_realized_variance", 1e-4), (5, "tripower_quarticity", 1e-8)):
    mean, error = found[:, j].mean(), found[:, j].std() / math.sqrt(len(found))
    t.ok(abs(mean - truth) < 4 * error, f"simulated days: {column} is unbiased", f"{mean} +- {error}, want {truth}")
size = (found[:, 7] < 0.01).mean()
t.ok(0.005 < size < 0.025, "simulated days: the test for jumps has its size", f"{size} of days below 0.01")
jumped = check_measures("days with a jump of 1 %", [np.where(np.arange(301) > 150, p * math.exp(0.01), p) for p in days[:300]])
t.ok((jumped[:, 7] < 0.01).mean() > 0.9, "a jump of a day's volatility is found")
t.ok(abs((jumped[:, 1] - found[:300, 1]).mean() / 1e-4 - 1) < 0.1, "it moves realized_variance by its square")
for j, column, most in ((2, "bipower_variation", 1.2), (3, "median_realized_variance", 1.02), (4, "minimum_realized_variance", 1.02)):
    ratio = jumped[:, j].mean() / found[:300, j].mean()
    t.ok(abs(ratio - 1) < most - 1, f"and hardly {column}", f"ratio {ratio}")

# ---- HAR ----
def check_har(name, values):
    try:
        import statsmodels.api as sm
    except ImportError:
        t.skip(f"{name}: HAR", "statsmodels is not installed")
        return
    t.load("variances", "v float8", [(v,) for v in values])
    row = t.sql("SELECT (har_fit(v ORDER BY i)).* FROM variances")[0]
    forecasts = t.numbers(t.value("SELECT har_forecast(har_fit(v ORDER BY i), 60) FROM variances"))
    v = pd.Series(values)
    x = sm.add_constant(pd.DataFrame({"d": v, "w": v.rolling(5).mean(), "m": v.rolling(22).mean()}).shift().dropna())
    ols = sm.OLS(v[22:], x).fit()
    lag = int(4 * ((len(v) - 22) / 100) ** (2 / 9))
    hac = sm.OLS(v[22:], x).fit(cov_type="HAC", cov_kwds={"maxlags": lag})
    t.ok(row[0] == "converged" and int(row[1]) == len(v) - 22 and int(row[8]) == lag, f"{name}: HAR status, rows, lag", row[:2], row[8])
    t.all_close(row[2:6], ols.params, 1e-9, f"{name}: HAR coefficients as statsmodels")
    t.all_close(t.numbers(row[6]), ols.bse, 1e-9, f"{name}: HAR standard errors as statsmodels")
    t.all_close(t.numbers(row[7]), hac.bse, 1e-8, f"{name}: HAR errors as statsmodels' HAC")
    t.close(row[9], ols.rsquared, 1e-9, f"{name}: HAR R squared")
    t.close(row[10], math.sqrt(ols.mse_resid), 1e-10, f"{name}: HAR residual sd")
    history = list(values)
    for _ in range(60):
        history.append(float(ols.params @ [1, history[-1], np.mean(history[-5:]), np.mean(history[-22:])]))
    t.all_close(forecasts, history[-60:], 1e-8, f"{name}: 60 forecasts")
    t.close(row[11], history[-60], 1e-9, f"{name}: forecast")


generator = random.Random(9)
log_variance, series = -9.0, []
for _ in range(1500):
    log_variance += 0.05 * (-9 - log_variance) + 0.25 * generator.gauss(0, 1)
    series.append(math.exp(log_variance + 0.3 * generator.gauss(0, 1)))
check_har("stochastic volatility", series)
if ttrc:
    check_har("ttrc, Parkinson's variance", [math.log(h / l) ** 2 / (4 * math.log(2)) for _, h, l, _ in ttrc])

# ---- states through the binary protocol, whole and broken ----
try:
    import psycopg2
except ImportError:
    t.skip("binary states", "psycopg2 is not installed")
    t.done()
connection = psycopg2.connect("")
connection.autocommit = True
cursor = connection.cursor()
cursor.execute("CREATE TABLE state (s margin_calib.volatility_state); INSERT INTO state SELECT margin_calib.volatility_state("
               "(sin(g) * 10 ^ (g % 40 - 20))::float8) FROM generate_series(1, 1000) AS g GROUP BY g % 5")
binary = io.BytesIO()
cursor.copy_expert("COPY state TO STDOUT (FORMAT binary)", binary)
cursor.execute("CREATE TABLE copy_of (s margin_calib.volatility_state)")
cursor.copy_expert("COPY copy_of FROM STDIN (FORMAT binary)", io.BytesIO(binary.getvalue()))
cursor.execute("SELECT array_agg(s::text ORDER BY s::text) FROM state UNION SELECT array_agg(s::text ORDER BY s::text) FROM copy_of")
t.ok(len(cursor.fetchall()) == 1, "states come back from COPY BINARY as they went")
good, outcomes = binary.getvalue(), {}
cursor.execute("TRUNCATE copy_of")
for attempt in range(1500):
    bad = bytearray(good)
    for _ in range(generator.choice((1, 1, 1, 2, 8))):
        # behind the header of the file
        at = generator.randrange(21, len(bad) - 2)
        bad[at] = generator.choice((0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)))
    try:
        cursor.copy_expert("COPY copy_of FROM STDIN (FORMAT binary)", io.BytesIO(bytes(bad)))
        outcomes["accepted"] = outcomes.get("accepted", 0) + 1
    except psycopg2.Error as problem:
        outcomes[problem.pgcode] = outcomes.get(problem.pgcode, 0) + 1
t.ok(set(outcomes) <= {"accepted", "22P03", "22P04", "08P01", "54000"} and outcomes.get("22P03", 0) > 500,
     "broken states are refused with 22P03, or by COPY", outcomes)
# what was accepted has results in order
cursor.execute("SELECT count(*) FROM copy_of WHERE NOT coalesce(margin_calib.volatility(s) >= 0, true) OR margin_calib.mean_return(s) IS NULL"
               " OR s::text::margin_calib.volatility_state::text <> s::text")
t.ok(cursor.fetchone()[0] == 0, "and what looks like a state behaves like one")
t.done()
