//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package broker

import "os"

// lockFile does nothing where there is no flock: two servers on one directory
// are noticed by their port only.
func lockFile(*os.File) error { return nil }
