package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/feed/capture"

	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go"
)

// captures returns the folder of recorded captures, or skips.
func captures(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CHRONOS_CAPTURES")
	if dir == "" {
		dir = absolute(t, filepath.Join(root, "..", "shared", "data"))
	}
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		t.Skipf("no recorded captures in %s; set CHRONOS_CAPTURES", dir)
	}
	return dir
}

// session is a made-up capture.
type session struct {
	handler  string
	lines    []string
	expected string // JSON; "" expects nothing
}

// makeCaptures writes a folder of made-up captures and returns it.
func makeCaptures(t *testing.T, sessions ...session) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := func(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:]) }
	pack, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	var entries []capture.Entry
	for _, s := range sessions {
		raw := []byte(strings.Join(s.lines, "\n") + "\n")
		zst := pack.EncodeAll(raw, nil)
		e := capture.Entry{ID: "made/" + s.handler, Handler: s.handler, Messages: len(s.lines)}
		e.Files = []capture.File{{Path: "raw/" + s.handler + ".zst", RawBytes: int64(len(raw)), ZstBytes: int64(len(zst)),
			RawSHA256: sum(raw), ZstSHA256: sum(zst)}}
		write(e.Files[0].Path, zst)
		if s.expected != "" {
			e.Expected = "made__" + s.handler + ".json"
			write("expected/"+e.Expected, []byte(s.expected))
		}
		entries = append(entries, e)
	}
	b, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	write("manifest.json", b)
	return dir
}

// hitbtc is a frame of a venue that numbers its messages: a size at 0.039.
func hitbtc(at float64, kind string, seq, size int) string {
	return fmt.Sprintf(`%.3f: {"jsonrpc":"2.0","method":"%sOrderbook","params":{"symbol":"ETHBTC",`+
		`"bid":[{"price":"0.0390","size":"%d"}],"ask":[{"price":"0.0392","size":"5"}],"sequence":%d,`+
		`"timestamp":"2021-04-17T16:46:12.255Z"}}`, 1618677973+at, kind, size, seq)
}

// ethbtc is the hash of the book behind hitbtc frames.
func ethbtc(size int) string {
	s := sha256.Sum256(fmt.Appendf(nil, "b,0.039,%d\na,0.0392,5\n", size))
	return hex.EncodeToString(s[:])
}

func TestFeedVerify(t *testing.T) {
	t.Parallel()
	lines := []string{hitbtc(0, "snapshot", 10, 1), hitbtc(1, "update", 11, 2), hitbtc(2, "update", 12, 3)}
	expect := func(hash string) string {
		return fmt.Sprintf(`{"messages":3,"message_kinds":{"snapshotOrderbook":1,"updateOrderbook":2},"books":{"ETHBTC":`+
			`{"ready":true,"snapshots":1,"updates":2,"levels":{"bids":1,"asks":1},"full_book_sha256":"%s"}}}`, hash)
	}
	good := makeCaptures(t, session{"hitbtc", lines, expect(ethbtc(3))}, session{handler: "gemini", lines: []string{
		`1618677973.0: {"type":"l2_updates","symbol":"BTCUSD","changes":[["buy","100","1"],["sell","101.5","2.50"]]}`}})
	bad := makeCaptures(t, session{"hitbtc", lines, expect(ethbtc(2))})
	var got []map[string]any
	verify := func(code int, args ...string) {
		t.Helper()
		out, talk, exit := command(t, append([]string{"feed", "verify", "-o", "json"}, args...)...)
		got = nil
		if err := json.Unmarshal([]byte(out), &got); err != nil || exit != code {
			t.Fatalf("exit %d, want %d, %v: %s%s", exit, code, err, out, talk)
		}
	}
	verify(exitOK, "--captures", good)
	if len(got) != 2 || got[0]["id"] != "made/hitbtc" || got[0]["ok"] != true || got[0]["books"] != 1.0 ||
		got[0]["checksums_ok"] != 0.0 || got[0]["checksums_bad"] != 0.0 || got[0]["compared"] != true ||
		fmt.Sprint(got[0]["differences"]) != "[]" || got[1]["compared"] != false {
		t.Errorf("%+v", got)
	}
	verify(exitOK, "--captures", good, "--venues", "gemini")
	if len(got) != 1 || got[0]["id"] != "made/gemini" {
		t.Errorf("--venues gemini: %+v", got)
	}
	verify(exitOK, "--captures", good, "--only", "*/h*")
	if len(got) != 1 || got[0]["id"] != "made/hitbtc" {
		t.Errorf("--only: %+v", got)
	}
	verify(exitFailed, "--captures", bad)
	if got[0]["ok"] != false || !strings.Contains(fmt.Sprint(got[0]["differences"]), "ETHBTC") {
		t.Errorf("another hash expected: %+v", got)
	}
	// The next message shows the loss of the one before.
	verify(exitOK, "--captures", good, "--venues", "hitbtc", "--drop-one", "7", "--seeds", "3")
	if len(got) != 3 || got[0]["noticed"] != true || got[0]["wrong"] != false || got[0]["symbol"] != "ETHBTC" {
		t.Errorf("--drop-one: %+v", got)
	}
	_, talk, code := command(t, "feed", "verify", "--captures", good, "--venues", "none")
	if code != exitUsage || !strings.Contains(talk, "gemini, hitbtc") {
		t.Errorf("unknown handler: exit %d: %s", code, talk)
	}
	// A file that is not what the manifest says is not used.
	file := filepath.Join(good, "raw", "hitbtc.zst")
	if b, err := os.ReadFile(file); err != nil || os.WriteFile(file, append(b, 0), 0o600) != nil {
		t.Fatal(err)
	}
	if _, talk, code := command(t, "feed", "verify", "--captures", good); code != exitFailed ||
		!strings.Contains(talk, "raw/hitbtc.zst") {
		t.Errorf("manipulated file: exit %d: %s", code, talk)
	}
}

