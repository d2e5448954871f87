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


# ---- random portfolios: PMRM_2 expiry by expiry, as Derive's contract goes through it ----
DAY = 86400


def black(call, forward, strike, years, vol):
    s = vol * math.sqrt(years)
    if s == 0 or forward == 0:
        return max(forward - strike, 0) if call else max(strike - forward, 0)
    d = (math.log(forward / strike) + s * s / 2) / s
    n = lambda x: math.erfc(-x / math.sqrt(2)) / 2
    return forward * n(d) - strike * n(d - s) if call else strike * n(s - d) - forward * n(-d)


class Expiry:
    """The options of one expiry and the values that they take."""

    def __init__(self, case, feed):
        p, seconds = case["Parameters"], feed["FeedExpiry"]
        self.options = [o for o in case["Scenario"]["Options"] if o["Expiry"] == seconds]
        self.years, self.rate, self.forward, self.settled = seconds / (365 * DAY), max(feed["Rate"], 0), feed["Forward"], seconds <= 1
        self.confidence = min(feed["ForwardConfidence"], feed["RateConfidence"], feed["OptionVolConfidences"])
        v, power = p["VolShock"], "SHORTTERMPOWER" if seconds <= 30 * DAY else "LONGTERMPOWER"
        term = (30 * DAY / max(seconds, v["DTE_FLOOR"] * DAY)) ** v[power]
        self.vols = {"Up": lambda o: max(o["MarkVol"] * (1 + v["VOLRANGEUP"] * term), v["MIN_VOL_EVAL_SHOCKED"]),
                     "Down": lambda o: o["MarkVol"] * max(1 - v["VOLRANGEDOWN"] * term, 0), "None": lambda o: o["MarkVol"],
                     "LINEAR": self.skewed(p["SkewShock"], "LINEAR", lambda k: k), "ABS": self.skewed(p["SkewShock"], "ABS", abs)}
        m = p["Margin"]
        self.gain = m["BASE_STATIC_DISCOUNT"] * math.exp(-self.years * (self.rate * m["LONG_RATE_MULTSCALE"] + m["LONG_RATE_ADDSCALE"]))
        self.loss = min(math.exp(self.rate * self.years), m["BASE_STATIC_DISCOUNT_NEG"] * math.exp(self.years * (self.rate * m["SHORT_RATE_MULTSCALE"] + m["SHORT_RATE_ADDSCALE"])))
        self.now = self.value(1, "None")

    def skewed(self, skew, kind, of):
        root = math.sqrt(self.years)
        cap = skew[kind + "_CBASE"] * root + skew[kind + "_SCALE_CAP"]
        width = max(skew["MIN_K_STAR"], root * skew["MIN_WIDTH_SCALE"] * (skew["VOL_PARAM_STATIC"] + root * skew["VOL_PARAM_SCALE"]))
        share = lambda o: max(-1, min(1, of(math.log(o["Strike"] / self.forward)) / width))
        return lambda o: o["MarkVol"] * max(1 + cap * share(o), 0)

    def value(self, move, vol):
        forward = self.forward * (1 if self.settled else move)
        return math.exp(-self.rate * self.years) * math.fsum(o["Amount"] * black(o["IsCall"], forward, o["Strike"], self.years, self.vols[vol](o)) for o in self.options)

    def profit(self, scenario):
        skew = scenario["VolShockDirection"] in ("LINEAR", "ABS")
        value = self.value(1 if skew else scenario["SpotShock"], scenario["VolShockDirection"])
        profit = scenario["DampeningFactor"] * (value * (self.gain if value >= 0 else self.loss) - self.now)
        return -abs(profit) if skew else profit

    def naked(self):
        by_strike = {}
        for o in self.options:
            by_strike.setdefault(o["Strike"], []).append(o["Amount"])
        return sum(max(-math.fsum(amounts), 0) for amounts in by_strike.values())


