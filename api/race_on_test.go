//go:build race

package api

// raceOn: the race detector allocates too, so counts mean nothing.
const raceOn = true
