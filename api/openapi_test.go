package api_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"chronos.dev/api"
)

type object = map[string]any

func document(t *testing.T, w *world) object {
	t.Helper()
	var doc object
	if err := yaml.Unmarshal([]byte(w.get("/openapi.yaml").body), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentAndRoutesAgree(t *testing.T) {
	w := newWorld(t, nil)
	var inDoc []string
	for path, item := range document(t, w)["paths"].(object) {
		inDoc = append(inDoc, path)
		for method := range item.(object) {
			if method != api.Method(path) {
				t.Errorf("%s %s is in the document; no resource has it", method, path)
			}
		}
	}
	slices.Sort(inDoc)
	routes := slices.Sorted(slices.Values(api.Routes()))
	if fmt.Sprint(inDoc) != fmt.Sprint(routes) {
		t.Errorf("the document has %v\nthe server %v", inDoc, routes)
	}
}

func TestDocumentAsJSONIsTheDocument(t *testing.T) {
	w := newWorld(t, nil)
	var fromJSON any
	if err := json.Unmarshal([]byte(w.get("/openapi.json").body), &fromJSON); err != nil {
		t.Fatal(err)
	}
	fromYAML, err := json.Marshal(document(t, w))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(fromJSON)
	if string(again) != string(fromYAML) {
		t.Error("openapi.json is not openapi.yaml")
	}
}

// Every answer here is held against the schema that the document has for it, and
// every member of a schema must be in some answer.
func TestAnswersMatchTheDocument(t *testing.T) {
	w := newWorld(t, nil)
	c := &checker{t: t, doc: document(t, w), seen: map[string]bool{}}
	const q = "/v1/price?sell_asset=BTC&buy_asset=USD&"
	for _, path := range []string{
		q + "sell_amount=2.5", q + "buy_amount=1000", "/v1/price?sell_asset=ETH&buy_asset=EUR&sell_amount=3",
		"/v1/routes?sell_asset=ETH&buy_asset=USD&sell_amount=3", "/v1/book/BTC-USD", "/v1/crossed", "/v1/assets", "/v1/venues", "/v1/markets", "/v1/time", "/livez", "/readyz", "/version",
	} {
		c.answer(path, w.get(path))
	}
	batch := `{"items":[{"sell_asset":"BTC","buy_asset":"USD","sell_amount":"1","max_hops":2,"strategy":"fast","max_settlement_ms":60000},` +
		`{"sell_asset":"BTC","buy_asset":"DOGE","buy_amount":"1"}]}`
	var items any
	if err := json.Unmarshal([]byte(batch), &items); err != nil {
		t.Fatal(err)
	}
	c.check("/v1/prices", "", object{"$ref": "#/components/schemas/PriceList"}, items)
	c.answer("/v1/prices", w.post("/v1/prices", "application/json", batch))
	c.treasury()
	told := newWorld(t, func(o *api.Options) { o.Confidence = said{text: "0.97"} })
	c.answer(q, told.get(q+"sell_amount=2.5"))
	c.answer("/v1/routes", told.get("/v1/routes?sell_asset=ETH&buy_asset=USD&sell_amount=3"))
	cut := cutWorld(t, 1, nil)
	c.answer(q, cut.get(q+"sell_amount=20"))
	for _, amount := range []string{"sell_amount", "buy_amount"} {
		body := `{"sell_asset":"BTC","buy_asset":"USD","` + amount + `":"1","route":[{"venue":"gemini","market":"BTC-USD"}]}`
		var sent any
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatal(err)
		}
		c.check(evaluate, "", object{"$ref": "#/components/schemas/Order"}, sent)
		c.answer(evaluate, w.post(evaluate, "application/json", body))
	}
	for _, path := range []string{
		q + "sell_amount=x", q + "sell_amount=100000&max_hops=1", "/v1/price?sell_asset=BTC&buy_asset=DOGE&sell_amount=1", "/nothing",
	} {
		c.answer(path, w.get(path))
	}
	w.now.Add(3e9)
	w.snapshot("kraken", "ETH-BTC", [][2]string{{"0.03", "10"}}, [][2]string{{"0.04", "10"}})
	w.snapshot("gemini", "ETH-BTC", [][2]string{{"0.041", "10"}}, [][2]string{{"0.042", "10"}})
	w.writer.Flush(w.now.Load())
	c.answer("/v1/crossed", w.get("/v1/crossed"))
	c.answer("/v1/price?sell_asset=ETH&buy_asset=BTC&sell_amount=1", w.get("/v1/price?sell_asset=ETH&buy_asset=BTC&sell_amount=1"))
	c.answer(q, w.get(q+"sell_amount=1"))
	c.answer(q, w.get("/v1/price?sell_asset=ETH&buy_asset=BTC&sell_amount=0.00000001"))
	w.server.Drain()
	c.answer("/readyz", w.get("/readyz"))
	for name, schema := range c.doc["components"].(object)["schemas"].(object) {
		props, _ := schema.(object)["properties"].(object)
		for p := range props {
			if !c.seen[name+"."+p] {
				t.Errorf("no answer has %s.%s", name, p)
			}
		}
	}
}

// checker holds values against the few kinds of schema that the document uses.
type checker struct {
	t    *testing.T
	doc  object
	seen map[string]bool // schema.property
}

func (c *checker) answer(path string, a answer) {
	c.t.Helper()
	schema := object{"$ref": "#/components/schemas/Problem"}
	if a.status == 200 {
		base, _, _ := strings.Cut(path, "?")
		if strings.HasPrefix(base, "/v1/book/") {
			base = "/v1/book/{market}"
		}
		schema = at(c.doc, "paths", base, api.Method(base), "responses", "200", "content", "application/json", "schema")
	}
	var v any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		c.t.Fatal(err)
	}
	c.check(path, "", schema, v)
}

