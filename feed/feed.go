// Package feed turns Kafka records into events and tells how old they are, and
// turns the events of a source into records.
//
// On the way in, a Consumer has one goroutine a partition. It reads, decodes and
// hands each event to a Sink, which may therefore own the books of a partition
// without a lock. No consumer group takes part: every replica reads everything,
// begins with the snapshots that a Publisher leaves on a topic of their own, and
// continues at the offset they name.
//
// On the way out, a Publisher numbers what its source says, so that a reader
// notices every loss between the two, and says so itself when the source has
// lost something.
//
// Offers of treasury providers and reference prices have topics, a
// LiquidityConsumer and an OfferPublisher of their own. There is no chain to keep:
// each record says all.
//
// A bad record never stops a partition: it goes to the dead-letter topic, and
// the book that it names waits for a snapshot, the offer that it names ends.
package feed
