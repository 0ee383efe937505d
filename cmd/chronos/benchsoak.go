package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"sync"
	"text/tabwriter"
	"time"

	"chronos.dev/api"
	"chronos.dev/bench/meter"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/sim"
	"chronos.dev/verify"

	"github.com/spf13/cobra"
)

// soak runs one engine for long. Its events come from this process, not from
// Kafka: what is looked for is what grows, and a broker in memory grows by itself.
type soak struct {
	For             time.Duration
	Updates, Quotes float64 // a second
	Seed            uint64

	market *sim.Market
	engine *engine.Engine
	writer *engine.Writer
	report *soakReport
}

// soakReport is what bench soak measured. Halves are of the time it ran, after a
// tenth to warm up.
type soakReport struct {
	Target         string           `json:"target"` // "soak"
	Seconds        float64          `json:"seconds"`
	Updates        int64            `json:"updates"`
	UpdatesWanted  float64          `json:"updates_requested"` // a second
	Quotes         int64            `json:"quotes"`
	QuotesWanted   float64          `json:"quotes_requested"` // a second
	First          meter.Latency    `json:"first_half_seconds"`
	Second         meter.Latency    `json:"second_half_seconds"`
	Drift          float64          `json:"p999_drift"`        // second half to first
	HeapFirst      float64          `json:"heap_first_bytes"`  // live, mean of the first half
	HeapSecond     float64          `json:"heap_second_bytes"` // live, mean of the second
	HeapSlope      float64          `json:"heap_slope_bytes_per_second"`
	GC             uint32           `json:"gc_cycles"`
	Pause          float64          `json:"gc_pause_seconds"`
	Refused        map[string]int64 `json:"quotes_refused"`
	Verified       int64            `json:"verified"`
	Wrong          int64            `json:"wrong"`
	WrongWhy       string           `json:"wrong_why,omitempty"` // of the first
	BookErrors     int64            `json:"book_errors"`
	Machine        meter.Machine    `json:"machine"`
	Seed           uint64           `json:"seed"`
	UpdatesApplied float64          `json:"updates_applied"` // a second
}

func newBenchSoak(g *globals) *cobra.Command {
	var s soak
	c := &cobra.Command{
		Use:   "soak",
		Short: "Run an engine for long and say what grows, what slows down and what is wrong",
		Long: "Soak applies simulated changes of books to an engine of this process, without Kafka, while it asks\n" +
			"that for prices. Once a second the books stand still for one more price, which the independent\n" +
			"verifier holds against a dump of them. It fails if one is wrong.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return exit(exitUsage, err)
			}
			if err := s.run(c.Context()); err != nil {
				return exit(exitFailed, err)
			}
			return errors.Join(writeReport(c, g, s.report), missed(s.report.Wrong == 0 && s.report.Verified > 0))
		},
	}
	fl := c.Flags()
	fl.DurationVar(&s.For, "for", 10*time.Minute, "how long")
	fl.Float64Var(&s.Updates, "updates", 200_000, "changed levels a second, all books together")
	fl.Float64Var(&s.Quotes, "quotes", 10_000, "prices asked for a second")
	fl.Uint64Var(&s.Seed, "seed", 1, "seed of market and orders")
	return c
}

func (s *soak) check() error {
	if s.For < time.Second || s.For > 24*time.Hour {
		return fmt.Errorf("--for %v: want 1s to 24h", s.For)
	}
	if !(s.Updates >= 1 && s.Updates <= 1e8 && s.Quotes >= 1 && s.Quotes <= 1e6) {
		return fmt.Errorf("--updates %v, --quotes %v: want 1 to 1e8 and 1 to 1e6", s.Updates, s.Quotes)
	}
	return nil
}

