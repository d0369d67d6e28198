package bookings

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/rules"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// bulkHandlers answers requests about several bookings.
type bulkHandlers struct {
	bookings  *postgres.Bookings
	payments  *postgres.Payments
	admission *service.Admission
	booker    *service.Booker
	player    *service.Player
	drafts    *draftReader
	renderer  *renderer
	edge      *edge.Edge
	wait      time.Duration // for the outcome of an action, unless the client says otherwise
	log       *slog.Logger
}

func (h *bulkHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/bookings/bulk", edge.RequireServer, with(h.createBulk)).Once(),
		edge.On(http.MethodPut, "/v2/bookings/bulk", edge.RequireServer, with(h.playBulk)).Once(),
	}
}

const maxBulk = 100

// bulkInput is the body of both bulk routes. Flags may be numbers or texts, as older clients send them.
type bulkInput struct {
	Bookings         []json.RawMessage `json:"bookings"`
	DeleteAllOnError flag              `json:"delete_all_on_error"`
	ResetAllOnError  flag              `json:"reset_all_on_error"`
	StopOnFirstError flag              `json:"stop_on_first_error"`
	RelateBookings   flag              `json:"relate_bookings"`
	PayTogether      bool              `json:"pay_together"` // the first one pays for all; then all are made, or none
}

type flag bool

// UnmarshalJSON takes true, 1, "1" and "true" for true.
func (f *flag) UnmarshalJSON(raw []byte) error {
	switch string(raw) {
	case "true", "1", `"1"`, `"true"`:
		*f = true
	case "false", "0", `"0"`, `"false"`, "null", `""`:
	default:
		return errors.New("must be true or false")
	}
	return nil
}

func (k *call) bulk() (*bulkInput, error) {
	var in bulkInput
	if err := k.Decode(&in); err != nil {
		return nil, err
	}
	if len(in.Bookings) == 0 || len(in.Bookings) > maxBulk {
		return nil, fault.Problems{"bookings": {"must be a list of 1 to " + strconv.Itoa(maxBulk)}}.Err()
	}
	return &in, nil
}

// bulkResult is what became of one entry.
type bulkResult struct {
	out    service.Outcome
	err    error
	passed bool // not tried, because an earlier one failed
}

// createBulk makes several bookings, one after another: 201 when all were made, 207 when some were. With
// delete_all_on_error nothing is made when one entry is faulty; when one's time turns out to be taken, those made already
// are taken back, and the answer is that one's error. With pay_together it is the same, and the first one, which pays for all, is made
// last: its payment is opened for those that are there. Overloaded when there was no room for the first one: nothing is made then.
func (h *bulkHandlers) createBulk(k *call) error {
	in, err := k.bulk()
	if err != nil {
		return err
	}
	turn, err := h.admission.Enter(k)
	if err != nil {
		return err
	}
	defer turn.Leave()
	drafts, results := h.readDrafts(k, in)
	if in.PayTogether {
		return h.createTogether(k, drafts, results, turn)
	}
	for i := range results {
		if results[i].err == nil && (!bool(in.DeleteAllOnError) || faultless(results)) {
			results[i].out, results[i].err = h.booker.BookDraft(k, drafts[i], turn)
		}
		switch {
		case results[i].err == nil:
		case bool(in.DeleteAllOnError):
			h.takeBack(k, results[:i])
			return at(i, results[i].err)
		case fault.CodeOf(results[i].err) == fault.Overloaded && !anyMade(results[:i]):
			return results[i].err
		case bool(in.StopOnFirstError):
			pass(results[i+1:])
			return h.answerBulk(k, http.StatusCreated, results)
		}
	}
	return h.answerBulk(k, http.StatusCreated, results)
}

