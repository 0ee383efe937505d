package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// priceParams are the names of the parameters, by the index of their values.
var priceParams = []string{
	"sell_asset", "buy_asset", "sell_amount", "buy_amount", "max_hops", "only_venues", "exclude_venues",
	"strategy", "max_settlement_ms",
}

// routesParams are those of GET /v1/routes.
var routesParams = append(slices.Clone(priceParams), "paths")

const (
	paramSell = iota
	paramBuy
	paramSellAmount
	paramBuyAmount
	paramMaxHops
	paramOnly
	paramExclude
	paramStrategy
	paramMaxSettle
	paramPaths
)

// maxSettle is the longest limit of a settlement time, in milliseconds: 30 days.
const maxSettle = 30 * 24 * 3600 * 1000

// maxVenues is how many venues a request may name in one list.
const maxVenues = 32

// price answers GET /v1/price.
func (s *Server) price(r *request) {
	if !s.enter(r) {
		return
	}
	defer s.leave()
	req, ok := s.priceRequest(r, priceParams)
	if !ok {
		r.refuseInvalid()
		return
	}
	begin := s.opts.Clock()
	p, err := indicate(r.memory, s.opts.Engine, req, r.start.UnixNano())
	took := s.opts.Clock().Sub(begin)
	s.metrics.compute(req.Out > 0, took)
	if err != nil {
		s.noPrice(r, req, err)
		return
	}
	if r.unchanged(p) {
		return
	}
	r.pricer.append(&r.out, p, Meta{
		Source: s.opts.Source, ComputedUS: took.Microseconds(),
	})
	s.metrics.gap(r.pricer.gap)
	r.cache = cachePrice
}

// noPrice answers a request that the engine refused.
func (s *Server) noPrice(r *request, req engine.Request, err error) {
	problem := ProblemOf(s.opts.Engine, req, err)
	if problem.Status == 500 {
		s.opts.Log("api: price in request %s: %v", r.id, err)
	}
	r.problem(problem)
}

// Indicate prices r at now, Unix nanoseconds. It fails with the errors of
// engine.Engine.Price, and with *route.NoRouteError when what the customer would
// receive rounds to nothing at the scale he is shown: nobody sells for nothing.
func Indicate(e *engine.Engine, r engine.Request, now int64) (*engine.Price, error) {
	return indicate(new(engine.Memory), e, r, now)
}

