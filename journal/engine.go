package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	errElsewhere = errors.New("the stream ends at another place")
	errEmpty     = errors.New("nothing stands at this place")
	errNobody    = errors.New("no node leads the stream")
)

// engine is what is asked of the stream's leader.
type engine interface {
	// append stores a frame directly after a place; errElsewhere if the stream does not end there.
	append(ctx context.Context, frame []byte, after uint64) (seq uint64, err error)
	// read returns what stands at a place; errEmpty if there is nothing.
	read(ctx context.Context, seq uint64) ([]byte, error)
	// ends returns the first and the last place.
	ends(ctx context.Context) (first, last uint64, err error)
}

type natsEngine struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	name   string
}

func (e *natsEngine) append(ctx context.Context, frame []byte, after uint64) (uint64, error) {
	ctx, stop := context.WithTimeout(ctx, tryFor)
	defer stop()
	ack, err := e.js.PublishMsg(ctx, &nats.Msg{Subject: e.name, Data: frame},
		jetstream.WithExpectLastSequence(after), jetstream.WithExpectStream(e.name), jetstream.WithRetryAttempts(0))
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return 0, errElsewhere
	}
	if err != nil {
		return 0, fmt.Errorf("append to the journal: %w", err)
	}
	return ack.Sequence, nil
}

func (e *natsEngine) read(ctx context.Context, seq uint64) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, tryFor)
	defer stop()
	msg, err := e.stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, errEmpty
	}
	if err != nil {
		return nil, fmt.Errorf("read record %d of the journal: %w", seq, err)
	}
	return msg.Data, nil
}

func (e *natsEngine) ends(ctx context.Context) (first, last uint64, err error) {
	ctx, stop := context.WithTimeout(ctx, tryFor)
	defer stop()
	info, err := e.js.Stream(ctx, e.name)
	if err != nil {
		return 0, 0, fmt.Errorf("ask where the journal ends: %w", err)
	}
	// A node that is left without a quorum tells what it has; others may have more.
	if nodes := info.CachedInfo().Cluster; nodes != nil && nodes.Leader == "" {
		return 0, 0, fmt.Errorf("ask where the journal ends: %w", errNobody)
	}
	state := info.CachedInfo().State
	return state.FirstSeq, state.LastSeq, nil
}
