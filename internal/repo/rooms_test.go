package repo

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// size is how much a package has: its files, its exported names on package level, and the methods of its largest type. Tests do not
// count.
type size struct {
	files, exported, methods int
	largest                  string // the type with the most methods
}

// usual is what a package may have without a reason. Whoever reads it for the first time can then do so in one sitting.
var usual = size{files: 20, exported: 50, methods: 25}

// larger are the packages that may have more than usual, each with its own bound and the reason for it. A bound only ever goes down.
var larger = map[string]struct {
	size
	why string
}{
	"graphs":         {size{files: 20, exported: 82, methods: 27, largest: "Graph"}, "a name for each word of the format"},
	"internal/fault": {size{files: 20, exported: 60, methods: 25}, "most of its names are error codes, and those of rules"},
	"internal/postgres": {size{files: 85, exported: 71, methods: 34, largest: "Access"},
		"one package, since a commit crosses its types; each type is read by itself"},
	"internal/outbox":       {size{files: 20, exported: 61, methods: 25}, "a name for each type of event that is no state"},
	"internal/policy":       {size{files: 20, exported: 61, methods: 25}, "names for each rule, subject, unit and count"},
	"internal/service":      {size{files: 29, exported: 54, methods: 25}, "what use cases are asked and answer, and a file for each"},
	"internal/booking":      {size{files: 20, exported: 54, methods: 27, largest: "Booking"}, "a type for each thing that a booking has, and what depends on several of them"},
	"internal/payment":      {size{files: 20, exported: 66, methods: 25}, "a name for each kind, state, reason and action of money"},
	"internal/portal":       {size{files: 24, exported: 10, methods: 25}, "a page is a function of its visit, and has a file"},
	"internal/availability": {size{files: 20, exported: 50, methods: 33, largest: "plan"}, "one computation in steps"},
	"activities":            {size{files: 20, exported: 50, methods: 28, largest: "Activities"}, "one struct is registered with Temporal"},
	"api":                   {size{files: 20, exported: 50, methods: 26, largest: "Server"}, "a method for each of its rooms"},
	"api/visitor":           {size{files: 22, exported: 50, methods: 25}, "a file for each page and each of its parts"},
	"api/edge":              {size{files: 20, exported: 52, methods: 31, largest: "Call"}, "what a handler may do with its request"},
}

// sizes counts what the packages of the product have.
func sizes(t *testing.T) map[string]size {
	t.Helper()
	methods := map[string]map[string]int{}
	all := map[string]size{}
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.dir, "deployments/") {
			continue
		}
		one := all[s.dir]
		one.files++
		if methods[s.dir] == nil {
			methods[s.dir] = map[string]int{}
		}
		for _, decl := range s.file.Decls {
			if name := receiver(decl); name != "" {
				methods[s.dir][name]++
				continue
			}
			for _, id := range declared(decl) {
				if id.IsExported() {
					one.exported++
				}
			}
		}
		all[s.dir] = one
	}
	for dir, of := range methods {
		one := all[dir]
		for name, n := range of {
			if n > one.methods {
				one.methods, one.largest = n, name
			}
		}
		all[dir] = one
	}
	return all
}

// receiver returns the name of the type that a declaration is a method of; empty if it is none.
func receiver(decl ast.Decl) string {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || f.Recv == nil {
		return ""
	}
	return typeName(f.Recv.List[0].Type)
}

// typeName returns the name of a type, without pointers, slices and type parameters; empty if it is another package's or has none.
func typeName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}

// declared returns the names that a declaration has on package level.
func declared(decl ast.Decl) (ids []*ast.Ident) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{d.Name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				ids = append(ids, s.Name)
			case *ast.ValueSpec:
				ids = append(ids, s.Names...)
			}
		}
	}
	return ids
}

// TestRoomsStaySmall bounds every package: how many files and exported names it has, and how many methods its largest type.
func TestRoomsStaySmall(t *testing.T) {
	t.Parallel()
	all := sizes(t)
	for dir, got := range all {
		most, why := usual, "no package may have more without a reason: see larger"
		exception, ok := larger[dir]
		if ok {
			most, why = exception.size, "its bound, which only goes down"
		}
		if got.files > most.files {
			t.Errorf("%q has %d files, more than %d: %s", dir, got.files, most.files, why)
		}
		if got.exported > most.exported {
			t.Errorf("%q has %d exported names, more than %d: %s", dir, got.exported, most.exported, why)
		}
		if got.methods > most.methods {
			t.Errorf("%q: %s has %d methods, more than %d: %s", dir, got.largest, got.methods, most.methods, why)
		}
		if ok {
			for what, slack := range map[string]int{
				"files": most.files - max(got.files, usual.files), "exported names": most.exported - max(got.exported, usual.exported),
				"methods": most.methods - max(got.methods, usual.methods),
			} {
				if slack > 2 {
					t.Errorf("%q: its bound of %s can go down by %d", dir, what, slack)
				}
			}
		}
		if ok && got.files <= usual.files && got.exported <= usual.exported && got.methods <= usual.methods {
			t.Errorf("%q is not larger than usual any more: take it out of larger", dir)
		}
	}
	for dir := range larger {
		if _, ok := all[dir]; !ok {
			t.Errorf("larger has %q, which is no package", dir)
		}
	}
}

