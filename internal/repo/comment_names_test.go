package repo

import (
	"go/ast"
	"regexp"
	"testing"
)

// named is an exported name of a package in a comment, as in graphs.Next. What stands behind a slash or a dot is another package's.
var named = regexp.MustCompile(`(?:^|[^\w/.])([a-z]\w*)\.([A-Z]\w*)`)

// TestCommentsNameWhatExists: where a comment names something of a package of this repository, the package has it. Renaming and moving
// leaves such names behind, since no compiler reads them.
func TestCommentsNameWhatExists(t *testing.T) {
	t.Parallel()
	has := map[string]map[string]bool{}
	all := sources(t)
	for _, s := range all {
		names := has[s.file.Name.Name]
		if names == nil {
			names = map[string]bool{}
			has[s.file.Name.Name] = names
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = true
			case *ast.TypeSpec:
				names[n.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	looked := 0
	for _, s := range all {
		for _, group := range s.file.Comments {
			for _, match := range named.FindAllStringSubmatch(group.Text(), -1) {
				names := has[match[1]]
				if names == nil {
					continue // of a library
				}
				if looked++; !names[match[2]] {
					t.Errorf("%s: a comment names %s.%s, which does not exist", s.path, match[1], match[2])
				}
			}
		}
	}
	if looked < 20 {
		t.Errorf("looked at %d names only", looked)
	}
}