func (s *soak) run(ctx context.Context) (err error) {
	s.market = sim.New(sim.Options{Seed: s.Seed, Rate: sim.MaxRate})
	rules := func(market.Key) market.BookRules { return s.market.Rules() }
	s.engine, err = engine.New(engine.Options{Assets: s.market.Assets(), Fees: s.market.Fees(), Rules: rules})
	if err != nil {
		return err
	}
	s.writer = s.engine.Writer()
	s.report = &soakReport{
		Target: "soak", UpdatesWanted: s.Updates, QuotesWanted: s.Quotes, Refused: map[string]int64{},
		Machine: meter.ThisMachine(), Seed: s.Seed,
	}
	for range 100 * len(s.market.Keys()) { // open the books
		s.apply(time.Now().UnixNano())
	}
	s.writer.Flush(time.Now().UnixNano())
	s.report.Updates = 0
	ctx, stop := context.WithTimeout(ctx, s.For)
	defer stop()
	begin := time.Now()
	var group sync.WaitGroup
	group.Go(func() { s.ask(ctx, begin) })
	group.Go(func() { s.watch(ctx, begin) })
	s.feed(ctx, begin)
	group.Wait()
	took := time.Since(begin).Seconds()
	s.report.Seconds, s.report.UpdatesApplied = took, float64(s.report.Updates)/took
	return nil
}

func (s *soak) apply(now int64) {
	_, key, ev := s.market.Next()
	ev.RecvTime, ev.VenueTime = now, now
	if err := s.writer.Apply(key, ev); err != nil {
		s.report.BookErrors++
	}
	s.report.Updates += int64(len(ev.Levels))
}

// feed applies what is due, and publishes it at once.
func (s *soak) feed(ctx context.Context, begin time.Time) {
	const most = 2000 // updates between two publications
	dice := rand.New(rand.NewPCG(s.Seed, 5))
	pace, sampled := meter.NewPacer(begin, s.Updates), begin
	for ctx.Err() == nil {
		now := time.Now()
		due := min(pace.Due(now), s.report.Updates+most)
		if s.report.Updates >= due {
			time.Sleep(200 * time.Microsecond)
			continue
		}
		for s.report.Updates < due {
			s.apply(now.UnixNano())
		}
		s.writer.Flush(now.UnixNano())
		if now.Sub(sampled) >= time.Second {
			sampled = now
			s.verify(s.order(dice), now.UnixNano())
		}
	}
}

// verify holds one price against the books, which stand still: their writer calls.
func (s *soak) verify(r engine.Request, now int64) {
	p, err := api.Indicate(s.engine, r, now)
	if err != nil {
		return // counted where prices are asked for
	}
	s.report.Verified++
	quote := api.AppendPrice(nil, p, api.Meta{Source: "soak"})
	if faults := verify.Verify(dump.Append(nil, s.engine, now), quote); len(faults) > 0 {
		if s.report.Wrong++; s.report.WrongWhy == "" {
			s.report.WrongWhy = fmt.Sprint(faults)
		}
	}
}

// order draws an order of about 1,000 to 1,000,000 USD.
func (s *soak) order(dice *rand.Rand) engine.Request {
	sizes := []struct {
		sell, buy string
		mean      float64
	}{
		{"BTC", "USD", 1}, {"USD", "BTC", 100_000}, {"ETH", "EUR", 20}, {"BTC", "ETH", 1}, {"EUR", "SOL", 50_000},
		{"USDC", "BTC", 20_000},
	}
	o := sizes[dice.IntN(len(sizes))]
	a, _ := s.engine.Asset(o.sell)
	amount := o.mean * (0.05 + 2*dice.Float64()) * float64(money.Pow10(a.EngineScale))
	return engine.Request{Sell: o.sell, Buy: o.buy, In: money.Amount(amount)}
}

