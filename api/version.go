package api

// version answers GET /version.
func (s *Server) version(r *request) {
	if !r.accept() {
		r.refuseInvalid()
		return
	}
	w := &r.out
	w.Open('{')
	w.Key("version").Str(s.opts.Version.Version)
	w.Key("commit").Str(s.opts.Version.Commit)
	w.Key("go").Str(s.opts.Version.Go)
	w.Close('}')
}
