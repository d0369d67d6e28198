package repo

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// locks matches SQL that locks rows, or takes an advisory lock.
var locks = regexp.MustCompile(`FOR (NO KEY )?UPDATE|FOR (KEY )?SHARE|pg_(try_)?advisory`)

// part is a function, a constant or a variable of internal/postgres: whether it has SQL that locks, and what it mentions.
type part struct {
	locks    bool
	mentions map[string]bool
}

// inspect reads a declaration into a part. Of local variables and of fields it takes nothing.
func (p *part) inspect(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if method, ok := n.Fun.(*ast.SelectorExpr); ok {
				p.mentions["."+method.Sel.Name] = true
			}
		case *ast.SelectorExpr:
			p.inspect(n.X)
			return false
		case *ast.Ident:
			if n.Obj == nil || n.Obj.Kind != ast.Var {
				p.mentions[n.Name] = true
			}
		case *ast.BasicLit:
			p.locks = p.locks || n.Kind == token.STRING && locks.MatchString(n.Value)
		}
		return true
	})
}

// TestLocksAreNamed: what a method of the record locks is in its docstring, also where a function that it calls does it. Two callers that
// lock in different orders would wait for one another; who reads the docstrings sees it.
func TestLocksAreNamed(t *testing.T) {
	t.Parallel()
	parts := map[string]*part{}
	of := func(name string) *part {
		if parts[name] == nil {
			parts[name] = &part{mentions: map[string]bool{}}
		}
		return parts[name]
	}
	var methods []*ast.FuncDecl
	for _, s := range sources(t) {
		if s.test || s.dir != "internal/postgres" {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil && d.Name.IsExported() {
					methods = append(methods, d)
					continue
				}
				if d.Recv != nil {
					of("." + d.Name.Name).inspect(d.Body)
				} else {
					of(d.Name.Name).inspect(d.Body)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						for _, name := range v.Names {
							of(name.Name).inspect(v)
						}
					}
				}
			}
		}
	}
	var locking func(p *part, seen map[*part]bool) bool
	locking = func(p *part, seen map[*part]bool) bool {
		if p == nil || seen[p] {
			return false
		}
		seen[p] = true
		if p.locks {
			return true
		}
		for name := range p.mentions {
			if locking(parts[name], seen) {
				return true
			}
		}
		return false
	}
	found := 0
	for _, m := range methods {
		p := &part{mentions: map[string]bool{}}
		p.inspect(m.Body)
		if !locking(p, map[*part]bool{}) {
			continue
		}
		found++
		if !strings.Contains(strings.ToLower(m.Doc.Text()), "lock") {
			t.Errorf("%s locks rows, and its docstring does not say which", m.Name.Name)
		}
	}
	if found < 20 {
		t.Errorf("found only %d methods that lock", found)
	}
}
