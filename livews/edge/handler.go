package edge

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// Handler serves streams to browsers, and to servers and programs just as a relay
// does:
//
//	/              the overview page
//	/live/STREAM   the player page in a browser; the media for a WebSocket upgrade;
//	               the stream as JSON where the Accept header prefers that
//	/streams       the list of streams as JSON
//	/assets/FILE   the player
//	/healthz       200 while the server runs
//
// A WebSocket client that offers the sub-protocol livews.1 gets that; one that
// offers none gets plain fragmented MP4: one init segment for all tracks, then
// chunks from a group start on.
//
// It mounts under a prefix with [http.StripPrefix], and behind a reverse proxy: its
// pages have relative links only. Its fields are set before its first use. A
// connection lives until the stream ends, the viewer leaves, or the request's
// context ends: a server that is to shut down ends the contexts by its BaseContext,
// or calls [livews.Streams.Close].
type Handler struct {
	// Streams are what is served. It must not be nil.
	Streams *livews.Streams
	// Origins are patterns, as [path.Match] has them, of the hosts whose pages
	// may connect besides this server's own, for example "*.example.com" or "*".
	// A browser's request from elsewhere gets 403. Programs always may connect.
	Origins []string
	// Title is the overview page's; empty means "livews".
	Title string
	// Logger may be nil.
	Logger *slog.Logger

	once   sync.Once
	mux    *http.ServeMux
	server *wire.Server
	pages  *pages
}

// ServeHTTP answers one request. An upgraded one is served until it ends.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.route)
	h.mux.ServeHTTP(w, r)
}

func (h *Handler) route() {
	merged := new(mergedInits)
	h.server = &wire.Server{
		Streams: h.Streams,
		Origins: h.Origins,
		Logger:  h.Logger,
		Plain:   func() wire.Encoder { return &plainEncoder{merged: merged} },
	}
	h.pages = newPages(h.Title)
	assets := newAssets()
	h.mux = http.NewServeMux()
	h.mux.HandleFunc("GET /{$}", h.pages.index)
	h.mux.HandleFunc("GET /live/{name...}", h.live)
	h.mux.HandleFunc("GET /streams", h.server.ServeList)
	h.mux.HandleFunc("GET /assets/{file}", assets.serve)
	h.mux.HandleFunc("GET /healthz", wire.ServeHealth)
}

// live answers at a stream's address with what the client wants there.
func (h *Handler) live(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if wire.IsUpgrade(r) || wantsJSON(r) {
		h.server.ServeStream(w, r, name)
		return
	}
	if err := livews.CheckName(name); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	h.pages.live(w, r)
}

// wantsJSON reports whether the client of r asks for JSON and not for a page.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
