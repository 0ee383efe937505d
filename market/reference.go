package market

import "chronos.dev/money"

// Reference is a price that spreads are counted from. Nobody trades at it.
type Reference struct {
	Source     string // who says so
	Pair       Pair
	Price      money.Num // positive, in quote for one of the base
	Time       int64     // the source's clock, Unix nanoseconds; 0 if it gave none
	RecvTime   int64     // ours
	ValidUntil int64     // Unix nanoseconds
	Origin     Origin
}
