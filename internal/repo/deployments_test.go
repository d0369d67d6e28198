package repo

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"holdfast/internal/config"
)

// composition is what these tests read of deployments/compose.yaml.
type composition struct {
	Services map[string]service
	Configs  map[string]any
	Volumes  map[string]any
	Networks map[string]struct {
		IPAM struct{ Config []struct{ Gateway string } }
	}
}

type service struct {
	Image       string
	Build       *struct{ Context, Dockerfile string } // set: it is ours
	Environment map[string]string
	Restart     string
	Command     []string
	Grace       string `yaml:"stop_grace_period"`
	Healthcheck struct{ Test []string }
	Ports       []string
	Volumes     []string
	Configs     []struct{ Source string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
}

func readCompose(t *testing.T) composition {
	t.Helper()
	var c composition
	if err := yaml.Unmarshal([]byte(read(t, "deployments/compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	demanded  = regexp.MustCompile(`\$\{([A-Z_]+):\?[^}]+\}`) // compose refuses to start without it
	secretive = regexp.MustCompile(`KEY|PASSWORD|PWD|SECRET|DATABASE_URL`)
	pinned    = regexp.MustCompile(`^[a-z/-]+:\d+(\.\d+)+(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?$`) // a full version; a digest pins it for good
)

// filled is a setting as compose would fill it in.
func filled(value string) string {
	samples := map[string]string{
		"POSTGRES_PASSWORD": strings.Repeat("a1", 32), "POSTGRES_HOLDFAST_PASSWORD": strings.Repeat("d4", 32),
		"POSTGRES_TEMPORAL_PASSWORD": strings.Repeat("e5", 32), "HOLDFAST_SECRET_KEY": strings.Repeat("b2", 32),
		"HOLDFAST_ADMIN_KEY": strings.Repeat("c3", 32), "HOLDFAST_PUBLIC_URL": "https://book.example.com",
	}
	return demanded.ReplaceAllStringFunc(value, func(v string) string { return samples[demanded.FindStringSubmatch(v)[1]] })
}

func TestComposeSettings(t *testing.T) {
	t.Parallel()
	for name, s := range readCompose(t).Services {
		var environ []string
		for key, value := range s.Environment {
			environ = append(environ, key+"="+filled(value))
			if strings.HasPrefix(key, "HOLDFAST_") && s.Build == nil {
				t.Errorf("%s is not ours and has no use for %s", name, key)
			}
			if secretive.MatchString(key) && !demanded.MatchString(value) {
				t.Errorf("%s has %s in the file, where it must be asked for", name, key)
			}
			if strings.Contains(demanded.ReplaceAllString(value, ""), "$") {
				t.Errorf("%s starts without %s", name, key)
			}
		}
		if s.Build == nil {
			continue
		}
		c, err := config.Read(environ)
		if err == nil {
			err = c.Check()
		}
		if err != nil {
			t.Errorf("%s would not start: %v", name, err)
		}
	}
}

// listens are the ports that the services of others listen on. Ours say it by HOLDFAST_HTTP_ADDR, and the UI is told by nobody.
var listens = map[string]string{"postgres": "5432", "temporal": "7233", "temporal-ui": "8080"}

// TestComposePortsFit: what one service is told of another one's address is where that one listens; what is published is what the
// container listens on; and a browser on this machine reaches Temporal's UI where the portal links to.
func TestComposePortsFit(t *testing.T) {
	t.Parallel()
	all, published := readCompose(t), map[string]string{} // host's address by service
	address := regexp.MustCompile(`(?:^|[@/])([a-z][a-z-]*):(\d+)`)
	for name, s := range all.Services {
		own := listens[name]
		if s.Build != nil {
			_, own, _ = strings.Cut(s.Environment["HOLDFAST_HTTP_ADDR"], ":")
		}
		for _, port := range s.Ports {
			at := strings.LastIndex(port, ":")
			if published[name] = port[:at]; port[at+1:] != own {
				t.Errorf("%s publishes %s, and listens on %q", name, port, own)
			}
		}
		for key, value := range s.Environment {
			for _, found := range address.FindAllStringSubmatch(demanded.ReplaceAllString(value, "x"), -1) {
				if _, ok := all.Services[found[1]]; !ok || listens[found[1]] != found[2] {
					t.Errorf("%s: %s is at %s:%s, where nobody listens", name, key, found[1], found[2])
				}
			}
		}
	}
	for name, s := range all.Services {
		if ui := s.Environment["HOLDFAST_TEMPORAL_UI_URL"]; s.Build != nil && ui != "http://"+published["temporal-ui"] {
			t.Errorf("%s links to %s, and the UI is at %s", name, ui, published["temporal-ui"])
		}
	}
	if ui := all.Services["temporal-ui"]; ui.Environment["TEMPORAL_CORS_ORIGINS"] != "http://"+published["temporal-ui"] {
		t.Errorf("the UI answers pages of %s", ui.Environment["TEMPORAL_CORS_ORIGINS"])
	}
	if !slices.Equal(slices.Sorted(maps.Keys(published)), []string{"api", "temporal-ui"}) {
		t.Errorf("published: %v", published)
	}
	for _, words := range instructions(t) {
		if words[0] == "EXPOSE" && published["api"]+":"+words[1] != all.Services["api"].Ports[0] {
			t.Errorf("the image exposes %s, and %s is published", words[1], all.Services["api"].Ports)
		}
	}
}

// TestComposeHealthFits: health is asked where a service listens, as a role that is made; nothing of ours has a check of its own, since
// the image has no program to ask with. Each process of ours may stop for longer than it takes, and finds the namespace that is made.
func TestComposeHealthFits(t *testing.T) {
	t.Parallel()
	all, roles := readCompose(t), read(t, "deployments/roles.sql")
	if test := all.Services["postgres"].Healthcheck.Test; !slices.Equal(test, []string{"CMD", "pg_isready", "-h", "127.0.0.1", "-U", "holdfast"}) ||
		!strings.Contains(roles, "CREATE ROLE holdfast ") {
		t.Errorf("Postgres is asked by %v, with roles %s", test, roles)
	}
	if test := all.Services["temporal"].Healthcheck.Test; !slices.Equal(test, []string{"CMD", "nc", "-z", "127.0.0.1", listens["temporal"]}) {
		t.Errorf("Temporal is asked by %v", test)
	}
	made := strings.Join(all.Services["temporal-namespace"].Command, " ")
	c, err := config.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range all.Services {
		if s.Build == nil {
			continue
		}
		if grace, err := time.ParseDuration(s.Grace); err != nil || grace <= c.StopTimeout {
			t.Errorf("%s is killed after %q, and stops within %s", name, s.Grace, c.StopTimeout)
		}
		if space := s.Environment["HOLDFAST_TEMPORAL_NAMESPACE"]; !strings.Contains(made, "create --namespace "+space+" ") {
			t.Errorf("%s uses the namespace %q, which nobody makes", name, space)
		}
		if len(s.Healthcheck.Test) > 0 {
			t.Errorf("%s is asked by %v, and the image is empty", name, s.Healthcheck.Test)
		}
	}
}

// TestComposeProxies: nobody's word on a visitor's address counts but that of the network's own gateway.
func TestComposeProxies(t *testing.T) {
	t.Parallel()
	all := readCompose(t)
	network := all.Networks["default"].IPAM.Config
	if len(network) != 1 || network[0].Gateway == "" {
		t.Fatalf("the network has no gateway that is known: %v", network)
	}
	for name, s := range all.Services {
		if s.Build != nil && s.Environment["HOLDFAST_TRUSTED_PROXIES"] != network[0].Gateway+"/32" {
			t.Errorf("%s trusts %s", name, s.Environment["HOLDFAST_TRUSTED_PROXIES"])
		}
	}
}

// TestComposeRolesAreUsed: each service has the role of its own, and the superuser's password is Postgres' alone.
func TestComposeRolesAreUsed(t *testing.T) {
	t.Parallel()
	roles := map[string]string{"temporal": "POSTGRES_USER", "temporal-schema": "SQL_USER"}
	for name, s := range readCompose(t).Services {
		for key, value := range s.Environment {
			if name != "postgres" && strings.Contains(value, "${POSTGRES_PASSWORD") {
				t.Errorf("%s has the superuser's password, as %s", name, key)
			}
		}
		if variable := roles[name]; variable != "" && s.Environment[variable] != "temporal" {
			t.Errorf("%s is %s", name, s.Environment[variable])
		}
		if s.Build != nil && !strings.HasPrefix(s.Environment["HOLDFAST_DATABASE_URL"], "postgres://holdfast:${POSTGRES_HOLDFAST_PASSWORD:") {
			t.Errorf("%s connects to %s", name, s.Environment["HOLDFAST_DATABASE_URL"])
		}
	}
}

func TestComposeServices(t *testing.T) {
	t.Parallel()
	all := readCompose(t)
	for name, s := range all.Services {
		if s.Build == nil && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned", name, s.Image)
		}
		if s.Restart == "" {
			t.Errorf("%s stays down when it ends", name)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s opens port %s to the world", name, port)
			}
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, ok := all.Volumes[source]; !ok {
				t.Errorf("%s: there is no volume %s", name, source)
			}
		}
		for _, c := range s.Configs {
			if _, ok := all.Configs[c.Source]; !ok {
				t.Errorf("%s: there is no config %s", name, c.Source)
			}
		}
		for on, how := range s.DependsOn {
			other, ok := all.Services[on]
			switch {
			case !ok:
				t.Errorf("%s waits for %s, which is not there", name, on)
			case how.Condition == "service_healthy" && len(other.Healthcheck.Test) == 0:
				t.Errorf("%s waits for the health of %s, which has no check", name, on)
			case how.Condition == "service_completed_successfully" && other.Restart != "on-failure":
				t.Errorf("%s waits for the end of %s, which is started again", name, on)
			case how.Condition != "service_healthy" && how.Condition != "service_completed_successfully":
				t.Errorf("%s waits for %s under condition %q", name, on, how.Condition)
			}
		}
	}
}

// TestComposeBuildsOneImage: all services of ours run the image of deployments/Dockerfile.
func TestComposeBuildsOneImage(t *testing.T) {
	t.Parallel()
	built := 0
	for name, s := range readCompose(t).Services {
		if s.Build == nil {
			continue
		}
		built++
		if file := filepath.Join("deployments", s.Build.Context, s.Build.Dockerfile); file != "deployments/Dockerfile" {
			t.Errorf("%s is built from %s", name, file)
		}
	}
	if built != 3 {
		t.Errorf("%d services are ours, want 3: api, migrate, worker", built)
	}
}

// instructions are the Dockerfile's lines as words.
func instructions(t *testing.T) [][]string {
	t.Helper()
	text := read(t, "deployments/Dockerfile")
	var all [][]string
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			all = append(all, words)
		}
	}
	return all
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	var stages, binary []string
	var user, entry string
	for _, words := range instructions(t) {
		switch words[0] {
		case "FROM":
			if words[1] != "scratch" && !pinned.MatchString(words[1]) {
				t.Errorf("image %s is not pinned", words[1])
			}
			stages, user, entry = append(stages, words[len(words)-1]), "", ""
		case "COPY":
			sources := words[1 : len(words)-1]
			if stage, ok := strings.CutPrefix(words[1], "--from="); ok {
				if !slices.Contains(stages, stage) {
					t.Errorf("there is no stage %s to copy from", stage)
				}
				sources = nil
			}
			for _, source := range sources {
				if _, err := os.Stat(at(t, source)); err != nil {
					t.Error(err)
				}
			}
		case "RUN":
			if i := slices.Index(words, "-o"); i > 0 {
				binary = append(binary, words[i+1])
			}
		case "USER":
			user = words[1]
		case "ENTRYPOINT":
			entry = strings.Join(words[1:], " ")
		}
	}
	if uid, _, _ := strings.Cut(user, ":"); uid == "" || uid == "root" || uid == "0" {
		t.Errorf("the image runs as user %q", user)
	}
	want, _ := json.Marshal(binary)
	if len(binary) != 1 || entry != string(want) {
		t.Errorf("the entry point is %s, and what is built %s", entry, want)
	}
}
