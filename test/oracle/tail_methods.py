"""Recompute tail methods, weighted tails and parametric tails from doc/tail_methods.md; prints TAP.

Peers: R's quantile, scipy, exact fractions for weighted tails, 40-digit likelihoods for the fit, and the
published numbers of ORE, PerformanceAnalytics, empyrical and Hull. What needs ../shared is skipped without it.
"""
import math
import random
import tempfile
from fractions import Fraction

import _tap as t

try:
    import numpy as np
    import scipy.stats as st
    from mpmath import mp, mpf
except ImportError as missing:
    t.skip("tail methods", f"{missing.name} is not installed")
    t.done()

mp.dps = 40
Z = {0.95: 1.6448536269514722, 0.975: 1.959963984540054, 0.99: 2.3263478740408408}


def near(got, want, absolute, name):
    t.ok(got not in (None, "") and abs(float(got) - want) <= absolute, name, f"got {got}, want {want} +- {absolute:g}")


def column(values, name="pnl"):
    t.load("sample", f"{name} float8", [(float(v),) for v in values])


def ask(*calls):
    return [float(x) if x else None for x in t.sql(f"SELECT {', '.join(calls)} FROM sample")[0]]


# --- synthetic series, made here
rng = random.Random(20240607)
heavy = [0.01 * rng.gauss(0, 1) / math.sqrt(rng.gammavariate(2, 0.5)) for _ in range(1500)]
skewed = [math.exp(0.3 * rng.gauss(0, 1)) - 1 for _ in range(800)]
level = [1e8 + 0.125 * rng.randrange(-40, 41) for _ in range(1000)]
SERIES = {"heavy": heavy, "skewed": skewed, "level 1e8": level}
edhec = t.shared("vectors/edhec_152x13.csv")
EDHEC = {}
if edhec:
    rows = t.read_csv(edhec)
    EDHEC = {k: [float(r[k]) for r in rows] for k in rows[0] if k}
    SERIES["edhec Convertible Arbitrage"] = EDHEC["Convertible Arbitrage"]
stocks = t.shared("vectors/eustockmarkets.csv")
if stocks:
    closes = t.read_csv(stocks)
    for k in ("DAX", "SMI", "CAC", "FTSE"):
        p = [float(r[k]) for r in closes]
        SERIES[k] = [math.log(b / a) for a, b in zip(p, p[1:])]
bench = t.shared("data/bench_series.csv.gz")
if bench:
    SERIES["BMW"] = [float(r["x"]) for r in t.read_csv(bench) if r["dataset"] == "bmwRet"]
    SERIES = {k: v for k, v in SERIES.items() if v}
ore = t.shared("vectors/ore_histsim_pnl_all_all.csv")
if ore:
    SERIES["ORE"] = [float(r["pnl"]) for r in t.read_csv(ore)]


def tail_parts(x, c):
    """n (1 - c) and the floor of (n - 1) (1 - c) of the decimal c, without rounding."""
    p = 1 - Fraction(str(c))
    return len(x) * p, math.floor((len(x) - 1) * p), (len(x) - 1) * p


def methods(x, c):
    losses = sorted((-v for v in x), reverse=True)
    mass, gaps, position = tail_parts(x, c)
    k = math.floor(mass)
    exact = [Fraction(v) for v in losses[:max(k, gaps) + 3]]
    at = float((sum(exact[:k]) + (mass - k) * exact[k]) / mass)
    var = losses[k]
    order = math.fsum(v for v in losses if v >= var) / sum(v >= var for v in losses)
    rest = position - gaps
    q = exact[gaps] if rest == 0 else exact[gaps] * (1 - rest) + exact[gaps + 1] * rest
    beyond = [v for v in losses if Fraction(v) > q]
    below = math.fsum(beyond) / len(beyond) if beyond else float(q)
    return [at, order, below, math.fsum(losses[:gaps + 1]) / (gaps + 1)]


