#!/usr/bin/python3
"""mutate.py [COUNT [SEED]]: do the unit tests notice a changed kernel?

Changes one comparison, operator or constant of src/kernel at a time, builds the unit tests with it and runs the
suites that reach the changed function, the kernel's own first, up to the first failure. A mutant that passes all of them
survives: a test is missing, or the change changes nothing. Survivors that a reader has judged stand in
test/unit/survivors.txt with the reason; any other fails the run. Prints TAP, a line for each kernel. COUNT mutants of
each kernel (5) are drawn with SEED (1), the first of a longer draw the same; 0 for all. MUTATE_FILES names kernels, comma
separated; MUTATE_SURVIVORS=1 prints the new survivors as that file has them; MUTATE_JOBS at a time (all processors).
"""
import concurrent.futures
import glob
import json
import math
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

CC = os.environ.get('CC', 'cc')
FLAGS = '-std=c11 -O1 -w -ffp-contract=off -Isrc -fsanitize=address'.split()
JOBS = int(os.environ.get('MUTATE_JOBS') or os.cpu_count())
LIBS = ['-fsanitize=address', '--coverage'] + subprocess.run(['gsl-config', '--libs'], capture_output=True, text=True, check=True).stdout.split()
SWAPS = {'<=': ['<', '>='], '>=': ['>', '<='], '==': ['!='], '!=': ['=='], '<': ['<=', '>'], '>': ['>=', '<'],
         '&&': ['||'], '||': ['&&'], '+': ['-'], '-': ['+'], '*': ['/'], '++': ['--'], '--': ['++'], '+=': ['-='], '-=': ['+=']}
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|0[xX][0-9a-fA-F.pP+-]+|\d[\d.]*(?:[eE][+-]?\d+)?[uUlLfF]*'
                   r'|[A-Za-z_]\w*|->|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|\+=|-=|\*=|/=|[-+*/<>=!&|(){}\[\];,?:.%^~]')


def strip(text):
    """Comments and preprocessor lines become blanks, so that positions stay."""
    blank = lambda m: re.sub(r'[^\n]', ' ', m.group(0))
    text = re.sub(r'/\*.*?\*/', blank, text, flags=re.S)
    text = re.sub(r'//[^\n]*', blank, text)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', blank, text, flags=re.M)


def mutants(path):
    source = open(path).read()
    tokens = list(TOKEN.finditer(strip(source)))
    for i, token in enumerate(tokens):
        text = token.group(0)
        before = tokens[i - 1].group(0) if i else ''
        replacements = []
        if text in SWAPS:
            # not a pointer's star, nor a sign
            operand = re.match(r'[\w)\]]', before[-1:] or ' ') and before not in ('return', 'const', 'double', 'size_t', 'case')
            if text in '+-*' and not operand:
                continue
            if text == '*' and re.match(r'(const|double|float|int\d*_t|uint\d*_t|size_t|void|char|Mc\w+|\w+_t|[A-Z]\w+)$', before):
                continue
            replacements = SWAPS[text]
        elif re.match(r'\d', text) and not text.lower().startswith('0x'):
            core = re.match(r'[\d.eE+-]+', text).group(0)
            suffix = text[len(core):]
            try:
                replacements = [f'{int(core) + 1}{suffix}'] if re.fullmatch(r'\d+', core) else [f'{(float(core) * 1.5 or 1.0)!r}{suffix}']
            except ValueError:
                continue
        for replacement in replacements:
            line = source.count('\n', 0, token.start()) + 1
            yield path, line, text, replacement, source[:token.start()] + replacement + source[token.end():]


SURVIVORS = 'test/unit/survivors.txt'


def judged():
    """{(file, change, line of code)}: FILE | OLD -> NEW | CODE, each followed by a line with the reason."""
    known = set()
    for line in open(SURVIVORS) if os.path.exists(SURVIVORS) else []:
        if ' | ' in line and not line.startswith(('#', ' ')):
            known.add(tuple(part.strip() for part in line.rstrip('\n').split(' | ', 2)))
    return known


