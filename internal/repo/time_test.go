package repo

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// realTime are the files of rooms about bookings whose programs read real time, with what they read it for. All else there goes by the
// app's time: clock.Clock.Now.
var realTime = map[string]string{
	"api/middleware.go":                    "how long requests take",
	"api/payments/accounts.go":             "when an account was closed",
	"api/payments/notices.go":              "signatures of providers",
	"api/visitor/payment_page.go":          "how long ago a provider was asked, and how long its page stays open",
	"api/edge/limit.go":                    "limits of requests",
	"api/tenants/test_clock.go":            "how far a clock is ahead of it",
	"api/visitor/picker.go":                "dates, which do not depend on it",
	"api/visitor/visit.go":                 "the life of a visit",
	"api/webhooks/tests.go":                "made-up events",
	"internal/portal/clock.go":             "live apps",
	"internal/portal/objects.go":           "credentials",
	"internal/portal/webhook_tools.go":     "attempts of deliveries",
	"internal/portal/webhooks.go":          "attempts of deliveries",
	"internal/portal/words.go":             "breakers of webhooks",
	"api/webhooks/mailer.go":               "the date of a test mail",
	"internal/postgres/bookings_assign.go": "crowds",
	"internal/postgres/claims_lost.go":     "crowds",
	"internal/postgres/cleaner.go":         "budgets",
	"internal/postgres/effects.go":         "when a workflow is to come again",
	"internal/postgres/outbox_events.go":   "ids that are made of it",
	"internal/postgres/outcomes.go":        "pauses of a connection",
	"internal/service/admission.go":        "waits for a place",
	"internal/service/outlook.go":          "lengths of time",
	"internal/service/tokens.go":           "claim tokens, which another server dates",
}

// realTimeSQL are the files of the record of bookings and effects whose statements read the server's time, so many of them, and for what.
// All else goes by holdfast_now. Other parts of the record go by the server's time.
var realTimeSQL = map[string]struct {
	times int
	what  string
}{
	"actions.go":             {2, "when an action was signalled"},
	"bookings_commit.go":     {2, "what the clock is read at; when an action was decided, for its retention"},
	"limits_hold_owners.go":  {2, "how many holds a visitor makes"},
	"requests_kept_forms.go": {3, "how long forms are kept"},
	"bookings_list.go":       {1, "an order"},
	"bookings_reminders.go":  {4, "retention of targets; when a reminder was sent"},
	"actions_stalled.go":     {3, "leases, and timers by real time"},
	"clocks.go":              {3, "what an advance counts from, when it ended, and lost attempts"},
	"effects.go":             {4, "notes for lost attempts, and effects by real time"},
	"effects_end.go":         {2, "the same, and when an action was decided"},
}

var serverTime = regexp.MustCompile(`\bnow\(\)|clock_timestamp\(\)|statement_timestamp\(\)|transaction_timestamp\(\)|(?i:current_timestamp)`)

// dated are the parts of the record whose statements go by the app's time.
var dated = []string{"actions", "bookings", "claims", "clocks", "effects", "limits", "requests"}

// TestRulesGoByTheAppsTime: where bookings are judged, nobody reads the machine's time by mistake.
func TestRulesGoByTheAppsTime(t *testing.T) {
	t.Parallel()
	rooms := []string{"internal/service", "internal/portal", "internal/postgres", "api"}
	seen, seenSQL := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !slices.ContainsFunc(rooms, func(room string) bool { return s.dir == room || strings.HasPrefix(s.dir, room+"/") }) {
			continue
		}
		statements := 0
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				base, ok := n.X.(*ast.Ident)
				if ok && base.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, n.Sel.Name) {
					seen[s.path] = true
					if realTime[s.path] == "" {
						t.Errorf("%s reads time.%s; the app's time is Clock.Now(), and what goes by real time is listed here", s.path, n.Sel.Name)
					}
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					text, _ := strconv.Unquote(n.Value)
					statements += len(serverTime.FindAllString(text, -1))
				}
			}
			return true
		})
		name, ok := strings.CutPrefix(s.path, "internal/postgres/")
		if part, _, _ := strings.Cut(strings.TrimSuffix(name, ".go"), "_"); !ok || !slices.Contains(dated, part) {
			continue
		}
		if seenSQL[name] = statements > 0; statements != realTimeSQL[name].times {
			t.Errorf("%s reads the server's time %d times, and %d are listed here; the app's time is holdfast_now", s.path, statements, realTimeSQL[name].times)
		}
	}
	for path := range realTime {
		if !seen[path] {
			t.Errorf("%s reads no real time any more: take it off the list", path)
		}
	}
	for name := range realTimeSQL {
		if !seenSQL[name] {
			t.Errorf("%s reads no real time any more: take it off the list", name)
		}
	}
}

// TestParallelTestsReadTimeThemselves: a parallel subtest may wait for minutes before it begins, so what its parent read as the present is
// past by then.
func TestParallelTestsReadTimeThemselves(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !s.test || f.Body == nil {
				continue
			}
			waiting := false
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok && selects(c.Fun, "Run") && len(c.Args) == 2 {
					subtest, ok := c.Args[1].(*ast.FuncLit)
					waiting = waiting || ok && calls(subtest.Body, "Parallel")
				}
				return !waiting
			})
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if c, ok := n.(*ast.CallExpr); ok && waiting && selects(c.Fun, "Now") {
					t.Errorf("%s: %s reads the time for subtests that begin later", s.path, f.Name.Name)
				}
				_, later := n.(*ast.FuncLit)
				return !later
			})
		}
	}
}

func selects(fun ast.Expr, name string) bool {
	s, ok := fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == name
}

func calls(in ast.Node, name string) (found bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		found = found || ok && selects(c.Fun, name)
		return !found
	})
	return found
}
