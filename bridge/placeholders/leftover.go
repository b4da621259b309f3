package placeholders

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
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

// LeftOver returns the placeholders that stand in a text, each once.
func LeftOver(text string) []string {
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
