package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// floor is one row of the house: where a package stands and what it may import beyond the standard library and the
// floors below it.
type floor struct {
	level   int
	outside []string
}

const sdk = "go.temporal.io/sdk/"

// house is the whole building. A package that is not in it has no place; a package imports only from lower floors.
var house = map[string]floor{
	"graphs":                     {0, nil},
	"graphs/drawing":             {1, nil},
	"graphs/definition":          {1, nil},
	"graphs/graphtest":           {1, []string{"pgregory.net/rapid"}}, // for tests
	"internal/zones":             {0, nil},
	"internal/breaker":           {0, nil}, // pure, so that every course of failures can be tried
	"internal/fault":             {0, nil},
	"internal/clock":             {0, []string{"github.com/google/uuid"}}, // the one place where programs read an app's time
	"internal/policy":            {1, nil},                                // pure: the clock and the counts are arguments
	"internal/requires":          {1, []string{"github.com/google/uuid"}}, // pure: who is there and who is free are arguments
	"internal/byhand":            {1, nil},                                // pure: the record makes the moves
	"internal/assign":            {1, []string{"github.com/google/uuid"}}, // pure: the clock, the counts and the seed are arguments
	"internal/tenant":            {2, []string{"github.com/google/uuid"}},
	"internal/contact":           {2, []string{"github.com/google/uuid"}},
	"internal/catalogue":         {3, []string{"github.com/google/uuid"}},
	"internal/outbox":            {2, []string{"github.com/google/uuid"}},
	"internal/effect":            {2, []string{"github.com/google/uuid"}},
	"internal/payment":           {2, []string{"github.com/google/uuid"}}, // pure: the clock and what providers say are arguments
	"internal/booking":           {4, []string{"github.com/google/uuid"}},
	"workflows":                  {5, []string{sdk + "workflow", sdk + "temporal", "github.com/google/uuid"}},
	"internal/postgres":          {5, []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/google/uuid", "github.com/vgarvardt/pgx-google-uuid/v5"}},
	"internal/availability":      {5, nil},
	"internal/links":             {5, []string{"github.com/golang-jwt/jwt/v5", "github.com/google/uuid"}},
	"internal/webhook":           {5, []string{"code.dny.dev/ssrf"}},
	"internal/timekit":           {5, nil},
	"internal/payment/provider":  {5, []string{"github.com/google/uuid"}}, // the port; adapters stand one floor up
	"internal/payment/stripe":    {6, []string{"github.com/google/uuid"}}, // plain HTTPS: no library of Stripe's
	"internal/payment/signed":    {6, []string{"github.com/google/uuid"}},
	"internal/payment/manual":    {6, nil},
	"internal/payment/providers": {7, nil},                                // the adapters by name
	"internal/mail":              {5, []string{"github.com/google/uuid"}}, // pure: the record and the time are arguments
	"internal/mail/message":      {6, []string{"github.com/arran4/golang-ical", "github.com/wneessen/go-mail"}},
	"internal/mail/mailer":       {6, []string{"github.com/wneessen/go-mail"}},
	"internal/mail/relay":        {1, []string{"github.com/wneessen/go-mail"}},
	"internal/strictjson":        {0, nil}, // reads what strangers wrote, and knows nothing of what it means
	"internal/limit":             {5, []string{"golang.org/x/time"}},
	"internal/metrics":           {5, []string{"github.com/prometheus/client_golang"}},
	"internal/config":            {5, []string{"github.com/caarlos0/env/v11"}},
	"internal/ports":             {1, nil},
	"internal/await":             {0, nil},
	"internal/pgserver":          {5, []string{"github.com/jackc/pgx/v5"}},
	"internal/pgtest":            {6, []string{"github.com/jackc/pgx/v5", "github.com/google/uuid"}},
	"internal/dispatch":          {6, []string{sdk + "client", sdk + "temporal", "go.temporal.io/api", "github.com/google/uuid"}},
	"internal/payload":           {6, []string{"github.com/google/uuid"}},
	"internal/apps":              {6, []string{"github.com/google/uuid"}},
	"activities":                 {7, []string{sdk + "activity", "golang.org/x/sync", "golang.org/x/time", "github.com/google/uuid", "github.com/jackc/pgx/v5/pgconn"}},
	"internal/service":           {7, []string{"github.com/google/uuid"}}, // use cases: no HTTP, and no JSON of requests
	"api/edge":                   {7, []string{"github.com/gin-gonic/gin", "github.com/google/uuid"}},
	"api/rules":                  {8, []string{"github.com/google/uuid"}}, // reads JSON: pure
	"api/calendar":               {9, []string{"github.com/google/uuid"}},
	"api/bookings":               {9, []string{"github.com/google/uuid"}},
	"api/catalogue":              {9, []string{"github.com/google/uuid"}},
	"api/tenants":                {9, []string{"github.com/google/uuid"}},
	"api/webhooks":               {9, []string{"github.com/google/uuid"}},
	"api/payments":               {9, []string{"github.com/google/uuid"}},
	"api/scheduling":             {9, []string{"github.com/google/uuid"}},
	"api/visitor": {9, []string{"github.com/gin-gonic/gin", "github.com/google/uuid",
		"github.com/arran4/golang-ical"}}, // calendar files: folding, escaping and CRLF are easily got nearly right
	"api":                     {10, []string{"github.com/gin-gonic/gin", "github.com/rs/cors", sdk + "client", "github.com/google/uuid"}},
	"internal/portal":         {8, nil}, // a client of the API, which is handed to it: it never imports api
	"worker":                  {8, []string{sdk + "worker", sdk + "client", sdk + "temporal", "go.temporal.io/api"}},
	"internal/app":            {11, []string{sdk + "client", sdk + "log", "golang.org/x/sync"}},
	"":                        {12, nil},
	"internal/repo":           {13, nil}, // tests of the repository as a whole; nothing imports it
	"deployments/local/stack": {12, []string{"golang.org/x/sync", "github.com/google/uuid"}},
	"deployments/local":       {13, nil},
	"deployments/local/e2e":   {14, []string{"*"}}, // tests of the whole; nothing imports it

	"deployments/local/proofs":      {0, nil},
	"deployments/local/money":       {14, []string{"*"}}, // tests only; nothing imports it
	"deployments/local/conformance": {14, []string{"*"}}, // tests only; nothing imports it
}

// outsiders are packages of the nested module that know nothing of the product.
var outsiders = []string{
	"deployments/local/temporal", "deployments/local/bench", "deployments/local/previous", "deployments/local/fakepay", "deployments/local/mailbox",
}

type source struct {
	dir, path string
	file      *ast.File
	lines     int
	test      bool
}

func (s source) imports(path string) bool {
	return slices.ContainsFunc(s.file.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == strconv.Quote(path) })
}

