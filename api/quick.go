package api

import (
	"bytes"
	"errors"

	"chronos.dev/engine"
	"chronos.dev/internal/jscan"
)

// errPlain ends the quick reading of what is not plain. Nobody sees it.
var errPlain = errors.New("api: not plain")

// quickItems reads a body of POST /v1/prices in place, if nothing is wrong with it
// and nothing in it is unusual. Whatever it refuses readItems decides, and says why.
func (s *Server) quickItems(r *request) bool {
	r.items = r.items[:0]
	var scan jscan.Scanner
	scan.Reset(r.body)
	err := scan.Object(func(key []byte) error {
		if string(key) != "items" || scan.Peek() != jscan.Array {
			return errPlain
		}
		return scan.Array(func(i int) error {
			req, err := s.quickItem(&scan)
			if i >= maxBatch {
				return errPlain
			}
			r.items = append(r.items, req)
			return err
		})
	})
	return err == nil && scan.End() == nil && len(r.items) > 0
}

// quickItem reads {"sell_asset","buy_asset","sell_amount" or "buy_amount","max_hops"}.
func (s *Server) quickItem(scan *jscan.Scanner) (req engine.Request, err error) {
	if scan.Peek() != jscan.Object {
		return req, errPlain
	}
	var sell, buy, in, out []byte
	err = scan.Object(func(key []byte) (err error) {
		switch string(key) {
		case "sell_asset":
			sell, err = plainString(scan)
		case "buy_asset":
			buy, err = plainString(scan)
		case "sell_amount":
			in, err = plainString(scan)
		case "buy_amount":
			out, err = plainString(scan)
		case "max_hops":
			req.MaxHops, err = s.quickHops(scan)
		default:
			err = errPlain
		}
		return err
	})
	if err != nil {
		return req, err
	}
	return s.quickOrder(req, sell, buy, in, out)
}

// quickOrder makes req of its texts; what is missing is nil.
func (s *Server) quickOrder(req engine.Request, sell, buy, in, out []byte) (engine.Request, error) {
	give, ok1 := s.opts.Engine.Asset(string(sell))
	get, ok2 := s.opts.Engine.Asset(string(buy))
	if !ok1 || !ok2 || give.Symbol == get.Symbol || (in == nil) == (out == nil) {
		return req, errPlain
	}
	var bad *AmountError
	if req.Sell, req.Buy = give.Symbol, get.Symbol; in != nil {
		req.In, bad = parseAmount(in, give)
	} else {
		req.Out, bad = parseAmount(out, get)
	}
	if bad != nil {
		return req, errPlain
	}
	return req, nil
}

func (s *Server) quickHops(scan *jscan.Scanner) (int, error) {
	if scan.Peek() != jscan.Number {
		return 0, errPlain
	}
	text, err := scan.Number()
	if err != nil || len(text) != 1 || text[0] < '1' || int(text[0]-'0') > s.opts.Engine.MaxHops() {
		return 0, errPlain
	}
	return int(text[0] - '0'), nil
}

// plainString reads a string without escapes, which the text of the body holds
// as it is.
func plainString(scan *jscan.Scanner) ([]byte, error) {
	if scan.Peek() != jscan.String {
		return nil, errPlain
	}
	text, err := scan.Raw()
	if err != nil || bytes.IndexByte(text, '\\') >= 0 {
		return nil, errPlain
	}
	return text[1 : len(text)-1], nil
}
