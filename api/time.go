package api

// time answers GET /v1/time.
func (s *Server) time(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("time")
	appendTime(w, r.start.UnixNano())
	w.Key("unix").Int(r.start.Unix())
	w.Close('}')
}
