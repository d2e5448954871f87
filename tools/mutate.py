#!/usr/bin/python3
"""mutate.py [COUNT [SEED]]: do the unit tests notice a changed kernel?

Changes one comparison, operator or constant of src/kernel at a time, builds the unit tests with it and
runs them: the suites named after the kernel first, then all. A mutant that passes all of them survives: a test
is missing, or the change changes nothing. Survivors that a reader has judged stand in test/unit/survivors.txt with
the reason; any other fails the run. Prints TAP, a line for each kernel. COUNT mutants of each kernel (5) are
drawn with SEED (1); 0 for all. MUTATE_FILES names kernels, comma separated; MUTATE_SURVIVORS=1 prints
the new survivors as lines for that file.
"""
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

CC = os.environ.get('CC', 'cc')
FLAGS = '-std=c11 -O1 -w -ffp-contract=off -Isrc -fsanitize=address'.split()
LIBS = ['-fsanitize=address'] + subprocess.run(['gsl-config', '--libs'], capture_output=True, text=True, check=True).stdout.split()
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
                replacements = [f'{int(core) + 1}{suffix}'] if re.fullmatch(r'\d+', core) else [f'{float(core) * 1.5!r}{suffix}']
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
    """The unit tests, linked anew with one kernel replaced."""

    def __init__(self, work):
        self.program = os.path.join(work, 'unit')
        self.mutant = os.path.join(work, 'mutant.o')
        self.objects = {}
        for path in sorted(glob.glob('src/kernel/*.c')) + sorted(glob.glob('test/unit/*.c')):
            self.objects[path] = os.path.join(work, path.replace('/', '_') + '.o')
            subprocess.run([CC, *FLAGS, '-c', '-o', self.objects[path], path], check=True)

    def compiles(self, path, text):
        return subprocess.run([CC, *FLAGS, f'-I{os.path.dirname(path)}', '-x', 'c', '-c', '-o', self.mutant, '-'],
                              input=text, text=True, capture_output=True).returncode == 0

    def passes(self, replaced=None):
        parts = [self.mutant if path == replaced else obj for path, obj in self.objects.items()]
        subprocess.run([CC, '-o', self.program, *parts, *LIBS], check=True)
        own = [[os.path.basename(replaced)[:-2]]] if replaced else []
        return all(self.suite_passes(suite) for suite in own + [[]])

    def suite_passes(self, suite):
        try:
            done = subprocess.run([self.program, *suite], capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        # a name that selects no suite
        if suite and done.stdout.startswith('1..0'):
            return True
        return done.returncode == 0 and not re.search(r'^not ok', done.stdout, flags=re.M)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    names = os.environ.get('MUTATE_FILES')
    files = names.split(',') if names else sorted(glob.glob('src/kernel/*.c'))
    known = judged()
    work = tempfile.mkdtemp(prefix='margin_calib_mutate.')
    unit = Unit(work)
    if not unit.passes():
        print('Bail out! the unit tests fail without a mutation')
        return 1
    print(f'1..{len(files)}')
    failed = 0
    for number, path in enumerate(files, 1):
        everything = list(mutants(path))
        chosen = everything if count == 0 or count > len(everything) else random.sample(everything, count)
        code = open(path).read().split('\n')
        made, noticed, argued, new = 0, 0, 0, []
        for _, line, old, changed, text in sorted(chosen, key=lambda m: m[1]):
            if not unit.compiles(path, text):
                continue
            made += 1
            entry = (path, f'{old} -> {changed}', code[line - 1].strip())
            if not unit.passes(path):
                noticed += 1
            elif entry in known:
                argued += 1
            else:
                new.append(entry)
                print(' | '.join(entry) if os.environ.get('MUTATE_SURVIVORS') else f'# line {line}: ' + ' | '.join(entry),
                      flush=True)
        failed += bool(new)
        print(f"{'not ok' if new else 'ok'} {number} - {path}: {noticed} of {made} mutants noticed, {argued} judged to change nothing",
              flush=True)
    subprocess.run(['rm', '-rf', work], check=False)
    return failed > 0


sys.exit(main())
