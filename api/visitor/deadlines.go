package visitor

import (
	"strconv"
	"time"

	"holdfast/graphs"
	"holdfast/internal/booking"
	"holdfast/internal/policy"
)

// mayMove reports whether the policy of a booking lets its customer move it.
func mayMove(b *booking.Booking, now time.Time) bool {
	return b.Rules().JudgeMove(b.Held(), now, b.Resource.Zone(), nil) == nil
}

// mayCancel reports whether the policy of a booking lets its customer play an action that ends it.
func mayCancel(b *booking.Booking, action string, now time.Time) bool {
	return b.RefusesAction(action, graphs.ActorCustomerLink, now, nil) == nil
}

// deadlineTexts say until when a booking can be cancelled and moved by its customer, with the moment in a zone, and what to do when it
// cannot any more. cancels and moves say whether the graph has the actions at all.
func deadlineTexts(b *booking.Booking, cancels, moves bool, now time.Time, zone *time.Location, app string) (texts []string) {
	rules, held := b.Rules(), b.Held()
	if until, ok := rules.CancelUntil(policy.Customer, held, b.Resource.Zone()); ok && cancels {
		texts = append(texts, untilText("cancelled", until, now, zone, app))
	}
	if !moves {
		return texts
	}
	until, ends := rules.MoveUntil(held, b.Resource.Zone())
	left, counted := rules.MovesLeft(held)
	switch {
	case counted && left == 0:
		texts = append(texts, "No other time can be chosen here. For another time, please ask "+theApp(app)+".")
	case ends:
		texts = append(texts, untilText("moved to another time", until, now, zone, app))
	}
	if counted && left > 0 && (!ends || !now.After(until)) {
		texts = append(texts, "It can be moved "+timesText(left)+" more.")
	}
	return texts
}

func untilText(what string, until, now time.Time, zone *time.Location, app string) string {
	if now.After(until) {
		return "It could be " + what + " here until " + momentText(until, zone) + ". Now please ask " + theApp(app) + "."
	}
	return "It can be " + what + " until " + momentText(until, zone) + "."
}

func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
