//go:build !unix

package ticks

import "time"

func processor() time.Duration { return 0 }
