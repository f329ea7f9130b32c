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
	// turnPatience is how long an object waits for the one before it, and stallPatience how
	// long that may give nothing meanwhile.
	turnPatience  = 10 * time.Second
	stallPatience = 3 * time.Second
)

var (
	// errTooMany says that a publisher has more of something than may be.
	errTooMany = errors.New("too many")
	// errSuperseded is why an object that has stalled ends when the next one comes.
	errSuperseded = errors.New("nothing came for a while, and then another request")
)

// object is a file or a request's body of one representation.
type object struct {
	name string // see objectKeys
	body io.Reader
	// interrupt ends the body's Read with an error; nil where that cannot hang.
	interrupt func(error)
}

// representation is where the objects of one key go, one after the other.
type representation struct {
	key     string
	writing chan struct{} // has a token while no object is written
	init    []byte        // its init segment as it came, for which the account pays
	tracks  map[uint16]*assemblyTrack

	// Guarded by assembly.mu.
	current *boxWatch // of the object that is written
	ended   bool      // the last object said so
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
	if err := a.begin(ctx, rep, watch); err != nil {
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
		return rep, nil
	}
	if len(a.reps) == maxRepresentations {
		return nil, fmt.Errorf("%w: more than %d representations in one stream", errTooMany, maxRepresentations)
	}
	rep := &representation{key: key, writing: make(chan struct{}, 1), tracks: make(map[uint16]*assemblyTrack)}
	rep.writing <- struct{}{}
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
		if rep := a.byKey(key); rep != nil && len(rep.tracks) > 0 {
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

// begin waits until the object before has ended.
func (a *assembly) begin(ctx context.Context, rep *representation, w *boxWatch) error {
	for waited := time.Duration(0); waited < turnPatience; waited += stallPatience {
		before, progress := a.progress(rep)
		timer := time.NewTimer(stallPatience)
		select {
		case <-rep.writing:
			timer.Stop()
			a.setCurrent(rep, w)
			return nil
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		now, since := a.progress(rep)
		if now != nil && now == before && since == progress && now.interrupt != nil {
			now.interrupt(errSuperseded)
		}
	}
	return fmt.Errorf("%s: %w", rep.key, errTaken)
}

// progress returns the object that is written, and how much of it has come.
func (a *assembly) progress(rep *representation) (*boxWatch, int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rep.current == nil {
		return nil, 0
	}
	return rep.current, rep.current.count.Load()
}

func (a *assembly) setCurrent(rep *representation, w *boxWatch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rep.current = w
}

// finish lets the next object begin. A representation of which nothing was right is none.
func (a *assembly) finish(rep *representation) {
	a.mu.Lock()
	rep.ended = rep.current.ended
	rep.current = nil
	if len(rep.tracks) == 0 {
		a.refused = true
		a.account.give(len(rep.init))
		a.reps = slices.DeleteFunc(a.reps, func(r *representation) bool { return r == rep })
	}
	a.mu.Unlock()
	rep.writing <- struct{}{}
}
