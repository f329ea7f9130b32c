package ingress

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// errNoInit says that media came before the init segment without which it means nothing.
var errNoInit = errors.New("media before its init segment: send that first (ftyp and moov)")

// serveUpload answers a request whose body is a stream with all its tracks.
func (h *Handler) serveUpload(w http.ResponseWriter, r *http.Request, name string) {
	if err := h.upload(w, r, name); err != nil {
		h.refuse(w, r, name, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// upload publishes the body of r until it ends. An empty one is a question whether this
// client may publish.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request, name string) error {
	if r.ContentLength == 0 {
		return nil
	}
	b := newBody(w, r, h.silence())
	defer b.end()
	t, err := h.claimFor(b, r, name)
	if err != nil {
		return err
	}
	defer t.end()
	defer b.endsWith(t.ctx)()
	defer b.endsWith(r.Context())()
	if err := t.begin(); err != nil {
		return err
	}
	paid := &meter{in: b, account: t.account}
	in := bufio.NewReader(paid)
	kind, err := firstBox(in)
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	case kind == mediaBox:
		return errNoInit
	}
	log := h.logger().With("stream", name)
	segments := dash.NewSplitter(in, &dash.SplitterOptions{Logger: log})
	err = t.publish(t.stamped(livews.SourceFunc(func(ctx context.Context) (*livews.Segment, error) {
		seg, err := segments.ReadSegment(ctx)
		paid.settle()
		return seg, err
	})))
	if why := b.failure(); why != nil {
		return why
	}
	return err
}

// claimFor claims the name for a body. From a publisher at the same address of whom nothing
// has come for a while it takes over: that is this one before its connection broke.
func (h *Handler) claimFor(b *body, r *http.Request, name string) (*turn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	host := hostOf(r)
	old := h.turns[name]
	stale := old != nil && old.body != nil && old.host == host && old.body.idle() >= stallPatience
	if stale {
		old.cancel(errSuperseded)
	}
	// net/http ends a request's context before what has come of its body is used up.
	t, err := h.claimLocked(context.WithoutCancel(r.Context()), name, stale || h.takesOver(r))
	if err == nil {
		t.body, t.host = b, host
	}
	return t, err
}

// boxKind is what an object begins with.
type boxKind int

const (
	otherBox boxKind = iota
	initBox
	mediaBox
)

// firstBox looks at the box with which in begins, and takes nothing. The error is io.EOF
// if in is empty.
func firstBox(in *bufio.Reader) (boxKind, error) {
	b, err := in.Peek(8)
	switch {
	case len(b) < 8 && err == io.EOF && len(b) > 0:
		return otherBox, nil // whoever reads on says what it is
	case len(b) < 8:
		return otherBox, err
	}
	switch string(b[4:]) {
	case "ftyp", "moov", "free", "skip", "uuid", "wide", "pdin":
		return initBox, nil
	case "styp", "sidx", "prft", "emsg", "moof":
		return mediaBox, nil
	}
	return otherBox, nil
}
