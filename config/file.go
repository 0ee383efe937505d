package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxFile is the largest configuration file that is read, in bytes.
const MaxFile = 1 << 20

// readFile reads the YAML file at path into l.given.
func (l *loader) readFile(path string) {
	if path == "" {
		return
	}
	l.file = path
	data, err := readBounded(path, MaxFile)
	whole := place{source: path}
	switch {
	case errors.Is(err, errTooLarge):
		l.problem(whole, codeTooLarge, "", "the file has more than %d bytes", MaxFile)
		return
	case err != nil:
		l.problem(whole, codeFile, "", "cannot be read: %v", err)
		return
	}
	l.parse(data)
}

// parse reads the one document of a file.
func (l *loader) parse(data []byte) {
	if !utf8.Valid(data) {
		l.problem(l.at(firstInvalid(data)), codeEncoding, "", "not UTF-8 text")
		return
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := d.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return
	}
	if err == nil {
		if err = d.Decode(&second); err == nil {
			l.problem(l.at(second.Line), codeSyntax, "", "a second document begins here; a file holds one")
			return
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		l.syntax(err)
		return
	}
	if root := doc.Content[0]; !empty(root) {
		l.section(root, "")
	}
}

// firstInvalid returns the line of the first byte that is not UTF-8.
func firstInvalid(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}

var yamlLine = regexp.MustCompile(`^line (\d+): `)

// syntax reports what the YAML reader says, and where. It names no line for the
// first one, and none for an alias of nothing.
func (l *loader) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	} else if strings.HasPrefix(text, "unknown anchor") {
		line = 0
	}
	l.problem(l.at(line), codeSyntax, "", "not YAML: %s", text)
}

func (l *loader) at(line int) place {
	if line <= 0 {
		return place{source: l.file}
	}
	return place{fmt.Sprintf("%s:%d", l.file, line), line}
}

// section reads a mapping of keys below prefix, which is "" or ends in a point.
func (l *loader) section(n *yaml.Node, prefix string) {
	l.mapping(n, strings.TrimSuffix(prefix, "."), func(name string, key, value *yaml.Node) {
		full := prefix + name
		switch e := byName[full]; {
		case strings.Contains(name, "."):
			l.unknown(key, full)
		case e != nil:
			l.value(e, l.at(key.Line), value)
		case sections[full] && !empty(value):
			l.section(value, full+".")
		case !sections[full]:
			l.unknown(key, full)
		}
	})
}

func (l *loader) unknown(key *yaml.Node, full string) {
	if byName[full] != nil || sections[full] {
		l.problem(l.at(key.Line), codeUnknown, full, "unknown key %s: nest it, one name a level", shown(full))
		return
	}
	l.problem(l.at(key.Line), codeUnknown, full, "unknown key %s", shown(full)).Suggestion = nearest(full, names)
}

// mapping calls each for the members of a mapping that are named by a plain
// text, once for each name; what else there is, is a problem. name is what the
// mapping is called in problems.
func (l *loader) mapping(n *yaml.Node, name string, each func(name string, key, value *yaml.Node)) {
	if name == "" {
		name = "the file"
	}
	if !l.plain(n, name) {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.problem(l.at(n.Line), codeType, "", "%s: want keys and values, got %s", name, kind(n))
		return
	}
	first := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !l.plain(key, "a key of "+name) {
			continue
		}
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			l.problem(l.at(key.Line), codeType, "", "%s: want a name as key, got %s", name, kind(key))
			continue
		}
		if line, twice := first[key.Value]; twice {
			l.problem(l.at(key.Line), codeDuplicate, key.Value,
				"key %s stands in line %d already", shown(key.Value), line)
			continue
		}
		first[key.Value] = key.Line
		each(key.Value, key, value)
	}
}

// plain reports whether a node is neither alias nor anchor, merge or custom tag:
// a configuration says everything once, where it belongs.
func (l *loader) plain(n *yaml.Node, name string) bool {
	tag := n.ShortTag()
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || tag == "!!merge":
		l.problem(l.at(n.Line), codeSyntax, "", "%s: anchors, aliases and merges are not read", name)
		return false
	case n.Style&yaml.TaggedStyle != 0:
		l.problem(l.at(n.Line), codeSyntax, "", "%s: tags such as %s are not read", name, shown(n.Tag))
		return false
	}
	return true
}

// value reads the value of a key that stands at a place.
func (l *loader) value(e *entry, at place, n *yaml.Node) {
	switch {
	case !l.plain(n, e.Name):
	case empty(n):
		l.problem(at, codeMissing, e.Name, "%s has no value; leave the key out for the default", e.Name)
	case e.read != nil:
		l.given = append(l.given, given{e: e, at: at, read: func() { e.read(l, n) }})
	case e.list:
		l.sequence(e, at, n)
	case l.scalar(e.Name, n, e.Type, e.tags):
		l.given = append(l.given, given{e: e, at: at, items: []string{n.Value}})
	}
}

func (l *loader) sequence(e *entry, at place, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		l.problem(l.at(n.Line), codeType, e.Name, "%s: want a %s, got %s", e.Name, e.Type, kind(n))
		return
	}
	g := given{e: e, at: at}
	for i, item := range n.Content {
		name := fmt.Sprintf("%s[%d]", e.Name, i)
		if !l.plain(item, name) || !l.scalar(name, item, strings.TrimPrefix(e.Type, "list of "), e.tags) {
			return
		}
		g.items, g.lines = append(g.items, item.Value), append(g.lines, item.Line)
	}
	l.given = append(l.given, g)
}

// scalar reports whether a node is a scalar of one of the tags.
func (l *loader) scalar(name string, n *yaml.Node, typ string, tags []string) bool {
	if n.Kind == yaml.ScalarNode && slices.Contains(tags, n.ShortTag()) {
		return true
	}
	l.problem(l.at(n.Line), codeType, name, "%s: want %s, got %s", name, typ, kind(n))
	return false
}

func empty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// kind says for people what a node is.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	names := map[string]string{
		"!!str": "text", "!!int": "number", "!!float": "number", "!!bool": "truth value", "!!null": "nothing",
		"!!timestamp": "date",
	}
	return strings.TrimSpace(names[n.ShortTag()] + " " + shown(n.Value))
}
