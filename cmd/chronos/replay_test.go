package main

import (
	"fmt"
	"testing"

	"chronos.dev/book"
	"chronos.dev/broker"
	"chronos.dev/engine"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"
)

// TestReplay: what decoders say of a made-up session is what a replica has after
// Kafka, deletes and all.
func TestReplay(t *testing.T) {
	t.Parallel()
	dir := makeCaptures(t,
		session{handler: "hitbtc", lines: []string{
			hitbtc(0, "snapshot", 10, 1), hitbtc(1, "update", 11, 2), hitbtc(600, "update", 12, 0), hitbtc(601, "update", 13, 7),
		}},
		session{handler: "gemini", lines: []string{
			`1618677973.0: {"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","100","1"],["sell","101.5","2.50"]]}`,
			`1618677974.0: {"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","99.5","1"],["sell","101.5","0"]]}`,
		}})
	books := replayed(t, dir, "*/*")
	if len(books) != 2 || books[key("hitbtc", "ETH", "BTC")] != ethbtc(7)+" live" {
		t.Errorf("books: %v", books)
	}
}

func TestReplayRecorded(t *testing.T) {
	t.Parallel()
	books := replayed(t, captures(t), "2021-04-17/*")
	if len(books) < 40 {
		t.Errorf("only %d books", len(books))
	}
}

func key(venue, base, quote string) market.Key {
	return market.Key{Venue: venue, Pair: market.Pair{Base: base, Quote: quote}}
}

// replayed sends the captures of dir whose id matches through Kafka as fast as it takes them and
// fails unless every spot book of a replica is the decoder's own. It returns the
// books of the replica.
func replayed(t *testing.T, dir, only string) map[market.Key]string {
	t.Helper()
	kafka, err := broker.StartEmbedded(0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kafka.Close)
	c, err := broker.New(broker.Options{Addrs: kafka.Addrs(), Role: "test", Node: "0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	_, talk, code := command(t, "feed", "replay", "--captures", dir, "--only", only, "--speed", "max",
		"--kafka", kafka.Addrs()[0])
	if code != exitOK {
		t.Fatalf("replay: exit %d: %s", code, talk)
	}
	r := startReplica(t, c, engine.Options{Rules: all.Rules})
	eventually(t, "the replica has read everything", r.caughtUp)

	want := decoded(t, &replayFlags{captures: dir, only: only})
	got := r.books()
	for k, v := range want {
		if w := capture.Hash(v) + " " + v.State.String(); got[k] != w {
			t.Errorf("%s: %q behind Kafka, %q of the decoder", k, got[k], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d books behind Kafka, %d of the decoders", len(got), len(want))
	}
	return got
}

// decoded are the spot books of the chosen captures as their sessions leave them.
func decoded(t *testing.T, flags *replayFlags) map[market.Key]*book.View {
	t.Helper()
	f, err := capture.Open(flags.captures)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := flags.entries(f)
	if err != nil {
		t.Fatal(err)
	}
	views := map[market.Key]*book.View{}
	for _, e := range entries {
		spec, ok := capture.Match(all.Specs, e)
		if !ok {
			continue
		}
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		for symbol, v := range capture.ViewsAt(spec, frames, 1<<62) {
			pair, ok := spec.Pair(symbol)
			k := market.Key{Venue: spec.Venue, Pair: pair}
			if _, taken := views[k]; ok && !taken {
				views[k] = v
			}
		}
	}
	return views
}

// A loss that the venue's numbers show takes the book out of every price until
// the venue's next snapshot. Another venue goes on.
func TestServeLeavesOutALoss(t *testing.T) {
	t.Parallel()
	var numbered, plain []string
	for i := range 35 { // a message each 400 ms, the ninth lost, a snapshot with the 24th
		at, kind := 0.4*float64(i), "update"
		if i == 0 || i == 23 {
			kind = "snapshot"
		}
		if i != 8 {
			numbered = append(numbered, hitbtc(at, kind, 10+i, 1+i))
		}
		plain = append(plain, fmt.Sprintf(`%.3f: {"type":"l2_updates","symbol":"ETHBTC","changes":[["buy","0.0380","%d"],`+
			`["sell","0.0393","1"]]}`, 1618677973+at, 100+i))
	}
	dir := makeCaptures(t, session{handler: "hitbtc", lines: numbered}, session{handler: "gemini", lines: plain})
	p := start(t, "--captures", dir, "--set", "default_taker_bps=10")
	const path = "/v1/price?sell_asset=ETH&buy_asset=BTC&sell_amount=0.5"
	best := func() string { // the best bid is hitbtc's when it counts
		r := p.ask(t, path)
		switch {
		case r.status != 200:
			return r.problem.Code
		case r.price.Simulated || r.price.Source != "replay (time-aligned)":
			t.Errorf("a replay that is not labelled so: %s", r.body)
		}
		for _, l := range r.price.LeftOut {
			if l.Venue == "hitbtc" {
				return r.price.Routes[0].Hops[0].Venue + ", hitbtc left out: " + l.Reason
			}
		}
		return r.price.Routes[0].Hops[0].Venue
	}
	// A slow machine adds states of its own between, such as stale books.
	for _, want := range []string{"hitbtc", "gemini, hitbtc left out: awaiting_snapshot", "hitbtc"} {
		eventually(t, want, func() bool { return best() == want })
	}
}
