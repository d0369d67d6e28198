package catalogue

import (
	"encoding/json"

	"holdfast/api/edge"
	"holdfast/internal/fault"
)

// checkUI checks a project's ui: an object, in which the texts that a widget reads are strings.
func checkUI(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	raw = edge.JSONObject(raw, field, problems)
	var in struct {
		Localization json.RawMessage `json:"localization"`
		Language     string          `json:"language"` // of mails
	}
	edge.CheckFields(raw, &in, field, problems)
	texts := edge.JSONObject(in.Localization, field+".localization", problems)
	var known struct {
		Success string `json:"success_message"`
		Submit  string `json:"submit_button"`
		Prefix  string `json:"allocated_resource_prefix"`
	}
	edge.CheckFields(texts, &known, field+".localization", problems)
	return raw
}

// checkForm checks the fields of a booking form: an object in which every value is an object.
func checkForm(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	raw = edge.JSONObject(raw, field, problems)
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return raw // JSONObject has added the problem
	}
	for name, one := range fields {
		if string(one) == "null" {
			problems.Add(field+"."+name, "must be an object")
		}
		edge.JSONObject(one, field+"."+name, problems)
	}
	return raw
}
