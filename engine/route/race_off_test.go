//go:build !race

package route_test

const raceOn = false
