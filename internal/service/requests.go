package service

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/google/uuid"

	"holdfast/internal/apps"
	"holdfast/internal/booking"
)

// NewRequest makes a scheduling request with names of its own.
func NewRequest(id, app uuid.UUID) *booking.SchedulingRequest {
	name := make([]byte, 12)
	_, _ = rand.Read(name) // never fails: crypto/rand ends the program instead
	return &booking.SchedulingRequest{
		ID: id, AppID: app, Name: "srq_" + hex.EncodeToString(name), Code: apps.Code(), Metadata: map[string]string{},
	}
}

// What a scheduling request has unless it says otherwise, and how long a value may be that comes with a visitor, as Cronofy has it.
const (
	UsualHorizon = 14  // days
	MaxParameter = 128 // characters
)
