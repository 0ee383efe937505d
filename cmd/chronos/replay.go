package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"chronos.dev/engine"
	"chronos.dev/feed"
	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue"
	"chronos.dev/feed/venue/all"
	"chronos.dev/market"

	"github.com/spf13/cobra"
)

// replayFlags choose captures and how to play them.
type replayFlags struct {
	captures string
	venues   []string // handlers
	only     string   // glob on ids
	speed    string
	loop     bool
	progress io.Writer // nil: none
}

func (r *replayFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.captures, "captures", "", "folder of recorded captures to publish, time-aligned")
	r.choice(c)
	f.StringVar(&r.speed, "speed", "1", "1 plays as recorded, max as fast as Kafka takes it")
	f.BoolVar(&r.loop, "loop", false, "begin again at the end")
}

// choice adds the flags that choose among the captures of a folder.
func (r *replayFlags) choice(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&r.venues, "venues", nil, "only captures of these handlers, such as kraken,binance")
	f.StringVar(&r.only, "only", "", "only captures whose id matches, such as '2021-04-17/*'")
}

// entries returns the chosen captures of a folder.
func (r *replayFlags) entries(f *capture.Folder) ([]*capture.Entry, error) {
	var chosen []*capture.Entry
	for i := range f.Entries {
		e := &f.Entries[i]
		if len(r.venues) > 0 && !slices.Contains(r.venues, e.Handler) {
			continue
		}
		if r.only != "" {
			ok, err := path.Match(r.only, e.ID)
			if err != nil {
				return nil, exit(exitUsage, fmt.Errorf("--only %q: %w", r.only, err))
			}
			if !ok {
				continue
			}
		}
		chosen = append(chosen, e)
	}
	if len(chosen) == 0 {
		return nil, exit(exitUsage, fmt.Errorf("no capture of %s is chosen; it has the handlers %s",
			r.captures, strings.Join(handlers(f), ", ")))
	}
	return chosen, nil
}

func handlers(f *capture.Folder) []string {
	var names []string
	for i := range f.Entries {
		names = append(names, f.Entries[i].Handler)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// track is one capture of a replay.
type track struct {
	spec   *venue.Spec
	frames []venue.Frame
	begin  int64               // time of the first frame
	keys   map[string]trackKey // by the venue's symbol
}

type trackKey struct {
	key market.Key
	ok  bool
}

// books returns the markets that are played from t.
func (t *track) books() []market.Key {
	var keys []market.Key
	for _, k := range t.keys {
		if k.ok {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// replay is a set of captures, shifted so that each begins at time 0.
type replay struct {
	flags  *replayFlags
	tracks []track
	keys   []market.Key
	frames int

	refused *atomic.Int64 // counts the frames that a decoder refuses
}

// load reads the captures. A market that several captures hold is played from
// the first of them only.
func (r *replayFlags) load() (*replay, error) {
	if r.speed != "1" && r.speed != "max" {
		return nil, exit(exitUsage, fmt.Errorf("--speed %q: want 1 or max", r.speed))
	}
	f, err := capture.Open(r.captures)
	if err != nil {
		return nil, exit(exitUsage, err)
	}
	defer f.Close()
	entries, err := r.entries(f)
	if err != nil {
		return nil, err
	}
	p := &replay{flags: r}
	taken := map[market.Key]bool{}
	for _, e := range entries {
		spec, ok := capture.Match(all.Specs, e)
		if !ok {
			continue
		}
		frames, err := f.Load(e)
		if err != nil {
			return nil, exit(exitUsage, err)
		}
		if len(frames) == 0 {
			continue
		}
		t := track{spec: spec, frames: frames, begin: frames[0].Time, keys: map[string]trackKey{}}
		p.survey(&t, taken)
		p.tracks = append(p.tracks, t)
		p.frames += len(frames)
	}
	return p, nil
}

// survey finds the spot markets of a capture.
func (p *replay) survey(t *track, taken map[market.Key]bool) {
	decoder := t.spec.New()
	for i := range t.frames {
		_, _ = decoder.Decode(&t.frames[i], func(e *market.Event) {
			if _, ok := t.keys[e.Symbol]; ok {
				return
			}
			pair, ok := t.spec.Pair(e.Symbol)
			key := market.Key{Venue: t.spec.Venue, Pair: pair}
			ok = ok && !taken[key]
			t.keys[e.Symbol] = trackKey{key, ok}
			if ok {
				taken[key] = true
				p.keys = append(p.keys, key)
			}
		})
	}
}

// play publishes all captures side by side, again and again with --loop.
func (p *replay) play(ctx context.Context, pub *feed.Publisher) error {
	for pass := 0; ; pass++ {
		if pass > 0 {
			for _, key := range p.keys {
				gap := market.Event{Kind: market.Gap, Reason: "the replay begins again"}
				gap.RecvTime = time.Now().UnixNano()
				if err := publish(ctx, pub, key, &gap); err != nil {
					return err
				}
			}
		}
		if err := p.pass(ctx, pub); err != nil || !p.flags.loop {
			return err
		}
	}
}

// pass publishes all captures once.
func (p *replay) pass(ctx context.Context, pub *feed.Publisher) error {
	bar := newBar(p.flags.progress, p.frames)
	defer bar.done()
	decoders := make([]venue.Decoder, len(p.tracks))
	next := make([]int, len(p.tracks))
	conns := make([]*feed.Connection, len(p.tracks))
	for i := range p.tracks {
		decoders[i] = p.tracks[i].spec.New()
		conns[i] = pub.Connect(p.tracks[i].books()...)
	}
	start := time.Now()
	for {
		i := p.earliest(next)
		if i < 0 {
			return nil
		}
		t := &p.tracks[i]
		f := t.frames[next[i]]
		next[i]++
		bar.add()
		now := time.Now()
		if p.flags.speed == "1" {
			now = start.Add(time.Duration(f.Time - t.begin))
			if !sleepUntil(ctx, now) {
				return ctx.Err()
			}
		}
		f.Time = now.UnixNano()
		var failed error
		_, err := decoders[i].Decode(&f, func(e *market.Event) {
			if k := t.keys[e.Symbol]; k.ok && failed == nil {
				failed = publish(ctx, pub, k.key, e)
			}
		})
		if failed != nil {
			return failed
		}
		if err != nil { // and the book shows it
			p.refused.Add(1)
		}
		conns[i].Heard(now)
	}
}

// earliest returns the capture whose next frame comes first, -1 at the end.
func (p *replay) earliest(next []int) int {
	best, at := -1, int64(0)
	for i := range p.tracks {
		t := &p.tracks[i]
		if next[i] == len(t.frames) {
			continue
		}
		if d := t.frames[next[i]].Time - t.begin; best < 0 || d < at {
			best, at = i, d
		}
	}
	return best
}

// newReplay makes the captures a source of serve.
func newReplay(r *replayFlags) (*source, error) {
	p, err := r.load()
	if err != nil {
		return nil, err
	}
	s := &source{
		title:  fmt.Sprintf("time-aligned replay of %d recorded captures: real books, not one moment", len(p.tracks)),
		origin: market.Replay,
		keys:   p.keys, rules: all.Rules,
		play:     func(ctx context.Context, to *outlet) error { return p.play(ctx, to.Publisher) },
		describe: func(*engine.Options) {},
	}
	p.refused = &s.frameErrors
	return s, nil
}
