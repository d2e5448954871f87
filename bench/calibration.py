"""Calibration of every instrument: G14 and G15. The peers start from the same prices and give the
same expected shortfall, as doc/calibration.md defines it: 2,500 returns, confidence 0.99, one bar."""
import json

import pandas_peer
from harness import Line, duckdb_contender, expect_close, interleave, ratio, sql_contender

LAMBDA = 0.97
DECAY = f'CAST({LAMBDA} AS double precision)'     # power() of a numeric is another, slower function
WINDOW = 'PARTITION BY instrument ORDER BY ts'
PLAIN = {'confidence': 0.99, 'measure': 'expected_shortfall', 'model': 'historical', 'ewma_lambda': LAMBDA,
         'horizon': 1, 'lookback': 2500, 'min_returns': 250, 'stress_weight': 0, 'floor_lookback': 0, 'buffer': 0,
         'minimum_rate': 0.0001, 'maximum_rate': 1, 'rounding_step': 0.0001, 'bar_interval': '1 hour'}

RETURNS = (f'SELECT instrument, ts, ln(close / lag(close) OVER ({WINDOW})) AS u, '
           f'row_number() OVER ({WINDOW}) - 1 AS i FROM {{table}}')

# with s_i = lambda^(i-1) (s_1 + (1 - lambda) sum of u_j^2 lambda^-j for j < i)
FILTERED = f'''SELECT instrument, 1 - exp(u * sqrt(greatest(s_last, q / 100) / greatest(s, q / 100))) AS loss FROM (
    SELECT instrument, u, q, power({DECAY}, i - 1) * (s_1 + (1 - {DECAY}) * coalesce(decayed, 0)) AS s,
           power({DECAY}, n) * (s_1 + (1 - {DECAY}) * decayed_all) AS s_last
    FROM (SELECT instrument, u, i, count(*) OVER p AS n, avg(u * u) OVER p AS q,
                 avg(CASE WHEN i <= 50 THEN u * u END) OVER p AS s_1,
                 sum(u * u * power({DECAY}, -i)) OVER p AS decayed_all,
                 sum(u * u * power({DECAY}, -i)) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS decayed
          FROM ({{returns}}) r WHERE u IS NOT NULL
          WINDOW p AS (PARTITION BY instrument), w AS ({WINDOW})) a) b'''
HISTORICAL = 'SELECT instrument, 1 - exp(u) AS loss FROM ({returns}) r WHERE u IS NOT NULL'

# no ties: the losses above the order statistic are the 25 of the tail
SHORTFALL = '''WITH y AS MATERIALIZED ({losses}),
    v AS (SELECT instrument, {quantile} AS value_at_risk FROM y GROUP BY instrument)
    SELECT count(*), avg(es) FROM (
        SELECT avg(loss) AS es FROM y JOIN v USING (instrument) WHERE loss > value_at_risk GROUP BY instrument) e'''


def peer_sql(losses, table, quantile):
    returns = RETURNS.format(table=table)
    return SHORTFALL.format(losses=losses.format(returns=returns), quantile=quantile)


def in_postgres(losses):
    return peer_sql(losses, 'bench.recent', 'percentile_disc(0.99) WITHIN GROUP (ORDER BY loss)')


def in_duckdb(losses):
    return peer_sql(losses, 'recent', 'quantile_disc(loss, 0.99)')


def policy_literal(bench, **changes):
    """A constant of the row type: a function call would be made once a row."""
    text = bench.backend.value(
        "SELECT jsonb_populate_record(margin_calib.policy('crypto_venue'), %s)::text",
        (json.dumps({**PLAIN, **changes}),))
    return bench.backend.cursor.mogrify('%s::margin_calib.margin_policy', (text,)).decode()


def set_path(policy, what='count(*)'):
    return (f"SELECT {what} FROM margin_calib.calibrate_all('bench.recent', {policy}, "
            "'instrument', 'ts', 'close')")


def aggregate(policy):
    return (f'SELECT count(c) FROM (SELECT margin_calib.calibrate_margin(ts, close, {policy}) AS c '
            'FROM bench.recent GROUP BY instrument) q')


