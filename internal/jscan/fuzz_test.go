package jscan

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScan: what is accepted is exactly what encoding/json accepts and what has,
// besides, valid UTF-8, whole surrogate pairs, no duplicate key, and sizes
// within the limits. Strings and numbers read the same.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-2.5e3,"x\u20ac\ud83d\ude00",true,null],"b":{}}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"\ud800"`, "\"\xff\"", `[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]`,
		`[336,{"a":[["5541.30000","2.50700000","1534614248.123678"]],"c":"974942666"},"book-10","XBT/USD"]`,
		`"\\ud800"`, `"\\\ud800"`, `{"":{"":0}}`, ` 1 `, `01`, `"`, object(MaxKeys+1, `"l"`),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := scan(string(b))
		if want := strict(b); want != (err == nil) {
			t.Fatalf("%q: %v, but the oracle says %v", b, err, want)
		}
		if err != nil {
			return
		}
		var s Scanner
		s.Reset(b)
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		compare(t, &s, dec)
	})
}

// strict reports whether b is JSON by our rules, found out with encoding/json.
func strict(b []byte) bool {
	if !json.Valid(b) || !utf8.Valid(b) || halfPair(b) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	return within(dec, 0)
}

// within walks one value and reports whether depth and keys are as they should.
func within(dec *json.Decoder, depth int) bool {
	tok, _ := dec.Token()
	open, ok := tok.(json.Delim)
	if !ok {
		return true
	}
	if depth == MaxDepth {
		return false
	}
	seen := make(map[string]bool)
	for dec.More() {
		if open == '{' {
			key, _ := dec.Token()
			if seen[key.(string)] {
				return false
			}
			if seen[key.(string)] = true; len(seen) > MaxKeys {
				return false
			}
		}
		if !within(dec, depth+1) {
			return false
		}
	}
	_, _ = dec.Token()
	return true
}

// halfPair reports whether valid JSON escapes half a surrogate pair. A backslash
// stands in strings only.
func halfPair(b []byte) bool {
	unit := func(i int) string { // the kind of the \uXXXX at i
		if i+6 > len(b) || b[i] != '\\' || b[i+1] != 'u' {
			return ""
		}
		hex := strings.ToLower(string(b[i+2 : i+4]))
		switch {
		case hex >= "d8" && hex <= "db":
			return "high"
		case hex >= "dc" && hex <= "df":
			return "low"
		}
		return "other"
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		switch unit(i) {
		case "high":
			if unit(i+6) != "low" {
				return true
			}
			i += 11
		case "low":
			return true
		default:
			i++
		}
	}
	return false
}

// compare reads one value with both and fails where they differ.
func compare(t *testing.T, s *Scanner, dec *json.Decoder) {
	kind := s.Peek()
	tok, err := dec.Token()
	if err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	switch kind {
	case Object:
		err = s.Object(func(key []byte) error {
			if want, _ := dec.Token(); want != string(key) {
				t.Fatalf("key %q, want %q", key, want)
			}
			compare(t, s, dec)
			return nil
		})
		_, _ = dec.Token()
	case Array:
		err = s.Array(func(int) error { compare(t, s, dec); return nil })
		_, _ = dec.Token()
	case String:
		var got []byte
		if got, err = s.Str(); tok != string(got) {
			t.Fatalf("string %q, want %q", got, tok)
		}
	case Number:
		var got []byte
		if got, err = s.Number(); tok != json.Number(got) {
			t.Fatalf("number %s, want %s", got, tok)
		}
	case Bool:
		var got bool
		if got, err = s.Bool(); tok != got {
			t.Fatalf("%v, want %v", got, tok)
		}
	case Null:
		if !s.Null() || tok != nil {
			t.Fatalf("null, want %v", tok)
		}
	}
	if err != nil {
		t.Fatalf("accepted by Skip, not when read: %v", err)
	}
}
