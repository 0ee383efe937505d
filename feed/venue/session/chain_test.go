package session_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/binance"
	"chronos.dev/feed/venue/gateio"
	"chronos.dev/feed/venue/venuetest"
	"chronos.dev/market"
	"chronos.dev/money"

	"pgregory.net/rapid"
)

// chain is a venue whose diffs wait for a snapshot, and how it writes them.
type chain struct {
	name     string
	spec     *venue.Spec
	step     int // the most that ids grow from one update to the next
	snapshot func(id int, levels string) venue.Frame
	diff     func(d diff) string
}

var chains = []chain{
	{"U must follow u", format("binance_spot"), 1, binanceBook, func(d diff) string {
		return fmt.Sprintf(`{"stream":"x@depth","data":{"s":"X","E":%d,"U":%d,"u":%d,%s}}`, d.last, d.first, d.last, d.levels)
	}},
	{"pu must be the u before", format("binance_usdm"), 3, binanceBook, func(d diff) string {
		return fmt.Sprintf(`{"stream":"x@depth","data":{"s":"X","E":%d,"U":%d,"u":%d,"pu":%d,%s}}`,
			d.last, d.first, d.last, d.prev, d.levels)
	}},
	{"U must follow u, of Gate", &gateio.Spec, 1, gateBook, func(d diff) string {
		return fmt.Sprintf(`{"channel":"spot.order_book_update","event":"update","result":{"s":"X","t":%d,"U":%d,"u":%d,%s}}`,
			d.last, d.first, d.last, strings.NewReplacer("bids", "b", "asks", "a").Replace(d.levels))
	}},
}

func format(name string) *venue.Spec {
	for i := range binance.Specs {
		if binance.Specs[i].Format == name {
			return &binance.Specs[i]
		}
	}
	panic("no format " + name)
}

func binanceBook(id int, levels string) venue.Frame {
	return venuetest.Answer("https://x.test/depth?symbol=X", fmt.Sprintf(`{"lastUpdateId":%d,%s}`, id, levels))
}

func gateBook(id int, levels string) venue.Frame {
	return venuetest.Answer("https://x.test/spot/order_book?currency_pair=X&with_id=true",
		fmt.Sprintf(`{"id":%d,%s}`, id, levels))
}

// diff is what the venue sends of its updates first to last. Its time, in
// milliseconds, is the id of the last, so that an event says where it stands.
type diff struct {
	first, last, prev int
	levels            string
}

// state is a book as size by side and price; a size of "0" is none.
type state map[string]string

func (s state) set(level, size string) {
	if s[level] = size; size == "0" {
		delete(s, level)
	}
}

// json writes levels as the members bids and asks.
func (s state) json() string {
	sides := map[byte][]string{}
	for level, size := range s {
		sides[level[0]] = append(sides[level[0]], fmt.Sprintf(`["%s","%s"]`, level[1:], size))
	}
	return fmt.Sprintf(`"bids":[%s],"asks":[%s]`, strings.Join(sides['b'], ","), strings.Join(sides['a'], ","))
}

// history is all that ever happens at a venue: the book after each update, by
// its id, and the diffs.
type history struct {
	ids   []int
	books map[int]state
	diffs []diff
}

func drawHistory(t *rapid.T, step int) *history {
	h := &history{books: map[int]state{}}
	now, id := state{}, 100
	for range 60 {
		d := diff{prev: id}
		changed := state{}
		for range rapid.IntRange(1, 3).Draw(t, "updates") {
			id += rapid.IntRange(1, step).Draw(t, "step")
			if d.first == 0 {
				d.first = id
			}
			level := rapid.SampledFrom([]string{"b99", "b98", "b97", "a101", "a102", "a103"}).Draw(t, "level")
			changed[level] = fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "size"))
			now.set(level, changed[level])
			h.ids = append(h.ids, id)
			h.books[id] = maps.Clone(now)
		}
		d.last, d.levels = id, changed.json()
		h.diffs = append(h.diffs, d)
	}
	return h
}

// listener hears a part of a history and holds it against the whole.
type listener struct {
	*rapid.T
	chain          *chain
	history        *history
	decoder        venue.Decoder
	book           *book.Book
	at, asked      int  // ids: where the book claims to be, and of the last snapshot
	heard          bool // a diff, so that the book is known to be of the connection
	next           int  // of the diffs
	compared, gaps *int
}

func (l *listener) play(f venue.Frame) {
	_, _ = l.decoder.Decode(&f, func(e *market.Event) { // what was refused shows in the book
		switch err := l.book.Apply(e); {
		case e.Kind == market.Gap:
			*l.gaps++
		case err != nil:
			l.Fatalf("the book refuses an event: %v", err)
		case e.Kind == market.Snapshot:
			l.at = l.asked
		default:
			l.at = int(e.VenueTime / int64(time.Millisecond))
		}
	})
	if !l.live() {
		return
	}
	*l.compared++
	if got, want := l.state(), l.history.books[l.at]; !maps.Equal(got, want) {
		l.Fatalf("live at %d with %v, want %v", l.at, got, want)
	}
}

