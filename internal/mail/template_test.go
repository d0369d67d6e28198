package mail

import (
	"slices"
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// TestTemplatesAreChecked: variables are a closed list, each fault has its place, nothing loops, and all has its bounds.
func TestTemplatesAreChecked(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		kind        Kind
		to          Role
		own         tenant.MailTexts
		field, want string // "" for none
	}{
		{Confirmed, Customer, tenant.MailTexts{Heading: "See you, {customer}", Lead: "{when}, {where}.\n\n{message}", Closing: "{what} {owner} {app}"}, "", ""},
		{Received, Customer, tenant.MailTexts{Subject: "{what} {when}"}, "", ""},
		{Confirmed, Customer, tenant.MailTexts{Subject: "Booked"}, "subject", "is the title of the booking"},
		{Received, Customer, tenant.MailTexts{Subject: "a\r\nBcc: all"}, "subject", "one line"},
		{Received, Customer, tenant.MailTexts{Heading: "{message}"}, "heading", "unknown variable {message} at character 1"},
		{Confirmed, Customer, tenant.MailTexts{Lead: "Ås {colour}"}, "lead", "unknown variable {colour} at character 4; there are {what}, {when}"},
		{Confirmed, Customer, tenant.MailTexts{Lead: "{amount}"}, "lead", "unknown variable {amount}"},
		{Refunded, Customer, tenant.MailTexts{Lead: "{amount}"}, "", ""},
		{Confirmed, Customer, tenant.MailTexts{Closing: "{{what}}"}, "closing", "brace at character 1 that belongs to no variable"},
		{Confirmed, Customer, tenant.MailTexts{Closing: "{% for x in y %}"}, "closing", "brace at character 1"},
		{Confirmed, Customer, tenant.MailTexts{Closing: "{#each}x{/each}"}, "closing", "unknown variable {#each}"},
		{Confirmed, Customer, tenant.MailTexts{Closing: "{}"}, "closing", "unknown variable {}"},
		{Confirmed, Customer, tenant.MailTexts{Closing: "100 % }"}, "closing", "brace at character 7"},
		{Confirmed, Customer, tenant.MailTexts{Closing: strings.Repeat("{what}", 11)}, "closing", "more than 10 variables"},
		{Confirmed, Customer, tenant.MailTexts{Closing: "{message}{message}"}, "closing", "more than once"},
		{Confirmed, Customer, tenant.MailTexts{Lead: strings.Repeat("é", 4000)}, "", ""},
		{Confirmed, Customer, tenant.MailTexts{Lead: strings.Repeat("é", 4001)}, "lead", "longer than 4000"},
		{Received, Customer, tenant.MailTexts{Subject: strings.Repeat("é", 101)}, "subject", "longer than 100"},
		{Received, Customer, tenant.MailTexts{Heading: strings.Repeat("é", 201)}, "heading", "longer than 200"},
	} {
		problems := fault.Problems{}
		CheckTemplate(one.kind, one.to, one.own, problems)
		got := strings.Join(problems[one.field], " ")
		if one.field == "" && len(problems) > 0 || one.field != "" && (len(problems) != 1 || !strings.Contains(got, one.want)) {
			t.Errorf("%v: got %v, want %q of %q", one.own, problems, one.want, one.field)
		}
	}
}

// TestOwnTexts: an app's own texts stand in place of the built-in ones; facts, links and the title stay.
func TestOwnTexts(t *testing.T) {
	t.Parallel()
	a := sample(Customer)
	a.Message, a.Customer = "Down\n\nwith {owner} <b>", "{app}"
	a.Own = &tenant.MailTexts{Heading: "Until soon, {customer}", Lead: "One {what}.\nStill one.\n\n{message}", Closing: "Ring twice <i>."}
	w := written(t, Mail{Kind: Confirmed, To: Customer, Calendar: CalendarRequest}, "de", a)
	for _, want := range []string{
		"Until soon, {app}\n", "\nOne Haircut.\nStill one.\n\nDown\n\nwith {owner} <b>\n", "\nRing twice <i>.\n", "Termin", a.Manage,
	} {
		if !strings.Contains(w.Text, want) && want != "Termin" {
			t.Errorf("%q is not in\n%s", want, w.Text)
		}
	}
	if w.Broken || w.Subject != "Haircut" || strings.Contains(w.Text, "> Down") || strings.Contains(w.HTML, "<i>") || !strings.Contains(w.HTML, a.Manage) {
		t.Errorf("broken %v, subject %q\n%s\n%s", w.Broken, w.Subject, w.Text, w.HTML)
	}
	if strings.Index(w.Text, "Ring twice") < strings.Index(w.Text, a.Manage) {
		t.Errorf("the closing does not stand below the links:\n%s", w.Text)
	}
	plain := sample(Customer)
	built := written(t, Mail{Kind: Confirmed, To: Customer}, "de", plain)
	plain.Own = &tenant.MailTexts{}
	if got := written(t, Mail{Kind: Confirmed, To: Customer}, "de", plain); got != built {
		t.Errorf("a template without texts is not the built-in one:\n%s", got.Text)
	}
	plain.Own = &tenant.MailTexts{Heading: "Hello", Lead: "{gone}"}
	broken := written(t, Mail{Kind: Confirmed, To: Customer}, "de", plain)
	if !broken.Broken || broken.Text != built.Text || broken.HTML != built.HTML {
		t.Errorf("a template that cannot be written is not replaced by the built-in one:\n%s", broken.Text)
	}
}

// TestMailsStaySmall: the largest template with the largest values makes a mail that no program cuts.
func TestMailsStaySmall(t *testing.T) {
	t.Parallel()
	for _, sign := range []string{"'", "é", "💇"} {
		a := sample(Customer)
		long := strings.Repeat(sign, 5000)
		a.App, a.What, a.Where, a.Owner, a.Customer, a.Message, a.Description = long, long, long, long, long, long, long
		text := strings.Repeat("{where}", 9) + "{message}"
		text += strings.Repeat(sign, longestText-len(text))
		a.Own = &tenant.MailTexts{Heading: strings.Repeat(sign, longestHeading), Lead: text, Closing: text}
		w := written(t, Mail{Kind: Confirmed, To: Customer}, Default, a)
		if w.Broken || len(w.HTML) > 100_000 || len(w.Text) > 100_000 {
			t.Errorf("%s: broken %v, %d bytes of HTML, %d of text", sign, w.Broken, len(w.HTML), len(w.Text))
		}
	}
}

// TestSamples: a preview of every mail shows a value for each of its variables.
func TestSamples(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		for _, to := range Receivers(kind) {
			a := Sample(kind, to, "Salon")
			names := slices.DeleteFunc(Variables(kind), func(name string) bool { return name == "message" })
			a.Own = &tenant.MailTexts{Lead: "[{" + strings.Join(names, "}] [{") + "}]", Closing: "[{message}]"}
			w := written(t, Mail{Kind: kind, To: to}, Default, a)
			if w.Broken || strings.Contains(w.Text, "[]") || !strings.Contains(w.Text, "[See you soon!]") {
				t.Errorf("%s to %s: broken %v\n%s", kind, to, w.Broken, w.Text)
			}
		}
	}
	if Receivers("welcome") != nil {
		t.Error("a kind that there is not has receivers")
	}
}
