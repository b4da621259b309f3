package webhook

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

// TestSigned_Vectors: secrets may change between two calls.
func TestSigned_Vectors(t *testing.T) {
	var s signers // of which secrets, changes
	secrets := []bridge.Secret{appSecret}
	if len(vectorBody) != 277 || !s.signed([]byte(vectorBody), vectorSignature, secrets) {
		t.Error("Meta's own signature is refused")
	}
	for name, signature := range map[string]string{
		"parsed and written as UTF-8":         "sha256=24f92b352da57dd3019fe610c926fabeb2a4af6b17bdcb633c8e4ec416a66cdb",
		"parsed and written with plain slash": "sha256=c5d012d502adb00c20b1f1d496dba0f31c98ad2f12dba942a4d01181f7a56d76",
		"legacy":                              "sha1=88f095121b5fb19a03fa0adf6619ed94c1883201",
		"upper case":                          "sha256=" + strings.ToUpper(vectorSignature[7:]),
		"empty":                               "",
	} {
		if s.signed([]byte(vectorBody), signature, secrets) {
			t.Errorf("%s: accepted", name)
		}
	}
	if s.signed([]byte(vectorBody), vectorSignature, nil) || s.signed([]byte(vectorBody), vectorSignature, []bridge.Secret{newSecret}) {
		t.Error("accepted without the secret")
	}
	if empty := []bridge.Secret{""}; s.signed([]byte(vectorBody), signatureOf([]byte(vectorBody), ""), empty) {
		t.Error("accepted with an empty secret")
	}
	if !s.signed([]byte(vectorBody), vectorSignature, []bridge.Secret{newSecret, appSecret}) {
		t.Error("refused although one of two secrets made it")
	}
}
