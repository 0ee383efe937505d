package api

// resource is one path, or with prefix set all paths that begin with it and go on.
type resource struct {
	path    string // as the OpenAPI document names it
	prefix  string
	limited bool // counts against the rate limit of the address
	posts   bool // takes POST with a JSON body, and nothing else
	handle  func(*Server, *request)
}

// noRoute is the index of requests that no resource saw.
const noRoute = 0

// resources are all paths; the first stands for none.
var resources []resource

// exact finds the index of a path without parameters.
var exact = map[string]int{}

func init() {
	resources = []resource{
		noRoute: {path: "none"},
		{path: "/v1/price", limited: true, handle: (*Server).price},
		{path: "/v1/prices", limited: true, posts: true, handle: (*Server).prices},
		{path: "/v1/routes", limited: true, handle: (*Server).routes},
		{path: "/v1/routes/evaluate", limited: true, posts: true, handle: (*Server).evaluate},
		{path: "/v1/book/{market}", prefix: "/v1/book/", limited: true, handle: (*Server).book},
		{path: "/v1/crossed", limited: true, handle: (*Server).crossed},
		{path: "/v1/assets", limited: true, handle: (*Server).assets},
		{path: "/v1/venues", limited: true, handle: (*Server).venues},
		{path: "/v1/markets", limited: true, handle: (*Server).markets},
		{path: "/v1/liquidity", limited: true, handle: (*Server).liquidity},
		{path: "/v1/providers", limited: true, handle: (*Server).providers},
		{path: "/v1/time", limited: true, handle: (*Server).time},
		{path: "/livez", handle: (*Server).livez},
		{path: "/readyz", handle: (*Server).readyz},
		{path: "/version", handle: (*Server).version},
		{path: "/openapi.yaml", handle: (*Server).openapiYAML},
		{path: "/openapi.json", handle: (*Server).openapiJSON},
		{path: "/problems", handle: (*Server).problemIndex},
		{path: "/problems/{slug}", prefix: "/problems/", handle: (*Server).problemPage},
	}
	if len(resources) > maxRoutes {
		panic("api: more resources than metrics count")
	}
	for i, r := range resources[1:] {
		if r.prefix == "" {
			exact[r.path] = i + 1
		}
	}
}

// find returns the route of a path and what follows its prefix.
func find(path []byte) (to int, arg []byte) {
	if i, ok := exact[string(path)]; ok {
		return i, nil
	}
	for i := range resources {
		p := resources[i].prefix
		if p != "" && len(path) > len(p) && string(path[:len(p)]) == p {
			return i, path[len(p):]
		}
	}
	return noRoute, nil
}
