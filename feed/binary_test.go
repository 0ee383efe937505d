package feed

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"chronos.dev/market"

	"pgregory.net/rapid"
)

// sampleBinary says what sampleDelta says, written down by hand from the table in
// docs/records.md.
const sampleBinary = "b1" + "1e" + "00" + // sequenced, both times, checksum; venue
	"0e" + "6b72616b656e7c4254432d555344" + // kraken|BTC-USD
	"07" + "e907" + "e807" + // epoch 7, seq 1001, prev_seq 1000
	"18ea8d115b857f80" + "18ea8d115b94c1c0" + "abdbce5c" +
	"01" + "01" + "a5c129" + "00" + "00" + // a bid: 680101 / 10, 0
	"01" + "01" + "bbc129" + "08" + "80ade204" // an ask: 680123 / 10, 10000000 / 10^8

func binarySample(t *testing.T) []byte {
	b, err := hex.DecodeString(sampleBinary)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoded(t testing.TB, value []byte, since, recv int64) (*Record, error) {
	t.Helper()
	d, r := Decoder{Unsequenced: func(market.Key) bool { return true }}, new(Record)
	err := d.Decode(r, value, since, recv)
	if len(r.Event.Levels) == 0 {
		r.Event.Levels = nil
	}
	return r, err
}

func TestBinarySample(t *testing.T) {
	want, err := decoded(t, []byte(sampleDelta), sinceTime, recvTime)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decoded(t, binarySample(t), sinceTime, recvTime)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v, %v\nwant %+v\nas %x", got, err, want, want.AppendBinary(nil))
	}
	if b := want.AppendBinary(nil); !bytes.Equal(b, binarySample(t)) {
		t.Errorf("AppendBinary = %x, want %s", b, sampleBinary)
	}
}

// Both forms of a record are read as the same.
func TestBinaryRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := genRecord(rt)
		b := r.AppendBinary(nil)
		want, err := decoded(t, r.Append(nil), sinceTime, recvTime)
		got, err2 := decoded(t, b, sinceTime, recvTime)
		if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
			rt.Fatalf("JSON   %+v, %v\nbinary %+v, %v", want, err, got, err2)
		}
		if text, err := Text(b); err != nil || !bytes.Equal(text, r.Append(nil)) {
			rt.Fatalf("Text = %s, %v; want %s", text, err, r.Append(nil))
		}
		r.HasAt = false
		if at := withAt(r.AppendBinary(nil), Position{3, 1 << 40}); true {
			r.At, r.HasAt = Position{3, 1 << 40}, true
			if want := r.AppendBinary(nil); !bytes.Equal(at, want) {
				rt.Fatalf("withAt = %x, want %x", at, want)
			}
		}
	})
}

// Nothing that is cut off or goes on is a record.
func TestBinaryCutOff(t *testing.T) {
	b := binarySample(t)
	for n := range b {
		if r, err := decoded(t, b[:n], sinceTime, recvTime); err == nil {
			t.Errorf("%d bytes are read as %+v", n, r)
		}
	}
	if _, err := decoded(t, append(b, 0), sinceTime, recvTime); err == nil {
		t.Error("a byte too many is read")
	}
}

func TestBinaryRefuses(t *testing.T) {
	edit := func(at int, old, b string) func([]byte) []byte {
		return func(v []byte) []byte {
			o, _ := hex.DecodeString(old)
			n, _ := hex.DecodeString(b)
			if !bytes.HasPrefix(v[at:], o) {
				t.Fatalf("%s is not at %d of %x", old, at, v)
			}
			return slices.Concat(v[:at], n, v[at+len(o):])
		}
	}
	for _, tt := range []struct {
		name, code string
		named      bool // the book is told
		edit       func([]byte) []byte
	}{
		{"another major", CodeBadJSON, false, edit(0, "b1", "b2")},
		{"an unknown flag", CodeBadBinary, false, edit(1, "1e", "9e")},
		{"an unknown origin", CodeBadBinary, false, edit(2, "00", "03")},
		{"no market", CodeBadKey, false, edit(3, "0e", "06")},
		{"a name of 2^63 bytes", CodeBadKey, false, edit(3, "0e", "ffffffffffffffff7f")},
		{"a number longer than needed", CodeBadBinary, true, edit(18, "07", "8700")},
		{"a number above 64 bits", CodeBadBinary, true, edit(18, "07", "ffffffffffffffffff7f")},
		{"a time before 1970", CodeBadTime, true, edit(23, "18", "f8")},
		{"a time after 2200", CodeBadTime, true, edit(23, "18", "78")},
		{"a price of 19 decimals", CodeRefusedNumber, true, edit(44, "01", "13")},
		{"a price above 2^63 - 1", CodeRefusedNumber, true, edit(45, "a5c129", "80808080808080808001")},
		{"5001 bids", CodeOversize, true, edit(43, "01", "8927")},
		{"5000 bids that are not there", CodeRefusedNumber, true, edit(43, "01", "8827")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decoded(t, tt.edit(binarySample(t)), sinceTime, recvTime)
			var re *RecordError
			if !errors.As(err, &re) || re.Code != tt.code || (re.Key != market.Key{}) != tt.named {
				t.Errorf("error %v, want code %s, named %t", err, tt.code, tt.named)
			}
		})
	}
}

// FuzzDecodeBinary: what is accepted is what AppendBinary writes, and its JSON is
// read as the same.
func FuzzDecodeBinary(f *testing.F) {
	b, _ := hex.DecodeString(sampleBinary)
	f.Add(b)
	f.Add([]byte{binaryV1, flagSnapshot | flagAt | flagDepth, 1, 7, 'l', 'a', 'b', '|', 'A', '-', 'B', 1, 9, 0, 0, 3, 200, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		if !isBinary(in) {
			return
		}
		const late = math.MaxInt64 - clockSkew // no receive time is in the future
		r, err := decoded(t, in, 0, late)
		if re := (*RecordError)(nil); err != nil && !errors.As(err, &re) {
			t.Fatalf("error of type %T", err)
		}
		if err != nil {
			return
		}
		if again := r.AppendBinary(nil); !bytes.Equal(again, in) {
			t.Fatalf("%x is read as what is written %x", in, again)
		}
		if same, err := decoded(t, r.Append(nil), 0, late); err != nil || !reflect.DeepEqual(same, r) {
			t.Fatalf("binary %+v\nJSON   %+v, %v", r, same, err)
		}
	})
}

func TestBinaryDoesNotAllocate(t *testing.T) {
	var d Decoder
	var r Record
	value := binarySample(t)
	if n := testing.AllocsPerRun(200, func() {
		if err := d.Decode(&r, value, sinceTime, recvTime); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Decode allocates %v times", n)
	}
	buf := r.AppendBinary(nil)
	if n := testing.AllocsPerRun(200, func() { buf = r.AppendBinary(buf[:0]) }); n != 0 {
		t.Errorf("AppendBinary allocates %v times", n)
	}
}

// BenchmarkDecodeBinary decodes what BenchmarkDecode does.
func BenchmarkDecodeBinary(b *testing.B) {
	var d Decoder
	var r Record
	value, _ := hex.DecodeString(sampleBinary)
	b.ReportAllocs()
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		if err := d.Decode(&r, value, sinceTime, recvTime); err != nil {
			b.Fatal(err)
		}
	}
}
