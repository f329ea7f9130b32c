package ingress

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/livews/websocketlivestream/livews/dash"
)

// maxManifest bounds an MPD or an m3u8.
const maxManifest = 1 << 20

// serveObject answers a request with one file of a stream.
func (h *Handler) serveObject(w http.ResponseWriter, r *http.Request, t target) {
	take := h.takeObject
	if isManifest(t.file) || isPlaylist(t.file) {
		take = h.takeManifest
	}
	if err := take(w, r, t); err != nil {
		h.refuse(w, r, t.name, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func isManifest(file string) bool { return strings.EqualFold(path.Ext(file), ".mpd") }

func isPlaylist(file string) bool {
	return strings.HasPrefix(strings.ToLower(path.Ext(file)), ".m3u")
}

// locate returns the target of a file with the nearest folder above it that the client of r
// publishes in files, if there is one: then what looked like the end of the name is a folder
// of the stream's. That is so before anybody is asked whether the client may publish there.
func (h *Handler) locate(r *http.Request, t target) target {
	if t.file == "" {
		return t
	}
	host := hostOf(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := t.name; name != "."; name = path.Dir(name) {
		if turn := h.turns[name]; turn != nil && turn.files != nil && turn.files.host == host {
			return target{name: name, file: strings.TrimPrefix(t.name+"/"+t.file, name+"/")}
		}
	}
	return t
}

// takeObject writes the body of r into the stream. An empty one is a question whether this
// client may publish.
func (h *Handler) takeObject(w http.ResponseWriter, r *http.Request, t target) error {
	if r.ContentLength == 0 {
		return nil
	}
	p, err := h.join(r, t.name)
	if err != nil {
		return err
	}
	defer p.leave()
	b := newBody(w, r, h.silence())
	defer b.end()
	defer b.endsWith(p.turn.ctx)()
	defer b.endsWith(r.Context())()
	// As in upload, the request's own context would end too early.
	err = p.assembly.write(p.turn.ctx, &object{name: t.file, body: b, interrupt: b.interrupt})
	if why := b.failure(); why != nil {
		return why
	}
	return p.failure(err)
}

// takeManifest learns from an MPD what representations a stream has and whether it has
// ended. Other manifests are read and forgotten.
func (h *Handler) takeManifest(w http.ResponseWriter, r *http.Request, t target) error {
	b := newBody(w, r, h.silence())
	defer b.end()
	defer b.endsWith(r.Context())()
	text, err := io.ReadAll(io.LimitReader(b, maxManifest+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxManifest:
		return errManifestSize
	case !isManifest(t.file) || len(text) == 0:
		return nil
	}
	m, err := parseManifest(text, path.Dir(t.file))
	if err != nil {
		return err
	}
	p, err := h.published(r, t.name)
	if errors.Is(err, errNothingPublished) {
		return nil // it comes before its first segment, and again
	}
	if err != nil {
		return err
	}
	if m.ended && p.assembly.hasMedia() {
		p.finish()
		return nil
	}
	p.assembly.expect(m.hints)
	return nil
}

// errManifestSize says that a manifest is too large.
var errManifestSize = errors.Join(errors.New("manifest of more than 1 MiB"), dash.ErrTooLarge)
