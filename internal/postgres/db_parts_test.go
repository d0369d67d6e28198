package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// mostMethods is how many exported methods a part of DB may have, and still be read in one sitting.
const mostMethods = 32

// TestPartsHaveFilesOfTheirOwn checks that a method of a part stands in a file whose name begins with the part's name, and that no
// part has grown too large.
func TestPartsHaveFilesOfTheirOwn(t *testing.T) {
	t.Parallel()
	prefixes := map[string]string{
		"Bookings": "bookings", "Actions": "actions", "Requests": "requests", "limits": "limits", "Outbox": "outbox", "drains": "drains", "Calendars": "calendars", "Catalogue": "catalogue", "Access": "access",
		"Payments": "payments", "Clocks": "clocks", "Contacts": "contacts", "Mailers": "mailers", "Templates": "templates",
		"Operations": "operations", "Graphs": "graphs", "Effects": "effects", "Cleaner": "cleaner", "Outcomes": "outcomes",
	}
	methods := map[string]int{}
	for _, name := range must(filepath.Glob("*.go")) {
		file := must(parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution))
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			part := receiver(f)
			if f.Name.IsExported() {
				methods[part]++
			}
			if prefix, ok := prefixes[part]; ok && name != prefix+".go" && !strings.HasPrefix(name, prefix+"_") {
				t.Errorf("%s: %s.%s belongs into %s_….go", name, part, f.Name.Name, prefix)
			}
		}
	}
	for part := range prefixes {
		if n := methods[part]; n == 0 || n > mostMethods {
			t.Errorf("%s has %d exported methods, want 1 to %d", part, n, mostMethods)
		}
	}
	if n := methods["DB"]; n > 5 {
		t.Errorf("DB has %d exported methods of its own: they belong to one of its parts", n)
	}
}

// receiver is the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	kind := f.Recv.List[0].Type
	if pointer, ok := kind.(*ast.StarExpr); ok {
		kind = pointer.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}
