package api_test

import (
	"fmt"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"

	"chronos.dev/api/wire"
	"chronos.dev/client"
	"chronos.dev/market"
)

// One writer moves two books, breaks one of them and heals it, while readers
// ask. Every price must be one that some state of the books gives, add up, and
// never come from the book while it is broken.
func TestPricesWhileBooksChange(t *testing.T) {
	const rounds = 300
	w := emptyWorld(t, nil)
	broken := market.Key{Venue: "bitstamp", Pair: market.Pair{Base: "BTC", Quote: "USD"}}
	// The price of round i is 1000+i at bitstamp, 900 at kraken. A round is
	// published before done is raised and begun is raised before it is applied.
	var begun, done atomic.Int64
	publish := func(i int64) {
		begun.Store(i)
		w.snapshot("bitstamp", "BTC-USD", [][2]string{{fmt.Sprint(1000 + i), "5"}}, [][2]string{{fmt.Sprint(2000 + i), "5"}})
		w.writer.Flush(w.now.Load())
		done.Store(i)
	}
	w.snapshot("kraken", "BTC-USD", [][2]string{{"900", "5"}}, [][2]string{{"2500", "5"}})
	publish(1)

	var gapped atomic.Bool // true only while the gap is published
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				wasGapped, low := gapped.Load(), done.Load()
				var p wire.Price
				w.get("/v1/price?sell_asset=BTC&buy_asset=USD&sell_amount=1").decode(t, 200, &p)
				high, stillGapped := begun.Load(), gapped.Load()
				checkPrice(t, p)
				venue := p.Routes[0].Hops[0].Venue
				if wasGapped && stillGapped && low == high && venue == "bitstamp" {
					t.Errorf("a price from a gapped book")
				}
				if got := rat(t, p.BuyAmount); venue == "bitstamp" &&
					(got.Cmp(big.NewRat(1000+low, 1)) < 0 || got.Cmp(big.NewRat(1000+high, 1)) > 0) {
					t.Errorf("price %v; the books said %d to %d", got, 1000+low, 1000+high)
				}
			}
		})
	}
	for i := int64(2); i < rounds; i++ {
		publish(i)
		if i%10 == 0 {
			w.writer.Apply(broken, &market.Event{Kind: market.Gap, Epoch: 1, Reason: "lost", RecvTime: w.now.Load()})
			w.writer.Flush(w.now.Load())
			gapped.Store(true)
			p := w.price("sell_asset=BTC&buy_asset=USD&sell_amount=1")
			if p.Routes[0].Hops[0].Venue != "kraken" || len(p.LeftOut) != 1 || p.LeftOut[0].Reason != "gapped" {
				t.Errorf("round %d: %+v", i, p)
			}
			gapped.Store(false)
		}
	}
	close(stop)
	readers.Wait()
}

func TestClientReadsEveryResource(t *testing.T) {
	w := newWorld(t, nil)
	c, err := client.New(w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	p, err := c.Price(ctx, client.PriceRequest{SellAsset: "BTC", BuyAsset: "USD", SellAmount: "2.5", MaxHops: 2})
	if err != nil || p.SellAmount != "2.50000000" {
		t.Errorf("Price: %+v, %v", p, err)
	}
	if p, err = c.Price(ctx, client.PriceRequest{SellAsset: "BTC", BuyAsset: "USD", BuyAmount: "10"}); err != nil || p.BuyAmount != "10.00" {
		t.Errorf("Price: %+v, %v", p, err)
	}
	_, err = c.Price(ctx, client.PriceRequest{SellAsset: "BTX", BuyAsset: "USD", SellAmount: "1"})
	if pr := client.AsProblem(err); pr == nil || pr.Code != "invalid_request" || pr.Status != 400 || pr.Retryable || pr.Errors[0].Code != "unknown_asset" {
		t.Errorf("problem %v", err)
	}
	if b, err := c.Book(ctx, "BTC-USD", 3); err != nil || len(b.Bids) != 3 {
		t.Errorf("Book: %+v, %v", b, err)
	}
	if pr := client.AsProblem(second(c.Book(ctx, "a/b", 0))); pr == nil || pr.Status != 400 {
		t.Errorf("a market that is a path: %v", pr)
	}
	for name, call := range map[string]func() error{
		"assets":  func() error { return second(c.Assets(ctx)) },
		"venues":  func() error { return second(c.Venues(ctx)) },
		"markets": func() error { return second(c.Markets(ctx)) },
		"time":    func() error { return second(c.Time(ctx)) },
		"live":    func() error { return second(c.Live(ctx)) },
		"ready":   func() error { return second(c.Ready(ctx)) },
		"version": func() error { return second(c.Version(ctx)) },
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.server.Drain()
	if pr := client.AsProblem(second(c.Ready(ctx))); pr == nil || pr.Code != "not_ready" || !pr.Retryable || pr.RetryAfter.Seconds() != 1 {
		t.Errorf("not ready: %+v", pr)
	}
}

func second[T any](_ T, err error) error { return err }
