package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// masked returns a client's frame, with its length in as many bytes as form says (0, 2 or 8).
func masked(first byte, form int, payload string) []byte {
	mask := []byte{0x12, 0xa5, 0, 0xff}
	b := []byte{first}
	switch form {
	case 0:
		b = append(b, 0x80|byte(len(payload)))
	case 2:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload))) //nolint:gosec // of this test
	case 8:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(len(payload)))
	}
	b = append(b, mask...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

// heard is what an inbox, or another reader, made of some bytes.
type heard struct {
	frames []string // opcode and payload
	err    error    // the first
}

// listen gives the parts to an inbox, each as if it were read at once, and then the end.
func listen(parts ...[]byte) heard {
	var h heard
	note := func(err error) {
		if h.err == nil {
			h.err = err
		}
	}
	in := &inbox{take: func(f frame) error {
		h.frames = append(h.frames, fmt.Sprintf("%x %q", f.op, f.payload))
		return nil
	}}
	for _, part := range parts {
		for len(part) > 0 && !in.ended {
			n := copy(in.space(), part)
			if n == 0 {
				note(errors.New("an inbox without space"))
				return h
			}
			part = part[n:]
			note(in.filled(n, nil))
		}
	}
	if !in.ended {
		note(in.filled(0, io.ErrUnexpectedEOF))
	}
	return h
}

func join(frames ...[]byte) []byte { return bytes.Join(frames, nil) }

func TestInbox(t *testing.T) {
	long := strings.Repeat("x", maxControl)
	closing := func(code websocket.StatusCode, reason string) error {
		return &receiveError{websocket.CloseError{Code: code, Reason: reason}}
	}
	cut := &receiveError{io.ErrUnexpectedEOF}
	for name, tt := range map[string]struct {
		in     []byte
		frames []string
		err    error
	}{
		"nothing":                {nil, nil, cut},
		"text":                   {masked(0x81, 0, "hello"), []string{`1 "hello"`}, cut},
		"empty text":             {masked(0x81, 0, ""), []string{`1 ""`}, cut},
		"binary":                 {masked(0x82, 0, "\xff"), []string{`2 "\xff"`}, cut},
		"length in 2 bytes":      {masked(0x81, 2, long[:300]), []string{`1 "` + long[:300] + `"`}, cut},
		"length in 8 bytes":      {masked(0x81, 8, long[:300]), []string{`1 "` + long[:300] + `"`}, cut},
		"longer form than needs": {masked(0x81, 8, "hi"), []string{`1 "hi"`}, cut},
		"longest":                {masked(0x81, 2, long), []string{`1 "` + long + `"`}, cut},
		"longest, then more": {
			join(masked(0x81, 2, long), masked(0x81, 0, "a"), masked(0x81, 2, long)),
			[]string{`1 "` + long + `"`, `1 "a"`, `1 "` + long + `"`},
			cut,
		},
		"too long":              {masked(0x81, 2, long+"x"), nil, errTooBig},
		"too long by its word":  {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 5}, nil, errTooBig},
		"too long in parts":     {join(masked(0x01, 2, long), masked(0x80, 0, "x")), nil, errTooBig},
		"in parts":              {join(masked(0x01, 0, "a"), masked(0x00, 0, ""), masked(0x80, 0, "b")), []string{`1 "ab"`}, cut},
		"binary in parts":       {join(masked(0x02, 0, "a"), masked(0x80, 0, "b")), []string{`2 "ab"`}, cut},
		"character in parts":    {join(masked(0x01, 0, "\xc3"), masked(0x80, 0, "\xa9")), []string{`1 "é"`}, cut},
		"ping among parts":      {join(masked(0x01, 0, "a"), masked(0x89, 0, "p"), masked(0x80, 0, "b")), []string{`9 "p"`, `1 "ab"`}, cut},
		"close among parts":     {join(masked(0x01, 0, "a"), masked(0x88, 0, "")), nil, closing(1005, "")},
		"parts without an end":  {join(masked(0x01, 0, "a"), masked(0x00, 0, "b")), nil, cut},
		"continues nothing":     {masked(0x80, 0, "a"), nil, errFrame},
		"continues a whole":     {join(masked(0x81, 0, "a"), masked(0x80, 0, "b")), []string{`1 "a"`}, errFrame},
		"message in a message":  {join(masked(0x01, 0, "a"), masked(0x81, 0, "b")), nil, errFrame},
		"ping":                  {masked(0x89, 0, long[:125]), []string{`9 "` + long[:125] + `"`}, cut},
		"pong":                  {masked(0x8a, 0, "p"), []string{`a "p"`}, cut},
		"long ping":             {masked(0x89, 2, long[:126]), nil, errFrame},
		"ping in parts":         {masked(0x09, 0, "p"), nil, errFrame},
		"close in parts":        {masked(0x08, 0, ""), nil, errFrame},
		"no mask":               {[]byte{0x81, 0}, nil, errFrame},
		"reserved bit 1":        {masked(0xc1, 0, ""), nil, errFrame},
		"reserved bit 2":        {masked(0xa1, 0, ""), nil, errFrame},
		"reserved bit 3":        {masked(0x91, 0, ""), nil, errFrame},
		"reserved data opcode":  {masked(0x83, 0, ""), nil, errFrame},
		"reserved control code": {masked(0x8b, 0, ""), nil, errFrame},
		"no UTF-8":              {join(masked(0x81, 0, "a\xff"), masked(0x81, 0, "b")), nil, errText},
		"cut in the header":     {masked(0x81, 2, long[:200])[:3], nil, cut},
		"cut in the payload":    {masked(0x81, 0, "hello")[:9], nil, cut},
		"close":                 {masked(0x88, 0, ""), nil, closing(1005, "")},
		"close of 1 byte":       {masked(0x88, 0, "\x03"), nil, errFrame},
		"close 1000":            {masked(0x88, 0, "\x03\xe8"), nil, closing(1000, "")},
		"close with reason":     {masked(0x88, 0, "\x10\xcdstale"), nil, closing(4301, "stale")},
		"close with no UTF-8":   {masked(0x88, 0, "\x03\xe8\xff"), nil, errText},
		"close, then more":      {join(masked(0x88, 0, "\x03\xe8"), masked(0x81, 0, "a")), nil, closing(1000, "")},
		"close 0":               {masked(0x88, 0, "\x00\x00"), nil, errFrame},
		"close 999":             {masked(0x88, 0, "\x03\xe7"), nil, errFrame},
		"close 1004":            {masked(0x88, 0, "\x03\xec"), nil, errFrame},
		"close 1005":            {masked(0x88, 0, "\x03\xed"), nil, errFrame},
		"close 1006":            {masked(0x88, 0, "\x03\xee"), nil, errFrame},
		"close 1014":            {masked(0x88, 0, "\x03\xf6"), nil, closing(1014, "")},
		"close 1015":            {masked(0x88, 0, "\x03\xf7"), nil, errFrame},
		"close 2999":            {masked(0x88, 0, "\x0b\xb7"), nil, errFrame},
		"close 3000":            {masked(0x88, 0, "\x0b\xb8"), nil, closing(3000, "")},
		"close 5000":            {masked(0x88, 0, "\x13\x88"), nil, errFrame},
	} {
		want := heard{tt.frames, tt.err}
		for i := range len(tt.in) + 1 {
			want.compare(t, fmt.Sprintf("%s, split at %d", name, i), listen(tt.in[:i], tt.in[i:]))
		}
		want.compare(t, name+", byte by byte", listen(slices.Collect(slices.Chunk(tt.in, 1))...))
	}
}

