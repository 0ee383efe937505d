package house

const (
	module    = "chronos.dev"
	kafkaPath = "github.com/segmentio/kafka-go"
	maxFunc   = 70  // lines of a function, tests apart
	maxFile   = 500 // lines of a file
	maxLine   = 120 // columns of a line, tests apart
	tabWidth  = 4   // columns of a tab
)

// floor says what a package may import of ours. In a pattern "x/..." is x and
// all below it.
type floor struct{ pkg, may string }

// floors stands as ARCHITECTURE.md shows it; the first that matches counts.
var floors = []floor{
	{"cmd/chronos", "..."},
	{"client", "api/wire"},
	{"api", "internal/jscan api/wire engine engine/plan engine/route graph book market money money/text"},
	{"api/wire", ""},
	{"api/admin", "engine dump market"},
	{"verify", ""},
	{"bench", "bench/meter engine engine/flow engine/plan engine/route feed/capture feed/venue/all graph " +
		"graph/ladder book sim market money money/text"},
	{"bench/load", "bench/meter"},
	{"bench/peers", "bench"},
	{"bench/page", "bench bench/load bench/meter"},
	{"bench/ticks", "bench/meter broker engine feed sim market money"},
	{"bench/meter", ""},
	{"dump", "engine book graph market money money/text internal/jscan"},
	{"config", "market money money/text"},
	{"engine", "book graph engine/route engine/plan market money"},
	{"engine/route", "graph engine/branch engine/flow engine/plan market money"},
	{"engine/branch", "graph engine/flow money"},
	{"engine/flow", "graph money"},
	{"engine/plan", "market money"},
	{"graph", "book market money"},
	{"graph/ladder", "graph money"},
	{"treasury", "market money"},
	{"book", "market money"},
	// feed keeps one book an instrument while it publishes, for snapshots.
	{"feed", "broker book market money money/text internal/jscan"},
	// capture compares books with what is expected, so it holds some.
	{"feed/capture", "feed/venue book market money"},
	{"feed/venue", "market"},
	{"feed/venue/all", "feed/venue feed/venue/... market"}, // the list of them all
	{"feed/venue/venuetest", "feed/venue book market"},     // holds books, as a session does
	// session is what several decoders share; no decoder knows another.
	{"feed/venue/session", "feed/venue market money/text internal/jscan"},
	// OKCoin's v5 is OKX's protocol word for word: one decoder, two names.
	{"feed/venue/okcoin", "feed/venue feed/venue/session feed/venue/okx market internal/jscan"},
	{"feed/venue/...", "feed/venue feed/venue/session market money money/text internal/jscan"},
	{"confidence", "money internal/jscan"},
	{"confidence/facts", "confidence engine market money"},
	{
		"confidence/sample",
		"confidence confidence/facts dump engine engine/route feed/capture feed/venue feed/venue/all sim book market money",
	},
	{"sim", "market money"},
	{"market", "money"},
	{"money/text", "money"},
	{"money", ""},
	{"broker", ""},
	{"broker/brokertest", "broker"},
	{"internal/jscan", ""},
	// checker is for tests: what the engine answers, held against the books.
	{"internal/checker", "engine/plan book market money"},
	{"internal/house", ""},
	{"internal/race", ""}, // for tests
}

// owner names the packages that may import a library, in tests too.
type owner struct{ library, pkgs string }

var owners = []owner{
	{"github.com/shopspring/decimal", "money/text bench"}, // texts for people, no decisions; a baseline in bench
	{"github.com/tidwall/btree", "book bench"},            // behind book's ladder; what bench holds it against
}

// core is what takes time and chance as arguments and touches nothing outside.
var core = []string{"money", "money/text", "market", "book", "graph", "treasury", "engine/..."}

// banned are imports that the core may not have, nor anything below their path.
var banned = []string{
	"net", "os", "log", "syscall", "encoding/json", "math/rand", "crypto/rand", "github.com/valyala/fasthttp",
	"github.com/prometheus", "github.com/twmb", kafkaPath,
}

// clockless is the core and what else must replay to equal bytes.
var clockless = append([]string{"feed/venue/...", "sim"}, core...)

// floatless is where every number is an amount, a price, or decides about one.
var floatless = []string{"money", "money/text", "market", "book", "graph", "treasury", "engine/...", "feed/venue/..."}

// kafkaMakers may make writers, readers and connections; others are given them.
var kafkaMakers = []string{"broker"}

// exception is what a rule does not hold for, and why.
type exception struct{ what, why string }

var floats = []exception{
	{"engine/route", "floats propose prices of a bound; what is answered is computed in integers again"},
	{"engine/branch", "floats propose which choice to tell apart first; the cases are compared in integers"},
	{"engine/flow", "floats propose which levels to fill; the amounts are replayed in integers"},
}

// longer are files, functions as "file:name", and lines as "file:width" above
// the lengths.
var longer = []exception{}

// anything are folder names that say nothing about what is inside.
var anything = []string{
	"util", "utils", "common", "helper", "helpers", "type", "types", "pkg", "mock", "mocks", "misc", "shared",
}
