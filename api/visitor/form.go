package visitor

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// form is what a visitor is asked before a time is booked.
type form struct {
	fields    []*formField
	operation uuid.UUID // names what the form makes: sent twice, it books once
	kept      bool      // it was filled in with what an earlier try had typed
}

// formField is one field of a form, with what was typed and what is wrong with it.
type formField struct {
	rules.Field

	Fill  string // the autocomplete name of HTML
	Value string
	Fault string
}

// formPage asks who books the picked time.
type formPage struct {
	frame
	About    string
	Text     string
	When     string
	ZoneText string
	With     string
	Fields   []*formField
	Hidden   map[string]string
	Action   string
	Button   string
	Back     string
	BackText string
	Danger   bool // the button gives something up
	Faults   int
}

const maxAnswer = 2000 // characters

// consentField is the box by which a visitor agrees to the fee for a no-show. It says nothing about the customer.
const consentField = "no_show_consent"

// newForm asks for name and e-mail address, for what the project asks its customers, and for what the link does.
func newForm(v *linkVisit) *form {
	f := &form{operation: edge.NewID(), fields: []*formField{
		{Field: rules.Field{Name: "name", Label: "Name", Type: "text", Required: true}, Fill: "name"},
		{Field: rules.Field{Name: "email", Label: "E-mail address", Type: "email", Required: true}, Fill: "email"},
	}}
	asked := map[string]bool{}
	for _, q := range v.link.Questions {
		asked[q.Name] = true
	}
	for _, one := range rules.CustomerFields(v.project.CustomerFields) {
		if !asked[one.Name] {
			f.add(&formField{Field: one, Fill: fillFor(one.Type)})
		}
	}
	for _, q := range v.link.Questions {
		one := rules.Field{Name: q.Name, Label: q.Label, Type: q.Type, Required: q.Required}
		f.fields = append(f.fields, &formField{Field: one, Fill: fillFor(q.Type)})
	}
	if box := consentBox(v.project.Project); box != nil && !asked[consentField] {
		f.fields = append(f.fields, box)
	}
	return f
}

// consentBox is the box by which a visitor agrees to the fee for a no-show; nil where the project has none, and for no project.
func consentBox(p *catalogue.Project) *formField {
	if p == nil || p.PaymentPolicy == nil || p.PaymentPolicy.NoShow == nil {
		return nil
	}
	return &formField{Field: rules.Field{Name: consentField, Label: p.PaymentPolicy.NoShow.Consent, Type: "checkbox", Required: true}}
}

// add takes a field of the project. Names that every form has keep their own kind.
func (f *form) add(one *formField) {
	for _, known := range f.fields {
		if known.Name == one.Name {
			known.Label = one.Label
			return
		}
	}
	if !slices.Contains(rules.FormFields, one.Name) {
		f.fields = append(f.fields, one)
	}
}

func fillFor(kind string) string {
	if kind == "tel" {
		return "tel"
	}
	return ""
}

// readAnswers reads what was typed, and finds fault with it.
func readAnswers(k *call, v *linkVisit) *form {
	f := newForm(v)
	if id, err := uuid.Parse(k.formValue("operation")); err == nil {
		f.operation = id
	}
	for _, one := range f.fields {
		one.read(k.formValue(one.Name))
	}
	return f
}

func (f *formField) read(text string) {
	problems := fault.Problems{}
	f.Value = text
	edge.CheckLength(text, f.Name, maxAnswer, problems)
	switch {
	case len(problems) > 0:
		f.Fault = "Please write less than this: " + strconv.Itoa(maxAnswer) + " characters at most."
	case text == "" && f.Required && f.Type == "checkbox":
		f.Fault = "Please tick this box to go on."
	case text == "" && f.Required:
		f.Fault = "Please fill this in."
	case text != "":
		f.Fault = f.misfit(text)
	}
}

// misfit says what is wrong with a text for a field of its type; "" for nothing.
func (f *formField) misfit(text string) string {
	switch {
	case f.Type == "email" && !goodEmail(text):
		return "Please write an e-mail address, such as marty@example.com."
	case f.Type == "url" && !goodURL(text):
		return "Please write an address, such as https://example.com."
	case f.Type == "tel" && !goodPhone(text):
		return "Please write a telephone number, such as +44 20 7946 0018."
	case f.Type == "number" && !goodNumber(text):
		return "Please write a number, such as 42."
	case f.Type == "select" && !slices.Contains(f.Options, text):
		return "Please choose one of these."
	}
	return ""
}

func goodEmail(text string) bool {
	problems := fault.Problems{}
	rules.CheckEmail(text, "email", problems)
	return len(problems) == 0
}

func goodURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

var (
	aPhone  = regexp.MustCompile(`^[+(]?[-+0-9 ()./\x{2010}-\x{2013}\x{00a0}]*[0-9)](?:[ ,;]*(?:ext\.?|x|#)[ .]*[0-9]{1,8})?$`)
	aNumber = regexp.MustCompile(`^[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,3})?$`)
)

// goodPhone accepts the ways people write telephone numbers: 3 to 24 digits, an extension included, one "+" at most.
func goodPhone(text string) bool {
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 3 && digits <= 24 && strings.Count(text, "+") <= 1 && aPhone.MatchString(text)
}

// goodNumber accepts decimal numbers that a float64 can carry, with a point or a comma.
func goodNumber(text string) bool {
	if !aNumber.MatchString(text) {
		return false
	}
	_, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return err == nil
}

func (f *form) faulty() bool {
	return slices.ContainsFunc(f.fields, func(one *formField) bool { return one.Fault != "" })
}

// takeFaults puts what a booking was refused for beside the fields it is about; false when it is about none.
func (f *form) takeFaults(err error) bool {
	known, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return false
	}
	for _, one := range f.fields {
		if what := known.Fields["customer."+one.Name]; len(what) > 0 {
			one.Fault = "This " + what[0] + "."
		}
	}
	return f.faulty()
}

// answer is a field's value as the record keeps it.
func (f *formField) answer() any {
	if f.Type == "checkbox" {
		return f.Value != ""
	}
	return f.Value
}

// customer is the form as the customer of a booking; what is empty is left out.
func (f *form) customer(zone *time.Location) booking.Customer {
	c := booking.Customer{ID: edge.NewID(), Timezone: zone.String()}
	known := map[string]*string{"name": &c.Name, "email": &c.Email, "phone": &c.Phone, "voip": &c.Voip, "timezone": &c.Timezone}
	own := map[string]any{}
	for _, one := range f.fields {
		switch target := known[one.Name]; {
		case one.Name == consentField:
		case target != nil && one.Value != "":
			*target = one.Value
		case target == nil && (one.Value != "" || one.Type == "checkbox"):
			own[one.Name] = one.answer()
		}
	}
	c.Meta, _ = json.Marshal(own) //nolint:errchkjson // texts and switches
	return c
}

func (f *form) value(name string) string {
	for _, one := range f.fields {
		if one.Name == name {
			return one.Value
		}
	}
	return ""
}
