package catalogue

import (
	"net/http"
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

const (
	noSync      = "Calendars live here, and none is synchronized. Push busy time by POST /v2/events."
	noInvite    = "This server invites nobody by mail. Make a key by POST /v2/keys and hand it over."
	noReset     = "This server sends no passwords by mail. Set a password by PUT /v2/resources/:id with a server key."
	useResource = "Use /v2/resources, the name users have now."
	useTimezone = "Use GET /v2/resources/timezone/:email; resources are the name users have now."
	useProjects = "Use /v2/projects, the name widgets have now."
	useAvail    = "Use POST /v2/availability."
	useRules    = "Use availability_constraints in POST /v2/availability."
)

// unsupported are the routes of Timekit's contract that this server does not support, each with what to use instead. They answer 501 with
// that text rather than 404.
var unsupported = []struct {
	methods, path, instead string
	need                   edge.Access
}{
	{"GET POST", "/v2/accounts/sync", noSync, edge.RequireKey},
	{"POST", "/v2/accounts/microsoft/sync", noSync, edge.RequireKey},
	{"GET", "/v2/accounts/google/signup", noSync, edge.RequireNothing}, // people open it in a browser, without a key
	{"GET", "/v2/accounts/microsoft/signup", noSync, edge.RequireNothing},
	{"POST", "/v2/app/invite", noInvite, edge.RequireKey},
	{"POST", "/v2/resources/resetpassword", noReset, edge.RequireKey},
	{"GET POST", "/v2/users", useResource, edge.RequireKey},
	{"GET PUT DELETE", "/v2/users/:id", useResource, edge.RequireKey},
	{"POST", "/v2/users/resetpassword", noReset, edge.RequireKey},
	{"GET", "/v2/users/timezone/:email", useTimezone, edge.RequireKey},
	{"GET POST", "/v2/widgets", useProjects, edge.RequireKey},
	{"GET PUT DELETE", "/v2/widgets/:id", useProjects, edge.RequireKey},
	{"GET", "/v2/widgets/hosted/:slug", useProjects, edge.RequireKey},
	{"GET", "/v2/widgets/embed/:id", useProjects, edge.RequireKey},
	{"POST", "/v2/findtime", useAvail, edge.RequireKey},
	{"POST", "/v2/findtime/bulk", useAvail, edge.RequireKey},
	{"POST", "/v2/findtime/team", useAvail, edge.RequireKey},
	{"GET POST", "/v2/findtime/filtercollections", useRules, edge.RequireKey},
	{"GET PUT DELETE", "/v2/findtime/filtercollections/:id", useRules, edge.RequireKey},
}

// unsupportedRoutes returns the routes of unsupported, whose handlers read no body, and the one of accounts.
func unsupportedRoutes() []edge.Route {
	all := []edge.Route{edge.On(http.MethodGet, "/v2/accounts", edge.RequireResource, listAccounts)}
	for _, u := range unsupported {
		refuse := func(*edge.Call) error { return fault.Errorf(fault.NotSupported, "%s", u.instead) }
		for method := range strings.FieldsSeq(u.methods) {
			all = append(all, edge.On(method, u.path, u.need, refuse))
		}
	}
	return all
}

// listAccounts answers with an empty list: no calendar of another provider is connected.
func listAccounts(k *edge.Call) error {
	page, err := k.ReadPage()
	if err != nil {
		return err
	}
	return k.AnswerList([]timekit.Object{}, 0, postgres.Found{Exact: true}, page)
}
