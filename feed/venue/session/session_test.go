package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"chronos.dev/feed/venue"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// play is a session whose events are noted as text.
type play struct {
	*Books[int]
	got []string
}

func newPlay() *play { return &play{Books: New[int]("lab")} }

func (p *play) begin(f venue.Frame) (bool, error) {
	return p.Begin(&f, func(e *market.Event) {
		p.got = append(p.got, fmt.Sprintf("%d %s %d<%d %d", e.Kind, e.Symbol, e.Seq, e.PrevSeq, len(e.Levels)))
	})
}

func (p *play) book(t *testing.T, symbol string) *Book[int] {
	t.Helper()
	bk, err := p.Book([]byte(symbol))
	if err != nil {
		t.Fatal(err)
	}
	return bk
}

func reason(err error) string {
	var fe *venue.FrameError
	if !errors.As(err, &fe) {
		return fmt.Sprint(err)
	}
	return fe.Reason
}

func TestBegin(t *testing.T) {
	tests := []struct {
		name  string
		frame venue.Frame
		ok    bool
		err   string
		gaps  int // of the two books of connection 1
	}{
		{"a message is decoded", venue.Frame{Kind: venue.Stream, Conn: 1, Body: []byte("x")}, true, "<nil>", 0},
		{"an answer is decoded", venue.Frame{Kind: venue.Answer, Conn: 1}, true, "<nil>", 0},
		{"what we sent is not", venue.Frame{Kind: venue.Sent, Conn: 1}, false, "<nil>", 0},
		{"a frame of no kind is not", venue.Frame{Conn: 1}, false, "<nil>", 0},
		{"a connection voids its books", venue.Frame{Kind: venue.Connect, Conn: 1}, false, "<nil>", 2},
		{"another connection does not", venue.Frame{Kind: venue.Connect, Conn: 2}, false, "<nil>", 0},
		{"a frame of the largest size is decoded",
			venue.Frame{Kind: venue.Stream, Conn: 1, Body: make([]byte, venue.MaxFrame)}, true, "<nil>", 0},
		{"a larger one voids the books",
			venue.Frame{Kind: venue.Stream, Conn: 1, Body: make([]byte, venue.MaxFrame+1)}, false, venue.ReasonOversize, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay()
			p.begin(venue.Frame{Kind: venue.Stream, Conn: 1})
			for _, symbol := range []string{"B", "A"} {
				p.Emit(p.book(t, symbol), market.Snapshot, 5)
			}
			p.got = nil
			ok, err := p.begin(tt.frame)
			if ok != tt.ok || reason(err) != tt.err || len(p.got) != tt.gaps {
				t.Errorf("Begin = %v, %v with events %q; want %v, %s, %d gaps", ok, err, p.got, tt.ok, tt.err, tt.gaps)
			}
			if tt.gaps == 2 && p.got[0] != "3 B 5<5 0" {
				t.Errorf("gaps %q, want them in the order in which the books were seen", p.got)
			}
		})
	}
}

func TestEmitNumbersAndResets(t *testing.T) {
	p := newPlay()
	p.begin(venue.Frame{Kind: venue.Stream, Time: 77})
	bk := p.book(t, "A")
	for i, kind := range []market.EventKind{market.Snapshot, market.Delta, market.Delta} {
		if err := p.Level(market.Bid, []byte("1.50"), []byte("2")); err != nil {
			t.Fatal(err)
		}
		p.Event.Checksum, p.Event.HasChecksum, p.Event.VenueTime = 9, true, 8
		p.Emit(bk, kind, uint64(10*(i+1)))
		if e := p.Event; len(e.Levels) != 0 || e.HasChecksum || e.VenueTime != 0 || e.Kind != 0 {
			t.Errorf("event after Emit: %+v, want an empty one", e)
		}
	}
	p.Gap(bk, "x")
	p.Gap(bk, "x")
	want := "1 A 10<0 1|2 A 20<10 1|2 A 30<20 1|3 A 30<30 0"
	if got := strings.Join(p.got, "|"); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if bk.Live {
		t.Error("a book is live behind a gap")
	}
}

func TestBookFollowsItsStream(t *testing.T) {
	p := newPlay()
	p.begin(venue.Frame{Kind: venue.Answer, Conn: 9})
	bk := p.book(t, "A")
	p.begin(venue.Frame{Kind: venue.Stream, Conn: 2})
	if p.book(t, "A") != bk || p.Known([]byte("A")) != bk || bk.Conn != 2 {
		t.Errorf("book %+v, want the same one on connection 2", bk)
	}
	p.begin(venue.Frame{Kind: venue.Answer, Conn: 9})
	if p.book(t, "A"); bk.Conn != 2 {
		t.Errorf("an answer moved the book to connection %d", bk.Conn)
	}
	if p.Known([]byte("B")) != nil {
		t.Error("a book nobody named is known")
	}
}

