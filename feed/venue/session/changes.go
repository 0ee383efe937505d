package session

import (
	"fmt"

	"chronos.dev/feed/venue"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Changes adds the levels of an array of ["buy" or "sell", price, size] to Event.
func (b *Books[S]) Changes(s *jscan.Scanner) error {
	return s.Array(func(int) error {
		var side market.Side
		var price, size []byte
		err := s.Array(func(i int) (err error) {
			switch i {
			case 0:
				side, err = b.side(s)
			case 1:
				price, err = Plain(s)
			case 2:
				size, err = Plain(s)
			default:
				err = s.Skip()
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case side == 0:
			return b.Fail(venue.ReasonShape, "a change without a side")
		}
		return b.Level(side, price, size)
	})
}

func (b *Books[S]) side(s *jscan.Scanner) (market.Side, error) {
	t, err := s.Str()
	switch {
	case err != nil:
		return 0, err
	case string(t) == "buy":
		return market.Bid, nil
	case string(t) == "sell":
		return market.Ask, nil
	}
	return 0, b.Fail(venue.ReasonShape, fmt.Sprintf("%.16q is no side", t))
}
