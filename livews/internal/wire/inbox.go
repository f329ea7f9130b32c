package wire

import (
	"cmp"
	"errors"
	"fmt"
	"unicode/utf8"
)

// readBuffer holds any control frame: two bytes, the mask, and the payload.
const readBuffer = 2 + 4 + maxControlPayload

var (
	// errFrame is what a peer gets that does not keep to RFC 6455.
	errFrame = errors.New("WebSocket protocol error")
	// errText is what a peer gets whose text is none (RFC 6455, section 8.1).
	errText = errors.New("text that is not UTF-8")
	// errTooBig is what a peer gets whose message is longer than maxControl.
	errTooBig = fmt.Errorf("message of more than %d bytes", maxControl)
)

// inbox makes messages of the frames that come from a client: RFC 6455, sections 5.2 to 5.5,
// without extensions. It takes memory for a control frame, and more only while a longer
// message comes.
type inbox struct {
	// take gets the control frames, close frames excepted, and the whole messages, until
	// it fails: from then on they are dropped. A payload holds until it returns.
	take func(f frame) error

	buf   []byte // what was read
	taken int    // of that
	open  byte   // opcode of a message whose last frame has not come; 0: there is none
	text  []byte // of that message
	lost  bool   // where the next frame begins is not known
	ended bool   // there was a close frame, or the connection has ended
}

// space returns where the next bytes are to be read to, for filled.
func (in *inbox) space() []byte {
	rest := in.buf[in.taken:]
	in.taken = 0
	switch {
	case len(rest) > 0 && len(rest) == cap(in.buf): // of a long frame, whose length was checked
		in.buf = append(make([]byte, 0, maxHeader+maxControl), rest...)
	case len(rest) == 0 && cap(in.buf) != readBuffer: // a long one's is not kept
		in.buf = make([]byte, 0, readBuffer)
	default:
		in.buf = in.buf[:copy(in.buf[:cap(in.buf)], rest)]
	}
	return in.buf[len(in.buf):cap(in.buf)]
}

// filled says that n bytes were read to space, or that reading failed. What it returns is
// why the peer has to go: a receiveError where it has closed or is gone, what take returns, or
// one of this file's. After errFrame and errTooBig, where the next frame begins is not known,
// and all that comes is dropped.
func (in *inbox) filled(n int, err error) error {
	if err != nil {
		in.ended = true
		return &receiveError{err}
	}
	in.buf = in.buf[:len(in.buf)+n]
	var first error
	for !in.lost && !in.ended {
		f, ok, err := in.next()
		switch {
		case err != nil:
			in.lost = true
		case !ok:
			return first
		default:
			err = in.give(f)
		}
		if err != nil {
			in.take = nil // but a close frame may follow
			first = cmp.Or(first, err)
		}
	}
	in.taken = len(in.buf)
	return first
}

// give does what f says.
func (in *inbox) give(f frame) error {
	switch {
	case f.op == opClose:
		in.ended = true
		return closeError(f.payload)
	case in.take == nil:
		return nil
	case f.op == opText && !utf8.Valid(f.payload):
		return errText
	}
	return in.take(f)
}

// next takes the next control frame or message; ok is false when more has to be read for one.
func (in *inbox) next() (f frame, ok bool, err error) {
	for !ok && err == nil {
		var size int
		f, size, err = parseFrame(in.buf[in.taken:], maxControl-len(in.text))
		if size == 0 || err != nil {
			return frame{}, false, err
		}
		in.taken += size
		f, ok, err = in.assemble(f)
	}
	return f, ok, err
}

// assemble puts messages together that came in several frames (section 5.4).
func (in *inbox) assemble(f frame) (whole frame, ok bool, err error) {
	switch {
	case f.isControl():
		return f, true, nil
	case f.op != opContinuation && in.open != 0:
		return frame{}, false, fmt.Errorf("%w: message within a message", errFrame)
	case f.op == opContinuation && in.open == 0:
		return frame{}, false, fmt.Errorf("%w: continuation of nothing", errFrame)
	case f.fin && in.open == 0:
		return f, true, nil
	}
	if f.op != opContinuation {
		in.open = f.op
	}
	in.text = append(in.text, f.payload...)
	if !f.fin {
		return frame{}, false, nil
	}
	whole = frame{op: in.open, fin: true, payload: in.text}
	in.open, in.text = 0, nil
	return whole, true, nil
}
