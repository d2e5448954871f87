"""Accounts under portfolio margin from the user's tables alone: prices, quotes, positions, balances and terms; prints TAP.

Everything is computed again here with numpy: Black (1976), smiles from the formula of SVI, the scenarios of every set from its rows and
law, netting, measures and components by doc/portfolio_margin.md, profits and values of positions, equity, tiers; then what_if, its
components by derivatives taken by differences, and its hedges by a grid.
"""
import json
import math
from decimal import Decimal

import numpy as np
from scipy.special import ndtr

import _tap as t

YEAR, DAY = 365 * 86400, 86400
rng = np.random.default_rng(11)
RATE = 0.03

# ---- the user's tables ----
PRICES = {"BTC-IDX": 90000.0, "ETH-IDX": 3000.0, "SOL-IDX": 150.0, "USDC-USD": 0.87, "USDT-USD": 1.001, "USD-EUR": 0.9,
          "BTC-PERP": 90250.0, "ETH-PERP": 3004.5, "SOL-PERP": 149.2, "BTC-INV": 90111.0, "BTC-FUT": 93000.0, "ETH-INV": 2999.0, "BTC-SPOT": 90010.0,
          "ETH-SPOT": 3001.0, "SOL-C": 11.0, "PLAIN": 420.0}
ASSETS = {"BTC": ("BTC-IDX", "USD"), "ETH": ("ETH-IDX", "USD"), "SOL": ("SOL-IDX", "USD"), "USDC": ("USDC-USD", "USD"), "USDT": ("USDT-USD", "USD"), "USD": ("USD-EUR", "EUR")}
days = 60
FUT, EXP1, MID, EXP2 = 40, 30, 55, 90


def terms(instrument, kind, payoff, underlying, settlement, size=1, quote="USD", **more):
    return {"instrument": instrument, "kind": kind, "payoff": payoff, "underlying": underlying, "quote_currency": quote, "settlement_asset": settlement,
            "contract_size": size, "multiplier": 1, **more}


def option(instrument, underlying, cp, strike, expiry, payoff="linear", settlement="USDC", size=1):
    return terms(instrument, "option", payoff, underlying, settlement, size, option_kind=cp, strike=strike, expiry_days=expiry,
                 premium="coin" if payoff == "inverse" else "currency")


CONTRACTS = {c["instrument"]: c for c in [
    terms("BTC-PERP", "perpetual", "linear", "BTC", "USDC"), terms("ETH-PERP", "perpetual", "linear", "ETH", "USDT", 0.1), terms("SOL-PERP", "perpetual", "linear", "SOL", "USD", 10),
    terms("BTC-INV", "perpetual", "inverse", "BTC", "BTC", 10), terms("BTC-FUT", "future", "inverse", "BTC", "BTC", 100, expiry_days=FUT),
    terms("ETH-INV", "perpetual", "inverse", "ETH", "ETH", 1),
    terms("BTC-SPOT", "spot", "linear", "BTC", "USD"), terms("ETH-SPOT", "spot", "linear", "ETH", "USD"),
    option("B1C", "BTC", "call", 95000, EXP1), option("B1P", "BTC", "put", 85000, EXP1), option("B2C", "BTC", "call", 100000, MID), option("B2P", "BTC", "put", 70000, EXP2, size=0.5),
    option("I1C", "BTC", "call", 95000, EXP1, "inverse", "BTC"), option("I2P", "BTC", "put", 80000, MID, "inverse", "BTC"), option("I3C", "BTC", "call", 120000, EXP2, "inverse", "BTC"),
    option("E1P", "ETH", "put", 2800, EXP1, settlement="USDT"), option("E2C", "ETH", "call", 3400, EXP2, settlement="USDT"),
    # no surface: vol by its own price; and one that expired before the latest prices
    option("SOL-C", "SOL", "call", 155, EXP1, settlement="USD"), option("OLD", "BTC", "call", 80000, -5), option("OLDP", "BTC", "put", 100000, -5, "inverse", "BTC")]}
INVERSE_BY_RATES = {"BTC-INV": 10, "BTC-FUT": 100, "ETH-INV": 1}
OPTIONS = [n for n, c in CONTRACTS.items() if c["kind"] == "option"]

SHOCKS = 250
common = rng.standard_t(4, SHOCKS) * 0.02
history = {"BTC": common + rng.normal(0, 0.005, SHOCKS), "ETH": 1.3 * common + rng.normal(0, 0.01, SHOCKS), "SOL": 1.7 * common + rng.normal(0, 0.02, SHOCKS),
           "USDC": rng.normal(0, 0.01, SHOCKS), "*": 2 * common}
