"""Landing data: capture by trigger on COPY and on single rows, and refresh: G22 to G24."""
import time

from harness import Contender, Line, cpu_seconds, expect_close, interleave, ratio

INSERTS = 5000

# what each table has beside none: the capture of attach_prices, and two yardsticks
SETUP = '''
CREATE TABLE bench.land_none (instrument int, ts timestamptz, price float8);
CREATE TABLE bench.land_empty (LIKE bench.land_none);
CREATE TABLE bench.land_row (LIKE bench.land_none);
CREATE TABLE bench.land_capture (LIKE bench.land_none);
CREATE FUNCTION bench.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER empty AFTER INSERT ON bench.land_empty REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION bench.nothing();
CREATE TRIGGER row AFTER INSERT ON bench.land_row FOR EACH ROW EXECUTE FUNCTION bench.nothing();
'''


def attach(bench, table, price):
    bench.need('margin_calib.attach_prices(regclass,name,name,name,text,text,text)')
    bench.backend.execute(
        f"SELECT margin_calib.attach_prices('{table}', 'instrument', 'ts', '{price}')")


def copy_contender(bench, kind, rows, path):
    table = f'bench.land_{kind}'

    def run():
        bench.backend.execute(f'TRUNCATE {table}')
        before, start = cpu_seconds(bench.backend.pid), time.perf_counter()
        bench.backend.execute(f"COPY {table} FROM '{path}' (FORMAT binary)")
        return cpu_seconds(bench.backend.pid) - before, time.perf_counter() - start
    return Contender(f'COPY {kind}', rows, run)


def insert_contender(bench, kind):
    bench.backend.execute(f'PREPARE land_{kind} AS INSERT INTO bench.land_{kind} VALUES ($1, $2, $3)')

    def run():
        bench.backend.execute(f'TRUNCATE bench.land_{kind}')
        before, start = cpu_seconds(bench.backend.pid), time.perf_counter()
        for i in range(INSERTS):
            bench.backend.execute(f"EXECUTE land_{kind} ({i % 100}, '2020-01-01', 1.5)")
        return cpu_seconds(bench.backend.pid) - before, time.perf_counter() - start
    return Contender(f'INSERT {kind}', INSERTS, run)


def case_capture(bench):
    backend, rows, path = bench.backend, bench.rows // 4, bench.file('land')
    backend.execute(SETUP)
    attach(bench, 'bench.land_capture', 'price')
    backend.execute(f"COPY (SELECT instrument, ts, close FROM bench.prices_arrival WHERE instrument <= 100 "
                    f"ORDER BY ts, instrument LIMIT {rows}) TO '{path}' (FORMAT binary)")
    rows = min(rows, 10000 * min(100, bench.instruments))
    kinds = ('none', 'empty', 'row', 'capture')
    copied = interleave([copy_contender(bench, kind, rows, path) for kind in kinds])
    counts = [backend.value(f'SELECT count(*) FROM bench.land_{kind}') for kind in kinds]
    expect_close('rows copied', counts, [rows] * len(kinds))
    inserted = interleave([insert_contender(bench, kind) for kind in ('none', 'empty', 'capture')])
    backend.execute("SELECT margin_calib.detach('bench.land_capture')")
    return [
        Line('G22', 'COPY: capture / empty statement trigger with a transition table', 1.15,
             ratio(copied, 'COPY capture', 'COPY empty')),
        Line('G22', 'COPY: capture / no trigger', 1.5, ratio(copied, 'COPY capture', 'COPY none')),
        Line('G22', 'COPY: capture / empty plpgsql row trigger', 0.7, ratio(copied, 'COPY capture', 'COPY row')),
        Line('G23', 'single-row INSERT: capture / no trigger', 1.35,
             ratio(inserted, 'INSERT capture', 'INSERT none'))]


def case_refresh(bench):
    """All prices are in force; then one bar of one instrument arrives."""
    backend, few = bench.backend, bench.recent_instruments
    attach(bench, 'bench.recent', 'close')
    backend.execute('CALL margin_calib.refresh()')
    expect_close('instruments with a parameter',
                 backend.value('SELECT count(*) FROM margin_calib.margin_parameter WHERE instrument IN (SELECT DISTINCT instrument::text FROM bench.recent)'), few)
    turn = [0]

    def timed(sql):
        before, start = cpu_seconds(backend.pid), time.perf_counter()
        backend.execute(sql)
        return cpu_seconds(backend.pid) - before, time.perf_counter() - start

    def touch_and_refresh():
        turn[0] += 1
        backend.execute(f'''INSERT INTO bench.recent SELECT instrument, ts + interval '1 hour', open, high,
            low, close, volume FROM bench.recent WHERE instrument = {turn[0] % few + 1}
            ORDER BY ts DESC LIMIT 1''')
        return timed('CALL margin_calib.refresh()')

    got = interleave([
        Contender('refresh, one instrument', 1, touch_and_refresh),
        Contender('recalibrate, all', 1, lambda: timed('CALL margin_calib.recalibrate()'))])
    backend.execute("SELECT margin_calib.detach('bench.recent')")
    return [Line('G24', f'recalibrate all {few:,} instruments / refresh one', few / 5,
                 ratio(got, 'recalibrate, all', 'refresh, one instrument'), True)]


CASES = {'capture': case_capture, 'refresh': case_refresh}
