package ticks

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"chronos.dev/bench/meter"
)

// Report is a Result as it is written down.
type Report struct {
	Target           string            `json:"target"` // "feed"
	UpdatesRequested float64           `json:"updates_requested"`
	UpdatesApplied   float64           `json:"updates_applied"` // a second, until the last can be priced
	MessagesApplied  float64           `json:"messages_applied"`
	Sustained        bool              `json:"sustained"` // at least 98 % of what was requested
	Updates          int64             `json:"updates"`
	Messages         int64             `json:"messages"`
	CatchUp          float64           `json:"catch_up_seconds"`
	Lag              meter.Latency     `json:"lag_seconds"` // from when a message is due to when it can be priced
	Quotes           int64             `json:"quotes"`
	QuotesRequested  float64           `json:"quotes_requested"`
	Quote            meter.Latency     `json:"quote_seconds"`
	QuoteLateness    meter.Latency     `json:"quote_lateness_seconds"`
	QuotesRefused    map[string]int64  `json:"quotes_refused"`
	GC               uint32            `json:"gc_cycles"`
	GCPause          float64           `json:"gc_pause_seconds"`
	Allocs           float64           `json:"allocations_per_message"` // of the whole process
	Bytes            float64           `json:"bytes_per_message"`
	CPU              float64           `json:"cpu_seconds_per_million_updates"`
	Books            string            `json:"books"` // digest at the end
	Complete         bool              `json:"complete"`
	Kafka            string            `json:"kafka"`
	Seed             uint64            `json:"seed"`
	Machine          meter.Machine     `json:"machine"`
	SLO              []meter.Objective `json:"slo"`
}

// NewReport writes a result down and holds the lag against objectives; their errors
// are prices refused, and one more for books that are not the publisher's. The
// caller says where Kafka was.
func NewReport(o *Options, r *Result, kafka string, slo []meter.Objective) (rep *Report, kept bool) {
	took, messages := max(r.Took.Seconds(), 1e-9), max(float64(r.Messages), 1)
	rep = &Report{
		Target: "feed", UpdatesRequested: o.Updates, UpdatesApplied: float64(r.Applied) / took,
		MessagesApplied: float64(r.Lag.Count()) / took, Updates: r.Updates, Messages: r.Messages,
		CatchUp: r.CatchUp.Seconds(), Lag: r.Lag.Latency(), Quotes: r.Quote.Count(), QuotesRequested: o.Quotes,
		Quote: r.Quote.Latency(), QuoteLateness: r.QuoteLate.Latency(), QuotesRefused: r.Refused,
		GC: r.GC, GCPause: r.Pause.Seconds(),
		Allocs: float64(r.Mallocs) / messages, Bytes: float64(r.Bytes) / messages,
		CPU: r.CPU.Seconds() / max(float64(r.Updates), 1) * 1e6, Books: r.Books, Complete: r.Complete, Kafka: kafka,
		Seed: o.Seed, Machine: meter.ThisMachine(),
	}
	rep.Sustained = rep.UpdatesApplied >= 0.98*o.Updates
	errors := int64(0)
	for _, n := range r.Refused {
		errors += n
	}
	if !r.Complete {
		errors++
	}
	kept = meter.Judge(slo, r.Lag, errors)
	rep.SLO = slices.Concat([]meter.Objective{}, slo)
	return rep, kept
}

// Write writes the report as a table.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "machine: %s\n", r.Machine)
	fmt.Fprintf(t, "kafka: %s; publisher, consumer, engine and quotes share one process\n", r.Kafka)
	verdict := "sustained"
	if !r.Sustained {
		verdict = "NOT sustained: messages are late from the start"
	}
	fmt.Fprintf(t, "updates\t%.0f/s wanted, %.0f/s applied in %.0f messages/s: %s\n",
		r.UpdatesRequested, r.UpdatesApplied, r.MessagesApplied, verdict)
	books := "the publisher's"
	if !r.Complete {
		books = "NOT the publisher's"
	}
	fmt.Fprintf(t, "books\t%s at the end, digest %s, seed %d; caught up after %.3f s\n",
		books, r.Books, r.Seed, r.CatchUp)
	fmt.Fprintf(t, "quotes\t%d made, %.0f/s wanted\n", r.Quotes, r.QuotesRequested)
	for _, name := range slices.Sorted(maps.Keys(r.QuotesRefused)) {
		fmt.Fprintf(t, "refused\t%d %s\n", r.QuotesRefused[name], name)
	}
	fmt.Fprintf(t, "garbage\t%d cycles, %.3f ms stopped; %.1f allocations and %.0f B a message, all of the process\n",
		r.GC, r.GCPause*1e3, r.Allocs, r.Bytes)
	fmt.Fprintf(t, "processor\t%.2f s a million updates, all of the process\n", r.CPU)
	fmt.Fprintln(t, "\tP50\tP90\tP99\tP99.9\tMAX")
	line := func(name string, l meter.Latency) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", name, ms(l.P50), ms(l.P90), ms(l.P99), ms(l.P999), ms(l.Max))
	}
	line("lag, due to quotable", r.Lag)
	line("quote", r.Quote)
	line("overslept before a quote", r.QuoteLateness)
	for _, o := range r.SLO {
		fmt.Fprintf(t, "objective\t%s\n", o)
	}
	return t.Flush()
}

func ms(seconds float64) string { return fmt.Sprintf("%.3f ms", seconds*1e3) }
