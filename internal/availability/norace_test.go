//go:build !race

package availability

const slower = 1
