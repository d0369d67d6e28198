// Package stack puts the local run together from its parts and takes it apart again in order.
package stack

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast/internal/config"
)

// Options say what the local run is made of. The zero value of the database URL and the Temporal address means: embed
// the part.
type Options struct {
	DataDir  string
	UIAddr   string
	PayAddr  string // of a payment provider that is not real; "" = none
	MailAddr string // of the page of a mailbox, where mails end; "" = none
	Config   config.Config
	Temporal bool // embed Temporal
	Postgres bool // embed Postgres
	InMemory bool // tests: Temporal's store in memory, Postgres without fsync
}

// FromEnvironment reads the settings of production and the four of the local run: HOLDFAST_DATA_DIR, HOLDFAST_TEMPORAL_UI_ADDR,
// HOLDFAST_FAKE_PAYMENTS_ADDR and HOLDFAST_MAILBOX_ADDR. A Postgres or Temporal that is named replaces the embedded one.
func FromEnvironment() (Options, error) {
	c, err := config.FromEnvironment()
	if err != nil {
		return Options{}, err
	}
	o := Options{
		DataDir: or(os.Getenv("HOLDFAST_DATA_DIR"), ".holdfast"), UIAddr: or(os.Getenv("HOLDFAST_TEMPORAL_UI_ADDR"), "127.0.0.1:8233"),
		PayAddr:  or(os.Getenv("HOLDFAST_FAKE_PAYMENTS_ADDR"), "127.0.0.1:8234"),
		MailAddr: or(os.Getenv("HOLDFAST_MAILBOX_ADDR"), "127.0.0.1:8235"),
		Config:   c, Postgres: c.DatabaseURL == "", Temporal: os.Getenv("HOLDFAST_TEMPORAL_ADDRESS") == "",
	}
	return o, o.Prepare()
}

// Prepare makes the data directory and the keys kept in it, and opens what is closed in production: webhooks to this
// machine, without TLS.
func (o *Options) Prepare() error {
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return err
	}
	o.DataDir = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, key := range map[string]*config.Secret{"secret.key": &o.Config.SecretKey, "admin.key": &o.Config.AdminKey} {
		if *key != "" {
			continue
		}
		text, err := kept(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		*key = config.Secret(text)
	}
	o.Config.WebhookAllowLoopback, o.Config.WebhookAllowHTTP = true, true
	return nil
}

// kept reads a key from a file, or makes one and keeps it there.
func kept(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return hex.EncodeToString(key), os.WriteFile(file, []byte(hex.EncodeToString(key)+"\n"), 0o600)
}

// OpenLog opens the log of the local run: <data dir>/holdfast.log.
func OpenLog(o Options) (*os.File, error) {
	return os.OpenFile(filepath.Join(o.DataDir, "holdfast.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
