package payment

import (
	"time"

	"github.com/google/uuid"
)

// Manual is the provider of payments that somebody says have arrived: by bank transfer, or at the desk.
const Manual = "manual"

// Account is an app's account at a provider.
type Account struct {
	ID        uuid.UUID
	AppID     uuid.UUID
	Name      string // by which payment policies name it
	Provider  string // the name of an adapter
	Sealed    []byte // its settings with its keys, sealed
	Default   bool   // it takes the money of bookings that name none
	ClosedAt  *time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SealContext is what the settings of an account are sealed for, so that they open nowhere else.
func (a *Account) SealContext() string { return "payment account " + a.ID.String() }

// Terms are what a booking costs and what becomes of the money, as they were when it was made.
type Terms struct {
	Price     Price     `json:"price"`
	Policy    Policy    `json:"policy,omitzero"`
	AccountID uuid.UUID `json:"account_id"`
	Provider  string    `json:"provider"`
	// ConsentedAt is when the customer has agreed to the no-show fee, by the app's clock; nil for never.
	ConsentedAt *time.Time `json:"consented_at,omitempty"`
}

// BalanceDue returns when the balance is to be asked for: so long before the start, an instant, as the policy says. The zero time when
// there is no balance, or nothing says when. The zone is that of the resource. Nil terms have none.
func (t *Terms) BalanceDue(start time.Time, zone *time.Location) time.Time {
	if t == nil || t.Price.Balance() == 0 || !t.Policy.BalanceDue.Exists() {
		return time.Time{}
	}
	return t.Policy.BalanceDue.Before(start, zone)
}

// NoShowFee returns what can be asked for when the customer does not come; 0 without a fee, or without the customer's consent on record.
func (t *Terms) NoShowFee() int64 {
	if t == nil || t.Policy.NoShow == nil || t.ConsentedAt == nil {
		return 0
	}
	return t.Policy.NoShow.Fee
}

// Input is the input of the workflow that carries a payment on, and of its activity.
type Input struct {
	PaymentID uuid.UUID `json:"payment_id"`
}

// Watched is what the activity found, as Temporal may have it: without names, addresses and amounts.
type Watched struct {
	State State     `json:"state"`
	Next  time.Time `json:"next,omitzero"` // when it is to be looked at again; zero when nothing is expected any more
	Code  string    `json:"code,omitempty"`
}
