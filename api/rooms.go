package api

import (
	"github.com/gin-gonic/gin"

	"holdfast/api/bookings"
	"holdfast/api/calendar"
	"holdfast/api/catalogue"
	"holdfast/api/edge"
	"holdfast/api/payments"
	"holdfast/api/rules"
	"holdfast/api/scheduling"
	"holdfast/api/tenants"
	"holdfast/api/visitor"
	"holdfast/api/webhooks"
	"holdfast/internal/service"
)

func (s *Server) edge() *edge.Edge {
	e := &edge.Edge{
		DB: s.DB, Vault: s.Vault, Limits: s.Limits, AdminKey: s.AdminKey, BaseURL: s.Links.BaseURL, Log: s.Log,
	}
	e.FailPage = func(c *gin.Context, err error) bool { return visitor.FailPage(e, c, err) }
	return e
}

func (s *Server) service() *service.Service {
	return &service.Service{
		DB: s.DB, Outcomes: s.Outcomes, Dispatch: s.Dispatch, Retries: s.Retries, Vault: s.Vault, Keyring: s.Keyring,
		Admission: s.Admission, Reader: s.reader(), Wait: s.Wait, Log: s.Log,
	}
}

func (s *Server) bookings() *bookings.Handlers {
	use := s.service()
	return &bookings.Handlers{
		Admission: s.Admission, Booker: use.Booker(), Player: use.Player(), Offers: use.Offers(), Tokens: use.Tokens(),
		Bookings: s.DB.Bookings, Effects: s.DB.Effects, Payments: s.DB.Payments, Catalogue: s.DB.Catalogue, Contacts: s.DB.Contacts,
		Vault: s.Vault, Rules: s.reader(), Edge: s.edge(),
		Links: s.Links, Dispatch: s.Dispatch, Wake: s.webhooks().Wake, Wait: s.Wait, Log: s.Log,
	}
}

func (s *Server) payments() *payments.Handlers {
	return &payments.Handlers{
		Payments: s.DB.Payments, Bookings: s.DB.Bookings, Effects: s.DB.Effects, Dispatch: s.Dispatch, Vault: s.Vault,
		Providers: s.Providers, BaseURL: s.Links.BaseURL, Wake: s.webhooks().Wake, Log: s.Log,
	}
}

func (s *Server) reader() rules.Reader { return rules.Reader{Targets: s.Webhooks} }

func (s *Server) webhooks() *webhooks.Handlers {
	return &webhooks.Handlers{
		Outbox: s.DB.Outbox, Templates: s.DB.Templates, Outcomes: s.Outcomes, Dispatch: s.Dispatch, Vault: s.Vault, Links: s.Links,
		Contacts: s.DB.Contacts, Mailers: s.DB.Mailers, Bookings: s.DB.Bookings, Relays: s.Relays,
		Targets: s.Webhooks, PausedBacklog: s.PausedBacklog, Wait: s.Wait, Log: s.Log,
	}
}

func (s *Server) tenants() *tenants.Handlers {
	return &tenants.Handlers{
		Access: s.DB.Access, Calendars: s.DB.Calendars, Clocks: s.DB.Clocks, Outcomes: s.Outcomes, Dispatch: s.Dispatch, Vault: s.Vault,
		Edge: s.edge(), SignIns: s.SignIns, Wait: s.Wait, Mailers: s.Mailers,
	}
}

func (s *Server) catalogue() *catalogue.Handlers {
	return &catalogue.Handlers{
		Catalogue: s.DB.Catalogue, Calendars: s.DB.Calendars, Graphs: s.DB.Graphs, Vault: s.Vault, Limits: s.Limits, Rules: s.reader(),
		Views: s.calendar().ResourceViews,
	}
}

func (s *Server) calendar() *calendar.Handlers {
	return &calendar.Handlers{
		Calendars: s.DB.Calendars, Catalogue: s.DB.Catalogue, Access: s.DB.Access, Offers: s.service().Offers(),
		Edge: s.edge(), Passwords: s.Passwords, Feed: s.webhooks().Events(),
	}
}

func (s *Server) visitor() *visitor.Handlers {
	use := s.service()
	return &visitor.Handlers{
		Booker: use.Booker(), Player: use.Player(), Offers: use.Offers(), Tokens: use.Tokens(),
		Bookings: s.DB.Bookings, Actions: s.DB.Actions, Requests: s.DB.Requests, Catalogue: s.DB.Catalogue, Calendars: s.DB.Calendars,
		Payments: s.DB.Payments, Contacts: s.DB.Contacts, Providers: s.Providers, Dispatch: s.Dispatch,
		Rules: s.reader(), Edge: s.edge(), Vault: s.Vault, Links: s.Links, Wait: s.Wait, Log: s.Log,
	}
}

func (s *Server) scheduling() *scheduling.Handlers {
	return &scheduling.Handlers{
		Player: s.service().Player(), Tokens: s.service().Tokens(),
		Requests: s.DB.Requests, Catalogue: s.DB.Catalogue, Calendars: s.DB.Calendars, Access: s.DB.Access,
		Outbox: s.DB.Outbox, Dispatch: s.Dispatch, Vault: s.Vault, Targets: s.Webhooks, Wake: s.webhooks().Wake, Log: s.Log,
	}
}
