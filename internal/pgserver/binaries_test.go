package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake makes a folder with programs that claim to be a version.
func fake(t *testing.T, dir, version string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Appendf(nil, "#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	places := []string{filepath.Join(root, "usr", "*", "bin")}
	old := fake(t, filepath.Join(root, "old"), "13.9")
	nine := fake(t, filepath.Join(root, "nine"), "9.6.24")
	onPath := fake(t, filepath.Join(root, "path"), "14.2 (Debian 14.2-1)")
	fifteen := fake(t, filepath.Join(root, "usr", "15", "bin"), "15.18")
	eighteen := fake(t, filepath.Join(root, "usr", "18", "bin"), "18beta1")
	empty := t.TempDir()

	cases := []struct {
		name   string
		env    map[string]string
		places []string
		major  int
		want   string   // the folder
		say    []string // parts of the error
	}{
		{name: "newest of the usual places", places: places, want: eighteen},
		{name: "PATH comes first", env: map[string]string{"PATH": empty + ":" + onPath}, places: places, want: onPath},
		{name: "too old on PATH", env: map[string]string{"PATH": old}, places: places, want: eighteen},
		{name: "PGBIN decides", env: map[string]string{"PGBIN": fifteen, "PATH": onPath}, places: places, want: fifteen},
		{name: "the version that made the data", env: map[string]string{"PATH": onPath}, places: places, major: 15, want: fifteen},
		{name: "the fallback comes last", env: map[string]string{fallbackEnv: eighteen, "PATH": onPath}, want: onPath},
		{name: "the fallback alone", env: map[string]string{fallbackEnv: eighteen, "PATH": empty}, want: eighteen},
		{name: "the fallback made the data", env: map[string]string{fallbackEnv: eighteen, "PATH": onPath}, major: 18, want: eighteen},
		{name: "nothing in the fallback", env: map[string]string{fallbackEnv: empty, "PATH": empty}, say: []string{"no PostgreSQL"}},
		{name: "the version that made the data is gone", places: places, major: 16,
			say: []string{"made by PostgreSQL 16", "15 in " + fifteen, "18 in " + eighteen}},
		{name: "nothing", env: map[string]string{"PATH": empty},
			say: []string{"no PostgreSQL", "apt-get install postgresql", "brew install postgresql@17", "PGBIN"}},
		{name: "only old ones", env: map[string]string{"PATH": old + ":" + nine},
			say: []string{"14 or newer", "13 in " + old, "9 in " + nine, "apt-get install postgresql"}},
		{name: "empty PGBIN", env: map[string]string{"PGBIN": empty}, places: places,
			say: []string{"PGBIN is set to " + empty, "no program initdb", "apt-get install postgresql"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := find(t.Context(), func(name string) string { return c.env[name] }, c.places, c.major)
			if c.say == nil {
				if err != nil || got.dir != c.want {
					t.Errorf("got %s, %v; want %s", got.dir, err, c.want)
				}
				return
			}
			for _, part := range c.say {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%v lacks %q", err, part)
				}
			}
		})
	}
}
