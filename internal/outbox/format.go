package outbox

// Format is the shape of an endpoint's bodies.
type Format string

// The formats.
const (
	FormatTimekit    Format = "timekit"    // the booking, and x-timekit-signature
	FormatHoldfast   Format = "holdfast"   // {type, timestamp, data}, after Standard Webhooks
	FormatReserveKit Format = "reservekit" // {event_type, bookings, timestamp}
	FormatCronofy    Format = "cronofy"    // {notification, scheduling_request}: of scheduling requests only

	// FormatSMS is {to, text, booking_id, kind, dedupe_id}, for a gateway: an event becomes a text message for each customer. It shows no
	// event, so it is none of Formats.
	FormatSMS Format = "sms"
)

// formatLabel is a format as it is offered to people.
type formatLabel struct {
	Format Format
	Name   string
	Hint   string // what its bodies have
}

// FormatLabels are all formats, in the order in which they are offered.
var FormatLabels = []formatLabel{
	{FormatTimekit, "Timekit", "the booking itself, also signed with x-timekit-signature"},
	{FormatHoldfast, "Holdfast", "type, timestamp and data, after Standard Webhooks"},
	{FormatReserveKit, "ReserveKit", "event_type, bookings and timestamp"},
	{FormatCronofy, "Cronofy", "notification and scheduling_request; of public links only"},
	{FormatSMS, "SMS gateway", "to and text: a text message for each customer who agrees to them"},
}

// Formats are those that show an event, in the order of FormatLabels.
var Formats = formatsOf(FormatLabels)

func formatsOf(labels []formatLabel) (all []Format) {
	for _, one := range labels {
		if one.Format != FormatSMS {
			all = append(all, one.Format)
		}
	}
	return all
}
