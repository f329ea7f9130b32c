// Package livewstest checks sources and sinks of one's own, as testing/iotest and
// testing/fstest check readers and file systems. [TestSource] and [TestSink] put one
// through its contract; a [Checker] stands anywhere in a flow and fails at the first
// segment that breaks the promises of a stream; [NewSource] makes streams whose bytes
// prove their own position, for tests of what lies between.
package livewstest
