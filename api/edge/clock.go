package edge

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/strictjson"
	"holdfast/internal/timekit"
)

// The headers that say how a request writes its times and has them written.
const (
	ZoneHeader = "Timekit-Timezone"
	inHeader   = "Timekit-InputTimestampFormat"
	OutHeader  = "Timekit-OutputTimestampFormat"
)

var clockHeaders = []string{ZoneHeader, inHeader, OutHeader}

// readClock reads how this request writes its times and has them written. Each header may also be a query parameter, with or
// without "Timekit-" before it, which then wins: an SDK sends its headers with every request.
func (k *Call) readClock() (timekit.Clock, error) {
	k.Writer.Header().Add("Vary", ZoneHeader+", "+OutHeader)
	problems := fault.Problems{}
	clock := timekit.Clock{In: timekit.Format(k.setting(inHeader)), Out: timekit.Format(k.setting(OutHeader))}
	if name := k.setting(ZoneHeader); name != "" {
		CheckZone(name, ZoneHeader, problems)
		clock.Zone = (&catalogue.Resource{Timezone: name}).Zone()
	}
	if err := clock.Out.Check(); err != nil {
		problems.Add(OutHeader, "%s", err)
	}
	if clock.In != "" {
		if err := clock.In.CheckInput(); err != nil {
			problems.Add(inHeader, "%s", err)
		}
	}
	return clock, problems.Err()
}

func (k *Call) setting(header string) string {
	for _, name := range []string{header, header[len("Timekit-"):]} {
		if value := k.Query(name); value != "" {
			return value
		}
	}
	return k.GetHeader(header)
}

// Stamp is a time in a body, not yet read: a text, or a number where the client's format is U.
type Stamp string

// UnmarshalJSON takes a number as it is written.
func (s *Stamp) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	if raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9' {
		*s = Stamp(raw)
		return nil
	}
	if raw[0] != '"' {
		return errors.New("must be a text, or a number, not " + strictjson.KindOf(raw))
	}
	return json.Unmarshal(raw, (*string)(s))
}

// Earliest and Latest bound the times that are taken in.
var (
	Earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	Latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// ParseTime reads a time by the request's clock. It is ParseTime of the package.
func (k *Call) ParseTime(text, field string, problems fault.Problems) time.Time {
	return ParseTime(k.Clock, text, field, problems)
}

// ParseTime reads a time by a clock, from 1970 to 2200. All times of bodies and queries are read here. A fault is added to the problems of
// the field; an empty text is one.
func ParseTime(clock timekit.Clock, text, field string, problems fault.Problems) time.Time {
	if text == "" {
		problems.Add(field, "is required")
		return time.Time{}
	}
	t, err := clock.Read(text)
	switch {
	case err != nil:
		problems.Add(field, "%s", err)
	case t.Before(Earliest) || t.After(Latest):
		problems.Add(field, "must lie between 1970 and 2200")
	}
	return t
}

// CheckWindow refuses a window that ends before it begins. One that is empty has nothing in it, which is an answer.
func CheckWindow(from, to *time.Time, field string, problems fault.Problems) {
	if from != nil && to != nil && to.Before(*from) && len(problems) == 0 {
		problems.Add(field, "must not come before the start of the window")
	}
}

var lostPlus = regexp.MustCompile(` (\d\d:?\d\d)$`)

// QueryTime reads a time of the query; nil when there is none. A "+" that was not escaped has become a space.
func (k *Call) QueryTime(name string, problems fault.Problems) *time.Time {
	text := k.Query(name)
	if text == "" {
		return nil
	}
	repaired := lostPlus.ReplaceAllString(text, "+$1")
	if _, err := k.Clock.Read(repaired); err == nil {
		text = repaired
	}
	t := k.ParseTime(text, name, problems)
	return &t
}
