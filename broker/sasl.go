package broker

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
)

// SASL is who we are towards a broker that asks.
type SASL struct {
	Mechanism      string // "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	User, Password string
}

// String hides the password.
func (s *SASL) String() string { return s.Mechanism + " as " + s.User }

// mechanism returns nil for a nil SASL. PLAIN needs TLS: it sends the password.
func (s *SASL) mechanism(tls bool) (sasl.Mechanism, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.Mechanism == "PLAIN" && !tls:
		return nil, errors.New("broker: SASL PLAIN without TLS would send the password in the clear")
	case s.Mechanism == "PLAIN":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case s.Mechanism == "SCRAM-SHA-256":
		return &scram{SASL: *s, hash: sha256.New}, nil
	case s.Mechanism == "SCRAM-SHA-512":
		return &scram{SASL: *s, hash: sha512.New}, nil
	}
	return nil, fmt.Errorf("broker: SASL mechanism %q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
		s.Mechanism)
}

// scram is the client half of RFC 5802 without channel binding.
type scram struct {
	SASL
	hash func() hash.Hash
}

// maxIterations bounds the work a hostile broker can ask of us.
const maxIterations = 1 << 20

var errScram = errors.New("broker: SCRAM: the broker's answer is not one")

func (s *scram) Name() string { return s.Mechanism }

func (s *scram) Start(context.Context) (sasl.StateMachine, []byte, error) {
	nonce := make([]byte, 24)
	rand.Read(nonce)
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.User)
	c := &scramConversation{scram: s, nonce: base64.StdEncoding.EncodeToString(nonce)}
	c.first = "n=" + name + ",r=" + c.nonce
	return c, []byte("n,," + c.first), nil
}

type scramConversation struct {
	*scram
	nonce, first string
	signature    []byte // what the broker must prove; nil until its challenge
}

func (c *scramConversation) Next(_ context.Context, challenge []byte) (bool, []byte, error) {
	if c.signature == nil {
		answer, err := c.answer(string(challenge))
		return false, answer, err
	}
	proof, ok := bytes.CutPrefix(challenge, []byte("v="))
	if !ok {
		return false, nil, fmt.Errorf("broker: SCRAM: refused: %.100q", challenge)
	}
	got, err := base64.StdEncoding.DecodeString(string(proof))
	if err != nil || !hmac.Equal(got, c.signature) {
		return false, nil, errors.New("broker: SCRAM: the broker does not know the password")
	}
	return true, nil, nil
}

// answer proves that we know the password without saying it.
func (c *scramConversation) answer(challenge string) ([]byte, error) {
	f := strings.SplitN(challenge, ",", 4)
	if len(f) < 3 || !strings.HasPrefix(f[0], "r="+c.nonce) ||
		!strings.HasPrefix(f[1], "s=") || !strings.HasPrefix(f[2], "i=") {
		return nil, errScram
	}
	salt, err := base64.StdEncoding.DecodeString(f[1][2:])
	if err != nil {
		return nil, errScram
	}
	iterations, err := strconv.Atoi(f[2][2:])
	if err != nil || iterations < 4096 || iterations > maxIterations {
		return nil, errScram
	}
	salted, err := pbkdf2.Key(c.hash, c.Password, salt, iterations, c.hash().Size())
	if err != nil {
		return nil, fmt.Errorf("broker: SCRAM: derive key: %w", err)
	}
	final := "c=biws," + f[0]
	message := c.first + "," + challenge + "," + final
	clientKey := c.sum(salted, "Client Key")
	stored := c.hash()
	stored.Write(clientKey)
	proof := c.sum(stored.Sum(nil), message)
	for i := range proof {
		proof[i] ^= clientKey[i]
	}
	c.signature = c.sum(c.sum(salted, "Server Key"), message)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

func (c *scramConversation) sum(key []byte, message string) []byte {
	h := hmac.New(c.hash, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
