package scheduling

import (
	"fmt"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/payload"
	"holdfast/internal/postgres"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

// requestHandlers answers requests about scheduling requests.
type requestHandlers struct {
	requests  *postgres.Requests
	catalogue *postgres.Catalogue
	calendars *postgres.Calendars
	player    *service.Player
}

func (h *requestHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v1/scheduling_requests", edge.RequireClient, h.createSchedulingRequest).Once(),
		edge.On(http.MethodPost, "/v1/scheduling_requests/query", edge.RequireClient, h.querySchedulingRequests),
		edge.On(http.MethodPost, "/v1/scheduling_requests/cancel", edge.RequireClient, h.cancelSchedulingRequest).Once(),
		edge.On(http.MethodDelete, "/v1/scheduling_requests/:id", edge.RequireClient, h.eraseSchedulingRequest),
	}
}

const maxQueried = 100 // scheduling requests at once

// createSchedulingRequest makes a request for a time: its recipient's page offers what is free.
func (h *requestHandlers) createSchedulingRequest(k *edge.Call) error {
	var in schedulingInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	r := service.NewRequest(k.Operation, k.App.ID)
	r.Attributed = true
	in.recipient(r, problems)
	in.what(r, problems)
	if err := h.whose(k, &in, r, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	made, err := h.requests.CreateSchedulingRequest(k, r)
	if err != nil {
		return err
	}
	k.Header("Location", k.Base+"/rts/"+made.Code)
	k.JSON(http.StatusCreated, timekit.Object{"scheduling_request": payload.CronofyRequest(made, nil, k.Base)})
	return nil
}

// querySchedulingRequests answers with those of the named requests that are the app's.
func (h *requestHandlers) querySchedulingRequests(k *edge.Call) error {
	var in struct {
		IDs []string `json:"scheduling_request_ids"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	if len(in.IDs) == 0 || len(in.IDs) > maxQueried {
		return fault.Problems{"scheduling_request_ids": {fmt.Sprintf("must name 1 to %d", maxQueried)}}.Err()
	}
	found, err := h.requests.SchedulingRequests(k, k.App.ID, in.IDs)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, r := range found {
		list = append(list, timekit.Object{"scheduling_request": payload.CronofyRequest(r.Request, r.Booking, k.Base)})
	}
	k.JSON(http.StatusOK, timekit.Object{"scheduling_requests": list})
	return nil
}

// eraseSchedulingRequest deletes a request for which no time is picked, with its recipient. 409 in_use when it has a booking.
func (h *requestHandlers) eraseSchedulingRequest(k *edge.Call) error {
	if err := h.requests.EraseSchedulingRequest(k, k.App.ID, k.Param("id")); err != nil {
		return err
	}
	k.Status(http.StatusNoContent)
	return nil
}

// cancelSchedulingRequest ends a request, and the booking that was made through it: 202, for that is carried out in a moment.
func (h *requestHandlers) cancelSchedulingRequest(k *edge.Call) error {
	var in struct {
		ID string `json:"scheduling_request_id"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	if err := h.requests.CancelSchedulingRequest(k, k.App.ID, in.ID); err != nil {
		return err
	}
	found, err := h.requests.SchedulingRequests(k, k.App.ID, []string{in.ID})
	if err != nil || len(found) == 0 {
		return err
	}
	if b := found[0].Booking; b != nil && !b.Completed {
		if err := h.player.CancelForOwner(k, k.Caller, b); err != nil {
			return err
		}
	}
	k.Status(http.StatusAccepted)
	return nil
}
