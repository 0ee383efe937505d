package confidence

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"chronos.dev/internal/jscan"
)

// FormatError reports a file that is no table, and where. The cure is in the
// file, or in fitting a new one.
type FormatError struct {
	Line, Column int // of the first byte that is wrong, from 1
	Why          string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("confidence: line %d, column %d: %s", e.Line, e.Column, e.Why)
}

// VersionError reports a table of another version of the format. The cure is to
// fit anew.
type VersionError struct{ Got int64 }

func (e *VersionError) Error() string {
	return fmt.Sprintf("confidence: table version %d: want %d", e.Got, version)
}

// ErrTooLarge reports a file above MaxBytes.
var ErrTooLarge = fmt.Errorf("confidence: more than %d bytes", MaxBytes)

// Read reads a table and publishes it. It fails with ErrTooLarge, *VersionError,
// *FormatError, or the error of r.
func Read(r io.Reader) (*Table, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("confidence: read: %w", err)
	}
	if len(b) > MaxBytes {
		return nil, ErrTooLarge
	}
	p := &reader{}
	p.s.Reset(b)
	if err := p.file(); err != nil {
		var other *VersionError
		if errors.As(err, &other) {
			return nil, other
		}
		return nil, p.placed(err)
	}
	p.t.Publish()
	return p.t, nil
}

// reader is the state of one Read.
type reader struct {
	s       jscan.Scanner
	version int64
	opts    Options
	t       *Table // from the first bucket or accept on
	from    int64
	until   int64
}

// placed gives err the place where the scanner stands, or where it says.
func (p *reader) placed(err error) error {
	line, column, why := p.s.Place(err)
	return &FormatError{line, column, why}
}

func (p *reader) file() error {
	err := p.s.Object(p.member)
	switch {
	case err != nil:
		return err
	case p.version == 0:
		return errors.New("version is missing")
	}
	if err := p.table(); err != nil {
		return err
	}
	if empty := p.t.total == 0; empty != (p.until == 0) || empty != (p.from == 0) || p.from > p.until {
		return errors.New("from and until do not fit what was learned")
	}
	p.t.from, p.t.until = p.from, p.until
	return p.s.End()
}

// member reads one member of the file. The options stand before what they rule.
func (p *reader) member(key []byte) (err error) {
	name := string(key)
	switch name {
	case "version", "source", "window", "step_ppm", "targets_ppm":
		if p.t != nil {
			return fmt.Errorf("%s stands after what it rules", name)
		}
	}
	switch name {
	case "version":
		if p.version, err = p.int(1, 1e9); err == nil && p.version != version {
			err = &VersionError{p.version}
		}
	case "source":
		p.opts.Source, err = p.source()
	case "window":
		var v int64
		v, err = p.int(MinSamples, MaxWindow)
		p.opts.Window = int(v)
	case "step_ppm":
		var v int64
		v, err = p.int(1, int64(Certain))
		p.opts.Step = PPM(v)
	case "targets_ppm":
		var v []int64
		v, err = p.ints(nil, MaxTargets, 1, int64(Certain))
		for _, t := range v {
			p.opts.Targets = append(p.opts.Targets, PPM(t))
		}
	case "from":
		p.from, err = p.moment()
	case "until":
		p.until, err = p.moment()
	case "buckets":
		if err = p.table(); err == nil {
			err = p.s.Array(func(int) error { return p.bucket() })
		}
	case "accepts":
		if err = p.table(); err == nil {
			err = p.s.Array(func(int) error { return p.accept() })
		}
	default:
		err = fmt.Errorf("unknown key %.40q", key)
	}
	return err
}

// table makes the table once the options are known.
func (p *reader) table() (err error) {
	switch {
	case p.t != nil:
		return nil
	case p.version == 0 || p.opts.Source == 0 || p.opts.Window == 0 || p.opts.Step == 0 || p.opts.Targets == nil:
		return errors.New("version, source, window, step_ppm and targets_ppm come first")
	}
	p.t, err = NewTable(p.opts)
	return err
}

