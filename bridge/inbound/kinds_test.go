package inbound

import (
	"fmt"
	"testing"
)

func TestKinds_LabelsAreBounded_AndEachIsNewOnce(t *testing.T) {
	var k kinds
	labels, news := map[string]bool{}, 0
	for range 3 {
		for n := range 10 * mostKinds {
			label, fresh := k.label(fmt.Sprint("kind_", n))
			labels[label] = true
			if fresh {
				news++
			}
		}
	}
	if len(labels) != mostKinds+1 || news != len(labels) || !labels[otherKinds] {
		t.Errorf("%d labels, %d of them new", len(labels), news)
	}
}
