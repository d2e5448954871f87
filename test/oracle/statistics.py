"""Every published number of the statistics, asked for as a user would ask: one query each, tables of raw observations.

The families have recomputations of their own; here only the SQL stands between the table and the published value. Numbers come
from: NIST StRD; Fiorentini, Calzolari and Panattoni (1996), arch, fGarch, QuantLib and Hull (GARCH); TTR (bars); McNeil (1997) and
Hull (EVT); PerformanceAnalytics, ORE, R's quantile and quantreg (tails); Kupiec (1995), Basel, Acerbi and Szekely (backtests);
Higham, scikit-learn, Bacon, empyrical (dependence, ratios). Tolerances are relative, "abs" where the source rounds to decimals.
"""
import math

import _tap as t

CHECKS = []


def check(name, query, want, tolerance=1e-12, absolute=False):
    """query: one row; want: its numbers, None for NULL, text as it is."""
    CHECKS.append((name, " ".join(query.split()), want if isinstance(want, (list, tuple)) else [want], tolerance, absolute))


def wrong_by(got, want, absolute):
    if want is None or isinstance(want, str):
        return 0.0 if got == (want or "") else math.inf
    if got == "":
        return math.inf
    return abs(float(got) - want) if absolute else t.error(got, want)


def run():
    rows = t.sql("".join(query + ";\n" for _, query, *_ in CHECKS))
    if not t.ok(len(rows) == len(CHECKS), "one row a query", f"{len(rows)} rows for {len(CHECKS)} queries"):
        return
    for (name, query, want, tolerance, absolute), row in zip(CHECKS, rows):
        errors = [wrong_by(g, w, absolute) for g, w in zip(row, want)]
        t.ok(len(row) == len(want) and max(errors) <= tolerance, name, f"got {row}", f"want {want}", f"errors {errors}", query)


def fit(call, table, columns):
    return f"SELECT {columns} FROM (SELECT ({call}).* FROM {table}) AS fit"


# ---------------------------------------------------------------- numbers that need no table

SIX = [5.0251679268, 1.1764911353, 0.1084352162, 0.0949401227, 0.7691383644, 1.9568097882, 3.5553547711, 5.4969904478, 7.7335507245,
       10.2290306326, 12.9554910624]
SIX_P = [.0249815, .2780715, .7419327, .7579883, .3804837, .1618549, .0593536, .0190492, .0054204, .0013825, .000319]
check("Kupiec: statistics of 0 to 10 exceptions in 250",
      "SELECT " + ", ".join(f"(kupiec_test_counts({x}, 250, 0.99)).statistic" for x in range(11)), SIX, 1e-9)
check("Kupiec: their p-values",
      "SELECT " + ", ".join(f"(kupiec_test_counts({x}, 250, 0.99)).p_value" for x in range(11)), SIX_P, 5.1e-8, True)
# x such that l < x < u is not rejected at 5 % (Kupiec 1995, table 3)
KUPIEC = {0.01: ((0, 7), (1, 11), (4, 17)), 0.025: ((2, 12), (6, 21), (15, 36)), 0.05: ((6, 21), (16, 36), (37, 65)),
          0.075: ((11, 28), (27, 51), (59, 92)), 0.10: ((16, 36), (38, 65), (81, 120))}
for p, regions in KUPIEC.items():
    for n, (low, high) in zip((255, 510, 1000), regions):
        # the table gives no lower end for p = .01 and n = 255; none at all has a statistic of 5.13 there
        inside = (str(low + 1), str(high - 1))
        check(f"Kupiec's table: p = {p}, n = {n}", f"""SELECT min(x), max(x) FROM generate_series(0, {n}) x
              WHERE (kupiec_test_counts(x, {n}, 1 - {p}::numeric)).p_value > 0.05""", inside)
check("Basel: cumulative probabilities of 0 to 10 exceptions, percent",
      "SELECT " + ", ".join(f"100 * (traffic_light_counts({x}, 250, 0.99)).cumulative_probability" for x in range(11)),
      [8.1059, 28.5752, 54.3169, 75.8117, 89.2188, 95.8817, 98.6299, 99.5975, 99.8943, 99.9750, 99.9946], 5.1e-5, True)
for n, c, green, red in ((250, 0.99, 4, 10), (250, 0.975, 10, 17), (1000, 0.99, 14, 24), (365, 0.99, 6, 13), (730, 0.99, 11, 19), (250, 0.995, 2, 7)):
    check(f"Basel: zones of {n} at {c}", f"SELECT * FROM traffic_light_zones({n}, {c})", [float(green), float(red)], 0)
check("e-process for value at risk: the definition", """SELECT e_process_var(-l, 2.32634787404084, 0.99, 0.02 ORDER BY i) FROM
      unnest('{0.5,1.2,2.6,0.1,3.5,-0.2,2.4,0}'::float8[]) WITH ORDINALITY u (l, i)""", 23.9209911668, 1e-10)
check("e-process for value at risk: every row", """SELECT array_to_string(array_agg(e ORDER BY i), chr(31)) FROM (SELECT i, e_process_var(-l, 2.32634787404084, 0.99, 0.02)
      OVER (ORDER BY i) AS e FROM unnest('{0.5,1.2,2.6,0.1,3.5,-0.2,2.4,0}'::float8[]) WITH ORDINALITY u (l, i)) q""",
      [.98, .9604, 2.861992, 2.80475216, 8.3581614368, 8.19099820806, 24.40917466, 23.9209911668], 1e-9)
