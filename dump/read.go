package dump

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"chronos.dev/book"
	"chronos.dev/internal/jscan"
	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// FormatError reports a file that is no dump, and where. The cure is in the
// file.
type FormatError struct {
	Line, Column int // of the first byte that is wrong, from 1
	Why          string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("dump: line %d, column %d: %s", e.Line, e.Column, e.Why)
}

// ErrTooLarge reports a file above MaxBytes.
var ErrTooLarge = fmt.Errorf("dump: more than %d bytes", MaxBytes)

// Read reads a dump. It fails with ErrTooLarge, *FormatError, or the error of r.
func Read(r io.Reader) (*Dump, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("dump: read: %w", err)
	}
	if len(b) > MaxBytes {
		return nil, ErrTooLarge
	}
	p := &reader{dump: &Dump{}, assets: map[string]bool{}, markets: map[market.Key]bool{}}
	p.s.Reset(b)
	if err := p.file(); err != nil {
		return nil, p.placed(err)
	}
	return p.dump, nil
}

// reader is the state of one Read.
type reader struct {
	s       jscan.Scanner
	dump    *Dump
	assets  map[string]bool
	markets map[market.Key]bool
	ends    []int // of the offers in the file
	levels  int
	seen    map[money.Num]bool // prices of one side
}

// placed gives err the place where the scanner stands, or where it says.
func (p *reader) placed(err error) error {
	line, column, why := p.s.Place(err)
	return &FormatError{line, column, why}
}

func unknown(key []byte) error { return fmt.Errorf("unknown key %q", key) }

func (p *reader) file() error {
	err := p.s.Object(func(key []byte) error {
		switch string(key) {
		case "as_of":
			return p.asOf()
		case "assets":
			return p.s.Array(func(int) error { return p.asset() })
		case "markets":
			return p.s.Array(func(int) error { return p.market() })
		case "providers":
			return p.s.Array(func(int) error { return p.provider() })
		}
		return unknown(key)
	})
	switch {
	case err != nil:
		return err
	case p.dump.AsOf.IsZero():
		return errors.New("as_of is missing")
	case len(p.dump.Markets)+len(p.dump.Offers) == 0:
		return errors.New("no markets")
	}
	for i := range p.dump.Markets {
		p.describe(p.dump.Markets[i].Key.Pair)
	}
	for i := range p.dump.Offers {
		p.describe(p.dump.Offers[i].Key.Pair)
	}
	if len(p.dump.Assets) > maxAssets {
		return fmt.Errorf("more than %d assets", maxAssets)
	}
	if err := p.s.End(); err != nil {
		return err
	}
	return p.checkOffers()
}

func (p *reader) describe(pair market.Pair) {
	for _, symbol := range [2]string{pair.Base, pair.Quote} {
		if !p.assets[symbol] {
			p.assets[symbol] = true
			p.dump.Assets = append(p.dump.Assets, Describe(symbol))
		}
	}
}

// asOf reads a time that Unix nanoseconds can hold and that is not their zero,
// which means "never" in a book.
func (p *reader) asOf() error {
	v, err := p.s.Str()
	if err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil || t.Unix() <= 0 || t.Year() > 2260 {
		const want = "a time like 2026-11-23T02:55:07Z, after 1970 and before 2261"
		return fmt.Errorf("as_of %q: want %s", v, want)
	}
	p.dump.AsOf = t.UTC()
	return nil
}

func (p *reader) asset() error {
	symbol, scale, engineScale := "", int64(-1), int64(-1)
	err := p.s.Object(func(key []byte) error {
		var err error
		switch string(key) {
		case "symbol":
			symbol, err = p.text("symbol", market.ValidSymbol)
		case "scale":
			scale, err = p.scale()
		case "engine_scale":
			engineScale, err = p.scale()
		default:
			return unknown(key)
		}
		return err
	})
	if engineScale < 0 {
		engineScale = scale
	}
	switch {
	case err != nil:
		return err
	case symbol == "" || scale < 0:
		return errors.New("an asset needs symbol and scale")
	case engineScale < scale:
		return fmt.Errorf("asset %s: engine_scale %d is below scale %d", symbol, engineScale, scale)
	case p.assets[symbol]:
		return fmt.Errorf("asset %s is listed twice", symbol)
	case len(p.dump.Assets) == maxAssets:
		return fmt.Errorf("more than %d assets", maxAssets)
	}
	p.assets[symbol] = true
	p.dump.Assets = append(p.dump.Assets, market.Asset{
		Symbol: symbol, Scale: uint8(scale), EngineScale: uint8(engineScale), Hub: symbol == "BTC",
	})
	return nil
}

func (p *reader) scale() (int64, error) {
	if p.s.Peek() != jscan.Number {
		return 0, errors.New("a scale is a number")
	}
	n, err := p.s.Int()
	if err == nil && (n < 0 || n > money.MaxScale) {
		err = fmt.Errorf("scale %d: want 0 to %d", n, money.MaxScale)
	}
	return n, err
}

func (p *reader) text(what string, valid func(string) bool) (string, error) {
	v, err := p.s.Str()
	if err == nil && !valid(string(v)) {
		err = fmt.Errorf("%q is no %s", v, what)
	}
	return string(v), err
}

