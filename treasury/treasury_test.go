package treasury_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/treasury"
)

func num(coef int64, scale uint8) money.Num { return money.Num{Coef: coef, Scale: scale} }

var (
	btcusd = market.Pair{Base: "BTC", Quote: "USD"}
	eurusd = market.Pair{Base: "EUR", Quote: "USD"}
	vault  = market.Key{Venue: "vault-a", Pair: btcusd}
)

// priced is an offer of one price, against one of a spread off each reference.
func priced(seq uint64, until int64) *market.Offer {
	return &market.Offer{
		Key: vault, Seq: seq, Time: int64(seq), ValidUntil: until, Custody: market.Available,
		Sell: []market.Tier{{Max: num(1, 0), Price: num(100, 0)}},
	}
}

func against(seq uint64, until int64, pairs ...market.Pair) *market.Offer {
	o := priced(seq, until)
	for _, p := range pairs {
		t := market.Tier{Max: num(1, 0), Reference: p, SpreadBps: num(5, 0)}
		o.Sell, o.Buy = append(o.Sell, t), append(o.Buy, t)
	}
	return o
}

func reference(source string, pair market.Pair, price, at, until int64) market.Reference {
	return market.Reference{Source: source, Pair: pair, Price: num(price, 0), Time: at, RecvTime: at, ValidUntil: until}
}

// texts are the prices of an offer's tiers, those of Buy behind a bar.
func texts(o *market.Offer) string {
	var b strings.Builder
	for i, side := range [2][]market.Tier{o.Sell, o.Buy} {
		if i > 0 {
			b.WriteString("| ")
		}
		for _, t := range side {
			if t.Reference != (market.Pair{}) {
				fmt.Fprintf(&b, "%s ", t.Reference)
			} else {
				fmt.Fprintf(&b, "%s ", t.Price)
			}
		}
	}
	return fmt.Sprintf("%suntil %d", b.String(), o.ValidUntil)
}

func all(offers []*market.Offer) (s []string) {
	for _, o := range offers {
		s = append(s, o.Key.Venue+" "+texts(o))
	}
	return s
}

