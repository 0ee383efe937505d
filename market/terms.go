package market

import (
	"time"

	"chronos.dev/money"
)

// Terms are what a venue asks for at one market beside its taker fee.
type Terms struct {
	Settle time.Duration // until the customer has what was bought
	// MinSize is the least that is traded, in base after fees; zero: any size.
	MinSize money.Num
	// WithdrawBase is paid once, in base, where base is bought, and WithdrawQuote, in
	// quote, where it is sold: for taking it out of the venue.
	WithdrawBase, WithdrawQuote money.Num
	// Lot is what base is traded in whole numbers of, before fees; zero: any amount.
	Lot money.Num
}

// TermsTable are the terms of all venues.
type TermsTable struct {
	Lines       []TermsLine
	Withdrawals []Withdrawal
}

// TermsLine is what a venue asks for at one market, or at all that have no line of
// their own where Pair is nil.
type TermsLine struct {
	Venue   string
	Pair    *Pair
	Settle  time.Duration
	MinSize money.Num
	Lot     money.Num
}

// Withdrawal is what a venue takes for one withdrawal of an asset, in that asset.
type Withdrawal struct {
	Venue, Asset string
	Fee          money.Num
}

// Of returns the terms of a book; the zero Terms where no line says.
func (t *TermsTable) Of(key Key) (terms Terms) {
	own := false
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Venue != key.Venue || l.Pair != nil && *l.Pair != key.Pair || l.Pair == nil && own {
			continue
		}
		own = l.Pair != nil
		terms.Settle, terms.MinSize, terms.Lot = l.Settle, l.MinSize, l.Lot
	}
	for i := range t.Withdrawals {
		switch w := &t.Withdrawals[i]; {
		case w.Venue != key.Venue:
		case w.Asset == key.Pair.Base:
			terms.WithdrawBase = w.Fee
		case w.Asset == key.Pair.Quote:
			terms.WithdrawQuote = w.Fee
		}
	}
	return terms
}