NAMES = ["acerbi_tasche", "order_statistic", "below_var", "empyrical"]
for name, x in SERIES.items():
    column(x)
    for c in (0.9, 0.95, 0.975, 0.99, 0.995):
        t.all_close(ask(*(f"expected_shortfall(pnl, {c}, '{m}')" for m in NAMES)), methods(x, c), 1e-14,
                    f"four methods from exact fractions: {name} at {c}")
    v = [mpf(a) for a in x]
    mean = sum(v) / len(v)
    m2, m3, m4 = (sum((a - mean) ** k for a in v) / len(v) for k in (2, 3, 4))
    skew, kurt = m3 / m2 ** mpf(1.5), m4 / m2 ** 2 - 3
    n = len(v)
    got = ask("skewness(pnl)", "excess_kurtosis(pnl)", "skewness(pnl, 'sample')", "excess_kurtosis(pnl, 'sample')",
              "value_at_risk_normal(pnl, 0.99)", "expected_shortfall_normal(pnl, 0.99)")
    scale = max(1, float(kurt + 3))
    near(got[0], float(skew), 4e-15 * max(1, abs(float(skew))), f"skewness in 40 digits: {name}")
    near(got[1], float(kurt), 4e-15 * scale, f"excess kurtosis in 40 digits: {name}")
    near(got[2], float(skew * mp.sqrt(n * (n - 1)) / (n - 2)), 6e-15 * max(1, abs(float(skew))), f"G1: {name}")
    near(got[3], float(((n + 1) * kurt + 6) * (n - 1) / ((n - 2) * (n - 3))), 6e-15 * scale, f"G2: {name}")
    c = mpf(0.99)
    z = mp.sqrt(2) * mp.erfinv(2 * c - 1)
    size = abs(float(mean)) + float(mp.sqrt(m2))
    near(got[4], float(z * mp.sqrt(m2) - mean), 4e-15 * size, f"normal VaR in 40 digits: {name}")
    near(got[5], float(mp.npdf(z) / (1 - c) * mp.sqrt(m2) - mean), 6e-15 * size, f"normal ES in 40 digits: {name}")
    q = st.norm.ppf(0.01)
    S, K = float(skew), float(kurt)
    h = q + (q * q - 1) * S / 6 + (q ** 3 - 3 * q) * K / 24 - (2 * q ** 3 - 5 * q) * S * S / 36
    # Boudt et al. by their integrals: I_q = h^q phi + q I_(q-2), even q; the odd ones without Phi
    phi = st.norm.pdf(h)
    i2 = h * h * phi + 2 * phi
    i4 = h ** 4 * phi + 4 * i2
    i6 = h ** 6 * phi + 6 * i4
    e = phi + (i4 - 6 * i2 + 3 * phi) * K / 24 + h ** 3 * phi * S / 6 + (i6 - 15 * i4 + 45 * i2 - 15 * phi) * S * S / 72
    want = [-float(mean) - h * float(mp.sqrt(m2)), -float(mean) - float(mp.sqrt(m2)) * min(-e / 0.01, h)]
    t.all_close(ask("value_at_risk_cornish_fisher(pnl, 0.99)", "expected_shortfall_cornish_fisher(pnl, 0.99)"),
                want, 1e-12, f"Cornish-Fisher VaR and ES: {name}")

# --- quantile types of R, at 1e-15 of the largest return, both tails
for name in ("DAX", "BMW", "heavy"):
    if name not in SERIES:
        t.skip(f"nine quantile types: {name}", "no ../shared")
        continue
    x = SERIES[name]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(map(repr, x)))
        file.flush()
        out = t.r(f"x <- -scan('{file.name}', quiet = TRUE); for (p in c(0.95, 0.975, 0.99, 0.999)) for (k in 1:9) cat(quantile(x, p, type = k, names = FALSE), '')")
    if out is None:
        t.skip(f"nine quantile types: {name}", "R is not installed")
        continue
    column(x)
    got = ask(*(f"value_at_risk(pnl, {p}, 'type{k}')" for p in (0.95, 0.975, 0.99, 0.999) for k in range(1, 10)))
    want = [float(w) for w in out.split()]
    worst = max(abs(g - w) for g, w in zip(got, want))
    t.ok(len(want) == 36 and worst <= 1e-15, f"nine quantile types, four levels, as R: {name}", f"worst {worst:.3g}")