vol_history = {c: -1.5 * history[c] + rng.normal(0, 0.05, SHOCKS) for c in history}
MODELS = {"span": ("span2", "USD"), "deribit": ("deribit", "USD"), "paradex": ("paradex", "USD"), "derive": ("derive", "USD"), "okx": ("okx_major", "USD"),
          "past": ("past", "USD"), "euro": ("deribit", "EUR"), "small": ("deribit", "USD"), "closed": ("paradex", "USD"), "short": ("deribit", "USD"), "rates": (None, "USD")}
positions = []  # (account, instrument, quantity, entry)
for account in MODELS:
    if account in ("small", "closed", "short", "rates"):
        continue
    for name, c in CONTRACTS.items():
        if rng.random() < 0.7:
            scale = 20 if c["payoff"] == "inverse" and c["kind"] != "option" else 3
            for part in range(1 + (rng.random() < 0.4)):
                entry = None
                if c["kind"] not in ("option", "spot") and rng.random() < 0.7:
                    entry = round(PRICES[name] * rng.uniform(0.9, 1.1), 1)
                positions.append((account, name, round(rng.normal(0, scale), 4), entry))
positions += [("small", "BTC-PERP", "0.000000000000000001", None), ("small", "ETH-PERP", 1000000000, "3004.5"),
              ("closed", "BTC-PERP", 2, 80000), ("closed", "BTC-PERP", -2, 81000), ("short", "SOL-PERP", -10, 149.2), ("short", "I1C", -1, None),
              ("rates", "BTC-PERP", -1, 95000), ("rates", "BTC-INV", 400, 85000), ("rates", "ETH-SPOT", 2, 2000), ("rates", "PLAIN", 3, 400)]
balances = {"span": 10 ** 6, "deribit": 250000, "paradex": 10 ** 5, "derive": 10 ** 6, "okx": 10 ** 5, "past": 4 * 10 ** 5, "euro": 123456.78, "short": 15700, "rates": 5, "empty": 100}


