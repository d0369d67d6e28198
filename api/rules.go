package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/strictjson"
	"holdfast/internal/timekit"
)

const (
	maxJSON = 64_000 // characters, as Timekit has it
	maxIDs  = 1000
)

// jsonObject reads a field that holds an object; nil when the body does not name it. PHP clients write [] for {}.
func jsonObject(raw json.RawMessage, field string, problems booking.Problems) json.RawMessage {
	return jsonOf(raw, "{}", "an object", field, problems)
}

// jsonList reads a field that holds a list; nil when the body does not name it.
func jsonList(raw json.RawMessage, field string, problems booking.Problems) json.RawMessage {
	return jsonOf(raw, "[]", "a list", field, problems)
}

// jsonOf reads a field of one kind. Whatever is empty is an empty one of that kind.
func jsonOf(raw json.RawMessage, empty, kind, field string, problems booking.Problems) json.RawMessage {
	if raw == nil {
		return nil
	}
	switch strings.Join(strings.Fields(string(raw)), "") {
	case "", "null", "{}", "[]":
		return json.RawMessage(empty)
	}
	if text := strings.TrimSpace(string(raw)); text[0] != empty[0] {
		problems.Add(field, "must be %s", kind)
	}
	if utf8.RuneCount(raw)+strictjson.StoredSize(raw)-len(raw) > maxJSON {
		problems.Add(field, "must not be longer than %d characters, with its numbers written out", maxJSON)
	}
	return raw
}

// checkAvailability checks how a project offers its time; nil when the body does not name it.
func checkAvailability(raw json.RawMessage, field string, problems booking.Problems) json.RawMessage {
	raw = jsonObject(raw, field, problems)
	var in availabilityInput
	checkFields(raw, &in, field, problems)
	faults := booking.Problems{}
	in.checkSeason(in.query(timekit.Clock{}, faults), faults)
	for name, all := range faults {
		problems[field+"."+name] = append(problems[field+"."+name], all...)
	}
	return raw
}

// checkConstraints checks a list of availability constraints, objects of one key each; nil when the body does not name it.
func checkConstraints(raw json.RawMessage, field string, problems booking.Problems) json.RawMessage {
	raw = jsonList(raw, field, problems)
	constraints(raw, field, problems)
	return raw
}

// checkFields checks the types of what an object's fields are known to be.
func checkFields(raw json.RawMessage, target any, field string, problems booking.Problems) {
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	if err := strictjson.Decode(raw, target); err != nil {
		addFaults(err, field, problems)
	}
}

// idList reads a list of ids, each once; nil when the body does not name it.
func idList(raw json.RawMessage, field string, problems booking.Problems) []uuid.UUID {
	if raw = jsonList(raw, field, problems); raw == nil {
		return nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) != nil || len(texts) > maxIDs {
		problems.Add(field, "must be a list of at most %d ids", maxIDs)
		return nil
	}
	ids, known := []uuid.UUID{}, map[uuid.UUID]bool{}
	for i, text := range texts {
		id := parseID(text, field+"."+strconv.Itoa(i), problems)
		if !known[id] {
			ids, known[id] = append(ids, id), true
		}
	}
	return ids
}
