package flow

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chronos.dev/graph"
	"chronos.dev/money"
)

// solved is a market that HiGHS has solved: see oracle/lp.py.
type solved struct {
	ID      string       `json:"id"`
	Assets  int          `json:"assets"`
	Source  int32        `json:"source"`
	Target  int32        `json:"target"`
	MaxHops int          `json:"max_hops"`
	In      money.Amount `json:"in,string"`
	Out     money.Amount `json:"out,string"`
	Value   float64      `json:"value,string"`
	Sides   []struct {
		From  int32         `json:"from"`
		To    int32         `json:"to"`
		Books [][][2]string `json:"books"`
	} `json:"sides"`
}

func (m *solved) problem(t *testing.T) *Problem {
	amount := func(s string) money.Amount {
		var v money.Amount
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	p := &Problem{Assets: m.Assets, Source: m.Source, Target: m.Target, MaxHops: m.MaxHops, In: m.In, Out: m.Out}
	for _, d := range m.Sides {
		side := Side{From: d.From, To: d.To}
		for _, b := range d.Books {
			book := &graph.Side{}
			for _, l := range b {
				book.Arcs = append(book.Arcs, graph.Arc{In: amount(l[0]), Out: amount(l[1])})
			}
			side.Books = append(side.Books, book)
		}
		p.Sides = append(p.Sides, side)
	}
	return p
}

// TestEqualsLinearProgram compares the kernel with the optima that HiGHS found
// for the same markets, within 1e-6 bps. CHRONOS_ORACLE names a folder of more.
func TestEqualsLinearProgram(t *testing.T) {
	folders := []string{"testdata/oracle"}
	if more := os.Getenv("CHRONOS_ORACLE"); more != "" {
		folders = append(folders, more)
	}
	var s Solver
	n, worst, wanted, steps := 0, 0.0, 0, 0
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.jsonl.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, file := range files {
			if strings.HasPrefix(filepath.Base(file), "options") {
				continue // of package branch
			}
			eachSolved(t, file, func(m *solved) {
				p := m.problem(t)
				r := s.Solve(p)
				n++
				if steps += r.BackSteps; p.Out > 0 {
					wanted++
				}
				gap := math.Abs(r.Value/m.Value - 1)
				if worst = max(worst, gap); r.Partial && p.Out > 0 || gap > 1e-10 {
					t.Errorf("%s: market %s: %v, HiGHS has %v; partial %v", file, m.ID, r.Value, m.Value, r.Partial)
				}
			})
		}
	}
	t.Logf("%d markets, %d of them for an amount wanted, %d back steps: worst difference %.2g bps", n, wanted, steps, worst*1e4)
	if n < 1000 || wanted < n/4 || steps == 0 {
		t.Error("too few markets to show anything")
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
