"""Clocks, contenders and lines: how one number of the benchmark comes to be.

A case is a set of contenders that run interleaved: a round runs each of them until it has used a
measurable time, turn by turn. The cost of a contender is its CPU time a row; a line is the median over
the rounds of the ratio of two costs in the same round, so that a machine that slows down slows both.
"""
import glob
import json
import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field

import psycopg2

ROUNDS = 5
LEAST_SECONDS = 0.3     # a measurement repeats its query until it has used this much
MOST_REPEATS = 200
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, '..', 'src')
BUILD = os.path.join(HERE, '..', 'build', 'bench')


class Skipped(Exception):
    """The case cannot run here: a peer is absent."""


class Wrong(Exception):
    """An answer differs from its peer's, or one of our functions is missing."""


def cpu_seconds(pid):
    """CPU time of a process so far; schedstat counts nanoseconds, stat counts ticks."""
    try:
        with open(f'/proc/{pid}/schedstat') as f:
            return int(f.read().split()[0]) / 1e9
    except OSError:
        with open(f'/proc/{pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def anonymous_bytes(pid):
    """Memory of a process that no file and no shared segment backs."""
    with open(f'/proc/{pid}/status') as f:
        for line in f:
            if line.startswith('RssAnon:'):
                return int(line.split()[1]) * 1024
    raise OSError('no RssAnon in /proc/PID/status')


def compile_beside_kernels(compiler, source, *options):
    """A program that calls the kernels of the extension, as make built them for it, without a database."""
    program = os.path.join(BUILD, os.path.splitext(os.path.basename(source))[0])
    kernels = glob.glob(os.path.join(SOURCES, 'kernel', '*.o'))
    try:
        done = subprocess.run([compiler, '-O2', '-ffp-contract=off', '-fwrapv', '-fno-strict-aliasing', '-I' + SOURCES, '-o', program, source, *kernels,
                               *options, '-lgsl', '-lgslcblas', '-lm'], capture_output=True, text=True)
    except FileNotFoundError as problem:
        raise Skipped(f'no compiler {compiler}') from problem
    if done.returncode != 0:
        raise Wrong(f'{os.path.basename(source)} does not compile: {done.stderr}')
    return program


class Program:
    """A C program that has read its `data` and answers each letter with CPU seconds and its results."""

    def __init__(self, program, arguments, data, rows):
        self.rows = rows
        self.process = subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(data)

    def ask(self, how):
        self.process.stdin.write(how)
        self.process.stdin.flush()
        return [float(x) for x in self.process.stdout.readline().split()]

    def contender(self, name, how):
        def run():
            start = time.perf_counter()
            return self.ask(how)[0], time.perf_counter() - start
        return Contender(name, self.rows, run)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def write_source(name, text):
    """A file for compile_beside_kernels."""
    path = os.path.join(BUILD, name)
    with open(path, 'w') as f:
        f.write(text)
    return path


class Backend:
    """One session of the server, and the process behind it."""

    def __init__(self):
        self.connection = psycopg2.connect('')
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.pid = self.query('SELECT pg_backend_pid()')[0][0]

    def execute(self, sql, args=None):
        self.cursor.execute(sql, args)

    def query(self, sql, args=None):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def value(self, sql, args=None):
        return self.query(sql, args)[0][0]

    def set(self, settings):
        for name, setting in settings.items():
            self.cursor.execute('SELECT set_config(%s, %s, false)', (name, str(setting)))

    def reset(self):
        self.cursor.execute('RESET ALL')

    def close(self):
        self.connection.close()


class Peers:
    """The node process that holds DuckDB and polars; without node, or a package, they are absent."""

    def __init__(self, folder):
        self.process, self.has = None, {'duckdb': False, 'polars': False}
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'peers.mjs')
        try:
            self.process = subprocess.Popen(
                ['node', script, os.path.abspath(folder)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True, env={**os.environ, 'POLARS_MAX_THREADS': '1'})
            self.has = self.ask({'do': 'peers'})['result']
        except (OSError, Skipped) as problem:
            print(f'bench: no DuckDB and no polars: {problem}')

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Skipped('the peers process ended')
        answer = json.loads(line)
        if 'error' in answer:
            raise Skipped(answer['error'])
        return answer

    def duckdb(self, sql):
        if not self.has['duckdb']:
            raise Skipped('no DuckDB')
        return self.ask({'do': 'duckdb', 'sql': sql})

    def polars(self, request):
        if not self.has['polars']:
            raise Skipped('no polars')
        return self.ask(request)

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


@dataclass
class Contender:
    """run() returns (cpu seconds, wall seconds) of one execution over `rows` rows."""
    name: str
    rows: int
    run: object
    repeats: int = 1
    cpu: list = field(default_factory=list)     # a row, one figure a round
    wall: list = field(default_factory=list)
    best: dict = field(default_factory=lambda: {'cpu': float('inf'), 'wall': float('inf')})

    def warm_up(self):
        cpu, wall = self.run()
        if cpu < LEAST_SECONDS:
            cpu, wall = self.run()
        need = LEAST_SECONDS / max(cpu, 1e-6)
        self.repeats = min(MOST_REPEATS, max(1, int(need) + (need > int(need))))

    def start_round(self):
        self.cpu.append(0.0)
        self.wall.append(0.0)

    def measure(self):
        cpu, wall = self.run()
        self.cpu[-1] += cpu / self.repeats / self.rows
        self.wall[-1] += wall / self.repeats / self.rows
        self.best['cpu'] = min(self.best['cpu'], cpu / self.rows)
        self.best['wall'] = min(self.best['wall'], wall / self.rows)

    def nanoseconds(self):
        return statistics.median(self.cpu) * 1e9


def sql_contender(backend, name, rows, sql, settings=None):
    def run():
        backend.set(settings or {})
        before, start = cpu_seconds(backend.pid), time.perf_counter()
        backend.execute(sql)
        backend.cursor.fetchall()
        used = cpu_seconds(backend.pid) - before, time.perf_counter() - start
        backend.reset()
        return used
    return Contender(name, rows, run)


def duckdb_contender(peers, name, rows, sql):
    def run():
        answer = peers.duckdb(sql)
        return answer['cpu'], answer['wall']
    return Contender(name, rows, run)


def run_round(order):
    """Every contender its number of repeats, spread evenly over the round: a machine that changes its
    speed within a second changes it for all."""
    for contender in order:
        contender.start_round()
    steps = max(contender.repeats for contender in order)
    for step in range(steps):
        for contender in order:
            if (step + 1) * contender.repeats // steps > step * contender.repeats // steps:
                contender.measure()


def interleave(contenders):
    """Run the case; returns the contenders that could run, by name."""
    present = {}
    for contender in contenders:
        try:
            contender.warm_up()
            present[contender.name] = contender
        except Skipped as problem:
            print(f'bench: {contender.name} is left out: {problem}', flush=True)
    order = list(present.values())
    for turn in range(ROUNDS):
        run_round(order[turn % len(order):] + order[:turn % len(order)])
    for contender in order:
        print(f'    {contender.name:34} {contender.nanoseconds():12.1f} ns a row, best '
              f"{contender.best['cpu'] * 1e9:.1f}", flush=True)
    return present


class Ratio(float):
    """A median over rounds that also knows the ratio of the two fastest single runs, which is what a
    machine that others use would show if it were idle."""
    best = None


def ratio(present, top, bottom, clock='cpu'):
    """Median over the rounds of top / bottom; None when either is absent."""
    if top not in present or bottom not in present:
        return None
    above, below = present[top], present[bottom]
    found = Ratio(statistics.median(a / b for a, b in zip(getattr(above, clock), getattr(below, clock))))
    found.best = above.best[clock] / below.best[clock]
    return found


def peak_memory(sql, settings=None):
    """Peak of a fresh backend's own memory in bytes during one query, and the temp blocks it wrote."""
    backend = Backend()
    backend.set(settings or {})
    peak, done = [anonymous_bytes(backend.pid)], threading.Event()

    def sample():
        while not done.wait(0.002):
            peak[0] = max(peak[0], anonymous_bytes(backend.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        backend.query(sql)
    finally:
        done.set()
        sampler.join()
    plan = backend.value('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' + sql)
    backend.close()
    return peak[0], plan[0]['Plan']['Temp Written Blocks']


def expect_close(what, ours, theirs, tolerance=1e-9):
    """Both may be numbers or rows of numbers."""
    ours = ours if isinstance(ours, (list, tuple)) else [ours]
    theirs = theirs if isinstance(theirs, (list, tuple)) else [theirs]
    same = len(ours) == len(theirs) and all(
        a is not None and b is not None and
        abs(float(a) - float(b)) <= tolerance * max(abs(float(b)), 1e-300)
        for a, b in zip(ours, theirs))
    if not same:
        raise Wrong(f'{what}: {ours} is not {theirs}')


@dataclass
class Line:
    """One goal: `measured` is a number, or None when it could not be measured; without a bound the
    number is only shown."""
    id: str
    what: str
    bound: object
    measured: object
    at_least: bool = False      # the goal is a floor: "at least 6 times faster"
    unit: str = 'x'
    note: str = ''

    def met(self):
        if self.measured is None or self.bound is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def goal(self):
        if self.bound is None:
            return 'shown'
        return f"{'>=' if self.at_least else '<='} {self.bound:g}{self.unit}"
