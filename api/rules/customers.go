package rules

import (
	"encoding/json"
	"slices"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
)

// readCustomers reads the person the booking is for; fields of the app's own go to meta.
func readCustomers(fields map[string]json.RawMessage, problems fault.Problems) []booking.Customer {
	if len(fields) == 0 {
		return []booking.Customer{}
	}
	c := booking.Customer{ID: edge.NewID()}
	own := map[string]json.RawMessage{}
	known := map[string]*string{"name": &c.Name, "email": &c.Email, "phone": &c.Phone, "voip": &c.Voip, "timezone": &c.Timezone}
	for name, raw := range fields {
		target, ok := known[name]
		if !ok {
			own[name] = raw
			continue
		}
		if string(raw) != "null" && json.Unmarshal(raw, target) != nil {
			problems.Add("customer."+name, "must be a text")
		}
	}
	c.Meta, _ = json.Marshal(own) //nolint:errchkjson // read from JSON just now
	CheckCustomer(&c, problems)
	return []booking.Customer{c}
}

// CheckCustomer checks what is known of a customer, and drops the space around it.
func CheckCustomer(c *booking.Customer, problems fault.Problems) {
	for name, text := range map[string]*string{
		"name": &c.Name, "email": &c.Email, "phone": &c.Phone, "voip": &c.Voip, "timezone": &c.Timezone,
	} {
		*text = strings.TrimSpace(*text)
		edge.CheckLength(*text, "customer."+name, 500, problems)
	}
	CheckEmail(c.Email, "customer.email", problems)
	if c.Timezone != "" {
		edge.CheckZone(c.Timezone, "customer.timezone", problems)
	}
	c.Meta = edge.CheckObject(c.Meta, "customer", problems)
}

// Speaks notes the language of the page that a customer has booked on, of tags as in Accept-Language, unless their form says one. Mails to
// them are written in it.
func Speaks(c *booking.Customer, tags string) {
	language, ok := mail.Match(tags)
	own := map[string]json.RawMessage{}
	if !ok || len(c.Meta) > 0 && json.Unmarshal(c.Meta, &own) != nil || len(own["language"]) > 0 {
		return
	}
	own["language"], _ = json.Marshal(language) //nolint:errchkjson // a text
	c.Meta, _ = json.Marshal(own)               //nolint:errchkjson // read from JSON just now
}

// askCustomer finds the fields missing that a project asks of its customers. It holds for visitors with a key: pages ask by their forms,
// and an owner has the customer's answers elsewhere. A hold is made before any form.
func (in *BookingInput) askCustomer(p *catalogue.Project, problems fault.Problems) {
	for _, one := range CustomerFields(p.CustomerFields) {
		if field := "customer." + one.Name; one.Required && !answered(in.Customer[one.Name]) && problems[field] == nil {
			problems.Add(field, "is required")
		}
	}
}

// answered reports whether a form's field was filled in: a text, a number, a box that is ticked (widgets send a list for it).
func answered(raw json.RawMessage) bool {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return false
	}
	switch value := value.(type) {
	case string:
		return strings.TrimSpace(value) != ""
	case bool:
		return value
	case []any:
		return slices.ContainsFunc(value, func(one any) bool { return one != nil && one != false && one != "" })
	}
	return value != nil
}

// CheckParticipants checks the addresses of who else takes part.
func CheckParticipants(all []string, problems fault.Problems) {
	if len(all) > 100 {
		problems.Add("participants", "must not be more than 100")
	}
	for _, address := range all {
		CheckEmail(address, "participants", problems)
	}
}
