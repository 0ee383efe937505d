package feed_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// vaults keeps offers and prices as the engine does: what is not flushed is not
// seen.
type vaults struct {
	mu            sync.Mutex
	offers, shown map[market.Key]uint64 // seq
	prices, known map[string]string     // by source and pair
	seen          []uint64              // every number that was shown for BTC-USD of vault-a
	why           map[market.Key]string
}

// Admit refuses the name of a venue and, as a bad offer, last look.
func (v *vaults) Admit(o *market.Offer) error {
	switch {
	case o.Key.Venue == "kraken":
		return &feed.RecordError{Code: feed.CodeNameTaken, Err: errors.New("a venue")}
	case o.LastLook:
		return errors.New("last look")
	}
	return nil
}

func (v *vaults) Offer(o *market.Offer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if o.Seq <= v.offers[o.Key] {
		panic(fmt.Sprintf("%d after %d of %s, and no end between", o.Seq, v.offers[o.Key], o.Key))
	}
	v.offers[o.Key] = o.Seq
}

func (v *vaults) Withdraw(key market.Key, reason string, _ int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.offers, key)
	v.why[key] = reason
}

func (v *vaults) Reference(r *market.Reference) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.prices[r.Source+"|"+r.Pair.String()] = r.Price.String()
	if r.ValidUntil == 0 {
		delete(v.prices, r.Source+"|"+r.Pair.String())
	}
}

func (v *vaults) Flush(int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shown, v.known = maps.Clone(v.offers), maps.Clone(v.prices)
	if seq, n := v.shown[vaultBTC], len(v.seen); seq > 0 && (n == 0 || v.seen[n-1] != seq) {
		v.seen = append(v.seen, seq)
	}
}

func (v *vaults) seq(key market.Key) uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.shown[key]
}

func (v *vaults) price(name string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known[name]
}

func (v *vaults) reason(key market.Key) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.why[key]
}

var (
	vaultBTC = market.Key{Venue: "vault-a", Pair: market.Pair{Base: "BTC", Quote: "USD"}}
	vaultEUR = market.Key{Venue: "vault-a", Pair: market.Pair{Base: "BTC", Quote: "EUR"}}
	vaultETH = market.Key{Venue: "vault-b", Pair: market.Pair{Base: "ETH", Quote: "USD"}}
)

// intake is a LiquidityConsumer on a cluster, and a writer.
type intake struct {
	*feed.LiquidityConsumer
	*vaults
	t       *testing.T
	c       *broker.Cluster
	letters *feed.DeadLetters
	ctx     context.Context
}

func newIntake(t *testing.T, b brokertest.Broker) *intake {
	t.Helper()
	c := brokertest.Connect(t, b, nil)
	g := &intake{t: t, c: c, ctx: brokertest.Context(t, 60*time.Second)}
	if err := c.EnsureTopics(g.ctx); err != nil {
		t.Fatal(err)
	}
	g.letters = feed.NewDeadLetters(c)
	run(t, g.letters.Run)
	return g
}

func (g *intake) start() {
	g.vaults = &vaults{
		offers: map[market.Key]uint64{}, shown: map[market.Key]uint64{}, why: map[market.Key]string{}, prices: map[string]string{},
	}
	g.LiquidityConsumer = feed.NewLiquidityConsumer(g.c, feed.LiquidityOptions{Sink: g.vaults, DeadLetters: g.letters})
	run(g.t, g.LiquidityConsumer.Run)
	g.await("ready", g.Ready)
}

func (g *intake) await(what string, ok func() bool) {
	g.t.Helper()
	brokertest.Eventually(g.t, 20*time.Second, what, ok)
}

// write writes a record; an empty value is none.
func (g *intake) write(topic, key, value string) {
	g.t.Helper()
	w := g.c.NewWriter(broker.Latency, g.c.Name(topic))
	defer w.Close()
	m := kafka.Message{Key: []byte(key)}
	if value != "" {
		m.Value = []byte(value)
	}
	if err := w.Write(g.ctx, m); err != nil {
		g.t.Fatal(err)
	}
}

