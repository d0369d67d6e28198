package api

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/graphs"
	"holdfast/internal/apps"
	"holdfast/internal/booking"
	"holdfast/internal/payload"
	"holdfast/internal/timekit"
)

const (
	usualMinutes = 30
	maxQueried   = 100
)

// schedulingInput is the body of POST /v1/scheduling_requests, in Cronofy's shape. A sub is a resource's id; project_id is
// ours, and brings its resources and rules.
type schedulingInput struct {
	ProjectID string    `json:"project_id"`
	Host      *memberIn `json:"host"`
	HostGroup *struct {
		Members  []memberIn      `json:"members"`
		Required json.RawMessage `json:"required"` // "all", or a number
	} `json:"host_group"`
	Recipients []struct {
		Email       string `json:"email"`
		DisplayName string `json:"display_name"`
	} `json:"recipients"`
	Event struct {
		Summary string `json:"summary"`
	} `json:"event"`
	Duration struct {
		Minutes int `json:"minutes"`
	} `json:"duration"`
	Buffer struct {
		Before minutesIn `json:"before"`
		After  minutesIn `json:"after"`
	} `json:"buffer"`
	CorrelationID string `json:"correlation_id"`
}

type memberIn struct {
	Sub string `json:"sub"`
}

type minutesIn struct {
	Minutes int `json:"minutes"`
}

// createSchedulingRequest makes a request for a time: its recipient's page offers what is free.
func (s *Server) createSchedulingRequest(k *call) error {
	var in schedulingInput
	if err := k.decode(&in); err != nil {
		return err
	}
	problems := booking.Problems{}
	r := newRequest(k.operation, k.app.ID)
	r.Attributed, r.Summary, r.DurationMinutes = true, strings.TrimSpace(in.Event.Summary), in.Duration.Minutes
	in.recipient(r, problems)
	if err := s.scheduled(k, &in, r, problems); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return err
	}
	made, err := s.DB.CreateRequest(k, r)
	if err != nil {
		return err
	}
	k.Header("Location", k.base+"/rts/"+made.Code)
	k.JSON(http.StatusCreated, timekit.Object{"scheduling_request": payload.CronofyRequest(made, nil, k.base)})
	return nil
}

// newRequest makes a scheduling request with names of its own.
func newRequest(id, app uuid.UUID) *booking.SchedulingRequest {
	name := make([]byte, 12)
	_, _ = rand.Read(name) // never fails: crypto/rand ends the program instead
	return &booking.SchedulingRequest{
		ID: id, AppID: app, Name: "srq_" + hex.EncodeToString(name), Code: apps.Code(), Metadata: map[string]string{},
	}
}

func (in *schedulingInput) recipient(r *booking.SchedulingRequest, problems booking.Problems) {
	if len(in.Recipients) != 1 {
		problems.Add("recipients", "must be one")
		return
	}
	to := in.Recipients[0]
	if _, err := mail.ParseAddress(to.Email); err != nil {
		problems.Add("recipients", "need an e-mail address")
	}
	checkLength(to.DisplayName, "recipients", 200, problems)
	r.Recipient = booking.Recipient{Email: to.Email, DisplayName: to.DisplayName}
	if len(in.CorrelationID) > maxParameter {
		problems.Add("correlation_id", "must not be longer than %d characters", maxParameter)
	}
	if in.CorrelationID != "" {
		r.Metadata["correlation_id"] = in.CorrelationID
	}
}

// maxParameter is how long a value may be that comes with a visitor, as Cronofy has it.
const maxParameter = 128

// scheduled reads whose time is asked for, and how much of it.
func (s *Server) scheduled(k *call, in *schedulingInput, r *booking.SchedulingRequest, problems booking.Problems) error {
	if r.Summary == "" {
		problems.Add("event.summary", "is required")
	}
	checkLength(r.Summary, "event.summary", 500, problems)
	if r.DurationMinutes == 0 {
		r.DurationMinutes = usualMinutes
	}
	if r.DurationMinutes < 1 || r.DurationMinutes > maxMinutes {
		problems.Add("duration.minutes", "must lie between 1 and %d", maxMinutes)
	}
	if in.ProjectID != "" {
		id := parseID(in.ProjectID, "project_id", problems)
		r.ProjectID = &id
		_, err := s.DB.Project(k, k.app.ID, id)
		if missing(err, "project_id", problems) {
			return nil
		}
		return err
	}
	hosts, err := s.hosts(k, in, problems)
	if err != nil || len(hosts) == 0 {
		return err
	}
	r.Offer, err = json.Marshal(in.offer(hosts))
	return err
}

