package postgres_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/graphs/graphtest"
	"holdfast/internal/assign"
	"holdfast/internal/booking"
	"holdfast/internal/catalogue"
	"holdfast/internal/clock"
	"holdfast/internal/contact"
	"holdfast/internal/outbox"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

// retrying are the functions that run a transaction again when Postgres has rolled it back.
var retrying = []string{"inTx", "inShortTx", "atOnce", "retried"}

// retriers are the functions of the package that have a transaction tried again.
func retriers(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	for _, name := range must(filepath.Glob("*.go")) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		check(t, err)
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || slices.Contains(retrying, f.Name.Name) {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch called := n.(type) {
				case *ast.SelectorExpr:
					found[f.Name.Name] = found[f.Name.Name] || slices.Contains(retrying, called.Sel.Name)
				case *ast.Ident:
					found[f.Name.Name] = found[f.Name.Name] || slices.Contains(retrying, called.Name)
				}
				return true
			})
		}
	}
	maps.DeleteFunc(found, func(_ string, retries bool) bool { return !retries })
	return slices.Sorted(maps.Keys(found))
}

// disturbance makes the first try of each transaction that writes fail at its COMMIT, when all else is done, and lets the
// second one pass. Sequences are not rolled back. disturbed is 0 while nothing fails, 1 when the next transaction is to fail,
// and 2 when it is to pass.
const disturbance = `
	CREATE SEQUENCE disturbed MINVALUE 0; CREATE SEQUENCE faults MINVALUE 0; CREATE SEQUENCE passing;
	SELECT setval('disturbed', 0);
	CREATE FUNCTION disturb() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE mode bigint := (SELECT last_value FROM disturbed); me bigint := pg_current_xact_id()::text::bigint;
	BEGIN
		IF mode = 0 OR me = (SELECT last_value FROM passing) THEN
			RETURN NULL;
		ELSIF mode = 1 THEN
			PERFORM setval('disturbed', 2), nextval('faults');
			RAISE EXCEPTION USING ERRCODE = '40001';
		END IF;
		PERFORM setval('disturbed', 1), setval('passing', me);
		RETURN NULL;
	END $$;
	DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE format('CREATE CONSTRAINT TRIGGER disturb AFTER INSERT OR UPDATE OR DELETE ON %I
				DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disturb()', name);
		END LOOP;
	END $$`

// chronicle is what a series of calls did: the answer of each, and the record after it.
type chronicle struct {
	*bundle
	disturbed bool
	calls     []string // the functions
	entries   []string // what they said and left, with made-up ids and moments left out
}

// differs are ids, moments, and what is made of them.
var differs = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\\\\x[0-9a-f]*` +
	`|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?|[0-9a-f]{32}`)

// call calls one function that runs transactions. Where the chronicle is disturbed each of these fails once.
func (c *chronicle) call(function string, do func() any) {
	c.t.Helper()
	if c.disturbed {
		c.exec(`SELECT setval('faults', 0), setval('disturbed', 1)`)
	}
	said := must(json.Marshal(do()))
	if c.disturbed {
		if c.count(`SELECT last_value::int FROM faults`) == 0 {
			c.t.Errorf("%s: nothing was disturbed", function)
		}
		c.exec(`SELECT setval('disturbed', 0)`)
	}
	c.calls = append(c.calls, function)
	rows := []string{string(said)}
	for _, name := range column[string](c.bundle, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`) {
		rows = append(rows, column[string](c.bundle, `SELECT '`+name+` ' || (to_jsonb(x) - '{written_by,changed_by,layer}'::text[])::text FROM `+name+` x`)...)
	}
	for i := range rows {
		rows[i] = differs.ReplaceAllString(rows[i], "…")
	}
	slices.Sort(rows[1:])
	c.entries = append(c.entries, strings.Join(rows, "\n"))
}

// do is call for what returns nothing but an error.
func (c *chronicle) do(function string, do func() error) {
	c.t.Helper()
	c.call(function, func() any { check(c.t, do()); return nil })
}

