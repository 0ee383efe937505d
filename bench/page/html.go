package page

import (
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
)

const style = `body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;font-size:13px}td,th{border:1px solid #ccc;padding:2px 8px;text-align:left}
.bad{color:#b00020}svg{max-width:100%;height:auto}`

// HTML writes one page that needs nothing else: no scripts, no fonts, no pictures from
// elsewhere.
func (r *Results) HTML(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"+
		"<title>Chronos: what was measured</title>\n<style>%s</style>\n"+
		"<h1>Chronos: what was measured</h1>\n<p>%s</p>\n",
		style, html.EscapeString(r.Tables()["machine"]))
	b.WriteString("<p>Ratios are of one run, ways taking turns in one process; times are of that machine then.</p>\n")
	b.WriteString("<h2>Latency by load</h2>\n" + chart("prices asked, 1/s", "ms from the schedule", r.latencies()))
	b.WriteString("<h2>Throughput against latency</h2>\n" + chart("prices answered, 1/s", "p99, ms", r.throughput()))
	b.WriteString("<h2>Growth of a small order</h2>\n" +
		chart("venues, levels or assets", "times the smallest", r.growth()))
	b.WriteString("<h2>Ratios against targets</h2>\n" + rows(r.Figures))
	b.WriteString("<h2>Routes</h2>\n" + rows(r.Routes))
	for _, why := range r.NotRun {
		fmt.Fprintf(&b, "<p>Not run: %s</p>\n", html.EscapeString(why))
	}
	b.WriteString("</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func rows(all []Series) string {
	var b strings.Builder
	b.WriteString("<table><tr><th>figure<th>one is<th>ns<th>baseline<th>its ns<th>ratio<th>spread<th>target<th>" +
		"</tr>\n")
	for i := range all {
		s := &all[i]
		q, class := SpanOf(s.Ratios), ""
		if !s.OK() {
			class = ` class="bad"`
		}
		fmt.Fprintf(&b, "<tr%s><td>%s<td>%s<td>%.0f<td>%s<td>%.0f<td>%.3f<td>%.3f to %.3f<td>%s<td>%s</tr>\n", class,
			html.EscapeString(s.Name), html.EscapeString(s.What), SpanOf(s.NS).Median, html.EscapeString(s.Baseline),
			SpanOf(s.BaseNS).Median, q.Median, q.Min, q.Max, strconv.FormatFloat(s.Target, 'g', 3, 64), verdict(s))
	}
	return b.String() + "</table>\n"
}

// line is one curve of a chart.
type line struct {
	name string
	at   [][2]float64
}

func (r *Results) latencies() []line {
	lines := []line{{name: "p50"}, {name: "p90"}, {name: "p99"}, {name: "p99.9"}, {name: "max"}}
	for _, l := range r.Loads {
		q := l.Latency
		for i, v := range []float64{q.P50, q.P90, q.P99, q.P999, q.Max} {
			lines[i].at = append(lines[i].at, [2]float64{l.RateRequested, v * 1e3})
		}
	}
	return lines
}

func (r *Results) throughput() []line {
	l := line{name: "p99 of answers"}
	for _, one := range r.Loads {
		if answered := float64(one.OK) / max(one.Duration, 1e-9); answered > 0 {
			l.at = append(l.at, [2]float64{answered, one.Latency.P99 * 1e3})
		}
	}
	return []line{l}
}

// growth is read off the names: growth/AXIS/N beside a baseline "AXIS FIRST".
func (r *Results) growth() (lines []line) {
	for i := range r.Figures {
		s := &r.Figures[i]
		part := strings.Split(s.Name, "/")
		if len(part) != 3 || part[0] != "growth" {
			continue
		}
		n, err1 := strconv.ParseFloat(part[2], 64)
		first, err2 := strconv.ParseFloat(s.Baseline[strings.LastIndexByte(s.Baseline, ' ')+1:], 64)
		if err1 != nil || err2 != nil {
			continue
		}
		if len(lines) == 0 || lines[len(lines)-1].name != part[1] {
			lines = append(lines, line{part[1], [][2]float64{{first, 1}}})
		}
		last := &lines[len(lines)-1]
		last.at = append(last.at, [2]float64{n, SpanOf(s.Ratios).Median})
	}
	return lines
}

var colors = []string{"#1565c0", "#2e7d32", "#ef6c00", "#ad1457", "#6a1b9a"}

// Size of a chart and of its margins.
const wide, high, left, bottom = 720.0, 320.0, 70.0, 45.0

// chart draws curves with both axes logarithmic.
func chart(x, y string, lines []line) string {
	low, top := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{}
	for _, l := range lines {
		for _, p := range l.at {
			for k, v := range p {
				low[k], top[k] = min(low[k], max(v, 1e-6)), max(top[k], v)
			}
		}
	}
	if top[0] == 0 {
		return "<p>Not measured.</p>\n"
	}
	place := func(p [2]float64) (px, py float64) {
		of := func(k int) float64 {
			return math.Log(max(p[k], 1e-6)/low[k]) / max(math.Log(top[k]/low[k]), 1e-9)
		}
		return left + of(0)*(wide-left-120), high - bottom - of(1)*(high-bottom-15)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" font-size=\"11\">\n", wide, high)
	for k := range 2 {
		for _, v := range ticks(low[k], top[k]) {
			p := low
			p[k] = v
			px, py := place(p)
			if k == 0 {
				text(&b, px, high-bottom+15, "middle", strconv.FormatFloat(v, 'g', 3, 64))
			} else {
				fmt.Fprintf(&b, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>\n", left, py, wide-120)
				text(&b, left-5, py+4, "end", strconv.FormatFloat(v, 'g', 3, 64))
			}
		}
	}
	text(&b, left, high-8, "start", x+" (across), "+y+" (up); both logarithmic")
	for i, l := range lines {
		draw(&b, l, colors[i%len(colors)], place)
	}
	return b.String() + "</svg>\n"
}

func draw(b *strings.Builder, l line, color string, place func([2]float64) (x, y float64)) {
	if len(l.at) == 0 {
		return
	}
	for i, p := range l.at {
		x, y := place(p)
		if i == 0 {
			fmt.Fprintf(b, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"M%.1f %.1f", color, x, y)
		} else {
			fmt.Fprintf(b, "L%.1f %.1f", x, y)
		}
	}
	b.WriteString("\"/>\n")
	for _, p := range l.at {
		x, y := place(p)
		fmt.Fprintf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, color)
	}
	x, y := place(l.at[len(l.at)-1])
	fmt.Fprintf(b, "<g fill=\"%s\">", color)
	text(b, x+8, y+4, "start", l.name)
	b.WriteString("</g>\n")
}

func text(b *strings.Builder, x, y float64, anchor, s string) {
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, html.EscapeString(s))
}

// ticks are round numbers between two.
func ticks(low, top float64) (all []float64) {
	for e := math.Floor(math.Log10(low)); e <= math.Log10(top); e++ {
		for _, m := range []float64{1, 2, 5} {
			if v := m * math.Pow(10, e); v >= low && v <= top {
				all = append(all, v)
			}
		}
	}
	return all
}
