package wire

// Problem is an RFC 9457 problem, the body of every answer that is not 2xx.
type Problem struct {
	Type      string       `json:"type"` // path of a page that explains it
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	Instance  string       `json:"instance,omitempty"` // path of the request
	Code      string       `json:"code"`               // what programs act upon
	RequestID string       `json:"request_id"`
	Retryable bool         `json:"retryable"`
	Errors    []FieldError `json:"errors,omitempty"`

	// Reason and Explain come with no_route.
	Reason  string    `json:"reason,omitempty"`
	Explain []Explain `json:"explain,omitempty"`
	// MaxSellAmount and BuyAmountAtMax come with insufficient_liquidity.
	MaxSellAmount  string `json:"max_sell_amount,omitempty"`
	BuyAmountAtMax string `json:"buy_amount_at_max,omitempty"`
	// NextSellAmount and BuyAmountAtNext come with either, where a larger order can be
	// filled.
	NextSellAmount  string `json:"next_sell_amount,omitempty"`
	BuyAmountAtNext string `json:"buy_amount_at_next,omitempty"`
	// Stale comes with stale_market_data.
	Stale []StaleMarket `json:"stale,omitempty"`
	// Failing comes with not_ready.
	Failing []string `json:"failing,omitempty"`
}

// FieldError is what is wrong with one input.
type FieldError struct {
	Pointer string `json:"pointer"` // "/sell_amount"
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Explain says why a market was of no use.
type Explain struct {
	Venue  string `json:"venue,omitempty"`
	Market string `json:"market"`
	Why    string `json:"why"`
}

// StaleMarket is a market whose book cannot be used now.
type StaleMarket struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	AgeMs  *int64 `json:"age_ms"` // null if nothing was ever heard
}

// Append appends p as JSON.
func (p *Problem) Append(dst []byte) []byte {
	w := NewWriter(dst)
	p.begin(w)
	w.optional("instance", p.Instance)
	w.Key("code").Str(p.Code)
	w.Key("request_id").Str(p.RequestID)
	p.end(w)
	return w.B
}

// AppendFor appends p as JSON, as the answer to the request with this path and id,
// which need no escapes. Those of p are not looked at.
func (p *Problem) AppendFor(dst, path, id []byte) []byte {
	w := NewWriter(dst)
	p.begin(w)
	if len(path) > 0 {
		w.Key("instance").plain(path)
	}
	w.Key("code").Str(p.Code)
	w.Key("request_id").plain(id)
	p.end(w)
	return w.B
}

// plain writes a string that needs no escapes.
func (w *Writer) plain(b []byte) {
	w.Begin()
	w.B = append(w.B, b...)
	w.End()
}

// begin writes the members before instance.
func (p *Problem) begin(w *Writer) {
	w.Open('{')
	w.Key("type").Str(p.Type)
	w.Key("title").Str(p.Title)
	w.Key("status").Int(int64(p.Status))
	w.optional("detail", p.Detail)
}

// end writes the members after request_id.
func (p *Problem) end(w *Writer) {
	w.Key("retryable").Bool(p.Retryable)
	p.appendErrors(w)
	p.appendNoRoute(w)
	w.optional("max_sell_amount", p.MaxSellAmount)
	w.optional("buy_amount_at_max", p.BuyAmountAtMax)
	w.optional("next_sell_amount", p.NextSellAmount)
	w.optional("buy_amount_at_next", p.BuyAmountAtNext)
	p.appendStale(w)
	if len(p.Failing) > 0 {
		w.Key("failing").Open('[')
		for _, f := range p.Failing {
			w.Str(f)
		}
		w.Close(']')
	}
	w.Close('}')
}

func (p *Problem) appendErrors(w *Writer) {
	if len(p.Errors) == 0 {
		return
	}
	w.Key("errors").Open('[')
	for _, e := range p.Errors {
		w.Open('{')
		w.Key("pointer").Str(e.Pointer)
		w.Key("code").Str(e.Code)
		w.Key("detail").Str(e.Detail)
		w.Close('}')
	}
	w.Close(']')
}

func (p *Problem) appendNoRoute(w *Writer) {
	w.optional("reason", p.Reason)
	if len(p.Explain) == 0 {
		return
	}
	w.Key("explain").Open('[')
	for _, e := range p.Explain {
		w.Open('{')
		w.optional("venue", e.Venue)
		w.Key("market").Str(e.Market)
		w.Key("why").Str(e.Why)
		w.Close('}')
	}
	w.Close(']')
}

func (p *Problem) appendStale(w *Writer) {
	if len(p.Stale) == 0 {
		return
	}
	w.Key("stale").Open('[')
	for _, m := range p.Stale {
		w.Open('{')
		w.Key("venue").Str(m.Venue)
		w.Key("market").Str(m.Market)
		w.Key("age_ms").IntOrNull(m.AgeMs)
		w.Close('}')
	}
	w.Close(']')
}

// optional writes a member unless it is empty.
func (w *Writer) optional(key, v string) {
	if v != "" {
		w.Key(key).Str(v)
	}
}
