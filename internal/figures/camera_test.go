package figures_test

import (
	"context"
	"net"
	"net/http/httptest"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
	"github.com/livews/websocketlivestream/livews/relay"
)

// camera is a server of the stream cam1 in a process of its own. It also sends chunks
// over a bare connection.
type camera struct {
	size   int
	server *httptest.Server
	src    *livewstest.Source
	sink   *livews.PipeSink
	ln     net.Listener
	bare   net.Conn // accepted with the first chunk
}

func newCamera(o *order) (*camera, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	streams := new(livews.Streams)
	src, sink := livews.Pipe()
	go streams.Publish(context.Background(), "cam1", src) //nolint:errcheck // until this process ends
	c := &camera{
		size: o.Camera, ln: ln, sink: sink,
		server: httptest.NewServer(&relay.Handler{Streams: streams}),
		src:    livewstest.NewSource(video(o.Camera)),
	}
	return c, c.write()
}

// write writes the next segment of the stream.
func (c *camera) write() error {
	seg, err := c.src.ReadSegment(context.Background())
	if err != nil {
		return err
	}
	return c.sink.WriteSegment(context.Background(), seg)
}

func (c *camera) answer(q question) answer {
	a := answer{Addr: c.server.Listener.Addr().String(), Bare: c.ln.Addr().String()}
	begin := time.Now()
	for i := range q.Send {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * chunkDuration)))
		if err := c.send(q.Bare); err != nil {
			a.Failed = err.Error()
		}
	}
	return a
}

func (c *camera) send(bare bool) (err error) {
	if !bare {
		return c.write()
	}
	if c.bare == nil {
		if c.bare, err = c.ln.Accept(); err != nil {
			return err
		}
	}
	_, err = c.bare.Write(make([]byte, c.size))
	return err
}
