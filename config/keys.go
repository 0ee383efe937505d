package config

import (
	"strings"
	"time"

	"chronos.dev/market"
)

// Key documents one key.
type Key struct {
	Name    string // "kafka.brokers"
	Type    string // "duration", "list of host:port", ...
	Default string // as it would stand in the file; "" if there is none
	Dev     string // the default in mode dev, where it is another one
	Doc     string // one sentence

	FileOnly bool // cannot be given by a variable or flag
}

// Env returns the variable of the key: "CHRONOS_KAFKA_BROKERS".
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Keys returns all keys, in the order of the file.
func Keys() []Key {
	out := make([]Key, len(table))
	for i := range table {
		out[i] = table[i].Key
	}
	return out
}

// Limits of values.
const (
	maxHops  = 3 // as many as the solver can do
	maxRate  = 100_000
	maxScale = 18
)

// table is every key there is. Keys of one section stand together.
var table = []entry{
	choice("mode", Prod, "dev embeds Kafka and simulates venues; prod invents nothing",
		[]string{Dev, Prod}, func(c *Config) *string { return &c.Mode }),

	address("http.addr", "127.0.0.1:8080", "where the API listens",
		func(c *Config) *string { return &c.HTTP.Addr }),
	size("http.max_body", "64KiB", 1<<10, 16<<20, "largest request body",
		func(c *Config) *int { return &c.HTTP.MaxBody }),
	duration("http.read_timeout", "5s", 10*time.Millisecond, time.Hour, "for reading one request",
		func(c *Config) *time.Duration { return &c.HTTP.ReadTimeout }),
	duration("http.write_timeout", "5s", 10*time.Millisecond, time.Hour, "for writing one answer",
		func(c *Config) *time.Duration { return &c.HTTP.WriteTimeout }),
	duration("http.idle_timeout", "1m", 10*time.Millisecond, 24*time.Hour, "of a connection without requests",
		func(c *Config) *time.Duration { return &c.HTTP.IdleTimeout }),
	whole("http.concurrency", "20000", 1, 1_000_000, "most connections at once",
		func(c *Config) *int { return &c.HTTP.Concurrency }),
	whole("http.max_conns_per_ip", "256", 1, 1_000_000, "most connections of one client address",
		func(c *Config) *int { return &c.HTTP.MaxConnsPerIP }),
	whole("http.rate_limit", "1000", 0, 10_000_000, "requests a second of one client address; 0 means no limit",
		func(c *Config) *int { return &c.HTTP.RateLimit }),

	address("admin.addr", "127.0.0.1:8081", "where metrics, profiles and snapshots listen; keep it private",
		func(c *Config) *string { return &c.Admin.Addr }),

	list("kafka.brokers", "host:port", "bootstrap addresses; none means the embedded broker",
		parseBroker, asIs, func(c *Config) *[]string { return &c.Kafka.Brokers }),
	word("kafka.prefix", "chronos.", "prefix of all topic names",
		checkPrefix, func(c *Config) *string { return &c.Kafka.Prefix }),
	boolean("kafka.tls", "false", "speak TLS to the brokers",
		func(c *Config) *bool { return &c.Kafka.TLS }),
	choice("kafka.sasl.mechanism", "", "how to prove who we are; none if empty",
		[]string{"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"},
		func(c *Config) *string { return &c.Kafka.SASL.Mechanism }),
	word("kafka.sasl.username", "", "who we are",
		checkAny, func(c *Config) *string { return &c.Kafka.SASL.Username }),
	word("kafka.sasl.password_file", "", "file that holds the password",
		checkAny, func(c *Config) *string { return &c.Kafka.SASL.PasswordFile }),
	word("kafka.embedded.dir", ".chronos/kafka", "where the embedded broker keeps its records",
		checkFilled, func(c *Config) *string { return &c.Kafka.Embedded.Dir }),
	boolean("kafka.embedded.sync", "true",
		"records are on disk before they count, in dev mode without a wait for it; false: in memory only",
		func(c *Config) *bool { return &c.Kafka.Embedded.Sync }),
	whole("kafka.embedded.port", "9092", 0, 65535, "port of the embedded broker; 0 means any free one",
		func(c *Config) *int { return &c.Kafka.Embedded.Port }),

	duration("feed.stale_after", "2s", 10*time.Millisecond, time.Hour, "silence after which a book is in no price",
		func(c *Config) *time.Duration { return &c.Feed.StaleAfter }),
	list("feed.required_markets", "venue:BASE-QUOTE", "books that must be live before /readyz says so",
		parseMarket, showMarket, func(c *Config) *[]market.Key { return &c.Feed.RequiredMarkets }).
		inDev("[kraken:BTC-USD]"),
	duration("feed.keepalive", "500ms", 10*time.Millisecond, time.Hour, "silence after which a quiet book is confirmed",
		func(c *Config) *time.Duration { return &c.Feed.Keepalive }),
	choice("feed.records", "json", "how books are written to Kafka; readers take both",
		[]string{"json", "binary"}, func(c *Config) *string { return &c.Feed.Records }),

	whole("routing.max_hops", "3", 1, maxHops, "most hops of a path",
		func(c *Config) *int { return &c.Routing.MaxHops }),
	word("routing.hub", "BTC", "asset that paths lead through",
		checkSymbol, func(c *Config) *string { return &c.Routing.Hub }),

	nodes("assets", "list of {symbol, scale, engine_scale, hub}",
		"decimals that customers see (scale) and that are counted in (engine_scale); 8 where no line says",
		(*loader).assets, showAssets),
	nodes("fees", "list of {venue, market, taker_bps, fee_on, from, until, source}",
		"what venues charge takers, at one market or all; fee_on is received or quote, from and until times",
		(*loader).fees, showFees),
	nodes("terms", "list of {venue, market, settlement, min_size, lot}",
		"how long venues take until a customer has what was bought, and least size and lot in base, at a market or all",
		(*loader).terms, showTerms),
	nodes("withdrawals", "list of {venue, asset, fee}",
		"what venues take for one withdrawal, in the asset; every side of a market that gives the asset pays it once",
		(*loader).withdrawals, showWithdrawals),
	bps("default_taker_bps", "taker fee at markets without a line in fees; without it they are left out",
		func(c *Config) **market.Fee { return &c.DefaultFee }),

	word("confidence.table", "", "file that chronos confidence fit has written; without one prices have no confidence",
		checkAny, func(c *Config) *string { return &c.Confidence.Table }),
	duration("confidence.horizon", "5s", 250*time.Millisecond, time.Minute,
		"how long after a price its confidence speaks of",
		func(c *Config) *time.Duration { return &c.Confidence.Horizon }),

	choice("log.format", "json", "json is one object a line",
		[]string{"text", "json"}, func(c *Config) *string { return &c.Log.Format }).inDev("text"),
	choice("log.level", "info", "least severity that is logged",
		[]string{"debug", "info", "warn", "error"}, func(c *Config) *string { return &c.Log.Level }),

	seed("sim.seed", "1", "which market is invented; the same seed gives the same market",
		func(c *Config) *uint64 { return &c.Sim.Seed }),
	boolean("sim.troubles", "true", "lose a message or fall silent now and then",
		func(c *Config) *bool { return &c.Sim.Troubles }),
	whole("sim.rate", "500", 1, maxRate, "changes a second, all books together",
		func(c *Config) *int { return &c.Sim.Rate }),

	duration("shutdown.grace", "8s", 0, 5*time.Minute, "for requests under way when Chronos is asked to end",
		func(c *Config) *time.Duration { return &c.Shutdown.Grace }),
}

// byName finds an entry; names lists keys and sections for suggestions.
var (
	byName   = make(map[string]*entry, len(table))
	byEnv    = make(map[string]*entry, len(table))
	sections = make(map[string]bool)
	names    []string
	envNames []string
)

func init() {
	for i := range table {
		e := &table[i]
		byName[e.Name], byEnv[e.Env()] = e, e
		names, envNames = append(names, e.Name), append(envNames, e.Env())
		for j, c := range e.Name {
			if s := e.Name[:j]; c == '.' && !sections[s] {
				sections[s] = true
				names = append(names, s)
			}
		}
	}
}
