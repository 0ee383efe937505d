package brokertest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"chronos.dev/broker"
)

// Version is the Apache Kafka that tests run on.
const Version = "4.3.1"

// RealBroker is an Apache Kafka of one node in a process of its own.
type RealBroker struct {
	tb    testing.TB
	dir   string // configuration, log and data
	libs  string
	port  int
	stdin io.Closer // its end is the broker's
	done  chan struct{}
}

// Real starts Apache Kafka with ports and a data directory of its own; it ends
// with the test. It needs java, and mvn for its first run: the jars go to
// $CHRONOS_KAFKA_LIBS or the user's cache.
func Real(tb testing.TB) *RealBroker {
	tb.Helper()
	b := &RealBroker{tb: tb, dir: tb.TempDir(), libs: libs(tb), port: freePort(tb)}
	controller := freePort(tb)
	b.write("server.properties", fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=%[3]s
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=300
`, b.port, controller, filepath.Join(b.dir, "data")))
	b.write("log4j2.properties", fmt.Sprintf(`status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = %s
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %%d %%p %%m (%%c)%%n
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
`, b.log()))
	id := make([]byte, 16)
	rand.Read(id)
	id[0] &= 0x3f // an id must not begin with '-'
	format := b.java("kafka.tools.StorageTool", "format",
		"-t", base64.RawURLEncoding.EncodeToString(id), "-c", "server.properties")
	if out, err := format.CombinedOutput(); err != nil {
		tb.Fatalf("format Kafka storage: %v\n%s", err, out)
	}
	tb.Cleanup(func() {
		b.Kill()
		if tb.Failed() {
			b.showLog()
		}
	})
	b.Restart()
	return b
}

// Addrs returns the bootstrap address.
func (b *RealBroker) Addrs() []string { return []string{fmt.Sprintf("127.0.0.1:%d", b.port)} }

// Restart starts the broker on its data directory.
func (b *RealBroker) Restart() {
	b.tb.Helper()
	java := b.java("kafka.Kafka", "server.properties")
	// The shell kills the broker with SIGKILL when its input ends, which it does
	// with this process too, however that ends.
	const script = `"$@" </dev/null >/dev/null 2>stderr & p=$!; cat >/dev/null; kill -9 $p; wait $p`
	cmd := exec.Command("sh", append([]string{"-c", script, "sh"}, java.Args...)...)
	cmd.Dir = b.dir
	in, err := cmd.StdinPipe()
	if err != nil {
		b.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.tb.Fatalf("start Kafka: %v", err)
	}
	b.stdin, b.done = in, make(chan struct{})
	go func() { cmd.Wait(); close(b.done) }()
	b.await()
}

// Kill ends the broker with SIGKILL.
func (b *RealBroker) Kill() {
	if b.stdin == nil {
		return
	}
	b.stdin.Close()
	<-b.done
	b.stdin = nil
}

// await returns when the broker answers.
func (b *RealBroker) await() {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := broker.New(broker.Options{Addrs: b.Addrs(), Role: "test", Node: "await"})
	if err != nil {
		b.tb.Fatal(err)
	}
	defer c.Close()
	if err := c.Await(ctx); err != nil {
		b.showLog()
		b.tb.Fatalf("Kafka does not answer: %v", err)
	}
}

func (b *RealBroker) java(args ...string) *exec.Cmd {
	cmd := exec.Command("java", append([]string{"-Xmx512m", "-XX:TieredStopAtLevel=1",
		"-Dlog4j2.configurationFile=log4j2.properties", "-cp", filepath.Join(b.libs, "*")}, args...)...)
	cmd.Dir = b.dir
	return cmd
}

func (b *RealBroker) log() string { return filepath.Join(b.dir, "broker.log") }

func (b *RealBroker) showLog() {
	for _, f := range []string{b.log(), filepath.Join(b.dir, "stderr")} {
		if text, err := os.ReadFile(f); err == nil && len(text) > 0 {
			b.tb.Logf("end of %s:\n%s", filepath.Base(f), text[max(0, len(text)-4000):])
		}
	}
}

func (b *RealBroker) write(name, text string) {
	b.tb.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
		b.tb.Fatal(err)
	}
}

func freePort(tb testing.TB) int {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.chronos</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>` + Version + `</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId>
      <version>` + Version + `</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j2-impl</artifactId>
      <version>2.25.2</version>
    </dependency>
  </dependencies>
</project>
`

// libs returns the directory of Kafka's jars and fetches them on first use.
func libs(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("CHRONOS_KAFKA_LIBS"); dir != "" {
		return dir
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatalf("no cache directory for Kafka's jars: %v; set CHRONOS_KAFKA_LIBS", err)
	}
	dir := filepath.Join(cache, "chronos", "kafka-"+Version)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		tb.Fatal(err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		tb.Fatal(err)
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), []byte(pom), 0o644); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B",
		"dependency:copy-dependencies", "-DoutputDirectory=libs")
	cmd.Dir = work
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("fetch Kafka with mvn: %v\n%s", err, out)
	}
	// Another test may have been faster; its jars are as good.
	if err := os.Rename(filepath.Join(work, "libs"), dir); err != nil {
		if _, statErr := os.Stat(dir); statErr != nil {
			tb.Fatal(err)
		}
	}
	return dir
}
