package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/requires"
)

// faultAt fails the test unless a field of the page is marked as wrong, and what is wrong stands behind it, before the next field.
func (s shown) faultAt(t *testing.T, field, fault string) {
	t.Helper()
	_, rest, ok := strings.Cut(s.text, ` name="`+field+`"`)
	tag, after, _ := strings.Cut(rest, ">")
	next := regexp.MustCompile(`<label for="|<button`).FindStringIndex(after)
	if !ok || next == nil || !strings.Contains(tag, "aria-invalid") || !strings.Contains(after[:next[0]], fault) {
		t.Errorf("the field %s does not say %q: %.900s", field, fault, rest)
	}
}

// other makes another resource of the app.
func (h *house) other(name string) string {
	h.t.Helper()
	r := &catalogue.Resource{ID: uuid.Must(uuid.NewV7()), AppID: h.app.ID, Name: name, Timezone: "Europe/Berlin", Meta: json.RawMessage(`{}`)}
	check(h.t, h.CreateResource(context.Background(), r, uuid.Must(uuid.NewV7())))
	return r.ID.String()
}

// kept is what a project has on record of what its bookings take.
func (h *house) kept(project string) string {
	h.t.Helper()
	p, err := h.Project(context.Background(), h.app.ID, uuid.MustParse(project))
	check(h.t, err)
	return string(must(json.Marshal([]any{p.Booking, p.Assign, p.Requires})))
}

