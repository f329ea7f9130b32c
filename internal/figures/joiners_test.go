package figures_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// joiners come when they are asked to.
type joiners struct {
	order      *order
	all, first tally
	failed     failure
	bytes      atomic.Int64
}

func (j *joiners) answer(q question) answer {
	if q.Come {
		j.come()
	}
	return answer{Delays: j.all.take(), First: j.first.take(), Bytes: j.bytes.Load(), Failed: j.failed.take()}
}

// come returns when all have what they came for.
func (j *joiners) come() {
	begin := time.Now()
	var all sync.WaitGroup
	for i := range j.order.Viewers {
		time.Sleep(time.Until(begin.Add(j.order.Joins * time.Duration(i) / time.Duration(j.order.Viewers))))
		all.Go(func() {
			if err := j.join(); err != nil {
				j.failed.note(fmt.Errorf("join: %w", err))
			}
		})
	}
	all.Wait()
}

// join notes how long it takes from the upgrade request until all is there.
func (j *joiners) join() error {
	conn, err := net.Dial("tcp", j.order.Addr)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	if err := j.take(conn, r); err != nil || !j.order.Stay {
		conn.Close()
		return err
	}
	go io.Copy(io.Discard, r) //nolint:errcheck // until this process ends
	return nil
}

func (j *joiners) take(conn net.Conn, r *bufio.Reader) error {
	begin := time.Now()
	if err := j.ask(conn, r); err != nil {
		return err
	}
	if _, err := r.Peek(1); err != nil {
		return err
	}
	first := time.Since(begin)
	if err := j.takeMedia(r, begin); err != nil {
		return err
	}
	j.first.note(first)
	j.all.note(time.Since(begin))
	return nil
}

func (j *joiners) ask(conn net.Conn, r *bufio.Reader) error {
	if j.order.Target == "" {
		_, err := conn.Write([]byte("?"))
		return err
	}
	return upgrade(conn, r, j.order.Addr, j.order.Target)
}

// takeMedia reads what the order wants of one that asked at begin.
func (j *joiners) takeMedia(r *bufio.Reader, begin time.Time) error {
	if j.order.Bytes > 0 {
		n, err := io.CopyN(io.Discard, r, j.order.Bytes)
		j.bytes.Add(n)
		return err
	}
	for {
		f, err := nextFrame(r)
		if err != nil {
			return err
		}
		j.bytes.Add(int64(f.size))
		if f.sent.After(begin) {
			return nil
		}
	}
}
