package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// routed opens every stream, empty, and keeps the function that says its way.
type routed struct {
	sink  *livews.PipeSink
	tell  func([]string)
	opens int
}

func (r *routed) open(_ context.Context, req *livews.Request) (livews.Source, error) {
	r.opens++
	src, sink := livews.Pipe()
	r.sink, r.tell = sink, req.Routed
	return src, nil
}

// TestPath tells a node the path of its stream first of all, and each change.
func TestPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		up := new(routed)
		stop := serveMemory(m, &Server{Streams: &livews.Streams{ID: "a", Open: up.open}})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		var paths []string
		s, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{
			Via:    []string{"b"},
			OnPath: func(path []string) { paths = append(paths, strings.Join(path, ">")) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		read := make(chan error)
		go func() {
			_, err := s.ReadSegment(t.Context())
			read <- err
		}()
		for _, way := range [][]string{{"c", "d"}, {"c", "d"}, nil, {"e"}} {
			time.Sleep(restAfter)
			synctest.Wait()
			up.tell(way)
		}
		time.Sleep(restAfter / 2) // the last one has been told; it is not yet time for another
		for range 100 {           // what changes all the time is told as it is in the end
			up.tell([]string{"f"})
			up.tell([]string{"e"})
		}
		time.Sleep(restAfter)
		synctest.Wait()
		up.sink.Close()
		if err := <-read; err != io.EOF {
			t.Errorf("ReadSegment = %v, want io.EOF", err)
		}
		if want := []string{"a", "a>c>d", "", "a>e"}; !slices.Equal(paths, want) {
			t.Errorf("paths = %q, want %q", paths, want)
		}
	})
}

// TestLoop refuses a node that is the server, or by which the stream comes.
func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		up := new(routed)
		streams := &livews.Streams{ID: "a", Open: up.open}
		stop := serveMemory(m, &Server{Streams: streams})
		defer stop()
		_, leave, err := streams.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		up.tell([]string{"b", "c"})
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		for _, tt := range []struct {
			via  []string
			loop bool
		}{{[]string{"a"}, true}, {[]string{"x", "a", "y"}, true}, {[]string{"b"}, true}, {[]string{"y", "c"}, true}, {[]string{"x", "y"}, false}} {
			s, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{Via: tt.via})
			if errors.Is(err, livews.ErrLoop) != tt.loop {
				t.Errorf("via %v: Dial = %v, want loop = %t", tt.via, err, tt.loop)
			}
			if tt.loop && Advice(err) != Move {
				t.Errorf("Advice(%v) = %v, want Move", err, Advice(err))
			}
			if s != nil {
				s.Close()
			}
		}
	})
}

