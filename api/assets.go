package api

// assets answers GET /v1/assets.
func (s *Server) assets(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("data").Open('[')
	for _, a := range s.opts.Engine.Assets() {
		w.Open('{')
		w.Key("symbol").Str(a.Symbol)
		w.Key("scale").Int(int64(a.Scale))
		w.Key("engine_scale").Int(int64(a.EngineScale))
		w.Key("hub").Bool(a.Hub)
		w.Close('}')
	}
	w.Close(']')
	w.Close('}')
	r.cache = cacheAsset
}
