package rules

import (
	"encoding/json"
	"slices"

	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/mail"
	"holdfast/internal/strictjson"
)

// ReadNotify reads who gets the mails that a request makes: nil for both sides, where the body says true or nothing; an empty list for
// false; or those that it lists. Faults are added to problems. The error is Forbidden for a visitor who names any.
func ReadNotify(c booking.Caller, raw json.RawMessage, problems fault.Problems) ([]string, error) {
	const field = "notify"
	switch text := string(raw); {
	case text == "" || text == "null":
		return nil, nil
	case c.IsVisitor():
		return nil, fault.Errorf(fault.Forbidden, "A widget key may not say who gets mails.")
	case text == "true":
		return nil, nil
	case text == "false":
		return []string{}, nil
	}
	list := []string{}
	err := strictjson.Decode(raw, &list)
	unknown := func(side string) bool { return side != string(mail.Owner) && side != string(mail.Customer) }
	if err != nil || slices.ContainsFunc(list, unknown) || len(list) > 2 {
		problems.Add(field, "must be true, false, or a list of owner and customer")
		return nil, nil //nolint:nilerr // it is among the problems
	}
	return list, nil
}
