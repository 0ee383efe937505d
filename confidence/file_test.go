package confidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// written is the file of a table.
func written(t interface{ Fatal(...any) }, table *Table) string {
	var b bytes.Buffer
	n, err := table.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatal(n, err)
	}
	return b.String()
}

// TestRoundTrip: what is read answers, goes on learning and is written as what
// was.
func TestRoundTrip(t *testing.T) {
	f := NewFitter(newTable(t, Options{Source: Simulated, Window: 500}))
	for _, o := range invent(1, noon, 6000, 1) { // all windows go round
		if err := f.Add(&o); err != nil {
			t.Fatal(err)
		}
	}
	table, err := f.Finish()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := table.Answered("bank", "FAST", i%3 != 0); err != nil {
			t.Fatal(err)
		}
	}
	table.Publish()
	for round := range 2 {
		text := written(t, table)
		back, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if again := written(t, back); again != text {
			t.Fatal("a second writing differs")
		}
		for _, o := range invent(2, later, 5, 1) {
			a, b := table.Load(), back.Load()
			if x, y := a.Lookup(o.Bucket, BP, 0), b.Lookup(o.Bucket, BP, 0); x != y || x.Reason != 0 {
				t.Errorf("Lookup %+v, read back %+v", x, y)
			}
			if x, y := a.Margin(o.Bucket, 990_000, 0), b.Margin(o.Bucket, 990_000, 0); x != y {
				t.Errorf("Margin %+v, read back %+v", x, y)
			}
		}
		if a, b := table.Load().Firm("bank", "FAST"), back.Load().Firm("bank", "FAST"); a != b || a.Reason != 0 {
			t.Errorf("Firm %+v, read back %+v", a, b)
		}
		for _, o := range invent(3, later+int64(round), 700, 2) {
			if err := errors.Join(table.Learn(&o), back.Learn(&o)); err != nil {
				t.Fatal(err)
			}
			table.Resolve(o.Bucket, 950_000, BP, o.Change)
			back.Resolve(o.Bucket, 950_000, BP, o.Change)
		}
		table.Publish()
		back.Publish()
		if written(t, table) != written(t, back) {
			t.Fatal("learning on, they part")
		}
	}
	empty := written(t, newTable(t, Options{}))
	if back, err := Read(strings.NewReader(empty)); err != nil || written(t, back) != empty {
		t.Errorf("an empty table: %v", err)
	}
	if _, err := table.WriteTo(brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("into a closed pipe: %v", err)
	}
}

// small is a table of one sample and one tier, as text.
const (
	smallHead = `{"version":1,"source":"replay","window":200,"step_ppm":5000,"targets_ppm":[950000],` +
		`"from":"2026-09-21T15:06:40Z","until":"2026-09-21T15:06:45Z"`
	smallBucket = `{"bucket":"pair:hubs/size:to-10k/hops:1/spread:to-1bp/vol:to-2bp/horizon:5s",` +
		`"alphas":[50000000000],"changes":[-3]}`
	smallAccept = `{"provider":"bank","tier":"FAST","accepted":1,"refused":2}`
	small       = smallHead + `,"buckets":[` + smallBucket + `],"accepts":[` + smallAccept + `]}`
)

