package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/wire"
	"chronos.dev/confidence/facts"
	"chronos.dev/engine"
)

// said is a confidence that always says the same.
type said struct{ text, why string }

func (s said) AppendConfidence(dst []byte, p *engine.Price) ([]byte, string) {
	return append(dst, s.text...), s.why
}

func (said) Horizon() time.Duration { return 5 * time.Second }

// TestConfidenceIsANumberOrAReason: in every answer that holds a price, and never
// both.
func TestConfidenceIsANumberOrAReason(t *testing.T) {
	bodies := func(change func(*api.Options)) (all []wire.Price) {
		w := newWorld(t, change)
		var routes wire.Routes
		strict(t, w.get("/v1/routes?sell_asset=ETH&buy_asset=USD&sell_amount=3").body, &routes)
		var both wire.Evaluation
		strict(t, w.post(evaluate, "application/json", `{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1",`+
			`"route":[{"venue":"gemini","market":"BTC-USD"}]}`).body, &both)
		for _, p := range routes.Data {
			all = append(all, wire.Price{
				Confidence: p.Confidence, ConfidenceReason: p.ConfidenceReason, ConfidenceMS: p.ConfidenceMS,
			})
		}
		return append(all, w.price("sell_asset=BTC&buy_asset=USD&sell_amount=2.5"), routes.Optimum, both.Evaluated, both.Optimum)
	}
	for _, p := range bodies(nil) {
		if p.Confidence != nil || p.ConfidenceReason != facts.NoTable || p.ConfidenceMS != 0 {
			t.Errorf("without a table: %v %q", p.Confidence, p.ConfidenceReason)
		}
	}
	for _, p := range bodies(func(o *api.Options) { o.Confidence = said{text: "0.97"} }) {
		if p.Confidence == nil || *p.Confidence != "0.97" || p.ConfidenceReason != "" || p.ConfidenceMS != 5000 {
			t.Errorf("with a number: %v %q %d", p.Confidence, p.ConfidenceReason, p.ConfidenceMS)
		}
	}
	for _, p := range bodies(func(o *api.Options) { o.Confidence = said{why: facts.TooFew} }) {
		if p.Confidence != nil || p.ConfidenceReason != facts.TooFew || p.ConfidenceMS != 0 {
			t.Errorf("with a reason: %v %q", p.Confidence, p.ConfidenceReason)
		}
	}
}

// TestReasonsAreDocumented: the document lists the reasons that there are.
func TestReasonsAreDocumented(t *testing.T) {
	schema := document(t, newWorld(t, nil))["components"].(object)["schemas"].(object)["ConfidenceReason"].(object)
	b, err := json.Marshal(schema["enum"])
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	if err := json.Unmarshal(b, &listed); err != nil {
		t.Fatal(err)
	}
	slices.Sort(listed)
	have := slices.Sorted(slices.Values(facts.Reasons))
	if !slices.Equal(listed, have) {
		t.Errorf("openapi.yaml lists %v, there are %v", listed, have)
	}
	for _, why := range have {
		if !strings.Contains(schema["description"].(string), why+":") {
			t.Errorf("openapi.yaml does not say what %s is", why)
		}
	}
}
