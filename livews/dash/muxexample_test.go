package dash_test

import (
	"fmt"
	"log"
	"time"

	"github.com/livews/websocketlivestream/livews/dash"
)

// A camera's encoder gives pictures in Annex B form: the first has its parameter sets and
// an IDR picture, the second depends on it.
func ExampleMuxer() {
	m, err := dash.NewMuxer(&dash.TrackConfig{Track: 1, Codec: "avc1", FrameRate: 30})
	if err != nil {
		log.Fatal(err)
	}
	pictures := []string{
		"\x00\x00\x00\x01\x67\x42\xc0\x0b\xd9\x02\x8d\xf9\x30\x11\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x0f\x14\x2a\x48" +
			"\x00\x00\x00\x01\x68\xcb\x83\xcb\x20\x00\x00\x01\x65\x88\x84",
		"\x00\x00\x00\x01\x41\x9a\x02",
	}
	for i, picture := range pictures {
		init, chunk, err := m.Mux(&dash.Frame{Time: time.Duration(i) * time.Second / 30, Payload: []byte(picture)})
		if err != nil {
			log.Fatal(err)
		}
		if init != nil {
			fmt.Println(init.Info.Codec, init.Info.Width, init.Info.Height)
		}
		fmt.Println(chunk.DecodeTime.Round(time.Millisecond), chunk.Duration.Round(time.Millisecond), chunk.Flags)
	}
	// Output:
	// avc1.42C00B 160 90
	// 0s 33ms 1
	// 33ms 33ms 0
}
