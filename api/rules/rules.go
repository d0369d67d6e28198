// Package rules reads what projects, resources and requests say in JSON: when time is offered, and how bookings are made. It asks no
// record, and gives internal/service the values that it works with.
package rules
