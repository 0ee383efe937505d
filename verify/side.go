package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
)

// sideName names one side of one book, or of what a provider offers, who stands
// where the venue does. Side says what is done with the base of the market: "sell"
// takes the bids, "buy" the asks.
type sideName struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	Side   string `json:"side"`
}

func (n sideName) String() string { return n.Venue + " " + n.Market + " " + n.Side }

// side is what one book or provider offers from one asset into another.
type side struct {
	sideName
	from, to string
	version  string
	feeOnIn  bool    // the fee is part of what is given; else it is missing in what is got
	settle   int64   // of levels, milliseconds
	levels   []level // best rate first
	provider bool
	options  []option // instead of levels

	lot *big.Int // of the base, that is traded in whole numbers; nil: in any amount

	book  *side    // what the option was made of, under the terms of a venue
	takes *big.Int // what it takes of what is got, beside the taker fee
	least *big.Int // the least that is got, with that
}

// level is an offer in engine units, the fee taken already: give in, get out.
// gross is what counts before the fee, on the end that the fee is taken from.
type level struct{ in, out, gross *big.Int }

// offer turns half a book into levels. A size counts in whole units of the base;
// a level that rounds to nothing or does not fit 63 bits is not offered.
func (s *side) offer(book []entry, base, quote asset, fee *big.Rat) {
	one := big.NewRat(1, 1)
	less, more := new(big.Rat).Sub(one, fee), new(big.Rat).Add(one, fee)
	units := new(big.Rat).SetInt(pow(base.engine))
	perUnit := new(big.Rat).SetFrac(pow(quote.engine), pow(base.engine))
	for _, e := range book {
		size := new(big.Rat).SetInt(floor(new(big.Rat).Mul(e.size, units)))
		value := new(big.Rat).Mul(e.price, size)
		value.Mul(value, perUnit)
		l := level{size.Num(), floor(new(big.Rat).Mul(value, less)), floor(value)}
		switch {
		case s.feeOnIn:
			l = level{ceil(new(big.Rat).Mul(value, more)), size.Num(), ceil(value)}
		case s.Side == "buy":
			l = level{ceil(value), floor(new(big.Rat).Mul(size, less)), size.Num()}
		}
		if l.in.Sign() > 0 && l.out.Sign() > 0 && l.in.IsInt64() && l.out.IsInt64() && l.gross.IsInt64() {
			s.levels = append(s.levels, l)
		}
	}
	s.sort()
}

func (s *side) sort() {
	slices.SortStableFunc(s.levels, func(x, y level) int {
		return new(big.Int).Mul(y.out, x.in).Cmp(new(big.Int).Mul(x.out, y.in))
	})
}

// fill gives in to the levels, best first, and returns the most that comes out,
// what is left beyond the last one, and the fee where out is all that is taken:
// in units of what is given, where it is part of that, else of what is got.
func (s *side) fill(in, out *big.Int) (most, left, fee *big.Int) {
	most, left, gross, want := new(big.Int), in, new(big.Int), out
	for _, l := range s.levels {
		take := least(left, l.in)
		gives := s.gives(take, &l)
		got := least(want, gives)
		switch {
		case take.Cmp(l.in) == 0 && got.Cmp(l.out) == 0:
			gross.Add(gross, l.gross)
		case s.feeOnIn:
			gross.Add(gross, share(take, l.gross, l.in))
		default:
			gross.Add(gross, share(got, l.gross, l.out))
		}
		most.Add(most, gives)
		left, want = new(big.Int).Sub(left, take), new(big.Int).Sub(want, got)
	}
	if s.feeOnIn {
		return most, left, gross.Sub(in, gross)
	}
	return most, left, gross.Sub(gross, out)
}

// fill gives in to an option, which gives nothing for less than its entry.
func (o *option) fill(in *big.Int) (most, left *big.Int) {
	if in.Cmp(o.entry.in) < 0 {
		return new(big.Int), in
	}
	most, left = new(big.Int).Set(o.entry.out), new(big.Int).Sub(in, o.entry.in)
	for _, l := range o.more {
		take := least(left, l.in)
		most.Add(most, share(take, l.out, l.in))
		left = new(big.Int).Sub(left, take)
	}
	return most, left
}

// digest is the SHA-256 of what the side offers.
func (s *side) digest() string {
	h := sha256.New()
	write := func(all ...*big.Int) {
		var buf [8]byte
		for _, v := range all {
			h.Write(v.FillBytes(buf[:]))
		}
	}
	of := "side"
	if len(s.options) > 0 {
		of = "options"
	}
	fmt.Fprintf(h, "chronos-%s-v1\n%s\n%s\n%s\n", of, s.Venue, s.Market, s.Side)
	for _, l := range s.levels {
		write(l.in, l.out)
	}
	for i := range s.options {
		o := &s.options[i]
		write(big.NewInt(int64(o.tier)), big.NewInt(o.settle), o.entry.in, o.entry.out, big.NewInt(int64(len(o.more))))
		for _, l := range o.more {
			write(l.in, l.out)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