def derive_margin(case):
    """Initial and maintenance requirement, and the profit in each scenario."""
    s, p = case["Scenario"], case["Parameters"]
    basis, other, margin = p["BasisContingency"], p["OtherContingency"], p["Margin"]
    expiries = [e for e in (Expiry(case, feed) for feed in s["OptionFeeds"]) if e.options]
    perpetuals, general = abs(s["NumPerps"]) * s["SpotPrice"], min([s["SpotConfidence"]] + [s["PerpConfidence"]] * (s["NumPerps"] != 0))
    coins = [(c, c["Amount"] * c["Price"] / s["StablePrice"]) for c in s["Collaterals"]]
    moving = s["NumPerps"] * s["PerpPrice"] + sum(value for c, value in coins if c["IsRiskCancelling"])
    profits = [x["DampeningFactor"] * moving * (x["SpotShock"] - 1) + sum(e.profit(x) for e in expiries) for x in p["Scenarios"]]
    contingency = sum(min([0] + [e.value(basis[key], "None") - e.now for key in ("SCENARIO_SPOT_UP", "SCENARIO_SPOT_DOWN")])
                      * (basis["BASIS_CONT_ADD_FACTOR"] + basis["BASIS_CONT_MULT_FACTOR"] * e.years) for e in expiries)
    worst = min(profits + [contingency])
    naked = s["SpotPrice"] * sum(e.naked() for e in expiries)
    maintenance = perpetuals * other["MM_PERP_PERCENT"] + naked * other["MM_OPTION_PERCENT"] + sum(value * c["MMHaircut"] for c, value in coins)
    doubted = [(general, perpetuals)] + [(min(general, e.confidence), s["SpotPrice"] * sum(abs(o["Amount"]) for o in e.options)) for e in expiries] \
        + [(min(c["Confidence"], s["SpotConfidence"]), value) for c, value in coins]
    extra = perpetuals * other["IM_PERP_PERCENT"] + naked * other["IM_OPTION_PERCENT"] + sum(value * c["IMHaircut"] for c, value in coins) \
        + sum((1 - confidence) * other["CONF_MARGIN"] * amount for confidence, amount in doubted if confidence < other["CONF_THRESHOLD"])
    factor = margin["IM_LOSS_FACTOR"] + max(other["PEG_LOSS_THRESHOLD"] - s["StablePrice"], 0) * other["PEG_LOSS_FACTOR"]
    return maintenance + extra - factor * worst, maintenance - margin["MM_LOSS_FACTOR"] * worst, profits


