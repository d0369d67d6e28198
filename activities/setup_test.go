package activities

import (
	"os"
	"testing"

	"holdfast/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
