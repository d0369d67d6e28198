package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast/graphs"
	"holdfast/graphs/definition"
	"holdfast/graphs/drawing"
)

// graph carries out the command of that name.
func graph(args []string, out io.Writer) error {
	switch {
	case len(args) == 0:
		return listGraphs(out)
	case args[0] == "check" && len(args) == 2:
		return checkGraph(args[1], out)
	case args[0] == "draw" && (len(args) == 2 || len(args) == 3):
		return drawGraph(args[1], argument(args, 2, "svg"), out)
	case args[0] == "diff" && len(args) == 3:
		return diffGraphs(args[1], args[2], out)
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