class Unit:
    """The unit tests: which suites reach a function, and do they notice a mutant of it?"""

    def __init__(self, work, files):
        self.work = work
        self.files = files
        sources = sorted(glob.glob('src/kernel/*.c')) + sorted(glob.glob('test/unit/*.c'))
        self.objects = {path: os.path.join(work, path.replace('/', '_')[:-2] + '.o') for path in sources}
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(self.compile, sources))
        self.program = self.link(os.path.join(work, 'unit'), self.objects.values())
        self.suites = re.findall(r'^SUITE\((\w+)\)', open('test/unit/suites.h').read(), flags=re.M)
        self.seconds = {}
        self.reach = {path: {} for path in files}

    def compile(self, path):
        coverage = ['--coverage'] if path in self.files else []
        subprocess.run([CC, *FLAGS, *coverage, '-c', '-o', self.objects[path], path], check=True)

    def link(self, program, objects):
        subprocess.run([CC, '-o', program, *objects, *LIBS], check=True)
        return program

    def measure(self):
        """Every suite once: does it pass, how long does it take, which functions does it call?"""
        for suite in self.suites:
            start = time.monotonic()
            if not self.passes(self.program, suite, 600):
                return False
            self.seconds[suite] = time.monotonic() - start
            data = glob.glob(self.work + '/*.gcda')
            for line in subprocess.run(['gcov', '--json-format', '--stdout', *data], capture_output=True, text=True,
                                       check=True).stdout.splitlines():
                for file in json.loads(line)['files']:
                    for function in file['functions']:
                        if file['file'] in self.reach:
                            lines = function['start_line'], function['end_line']
                            callers = self.reach[file['file']].setdefault(lines, set())
                            callers.update([suite] if function['execution_count'] else [])
            for file in data:
                os.unlink(file)
        return True

    def suites_of(self, path, line):
        """The suites that call the function of this line (in a table: any of the file), the likeliest first."""
        name = os.path.basename(path)[:-2]
        functions = [suites for (first, last), suites in self.reach[path].items() if first <= line <= last]
        suites = set().union(*functions or self.reach[path].values())
        return sorted(suites, key=lambda suite: (suite != name, not name.startswith(suite), self.seconds[suite]))

    def survives(self, path, line, text):
        """None when it does not compile."""
        stem = os.path.join(self.work, f'mutant{threading.get_ident()}')
        compiled = subprocess.run([CC, *FLAGS, f'-I{os.path.dirname(path)}', '-x', 'c', '-c', '-o', stem + '.o', '-'],
                                  input=text, text=True, capture_output=True)
        if compiled.returncode != 0:
            return None
        program = self.link(stem, [stem + '.o' if source == path else file for source, file in self.objects.items()])
        return all(self.passes(program, suite, 2 + 4 * self.seconds[suite]) for suite in self.suites_of(path, line))

    def passes(self, program, suite, seconds):
        """Does the suite pass, in so many seconds of a processor?"""
        with subprocess.Popen([program, suite], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
            resource.prlimit(run.pid, resource.RLIMIT_CPU, (math.ceil(seconds),) * 2)
            for line in run.stdout:
                if line.startswith('not ok'):
                    run.kill()
                    return False
        return run.returncode == 0


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    names = os.environ.get('MUTATE_FILES')
    files = names.split(',') if names else sorted(glob.glob('src/kernel/*.c'))
    known = judged()
    work = tempfile.mkdtemp(prefix='margin_calib_mutate.')
    try:
        unit = Unit(work, files)
        if not unit.measure():
            print('Bail out! the unit tests fail without a mutation')
            return 1
        return mutate(unit, files, known, count, seed)
    finally:
        shutil.rmtree(work)


def mutate(unit, files, known, count, seed):
    """Draw, build and judge; returns 1 when a survivor is new."""
    print(f'1..{len(files)}')
    failed = 0
    for number, path in enumerate(files, 1):
        chosen = list(mutants(path))
        random.Random(f'{seed} {path}').shuffle(chosen)
        chosen = sorted(chosen[:count or None], key=lambda m: m[1])
        code = open(path).read().split('\n')
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            verdicts = list(pool.map(lambda m: unit.survives(m[0], m[1], m[4]), chosen))
        made, argued, new = len(verdicts) - verdicts.count(None), 0, 0
        for (_, line, old, changed, _), survives in zip(chosen, verdicts):
            entry = (path, f'{old} -> {changed}', code[line - 1].strip())
            if survives and entry in known:
                argued += 1
            elif survives:
                new += 1
                print(' | '.join(entry) + f'\n    line {line}' if os.environ.get('MUTATE_SURVIVORS')
                      else f'# line {line}: ' + ' | '.join(entry))
        failed += new > 0
        print(f"{'not ok' if new else 'ok'} {number} - {path}: {verdicts.count(False)} of {made} mutants noticed, "
              f'{argued} judged to change nothing', flush=True)
    return failed > 0


sys.exit(main())