// TestSecondTries has every function that runs transactions lose the first try of each at its very end, and compares what they
// say and what they leave with a run in which nothing is lost.
func TestSecondTries(t *testing.T) {
	t.Parallel()
	var both [2]*chronicle
	for i := range both {
		c := &chronicle{bundle: setup(t), disturbed: i == 1}
		c.exec(disturbance)
		for _, chapter := range []func(*chronicle){ofTheCalendar, ofProjects, ofBookings, ofMoney, ofEndpoints, ofRequests, ofTheSweep, ofEnds} {
			chapter(c)
		}
		both[i] = c
	}
	for i, calm := range both[0].entries {
		if disturbed := both[1].entries[i]; disturbed != calm {
			t.Errorf("call %d, %s: what differs after second tries:\n%s", i, both[0].calls[i], difference(calm, disturbed))
		}
	}
	called := slices.Sorted(slices.Values(both[0].calls))
	wantSame(t, "the functions that are tried again", slices.Compact(called), retriers(t))
}

// difference are the lines that are in one text only.
func difference(a, b string) string {
	var only []string
	one, other := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, line := range one {
		if !slices.Contains(other, line) {
			only = append(only, "- "+line)
		}
	}
	for _, line := range other {
		if !slices.Contains(one, line) {
			only = append(only, "+ "+line)
		}
	}
	return fmt.Sprintf("%s\n(%d and %d lines)", strings.Join(only, "\n"), len(one), len(other))
}

func ofTheCalendar(c *chronicle) {
	c.call("CreateApp", func() any { return c.newApp("another") })
	c.call("CreateResource", func() any { r, _ := c.newResource(c.app); return r })
	second := &catalogue.OwnedCalendar{}
	second.ID, second.ResourceID, second.Name = newID(), c.resource.ID, "second"
	check(c.t, c.CreateCalendar(c.ctx, c.app.ID, second))
	c.do("DeleteCalendar", func() error { return c.DeleteCalendar(c.ctx, c.app.ID, second.ID) })
	for range 2 {
		own := &tenant.Credential{ID: newID(), AppID: c.app.ID, ResourceID: c.resource.ID, Type: tenant.ServerToken, Own: true}
		c.call("AddCredential", func() any { check(c.t, c.AddCredential(c.ctx, own, []byte(own.ID.String()), 1)); return own })
	}
	day := c.event(-30, -20)
	day.AllDay = true
	c.call("CreateCalendarEvent", func() any { check(c.t, c.CreateCalendarEvent(c.ctx, day)); return day })
	day.Start, day.End, day.StartDate, day.EndDate = day.Start.AddDate(0, 0, -7), day.End.AddDate(0, 0, -6), time.Time{}, time.Time{}
	c.call("UpdateCalendarEvent", func() any { check(c.t, c.UpdateCalendarEvent(c.ctx, day)); return day })
	c.resource.Timezone = "America/New_York"
	c.call("UpdateResource", func() any { check(c.t, c.UpdateResource(c.ctx, c.resource)); return c.resource })
}

func ofProjects(c *chronicle) {
	other, _ := c.newResource(c.app)
	p := &catalogue.Project{ID: newID(), AppID: c.app.ID, Name: "Project", Slug: "project", Resources: []uuid.UUID{c.resource.ID}}
	c.call("CreateProject", func() any { check(c.t, c.CreateProject(c.ctx, p)); return p })
	c.do("AddProjectResource", func() error { return c.AddProjectResource(c.ctx, c.app.ID, p.ID, other.ID) })
	p.Resources = []uuid.UUID{other.ID, c.resource.ID}
	c.call("UpdateProject", func() any { check(c.t, c.UpdateProject(c.ctx, p)); return p })
	c.do("DeleteProject", func() error { return c.DeleteProject(c.ctx, c.app.ID, p.ID) })
	g := &graphs.Graph{Name: "viewing"}
	c.do("PublishGraph", func() error { return c.PublishGraph(c.ctx, c.app.ID, g, "digest") })
	c.do("SetGraphAlias", func() error { return c.SetGraphAlias(c.ctx, c.app.ID, "viewing", tenant.Weights{1: 5}) })
}

