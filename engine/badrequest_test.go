package engine_test

import (
	"errors"
	"testing"

	"chronos.dev/engine"
	"chronos.dev/market"
)

// TestBadRequests: a request that means nothing has no price. What a caller outside
// may send wrong is refused by type; what the API has checked before is a bug of
// this program by here, and stops.
func TestBadRequests(t *testing.T) {
	r := newRig(t, engine.Options{})
	if err := r.apply("v|A-B", market.Snapshot, [][2]int64{{5, 100}}, nil); err != nil {
		t.Fatal(err)
	}
	r.w.Flush(r.now)
	tests := []struct {
		name string
		req  engine.Request
		want string // the error; "": it stops
	}{
		{"an unknown asset to sell", engine.Request{Sell: "X", Buy: "B", In: 1}, "engine: unknown asset X"},
		{"an unknown asset to buy", engine.Request{Sell: "A", Buy: "X", In: 1}, "engine: unknown asset X"},
		{"lower case", engine.Request{Sell: "a", Buy: "B", In: 1}, "engine: unknown asset a"},
		{"no asset", engine.Request{In: 1}, "engine: unknown asset "},
		{"a venue that does not exist", engine.Request{Sell: "A", Buy: "B", In: 1, Only: []string{"v", "w"}}, "engine: unknown venue w"},
		{"a venue without a name", engine.Request{Sell: "A", Buy: "B", In: 1, Exclude: []string{""}}, "engine: unknown venue "},
		{"no amount", engine.Request{Sell: "A", Buy: "B"}, ""},
		{"two amounts", engine.Request{Sell: "A", Buy: "B", In: 1, Out: 1}, ""},
		{"an amount below zero", engine.Request{Sell: "A", Buy: "B", In: -1}, ""},
		{"an amount below zero to buy", engine.Request{Sell: "A", Buy: "B", Out: -1}, ""},
		{"an amount below zero beside a good one", engine.Request{Sell: "A", Buy: "B", In: 1, Out: -1}, ""},
		{"the same asset twice", engine.Request{Sell: "A", Buy: "A", In: 1}, ""},
		{"hops below one", engine.Request{Sell: "A", Buy: "B", In: 1, MaxHops: -1}, ""},
		{"more hops than there are", engine.Request{Sell: "A", Buy: "B", In: 1, MaxHops: 4}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, stopped, err := attempt(r, tt.req)
			var asset *engine.UnknownAssetError
			var venue *engine.UnknownVenueError
			typed := errors.As(err, &asset) || errors.As(err, &venue)
			switch {
			case p != nil:
				t.Errorf("a price: %+v", p.Plan)
			case tt.want == "" && !stopped, tt.want != "" && (!typed || err.Error() != tt.want):
				t.Errorf("stopped %v, error %v, want %q", stopped, err, tt.want)
			}
		})
	}
	if _, err := r.e.Price(engine.Request{Sell: "A", Buy: "B", In: 1}, r.now); err != nil {
		t.Errorf("a good request after all these: %v", err)
	}
}

// attempt asks for a price and reports whether that stopped.
func attempt(r *rig, req engine.Request) (p *engine.Price, stopped bool, err error) {
	defer func() { stopped = recover() != nil }()
	p, err = r.e.Price(req, r.now)
	return p, false, err
}
