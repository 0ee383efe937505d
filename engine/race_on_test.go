//go:build race

package engine_test

// raceOn: the race detector drops what a pool keeps, so counts mean nothing.
const raceOn = true