// TestSeq: numbers rise, and begin anew behind a tombstone or an end.
func TestSeq(t *testing.T) {
	tests := []struct {
		name string
		then func(d *treasury.Desk) *market.Offer // what comes after number 5, valid until 100
		now  int64
		err  error
	}{
		{"a higher number", func(*treasury.Desk) *market.Offer { return priced(6, 100) }, 10, nil},
		{"the same", func(*treasury.Desk) *market.Offer { return priced(5, 200) }, 10, treasury.ErrRepeated},
		{"a lower one", func(*treasury.Desk) *market.Offer { return priced(4, 200) }, 10, treasury.ErrRepeated},
		{"a lower one of another provider", func(*treasury.Desk) *market.Offer {
			o := priced(4, 200)
			o.Key.Venue = "vault-b"
			return o
		}, 10, nil},
		{"a lower one behind a tombstone", func(d *treasury.Desk) *market.Offer {
			if !d.Withdraw(vault) || d.Withdraw(vault) {
				panic("withdrawn not once")
			}
			return priced(1, 200)
		}, 10, nil},
		{"a later one at the end", func(*treasury.Desk) *market.Offer {
			o := priced(1, 200)
			o.Time = 6
			return o
		}, 100, nil},
		{"a later one just before it", func(*treasury.Desk) *market.Offer {
			o := priced(1, 200)
			o.Time = 6
			return o
		}, 99, treasury.ErrRepeated},
		{"an older one at the end, told again", func(*treasury.Desk) *market.Offer { return priced(4, 200) }, 100, treasury.ErrRepeated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := treasury.New()
			first := priced(5, 100)
			if o, err := d.Offer(first, 1); o != first || err != nil {
				t.Fatalf("Offer = %v, %v", o, err)
			}
			next := tt.then(d)
			o, err := d.Offer(next, tt.now)
			if !errors.Is(err, tt.err) || (o == next) != (tt.err == nil) {
				t.Errorf("Offer = %v, %v; want %v", o, err, tt.err)
			}
			repeated := 0
			if tt.err != nil {
				repeated = 1
			}
			if s := d.Stats(); s.Repeated != repeated {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestReferences is a history: which offers change, and into what.
func TestReferences(t *testing.T) {
	d := treasury.New()
	offer := func(o *market.Offer, now int64, why, want string) {
		t.Helper()
		before := fmt.Sprintf("%+v", *o)
		got, err := d.Offer(o, now)
		var missing *treasury.ReferenceError
		if errors.As(err, &missing) != (why != "") || missing != nil && missing.Why != why {
			t.Errorf("Offer: %v, want %q", err, why)
		}
		if got == nil || texts(got) != want {
			t.Errorf("Offer: %v, want %s", all([]*market.Offer{got}), want)
		}
		if after := fmt.Sprintf("%+v", *o); after != before {
			t.Errorf("the offer was written to:\n%s\n%s", before, after)
		}
	}
	heard := func(r market.Reference, now int64, want ...string) {
		t.Helper()
		got, err := d.Reference(r, now)
		if err != nil || !slices.Equal(all(got), want) {
			t.Errorf("Reference: %q, %v; want %q", all(got), err, want)
		}
	}
	expired := func(now int64, want ...string) {
		t.Helper()
		if got := all(d.Expired(now)); !slices.Equal(got, want) {
			t.Errorf("Expired: %q, want %q", got, want)
		}
	}
	offer(against(1, 1000, btcusd), 1, treasury.Missing, "100 BTC-USD | BTC-USD until 1000")
	heard(reference("ecb", eurusd, 2, 1, 500), 1) // nobody rests on it
	heard(reference("ecb", btcusd, 10_000, 2, 100), 2, "vault-a 100 9995 | 10005 until 100")
	heard(reference("ecb", btcusd, 10_000, 2, 100), 2)                                      // the same again
	heard(reference("ecb", btcusd, 30_000, 1, 100), 2)                                      // older
	heard(reference("ecb", btcusd, 20_000, 2, 90), 2, "vault-a 100 19990 | 20010 until 90") // of the same time: the last word
	heard(reference("fed", btcusd, 40_000, 1, 900), 2)                                      // heard before
	heard(reference("fed", btcusd, 40_000, 3, 200), 3, "vault-a 100 39980 | 40020 until 200")
	heard(reference("ecb", btcusd, 10_000, 4, 100), 4, "vault-a 100 9995 | 10005 until 100")
	expired(99)
	expired(100, "vault-a 100 39980 | 40020 until 200") // the other source still stands by its word
	expired(200, "vault-a 100 BTC-USD | BTC-USD until 1000")
	expired(201)
	offer(against(2, 1000, btcusd, eurusd), 300, treasury.Expired, "100 BTC-USD 1.999 | BTC-USD 2.001 until 500")
	heard(reference("ecb", btcusd, 10_000, 1, 900), 300, "vault-a 100 9995 1.999 | 10005 2.001 until 500") // an ended one is no newer
	heard(market.Reference{Source: "ecb", Pair: eurusd, RecvTime: 301}, 301, "vault-a 100 9995 EUR-USD | 10005 EUR-USD until 900")
	offer(against(3, 350, btcusd), 302, "", "100 9995 | 10005 until 350") // its own end comes first
	heard(reference("ecb", btcusd, 20_000, 400, 900), 400)                // it has ended
	offer(priced(4, 1000), 401, "", "100 | until 1000")
	heard(reference("ecb", btcusd, 10_000, 402, 900), 402) // rests on nothing any more
	bad := reference("ecb", btcusd, 0, 403, 900)
	heard(bad, 403)
	offer(against(5, 1000, btcusd), 404, treasury.Expired, "100 BTC-USD | BTC-USD until 1000")
	if s, want := d.Stats(), (treasury.Stats{Offers: 1, References: 1, Repeated: 1}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}

// TestSourcesOfOneMoment: which price counts does not depend on the order of words.
func TestSourcesOfOneMoment(t *testing.T) {
	refs := []market.Reference{
		reference("a", btcusd, 1, 9, 100), reference("b", btcusd, 2, 9, 100),
		reference("c", btcusd, 3, 9, 100), reference("d", btcusd, 4, 8, 100),
	}
	refs[2].Time = 8
	for range 20 {
		rand.Shuffle(len(refs), func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
		d := treasury.New()
		for _, r := range refs {
			if _, err := d.Reference(r, 10); err != nil {
				t.Fatal(err)
			}
		}
		if o, err := d.Offer(against(1, 100, btcusd), 10); err != nil || texts(o) != "100 0.9995 | 1.0005 until 100" {
			t.Fatalf("%v, %v", o, err)
		}
	}
}

// TestOriginOfPrice: an offer is no more real than the price that it rests on.
func TestOriginOfPrice(t *testing.T) {
	d := treasury.New()
	r := reference("sim", btcusd, 1, 1, 100)
	r.Origin = market.Simulated
	if _, err := d.Reference(r, 1); err != nil {
		t.Fatal(err)
	}
	if o, err := d.Offer(against(1, 100, btcusd), 1); err != nil || o.Origin != market.Simulated {
		t.Errorf("%+v, %v", o, err)
	}
	r.Origin = market.Venue
	if changed, err := d.Reference(r, 1); err != nil || len(changed) != 1 || changed[0].Origin != market.Venue {
		t.Errorf("%+v, %v", changed, err)
	}
}

// TestSpread compares prices off a reference with fractions: never better for the
// customer, off by less than a unit of the last of 18 decimals or 18 digits, and
// exact where these are enough.
func TestSpread(t *testing.T) {
	exact := 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		ref := reference("ecb", btcusd, 1+r.Int64N(1<<(1+r.IntN(61))), 1, 100)
		ref.Price.Scale = uint8(r.IntN(19))
		bps := num(r.Int64N(market.FeeUnit), 4)
		d, o := treasury.New(), against(1, 100, btcusd)
		o.Sell[1].SpreadBps, o.Buy[0].SpreadBps = bps, bps
		if _, err := d.Reference(ref, 1); err != nil {
			t.Fatal(err)
		}
		o, err := d.Offer(o, 1)
		var unfit *treasury.ReferenceError
		if errors.As(err, &unfit) {
			if unfit.Why != treasury.Unfit || ref.Price.Scale < 11 || o.Sell[1].Reference != btcusd {
				t.Fatalf("case %d: %v of %s less %s", i, err, ref.Price, bps)
			}
			continue
		}
		for k, tier := range []market.Tier{o.Sell[1], o.Buy[0]} {
			off := big.NewRat(bps.Coef*int64(2*k-1), market.FeeUnit)
			want := rat(ref.Price)
			want.Mul(want, off.Add(off, big.NewRat(1, 1)))
			lost := want.Sub(want, rat(tier.Price)) // of a sale; a purchase costs more
			if k == 1 {
				lost.Neg(lost)
			}
			least := rat(num(1, 18))
			if relative := new(big.Rat).Mul(rat(tier.Price), big.NewRat(11, 1e18)); relative.Cmp(least) > 0 {
				least = relative
			}
			if lost.Sign() < 0 || lost.Cmp(least) > 0 || tier.Reference != (market.Pair{}) || !tier.SpreadBps.IsZero() {
				t.Fatalf("case %d: %s and %s make %+v, off by %s", i, ref.Price, bps, tier, lost.FloatString(30))
			}
			if lost.Sign() == 0 {
				exact++
			} else if ref.Price.Scale <= 10 && ref.Price.Coef < 4e9 {
				t.Fatalf("case %d: %s and %s make %s, not exact", i, ref.Price, bps, tier.Price)
			}
		}
	}
	if exact < 10_000 {
		t.Errorf("only %d exact", exact)
	}
}

func rat(n money.Num) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(n.Coef), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.Scale)), nil))
}

