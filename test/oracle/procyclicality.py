"""Recompute measures of margin paths with numpy and pandas; prints TAP.

Margins are EWMA volatilities of real prices of ../shared (skipped without them) and of synthetic returns.
"""
import _tap as t

try:
    import numpy as np
    import pandas as pd
except ImportError as missing:
    t.skip("procyclicality", f"no {missing.name}")
    t.done()

COLUMNS = """observations first_ts last_ts average_margin lowest_margin highest_margin peak_to_trough peak_to_trough_within_year years
largest_rise_1_step largest_rise_5_steps largest_rise_30_steps largest_rise_1_day largest_rise_5_days largest_rise_30_days
high_rise_1_step high_rise_5_steps log_change_deviation losses exceptions coverage average_shortfall largest_shortfall average_excess""".split()


def rise(m, k):
    return m[k:] / m[:-k] - 1


def within(s, days):
    """Largest rise over the lowest margin of the days before, by a rolling window of time that is closed at its start only."""
    before = s.rolling(f"{days}D", closed="left").min()
    return (s / before - 1).max()


def measures(ts, m, loss):
    s = pd.Series(m, index=pd.DatetimeIndex(ts))
    year = s.index.year.to_numpy()
    years = [m[year == y].max() / m[year == y].min() for y in np.unique(year) if np.sum(year == y) >= 100]
    known = ~np.isnan(loss)
    beyond = (loss - m)[known]
    return dict(
        observations=len(m), average_margin=m.mean(), lowest_margin=m.min(), highest_margin=m.max(), peak_to_trough=m.max() / m.min(),
        peak_to_trough_within_year=np.mean(years) if years else None, years=len(years),
        **{f"largest_rise_{k}_step{'s' * (k > 1)}": rise(m, k).max() for k in (1, 5, 30)},
        **{f"largest_rise_{k}_day{'s' * (k > 1)}": within(s, k) for k in (1, 5, 30)},
        high_rise_1_step=np.quantile(rise(m, 1), 0.99), high_rise_5_steps=np.quantile(rise(m, 5), 0.99),
        log_change_deviation=np.log(m[1:] / m[:-1]).std(ddof=1), losses=known.sum(), exceptions=(beyond > 0).sum(),
        coverage=1 - (beyond > 0).mean(), average_shortfall=beyond[beyond > 0].mean(), largest_shortfall=beyond.max(),
        average_excess=np.maximum(-beyond, 0).mean())


def check(name, ts, m, loss):
    order = np.random.default_rng(5).permutation(len(m))
    t.load("path", "ts timestamptz, margin float8, loss float8",
           [[str(ts[i]) + "+00", float(m[i]), None if np.isnan(loss[i]) else float(loss[i])] for i in order])
    got = dict(zip(COLUMNS, t.sql("SELECT (procyclicality(ts, margin, loss)).* FROM path")[0]))
    for column, want in measures(ts, m, loss).items():
        if want is None:
            t.ok(got[column] == "", f"{name}: no {column}")
        else:
            t.close(got[column], float(want), 1e-12, f"{name}: {column}")
    t.ok(t.value("SELECT (p).first_ts = min AND (p).last_ts = max FROM (SELECT procyclicality(ts, margin) AS p, min(ts), max(ts) FROM path) q") == "t",
         f"{name}: first and last ts")
    steps = [1, 2, 7, 20, 90]
    rows = t.sql(f"SELECT i.steps, i.largest_rise, extract(epoch FROM i.from_ts), extract(epoch FROM i.to_ts), i.from_margin, i.to_margin "
                 f"FROM (SELECT margin_increases(ts, margin, ARRAY{steps}) AS a FROM path) q, unnest(a) AS i")
    want = []
    for k in steps:
        r = rise(m, k)
        at = int(r.argmax())
        want += [k, r[at], pd.Timestamp(ts[at]).timestamp(), pd.Timestamp(ts[at + k]).timestamp(), m[at], m[at + k]]
    t.all_close([x for row in rows for x in row], want, 1e-12, f"{name}: margin_increases")


def ewma_path(returns, decay):
    """2.33 deviations before each return, and the loss that followed."""
    variance = np.empty(len(returns))
    variance[0] = np.mean(returns[:50] ** 2)
    for i in range(1, len(returns)):
        variance[i] = decay * variance[i - 1] + (1 - decay) * returns[i - 1] ** 2
    return 2.33 * np.sqrt(variance), -returns


rng = np.random.default_rng(20250115)
for name, freq, n in (("daily", "D", 1500), ("business days", "B", 1300), ("six hours", "6h", 900)):
    shock = np.exp(0.4 * np.sin(np.arange(n) / 60))
    margin, loss = ewma_path(0.02 * shock * rng.standard_t(4, n), 0.94)
    loss[-3:] = np.nan
    check(f"synthetic, {name}", pd.date_range("2019-03-05 07:30", periods=n, freq=freq).to_numpy(), margin, loss)
margin, loss = ewma_path(0.01 * rng.standard_normal(700), 0.97)
gaps = pd.Timestamp("2018-01-01") + pd.to_timedelta(np.cumsum(rng.integers(1, 400000, 700)), unit="s")
check("synthetic, any times", gaps.to_numpy(), margin, loss)

path = t.shared("data/sp500_daily_1999_2018.csv.gz")
if path is None:
    t.skip("S&P 500", "no ../shared")
else:
    table = pd.read_csv(path)
    prices = table["close"].to_numpy(float)
    margin, loss = ewma_path(np.diff(np.log(prices)), 0.97)
    check("S&P 500", pd.to_datetime(table["ts"][1:]).to_numpy(), margin, loss)
path = t.shared("data/exchange_margin_history.csv.gz")
if path is None:
    t.skip("margins of an exchange", "no ../shared")
else:
    # dates of change, carried to every business day
    history = pd.read_csv(path)
    for product in ("ES", "CL", "BTC"):
        h = history[history["product"] == product]
        s = pd.Series(h["initial"].to_numpy(float) * h["unit_factor"].to_numpy(float), index=pd.DatetimeIndex(h["ts"]))
        daily = s[~s.index.duplicated(keep="last")].asfreq("B", method="ffill").dropna()
        move = daily.to_numpy() * 0.6 * rng.standard_normal(len(daily))
        check(f"exchange, {product}", daily.index.to_numpy(), daily.to_numpy(), move)
t.done()
