package feed

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/market"
	"chronos.dev/money"

	"pgregory.net/rapid"
)

const (
	recvTime  = int64(1_800_000_000_000_000_000)
	sinceTime = recvTime - int64(5*time.Second)
)

const sampleDelta = `{"v":1,"venue":"kraken","market":"BTC-USD","type":"delta","epoch":7,"seq":1001,"prev_seq":1000,
 "ts_venue":"2026-11-23T02:55:07.150000000Z","ts_ingest":"2026-11-23T02:55:07.151000000Z",
 "bids":[["68010.1","0"]],"asks":[["68012.3","0.10000000"]],"checksum":2883309148}`

func at(s string) int64 {
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return v.UnixNano()
}

func TestDecode(t *testing.T) {
	var d Decoder
	var r Record
	if err := d.Decode(&r, []byte(sampleDelta), sinceTime, recvTime); err != nil {
		t.Fatal(err)
	}
	want := Record{
		Key:           market.Key{Venue: "kraken", Pair: market.Pair{Base: "BTC", Quote: "USD"}},
		VerifiedDepth: -1, Timed: true, Home: 10, // a vector of the topic's layout
		Event: market.Event{
			Kind: market.Delta, Epoch: 7, Seq: 1001, PrevSeq: 1000,
			VenueTime: at("2026-11-23T02:55:07.15Z"), RecvTime: at("2026-11-23T02:55:07.151Z"),
			Checksum: 2883309148, HasChecksum: true,
			Levels: []market.Level{
				{Side: market.Bid, Price: money.Num{Coef: 680101, Scale: 1}},
				{Side: market.Ask, Price: money.Num{Coef: 680123, Scale: 1}, Size: money.Num{Coef: 10000000, Scale: 8}},
			},
		},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("Decode =\n%+v\nwant\n%+v", r, want)
	}
}