// TestTakingForm walks through the form for what a booking takes: what is wrong stands at its field and nothing typed is lost; what is saved
// is what was typed, stands in the form again and is said in words; nothing else of the project changes.
func TestTakingForm(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	id, ida, jon := h.hosted("Visit"), h.other("Ida"), h.other("Jon")
	desk := h.projectHost(id)
	h.sql(`UPDATE projects SET booking = '{"graph": "instant", "n": 12345678901234567890}' WHERE id = $1`, id)
	at := "/portal/projects/" + id
	b.get(at).want(t, http.StatusOK).says(t, "What a booking takes", "A booking takes 1 unit of its resource.", at+"/taking")
	b.get(at+"/taking").want(t, http.StatusOK).says(t, "Bookings through Visit", `<option value="" selected>nobody`, "Desk", ida)

	fields := []string{
		"booking.units", "many", "booking.max_units", "0", "assign.strategy", "fair", "assign.count", "minutes", "assign.window", "two", "assign.window.kind", "W",
		"assign.catch_up", "false", "assign.weights." + desk, "3", "requires", "{\"all_of\": [\r\n  {\"role\": x}\r\n]}",
	}
	set := func(name, value string) { fields[slicesIndex(fields, name)+1] = value }
	typed := []string{`value="many"`, `value="0"`, `<option value="fair" selected>`, `<option value="minutes" selected>`, `value="two"`, `<option value="W" selected>`,
		`<option value="false" selected>`, `value="3"`, "{&#34;role&#34;: x}"}
	first := b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity).says(t, typed...).says(t, "Nothing was saved", "Several resources</strong> is not JSON")
	first.faultAt(t, "assign.window", "must be a whole number")
	first.faultAt(t, "requires", "in line 2 at character 12")
	set("assign.window", "2")
	set("assign.window.kind", "")
	b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity).faultAt(t, "assign.window", "choose what the value is")
	set("assign.window.kind", "W")

	set("requires", `{"all_of": [{"role": "doctor"}, {"resource": "`+ida+`", "offset": "soon"}]}`)
	set("assign.weights."+desk, "heavy")
	second := b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity).says(t, `value="many"`, `value="heavy"`, "&#34;soon&#34;", `value="2"`)
	second.faultAt(t, "booking.units", "must be")
	second.faultAt(t, "assign.weights."+desk, "must be")
	second.faultAt(t, "requires", "all_of.1.offset must be a length of time")
	second.says(t, "Weight of Desk</strong>", "Several resources</strong> all_of.1.offset", "Units of a booking</strong>")
	set("booking.units", "2")
	set("booking.max_units", "1")
	set("assign.weights."+desk, "0")
	set("requires", `{"all_of": [{"role": "doctor"}, {"resource": "`+ida+`"}]}`)
	third := b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity)
	third.faultAt(t, "booking.max_units", "must not be less than units")
	third.faultAt(t, "assign.weights."+desk, "must be a number from 1 to 1000")
	third.faultAt(t, "requires", "all_of.0 must have exactly one of")
	set("booking.max_units", "4")
	set("assign.weights."+desk, "3")
	set("requires", `{"all_of": [{"resource": "`+uuid.NewString()+`"}]}`)
	b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity).faultAt(t, "requires", "does not exist")
	set("requires", `{"all_of": [{"resource": "`+desk+`", "resource": "`+ida+`"}]}`)
	b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity).faultAt(t, "requires", "resource")
	set("assign.strategy", "priority")
	set("requires", "")
	fourth := b.send(at+"/taking", fields...).want(t, http.StatusUnprocessableEntity)
	for _, field := range []string{"assign.window", "assign.count", "assign.catch_up"} {
		fourth.faultAt(t, field, "has no meaning with this strategy")
	}
	fourth.says(t, "Weights</strong> has no meaning")
	_, rest, _ := strings.Cut(fourth.text, `id="weights"`)
	if before, _, _ := strings.Cut(rest, "<input"); !strings.Contains(before, `<p class="fault">has no meaning`) {
		t.Errorf("the weights do not say what is wrong: %s", before)
	}
	if got := h.kept(id); !strings.HasSuffix(got, `,null,null]`) || strings.Contains(got, "units") {
		t.Fatalf("what is wrong was saved: %s", got)
	}

	set("assign.strategy", "fair")
	set("requires", fmt.Sprintf(`{"all_of": [{"resource": %q, "role": "doctor"}, {"any_of": {"n": 1, "from": [%q, %q]}, "role": "nurse"},
		{"pool": %q, "offset": "-PT15M", "length": "PT1H30M"}]}`, desk, ida, jon, id))
	b.send(at+"/taking", fields...).leads(t, at+"?said=taking_saved")
	want := fmt.Sprintf(`[{"graph":"instant","n":12345678901234567890,"units":2,"max_units":4},`+
		`{"strategy":"fair","weights":{%q:3},"window":"P2W","count":"minutes","catch_up":false},`+
		`{"all_of":[{"resource":%q,"role":"doctor"},{"any_of":{"n":1,"from":[%q,%q]},"role":"nurse"},{"pool":%q,"offset":"-PT15M","length":"PT1H30M"}]}]`, desk, desk, ida, jon, id)
	wantSameJSON(t, h.kept(id), want)
	b.get(at+"?said=taking_saved").says(t, "It is saved.", "A booking takes 2 units of its resource, or as many as its customer asks for, up to 4.",
		"who is furthest behind their share, by the minutes of the last 2 weeks.", "Weights: Desk 3; all others 1.", "Who could not be chosen gets no more later.",
		"Doctor: Desk.", "Nurse: 1 of Ida, Jon.", "one of the resources of Visit, from 15 minutes before the start on, for 90 minutes.", "has no meaning")
	b.get(at+"/taking").want(t, http.StatusOK).says(t, `value="2"`, `value="4"`, `<option value="fair" selected>`, `<option value="W" selected>`,
		`value="3"`, "&#34;-PT15M&#34;", `<option value="false" selected>`)
	again := b.send(at+"/taking", b.typedIn(at+"/taking")...)
	again.leads(t, at+"?said=taking_saved")
	wantSameJSON(t, h.kept(id), want)

	b.send(at+"/taking", "booking.units", "", "assign.strategy", "").leads(t, at+"?said=taking_saved")
	got := h.kept(id)
	for _, gone := range []string{"units", "fair", "all_of"} {
		if strings.Contains(got, gone) {
			t.Errorf("an empty form leaves %s", got)
		}
	}
	if !strings.Contains(got, `"n":12345678901234567890`) || !strings.Contains(got, `"graph":"instant"`) {
		t.Errorf("other settings have changed: %s", got)
	}
	b.get("/portal/projects/"+uuid.NewString()+"/taking").want(t, http.StatusNotFound)
}

// projectHost is the only resource of a project.
func (h *house) projectHost(project string) string {
	h.t.Helper()
	p, err := h.Project(context.Background(), h.app.ID, uuid.MustParse(project))
	check(h.t, err)
	return p.Resources[0].String()
}

