package jscan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// scan reads the whole of one value and returns the error of Skip or End.
func scan(text string) error {
	var s Scanner
	s.Reset([]byte(text))
	if err := s.Skip(); err != nil {
		return err
	}
	return s.End()
}

// object returns an object of n keys, the last of them last.
func object(n int, last string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n - 1 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	fmt.Fprintf(&b, `%s:1}`, last)
	return b.String()
}

func TestSkip(t *testing.T) {
	tests := []struct {
		name, in, want string // want: part of the error, "" for none
	}{
		{"scalars", `["", 0, -0.5e+3, true, false, null]`, ""},
		{"white space anywhere", " {\t\"a\" :\r[ 1 ,\n2 ] } ", ""},
		{"empty containers", `[{}, [ ], { }]`, ""},
		{"escapes", `"\"\\\/\b\f\n\r\t\u20ac\ud83d\uDE00"`, ""},
		{"nothing", "", "want a value at byte 0"},
		{"space alone", "  ", "want a value at byte 2"},
		{"no value", "]", "want a value"},
		{"trailing bytes", "1 2", "trailing bytes at byte 2"},
		{"a byte-order mark", "\ufeff1", "want a value"},
		{"deepest", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), ""},
		{"one deeper", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), "too deeply"},
		{"one deeper in objects", strings.Repeat(`{"a":`, MaxDepth+1), "too deeply"},
		{"depth counts what is open, not what was", `[` + strings.Repeat(`[[]],{"a":[]},`, 99) + `1]`, ""},
		{"an empty object closes", `[` + strings.Repeat(`{},`, 99) + `1]`, ""},
		{"a comma too many in an array", "[1,]", "want a value"},
		{"a comma too many in an object", `{"a":1,}`, "want a string"},
		{"no comma in an array", "[1 2]", "want ',' or ']'"},
		{"no comma in an object", `{"a":1 "b":2}`, "want ',' or '}'"},
		{"no colon", `{"a" 1}`, "want ':'"},
		{"a key that is no string", `{1:2}`, "want a string"},
		{"an array that does not end", "[1", "want ',' or ']'"},
		{"an object that does not end", `{"a":1`, "want ',' or '}'"},
		{"a string that does not end", `"a`, "string does not end"},
		{"a string that ends in an escape", `"\`, "string does not end"},
		{"a string that does not end behind an escape", `"\na`, "string does not end"},
		{"an unknown escape", `"\x"`, "unknown escape"},
		{"short hex", `"\u12"`, "four hex digits"},
		{"hex at the end", `"\u12`, "four hex digits"},
		{"half a surrogate pair, high", `"\ud83d"`, "half a surrogate pair"},
		{"half a surrogate pair, high then text", `"\ud83dabcdef"`, "half a surrogate pair"},
		{"half a surrogate pair, high then high", `"\ud83d\ud83d"`, "half a surrogate pair"},
		{"half a surrogate pair, bad hex", `"\ud83d\uzzzz"`, "four hex digits"},
		{"half a surrogate pair, low", `"\ude00"`, "half a surrogate pair"},
		{"a control character", "\"\x1f\"", "control character"},
		{"a control character behind an escape", "\"\\n\x00\"", "control character"},
		{"invalid UTF-8", "\"\xff\"", "invalid UTF-8"},
		{"invalid UTF-8 behind an escape", "\"\\n\xc3\"", "invalid UTF-8"},
		{"an encoded surrogate", "\"\xed\xa0\x80\"", "invalid UTF-8"},
		{"a zero in front", "01", "trailing bytes"},
		{"a sign alone", "-", "want a number"},
		{"a plus", "+1", "want a value"},
		{"a point at the end", "1.", "want a digit"},
		{"an exponent without digits", "1e+", "want a digit"},
		{"a word cut short", "tru", "want true or false"},
		{"another word", "nul", "want null"},
		{"a word too long", "nulls", "trailing bytes"},
		{"a duplicate key", `{"a":1,"b":2,"a":3}`, "duplicate key at byte 13"},
		{"the same key in two objects", `[{"a":1},{"a":{"a":1}}]`, ""},
		{"a duplicate in other letters", `{"a":1,"\u0061":2}`, "duplicate key at byte 7"},
		{"a duplicate in other letters, turned round", `{"\u0061":1,"a":2}`, "duplicate key"},
		{"case makes another key", `{"a":1,"A":2}`, ""},
		{"a prefix is another key", `{"ab":1,"a":2,"":3}`, ""},
		{"the last of the few keys is a duplicate", object(fewKeys, `"k0"`), "duplicate key"},
		{"the first of the many keys is a duplicate", object(fewKeys+1, `"k0"`), "duplicate key"},
		{"a late duplicate", object(MaxKeys, `"k1022"`), "duplicate key"},
		{"the most keys", object(MaxKeys, `"last"`), ""},
		{"one key more", object(MaxKeys+1, `"last"`), "too many keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := scan(tt.in)
			var syntax *SyntaxError
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%.60s: %v", tt.in, err)
			case tt.want != "" && (!errors.As(err, &syntax) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%.60s: %v, want %q", tt.in, err, tt.want)
			}
		})
	}
}

