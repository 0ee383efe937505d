package text

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"chronos.dev/money"
)

var plainGrammar = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// TestPlainIsDigitByDigit changes every byte of numbers of every length and point to
// every other byte: what is plain is read eight digits at a time, gives what the slow
// way gives, and nothing else is taken.
func TestPlainIsDigitByDigit(t *testing.T) {
	const digits = "90817263549182736450"
	taken := 0
	for n := range len(digits) + 1 {
		for point := -1; point <= n; point++ {
			text := []byte(digits[:n])
			if point >= 0 {
				text = append(append(bytes.Clone(text[:point]), '.'), text[point:]...)
			}
			for i := -1; i < len(text); i++ {
				for c := range 256 {
					s := bytes.Clone(text)
					if i >= 0 {
						s[i] = byte(c)
					}
					got, ok := plain(s, 0)
					short := len(s)-bytes.Count(s, []byte{'.'}) <= plainDigits
					if want := short && plainGrammar.Match(s) && s[len(s)-1] != '\n'; ok != want {
						t.Fatalf("plain(%q): %v, want %v", s, ok, want)
					}
					if !ok {
						continue
					}
					taken++
					want, err := parseNum(s, 0, false)
					if got != want || err != nil {
						t.Fatalf("plain(%q) = %v, digit by digit %v, %v", s, got, want, err)
					}
				}
			}
		}
	}
	if taken < 10_000 {
		t.Errorf("only %d numbers were plain", taken)
	}
}

// FuzzPlain: amounts and numbers are what they are digit by digit, errors too.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"123456.78901234", "-0.5", "12345678", "1234567.", "1.2.3", strings.Repeat("9", 18), "1/2"} {
		f.Add(s, uint8(8))
	}
	f.Fuzz(func(t *testing.T, s string, scale uint8) {
		scale %= money.MaxScale + 1
		a, err := ParseAmount(s, scale)
		if b, want := parseAmount(s, scale); a != b || !sameError(err, want) {
			t.Errorf("ParseAmount(%q, %d) = %d, %v; digit by digit %d, %v", s, scale, a, err, b, want)
		}
		n, err := ParseNum(s)
		neg := strings.HasPrefix(s, "-")
		if m, want := parseNum(strings.TrimPrefix(s, "-"), 0, neg); n != m || !errors.Is(err, want) {
			t.Errorf("ParseNum(%q) = %v, %v; digit by digit %v, %v", s, n, err, m, want)
		}
	})
}
