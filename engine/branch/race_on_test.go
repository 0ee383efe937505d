//go:build race

package branch

// raceOn: the race detector drops what a pool keeps, so counts mean nothing.
const raceOn = true
