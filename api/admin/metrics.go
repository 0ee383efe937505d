package admin

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Descriptions of all metrics of ours. docs and dashboards refer to these names.
var (
	descBuild    = desc("build_info", "What runs here; always 1.", "version", "commit", "go")
	descRequests = desc("http_requests_total", "Answers of the public API.", "route", "code")
	descDuration = desc("http_request_duration_seconds", "From the head of a request to its answer.", "route")
	descCompute  = desc("quote_compute_seconds", "Computing one price, refusals included.", "kind")
	descGap      = desc("quote_gap_bps", "From an answer to its bound.")
	descVersion  = desc("graph_version", "Version of the graph.")
	descMarkets  = desc("graph_markets", "Markets by the state of their books.", "state")
	descCrossed  = desc("graph_crossed_pairs", "Pairs that cross between venues.", "fees")
	descAge      = desc("book_age_seconds", "Since anything was heard of a book.", "venue", "market")
	descGaps     = desc("book_gaps_total", "Times a book of the venue became gapped.", "venue")
	descEvents   = desc("feed_events_total", "Events that books were given.")
	descRefused  = desc("feed_refused_total", "Events of markets beyond a limit, or in a second place.")
	descRecords  = desc("feed_records_refused_total", "Records that were refused.", "code")
	descOffers   = desc("offers", "Offers of treasury providers by state.", "state")
	descOfferIn  = desc("offer_records_total", "Records of offers and reference prices.", "kind")
	descOfferBad = desc("offer_records_refused_total", "Of these, refused ones.", "code")
	descUnknown  = desc("feed_unknown_keys_total", "Keys in records that were ignored.")
	descLetters  = desc("feed_dead_letters_total", "Refused records on their way to the dead-letter topic.", "outcome")
	descIncident = desc("feed_incidents_total", "What happened to connections to the broker.", "kind")
	descPublish  = desc("publisher_records_total", "Records that this process published.", "kind")
	descQueue    = desc("publisher_queue", "Records that wait to be published.")
	descFrames   = desc("replay_frame_errors_total", "Recorded frames that a decoder refused.")
	descFeedLag  = desc("feed_lag_seconds", "Age of the last record when it was read.", "topic")
	descLag      = desc("kafka_consumer_lag", "Records that wait.", "topic", "partition")
	descShed     = desc("load_shed_total", "Requests turned away to protect the others.", "reason")
	descPanics   = desc("http_panics_total", "Requests that ended in a bug of ours.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("chronos_"+name, help, labels, nil)
}

var allDescs = []*prometheus.Desc{
	descBuild, descRequests, descDuration, descCompute, descGap, descVersion, descMarkets, descCrossed, descAge,
	descGaps, descEvents, descRefused, descRecords, descUnknown, descLetters, descIncident,
	descOffers, descOfferIn, descOfferBad,
	descPublish, descQueue, descFrames, descFeedLag, descLag, descShed, descPanics,
}

// collector reads everything when it is asked, and holds nothing.
type collector struct{ opts Options }

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allDescs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ch <- gauge(descBuild, 1, c.opts.Version, c.opts.Commit, c.opts.Go)
	c.books(ch)
	if c.opts.Traffic != nil {
		c.traffic(ch)
	}
	if c.opts.Feeds != nil {
		c.feeds(ch)
	}
}

func (c *collector) books(ch chan<- prometheus.Metric) {
	e := c.opts.Engine
	ch <- gauge(descVersion, float64(e.Version()))
	states, gaps := map[string]int{}, map[string]int{}
	for _, m := range e.Markets(c.opts.Clock().UnixNano()) {
		states[m.Usability.State.String()]++
		gaps[m.Key.Venue] += m.View.Gaps
		if m.Usability.Age >= 0 {
			age := time.Duration(m.Usability.Age).Seconds()
			ch <- gauge(descAge, age, m.Key.Venue, m.Key.Pair.String())
		}
	}
	for state, n := range states {
		ch <- gauge(descMarkets, float64(n), state)
	}
	for venue, n := range gaps {
		ch <- counter(descGaps, uint64(n), venue)
	}
	c.offers(ch)
	c.crossed(ch)
	stats := e.Stats()
	ch <- counter(descEvents, stats.Events)
	ch <- counter(descRefused, stats.Refused)
}

func (c *collector) offers(ch chan<- prometheus.Metric) {
	states := map[string]int{}
	for _, o := range c.opts.Engine.Offers(c.opts.Clock().UnixNano()) {
		states[o.State]++
	}
	for state, n := range states {
		ch <- gauge(descOffers, float64(n), state)
	}
}

func (c *collector) crossed(ch chan<- prometheus.Metric) {
	before, after := 0, 0
	for _, x := range c.opts.Engine.Crossed(c.opts.Clock().UnixNano()) {
		before++
		if x.Net {
			after++
		}
	}
	ch <- gauge(descCrossed, float64(before), "before")
	ch <- gauge(descCrossed, float64(after), "after")
}

func (c *collector) traffic(ch chan<- prometheus.Metric) {
	t := c.opts.Traffic
	t.EachRequest(func(route string, code int, n uint64) {
		name := "other"
		if code != 0 {
			name = strconv.Itoa(code)
		}
		ch <- counter(descRequests, n, route, name)
	})
	t.EachDuration(func(route string, h Histogram) { ch <- histogram(descDuration, h, route) })
	t.EachCompute(func(kind string, h Histogram) { ch <- histogram(descCompute, h, kind) })
	t.EachShed(func(reason string, n uint64) { ch <- counter(descShed, n, reason) })
	ch <- histogram(descGap, t.Gaps())
	ch <- counter(descPanics, t.Panics())
}

func (c *collector) feeds(ch chan<- prometheus.Metric) {
	oldest := map[string]time.Duration{}
	c.opts.Feeds.EachPartition(func(topic string, partition int, lag int64, age time.Duration) {
		if age >= 0 {
			oldest[topic] = max(oldest[topic], age)
		}
		if lag >= 0 {
			ch <- gauge(descLag, float64(lag), topic, strconv.Itoa(partition))
		}
	})
	for topic, age := range oldest {
		ch <- gauge(descFeedLag, age.Seconds(), topic)
	}
	n := c.opts.Feeds.Counts()
	counters(ch, descRecords, n.Refused)
	counters(ch, descLetters, n.DeadLetters)
	counters(ch, descIncident, n.Incidents)
	counters(ch, descOfferIn, n.Offers)
	counters(ch, descOfferBad, n.OffersRefused)
	counters(ch, descPublish, n.Published)
	ch <- counter(descUnknown, n.UnknownKeys)
	ch <- counter(descFrames, n.FrameErrors)
	ch <- gauge(descQueue, float64(n.Queued))
}

func counters(ch chan<- prometheus.Metric, d *prometheus.Desc, counts []Count) {
	for _, n := range counts {
		ch <- counter(d, n.N, n.Label)
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(d *prometheus.Desc, n uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

// histogram sums the buckets, as Prometheus wants them.
func histogram(d *prometheus.Desc, h Histogram, labels ...string) prometheus.Metric {
	count := uint64(0)
	buckets := make(map[float64]uint64, len(h.Bounds))
	for i, n := range h.Buckets {
		count += n
		if i < len(h.Bounds) {
			buckets[h.Bounds[i]] = count
		}
	}
	return prometheus.MustNewConstHistogram(d, count, h.Sum, buckets, labels...)
}
