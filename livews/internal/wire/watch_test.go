package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/livewstest"
)

// said is a Node as text.
func said(n *Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d viewers complete=%t:", n.ID, n.Viewers, n.Complete)
	for _, info := range n.Streams {
		fmt.Fprintf(&b, " %s=%s", info.Name, strings.Join(info.Path, ">"))
	}
	return b.String()
}

// TestWatch tells all at first, and then each change.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		streams := &livews.Streams{ID: "a"}
		stop := serveMemory(m, &Server{Streams: streams})
		defer stop()
		sink, unpublish := feed(t, streams, "cam1")
		write(t, sink, livewstest.NewSource(nil), 3)
		synctest.Wait()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		var nodes []*Node
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Watch(ctx, memoryURL, func(n *Node) { nodes = append(nodes, n) }) }()
		expect := func(want string) {
			t.Helper()
			time.Sleep(2 * restAfter)
			synctest.Wait()
			if len(nodes) == 0 {
				t.Fatalf("nothing is told, want %s", want)
			}
			if got := said(nodes[len(nodes)-1]); got != want {
				t.Errorf("told %s, want %s", got, want)
			}
		}
		expect("a 0 viewers complete=true: cam1=a")
		if n := nodes[0]; len(n.Streams[0].Tracks) != 2 || n.Streams[0].Epoch != 1 || n.Streams[0].Newest != nil {
			t.Errorf("the stream is %+v", n.Streams[0])
		}
		_, unpublish2 := feed(t, streams, "b/2")
		expect("a 0 viewers complete=true: b/2=a cam1=a")
		unpublish()
		expect("a 0 viewers complete=true: b/2=a")
		told := len(nodes)
		viewed := make(chan error)
		go func() { viewed <- readAll(t, d, "b/2", nil) }()
		time.Sleep(viewersEvery)
		expect("a 1 viewers complete=true: b/2=a")
		time.Sleep(10 * viewersEvery)
		synctest.Wait()
		if got := len(nodes) - told; got != 1 {
			t.Errorf("one change is told %d times", got)
		}
		unpublish2()
		if err := <-viewed; err != io.EOF {
			t.Errorf("the viewer gets %v, want io.EOF", err)
		}
		cancel()
		if err := <-ended; err == nil {
			t.Error("Watch = nil")
		}
	})
}

// TestWatchIncomplete says so where others may have streams that are not known.
// TestWatchFlood tells of a node that changes all the time no more than so often, and what
// is so in the end.
func TestWatchFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		set := make(chan func(*livews.Directory))
		streams := &livews.Streams{ID: "a", Discover: func(ctx context.Context, _ string, f func(*livews.Directory)) error {
			set <- f
			<-ctx.Done()
			return ctx.Err()
		}}
		defer serveMemory(m, &Server{Streams: streams})()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		var nodes []*Node
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Watch(ctx, memoryURL, func(n *Node) { nodes = append(nodes, n) }) }()
		tell := <-set
		for i := range 1000 {
			tell(&livews.Directory{Complete: true, Streams: []livews.StreamInfo{{Name: "cam1", Path: []string{"b", fmt.Sprint("n", i)}}}})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(2 * restAfter)
		cancel()
		<-ended
		if most := int(time.Second/restAfter) + 3; len(nodes) > most {
			t.Errorf("told %d times in a second, want at most %d", len(nodes), most)
		}
		if got, want := said(nodes[len(nodes)-1]), "a 0 viewers complete=true: cam1=a>b>n999"; got != want {
			t.Errorf("told %s in the end, want %s", got, want)
		}
	})
}

func TestWatchIncomplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		stop := serveMemory(m, &Server{Streams: &livews.Streams{ID: "a", Open: new(routed).open}})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := d.Watch(ctx, memoryURL, func(n *Node) {
			if got, want := said(n), "a 0 viewers complete=false:"; got != want {
				t.Errorf("told %s, want %s", got, want)
			}
			cancel()
		})
		if err == nil {
			t.Error("Watch = nil")
		}
	})
}

