package rules

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// TestSMSConsent: a customer agrees by true or by the words, and not by anything else; nobody says when they did.
func TestSMSConsent(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	project := &service.Project{Project: &catalogue.Project{
		CustomerFields: json.RawMessage(`{"sms_consent":{"title":"Text me.","format":"checkbox"}}`),
	}}
	for raw, c := range map[string]struct {
		phone, want string // the words; - for no agreement
		project     *service.Project
		refused     bool
	}{
		`{}`:                               {"", "-", nil, false},
		`{"sms_consent":false}`:            {"", "-", nil, false},
		`{"sms_consent":null}`:             {"", "-", nil, false},
		`{"sms_consent":"  "}`:             {"", "-", nil, false},
		`{"sms_consent":true}`:             {"+49 151 12345678", "", nil, false},
		`{"sms_consent":true,"a":1}`:       {"+49 151 12345678", "Text me.", project, false},
		`{"sms_consent":" Yes, please. "}`: {"+4915112345678", "Yes, please.", project, false},
		`{"sms_consent":"x"}`:              {"0151 12345678", "x", nil, true},
		`{"sms_consent":"y"}`:              {"", "y", nil, true},
		`{"sms_consent":1}`:                {"+4915112345678", "-", nil, true},
		`{"sms_consent":["on"]}`:           {"+4915112345678", "-", nil, true},
		`{"sms_consent":{"at":"2020-01-01T00:00:00Z","text":"x"}}`: {"+4915112345678", "-", nil, true},
		`{"sms_consent":"` + strings.Repeat("ü", 501) + `"}`:       {"+4915112345678", "-", nil, true},
	} {
		customer, problems := booking.Customer{Phone: c.phone, Meta: json.RawMessage(raw)}, fault.Problems{}
		ReadSMSConsent(&customer, c.project, now, problems)
		if refused := len(problems["customer.sms_consent"]) > 0; refused != c.refused {
			t.Errorf("%s: %v", raw, problems)
		}
		got := "-"
		if consent := contact.ConsentOf(customer.Meta); consent != nil && !c.refused {
			if got = consent.Text; !consent.At.Equal(now) {
				t.Errorf("%s: at %s", raw, consent.At)
			}
		}
		if !c.refused && got != c.want {
			t.Errorf("%s: got %q, want %q", raw, got, c.want)
		}
		if strings.Contains(raw, `"a":1`) && !strings.Contains(string(customer.Meta), `"a":1`) {
			t.Errorf("%s has become %s", raw, customer.Meta)
		}
	}
}
