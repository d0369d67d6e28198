package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
)

// embed makes, replaces and revokes what ties visitors to an app.
func (r tour) embed(t *testing.T) {
	t.Helper()
	made := r.do(t, http.MethodPost, "/v2/embed_credentials", `{"callback_url":"https://example.com/callback"}`, http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/embed_credentials", `{"callback_url":"nowhere"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/embed_credentials", "", http.StatusOK)
	path := "/v2/embed_credentials/" + made.str("data.id")
	r.do(t, http.MethodPost, path+"/rotate", "", http.StatusOK)
	r.do(t, http.MethodPost, path+"/rotate", `{"grace_period_seconds":604801}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodPost, path+"/rotate", "", http.StatusNotFound)
	r.do(t, http.MethodDelete, "/v2/embed_credentials/nothing", "", http.StatusNotFound)
	r.do(t, http.MethodGet, "/v2/embed_callback", "", http.StatusOK)
	r.do(t, http.MethodPut, "/v2/embed_callback", `{"callback_url":"https://example.com/other"}`, http.StatusOK)
	r.do(t, http.MethodPut, "/v2/embed_callback", `{"callback_url":"nowhere"}`, http.StatusUnprocessableEntity)
	r.do(t, http.MethodGet, "/v2/webhooks", "", http.StatusOK) // the callback is among them
	one := r.do(t, http.MethodPost, "/v2/client_secrets", "", http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/client_secrets", "", http.StatusCreated)
	r.do(t, http.MethodPost, "/v2/client_secrets", "", http.StatusConflict)
	r.do(t, http.MethodGet, "/v2/client_secrets", "", http.StatusOK)
	r.do(t, http.MethodDelete, "/v2/client_secrets/"+one.str("data.id"), "", http.StatusNoContent)
	r.do(t, http.MethodDelete, "/v2/client_secrets/nothing", "", http.StatusNotFound)
}

func (r tour) publicLinks(t *testing.T) {
	t.Helper()
	r.do(t, http.MethodPost, "/v2/public_links", `{}`, http.StatusUnprocessableEntity)
	project := r.project(t, "Talk", "").str("data.id")
	body := fmt.Sprintf(`{"project_id":%q,"title":"Talk","duration":30,"questions":[{"name":"notes","label":"Notes"}]}`, project)
	path := "/v2/public_links/" + r.do(t, http.MethodPost, "/v2/public_links", body, http.StatusCreated).str("data.id")
	r.do(t, http.MethodGet, "/v2/public_links", "", http.StatusOK)
	r.do(t, http.MethodGet, path, "", http.StatusOK)
	r.do(t, http.MethodPut, path, `{"duration":null}`, http.StatusOK)
	r.do(t, http.MethodPut, path, `{"title":""}`, http.StatusUnprocessableEntity)
	_, keys := r.embedKeys(t, "")
	r.do(t, http.MethodPost, path+"/check", fmt.Sprintf(`{"claim_token":%q}`, keys.claim()), http.StatusOK)
	r.do(t, http.MethodPost, path+"/check", `{}`, http.StatusUnauthorized)
	r.do(t, http.MethodDelete, path, "", http.StatusNoContent)
	r.do(t, http.MethodGet, path, "", http.StatusNotFound)
}

func (r tour) scheduling(t *testing.T, resource string) {
	t.Helper()
	r.do(t, http.MethodPost, "/v1/scheduling_requests", `{}`, http.StatusUnprocessableEntity)
	body := fmt.Sprintf(`{"host":{"sub":%q},"recipients":[{"email":"eb@example.com"}],"event":{"summary":"Interview"}}`, resource)
	name := r.do(t, http.MethodPost, "/v1/scheduling_requests", body, http.StatusCreated).str("scheduling_request.scheduling_request_id")
	query := fmt.Sprintf(`{"scheduling_request_ids":[%q]}`, name)
	r.do(t, http.MethodPost, "/v1/scheduling_requests/query", query, http.StatusOK)
	r.do(t, http.MethodPost, "/v1/scheduling_requests/query", `{}`, http.StatusUnprocessableEntity)
	r.pick(t, r.known(t, name), resource, "instant", 70)
	r.do(t, http.MethodPost, "/v1/scheduling_requests/query", query, http.StatusOK)
	r.do(t, http.MethodDelete, "/v1/scheduling_requests/"+name, "", http.StatusConflict)
	second := r.do(t, http.MethodPost, "/v1/scheduling_requests", body, http.StatusCreated).str("scheduling_request.scheduling_request_id")
	r.do(t, http.MethodDelete, "/v1/scheduling_requests/"+second, "", http.StatusNoContent)
	r.do(t, http.MethodDelete, "/v1/scheduling_requests/"+second, "", http.StatusNotFound)
	cancel := fmt.Sprintf(`{"scheduling_request_id":%q}`, name)
	r.do(t, http.MethodPost, "/v1/scheduling_requests/cancel", cancel, http.StatusAccepted)
	r.do(t, http.MethodPost, "/v1/scheduling_requests/cancel", `{"scheduling_request_id":"srq_none"}`, http.StatusNotFound)
}