func TestDecodeRules(t *testing.T) {
	const head = `{"venue":"lab","market":"BTC-USD",`
	tests := []struct {
		name, in string
		ok       func(r *Record) bool
	}{
		{"a snapshot by hand needs no numbers and is taken as it comes", head + `"type":"snapshot","bids":[["1","2"]]}`,
			func(r *Record) bool {
				return r.Event.Unsequenced && r.Event.Epoch == 1 && r.Event.RecvTime == sinceTime
			}},
		{"a numbered snapshot is sequenced", head + `"type":"snapshot","seq":5}`,
			func(r *Record) bool { return !r.Event.Unsequenced && r.Event.Seq == 5 }},
		{"a delta without numbers passes where configured", `{"venue":"loose","market":"BTC-USD","type":"delta"}`,
			func(r *Record) bool { return r.Event.Unsequenced }},
		{"a receive time far in the future says nothing", head + `"type":"snapshot","ts_ingest":"2199-01-01T00:00:00.000000000Z"}`,
			func(r *Record) bool { return r.Event.RecvTime == sinceTime }},
		{"a clock that is a little ahead is ours", head + `"type":"snapshot","ts_ingest":"2027-01-15T08:00:00.25Z"}`,
			func(r *Record) bool { return r.Event.RecvTime == recvTime }},
		{"but no more than that", head + `"type":"snapshot","ts_ingest":"2027-01-15T08:00:00.250000001Z"}`,
			func(r *Record) bool { return r.Event.RecvTime == sinceTime }},
		{"a receive time in the past is the record's, however old", head + `"type":"snapshot","ts_ingest":"2020-01-01T00:00:00Z"}`,
			func(r *Record) bool { return r.Event.RecvTime == at("2020-01-01T00:00:00Z") }},
		{"a record is a venue's unless it says otherwise", head + `"type":"snapshot"}`,
			func(r *Record) bool { return r.Event.Origin == market.Venue }},
		{"a simulated record says so", head + `"type":"snapshot","origin":"simulated"}`,
			func(r *Record) bool { return r.Event.Origin == market.Simulated }},
		{"unknown keys are ignored and counted", head + `"type":"snapshot","x":{"y":[1]},"z":null}`,
			func(r *Record) bool { return r.Unknown == 2 }},
		{"a null checksum is none", head + `"type":"snapshot","checksum":null}`,
			func(r *Record) bool { return !r.Event.HasChecksum }},
		{"a checksum of zero is one", head + `"type":"snapshot","checksum":0}`,
			func(r *Record) bool { return r.Event.HasChecksum && r.Event.Checksum == 0 }},
		{"verified depth and place", head + `"type":"snapshot","verified_depth":10,"at":{"partition":3,"offset":81234}}`,
			func(r *Record) bool { return r.VerifiedDepth == 10 && r.HasAt && r.At == Position{3, 81234} }},
		{"trailing zeros stay", head + `"type":"snapshot","asks":[["1.500","0.00"]]}`,
			func(r *Record) bool {
				l := r.Event.Levels[0]
				return l.Price.String() == "1.500" && l.Size.String() == "0.00"
			}},
		{"the largest sequence", head + `"type":"snapshot","seq":18446744073709551615}`,
			func(r *Record) bool { return r.Event.Seq == 1<<64-1 }},
	}
	d := Decoder{Unsequenced: func(k market.Key) bool { return k.Venue == "loose" }}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			if err := d.Decode(&r, []byte(tt.in), sinceTime, recvTime); err != nil || !tt.ok(&r) {
				t.Errorf("Decode(%s) = %+v, %v", tt.in, r, err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head = `{"v":1,"venue":"lab","market":"BTC-USD","type":"snapshot",`
	tests := []struct {
		name, in, code string
		known          bool // the error names the book
	}{
		{"nothing", ``, CodeBadJSON, false},
		{"not an object", `[1]`, CodeBadJSON, false},
		{"half a record", head + `"seq":`, CodeBadJSON, true},
		{"trailing bytes", head + `"seq":1} x`, CodeBadJSON, true},
		{"a duplicate key", head + `"seq":1,"seq":2}`, CodeBadJSON, true},
		{"another major", `{"v":2,"venue":"lab","market":"BTC-USD"}`, CodeUnknownMajor, false},
		{"an amount that is a number", head + `"bids":[[1.5,"1"]]}`, CodeRefusedNumber, true},
		{"an exponent", head + `"bids":[["1e400","1"]]}`, CodeRefusedNumber, true},
		{"NaN", head + `"bids":[["NaN","1"]]}`, CodeRefusedNumber, true},
		{"a sign", head + `"bids":[["1","-1"]]}`, CodeRefusedNumber, true},
		{"an empty amount", head + `"bids":[["","1"]]}`, CodeRefusedNumber, true},
		{"a leading zero", head + `"bids":[["01","1"]]}`, CodeRefusedNumber, true},
		{"a lone point", head + `"bids":[["1.","1"]]}`, CodeRefusedNumber, true},
		{"an amount beyond 64 bits", head + `"bids":[["9999999999999999999","1"]]}`, CodeRefusedNumber, true},
		{"a negative sequence", head + `"seq":-1}`, CodeRefusedNumber, true},
		{"a sequence with a point", head + `"seq":1.0}`, CodeRefusedNumber, true},
		{"a sequence beyond 64 bits", head + `"seq":18446744073709551616}`, CodeRefusedNumber, true},
		{"a checksum beyond 32 bits", head + `"checksum":4294967296}`, CodeRefusedNumber, true},
		{"a sequence that is a string", head + `"seq":"1"}`, CodeBadJSON, true},
		{"a level of one", head + `"bids":[["1"]]}`, CodeBadJSON, true},
		{"a level of three", head + `"bids":[["1","1","1"]]}`, CodeBadJSON, true},
		{"a level that is none", head + `"bids":["1"]}`, CodeBadJSON, true},
		{"too many levels", head + `"bids":[` + strings.Repeat(`["1","1"],`, MaxLevels) + `["1","1"]]}`, CodeOversize, true},
		{"too many bytes", head + `"x":"` + strings.Repeat("x", MaxRecord) + `"}`, CodeOversize, false},
		{"no type", `{"venue":"lab","market":"BTC-USD"}`, CodeBadType, true},
		{"another origin", head + `"origin":"dream"}`, CodeBadType, true},
		{"another type", `{"venue":"lab","market":"BTC-USD","type":"trade"}`, CodeBadType, true},
		{"no venue", `{"market":"BTC-USD","type":"snapshot"}`, CodeBadKey, false},
		{"a venue in capitals", `{"venue":"Lab","market":"BTC-USD","type":"snapshot"}`, CodeBadKey, false},
		{"a market of one asset", `{"venue":"lab","market":"BTC","type":"snapshot"}`, CodeBadKey, false},
		{"a market without end", `{"venue":"lab","market":"` + strings.Repeat("A", 99) + `-B"}`, CodeBadKey, false},
		{"a local time", head + `"ts_venue":"2026-11-23T02:55:07+01:00"}`, CodeBadTime, true},
		{"a time of no day", head + `"ts_venue":"2026-02-30T02:55:07Z"}`, CodeBadTime, true},
		{"a time beyond the clock", head + `"ts_venue":"9999-01-01T00:00:00Z"}`, CodeBadTime, true},
		{"a delta without numbers", `{"venue":"lab","market":"BTC-USD","type":"delta"}`, CodeUnsequenced, true},
		{"a delta with half its numbers", `{"venue":"lab","market":"BTC-USD","type":"delta","seq":1}`, CodeUnsequenced, true},
	}
	var d Decoder
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var r Record
			err := d.Decode(&r, []byte(tt.in), sinceTime, recvTime)
			var re *RecordError
			if !errors.As(err, &re) || re.Code != tt.code || (re.Key.Venue == "lab") != tt.known {
				t.Errorf("Decode = %v; want code %s, book known %t", err, tt.code, tt.known)
			}
			if !slices.Contains(Codes[:], re.Code) {
				t.Errorf("code %s is not in Codes", re.Code)
			}
		})
	}
}