// TestStandby holds the media back until the start, and is no viewer until then.
func TestStandby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		streams := &livews.Streams{ID: "a"}
		stop := serveMemory(m, &Server{Streams: streams})
		defer stop()
		sink, unpublish := feed(t, streams, "cam1")
		defer unpublish()
		src := livewstest.NewSource(&livewstest.SourceOptions{Tracks: 1})
		write(t, sink, src, 1+25) // groups 0, 1, and half of 2
		synctest.Wait()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		for _, tt := range []struct {
			name  string
			after map[uint16]livews.Position
			from  livews.Position
			want  livews.Position
		}{
			{"live", nil, livews.Position{}, livews.Position{Epoch: 1, Group: 2}},
			{"from", nil, livews.Position{Epoch: 1, Group: 1}, livews.Position{Epoch: 1, Group: 1}},
			{
				"after",
				map[uint16]livews.Position{1: {Epoch: 1, Group: 2, Chunk: 2}},
				livews.Position{Epoch: 1, Group: 1},
				livews.Position{Epoch: 1, Group: 2, Chunk: 3},
			},
		} {
			t.Log(tt.name)
			var path []string
			s, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{
				Via: []string{"b"}, Standby: true, OnPath: func(p []string) { path = p },
			})
			if err != nil {
				t.Fatal(err)
			}
			segs := make(chan *livews.Segment, 100)
			failed := make(chan error, 1)
			go func() {
				for {
					seg, err := s.ReadSegment(t.Context())
					if err != nil {
						failed <- err
						return
					}
					segs <- seg
				}
			}()
			time.Sleep(time.Minute)
			synctest.Wait()
			if info, _ := streams.Info("cam1"); info.Viewers != 0 || len(segs) != 0 || !slices.Equal(path, []string{"a"}) {
				t.Errorf("standby: %d viewers, %d segments, path %v; want 0, 0, [a]", info.Viewers, len(segs), path)
			}
			if err := s.Start(t.Context(), tt.after, tt.from); err != nil {
				t.Fatal(err)
			}
			if seg := <-segs; seg.Type != livews.TypeInit {
				t.Errorf("the first is %v, want an init segment", seg.Type)
			}
			if seg := <-segs; seg.Position != tt.want || seg.Gap != nil {
				t.Errorf("the first chunk is %v with gap %v, want %v", seg.Position, seg.Gap, tt.want)
			}
			if info, _ := streams.Info("cam1"); info.Viewers != 1 {
				t.Errorf("started: %d viewers, want 1", info.Viewers)
			}
			if err := s.Start(t.Context(), nil, livews.Position{}); err != nil {
				t.Fatal(err)
			}
			if err := <-failed; websocket.CloseStatus(err) != codeViolation || Advice(err) != Stop {
				t.Errorf("after a second start: %v, %v, want 4300 and Stop", err, Advice(err))
			}
		}
	})
}

// TestStandbyOpensNothing neither opens a stream nor keeps one open that nobody else
// wants, and starts what is not there in vain.
func TestStandbyOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		up := new(routed)
		streams := &livews.Streams{ID: "a", Open: func(ctx context.Context, req *livews.Request) (livews.Source, error) {
			if req.Name == "none" {
				return nil, livews.ErrNotFound
			}
			return up.open(ctx, req)
		}}
		stop := serveMemory(m, &Server{Streams: streams})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		var mu sync.Mutex
		var paths []string
		opts := &DialOptions{Via: []string{"b"}, Standby: true, OnPath: func(p []string) {
			mu.Lock()
			defer mu.Unlock()
			paths = append(paths, strings.Join(p, ">"))
		}}
		s, err := d.Dial(t.Context(), memoryURL, "cam1", opts)
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := s.ReadSegment(t.Context())
			read <- err
		}()
		time.Sleep(time.Minute)
		if up.opens != 0 {
			t.Error("a standby opens the stream")
		}
		_, leave, err := streams.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		leave()
		time.Sleep(time.Minute)
		if _, ok := streams.Info("cam1"); ok {
			t.Error("a standby keeps the stream open")
		}
		mu.Lock()
		if want := []string{"", "a", ""}; !slices.Equal(paths, want) {
			t.Errorf("paths = %q, want %q", paths, want)
		}
		mu.Unlock()
		if err := s.Start(t.Context(), nil, livews.Position{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if up.opens != 2 {
			t.Errorf("the stream was opened %d times, want twice: by a viewer, and by the start", up.opens)
		}
		s.Close()
		<-read

		if s, err = d.Dial(t.Context(), memoryURL, "none", opts); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context(), nil, livews.Position{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadSegment(t.Context()); !errors.Is(err, livews.ErrNotFound) || Advice(err) != Move {
			t.Errorf("ReadSegment = %v, %v, want ErrNotFound and Move", err, Advice(err))
		}

		if _, leave, err = streams.Join(t.Context(), "cam2"); err != nil {
			t.Fatal(err)
		}
		defer leave()
		up.tell([]string{"x"})
		if s, err = d.Dial(t.Context(), memoryURL, "cam2", &DialOptions{Via: []string{"x"}, Standby: true}); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context(), nil, livews.Position{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ReadSegment(t.Context()); !errors.Is(err, livews.ErrLoop) || Advice(err) != Move {
			t.Errorf("ReadSegment = %v, %v, want ErrLoop and Move", err, Advice(err))
		}
	})
}

// TestStandbyUnknown refuses what surely is not there, and a link to itself.
func TestStandbyUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		stop := serveMemory(m, &Server{Streams: &livews.Streams{ID: "a"}})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		if _, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{Standby: true}); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("Dial = %v, want ErrNotFound", err)
		}
		if _, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{Standby: true, Via: []string{"a"}}); !errors.Is(err, livews.ErrLoop) {
			t.Errorf("Dial = %v, want ErrLoop", err)
		}
	})
}

