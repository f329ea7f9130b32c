package edge

import (
	"io/fs"
	"regexp"

	"github.com/livews/websocketlivestream/web"
)

// scripts finds the modules of a page.
var scripts = regexp.MustCompile(`<script type="module" src="{{.Assets}}/([\w./-]+)"`)

// modulesOf returns the modules that a page loads, for a browser to load at once, before it
// has read the page. Each comes with all that it imports.
func modulesOf(name string) []string {
	content, err := fs.ReadFile(web.Files, "pages/"+name)
	if err != nil {
		panic(err) // it is embedded
	}
	var all []string
	for _, found := range scripts.FindAllSubmatch(content, -1) {
		all = append(all, string(found[1]))
	}
	return all
}
