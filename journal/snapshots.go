package journal

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"messenger-bridge/replica"
)

// Snapshot is a copy of a store that stands beside the journal.
type Snapshot struct {
	At   replica.Position
	Made time.Time
	Size uint64
	name string
	mac  string
}

const (
	positionOf    = "position" // these are the names of what is said of a snapshot
	macOf         = "mac"
	keptSnapshots = 2
	bucketFor     = 20 * time.Second // making the bucket may take ten
)

// ErrNoSnapshot says that there is none yet.
var ErrNoSnapshot = errors.New("the journal has no snapshot yet")

// bucket returns where snapshots are, and makes it if make is true.
func (s *Stream) bucket(ctx context.Context, create bool) (jetstream.ObjectStore, error) {
	name := s.cfg.Name + "-snapshots"
	b, err := s.js.ObjectStore(ctx, name)
	if errors.Is(err, jetstream.ErrBucketNotFound) && create {
		b, err = s.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: name, Description: "messenger-bridge: copies of its store", Storage: jetstream.FileStorage, Replicas: s.cfg.Replicas,
		})
	}
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, ErrNoSnapshot
	}
	if err != nil {
		return nil, fmt.Errorf("open the snapshots: %w", err)
	}
	return b, nil
}

// PutSnapshot stores a copy, keeps one older besides it, and lets go of the records before both.
func (s *Stream) PutSnapshot(ctx context.Context, at replica.Position, file *os.File) error {
	mac, err := proof(ctx, s.chain, at, file)
	if err != nil {
		return err
	}
	within, stop := context.WithTimeout(ctx, bucketFor)
	defer stop()
	b, err := s.bucket(within, true)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%020d-%s", at.Seq, rand.Text())
	err = put(ctx, s.js, b, jetstream.ObjectMeta{
		Name:     name,
		Metadata: map[string]string{positionOf: hex.EncodeToString(at.Encode()), macOf: mac},
	}, file)
	if err != nil {
		return fmt.Errorf("store a snapshot: %w", err)
	}
	if err := prune(ctx, s.js, s.cfg.Name, b); err != nil {
		return err
	}
	info, err := b.GetInfo(ctx, name) // with NATS's time
	if err != nil {
		return nil // somebody else has stored two since
	}
	if err := sweep(ctx, s.js, b, info.ModTime.Add(-uploadFor)); err != nil {
		s.cfg.Log.Warn("parts of snapshots that were cut off may be left in NATS", "err", err)
	}
	return nil
}

// proof is the proof over a copy and its place. The file is at its beginning afterwards.
func proof(ctx context.Context, c replica.Chain, at replica.Position, file io.ReadSeeker) (string, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read a snapshot: %w", err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, untilDone{ctx, file}); err != nil {
		return "", fmt.Errorf("read a snapshot: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read a snapshot: %w", err)
	}
	return hex.EncodeToString(c.Prove("snapshot", at.Encode(), sum.Sum(nil))), nil
}

// prune keeps the newest snapshots and the records from the oldest of them on.
func prune(ctx context.Context, js jetstream.JetStream, name string, b jetstream.ObjectStore) error {
	all, err := snapshots(ctx, b)
	if err != nil || len(all) < keptSnapshots {
		return err
	}
	for _, old := range all[keptSnapshots:] {
		if err := b.Delete(ctx, old.name); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
			return fmt.Errorf("delete an old snapshot: %w", err)
		}
	}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("let go of old records: %w", err)
	}
	before := all[keptSnapshots-1].At.Seq
	if before > stream.CachedInfo().State.LastSeq { // the stream was begun anew, or has lost its tail: all it has counts
		return nil
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(before)); err != nil {
		return fmt.Errorf("let go of old records: %w", err)
	}
	return nil
}

// uploadFor is more than a snapshot takes to be stored.
const uploadFor = time.Hour

// sweep removes the parts of snapshots that were cut off while they were stored, of which nothing was
// added since: they stand in the bucket's stream and in no list.
func sweep(ctx context.Context, js jetstream.JetStream, b jetstream.ObjectStore, since time.Time) error {
	status, err := b.Status(ctx)
	if err != nil {
		return fmt.Errorf("look for parts of snapshots: %w", err)
	}
	objects, err := b.List(ctx)
	if err != nil {
		return fmt.Errorf("look for parts of snapshots: %w", err)
	}
	parts := "$O." + status.Bucket() + ".C."
	whole := make(map[string]bool, len(objects))
	for _, o := range objects {
		whole[parts+o.NUID] = true
	}
	stream, err := js.Stream(ctx, "OBJ_"+status.Bucket())
	if err != nil {
		return fmt.Errorf("look for parts of snapshots: %w", err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(parts+">"))
	if err != nil {
		return fmt.Errorf("look for parts of snapshots: %w", err)
	}
	for subject := range info.State.Subjects {
		if whole[subject] {
			continue
		}
		last, err := stream.GetLastMsgForSubject(ctx, subject)
		if err == nil && last.Time.Before(since) {
			err = stream.Purge(ctx, jetstream.WithPurgeSubject(subject))
		}
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) { // somebody else has done it
			return fmt.Errorf("remove parts of a snapshot: %w", err)
		}
	}
	return nil
}

// snapshots are all there are, the newest first.
func snapshots(ctx context.Context, b jetstream.ObjectStore) (all []Snapshot, err error) {
	objects, err := b.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the snapshots: %w", err)
	}
	for _, o := range objects {
		raw, err := hex.DecodeString(o.Metadata[positionOf])
		if err != nil || len(raw) == 0 {
			continue // none of ours
		}
		at, err := replica.ParsePosition(raw)
		if err != nil {
			continue
		}
		all = append(all, Snapshot{At: at, Made: o.ModTime, Size: o.Size, name: o.Name, mac: o.Metadata[macOf]})
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return cmp.Or(cmp.Compare(b.At.Seq, a.At.Seq), b.Made.Compare(a.Made)) })
	return all, nil
}

// Snapshot returns the newest; ErrNoSnapshot if there is none.
func (s *Stream) Snapshot(ctx context.Context) (Snapshot, error) {
	ctx, stop := context.WithTimeout(ctx, bucketFor)
	defer stop()
	b, err := s.bucket(ctx, false)
	if err != nil {
		return Snapshot{}, err
	}
	all, err := snapshots(ctx, b)
	if err == nil && len(all) == 0 {
		err = ErrNoSnapshot
	}
	if err != nil {
		return Snapshot{}, err
	}
	return all[0], nil
}

// Fetch writes a snapshot to a file and checks it.
func (s *Stream) Fetch(ctx context.Context, which Snapshot, to *os.File) error {
	b, err := s.bucket(ctx, false)
	if err != nil {
		return err
	}
	if err := get(ctx, s.js, b, which.name, to); err != nil {
		return fmt.Errorf("fetch a snapshot: %w", err)
	}
	mac, err := proof(ctx, s.chain, which.At, to)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(mac), []byte(which.mac)) {
		return fmt.Errorf("%w: its newest snapshot was made under another SECRET_KEY, or changed", ErrRefused)
	}
	return nil
}
