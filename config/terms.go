package config

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// maxSettlement is the longest that a venue may take.
const maxSettlement = 30 * 24 * time.Hour

// terms reads the table of what venues ask for at their markets.
func (l *loader) terms(n *yaml.Node) {
	first := make(map[string]int)
	l.items("terms", n, []string{"venue", "market", "settlement", "min_size", "lot"}, func(it *item) {
		var place market.FeeSchedule
		it.place(&place)
		t := market.TermsLine{
			Venue: place.Venue, Pair: place.Pair, MinSize: it.amount("min_size", false), Lot: it.amount("lot", false),
		}
		if s, ok := it.text("settlement", "duration", false, "!!str"); ok {
			var err error
			t.Settle, err = time.ParseDuration(s)
			if err != nil || t.Settle < 0 || t.Settle > maxSettlement || t.Settle%time.Millisecond != 0 {
				err = wantf("a duration such as 30m, whole milliseconds, at most 30 days")
			}
			it.check("settlement", err)
		}
		if !multiple(t.MinSize, t.Lot) {
			it.check("min_size", wantf("a multiple of the lot, %s", t.Lot))
		}
		line := t.Venue
		if t.Pair != nil {
			line += " " + t.Pair.String()
		}
		if it.once(first, line, "venue and market") {
			l.cfg.Terms.Lines = append(l.cfg.Terms.Lines, t)
		}
	})
}

// multiple reports whether size is a whole number of lots.
func multiple(size, lot money.Num) bool {
	if lot.Coef == 0 {
		return true
	}
	scale := max(size.Scale, lot.Scale)
	s, errSize := size.At(scale)
	l, errLot := lot.At(scale)
	return errSize == nil && errLot == nil && s%l == 0
}

// withdrawals reads the table of what withdrawals cost.
func (l *loader) withdrawals(n *yaml.Node) {
	first := make(map[string]int)
	l.items("withdrawals", n, []string{"venue", "asset", "fee"}, func(it *item) {
		var place market.FeeSchedule
		it.place(&place)
		w := market.Withdrawal{Venue: place.Venue, Fee: it.amount("fee", true)}
		if s, ok := it.text("asset", "text", true, "!!str"); ok {
			w.Asset = s
			it.check("asset", checkSymbol(s))
		}
		if it.once(first, w.Venue+" "+w.Asset, "venue and asset") {
			l.cfg.Terms.Withdrawals = append(l.cfg.Terms.Withdrawals, w)
		}
	})
}

// amount reads a decimal that is not negative.
func (it *item) amount(name string, needed bool) (n money.Num) {
	s, ok := it.text(name, "decimal", needed, numberTags...)
	if !ok {
		return n
	}
	n, err := text.ParseNum(s)
	if err != nil || n.Coef < 0 || strings.ContainsAny(s, "eE") {
		it.check(name, wantf("a decimal such as 0.0002, not negative, at most 18 digits"))
		return money.Num{}
	}
	return n
}

// once reports whether an item is right and none before it is of the same things.
func (it *item) once(first map[string]int, line, things string) bool {
	if at, twice := first[line]; twice && !it.bad {
		it.bad = true
		it.l.problem(it.l.at(it.line), codeDuplicate, it.name,
			"%s: line %d is of the same %s already", it.name, at, things)
	}
	if !it.bad {
		first[line] = it.line
	}
	return !it.bad
}

func showTerms(c *Config) string {
	shown := make([]string, 0, len(c.Terms.Lines))
	for _, t := range c.Terms.Lines {
		line := "{venue: " + quote(t.Venue)
		if t.Pair != nil {
			line += ", market: " + quote(t.Pair.String())
		}
		line = fmt.Sprintf("%s, settlement: %v, min_size: %q, lot: %q}", line, t.Settle, t.MinSize, t.Lot)
		shown = append(shown, line)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

func showWithdrawals(c *Config) string {
	shown := make([]string, 0, len(c.Terms.Withdrawals))
	for _, w := range c.Terms.Withdrawals {
		shown = append(shown, fmt.Sprintf("{venue: %s, asset: %s, fee: %q}", quote(w.Venue), quote(w.Asset), w.Fee))
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
