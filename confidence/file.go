package confidence

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
)

// version of the file. A reader takes this one only.
const version = 1

// MaxBytes is the largest table file that is read.
const MaxBytes = 64 << 20

// WriteTo writes the table as JSON that Read turns into an equal table: buckets
// in their order, samples the oldest first. Equal tables give equal bytes.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	b := fmt.Appendf(nil, `{"version":%d,"source":"%s","window":%d,"step_ppm":%d,"targets_ppm":[`,
		version, t.opts.Source, t.opts.Window, t.opts.Step)
	for i, target := range t.opts.Targets {
		b = strconv.AppendInt(comma(b, i), int64(target), 10)
	}
	b = append(b, ']')
	if t.until != 0 {
		b = fmt.Appendf(b, `,"from":"%s","until":"%s"`, moment(t.from), moment(t.until))
	}
	b = append(b, `,"buckets":[`...)
	for i, at := range slices.SortedFunc(maps.Keys(t.windows), compare) {
		b = t.appendWindow(append(comma(b, i), '\n'), at)
	}
	b = append(b, `],"accepts":[`...)
	for i, k := range slices.SortedFunc(maps.Keys(t.accepts), compareTiers) {
		a := t.accepts[k]
		b = fmt.Appendf(append(comma(b, i), '\n'), `{"provider":"%s","tier":"%s","accepted":%d,"refused":%d}`,
			k.provider, k.name, a.Accepted, a.Refused)
	}
	n, err := w.Write(append(b, "]}\n"...))
	return int64(n), err
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func (t *Table) appendWindow(b []byte, at Bucket) []byte {
	w := t.windows[at]
	b = append(at.AppendText(append(b, `{"bucket":"`...)), `","alphas":[`...)
	for i := range t.opts.Targets {
		b = strconv.AppendInt(comma(b, i), int64(w.alphas[i]), 10)
	}
	b = append(b, `],"changes":[`...)
	for i := range w.ring {
		b = strconv.AppendInt(comma(b, i), int64(w.ring[(w.head+i)%len(w.ring)]), 10)
	}
	return append(b, "]}"...)
}

func compareTiers(a, b tier) int {
	switch {
	case a == b:
		return 0
	case a.provider < b.provider, a.provider == b.provider && a.name < b.name:
		return -1
	}
	return 1
}

// clone is a table that learns on its own.
func (t *Table) clone() (*Table, error) {
	c, err := NewTable(t.opts)
	if err != nil {
		return nil, err
	}
	c.total, c.from, c.until = t.total, t.from, t.until
	for b, w := range t.windows {
		m := *w
		m.ring, m.sorted, m.changed = slices.Clone(w.ring), slices.Clone(w.sorted), true
		c.windows[b] = &m
	}
	for k, a := range t.accepts {
		m := *a
		c.accepts[k] = &m
	}
	return c, nil
}