func TestFeedVerifyRecorded(t *testing.T) {
	t.Parallel()
	dir := captures(t)
	out, talk, code := command(t, "feed", "verify", "--captures", dir, "--venues", "kraken", "--only", "2021-04-05/*",
		"-o", "json")
	var results []capture.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, talk)
	}
	if len(results) != 1 || !results[0].OK || results[0].SumsOK != 7575 || results[0].SumsBad != 0 {
		t.Errorf("%+v", results)
	}
	out, talk, code = command(t, "feed", "verify", "--captures", dir, "--venues", "bitfinex", "--drop-one", "3",
		"-o", "json")
	var drops []capture.Drop
	if err := json.Unmarshal([]byte(out), &drops); err != nil || code != 0 || len(drops) != 1 || !drops[0].Noticed {
		t.Errorf("exit %d, %v: %s%s", code, err, out, talk)
	}
}

const lab = `{"v":1,"venue":"lab","market":"BTC-USD","type":"snapshot",` +
	`"bids":[["60000.00","0.5"]],"asks":[["70000.00","0.5"]]}`

// A book that somebody publishes by hand moves the price, and only while it is
// confirmed. What was published is on the topic, byte by byte, and when.
func TestPublishMovesThePrice(t *testing.T) {
	t.Parallel()
	p := start(t, "--set", "default_taker_bps=10")
	const path = price + "&sell_amount=0.1"
	done := make(chan time.Time)
	go func() {
		defer close(done)
		_, talk, code := command(t, "feed", "publish", writeFile(t, lab+"\n"), "--kafka", p.kafka, "--hold", "4s")
		if code != exitOK || talk != "1 record published\n" {
			t.Errorf("publish: exit %d: %s", code, talk)
		}
	}()
	eventually(t, "the published book is in the price", func() bool {
		r := p.ask(t, path)
		return r.status == 200 && r.price.BuyAmount == "5994.00" && r.price.Routes[0].Hops[0].Venue == "lab"
	})
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(100 * time.Millisecond) {
		if r := p.ask(t, path); r.status != 200 {
			t.Fatalf("%v after the first price, while the book is held: %d %s", time.Since(began), r.status, r.body)
		}
	}
	<-done
	eventually(t, "the book that nobody confirms is in no price", func() bool {
		return p.ask(t, path).problem.Code == "stale_market_data"
	})
	out, talk, code := command(t, "feed", "tail", "--kafka", p.kafka, "--from-beginning", "--max", "1", "-o", "json")
	if begin, rest, ok := strings.Cut(out, `Z",`); code != exitOK || !ok ||
		!strings.HasPrefix(begin, `{"ts_ingest":"20`) || "{"+rest != lab+"\n" {
		t.Errorf("tail: exit %d: %s%s", code, out, talk)
	}
}

