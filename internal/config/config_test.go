package config

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	goodKey  = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	database = "postgres://holdfast:hush-hush@db.example.com:5432/holdfast"
)

// good is the least a production process has to be told.
func good(more ...string) []string {
	return append([]string{"HOLDFAST_DATABASE_URL=" + database, "HOLDFAST_SECRET_KEY=" + goodKey, "PATH=/bin"}, more...)
}

func read(t *testing.T, environ []string) Config {
	t.Helper()
	c, err := Read(environ)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := read(t, nil)
	want := Config{
		HTTPAddr: "127.0.0.1:8080", MaxConns: 20, TemporalAddress: "127.0.0.1:7233", TemporalNamespace: "default",
		TaskQueue: "holdfast", TemporalAttributes: "auto", WebhookTimeout: 10 * time.Second, Wait: 10 * time.Second, SweepEvery: time.Minute, MailDelay: 20 * time.Second,
		RateLimit: 6000, WidgetRateLimit: 300, BadKeyLimit: 120, Portal: true,
		StopTimeout: 20 * time.Second, EventRetention: 30 * 24 * time.Hour,
		PausedRetention: 30 * 24 * time.Hour, PausedBacklog: 100_000, RequestRetention: 90 * 24 * time.Hour, LogLevel: slog.LevelInfo,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	c := read(t, good("HOLDFAST_HTTP_ADDR="))
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if c.PublicURL != "http://127.0.0.1:8080" {
		t.Errorf("public URL %q", c.PublicURL)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	c := read(t, good("HOLDFAST_HTTP_ADDR=:80", "HOLDFAST_METRICS_ADDR=:90", "HOLDFAST_PUBLIC_URL=https://book.example.com",
		"HOLDFAST_DATABASE_MAX_CONNS=7", "HOLDFAST_TEMPORAL_ADDRESS=t:1", "HOLDFAST_TEMPORAL_NAMESPACE=ns", "HOLDFAST_TEMPORAL_API_KEY=k",
		"HOLDFAST_TEMPORAL_TLS=true", "HOLDFAST_TEMPORAL_TLS_CERT=c", "HOLDFAST_TEMPORAL_TLS_KEY=d", "HOLDFAST_TASK_QUEUE=q", "HOLDFAST_TEMPORAL_SEARCH_ATTRIBUTES=on", "HOLDFAST_DATABASE_LISTEN_URL=postgres://x",
		"HOLDFAST_ADMIN_KEY=0123456789abcdef", "HOLDFAST_TEMPORAL_UI_URL=https://temporal.example.com", "HOLDFAST_STRIPE_URL=https://stripe.example.com", "HOLDFAST_SMTP_URL=smtp://u:p@mail.example.com", "HOLDFAST_MAIL_FROM=Salon <bookings@example.com>",
		"HOLDFAST_WEBHOOK_ALLOW_LOOPBACK=true", "HOLDFAST_WEBHOOK_ALLOW_NETWORKS=10.0.0.0/8,fd00::/8",
		"HOLDFAST_WEBHOOK_ALLOW_HTTP=1", "HOLDFAST_WEBHOOK_TIMEOUT=3s", "HOLDFAST_WAIT=1s", "HOLDFAST_SWEEP_EVERY=2s",
		"HOLDFAST_RATE_LIMIT=1", "HOLDFAST_WIDGET_RATE_LIMIT=2", "HOLDFAST_BAD_KEY_LIMIT=3", "HOLDFAST_TRUSTED_PROXIES=10.0.0.0/8,::1/128",
		"HOLDFAST_STOP_TIMEOUT=4s", "HOLDFAST_EVENT_RETENTION=2h", "HOLDFAST_PAUSED_RETENTION=3h", "HOLDFAST_REQUEST_RETENTION=4h", "HOLDFAST_LOG_LEVEL=debug"))
	fields := reflect.ValueOf(c)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("%s was not read", fields.Type().Field(i).Name)
		}
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if len(c.TrustedProxies) != 2 || c.TrustedProxies[0].String() != "10.0.0.0/8" {
		t.Errorf("proxies %v", c.TrustedProxies)
	}
	if len(c.WebhookAllowNetworks) != 2 || c.WebhookAllowNetworks[1].String() != "fd00::/8" {
		t.Errorf("networks %v", c.WebhookAllowNetworks)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	_, err := Read(good("HOLDFAST_DATABSE_URL=x", "HOLDFAST_WAIT=soon", "HOLDFAST_DATABASE_MAX_CONNS=many", "HOLDFAST_LOG_LEVEL=loud",
		"HOLDFAST_WEBHOOK_ALLOW_NETWORKS=everywhere", "HOLDFAST_TEMPORAL_TLS=perhaps", "HOLDFAST_TRUSTED_PROXIES=10.0.0.1", "HOLDFAST_EMPTY="))
	wantAll(t, err, "HOLDFAST_DATABSE_URL is not a setting", "HOLDFAST_WAIT", "HOLDFAST_DATABASE_MAX_CONNS",
		"HOLDFAST_LOG_LEVEL", "HOLDFAST_WEBHOOK_ALLOW_NETWORKS", "HOLDFAST_TEMPORAL_TLS", "HOLDFAST_TRUSTED_PROXIES")
	if err != nil && strings.Contains(err.Error(), "HOLDFAST_EMPTY") {
		t.Errorf("a variable without a value counts as not set: %v", err)
	}
	for _, fine := range []string{"HOLDFAST_DATA_DIR=x", "HOLDFAST_TEMPORAL_UI_ADDR=x", "HOLDFAST_FAKE_PAYMENTS_ADDR=x", "HOLDFAST_MAILBOX_ADDR=x", "HOLDFAST_TEST_X=x", "NOT_HOLDFAST_X=x", "HOLDFAST=x"} {
		if _, err := Read([]string{fine}); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}

func wantAll(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not tell of %q", err, word)
		}
	}
}

func TestCheckTellsAllAtOnce(t *testing.T) {
	t.Parallel()
	c := Config{
		HTTPAddr: "8080", PublicURL: "ftp://x", TemporalCert: "c", AdminKey: "short", MaxConns: 1, SecretKey: "short", SweepEvery: time.Millisecond,
	}
	err := c.Check()
	wantAll(t, err, "HOLDFAST_DATABASE_URL is missing", "HOLDFAST_SECRET_KEY must be 32 bytes", "HOLDFAST_HTTP_ADDR", "HOLDFAST_PUBLIC_URL",
		"HOLDFAST_TEMPORAL_TLS_CERT", "HOLDFAST_ADMIN_KEY", "HOLDFAST_DATABASE_MAX_CONNS", "HOLDFAST_SWEEP_EVERY",
		"HOLDFAST_EVENT_RETENTION")
	if err != nil && strings.Contains(err.Error(), "short") {
		t.Errorf("the message repeats a secret: %v", err)
	}
	empty := Config{}
	wantAll(t, empty.Check(), "HOLDFAST_SECRET_KEY is missing")
}

// TestMailIsChecked: a wrong mail server stops the start, and no message has its password.
func TestMailIsChecked(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ url, from, delay, want string }{
		{"smtp://u:secret@mail.example.com", "bookings@example.com", "0s", ""},
		{"smtps://u:secret@mail.example.com", "Salon Süd <bookings@example.com>", "20s", ""},
		{"http://u:secret@mail.example.com", "bookings@example.com", "20s", "HOLDFAST_SMTP_URL must begin with"},
		{"smtp://u:secret@mail.example.com?tls=maybe", "bookings@example.com", "20s", "HOLDFAST_SMTP_URL can have tls"},
		{"smtp://u:secret@mail.example.com", "Salon", "20s", "HOLDFAST_MAIL_FROM must be an address"},
		{"smtp://u:secret@mail.example.com", "bookings@example.com", "2h", "HOLDFAST_MAIL_DELAY"},
	} {
		c := read(t, good("HOLDFAST_SMTP_URL="+one.url, "HOLDFAST_MAIL_FROM="+one.from, "HOLDFAST_MAIL_DELAY="+one.delay))
		err := c.Check()
		if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)) {
			t.Errorf("%s, %s, %s: %v, want %q", one.url, one.from, one.delay, err, one.want)
		}
		if strings.Contains(fmt.Sprint(err, c), "secret") {
			t.Errorf("the password of %s is printed", one.url)
		}
	}
}

