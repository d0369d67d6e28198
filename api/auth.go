package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
)

var errNoKey = booking.Errorf(booking.Unauthorized, "Send an API key: HTTP Basic with an empty user name, or Bearer.")

// authorize finds who calls, and whether not too often.
func (s *Server) authorize(k *call, need access) error {
	if need == needNothing {
		return nil
	}
	key := k.credential()
	if key == "" {
		k.Header("WWW-Authenticate", `Basic realm="holdfast", charset="UTF-8"`)
		return errNoKey
	}
	if need == needAdmin {
		return s.guarded(k, key, func() error { return s.authorizeAdmin(key) })
	}
	admin := false
	err := s.guarded(k, key, func() error {
		if admin = need == needApp && s.authorizeAdmin(key) == nil; admin {
			return nil
		}
		return s.identify(k, key)
	})
	if err != nil || admin {
		return err
	}
	if err := s.meter(k); err != nil {
		return err
	}
	return k.permit(need)
}

// identify finds the app of a key. Keys are looked up by their hash.
func (s *Server) identify(k *call, key string) error {
	if strings.HasPrefix(key, apps.TokenPrefix) {
		return s.identifyResource(k, key)
	}
	find := s.DB.KeyHolder
	if apps.IsClientSecret(key) {
		find = s.DB.ClientSecretHolder
	}
	holder, err := find(k, apps.KeyHash(key))
	if err != nil {
		return err
	}
	k.app, k.keyID, k.kind = holder.App, holder.KeyID, holder.Kind
	if k.app.TestMode {
		k.Header("Timekit-TestMode", "true") // a widget paints a ribbon
	}
	return nil
}

func (s *Server) authorizeAdmin(key string) error {
	given, want := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(s.AdminKey))
	if s.AdminKey == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return booking.Errorf(booking.Unauthorized, "This needs the admin key.")
	}
	return nil
}

// credential reads the key of Basic with an empty user name, or of Bearer, and a resource's token; "" when there is none.
func (k *call) credential() string {
	if user, key, ok := k.Request.BasicAuth(); ok {
		if user == "" || strings.HasPrefix(key, apps.TokenPrefix) {
			return key
		}
		return ""
	}
	scheme, key, _ := strings.Cut(k.GetHeader("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key)
	}
	return ""
}
