package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"messenger-bridge/bridge"
)

const signaturePrefix = "sha256="

// wellFormed reports whether a header can be a signature: Meta writes lower case
// hex digits, always.
func wellFormed(signature string) bool {
	digits, found := strings.CutPrefix(signature, signaturePrefix)
	return found && len(digits) == hex.EncodedLen(sha256.Size) && strings.Trim(digits, "0123456789abcdef") == ""
}

// signed reports whether one of the secrets made this signature of the body's
// very bytes. All are tried, and the time taken tells nothing about any.
func signed(body []byte, signature string, secrets []bridge.Secret) bool {
	ok := 0
	for _, secret := range secrets {
		ok |= subtle.ConstantTimeCompare([]byte(signatureOf(body, secret)), []byte(signature))
	}
	return ok == 1
}

// signatureOf is a body's signature by a secret, as it stands in the header.
func signatureOf(body []byte, secret bridge.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return signaturePrefix + hex.EncodeToString(mac.Sum(nil))
}

// SignedNothing returns a notification without events, and its signature. Who
// answers it 200, and refuses it unsigned, knows the secret.
func SignedNothing(secret bridge.Secret) (body []byte, signature string) {
	body = []byte(`{"object":"page","entry":[]}`)
	return body, signatureOf(body, secret)
}

// equalSecret compares in a time that tells neither content nor length.
func equalSecret(got string, want bridge.Secret) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want.Reveal()))
	return want != "" && subtle.ConstantTimeCompare(g[:], w[:]) == 1
}

// withoutEmpty drops empty secrets: anybody can sign with those.
func withoutEmpty(secrets []bridge.Secret) []bridge.Secret {
	return slices.DeleteFunc(slices.Clone(secrets), func(s bridge.Secret) bool { return s == "" })
}

// patience is how long a request waits for memory before it is sent away. Meta
// gives us 5 seconds for all of it.
const patience = 500 * time.Millisecond

var errBusy = errors.New("too many bodies in memory")

// intake reads bodies into memory, all of them together within a budget. A body
// is charged for what has arrived of it, in steps, not for what it announces:
// a stranger who announces much and sends nothing keeps nobody out.
type intake struct {
	budget *semaphore.Weighted
	sizes  []int64      // of buffers, ascending; the last holds the longest body and one byte more
	pools  []*sync.Pool // one for each size
}

func newIntake(maxBody, maxInFlight int64) *intake {
	in := &intake{budget: semaphore.NewWeighted(max(maxInFlight, maxBody+1))}
	for _, size := range []int64{16 << 10, 128 << 10, 1 << 20} {
		if size <= maxBody/2 {
			in.sizes = append(in.sizes, size)
		}
	}
	in.sizes = append(in.sizes, maxBody+1)
	for _, size := range in.sizes {
		in.pools = append(in.pools, &sync.Pool{New: func() any {
			b := make([]byte, size)
			return &b
		}})
	}
	return in
}

// share is one body in memory.
type share struct {
	intake *intake
	step   int // which of the sizes
	buffer *[]byte
	length int
}

func (s *share) bytes() []byte { return (*s.buffer)[:s.length] }

// release gives the buffer back; bytes are not valid after it.
func (s *share) release() {
	s.intake.pools[s.step].Put(s.buffer)
	s.intake.budget.Release(s.intake.sizes[s.step])
	s.buffer = nil
}

// read reads a body to its end. The reader limits the length itself. The caller
// releases the share, if there is one.
func (in *intake) read(ctx context.Context, body io.Reader) (*share, error) {
	if err := in.charge(ctx, in.sizes[0]); err != nil {
		return nil, err
	}
	s := &share{intake: in, buffer: in.pools[0].Get().(*[]byte)}
	for {
		n, err := body.Read((*s.buffer)[s.length:])
		s.length += n
		switch {
		case errors.Is(err, io.EOF):
			return s, nil
		case err == nil && s.length == len(*s.buffer):
			err = s.grow(ctx)
		}
		if err != nil {
			s.release()
			return nil, err
		}
	}
}

// grow moves the body into a buffer of the next size.
func (s *share) grow(ctx context.Context) error {
	in, next := s.intake, s.step+1
	if next == len(in.sizes) {
		return io.ErrShortBuffer // the reader did not limit the length
	}
	if err := in.charge(ctx, in.sizes[next]-in.sizes[s.step]); err != nil {
		return err
	}
	larger := in.pools[next].Get().(*[]byte)
	copy(*larger, s.bytes())
	in.pools[s.step].Put(s.buffer)
	s.step, s.buffer = next, larger
	return nil
}

func (in *intake) charge(ctx context.Context, n int64) error {
	if in.budget.TryAcquire(n) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if in.budget.Acquire(ctx, n) != nil {
		return errBusy
	}
	return nil
}
