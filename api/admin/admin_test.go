package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"chronos.dev/api"
	"chronos.dev/api/admin"
	"chronos.dev/dump"
	"chronos.dev/engine"
	"chronos.dev/market"
)

const file = `{"as_of":"2026-11-23T12:00:00Z","markets":[
{"venue":"gemini","base":"ETH","quote":"BTC","taker_fee_bps":"25","bids":[["0.0390","12.5"]],"asks":[["0.0391","1"]]},
{"venue":"kraken","base":"BTC","quote":"USD","taker_fee_bps":"7.5","bids":[["68000","0.5"]],"asks":[["68001","0.5"]]}]}`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// feeds is a reader of two partitions.
type feeds struct{ orders chan string }

func (feeds) EachPartition(visit func(string, int, int64, time.Duration)) {
	visit("chronos.book.v1", 0, 7, 20*time.Millisecond)
	visit("chronos.book.v1", 1, -1, 50*time.Millisecond)
	visit("chronos.liquidity.v1", 0, 2, -1)
}

func (feeds) Counts() admin.FeedCounts {
	return admin.FeedCounts{
		Refused:   []admin.Count{{Label: "bad_json", N: 3}},
		Incidents: []admin.Count{{Label: "redial", N: 4}}, DeadLetters: []admin.Count{{Label: "dropped", N: 5}},
		Offers: []admin.Count{{Label: "offer", N: 10}}, OffersRefused: []admin.Count{{Label: "bad_offer", N: 11}},
		UnknownKeys: 6, Published: []admin.Count{{Label: "written", N: 7}}, Queued: 8, FrameErrors: 9,
	}
}

func (f feeds) Halt(key market.Key, reason string) error {
	if key.Venue == "nobody" {
		return errors.New("nobody trades " + key.String())
	}
	f.orders <- key.String() + " " + reason
	return nil
}

func (f feeds) Resume(key market.Key) error { f.orders <- key.String(); return nil }

type world struct {
	t      *testing.T
	url    string
	engine *engine.Engine
	level  slog.LevelVar
	feeds  feeds
}

