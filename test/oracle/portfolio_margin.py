"""Portfolio margin through scenario_pnl and portfolio_margin, beside published portfolios and numpy; prints TAP.

Derive's PMRM_2 portfolios (../shared/vectors/pmrm2): every scenario, initial and maintenance margin, each method written as a
scenario set; historical scenarios beside numpy; the order of the rows.
"""
import glob
import json
import math
import os
import random

import _tap as t

TIME = "timestamptz '2026-01-01'"


def text(value):
    return "'" + str(value).replace("'", "''") + "'"


def discount_columns(margin, long_key, short_key):
    return {"long_discount": margin[long_key], "long_rate_scale": margin["LONG_RATE_MULTSCALE"], "long_rate_add": margin["LONG_RATE_ADDSCALE"],
            "short_discount": margin[short_key], "short_rate_scale": margin["SHORT_RATE_MULTSCALE"], "short_rate_add": margin["SHORT_RATE_ADDSCALE"]}


def skew_columns(skew, kind):
    return {"cap": skew[f"{kind}_SCALE_CAP"], "cap_slope": skew[f"{kind}_CBASE"], "least_width": skew["MIN_K_STAR"],
            "width_scale": skew["MIN_WIDTH_SCALE"], "width": skew["VOL_PARAM_STATIC"], "width_slope": skew["VOL_PARAM_SCALE"]}


def derive_set(case):
    """The parameters of a portfolio as a scenario set."""
    p, stable = case["Parameters"], case["Scenario"]["StablePrice"]
    vol, margin, other, basis = p["VolShock"], p["Margin"], p["OtherContingency"], p["BasisContingency"]
    direction = {"UP": (1, None), "DOWN": (-1, None), "NONE": (0, None), "LINEAR": (0, "linear"), "ABS": (0, "absolute")}
    scenarios = []
    for s in p["Scenarios"]:
        shock, skew = direction[s["VolShockDirection"].upper()]
        scenarios.append({"label": f"{s['SpotShock']} {s['VolShockDirection']}", "price_shock": 0 if skew else s["SpotShock"] - 1, "vol_shock": shock,
                          "vol_unit": "range", "skew": skew, "weight": s["DampeningFactor"], "both_ways": skew is not None})
    for key in ("SCENARIO_SPOT_UP", "SCENARIO_SPOT_DOWN"):
        scenarios.append({"label": key, "price_shock": basis[key] - 1, "contingency": True})
    law = {"vol_up": vol["VOLRANGEUP"], "vol_down": vol["VOLRANGEDOWN"], "least_days": vol["DTE_FLOOR"], "short_power": vol["SHORTTERMPOWER"],
           "long_power": vol["LONGTERMPOWER"], "least_vol_up": vol["MIN_VOL_EVAL_SHOCKED"], "linear_skew": skew_columns(p["SkewShock"], "LINEAR"),
           "absolute_skew": skew_columns(p["SkewShock"], "ABS"), **discount_columns(margin, "BASE_STATIC_DISCOUNT", "BASE_STATIC_DISCOUNT_NEG")}
    both = lambda name, key: {"name": name, "initial": other[f"MM_{key}_PERCENT"] + other[f"IM_{key}_PERCENT"], "maintenance": other[f"MM_{key}_PERCENT"]}
    components = [
        {**both("perpetuals", "PERP"), "kind": "notional", "kinds": ["perpetual"]},
        {**both("naked shorts", "OPTION"), "kind": "naked_short"},
        {"name": "basis", "kind": "contingency", "initial": basis["BASIS_CONT_ADD_FACTOR"], "maintenance": basis["BASIS_CONT_ADD_FACTOR"],
         "slope": basis["BASIS_CONT_MULT_FACTOR"] / basis["BASIS_CONT_ADD_FACTOR"], "kinds": ["option"]},
        {"name": "oracle", "kind": "confidence", "initial": other["CONF_MARGIN"], "threshold": other["CONF_THRESHOLD"]},
        {"name": "haircuts", "kind": "haircut"}]
    peg = max(other["PEG_LOSS_THRESHOLD"] - stable, 0) * other["PEG_LOSS_FACTOR"]
    method = {"measure": "worst", "initial_factor": margin["IM_LOSS_FACTOR"] + peg, "maintenance_factor": margin["MM_LOSS_FACTOR"], "components": components}
    return {"name": "derive", "version": 2, "scenarios": scenarios, "law": law, "factors": [{"factor": "OTHER", "law": {**law, "beta": 0}}], "method": method}


