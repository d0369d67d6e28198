package webhooks

import (
	"net/http"

	"holdfast/api/edge"
	"holdfast/internal/contact"
	"holdfast/internal/fault"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
	"holdfast/internal/timekit"
)

// textMessageHandlers answers requests about numbers that do without text messages.
type textMessageHandlers struct {
	contacts *postgres.Contacts
	vault    *links.Vault
}

func (h *textMessageHandlers) routes() []edge.Route {
	return []edge.Route{
		edge.On(http.MethodPost, "/v2/sms/stop", edge.RequireServer, h.stopNumber),
		edge.On(http.MethodPost, "/v2/sms/start", edge.RequireServer, h.startNumber),
	}
}

// stopNumber keeps all text messages of the app from a number: somebody has answered STOP. A repeat changes nothing.
func (h *textMessageHandlers) stopNumber(k *edge.Call) error {
	digest, err := h.number(k)
	if err != nil {
		return err
	}
	err = h.contacts.Block(k, contact.Block{AppID: k.App.ID, Channel: contact.SMS, Digest: digest, Kind: contact.Stopped, Reason: "stop"})
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"stopped": true})
}

// startNumber lets a number have text messages again: somebody has answered START. It does not replace a customer's agreement.
func (h *textMessageHandlers) startNumber(k *edge.Call) error {
	digest, err := h.number(k)
	if err != nil {
		return err
	}
	removed, err := h.contacts.Unblock(k, k.App.ID, contact.SMS, digest, contact.Stopped, nil)
	if err != nil {
		return err
	}
	return k.Answer(http.StatusOK, timekit.Object{"stopped": false, "changed": removed})
}

// number reads whom a request is about, as the digest of the number: the record has no other.
func (h *textMessageHandlers) number(k *edge.Call) ([]byte, error) {
	var in struct {
		Phone string `json:"phone"`
	}
	if err := k.DecodeKnown(&in); err != nil {
		return nil, err
	}
	number, ok := contact.Number(in.Phone)
	if !ok {
		return nil, fault.Problems{"phone": {"must be an international number, such as +4915112345678"}}.Err()
	}
	return h.vault.ContactDigest(k.App.ID, number), nil
}
