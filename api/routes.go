package api

import (
	"net/http"
	"slices"
)

// access says which credential a route asks for.
type access int

const (
	needNothing  access = iota
	needAdmin           // the admin key of the configuration
	needApp             // the admin key, or a server key of the app that the path names
	needServer          // a server key of an app
	needClient          // a server key of an app, or a client secret of it
	needResource        // a server key of an app, or a resource's token for its own things
	needKey             // any key of an app, a widget's too
)

// route is one row of the table. A route that makes or moves something takes Idempotency-Key.
type route struct {
	method     string
	path       string
	access     access
	idempotent bool
	handle     func(*call) error
}

const once = true

// routes is the table of all there is.
func (s *Server) routes() []route {
	return slices.Concat(s.serviceRoutes(), s.tenantRoutes(), s.timeRoutes(), s.projectRoutes(), s.bookingRoutes(), s.webhookRoutes(),
		s.publicLinkRoutes(), s.pageRoutes(), refusals())
}

// serviceRoutes are about the server itself.
func (s *Server) serviceRoutes() []route {
	return []route{
		{http.MethodGet, "/healthz", needNothing, false, s.healthz},
		{http.MethodGet, "/readyz", needNothing, false, s.readyz},
		{http.MethodGet, "/metrics", needAdmin, false, s.metrics},
		{http.MethodGet, "/openapi.json", needNothing, false, s.openAPI},

		{http.MethodGet, "/v2/graphs", needNothing, false, s.listGraphs},
		{http.MethodGet, "/v2/graphs/:name", needNothing, false, s.getGraph},
	}
}

// tenantRoutes are about apps, their keys and who signs in.
func (s *Server) tenantRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/apps", needAdmin, false, s.listApps},
		{http.MethodPost, "/v2/apps", needAdmin, once, s.createApp},
		{http.MethodGet, "/v2/apps/:slug", needApp, false, s.getNamedApp},
		{http.MethodPut, "/v2/apps/:slug", needApp, false, s.updateNamedApp},
		{http.MethodDelete, "/v2/apps/:slug", needAdmin, false, s.deleteApp},
		{http.MethodGet, "/v2/app", needServer, false, s.getApp},
		{http.MethodPut, "/v2/app", needServer, false, s.updateApp},

		{http.MethodGet, "/v2/keys", needServer, false, s.listKeys},
		{http.MethodPost, "/v2/keys", needServer, once, s.createKey},
		{http.MethodDelete, "/v2/keys/:id", needServer, false, s.revokeKey},

		{http.MethodGet, "/v2/accounts", needResource, false, s.listAccounts},

		{http.MethodPost, "/v2/auth", needNothing, false, s.signIn},
		{http.MethodGet, "/v2/credentials", needResource, false, s.listCredentials},
		{http.MethodPost, "/v2/credentials", needResource, once, s.createCredential},
		{http.MethodDelete, "/v2/credentials/:id", needResource, false, s.deleteCredential},
	}
}

// timeRoutes are about resources, their time, and what of it is free.
func (s *Server) timeRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/resources", needServer, false, s.listResources},
		{http.MethodPost, "/v2/resources", needServer, once, s.createResource},
		{http.MethodGet, "/v2/resources/timezone/:email", needServer, false, s.resourceTimezone},
		{http.MethodGet, "/v2/resources/:id", needResource, false, s.getResource},
		{http.MethodPut, "/v2/resources/:id", needResource, false, s.updateResource},
		{http.MethodDelete, "/v2/resources/:id", needServer, false, s.deleteResource},

		{http.MethodPost, "/v2/availability", needKey, false, s.listAvailability},
		{http.MethodPost, "/v2/availability/dates", needKey, false, s.listAvailableDates},
		{http.MethodPost, "/v2/availability/count", needKey, false, s.countAvailability},
		{http.MethodPost, "/v2/availability/explain", needServer, false, s.explainAvailability},
		{http.MethodPost, "/v2/unavailable/slots", needKey, false, s.listUnavailable},

		{http.MethodGet, "/v2/events", needResource, false, s.listEvents},
		{http.MethodPost, "/v2/events", needResource, once, s.createEvent},
		{http.MethodGet, "/v2/events/:id", needResource, false, s.getEvent},
		{http.MethodPut, "/v2/events/:id", needResource, false, s.updateEvent},
		{http.MethodDelete, "/v2/events/:id", needResource, false, s.deleteEvent},

		{http.MethodGet, "/v2/calendars", needResource, false, s.listCalendars},
		{http.MethodPost, "/v2/calendars", needResource, once, s.createCalendar},
		{http.MethodGet, "/v2/calendars/:id", needResource, false, s.getCalendar},
		{http.MethodPut, "/v2/calendars/:id", needResource, false, s.updateCalendar},
		{http.MethodDelete, "/v2/calendars/:id", needResource, false, s.deleteCalendar},
	}
}

