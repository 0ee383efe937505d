//go:build kafka

package feed_test

import (
	"testing"

	"chronos.dev/broker/brokertest"
)

func TestContractOnKafka(t *testing.T) { contract(t, brokertest.Real(t)) }

func TestIntakeOnKafka(t *testing.T) { intakeContract(t, brokertest.Real(t)) }