// TestUnfit: a price that rounds to nothing or is too large is none, for that side.
func TestUnfit(t *testing.T) {
	for k, price := range []money.Num{num(1, 18), num(math.MaxInt64, 0)} {
		d := treasury.New()
		r := reference("ecb", btcusd, 1, 1, 100)
		r.Price = price
		if _, err := d.Reference(r, 1); err != nil {
			t.Fatal(err)
		}
		in := against(1, 100, btcusd)
		o, err := d.Offer(in, 1)
		if want := (treasury.ReferenceError{Key: vault, Pair: btcusd, Why: treasury.Unfit}); !reflect.DeepEqual(err, &want) {
			t.Errorf("%s: %v, %v", price, o, err)
		}
		if unfit := [][]market.Tier{o.Sell[1:], o.Buy}; unfit[k][0].Reference != btcusd || unfit[1-k][0].Price.Coef == 0 {
			t.Errorf("%s: %+v", price, o)
		}
		if want := "treasury: offer of vault-a|BTC-USD: reference price of BTC-USD: unfit"; err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		in = against(2, 100, btcusd)
		in.Sell[1].SpreadBps = num(1, 5) // was never checked
		if _, err := d.Offer(in, 1); err == nil {
			t.Error("a spread of five decimals")
		}
	}
}

