package confidence

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync/atomic"
)

// Limits of a Table. What exceeds one is refused.
const (
	MaxWindow  = 100_000 // samples of one bucket
	MaxBuckets = 4096
	MaxTotal   = 4 << 20 // samples of all buckets together: 64 MiB in memory, 50 MB in a file
	MaxTargets = 4
)

// Defaults of Options.
const (
	DefaultWindow = 5000 // binomial standard error of 0.3 points at 95 %, of 0.7 at an even chance
	DefaultStep   = 5000 // gamma = 0.005, the step of the paper's own experiments
)

// Options of a Table. A zero Window, Step or empty Targets stands for the
// default.
type Options struct {
	Source  Source
	Window  int   // last samples of a bucket that count, MinSamples to MaxWindow
	Targets []PPM // that Margin answers, ascending; between 0.5 and 0.9999
	Step    PPM   // gamma of the adaptive update, at most 0.1
}

// defaults fills in what was left out and checks the rest.
func (o Options) defaults() (Options, error) {
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.Step == 0 {
		o.Step = DefaultStep
	}
	o.Targets = slices.Clone(o.Targets)
	if len(o.Targets) == 0 {
		o.Targets = []PPM{900_000, 950_000, 990_000}
	}
	switch {
	case o.Source != Replay && o.Source != Simulated:
		return o, errors.New("confidence: a table needs a source")
	case o.Window < MinSamples || o.Window > MaxWindow:
		return o, fmt.Errorf("confidence: window %d: want %d to %d", o.Window, MinSamples, MaxWindow)
	case o.Step < 1 || o.Step > 100_000:
		return o, fmt.Errorf("confidence: step %s: want 0.000001 to 0.1", o.Step)
	case len(o.Targets) > MaxTargets:
		return o, fmt.Errorf("confidence: more than %d targets", MaxTargets)
	}
	for i, t := range o.Targets {
		if t < 500_000 || t > 999_900 || i > 0 && t <= o.Targets[i-1] {
			return o, fmt.Errorf("confidence: target %s: want 0.5 to 0.9999, ascending", t)
		}
	}
	return o, nil
}

// ObservationError reports an observation that a table does not take. The cure
// is at whoever made it.
type ObservationError struct{ Why string }

func (e *ObservationError) Error() string { return "confidence: observation: " + e.Why }

// ErrFull reports that a limit of a Table is reached: what it has stays, and the
// new is not taken.
var ErrFull = errors.New("confidence: table is full")

// Table learns. It has one writer; Load may be called by anybody.
type Table struct {
	opts        Options
	windows     map[Bucket]*window
	accepts     map[tier]*Accepts
	total       int
	from, until int64 // first At and last End of what was learned, 0 without any
	live        atomic.Pointer[Snapshot]
}

// window is the last samples of one bucket.
type window struct {
	ring    []Change // in the order of learning; from head once it is full
	head    int
	sorted  []Change
	alphas  [MaxTargets]alpha
	changed bool
}

// NewTable returns an empty table, or says which option is out of range.
func NewTable(o Options) (*Table, error) {
	o, err := o.defaults()
	if err != nil {
		return nil, err
	}
	t := &Table{opts: o, windows: map[Bucket]*window{}, accepts: map[tier]*Accepts{}}
	t.live.Store(&Snapshot{opts: o})
	return t, nil
}

// Options returns the options in force.
func (t *Table) Options() Options {
	o := t.opts
	o.Targets = slices.Clone(o.Targets)
	return o
}

// Span returns the first moment and the last outcome that t has learned from,
// Unix nanoseconds; both 0 for an empty table.
func (t *Table) Span() (from, until int64) { return t.from, t.until }

// check says what is wrong with an observation.
func (t *Table) check(o *Observation) error {
	switch {
	case o.Source != t.opts.Source:
		return &ObservationError{fmt.Sprintf("source %q, table of %q", o.Source, t.opts.Source)}
	case o.Bucket.Step() != 0:
		return &ObservationError{"bucket " + o.Bucket.String() + " is a coarser one"}
	case o.Bucket.Horizon() == 0:
		return &ObservationError{"horizon is not sampled"}
	case o.Change < Lost || o.Change > MaxChange:
		return &ObservationError{"change out of range"}
	case o.At <= 0 || o.At > maxTime:
		return &ObservationError{"time out of range"}
	}
	return nil
}

// maxTime is the start of the year 2261 in Unix nanoseconds, near the end of
// what they can hold.
const maxTime = 9_183_110_400_000_000_000

