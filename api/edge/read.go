package edge

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/strictjson"
)

// Decode reads the JSON body into every target. Unknown fields are skipped: clients of older contracts send some. An empty
// body is an empty object.
func (k *Call) Decode(targets ...any) error {
	for _, target := range targets {
		if err := k.DecodeBy(strictjson.Rules{}, target); err != nil {
			return err
		}
	}
	return nil
}

// DecodeKnown reads the JSON body of a surface of our own: an unknown field is refused. skipped are those that answers have
// and that do nothing here, so that what was answered can be sent back.
func (k *Call) DecodeKnown(target any, skipped ...string) error {
	return k.DecodeBy(strictjson.Rules{Unknown: strictjson.RefuseAll, Skipped: skipped}, target)
}

// DecodeBy reads the JSON body by rules. The body may be read any number of times.
func (k *Call) DecodeBy(rules strictjson.Rules, target any) error {
	body, err := k.ReadBody()
	if err != nil {
		return err
	}
	if text := strings.TrimSpace(string(body)); text == "" || text == "[]" { // clients written in PHP send [] for {}
		body = []byte("{}")
	}
	return ReadError(rules.Decode(body, target), "")
}

// ReadBody reads the body once and keeps it. One that is cut off is 400, one that does not come 408.
func (k *Call) ReadBody() ([]byte, error) {
	if k.Raw != nil {
		return k.Raw, nil
	}
	body, err := io.ReadAll(k.Request.Body)
	if err != nil {
		return nil, BodyError(err)
	}
	k.Raw = append([]byte{}, body...)
	return k.Raw, nil
}

// BodyError says why a body could not be read. What is too large keeps its own error.
func BodyError(err error) error {
	if _, is := errors.AsType[*http.MaxBytesError](err); is {
		return err
	}
	if slow, is := errors.AsType[net.Error](err); is && slow.Timeout() {
		return fault.Wrap(err, fault.RequestTimeout, "The body did not come in time.")
	}
	return fault.Wrap(err, fault.Malformed, "The body is not complete.")
}

// DecodeInner reads JSON that came inside of a body into a target, as strictly as the body itself.
func DecodeInner(text []byte, target any) error {
	return ReadError(strictjson.Decode(text, target), "")
}

// ReadError makes an error with a code of what is wrong with a JSON text: Malformed where it is not JSON, else Invalid, with the
// fields, which get a prefix.
func ReadError(err error, prefix string) error {
	if err == nil {
		return nil
	}
	if bad, is := errors.AsType[*strictjson.SyntaxError](err); is {
		return fault.Wrap(err, fault.Malformed, "The body is not good JSON: line %d, column %d: %s.", bad.Line, bad.Column, bad.Text)
	}
	problems := fault.Problems{}
	AddFaults(err, prefix, problems)
	return problems.Err()
}

// AddFaults adds what is wrong with a JSON text to the problems of the field that holds it.
func AddFaults(err error, field string, problems fault.Problems) {
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
