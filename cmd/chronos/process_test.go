package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chronos.dev/api/wire"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "chronos-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "chronos")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a running chronos serve.
type process struct {
	cmd               *exec.Cmd
	api, admin, kafka string

	mu   sync.Mutex
	said []string
	done chan struct{}
	err  error
}

// freePorts make a server independent of what else runs here, slow disks included.
var freePorts = []string{
	"--set", "http.addr=127.0.0.1:0", "--set", "admin.addr=127.0.0.1:0",
	"--set", "kafka.embedded.port=0", "--set", "log.format=text", "--set", "kafka.embedded.sync=false",
}

var (
	apiLine   = regexp.MustCompile(`^  api +(http://[0-9.:\[\]]+)/v1`)
	adminLine = regexp.MustCompile(`^  metrics +(http://[0-9.:]+)/metrics`)
	kafkaLine = regexp.MustCompile(`^  kafka +([0-9.:]+)$`)
)

// start runs chronos serve in a directory of its own until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startIn(t, t.TempDir(), args...)
}

func startIn(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{done: make(chan struct{})}
	p.cmd = exec.Command(binary, append(append([]string{"serve"}, freePorts...), args...)...)
	p.cmd.Dir = dir
	talk, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	banner := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(talk)
		for lines.Scan() {
			if p.hear(lines.Text()) {
				close(banner)
			}
		}
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
	})
	select {
	case <-banner:
	case <-p.done:
		t.Fatalf("chronos ended: %v\n%s", p.err, p.talk())
	case <-time.After(30 * time.Second):
		t.Fatalf("no banner:\n%s", p.talk())
	}
	return p
}

// hear notes a line and reports whether it ends the banner.
func (p *process) hear(line string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, line)
	for re, to := range map[*regexp.Regexp]*string{apiLine: &p.api, adminLine: &p.admin, kafkaLine: &p.kafka} {
		if m := re.FindStringSubmatch(line); m != nil {
			*to = m[1]
		}
	}
	return strings.HasPrefix(line, "try: ")
}

func (p *process) talk() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

// await waits for a line that the process says.
func (p *process) await(t *testing.T, part string) {
	t.Helper()
	eventually(t, "the process says "+part, func() bool { return strings.Contains(p.talk(), part) })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within 30 s: %s", what)
}

// get returns status and body of a path of the API.
func (p *process) get(t *testing.T, path string) (int, string) {
	t.Helper()
	return fetch(t, p.api+path)
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	r := request(t, url)
	return r.status, r.body
}

// answer is what came of a request: status 0 if the server could not be reached.
type answer struct {
	status  int
	header  http.Header
	body    string
	price   wire.Price   // of a 200
	problem wire.Problem // of all else
}

// ask is get with the body decoded.
func (p *process) ask(t *testing.T, path string) answer {
	t.Helper()
	r := request(t, p.api+path)
	var to any = &r.problem
	if r.status == http.StatusOK {
		to = &r.price
	}
	if r.status != 0 {
		if err := json.Unmarshal([]byte(r.body), to); err != nil {
			t.Fatalf("%s: %v: %s", path, err, r.body)
		}
	}
	return r
}

func request(t *testing.T, url string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // a test that asks whether new connections are taken must not keep old ones
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(body)}
}

// ended waits for the end of the process, at most d.
func (p *process) ended(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(d):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it says where it hangs
		time.Sleep(200 * time.Millisecond)
		t.Fatalf("the process has not ended within %v:\n%s", d, p.talk())
	}
}

// signal sends a signal.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// command runs chronos once and returns its output and exit code.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir = t.TempDir()
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	err := c.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		code = ended.ExitCode()
	case err != nil:
		t.Fatalf("chronos %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), talk.String(), code
}
