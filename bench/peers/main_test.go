package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

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
