package ingress_test

import (
	"context"
	"fmt"
	"log"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/ingress"
)

func ExampleOpen() {
	src, err := ingress.Open("clip", nil)
	if err != nil {
		log.Fatal(err)
	}
	for range 6 {
		seg, err := src.ReadSegment(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		if seg.Type == livews.TypeInit {
			fmt.Println("track", seg.Track, seg.Info.Kind)
			continue
		}
		p := seg.Position
		fmt.Printf("track %d: group %d, chunk %d, at %v\n", seg.Track, p.Group, p.Chunk, seg.DecodeTime)
	}
	// Output:
	// track 1 video
	// track 2 audio
	// track 1: group 0, chunk 0, at 0s
	// track 2: group 0, chunk 0, at 0s
	// track 2: group 0, chunk 1, at 21.333333ms
	// track 1: group 0, chunk 1, at 33.333333ms
}
