package catalogue

import (
	"time"

	"github.com/google/uuid"
)

// PublicLink is a page where visitors pick a time of a project.
type PublicLink struct {
	ID                uuid.UUID
	AppID             uuid.UUID
	ProjectID         uuid.UUID
	Code              string // names it in its address
	Title             string
	Description       string
	DurationMinutes   *int // nil: the project's
	HorizonDays       int  // how far ahead times are offered
	Questions         []Question
	RequireClaimToken bool
	Enabled           bool
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Question is a field of a public link's form, beside name and e-mail address.
type Question struct {
	Name     string `json:"name"` // a-z, 0-9 and _; sent as captured_data.<name>
	Label    string `json:"label"`
	Type     string `json:"type"` // text, textarea, tel, url or checkbox
	Required bool   `json:"required"`
}
