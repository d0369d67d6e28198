package edge

// Access says which credential a route asks for.
type Access int

// The credentials that routes ask for.
const (
	RequireNothing  Access = iota
	RequireAdmin           // the admin key of the configuration
	RequireApp             // the admin key, or a server key of the app that the path names
	RequireServer          // a server key of an app
	RequireClient          // a server key of an app, or a client secret of it
	RequireResource        // a server key of an app, or a resource's token for its own things
	RequireKey             // any key of an app, a widget's too
)

// Route is one row of the table. A route that makes or moves something takes Idempotency-Key.
type Route struct {
	Method     string
	Path       string
	Access     Access
	Idempotent bool
	Handle     func(*Call) error
}

// On makes a route. handle answers a request whose credential is good enough, or returns the error that is the answer.
func On(method, path string, access Access, handle func(*Call) error) Route {
	return Route{Method: method, Path: path, Access: access, Handle: handle}
}

// Once returns the route with the meaning of Idempotency-Key added: a repeat gets the first answer.
func (r Route) Once() Route {
	r.Idempotent = true
	return r
}
