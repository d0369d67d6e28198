package zones_test

import (
	"archive/zip"
	"io"
	"testing"
)

// fileOf reads a zone as the database has it.
func fileOf(t *testing.T, name string) []byte {
	t.Helper()
	archive, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
