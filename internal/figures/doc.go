// Package figures measures what docs/PERFORMANCE.md says of slow viewers, hops and joins:
// servers in the process of the test, viewers and cameras in others, so that their
// processor time is not the servers'. Each figure stands beside a baseline of the same run:
//
//	go test ./internal/figures -run Isolation -figures -v
//	go test ./internal/figures -run Hop -figures -v
//	go test ./internal/figures -run Join -figures -v
//	go test ./internal/figures -run Storm -figures -v
//	go test ./internal/figures -run '^$' -bench Relay -benchtime 5x
//
// What must hold on any machine is tested without the flag.
package figures
