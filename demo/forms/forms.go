// Package forms reads forms of pages as a browser would send them.
package forms

import (
	"encoding/xml"
	"errors"
	"net/url"
	"strings"
)

// readHTML calls see for each element and text of a page.
func readHTML(page string, see func(xml.Token)) {
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := dec.RawToken()
		if err != nil {
			return // the end, or no HTML we understand: what was wanted is then missing
		}
		see(token)
	}
}

func attribute(e xml.StartElement, name string) (value string, there bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// Of returns the fields of a page's form as a browser would send them, but
// without its tick boxes.
func Of(page string) (fields url.Values, action string, err error) {
	fields = url.Values{}
	var area, choice string // names of the textarea and the select we are in
	found := false
	readHTML(page, func(token xml.Token) {
		switch t := token.(type) {
		case xml.StartElement:
			name, _ := attribute(t, "name")
			value, _ := attribute(t, "value")
			kind, _ := attribute(t, "type")
			_, selected := attribute(t, "selected")
			_, checked := attribute(t, "checked")
			switch {
			case t.Name.Local == "form":
				action, _ = attribute(t, "action")
				found = true
			case t.Name.Local == "input" && kind != "checkbox" && name != "":
				fields.Set(name, value)
			case t.Name.Local == "input" && checked:
				fields.Add(name, value)
			case t.Name.Local == "textarea":
				area = name
				fields.Set(area, "")
			case t.Name.Local == "select":
				choice = name
			case t.Name.Local == "option" && (selected || !fields.Has(choice)):
				fields.Set(choice, value)
			}
		case xml.EndElement:
			if t.Name.Local == "textarea" {
				area = ""
			}
		case xml.CharData:
			if area != "" {
				fields.Set(area, strings.TrimPrefix(string(t), "\n"))
			}
		}
	})
	if !found {
		return nil, "", errors.New("there is no form: " + Headline(page))
	}
	return fields, action, nil
}

// Headline returns what a page's h1 says.
func Headline(page string) (text string) {
	in := false
	readHTML(page, func(token xml.Token) {
		switch t := token.(type) {
		case xml.StartElement:
			in = in || t.Name.Local == "h1"
		case xml.EndElement:
			in = in && t.Name.Local != "h1"
		case xml.CharData:
			if in {
				text += string(t)
			}
		}
	})
	return strings.TrimSpace(text)
}