// typedIn are the fields of the only form with them, as a browser sends them when nothing is changed.
func (b *browser) typedIn(path string) (fields []string) {
	b.t.Helper()
	page := b.get(path).text
	for _, found := range regexp.MustCompile(`<input id="[^"]*" name="([^"]*)"[^>]* value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields = append(fields, found[1], found[2])
	}
	for _, found := range regexp.MustCompile(`(?s)<select id="[^"]*" name="([^"]*)".*?</select>`).FindAllStringSubmatch(page, -1) {
		chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(found[0])
		if chosen != nil {
			fields = append(fields, found[1], chosen[1])
		}
	}
	found := regexp.MustCompile(`(?s)name="requires"[^>]*>(.*?)</textarea>`).FindStringSubmatch(page)
	return append(fields, "requires", strings.ReplaceAll(strings.ReplaceAll(found[1], "&#34;", `"`), "\n", "\r\n"))
}

func wantSameJSON(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	check(t, json.Unmarshal([]byte(got), &a))
	check(t, json.Unmarshal([]byte(want), &b))
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("on record is\n%s, want\n%s", got, want)
	}
}

// TestTakingWords says each way to choose and each kind of part.
func TestTakingWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                                                                      "A booking takes 1 unit of its resource.",
		`{"booking":{"units":3,"max_units":3}}`:                                   "A booking takes 3 units of its resource.",
		`{"booking":{"max_units":2}}`:                                             "A booking takes 1 unit of its resource, or as many as its customer asks for, up to 2.",
		`{"assign":{"strategy":"least_busy"}}`:                                    "who has the least to do, by the bookings of the last 30 days.",
		`{"assign":{"strategy":"priority"}}`:                                      "the first of the project's resources that is free.",
		`{"assign":{"strategy":"same_as_last","window":"P1D"}}`:                   "else as their share says, by the bookings of the last 1 day.",
		`{"assign":{"strategy":"random","weights":{"a":2,"gone":5}}}`:             "Weights: Ann 2, gone 5; all others 1.",
		`{"requires":{"all_of":[{"any_of":{"from":["a","b"]}}]}}`:                 "1 of Ann, Bob.",
		`{"requires":{"all_of":[{"pool":"p","role":"room"}]}}`:                    "Room: one of the resources of Rooms.",
		`{"requires":{"all_of":[{"resource":"a","offset":"PT1H"}]}}`:              "Ann, from 60 minutes after the start on.",
		`{"requires":{"all_of":[{"resource":"b","length":"PT45M"}]}}`:             "Bob, for 45 minutes.",
		`{"requires":{"all_of":[{"resource":"b"}]},"assign":{"strategy":"fair"}}`: "the choosing by a strategy has no meaning.",
	} {
		var p projectView
		check(t, json.Unmarshal([]byte(text), &p))
		f := newTakingForm(&p)
		f.Resources = []resourceView{{ID: "a", Name: "Ann"}, {ID: "b", Name: "Bob"}}
		f.Pools = []projectView{{ID: "p", Name: "Rooms"}}
		if got := strings.Join(f.Words(), " "); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", text, got, want)
		}
	}
}

// TestTakingFormNamesItsFields: each field that people see has a label, and no id stands twice.
func TestTakingFormNamesItsFields(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	page := b.get("/portal/projects/"+h.hosted("Visit")+"/taking").want(t, http.StatusOK).text
	wantLabels(t, page, 10)
	wantLabels(t, b.get("/portal/resources/"+h.other("Ida")).want(t, http.StatusOK).text, 2)
}

// TestResourcePages: the list shows what there is; the capacity is changed by its form, and what is wrong stands at the field.
func TestResourcePages(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/resources").want(t, http.StatusOK).says(t, "No resource yet")
	id := h.other("Desks")
	at := "/portal/resources/" + id
	b.get("/portal/resources").says(t, "Desks", "1 unit<", "Berlin", at)
	b.get(at).want(t, http.StatusOK).says(t, "It is one thing", `value="1"`)
	for _, wrong := range []string{"0", "10001", "some", ""} {
		b.send(at, "capacity", wrong).want(t, http.StatusUnprocessableEntity).says(t, `value="`+wrong+`"`).faultAt(t, "capacity", "must be")
	}
	b.send(at, "capacity", " 12 ").leads(t, at+"?said=capacity_saved")
	b.get(at+"?said=capacity_saved").says(t, "The capacity is saved.", "There are 12 units of it", `value="12"`)
	b.get("/portal/resources").says(t, "12 units<")
	for range 26 {
		h.other("One more")
	}
	b.get("/portal/resources").says(t, `href="/portal/resources?page=2"`)
	b.get("/portal/resources?page=2").says(t, `href="/portal/resources?page=1"`)
	_, foreign := h.tenant("other")
	thief := h.browser()
	thief.signIn(foreign)
	thief.get(at).want(t, http.StatusNotFound)
	thief.send(at, "capacity", "3").want(t, http.StatusNotFound)
}

