package capture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chronos.dev/feed/capture"
	"chronos.dev/feed/venue/all"
)

// open opens the recorded captures, or skips.
func open(t testing.TB) *capture.Folder {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	f, err := capture.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Every recorded session gives the books, counts and checksums that an
// independent program found in it.
func TestCapturesMatchExpected(t *testing.T) {
	f := open(t)
	for i := range f.Entries {
		e := &f.Entries[i]
		t.Run(strings.ReplaceAll(e.ID, "/", "_"), func(t *testing.T) {
			spec, ok := capture.Match(all.Specs, e)
			if !ok {
				t.Skipf("no decoder for %s (%s)", e.ID, e.Handler)
			}
			r, err := f.Verify(t.Context(), e, spec)
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK || !r.Compared {
				t.Errorf("%+v", r)
			}
			for _, d := range r.Differences {
				t.Error(d)
			}
		})
	}
}
