package edge

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/strictjson"
)

const (
	maxJSON = 64_000 // characters, as Timekit has it
	maxIDs  = 1000
)

// JSONObject reads a field that holds an object; nil when the body does not name it. PHP clients write [] for {}.
func JSONObject(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	return jsonOf(raw, "{}", "an object", field, problems)
}

// JSONList reads a field that holds a list; nil when the body does not name it.
func JSONList(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	return jsonOf(raw, "[]", "a list", field, problems)
}

// jsonOf reads a field of one kind. Whatever is empty is an empty one of that kind.
func jsonOf(raw json.RawMessage, empty, kind, field string, problems fault.Problems) json.RawMessage {
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

// CheckFields checks the types of what an object's fields are known to be.
func CheckFields(raw json.RawMessage, target any, field string, problems fault.Problems) {
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	if err := strictjson.Decode(raw, target); err != nil {
		AddFaults(err, field, problems)
	}
}

// IDList reads a list of ids, each once; nil when the body does not name it.
func IDList(raw json.RawMessage, field string, problems fault.Problems) []uuid.UUID {
	if raw = JSONList(raw, field, problems); raw == nil {
		return nil
	}
	var texts []string
	if json.Unmarshal(raw, &texts) != nil || len(texts) > maxIDs {
		problems.Add(field, "must be a list of at most %d ids", maxIDs)
		return nil
	}
	ids, known := []uuid.UUID{}, map[uuid.UUID]bool{}
	for i, text := range texts {
		id := ParseID(text, field+"."+strconv.Itoa(i), problems)
		if !known[id] {
			ids, known[id] = append(ids, id), true
		}
	}
	return ids
}
