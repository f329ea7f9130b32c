package dash_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/livews/websocketlivestream/livews"
	"github.com/livews/websocketlivestream/livews/dash"
)

// A Splitter makes segments of what an encoder writes, here a file.
func ExampleSplitter() {
	file, err := os.Open("testdata/live.mp4")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()

	n := 0
	for seg, err := range livews.All(context.Background(), dash.NewSplitter(file, nil)) {
		if err != nil {
			log.Fatal(err)
		}
		switch {
		case seg.Type == livews.TypeInit:
			fmt.Printf("track %d: %s at %d Hz\n", seg.Track, seg.Info.MIMEType(), seg.Info.Timescale)
		case n < 3:
			fmt.Printf("track %d: %v of media at %v, sync: %v\n", seg.Track, seg.Duration, seg.DecodeTime, seg.Flags.Has(livews.FlagSync))
			n++
		}
	}
	// Output:
	// track 1: video/mp4; codecs="avc1.4D400B" at 12800 Hz
	// track 2: audio/mp4; codecs="mp4a.40.2" at 48000 Hz
	// track 1: 120ms of media at 0s, sync: true
	// track 2: 106.666666ms of media at 0s, sync: true
	// track 1: 80ms of media at 120ms, sync: false
}

// A Timeline makes one stream of files that all start at 0.
func ExampleTimeline() {
	var files []io.Reader
	for range 2 {
		b, err := os.ReadFile("testdata/mp4box-0.mp4")
		if err != nil {
			log.Fatal(err)
		}
		files = append(files, bytes.NewReader(b))
	}
	src := dash.Timeline(dash.NewSplitter(io.MultiReader(files...), nil), nil)
	for seg, err := range livews.All(context.Background(), src) {
		if err != nil {
			log.Fatal(err)
		}
		if seg.Type == livews.TypeChunk && seg.Track == 1 && seg.Flags.Has(livews.FlagSync) {
			fmt.Println(seg.DecodeTime, seg.Flags.Has(livews.FlagDiscontinuity))
		}
	}
	// Output:
	// 0s false
	// 1s false
	// 2s false
	// 3.021354166s true
	// 4.021354166s false
	// 5.021354166s false
}

// A player that takes all tracks together gets one init segment, and then the
// chunks.
func ExampleMergeInits() {
	file, err := os.Open("testdata/live.mp4")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()

	var inits [][]byte
	for seg, err := range livews.All(context.Background(), dash.NewSplitter(file, nil)) {
		if err != nil {
			log.Fatal(err)
		}
		if seg.Type == livews.TypeChunk {
			break
		}
		inits = append(inits, seg.Payload)
	}
	merged, err := dash.MergeInits(inits...)
	if err != nil {
		log.Fatal(err)
	}
	init, err := dash.ParseInit(merged)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range init.Tracks {
		fmt.Println(t.ID, t.Info.Codec)
	}
	// Output:
	// 1 avc1.4D400B
	// 2 mp4a.40.2
}