# --- published numbers
if stocks:
    column(SERIES["DAX"])
    want = [-0.0278941886915884] * 3 + [-0.0279100466010968, -0.0278722035015198, -0.0279096598228161,
                                        -0.0277525063555907, -0.0278970250656468, -0.0278954457210007]
    got = ask(*(f"value_at_risk(-pnl, 0.01, 'type{k}')" for k in range(1, 10)), "value_at_risk(-pnl, 0.025, 'linear')",
              "percentile_cont(0.01) WITHIN GROUP (ORDER BY pnl)", "value_at_risk(-pnl, 0.01, 'type7')")
    for k in range(9):
        near(got[k], want[k], 1e-15, f"DAX 1 % quantile, type {k + 1}")
    near(got[9], -0.0208396355375977, 1e-15, "DAX 2.5 % quantile, type 7")
    near(got[10], got[11], 1e-17, "percentile_cont is type 7")
    for k, q95, q99, mean, sd in (("DAX", 1.577884480, 2.775250636, 0.06520417477, 1.0300836599),
                                  ("SMI", 1.398170779, 2.554688750, 0.08178996553, 0.9250036010),
                                  ("CAC", 1.733556922, 2.811374851, 0.04370539869, 1.1030875025),
                                  ("FTSE", 1.256236360, 2.060654804, 0.04319850766, 0.7957727825)):
        column([100 * v for v in SERIES[k]])
        t.all_close(ask("value_at_risk(pnl, 0.95, 'type7')", "value_at_risk(pnl, 0.99, 'type7')"), [q95, q99], 1e-9, f"{k}: loss quantiles")
        n = len(SERIES[k])
        t.close(ask("value_at_risk_normal(pnl, 0.99)")[0], Z[0.99] * sd * math.sqrt((n - 1) / n) - mean, 1e-9, f"{k}: normal VaR of the table's moments")
else:
    t.skip("EuStockMarkets", "no ../shared")
if "BMW" in SERIES:
    column(SERIES["BMW"])
    for c, w7, w6, w1 in ((0.95, 0.02125410625, 0.02128310915, 0.021268204), (0.99, 0.04079756710, 0.04105799142, 0.040869145),
                          (0.999, 0.07818380065, 0.08082836748, 0.078212080)):
        t.all_close(ask(*(f"value_at_risk(pnl, {c}, 'type{k}')" for k in (7, 6, 1))), [w7, w6, w1], 1e-9, f"BMW loss quantiles at {c}")
else:
    t.skip("BMW", "no ../shared")
if ore:
    column(SERIES["ORE"])
    t.all_close(ask("-value_at_risk(pnl, 0.99)", "-value_at_risk(pnl, 0.95)", "value_at_risk(-pnl, 0.95)", "value_at_risk(-pnl, 0.99)",
                    "-expected_shortfall(pnl, 0.99, 'order_statistic')", "-expected_shortfall(pnl, 0.95, 'order_statistic')",
                    "value_at_risk(-pnl, 0.01, 'type7')", "expected_shortfall(pnl, 0.99)", "expected_shortfall(pnl, 0.95)"),
                [-874503.346996, -629899.117052, 552878.307798, 846747.819325, -949845.987415, -777808.702398,
                 -872902.9945021, 958802.804807, 778843.035163], 1e-12, "ORE HistSimVar")
else:
    t.skip("ORE HistSimVar", "no ../shared")
