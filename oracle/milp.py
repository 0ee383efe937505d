"""The best plan where providers offer choices, as a mixed-integer program: the oracle of engine/branch.

Makes random markets as lp.py does, in which some books are lists of options instead: of each
list at most one option is used, all of its entry and then any part of more. Options are fixed
fees, minimum sizes, amounts that are had whole or not at all, and tiers with a price for all
of the size or for a slice. HiGHS chooses by one binary for each option. The choice is then
fixed, and what is left is a linear program that lp.py solves and proves. Where there are at
most 64 ways to choose, all of them are solved so, and a market on which the best of them and
what HiGHS chose are more than 1e-7 bps apart is dropped and counted.

    python oracle/milp.py --seed 1 --count 480 OUT.jsonl.gz
"""

import argparse
import itertools
import math
import random
from collections import Counter
from fractions import Fraction

import highspy

import lp

MOST_WAYS = 64  # that are solved one by one


def levels(rng, rate, size, most):
    """A book: levels of falling rates."""
    book = []
    for _ in range(rng.randint(1, most)):
        give = max(1, int(size * rng.random()))
        if int(give * rate) > 0:
            book.append((give, int(give * rate)))
        if rng.random() < 0.8:
            rate *= math.exp(-0.0005 * rng.random())
    return sorted(book, key=lambda l: -Fraction(l[1], l[0]))


def fixed_fee(rng, rate, size):
    """A book behind a fee, in what is given or in what is got: it begins where it is earned."""
    book = levels(rng, rate * (1 + 0.001 * rng.random()), size, 5)
    fee = max(1, int(size * 0.001 * rng.random()))
    if rng.random() < 0.3:  # paid in what is given
        return [{"entry": (fee + 1, max(1, int(rate))), "more": book}]
    least = int(fee / rate) + 1 if rng.random() < 0.5 else int(fee / (rate * 2)) + 1
    return [{"entry": (least, 1), "more": book}]


def minimum(rng, rate, size):
    """A book of which at least its first levels are taken."""
    book = levels(rng, rate, size, 5)
    n = rng.randint(1, len(book)) if book else 0
    entry = (sum(x for x, _ in book[:n]), sum(y for _, y in book[:n]))
    return [{"entry": entry, "more": book[n:]}]


def all_or_none(rng, rate, size):
    """Amounts that are had whole."""
    out = []
    for _ in range(rng.randint(1, 3)):
        give = max(1, int(size * rng.random() * 2))
        out.append({"entry": (give, int(give * rate * (1 + 0.001 * rng.gauss(0, 1)))), "more": []})
    return out


def whole(rng, rate, size):
    """Tiers whose price holds for all of the amount."""
    out, end = [], size * rng.random() if rng.random() < 0.7 else 0.0
    for _ in range(rng.randint(1, 4)):
        begin, end = end, end + size * rng.uniform(0.1, 1.2)
        p = rate * (1 + 0.0008 * rng.gauss(0.3, 1))
        fee = int(size * rate * 0.0005 * rng.random()) if rng.random() < 0.3 else 0
        least = max(int(begin), int((fee + 1) / p) + 1 if fee else 0)
        entry = (least, int(least * p) - fee) if least else (0, 0)
        more = (int(end) - entry[0], int(int(end) * p) - fee - entry[1])
        if least and entry[1] > 0 or least == 0:
            out.append({"entry": entry, "more": [more] if min(more) > 0 else []})
        end += size * rng.random() * 0.3 if rng.random() < 0.3 else 0.0
    return out


def slices(rng, rate, size):
    """Tiers whose price holds for what is above the tier before."""
    out, at, got = [], 0, 0
    if rng.random() < 0.5:
        at = int(size * rng.random())
        got = int(at * rate)
    for _ in range(rng.randint(1, 4)):
        p = rate * (1 + 0.0008 * rng.gauss(0.3, 1))
        fee = int(size * rate * 0.0003 * rng.random()) if rng.random() < 0.2 and at else 0
        got = max(got - fee, 0)
        give = int(size * rng.uniform(0.1, 1.0)) + 1
        if (at == 0) == (got == 0):
            out.append({"entry": (at, got), "more": [(give, int(give * p))]})
        at, got = at + give, got + int(give * p)
    return out


KINDS = [fixed_fee, minimum, all_or_none, whole, slices]


