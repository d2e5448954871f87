#!/usr/bin/python3
"""mutate.py [COUNT [SEED]]: do the unit tests notice a changed kernel?

Changes one comparison, operator or constant of src/kernel at a time, builds the unit tests with it and
runs them. A mutant that passes all of them survives: a test is missing, or the change changes nothing
(an equivalent mutant, to be judged by a reader). Prints TAP: a line for each file, with its survivors.
COUNT mutants (150) are drawn with SEED (1); 0 for all. MUTATE_FILES names files, comma separated.
"""
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

CC = os.environ.get('CC', 'cc')
FLAGS = '-std=c11 -O1 -w -ffp-contract=off -Isrc'.split()
LIBS = subprocess.run(['gsl-config', '--libs'], capture_output=True, text=True, check=True).stdout.split()
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


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    names = os.environ.get('MUTATE_FILES')
    files = names.split(',') if names else sorted(glob.glob('src/kernel/*.c'))
    everything = [m for f in files for m in mutants(f)]
    chosen = everything if count == 0 or count > len(everything) else random.sample(everything, count)
    work = tempfile.mkdtemp(prefix='margin_calib_mutate.')
    kernels = sorted(glob.glob('src/kernel/*.c'))
    objects = {}
    for path in kernels + sorted(glob.glob('test/unit/*.c')):
        objects[path] = os.path.join(work, path.replace('/', '_') + '.o')
        subprocess.run([CC, *FLAGS, '-c', '-o', objects[path], path], check=True)
    program = os.path.join(work, 'unit')

    def run(replaced=None, mutant=None):
        parts = [mutant if path == replaced else obj for path, obj in objects.items()]
        subprocess.run([CC, '-o', program, *parts, *LIBS], check=True)
        try:
            done = subprocess.run([program], capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0 and not re.search(r'^not ok', done.stdout, flags=re.M)

    if not run():
        print('Bail out! the unit tests fail without a mutation')
        return 1
    tally = {f: [0, 0, []] for f in files}
    for path, line, old, new, text in sorted(chosen, key=lambda m: (m[0], m[1])):
        mutated = os.path.join(work, os.path.basename(path))
        open(mutated, 'w').write(text)
        obj = os.path.join(work, 'mutant.o')
        folder = os.path.dirname(path)
        if subprocess.run([CC, *FLAGS, f'-I{folder}', '-c', '-o', obj, mutated], capture_output=True).returncode:
            continue
        tally[path][0] += 1
        if run(path, obj):
            tally[path][1] += 1
            shown = open(path).read().split('\n')[line - 1].strip()
            tally[path][2].append(f'{path}:{line}: {old} -> {new}: {shown}')
            print(f'# survives {tally[path][2][-1]}', flush=True)
    print(f'1..{len(files)}')
    total = sum(t[0] for t in tally.values())
    alive = sum(t[1] for t in tally.values())
    for number, path in enumerate(files, 1):
        made, survived, _ = tally[path]
        # equivalent mutants exist (a poll that comes a step later): half must die at least
        print(f"{'ok' if survived * 2 <= made else 'not ok'} {number} - {path}: {made - survived} of {made} mutants noticed")
    print(f'# {total - alive} of {total} mutants noticed, {alive} survive')
    subprocess.run(['rm', '-rf', work], check=False)
    return 0


sys.exit(main())
