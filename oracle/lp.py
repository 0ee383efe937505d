"""The optimal split as a linear program, solved by HiGHS: the oracle of engine/flow.

Makes random markets from a seed, states each as the layered generalized flow of
docs/routing.md over raw levels, not merged, and solves it. Nodes are scaled by
their best gain from the source, so that the solver sees numbers near one. What it
says is then checked in exact fractions: its node prices give a bound of every plan. A market on which
that and what the solver found are more than 1e-7 bps apart is dropped and counted.

    python oracle/lp.py --seed 1 --count 1200 OUT.jsonl.gz
    python oracle/lp.py --solve MARKETS.jsonl OUT.jsonl.gz
"""

import argparse
import gzip
import itertools
import json
import math
import random
from fractions import Fraction

import highspy

# The solver's tolerances are absolute, of numbers near one: what it sees is this much larger.
SHARP = 1000


def market(rng):
    """A market around prices that agree: crossed, plateaus, levels of one unit."""
    assets = rng.randint(2, 8)
    worth = [math.exp(rng.gauss(0, 2)) for _ in range(assets)]
    venues = rng.randint(1, 8) if rng.random() < 0.9 else rng.randint(8, 30)
    levels = rng.randint(1, 8) if rng.random() < 0.95 else 50
    spread = -0.002 * rng.random() if rng.random() < 0.3 else 0.001 * rng.random()
    size = math.exp(rng.uniform(16, 28))
    hops = rng.choice([1, 2, 3, 3, 3])
    sides = []
    for u in range(assets):
        for w in range(assets):
            if u == w or w == 0 or u == 1 or rng.random() < 0.25:
                continue
            books = []
            for _ in range(rng.randint(1, venues)):
                fee = rng.choice([0, 0.0001, 0.00075, 0.001, 0.003])
                rate = worth[u] / worth[w] * (1 - spread + 0.0005 * rng.gauss(0, 1)) * (1 - fee)
                book = []
                for _ in range(rng.randint(0, levels)):
                    give = 1 if rng.random() < 0.03 else max(1, int(size / worth[u] * rng.random()))
                    get = int(give * rate)
                    if get > 0:
                        book.append((give, get))
                    if rng.random() < 0.7:
                        rate *= math.exp(-0.0005 * rng.random())
                book.sort(key=lambda l: -Fraction(l[1], l[0]))
                books.append(book)
            sides.append({"from": u, "to": w, "books": books})
    rng.shuffle(sides)
    amount = max(1, int(size / worth[0] * math.exp(rng.uniform(-5, 3))))
    m = {"assets": assets, "source": 0, "target": 1, "max_hops": hops, "sides": sides}
    if rng.random() < 0.5:
        m["in"] = amount
    else:
        m["out"] = max(1, int(amount * worth[0] / worth[1]))
    return m


def ends(m, d):
    """The nodes that side d joins in the layered network, or None."""
    s, t, hops = m["source"], m["target"], m["max_hops"]
    u, w = d["from"], d["to"]
    if u == s and w == t:
        return "S", "T"
    if u == s and hops >= 2:
        return "S", (w, 1)
    if w == t and u != s and hops >= 2:
        return (u, 2), "T"
    if u != s and w != t and hops >= 3:
        return (u, 1), (w, 2)
    return None


def arcs(m):
    """Arcs (node, node, levels) of the layered network; levels None is the free arc."""
    out = []
    for d in m["sides"]:
        if at := ends(m, d):
            out.append((*at, [l for b in d["books"] for l in b]))
    for a in range(m["assets"]):
        if a not in (m["source"], m["target"]):
            out.append(((a, 1), (a, 2), None))
    return out


def bundles(m):
    """Arcs (node, node, give, get) of what is exchanged whatever else is done."""
    return [(*ends(m, m["sides"][k["side"]]), *k["arc"]) for k in m.get("bundles", [])]


def gains(net):
    """The best gain of every node from the source, by first levels alone."""
    g = {"S": 1.0}
    for _ in range(4):
        for u, w, levels in net:
            if u in g:
                rate = 1.0 if levels is None else max((y / x for x, y in levels), default=0.0)
                if g[u] * rate > g.get(w, 0.0):
                    g[w] = g[u] * rate
    return g


def unit_of(m, g):
    """The unit of the source that amounts are stated in."""
    return (m["in"] if "in" in m else m["out"] / g["T"]) / SHARP


def columns(net, g, unit):
    """Columns (node, node, cap, give, get) in units of the source: x = give / (gain of the node * unit)."""
    cols = []
    for u, w, levels in net:
        if u not in g:
            continue
        for l in levels if levels is not None else [None]:
            cap = math.inf if l is None else l[0] / (g[u] * unit)
            k = (1.0 if l is None else l[1] / l[0]) * g[u] / g[w]
            cols.append((u, w, cap, 1.0, k))
    return cols


