package ticks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"chronos.dev/bench/meter"
	"chronos.dev/bench/ticks"
	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
)

// options are those of a short run over topics of its own.
func options(t *testing.T, seed uint64) ticks.Options {
	t.Helper()
	e, err := broker.StartEmbedded(0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	c, err := broker.New(broker.Options{Addrs: e.Addrs(), Role: "test", Node: "test", Prefix: "bench."})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.EnsureTopics(brokertest.Context(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	return ticks.Options{Cluster: c, Updates: 4000, Duration: 500 * time.Millisecond, Quotes: 100, Seed: seed}
}

// All that is published can be priced in the end, and what that is depends on the
// seed alone.
func TestEveryUpdateArrives(t *testing.T) {
	digests := map[string]string{}
	for _, run := range []struct {
		name string
		seed uint64
	}{{"one", 1}, {"same", 1}, {"other", 2}} {
		o := options(t, run.seed)
		r, err := ticks.Run(brokertest.Context(t, 60*time.Second), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Updates < 2000 || r.Updates > 2006 || r.Applied != r.Updates || r.Lag.Count() != r.Messages || !r.Complete {
			t.Errorf("%s: %d updates in %d messages published, %d in %d applied; complete %v",
				run.name, r.Updates, r.Messages, r.Applied, r.Lag.Count(), r.Complete)
		}
		if r.Messages > r.Updates || r.Took < 400*time.Millisecond || r.Mallocs == 0 || r.Quote.Count() == 0 {
			t.Errorf("%s: %d messages in %v, %d allocations, %d quotes", run.name, r.Messages, r.Took, r.Mallocs,
				r.Quote.Count())
		}
		digests[run.name] = r.Books
	}
	if digests["one"] != digests["same"] || digests["one"] == digests["other"] {
		t.Errorf("digests of books: %v", digests)
	}
}

func TestReport(t *testing.T) {
	o := ticks.Options{Updates: 1000, Duration: time.Second, Seed: 7}
	r := &ticks.Result{
		Messages: 500, Updates: 1000, Applied: 1000, Took: 2 * time.Second, Lag: meter.NewTimes(),
		Quote: meter.NewTimes(), QuoteLate: meter.NewTimes(), Refused: map[string]int64{"*route.StaleError": 3},
		Mallocs: 1000, Bytes: 5000, Complete: false,
	}
	r.Lag.Add(time.Millisecond)
	slo, _ := meter.ParseObjectives("p99=1s,errors=3")
	rep, kept := ticks.NewReport(&o, r, "nowhere", slo)
	if kept || rep.Sustained || rep.UpdatesApplied != 500 || rep.Allocs != 2 || rep.Bytes != 10 || *rep.SLO[1].Value != 4 {
		t.Errorf("kept %v: %+v", kept, rep)
	}
	var b bytes.Buffer
	if err := rep.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"NOT sustained", "NOT the publisher's", "3 *route.StaleError", "errors 4, limit 3: missed"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("no %q in\n%s", part, b.String())
		}
	}
}

func TestWhatCannotRun(t *testing.T) {
	for _, o := range []ticks.Options{
		{}, {Updates: 1, Duration: time.Millisecond}, {Updates: 1e9, Duration: time.Hour},
		{Updates: 1000, Duration: time.Second, Quotes: -1},
	} {
		if _, err := ticks.Run(context.Background(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	o := options(t, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("over"))
	if _, err := ticks.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
