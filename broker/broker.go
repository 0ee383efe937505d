// Package broker knows where Kafka is, or is Kafka for a newcomer.
//
// A Cluster is the one door to a Kafka cluster: addresses, credentials, the
// topics of this program, writers, and connections to single partitions. No
// other package constructs a writer or dials a broker, so the settings that
// matter (acknowledgements, partitioner, timeouts) stand in one place. An
// Embedded is a single-node broker inside this process.
//
// A newcomer would guess that closing a writer flushes it. Writes are
// synchronous, so there is nothing to flush; Close abandons what is under way.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

// Waits that no caller chooses.
const (
	dialTimeout = 3 * time.Second
	// metadataTTL bounds the age of the cached cluster layout, and with it how
	// long a writer keeps asking a broker that no longer leads a partition.
	metadataTTL = 2 * time.Second
	// callTimeout bounds a call whose context has no deadline of its own.
	callTimeout = 30 * time.Second
)

// ErrClosed reports the use of a Cluster after Close.
var ErrClosed = errors.New("broker: cluster is closed")

// Options say where Kafka is and who asks.
type Options struct {
	Addrs      []string // bootstrap addresses, host:port; at least one
	Role, Node string   // the client id is chronos-<Role>-<Node>
	Prefix     string   // of topic names; "" is DefaultPrefix

	// Replication is the number of replicas of topics that EnsureTopics
	// creates; 0 leaves it to the cluster.
	Replication int

	TLS  *tls.Config // nil: none. At least TLS 1.3, whatever it says
	SASL *SASL       // nil: none

	// Dial replaces the TCP dialer, for tests and virtual networks.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Cluster is the door to one Kafka cluster. It is safe for concurrent use.
type Cluster struct {
	opt       Options
	clientID  string
	mechanism sasl.Mechanism
	transport *kafka.Transport
	client    *kafka.Client

	life context.Context
	end  context.CancelFunc

	mu    sync.Mutex
	conns map[*trackedConn]struct{}
}

// New returns a Cluster. It dials nothing: an unreachable Kafka is the error of
// the first call.
func New(o Options) (*Cluster, error) {
	if len(o.Addrs) == 0 {
		return nil, errors.New("broker: no bootstrap address")
	}
	for _, a := range o.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return nil, fmt.Errorf("broker: bootstrap address %q: want host:port", a)
		}
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.TLS != nil {
		o.TLS = o.TLS.Clone()
		o.TLS.MinVersion = tls.VersionTLS13
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext
	}
	c := &Cluster{
		opt:      o,
		clientID: "chronos-" + o.Role + "-" + o.Node,
		conns:    make(map[*trackedConn]struct{}),
	}
	var err error
	if c.mechanism, err = o.SASL.mechanism(o.TLS != nil); err != nil {
		return nil, err
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.transport = &kafka.Transport{
		Dial:        c.dial,
		DialTimeout: dialTimeout,
		MetadataTTL: metadataTTL,
		ClientID:    c.clientID,
		TLS:         o.TLS,
		SASL:        c.mechanism,
		Context:     c.life,
	}
	c.client = &kafka.Client{Addr: kafka.TCP(o.Addrs...), Transport: c.transport}
	return c, nil
}

// Name returns the full name of a topic of the table: "chronos.book.v1" for
// BookTopic.
func (c *Cluster) Name(topic string) string { return c.opt.Prefix + topic }

// ClientID returns what this process calls itself towards Kafka.
func (c *Cluster) ClientID() string { return c.clientID }

// Addrs returns the bootstrap addresses.
func (c *Cluster) Addrs() []string { return append([]string(nil), c.opt.Addrs...) }

// Close ends every call, writer and connection of the Cluster.
func (c *Cluster) Close() {
	c.end()
	c.transport.CloseIdleConnections()
	c.mu.Lock()
	conns := make([]*trackedConn, 0, len(c.conns))
	for t := range c.conns {
		conns = append(conns, t)
	}
	c.mu.Unlock()
	for _, t := range conns {
		t.Close()
	}
}

// Partitions returns the partitions of a topic, given by its full name, with
// their leaders, as of at most metadataTTL ago. A partition without a leader
// has Leader.Host "". It fails with kafka.UnknownTopicOrPartition for a topic
// that does not exist; it never creates one.
func (c *Cluster) Partitions(ctx context.Context, topic string) ([]kafka.Partition, error) {
	ctx, cancel := bounded(ctx, callTimeout)
	defer cancel()
	m, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, fmt.Errorf("broker: metadata of %s: %w", topic, err)
	}
	if len(m.Topics) != 1 {
		return nil, fmt.Errorf("broker: metadata of %s: %d answers", topic, len(m.Topics))
	}
	if err := m.Topics[0].Error; err != nil {
		return nil, fmt.Errorf("broker: metadata of %s: %w", topic, err)
	}
	return m.Topics[0].Partitions, nil
}

// bounded gives ctx a deadline if it has none.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// dial opens a connection that Close can close: a request of kafka-go that
// waits for a broker which never answers ends no sooner than its connection.
func (c *Cluster) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.life.Err() != nil {
		return nil, ErrClosed
	}
	conn, err := c.opt.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &trackedConn{Conn: conn, owner: c}
	c.mu.Lock()
	c.conns[t] = struct{}{}
	c.mu.Unlock()
	if c.life.Err() != nil {
		t.Close()
		return nil, ErrClosed
	}
	return t, nil
}

type trackedConn struct {
	net.Conn
	owner *Cluster
}

func (t *trackedConn) Close() error {
	t.owner.mu.Lock()
	delete(t.owner.conns, t)
	t.owner.mu.Unlock()
	return t.Conn.Close()
}
