package stripe

import "encoding/json"

// session is a Checkout Session, as far as it is read.
type session struct {
	ID            string              `json:"id"`
	Status        string              `json:"status"`
	URL           string              `json:"url"`
	Currency      string              `json:"currency"`
	ExpiresAt     int64               `json:"expires_at"` // Unix seconds
	PaymentIntent *expandable[intent] `json:"payment_intent"`
}

// intent is a PaymentIntent. Amounts are as Stripe writes them.
type intent struct {
	ID                 string              `json:"id"`
	Status             string              `json:"status"`
	Currency           string              `json:"currency"`
	CaptureMethod      string              `json:"capture_method"`
	Amount             int64               `json:"amount"`
	AmountCapturable   int64               `json:"amount_capturable"`
	AmountReceived     int64               `json:"amount_received"`
	CancellationReason string              `json:"cancellation_reason"`
	LastError          *failure            `json:"last_payment_error"`
	LatestCharge       *expandable[charge] `json:"latest_charge"`
	Metadata           map[string]string   `json:"metadata"`
}

type charge struct {
	ID             string        `json:"id"`
	AmountRefunded int64         `json:"amount_refunded"`
	Disputed       bool          `json:"disputed"` // stays true when the dispute is over
	Refunds        *list[refund] `json:"refunds"`
	Details        struct {
		Card struct {
			CaptureBefore int64 `json:"capture_before"` // Unix seconds; 0 without one
		} `json:"card"`
	} `json:"payment_method_details"`
}

type refund struct {
	ID            string            `json:"id"`
	Amount        int64             `json:"amount"`
	Currency      string            `json:"currency"`
	Status        string            `json:"status"`
	FailureReason string            `json:"failure_reason"`
	Metadata      map[string]string `json:"metadata"`
}

type dispute struct {
	Status string `json:"status"`
}

// failure is an error of Stripe: of a call, or of the last try to pay.
type failure struct {
	Type        string `json:"type"`
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"`
	Param       string `json:"param"`
}

// list is one page of a list, the newest first.
type list[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

// expandable is an id, and the object where it was expanded.
type expandable[T any] struct {
	ID     string
	Object *T
}

// UnmarshalJSON reads either form.
func (e *expandable[T]) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &e.ID)
	}
	var named struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return err
	}
	e.ID = named.ID
	return json.Unmarshal(raw, &e.Object)
}
