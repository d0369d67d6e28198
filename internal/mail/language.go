package mail

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Language is a language that mails are written in, by its code of two letters (ISO 639-1).
type Language string

// Default is the language of mails where nobody says another, or one that there is not.
const Default Language = "en"

// Languages lists the languages, the default first.
var Languages = []Language{Default, "da", "de", "es", "fr"}

// Choose returns the first language that there is, of tags as in Accept-Language ("de-CH, fr;q=0.8"): those of the customer, the page, the
// project and the app, in this order. Empty ones are left out.
func Choose(tags ...string) Language {
	for _, list := range tags {
		if l, ok := Match(list); ok {
			return l
		}
	}
	return Default
}

// Match returns the language of tags, as in Accept-Language, that weighs most and that there is; false where there is none.
func Match(tags string) (best Language, ok bool) {
	weight := 0.0
	for one := range strings.SplitSeq(tags, ",") {
		tag, q, _ := strings.Cut(one, ";")
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if w := quality(q); slices.Contains(Languages, Language(tag)) && w > weight {
			best, weight = Language(tag), w
		}
	}
	return best, best != ""
}

// quality is the weight of a tag, 1 without one.
func quality(text string) float64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(text), "q=")
	if !ok {
		return 1
	}
	weight := 0.0
	if _, err := fmt.Sscanf(value, "%g", &weight); err != nil {
		return 0
	}
	return min(max(weight, 0), 1)
}

// texts are what mails say in one language.
type texts struct {
	Months   []string               `json:"months"`
	Weekdays []string               `json:"weekdays"` // Sunday first
	Date     string                 `json:"date"`     // with {weekday}, {day}, {month} and {year}
	Yours    string                 `json:"yours"`    // a time in the reader's own zone
	Labels   map[string]string      `json:"labels"`
	Mails    map[Kind]map[Role]text `json:"mails"`
}

// text is what one mail says. {…} stands for a variable.
type text struct {
	Subject string   `json:"subject"` // empty: the title of the booking, which calendars take over
	Heading string   `json:"heading"`
	Lead    []string `json:"lead"`

	closing []string // paragraphs below the links; of templates alone
}

//go:embed texts/*.json
var files embed.FS

var catalogue = readTexts()

func readTexts() map[Language]texts {
	all := map[Language]texts{}
	for _, l := range Languages {
		raw, err := files.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err)
		}
		var one texts
		if err := json.Unmarshal(raw, &one); err != nil {
			panic(fmt.Errorf("texts of %s: %w", l, err))
		}
		all[l] = one
	}
	return all
}

// label returns a word in a language, in the default one where it lacks.
func (l Language) label(name string) string {
	return cmp.Or(catalogue[l].Labels[name], catalogue[Default].Labels[name])
}

// lookup returns what a mail says; in the default language, and false, where its own lacks.
func (l Language) lookup(kind Kind, to Role) (of text, own bool) {
	if of, own = catalogue[l].Mails[kind][to]; own {
		return of, true
	}
	return catalogue[Default].Mails[kind][to], false
}