def prepare():
    t.sql("CREATE TABLE px (sym text, ts timestamptz, p float8); CREATE TABLE pos (acct text, sym text, q numeric, entry numeric); CREATE TABLE bal (acct text, asset text, q numeric);"
          "CREATE TABLE qt (coin text, at timestamptz, expiry timestamptz, strike float8, kind text, mark float8, forward float8)")
    rows = "".join(f"{name}\t{value!r}\n" for name, value in PRICES.items())
    t.sql("CREATE TABLE last (sym text, p float8); COPY last FROM STDIN;\n", rows + "\\.\n")
    t.sql(f"INSERT INTO px SELECT sym, date_trunc('minute', now()) - i * interval '1 day', p * exp(0.03 * sin(i * (3 + length(sym)))) FROM last, generate_series(0, {days}) AS i WHERE i > 0;"
          "INSERT INTO px SELECT sym, date_trunc('minute', now()), p FROM last")
    t.sql("SELECT attach_prices('px', 'sym', 'ts', 'p'), attach_positions('pos', 'acct', 'sym', 'q', entry_price => 'entry'), attach_collateral('bal', 'acct', 'asset', 'q');"
          f"SELECT attach_quotes('qt', 'coin', 'at', 'expiry', 'strike', 'kind', mark => 'mark', forward => 'forward', settings => surface_settings(rate => {RATE}));"
          "CALL refresh()")
    t.sql("".join(f"SELECT set_asset('{a}', '{i}', '{c}');" for a, (i, c) in ASSETS.items()))
    for c in CONTRACTS.values():
        row = {k: v for k, v in c.items() if k != "expiry_days"}
        expiry = f"date_trunc('day', now()) + interval '{c['expiry_days']} days 8 hours'" if "expiry_days" in c else "NULL::timestamptz"
        t.sql(f"SELECT set_contract(jsonb_populate_record(NULL::contract, '{json.dumps(row)}' || jsonb_build_object('expiry', {expiry})))")
    t.sql("".join(f"SELECT set_instrument('{n}', kind => 'inverse', multiplier => {m});" for n, m in INVERSE_BY_RATES.items()) + "SELECT set_instrument('ETH-SPOT', kind => 'spot')")
    # smiles: 9 strikes of two expiries for two coins, undiscounted Black prices times the discount
    start = float(t.value("SELECT extract(epoch FROM date_trunc('day', now()))::float8"))
    now = float(t.value("SELECT extract(epoch FROM date_trunc('minute', now()))::float8"))
    quotes = []
    for coin, spot, level in (("BTC", 90000.0, 0.5), ("ETH", 3000.0, 0.7)):
        for d in (EXP1, EXP2):
            expiry = start + d * DAY + 8 * 3600
            years, forward = (expiry - now) / YEAR, spot * math.exp(0.05 * d / 365)
            for k in np.linspace(-0.4, 0.4, 9):
                vol = level - 0.08 * k + 0.25 * k * k + 0.01 * (d > 60)
                strike = round(forward * math.exp(k), 1)
                quotes += [(coin, expiry, strike, cp, math.exp(-RATE * years) * black(cp == "C", forward, strike, years, vol), forward) for cp in "CP"]
    t.sql("CREATE TABLE q0 (coin text, expiry float8, strike float8, kind text, mark float8, forward float8); COPY q0 FROM STDIN;\n",
          "".join("\t".join(x if isinstance(x, str) else repr(float(x)) for x in q) + "\n" for q in quotes) + "\\.\n")
    t.sql("INSERT INTO qt SELECT coin, date_trunc('minute', now()), to_timestamp(expiry), strike, kind, mark, forward FROM q0")
    t.sql("COPY pos FROM STDIN;\n", "".join("\t".join("\\N" if x is None else str(x) for x in p) + "\n" for p in positions) + "\\.\n")
    t.sql("".join(f"INSERT INTO bal VALUES ('{a}', '{'EUR' if a == 'euro' else 'USD'}', {q});" for a, q in balances.items()))
    factors = [{"factor": f, "price_shocks": list(map(float, history[f])), "vol_shocks": list(map(float, vol_history[f]))} for f in history]
    t.sql(f"SELECT add_scenario_set('past', (SELECT jsonb_agg('{{}}'::jsonb) FROM generate_series(1, {SHOCKS})), factors => '{json.dumps(factors)}', method => '{{\"initial_factor\": 1.1}}')")
    t.sql("SELECT add_scenario_set('span2', to_jsonb((scenario_set('span')).scenarios), to_jsonb((scenario_set('span')).law),"
          "'[{\"factor\": \"ETH\", \"law\": {\"price_range\": 0.2, \"vol_up\": 0.3, \"vol_down\": 0.3}}]', '{\"measure\": \"worst\", \"maintenance_factor\": 0.75, \"offset_share\": 0.5}')")
    for account, (name, currency) in MODELS.items():
        t.sql(f"SELECT set_margin_model('{account}', {t_text(name)}, '{currency}')")
    t.sql("SELECT set_amount_step('EUR', 0.05); CALL refresh()")


def t_text(value):
    return "NULL" if value is None else f"'{value}'"


def black(call, forward, strike, years, vol):
    """Undiscounted."""
    forward, vol = np.asarray(forward, float), np.asarray(vol, float)
    if years <= 0:
        return np.maximum(forward - strike, 0) if call else np.maximum(strike - forward, 0)
    s = np.maximum(vol * math.sqrt(years), 1e-300)
    with np.errstate(divide="ignore"):
        d = (np.log(np.maximum(forward, 1e-300) / strike) + s * s / 2) / s
    return forward * ndtr(d) - strike * ndtr(d - s) if call else strike * ndtr(s - d) - forward * ndtr(-d)


def implied(price, call, forward, strike, years):
    low, high = 1e-4, 20.0
    for _ in range(200):
        mid = (low + high) / 2
        low, high = (mid, high) if black(call, forward, strike, years, mid) < price else (low, mid)
    return (low + high) / 2


# ---- markets ----
def asset_price(asset, currency):
    if asset == currency:
        return 1.0
    instrument, quoted = ASSETS[asset]
    return PRICES[instrument] * (1.0 if quoted == currency else asset_price(quoted, currency))


def load_smiles():
    smiles = {}
    for coin in ("BTC", "ETH"):
        rows = t.sql("SELECT extract(epoch FROM s.expiry)::float8, s.forward, s.t, s.a, s.b, s.rho, s.m, s.sigma, extract(epoch FROM v.as_of)::float8 "
                     f"FROM surface_at('{coin}') AS v, unnest(v.slices) AS s ORDER BY 1")
        smiles[coin] = [[float(x) for x in row] for row in rows]
    return smiles


