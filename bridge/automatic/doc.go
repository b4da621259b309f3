// Package automatic is what a page says by itself, and what follows from time passing: the
// welcome, a word when nobody is there, the goodbye, the survey, notes on windows that end,
// and on departments in which nobody is there. Automatic texts never leave the 24 hours
// after the customer's last message, and never are more than one of a kind.
package automatic
