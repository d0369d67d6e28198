package rules

import (
	"encoding/json"
	"strings"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

const maxConsent = 500 // characters

// ReadSMSConsent reads a customer's agreement to text messages, which their form has in sms_consent: true, or the words that they have
// agreed to. In its place the customer keeps a contact.Consent, given now, by the app's clock. Without words of their own, those are the
// title of the project's field of this name. Nothing, false and an empty text are no agreement. Texts go to international numbers only.
func ReadSMSConsent(c *booking.Customer, p *service.Project, now time.Time, problems fault.Problems) {
	const field = "customer." + contact.ConsentField
	form := map[string]json.RawMessage{}
	if json.Unmarshal(c.Meta, &form) != nil || form[contact.ConsentField] == nil { // a faulty one has its problem already
		return
	}
	words, given, ok := consented(form[contact.ConsentField])
	switch {
	case !ok:
		problems.Add(field, "must be true, false or the text that the customer has agreed to")
		return
	case len([]rune(words)) > maxConsent:
		problems.Add(field, "must not be longer than %d characters", maxConsent)
		return
	}
	delete(form, contact.ConsentField)
	if given {
		if _, ok := contact.Number(c.Phone); !ok {
			problems.Add(field, "needs a telephone number with its country's code, such as +4915112345678")
		}
		form[contact.ConsentField], _ = json.Marshal(contact.Consent{Text: wordsOf(words, p), At: now}) //nolint:errchkjson // a text and a time
	}
	c.Meta, _ = json.Marshal(form) //nolint:errchkjson // read from JSON just now
}

// consented reads a field by which somebody agrees: with words, without any, or not; false for what is neither.
func consented(raw json.RawMessage) (words string, given, ok bool) {
	if json.Unmarshal(raw, &given) == nil { // null is false
		return "", given, true
	}
	err := json.Unmarshal(raw, &words)
	words = strings.TrimSpace(words)
	return words, words != "", err == nil
}

// wordsOf are the words that a customer has agreed to, or else those of the project's form.
func wordsOf(words string, p *service.Project) string {
	if words != "" || p == nil || p.Project == nil {
		return words
	}
	for _, one := range CustomerFields(p.CustomerFields) {
		if one.Name == contact.ConsentField {
			return one.Label
		}
	}
	return ""
}
