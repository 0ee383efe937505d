package broker_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chronos.dev/broker"
	"chronos.dev/broker/brokertest"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

func TestPartition(t *testing.T) {
	tests := []struct {
		key  string
		want int
	}{
		{"ent_0000", 4}, {"ent_0001", 8}, {"ent_0002", 6}, {"kraken|BTC-USD", 10}, {"acme", 0},
	}
	all := make([]int, 12)
	for i := range all {
		all[i] = i
	}
	for _, tt := range tests {
		if got := broker.Partition([]byte(tt.key), 12); got != tt.want {
			t.Errorf("Partition(%q, 12) = %d, want %d", tt.key, got, tt.want)
		}
	}
	for n := range 40 { // every length modulo four
		key := []byte(strings.Repeat("kraken|BTC-USD\xff", 3)[:n])
		got := broker.Partition(key, 12)
		want := kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, all...)
		if got != want {
			t.Errorf("Partition(%q, 12) = %d, kafka-go says %d", key, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	addr := []string{"127.0.0.1:1"}
	tests := []struct {
		name string
		opt  broker.Options
	}{
		{"no address", broker.Options{}},
		{"an address without port", broker.Options{Addrs: []string{"localhost"}}},
		{"an unknown mechanism", broker.Options{Addrs: addr, SASL: &broker.SASL{Mechanism: "GSSAPI"}}},
		{"a password in the clear", broker.Options{Addrs: addr, SASL: &broker.SASL{Mechanism: "PLAIN"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := broker.New(tt.opt); err == nil {
				t.Error("New succeeded")
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	tests := []struct {
		name, addr string
	}{
		{"a black hole", brokertest.BlackHole(t)},
		{"a closed port", "127.0.0.1:1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := broker.New(broker.Options{Addrs: []string{tt.addr}, Role: "test", Node: "0"})
			if err != nil {
				t.Fatal(err)
			}
			w := c.NewWriter(broker.Throughput, "x")
			calls := map[string]func(context.Context) error{
				"EnsureTopics": func(ctx context.Context) error { return c.EnsureTopics(ctx) },
				"Await":        c.Await,
				"OpenLog":      func(ctx context.Context) error { _, err := c.OpenLog(ctx, "x", 0); return err },
				"Write":        func(ctx context.Context) error { return w.Write(ctx, kafka.Message{Value: []byte("x")}) },
			}
			for name, call := range calls {
				within(t, 200*time.Millisecond, name, func() {
					if call(brokertest.Context(t, 200*time.Millisecond)) == nil {
						t.Errorf("%s succeeded", name)
					}
				})
			}
			within(t, time.Second, "Close", func() { w.Close(); c.Close() })
			if err := c.Await(brokertest.Context(t, time.Second)); err == nil {
				t.Error("Await after Close succeeded")
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	server, client := certificate(t)
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "p", "secret"), kfake.Superuser("SCRAM-SHA-256", "s,=", "secret"),
		kfake.Superuser("SCRAM-SHA-512", "t", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	tests := []struct {
		name string
		sasl *broker.SASL
		ok   bool
	}{
		{"PLAIN", &broker.SASL{Mechanism: "PLAIN", User: "p", Password: "secret"}, true},
		{"SCRAM-SHA-256 with a name to escape", &broker.SASL{"SCRAM-SHA-256", "s,=", "secret"}, true},
		{"SCRAM-SHA-512", &broker.SASL{"SCRAM-SHA-512", "t", "secret"}, true},
		{"a wrong password", &broker.SASL{"SCRAM-SHA-512", "t", "wrong"}, false},
		{"no password", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := broker.New(broker.Options{
				Addrs: fake.ListenAddrs(), Role: "test", Node: "0", TLS: client, SASL: tt.sasl,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.EnsureTopics(brokertest.Context(t, 3*time.Second))
			if (err == nil) != tt.ok {
				t.Fatalf("EnsureTopics = %v, want success %t", err, tt.ok)
			}
			if !tt.ok {
				return
			}
			l, err := c.OpenLog(brokertest.Context(t, 3*time.Second), c.Name(broker.BookTopic), 0)
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
		})
	}
}

// certificate returns the two ends of TLS with a certificate made for the test.
func certificate(t *testing.T) (server, client *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	pair := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, &tls.Config{RootCAs: roots}
}

func TestEmbedded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kafka")
	e, err := broker.StartEmbedded(0, dir)
	if err != nil {
		t.Fatal(err)
	}
	port := portOf(t, e.Addrs()[0])

	t.Run("a second one on the directory is refused", func(t *testing.T) {
		var de *broker.DirError
		if _, err := broker.StartEmbedded(0, dir); !errors.As(err, &de) || !de.Locked || de.Dir != dir {
			t.Errorf("StartEmbedded = %v; want a *DirError that says locked", err)
		}
	})
	t.Run("a second one on the port is refused", func(t *testing.T) {
		var pe *broker.PortError
		if _, err := broker.StartEmbedded(port, ""); !errors.As(err, &pe) || pe.Port != port {
			t.Errorf("StartEmbedded = %v; want a *PortError of %d", err, port)
		}
	})
	t.Run("a directory that is a file is refused", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		var de *broker.DirError
		if _, err := broker.StartEmbedded(0, file); !errors.As(err, &de) || de.Locked {
			t.Errorf("StartEmbedded = %v; want a *DirError", err)
		}
	})
	writeEmbedded(t, e, "kept")
	e.Close()
	t.Run("records survive a restart", func(t *testing.T) {
		e, err := broker.StartEmbedded(port, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		c := embeddedCluster(t, e)
		defer c.Close()
		if got := values(t, c, "one", 1); len(got) != 1 || got[0] != "kept" {
			t.Errorf("the log holds %q", got)
		}
	})
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// embeddedCluster has the prefix of an earlier start.
func embeddedCluster(t *testing.T, e *broker.Embedded) *broker.Cluster {
	t.Helper()
	c, err := broker.New(broker.Options{Addrs: e.Addrs(), Role: "test", Node: "0", Prefix: "o"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func writeEmbedded(t *testing.T, e *broker.Embedded, value string) {
	t.Helper()
	c := embeddedCluster(t, e)
	defer c.Close()
	ctx := brokertest.Context(t, 10*time.Second)
	if err := c.EnsureTopics(ctx, broker.Topic{Name: "ne", Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	w := c.NewWriter(broker.Latency, "one")
	defer w.Close()
	if err := w.Write(ctx, kafka.Message{Value: []byte(value)}); err != nil {
		t.Fatal(err)
	}
}
