package livews

// Directory is what streams there are, as of one moment.
type Directory struct {
	// Version rises with each change.
	Version uint64
	// Complete says that there are no other streams. Where it is false, some may be
	// there that are not listed.
	Complete bool
	// Streams are sorted by name. They are shared and must not be changed.
	Streams []StreamInfo
}
