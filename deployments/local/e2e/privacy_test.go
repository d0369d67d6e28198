package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
)

// canaries are personal data and secrets that must not turn up in Temporal, in logs or in error answers.
var canaries = []string{"zq7canaryname", "zq7canarymail", "+49zq7phone", "zq7canarynote", "zq7canarypay", "zq7canarymeta", "zq7canaryitem"}

// TestNothingPersonalLeavesTheRecord sends canaries through every way in and looks for them where they must not be.
func TestNothingPersonalLeavesTheRecord(t *testing.T) {
	t.Parallel()
	b := startOwn(t)
	receiver := newReceiver(t, func(n int) int { return http.StatusInternalServerError - 300*min(n, 1) })
	secret := b.webhook(t, receiver.URL+"/zq7canarypath", "").str("data.secret")
	resource := b.resource(t)
	person := `,"description":"zq7canarynote","customer":{"name":"Zoe zq7canaryname","email":"zq7canarymail@example.com","phone":"+49zq7phone","form":"zq7canarymeta"},"what":"Meeting with Zoe zq7canaryname"`
	body := func(graph string, hour int) string {
		return request(resource, graph, hour, person, `,"price":{"amount":700,"currency":"EUR","items":[{"name":"zq7canaryitem","amount":700}]}`)
	}
	id := b.post(t, "/v2/bookings", body("instant", 9), "Idempotency-Key", "zq").want(t, http.StatusCreated).str("data.id")
	lost := b.post(t, "/v2/bookings", body("instant", 9)).want(t, http.StatusConflict)
	paid := b.post(t, "/v2/bookings", body("instant_payment", 10)).want(t, http.StatusCreated).str("data.id")
	b.put(t, "/v2/bookings/"+paid+"/pay", `{"pay":{"payment_id":"zq7canarypay"}}`).want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", `{"cancel":{"message":"zq7canarynote"}}`).want(t, http.StatusOK)
	refused := b.put(t, "/v2/bookings/"+id+"/cancel", `{"cancel":{"message":"zq7canarynote"}}`).want(t, http.StatusUnprocessableEntity)
	b.post(t, "/v2/payment_accounts", `{"name":"desk","provider":"manual","default":true,"config":{"instructions":"zq7canarynote"}}`).want(t, http.StatusCreated)
	owing := b.post(t, "/v2/bookings", body("paid_booking", 11), "Idempotency-Key", "zq-paid").want(t, http.StatusCreated).str("data.id")
	payment := b.opened(t, owing, 0)
	b.post(t, "/v2/payments/"+payment+"/mark_paid", "").want(t, http.StatusOK)
	b.becomes(t, owing, "paid")
	b.post(t, "/v2/payments/"+payment+"/refunds", `{"note":"zq7canarynote"}`).want(t, http.StatusCreated)
	receiver.waitFor(t, 6)
	histories := dump(t, b)
	if !strings.Contains(histories, id) || !strings.Contains(histories, "Meeting with") {
		t.Fatal("the dump of the histories is not what it should be")
	}
	found := map[string]string{"Temporal": histories, "the log": b.log.String(), "errors": lost.body + refused.body}
	for _, canary := range append(canaries, b.key, b.admin, secret) {
		for place, text := range found {
			if strings.Contains(strings.ToLower(text), strings.ToLower(canary)) {
				t.Errorf("%s is in %s", canary, place)
			}
		}
	}
}

// dump returns every history and everything visibility knows, as text, with payloads decoded.
func dump(t *testing.T, b *bundle) string {
	t.Helper()
	c := b.stack.App.Temporal
	var text strings.Builder
	eventually(t, "visibility", func() bool {
		count, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: `WorkflowType = "Booking"`})
		return err == nil && count.GetCount() >= 2
	})
	list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list.GetExecutions() {
		fmt.Fprintln(&text, protojson.Format(w))
		history := c.GetWorkflowHistory(t.Context(), w.GetExecution().GetWorkflowId(), w.GetExecution().GetRunId(), false,
			enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "%+v\n", event)
		}
	}
	return text.String()
}

// TestTheTemporalUICanBeRead asks for what the UI shows of a booking.
func TestTheTemporalUICanBeRead(t *testing.T) {
	t.Parallel()
	b := tenant(t, plain)
	id := b.book(t, b.resource(t), "instant_payment", 9)
	c := b.stack.App.Temporal
	query := fmt.Sprintf(`HoldfastState = "tentative" AND HoldfastGraph = "instant_payment" AND WorkflowId = "booking-%s"`, id)
	eventually(t, "found by its search attributes", func() bool {
		found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		return err == nil && len(found.GetExecutions()) == 1
	})
	details := metadata(t, c, id)
	for _, want := range []string{"tentative", "pay, timeout", "timeout at", "instant_payment", "Haircut", "2030-12-01T09:00:00Z"} {
		if !strings.Contains(details, want) {
			t.Errorf("no %q in %s", want, details)
		}
	}
	b.put(t, "/v2/bookings/"+id+"/pay", "").want(t, http.StatusOK)
	b.put(t, "/v2/bookings/"+id+"/cancel", "").want(t, http.StatusOK)
	eventually(t, "the end is indexed", func() bool {
		found, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf(`HoldfastState = "cancelled" AND ExecutionStatus = "Completed" AND WorkflowId = "booking-%s"`, id),
		})
		return err == nil && len(found.GetExecutions()) == 1
	})
}

func metadata(t *testing.T, c client.Client, id string) string {
	t.Helper()
	var text string
	eventually(t, "the workflow's own words", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		value, err := c.QueryWorkflow(ctx, "booking-"+id, "", "__temporal_workflow_metadata")
		if err != nil {
			return false
		}
		var answer sdk.WorkflowMetadata
		if err := value.Get(&answer); err != nil {
			t.Fatal(err)
		}
		text = answer.GetCurrentDetails()
		return text != ""
	})
	return text
}