func ofBookings(c *chronicle) {
	c.endpoint("", "")
	create := func(v *booking.Booking) (a *booking.Action) {
		c.call("CreateBooking", func() any { a = c.accepted(v); return a })
		return a
	}
	commits := func(v *booking.Booking, a *booking.Action) *booking.Booking {
		c.call("Commit", func() any { return must(c.Commit(c.ctx, commit(v, a))) })
		return c.known(v)
	}
	v := c.coming("instant", 9, 10)
	v.Settings.BufferSeconds, v.Request = 900, c.request()
	c.reminder(v, 0, 24, "a")
	c.reminder(v, 1, 1, "b")
	v = commits(v, create(v))
	c.call("Remind", func() any { return c.remind(v, 0) })
	next := c.instead(v, 0, 0)
	next.Settings, next.Start, next.End = v.Settings, v.Start.Add(30*time.Minute), v.End.Add(30*time.Minute)
	next = commits(next, create(next))
	c.call("InsertMove", func() any {
		return must(c.InsertMove(c.ctx, next, action(next, "cancel"), commit(next, action(next, "cancel")).Move, "link"))
	})

	asked := c.at("confirm_decline", 12, 13)
	asked = commits(asked, create(asked))
	var confirm *booking.Action
	c.call("InsertMove", func() any { confirm = must(c.ask(asked, "confirm")); return confirm })
	commits(asked, confirm)

	waiting := c.coming("request", 18, 19)
	waiting = commits(waiting, create(waiting))
	c.call("Remind", func() any { return c.notify(waiting, "approval_due") })

	p := c.newPool(assign.Assign{Strategy: assign.Fair}, 2)
	given := p.asked(60, 61)
	c.call("createAssigned", func() any { return c.accepted(given) })

	session := c.session(2, booking.Session{})
	seat := c.seat(session, "group_customer")
	commits(seat, create(seat))
	cancel := must(c.InsertAction(c.ctx, action(session, "cancel"), ""))
	commits(session, cancel) // which its seats are told

	c.do("ReserveHold", func() error { return c.ReserveHold(c.ctx, []byte("owner"), newID(), 1) })
	for range 2 {
		c.call("BeginOperation", func() any { return must(c.BeginOperation(c.ctx, c.app.ID, "key", []byte("print"), newID(), 0)) })
	}
}

func ofEndpoints(c *chronicle) {
	var e *outbox.Endpoint
	c.call("CreateEndpoint", func() any { e = c.endpoint("", ""); return e })
	listener := c.listener("endpoint.*")
	c.booked(c.at("instant", 15, 16))
	c.booked(c.at("instant", 16, 17))
	due := c.claim(e)
	wantEqual(c.t, "due", len(due), 2)
	record := func(d outbox.ClaimedDelivery, status int, v postgres.DeliveryUpdate) {
		c.call("FinishAttempts", func() any {
			return must(c.FinishAttempts(c.ctx, e.ID, []postgres.Finished{{Attempt: attempt(d, status), Verdict: v}}))
		})
	}
	c.call("FinishSuccesses", func() any {
		one := postgres.Finished{Attempt: attempt(due[0], 200), Verdict: postgres.DeliveryUpdate{Status: postgres.Delivered}}
		return c.FinishSuccesses(c.ctx, []postgres.EndpointAttempts{{Endpoint: e.ID, Attempts: []postgres.Finished{one}}})
	})
	c.exec(`UPDATE webhook_endpoints SET failing_since = now() - interval '2 days', failures = 5 WHERE id = $1`, e.ID)
	record(due[1], 500, postgres.DeliveryUpdate{Status: postgres.Exhausted}) // which the listener is told
	c.call("MarkIdle", func() any { return must(c.MarkIdle(c.ctx, e.ID)) })
	c.call("Resend", func() any { return must(c.Resend(c.ctx, c.app.ID, due[1].ID, newID())) })
	c.ended(e, postgres.Exhausted)
	c.ended(listener, postgres.Delivered)
	c.call("ReplayDeliveries", func() any { return must(c.ReplayDeliveries(c.ctx, c.app.ID, e.ID, past(true))) })
	for range 2 {
		c.call("RotateSecret", func() any { return must(c.RotateSecret(c.ctx, c.app.ID, e.ID, newID(), []byte("new"), time.Hour)) })
	}
	mailer := c.mailer()
	v := c.booked(c.at("instant", 17, 18))
	event := c.claimMail(mailer)[0]
	c.do("WriteMails", func() error {
		return c.WriteMails(c.ctx, mailer, event, map[string]json.RawMessage{v.ID.String(): json.RawMessage(`{}`)}, 0)
	})
	ofMailers(c, v, mailer)
	c.exec(`UPDATE webhook_endpoints SET awake = false`)
	for _, turn := range []func(*outbox.Endpoint) []uuid.UUID{
		c.pause, c.resume,
		func(e *outbox.Endpoint) []uuid.UUID { e.Description += "!"; *e = *c.changed(e); return nil },
	} {
		c.call("updateEndpoint", func() any { woken := turn(e); return []any{woken, e} })
	}
	c.do("DeleteEndpoint", func() error { return c.DeleteEndpoint(c.ctx, c.app.ID, e.ID) })
}

