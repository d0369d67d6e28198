package graphtest

import "holdfast/graphs"

// Calling returns a graph for tests of effects. Its first action, ask, has the effects, and leads to asked; from there an effect may play
// approve, decline and flag. note leads back to asked at once, and leave and back by way of away.
func Calling(effects ...graphs.Effect) *graphs.Graph {
	api, both := []graphs.Actor{graphs.ActorAPI}, []graphs.Actor{graphs.ActorAPI, graphs.ActorEffect}
	final := func(name string) graphs.State {
		return graphs.State{Name: name, Holds: graphs.HoldsNothing, Final: true}
	}
	return &graphs.Graph{
		Name: "calling", Version: 1, Description: "It asks.", Initial: "fresh", Start: "ask",
		States: []graphs.State{
			{Name: "fresh", Holds: graphs.HoldsNothing, Actions: []graphs.Action{
				{Name: "ask", To: "asked", By: api, OnConflict: graphs.ConflictRefuse, Effects: effects},
			}},
			{Name: "asked", Holds: graphs.HoldsSlot, Actions: []graphs.Action{
				{Name: "approve", To: "approved", By: both},
				{Name: "decline", To: "declined", By: both},
				{Name: "flag", To: "flagged", By: both},
				{Name: "note", To: "asked", By: api},
				{Name: "leave", To: "away", By: api},
				{Name: "reschedule_by_customer", To: "moved", By: api},
			}},
			{Name: "away", Holds: graphs.HoldsSlot, Actions: []graphs.Action{{Name: "back", To: "asked", By: api}}},
			{Name: "approved", Holds: graphs.HoldsSlot, Actions: []graphs.Action{{Name: "cancel", To: "cancelled", By: api}}},
			{Name: "flagged", Holds: graphs.HoldsSlot, Actions: []graphs.Action{{Name: "cancel", To: "cancelled", By: api}}},
			final("declined"), final("moved"), final("cancelled"), final(graphs.ErrorState),
		},
	}
}

// Call is an effect that asks an endpoint: yes approves, no declines, and giving up flags.
func Call(endpoint string) graphs.Effect {
	return graphs.Effect{Kind: graphs.CallEffect, Endpoint: endpoint, Then: "approve", Else: "decline", OnFailure: "flag"}
}
