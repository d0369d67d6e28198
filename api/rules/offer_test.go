package rules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
	"holdfast/internal/service"
)

// chair is a resource in a zone with its own rules.
func chair(zone, rules string) *catalogue.Resource {
	return &catalogue.Resource{ID: uuid.New(), Name: "Chair", Timezone: zone, Constraints: json.RawMessage(rules)}
}

// offerOf reads a project's rules for a caller whose zone is not known.
func offerOf(t testing.TB, availability, rules string, chairs ...*catalogue.Resource) *service.Offer {
	t.Helper()
	p := &catalogue.Project{ID: uuid.New(), Availability: json.RawMessage(availability), Constraints: json.RawMessage(rules)}
	for _, r := range chairs {
		p.Resources = append(p.Resources, r.ID)
	}
	o := service.OfferOf(ProjectAvailability(p).rules(), chairs, time.Now())
	if err := o.OpenAnywhere(chairs[0].Zone()); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestEveryRuleJudges: each rule of a project refuses a picked time by itself, and names the field that is wrong.
func TestEveryRuleJudges(t *testing.T) {
	t.Parallel()
	anna := chair("Europe/Berlin", `[{"block_hours":{"start":12,"end":13}}]`)
	now := time.Date(2030, 12, 2, 8, 0, 0, 0, time.UTC) // nine in Berlin
	const rules = `[{"allow_hours":{"start":9,"end":17}}]`
	plain := offerOf(t, `{"length":"1 hour","from":"2030-12-01","to":"2030-12-20"}`, rules, anna)
	notice := offerOf(t, `{"length":"1 hour","from":"2030-12-02T12:00:00Z","to":"2030-12-20"}`, rules, anna)
	packed := offerOf(t, `{"length":"1 hour","from":"2030-12-01","round_to_nearest_hour":false}`, rules, anna)
	fine := offerOf(t, `{"length":"1 hour","from":"2030-12-01","timeslot_increments":"15 minutes"}`, rules, anna)
	whole := offerOf(t, `{"from":"2030-12-01"}`, rules, anna)
	free := *anna
	free.Constraints = json.RawMessage(`[]`)
	soon := offerOf(t, `{"length":"1 hour","from":"2030-12-02T12:00:00Z","round_to_nearest_hour":false}`, `[]`, &free)
	dates := offerOf(t, `{"length":"1 hour","from":"2030-12-04","to":"2030-12-05"}`, `[]`, chair("UTC", `[]`), anna)
	for name, c := range map[string]struct {
		o          *service.Offer
		start, end string
		field      string
	}{
		"offered":                 {plain, "2030-12-02T10:00:00+01:00", "2030-12-02T11:00:00+01:00", ""},
		"just now":                {plain, "2030-12-02T09:00:00+01:00", "2030-12-02T10:00:00+01:00", ""},
		"a minute ago":            {fine, "2030-12-02T08:45:00+01:00", "2030-12-02T09:45:00+01:00", "start"},
		"past":                    {plain, "2030-12-01T10:00:00+01:00", "2030-12-01T11:00:00+01:00", "start"},
		"between slots":           {plain, "2030-12-03T10:07:00+01:00", "2030-12-03T11:07:00+01:00", "start"},
		"a second late":           {plain, "2030-12-03T10:00:01+01:00", "2030-12-03T11:00:01+01:00", "start"},
		"eight hours":             {plain, "2030-12-03T09:00:00+01:00", "2030-12-03T17:00:00+01:00", "end"},
		"a second":                {plain, "2030-12-03T09:00:00+01:00", "2030-12-03T09:00:01+01:00", "end"},
		"a year":                  {plain, "2030-12-03T09:00:00+01:00", "2031-12-03T09:00:00+01:00", "start"},
		"before opening":          {plain, "2030-12-03T08:00:00+01:00", "2030-12-03T09:00:00+01:00", "start"},
		"over closing":            {fine, "2030-12-03T16:15:00+01:00", "2030-12-03T17:15:00+01:00", "start"},
		"the resource's own rule": {plain, "2030-12-03T12:00:00+01:00", "2030-12-03T13:00:00+01:00", "start"},
		"after the window":        {plain, "2030-12-21T10:00:00+01:00", "2030-12-21T11:00:00+01:00", "start"},
		"no end of the window":    {fine, "2031-12-22T10:00:00+01:00", "2031-12-22T11:00:00+01:00", ""},
		"within the notice":       {notice, "2030-12-02T10:00:00+01:00", "2030-12-02T11:00:00+01:00", "start"},
		"after the notice":        {notice, "2030-12-02T13:00:00+01:00", "2030-12-02T14:00:00+01:00", ""},
		"within the grace":        {soon, "2030-12-02T11:45:00Z", "2030-12-02T12:45:00Z", ""},
		"before the grace":        {soon, "2030-12-02T11:44:00Z", "2030-12-02T12:44:00Z", "start"},
		"a quarter":               {fine, "2030-12-03T10:15:00+01:00", "2030-12-03T11:15:00+01:00", ""},
		"packed":                  {packed, "2030-12-03T10:07:00+01:00", "2030-12-03T11:07:00+01:00", ""},
		"packed, a second late":   {packed, "2030-12-03T10:07:01+01:00", "2030-12-03T11:07:01+01:00", "start"},
		"packed, too long":        {packed, "2030-12-03T10:07:00+01:00", "2030-12-03T11:37:00+01:00", "end"},
		"part of a stretch":       {whole, "2030-12-03T10:07:00+01:00", "2030-12-03T11:59:00+01:00", ""},
		"begun in the east":       {dates, "2030-12-03T10:00:00Z", "2030-12-03T11:00:00Z", ""}, // it is the fourth in Kiritimati
		"begun nowhere":           {dates, "2030-12-03T09:00:00Z", "2030-12-03T10:00:00Z", "start"},
		"not over in the west":    {dates, "2030-12-05T10:00:00Z", "2030-12-05T11:00:00Z", ""}, // it is still the fourth on Baker Island
		"over everywhere":         {dates, "2030-12-05T12:00:00Z", "2030-12-05T13:00:00Z", "start"},
		"over a stretch":          {whole, "2030-12-03T10:07:00+01:00", "2030-12-03T12:01:00+01:00", "start"},
	} {
		got := ""
		if f := c.o.Judge(anna.ID, timeAt(t, c.start), timeAt(t, c.end), now); f != nil {
			got = f.Field
		}
		if got != c.field {
			t.Errorf("%s: the fault is with %q, want %q", name, got, c.field)
		}
	}
	if f := plain.Judge(uuid.New(), timeAt(t, "2030-12-02T10:00:00+01:00"), timeAt(t, "2030-12-02T11:00:00+01:00"), now); f == nil || f.Field != "resource_id" {
		t.Errorf("a stranger: %v", f)
	}
}

func timeAt(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestDraftsOfferNobody: what a project lacks is told, and nobody's time is offered until it has it.
func TestDraftsOfferNobody(t *testing.T) {
	t.Parallel()
	anna := uuid.New()
	for name, c := range map[string]struct {
		p    catalogue.Project
		want string
	}{
		"nothing":          {catalogue.Project{}, "[resources availability]"},
		"empty":            {catalogue.Project{Availability: json.RawMessage(`{}`), Constraints: json.RawMessage(`[ ]`)}, "[resources availability]"},
		"nobody":           {catalogue.Project{Availability: json.RawMessage(`{"length":"1 hour"}`)}, "[resources]"},
		"no hours":         {catalogue.Project{Resources: []uuid.UUID{anna}, Availability: json.RawMessage(`{}`)}, "[availability]"},
		"a length":         {catalogue.Project{Resources: []uuid.UUID{anna}, Availability: json.RawMessage(`{"length":"1 hour"}`)}, "[]"},
		"hours":            {catalogue.Project{Resources: []uuid.UUID{anna}, Constraints: json.RawMessage(`[{"allow_weekdays":{}}]`)}, "[]"},
		"seats":            {catalogue.Project{Booking: json.RawMessage(`{"graph":"group_customer"}`)}, "[]"},
		"lost its last":    {catalogue.Project{Resources: []uuid.UUID{}, Constraints: json.RawMessage(`[{"allow_weekdays":{}}]`)}, "[resources]"},
		"says null itself": {catalogue.Project{Resources: []uuid.UUID{anna}, Availability: json.RawMessage(`null`)}, "[availability]"},
	} {
		missing := c.p.Missing()
		if got := fmt.Sprint(missing); got != c.want {
			t.Errorf("%s: missing %s, want %s", name, got, c.want)
		}
		if in := ProjectAvailability(&c.p); len(missing) > 0 && len(in.Resources) > 0 {
			t.Errorf("%s: offers %v", name, in.Resources)
		}
	}
}

// TestObstaclesAreWhatOffersNothing: whatever keeps a project from offering anything is named, whichever reason it is, and where a
// field is named, a month of an empty calendar has no slot. What comes before (a draft's fields) is not told together with the rest.
func TestObstaclesAreWhatOffersNothing(t *testing.T) {
	t.Parallel()
	known, lost := chair("Europe/Berlin", `[]`), chair("localtime", `[]`)
	now := time.Now()
	at := func(d time.Duration) string { return now.Add(d).UTC().Format(time.RFC3339) }
	const hours = `[{"allow_weekdays":{}}]`
	for name, c := range map[string]struct {
		availability, rules string
		hosts               []*catalogue.Resource
		want                string
	}{
		"nothing is wrong":            {`{"length":"1 hour"}`, hours, []*catalogue.Resource{known}, "[]"},
		"a draft":                     {`{}`, `[]`, nil, "[resources availability]"},
		"a draft of no zone":          {`{}`, `[]`, []*catalogue.Resource{lost}, "[availability]"},
		"no zone":                     {`{"length":"1 hour"}`, hours, []*catalogue.Resource{lost}, "[resources.timezone]"},
		"no zone of two":              {`{"length":"1 hour","mode":"exclusive"}`, hours, []*catalogue.Resource{lost, lost}, "[resources.timezone]"},
		"one zone of two":             {`{"length":"1 hour"}`, hours, []*catalogue.Resource{lost, known}, "[]"},
		"one zone of two, exclusive":  {`{"length":"1 hour","mode":"exclusive"}`, hours, []*catalogue.Resource{known, lost}, "[]"},
		"one zone of two, mutual":     {`{"length":"1 hour","mode":"mutual"}`, hours, []*catalogue.Resource{known, lost}, "[resources.timezone]"},
		"both zones, mutual":          {`{"length":"1 hour","mode":"mutual"}`, hours, []*catalogue.Resource{known, known}, "[]"},
		"a season that is over":       {`{"length":"1 hour","to":"2020-01-01"}`, hours, []*catalogue.Resource{known}, "[availability.to]"},
		"over, and no zone":           {`{"length":"1 hour","from":"2019-01-01","to":"2020-01-01"}`, hours, []*catalogue.Resource{lost}, "[resources.timezone availability.to]"},
		"over, without a length":      {`{"to":"2020-01-01"}`, hours, []*catalogue.Resource{known}, "[availability.to]"},
		"a week in two days":          {`{"length":"169 hours","to":"2 days"}`, hours, []*catalogue.Resource{known}, "[availability.to]"},
		"nine days in a week":         {`{"length":"9 days","to":"1 week"}`, hours, []*catalogue.Resource{known}, "[availability.to]"},
		"an hour in what is left":     {`{"length":"1 hour","to":"` + at(30*time.Minute) + `"}`, hours, []*catalogue.Resource{known}, "[availability.to]"},
		"an hour in more":             {`{"length":"1 hour","to":"` + at(48*time.Hour) + `"}`, `[{"allow_day":{"day":"Monday"}},{"allow_day":{"day":"Tuesday"}},{"allow_day":{"day":"Wednesday"}},{"allow_day":{"day":"Thursday"}},{"allow_day":{"day":"Friday"}},{"allow_day":{"day":"Saturday"}},{"allow_day":{"day":"Sunday"}}]`, []*catalogue.Resource{known}, "[]"},
		"a window to come":            {`{"length":"1 hour","from":"1 day","to":"2 weeks"}`, hours, []*catalogue.Resource{known}, "[]"},
		"words of an older version":   {`{"length":"1 hour","mode":"round table"}`, hours, []*catalogue.Resource{known}, "[availability]"},
		"an end of an older version":  {`{"length":"1 hour","to":"some day"}`, hours, []*catalogue.Resource{known}, "[availability]"},
		"rules of an older version":   {`{"length":"1 hour"}`, `[{"allow_moons":{}}]`, []*catalogue.Resource{known}, "[availability]"},
		"a length of another version": {`{"length":"2 months"}`, hours, []*catalogue.Resource{known}, "[availability]"},
	} {
		p := &catalogue.Project{ID: uuid.New(), Availability: json.RawMessage(c.availability), Constraints: json.RawMessage(c.rules)}
		for _, r := range c.hosts {
			p.Resources, p.Zones = append(p.Resources, r.ID), append(p.Zones, r.Timezone)
		}
		found := Obstacles(p, now)
		if got := fmt.Sprint(found); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		o := service.OfferOf(ProjectAvailability(p).rules(), c.hosts, time.Now())
		if o.Rules.Problems.Err() != nil || o.Open(time.UTC, 0, 31) != nil || len(p.Missing()) > 0 {
			continue // no question of it is answered with times
		}
		q := o.Question(o.From, service.Later(o.From, o.To))
		if n := len(q.Slots()); (n == 0) != (len(found) > 0) {
			t.Errorf("%s: %d slots, and %v stands in the way", name, n, found)
		}
	}
	seats := &catalogue.Project{Booking: json.RawMessage(`{"graph":"group_customer"}`)}
	if found := Obstacles(seats, now); found == nil || len(found) > 0 {
		t.Errorf("seats: %v", found)
	}
}

// TestWhatIsOfferedIsWhatIsAccepted: of random projects, judge accepts every slot that an empty calendar offers, and no other
// start, length or resource.
func TestWhatIsOfferedIsWhatIsAccepted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(28, 11))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"}
	accepted, refused := 0, 0
	for range 150 {
		rules := func() string {
			from := r.IntN(12)
			return pick(`[]`, `[]`, fmt.Sprintf(`[{"allow_hours":{"start":%d,"end":%d}}]`, from, from+4+r.IntN(6)), `[{"block_hours":{"start":"12:10","end":"13:05"}}]`,
				fmt.Sprintf(`[{"allow_day_and_time":{"day":%q,"start":%d,"end":%d}}]`, pick("Saturday", "Sunday", "Monday"), from, from+9))
		}
		chairs := []*catalogue.Resource{chair(pick(zones...), rules()), chair(pick(zones...), rules())}
		from := time.Date(2030, 10, 26, r.IntN(24), 0, 0, 0, time.UTC) // clocks change on the next day
		to := from.Add(60 * time.Hour)
		o := offerOf(t, fmt.Sprintf(`{"mode":%q,"length":%q,"timeslot_increments":%q,"from":%q,"to":%q}`,
			pick("exclusive", "mutual", "roundrobin_prioritized", "exclusive"), pick("30 minutes", "1 hour", "95 minutes"), pick("15 minutes", "1 hour", "45 minutes"),
			from.Format(time.RFC3339), to.Format(time.RFC3339)), rules(), chairs...)
		all := o.Question(from, to)
		if o.RoundRobin() {
			all.Mode = "exclusive" // every resource that a round could come to
		}
		offered := map[string]bool{}
		for _, slot := range all.Slots() {
			for _, i := range slot.Resources {
				offered[fmt.Sprint(slot.Start.Unix(), i)] = true
			}
		}
		for range 60 {
			at := from.Add(time.Duration(r.IntN(60*12)) * 5 * time.Minute)
			for i, c := range chairs {
				end := at.Add(o.Length())
				if end.After(to) {
					continue
				}
				f := o.Judge(c.ID, at, end, from)
				if want := offered[fmt.Sprint(at.Unix(), i)]; want != (f == nil) {
					t.Fatalf("%s with %s: offered is %t, judged %v; %+v %s %s", at, c.Timezone, want, f, o.Rules, o.Rules.Query.Rules, c.Constraints)
				} else if want {
					accepted++
				} else {
					refused++
				}
				if other := end.Add(time.Minute); f == nil && o.Judge(c.ID, at, other, from) == nil {
					t.Fatalf("a minute more is accepted: %+v", o.Rules)
				}
			}
		}
	}
	if accepted < 300 || refused < 300 {
		t.Errorf("%d accepted and %d refused prove little", accepted, refused)
	}
}
