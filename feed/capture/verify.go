package capture

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/money"
)

// maxDifferences bounds what is said about one capture.
const maxDifferences = 20

// Result is what Verify found. It is the JSON of `chronos feed verify`.
type Result struct {
	ID          string         `json:"id"`
	Venue       string         `json:"venue"`
	OK          bool           `json:"ok"`
	Compared    bool           `json:"compared"` // false where the folder expects nothing
	Messages    int            `json:"messages"`
	Books       int            `json:"books"`
	SumsOK      int            `json:"checksums_ok"`
	SumsBad     int            `json:"checksums_bad"`
	Crossed     int            `json:"crossed"`  // frames behind which a book was crossed in itself
	Rejected    map[string]int `json:"rejected"` // frames refused, by reason
	Differences []string       `json:"differences"`
}

func (r *Result) differ(format string, args ...any) {
	if len(r.Differences) < maxDifferences {
		r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
	} else if len(r.Differences) == maxDifferences {
		r.Differences = append(r.Differences, "and more")
	}
}

// expected is a file of the folder expected/.
type expected struct {
	Messages     int            `json:"messages"`
	MessageKinds map[string]int `json:"message_kinds"`
	FormatQuirks map[string]int `json:"format_quirks"`
	Books        map[string]struct {
		Ready     bool                     `json:"ready"`
		Updates   int                      `json:"updates"`
		Snapshots int                      `json:"snapshots"`
		Levels    struct{ Bids, Asks int } `json:"levels"`
		Checksums struct{ OK, Bad int }    `json:"checksums"`
		Quirks    map[string]int           `json:"quirks"`
		SHA256    string                   `json:"full_book_sha256"`
		Bids      [][2]string              `json:"bids"`
		Asks      [][2]string              `json:"asks"`
	} `json:"books"`
	Checkpoints []struct {
		At  json.Number      `json:"at"`
		Top map[string]sides `json:"top"`
	} `json:"checkpoints"`
	At *struct {
		Absolute json.Number      `json:"absolute"`
		Books    map[string]sides `json:"books"`
	} `json:"at"`
}

type sides struct {
	Bids [][2]string `json:"bids"`
	Asks [][2]string `json:"asks"`
}

// expect reads what is expected of a capture, nil if the folder says nothing.
func (f *Folder) expect(e *Entry) (*expected, error) {
	if e.Expected == "" {
		return nil, nil
	}
	b, err := f.read("expected/"+e.Expected, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("capture: %s: %w", e.ID, err)
	}
	want := new(expected)
	if err := json.Unmarshal(b, want); err != nil {
		return nil, fmt.Errorf("capture: expected/%s: %w", e.Expected, err)
	}
	return want, nil
}

// Verify plays a whole capture and compares it with what is expected of it. An
// error means that it could not be played; differences are in the Result.
func (f *Folder) Verify(ctx context.Context, e *Entry, spec *venue.Spec) (Result, error) {
	r := Result{ID: e.ID, Venue: spec.Venue, Differences: []string{}}
	want, err := f.expect(e)
	if err != nil {
		return r, err
	}
	frames, err := f.Load(e)
	if err != nil {
		return r, err
	}
	v := newVerifier(&r, spec, want)
	for i := range frames {
		if i%256 == 0 && ctx.Err() != nil {
			return r, ctx.Err()
		}
		v.play(&frames[i])
	}
	v.finish()
	r.OK = len(r.Differences) == 0
	return r, nil
}

// verifier compares while a session is played.
type verifier struct {
	r       *Result
	s       *Session
	want    *expected
	moments []moment
}

// moment is a time at which books are compared.
type moment struct {
	at    int64
	what  string
	books map[string]sides
}

