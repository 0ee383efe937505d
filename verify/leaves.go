package verify

import "fmt"

// leaf is a case of the proof: the choices that it is of, and its prices. A side
// that is decided on is used by that option, or not at all: nil.
type leaf struct {
	decided map[*side]*option
	prices  *nodePricesDoc
	left    []decisionDoc // that cover has not looked at yet
}

// maxLeaves is more than the engine opens for an order.
const maxLeaves = 1 << 15

// cover reads the leaves, if every choice between options is in one of them; nil
// and a failure if not.
func (c *checker) cover() []leaf {
	q := &c.quote.Certificate
	if q.NodePrices != nil || len(q.Leaves) == 0 || len(q.Leaves) > maxLeaves {
		c.fail(CodeCover, "%d leaves of at most %d, and none beside node prices", len(q.Leaves), maxLeaves)
		return nil
	}
	all := make([]leaf, len(q.Leaves))
	group := make([]*leaf, len(all))
	for i := range all {
		l := &q.Leaves[i]
		all[i] = leaf{map[*side]*option{}, l.NodePrices, l.Decisions}
		group[i] = &all[i]
	}
	for open := [][]*leaf{group}; len(open) > 0; {
		group, open = open[len(open)-1], open[:len(open)-1]
		cases, err := c.decide(group)
		if err != nil {
			c.fail(CodeCover, "leaves: %v", err)
			return nil
		}
		open = append(open, cases...)
	}
	return all
}

// decide tells the leaves of a group apart by the side that all of them decide on
// next. A group of one that has decided all it wants to is done.
func (c *checker) decide(group []*leaf) (cases [][]*leaf, err error) {
	if len(group) == 1 && len(group[0].left) == 0 {
		return nil, nil
	}
	if len(group[0].left) == 0 {
		return nil, fmt.Errorf("one with %d decisions holds others", len(group[0].decided))
	}
	name := group[0].left[0].sideName
	s := c.books.byName[name]
	if s == nil || !c.counts(s) || len(s.options) == 0 {
		return nil, fmt.Errorf("%.120s has no tiers", name)
	}
	if _, twice := group[0].decided[s]; twice {
		return nil, fmt.Errorf("%s is decided on twice", name)
	}
	by := map[int][]*leaf{}
	for _, l := range group {
		if len(l.left) == 0 || l.left[0].sideName != name || !l.left[0].Tier.said {
			return nil, fmt.Errorf("not all decide on %s", name)
		}
		tier := l.left[0].Tier.tier
		o := c.option(s, tier)
		if o == nil && tier != unused {
			return nil, fmt.Errorf("%s has no tier %d that settles in time", name, tier)
		}
		l.decided[s], l.left = o, l.left[1:]
		by[tier] = append(by[tier], l)
	}
	return c.everyCase(s, by)
}

// everyCase lists the groups of leaves by what they decide of a side, one of which
// is missing if a case has none.
func (c *checker) everyCase(s *side, by map[int][]*leaf) (cases [][]*leaf, err error) {
	tiers := []int{unused}
	for i := range s.options {
		if c.inTime(s.options[i].settle) {
			tiers = append(tiers, s.options[i].tier)
		}
	}
	for _, tier := range tiers {
		if by[tier] == nil {
			return nil, fmt.Errorf("%s with tier %d, or with none for -1, is in no leaf", s.sideName, tier)
		}
		cases = append(cases, by[tier])
	}
	return cases, nil
}