// TestWatchClose ends with the server's streams, and is to be tried again.
func TestWatchClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		streams := &livews.Streams{ID: "a"}
		stop := serveMemory(m, &Server{Streams: streams})
		defer stop()
		d := newDialer(nil, nil, m.Dial)
		defer d.CloseIdle()
		err := d.Watch(t.Context(), memoryURL, func(*Node) { go streams.Close() })
		if websocket.CloseStatus(err) != codeShutdown || Advice(err) != Retry {
			t.Errorf("Watch = %v, want 4100", err)
		}
	})
}

// TestWatchBounds takes from a server only what can be.
func TestWatchBounds(t *testing.T) {
	const node, synced = `{"type":"node","id":"u","viewers":3,"complete":true}`, `{"type":"synced"}`
	stream := func(name string, path ...string) string {
		text, err := json.Marshal(&notice{Type: typeStream, Stream: &livews.StreamInfo{Name: name, Path: path}})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var all, tooMany []string
	for i := range maxWatched {
		all = append(all, stream(fmt.Sprintf("s%04d", i)))
	}
	all = append([]string{node}, all...)
	tooMany = append(slices.Clone(all), stream("t"))
	var long []string
	for i := range livews.MaxPath + 1 {
		long = append(long, fmt.Sprint("n", i))
	}
	for name, tt := range map[string]struct {
		texts []string
		want  string // what is told last
		err   error  // what ends it
	}{
		"as it should be":  {[]string{node, stream("a", "u", "v"), synced}, "u 3 viewers complete=true: a=u>v", nil},
		"not synced":       {[]string{node, stream("a", "u", "v")}, "", nil},
		"bad name":         {[]string{node, stream("../a", "u"), stream("", "u"), stream("b", "u"), synced}, "u 3 viewers complete=true: b=u", nil},
		"path twice":       {[]string{node, stream("a", "u", "v", "u"), synced}, "u 3 viewers complete=true:", nil},
		"path too long":    {[]string{node, stream("a", long...), stream("b", long[:livews.MaxPath]...), synced}, "u 3 viewers complete=true: b=" + strings.Join(long[:livews.MaxPath], ">"), nil},
		"path no ids":      {[]string{node, stream("a", "u", "v w"), synced}, "u 3 viewers complete=true:", nil},
		"path gone bad":    {[]string{node, stream("a", "u"), stream("a", "u", ""), synced}, "u 3 viewers complete=true:", nil},
		"no way":           {[]string{node, stream("a"), synced}, "u 3 viewers complete=true: a=", nil},
		"no stream":        {[]string{node, `{"type":"stream"}`, `{"type":"stream","stream":{"name":"a","tracks":[null]}}`, synced}, "u 3 viewers complete=true:", nil},
		"too many tracks":  {[]string{node, stream("a", "u"), `{"type":"stream","stream":{"name":"a","tracks":[` + strings.Repeat("{},", maxListed) + `{}]}}`, synced}, "u 3 viewers complete=true:", nil},
		"all tracks":       {[]string{node, `{"type":"stream","stream":{"name":"a","tracks":[` + strings.Repeat("{},", maxListed-1) + `{}]}}`, synced}, "u 3 viewers complete=true: a=", nil},
		"positions":        {[]string{node, `{"type":"stream","stream":{"name":"a","newest":{"1":"1.2.3"},"bytesSent":5}}`, synced}, "u 3 viewers complete=true: a=", nil},
		"unknown gone":     {[]string{node, stream("a", "u"), synced, `{"type":"gone","name":"z"}`, `{"type":"gone"}`, `{"type":"ended","name":"a"}`, synced}, "u 3 viewers complete=true: a=u", nil},
		"unknown node":     {[]string{synced}, "", livews.ErrMessage},
		"bad node":         {[]string{`{"type":"node","id":"a b"}`}, "", livews.ErrMessage},
		"negative viewers": {[]string{`{"type":"node","id":"u","viewers":-1}`, synced}, "u 0 viewers complete=false:", nil},
		"no JSON":          {[]string{`hello`}, "", livews.ErrMessage},
		"too many":         {tooMany, "", livews.ErrMessage},
		"too long":         {[]string{node, `{"type":"later","x":"` + strings.Repeat("x", maxNotice) + `"}`}, "", websocket.ErrMessageTooBig},
		"just enough":      {append(slices.Clone(all), synced), "4096 streams", nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				stop := answer(m, func(ws *websocket.Conn) {
					for _, text := range tt.texts {
						_ = ws.Write(context.WithoutCancel(t.Context()), websocket.MessageText, []byte(text))
					}
					_ = ws.Close(codeShutdown, "")
				})
				defer stop()
				d := newDialer(nil, nil, m.Dial)
				defer d.CloseIdle()
				got := ""
				err := d.Watch(t.Context(), memoryURL, func(n *Node) {
					for _, info := range n.Streams {
						if info.Newest != nil || info.BytesSent != 0 {
							t.Errorf("kept of %s: newest %v, %d bytes sent", info.Name, info.Newest, info.BytesSent)
						}
					}
					got = said(n)
					if len(n.Streams) == maxWatched {
						got = fmt.Sprint(len(n.Streams), " streams")
					}
				})
				if got != tt.want {
					t.Errorf("told %q, want %q", got, tt.want)
				}
				if tt.err != nil && !errors.Is(err, tt.err) || tt.err == nil && websocket.CloseStatus(err) != codeShutdown {
					t.Errorf("Watch = %v, want %v", err, tt.err)
				}
			})
		})
	}
}

