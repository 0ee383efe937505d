package api

import (
	"net/netip"
	"strconv"
	"time"

	"chronos.dev/api/wire"
	"chronos.dev/engine"

	"github.com/valyala/fasthttp"
)

// request is one request and its answer, without any memory of fasthttp's but
// query, body and arg, which are valid until the handler returns. It is reused.
type request struct {
	id    []byte
	path  []byte // canonical
	query []byte
	body  []byte
	arg   []byte // what follows the prefix of the route

	ifNoneMatch []byte // tags of what the caller has

	start time.Time
	// address is whom the request counts against.
	address netip.Addr

	params  params
	invalid []wire.FieldError
	told    *wire.Problem    // its room for a plain one
	items   []engine.Request // of a batch
	pricer  *pricer
	memory  *engine.Memory // of the price at hand

	// The answer.
	out        wire.Writer
	status     int
	media      string
	cache      string
	etag       []byte
	said       []byte // confidence, for the tag
	retryAfter int    // seconds, 0: none
	allow      string // methods
	close      bool
	limit      limitState
}

// Media types and cache rules of answers.
const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
	mediaHTML    = "text/html; charset=utf-8"
	mediaYAML    = "application/yaml"

	cacheNone  = "no-store"
	cachePrice = "no-cache"            // may be kept, not used without asking
	cacheFixed = "public, max-age=300" // the same until the next release
	cacheAsset = "public, max-age=5"
)

func (r *request) reset(start time.Time) {
	out := r.out.B[:0]
	*r = request{
		id: r.id[:0], path: r.path[:0], etag: r.etag[:0], said: r.said[:0], invalid: r.invalid[:0], items: r.items[:0],
		params: params{scratch: r.params.scratch[:0]}, pricer: r.pricer, memory: r.memory, told: r.told,
		start: start, status: fasthttp.StatusOK, media: mediaJSON, cache: cacheNone,
	}
	r.out.Reset(out)
}

// turnAway makes the plain problem of a kind the answer, with the mistakes noted.
func (r *request) turnAway(slug string) {
	*r.told = plainProblems[slug]
	r.told.Errors = r.invalid
	r.problem(r.told)
}

// problem makes p the answer.
func (r *request) problem(p *wire.Problem) {
	r.status, r.media, r.cache = p.Status, mediaProblem, cacheNone
	if p.Retryable && r.retryAfter == 0 {
		r.retryAfter = 1
	}
	r.out.Reset(p.AppendFor(r.out.B[:0], r.path, r.id))
}

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	r := s.requests.Get().(*request)
	r.reset(s.opts.Clock())
	r.id = s.ids.choose(r.id, ctx.Request.Header.Peek("X-Request-Id"))
	to := s.answer(ctx, r)
	s.send(ctx, r, to)
	s.requests.Put(r)
}

// answer finds the resource and lets it write the answer. A panic is a bug of
// ours: the caller learns its id, the log the rest.
func (s *Server) answer(ctx *fasthttp.RequestCtx, r *request) (to int) {
	defer func() {
		if v := recover(); v != nil {
			s.metrics.panics.Add(1)
			s.opts.Log("api: panic in request %s: %v", r.id, v)
			r.path = r.path[:0]
			r.problem(newProblem("internal"))
			r.close = true
		}
	}()
	to, ok := s.admit(ctx, r)
	if ok {
		resources[to].handle(s, r)
	}
	return to
}

// refuse answers what fasthttp could not read as a request.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	r := s.requests.Get().(*request)
	r.reset(s.opts.Clock())
	r.id = s.ids.choose(r.id, nil)
	r.problem(newProblem(refusal(&ctx.Request.Header, err)))
	r.close = true
	s.send(ctx, r, noRoute)
	s.requests.Put(r)
}

// Fields of every answer, as fasthttp writes their names.
var (
	fieldSniff  = []byte("X-Content-Type-Options")
	noSniff     = []byte("nosniff")
	fieldCache  = []byte("Cache-Control")
	fieldID     = []byte("X-Request-Id")
	fieldTag    = []byte("Etag")
	fieldTiming = []byte("Server-Timing")
	fieldLimit  = []byte("Ratelimit")
	fieldPolicy = []byte("Ratelimit-Policy")
)

// send writes the answer out.
func (s *Server) send(ctx *fasthttp.RequestCtx, r *request, to int) {
	took := s.opts.Clock().Sub(r.start)
	resp := &ctx.Response
	resp.SetStatusCode(r.status)
	h := &resp.Header
	var buf [64]byte
	h.SetContentType(r.media)
	h.SetCanonical(fieldSniff, noSniff)
	h.SetCanonical(fieldCache, append(buf[:0], r.cache...))
	h.SetCanonical(fieldID, r.id)
	if r.media == mediaHTML {
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	}
	if len(r.etag) > 0 {
		h.SetCanonical(fieldTag, r.etag)
	}
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	h.SetCanonical(fieldTiming, appendTiming(buf[:0], took))
	if r.retryAfter > 0 {
		h.SetBytesV("Retry-After", strconv.AppendInt(buf[:0], int64(r.retryAfter), 10))
	}
	if r.limit.on {
		h.SetCanonical(fieldPolicy, append(buf[:0], s.limiter.policy...))
		h.SetCanonical(fieldLimit, r.limit.append(buf[:0]))
	}
	resp.SetBody(r.out.B)
	if r.close {
		ctx.SetConnectionClose()
	}
	s.metrics.request(int(ctx.ConnID()), to, r.status, took)
}

// appendTiming appends route;dur=0.041, in milliseconds.
func appendTiming(dst []byte, took time.Duration) []byte {
	us := max(took.Microseconds(), 0)
	dst = append(dst, "route;dur="...)
	dst = strconv.AppendInt(dst, us/1000, 10)
	return append(dst, '.', byte('0'+us/100%10), byte('0'+us/10%10), byte('0'+us%10))
}