def option_positions(s):
    feeds = {f["FeedExpiry"]: f for f in s["OptionFeeds"]}
    for i, o in enumerate(s["Options"]):
        feed = feeds[o["Expiry"]]
        vols = feed["OptionVolConfidences"]
        confidence = min([s["SpotConfidence"], feed["ForwardConfidence"], feed["RateConfidence"]] + (vols if isinstance(vols, list) else [vols]))
        settled = o["Expiry"] <= 1
        yield (o["Amount"],
               {"instrument": f"option {i}", "kind": "option", "payoff": "linear", "option_kind": "call" if o["IsCall"] else "put", "underlying": "ETH",
                "strike": o["Strike"], "expiry": f"+{o['Expiry']}"},
               {"price": feed["Forward"], "spot": s["SpotPrice"], "vol": o["MarkVol"], "rate": feed["Rate"], "confidence": confidence,
                "average": feed["Forward"] if settled else None, "average_share": 1 if settled else 0})


def other_positions(s):
    if s["NumPerps"] != 0:
        yield (s["NumPerps"], {"instrument": "perpetual", "kind": "perpetual", "payoff": "linear", "underlying": "ETH"},
               {"price": s["PerpPrice"], "spot": s["SpotPrice"], "confidence": min(s["SpotConfidence"], s["PerpConfidence"])})
    for i, c in enumerate(s["Collaterals"]):
        # a coin that the shocks do not reach is one of another factor; haircuts add up, and may be above 1 together
        yield (c["Amount"], {"instrument": f"collateral {i}", "kind": "spot", "payoff": "linear", "underlying": "ETH" if c["IsRiskCancelling"] else "OTHER"},
               {"price": c["Price"] / s["StablePrice"], "confidence": min(c["Confidence"], s["SpotConfidence"]),
                "initial_haircut": c["MMHaircut"] + c["IMHaircut"], "maintenance_haircut": c["MMHaircut"]})


def contract_sql(contract):
    contract = dict(contract)
    expiry = contract.pop("expiry", None)
    row = f"jsonb_populate_record(NULL::contract, {text(json.dumps({**contract, 'contract_size': 1, 'multiplier': 1}))})"
    if expiry is None:
        return row
    return f"jsonb_populate_record({row}, jsonb_build_object('expiry', {TIME} + interval '{expiry[1:]} seconds'))"


def margin_of(scenario_set, positions):
    """(initial, maintenance, value, pnl) of the aggregate."""
    t.sql(f"DROP TABLE IF EXISTS used; CREATE TABLE used AS SELECT jsonb_populate_record(NULL::scenario_set, {text(json.dumps(scenario_set))}) AS s")
    t.sql("DROP TABLE IF EXISTS book; CREATE TABLE book (quantity float8, vector risk_vector)")
    for quantity, contract, market in positions:
        t.sql(f"INSERT INTO book SELECT {quantity!r}, scenario_pnl({contract_sql(contract)}, "
              f"jsonb_populate_record(NULL::contract_market, {text(json.dumps(market))}), {TIME}, s) FROM used")
    row = t.sql("SELECT (m).initial_margin, (m).maintenance_margin, (m).value, array_to_string((m).pnl, ' ') "
                "FROM (SELECT portfolio_margin(quantity, vector, (s).method) AS m FROM book, used) AS x")[0]
    if row[0] == "":
        return 0.0, 0.0, 0.0, []
    return float(row[0]), float(row[1]), float(row[2]), [float(x) for x in row[3].split()]


def published_profits(result):
    """{(spot shock, vol direction) or name of a skew: profit}"""
    found = {}
    for shock, vol, pnl in result["reg_losses"] + result["tail_losses"]:
        found[round(float(shock), 9), int(vol)] = float(pnl)
    for name, pnl in result["skew_losses"]:
        found[name.upper()] = float(pnl)
    return found


def close(a, b, scale):
    return abs(a - b) <= 1e-10 * max(abs(b), scale)


files = sorted(glob.glob(os.path.join(t.shared("vectors/pmrm2") or "", "*.json"))) if t.shared("vectors/pmrm2") else []
if not files:
    t.skip("Derive's portfolios", "no ../shared")
