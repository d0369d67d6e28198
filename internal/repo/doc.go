// Package repo tests what holds of the repository as a whole: which package may import which, the habits of the code, that the
// documents say what the code does, and that the files for deployment fit it. It has tests only.
package repo
