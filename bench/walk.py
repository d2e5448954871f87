"""Walk-forward backtests, and calibration with every term: G33 to G35."""
from calibration import aggregate, policy_literal
from harness import Line, Wrong, interleave, ratio, sql_contender

INSTRUMENTS, HISTORY = 10, 1500


def walk(bench, days, **changes):
    policy = policy_literal(bench, lookback=1250, confidence=0.975, **changes)
    return (f"SELECT count(*) FROM margin_calib.backtest_path('bench.walk_{days}', {policy}, 'instrument', 'ts', 'close', "
            f"from_ts => (SELECT min(ts) FROM bench.walk_{days}) + interval '{HISTORY} hours')")


def make_series(bench, days):
    """The first instruments' bars: a history, then as many bars as are walked."""
    bench.backend.execute(
        f'DROP TABLE IF EXISTS bench.walk_{days}; CREATE TABLE bench.walk_{days} AS SELECT instrument, ts, close FROM ('
        'SELECT *, row_number() OVER (PARTITION BY instrument ORDER BY ts) AS i FROM bench.prices '
        f'WHERE instrument <= {INSTRUMENTS}) AS p WHERE i <= {HISTORY + days}')
    walked = bench.backend.value(walk(bench, days, model='filtered_historical'))
    if walked != INSTRUMENTS * days * 2:
        raise Wrong(f'backtest_path gave {walked} rows, not {INSTRUMENTS * days * 2}')


def seconds(found, name):
    return found[name].best['cpu'] * found[name].rows if name in found else None


def case_walk(bench):
    bench.need('margin_calib.backtest_path(regclass,margin_calib.margin_policy,name,name,name,timestamptz,timestamptz,text[],timestamptz)')
    for days in (1000, 2000):
        make_series(bench, days)
    plain = policy_literal(bench, lookback=1250)
    every = policy_literal(bench, model='filtered_historical', lookback=1250, stress_weight=0.25, stress_window=250,
                           floor_lookback=2500, buffer=0.25, rise_per_day=0.1)
    backend, rows = bench.backend, INSTRUMENTS * 2000
    found = interleave([
        sql_contender(backend, 'EWMA 1,000 days', rows // 2, walk(bench, 1000, model='filtered_historical')),
        sql_contender(backend, 'EWMA', rows, walk(bench, 2000, model='filtered_historical')),
        sql_contender(backend, 'GARCH', rows, walk(bench, 2000, model='garch_historical', refit_interval=20)),
        sql_contender(backend, 'GJR', rows, walk(bench, 2000, model='gjr_historical', refit_interval=20)),
        sql_contender(backend, 'plain aggregate', bench.recent_rows, aggregate(plain)),
        sql_contender(backend, 'every term', bench.recent_rows, aggregate(every))])
    return [
        Line('G33', '10 instruments x 2,000 days, daily EWMA-filtered ES: seconds', 1, seconds(found, 'EWMA'), unit=' s'),
        Line('G33', 'cost of a day: 2,000 days / 1,000 days', 1.1, ratio(found, 'EWMA', 'EWMA 1,000 days')),
        Line('G34', 'the same with GARCH refits every 20 days: seconds', 2, seconds(found, 'GARCH'), unit=' s'),
        Line('G34', 'with GJR refits: seconds', 2, seconds(found, 'GJR'), unit=' s'),
        Line('G35', 'calibrate_margin with filter, stress, floor, buffer and limits / plain', 2,
             ratio(found, 'every term', 'plain aggregate'))]


CASES = {'walk': case_walk}
