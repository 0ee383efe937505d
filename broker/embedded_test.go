package broker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// What an Embedded no longer retains must go, or its directory grows for ever.
func TestEmbeddedRetention(t *testing.T) {
	e, err := StartEmbedded(0, t.TempDir()+"/kafka")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c, err := New(Options{Addrs: e.Addrs(), Role: "test", Node: "0"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	brief := Topic{"brief", 1, with("cleanup.policy", "delete", "retention.ms", "1")}
	latest := Topic{"latest", 1, with("cleanup.policy", "compact", "retention.ms", "-1")}
	if err := c.EnsureTopics(ctx, brief, latest); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{c.Name("brief"), c.Name("latest")} {
		w := c.NewWriter(Latency, topic)
		for range 10 {
			if err := w.Write(ctx, kafka.Message{Key: []byte("k"), Value: []byte("v")}); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
	}
	time.Sleep(5 * time.Millisecond)
	e.cluster.ApplyRetention()
	e.cluster.Compact()
	if info := e.cluster.PartitionInfo(c.Name("brief"), 0); info.LogStartOffset == 0 {
		t.Error("retention dropped nothing")
	}
	l, err := c.OpenLog(ctx, c.Name("latest"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first, _, err := l.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	b := l.Fetch(first, 50*time.Millisecond)
	buf, n := make([]byte, 16), 0
	for {
		if _, err := b.Read(buf); err != nil {
			break
		}
		n++
	}
	b.Close()
	if n == 0 || n >= 10 {
		t.Errorf("%d of 10 records of one key are left after compaction", n)
	}
}

// What a person reads must say what to do something about.
func TestErrorsSay(t *testing.T) {
	cause := errors.New("the cause")
	tests := []struct {
		err  error
		want string
	}{
		{&PortError{9092, cause}, "port 9092"},
		{&DirError{Dir: "/d", Locked: true}, "another process uses /d"},
		{&DirError{Dir: "/d", Err: cause}, "directory /d: the cause"},
		{&TopicError{Topic: "chronos.x", Want: 3}, "topic chronos.x does not exist"},
		{&TopicError{Topic: "chronos.x", Want: 3, Got: 4}, "has 4 partitions, want 3"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); !strings.Contains(got, tt.want) {
			t.Errorf("%T says %q, not %q", tt.err, got, tt.want)
		}
	}
	if !errors.Is(&PortError{1, cause}, cause) || !errors.Is(&DirError{Err: cause}, cause) {
		t.Error("a cause is lost")
	}
	if s := (&SASL{"PLAIN", "user", "secret"}).String(); strings.Contains(s, "secret") {
		t.Errorf("a SASL prints %q", s)
	}
}

// A broker that cannot prove that it knows the password is refused, as is one
// that asks for endless work.
func TestScramDistrusts(t *testing.T) {
	m, err := (&SASL{"SCRAM-SHA-256", "u", "p"}).mechanism(false)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, challenge string }{
		{"nothing", ""},
		{"another nonce", "r=x,s=c2FsdA==,i=4096"},
		{"no salt", "r=%,i=4096"},
		{"salt that is none", "r=%,s=!,i=4096"},
		{"too little work", "r=%,s=c2FsdA==,i=1"},
		{"endless work", "r=%,s=c2FsdA==,i=2000000000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, first, _ := m.Start(t.Context())
			nonce := string(first[strings.Index(string(first), "r=")+2:])
			challenge := strings.ReplaceAll(tt.challenge, "%", nonce+"server")
			if _, _, err := c.Next(t.Context(), []byte(challenge)); err == nil {
				t.Error("the challenge was answered")
			}
		})
	}
	c, first, _ := m.Start(t.Context())
	nonce := string(first[strings.Index(string(first), "r=")+2:])
	challenge := "r=" + nonce + "server,s=c2FsdA==,i=4096"
	if _, _, err := c.Next(t.Context(), []byte(challenge)); err != nil {
		t.Fatal(err)
	}
	for _, final := range []string{"e=other-error", "v=AAAA", "v=!"} {
		if done, _, err := c.Next(t.Context(), []byte(final)); done || err == nil {
			t.Errorf("%q was taken as a proof", final)
		}
	}
}
