package capture_test

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/market"
	"chronos.dev/money"
)

// fault is something that goes wrong with two frames that follow each other.
type fault struct {
	name string
	do   func(a, b venue.Frame, rng *rand.Rand) []venue.Frame
	// shown says whether a venue with these rules can show the fault.
	shown   func(market.BookRules) bool
	refused bool // the decoder must refuse a frame
	nothing bool // nothing may change, not even for a moment
}

var faults = []fault{
	{name: "doubled", do: doubled, shown: anyVenue, nothing: true},
	{name: "cut short", do: cutShort, shown: anyVenue, refused: true},
	{name: "lost", do: lost, shown: proven},
	{name: "swapped", do: swapped, shown: proven},
	{name: "a digit flipped", do: digitFlipped, shown: summed},
	// A venue without a sum proves no price and no size, only which message it is.
	{name: "a digit flipped beside the levels", do: idFlipped, shown: chained},
}

func doubled(a, b venue.Frame, _ *rand.Rand) []venue.Frame { return []venue.Frame{a, a, b, b} }
func lost(_, b venue.Frame, _ *rand.Rand) []venue.Frame    { return []venue.Frame{b} }
func swapped(a, b venue.Frame, _ *rand.Rand) []venue.Frame { return []venue.Frame{b, a} }

func cutShort(a, b venue.Frame, rng *rand.Rand) []venue.Frame {
	a.Body = a.Body[:rng.IntN(len(a.Body))]
	return []venue.Frame{a, b}
}

func digitFlipped(a, b venue.Frame, rng *rand.Rand) []venue.Frame {
	a.Body = flipped(a.Body, rng, func(int) bool { return true })
	return []venue.Frame{a, b}
}

func idFlipped(a, b venue.Frame, rng *rand.Rand) []venue.Frame {
	body := a.Body
	a.Body = flipped(body, rng, func(i int) bool { return besideLevels(body[:i]) })
	return []venue.Frame{a, b}
}

var idOfSnapshot = regexp.MustCompile(`"(?:lastUpdateId|sequence|id)":"?[0-9]`)

// firstDigitFlipped puts another first digit in place of that of a snapshot's id.
func firstDigitFlipped(body []byte, rng *rand.Rand) []byte {
	if at := idOfSnapshot.FindIndex(body); at != nil {
		body = flipped(body, rng, func(i int) bool { return i == at[1]-1 })
	}
	return body
}

// flipped returns a body with another digit in place of one that may be.
func flipped(body []byte, rng *rand.Rand, may func(i int) bool) []byte {
	var digits []int
	for i, c := range body {
		if c >= '0' && c <= '9' && may(i) {
			digits = append(digits, i)
		}
	}
	if len(digits) == 0 {
		return body
	}
	body = bytes.Clone(body)
	i := digits[rng.IntN(len(digits))]
	body[i] = '0' + (body[i]-'0'+1+byte(rng.IntN(9)))%10
	return body
}

// besideLevels reports whether what follows is neither a price nor a size, which
// stand in arrays within arrays or are named, nor the number of a channel, with
// which a message begins: it may be that of another book.
func besideLevels(before []byte) bool {
	token := bytes.TrimRight(before, "0123456789.")
	named := bytes.HasSuffix(token, []byte(`"price":"`)) || bytes.HasSuffix(token, []byte(`"size":"`))
	depth := bytes.Count(before, []byte{'['}) - bytes.Count(before, []byte{']'})
	return !named && depth < 2 && string(token) != "["
}

func anyVenue(market.BookRules) bool  { return true }
func proven(r market.BookRules) bool  { return r.VerifiedDepth != 0 }
func chained(r market.BookRules) bool { return r.VerifiedDepth < 0 }
func summed(r market.BookRules) bool  { return r.Checksum != nil }

// Something goes wrong with one message. From then on, whenever a book takes an
// event and is live, it is the book that it would be without the fault, as deep as
// the venue proves: whole where messages are chained, to the depth of the sum
// where there is one and the event carries it.
func TestFaultsLeaveNoWrongBook(t *testing.T) {
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		for _, ft := range faults {
			if !ft.shown(spec.Rules("")) {
				continue
			}
			t.Run(ft.name, func(t *testing.T) {
				for _, seed := range seeds(1, 50) {
					rng := rand.New(rand.NewPCG(seed, 1))
					at := streamFrame(frames, rng)
					p := pair{capture.NewSession(spec), capture.NewSession(spec), ft.nothing}
					compared += p.play(t, frames, at, ft.do(frames[at], frames[at+1], rng))
					if ft.refused && len(p.faulty.Rejected) == 0 {
						t.Errorf("frame %d was not refused", at)
					}
				}
			})
		}
		if compared == 0 {
			t.Error("no book was compared")
		}
	})
}

// streamFrame draws a message of the first nine tenths.
func streamFrame(frames []venue.Frame, rng *rand.Rand) int {
	for {
		i := rng.IntN(len(frames) * 9 / 10)
		if frames[i].Kind == venue.Stream && len(frames[i].Body) > 0 {
			return i
		}
	}
}

// pair plays a session with and without a fault side by side.
type pair struct {
	whole, faulty *capture.Session
	alike         bool // a faulty book must be live where the whole one is
}

