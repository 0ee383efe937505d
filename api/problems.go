package api

import (
	"html/template"
	"strings"

	"chronos.dev/api/wire"
)

// problemKind is one kind of problem: what an answer says and what its page says.
type problemKind struct {
	slug      string
	title     string
	status    int
	retryable bool
	cause     string
	fix       string
	example   string // a request or a part of an answer
}

// problemKinds are all problems that an answer may be. newProblem knows no other.
var problemKinds = []problemKind{
	{
		slug: "invalid-request", title: "Invalid request", status: 400,
		cause: "The request could not be read, or something in it is missing, unknown, given twice, " +
			"or not of the form it must have. Each entry of errors points at one input and " +
			"carries a code.",
		fix: "Correct what errors names. Amounts are plain decimals without exponents, with at " +
			"most as many decimals as the asset's scale (GET /v1/assets); exactly one of " +
			"sell_amount and buy_amount is sent.",
		example: `{"pointer":"/sell_amount","code":"amount_scale","detail":"BTC has at most 8 decimals."}`,
	},
	{
		slug: "not-found", title: "Not found", status: 404,
		cause:   "There is no such resource, or no market of that name. Paths have no trailing slash.",
		fix:     "See /openapi.yaml for the resources and GET /v1/markets for the markets.",
		example: "GET /v1/book/BTC-XYZ",
	},
	{
		slug: "method-not-allowed", title: "Method not allowed", status: 405,
		cause:   "The resource exists, but not with this method.",
		fix:     "Use a method that the Allow field of the answer names.",
		example: "POST /v1/price",
	},
	{
		slug: "request-timeout", title: "Request timeout", status: 408, retryable: true,
		cause:   "The whole request did not arrive in time. The connection was closed.",
		fix:     "Send the request at once, on a new connection.",
		example: "A request line without the empty line that ends it.",
	},
	{
		slug: "length-required", title: "Length required", status: 411,
		cause: "The request has a Transfer-Encoding. Chunks and a length can disagree about where a " +
			"request ends, so no request with chunks is taken, whatever else it says. The " +
			"connection was closed.",
		fix:     "Send a Content-Length, or no body.",
		example: "Transfer-Encoding: chunked",
	},
	{
		slug: "too-large", title: "Request too large", status: 413,
		cause:   "The body is above 64 KiB. The connection was closed.",
		fix:     "Send less. Most resources here take no body at all.",
		example: "Content-Length: 1000000",
	},
	{
		slug: "unsupported-media-type", title: "Unsupported media type", status: 415,
		cause:   "The body is not declared as JSON.",
		fix:     "Send Content-Type: application/json.",
		example: "Content-Type: text/plain",
	},
	{
		slug: "header-too-large", title: "Header too large", status: 431,
		cause:   "Request line and header fields together are above 8 KiB. The connection was closed.",
		fix:     "Send fewer or shorter fields; cookies are not used here.",
		example: "A Cookie field of 10 KiB.",
	},
	{
		slug: "no-route", title: "No route", status: 422,
		cause: "No chain of markets turns this much of one asset into the other. reason " +
			"disconnected: no markets lead from one to the other within max_hops; below_minimum: " +
			"so little that nothing would be received; policy: only_venues or exclude_venues leave no chain.",
		fix: "disconnected: allow more hops, or ask for another pair. below_minimum: ask for more; " +
			"next_sell_amount, where it is known, is enough. " +
			"policy: allow more venues. " +
			"explain names markets and why they were of no use.",
		example: `{"code":"no_route","reason":"disconnected","explain":[{"market":"BTC-USD","why":"..."}]}`,
	},
	{
		slug: "insufficient-liquidity", title: "Insufficient liquidity", status: 422,
		cause: "The books in use do not hold this much, or sizes of tiers leave a gap here.",
		fix: "Ask for at most max_sell_amount, which gives buy_amount_at_max now, or split the " +
			"order over time. Where next_sell_amount is given, that much can be sold at once too.",
		example: `{"code":"insufficient_liquidity","max_sell_amount":"41.20000000","buy_amount_at_max":"2611830.55"}`,
	},
	{
		slug: "rate-limited", title: "Rate limited", status: 429, retryable: true,
		cause: "More requests came from this address in a second than RateLimit-Policy allows.",
		fix: "Wait for Retry-After seconds, then keep below the policy; RateLimit says how much is " +
			"left.",
		example: `RateLimit-Policy: "quotes";q=1000;w=1`,
	},
	{
		slug: "internal", title: "Internal error", status: 500,
		cause:   "A bug of ours. It is in the log under the request_id.",
		fix:     "Report the request_id. The same request will most likely fail again.",
		example: `{"code":"internal","request_id":"rq_5f2c9be1a07d0000000042"}`,
	},
	{
		slug: "stale-market-data", title: "Stale market data", status: 503, retryable: true,
		cause: "A path exists, but not with books that may be used now: they are stale, gapped, " +
			"crossed, halted or still awaited. A price is never made from such a book.",
		fix: "Try again after Retry-After seconds. stale names the markets; GET /v1/markets says " +
			"what is wrong with each.",
		example: `{"code":"stale_market_data","stale":[{"venue":"kraken","market":"BTC-USD","age_ms":2350}]}`,
	},
	{
		slug: "not-ready", title: "Not ready", status: 503, retryable: true,
		cause: "The server does not have all required books yet, has lost all of them, or is " +
			"shutting down.",
		fix: "Send requests to another replica until /readyz answers 200. failing names what is " +
			"missing; at a start it takes as long as the first snapshots.",
		example: `{"code":"not_ready","failing":["book:kraken:BTC-USD"]}`,
	},
	{
		slug: "overloaded", title: "Overloaded", status: 503, retryable: true,
		cause:   "More is being computed at this moment than the server takes on. Nothing was done.",
		fix:     "Try again after Retry-After seconds, with growing pauses.",
		example: "Retry-After: 1",
	},
}

