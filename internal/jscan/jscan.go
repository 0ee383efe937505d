// Package jscan reads JSON strictly, in place and without allocating.
//
// A Scanner walks one value from front to back; the caller says what it expects
// next. Duplicate keys, trailing bytes, invalid UTF-8, nesting beyond MaxDepth
// and objects beyond MaxKeys are errors, and numbers stay text, so that no digit
// passes through a float. What the standard library's decoder accepts beyond
// that (case-folded keys, duplicate keys, invalid UTF-8) is refused.
//
// Byte slices that a Scanner returns point into the input, or into the
// Scanner's own scratch for a string with escapes, and are valid until the next
// call. After an error only Reset goes on.
package jscan

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits on hostile input. Time is linear in the input, whatever it is.
const (
	MaxDepth = 16   // nested arrays and objects
	MaxKeys  = 1024 // members of one object
)

// Kind is the kind of the next value.
type Kind uint8

// The zero Kind means that no value follows.
const (
	None Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

// SyntaxError reports input that is not the JSON that was asked for.
type SyntaxError struct {
	Offset int
	Why    string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("json: %s at byte %d", e.Why, e.Offset) }

// Scanner reads one JSON text. Its zero value reads nothing; call Reset.
type Scanner struct {
	b       []byte
	i       int
	depth   int
	scratch []byte
}

// Reset starts on b, which must not change while it is being read.
func (s *Scanner) Reset(b []byte) { s.b, s.i, s.depth = b, 0, 0 }

// Offset returns how many bytes of the input have been read.
func (s *Scanner) Offset() int { return s.i }

// Place says where in the input err is, as a line and a column from 1, and what
// it says: a *SyntaxError where it happened, any other where the scanner stands.
func (s *Scanner) Place(err error) (line, column int, why string) {
	at, why := s.i, err.Error()
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		at, why = syntax.Offset, syntax.Why
	}
	before := s.b[:min(at, len(s.b))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n'), why
}

func (s *Scanner) fail(why string) error { return &SyntaxError{s.i, why} }

func (s *Scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// Peek returns the kind of the next value without reading it.
func (s *Scanner) Peek() Kind {
	s.space()
	if s.i >= len(s.b) {
		return None
	}
	switch c := s.b[s.i]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == '-' || c >= '0' && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return None
}

// End fails unless only white space is left.
func (s *Scanner) End() error {
	if s.space(); s.i < len(s.b) {
		return s.fail("trailing bytes")
	}
	return nil
}

// take consumes c after white space.
func (s *Scanner) take(c byte) bool {
	if s.space(); s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *Scanner) open(c byte, what string) error {
	if !s.take(c) {
		return s.fail("want " + what)
	}
	if s.depth++; s.depth > MaxDepth {
		return s.fail("nested too deeply")
	}
	return nil
}

// Object reads an object and calls f with each key; f must read the value, with
// Skip at the least. The key is valid until f reads the value.
func (s *Scanner) Object(f func(key []byte) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	if s.take('}') {
		s.depth--
		return nil
	}
	var seen keys
	for {
		s.space()
		start := s.i
		key, err := s.Str()
		if err != nil {
			return err
		}
		if why := seen.add(s.b, span{start + 1, s.i - 1}, key); why != "" {
			return &SyntaxError{start, why}
		}
		if !s.take(':') {
			return s.fail("want ':'")
		}
		if err := f(key); err != nil {
			return err
		}
		if s.take(',') {
			continue
		}
		if !s.take('}') {
			return s.fail("want ',' or '}'")
		}
		s.depth--
		return nil
	}
}

// Array reads an array and calls f with the index of each element; f must read
// the element, with Skip at the least.
func (s *Scanner) Array(f func(i int) error) error {
	if err := s.open('[', "an array"); err != nil {
		return err
	}
	if s.take(']') {
		s.depth--
		return nil
	}
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			return err
		}
		if s.take(',') {
			continue
		}
		if !s.take(']') {
			return s.fail("want ',' or ']'")
		}
		s.depth--
		return nil
	}
}

