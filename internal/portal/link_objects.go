package portal

import "time"

type publicLink struct {
	ID           string     `json:"id"`
	URL          string     `json:"url"`
	ProjectID    string     `json:"project_id"`
	Title        string     `json:"title"`
	Description  string     `json:"description"`
	Duration     *int       `json:"duration"`
	HorizonDays  int        `json:"horizon_days"`
	Questions    []question `json:"questions"`
	RequireClaim bool       `json:"require_claim_token"`
	Enabled      bool       `json:"enabled"`
}

type question struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

type embedCredential struct {
	ID        string     `json:"id"`
	PublicKey string     `json:"public_key"`
	CreatedAt *time.Time `json:"created_at"`
	GoodUntil *time.Time `json:"good_until"`
	Secret    string     `json:"secret"` // of one that was made just now
}

// Ended reports whether it is good no more.
func (c embedCredential) Ended() bool { return c.GoodUntil != nil && !c.GoodUntil.After(time.Now()) }

type clientSecret struct {
	ID        string     `json:"id"`
	Hint      string     `json:"hint"`
	CreatedAt *time.Time `json:"created_at"`
	GoodUntil *time.Time `json:"good_until"`
	Secret    string     `json:"secret"` // of one that was made just now
}

// Ended reports whether it is good no more.
func (c clientSecret) Ended() bool { return c.GoodUntil != nil && !c.GoodUntil.After(time.Now()) }