func newVerifier(r *Result, spec *venue.Spec, want *expected) *verifier {
	v := &verifier{r: r, s: NewSession(spec), want: want}
	if want == nil {
		return v
	}
	r.Compared = true
	for _, c := range want.Checkpoints {
		v.add(c.At, "checkpoint", c.Top)
	}
	if want.At != nil {
		v.add(want.At.Absolute, "instant", want.At.Books)
	}
	slices.SortStableFunc(v.moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return v
}

func (v *verifier) add(at json.Number, what string, books map[string]sides) {
	t, err := parseSeconds([]byte(at.String()))
	if err != nil {
		v.r.differ("%s at %s: no time", what, at)
		return
	}
	v.moments = append(v.moments, moment{t, what + " " + at.String(), books})
}

func (v *verifier) play(f *venue.Frame) {
	for len(v.moments) > 0 && v.moments[0].at < f.Time {
		v.compareMoment()
	}
	// A refused frame is counted by the session and reported at the end.
	_ = v.s.Play(f)
	for _, b := range v.s.Books {
		if st, _ := b.State(); st == book.Crossed {
			v.r.Crossed++
		}
	}
}

func (v *verifier) compareMoment() {
	m := v.moments[0]
	v.moments = v.moments[1:]
	for _, symbol := range slices.Sorted(maps.Keys(m.books)) {
		v.compareTop(m.what, symbol, m.books[symbol])
	}
}

// compareTop compares the best levels of one book.
func (v *verifier) compareTop(what, symbol string, want sides) {
	b := v.s.Books[symbol]
	if b == nil {
		if len(want.Bids)+len(want.Asks) > 0 {
			v.r.differ("%s: %s: no book", what, symbol)
		}
		return
	}
	view := b.Publish()
	v.compareSide(what+": "+symbol+" bid", view, view.Bids, want.Bids)
	v.compareSide(what+": "+symbol+" ask", view, view.Asks, want.Asks)
}

func (v *verifier) compareSide(what string, view *book.View, got []book.Level, want [][2]string) {
	for i, w := range want {
		if i >= len(got) {
			v.r.differ("%s %d: missing, want %s at %s", what, i, w[1], w[0])
			return
		}
		price := canonical(int64(got[i].Price), view.PriceScale)
		size := canonical(int64(got[i].Size), view.SizeScale)
		if price != w[0] || size != w[1] {
			v.r.differ("%s %d: %s at %s, want %s at %s", what, i, size, price, w[1], w[0])
			return
		}
	}
}

func canonical(v int64, scale uint8) string {
	return string(money.Num{Coef: v, Scale: scale}.AppendCanonical(nil))
}

// finish compares the counts and the final books.
func (v *verifier) finish() {
	for len(v.moments) > 0 {
		v.compareMoment()
	}
	r := v.r
	r.Rejected = v.s.Rejected
	for _, reason := range slices.Sorted(maps.Keys(r.Rejected)) {
		r.differ("%d frames rejected: %s", r.Rejected[reason], reason)
	}
	if r.Crossed > 0 {
		r.differ("a book was crossed after %d frames", r.Crossed)
	}
	r.Messages = v.s.Messages
	for _, b := range v.s.Books {
		c := b.Counters()
		r.SumsOK += c.ChecksumsOK
		r.SumsBad += c.BadSums
	}
	r.Books = len(v.s.Books)
	if v.want == nil {
		return
	}
	if r.Messages != v.want.Messages {
		r.differ("messages: %d, want %d", r.Messages, v.want.Messages)
	}
	compareCounts(r, "kind", v.s.Kinds, v.want.MessageKinds)
	compareCounts(r, "quirk", v.s.Quirks()[""], v.want.FormatQuirks)
	if r.Books != len(v.want.Books) {
		r.differ("books: %d, want %d", r.Books, len(v.want.Books))
	}
	for _, symbol := range slices.Sorted(maps.Keys(v.want.Books)) {
		v.compareBook(symbol)
	}
}

func (v *verifier) compareBook(symbol string) {
	r, want, b := v.r, v.want.Books[symbol], v.s.Books[symbol]
	if b == nil {
		r.differ("%s: no book", symbol)
		return
	}
	if st, reason := b.State(); st != book.Live {
		r.differ("%s: %s: %s", symbol, st, reason)
	}
	c, view := b.Counters(), b.Publish()
	if len(view.Bids) != want.Levels.Bids || len(view.Asks) != want.Levels.Asks {
		r.differ("%s: levels: %d bids %d asks, want %d and %d", symbol,
			len(view.Bids), len(view.Asks), want.Levels.Bids, want.Levels.Asks)
	}
	if got := Hash(view); got != want.SHA256 {
		r.differ("%s: final book %s, want %s", symbol, got, want.SHA256)
		v.compareTop("end", symbol, sides{want.Bids, want.Asks})
	}
	compareCounts(r, symbol, map[string]int{
		"checksums ok": c.ChecksumsOK, "checksums bad": c.BadSums,
		"updates": c.Updates, "snapshots": c.Snapshots,
	}, map[string]int{
		"checksums ok": want.Checksums.OK, "checksums bad": want.Checksums.Bad,
		"updates": want.Updates, "snapshots": want.Snapshots,
	})
	quirks := map[string]int{
		"zero_size_delete": c.Deletes, "delete_of_absent_level": c.AbsentDeletes,
		"level_dropped_out_of_depth": c.DepthDropped,
	}
	maps.Copy(quirks, v.s.Quirks()[symbol])
	compareCounts(r, symbol+" quirk", quirks, want.Quirks)
}

// compareCounts compares two sets of counters; one that is missing is 0.
func compareCounts(r *Result, what string, got, want map[string]int) {
	names := slices.Sorted(maps.Keys(want))
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if got[name] != want[name] {
			r.differ("%s %s: %d, want %d", what, name, got[name], want[name])
		}
	}
}

// Match returns the Spec of a capture: of those with its handler the one whose
// Format is the longest beginning of the capture's name.
func Match(specs []venue.Spec, e *Entry) (*venue.Spec, bool) {
	var best *venue.Spec
	for i := range specs {
		s := &specs[i]
		if s.Handler != e.Handler || !strings.HasPrefix(e.Name(), s.Format) {
			continue
		}
		if best == nil || len(s.Format) > len(best.Format) {
			best = s
		}
	}
	return best, best != nil
}
