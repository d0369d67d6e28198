package api

import (
	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/api/tenants"
	"holdfast/api/webhooks"
	"holdfast/internal/limit"
)

// call is a request about bookings, or a page's.
type call struct {
	*edge.Call
	begun    map[uuid.UUID]bool // answers of Server.begun
	door     *limit.Place       // its turn at the door of new bookings; nil for none
	form     *error             // how the reading of the form went, once it was tried; see readForm
	offer    *offering          // what a page offers its visitor; nil for callers with a key
	proven   bool               // the caller has shown the link of the booking's customer
	unlinked bool               // the answer hands out no customer's links
}

func (s *Server) edge() *edge.Edge {
	return &edge.Edge{
		DB: s.DB, Vault: s.Vault, Limits: s.Limits, AdminKey: s.AdminKey, BaseURL: s.Links.BaseURL, Log: s.Log, FailPage: s.failPage,
	}
}

// with gives a request what bookings and pages keep of it.
func with(handle func(*call) error) func(*edge.Call) error {
	return func(k *edge.Call) error {
		c := &call{Call: k}
		defer c.leaveDoor()
		return handle(c)
	}
}

func (s *Server) webhooks() *webhooks.Handlers {
	return &webhooks.Handlers{
		DB: s.DB.Outbox, Outcomes: s.Outcomes, Dispatch: s.Dispatch, Vault: s.Vault, Links: s.Links, Targets: s.Webhooks,
		PausedBacklog: s.PausedBacklog, Wait: s.Wait, Log: s.Log,
	}
}

func (s *Server) tenants() *tenants.Handlers {
	return &tenants.Handlers{DB: s.DB.Access, Vault: s.Vault}
}
