package api

import (
	"strings"

	"holdfast/internal/booking"
	"holdfast/internal/timekit"
)

const (
	noSync      = "Calendars live here, and none is synchronized. Push busy time by POST /v2/events."
	noMail      = "This server sends no mail. Subscribe by POST /v2/webhooks, and let your mailer write."
	noInvite    = "This server sends no mail. Make a key by POST /v2/keys and hand it over."
	noReset     = "This server sends no mail. Set a password by PUT /v2/resources/:id with a server key."
	useResource = "Use /v2/resources, the name users have now."
	useTimezone = "Use GET /v2/resources/timezone/:email; resources are the name users have now."
	useProjects = "Use /v2/projects, the name widgets have now."
	useAvail    = "Use POST /v2/availability."
	useRules    = "Use availability_constraints in POST /v2/availability."
)

// unsupported are the addresses of Timekit's contract that this server has nothing for, with what to do instead. They
// answer so that a client that moves here learns it from the answer and not from a 404.
var unsupported = []struct {
	methods, path, instead string
	need                   access
}{
	{"GET POST", "/v2/accounts/sync", noSync, needKey},
	{"POST", "/v2/accounts/microsoft/sync", noSync, needKey},
	{"GET", "/v2/accounts/google/signup", noSync, needNothing}, // people open it in a browser, without a key
	{"GET", "/v2/accounts/microsoft/signup", noSync, needNothing},
	{"GET", "/v2/templates", noMail, needKey},
	{"GET PUT", "/v2/templates/:slug", noMail, needKey},
	{"POST", "/v2/app/invite", noInvite, needKey},
	{"POST", "/v2/resources/resetpassword", noReset, needKey},
	{"GET POST", "/v2/users", useResource, needKey},
	{"GET PUT DELETE", "/v2/users/:id", useResource, needKey},
	{"POST", "/v2/users/resetpassword", noReset, needKey},
	{"GET", "/v2/users/timezone/:email", useTimezone, needKey},
	{"GET POST", "/v2/widgets", useProjects, needKey},
	{"GET PUT DELETE", "/v2/widgets/:id", useProjects, needKey},
	{"GET", "/v2/widgets/hosted/:slug", useProjects, needKey},
	{"GET", "/v2/widgets/embed/:id", useProjects, needKey},
	{"POST", "/v2/findtime", useAvail, needKey},
	{"POST", "/v2/findtime/bulk", useAvail, needKey},
	{"POST", "/v2/findtime/team", useAvail, needKey},
	{"GET POST", "/v2/findtime/filtercollections", useRules, needKey},
	{"GET PUT DELETE", "/v2/findtime/filtercollections/:id", useRules, needKey},
}

// refusals are the routes of what is not supported. They read no body: whatever it is, the answer is the same.
func refusals() []route {
	var all []route
	for _, u := range unsupported {
		refuse := func(*call) error { return booking.Errorf(booking.NotSupported, "%s", u.instead) }
		for method := range strings.FieldsSeq(u.methods) {
			all = append(all, route{method, u.path, u.need, false, refuse})
		}
	}
	return all
}

// listAccounts answers that there are no calendars elsewhere.
func (s *Server) listAccounts(k *call) error {
	page, err := k.page()
	if err != nil {
		return err
	}
	return k.list([]timekit.Object{}, 0, 0, page)
}