// TestUseCasesGoDown: the types of internal/service stand in its comment, and each has in its fields only those that stand below it.
func TestUseCasesGoDown(t *testing.T) {
	t.Parallel()
	var order []string
	below := map[string][]string{}
	for _, s := range sources(t) {
		if s.test || s.dir != "internal/service" {
			continue
		}
		if s.file.Doc != nil {
			for line := range strings.Lines(s.file.Doc.Text()) {
				if name, ok := strings.CutPrefix(line, "\t"); ok {
					order = append(order, strings.Fields(name)[0])
				}
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			one, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if of, ok := one.Type.(*ast.StructType); ok {
				for _, field := range of.Fields.List {
					below[one.Name.Name] = append(below[one.Name.Name], typeName(field.Type))
				}
			}
			return true
		})
	}
	checked := 0
	for i, name := range order {
		for _, other := range below[name] {
			if at := slices.Index(order, other); at >= 0 {
				if checked++; at <= i {
					t.Errorf("%s has a field of %s, which does not stand below it", name, other)
				}
			}
		}
	}
	if checked < 5 {
		t.Errorf("looked at %d fields", checked)
	}
}

// withoutHTTP are packages that decide or do things for every caller, so they have no HTTP.
var withoutHTTP = []string{
	"graphs", "graphs/definition", "graphs/drawing", "workflows", "internal/availability", "internal/booking", "internal/breaker", "internal/catalogue",
	"internal/dispatch", "internal/fault", "internal/links", "internal/outbox", "internal/postgres", "internal/service", "internal/tenant",
}

// TestUseCasesHaveNoHTTP: a page, a job or another program can call them as the API does.
func TestUseCasesHaveNoHTTP(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(withoutHTTP, s.dir) {
			continue
		}
		seen[s.dir] = true
		if s.imports("net/http") {
			t.Errorf("%s imports net/http", s.path)
		}
	}
	if len(seen) != len(withoutHTTP) {
		t.Errorf("looked at %d packages, not %d", len(seen), len(withoutHTTP))
	}
}

// beneath are the packages in api that its other packages share. They stand on lower floors.
var beneath = []string{"holdfast/api/edge", "holdfast/api/rules"}

// TestSiblingsAreApart: the packages of api, their tests too, do not import one another, but for those that stand beneath them all.
func TestSiblingsAreApart(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, s := range sources(t) {
		if path.Dir(s.dir) != "api" {
			continue
		}
		for _, spec := range s.file.Imports {
			other := strings.Trim(spec.Path.Value, `"`)
			if !strings.HasPrefix(other, "holdfast/api/") || other == "holdfast/"+s.dir {
				continue
			}
			checked++
			if !slices.Contains(beneath, other) {
				t.Errorf("%s imports its sibling %s: what both need stands beneath them, or is handed over by api", s.path, other)
			}
		}
	}
	if checked == 0 {
		t.Error("no import was looked at")
	}
}

// TestNoNameIsATypeAndAMethod: one word has one meaning. In one package no name is a type and a method too, unless it is an exported
// method that looks one up, such as State(name) (*State, bool).
func TestNoNameIsATypeAndAMethod(t *testing.T) {
	t.Parallel()
	types, other := map[string]map[string]bool{}, map[string]map[string]string{}
	add := func(dir string) {
		if types[dir] == nil {
			types[dir], other[dir] = map[string]bool{}, map[string]string{}
		}
	}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		add(s.dir)
		for _, decl := range s.file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok {
				for _, spec := range g.Specs {
					if one, ok := spec.(*ast.TypeSpec); ok {
						types[s.dir][one.Name.Name] = true
					}
				}
			}
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name != "Error" && !(f.Name.IsExported() && returns(f, f.Name.Name)) {
				other[s.dir][f.Name.Name] = s.path
			}
		}
	}
	for dir, names := range other {
		for name, file := range names {
			if types[dir][name] {
				t.Errorf("%s: %s is a method and also a type of its package, which it does not return: rename one", file, name)
			}
		}
	}
}

