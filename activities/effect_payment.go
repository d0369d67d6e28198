package activities

import (
	"context"

	"holdfast/internal/effect"
)

// payment carries out an effect on payments.
func (p performer) payment(context.Context, *effect.Effect) (attempted, error) {
	return attempted{code: codeUnknownKind, message: "No worker of this release carries out such an effect."}, nil
}
