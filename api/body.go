package api

import (
	"errors"
	"strconv"
	"strings"

	"chronos.dev/internal/jscan"
	"chronos.dev/market"
)

// maxRoute is how many hops of a route are read; more are refused anyway.
const maxRoute = 8

// orderBody is the body of a request about an order.
type orderBody struct {
	at                    string // pointer to it
	sell, buy             string
	sellAmount, buyAmount string
	hasSell, hasBuy       bool
	route                 []market.Key
}

// readOrder reads {"sell_asset","buy_asset","sell_amount" or "buy_amount",
// "route":[{"venue","market"}]}, strictly. Where it returns false the mistakes
// are noted.
func (r *request) readOrder() (b orderBody, ok bool) {
	var s jscan.Scanner
	s.Reset(r.body)
	err := s.Object(func(key []byte) error {
		known, err := r.orderField(&s, &b, key)
		switch {
		case known:
		case string(key) == "route":
			b.route, err = r.routeAt(&s)
		default:
			r.fail("/"+pointer(key), "unknown_key",
				"This resource takes sell_asset, buy_asset, sell_amount or buy_amount, and route.")
			err = s.Skip()
		}
		return err
	})
	if err == nil {
		err = s.End()
	}
	r.failSyntax(err)
	return b, len(r.invalid) == 0
}

// orderField reads one of the members that say what is wanted, and reports whether
// key is one.
func (r *request) orderField(s *jscan.Scanner, b *orderBody, key []byte) (known bool, err error) {
	switch string(key) {
	case "sell_asset":
		b.sell, err = r.stringAt(s, b.at+"/sell_asset", "asset")
	case "buy_asset":
		b.buy, err = r.stringAt(s, b.at+"/buy_asset", "asset")
	case "sell_amount":
		b.hasSell = true
		b.sellAmount, err = r.stringAt(s, b.at+"/sell_amount", "amount")
	case "buy_amount":
		b.hasBuy = true
		b.buyAmount, err = r.stringAt(s, b.at+"/buy_amount", "amount")
	default:
		return false, nil
	}
	return true, err
}

// failSyntax notes what is wrong with the text itself.
func (r *request) failSyntax(err error) {
	var syntax *jscan.SyntaxError
	if !errors.As(err, &syntax) {
		return
	}
	code := "json"
	if strings.Contains(syntax.Why, "duplicate") {
		code = "duplicate_key"
	}
	r.fail("/", code, "At byte "+strconv.Itoa(syntax.Offset)+": "+syntax.Why+".")
}

// stringAt reads a string; a value of another kind is a mistake of its own.
func (r *request) stringAt(s *jscan.Scanner, at, what string) (string, error) {
	switch kind := s.Peek(); {
	case kind == jscan.None: // no value at all, which the text is to blame for
	case kind == jscan.String:
		v, err := s.Str()
		return string(v), err
	case kind == jscan.Null:
		r.fail(at, what+"_null", "Send a string, not null.")
	case kind == jscan.Number && what == "amount":
		r.fail(at, "amount_must_be_string", "Send amounts as strings: numbers lose digits on the way.")
	default:
		r.fail(at, what+"_must_be_string", "Send a string.")
	}
	return "", s.Skip()
}

// routeAt reads the hops of a route.
func (r *request) routeAt(s *jscan.Scanner) (route []market.Key, err error) {
	if s.Peek() != jscan.Array {
		r.fail("/route", "route_format", `Send a list of hops like {"venue":"kraken","market":"BTC-USD"}.`)
		return nil, s.Skip()
	}
	err = s.Array(func(i int) error {
		at := "/route/" + strconv.Itoa(i)
		if s.Peek() != jscan.Object || i >= maxRoute {
			r.fail(at, "route_format", `Send at most 3 hops like {"venue":"kraken","market":"BTC-USD"}.`)
			return s.Skip()
		}
		key, err := r.hopAt(s, at)
		route = append(route, key)
		return err
	})
	return route, err
}

func (r *request) hopAt(s *jscan.Scanner, at string) (key market.Key, err error) {
	pair := ""
	err = s.Object(func(name []byte) (err error) {
		switch string(name) {
		case "venue":
			key.Venue, err = r.stringAt(s, at+"/venue", "venue")
		case "market":
			pair, err = r.stringAt(s, at+"/market", "market")
		default:
			r.fail(at+"/"+pointer(name), "unknown_key", "A hop has venue and market.")
			err = s.Skip()
		}
		return err
	})
	if err != nil || len(r.invalid) > 0 {
		return key, err
	}
	if key.Pair, err = market.ParsePair(pair); err != nil || !market.ValidVenue(key.Venue) {
		r.fail(at, "route_format", `Send a hop like {"venue":"kraken","market":"BTC-USD"}.`)
	}
	return key, nil
}
