"""The workload of README.md for ccxt's order book: LEVELS UPDATES ROUNDS."""
import sys
import time
from ccxt.async_support.base.ws.order_book import OrderBook

MASK, MIDDLE = (1 << 64) - 1, 1_000_000


def dice(state=1):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def at(side, k):
    return MIDDLE - 1 - k if side == 0 else MIDDLE + 1 + k


def workload(levels, n):
    d = dice()
    first = [(i % 2, at(i % 2, i // 2), 1 + (next(d) >> 40)) for i in range(2 * levels)]
    then = []
    for _ in range(n):
        a, b = next(d), next(d)
        k = (a >> 8) % 20 if (a >> 1) % 5 < 4 else (a >> 8) % levels
        then.append((a & 1, at(a & 1, k), 0 if b & 3 == 0 else 1 + (b >> 40)))
    return first, then


levels, n, rounds = (int(a) for a in sys.argv[1:4])
first, then = workload(levels // 2, n)
took = []
for _ in range(rounds):
    book = OrderBook({})
    sides = (book['bids'], book['asks'])
    for side, tick, size in first:
        sides[side].store(tick, size)
    total = 0
    begin = time.perf_counter_ns()
    for side, tick, size in then:
        sides[side].store(tick, size)
        total = (total * 31 + sides[0][0][0] * 7 + sides[1][0][0]) & MASK
    took.append((time.perf_counter_ns() - begin) / n)
took.sort()
print('{"name":"ccxt OrderBook","min":%.1f,"median":%.1f,"max":%.1f,"checksum":"%016x"}'
      % (took[0], took[len(took) // 2], took[-1], total))
