package wire

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestWriter(t *testing.T) {
	w := NewWriter([]byte("{"))
	w.Open('{')
	w.Key("a").Int(-1)
	w.Key("b").Uint(1 << 63)
	w.Key("c").Open('[')
	w.Bool(true)
	w.Null()
	w.IntOrNull(nil)
	n := int64(7)
	w.IntOrNull(&n)
	w.Str("{")
	w.Str("")
	w.Close(']')
	w.Key("d").Open('{')
	w.Close('}')
	w.Key("e").Begin()
	w.B = append(w.B, "1.50"...)
	w.End()
	w.Close('}')
	want := `{{"a":-1,"b":9223372036854775808,"c":[true,null,null,7,"{",""],"d":{},"e":"1.50"}`
	if string(w.B) != want {
		t.Errorf("got %s\nwant %s", w.B, want)
	}
}

// FuzzStr: any string comes back as it was, but for bytes that are no UTF-8.
func FuzzStr(f *testing.F) {
	for _, s := range []string{"", "a", `"\`, "\x00\n\x1f", "\u00e9\u2028", "\xff\xc0a", "\ufffd", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var w Writer
		w.Str(s)
		var got string
		if err := json.Unmarshal(w.B, &got); err != nil {
			t.Fatalf("%q is written %s: %v", s, w.B, err)
		}
		want := s
		if !utf8.ValidString(s) {
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
		}
		if got != want {
			t.Fatalf("%q comes back as %q", s, got)
		}
	})
}

func TestProblemIsItsStruct(t *testing.T) {
	age := int64(5)
	for _, p := range []Problem{
		{Type: "/t", Title: "T", Status: 400, Code: "c", RequestID: "r"},
		{
			Type: "/t", Title: "T", Status: 503, Detail: "d\"", Instance: "/i", Code: "c", RequestID: "r", Retryable: true,
			Errors: []FieldError{{"/p", "x", "y"}, {"/q", "x", "y"}}, Reason: "why",
			Explain:       []Explain{{"v", "m", "w"}, {"", "m", "w"}},
			MaxSellAmount: "1", BuyAmountAtMax: "2",
			Stale: []StaleMarket{{"v", "m", &age}, {"v", "m", nil}}, Failing: []string{"a", "b"},
		},
	} {
		want, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Append(nil); string(got) != string(want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
