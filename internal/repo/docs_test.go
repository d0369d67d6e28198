package repo

import (
	"flag"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/drawing"
)

var update = flag.Bool("update", false, "rewrite docs/graphs.md")

const aboutGraphs = `# The graphs

Every booking walks one of these. The format that they are written in is described at the end. Coloured states hold time (or a seat). An arrow bears the name of its action; one with
a duration is also played by a timer. ` + "`error`" + ` stands apart in every graph: no action leads there.

A booking keeps the version that it was made with, also when it is moved. ` + "`instant@2`" + ` names a version; a bare name is version 1,
which is Timekit's contract and stays as it is, unless the app's setting ` + "`graph_versions`" + ` chooses another:
` + "`{\"instant\": 2}`" + `.

**What the second versions add.** Customers withdraw what is not confirmed or not paid. Owners say who came (` + "`attended`" + `) and who
did not (` + "`no_show`" + `), from ten minutes after the start until seven days after the end, also of a booking that is completed;
of a session for each seat. ` + "`undo`" + ` takes that back within a day, to the state before. A mark keeps what the booking held: time
that goes on stays taken, time that was given up is not taken again. A session that was completed too early can be opened again.
Outside of its time an action is refused with ` + "`too_early`" + ` or ` + "`too_late`" + `, and the moment in ` + "`rule.ends_at`" + `.

**Requests end.** A ` + "`request`" + ` holds its time until the owner answers; ` + "`confirm_decline@2`" + ` is the same without
holding it, so that two may ask for one time and one gets it. Both end two days after asking, or an hour before the start if that
is sooner; ` + "`settings.timers.expire`" + ` sets another length, and the hour before the start stays. At half of that time the event
` + "`booking.approval_due`" + ` reminds the owner, and at three quarters ` + "`booking.approval_escalated`" + ` reaches somebody else: each goes
only to webhooks whose event types name it (or ` + "`booking.*`" + `), so a second address is a second webhook.

**Paid bookings.** ` + "`paid_booking`" + ` and ` + "`paid_seat`" + ` take money by the app's payment provider. ` + "`create`" + ` holds the time or seat and opens a
payment; without anything to pay the booking is ` + "`paid`" + ` at once. When the time to pay is over (five minutes; ` + "`settings.timers.timeout`" + ` sets
another, and ` + "`extend`" + ` begins it anew, once), the booking is ` + "`expiring`" + `: for two minutes at most it keeps what it holds, while the provider is
asked to end the payment, so that money that is under way counts. Then it is ` + "`unpaid`" + ` and holds nothing. Money that arrives within a day, before the booked time starts, takes the
time or seat again (` + "`pay_late`" + `); if somebody else has it, the booking is ` + "`refunded_late`" + ` and the money goes back. A price that is captured on
confirmation is only authorized: the booking is ` + "`requested`" + ` until the owner confirms it, which captures, or declines it, which voids, for six days at most and until an hour
before the start (` + "`settings.timers.expire_request`" + `). The owner's ` + "`cancel`" + ` gives everything back, ` + "`cancel_by_customer`" + ` what the payment policy says. Seats go
with sessions of ` + "`group_owner`" + `; a session that is cancelled ends its seats wherever they are. The rest of a price is asked for when the payment policy says so, or by
` + "`ask_balance`" + `: the booking is ` + "`balance_due`" + `, ` + "`settled`" + ` once it is paid, and ` + "`balance_overdue`" + ` after a day without it, when it still keeps its time. ` + "`no_show`" + ` asks for the
fee that the customer has agreed to. A paid booking that is moved keeps its payments: they belong to
the booking that takes its place from then on, which is paid by them in turn.

The data is in [graphs/data](../graphs/data); a running server shows it at ` + "`/v2/graphs/NAME@VERSION`" + `, with who may play
which action, and draws it at ` + "`/v2/graphs/NAME@VERSION.svg`" + `. This page is made by ` + "`go test ./internal/repo -run GraphsPage -update`" + `.
`

// TestGraphsPage keeps the drawings of the documents the same as the code's.
func TestGraphsPage(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(aboutGraphs)
	for _, g := range graphs.Published() {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n```mermaid\n%s```\n", g.Ref(), g.Description, drawing.Mermaid(g))
	}
	page.WriteString(read(t, "internal/repo/testdata/graph_format.md"))
	for _, example := range definition.Examples() {
		g, faults := definition.Parse(example.Text)
		if faults != nil {
			t.Fatal(example.Name, faults)
		}
		fmt.Fprintf(&page, "\n### [%s](../graphs/definition/examples/%s.json)\n\n%s\n\n```mermaid\n%s```\n", g.Name, g.Name, g.Description, drawing.Mermaid(g))
	}
	const file = "docs/graphs.md"
	if *update {
		if err := os.WriteFile(at(t, file), []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != page.String() {
		t.Errorf("%s is not what the graphs are; run: go test ./internal/repo -run GraphsPage -update", file)
	}
}

// TestContributingHasTheFloors keeps the table of the floors the same as the one that is tested.
func TestContributingHasTheFloors(t *testing.T) {
	t.Parallel()
	text := read(t, "CONTRIBUTING.md")
	for room, floor := range house {
		if room == "" {
			room = "main.go"
		}
		if row := fmt.Sprintf("\n| %d | `%s` |", floor.level, room); !strings.Contains(text, row) {
			t.Errorf("CONTRIBUTING.md has no row %s", strings.TrimSpace(row))
		}
	}
}

// documents returns the paths of all documents, from the root.
func documents(t *testing.T) []string {
	t.Helper()
	paths := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "BENCHMARKS.md"}
	entries, err := os.ReadDir(at(t, "docs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".md" {
			paths = append(paths, "docs/"+entry.Name())
		}
	}
	return paths
}

var (
	testName    = regexp.MustCompile("`(Test[A-Z]\\w+)`")
	testMention = regexp.MustCompile(`\bTest[A-Z]\w+`)
)

// TestDocumentsNameRealTests: every test that a document names exists, and every one that a comment in the code names.
func TestDocumentsNameRealTests(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	all := sources(t)
	for _, s := range all {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && s.test {
				known[f.Name.Name] = true
			}
		}
	}
	for _, file := range documents(t) {
		for _, match := range testName.FindAllStringSubmatch(read(t, file), -1) {
			if !known[match[1]] {
				t.Errorf("%s names %s, which is no test", file, match[1])
			}
		}
	}
	for _, s := range all {
		for _, group := range s.file.Comments {
			for _, name := range testMention.FindAllString(group.Text(), -1) {
				if !known[name] {
					t.Errorf("%s: a comment names %s, which is no test", s.path, name)
				}
			}
		}
	}
}

var localLink = regexp.MustCompile(`\]\(([^):]+)\)`)

// TestDocumentsLinkToWhatIsThere follows every link from a document to a file.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		for _, match := range localLink.FindAllStringSubmatch(read(t, file), -1) {
			if _, err := os.Stat(at(t, filepath.Join(filepath.Dir(file), match[1]))); err != nil {
				t.Errorf("%s links to %s: %v", file, match[1], err)
			}
		}
	}
}
