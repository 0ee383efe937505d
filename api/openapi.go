package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openapiDoc []byte

// openapiYAML answers GET /openapi.yaml.
func (s *Server) openapiYAML(r *request) { r.document(mediaYAML, openapiDoc) }

// openapiJSON answers GET /openapi.json: the same document.
func (s *Server) openapiJSON(r *request) { r.document(mediaJSON, openapiAsJSON()) }

func (r *request) document(media string, doc []byte) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	r.media, r.cache = media, cacheFixed
	r.out.B = append(r.out.B, doc...)
}

var openapiAsJSON = sync.OnceValue(func() []byte {
	var doc any
	if err := yaml.Unmarshal(openapiDoc, &doc); err != nil {
		panic(fmt.Sprintf("api: openapi.yaml: %v", err)) // embedded, so ours
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("api: openapi.yaml: %v", err))
	}
	return b
})
