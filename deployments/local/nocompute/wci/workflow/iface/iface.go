// Package iface has the types of scaled workers that Temporal's server names.
package iface

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
)

// ComputeProviderType names a place where workers run.
type ComputeProviderType string

// ScalingAlgorithmType names a way to choose the number of workers.
type ScalingAlgorithmType string

// ValidationResult says whether a specification can be carried out.
type ValidationResult string

// The results of a validation.
const (
	ValidationResultSuccess ValidationResult = "success"
	ValidationResultFailed  ValidationResult = "failed"
)

// ComputeProviderSpec says where workers run.
type ComputeProviderSpec struct {
	ProviderType  ComputeProviderType
	Config        *commonpb.Payload
	NexusEndpoint string
}

// ScalingAlgorithmSpec says how their number is chosen.
type ScalingAlgorithmSpec struct {
	ScalingAlgorithm ScalingAlgorithmType
	Config           *commonpb.Payload
}

// ScalingGroupSpec is a group of workers that is scaled as one.
type ScalingGroupSpec struct {
	TaskTypes []enumspb.TaskQueueType
	Compute   ComputeProviderSpec
	Scaling   *ScalingAlgorithmSpec
}

// ScalingGroupSpecUpdate is a change of a group: the fields that the mask names.
type ScalingGroupSpecUpdate struct {
	Spec       ScalingGroupSpec
	UpdateMask []string
}

// WorkerControllerInstanceSpec is everything a version of a worker deployment wants, by group.
type WorkerControllerInstanceSpec struct {
	ScalingGroupSpecs map[string]ScalingGroupSpec
}

// ValidationStatus is the result of the last validation.
type ValidationStatus struct {
	LastValidationTime time.Time        `json:"last_validation_time"`
	Status             ValidationResult `json:"status"`
	ErrMessage         string           `json:"err_message,omitempty"`
}

// NewValidationStatusSuccess is a validation that passed.
func NewValidationStatusSuccess(at time.Time) *ValidationStatus {
	return &ValidationStatus{LastValidationTime: at, Status: ValidationResultSuccess}
}

// NewValidationStatusFailed is a validation that failed, with its reason.
func NewValidationStatusFailed(at time.Time, reason string) *ValidationStatus {
	return &ValidationStatus{LastValidationTime: at, Status: ValidationResultFailed, ErrMessage: reason}
}

// QueryDescribeWorkerControllerInstanceResponse describes the scaling of one version.
type QueryDescribeWorkerControllerInstanceResponse struct {
	Spec             *WorkerControllerInstanceSpec
	ValidationStatus *ValidationStatus
}

// UpdateWorkerControllerInstanceResponse is the specification after a change.
type UpdateWorkerControllerInstanceResponse struct {
	Spec *WorkerControllerInstanceSpec
}
