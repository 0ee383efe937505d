//go:build !race

package branch

const raceOn = false
