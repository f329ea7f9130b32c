package relay

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// Handler serves streams to other servers and to programs, over the protocol
// livews.1:
//
//	/live/STREAM   the media, for a WebSocket upgrade; else the stream as JSON
//	/streams       the list of streams as JSON; for a WebSocket upgrade that list and
//	               its changes
//	/healthz       200 while the server runs
//
// It mounts under a prefix with [http.StripPrefix]. Its fields are set before its
// first use.
//
// ServeHTTP returns after an upgrade, and the request's context has no meaning from then on: a
// connection lives until the stream ends, the other side leaves, or Close. That a handler's
// owner calls when the server is to shut down, as [http.Server.Shutdown] knows nothing of
// upgraded connections; before it Drain gives the others time to move.
type Handler struct {
	// Streams are what is served. It must not be nil.
	Streams *livews.Streams
	// Origins are patterns, as [path.Match] has them, of the hosts whose pages
	// may connect besides this server's own. Programs always may.
	Origins []string
	// Logger may be nil.
	Logger *slog.Logger

	once   sync.Once
	mux    *http.ServeMux
	server *wire.Server
}

// ServeHTTP answers one request. An upgraded connection is served after it has returned.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.route)
	h.mux.ServeHTTP(w, r)
}

// Drain asks all who have a stream from here to move to another server, and waits until
// they have left: it returns nil then, or ctx's error. They are asked at once, and each
// is given a random time, up to half of that until ctx's deadline and 5 s at the most
// (2.5 s without a deadline), so that they do not come to the others all together. From
// the call on, for good, who comes for a stream or for a watch of the list gets 503 with
// Retry-After. Drain ends no connection: when it has returned, the caller does, by Close. It
// may be called by any number of goroutines, before the handler's first use too.
func (h *Handler) Drain(ctx context.Context) error {
	h.once.Do(h.route)
	return h.server.Drain(ctx)
}

// Close ends all connections, with close code 4100, and waits until the last has ended: it
// returns nil then. If ctx ends before that, Close cuts off those who are left, returns ctx's
// error, and they end soon after; who takes no bytes, or does not answer a close frame, may
// take 20 s otherwise. From the call on, for good, who comes for a stream or for a watch of
// the list gets 503 with Retry-After; other requests are answered as before. It does not
// close Streams. It may be called by any number of goroutines, again to go on waiting, and
// before the handler's first use too.
func (h *Handler) Close(ctx context.Context) error {
	h.once.Do(h.route)
	return h.server.Close(ctx)
}

func (h *Handler) route() {
	h.server = &wire.Server{Streams: h.Streams, Origins: h.Origins, Logger: h.Logger}
	h.mux = http.NewServeMux()
	h.mux.HandleFunc("GET /live/{name...}", func(w http.ResponseWriter, r *http.Request) {
		h.server.ServeStream(w, r, r.PathValue("name"))
	})
	h.mux.HandleFunc("GET /streams", h.server.ServeList)
	h.mux.HandleFunc("GET /healthz", wire.ServeHealth)
}
