package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// FuzzScan holds that what scan is sure of, the decoder reads as the same.
func FuzzScan(f *testing.F) {
	for _, c := range decodeCases {
		f.Add([]byte(notification("messaging", expand(c.element))))
	}
	for _, body := range append(scanned, unsure...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, sure := scan(body)
		if !sure {
			return
		}
		want, read, err := decode(body)
		if err != nil || string(read) != string(body) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s:\nscanned %+v\ndecoded %+v, %v", body, got, want, err)
		}
	})
}

// saying puts members of a message into a notification.
func saying(members string) string {
	return notification("messaging", expand(`{$S,$R,$T,"message":{$M`+members+`}}`))
}

// scanned is what scan is sure of.
var scanned = []string{
	string(oneText),
	saying(`,"text":"Hello"`),
	saying(`,"text":"caf\u00e9 \ud83d\ude00 http:\/\/ex.test\/a \"quoted\"\\"`),
	saying(`,"text":"café 😀"`),
	saying(`,"text":42`),
	saying(`,"text":" \n"`),
	saying(`,"text":"a","text":"b"`),
	saying(`,"is_echo":true,"app_id":900800700600500,"metadata":"mb1:Xy12:1"`),
	saying(`,"is_echo":false`),
	strings.Replace(saying(``), `"recipient":{`, `"sender":{"id":7},"message":{"text":"merged"},"recipient":{`, 1),
	`{"entry":[{"time":1,"messaging":[{"timestamp":"2","message":{"text":"Hello"},"sender":{"id":"a/b"}}],"id":5}],"object":"page"}`,
}

// unsure is what looks like it.
var unsure = []string{
	``, `{}`, `{"object":"page"}`, `{"object":"","entry":[]}`, `{"object":"page","entry":[}]}`, notification("messaging", expand(`{$S,$R,$T}`)), `{"object":"page","entry":[{}]}`, string(oneText) + "}", string(oneText) + "\n", " " + string(oneText),
	string(oneText[:len(oneText)-1]), strings.Replace(string(oneText), `"text"`, `"Text"`, 1), strings.Replace(string(oneText), `"text"`, `"te\u0078t"`, 1),
	strings.Replace(string(oneText), `"entry"`, `"entry":[{"id":"1"}],"entry"`, 1), strings.Replace(string(oneText), `"messaging"`, `"messaging":[{}],"messaging"`, 1),
	strings.Replace(string(oneText), `"sender":{`, `"sender":{},"x":{`, 1), strings.Replace(string(oneText), `"sender":{`, `"sender":{,`, 1),
	strings.Replace(string(oneText), `}]}]}`, `},{}]}]}`, 1),
	saying(`,"text":"\x"`), saying(`,"text":"\ud83d"`), saying(",\"text\":\"\xff\""), saying(",\"text\":\"\n\""), saying(`,"text":"a`), saying(`,"text":null`),
	saying(`,"text":{}`), saying(`,"text":[]`), saying(`,"text":-1`), saying(`,"text":01`), saying(`,"text":1.5`), saying(`,"text":1e5`), saying(`,"text":truer`),
	saying(`,"text"`), saying(`,"text":`), saying(`,`), saying(`,"attachments":[]`), saying(`,"quick_reply":{"payload":"x"}`), saying(`,"unknown":{}`),
}

func TestScan_IsSureOfWhatIsUsual(t *testing.T) {
	for _, body := range scanned {
		if _, sure := scan([]byte(body)); !sure {
			t.Errorf("left to the decoder: %s", body)
		}
	}
	for _, body := range unsure {
		if all, sure := scan([]byte(body)); sure {
			t.Errorf("%s is read as %+v", body, all)
		}
	}
}

// FuzzScalar holds that a string's content is what the decoder says it is.
func FuzzScalar(f *testing.F) {
	for _, inside := range []string{"", "a b", "café 😀", `caf\u00e9 \ud83d\ude00 \/ \"\\`, `\ud83d`, "\xff", "a\u007fb", "\u2028"} {
		f.Add([]byte(`"` + inside + `"`))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var want string
		if len(b) == 0 || b[0] != '"' || b[len(b)-1] != '"' || json.Unmarshal(b, &want) != nil {
			return
		}
		if got := Scalar(b); got != want {
			t.Fatalf("%s is %q, want %q", b, got, want)
		}
	})
}
