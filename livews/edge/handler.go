package edge

import (
	"cmp"
	"context"
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
//	/              the overview page, with a moving picture of each stream
//	/live/STREAM   the player page in a browser; the media for a WebSocket upgrade;
//	               the stream as JSON where the Accept header prefers that
//	/embed/STREAM  the player alone, for a frame in a page of another host
//	/multi         the page of several streams, as in /multi?s=cam1&s=cam2
//	/api           a player to try what a program can do with it, as in /api?s=cam1
//	/streams       the list of streams as JSON; for a WebSocket upgrade that list and
//	               its changes
//	/publish/NAME  with a Publisher: the page that publishes a camera or a screen for
//	               a browser's GET, and the Publisher for all else
//	/assets/FILE   the player, and what the other pages are made of
//	/healthz       200 while the server runs
//
// A WebSocket client that offers the sub-protocol livews.1 gets that; one that
// offers none gets plain fragmented MP4: one init segment for all tracks, then
// chunks from a group start on.
//
// It mounts under a prefix with [http.StripPrefix], and behind a reverse proxy: its
// pages have relative links only. Its fields are set before its first use.
//
// ServeHTTP returns after an upgrade, and the request's context has no meaning from then on: a
// connection lives until the stream ends, the viewer leaves, or Close. That a handler's
// owner calls when the server is to shut down, as [http.Server.Shutdown] knows nothing of
// upgraded connections; before it Drain gives the viewers time to move.
type Handler struct {
	// Streams are what is served. It must not be nil.
	Streams *livews.Streams
	// Origins are patterns, as [path.Match] has them, of the hosts whose pages
	// may connect besides this server's own, for example "*.example.com" or "*".
	// A browser's request from elsewhere gets 403. Programs always may connect.
	Origins []string
	// Embedders are the pages that may have /embed/STREAM in a frame, as frame-ancestors of a
	// Content-Security-Policy has them, for example "https://*.example.com" or "'none'".
	// Empty means all. The other pages are in frames of this server's own pages only.
	Embedders []string
	// Title is the overview page's; empty means "livews".
	Title string
	// Publisher takes streams in, as an ingress.Handler of the same Streams does: it
	// gets all requests below /publish/ but those for the page, with that prefix
	// stripped. Nil: there is nothing at /publish/.
	Publisher http.Handler
	// Logger may be nil.
	Logger *slog.Logger

	once   sync.Once
	mux    *http.ServeMux
	server *wire.Server
	pages  *pages
}

// ServeHTTP answers one request. An upgraded connection is served after it has returned.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.route)
	h.mux.ServeHTTP(w, r)
}

// Drain asks all who have a stream from here to connect again, which leads them to
// another server where there are several, and waits until they have left: it returns nil
// then, or ctx's error. They are asked at once, and each is given a random time, up to
// half of that until ctx's deadline and 5 s at the most (2.5 s without a deadline), so
// that they do not come to the others all together. Plain players cannot be asked and
// stay. From the call on, for good, who comes for a stream or for a watch of the list gets
// 503 with Retry-After; other requests are answered as before. Drain ends no connection:
// when it has returned, the caller does, by Close. It may be called by any number of
// goroutines, before the handler's first use too.
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
	merged := new(mergedInits)
	h.server = &wire.Server{
		Streams: h.Streams,
		Origins: h.Origins,
		Logger:  h.Logger,
		Plain:   func() wire.Encoder { return &plainEncoder{merged: merged} },
	}
	assets := linkedAssets()
	h.pages = newPages(h.Title, assets.version)
	h.pages.embedders = cmp.Or(strings.Join(h.Embedders, " "), "*")
	h.mux = http.NewServeMux()
	h.mux.HandleFunc("GET /{$}", h.pages.overview)
	h.mux.HandleFunc("GET /multi", h.pages.multi)
	h.mux.HandleFunc("GET /api", h.pages.api)
	h.mux.HandleFunc("GET /live/{name...}", h.live)
	h.mux.HandleFunc("GET /embed/{name...}", h.embed)
	h.mux.HandleFunc("GET /streams", h.server.ServeList)
	if h.Publisher != nil {
		h.mux.HandleFunc("/publish/{name...}", h.publish)
	}
	h.mux.HandleFunc("GET /assets/{file...}", assets.serve)
	h.mux.HandleFunc("GET /healthz", wire.ServeHealth)
	for _, folder := range []string{"/live", "/embed", "/assets", "/publish"} {
		h.mux.HandleFunc(folder, http.NotFound) // else ServeMux leads to it, without the prefix
	}
}

// live answers at a stream's address with what the client wants there.
func (h *Handler) live(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if wire.IsUpgrade(r) || wantsJSON(r) {
		h.server.ServeStream(w, r, name)
		return
	}
	h.page(w, r, "live.html")
}

// embed answers with the page that goes into a frame.
func (h *Handler) embed(w http.ResponseWriter, r *http.Request) { h.page(w, r, "embed.html") }

// publish answers a browser's plain request with the page that publishes, and leaves the
// others to the Publisher.
func (h *Handler) publish(w http.ResponseWriter, r *http.Request) {
	plain := r.Method == http.MethodGet || r.Method == http.MethodHead
	if plain && !wire.IsUpgrade(r) {
		h.page(w, r, "publish.html")
		return
	}
	http.StripPrefix("/publish", h.Publisher).ServeHTTP(w, r)
}

// page answers with a page about the stream that the path names.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, page string) {
	if err := livews.CheckName(r.PathValue("name")); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	h.pages.stream(w, r, page)
}

// wantsJSON reports whether the client of r asks for JSON and not for a page.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
