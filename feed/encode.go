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

// Stamp returns an encoded record, which has no receive time, with one: Unix
// nanoseconds.
func Stamp(value []byte, recv int64) []byte {
	dst := make([]byte, 0, len(value)+64)
	dst = append(appendTime(append(dst, `{"ts_ingest":"`...), recv), ',')
	return append(dst, value[1:]...)
}

// withAt returns an encoded record with its place in the book topic.
func withAt(value []byte, at Position) []byte {
	dst := make([]byte, 0, len(value)+64)
	return append(appendAt(append(dst, value[:len(value)-1]...), at), '}')
}
