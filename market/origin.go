package market

import "fmt"

// Origin says where an event comes from. The greater it is, the less real.
type Origin uint8

// The zero Origin is Venue.
const (
	Venue     Origin = iota // a venue's own words, just now
	Replay                  // a venue's words, recorded
	Simulated               // invented
)

var originNames = [...]string{"venue", "replay", "simulated"}

// String returns the name of the origin in records: "venue", "replay", "simulated".
func (o Origin) String() string {
	if int(o) < len(originNames) {
		return originNames[o]
	}
	return fmt.Sprintf("origin(%d)", uint8(o))
}

// ParseOrigin returns the origin of a name.
func ParseOrigin(name []byte) (Origin, bool) {
	for i, s := range originNames {
		if string(name) == s {
			return Origin(i), true
		}
	}
	return 0, false
}
