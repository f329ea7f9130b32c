package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// TestDialGivesUp dials servers that do not finish the handshake. Each dial ends in time,
// and its error is that of a server that does not answer: neither the end of a stream nor
// of the caller's own context.
func TestDialGivesUp(t *testing.T) {
	const answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	for name, tt := range map[string]struct {
		serve  func(c net.Conn)
		cancel time.Duration
		want   time.Duration
	}{
		"never reads":        {func(net.Conn) {}, 0, dialTimeout},
		"never answers":      {readOnly, 0, dialTimeout},
		"answers in part":    {func(c net.Conn) { readSome(c); _, _ = io.WriteString(c, answer); readOnly(c) }, 0, dialTimeout},
		"answers for ever":   {drip, 0, dialTimeout},
		"cut at once":        {func(c net.Conn) { c.Close() }, 0, 0},
		"cut in the middle":  {func(c net.Conn) { readSome(c); _, _ = io.WriteString(c, answer); c.Close() }, 0, 0},
		"cut in place of it": {func(c net.Conn) { readSome(c); c.Close() }, 0, 0},
		"cancelled":          {readOnly, time.Second, time.Second},
		"cancelled, unread":  {func(net.Conn) {}, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				var servers sync.WaitGroup
				servers.Go(func() {
					for {
						c, err := m.Accept()
						if err != nil {
							return
						}
						defer c.Close()
						servers.Go(func() { tt.serve(c) })
					}
				})
				d := newDialer(nil, nil, m.Dial)
				ctx := t.Context()
				if tt.cancel > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(tt.cancel, cancel)
				}
				start := time.Now()
				s, err := d.Dial(ctx, memoryURL, "cam1", nil)
				if got := time.Since(start); got != tt.want {
					t.Errorf("Dial takes %v, want %v", got, tt.want)
				}
				if s != nil || !errors.Is(err, livews.ErrUnavailable) {
					t.Errorf("Dial = %v, %v, want ErrUnavailable", s, err)
				}
				for _, not := range []error{io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded} {
					if errors.Is(err, not) {
						t.Errorf("Dial = %v, which is %v", err, not)
					}
				}
				if got := Advice(err); got != Retry {
					t.Errorf("Advice(%v) = %v, want Retry", err, got)
				}
				d.CloseIdle()
				m.Close()
				servers.Wait()
			})
		})
	}
}

func readOnly(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func readSome(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }

// drip sends one byte of a header after the other.
func drip(c net.Conn) {
	readSome(c)
	_, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nX-Drip: ")
	for err == nil {
		time.Sleep(100 * time.Millisecond)
		_, err = io.WriteString(c, "x")
	}
}

// TestQueryRoundTrip holds what a subscriber asks for against what a server reads.
func TestQueryRoundTrip(t *testing.T) {
	many := make(map[uint16]livews.Position)
	for i := range uint16(100) {
		many[i+1] = livews.Position{Epoch: 4294967295, Group: 4294967295, Chunk: 4294967295}
	}
	for _, tt := range []struct {
		opts DialOptions
		want string
	}{
		{DialOptions{}, ""},
		{DialOptions{Via: []string{"a", "b-1._Z"}}, "via=a%2Cb-1._Z"},
		{DialOptions{Standby: true}, "standby=1"},
		{DialOptions{MaxLag: time.Second}, "lag=1000"},
		{DialOptions{MaxLag: 1}, "lag=1"},
		{DialOptions{MaxLag: 100 * time.Hour}, "lag=3600000"},
		{DialOptions{From: livews.Position{Epoch: 1, Group: 2}}, "from=1.2"},
		{DialOptions{After: map[uint16]livews.Position{1: {Epoch: 1, Group: 2, Chunk: 3}}}, "after=1%3A1.2.3"},
		{DialOptions{After: many}, "-"},
	} {
		values := tt.opts.query()
		if got := values.Encode(); got != tt.want && tt.want != "-" {
			t.Errorf("query = %s, want %s", got, tt.want)
		}
		q, err := parseQuery(values)
		if err != nil {
			t.Errorf("%s: %v", values.Encode(), err)
			continue
		}
		if !slices.Equal(q.via, tt.opts.Via) || q.standby != tt.opts.Standby || q.From != tt.opts.From || len(q.After) != min(len(tt.opts.After), maxListed) {
			t.Errorf("%+v arrives as %+v", tt.opts, q)
		}
	}
}

// TestQueryBounds takes what is just allowed and refuses what is just not.
func TestQueryBounds(t *testing.T) {
	ids := func(n int) string {
		s := ""
		for i := range n {
			s += "," + string(rune('a'+i))
		}
		return s[1:]
	}
	long := string(slices.Repeat([]byte("x"), maxID))
	for _, tt := range []struct {
		key, value string
		ok         bool
	}{
		{"via", ids(livews.MaxPath), true},
		{"via", ids(livews.MaxPath + 1), false},
		{"via", long, true},
		{"via", long + "x", false},
		{"via", "a,,b", false},
		{"via", "a,b,a", false},
		{"via", "a b", false},
		{"via", "a/b", false},
		{"via", "ä", false},
		{"lag", "1", true},
		{"lag", "3600000", true},
		{"lag", "3600001", false},
		{"lag", "0", false},
		{"lag", "-1", false},
		{"lag", "1.5", false},
		{"lag", "99999999999999999999", false},
		{"from", "1.2", true},
		{"from", "1", false},
		{"from", "1.2.3", false},
		{"from", "1.", false},
		{"from", "4294967296.0", false},
		{"standby", "1", true},
		{"standby", "0", true},
		{"standby", "yes", false},
	} {
		if q, err := parseQuery(url.Values{tt.key: {tt.value}}); (err == nil) != tt.ok {
			t.Errorf("%s=%.80s gives %+v, %v, want ok = %t", tt.key, tt.value, q, err, tt.ok)
		}
	}
}
