package graph

// PublishHalf is Publish by a writer that stops before the end, until finish.
func (m *Market) PublishHalf(s *State) (finish func()) {
	m.slot.pair.begun.Add(1)
	m.slot.state.Store(s)
	return func() { m.slot.pair.done.Add(1) }
}
