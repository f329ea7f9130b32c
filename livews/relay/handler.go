package relay

import (
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
//	/streams       the list of streams as JSON
//	/healthz       200 while the server runs
//
// It mounts under a prefix with [http.StripPrefix]. Its fields are set before its
// first use. A connection lives until the stream ends, the other side leaves, or
// the request's context ends: a server that is to shut down ends the contexts by
// its BaseContext, or calls [livews.Streams.Close].
type Handler struct {
	// Streams are what is served. It must not be nil.
	Streams *livews.Streams
	// Origins are patterns, as [path.Match] has them, of the hosts whose pages
	// may connect besides this server's own. Programs always may.
	Origins []string
	// Logger may be nil.
	Logger *slog.Logger

	once sync.Once
	mux  *http.ServeMux
}

// ServeHTTP answers one request. An upgraded one is served until it ends.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.route)
	h.mux.ServeHTTP(w, r)
}

func (h *Handler) route() {
	server := &wire.Server{Streams: h.Streams, Origins: h.Origins, Logger: h.Logger}
	h.mux = http.NewServeMux()
	h.mux.HandleFunc("GET /live/{name...}", func(w http.ResponseWriter, r *http.Request) {
		server.ServeStream(w, r, r.PathValue("name"))
	})
	h.mux.HandleFunc("GET /streams", server.ServeList)
	h.mux.HandleFunc("GET /healthz", wire.ServeHealth)
}
