package compact

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Whatever is read in whatever order is what stands in the file: at its end, across blocks, and
// where one block takes the place of another.
func TestBlocks_ReadInAnyOrder(t *testing.T) {
	const page = 4096
	pages := 2*kept*blockSize/page + 3
	rnd := rand.NewChaCha8([32]byte{1})
	want := make([]byte, pages*page)
	_, _ = rnd.Read(want)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := blocks{file: f, size: int64(len(want))}
	look := func(from, n int) {
		t.Helper()
		got, err := b.read(int64(from*page), n*page)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want[from*page:][:n*page]) {
			t.Fatalf("%d pages from page %d are others than in the file", n, from)
		}
	}
	for from := range pages {
		look(from, 1)
	}
	choose := rand.New(rnd) // #nosec G404 -- a test that is the same each time
	for range 4_000 {
		from, n := choose.IntN(pages), 1
		if choose.IntN(3) == 0 {
			n = min(1+choose.IntN(2*blockSize/page), pages-from)
		}
		for range 1 + choose.IntN(3) { // some that follow each other
			look(from, n)
			if from+2*n > pages {
				break
			}
			from += n
		}
	}
}