def total_variance(s, k):
    return s[3] + s[4] * (s[5] * (k - s[6]) + math.sqrt((k - s[6]) ** 2 + s[7] ** 2))


def smile_market(smile, expiry, strike):
    """(forward, vol, as_of): logs of forwards on a line, total variance on a line at equal k."""
    first, last = smile[0], smile[-1]
    as_of = first[8]
    share = min(max((expiry - first[0]) / (last[0] - first[0]), 0), 1)
    forward = math.exp((1 - share) * math.log(first[1]) + share * math.log(last[1]))
    k = math.log(strike / forward)
    variance = (1 - share) * total_variance(first, k) + share * total_variance(last, k)
    return forward, math.sqrt(variance / ((expiry - as_of) / YEAR)), as_of


def market(name, currency):
    """(price, spot, vol, years, rate, settlement price, it moves with the price)"""
    c = CONTRACTS[name]
    settlement = asset_price(c["settlement_asset"], currency)
    moves = c["payoff"] == "inverse"
    if c["kind"] != "option":
        return PRICES[name], PRICES[name], 0.0, 0.0, 0.0, settlement, moves
    spot = asset_price(c["underlying"], currency) / asset_price("USD", currency)
    expiry = START + c["expiry_days"] * DAY + 8 * 3600
    if c["underlying"] == "SOL":
        years = (expiry - NOW) / YEAR
        return spot, spot, implied(PRICES[name], c["option_kind"] == "call", spot, c["strike"], years), years, 0.0, settlement, moves
    if c["expiry_days"] < 0:
        return spot, spot, 0.0, 0.0, RATE, settlement, moves
    forward, vol, as_of = smile_market(SMILES[c["underlying"]], expiry, c["strike"])
    return forward, spot, vol, (expiry - as_of) / YEAR, RATE, settlement, moves


def value_of(c, m, price, vol, settlement):
    """Of one contract with the price and vol given; of futures and perpetuals the profit against the market m."""
    now = m[0]
    price = np.asarray(price, float)
    if c["kind"] == "option":
        premium = black(c["option_kind"] == "call", np.maximum(price, 1e-12 * now), c["strike"], m[3], vol)
        if c["payoff"] == "inverse":
            return c["contract_size"] * premium / price * settlement
        return c["contract_size"] * premium * math.exp(-m[4] * m[3]) * settlement
    if c["kind"] == "spot":
        return c["contract_size"] * price * settlement
    if c["payoff"] == "inverse":
        return c["contract_size"] * (1 / now - 1 / np.maximum(price, 1e-12 * now)) * settlement
    return c["contract_size"] * (price - now) * settlement