check("e-process for expected shortfall: every row", """SELECT array_to_string(array_agg(e ORDER BY i), chr(31)) FROM (SELECT i, e_process_es(-l, 1.95996398454,
      2.3378027922, 0.975, 0.02) OVER (ORDER BY i) AS e FROM unnest('{0.5,1.2,2.6,0.1,3.5,-0.2,2.4,0}'::float8[]) WITH ORDINALITY u (l, i)) q""",
      [.98, .9604, 2.24267946351, 2.19782587424, 9.32037726098, 9.13396971576, 17.461322764, 17.1120963087], 1e-9)
check("adaptive conformal inference: every level", """SELECT array_to_string(array_agg(1 - c ORDER BY i), chr(31)) FROM (SELECT i, adaptive_conformal_level(e = 1, 0.99, 0.005)
      OVER (ORDER BY i) AS c FROM unnest('{0,0,1,0,1,1,0,0,0,0}'::int[]) WITH ORDINALITY u (e, i)) q""",
      [.01005, .0101, .00515, .0052, .00025, -.0047, -.00465, -.0046, -.00455, -.0045], 1e-12, True)
CHRISTOFFERSEN = """SELECT {} FROM (SELECT (christoffersen_test(CASE WHEN i = ANY ('{}'::int[]) THEN -2 ELSE 0 END, 1, 0.99 ORDER BY i)).*
      FROM generate_series(0, {}) i) q"""
check("Christoffersen, 8 exceptions of 500", CHRISTOFFERSEN.format(
      "n00, n01, n10, n11, coverage_statistic, independence_statistic, statistic", "{20,21,100,250,251,252,400,499}", 499),
      [487.0, 5.0, 4.0, 3.0, 1.5382767287717, 16.6015499114648, 18.1398266402365], 1e-12)
check("Christoffersen, 8 exceptions of 500: p-values", CHRISTOFFERSEN.format(
      "coverage_p_value, independence_p_value, p_value", "{20,21,100,250,251,252,400,499}", 499), [.214874493, 4.6113321e-05, 1.1507651e-04], 3e-8)
check("Christoffersen without successive exceptions", CHRISTOFFERSEN.format(
      "n00, n01, n10, n11, coverage_statistic, independence_statistic, statistic", "{10,60,120,200}", 249),
      [241.0, 4.0, 4.0, 0.0, .7691383643858, .1306180480877, .8997564124735], 1e-11)
for nu, want in (("Infinity", -0.7007), ("3", -0.815), ("5", -0.738), ("10", -0.710), ("100", -0.700)):
    check(f"Acerbi and Szekely: Z2 at 5 %, t {nu}", f"SELECT acerbi_szekely_critical('z2', 250, 0.975, '{nu}', 0.05)", want, 0.01, True)
for nu, want in (("Infinity", -1.79), ("5", -2.00), ("10", -1.79), ("100", -1.75)):
    check(f"Acerbi and Szekely: Z2 at 0.01 %, t {nu}", f"SELECT acerbi_szekely_critical('z2', 250, 0.975, '{nu}', 0.0001, 4000000)", want, 0.1, True)
# -4.4 published; 8,000,000 paths of another simulation give -4.57, and 400,000 have 40 beyond it
check("Acerbi and Szekely: Z2 at 0.01 %, t 3", "SELECT acerbi_szekely_critical('z2', 250, 0.975, '3', 0.0001, 4000000)", -4.57, 0.15, True)
for nu, want in (("Infinity", -0.114), ("3", -0.43), ("5", -0.26), ("10", -0.17)):
    check(f"Acerbi and Szekely: Z1 at 5 %, t {nu}", f"SELECT acerbi_szekely_critical('z1', 250, 0.975, '{nu}', 0.05)", want, 0.01, True)

check("the normal tail", "SELECT value_at_risk, expected_shortfall, (normal_tail(0, 1, 0.99)).value_at_risk FROM normal_tail(0, 1, 0.975)",
      [1.9599639845400545, 2.337802792201413, 2.3263478740408408], 1e-14)
for nu, v, e in ((3, 3.182446, 5.039583), (5, 2.570582, 3.521577), (10, 2.228139, 2.818998)):
    check(f"the tail of t {nu}", f"SELECT value_at_risk, expected_shortfall FROM student_t_tail(0, 1, {nu}, 0.975)", [v, e], 5.1e-7, True)
check("delta-gamma: Cornish-Fisher of -5000 u^2 (ORE's deltagammavar)",
      "SELECT -5000 + 5000 * sqrt(2) * cornish_fisher_quantile(0.99, -2 * sqrt(2), 12)", -4707.882373042, 1e-12)
check("five points: expected shortfall 3.8", "SELECT expected_shortfall(-x, 0.75), expected_shortfall(-x, 0.75, 'order_statistic') FROM generate_series(0, 4) x",
      [3.8, 3.5], 1e-15)
for values, cutoff, want in (("1,2", 0.3, 1.3), ("1,81,82,83,84,85", 0.1, 41), ("1,81,82,83,84,85", 0.2, 81), ("1,81,82,83,84,85", 0.3, 81.5)):
    check(f"empyrical: value at risk of {values} at {cutoff}", f"SELECT -value_at_risk(x, 1 - {cutoff}, 'linear') FROM unnest('{{{values}}}'::float8[]) x", want, 1e-14)
