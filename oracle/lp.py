"""The optimal split as a linear program, solved by HiGHS: the oracle of engine/flow.

Makes random markets from a seed, states each as the layered generalized flow of
docs/routing.md over raw levels, not merged, and solves it. Nodes are scaled by
their best gain from the source, so that the solver sees numbers near one. What it
says is then checked in exact fractions: its node prices give a bound of every plan. A market on which
that and what the solver found are more than 1e-7 bps apart is dropped and counted.

    python oracle/lp.py --seed 1 --count 1200 OUT.jsonl.gz
"""

import argparse
import gzip
import json
import math
import random
from fractions import Fraction

import highspy


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


def arcs(m):
    """Arcs (node, node, levels) of the layered network; levels None is the free arc."""
    s, t, hops = m["source"], m["target"], m["max_hops"]
    out = []
    for d in m["sides"]:
        u, w = d["from"], d["to"]
        levels = [l for b in d["books"] for l in b]
        if u == s and w == t:
            out.append(("S", "T", levels))
        elif u == s and hops >= 2:
            out.append(("S", (w, 1), levels))
        elif w == t and u != s and hops >= 2:
            out.append(((u, 2), "T", levels))
        elif u != s and w != t and hops >= 3:
            out.append(((u, 1), (w, 2), levels))
    for a in range(m["assets"]):
        if a not in (s, t):
            out.append(((a, 1), (a, 2), None))
    return out


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


def solve(m):
    """Returns (value, bound): the optimum as HiGHS says, and what is proven."""
    net = arcs(m)
    g = gains(net)
    if g.get("T", 0.0) == 0.0:
        return None
    exact_in = "in" in m
    unit = float(m["in"]) if exact_in else m["out"] / g["T"]
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("primal_feasibility_tolerance", 1e-10)
    h.setOptionValue("dual_feasibility_tolerance", 1e-10)
    # Columns in units of the source: x = give / (gain of the node * unit).
    cols, rows = [], {}
    for u, w, levels in net:
        if u not in g:
            continue
        for l in levels if levels is not None else [None]:
            cap = math.inf if l is None else l[0] / (g[u] * unit)
            k = (1.0 if l is None else l[1] / l[0]) * g[u] / g[w]
            cols.append((u, w, l, cap, k))
    for u, w, _, _, _ in cols:
        for n in (u, w):
            if n not in rows:
                rows[n] = len(rows)
    for i, (u, w, l, cap, k) in enumerate(cols):
        cost = (-k if w == "T" else 0.0) if exact_in else (1.0 if u == "S" else 0.0)
        h.addVar(0.0, min(cap, 1e30))
        h.changeColCost(i, cost)
    for n in rows:
        index, value = [], []
        for i, (u, w, _, _, k) in enumerate(cols):
            if u == n:
                index.append(i)
                value.append(1.0)
            elif w == n:
                index.append(i)
                value.append(-k)
        if n == "S":
            lo, hi = (-1e30, 1.0) if exact_in else (-1e30, 1e30)
        elif n == "T":
            lo, hi = (-1e30, 1e30) if exact_in else (-1e30, -m["out"] / (g["T"] * unit))
        else:
            lo, hi = -1e30, 0.0  # pays out at most what it receives
        h.addRow(lo, hi, len(index), index, value)
    h.run()
    if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    sol = h.getSolution()
    dual, flow = sol.row_dual, sol.col_value
    nu = {n: abs(Fraction(dual[i])) / Fraction(g[n]) for n, i in rows.items()}
    if exact_in:
        nu["T"] = Fraction(1) / Fraction(g["T"])
    else:
        nu["S"] = Fraction(1)
    bound = prove(m, net, nu)
    value = sum(f * c[4] for f, c in zip(flow, cols) if c[1] == "T") * g["T"] * unit
    if not exact_in:
        value = sum(f for f, c in zip(flow, cols) if c[0] == "S") * unit
    return value, bound


def prove(m, net, nu):
    """B of weak duality, exactly, for any prices."""
    price = lambda n: nu.get(n, Fraction(0))
    for a in range(m["assets"]):  # the free arc promises nothing
        if (a, 2) in nu:
            nu[(a, 1)] = max(price((a, 1)), nu[(a, 2)])
    total = Fraction(0)
    for u, w, levels in net:
        if u != "S" and u not in nu:
            continue
        for x, y in levels or []:
            total += max(Fraction(0), y * price(w) - x * price(u))
    if "in" in m:
        return (price("S") * m["in"] + total) / price("T") if price("T") else None
    return (price("T") * m["out"] - total) / price("S") if price("S") else None


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=1200)
    p.add_argument("file")
    a = p.parse_args()
    rng = random.Random(a.seed)
    kept, dropped, tried = [], 0, 0
    while len(kept) < a.count:
        tried += 1
        m = market(rng)
        found = solve(m)
        if found is None:
            continue
        value, bound = found
        if bound is None or abs(float(bound) / value - 1) > 1e-11:
            dropped += 1
            continue
        m["id"] = f"{a.seed}-{tried}"
        m["value"] = repr(float(bound))
        for k in ("in", "out"):
            if k in m:
                m[k] = str(m[k])
        for d in m["sides"]:
            d["books"] = [[[str(x), str(y)] for x, y in b] for b in d["books"]]
        kept.append(json.dumps(m, separators=(",", ":"), sort_keys=True))
    with open(a.file, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(("\n".join(kept) + "\n").encode())
    print(f"seed {a.seed}: {len(kept)} markets kept, {dropped} dropped (not proven), {tried - len(kept) - dropped} without a plan")


if __name__ == "__main__":
    main()