// createTogether makes all of several bookings, of which the first one pays for all, or none of them.
func (h *bulkHandlers) createTogether(k *call, drafts []*service.Draft, results []bulkResult, turn *service.Turn) error {
	for i := range results {
		if results[i].err != nil {
			return at(i, results[i].err)
		}
	}
	if err := h.booker.PayTogether(drafts); err != nil {
		return err
	}
	for n := range results {
		i := (n + 1) % len(results)
		if results[i].out, results[i].err = h.booker.BookDraft(k, drafts[i], turn); results[i].err != nil {
			results[i].out = service.Outcome{}
			h.takeBack(k, results)
			return at(i, results[i].err)
		}
	}
	if payer := results[0].out.Booking; k.Includes()["payment"] && payer != nil {
		awaitPage(k, h.payments, payer)
	}
	return h.answerBulk(k, http.StatusCreated, results)
}

// drafts reads all entries before any is booked.
func (h *bulkHandlers) readDrafts(k *call, in *bulkInput) ([]*service.Draft, []bulkResult) {
	drafts, results := make([]*service.Draft, len(in.Bookings)), make([]bulkResult, len(in.Bookings))
	for i, text := range in.Bookings {
		id := uuid.NewSHA1(k.Operation, []byte("bulk "+strconv.Itoa(i)))
		var d *service.Draft
		one, err := rules.ReadBooking(text)
		if err == nil {
			d, err = h.drafts.draft(k, id, one, false, fault.Problems{})
		}
		if err == nil {
			err = d.Err()
		}
		if err == nil && bool(in.RelateBookings) {
			d.Related.Bulk = &k.Operation
		}
		drafts[i], results[i].err = d, err
	}
	return drafts, results
}

func faultless(results []bulkResult) bool {
	return !slices.ContainsFunc(results, func(r bulkResult) bool { return r.err != nil })
}

func anyMade(results []bulkResult) bool {
	return slices.ContainsFunc(results, func(r bulkResult) bool { return r.out.Booking != nil })
}

func pass(results []bulkResult) {
	for i := range results {
		results[i].passed = true
	}
}

// at says which entry an error is about.
func at(i int, err error) error {
	known, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	indexed := *known
	indexed.Message = "Entry " + strconv.Itoa(i) + ": " + known.Message
	indexed.Fields = nil
	for field, faults := range known.Fields {
		if indexed.Fields == nil {
			indexed.Fields = map[string][]string{}
		}
		indexed.Fields["bookings."+strconv.Itoa(i)+"."+field] = faults
	}
	return &indexed
}

// takeBack ends bookings that were made by a request that failed, and erases them.
func (h *bulkHandlers) takeBack(k *call, results []bulkResult) {
	for _, r := range results {
		b := r.out.Booking
		if b == nil {
			continue
		}
		if err := h.player.TakeBack(k, k.Caller, r.out, k.PreferredWait(h.wait)); err != nil {
			h.log.Error("a booking of a failed bulk request is left over", "booking", b.ID, "request_id", edge.RequestID(k.Context), "error", err)
		}
	}
}

// answerBulk lists what became of each entry, in order: the booking, or its error.
func (h *bulkHandlers) answerBulk(k *call, status int, results []bulkResult) error {
	list := []timekit.Object{}
	for _, r := range results {
		switch {
		case r.passed:
			list = append(list, timekit.Object{"error": "Not tried: an earlier entry failed.", "code": "not_tried"})
			status = http.StatusMultiStatus
		case r.err != nil:
			known := h.edge.PublicError(k.Context, r.err)
			edge.ShowRetryAfter(k.Context, known)
			list = append(list, timekit.Object{
				"error": known.Message, "code": known.Code, "errors": known.Fields, "status": edge.Statuses[known.Code],
			})
			status = http.StatusMultiStatus
		case r.out.Booking == nil:
			list = append(list, timekit.Object{"error": "The booking does not exist.", "code": fault.NotFound, "status": http.StatusNotFound})
			status = http.StatusMultiStatus
		default:
			views, err := h.renderer.views(k, []*booking.Booking{r.out.Booking})
			if err != nil {
				return err
			}
			list = append(list, views[0])
		}
	}
	return k.Answer(status, list)
}
