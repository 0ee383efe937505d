package confidence

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The picture: its size and the square of the plot, in pixels. There is no
// background, and grey and blue stand out from white and from black alike; what
// a colour says, the shape of the point says too.
const (
	width, height = 520, 560
	left, top     = 70, 80
	side          = 400
	grey          = "#7a7a7a"
	blue          = "#2f80d0"
	red           = "#d9534f"
)

// WriteSVG draws the reliability diagram: for each bin the mean prediction
// against the share that came true, its binomial interval, and how many
// forecasts stand behind it. Equal reports give equal bytes.
func (r *Report) WriteSVG(w io.Writer) error {
	var b strings.Builder
	f := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"`+
		` font-family="sans-serif" font-size="12" fill="%s">`, width, height, width, height, grey)
	title := "Reliability of confidence: " + r.Source.String()
	f(`<title>%s</title>`, escaped(title))
	f(`<desc>%s</desc>`, escaped(fmt.Sprintf("%d forecasts, Brier score %.4f, base rate %.4f, verdict: %s",
		r.All.N, r.Brier, r.BrierBase, r.Verdict())))
	label(f, left, 22, 16, "start", title)
	label(f, left, 42, 12, "start", fmt.Sprintf("fitted on %d samples until %s", r.FitSamples, day(r.FitUntil)))
	judged, used := r.Judged()
	label(f, left, 60, 12, "start", fmt.Sprintf("tested on %d forecasts: %s, %d of %d bins judged",
		r.All.N, r.Verdict(), judged, used))
	r.axes(f)
	for i := range r.Bins {
		r.Bins[i].draw(f)
	}
	f(`</svg>`)
	_, err := io.WriteString(w, b.String())
	return err
}

// axes draws frame, scales, the band of 3 points and the counts.
func (r *Report) axes(f func(string, ...any)) {
	f(`<g stroke="%s" fill="none">`, grey)
	f(`<rect x="%d" y="%d" width="%d" height="%d"/>`, left, top, side, side)
	f(`<polygon points="%s %s %s %s %s %s" fill="%s" fill-opacity="0.18" stroke="none"/>`,
		point(0, 0), point(0, tolerance), point(1-tolerance, 1),
		point(1, 1), point(1, 1-tolerance), point(tolerance, 0), grey)
	f(`<path d="M%s L%s" stroke-dasharray="4 3"/>`, point(0, 0), point(1, 1))
	for i := 1; i < bins; i++ {
		at := float64(i) / bins
		f(`<path d="M%s L%s M%s L%s" stroke-opacity="0.25"/>`, point(at, 0), point(at, 1), point(0, at), point(1, at))
	}
	f(`</g>`)
	for i := 0; i <= bins; i += 2 {
		at := float64(i) / bins
		label(f, x(at), top+side+16, 12, "middle", fmt.Sprintf("%.1f", at))
		label(f, left-8, y(at)+4, 12, "end", fmt.Sprintf("%.1f", at))
	}
	for i := range r.Bins {
		label(f, x((float64(i)+0.5)/bins), top+side+34, 10, "middle", fmt.Sprint(r.Bins[i].N))
	}
	label(f, left-8, top+side+34, 10, "end", "forecasts")
	label(f, left+side/2, top+side+54, 12, "middle", "predicted probability that the quoted output is still there")
	label(f, left+side/2, top+side+70, 10, "middle",
		"disc: within 3 points; cross: off; ring: too few samples; bar: 99.5 % interval")
	f(`<text transform="translate(18 %d) rotate(-90)" text-anchor="middle">observed share</text>`, top+side/2)
}

// draw marks a bin.
func (b *Bin) draw(f func(string, ...any)) {
	if b.N == 0 {
		return
	}
	colour := blue
	if b.Verdict == Off {
		colour = red
	}
	px, py := x(b.Predicted), y(b.Observed)
	f(`<path d="M%s L%s" stroke="%s" stroke-width="2"/>`,
		point(b.Predicted, b.Low), point(b.Predicted, b.High), colour)
	switch b.Verdict {
	case Within:
		f(`<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`, px, py, colour)
	case Off:
		f(`<path d="M%.1f %.1f l10 10 m0 -10 l-10 10" stroke="%s" stroke-width="3"/>`, px-5, py-5, colour)
	default:
		f(`<circle cx="%.1f" cy="%.1f" r="5" fill="none" stroke="%s" stroke-width="2"/>`, px, py, colour)
	}
}

// x and y place a probability in the plot.
func x(p float64) float64 { return left + p*side }
func y(p float64) float64 { return top + (1-p)*side }

func point(px, py float64) string { return fmt.Sprintf("%.1f,%.1f", x(px), y(py)) }

func label(f func(string, ...any), x, y float64, size int, anchor, text string) {
	f(`<text x="%.1f" y="%.1f" font-size="%d" text-anchor="%s">%s</text>`, x, y, size, anchor, escaped(text))
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

func day(ns int64) string {
	if ns == 0 {
		return "never"
	}
	return time.Unix(0, ns).UTC().Format("2006-01-02 15:04 UTC")
}
