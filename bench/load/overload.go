package load

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"chronos.dev/bench/meter"
)

// What is wanted of a server that is asked for more than it can do: whoever is
// admitted is answered within target at p99, and recovered after the end all are.
const (
	target    = 100 * time.Millisecond
	recovered = time.Second
)

// By how much Overload asks for more than a server can do, and over how many more
// connections.
const (
	overFactor      = 3
	overConnections = 8
)

// OverReport is what came of an overload.
type OverReport struct {
	Target      string           `json:"target"` // "overload"
	URL         string           `json:"url"`
	Capacity    float64          `json:"capacity"` // answers a second, over eight times as many connections
	Connections int              `json:"connections"`
	Calm        Phase            `json:"calm"` // at half of it
	Over        Phase            `json:"over"` // at three times, over eight times as many
	Shed        int64            `json:"shed"` // 503 with Retry-After
	Goodput     float64          `json:"goodput"`
	P99Ratio    float64          `json:"p99_over_by_calm"`
	Recovery    float64          `json:"recovery_seconds"` // until 99 of 100 answers are prices and in time
	Broken      []string         `json:"broken"`           // what is not as it should be
	Errors      map[string]int64 `json:"errors"`           // of all phases but what was shed or not sent
	Machine     meter.Machine    `json:"machine"`
}

// Phase is one part of it.
type Phase struct {
	Rate    float64       `json:"rate_requested"`
	Sent    int64         `json:"sent"`
	Unsent  int64         `json:"unsent"` // for want of a free connection
	OK      int64         `json:"ok"`
	Latency meter.Latency `json:"latency_seconds"` // of answers with status 200, from the schedule
}

// Overload measures what a server can do, then asks it for half as much, for three
// times as much and for half as much again, o.Duration each. Of o the rate is not
// looked at.
func Overload(ctx context.Context, o Options) (*OverReport, error) {
	if o.Connections*overConnections > MaxConnections {
		return nil, fmt.Errorf("load: overload takes at most %d connections", MaxConnections/overConnections)
	}
	o.Drop = false
	full := o
	full.Full, full.Duration, full.Connections = true, min(o.Duration, 10*time.Second), overConnections*o.Connections
	r, err := Run(ctx, full)
	if err != nil {
		return nil, err
	}
	if r.OK == 0 {
		return nil, fmt.Errorf("load: no answer, errors %v", r.Errors)
	}
	rep := &OverReport{
		Target: "overload", Capacity: float64(r.OK) / r.Took.Seconds(), Connections: o.Connections,
		Errors: map[string]int64{}, Machine: meter.ThisMachine(),
	}
	rep.add(r)
	o.Rate, o.Drop = rep.Capacity/2, true
	if rep.Calm, _, err = rep.phase(ctx, o); err != nil {
		return nil, err
	}
	over := o
	over.Rate, over.Connections = overFactor*rep.Capacity, overConnections*o.Connections
	if rep.Over, r, err = rep.phase(ctx, over); err != nil {
		return nil, err
	}
	rep.Shed = r.Errors["503"]
	rep.Goodput = float64(r.OK) / r.Took.Seconds()
	rep.P99Ratio = rep.Over.Latency.P99 / rep.Calm.Latency.P99
	end := time.Now()
	if _, r, err = rep.phase(ctx, o); err != nil {
		return nil, err
	}
	rep.Recovery = (r.begin.Sub(end) + r.early.well()).Seconds()
	rep.judge()
	return rep, nil
}

func (rep *OverReport) phase(ctx context.Context, o Options) (Phase, *Result, error) {
	r, err := Run(ctx, o)
	if err != nil {
		return Phase{}, nil, err
	}
	rep.add(r)
	return Phase{o.Rate, r.Sent, r.Errors[Unsent], r.OK, r.Latency.Latency()}, r, nil
}

// add adds errors that there should be none of.
func (rep *OverReport) add(r *Result) {
	for name, n := range r.Errors {
		if name != "503" && name != Unsent {
			rep.Errors[name] += n
		}
	}
}

// windows count answers of the first seconds of a run, and those of them that are
// neither good nor in time.
type windows [50]struct{ all, bad int64 }

const windowLength = 100 * time.Millisecond

func (w *windows) note(at time.Duration, good bool) {
	i := int(at / windowLength)
	if i < 0 || i >= len(w) {
		return
	}
	if w[i].all++; !good {
		w[i].bad++
	}
}

func (w *windows) add(o *windows) {
	for i := range w {
		w[i].all += o[i].all
		w[i].bad += o[i].bad
	}
}

// well is the end of the first window with no more than one bad answer in a hundred.
func (w *windows) well() time.Duration {
	for i := range w {
		if w[i].all > 0 && 100*w[i].bad <= w[i].all {
			return time.Duration(i+1) * windowLength
		}
	}
	return time.Duration(len(w)) * windowLength
}

// judge says what is not as it should be.
func (rep *OverReport) judge() {
	rep.Broken = []string{}
	if len(rep.Errors) > 0 {
		rep.Broken = append(rep.Broken, "some answers were neither a price nor 503 with Retry-After")
	}
	if rep.Over.OK == 0 || rep.Over.Latency.P99 > target.Seconds() {
		rep.Broken = append(rep.Broken, fmt.Sprintf("p99 of who was admitted: want at most %v", target))
	}
	if rep.Recovery > recovered.Seconds() {
		rep.Broken = append(rep.Broken, fmt.Sprintf("recovery: want at most %v", recovered))
	}
}

// Write writes the report as a table.
func (rep *OverReport) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%s\nmachine: %s\n", rep.URL, rep.Machine)
	fmt.Fprintf(t, "capacity: %.0f/s over %d connections, as is the overload; the rest over %d\n",
		rep.Capacity, overConnections*rep.Connections, rep.Connections)
	fmt.Fprintln(t, "ASKED\tSENT\tNO CONNECTION FREE\tOK\tP50\tP99\tMAX")
	for _, p := range []Phase{rep.Calm, rep.Over} {
		fmt.Fprintf(t, "%.0f/s\t%d\t%d\t%d\t%s\t%s\t%s\n", p.Rate, p.Sent, p.Unsent, p.OK,
			ms(p.Latency.P50), ms(p.Latency.P99), ms(p.Latency.Max))
	}
	fmt.Fprintf(t, "shed\t%d with 503 and Retry-After, %.3f of what was sent\n",
		rep.Shed, float64(rep.Shed)/float64(max(rep.Over.Sent, 1)))
	fmt.Fprintf(t, "goodput\t%.0f/s, %.2f of capacity\n", rep.Goodput, rep.Goodput/rep.Capacity)
	fmt.Fprintf(t, "p99 of who was admitted\t%.2f of that at half load\n", rep.P99Ratio)
	fmt.Fprintf(t, "recovery\t%.3f s\n", rep.Recovery)
	for _, name := range slices.Sorted(maps.Keys(rep.Errors)) {
		fmt.Fprintf(t, "errors\t%d %s\n", rep.Errors[name], name)
	}
	for _, what := range rep.Broken {
		fmt.Fprintf(t, "BROKEN\t%s\n", what)
	}
	return t.Flush()
}
