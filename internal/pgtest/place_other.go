//go:build !linux

package pgtest

// place returns the folder to make data folders in: the system's own for temporary files.
func place() string { return "" }
