package journal

import (
	"errors"
	"fmt"
	"time"

	"messenger-bridge/replica"
)

// lostFor is how many times the silence after which another may claim the stream must end before what
// was stored: a node that has just begun to lead, or does not know yet that it no longer does, may not
// know all.
const lostFor = 3

// holds returns nil if the stream holds the last record that this term stands on. When NATS has lost it,
// others may fill its place: what is offered would then be stored behind what this leader does not
// know, because the place alone is compared. The error is ErrTailLost and replica.ErrDeposed if that is
// so for good. Its caller holds mu.
func (t *Term) holds() error {
	if t.at.Chain == (replica.Position{}).Chain { // nothing is before it, or nothing of account
		return nil
	}
	there, err := t.stream.engine.read(t.ctx, t.at.Seq)
	switch {
	case err == nil && t.stream.chain.Stands(t.at, there):
		t.lost = time.Time{}
		return nil
	case err == nil:
		return t.tailLost(fmt.Sprintf("record %d is no longer the one that this leader has", t.at.Seq))
	case !errors.Is(err, errEmpty):
		return err
	}
	_, last, err := t.stream.engine.ends(t.ctx)
	switch {
	case err != nil:
		return err
	case last >= t.at.Seq: // the record was let go of
		t.lost = time.Time{}
		return nil
	case t.lost.IsZero():
		t.lost = time.Now()
	case time.Since(t.lost) > lostFor*t.stream.cfg.TakeoverAfter:
		return t.tailLost(fmt.Sprintf("it ends with record %d, this leader has stored record %d", last, t.at.Seq))
	}
	return fmt.Errorf("the stream ends with record %d, before record %d which was stored", last, t.at.Seq)
}

func (t *Term) tailLost(how string) error {
	return fmt.Errorf("%w: %w: %s; stop all replicas and run `messenger-bridge journal rebase` where the file is newest", replica.ErrDeposed, ErrTailLost, how)
}
