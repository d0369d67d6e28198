package pgserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 14

// fallbackEnv names the folder of a PostgreSQL that was installed for Holdfast alone. It is looked at last, so that data
// made with the machine's own PostgreSQL stays with that.
const fallbackEnv = "PGBIN_FALLBACK"

const howToInstall = "install PostgreSQL, for example with `apt-get install postgresql` (Debian, Ubuntu) or " +
	"`brew install postgresql@17` (macOS), or set PGBIN to the folder that holds initdb and postgres"

// usualPlaces are where packages put the server's programs without adding them to PATH.
var usualPlaces = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // packages of the PostgreSQL project for Red Hat, Fedora, …
	"/usr/libexec/postgresql*",          // Alpine
	"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is a folder with the programs of one PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) program(name string) string { return filepath.Join(b.dir, name) }

// find picks the PostgreSQL to use: the folder PGBIN and nothing else when that is set, else the first on PATH, else the
// newest in places (file patterns), else the folder PGBIN_FALLBACK. major restricts it to that version, because a cluster can be
// opened only by the version that made it; 0 means any that is new enough.
func find(ctx context.Context, getenv func(string) string, places []string, major int) (binaries, error) {
	if dir := getenv("PGBIN"); dir != "" {
		found, err := inspect(ctx, dir)
		if err != nil {
			return binaries{}, fmt.Errorf("PGBIN is set to %s, but %w: %s", dir, err, howToInstall)
		}
		return choose([]binaries{found}, major)
	}
	found := inspectAll(ctx, filepath.SplitList(getenv("PATH")))
	var usual []string
	for _, pattern := range places {
		dirs, _ := filepath.Glob(pattern) // the patterns are ours, and well-formed
		usual = append(usual, dirs...)
	}
	inUsual := inspectAll(ctx, usual)
	slices.SortStableFunc(inUsual, func(a, b binaries) int { return cmp.Compare(b.major, a.major) })
	found = append(found, inUsual...)
	if dir := getenv(fallbackEnv); dir != "" {
		found = append(found, inspectAll(ctx, []string{dir})...)
	}
	return choose(found, major)
}

func choose(found []binaries, major int) (binaries, error) {
	var seen []string
	for _, b := range found {
		if b.major == major || major == 0 && b.major >= oldestMajor {
			return b, nil
		}
		seen = append(seen, fmt.Sprintf("%d in %s", b.major, b.dir))
	}
	switch {
	case len(found) == 0 && major == 0:
		return binaries{}, errors.New("no PostgreSQL on this machine: " + howToInstall)
	case major == 0:
		return binaries{}, fmt.Errorf("PostgreSQL %d or newer is needed, found only %s: %s",
			oldestMajor, strings.Join(seen, ", "), howToInstall)
	default:
		return binaries{}, fmt.Errorf("the data was made by PostgreSQL %d, which is not on this machine (found: %s): "+
			"install that version, or use another data folder", major, cmp.Or(strings.Join(seen, ", "), "none"))
	}
}

func inspectAll(ctx context.Context, dirs []string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		if b, err := inspect(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	return found
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect asks the programs in dir for their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{dir: dir}
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(b.program(name)); err != nil || info.Mode()&0o111 == 0 {
			return binaries{}, fmt.Errorf("there is no program %s in it", name)
		}
	}
	out, err := exec.CommandContext(ctx, b.program("postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("its postgres does not run: %w", err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("its postgres is an unknown version: %q", out)
	}
	b.major, err = strconv.Atoi(string(match[1]))
	return b, err
}
