package postgres

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Cursor is a place in the order of changes of a list: behind one row as it was then. FirstCursor is before all rows.
type Cursor struct {
	written string // the transaction that had last changed the row
	ID      uuid.UUID
	Changed time.Time // when
}

// FirstCursor is where a reader of the whole list begins.
var FirstCursor = Cursor{written: "0"}

const cursorBytes = 8 + 16 + 8

// String writes the cursor as text without meaning for its reader; ParseCursor reads it.
func (c Cursor) String() string {
	written, _ := strconv.ParseUint(c.written, 10, 64)
	var at int64
	if !c.Changed.IsZero() {
		at = c.Changed.UnixMicro()
	}
	text := binary.BigEndian.AppendUint64(make([]byte, 0, cursorBytes), written)
	text = append(text, c.ID[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(at))
	return base64.RawURLEncoding.EncodeToString(text)
}

// ParseCursor reads what String has written; false for anything else.
func ParseCursor(text string) (Cursor, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != cursorBytes {
		return Cursor{}, false
	}
	c := Cursor{written: strconv.FormatUint(binary.BigEndian.Uint64(raw), 10), ID: uuid.UUID(raw[8:24])}
	if at := int64(binary.BigEndian.Uint64(raw[24:])); at > 0 { //nolint:gosec // as it was written
		c.Changed = time.UnixMicro(at)
	}
	return c, true
}
