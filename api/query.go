package api

import (
	"bytes"
	"strings"

	"chronos.dev/api/wire"
)

// Limits on a query, so that an answer about a bad one stays short.
const (
	maxParams  = 12 // any resource takes
	maxInvalid = 8  // errors in one answer
	maxEcho    = 40 // bytes of a caller's text in an error
)

// params are the values of a query, by the index of their names.
type params struct {
	values  [maxParams][]byte
	given   [maxParams]bool
	scratch []byte // decoded text that values point into
}

// fail notes what is wrong with one input.
func (r *request) fail(pointer, code, detail string) {
	if len(r.invalid) < maxInvalid {
		r.invalid = append(r.invalid, wire.FieldError{Pointer: pointer, Code: code, Detail: detail})
	}
}

// refuseInvalid writes the answer to a request with mistakes in it.
func (r *request) refuseInvalid() {
	r.turnAway("invalid-request")
}

// accept reads the query, which may have each of names once and nothing else,
// and reports whether that is so; if not, the mistakes are noted.
func (r *request) accept(names ...string) bool {
	if cap(r.params.scratch) < len(r.query) {
		r.params.scratch = make([]byte, 0, len(r.query))
	}
	for rest, more := r.query, len(r.query) > 0; more && len(r.invalid) < maxInvalid; {
		var part []byte
		part, rest, more = bytes.Cut(rest, []byte{'&'})
		r.param(part, names)
	}
	return len(r.invalid) == 0
}

// param reads one name=value.
func (r *request) param(part []byte, names []string) {
	rawName, rawValue, ok := bytes.Cut(part, []byte{'='})
	if !ok {
		r.fail("/"+pointer(part), "query_format", "Write a query as name=value&name=value.")
		return
	}
	name, okName := r.decode(rawName)
	value, okValue := r.decode(rawValue)
	if !okName || !okValue {
		r.fail("/"+pointer(rawName), "query_encoding",
			"A percent sign needs two hexadecimal digits after it.")
		return
	}
	for i, n := range names {
		switch {
		case n != string(name):
		case r.params.given[i]:
			r.fail("/"+n, "duplicate_key", "Send "+n+" once.")
			return
		default:
			r.params.given[i], r.params.values[i] = true, value
			return
		}
	}
	detail := "This resource takes no parameters."
	if len(names) > 0 {
		detail = "This resource takes " + strings.Join(names, ", ") + "."
	}
	r.fail("/"+pointer(name), "unknown_key", detail)
}

// decode undoes percent-encoding. Text without any is not copied.
func (r *request) decode(b []byte) ([]byte, bool) {
	if !bytes.ContainsAny(b, "%+") {
		return b, true
	}
	s := r.params.scratch // has room for the whole query, so it never moves
	from := len(s)
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+':
			c = ' '
		case c != '%':
		case i+2 >= len(b):
			return nil, false
		default:
			hi, lo := unhex(b[i+1]), unhex(b[i+2])
			if hi < 0 || lo < 0 {
				return nil, false
			}
			c = byte(hi<<4 | lo)
			i += 2
		}
		s = append(s, c)
	}
	r.params.scratch = s
	return s[from:], true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// pointer makes a caller's name a token of a JSON pointer.
func pointer(name []byte) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(echo(name))
}

// echo is a caller's text, cut short.
func echo(b []byte) string {
	if len(b) > maxEcho {
		return string(b[:maxEcho]) + "..."
	}
	return string(b)
}