// TestLimits: there is an end to what is kept, and what has ended makes room.
func TestLimits(t *testing.T) {
	d := treasury.New()
	var full *treasury.LimitError
	for i := range treasury.MaxOffers + 1 {
		o := priced(1, 100+int64(i))
		o.Key.Venue = fmt.Sprint("vault-", i)
		_, err := d.Offer(o, 1)
		if errors.As(err, &full) != (i == treasury.MaxOffers) {
			t.Fatalf("offer %d: %v", i, err)
		}
	}
	if full.Error() != "treasury: more than 1024 offers" || d.Admit(vault, 1) == nil || d.Admit(vault, 100) != nil {
		t.Errorf("%v; %v, %v", full, d.Admit(vault, 1), d.Admit(vault, 100))
	}
	if s := d.Stats(); s.Offers != treasury.MaxOffers-1 {
		t.Errorf("%+v", s)
	}
	for i := range treasury.MaxReferences + 1 {
		_, err := d.Reference(reference(fmt.Sprint("s", i), btcusd, 1, 1, 100+int64(i)), 1)
		if errors.As(err, &full) && full.What == "reference prices" != (i == treasury.MaxReferences) {
			t.Fatalf("price %d: %v", i, err)
		}
	}
	if full.Error() != "treasury: more than 256 reference prices" {
		t.Errorf("%v", full)
	}
	if _, err := d.Reference(reference("s1", btcusd, 2, 2, 101), 2); err != nil {
		t.Errorf("in the place of another: %v", err)
	}
	if _, err := d.Reference(reference("late", btcusd, 1, 1, 200), 100); err != nil {
		t.Errorf("in the place of one that has ended: %v", err)
	}
	if s := d.Stats(); s.References != treasury.MaxReferences {
		t.Errorf("%+v", s)
	}
}

// TestDeskAgainstTwin plays random histories to a Desk and to a plain list of all
// that was said, and compares what is published at every step.
func TestDeskAgainstTwin(t *testing.T) {
	changes := 0
	for i := range 300 {
		r := rand.New(rand.NewPCG(uint64(i), 9))
		d, shown := treasury.New(), map[market.Key]string{}
		offers, prices := map[market.Key]*market.Offer{}, map[string]market.Reference{}
		publish := func(o *market.Offer) { shown[o.Key] = texts(o) }
		for now := int64(1); now < 120; now++ {
			switch key := (market.Key{Venue: fmt.Sprint("vault-", r.IntN(4)), Pair: btcusd}); r.IntN(6) {
			case 0:
				d.Withdraw(key)
				delete(offers, key)
				delete(shown, key)
			case 1, 2:
				o := against(uint64(now), now+r.Int64N(60), [...][]market.Pair{{}, {btcusd}, {eurusd}, {eurusd, btcusd}}[r.IntN(4)]...)
				o.Key = key
				offers[key] = o
				made, _ := d.Offer(o, now)
				publish(made)
			default:
				ref := reference(string(rune('a'+r.IntN(2))), [...]market.Pair{btcusd, eurusd}[r.IntN(2)], 1+r.Int64N(9), now, now+r.Int64N(25))
				if r.IntN(8) == 0 {
					ref.ValidUntil = 0
				}
				prices[ref.Source+ref.Pair.String()] = ref
				changed, err := d.Reference(ref, now)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range changed {
					publish(o)
					changes++
				}
			}
			for _, o := range d.Expired(now) {
				publish(o)
			}
			for key, o := range offers {
				if now < o.ValidUntil && shown[key] != twin(o, prices, now) {
					t.Fatalf("history %d at %d: %s shows %s, want %s", i, now, key, shown[key], twin(o, prices, now))
				}
			}
		}
	}
	if changes < 5_000 {
		t.Errorf("only %d changes", changes)
	}
}

// twin is what is to be shown of an offer, by going through all prices.
func twin(o *market.Offer, prices map[string]market.Reference, now int64) string {
	c := *o
	c.Sell, c.Buy = slices.Clone(o.Sell), slices.Clone(o.Buy)
	for k, side := range [2][]market.Tier{c.Sell, c.Buy} {
		for i := range side {
			var best market.Reference
			for _, r := range prices {
				if r.Pair == side[i].Reference && now < r.ValidUntil && r.Time > best.Time {
					best = r
				}
			}
			switch {
			case side[i].Reference == market.Pair{}:
				continue
			case best.Time == 0:
				continue
			}
			side[i].Price = num(best.Price.Coef*(10_000+int64(10*k-5)), 4).Trim()
			side[i].Reference = market.Pair{}
			c.ValidUntil = min(c.ValidUntil, best.ValidUntil)
		}
	}
	return texts(&c)
}
