package livews_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// router opens streams that tell their way.
type router struct {
	mu       sync.Mutex
	requests []*livews.Request
	sources  []*paced
	open     func(req *livews.Request) error // may be nil
}

func (r *router) Open(_ context.Context, req *livews.Request) (livews.Source, error) {
	r.mu.Lock()
	r.requests = append(r.requests, req)
	src := newPacedIn(1)
	r.sources = append(r.sources, src)
	r.mu.Unlock()
	if r.open != nil {
		if err := r.open(req); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func TestPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &router{open: func(req *livews.Request) error {
			req.Routed([]string{"b", "a"})
			time.Sleep(time.Second)
			return nil
		}}
		s := &livews.Streams{Open: up.Open}
		defer s.Close()
		g := guided(t, s)
		var path []string
		next := func(want ...string) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			got, err := s.Path(ctx, "cam1", path)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("Path = %v, %v; want %v", got, err, want)
			}
			path = got
		}
		if _, err := s.Path(t.Context(), "cam1", nil); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("Path of an unknown stream = %v, want ErrNotFound", err)
		}
		g.tell(known("cam1", "x", "a"))
		next("me", "x", "a")
		time.AfterFunc(time.Second, func() { g.tell(known("cam1", "y", "a")) })
		next("me", "y", "a")
		time.AfterFunc(time.Second, func() { join(t, s, "cam1") })
		next("me", "b", "a")
		routed := up.requests[0].Routed
		for _, tt := range []struct{ routed, want []string }{
			{[]string{"c", "a"}, []string{"me", "c", "a"}},
			{nil, nil},
			{[]string{"a"}, []string{"me", "a"}},
			{[]string{"d", "me", "a"}, nil}, // would be a loop
			{[]string{"a"}, []string{"me", "a"}},
			{make([]string, livews.MaxPath), nil},
		} {
			time.AfterFunc(time.Second, func() { routed(tt.routed) })
			next(tt.want...)
		}
		time.AfterFunc(time.Second, func() { publish(t, s, "cam1", newPacedIn(7)) })
		next("me")
		routed([]string{"a"}) // of one who has the stream no more
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got, err := s.Path(ctx, "cam1", path); err != context.DeadlineExceeded {
			t.Errorf("Path = %v, %v; want no other", got, err)
		}
	})
}

// TestPathOfGone ends the waiting for the path of a stream that ends.
func TestPathOfGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(livews.Streams)
		defer s.Close()
		src := newPacedIn(1)
		publish(t, s, "cam1", src)
		path, err := s.Path(t.Context(), "cam1", nil)
		for ; errors.Is(err, livews.ErrNotFound); path, err = s.Path(t.Context(), "cam1", nil) {
			synctest.Wait()
		}
		if err != nil || !slices.Equal(path, []string{s.NodeID()}) {
			t.Errorf("Path = %v, %v; want [%s]", path, err, s.NodeID())
		}
		time.AfterFunc(time.Second, func() { src.fail(io.EOF) })
		if path, err := s.Path(t.Context(), "cam1", path); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("Path = %v, %v; want ErrNotFound", path, err)
		}
	})
}

// TestOpenIsToldTheWay gives Open the way by which the request came, with this node at its
// end, and what the first reader has.
func TestOpenIsToldTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &router{open: func(*livews.Request) error {
			time.Sleep(time.Second)
			return nil
		}}
		s := &livews.Streams{ID: "me", Open: up.Open}
		defer s.Close()
		var joined sync.WaitGroup
		after := map[uint16]livews.Position{1: {Epoch: 1, Group: 2, Chunk: 3}}
		via := append(make([]string, 0, 10), "x", "y")
		for i, req := range []*livews.Request{
			{Name: "cam1", Via: via, After: after},
			{Name: "cam1", Via: []string{"z"}, After: map[uint16]livews.Position{1: {Epoch: 9}}},
			{Name: "cam1"},
		} {
			joined.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if _, _, err := s.JoinAs(t.Context(), req); err != nil {
					t.Errorf("JoinAs = %v", err)
				}
			})
		}
		joined.Wait()
		if len(up.requests) != 1 {
			t.Fatalf("opened %d times, want once", len(up.requests))
		}
		req := up.requests[0]
		if !slices.Equal(req.Via, []string{"x", "y", "me"}) || len(req.After) != 1 || req.After[1] != after[1] {
			t.Errorf("Open for via %v after %v", req.Via, req.After)
		}
		if clear(after); req.After[1].IsZero() || via[:3][2] != "" {
			t.Error("the request is shared with the reader")
		}
	})
}

func TestLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(router)
		s := &livews.Streams{ID: "me", Open: up.Open}
		defer s.Close()
		publish(t, s, "here", newPacedIn(1))
		join(t, s, "there")
		synctest.Wait()
		up.requests[0].Routed([]string{"b", "a"})
		ids := make([]string, livews.MaxPath)
		for i := range ids {
			ids[i] = fmt.Sprint(i)
		}
		for _, tt := range []struct {
			name string
			via  []string
			loop bool
		}{
			{"new", []string{"me"}, true},
			{"new", []string{"x", "me", "y"}, true},
			{"new", ids, true},
			{"here", []string{"me"}, true},
			{"here", []string{"x"}, false},
			{"here", ids, true},
			{"here", ids[1:], false},
			{"there", []string{"x", "y"}, false},
			{"there", []string{"x", "b"}, true},
			{"there", []string{"a"}, true},
			{"there", ids[3:], false},
			{"there", ids[2:], true}, // the last node is the 17th
			{"new", ids[1:], false},
		} {
			opened := len(up.requests)
			_, leave, err := s.JoinAs(t.Context(), &livews.Request{Name: tt.name, Via: tt.via})
			if errors.Is(err, livews.ErrLoop) != tt.loop || err != nil != tt.loop {
				t.Errorf("%s via %v: %v, want a loop: %v", tt.name, tt.via, err, tt.loop)
			}
			if err == nil {
				leave()
			} else if len(up.requests) != opened {
				t.Errorf("%s via %v: opened", tt.name, tt.via)
			}
		}
		if info, _ := s.Info("there"); info.Viewers != 1 {
			t.Errorf("%d viewers, want 1: those who are refused do not count", info.Viewers)
		}
	})
}

// TestLoopIsNoDemand lets nodes that are refused not keep a stream open.
func TestLoopIsNoDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(router)
		s := &livews.Streams{ID: "me", Open: up.Open}
		defer s.Close()
		leave := join(t, s, "cam1")
		up.requests[0].Routed([]string{"b", "a"})
		leave()
		for range 6 {
			time.Sleep(time.Second)
			_, _, _ = s.JoinAs(t.Context(), &livews.Request{Name: "cam1", Via: []string{"b"}})
		}
		if n := up.sources[0].closed.Load(); n != 1 {
			t.Errorf("the source was closed %d times, want once", n)
		}
	})
}

// TestPathWhileOpening tells the path of a stream that nobody knew of once it is open.
func TestPathWhileOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(upstream)
		s := &livews.Streams{ID: "me", Open: up.open}
		defer s.Close()
		go func() { _, _, _ = s.Join(t.Context(), "cam1") }()
		synctest.Wait()
		if path, err := s.Path(t.Context(), "cam1", nil); err != nil || !slices.Equal(path, []string{"me"}) {
			t.Errorf("Path = %v, %v; want [me]", path, err)
		}
	})
}

