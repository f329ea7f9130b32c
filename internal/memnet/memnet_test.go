package memnet_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/internal/memnet"
)

// TestListener serves a request that takes an hour.
func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := memnet.Listen()
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, r.RemoteAddr)
		})}
		served := make(chan error)
		go func() { served <- server.Serve(ln) }()
		transport := &http.Transport{DialContext: ln.Dial}
		resp, err := (&http.Client{Transport: transport}).Get("http://memory/")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "127.0.0.1:1" {
			t.Errorf("body = %q, %v", body, err)
		}
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve = %v", err)
		}
		if _, err := ln.Dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Dial after the end = %v, want net.ErrClosed", err)
		}
	})
}
