package graphs

// Replaced at the merge.
const (
	OfDue             = "due"
	OfBalance         = "balance"
	OfNoShowFee       = "no_show_fee"
	SharePolicy       = "policy"
	OpenPaymentEffect = "open_payment"
)