func TestSymbols(t *testing.T) {
	for _, symbol := range []string{"", "A B", "A\x00", "A\x7f", "é", strings.Repeat("A", MaxSymbol+1)} {
		p := newPlay()
		p.begin(venue.Frame{Kind: venue.Stream})
		if _, err := p.Book([]byte(symbol)); reason(err) != venue.ReasonSymbol {
			t.Errorf("Book(%q) = %v, want a refusal", symbol, err)
		}
	}
	p := newPlay()
	p.begin(venue.Frame{Kind: venue.Stream})
	for i := range MaxBooks {
		p.book(t, fmt.Sprint(i))
	}
	if _, err := p.Book([]byte("one-more")); reason(err) != venue.ReasonSymbol {
		t.Errorf("book %d = %v, want a refusal", MaxBooks+1, err)
	}
	p.book(t, "7") // still known
}

func TestRefusals(t *testing.T) {
	own := &venue.FrameError{Venue: "lab", Reason: venue.ReasonNumber}
	tests := []struct {
		name string
		act  func(*play, *Book[int], error) error
		err  error
		want string
		gaps int // of B, the second of two books on two connections
	}{
		{"malformed voids the connection", func(p *play, _ *Book[int], err error) error { return p.Malformed(err) },
			errors.New("x"), venue.ReasonMalformed, 1},
		{"misread voids the connection", func(p *play, _ *Book[int], err error) error { return p.Misread(err) },
			errors.New("x"), venue.ReasonShape, 1},
		{"misshapen voids the book", func(p *play, bk *Book[int], err error) error { return p.Misshapen(bk, err) },
			errors.New("x"), venue.ReasonShape, 1},
		{"refused voids nothing", func(p *play, _ *Book[int], err error) error { return p.Refuse(err) },
			errors.New("x"), venue.ReasonShape, 0},
		{"a reason that is known stays", func(p *play, bk *Book[int], err error) error { return p.Misshapen(bk, err) },
			own, venue.ReasonNumber, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlay()
			p.begin(venue.Frame{Kind: venue.Stream, Conn: 0})
			p.Emit(p.book(t, "A"), market.Snapshot, 1)
			p.begin(venue.Frame{Kind: venue.Stream, Conn: 1})
			bk := p.book(t, "B")
			p.Emit(bk, market.Snapshot, 1)
			p.got = nil
			if err := tt.act(p, bk, tt.err); reason(err) != tt.want {
				t.Errorf("error %v, want reason %s", err, tt.want)
			}
			if got := strings.Join(p.got, "|"); got != []string{"", "3 B 1<1 0"}[tt.gaps] {
				t.Errorf("events %q, want %d gaps of B", got, tt.gaps)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	tests := []struct{ price, size, want string }{
		{"1.50", "2", "<nil>"}, {"1e-7", "0", "<nil>"}, {"1", "0.00", "<nil>"},
		{"0", "1", venue.ReasonNumber}, {"-1", "1", venue.ReasonNumber}, {"1", "-1", venue.ReasonNumber},
		{"", "1", venue.ReasonNumber}, {"1", "", venue.ReasonNumber}, {"1e400", "1", venue.ReasonNumber},
		{"1", "0x1", venue.ReasonNumber}, {"NaN", "1", venue.ReasonNumber}, {"1", "9223372036854775808", venue.ReasonNumber},
	}
	for _, tt := range tests {
		p := newPlay()
		p.begin(venue.Frame{Kind: venue.Stream})
		if err := p.Level(market.Bid, []byte(tt.price), []byte(tt.size)); reason(err) != tt.want {
			t.Errorf("Level(%q, %q) = %v, want %s", tt.price, tt.size, err, tt.want)
		}
	}
	p := newPlay()
	p.begin(venue.Frame{Kind: venue.Stream})
	p.Event.Levels = make([]market.Level, MaxLevels)
	if err := p.Level(market.Bid, []byte("1"), []byte("1")); reason(err) != venue.ReasonOversize {
		t.Errorf("level %d = %v, want a refusal", MaxLevels+1, err)
	}
}

func TestPairs(t *testing.T) {
	tests := []struct{ in, want string }{
		{`[]`, "<nil>"}, {`[["1","2"],[3,4,"x",[5]]]`, "<nil>"},
		{`[["1"]]`, venue.ReasonNumber}, {`[[]]`, venue.ReasonNumber}, {`[[{},"1"]]`, venue.ReasonNumber},
		{`{}`, "json: want an array at byte 0"}, {`["1"]`, "json: want an array at byte 1"},
		{`[["1","2"}`, "json: want ',' or ']' at byte 9"},
	}
	for _, tt := range tests {
		p := newPlay()
		p.begin(venue.Frame{Kind: venue.Stream})
		var s jscan.Scanner
		s.Reset([]byte(tt.in))
		if err := p.Pairs(&s, market.Ask); reason(err) != tt.want {
			t.Errorf("Pairs(%s) = %v, want %s", tt.in, err, tt.want)
		}
	}
}

func TestTimesAndSums(t *testing.T) {
	clock := func(f func(*jscan.Scanner) (int64, error)) func(*jscan.Scanner) string {
		return func(s *jscan.Scanner) string {
			v, err := f(s)
			if err != nil {
				return "refused"
			}
			return fmt.Sprint(v)
		}
	}
	sum := func(s *jscan.Scanner) string {
		v, err := Sum32(s)
		if err != nil {
			return "refused"
		}
		return fmt.Sprint(v)
	}
	tests := []struct {
		name     string
		read     func(*jscan.Scanner) string
		in, want string
	}{
		{"milliseconds", clock(Millis), `"1600000000123"`, "1600000000123000000"},
		{"milliseconds as a number", clock(Millis), `1600000000123`, "1600000000123000000"},
		{"last millisecond", clock(Millis), `9223372036854`, "9223372036854000000"},
		{"one too late", clock(Millis), `9223372036855`, "refused"},
		{"below zero", clock(Millis), `-1`, "refused"},
		{"a fraction", clock(Millis), `1.5`, "refused"},
		{"microseconds", clock(Micros), `1600000000123456`, "1600000000123456000"},
		{"RFC 3339", clock(Clock), `"2020-09-13T12:26:40.123Z"`, "1600000000123000000"},
		{"RFC 3339 with a zone", clock(Clock), `"2020-09-13T14:26:40+02:00"`, "1600000000000000000"},
		{"year 1969", clock(Clock), `"1969-12-31T23:59:59Z"`, "refused"},
		{"year 2201", clock(Clock), `"2201-01-01T00:00:00Z"`, "refused"},
		{"no time", clock(Clock), `"yesterday"`, "refused"},
		{"a number for RFC 3339", clock(Clock), `5`, "refused"},
		{"signed sum", sum, `-1`, "4294967295"},
		{"lowest signed sum", sum, `-2147483648`, "2147483648"},
		{"highest unsigned sum", sum, `4294967295`, "4294967295"},
		{"sum too high", sum, `4294967296`, "refused"},
		{"sum too low", sum, `-2147483649`, "refused"},
		{"sum of text", sum, `"x"`, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s jscan.Scanner
			s.Reset([]byte(tt.in))
			if got := tt.read(&s); got != tt.want {
				t.Errorf("%s gives %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestTexts(t *testing.T) {
	table := map[string]string{"books": "books"}
	tests := []struct {
		name, in, interned, appended, plain string
	}{
		{"a string of the table", `"books"`, "books", "-books", "books"},
		{"a string that is not in it", `"boots"`, "", "-boots", "boots"},
		{"escapes are undone in texts and stay in numbers", `"\u0062ooks"`, "books", "-books", `\u0062ooks`},
		{"a number", `15`, "refused", "refused", "15"},
		{"nothing", ``, "refused", "refused", "refused"},
	}
	or := func(s string, err error) string {
		if err != nil {
			return "refused"
		}
		return s
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s jscan.Scanner
			s.Reset([]byte(tt.in))
			v, err := Intern(&s, table)
			if got := or(v, err); got != tt.interned {
				t.Errorf("Intern gives %q, want %q", got, tt.interned)
			}
			s.Reset([]byte(tt.in))
			b, err := AppendText([]byte("-"), &s)
			if got := or(string(b), err); got != tt.appended {
				t.Errorf("AppendText gives %q, want %q", got, tt.appended)
			}
			s.Reset([]byte(tt.in))
			b, err = Plain(&s)
			if got := or(string(b), err); got != tt.plain {
				t.Errorf("Plain gives %q, want %q", got, tt.plain)
			}
		})
	}
}

func TestSides(t *testing.T) {
	own := errors.New("x")
	tests := []struct {
		sides Sides
		err   error
		want  error
	}{
		{Sides{true, true}, nil, nil}, {Sides{true, false}, nil, ErrShape}, {Sides{false, true}, nil, ErrShape},
		{Sides{}, own, own}, {Sides{true, true}, own, own},
	}
	for _, tt := range tests {
		if got := tt.sides.Check(tt.err); got != tt.want {
			t.Errorf("%+v.Check(%v) = %v, want %v", tt.sides, tt.err, got, tt.want)
		}
	}
}

func TestSided(t *testing.T) {
	tests := []struct{ in, want string }{
		{`[]`, ""},
		{`[["buy","100.0","1"],["sell","101","0"],["buy","99","2","more"]]`, "b100.0:1 a101:0 b99:2"},
		{`[["buy","100"]]`, venue.ReasonNumber},
		{`[["buy"]]`, venue.ReasonNumber},
		{`[[]]`, venue.ReasonNumber},
		{`[["sell","-1","1"]]`, venue.ReasonNumber},
		{`[["bid","100","1"]]`, `session: "bid" is no side`},
		{`[[5,"100","1"]]`, "error"},
		{`["buy"]`, "error"},
		{`{}`, "error"},
	}
	for _, tt := range tests {
		p := newPlay()
		p.begin(venue.Frame{Kind: venue.Stream})
		var s jscan.Scanner
		s.Reset([]byte(tt.in))
		got := ""
		switch err := p.Sided(&s); {
		case err != nil && tt.want == "error":
			got = "error"
		case err != nil:
			got = reason(err)
		default:
			var levels []string
			for _, l := range p.Event.Levels {
				levels = append(levels, fmt.Sprintf("%c%s:%s", l.Side.String()[0], l.Price, l.Size))
			}
			got = strings.Join(levels, " ")
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEachAndOnly(t *testing.T) {
	p := newPlay()
	if p.Only() != nil {
		t.Error("an empty session has an only book")
	}
	for conn, symbol := range []string{"A", "B", "C", "D"} {
		p.begin(venue.Frame{Kind: venue.Stream, Conn: conn % 2})
		bk := p.book(t, symbol)
		if only := p.Only(); (only == bk) != (conn == 0) || conn > 0 && only != nil {
			t.Errorf("Only() = %v among %d books", only, conn+1)
		}
	}
	got := ""
	p.Each(1, func(bk *Book[int]) { got += bk.Symbol })
	if got != "BD" {
		t.Errorf("Each(1) calls with %q, want B and D", got)
	}
}

func TestChainedBoundsWhatWaits(t *testing.T) {
	rules := ChainRules{
		Stale:   func(u *Diff, at int64, _ bool) bool { return u.Last <= at },
		Follows: func(u *Diff, at int64, _ bool) string { return "never" },
	}
	tests := []struct {
		name                 string
		books, diffs, levels int // diffs of each book, levels of each diff
		refused              int
	}{
		{"diffs of one book, without levels too", 1, maxWaiting + 1, 0, 1},
		{"just as many are kept", 1, maxWaiting, 0, 0},
		{"levels of one book", 1, 11, maxWaitingLevels / 10, 1},
		{"levels of all books", 9, 10, maxWaitingLevels / 10, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, refused := NewChained("lab", rules), 0
			emit := func(e *market.Event) { t.Fatalf("event %+v without a snapshot", e) }
			for i := range tt.books {
				for j := range tt.diffs {
					_, _ = c.Begin(&venue.Frame{Kind: venue.Stream}, emit)
					bk, err := c.Book([]byte{'A' + byte(i)})
					if err != nil {
						t.Fatal(err)
					}
					c.Event.Levels = append(c.Event.Levels, make([]market.Level, tt.levels)...)
					if err := c.Update(bk, Diff{First: int64(j), Last: int64(j)}); err != nil {
						refused++
						if reason(err) != venue.ReasonOversize || bk.State.levels != 0 || len(bk.State.waiting) != 0 {
							t.Errorf("error %v, %d diffs wait", err, len(bk.State.waiting))
						}
					}
				}
			}
			sum := 0
			c.Each(0, func(bk *Book[Chain]) { sum += bk.State.levels })
			if refused != tt.refused || sum != c.levels || sum > maxSessionLevels {
				t.Errorf("%d refused, want %d; %d levels wait, counted as %d", refused, tt.refused, sum, c.levels)
			}
			if _, err := c.Begin(&venue.Frame{Kind: venue.Connect}, emit); err != nil || c.levels != 0 {
				t.Errorf("%d levels wait on a new connection, %v", c.levels, err)
			}
		})
	}
}
