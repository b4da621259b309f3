// Package ahead is a log beside a store's file: what was acknowledged and is not in the file yet. A record is durable with one
// sync, where a transaction of the file needs two and writes whole pages; the file takes what many records say at once.
//
// A log belongs to one state of the file, which it is named after: Start begins anew when the file has everything.
// What an earlier state's records say is in the file, and they are not read again.
package ahead

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"

	"messenger-bridge/store/compact"
)

// A record is a head and a text. The head is, little-endian:
//
//	state 8 | number of the record 4 | length of the text 4 | CRC-32C of the head so far, and of the text 4
const headLen = 20

// Size is how long the file is at least: what is written over needs no new block, and a sync of it nothing but the bytes.
const Size = 4 << 20

// roomKept is how much room for a record stays.
const roomKept = 128 << 10

// State names a state of the file.
type State uint64

// Path is where the log of a store lies.
func Path(store string) string { return store + ".wal" }

var sums = crc32.MakeTable(crc32.Castagnoli)

// Log is an open log. It belongs to one goroutine.
type Log struct {
	file  *os.File
	sync  func() error
	state State
	next  uint32 // number of the next record
	end   int64  // of the last record
	used  int64  // how far it was ever written
	room  []byte
}

// Open opens the log at path, or makes it. sync makes durable what was written; nil: the operating system does.
func Open(path string, sync func() error) (*Log, error) {
	f, err := compact.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	l := &Log{file: f, sync: sync}
	if sync == nil {
		l.sync = func() error { return syncData(f) }
	}
	if err := l.fill(path); err != nil {
		return nil, errors.Join(fmt.Errorf("make the log: %w", err), f.Close())
	}
	return l, nil
}

// fill makes a short file as long as it must be, and has it found after a crash.
func (l *Log) fill(path string) error {
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	l.used = info.Size()
	if l.used >= Size {
		return nil
	}
	if _, err := l.file.WriteAt(make([]byte, Size-l.used), l.used); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	return compact.SyncDir(path)
}

// Start begins anew, at a state of the file in which all is that was appended.
func (l *Log) Start(state State) { l.state, l.next, l.end = state, 0, 0 }

// Len is how long the records are together that belong to the state.
func (l *Log) Len() int64 { return l.end }

// Append adds a text, and returns when it is durable. After an error it may be there or not: begin anew.
func (l *Log) Append(text []byte) error {
	if len(text) == 0 || uint64(len(text)) > math.MaxUint32 {
		return errors.New("append to the log: a text that no record takes")
	}
	l.room = appendRecord(l.room[:0], l.state, l.next, text)
	if _, err := l.file.WriteAt(l.room, l.end); err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	if err := l.sync(); err != nil {
		return fmt.Errorf("append to the log: %w", err)
	}
	l.next++
	l.end += int64(len(l.room))
	l.used = max(l.used, l.end)
	if cap(l.room) > roomKept {
		l.room = nil
	}
	return nil
}

func appendRecord(b []byte, state State, number uint32, text []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(state))
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text))) // #nosec G115 -- Append looks
	b = binary.LittleEndian.AppendUint32(b, sumOf(b, text))
	return append(b, text...)
}

// sumOf covers a head without its sum, and the text.
func sumOf(head, text []byte) uint32 { return crc32.Update(crc32.Checksum(head, sums), sums, text) }

// Wipe overwrites what the records of the past say, for customers' ids stand in them. It is for when
// the file has all.
func (l *Log) Wipe() error {
	if _, err := l.file.WriteAt(make([]byte, l.used), 0); err != nil {
		return fmt.Errorf("wipe the log: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("wipe the log: %w", err)
	}
	if l.used > Size {
		if err := l.file.Truncate(Size); err != nil {
			return fmt.Errorf("wipe the log: %w", err)
		}
		l.used = Size
	}
	return nil
}

// Move gives a log that is there another name.
func Move(from, to string) error {
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the log: %w", err)
	}
	return nil
}

// Copy makes a log that is there a file's own. Whether it belongs to that file, Recover finds out.
func Copy(from, to string) error {
	text, err := os.ReadFile(from) // #nosec G304 -- the operator names the copy
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.WriteFile(to, text, 0o600) // #nosec G703 -- beside the store, which the operator names
	}
	if err == nil {
		err = compact.GiveToOwner(to, to)
	}
	if err != nil {
		return fmt.Errorf("copy the log: %w", err)
	}
	return compact.SyncDir(to)
}

// Remove removes a log, if it is there, that belongs to no file.
func Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = compact.SyncDir(path)
	}
	if err != nil {
		return fmt.Errorf("remove the log: %w", err)
	}
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// Read returns the texts of the records that belong to a state, in order; none if there is no log. The last one may have
// been cut off by a crash, and was not acknowledged then.
func Read(path string, state State) (texts [][]byte, err error) {
	f, err := os.Open(path) // #nosec G304 -- beside the store, which the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	for from := int64(0); ; {
		text, err := record(f, from, info.Size(), state, len(texts))
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		if text == nil {
			return texts, nil
		}
		texts, from = append(texts, text), from+headLen+int64(len(text))
	}
}

// record returns the text of the record at a place in a file; nil if there is none of that state and number.
func record(f io.ReaderAt, from, size int64, state State, number int) ([]byte, error) {
	var head [headLen]byte
	if from+headLen > size {
		return nil, nil
	}
	if _, err := f.ReadAt(head[:], from); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[12:]))
	if State(binary.LittleEndian.Uint64(head[:])) != state || int(binary.LittleEndian.Uint32(head[8:])) != number ||
		n == 0 || from+headLen+n > size {
		return nil, nil
	}
	text := make([]byte, n)
	if _, err := f.ReadAt(text, from+headLen); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(head[16:]) != sumOf(head[:16], text) {
		return nil, nil
	}
	return text, nil
}
