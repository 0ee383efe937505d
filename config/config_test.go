package config_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/config"
	"chronos.dev/market"
	"chronos.dev/money"
)

const file = "chronos.yaml"

// load reads text as chronos.yaml of the present directory.
func load(t *testing.T, text string, env []string, flags map[string]string) (*config.Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(file, env, flags)
}

func TestDefaults(t *testing.T) {
	c, err := config.Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{Mode: config.Prod}
	want.HTTP = config.HTTP{
		Addr: "127.0.0.1:8080", MaxBody: 64 << 10,
		ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		Concurrency: 20000, MaxConnsPerIP: 256, RateLimit: 1000,
	}
	want.Admin.Addr = "127.0.0.1:8081"
	want.Kafka.Prefix = "chronos."
	want.Kafka.Embedded.Dir, want.Kafka.Embedded.Sync, want.Kafka.Embedded.Port = ".chronos/kafka", true, 9092
	want.Feed.StaleAfter, want.Feed.Keepalive = 2*time.Second, 500*time.Millisecond
	want.Feed.Records = "json"
	want.Routing.MaxHops, want.Routing.Hub = 3, "BTC"
	want.Confidence.Horizon = 5 * time.Second
	want.Log.Format, want.Log.Level = "json", "info"
	want.Sim.Seed, want.Sim.Troubles, want.Sim.Rate = 1, true, 500
	want.Shutdown.Grace = 8 * time.Second
	if !equal(c, want) {
		t.Errorf("defaults are %+v\nwant %+v", c, want)
	}
}

// equal compares what two configurations say, not where they come from.
func equal(a, b *config.Config) bool {
	return reflect.DeepEqual(exported(a), exported(b))
}

func exported(c *config.Config) []any {
	v := reflect.ValueOf(c).Elem()
	var out []any
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			out = append(out, v.Field(i).Interface())
		}
	}
	return out
}

const whole = `
mode: dev
http:
  addr: ":9090"
  max_body: 1MiB
  read_timeout: 1s500ms
  write_timeout: 2s
  idle_timeout: 3h
  concurrency: 10
  max_conns_per_ip: 11
  rate_limit: 0
admin: {addr: "127.0.0.1:9091"}
kafka:
  brokers: [kafka-1:9092, "kafka-2:9092"]
  prefix: lab_
  tls: true
  sasl:
    mechanism: SCRAM-SHA-512
    username: chronos
    password_file: password
  embedded: {dir: "/tmp/it's here", sync: false, port: 0}
feed:
  stale_after: 4s
  required_markets:
    - kraken:BTC-USD
    - "gemini|ETH-BTC"
  keepalive: 2s
  records: binary
routing: {max_hops: 2, hub: XBT}
confidence: {table: table.json, horizon: 30s}
assets:
  - {symbol: XBT, scale: 8}
  - symbol: USD
    scale: 2
    engine_scale: 6
    hub: true
fees:
  - {venue: kraken, taker_bps: 26, fee_on: quote, from: 2021-01-01, until: "2025-05-08T00:00:00+02:00", source: "a, b: c"}
  - {venue: kraken, market: XBT-USD, taker_bps: "2.5"}
terms:
  - {venue: kraken, market: XBT-USD, settlement: 1m30s, min_size: 0.0001, lot: 0.00002}
  - {venue: kraken, settlement: 2h}
withdrawals: [{venue: kraken, asset: XBT, fee: "0.0002"}]
default_taker_bps: 40.25
log: {format: text, level: debug}
sim: {seed: 18446744073709551615, troubles: false, rate: 1}
shutdown: {grace: 0s}
`

