package rules

import (
	"strings"
	"testing"
)

func TestEmailAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a@example.com":                         true,
		"a.b+c_d'e@sub.example.co.uk":           true,
		"jörg@müller.example":                   true,
		"用户@例子.中国":                              true,
		"a@localhost":                           true,
		"a@xn--mller-kva.example":               true,
		"a@1.example":                           true,
		strings.Repeat("a", 64) + "@b.com":      true,
		"":                                      false,
		"a":                                     false,
		"a@":                                    false,
		"@example.com":                          false,
		"a@-example.com":                        false,
		"a@example-.com":                        false,
		"a@example.-com":                        false,
		"a@exa_mple.com":                        false,
		"a@example..com":                        false,
		"a@example.com.":                        false,
		"a@.example.com":                        false,
		"a@[127.0.0.1]":                         false,
		"a\u200b@example.com":                   false,
		"a@exam\u200bple.com":                   false,
		"a@example.com\ufeff":                   false,
		"a\u00a0b@example.com":                  false,
		"a\u202eb@example.com":                  false,
		`"a b"@example.com`:                     false,
		`"a"@example.com`:                       false,
		"Ada <a@example.com>":                   false,
		"a@example.com (Ada)":                   false,
		"a@b@example.com":                       false,
		" a@example.com":                        false,
		"a..b@example.com":                      false,
		strings.Repeat("a", 65) + "@b.com":      false,
		"a@" + strings.Repeat("b", 64) + ".com": false,
		"a@" + strings.Repeat("b.", 127) + "example": false,
	} {
		if got := IsEmail(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
