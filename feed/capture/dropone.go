package capture

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"chronos.dev/book"
	"chronos.dev/feed/venue"
	"chronos.dev/market"
)

// Drop is what became of one lost message.
type Drop struct {
	ID      string `json:"id"`
	Seed    uint64 `json:"seed"`
	Symbol  string `json:"symbol"`
	Frame   int    `json:"frame"` // index of the frame that was removed
	Noticed bool   `json:"noticed"`
	// After counts messages between the loss and the one that showed it, over
	// all symbols: 0 if the very next message of any kind did.
	After int `json:"after"`
	// AfterOwn counts events of the same symbol in between.
	AfterOwn int    `json:"after_own"`
	By       string `json:"by"` // "sequence", "checksum", "crossed", "decoder"; "" if not noticed
	// Wrong reports that the loss was not noticed and the final book is not what
	// it is without the loss.
	Wrong bool `json:"wrong"`
}

// Drops removes, for each seed, one random book message of the capture and
// reports whether and when the loss was noticed. Messages are drawn from those
// that update a book in step, between a tenth and four fifths of the way through
// that book's messages. It returns nothing for a capture without such a message.
func (f *Folder) Drops(ctx context.Context, e *Entry, spec *venue.Spec, seeds []uint64) ([]Drop, error) {
	frames, err := f.Load(e)
	if err != nil {
		return nil, err
	}
	return DropEach(ctx, e.ID, frames, spec, seeds)
}

// DropEach is Drops on frames.
func DropEach(ctx context.Context, id string, frames []venue.Frame, spec *venue.Spec, seeds []uint64) ([]Drop, error) {
	updates, hashes := survey(frames, spec)
	if len(updates) == 0 {
		return nil, nil
	}
	drops := make([]Drop, 0, len(seeds))
	for _, seed := range seeds {
		if err := ctx.Err(); err != nil {
			return drops, err
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		u := updates[rng.IntN(len(updates))]
		d := Drop{ID: id, Seed: seed, Symbol: u.symbol, Frame: u.frame}
		d.play(frames, spec, hashes[u.symbol])
		drops = append(drops, d)
	}
	return drops, nil
}

// update is a frame that updated one book and nothing else.
type update struct {
	frame  int
	symbol string
}

// survey plays all frames and returns what may be dropped and the final hashes.
func survey(frames []venue.Frame, spec *venue.Spec) ([]update, map[string]string) {
	s := NewSession(spec)
	var events int
	var last market.Event
	s.OnEvent = func(e *market.Event, err error) {
		if err == nil {
			events++
			last = market.Event{Kind: e.Kind, Symbol: e.Symbol, Seq: e.Seq, PrevSeq: e.PrevSeq}
		}
	}
	bySymbol := map[string][]update{}
	var symbols []string
	for i := range frames {
		events = 0
		err := s.Play(&frames[i])
		if err != nil || events != 1 || last.Kind != market.Delta {
			continue
		}
		if st, _ := s.Books[last.Symbol].State(); st != book.Live {
			continue
		}
		if bySymbol[last.Symbol] == nil {
			symbols = append(symbols, last.Symbol)
		}
		bySymbol[last.Symbol] = append(bySymbol[last.Symbol], update{i, last.Symbol})
	}
	slices.Sort(symbols)
	var all []update
	hashes := map[string]string{}
	for _, symbol := range symbols {
		u := bySymbol[symbol]
		all = append(all, u[len(u)/10:len(u)*8/10]...)
		hashes[symbol] = Hash(s.Books[symbol].Publish())
	}
	return all, hashes
}

// play plays the capture without the dropped frame.
func (d *Drop) play(frames []venue.Frame, spec *venue.Spec, want string) {
	s := NewSession(spec)
	lost := false
	s.OnEvent = func(e *market.Event, err error) {
		if !lost || d.Noticed || e.Symbol != d.Symbol {
			return
		}
		if d.By = noticedBy(s.Books[e.Symbol], err); d.By != "" {
			d.Noticed = true
			return
		}
		d.AfterOwn++
	}
	for i := range frames {
		if i == d.Frame {
			lost = true
			continue
		}
		kinds := total(s.Kinds)
		_ = s.Play(&frames[i]) // a capture without a message may be refused in places
		if d.Noticed {
			return
		}
		if lost {
			d.After += total(s.Kinds) - kinds
		}
	}
	d.Wrong = Hash(s.Books[d.Symbol].Publish()) != want
}

func noticedBy(b *book.Book, err error) string {
	var sum *book.ChecksumError
	var gap *book.GapError
	var decoder *book.VenueGapError
	switch st, _ := b.State(); {
	case errors.As(err, &sum):
		return "checksum"
	case errors.As(err, &gap):
		return "sequence"
	case errors.As(err, &decoder):
		return "decoder"
	case st == book.Crossed:
		return "crossed"
	}
	return ""
}

func total(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}
