package compact

import (
	"fmt"
	"os"
)

const (
	// blockSize is how much is read at once where pages that follow each other in the tree do so
	// in the file: a call, or the first look at a mapped page, takes as long as copying several pages.
	blockSize = 64 << 10
	kept      = 64
)

// blocks reads a file, of which it keeps the blocks that were read last.
type blocks struct {
	file *os.File
	size int64 // at which it ends
	kept [kept]block
	last int64 // where the block begins in which was read before
	page []byte
}

type block struct {
	from int64 // negative if it could not be read
	data []byte
}

// read returns what stands at a place within the file. It stays as it is until the next call.
func (b *blocks) read(from int64, size int) ([]byte, error) {
	start := from / blockSize * blockSize
	at, before := &b.kept[start/blockSize%kept], b.last
	b.last = start
	switch {
	case from+int64(size) > start+blockSize:
		p := make([]byte, size)
		return p, b.fill(p, from)
	case at.data != nil && at.from == start:
	case start == before || start == before+blockSize:
		if err := b.load(at, start); err != nil {
			return nil, err
		}
	default: // pages in no order: most of a block would be read for nothing
		if cap(b.page) < size {
			b.page = make([]byte, size)
		}
		return b.page[:size], b.fill(b.page[:size], from)
	}
	return at.data[from-start:][:size], nil
}

func (b *blocks) load(at *block, start int64) error {
	if at.data == nil {
		at.data = make([]byte, blockSize)
	}
	at.from = -1
	if err := b.fill(at.data[:min(blockSize, b.size-start)], start); err != nil {
		return err
	}
	at.from = start
	return nil
}

func (b *blocks) fill(p []byte, from int64) error {
	if _, err := b.file.ReadAt(p, from); err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	return nil
}
