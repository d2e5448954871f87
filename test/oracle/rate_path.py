#!/usr/bin/python3
"""Recompute the path of a rate (doc/calibration.md, section 8) by plain loops, and by hand; prints TAP.

Sequences whose rates are worked out on paper: the buffer used and replenished, stress weight and floor (EMIR RTS 153/2013 Art. 28(1)(a) to (c)),
limits of speed, a breach, a fallback, corrections. Then long paths on real series (../shared/data, skipped without it) and simulated ones:
prefix by prefix, in leaps, after corrections, and as backtest_path tells them.
"""
import json
import math
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import _calibration as c
import _tap as t

TIGHT = 1e-10
# of a fit whose sample has a move of 20 % or more planted in it: the last bit of a return weighs more
PLANTED = 1e-9
session = c.Session()
fits = c.SqlFits(session)

# One calibration a bar, each from the path of the one before and the prices up to its bar alone.
WALK = """
CREATE TABLE bars (series text, ts timestamptz, price float8);
CREATE TABLE walked (series text, policy text, ts timestamptz, c margin_calib.margin_calibration);
CREATE FUNCTION walk(wanted text, name text, from_ts timestamptz, until_ts timestamptz, path margin_calib.margin_path DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rule margin_calib.margin_policy := margin_calib.policy(name);
    bar timestamptz;
    found margin_calib.margin_calibration;
BEGIN
    FOR bar IN SELECT b.ts FROM bars AS b WHERE b.series = wanted AND b.ts BETWEEN from_ts AND until_ts ORDER BY b.ts LOOP
        IF path IS NULL THEN
            found := (SELECT margin_calib.calibrate_margin(b.ts, b.price, rule) FROM bars AS b WHERE b.series = wanted AND b.ts <= bar);
        ELSE
            found := (SELECT margin_calib.calibrate_margin(b.ts, b.price, rule, path) FROM bars AS b WHERE b.series = wanted AND b.ts <= bar);
        END IF;
        path := found.path;
        INSERT INTO walked VALUES (wanted, name, bar, found);
    END LOOP;
END $$
"""


def parsed(rows):
    return [json.loads(row[0], parse_float=Decimal) for row in rows]


def stored(name, policy):
    """Calibrations of a walk, in order."""
    return parsed(session.rows(f"SELECT to_jsonb(c) FROM walked WHERE series = '{name}' AND policy = '{policy['name']}' ORDER BY ts"))


def sql_walk(name, one, policy, first, last):
    session.rows(f"SELECT walk('{name}', '{policy['name']}', '{c.timestamp(one.ts[first])}', '{c.timestamp(one.ts[last])}')")
    return stored(name, policy)


def leap(name, one, policy, at, last, table="bars"):
    """One call from the path after bar `at` with the rows of a table up to bar `last`."""
    return parsed(session.rows(
        f"SELECT to_jsonb(calibrate_margin(b.ts, b.price, policy('{policy['name']}'), (w.c).path)) FROM walked AS w, {table} AS b "
        f"WHERE w.series = '{name}' AND w.policy = '{policy['name']}' AND w.ts = '{c.timestamp(one.ts[at])}' "
        f"AND b.series = w.series AND b.ts <= '{c.timestamp(one.ts[last])}'"))[0]


def insert(table, name, one):
    rows = ",".join(f"('{name}', '{c.timestamp(a)}', {p!r})" for a, p in zip(one.ts, one.price))
    session.rows(f"INSERT INTO {table} VALUES {rows}")


# ---- by hand ----
# Expected shortfall at 0.5 of the last two returns is the larger of their two losses, so that the core can be chosen: a price
# that falls by 11 % a bar is a core of 0.11. The path starts after two returns.

HAND = dict(confidence=0.5, lookback=2, min_returns=2, fallback_rate=0.5)
BUFFER = dict(buffer=0.25)


