package forms

import (
	"strings"
	"testing"
)

func TestDemo_FormOf_ReadsWhatABrowserSends(t *testing.T) {
	fields, action, err := Of(`<!doctype html><style>a > b { color: red }</style><form method=post action="pages">
<input type="hidden" name="ticket" value="a&amp;b"><input type="checkbox" name="page" value="1" checked>
<select name="department"><option value="">None<option value="sales" selected>Sales</select>
<textarea name="welcome">
Hello
you</textarea><br><button>Go</button></form>`)
	if err != nil || action != "pages" || fields.Encode() != "department=sales&page=1&ticket=a%26b&welcome=Hello%0Ayou" {
		t.Errorf("%q %q %v", action, fields.Encode(), err)
	}
	if _, _, err := Of("<h1>This link has expired</h1>"); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("the error is %v", err)
	}
}
