package main

import "regexp"

// origin is where in the program an error arose, which a reader cannot use: the names
// of our packages, and of functions of the Kafka client.
var origin = regexp.MustCompile(`(^|[:(] ?|\n)((api|book|broker|client|config|confidence|dump|engine|feed|` +
	`graph|market|money|route|treasury|venue): |kafka\.\(\*?\w+\)\.\w+: )+`)

// plain is an error for somebody who does not know the program.
func plain(message string) string { return origin.ReplaceAllString(message, "$1") }