// TestWatchServerBounds tells no more than whoever watches takes.
func TestWatchServerBounds(t *testing.T) {
	dir := livews.Directory{Complete: true}
	for i := range maxWatched + 1 {
		dir.Streams = append(dir.Streams, livews.StreamInfo{Name: fmt.Sprintf("s%04d", i)})
	}
	dir.Streams[0].Tracks = slices.Repeat([]*livews.Track{{Codec: strings.Repeat("x", 1000)}}, 100)
	w := &watcher{streams: &livews.Streams{ID: "a"}, viewers: func() int { return 7 }}
	heard := watch{streams: make(map[string]livews.StreamInfo)}
	listen := func(now time.Time) int {
		frames := w.changes(&dir, now)
		for _, frame := range frames {
			n, err := parseNotice(frame[strings.IndexByte(string(frame), '{'):])
			if err != nil {
				t.Fatal(err)
			}
			if err := heard.note(n); err != nil {
				t.Fatal(err)
			}
		}
		return len(frames)
	}
	now := time.Now()
	listen(now)
	if got := heard.current(); len(got.Streams) != maxWatched-1 || got.Complete || got.Viewers != 7 {
		t.Errorf("heard of %d streams, complete = %t, %d viewers", len(got.Streams), got.Complete, got.Viewers)
	}
	if got := listen(now); got != 0 {
		t.Errorf("no change takes %d messages", got)
	}
	w.viewers = func() int { return 8 }
	if listen(now.Add(viewersEvery - 1)); heard.current().Viewers != 7 {
		t.Error("the viewers are told before their time")
	}
	if listen(now.Add(viewersEvery)); heard.current().Viewers != 8 {
		t.Error("the viewers are not told in their time")
	}
	w.viewers = func() int { return 7 }
	dir.Streams = slices.Clone(dir.Streams[1:3])
	dir.Streams[0].Path = []string{"a", "b"}
	listen(now.Add(2 * viewersEvery))
	if got, want := said(heard.current()), "a 7 viewers complete=true: s0001=a>b s0002="; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
}

func FuzzParseNotice(f *testing.F) {
	f.Add([]byte(`{"type":"node","id":"u","viewers":3,"complete":true}`))
	f.Add([]byte(`{"type":"stream","stream":{"name":"a/b","state":"live","tracks":[{"number":1}],"path":["u","v"]}}`))
	f.Add([]byte(`{"type":"gone","name":"a"}`))
	f.Add([]byte(`{"type":"synced"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := parseNotice(text)
		if err != nil {
			return
		}
		w := watch{streams: make(map[string]livews.StreamInfo)}
		if err := w.note(n); err != nil {
			return
		}
		node := w.current()
		if node.ID != "" && !validID(node.ID) || node.Viewers < 0 {
			t.Fatalf("node %q with %d viewers", node.ID, node.Viewers)
		}
		for _, info := range node.Streams {
			if err := livews.CheckName(info.Name); err != nil || !validNodes(info.Path) {
				t.Fatalf("stream %q by %q: %v", info.Name, info.Path, err)
			}
			for _, track := range info.Tracks {
				_ = track.MIMEType() // there is none that is not there
			}
		}
	})
}
