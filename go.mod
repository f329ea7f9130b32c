module github.com/livews/websocketlivestream

go 1.26.0

require (
	github.com/abema/go-mp4 v1.7.1
	github.com/coder/websocket v1.8.15
	github.com/fsnotify/fsnotify v1.9.0
	golang.org/x/sync v0.24.0
)

require (
	github.com/google/uuid v1.1.2 // indirect
	golang.org/x/sys v0.13.0 // indirect
)
