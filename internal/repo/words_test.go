package repo

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// banned are words that comments and documents do without. They make a person of a thing (an endpoint does not hear, a function does not know), or
// make a reader look for what "whoever" is. Behind each stands what to write.
var banned = map[string]string{
	"hear": "receive", "hears": "receives", "heard": "received",
	"tell": "return, report or say", "tells": "returns, reports or says", "told": "returned, reported or given",
	"know": "have or import", "knows": "has or imports",
	"wants": "needs or requires", "whoever": "the caller, the reader, …", "whomever": "the caller, …",
}

var anyWord = regexp.MustCompile(`[A-Za-z]+`)

// TestCommentsArePlain refuses the banned words in comments. Tests are left out.
func TestCommentsArePlain(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, group := range s.file.Comments {
			for _, word := range anyWord.FindAllString(group.Text(), -1) {
				instead := banned[strings.ToLower(word)]
				if instead == "" {
					continue
				}
				t.Errorf("%s: %q in a comment; write %s", s.path, word, instead)
			}
		}
	}
}

// TestDocumentsArePlain refuses the banned words in documents, but for their blocks of code.
func TestDocumentsArePlain(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		code := false
		for i, line := range strings.Split(read(t, file), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				code = !code
			}
			for _, word := range anyWord.FindAllString(line, -1) {
				if instead := banned[strings.ToLower(word)]; instead != "" && !code {
					t.Errorf("%s:%d: %q; write %s", file, i+1, word, instead)
				}
			}
		}
	}
}

// oldColumns are words of the schema that the code has better names for. A column keeps its name: while an upgrade rolls out, processes of the
// version before work on the new schema, and they name the column. actions.told is true once the action was relayed: see MarkRelayed.
var oldColumns = []string{"told"}

var nameParts = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)

// TestNamesArePlain refuses the banned words in names of Go, and in SQL and messages of the record.
func TestNamesArePlain(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.dir, "deployments/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				for _, part := range nameParts.FindAllString(n.Name, -1) {
					if instead := banned[strings.ToLower(part)]; instead != "" {
						t.Errorf("%s: %q in the name %s; write %s", s.path, part, n.Name, instead)
					}
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING || s.dir != "internal/postgres" {
					return true
				}
				for _, word := range anyWord.FindAllString(n.Value, -1) {
					if instead := banned[strings.ToLower(word)]; instead != "" && !slices.Contains(oldColumns, word) {
						t.Errorf("%s: %q in SQL or a message; write %s", s.path, word, instead)
					}
				}
			}
			return true
		})
	}
}

var inCamelCase = regexp.MustCompile(`^[a-z]+[A-Z]\w*$`)

// TestDocstringsNameTheirOwn: a docstring that begins with a name begins with the name of what stands below it, also after that was renamed
// or moved. An exported function or type always has one; Error needs none.
func TestDocstringsNameTheirOwn(t *testing.T) {
	t.Parallel()
	looked := 0
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.dir, "deployments/") {
			continue
		}
		check := func(name *ast.Ident, doc *ast.CommentGroup) {
			looked++
			first, _, _ := strings.Cut(strings.TrimLeft(doc.Text(), " "), " ")
			first = strings.TrimRight(strings.TrimSpace(first), ".,:;")
			own := strings.TrimSuffix(strings.TrimSuffix(first, "'"), "'s") == name.Name
			switch {
			case own || first == "A" || first == "An" || first == "The":
			case name.IsExported() && (doc != nil || name.Name != "Error"):
				t.Errorf("%s: the docstring of %s begins with %q", s.path, name.Name, first)
			case inCamelCase.MatchString(first):
				t.Errorf("%s: the docstring of %s begins with the name %s", s.path, name.Name, first)
			}
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if kind := receiver(d); kind == "" || ast.IsExported(kind) || d.Doc != nil {
					check(d.Name, d.Doc)
				}
			case *ast.GenDecl:
				if len(d.Specs) == 1 {
					if one, ok := d.Specs[0].(*ast.TypeSpec); ok {
						check(one.Name, d.Doc)
					}
				}
			}
		}
	}
	if looked < 1000 {
		t.Errorf("looked at %d docstrings only", looked)
	}
}
