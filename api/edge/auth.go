package edge

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"holdfast/internal/apps"
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// AppHeader names an app by its slug, where a resource signs in.
const AppHeader = "Timekit-App"

// identifyResource finds the resource of a token. Its e-mail address is the user name, and the app is its own if it is named.
func (s *Edge) identifyResource(k *Call, token string) error {
	holder, err := s.DB.TokenHolder(k, apps.KeyHash(token))
	if err != nil {
		return err
	}
	user, _, _ := k.Request.BasicAuth()
	slug := k.GetHeader(AppHeader)
	if !strings.EqualFold(user, holder.Email) || user == "" || slug != "" && slug != holder.App.Slug {
		return fault.Errorf(fault.Unauthorized, "The token is not known.")
	}
	k.App, k.KeyID, k.Kind, k.Self = holder.App, holder.CredentialID, tenant.ResourceToken, &holder.ResourceID
	if k.App.TestMode {
		k.Header("Timekit-TestMode", "true")
	}
	return nil
}

var errNoKey = fault.Errorf(fault.Unauthorized, "Send an API key: HTTP Basic with an empty user name, or Bearer.")

// authorize finds who calls, and whether not too often.
func (s *Edge) authorize(k *Call, need Access) error {
	if need == RequireNothing {
		return nil
	}
	key := k.Credential()
	if key == "" {
		k.Header("WWW-Authenticate", `Basic realm="holdfast", charset="UTF-8"`)
		return errNoKey
	}
	if need == RequireAdmin {
		return s.LimitFailures(k, key, func() error { return s.authorizeAdmin(key) })
	}
	admin := false
	err := s.LimitFailures(k, key, func() error {
		if admin = need == RequireApp && s.authorizeAdmin(key) == nil; admin {
			return nil
		}
		return s.Identify(k, key)
	})
	if err != nil || admin {
		return err
	}
	if err := s.rateLimit(k); err != nil {
		return err
	}
	return k.RequireKind(need)
}

// IdentifyOptional is Identify for what needs no key and answers more with one. Without a key, and with the admin key, the call has no app.
func (s *Edge) IdentifyOptional(k *Call) error {
	key := k.Credential()
	if key == "" {
		return nil
	}
	return s.LimitFailures(k, key, func() error {
		if s.authorizeAdmin(key) == nil {
			return nil
		}
		return s.Identify(k, key)
	})
}

// Identify finds the app of a key. Keys are looked up by their hash.
func (s *Edge) Identify(k *Call, key string) error {
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
	k.App, k.KeyID, k.Kind = holder.App, holder.KeyID, holder.Kind
	if k.App.TestMode {
		k.Header("Timekit-TestMode", "true") // a widget paints a ribbon
	}
	return nil
}

func (s *Edge) authorizeAdmin(key string) error {
	given, want := sha256.Sum256([]byte(key)), sha256.Sum256([]byte(s.AdminKey))
	if s.AdminKey == "" || subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return fault.Errorf(fault.Unauthorized, "This needs the admin key.")
	}
	return nil
}

// Credential reads the key of Basic with an empty user name, or of Bearer, and a resource's token; "" when there is none.
func (k *Call) Credential() string {
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