// int reads a whole number between low and high.
func (p *reader) int(low, high int64) (int64, error) {
	if p.s.Peek() != jscan.Number {
		return 0, errors.New("want a number")
	}
	v, err := p.s.Int()
	if err == nil && (v < low || v > high) {
		err = fmt.Errorf("%d: want %d to %d", v, low, high)
	}
	return v, err
}

// ints appends an array of at most most numbers to dst.
func (p *reader) ints(dst []int64, most int, low, high int64) ([]int64, error) {
	err := p.s.Array(func(i int) error {
		if i == most {
			return fmt.Errorf("more than %d numbers", most)
		}
		v, err := p.int(low, high)
		dst = append(dst, v)
		return err
	})
	return dst, err
}

func (p *reader) source() (Source, error) {
	v, err := p.s.Str()
	if err != nil {
		return 0, err
	}
	if i := slices.Index(sourceNames, string(v)); i > 0 {
		return Source(i), nil
	}
	return 0, errors.New("want the source replay or simulated")
}

// moment reads a time in the form that is written, after 1970 and before 2261.
func (p *reader) moment() (int64, error) {
	v, err := p.s.Str()
	if err != nil {
		return 0, err
	}
	t, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil || t.Unix() < 0 || t.Year() > 2260 || t.UnixNano() == 0 || moment(t.UnixNano()) != string(v) {
		return 0, fmt.Errorf("%.40q: want a time like 2026-11-23T02:55:07Z, after 1970 and before 2261", v)
	}
	return t.UnixNano(), nil
}

func (p *reader) bucket() error {
	var at Bucket
	var alphas, changes []int64
	err := p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "bucket":
			var v []byte
			if v, err = p.s.Str(); err == nil {
				at, err = ParseBucket(string(v))
			}
		case "alphas":
			alphas, err = p.ints(nil, MaxTargets, int64(lowest), int64(one))
		case "changes":
			changes, err = p.ints(nil, p.opts.Window, int64(Lost), int64(MaxChange))
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	t := p.t
	switch {
	case err != nil:
		return err
	case at.Horizon() == 0 || len(alphas) != len(t.opts.Targets) || len(changes) == 0:
		return errors.New("a bucket needs a sampled bucket, an alpha for each target, and changes")
	case t.windows[at] != nil:
		return fmt.Errorf("bucket %s is listed twice", at)
	case len(t.windows) == MaxBuckets || t.total+len(changes) > MaxTotal:
		return ErrFull
	}
	t.total += len(changes)
	w := t.window(at)
	for i, a := range alphas {
		w.alphas[i] = alpha(a)
	}
	for _, c := range changes {
		w.ring = append(w.ring, Change(c))
	}
	w.sorted, w.changed = slices.Sorted(slices.Values(w.ring)), true
	return nil
}

func (p *reader) accept() error {
	var k tier
	accepted, refused := int64(-1), int64(-1)
	err := p.s.Object(func(key []byte) (err error) {
		switch string(key) {
		case "provider":
			k.provider, err = p.name()
		case "tier":
			k.name, err = p.name()
		case "accepted":
			accepted, err = p.int(0, MaxAttempts)
		case "refused":
			refused, err = p.int(0, MaxAttempts)
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case k.provider == "" || k.name == "" || accepted < 0 || refused < 0:
		return errors.New("an accept needs provider, tier, accepted and refused")
	case accepted+refused == 0 || accepted+refused > MaxAttempts:
		return fmt.Errorf("accepted and refused: want 1 to %d together", MaxAttempts)
	case p.t.accepts[k] != nil:
		return fmt.Errorf("tier %s of %s is listed twice", k.name, k.provider)
	case len(p.t.accepts) == MaxTiers:
		return ErrFull
	}
	p.t.accepts[k] = &Accepts{int(accepted), int(refused)}
	return nil
}

func (p *reader) name() (string, error) {
	v, err := p.s.Str()
	if err == nil && !validName(string(v)) {
		err = fmt.Errorf("%.80q is no name", v)
	}
	return string(v), err
}