// elsewhere are folders whose code is not of the house: the tools' module, and the stand-in for one of Temporal's.
var elsewhere = []string{"tools", "bin", "deployments/local/nocompute"}

// sources reads the files themselves: a list of packages would come from a cache that misses changes. They are parsed once for all tests,
// which only read them.
func sources(t *testing.T) []source {
	t.Helper()
	root := at(t, ".")
	parsed.once.Do(func() { parsed.all, parsed.err = parse(root) })
	if parsed.err != nil {
		t.Fatal(parsed.err)
	}
	if len(parsed.all) < 50 {
		t.Fatalf("found %d files only; is this the root?", len(parsed.all))
	}
	return parsed.all
}

var parsed struct {
	once sync.Once
	all  []source
	err  error
}

func parse(root string) (all []source, err error) {
	set := token.NewFileSet()
	err = filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != "." || entry.Name() == "testdata" || entry.Name() == "node_modules" || slices.Contains(elsewhere, path)) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(set, full, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		all = append(all, source{dir, path, file, set.File(file.Pos()).LineCount(), strings.HasSuffix(path, "_test.go")})
		return nil
	})
	return all, err
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || slices.Contains(outsiders, s.dir) {
			continue
		}
		here, ok := house[s.dir]
		if !ok {
			t.Errorf("%s: package %q has no place in the house", s.path, s.dir)
			continue
		}
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if why := here.refuses(path); why != "" {
				t.Errorf("%s may not import %s: %s", s.path, path, why)
			}
		}
	}
}

func (f floor) refuses(path string) string {
	if inside, ok := strings.CutPrefix(path, "holdfast/"); ok {
		other, known := house[inside]
		switch {
		case slices.Contains(outsiders, inside) && f.level >= 11:
			return ""
		case !known:
			return "it has no place in the house"
		case other.level >= f.level:
			return "a package imports only from lower floors"
		}
		return ""
	}
	if !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		return "" // standard library
	}
	for _, allowed := range f.outside {
		if allowed == "*" || path == allowed || strings.HasPrefix(path, strings.TrimSuffix(allowed, "/")+"/") {
			return ""
		}
	}
	return "this floor may not use it"
}

// TestHabits holds the rules that a compiler does not know.
func TestHabits(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !s.test && s.lines > 400 {
			t.Errorf("%s has %d lines: two rooms in one?", s.path, s.lines)
		}
		if slices.Contains([]string{"util", "utils", "common", "helpers", "models", "types"}, s.file.Name.Name) {
			t.Errorf("%s: package name %s says nothing", s.path, s.file.Name.Name)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, _ := call.X.(*ast.Ident)
			if pkg == nil {
				return true
			}
			name := pkg.Name + "." + call.Sel.Name
			if name == "pgx.NamedArgs" && !s.test && s.dir == "internal/postgres" && s.path != "internal/postgres/named_args.go" {
				t.Errorf("%s uses pgx.NamedArgs, which sends NULL for a misspelt name: namedArgs does not", s.path)
			}
			environment := (name == "os.Getenv" || name == "os.Environ" || name == "os.LookupEnv") && s.dir != "internal/config"
			if environment && !s.test && s.dir != "internal/pgserver" && !strings.HasPrefix(s.dir, "deployments/local") {
				t.Errorf("%s reads the environment: only internal/config does", s.path)
			}
			if (name == "time.LoadLocation" || name == "time.Parse" || name == "time.ParseInLocation") && !s.test && s.dir != "internal/zones" &&
				!strings.HasPrefix(s.dir, "deployments/local") {
				t.Errorf("%s uses %s: zones and times are read by internal/zones only, the same on every machine", s.path, name)
			}
			if name == "time.Sleep" && s.imports("testing/synctest") {
				return true // virtual time
			}
			if s.test && (name == "t.Skip" || name == "t.Skipf" || name == "t.SkipNow" || name == "time.Sleep") {
				t.Errorf("%s uses %s: tests wait on conditions and are never skipped", s.path, name)
			}
			return true
		})
	}
}

// TestEveryPackageSaysWhatItIsFor asks for one sentence in doc position.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			said[s.dir] = said[s.dir] || s.file.Doc != nil
		}
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("package %q has no doc comment", dir)
		}
	}
}
