package ingress

import (
	"cmp"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/internal/wire"
)

// defaultSilence of a Handler.
const defaultPublisherSilence = 15 * time.Second

// Handler takes streams in over HTTP and WebSocket:
//
//	PUT, POST /NAME        one body of fragmented MP4 with all tracks, which lasts as
//	                       long as the stream, as ffmpeg -f mp4 sends it
//	PUT, POST /NAME/FILE   init and media segments of CMAF tracks: a file for each
//	                       segment, as ffmpeg -f dash sends them, or a request that
//	                       lasts for each track (DASH-IF Live Media Ingest, interface 1)
//	DELETE /NAME/FILE      does nothing, as no file is kept; of an .mpd it ends the stream
//	DELETE /NAME           ends a stream that comes in files
//	upgrade at /NAME       publishing over WebSocket; see PROTOCOL.md
//	GET                    Page
//	OPTIONS                whether the page of another host may ask, by Origins
//
// PROTOCOL.md, "Publishing over HTTP", tells all statuses. A chunk is passed on when its
// last byte has come, however its request goes on.
//
// A FILE has one of the usual extensions (.mpd, .m4s, .mp4, .cmfv, ...) or the form
// Streams(FILE); without one the whole path is the NAME.
//
// A Handler mounts under a prefix with [http.StripPrefix]. Whoever reaches it may
// publish, unless Authorize says otherwise. Its fields are set before its first use.
//
// Bodies last for hours: the Handler sets the read deadline of a request anew as long as
// something comes, and its write deadline to none, in place of ReadTimeout and WriteTimeout
// of the [http.Server]. A middleware must let [http.ResponseController] through, and a
// proxy in front must not gather or limit bodies (nginx: proxy_request_buffering off,
// client_max_body_size 0, proxy_http_version 1.1).
//
// Streams end when their publisher does, or falls silent, or on Close.
type Handler struct {
	// Streams get what is published. It must not be nil.
	Streams *livews.Streams
	// Authorize, where it is not nil, refuses to let the client of r publish under the
	// name by returning an error, whose text is the answer (status 403). It is called
	// for each request but a GET of the Page, by any number of goroutines at the same
	// time. The name of a file in a folder below a stream is that of the stream, where
	// its publisher is at the same address.
	Authorize func(r *http.Request, name string) error
	// TakeOver lets a publisher that asks for it by ?takeover=1 have a name from the one
	// that publishes it now. Without, or without asking, it gets 409.
	TakeOver bool
	// Silence is how long a publisher may send nothing, or hardly anything (512 bytes),
	// before it is taken for dead and its name becomes free. It has to be longer than a
	// segment, where whole segments come. Zero means 15 s.
	Silence time.Duration
	// MaxMemory bounds the bytes that publishers have sent and that are not published yet:
	// parts of messages and segments, segments that wait for those of other tracks, and
	// what belongs to segments that are still to come. Where it is used up, who holds more
	// than half of a fair share gets 503, or 4200 over WebSocket, so that never more than
	// one and a half of it is held. Zero means 256 MiB. What is published is bounded by the
	// windows of Streams.
	MaxMemory int64
	// Origins are patterns, as [path.Match] has them, of the hosts whose pages may
	// publish besides this server's own. Programs always may, as far as Authorize lets
	// them.
	Origins []string
	// Page answers a browser's GET; nil refuses it with 405.
	Page http.Handler
	// Logger gets a line when a publisher is refused or ends with an error; nil
	// discards.
	Logger *slog.Logger

	mu      sync.Mutex
	turns   map[string]*turn
	budget  *budget // nil before the first turn
	closed  bool
	running sync.WaitGroup // turns
}

// ServeHTTP answers one request. That with media lasts as long as its body.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrade := wire.IsUpgrade(r)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !upgrade && h.Page != nil {
		h.Page.ServeHTTP(w, r)
		return
	}
	if wire.OriginAllowed(r, h.Origins) {
		wire.AllowOrigin(w, r)
	}
	if r.Method == http.MethodOptions {
		h.servePreflight(w, r)
		return
	}
	t, err := parseTarget(r.URL.Path)
	if err == nil {
		t = h.locate(r, t)
		err = h.admit(r, t)
	}
	switch {
	case err != nil:
		h.refuse(w, r, t.name, err)
	case upgrade:
		h.serveSocket(w, r, t.name)
	case r.Method == http.MethodDelete:
		h.serveDelete(w, r, t)
	case t.file == "":
		h.serveUpload(w, r, t.name)
	default:
		h.serveObject(w, r, t)
	}
}

// servePreflight answers a browser that asks on behalf of a page what it may send (Fetch
// Standard, CORS-preflight). Whether this client may publish is asked with its request.
func (h *Handler) servePreflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", methods)
	if r.Header.Get("Origin") == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !wire.OriginAllowed(r, h.Origins) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", methods)
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// methods are those that publish.
const methods = "PUT, POST, DELETE"

// admit returns an error for who may not publish, whatever it is.
func (h *Handler) admit(r *http.Request, t target) error {
	switch r.Method {
	case http.MethodPut, http.MethodPost, http.MethodDelete:
	case http.MethodGet:
		if !wire.IsUpgrade(r) {
			return errMethod
		}
	default:
		return errMethod
	}
	if !wire.OriginAllowed(r, h.Origins) {
		return forbidden("origin " + r.Header.Get("Origin") + " is not allowed")
	}
	if h.Authorize != nil {
		if err := h.Authorize(r, t.name); err != nil {
			return forbidden(err.Error())
		}
	}
	return nil
}

// takesOver reports whether the client of r asks to take a live name over, and may.
func (h *Handler) takesOver(r *http.Request) bool {
	return h.TakeOver && r.URL.Query().Get("takeover") == "1"
}

func (h *Handler) silence() time.Duration { return cmp.Or(h.Silence, defaultPublisherSilence) }

func (h *Handler) logger() *slog.Logger {
	if h.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return h.Logger
}
