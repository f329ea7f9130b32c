package ingress

import (
	"errors"
	"net/http"
)

// errNothingPublished says that there is no stream to be ended.
var errNothingPublished = errors.New("nothing is being published under the name")

// errNotYet stands for what is about to come.
var errNotYet = errors.New("not implemented")

func (h *Handler) serveObject(w http.ResponseWriter, _ *http.Request, _ target) {
	http.Error(w, errNotYet.Error(), http.StatusNotImplemented)
}

func (h *Handler) serveDelete(w http.ResponseWriter, r *http.Request, t target) {
	h.refuse(w, r, t.name, errNothingPublished)
}

func (h *Handler) serveSocket(w http.ResponseWriter, _ *http.Request, _ string) {
	http.Error(w, errNotYet.Error(), http.StatusNotImplemented)
}
