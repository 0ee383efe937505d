package session

import (
	"errors"
	"fmt"
	"math"
	"time"

	"chronos.dev/feed/venue"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money/text"
)

// ErrShape reports a member that is missing.
var ErrShape = errors.New("session: a member is missing")

// Level adds one level, as the venue's text, to Event. It fails as Parse does,
// and when there are too many.
func (b *Books[S]) Level(side market.Side, price, size []byte) error {
	l, err := b.Parse(side, price, size)
	if err != nil {
		return err
	}
	if len(b.Event.Levels) == MaxLevels {
		return b.Fail(venue.ReasonOversize, fmt.Sprintf("more than %d levels", MaxLevels))
	}
	b.Event.Levels = append(b.Event.Levels, l)
	return nil
}

// Parse reads one level from the venue's text. It fails with a *venue.FrameError
// for what is no price above or no size of at least zero.
func (b *Books[S]) Parse(side market.Side, price, size []byte) (market.Level, error) {
	p, errPrice := text.ParseNum(price)
	s, errSize := text.ParseNum(size)
	if errPrice != nil || errSize != nil || p.Coef <= 0 || s.Coef < 0 {
		detail := fmt.Sprintf("%s of %.40q at %.40q", side, size, price)
		return market.Level{}, b.Fail(venue.ReasonNumber, detail)
	}
	return market.Level{Side: side, Price: p, Size: s}, nil
}

// Pairs adds the levels of an array of [price, size, ...] to Event.
func (b *Books[S]) Pairs(s *jscan.Scanner, side market.Side) error {
	return s.Array(func(int) error {
		var price, size []byte
		err := s.Array(func(i int) (err error) {
			switch i {
			case 0:
				price, err = Plain(s)
			case 1:
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

// Plain reads a number, or a string that holds one, and returns its text, which
// points into the input. A string with escapes is refused: no venue writes
// numbers so, and its text would not last.
func Plain(s *jscan.Scanner) ([]byte, error) {
	raw, err := s.Raw()
	if err != nil {
		return nil, err
	}
	if n := len(raw); n >= 2 && raw[0] == '"' {
		return raw[1 : n-1], nil
	}
	return raw, nil
}

// Millis reads a number of milliseconds since 1970, or a string that holds one,
// as Unix nanoseconds.
func Millis(s *jscan.Scanner) (int64, error) { return unix(s, time.Millisecond) }

// Micros reads a number of microseconds since 1970 as Millis does.
func Micros(s *jscan.Scanner) (int64, error) { return unix(s, time.Microsecond) }

func unix(s *jscan.Scanner, unit time.Duration) (int64, error) {
	v, err := s.Int()
	if err != nil {
		return 0, err
	}
	if v < 0 || v > math.MaxInt64/int64(unit) {
		return 0, fmt.Errorf("session: %d is no time", v)
	}
	return v * int64(unit), nil
}

// Clock reads a time of RFC 3339 as Unix nanoseconds.
func Clock(s *jscan.Scanner) (int64, error) {
	raw, err := s.Str()
	if err != nil {
		return 0, err
	}
	var t time.Time
	if err := t.UnmarshalText(raw); err != nil {
		return 0, fmt.Errorf("session: %.40q is no time", raw)
	}
	if y := t.Year(); y < 1970 || y > 2200 {
		return 0, fmt.Errorf("session: year %d is no time of a message", y)
	}
	return t.UnixNano(), nil
}

// Sum32 reads a checksum, signed or unsigned, as its 32 bits.
func Sum32(s *jscan.Scanner) (uint32, error) {
	v, err := s.Int()
	if err != nil {
		return 0, err
	}
	if v < math.MinInt32 || v > math.MaxUint32 {
		return 0, fmt.Errorf("session: %d is no checksum", v)
	}
	return uint32(v), nil
}

// Intern reads a string and returns the table's value for it, "" if it has none,
// so that nothing of a frame is kept.
func Intern(s *jscan.Scanner, table map[string]string) (string, error) {
	t, err := s.Str()
	if err != nil {
		return "", err
	}
	return table[string(t)], nil
}

// AppendText reads a string and appends it to dst.
func AppendText(dst []byte, s *jscan.Scanner) ([]byte, error) {
	t, err := s.Str()
	return append(dst, t...), err
}
