package edge

import "holdfast/internal/booking"

// RequireKind tells whether the kind of the caller's credential is enough.
func (k *Call) RequireKind(need Access) error {
	switch {
	case k.Kind == booking.ServerKey:
		return nil
	case k.Kind == booking.ClientKey && need == RequireClient:
		return nil
	case k.Kind == booking.ClientKey:
		return booking.Errorf(booking.Forbidden, "A client secret may not do this; use a server key.")
	case need == RequireKey:
		return nil
	case k.Kind == booking.WidgetKey:
		return booking.Errorf(booking.Forbidden, "A widget key may not do this; use a server key.")
	case need == RequireResource:
		return nil
	}
	return booking.Errorf(booking.Forbidden, "A resource may not do this; use a server key.")
}