// ofMailers has a mail of a booking, which has been written.
func ofMailers(c *chronicle, of *booking.Booking, mailer uuid.UUID) {
	mail := column[uuid.UUID](c.bundle, `SELECT id FROM webhook_deliveries WHERE recipient <> ''`)[0]
	c.call("ResendMail", func() any { return must(c.ResendMail(c.ctx, c.app.ID, mail, newID())) })
	c.call("MarkDead", func() any {
		dead := contact.Block{AppID: c.app.ID, Digest: make([]byte, 32), Reason: "smtp_550"}
		return must(c.MarkDead(c.ctx, dead, of.ID, json.RawMessage(`{}`), false))
	})
	c.call("changeMailer", func() any {
		return must(c.SetMailer(c.ctx, &tenant.Mailer{AppID: c.app.ID, From: "hello@example.com", Sealed: []byte("sealed")}))
	})
	c.do("changeMailer", func() error { return c.PauseMailer(c.ctx, c.app.ID) })
	c.call("changeMailer", func() any { return must(c.ResumeMailer(c.ctx, c.app.ID)) })
	c.call("changeMailer", func() any { return must(c.RemoveMailer(c.ctx, c.app.ID, false)) })
	c.exec(`DELETE FROM webhook_endpoints WHERE id = $1`, mailer)
}

func ofRequests(c *chronicle) {
	c.call("AddClientSecret", func() any { return must(c.clientSecret(c.app, "secret")) })
	old, next := pair(c.app, "EMB_old"), pair(c.app, "EMB_new")
	check(c.t, c.AddEmbedCredential(c.ctx, old))
	c.call("RotateEmbedCredential", func() any { check(c.t, c.RotateEmbedCredential(c.ctx, old.ID, next, time.Hour)); return next })
	r := c.createRequest(c.request())
	c.do("CancelSchedulingRequest", func() error { return c.CancelSchedulingRequest(c.ctx, c.app.ID, r.Name) })
	c.do("EraseSchedulingRequest", func() error { return c.EraseSchedulingRequest(c.ctx, c.app.ID, r.Name) })
}

func ofTheSweep(c *chronicle) {
	paused := c.endpoint("", "")
	c.booked(c.at("instant", 18, 19))
	c.pause(paused)
	c.createRequest(c.request())
	c.exec(`UPDATE scheduling_requests SET looked_at = now() - interval '2 hours'`)
	c.exec(`UPDATE webhook_deliveries SET created_at = now() - interval '2 hours'`)
	keep := forever
	keep.Paused, keep.Requests = time.Hour, time.Hour
	c.call("dropPaused", func() any { return c.cleaned("paused_deliveries", keep) })
	c.call("requests", func() any { return c.cleaned("scheduling_requests", keep) })
	c.exec(`DELETE FROM webhook_deliveries`)
	c.exec(`UPDATE events SET at = now() - interval '2 months'`)
	keep.Changes = month
	c.call("events", func() any { return c.cleaned("events", keep) })
	c.booked(c.at("instant", 20, 21))
	c.exec(`UPDATE events SET written_by = '999999999999'`)
	c.call("catchUp", func() any { return must(c.Migrate(c.ctx)) })
	c.wantCount(0, `SELECT count(*) FROM events WHERE written_by <> '3'`)
}