class Book:
    """Scenario set and method; margin of quantities by name."""

    def __init__(self, name, currency):
        s = json.loads(t.value(f"SELECT to_jsonb(scenario_set('{name}'))"))
        self.scenarios, self.currency = s["scenarios"], currency
        self.law, self.factors, self.method = s["law"] or {}, {f["factor"]: f for f in s["factors"] or []}, s["method"] or {}
        self.n = len(self.scenarios)
        get = lambda key, default: [default if x[key] is None else x[key] for x in self.scenarios]
        self.weight, self.both, self.contingency = np.array(get("weight", 1.0)), np.array(get("both_ways", False)), np.array(get("contingency", False))
        self.vectors = {}

    def factor(self, name):
        return self.factors.get(name) or self.factors.get("*") or {}

    def law_of(self, underlying):
        law = self.factor(underlying).get("law") or self.law
        return {k: v for k, v in law.items() if v is not None}

    def shocked(self, c, m):
        law, own = self.law_of(c["underlying"]), self.factor(c["underlying"])
        prices, vols = np.empty(self.n), np.empty(self.n)
        years, vol = m[3], m[2]
        for i, s in enumerate(self.scenarios):
            x, unit = s["price_shock"] or 0.0, s["price_unit"] or "relative"
            y, vunit = s["vol_shock"] or 0.0, s["vol_unit"] or "relative"
            if own.get("price_shocks"):
                x, unit = own["price_shocks"][i], "relative"
            if own.get("vol_shocks"):
                y, vunit = own["vol_shocks"][i], "relative"
            prices[i] = m[0] + x if unit == "absolute" else m[0] * (1 + x * (law.get("beta", 1) if unit == "relative" else law.get("price_range", 0)))
            least = 0.0
            if vunit == "range":
                d = years * 365
                reference = law.get("reference_days", 30)
                ratio = (reference / max(d, law.get("least_days", 1))) ** law.get("short_power" if d <= reference else "long_power", 0)
                r = (law.get("vol_up", 0) if y > 0 else law.get("vol_down", 0)) * ratio
                v = vol + y * (r if law.get("vol_range_unit") == "absolute" else vol * r)
                least = law.get("least_vol_up", 0) if y > 0 else 0.0
            else:
                v = vol + (y if vunit == "absolute" else vol * y)
            if s["skew"] and c["kind"] == "option":
                q = {k: z for k, z in law[s["skew"] + "_skew"].items() if z is not None}
                k = math.log(c["strike"] / m[0])
                k = abs(k) if s["skew"] == "absolute" else k
                w = max(q.get("least_width", 0.01), math.sqrt(years) * q.get("width_scale", 1) * (q.get("width", 1) + q.get("width_slope", 0) * math.sqrt(years)))
                v *= max(0, 1 + (q.get("cap", 0) + q.get("cap_slope", 0) * math.sqrt(years)) * min(max(k / w, -1), 1))
            vols[i] = max(v, least)
        return prices, vols

    def vector(self, name):
        """profits, value, notional, delta, years, discounts"""
        if name in self.vectors:
            return self.vectors[name]
        c, m = CONTRACTS[name], market(name, self.currency)
        prices, vols = self.shocked(c, m)
        coin = c["quote_currency"] if c["kind"] == "spot" else c["settlement_asset"]
        if m[6]:
            settlement = m[5] * prices / m[0]
        elif self.factors and coin in self.factors and self.factors[coin].get("price_shocks"):
            settlement = m[5] * (1 + np.array(self.factors[coin]["price_shocks"]))
        else:
            settlement = np.full(self.n, m[5])
        base = float(value_of(c, m, m[0], m[2], m[5])) if c["kind"] in ("option", "spot") else 0.0
        profits = value_of(c, m, prices, vols, settlement) - base
        size = c["contract_size"]
        if c["payoff"] == "inverse":
            notional = size * m[5] * (1 if c["kind"] == "option" else 1 / m[0])
        else:
            notional = size * m[1] * m[5]
        h = 1e-4
        at = lambda e: value_of(c, m, m[0] * (1 + e), m[2], m[5] * (1 + e) if m[6] else m[5])
        delta = float(at(h) - at(-h)) / (2 * h) if c["kind"] == "option" else notional
        law, years, rate = self.law_of(c["underlying"]), m[3], m[4]
        d_long = d_short = 1.0
        if c["kind"] == "option":
            d_long = law.get("long_discount", 1) * math.exp(-years * (rate * law.get("long_rate_scale", 0) + law.get("long_rate_add", 0)))
            if "short_discount" in law:
                d_short = min(math.exp(rate * years), law["short_discount"] * math.exp(years * (rate * law.get("short_rate_scale", 0) + law.get("short_rate_add", 0))))
        self.vectors[name] = (profits, base, notional, delta, years, d_long, d_short)
        return self.vectors[name]

    def margin(self, book):
        """(initial, maintenance, charges) of {name: quantity}"""
        if not book:
            return 0.0, 0.0
        groups = {}
        for name, q in book.items():
            c = CONTRACTS[name]
            groups.setdefault((c["underlying"], c.get("expiry_days") if c["kind"] == "option" else None), []).append((name, q))
        by_underlying, worst_by_group = {}, {}
        for (underlying, expiry), members in groups.items():
            x = sum(q * (self.vector(n)[0] + self.vector(n)[1]) for n, q in members)
            b = sum(q * self.vector(n)[1] for n, q in members)
            first = self.vector(members[0][0])
            d = np.where(x >= 0, first[5], first[6]) if expiry is not None else 1.0
            p = self.weight * (d * x - b)
            p = np.where(self.both, -abs(p), p)
            by_underlying[underlying] = by_underlying.get(underlying, 0) + p
        share = self.method.get("offset_share")
        total = sum(by_underlying.values()) if share is None else sum(np.where(p < 0, p, share * p) for p in by_underlying.values())
        losses = -total[~self.contingency]
        measure = self.method.get("measure") or "expected_shortfall"
        out, charges = [], []
        for kind, confidence, factor in (("initial", 0.99, "initial_factor"), ("maintenance", 0.975, "maintenance_factor")):
            confidence = self.method.get(f"{kind}_confidence") or confidence
            loss = max(0.0, float(losses.max())) if measure == "worst" else shortfall(losses, confidence)
            f = self.method.get(factor)
            added, least, contingency = 0.0, 0.0, 0.0
            for comp in self.method.get("components") or []:
                rate, what = comp[kind] or 0.0, comp["kind"]
                if what == "notional":
                    added += rate * sum(abs(q) * self.vector(n)[2] for n, q in book.items() if not comp["kinds"] or CONTRACTS[n]["kind"] in comp["kinds"])
                elif what == "naked_short":
                    net = {}
                    for n, q in book.items():
                        c = CONTRACTS[n]
                        if c["kind"] == "option":
                            key = (c["underlying"], c["expiry_days"], c["strike"])
                            net[key] = net.get(key, 0) + q * self.vector(n)[2]
                    added += rate * sum(max(0, -x) for x in net.values())
                elif what == "contingency":
                    for (_, expiry), members in groups.items():
                        members = [(n, q) for n, q in members if not comp["kinds"] or CONTRACTS[n]["kind"] in comp["kinds"]]
                        if members:
                            p = sum(q * self.vector(n)[0] for n, q in members)[self.contingency]
                            contingency += rate * (1 + (comp["slope"] or 0) * self.vector(members[0][0])[4]) * max(0, float((-p).max()))
                elif what == "delta_minimum":
                    for u in by_underlying:
                        deltas = [q * self.vector(n)[3] for n, q in book.items() if CONTRACTS[n]["underlying"] == u]
                        hedged = min(sum(x for x in deltas if x > 0), -sum(x for x in deltas if x < 0))
                        least += rate * (abs(sum(deltas)) + (comp["slope"] or 0) * hedged)
            scan = (1 if f is None else f) * max(loss, contingency)
            out.append(max(scan + added, least))
        return out


