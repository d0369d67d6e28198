package graphs

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	names := []string{"confirm_decline", "group_customer", "group_customer_payment", "group_owner", "instant", "instant_payment", "reservation"}
	var got []string
	for _, g := range All() {
		got = append(got, g.Name)
		latest, ok := Latest(g.Name)
		if !ok || latest != g {
			t.Errorf("Latest(%s) is %v, not the one of All", g.Name, latest)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("All has %v, want %v", got, names)
	}
	for _, g := range Published() {
		same, ok := Version(g.Name, g.Version)
		if !ok || same != g {
			t.Errorf("Version(%s, %d) is %v", g.Name, g.Version, same)
		}
		if latest, ok := Latest(g.Name); !ok || latest.Version < g.Version {
			t.Errorf("Latest(%s) is older than version %d", g.Name, g.Version)
		}
		if err := g.Validate(); err != nil {
			t.Errorf("%s@%d: %v", g.Name, g.Version, err)
		}
		if g.Description == "" {
			t.Errorf("%s@%d has no description", g.Name, g.Version)
		}
	}
}

func TestRegistryKnowsNoOthers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "nope", "Instant", "instant@1", "reservations"} {
		if g, ok := Latest(name); ok || g != nil {
			t.Errorf("Latest(%q) is %v", name, g)
		}
	}
	for _, version := range []int{-1, 0, 999} {
		if g, ok := Version("instant", version); ok || g != nil {
			t.Errorf("Version(instant, %d) is %v", version, g)
		}
	}
}

func TestPublishedHandsOutACopyOfTheList(t *testing.T) {
	t.Parallel()
	list := Published()
	list[0] = nil
	if Published()[0] == nil {
		t.Error("a caller changed the registry")
	}
}

// TestDataHasNoUnknownFields: a mistyped field would otherwise be dropped in silence.
func TestDataHasNoUnknownFields(t *testing.T) {
	t.Parallel()
	files, err := data.ReadDir("data")
	if err != nil || len(files) != len(Published()) {
		t.Fatalf("%d files, %d graphs, %v", len(files), len(Published()), err)
	}
	for _, file := range files {
		text, err := data.ReadFile("data/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&Graph{}); err != nil {
			t.Errorf("%s: %v", file.Name(), err)
		}
	}
}
