package webhook

import (
	"strings"
	"testing"

	"messenger-bridge/bridge"
)

func TestSigned_Vectors(t *testing.T) {
	secrets := []bridge.Secret{appSecret}
	if len(vectorBody) != 277 || !signed([]byte(vectorBody), vectorSignature, secrets) {
		t.Error("Meta's own signature is refused")
	}
	for name, signature := range map[string]string{
		"parsed and written as UTF-8":         "sha256=24f92b352da57dd3019fe610c926fabeb2a4af6b17bdcb633c8e4ec416a66cdb",
		"parsed and written with plain slash": "sha256=c5d012d502adb00c20b1f1d496dba0f31c98ad2f12dba942a4d01181f7a56d76",
		"legacy":                              "sha1=88f095121b5fb19a03fa0adf6619ed94c1883201",
		"upper case":                          "sha256=" + strings.ToUpper(vectorSignature[7:]),
		"empty":                               "",
	} {
		if signed([]byte(vectorBody), signature, secrets) {
			t.Errorf("%s: accepted", name)
		}
	}
	if signed([]byte(vectorBody), vectorSignature, nil) || signed([]byte(vectorBody), vectorSignature, []bridge.Secret{newSecret}) {
		t.Error("accepted without the secret")
	}
	if !signed([]byte(vectorBody), vectorSignature, []bridge.Secret{newSecret, appSecret}) {
		t.Error("refused although one of two secrets made it")
	}
}
