package api

import "github.com/valyala/fasthttp"

// Routes returns the paths of all resources.
func Routes() (paths []string) {
	for _, r := range resources[1:] {
		paths = append(paths, r.path)
	}
	return paths
}

// Method returns the method of a resource in the OpenAPI document.
func Method(path string) string {
	for _, r := range resources[1:] {
		if r.path == path && r.posts {
			return "post"
		}
	}
	return "get"
}

// ProblemSlugs returns the slugs of all kinds of problem.
func ProblemSlugs() (slugs []string) {
	for _, k := range problemKinds {
		slugs = append(slugs, k.slug)
	}
	return slugs
}

// Handler answers requests without a connection.
func (s *Server) Handler() func(*fasthttp.RequestCtx) { return s.handle }
