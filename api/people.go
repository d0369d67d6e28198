package api

import (
	"encoding/json"
	"strings"

	"holdfast/internal/booking"
)

// customers reads the person the booking is for; fields of the app's own go to meta.
func customers(fields map[string]json.RawMessage, problems booking.Problems) []booking.Customer {
	if len(fields) == 0 {
		return []booking.Customer{}
	}
	c := booking.Customer{ID: newID()}
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
		*target = strings.TrimSpace(*target)
		checkLength(*target, "customer."+name, 500, problems)
	}
	checkEmail(c.Email, "customer.email", problems)
	if c.Timezone != "" {
		checkZone(c.Timezone, "customer.timezone", problems)
	}
	text, _ := json.Marshal(own) //nolint:errchkjson // read from JSON just now
	c.Meta = object(text, "customer", problems)
	return []booking.Customer{c}
}
