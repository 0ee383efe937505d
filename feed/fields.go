package feed

import (
	"errors"
	"fmt"
	"math"
	"time"

	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// fields reads the values that records are made of, and keeps why one was refused.
type fields struct {
	scan jscan.Scanner
	code string // of the last error, "" is CodeBadJSON

	date     [len("2006-01-02T")]byte // that was last read, and when it began
	midnight int64
}

func (d *fields) reset(value []byte) {
	d.scan.Reset(value)
	d.code = ""
}

// why returns the code of the error that was returned.
func (d *fields) why() string {
	if d.code == "" {
		return CodeBadJSON
	}
	return d.code
}

// fail notes the code of an error that is returned.
func (d *fields) fail(code, format string, args ...any) error {
	d.code = code
	return fmt.Errorf(format, args...)
}

var errWhole = errors.New("want a whole number without sign, point or exponent")

// whole reads a JSON number that is a whole number from 0 to 2^64 - 1.
func (d *fields) whole() (uint64, error) {
	b, err := d.scan.Number()
	if err != nil {
		return 0, err
	}
	var v uint64
	for _, c := range b {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || v > (math.MaxUint64-digit)/10 {
			d.code = CodeRefusedNumber
			return 0, errWhole
		}
		v = v*10 + digit
	}
	return v, nil
}

// time reads RFC 3339 in UTC as Unix nanoseconds.
func (d *fields) time() (int64, error) {
	b, err := d.scan.Str()
	if err != nil {
		return 0, err
	}
	if t, ok := d.today(b); ok {
		return t, nil
	}
	var t time.Time
	err = t.UnmarshalText(b)
	if err != nil || b[len(b)-1] != 'Z' || t.Year() < 1970 || t.Year() > 2200 {
		return 0, d.fail(CodeBadTime, "time %.40q", b)
	}
	d.midnight = t.Unix() - t.Unix()%86400
	copy(d.date[:], b)
	return t.UnixNano(), nil
}

// today reads a time as we write it, of the day that was read last: nearly all
// are. It is not ok with anything else, good or bad.
func (d *fields) today(b []byte) (ns int64, ok bool) {
	if len(b) != len(timeLayout) || [len(d.date)]byte(b) != d.date ||
		b[13] != ':' || b[16] != ':' || b[19] != '.' || b[29] != 'Z' {
		return 0, false
	}
	hour, ok1 := digitsOf(b[11:13])
	minute, ok2 := digitsOf(b[14:16])
	second, ok3 := digitsOf(b[17:19])
	nanos, ok4 := digitsOf(b[20:29])
	if !ok1 || !ok2 || !ok3 || !ok4 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return (d.midnight+(hour*60+minute)*60+second)*1e9 + nanos, true
}

func digitsOf(b []byte) (v int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// origin reads the name of an Origin.
func (d *fields) origin() (market.Origin, error) {
	b, err := d.scan.Str()
	if err != nil {
		return 0, err
	}
	o, ok := market.ParseOrigin(b)
	if !ok {
		return 0, d.fail(CodeBadType, "origin %.32q", b)
	}
	return o, nil
}

// amount reads a string of digits, a point and digits. Nothing else can come
// back as it was sent.
func (d *fields) amount() (money.Num, error) {
	if d.scan.Peek() == jscan.Number {
		return money.Num{}, d.fail(CodeRefusedNumber, "an amount that is a number, not a string")
	}
	b, err := d.scan.Str()
	if err != nil {
		return money.Num{}, err
	}
	plain := len(b) > 0 && (b[0] != '0' || len(b) == 1 || b[1] == '.')
	for _, c := range b {
		plain = plain && (c >= '0' && c <= '9' || c == '.')
	}
	if !plain {
		return money.Num{}, d.fail(CodeRefusedNumber, "amount %.40q: want a decimal, no sign, no exponent", b)
	}
	n, err := text.ParseNum(b)
	if err != nil {
		return money.Num{}, d.fail(CodeRefusedNumber, "amount %.40q: %w", b, err)
	}
	return n, nil
}

// major reads the schema major.
func (d *fields) major() error {
	v, err := d.whole()
	if err == nil && v != Major {
		err = d.fail(CodeUnknownMajor, "v is %d: want 1", v)
	}
	return err
}

// name reads a name that valid accepts.
func (d *fields) name(valid func(string) bool) (string, error) {
	b, err := d.scan.Str()
	if err != nil {
		return "", err
	}
	if len(b) > market.MaxSymbol || !valid(string(b)) {
		return "", d.fail(CodeBadKey,
			"name %.40q: want a source or provider in small letters, an asset in capitals", b)
	}
	return string(b), nil
}

// pair reads the name of a market.
func (d *fields) pair() (market.Pair, error) {
	b, err := d.scan.Str()
	if err != nil {
		return market.Pair{}, err
	}
	p, err := market.ParsePair(string(b[:min(len(b), 2*market.MaxSymbol+2)]))
	if err != nil {
		return market.Pair{}, d.fail(CodeBadKey, "market %.40q", b)
	}
	return p, nil
}

// unnamed says what is wrong with the name of a book.
func unnamed(venue, pair []byte) error {
	switch {
	case len(venue) == 0:
		return errors.New("no venue")
	case len(pair) == 0:
		return errors.New("no market")
	}
	return fmt.Errorf("venue %q, market %q: want a name in small letters, and BASE-QUOTE", venue, pair)
}
