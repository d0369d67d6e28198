package portal

import (
	"net/http"
	"strings"
	"testing"
)

// TestGraphsAreCheckedWhileTyped: the text that is typed is looked at and drawn, and not saved.
func TestGraphsAreCheckedWhileTyped(t *testing.T) {
	t.Parallel()
	b := build(t).member()
	const check = "/portal/graphs/check"
	page := b.send(check, "definition", visitGraph(`"to":"seen"`, `"to":"nowhere"`)).want(t, http.StatusOK).
		says(t, `<div id="live">`, "Not saved yet. ", "<code>states[1].actions[0].to</code>", "nowhere")
	if strings.Contains(page.text, ";base64,") || strings.Contains(page.text, `value="publish"`) {
		t.Errorf("a faulty text is drawn or offered to be published: %s", page.text)
	}
	b.send(check, "definition", visitGraph()).want(t, http.StatusOK).says(t, "has no faults", `src="data:image/svg&#43;xml;base64,`)
	b.send(check, "definition", `{"name":`).want(t, http.StatusOK).says(t, "to mend")
	b.get("/portal/graphs/visit/draft").want(t, http.StatusNotFound)
	b.get(newDraft).says(t, `data-check="`+check+`"`)
}

// visitGraph is a graph of an app's own, with some text of it replaced.
func visitGraph(replaced ...string) string {
	return strings.NewReplacer(replaced...).Replace(`{"name":"visit","description":"A <visit> of a flat.","initial":"asked","start":"create","states":[
		{"name":"asked","holds":"nothing","actions":[{"name":"create","to":"planned","by":["api"],"on_conflict":"refuse"}]},
		{"name":"planned","holds":"slot","actions":[{"name":"done","to":"seen","by":["api"]}]},
		{"name":"seen","holds":"nothing","final":true},{"name":"error","holds":"nothing","final":true}]}`)
}

const newDraft = "/portal/graphs/new-draft"

// TestGraphIsWritten walks from an example to a published graph: every fault stands on the page with its place, the text stays as it was
// typed, and only a graph without faults is drawn and published.
func TestGraphIsWritten(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/graphs").want(t, http.StatusOK).says(t, "None is published yet", `href="`+newDraft+`"`, `src="/portal/graphs/instant@2/drawing.svg"`)
	b.get(newDraft).want(t, http.StatusOK).says(t, `&#34;name&#34;: &#34;approval&#34;`, `href="/v2/graphs/schema.json"`, "?example=deposit")
	b.get(newDraft+"?example=deposit").says(t, `&#34;name&#34;: &#34;deposit&#34;`)

	for text, want := range map[string]string{
		`{"name":`: "Definition", visitGraph(`"visit"`, `"instant"`): "is that of a built-in graph", visitGraph(`"visit"`, `"<b>"`): "lower-case letters",
	} {
		page := b.send(newDraft, "definition", text, "do", "publish")
		if page.StatusCode < 400 || page.StatusCode > 422 || strings.Contains(page.text, "draft is saved") || strings.Contains(page.text, `value="publish"`) {
			t.Errorf("%s: %d %s", text, page.StatusCode, page.text)
		}
		page.says(t, want, `role="alert"`, strings.Split(strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(text), "\n")[0])
	}
	faulty := visitGraph(`"to":"seen"`, `"to":"nowhere"`, `"initial":"asked"`, `"initial":"asking"`)
	page := b.send(newDraft, "definition", strings.ReplaceAll(faulty, "\n", "\r\n"), "do", "publish").want(t, http.StatusOK).
		says(t, "<code>initial</code>", "<code>states[1].actions[0].to</code>", "nowhere", "A &lt;visit&gt; of a flat.", "\n\t\t{&#34;name&#34;:&#34;asked&#34;")
	if strings.Contains(page.text, "draft.svg") || strings.Contains(page.text, `value="publish"`) || strings.Contains(page.text, "\r") {
		t.Errorf("a faulty graph is drawn, offered to be published, or changed: %s", page.text)
	}
	b.get("/portal/graphs/visit/draft.svg").want(t, http.StatusNotFound)
	b.get("/portal/graphs/visit").want(t, http.StatusNotFound)
	b.get("/portal/graphs").says(t, "/portal/graphs/visit/draft", "faults</span>")
	b.get("/portal/graphs/visit/draft").want(t, http.StatusOK).says(t, "<code>initial</code>", "nowhere")

	page = b.send(newDraft, "definition", visitGraph(), "do", "save").want(t, http.StatusOK).says(t, "has no faults", `value="publish"`, `src="/portal/graphs/visit/draft.svg"`)
	if strings.Contains(page.text, `role="alert"`) {
		t.Errorf("something is wrong: %s", page.text)
	}
	if drawn := b.get("/portal/graphs/visit/draft.svg").want(t, http.StatusOK); drawn.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(drawn.text, "planned") {
		t.Errorf("not drawn: %.300s", drawn.text)
	}
	b.send(newDraft, "definition", visitGraph(), "do", "publish").leads(t, "/portal/graphs/visit?said=graph_published")
	b.get("/portal/graphs/visit").want(t, http.StatusOK).says(t, "Version 1", `href="/portal/bookings?graph=visit%401"`, "/portal/graphs/visit@1/drawing.svg", "Open the draft")
	b.get("/portal/graphs/visit@1/drawing.svg").want(t, http.StatusOK)
	b.get("/portal/graphs").says(t, `href="/portal/graphs/visit"`, "version 1", "no faults")
}