// returns reports whether one of a function's results is of the type, or a pointer to or a slice of it.
func returns(f *ast.FuncDecl, name string) bool {
	return f.Type.Results != nil && slices.ContainsFunc(f.Type.Results.List, func(r *ast.Field) bool { return typeName(r.Type) == name })
}

// pure are packages whose functions give the same result for the same values: they read no clock, draw no numbers and see no request.
var pure = []string{
	"api/rules", "graphs", "graphs/definition", "graphs/drawing", "internal/assign", "internal/availability", "internal/booking", "internal/breaker", "internal/catalogue",
	"internal/fault", "internal/links", "internal/outbox", "internal/payload", "internal/strictjson", "internal/tenant", "internal/timekit",
	"internal/zones",
}

// TestPureRoomsReadNoClock: the time is a parameter, so a test can set it, and two calls of one request cannot differ.
func TestPureRoomsReadNoClock(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(pure, s.dir) {
			continue
		}
		seen[s.dir] = true
		for _, other := range []string{"math/rand", "github.com/gin-gonic/gin", "holdfast/internal/postgres"} {
			if s.imports(other) {
				t.Errorf("%s imports %s", s.path, other)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if base, ok := sel.X.(*ast.Ident); ok {
				switch base.Name + "." + sel.Sel.Name {
				case "time.Now", "time.Since", "time.Until", "time.After", "time.NewTimer", "edge.Call":
					t.Errorf("%s uses %s.%s", s.path, base.Name, sel.Sel.Name)
				}
				if base.Name == "rand" && s.imports("math/rand/v2") && sel.Sel.Name != "New" && sel.Sel.Name != "NewPCG" { // without a seed
					t.Errorf("%s uses rand.%s", s.path, sel.Sel.Name)
				}
			}
			return true
		})
	}
	if len(seen) != len(pure) {
		t.Errorf("looked at %d packages, not %d", len(seen), len(pure))
	}
}

// mostHandlers is how many methods a type of the API's rooms may have that answers requests: those of one noun, and their steps.
const mostHandlers = 15

// TestHandlersAreOfOneNoun bounds the types whose rows stand in the route table, and refuses a row for a room as a whole.
func TestHandlersAreOfOneNoun(t *testing.T) {
	t.Parallel()
	methods, rows := map[string]int{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test || path.Dir(s.dir) != "api" {
			continue
		}
		for _, decl := range s.file.Decls {
			kind := receiver(decl)
			if kind == "" {
				continue
			}
			methods[s.dir+"."+kind]++
			ast.Inspect(decl, func(n ast.Node) bool {
				if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "On" {
					if base, ok := call.X.(*ast.Ident); ok && base.Name == "edge" {
						rows[s.dir+"."+kind] = true
					}
				}
				return true
			})
		}
	}
	for kind := range rows {
		if methods[kind] > mostHandlers {
			t.Errorf("%s answers requests and has %d methods, more than %d: cut it by noun", kind, methods[kind], mostHandlers)
		}
		if strings.HasSuffix(kind, ".Handlers") {
			t.Errorf("%s has rows of its own: they belong to the handlers of their noun", kind)
		}
	}
	if len(rows) < 20 {
		t.Errorf("found only %d types with rows", len(rows))
	}
}

// TestTheRaceDetectorSeesEverything: `make test` runs the tests of every package of the product with it, and once more without it those that
// leave rounds out for it.
func TestTheRaceDetectorSeesEverything(t *testing.T) {
	t.Parallel()
	makefile, whole := read(t, "Makefile"), false
	for line := range strings.Lines(makefile) {
		words := strings.Fields(line)
		whole = whole || slices.Contains(words, "-race") && slices.Contains(words, "test") && slices.Contains(words, "./...")
	}
	if !whole {
		t.Error("make test does not run every package with -race")
	}
	_, models, _ := strings.Cut(makefile, "\nMODELS := ")
	models, _, _ = strings.Cut(models, "\n")
	var fewer []string
	for _, s := range sources(t) {
		if strings.HasPrefix(read(t, s.path), "//go:build race\n") {
			fewer = append(fewer, "./"+s.dir)
		}
	}
	if want := strings.Fields(models); len(want) == 0 || !slices.Equal(fewer, want) || !strings.Contains(makefile, "\tgo test -vet=off $(MODELS) ") {
		t.Errorf("make test runs %v without -race as well; what does less with it is %v", want, fewer)
	}
}
