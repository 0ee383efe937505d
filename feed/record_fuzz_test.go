package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chronos.dev/broker"
	"chronos.dev/market"
)

// FuzzDecodeRecord compares the decoder with a dumb twin on encoding/json: they
// must agree on what is a record and on every number in it.
func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte(sampleDelta))
	f.Add([]byte(`{"venue":"lab","market":"BTC-USD","type":"snapshot","bids":[["1.50","0.00"]],"x":[{}]}`))
	f.Add([]byte(`{"venue":"lab","market":"BTC-USD","type":"snapshot","at":{"partition":3,"offset":81234},"seq":1e3}`))
	f.Add([]byte(`{"v":1,"v":1,"venue":"a","market":"A-B","type":"snapshot"}`))
	f.Add([]byte(`{"venue":"lab","market":"BTC-USD","type":"delta","seq":2,"prev_seq":1,"asks":[["1e400","1"]],"checksum":null}`))
	f.Add([]byte(`{"venue":"lab","market":"BTC-USD","type":"snapshot","ts_ingest":"2026-11-23T02:55:07Z","verified_depth":9,"origin":"replay"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var d Decoder
		var r Record
		err := d.Decode(&r, in, sinceTime, recvTime)
		if re := (*RecordError)(nil); err != nil && !errors.As(err, &re) {
			t.Fatalf("error of type %T", err)
		}
		twin, twinErr := twinDecode(in)
		if (err == nil) != (twinErr == nil) {
			t.Fatalf("Decode: %v, twin: %v", err, twinErr)
		}
		if err != nil {
			return
		}
		got := d.rec.Append(nil)
		if want := twin.Append(nil); !bytes.Equal(got, want) {
			t.Fatalf("Decode %s\ntwin   %s", got, want)
		}
		if again := (Record{}); d.Decode(&again, got, sinceTime, recvTime) != nil {
			t.Fatalf("cannot read back %s", got)
		}
	})
}

var errTwin = errors.New("refused")

// tree is a JSON value: map[string]any without duplicates, []any, json.Number,
// string, bool or nil.
func tree(dec *json.Decoder, depth int) (any, error) {
	tok, err := dec.Token()
	if err != nil || depth > 16 {
		return nil, errTwin
	}
	switch tok {
	case json.Delim('{'):
		m := map[string]any{}
		for n := 0; dec.More(); n++ {
			k, err := dec.Token()
			name, ok := k.(string)
			if _, dup := m[name]; err != nil || !ok || dup || n >= 1024 {
				return nil, errTwin
			}
			if m[name], err = tree(dec, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := dec.Token()
		return m, err
	case json.Delim('['):
		a := []any{}
		for dec.More() {
			v, err := tree(dec, depth+1)
			if err != nil {
				return nil, err
			}
			a = append(a, v)
		}
		_, err := dec.Token()
		return a, err
	}
	return tok, nil
}

var (
	twinAmount = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	twinVenue  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	twinMarket = regexp.MustCompile(`^([A-Z0-9]{1,32})-([A-Z0-9]{1,32})$`)
)

// twinDecode follows the rules of the format without regard to speed. Texts with
// a backslash are left to the scanner's own fuzz test.
func twinDecode(in []byte) (*Record, error) {
	if bytes.ContainsRune(in, '\\') {
		var d Decoder
		r := new(Record)
		return r, d.Decode(r, in, sinceTime, recvTime)
	}
	if len(in) > MaxRecord || !utf8.Valid(in) {
		return nil, errTwin
	}
	dec := json.NewDecoder(bytes.NewReader(in))
	dec.UseNumber()
	if !json.Valid(in) {
		return nil, errTwin
	}
	v, err := tree(dec, 1)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, errTwin
	}
	return twinRecord(m)
}

func twinRecord(m map[string]any) (*Record, error) {
	bad := false
	whole := func(m map[string]any, key string, def uint64) uint64 {
		v, ok := m[key]
		if !ok {
			return def
		}
		n, ok := v.(json.Number)
		i, good := new(big.Int).SetString(string(n), 10)
		if !ok || !good || !i.IsUint64() || n[0] == '-' {
			bad = true
			return 0
		}
		return i.Uint64()
	}
	str := func(key string) string {
		v, ok := m[key]
		s, isString := v.(string)
		bad = bad || ok && !isString
		return s
	}
	when := func(key string, def int64) int64 {
		s := str(key)
		if _, ok := m[key]; !ok {
			return def
		}
		var at time.Time
		err := at.UnmarshalText([]byte(s))
		bad = bad || err != nil || !strings.HasSuffix(s, "Z") || at.Year() < 1970 || at.Year() > 2200
		return at.UnixNano()
	}
	r := &Record{VerifiedDepth: -1}
	e := &r.Event
	bad = whole(m, "v", 1) != 1 || bad
	venue, pair := str("venue"), twinMarket.FindStringSubmatch(str("market"))
	if !twinVenue.MatchString(venue) || pair == nil || pair[1] == pair[2] {
		return nil, errTwin
	}
	r.Key = market.Key{Venue: venue, Pair: market.Pair{Base: pair[1], Quote: pair[2]}}
	r.Home = broker.Partition([]byte(r.Key.String()), broker.BookPartitions)
	e.Kind = map[string]market.EventKind{"snapshot": market.Snapshot, "delta": market.Delta}[str("type")]
	e.Epoch, e.Seq, e.PrevSeq = whole(m, "epoch", 1), whole(m, "seq", 0), whole(m, "prev_seq", 0)
	_, hasSeq := m["seq"]
	_, hasPrev := m["prev_seq"]
	e.Unsequenced = e.Kind == market.Snapshot && !hasSeq
	bad = bad || e.Kind == 0 || e.Kind == market.Delta && (!hasSeq || !hasPrev)
	e.VenueTime = when("ts_venue", 0)
	if e.RecvTime = when("ts_ingest", sinceTime); e.RecvTime > recvTime+int64(time.Second/4) {
		e.RecvTime = sinceTime
	}
	e.RecvTime = min(e.RecvTime, recvTime)
	_, r.Timed = m["ts_ingest"]
	if _, ok := m["origin"]; ok {
		at := slices.Index([]string{"venue", "replay", "simulated"}, str("origin"))
		bad = bad || at < 0
		e.Origin = market.Origin(max(at, 0))
	}
	if v, ok := m["checksum"]; ok && v != nil {
		sum := whole(m, "checksum", 0)
		bad = bad || sum > 1<<32-1
		e.Checksum, e.HasChecksum = uint32(sum), true
	}
	if _, ok := m["verified_depth"]; ok {
		r.VerifiedDepth = int(min(whole(m, "verified_depth", 0), 1<<31-1))
	}
	if v, ok := m["at"]; ok {
		at, ok := v.(map[string]any)
		bad = bad || !ok
		r.HasAt = true
		r.At.Partition = int(min(whole(at, "partition", 0), 1<<31-1))
		r.At.Offset = int64(min(whole(at, "offset", 0), 1<<63-1))
	}
	bids, ok := twinLevels(m, "bids", market.Bid)
	asks, ok2 := twinLevels(m, "asks", market.Ask)
	e.Levels = append(bids, asks...)
	if bad || !ok || !ok2 {
		return nil, errTwin
	}
	return r, nil
}

func twinLevels(m map[string]any, key string, side market.Side) ([]market.Level, bool) {
	v, ok := m[key]
	if !ok {
		return nil, true
	}
	list, ok := v.([]any)
	if !ok || len(list) > MaxLevels {
		return nil, false
	}
	var levels []market.Level
	for _, v := range list {
		two, ok := v.([]any)
		if !ok || len(two) != 2 {
			return nil, false
		}
		l := market.Level{Side: side}
		for i, dst := range []*struct {
			coef  *int64
			scale *uint8
		}{{&l.Price.Coef, &l.Price.Scale}, {&l.Size.Coef, &l.Size.Scale}} {
			s, ok := two[i].(string)
			if !ok || !twinAmount.MatchString(s) {
				return nil, false
			}
			whole, frac, _ := strings.Cut(s, ".")
			n, _ := new(big.Int).SetString(whole+frac, 10)
			scale := len(frac)
			for scale > 18 && strings.HasSuffix(frac, "0") { // the number keeps 18 decimals at most
				frac, scale = frac[:len(frac)-1], scale-1
				n, _ = new(big.Int).SetString(whole+frac, 10)
			}
			if !n.IsInt64() || scale > 18 {
				return nil, false
			}
			*dst.coef, *dst.scale = n.Int64(), uint8(scale)
		}
		levels = append(levels, l)
	}
	return levels, true
}