// indicate is Indicate with the answer in m.
func indicate(m *engine.Memory, e *engine.Engine, r engine.Request, now int64) (*engine.Price, error) {
	p, err := e.PriceIn(m, r, now)
	if err == nil && forNothing(p) {
		err = refuseNothing(e, r, p, now)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// forNothing reports that the customer would receive nothing.
func forNothing(p *engine.Price) bool { return shown(p.Plan.Out, p.Plan.Buy, money.Down) == 0 }

// refuseNothing refuses such a price, with the least for which he would receive
// something.
func refuseNothing(e *engine.Engine, r engine.Request, p *engine.Price, now int64) error {
	none := &route.NoRouteError{Reason: route.BelowMinimum, Explain: p.LeftOut}
	r.In, r.Out = 0, money.Amount(money.Pow10(p.Plan.Buy.EngineScale-p.Plan.Buy.Scale))
	if least, err := e.Price(r, now); err == nil {
		none.Next = route.Amounts{In: least.Plan.In, Out: least.Plan.Out}
	}
	return none
}

// priceRequest reads the query. Where it returns false the mistakes are noted.
func (s *Server) priceRequest(r *request, params []string) (req engine.Request, ok bool) {
	if !r.accept(params...) {
		return req, false
	}
	sell, okSell := s.asset(r, "/sell_asset", string(r.params.values[paramSell]))
	buy, okBuy := s.asset(r, "/buy_asset", string(r.params.values[paramBuy]))
	if okSell && okBuy && sell.Symbol == buy.Symbol {
		r.fail("/buy_asset", "same_asset", "Name two different assets.")
	}
	if r.params.given[paramSellAmount] == r.params.given[paramBuyAmount] {
		r.fail("/sell_amount", "amount_xor", "Send exactly one of sell_amount and buy_amount.")
	} else {
		if okSell {
			req.In = r.amountParam(paramSellAmount, sell)
		}
		if okBuy {
			req.Out = r.amountParam(paramBuyAmount, buy)
		}
	}
	req.Sell, req.Buy = sell.Symbol, buy.Symbol
	if r.params.given[paramMaxHops] {
		req.MaxHops = r.intParam(paramMaxHops, "max_hops", 1, s.opts.Engine.MaxHops(), "hops_range")
	}
	req.Only, req.Exclude = s.venuesParam(r, paramOnly), s.venuesParam(r, paramExclude)
	if r.params.given[paramStrategy] {
		var err error
		if req.Preset, err = engine.ParsePreset(string(r.params.values[paramStrategy])); err != nil {
			r.fail("/strategy", "unknown_strategy", "Send cheapest, balanced or fast.")
		}
	}
	if r.params.given[paramMaxSettle] {
		ms := r.intParam(paramMaxSettle, "max_settlement_ms", 1, maxSettle, "settlement_range")
		req.MaxSettle = time.Duration(ms) * time.Millisecond
	}
	return req, len(r.invalid) == 0
}

// venuesParam reads names of venues between commas, nil if it is not given.
func (s *Server) venuesParam(r *request, i int) []string {
	if !r.params.given[i] {
		return nil
	}
	at := "/" + priceParams[i]
	names := strings.Split(string(r.params.values[i]), ",")
	if len(names) > maxVenues {
		r.fail(at, "too_many", fmt.Sprintf("Name at most %d venues.", maxVenues))
		return nil
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			r.fail(at, "duplicate_venue", "Name each venue once; "+echo([]byte(name))+" is named twice.")
		}
		if name == "" {
			r.fail(at, "unknown_venue", "A name is missing: separate names by single commas.")
		} else if !s.opts.Engine.KnowsVenue(name) {
			r.fail(at, "unknown_venue", "There is no venue "+echo([]byte(name))+"; GET /v1/venues lists all.")
		}
	}
	return names
}

// asset finds an asset that the engine knows.
func (s *Server) asset(r *request, at, symbol string) (market.Asset, bool) {
	if symbol == "" {
		r.fail(at, "asset_missing", "Name an asset, for example BTC.")
		return market.Asset{}, false
	}
	a, ok := s.opts.Engine.Asset(symbol)
	if !ok {
		r.fail(at, "unknown_asset", unknownAsset(s.opts.Engine, symbol))
	}
	return a, ok
}

// amountParam reads an amount of a, if it is given, as engine minor units.
func (r *request) amountParam(i int, a market.Asset) money.Amount {
	if !r.params.given[i] {
		return 0
	}
	v, bad := parseAmount(r.params.values[i], a)
	if bad != nil {
		r.fail("/"+priceParams[i], bad.Code, bad.Detail)
	}
	return v
}

// amountOf reads an amount of a as engine minor units.
func amountOf[T []byte | string](r *request, at string, text T, a market.Asset) money.Amount {
	v, bad := parseAmount(text, a)
	if bad != nil {
		r.fail(at, bad.Code, bad.Detail)
	}
	return v
}

// AmountError reports an amount that a customer may not send. Code is the
// pointer code of a problem and Detail its sentence.
type AmountError struct{ Code, Detail string }

func (e *AmountError) Error() string { return "api: " + e.Code + ": " + e.Detail }

// ParseAmount reads a customer's amount of a, at most a.Scale decimals, as
// engine minor units. It is above zero, or the error is an *AmountError.
func ParseAmount(v string, a market.Asset) (money.Amount, error) {
	n, bad := parseAmount(v, a)
	if bad != nil {
		return 0, bad
	}
	return n, nil
}

func parseAmount[T []byte | string](v T, a market.Asset) (money.Amount, *AmountError) {
	if len(v) == 0 {
		return 0, &AmountError{"amount_missing", "Send an amount, for example 2.5."}
	}
	n, err := text.ParseAmount(v, a.Scale)
	if err != nil {
		return 0, amountError(err, a)
	}
	if n == 0 {
		return 0, &AmountError{"amount_range", "Send an amount above zero."}
	}
	units, err := money.Num{Coef: int64(n), Scale: a.Scale}.At(a.EngineScale)
	if err != nil {
		return 0, amountError(err, a)
	}
	return money.Amount(units), nil
}

func amountError(err error, a market.Asset) *AmountError {
	var scale *text.ScaleError
	switch {
	case errors.As(err, &scale):
		return &AmountError{"amount_scale", fmt.Sprintf("%s has at most %d decimals.", a.Symbol, a.Scale)}
	case errors.Is(err, text.ErrFormat):
		return &AmountError{"amount_format",
			"Send a plain decimal of at most 20 digits, a point and 18 digits, for example 2.5."}
	}
	return &AmountError{"amount_range", "This is more " + a.Symbol + " than can be counted."}
}

// intParam reads a whole number from least to most.
func (r *request) intParam(i int, name string, least, most int, code string) int {
	v := r.params.values[i]
	if len(v) > 0 && len(v) < 11 {
		n := 0
		for _, c := range v {
			if c < '0' || c > '9' {
				n = -1
				break
			}
			n = n*10 + int(c-'0')
		}
		if n >= least && n <= most && v[0] != '0' {
			return n
		}
	}
	r.fail("/"+name, code, fmt.Sprintf("Send a whole number from %d to %d.", least, most))
	return 0
}