// A line that deletes ends an offer at once, and a price for those that rest on it.
func TestPublishDeletes(t *testing.T) {
	t.Parallel()
	p := start(t)
	publish := func(lines ...string) {
		t.Helper()
		file := writeFile(t, strings.Join(lines, "\n")+"\n")
		if _, talk, code := command(t, "feed", "publish", file, "--kafka", p.kafka); code != exitOK {
			t.Fatalf("publish: exit %d: %s", code, talk)
		}
	}
	is := func(want string) {
		t.Helper()
		eventually(t, want, func() bool {
			_, body := p.get(t, "/v1/liquidity")
			return strings.Contains(body, `"state":"`+want+`"`)
		})
	}
	publish(`{"v":1,"provider":"vault-x","asset":"BTC","quote":"USD","seq":1,"valid_until":"2199-01-01T00:00:00Z",`+
		`"custody_status":"available","sell":[{"max":"1","spread_bps":"5","reference":"BTC-USD","mode":"whole"}]}`,
		`{"v":1,"source":"ecb","market":"BTC-USD","price":"68000","valid_until":"2199-01-01T00:00:00Z"}`)
	is("available")
	publish(`{"delete":"ecb|BTC-USD","of":"reference"}`)
	is("unpriced")
	publish(`{"delete":"vault-x|BTC","of":"liquidity"}`)
	is("withdrawn")
	publish(lab, `{"delete":"lab|BTC-USD","of":"book"}`)
	out, talk, code := command(t, "feed", "publish", writeFile(t, `{"delete":"lab|BTC-USD","of":"liquidity"}`), "--kafka", p.kafka)
	if code != exitUsage || !strings.Contains(talk, "want provider|ASSET") {
		t.Errorf("exit %d: %s%s", code, out, talk)
	}
}

// A file with one bad record is not published at all, and the error names what misses.
func TestPublishNamesWhatMisses(t *testing.T) {
	t.Parallel()
	const offer = `{"v":1,"provider":"vault-x","asset":"BTC","quote":"USD","seq":1,"valid_until":"2199-01-01T00:00:00Z","sell":[]}`
	const price = `{"v":1,"source":"ecb","market":"BTC-USD","price":"1","valid_until":"2199-01-01T00:00:00Z"}`
	for _, tt := range []struct{ line, cut, want string }{
		{offer, `"asset":"BTC",`, "no asset"}, {offer, `"quote":"USD",`, "no quote"}, {offer, `"seq":1,`, "no seq"},
		{offer, `"valid_until":"2199-01-01T00:00:00Z",`, "no valid_until"}, {offer, `"v":1,`, "no v"},
		{price, `"market":"BTC-USD",`, "no market"}, {price, `,"valid_until":"2199-01-01T00:00:00Z"`, "no valid_until"},
		{lab, `"venue":"lab",`, "no venue"}, {lab, `"market":"BTC-USD",`, "no market"},
		{`{"delete":"vault-x|BTC"}`, "", "want liquidity, reference or book"},
		{`{"delete":"vault-x|BTC","of":"liquidity","seq":1}`, "", "nothing else"},
		{`{"delete":"ecb|BTC","of":"reference"}`, "", "want source|BASE-QUOTE"},
		{`{"delete":"lab|btc-usd","of":"book"}`, "", "want venue|BASE-QUOTE"},
	} {
		line := strings.Replace(tt.line, tt.cut, "", 1)
		_, talk, code := command(t, "feed", "publish", writeFile(t, line+"\n"), "--kafka", "127.0.0.1:1")
		if code != exitUsage || !strings.Contains(talk, tt.want) {
			t.Errorf("%s: exit %d: %s", line, code, talk)
		}
	}
}

