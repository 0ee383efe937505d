package session

// Sides notes which sides of a book a message names. Venues that always name
// both are held to it: a side that is missing is not an empty one.
type Sides struct{ Bid, Ask bool }

// Check returns err, or ErrShape when a side is missing.
func (s Sides) Check(err error) error {
	if err == nil && !(s.Bid && s.Ask) {
		return ErrShape
	}
	return err
}
