package edge

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/internal/fault"
)

// ErrAddress refuses an address that no database can look for.
var ErrAddress = fault.Errorf(fault.Malformed, "The address holds a byte that is not UTF-8, or a null character.")

// CheckAddress refuses a path or a query that is not UTF-8 or has a null character.
func CheckAddress(address *url.URL) error {
	if !Plain(address.Path) {
		return ErrAddress
	}
	for name, values := range address.Query() {
		if !Plain(name) || slices.ContainsFunc(values, func(value string) bool { return !Plain(value) }) {
			return ErrAddress
		}
	}
	return nil
}

// Plain reports whether a text can be kept: it is UTF-8 without null characters.
func Plain(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
