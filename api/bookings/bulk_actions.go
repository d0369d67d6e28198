package bookings

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/booking"
	"holdfast/internal/fault"
	"holdfast/internal/service"
)

// playBulk plays one action on each of several bookings, one after another: 200 when all were played, 207 when some were.
// A graph does not go back; so with reset_all_on_error every action is checked before the first one is played, and none
// is when one cannot be. One that fails for a race afterwards leaves the others played, and says so.
func (h *bulkHandlers) playBulk(k *call) error {
	in, err := k.bulk()
	if err != nil {
		return err
	}
	results := make([]bulkResult, len(in.Bookings))
	plays := make([]bulkPlay, len(in.Bookings))
	for i, text := range in.Bookings {
		plays[i], results[i].err = h.readBulkPlay(k, i, text)
		if results[i].err != nil && bool(in.ResetAllOnError) {
			return at(i, results[i].err)
		}
	}
	for i, p := range plays {
		if results[i].err == nil {
			results[i].out, results[i].err = h.player.Play(k, k.Caller, p.booking, p.play)
		}
		if results[i].err != nil && bool(in.StopOnFirstError) {
			pass(results[i+1:])
			break
		}
	}
	return h.answerBulk(k, http.StatusOK, results)
}

// bulkPlay is one entry, found and checked.
type bulkPlay struct {
	booking *booking.Booking
	play    service.PlayInput
}

func (h *bulkHandlers) readBulkPlay(k *call, i int, text json.RawMessage) (bulkPlay, error) {
	var in struct {
		ID     string `json:"id"`
		Action string `json:"action"`
		Relay  flag   `json:"apply_to_bulked_bookings"`
	}
	if err := edge.DecodeInner(text, &in); err != nil {
		return bulkPlay{}, err
	}
	problems := fault.Problems{}
	id := edge.ParseID(in.ID, "id", problems)
	if in.Action == "" {
		problems.Add("action", "is required")
	}
	if err := problems.Err(); err != nil {
		return bulkPlay{}, err
	}
	b, err := h.bookings.Booking(k, k.App.ID, id)
	if err != nil {
		return bulkPlay{}, err
	}
	p := service.PlayInput{ID: uuid.NewSHA1(k.Operation, []byte("bulk "+strconv.Itoa(i))), Name: in.Action, Wait: k.PreferredWait(h.wait)}
	p.Submitted, err = h.player.Submitted(k, p.ID, k.Repeated)
	if err == nil && !p.Submitted {
		err = readPlay(k.Caller, text, b, &p)
	}
	if err != nil {
		return bulkPlay{}, err
	}
	p.Relay = p.Relay && bool(in.Relay) // they are likely to be in the list themselves
	return bulkPlay{b, p}, nil
}
