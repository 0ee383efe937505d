// Package house holds the rules of the house as tests: who may import whom, what
// the core may not touch, and how long things may be. ARCHITECTURE.md gives the
// reasons.
//
// A rule is a line of a table in rules_test.go. One that no code needs any more
// fails too, so that the tables say how the house is and not how it was.
package house

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// settled says that all packages of the plan exist. Only then an unused rule is
// a failure; before, it is a line in the log.
const settled = true

// report fails for what breaks a rule and for rules that nothing needs.
func report(t *testing.T, broken, unused []string) {
	t.Helper()
	for _, b := range broken {
		t.Error(b)
	}
	for _, u := range unused {
		if settled {
			t.Errorf("unused rule: %s; delete it", u)
		} else {
			t.Logf("unused rule: %s", u)
		}
	}
}

func TestImportsPointDown(t *testing.T) {
	broken, unused := checkFloors(tree(t), floors)
	report(t, broken, unused)
}

func TestLibraries(t *testing.T) {
	broken, unused := checkOwners(tree(t), owners)
	report(t, broken, unused)
}

func TestCoreDoesNoIO(t *testing.T) {
	broken, unused := checkBans(tree(t), core, banned)
	report(t, broken, unused)
}

func TestNoClock(t *testing.T) {
	broken, unused := checkClock(tree(t), clockless)
	report(t, broken, unused)
}

func TestNoFloats(t *testing.T) {
	broken, unused := checkFloats(tree(t), floatless, floats)
	report(t, broken, unused)
}

func TestOnlyBrokerReachesKafka(t *testing.T) {
	broken, unused := checkKafka(tree(t), kafkaMakers)
	report(t, broken, unused)
}

func TestLengths(t *testing.T) {
	broken, unused := checkLengths(tree(t), longer)
	report(t, broken, unused)
}

func TestFoldersAndComments(t *testing.T) {
	report(t, checkFolders(tree(t)), nil)
	report(t, checkComments(tree(t)), nil)
}

// TestEveryRuleHasAReason: an exception without one is not an exception.
func TestEveryRuleHasAReason(t *testing.T) {
	for _, es := range [][]exception{floats, longer} {
		for _, e := range es {
			if len(strings.Fields(e.why)) < 3 {
				t.Errorf("exception %s gives no reason", e.what)
			}
		}
	}
	var seen []string
	for _, f := range floors {
		if slices.Contains(seen, f.pkg) {
			t.Errorf("two floors for %s", f.pkg)
		}
		seen = append(seen, f.pkg)
	}
}

