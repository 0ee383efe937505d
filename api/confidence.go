package api

import (
	"time"

	"chronos.dev/engine"
)

// Confidence says how likely it is that the output of a price can still be had
// on its venues after Horizon. It is asked by many at once.
type Confidence interface {
	// AppendConfidence appends a decimal from 0 to 1 with two places, or nothing and
	// returns why: one of the words that openapi.yaml lists.
	AppendConfidence(dst []byte, p *engine.Price) ([]byte, string)
	Horizon() time.Duration
}

// noTable is the reason where there is nothing to say a confidence from.
const noTable = "no_table"

// appendConfidence writes the confidence of p, or null and why.
func (s *pricer) appendConfidence(p *engine.Price) {
	w, why := s.w, noTable
	w.Key("confidence")
	if s.confidence != nil {
		var text [8]byte
		var b []byte
		if b, why = s.confidence.AppendConfidence(text[:0], p); why == "" {
			w.Begin()
			w.B = append(w.B, b...)
			w.End()
			w.Key("confidence_horizon_ms").Int(s.confidence.Horizon().Milliseconds())
			return
		}
	}
	w.Null()
	w.Key("confidence_reason").Str(why)
}
