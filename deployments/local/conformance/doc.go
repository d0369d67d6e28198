// Package conformance holds single packages of the product, and its OpenAPI document, against libraries by others that implement the
// same standards. It has tests only. They are in this module so that the product's go.mod does not require those libraries.
package conformance
