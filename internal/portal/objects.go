package portal

import (
	"encoding/json"
	"strings"
	"time"
)

// What the API answers, as far as pages show it.

type endpoint struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	URL         string            `json:"url"`
	Method      string            `json:"method"`
	Description string            `json:"description"`
	Format      string            `json:"format"`
	Graphs      []string          `json:"graphs"`
	States      []string          `json:"states"`
	EventTypes  []string          `json:"event_types"`
	Projects    []string          `json:"projects"`
	Services    []string          `json:"services"`
	Headers     map[string]string `json:"headers"`
	Ordered     bool              `json:"ordered"`
	InFlight    int               `json:"in_flight"`
	Rate        int               `json:"rate_per_second"`
	Status      string            `json:"status"`
	Reason      string            `json:"reason"`
	Health      health            `json:"health"`
	OldSecrets  []*time.Time      `json:"old_secrets_until"`
	CreatedAt   *time.Time        `json:"created_at"`
	UpdatedAt   *time.Time        `json:"updated_at"`
	Callback    bool              `json:"embed_callback"`
	Secret      string            `json:"secret"` // of one that was made or rotated just now
}

type health struct {
	SucceededAt  *time.Time `json:"succeeded_at"`
	FailingSince *time.Time `json:"failing_since"`
	Failures     int        `json:"failures"`
	OpenUntil    *time.Time `json:"breaker_open_until"`
	Pending      int        `json:"pending"`
	Limit        int        `json:"pending_limit"`
	Dropped      int        `json:"dropped"`
	DroppedAt    *time.Time `json:"dropped_at"`
}

type eventType struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type delivery struct {
	ID           string     `json:"id"`
	EndpointID   string     `json:"webhook_id"`
	EventID      string     `json:"event_id"`
	EventType    string     `json:"event_type"`
	BookingID    string     `json:"booking_id"`
	Sequence     int        `json:"sequence"`
	Kind         string     `json:"kind"` // of a text message
	Status       string     `json:"status"`
	AttemptCount int        `json:"attempt_count"`
	Test         bool       `json:"test"`
	NextAt       *time.Time `json:"next_attempt_at"`
	CreatedAt    *time.Time `json:"created_at"`
	FinishedAt   *time.Time `json:"finished_at"`
	LastStatus   int        `json:"last_status"`
	LastError    string     `json:"last_error"`
	Attempts     []attempt  `json:"attempts"`
	Event        *event     `json:"event"`
}

type attempt struct {
	Number    int        `json:"number"`
	StartedAt *time.Time `json:"started_at"`
	Millis    int        `json:"duration_ms"`
	Status    int        `json:"status"`
	Error     string     `json:"error"`
	Request   struct {
		Method  string  `json:"method"`
		URL     string  `json:"url"`
		Format  string  `json:"format"`
		Headers headers `json:"headers"`
		Body    string  `json:"body"`
	} `json:"request"`
	Response struct {
		Headers   headers `json:"headers"`
		Body      string  `json:"body"`
		Truncated bool    `json:"truncated"`
	} `json:"response"`
}

type event struct {
	ID       string     `json:"id"`
	Type     string     `json:"type"`
	At       *time.Time `json:"timestamp"`
	Previous string     `json:"previous_state"`
	State    string     `json:"state"`
	Action   string     `json:"action"`
	Actor    string     `json:"actor"`
	Channel  string     `json:"channel"`
}

