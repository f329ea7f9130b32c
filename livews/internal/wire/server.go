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

	sessions sessions
	pump     pump
}

// ServeStream answers an upgrade request for the stream of this name and sends
// the stream until it or the viewer ends, or the server is closed. It returns after the
// upgrade, which gives back what net/http has for a connection; the request's context
// has no meaning from then on. A request that is no upgrade gets the stream's description
// as JSON.
func (s *Server) ServeStream(w http.ResponseWriter, r *http.Request, name string) {
	if !s.allow(w, r, name) {
		return
	}
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error(), name)
		return
	}
	if !IsUpgrade(r) {
		s.serveInfo(w, r, name)
		return
	}
	plain := !offers(r, Subprotocol)
	if plain && (s.Plain == nil || r.Header.Get("Sec-Websocket-Protocol") != "") {
		failProtocol(w, name)
		return
	}
	if !s.sessions.enter() {
		failDraining(w, name)
		return
	}
	one := s.newSession(r, name, q, plain)
	if !s.upgrade(w, r, one) {
		s.sessions.leave()
		return
	}
	s.detach(&one.peer, one.run, s.sessions.leave)
}

// newSession returns the session of a request that is not answered yet.
func (s *Server) newSession(r *http.Request, name string, q *query, plain bool) *session {
	one := &session{
		peer:    s.newPeer(r),
		streams: s.Streams, name: name, enc: messages{}, opts: q.SubscribeOptions,
		latency: q.latency, lag: q.MaxLag, changed: make(chan struct{}, 1),
	}
	one.opts.MaxLag = lagWith(q.latency, q.MaxLag)
	one.delivery = newDelivery(one, &s.pump)
	one.opts.Ready = one.delivery.ready
	if plain {
		one.plain, one.enc = true, s.Plain()
		one.opts.After = nil // what has no positions begins with a group start
		return one
	}
	one.movable, one.via, one.bundles = true, q.via, q.bundles
	if q.standby {
		one.starts = make(chan struct{})
	}
	return one
}

// detach runs the connection of p in a goroutine of its own, which [Server.Close] ends and
// waits for, and calls left after it.
func (s *Server) detach(p *peer, run func(context.Context), left func()) {
	// Not that of the request, even for its values: they would stay as long as this, and
	// they are net/http's.
	var ctx context.Context
	ctx, p.cancel = context.WithCancelCause(context.Background())
	s.sessions.add(p)
	go func() {
		defer left()
		p.serve(func() { run(ctx) })
		s.sessions.retire(p)
		p.finish()
		s.sessions.remove(p)
	}()
}

// upgrade joins the stream and makes the connection. If it cannot it has answered.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, one *session) bool {
	err := one.enter(r.Context())
	if err != nil {
		s.failJoin(w, err, one.name)
		return false
	}
	if one.conn, err = accept(w, r, Subprotocol); err != nil {
		one.exit()
		return false
	}
	return true
}

// serveInfo answers with the stream's description, which is known once it is open.
func (s *Server) serveInfo(w http.ResponseWriter, r *http.Request, name string) {
	relay, leave, err := s.Streams.Join(r.Context(), name)
	if err != nil {
		s.failJoin(w, err, name)
		return
	}
	waitForMedia(r.Context(), relay)
	leave() // it stays open for a while, and this was no viewer
	s.describe(w, name)
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

// ServeList answers with the list of streams as JSON, and an upgrade request by telling
// the streams and their changes.
func (s *Server) ServeList(w http.ResponseWriter, r *http.Request) {
	if IsUpgrade(r) {
		s.serveWatch(w, r)
		return
	}
	if OriginAllowed(r, s.Origins) {
		AllowOrigin(w, r)
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
	case errors.Is(err, livews.ErrLoop):
		fail(w, http.StatusLoopDetected, livews.ErrLoop.Error(), name)
	case errors.Is(err, context.Canceled):
		// The viewer has left; there is nobody to answer.
	default:
		s.logger().Warn("stream unavailable", "stream", name, "err", err)
		failUnavailable(w, livews.ErrUnavailable.Error(), name)
	}
}

// allow reports whether the client of r may connect from where it comes from; if not it
// has answered.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, name string) bool {
	if !OriginAllowed(r, s.Origins) {
		fail(w, http.StatusForbidden, "origin "+r.Header.Get("Origin")+" is not allowed", name)
		return false
	}
	AllowOrigin(w, r)
	return true
}

func failProtocol(w http.ResponseWriter, name string) {
	fail(w, http.StatusBadRequest, "sub-protocol "+Subprotocol+" is wanted", name)
}

func failDraining(w http.ResponseWriter, name string) {
	failUnavailable(w, "server is about to end", name)
}

func failUnavailable(w http.ResponseWriter, text, name string) {
	w.Header().Set("Retry-After", strconv.Itoa(1+rand.IntN(3)))
	fail(w, http.StatusServiceUnavailable, text, name)
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
