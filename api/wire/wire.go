// Package wire holds the JSON shapes of the public API.
//
// The structs are what clients decode into; keys that a client does not know
// must be ignored, for more will come. Amounts, prices, ratios and times are
// strings, because numbers lose digits in many clients. A pointer is a member
// that may be null: unknown, never zero.
//
// The server does not encode these structs: it appends the same members in the
// same order with a Writer, without reflection. A test in package api holds the
// two against each other.
package wire

// Price is the answer to GET /v1/price.
type Price struct {
	Kind      string `json:"kind"`               // "indicative"
	Status    string `json:"status"`             // "exact": nothing can beat it; "bounded": at most gap_bps can
	Degraded  bool   `json:"degraded,omitempty"` // a budget ended the search; the bound holds
	SellAsset string `json:"sell_asset"`
	BuyAsset  string `json:"buy_asset"`
	// SellAmount is rounded up, BuyAmount down, to the scale of the asset.
	SellAmount string `json:"sell_amount"`
	BuyAmount  string `json:"buy_amount"`

	// Rate is BuyAmount per SellAmount, rounded down; InverseRate the other way
	// round, rounded up. Both have twelve significant digits, as MidRate does.
	Rate        string  `json:"rate"`
	InverseRate string  `json:"inverse_rate"`
	MidRate     *string `json:"mid_rate"`     // null where a hop has no bid or no ask
	SlippageBps *string `json:"slippage_bps"` // of the mid rate, before fees; below zero if better
	FeeBps      string  `json:"fee_bps"`
	Fees        []Fee   `json:"fees"`

	EstTimeMs        *int64  `json:"est_time_ms"` // until all of BuyAmount is there, of the slowest route
	Confidence       *string `json:"confidence"`
	ConfidenceReason string  `json:"confidence_reason,omitempty"`
	ConfidenceMS     int64   `json:"confidence_horizon_ms,omitempty"`

	Routes      []Route     `json:"routes"`
	Certificate Certificate `json:"certificate"`
	LeftOut     []LeftOut   `json:"left_out"`

	Simulated       bool   `json:"simulated"`
	Source          string `json:"source"`
	GraphVersion    uint64 `json:"graph_version"`
	AsOf            string `json:"as_of"` // every book used was heard of then or later
	OldestBookAgeMs int64  `json:"oldest_book_age_ms"`
	ComputedUs      int64  `json:"computed_us"`
}

// Prices is the answer to POST /v1/prices.
type Prices struct {
	Data []PriceOrProblem `json:"data"` // in the order of the items
}