// projectRoutes are about what is offered, and where.
func (s *Server) projectRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/projects", needKey, false, s.listProjects},
		{http.MethodPost, "/v2/projects", needServer, once, s.createProject},
		{http.MethodGet, "/v2/projects/embed/:id", needKey, false, s.embedProject},
		{http.MethodGet, "/v2/projects/hosted/:slug", needNothing, false, s.hostedProject},
		{http.MethodGet, "/v2/projects/:id", needServer, false, s.getProject},
		{http.MethodPut, "/v2/projects/:id", needServer, false, s.updateProject},
		{http.MethodDelete, "/v2/projects/:id", needServer, false, s.deleteProject},
		{http.MethodGet, "/v2/projects/:id/resources", needServer, false, s.listProjectResources},
		{http.MethodPost, "/v2/projects/:id/resources", needServer, once, s.addProjectResource},
		{http.MethodPut, "/v2/projects/:id/resources", needServer, false, s.setProjectResources},
		{http.MethodDelete, "/v2/projects/:id/resources/:rid", needServer, false, s.dropProjectResource},

		{http.MethodGet, "/v2/locations", needKey, false, s.listLocations},
		{http.MethodPost, "/v2/locations", needServer, once, s.createLocation},
		{http.MethodGet, "/v2/locations/:id", needKey, false, s.getLocation},
		{http.MethodPut, "/v2/locations/:id", needServer, false, s.updateLocation},
		{http.MethodDelete, "/v2/locations/:id", needServer, false, s.deleteLocation},
		{http.MethodGet, "/v2/location/services", needKey, false, s.listServices},
		{http.MethodPost, "/v2/location/services", needServer, once, s.createService},
		{http.MethodGet, "/v2/location/services/:id", needKey, false, s.getService},
		{http.MethodPut, "/v2/location/services/:id", needServer, false, s.updateService},
		{http.MethodDelete, "/v2/location/services/:id", needServer, false, s.deleteService},
	}
}

// bookingRoutes are about bookings, and the links that move them.
func (s *Server) bookingRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/bookings", needResource, false, s.listBookings},
		{http.MethodPost, "/v2/bookings", needKey, once, s.createBooking},
		{http.MethodPost, "/v2/bookings/bulk", needServer, once, s.createBulk},
		{http.MethodPut, "/v2/bookings/bulk", needServer, once, s.playBulk},
		{http.MethodGet, "/v2/bookings/groups", needKey, false, s.listGroups},
		{http.MethodGet, "/v2/bookings/groups/:id", needKey, false, s.getGroup},
		{http.MethodPost, "/v2/bookings/reserve", needKey, once, s.reserve},
		{http.MethodPut, "/v2/bookings/reserve/extend", needKey, once, s.extendHold},
		{http.MethodPost, "/v2/bookings/:id/reschedule", needKey, once, s.reschedule},
		{http.MethodGet, "/v2/bookings/:id", needResource, false, s.getBooking},
		{http.MethodPut, "/v2/bookings/:id", needServer, false, s.updateBooking},
		{http.MethodDelete, "/v2/bookings/:id", needServer, false, s.deleteBooking},
		{http.MethodPut, "/v2/bookings/:id/:action", needResource, once, s.playAction},

		{http.MethodGet, "/v2/bookings/:id/external_action/:action", needNothing, false, s.openLink},
		{http.MethodHead, "/v2/bookings/:id/external_action/:action", needNothing, false, s.openLink},
		{http.MethodOptions, "/v2/bookings/:id/external_action/:action", needNothing, false, s.linkOptions},
		{http.MethodPost, "/v2/bookings/:id/external_action/:action", needNothing, false, s.followLink},
	}
}