func (p *reader) market() error {
	var m Market
	var bps money.Num
	hasFee := false
	err := p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "venue":
			m.Key.Venue, err = p.text("venue name", market.ValidVenue)
		case "base":
			m.Key.Pair.Base, err = p.text("asset symbol", market.ValidSymbol)
		case "quote":
			m.Key.Pair.Quote, err = p.text("asset symbol", market.ValidSymbol)
		case "taker_fee_bps":
			hasFee = true
			bps, err = p.bps()
		case "fee_on":
			m.Fee.On, err = p.feeOn()
		case "version":
			m.Epoch, m.Seq, err = p.version()
		case "origin":
			m.Origin, err = p.origin()
		case "settlement_ms":
			m.Terms.Settle, err = p.settlement()
		case "min_size":
			m.Terms.MinSize, err = p.num("min_size")
		case "lot":
			m.Terms.Lot, err = p.num("lot")
		case "withdraw_base":
			m.Terms.WithdrawBase, err = p.num("withdraw_base")
		case "withdraw_quote":
			m.Terms.WithdrawQuote, err = p.num("withdraw_quote")
		case "bids":
			m.Bids, err = p.side(market.Bid)
		case "asks":
			m.Asks, err = p.side(market.Ask)
		default:
			err = unknown(key)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !hasFee {
		return fmt.Errorf("market %s: taker_fee_bps is missing", m.Key)
	}
	if m.Fee, err = market.FeeBps(bps, m.Fee.On); err != nil {
		return err
	}
	return p.add(m)
}

func (p *reader) add(m Market) error {
	k := m.Key
	switch {
	case k.Venue == "" || k.Pair.Base == "" || k.Pair.Quote == "":
		return errors.New("a market needs venue, base and quote")
	case k.Pair.Base == k.Pair.Quote:
		return fmt.Errorf("market %s trades an asset against itself", k)
	case p.markets[k]:
		return fmt.Errorf("market %s is listed twice", k)
	case len(p.dump.Markets) == maxMarkets:
		return fmt.Errorf("more than %d markets", maxMarkets)
	}
	p.markets[k] = true
	p.dump.Markets = append(p.dump.Markets, m)
	return nil
}

func (p *reader) bps() (money.Num, error) {
	v, err := p.s.Str()
	if err != nil {
		return money.Num{}, err
	}
	n, err := text.ParseBps(v)
	if err != nil {
		return n, fmt.Errorf("taker_fee_bps %q: want a decimal like 25 or 7.5, at most 4 decimals", v)
	}
	return n, nil
}

func (p *reader) feeOn() (market.FeeOn, error) {
	v, err := p.s.Str()
	switch {
	case err != nil:
		return 0, err
	case string(v) == market.FeeReceived.String():
		return market.FeeReceived, nil
	case string(v) == market.FeeQuote.String():
		return market.FeeQuote, nil
	}
	return 0, fmt.Errorf("fee_on %q: want received or quote", v)
}

// version reads "epoch.sequence".
func (p *reader) version() (epoch, seq uint64, err error) {
	v, err := p.s.Str()
	if err != nil {
		return 0, 0, err
	}
	a, b, _ := strings.Cut(string(v), ".")
	epoch, errEpoch := strconv.ParseUint(a, 10, 64)
	seq, errSeq := strconv.ParseUint(b, 10, 64)
	if errEpoch != nil || errSeq != nil {
		return 0, 0, fmt.Errorf("version %.48q: want epoch and sequence, such as 7.1001", v)
	}
	return epoch, seq, nil
}

func (p *reader) origin() (market.Origin, error) {
	v, err := p.s.Str()
	if err != nil {
		return 0, err
	}
	o, ok := market.ParseOrigin(v)
	if !ok {
		return 0, fmt.Errorf("origin %.32q: want venue, replay or simulated", v)
	}
	return o, nil
}

// side reads [["price","size"], ...], no price twice.
func (p *reader) side(side market.Side) ([]market.Level, error) {
	var levels []market.Level
	p.seen = map[money.Num]bool{}
	err := p.s.Array(func(i int) error {
		if i == book.MaxLevels {
			return fmt.Errorf("more than %d levels a side", book.MaxLevels)
		}
		if p.levels++; p.levels > MaxLevels {
			return fmt.Errorf("more than %d levels", MaxLevels)
		}
		l, err := p.level(side)
		if err != nil {
			return err
		}
		if p.seen[l.Price.Trim()] {
			return fmt.Errorf("%s price %s is listed twice", side, l.Price)
		}
		p.seen[l.Price.Trim()] = true
		levels = append(levels, l)
		return nil
	})
	return levels, err
}

func (p *reader) level(side market.Side) (market.Level, error) {
	l := market.Level{Side: side}
	n := 0
	err := p.s.Array(func(i int) error {
		n = i + 1
		v, err := p.s.Str()
		if err != nil {
			return err
		}
		num, err := text.ParseNum(v)
		if err != nil || num.Coef <= 0 {
			return fmt.Errorf("%q: want a decimal above zero, as a string", v)
		}
		switch i {
		case 0:
			l.Price = num
		case 1:
			l.Size = num
		default:
			return errors.New(`a level is ["price","size"]`)
		}
		return nil
	})
	if err == nil && n != 2 {
		err = errors.New(`a level is ["price","size"]`)
	}
	return l, err
}
