package ingress

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	// maxDiscard and discardTime bound what is read and thrown away of a client that
	// still sends when it has got an error for an answer, and partingTime where the server
	// is about to end.
	maxDiscard  = 4 << 20
	discardTime = 2 * time.Second
	partingTime = 200 * time.Millisecond
)

// errMethod says that there is nothing for this method.
var errMethod = errors.New("publish with PUT, POST or WebSocket")

// forbidden is why a client may not publish.
type forbidden string

func (f forbidden) Error() string { return string(f) }

// failures are the statuses of errors. The first that fits counts.
var failures = []struct {
	err    error
	status int
}{
	{livews.ErrName, http.StatusBadRequest},
	{errMethod, http.StatusMethodNotAllowed},
	{errManifest, http.StatusBadRequest},
	{errTooMany, http.StatusRequestEntityTooLarge},
	{errMemory, http.StatusServiceUnavailable},
	{errSuperseded, http.StatusRequestTimeout},
	{errEnded, http.StatusConflict},
	{errNothingPublished, http.StatusNotFound},
	{errTaken, http.StatusConflict},
	{errTakenOver, http.StatusConflict},
	{livews.ErrExists, http.StatusConflict},
	{errNoInit, http.StatusPreconditionFailed},
	{dash.ErrTooLarge, http.StatusRequestEntityTooLarge},
	{dash.ErrUnsupported, http.StatusUnsupportedMediaType},
	{dash.ErrMalformed, http.StatusBadRequest},
	{io.ErrUnexpectedEOF, http.StatusBadRequest},
	{os.ErrDeadlineExceeded, http.StatusRequestTimeout},
	{livews.ErrClosed, http.StatusServiceUnavailable},
	{livews.ErrUnavailable, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
}

func statusOf(err error) int {
	if f := forbidden(""); errors.As(err, &f) {
		return http.StatusForbidden
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.status
		}
	}
	return http.StatusInternalServerError
}

// failure is the JSON of an error, as servers of streams have it, too.
type failure struct {
	Error  string `json:"error"`
	Stream string `json:"stream"`
}

// refuse answers with what is wrong, at once, also to a client that still sends. That
// gets a while to see it before the connection is closed.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, name string, err error) {
	what := "publisher is refused"
	if r.Context().Err() != nil {
		what = "publisher has broken off"
	}
	h.logger().Warn(what, "stream", name, "remote", r.RemoteAddr, "err", err)
	status := statusOf(err)
	text, _ := json.Marshal(failure{Error: err.Error(), Stream: name}) // strings always can
	text = append(text, '\n')
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	switch status {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", methods)
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "2")
	}
	rc := http.NewResponseController(w)
	sending := r.Body != nil && r.Body != http.NoBody
	if sending {
		if r.ProtoMajor == 1 { // in HTTP/2 it would end other requests' connection
			header.Set("Connection", "close")
		}
		_ = rc.EnableFullDuplex() // HTTP/2 has it anyway
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone
	if sending && rc.Flush() == nil {
		h.discard(w, r)
	}
}

// discard reads what a client still sends, so that its connection is not reset before it
// has read the answer.
func (h *Handler) discard(w http.ResponseWriter, r *http.Request) {
	b := newBody(w, r, discardTime)
	defer b.end()
	if !b.hasten(discardTime) {
		return
	}
	defer context.AfterFunc(r.Context(), func() { b.hasten(partingTime) })()
	h.mu.Lock()
	closed := h.closed
	h.mu.Unlock()
	if closed {
		b.hasten(partingTime)
	}
	_, _ = io.CopyN(io.Discard, b, maxDiscard) // its end is what is wanted
}
