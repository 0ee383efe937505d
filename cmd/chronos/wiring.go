package main

import (
	"crypto/tls"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

func tlsConfig() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS13} }

// bar is the progress of a long command. It is drawn on a terminal only.
type bar struct{ b *progressbar.ProgressBar }

func newBar(w io.Writer, total int) bar {
	if w == nil || !isTerminal(w) {
		return bar{}
	}
	return bar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w), progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

// add counts one. A terminal that cannot be drawn on is no reason to stop.
func (b bar) add() {
	if b.b != nil {
		_ = b.b.Add(1)
	}
}

// set says how many there are.
func (b bar) set(n int64) {
	if b.b != nil {
		_ = b.b.Set64(n)
	}
}

func (b bar) done() {
	if b.b != nil {
		_ = b.b.Finish()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
