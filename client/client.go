// Package client calls the public API of Chronos.
//
// Every call takes a context and waits no longer than it says; no answer is read
// beyond MaxBody. An answer that is not 2xx is a *Problem. A Client is safe for
// concurrent use.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chronos.dev/api/wire"
)

// MaxBody is the most bytes of an answer that are read.
const MaxBody = 16 << 20

// Client calls one server.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the server at base, such as "http://127.0.0.1:8080".
// Redirects are not followed.
func New(base string) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("client: %q is no address like http://127.0.0.1:8080", base)
	}
	return &Client{
		base: u.Scheme + "://" + u.Host,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				MaxIdleConnsPerHost:   16,
				IdleConnTimeout:       30 * time.Second,
				ResponseHeaderTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close closes connections that wait for another call.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Problem is an answer that is not 2xx. Callers act upon Code and Retryable.
type Problem struct {
	wire.Problem
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("%s (%d %s)", p.Title, p.Status, p.Code)
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	for _, e := range p.Errors {
		text += fmt.Sprintf("; %s %s: %s", e.Pointer, e.Code, e.Detail)
	}
	if p.RequestID != "" {
		text += " [" + p.RequestID + "]"
	}
	return text
}

// ErrTooLarge reports an answer above MaxBody.
var ErrTooLarge = fmt.Errorf("client: answer of more than %d bytes", MaxBody)

// PriceRequest asks for a price. Exactly one of SellAmount and BuyAmount is set;
// the server checks.
type PriceRequest struct {
	SellAsset, BuyAsset   string
	SellAmount, BuyAmount string
	MaxHops               int // 0: the server's
	OnlyVenues            []string
	ExcludeVenues         []string
	Strategy              string // cheapest, balanced or fast; "": cheapest
	MaxSettlementMs       int    // 0: no limit
}

// Price calls GET /v1/price.
func (c *Client) Price(ctx context.Context, r PriceRequest) (*wire.Price, error) {
	return get[wire.Price](ctx, c, "/v1/price?"+r.query().Encode())
}

// Prices calls POST /v1/prices: of each request it sends assets, amounts, hops,
// strategy and time. There is a price or a problem for each, in order.
func (c *Client) Prices(ctx context.Context, requests []PriceRequest) (*wire.Prices, error) {
	type item struct {
		SellAsset  string `json:"sell_asset"`
		BuyAsset   string `json:"buy_asset"`
		SellAmount string `json:"sell_amount,omitempty"`
		BuyAmount  string `json:"buy_amount,omitempty"`
		MaxHops    int    `json:"max_hops,omitempty"`
		Strategy   string `json:"strategy,omitempty"`
		MaxSettle  int    `json:"max_settlement_ms,omitempty"`
	}
	items := make([]item, len(requests))
	for i, r := range requests {
		items[i] = item{r.SellAsset, r.BuyAsset, r.SellAmount, r.BuyAmount, r.MaxHops, r.Strategy, r.MaxSettlementMs}
	}
	body, err := json.Marshal(map[string][]item{"items": items})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return call[wire.Prices](ctx, c, http.MethodPost, "/v1/prices", body)
}

// Routes calls GET /v1/routes. paths 0 is the server's default.
func (c *Client) Routes(ctx context.Context, r PriceRequest, paths int) (*wire.Routes, error) {
	q := r.query()
	if paths != 0 {
		q.Set("paths", strconv.Itoa(paths))
	}
	return get[wire.Routes](ctx, c, "/v1/routes?"+q.Encode())
}

// RouteHop is one market of a route.
type RouteHop struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
}

// Evaluate calls POST /v1/routes/evaluate. Of r it sends assets and amounts.
func (c *Client) Evaluate(ctx context.Context, r PriceRequest, route ...RouteHop) (*wire.Evaluation, error) {
	body, err := json.Marshal(struct {
		SellAsset  string     `json:"sell_asset"`
		BuyAsset   string     `json:"buy_asset"`
		SellAmount string     `json:"sell_amount,omitempty"`
		BuyAmount  string     `json:"buy_amount,omitempty"`
		Route      []RouteHop `json:"route"`
	}{r.SellAsset, r.BuyAsset, r.SellAmount, r.BuyAmount, route})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return call[wire.Evaluation](ctx, c, http.MethodPost, "/v1/routes/evaluate", body)
}

