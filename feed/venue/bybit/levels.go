package bybit

import (
	"errors"
	"fmt"

	"chronos.dev/feed/venue/session"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// readUnified reads the data of v5: {"s", "b", "a", "u", "seq"}.
func (d *decoder) readUnified() error {
	var sides session.Sides
	s := &d.inner
	s.Reset(d.data)
	err := s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "b":
			sides.Bid = true
			err = d.books.Pairs(s, market.Bid)
		case "a":
			sides.Ask = true
			err = d.books.Pairs(s, market.Ask)
		case "u":
			d.seq, err = s.Int()
		default:
			err = s.Skip()
		}
		return err
	})
	return sides.Check(err)
}

// readInverse reads the data of v2: an array of rows in a snapshot, and
// {"delete", "update", "insert"} of rows in a delta.
func (d *decoder) readInverse() error {
	s := &d.inner
	s.Reset(d.data)
	if d.action == "snapshot" {
		if s.Peek() == jscan.Object { // {"order_book": [...]} of linear contracts
			return errors.New("bybit: a snapshot of another product")
		}
		return d.rows(false)
	}
	lists := 0
	err := s.Object(func(key []byte) error {
		switch string(key) {
		case "delete":
			lists++
			return d.rows(true)
		case "update", "insert":
			lists++
			return d.rows(false)
		}
		return s.Skip()
	})
	if err == nil && lists != 3 {
		return session.ErrShape
	}
	return err
}

// rows reads an array of {"price", "side", "size"}; deleted ones have no size.
func (d *decoder) rows(deleted bool) error {
	s := &d.inner
	return s.Array(func(int) error {
		var price, size []byte
		var side market.Side
		err := s.Object(func(key []byte) (err error) {
			switch string(key) {
			case "price":
				price, err = session.Plain(s)
			case "size":
				size, err = session.Plain(s)
			case "side":
				side, err = readSide(s)
			default:
				err = s.Skip()
			}
			return err
		})
		if err != nil {
			return err
		}
		if side == 0 {
			return errors.New("bybit: a row without a side")
		}
		if deleted {
			size = zero
		}
		return d.books.Level(side, price, size)
	})
}

// zero is the size of a level that is deleted.
var zero = []byte("0")

func readSide(s *jscan.Scanner) (market.Side, error) {
	t, err := s.Str()
	switch {
	case err != nil:
		return 0, err
	case string(t) == "Buy":
		return market.Bid, nil
	case string(t) == "Sell":
		return market.Ask, nil
	}
	return 0, fmt.Errorf("bybit: side %.20q", t)
}
