package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestAnswers asks the nodes of a chain for what they must refuse.
func TestAnswers(t *testing.T) {
	c := startChain(t, "clip")
	livews := []string{"livews.1"}
	for _, tt := range []struct {
		name   string
		addr   string
		stream string
		offer  []string
		origin string
		status int
		body   string // part of the answer
	}{
		{"ingress, unknown stream", c.ingress, "nosuch", livews, "", http.StatusNotFound, "nosuch"},
		{"relay, unknown stream", c.relayAddr, "nosuch", livews, "", http.StatusNotFound, "nosuch"},
		{"edge, unknown stream", c.edge, "nosuch", livews, "", http.StatusNotFound, "nosuch"},
		{"edge, unknown stream, plain", c.edge, "nosuch", nil, "", http.StatusNotFound, "nosuch"},
		{"relay, no sub-protocol", c.relayAddr, "cam1", nil, "", http.StatusBadRequest, "livews.1"},
		{"ingress, no sub-protocol", c.ingress, "cam1", nil, "", http.StatusBadRequest, "livews.1"},
		{"relay, bad name", c.relayAddr, "a/%2e%2e/b", livews, "", http.StatusBadRequest, ""},
		{"edge, other origin", c.edge, "cam1", livews, "http://elsewhere.example", http.StatusForbidden, ""},
		{"edge, other origin, plain", c.edge, "cam1", nil, "http://elsewhere.example", http.StatusForbidden, ""},
		{"edge, own origin", c.edge, "cam1", livews, "http://" + c.edge, http.StatusSwitchingProtocols, ""},
		{"edge, no origin", c.edge, "cam1", livews, "", http.StatusSwitchingProtocols, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body := upgrade(t, "ws://"+tt.addr+"/live/"+tt.stream, tt.offer, tt.origin)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("answer = %d %q, want %d with %q", status, body, tt.status, tt.body)
			}
		})
	}
	t.Run("page of an unknown stream", func(t *testing.T) {
		b := newBrowser(t, "chromium")
		b.open(t, "http://"+c.edge+"/live/nosuch")
		b.watch(t, settleBound, func(samples []sample) error {
			if state := samples[len(samples)-1].State; state != "not-found" {
				return fmt.Errorf("state is %q, want not-found", state)
			}
			return nil
		})
		b.screenshot(t, "not-found-chromium.png")
	})
}

// upgrade asks for a WebSocket and returns the answer's status and text.
func upgrade(t *testing.T, url string, offer []string, origin string) (status int, body string) {
	t.Helper()
	opts := &websocket.DialOptions{Subprotocols: offer, HTTPHeader: http.Header{}}
	if origin != "" {
		opts.HTTPHeader.Set("Origin", origin)
	}
	conn, resp, err := websocket.Dial(t.Context(), url, opts)
	if err == nil {
		conn.CloseNow()
		return resp.StatusCode, ""
	}
	if resp == nil {
		t.Fatalf("dial %s: %v", url, err)
	}
	// coder/websocket keeps the first kilobyte of a refusal.
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// TestStreams reads the list that every server gives: the stream with its
// tracks, while somebody watches it.
func TestStreams(t *testing.T) {
	c := startChain(t, "clip")
	conn, _, err := websocket.Dial(t.Context(), "ws://"+c.edge+"/live/cam1", &websocket.DialOptions{Subprotocols: []string{"livews.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	for range 20 {
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, addr := range map[string]string{"ingress": c.ingress, "relay": c.relayAddr, "edge": c.edge} {
		var list struct {
			Streams []streamInfo `json:"streams"`
		}
		getJSON(t, "http://"+addr+"/streams", &list)
		if len(list.Streams) != 1 {
			t.Errorf("%s lists %+v, want cam1 only", name, list.Streams)
			continue
		}
		if err := list.Streams[0].check(); err != nil {
			t.Errorf("%s lists %+v: %v", name, list.Streams[0], err)
		}
	}
}

// streamInfo is what /streams says of a stream.
type streamInfo struct {
	Name   string `json:"name"`
	Tracks []struct {
		Kind   string `json:"kind"`
		Codec  string `json:"codec"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	} `json:"tracks"`
	Epoch     int64             `json:"epoch"`
	Newest    map[string]string `json:"newest"`
	Viewers   int               `json:"viewers"`
	BytesSent int64             `json:"bytesSent"`
}

// check reports why s is not cam1 with one viewer who gets picture and sound.
func (s streamInfo) check() error {
	if s.Name != "cam1" || len(s.Tracks) != 2 || len(s.Newest) != 2 {
		return errors.New("want cam1 with two tracks and their newest positions")
	}
	for _, track := range s.Tracks {
		if track.Codec == "" || track.Kind == "video" && (track.Width != 640 || track.Height != 360) {
			return fmt.Errorf("track %+v, want a codec, and 640x360 of the video", track)
		}
	}
	if s.Epoch == 0 || s.Viewers != 1 || s.BytesSent == 0 {
		return errors.New("want an epoch, one viewer, and bytes sent")
	}
	return nil
}
