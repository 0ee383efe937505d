//go:build kafka

package main

import (
	"testing"

	"chronos.dev/broker/brokertest"
)

func TestOutageOnKafka(t *testing.T) { outage(t, brokertest.Real(t)) }
