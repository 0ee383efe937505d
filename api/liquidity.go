package api

import (
	"slices"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/market"
	"chronos.dev/money"
)

// liquidityParams are the names of the parameters, by the index of their values.
var liquidityParams = []string{"asset", "provider"}

const (
	paramAsset = iota
	paramProvider
)

// liquidity answers GET /v1/liquidity: what treasury providers offer, tier by tier.
func (s *Server) liquidity(r *request) {
	ok := r.accept(liquidityParams...)
	asset, provider := string(r.params.values[paramAsset]), string(r.params.values[paramProvider])
	if ok && r.params.given[paramAsset] {
		s.asset(r, "/asset", asset)
	}
	version := s.opts.Engine.Version() // before the offers, so that it is never ahead of them
	all := s.opts.Engine.Offers(r.start.UnixNano())
	if ok && r.params.given[paramProvider] &&
		!slices.ContainsFunc(all, func(o engine.OfferStatus) bool { return o.Key.Venue == provider }) {
		r.fail("/provider", "unknown_provider",
			"There is no provider "+echo([]byte(provider))+"; GET /v1/providers lists all.")
	}
	if len(r.invalid) > 0 {
		r.refuseInvalid()
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for i := range all {
		key := &all[i].Key
		of := asset == "" || asset == key.Pair.Base || asset == key.Pair.Quote
		if of && (provider == "" || provider == key.Venue) {
			s.appendOffer(w, &all[i], r.start.UnixNano())
		}
	}
	w.Close(']')
	w.Key("graph_version").Uint(version)
	w.Close('}')
}

// appendOffer appends what one provider offers for one pair.
func (s *Server) appendOffer(w *wire.Writer, o *engine.OfferStatus, now int64) {
	base, _ := s.opts.Engine.Asset(o.Key.Pair.Base)
	quote, _ := s.opts.Engine.Asset(o.Key.Pair.Quote)
	w.Open('{')
	w.Key("provider").Str(o.Key.Venue)
	appendPair(w, "market", o.Key.Pair)
	w.Key("base").Str(base.Symbol)
	w.Key("quote").Str(quote.Symbol)
	appendStanding(w, o, now)
	w.Key("last_look")
	if o.Offer == nil {
		w.Null()
		w.Key("simulated").Bool(false)
		o = &engine.OfferStatus{Offer: &market.Offer{}}
	} else {
		w.Bool(o.Offer.LastLook)
		w.Key("simulated").Bool(o.Offer.Origin == market.Simulated)
	}
	appendTiers(w, "sell", o, base, quote)
	appendTiers(w, "buy", o, base, quote)
	w.Close('}')
}

// appendStanding appends whether an offer may be used, and until when. Of an offer
// that was withdrawn nothing else is known.
func appendStanding(w *wire.Writer, o *engine.OfferStatus, now int64) {
	w.Key("state").Str(o.State)
	w.Key("usable").Bool(o.Usable)
	w.Key("reason").Str(o.Reason)
	if o.Offer == nil {
		w.Key("custody_status").Null()
		w.Key("valid_until").Null()
		w.Key("age_ms").Null()
		return
	}
	w.Key("custody_status").Str(o.Offer.Custody.String())
	w.Key("valid_until")
	appendTime(w, o.Offer.ValidUntil)
	w.Key("age_ms").Int(max(now-o.Offer.RecvTime, 0) / 1e6)
}

func appendTiers(w *wire.Writer, key string, o *engine.OfferStatus, base, quote market.Asset) {
	sell := key == "sell"
	tiers := o.Offer.Buy
	if sell {
		tiers = o.Offer.Sell
	}
	w.Key(key).Open('[')
	for i := range tiers {
		appendTier(w, &tiers[i], o.Tier(sell, i), base, quote)
	}
	w.Close(']')
}

// appendTier appends a tier, and why it is in no price though the offer is. Its range
// is shown from the first amount inside to the last, and its fixed fee rounded up.
func appendTier(w *wire.Writer, t *market.Tier, reason string, base, quote market.Asset) {
	w.Open('{')
	w.Key("name").Str(t.Name)
	w.Key("reason").Str(reason)
	appendRounded(w, "min", t.Min, base, money.Up)
	appendRounded(w, "max", t.Max, base, money.Down)
	w.Key("price")
	if t.Reference == (market.Pair{}) {
		appendText(w, t.Price)
	} else {
		w.Null()
		w.Key("spread_bps")
		appendText(w, t.SpreadBps)
		appendPair(w, "reference", t.Reference)
	}
	w.Key("mode")
	if t.Whole {
		w.Str("whole")
	} else {
		w.Str("slice")
	}
	w.Key("fee_bps")
	appendText(w, t.FeeBps.Trim())
	w.Key("fixed_fee")
	if t.FixedFee.IsZero() {
		w.Null()
	} else {
		in := quote
		if t.FixedFeeAsset == base.Symbol {
			in = base
		}
		w.Open('{')
		w.Key("asset").Str(in.Symbol)
		appendRounded(w, "amount", t.FixedFee, in, money.Up)
		w.Close('}')
	}
	w.Key("settlement_ms").Int(t.Settle.Milliseconds())
	w.Close('}')
}

func appendText(w *wire.Writer, n money.Num) {
	w.Begin()
	w.B = n.AppendText(w.B)
	w.End()
}

// appendRounded appends an amount at the scale of its asset. It fits the engine's,
// which is finer.
func appendRounded(w *wire.Writer, key string, n money.Num, a market.Asset, r money.Rounding) {
	v, err := n.AtRounded(a.Scale, r)
	if err != nil {
		panic("api: an offer that was not checked")
	}
	w.Key(key).Begin()
	w.B = money.AppendFixed(w.B, v, a.Scale)
	w.End()
}