def market(rng, pair):
    """A market of one pair or of several assets, in which 1 to 4 books are lists of options."""
    assets = 2 if pair else rng.randint(3, 6)
    worth = [math.exp(rng.uniform(-1, 1)) for _ in range(assets)]
    venues = rng.randint(1, 8) if pair else rng.choice([1, 2, 2, 3, 8])
    depth = rng.randint(1, 6 if pair else 4)
    spread = -0.001 * rng.random() if rng.random() < 0.2 else 0.001 * rng.random()
    size = math.exp(rng.uniform(24, 34))
    sides = []
    for u in range(assets):
        for w in range(assets):
            if u == w or w == 0 or u == 1 or not pair and rng.random() < 0.35:
                continue
            books = []
            for _ in range(rng.randint(1, venues)):
                fee = rng.choice([0, 0.0001, 0.00075, 0.001])
                rate = worth[u] / worth[w] * (1 - spread + 0.0005 * rng.gauss(0, 1)) * (1 - fee)
                books.append(levels(rng, rate, size / worth[u], depth))
            sides.append({"from": u, "to": w, "books": books})
    rng.shuffle(sides)
    m = {"assets": assets, "source": 0, "target": 1, "sides": sides}
    m["max_hops"] = rng.randint(1, 3) if pair else rng.choice([2, 3, 3])
    amount = int(size / worth[0] * math.exp(rng.uniform(-2, 1.5)))
    if rng.random() < 0.5:
        m["in"] = amount
    else:
        m["out"] = int(amount * worth[0] / worth[1])
    offer(rng, m, worth, size)
    m["unit"] = max(worth) / worth[1 if "in" in m else 0]
    return m


def offer(rng, m, worth, size):
    """Puts lists of options where books were, or beside them."""
    sides = [d for d in m["sides"] if lp.ends(m, d)]
    lean = 0.0 if m["assets"] == 2 else 0.0007  # of several ways to go, so that options are used
    for _ in range(rng.randint(1, 4) if sides else 0):
        d = rng.choice(sides)
        rate = worth[d["from"]] / worth[d["to"]] * (1 + lean + 0.0007 * rng.gauss(0, 1))
        options = rng.choice(KINDS)(rng, rate, size / worth[d["from"]] * rng.choice([0.3, 1, 1, 2]))
        if rng.random() < 0.15:
            options += rng.choice(KINDS)(rng, rate, size / worth[d["from"]])
        options = [o for o in options[:4] if sum(o["entry"]) or o["more"]]
        if options and (at := [i for i, b in enumerate(d["books"]) if isinstance(b, list)]):
            at = rng.choice(at)
            if rng.random() < 0.5:
                d["books"].insert(at, {"options": options})
            else:
                d["books"][at] = {"options": options}


def places(m):
    """The books that are options: (side, book, options)."""
    return [
        (i, j, b["options"])
        for i, d in enumerate(m["sides"])
        if lp.ends(m, d)
        for j, b in enumerate(d["books"])
        if isinstance(b, dict)
    ]


def fixed(m, choice):
    """The market in which option choice[k] of the k-th place is used, or none: without options."""
    sides = [d | {"books": [b if isinstance(b, list) else [] for b in d["books"]]} for d in m["sides"]]
    forced = []
    for (i, j, options), k in zip(places(m), choice):
        if k is not None:
            sides[i]["books"][j] = options[k]["more"]
            forced.append({"side": i, "arc": options[k]["entry"]})
    return m | {"sides": sides, "bundles": [b for b in forced if b["arc"][0] > 0]}


