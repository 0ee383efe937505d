package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestSameBestPrices: our book and the tree read the same after every change, and the
// changes are those that the other programs make.
func TestSameBestPrices(t *testing.T) {
	first, then := workload(1000, 20_000)
	a, b := newOurs(first), &trees{}
	for _, c := range first {
		b.set(c)
	}
	for i, c := range then {
		a.set(c)
		b.set(c)
		bid, ask := a.best()
		if x, y := b.best(); bid != x || ask != y {
			t.Fatalf("change %d: %d %d, want %d %d", i, bid, ask, x, y)
		}
	}
	d := dice(1)
	if got := d.next(); got != 0x910a2dec89025cc1 { // the first of splitmix64 from 1
		t.Errorf("the dice give %x first", got)
	}
}

// TestTableFindsAWrongBook: two checksums are an error, whatever the times.
func TestTableFindsAWrongBook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lines")
	for text, wrong := range map[string]bool{
		`{"name":"a","median":2,"checksum":"1"}` + "\n" + `{"name":"b","median":1,"checksum":"1"}`: false,
		`{"name":"a","median":2,"checksum":"1"}` + "\n" + `{"name":"b","median":1,"checksum":"2"}`: true,
		`nonsense`: true,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := write(io.Discard, file, "1", "1"); (err != nil) != wrong {
			t.Errorf("%s: %v", text, err)
		}
	}
}
