package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const envPrefix = "CHRONOS_"

// maxPassword is the longest password that a file may hold.
const maxPassword = 4 << 10

// loader reads one configuration and collects what is wrong with it.
type loader struct {
	cfg      *Config
	file     string
	given    []given
	places   map[string]place // where the value of a key came from, if it is no default
	problems []Problem
	more     int
}

// given is a value as somebody gave it.
type given struct {
	e     *entry
	at    place
	items []string
	lines []int  // of items, where they come from a file
	read  func() // in place of items
}

func (l *loader) readEnv(env []string) {
	for _, pair := range env {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		at := place{source: "env " + name}
		e := byEnv[name]
		if e != nil {
			l.give(e, at, value)
			continue
		}
		if near := nearestEnv(name); near != "" {
			l.problem(at, codeUnknown, "", "unknown variable").Suggestion = near
			continue
		}
		l.cfg.ignored = append(l.cfg.ignored, name)
	}
}

// nearestEnv compares without the prefix, which all have in common.
func nearestEnv(name string) string {
	best := ""
	short := strings.TrimPrefix(name, envPrefix)
	for _, n := range envNames {
		if nearest(short, []string{strings.TrimPrefix(n, envPrefix)}) != "" {
			best = n
		}
	}
	return best
}

func (l *loader) readFlags(flags map[string]string) {
	keys := make([]string, 0, len(flags))
	for k := range flags {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		at := place{source: "flag"}
		if e := byName[k]; e != nil {
			l.give(e, at, flags[k])
			continue
		}
		l.problem(at, codeUnknown, k, "unknown key %s", shown(k)).Suggestion = nearest(k, names)
	}
}

// give takes the text of a variable or flag.
func (l *loader) give(e *entry, at place, value string) {
	switch {
	case e.FileOnly:
		l.problem(at, codeType, e.Name, "%s can be given in a file only", e.Name)
		return
	case !e.list:
		l.given = append(l.given, given{e: e, at: at, items: []string{value}})
		return
	}
	var items []string
	for s := range strings.SplitSeq(value, ",") {
		if s = strings.TrimSpace(s); s != "" {
			items = append(items, s)
		}
	}
	l.given = append(l.given, given{e: e, at: at, items: items})
}

// apply sets every key: the mode first, because it decides about defaults, then
// the defaults, then what was given, so that the last word counts.
func (l *loader) apply() {
	mode := byName["mode"]
	l.setDefault(mode)
	for i := range l.given {
		if l.given[i].e == mode {
			l.set(&l.given[i])
		}
	}
	for i := range table {
		if e := &table[i]; e != mode {
			l.setDefault(e)
		}
	}
	for i := range l.given {
		if l.given[i].e != mode {
			l.set(&l.given[i])
		}
	}
	l.readPassword()
}

func (l *loader) setDefault(e *entry) {
	value, source := e.Default, "default"
	if e.Dev != "" && l.cfg.Mode == Dev {
		value, source = e.Dev, "default of dev"
	}
	l.cfg.sources[e.Name] = source
	if e.set == nil || value == "" {
		return
	}
	items := []string{unquote(value)}
	if e.list {
		items = strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("[], ", r) })
	}
	if err := e.set(l.cfg, items); err != nil {
		panic(fmt.Sprintf("config: default of %s: %v", e.Name, err))
	}
}

func (l *loader) set(g *given) {
	var err error
	if g.read != nil {
		g.read()
	} else {
		err = g.e.set(l.cfg, g.items)
	}
	if err == nil {
		l.cfg.sources[g.e.Name], l.places[g.e.Name] = g.at.source, g.at
		return
	}
	at, value := g.at, ""
	if len(g.items) > 0 {
		value = g.items[0]
	}
	if item := (*itemError)(nil); errors.As(err, &item) {
		value = g.items[item.item]
		if g.lines != nil {
			at = l.at(g.lines[item.item])
		}
	}
	l.wrong(at, g.e.Name, value, err)
}

// wrong reports a value that could not be read.
func (l *loader) wrong(at place, key, value string, err error) {
	code := codeValue
	if r := (*rangeError)(nil); errors.As(err, &r) {
		code = codeRange
	}
	l.problem(at, code, key, "%s: %v, got %s", key, err, shown(value))
}

// readPassword reads the file that holds the password.
func (l *loader) readPassword() {
	const key = "kafka.sasl.password_file"
	s := &l.cfg.Kafka.SASL
	if s.PasswordFile == "" {
		return
	}
	data, err := readBounded(s.PasswordFile, maxPassword)
	switch password := strings.TrimRight(string(data), "\r\n"); {
	case errors.Is(err, errTooLarge):
		l.problem(l.places[key], codeTooLarge, key, "%s: the file has more than %d bytes", key, maxPassword)
	case err != nil:
		l.problem(l.places[key], codeFile, key, "%s: %v", key, err)
	case password == "" || !printable(password):
		l.problem(l.places[key], codeValue, key, "%s: the file holds no line of printable text", key)
	default:
		s.Password = Secret(password)
	}
}

var errTooLarge = errors.New("too large")

// readBounded reads a file of at most that many bytes.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = errTooLarge
	}
	return data, err
}
