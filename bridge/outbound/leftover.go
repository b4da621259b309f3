package outbound

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"messenger-bridge/bridge"
)

// A text that was copied from a template may still hold what should have been filled in.

var (
	// braces are {{contact.name}}, and the placeholders of a page's own texts.
	braces = regexp.MustCompile(`\{\{[^{}\n]+\}\}|\{(?i:customer|agent|page|department|privacy)(?:\|[^{}\n]*)?\}`)
	// brackets are [NAME], in capitals.
	brackets = regexp.MustCompile(`\[[\p{Lu}\p{N}][\p{Lu}\p{N} _.'’-]*\]`)
)

// fillIn are the words that templates have in brackets, in the languages that we speak. Other
// words in brackets, like [EUR] or [NEW], are words.
var fillIn = strings.Fields(`
	NAME FIRSTNAME LASTNAME SURNAME FORENAME FULLNAME USERNAME CUSTOMER CLIENT USER RECIPIENT CONTACT AGENT COMPANY DATE DAY TIME
	ORDER NUMBER ID LINK URL EMAIL MAIL PHONE ADDRESS CITY STREET AMOUNT PRICE TOTAL PRODUCT ITEM TRACKING INVOICE INSERT YOUR
	PLACEHOLDER TBD XX XXX XXXX
	VORNAME NACHNAME KUNDE KUNDIN KUNDENNAME FIRMA DATUM TAG UHRZEIT ZEIT BESTELLUNG BESTELLNUMMER NUMMER ADRESSE BETRAG PREIS
	PRODUKT ARTIKEL ANREDE RECHNUNG RECHNUNGSNUMMER TELEFON
	NOME SOBRENOME APELIDO CLIENTE EMPRESA DATA DIA HORA PEDIDO NÚMERO NUMERO ENDEREÇO VALOR PREÇO PRODUTO FATURA TELEFONE
	NOMBRE APELLIDO APELLIDOS FECHA DIRECCIÓN PRECIO PRODUCTO FACTURA TELÉFONO ENLACE CORREO`)

// leftOvers returns the placeholders that stand in a text, each once.
func leftOvers(text string) []string {
	found := braces.FindAllString(text, -1)
	for _, one := range brackets.FindAllString(text, -1) {
		parts := strings.FieldsFunc(one, func(r rune) bool { return !unicode.IsLetter(r) })
		if slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(fillIn, part) }) {
			found = append(found, one)
		}
	}
	var all []string
	for _, one := range found {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// heldForLeftOvers returns what is told of a message that is held back because of the
// placeholders in it. Each text is held back once in a room: sent again, or edited, it goes
// out. A program could not do either, so its messages are not held.
func (b *batch) heldForLeftOvers(m *bridge.AgentMessage) (held bool, told []bridge.Notice) {
	found := leftOvers(m.Text)
	if len(found) == 0 || m.Author.Bot {
		return false, nil
	}
	about := aboutMessage(m)
	mark, said := about(bridge.HeldBack, bridge.LeftOver), about(bridge.LeftOverText, bridge.LeftOver)
	said.Topic = string(m.Room) + "/" + b.o.composer.fingerprint("left-over", string(m.Room)+"\x00"+m.Text)
	said.Text = enumerate(found)
	switch before := b.o.Notices.Told(mark); {
	case b.o.Notices.Told(said):
		return before, nil // as it was held; or another one of the same text
	case before:
		return false, nil // it was edited since
	}
	return true, []bridge.Notice{said, mark}
}

// enumerate writes a list of what stands in a message.
func enumerate(all []string) string { return strings.Join(all, ", ") }
