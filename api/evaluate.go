package api

import (
	"errors"
	"strconv"

	"chronos.dev/engine"
)

// evaluate answers POST /v1/routes/evaluate: the caller's own route, and beside
// it the price over the same books.
func (s *Server) evaluate(r *request) {
	body, ok := r.readOrder()
	if !ok {
		r.refuseInvalid()
		return
	}
	req := s.orderRequest(r, &body)
	if len(body.route) == 0 {
		r.fail("/route", "route_missing", `Send the hops, like [{"venue":"kraken","market":"BTC-USD"}].`)
	}
	if len(r.invalid) > 0 {
		r.refuseInvalid()
		return
	}
	if !s.enter(r) {
		return
	}
	defer s.leave()
	begin := s.opts.Clock()
	own, best, err := s.opts.Engine.Evaluate(req, body.route, r.start.UnixNano())
	if err == nil && forNothing(own) {
		err = refuseNothing(s.opts.Engine, req, own, r.start.UnixNano())
	}
	took := s.opts.Clock().Sub(begin)
	switch {
	case r.failRoute(err):
		r.refuseInvalid()
		return
	case err != nil:
		s.noPrice(r, req, err)
		return
	}
	w, m := &r.out, Meta{Source: s.opts.Source, ComputedUS: took.Microseconds()}
	w.Open('{')
	w.Key("evaluated")
	r.pricer.append(w, own, m)
	w.Key("optimum")
	r.pricer.append(w, best, m)
	w.Key("difference_bps")
	appendBehind(w, &own.Plan, &best.Plan)
	w.Close('}')
	r.cache = cachePrice
}

// orderRequest checks assets and amounts of a body.
func (s *Server) orderRequest(r *request, b *orderBody) (req engine.Request) {
	sell, okSell := s.asset(r, b.at+"/sell_asset", b.sell)
	buy, okBuy := s.asset(r, b.at+"/buy_asset", b.buy)
	if okSell && okBuy && sell.Symbol == buy.Symbol {
		r.fail(b.at+"/buy_asset", "same_asset", "Name two different assets.")
	}
	switch {
	case b.hasSell == b.hasBuy:
		r.fail(b.at+"/sell_amount", "amount_xor", "Send exactly one of sell_amount and buy_amount.")
	case b.hasSell && okSell:
		req.In = amountOf(r, b.at+"/sell_amount", b.sellAmount, sell)
	case b.hasBuy && okBuy:
		req.Out = amountOf(r, b.at+"/buy_amount", b.buyAmount, buy)
	}
	req.Sell, req.Buy = sell.Symbol, buy.Symbol
	return req
}

// failRoute notes what is wrong with a caller's route, if that is the error.
func (r *request) failRoute(err error) bool {
	var chain *engine.ChainError
	var unknown *engine.UnknownMarketError
	switch {
	case errors.As(err, &unknown):
		r.fail("/route/"+strconv.Itoa(unknown.Hop), "unknown_market",
			"There is no market "+unknown.Key.String()+"; GET /v1/markets lists all.")
	case errors.As(err, &chain):
		r.fail("/route/"+strconv.Itoa(chain.Hop), "route_chain", "Here "+chain.Want+" is at hand. Each hop, of at "+
			"most 3, must sell what the one before bought, from sell_asset to buy_asset, no asset twice.")
	default:
		return false
	}
	return true
}
