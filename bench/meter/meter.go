// Package meter is what the load benches share: a pacer that does not wait for
// whom it measures, distributions of times, the machine they were taken on, and
// the objectives that they are held against.
package meter

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of a Times: what is shorter or longer counts as the bound.
const (
	shortest = time.Microsecond / 10
	longest  = 10 * time.Minute
)

// Times is a distribution of durations, three digits sharp. It is not safe for
// concurrent use.
type Times struct{ h *hdrhistogram.Histogram }

// NewTimes returns an empty distribution.
func NewTimes() *Times {
	return &Times{hdrhistogram.New(int64(shortest), int64(longest), 3)}
}

// Add adds one duration.
func (t *Times) Add(d time.Duration) {
	_ = t.h.RecordValue(int64(min(max(d, shortest), longest))) // within the bounds it cannot fail
}

// Merge adds what another distribution holds.
func (t *Times) Merge(o *Times) { t.h.Merge(o.h) }

// Count returns how many durations there are.
func (t *Times) Count() int64 { return t.h.TotalCount() }

// Quantile returns the duration that a share q of all do not exceed, q from 0 to 1.
func (t *Times) Quantile(q float64) time.Duration {
	return time.Duration(t.h.ValueAtQuantile(q * 100))
}

// WriteHgrm writes the percentiles as HdrHistogram's plotters read them, in
// milliseconds.
func (t *Times) WriteHgrm(w io.Writer) error {
	b := bufio.NewWriter(w)
	if _, err := t.h.PercentilesPrint(b, 5, float64(time.Millisecond)); err != nil {
		return err
	}
	return b.Flush()
}

// Latency is a distribution in short, in seconds; of no durations it is all zero.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Latency returns the distribution in short.
func (t *Times) Latency() Latency {
	at := func(q float64) float64 { return t.Quantile(q).Seconds() }
	return Latency{P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: at(1)}
}

// Machine is where figures were taken. Load is the mean number of runnable
// threads of the last minute, all of the machine: above CPUs somebody waited.
type Machine struct {
	CPU        string  `json:"cpu"`
	CPUs       int     `json:"cpus"`
	GOMAXPROCS int     `json:"gomaxprocs"`
	Go         string  `json:"go"`
	Commit     string  `json:"commit,omitempty"`
	Load       float64 `json:"load"` // 0 where it cannot be told
}

// ThisMachine describes this machine now.
func ThisMachine() Machine {
	return Machine{
		CPU: cpu(), CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), Go: runtime.Version(),
		Commit: commit(), Load: load(),
	}
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d CPUs, GOMAXPROCS %d, %s, load %.1f", m.CPU, m.CPUs, m.GOMAXPROCS, m.Go, m.Load)
}

func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

func commit() string {
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}

func load() (l float64) {
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &l)
	}
	return l
}