check("Hull: EWMA and GARCH steps", """SELECT garch_next_variance(garch_model(0, 0.1, 0.9), 0.01^2, 0.02), sqrt(garch_next_variance(garch_model(0, 0.1, 0.9), 0.01^2, 0.02)),
      garch_next_variance(garch_model(2e-6, 0.13, 0.86), 0.016^2, 0.01), sqrt(garch_next_variance(garch_model(2e-6, 0.13, 0.86), 0.016^2, 0.01)),
      (garch_model(2e-6, 0.13, 0.86)).unconditional_variance""", [0.00013, 0.01140175, 0.00023516, 0.015334927, 0.0002], 5e-7)
check("QuantLib: the recursion of its GARCH test", """SELECT array_to_string(v[:10], chr(31)) FROM garch_filter(array_fill(0.1::float8, '{10}'),
      garch_model(0.2, 0.2, 0.3, presample => 'sample_variance')) v""",
      [0.452769, 0.513323, 0.530141, 0.5350841, 0.536558, 0.536999, 0.537132, 0.537171, 0.537183, 0.537187], 1e-6, True)
check("Hull: extreme values", """SELECT value_at_risk(m, 0.99), value_at_risk(m, 0.999), expected_shortfall(m, 0.99)
      FROM (SELECT ROW (NULL, NULL, 160, 500, 22, 0.436, NULL, 32.532, NULL, NULL)::gpd_model AS m) q""", [227.7393, 473.8662, 337.7860], 5.1e-5, True)
check("Higham: the nearest correlation matrix", """SELECT m[1][2], m[1][3], m[2][3], sqrt((SELECT sum((m[i][j] - a[i][j])^2) FROM generate_series(1, 3) i,
      generate_series(1, 3) j)) FROM (SELECT a, nearest_correlation(a) AS m FROM (SELECT '{{1,1,0},{1,1,1},{0,1,1}}'::float8[] AS a) q) q""",
      [.7606898534022, .1572981061384, .7606898534022, .5277904635818], 1e-9)

BACON = "unnest('{0.3,2.6,1.1,-1.0,1.5,2.5,1.6,6.7,-1.4,4.0,-0.5,8.1,4.0,-3.7,-6.1,1.7,-4.9,-2.2,7.0,5.8,-6.5,2.4,-0.5,-0.9}'::float8[]) p"
check("Bacon's portfolio", f"SELECT downside_deviation(p / 100, 0.005), downside_potential(p / 100, 0.005), sortino_ratio(p / 100, 0.005) FROM {BACON}",
      [.0255367382, .0137083333, .1566370757], 5e-9)
check("four returns: Sortino", "SELECT sortino_ratio(r, 0) FROM unnest('{0.01,-0.02,0.03,-0.01}'::float8[]) r", .2236067977, 1e-9)
# empyrical's first return is NaN: a NULL here. Its Calmar ratio counts that row as a period, ours does not.
MIXED = "unnest('{NULL,1,10,-4,2,3,2,1,-10}'::float8[]) WITH ORDINALITY u (p, i)"
check("empyrical: mixed returns", f"""SELECT volatility(p / 100, 252), downside_deviation(p / 100, 0, 252), sortino_ratio(p / 100, 0, 252),
      maximum_drawdown_of_returns(p / 100 ORDER BY i), volatility(p / 100, 52), volatility(p / 100, 12), calmar_ratio(p / 100, 252.0 * 8 / 9 ORDER BY i) FROM {MIXED}""",
      [0.9136465399704637, 0.6044832503882965, 2.605531251673693, 0.1, .9136465399704637 * math.sqrt(52 / 252), .9136465399704637 * math.sqrt(12 / 252),
       19.135925373194233], 1e-12)
check("empyrical: omega with a required return of 1000 % a year", f"SELECT omega_ratio(p / 100, 11.0 ^ (1 / 252.0) - 1) FROM {MIXED}", .8335426349755793, 1e-11)


# ---------------------------------------------------------------- numbers of the shared series

