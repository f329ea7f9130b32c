package e2e

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// viewers is how many watch while servers die.
const viewers = 200

// A diamond is an ingress, two relays and an edge which prefers the first of them, as
// separate processes.
type diamond struct {
	ingress, edge string
	addr          [2]string // of the relays
	relays        [2]*program
}

func startDiamond(t *testing.T) *diamond {
	t.Helper()
	d := &diamond{ingress: freeAddr(t), edge: freeAddr(t), addr: [2]string{freeAddr(t), freeAddr(t)}}
	serve(t, example("ingress", "-listen", d.ingress, "-stream", "cam1"), d.ingress)
	for i := range d.relays {
		d.startRelay(t, i)
	}
	serve(t, example("edge", "-listen", d.edge, "-upstream", "ws://"+d.addr[0]+",ws://"+d.addr[1]), d.edge)
	return d
}

func (d *diamond) startRelay(t *testing.T, i int) {
	t.Helper()
	d.relays[i] = serve(t, example("relay", "-listen", d.addr[i], "-upstream", "ws://"+d.ingress), d.addr[i])
}

// TestServersDie kills, freezes, restarts and drains real servers under viewers, who
// must not miss or get twice a single chunk.
func TestServersDie(t *testing.T) {
	d := startDiamond(t)
	reference := gather(t, "ws://"+d.ingress, 1)
	c := gather(t, "ws://"+d.edge, viewers)
	pause := func(what string) {
		t.Helper()
		c.live(t, settleBound)
		time.Sleep(time.Second)
		t.Logf("%-45s longest interruption %v", what, c.interruption().Round(time.Millisecond))
	}
	pause("nothing happens:")

	d.relays[0].kill(t)
	pause("SIGKILL of the relay in use:")
	d.startRelay(t, 0)
	time.Sleep(time.Second) // the edge has its standby again

	if err := d.relays[1].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	pause("SIGSTOP of the relay in use:")
	if err := d.relays[1].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	pause("SIGCONT:")

	d.relays[0].kill(t)
	d.relays[1].kill(t)
	time.Sleep(500 * time.Millisecond)
	d.startRelay(t, 0)
	d.startRelay(t, 1)
	pause("SIGKILL of both relays, restart after 0.5 s:")

	for i := range d.relays {
		d.relays[i].stop(t, syscall.SIGTERM)
		d.startRelay(t, i)
		time.Sleep(time.Second)
	}
	pause("rolling restart of both relays:")
	c.disperse(t, reference)
}

// TestIngressRestarts kills the ingress under viewers and starts it again: they stay,
// and go on with the next epoch.
func TestIngressRestarts(t *testing.T) {
	addr, edge := freeAddr(t), freeAddr(t)
	ingress := serve(t, example("ingress", "-listen", addr, "-stream", "cam1"), addr)
	serve(t, example("edge", "-listen", edge, "-upstream", "ws://"+addr), edge)
	c := gather(t, "ws://"+edge, 20)
	time.Sleep(time.Second) // an epoch is the second in which it began
	ingress.kill(t)
	began := time.Now()
	serve(t, example("ingress", "-listen", addr, "-stream", "cam1"), addr)
	c.waitFor(t, "the next epoch", settleBound, func(v *viewer) bool {
		positions := v.came[1]
		return positions[0].Epoch < positions[len(positions)-1].Epoch
	})
	t.Logf("all are in the next epoch %v after the end of the first", time.Since(began).Round(time.Millisecond))
	c.cancel()
	c.done.Wait()
	for i, v := range c.viewers {
		if v.err != nil && v.err != context.Canceled {
			t.Errorf("viewer %d: %v", i, v.err)
		}
	}
}
