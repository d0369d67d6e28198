package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// longest is how many signs of a name or a title are written.
const longest = 100

// address is what looks like the address of a page: with one in a name, a confirmation would be an advertisement to anybody.
var address = regexp.MustCompile(`(?i)\b(?:https?|ftp)\s*:|//|\bwww\.|[\p{L}\d-]\.[a-z]{2,24}(?:/|$|\b[^\p{L}\d.])`)

// Line is a text that somebody else has typed, as one line: without line breaks and signs that are not seen or that turn the direction
// around, and cut at 100 signs.
func Line(text string) string {
	line := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d': // an emoji may be joined of several
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	line = strings.Join(strings.Fields(line), " ")
	if signs := []rune(line); len(signs) > longest {
		return strings.TrimSpace(string(signs[:longest-1])) + "…"
	}
	return line
}

// Name is the name of a person, as Line. One that has the address of a page is left out, as if there were none.
func Name(text string) string {
	if address.MatchString(strings.ToValidUTF8(text, "")) {
		return ""
	}
	return Line(text)
}

// Paragraphs is a text of several lines that somebody else has typed, without control signs, cut at most signs.
func Paragraphs(text string, most int) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, ""))
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d') {
			return -1
		}
		return r
	}, text))
	if signs := []rune(text); len(signs) > most {
		return strings.TrimSpace(string(signs[:most-1])) + "…"
	}
	return text
}
