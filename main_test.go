package main

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// TestEveryCommandHasHelp asks in each way for help with each command that the usage names, and starts nothing.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	for command, want := range about {
		if !strings.Contains(usage, "\n  "+command) {
			t.Errorf("the usage does not name %s", command)
		}
		for _, args := range [][]string{
			{command, "--help"}, {command, "-h"}, {command, "help"}, {"help", command}, {"--help", command}, {command, "x", "--help"},
		} {
			if got, err := said(t, args...); got != want || err != nil {
				t.Errorf("%v: %v, %q", args, err, got)
			}
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"help", "me"}} {
		if got, err := said(t, args...); got != usage || err != nil {
			t.Errorf("%v: %v, %q", args, err, got)
		}
	}
}

func TestCommandsRefuse(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`unknown command "serve"`: {"serve"}, `unknown command "-v"`: {"-v"}, `what is "--port=80"?`: {"api", "--port=80"},
		`what is "now"?`: {"migrate", "now"}, `what is "-v"?`: {"version", "-v"},
	} {
		if got, err := said(t, args...); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "usage: holdfast") || got != "" {
			t.Errorf("%v: %v, %q", args, err, got)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got, err := said(t, "version")
	if err != nil || !strings.HasPrefix(got, "holdfast ") || !strings.HasSuffix(got, runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestComposeCommands runs each command of deployments/compose.yaml without a database: the program knows it, with these arguments, and
// gets as far as its settings, which it says are missing. Any other error, of an unknown command or of arguments, fails.
func TestComposeCommands(t *testing.T) {
	const required = "HOLDFAST_DATABASE_URL"
	t.Setenv(required, "") // as if it were not set
	text, err := os.ReadFile("deployments/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var composition struct {
		Services map[string]struct {
			Build   any // set: the image is ours
			Command []string
		}
	}
	if err := yaml.Unmarshal(text, &composition); err != nil {
		t.Fatal(err)
	}
	var commands []string
	for name, service := range composition.Services {
		if service.Build == nil {
			continue
		}
		commands = append(commands, service.Command...)
		if _, err := said(t, service.Command...); err == nil || !strings.Contains(err.Error(), required+" is missing") {
			t.Errorf("%s: holdfast %s: %v", name, strings.Join(service.Command, " "), err)
		}
	}
	slices.Sort(commands)
	if want := []string{"api", "migrate", "worker"}; !slices.Equal(commands, want) {
		t.Errorf("compose runs %v, want %v", commands, want)
	}
}
