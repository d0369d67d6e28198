package api

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
	"holdfast/internal/limit"
	"holdfast/internal/postgres"
	"holdfast/internal/tenant"
)

const (
	minPassword   = 8
	maxPassword   = 1000
	ownTokensKept = 50 // of one resource: its sign-ins, and what it made with their tokens
)

var errSignIn = fault.Errorf(fault.Unauthorized, "The e-mail address or the password is wrong.")

func checkPassword(password *string, problems fault.Problems) {
	if password == nil {
		return
	}
	if len([]rune(*password)) < minPassword {
		problems.Add("password", "must not be shorter than %d characters", minPassword)
	}
	edge.CheckLength(*password, "password", maxPassword, problems)
}

// setPassword sets a resource's password, if the body has one.
func (s *Server) setPassword(k *call, in resourceInput, r *catalogue.Resource) (err error) {
	if in.Password != nil {
		r.NewPassword, err = s.Passwords.Hash(k, *in.Password)
	}
	return err
}

// keepsEmail keeps a resource from taking another's e-mail address, which would lock that one out.
func (in resourceInput) keepsEmail(k *call, r *catalogue.Resource) error {
	if k.Self == nil || in.Email == nil || strings.TrimSpace(*in.Email) == r.Email {
		return nil
	}
	return fault.Problems{"email": {"can be changed with a server key only"}}.Err()
}

// signIn gives a resource a token for its e-mail address and password. Whoever has none learns nothing: not even whether
// there is such a resource, by the answer or by its time.
func (s *Server) signIn(k *call) error {
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
		edge.CheckLength(text, field, maxPassword, problems)
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
func (s *Server) letIn(k *call, r *catalogue.Resource) error {
	c := &tenant.Credential{ID: k.Operation, AppID: r.AppID, ResourceID: r.ID, Type: tenant.ServerToken, Name: "sign-in", Own: true}
	token, err := apps.AddCredential(k, s.DB.Access, c, ownTokensKept)
	if err != nil {
		return err
	}
	view := k.resourceView(r)
	view["email"], view["api_token"] = r.Email, token
	k.Header("Cache-Control", "no-store")
	return k.Answer(http.StatusOK, view)
}

// signInApp is the app that the request names: by a key of it, by its slug, or both when they fit; nil when by neither. A
// slug that no app has is like an app without resources.
func (s *Server) signInApp(k *call) (*uuid.UUID, error) {
	if key := k.Credential(); key != "" {
		if err := s.edge().LimitFailures(k.Call, key, func() error { return s.edge().Identify(k.Call, key) }); err != nil {
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
func (s *Server) checkSignIn(k *call, app *uuid.UUID, email, password string) (r *catalogue.Resource, err error) {
	err = s.guardedPassword(k, email, password, func() error {
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

// guardedPassword bounds how many passwords are tried: from one address, of one account from one address, and of one account.
func (s *Server) guardedPassword(k *call, email, password string, check func() error) error {
	account := strings.ToLower(email)
	return s.edge().LimitFailuresOfSlow(k.Call, account+"\x00"+password, map[*limit.Limiter]string{
		s.Limits.BadKeys: k.Address(), s.Limits.SignIns: account + " " + k.Address(), s.Limits.Accounts: account,
	}, check)
}

// mayLock tells whether the caller may set the password that the body has: with a server key always, with the resource's own
// token for the current one only. Whoever has got hold of a token must not lock its owner out.
func (s *Server) mayLock(k *call, in resourceInput, r *catalogue.Resource) error {
	if k.Self == nil || in.Password == nil {
		return nil
	}
	kept, err := s.DB.Password(k, r.AppID, r.ID)
	switch {
	case err != nil:
		return err
	case kept == "":
		return fault.Problems{"password": {"can be set with a server key only, since there is none yet"}}.Err()
	case in.CurrentPassword == nil:
		return fault.Problems{"current_password": {"is required to change the password"}}.Err()
	}
	err = s.guardedPassword(k, r.Email, *in.CurrentPassword, func() error {
		good, err := s.Passwords.Check(k, kept, *in.CurrentPassword)
		if err == nil && !good {
			return errSignIn
		}
		return err
	})
	if fault.CodeOf(err) == fault.Unauthorized {
		return fault.Problems{"current_password": {"is wrong"}}.Err()
	}
	return err
}
