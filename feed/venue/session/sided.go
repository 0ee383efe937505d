package session

import (
	"fmt"

	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// Sided adds the levels of an array of ["buy" or "sell", price, size, ...] to
// Event.
func (b *Books[S]) Sided(s *jscan.Scanner) error {
	return s.Array(func(int) error {
		var side market.Side
		var price, size []byte
		err := s.Array(func(i int) (err error) {
			switch i {
			case 0:
				side, err = readSide(s)
			case 1:
				price, err = Plain(s)
			case 2:
				size, err = Plain(s)
			default:
				err = s.Skip()
			}
			return err
		})
		if err != nil {
			return err
		}
		return b.Level(side, price, size)
	})
}

func readSide(s *jscan.Scanner) (market.Side, error) {
	t, err := s.Str()
	switch {
	case err != nil:
		return 0, err
	case string(t) == "buy":
		return market.Bid, nil
	case string(t) == "sell":
		return market.Ask, nil
	}
	return 0, fmt.Errorf("session: %.16q is no side", t)
}
