package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// installed runs make for a target as on a machine that has no such program, and returns where the program is then. The
// second result is what make says where no package ships one.
func installed(t *testing.T, target string) (path, refusal string) {
	t.Helper()
	found := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "-C", "../../..", target, "PROGRAMS=", "BROWSERS=", "FOUND="+found)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", string(out)
	}
	line, err := os.ReadFile(filepath.Join(found, "."+target))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line)), ""
}

// TestMachineWithoutPostgres runs everything on a PostgreSQL that an npm package brought.
func TestMachineWithoutPostgres(t *testing.T) {
	t.Parallel()
	bin, refusal := installed(t, "postgres")
	if refusal != "" {
		t.Fatal(refusal)
	}
	dir := t.TempDir()
	p := spawn(t, dir, "PGBIN="+bin)
	p.book(t, p.resource(t), "instant", 9)
	p.get(t, "/readyz").want(t, http.StatusOK)
	version, err := os.ReadFile(filepath.Join(dir, "postgres", "cluster", "PG_VERSION"))
	if err != nil || strings.TrimSpace(string(version)) != "18" {
		t.Errorf("the data is of version %q (%v), not of the package's", version, err)
	}
}

// TestMachineWithoutChromium looks at a page with a browser that an npm package brought.
func TestMachineWithoutChromium(t *testing.T) {
	t.Parallel()
	program, refusal := installed(t, "chromium")
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" { // no package has one for these
		if !strings.Contains(refusal, "install Chromium") {
			t.Errorf("make chromium must say what to install, and said %q", refusal)
		}
		return
	}
	if refusal != "" {
		t.Fatal(refusal)
	}
	const look = `
		require('playwright-core').chromium.launch({ executablePath: process.argv[1], args: ['--no-sandbox', '--disable-gpu'] })
			.then(async (browser) => {
				const page = await browser.newPage()
				await page.goto(process.argv[2])
				process.stdout.write(await page.title())
				await browser.close()
			})`
	if title := string(node(t, "", "-e", look, program, start(t).api+"/portal")); !strings.Contains(title, "Holdfast") {
		t.Errorf("the portal's title is %q", title)
	}
}
