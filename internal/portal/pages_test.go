package portal

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	postForm  = regexp.MustCompile(`(?s)<form[^>]* method="post".*?</form>`)
	inlined   = regexp.MustCompile(`<style| style="| on[a-z]+="|<script[^>]*>[^<]|javascript:`)
	shownPage = regexp.MustCompile(`\.show\([^,]+, "([^"]+)"`)
)

// TestTemplatesFitTheRules reads the templates: each form carries the token of its session, and nothing in a page is run or styled by
// itself, since the policy of the portal forbids it.
func TestTemplatesFitTheRules(t *testing.T) {
	t.Parallel()
	forms := 0
	for _, name := range must(fs.Glob(files, "pages/*.html")) {
		text := string(must(files.ReadFile(name)))
		if found := inlined.FindString(text); found != "" {
			t.Errorf("%s has %s, which browsers do not run or apply here", name, found)
		}
		if name == "pages/sign-in.html" { // there is no session yet
			continue
		}
		for _, form := range postForm.FindAllString(text, -1) {
			forms++
			if !strings.Contains(form, `{{template "token" `) {
				t.Errorf("%s: a form lacks {{template \"token\" $}}: %.80s", name, form)
			}
		}
	}
	if forms < 20 {
		t.Errorf("only %d forms", forms)
	}
}

// TestPagesHaveTemplates: each page that a handler shows is there, and each that is there is shown by one.
func TestPagesHaveTemplates(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, file := range must(filepath.Glob("*.go")) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range shownPage.FindAllStringSubmatch(string(must(os.ReadFile(file))), -1) {
			shown[found[1]] = true
			if templates[found[1]] == nil {
				t.Errorf("%s shows %s, and there is no pages/%s.html", file, found[1], found[1])
			}
		}
	}
	for name := range templates {
		if !shown[name] {
			t.Errorf("pages/%s.html is shown by no handler", name)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
