package config

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"chronos.dev/market"
)

// maxSettlement is the longest that a venue may take.
const maxSettlement = 30 * 24 * time.Hour

// settlement reads the table of how long venues take.
func (l *loader) settlement(n *yaml.Node) {
	first := make(map[string]int)
	l.items("settlement", n, []string{"venue", "market", "after"}, func(it *item) {
		var place market.FeeSchedule
		it.place(&place)
		s := market.Settlement{Venue: place.Venue, Pair: place.Pair}
		if text, ok := it.text("after", "duration", true, "!!str"); ok {
			var err error
			s.After, err = time.ParseDuration(text)
			if err != nil || s.After < 0 || s.After > maxSettlement || s.After%time.Millisecond != 0 {
				err = wantf("a duration such as 30m, whole milliseconds, at most 30 days")
			}
			it.check("after", err)
		}
		line := s.Venue
		if s.Pair != nil {
			line += " " + s.Pair.String()
		}
		if at, twice := first[line]; twice && !it.bad {
			it.bad = true
			l.problem(l.at(it.line), codeDuplicate, it.name,
				"%s: line %d is of the same venue and market already", it.name, at)
		}
		if !it.bad {
			first[line] = it.line
			l.cfg.Settlement = append(l.cfg.Settlement, s)
		}
	})
}

func showSettlement(c *Config) string {
	shown := make([]string, 0, len(c.Settlement))
	for _, s := range c.Settlement {
		line := "{venue: " + quote(s.Venue)
		if s.Pair != nil {
			line += ", market: " + quote(s.Pair.String())
		}
		shown = append(shown, line+", after: "+s.After.String()+"}")
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