// A file with one bad record is not published at all.
func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		strings.Replace(lab, `"0.5"`, `0.5`, 1), strings.Replace(lab, `"0.5"`, `"1e400"`, 1),
		strings.Replace(lab, `"v":1`, `"v":2`, 1), strings.Replace(lab, `"v":1,`, `"v":1,"v":1,`, 1),
		strings.Replace(lab, "snapshot", "delta", 1), strings.Replace(lab, "BTC-USD", "BTCUSD", 1), "{", "[]",
		strings.Replace(lab, `"v":1`, `"ts_ingest":"2199-01-01T00:00:00Z"`, 1),
		`{"pad":"` + strings.Repeat("x", 10<<20) + `"}`,
	} {
		file := writeFile(t, lab+"\n\n"+line+"\n")
		_, talk, code := command(t, "feed", "publish", file, "--kafka", "127.0.0.1:1")
		if code != exitUsage || !strings.Contains(talk, file+":3: ") || len(talk) > 500 {
			t.Errorf("%.100s: exit %d: %.500s", line, code, talk)
		}
	}
}

// The example of the README gives a better price than the simulated venues.
func TestExampleMovesThePrice(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	example := filepath.Join(root, "docs", "example.jsonl")
	c := exec.Command(binary, "feed", "publish", "--kafka", p.kafka, "--hold", "30s", example)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	eventually(t, "the price begins at lab", func() bool {
		r := p.ask(t, price+"&sell_amount=2.5")
		if r.status != 200 {
			return false
		}
		for _, route := range r.price.Routes {
			if route.Hops[0].Venue == "lab" && route.Hops[0].SellAmount == "0.50000000" {
				return true
			}
		}
		return false
	})
}

// A poisoned record goes to the dead-letter topic. Its book waits for a snapshot;
// no other book is touched.
func TestPoisonRecords(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	c, err := broker.New(broker.Options{Addrs: []string{p.kafka}, Role: "test", Node: "0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	poison := []string{
		"no JSON", strings.Replace(lab, `"0.5"`, `"1e400"`, 1), strings.Replace(lab, `"0.5"`, `0.5`, 1),
		`{"v":1,"v":1}`, strings.Repeat("[", 100_000), `{"pad":"` + strings.Repeat("x", 1<<20-100) + `"}`,
	}
	w := c.NewWriter(broker.Latency, c.Name(broker.BookTopic))
	defer w.Close()
	for _, value := range poison {
		if err := w.Write(t.Context(), kafka.Message{Key: []byte("lab|BTC-USD"), Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
	out, talk, code := command(t, "feed", "tail", "--kafka", p.kafka, "--topic", broker.FeedDLQTopic,
		"--from-beginning", "--max", strconv.Itoa(len(poison)), "-o", "json")
	if code != exitOK {
		t.Fatalf("tail: exit %d: %s", code, talk)
	}
	for _, value := range poison[:5] {
		if !strings.Contains(out, value+"\n") {
			t.Errorf("no letter with %.60s", value)
		}
	}
	if r := p.ask(t, price+"&sell_amount=1"); r.status != 200 {
		t.Errorf("a price beside poison: %d %s", r.status, r.body)
	}
	if _, metrics := fetch(t, p.admin+"/metrics"); !strings.Contains(metrics, "chronos_feed_lag_seconds{") {
		t.Error("no feed lag in the metrics")
	}
}

// A signal ends every command that goes on and on, with success.
func TestFeedCommandsEndBySignal(t *testing.T) {
	t.Parallel()
	p := start(t)
	dir := makeCaptures(t, session{handler: "hitbtc", lines: []string{
		hitbtc(0, "snapshot", 10, 1), hitbtc(100, "update", 11, 2),
	}})
	var group sync.WaitGroup
	defer group.Wait()
	for _, args := range [][]string{
		{"feed", "tail"}, {"sim"}, {"feed", "replay", "--captures", dir},
		{"feed", "publish", writeFile(t, lab), "--hold", "1m"},
	} {
		c := exec.Command(binary, slices.Concat(args, []string{"--kafka", p.kafka})...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			time.Sleep(2 * time.Second)
			_ = c.Process.Signal(syscall.SIGINT)
			kill := time.AfterFunc(10*time.Second, func() { _ = c.Process.Kill() })
			defer kill.Stop()
			if err := c.Wait(); err != nil {
				t.Errorf("%v: %v", args, err)
			}
		})
	}
}