type bookingView struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	Graph     string     `json:"graph"`
	Version   int        `json:"graph_version"` // 0 for the first
	Completed bool       `json:"completed"`
	CreatedAt *time.Time `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
	Event     struct {
		What        string     `json:"what"`
		Where       string     `json:"where"`
		Description string     `json:"description"`
		Start       *time.Time `json:"start"`
		End         *time.Time `json:"end"`
	} `json:"event"`
	Related struct {
		Bulk *string `json:"bulk_id"`
	} `json:"related"`
	Customers []struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Phone string `json:"phone"`
	} `json:"customers"`
	Resource resourceView `json:"resource"`
	Parts    []partView   `json:"resources"` // of a booking of several resources
	Project  *named       `json:"project"`
	Actions  []string     `json:"available_actions"`
	Logs     []transition `json:"logs"`
	Policy   *policyView  `json:"policy"`
	Effects  []effectView `json:"effects"`
	Payment  *termsView   `json:"payment"` // nil for one that costs nothing

	Part *partView `json:"-"` // the list is of the bookings of this part's resource, which is not the booking's first
}

// effectView is something that was done, or is to be done, outside after a transition.
type effectView struct {
	ID       string `json:"id"`
	Sequence int    `json:"sequence"`
	Kind     string `json:"kind"`
	Declared struct {
		Endpoint string `json:"endpoint"`
	} `json:"declared"`
	Status   string     `json:"status"`
	Attempts int        `json:"attempts"`
	NextAt   *time.Time `json:"next_attempt_at"`
	GiveUpAt *time.Time `json:"give_up_at"`
	Answer   *bool      `json:"answer"`
	Error    *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Action *struct {
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"action"`
	EndedAt *time.Time `json:"ended_at"`
}

// Said is the answer of an effect that is done.
func (e effectView) Said() string {
	if e.Answer != nil && *e.Answer {
		return "yes"
	}
	return "no"
}

// partView is a resource of a booking that takes several.
type partView struct {
	ID    string     `json:"id"` // of the resource
	Name  string     `json:"name"`
	Role  string     `json:"role"`
	Start *time.Time `json:"start"`
	End   *time.Time `json:"end"`
}

// policyView is what the policy of a booking lets its customer do; nil times and counts are no bound.
type policyView struct {
	CancelUntil     *time.Time `json:"cancel_until"`
	RescheduleUntil *time.Time `json:"reschedule_until"`
	ReschedulesLeft *int       `json:"reschedules_left"`
}

// ruleView is the rule that refuses something.
type ruleView struct {
	Name  string     `json:"name"`
	Limit string     `json:"limit"`
	Ends  *time.Time `json:"ends_at"`
}

type resourceView struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Timezone string `json:"timezone"`
	Capacity int    `json:"capacity"` // how many units it has
}

type transition struct {
	Seq     int        `json:"seq"`
	Action  string     `json:"action"`
	From    string     `json:"from"`
	State   string     `json:"state"`
	Actor   string     `json:"actor"`
	Channel string     `json:"channel"`
	At      *time.Time `json:"created_at"`

	Override []string `json:"override"` // rules of the policy that it was not held to
}

type apiKey struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	Name      string     `json:"name"`
	Hint      string     `json:"hint"`
	CreatedAt *time.Time `json:"created_at"`
	UsedAt    *time.Time `json:"last_used_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	Key       string     `json:"key"` // of one that was made just now
}

// named is a thing with an id and a name: a project, a service.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// headers are those of a request or an answer, by name.
type headers map[string]headerValue

// headerValue is what one header says; a header that came several times is one line.
type headerValue string

// UnmarshalJSON reads a text or a list of texts.
func (h *headerValue) UnmarshalJSON(raw []byte) error {
	var several []string
	if json.Unmarshal(raw, &several) == nil {
		*h = headerValue(strings.Join(several, ", "))
		return nil
	}
	return json.Unmarshal(raw, (*string)(h))
}

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

// lifetime is since when and until when something is good.
type lifetime struct {
	CreatedAt *time.Time `json:"created_at"`
	GoodUntil *time.Time `json:"good_until"`
}

// Ended reports whether it is good no more.
func (l lifetime) Ended() bool { return l.GoodUntil != nil && !l.GoodUntil.After(time.Now()) }

type embedCredential struct {
	lifetime

	ID        string `json:"id"`
	PublicKey string `json:"public_key"`
	Secret    string `json:"secret"` // of one that was made just now
}

type clientSecret struct {
	lifetime

	ID     string `json:"id"`
	Hint   string `json:"hint"`
	Secret string `json:"secret"` // of one that was made just now
}
