package api

import (
	"bytes"
	"errors"
	"net"
	"strings"

	"github.com/valyala/fasthttp"
)

// admit refuses what no resource should see and finds the resource of the rest.
// Where it returns false the answer is written.
func (s *Server) admit(ctx *fasthttp.RequestCtx, r *request) (to int, ok bool) {
	h := &ctx.Request.Header
	if hasTransferEncoding(h.RawHeaders()) {
		// Chunks and a length can disagree about where a request ends, and a
		// proxy before us may believe the other one. We need no chunks.
		return s.turnAway(r, noRoute, "length-required", true)
	}
	if !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0" || !plain(h.RawHeaders()) {
		r.fail("/", "header", "Send HTTP/1.1 with plain header fields: a name, a colon, a value, CR LF.")
		return s.turnAway(r, noRoute, "invalid-request", true)
	}
	path, query, _ := bytes.Cut(h.RequestURI(), []byte{'?'})
	if !canonical(path) {
		r.fail("/", "path",
			"Send the path in its plain form: no escapes, no empty or dot segments, no host.")
		return s.turnAway(r, noRoute, "invalid-request", false)
	}
	r.path, r.query, r.body = append(r.path, path...), query, ctx.Request.Body()
	r.ifNoneMatch = h.Peek("If-None-Match")
	to, r.arg = find(r.path)
	posts := resources[to].posts
	switch {
	case to == noRoute:
		return s.turnAway(r, to, "not-found", false)
	case posts && !h.IsPost():
		r.allow = "POST"
		return s.turnAway(r, to, "method-not-allowed", len(r.body) > 0)
	case !posts && !h.IsGet() && !h.IsHead():
		r.allow = "GET, HEAD"
		return s.turnAway(r, to, "method-not-allowed", len(r.body) > 0)
	case !posts && (len(r.body) > 0 || h.ContentLength() > 0):
		r.fail("/", "body", "Send no body with GET or HEAD.")
		return s.turnAway(r, to, "invalid-request", true)
	case posts && !isJSON(h.ContentType()):
		return s.turnAway(r, to, "unsupported-media-type", false)
	case posts && len(query) > 0:
		r.fail("/", "query", "Send the parameters in the body.")
		return s.turnAway(r, to, "invalid-request", false)
	case resources[to].limited && s.limiter != nil:
		r.address = addressOf(ctx.RemoteAddr())
		r.limit = s.limiter.take(r.address, r.start.UnixNano())
		if !r.limit.ok {
			r.retryAfter = r.limit.wait
			return s.turnAway(r, to, "rate-limited", false)
		}
	}
	return to, true
}

func (s *Server) turnAway(r *request, to int, slug string, closes bool) (int, bool) {
	r.turnAway(slug)
	r.close = closes
	return to, false
}

// isJSON reports whether a content type is application/json, in UTF-8 if it says.
func isJSON(media []byte) bool {
	name, params, _ := strings.Cut(strings.ToLower(string(media)), ";")
	params = strings.TrimSpace(params)
	return strings.TrimSpace(name) == mediaJSON && (params == "" || params == "charset=utf-8")
}

var transferEncoding = []byte("transfer-encoding")

// hasTransferEncoding looks for the field in a raw header block, for fasthttp
// does not keep all of its values.
func hasTransferEncoding(raw []byte) bool {
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte{'\n'})
		name, _, _ := bytes.Cut(line, []byte{':'})
		if len(name) == len(transferEncoding) && bytes.EqualFold(name, transferEncoding) {
			return true
		}
		raw = rest
	}
	return false
}

// plain reports whether a header block is written as RFC 9112 says: a token, a
// colon, the value, CR LF. fasthttp also takes folded fields, spaces within
// names and lines that end in LF alone, and a proxy before us may read those
// differently.
func plain(raw []byte) bool {
	for len(raw) > 0 {
		line, rest, ok := bytes.Cut(raw, []byte("\r\n"))
		if !ok {
			return false
		}
		raw = rest
		if len(line) == 0 {
			continue // the end of the block
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || !token(name) || bytes.IndexByte(value, '\n') >= 0 || bytes.IndexByte(value, '\r') >= 0 {
			return false
		}
	}
	return true
}

// token reports whether b can be the name of a field.
func token(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}

// canonical reports whether a path is written in the only way we take it: of
// letters, digits and -._~, in segments that are neither empty nor dots. What
// a proxy and we could read differently is not read at all.
func canonical(path []byte) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	dots := true // nothing but dots in this segment so far
	for _, c := range path[1:] {
		switch {
		case c == '/':
			if dots {
				return false
			}
			dots = true
			continue
		case c == '.':
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '_', c == '~':
			dots = false
		default:
			return false
		}
	}
	return len(path) == 1 || !dots || path[len(path)-1] == '/'
}

// refusal maps what fasthttp could not read to a problem.
func refusal(h *fasthttp.RequestHeader, err error) string {
	var small *fasthttp.ErrSmallBuffer
	var netErr net.Error
	switch {
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding),
		hasTransferEncoding(h.RawHeaders()):
		return "length-required"
	case errors.As(err, &small):
		return "header-too-large"
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return "too-large"
	case errors.As(err, &netErr) && netErr.Timeout():
		return "request-timeout"
	}
	return "invalid-request"
}