func wholeConfig(t *testing.T) *config.Config {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{file: whole, "password": "hunter2\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := config.Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryKeyOfAFile(t *testing.T) {
	got, want := wholeConfig(t), &config.Config{Mode: config.Dev}
	want.HTTP = config.HTTP{
		Addr: ":9090", MaxBody: 1 << 20,
		ReadTimeout: 1500 * time.Millisecond, WriteTimeout: 2 * time.Second, IdleTimeout: 3 * time.Hour,
		Concurrency: 10, MaxConnsPerIP: 11,
	}
	want.Admin.Addr = "127.0.0.1:9091"
	want.Kafka.Brokers, want.Kafka.Prefix, want.Kafka.TLS = []string{"kafka-1:9092", "kafka-2:9092"}, "lab_", true
	want.Kafka.SASL = config.SASL{
		Mechanism: "SCRAM-SHA-512", Username: "chronos", PasswordFile: "password", Password: "hunter2",
	}
	want.Kafka.Embedded.Dir = "/tmp/it's here"
	want.Feed.StaleAfter, want.Feed.Keepalive = 4*time.Second, 2*time.Second
	want.Feed.Records = "binary"
	xbt := market.Pair{Base: "XBT", Quote: "USD"}
	want.Feed.RequiredMarkets = []market.Key{
		{Venue: "kraken", Pair: market.Pair{Base: "BTC", Quote: "USD"}},
		{Venue: "gemini", Pair: market.Pair{Base: "ETH", Quote: "BTC"}},
	}
	want.Routing.MaxHops, want.Routing.Hub = 2, "XBT"
	want.Confidence.Table, want.Confidence.Horizon = "table.json", 30*time.Second
	want.Assets = []market.Asset{
		{Symbol: "XBT", Scale: 8, EngineScale: 8, Hub: true}, {Symbol: "USD", Scale: 2, EngineScale: 6, Hub: true},
	}
	want.Fees = market.Fees{
		{
			Venue: "kraken", Fee: market.Fee{Rate: 260_000, On: market.FeeQuote}, Source: "a, b: c",
			From: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2025, 5, 7, 22, 0, 0, 0, time.UTC),
		},
		{Venue: "kraken", Pair: &xbt, Fee: market.Fee{Rate: 25_000}},
	}
	want.Terms.Lines = []market.TermsLine{
		{Venue: "kraken", Pair: &xbt, Settle: 90 * time.Second, MinSize: money.Num{Coef: 1, Scale: 4}, Lot: money.Num{Coef: 2, Scale: 5}},
		{Venue: "kraken", Settle: 2 * time.Hour},
	}
	want.Terms.Withdrawals = []market.Withdrawal{{Venue: "kraken", Asset: "XBT", Fee: money.Num{Coef: 2, Scale: 4}}}
	want.DefaultFee = &market.Fee{Rate: 402_500}
	want.Log.Format, want.Log.Level = "text", "debug"
	want.Sim.Seed, want.Sim.Rate = 18446744073709551615, 1
	if !equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, s := range got.Effective() {
		if !strings.HasPrefix(s.Source, file+":") && s.Key != "kafka.sasl.password" {
			t.Errorf("%s comes from %q", s.Key, s.Source)
		}
	}
}