// TestBareNameOfAGraph: one version or shares, and what is refused stays as it was typed.
func TestBareNameOfAGraph(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.send(newDraft, "definition", visitGraph(), "do", "publish")
	b.send(newDraft, "definition", visitGraph("flat", "house"), "do", "publish").leads(t, "/portal/graphs/visit?said=graph_published")
	at := "/portal/graphs/visit"
	b.get(at).says(t, `<option value="1" selected>`, "Version 2")
	b.send(at+"/alias", "version", "2", "of", "1", "share", "", "of", "2", "share", "").leads(t, at+"?said=updated")
	b.get(at).says(t, `<option value="2" selected>`)
	b.get("/portal/graphs").says(t, `<td data-label="Bare name">version 2</td>`)
	b.send(at+"/alias", "version", "shares", "of", "1", "share", "many", "of", "2", "share", "10").want(t, http.StatusUnprocessableEntity).
		says(t, `<option value="shares" selected>`, `value="many"`, `value="10"`, `role="alert"`)
	b.send(at+"/alias", "version", "shares", "of", "1", "share", "", "of", "2", "share", "").want(t, http.StatusUnprocessableEntity).says(t, `role="alert"`)
	b.send(at+"/alias", "version", "shares", "of", "1", "share", "90", "of", "2", "share", "10").leads(t, at+"?said=updated")
	b.get(at).says(t, `<option value="shares" selected>`, `value="90"`, `value="10"`)
	b.get("/portal/graphs").says(t, "version 1 for 90 of 100, version 2 for 10 of 100")
	b.send(at+"/alias", "version", "9").want(t, http.StatusUnprocessableEntity).says(t, "not published")

	b.get(at+"/draft/delete").want(t, http.StatusOK).says(t, "What it says is lost")
	b.send(at+"/draft/delete").leads(t, "/portal/graphs?said=draft_deleted")
	b.get(at+"/draft").want(t, http.StatusNotFound)
	b.get(at+"/draft/delete").want(t, http.StatusNotFound)
	b.get(at).says(t, newDraft+"?graph=visit%402")
	next := b.get(newDraft+"?graph=visit@1").want(t, http.StatusOK).says(t, "&#34;name&#34;: &#34;visit&#34;", "of a flat")
	if strings.Contains(next.text, "&#34;version&#34;") {
		t.Error("the text for the next version names one")
	}
	b.get(newDraft+"?graph=visit@9").want(t, http.StatusNotFound)

	other, key := h.tenant("other")
	stranger := h.browser()
	stranger.signIn(key).want(t, http.StatusSeeOther)
	stranger.get(at).want(t, http.StatusNotFound)
	if list := stranger.get("/portal/graphs").want(t, http.StatusOK); strings.Contains(list.text, "visit") {
		t.Errorf("%s sees the graphs of another app", other.Name)
	}
}

// TestBookingsOfAVersionAreListed: the list of bookings can be that of one version of a graph.
func TestBookingsOfAVersionAreListed(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.book("Ada")
	b := h.member()
	b.get("/portal/bookings?graph=confirm_decline@1").want(t, http.StatusOK).says(t, "Haircut of Ada", `<option value="confirm_decline@1" selected>`)
	b.get("/portal/bookings?graph=confirm_decline").says(t, "Haircut of Ada", `<option value="confirm_decline" selected>`)
	b.get("/portal/bookings?graph=confirm_decline@2").want(t, http.StatusOK).says(t, "No booking fits", `<option value="confirm_decline@2" selected>`)
}