// offer writes an offer without tiers that ends in an hour; more are members to add.
func (g *intake) offer(key market.Key, seq uint64, more string) {
	g.t.Helper()
	value := fmt.Sprintf(`{"v":1,"provider":"%s","asset":"%s","quote":"%s","seq":%d,"valid_until":"%s"%s}`,
		key.Venue, key.Pair.Base, key.Pair.Quote, seq, time.Now().UTC().Add(time.Hour).Format(time.RFC3339Nano), more)
	g.write(broker.LiquidityTopic, string(feed.OfferKey(key)), value)
}

func (g *intake) reference(source, pair, price string) {
	g.t.Helper()
	value := fmt.Sprintf(`{"v":1,"source":"%s","market":"%s","price":"%s","valid_until":"2100-01-01T00:00:00Z"}`, source, pair, price)
	g.write(broker.ReferenceTopic, source+"|"+pair, value)
}

func (g *intake) isAt(key market.Key, seq uint64) {
	g.t.Helper()
	g.await(fmt.Sprintf("%s at %d", key, seq), func() bool { return g.seq(key) == seq })
}

func TestIntakeOnKfake(t *testing.T) { intakeContract(t, brokertest.Fake(t)) }

// intakeContract is what the rest of the program relies on, the same on every
// broker.
func intakeContract(t *testing.T, b brokertest.Broker) {
	tests := []struct {
		name string
		run  func(*testing.T, brokertest.Broker)
	}{
		{"a starting reader shows the last offer of all that are kept", testIntakeStart},
		{"an offer lives until it is replaced, withdrawn or refused", testIntakeFollows},
		{"bad records go to the dead letters and end what they name", testIntakeRefuses},
		{"reference prices are followed and end", testIntakeReferences},
		{"lost offsets end what the partition held", testIntakeReset},
		{"what is published is what comes in", testOfferPublisher},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, b) })
	}
}

func testIntakeStart(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	for seq := range uint64(30) {
		g.offer(vaultBTC, 1+seq, "")
	}
	g.offer(vaultETH, 1, "")
	g.write(broker.LiquidityTopic, "vault-b|ETH", "")
	g.reference("ecb", "EUR-USD", "1.08")
	g.reference("ecb", "EUR-USD", "1.09")
	g.start()
	g.isAt(vaultBTC, 30)
	g.await("the price", func() bool { return g.price("ecb|EUR-USD") == "1.09" })
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) != 1 || g.shown[vaultETH] != 0 {
		t.Errorf("shown %v of vault-a; vault-b's withdrawn offer at %d", g.seen, g.shown[vaultETH])
	}
}

