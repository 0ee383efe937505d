package feed

import (
	"fmt"
	"math"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// Limits of a record.
const (
	// MaxRecord is the largest record that is decoded, in bytes.
	MaxRecord = broker.MaxRecord
	// MaxLevels is the most levels a side of one record.
	MaxLevels = 5000
	// Major is the schema major that this package reads and writes.
	Major = 1
)

// clockSkew is how far ahead of ours the clock of an honest source may run.
const clockSkew = int64(250 * time.Millisecond)

// Codes of a RecordError: metric labels and the x-error-code of a dead letter.
const (
	CodeBadBinary     = "bad_binary"      // not a binary record in its one form
	CodeBadJSON       = "bad_json"        // not JSON, a duplicate key, or a value of another kind
	CodeUnknownMajor  = "unknown_major"   // a schema that we do not know
	CodeOversize      = "oversize"        // above MaxRecord or MaxLevels
	CodeRefusedNumber = "refused_number"  // an amount that is no plain decimal string, or out of range
	CodeBadKey        = "bad_key"         // no valid venue and market
	CodeBadType       = "bad_type"        // neither snapshot nor delta
	CodeBadTime       = "bad_time"        // not RFC 3339 in UTC
	CodeUnsequenced   = "unsequenced"     // a delta without numbers, of a market that must have them
	CodeWrongPlace    = "wrong_partition" // not the partition that the record's book belongs to
	CodeUnreadable    = "unreadable"      // the batch that holds the record cannot be parsed
)

// RecordError reports a record that was refused. Key is the book it names, if it
// could be read as far as that; that book has missed something and waits for a
// snapshot.
type RecordError struct {
	Code string
	Key  market.Key
	Err  error
}

func (e *RecordError) Error() string {
	switch {
	case e.Key == market.Key{}:
		return fmt.Sprintf("feed: record refused (%s): %v", e.Code, e.Err)
	case e.Key.Pair.Quote == "": // of a treasury provider
		return fmt.Sprintf("feed: record of %s refused (%s): %v", OfferKey(e.Key), e.Code, e.Err)
	}
	return fmt.Sprintf("feed: record of %s refused (%s): %v", e.Key, e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// Position is a place in the book topic.
type Position struct {
	Partition int
	Offset    int64
}

// Record is a book snapshot or delta. Its Event has no Symbol: the Key names the
// book.
type Record struct {
	Key   market.Key
	Event market.Event

	// VerifiedDepth is how many levels a side the venue's own check covers after
	// this event; -1 all, which is what a record without the field says.
	VerifiedDepth int

	// At is where this snapshot stands in the book topic: on the snapshot topic,
	// so that a reader knows where to go on.
	At    Position
	HasAt bool

	Home    int  // partition of the book topic that the book belongs to
	Timed   bool // the record gives a receive time of its own
	Unknown int  // keys that were ignored
}

// Decoder reads records strictly and, once it has seen a book, without
// allocating. It is not safe for concurrent use.
type Decoder struct {
	// Unsequenced reports whether deltas of a book may come without numbers. Nil
	// means that none may.
	Unsequenced func(market.Key) bool

	fields
	rec   *Record
	keys  map[string]known // by record key, so that strings are made once
	venue name
	mkt   name
	seen  struct{ seq, prev, kind bool }
	recv  int64
}

// known is a book that was named before.
type known struct {
	key  market.Key
	home int
}

// name is a short string in place.
type name struct {
	n int
	b [2*market.MaxSymbol + 1]byte
}

func (s *name) set(b []byte) bool {
	if len(b) > len(s.b) {
		return false
	}
	s.n = copy(s.b[:], b)
	return true
}

// maxKeys bounds the strings a Decoder keeps.
const maxKeys = 1 << 14

// Decode reads one record into r, whose Levels it reuses. The receive time of
// the event is the record's own, but not after recv, the time of receipt in Unix
// nanoseconds. A record that gives none, or one in the future, was written after
// since and may be as old as that; 0 is unknown. The error is a *RecordError.
func (d *Decoder) Decode(r *Record, value []byte, since, recv int64) error {
	levels := r.Event.Levels[:0]
	*r = Record{VerifiedDepth: -1}
	r.Event = market.Event{Kind: 0, Epoch: 1, RecvTime: since, Levels: levels}
	d.rec, d.recv = r, recv
	d.venue.n, d.mkt.n = 0, 0
	d.seen.seq, d.seen.prev, d.seen.kind = false, false, false
	if len(value) > MaxRecord {
		return &RecordError{Code: CodeOversize, Err: fmt.Errorf("%d bytes", len(value))}
	}
	var err error
	if d.code = ""; isBinary(value) {
		err = d.binary(value)
	} else {
		err = d.text(value)
	}
	if err == nil {
		err = d.finish(r)
	}
	if err != nil {
		return d.refuse(err)
	}
	return nil
}

// text reads a JSON record. Its book may be known although it is refused.
func (d *Decoder) text(value []byte) error {
	d.reset(value)
	err := d.scan.Object(func(key []byte) error { return d.field(key) })
	if err == nil {
		err = d.scan.End()
	}
	if known := d.key(d.rec); err == nil && !known {
		d.code = CodeBadKey
		err = unnamed(d.venue.b[:d.venue.n], d.mkt.b[:d.mkt.n])
	}
	return err
}

func (d *Decoder) refuse(err error) error {
	return &RecordError{Code: d.why(), Key: d.rec.Key, Err: err}
}

// field reads the value of one key.
func (d *Decoder) field(key []byte) (err error) {
	r, e := d.rec, &d.rec.Event
	switch string(key) {
	case "v":
		err = d.major()
	case "venue":
		err = d.word(&d.venue)
	case "market":
		err = d.word(&d.mkt)
	case "type":
		err = d.kind()
	case "epoch":
		e.Epoch, err = d.whole()
	case "seq":
		e.Seq, err = d.whole()
		d.seen.seq = true
	case "prev_seq":
		e.PrevSeq, err = d.whole()
		d.seen.prev = true
	case "ts_venue":
		e.VenueTime, err = d.time()
	case "ts_ingest":
		var t int64
		t, err = d.time()
		d.received(t)
	case "origin":
		e.Origin, err = d.origin()
	case "bids":
		err = d.levels(market.Bid)
	case "asks":
		err = d.levels(market.Ask)
	case "checksum":
		err = d.checksum()
	case "verified_depth":
		var n uint64
		n, err = d.whole()
		r.VerifiedDepth = int(min(n, math.MaxInt32))
	case "at":
		r.HasAt = true
		err = d.at()
	default:
		r.Unknown++
		err = d.scan.Skip()
	}
	return err
}

// finish checks what belongs together.
func (d *Decoder) finish(r *Record) error {
	e := &r.Event
	switch {
	case !d.seen.kind:
		return d.fail(CodeBadType, "no type")
	case e.Kind == market.Snapshot:
		e.Unsequenced = !d.seen.seq
	case d.seen.seq && d.seen.prev:
	case d.Unsequenced != nil && d.Unsequenced(r.Key):
		e.Unsequenced = true
	default:
		return d.fail(CodeUnsequenced, "delta without seq and prev_seq")
	}
	return nil
}

// key sets the Key from venue and market and reports whether both are valid.
func (d *Decoder) key(r *Record) bool {
	var buf [market.MaxSymbol + 1 + 2*market.MaxSymbol + 1]byte
	if d.venue.n == 0 || d.mkt.n == 0 || d.venue.n > market.MaxSymbol {
		return false
	}
	b := append(buf[:0], d.venue.b[:d.venue.n]...)
	b = append(append(b, '|'), d.mkt.b[:d.mkt.n]...)
	return d.lookup(r, b)
}

// lookup sets the Key from a record key and reports whether it is valid.
func (d *Decoder) lookup(r *Record, b []byte) bool {
	if k, ok := d.keys[string(b)]; ok {
		r.Key, r.Home = k.key, k.home
		return true
	}
	key, ok := parseKey(b)
	if !ok {
		return false
	}
	r.Key, r.Home = key, broker.Partition(b, broker.BookPartitions)
	if d.keys == nil {
		d.keys = make(map[string]known)
	}
	if len(d.keys) < maxKeys {
		d.keys[string(b)] = known{r.Key, r.Home}
	}
	return true
}

// received sets the receive time that the record gives.
func (d *Decoder) received(t int64) {
	d.rec.Timed = true
	if t <= d.recv+clockSkew {
		d.rec.Event.RecvTime = min(t, d.recv)
	}
}

func (d *Decoder) word(dst *name) error {
	b, err := d.scan.Str()
	if err != nil {
		return err
	}
	if !dst.set(b) {
		return d.fail(CodeBadKey, "%d bytes of a name", len(b))
	}
	return nil
}

func (d *Decoder) kind() error {
	b, err := d.scan.Str()
	if err != nil {
		return err
	}
	d.seen.kind = true
	switch string(b) {
	case "snapshot":
		d.rec.Event.Kind = market.Snapshot
	case "delta":
		d.rec.Event.Kind = market.Delta
	default:
		return d.fail(CodeBadType, "type %.32q", b)
	}
	return nil
}

func (d *Decoder) checksum() error {
	if d.scan.Null() {
		return nil
	}
	v, err := d.whole()
	if err != nil {
		return err
	}
	if v > math.MaxUint32 {
		return d.fail(CodeRefusedNumber, "checksum %d is above 32 bits", v)
	}
	d.rec.Event.Checksum, d.rec.Event.HasChecksum = uint32(v), true
	return nil
}

func (d *Decoder) at() error {
	return d.scan.Object(func(key []byte) error {
		v, err := uint64(0), error(nil)
		switch string(key) {
		case "partition":
			v, err = d.whole()
			d.rec.At.Partition = int(min(v, math.MaxInt32))
		case "offset":
			v, err = d.whole()
			d.rec.At.Offset = int64(min(v, math.MaxInt64))
		default:
			d.rec.Unknown++
			err = d.scan.Skip()
		}
		return err
	})
}

func (d *Decoder) levels(side market.Side) error {
	return d.scan.Array(func(i int) error {
		if i == MaxLevels {
			return d.fail(CodeOversize, "more than %d levels a side", MaxLevels)
		}
		l, n := market.Level{Side: side}, 0
		err := d.scan.Array(func(i int) (err error) {
			n++
			switch i {
			case 0:
				l.Price, err = d.amount()
			case 1:
				l.Size, err = d.amount()
			default:
				err = d.fail(CodeBadJSON, "a level of more than two")
			}
			return err
		})
		if err == nil && n < 2 {
			err = d.fail(CodeBadJSON, "a level of less than two")
		}
		d.rec.Event.Levels = append(d.rec.Event.Levels, l)
		return err
	})
}
