package feed

import (
	"strconv"
	"time"

	"chronos.dev/market"
)

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// Append appends the record as JSON. A Gap is written as a delta without levels;
// being the first of its epoch, it makes every reader wait for a snapshot.
func (r *Record) Append(dst []byte) []byte {
	e := &r.Event
	dst = append(dst, `{"v":1,"venue":"`...)
	dst = append(dst, r.Key.Venue...)
	dst = append(dst, `","market":"`...)
	dst = append(dst, r.Key.Pair.Base...)
	dst = append(dst, '-')
	dst = append(dst, r.Key.Pair.Quote...)
	if e.Kind == market.Snapshot {
		dst = append(dst, `","type":"snapshot","epoch":`...)
	} else {
		dst = append(dst, `","type":"delta","epoch":`...)
	}
	dst = strconv.AppendUint(dst, e.Epoch, 10)
	if !e.Unsequenced {
		dst = strconv.AppendUint(append(dst, `,"seq":`...), e.Seq, 10)
		if e.Kind != market.Snapshot {
			dst = strconv.AppendUint(append(dst, `,"prev_seq":`...), e.PrevSeq, 10)
		}
	}
	if e.Origin != market.Venue {
		dst = append(append(append(dst, `,"origin":"`...), e.Origin.String()...), '"')
	}
	if e.VenueTime != 0 {
		dst = appendTime(append(dst, `,"ts_venue":"`...), e.VenueTime)
	}
	if e.RecvTime != 0 {
		dst = appendTime(append(dst, `,"ts_ingest":"`...), e.RecvTime)
	}
	dst = appendSide(append(dst, `,"bids":[`...), e.Levels, market.Bid)
	dst = appendSide(append(dst, `,"asks":[`...), e.Levels, market.Ask)
	if e.HasChecksum {
		dst = strconv.AppendUint(append(dst, `,"checksum":`...), uint64(e.Checksum), 10)
	}
	if r.VerifiedDepth >= 0 {
		dst = strconv.AppendInt(append(dst, `,"verified_depth":`...), int64(r.VerifiedDepth), 10)
	}
	if r.HasAt {
		dst = appendAt(dst, r.At)
	}
	return append(dst, '}')
}

func appendTime(dst []byte, ns int64) []byte {
	return append(time.Unix(0, ns).UTC().AppendFormat(dst, timeLayout), '"')
}

func appendSide(dst []byte, levels []market.Level, side market.Side) []byte {
	first := true
	for i := range levels {
		if levels[i].Side != side {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(levels[i].Price.AppendText(append(dst, `["`...)), `","`...)
		dst = append(levels[i].Size.AppendText(dst), `"]`...)
	}
	return append(dst, ']')
}

func appendAt(dst []byte, at Position) []byte {
	dst = strconv.AppendInt(append(dst, `,"at":{"partition":`...), int64(at.Partition), 10)
	return append(strconv.AppendInt(append(dst, `,"offset":`...), at.Offset, 10), '}')
}

// Stamp returns an encoded book record, which has no receive time, with one: Unix
// nanoseconds.
func Stamp(value []byte, recv int64) []byte { return stamp(`{"ts_ingest":"`, value, recv) }

// StampOffer returns an encoded offer or reference price, which has no time, with
// one: Unix nanoseconds.
func StampOffer(value []byte, at int64) []byte { return stamp(`{"ts":"`, value, at) }

func stamp(first string, value []byte, at int64) []byte {
	dst := make([]byte, 0, len(value)+64)
	dst = append(appendTime(append(dst, first...), at), ',')
	return append(dst, value[1:]...)
}

// withAt returns an encoded record with its place in the book topic.
func withAt(value []byte, at Position) []byte {
	dst := make([]byte, 0, len(value)+64)
	if isBinary(value) {
		dst = append(dst, value...)
		dst[1] |= flagAt
		return appendBinaryAt(dst, at)
	}
	return append(appendAt(append(dst, value[:len(value)-1]...), at), '}')
}

// AppendOffer appends a liquidity record as JSON. A receive time is not written:
// Time is what readers count from.
func AppendOffer(dst []byte, o *market.Offer) []byte {
	dst = append(append(dst, `{"v":1,"provider":"`...), o.Key.Venue...)
	dst = append(append(dst, `","asset":"`...), o.Key.Pair.Base...)
	dst = append(append(dst, `","quote":"`...), o.Key.Pair.Quote...)
	dst = strconv.AppendUint(append(dst, `","seq":`...), o.Seq, 10)
	if o.Origin != market.Venue {
		dst = append(append(append(dst, `,"origin":"`...), o.Origin.String()...), '"')
	}
	if o.Time != 0 {
		dst = appendTime(append(dst, `,"ts":"`...), o.Time)
	}
	dst = appendTime(append(dst, `,"valid_until":"`...), o.ValidUntil)
	dst = appendTiers(append(dst, `,"sell":[`...), o.Sell)
	dst = appendTiers(append(dst, `,"buy":[`...), o.Buy)
	dst = strconv.AppendBool(append(dst, `,"last_look":`...), o.LastLook)
	dst = append(append(dst, `,"custody_status":"`...), o.Custody.String()...)
	return append(dst, `"}`...)
}

func appendTiers(dst []byte, tiers []market.Tier) []byte {
	for i := range tiers {
		t := &tiers[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		if t.Name != "" {
			dst = append(append(append(dst, `"name":"`...), t.Name...), `",`...)
		}
		dst = t.Min.AppendText(append(dst, `"min":"`...))
		dst = t.Max.AppendText(append(dst, `","max":"`...))
		if t.Reference != (market.Pair{}) {
			dst = t.SpreadBps.AppendText(append(dst, `","spread_bps":"`...))
			dst = append(append(dst, `","reference":"`...), t.Reference.String()...)
		} else {
			dst = t.Price.AppendText(append(dst, `","price":"`...))
		}
		if t.Whole {
			dst = append(dst, `","mode":"whole"`...)
		} else {
			dst = append(dst, `","mode":"slice"`...)
		}
		if !t.FeeBps.IsZero() {
			dst = append(t.FeeBps.AppendText(append(dst, `,"fee_bps":"`...)), '"')
		}
		if t.FixedFeeAsset != "" {
			dst = append(append(dst, `,"fixed_fee":{"asset":"`...), t.FixedFeeAsset...)
			dst = append(t.FixedFee.AppendText(append(dst, `","amount":"`...)), `"}`...)
		}
		dst = strconv.AppendInt(append(dst, `,"settlement_ms":`...), t.Settle.Milliseconds(), 10)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// AppendReference appends a reference record as JSON.
func AppendReference(dst []byte, r *market.Reference) []byte {
	dst = append(append(dst, `{"v":1,"source":"`...), r.Source...)
	dst = append(append(dst, `","market":"`...), r.Pair.String()...)
	dst = r.Price.AppendText(append(dst, `","price":"`...))
	if r.Origin != market.Venue {
		dst = append(append(dst, `","origin":"`...), r.Origin.String()...)
	}
	dst = append(dst, '"')
	if r.Time != 0 {
		dst = appendTime(append(dst, `,"ts":"`...), r.Time)
	}
	return append(appendTime(append(dst, `,"valid_until":"`...), r.ValidUntil), '}')
}
