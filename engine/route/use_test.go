package route_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"chronos.dev/book"
	"chronos.dev/engine/plan"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// TestKeptNetworks: a Solver that has answered before answers as a new one does,
// whatever was published, registered, excluded or went stale between.
func TestKeptNetworks(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	answers := 0
	for round := range 300 {
		w := randomMarket(r)
		if len(w.listings) < 4 {
			continue
		}
		g, err := graph.New(w.assets)
		if err != nil {
			t.Fatal(err)
		}
		begin := len(w.listings) / 2
		for i := range w.listings[:begin] {
			w.publish(t, g, &w.listings[i])
		}
		var kept route.Solver
		var snap graph.Snapshot
		req := route.Request{Now: now, StaleAfter: staleAfter}
		for range 60 {
			switch i := r.IntN(len(w.listings)); r.IntN(6) {
			case 0:
				l := w.listings[i]
				l.recv = req.Now - int64(r.IntN(4))*staleAfter/3
				w.publish(t, g, &l)
			case 1:
				l := w.listings[i]
				l.state, l.recv = []book.State{book.Live, book.Gapped}[r.IntN(2)], req.Now
				w.publish(t, g, &l)
			case 2:
				req.Now += int64(r.IntN(3)-1) * staleAfter / 2
			case 3:
				req.Barred = make([]bool, len(g.Topology().Venues))
				for v := range req.Barred {
					req.Barred[v] = r.IntN(4) == 0
				}
			case 4:
				req.Barred, req.StaleAfter = nil, staleAfter/int64(1+r.IntN(2))
			}
			g.Load(&snap)
			sell := r.IntN(len(snap.Assets))
			buy := (sell + 1 + r.IntN(len(snap.Assets)-1)) % len(snap.Assets)
			req.Sell, req.Buy, req.MaxHops = graph.AssetID(sell), graph.AssetID(buy), 1+r.IntN(plan.MaxHops)
			if req.In, req.Out = money.Amount(upTo(r, 1<<40)), 0; r.IntN(2) == 0 {
				req.In, req.Out = 0, req.In
			}
			a, err := kept.Solve(&snap, req)
			b, errNew := new(route.Solver).Solve(&snap, req)
			if told(&snap, a, err) != told(&snap, b, errNew) || written(a) != written(b) {
				t.Fatalf("round %d, %+v:\n%v %s\nof a new solver:\n%v %s", round, req, err, written(a), errNew, written(b))
			}
			if err == nil {
				answers++
			}
		}
	}
	if answers < 500 {
		t.Errorf("only %d answers", answers)
	}
}

// written is all of an answer.
func written(a *route.Answer) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%+v %v %v %+v", a.Plan, a.Path, a.Used, a.LeftOut)
}

// TestKeptAreBounded: a Solver keeps networks of many requests, but not of all.
func TestKeptAreBounded(t *testing.T) {
	const assets = 180
	w := &fair{}
	for i := range assets {
		w.assets = append(w.assets, market.Asset{Symbol: fmt.Sprintf("A%02d", i), EngineScale: 2})
	}
	for i := 1; i < assets; i++ {
		w.listings = append(w.listings, listing{
			key:   market.Key{Venue: "v", Pair: market.Pair{Base: w.assets[i].Symbol, Quote: "A00"}},
			state: book.Live, recv: now, fee: &market.Fee{},
			bids: []book.Level{{Price: 10, Size: 100}}, asks: []book.Level{{Price: 11, Size: 100}},
		})
	}
	snap := w.snapshot(t)
	var s route.Solver
	most, peak := 0, 0
	for sell := range graph.AssetID(assets) {
		for buy := range graph.AssetID(assets) {
			if sell == buy {
				continue
			}
			req := route.Request{Sell: sell, Buy: buy, In: 1000, MaxHops: 3, Now: now, StaleAfter: staleAfter}
			if _, err := s.Solve(snap, req); err != nil {
				t.Fatal(err)
			}
			n, sides := s.Kept()
			most, peak = max(most, n), max(peak, sides)
		}
	}
	if peak > 2*route.GenerationSides || most < 500 || most == assets*(assets-1) {
		t.Errorf("%d networks of %d sides were kept", most, peak)
	}
}