def shortfall(losses, confidence):
    losses, mass = sorted(losses, reverse=True), len(losses) * (1 - confidence)
    whole = int(mass + 1e-9)
    return max(0.0, (math.fsum(losses[:whole]) + (mass - whole) * losses[whole]) / mass)


def near(got, want, step, scale, name, tolerance=1e-9):
    """Within a rounding step, and the tolerance of what was added up."""
    return t.ok(abs(float(got) - want) <= step + tolerance * max(scale, abs(want), 1), name, f"got {got}, want {want!r}")


# ---- go ----
prepare()
START = float(t.value("SELECT extract(epoch FROM date_trunc('day', max(ts)))::float8 FROM px"))
NOW = float(t.value("SELECT extract(epoch FROM max(ts))::float8 FROM px"))
SMILES = load_smiles()
for coin, level in (("BTC", 0.5), ("ETH", 0.7)):
    worst = max(abs(smile_market(SMILES[coin], s[0], s[1] * math.exp(k))[1] - (level - 0.08 * k + 0.25 * k * k + 0.01 * (i > 0))) for i, s in enumerate(SMILES[coin]) for k in (-0.3, 0, 0.3))
    t.ok(worst < 2e-3, f"{coin}: the vols that the quotes were made of", worst)
BOOKS = {m: Book(*m) for m in set(MODELS.values()) if m[0]}
COLUMNS = ("collateral_value", "position_value", "unrealised_pnl", "equity", "initial_margin", "maintenance_margin", "notional", "tier", "stale_reason")
stored = {r[0]: dict(zip(COLUMNS, r[1:])) for r in t.sql(f"SELECT account, {', '.join(COLUMNS)} FROM margin_account")}
t.ok("closed" in stored and "empty" in stored, "profit alone is an account, and a balance alone", list(stored))


def net(account):
    book = {}
    for a, name, q, _ in positions:
        if a == account:
            book[name] = book.get(name, 0) + float(q)
    return {n: q for n, q in book.items() if q != 0}


def unrealised(account, currency):
    total = gross = 0.0
    for a, name, q, entry in positions:
        if a != account or entry is None:
            continue
        c = CONTRACTS.get(name, terms(name, "perpetual", "linear", name, "USD"))
        if c["kind"] in ("option", "spot"):
            continue
        now, q, entry = PRICES[name], float(q), float(entry)
        if c["payoff"] == "inverse":
            # coins, at the present price, in the currency of that
            pnl = q * c["contract_size"] * (1 / entry - 1 / now) * now * asset_price("USD", currency)
        else:
            pnl = q * c["contract_size"] * (now - entry) * asset_price(c["settlement_asset"], currency)
        total, gross = total + pnl, gross + abs(pnl)
    return total, gross