func testIntakeFollows(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	g.start()
	if g.seq(vaultBTC) != 0 {
		t.Fatal("an offer out of nothing")
	}
	g.offer(vaultBTC, 7, "")
	g.isAt(vaultBTC, 7)
	g.offer(vaultBTC, 6, "") // a repetition
	g.offer(vaultBTC, 7, "")
	g.offer(vaultBTC, 8, "")
	g.isAt(vaultBTC, 8)
	if st := g.Stats(); st.Old != 2 || st.Offers != 2 {
		t.Errorf("%+v", st)
	}
	g.offer(vaultEUR, 9, "") // the same asset against another: one key of the topic
	g.isAt(vaultEUR, 9)
	if g.seq(vaultBTC) != 0 {
		t.Error("two offers of one key")
	}
	g.write(broker.LiquidityTopic, "vault-a|BTC", "")
	g.isAt(vaultEUR, 0)
	if got := g.reason(vaultEUR); got != "withdrawn by the provider" {
		t.Errorf("reason %q", got)
	}
	g.offer(vaultBTC, 3, "") // numbers begin anew
	g.isAt(vaultBTC, 3)
	short := `{"provider":"vault-a","asset":"BTC","tiers":[],"valid_until":"2100-01-01T00:00:00Z"}`
	g.write(broker.LiquidityTopic, "vault-a|BTC", short)
	g.await("the short form, numbered by its offset", func() bool { return g.seq(vaultBTC) > 3 })
	last := g.seq(vaultBTC)
	g.write(broker.LiquidityTopic, "vault-a|BTC", short)
	g.isAt(vaultBTC, last+1)
	// An end and a beginning in one batch: the sink hears of both.
	until := time.Now().UTC().Add(time.Hour).Format(time.RFC3339Nano)
	full := func(seq int) kafka.Message {
		return kafka.Message{Key: []byte("vault-a|BTC"), Value: fmt.Appendf(nil,
			`{"v":1,"provider":"vault-a","asset":"BTC","quote":"USD","seq":%d,"valid_until":"%s"}`, seq, until)}
	}
	w := g.c.NewWriter(broker.Latency, g.c.Name(broker.LiquidityTopic))
	defer w.Close()
	if err := w.Write(g.ctx, full(900), kafka.Message{Key: []byte("vault-a|BTC")}, full(2)); err != nil {
		t.Fatal(err)
	}
	g.isAt(vaultBTC, 2)
	// Numbers begin anew after the end of an offer, too.
	until = "2020-01-01T00:00:00Z"
	if err := w.Write(g.ctx, full(800)); err != nil {
		t.Fatal(err)
	}
	g.isAt(vaultBTC, 800)
	if err := w.Write(g.ctx, full(1)); err != nil {
		t.Fatal(err)
	}
	g.isAt(vaultBTC, 1)
}

func testIntakeRefuses(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	g.start()
	refuse := []struct{ code, value string }{
		{feed.CodeBadJSON, `{"pro`}, // known by its key
		{feed.CodeBadJSON, `{"provider":"vault-a","asset":"BTC","seq":1,"seq":1}`},
		{feed.CodeUnknownMajor, `{"provider":"vault-a","asset":"BTC","v":2}`},
		{feed.CodeRefusedNumber, `{"provider":"vault-a","asset":"BTC","sell":[{"max":1}]}`},
		{feed.CodeBadOffer, `{"v":1,"provider":"vault-a","asset":"BTC","quote":"USD","seq":99,"valid_until":"2100-01-01T00:00:00Z","last_look":true}`},
	}
	n := 0
	for i, r := range refuse {
		g.offer(vaultBTC, uint64(i+1), "")
		g.isAt(vaultBTC, uint64(i+1))
		g.write(broker.LiquidityTopic, "vault-a|BTC", r.value)
		g.isAt(vaultBTC, 0)
		n++
	}
	g.offer(vaultETH, 5, "")
	g.isAt(vaultETH, 5)
	// Neither a venue's name nor another's partition harms anybody.
	g.offer(market.Key{Venue: "kraken", Pair: vaultBTC.Pair}, 1, "")
	stray := &kgo.Record{
		Topic: g.c.Name(broker.LiquidityTopic), Key: []byte("vault-b|ETH"),
		Partition: int32(broker.Partition([]byte("vault-b|ETH"), 6)+1) % 6,
		Value:     []byte(`{"v":1,"provider":"vault-b","asset":"ETH","quote":"USD","seq":9,"valid_until":"2100-01-01T00:00:00Z"}`),
	}
	manual := brokertest.Client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := manual.ProduceSync(g.ctx, stray).FirstErr(); err != nil {
		t.Fatal(err)
	}
	g.write(broker.LiquidityTopic, "nothing", "{}")
	n += 3
	g.await("all letters", func() bool { return g.letters.Sent() == int64(n) })
	if g.seq(vaultETH) != 5 {
		t.Error("a stray record ended the offer")
	}
	want := map[string]int64{
		feed.CodeBadJSON: 2, feed.CodeUnknownMajor: 1, feed.CodeRefusedNumber: 1, feed.CodeBadOffer: 1,
		feed.CodeNameTaken: 1, feed.CodeWrongPlace: 1, feed.CodeBadKey: 1,
	}
	st := g.Stats()
	for i, code := range feed.LiquidityCodes {
		if st.Refused[i] != want[code] {
			t.Errorf("%d refused as %s, want %d", st.Refused[i], code, want[code])
		}
	}
	cl := brokertest.Client(t, b, kgo.ConsumeTopics(g.c.Name(broker.FeedDLQTopic)))
	for len(want) > 0 && g.ctx.Err() == nil {
		cl.PollFetches(g.ctx).EachRecord(func(r *kgo.Record) {
			for _, x := range r.Headers {
				if x.Key == "x-error-code" && len(r.Value) > 0 {
					want[string(x.Value)]--
				}
			}
		})
		maps.DeleteFunc(want, func(_ string, n int64) bool { return n == 0 })
	}
	if len(want) > 0 {
		t.Errorf("letters that are missing, or too many: %v", want)
	}
}

