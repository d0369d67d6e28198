package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/drawing"
	"holdfast/internal/config"
)

// graph carries out the command of that name.
func graph(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 0:
		return listGraphs(out)
	case args[0] == "check" && len(args) == 2:
		return checkGraph(args[1], out)
	case args[0] == "draw" && (len(args) == 2 || len(args) == 3):
		return drawGraph(args[1], argument(args, 2, "svg"), out)
	case args[0] == "diff" && len(args) == 3:
		return diffGraphs(args[1], args[2], out)
	case args[0] == "publish" && len(args) > 1:
		return publishGraph(ctx, args[1:], out)
	case len(args) > 2:
		return fmt.Errorf("so what is %q?\n\n%s", args[2], about["graph"])
	}
	g, ok := graphs.Named(args[0], nil)
	if !ok {
		return fmt.Errorf("there is no graph %q\n\n%s", args[0], about["graph"])
	}
	return printGraph(g, argument(args, 1, "json"), out)
}

// argument returns one of some arguments, or another text where there are fewer.
func argument(args []string, i int, otherwise string) string {
	if i < len(args) {
		return args[i]
	}
	return otherwise
}

func listGraphs(out io.Writer) error {
	for _, g := range graphs.Published() {
		if _, err := fmt.Fprintf(out, "%-24s version %d  %s\n", g.Name, g.Version, g.Description); err != nil {
			return err
		}
	}
	return nil
}

// printGraph prints a graph in one of its forms.
func printGraph(g *graphs.Graph, form string, out io.Writer) error {
	var text string
	switch form {
	case "json":
		body, err := json.MarshalIndent(g, "", "  ")
		if err != nil {
			return err
		}
		text = string(body) + "\n"
	case "mmd":
		text = drawing.Mermaid(g)
	case "svg":
		text = drawing.SVG(g)
	default:
		return fmt.Errorf("a graph prints as json, mmd or svg, not %q", form)
	}
	_, err := io.WriteString(out, text)
	return err
}

// checkGraph says whether a file has a graph that is valid, also as an app's own. The error has one line for each fault, with its place.
func checkGraph(file string, out io.Writer) error {
	g, err := loadGraph(file, func(text []byte) (*graphs.Graph, []graphs.Fault) { return definition.CheckOwn(text, nil) })
	if err != nil {
		return err
	}
	digest, err := definition.Digest(g)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s version %d is a valid graph\nsha256 %s\n", g.Name, g.Version, digest)
	return err
}

func drawGraph(name, form string, out io.Writer) error {
	g, err := findGraph(name)
	if err != nil {
		return err
	}
	if form == "json" {
		return errors.New("a drawing is mmd or svg")
	}
	return printGraph(g, form, out)
}

// diffGraphs says in words what differs between two graphs; nothing if they are the same.
func diffGraphs(before, after string, out io.Writer) error {
	old, err := findGraph(before)
	if err != nil {
		return err
	}
	g, err := findGraph(after)
	if err != nil {
		return err
	}
	lines, err := definition.Diff(old, g)
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return err
}

// findGraph returns the built-in graph of that name, or else the graph in the file of that name.
func findGraph(name string) (*graphs.Graph, error) {
	if g, ok := graphs.Named(name, nil); ok {
		return g, nil
	}
	return loadGraph(name, definition.Parse)
}

// loadGraph reads a graph from a file. The error has all its faults.
func loadGraph(file string, read func(text []byte) (*graphs.Graph, []graphs.Fault)) (*graphs.Graph, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g, faults := read(text)
	var all []error
	for _, fault := range faults {
		all = append(all, fault)
	}
	return g, errors.Join(all...)
}

// publishGraph saves the graph in a file as a draft of a running server and publishes it there. It prints the version that the graph is.
// The error of a faulty graph has one line for each fault, with its place; the server keeps such a draft.
func publishGraph(ctx context.Context, args []string, out io.Writer) error {
	file, address, err := publishArguments(args)
	if err != nil {
		return err
	}
	settings, err := config.ClientFromEnvironment()
	if err != nil {
		return err
	}
	s := remote{cmp.Or(address, settings.BaseURL), settings.APIKey}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var draft struct {
		Name   string       `json:"name"`
		Faults []placedText `json:"faults"`
	}
	if err := s.post(ctx, "/v2/graphs", text, &draft); err != nil {
		return err
	}
	if len(draft.Faults) > 0 {
		return errors.Join(asErrors(draft.Faults)...)
	}
	var published struct {
		Graph string `json:"graph"`
	}
	if err := s.post(ctx, "/v2/graphs/"+url.PathEscape(draft.Name)+"/publish", nil, &published); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, published.Graph)
	return err
}

// publishArguments reads the file and --url, in any order. The address is empty if it is not given.
func publishArguments(args []string) (file, address string, err error) {
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&address, "url", "", "")
	var files []string
	for err = flags.Parse(args); err == nil && flags.NArg() > 0; err = flags.Parse(flags.Args()[1:]) {
		files = append(files, flags.Arg(0))
	}
	switch {
	case err != nil:
		return "", "", fmt.Errorf("%w\n\n%s", err, about["graph"])
	case len(files) != 1:
		return "", "", fmt.Errorf("publish takes one file, not %d\n\n%s", len(files), about["graph"])
	}
	return files[0], address, nil
}

// remote is a running server, and the server key of an app there.
type remote struct {
	base string
	key  config.Secret
}

// placedText is a fault with its place, which may be empty.
type placedText struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

func asErrors(faults []placedText) (all []error) {
	for _, f := range faults {
		all = append(all, errors.New(strings.TrimPrefix(f.Path+": "+f.Message, ": ")))
	}
	return all
}

// post sends a body and reads what the answer has in data. A redirection is not followed: it would carry the key elsewhere.
func (s remote) post(ctx context.Context, path string, body []byte, data any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("", string(s.key))
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := stay.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 8<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusCreated {
		return refusalOf(answer.Status, text)
	}
	return json.Unmarshal(text, &struct {
		Data any `json:"data"`
	}{data})
}

// refusalOf returns a problem document as an error: its faults with their places or, if it has none, its detail.
func refusalOf(status string, text []byte) error {
	var problem struct {
		Detail string              `json:"detail"`
		Errors map[string][]string `json:"errors"`
	}
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		return fmt.Errorf("the server answered %s", status)
	}
	var faults []placedText
	for _, path := range slices.Sorted(maps.Keys(problem.Errors)) {
		for _, message := range problem.Errors[path] {
			faults = append(faults, placedText{path, message})
		}
	}
	if len(faults) == 0 {
		return fmt.Errorf("%s: %s", status, problem.Detail)
	}
	return errors.Join(asErrors(faults)...)
}