// TestRulesBite runs every check over code that breaks it.
func TestRulesBite(t *testing.T) {
	body := func(n int) string { return "func f() {\n" + strings.Repeat("\t_ = 0\n", n) + "}\n" }
	doc := func(pkg string) string { return "// Package " + pkg + " is here.\npackage " + pkg + "\n" }
	imports := func(path, then string) string { return doc("x") + "import \"" + path + "\"\n" + then }
	kafka := func(then string) string { return imports(kafkaPath, "var _ = "+then+"\n") }
	tests := []struct {
		name, path, src string
		check           func([]source) ([]string, []string)
		want            string // "" for none
	}{
		{"an import up", "money/m.go", imports(module+"/book", ""), floorsCheck, "may not import book"},
		{"an import down", "book/b.go", imports(module+"/money", ""), floorsCheck, ""},
		{"a test may look anywhere", "money/m_test.go", imports(module+"/book", ""), floorsCheck, ""},
		{"a package without a floor", "attic/a.go", doc("attic"), floorsCheck, "no floor"},
		{"a child has its own floor", "feed/venue/x/x.go", imports(module+"/broker", ""), floorsCheck, "may not"},
		{"decimal outside", "api/a.go", imports("github.com/shopspring/decimal", ""), ownersCheck, "belongs to"},
		{"decimal in a test outside", "api/a_test.go", imports("github.com/shopspring/decimal", ""), ownersCheck,
			"belongs to"},
		{"I/O in the core", "graph/g.go", imports("os", ""), bansCheck, "may not import os"},
		{"I/O below a banned path", "engine/route/r.go", imports("net/http", ""), bansCheck, "net/http"},
		{"a name that only begins alike", "graph/g.go", imports("netlike", ""), bansCheck, ""},
		{"I/O elsewhere", "feed/f.go", imports("os", ""), bansCheck, ""},
		{"a clock", "sim/s.go", imports("time", "var _ = time.Now()"), clockCheck, "time.Now"},
		{"a clock under another name", "book/b.go", doc("b") + "import c \"time\"\nvar f = c.Since", clockCheck,
			"time.Since"},
		{"time as a type", "book/b.go", imports("time", "var d time.Duration"), clockCheck, ""},
		{"a float", "book/b.go", doc("book") + "type p float64", floatsCheck, "float64"},
		{"a float in a test", "book/b_test.go", doc("book") + "type p float64", floatsCheck, ""},
		{"a writer of one's own", "feed/f.go", kafka("kafka.Writer{}"), kafkaCheck, "kafka.Writer"},
		{"a writer by new", "feed/f.go", kafka("new(kafka.Writer)"), kafkaCheck, "kafka.Writer"},
		{"a connection of one's own", "feed/f.go", kafka("kafka.DialLeader"), kafkaCheck, "kafka.DialLeader"},
		{"a Kafka type in a signature", "feed/f.go", kafka("func(*kafka.Writer) {}"), kafkaCheck, ""},
		{"the broker's writer", "broker/b.go", kafka("kafka.Writer{}"), kafkaCheck, ""},
		{"the longest function", "x/x.go", doc("x") + body(maxFunc-2), lengthsCheck, ""},
		{"one line more", "x/x.go", doc("x") + body(maxFunc-1), lengthsCheck, "function f"},
		{"a long test", "x/x_test.go", doc("x") + body(maxFunc), lengthsCheck, ""},
		{"the longest file", "x/x_test.go", strings.Repeat("\n", maxFile-1) + "package x", lengthsCheck, ""},
		{"one line more of a file", "x/x_test.go", strings.Repeat("\n", maxFile) + "package x", lengthsCheck, "file"},
		{"the widest line", "x/x.go", doc("x") + "\t//" + strings.Repeat("é", maxLine-tabWidth-2), lengthsCheck, ""},
		{"one column more", "x/x.go", doc("x") + "\t//" + strings.Repeat("é", maxLine-tabWidth-1), lengthsCheck,
			"x/x.go: widest line"},
		{"a wide line in a test", "x/x_test.go", doc("x") + "//" + strings.Repeat("é", maxLine), lengthsCheck, ""},
		{"a folder for anything", "x/util/u.go", doc("util"), foldersCheck, "folder"},
		{"no package comment", "x/x.go", "package x", commentsCheck, "comment"},
		{"a comment on something else", "x/x.go", "// Hello.\npackage x", commentsCheck, "comment"},
		{"a command", "x/x.go", "// Command x runs.\npackage main", commentsCheck, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parse(tt.path, []byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			broken, _ := tt.check([]source{s})
			got := strings.Join(broken, "; ")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func floorsCheck(s []source) ([]string, []string)   { return checkFloors(s, floors) }
func ownersCheck(s []source) ([]string, []string)   { return checkOwners(s, owners) }
func bansCheck(s []source) ([]string, []string)     { return checkBans(s, core, banned) }
func clockCheck(s []source) ([]string, []string)    { return checkClock(s, clockless) }
func floatsCheck(s []source) ([]string, []string)   { return checkFloats(s, floatless, nil) }
func kafkaCheck(s []source) ([]string, []string)    { return checkKafka(s, kafkaMakers) }
func lengthsCheck(s []source) ([]string, []string)  { return checkLengths(s, nil) }
func foldersCheck(s []source) ([]string, []string)  { return checkFolders(s), nil }
func commentsCheck(s []source) ([]string, []string) { return checkComments(s), nil }

// TestUnusedRulesAreFound runs the checks over a house with one empty room.
func TestUnusedRulesAreFound(t *testing.T) {
	s, err := parse("book/b.go", []byte("package book"))
	if err != nil {
		t.Fatal(err)
	}
	house := []source{s}
	for name, check := range map[string]func() ([]string, []string){
		"floor":  func() ([]string, []string) { return checkFloors(house, []floor{{pkg: "attic"}}) },
		"edge":   func() ([]string, []string) { return checkFloors(house, []floor{{pkg: "book", may: "money"}}) },
		"owner":  func() ([]string, []string) { return checkOwners(house, owners) },
		"core":   func() ([]string, []string) { return checkBans(house, []string{"attic"}, banned) },
		"clock":  func() ([]string, []string) { return checkClock(house, []string{"attic"}) },
		"float":  func() ([]string, []string) { return checkFloats(house, nil, []exception{{"book", "no reason"}}) },
		"kafka":  func() ([]string, []string) { return checkKafka(house, []string{"broker"}) },
		"length": func() ([]string, []string) { return checkLengths(house, []exception{{"book/b.go", "no reason"}}) },
	} {
		if _, unused := check(); len(unused) == 0 {
			t.Errorf("%s: nothing is unused", name)
		} else if text := fmt.Sprint(unused); !strings.Contains(text, " ") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
