#!/usr/bin/env python3
"""make bench: our functions beside their peers; doc/performance.md says how it is measured.

Ends with 1 when an answer is wrong or a function is missing, else with 0: a missed goal is a number
to read, not a failure.
"""
import argparse
import json
import os
import platform
import sys
import traceback

import psycopg2

import book
import calibration
import check_order
import covariance
import garch
import harness
import landing
import option
import portfolio
import range_vol
import recording
import revaluation
import rolling
import sketch
import surface
import tail
import walk
from harness import Backend, Peers, Skipped, Wrong

SEED = 20240229
SIZES = {'check': (100_000,), 'tiny': (100_000, 200_000), 'small': (1_000_000, 4_000_000), 'full': (2_500_000, 10_000_000)}
CASES = {name: case for family in (rolling, range_vol, garch, tail, sketch, covariance, calibration, option, surface, portfolio, book, revaluation, check_order, landing, walk, recording) for name, case in family.CASES.items()}
HERE = os.path.dirname(os.path.abspath(__file__))


class Bench:
    """The data of one size in a database of its own, and what the cases ask for."""

    def __init__(self, rows, folder):
        self.rows, self.instruments = rows, rows // 10000
        self.returns = self.instruments * 9999
        self.recent_instruments = rows // 2500
        self.recent_rows = self.recent_instruments * 2501
        self.database = f'bench_{rows}'
        self.peers = Peers(folder)
        self.make_database()

    def make_database(self):
        admin = Backend()
        admin.execute(f'CREATE DATABASE {self.database}')
        admin.close()
        os.environ['PGDATABASE'] = self.database
        self.backend = Backend()
        self.backend.execute('CREATE EXTENSION margin_calib')
        try:
            self.backend.execute('CREATE EXTENSION tdigest')
            self.has_tdigest = True
        except psycopg2.Error:
            self.has_tdigest = False
            print('bench: no tdigest extension: its line is left out')

    def load(self):
        with open(os.path.join(HERE, 'data.sql')) as f:
            self.backend.execute(f.read(), {'instruments': self.instruments, 'seed': SEED,
                                            'recent_instruments': self.recent_instruments})
        # a commit that is not flushed yet leaves rows without hint bits, and pages not all visible
        self.backend.execute('CHECKPOINT')
        self.backend.execute('VACUUM (FREEZE, ANALYZE)')
        self.backend.execute('CHECKPOINT')
        self.load_peer('prices', 'close')
        self.load_peer('rets', 'r')
        self.load_peer('recent', 'close')

    def load_peer(self, table, value):
        path = self.file(table)
        self.backend.execute(
            f"COPY (SELECT instrument, extract(epoch FROM ts)::bigint AS ts, {value} FROM bench.{table} "
            f"ORDER BY instrument, ts) TO '{path}' (FORMAT csv, HEADER)")
        if self.peers.has['duckdb']:
            self.peers.duckdb(f"CREATE TABLE {table} AS SELECT * FROM read_csv('{path}')")
        if self.peers.has['polars'] and table == 'prices':
            self.peers.polars({'do': 'polars_load', 'name': table, 'csv': path})
        os.remove(path)

    def file(self, name):
        """A place that both the server and the peers can read."""
        return os.path.join(os.environ['PGDATA'], f'bench_{name}.csv')

    def need(self, signature):
        if self.backend.value('SELECT to_regprocedure(%s)', (signature,)) is None:
            raise Wrong(f'missing: {signature}')

    def close(self):
        self.backend.close()
        self.peers.close()
        os.environ['PGDATABASE'] = 'postgres'
        admin = Backend()
        admin.execute(f'DROP DATABASE {self.database}')
        admin.close()


def run_once():
    """Every contender once: for whether it runs and answers, not for how long that takes."""
    harness.ROUNDS, harness.LEAST_SECONDS = 1, 0


def run_size(rows, only, folder):
    """Returns the lines of one size, and what was wrong."""
    bench, lines, wrong = Bench(rows, folder), [], []
    print(f'bench: {rows:,} rows: loading', flush=True)
    bench.load()
    for number, (name, case) in enumerate(CASES.items(), 1):
        if only and name not in only:
            continue
        print(f'bench: {rows:,} rows: {name}', flush=True)
        try:
            lines += case(bench)
            print(f'ok {number} - {name}', flush=True)
        except Skipped as problem:
            print(f'ok {number} - {name} # SKIP {problem}', flush=True)
        except (Wrong, psycopg2.Error) as problem:
            wrong.append(f'{name}: {problem}')
            print(f'not ok {number} - {name}\nbench: WRONG: {name}: {problem}', flush=True)
            if isinstance(problem, psycopg2.Error):
                traceback.print_exc()
            bench.backend.reset()
    bench.close()
    return lines, wrong


def verdict(found):
    if all(line is None or line.bound is None for line in found):
        return ''
    met = [line.met() for line in found if line and line.met() is not None]
    if not met:
        return 'not measured'
    return 'met' if all(met) else 'MISSED'


def show(line):
    if line is None or line.measured is None:
        return '-'
    best = getattr(line.measured, 'best', None)
    return f'{line.measured:.3g}{line.unit}' + (f' ({best:.3g})' if best else '')


def markdown(sizes, results):
    """One row a line; a line is known by its id and text, apart from the sizes inside the text."""
    keys = list(dict.fromkeys((line.id, line.what) for lines in results for line in lines))
    keys.sort(key=lambda key: int(key[0][1:]))
    head = ['line', 'what', 'goal'] + [f'{rows / 1e6:g}M rows' for rows in sizes] + ['']
    table = ['| ' + ' | '.join(head) + ' |', '|' + ' --- |' * len(head)]
    for key in keys:
        found = [next((x for x in lines if (x.id, x.what) == key), None) for lines in results]
        goal = ' / '.join(dict.fromkeys(x.goal() for x in found if x))
        table.append('| ' + ' | '.join([*key, goal, *map(show, found), verdict(found)]) + ' |')
    return '\n'.join(table) + '\n'


def as_json(sizes, results, wrong):
    return {'machine': platform.processor() or platform.machine(), 'cores': os.cpu_count(), 'wrong': wrong,
            'lines': [{'rows': rows, 'id': x.id, 'what': x.what, 'goal': x.bound, 'at_least': x.at_least,
                       'unit': x.unit, 'measured': x.measured, 'best': getattr(x.measured, 'best', None),
                       'met': x.met()}
                      for rows, lines in zip(sizes, results) for x in lines]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--size', choices=SIZES, default='small')
    parser.add_argument('--only', default='', help='cases, separated by commas: ' + ', '.join(CASES))
    parser.add_argument('--out', default='build/bench')
    options = parser.parse_args()
    os.makedirs(harness.BUILD, exist_ok=True)
    if options.size == 'check':
        run_once()
    only = [name for name in options.only.split(',') if name]
    unknown = set(only) - set(CASES)
    if unknown:
        parser.error(f'no such case: {", ".join(sorted(unknown))}')
    sizes, results, wrong = SIZES[options.size], [], []
    for rows in sizes:
        lines, problems = run_size(rows, only, options.out)
        results.append(lines)
        wrong += [f'{rows:,} rows: {problem}' for problem in problems]
    table = markdown(sizes, results)
    if options.size != 'check':
        with open(os.path.join(options.out, 'results.md'), 'w') as f:
            f.write(table)
        with open(os.path.join(options.out, 'results.json'), 'w') as f:
            json.dump(as_json(sizes, results, wrong), f, indent=1)
    print('\n' + table)
    for problem in wrong:
        print(f'bench: WRONG: {problem}')
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