var problemBySlug = map[string]*problemKind{}

func init() {
	for i := range problemKinds {
		problemBySlug[problemKinds[i].slug] = &problemKinds[i]
	}
}

// newProblem returns a problem of a kind. The slug is one of problemKinds.
func newProblem(slug string) *wire.Problem {
	p := plainProblems[slug]
	return &p
}

// plainProblems are those of each kind, by slug.
var plainProblems = func() map[string]wire.Problem {
	all := map[string]wire.Problem{}
	for i := range problemKinds {
		k := &problemKinds[i]
		all[k.slug] = wire.Problem{
			Type: "/problems/" + k.slug, Title: k.title, Status: k.status,
			Code: k.code(), Retryable: k.retryable,
		}
	}
	return all
}()

func (k *problemKind) code() string { return strings.ReplaceAll(k.slug, "-", "_") }

var problemHTML = template.Must(template.New("").Parse(`{{define "head"}}<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}` +
	`code,pre{background:#8882;padding:.1em .3em}pre{padding:.6em;white-space:pre-wrap}</style>
<h1>{{.}}</h1>
{{end}}{{define "page"}}{{template "head" .Title}}
<p>Status {{.Status}}, code <code>{{.Code}}</code>,
{{if .Retryable}}may be tried again{{else}}not to be tried again unchanged{{end}}.</p>
<h2>Cause</h2><p>{{.Cause}}</p>
<h2>Fix</h2><p>{{.Fix}}</p>
<h2>Example</h2><pre>{{.Example}}</pre>
<p><a href="/problems">All problems</a></p>
</html>
{{end}}{{define "index"}}{{template "head" "Problems"}}<ul>
{{range .}}<li><a href="/problems/{{.Slug}}">{{.Title}}</a> ({{.Status}}, <code>{{.Code}}</code>)
{{end}}</ul>
</html>
{{end}}`))

// problemView is a kind as the templates see it.
type problemView struct {
	Slug, Title, Code, Cause, Fix, Example string
	Status                                 int
	Retryable                              bool
}

func (k *problemKind) view() problemView {
	return problemView{k.slug, k.title, k.code(), k.cause, k.fix, k.example, k.status, k.retryable}
}

// problemPage answers GET /problems/{slug}.
func (s *Server) problemPage(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	k := problemBySlug[string(r.arg)]
	if k == nil {
		r.problem(newProblem("not-found"))
		return
	}
	r.html("page", k.view())
}

// problemIndex answers GET /problems.
func (s *Server) problemIndex(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	all := make([]problemView, len(problemKinds))
	for i := range problemKinds {
		all[i] = problemKinds[i].view()
	}
	r.html("index", all)
}

func (r *request) html(name string, v any) {
	var b strings.Builder
	if err := problemHTML.ExecuteTemplate(&b, name, v); err != nil {
		panic(err) // a broken template of ours
	}
	r.media, r.cache = mediaHTML, cacheFixed
	r.out.B = append(r.out.B, b.String()...)
}