if EDHEC:
    first = EDHEC["Convertible Arbitrage"]
    column(first[:100])
    t.all_close(ask("value_at_risk_normal(pnl, 0.95)", "value_at_risk_cornish_fisher(pnl, 0.95)", "value_at_risk(pnl, 0.95, 'linear')",
                    "expected_shortfall_normal(pnl, 0.95)", "expected_shortfall(pnl, 0.95, 'below_var')"),
                [0.01213301831, 0.01467439668, 0.014095, 0.01713253692, 0.02408], 1e-9, "PerformanceAnalytics, edhec 1 to 100")
    column(first)
    for c, want in ((0.99, [0.0400749794, 0.1009222712, 0.066592, 0.04684598078, 0.1132, 0.1165157895]),
                    (0.975, [0.03275414082, 0.05934267587, 0.0316225, 0.04030386394, 0.0725, 0.07464736842])):
        t.all_close(ask(f"value_at_risk_normal(pnl, {c})", f"value_at_risk_cornish_fisher(pnl, {c})", f"value_at_risk(pnl, {c}, 'linear')",
                        f"expected_shortfall_normal(pnl, {c})", f"expected_shortfall(pnl, {c}, 'below_var')", f"expected_shortfall(pnl, {c})"),
                    want, 1e-9, f"edhec, all rows, {c}")
    matrix = np.array([EDHEC[k][:100] for k in list(EDHEC)[:3]])
    cov = "{" + ",".join("{" + ",".join(map(repr, map(float, row))) + "}" for row in np.cov(matrix)) + "}"
    parts = t.numbers(t.value(f"SELECT component_value_at_risk('{{0.3,0.4,0.3}}', '{cov}', 0.95, '{{{','.join(map(repr, map(float, matrix.mean(1))))}}}')"))
    near(sum(parts), 0.0129156402, 1e-10, "PerformanceAnalytics, component VaR: the sum")
    w = np.array([0.3, 0.4, 0.3])
    cw = np.cov(matrix) @ w
    t.all_close(parts, w * (Z[0.95] * cw / math.sqrt(w @ cw) - matrix.mean(1)), 1e-12, "the components by numpy")
    table = {"Convertible Arbitrage": (0.0064085526, 0.0200473874, -2.68365668, 16.17818540, 0.02645782, 0.03247395, 0.01916000),
             "CTA Global": (0.0064894737, 0.0251309001, 0.13447513, -0.11333033, 0.03471098, 0.03380228, 0.03540000),
             "Distressed Securities": (0.0079532895, 0.0183479104, -1.67458599, 6.43900073, 0.02212690, 0.02749240, 0.01887500),
             "Emerging Markets": (0.0082460526, 0.0385714352, -1.25751017, 5.10259648, 0.05498927, 0.06363081, 0.04460500),
             "Equity Market Neutral": (0.0060026316, 0.0090058182, -2.74759649, 17.40726012, 0.00876181, 0.01134637, 0.00638500),
             "Event Driven": (0.0076223684, 0.0183504739, -1.71836163, 6.11307801, 0.02246202, 0.02812515, 0.02254000),
             "Fixed Income Arbitrage": (0.0042309211, 0.0141712947, -3.70720756, 19.51023398, 0.01900198, 0.02467910, 0.00929000),
             "Global Macro": (0.0076723684, 0.0170196233, 0.81531045, 1.76575142, 0.02023018, 0.01548247, 0.01624000),
             "Long/Short Equity": (0.0077598684, 0.0221738174, -0.38182823, 1.24647223, 0.02859264, 0.03037494, 0.02544000),
             "Merger Arbitrage": (0.0067848684, 0.0111682720, -1.64741428, 5.79323839, 0.01152478, 0.01486869, 0.01345500),
             "Relative Value": (0.0067013158, 0.0131946808, -2.10185743, 9.16462985, 0.01493049, 0.01926435, 0.01317500),
             "Short Selling": (0.0041611842, 0.0550991713, 0.57776062, 2.24858168, 0.08617027, 0.07431463, 0.07848000),
             "Funds of Funds": (0.0059184211, 0.0182119582, -0.45935275, 3.29931038, 0.02393888, 0.02502852, 0.02126500)}
    for k, (mean, sd, skew, kurt, gaussian, modified, historical) in table.items():
        column(EDHEC[k])
        got = ask("skewness(pnl)", "excess_kurtosis(pnl)", "value_at_risk_normal(pnl, 0.95)", "value_at_risk_cornish_fisher(pnl, 0.95)",
                  "value_at_risk(pnl, 0.95, 'linear')", "avg(pnl)", "stddev_samp(pnl)")
        worst = max(abs(g - w) for g, w in zip(got, (skew, kurt, gaussian, modified, historical, mean, sd)))
        t.ok(worst <= 6e-9, f"edhec table: {k}", f"worst {worst:.3g}")
