"""What a run costs with proposals, audit trail and lineage: G36."""
import time

from harness import Contender, Line, cpu_seconds, expect_close, interleave, ratio

BARS, POSITIONS = 1000, 20

SETUP = '''
CREATE TABLE bench.record_{n} AS SELECT instrument, ts, close FROM (
    SELECT *, row_number() OVER (PARTITION BY instrument ORDER BY ts DESC) AS age FROM bench.recent WHERE instrument <= {n}) AS p WHERE age <= {bars};
CREATE INDEX ON bench.record_{n} (instrument, ts);
CREATE TABLE bench.record_book_{n} AS SELECT 'account ' || (i * 7919 + k) % ({n} * 2) AS account, i AS instrument, (k % 7 - 3)::numeric AS quantity
  FROM generate_series(1, {n}) AS i, generate_series(1, {positions}) AS k;
ANALYZE bench.record_{n}, bench.record_book_{n};
SELECT margin_calib.attach_prices('bench.record_{n}', 'instrument', 'ts', 'close', policy => 'bench_record'),
       margin_calib.attach_positions('bench.record_book_{n}', 'account', 'instrument', 'quantity');
'''


def recalibrate(bench, name, instruments, confidences):
    """Everything calibrated again; with two confidences in turn, every parameter changes each time."""
    turn = iter(confidences * 1000)

    def run():
        if len(confidences) > 1:
            bench.backend.execute(f"SELECT margin_calib.set_policy('bench_record', confidence => {next(turn)})")
        before, start = cpu_seconds(bench.backend.pid), time.perf_counter()
        bench.backend.execute('CALL margin_calib.recalibrate()')
        return cpu_seconds(bench.backend.pid) - before, time.perf_counter() - start
    return Contender(name, instruments, run)


def measure(bench, n):
    bench.backend.execute(f"SELECT margin_calib.set_policy('bench_record', based_on => 'crypto_venue', confidence => 0.99)")
    bench.backend.execute(SETUP.format(n=n, bars=BARS, positions=POSITIONS))
    bench.backend.execute('CALL margin_calib.refresh()')
    found = interleave([recalibrate(bench, f'run of {n}, nothing changes', n, (0.99,)),
                        recalibrate(bench, f'run of {n}, all recorded', n, (0.95, 0.99))])
    entries = 'SELECT count(*) FROM margin_calib.audit'
    before = bench.backend.value(entries)
    bench.backend.execute('CALL margin_calib.recalibrate()')
    expect_close('audit entries of a run that changes nothing', [bench.backend.value(entries) - before], [0])
    bench.backend.execute(f"SELECT margin_calib.detach('bench.record_{n}'), margin_calib.detach('bench.record_book_{n}')")
    bench.backend.execute('CALL margin_calib.refresh()')
    return found


def case_record(bench):
    bench.need('margin_calib.verify_audit(bigint,text)')
    large = min(1000, bench.recent_instruments)
    small = large // 2
    found = {**measure(bench, small), **measure(bench, large)}
    expect_close('problems of the audit trail', [bench.backend.value('SELECT count(*) FROM margin_calib.verify_audit()')], [0])
    return [
        Line('G36', f'run of {large} instruments, every parameter changes / none does', 1.5,
             ratio(found, f'run of {large}, all recorded', f'run of {large}, nothing changes')),
        Line('G36', f'cost of an instrument, recorded: {large} / {small}', 1.15,
             ratio(found, f'run of {large}, all recorded', f'run of {small}, all recorded'))]


CASES = {'record': case_record}