func TestHostileFiles(t *testing.T) {
	if _, err := Read(strings.NewReader(small)); err != nil {
		t.Fatalf("the file that the others are made of: %v", err)
	}
	swap := func(old, with string) string {
		if !strings.Contains(small, old) {
			t.Fatalf("nothing to swap: %s", old)
		}
		return strings.Replace(small, old, with, 1)
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "want an object"},
		{"an array", "[]", "want an object"},
		{"empty object", "{}", "version is missing"},
		{"cut off", small[:len(small)-2], ""},
		{"more after it", small + "x", "trailing"},
		{"a key twice", swap(`"window":200`, `"window":200,"window":200`), "key"},
		{"an unknown key", swap(`"window"`, `"windows"`), "unknown key"},
		{"an unknown key of a bucket", swap(`"alphas"`, `"alpha"`), "unknown key"},
		{"an unknown key of a tier", swap(`"accepted"`, `"yes"`), "unknown key"},
		{"version as text", swap(`"version":1`, `"version":"1"`), "want a number"},
		{"source not known", swap("replay", "guess"), "want the source"},
		{"source empty", swap("replay", ""), "want the source"},
		{"source a number", swap(`"replay"`, "1"), "string"},
		{"source missing", swap(`"source":"replay",`, ""), "come first"},
		{"window too small", swap(":200,", ":199,"), "want 200 to"},
		{"window too large", swap(":200,", ":100001,"), "want 200 to"},
		{"window as a fraction", swap(":200,", ":200.5,"), "whole number"},
		{"step zero", swap(":5000,", ":0,"), "want 1 to"},
		{"step too large", swap(":5000,", ":100001,"), "step"},
		{"no targets", swap("[950000]", "[]"), "come first"},
		{"target too high", swap("[950000]", "[1000000]"), "target"},
		{"too many targets", swap("[950000]", "[5,6,7,8,9]"), "more than 4"},
		{"options after the buckets", `{"version":1,` + swap(`"version":1,`, "")[1:len(small)-13] + `,"version":1}`, "key"},
		{"window after the buckets", strings.TrimSuffix(swap(`"window":200,`, ""), "}") + `,"window":200}`, "come first"},
		{"until before from", swap("15:06:45Z", "15:06:39Z"), "do not fit"},
		{"until missing", swap(`,"until":"2026-09-21T15:06:45Z"`, ""), "do not fit"},
		{"a time in another form", swap("15:06:45Z", "15:06:45.0Z"), "want a time"},
		{"a time with an offset", swap("15:06:45Z", "15:06:45+00:00"), "want a time"},
		{"a time that nanoseconds cannot hold", swap("2026-09-21T15:06:45Z", "9999-09-21T15:06:45Z"), "want a time"},
		{"a time before 1970", swap("2026-09-21T15:06:40Z", "1969-09-21T15:06:40Z"), "want a time"},
		{"a time as number", swap(`"2026-09-21T15:06:40Z"`, "1"), "string"},
		{"span without samples", smallHead + `,"buckets":[]}`, "do not fit"},
		{"samples without a span", swap(smallHead[strings.Index(smallHead, `,"from"`):], ""), "do not fit"},
		{"no bucket of the ladder", swap("size:to-10k", "size:any"), "ladder"},
		{"bucket without a horizon", swap("horizon:5s", "horizon:unknown"), "sampled bucket"},
		{"bucket that is none", swap("pair:hubs", "pair:hub"), "class of pair"},
		{"bucket as number", swap(`"pair:hubs/size:to-10k/hops:1/spread:to-1bp/vol:to-2bp/horizon:5s"`, "7"), "string"},
		{"bucket twice", swap(smallBucket, smallBucket+","+smallBucket), "twice"},
		{"no changes", swap("[-3]", "[]"), "and changes"},
		{"more changes than the window", swap("[-3]", "["+strings.Repeat("1,", 200)+"1]"), "more than 200"},
		{"a change below everything", swap("-3", "-100000001"), "want -100000000"},
		{"a change above the range", swap("-3", "10000000001"), "to 10000000000"},
		{"a change beyond 64 bits", swap("-3", "-99999999999999999999"), "18 digits"},
		{"no alpha", swap("[50000000000]", "[]"), "alpha for each"},
		{"alpha above one", swap("[50000000000]", "[1000000000001]"), "want"},
		{"alpha too low", swap("[50000000000]", "[-131072000000000001]"), "want"},
		{"a tier without a name", swap(`"FAST"`, `""`), "no name"},
		{"a tier with an escape", swap(`"FAST"`, `"\u0022"`), "no name"},
		{"a tier twice", swap(smallAccept, smallAccept+","+smallAccept), "twice"},
		{"a tier without counts", swap(`,"refused":2`, ""), "needs provider"},
		{"nobody answered", swap(`"accepted":1,"refused":2`, `"accepted":0,"refused":0`), "want 1 to"},
		{"too many answers", swap(`"accepted":1,"refused":2`, `"accepted":9999,"refused":2`), "want 1 to"},
		{"negative answers", swap(`"accepted":1`, `"accepted":-1`), "want 0 to"},
		{"deep nesting", strings.Repeat(`{"buckets":[`, 100), "come first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var typed *FormatError
			table, err := Read(strings.NewReader(tt.text))
			if table != nil || !errors.As(err, &typed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Read = %v, %v; want *FormatError with %q", table, err, tt.want)
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	var other *VersionError
	if _, err := Read(strings.NewReader(`{"version":2,"anything":[`)); !errors.As(err, &other) || other.Got != 2 ||
		!strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
	if _, err := Read(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a reader that breaks: %v", err)
	}
	if _, err := Read(io.LimitReader(spaces{}, MaxBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	// The place is that of the byte.
	var at *FormatError
	if _, err := Read(strings.NewReader("{\n  \"version\":1,\n  \"nonsense\":1}")); !errors.As(err, &at) || at.Line != 3 {
		t.Errorf("place: %v", err)
	}
}

type spaces struct{}

func (spaces) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// TestLimitsOfFile: what fills a table to its limits is refused with a place, not
// taken in part.
func TestLimitsOfFile(t *testing.T) {
	var b strings.Builder
	for i := range MaxTiers + 1 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"provider":"bank","tier":"%d","accepted":1,"refused":0}`, i)
	}
	text := strings.Replace(small, smallAccept, b.String(), 1)
	var typed *FormatError
	if _, err := Read(strings.NewReader(text)); !errors.As(err, &typed) || !strings.Contains(typed.Why, "full") {
		t.Errorf("one tier too many: %v", err)
	}
}

// FuzzRead: what is read is written as what reads the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(smallHead))
	f.Add([]byte(strings.Replace(small, "-3", "-3,5,100", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		text := written(t, table)
		back, err := Read(strings.NewReader(text))
		if err != nil || written(t, back) != text {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}
