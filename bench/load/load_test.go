package load

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
)

func TestRequests_AreSignedUniqueAndComeBack(t *testing.T) {
	r := makeRequests(7, 3, Volley{Events: 1, Lanes: 2, Pages: 1, InTurn: true})
	seen := map[string]bool{}
	for i, request := range r.all {
		_, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
		if len(body) != BodyLen || !json.Valid(body) || seen[string(body)] {
			t.Errorf("body %d has %d bytes: %s", i, len(body), body)
		}
		seen[string(body)] = true
		if run, event, ok := readTag(TextOf(body, "text")); !ok || run != 7 || event != i {
			t.Errorf("request %d comes back as %d of run %d", i, event, run)
		}
	}
	many := makeRequests(8, 1, Volley{Events: 1000, Lanes: 100, Pages: 1}).all[0]
	if _, body, _ := bytes.Cut(many, []byte("\r\n\r\n")); !json.Valid(body) || len(body) < 1000*eventLen {
		t.Errorf("a call with 1000 events has %d bytes", len(body))
	}
}

// What peers take: Messenger's webhook with both of Meta's signatures, or a text alone.
func TestRequests_ForPeers_AreInTheirForm(t *testing.T) {
	v := Volley{Events: 1, Lanes: 2, Pages: 1, Form: Doubly}
	header, body, _ := bytes.Cut(makeRequests(1, 1, v).all[0], []byte("\r\n\r\n"))
	mac := hmac.New(sha1.New, []byte(AppSecret))
	mac.Write(body)
	if want := "X-Hub-Signature: sha1=" + hex.EncodeToString(mac.Sum(nil)); !bytes.Contains(header, []byte(want)) || !bytes.Contains(header, []byte("X-Hub-Signature-256: sha256=")) {
		t.Errorf("no %s in %s", want, header)
	}
	v.Form = OnlyText
	header, body, _ = bytes.Cut(makeRequests(2, 1, v).all[0], []byte("\r\n\r\n"))
	if run, i, ok := readTag(TextOf(body, "text")); !ok || run != 2 || i != 0 || len(body) != BodyLen || !json.Valid(body) || !bytes.HasPrefix(header, []byte("POST /api/message ")) {
		t.Errorf("%s\n%s", header, body)
	}
}

// Peers answer with a body, in one piece or in chunks; the next call's answer follows it.
func TestConnection_AnswerWithABody_IsReadOver(t *testing.T) {
	const answers = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n" +
		"HTTP/1.1 200 OK\r\n\r\n" + "HTTP/1.1 401 Unauthorized\r\n\r\n"
	here, there := net.Pipe()
	defer here.Close()
	go func() { _, _ = io.Copy(io.Discard, there) }()
	c := &connection{Conn: here, answers: bufio.NewReader(strings.NewReader(answers))}
	for i := range 3 {
		if err := c.exchange([]byte("call")); err != nil {
			t.Errorf("answer %d: %v", i, err)
		}
	}
	if err := c.exchange([]byte("call")); err == nil {
		t.Error("a refusal was taken for an answer")
	}
}