// Str reads a string and returns its unescaped bytes.
func (s *Scanner) Str() ([]byte, error) {
	if !s.take('"') {
		return nil, s.fail("want a string")
	}
	start := s.i
	ascii := true
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			t := s.b[start:s.i]
			s.i++
			if !ascii && !utf8.Valid(t) {
				return nil, s.fail("invalid UTF-8")
			}
			return t, nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return nil, s.fail("control character in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, s.fail("string does not end")
}

// escaped reads on in a string that has an escape at s.i.
func (s *Scanner) escaped(start int) ([]byte, error) {
	s.scratch = append(s.scratch[:0], s.b[start:s.i]...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		s.i++
		switch {
		case c == '"':
			if !utf8.Valid(s.scratch) {
				return nil, s.fail("invalid UTF-8")
			}
			return s.scratch, nil
		case c < ' ':
			return nil, s.fail("control character in a string")
		case c != '\\':
			s.scratch = append(s.scratch, c)
		default:
			if err := s.escape(); err != nil {
				return nil, err
			}
		}
	}
	return nil, s.fail("string does not end")
}

func (s *Scanner) escape() error {
	if s.i >= len(s.b) {
		return s.fail("string does not end")
	}
	c := s.b[s.i]
	s.i++
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, err := s.hex4()
		if err != nil {
			return err
		}
		if r >= 0xD800 && r < 0xDC00 {
			if s.i+1 >= len(s.b) || s.b[s.i] != '\\' || s.b[s.i+1] != 'u' {
				return s.fail("half a surrogate pair")
			}
			s.i += 2
			low, err := s.hex4()
			if err != nil {
				return err
			}
			if low < 0xDC00 || low >= 0xE000 {
				return s.fail("half a surrogate pair")
			}
			r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
		} else if r >= 0xDC00 && r < 0xE000 {
			return s.fail("half a surrogate pair")
		}
		s.scratch = utf8.AppendRune(s.scratch, r)
		return nil
	default:
		return s.fail("unknown escape")
	}
	s.scratch = append(s.scratch, c)
	return nil
}

func (s *Scanner) hex4() (rune, error) {
	if s.i+4 > len(s.b) {
		return 0, s.fail("want four hex digits")
	}
	var r rune
	for range 4 {
		c := s.b[s.i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, s.fail("want four hex digits")
		}
		r = r<<4 | rune(c)
		s.i++
	}
	return r, nil
}

// Number reads a number and returns its text.
func (s *Scanner) Number() ([]byte, error) {
	s.space()
	start := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	switch {
	case s.i < len(s.b) && s.b[s.i] == '0':
		s.i++
	case s.digits() == 0:
		return nil, s.fail("want a number")
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		if s.i++; s.digits() == 0 {
			return nil, s.fail("want a digit")
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.digits() == 0 {
			return nil, s.fail("want a digit")
		}
	}
	return s.b[start:s.i], nil
}

func (s *Scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// Text reads a number or a string and returns its text: venues send amounts as
// either.
func (s *Scanner) Text() ([]byte, error) {
	if s.Peek() == String {
		return s.Str()
	}
	return s.Number()
}

// Int reads a whole number, or a string that holds one.
func (s *Scanner) Int() (int64, error) {
	t, err := s.Text()
	if err != nil {
		return 0, err
	}
	neg := len(t) > 0 && t[0] == '-'
	if neg {
		t = t[1:]
	}
	if len(t) == 0 || len(t) > 18 {
		return 0, s.fail("want a whole number of at most 18 digits")
	}
	var v int64
	for _, c := range t {
		if c < '0' || c > '9' {
			return 0, s.fail("want a whole number")
		}
		v = v*10 + int64(c-'0')
	}
	if neg {
		v = -v
	}
	return v, nil
}

// Bool reads true or false.
func (s *Scanner) Bool() (bool, error) {
	switch {
	case s.word("true"):
		return true, nil
	case s.word("false"):
		return false, nil
	}
	return false, s.fail("want true or false")
}

// Null reads null and reports whether there was one.
func (s *Scanner) Null() bool { return s.word("null") }

func (s *Scanner) word(w string) bool {
	s.space()
	if end := s.i + len(w); end <= len(s.b) && string(s.b[s.i:end]) == w {
		s.i = end
		return true
	}
	return false
}

// Skip reads any value and forgets it; it is checked all the same.
func (s *Scanner) Skip() error {
	switch s.Peek() {
	case Object:
		return s.Object(func([]byte) error { return s.Skip() })
	case Array:
		return s.Array(func(int) error { return s.Skip() })
	case String:
		_, err := s.Str()
		return err
	case Number:
		_, err := s.Number()
		return err
	case Bool:
		_, err := s.Bool()
		return err
	case Null:
		if !s.Null() {
			return s.fail("want null")
		}
		return nil
	}
	return s.fail("want a value")
}

// Raw reads any value, checks it, and returns its text.
func (s *Scanner) Raw() ([]byte, error) {
	s.space()
	start := s.i
	if err := s.Skip(); err != nil {
		return nil, err
	}
	return s.b[start:s.i], nil
}
