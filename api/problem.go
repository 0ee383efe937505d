package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"chronos.dev/api/wire"
	"chronos.dev/engine"
	"chronos.dev/engine/route"
	"chronos.dev/graph"
	"chronos.dev/market"
	"chronos.dev/money"
)

// maxExplain is the most markets that a problem names.
const maxExplain = 16

// ProblemOf returns the problem that says why e has no price for req. err is an
// error of Indicate or engine.Engine.Price; any other is "internal", and for the
// log only. RequestID is left empty.
func ProblemOf(e *engine.Engine, req engine.Request, err error) *wire.Problem {
	if depth, ok := errors.AsType[*route.DepthError](err); ok {
		return depthProblem(e, req, depth)
	}
	if noRoute, ok := errors.AsType[*route.NoRouteError](err); ok {
		return noRouteProblem(e, req, noRoute)
	}
	if stale, ok := errors.AsType[*route.StaleError](err); ok {
		return staleProblem(stale)
	}
	if unknown, ok := errors.AsType[*engine.UnknownAssetError](err); ok {
		pointer := "/buy_asset"
		if unknown.Symbol == req.Sell {
			pointer = "/sell_asset"
		}
		return invalid(pointer, "unknown_asset", unknownAsset(e, unknown.Symbol))
	}
	if errors.Is(err, money.ErrOverflow) {
		pointer := "/sell_amount"
		if req.Out > 0 {
			pointer = "/buy_amount"
		}
		return invalid(pointer, "amount_range", "The amounts on the way would be too large to count.")
	}
	return newProblem("internal")
}

func invalid(pointer, code, detail string) *wire.Problem {
	p := newProblem("invalid-request")
	p.Errors = []wire.FieldError{{Pointer: pointer, Code: code, Detail: detail}}
	return p
}

func noRouteProblem(e *engine.Engine, req engine.Request, err *route.NoRouteError) *wire.Problem {
	p := newProblem("no-route")
	p.Reason = err.Reason
	for _, l := range firstN(err.Explain, maxExplain) {
		reason, detail := whyNot(&l)
		p.Explain = append(p.Explain, wire.Explain{
			Venue: l.Key.Venue, Market: l.Key.Pair.String(), Why: reason + ": " + detail,
		})
	}
	switch err.Reason {
	case route.Disconnected:
		p.Detail = fmt.Sprintf("No chain of at most %d markets leads from %s to %s.",
			hops(e, req), req.Sell, req.Buy)
		p.Explain = append(p.Explain, deadEnds(e, req.Sell, "lead away from")...)
		p.Explain = append(p.Explain, deadEnds(e, req.Buy, "lead to")...)
	case route.Policy:
		p.Detail = "Every chain of markets needs what the request excludes: a venue, or what settles late."
	case route.BelowMinimum:
		p.Detail = "So little that nothing would be received, or less than the least that a venue or a tier takes."
		if len(p.Explain) == 0 {
			p.Explain = []wire.Explain{{
				Market: req.Sell + "-" + req.Buy,
				Why:    "what comes out rounds to nothing at the scale of " + req.Buy + ", or is below every minimum",
			}}
		}
		nextAmounts(p, e, req, err.Next)
	}
	return p
}

// showText is an engine amount at the scale of the API.
func showText(v money.Amount, a market.Asset, r money.Rounding) string {
	var text [24]byte
	return string(appendShown(text[:0], v, a, r))
}

// nextAmounts names the larger order that can be filled, if there is one.
func nextAmounts(p *wire.Problem, e *engine.Engine, req engine.Request, next route.Amounts) {
	if next.In == 0 {
		return
	}
	sell, _ := e.Asset(req.Sell)
	buy, _ := e.Asset(req.Buy)
	p.NextSellAmount = showText(next.In, sell, money.Up)
	p.BuyAmountAtNext = showText(next.Out, buy, money.Down)
	p.Detail += " The next amount that can be sold is " + p.NextSellAmount + " " + req.Sell +
		", for " + p.BuyAmountAtNext + " " + req.Buy + "."
}

