package ingress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

const (
	// maxRepresentations bounds those of an assembly.
	maxRepresentations = 32
	// initPatience is how long media waits for its init segment, which may be on another
	// connection.
	initPatience = 500 * time.Millisecond
)

// errTooMany says that a publisher has more of something than may be.
var errTooMany = errors.New("too many")

// object is a file or a request's body of one representation.
type object struct {
	name string // see objectKeys
	body io.Reader
	// interrupt ends the body's Read with an error; nil where that cannot hang.
	interrupt func(error)
}

// representation is where the objects of one key go, one after the other.
type representation struct {
	key    string
	init   []byte // its init segment as it came, for which the account pays
	tracks map[uint16]*assemblyTrack

	// Guarded by assembly.mu.
	order   objectOrder
	current *boxWatch     // of the object that is written
	line    []*boxWatch   // of those that wait for their turn
	moved   chan struct{} // closed and made anew when an object joins or leaves the line, or ends
	freeAt  time.Time     // when the last object has ended
	beganAt time.Time     // when the newest object with an init segment has
	retired bool          // its tracks were taken out
	ended   bool          // the last object said so
}

// write reads the object to its end and passes each chunk on when it is whole. It waits for
// the object of the same representation before it. What is whole counts: if the object is
// cut, garbled or too large, the error says so, and the next one goes on. The error wraps
// errNoInit, errTaken if the object before it does not end, those of package dash, those of
// the body, or is errEnded or ctx's.
//
// ctx does not interrupt the body's Read: whoever ends it has to do that, too.
func (a *assembly) write(ctx context.Context, o *object) error {
	paid := &meter{in: o.body, account: a.account}
	defer paid.settle()
	in := bufio.NewReader(paid)
	kind, err := firstBox(in)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	if kind == otherBox {
		return whatElse(ctx, in)
	}
	rep, err := a.representation(ctx, o.name, kind)
	if err != nil {
		return err
	}
	watch := &boxWatch{in: in, interrupt: o.interrupt, paid: paid}
	if kind == mediaBox {
		watch.number = rep.numberOf(o.name)
	}
	switch err := a.begin(ctx, rep, watch); {
	case errors.Is(err, errLate):
		a.log.Info("media that comes too late is dropped", "file", o.name)
		_, _ = io.CopyN(io.Discard, o.body, dash.MaxChunk) // whoever sends it is to see the answer
		return nil
	case err != nil:
		return err
	}
	defer a.finish(rep)
	return a.split(ctx, rep, watch, kind)
}

// whatElse says what in is, as it is no CMAF.
func whatElse(ctx context.Context, in io.Reader) error {
	_, err := dash.NewSplitter(in, nil).ReadSegment(ctx)
	if err == nil {
		err = dash.ErrUnsupported
	}
	return err
}

// split makes segments of the object.
func (a *assembly) split(ctx context.Context, rep *representation, watch *boxWatch, kind boxKind) error {
	var in io.Reader = watch
	if kind == mediaBox {
		in = io.MultiReader(bytes.NewReader(rep.init), watch)
	}
	splitter := dash.NewSplitter(in, &dash.SplitterOptions{Logger: a.log})
	for seg, err := range livews.All(ctx, splitter) {
		if err != nil {
			return err
		}
		if init := watch.init(); init != nil {
			a.account.keep(len(init) - len(rep.init))
			rep.init = init
		}
		if err := a.put(ctx, rep, seg); err != nil {
			return err
		}
		watch.paid.settle()
		if seg.Type == livews.TypeInit {
			a.noteInit()
		}
	}
	return nil
}

// noteInit tells objects that wait for an init segment that there is one.
func (a *assembly) noteInit() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.inits)
	a.inits = make(chan struct{})
}

// representation returns that of an object of this name. An init segment makes one; media
// waits a while for it.
func (a *assembly) representation(ctx context.Context, name string, kind boxKind) (*representation, error) {
	full, short := objectKeys(name)
	if kind != mediaBox {
		return a.forInit(full)
	}
	timer := time.NewTimer(initPatience)
	defer timer.Stop()
	for {
		rep, more := a.forMedia(full, short)
		if rep != nil {
			return rep, nil
		}
		select {
		case <-more:
		case <-timer.C:
			if rep := a.adopt(); rep != nil {
				return rep, nil
			}
			return nil, fmt.Errorf("%s: %w", name, errNoInit)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a *assembly) forInit(key string) (*representation, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.beganAt = time.Now()
	if rep := a.byKey(key); rep != nil {
		rep.beganAt = a.beganAt
		return rep, nil
	}
	if len(a.reps) == maxRepresentations {
		return nil, fmt.Errorf("%w: more than %d representations in one stream", errTooMany, maxRepresentations)
	}
	rep := &representation{key: key, beganAt: a.beganAt, moved: make(chan struct{}), tracks: make(map[uint16]*assemblyTrack)}
	a.reps = append(a.reps, rep)
	return rep, nil
}

// forMedia returns the representation to which media belongs, if its init segment is there:
// that of the name, of the name without its last number, or the only one if that adopts.
// more is closed when there is another init segment.
func (a *assembly) forMedia(full, short string) (rep *representation, more <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range [...]string{full, short} {
		if rep := a.byKey(key); rep != nil && (len(rep.tracks) > 0 || rep.retired) {
			return rep, nil
		}
	}
	if a.adopts && len(a.reps) == 1 {
		return a.reps[0], nil
	}
	return nil, a.inits
}

// adopt returns the only representation for media whose name is unlike that of its init
// segment, and from now on for all such media; nil where there are others, or were to be.
func (a *assembly) adopt() *representation {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.reps) != 1 || len(a.reps[0].tracks) == 0 || a.refused || a.expected > 1 {
		return nil
	}
	a.adopts = true
	return a.reps[0]
}

func (a *assembly) byKey(key string) *representation {
	i := slices.IndexFunc(a.reps, func(r *representation) bool { return r.key == key })
	if i < 0 {
		return nil
	}
	return a.reps[i]
}