def choose(m, relaxed=False, strict=False):
    """What HiGHS chooses: (choice, value), or None. relaxed lets it choose parts, which bounds
    the value; strict leaves nothing of the order and nothing at any node."""
    found = places(m)
    net = lp.arcs(fixed(m, [None] * len(found)))
    all_arcs = list(net)
    for i, _, options in found:
        at = lp.ends(m, m["sides"][i])
        all_arcs += [(*at, ([o["entry"]] if o["entry"][0] else []) + o["more"]) for o in options]
    g = lp.gains(all_arcs)
    if g.get("T", 0.0) == 0.0:
        return None
    unit = lp.unit_of(m, g)
    cols = lp.columns(net, g, unit)
    binary, within = {}, []  # column of a choice; (column, choice) of what follows an entry
    for p, (i, _, options) in enumerate(found):
        u, w = lp.ends(m, m["sides"][i])
        for k, o in enumerate(options if u in g else []):
            binary[p, k] = len(cols)
            cols.append((u, w, 1.0, o["entry"][0] / (g[u] * unit), o["entry"][1] / (g[w] * unit)))
            within += [(len(cols) + n, (p, k)) for n in range(len(o["more"]))]
            cols += lp.columns([(u, w, o["more"])], g, unit)
    h, _ = lp.build(m, g, unit, cols, strict=strict)
    for p in range(len(found)):
        mine = [c for (q, _), c in binary.items() if q == p]
        h.addRow(-1e30, 1.0, len(mine), mine, [1.0] * len(mine))
    for c, key in within:
        h.addRow(-1e30, 0.0, 2, [c, binary[key]], [1.0, -cols[c][2]])
    if not relaxed:
        for c in binary.values():
            h.changeColIntegrality(c, highspy.HighsVarType.kInteger)
        for option, v in (("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("mip_feasibility_tolerance", 1e-9)):
            h.setOptionValue(option, v)
    h.run()
    if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    flow = h.getSolution().col_value
    used = {p: k for (p, k), c in binary.items() if flow[c] > 0.5}
    choice = [used.get(p) for p in range(len(found))]
    if "in" in m:
        return choice, sum(f * c[4] for f, c in zip(flow, cols) if c[1] == "T") * g["T"] * unit
    return choice, sum(f * c[3] for f, c in zip(flow, cols) if c[0] == "S") * unit


def better(m, a, b):
    return a > b if "in" in m else a < b


def every(m):
    """The best value of all ways to choose, and the best bound, which holds for all of them."""
    values, bounds = [], []
    for choice in itertools.product(*[[None, *range(len(o))] for _, _, o in places(m)]):
        found = lp.solve(fixed(m, choice))
        if found is not None and found[0] > 0:
            values.append(found[0])
            bounds.append(math.inf if found[1] is None else found[1])
    best = max if "in" in m else min
    return (best(values), best(bounds)) if values else None


def ways(m):
    return math.prod(1 + len(o) for _, _, o in places(m))


def solve(m):
    """(value, bound) of the best plan; None without a plan, and False if it is not proven."""
    found = choose(m)
    if found is None or found[1] <= 0:
        return None
    best = lp.solve(fixed(m, found[0]))
    if best is None or not lp.proven(best):
        return False
    if ways(m) <= MOST_WAYS:
        all_ways = every(m)
        if not lp.proven(all_ways) or abs(all_ways[0] / best[0] - 1) > 1e-11:
            return False
    return best


def same(a, b):
    return a is not None and b is not None and abs(a[1] / b[1] - 1) < 1e-9


def whole(m, best):
    """Whether a plan as good as the best does the order to the unit, and needs all of it."""
    if "in" in m and same(choose(m | {"in": m["in"] - m["in"] // 10**6}), best):
        return False  # the market ends before the order
    return same(choose(m, strict=True), best)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=480)
    p.add_argument("file")
    a = p.parse_args()
    rng = random.Random(a.seed)
    kept, count, tried = [], Counter(), 0
    while len(kept) < a.count:
        tried += 1
        pair = len(kept) % 2 == 0
        m = market(rng, pair)
        found = solve(m) if places(m) else None
        if not found:
            count["no plan" if found is None else "dropped"] += 1
            continue
        best = (None, found[0])
        easy = same(choose(m, relaxed=True), best)
        done = whole(m, best)
        if (easy or not done) and rng.random() < 0.7:
            continue  # most of those that need no choice, or are above the market
        m |= {"id": f"{a.seed}-{tried}", "value": repr(float(found[1])), "whole": done, "ways": ways(m)}
        count["pair" if pair else "legs"] += 1
        count["hard"] += not easy
        count["part"] += not done
        count["each"] += m["ways"] <= MOST_WAYS
        kept.append(lp.text(m))
    lp.write(a.file, kept)
    print(f"seed {a.seed}: {count['pair']} markets of one pair and {count['legs']} of several legs kept, of them "
          f"{count['hard']} in which a choice costs something, {count['part']} in which no plan does all of the order, "
          f"{count['each']} proven by solving every way to choose; {count['dropped']} dropped (not proven), "
          f"{count['no plan']} without a plan")


if __name__ == "__main__":
    main()