func at(o object, keys ...string) object {
	for _, k := range keys {
		o = o[k].(object)
	}
	return o
}

func (c *checker) check(where, name string, schema object, v any) {
	c.t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		name = ref[strings.LastIndex(ref, "/")+1:]
		c.check(where, name, at(c.doc, "components", "schemas", name), v)
		return
	}
	if all, ok := schema["allOf"].([]any); ok {
		for _, s := range all {
			c.check(where, name, s.(object), v)
		}
		return
	}
	if !hasType(schema["type"], v) {
		c.t.Errorf("%s: %v is no %v", where, v, schema["type"])
		return
	}
	switch v := v.(type) {
	case object:
		c.object(where, name, schema, v)
	case []any:
		for i, e := range v {
			c.check(fmt.Sprintf("%s/%d", where, i), "", schema["items"].(object), e)
		}
	case string:
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			c.t.Errorf("%s: %q is not like %s", where, v, p)
		}
		if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, any(v)) {
			c.t.Errorf("%s: %q is none of %v", where, v, enum)
		}
	}
}

func (c *checker) object(where, name string, schema, v object) {
	c.t.Helper()
	props, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, k := range required {
		if _, ok := v[k.(string)]; !ok {
			c.t.Errorf("%s: no %s", where, k)
		}
	}
	for k, member := range v {
		s, ok := props[k].(object)
		if !ok {
			s, ok = schema["additionalProperties"].(object)
		}
		if !ok {
			c.t.Errorf("%s: %s is not in the document", where, k)
			continue
		}
		c.seen[name+"."+k] = true
		c.check(where+"/"+k, "", s, member)
	}
}

func hasType(want, v any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return hasType(w, v) })
	}
	switch v := v.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "integer" && v == float64(int64(v)) || want == "number"
	case []any:
		return want == "array"
	}
	return want == "object"
}

func TestProblemPages(t *testing.T) {
	w := newWorld(t, nil)
	index := w.get("/problems")
	for _, slug := range api.ProblemSlugs() {
		a := w.get("/problems/" + slug)
		if a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=utf-8" ||
			a.header.Get("Content-Security-Policy") == "" {
			t.Errorf("page of %s: %v", slug, a)
		}
		for _, part := range []string{"<h2>Cause</h2><p>", "<h2>Fix</h2><p>", "<h2>Example</h2><pre>", strings.ReplaceAll(slug, "-", "_")} {
			if _, after, ok := strings.Cut(a.body, part); !ok || strings.HasPrefix(after, "</") && strings.HasSuffix(part, ">") {
				t.Errorf("page of %s has no %s", slug, part)
			}
		}
		if !strings.Contains(index.body, `href="/problems/`+slug+`"`) {
			t.Errorf("%s is not in the index", slug)
		}
	}
	w.problem(404, "/problems/nothing")
	w.problem(400, "/problems?a=b")
	w.problem(400, "/problems/internal?a=b")
}
