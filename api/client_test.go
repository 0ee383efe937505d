package api_test

import (
	"testing"

	"chronos.dev/client"
)

// TestClientOfRoutes asks with the Go client what the other tests ask by hand.
func TestClientOfRoutes(t *testing.T) {
	w := newWorld(t, nil)
	c, err := client.New(w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	order := client.PriceRequest{
		SellAsset: "ETH", BuyAsset: "USD", SellAmount: "5", MaxHops: 2, ExcludeVenues: []string{"bitstamp"},
	}
	r, err := c.Routes(t.Context(), order, 2)
	if err != nil || len(r.Data) != 2 || r.Optimum.LeftOut[0].Reason != "excluded" {
		t.Errorf("%+v, %v", r, err)
	}
	e, err := c.Evaluate(t.Context(), order, client.RouteHop{Venue: "gemini", Market: "ETH-USD"})
	if err != nil || e.Evaluated.Routes[0].Hops[0].Venue != "gemini" {
		t.Errorf("%+v, %v", e, err)
	}
	_, err = c.Evaluate(t.Context(), order, client.RouteHop{Venue: "gemini", Market: "BTC-USD"})
	if p := client.AsProblem(err); p == nil || p.Errors[0].Code != "route_chain" {
		t.Errorf("a route that does not begin: %v", err)
	}
}
