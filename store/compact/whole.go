package compact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// errTree says that a file's pages do not hang together. bbolt would read beyond them, which stops
// the program.
var errTree = errors.New("its pages do not hang together")

// Whole returns an error unless every page that a file of bbolt leads to is one, is led to
// once, and holds what it says it holds.
func Whole(tx *bbolt.Tx, file io.ReaderAt) error {
	size := tx.DB().Info().PageSize
	w := walk{file: file, size: size, pages: uint64(tx.Size()) / uint64(size)} // #nosec G115 -- sizes are not negative
	w.seen = make([]bool, w.pages)
	return w.page(uint64(tx.Cursor().Bucket().Root()), nil, nil)
}

// walk goes through the tree of a file's pages.
type walk struct {
	file  io.ReaderAt
	size  int
	pages uint64
	seen  []bool
	ahead []byte // pages that were read, and the first of them
	first uint64
}

const (
	pageHeader    = 16 // id 8, flags 2, count 2, overflow 4
	pageElement   = 16 // branch: position 4, key 4, page 8; leaf: flags 4, position 4, key 4, value 4
	branchPage    = 1
	leafPage      = 2
	bucketElement = 1
	readAhead     = 64
)

// page looks at one page and all below it, whose keys are not before least, and before most; nil
// bounds nothing.
func (w *walk) page(id uint64, least, most []byte) error {
	p, err := w.read(id)
	if err != nil {
		return err
	}
	if binary.NativeEndian.Uint64(p) != id {
		return errTree
	}
	switch binary.NativeEndian.Uint16(p[8:]) {
	case branchPage:
		keys, err := keysOf(p, 0, least, most)
		if err != nil || len(keys) == 0 {
			return errTree
		}
		for i, key := range keys {
			end := most
			if i+1 < len(keys) {
				end = keys[i+1]
			}
			if err := w.page(binary.NativeEndian.Uint64(p[pageHeader+i*pageElement+8:]), bytes.Clone(key), bytes.Clone(end)); err != nil {
				return err
			}
		}
		return nil
	case leafPage:
		return w.leaf(p, least, most)
	}
	return errTree
}

// leaf looks at a page of records, and at the buckets among them.
func (w *walk) leaf(p, least, most []byte) error {
	keys, err := keysOf(p, 4, least, most)
	if err != nil {
		return err
	}
	var within [][]byte // of buckets, copied: p may be read over
	for i, key := range keys {
		e := p[pageHeader+i*pageElement:]
		if flags := binary.NativeEndian.Uint32(e); flags > bucketElement {
			return errTree
		} else if flags == 0 {
			continue
		}
		value := e[int(binary.NativeEndian.Uint32(e[4:]))+len(key):][:binary.NativeEndian.Uint32(e[12:])]
		if len(value) < 16 {
			return errTree
		}
		within = append(within, bytes.Clone(value))
	}
	for _, value := range within {
		root := binary.NativeEndian.Uint64(value)
		if root != 0 {
			if err := w.page(root, nil, nil); err != nil {
				return err
			}
			continue
		}
		// A small bucket is a page within the value.
		inline := value[16:]
		if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != leafPage {
			return errTree
		}
		if err := w.leaf(inline, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// keysOf returns the keys of a page whose elements hold where they are at an offset, if all of
// them, and their values, lie within it, in order.
func keysOf(p []byte, at int, least, most []byte) ([][]byte, error) {
	count := int(binary.NativeEndian.Uint16(p[10:]))
	if pageHeader+count*pageElement > len(p) {
		return nil, errTree
	}
	keys := make([][]byte, count)
	for i := range keys {
		e := p[pageHeader+i*pageElement:]
		from, key, value := uint64(binary.NativeEndian.Uint32(e[at:])), uint64(binary.NativeEndian.Uint32(e[at+4:])), uint64(0)
		if at > 0 {
			value = uint64(binary.NativeEndian.Uint32(e[at+8:]))
		}
		if from < pageElement*uint64(count-i) || from+key+value > uint64(len(e)) { // #nosec G115 -- a count
			return nil, errTree
		}
		keys[i] = e[from : from+key]
		if i == 0 && least != nil && bytes.Compare(keys[0], least) < 0 || i > 0 && bytes.Compare(keys[i-1], keys[i]) >= 0 ||
			most != nil && bytes.Compare(keys[i], most) >= 0 {
			return nil, errTree
		}
	}
	return keys, nil
}

// read returns a page that nothing else leads to, with those it runs over into.
func (w *walk) read(id uint64) ([]byte, error) {
	if id < 2 || id >= w.pages {
		return nil, errTree
	}
	if id < w.first || id >= w.first+uint64(len(w.ahead)/w.size) { // #nosec G115 -- lengths are not negative
		ahead := make([]byte, w.size*int(min(readAhead, w.pages-id)))            // #nosec G115 -- at most readAhead
		if _, err := w.file.ReadAt(ahead, int64(id)*int64(w.size)); err != nil { // #nosec G115 -- within the file
			return nil, fmt.Errorf("read a page: %w", err)
		}
		w.ahead, w.first = ahead, id
	}
	p := w.ahead[int(id-w.first)*w.size:][:w.size] // #nosec G115 -- at most readAhead
	over := uint64(binary.NativeEndian.Uint32(p[12:]))
	if id+over >= w.pages {
		return nil, errTree
	}
	for n := id; n <= id+over; n++ {
		if w.seen[n] {
			return nil, errTree
		}
		w.seen[n] = true
	}
	if over == 0 {
		return p, nil
	}
	p = make([]byte, w.size*int(over+1))                                 // #nosec G115 -- within the file
	if _, err := w.file.ReadAt(p, int64(id)*int64(w.size)); err != nil { // #nosec G115 -- within the file
		return nil, fmt.Errorf("read a page: %w", err)
	}
	return p, nil
}
