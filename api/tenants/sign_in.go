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

// OwnTokensKept is how many tokens of its own a resource keeps: of its sign-ins, and those made with their tokens.
const OwnTokensKept = 50

var errSignIn = fault.Errorf(fault.Unauthorized, "The e-mail address or the password is wrong.")

// signIn gives a resource a token for its e-mail address and password. Whoever has none learns nothing: not even whether
// there is such a resource, by the answer or by its time.
func (s *Handlers) signIn(k *edge.Call) error {
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
	app, err := s.signInApp(k)
	if err != nil {
		return err
	}
	r, err := s.checkSignIn(k, app, strings.TrimSpace(in.Email), in.Password)
	if err != nil {
		return err
	}
	return s.letIn(k, r)
}

// letIn answers with the resource and a new token.
func (s *Handlers) letIn(k *edge.Call, r *catalogue.Resource) error {
	c := &tenant.Credential{ID: k.Operation, AppID: r.AppID, ResourceID: r.ID, Type: tenant.ServerToken, Name: "sign-in", Own: true}
	token, err := apps.AddCredential(k, s.DB, c, OwnTokensKept)
	if err != nil {
		return err
	}
	view := timekit.ResourceFor(k.Kind, r, k.Clock)
	view["email"], view["api_token"] = r.Email, token
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusOK, view)
}

// signInApp is the app that the request names: by a key of it, by its slug, or both when they fit; nil when by neither. A
// slug that no app has is like an app without resources.
func (s *Handlers) signInApp(k *edge.Call) (*uuid.UUID, error) {
	if key := k.Credential(); key != "" {
		if err := s.Edge.LimitFailures(k, key, func() error { return s.Edge.Identify(k, key) }); err != nil {
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
	app, err := s.DB.AppBySlug(k, slug)
	if fault.CodeOf(err) == fault.NotFound {
		return new(uuid.UUID), nil
	}
	if err != nil {
		return nil, err
	}
	return &app.ID, nil
}

// checkSignIn finds the resource that has this e-mail address and password. A password that was good within the hour
// passes, whoever else guesses from there. Without an app two passwords are always checked, so that the time it takes does not tell
// who has how many resources.
func (s *Handlers) checkSignIn(k *edge.Call, app *uuid.UUID, email, password string) (r *catalogue.Resource, err error) {
	err = s.Edge.LimitPasswordGuesses(k, email, password, func() error {
		found, err := s.DB.SignIns(k, app, email)
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
			good, err := s.SignIns.Check(k, one.Password, password)
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