// genRecord draws records of the form that Append writes.
func genRecord(t *rapid.T) *Record {
	num := func(name string) money.Num {
		return money.Num{
			Coef:  rapid.Int64Min(0).Draw(t, name),
			Scale: rapid.Uint8Max(money.MaxScale).Draw(t, name+" scale"),
		}
	}
	r := &Record{
		Key: market.Key{
			Venue: rapid.StringMatching(`[a-z][a-z0-9_-]{0,31}`).Draw(t, "venue"),
			Pair: market.Pair{
				Base:  rapid.StringMatching(`[A-Y][A-Z0-9]{0,31}`).Draw(t, "base"),
				Quote: "Z" + rapid.StringMatching(`[A-Z0-9]{0,31}`).Draw(t, "quote"),
			},
		},
		VerifiedDepth: rapid.IntRange(-1, MaxLevels).Draw(t, "depth"),
	}
	e := &r.Event
	e.Kind = rapid.SampledFrom([]market.EventKind{market.Snapshot, market.Delta}).Draw(t, "kind")
	e.Epoch = rapid.Uint64().Draw(t, "epoch")
	e.Unsequenced = rapid.Bool().Draw(t, "unsequenced")
	if !e.Unsequenced {
		e.Seq = rapid.Uint64().Draw(t, "seq")
		if e.Kind == market.Delta {
			e.PrevSeq = rapid.Uint64().Draw(t, "prev")
		}
	}
	e.VenueTime = rapid.Int64Range(0, recvTime).Draw(t, "venue time")
	e.RecvTime = rapid.Int64Range(1, recvTime).Draw(t, "receive time")
	e.Origin = rapid.SampledFrom([]market.Origin{market.Venue, market.Replay, market.Simulated}).Draw(t, "origin")
	r.Home, r.Timed = broker.Partition([]byte(r.Key.String()), broker.BookPartitions), true
	for _, side := range []market.Side{market.Bid, market.Ask} {
		for range rapid.IntRange(0, 5).Draw(t, "levels") {
			e.Levels = append(e.Levels, market.Level{Side: side, Price: num("price"), Size: num("size")})
		}
	}
	if e.HasChecksum = rapid.Bool().Draw(t, "has checksum"); e.HasChecksum {
		e.Checksum = rapid.Uint32().Draw(t, "checksum")
	}
	if r.HasAt = rapid.Bool().Draw(t, "has place"); r.HasAt {
		r.At = Position{rapid.IntRange(0, 1<<31-1).Draw(t, "partition"), rapid.Int64Min(0).Draw(t, "offset")}
	}
	return r
}