func hops(e *engine.Engine, req engine.Request) int {
	if req.MaxHops == 0 {
		return e.MaxHops()
	}
	return req.MaxHops
}

// deadEnds lists the markets of one end of a request that has no path.
func deadEnds(e *engine.Engine, symbol, way string) []wire.Explain {
	var pairs []string
	for _, m := range e.Markets(0) {
		if p := m.Key.Pair; p.Base == symbol || p.Quote == symbol {
			pairs = append(pairs, p.String())
		}
	}
	slices.Sort(pairs)
	pairs = firstN(slices.Compact(pairs), maxExplain/2)
	if len(pairs) == 0 {
		return []wire.Explain{{Market: symbol, Why: "no market trades " + symbol}}
	}
	all := make([]wire.Explain, len(pairs))
	for i, p := range pairs {
		why := "one of the markets that " + way + " " + symbol + ", but no chain goes all the way"
		all[i] = wire.Explain{Market: p, Why: why}
	}
	return all
}

func depthProblem(e *engine.Engine, req engine.Request, err *route.DepthError) *wire.Problem {
	p := newProblem("insufficient-liquidity")
	sell, _ := e.Asset(req.Sell)
	buy, _ := e.Asset(req.Buy)
	p.MaxSellAmount = showText(err.Most.In, sell, money.Down)
	p.BuyAmountAtMax = showText(err.Most.Out, buy, money.Down)
	if sold, bought := p.MaxSellAmount, p.BuyAmountAtMax; req.Out > 0 {
		p.Detail = "At most " + bought + " " + req.Buy + " can be bought now, for " + sold + " " + req.Sell + "."
	} else {
		p.Detail = "At most " + sold + " " + req.Sell + " can be sold now, for " + bought + " " + req.Buy + "."
	}
	nextAmounts(p, e, req, err.Next)
	return p
}

func staleProblem(err *route.StaleError) *wire.Problem {
	p := newProblem("stale-market-data")
	p.Detail = "No path has a usable book on every hop."
	all := firstN(err.Stale, maxExplain)
	p.Stale = make([]wire.StaleMarket, 0, len(all))
	for i := range all {
		l := &all[i]
		p.Stale = append(p.Stale, wire.StaleMarket{
			Venue: l.Key.Venue, Market: l.Key.Pair.String(), AgeMs: ageMs(l.Usability),
		})
	}
	return p
}

// ageMs is the age of a book in whole milliseconds, nil if it was never heard of.
func ageMs(u graph.Usability) *int64 {
	if u.Age < 0 {
		return nil
	}
	ms := u.Age / 1e6
	return &ms
}

// unknownAsset says that a symbol is unknown, and which ones it resembles.
func unknownAsset(e *engine.Engine, symbol string) string {
	near := nearNames(e.Assets(), symbol)
	text := "There is no asset " + echo([]byte(symbol)) + "."
	if len(near) > 0 {
		text += " Near names: " + strings.Join(near, ", ") + "."
	}
	return text
}

// nearNames returns up to three symbols within two edits, and less than half of
// their letters, nearest first.
func nearNames(assets []market.Asset, symbol string) []string {
	const most, far = 3, 2
	if len(symbol) > market.MaxSymbol {
		return nil
	}
	symbol = strings.ToUpper(symbol)
	var at [far + 1][]string
	for _, a := range assets {
		if d := distance(symbol, a.Symbol); d <= far && 2*d < len(a.Symbol) {
			at[d] = append(at[d], a.Symbol)
		}
	}
	var near []string
	for _, names := range at {
		slices.Sort(names)
		near = append(near, names...)
	}
	return firstN(near, most)
}

// distance is the number of insertions, deletions and replacements of bytes that
// turn a into b, both at most twice market.MaxSymbol long.
func distance(a, b string) int {
	var row [2*market.MaxSymbol + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func firstN[T any](s []T, n int) []T { return s[:min(n, len(s))] }
