package ingress

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// defaultMaxMemory of a Handler.
const defaultMaxMemory = 256 << 20

// errMemory says that there is no room for more of what a publisher sends.
var errMemory = errors.New("too much waits to be published")

// budget bounds what publishers have sent and nobody can see yet (Handler.MaxMemory). Its methods are safe for concurrent use.
type budget struct {
	most int64

	mu       sync.Mutex
	held     int64
	accounts int64
}

// account is one publisher's part of a budget. A nil account has no bounds.
type account struct {
	budget *budget
	held   int64 // guarded by budget.mu
	closed bool
}

// open returns an account, to be closed.
func (b *budget) open() *account {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts++
	return &account{budget: b}
}

// take asks for n bytes more. Where all is used up it is refused to those who have more
// than half of a fair share, with errMemory: so a few cannot shut out the others, and all
// together have one and a half of the budget at the most.
func (a *account) take(n int) error {
	if a == nil {
		return nil
	}
	b := a.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.closed {
		return nil // the turn has ended, and what is read is thrown away
	}
	if b.held+int64(n) > b.most && a.held+int64(n) > b.most/(2*b.accounts) {
		return fmt.Errorf("%w: %d publishers have sent more than %d MiB (MaxMemory) of it", errMemory, b.accounts, b.most>>20)
	}
	a.add(n)
	return nil
}

// keep notes n bytes more, which are there already, and give n bytes less.
func (a *account) keep(n int) {
	if a == nil {
		return
	}
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if !a.closed {
		a.add(n)
	}
}

func (a *account) give(n int) { a.keep(-n) }

func (a *account) add(n int) {
	a.held += int64(n)
	a.budget.held += int64(n)
}

// close gives back what is left.
func (a *account) close() {
	if a == nil {
		return
	}
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if a.closed {
		return
	}
	a.closed = true
	a.budget.held -= a.held
	a.budget.accounts--
}

// meter is a Reader of what an account pays for until it is settled: when what has been
// read has become segments.
type meter struct {
	in      io.Reader
	account *account
	unpaid  int
}

// Read reads, and asks for the room after that: no more than one Read is not paid for.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	if n == 0 {
		return 0, err
	}
	if why := m.account.take(n); why != nil {
		return 0, why
	}
	m.unpaid += n
	return n, err
}

// next settles, and goes on with in.
func (m *meter) next(in io.Reader) io.Reader {
	m.settle()
	m.in = in
	return m
}

// settle gives back what the account has paid so far.
func (m *meter) settle() {
	m.account.give(m.unpaid)
	m.unpaid = 0
}
