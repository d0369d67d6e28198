package portal

import (
	"html"
	"net/http"
	"strings"
	"testing"
)

// TestMailPages lists mails, and walks through the form of one: what is wrong stands at its field and nothing typed is lost; the preview shows
// what is typed; what is saved is that alone, and the way back leads to the built-in texts.
func TestMailPages(t *testing.T) {
	t.Parallel()
	h := build(t)
	b := h.member()
	b.get("/portal/mails").want(t, http.StatusOK).says(t, "Booking confirmed", "You are booked", "built in")
	b.get("/portal/mails?language=de").want(t, http.StatusOK).says(t, `<option value="de" selected>German`, "{customer} kommt bald")
	b.get("/portal/mails?language=xx").want(t, http.StatusOK).says(t, `<option value="en" selected>English`)
	b.get("/portal/mails/welcome?to=owner&language=en").want(t, http.StatusNotFound)
	const at = "/portal/mails/booking_confirmed?to=customer&language=en"
	page := b.get(at).want(t, http.StatusOK)
	page.says(t, "{owner} expects you.", "<code>{where}</code>", "calendars take over", "<iframe", "sandbox srcdoc=")
	if strings.Contains(page.text, `name="subject"`) || strings.Contains(page.text, "{amount}") || strings.Contains(page.text, "Back to the built-in") {
		t.Error(page.text)
	}
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("the policy is %s", csp)
	}
	fields := []string{"heading", "You are booked", "lead", "One <b>.\r\n\r\nTwo.", "closing", "{colour} & more", "do", "save"}
	b.send(at, fields...).want(t, http.StatusUnprocessableEntity).says(t, "unknown variable {colour} at character 1", "One &lt;b&gt;.", "{colour} &amp; more")
	fields[5] = "Ring twice, {customer}."
	shown := b.send(at, append(fields[:6:6], "do", "preview")...).want(t, http.StatusOK)
	if frame := html.UnescapeString(shown.text); !strings.Contains(frame, "One &lt;b&gt;.</p>") || !strings.Contains(frame, "Ring twice, Ada Lovelace.") {
		t.Error(shown.text)
	}
	if own := b.get("/portal/mails").text; strings.Contains(own, "your own") {
		t.Error("a preview is kept")
	}
	to := b.send(at, fields...).want(t, http.StatusSeeOther).Header.Get("Location")
	b.get(to).want(t, http.StatusOK).says(t, "The texts are saved", "Ring twice, {customer}.", "Changed", "Back to the built-in texts")
	b.get("/portal/mails").says(t, "your own")
	kept := must(h.MailTemplates(t.Context(), h.app.ID))
	if len(kept) != 1 || kept[0].Heading != "" || kept[0].Lead != "One <b>.\n\nTwo." || kept[0].To != "customer" {
		t.Errorf("on record: %+v", kept)
	}
	h.sql(`UPDATE mail_templates SET lead = '{gone}'`)
	b.get("/portal/mails").says(t, "cannot be written")
	b.get(at).want(t, http.StatusUnprocessableEntity).says(t, "cannot be written any more", "{gone}")
	back := b.send("/portal/mails/booking_confirmed/reset?to=customer&language=en").want(t, http.StatusSeeOther).Header.Get("Location")
	b.get(back).want(t, http.StatusOK).says(t, "built-in texts from now on", "{owner} expects you.")
	if left := must(h.MailTemplates(t.Context(), h.app.ID)); len(left) != 0 {
		t.Errorf("on record: %+v", left)
	}
	b.get("/portal/mails/refunded?to=customer&language=fr").want(t, http.StatusOK).says(t, `name="subject"`, "{amount}", "in French")
}
