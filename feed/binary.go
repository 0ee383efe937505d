package feed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"chronos.dev/market"
	"chronos.dev/money"
)

// binaryV1 is the first byte of a binary record of schema major 1. No JSON text
// begins with it, so a value says itself what it is: readers of the quote path do
// not see headers, and one that contradicts its value cannot be.
const binaryV1 = 0xb1

// What a binary record holds, as bits of its second byte.
const (
	flagSnapshot = 1 << iota // else it is a delta
	flagSequenced
	flagVenueTime
	flagRecvTime
	flagChecksum
	flagDepth
	flagAt
	flagsEnd
)

// lastTime is the last nanosecond of the year 2200.
var lastTime = time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() - 1

// AppendBinary appends the record in its binary form, which docs/records.md
// describes. It says what Append says. Amounts are not negative.
func (r *Record) AppendBinary(dst []byte) []byte {
	e, name := &r.Event, len(r.Key.Venue)+len(r.Key.Pair.Base)+len(r.Key.Pair.Quote)+2
	dst = append(dst, binaryV1, r.flags(), byte(e.Origin))
	dst = binary.AppendUvarint(dst, uint64(name))
	dst = append(append(dst, r.Key.Venue...), '|')
	dst = append(append(append(dst, r.Key.Pair.Base...), '-'), r.Key.Pair.Quote...)
	dst = binary.AppendUvarint(dst, e.Epoch)
	if !e.Unsequenced {
		dst = binary.AppendUvarint(dst, e.Seq)
		if e.Kind != market.Snapshot {
			dst = binary.AppendUvarint(dst, e.PrevSeq)
		}
	}
	if e.VenueTime != 0 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.VenueTime))
	}
	if e.RecvTime != 0 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(e.RecvTime))
	}
	if e.HasChecksum {
		dst = binary.BigEndian.AppendUint32(dst, e.Checksum)
	}
	if r.VerifiedDepth >= 0 {
		dst = binary.AppendUvarint(dst, uint64(r.VerifiedDepth))
	}
	bids, asks := count(e.Levels)
	dst = appendBinarySide(binary.AppendUvarint(dst, uint64(bids)), e.Levels, market.Bid)
	dst = appendBinarySide(binary.AppendUvarint(dst, uint64(asks)), e.Levels, market.Ask)
	if r.HasAt {
		dst = appendBinaryAt(dst, r.At)
	}
	return dst
}

func (r *Record) flags() (f byte) {
	e := &r.Event
	for _, has := range [...]struct {
		flag byte
		is   bool
	}{
		{flagSnapshot, e.Kind == market.Snapshot}, {flagSequenced, !e.Unsequenced},
		{flagVenueTime, e.VenueTime != 0}, {flagRecvTime, e.RecvTime != 0},
		{flagChecksum, e.HasChecksum}, {flagDepth, r.VerifiedDepth >= 0}, {flagAt, r.HasAt},
	} {
		if has.is {
			f |= has.flag
		}
	}
	return f
}

func appendBinarySide(dst []byte, levels []market.Level, side market.Side) []byte {
	for i := range levels {
		if l := &levels[i]; l.Side == side {
			dst = binary.AppendUvarint(append(dst, l.Price.Scale), uint64(l.Price.Coef))
			dst = binary.AppendUvarint(append(dst, l.Size.Scale), uint64(l.Size.Coef))
		}
	}
	return dst
}

func appendBinaryAt(dst []byte, at Position) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(at.Partition)), uint64(at.Offset))
}

// isBinary reports whether an encoded record is binary. One that begins like this
// and is of another major, or noise, is refused by the JSON decoder.
func isBinary(value []byte) bool { return len(value) > 0 && value[0] == binaryV1 }

