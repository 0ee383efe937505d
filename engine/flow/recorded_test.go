package flow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	depth "chronos.dev/book"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// takers are what venues charge takers of the smallest volume, in bps, as recorded
// with the captures. The others are taken to charge 10.
var takers = map[string]int64{"kraken": 26, "hitbtc": 25, "gateio": 20, "poloniex": 20}

// instants of each recorded session, evenly spaced; the last is its end.
const instants = 4

// recorded is all that venues of one day offered at one instant of their sessions,
// or what expected/consolidated.json puts together of that day (at = instants).
// These were one after the other, not at once: it is the books that are real, not
// that they stood beside each other.
type recorded struct {
	day    string
	at     int
	assets []string
	sides  map[[2]int32][]*graph.Side
	pairs  map[string]bool
	venues map[string]bool
}

// recordedMarkets plays all captures. The venues stand in the order of the manifest.
func recordedMarkets(t *testing.T) (markets []*recorded) {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	f, err := capture.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	days := map[string][]*recorded{}
	for i := range f.Entries {
		frames, spec := loaded(t, f, &f.Entries[i])
		day, _, _ := strings.Cut(f.Entries[i].ID, "/")
		if days[day] == nil {
			for at := range instants + 1 {
				days[day] = append(days[day], &recorded{
					day: day, at: at, sides: map[[2]int32][]*graph.Side{},
					pairs: map[string]bool{}, venues: map[string]bool{},
				})
			}
		}
		play(days[day][:instants], spec, frames)
	}
	consolidate(t, dir, f, days)
	for _, day := range days {
		markets = append(markets, day...)
	}
	slices.SortFunc(markets, func(a, b *recorded) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.at, b.at))
	})
	return markets
}

func loaded(t *testing.T, f *capture.Folder, e *capture.Entry) ([]venue.Frame, *venue.Spec) {
	t.Helper()
	spec, ok := capture.Match(all.Specs, e)
	if !ok {
		t.Fatalf("no decoder for %s", e.ID)
	}
	frames, err := f.Load(e)
	if err != nil {
		t.Fatal(err)
	}
	return frames, spec
}

// consolidate adds each book of expected/consolidated.json at its instant to the
// last market of its day.
func consolidate(t *testing.T, dir string, f *capture.Folder, days map[string][]*recorded) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "expected", "consolidated.json"))
	if err != nil {
		t.Fatal(err)
	}
	var entries []struct {
		Members []struct {
			Capture, Symbol string
			Instant         float64 // Unix seconds; a microsecond may be lost
		}
	}
	if err := json.Unmarshal(raw, &entries); err != nil {
		t.Fatal(err)
	}
	for _, c := range entries {
		for _, b := range c.Members {
			e, ok := f.Entry(b.Capture)
			if !ok {
				t.Fatalf("no capture %s", b.Capture)
			}
			frames, spec := loaded(t, f, e)
			day, _, _ := strings.Cut(e.ID, "/")
			view := capture.ViewsAt(spec, frames, int64(b.Instant*1e9))[b.Symbol]
			days[day][instants].book(spec, b.Symbol, view)
		}
	}
}

// play adds the books of a session at each instant of it.
func play(day []*recorded, spec *venue.Spec, frames []venue.Frame) {
	s := capture.NewSession(spec)
	for i := range frames {
		_ = s.Play(&frames[i]) // refused frames show in what is missing
		for _, m := range day {
			if i == len(frames)*(m.at+1)/instants-1 {
				m.add(spec, s)
			}
		}
	}
}

func (m *recorded) add(spec *venue.Spec, s *capture.Session) {
	symbols := make([]string, 0, len(s.Books))
	for symbol := range s.Books {
		symbols = append(symbols, symbol)
	}
	slices.Sort(symbols)
	for _, symbol := range symbols {
		m.book(spec, symbol, s.Books[symbol].Publish())
	}
}

// book adds a book, if it is of a spot market and live.
func (m *recorded) book(spec *venue.Spec, symbol string, v *depth.View) {
	pair, spot := spec.Pair(symbol)
	if !spot || v.State != depth.Live {
		return
	}
	bps, ok := takers[spec.Venue]
	if !ok {
		bps = 10
	}
	st := graph.NewState(v, graph.Scales{Base: 8, Quote: 8}, &market.Fee{Rate: bps * market.FeeUnit / 10_000})
	base, quote := m.asset(pair.Base), m.asset(pair.Quote)
	m.sides[[2]int32{base, quote}] = append(m.sides[[2]int32{base, quote}], &st.Sell)
	m.sides[[2]int32{quote, base}] = append(m.sides[[2]int32{quote, base}], &st.Buy)
	m.pairs[pair.String()], m.venues[spec.Venue] = true, true
}

func (m *recorded) asset(symbol string) int32 {
	i := slices.Index(m.assets, symbol)
	if i < 0 {
		i, m.assets = len(m.assets), append(m.assets, symbol)
	}
	return int32(i)
}

