package temporal

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// httpIsOff begins a warning about what is so on purpose: clients speak gRPC, and a port less is open.
const httpIsOff = "HTTP API port has not been set"

// news decides what of the server's log is worth reading. While the server starts and stops, its parts complain that
// others are not there; that matters only when the start fails.
type news struct {
	to    *slog.Logger
	mu    sync.Mutex
	phase phase
	held  []record
}

type phase int

const (
	starting phase = iota // records are held back
	running               // records pass
	stopping              // records are dropped
)

type record struct {
	level      slog.Level
	message    string
	attributes []slog.Attr
}

func (n *news) handle(r record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch n.phase {
	case starting:
		n.held = append(n.held, r)
	case running:
		n.tell(r)
	case stopping: // no news any more
	}
}

func (n *news) tell(r record) {
	n.to.LogAttrs(context.Background(), r.level, r.message, r.attributes...)
}

// enter begins a phase, and forgets what was held back.
func (n *news) enter(p phase) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.phase, n.held = p, nil
}

// release writes what was held back: the start has failed, and this may be why.
func (n *news) release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.held {
		n.tell(r)
	}
	n.held = nil
}

// logger passes warnings and errors of the server on. The tags are turned into attributes only when there is something
// to say, because the server makes a logger for every request.
type logger struct {
	news *news
	tags []tag.Tag
}

var _ interface {
	log.Logger
	log.WithLogger
} = logger{}

func (l logger) With(tags ...tag.Tag) log.Logger {
	l.tags = append(slices.Clip(l.tags), tags...)
	return l
}

func (logger) Debug(string, ...tag.Tag) {}
func (logger) Info(string, ...tag.Tag)  {}

func (l logger) Warn(message string, tags ...tag.Tag)   { l.say(slog.LevelWarn, message, tags) }
func (l logger) Error(message string, tags ...tag.Tag)  { l.say(slog.LevelError, message, tags) }
func (l logger) DPanic(message string, tags ...tag.Tag) { l.say(slog.LevelError, message, tags) }

// Panic and Fatal must not return, by contract.
func (l logger) Panic(message string, tags ...tag.Tag) { l.die(message, tags) }
func (l logger) Fatal(message string, tags ...tag.Tag) { l.die(message, tags) }

func (l logger) die(message string, tags []tag.Tag) {
	l.say(slog.LevelError, message, tags)
	l.news.release()
	panic("temporal server: " + message)
}

func (l logger) say(level slog.Level, message string, tags []tag.Tag) {
	if strings.HasPrefix(message, httpIsOff) {
		return
	}
	r := record{level: level, message: message}
	for _, t := range slices.Concat(l.tags, tags) {
		r.attributes = append(r.attributes, slog.Any(t.Key(), t.Value()))
	}
	l.news.handle(r)
}
