package repo

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// testLibraries are the modules that the product requires for tests alone, each with the reason. Others belong to the nested module.
var testLibraries = map[string]string{
	"pgregory.net/rapid":     "random tests of pure packages stand beside them",
	"go.yaml.in/yaml/v3":     "reads the files for deployment",
	"google.golang.org/grpc": "a stand-in for Temporal's server; the SDK requires it anyway",
}

var requirement = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)

// TestRequirementsAreTheProducts: every module that go.mod requires directly is imported by more than tests.
func TestRequirementsAreTheProducts(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.dir, "deployments/") || s.dir == "graphs/graphtest" {
			continue
		}
		for _, spec := range s.file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			for at := range path {
				if path[at] == '/' {
					used[path[:at]] = true
				}
			}
			used[path] = true
		}
	}
	modules := requirement.FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(modules) < 10 {
		t.Fatalf("found %d requirements only", len(modules))
	}
	for _, m := range modules {
		if module := m[1]; used[module] == (testLibraries[module] != "") {
			t.Errorf("%s: imported by more than tests is %t, and it is in testLibraries: %t", module, used[module], testLibraries[module] != "")
		}
	}
}