// order is the market as a problem from s to t, without the sides that no plan can
// use, and the least hops of a plan; 0 if there is none.
func (m *recorded) order(s, t int32, most int) (p *Problem, hops int) {
	from, to := map[int32]bool{}, map[int32]bool{} // one hop away
	for k := range m.sides {
		from[k[1]] = from[k[1]] || k[0] == s
		to[k[0]] = to[k[0]] || k[1] == t
	}
	p = &Problem{Assets: len(m.assets), Source: s, Target: t, MaxHops: most}
	hops = 4
	for k, books := range m.sides {
		u, w := k[0], k[1]
		switch {
		case w == s || u == t:
			continue
		case u == s && w == t:
			hops = 1
		case u == s && to[w], w == t && from[u]:
			hops = min(hops, 2)
		case u == s || w == t:
		case from[u] && to[w]:
			hops = min(hops, 3)
		default:
			continue
		}
		p.Sides = append(p.Sides, Side{From: u, To: w, Books: books})
	}
	slices.SortFunc(p.Sides, func(a, b Side) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	if hops > most {
		return p, 0
	}
	return p, hops
}

// perHops is how many orders of each least number of hops are asked for at an instant.
const perHops = 6

// orders are some of each number of hops, to sell and to buy, small and large.
func (m *recorded) orders() (all []*Problem, hops []int) {
	r := rand.New(rand.NewPCG(uint64(m.at), uint64(len(m.assets))))
	n := len(m.assets)
	var count [4]int
	for _, k := range r.Perm(n * n) {
		s, t := int32(k/n), int32(k%n)
		if s == t {
			continue
		}
		p, least := m.order(s, t, 3)
		if least == 0 || count[least] == perHops {
			continue
		}
		share := []float64{1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.2}[count[least]]
		var in, out money.Amount
		for _, d := range p.Sides {
			for _, b := range d.Books {
				if d.From == s {
					in = money.AddStop(in, b.SumIn)
				}
				if d.To == t {
					out = money.AddStop(out, b.SumOut)
				}
			}
		}
		if in == 0 || out == 0 {
			continue
		}
		if p.In = 1 + money.Amount(float64(in)*share); r.IntN(2) == 0 {
			p.In, p.Out = 0, 1+money.Amount(float64(out)*share)
		}
		count[least]++
		all, hops = append(all, p), append(hops, least)
	}
	return all, hops
}

// TestRecordedMarkets solves orders over recorded books: each plan is feasible, and
// its own prices prove it optimal before rounding. CHRONOS_ORACLE_DUMP names a file
// that the markets are written to, for oracle/lp.py.
func TestRecordedMarkets(t *testing.T) {
	if testing.Short() {
		t.Skip("plays all captures")
	}
	file := os.Getenv("CHRONOS_ORACLE_DUMP")
	var lines []byte
	var s Solver
	var byHops [4]int
	partial := 0
	worst := 0.0
	for _, m := range recordedMarkets(t) {
		problems, hops := m.orders()
		var here [4]int
		for i, p := range problems {
			here[hops[i]]++
			byHops[hops[i]]++
			name := fmt.Sprintf("%s instant %d: %s to %s", m.day, m.at, m.assets[p.Source], m.assets[p.Target])
			if file != "" {
				lines = append(append(lines, dumped(name, p)...), '\n')
			}
			r := s.Solve(p)
			if err := feasible(p, r); err != nil || r.Failed || r.Spent {
				t.Errorf("%s: %v, failed %v, spent %v", name, err, r.Failed, r.Spent)
			}
			if r.Partial {
				partial++
				continue // the bound is of what can be done
			}
			b, _ := bound(p, &r.Prices).Float64()
			gap := math.Abs(b - r.Value)
			if r.Value > 1e9 {
				worst = max(worst, gap/r.Value)
			}
			// A price is right to 16 digits: of a level far larger than a small order
			// that may be a thousandth of a unit.
			if gap > 1e-10*r.Value+0.01 {
				t.Errorf("%s: %v, prices prove %v", name, r.Value, b)
			}
		}
		if m.at >= instants-1 && len(m.pairs) > 0 {
			t.Logf("%s instant %d: %d venues, %d pairs, %d assets; orders of at least 1, 2, 3 hops: %v",
				m.day, m.at, len(m.venues), len(m.pairs), len(m.assets), here[1:])
		}
	}
	t.Logf("orders of at least 1, 2, 3 hops: %v, %d above the market; worst gap %.2g bps", byHops[1:], partial, worst*1e4)
	if byHops[1] < 100 || byHops[2] < 100 || byHops[3] < 50 || partial > 100 {
		t.Error("too few orders to show anything")
	}
	if file != "" {
		if err := os.WriteFile(file, lines, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// dumped is a problem as oracle/lp.py reads it.
func dumped(id string, p *Problem) []byte {
	text := func(a money.Amount) string { return strconv.FormatInt(int64(a), 10) }
	type side struct {
		From  int32         `json:"from"`
		To    int32         `json:"to"`
		Books [][][2]string `json:"books"`
	}
	var sides []side
	for _, d := range p.Sides {
		to := side{From: d.From, To: d.To, Books: [][][2]string{}}
		for _, b := range d.Books {
			levels := [][2]string{}
			for _, a := range b.Arcs {
				levels = append(levels, [2]string{text(a.In), text(a.Out)})
			}
			to.Books = append(to.Books, levels)
		}
		sides = append(sides, to)
	}
	m := map[string]any{
		"id": id, "assets": p.Assets, "source": p.Source, "target": p.Target, "max_hops": p.MaxHops, "sides": sides,
	}
	if m["in"] = text(p.In); p.Out > 0 {
		delete(m, "in")
		m["out"] = text(p.Out)
	}
	line, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return line
}
