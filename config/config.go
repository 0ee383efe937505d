// Package config reads how an operator wants Chronos to run.
//
// Values come from defaults, a YAML file, CHRONOS_* variables and flags; each of
// these beats the ones before it, and every value remembers where it came from.
// Nothing is guessed: an unknown key, a value of another type or a number out of
// range is a Problem with its place, and all problems are reported at once. All
// keys stand in one table, of which help, docs and suggestions are made.
//
// A newcomer would guess that an unknown CHRONOS_ variable is an error. It is one
// only when it looks like a key misspelt: container platforms invent variables
// that begin with the name of a service.
package config

import (
	"time"

	"chronos.dev/market"
)

// The modes.
const (
	Dev  = "dev"  // embedded Kafka, simulated venues, readable logs
	Prod = "prod" // nothing is invented
)

// Config is how to run. Keys documents every field.
type Config struct {
	Mode  string // Dev or Prod
	HTTP  HTTP
	Admin struct{ Addr string }
	Kafka Kafka
	Feed  Feed

	Routing struct {
		MaxHops int
		Hub     string
	}
	Assets     []market.Asset
	Fees       market.Fees
	DefaultFee *market.Fee // of markets without a line in Fees; nil: they are left out
	Terms      market.TermsTable

	Confidence struct {
		Table   string // file; "": none
		Horizon time.Duration
	}
	Log struct {
		Format string // "text" or "json"
		Level  string // "debug", "info", "warn" or "error"
	}
	Sim struct {
		Seed     uint64
		Troubles bool
		Rate     int // changes a second
	}
	Shutdown struct{ Grace time.Duration }

	sources map[string]string // by key
	ignored []string
}

// HTTP is the public listener.
type HTTP struct {
	Addr                                   string
	MaxBody                                int // bytes
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	Concurrency, MaxConnsPerIP             int
	RateLimit                              int // requests a second and client address; 0: none
}

// Kafka says where Kafka is.
type Kafka struct {
	Brokers  []string // host:port; none: the embedded broker
	Prefix   string
	TLS      bool
	SASL     SASL
	Embedded struct {
		Dir  string
		Sync bool // false: in memory only
		Port int  // 0: any free one
	}
}

// SASL is who we are towards a broker; Mechanism "" is nobody.
type SASL struct {
	Mechanism, Username, PasswordFile string
	Password                          Secret // what PasswordFile holds, without its last newline
}

// Feed is how books come in.
type Feed struct {
	StaleAfter      time.Duration
	RequiredMarkets []market.Key
	Keepalive       time.Duration
	Records         string // how books are written: "json" or "binary"
}

// Secret is a text that no log, error or print shows.
type Secret string

const hidden = "****"

// String returns asterisks.
func (Secret) String() string { return hidden }

// GoString returns asterisks.
func (Secret) GoString() string { return hidden }

// MarshalText returns asterisks.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Ignored returns the names of CHRONOS_ variables that are no key and look like
// none.
func (c *Config) Ignored() []string { return c.ignored }

// Load reads the file at path ("" means no file), the CHRONOS_ variables among
// env ("NAME=value" each), and flags (key to text). If anything is wrong with
// them it returns an *Error that lists what, and no Config.
func Load(path string, env []string, flags map[string]string) (*Config, error) {
	l := &loader{cfg: &Config{sources: make(map[string]string)}, places: make(map[string]place)}
	l.readFile(path)
	l.readEnv(env)
	l.readFlags(flags)
	l.apply()
	l.check()
	if err := l.err(); err != nil {
		return nil, err
	}
	return l.cfg, nil
}