// play plays instead in place of frames at and at+1, and compares books after
// that. It returns how often.
func (p *pair) play(t *testing.T, frames []venue.Frame, at int, instead []venue.Frame) int {
	t.Helper()
	for i := range at {
		p.both(&frames[i])
	}
	for i := range instead {
		_ = p.faulty.Play(&instead[i]) // what is refused is the fault's doing
	}
	_, _ = p.whole.Play(&frames[at]), p.whole.Play(&frames[at+1])

	took := map[string]bool{}
	p.faulty.OnEvent = func(e *market.Event, _ error) {
		if e.HasChecksum || p.faulty.Spec.Rules(e.Symbol).Checksum == nil {
			took[e.Symbol] = true
		}
	}
	compared := 0
	for i := at + 2; i < len(frames); i++ {
		clear(took)
		p.both(&frames[i])
		if compared > 50 && i%97 != 0 && i != len(frames)-1 {
			continue
		}
		for symbol := range p.compared(took) {
			if p.differ(symbol) {
				t.Errorf("fault at frame %d: %s is live and wrong at frame %d", at, symbol, i)
				return compared
			}
			compared++
		}
	}
	return compared
}

// compared are the symbols to compare: those of books that took an event, or all.
func (p *pair) compared(took map[string]bool) map[string]bool {
	if p.alike {
		for symbol, b := range p.whole.Books {
			if state, _ := b.State(); state == book.Live {
				took[symbol] = true
			}
		}
	}
	return took
}

func (p *pair) both(f *venue.Frame) {
	_, _ = p.whole.Play(f), p.faulty.Play(f) // refusals show in the books
}

// differ reports whether a faulty book is live and not what it should be, or not
// live and should be.
func (p *pair) differ(symbol string) bool {
	b := p.faulty.Books[symbol]
	if b == nil {
		return p.alike
	}
	if state, _ := b.State(); state != book.Live {
		return p.alike
	}
	if p.whole.Books[symbol] == nil {
		return true
	}
	depth := p.faulty.Spec.Rules(symbol).VerifiedDepth
	if depth <= 0 {
		depth = book.MaxLevels
	}
	want, got := p.whole.Books[symbol].Publish(), b.Publish()
	return !sameSide(want, want.Bids, got, got.Bids, depth) || !sameSide(want, want.Asks, got, got.Asks, depth)
}

func sameSide(va *book.View, a []book.Level, vb *book.View, b []book.Level, depth int) bool {
	a, b = a[:min(depth, len(a))], b[:min(depth, len(b))]
	num := func(v int64, scale uint8) money.Num { return money.Num{Coef: v, Scale: scale} }
	return slices.EqualFunc(a, b, func(x, y book.Level) bool {
		return num(int64(x.Price), va.PriceScale).Cmp(num(int64(y.Price), vb.PriceScale)) == 0 &&
			num(int64(x.Size), va.SizeScale).Cmp(num(int64(y.Size), vb.SizeScale)) == 0
	})
}

// A connection that opens anew leaves no book live. When the venue then says all
// again, the books are those of a session that was never cut. Only Bitstamp's stay
// void, because no book is taken that is older than a diff heard before the cut,
// and a recording does not get newer.
func TestReconnectBringsTheSameBooks(t *testing.T) {
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		whole := capture.NewSession(spec)
		play(whole, frames)
		for _, seed := range seeds(1, 50) {
			rng := rand.New(rand.NewPCG(seed, 2))
			s := capture.NewSession(spec)
			play(s, frames[:rng.IntN(len(frames))])
			for conn := range len(e.Files) {
				_ = s.Play(&venue.Frame{Kind: venue.Connect, Conn: conn, URL: "wss://again"})
			}
			for symbol, b := range s.Books {
				if state, _ := b.State(); state == book.Live {
					t.Errorf("%s is live behind a new connection", symbol)
				}
			}
			play(s, frames)
			for symbol, b := range whole.Books {
				state, why := s.Books[symbol].State()
				if state != book.Live && spec.Format == "bitstamp" {
					continue
				}
				if state != book.Live || capture.Hash(s.Books[symbol].Publish()) != capture.Hash(b.Publish()) {
					t.Errorf("seed %d: %s is %v (%s), another book than without the cut", seed, symbol, state, why)
				}
			}
		}
	})
}

func play(s *capture.Session, frames []venue.Frame) {
	for i := range frames {
		_ = s.Play(&frames[i]) // refusals show in the books
	}
}

// The id of a snapshot gets another first digit. The book ends up void or right: a
// snapshot older than it says is not reached by the diffs, one that is newer
// leaves them behind for too long. An id that is wrong by a little cannot be told
// from a right one; what it hides is in the book once its levels change again.
func TestWrongSnapshotIDLeavesNoWrongBook(t *testing.T) {
	const enough = 10 * time.Second // for a venue to notice
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		last := frames[len(frames)-1].Time - int64(enough)
		answers := slices.Collect(func(yield func(int) bool) {
			for i := range frames {
				if frames[i].Kind == venue.Answer && frames[i].Time < last && !yield(i) {
					return
				}
			}
		})
		if !chained(spec.Rules("")) || len(answers) == 0 {
			t.Skip("no snapshot with an id that is asked for")
		}
		whole := capture.NewSession(spec)
		play(whole, frames)
		for _, seed := range seeds(2, 50) {
			rng := rand.New(rand.NewPCG(seed, 3))
			at := answers[rng.IntN(len(answers))]
			wrong := slices.Clone(frames)
			wrong[at].Body = firstDigitFlipped(frames[at].Body, rng)
			s := capture.NewSession(spec)
			play(s, wrong)
			for symbol, b := range s.Books {
				if state, _ := b.State(); state == book.Live &&
					capture.Hash(b.Publish()) != capture.Hash(whole.Books[symbol].Publish()) {
					t.Errorf("seed %d, frame %d: %s is live and wrong", seed, at, symbol)
				}
			}
		}
	})
}
