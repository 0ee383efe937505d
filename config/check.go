package config

import (
	"slices"
	"strings"

	"chronos.dev/market"
)

// check looks for values that contradict each other, and marks the hub.
func (l *loader) check() {
	c, s := l.cfg, &l.cfg.Kafka.SASL
	const (
		mechanism, username = "kafka.sasl.mechanism", "kafka.sasl.username"
		password, brokers   = "kafka.sasl.password_file", "kafka.brokers"
	)
	l.conflict(c.Feed.Keepalive*2 > c.Feed.StaleAfter, "feed.keepalive", "feed.stale_after",
		"must be at most half of feed.stale_after, or quiet books count as stale")
	l.conflict(c.HTTP.Addr == c.Admin.Addr && !strings.HasSuffix(c.HTTP.Addr, ":0"), "admin.addr", "http.addr",
		"is the address of http.addr too")
	l.conflict(s.Mechanism != "" && s.Username == "", mechanism, username, "needs kafka.sasl.username")
	l.conflict(s.Mechanism != "" && s.PasswordFile == "", mechanism, password, "needs kafka.sasl.password_file")
	l.conflict(s.Mechanism != "" && len(c.Kafka.Brokers) == 0, mechanism, brokers, "needs kafka.brokers")
	l.conflict(s.Mechanism == "PLAIN" && !c.Kafka.TLS, mechanism, "kafka.tls",
		"PLAIN sends the password in the clear: it needs kafka.tls")
	l.conflict(s.Mechanism == "" && s.Username != "", username, mechanism, "needs kafka.sasl.mechanism")
	l.conflict(s.Mechanism == "" && s.PasswordFile != "", password, mechanism, "needs kafka.sasl.mechanism")
	l.conflict(c.Kafka.TLS && len(c.Kafka.Brokers) == 0, "kafka.tls", brokers, "needs kafka.brokers")

	isHub := func(a market.Asset) bool { return a.Symbol == c.Routing.Hub }
	l.conflict(len(c.Assets) > 0 && !slices.ContainsFunc(c.Assets, isHub), "routing.hub", "assets",
		"is none of assets")
	for i := range c.Assets {
		c.Assets[i].Hub = c.Assets[i].Hub || isHub(c.Assets[i])
	}
}

// conflict reports that a key contradicts another one, unless one of the two has
// a problem already. The place is that of the key, or of the other one where the
// key has its default.
func (l *loader) conflict(is bool, key, other, why string) {
	had := slices.ContainsFunc(l.problems, func(p Problem) bool {
		name, _, _ := strings.Cut(p.Key, "[")
		return name == key || name == other
	})
	if !is || had {
		return
	}
	at, ok := l.places[key]
	if !ok {
		at = l.places[other]
	}
	l.problem(at, codeConflict, key, "%s %s", key, why)
}
