package repo

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// at returns the path of a file or folder that is named from the root of the repository: the nearest folder above the tests that
// has main.go and go.mod. The tests do not change to the root: what they read from there would not count for go's cache of test
// results.
func at(t testing.TB, path string) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(root, "main.go") || !exists(root, "go.mod") {
		if root == filepath.Dir(root) {
			t.Fatal("no folder above the tests has main.go and go.mod")
		}
		root = filepath.Dir(root)
	}
	return filepath.Join(root, path)
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// read returns the text of a file that is named from the root of the repository.
func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(at(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRootHasTheProgramOnly: the folders of the product are seen at a glance. A file of Go in the root is of the command.
func TestRootHasTheProgramOnly(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(at(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".go" {
			files = append(files, entry.Name())
		}
	}
	if want := []string{"graph.go", "help.go", "main.go", "main_test.go"}; !slices.Equal(files, want) {
		t.Errorf("the root has %v, want %v", files, want)
	}
}
