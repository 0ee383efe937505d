// Package sample watches markets go by and notes what became of prices.
//
// A Session is a stretch of a market: recorded captures, or an invented market.
// Run plays it through a real engine by the session's own clock. At every step it
// prices a set of orders, and when a horizon is over it takes the best output of
// the same order on the venues of the first answer. The difference is one
// confidence.Observation.
//
// A newcomer would guess that 2,000 observations of a minute are 2,000 tries.
// They share one minute of one market; package confidence counts them so.
package sample

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chronos.dev/confidence"
	"chronos.dev/confidence/facts"
	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/money"
)

// Session is a stretch of a market that can be played once.
type Session interface {
	Name() string
	Source() confidence.Source
	// Span is from when until when books are heard of, Unix nanoseconds.
	Span() (from, until int64)
	// Options are those of the engine that can hold the books.
	Options() engine.Options
	// Play applies to w what is heard until until, which never falls, and what
	// confirms quiet books, and flushes.
	Play(w *engine.Writer, until int64)
}

// Options say how to look at a session. Zero means the default.
type Options struct {
	Every    time.Duration   // between two prices of an order, 250 ms; a part of a second, or whole seconds
	Horizons []time.Duration // 1 s, 5 s and 30 s; whole multiples of Every and sampled by confidence
	Indirect int             // most pairs of assets without a market of their own; 0: 6
}

// DefaultHorizons are the lives of a quote that are sampled.
var DefaultHorizons = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}

func (o Options) defaults() (Options, error) {
	if o.Every == 0 {
		o.Every = time.Second / 4
	}
	if o.Indirect == 0 {
		o.Indirect = 6
	}
	if o.Horizons == nil {
		o.Horizons = DefaultHorizons
	}
	if o.Every <= 0 || time.Second%o.Every != 0 && o.Every%time.Second != 0 {
		return o, fmt.Errorf("sample: every %v: want a part of a second, such as 250ms, or whole seconds", o.Every)
	}
	for _, h := range o.Horizons {
		if h < o.Every || h%o.Every != 0 || !slices.Contains(confidence.Horizons(), h) {
			return o, fmt.Errorf("sample: horizon %v: want a multiple of %v among %v",
				h, o.Every, confidence.Horizons())
		}
	}
	return o, nil
}

// Stats count what was done in a session.
type Stats struct {
	Orders    int // of how many kinds
	Quotes    int // prices that an outcome was awaited of
	Refused   int // prices that the engine refused: no depth, no route, stale books
	Outcomes  int // observations
	Lost      int // of Outcomes: nothing at all could be had any more
	Unsettled int // horizons that the session ended before
}

// Add sums.
func (s *Stats) Add(o Stats) {
	s.Orders, s.Quotes, s.Refused = s.Orders+o.Orders, s.Quotes+o.Quotes, s.Refused+o.Refused
	s.Outcomes, s.Lost, s.Unsettled = s.Outcomes+o.Outcomes, s.Lost+o.Lost, s.Unsettled+o.Unsettled
}

// sampler is the state of one Run.
type sampler struct {
	opts    Options
	session Session
	engine  *engine.Engine
	watch   *facts.Watch
	orders  orders
	due     map[int64][]pending // by the step at which the outcome is known
	emit    func(*confidence.Observation) error
	stats   Stats
}

// pending is a price whose horizon is not over.
type pending struct {
	order  int
	out    money.Amount
	venues []string
	seen   confidence.Observation // without Change
}

// Run plays s to its end and hands every observation to emit, in the order of
// their starts; progress, if not nil, is told how many nanoseconds have passed.
// It fails with the error of ctx, of emit, of the options, or of an engine that
// cannot hold the books.
func Run(
	ctx context.Context, s Session, o Options, emit func(*confidence.Observation) error, progress func(int64),
) (Stats, error) {
	o, err := o.defaults()
	if err != nil {
		return Stats{}, err
	}
	e, err := engine.New(s.Options())
	if err != nil {
		return Stats{}, fmt.Errorf("sample: %s: %w", s.Name(), err)
	}
	inOrder := confidence.NewOrder(emit)
	r := &sampler{
		opts: o, session: s, engine: e, watch: facts.NewWatch(), orders: newOrders(o.Indirect),
		due: map[int64][]pending{}, emit: inOrder.Add,
	}
	w := e.Writer()
	from, until := s.Span()
	for now := from; now <= until; now += int64(o.Every) {
		if err := ctx.Err(); err != nil {
			return r.stats, err
		}
		s.Play(w, now)
		if (now-from)%int64(facts.Every) == 0 {
			r.watch.Tick(e, now)
			r.orders.look(e, now)
		}
		if err := r.step(now); err != nil {
			return r.stats, err
		}
		if progress != nil {
			progress(now - from)
		}
	}
	for _, left := range r.due {
		r.stats.Unsettled += len(left)
	}
	r.stats.Orders = len(r.orders.list)
	return r.stats, inOrder.Finish()
}

// step prices every order, settles what is due with these prices where they
// serve, and awaits the outcomes of the new ones.
func (r *sampler) step(now int64) error {
	prices := make([]*engine.Price, len(r.orders.list))
	for i := range r.orders.list {
		p, err := r.engine.Price(r.orders.list[i], now)
		if err != nil {
			if !expected(err) {
				return fmt.Errorf("sample: %s: %w", r.session.Name(), err)
			}
			r.stats.Refused++
			continue
		}
		prices[i] = p
	}
	due := r.due[now]
	delete(r.due, now)
	for i := range due {
		if err := r.settle(&due[i], prices[due[i].order], now); err != nil {
			return err
		}
	}
	for i, p := range prices {
		if p != nil {
			r.await(i, p, now)
		}
	}
	return nil
}

// await notes a price under each horizon.
func (r *sampler) await(order int, p *engine.Price, now int64) {
	venues := p.Plan.Venues()
	for _, h := range r.opts.Horizons {
		end := now + int64(h)
		b := confidence.Classify(r.watch.Of(p, h))
		r.due[end] = append(r.due[end], pending{order, p.Plan.Out, venues, confidence.Observation{
			At: now, Bucket: b, Source: r.session.Source(),
		}})
		r.stats.Quotes++
	}
}

// settle finds what the order gives now on the venues of its price. best is the
// price on all venues: where it uses no other, it is the best on those too.
func (r *sampler) settle(d *pending, best *engine.Price, now int64) error {
	out := money.Amount(0)
	if best != nil && subset(best.Plan.Venues(), d.venues) {
		out = best.Plan.Out
	} else {
		req := r.orders.list[d.order]
		req.Only = d.venues
		p, err := r.engine.Price(req, now)
		switch {
		case err == nil:
			out = p.Plan.Out
		case !expected(err):
			return fmt.Errorf("sample: %s: %w", r.session.Name(), err)
		default:
			r.stats.Lost++
		}
	}
	r.stats.Outcomes++
	d.seen.Change = confidence.Between(d.out, out)
	return r.emit(&d.seen)
}

// expected reports an error that says what the books do not give.
func expected(err error) bool {
	var none *route.NoRouteError
	var stale *route.StaleError
	var deep *route.DepthError
	return errors.As(err, &none) || errors.As(err, &stale) || errors.As(err, &deep) ||
		errors.Is(err, money.ErrOverflow)
}

// subset reports whether every name of a is in b, both sorted.
func subset(a, b []string) bool {
	for _, name := range a {
		if _, ok := slices.BinarySearch(b, name); !ok {
			return false
		}
	}
	return true
}