// webhookRoutes are about webhooks.
func (s *Server) webhookRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/webhooks", needServer, false, s.listWebhooks},
		{http.MethodPost, "/v2/webhooks", needServer, once, s.createWebhook},
		{http.MethodGet, "/v2/webhooks/event_types", needServer, false, s.listEventTypes},
		{http.MethodGet, "/v2/webhooks/:id", needServer, false, s.getWebhook},
		{http.MethodPut, "/v2/webhooks/:id", needServer, false, s.updateWebhook},
		{http.MethodDelete, "/v2/webhooks/:id", needServer, false, s.deleteWebhook},
		{http.MethodPost, "/v2/webhooks/:id/pause", needServer, false, s.pauseWebhook},
		{http.MethodPost, "/v2/webhooks/:id/resume", needServer, false, s.resumeWebhook},
		{http.MethodPost, "/v2/webhooks/:id/rotate", needServer, once, s.rotateWebhook},
		{http.MethodPost, "/v2/webhooks/:id/test", needServer, once, s.tryWebhook},
		{http.MethodPost, "/v2/webhooks/:id/replay", needServer, once, s.replayWebhook},
		{http.MethodGet, "/v2/webhooks/:id/deliveries", needServer, false, s.listDeliveries},

		{http.MethodGet, "/v2/deliveries", needServer, false, s.listBookingDeliveries},
		{http.MethodGet, "/v2/deliveries/:id", needServer, false, s.getDelivery},
		{http.MethodPost, "/v2/deliveries/:id/retry", needServer, once, s.retryDelivery},
	}
}

// publicLinkRoutes are about pages where visitors pick a time, and what ties the visitors to an app.
func (s *Server) publicLinkRoutes() []route {
	return []route{
		{http.MethodGet, "/v2/embed_credentials", needServer, false, s.listEmbedCredentials},
		{http.MethodPost, "/v2/embed_credentials", needServer, once, s.createEmbedCredential},
		{http.MethodPost, "/v2/embed_credentials/:id/rotate", needServer, once, s.rotateEmbedCredential},
		{http.MethodDelete, "/v2/embed_credentials/:id", needServer, false, s.deleteEmbedCredential},
		{http.MethodGet, "/v2/embed_callback", needServer, false, s.getEmbedCallback},
		{http.MethodPut, "/v2/embed_callback", needServer, false, s.setEmbedCallback},
		{http.MethodGet, "/v2/client_secrets", needServer, false, s.listClientSecrets},
		{http.MethodPost, "/v2/client_secrets", needServer, once, s.createClientSecret},
		{http.MethodDelete, "/v2/client_secrets/:id", needServer, false, s.deleteClientSecret},

		{http.MethodGet, "/v2/public_links", needServer, false, s.listPublicLinks},
		{http.MethodPost, "/v2/public_links", needServer, once, s.createPublicLink},
		{http.MethodGet, "/v2/public_links/:id", needServer, false, s.getPublicLink},
		{http.MethodPut, "/v2/public_links/:id", needServer, false, s.updatePublicLink},
		{http.MethodDelete, "/v2/public_links/:id", needServer, false, s.deletePublicLink},
		{http.MethodPost, "/v2/public_links/:id/check", needServer, false, s.checkClaimToken},

		{http.MethodPost, "/v1/scheduling_requests", needClient, once, s.createSchedulingRequest},
		{http.MethodPost, "/v1/scheduling_requests/query", needClient, false, s.querySchedulingRequests},
		{http.MethodPost, "/v1/scheduling_requests/cancel", needClient, once, s.cancelSchedulingRequest},
		{http.MethodDelete, "/v1/scheduling_requests/:id", needClient, false, s.eraseSchedulingRequest},
	}
}

// pageRoutes are for visitors: public links, and the requests for a time that are made through them.
func (s *Server) pageRoutes() []route {
	link, request := s.forVisitors(s.openPublicLink), s.forVisitors(s.openRequest)
	return []route{
		{http.MethodGet, "/pls/:code", needNothing, false, link},
		{http.MethodHead, "/pls/:code", needNothing, false, link},
		{http.MethodPost, "/pls/:code", needNothing, false, s.forVisitors(s.bookByLink)},

		{http.MethodGet, "/rts/:code", needNothing, false, request},
		{http.MethodHead, "/rts/:code", needNothing, false, request},
		{http.MethodPost, "/rts/:code", needNothing, false, s.forVisitors(s.followRequest)},
		{http.MethodGet, "/rts/:code/event.ics", needNothing, false, s.forVisitors(s.eventFile)},
		{http.MethodHead, "/rts/:code/event.ics", needNothing, false, s.forVisitors(s.eventFile)},
	}
}
