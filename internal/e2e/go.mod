module github.com/livews/websocketlivestream/internal/e2e

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/livews/websocketlivestream v0.0.0
)

require (
	github.com/fsnotify/fsnotify v1.9.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.13.0 // indirect
)

require (
	github.com/Eyevinn/mp4ff v0.51.0
	github.com/abema/go-mp4 v1.7.1 // indirect
	github.com/google/uuid v1.1.2 // indirect
)

replace github.com/livews/websocketlivestream => ../..