func testIntakeReferences(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	g.start()
	const name = "ecb|EUR-USD"
	is := func(price string) {
		t.Helper()
		g.await("the price "+price, func() bool { return g.price(name) == price })
	}
	g.reference("ecb", "EUR-USD", "1.08")
	g.reference("sim", "EUR-USD", "1.10")
	is("1.08")
	g.write(broker.ReferenceTopic, name, "")
	is("")
	g.reference("ecb", "EUR-USD", "1.09")
	is("1.09")
	g.write(broker.ReferenceTopic, name, `{"v":1,"source":"ecb","market":"EUR-USD","price":1.2}`)
	is("")
	g.reference("ecb", "EUR-USD", "1.07")
	is("1.07")
	g.write(broker.ReferenceTopic, name, `not json`)
	is("")
	if got := g.price("sim|EUR-USD"); got != "1.10" {
		t.Errorf("another source's price is %q", got)
	}
	if st := g.Stats(); st.References != 4 || st.Withdrawn != 1 {
		t.Errorf("%+v", st)
	}
}

func testIntakeReset(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	g.offer(vaultBTC, 4, "")
	g.reference("ecb", "EUR-USD", "1.08")
	g.start()
	g.isAt(vaultBTC, 4)
	brokertest.DeleteTopic(t, b, g.c.Name(broker.LiquidityTopic))
	brokertest.DeleteTopic(t, b, g.c.Name(broker.ReferenceTopic))
	g.await("the topics to be missed", func() bool { return g.c.CheckTopics(g.ctx) != nil })
	if err := g.c.EnsureTopics(g.ctx); err != nil {
		t.Fatal(err)
	}
	g.isAt(vaultBTC, 0)
	g.await("no price", func() bool { return g.price("ecb|EUR-USD") == "" })
	g.offer(vaultBTC, 1, "")
	g.isAt(vaultBTC, 1)
}

func testOfferPublisher(t *testing.T, b brokertest.Broker) {
	g := newIntake(t, b)
	p := feed.NewOfferPublisher(g.c)
	until := time.Now().Add(time.Hour).UnixNano()
	for seq := range uint64(300) { // before anybody writes: the last ones find no place
		p.Offer(&market.Offer{Key: vaultBTC, Seq: 1 + seq, ValidUntil: until})
	}
	if p.Dropped() != 44 {
		t.Errorf("%d dropped of 300, where 256 fit", p.Dropped())
	}
	run(t, p.Run)
	g.start()
	g.isAt(vaultBTC, 256)
	p.Offer(&market.Offer{Key: vaultETH, Seq: 7, ValidUntil: until})
	p.Reference(&market.Reference{
		Source: "sim", Pair: vaultBTC.Pair, Price: money.Num{Coef: 6800012, Scale: 2}, ValidUntil: until,
	})
	g.isAt(vaultETH, 7)
	g.await("the price", func() bool { return g.price("sim|BTC-USD") == "68000.12" })
	g.await("all to be acknowledged", func() bool { return p.Written() == 258 })
	if st := g.Stats(); st.UnknownKeys != 0 || st.Refused != [len(feed.LiquidityCodes)]int64{} || p.Dropped() != 44 {
		t.Errorf("%+v", st)
	}
}
