package visitor

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"holdfast/api/edge"
	"holdfast/internal/links"
	"holdfast/internal/postgres"
)

// keptForms stores what visitors have typed into forms that could not be carried out.
type keptForms struct {
	requests *postgres.Requests
	vault    *links.Vault
	log      *slog.Logger
}

const (
	keptFormLife = 30 * time.Minute
	keptAnswer   = 4 * maxAnswer // characters of one answer that are kept: also of one that is too long, for its author to cut
)

// keptForm is what a visitor has typed into a form that could not be carried out. It stands in Postgres, sealed, for
// keptFormLife: the visitor is redirected to the form (303), so that Back and Reload never ask to send a form again, and
// personal data does not travel in an address. A later form of the same visit is filled in with it.
type keptForm struct {
	Values map[string]string `json:"values"`           // by the name of the field
	Faults map[string]string `json:"faults,omitempty"` // what the record refused, which reading the values again does not find
}

func (h *keptForms) keepForm(k *call, id uuid.UUID, f keptForm) error {
	for name, text := range f.Values {
		if runes := []rune(text); len(runes) > keptAnswer {
			f.Values[name] = string(runes[:keptAnswer])
		}
	}
	sealed, err := h.vault.SealJSON(f, keptFormSecret(id))
	if err != nil {
		return err
	}
	return h.requests.KeepForm(k, k.App.ID, id, sealed, keptFormLife)
}

// loadKeptForm returns what keepForm stored under the id; an empty form when there is nothing, or the master key has changed since.
func (h *keptForms) loadKeptForm(k *call, id uuid.UUID) (f keptForm, err error) {
	sealed, err := h.requests.KeptForm(k, k.App.ID, id)
	if err != nil || h.vault.OpenJSON(sealed, keptFormSecret(id), &f) != nil {
		return keptForm{}, err
	}
	return f, nil
}

// dropForm deletes what was kept, once it is booked. It expires anyhow, so a failure is only logged.
func (h *keptForms) dropForm(k *call, id uuid.UUID) {
	if err := h.requests.DropForm(k, k.App.ID, id); err != nil {
		h.log.Warn("could not delete a kept form before it expires", "request_id", edge.RequestID(k.Context), "error", err)
	}
}

func keptFormSecret(id uuid.UUID) string { return "kept form/" + id.String() }

// keep is the form as keepForm takes it. Without faults only the values are kept.
func (f *form) keep(faults bool) keptForm {
	all := keptForm{Values: map[string]string{}, Faults: map[string]string{}}
	for _, one := range f.fields {
		if one.Value != "" {
			all.Values[one.Name] = one.Value
		}
		if faults && one.Fault != "" {
			all.Faults[one.Name] = one.Fault
		}
	}
	return all
}

// fillIn puts what was kept into the fields. With faults it also says what is wrong with it.
func (f *form) fillIn(kept keptForm, faults bool) {
	for _, one := range f.fields {
		one.Value = kept.Values[one.Name]
		if faults {
			one.Fault = kept.Faults[one.Name]
		}
	}
}