func TestCheckOneByOne(t *testing.T) {
	t.Parallel()
	cases := []struct {
		setting string
		good    bool
	}{
		{"HOLDFAST_PUBLIC_URL=https://book.example.com/base", true},
		{"HOLDFAST_PUBLIC_URL=book.example.com", false},
		{"HOLDFAST_PUBLIC_URL=https://", false},
		{"HOLDFAST_PUBLIC_URL=://", false},
		{"HOLDFAST_HTTP_ADDR=[::1]:80", true},
		{"HOLDFAST_HTTP_ADDR=localhost", false},
		{"HOLDFAST_HTTP_ADDR=localhost:80", true},
		{"HOLDFAST_HTTP_ADDR=:80", false}, // no customer can follow a link to it
		{"HOLDFAST_HTTP_ADDR=0.0.0.0:80", false},
		{"HOLDFAST_HTTP_ADDR=[::]:80", false},
		{"HOLDFAST_TEMPORAL_TLS_KEY=x", false},
		{"HOLDFAST_SMTP_URL=smtp://mail.example.com", false}, // nobody sends
		{"HOLDFAST_MAIL_FROM=bookings@example.com", false},
		{"HOLDFAST_TEMPORAL_UI_URL=http://127.0.0.1:8233", true},
		{"HOLDFAST_TEMPORAL_UI_URL=temporal.example.com", false},
		{"HOLDFAST_TEMPORAL_UI_URL=javascript://temporal.example.com/%0aalert(1)", false},
		{"HOLDFAST_PORTAL=false", true},
		{"HOLDFAST_TEMPORAL_SEARCH_ATTRIBUTES=off", true},
		{"HOLDFAST_TEMPORAL_SEARCH_ATTRIBUTES=true", false},
		{"HOLDFAST_ADMIN_KEY=0123456789abcde", false},
		{"HOLDFAST_DATABASE_MAX_CONNS=2", true},
		{"HOLDFAST_DATABASE_MAX_CONNS=1001", false},
		{"HOLDFAST_SWEEP_EVERY=999ms", false},
		{"HOLDFAST_WAIT=0s", true},
		{"HOLDFAST_WAIT=25s", true},
		{"HOLDFAST_WAIT=26s", false},
		{"HOLDFAST_WAIT=-1s", false},
		{"HOLDFAST_EVENT_RETENTION=1h", true},
		{"HOLDFAST_EVENT_RETENTION=59m59s", false},
		{"HOLDFAST_PAUSED_RETENTION=59m59s", false},
		{"HOLDFAST_REQUEST_RETENTION=59m59s", false},
		{"HOLDFAST_RATE_LIMIT=0", true},
		{"HOLDFAST_RATE_LIMIT=-1", false},
		{"HOLDFAST_WIDGET_RATE_LIMIT=-1", false},
		{"HOLDFAST_BAD_KEY_LIMIT=100000001", false},
	}
	for _, s := range cases {
		c := read(t, good(s.setting))
		if err := c.Check(); (err == nil) != s.good {
			t.Errorf("%s: %v", s.setting, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	secrets := []string{"hush-hush", goodKey, "temporal-cloud-key", "very-secret-admin"}
	c := read(t, good("HOLDFAST_TEMPORAL_API_KEY=temporal-cloud-key", "HOLDFAST_ADMIN_KEY=very-secret-admin"))
	said := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%t"} {
		for name, value := range map[string]any{"config": c, "pointer": &c, "secret": c.DatabaseURL, "secret's pointer": &c.DatabaseURL, "list": []any{c, c.AdminKey}} {
			said[verb+" of "+name] = fmt.Sprintf(verb, value)
		}
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog as JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		"slog as text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(handler(&out)).Info("starting", "config", c, "pointer", &c, "key", c.SecretKey, slog.Group("g", "url", c.DatabaseURL))
		said[name] = out.String()
	}
	text, err := json.Marshal([]any{c})
	if err != nil {
		t.Fatal(err)
	}
	said["JSON"] = string(text)
	said["an error"] = errors.Join(fmt.Errorf("%w: %v", errors.New("x"), c)).Error()
	for how, text := range said {
		for _, secret := range secrets {
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret)))} {
				if strings.Contains(text, form) {
					t.Errorf("%s tells %s", how, secret)
				}
			}
		}
	}
	if !strings.Contains(said["%+v of config"], "AdminKey:***") || strings.Contains(fmt.Sprintf("%+v", Config{}), "***") {
		t.Errorf("whether a secret is set may be seen: %s", said["%+v of config"])
	}
}