else:
    t.skip("edhec", "no ../shared")

# empyrical's tests of value_at_risk; its expected shortfall by its own lines
for x, tests in (([1, 2], [(0.3, 1.3)]), ([1, 81, 82, 83, 84, 85], [(0.1, 41), (0.2, 81), (0.3, 81.5)])):
    column(x)
    for cutoff, want in tests:
        near(ask(f"-value_at_risk(pnl, {1 - cutoff!r}, 'linear')")[0], want, 1e-13, f"empyrical value_at_risk {x} at {cutoff}")
for cutoff in (0.011, 0.05, 0.1, 0.37):
    column(heavy)
    index = int((len(heavy) - 1) * cutoff)
    t.close(ask(f"-expected_shortfall(pnl, {1 - cutoff!r}, 'empyrical')")[0], np.mean(np.partition(heavy, index)[:index + 1]), 1e-13,
            f"empyrical conditional_value_at_risk at {cutoff}")

def student_t_tail(nu, c, start):
    """VaR and ES of T in 40 digits, from a quantile near by: scipy's has 9."""
    nu, c, q = mpf(nu), mpf(c), mpf(float(start))
    constant = mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2

    def pdf(x):
        return mp.exp(constant - (nu + 1) / 2 * mp.log1p(x * x / nu))

    for _ in range(4):
        upper = mp.betainc(nu / 2, mpf(1) / 2, 0, nu / (nu + q * q), regularized=True) / 2
        q += (upper - (1 - c)) / pdf(q)
    return [float(q), float(pdf(q) / (1 - c) * (nu + q * q) / (nu - 1))]


# analytic
rows = t.sql("""SELECT (normal_tail(0, 1, 0.975)).*, (normal_tail(0, 1, 0.99)).*, (student_t_tail(0, 1, 3, 0.975)).*,
                (student_t_tail(0, 1, 5, 0.975)).*, (student_t_tail(0, 1, 10, 0.975)).*,
                -5000 + sqrt(0.5e8) * cornish_fisher_quantile(0.99, -sqrt(8), 12)""")[0]
t.all_close([rows[1], rows[2], rows[4]], [1.9599639845400545, 2.337802792201413, 2.3263478740408408], 2e-15, "N(0,1)")
t.all_close([rows[7], rows[8], rows[10], rows[11], rows[13], rows[14]], [3.182446, 5.039583, 2.570582, 3.521577, 2.228139, 2.818998], 2e-7, "t3, t5, t10")
t.close(rows[15], -4707.882373042, 1e-12, "delta-gamma to fourth order: ORE")
for nu in (1.3, 2.5, 4, 30, 31, 77, 1000):
    for c in (0.6, 0.975, 0.9999):
        got = t.sql(f"SELECT (student_t_tail(0, 1, {nu}, {c})).*")[0]
        t.all_close(got[1:], student_t_tail(nu, c, got[1]), 2e-13, f"t{nu} at {c} in 40 digits")

# --- weighted: exact fractions of the very doubles
def weighted(pairs, c):
    pairs = sorted(((Fraction(-x), Fraction(w)) for x, w in pairs if w > 0), reverse=True)
    total = sum(w for _, w in pairs)
    left = mass = total * (1 - Fraction(c))
    es = Fraction(0)
    for loss, w in pairs[:-1]:
        if w > left:
            break
        left -= w
        es += w * loss
    else:
        loss = pairs[-1][0]
    return float(loss), float((es + left * loss) / mass)


for trial in range(12):
    n = rng.randrange(2, 600)
    x = [rng.choice(heavy) for _ in range(n)]
    w = [rng.random() ** rng.choice((1, 8)) * 10.0 ** rng.randrange(-3, 3) if rng.random() > 0.1 else 0.0 for _ in range(n)]
    w[0] = 1.0
    c = rng.choice((0.6, 0.913, 0.975, 0.99))
    t.load("sample", "pnl float8, weight float8", list(zip(x, w)))
    got = ask(f"value_at_risk_weighted(pnl, weight, {c})", f"expected_shortfall_weighted(pnl, weight, {c})")
    t.all_close(got, weighted(list(zip(x, w)), c), 1e-15, f"weighted VaR and ES in exact fractions: n = {n}, {c}")
