package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"chronos.dev/config"
)

func TestProblems(t *testing.T) {
	tests := []struct {
		name, text, code, want string
	}{
		{
			"an unknown key, the one that was meant", strings.Repeat("\n", 12) + "kafka:\n  broker: [a:1]", "unknown_key",
			`chronos.yaml:14: unknown key "kafka.broker" (did you mean "kafka.brokers"?)`,
		},
		{"an unknown section", "htpp: {addr: ':1'}", "unknown_key", `chronos.yaml:1: unknown key "htpp" (did you mean "http"?)`},
		{
			"a key of another section", "stale_after: 1s", "unknown_key",
			`chronos.yaml:1: unknown key "stale_after" (did you mean "feed.stale_after"?)`,
		},
		{"a key like none", "zzzzzzzz: 1", "unknown_key", `chronos.yaml:1: unknown key "zzzzzzzz"`},
		{"a very long key", strings.Repeat("a", 100) + ": 1", "unknown_key", "chronos.yaml:1: unknown key \"" + strings.Repeat("a", 60) + "\"..."},
		{
			"a key with points", "kafka.brokers: [a:1]", "unknown_key",
			`chronos.yaml:1: unknown key "kafka.brokers": nest it, one name a level`,
		},
		{"a key below a value", "mode: {dev: true}", "wrong_type", `chronos.yaml:1: mode: want dev|prod, got keys and values`},
		{"a key twice", "mode: dev\nmode: dev", "duplicate_key", `chronos.yaml:2: key "mode" stands in line 1 already`},
		{"a section twice", "log: {level: info}\nlog: {format: text}", "duplicate_key", `chronos.yaml:2: key "log" stands in line 1 already`},
		{"a value for a section", "http: 5", "wrong_type", `chronos.yaml:1: http: want keys and values, got number "5"`},
		{"a list for a file", "- mode", "wrong_type", `chronos.yaml:1: the file: want keys and values, got a list`},
		{"a number as key", "http: {1: 2}", "wrong_type", `chronos.yaml:1: http: want a name as key, got number "1"`},
		{"a list as key", "http: {[a]: 2}", "wrong_type", `chronos.yaml:1: http: want a name as key, got a list`},
		{"no value", "mode:\n", "missing_key", `chronos.yaml:1: mode has no value; leave the key out for the default`},

		{"a text for a number", "http:\n  concurrency: '5'", "wrong_type", `chronos.yaml:2: http.concurrency: want whole number, got text "5"`},
		{"a fraction for a number", "sim: {rate: 1.5}", "wrong_type", `chronos.yaml:1: sim.rate: want whole number, got number "1.5"`},
		{"a number for a text", "routing: {hub: 1}", "wrong_type", `chronos.yaml:1: routing.hub: want text, got number "1"`},
		{"a word for a truth value", "kafka: {tls: yes}", "wrong_type", `chronos.yaml:1: kafka.tls: want true|false, got text "yes"`},
		{"a truth value otherwise written", "kafka: {tls: TRUE}", "bad_value", `chronos.yaml:1: kafka.tls: want true or false, got "TRUE"`},
		{"a number for a duration", "feed: {stale_after: 2}", "wrong_type", `chronos.yaml:1: feed.stale_after: want duration, got number "2"`},
		{"a scalar for a list", "kafka: {brokers: a:1}", "wrong_type", `chronos.yaml:1: kafka.brokers: want a list of host:port, got text "a:1"`},
		{"a list in a list", "kafka: {brokers: [[a]]}", "wrong_type", `chronos.yaml:1: kafka.brokers[0]: want host:port, got a list`},
		{"a date for a text", "mode: 2021-01-01", "wrong_type", `chronos.yaml:1: mode: want dev|prod, got date "2021-01-01"`},

		{"no such mode", "mode: test", "bad_value", `chronos.yaml:1: mode: want one of dev, prod, got "test"`},
		{"no duration", "feed: {stale_after: soon}", "bad_value", `chronos.yaml:1: feed.stale_after: want a duration such as 500ms, 2s or 1m, got "soon"`},
		{"no size", "http: {max_body: 1GB}", "bad_value", `chronos.yaml:1: http.max_body: want bytes such as 64KiB, 1MiB or 65536, got "1GB"`},
		{"a hexadecimal number", "sim: {rate: 0x10}", "bad_value", `chronos.yaml:1: sim.rate: want a whole number in plain digits, got "0x10"`},
		{"an octal number", "sim: {rate: 010}", "bad_value", `chronos.yaml:1: sim.rate: want a whole number in plain digits, got "010"`},
		{"no address", "http: {addr: localhost}", "bad_value", `chronos.yaml:1: http.addr: want host:port, such as 127.0.0.1:8080 or :8080, got "localhost"`},
		{"no such port", "http: {addr: ':65536'}", "bad_value", `chronos.yaml:1: http.addr: want host:port, such as 127.0.0.1:8080 or :8080, got ":65536"`},
		{"a host with a blank", "http: {addr: 'a b:1'}", "bad_value", `chronos.yaml:1: http.addr: want host:port, such as 127.0.0.1:8080 or :8080, got "a b:1"`},
		{"a broker without a host", "kafka: {brokers: [':9092']}", "bad_value", `chronos.yaml:1: kafka.brokers: want host:port, such as kafka-1:9092, got ":9092"`},
		{"the line of an item", "kafka:\n  brokers:\n    - a:1\n    - b", "bad_value", `chronos.yaml:4: kafka.brokers: want host:port, such as kafka-1:9092, got "b"`},
		{"an item twice", "kafka: {brokers: [a:1, a:1]}", "bad_value", `chronos.yaml:1: kafka.brokers: want every item once, got "a:1"`},
		{"no market", "feed: {required_markets: [BTC-USD]}", "bad_value", `chronos.yaml:1: feed.required_markets: want venue:BASE-QUOTE, such as kraken:BTC-USD, got "BTC-USD"`},
		{"a venue and no pair", "feed: {required_markets: ['kraken:BTC']}", "bad_value", `chronos.yaml:1: feed.required_markets: want venue:BASE-QUOTE, such as kraken:BTC-USD, got "kraken:BTC"`},
		{"no asset", "routing: {hub: btc}", "bad_value", `chronos.yaml:1: routing.hub: want an asset such as BTC: 1 to 32 upper-case letters and digits, got "btc"`},
		{"no topic prefix", "kafka: {prefix: 'a b'}", "bad_value", `chronos.yaml:1: kafka.prefix: want letters, digits, '.', '_' and '-', got "a b"`},
		{"an empty topic prefix", "kafka: {prefix: ''}", "bad_value", `chronos.yaml:1: kafka.prefix: want 1 to 100 characters, got ""`},
		{"an empty directory", "kafka: {embedded: {dir: ''}}", "bad_value", `chronos.yaml:1: kafka.embedded.dir: want some text, got ""`},
		{"a text of control characters", `kafka: {embedded: {dir: "a\u0007"}}`, "bad_value", `chronos.yaml:1: kafka.embedded.dir: want at most 4096 printable characters, got "a\a"`},

		{"too many hops", "routing: {max_hops: 4}", "out_of_range", `chronos.yaml:1: routing.max_hops: want 1 to 3, got "4"`},
		{"no hops", "routing: {max_hops: 0}", "out_of_range", `chronos.yaml:1: routing.max_hops: want 1 to 3, got "0"`},
		{"too long", "feed: {stale_after: 2h}", "out_of_range", `chronos.yaml:1: feed.stale_after: want 10ms to 1h, got "2h"`},
		{"negative", "shutdown: {grace: -1s}", "out_of_range", `chronos.yaml:1: shutdown.grace: want 0s to 5m, got "-1s"`},
		{"too large", "http: {max_body: 17MiB}", "out_of_range", `chronos.yaml:1: http.max_body: want 1KiB to 16MiB, got "17MiB"`},
		{
			"a number of more than 64 bits", "sim: {seed: 18446744073709551616}", "wrong_type",
			`chronos.yaml:1: sim.seed: want whole number, got number "18446744073709551616"`,
		},

		{"a flow that never ends", "mode: [", "syntax", "chronos.yaml:1: not YAML: did not find expected node content"},
		{"a tab", "http:\n\taddr: 1", "syntax", "chronos.yaml:2: not YAML: found character that cannot start any token"},
		{"a colon too many on the first line", "mode: dev: x", "syntax", "chronos.yaml:1: not YAML: mapping values are not allowed in this context"},
		{"an alias of nothing", "log: {}\nmode: *a", "syntax", "chronos.yaml: not YAML: unknown anchor 'a' referenced"},
		{"an alias for a value", "log: {level: &a info}\nmode: *a", "syntax", "chronos.yaml:1: log.level: anchors, aliases and merges are not read\nchronos.yaml:2: mode: anchors, aliases and merges are not read"},
		{"two documents", "mode: dev\n---\nmode: prod", "syntax", "chronos.yaml:2: a second document begins here; a file holds one"},
		{"a broken second document", "mode: dev\n---\nmode: [", "syntax", "chronos.yaml:3: not YAML: did not find expected node content"},
		{"an anchor", "log: &a {level: info}", "syntax", "chronos.yaml:1: log: anchors, aliases and merges are not read"},
		{"a merge", "log: {<<: {level: info}}", "syntax", "chronos.yaml:1: a key of log: anchors, aliases and merges are not read"},
		{"a tag", "mode: !!str dev", "syntax", `chronos.yaml:1: mode: tags such as "!!str" are not read`},
		{"not UTF-8", "mode: dev\nlog: {level: \xff}", "encoding", "chronos.yaml:2: not UTF-8 text"},
		{"UTF-16", "\xff\xfem\x00", "encoding", "chronos.yaml:1: not UTF-8 text"},
		{"too large a file", "#" + strings.Repeat(" ", config.MaxFile), "too_large", "chronos.yaml: the file has more than 1048576 bytes"},

		{"confirmations too rare", "feed:\n  keepalive: 1500ms", "conflict", "chronos.yaml:2: feed.keepalive must be at most half of feed.stale_after, or quiet books count as stale"},
		{"stale before confirmed", "feed:\n  stale_after: 800ms", "conflict", "chronos.yaml:2: feed.keepalive must be at most half of feed.stale_after, or quiet books count as stale"},
		{"one address for two", "admin: {addr: '127.0.0.1:8080'}", "conflict", "chronos.yaml:1: admin.addr is the address of http.addr too"},
		{"TLS to nobody", "kafka: {tls: true}", "conflict", "chronos.yaml:1: kafka.tls needs kafka.brokers"},
		{"a user without a mechanism", "kafka: {sasl: {username: a}}", "conflict", "chronos.yaml:1: kafka.sasl.username needs kafka.sasl.mechanism"},
		{"a hub that is no asset", "assets: [{symbol: USD, scale: 2}]", "conflict", "chronos.yaml:1: routing.hub is none of assets"},

		{"assets are a list", "assets: {}", "wrong_type", "chronos.yaml:1: assets: want a list, got keys and values"},
		{"an asset is a mapping", "assets: [BTC]", "wrong_type", `chronos.yaml:1: assets[0]: want keys and values, got text "BTC"`},
		{"an asset has a symbol", "assets:\n  - scale: 8", "missing_key", "chronos.yaml:2: assets[0] has no symbol"},
		{"an asset has a scale", "assets: [{symbol: BTC}]", "missing_key", "chronos.yaml:1: assets[0] has no scale"},
		{"an asset twice", "assets:\n- {symbol: BTC, scale: 8}\n- {symbol: BTC, scale: 8}", "duplicate_key", "chronos.yaml:3: assets[1]: BTC stands in line 2 already"},
		{"a bad symbol", "assets: [{symbol: btc, scale: 8}]", "bad_value", `chronos.yaml:1: assets[0].symbol: want an asset such as BTC: 1 to 32 upper-case letters and digits, got "btc"`},
		{"a scale too large", "assets: [{symbol: BTC, scale: 19}]", "out_of_range", `chronos.yaml:1: assets[0].scale: want 0 to 18, got "19"`},
		{"an engine scale too small", "assets: [{symbol: BTC, scale: 8, engine_scale: 7}]", "bad_value", `chronos.yaml:1: assets[0].engine_scale: want at least scale, which is 8, got "7"`},
		{"an unknown member", "assets: [{symbol: BTC, scales: 8}]", "unknown_key", `chronos.yaml:1: unknown key "assets[0].scales" (did you mean "scale"?)`},
		{"a member twice", "assets: [{symbol: BTC, symbol: BTC}]", "duplicate_key", `chronos.yaml:1: key "symbol" stands in line 1 already`},
		{"a hub by another word", "assets: [{symbol: BTC, scale: 8, hub: 1}]", "wrong_type", `chronos.yaml:1: assets[0].hub: want true|false, got number "1"`},

		{"a fee has a venue", "fees: [{taker_bps: 1}]", "missing_key", "chronos.yaml:1: fees[0] has no venue"},
		{"a fee has an amount", "fees: [{venue: a}]", "missing_key", "chronos.yaml:1: fees[0] has no taker_bps"},
		{"a bad venue", "fees: [{venue: A, taker_bps: 1}]", "bad_value", `chronos.yaml:1: fees[0].venue: want a venue such as kraken: lower-case letters, digits, '_' and '-', got "A"`},
		{"a bad market", "fees: [{venue: a, market: BTC, taker_bps: 1}]", "bad_value", `chronos.yaml:1: fees[0].market: want a market such as BTC-USD, got "BTC"`},
		{"a fee with an exponent", "fees: [{venue: a, taker_bps: 1e1}]", "bad_value", `chronos.yaml:1: fees[0].taker_bps: want basis points such as 26 or 2.5, at most 4 decimals, got "1e1"`},
		{"a fee of all", "fees: [{venue: a, taker_bps: 10000}]", "out_of_range", `chronos.yaml:1: fees[0].taker_bps: want 0 to 9999.9999 bps, got "10000"`},
		{"a fee on nothing", "fees: [{venue: a, taker_bps: 1, fee_on: base}]", "bad_value", `chronos.yaml:1: fees[0].fee_on: want received or quote, got "base"`},
		{"no date", "fees: [{venue: a, taker_bps: 1, from: may}]", "bad_value", `chronos.yaml:1: fees[0].from: want a date such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z, got "may"`},
		{"an end before the beginning", "fees: [{venue: a, taker_bps: 1, from: 2021-01-01, until: 2021-01-01}]", "bad_value", `chronos.yaml:1: fees[0].until: want a time after from, got "2021-01-01"`},
		{"a settlement of a month and more", "terms: [{venue: a, settlement: 721h}]", "bad_value", `chronos.yaml:1: terms[0].settlement: want a duration such as 30m, whole milliseconds, at most 30 days, got "721h"`},
		{"a negative least size", "terms: [{venue: a, min_size: -1}]", "bad_value", `chronos.yaml:1: terms[0].min_size: want a decimal such as 0.0002, not negative, at most 18 digits, got "-1"`},
		{"a least size of no whole lots", "terms: [{venue: a, min_size: 1, lot: 0.3}]", "bad_value", `chronos.yaml:1: terms[0].min_size: want a multiple of the lot, 0.3, got "1"`},
		{"terms twice", "terms:\n- {venue: a, settlement: 1s}\n- {venue: a, settlement: 2s}", "duplicate_key", "chronos.yaml:3: terms[1]: line 2 is of the same venue and market already"},
		{"a withdrawal has a fee", "withdrawals: [{venue: a, asset: BTC}]", "missing_key", "chronos.yaml:1: withdrawals[0] has no fee"},
		{"a fee twice", "fees:\n- {venue: a, taker_bps: 1}\n- {venue: a, taker_bps: 2}", "duplicate_key", "chronos.yaml:3: fees[1]: line 2 is of the same venue, market and time already"},
		{"a bad default fee", "default_taker_bps: -1", "bad_value", `chronos.yaml:1: default_taker_bps: want basis points such as 26 or 2.5, at most 4 decimals, got "-1"`},
		{"a file that does not exist", "kafka: {sasl: {mechanism: SCRAM-SHA-256, username: a, password_file: gone}, brokers: [a:1]}", "file", "chronos.yaml:1: kafka.sasl.password_file: open gone: no such file or directory"},
		{"PLAIN in the clear", "kafka: {sasl: {mechanism: PLAIN, username: a, password_file: chronos.yaml}, brokers: [a:1]}", "conflict", "chronos.yaml:1: kafka.sasl.mechanism PLAIN sends the password in the clear: it needs kafka.tls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := problems(t, tt.text, nil, nil)
			if e.Error() != tt.want || e.Problems[0].Code != tt.code {
				t.Errorf("got  %s: %s\nwant %s: %s", e.Problems[0].Code, e, tt.code, tt.want)
			}
		})
	}
}

