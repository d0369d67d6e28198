package drawing

import (
	"strings"
	"unicode/utf8"
)

// The sizes of the picture's letters and lines.
const (
	nameSize  = 14
	nameLine  = 17
	noteSize  = 11
	noteLine  = 15
	labelSize = 13
	labelLine = 16
	labelUp   = 6 // from a row to the base line of the label above it
	padX      = 14
	padY      = 10
	wrapAt    = 12 // characters of a name in one line, unless a single word is longer
	wordMax   = 24 // characters of a single word
	linesMax  = 5
)

// textWidth returns an upper estimate of a text's width, for any common font of that size.
func textWidth(text string, size int) int {
	percent := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl.,:'I ", r):
			percent += 36
		case strings.ContainsRune("frt", r):
			percent += 44
		case strings.ContainsRune("mwMW", r):
			percent += 98
		case r < 0x80:
			percent += 64
		default:
			percent += 110
		}
	}
	return (percent*size + 99) / 100
}

// wrap splits a state's name after underscores into lines of about wrapAt characters.
func wrap(name string) []string {
	var lines []string
	for _, word := range strings.SplitAfter(clip(name, longestText), "_") {
		word = clip(word, wordMax)
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last]+word) <= wrapAt {
			lines[last] += word
		} else if len(lines) < linesMax {
			lines = append(lines, word)
		}
	}
	return lines
}

// size returns the width and height that a box needs for its name and note.
func (b *box) size() (w, h int) {
	for _, line := range b.lines {
		w = max(w, textWidth(line, nameSize))
	}
	h = nameLine*len(b.lines) + 2*padY
	if note := b.note(); note != "" {
		w = max(w, textWidth(note, noteSize))
		h += noteLine
	}
	return w + 2*padX, h
}

// note returns the small line below a state's name; empty for none.
func (b *box) note() string {
	if isolated(b.state) {
		return "on failure only"
	}
	if holds := holdsText(b.state); holds != "" {
		return holds
	}
	return backText(b.state)
}

func (l label) text() string { return strings.TrimSpace(l.action + " " + l.when) }
