package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrTooLong is of answers that are longer than they may be.
var ErrTooLong = errors.New("the answer is too long")

// expected is up to which length an answer is believed to be as long as it says.
const expected = 64 << 10

// Read returns the body of an answer. If it is longer than most bytes, the error is
// ErrTooLong.
func Read(answer *http.Response, most int64) ([]byte, error) {
	if size := answer.ContentLength; 0 < size && size <= min(most, expected) {
		body := make([]byte, size)
		n, err := io.ReadFull(answer.Body, body)
		return body[:n], err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	if err == nil && int64(len(body)) > most {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLong, most)
	}
	return body, err
}
