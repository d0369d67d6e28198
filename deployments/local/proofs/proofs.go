// Package proofs holds tables of cases to the tests that they name.
package proofs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Stand reports whether the tree at root has what a proof names: "FILE FUNCTION", or "FILE FUNCTION: TEXT" for a text in the body of the
// function. FILE is relative to root, with slashes.
func Stand(root, proof string) bool {
	where, what, _ := strings.Cut(proof, ": ")
	file, name, _ := strings.Cut(where, " ")
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return false
	}
	body := regexp.MustCompile(`(?ms)^func (\([^)]*\) )?` + regexp.QuoteMeta(name) + `\(.*?^}`).Find(text)
	return body != nil && strings.Contains(string(body), what)
}