func (want heard) compare(t *testing.T, name string, got heard) {
	t.Helper()
	if !slices.Equal(got.frames, want.frames) {
		t.Errorf("%s: frames %.200v, want %.200v", name, got.frames, want.frames)
	}
	var closed websocket.CloseError
	if errors.As(want.err, &closed) {
		var said websocket.CloseError
		if !errors.As(got.err, &said) || said != closed {
			t.Errorf("%s: %v, want %v", name, got.err, want.err)
		}
		return
	}
	cause := want.err
	if received := (*receiveError)(nil); errors.As(cause, &received) {
		cause = received.error
	}
	if !errors.Is(got.err, cause) {
		t.Errorf("%s: %v, want %v", name, got.err, want.err)
	}
}

// TestInboxMemory keeps no more than a control frame needs after a long message.
func TestInboxMemory(t *testing.T) {
	in := &inbox{take: func(frame) error { return nil }}
	for _, msg := range [][]byte{masked(0x81, 2, strings.Repeat("x", maxControl)), masked(0x89, 0, "p")} {
		for len(msg) > 0 {
			n := copy(in.space(), msg)
			msg = msg[n:]
			if err := in.filled(n, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(in.space()); got != readBuffer {
			t.Errorf("room for %d bytes, want %d", got, readBuffer)
		}
	}
	if got := testing.AllocsPerRun(100, func() { _ = in.filled(copy(in.space(), masked(0x8a, 0, "")), nil) }); got > 4 {
		t.Errorf("%v allocations for a pong", got) // masked has some
	}
}

// FuzzInbox holds an inbox against the WebSocket library: both make the same of the same
// bytes, however these are cut into pieces.
func FuzzInbox(f *testing.F) {
	f.Add(masked(0x81, 0, "hello"), 3)
	f.Add(join(masked(0x01, 0, "a"), masked(0x89, 0, "p"), masked(0x80, 2, "b"), masked(0x88, 0, "\x03\xe8bye")), 1)
	f.Add(join(masked(0x82, 8, strings.Repeat("x", 500)), masked(0x8a, 0, "p")), 131)
	f.Add(join(masked(0x01, 2, strings.Repeat("x", maxControl)), masked(0x80, 0, "x")), 5000)
	f.Add([]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 5}, 2)
	f.Add(masked(0xc1, 0, "a"), 4)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if len(data) > 4*maxControl {
			return
		}
		data = bytes.Clone(data)
		pieces := slices.Collect(slices.Chunk(data, min(max(size, 1), 1<<16)))
		want := listenReference(t, bytes.Clone(data))
		got := listen(pieces...)
		// The library does not check text, and takes lengths of control frames in longer forms.
		if errors.Is(got.err, errText) || strings.Contains(fmt.Sprint(got.err), "long control frame") {
			want.frames = want.frames[:min(len(got.frames), len(want.frames))]
		} else if got, want := websocket.CloseStatus(got.err), websocket.CloseStatus(want.err); got != want {
			t.Errorf("close code %d, want %d", got, want)
		}
		if !slices.Equal(got.frames, want.frames) {
			t.Errorf("frames %q, want %q", got.frames, want.frames)
		}
	})
}