// ask asks for prices on a schedule. A price that is late counts from when it was
// due, up to a second: what falls further behind is not asked for.
func (s *soak) ask(ctx context.Context, begin time.Time) {
	dice := rand.New(rand.NewPCG(s.Seed, 3))
	halves := [2]*meter.Times{meter.NewTimes(), meter.NewTimes()}
	pace := meter.NewPacer(begin, s.Quotes)
	for i := int64(0); ctx.Err() == nil; i++ {
		now := time.Now()
		due := pace.At(i)
		if d := due.Sub(now); d > 0 {
			time.Sleep(d)
			now = time.Now()
			due = now
		} else if d < -time.Second {
			i = pace.Due(now)
			due = now
		}
		_, err := s.engine.Price(s.order(dice), now.UnixNano())
		if err != nil {
			s.report.Refused[fmt.Sprintf("%T", err)]++
			continue
		}
		s.report.Quotes++
		if half, warm := s.half(due.Sub(begin)); warm {
			halves[half].Add(time.Since(due))
		}
	}
	s.report.First, s.report.Second = halves[0].Latency(), halves[1].Latency()
	s.report.Drift = s.report.Second.P999 / max(s.report.First.P999, 1e-9)
}

// half says in which half a time since the begin is; it is not warm before both.
func (s *soak) half(at time.Duration) (half int, warm bool) {
	warmup := s.For / 10
	if at >= warmup+(s.For-warmup)/2 {
		half = 1
	}
	return half, at >= warmup
}

// watch samples the live heap, as the collector last found it.
func (s *soak) watch(ctx context.Context, begin time.Time) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var n, x, y, xx, xy float64
	var sum, count [2]float64
	for tick := time.NewTicker(max(s.For/200, 10*time.Millisecond)); ctx.Err() == nil; {
		select {
		case <-ctx.Done():
			tick.Stop()
		case <-tick.C:
			at := time.Since(begin)
			half, warm := s.half(at)
			if !warm {
				continue
			}
			metrics.Read(live)
			t, v := at.Seconds(), float64(live[0].Value.Uint64())
			n, x, y, xx, xy = n+1, x+t, y+v, xx+t*t, xy+t*v
			sum[half], count[half] = sum[half]+v, count[half]+1
		}
	}
	runtime.ReadMemStats(&after)
	r := s.report
	r.HeapFirst, r.HeapSecond = sum[0]/max(count[0], 1), sum[1]/max(count[1], 1)
	if d := n*xx - x*x; d > 0 {
		r.HeapSlope = (n*xy - x*y) / d
	}
	r.GC = after.NumGC - before.NumGC
	r.Pause = time.Duration(after.PauseTotalNs - before.PauseTotalNs).Seconds()
}

// Write writes the report as a table.
func (r *soakReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "machine: %s; events, engine and quotes share one process, without Kafka\n", r.Machine)
	fmt.Fprintf(t, "updates\t%.0f/s wanted, %.0f/s applied for %.0f s; %d errors of books\n",
		r.UpdatesWanted, r.UpdatesApplied, r.Seconds, r.BookErrors)
	fmt.Fprintf(t, "quotes\t%.0f/s wanted, %.0f/s made; refused %v\n",
		r.QuotesWanted, float64(r.Quotes)/max(r.Seconds, 1e-9), r.Refused)
	fmt.Fprintf(t, "heap\t%.1f MiB live, then %.1f MiB; slope %.1f KiB/s\n",
		r.HeapFirst/(1<<20), r.HeapSecond/(1<<20), r.HeapSlope/(1<<10))
	fmt.Fprintf(t, "garbage\t%d cycles, %.3f ms stopped\n", r.GC, r.Pause*1e3)
	fmt.Fprintf(t, "quote p99.9\t%.3f ms, then %.3f ms: %.2f x\n", r.First.P999*1e3, r.Second.P999*1e3, r.Drift)
	fmt.Fprintf(t, "quote p50\t%.3f ms, then %.3f ms\n", r.First.P50*1e3, r.Second.P50*1e3)
	fmt.Fprintf(t, "wrong\t%d of %d verified %s\n", r.Wrong, r.Verified, r.WrongWhy)
	return t.Flush()
}