func (l *listener) live() bool {
	st, _ := l.book.State()
	return st == book.Live
}

func (l *listener) state() state {
	s, v := state{}, l.book.Publish()
	num := func(n int64, scale uint8) string { return money.Num{Coef: n, Scale: scale}.String() }
	for side, levels := range map[string][]book.Level{"b": v.Bids, "a": v.Asks} {
		for _, lv := range levels {
			s[side+num(int64(lv.Price), v.PriceScale)] = num(int64(lv.Size), v.SizeScale)
		}
	}
	return s
}

// hear plays diff i. A live book must then have it.
func (l *listener) hear(i int) {
	d := l.history.diffs[i]
	l.heard = true
	l.play(venuetest.Stream(l.chain.diff(d)))
	if l.live() && l.at < d.last {
		l.Fatalf("live at %d after a diff up to %d", l.at, d.last)
	}
}

// ask plays the snapshot at an id. A live book must then have it.
func (l *listener) ask(id int) {
	l.asked = id
	l.play(l.chain.snapshot(id, l.history.books[id].json()))
	if l.live() && l.at < id {
		l.Fatalf("live at %d after a snapshot of %d", l.at, id)
	}
}

// act does one of all that can happen on the way.
func (l *listener) act() {
	k := l.next
	switch rapid.IntRange(0, 15).Draw(l.T, "act") {
	case 0: // one is lost
		l.next++
	case 1: // one comes again
		l.hear(rapid.IntRange(max(0, k-4), max(0, k-1)).Draw(l.T, "again"))
	case 2: // one overtakes another
		l.hear(k + 1)
		l.hear(k)
		l.next += 2
	case 3: // one is cut short
		body := l.chain.diff(l.history.diffs[k])
		l.play(venuetest.Stream(body[:rapid.IntRange(0, len(body)-1).Draw(l.T, "cut")]))
		if l.next++; l.live() && l.heard {
			l.Fatal("live after a frame that was cut short")
		}
	case 4:
		if l.play(venuetest.Connect(0)); l.live() && l.heard {
			l.Fatal("live on a new connection")
		}
	case 5, 6, 7: // a snapshot, of some time ago or ahead of the stream
		from, to := l.history.diffs[max(0, k-5)].first, l.history.diffs[k+1].last
		id := rapid.SampledFrom(l.history.ids).Filter(func(id int) bool { return from <= id && id <= to })
		l.ask(id.Draw(l.T, "snapshot"))
	default:
		l.hear(k)
		l.next++
	}
}

// Whatever is lost, doubled, overtaken or cut short on the way, a live book is
// that of the venue at the id that it claims, and does not fall behind what was
// heard. A snapshot newer than all that always makes it live again.
func TestChainIsNeverSilentlyWrong(t *testing.T) {
	for _, c := range chains {
		t.Run(c.name, func(t *testing.T) {
			compared, gaps := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				l := &listener{T: t, chain: &c, history: drawHistory(t, c.step), decoder: c.spec.New(),
					book: book.New(c.spec.Rules("X")), compared: &compared, gaps: &gaps}
				for range rapid.IntRange(1, 25).Draw(t, "acts") {
					l.act()
				}
				k := l.next + 3
				l.ask(l.history.diffs[k].last)
				l.hear(k)
				l.hear(k + 1)
				if last := l.history.diffs[k+1].last; !l.live() || l.at != last {
					t.Fatalf("live %v at %d, want it at %d", l.live(), l.at, last)
				}
			})
			if !testing.Short() && (compared < 150 || gaps < 15) {
				t.Errorf("only %d books compared and %d gaps seen", compared, gaps)
			}
		})
	}
}

// Diffs that come twice change nothing at all.
func TestChainIgnoresWhatComesTwice(t *testing.T) {
	for _, c := range chains {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				h := drawHistory(t, c.step)
				var once, twice []venue.Frame
				asked := rapid.IntRange(0, 40).Draw(t, "asked")
				for i, d := range h.diffs {
					f := venuetest.Stream(c.diff(d))
					once, twice = append(once, f), append(twice, f)
					for again := range rapid.IntRange(0, 3).Draw(t, "again") {
						twice = append(twice, venuetest.Stream(c.diff(h.diffs[max(0, i-again)])))
					}
					if i == asked {
						id := rapid.SampledFrom(h.ids[:len(h.ids)/2]).Draw(t, "snapshot")
						f := c.snapshot(id, h.books[id].json())
						once, twice = append(once, f), append(twice, f, f)
					}
				}
				if a, b := events(c.spec, once), events(c.spec, twice); a != b {
					t.Fatalf("once:\n%s\ntwice:\n%s", a, b)
				}
			})
		})
	}
}

// events are the lines of a transcript that tell of events.
func events(spec *venue.Spec, frames []venue.Frame) string {
	var out strings.Builder
	for l := range strings.Lines(venuetest.Transcript(spec.New(), frames...)) {
		if strings.Contains(l, " X") {
			out.WriteString(l)
		}
	}
	return out.String()
}
