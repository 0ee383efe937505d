package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"chronos.dev/market"
	"chronos.dev/money"
	"chronos.dev/money/text"
)

// entry is a key and how its value is read and shown.
type entry struct {
	Key
	tags []string // YAML tags that its scalars may have
	list bool     // a sequence of scalars; in variables and flags separated by commas
	// set reads the scalars into c; a key that is no list has exactly one.
	set func(c *Config, items []string) error
	// read reads a node that is more than scalars, and reports problems itself.
	read func(l *loader, n *yaml.Node)
	// show returns the value as flow YAML; "" says that there is none.
	show func(c *Config) string
}

// inDev gives an entry another default in mode dev.
func (e entry) inDev(value string) entry {
	e.Dev = value
	return e
}

// scalar makes the entry of a single value.
func scalar[T any](
	k Key, tags []string, at func(*Config) *T, parse func(string) (T, error), show func(T) string,
) entry {
	return entry{
		Key: k, tags: tags,
		set: func(c *Config, items []string) error {
			v, err := parse(items[0])
			if err == nil {
				*at(c) = v
			}
			return err
		},
		show: func(c *Config) string { return show(*at(c)) },
	}
}

func word(name, def, doc string, check func(string) error, at func(*Config) *string) entry {
	k := Key{Name: name, Type: "text", Default: quote(def), Doc: doc}
	return scalar(k, []string{"!!str"}, at, func(s string) (string, error) { return s, check(s) }, quote)
}

func choice(name, def, doc string, of []string, at func(*Config) *string) entry {
	shown := make([]string, 0, len(of))
	for _, o := range of {
		if o != "" {
			shown = append(shown, o)
		}
	}
	e := word(name, def, doc, func(s string) error {
		if !slices.Contains(of, s) {
			return wantf("one of %s", strings.Join(shown, ", "))
		}
		return nil
	}, at)
	e.Type = strings.Join(shown, "|")
	return e
}

func address(name, def, doc string, at func(*Config) *string) entry {
	e := word(name, def, doc, checkListen, at)
	e.Type = "host:port"
	return e
}

func boolean(name, def, doc string, at func(*Config) *bool) entry {
	k := Key{Name: name, Type: "true|false", Default: def, Doc: doc}
	return scalar(k, []string{"!!bool"}, at, parseBool, strconv.FormatBool)
}

func whole(name, def string, least, most int, doc string, at func(*Config) *int) entry {
	k := Key{Name: name, Type: "whole number", Default: def, Doc: doc}
	return scalar(k, []string{"!!int"}, at, func(s string) (int, error) {
		n, err := parseWhole(s)
		if err == nil && (n < uint64(least) || n > uint64(most)) {
			err = rangef(strconv.Itoa(least), strconv.Itoa(most))
		}
		return int(n), err
	}, strconv.Itoa)
}

func seed(name, def, doc string, at func(*Config) *uint64) entry {
	k := Key{Name: name, Type: "whole number", Default: def, Doc: doc}
	return scalar(k, []string{"!!int"}, at, parseWhole, func(n uint64) string { return strconv.FormatUint(n, 10) })
}

func size(name, def string, least, most int, doc string, at func(*Config) *int) entry {
	k := Key{Name: name, Type: "bytes", Default: def, Doc: doc}
	return scalar(k, []string{"!!str", "!!int"}, at, func(s string) (int, error) {
		n, err := parseBytes(s)
		if err == nil && (n < least || n > most) {
			err = rangef(showBytes(least), showBytes(most))
		}
		return n, err
	}, showBytes)
}

func duration(name, def string, least, most time.Duration, doc string, at func(*Config) *time.Duration) entry {
	k := Key{Name: name, Type: "duration", Default: def, Doc: doc}
	return scalar(k, []string{"!!str"}, at, func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && (d < least || d > most) {
			err = rangef(showDuration(least), showDuration(most))
		}
		return d, err
	}, showDuration)
}

// bps makes the entry of a taker fee that may be absent.
func bps(name, doc string, at func(*Config) **market.Fee) entry {
	k := Key{Name: name, Type: "basis points", Doc: doc}
	return scalar(k, numberTags, at, func(s string) (*market.Fee, error) {
		fee, err := parseFee(s, market.FeeReceived)
		return &fee, err
	}, func(f *market.Fee) string {
		if f == nil {
			return ""
		}
		return showFee(*f)
	})
}

// list makes the entry of several values of one kind, none by default.
func list[T any](
	name, item, doc string, parse func(string) (T, error), show func(T) string, at func(*Config) *[]T,
) entry {
	return entry{
		Key:  Key{Name: name, Type: "list of " + item, Default: "[]", Doc: doc},
		tags: []string{"!!str"}, list: true,
		set: func(c *Config, items []string) error {
			var out []T
			for i, s := range items {
				v, err := parse(s)
				if err == nil && slices.Contains(items[:i], s) {
					err = wantf("every item once")
				}
				if err != nil {
					return &itemError{i, err}
				}
				out = append(out, v)
			}
			*at(c) = out
			return nil
		},
		show: func(c *Config) string {
			shown := make([]string, 0, len(*at(c)))
			for _, v := range *at(c) {
				shown = append(shown, quote(show(v)))
			}
			return "[" + strings.Join(shown, ", ") + "]"
		},
	}
}

// nodes makes the entry of a list of mappings, which only a file can hold.
func nodes(name, typ, doc string, read func(*loader, *yaml.Node), show func(*Config) string) entry {
	k := Key{Name: name, Type: typ, Default: "[]", Doc: doc, FileOnly: true}
	return entry{Key: k, read: read, show: show}
}

// numberTags are the tags of numbers that are read from their text.
var numberTags = []string{"!!str", "!!int", "!!float"}

func parseFee(s string, on market.FeeOn) (market.Fee, error) {
	n, err := text.ParseBps(s)
	if err != nil {
		return market.Fee{}, wantf("basis points such as 26 or 2.5, at most %d decimals", text.BpsScale)
	}
	fee, err := market.FeeBps(n, on)
	if err != nil {
		return market.Fee{}, rangef("0", "9999.9999 bps")
	}
	return fee, nil
}

// showFee returns the basis points of a fee, in quotes.
func showFee(f market.Fee) string {
	n := money.Num{Coef: f.Rate, Scale: text.BpsScale}
	return `"` + string(n.AppendCanonical(nil)) + `"`
}
