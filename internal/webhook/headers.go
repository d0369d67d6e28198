package webhook

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"holdfast/internal/fault"
)

// Bounds of an endpoint's own headers.
const (
	maxHeaders     = 20
	maxHeaderBytes = 1024
)

// Hidden stands wherever the value of an endpoint's own header would be shown, which may well be a password.
const Hidden = "(hidden)"

// reservedHeaders belong to the sender or to the connection. With the prefixes below they are all an endpoint may not set.
var reservedHeaders = []string{
	"accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect", "host",
	"keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-timekit-signature",
	"cronofy-hmac-sha256",
}

var reservedPrefixes = []string{"webhook-", "proxy-", "sec-"}

// CheckHeaders returns what is wrong with the headers that an endpoint is to be sent: nil, or a fault.Invalid error
// whose text follows the field's name. There are at most 20, each name and value at most 1 KiB together.
func CheckHeaders(headers map[string]string) error {
	if len(headers) > maxHeaders {
		return fault.Errorf(fault.Invalid, "must not be more than 20")
	}
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		switch {
		case known[strings.ToLower(name)]:
			return fault.Errorf(fault.Invalid, "must not name %s twice", name)
		case !isToken(name):
			return fault.Errorf(fault.Invalid, "must have valid names")
		case isReserved(strings.ToLower(name)):
			return fault.Errorf(fault.Invalid, "must not set %s", name)
		case len(name)+len(headers[name]) > maxHeaderBytes:
			return fault.Errorf(fault.Invalid, "must not have %s longer than 1 KiB", name)
		case strings.ContainsFunc(headers[name], func(r rune) bool { return r < ' ' || r >= 127 }):
			return fault.Errorf(fault.Invalid, "must have plain ASCII in %s", name)
		}
		known[strings.ToLower(name)] = true
	}
	return nil
}

func isReserved(name string) bool {
	return slices.Contains(reservedHeaders, name) ||
		slices.ContainsFunc(reservedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

func isToken(name string) bool {
	return name != "" && len(name) <= 128 && !strings.ContainsFunc(name, func(r rune) bool {
		return r > 127 || !isAlphanumeric(byte(r)) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r) //nolint:gosec // it is ASCII by now
	})
}

// masked copies the headers as sent, without the values of the endpoint's own.
func masked(sent http.Header, own map[string]string) http.Header {
	shown := sent.Clone()
	for name := range own {
		shown.Set(name, Hidden)
	}
	return shown
}

// readable copies a receiver's headers with broken UTF-8 mended, which no database keeps. Control characters do not come
// this far: net/http refuses such an answer.
func readable(got http.Header) http.Header {
	shown := make(http.Header, len(got))
	for name, values := range got {
		for _, v := range values {
			shown[name] = append(shown[name], strings.ToValidUTF8(v, "\uFFFD"))
		}
	}
	return shown
}