// TestViolations ends the connection of a subscriber that floods, or asks for what there
// cannot be; one that asks within the bounds stays.
func TestViolations(t *testing.T) {
	for name, tt := range map[string]struct {
		texts []string
		every time.Duration
		want  websocket.StatusCode
	}{
		"flood":            {slices.Repeat([]string{`{"type":"select","tracks":[1]}`}, maxRate+1), 0, codeViolation},
		"flood, unknown":   {slices.Repeat([]string{`{"type":"later"}`}, maxRate+1), 0, codeViolation},
		"busy":             {slices.Repeat([]string{`{"type":"select","tracks":[1]}`}, 100), time.Second / maxRate, -1},
		"many tracks":      {[]string{`{"type":"select","tracks":[` + strings.Repeat("1,", maxListed) + `1]}`}, 0, codeViolation},
		"enough tracks":    {[]string{`{"type":"select","tracks":[` + strings.Repeat("1,", maxListed-1) + `1]}`}, 0, -1},
		"start":            {[]string{`{"type":"start"}`}, 0, codeViolation},
		"no JSON":          {[]string{`select`}, 0, codeViolation},
		"unknown, ignored": {[]string{`{"type":"ended","name":"cam9"}`, `{"type":"gone"}`, `{}`}, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				streams := &livews.Streams{ID: "a"}
				stop := serveMemory(m, &Server{Streams: streams})
				defer stop()
				_, unpublish := feed(t, streams, "cam1")
				defer unpublish()
				synctest.Wait()
				d := newDialer(nil, nil, m.Dial)
				defer d.CloseIdle()
				s, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
				if err != nil {
					t.Fatal(err)
				}
				failed := make(chan error, 1)
				go func() {
					_, err := s.ReadSegment(t.Context())
					failed <- err
				}()
				for _, text := range tt.texts {
					_ = s.ws.Write(t.Context(), websocket.MessageText, []byte(text))
					time.Sleep(tt.every)
				}
				synctest.Wait()
				got := websocket.StatusCode(-1)
				select {
				case err := <-failed:
					got = websocket.CloseStatus(err)
				default:
					s.Close()
					<-failed
				}
				if got != tt.want {
					t.Errorf("close code %d, want %d", got, tt.want)
				}
			})
		})
	}
}

// TestUnknownControl goes on when the server says what a later version may, or of what
// there is not.
func TestUnknownControl(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		stop := answer(m, func(ws *websocket.Conn) {
			for _, text := range []string{
				`{"type":"ended","name":"cam9"}`, `{"type":"gone","name":"cam9"}`, `{"type":"end2"}`, `{}`,
				`{"type":"path"}`, `{"type":"path","nodes":["b","b"]}`, `{"type":"path","nodes":["not valid"]}`, `{"type":"path","nodes":["b","c"]}`,
				`{"type":"goaway","delay":-5}`, `{"type":"goaway","delay":9223372036854775807}`, `{"type":"goaway","delay":1500}`,
			} {
				_ = ws.Write(t.Context(), websocket.MessageText, []byte(text))
			}
			msg, err := (&livews.Segment{Type: livews.TypeChunk, Track: 1, Payload: []byte("x")}).Message()
			if err != nil {
				t.Error(err)
			}
			_ = ws.Write(t.Context(), websocket.MessageBinary, msg)
			_, _, _ = ws.Read(t.Context())
		})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		var paths [][]string
		var delays []time.Duration
		s, err := d.Dial(t.Context(), memoryURL, "cam1", &DialOptions{
			OnPath:   func(p []string) { paths = append(paths, p) },
			OnGoaway: func(delay time.Duration) { delays = append(delays, delay) },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if seg, err := s.ReadSegment(t.Context()); err != nil || string(seg.Payload) != "x" {
			t.Errorf("ReadSegment = %v, %v", seg, err)
		}
		if want := [][]string{nil, nil, nil, {"b", "c"}}; !slices.EqualFunc(paths, want, slices.Equal) {
			t.Errorf("paths = %q, want %q", paths, want)
		}
		if want := []time.Duration{0, maxGoaway, 1500 * time.Millisecond}; !slices.Equal(delays, want) {
			t.Errorf("delays = %v, want %v", delays, want)
		}
	})
}

