package config

import (
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"chronos.dev/market"
)

// wantError says what a value should have been.
type wantError struct{ want string }

func (e *wantError) Error() string { return "want " + e.want }

func wantf(format string, args ...any) error { return &wantError{fmt.Sprintf(format, args...)} }

// rangeError says that a value can be read but not be meant.
type rangeError struct{ least, most string }

func (e *rangeError) Error() string { return "want " + e.least + " to " + e.most }

func rangef(least, most string) error { return &rangeError{least, most} }

// itemError says which item of a list is wrong.
type itemError struct {
	item int
	err  error
}

func (e *itemError) Error() string { return e.err.Error() }
func (e *itemError) Unwrap() error { return e.err }

func parseBool(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, wantf("true or false")
}

// parseWhole reads plain digits: 0x10, 010, 1_000 and 1e3 mean different things
// to different readers.
func parseWhole(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || len(s) > 1 && s[0] == '0' {
		if digits(s) && s[0] != '0' {
			return 0, rangef("0", strconv.FormatUint(math.MaxUint64, 10))
		}
		return 0, wantf("a whole number in plain digits")
	}
	return n, nil
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

var units = []struct {
	name string
	size int
}{{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

// parseBytes reads 65536, 64KiB or 1MiB.
func parseBytes(s string) (int, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := parseWhole(strings.TrimSuffix(number, " "))
		if err != nil || n > math.MaxInt32 {
			break
		}
		return int(n) * u.size, nil
	}
	return 0, wantf("bytes such as 64KiB, 1MiB or 65536")
}

func showBytes(n int) string {
	for _, u := range units[:2] {
		if n%u.size == 0 && n > 0 {
			return strconv.Itoa(n/u.size) + u.name
		}
	}
	return strconv.Itoa(n)
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, wantf("a duration such as 500ms, 2s or 1m")
	}
	return d, nil
}

// showDuration returns d without units that are zero: "1m", not "1m0s".
func showDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

func checkListen(s string) error {
	if _, err := splitAddress(s); err != nil {
		return wantf("host:port, such as 127.0.0.1:8080 or :8080")
	}
	return nil
}

func splitAddress(s string) (host string, err error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", err
	}
	if n, err := parseWhole(port); err != nil || n > 65535 {
		return "", wantf("a port")
	}
	if strings.ContainsAny(host, " \t\r\n/@") || len(host) > 253 || !printable(host) {
		return "", wantf("a host")
	}
	return host, nil
}

func parseBroker(s string) (string, error) {
	if host, err := splitAddress(s); err != nil || host == "" || strings.HasSuffix(s, ":0") {
		return "", wantf("host:port, such as kafka-1:9092")
	}
	return s, nil
}

func asIs(s string) string { return s }

// parseMarket reads "kraken:BTC-USD", and the record key "kraken|BTC-USD".
func parseMarket(s string) (market.Key, error) {
	i := strings.IndexAny(s, ":|")
	if i < 0 || !market.ValidVenue(s[:i]) {
		return market.Key{}, wantf("venue:BASE-QUOTE, such as kraken:BTC-USD")
	}
	pair, err := market.ParsePair(s[i+1:])
	if err != nil {
		return market.Key{}, wantf("venue:BASE-QUOTE, such as kraken:BTC-USD")
	}
	return market.Key{Venue: s[:i], Pair: pair}, nil
}

func showMarket(k market.Key) string { return k.Venue + ":" + k.Pair.String() }

func checkSymbol(s string) error {
	if !market.ValidSymbol(s) {
		return wantf("an asset such as BTC: 1 to %d upper-case letters and digits", market.MaxSymbol)
	}
	return nil
}

// checkPrefix holds what Kafka allows in a topic name, with room for the name.
func checkPrefix(s string) error {
	const most = 100
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("._-", c) {
			return wantf("letters, digits, '.', '_' and '-'")
		}
	}
	if len(s) == 0 || len(s) > most {
		return wantf("1 to %d characters", most)
	}
	return nil
}

func checkAny(s string) error {
	const most = 4096
	if len(s) > most || !printable(s) {
		return wantf("at most %d printable characters", most)
	}
	return nil
}

func checkFilled(s string) error {
	if s == "" {
		return wantf("some text")
	}
	return checkAny(s)
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

// quote returns s as a YAML scalar that is read back as the same text.
func quote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-"
	node := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	if s == "" || strings.Trim(s, plain) != "" || strings.ContainsAny(s[:1], ":-") || strings.HasSuffix(s, ":") ||
		node.ShortTag() != "!!str" {
		return strconv.Quote(s)
	}
	return s
}
