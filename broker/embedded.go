package broker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// How often an Embedded drops what its topics no longer retain.
const (
	retainEvery  = time.Minute
	compactEvery = 5 * time.Minute
)

// PortError reports that an Embedded cannot listen on its port, mostly because it
// is taken. The cure is another port, or to end what listens there.
type PortError struct {
	Port int
	Err  error
}

func (e *PortError) Error() string {
	return fmt.Sprintf("broker: embedded Kafka: port %d: %v", e.Port, e.Err)
}

// Unwrap returns what the system said.
func (e *PortError) Unwrap() error { return e.Err }

// DirError reports that the directory of an Embedded cannot be used: another
// process has it (Locked), or it cannot be written or read.
type DirError struct {
	Dir    string
	Locked bool
	Err    error
}

func (e *DirError) Error() string {
	if e.Locked {
		return "broker: embedded Kafka: another process uses " + e.Dir
	}
	return fmt.Sprintf("broker: embedded Kafka: directory %s: %v", e.Dir, e.Err)
}

// Unwrap returns what the system said.
func (e *DirError) Unwrap() error { return e.Err }

// Embedded is a Kafka of a single node inside this process, for a first start
// and for tests. It has no replicas: what its disk loses is lost.
type Embedded struct {
	cluster *kfake.Cluster
	addrs   []string
	lock    *os.File
	stop    chan struct{}
	done    sync.WaitGroup
}

// StartEmbedded starts a broker on 127.0.0.1. Port 0 takes a free one. With a
// directory every batch is on disk before it is acknowledged and is there again
// after a restart; with dir "" all is in memory. It fails with a *PortError or a
// *DirError.
func StartEmbedded(port int, dir string) (*Embedded, error) {
	return startEmbedded(port, dir, kfake.SyncWrites())
}

// StartUnsynced is StartEmbedded without the wait for the disk: what was
// acknowledged survives the end of the process, but not that of the machine.
func StartUnsynced(port int, dir string) (*Embedded, error) { return startEmbedded(port, dir) }

func startEmbedded(port int, dir string, more ...kfake.Opt) (*Embedded, error) {
	e := &Embedded{stop: make(chan struct{})}
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.Ports(port)}
	if dir != "" {
		var err error
		if e.lock, err = lockDir(dir); err != nil {
			return nil, err
		}
		opts = append(append(opts, kfake.DataDir(dir)), more...)
	}
	var err error
	if e.cluster, err = kfake.NewCluster(opts...); err != nil {
		e.unlock()
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			return nil, &PortError{port, err}
		}
		return nil, &DirError{Dir: dir, Err: err}
	}
	e.addrs = e.cluster.ListenAddrs()
	e.done.Go(e.tidy)
	return e, nil
}

// Addrs returns the bootstrap addresses.
func (e *Embedded) Addrs() []string { return e.addrs }

// Close stops the broker, with all on disk.
func (e *Embedded) Close() {
	close(e.stop)
	e.done.Wait()
	e.cluster.Close()
	e.unlock()
}

// tidy applies retention and compaction, which the broker would do hourly.
func (e *Embedded) tidy() {
	retain, compact := time.NewTicker(retainEvery), time.NewTicker(compactEvery)
	defer retain.Stop()
	defer compact.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-retain.C:
			e.cluster.ApplyRetention()
		case <-compact.C:
			e.cluster.Compact()
		}
	}
}

func (e *Embedded) unlock() {
	if e.lock != nil {
		e.lock.Close()
	}
}

// lockDir makes dir and locks it until the returned file is closed or the
// process ends.
func lockDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &DirError{Dir: dir, Err: err}
	}
	f, err := os.OpenFile(filepath.Clean(dir)+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, &DirError{Dir: dir, Err: err}
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, &DirError{Dir: dir, Locked: errors.Is(err, syscall.EWOULDBLOCK), Err: err}
	}
	return f, nil
}
