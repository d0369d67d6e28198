package outbox

// Format is the shape of an endpoint's bodies.
type Format string

// The formats.
const (
	FormatTimekit    Format = "timekit"    // the booking, and x-timekit-signature
	FormatHoldfast   Format = "holdfast"   // {type, timestamp, data}, after Standard Webhooks
	FormatReserveKit Format = "reservekit" // {event_type, bookings, timestamp}
	FormatCronofy    Format = "cronofy"    // {notification, scheduling_request}: of scheduling requests only
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
}

// Formats are all of them, in the order of FormatLabels.
var Formats = formatsOf(FormatLabels)

func formatsOf(labels []formatLabel) (all []Format) {
	for _, one := range labels {
		all = append(all, one.Format)
	}
	return all
}

// FormatNames lists the formats for people: "a, b or c".
func FormatNames() string {
	text := ""
	for i, f := range Formats {
		switch {
		case i == len(Formats)-1:
			text += " or "
		case i > 0:
			text += ", "
		}
		text += string(f)
	}
	return text
}
