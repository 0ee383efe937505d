// Kafka holds what one record from Kafka costs the reader of package feed against
// other clients, in one run, on the same records, in turns. The broker is another
// process, so that processor time and memory are the reader's alone.
//
// It is a module of its own, so that the product never links what it is held
// against. From this folder: go run . -n 200000
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"chronos.dev/broker"
	"chronos.dev/feed"
	"chronos.dev/market"
	"chronos.dev/money"

	"github.com/segmentio/kafka-go"
)

const key = "kraken|BTC-USD"

func main() {
	n := flag.Int("n", 200_000, "records a round")
	rounds := flag.Int("rounds", 5, "rounds; the least processor time of each counts")
	serve := flag.Bool("broker", false, "be the broker (the bench starts itself so)")
	flag.Parse()
	if *serve {
		be()
		return
	}
	if err := run(*n, *rounds); err != nil {
		log.Fatal(err)
	}
}

// be is a broker until its standard input ends.
func be() {
	e, err := broker.StartEmbedded(0, "")
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	fmt.Println(strings.Join(e.Addrs(), ","))
	io.Copy(io.Discard, os.Stdin)
}

// start starts a broker and returns its addresses.
func start() (addrs []string, stop func(), err error) {
	cmd := exec.Command(os.Args[0], "-broker")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	return strings.Split(strings.TrimSpace(line), ","), func() { in.Close(); cmd.Wait() }, err
}

func run(n, rounds int) error {
	addrs, stop, err := start()
	if err != nil {
		return err
	}
	defer stop()
	c, err := broker.New(broker.Options{Addrs: addrs, Role: "bench"})
	if err != nil {
		return err
	}
	defer c.Close()
	size := map[string]int{}
	for _, topic := range []string{"json", "binary"} {
		if size[topic], err = fill(c, topic, n); err != nil {
			return err
		}
	}
	fmt.Printf("%d records of two levels: %d B in JSON, %d B in binary; %s, %d processors\n",
		n, size["json"], size["binary"], runtime.Version(), runtime.NumCPU())
	best := make([]cost, len(contenders))
	for round := range rounds {
		for i, con := range contenders {
			got, err := measure(c, con, n)
			if err != nil {
				return fmt.Errorf("%s: %w", con.name, err)
			}
			if round == 0 || got.cpu < best[i].cpu {
				best[i] = got
			}
		}
	}
	return report(best)
}

// fill writes n deltas to a topic of one partition.
func fill(c *broker.Cluster, topic string, n int) (size int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.EnsureTopics(ctx, broker.Topic{Name: topic, Partitions: 1}); err != nil {
		return 0, err
	}
	w := c.NewWriter(broker.Throughput, c.Name(topic))
	defer w.Close()
	for at := 0; at < n; {
		var msgs []kafka.Message
		for ; len(msgs) < 1000 && at < n; at++ {
			r := delta(uint64(at))
			value := r.Append(nil)
			if topic == "binary" {
				value = r.AppendBinary(nil)
			}
			size = len(value)
			msgs = append(msgs, kafka.Message{Key: []byte(key), Value: value})
		}
		if err := w.Write(ctx, msgs...); err != nil {
			return 0, err
		}
	}
	return size, nil
}

func delta(i uint64) *feed.Record {
	now := time.Now().UnixNano()
	price := money.Num{Coef: 6801010 + int64(i%977), Scale: 2}
	return &feed.Record{
		Key: market.Key{Venue: "kraken", Pair: market.Pair{Base: "BTC", Quote: "USD"}}, VerifiedDepth: -1,
		Event: market.Event{
			Kind: market.Delta, Epoch: 7, Seq: 1000 + i, PrevSeq: 999 + i, VenueTime: now, RecvTime: now,
			Checksum: uint32(i * 2654435761), HasChecksum: true,
			Levels: []market.Level{
				{Side: market.Bid, Price: price, Size: money.Num{Coef: int64(i % 3 * 1234567), Scale: 8}},
				{Side: market.Ask, Price: price, Size: money.Num{Coef: 10_000_000, Scale: 8}},
			},
		},
	}
}

// cost is what one round took.
type cost struct {
	cpu            time.Duration
	bytes, mallocs uint64
	n              int
}

func measure(c *broker.Cluster, con contender, n int) (cost, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := processor()
	sum, err := con.read(ctx, c, n)
	spent := processor() - cpu
	runtime.ReadMemStats(&after)
	if want := wanted(n); err == nil && con.decodes && sum != want {
		err = fmt.Errorf("the numbers read add up to %d, want %d", sum, want)
	}
	return cost{spent, after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs, n}, err
}

// wanted is the sum of all seq, by which every reader shows that it decoded.
func wanted(n int) (sum uint64) {
	for i := range uint64(n) {
		sum += 1000 + i
	}
	return sum
}

func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(best []cost) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "kafka/consume\tCPU ns a message\tB a message\tallocations\tours / its")
	for i, con := range contenders {
		b, n := best[i], float64(best[i].n)
		ratio := ""
		if con.against >= 0 {
			ratio = fmt.Sprintf("%.2f (%s)", float64(best[con.against].cpu)/float64(b.cpu), contenders[con.against].name)
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.3f\t%s\n", con.name,
			float64(b.cpu.Nanoseconds())/n, float64(b.bytes)/n, float64(b.mallocs)/n, ratio)
	}
	return t.Flush()
}
