package api

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"holdfast/internal/booking"
	"holdfast/internal/strictjson"
)

// decode reads the JSON body into every target. Fields nobody knows are skipped: clients of older contracts send some. An empty
// body is an empty object.
func (k *call) decode(targets ...any) error {
	for _, target := range targets {
		if err := k.decodeBy(strictjson.Rules{}, target); err != nil {
			return err
		}
	}
	return nil
}

// decodeKnown reads the JSON body of a surface of our own: a field nobody knows is refused. skipped are those that answers have
// and that do nothing here, so that what was answered can be sent back.
func (k *call) decodeKnown(target any, skipped ...string) error {
	return k.decodeBy(strictjson.Rules{Unknown: strictjson.RefuseAll, Skipped: skipped}, target)
}

// decodeBy reads the JSON body by rules. The body may be read any number of times.
func (k *call) decodeBy(rules strictjson.Rules, target any) error {
	body, err := k.readBody()
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(string(body)); text == "" || text == "[]" { // clients written in PHP send [] for {}
		body = []byte("{}")
	}
	return readError(rules.Decode(body, target), "")
}

// readBody reads the body once and keeps it. One that is cut off is 400, one that does not come 408.
func (k *call) readBody() ([]byte, error) {
	if k.raw != nil {
		return k.raw, nil
	}
	body, err := io.ReadAll(k.Request.Body)
	if err != nil {
		return nil, bodyError(err)
	}
	k.raw = append([]byte{}, body...)
	return k.raw, nil
}

// bodyError says why a body could not be read. What is too large keeps its own error.
func bodyError(err error) error {
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return err
	}
	if slow, is := errors.AsType[net.Error](err); is && slow.Timeout() {
		return booking.Wrap(err, booking.RequestTimeout, "The body did not come in time.")
	}
	return booking.Wrap(err, booking.Malformed, "The body is not complete.")
}

// fill reads JSON that came inside of a body into a target, as strictly as the body itself.
func fill(text []byte, target any) error { return readError(strictjson.Decode(text, target), "") }

// readError makes an error with a code of what is wrong with a JSON text: Malformed where it is not JSON, else Invalid, with the
// fields, which get a prefix.
func readError(err error, prefix string) error {
	if err == nil {
		return nil
	}
	if bad, is := errors.AsType[*strictjson.SyntaxError](err); is {
		return booking.Wrap(err, booking.Malformed, "The body is not good JSON: line %d, column %d: %s.", bad.Line, bad.Column, bad.Text)
	}
	problems := booking.Problems{}
	addFaults(err, prefix, problems)
	return problems.Err()
}

// addFaults adds what is wrong with a JSON text to the problems of the field that holds it.
func addFaults(err error, field string, problems booking.Problems) {
	faults, is := errors.AsType[strictjson.Faults](err)
	if !is {
		problems.Add(field, "is not good JSON")
		return
	}
	for _, one := range faults {
		name := strings.Trim(field+"."+one.Path, ".")
		if name == "" {
			name = "body"
		}
		problems.Add(name, "%s", one.Text)
	}
}
