package ingress

import "regexp"

// credentials are what stands before the host of a URL.
var credentials = regexp.MustCompile(`://[^/@\s]+@`)

// Redact returns text, as a source's name, with "***" in place of the user names and
// passwords of the URLs in it: for logs and screens.
func Redact(text string) string { return credentials.ReplaceAllString(text, "://***@") }
