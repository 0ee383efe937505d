package branch

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"chronos.dev/engine/flow"
	"chronos.dev/graph"
	"chronos.dev/money"
)

// solved is a market that HiGHS has solved: see oracle/milp.py.
type solved struct {
	ID      string       `json:"id"`
	Assets  int          `json:"assets"`
	Source  int32        `json:"source"`
	Target  int32        `json:"target"`
	MaxHops int          `json:"max_hops"`
	In      money.Amount `json:"in,string"`
	Out     money.Amount `json:"out,string"`
	// Value is of the best plan that may leave some of the order undone. Whole is
	// whether a plan that does all of it is as good.
	Value float64 `json:"value,string"`
	Whole bool    `json:"whole"`
	// Unit is the most that a unit of any asset is worth in the asset of Value.
	Unit  float64 `json:"unit"`
	Sides []struct {
		From  int32         `json:"from"`
		To    int32         `json:"to"`
		Books []solvedBooks `json:"books"`
	} `json:"sides"`
}

// solvedBooks is a list of levels, or an object with options.
type solvedBooks struct{ graph.Side }

func (b *solvedBooks) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return readArcs(text, &b.Arcs)
	}
	var o struct {
		Options []struct {
			Entry json.RawMessage   `json:"entry"`
			More  []json.RawMessage `json:"more"`
		} `json:"options"`
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	for k, from := range o.Options {
		to := graph.Option{Tier: k}
		var err error
		if to.Entry, err = readArc(from.Entry); err != nil {
			return err
		}
		for _, l := range from.More {
			a, err := readArc(l)
			if err != nil {
				return err
			}
			to.More = append(to.More, a)
		}
		b.Options = append(b.Options, to)
	}
	return nil
}

func readArcs(text []byte, arcs *[]graph.Arc) error {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, l := range list {
		a, err := readArc(l)
		if err != nil {
			return err
		}
		*arcs = append(*arcs, a)
	}
	return nil
}

// readArc reads ["in","out"].
func readArc(text []byte) (a graph.Arc, err error) {
	var pair [2]json.Number
	if err := json.Unmarshal(text, &pair); err != nil {
		return a, err
	}
	in, err := pair[0].Int64()
	if err != nil {
		return a, err
	}
	out, err := pair[1].Int64()
	return graph.Arc{In: money.Amount(in), Out: money.Amount(out)}, err
}

func (m *solved) problem() *flow.Problem {
	p := &flow.Problem{Assets: m.Assets, Source: m.Source, Target: m.Target, MaxHops: m.MaxHops, In: m.In, Out: m.Out}
	for _, d := range m.Sides {
		side := flow.Side{From: d.From, To: d.To}
		for j := range d.Books {
			side.Books = append(side.Books, &d.Books[j].Side)
		}
		p.Sides = append(p.Sides, side)
	}
	return p
}

// tally counts how results compare with the optima.
type tally struct {
	markets, wanted, part   int // all, those with an amount wanted, and those above the market
	equal, rounded, covered int
	branched                int     // needed more than one case
	worst, widest           float64 // difference of equal ones, and the widest gap that covers one, both relative
}

// TestEqualsMixedIntegerProgram compares plans with the optima that HiGHS found for
// the same markets. The bound holds in all of them; the plan is the best within
// 1e-6 bps and the units that rounding takes, or the bound admits the difference.
// CHRONOS_ORACLE names a folder of more.
func TestEqualsMixedIntegerProgram(t *testing.T) {
	folders := []string{"testdata/oracle"}
	if more := os.Getenv("CHRONOS_ORACLE"); more != "" {
		folders = append(folders, more)
	}
	var s Solver
	var n tally
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "options*.jsonl.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			eachSolved(t, file, func(m *solved) { n.compare(t, m, s.Solve(m.problem(), 0)) })
		}
	}
	t.Logf("%d markets, %d of them for an amount wanted: %d equal within 1e-6 bps, worst %.2g bps; %d within rounding; "+
		"%d within their bound, widest %.2g bps; %d above what can be done; %d were told apart",
		n.markets, n.wanted, n.equal, n.worst*1e4, n.rounded, n.covered, n.widest*1e4, n.part, n.branched)
	if n.markets < 400 || n.wanted < n.markets/4 || n.branched < n.markets/4 {
		t.Error("too few markets to show anything")
	}
	if n.covered > n.markets/100 {
		t.Errorf("%d of %d plans are not the best", n.covered, n.markets)
	}
}

// compare checks a result. Amounts of an order to buy are taken as negative, so
// that more is always better.
func (n *tally) compare(t *testing.T, m *solved, r *Result) {
	t.Helper()
	n.markets++
	n.branched += min(len(r.Leaves), 1)
	best, bound, got, value := m.Value, float64(r.Bound), float64(r.Out), r.Value
	if m.Out > 0 {
		n.wanted++
		best, bound, got, value = -best, -bound, -float64(r.In), -value
	}
	tiny := 1e-10 * m.Value
	if !m.Whole {
		n.part++
	}
	if !m.Whole && (r.Partial || r.Failed) && m.Out > 0 {
		return // the bound is of less than what is wanted
	}
	if bound < best-tiny {
		t.Errorf("market %s: bound %d, HiGHS makes %v", m.ID, r.Bound, m.Value)
	}
	if !m.Whole && (r.Partial || r.Failed) {
		return
	}
	if r.Partial || r.Failed || r.Spent {
		t.Errorf("market %s: HiGHS makes %v; partial %v, failed %v, spent %v, %d cases, cut %v",
			m.ID, m.Value, r.Partial, r.Failed, r.Spent, r.Cases, r.Cut)
		return
	}
	units := 2 * float64(1+len(r.Fills)) * max(m.Unit, 1)
	if got > best+tiny || got < value-tiny-units {
		t.Errorf("market %s: %d into %d, %v before rounding, HiGHS makes %v", m.ID, r.In, r.Out, r.Value, m.Value)
	}
	switch away := math.Abs(value - best); {
	case away <= tiny:
		n.equal++
		n.worst = max(n.worst, away/m.Value)
	case away <= tiny+units:
		n.rounded++
	case bound-got >= best-value-tiny && value < best:
		n.covered++
		n.widest = max(n.widest, (bound-got)/m.Value)
		t.Logf("market %s: %v, HiGHS makes %v; bound %d, %d cases, cut %v", m.ID, r.Value, m.Value, r.Bound, r.Cases, r.Cut)
	default:
		t.Errorf("market %s: %v, HiGHS makes %v; bound %d, %d cases, cut %v", m.ID, r.Value, m.Value, r.Bound, r.Cases, r.Cut)
	}
}

func eachSolved(t *testing.T, file string, visit func(*solved)) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		m := &solved{}
		if err := json.Unmarshal(lines.Bytes(), m); err != nil {
			t.Fatal(err)
		}
		visit(m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
