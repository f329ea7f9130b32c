module github.com/livews/websocketlivestream/internal/e2e

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/livews/websocketlivestream v0.0.0
)

replace github.com/livews/websocketlivestream => ../..