// TestBookingsOfAPart: the list of a resource shows a booking at the time of the resource's part, by its clocks; other lists name all.
func TestBookingsOfAPart(t *testing.T) {
	t.Parallel()
	h := build(t)
	chair := h.book("Ann").Resource
	id := func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	room := &catalogue.Resource{ID: id(), AppID: h.app.ID, Name: "Blue room", Timezone: "Asia/Tokyo", Meta: json.RawMessage(`{}`)}
	check(t, h.CreateResource(context.Background(), room, id()))
	start := time.Date(2030, 6, 4, 9, 0, 0, 0, time.UTC)
	b := h.draft(chair, start)
	b.Requires = &requires.Requires{AllOf: []requires.Part{{Resource: chair.ID.String()}, {Resource: room.ID.String()}}}
	b.Parts = []booking.Part{
		{Resource: chair.ID, Role: "doctor", Start: start, End: start.Add(time.Hour)},
		{Resource: room.ID, Role: "room", Start: start.Add(-15 * time.Minute), End: start.Add(90 * time.Minute)},
	}
	h.record(b)
	page := h.member()
	page.get("/portal/bookings?resource="+room.ID.String()).want(t, http.StatusOK).
		says(t, "Blue room, room", `datetime="2030-06-04T08:45:00Z"`, "17:45", "19:30", "Tokyo")
	page.get("/portal/bookings?resource="+chair.ID.String()).says(t, "Chair, Blue room", `datetime="2030-06-04T09:00:00Z"`, "11:00")
	page.get("/portal/bookings").says(t, "Chair, Blue room", `datetime="2030-06-04T09:00:00Z"`)
}

// TestTakingExample: the example beside the form is what the API reads, once its ids are ids.
func TestTakingExample(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	id := h.hosted("Visit")
	text := (&takingForm{}).Example()
	b.get("/portal/projects/"+id+"/taking").says(t, "ID of project Rooms")
	for _, name := range []string{"Dr Grau", "Ida", "Jon", "Kim"} {
		text = strings.Replace(text, "ID of "+name, h.other(name), 1)
	}
	text = strings.Replace(text, "ID of project Rooms", h.project("Rooms"), 1)
	b.send("/portal/projects/"+id+"/taking", "requires", text).leads(t, "/portal/projects/"+id+"?said=taking_saved")
	b.get("/portal/projects/"+id).says(t, "Doctor: Dr Grau.", "Nurse: 2 of Ida, Jon, Kim.", "Room: one of the resources of Rooms, from 15 minutes before the start on, for 90 minutes.")
}

// TestTakingFormSendsChangesOnly: what is as it was is not written, so a change of somebody else's stays, and what is no longer good is refused
// only when it is changed. Line breaks of a browser are no change.
func TestTakingFormSendsChangesOnly(t *testing.T) {
	t.Parallel()
	var p projectView
	check(t, json.Unmarshal([]byte(`{"booking":{"units":2,"max_units":null,"graph":"instant"},"requires":{"all_of":[{"resource":"gone"}]}}`), &p))
	f := newTakingForm(&p)
	f.Values.Set("requires", strings.ReplaceAll(f.Values.Get("requires"), "\n", "\r\n"))
	if body, faults := f.body(); len(body)+len(faults) > 0 || !strings.Contains(f.Values.Get("requires"), "\r\n") {
		t.Errorf("an unchanged form sends %v, %v", body, faults)
	}
	f.Values.Set("booking.max_units", "3")
	body, _ := f.body()
	wantSameJSON(t, string(must(json.Marshal(body))), `{"booking":{"units":2,"max_units":3,"graph":"instant"}}`)
}

// TestTakingFormOfManyResources: a weight of a resource of no project has a row, and a part has its resource's name, however many resources
// there are.
func TestTakingFormOfManyResources(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	id, far := h.hosted("Visit"), h.other("Far away")
	for _, when := range []string{"-", "+"} {
		h.sql(`INSERT INTO resources (id, app_id, name, timezone, created_at)
			SELECT gen_random_uuid(), $1, 'Another', 'UTC', now() `+when+` interval '1 day' FROM generate_series(1, 200)`, h.app.ID)
	}
	desk := h.projectHost(id)
	h.sql(`UPDATE resources SET created_at = now() WHERE id = $1`, desk)
	at := "/portal/projects/" + id
	b.send(at+"/taking", "requires", `{"all_of":[{"resource":"`+far+`"}]}`, "assign.strategy", "random", "assign.weights."+far, "7").leads(t, at+"?said=taking_saved")
	b.get(at).says(t, "Far away.", "Weights: Far away 7; all others 1.")
	b.get(at+"/taking").says(t, `<label for="assign.weights.`+desk+`">Desk<`, `name="assign.weights.`+far+`" type="text" inputmode="numeric" value="7"`)
}
