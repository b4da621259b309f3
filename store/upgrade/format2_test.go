package upgrade

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

func TestRewrite_TouchesEveryRecordOnce_InAnyNumber(t *testing.T) {
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "test.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, n := range []int{0, 1, 999, 1000, 1001, 5000} {
		bucket := []byte(fmt.Sprint("of ", n))
		err := db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket(bucket)
			for i := range n {
				err = errors.Join(err, b.Put(binary.BigEndian.AppendUint64(nil, uint64(i)), []byte(fmt.Sprint(i))))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		touched := 0
		err = db.Update(func(tx *bbolt.Tx) error {
			return rewrite(tx.Bucket(bucket), func(key, v []byte) ([]byte, error) {
				if touched++; binary.BigEndian.Uint64(key)%7 == 3 {
					return nil, errors.New("damaged")
				}
				return append([]byte(strings.Repeat("longer ", 20)), v...), nil
			})
		})
		if err != nil || touched != n {
			t.Errorf("%d of %d records were touched, %v", touched, n, err)
		}
		err = db.View(func(tx *bbolt.Tx) error {
			for i := range n {
				want := fmt.Sprint(i)
				if i%7 != 3 {
					want = strings.Repeat("longer ", 20) + want
				}
				if got := string(tx.Bucket(bucket).Get(binary.BigEndian.AppendUint64(nil, uint64(i)))); got != want {
					t.Fatalf("record %d of %d is %q", i, n, got)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
