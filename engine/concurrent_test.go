package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
)

// crowd is an engine with writers and readers at work. Each writer gaps its books
// now and then, for whole flushes.
type crowd struct {
	e     *engine.Engine
	clock atomic.Int64
	// out says since which tick a market is published as gapped; 0: it is not.
	// A reader that saw the same tick before and after its request knows that the
	// market was out all the while.
	out map[market.Key]*atomic.Int64
}

var crowdPairs = []string{"A-B", "A-C", "C-B", "B-D", "C-D", "D-A"}

func (c *crowd) write(t *testing.T, venue string, rounds int) {
	w := c.e.Writer()
	r := rand.New(rand.NewPCG(uint64(len(venue)), uint64(venue[0])))
	seq := map[market.Key]uint64{}
	for i := range rounds {
		k := key(venue + "|" + crowdPairs[r.IntN(len(crowdPairs))])
		now := c.clock.Add(1)
		e := market.Event{Kind: market.Delta, Seq: seq[k] + 1, PrevSeq: seq[k], RecvTime: now}
		out := c.out[k]
		switch {
		case seq[k] == 0 || out.Load() != 0 && r.IntN(3) == 0:
			e.Kind = market.Snapshot
			out.Store(0) // before it is published: a reader may see it from now on
		case out.Load() == 0 && r.IntN(10) == 0:
			e.PrevSeq += 7
		}
		seq[k]++
		bid := int64(90 + r.IntN(10))
		e.Levels = levels([][2]int64{{bid, int64(1 + r.IntN(9))}}, [][2]int64{{101 + int64(r.IntN(10)), int64(1 + r.IntN(9))}})
		err := w.Apply(k, &e)
		if err != nil && e.PrevSeq == e.Seq-1 {
			t.Errorf("%s: %v", k, err)
		}
		w.Flush(now)
		if err != nil {
			out.Store(now)
		}
		if i%50 == 49 { // the whole partition is lost
			w.InvalidateAll("lost", now)
			w.Flush(now)
			for k := range seq {
				out := c.out[k]
				if out.Load() == 0 {
					out.Store(now)
				}
			}
		}
	}
}

func (c *crowd) gone() map[market.Key]int64 {
	m := make(map[market.Key]int64, len(c.out))
	for k, at := range c.out {
		m[k] = at.Load()
	}
	return m
}

// read asks for prices until done and returns how many plans it got.
func (c *crowd) read(t *testing.T, seed uint64, done <-chan struct{}) int {
	r := rand.New(rand.NewPCG(seed, 9))
	plans := 0
	for {
		select {
		case <-done:
			return plans
		default:
		}
		x := money.Amount(1 + r.Int64N(5e8))
		req := engine.Request{Sell: "A", Buy: "B", In: x}
		if r.IntN(2) == 0 {
			req = engine.Request{Sell: "B", Buy: "A", Out: x}
		}
		before := c.gone()
		p, err := c.e.Price(req, c.clock.Load())
		after := c.gone()
		if err != nil {
			checkKnown(t, err)
			continue
		}
		plans++
		checkLaws(t, &p.Plan, req)
		for _, route := range p.Plan.Routes {
			for _, l := range route.Legs {
				if at := before[l.Key]; at != 0 && at == after[l.Key] {
					t.Errorf("%s is in a plan, though it was out all the while", l.Key)
				}
			}
		}
	}
}

func checkKnown(t *testing.T, err error) {
	t.Helper()
	var depth *route.DepthError
	var stale *route.StaleError
	var none *route.NoRouteError
	var unknown *engine.UnknownAssetError
	if !errors.As(err, &depth) && !errors.As(err, &stale) && !errors.As(err, &none) && !errors.As(err, &unknown) {
		t.Errorf("an error of no known kind: %v", err)
	}
}

