package rules

import (
	"net/mail"
	"strings"
	"unicode"

	"holdfast/internal/fault"
)

// CheckEmail adds a problem to the field unless text is empty or an e-mail address.
func CheckEmail(text, field string, problems fault.Problems) {
	if text != "" && !IsEmail(text) {
		problems.Add(field, "must be an e-mail address")
	}
}

// IsEmail reports whether a text is an address such as name@example.com: RFC 5322 without quotes, comments and addresses of
// machines, and with a domain that DNS could have. Letters of any language will do.
func IsEmail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	local, domain, _ := strings.Cut(text, "@")
	if err != nil || parsed.Address != text || len(local) > 64 || len(domain) > 253 {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) { // such as a zero-width space
			return false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(label string) bool {
	other := func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}
	return label != "" && len(label) <= 63 && !strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-") &&
		strings.IndexFunc(label, other) < 0
}
