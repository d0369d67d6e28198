package tenants

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
	"holdfast/internal/timekit"
)

// signInHandlers answers sign-ins of resources.
type signInHandlers struct {
	access    *postgres.Access
	edge      *edge.Edge
	passwords *apps.Passwords
}

func (h *signInHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/auth", edge.RequireNothing, h.signIn),
	}
}

// OwnTokensKept is how many tokens of its own a resource has at most: of its sign-ins, and those made with these tokens.
const OwnTokensKept = 50

var errSignIn = fault.Errorf(fault.Unauthorized, "The e-mail address or the password is wrong.")

// signIn answers with a token of the resource that has an e-mail address and password. Unauthorized for a wrong password and for an
// unknown address alike, after the same time.
func (h *signInHandlers) signIn(k *edge.Call) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := k.Decode(&in); err != nil {
		return err
	}
	problems := fault.Problems{}
	for field, text := range map[string]string{"email": in.Email, "password": in.Password} {
		if text == "" {
			problems.Add(field, "is required")
		}
		edge.CheckLength(text, field, apps.MaxPassword, problems)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	app, err := h.signInApp(k)
	if err != nil {
		return err
	}
	r, err := h.checkSignIn(k, app, strings.TrimSpace(in.Email), in.Password)
	if err != nil {
		return err
	}
	return h.letIn(k, r)
}

// letIn creates a token and answers with it and the resource.
func (h *signInHandlers) letIn(k *edge.Call, r *catalogue.Resource) error {
	c := &tenant.Credential{ID: k.Operation, AppID: r.AppID, ResourceID: r.ID, Type: tenant.ServerToken, Name: "sign-in", Own: true}
	token, err := apps.AddCredential(k, h.access, c, OwnTokensKept)
	if err != nil {
		return err
	}
	view := timekit.ResourceFor(k.Kind, r, k.Clock)
	view["email"], view["api_token"] = r.Email, token
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusOK, view)
}

// signInApp returns the app that the request names by a key, by a slug, or by both if they agree; nil if by neither. For an unknown slug
// it returns the nil UUID, which no app has.
func (h *signInHandlers) signInApp(k *edge.Call) (*uuid.UUID, error) {
	if key := k.Credential(); key != "" {
		if err := h.edge.LimitFailures(k, key, func() error { return h.edge.Identify(k, key) }); err != nil {
			return nil, err
		}
	}
	slug := k.GetHeader(edge.AppHeader)
	switch {
	case k.App != nil && (slug == "" || slug == k.App.Slug):
		return &k.App.ID, nil
	case k.App != nil:
		return new(uuid.UUID), nil
	case slug == "":
		return nil, nil
	case !edge.GoodSlug.MatchString(slug):
		return new(uuid.UUID), nil
	}
	app, err := h.access.AppBySlug(k, slug)
	if fault.CodeOf(err) == fault.NotFound {
		return new(uuid.UUID), nil
	}
	if err != nil {
		return nil, err
	}
	return &app.ID, nil
}

// checkSignIn returns the resource that has the e-mail address and password. Guesses are limited; a password that was right within the
// hour always passes. Without an app two passwords are always checked, so that the time does not depend on how many resources have the
// address.
func (h *signInHandlers) checkSignIn(k *edge.Call, app *uuid.UUID, email, password string) (r *catalogue.Resource, err error) {
	err = h.edge.LimitPasswordGuesses(k, email, password, func() error {
		found, err := h.access.SignIns(k, app, email)
		if err != nil {
			return err
		}
		times := max(1, len(found))
		if app == nil {
			times = 2
		}
		for i := range times {
			var one postgres.SignIn
			if i < len(found) {
				one = found[i]
			}
			good, err := h.passwords.Check(k, one.Password, password)
			if err != nil {
				return err
			}
			if good {
				r = one.Resource
			}
		}
		switch {
		case r == nil:
			return errSignIn
		case len(found) > 1:
			return fault.Problems{"email": {"is that of several resources; name the app by the header " + edge.AppHeader}}.Err()
		}
		return nil
	})
	return r, err
}
