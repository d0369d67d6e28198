package portal

import "net/http"

type keysPage struct {
	Keys   []apiKey
	Own    string // the id of the key that this session is of
	Name   string
	Kind   string
	Faults faultList
}

func listKeys(v *visit) error { return showKeys(v, http.StatusOK, keysPage{Kind: "server"}) }

func showKeys(v *visit, status int, page keysPage) (err error) {
	if page.Keys, err = fetch[[]apiKey](v, at("keys"), nil); err != nil {
		return err
	}
	page.Own = v.keyID
	return v.show(status, "keys", "API keys", page)
}

// createKey shows the key in its own answer: it is in no other.
func createKey(v *visit) error {
	page := keysPage{Name: v.r.PostForm.Get("name"), Kind: v.r.PostForm.Get("kind")}
	var made data[apiKey]
	err := v.post(at("keys"), map[string]any{"name": page.Name, "kind": page.Kind}, &made)
	if faults, is := faultsOf(err); is {
		page.Faults = faults
		return showKeys(v, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return v.show(http.StatusCreated, "key", "The key is made", made.Data)
}

type revokePage struct {
	apiKey
	Own bool
}

func askRevoke(v *visit) error {
	all, err := fetch[[]apiKey](v, at("keys"), nil)
	if err != nil {
		return err
	}
	for _, key := range all {
		if key.ID == v.id() {
			return v.show(http.StatusOK, "revoke", "Revoke this key?", revokePage{key, key.ID == v.keyID})
		}
	}
	return errNoPage
}

// revokeKey ends a key. When it is the session's own, the next page asks to sign in.
func revokeKey(v *visit) error {
	if err := v.call(request{method: http.MethodDelete, path: at("keys", v.id())}, nil); err != nil {
		return err
	}
	return v.redirectWithNotice("revoked", "keys")
}
