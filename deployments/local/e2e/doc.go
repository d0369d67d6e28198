// Package e2e tests the whole service on its real parts: Postgres, Temporal, HTTP. It has no code of its own.
package e2e