def random_case():
    spot, pick = random.choice((0.3, 150, 3000, 90000)), random.choice
    trust = lambda: 1 if random.random() < 0.6 else random.uniform(0.3, 1)
    seconds = random.sample([0, 1, 2, 60, 3600, DAY, 3 * DAY + 17, 29 * DAY, 30 * DAY, 31 * DAY, 90 * DAY, 400 * DAY, 2000 * DAY], random.randint(0, 4))
    feeds = [{"FeedExpiry": e, "Forward": spot * random.uniform(0.8, 1.2), "Rate": pick((0, 0.05, -0.03, 0.25)), "ForwardConfidence": trust(), "RateConfidence": trust(),
              "OptionVolConfidences": trust()} for e in seconds]
    strikes = [spot * x for x in (0.1, 0.5, 0.8, 0.95, 1, 1.05, 1.2, 2, 8)]
    options = [{"Expiry": pick(seconds), "Strike": pick(strikes), "IsCall": random.random() < 0.5, "MarkVol": pick((0, 0.01, 0.3, 0.6, 1.2, 4)),
                "Amount": round(random.gauss(0, 1) * 10 ** random.uniform(-2, 3), 4)} for _ in range(random.randint(0, 15) if seconds else 0)]
    coins = [{"Amount": random.uniform(0, 50), "Price": spot * random.uniform(0.5, 1.5), "Confidence": trust(), "IsRiskCancelling": random.random() < 0.5, "IMHaircut": random.uniform(0, 0.2),
              "MMHaircut": random.uniform(0, 0.3)} for _ in range(random.randint(0, 3))]
    state = {"SpotPrice": spot, "SpotConfidence": trust(), "NumPerps": pick((0, 1, round(random.gauss(0, 100), 3))), "PerpPrice": spot * random.uniform(0.95, 1.05), "PerpConfidence": trust(),
             "StablePrice": pick((1, 1, 0.97, 0.9, 1.01)), "Options": options, "OptionFeeds": feeds, "Collaterals": coins}
    moves = [(m, vol, 1) for m in (1, *(1 + side * x for x in (0.06, 0.12, 0.18, 0.24) for side in (1, -1))) for vol in ("Up", "Down", "None")]
    moves += [(0, "Up", 0.1), (0.34, "Up", 0.055), (4, "Up", 0.012), (1, "LINEAR", random.uniform(0.2, 1)), (1, "ABS", 1)]
    return {"Scenario": state, "Parameters": {
        "Scenarios": [{"SpotShock": m, "VolShockDirection": vol, "DampeningFactor": weight} for m, vol, weight in moves],
        "SkewShock": {"LINEAR_SCALE_CAP": random.uniform(0.05, 0.6), "LINEAR_CBASE": -0.05, "ABS_SCALE_CAP": 0.15, "ABS_CBASE": -0.05, "MIN_K_STAR": 0.01, "MIN_WIDTH_SCALE": 4, "VOL_PARAM_STATIC": 0.6,
                      "VOL_PARAM_SCALE": -0.1},
        "VolShock": {"VOLRANGEUP": random.uniform(0.2, 1), "MIN_VOL_EVAL_SHOCKED": pick((0, 0.45)), "VOLRANGEDOWN": pick((0.275, 0.9)), "SHORTTERMPOWER": 0.3, "LONGTERMPOWER": 0.13, "DTE_FLOOR": 1},
        "Margin": {"MM_LOSS_FACTOR": 0.8, "IM_LOSS_FACTOR": 1, "SHORT_RATE_MULTSCALE": 0.5, "LONG_RATE_MULTSCALE": 1, "SHORT_RATE_ADDSCALE": 0.08, "LONG_RATE_ADDSCALE": 0.08, "BASE_STATIC_DISCOUNT": 0.95,
                   "BASE_STATIC_DISCOUNT_NEG": pick((1, 1.04))},
        "BasisContingency": {"SCENARIO_SPOT_UP": 1.045, "SCENARIO_SPOT_DOWN": 0.955, "BASIS_CONT_ADD_FACTOR": 0.5, "BASIS_CONT_MULT_FACTOR": 2},
        "OtherContingency": {"PEG_LOSS_THRESHOLD": 0.98, "PEG_LOSS_FACTOR": 4, "CONF_THRESHOLD": 0.6, "CONF_MARGIN": 0.4, "MM_PERP_PERCENT": 0.03, "IM_PERP_PERCENT": 0.02, "MM_OPTION_PERCENT": 0.01,
                             "IM_OPTION_PERCENT": 0.01}}}


random.seed(19)
for number in range(60):
    case = random_case()
    want = derive_margin(case)
    initial, maintenance, _, pnl = margin_of(derive_set(case), list(option_positions(case["Scenario"])) + list(other_positions(case["Scenario"])))
    scale = max([abs(x) for x in want[2]] + [1e-9])
    t.ok(all(close(a, b, scale) for a, b in zip((initial, maintenance), want)) and (not pnl or all(close(a, b, scale) for a, b in zip(pnl, want[2]))),
         f"random portfolio {number}: requirements, and profits in {len(pnl)} scenarios", f"{initial!r} {maintenance!r} {want[:2]!r}", json.dumps(case["Scenario"])[:2000])


# ---- joint history: three coins, vols that move too, beside sums and tails written here ----
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
