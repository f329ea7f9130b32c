package wire

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// Server serves the streams of a [livews.Streams].
type Server struct {
	Streams *livews.Streams
	// Origins are patterns of hosts whose pages may connect besides this one's.
	Origins []string
	// Plain makes the Encoder for a viewer that offers no sub-protocol; nil
	// refuses such viewers.
	Plain func() Encoder
	// Logger may be nil.
	Logger *slog.Logger
}

// ServeStream answers an upgrade request for the stream of this name and sends
// the stream until it, the viewer, or the request's context ends. A request that
// is no upgrade gets the stream's description as JSON.
func (s *Server) ServeStream(w http.ResponseWriter, r *http.Request, name string) {
	if !originAllowed(r, s.Origins) {
		fail(w, http.StatusForbidden, "origin "+r.Header.Get("Origin")+" is not allowed", name)
		return
	}
	allowOrigin(w, r)
	opts, err := parseQuery(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), name)
		return
	}
	plain := !offers(r, Subprotocol)
	if plain {
		opts.After = nil // what has no positions begins with a group start
	}
	if IsUpgrade(r) && plain && (s.Plain == nil || r.Header.Get("Sec-Websocket-Protocol") != "") {
		fail(w, http.StatusBadRequest, "sub-protocol "+Subprotocol+" is wanted", name)
		return
	}
	relay, leave, err := s.Streams.Join(r.Context(), name)
	if err != nil {
		s.failJoin(w, err, name)
		return
	}
	defer leave()
	if !IsUpgrade(r) {
		waitForMedia(r.Context(), relay)
		leave() // it stays open for a while, and this was no viewer
		s.describe(w, name)
		return
	}
	s.serve(w, r, relay.Subscribe(&opts.SubscribeOptions), plain)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, sub *livews.Subscription, plain bool) {
	ws, conn, err := accept(w, r, Subprotocol)
	if err != nil {
		return // answered
	}
	log := s.logger().With("stream", r.URL.Path, "remote", r.RemoteAddr)
	session := &session{ws: ws, conn: conn, sub: sub, enc: messages{}, log: log}
	if plain {
		session.enc = s.Plain()
	}
	session.run(r.Context())
}

// waitForMedia waits a while for a chunk of a stream that has just been opened: by then
// its tracks are known.
func waitForMedia(ctx context.Context, relay *livews.Relay) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for seg, err := range livews.All(ctx, relay.Subscribe(nil)) {
		if err != nil || seg.Type == livews.TypeChunk {
			return
		}
	}
}

// describe answers with the stream's entry of the list.
func (s *Server) describe(w http.ResponseWriter, name string) {
	info, ok := s.Streams.Info(name)
	if !ok {
		fail(w, http.StatusNotFound, livews.ErrNotFound.Error(), name)
		return
	}
	writeJSON(w, http.StatusOK, info)
}

// ServeList answers with the list of streams as JSON.
func (s *Server) ServeList(w http.ResponseWriter, r *http.Request) {
	if originAllowed(r, s.Origins) {
		allowOrigin(w, r)
	}
	list := s.Streams.List(r.Context())
	if list == nil {
		list = []livews.StreamInfo{}
	}
	writeJSON(w, http.StatusOK, streamList{Streams: list})
}

// streamList is the JSON of /streams.
type streamList struct {
	Streams []livews.StreamInfo `json:"streams"`
}

// ServeHealth answers that the server runs.
func ServeHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

func (s *Server) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}

// failJoin answers for a stream that could not be joined. What upstream servers
// said is for the log: viewers need not know where they are.
func (s *Server) failJoin(w http.ResponseWriter, err error, name string) {
	switch {
	case errors.Is(err, livews.ErrName):
		fail(w, http.StatusBadRequest, err.Error(), name)
	case errors.Is(err, livews.ErrNotFound):
		fail(w, http.StatusNotFound, livews.ErrNotFound.Error(), name)
	case errors.Is(err, context.Canceled):
		// The viewer has left; there is nobody to answer.
	default:
		s.logger().Warn("stream unavailable", "stream", name, "err", err)
		w.Header().Set("Retry-After", strconv.Itoa(1+rand.IntN(3)))
		fail(w, http.StatusServiceUnavailable, livews.ErrUnavailable.Error(), name)
	}
}

// failure is the JSON of an error.
type failure struct {
	Error  string `json:"error"`
	Stream string `json:"stream"`
}

func fail(w http.ResponseWriter, status int, text, name string) {
	writeJSON(w, status, failure{Error: text, Stream: name})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone
}