// listenReference is listen by the WebSocket library.
func listenReference(t *testing.T, data []byte) (h heard) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, line := range []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="} {
		key, value, _ := strings.Cut(line, ": ")
		r.Header.Set(key, value)
	}
	note := func(op byte, payload []byte) { h.frames = append(h.frames, fmt.Sprintf("%x %q", op, payload)) }
	ws, err := websocket.Accept(&fed{ResponseWriter: httptest.NewRecorder(), conn: &fedConn{data: data}}, r, &websocket.AcceptOptions{
		OnPingReceived: func(_ context.Context, payload []byte) bool { note(opPing, payload); return false },
		OnPongReceived: func(_ context.Context, payload []byte) { note(opPong, payload) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(maxControl)
	for {
		typ, msg, err := ws.Read(t.Context())
		if err != nil {
			h.err = err
			return h
		}
		note(byte(typ), msg)
	}
}

// fed hands out a connection on which some bytes come.
type fed struct {
	http.ResponseWriter
	conn *fedConn
}

func (f *fed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return f.conn, bufio.NewReadWriter(bufio.NewReader(f.conn), bufio.NewWriter(io.Discard)), nil
}

type fedConn struct {
	net.Conn
	data []byte
}

func (c *fedConn) Close() error { return nil }

// Read does not end with io.EOF, which the library may take for the end of a message.
func (c *fedConn) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}
