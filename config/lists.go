package config

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"chronos.dev/market"
)

// item is one mapping of a list: its members by name, those that are scalars.
type item struct {
	l     *loader
	name  string // "fees[2]"
	line  int
	found map[string]*yaml.Node
	bad   bool
}

// items calls each for the mappings of a list, whose members may be those named.
func (l *loader) items(key string, n *yaml.Node, members []string, each func(it *item)) {
	if n.Kind != yaml.SequenceNode {
		l.problem(l.at(n.Line), codeType, key, "%s: want a list, got %s", key, kind(n))
		return
	}
	for i, node := range n.Content {
		it := &item{l: l, name: fmt.Sprintf("%s[%d]", key, i), line: node.Line, found: make(map[string]*yaml.Node)}
		before := len(l.problems) + l.more
		l.mapping(node, it.name, func(name string, k, v *yaml.Node) {
			it.found[name] = v
			for _, m := range members {
				if m == name {
					return
				}
			}
			l.problem(l.at(k.Line), codeUnknown, it.name+"."+name, "unknown key %s", shown(it.name+"."+name)).
				Suggestion = nearest(name, members)
		})
		if it.bad = len(l.problems)+l.more > before; !it.bad {
			each(it)
		}
	}
}

// text returns the text of a member, and false if it is absent or wrong.
func (it *item) text(name, typ string, needed bool, tags ...string) (string, bool) {
	n := it.found[name]
	if n == nil {
		if needed {
			it.bad = true
			it.l.problem(it.l.at(it.line), codeMissing, it.name+"."+name, "%s has no %s", it.name, name)
		}
		return "", false
	}
	full := it.name + "." + name
	if !it.l.plain(n, full) || !it.l.scalar(full, n, typ, tags) {
		it.bad = true
		return "", false
	}
	return n.Value, true
}

// check reports what is wrong with a member.
func (it *item) check(name string, err error) {
	if err != nil {
		it.bad = true
		n := it.found[name]
		it.l.wrong(it.l.at(n.Line), it.name+"."+name, n.Value, err)
	}
}

// assets reads the list of assets.
func (l *loader) assets(n *yaml.Node) {
	first := make(map[string]int)
	l.items("assets", n, []string{"symbol", "scale", "engine_scale", "hub"}, func(it *item) {
		var a market.Asset
		var ok bool
		if a.Symbol, ok = it.text("symbol", "text", true, "!!str"); ok {
			it.check("symbol", checkSymbol(a.Symbol))
		}
		a.Scale, _ = it.scale("scale", 0, true)
		a.EngineScale, ok = it.scale("engine_scale", a.Scale, false)
		if ok && a.EngineScale < a.Scale {
			it.check("engine_scale", wantf("at least scale, which is %d", a.Scale))
		}
		if s, ok := it.text("hub", "true|false", false, "!!bool"); ok {
			var err error
			a.Hub, err = parseBool(s)
			it.check("hub", err)
		}
		if line, twice := first[a.Symbol]; twice && !it.bad {
			it.bad = true
			l.problem(l.at(it.line), codeDuplicate, it.name,
				"%s: %s stands in line %d already", it.name, a.Symbol, line)
		}
		if !it.bad {
			first[a.Symbol] = it.line
			l.cfg.Assets = append(l.cfg.Assets, a)
		}
	})
}

// scale reads a number of decimals; ok says whether it was given and is right.
func (it *item) scale(name string, absent uint8, needed bool) (v uint8, ok bool) {
	s, ok := it.text(name, "whole number", needed, "!!int")
	if !ok {
		return absent, false
	}
	n, err := parseWhole(s)
	if err == nil && n > maxScale {
		err = rangef("0", fmt.Sprint(maxScale))
	}
	it.check(name, err)
	return uint8(min(n, maxScale)), err == nil
}

// feeLine is what two lines of a fee table may not have in common.
type feeLine struct {
	venue, market string
	from          time.Time
}

// fees reads the fee table.
func (l *loader) fees(n *yaml.Node) {
	members := []string{"venue", "market", "taker_bps", "fee_on", "from", "until", "source"}
	first := make(map[feeLine]int)
	l.items("fees", n, members, func(it *item) {
		var s market.FeeSchedule
		it.place(&s)
		it.fee(&s)
		s.From, s.Until = it.time("from"), it.time("until")
		if !s.Until.IsZero() && !it.bad && !s.From.Before(s.Until) {
			it.check("until", wantf("a time after from"))
		}
		if text, ok := it.text("source", "text", false, "!!str"); ok {
			s.Source = text
			it.check("source", checkAny(text))
		}
		line := feeLine{venue: s.Venue, from: s.From}
		if s.Pair != nil {
			line.market = s.Pair.String()
		}
		if at, twice := first[line]; twice && !it.bad {
			it.bad = true
			l.problem(l.at(it.line), codeDuplicate, it.name,
				"%s: line %d is of the same venue, market and time already", it.name, at)
		}
		if !it.bad {
			first[line] = it.line
			l.cfg.Fees = append(l.cfg.Fees, s)
		}
	})
}

func (it *item) place(s *market.FeeSchedule) {
	var ok bool
	if s.Venue, ok = it.text("venue", "text", true, "!!str"); ok && !market.ValidVenue(s.Venue) {
		it.check("venue", wantf("a venue such as kraken: lower-case letters, digits, '_' and '-'"))
	}
	if text, ok := it.text("market", "text", false, "!!str"); ok {
		pair, err := market.ParsePair(text)
		if err != nil {
			err = wantf("a market such as BTC-USD")
		}
		it.check("market", err)
		s.Pair = &pair
	}
}

func (it *item) fee(s *market.FeeSchedule) {
	on := market.FeeReceived
	if text, ok := it.text("fee_on", "received|quote", false, "!!str"); ok {
		switch text {
		case market.FeeReceived.String():
		case market.FeeQuote.String():
			on = market.FeeQuote
		default:
			it.check("fee_on", wantf("received or quote"))
		}
	}
	if text, ok := it.text("taker_bps", "basis points", true, numberTags...); ok {
		var err error
		s.Fee, err = parseFee(text, on)
		it.check("taker_bps", err)
	}
}

// time reads a date or a time; absent means the zero time.
func (it *item) time(name string) time.Time {
	text, ok := it.text(name, "a date or time", false, "!!str", "!!timestamp")
	if !ok {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 {
			return t.UTC()
		}
	}
	it.check(name, wantf("a date such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z"))
	return time.Time{}
}

func showAssets(c *Config) string {
	shown := make([]string, 0, len(c.Assets))
	for _, a := range c.Assets {
		shown = append(shown, fmt.Sprintf("{symbol: %s, scale: %d, engine_scale: %d, hub: %v}",
			quote(a.Symbol), a.Scale, a.EngineScale, a.Hub))
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

func showFees(c *Config) string {
	shown := make([]string, 0, len(c.Fees))
	for i := range c.Fees {
		s := &c.Fees[i]
		line := "{venue: " + quote(s.Venue)
		if s.Pair != nil {
			line += ", market: " + quote(s.Pair.String())
		}
		line += ", taker_bps: " + showFee(s.Fee) + ", fee_on: " + s.Fee.On.String()
		if !s.From.IsZero() {
			line += ", from: " + quote(s.From.Format(time.RFC3339Nano))
		}
		if !s.Until.IsZero() {
			line += ", until: " + quote(s.Until.Format(time.RFC3339Nano))
		}
		if s.Source != "" {
			line += ", source: " + quote(s.Source)
		}
		shown = append(shown, line+"}")
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
