// Package money holds payments against a provider that is not real: whatever is lost between the two, and in whatever order it happens,
// money and time agree in the end. Tests only.
package money