// TestPrintIsReadBack holds that what is printed says the same.
func TestPrintIsReadBack(t *testing.T) {
	c := wholeConfig(t)
	printed := c.AppendYAML(nil)
	if err := os.WriteFile("printed.yaml", printed, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := config.Load("printed.yaml", nil, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if !equal(c, again) {
		t.Errorf("printed\n%s\nread back %+v", printed, again)
	}
	if !strings.Contains(string(printed), "  addr: \":9090\"  # chronos.yaml:4\n") {
		t.Errorf("no source in\n%s", printed)
	}
}

func TestSecretsAreHidden(t *testing.T) {
	c := wholeConfig(t)
	text, err := c.Kafka.SASL.Password.MarshalText()
	all := fmt.Sprintf("%v %+v %#v %s %s %v %s", c, c, c.Kafka, c.AppendYAML(nil), text, err, c.Kafka.SASL.Password)
	for _, s := range c.Effective() {
		all += s.Value
	}
	if strings.Contains(all, "hunter2") {
		t.Error("the password is shown")
	}
	want := config.Setting{Key: "kafka.sasl.password", Value: "****", Source: "file password"}
	if !slices.Contains(c.Effective(), want) {
		t.Errorf("settings lack %v", want)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	text := "http: {addr: ':1', concurrency: 2}\nkafka:\n  brokers:\n    - a:1\n"
	env := []string{
		"CHRONOS_HTTP_ADDR=:3", "CHRONOS_HTTP_CONCURRENCY=4", "CHRONOS_FEED_REQUIRED_MARKETS=a:BTC-USD, b:BTC-USD,",
		"HTTP_ADDR=:9", "CHRONOS_HTTP_ADDR", "CHRONOS_PORT=tcp://10.0.0.1:80", "CHRONOS_CAPTURES=/data",
	}
	c, err := load(t, text, env, map[string]string{"http.addr": ":5", "kafka.brokers": ""})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]config.Setting{}
	for _, s := range c.Effective() {
		got[s.Key] = s
	}
	for _, want := range []config.Setting{
		{"http.addr", `":5"`, "flag"},
		{"http.concurrency", "4", "env CHRONOS_HTTP_CONCURRENCY"},
		{"http.max_conns_per_ip", "256", "default"},
		{"kafka.brokers", "[]", "flag"},
		{"feed.required_markets", "[a:BTC-USD, b:BTC-USD]", "env CHRONOS_FEED_REQUIRED_MARKETS"},
		{"default_taker_bps", "", "default"},
	} {
		if got[want.Key] != want {
			t.Errorf("got %v, want %v", got[want.Key], want)
		}
	}
	if want := []string{"CHRONOS_PORT", "CHRONOS_CAPTURES"}; !slices.Equal(c.Ignored(), want) {
		t.Errorf("ignored %v, want %v", c.Ignored(), want)
	}
}

func TestModeDecidesAboutDefaults(t *testing.T) {
	tests := []struct {
		name, text, flag string
		format, source   string
	}{
		{"prod is the default", "", "", "json", "default"},
		{"dev by file", "mode: dev", "", "text", "default of dev"},
		{"dev by flag", "mode: prod", "dev", "text", "default of dev"},
		{"prod by flag", "mode: dev", "prod", "json", "default"},
		{"what is said counts", "mode: dev\nlog: {format: json}", "", "json", "chronos.yaml:2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			flags := map[string]string{}
			if tt.flag != "" {
				flags["mode"] = tt.flag
			}
			c, err := load(t, tt.text, nil, flags)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(c.Effective(), func(s config.Setting) bool { return s.Key == "log.format" })
			if s := c.Effective()[i]; c.Log.Format != tt.format || s.Source != tt.source {
				t.Errorf("log.format is %s from %s; want %s from %s", c.Log.Format, s.Source, tt.format, tt.source)
			}
		})
	}
}

func TestEmptyFilesAndSections(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "http:\nkafka:\n  sasl:\n", "null\n"} {
		if c, err := load(t, text, nil, nil); err != nil || c.Routing.MaxHops != 3 {
			t.Errorf("Load(%q) = %v", text, err)
		}
	}
}

func TestKeysAreDocumented(t *testing.T) {
	doc := string(config.Markdown())
	for _, k := range config.Keys() {
		if k.Name == "" || k.Type == "" || k.Doc == "" || !strings.Contains(doc, "`"+k.Name+"`") {
			t.Errorf("key %+v is not documented", k)
		}
	}
	if k := config.Keys()[slices.IndexFunc(config.Keys(), func(k config.Key) bool { return k.Name == "kafka.sasl.username" })]; k.Env() != "CHRONOS_KAFKA_SASL_USERNAME" {
		t.Errorf("Env() = %s", k.Env())
	}
	if lines := strings.Count(doc, "\n"); lines != len(config.Keys())+2 {
		t.Errorf("%d lines for %d keys", lines, len(config.Keys()))
	}
}

// problems loads and returns what is wrong.
func problems(t *testing.T, text string, env []string, flags map[string]string) *config.Error {
	t.Helper()
	c, err := load(t, text, env, flags)
	var e *config.Error
	if !errors.As(err, &e) || c != nil {
		t.Fatalf("Load(%q) = %v, %v; want an *Error", text, c, err)
	}
	return e
}
