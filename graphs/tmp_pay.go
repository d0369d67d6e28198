package graphs

// Replaced at the merge.
const (
	OfBalance   = "balance"
	OfNoShowFee = "no_show_fee"
	SharePolicy = "policy"
)
