//go:build !race

// Package race tells tests whether the race detector is on.
package race

// On is true under the race detector. It allocates too and drops some of what a
// sync.Pool keeps, so that counts of allocations mean nothing then.
const On = false