// What is written is read again digit for digit.
func TestRoundTrip(t *testing.T) {
	d := Decoder{Unsequenced: func(market.Key) bool { return true }}
	rapid.Check(t, func(t *rapid.T) {
		want := genRecord(t)
		text := want.Append(nil)
		var got Record
		if err := d.Decode(&got, text, sinceTime, recvTime); err != nil {
			t.Fatalf("Decode(%s): %v", text, err)
		}
		if len(got.Event.Levels) == 0 {
			got.Event.Levels = nil
		}
		if !reflect.DeepEqual(&got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, &got, want)
		}
		if again := got.Append(nil); string(again) != string(text) {
			t.Fatalf("Append = %s, want %s", again, text)
		}
	})
}

func TestWithAt(t *testing.T) {
	r := Record{Key: testKey(0), VerifiedDepth: -1, Event: market.Event{Kind: market.Snapshot, Seq: 4}}
	plain := r.Append(nil)
	r.At, r.HasAt = Position{3, 77}, true
	if got, want := string(withAt(plain, r.At)), string(r.Append(nil)); got != want {
		t.Errorf("withAt = %s, want %s", got, want)
	}
}

func testKey(i int) market.Key {
	return market.Key{Venue: fmt.Sprintf("v%d", i), Pair: market.Pair{Base: "BTC", Quote: "USD"}}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	var d Decoder
	var r Record
	value := []byte(sampleDelta)
	if n := testing.AllocsPerRun(200, func() {
		if err := d.Decode(&r, value, sinceTime, recvTime); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Decode allocates %v times", n)
	}
	buf := r.Append(nil)
	if n := testing.AllocsPerRun(200, func() { buf = r.Append(buf[:0]) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

// BenchmarkDecode decodes one delta of two levels.
func BenchmarkDecode(b *testing.B) {
	var d Decoder
	var r Record
	value := []byte(sampleDelta)
	b.ReportAllocs()
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if err := d.Decode(&r, value, sinceTime, recvTime); err != nil {
			b.Fatal(err)
		}
	}
}

func TestStamp(t *testing.T) {
	const value = `{ "venue":"lab","market":"BTC-USD","type":"snapshot","bids":[["1.50","2"]],"x":1}`
	var r Record
	d := Decoder{}
	err := d.Decode(&r, Stamp([]byte(value), recvTime-5), 0, recvTime)
	if err != nil || r.Event.RecvTime != recvTime-5 || !r.Timed || r.Unknown != 1 {
		t.Errorf("Stamp(%s) reads as %+v, %v", value, r, err)
	}
}

// A decoder that has read the day before reads every time as one that has not.
func TestTimesOfOneDay(t *testing.T) {
	var d Decoder
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.SampledFrom([]string{"2026-11-23T", "2026-11-24T", "1970-01-01T", "2200-12-31T", "2026-02-29T"}).Draw(t, "day")
		clock := rapid.SampledFrom([]string{
			"00:00:00.000000000Z", "23:59:59.999999999Z", "02:55:07.150000000Z", "24:00:00.000000000Z", "02:60:07.150000000Z",
			"02:55:60.150000000Z", "02:55:07.15Z", "02:55:07Z", "02:55:07,150000000Z", "02:55:07.1500000x0Z", "0 :55:07.150000000Z",
			"02:55:07.150000000z", "02-55:07.150000000Z",
		}).Draw(t, "clock")
		value := []byte(`{"venue":"a","market":"A-B","type":"snapshot","ts_venue":"` + day + clock + `"}`)
		var got, want Record
		var fresh Decoder
		err, err2 := d.Decode(&got, value, sinceTime, recvTime), fresh.Decode(&want, value, sinceTime, recvTime)
		if (err == nil) != (err2 == nil) || err == nil && got.Event.VenueTime != want.Event.VenueTime {
			t.Fatalf("%s%s is read as %d, %v; fresh as %d, %v", day, clock,
				got.Event.VenueTime, err, want.Event.VenueTime, err2)
		}
	})
}
