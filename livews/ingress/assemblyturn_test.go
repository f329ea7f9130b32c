package ingress

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livews/websocketlivestream/livews"
)

// TestObjectOrder lets objects begin one after the other: -N is one that is late, and N! one in
// front of which another is missing.
func TestObjectOrder(t *testing.T) {
	for _, tt := range []struct{ name, numbers string }{
		{"one by one", "1 2 3 4"},
		{"one is missing", "1 2 4! 5"},
		{"it comes too late", "1 2 4! -3 5"},
		{"one comes again", "1 2 2 3 3 4"},
		{"the one before comes again", "1 2 3 -2 4"},
		{"times", "1 90001 180001 270001 180001"},
		{"an encoder that counts anew", "100 101 1 2 3 5!"},
		{"an init segment between", "1 2 0 1 2 4!"},
		{"the first is missing", "2 1 2 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var order objectOrder
			for word := range strings.FieldsSeq(tt.numbers) {
				digits := strings.Trim(word, "-!")
				n := uint64(atoi(t, digits))
				if got, want := order.isLate(n), word[0] == '-'; got != want {
					t.Errorf("%s: late is %v, want %v", word, got, want)
				}
				if got, want := order.misses(n), strings.HasSuffix(word, "!"); got != want {
					t.Errorf("%s: one is missing: %v, want %v", word, got, want)
				}
				if word[0] != '-' {
					order.begin(n)
				}
			}
		})
	}
}

func TestNumberOf(t *testing.T) {
	for _, tt := range []struct {
		key, name string
		want      uint64
	}{
		{"stream 0", "chunk-stream0-00012.m4s", 13},
		{"video", "video_dash0.m4s", 1},
		{"480p/", "480p/12.m4s", 13},
		{"stream 0", "chunk-stream0.m4s", 0},
		{"video", "video.cmfv", 0},
		{"video", "video_dash99999999999999999999.m4s", 0},
	} {
		if got := (&representation{key: tt.key}).numberOf(tt.name); got != tt.want {
			t.Errorf("%s of %q has number %d, want %d", tt.name, tt.key, got, tt.want)
		}
	}
}

// TestAssemblyOutOfOrder has objects overtake each other on their way: those that are not much
// too late are put in order, others are dropped.
func TestAssemblyOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		video, _ := parts(t)
		a := quietAssembly()
		a.add(t, "init.mp4", video.init)
		var writing sync.WaitGroup
		send := func(n int) {
			at := time.Duration(n) * 500 * ms
			writing.Go(func() {
				name, body := fmt.Sprintf("%d.m4s", n), video.between(at, at+500*ms)
				if err := a.write(t.Context(), &object{name: name, body: bytes.NewReader(body)}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
			time.Sleep(300 * ms)
		}
		for _, n := range []int{0, 1, 3, 2, 4, 7, 6, 5, 8, 10} {
			send(n)
		}
		time.Sleep(2 * time.Second)
		send(9)
		send(11)
		writing.Wait()
		var got []time.Duration
		last := time.Duration(-1)
		for _, seg := range a.all(t) {
			if seg.Type != livews.TypeChunk {
				continue
			}
			if seg.DecodeTime <= last {
				t.Fatalf("%v comes after %v", seg.DecodeTime, last)
			}
			last = seg.DecodeTime
			got = append(got, last)
		}
		if want := 15 * 11; len(got) != want {
			t.Errorf("%d chunks, want %d: all but those of one object", len(got), want)
		}
	})
}
