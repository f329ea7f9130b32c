package ingress

import "regexp"

var (
	// credentials are what stands before the host of a URL.
	credentials = regexp.MustCompile(`://[^/@\s]+@`)
	// secrets are parts of its query, as SRT's passphrase.
	secrets = regexp.MustCompile(`([?&](?:passphrase|password|token|secret|key)=)[^&\s"]+`)
)

// Redact returns text, as a source's name, with "***" in place of the user names,
// passwords and passphrases of the URLs in it: for logs and screens.
func Redact(text string) string {
	return secrets.ReplaceAllString(credentials.ReplaceAllString(text, "://***@"), "${1}***")
}
