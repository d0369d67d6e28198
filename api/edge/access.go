package edge

import (
	"holdfast/internal/fault"
	"holdfast/internal/tenant"
)

// RequireKind reports whether the kind of the caller's credential is enough.
func (k *Call) RequireKind(need Access) error {
	switch {
	case k.Kind == tenant.ServerKey:
		return nil
	case k.Kind == tenant.ClientKey && need == RequireClient:
		return nil
	case k.Kind == tenant.ClientKey:
		return fault.Errorf(fault.Forbidden, "A client secret may not do this; use a server key.")
	case need == RequireKey:
		return nil
	case k.Kind == tenant.WidgetKey:
		return fault.Errorf(fault.Forbidden, "A widget key may not do this; use a server key.")
	case need == RequireResource:
		return nil
	}
	return fault.Errorf(fault.Forbidden, "A resource may not do this; use a server key.")
}