def cases():
    """name, fields, losses of the bars, (rate, term or None for any, share of the buffer used) of the calibrations, step"""
    half = Fraction(1, 2)
    yield ("the buffer is used before the rate rises, and is back as the core falls", BUFFER,
           # core            0.10 0.11  0.12  0.13  0.13  0.05  0.05
           [".10", ".10", ".11", ".12", ".13", ".05", ".05", ".04"],
           # 1 - (0.125 / 0.11 - 1) / 0.25 = 5/11;  1 - (0.125 / 0.12 - 1) / 0.25 = 5/6
           [(".125", "buffer", 0), (".125", "buffer", Fraction(5, 11)), (".125", "buffer", Fraction(5, 6)), (".13", "tail", 1),
            (".13", "tail", 1), (".0625", "buffer", 0), (".0625", "buffer", 0)])
    yield ("the buffer comes back by a fourth of 0.25 x 0.14 a bar", dict(BUFFER, buffer_recovery=4),
           [".10", ".10"] + [".14"] * 6,
           [(".125", "buffer", 0), (".14", "tail", 1), (".14875", "buffer", Fraction(3, 4)), (".1575", "buffer", half),
            (".16625", "buffer", Fraction(1, 4)), (".175", "buffer", 0), (".175", "buffer", 0)])
    yield ("a recovery of one bar gives the whole buffer at once", dict(BUFFER, buffer_recovery=1), [".10", ".10", ".20", ".20"],
           [(".125", "buffer", 0), (".20", "tail", 1), (".25", "buffer", 0)])
    yield ("stress weight: 0.75 x 0.10 + 0.25 x 0.30", dict(stress_weight=0.25, stress_window=2), [".28", ".30", ".10", ".10", ".28"],
           # at first tail and stress are one; at last 0.75 x 0.28 + 0.25 x 0.30
           [(".30", None, None), (".30", None, None), (".15", "stress", None), (".285", "stress", None)])
    yield ("floor: the mean of the two largest of four", dict(floor_lookback=4), [".20", ".24", ".02", ".01", ".01"],
           # of three the mean of the largest and half the next, 0.2267, below the tail; then (0.24 + 0.20) / 2, (0.24 + 0.02) / 2
           [(".24", "tail", None), (".24", "tail", None), (".22", "floor", None), (".13", "floor", None)])
    yield ("floor and buffer", dict(BUFFER, floor_lookback=4), [".20", ".24", ".02", ".01", ".01", ".21"],
           # cores 0.24, 0.24, 0.22, 0.13, 0.21
           [(".30", "buffer", 0), (".30", "buffer", 0), (".275", "buffer", 0), (".1625", "buffer", 0), (".21", "tail", 1)])
    yield ("a rise is spread over bars: 10 % a step", dict(rise_per_step=0.1), [".10", ".10", ".20", ".20", ".01", ".01"],
           [(".10", "tail", None), (".11", "speed_limit", None), (".121", "speed_limit", None), (".1331", "speed_limit", None),
            (".01", "tail", None)])
    yield ("after a breach by half", dict(rise_per_step=0.1, rise_after_breach=0.5), [".10", ".10", ".20", ".20", ".01", ".01"],
           # 0.10 x 1.5; 0.15 x 1.5 is above the core
           [(".10", "tail", None), (".15", "speed_limit", None), (".20", "tail", None), (".20", "tail", None), (".01", "tail", None)])
    yield ("no breach, no faster rise", dict(rise_per_step=0.1, rise_after_breach=0.5),
           [".10", ".10", ".20", ".14", ".145"],
           # 0.10 -> 0.15 (breach of 0.10), 0.14 is inside 0.15: ceiling 0.165; 0.145 is inside: core is 0.145
           [(".10", "tail", None), (".15", "speed_limit", None), (".165", "speed_limit", None), (".145", "tail", None)])
    yield ("a slow breach rule never slows: 1 % after a breach, 10 % a step", dict(rise_per_step=0.1, rise_after_breach=0.01),
           [".10", ".10", ".20", ".20"], [(".10", "tail", None), (".11", "speed_limit", None), (".121", "speed_limit", None)])
    yield ("breaches with the limit of a day alone", dict(rise_per_day=0.2, rise_after_breach=0.5), [".10", ".10", ".16", ".30", ".30"],
           # the day's reference is the last bar of the day before: 0.10, then 0.15, then 0.225
           [(".10", "tail", None), (".15", "speed_limit", None), (".225", "speed_limit", None), (".30", "tail", None)])
    yield ("without a limit a breach does nothing", dict(rise_after_breach=0.01), [".10", ".10", ".20"], [(".10", "tail", None), (".20", "tail", None)])


