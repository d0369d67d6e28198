package calendar

import (
	"strings"

	"holdfast/api/edge"
	"holdfast/internal/apps"
	"holdfast/internal/catalogue"
	"holdfast/internal/fault"
)

// checkPassword checks the length of a new password; nil is none.
func checkPassword(password *string, problems fault.Problems) {
	if password == nil {
		return
	}
	if len([]rune(*password)) < apps.MinPassword {
		problems.Add("password", "must not be shorter than %d characters", apps.MinPassword)
	}
	edge.CheckLength(*password, "password", apps.MaxPassword, problems)
}

// setPassword hashes the password of the body, if it has one. Overloaded when too many are being hashed.
func (h *resourceHandlers) setPassword(k *edge.Call, in resourceInput, r *catalogue.Resource) (err error) {
	if in.Password != nil {
		r.NewPassword, err = h.passwords.Hash(k, *in.Password)
	}
	return err
}

// keepsEmail refuses a change of a resource's e-mail address by its own token: with another's address it could lock that one out.
func (in resourceInput) keepsEmail(k *edge.Call, r *catalogue.Resource) error {
	if k.Self == nil || in.Email == nil || strings.TrimSpace(*in.Email) == r.Email {
		return nil
	}
	return fault.Problems{"email": {"can be changed with a server key only"}}.Err()
}

// mayLock refuses a new password by the resource's own token without the current one, so that a stolen token cannot lock its owner out. A
// server key may always set one. Guesses of the current password are limited.
func (h *resourceHandlers) mayLock(k *edge.Call, in resourceInput, r *catalogue.Resource) error {
	if k.Self == nil || in.Password == nil {
		return nil
	}
	kept, err := h.access.Password(k, r.AppID, r.ID)
	switch {
	case err != nil:
		return err
	case kept == "":
		return fault.Problems{"password": {"can be set with a server key only, since there is none yet"}}.Err()
	case in.CurrentPassword == nil:
		return fault.Problems{"current_password": {"is required to change the password"}}.Err()
	}
	err = h.edge.LimitPasswordGuesses(k, r.Email, *in.CurrentPassword, func() error {
		good, err := h.passwords.Check(k, kept, *in.CurrentPassword)
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
