package config

import "strings"

// nearest returns which of names was probably meant by name, or "": one that
// differs by few letters, or one that ends in name.
func nearest(name string, names []string) string {
	const longest = 64 // beyond it nobody misspells, and the comparison costs
	if len(name) > longest {
		return ""
	}
	best, found := min(2, len(name)/3)+1, ""
	for _, n := range names {
		if d := distance(name, n); d < best {
			best, found = d, n
		}
	}
	if found != "" {
		return found
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	for _, n := range names {
		if strings.HasSuffix(n, "."+last) {
			return n
		}
	}
	return ""
}

// distance returns how many letters must be inserted, deleted, replaced or
// swapped with their neighbour to turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1) // rows[i][j] is the distance of a[:i] and b[:j]
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			d := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
