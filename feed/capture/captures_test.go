package capture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chronos.dev/book"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"
	"chronos.dev/money"
)

// open opens the recorded captures, or skips.
func open(t testing.TB) *capture.Folder {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	f, err := capture.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// eachCapture runs f for every recorded session that has a decoder.
func eachCapture(t *testing.T, f func(*testing.T, *capture.Folder, *capture.Entry, *venue.Spec)) {
	folder := open(t)
	for i := range folder.Entries {
		e := &folder.Entries[i]
		t.Run(strings.ReplaceAll(e.ID, "/", "_"), func(t *testing.T) {
			spec, ok := capture.Match(all.Specs, e)
			if !ok {
				t.Skipf("no decoder for %s (%s)", e.ID, e.Handler)
			}
			f(t, folder, e, spec)
		})
	}
}

// Every recorded session gives the books, counts and checksums that an
// independent program found in it.
func TestCapturesMatchExpected(t *testing.T) {
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		r, err := f.Verify(t.Context(), e, spec)
		if err != nil {
			t.Fatal(err)
		}
		if !r.OK || !r.Compared {
			t.Errorf("%+v", r)
		}
		for _, d := range r.Differences {
			t.Error(d)
		}
	})
}

// firstSeed is the first seed of every loss and fault here.
const firstSeed = 20_210_417

// seeds are few, and many when CHRONOS_LONG=1.
func seeds(n, many int) []uint64 {
	if os.Getenv("CHRONOS_LONG") == "1" {
		n = many
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = firstSeed + uint64(i)
	}
	return list
}

// One message is lost. A venue that chains its messages shows it with the next
// message of the symbol, always. One that only sums its book up shows it when
// the first sum fails or the book crosses itself, neither earlier nor later. Any
// other may never show it; what became of those is told.
func TestDropOne(t *testing.T) {
	eachCapture(t, func(t *testing.T, f *capture.Folder, e *capture.Entry, spec *venue.Spec) {
		frames, err := f.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		drops, err := capture.DropEach(t.Context(), e.ID, frames, spec, seeds(3, 200))
		if err == nil && len(drops) == 0 && e.Messages < 100 {
			t.Skip("too few messages to lose one")
		}
		if err != nil || len(drops) == 0 {
			t.Fatalf("%d drops, %v", len(drops), err)
		}
		noticed, wrong := 0, 0
		for _, d := range drops {
			switch rules := spec.Rules(d.Symbol); {
			case rules.VerifiedDepth < 0:
				if !d.Noticed || d.AfterOwn != 0 {
					t.Errorf("the next message does not show the loss: %+v", d)
				}
			case rules.VerifiedDepth > 0:
				after, shown := firstContradiction(spec, frames, d)
				if d.Noticed != shown || shown && d.AfterOwn != after {
					t.Errorf("shown %v after %d events, want %+v", shown, after, d)
				}
			}
			if d.Noticed {
				noticed++
			}
			if d.Wrong {
				wrong++
			}
		}
		t.Logf("%d of %d losses noticed, %d not and the final book wrong", noticed, len(drops), wrong)
	})
}

// firstContradiction plays a session without the lost message to books that
// compare no sums, and compares them here. It returns how many events of the
// symbol the book took before one contradicted it.
func firstContradiction(spec *venue.Spec, frames []venue.Frame, d capture.Drop) (after int, shown bool) {
	sum := spec.Rules(d.Symbol).Checksum
	trusting := *spec
	trusting.Rules = func(symbol string) market.BookRules {
		r := spec.Rules(symbol)
		r.Checksum = nil
		return r
	}
	s := capture.NewSession(&trusting)
	lost := false
	s.OnEvent = func(e *market.Event, err error) {
		if !lost || shown || e.Symbol != d.Symbol {
			return
		}
		v := s.Books[e.Symbol].Publish()
		wrong := e.HasChecksum && sum.Sum(sent(v, v.Bids, sum.Depth), sent(v, v.Asks, sum.Depth)) != e.Checksum
		if shown = err != nil || wrong || v.State == book.Crossed; !shown {
			after++
		}
	}
	for i := range frames {
		if i == d.Frame {
			lost = true
			continue
		}
		_ = s.Play(&frames[i]) // the decoder may refuse what follows a loss
	}
	return after, shown
}

// sent are the best levels with the digits that the venue sent.
func sent(v *book.View, levels []book.Level, depth int) []market.Level {
	out := make([]market.Level, 0, depth)
	for _, l := range levels[:min(depth, len(levels))] {
		price, errPrice := money.Num{Coef: int64(l.Price), Scale: v.PriceScale}.At(l.PriceDec)
		size, errSize := money.Num{Coef: int64(l.Size), Scale: v.SizeScale}.At(l.SizeDec)
		if errPrice != nil || errSize != nil {
			panic("a level finer than it was sent")
		}
		out = append(out, market.Level{
			Price: money.Num{Coef: price, Scale: l.PriceDec}, Size: money.Num{Coef: size, Scale: l.SizeDec}})
	}
	return out
}
