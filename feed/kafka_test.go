//go:build kafka

package feed_test

import (
	"testing"

	"chronos.dev/broker/brokertest"
)

func TestContractOnKafka(t *testing.T) { contract(t, brokertest.Real(t)) }
