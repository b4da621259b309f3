package compact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"

	"go.etcd.io/bbolt"
)

// errTree says that a file's pages do not hang together. bbolt would read beyond them, which stops
// the program.
var errTree = errors.New("its pages do not hang together")

// Whole returns an error unless every page that a file of bbolt leads to is one, is led to
// once, and holds what it says it holds. The file is not smaller than tx says.
func Whole(tx *bbolt.Tx, file *os.File) error {
	size := tx.DB().Info().PageSize
	w := walk{file: blocks{file: file, size: tx.Size()}, size: size, pages: uint64(tx.Size()) / uint64(size)} // #nosec G115 -- sizes are not negative
	w.seen = make([]bool, w.pages)
	return w.page(uint64(tx.Cursor().Bucket().Root()), nil, nil)
}

// walk goes through the tree of a file's pages.
type walk struct {
	file  blocks
	size  int
	pages uint64
	seen  []bool
}

const (
	pageHeader    = 16 // id 8, flags 2, count 2, overflow 4
	pageElement   = 16 // branch: position 4, key 4, page 8; leaf: flags 4, position 4, key 4, value 4
	inBranch      = 0  // where an element of a branch has its position
	inLeaf        = 4
	branchPage    = 1
	leafPage      = 2
	bucketElement = 1
)

// page looks at one page and all below it, whose keys are not before least, and before most; nil
// bounds nothing.
func (w *walk) page(id uint64, least, most []byte) error {
	p, err := w.whole(id)
	if err != nil {
		return err
	}
	if binary.NativeEndian.Uint64(p) != id {
		return errTree
	}
	switch binary.NativeEndian.Uint16(p[8:]) {
	case branchPage:
		return w.branch(p, least, most)
	case leafPage:
		return w.leaf(p, least, most)
	}
	return errTree
}

// branch looks at a page of pages, and at those.
func (w *walk) branch(p, least, most []byte) error {
	p = bytes.Clone(p) // which holds the bounds of all below it
	n, err := elements(p, inBranch, least, most)
	if err != nil || n == 0 {
		return errTree
	}
	for i := range n {
		end := most
		if i+1 < n {
			end = keyOf(p, inBranch, i+1)
		}
		if err := w.page(binary.NativeEndian.Uint64(p[pageHeader+i*pageElement+8:]), keyOf(p, inBranch, i), end); err != nil {
			return err
		}
	}
	return nil
}

// leaf looks at a page of records, and at the buckets among them.
func (w *walk) leaf(p, least, most []byte) error {
	n, err := elements(p, inLeaf, least, most)
	if err != nil {
		return err
	}
	var buckets [][]byte
	for i := range n {
		e := p[pageHeader+i*pageElement:]
		switch binary.NativeEndian.Uint32(e) {
		case 0: // a record
		case bucketElement:
			from := uint64(binary.NativeEndian.Uint32(e[inLeaf:])) + uint64(binary.NativeEndian.Uint32(e[inLeaf+4:]))
			buckets = append(buckets, bytes.Clone(e[from:][:binary.NativeEndian.Uint32(e[inLeaf+8:])]))
		default:
			return errTree
		}
	}
	for _, b := range buckets {
		if err := w.bucket(b); err != nil {
			return err
		}
	}
	return nil
}

// bucket looks at the pages of a bucket. A small one is a page within its value.
func (w *walk) bucket(value []byte) error {
	if len(value) < 16 {
		return errTree
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return w.page(root, nil, nil)
	}
	within := value[16:]
	if len(within) < pageHeader || binary.NativeEndian.Uint16(within[8:]) != leafPage {
		return errTree
	}
	return w.leaf(within, nil, nil)
}

// elements returns how many elements a page has, if all their keys and values lie within it and
// the keys are in order and within bounds.
func elements(p []byte, at int, least, most []byte) (int, error) {
	n := int(binary.NativeEndian.Uint16(p[10:]))
	if pageHeader+n*pageElement > len(p) {
		return 0, errTree
	}
	before := least
	for i := range n {
		e := p[pageHeader+i*pageElement:]
		from, key, value := uint64(binary.NativeEndian.Uint32(e[at:])), uint64(binary.NativeEndian.Uint32(e[at+4:])), uint64(0)
		if at == inLeaf {
			value = uint64(binary.NativeEndian.Uint32(e[at+8:]))
		}
		if from < pageElement*uint64(n-i) || from+key+value > uint64(len(e)) { // #nosec G115 -- a count
			return 0, errTree
		}
		k := e[from : from+key]
		if order := bytes.Compare(before, k); order > 0 || i > 0 && order == 0 {
			return 0, errTree
		}
		before = k
	}
	if n > 0 && most != nil && bytes.Compare(before, most) >= 0 {
		return 0, errTree
	}
	return n, nil
}

// keyOf returns the key of an element that elements has looked at.
func keyOf(p []byte, at, i int) []byte {
	e := p[pageHeader+i*pageElement:]
	return e[binary.NativeEndian.Uint32(e[at:]):][:binary.NativeEndian.Uint32(e[at+4:])]
}

// whole returns a page that nothing else leads to, with those it runs over into, until the next
// is read.
func (w *walk) whole(id uint64) ([]byte, error) {
	if id < 2 || id >= w.pages {
		return nil, errTree
	}
	p, err := w.file.read(int64(id)*int64(w.size), w.size) // #nosec G115 -- within the file
	if err != nil {
		return nil, err
	}
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
	return w.file.read(int64(id)*int64(w.size), w.size*int(over+1)) // #nosec G115 -- within the file
}
