package money_test

import (
	"path/filepath"
	"testing"

	"holdfast/deployments/local/proofs"
)

// cases names, for each way in which money and time can part, the tests that show what happens: the file, the test, and what it has about
// the case where it has several. The numbers are those of the list that payments were built by; the words are its, too.
var cases = []struct {
	number int
	what   string
	proof  []string
}{
	{1, "paid in time", []string{stories + ": paid in time", settled + " TestMoneyMovesItsBooking", paidE2E + ": paid in time"}},
	{2, "paid at the last second, webhook after the timer", []string{
		stories + ": the webhook comes after the timer", "internal/postgres/bookings_paid_test.go TestMoneyInTheLastMoment",
		"workflows/paid_test.go TestPaidStories: paid in the last moment",
	}},
	{3, "paid after the release, free", []string{stories + ": late, and the time is free"}},
	{4, "paid after the release, taken", []string{stories + ": late, and the time is taken"}},
	{5, "two late payers, one slot", []string{stories + ": two pay late for one time"}},
	{6, "the end is refused, as it is paid", []string{
		stories + ": the provider refuses to end what is paid", stripeTests + " TestStripeExpireLosesToAPayment",
	}},
	{7, "the end times out", []string{
		stories + ": ending times out", stripeTests + " TestStripeExpireTimesOut",
		"workflows/paid_test.go TestPaidStories: never paid, and the provider never answers",
	}},
	{8, "the customer cancels while paying", []string{
		stories + ": given up while the customer pays", paidE2E + ": paid while it is given up",
	}},
	{9, "the owner cancels during the capture", []string{stories + ": cancelled by the owner during the capture"}},
	{10, "one event fifty times in parallel", []string{
		settled + " TestProvidersRepeatThemselves", stripeTests + " TestStripeWebhooksComeInAnyWay",
	}},
	{11, "succeeded before completed", []string{
		stripeTests + " TestStripeWebhooksComeInAnyWay", "internal/payment/payment_test.go TestMergeHasNoOrder",
	}},
	{12, "refund.updated before refund.created", []string{stripeTests + " TestStripeRefundIsUpdatedBeforeItIsCreated"}},
	{13, "an unknown event", []string{
		"internal/payment/stripe/webhook_test.go TestNotices: unknown type", "api/payment_accounts_test.go TestPaymentWebhooks: P-unknown",
	}},
	{14, "a bad signature, secret or time", []string{
		"internal/payment/stripe/webhook_test.go TestSignatures", "api/payment_accounts_test.go TestPaymentWebhooks",
		"internal/payment/signed/signed_test.go TestVerify",
	}},
	{15, "a rolled secret", []string{stripeTests + " TestStripeSecretsRoll"}},
	{16, "an event of another account or app", []string{
		stripeTests + " TestStripeAccountsAreApart", settled + " TestProviderEvents: another account",
	}},
	{17, "a webhook before the provider's name is on record", []string{
		stories + ": the webhook comes before the record has the provider's name", settled + " TestProviderEvents: by id",
	}},
	{18, "no webhook ever", []string{stories + ": no webhook ever", settled + " TestWatchedPayments"}},
	{19, "back on the page before the webhook", []string{paidE2E + ": the webhook never comes"}},
	{20, "Postgres away", []string{
		"deployments/local/e2e/outage_test.go TestWithoutPostgresNothingIsAccepted: payment_webhooks",
		stripeTests + " TestStripeWebhooksAreRepeated",
	}},
	{21, "a time-out after the provider did it", []string{stripeTests + " TestStripeOpenTimesOut"}},
	{22, "a crash between row and call", []string{stories + ": killed around each call", agreement}},
	{23, "kill -9 between call and row", []string{
		stories + ": killed around each call", agreement, "deployments/local/e2e/payments_kill_test.go TestKillNineAroundPayments",
	}},
	{24, "a twin is under way", []string{stories + ": the provider is busy", stripeTests + " TestStripeIsBusy"}},
	{25, "429 and 500", []string{stories + ": the provider is busy", stripeTests + " TestStripeIsBusy"}},
	{26, "the key is revoked", []string{stories + ": the key of the account is revoked", stripeTests + " TestStripeKeyIsRevoked"}},
	{27, "confirmed", []string{stories + ": confirmed"}},
	{28, "declined", []string{stories + ": declined, or not decided"}},
	{29, "no decision", []string{
		stories + ": declined, or not decided", "workflows/paid_test.go TestPaidStories: authorized, and nobody answers",
	}},
	{30, "the authorization is gone before the capture", []string{
		stories + ": the authorization ends before the capture", stripeTests + " TestStripeAuthorizationEnds",
	}},
	{31, "less is captured than is held", []string{"deployments/local/conformance/payments_test.go captures: 1000,"}},
	{32, "each step of a policy at its second", []string{
		"internal/payment/payment_test.go TestRefundDue", "internal/payment/document_test.go TestPaymentsPage",
	}},
	{33, "partial refunds add up", []string{
		settled + " TestRefundsAskedFor", "deployments/local/conformance/payments_test.go refunds: more than is left",
	}},
	{34, "a refund pends, fails, and is tried again", []string{
		stories + ": a refund fails and is taken up again", settled + " TestRefundsThatFail", stripeTests + " TestStripeRefundFails",
	}},
	{35, "a dispute is open", []string{
		stories + ": cancelled while the bank disputes", settled + " TestRefundsAskedFor: disputed", stripeTests + " TestStripeDisputes",
	}},
	{36, "a fee above what was captured", []string{stories + ": a fee above what was paid", "internal/payment/payment_test.go TestRefundDue"}},
	{37, "nothing to pay", []string{stories + ": nothing to pay", "workflows/paid_test.go TestPaidStories: nothing to pay"}},
	{38, "currencies", []string{
		"internal/payment/payment_test.go TestExponents", "internal/payment/stripe/money_test.go TestAmountsOfEveryCurrency",
		stripeTests + " TestStripeCurrencies",
	}},
	{39, "parts add up", []string{"internal/payment/payment_test.go TestSplit", "internal/payment/payment_test.go TestPercent"}},
	{40, "a refund in another currency", []string{
		"api/payments_test.go TestPaymentsByHand: \"currency\":\"USD\"", "internal/payment/payment_test.go TestMergeRefusesOtherCurrencies",
	}},
	{41, "the last seat, two payers", []string{seatTests + " TestTwoPayLateForTheLastSeat"}},
	{42, "a session is cancelled, the provider goes down half-way", []string{seatTests + " TestASessionIsCancelledWithAHundredPaidSeats"}},
	{43, "a party of four, one leaves", []string{
		"deployments/local/money/together_test.go TestOnePaysForAPartyOfFour: one leaves, by its policy",
		"deployments/local/money/together_test.go TestPartsAndSeatsAgree", "deployments/local/e2e/payments_together_test.go TestPayTogether",
	}},
	{44, "no card, name or address in Temporal, logs, problem documents", []string{
		"deployments/local/e2e/privacy_test.go TestNothingPersonalLeavesTheRecord: zq7canarypay", stripeTests + " TestStripeHasNoPersonalData",
		"internal/payment/stripe/calls_test.go TestNothingOfTheNetworkIsSaid",
	}},
	{45, "an erased booking keeps its sums", []string{settled + " TestPaymentsOutliveTheirBooking"}},
	{46, "old histories replay", []string{"workflows/replay_test.go TestOldHistoriesReplay"}},
	{47, "one contract for all adapters", []string{
		"deployments/local/conformance/payments_test.go TestPaymentProviders",
		"deployments/local/conformance/payments_mock_test.go TestStripeRequestsAreWellFormed",
		"deployments/local/conformance/payments_http_test.go programDesk",
	}},
}

const (
	stories     = "deployments/local/money/stories_test.go TestStories"
	agreement   = "deployments/local/money/agreement_test.go TestMoneyAndTimeAgree"
	seatTests   = "deployments/local/money/seats_test.go"
	settled     = "internal/postgres/payments_settle_test.go"
	stripeTests = "deployments/local/conformance/payments_stripe_test.go"
	paidE2E     = "deployments/local/e2e/payments_test.go TestPayments"
)

// TestEveryCaseHasItsTest: what the table names is there.
func TestEveryCaseHasItsTest(t *testing.T) {
	t.Parallel()
	for i, c := range cases {
		if c.number != i+1 {
			t.Errorf("case %d stands at %d", c.number, i+1)
		}
		if len(c.proof) == 0 {
			t.Errorf("case %d, %s: nothing shows it", c.number, c.what)
		}
		for _, proof := range c.proof {
			if !proofs.Stand(filepath.Join("..", "..", ".."), proof) {
				t.Errorf("case %d, %s: there is no %s", c.number, c.what, proof)
			}
		}
	}
	if len(cases) != 47 {
		t.Errorf("%d cases, want 47", len(cases))
	}
}
