package market

import "time"

// Settlement is how long a venue takes, at one market or all, until the customer
// has what was bought.
type Settlement struct {
	Venue string
	Pair  *Pair // nil: all that have no line of their own
	After time.Duration
}

// Settlements is a table of them.
type Settlements []Settlement

// Of returns how long the book of key takes; no time where no line says.
func (s Settlements) Of(key Key) (after time.Duration) {
	for i := range s {
		switch l := &s[i]; {
		case l.Venue != key.Venue:
		case l.Pair == nil:
			after = l.After
		case *l.Pair == key.Pair:
			return l.After
		}
	}
	return after
}