func TestProblemsOutsideTheFile(t *testing.T) {
	tests := []struct {
		name, want string
		env        []string
		flags      map[string]string
	}{
		{"a bad variable", `env CHRONOS_SIM_RATE: sim.rate: want 1 to 100000, got "0"`, []string{"CHRONOS_SIM_RATE=0"}, nil},
		{"a misspelt variable", `env CHRONOS_SIM_RATES: unknown variable (did you mean "CHRONOS_SIM_RATE"?)`, []string{"CHRONOS_SIM_RATES=1"}, nil},
		{"a variable for a table", `env CHRONOS_FEES: fees can be given in a file only`, []string{"CHRONOS_FEES=[]"}, nil},
		{"a bad flag", `flag: sim.rate: want a whole number in plain digits, got "x"`, nil, map[string]string{"sim.rate": "x"}},
		{"an unknown flag", `flag: unknown key "sim.rates" (did you mean "sim.rate"?)`, nil, map[string]string{"sim.rates": "1"}},
		{"a bad item", `flag: kafka.brokers: want host:port, such as kafka-1:9092, got "b"`, nil, map[string]string{"kafka.brokers": "a:1,b"}},
		{"a seed too large", `flag: sim.seed: want 0 to 18446744073709551615, got "18446744073709551616"`, nil, map[string]string{"sim.seed": "18446744073709551616"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e := problems(t, "", tt.env, tt.flags); e.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", e, tt.want)
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := config.Load("gone.yaml", nil, nil)
	if want := "gone.yaml: cannot be read: open gone.yaml: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestAllProblemsAtOnce wants the file's problems in order of lines, then those
// of variables and flags, and no contradiction of a value that is wrong anyway.
func TestAllProblemsAtOnce(t *testing.T) {
	text := "fees: [{venue: A, taker_bps: 1}]\nmode: x\nlog: {level: loud}\nfeed: {stale_after: 1us}\nmoed: dev\n"
	e := problems(t, text, []string{"CHRONOS_SIM_RATE=0"}, map[string]string{"http.addr": "x"})
	want := []string{
		"chronos.yaml:1: fees[0].venue", "chronos.yaml:2: mode", "chronos.yaml:3: log.level", "chronos.yaml:4: feed.stale_after",
		`chronos.yaml:5: unknown key "moed" (did you mean "mode"?)`, "env CHRONOS_SIM_RATE: sim.rate", "flag: http.addr",
	}
	if len(e.Problems) != len(want) {
		t.Fatalf("got %d problems:\n%s", len(e.Problems), e)
	}
	for i, w := range want {
		if got := e.Problems[i].String(); !strings.HasPrefix(got, w) {
			t.Errorf("problem %d is %s, want %s...", i, got, w)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	e := problems(t, strings.Repeat("- &a b\n", 1)+strings.Repeat("- {}\n", 10), nil, nil)
	if len(e.Problems) != 1 {
		t.Errorf("a list for a file gives %d problems", len(e.Problems))
	}
	text := "assets:\n" + strings.Repeat("- {symbol: btc, scale: 8}\n", 50)
	e = problems(t, text, nil, nil)
	if len(e.Problems) != 20 || e.More != 30 || !strings.HasSuffix(e.Error(), "\nand 30 more") {
		t.Errorf("%d problems and %d more:\n%s", len(e.Problems), e.More, e)
	}
}

// TestAliasBomb holds that a file of a few lines cannot make us work for long.
func TestAliasBomb(t *testing.T) {
	text := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'm'; c++ {
		p := string(c - 1)
		text += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	if e := problems(t, text+"kafka: {brokers: *l}\n", nil, nil); len(e.Problems) != 13 {
		t.Errorf("got %d problems:\n%s", len(e.Problems), e)
	}
}

func TestPasswordFile(t *testing.T) {
	text := "kafka: {brokers: [a:1], sasl: {mechanism: SCRAM-SHA-256, username: u, password_file: %}}"
	tests := []struct{ name, content, want string }{
		{"nothing", "", "chronos.yaml:1: kafka.sasl.password_file: the file holds no line of printable text"},
		{"two lines", "a\nb\n", "chronos.yaml:1: kafka.sasl.password_file: the file holds no line of printable text"},
		{"too much", strings.Repeat("a", 4097), "chronos.yaml:1: kafka.sasl.password_file: the file has more than 4096 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := t.TempDir() + "/p"
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			e := problems(t, strings.Replace(text, "%", path, 1), nil, nil)
			if e.Error() != tt.want {
				t.Errorf("got %s, want %s", e, tt.want)
			}
		})
	}
}

// FuzzLoad holds that no file, variable or flag makes Load panic or print
// something that it does not read back.
func FuzzLoad(f *testing.F) {
	f.Add(whole, "http.addr", ":1")
	f.Add("kafka: {brokers: [a:1]}", "kafka.brokers", "a:1, b:2")
	f.Add("fees: [{venue: a, taker_bps: 1, source: \"\\u2028 # x\"}]", "mode", "dev")
	f.Add("a: &a [*a]", "fees", "")
	f.Add("? {a: b}\n: c", "feed.required_markets", "a|BTC-USD")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		dir := t.TempDir()
		path := dir + "/" + file
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text+key, "password_file") {
			return // must not read what a fuzzer names
		}
		c, err := config.Load(path, []string{"CHRONOS_" + key + "=" + value}, map[string]string{key: value})
		if err != nil {
			if e := (*config.Error)(nil); !errors.As(err, &e) || len(e.Problems) == 0 || len(e.Problems) > 20 {
				t.Fatalf("error %v", err)
			}
			if c, err = config.Load(path, nil, nil); err != nil {
				return
			}
		}
		printed := c.AppendYAML(nil)
		if err := os.WriteFile(path, printed, 0o600); err != nil {
			t.Fatal(err)
		}
		if again, err := config.Load(path, nil, nil); err != nil || !equal(c, again) {
			t.Fatalf("%q is printed as\n%s\nread back: %v", text, printed, err)
		}
	})
}
