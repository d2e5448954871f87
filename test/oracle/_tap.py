"""What the recomputations share: TAP, SQL, the peers of other languages, and the shared data.

    import _tap as t
    t.close(got, want, 1e-12, "name")       # relative; want = 0 needs got = 0
    rows = t.sql("SELECT ...")              # list of lists of text
    t.load("returns", "r float8", rows)     # a table, with a column i that counts the rows from 1
    t.r("cat(sd(c(1, 2)))", "TTR")          # what Rscript prints; None when R or the package is missing
    t.done()
"""
import csv
import gzip
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.normpath(os.path.join(HERE, "..", "..", "..", "shared"))
_count = 0
_failures = 0


def ok(condition, name, *details):
    global _count, _failures
    _count += 1
    _failures += not condition
    print("ok" if condition else "not ok", _count, "-", name, flush=True)
    if not condition:
        for detail in details:
            print("#   " + str(detail))
    return condition


def skip(name, reason):
    global _count
    _count += 1
    print("ok", _count, "-", name, "# SKIP", reason, flush=True)


def error(got, want):
    """Relative error; nan against nan is 0."""
    got, want = float(got), float(want)
    if math.isnan(want):
        return 0.0 if math.isnan(got) else math.inf
    if got == want:
        return 0.0
    return abs(got - want) / abs(want) if want else math.inf


def close(got, want, tolerance, name):
    if got in (None, ""):
        return ok(False, name, f"no value, want {want}")
    wrong = error(got, want)
    return ok(wrong <= tolerance, name, f"got {got}, want {want}, error {wrong:.3g} of {tolerance:g}")


def all_close(got, want, tolerance, name):
    """Two lists of numbers of one length."""
    got, want = list(got), list(want)
    if len(got) != len(want):
        return ok(False, name, f"{len(got)} values, want {len(want)}")
    wrong = [(math.inf if g in (None, "") else error(g, w), i, g, w) for i, (g, w) in enumerate(zip(got, want))]
    worst = max(wrong, default=(0.0, 0, None, None))
    return ok(worst[0] <= tolerance, name,
              f"at {worst[1]}: got {worst[2]}, want {worst[3]}, error {worst[0]:.3g} of {tolerance:g}")


def sql(text, stdin=None):
    """Rows of the last statement, as lists of text; '' stands for NULL."""
    text = "SET search_path = public, margin_calib; SET extra_float_digits = 1;\n" + text
    run = subprocess.run(["psql", "-qXAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-"], text=True,
                         input=text if stdin is None else text + stdin, capture_output=True)
    if run.returncode != 0:
        print("Bail out! psql failed:", run.stderr.strip())
        sys.exit(2)
    return [line.split("\x1f") for line in run.stdout.splitlines()]


def value(text):
    return sql(text)[0][0]


def numbers(text):
    """A float8[] as psql prints it, of any shape, flat."""
    return [math.nan if x == "NULL" else float(x) for x in text.replace("{", "").replace("}", "").split(",") if x]


def load(table, columns, rows):
    """CREATE TABLE table (i serial, columns) with the rows, each a sequence of values."""
    names = ", ".join(c.split()[0] for c in columns.split(","))
    data = "".join("\t".join("\\N" if v is None else repr(v) if isinstance(v, float) else str(v) for v in row) + "\n"
                   for row in rows)
    sql(f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (i serial, {columns});\n"
        f"COPY {table} ({names}) FROM STDIN;\n", data + "\\.\n")


def shared(name):
    """The path of a file beside the project's folder; None when it is not there."""
    path = os.path.join(SHARED, name)
    return path if os.path.exists(path) else None


def read_csv(path):
    """Rows as dictionaries."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as file:
        return list(csv.DictReader(file))


def r(program, *packages):
    """What an R program prints, or None when R or a package is missing."""
    load_them = "".join(f"suppressMessages(library({p}));" for p in packages)
    try:
        run = subprocess.run(["Rscript", "--vanilla", "-e", f"{load_them} options(digits = 17); {program}"],
                             text=True, capture_output=True)
    except FileNotFoundError:
        return None
    if run.returncode != 0:
        if "there is no package" in run.stderr:
            return None
        print("Bail out! R failed:", run.stderr.strip())
        sys.exit(2)
    return run.stdout


def done():
    print(f"1..{_count}", flush=True)
    sys.exit(_failures > 0)