func newWorld(t *testing.T) *world {
	t.Helper()
	d, err := dump.Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Engine()
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return noon.Add(500 * time.Millisecond) }
	public, err := api.New(api.Options{Engine: e, Clock: clock, Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, engine: e, feeds: feeds{make(chan string, 9)}}
	s, err := admin.New(admin.Options{
		Engine: e, Clock: clock, Traffic: public, Feeds: w.feeds, Level: &w.level,
		Version: "0.1.0", Commit: "abc", Go: "go1.26",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.url = serve(t, s.Serve, s.Shutdown)
	price := serve(t, public.Serve, public.Shutdown)
	for _, q := range []string{"&sell_amount=1", "&buy_amount=0.01", ""} {
		resp, err := http.Get(price + "/v1/price?sell_asset=ETH&buy_asset=BTC" + q)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	return w
}

func serve(t *testing.T, run func(net.Listener) error, stop func(context.Context) error) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- run(ln) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(stop(ctx), <-done); err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

func (w *world) do(method, path string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	vault := w.engine.Liquidity()
	over := &market.Offer{Key: market.Key{Venue: "vault-a", Pair: market.Pair{Base: "BTC", Quote: "USD"}}, ValidUntil: 1}
	if err := vault.Offer(over); err != nil {
		t.Fatal(err)
	}
	vault.Flush()
	status, body := w.do("GET", "/metrics")
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	for _, line := range []string{
		`chronos_build_info{commit="abc",go="go1.26",version="0.1.0"} 1`,
		`chronos_http_requests_total{code="200",route="/v1/price"} 2`,
		`chronos_http_requests_total{code="400",route="/v1/price"} 1`,
		`chronos_http_request_duration_seconds_count{route="/v1/price"} 3`,
		`chronos_quote_compute_seconds_count{kind="exact_in"} 1`,
		`chronos_quote_compute_seconds_count{kind="exact_out"} 1`,
		`chronos_quote_gap_bps_count 2`,
		fmt.Sprintf(`chronos_graph_version %d`, w.engine.Version()),
		`chronos_graph_markets{state="live"} 2`,
		`chronos_book_age_seconds{market="BTC-USD",venue="kraken"} 0.5`,
		`chronos_book_gaps_total{venue="kraken"} 0`,
		`chronos_feed_events_total 2`,
		`chronos_graph_crossed_pairs{fees="after"} 0`,
		`chronos_graph_crossed_pairs{fees="before"} 0`,
		`chronos_feed_records_refused_total{code="bad_json"} 3`,
		`chronos_feed_incidents_total{kind="redial"} 4`,
		`chronos_offers{state="expired"} 1`,
		`chronos_offer_records_total{kind="offer"} 10`,
		`chronos_offer_records_refused_total{code="bad_offer"} 11`,
		`chronos_kafka_consumer_lag{partition="0",topic="chronos.liquidity.v1"} 2`,
		`chronos_feed_dead_letters_total{outcome="dropped"} 5`,
		`chronos_feed_unknown_keys_total 6`,
		`chronos_publisher_records_total{kind="written"} 7`,
		`chronos_publisher_queue 8`,
		`chronos_replay_frame_errors_total 9`,
		`chronos_feed_lag_seconds{topic="chronos.book.v1"} 0.05`,
		`chronos_kafka_consumer_lag{partition="0",topic="chronos.book.v1"} 7`,
		`chronos_load_shed_total{reason="concurrency"} 0`,
		`chronos_load_shed_total{reason="connections"} 0`,
		`chronos_http_panics_total 0`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if !strings.Contains(body, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
	if strings.Contains(body, `partition="1"`) {
		t.Error("a lag that nobody knows")
	}
}

func TestSnapshotIsADump(t *testing.T) {
	w := newWorld(t)
	status, body := w.do("GET", "/v1/snapshot")
	d, err := dump.Read(strings.NewReader(body))
	if status != 200 || err != nil || len(d.Markets) != 2 || !d.AsOf.Equal(noon.Add(500*time.Millisecond)) {
		t.Errorf("%d %v %s", status, err, body)
	}
}

func TestFeeds(t *testing.T) {
	w := newWorld(t)
	wr := w.engine.Writer()
	wr.Apply(market.Key{Venue: "x", Pair: market.Pair{Base: "BTC", Quote: "USD"}}, &market.Event{Kind: market.Gap, Reason: "lost"})
	wr.Flush(noon.UnixNano())
	_, body := w.do("GET", "/admin/feeds")
	var got struct {
		Events, Gaps uint64
		Markets      []struct {
			State string
			AgeMs int64 `json:"age_ms"`
		}
		Partitions []struct {
			Lag   int64
			AgeMs int64 `json:"age_ms"`
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Events != 3 || got.Gaps != 1 || fmt.Sprint(got.Partitions) != "[{7 20} {-1 50} {2 -1}]" ||
		fmt.Sprint(got.Markets) != "[{live 500} {live 500} {gapped -1}]" {
		t.Errorf("feeds %+v", got)
	}
}

func TestHaltAndResume(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		path   string
		status int
		body   string // begins with
		order  string
	}{
		{"halt?venue=kraken&market=BTC-USD&reason=wrong+prices", 200, "kraken|BTC-USD halted", "kraken|BTC-USD wrong prices"},
		{"resume?venue=kraken&market=BTC-USD", 200, "kraken|BTC-USD resumed", "kraken|BTC-USD"},
		{"halt?venue=kraken&market=BTC-USD", 400, "reason: say why", ""},
		{"halt?venue=kraken&market=BTC-USD&reason=" + strings.Repeat("x", 201), 400, "reason: say why", ""},
		{"halt?venue=kraken&reason=x", 400, "want venue=NAME", ""},
		{"halt?venue=KRAKEN&market=BTC-USD&reason=x", 400, "want venue=NAME", ""},
		{"resume", 400, "want venue=NAME", ""},
		{"halt?venue=nobody&market=BTC-USD&reason=x", 409, "nobody trades nobody|BTC-USD", ""},
	}
	for _, tt := range tests {
		status, body := w.do("POST", "/admin/"+tt.path)
		order := ""
		select {
		case order = <-w.feeds.orders:
		default:
		}
		if status != tt.status || !strings.HasPrefix(body, tt.body) || order != tt.order {
			t.Errorf("%s: %d %q, order %q; want %d %q, %q", tt.path, status, body, order, tt.status, tt.body, tt.order)
		}
	}
	if status, _ := w.do("GET", "/admin/halt?venue=kraken&market=BTC-USD&reason=x"); status != 405 {
		t.Errorf("GET halts: %d", status)
	}
	req, err := http.NewRequest("POST", w.url+"/admin/halt?venue=kraken&market=BTC-USD&reason=x", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 403 || len(w.feeds.orders) != 0 {
		t.Errorf("a strange page halts a market: %d", resp.StatusCode)
	}
}

func TestLogLevel(t *testing.T) {
	w := newWorld(t)
	if status, body := w.do("PUT", "/admin/loglevel?level=debug"); status != 200 || body != "DEBUG\n" || w.level.Level() != slog.LevelDebug {
		t.Errorf("%d %s", status, body)
	}
	if status, body := w.do("GET", "/admin/loglevel"); status != 200 || body != "DEBUG\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := w.do("PUT", "/admin/loglevel?level=loud"); status != 400 || w.level.Level() != slog.LevelDebug {
		t.Errorf("%d", status)
	}
}

func TestOnlyWhatIsListedIsServed(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]int{
		"/debug/pprof/":                     200,
		"/debug/pprof/goroutine?debug=1":    200,
		"/debug/pprof/profile?seconds=1":    200,
		"/debug/pprof/profile?seconds=3600": 400,
		"/debug/pprof/trace?seconds=-1":     400,
		"/debug/pprof/symbol":               200,
		"/v1/price":                         404,
		"/":                                 404,
	} {
		if status, body := w.do("GET", path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := w.do("POST", "/v1/snapshot"); status != 405 {
		t.Errorf("POST: %d", status)
	}
}

func TestNewWantsAnEngineAndAClock(t *testing.T) {
	if _, err := admin.New(admin.Options{}); err == nil {
		t.Error("a server without engine and clock")
	}
}

// Without a public API, a feed and a log there is still something to show.
func TestBareServer(t *testing.T) {
	d, err := dump.Read(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Engine()
	if err != nil {
		t.Fatal(err)
	}
	s, err := admin.New(admin.Options{Engine: e, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, url: serve(t, s.Serve, s.Shutdown)}
	for path, want := range map[string]int{"/metrics": 200, "/admin/feeds": 200, "/admin/loglevel": 404} {
		if status, _ := w.do("GET", path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _ := w.do("PUT", "/admin/loglevel?level=info"); status != 404 {
		t.Errorf("a level for no log: %d", status)
	}
}