// TestLoopWhileOpening looks at the way of a stream again once that is open.
func TestLoopWhileOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &router{open: func(req *livews.Request) error {
			time.Sleep(time.Second)
			req.Routed([]string{"b", "a"})
			return nil
		}}
		s := &livews.Streams{ID: "me", Open: up.Open}
		defer s.Close()
		var joined sync.WaitGroup
		for _, via := range []string{"x", "b", "a", "y"} {
			joined.Go(func() {
				_, _, err := s.JoinAs(t.Context(), &livews.Request{Name: "cam1", Via: []string{via}})
				if loop := via == "a" || via == "b"; errors.Is(err, livews.ErrLoop) != loop {
					t.Errorf("via %s: %v, want a loop: %v", via, err, loop)
				}
			})
		}
		joined.Wait()
		if info, _ := s.Info("cam1"); info.Viewers != 2 || len(up.requests) != 1 {
			t.Errorf("%d viewers after %d openings, want 2 and 1", info.Viewers, len(up.requests))
		}
	})
}

// TestLoopOfAnother opens a stream for those whose way is free, though it could not be for
// the one who came first.
func TestLoopOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &router{open: func(req *livews.Request) error {
			time.Sleep(time.Second)
			if slices.Contains(req.Via, "b") {
				return fmt.Errorf("%w: b is the only upstream", livews.ErrLoop)
			}
			return nil
		}}
		s := &livews.Streams{ID: "me", Open: up.Open}
		defer s.Close()
		var joined sync.WaitGroup
		for i, via := range [][]string{{"b"}, {"b"}, {"x", "b"}, {"x"}, nil, {"y"}} {
			joined.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				_, _, err := s.JoinAs(t.Context(), &livews.Request{Name: "cam1", Via: via})
				if loop := slices.Contains(via, "b"); errors.Is(err, livews.ErrLoop) != loop || err != nil != loop {
					t.Errorf("via %v: %v, want a loop: %v", via, err, loop)
				}
			})
		}
		joined.Wait()
		if n := len(up.requests); n != 2 {
			t.Errorf("opened %d times, want twice", n)
		}
	})
}

// TestRing publishes a stream that comes back in the lists of the upstreams: an announce
// that is reflected changes nothing, neither does its end.
func TestRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := new(router)
		s := &livews.Streams{Open: up.Open}
		defer s.Close()
		g := guided(t, s)
		g.tell()
		src := newPacedIn(1)
		publish(t, s, "cam1", src)
		time.Sleep(time.Second)
		relay, leave, err := s.Join(t.Context(), "cam1")
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
		d, err := s.Directory(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		reflected := known("cam1", "b", "c", "me")
		reflected.Epoch = 99
		g.tell(reflected)
		g.tell()
		time.Sleep(time.Minute)
		if again, _ := s.Directory(t.Context(), 0); again.Version != d.Version {
			t.Errorf("version %d, want still %d: %+v", again.Version, d.Version, again)
		}
		if got, _, err := s.Join(t.Context(), "cam1"); got != relay || err != nil {
			t.Errorf("Join = another relay, %v", err)
		}
		g.tell(reflected)
		src.end()
		if _, _, err := s.Join(t.Context(), "cam1"); !errors.Is(err, livews.ErrNotFound) {
			t.Errorf("Join after the end = %v, want ErrNotFound", err)
		}
		if len(up.requests) != 0 {
			t.Errorf("opened %d times from upstream", len(up.requests))
		}
	})
}

func TestNodeID(t *testing.T) {
	var a, b livews.Streams
	if id := a.NodeID(); len(id) != 12 || id == b.NodeID() || id != a.NodeID() {
		t.Errorf("NodeID = %q, %q and %q; want two random ones", id, a.NodeID(), b.NodeID())
	}
	for _, id := range []string{"a b", "a,b", "a~b", "ä", string(make([]byte, 65))} {
		s := &livews.Streams{ID: id}
		if _, _, err := s.Join(t.Context(), "cam1"); err == nil || errors.Is(err, livews.ErrNotFound) {
			t.Errorf("ID %q: Join = %v, want an error about the ID", id, err)
		}
	}
	s := &livews.Streams{ID: "Node-1_a.b"}
	if _, _, err := s.Join(t.Context(), "cam1"); !errors.Is(err, livews.ErrNotFound) {
		t.Errorf("ID %q: Join = %v, want ErrNotFound", s.ID, err)
	}
}
