// Package web is what people open in a browser: the way through an authorisation
// at Facebook, and the settings form of a page. It knows forms, cookies and
// sentences; what a ticket is good for and what a page needs is package pages'.
//
// Every sentence is in pages.html. No page loads anything or runs a script.
package web
