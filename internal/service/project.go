package service

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"holdfast/internal/catalogue"
)

// Project loads a project of an app and reads its rules. NotFound when the app has no such project.
func (s *Offers) Project(ctx context.Context, app, id uuid.UUID) (*Project, error) {
	p, err := s.db.Project(ctx, app, id)
	if err != nil {
		return nil, err
	}
	return s.reader.Project(p)
}

// UnfitForPages says why a project's times cannot be booked on a page of ours; "" when they can.
func UnfitForPages(p *catalogue.Project) string {
	switch graph, _, _ := strings.Cut(p.GraphName(), "@"); {
	case strings.HasPrefix(graph, "group_"):
		return "books sessions or their seats, which a page for visitors cannot"
	case graph == HoldGraph:
		return "makes holds, which end by themselves: a page for visitors makes bookings"
	}
	return ""
}
