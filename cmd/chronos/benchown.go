package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// own is a server that a bench has started, on free ports of this machine, fed by
// the simulator through the embedded Kafka. It is a process of its own: collecting
// its garbage would else stop the sender as well, and hide what it costs.
type own struct {
	base string
	cmd  *exec.Cmd
	stop context.CancelFunc
	dir  string
	said chan string // addresses and that it is ready; closed at its end
	last string      // line that it has said, for whoever wants to know why it ended
}

// startOwn returns once every required book is live. Neither files nor variables
// configure the server.
func startOwn(ctx context.Context, feedRate int, seed uint64, connections int) (*own, error) {
	args := []string{"serve", "--dev"}
	for _, set := range []string{
		"http.addr=127.0.0.1:0", "admin.addr=127.0.0.1:0", "http.rate_limit=0",
		"http.max_conns_per_ip=" + strconv.Itoa(8*connections+64), "kafka.embedded.port=0", "kafka.embedded.sync=false",
		"sim.rate=" + strconv.Itoa(feedRate), "sim.seed=" + strconv.FormatUint(seed, 10), "sim.troubles=false",
	} {
		args = append(args, "--set", set)
	}
	return startSelf(ctx, args...)
}

// startSelf starts this program once more and returns when it says that it is ready.
func startSelf(ctx context.Context, args ...string) (*own, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, exit(exitStart, err)
	}
	dir, err := os.MkdirTemp("", "chronos-bench")
	if err != nil {
		return nil, exit(exitStart, err)
	}
	ctx, stop := context.WithCancel(ctx)
	o := &own{stop: stop, dir: dir, said: make(chan string, 2)}
	o.cmd = exec.CommandContext(ctx, self, args...)
	o.cmd.Dir, o.cmd.WaitDelay = dir, 10*time.Second
	o.cmd.Cancel = func() error { return o.cmd.Process.Signal(syscall.SIGTERM) }
	o.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CHRONOS_") })
	talk, err := o.cmd.StderrPipe()
	if err == nil {
		err = o.cmd.Start()
	}
	if err != nil {
		stop()
		return nil, errors.Join(exit(exitStart, err), os.RemoveAll(dir))
	}
	go o.listen(talk)
	if err := o.await(); err != nil {
		o.end()
		return nil, exit(exitStart, err)
	}
	return o, nil
}

// listen listens to what the server says.
func (o *own) listen(talk io.Reader) {
	defer close(o.said)
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		o.last = lines.Text()
		switch words := strings.Fields(o.last); {
		case len(words) > 1 && words[0] == "api":
			o.said <- strings.TrimSuffix(words[1], "/v1")
		case strings.HasPrefix(o.last, "ready in "):
			o.said <- ""
		}
	}
}

// await waits until the server has said where it is and that it is ready.
func (o *own) await() error {
	late := time.After(30 * time.Second)
	for {
		select {
		case text, ok := <-o.said:
			switch {
			case !ok:
				return fmt.Errorf("the server of the bench ended: %s", o.last)
			case text != "":
				o.base = text
			case o.base != "":
				return nil
			}
		case <-late:
			return errors.New("the simulated books did not come in 30 s")
		}
	}
}

// end ends the server.
func (o *own) end() {
	o.stop()
	for range o.said { // to its end: Wait closes the pipe
	}
	_ = o.cmd.Wait() // however it ends, nothing depends on it any more
	_ = os.RemoveAll(o.dir)
}