def shared_checks():
    load = lambda name: t.read_csv(t.shared(name))
    t.load("nist", "dataset text, x float8", [(r["dataset"], float(r["x"])) for r in load("data/bench_nist_univariate.csv.gz")])
    t.load("linear", "dataset text, y float8, x float8", [(r["dataset"], float(r["y"]), float(r["x1"])) for r in load("data/bench_nist_linear.csv.gz")])
    t.load("series", "dataset text, x float8", [(r["dataset"], float(r["x"])) for r in load("data/bench_series.csv.gz")])
    t.load("sp500", "r float8", [(float(r["r_pct"]),) for r in load("vectors/sp500_1999_2018_pctret.csv")])
    t.load("ttrc", "o float8, h float8, l float8, c float8", [tuple(float(r[k]) for k in ("Open", "High", "Low", "Close")) for r in load("vectors/ttrc.csv")])
    t.load("edhec", "name text, r float8", [(r["index_name"], float(r["ret"])) for r in load("data/bench_edhec.csv.gz")])
    t.load("ore", "pnl float8", [(float(r["pnl"]),) for r in load("vectors/ore_histsim_pnl_all_all.csv")])
    t.load("eu", "dax float8, smi float8, cac float8, ftse float8",
           [tuple(float(r[k]) for k in ("DAX", "SMI", "CAC", "FTSE")) for r in load("vectors/eustockmarkets.csv")])
    t.load("engel", "income float8, food float8", [(float(r["income"]), float(r["foodexp"])) for r in load("vectors/engel.csv")])
    t.sql("""CREATE VIEW eu_returns AS SELECT * FROM (SELECT i, ln(dax / lag(dax) OVER w) AS dax, ln(smi / lag(smi) OVER w) AS smi, ln(cac / lag(cac) OVER w) AS cac,
             ln(ftse / lag(ftse) OVER w) AS ftse FROM eu WINDOW w AS (ORDER BY i)) q WHERE dax IS NOT NULL;
             CREATE VIEW danish AS SELECT i, -x AS pnl FROM series WHERE dataset = 'danishClaims';
             CREATE VIEW dem AS SELECT i, x AS r FROM series WHERE dataset = 'dem2gbp';
             CREATE VIEW bmw AS SELECT i, x AS r FROM series WHERE dataset = 'bmwRet'""")

    for name, mean, sd, lag, tolerance in (
            ("PiDigits", 4.5348, 2.86733906028871, -0.00355099287237972, 1e-14), ("Lottery", 518.958715596330, 291.699727470969, -0.120948622967393, 1e-14),
            ("Lew", -177.435, 277.332168044316, -0.307304800605679, 1e-14), ("Mavro", 2.001856, 0.000429123454003053, 0.937989183438248, 2e-13),
            ("Michelso", 299.8524, 0.0790105478190518, 0.535199668621283, 5e-14), ("NumAcc1", 10000002.0, 1.0, -0.5, 1e-15), ("NumAcc2", 1.2, 0.1, -0.999, 1e-14),
            ("NumAcc3", 1000000.2, 0.1, -0.999, 1e-9), ("NumAcc4", 10000000.2, 0.1, -0.999, 1e-7)):
        check(f"NIST {name}: mean and deviation", f"SELECT volatility(x), volatility(volatility_state(x)), sqrt((covariance(ARRAY[x]))[1][1]) FROM nist WHERE dataset = '{name}'",
              [sd] * 3, max(tolerance, 3e-15))
        check(f"NIST {name}: mean", f"SELECT mean_return(volatility_state(x)), (means(covariance_state(ARRAY[x])))[1] FROM nist WHERE dataset = '{name}'", [mean] * 2, 2e-15)
        check(f"NIST {name}: autocorrelation, as Ljung and Box have it", f"""SELECT sqrt(statistic * (observations - 1) / (observations * (observations + 2.0)))
              FROM (SELECT (ljung_box_test(x, 1 ORDER BY i)).* FROM nist WHERE dataset = '{name}') q""", abs(lag), max(1e-11, 10 * tolerance))
    check("NIST NumAcc4: the deviation of its doubles", "SELECT volatility(x) FROM nist WHERE dataset = 'NumAcc4'", 0.100000000558793544, 1e-15)
    check("NIST NumAcc4: a moving window does not drift", """SELECT bool_and(moving = anew) FROM (SELECT i, volatility(x) OVER (ORDER BY i ROWS 9 PRECEDING) AS moving, (SELECT volatility(k.x)
          FROM nist k WHERE k.dataset = 'NumAcc4' AND k.i BETWEEN n.i - 9 AND n.i) AS anew FROM nist n WHERE dataset = 'NumAcc4') q""", "t")
    check("NIST Norris, by market_model", fit("market_model(y, x)", "linear WHERE dataset = 'Norris'", "intercept, beta, intercept_standard_error, beta_standard_error, residual_vol, r_squared"),
          [-0.262323073774029, 1.00211681802045, 0.232818234301152, 0.429796848199937E-03, 0.884796396144373, 0.999993745883712], 1e-12)

    fcp = "'garch', 'sample_variance'"
    check("FCP: estimates", fit(f"garch_fit(r, {fcp} ORDER BY i)", "dem", "mu, omega, alpha, beta, log_likelihood"),
          [-0.00619040837994, 0.0107613978518, 0.15313406182, 0.805973670305, -1106.6078810413], 1e-6)
    for kind, errors in (("hessian", [0.0084621191, 0.0028527119, 0.02652283, 0.033552688]), ("opg", [0.0084335932, 0.0013229751, 0.013973792, 0.016560403]),
                         ("qml", [0.0091893539, 0.0064931858, 0.0535317, 0.072461444])):
        check(f"FCP: errors, {kind}", fit(f"garch_fit(r, {fcp}, '{kind}' ORDER BY i)", "dem", "mu_error, omega_error, alpha_error, beta_error"), errors, 1e-4)
    check("FCP: next variances", f"SELECT array_to_string(garch_forecast(garch_fit(r, {fcp} ORDER BY i), 5), chr(31)), (garch_fit(r, {fcp} ORDER BY i)).unconditional_variance FROM dem",
          [0.1469925675, 0.1517431059, 0.156299384, 0.1606693456, 0.1648606095, 0.2631646130494], 1e-6)
    check("fGarch: Student t", fit("garch_fit(r, 'garch_t', 'sample_variance' ORDER BY i)", "dem", "mu, omega, alpha, beta, degrees_of_freedom, log_likelihood"),
          [0.0022484822, 0.0023190468, 0.1244382601, 0.8846529307, 4.118423898, -989.408349], 1e-3)
    check("Student t, computed", fit("garch_fit(r, 'garch_t', 'sample_variance', 'hessian' ORDER BY i)", "dem",
          "mu, omega, alpha, beta, degrees_of_freedom, log_likelihood, mu_error, omega_error, alpha_error, beta_error, degrees_of_freedom_error"),
          [0.00224865084, 0.00231903396, 0.12443791484, 0.88465326723, 4.11842657106, -989.40834895, 0.0069555271, 0.0011669551, 0.0269589723, 0.0235180641, 0.4011851039], 1e-4)
    check("GJR, computed", fit("garch_fit(r, 'gjr', 'sample_variance', 'hessian' ORDER BY i)", "dem",
          "mu, omega, alpha, beta, gamma, log_likelihood, mu_error, omega_error, alpha_error, beta_error, gamma_error"),
          [-0.00790453621, 0.01123321757, 0.14049657335, 0.80144129855, 0.02835074801, -1106.10233857, 0.0086254843, 0.0030186654, 0.0277711502, 0.0348584362, 0.0289662848], 1e-4)
    # (1 - G)^2 A and 4 G A of APARCH(2)'s A and G
    check("fGarch: APARCH(2)", fit("garch_fit(r, 'gjr', 'sample_variance' ORDER BY i)", "dem", "alpha, gamma, beta, log_likelihood"),
          [.1543479 * (1 - .0459997) ** 2, 4 * .0459997 * .1543479, 0.8014344, -1106.101473], 1e-2)
    check("arch: S&P 500", fit("garch_fit(r ORDER BY i)", "sp500", "mu, omega, alpha, beta, log_likelihood"), [0.0563532, 0.0175068, 0.1021498, 0.8852061, -6936.718477], 1e-4)
    check("DEM/GBP: mean, deviation", "SELECT mean_return(volatility_state(r)), volatility(r) FROM dem", [-0.01642678678, 0.47024445611], 1e-9)
    check("S&P 500 1928: mean, deviation", "SELECT 100 * mean_return(volatility_state(x)), 100 * volatility(x) FROM series WHERE dataset = 'sp500dge'", [0.01819422164, 1.150484549], 1e-9)

    # TTR's close with n spans n - 1 returns
    table = (("close", "close_to_close", 10, -1, (0.192508273584315, 0.137073177402218, 0.134621928037095, 0.091833061380125)),
             ("close", "close_to_close", 30, -1, (0.216916746031007, 0.196284024200572, 0.164898699846159, 0.120065345207193)),
             ("close mean0", "close_to_close_zero_mean", 10, -1, (None, 0.139901164759397, None, 0.0950068533560926)),
             ("garman.klass", "garman_klass", 10, 0, (0.222997948211308, 0.176201836549827, 0.158369710586823, 0.150626056571854)),
             ("garman.klass", "garman_klass", 30, 0, (0.249762978676764, 0.181154121533117, 0.156676418003282, 0.171803060859696)),
             ("parkinson", "parkinson", 10, 0, (0.21283014731673, 0.158555783415099, 0.148381687393462, 0.136137905591997)),
             ("parkinson", "parkinson", 30, 0, (0.239797862924888, 0.175183177970567, 0.153445157692887, 0.157875648738964)),
             ("rogers.satchell", "rogers_satchell", 10, 0, (0.225112345622445, 0.182324994454537, 0.162536177030401, 0.1493459596005)),
             ("rogers.satchell", "rogers_satchell", 30, 0, (0.254278393386426, 0.183540122392513, 0.158866355913076, 0.170799233690999)),
             ("gk.yz", "garman_klass_yang_zhang", 10, 0, (0.226444535405989, 0.208698172710487, 0.16133080482636, 0.155349359180833)),
             ("gk.yz", "garman_klass_yang_zhang", 30, 0, (0.253088330329394, 0.194204289059059, 0.16055402906835, 0.181015803470143)),
             ("yang.zhang", "yang_zhang", 10, 0, (0.223854221753362, 0.205937534180951, 0.159874701369852, 0.14853122337248)),
             ("yang.zhang", "yang_zhang", 30, 0, (0.250895610066785, 0.193257897809821, 0.160853007900858, 0.17307940380017)))
    for ttr, ours, n, shift, want in table:
        pairs = [(row, w) for row, w in zip((31, 100, 1000, 5550), want) if w is not None]
        check(f"TTR: {ttr}, n = {n}", "SELECT " + ", ".join(f"max(v) FILTER (WHERE i = {row})" for row, _ in pairs) +
              f" FROM (SELECT i, rolling_vol(o, h, l, c, {n + shift}, '{ours}', 260) OVER (ORDER BY i) AS v FROM ttrc) q", [w for _, w in pairs], 2e-12)

    levels = ", ".join(f"value_at_risk(m, {c}), expected_shortfall(m, {c})" for c in (0.99, 0.995, 0.999))
    check("Danish fire losses above 10: fit", fit("gpd_fit(pnl, 10)", "danish", "exceedances, shape, shape_error, scale, scale_error, log_likelihood"),
          [109.0, 0.496985802366, 0.13628382, 6.9754680479, 1.11349061, -374.8929902294], 1e-6)
    check("Danish fire losses above 10: measures", f"SELECT {levels} FROM (SELECT gpd_fit(pnl, 10) AS m FROM danish) q",
          [27.2899874, 58.2401005, 40.1729883, 83.85170543, 94.33935205, 191.5352738], 1e-6)
    check("Danish fire losses above 10: in one step", "SELECT value_at_risk_evt(pnl, 0.99, 10), expected_shortfall_evt(pnl, 0.99, 10) FROM danish", [27.2899874, 58.2401005], 1e-6)
    check("Danish fire losses above 20", fit("gpd_fit(pnl, 20)", "danish", "exceedances, shape, shape_error, scale, log_likelihood"),
          [36.0, 0.684152180587, 0.27507387, 9.63513283644, -142.184457692], 1e-6)
    check("Danish fire losses above 20: measures", "SELECT value_at_risk_evt(pnl, 0.99, 20), expected_shortfall_evt(pnl, 0.99, 20) FROM danish", [25.84735435, 69.01881931], 1e-6)
    check("Danish fire losses above 10, moments", fit("gpd_fit(pnl, 10, 'pwm')", "danish", "shape, scale"), [0.5098093573, 6.9027547082], 1e-9)
    check("Danish fire losses: Hill", "SELECT hill_estimator(pnl, 50), hill_estimator(pnl, 109), hill_estimator(pnl, 200) FROM danish",
          [0.536050831962, 0.63121805857, 0.734206028796], 1e-11)
    for u, n, shape, scale, e_shape, e_scale, nll in ((3, 532, .6677038, 2.1887334, .0730888, .1748620, 1304.008955), (4, 362, .7209312, 2.6291051, .0966864, .2715590, 973.081485),
                                                      (5, 254, .6320498, 3.8074817, .1117143, .4637269, 754.111548), (10, 109, .4968062, 6.9745523, .1362093, 1.1131016, 374.892993),
                                                      (20, 36, .6840479, 9.6316941, .2749542, 2.8958268, 142.184459)):
        check(f"fExtremes, which stops early: above {u}", fit(f"gpd_fit(pnl, {u})", "danish", "exceedances, shape, scale, shape_error, scale_error, -log_likelihood"),
              [float(n), shape, scale, e_shape, e_scale, nll], 2e-3)
    for u, n, shape, scale, nll in ((0.03, 136, .1428109, .01256535, -439.853295), (0.04, 65, .2643620, .01176730, -206.564707)):
        check(f"BMW above {u}", fit(f"gpd_fit(r, {u})", "bmw", "exceedances, shape, scale, -log_likelihood"), [float(n), shape, scale, nll], 2e-3)
    check("BMW: errors of the shape", "SELECT (gpd_fit(r, 0.03)).shape_error, (gpd_fit(r, 0.04)).shape_error, (gpd_fit(r, 0.03)).scale_error, (gpd_fit(r, 0.04)).scale_error FROM bmw",
          [.0947003, .1712839, .00157129, .00241576], 6e-2)
    check("BMW: mean, deviation", "SELECT mean_return(volatility_state(r)), volatility(r) FROM bmw", [0.0003407175543, 0.01475552594], 1e-9)
    for kind, want in (("type7", (0.02125410625, 0.04079756710, 0.07818380065)), ("type6", (0.02128310915, 0.04105799142, 0.08082836748)),
                       ("type1", (0.021268204, 0.040869145, 0.078212080))):
        check(f"BMW: loss quantiles, {kind}", "SELECT " + ", ".join(f"value_at_risk(r, {c}, '{kind}')" for c in (0.95, 0.99, 0.999)) + " FROM bmw", want, 1e-9)
    # peers that stop early, and whose errors are differences with a wide step: 6e-2
    check("BMW: maxima of 100 days, errors", fit("gev_fit(worst)", "(SELECT max(-r) AS worst FROM bmw GROUP BY (i - (SELECT min(i) FROM bmw)) / 100) b", "shape_error, location_error, scale_error"),
          [0.1330740, 0.0018040611, 0.0014739194], 6e-2)
    check("BMW: maxima of 100 days", fit("gev_fit(worst)", "(SELECT max(-r) AS worst FROM bmw GROUP BY (i - (SELECT min(i) FROM bmw)) / 100) b", "observations, shape, location, scale"),
          [62.0, 0.3278934, 0.0318894613, 0.0120706684], 2e-3)

    ca = "(SELECT r, row_number() OVER (ORDER BY i) AS k FROM edhec WHERE name = 'Convertible Arbitrage') e"
    check("edhec, 100 months at 95 %", f"""SELECT value_at_risk_normal(r, 0.95), value_at_risk_cornish_fisher(r, 0.95), value_at_risk(r, 0.95, 'linear'), expected_shortfall_normal(r, 0.95),
          expected_shortfall(r, 0.95, 'below_var') FROM {ca} WHERE k <= 100""", [0.01213301831, 0.01467439668, 0.014095, 0.01713253692, 0.02408], 1e-9)
    for c, want in ((0.99, (0.0400749794, 0.1009222712, 0.066592, 0.04684598078, 0.1132, 0.1165157895)),
                    (0.975, (0.03275414082, 0.05934267587, 0.0316225, 0.04030386394, 0.0725, 0.07464736842))):
        check(f"edhec, 152 months at {c}", f"""SELECT value_at_risk_normal(r, {c}), value_at_risk_cornish_fisher(r, {c}), value_at_risk(r, {c}, 'linear'), expected_shortfall_normal(r, {c}),
              expected_shortfall(r, {c}, 'below_var'), expected_shortfall(r, {c}) FROM {ca}""", want, 2e-9)
    check("edhec: component value at risk", """SELECT (SELECT sum(c) FROM unnest(component_value_at_risk('{0.3,0.4,0.3}', covariance(s), 0.95, means(s))) c) FROM (SELECT covariance_state(v) AS s FROM
          (SELECT array_agg(r ORDER BY lower(name)) AS v FROM (SELECT name, r, row_number() OVER (PARTITION BY name ORDER BY i) AS k FROM edhec
          WHERE name IN ('Convertible Arbitrage', 'CTA Global', 'Distressed Securities')) e WHERE k <= 100 GROUP BY k) q) q""", 0.0129156402, 5e-9)
    for line in EDHEC.strip().splitlines():
        name, *numbers = [f.strip() for f in line.split("|")]
        check(f"edhec: {name}", f"""SELECT avg(r), volatility(r), skewness(r), excess_kurtosis(r), value_at_risk_normal(r, 0.95), value_at_risk_cornish_fisher(r, 0.95),
              value_at_risk(r, 0.95, 'linear') FROM edhec WHERE name = '{name}'""", [float(n) for n in numbers], 6e-9, True)
    check("ORE: quantiles", "SELECT -value_at_risk(pnl, 0.99), -value_at_risk(pnl, 0.95), value_at_risk(-pnl, 0.95), value_at_risk(-pnl, 0.99) FROM ore",
          [-874503.346996, -629899.117052, 552878.307798, 846747.819325], 1e-12)
    check("ORE: expected shortfall", "SELECT -expected_shortfall(pnl, 0.99, 'order_statistic'), -expected_shortfall(pnl, 0.95, 'order_statistic') FROM ore",
          [-949845.987415, -777808.702398], 1e-12)
    check("ORE's P&L: type 7, Acerbi and Tasche", "SELECT -value_at_risk(pnl, 0.99, 'type7'), expected_shortfall(pnl, 0.99), expected_shortfall(pnl, 0.95) FROM ore",
          [-872902.9945021, 958802.804807, 778843.035163], 1e-12)
    # types 2 and 5 to 9 are their own mirror images: a quantile of returns at p is minus that of the losses at 1 - p
    check("R: DAX, quantile types 2 and 5 to 9 of the returns", "SELECT " + ", ".join(f"-value_at_risk(dax, 0.99, 'type{k}')" for k in (2, 5, 6, 7, 8, 9)) + " FROM eu_returns",
          [-0.0278941886915884, -0.0278722035015198, -0.0279096598228161, -0.0277525063555907, -0.0278970250656468, -0.0278954457210007], 1e-15, True)
    check("R: DAX, quantile types 1 to 9 of the losses -r", "SELECT " + ", ".join(f"value_at_risk(-dax, 0.01, 'type{k}')" for k in range(1, 10)) + " FROM eu_returns",
          [-0.0278941886915884, -0.0278941886915884, -0.0278941886915884, -0.0279100466010968, -0.0278722035015198, -0.0279096598228161, -0.0277525063555907, -0.0278970250656468,
           -0.0278954457210007], 1e-15, True)
    check("R: DAX at 2.5 %, type 7", "SELECT -value_at_risk(dax, 0.975, 'type7') FROM eu_returns", -0.0208396355375977, 1e-15, True)
    for tau, a, b in ((.05, 124.8800408, .3433610576), (.25, 95.48353963, .4741032082), (.5, 81.48224742, .5601805512), (.75, 62.39658553, .6440141394), (.95, 64.10396318, .709068517)):
        check(f"quantreg: Engel at {tau}", fit(f"quantile_regression(food, income, {tau})", "engel", "coefficients[1], coefficients[2]"), [a, b], 1e-8)

    check("tseries: Jarque-Bera of DAX", "SELECT (jarque_bera_test(dax)).statistic FROM eu_returns", 3149.641305, 1e-9)
    check("stats: Ljung-Box(10) of its squares", "SELECT (ljung_box_test(dax ^ 2, 10 ORDER BY i)).statistic FROM eu_returns", 110.7461795, 1e-9)
    check("DAX-SMI, DAX-FTSE", "SELECT corr(dax, smi), spearman(dax, smi), kendall(dax, smi), corr(dax, ftse), spearman(dax, ftse), kendall(dax, ftse) FROM eu_returns",
          [.703121864752, .629869925803, .460521284083, .639467397262, .606945670918, .437041119798], 2e-12)
    check("all correlations", """SELECT c[1][2], c[1][3], c[1][4], c[2][3], c[2][4], c[3][4] FROM (SELECT correlation(ARRAY[dax, smi, cac, ftse]) AS c FROM eu_returns) q""",
          [0.7031218648, 0.7344303710, 0.6394673973, 0.6160454498, 0.5847791436, 0.6485678796], 1e-9)
    for n, lw, oas in ((60, .0547149299075, .0584489293939), (250, .022080819793, .0146056458487), (1859, .00767582278686, .00250708872807)):
        check(f"scikit-learn: shrinkage of the last {n}", f"""SELECT (ledoit_wolf_covariance(v)).shrinkage, (oracle_approximating_covariance(v)).shrinkage FROM
              (SELECT ARRAY[dax, smi, cac, ftse] AS v FROM eu_returns ORDER BY i DESC LIMIT {n}) q""", [lw, oas], 1e-10)
    check("scikit-learn: shrinkage of the first 6", """SELECT (ledoit_wolf_covariance(v)).shrinkage FROM
          (SELECT ARRAY[dax, smi, cac, ftse] AS v FROM eu_returns ORDER BY i LIMIT 6) q""", .397687015045, 1e-10)
    check("scikit-learn: elements", """SELECT m[1][1], m[1][2] FROM (SELECT (ledoit_wolf_covariance(v)).covariance AS m FROM
          (SELECT ARRAY[dax, smi, cac, ftse] AS v FROM eu_returns ORDER BY i DESC LIMIT 60) q) q""", [1.73261850783e-4, 1.30493225354e-4], 1e-10)
    for name, mean, sd, q95, q99, mu, omega, alpha, beta, likelihood in (
            ("dax", 0.06520417477, 1.0300836599, 1.577884480, 2.775250636, 0.06535105, 0.04754327, 0.06841682, 0.88761081, -2594.796877),
            ("smi", 0.08178996553, 0.9250036010, 1.398170779, 2.554688750, 0.10378088, 0.12713336, 0.13023550, 0.72485240, -2416.637324),
            ("cac", 0.04370539869, 1.1030875025, 1.733556922, 2.811374851, 0.04291138, 0.08807968, 0.05150935, 0.87618149, -2790.222889),
            ("ftse", 0.04319850766, 0.7957727825, 1.256236360, 2.060654804, 0.04898243, 0.00846422, 0.04495973, 0.94259594, -2134.806749)):
        check(f"EuStockMarkets, {name}: moments and quantiles", f"""SELECT 100 * mean_return(volatility_state({name})), 100 * volatility({name}), 100 * value_at_risk({name}, 0.95, 'linear'),
              100 * value_at_risk({name}, 0.99, 'linear') FROM eu_returns""", [mean, sd, q95, q99], 2e-9)
        check(f"fGarch: {name}", fit(f"garch_fit(100 * {name}, 'garch', 'sample_variance' ORDER BY i)", "eu_returns", "mu, omega, alpha, beta, log_likelihood"),
              [mu, omega, alpha, beta, likelihood], 1e-2)
        check(f"fGarch: {name} has no better likelihood", f"""SELECT (garch_fit(100 * {name}, 'garch', 'sample_variance' ORDER BY i)).log_likelihood > {likelihood} - 1e-6
              FROM eu_returns""", "t")


