package messenger

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"messenger-bridge/bridge"
)

var received = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// at is the time of the examples: 1790000000001 ms.
var at = time.UnixMilli(1790000000001).UTC()

func fromCustomer(kind bridge.EventKind, text string, attachments ...bridge.Attachment) bridge.Incoming {
	return bridge.Incoming{
		Conversation: bridge.Conversation{Page: "100200300400500", Customer: "7001002003004005", Kind: bridge.Messages},
		Kind:         kind, Mid: "m_AAAA1111", At: at, Text: text, Attachments: attachments, Key: "m/m_AAAA1111",
	}
}

func echo(text string, mark bridge.Mark) bridge.Incoming {
	in := fromCustomer(bridge.EchoEvent, text)
	in.Key, in.Mark = "e/m_AAAA1111", mark
	return in
}

func when(in bridge.Incoming, at time.Time) bridge.Incoming {
	in.At = at
	return in
}

// The cases abbreviate what most elements have in common; see expand.
var decodeCases = []struct {
	name    string
	element string // of messaging
	want    *bridge.Incoming
	ignored string
}{
	{name: "text", element: `{$S,$R,$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "escapes", element: `{$S,$R,$T,"message":{$M,"text":"caf\u00e9 \ud83d\ude00 \u0645 http:\/\/ex.test\/a"}}`, want: new(fromCustomer(bridge.TextEvent, "café 😀 م http://ex.test/a"))},
	{name: "plain UTF-8", element: `{$S,$R,$T,"message":{$M,"text":"café 😀"}}`, want: new(fromCustomer(bridge.TextEvent, "café 😀"))},
	{name: "half a surrogate pair", element: `{$S,$R,$T,"message":{$M,"text":"a\ud83d"}}`, want: new(fromCustomer(bridge.TextEvent, "a\uFFFD"))},
	{name: "unknown keys", element: `{$S,$R,$T,"x":{"y":[1]},"message":{$M,"text":"Hello","nlp":{"a":1},"new":[{}]}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "quick reply", element: `{$S,$R,$T,"message":{$M,"text":"Sales","quick_reply":{"payload":"DEPT:sales"}}}`, want: new(fromCustomer(bridge.TextEvent, "Sales"))},
	{name: "ids as numbers", element: `{"sender":{"id":7001002003004005},"recipient":{"id":100200300400500},$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "text as a number", element: `{$S,$R,$T,"message":{$M,"text":42}}`, want: new(fromCustomer(bridge.TextEvent, "42"))},
	{name: "text as an object", element: `{$S,$R,$T,"message":{$M,"text":{"a":"b"}}}`, want: new(fromCustomer(bridge.MediaEvent, ""))},
	{name: "image", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"image","payload":{"url":"https://ex.test/1"}},{"type":"image","payload":{"url":"https://ex.test/2"}}]}}`,
		want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "image", URL: "https://ex.test/1"}, bridge.Attachment{Kind: "image", URL: "https://ex.test/2"}))},
	{name: "attachment without type", element: `{$S,$R,$T,"message":{$M,"attachments":[{"payload":{"url":"https://ex.test/1"}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{URL: "https://ex.test/1"}))},
	{name: "old link preview", element: `{$S,$R,$T,"message":{$M,"text":"see","attachments":[{"type":"fallback","url":"https://ex.test/1","title":"x","payload":null}]}}`,
		want: new(fromCustomer(bridge.TextEvent, "see", bridge.Attachment{Kind: "fallback", URL: "https://ex.test/1"}))},
	{name: "location", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"location","payload":{"coordinates":{"lat":1.5,"long":2}}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "location"}))},
	{name: "sticker id as number", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"sticker","payload":{"url":"https://ex.test/1","sticker_id":369239263222822}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "sticker", URL: "https://ex.test/1"}))},
	{name: "sticker id as string", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"sticker","payload":{"url":"https://ex.test/1","sticker_id":"369239263222822"}}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "sticker", URL: "https://ex.test/1"}))},
	{name: "attachments of a wrong type", element: `{$S,$R,$T,"message":{$M,"text":"Hello","attachments":"x"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "payload of a wrong type", element: `{$S,$R,$T,"message":{$M,"attachments":[{"type":"image","payload":"x"}]}}`, want: new(fromCustomer(bridge.MediaEvent, "", bridge.Attachment{Kind: "image"}))},
	{name: "nothing in it", element: `{$S,$R,$T,"message":{$M}}`, want: new(fromCustomer(bridge.MediaEvent, ""))},
	{name: "white space only", element: `{$S,$R,$T,"message":{$M,"text":" \n"}}`, want: new(fromCustomer(bridge.MediaEvent, " \n"))},
	{name: "unsupported", element: `{$S,$R,$T,"message":{$M,"is_unsupported":true}}`, want: new(fromCustomer(bridge.MediaEvent, ""))},
	{name: "time as string", element: `{$S,$R,"timestamp":"1790000000001","message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},
	{name: "time in seconds", element: `{$S,$R,"timestamp":1790000000,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.Unix(1790000000, 0).UTC()))},
	{name: "time in seconds as string", element: `{$S,$R,"timestamp":"1790000000","message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.Unix(1790000000, 0).UTC()))},
	{name: "time missing", element: `{$S,$R,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "time absurd", element: `{$S,$R,"timestamp":9223372036854775807,"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "time an object", element: `{$S,$R,"timestamp":{},"message":{$M,"text":"Hello"}}`, want: new(when(fromCustomer(bridge.TextEvent, "Hello"), time.UnixMilli(1790000000123).UTC()))},
	{name: "recipient missing", element: `{$S,$T,"message":{$M,"text":"Hello"}}`, want: new(fromCustomer(bridge.TextEvent, "Hello"))},

	{name: "own echo", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"app_id":900800700600500,"metadata":"mb1:Xy12:1","text":"Hi"}}`, want: new(echo("Hi", bridge.Mark{Message: "Xy12", Part: 1}))},
	{name: "own echo, other types", element: `{$ES,$ER,$T,"message":{$M,"is_echo":"true","app_id":"900800700600500","metadata":"mb1:Xy12:1","text":"Hi"}}`, want: new(echo("Hi", bridge.Mark{Message: "Xy12", Part: 1}))},
	{name: "foreign echo", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"app_id":263902037430900,"text":"Hi"}}`, want: new(echo("Hi", bridge.Mark{}))},
	{name: "echo of Meta's AI", element: `{$ES,$ER,$T,"message":{$M,"is_echo":true,"ai_generated":true,"app_id":263902037430900,"metadata":"{\"source\":\"axon\"}"}}`, want: new(echo("", bridge.Mark{}))},
	{name: "echo that does not say so", element: `{$ES,$ER,$T,"message":{$M,"text":"Hi"}}`, want: new(echo("Hi", bridge.Mark{}))},

	{name: "postback", element: `{$S,$R,$T,"postback":{$M,"title":"Get Started"}}`, ignored: "postback"},
	{name: "reaction", element: `{$S,$R,$T,"reaction":{$M,"action":"react"}}`, ignored: "reaction"},
	{name: "read", element: `{$S,$R,$T,"read":{"watermark":1}}`, ignored: "read"},
	{name: "delivery without mids", element: `{$S,$R,"delivery":{"watermark":1}}`, ignored: "delivery"},
	{name: "edit", element: `{$S,$R,$T,"message_edit":{$M,"text":"x","num_edit":"1"}}`, ignored: "edit"},
	{name: "referral", element: `{$S,$R,$T,"referral":{}}`, ignored: "referral"},
	{name: "optin", element: `{"recipient":{"id":"P"},"optin":{"user_ref":"x"}}`, ignored: "optin"},
	{name: "linking", element: `{$S,$R,"account_linking":{}}`, ignored: "linking"},
	{name: "handover", element: `{$S,$R,"pass_thread_control":{"previous_owner_app_id":null}}`, ignored: "handover"},
	{name: "roles", element: `{$R,"app_roles":{"1":[]}}`, ignored: "handover"},
	{name: "policy", element: `{$R,"policy_enforcement":{}}`, ignored: "policy"},
	{name: "policy, old name", element: `{$R,"policy-enforcement":{}}`, ignored: "policy"},
	{name: "feedback", element: `{$S,$R,"messaging_feedback":{}}`, ignored: "feedback"},
	{name: "deleted", element: `{$S,$R,$T,"message":{$M,"is_deleted":"true"}}`, ignored: "deleted"},
	{name: "null is not there", element: `{$S,$R,$T,"message":null,"read":null}`, ignored: "unknown"},
	{name: "unheard of", element: `{$S,$R,$T,"teleport":{}}`, ignored: "unknown"},
	{name: "null", element: `null`, ignored: "unknown"},
	{name: "a number", element: `5`, ignored: "unknown"},
	{name: "no sender", element: `{$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "plugin user", element: `{"sender":{"user_ref":"x"},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender with a slash", element: `{"sender":{"id":"7/8"},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender 1.5", element: `{"sender":{"id":1.5},$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "sender a string", element: `{"sender":"7",$R,$T,"message":{$M,"text":"Hello"}}`, ignored: "no-customer"},
	{name: "no mid", element: `{$S,$R,$T,"message":{"text":"Hello"}}`, ignored: "no-mid"},
	{name: "message a string", element: `{$S,$R,$T,"message":"Hello"}`, ignored: "no-mid"},
}

// expand writes out the abbreviations of the cases.
func expand(element string) string {
	return strings.NewReplacer(
		"$ES", `"sender":{"id":"100200300400500"}`, "$ER", `"recipient":{"id":"7001002003004005"}`,
		"$S", `"sender":{"id":"7001002003004005"}`, "$R", `"recipient":{"id":"100200300400500"}`,
		"$T", `"timestamp":1790000000001`, "$M", `"mid":"m_AAAA1111"`,
	).Replace(element)
}

func notification(array, elements string) string {
	return `{"object":"page","entry":[{"id":"100200300400500","time":1790000000123,"` + array + `":[` + elements + `]}]}`
}

func TestDecode_OneElement(t *testing.T) {
	for _, c := range decodeCases {
		for _, array := range []string{"messaging", "standby"} {
			body := notification(array, expand(c.element))
			if !json.Valid([]byte(body)) {
				t.Fatalf("%s: the test's own JSON is wrong: %s", c.name, body)
			}
			d, err := decode([]byte(body), received)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			want, ignored := []bridge.Incoming(nil), map[string]int{}
			if c.want != nil {
				want = []bridge.Incoming{*c.want}
				want[0].Standby = array == "standby"
			} else {
				ignored[c.ignored] = 1
			}
			if !reflect.DeepEqual(d.events, want) || !maps.Equal(d.ignored, ignored) {
				t.Errorf("%s in %s:\n got %+v %v\nwant %+v %v", c.name, array, d.events, d.ignored, want, ignored)
			}
		}
	}
}

// All cases in one call: none may cost another.
func TestDecode_ManyElements_EachIsCountedOnce(t *testing.T) {
	var elements []string
	want := 0
	for _, c := range decodeCases {
		elements = append(elements, expand(c.element))
		if c.want != nil {
			want++
		}
	}
	body := `{"object":"page","new":{},"entry":[{"id":100200300400500,"time":"1790000000123","messaging":[` + strings.Join(elements, ",") +
		`],"standby":[` + strings.Join(elements, ",") + `],"changes":[{"field":"feed","value":{}},{"field":"mention"},7]},null,{"id":"1","time":1}]}`
	d, err := decode([]byte(body), received)
	if err != nil {
		t.Fatal(err)
	}
	ignored := 0
	for _, n := range d.ignored {
		ignored += n
	}
	if len(d.events) != 2*want || ignored != 2*(len(decodeCases)-want)+3+2 {
		t.Errorf("%d events and %d ignored of %d elements: %v", len(d.events), ignored, 2*len(decodeCases)+5, d.ignored)
	}
	if d.ignored["feed"] != 1 || d.ignored["change"] != 2 || d.ignored["empty"] != 2 {
		t.Errorf("changes and empty entries: %v", d.ignored)
	}
}

func TestDecode_PageMissing_IsTakenFromTheElement(t *testing.T) {
	body := strings.Replace(notification("messaging", expand(`{$S,$R,$T,"message":{$M,"text":"Hello"}}`)), `"id":"100200300400500","time"`, `"time"`, 1)
	d, err := decode([]byte(body), received)
	if err != nil || !reflect.DeepEqual(d.events, []bridge.Incoming{fromCustomer(bridge.TextEvent, "Hello")}) {
		t.Errorf("got %+v, %v", d, err)
	}
	body = `{"object":"page","entry":[{"messaging":[` + expand(`{$S,$T,"message":{$M,"text":"Hello"}}`) + `]}]}`
	if d, _ = decode([]byte(body), received); d.ignored["no-page"] != 1 {
		t.Errorf("without any page id: %+v", d)
	}
}

func TestDecode_OtherObjects_AreCounted(t *testing.T) {
	for body, want := range map[string]map[string]int{
		`{"object":"instagram","entry":[{"id":"1","messaging":[{},{}]},{"id":"2","changes":[{}]}]}`: {"object": 3},
		`{"object":"user","entry":[{"id":"1"}]}`:                                                    {"object": 1},
		`{"object":"page","entry":[]}`:                                                              {"empty": 1},
		`{"object":"page"}`:                                                                         {"empty": 1},
		`{"object":"page","entry":"x"}`:                                                             {"empty": 1},
		`{"object":7,"entry":[{}]}`:                                                                 {"object": 1},
		`{"object":"page","entry":[{"id":"1","messaging":"x"}]}`:                                    {"empty": 1},
	} {
		d, err := decode([]byte(body), received)
		if err != nil || len(d.events) != 0 || !maps.Equal(d.ignored, want) {
			t.Errorf("%s: got %+v, %v", body, d, err)
		}
	}
}

func TestDecode_NotANotification_IsAnErrorWithoutContent(t *testing.T) {
	for _, body := range []string{"", "x", "null", "[]", "{}", `"a"`, `{"object":"page","entry":[{"id":"1","messaging":[{"sender"`, `{"object":"page"}}`} {
		if _, err := decode([]byte(body), received); err != errMalformed {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// What leaves decode must be storable: a time or text that cannot be written as
// JSON would be refused for ever, and Meta would send it for ever.
func FuzzDecode(f *testing.F) {
	for _, c := range decodeCases {
		f.Add([]byte(notification("messaging", expand(c.element))))
	}
	f.Add([]byte(`{"object":"page","entry":[{"id":"1","time":1,"changes":[{"field":"feed"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if w := newHook(nil).post(string(body), sign(body, appSecret)); w.Code != 200 {
			t.Fatalf("signed, and answered %d", w.Code)
		}
		d, err := decode(body, received)
		if err != nil {
			if d.events != nil {
				t.Fatal("events beside an error")
			}
			return
		}
		items := len(d.events)
		for _, n := range d.ignored {
			items += n
		}
		if items == 0 {
			t.Fatal("nothing was counted")
		}
		for _, in := range d.events {
			c := in.Conversation
			if c.Page == "" || c.Customer == "" || in.Mid == "" || in.Key == "" || in.At.IsZero() || c.Lane().Page() != c.Page {
				t.Fatalf("incomplete: %+v", in)
			}
			if _, err := json.Marshal(in); err != nil {
				t.Fatal(err)
			}
		}
	})
}
