package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chronos.dev/broker/brokertest"
)

// what a newcomer sees first.
func TestAcceptBannerAndReady(t *testing.T) {
	t.Parallel()
	began := time.Now()
	p := start(t, "--dev", "--set", "kafka.embedded.sync=true")
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("the banner took %v", d)
	}
	if status, body := p.get(t, "/livez"); status != http.StatusOK {
		t.Errorf("livez at once: %d %s", status, body)
	}
	p.await(t, "ready in ")
	want := []string{
		`^chronos 0\.1\.0  DEV MODE: embedded Kafka \(one node, on disk in \.chronos/kafka\), ` +
			`simulated venues\. Not for production\.$`,
		`^  api        http://127\.0\.0\.1:\d+/v1       reference http://127\.0\.0\.1:\d+/openapi\.yaml$`,
		`^  metrics    http://127\.0\.0\.1:\d+/metrics$`,
		`^  kafka      127\.0\.0\.1:\d+$`,
		`^try: curl 'http://127\.0\.0\.1:\d+/v1/price\?sell_asset=BTC&buy_asset=USD&sell_amount=2\.5'$`,
		`^ready in \d+\.\d\ds: 6 venues, 9 assets, 24 markets$`,
	}
	lines := strings.Split(p.talk(), "\n")
	if len(lines) < len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), p.talk())
	}
	for i, re := range want {
		if !regexp.MustCompile(re).MatchString(lines[i]) {
			t.Errorf("line %d: %q, want %s", i+1, lines[i], re)
		}
	}
	status, body := fetch(t, p.admin+"/metrics")
	if status != http.StatusOK || !strings.Contains(body, "chronos_graph_version") {
		t.Errorf("metrics: %d", status)
	}
	if status, _ := p.get(t, "/openapi.yaml"); status != http.StatusOK {
		t.Errorf("the reference that the banner names: %d", status)
	}
}

func TestAcceptQuiet(t *testing.T) {
	t.Parallel()
	for _, arg := range [][]string{{"--quiet"}, {"--set", "log.format=json"}} {
		args := append(append([]string{"serve", "--dev"}, freePorts...), arg...)
		c := exec.CommandContext(brokertest.Context(t, 20*time.Second), binary, args...)
		c.Dir = t.TempDir()
		var talk strings.Builder
		c.Stderr = &talk
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // a banner would be there
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil || strings.Contains(talk.String(), "try: ") ||
			strings.Contains(talk.String(), "ready in") {
			t.Errorf("%v: %v\n%s", arg, err, talk.String())
		}
	}
}

// alive at once; not ready, and why, until the required book is live.
func TestAcceptNotReady(t *testing.T) {
	t.Parallel()
	p := start(t, "--set", "feed.required_markets=kraken:BTC-USD", "--set", "default_taker_bps=10")
	if status, body := p.get(t, "/livez"); status != http.StatusOK || body != `{"status":"ok"}` {
		t.Errorf("livez: %d %s", status, body)
	}
	r := p.ask(t, "/readyz")
	if r.status != http.StatusServiceUnavailable || r.problem.Code != "not_ready" || !r.problem.Retryable ||
		fmt.Sprint(r.problem.Failing) != "[book:kraken:BTC-USD]" || r.header.Get("Retry-After") == "" {
		t.Errorf("readyz: %d %v %s", r.status, r.header, r.body)
	}
	c := exec.Command(binary, "sim", "--quiet", "--kafka", p.kafka)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	eventually(t, "readyz is 200", func() bool {
		status, body := p.get(t, "/readyz")
		return status == http.StatusOK && body == `{"status":"ready"}`
	})
}

// halfRequest opens a connection and sends most of a request.
func halfRequest(t *testing.T, p *process) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.api, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, "GET /v1/time HTTP/1.1\r\nHost: chronos\r\n"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // until the server has read it
	return conn
}

// readyz says it first, requests in flight are answered, the end is clean.
func TestAcceptStop(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	p.await(t, "ready in ")
	conn := halfRequest(t, p)
	began := time.Now()
	p.signal(t, syscall.SIGTERM)
	eventually(t, "readyz says that the server goes", func() bool {
		status, _ := p.get(t, "/readyz")
		if status == 0 {
			t.Fatal("refused before readyz said a word")
		}
		return status == http.StatusServiceUnavailable
	})
	eventually(t, "no new connection is taken", func() bool { status, _ := p.get(t, "/readyz"); return status == 0 })
	if _, err := io.WriteString(conn, "\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.Contains(string(answer), `"unix":`) {
		t.Errorf("request in flight: %v: %q", err, answer)
	}
	p.ended(t, 10*time.Second-time.Since(began))
	if p.err != nil {
		t.Errorf("exit: %v\n%s", p.err, p.talk())
	}
}

// a second signal ends the process at once, as the shell reports 130 and 143.
func TestAcceptSecondSignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := start(t, "--dev")
		p.await(t, "ready in ")
		halfRequest(t, p) // so that a clean end takes its time
		p.signal(t, sig)
		eventually(t, "the server goes", func() bool { status, _ := p.get(t, "/readyz"); return status != http.StatusOK })
		p.signal(t, sig)
		p.ended(t, 5*time.Second) // well below the grace of a clean end
		ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !ok || !ws.Signaled() || ws.Signal() != sig {
			t.Errorf("second %v: %v", sig, p.cmd.ProcessState)
		}
	}
}