// PriceOrProblem is the answer to one item: one of the two.
type PriceOrProblem struct {
	Price   *Price   `json:"price,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
}

// Routes is the answer to GET /v1/routes: the price, and the best single paths
// over the same books, best first. There may be none where only several paths
// together can carry the amount.
type Routes struct {
	SellAsset string      `json:"sell_asset"`
	BuyAsset  string      `json:"buy_asset"`
	Optimum   Price       `json:"optimum"`
	Data      []Path      `json:"data"`
	Tradeoffs []Price     `json:"tradeoffs"` // that no other of them equals or beats in amount and time
	Venues    []Regret    `json:"venues"`    // that the optimum uses
	Explain   Explanation `json:"explain"`
}

// Explanation says why the optimum is what it is: what its next unit would bring, and
// how far each side is filled.
type Explanation struct {
	MarginalRate *string `json:"marginal_rate"`
	Sides        []Use   `json:"sides"`
}

// Use is how far a plan fills one side of a book, or of a provider. ShadowBps is
// what one unit more at LastRate would be worth above what it costs.
type Use struct {
	Venue         string  `json:"venue"`
	Market        string  `json:"market"`
	Side          string  `json:"side"`
	LevelsUsed    int     `json:"levels_used"`
	Levels        int     `json:"levels"`
	LastRate      *string `json:"last_rate"`
	LastLevelLeft bool    `json:"last_level_left"`
	ShadowBps     *string `json:"shadow_bps"`
}

// Regret is how far the best plan without a venue is behind the optimum; null if
// there is no plan without it.
type Regret struct {
	Venue     string  `json:"venue"`
	RegretBps *string `json:"regret_bps"`
}

// Path is what one chain of assets gives for the whole amount. Its members mean
// what they mean in a Price.
type Path struct {
	Path      []string `json:"path"`       // the assets, first to last
	BehindBps string   `json:"behind_bps"` // how far behind the optimum

	SellAmount       string  `json:"sell_amount"`
	BuyAmount        string  `json:"buy_amount"`
	Rate             string  `json:"rate"`
	InverseRate      string  `json:"inverse_rate"`
	MidRate          *string `json:"mid_rate"`
	SlippageBps      *string `json:"slippage_bps"`
	FeeBps           string  `json:"fee_bps"`
	Fees             []Fee   `json:"fees"`
	EstTimeMs        *int64  `json:"est_time_ms"`
	Confidence       *string `json:"confidence"`
	ConfidenceReason string  `json:"confidence_reason,omitempty"`
	ConfidenceMS     int64   `json:"confidence_horizon_ms,omitempty"`
	Routes           []Route `json:"routes"`
}

// Evaluation is the answer to POST /v1/routes/evaluate: the caller's own route,
// and the price over the same books.
type Evaluation struct {
	Evaluated     Price  `json:"evaluated"`
	Optimum       Price  `json:"optimum"`
	DifferenceBps string `json:"difference_bps"` // how far the route is behind the optimum
}

// Fee is what one venue keeps of one asset, rounded up.
type Fee struct {
	Kind   string `json:"kind"` // "venue"
	Venue  string `json:"venue"`
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
}

// Route is one chain of hops. The amounts of all routes sum to those of the
// price, and what a hop buys is what the next one sells.
type Route struct {
	Share      string `json:"share"` // of the amount sold; all shares sum to 1
	SellAmount string `json:"sell_amount"`
	BuyAmount  string `json:"buy_amount"`
	Hops       []Hop  `json:"hops"`
}

// Hop is an amount at one venue and market.
type Hop struct {
	Venue      string  `json:"venue"`
	Market     string  `json:"market"`
	Side       string  `json:"side"` // "sell" or "buy" the market's base asset
	SellAsset  string  `json:"sell_asset"`
	BuyAsset   string  `json:"buy_asset"`
	SellAmount string  `json:"sell_amount"`
	BuyAmount  string  `json:"buy_amount"`
	AvgPrice   *string `json:"avg_price"` // quote per base before the fee; null of nothing
	// Tier is the provider's name of the tier that is used and TierIndex its place in
	// GET /v1/liquidity; nil of a book.
	Tier      *string `json:"tier,omitempty"`
	TierIndex *int    `json:"tier_index,omitempty"`
}

// Certificate says what no plan over the same books can beat, and how anybody can
// check that with the books: see chronos verify. Units are whole numbers of the
// smallest unit that the engine counts in (engine_scale of GET /v1/assets).
type Certificate struct {
	Method               string  `json:"method"`
	UpperBoundBuyAmount  string  `json:"upper_bound_buy_amount,omitempty"`
	LowerBoundSellAmount string  `json:"lower_bound_sell_amount,omitempty"`
	GapBps               *string `json:"gap_bps"` // from answer to bound; null where that says nothing

	ExactOut   bool       `json:"exact_out"`
	MaxHops    int        `json:"max_hops"`
	SellUnits  string     `json:"sell_units"`
	BuyUnits   string     `json:"buy_units"`
	BoundUnits string     `json:"bound_units"` // of the asset bought; of the asset sold where exact_out
	RouteUnits [][]string `json:"route_units"` // of each route: what is sold, what each hop buys

	NodePrices      *NodePrices `json:"node_prices,omitempty"` // where something is proven, without Leaves
	Leaves          []Leaf      `json:"leaves,omitempty"`      // where choices between tiers had to be told apart
	Sides           []Side      `json:"sides"`                 // that the plan uses
	SidesConsidered int         `json:"sides_considered"`
	VenuesExcluded  []string    `json:"venues_excluded"`
	MaxSettlementMs *int64      `json:"max_settlement_ms"` // what settles later is not considered; null: no limit
}

// Leaf proves the bound for the plans that make its decisions. All leaves together
// cover every plan.
type Leaf struct {
	Decisions  []Decision `json:"decisions"`
	NodePrices NodePrices `json:"node_prices"`
}

// Decision is the use of one provider's side: a tier by its index, or null for none.
type Decision struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	Side   string `json:"side"`
	Tier   *int   `json:"tier"`
}

// NodePrices are what a unit of each asset is worth, in a common unit, that give
// the bound by weak duality.
type NodePrices struct {
	Sell   string      `json:"sell"`
	Buy    string      `json:"buy"`
	Assets []NodePrice `json:"assets"` // an asset that is missing is worth nothing
}

// NodePrice is what an asset between is worth: One before a hop to another asset
// between, Two after it.
type NodePrice struct {
	Asset string `json:"asset"`
	One   string `json:"one"`
	Two   string `json:"two"`
}

// Side is one side of one book as it was used.
type Side struct {
	Venue   string `json:"venue"`
	Market  string `json:"market"`
	Side    string `json:"side"`    // "sell" uses the bids, "buy" the asks
	Version string `json:"version"` // epoch and sequence of the book
	Digest  string `json:"digest"`  // SHA-256 of all that it offered
}

// LeftOut names a market that could have been used and was not.
type LeftOut struct {
	Venue  string `json:"venue"`
	Market string `json:"market"`
	Reason string `json:"reason"` // state of its book: "stale", "gapped", ...; or "excluded"
	Detail string `json:"detail"`
	AgeMs  *int64 `json:"age_ms"` // since anything was heard; null if never
}

// Book is the answer to GET /v1/book/{market}.
type Book struct {
	Market       string    `json:"market"`
	Base         string    `json:"base"`
	Quote        string    `json:"quote"`
	Bids         []Level   `json:"bids"` // best first
	Asks         []Level   `json:"asks"`
	LeftOut      []LeftOut `json:"left_out"`
	Simulated    bool      `json:"simulated"`
	Source       string    `json:"source"`
	GraphVersion uint64    `json:"graph_version"`
	AsOf         string    `json:"as_of"`
}

// Level is one price level of one venue, before fees.
type Level struct {
	Venue string `json:"venue"`
	Price string `json:"price"`
	Size  string `json:"size"`
}

// CrossedMarkets is the answer to GET /v1/crossed: markets whose best bid at one venue
// is above the best ask at another, which is first of all a reason to doubt data.
type CrossedMarkets struct {
	Data         []Crossed `json:"data"`
	GraphVersion uint64    `json:"graph_version"`
	AsOf         string    `json:"as_of"`
}

// Crossed is one of them. CrossedBps is before fees, rounded down; AfterFees says
// whether anything of it is left.
type Crossed struct {
	Market     string `json:"market"`
	Bid        Level  `json:"bid"`
	Ask        Level  `json:"ask"`
	CrossedBps string `json:"crossed_bps"`
	AfterFees  bool   `json:"after_fees"`
}

// Asset is an asset. Amounts in the API have Scale decimals; inside, the engine
// counts with EngineScale.
type Asset struct {
	Symbol      string `json:"symbol"`
	Scale       int    `json:"scale"`
	EngineScale int    `json:"engine_scale"`
	Hub         bool   `json:"hub"`
}

// Assets is the answer to GET /v1/assets.
type Assets struct {
	Data []Asset `json:"data"`
}

// Venue is a venue and what can be said of all its markets.
type Venue struct {
	Name      string         `json:"name"`
	Simulated bool           `json:"simulated"`
	Markets   []string       `json:"markets"`
	Usable    int            `json:"usable"` // markets that prices are made from now
	States    map[string]int `json:"states"`
	// TakerFeeBps is null where the markets differ or no fee is known.
	TakerFeeBps *string `json:"taker_fee_bps"`
	FeeOn       *string `json:"fee_on"`
}

// Venues is the answer to GET /v1/venues.
type Venues struct {
	Data []Venue `json:"data"`
}

// Market is one book.
type Market struct {
	Venue         string  `json:"venue"`
	Market        string  `json:"market"`
	Base          string  `json:"base"`
	Quote         string  `json:"quote"`
	State         string  `json:"state"`
	Usable        bool    `json:"usable"`
	Reason        string  `json:"reason"`     // why it is not usable, or ""
	ChangedAt     *string `json:"changed_at"` // when the book entered its state
	AgeMs         *int64  `json:"age_ms"`
	PriceScale    int     `json:"price_scale"`
	SizeScale     int     `json:"size_scale"`
	TakerFeeBps   *string `json:"taker_fee_bps"`
	FeeOn         *string `json:"fee_on"`
	Bids          int     `json:"bids"` // levels
	Asks          int     `json:"asks"`
	VerifiedDepth int     `json:"verified_depth"` // levels a side under the venue's own check; -1 all
	Version       uint64  `json:"version"`
}

// Markets is the answer to GET /v1/markets.
type Markets struct {
	Data         []Market `json:"data"`
	GraphVersion uint64   `json:"graph_version"`
}

// Liquidity is the answer to GET /v1/liquidity.
type Liquidity struct {
	Data         []Offer `json:"data"`
	GraphVersion uint64  `json:"graph_version"`
}

// Offer is what one treasury provider offers for one pair. Sell is for who sells the
// base, Buy for who buys it, each by ascending Min.
type Offer struct {
	Provider string `json:"provider"`
	Market   string `json:"market"`
	Base     string `json:"base"`
	Quote    string `json:"quote"`
	Standing
	LastLook  *bool  `json:"last_look"` // the provider may still refuse
	Simulated bool   `json:"simulated"`
	Sell      []Tier `json:"sell"`
	Buy       []Tier `json:"buy"`
}

// Standing says whether an offer may be used. What is null is not known of one that
// was withdrawn.
type Standing struct {
	State         string  `json:"state"` // of custody, or "expired", "unpriced", "empty", "halted", "withdrawn"
	Usable        bool    `json:"usable"`
	Reason        string  `json:"reason"`         // why it is not usable, or ""
	CustodyStatus *string `json:"custody_status"` // "available", "degraded", "locked" or "unknown"
	ValidUntil    *string `json:"valid_until"`
	AgeMs         *int64  `json:"age_ms"` // by the provider's clock, as far as it gives a time
}

// Tier is what is offered for a range of the base, both ends included. A fee is of
// the quote amount and not in Price.
type Tier struct {
	Name   string  `json:"name"`
	Reason string  `json:"reason"` // why it is in no price though the offer is
	Min    string  `json:"min"`    // rounded up
	Max    string  `json:"max"`    // rounded down
	Price  *string `json:"price"`
	// SpreadBps off the price of Reference is the price where Price is null.
	SpreadBps    string    `json:"spread_bps,omitempty"`
	Reference    string    `json:"reference,omitempty"`
	Mode         string    `json:"mode"` // "whole": for all of the size; "slice": for the part within the range
	FeeBps       string    `json:"fee_bps"`
	FixedFee     *FixedFee `json:"fixed_fee"`
	SettlementMs int64     `json:"settlement_ms"`
}

// FixedFee is paid once if a tier is used.
type FixedFee struct {
	Asset  string `json:"asset"`
	Amount string `json:"amount"` // rounded up
}

// Providers is the answer to GET /v1/providers.
type Providers struct {
	Data    []Provider        `json:"data"`
	Refused []RefusedProvider `json:"refused"`
}

// RefusedProvider is one whose offers are not kept.
type RefusedProvider struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Provider is a treasury provider and all pairs that it has made an offer for.
type Provider struct {
	Name      string         `json:"name"`
	Simulated bool           `json:"simulated"`
	Usable    int            `json:"usable"` // pairs that prices are made from now
	Pairs     []ProviderPair `json:"pairs"`
}

// ProviderPair is how an offer of a provider stands.
type ProviderPair struct {
	Market string `json:"market"`
	Standing
}

// Time is the answer to GET /v1/time.
type Time struct {
	Time string `json:"time"`
	Unix int64  `json:"unix"`
}

// Health is the answer to GET /livez and, when ready, /readyz.
type Health struct {
	Status string `json:"status"`
}

// Version is the answer to GET /version.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}
