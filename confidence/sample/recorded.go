package sample

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"
)

// shortest is the least length of a capture that is of use.
const shortest = int64(5 * time.Second)

// recordedFee is what venues of recorded markets are taken to charge. A share of
// the output takes no part in how the output changes.
var recordedFee = market.Fee{Rate: market.FeeUnit / 1000, On: market.FeeReceived}

// recorded is a session of captures that were recorded at one time. Captures of
// different times are never put side by side: that would be no market.
type recorded struct {
	tracks      []*track
	from, until int64
}

// track is one capture.
type track struct {
	id      string
	spec    *venue.Spec
	frames  []venue.Frame
	next    int
	until   int64 // time of the last message
	heard   int64 // time of the frame played last
	decoder venue.Decoder
	keys    map[string]market.Key // spot markets, by the venue's symbol
	order   []market.Key
}

// Recorded returns the captures of a folder as sessions in the order of their
// times, and says of each one that is left out why. only are the entries to take.
func Recorded(f *capture.Folder, only []*capture.Entry) (sessions []Session, leftOut []string, err error) {
	var tracks []*track
	for _, e := range only {
		t, why, err := load(f, e)
		if err != nil {
			return nil, nil, fmt.Errorf("sample: %s: %w", e.ID, err)
		}
		if why != "" {
			leftOut = append(leftOut, e.ID+": "+why)
			continue
		}
		tracks = append(tracks, t)
	}
	slices.SortStableFunc(tracks, func(a, b *track) int { return cmp.Compare(a.from(), b.from()) })
	var last *recorded
	for _, t := range tracks {
		if last == nil || t.from() > last.until {
			last = &recorded{from: t.from(), until: t.until}
			sessions = append(sessions, last)
		}
		// An end ends the session: a venue of which nothing more was recorded would
		// look silent.
		last.until = min(last.until, t.until)
		last.tracks = append(last.tracks, t)
	}
	for _, s := range sessions {
		s.(*recorded).claim()
	}
	return sessions, leftOut, nil
}

// load reads a capture, or says why it is of no use.
func load(f *capture.Folder, e *capture.Entry) (t *track, why string, err error) {
	spec, ok := capture.Match(all.Specs, e)
	if !ok {
		return nil, "no decoder", nil
	}
	frames, err := f.Load(e)
	if err != nil {
		return nil, "", err
	}
	t = &track{id: e.ID, spec: spec, frames: frames, keys: map[string]market.Key{}}
	for i := range frames {
		if f := &frames[i]; f.Kind == venue.Stream { // lists of instruments may be of another day
			t.until = max(t.until, f.Time)
		}
	}
	if len(frames) == 0 || t.from() <= 0 || t.until-t.from() < shortest {
		return nil, "shorter than 5 s, or without times", nil
	}
	decoder := spec.New()
	for i := range frames {
		_, _ = decoder.Decode(&frames[i], func(ev *market.Event) { // what is refused shows when it is played
			if _, ok := t.keys[ev.Symbol]; ok {
				return
			}
			if pair, ok := spec.Pair(ev.Symbol); ok {
				t.keys[ev.Symbol] = market.Key{Venue: spec.Venue, Pair: pair}
			}
		})
	}
	if len(t.keys) == 0 {
		return nil, "no spot market", nil
	}
	return t, "", nil
}

func (t *track) from() int64 { return t.frames[0].Time }

// claim gives a market that several captures hold to the first of them.
func (s *recorded) claim() {
	taken := map[market.Key]bool{}
	for _, t := range s.tracks {
		t.decoder = t.spec.New()
		for symbol, key := range t.keys {
			if taken[key] {
				delete(t.keys, symbol)
				continue
			}
			t.order = append(t.order, key)
		}
		for _, key := range t.order {
			taken[key] = true
		}
		slices.SortFunc(t.order, func(a, b market.Key) int { return cmp.Compare(a.String(), b.String()) })
	}
}

// Name is the ids of the captures.
func (s *recorded) Name() string {
	name := s.tracks[0].id
	for _, t := range s.tracks[1:] {
		name += "+" + t.id
	}
	return name
}

func (s *recorded) Source() confidence.Source { return confidence.Replay }
func (s *recorded) Span() (from, until int64) { return s.from, s.until }

func (s *recorded) Options() engine.Options {
	return engine.Options{DefaultFee: &recordedFee, Describe: dump.Describe, Rules: all.Rules}
}

// Play applies the frames up to until. A book that is quiet while its connection
// speaks is confirmed, as a publisher does.
func (s *recorded) Play(w *engine.Writer, until int64) {
	for {
		var first *track
		for _, t := range s.tracks {
			if t.next < len(t.frames) && (first == nil || t.frames[t.next].Time < first.frames[first.next].Time) {
				first = t
			}
		}
		if first == nil || first.frames[first.next].Time > until {
			break
		}
		first.play(w)
	}
	for _, t := range s.tracks {
		for _, key := range t.order {
			epoch, seq := w.Seq(key)
			_ = w.Apply(key, &market.Event{
				Kind: market.Delta, Epoch: epoch, Seq: seq, PrevSeq: seq, RecvTime: t.heard, Origin: market.Replay,
			})
		}
	}
	w.Flush(until)
}

// play applies one frame. What a decoder refuses and what a book makes of an
// event show in the books.
func (t *track) play(w *engine.Writer) {
	f := &t.frames[t.next]
	t.next++
	t.heard = f.Time
	_, _ = t.decoder.Decode(f, func(e *market.Event) {
		if key, ok := t.keys[e.Symbol]; ok {
			e.RecvTime, e.Origin = f.Time, market.Replay
			_ = w.Apply(key, e)
		}
	})
}