func TestAcceptPortTaken(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	tests := []struct{ key, value, env string }{
		{"http.addr", ln.Addr().String(), "CHRONOS_HTTP_ADDR"},
		{"admin.addr", ln.Addr().String(), "CHRONOS_ADMIN_ADDR"},
		{"kafka.embedded.port", port, "CHRONOS_KAFKA_EMBEDDED_PORT"},
	}
	for _, tt := range tests {
		args := append([]string{"serve", "--dev"}, freePorts...)
		_, talk, code := command(t, append(args, "--set", tt.key+"="+tt.value)...)
		if code != exitStart || !strings.Contains(talk, "--set "+tt.key) || !strings.Contains(talk, tt.env) ||
			!strings.Contains(talk, port) || strings.Count(talk, "\n") != 1 {
			t.Errorf("%s: exit %d: %q", tt.key, code, talk)
		}
	}
}

// A server can neither start on a Kafka that is not there nor on one that hangs.
func TestAcceptNoKafka(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // accepts in the kernel, and never answers
	var group sync.WaitGroup
	defer group.Wait()
	serve := append([]string{"serve"}, freePorts...)
	for _, args := range [][]string{serve, {"feed", "tail"}} {
		for _, addr := range []string{"127.0.0.1:1", ln.Addr().String()} {
			group.Go(func() {
				_, talk, code := command(t, slices.Concat(args, []string{"--kafka", addr})...)
				if code != exitStart || !strings.Contains(talk, addr) || !strings.Contains(talk, "--kafka") ||
					strings.Count(talk, "\n") != 1 {
					t.Errorf("%v: exit %d: %q", args, code, talk)
				}
			})
		}
	}
}

// A simulated market does not get among the books of others.
func TestAcceptDevOnOthersKafka(t *testing.T) {
	_, talk, code := command(t, "serve", "--dev", "--set", "http.addr=127.0.0.1:0", "--set", "admin.addr=127.0.0.1:0",
		"--set", "kafka.brokers=127.0.0.1:1")
	if code != exitUsage || !strings.Contains(talk, "kafka.prefix") || !strings.Contains(talk, "simulated venues") {
		t.Errorf("exit %d: %s", code, talk)
	}
}

// TestAcceptHalt: an operator takes a market out, and customers read why.
func TestAcceptHalt(t *testing.T) {
	t.Parallel()
	p := start(t, "--dev")
	eventually(t, "a price", func() bool { return p.ask(t, price+"&sell_amount=0.01").status == 200 })
	used := p.ask(t, price+"&sell_amount=0.01").price.Routes[0].Hops[0]
	at := "?venue=" + used.Venue + "&market=" + used.Market
	post := func(path string) int {
		resp, err := http.Post(p.admin+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := post("/admin/halt?venue=nobody&market=BTC-USD&reason=x"); status != 409 {
		t.Errorf("a market of nobody: %d", status)
	}
	if status := post("/admin/halt" + at + "&reason=odd+prices"); status != 200 {
		t.Fatalf("halt: %d", status)
	}
	leftOut := func() string {
		for _, m := range p.ask(t, price+"&sell_amount=0.01").price.LeftOut {
			if m.Venue == used.Venue && m.Market == used.Market {
				return m.Reason + ": " + m.Detail
			}
		}
		return ""
	}
	eventually(t, "the halt", func() bool { return leftOut() == "halted: halted by an operator: odd prices" })
	if status := post("/admin/resume" + at); status != 200 {
		t.Fatalf("resume: %d", status)
	}
	eventually(t, "the end of the halt", func() bool { return leftOut() != "halted: halted by an operator: odd prices" })
}

func TestAcceptDevOnOpenAddress(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"http.addr", "admin.addr"} {
		args := slices.Concat([]string{"serve", "--dev"}, freePorts, []string{"--set", key + "=0.0.0.0:0"})
		_, talk, code := command(t, args...)
		if code != exitUsage || !strings.Contains(talk, "--i-know") {
			t.Errorf("exit %d: %q", code, talk)
		}
	}
	p := start(t, "--dev", "--set", "http.addr=0.0.0.0:0", "--i-know")
	p.await(t, "ready in ")
}

// Two servers cannot share the directory of an embedded broker.
func TestAcceptDirectoryLocked(t *testing.T) {
	t.Parallel()
	onDisk := []string{"--dev", "--set", "kafka.embedded.sync=true"}
	p := start(t, onDisk...)
	args := slices.Concat([]string{"serve"}, freePorts, onDisk)
	c := exec.Command(binary, args...)
	c.Dir = p.cmd.Dir
	out, _ := c.CombinedOutput()
	if c.ProcessState.ExitCode() != exitStart || !strings.Contains(string(out), "another process") {
		t.Errorf("%v: %s", c.ProcessState, out)
	}
}

// What was on disk when the process was killed is enough to start again.
func TestAcceptRestartAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 3 {
		p := startIn(t, dir, "--dev", "--set", "kafka.embedded.sync=true")
		p.await(t, "ready in ")
		eventually(t, "a price", func() bool { return p.ask(t, price+"&sell_amount=1").status == http.StatusOK })
		p.signal(t, syscall.SIGKILL)
		p.ended(t, 5*time.Second)
	}
}