def days():
    """Cases with several bars a day, and with fallbacks."""
    # bars at 0, 8 and 16 o'clock UTC; the path starts at 16
    yield ("20 % a UTC day, three bars a day", dict(rise_per_day=0.2), [".10", ".10"] + [".20"] * 7,
           [(".10", "tail", None)] + [(".12", "speed_limit", None)] * 3 + [(".144", "speed_limit", None)] * 3 + [(".1728", "speed_limit", None)],
           timedelta(hours=8))
    # bars every 4 hours from 4 o'clock: the path starts at 12, and has 16 and 20 on its first day
    yield ("the day that started the path is measured from its start", dict(rise_per_day=0.2), [".10", ".10"] + [".20"] * 4,
           [(".10", "tail", None)] + [(".12", "speed_limit", None)] * 2 + [(".144", "speed_limit", None)] * 2, timedelta(hours=4))
    yield ("the smaller of both limits", dict(rise_per_day=0.2, rise_per_step=0.15), [".10", ".10"] + [".30"] * 5,
           # at 16 and 20 o'clock 0.115, 0.12; then 0.12 x 1.15 and twice 0.12 x 1.2
           [(".10", "tail", None), (".115", "speed_limit", None), (".12", "speed_limit", None), (".138", "speed_limit", None),
            (".144", "speed_limit", None), (".144", "speed_limit", None)], timedelta(hours=4))
    yield ("a fall of at most 10 % a day", dict(fall_per_day=0.1), [".20", ".20", ".01", ".01", ".01", ".01"],
           [(".20", "tail", None), (".20", "tail", None), (".18", "speed_limit", None), (".162", "speed_limit", None), (".1458", "speed_limit", None)])
    yield ("a fall is measured from the day before: three bars a day", dict(fall_per_day=0.1), [".20", ".20"] + [".01"] * 6,
           # 16 o'clock | 0.20 (core 0.20), 0.18, 0.18 | 0.162 x 3
           [(".20", "tail", None), (".20", "tail", None)] + [(".18", "speed_limit", None)] * 2 + [(".162", "speed_limit", None)] * 3,
           timedelta(hours=8))
    yield ("a fall with a buffer: nothing of it is used", dict(BUFFER, fall_per_day=0.1), [".20", ".20", ".01", ".01"],
           [(".25", "buffer", 0), (".25", "buffer", 0), (".225", "speed_limit", 0)])
    yield ("a rise with a buffer: the limit leaves the rate below the core", dict(BUFFER, rise_per_step=0.04), [".10", ".10", ".14", ".14"],
           [(".125", "buffer", 0), (".13", "speed_limit", 1), (".1352", "speed_limit", 1)])
    yield ("the maximum", dict(rise_per_step=0.2, maximum_rate=0.15, fallback_rate=0.1), [".10", ".10", ".40", ".40", ".40"],
           [(".10", "tail", None), (".12", "speed_limit", None), (".144", "speed_limit", None), (".15", "maximum", None)])
    yield ("the minimum", dict(BUFFER, minimum_rate=0.05), [".10", ".10", ".01", ".01", ".01"],
           [(".125", "buffer", 0), (".125", "buffer", 0), (".05", "minimum", 0), (".05", "minimum", 0)])
    yield ("a minimum that grows past a limit", dict(fall_per_day=0.5, minimum_rate=0.15), [".20", ".20", ".01", ".01", ".01"],
           [(".20", "tail", None), (".20", "tail", None), (".15", "minimum", None), (".15", "minimum", None)])
    yield ("a fallback at once, and a new path after it", dict(BUFFER, rise_per_step=0.01, fall_per_day=0.01),
           [".10", ".10", "0", "0", "0", ".10", ".20"],
           # two zeros are no moves; then a path anew; then 0.125 x 1.01
           [(".125", "buffer", 0), (".125", "buffer", 0), (".50", "fallback", None), (".50", "fallback", None), (".125", "buffer", 0),
            (".12625", "speed_limit", 1)])
    yield ("dead after one bar: the tail still counts", dict(BUFFER, dead_after=1, fallback_rate=0.12), [".10", ".10", "0", ".10"],
           # idle 1: the fallback rate is below 1.25 x 0.10; a fallback starts no path
           [(".125", "buffer", 0), (".125", "buffer", 0), (".125", "buffer", 0)])
    yield ("thirds", dict(BUFFER, buffer_recovery=3), [".12", ".12", ".15", ".15", ".15", ".15"],
           # 0.25 x 0.15 / 3 = 0.0125 a bar, up to 1.25 x 0.15
           [(".15", "buffer", 0), (".1625", "buffer", Fraction(2, 3)), (".175", "buffer", Fraction(1, 3)), (".1875", "buffer", 0),
            (".1875", "buffer", 0)])


def prices(losses, up):
    """Of a series that loses this a bar: held long, or held short."""
    out = [1000.0]
    for x in losses:
        out.append(out[-1] * (1 + float(x) if up else 1 - float(x)))
    return out