func (r *PriceRequest) query() url.Values {
	q := url.Values{"sell_asset": {r.SellAsset}, "buy_asset": {r.BuyAsset}}
	if r.SellAmount != "" {
		q.Set("sell_amount", r.SellAmount)
	}
	if r.BuyAmount != "" {
		q.Set("buy_amount", r.BuyAmount)
	}
	if r.MaxHops != 0 {
		q.Set("max_hops", strconv.Itoa(r.MaxHops))
	}
	if r.Strategy != "" {
		q.Set("strategy", r.Strategy)
	}
	if r.MaxSettlementMs != 0 {
		q.Set("max_settlement_ms", strconv.Itoa(r.MaxSettlementMs))
	}
	for name, venues := range map[string][]string{
		"only_venues": r.OnlyVenues, "exclude_venues": r.ExcludeVenues,
	} {
		if len(venues) > 0 {
			q.Set(name, strings.Join(venues, ","))
		}
	}
	return q
}

// Book calls GET /v1/book/{market}. depth 0 is the server's default.
func (c *Client) Book(ctx context.Context, market string, depth int) (*wire.Book, error) {
	path := "/v1/book/" + url.PathEscape(market)
	if depth != 0 {
		path += "?depth=" + strconv.Itoa(depth)
	}
	return get[wire.Book](ctx, c, path)
}

// Crossed calls GET /v1/crossed.
func (c *Client) Crossed(ctx context.Context) (*wire.CrossedMarkets, error) {
	return get[wire.CrossedMarkets](ctx, c, "/v1/crossed")
}

// Assets calls GET /v1/assets.
func (c *Client) Assets(ctx context.Context) (*wire.Assets, error) {
	return get[wire.Assets](ctx, c, "/v1/assets")
}

// Venues calls GET /v1/venues.
func (c *Client) Venues(ctx context.Context) (*wire.Venues, error) {
	return get[wire.Venues](ctx, c, "/v1/venues")
}

// Markets calls GET /v1/markets.
func (c *Client) Markets(ctx context.Context) (*wire.Markets, error) {
	return get[wire.Markets](ctx, c, "/v1/markets")
}

// Liquidity calls GET /v1/liquidity. asset and provider "" are all of them.
func (c *Client) Liquidity(ctx context.Context, asset, provider string) (*wire.Liquidity, error) {
	q := url.Values{}
	if asset != "" {
		q.Set("asset", asset)
	}
	if provider != "" {
		q.Set("provider", provider)
	}
	path := "/v1/liquidity"
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return get[wire.Liquidity](ctx, c, path)
}

// Providers calls GET /v1/providers.
func (c *Client) Providers(ctx context.Context) (*wire.Providers, error) {
	return get[wire.Providers](ctx, c, "/v1/providers")
}

// Time calls GET /v1/time.
func (c *Client) Time(ctx context.Context) (*wire.Time, error) {
	return get[wire.Time](ctx, c, "/v1/time")
}

// Live calls GET /livez.
func (c *Client) Live(ctx context.Context) (*wire.Health, error) {
	return get[wire.Health](ctx, c, "/livez")
}

// Ready calls GET /readyz. Not ready is a *Problem of code not_ready.
func (c *Client) Ready(ctx context.Context) (*wire.Health, error) {
	return get[wire.Health](ctx, c, "/readyz")
}

// Version calls GET /version.
func (c *Client) Version(ctx context.Context) (*wire.Version, error) {
	return get[wire.Version](ctx, c, "/version")
}

// Raw calls GET on a path with its query and returns the bytes of the answer.
func (c *Client) Raw(ctx context.Context, path string) ([]byte, error) {
	return c.raw(ctx, http.MethodGet, path, nil)
}

func (c *Client) raw(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("client: %s %s: %w", method, path, err)
	case len(b) > MaxBody:
		return nil, ErrTooLarge
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, problemOf(resp, b)
	}
	return b, nil
}

func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return call[T](ctx, c, http.MethodGet, path, nil)
}

func call[T any](ctx context.Context, c *Client, method, path string, body []byte) (*T, error) {
	b, err := c.raw(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("client: %s %s: %w", method, path, err)
	}
	return v, nil
}

// problemOf reads a problem. What is none, such as a proxy's page, becomes one
// with the status and no code.
func problemOf(resp *http.Response, b []byte) *Problem {
	p := &Problem{}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	if media != "application/problem+json" || json.Unmarshal(b, &p.Problem) != nil {
		p.Problem = wire.Problem{Title: http.StatusText(resp.StatusCode)}
	}
	p.Status = resp.StatusCode
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 && s < 1e6 {
		p.RetryAfter = time.Duration(s) * time.Second
	}
	return p
}

// AsProblem returns the problem in err, nil if there is none.
func AsProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return nil
}