// answer accepts connections over m for talk.
func answer(m *memory, talk func(ws *websocket.Conn)) (stop func()) {
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		talk(ws)
	})}
	var served sync.WaitGroup
	served.Go(func() { _ = h.Serve(m) })
	return func() {
		_ = h.Close()
		served.Wait()
	}
}

// TestCloseWith tells the server why, and does not wait for one that does not listen.
func TestCloseWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		warns := make(chan string, 10)
		ended := make(chan error, 10)
		logger := noting(ended)
		logger.Handler().(*causes).warns = warns
		streams := &livews.Streams{ID: "a"}
		stop := serveMemory(m, &Server{Streams: streams, Logger: logger})
		defer stop()
		_, unpublish := feed(t, streams, "cam1")
		defer unpublish()
		synctest.Wait()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		for _, lost := range []bool{false, true} {
			s, err := d.Dial(t.Context(), memoryURL, "cam1", nil)
			if err != nil {
				t.Fatal(err)
			}
			failed := make(chan error)
			go func() {
				_, err := s.ReadSegment(t.Context())
				failed <- err
			}()
			synctest.Wait()
			m.upLost.Store(lost)
			m.downLost.Store(lost)
			start := time.Now()
			_ = s.CloseWith(CodeStale, "another publisher has a higher epoch"+strings.Repeat("!", 200))
			want := time.Duration(0)
			if lost {
				want = closeTimeout
			}
			if got := time.Since(start); got != want {
				t.Errorf("lost = %t: CloseWith takes %v, want %v", lost, got, want)
			}
			if err := <-failed; err == nil || err == io.EOF {
				t.Errorf("ReadSegment = %v, want an error", err)
			}
			synctest.Wait()
			if !lost {
				if err := <-ended; websocket.CloseStatus(err) != CodeStale {
					t.Errorf("the server gets %v, want %d", err, CodeStale)
				}
				if len(warns) != 1 {
					t.Errorf("%d warnings, want 1", len(warns))
				}
			}
		}
		time.Sleep(deadAfter + pingAfter) // until the server has noticed, too
	})
}

// TestAdvice goes by the close code.
func TestAdvice(t *testing.T) {
	for code, want := range map[websocket.StatusCode]Action{
		websocket.StatusNormalClosure: Retry, websocket.StatusGoingAway: Retry, websocket.StatusInternalError: Retry,
		codeShutdown: Retry, 4199: Retry, codeLost: Move, codeNotFound: Move, codeLoop: Move, 4299: Move,
		codeViolation: Stop, 4399: Stop, codeDead: Retry, 4500: Retry,
	} {
		if got := Advice((&Stream{}).readError(websocket.CloseError{Code: code})); got != want {
			t.Errorf("Advice of %d = %v, want %v", code, got, want)
		}
	}
	for _, tt := range []struct {
		err  error
		want Action
	}{{livews.ErrMessage, Move}, {livews.ErrLoop, Move}, {livews.ErrNotFound, Move}, {livews.ErrUnavailable, Retry}, {io.ErrUnexpectedEOF, Retry}} {
		if got := Advice(tt.err); got != tt.want {
			t.Errorf("Advice(%v) = %v, want %v", tt.err, got, tt.want)
		}
	}
}
