package graphs

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	want := []string{
		"confirm_decline@1", "confirm_decline@2", "group_customer@1", "group_customer@2", "group_customer_payment@1", "group_customer_payment@2",
		"group_owner@1", "group_owner@2", "instant@1", "instant@2", "instant_payment@1", "instant_payment@2", "paid_booking@1", "paid_seat@1",
		"request@1", "reservation@1",
	}
	var got []string
	for _, g := range Published() {
		got = append(got, g.Ref())
		same, ok := Version(g.Name, g.Version)
		if !ok || same != g {
			t.Errorf("Version(%s, %d) is %v", g.Name, g.Version, same)
		}
		if err := g.Validate(); err != nil {
			t.Errorf("%s: %v", g.Ref(), err)
		}
		if g.Description == "" {
			t.Errorf("%s has no description", g.Ref())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Published has %v, want %v", got, want)
	}
}

// TestNamesOfGraphs: a bare name means the first version unless the app says otherwise, whatever is published since.
func TestNamesOfGraphs(t *testing.T) {
	t.Parallel()
	chosen := map[string]int{"instant": 2, "request": 9}
	for _, c := range []struct {
		text     string
		defaults map[string]int
		want     string
	}{
		{"instant", nil, "instant@1"},
		{"instant", chosen, "instant@2"},
		{"instant@1", chosen, "instant@1"},
		{"instant@2", nil, "instant@2"},
		{"confirm_decline", chosen, "confirm_decline@1"},
		{"request", nil, "request@1"},
		{"request", chosen, ""},
		{"instant@3", nil, ""}, {"instant@", nil, ""}, {"instant@0", nil, ""}, {"instant@-1", nil, ""}, {"instant@02", nil, ""},
		{"instant@+2", nil, ""}, {"instant@2@2", nil, ""}, {"instant@two", nil, ""}, {"@1", nil, ""}, {"", nil, ""}, {"nope", nil, ""},
		{"Instant@2", nil, ""}, {"instant @2", nil, ""},
	} {
		g, ok := Named(c.text, c.defaults)
		if ok != (c.want != "") || ok && g.Ref() != c.want {
			t.Errorf("Named(%q, %v) is %v, want %q", c.text, c.defaults, g, c.want)
		}
	}
}

func TestRegistryKnowsNoOthers(t *testing.T) {
	t.Parallel()
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
