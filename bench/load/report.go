package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"chronos.dev/bench/meter"
)

// Report is a Result as it is written down.
type Report struct {
	Target        string            `json:"target"` // "http"
	URL           string            `json:"url"`
	RateRequested float64           `json:"rate_requested"`
	RateAchieved  float64           `json:"rate_achieved"`
	Duration      float64           `json:"duration_seconds"`
	Connections   int               `json:"connections"`
	Sent          int64             `json:"sent"`
	OK            int64             `json:"ok"`
	Errors        map[string]int64  `json:"errors"`
	FirstWrong    string            `json:"first_wrong_body,omitempty"`
	Checked       int               `json:"bodies_checked"`
	Latency       meter.Latency     `json:"latency_seconds"`
	Corrected     string            `json:"coordinated_omission"` // "corrected": latencies count from the schedule
	Lateness      meter.Latency     `json:"send_lateness_seconds"`
	Waited        int64             `json:"waited_for_connection"`
	Void          string            `json:"void,omitempty"` // why the run says nothing of the server
	Seed          uint64            `json:"seed"`
	Workload      string            `json:"workload"` // digest of the requests: equal ones can be compared
	Graph         Graph             `json:"graph"`
	Feed          string            `json:"feed"` // what wrote books meanwhile
	Machine       meter.Machine     `json:"machine"`
	SLO           []meter.Objective `json:"slo"`
}

// Graph is the size of the market that was asked about.
type Graph struct {
	Assets  int `json:"assets"`
	Markets int `json:"markets"`
}

// NewReport writes a result down and holds it against objectives. The caller fills
// in what only he knows: URL, Seed, Graph and Feed.
func NewReport(o *Options, r *Result, slo []meter.Objective) (rep *Report, kept bool) {
	kept = meter.Judge(slo, r.Latency, r.Failed())
	rep = &Report{
		Target: "http", RateRequested: o.Rate, RateAchieved: r.Rate, Duration: o.Duration.Seconds(),
		Connections: o.Connections, Sent: r.Sent, OK: r.OK, Errors: r.Errors, Checked: r.Checked,
		Latency: r.Latency.Latency(), Corrected: "corrected", Lateness: r.Lateness.Latency(), Waited: r.Waited,
		Void: meter.Void(r.Latency, r.Lateness), Workload: digest(o.Paths), Machine: meter.ThisMachine(),
		SLO: slices.Concat([]meter.Objective{}, slo),
	}
	if r.BodyErr != nil {
		rep.FirstWrong = r.BodyErr.Error()
	}
	return rep, kept
}

func digest(paths []string) string {
	sum := sha256.Sum256([]byte(strings.Join(paths, "\n")))
	return hex.EncodeToString(sum[:6])
}

// Write writes the report as a table.
func (r *Report) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%s: %d assets, %d markets; feed: %s\n", r.URL, r.Graph.Assets, r.Graph.Markets, r.Feed)
	fmt.Fprintf(t, "machine: %s\n", r.Machine)
	fmt.Fprintf(t, "rate\t%.0f/s wanted, %.1f/s sent, over %d connections, seed %d, workload %s\n",
		r.RateRequested, r.RateAchieved, r.Connections, r.Seed, r.Workload)
	fmt.Fprintf(t, "answers\t%d of %d ok, %d bodies checked\n", r.OK, r.Sent, r.Checked)
	for _, name := range slices.Sorted(maps.Keys(r.Errors)) {
		fmt.Fprintf(t, "errors\t%d %s\n", r.Errors[name], name)
	}
	if r.FirstWrong != "" {
		fmt.Fprintf(t, "wrong body\t%s\n", r.FirstWrong)
	}
	fmt.Fprintln(t, "\tP50\tP90\tP99\tP99.9\tMAX")
	line := func(name string, l meter.Latency) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", name, ms(l.P50), ms(l.P90), ms(l.P99), ms(l.P999), ms(l.Max))
	}
	line("latency from the schedule", r.Latency)
	line("lateness of the sender", r.Lateness)
	if r.Sent < 100_000 {
		fmt.Fprintln(t, "\tp99.9 wants 100,000 samples")
	}
	if r.Void != "" {
		fmt.Fprintf(t, "VOID\t%s\n", r.Void)
	}
	for _, o := range r.SLO {
		fmt.Fprintf(t, "objective\t%s\n", o)
	}
	return t.Flush()
}

func ms(seconds float64) string { return fmt.Sprintf("%.3f ms", seconds*1e3) }