// binary reads a binary record into the Decoder's. Only what AppendBinary would
// write is accepted: there is one form of everything.
func (d *Decoder) binary(value []byte) error {
	if len(value) < 3 || value[1] >= flagsEnd || value[2] > byte(market.Simulated) {
		return d.fail(CodeBadBinary, "unknown head %.3x", value)
	}
	c, r, flags := cursor{b: value[3:]}, d.rec, value[1]
	e := &r.Event
	e.Origin = market.Origin(value[2])
	if name := c.take(c.upTo(uint64(len(value)))); !d.lookup(r, name) {
		return d.fail(CodeBadKey, "book %.80q", name)
	}
	d.seen.kind, d.seen.seq = true, flags&flagSequenced != 0
	d.seen.prev = d.seen.seq
	e.Kind = market.Delta
	if flags&flagSnapshot != 0 {
		e.Kind = market.Snapshot
	}
	e.Epoch = c.upTo(math.MaxUint64)
	if d.seen.seq {
		e.Seq = c.upTo(math.MaxUint64)
		if e.Kind == market.Delta {
			e.PrevSeq = c.upTo(math.MaxUint64)
		}
	}
	if !d.binaryTimes(&c, flags) {
		return d.fail(CodeBadTime, "a time before 1970 or after 2200")
	}
	if flags&flagChecksum != 0 {
		e.HasChecksum = true
		if b := c.take(4); b != nil {
			e.Checksum = binary.BigEndian.Uint32(b)
		}
	}
	if flags&flagDepth != 0 {
		r.VerifiedDepth = int(c.upTo(math.MaxInt32))
	}
	if c.bad {
		return d.badForm()
	}
	for _, side := range [...]market.Side{market.Bid, market.Ask} {
		if err := d.binarySide(&c, side); err != nil {
			return err
		}
	}
	if r.HasAt = flags&flagAt != 0; r.HasAt {
		r.At = Position{int(c.upTo(math.MaxInt32)), int64(c.upTo(math.MaxInt64))}
	}
	if c.bad || len(c.b) > 0 {
		return d.badForm()
	}
	return nil
}

func (d *Decoder) badForm() error {
	return d.fail(CodeBadBinary, "cut off, not in its shortest form, or too long")
}

// binaryTimes reads the times that flags name, and reports whether those that are
// there are possible.
func (d *Decoder) binaryTimes(c *cursor, flags byte) bool {
	ok, e := true, &d.rec.Event
	if flags&flagVenueTime != 0 {
		e.VenueTime, ok = c.time()
	}
	if ok && flags&flagRecvTime != 0 {
		var t int64
		t, ok = c.time()
		d.received(t)
	}
	return ok
}

var errAmount = errors.New("an amount above 2^63 - 1, of more than 18 decimals, or cut off")

// binarySide reads the levels of one side.
func (d *Decoder) binarySide(c *cursor, side market.Side) error {
	n := c.upTo(math.MaxUint64)
	if n > MaxLevels {
		return d.fail(CodeOversize, "more than %d levels a side", MaxLevels)
	}
	levels := d.rec.Event.Levels
	for range n {
		l := market.Level{Side: side, Price: c.amount(), Size: c.amount()}
		if c.bad {
			d.code = CodeRefusedNumber
			return errAmount
		}
		levels = append(levels, l)
	}
	d.rec.Event.Levels = levels
	return nil
}

// cursor walks through bytes. Once something was not there, it is bad and all that
// follows is zero.
type cursor struct {
	b   []byte
	bad bool
}

// take returns the next n bytes, nil if there are fewer.
func (c *cursor) take(n uint64) []byte {
	if c.bad || n > uint64(len(c.b)) {
		c.bad = true
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

// upTo reads a number of at most most in its shortest form: seven bits a byte,
// the lowest first.
func (c *cursor) upTo(most uint64) uint64 {
	v, n := binary.Uvarint(c.b)
	if c.bad || n <= 0 || v > most || n > 1 && c.b[n-1] == 0 {
		c.bad = true
		return 0
	}
	c.b = c.b[n:]
	return v
}

// time reads Unix nanoseconds.
func (c *cursor) time() (int64, bool) {
	b := c.take(8)
	if b == nil {
		return 0, true
	}
	t := int64(binary.BigEndian.Uint64(b))
	return t, t > 0 && t <= lastTime
}

func (c *cursor) amount() money.Num {
	if len(c.b) == 0 || c.b[0] > money.MaxScale {
		c.bad = true
		return money.Num{}
	}
	scale := c.b[0]
	c.b = c.b[1:]
	return money.Num{Coef: int64(c.upTo(math.MaxInt64)), Scale: scale}
}

// Text returns a book record, of either form, as JSON. The error is a *RecordError.
func Text(value []byte) ([]byte, error) {
	if !isBinary(value) {
		return value, nil
	}
	d, r := Decoder{Unsequenced: func(market.Key) bool { return true }}, Record{}
	if err := d.Decode(&r, value, 0, math.MaxInt64-clockSkew); err != nil {
		return nil, fmt.Errorf("feed: as text: %w", err)
	}
	return r.Append(nil), nil
}
