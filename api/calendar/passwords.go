package calendar

import (
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

func checkPassword(password *string, problems fault.Problems) {
	if password == nil {
		return
	}
	if len([]rune(*password)) < apps.MinPassword {
		problems.Add("password", "must not be shorter than %d characters", apps.MinPassword)
	}
	edge.CheckLength(*password, "password", apps.MaxPassword, problems)
}

// setPassword sets a resource's password, if the body has one.
func (s *Handlers) setPassword(k *edge.Call, in resourceInput, r *catalogue.Resource) (err error) {
	if in.Password != nil {
		r.NewPassword, err = s.Passwords.Hash(k, *in.Password)
	}
	return err
}

// keepsEmail keeps a resource from taking another's e-mail address, which would lock that one out.
func (in resourceInput) keepsEmail(k *edge.Call, r *catalogue.Resource) error {
	if k.Self == nil || in.Email == nil || strings.TrimSpace(*in.Email) == r.Email {
		return nil
	}
	return fault.Problems{"email": {"can be changed with a server key only"}}.Err()
}

// mayLock tells whether the caller may set the password that the body has: with a server key always, with the resource's own
// token for the current one only. Whoever has got hold of a token must not lock its owner out.
func (s *Handlers) mayLock(k *edge.Call, in resourceInput, r *catalogue.Resource) error {
	if k.Self == nil || in.Password == nil {
		return nil
	}
	kept, err := s.Access.Password(k, r.AppID, r.ID)
	switch {
	case err != nil:
		return err
	case kept == "":
		return fault.Problems{"password": {"can be set with a server key only, since there is none yet"}}.Err()
	case in.CurrentPassword == nil:
		return fault.Problems{"current_password": {"is required to change the password"}}.Err()
	}
	err = s.Edge.LimitPasswordGuesses(k, r.Email, *in.CurrentPassword, func() error {
		good, err := s.Passwords.Check(k, kept, *in.CurrentPassword)
		if err == nil && !good {
			return fault.Errorf(fault.Unauthorized, "The password is wrong.")
		}
		return err
	})
	if fault.CodeOf(err) == fault.Unauthorized {
		return fault.Problems{"current_password": {"is wrong"}}.Err()
	}
	return err
}
