package feed

import (
	"testing"

	"chronos.dev/market"
)

func TestStartAt(t *testing.T) {
	tests := []struct {
		name       string
		at         []int64
		first, end int64
		want       int64
	}{
		{"no snapshot: all that is retained", nil, 10, 90, 10},
		{"the earliest of several", []int64{50, 40, 60}, 10, 90, 40},
		{"one no longer retained counts for nothing", []int64{5, 60}, 10, 90, 60},
		{"one beyond the end is of another topic", []int64{91, 60}, 10, 90, 60},
		{"none that counts", []int64{5, 91, -1}, 10, 90, 10},
		{"one at the end", []int64{90}, 10, 90, 90},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := map[market.Key]int64{}
			for i, offset := range tt.at {
				at[testKey(i)] = offset
			}
			if got := startAt(at, tt.first, tt.end); got != tt.want {
				t.Errorf("startAt(%v, %d, %d) = %d, want %d", tt.at, tt.first, tt.end, got, tt.want)
			}
		})
	}
}

func TestSkipCompacted(t *testing.T) {
	tests := []struct {
		name             string
		next, end, after int64
		read             int
		want             int64
	}{
		{"records were read: next is right already", 7, 9, 7, 2, 7},
		{"the end of the batch was compacted away", 7, 20, 12, 2, 12},
		{"a batch without records, which reads as ending at 1", 7, 20, 1, 0, 8},
		{"nothing beyond: nothing to walk through", 7, 7, 1, 0, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := fetcher{next: tt.next, end: tt.end}
			if f.skipCompacted(answer{read: tt.read, after: tt.after}); f.next != tt.want {
				t.Errorf("next = %d, want %d", f.next, tt.want)
			}
		})
	}
}
