package api

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
)

const (
	minPassword      = 8
	maxPassword      = 1000
	signInsPerMinute = 10 // of one e-mail address, from one place, with passwords that were not good lately
	signInsKept      = 50 // tokens of one resource
)

var errSignIn = booking.Errorf(booking.Unauthorized, "The e-mail address or the password is wrong.")

func checkPassword(password *string, problems booking.Problems) {
	if password == nil {
		return
	}
	if len([]rune(*password)) < minPassword {
		problems.Add("password", "must not be shorter than %d characters", minPassword)
	}
	checkLength(*password, "password", maxPassword, problems)
}

// lock sets a resource's password, if the body has one.
func (in resourceInput) lock(k *call, r *booking.Resource) (err error) {
	if in.Password != nil {
		r.NewPassword, err = apps.HashPassword(k, *in.Password)
	}
	return err
}

// keepsEmail keeps a resource from taking another's e-mail address, which would lock that one out.
func (in resourceInput) keepsEmail(k *call, r *booking.Resource) error {
	if k.self == nil || in.Email == nil || strings.TrimSpace(*in.Email) == r.Email {
		return nil
	}
	return booking.Problems{"email": {"can be changed with a server key only"}}.Err()
}

// signIn gives a resource a token for its e-mail address and password. Whoever has none learns nothing: not even whether
// there is such a resource, by the answer or by its time.
func (s *Server) signIn(k *call) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if err := k.decode(&in); err != nil {
		return err
	}
	problems := booking.Problems{}
	for field, text := range map[string]string{"email": in.Email, "password": in.Password} {
		if text == "" {
			problems.Add(field, "is required")
		}
		checkLength(text, field, maxPassword, problems)
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
func (s *Server) letIn(k *call, r *booking.Resource) error {
	c := &booking.Credential{ID: k.operation, AppID: r.AppID, ResourceID: r.ID, Type: booking.ServerToken, Name: "sign-in"}
	token, err := apps.AddCredential(k, s.DB, c, signInsKept)
	if err != nil {
		return err
	}
	view := k.resourceView(r)
	view["email"], view["api_token"] = r.Email, token
	k.Header("Cache-Control", "no-store")
	return k.data(http.StatusOK, view)
}

// signInApp is the app that the request names: by a key of it, by its slug, or both when they fit; nil when by neither. A
// slug that no app has is like an app without resources.
func (s *Server) signInApp(k *call) (*uuid.UUID, error) {
	if key := k.credential(); key != "" {
		if err := s.guarded(k, key, func() error { return s.identify(k, key) }); err != nil {
			return nil, err
		}
	}
	slug := k.GetHeader(appHeader)
	switch {
	case k.app != nil && (slug == "" || slug == k.app.Slug):
		return &k.app.ID, nil
	case k.app != nil:
		return new(uuid.UUID), nil
	case slug == "":
		return nil, nil
	case !goodSlug.MatchString(slug):
		return new(uuid.UUID), nil
	}
	app, err := s.DB.AppBySlug(k, slug)
	if booking.CodeOf(err) == booking.NotFound {
		return new(uuid.UUID), nil
	}
	if err != nil {
		return nil, err
	}
	return &app.ID, nil
}

// checkSignIn finds the resource that has this e-mail address and password. A password that was good within the hour
// passes, whoever else guesses from there.
func (s *Server) checkSignIn(k *call, app *uuid.UUID, email, password string) (r *booking.Resource, err error) {
	secret := strings.ToLower(email) + "\x00" + password
	err = s.guarded(k, secret, func() error {
		if !s.Limits.known.Has(string(apps.KeyHash(secret))) {
			if err := k.tooMany(s.Limits.signIns.Take(strings.ToLower(email) + " " + k.address())); err != nil {
				return err
			}
		}
		found, err := s.DB.SignIns(k, app, email)
		if err != nil {
			return err
		}
		if len(found) > 1 {
			return booking.Problems{"email": {"is that of several resources; name the app by the header " + appHeader}}.Err()
		}
		var kept string
		for _, one := range found {
			r, kept = one.Resource, one.Password
		}
		good, err := apps.CheckPassword(k, kept, password)
		if err == nil && !good {
			return errSignIn
		}
		return err
	})
	return r, err
}