func (s *Server) hosts(k *call, in *schedulingInput, problems booking.Problems) (ids []uuid.UUID, err error) {
	members := []memberIn{}
	if in.Host != nil {
		members = append(members, *in.Host)
	}
	if in.HostGroup != nil {
		members = append(members, in.HostGroup.Members...)
	}
	if len(members) == 0 {
		problems.Add("host", "is required, or host_group, or project_id")
	}
	for _, m := range members {
		ids = append(ids, parseID(m.Sub, "host", problems))
	}
	found, err := s.DB.Bookable(k, k.app.ID, ids)
	if err == nil && len(found) < len(ids) {
		problems.Add("host", "does not exist")
	}
	return ids, err
}

// offer is the question for free time that the recipient's page asks: one of the hosts, or all of them together.
func (in *schedulingInput) offer(hosts []uuid.UUID) timekit.Object {
	mode := "roundrobin_prioritized"
	if in.HostGroup != nil && string(in.HostGroup.Required) == `"all"` && len(hosts) > 1 {
		mode = "mutual"
	}
	offer := timekit.Object{"resources": hosts, "mode": mode, "to": fmt.Sprintf("%d days", usualHorizon)}
	if buffer := max(in.Buffer.Before.Minutes, in.Buffer.After.Minutes); buffer > 0 {
		offer["buffer"] = fmt.Sprintf("%d minutes", buffer)
	}
	return offer
}

// querySchedulingRequests answers with those of the named requests that are the app's.
func (s *Server) querySchedulingRequests(k *call) error {
	var in struct {
		IDs []string `json:"scheduling_request_ids"`
	}
	if err := k.decode(&in); err != nil {
		return err
	}
	if len(in.IDs) == 0 || len(in.IDs) > maxQueried {
		return booking.Problems{"scheduling_request_ids": {fmt.Sprintf("must name 1 to %d", maxQueried)}}.Err()
	}
	found, err := s.DB.Requests(k, k.app.ID, in.IDs)
	if err != nil {
		return err
	}
	list := []timekit.Object{}
	for _, r := range found {
		list = append(list, timekit.Object{"scheduling_request": payload.CronofyRequest(r.Request, r.Booking, k.base)})
	}
	k.JSON(http.StatusOK, timekit.Object{"scheduling_requests": list})
	return nil
}

// cancelActions end a booking for its owner, the fitting one first.
var cancelActions = []string{"cancel", booking.CancelByOwnerAction, "decline"}

// cancelSchedulingRequest ends a request, and the booking that was made through it: 202, for that is carried out in a moment.
func (s *Server) cancelSchedulingRequest(k *call) error {
	var in struct {
		ID string `json:"scheduling_request_id"`
	}
	if err := k.decode(&in); err != nil {
		return err
	}
	if err := s.DB.CancelRequest(k, k.app.ID, in.ID); err != nil {
		return err
	}
	found, err := s.DB.Requests(k, k.app.ID, []string{in.ID})
	if err != nil || len(found) == 0 {
		return err
	}
	if b := found[0].Booking; b != nil && !b.Completed {
		if err := s.cancelForOwner(k, b); err != nil {
			return err
		}
	}
	k.Status(http.StatusAccepted)
	return nil
}

func (s *Server) cancelForOwner(k *call, b *booking.Booking) error {
	graph, err := b.RuleBook()
	if err != nil {
		return err
	}
	for _, name := range cancelActions {
		if _, err := graph.Next(b.State, name, graphs.ActorAPI); err != nil {
			continue
		}
		_, err := s.play(k, k.app, b, k.newAction(uuid.NewSHA1(b.ID, fmt.Appendf(nil, "cancel/%d", b.Seq)), b, name), "", time.Duration(0))
		return err
	}
	return booking.Errorf(booking.ActionNotAvailable, "The booking cannot be cancelled in state %q.", b.State)
}
