// Package zones loads time zones from the copy of the IANA database inside the program, and reads times as text. A zone
// means the same on every machine: the machine's own database is never asked.
package zones

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

//go:generate sh -c "cp \"$(go env GOROOT)/lib/time/zoneinfo.zip\" zoneinfo.zip"

//go:embed zoneinfo.zip
var database []byte

// index lists the files of the database by name. Only Load and Names read it.
var index = sync.OnceValue(func() map[string]*zip.File {
	archive, err := zip.NewReader(bytes.NewReader(database), int64(len(database)))
	if err != nil {
		panic("zones: the embedded database is damaged: " + err.Error())
	}
	files := map[string]*zip.File{}
	for _, file := range archive.File {
		if !file.FileInfo().IsDir() && file.Name != "Factory" { // a placeholder for a clock nobody has set
			files[file.Name] = file
		}
	}
	return files
})

// loaded caches zones by name. Reading a zone anew for each time of a long list takes longer than the list.
var loaded sync.Map

// ErrUnknown is the error of Load for a name that the database does not have.
var ErrUnknown = errors.New("is not a time zone of the IANA database")

// Load returns a zone by its exact name, such as Europe/Berlin. The same name gives the same pointer. Names that only
// some machines have (localtime, posixrules, right/…, posix/…), "Local" and "" are ErrUnknown.
func Load(name string) (*time.Location, error) {
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), nil //nolint:forcetypeassert // nothing else is kept there
	}
	file, known := index()[name]
	if !known {
		return nil, ErrUnknown
	}
	zone, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("zone %s: %w", name, err)
	}
	kept, _ := loaded.LoadOrStore(name, zone)
	return kept.(*time.Location), nil //nolint:forcetypeassert // nothing else is kept there
}

func read(file *zip.File) (*time.Location, error) {
	if file.Name == "UTC" {
		return time.UTC, nil
	}
	content, err := file.Open()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(file.Name, data)
}

// Names returns all names of the database, in order.
func Names() []string { return slices.Sorted(maps.Keys(index())) }
