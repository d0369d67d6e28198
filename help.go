package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
)

const usage = `usage: holdfast COMMAND

  api                    answer HTTP
  worker                 walk bookings and send webhooks
  migrate                bring the database up to date
  graph                  list the graphs
  graph NAME [FORM]      print a graph: json (default), mmd or svg
  graph check FILE       say what is wrong with a graph in a JSON file
  graph draw FILE [FORM] draw it: svg (default) or mmd
  graph diff OLD NEW     say what differs between two graphs
  graph publish FILE     publish it as a graph of an app's own, on a running server
  version                print what this program was built of
  help [COMMAND]         print this, or more about a command; so does COMMAND --help

Settings come from HOLDFAST_… variables: see README.md.
`

// about is more about each command.
var about = map[string]string{ //nolint:gosec // the passwords in it are the word "password"
	"api": `usage: holdfast api

Answers HTTP: the API, the pages for visitors, and the portal. Any number of them can run. It needs a migrated Postgres to
start, and Temporal to carry out what it accepts.

  HOLDFAST_DATABASE_URL        required: postgres://user:password@host:5432/database
  HOLDFAST_SECRET_KEY          required: 32 bytes as hex or base64, the same for all processes; openssl rand -hex 32
  HOLDFAST_HTTP_ADDR           where it listens; 127.0.0.1:8080 unless set
  HOLDFAST_PUBLIC_URL          where customers reach it
  HOLDFAST_ADMIN_KEY           opens /v2/apps, where tenants are made, and /metrics
  HOLDFAST_METRICS_ADDR        where it shows its metrics without a key
  HOLDFAST_TEMPORAL_ADDRESS    127.0.0.1:7233 unless set
  HOLDFAST_TEMPORAL_NAMESPACE  default, unless set

All settings are in README.md and internal/config/config.go. /healthz answers while the process lives, /readyz while Postgres
does.
`,
	"worker": `usage: holdfast worker

Walks bookings and sends webhooks. Any number of them can run. It needs a migrated Postgres and a Temporal that has the
namespace; for Temporal it waits half a minute.

  HOLDFAST_DATABASE_URL, HOLDFAST_SECRET_KEY, HOLDFAST_TEMPORAL_ADDRESS, HOLDFAST_TEMPORAL_NAMESPACE
                               as of holdfast api
  HOLDFAST_METRICS_ADDR        where it shows its metrics

All settings are in README.md and internal/config/config.go.
`,
	"migrate": `usage: holdfast migrate

Brings the database up to date, and says how many migrations that took. Run it once per release, before the processes of the
release start. Several at once are safe.

  HOLDFAST_DATABASE_URL        required: postgres://user:password@host:5432/database
`,
	"graph": `usage: holdfast graph
       holdfast graph NAME [json|mmd|svg]
       holdfast graph check FILE
       holdfast graph draw FILE|NAME [svg|mmd]
       holdfast graph diff OLD NEW
       holdfast graph publish FILE [--url URL]

Lists the graphs, or prints one. check says what is wrong with a graph in a JSON file: one line for each fault, with its place
in the file, such as states[3].actions[1].to. The bounds are those of an app's own graphs. For a valid graph it prints the
SHA-256 that all texts of this graph have. draw draws a graph. diff says in words what differs between two graphs, which are
files or names of built-in graphs, such as instant@1; of the same graphs it says nothing. None of these needs settings.

publish saves the graph as a draft of an app on a running server, and publishes it. It prints the version that the graph is,
such as viewing@2: a new one, or the one that has the same graph already. The faults of a graph are printed as check prints
them, and the server keeps the draft.

  HOLDFAST_API_KEY             required: a server key of the app. It is never an argument, since every user of a machine
                               sees the arguments of its processes
  HOLDFAST_BASE_URL            where the server is, unless --url says so; http://127.0.0.1:8080 unless set
`,
	"version": `usage: holdfast version

Prints what this program was built of.
`,
}

// asksForHelp returns the text that the arguments ask for: "help", "help COMMAND", "COMMAND --help" and their like.
func asksForHelp(args []string) (string, bool) {
	asks := []string{"help", "-h", "-help", "--help"}
	if slices.Contains(asks, args[0]) {
		if len(args) > 1 && about[args[1]] != "" {
			return about[args[1]], true
		}
		return usage, true
	}
	if about[args[0]] != "" && slices.ContainsFunc(args[1:], func(arg string) bool { return slices.Contains(asks, arg) }) {
		return about[args[0]], true
	}
	return "", false
}

// version says what the program was built of: the module's version, the commit when the build knew it, and the compiler.
func version() string {
	release, commit := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			release = info.Main.Version
		}
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = " commit " + setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("holdfast %s%s %s %s/%s\n", release, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
