package message

import "errors"

// ErrTo says that the receiver's address is none.
var ErrTo = errors.New("the receiver has no valid e-mail address")

var (
	errFrom    = errors.New("the sender has no valid e-mail address")
	errReplyTo = errors.New("the address for answers is not valid")
)