for n, decay, c in ((300, 0.94, 0.975), (1500, 0.995, 0.99), (1500, 0.999, 0.95), (40, 0.5, 0.9)):
    column(heavy[:n])
    got = ask(f"value_at_risk_age_weighted(pnl, {c}, {decay} ORDER BY i)", f"expected_shortfall_age_weighted(pnl, {c}, {decay} ORDER BY i)")
    # 200 bits are enough for a power
    weights = [Fraction(int(mpf(decay) ** (n - 1 - i) * mpf(2) ** 200), 2 ** 200) for i in range(n)] if decay != 0.5 else [Fraction(1, 2 ** (n - 1 - i)) for i in range(n)]
    t.all_close(got, weighted(list(zip(heavy[:n], weights)), c), 1e-14, f"age-weighted VaR and ES: n = {n}, decay {decay}, {c}")
hull = {494: 477841, 339: 345435, 349: 282204, 329: 277041, 487: 253385}
column([-hull.get(i, -1000) for i in range(1, 501)])
got = ask("value_at_risk_age_weighted(pnl, 0.99, 0.995 ORDER BY i)", "expected_shortfall_age_weighted(pnl, 0.99, 0.995 ORDER BY i)")
t.ok(got[0] == 282204 and abs(got[1] - 400914) < 0.5, "Hull, weighting of observations: 282,204 and 400,914", got)


# --- the fit of Student's t: likelihood in 40 digits, and scipy's optimum is no better
def log_likelihood(x, m, s, nu):
    m, s, nu = map(mpf, (m, s, nu))
    return (len(x) * (mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2 - mp.log(s))
            - (nu + 1) / 2 * sum(mp.log1p(((mpf(v) - m) / s) ** 2 / nu) for v in x))


for name, x in SERIES.items():
    column(x)
    status, n, *fit = t.sql("SELECT (student_t_fit(pnl)).* FROM sample")[0]
    m, s, nu, ll = map(float, fit)
    sd = float(np.std(x))
    if math.isinf(nu):
        near(ll, float(np.sum(st.norm.logpdf(np.array(x), m, s))), 1e-9 * abs(ll), f"normal limit, its likelihood: {name}")
        t.ok(float(st.kurtosis(np.array(x) - np.mean(x))) <= 0.01, f"and no excess kurtosis: {name}")
    else:
        t.ok(status in ("converged", "boundary") and int(n) == len(x), f"fit: {name}: {status}")
        t.close(ll, float(log_likelihood(x[:], m, s, nu)), 1e-12, f"log likelihood in 40 digits: {name}")
    centred = (np.array(x) - np.mean(x)) / sd
    peer = st.t.fit(centred)
    peer_ll = float(np.sum(st.t.logpdf(centred, *peer))) - len(x) * math.log(sd)
    t.ok(ll >= peer_ll - 1e-9 * abs(peer_ll), f"not below scipy's optimum: {name}", f"{ll} {peer_ll} {peer}")
    if status == "converged":
        t.ok(abs(ll - peer_ll) < 1e-4, f"and near it: {name}", f"{ll} {peer_ll}")
        got = ask("value_at_risk_student_t(pnl, 0.99)", "expected_shortfall_student_t(pnl, 0.99)", "value_at_risk_student_t(pnl, 0.99, 4)")
        q, es = student_t_tail(nu, 0.99, st.t.ppf(0.99, nu))
        t.all_close(got[:2], [s * q - m, s * es - m], 1e-12, f"tail of the fit: {name}")
        given = st.t.fit(centred, f0=4)
        t.close(got[2], -(np.mean(x) + sd * (given[1] + given[2] * st.t.ppf(0.01, 4))), 2e-4, f"4 degrees of freedom, given, as scipy: {name}")
t.done()
