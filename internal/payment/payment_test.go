package payment

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/fault"
	"holdfast/internal/policy"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{
		{1250, "EUR", "12.50 EUR"}, {5, "EUR", "0.05 EUR"}, {-5, "EUR", "-0.05 EUR"}, {0, "EUR", "0.00 EUR"}, {4321, "JPY", "4321 JPY"},
		{0, "JPY", "0 JPY"}, {1, "KWD", "0.001 KWD"}, {-123456, "BHD", "-123.456 BHD"},
	} {
		if got := Text(c.amount, c.currency); got != c.want {
			t.Errorf("Text(%d, %s) = %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}

func TestExponents(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"JPY": 0, "KRW": 0, "EUR": 2, "USD": 2, "HUF": 2, "KWD": 3, "BHD": 3} {
		if got, ok := Exponent(code); got != want || !ok {
			t.Errorf("Exponent(%s) = %d, %v; want %d", code, got, ok, want)
		}
	}
	for _, code := range []string{"", "eur", "EU", "EURO", "XXX", "XTS", "EUR USD"} {
		if _, ok := Exponent(code); ok {
			t.Errorf("%q is taken for a currency", code)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount  int64
		percent int
		want    int64
	}{{100, 33, 33}, {101, 50, 51}, {99, 50, 50}, {-101, 50, -51}, {1, 49, 0}, {1, 50, 1}, {MaxAmount, 100, MaxAmount}, {5, 0, 0}} {
		if got := percent(c.amount, c.percent); got != c.want {
			t.Errorf("percent(%d, %d) = %d, want %d", c.amount, c.percent, got, c.want)
		}
	}
}

// Parts add up to the whole, and are as equal as can be.
func TestSplit(t *testing.T) {
	t.Parallel()
	if got := Split(100, 3); !slices.Equal(got, []int64{33, 33, 34}) {
		t.Errorf("Split(100, 3) = %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		amount, n := rapid.Int64Range(-MaxAmount, MaxAmount).Draw(t, "amount"), rapid.IntRange(1, 200).Draw(t, "n")
		parts, sum := Split(amount, n), int64(0)
		for _, p := range parts {
			sum += p
		}
		if sum != amount || len(parts) != n || slices.Max(parts)-slices.Min(parts) > 1 {
			t.Fatalf("Split(%d, %d) = %v", amount, n, parts)
		}
	})
}

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func steps(list ...Step) *Policy { return &Policy{Refund: &list} }

// Each step holds until its very second.
func TestRefundDue(t *testing.T) {
	t.Parallel()
	p := steps(
		Step{Until: policy.MustLead("PT48H"), Percent: 100}, Step{Until: policy.MustLead("PT24H"), Percent: 50, KeepFee: 200},
		Step{Until: policy.MustLead("PT1H"), Percent: 10, KeepFee: 900},
	)
	for _, c := range []struct {
		before time.Duration
		want   int64
	}{
		{48*time.Hour + time.Second, 5000}, {48 * time.Hour, 5000}, {48*time.Hour - time.Second, 2300}, {24 * time.Hour, 2300},
		{24*time.Hour - time.Second, 0}, {time.Hour, 0}, {0, 0}, {-time.Hour, 0}, // a fee above the share takes it all, and no more
	} {
		if got := p.RefundDue(5000, noon.Add(-c.before), noon, time.UTC); got != c.want {
			t.Errorf("%s before the start: %d, want %d", c.before, got, c.want)
		}
	}
	if got := (*Policy)(nil).RefundDue(5000, noon, noon, time.UTC); got != 5000 {
		t.Errorf("without a policy %d goes back, want all", got)
	}
	if got := steps().RefundDue(5000, noon, noon, time.UTC); got != 0 {
		t.Errorf("with an empty list %d goes back, want nothing", got)
	}
	end, ok := p.RefundUntil(noon.Add(-30*time.Hour), noon, time.UTC)
	if want := noon.Add(-24 * time.Hour); !ok || !end.Equal(want) {
		t.Errorf("the step ends at %s, %v; want %s", end, ok, want)
	}
}

func TestPricesAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		price string
		want  string // the field
	}{
		"currency":       {`{"amount": 1, "currency": "eur"}`, "price.currency"},
		"negative":       {`{"amount": -1, "currency": "EUR"}`, "price.amount"},
		"too much":       {`{"amount": 100000000, "currency": "EUR"}`, "price.amount"},
		"due above":      {`{"amount": 5, "currency": "EUR", "due_now": 6}`, "price.due_now"},
		"items":          {`{"amount": 5, "currency": "EUR", "items": [{"name": "a", "amount": 4}]}`, "price.items"},
		"unnamed":        {`{"amount": 5, "currency": "EUR", "items": [{"name": "", "amount": 5}]}`, "price.items[0].name"},
		"":               {`{"amount": 5, "currency": "EUR", "due_now": 0, "items": [{"name": "a", "amount": 7}, {"name": "b", "amount": -2}]}`, ""},
		"item too large": {`{"amount": 5, "currency": "EUR", "items": [{"name": "a", "amount": 9223372036854775807}]}`, "price.items[0].amount"},
	} {
		var p Price
		if err := json.Unmarshal([]byte(c.price), &p); err != nil {
			t.Fatal(err)
		}
		problems := fault.Problems{}
		p.Check("price", problems)
		if _, found := problems[c.want]; found != (c.want != "") || len(problems) > 1 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestPoliciesAreChecked(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]*Policy{
		"":                         steps(Step{Until: policy.MustLead("P2D"), Percent: 100}, Step{Percent: 50}),
		"policy.refund[0].until":   steps(Step{Percent: 50}, Step{Until: policy.MustLead("P2D"), Percent: 100}),
		"policy.refund[1].until":   steps(Step{Until: policy.MustLead("P1D")}, Step{Until: policy.MustLead("P2D")}),
		"policy.refund[0].percent": steps(Step{Percent: 101}),
		"policy.no_show.consent":   {NoShow: &NoShow{Fee: 5}},
		"policy.no_show.fee":       {NoShow: &NoShow{Consent: "yes"}},
		"policy.late":              {Late: "never"},
		"policy.capture":           {Capture: "never"},
	} {
		problems := fault.Problems{}
		p.Check("policy", problems)
		if _, found := problems[want]; found != (want != "") || len(problems) > 1 {
			t.Errorf("%q: %v", want, problems)
		}
	}
}

// Whatever order a provider's words come in, sums never shrink, money is never forgotten, and the end is the same.
func TestMergeHasNoOrder(t *testing.T) {
	t.Parallel()
	life := []Seen{
		{State: Open}, {State: Processing}, {State: Authorized, Authorized: 500}, {State: Captured, Authorized: 500, Captured: 500},
		{State: Captured, Captured: 500, Refunded: 200}, {State: Captured, Captured: 500, Refunded: 500}, {}, {State: "unheard_of"},
		{State: Expired},
	}
	rapid.Check(t, func(t *rapid.T) {
		p := Payment{State: Created, Currency: "EUR", Amount: 500}
		for _, s := range rapid.Permutation(life).Draw(t, "order") {
			before := p
			s.Currency = "EUR"
			p.Merge(s)
			if p.Captured < before.Captured || before.State == Captured && p.State != Captured {
				t.Fatalf("%+v\nbecame by %+v\n%+v", before, s, p)
			}
		}
		if p.Merge(life[5]); p.State != Captured || p.Captured != 500 || p.Refunded != 500 {
			t.Fatalf("in the end: %+v", p)
		}
	})
}

func TestMergeRefusesOtherCurrencies(t *testing.T) {
	t.Parallel()
	p := Payment{State: Open, Currency: "EUR", Amount: 500}
	if !p.Merge(Seen{State: Captured, Currency: "USD", Captured: 500}) || p.Captured != 0 || p.State != Open || p.FailureCode != otherCurrency {
		t.Errorf("%+v", p)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	paid := Payment{Kind: Full, State: Captured, Captured: 500, Amount: 500}
	held := Payment{Kind: Full, State: Authorized, Authorized: 500, Amount: 500}
	with := func(p Payment, change func(s *Situation)) Situation {
		s := Situation{Payment: &p}
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		s    Situation
		want Decision
	}{
		"nothing paid":        {with(Payment{State: Open}, func(s *Situation) { s.Open = []string{Pay} }), Decision{}},
		"in time":             {with(paid, func(s *Situation) { s.Open = []string{Pay} }), Decision{Play: Pay}},
		"undecided":           {with(paid, func(s *Situation) { s.Pending = true }), Decision{}},
		"taken":               {with(paid, func(s *Situation) { s.Applied = true }), Decision{Honour: true}},
		"its time was taken":  {with(paid, func(s *Situation) { s.Applied, s.Elsewhere = true, true }), Decision{Refund: Late}},
		"late, free again":    {with(paid, func(s *Situation) { s.Open = []string{PayLate} }), Decision{Play: PayLate}},
		"late, by rule":       {with(paid, func(s *Situation) { s.Open, s.Late = []string{PayLate}, RefundLate }), Decision{Refund: Late}},
		"over":                {with(paid, func(*Situation) {}), Decision{Refund: Late}},
		"twice":               {with(paid, func(s *Situation) { s.Open, s.Paid = []string{Pay}, true }), Decision{Refund: Duplicate}},
		"refused once":        {with(paid, func(s *Situation) { s.Open, s.Payment.Refusals = []string{Pay}, 1 }), Decision{Play: Pay}},
		"refused often":       {with(paid, func(s *Situation) { s.Open, s.Payment.Refusals = []string{Pay}, 3 }), Decision{Refund: Late}},
		"held":                {with(held, func(s *Situation) { s.Open = []string{Authorize, Pay} }), Decision{Play: Authorize}},
		"held too late":       {with(held, func(s *Situation) { s.Open = []string{PayLate} }), Decision{Void: Late}},
		"held twice":          {with(held, func(s *Situation) { s.Paid = true }), Decision{Void: Duplicate}},
		"given back":          {with(paid, func(s *Situation) { s.Refunds = []*Refund{{Amount: 500, Reason: ByOwner}} }), Decision{}},
		"disputed":            {with(paid, func(s *Situation) { s.Disputed = true }), Decision{}},
		"honoured before":     {with(paid, func(s *Situation) { s.Honoured = true }), Decision{}},
		"the rest":            {with(paid, func(s *Situation) { s.Kind, s.Open = Balance, []string{PayBalance} }), Decision{Play: PayBalance}},
		"the rest, too late":  {with(paid, func(s *Situation) { s.Kind = Balance }), Decision{Refund: Late}},
		"the rest, twice":     {with(paid, func(s *Situation) { s.Kind, s.Paid = Balance, true }), Decision{Refund: Duplicate}},
		"the rest, first":     {with(paid, func(s *Situation) { s.Kind, s.Open = Balance, []string{Pay} }), Decision{Wait: true}},
		"a fee moves nothing": {with(paid, func(s *Situation) { s.Kind = Fee }), Decision{Honour: true}},
		"a refund that failed waits": {with(paid, func(s *Situation) {
			s.Refunds = []*Refund{{Amount: 500, State: RefundFailed, Reason: Late}}
		}), Decision{}},
		"another one failed": {with(paid, func(s *Situation) {
			s.Refunds = []*Refund{{Amount: 500, State: RefundFailed, Reason: ByOwner}}
		}), Decision{Refund: Late}},
	} {
		if got := Decide(c.s); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
