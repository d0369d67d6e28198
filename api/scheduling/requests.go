package scheduling

import (
	"fmt"
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/payload"
	"holdfast/internal/service"
	"holdfast/internal/timekit"
)

const maxQueried = 100 // scheduling requests at once

// createSchedulingRequest makes a request for a time: its recipient's page offers what is free.
func (s *Handlers) createSchedulingRequest(k *edge.Call) error {
	var in schedulingInput
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	r := service.NewRequest(k.Operation, k.App.ID)
	r.Attributed = true
	in.recipient(r, problems)
	in.what(r, problems)
	if err := s.whose(k, &in, r, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	made, err := s.DB.CreateSchedulingRequest(k, r)
	if err != nil {
		return err
	}
	k.Header("Location", k.Base+"/rts/"+made.Code)
	k.JSON(http.StatusCreated, timekit.Object{"scheduling_request": payload.CronofyRequest(made, nil, k.Base)})
	return nil
}

// querySchedulingRequests answers with those of the named requests that are the app's.
func (s *Handlers) querySchedulingRequests(k *edge.Call) error {
	var in struct {
		IDs []string `json:"scheduling_request_ids"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	if len(in.IDs) == 0 || len(in.IDs) > maxQueried {
		return fault.Problems{"scheduling_request_ids": {fmt.Sprintf("must name 1 to %d", maxQueried)}}.Err()
	}
	found, err := s.DB.SchedulingRequests(k, k.App.ID, in.IDs)
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
func (s *Handlers) eraseSchedulingRequest(k *edge.Call) error {
	if err := s.DB.EraseSchedulingRequest(k, k.App.ID, k.Param("id")); err != nil {
		return err
	}
	k.Status(http.StatusNoContent)
	return nil
}

// cancelSchedulingRequest ends a request, and the booking that was made through it: 202, for that is carried out in a moment.
func (s *Handlers) cancelSchedulingRequest(k *edge.Call) error {
	var in struct {
		ID string `json:"scheduling_request_id"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	if err := s.DB.CancelSchedulingRequest(k, k.App.ID, in.ID); err != nil {
		return err
	}
	found, err := s.DB.SchedulingRequests(k, k.App.ID, []string{in.ID})
	if err != nil || len(found) == 0 {
		return err
	}
	if b := found[0].Booking; b != nil && !b.Completed {
		if err := s.Service.CancelForOwner(k, k.Caller, b); err != nil {
			return err
		}
	}
	k.Status(http.StatusAccepted)
	return nil
}
