package api

import (
	"github.com/google/uuid"

	"holdfast/api/edge"
)

// begun tells whether an earlier try of this request has put an action on record: then its outcome is the answer, and
// what it asked for must not be checked again. A try that died before that has left nothing.
func (s *Server) begun(k *call, action uuid.UUID) (bool, error) {
	if !k.Repeated {
		return false, nil
	}
	if known, looked := k.begun[action]; looked {
		return known, nil
	}
	_, err := s.DB.Action(k, action)
	if edge.UnlessNotFound(err) != nil {
		return false, err
	}
	if k.begun == nil {
		k.begun = map[uuid.UUID]bool{}
	}
	k.begun[action] = err == nil
	return err == nil, nil
}
