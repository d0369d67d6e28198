package config

import (
	"errors"
	"os"

	"github.com/caarlos0/env/v11"
)

// Client has the settings of a command that calls a running server.
type Client struct {
	BaseURL string `env:"HOLDFAST_BASE_URL" envDefault:"http://127.0.0.1:8080"`
	APIKey  Secret `env:"HOLDFAST_API_KEY"` // a server key
}

// ClientFromEnvironment reads the settings of a client from the process's own environment. It is an error if there is no key.
func ClientFromEnvironment() (c Client, err error) {
	if err := env.ParseWithOptions(&c, env.Options{Environment: given(os.Environ())}); err != nil {
		return c, err
	}
	if c.APIKey == "" {
		return c, errors.New("HOLDFAST_API_KEY is missing: a server key of the app")
	}
	return c, nil
}
