//go:build race

package route_test

// raceOn: the race detector allocates too, so counts mean nothing.
const raceOn = true
