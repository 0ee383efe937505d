package config

import (
	"fmt"
	"slices"
	"strings"
)

// Codes of problems.
const (
	codeFile      = "file"          // cannot be read
	codeTooLarge  = "too_large"     // above MaxFile
	codeEncoding  = "encoding"      // not UTF-8
	codeSyntax    = "syntax"        // not YAML, or YAML that we refuse
	codeUnknown   = "unknown_key"   // nothing reads it
	codeDuplicate = "duplicate_key" // said twice
	codeMissing   = "missing_key"   // must be said
	codeType      = "wrong_type"    // a list for a number, a number for a text
	codeValue     = "bad_value"     // cannot be read as what it must be
	codeRange     = "out_of_range"  // can be read, cannot be meant
	codeConflict  = "conflict"      // two values that contradict each other
)

// maxProblems is how many problems one report lists.
const maxProblems = 20

// Problem is one thing that is wrong.
type Problem struct {
	Source string // "chronos.yaml:14", "env CHRONOS_MODE", "flag"
	Line   int    // in the file; 0 where the source is none
	Key    string // "kafka.brokers", "fees[2].venue"; "" if none can be named
	Detail string // a sentence's worth, for people

	// Code is file, too_large, encoding, syntax, unknown_key, duplicate_key,
	// missing_key, wrong_type, bad_value, out_of_range or conflict.
	Code       string
	Suggestion string // the key that was probably meant, or ""
}

// String returns the line that people read.
func (p *Problem) String() string {
	s := p.Source + ": " + p.Detail
	if p.Suggestion != "" {
		s += fmt.Sprintf(" (did you mean %q?)", p.Suggestion)
	}
	return s
}

// Error reports that a configuration cannot be used. The cure is to correct it.
type Error struct {
	Problems []Problem // in order of their place; at most 20
	More     int       // how many others there are
}

// Error returns one line for each problem.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for i := range e.Problems {
		lines = append(lines, e.Problems[i].String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(lines, "\n")
}

// place is where a value was given.
type place struct {
	source string
	line   int
}

func (l *loader) problem(at place, code, key, format string, args ...any) *Problem {
	if len(l.problems) >= maxProblems {
		l.more++
		return new(Problem)
	}
	l.problems = append(l.problems, Problem{
		Source: at.source, Line: at.line, Key: key, Code: code, Detail: fmt.Sprintf(format, args...),
	})
	return &l.problems[len(l.problems)-1]
}

func (l *loader) err() error {
	if len(l.problems) == 0 {
		return nil
	}
	// The file's problems by line, then those of variables and flags as found.
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		if (a.Line > 0) != (b.Line > 0) {
			return b.Line - a.Line
		}
		return a.Line - b.Line
	})
	return &Error{Problems: l.problems, More: l.more}
}

// shown quotes a text from outside, cut where it is long.
func shown(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%q...", strings.ToValidUTF8(s[:most], ""))
	}
	return fmt.Sprintf("%q", s)
}
