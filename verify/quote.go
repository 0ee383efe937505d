package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 64 << 20

// quoteDoc is what is checked of a quote.
type quoteDoc struct {
	SellAsset  string `json:"sell_asset"`
	BuyAsset   string `json:"buy_asset"`
	SellAmount string `json:"sell_amount"`
	BuyAmount  string `json:"buy_amount"`
	Routes     []struct {
		SellAmount string `json:"sell_amount"`
		BuyAmount  string `json:"buy_amount"`
		Hops       []struct {
			Venue      string `json:"venue"`
			Market     string `json:"market"`
			Side       string `json:"side"`
			SellAsset  string `json:"sell_asset"`
			BuyAsset   string `json:"buy_asset"`
			SellAmount string `json:"sell_amount"`
			BuyAmount  string `json:"buy_amount"`
		} `json:"hops"`
	} `json:"routes"`
	Certificate struct {
		UpperBound string    `json:"upper_bound_buy_amount"`
		LowerBound string    `json:"lower_bound_sell_amount"`
		GapBps     *string   `json:"gap_bps"`
		ExactOut   bool      `json:"exact_out"`
		MaxHops    int       `json:"max_hops"`
		SellUnits  units     `json:"sell_units"`
		BuyUnits   units     `json:"buy_units"`
		BoundUnits units     `json:"bound_units"`
		RouteUnits [][]units `json:"route_units"`
		NodePrices *struct {
			Sell   units `json:"sell"`
			Buy    units `json:"buy"`
			Assets []struct {
				Asset string `json:"asset"`
				One   units  `json:"one"`
				Two   units  `json:"two"`
			} `json:"assets"`
		} `json:"node_prices"`
		Sides           []sideDoc `json:"sides"`
		SidesConsidered int       `json:"sides_considered"`
		VenuesExcluded  []string  `json:"venues_excluded"`
	} `json:"certificate"`
}

type sideDoc struct {
	Venue   string `json:"venue"`
	Market  string `json:"market"`
	Side    string `json:"side"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// units is a whole number as a string of at most 20 digits.
type units struct{ v big.Int }

func (u *units) int() *big.Int { return &u.v }

// UnmarshalJSON reads a string of digits.
func (u *units) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if len(s) == 0 || len(s) > 20 || len(bytes.Trim([]byte(s), "0123456789")) > 0 {
		return fmt.Errorf("%.40q is no whole number", s)
	}
	u.v.SetString(s, 10)
	return nil
}

func readQuote(b []byte) (*quoteDoc, error) {
	q := &quoteDoc{}
	return q, decode(b, q)
}

func readMarket(b []byte) (*marketDoc, error) {
	m := &marketDoc{}
	if err := decode(b, m); err != nil {
		return nil, err
	}
	return m, m.compile()
}

// decode reads one JSON value. Members that are not checked are not looked at.
func decode(b []byte, v any) error {
	if len(b) > MaxBytes {
		return fmt.Errorf("more than %d bytes", MaxBytes)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}