func ofEnds(c *chronicle) {
	v := c.played(c.booked(c.at("instant", 22, 23)), "cancel")
	asking, _ := c.calling(graphtest.Call("crm"))
	e := c.take(asking)
	c.call("EndEffect", func() any { return c.end(e, failed) })
	c.do("DeleteBooking", func() error { return c.DB.DeleteBooking(c.ctx, c.app.ID, v.ID) })
	unused, _ := c.newResource(c.app)
	c.do("DeleteResource", func() error { return c.DeleteResource(c.ctx, c.app.ID, unused.ID) })
	c.app = c.testApp()
	var s *clock.State
	c.do("BeginAdvance", func() error { s = c.begin(time.Hour); return nil })
	c.do("StepClock", func() error { s = c.step(s, s.Advance.To); return nil })
	unwanted := c.newApp("unwanted")
	c.do("DeleteApp", func() error { return c.DeleteApp(c.ctx, unwanted.ID) })
}

// TestSecondTriesForgetTheFirst: the first try is lost at its very end, others write what it was about to, and the second try finds
// that. Nothing of the first may be left in the answer.
func TestSecondTriesForgetTheFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		table   string // the first transaction that inserts into it is lost
		prepare func(b *bundle) (do, others func() any)
		want    []string // what both say
	}{
		"a reminder is ticked off": {"webhook_deliveries", func(b *bundle) (do, others func() any) {
			v := b.coming("instant", 9, 10)
			b.reminder(v, 7, 24, "a")
			v = b.booked(v)
			remind := func() any { return len(b.remind(v, 7)) }
			return remind, remind
		}, []string{"[0 1]", "[1 0]"}},
		"an endpoint is paused": {"webhook_deliveries", func(b *bundle) (do, others func() any) {
			b.listener("endpoint.*")
			e := b.endpoint("", "")
			pause := func() any { _, woken, err := b.PauseEndpoint(b.ctx, e.AppID, e.ID); check(b.t, err); return len(woken) }
			return pause, pause
		}, []string{"[0 1]", "[1 0]"}},
		"a failing endpoint is told of": {"webhook_deliveries", func(b *bundle) (do, others func() any) {
			b.listener("endpoint.*")
			p := b.patient()
			p.fails(5)
			p.since(48 * time.Hour)
			fails := func(number int) func() any {
				a := attempt(p.delivery, 500)
				a.Number += number
				v := postgres.DeliveryUpdate{Status: postgres.Waiting, Next: time.Now()}
				return func() any { return len(must(b.FinishAttempt(b.ctx, p.endpoint.ID, a, v))) }
			}
			return fails(1), fails(2)
		}, []string{"[0 1]", "[1 0]"}},
		"a resource moves under a day off": {"calendar_events", func(b *bundle) (do, others func() any) {
			day := b.event(0, 24) // two dates in Berlin, and one in UTC
			day.AllDay = true
			moved := *b.resource
			moved.Timezone = "UTC"
			return func() any {
					check(b.t, b.CreateCalendarEvent(b.ctx, day))
					return words(day.Resource.Timezone, day.EndDate.Sub(day.StartDate))
				}, func() any {
					check(b.t, b.UpdateResource(b.ctx, &moved))
					return "moved"
				}
		}, []string{"[UTC 24h0m0s moved]", "[Europe/Berlin 48h0m0s moved]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			do, others := c.prepare(b)
			b.exec(`CREATE SEQUENCE tries`)
			b.exec(`CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF nextval('tries') = 1 THEN PERFORM pg_advisory_xact_lock(1); RAISE EXCEPTION USING ERRCODE = '40001'; END IF; RETURN NULL; END $$`)
			b.exec(`CREATE CONSTRAINT TRIGGER lose AFTER INSERT ON ` + c.table + ` DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose()`)
			gate, err := b.look.Begin(b.ctx)
			check(t, err)
			defer func() { _ = gate.Rollback(b.ctx) }()
			_, err = gate.Exec(b.ctx, `SELECT pg_advisory_xact_lock(1)`)
			check(t, err)
			var both sync.WaitGroup
			said := make([]any, 2)
			both.Go(func() { said[0] = do() })
			b.until(fmt.Sprintf(waiting, 1))
			both.Go(func() { said[1] = others() })
			b.until(fmt.Sprintf(waiting, 2))
			check(t, gate.Rollback(b.ctx))
			both.Wait()
			if !slices.Contains(c.want, fmt.Sprint(said)) {
				t.Errorf("they say %v, want one of %v", said, c.want)
			}
		})
	}
}
