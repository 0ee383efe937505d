package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Setting is the value of one key and where it came from.
type Setting struct {
	Key    string
	Value  string // flow YAML; "" where there is none; asterisks for a secret
	Source string // "default", "default of dev", "chronos.yaml:14", "env CHRONOS_MODE" or "flag"
}

// Effective returns every setting in the order of Keys, and the secrets that were
// read beside them as asterisks.
func (c *Config) Effective() []Setting {
	out := make([]Setting, 0, len(table)+1)
	for i := range table {
		e := &table[i]
		out = append(out, Setting{e.Name, e.show(c), c.sources[e.Name]})
		if e.Name == "kafka.sasl.password_file" && c.Kafka.SASL.Password != "" {
			out = append(out, Setting{"kafka.sasl.password", hidden, "file " + c.Kafka.SASL.PasswordFile})
		}
	}
	return out
}

// AppendYAML appends a file that Load reads as the same configuration, with the
// source of every value as a comment.
func (c *Config) AppendYAML(dst []byte) []byte {
	var above []string
	for _, s := range c.Effective() {
		if byName[s.Key] == nil {
			continue
		}
		path := strings.Split(s.Key, ".")
		depth := 0
		for depth < len(above) && depth < len(path)-1 && above[depth] == path[depth] {
			depth++
		}
		above = path[:len(path)-1]
		for ; depth < len(above); depth++ {
			dst = fmt.Appendf(dst, "%*s%s:\n", 2*depth, "", above[depth])
		}
		name := path[len(path)-1] + ": "
		if s.Value == "" {
			name, s.Value = "# "+name, "none"
		}
		dst = fmt.Appendf(dst, "%*s%s%s  # %s\n", 2*depth, "", name, s.Value, comment(s.Source))
	}
	return dst
}

// comment keeps a source within its line.
func comment(source string) string {
	if printable(source) {
		return source
	}
	return strconv.Quote(source)
}

// unquote undoes quote for the defaults of the table.
func unquote(s string) string {
	if t, err := strconv.Unquote(s); err == nil {
		return t
	}
	return s
}

// Markdown returns the table of all keys, for the documentation.
func Markdown() []byte {
	out := []byte("| key | type | default | meaning |\n|---|---|---|---|\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, k := range Keys() {
		def := "`" + k.Default + "`"
		switch {
		case k.Default == "":
			def = "none"
		case k.Dev != "":
			def += ", in dev `" + k.Dev + "`"
		}
		out = fmt.Appendf(out, "| `%s` | %s | %s | %s |\n",
			k.Name, cell.Replace(k.Type), cell.Replace(def), cell.Replace(k.Doc))
	}
	return out
}