def check_calibration(bench, policy, losses, what):
    shortfall = 'count(*), avg((calibration).long_expected_shortfall)'
    ours = bench.backend.query(set_path(policy, shortfall))[0]
    expect_close(f'calibrate_all {what}', ours, bench.backend.query(in_postgres(losses))[0])
    expect_close(f'calibrate_margin {what}', bench.backend.query(
        f'SELECT count(*), avg((c).long_expected_shortfall) FROM (SELECT margin_calib.calibrate_margin('
        f'ts, close, {policy}) AS c FROM bench.recent GROUP BY instrument) q')[0], ours)
    if bench.peers.has['duckdb']:
        expect_close(f'DuckDB {what}', ours, bench.peers.duckdb(in_duckdb(losses))['result'][0])


def case_calibration(bench):
    bench.need('margin_calib.policy(text)')
    bench.need('margin_calib.calibrate_all(regclass,margin_calib.margin_policy,name,name,name)')
    plain = policy_literal(bench)
    filtered = policy_literal(bench, model='filtered_historical')
    check_calibration(bench, plain, HISTORICAL, 'historical')
    check_calibration(bench, filtered, FILTERED, 'filtered')
    backend, peers, rows = bench.backend, bench.peers, bench.recent_rows
    scan = {'enable_indexonlyscan': 'off', 'enable_indexscan': 'off', 'enable_bitmapscan': 'off'}
    prices = pandas_peer.read(bench, 'bench.recent', 'close')
    theirs = pandas_peer.filtered_shortfalls(prices, LAMBDA, 0.99)
    expect_close('pandas filtered', bench.backend.query(
        set_path(filtered, 'count(*), avg((calibration).long_expected_shortfall)'))[0],
        [len(theirs), sum(theirs) / len(theirs)])
    got = interleave([
        sql_contender(backend, 'count(*)', rows, 'SELECT count(*) FROM bench.recent', scan),
        sql_contender(backend, 'avg(close) GROUP BY', rows,
                      'SELECT count(a) FROM (SELECT avg(close) AS a FROM bench.recent GROUP BY instrument) q'),
        sql_contender(backend, 'calibrate_all historical', rows, set_path(plain)),
        sql_contender(backend, 'calibrate_all filtered', rows, set_path(filtered)),
        sql_contender(backend, 'calibrate_all crypto_venue', rows,
                      set_path(policy_literal_of(bench, 'crypto_venue'))),
        sql_contender(backend, 'calibrate_margin historical', rows, aggregate(plain)),
        sql_contender(backend, 'calibrate_margin filtered', rows, aggregate(filtered)),
        sql_contender(backend, 'SQL filtered', rows, in_postgres(FILTERED), {'work_mem': '1GB'}),
        duckdb_contender(peers, 'DuckDB historical', rows, in_duckdb(HISTORICAL)),
        duckdb_contender(peers, 'DuckDB filtered', rows, in_duckdb(FILTERED)),
        pandas_peer.contender('pandas filtered', rows,
                              lambda: pandas_peer.filtered_shortfalls(prices, LAMBDA, 0.99))])
    return [
        Line('G14', 'calibrate_all historical / count(*)', 1.3, ratio(got, 'calibrate_all historical', 'count(*)')),
        Line('G14', 'calibrate_margin historical / avg() GROUP BY', 1.2,
             ratio(got, 'calibrate_margin historical', 'avg(close) GROUP BY')),
        Line('G15', 'calibrate_all: filtered / historical', 1.1,
             ratio(got, 'calibrate_all filtered', 'calibrate_all historical')),
        Line('G15', 'calibrate_margin filtered / avg() GROUP BY', 1.3,
             ratio(got, 'calibrate_margin filtered', 'avg(close) GROUP BY')),
        Line('G15', 'EWMA filter and ES in SQL / calibrate_all filtered', 25,
             ratio(got, 'SQL filtered', 'calibrate_all filtered'), True),
        Line('G15', 'DuckDB 1 thread / calibrate_all filtered', 8,
             ratio(got, 'DuckDB filtered', 'calibrate_all filtered'), True),
        Line('G15', 'pandas and numpy, data in memory / calibrate_all filtered', None,
             ratio(got, 'pandas filtered', 'calibrate_all filtered'), True)]


def policy_literal_of(bench, name):
    text = bench.backend.value('SELECT margin_calib.policy(%s)::text', (name,))
    return bench.backend.cursor.mogrify('%s::margin_calib.margin_policy', (text,)).decode()


CASES = {'calibration': case_calibration}
