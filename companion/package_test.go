package companion

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"slices"
	"testing"
)

// sum is what the package's bytes add up to. It changes with the app, and with nothing
// else: not with the day, the machine or the compiler.
const sum = "27741b7c16c510c470d677ed36b6ed787de11f3eda7bdad691336614a2190c75"

func TestPackage_IsTheSameBytesEverywhere(t *testing.T) {
	for range 2 {
		content, err := Package()
		if err != nil {
			t.Fatal(err)
		}
		if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
			t.Errorf("the package is %x; if the app was changed, that is the new sum, and the version in app.json rises", got)
		}
	}
}

func TestPackage_HoldsAllThatIsEmbedded_AndOneScript(t *testing.T) {
	content, err := Package()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var names, embedded []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	err = fs.WalkDir(app, "app", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			embedded = append(embedded, path[len("app/"):])
		}
		return err
	})
	slices.Sort(names)
	slices.Sort(embedded)
	if err != nil || !slices.Equal(names, embedded) {
		t.Errorf("packed are %q, embedded %q (%v)", names, embedded, err)
	}
	if m := About(); len(m.ID) != 36 || m.ID[14] != '4' || len(m.Permissions) != 4 {
		t.Errorf("the manifest is %+v; the id must stay a UUID of version 4", m)
	}
}
