package capture

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"chronos.dev/feed/venue"
)

// Load returns the frames of a capture in the order of their receipt: files are
// merged by time, ties by the order of the files, then of the lines.
func (f *Folder) Load(e *Entry) ([]venue.Frame, error) {
	var all []venue.Frame
	for i, file := range e.Files {
		raw, err := f.load(file)
		if err != nil {
			return nil, err
		}
		frames, err := parse(raw, i)
		if err != nil {
			return nil, fmt.Errorf("capture: %s: %w", file.Path, err)
		}
		all = append(all, frames...)
	}
	slices.SortStableFunc(all, func(a, b venue.Frame) int { return cmp.Compare(a.Time, b.Time) })
	return all, nil
}

// parse reads the lines of one file. A line without a time has the one before.
func parse(raw []byte, conn int) ([]venue.Frame, error) {
	var frames []venue.Frame
	var last int64
	n := 0
	for line := range bytes.Lines(raw) {
		n++
		f, ok, err := parseLine(bytes.TrimRight(line, "\r\n"))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if !ok {
			continue
		}
		if f.Time == 0 {
			f.Time = last
		}
		last, f.Conn = f.Time, conn
		frames = append(frames, f)
	}
	return frames, nil
}

// parseLine reads one line in any of the wrapper forms. It returns false for a
// line that holds nothing of the session.
func parseLine(line []byte) (venue.Frame, bool, error) {
	switch {
	case len(line) == 0 || bytes.HasPrefix(line, []byte("configuration:")):
		return venue.Frame{}, false, nil
	case line[0] == '{':
		return venue.Frame{Kind: venue.Stream, Body: line}, true, nil
	case line[0] >= '0' && line[0] <= '9':
		f, err := parseReceived(line)
		return f, true, err
	}
	f, err := parseURL(line)
	return f, true, err
}

// parseReceived reads "TS: BODY" and "NANOSECONDS BODY".
func parseReceived(line []byte) (venue.Frame, error) {
	stamp, body, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return venue.Frame{}, fmt.Errorf("no body behind %.40q", line)
	}
	f := venue.Frame{Kind: venue.Stream, Body: body}
	var err error
	if seconds, colon := bytes.CutSuffix(stamp, []byte(":")); colon {
		f.Time, err = parseSeconds(seconds)
	} else {
		f.Time, err = parseNanos(stamp)
		if bytes.Contains(body, []byte(`"lastUpdateId"`)) && !bytes.Contains(body, []byte(`"stream"`)) {
			f.Kind = venue.Answer // the depth snapshot is a line of its own
		}
	}
	if err != nil {
		return venue.Frame{}, err
	}
	if isLiteral(body) {
		f.Body, err = unquote(body)
	}
	return f, err
}

// parseURL reads "URL -> TS: BODY", "URL <- TS: BODY" and "URL <-> TS".
func parseURL(line []byte) (venue.Frame, error) {
	url, rest, ok := bytes.Cut(line, []byte(" "))
	arrow, rest, more := bytes.Cut(rest, []byte(" "))
	if !ok || !more {
		return venue.Frame{}, fmt.Errorf("%.40q is no line of a capture", line)
	}
	f := venue.Frame{URL: string(url)}
	stamp, body := rest, []byte(nil)
	if i := bytes.Index(rest, []byte(": ")); i >= 0 {
		stamp, body = rest[:i], rest[i+2:]
	}
	switch string(arrow) {
	case "->":
		f.Kind = venue.Answer
		if i := bytes.LastIndex(body, []byte(" header: {")); i >= 0 {
			body = body[:i]
		}
	case "<-":
		f.Kind = venue.Sent
	case "<->":
		f.Kind = venue.Connect
	default:
		return venue.Frame{}, fmt.Errorf("%.40q is no line of a capture", line)
	}
	f.Body = body
	var err error
	f.Time, err = parseSeconds(stamp)
	return f, err
}

// parseSeconds reads decimal seconds as nanoseconds, without a float. What is
// finer than a nanosecond is cut off.
func parseSeconds(b []byte) (int64, error) {
	whole, frac, point := strings.Cut(string(b), ".")
	if point && frac == "" {
		return 0, fmt.Errorf("%.40q is no time", b)
	}
	s, err := strconv.ParseUint(whole, 10, 33) // until 2242
	if err != nil {
		return 0, fmt.Errorf("%.40q is no time", b)
	}
	ns := int64(0)
	for i := range max(9, len(frac)) {
		c := byte('0')
		if i < len(frac) {
			c = frac[i]
		}
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%.40q is no time", b)
		}
		if i < 9 {
			ns = ns*10 + int64(c-'0')
		}
	}
	return int64(s)*1e9 + ns, nil
}

// parseNanos reads whole nanoseconds.
func parseNanos(b []byte) (int64, error) {
	ns, err := strconv.ParseUint(string(b), 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no time", b)
	}
	return int64(ns), nil
}

// isLiteral reports whether a body is a Python bytes literal: b'...' or b"...".
func isLiteral(b []byte) bool {
	n := len(b)
	return n >= 3 && b[0] == 'b' && (b[1] == '\'' || b[1] == '"') && b[n-1] == b[1]
}

// unquote undoes the escapes of a bytes literal.
func unquote(lit []byte) ([]byte, error) {
	in := lit[2 : len(lit)-1]
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' {
			out = append(out, in[i])
			continue
		}
		i++
		if i == len(in) {
			return nil, fmt.Errorf("bytes literal ends in an escape")
		}
		if in[i] == 'x' {
			if i+2 >= len(in) {
				return nil, fmt.Errorf("bytes literal ends in an escape")
			}
			hi, okHi := hexDigit(in[i+1])
			lo, okLo := hexDigit(in[i+2])
			if !okHi || !okLo {
				return nil, fmt.Errorf("escape \\x%c%c in a bytes literal", in[i+1], in[i+2])
			}
			out = append(out, hi<<4|lo)
			i += 2
			continue
		}
		c, ok := escapes[in[i]]
		if !ok {
			return nil, fmt.Errorf("escape \\%c in a bytes literal", in[i])
		}
		out = append(out, c)
	}
	return out, nil
}

var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '\'': '\'', '"': '"'}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
