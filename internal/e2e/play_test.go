package e2e

import "testing"

// engines are the browsers that every stream plays in.
var engines = []string{"chromium", "firefox"}

func TestPlay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		needs   []string
		arrange func(t *testing.T) (edge string)
	}{
		{"cdn", nil, func(t *testing.T) string { return startCDN(t) }},
		{"chain", nil, func(t *testing.T) string { return startChain(t, "clip").edge }},
		{"cdn-test", []string{"ffmpeg"}, func(t *testing.T) string { return startCDN(t, "-source", "test") }},
		{"chain-test", []string{"ffmpeg"}, func(t *testing.T) string { return startChain(t, "test").edge }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, program := range tt.needs {
				need(t, program)
			}
			edge := tt.arrange(t)
			for _, engine := range engines {
				t.Run(engine, func(t *testing.T) {
					b := newBrowser(t, engine)
					b.checkPlays(t, "http://"+edge+"/live/cam1", tt.name+"-"+engine+".png")
				})
			}
		})
	}
}
