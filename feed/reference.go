package feed

import (
	"fmt"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// Reference is a record of the reference topic: a price that spreads are counted
// from, and nothing that can be traded.
type Reference struct {
	Price   market.Reference
	Home    int  // partition of the reference topic that the record belongs to
	Timed   bool // the record gives a time of its own
	Unknown int  // keys that were ignored
}

// ReferenceDecoder reads reference records strictly. It is not safe for
// concurrent use.
type ReferenceDecoder struct {
	fields
	r    *Reference
	recv int64

	hasV, hasPrice, hasUntil bool
}

// Decode reads one record into r, as LiquidityDecoder.Decode does. The Key of a
// *RecordError has the source in the place of the venue.
func (d *ReferenceDecoder) Decode(r *Reference, value []byte, since, recv int64) error {
	*r = Reference{Price: market.Reference{RecvTime: since}}
	*d = ReferenceDecoder{fields: d.fields, r: r, recv: recv}
	if len(value) > MaxRecord {
		return &RecordError{Code: CodeOversize, Err: fmt.Errorf("%d bytes", len(value))}
	}
	d.reset(value)
	err := d.scan.Object(d.field)
	if err == nil {
		err = d.scan.End()
	}
	if err == nil {
		err = d.finish()
	}
	key := market.Key{Venue: r.Price.Source, Pair: r.Price.Pair}
	if err != nil {
		if key.Venue == "" || key.Pair == (market.Pair{}) {
			key = market.Key{}
		}
		return &RecordError{Code: d.why(), Key: key, Err: err}
	}
	r.Home = broker.Partition(keyBytes(key), broker.ReferencePartitions)
	return nil
}

// field reads the value of one key.
func (d *ReferenceDecoder) field(key []byte) (err error) {
	p := &d.r.Price
	switch string(key) {
	case "v":
		d.hasV = true
		err = d.major()
	case "source":
		p.Source, err = d.name(market.ValidVenue)
	case "market":
		p.Pair, err = d.pair()
	case "price":
		d.hasPrice = true
		p.Price, err = d.amount()
	case "ts":
		d.r.Timed = true
		p.Time, err = d.time()
		if err == nil && p.Time <= d.recv+clockSkew {
			p.RecvTime = min(p.Time, d.recv)
		}
	case "valid_until":
		d.hasUntil = true
		p.ValidUntil, err = d.time()
	case "origin":
		p.Origin, err = d.origin()
	default:
		d.r.Unknown++
		err = d.scan.Skip()
	}
	return err
}

// finish checks what belongs together.
func (d *ReferenceDecoder) finish() error {
	p := &d.r.Price
	switch {
	case p.Source == "" || p.Pair == market.Pair{}:
		missing := "no source"
		if p.Source != "" {
			missing = "no market"
		}
		return d.fail(CodeBadKey, "%s", missing)
	case !d.hasV:
		return d.fail(CodeUnknownMajor, "no v")
	case !d.hasPrice || p.Price.IsZero():
		return d.fail(CodeRefusedNumber, "want a price above 0")
	case !d.hasUntil:
		return d.fail(CodeBadTime, "no valid_until")
	}
	return nil
}
