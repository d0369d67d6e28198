package edge

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/fault"
	"holdfast/internal/strictjson"
	"holdfast/internal/zones"
)

// ParseID reads a UUID in its long form. It adds a problem to the field, and returns the nil UUID, for anything else.
func ParseID(text, field string, problems fault.Problems) uuid.UUID {
	id, err := uuid.Parse(text)
	switch {
	case text == "":
		problems.Add(field, "is required")
	case err != nil || len(text) != 36:
		problems.Add(field, "must be a UUID")
		return uuid.Nil
	}
	return id
}

// CheckLength adds a problem to the field when text has more than limit characters.
func CheckLength(text, field string, limit int, problems fault.Problems) {
	if len([]rune(text)) > limit {
		problems.Add(field, "must not be longer than %d characters", limit)
	}
}

// CheckZone adds a problem to the field when name is no time zone of the database inside this program.
func CheckZone(name, field string, problems fault.Problems) {
	if _, err := zones.Load(name); err != nil {
		problems.Add(field, "must be a time zone of the IANA database, such as Europe/Berlin")
	}
}

// maxObject is how many bytes an object of the caller's own may have; the record refuses what it would print as more than twice as
// many.
const maxObject = 64 << 10

// CheckObject checks that a value, when it is there, is a JSON object of a sensible size. PHP clients write [] for {}.
func CheckObject(raw json.RawMessage, field string, problems fault.Problems) json.RawMessage {
	text := strings.TrimSpace(string(raw))
	if text == "" || text == "null" || text == "[]" {
		return json.RawMessage("{}")
	}
	if !strings.HasPrefix(text, "{") {
		problems.Add(field, "must be an object")
	}
	if strictjson.StoredSize(raw) > maxObject {
		problems.Add(field, "must not be larger than 64 KiB, with its numbers written out")
	}
	return raw
}

// MaxWait is the longest "Prefer: wait".
const MaxWait = 25 * time.Second

// PreferredWait reads "Prefer: wait=n" (RFC 7240), in seconds; "respond-async" is a wait of none.
func (k *Call) PreferredWait(otherwise time.Duration) time.Duration {
	for _, header := range k.Request.Header.Values("Prefer") {
		for token := range strings.SplitSeq(header, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(token), "=")
			if strings.EqualFold(name, "respond-async") {
				return 0
			}
			if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && n >= 0 && strings.EqualFold(name, "wait") {
				return time.Duration(min(n, int(MaxWait/time.Second))) * time.Second
			}
		}
	}
	return otherwise
}

// Includes are the names in ?include=a,b.c; a part of a part includes the part. Unknown names do nothing, as
// with Timekit.
func (k *Call) Includes() map[string]bool {
	all := map[string]bool{}
	for _, list := range k.QueryArray("include") {
		for name := range strings.SplitSeq(list, ",") {
			part, _, _ := strings.Cut(strings.TrimSpace(name), ".")
			all[part], all[strings.TrimSpace(name)] = true, true
		}
	}
	return all
}

// NoContent answers 204.
func (k *Call) NoContent() error {
	k.Status(http.StatusNoContent)
	k.Writer.WriteHeaderNow()
	return nil
}

// Answer writes {"data": data} as JSON.
func (k *Call) Answer(status int, data any) error {
	k.JSON(status, map[string]any{"data": data})
	return nil
}

// QueryID reads a UUID of the query; nil when there is none.
func (k *Call) QueryID(name string, problems fault.Problems) *uuid.UUID {
	text := k.Query(name)
	if text == "" {
		return nil
	}
	id := ParseID(text, name, problems)
	return &id
}

// ReadLimit reads the length of a page that is followed by a cursor.
func (k *Call) ReadLimit(problems fault.Problems) int {
	text := k.Query("limit")
	if text == "" {
		return maxFollowed / 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxFollowed {
		problems.Add("limit", "must be a number from 1 to %d", maxFollowed)
	}
	return n
}

// Moment shows a time that need not be.
func (k *Call) Moment(t *time.Time) any {
	if t == nil {
		return nil
	}
	return k.Clock.Show(*t, time.UTC)
}

// maxFollowed is the longest page of a list that is followed by a cursor.
const maxFollowed = 100

// GoodSlug is what the slug of an app or a project looks like.
var GoodSlug = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