func TestMaster(t *testing.T) {
	t.Parallel()
	want, _ := hex.DecodeString(goodKey)
	tricky := bytes.Repeat([]byte{0xfb, 0xff}, 16) // + and / in base64
	cases := []struct {
		name, text string
		want       []byte
	}{
		{"hex", goodKey, want},
		{"upper-case hex", strings.ToUpper(goodKey), want},
		{"base64", base64.StdEncoding.EncodeToString(want), want},
		{"base64 with + and /", base64.StdEncoding.EncodeToString(tricky), tricky},
		{"base64url without padding", base64.RawURLEncoding.EncodeToString(tricky), tricky},
		{"with a line break", " " + goodKey + "\n", want},
		{"nothing", "", nil},
		{"blanks", "  ", nil},
		{"31 bytes", goodKey[2:], nil},
		{"33 bytes", goodKey + "20", nil},
		{"31 bytes in base64", base64.StdEncoding.EncodeToString(want[1:]), nil},
		{"words", "correct horse battery staple correct", nil},
	}
	for _, c := range cases {
		config := Config{SecretKey: Secret(c.text)}
		got, err := config.Master()
		if !bytes.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%s: %x, %v", c.name, got, err)
		}
		if err != nil && c.text != "" && strings.TrimSpace(c.text) != "" && strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: the error repeats the key: %v", c.name, err)
		}
	}
}
