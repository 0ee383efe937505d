package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"unicode/utf8"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 64 << 20

// quoteDoc is what is checked of a quote.
type quoteDoc struct {
	Kind       string  `json:"kind"`
	Status     string  `json:"status"`
	SellAsset  string  `json:"sell_asset"`
	BuyAsset   string  `json:"buy_asset"`
	SellAmount string  `json:"sell_amount"`
	BuyAmount  string  `json:"buy_amount"`
	Rate       *string `json:"rate"`
	Inverse    *string `json:"inverse_rate"`
	MidRate    *string `json:"mid_rate"`
	Slippage   *string `json:"slippage_bps"`
	FeeBps     *string `json:"fee_bps"`
	EstTime    *int64  `json:"est_time_ms"`
	Fees       []struct {
		Venue  string `json:"venue"`
		Asset  string `json:"asset"`
		Amount string `json:"amount"`
	} `json:"fees"`
	Routes []struct {
		Share      string   `json:"share"`
		SellAmount string   `json:"sell_amount"`
		BuyAmount  string   `json:"buy_amount"`
		Hops       []hopDoc `json:"hops"`
	} `json:"routes"`
	Certificate certificateDoc `json:"certificate"`
}

type hopDoc struct {
	sideName
	SellAsset  string  `json:"sell_asset"`
	BuyAsset   string  `json:"buy_asset"`
	SellAmount string  `json:"sell_amount"`
	BuyAmount  string  `json:"buy_amount"`
	AvgPrice   *string `json:"avg_price"`
	Tier       *string `json:"tier"`
	TierIndex  *int    `json:"tier_index"`
}

type certificateDoc struct {
	UpperBound string         `json:"upper_bound_buy_amount"`
	LowerBound string         `json:"lower_bound_sell_amount"`
	GapBps     *string        `json:"gap_bps"`
	ExactOut   bool           `json:"exact_out"`
	MaxHops    int            `json:"max_hops"`
	MaxSettle  *int64         `json:"max_settlement_ms"`
	SellUnits  units          `json:"sell_units"`
	BuyUnits   units          `json:"buy_units"`
	BoundUnits units          `json:"bound_units"`
	RouteUnits [][]units      `json:"route_units"`
	NodePrices *nodePricesDoc `json:"node_prices"`
	Leaves     []leafDoc      `json:"leaves"`
	Sides      []struct {
		sideName
		Version string `json:"version"`
		Digest  string `json:"digest"`
	} `json:"sides"`
	SidesConsidered int      `json:"sides_considered"`
	VenuesExcluded  []string `json:"venues_excluded"`
}

type nodePricesDoc struct {
	Sell   units `json:"sell"`
	Buy    units `json:"buy"`
	Assets []struct {
		Asset string `json:"asset"`
		One   units  `json:"one"`
		Two   units  `json:"two"`
	} `json:"assets"`
}

type leafDoc struct {
	Decisions  []decisionDoc  `json:"decisions"`
	NodePrices *nodePricesDoc `json:"node_prices"`
}

type decisionDoc struct {
	sideName
	Tier choice `json:"tier"`
}

// choice is a tier, or none: null. It must be said.
type choice struct {
	said bool
	tier int // unused for none
}

const unused = -1

// UnmarshalJSON reads a number or null.
func (c *choice) UnmarshalJSON(b []byte) error {
	tier := unused
	if string(b) != "null" {
		if err := json.Unmarshal(b, &tier); err != nil {
			return err
		}
		if tier < 0 {
			return fmt.Errorf("tier %d", tier)
		}
	}
	*c = choice{true, tier}
	return nil
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
	if len(s) == 0 || len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return fmt.Errorf("%.40q is no whole number", s)
	}
	u.v.SetString(s, 10)
	return nil
}

// decode reads one JSON value. With all set it has no member that v has not.
func decode(b []byte, v any, all bool) error {
	if len(b) > MaxBytes {
		return fmt.Errorf("more than %d bytes", MaxBytes)
	}
	if !utf8.Valid(b) {
		return errors.New("bytes that are no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if all {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	d = json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return plain(d, 16)
}

// plain refuses what two readers may read as two things: a member that is given
// twice, or whose name is not in lower case, which json takes for one that is.
func plain(d *json.Decoder, depth int) error {
	t, err := d.Token()
	open, ok := t.(json.Delim)
	if err != nil || !ok {
		return err
	}
	if depth == 0 {
		return errors.New("nested too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			key := t.(string) // Decode has read it before
			if seen[key] || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz_") != "" {
				return fmt.Errorf("member %.40q is given twice, or is not in lower case", key)
			}
			seen[key] = true
		}
		if err := plain(d, depth-1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
