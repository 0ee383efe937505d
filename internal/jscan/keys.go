package jscan

// fewKeys is the number of keys of an object that are compared one by one and
// without allocating. Objects of market data have fewer.
const fewKeys = 24

// keys are the keys of one object so far.
type keys struct {
	n    int
	few  [fewKeys]span
	many map[string]struct{} // all keys, once there are many or one has escapes
}

// span is a part of the input.
type span struct{ start, end int }

// add adds a key, which stands in b at raw, and says why it is refused, "" if it
// is not.
func (k *keys) add(b []byte, raw span, key []byte) string {
	if k.n == MaxKeys {
		return "too many keys"
	}
	escaped := len(key) != raw.end-raw.start
	if k.many == nil && (escaped || k.n == fewKeys) {
		k.many = make(map[string]struct{}, 2*fewKeys)
		for _, at := range k.few[:k.n] {
			k.many[string(b[at.start:at.end])] = struct{}{}
		}
	}
	if k.has(b, key) {
		return "duplicate key"
	}
	if k.many != nil {
		k.many[string(key)] = struct{}{}
	} else {
		k.few[k.n] = raw
	}
	k.n++
	return ""
}

func (k *keys) has(b, key []byte) bool {
	if k.many != nil {
		_, ok := k.many[string(key)]
		return ok
	}
	for _, at := range k.few[:k.n] {
		if string(b[at.start:at.end]) == string(key) {
			return true
		}
	}
	return false
}