def by_hand():
    for number, case in enumerate([*cases(), *days()]):
        name, fields, losses, wanted, step = (*case, timedelta(days=1))[:5]
        start = 8000 * c.DAY + (4 * 3600 * 10 ** 6 if step == timedelta(hours=4) else 0)
        policy = c.policy(session, f"hand {number}", **{**HAND, **fields})
        for side, up in (("long", False), ("short", True)):
            one = c.Series([start + i * (step // timedelta(microseconds=1)) for i in range(len(losses) + 1)], prices(losses, up))
            key = f"hand {number} {side}"
            insert("bars", key, one)
            rows = sql_walk(key, one, policy, 2, len(losses))
            ours, _ = c.walk(one, policy, fits, 2, len(losses))
            check_hand(f"by hand, {side}: {name}", side, rows, wanted)
            check_hand(f"by hand, {side}, the loops of this file: {name}", side, [as_row(x) for x in ours], wanted)


def as_row(calibration):
    return {key: Decimal(repr(x)) if isinstance(x, float) else x for key, x in calibration.columns().items()}


def check_hand(name, side, rows, wanted):
    wrong = [] if len(rows) == len(wanted) else [f"{len(rows)} calibrations, want {len(wanted)}"]
    for i, (row, (rate, term, used)) in enumerate(zip(rows, wanted)):
        got = row[side + "_unrounded"], row[side + "_binding_term"], row[side + "_buffer_used"]
        right = (abs(Decimal(got[0]) - Decimal(rate)) < Decimal("1e-12") and term in (got[1], None)
                 and ((got[2] is None) == (used is None) or term == "fallback")
                 and (used is None or abs(float(got[2]) - float(used)) < 1e-10)
                 and row[side + "_initial_rate"] == (Decimal(rate) * 10000).to_integral_value(ROUND_CEILING) / 10000)
        if not right:
            wrong.append(f"calibration {i + 1}: got {got}, {row[side + '_initial_rate']}, want {rate} {term} {used}")
    t.ok(not wrong, name, *wrong)


# ---- long paths ----

def policies():
    yield c.policy(session, "buffer", model="filtered_historical", lookback=250, buffer=0.25)
    yield c.policy(session, "recovering", model="gjr_historical + filtered_historical(0.97) > historical", lookback=300, refit_interval=20,
                   buffer=0.25, buffer_recovery=10, stress_weight=0.25, stress_window=60, floor_lookback=400, confidence=0.975)
    yield c.policy(session, "limited", model="historical", measure="value_at_risk", lookback=120, confidence=0.95, horizon=3,
                   rise_per_step=0.01, rise_per_day=0.05, rise_after_breach=0.1, fall_per_day=0.02, buffer=0.25, buffer_recovery=20,
                   symmetric_rates=True, minimum_rate=0.001)
    yield c.policy(session, "extreme", model="garch_t_evt + filtered_evt > weighted_historical", lookback=200, refit_interval=50, horizon=2,
                   horizon_method="scaled", fall_per_day=0.1, rise_per_day=0.03, minimum_rate=0.001, confidence=0.98)
    yield c.policy(session, "listings", model="filtered_student_t > historical", lookback=200, min_returns=40, restart_gap=timedelta(days=20),
                   dead_after=10, buffer=0.3, lookback_time=timedelta(days=150), confidence=0.975, rise_after_breach=0.2, rise_per_step=0.002,
                   stress_weight=0.2, stress_window=20, minimum_rate=0.001, maximum_rate=0.8)


def interrupted():
    """Simulated hours and days with dead spells, pauses and a new listing."""
    one = c.simulated(61, 420)
    ts, price = [], []
    for i, (a, p) in enumerate(zip(one.ts, one.price)):
        ts.append(a + (45 * c.DAY if i >= 260 else 0) + (3 * c.DAY if i >= 200 else 0))
        still = 180 <= i < 196 or 330 <= i < 345
        price.append(price[-1] if still else p * (7 if i >= 260 else 1))
    return {"simulated, interrupted": c.Series(ts, price), "simulated, hours": c.simulated(62, 420, step=c.DAY // 24, nu=3.2),
            "simulated, five hours": c.simulated(63, 420, step=5 * c.DAY // 24)}


FIRST, LAST = 130, 330


def long_paths(series):
    for policy in policies():
        for name, one in series.items():
            what = f"{policy['name']}, {name}"
            rows = sql_walk(name, one, policy, FIRST, LAST)
            ours, _ = c.walk(one, policy, fits, FIRST, LAST)
            wrong = [] if len(rows) == len(ours) else [f"{len(rows)} calibrations, want {len(ours)}"]
            for got, now in zip(rows, ours):
                wrong += [f"{got['last_ts']}: {line}" for line in c.differences(got, now.columns(), TIGHT)]
            t.ok(not wrong, f"{what}: {len(ours)} bars, one by one", *wrong[:8])
            leaps(what, name, one, policy, rows)
            corrections(what, name, one, policy, ours)
            backtest(what, name, one, policy, rows, ours)


def leaps(what, name, one, policy, rows):
    """From an earlier path over many bars at once: the digits of bar by bar."""
    wrong = []
    for at, last in ((FIRST, LAST), (FIRST, FIRST + 1), (FIRST + 37, FIRST + 111), (LAST - 1, LAST), (LAST, LAST), (FIRST, FIRST)):
        got = leap(name, one, policy, at, last)
        wrong += [f"{at} to {last}, {key}: {got.get(key)}, bar by bar {x}" for key, x in rows[last - FIRST].items() if got.get(key) != x]
    t.ok(not wrong, f"{what}: leaps", *wrong[:8])


def corrections(what, name, one, policy, ours):
    """The latest bar of a path is another one, or an older one: the step again, or the core from now on."""
    wrong = []
    for at, changed, factor in ((FIRST + 20, 0, 1.03), (FIRST + 20, 0, 0.8), (FIRST + 90, 0, 1.3), (FIRST + 60, 5, 1.2), (FIRST + 60, 1, 0.7)):
        new = one.changed(at - changed, one.price[at - changed] * factor)
        session.rows("DROP TABLE IF EXISTS corrected; CREATE TABLE corrected (series text, ts timestamptz, price float8)")
        insert("corrected", name, new)
        # the path after bar `at`, or after the bar before it when that step is to be taken again
        first = at if changed == 0 else at + 1
        state = ours[first - 1 - FIRST].path
        for last in (at, at + 1, at + 12) if changed == 0 else (at + 1, at + 12):
            want, _ = c.walk(new, policy, fits, first, last, state)
            got = leap(name, one, policy, at, last, "corrected")
            wrong += [f"bar {at - changed} times {factor}, path of {at} to {last}: {x}" for x in c.differences(got, want[-1].columns(), PLANTED)]
    t.ok(not wrong, f"{what}: corrections of the latest and of older bars", *wrong[:8])


# ---- the backtest's path ----

def told(table, policy, one, first, last):
    return parsed(session.rows(
        f"SELECT to_jsonb(b) FROM backtest_path('{table}', policy('{policy['name']}'), 'series', 'ts', 'price', "
        f"'{c.timestamp(one.ts[first])}', '{c.timestamp(one.ts[last])}') AS b ORDER BY instrument, ts, side"))


def expected_row(name, one, policy, now, i, side):
    """What backtest_path says after bar i."""
    text = ("long", "short")[side]
    mine = now.sides[side]
    source = max(x.rate for x in now.sides) if policy["symmetric_rates"] else mine.rate
    h = policy["horizon"]
    lost = None
    gap = policy["restart_gap"] and policy["restart_gap"] // timedelta(microseconds=1)
    # a loss is one of the listing that was held
    if i + h < len(one.ts) and not any(gap and one.ts[j + 1] - one.ts[j] > gap for j in range(i, i + h)):
        lost = float(c.loss(c.against(math.log(one.price[i + h] / one.price[i]), side), side))
    at_99 = c.answer(now.part, fits, 0.99)
    at_975 = c.answer(now.part, fits, 0.975)
    return {"instrument": name, "ts": c.timestamp(one.ts[i]), "side": text, "value_at_risk": at_99 and at_99[1][side][0],
            "expected_shortfall": at_975 and at_975[1][side][1], "value_at_risk_es": at_975 and at_975[1][side][0],
            "margin": mine.rate, "published_margin": c.publish(source, policy), "loss": lost, "binding_term": mine.term, "fallback": now.fallback, "model": now.model}


def backtest(what, name, one, policy, rows, ours):
    session.rows("DROP TABLE IF EXISTS history; CREATE TABLE history (series text, ts timestamptz, price float8)")
    insert("history", name, c.Series(one.ts[:LAST + 1], one.price[:LAST + 1]))
    got = told("history", policy, one, FIRST, LAST)
    short = c.Series(one.ts[:LAST + 1], one.price[:LAST + 1])
    want = [expected_row(name, short, policy, now, FIRST + k, side) for k, now in enumerate(ours) for side in (0, 1)]
    wrong = [] if len(got) == len(want) else [f"{len(got)} rows, want {len(want)}"]
    for g, w in zip(got, want):
        wrong += [f"{w['ts']} {w['side']}, {key}: got {g.get(key)}, want {x}" for key, x in w.items() if not c.same(key, g.get(key), x, TIGHT)]
    for g, row in zip(got[::2], rows):
        wrong += [f"{g['ts']}: margin {g['margin']}, calibrate_margin {row['long_unrounded']}"] * (g["margin"] != row["long_unrounded"])
    t.ok(not wrong, f"{what}: backtest_path", *wrong[:8])
    planted(what, name, one, policy, got)


def planted(what, name, one, policy, got):
    """What comes later changes nothing but the losses that it makes known."""
    middle = FIRST + 100
    session.rows(f"UPDATE history SET price = price * (2 + sin(extract(epoch FROM ts) / 1000)) WHERE ts > '{c.timestamp(one.ts[middle])}'; "
                 f"INSERT INTO history SELECT series, ts + interval '7 minutes', price * 9 FROM history WHERE ts > '{c.timestamp(one.ts[middle])}'")
    known = [{**row, "loss": None} for row in got if c.microseconds(row["ts"]) <= one.ts[middle]]
    for last, text in ((middle, "up to the planted bars"), (LAST, "through the planted bars")):
        again = [{**row, "loss": None} for row in told("history", policy, one, FIRST, last) if c.microseconds(row["ts"]) <= one.ts[middle]]
        t.ok(again == known and len(known) == 202, f"{what}: backtest_path does not see the future, {text}", f"{len(again)} and {len(known)} rows",
             *[f"{a} {b}" for a, b in zip(again, known) if a != b][:3])
    # the loss that is known by the middle is the same, the others are not
    h = policy["horizon"]
    before = {(row["ts"], row["side"]): row["loss"] for row in got}
    after = {(row["ts"], row["side"]): row["loss"] for row in told("history", policy, one, FIRST, LAST)}
    wrong = [key for key, x in before.items() if c.microseconds(key[0]) <= one.ts[middle - h] and after[key] != x]
    t.ok(not wrong and any(after[key] != x for key, x in before.items()), f"{what}: losses that were known stay", *wrong[:4])


def main():
    session.rows(WALK)
    by_hand()
    series = c.real(420, (("crypto_daily_yahoo_2014_2022", ("BTC-USD",)), ("sp500_daily_1999_2018", ("SPX",)),
                          ("crypto_hourly_binance_2021_2022", ("LUNAUSDT",))))
    series.update(interrupted())
    for name, one in series.items():
        insert("bars", name, one)
    long_paths(series)
    several(series)
    t.done()


def several(series):
    """All instruments of a table at once, from a time between two bars."""
    policy = c.policy(session, "all at once", model="historical", lookback=100, confidence=0.95, buffer=0.25, buffer_recovery=5)
    names = [name for name in series if name.startswith("simulated")]
    session.rows("CREATE TABLE every (series text, ts timestamptz, price float8)")
    for name in names:
        insert("every", name, series[name])
    moment = series["simulated, hours"].ts[200] + 1
    until = series["simulated, hours"].ts[215] + 1
    got = parsed(session.rows(f"SELECT to_jsonb(b) FROM backtest_path('every', policy('all at once'), 'series', 'ts', 'price', "
                              f"'{c.timestamp(moment)}', '{c.timestamp(until)}') AS b"))
    want = {}
    for name in names:
        one = series[name]
        inside = [i for i, a in enumerate(one.ts) if moment <= a <= until]
        if inside:
            ours, _ = c.walk(one, policy, fits, inside[0], inside[-1])
            want.update({(name, one.ts[i], text): now.sides[side].rate for i, now in zip(inside, ours)
                         for side, text in enumerate(("long", "short"))})
    found = {(row["instrument"], c.microseconds(row["ts"]), row["side"]): float(row["margin"]) for row in got}
    t.ok(len(got) == len(found) and set(found) == set(want), "backtest_path: the bars from from_ts to until_ts of every instrument, each side once",
         f"{len(got)} rows, want {len(want)}")
    t.ok(len(want) > 30 and all(t.error(found.get(key, 0), x) <= TIGHT for key, x in want.items()), "and their paths start at the first of them")


main()