# index | mean | sd (n-1) | skewness | excess kurtosis | Gaussian VaR | modified VaR | historical, type 7: 95 %
EDHEC = """
Convertible Arbitrage | 0.0064085526 | 0.0200473874 | -2.68365668 | 16.17818540 | 0.02645782 | 0.03247395 | 0.01916000
CTA Global | 0.0064894737 | 0.0251309001 | 0.13447513 | -0.11333033 | 0.03471098 | 0.03380228 | 0.03540000
Distressed Securities | 0.0079532895 | 0.0183479104 | -1.67458599 | 6.43900073 | 0.02212690 | 0.02749240 | 0.01887500
Emerging Markets | 0.0082460526 | 0.0385714352 | -1.25751017 | 5.10259648 | 0.05498927 | 0.06363081 | 0.04460500
Equity Market Neutral | 0.0060026316 | 0.0090058182 | -2.74759649 | 17.40726012 | 0.00876181 | 0.01134637 | 0.00638500
Event Driven | 0.0076223684 | 0.0183504739 | -1.71836163 | 6.11307801 | 0.02246202 | 0.02812515 | 0.02254000
Fixed Income Arbitrage | 0.0042309211 | 0.0141712947 | -3.70720756 | 19.51023398 | 0.01900198 | 0.02467910 | 0.00929000
Global Macro | 0.0076723684 | 0.0170196233 | 0.81531045 | 1.76575142 | 0.02023018 | 0.01548247 | 0.01624000
Long/Short Equity | 0.0077598684 | 0.0221738174 | -0.38182823 | 1.24647223 | 0.02859264 | 0.03037494 | 0.02544000
Merger Arbitrage | 0.0067848684 | 0.0111682720 | -1.64741428 | 5.79323839 | 0.01152478 | 0.01486869 | 0.01345500
Relative Value | 0.0067013158 | 0.0131946808 | -2.10185743 | 9.16462985 | 0.01493049 | 0.01926435 | 0.01317500
Short Selling | 0.0041611842 | 0.0550991713 | 0.57776062 | 2.24858168 | 0.08617027 | 0.07431463 | 0.07848000
Funds of Funds | 0.0059184211 | 0.0182119582 | -0.45935275 | 3.29931038 | 0.02393888 | 0.02502852 | 0.02126500
"""

if t.shared("vectors"):
    shared_checks()
else:
    t.skip("the published series", "no folder shared beside the repository")
run()
t.done()
