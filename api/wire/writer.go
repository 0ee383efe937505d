package wire

import (
	"strconv"
	"unicode/utf8"
)

// Writer appends JSON to B. It sets the commas; the caller opens and closes in
// pairs and writes a value after each key. It does not allocate beyond B.
type Writer struct {
	B     []byte
	start int // where the JSON begins in B
}

// NewWriter returns a Writer that appends to dst.
func NewWriter(dst []byte) *Writer { return &Writer{B: dst, start: len(dst)} }

// Reset makes w append to dst.
func (w *Writer) Reset(dst []byte) { w.B, w.start = dst, len(dst) }

// sep writes a comma unless this is the first value of something. A value never
// ends in one of these bytes: a string ends in its quote.
func (w *Writer) sep() {
	if len(w.B) == w.start {
		return
	}
	switch w.B[len(w.B)-1] {
	case '{', '[', ':':
	default:
		w.B = append(w.B, ',')
	}
}

// Open begins an object or an array, as c is '{' or '['.
func (w *Writer) Open(c byte) {
	w.sep()
	w.B = append(w.B, c)
}

// Close ends it, with '}' or ']'.
func (w *Writer) Close(c byte) { w.B = append(w.B, c) }

// Key begins a member. key needs no escapes.
func (w *Writer) Key(key string) *Writer {
	w.sep()
	w.B = append(w.B, '"')
	w.B = append(w.B, key...)
	w.B = append(w.B, '"', ':')
	return w
}

// Int writes a number.
func (w *Writer) Int(v int64) {
	w.sep()
	w.B = strconv.AppendInt(w.B, v, 10)
}

// Uint writes a number.
func (w *Writer) Uint(v uint64) {
	w.sep()
	w.B = strconv.AppendUint(w.B, v, 10)
}

// IntOrNull writes a number, or null.
func (w *Writer) IntOrNull(v *int64) {
	if v == nil {
		w.Null()
		return
	}
	w.Int(*v)
}

// Bool writes true or false.
func (w *Writer) Bool(v bool) {
	w.sep()
	w.B = strconv.AppendBool(w.B, v)
}

// Null writes null.
func (w *Writer) Null() {
	w.sep()
	w.B = append(w.B, "null"...)
}

// Begin opens a string whose bytes the caller appends to B; they need no
// escapes. End closes it.
func (w *Writer) Begin() {
	w.sep()
	w.B = append(w.B, '"')
}

// End closes a string that Begin opened.
func (w *Writer) End() { w.B = append(w.B, '"') }

const hex = "0123456789abcdef"

// Str writes a string with the escapes it needs. Bytes that are no UTF-8 become
// the replacement character.
func (w *Writer) Str(s string) {
	w.Begin()
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		w.B = append(w.B, s[from:i]...)
		w.escape(c)
		i += size
		from = i
	}
	w.B = append(w.B, s[from:]...)
	w.End()
}

func (w *Writer) escape(c byte) {
	switch {
	case c == '"' || c == '\\':
		w.B = append(w.B, '\\', c)
	case c < ' ':
		w.B = append(w.B, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	default:
		w.B = append(w.B, `\ufffd`...)
	}
}