def tier_of(equity, initial, maintenance):
    return "bankrupt" if equity < 0 else "liquidation" if equity < maintenance else "margin_call" if equity < initial else ""


want = {}
for account, model in MODELS.items():
    if model[0] is None:
        continue
    got, book, currency = stored[account], net(account), model[1]
    step = 0.05 if currency == "EUR" else 0.01
    b = BOOKS[model]
    initial, maintenance = b.margin(book)
    gross = sum(abs(q) * b.vector(n)[2] for n, q in book.items())
    near(got["initial_margin"], initial, step, gross, f"{account}: initial margin of {len(book)} positions", 1e-10)
    near(got["maintenance_margin"], maintenance, step, gross, f"{account}: maintenance margin", 1e-10)
    value = sum(q * b.vector(n)[1] for n, q in book.items())
    near(got["position_value"], value, step, gross, f"{account}: value of options and spot", 1e-10)
    pnl, pnl_gross = unrealised(account, currency)
    near(got["unrealised_pnl"], pnl, step, pnl_gross, f"{account}: unrealised profit", 1e-12)
    t.ok(Decimal(got["equity"]) == Decimal(got["collateral_value"]) + Decimal(got["position_value"]) + Decimal(got["unrealised_pnl"]), f"{account}: equity is the sum of the three")
    t.ok(0 <= balances.get(account, 0) - float(got["collateral_value"]) < step - 1e-9, f"{account}: its balance counts, rounded down", got["collateral_value"])
    near(got["notional"], gross, step, gross, f"{account}: gross notional", 1e-10)
    t.ok(got["tier"] == tier_of(Decimal(got["equity"]), Decimal(got["initial_margin"]), Decimal(got["maintenance_margin"])), f"{account}: tier {got['tier'] or 'none'}", got)
    t.ok(got["stale_reason"] == "", f"{account}: not stale", got["stale_reason"])
    amounts = [Decimal(got[x]) for x in ("initial_margin", "maintenance_margin", "position_value", "unrealised_pnl")]
    t.ok(all(x % Decimal(str(step)) == 0 for x in amounts), f"{account}: multiples of {step}", amounts)
    want[account] = (initial, maintenance, value, pnl, gross)

# rates: margins by published rates, spot counts its value
rates = {r[0]: (float(r[1]), float(r[2]), float(r[3]), float(r[4])) for r in
         t.sql("SELECT instrument, long_initial_rate, short_initial_rate, long_maintenance_rate, short_maintenance_rate FROM market_stored WHERE long_initial_rate IS NOT NULL")}
total = [0.0, 0.0]
for _, name, q, _ in [p for p in positions if p[0] == "rates"]:
    notional = abs(q) * (INVERSE_BY_RATES[name] if name in INVERSE_BY_RATES else PRICES[name])
    for i in (0, 1):
        total[i] += math.ceil(notional * rates[name][2 * i + (q < 0)] * 100 - 1e-6) / 100
got = stored["rates"]
near(got["initial_margin"], total[0], 0.005, 0, "rates: initial margin"), near(got["maintenance_margin"], total[1], 0.005, 0, "rates: maintenance margin")
near(got["position_value"], 2 * PRICES["ETH-SPOT"], 0.01, 0, "rates: value of spot")
near(got["unrealised_pnl"], unrealised("rates", "USD")[0], 0.01, 1e5, "rates: unrealised profit")

# stored is live, to the last digit
live = t.sql("SELECT a.account FROM margin_account AS a CROSS JOIN LATERAL account_now(a.account) AS n WHERE to_jsonb(a) - 'as_of' IS DISTINCT FROM to_jsonb(n) - 'as_of'")
t.ok(live == [], "account_now is what is stored", live)