// Learn adds the outcome of o to its bucket and to the coarser ones, in place of
// the oldest where a window is full. It fails with *ObservationError or ErrFull
// and then changes nothing. What is learned shows after Publish.
func (t *Table) Learn(o *Observation) error {
	if err := t.check(o); err != nil {
		return err
	}
	fresh, more := 0, 0
	for step := range steps {
		w := t.windows[o.Bucket.Coarser(step)]
		if w == nil {
			fresh++
		}
		if w == nil || len(w.ring) < t.opts.Window {
			more++
		}
	}
	if len(t.windows)+fresh > MaxBuckets || t.total+more > MaxTotal {
		return ErrFull
	}
	t.total += more
	for step := range steps {
		t.window(o.Bucket.Coarser(step)).add(o.Change, t.opts.Window)
	}
	if t.from == 0 || o.At < t.from {
		t.from = o.At
	}
	t.until = max(t.until, o.End())
	return nil
}

// window returns the window of b, made when it is missing.
func (t *Table) window(b Bucket) *window {
	w := t.windows[b]
	if w == nil {
		w = &window{}
		for i, target := range t.opts.Targets {
			w.alphas[i] = start(target)
		}
		t.windows[b] = w
	}
	return w
}

// add keeps ring and sorted in step.
func (w *window) add(z Change, size int) {
	w.changed = true
	if len(w.ring) == size {
		old, _ := slices.BinarySearch(w.sorted, w.ring[w.head])
		w.sorted = slices.Delete(w.sorted, old, old+1)
		w.ring[w.head] = z
		w.head = (w.head + 1) % size
	} else {
		w.ring = append(w.ring, z)
	}
	at, _ := slices.BinarySearch(w.sorted, z)
	w.sorted = slices.Insert(w.sorted, at, z)
}

// Publish lets readers see what was learned. Buckets that did not change are
// shared with the snapshot before.
func (t *Table) Publish() *Snapshot {
	old := t.live.Load()
	s := &Snapshot{opts: t.opts, views: maps.Clone(old.views), accepts: make(map[tier]Accepts, len(t.accepts))}
	if s.views == nil {
		s.views = make(map[Bucket]*view, len(t.windows))
	}
	for b, w := range t.windows {
		if w.changed {
			s.views[b] = t.view(w)
			w.changed = false
		}
	}
	for k, a := range t.accepts {
		s.accepts[k] = *a
	}
	t.live.Store(s)
	return s
}

func (t *Table) view(w *window) *view {
	v := &view{sorted: slices.Clone(w.sorted)}
	for i := range t.opts.Targets {
		v.margins[i] = w.alphas[i].margin(w.sorted)
	}
	return v
}

// Load returns what was last published, at first an empty snapshot.
func (t *Table) Load() *Snapshot { return t.live.Load() }

// Snapshot is a table as it was. It never changes.
type Snapshot struct {
	opts    Options
	views   map[Bucket]*view
	accepts map[tier]Accepts
}

// view is a published window.
type view struct {
	sorted  []Change
	margins [MaxTargets]Change
}

// Lookup returns the share of the last samples of b that a margin would have
// survived, z >= -margin. Where b has fewer than MinSamples, the first of at
// most coarserSteps coarser buckets that has enough answers, and is named in the
// answer; 0 asks for b alone.
//
// Mind what a coarser bucket mixes: a rare, wild state is answered mostly from
// calm samples, so c is right on average over the mixture and too high for that
// state. Report counts such answers apart.
func (s *Snapshot) Lookup(b Bucket, margin Change, coarserSteps int) Answer {
	v, a := s.find(b, coarserSteps)
	if a.Reason != 0 {
		return a
	}
	return a.held(survivors(v.sorted, margin))
}

// survivors counts the samples that margin survived, by binary search.
func survivors(sorted []Change, margin Change) int {
	return len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] >= -margin })
}

func (a Answer) held(n int) Answer {
	a.Held = n
	a.P = PPM(int64(n) * int64(Certain) / int64(a.Samples))
	return a
}

// find returns the first bucket with enough samples.
func (s *Snapshot) find(b Bucket, coarserSteps int) (*view, Answer) {
	if b.Horizon() == 0 {
		return nil, Answer{Reason: NoHorizon, Bucket: b, Source: s.opts.Source}
	}
	none := Answer{Reason: NoBucket, Bucket: b, Source: s.opts.Source}
	for step := range 1 + max(0, min(coarserSteps, len(coarser))) {
		at := b.Coarser(step)
		v := s.views[at]
		if v == nil {
			continue
		}
		if len(v.sorted) >= MinSamples {
			return v, Answer{Samples: len(v.sorted), Bucket: at, Source: s.opts.Source}
		}
		if step == 0 {
			none.Reason, none.Samples = TooFew, len(v.sorted)
		}
	}
	return nil, none
}
