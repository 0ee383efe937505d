package api

import (
	"fmt"
	"strconv"
	"time"

	"chronos.dev/engine"
	"chronos.dev/internal/jscan"
)

// maxBatch is the most items of one request for prices.
const maxBatch = 1000

// prices answers POST /v1/prices: a price for each item, in order, each as
// GET /v1/price would give it or the problem that it would answer with. A request
// with a mistake in any item is refused whole.
func (s *Server) prices(r *request) {
	if !s.enter(r) {
		return
	}
	defer s.leave()
	ok := s.quickItems(r)
	if !ok {
		r.items, ok = s.readItems(r)
	}
	items := r.items
	if s.limiter != nil && len(items) > s.limiter.rate {
		r.fail("/items", "too_many", fmt.Sprintf("Send at most %d items: each counts as a request.", s.limiter.rate))
		ok = false
	}
	if !ok {
		r.refuseInvalid()
		return
	}
	if !s.takeMore(r, len(items)-1) {
		r.problem(newProblem("rate-limited"))
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for i := range items {
		s.item(r, items[i])
	}
	w.Close(']')
	w.Close('}')
	r.cache = cachePrice
}

// item appends one price, or why there is none.
func (s *Server) item(r *request, req engine.Request) {
	begin := s.opts.Clock()
	p, err := indicate(r.memory, s.opts.Engine, req, r.start.UnixNano())
	took := s.opts.Clock().Sub(begin)
	s.metrics.compute(req.Out > 0, took)
	w := &r.out
	w.Open('{')
	defer w.Close('}')
	if err != nil {
		problem := ProblemOf(s.opts.Engine, req, err)
		if problem.Status == 500 {
			s.opts.Log("api: price in request %s: %v", r.id, err)
		}
		problem.RequestID = string(r.id)
		w.Key("problem")
		w.B = problem.Append(w.B)
		return
	}
	w.Key("price")
	r.pricer.append(w, p, Meta{Source: s.opts.Source, ComputedUS: took.Microseconds()})
	s.metrics.gap(r.pricer.gap)
}

// takeMore counts n more requests against the limit of the caller's address.
func (s *Server) takeMore(r *request, n int) bool {
	if s.limiter == nil || n == 0 {
		return true
	}
	r.limit = s.limiter.takeMany(r.address, r.start.UnixNano(), n)
	r.retryAfter = r.limit.wait
	return r.limit.ok
}

// readItems reads {"items":[{"sell_asset","buy_asset","sell_amount" or "buy_amount",
// "max_hops","strategy","max_settlement_ms"}]}, strictly. Where it returns false the
// mistakes are noted.
func (s *Server) readItems(r *request) (items []engine.Request, ok bool) {
	var scan jscan.Scanner
	scan.Reset(r.body)
	found := false
	err := scan.Object(func(key []byte) error {
		if string(key) != "items" {
			r.fail("/"+pointer(key), "unknown_key", "This resource takes items.")
			return scan.Skip()
		}
		found = true
		if scan.Peek() != jscan.Array {
			r.fail("/items", "items_format", "Send a list of items.")
			return scan.Skip()
		}
		return scan.Array(func(i int) error {
			if i >= maxBatch {
				if i == maxBatch {
					r.fail("/items", "too_many", fmt.Sprintf("Send at most %d items.", maxBatch))
				}
				return scan.Skip()
			}
			req, err := s.itemAt(r, &scan, "/items/"+strconv.Itoa(i))
			items = append(items, req)
			return err
		})
	})
	if err == nil {
		err = scan.End()
	}
	r.failSyntax(err)
	if len(r.invalid) == 0 && (!found || len(items) == 0) {
		r.fail("/items", "items_missing", "Send at least one item.")
	}
	return items, len(r.invalid) == 0
}

// itemAt reads one item and checks it.
func (s *Server) itemAt(r *request, scan *jscan.Scanner, at string) (req engine.Request, err error) {
	if k := scan.Peek(); k == jscan.None {
		return req, scan.Skip() // which says what is wrong
	} else if k != jscan.Object {
		r.fail(at, "items_format", `Send an item like {"sell_asset":"BTC","buy_asset":"USD","sell_amount":"2.5"}.`)
		return req, scan.Skip()
	}
	b := orderBody{at: at}
	err = scan.Object(func(key []byte) (err error) {
		known := false
		if known, err = r.orderField(scan, &b, key); known {
			return err
		}
		switch string(key) {
		case "max_hops":
			req.MaxHops, err = r.wholeAt(scan, at, "max_hops", "hops_range", s.opts.Engine.MaxHops())
		case "max_settlement_ms":
			var ms int
			ms, err = r.wholeAt(scan, at, "max_settlement_ms", "settlement_range", maxSettle)
			req.MaxSettle = time.Duration(ms) * time.Millisecond
		case "strategy":
			req.Preset, err = r.presetAt(scan, at)
		default:
			r.fail(at+"/"+pointer(key), "unknown_key",
				"An item has sell_asset, buy_asset, sell_amount or buy_amount, max_hops, strategy, max_settlement_ms.")
			err = scan.Skip()
		}
		return err
	})
	if err != nil || len(r.invalid) > 0 {
		return req, err
	}
	order := s.orderRequest(r, &b)
	order.MaxHops, order.Preset, order.MaxSettle = req.MaxHops, req.Preset, req.MaxSettle
	return order, nil
}

// presetAt reads a strategy.
func (r *request) presetAt(scan *jscan.Scanner, at string) (p engine.Preset, err error) {
	name, err := r.stringAt(scan, at+"/strategy", "strategy")
	if err != nil || len(r.invalid) > 0 {
		return p, err
	}
	if p, err = engine.ParsePreset(name); err != nil {
		r.fail(at+"/strategy", "unknown_strategy", "Send cheapest, balanced or fast.")
	}
	return p, nil
}

// wholeAt reads a number from 1 to most.
func (r *request) wholeAt(scan *jscan.Scanner, at, name, code string, most int) (int, error) {
	if scan.Peek() == jscan.Number {
		text, err := scan.Number()
		if err != nil {
			return 0, err
		}
		if n, err := strconv.Atoi(string(text)); err == nil && n >= 1 && n <= most {
			return n, nil
		}
	} else if err := scan.Skip(); err != nil {
		return 0, err
	}
	r.fail(at+"/"+name, code, fmt.Sprintf("Send a whole number from 1 to %d.", most))
	return 0, nil
}