# ---- what_if ----
for account in ("deribit", "paradex", "derive", "past", "euro"):
    model, book = MODELS[account], net(account)
    b, step = BOOKS[model], 0.05 if model[1] == "EUR" else 0.01
    trades = [("BTC-PERP", -1.5, 90000.0, 12.0), ("B1P", 2.0, 2500.0, None), ("I1C", -1.0, None, None), ("ETH-INV", 100.0, 3100.0, None), ("BTC-SPOT", -0.25, 89000.0, None)]
    asked = json.dumps([{k: v for k, v in zip(("instrument", "quantity", "price", "fee"), x) if v is not None} for x in trades])
    rows = t.sql(f"SELECT item, instrument, quantity, collateral_value, position_value, unrealised_pnl, equity, initial_margin, maintenance_margin, excess, notional FROM what_if('{account}', '{asked}')")
    item = {r[0]: r for r in rows}
    after = dict(book)
    cash = 0.0
    for name, q, price, fee in trades:
        after[name] = after.get(name, 0) + q
        c, m = CONTRACTS[name], market(name, model[1])
        value = b.vector(name)[1]
        if price is None:
            cash -= q * value
        elif c["kind"] == "option":
            cash -= q * price * c["contract_size"] * m[5]
        elif c["kind"] == "spot":
            cash -= q * price * c["contract_size"] * m[5]
        elif c["payoff"] == "inverse":
            cash += q * c["contract_size"] * (1 / price - 1 / m[0]) * m[5]
        else:
            cash += q * c["contract_size"] * (m[0] - price) * m[5]
        cash -= fee or 0
    after = {n: q for n, q in after.items() if q != 0}
    initial, maintenance = b.margin(after)
    gross = sum(abs(q) * b.vector(n)[2] for n, q in after.items())
    near(item["after"][7], initial, step, gross, f"what_if {account}: initial margin after", 1e-10)
    near(item["after"][8], maintenance, step, gross, f"what_if {account}: maintenance margin after", 1e-10)
    near(item["after"][3], balances[account] + cash, 2 * step, gross, f"what_if {account}: what the trades pay, balance and payment each rounded down", 1e-10)
    near(item["after"][4], sum(q * b.vector(n)[1] for n, q in after.items()), step, gross, f"what_if {account}: value after", 1e-10)
    t.ok(all(item["before"][i] == stored[account][c] for i, c in ((3, "collateral_value"), (4, "position_value"), (5, "unrealised_pnl"), (6, "equity"), (7, "initial_margin"), (8, "maintenance_margin"))),
         f"what_if {account}: before is what is stored", item["before"], stored[account])
    t.ok(all(Decimal(item["change"][i]) == Decimal(item["after"][i]) - Decimal(item["before"][i]) for i in range(3, 11)), f"what_if {account}: change")
    parts = [r for r in rows if r[0] == "component"]
    t.ok(all(sum(Decimal(r[i]) for r in parts) == Decimal(item["after"][i]) for i in (7, 8)), f"what_if {account}: components add up exactly", [sum(Decimal(r[7]) for r in parts), item["after"][7]])
    t.ok({r[1]: round(float(r[2]), 9) for r in parts} == {n: round(q, 9) for n, q in after.items()}, f"what_if {account}: a component a position")
    # Euler by central differences; at a kink, where one-sided slopes differ, no one number is right
    off = []
    for r in parts:
        h = 1e-6
        ups, downs = [(b.margin({**after, r[1]: after[r[1]] * (1 + s * h)})[0] - initial) / (s * h) for s in (1, -1)]
        if abs(ups - downs) <= 1e-3 * max(gross, 1) * 1e-2 and abs(float(r[7]) - (ups + downs) / 2) > 2 * step + 1e-6 * gross:
            off.append((r[1], r[7], ups, downs))
    t.ok(not off, f"what_if {account}: components are quantity times slope", off)

# ---- hedges ----
for account in ("deribit", "paradex", "span", "past"):
    model, book = MODELS[account], net(account)
    b = BOOKS[model]
    gross = sum(abs(q) * b.vector(n)[2] for n, q in book.items())
    start = b.margin(book)[0]
    for name in ("BTC-PERP", "B1C", "ETH-PERP"):
        row = t.sql(f"SELECT quantity, initial_margin FROM what_if('{account}', '[]', '{{\"hedges\": [\"{name}\"]}}') WHERE item = 'hedge'")[0]
        reach = 1.5 * sum(abs(q * b.vector(n)[3]) for n, q in book.items()) / max(abs(b.vector(name)[3]), 0.01 * b.vector(name)[2])
        tried = [b.margin({**book, name: book.get(name, 0) + g})[0] for g in np.linspace(-reach, reach, 4001)]
        got = b.margin({**book, name: book.get(name, 0) + float(row[0])})[0]
        near(row[1], got, 0.01, gross, f"hedge of {account} in {name}: the margin that it says", 1e-9)
        t.ok(got <= min(tried) + 1e-4 * max(start - min(tried), 1e-9) + 1e-6 * start, f"hedge of {account} in {name}: the best of a fine grid, {start:.0f} to {got:.0f}", (got, min(tried), row[0], reach))
t.done()