func checkLaws(t *testing.T, p *plan.Plan, req engine.Request) {
	t.Helper()
	var in, out money.Amount
	for i := range p.Routes {
		r := &p.Routes[i]
		in, out = in+r.In(), out+r.Out()
		for j := range r.Legs[1:] {
			if r.Legs[j].Out != r.Legs[j+1].In || r.Legs[j].GetAsset != r.Legs[j+1].GiveAsset {
				t.Errorf("a broken chain: %+v", r)
			}
		}
	}
	if in != p.In || out != p.Out || req.In > 0 && p.In != req.In || req.Out > 0 && p.Out != req.Out {
		t.Errorf("%+v: routes %d -> %d, plan %d -> %d", req, in, out, p.In, p.Out)
	}
	if p.ExactOut && p.Bound.Amount > p.In || !p.ExactOut && p.Bound.Amount < p.Out {
		t.Errorf("plan %d -> %d beats its bound %d", p.In, p.Out, p.Bound.Amount)
	}
}

// TestReadersAndWriters has four writers and four readers at work: every plan
// keeps the laws, and none uses a market that was gapped all the while.
func TestReadersAndWriters(t *testing.T) {
	e, err := engine.New(engine.Options{DefaultFee: &market.Fee{Rate: 100_000}})
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{e: e, out: map[market.Key]*atomic.Int64{}}
	c.clock.Store(noon.UnixNano())
	venues := []string{"u", "v", "w", "x"}
	for _, v := range venues {
		for _, p := range crowdPairs {
			c.out[key(v+"|"+p)] = new(atomic.Int64)
		}
	}
	rounds := 4_000
	if testing.Short() {
		rounds = 500
	}
	done := make(chan struct{})
	var write, read sync.WaitGroup
	var plans atomic.Int64
	for _, v := range venues {
		write.Go(func() { c.write(t, v, rounds) })
	}
	for i := range uint64(4) {
		read.Go(func() { plans.Add(int64(c.read(t, i, done))) })
	}
	write.Wait()
	close(done)
	read.Wait()
	t.Logf("%d plans beside %d events, %+v", plans.Load(), rounds*len(venues), e.Stats())
	if !testing.Short() && (plans.Load() < 10 || e.Stats().Gaps < 10) {
		t.Error("too little happened to show anything")
	}
}

// TestSameEventsSamePrices plays one stream to two engines, in one writer and in
// three, registered in other orders: prices are equal, word for word.
func TestSameEventsSamePrices(t *testing.T) {
	var told [2][]string
	for run, writers := range []int{1, 3} {
		e, err := engine.New(engine.Options{DefaultFee: &market.Fee{Rate: 100_000}})
		if err != nil {
			t.Fatal(err)
		}
		keys := []market.Key{}
		for _, v := range []string{"u", "v", "w"} {
			for _, p := range crowdPairs {
				keys = append(keys, key(v+"|"+p))
			}
		}
		order := slices.Clone(keys)
		if run == 1 {
			slices.Reverse(order)
		}
		for _, k := range order {
			if err := e.Register(k); err != nil {
				t.Fatal(err)
			}
		}
		ws := make([]*engine.Writer, writers)
		for i := range ws {
			ws[i] = e.Writer()
		}
		r := rand.New(rand.NewPCG(1, 2))
		now := noon.UnixNano()
		for i := range 3_000 {
			n := r.IntN(len(keys))
			bid := int64(90 + r.IntN(10))
			_ = ws[n%writers].Apply(keys[n], &market.Event{
				Kind: market.Snapshot, Seq: uint64(i + 1), RecvTime: now,
				Levels: levels([][2]int64{{bid, 7}}, [][2]int64{{bid + int64(r.IntN(5)), 8}}),
			})
			if i%10 != 0 {
				continue
			}
			for _, w := range ws {
				w.Flush(now)
			}
			p, err := e.Price(engine.Request{Sell: "A", Buy: "B", In: money.Amount(1 + r.Int64N(20e8))}, now)
			if p != nil {
				p.GraphVersion = 0 // counts flushes
			}
			told[run] = append(told[run], fmt.Sprintf("%+v %v", p, err))
		}
	}
	for i := range told[0] {
		if told[0][i] != told[1][i] {
			t.Fatalf("price %d:\n%s\n%s", i, told[0][i], told[1][i])
		}
	}
}
