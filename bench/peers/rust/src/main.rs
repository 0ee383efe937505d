//! The workload of ../README.md for a BTreeMap and for hftbacktest's books.
use hftbacktest::depth::{BTreeMarketDepth, L2MarketDepth, MarketDepth, ROIVectorMarketDepth};
use std::{collections::BTreeMap, env, time::Instant};

const MIDDLE: i64 = 1_000_000;

struct Change { bid: bool, tick: i64, size: i64 }

struct Dice(u64);
impl Dice {
    fn next(&mut self) -> u64 { // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

fn at(bid: bool, k: i64) -> i64 { if bid { MIDDLE - 1 - k } else { MIDDLE + 1 + k } }

fn workload(levels: i64, n: usize) -> (Vec<Change>, Vec<Change>) {
    let mut d = Dice(1);
    let first = (0..levels * 2).map(|i| {
        let bid = i % 2 == 0;
        Change { bid, tick: at(bid, i / 2), size: 1 + (d.next() >> 40) as i64 }
    }).collect();
    let then = (0..n).map(|_| {
        let (a, b) = (d.next(), d.next());
        let bid = a & 1 == 0;
        let k = if (a >> 1) % 5 < 4 { (a >> 8) % 20 } else { (a >> 8) % levels as u64 } as i64;
        Change { bid, tick: at(bid, k), size: if b & 3 == 0 { 0 } else { 1 + (b >> 40) as i64 } }
    }).collect();
    (first, then)
}

trait Book { fn new() -> Self; fn set(&mut self, c: &Change); fn best(&self) -> (i64, i64); }

/// A way to keep a book that is read after every change.
trait Reader { fn fresh() -> Self; fn read(&mut self, c: &Change, sum: u64) -> u64; }
impl<B: Book> Reader for B {
    fn fresh() -> Self { B::new() }
    fn read(&mut self, c: &Change, sum: u64) -> u64 {
        self.set(c);
        let (bid, ask) = self.best();
        sum.wrapping_mul(31).wrapping_add((bid * 7 + ask) as u64)
    }
}

const VENUES: i64 = 8;

/// A consolidated book, by price and venue; prices of bids are negated.
struct Venues { bids: BTreeMap<(i64, i64), i64>, asks: BTreeMap<(i64, i64), i64> }
impl Reader for Venues {
    fn fresh() -> Self { Venues { bids: BTreeMap::new(), asks: BTreeMap::new() } }
    fn read(&mut self, c: &Change, sum: u64) -> u64 {
        let k = if c.bid { MIDDLE - 1 - c.tick } else { c.tick - MIDDLE - 1 };
        let (side, sign) = if c.bid { (&mut self.bids, -1) } else { (&mut self.asks, 1) };
        let key = (sign * at(c.bid, k / VENUES), k % VENUES);
        if c.size == 0 { side.remove(&key); } else { side.insert(key, c.size); }
        side.iter().take(10).fold(sum, |sum, ((price, venue), size)| {
            sum.wrapping_mul(31).wrapping_add((sign * price * 7 + venue * 3 + size) as u64)
        })
    }
}

struct Tree { bids: BTreeMap<i64, i64>, asks: BTreeMap<i64, i64> }
impl Book for Tree {
    fn new() -> Self { Tree { bids: BTreeMap::new(), asks: BTreeMap::new() } }
    fn set(&mut self, c: &Change) {
        let side = if c.bid { &mut self.bids } else { &mut self.asks };
        if c.size == 0 { side.remove(&c.tick); } else { side.insert(c.tick, c.size); }
    }
    fn best(&self) -> (i64, i64) {
        (self.bids.last_key_value().map_or(0, |l| *l.0), self.asks.first_key_value().map_or(0, |l| *l.0))
    }
}

impl Book for ROIVectorMarketDepth {
    fn new() -> Self { ROIVectorMarketDepth::new(1.0, 1.0, 900_000.0, 1_100_000.0) }
    fn set(&mut self, c: &Change) { set(self, c) }
    fn best(&self) -> (i64, i64) { (self.best_bid_tick(), self.best_ask_tick()) }
}

impl Book for BTreeMarketDepth {
    fn new() -> Self { BTreeMarketDepth::new(1.0, 1.0) }
    fn set(&mut self, c: &Change) { set(self, c) }
    fn best(&self) -> (i64, i64) { (self.best_bid_tick(), self.best_ask_tick()) }
}

fn set<D: L2MarketDepth>(d: &mut D, c: &Change) {
    if c.bid { d.update_bid_depth(c.tick as f64, c.size as f64, 0); }
    else { d.update_ask_depth(c.tick as f64, c.size as f64, 0); }
}

fn measure<B: Reader>(name: &str, work: &str, first: &[Change], then: &[Change], rounds: usize) {
    let mut all = vec![];
    let mut sum = 0u64;
    for _ in 0..rounds {
        let mut b = B::fresh();
        first.iter().for_each(|c| { b.read(c, 0); });
        sum = 0;
        let begin = Instant::now();
        for c in then { sum = b.read(c, sum); }
        all.push(begin.elapsed().as_nanos() as f64 / then.len() as f64);
    }
    all.sort_by(f64::total_cmp);
    println!("{{\"name\":\"{name}\",\"work\":\"{work}\",\"min\":{:.1},\"median\":{:.1},\"max\":{:.1},\"checksum\":\"{sum:016x}\"}}",
        all[0], all[all.len() / 2], all[all.len() - 1]);
}

fn main() {
    let n: Vec<usize> = env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let (first, then) = workload(n[0] as i64 / 2, n[1]);
    measure::<Tree>("Rust BTreeMap", "", &first, &then, n[2]);
    measure::<ROIVectorMarketDepth>("hftbacktest ROIVectorMarketDepth", "", &first, &then, n[2]);
    measure::<BTreeMarketDepth>("hftbacktest BTreeMarketDepth", "", &first, &then, n[2]);
    measure::<Venues>("Rust BTreeMap", "ten of 8 venues", &first, &then, n[2]);
}