for path in files:
    case = json.load(open(path))
    s, result, name = case["Scenario"], case["Result"], os.path.basename(path)[:-5]
    scenario_set = derive_set(case)
    positions = list(option_positions(s)) + list(other_positions(s))
    initial, maintenance, value, pnl = margin_of(scenario_set, positions)
    cash = s["Cash"] + s["UnrealisedPerpPNL"] + s["UnrealisedFunding"]
    t.ok(close(value + cash - initial, result["IM"], 1), f"{name}: initial margin of {len(positions)} positions", f"{value + cash - initial!r} {result['IM']!r}")
    t.ok(close(value + cash - maintenance, result["MM"], 1), f"{name}: maintenance margin", f"{value + cash - maintenance!r} {result['MM']!r}")
    if pnl:
        want = published_profits(result)
        ours = {}
        for scenario, profit in zip(scenario_set["scenarios"], pnl):
            if scenario.get("skew"):
                ours["LINEAR" if scenario["skew"] == "linear" else "ABS"] = profit
            elif not scenario.get("contingency"):
                ours[round(scenario["price_shock"], 9), scenario["vol_shock"]] = profit
        scale = max(abs(x) for x in pnl) or 1
        off = {key: (ours.get(key), x) for key, x in want.items() if ours.get(key) is None or not close(ours[key], x, scale)}
        t.ok(len(want) > 0 and not off, f"{name}: profits of {len(want)} scenarios", str(off)[:300])


# ---- joint history: three coins, vols that move too, beside sums and tails written here ----
def black(call, forward, strike, years, vol):
    s = vol * math.sqrt(years)
    d = (math.log(forward / strike) + s * s / 2) / s
    n = lambda x: math.erfc(-x / math.sqrt(2)) / 2
    return forward * n(d) - strike * n(d - s) if call else strike * n(s - d) - forward * n(-d)


def shortfall(losses, confidence):
    losses, mass = sorted(losses, reverse=True), len(losses) * (1 - confidence)
    whole = int(mass + 1e-9)
    return (math.fsum(losses[:whole]) + (mass - whole) * losses[whole]) / mass


random.seed(20)
SCENARIOS, COINS = 500, ("BTC", "ETH", "SOL")
prices = dict(zip(COINS, (90000.0, 3000.0, 150.0)))
common = [random.gauss(0, 0.03) for _ in range(SCENARIOS)]
moves = {coin: [b * x + random.gauss(0, 0.01) for x in common] for coin, b in zip(COINS, (1, 1.3, 1.8))}
vols = {coin: [-2 * x + random.gauss(0, 0.05) for x in moves[coin]] for coin in COINS}
history = {"name": "history", "scenarios": [{}] * SCENARIOS, "factors": [{"factor": c, "price_shocks": moves[c], "vol_shocks": vols[c]} for c in COINS]}
book, want = [], [0.0] * SCENARIOS
for i in range(60):
    coin, quantity = random.choice(COINS), round(random.gauss(0, 3), 3)
    price = prices[coin] * random.uniform(0.99, 1.01)
    shocked = [price * (1 + m) for m in moves[coin]]
    kind = i % 4
    if kind == 0:
        book.append((quantity, {"instrument": f"P{i}", "kind": "perpetual", "payoff": "linear", "underlying": coin}, {"price": price}))
        profits = [x - price for x in shocked]
    elif kind == 1:
        # a dollar of notional a contract, kept in dollars: the coin that it pays has the price of the scenario
        book.append((quantity * price, {"instrument": f"I{i}", "kind": "perpetual", "payoff": "inverse", "underlying": coin},
                     {"price": price, "settlement_price": price, "settlement_moves": True}))
        profits = [(1 / price - 1 / x) * x * price for x in shocked]
    else:
        call, strike, days, vol = random.random() < 0.5, price * random.uniform(0.8, 1.2), random.choice((7, 30, 180)), random.uniform(0.4, 1)
        book.append((quantity, {"instrument": f"O{i}", "kind": "option", "payoff": "linear", "option_kind": "call" if call else "put", "underlying": coin,
                                "strike": strike, "expiry": f"+{days * 86400}"}, {"price": price, "vol": vol}))
        now = black(call, price, strike, days / 365, vol)
        profits = [black(call, x, strike, days / 365, vol * (1 + v)) - now for x, v in zip(shocked, vols[coin])]
    want = [w + quantity * p for w, p in zip(want, profits)]
initial, maintenance, _, pnl = margin_of(history, book)
scale = max(abs(x) for x in want)
t.ok(max(abs(a - b) for a, b in zip(pnl, want)) < 1e-12 * scale, f"joint history: profits of {len(book)} positions in {SCENARIOS} scenarios", max(abs(a - b) for a, b in zip(pnl, want)))
t.ok(abs(initial / shortfall([-x for x in want], 0.99) - 1) < 1e-12, "joint history: expected shortfall at 99 %", (initial, shortfall([-x for x in want], 0.99)))
t.ok(abs(maintenance / shortfall([-x for x in want], 0.975) - 1) < 1e-12, "joint history: and at 97.5 %")
orders = [t.value(f"SELECT md5(portfolio_margin(quantity, vector ORDER BY hashtext(quantity::text || '{g}'))::text) FROM book") for g in range(9)]
t.ok(len(set(orders)) == 1, "the order of the rows changes no bit", orders)
t.done()
