package feed_test

import (
	"slices"
	"testing"
	"time"

	"chronos.dev/book"
	"chronos.dev/feed"
	"chronos.dev/market"

	"pgregory.net/rapid"
)

// Whatever is lost, repeated or swapped on the way, a book that claims to be
// live is the book that the source had at that number.
func TestMutatedStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := newSource(rapid.IntRange(0, 1<<20).Draw(t, "seed"))
		type at struct{ epoch, seq uint64 }
		models := map[at]string{}
		var records [][]byte
		epoch := uint64(1)
		for i := range rapid.IntRange(2, 30).Draw(t, "events") {
			kind := market.Delta
			switch n := rapid.IntRange(0, 9).Draw(t, "what"); {
			case i == 0 || n == 0:
				kind = market.Snapshot
			case n == 1: // the source noticed a loss of its own
				epoch++
				gap := feed.Record{Key: src.key, VerifiedDepth: -1, Event: market.Event{Kind: market.Gap, Epoch: epoch}}
				records = append(records, gap.Append(nil))
				kind = market.Snapshot
			}
			r := feed.Record{Key: src.key, Event: *src.next(kind), VerifiedDepth: -1}
			r.Event.Epoch = epoch
			records = append(records, r.Append(nil))
			models[at{epoch, src.seq}] = sides(src.want.Publish())
		}
		for range rapid.IntRange(0, 5).Draw(t, "mutations") {
			i := rapid.IntRange(0, len(records)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "mutation") {
			case 0:
				records = slices.Insert(records, rapid.IntRange(i, len(records)).Draw(t, "again"), records[i])
			case 1:
				if len(records) > 1 {
					records = slices.Delete(records, i, i+1)
				}
			case 2:
				j := rapid.IntRange(0, len(records)-1).Draw(t, "with")
				records[i], records[j] = records[j], records[i]
			}
		}
		b := book.New(market.BookRules{VerifiedDepth: -1})
		var d feed.Decoder
		var r feed.Record
		for _, text := range records {
			if err := d.Decode(&r, text, 0, time.Now().UnixNano()); err != nil {
				t.Fatal(err)
			}
			b.Apply(&r.Event)
			if v := b.Publish(); v.State == book.Live && sides(v) != models[at{v.Epoch, v.Seq}] {
				t.Fatalf("live and wrong at epoch %d, sequence %d:\n%s\nwant\n%s",
					v.Epoch, v.Seq, sides(v), models[at{v.Epoch, v.Seq}])
			}
		}
	})
}

// sides is what a view offers.
func sides(v *book.View) string {
	w := book.View{Bids: v.Bids, Asks: v.Asks, PriceScale: v.PriceScale, SizeScale: v.SizeScale}
	return levels(&w)
}