def build(m, g, unit, cols, forced=(), strict=False):
    """The program over columns, and the row of each node. forced is exchanged besides; strict
    is an order done to the unit, with nothing left at any node."""
    exact_in = "in" in m
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("primal_feasibility_tolerance", 1e-10)
    h.setOptionValue("dual_feasibility_tolerance", 1e-10)
    rows = {}
    for u, w, *_ in [*cols, *forced]:
        for n in (u, w):
            if n not in rows:
                rows[n] = len(rows)
    for i, (u, w, cap, give, get) in enumerate(cols):
        cost = (-get if w == "T" else 0.0) if exact_in else (give if u == "S" else 0.0)
        h.addVar(0.0, min(cap, 1e30))
        h.changeColCost(i, cost * SHARP)
    for n in rows:
        index, value = [], []
        for i, (u, w, _, give, get) in enumerate(cols):
            if u == n:
                index.append(i)
                value.append(give)
            elif w == n:
                index.append(i)
                value.append(-get)
        # A node pays out at most what it receives, S what is sold, and T is left what is bought.
        if exact_in:
            hi = {"S": m["in"] / unit, "T": 1e30}.get(n, 0.0)
        else:
            hi = {"S": 1e30, "T": -m["out"] / (g["T"] * unit)}.get(n, 0.0)
        if hi < 1e30:
            hi -= sum(x / (g[n] * unit) for u, _, x, _ in forced if u == n)
            hi += sum(y / (g[n] * unit) for _, w, _, y in forced if w == n)
        h.addRow(hi if strict and hi < 1e30 else -1e30, hi, len(index), index, value)
    return h, rows


def solve(m):
    """Returns (value, bound): the optimum as HiGHS says, and what is proven."""
    net, forced = arcs(m), bundles(m)
    g = gains(net + [(u, w, [(x, y)]) for u, w, x, y in forced])
    if g.get("T", 0.0) == 0.0 or any(u not in g for u, _, _, _ in forced):
        return None
    exact_in = "in" in m
    unit = unit_of(m, g)
    cols = columns(net, g, unit)
    h, rows = build(m, g, unit, cols, forced)
    if cols:
        h.run()
        if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
    elif min(h.getLp().row_upper_) < 0:
        return None  # bundles alone do not do it
    flow, dual = (h.getSolution().col_value, h.getSolution().row_dual) if cols else ([], [0.0] * len(rows))
    nu = {n: abs(Fraction(dual[i]) / SHARP) / Fraction(g[n]) for n, i in rows.items()}
    if exact_in:
        nu["T"] = Fraction(1) / Fraction(g["T"])
    else:
        nu["S"] = Fraction(1)
    bound = prove(m, net, nu, forced)
    if exact_in:
        value = sum(f * c[4] for f, c in zip(flow, cols) if c[1] == "T") * g["T"] * unit
        value += sum(y for _, w, _, y in forced if w == "T")
    else:
        value = sum(f for f, c in zip(flow, cols) if c[0] == "S") * unit
        value += sum(x for u, _, x, _ in forced if u == "S")
    return value, bound


def prove(m, net, nu, forced=()):
    """B of weak duality, exactly, for any prices: here whole numbers, of which each is a share."""
    nu = {n: int(p * 2**300) for n, p in nu.items()}
    price = lambda n: nu.get(n, 0)
    for a in range(m["assets"]):  # the free arc promises nothing
        if (a, 1) in nu:  # else nothing comes there, and what leaves it is in no plan
            nu[(a, 1)] = max(nu[(a, 1)], price((a, 2)))
    total = sum(y * price(w) - x * price(u) for u, w, x, y in forced)
    for u, w, levels in net:
        if u == "S" or u in nu:
            total += sum(max(0, y * price(w) - x * price(u)) for x, y in levels or [])
    if "in" in m:
        return Fraction(price("S") * m["in"] + total, price("T")) if price("T") else None
    return Fraction(price("T") * m["out"] - total, price("S")) if price("S") else None


def proven(found):
    """Whether what HiGHS says and what is proven agree within 1e-7 bps."""
    value, bound = found
    return bound is not None and abs(float(bound) / value - 1) <= 1e-11


def text(m):
    """A market as a line of JSON, its amounts as text."""
    m = dict(m)
    for k in ("in", "out"):
        if k in m:
            m[k] = str(m[k])
    pairs = lambda levels: [[str(x), str(y)] for x, y in levels]
    book = lambda b: pairs(b) if isinstance(b, list) else {
        "options": [{"entry": pairs([o["entry"]])[0], "more": pairs(o["more"])} for o in b["options"]]
    }
    m["sides"] = [d | {"books": [book(b) for b in d["books"]]} for d in m["sides"]]
    return json.dumps(m, separators=(",", ":"), sort_keys=True)


def write(file, lines):
    with open(file, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(("\n".join(lines) + "\n").encode())


def number(m):
    """A market of whole numbers, as text has written it without options."""
    for k in ("in", "out"):
        if k in m:
            m[k] = int(m[k])
    for d in m["sides"]:
        d["books"] = [[(int(x), int(y)) for x, y in b] for b in d["books"]]
    return m


def made(seed):
    """Random markets without end."""
    rng = random.Random(seed)
    for tried in itertools.count(1):
        yield market(rng) | {"id": f"{seed}-{tried}"}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=1200)
    p.add_argument("--solve", metavar="JSONL", help="solve these markets instead of random ones")
    p.add_argument("file")
    a = p.parse_args()
    if a.solve:
        with open(a.solve) as lines:
            markets = [number(json.loads(line)) for line in lines]
    else:
        markets = made(a.seed)
    kept, dropped, none = [], 0, 0
    for m in markets:
        found = solve(m)
        if found is None:
            none += 1
        elif not proven(found):
            dropped += 1
        else:
            kept.append(text(m | {"value": repr(float(found[1]))}))
        if len(kept) == a.count and not a.solve:
            break
    write(a.file, kept)
    name = a.solve or f"seed {a.seed}"
    print(f"{name}: {len(kept)} markets kept, {dropped} dropped (not proven), {none} without a plan")


if __name__ == "__main__":
    main()
