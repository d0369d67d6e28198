package service

import (
	"strconv"
	"strings"
	"time"
)

// LengthText is a length of time as a visitor reads it, in days, hours and minutes.
func LengthText(length time.Duration) string {
	days, hours, minutes := int(length/(24*time.Hour)), int(length%(24*time.Hour)/time.Hour), int(length%time.Hour/time.Minute)
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{days, "day"}, {hours, "hour"}, {minutes, "minute"}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.word)
		default:
			parts = append(parts, strconv.Itoa(part.n)+" "+part.word+"s")
		}
	}
	return strings.Join(parts, " ")
}