func TestPeek(t *testing.T) {
	tests := []struct {
		in   string
		want Kind
	}{
		{" {", Object}, {"\t[", Array}, {"\n\"", String}, {"-", Number}, {"0", Number}, {"9", Number},
		{"t", Bool}, {"f", Bool}, {"n", Null}, {"", None}, {"x", None}, {"}", None},
	}
	for _, tt := range tests {
		var s Scanner
		s.Reset([]byte(tt.in))
		if got := s.Peek(); got != tt.want {
			t.Errorf("Peek of %q = %d, want %d", tt.in, got, tt.want)
		}
	}
}

func TestStr(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", `"abc"`, "abc"},
		{"not ASCII", `"€"`, "€"},
		{"short escapes", `"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{"text around an escape", `"a\u0062c"`, "abc"},
		{"two letters of hex case", `"\u20AC\u20ac"`, "€€"},
		{"a surrogate pair", `"\ud83d\ude00"`, "😀"},
		{"the last before the surrogates", `"\ud7ff"`, "\ud7ff"},
		{"the first behind the surrogates", `"\ue000"`, "\ue000"},
		{"zero", `"\u0000"`, "\x00"},
	}
	var s Scanner
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Reset([]byte(tt.in))
			if got, err := s.Str(); string(got) != tt.want || err != nil || s.End() != nil {
				t.Errorf("Str of %s = %q, %v; want %q", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestInt(t *testing.T) {
	tests := []struct {
		name, in string
		want     int64
		ok       bool
	}{
		{"a number", "42", 42, true},
		{"a string", `"42"`, 42, true},
		{"below zero", "-7", -7, true},
		{"18 digits", "999999999999999999", 999999999999999999, true},
		{"19 digits", "1000000000000000000", 0, false},
		{"decimals", "1.0", 0, false},
		{"an exponent", "1e3", 0, false},
		{"a sign alone in a string", `"-"`, 0, false},
		{"an empty string", `""`, 0, false},
		{"text", `"4x"`, 0, false},
		{"no number", "null", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Scanner
			s.Reset([]byte(tt.in))
			if got, err := s.Int(); got != tt.want || (err == nil) != tt.ok {
				t.Errorf("Int of %s = %d, %v; want %d, ok %v", tt.in, got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestTextAndRaw(t *testing.T) {
	var s Scanner
	s.Reset([]byte(` [ 1.50 , "1.50" , {"a" : [1]} , null , true]`))
	var got []string
	err := s.Array(func(i int) error {
		read := s.Text
		if i >= 2 {
			read = s.Raw
		}
		b, err := read()
		got = append(got, string(b))
		return err
	})
	want := `[1.50 1.50 {"a" : [1]} null true]`
	if fmt.Sprint(got) != want || err != nil || s.End() != nil {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	s.Reset([]byte(` [1] 2`))
	if _, err := s.Raw(); err != nil || s.Offset() != len(" [1]") {
		t.Errorf("read up to %d, %v", s.Offset(), err)
	}
	s.Reset([]byte("[1"))
	if b, err := s.Raw(); err == nil {
		t.Errorf("Raw of half an array = %s", b)
	}
}

func TestWordsAndWrongKinds(t *testing.T) {
	var s Scanner
	s.Reset([]byte(` true false null `))
	a, errA := s.Bool()
	b, errB := s.Bool()
	if !a || b || errA != nil || errB != nil || !s.Null() || s.Null() || s.End() != nil {
		t.Errorf("read %v, %v; %v, %v", a, b, errA, errB)
	}
	for _, in := range []string{"1", ""} {
		s.Reset([]byte(in))
		if err := s.Object(func([]byte) error { return nil }); err == nil {
			t.Errorf("Object of %q: no error", in)
		}
		if err := s.Array(func(int) error { return nil }); err == nil {
			t.Errorf("Array of %q: no error", in)
		}
	}
}

// TestCallerErrors: what a callback returns comes back unchanged, and a callback
// that reads nothing cannot make the Scanner go on.
func TestCallerErrors(t *testing.T) {
	mine := errors.New("mine")
	var s Scanner
	s.Reset([]byte(`{"a":[1]}`))
	err := s.Object(func(key []byte) error {
		return s.Array(func(int) error { return mine })
	})
	if err != mine {
		t.Errorf("got %v, want the callback's error", err)
	}
	s.Reset([]byte(`{"a":[1]}`))
	if err := s.Object(func([]byte) error { return nil }); err == nil {
		t.Error("an unread value was passed over")
	}
	s.Reset([]byte(`[1]`))
	if err := s.Array(func(int) error { return nil }); err == nil {
		t.Error("an unread element was passed over")
	}
}

func TestErrorDoesNotRepeatTheInput(t *testing.T) {
	key := strings.Repeat("x", 1<<20)
	err := scan(`{"` + key + `":1,"` + key + `":2}`)
	if err == nil || len(err.Error()) > 100 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func TestPlace(t *testing.T) {
	var s Scanner
	s.Reset([]byte("{\n \"a\": 1,\n \"b\" 2}"))
	err := s.Object(func([]byte) error { return s.Skip() })
	if line, column, why := s.Place(err); line != 3 || column != 6 || why != err.(*SyntaxError).Why {
		t.Errorf("%v is at line %d, column %d: %s", err, line, column, why)
	}
	s.Reset([]byte("[1,\n2]"))
	if _, err := s.Number(); err == nil {
		t.Error("a list was read as a number")
	}
	if line, column, why := s.Place(errors.New("mine")); line != 1 || column != 1 || why != "mine" {
		t.Errorf("an error of the caller is at line %d, column %d: %s", line, column, why)
	}
}
