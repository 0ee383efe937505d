//go:build !race

package jscan

import "testing"

func TestDoesNotAllocate(t *testing.T) {
	tests := []struct{ name, in string }{
		{"a book update", frame},
		{"an object of the few keys", object(fewKeys, `"last"`)},
		{"escapes, once the scratch has grown", `["a\nb","\u20ac"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Scanner
			in := []byte(tt.in)
			var total int
			if got := testing.AllocsPerRun(100, func() {
				s.Reset(in)
				raw, err := s.Raw()
				if err != nil {
					t.Fatal(err)
				}
				total += len(raw)
			}); got != 0 {
				t.Errorf("allocates %v times", got)
			}
			if total == 0 {
				t.Error("nothing was read")
			}
		})
	}
}
