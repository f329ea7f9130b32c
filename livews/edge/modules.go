package edge

import (
	"io/fs"
	"path"
	"regexp"

	"github.com/livews/websocketlivestream/web"
)

// imported finds the names in import and export statements of a module.
var imported = regexp.MustCompile(`(?m)^(?:import|export)\b[^;]*?["'](\.\.?/[\w./-]+)["'];`)

// scripts finds the modules of a page.
var scripts = regexp.MustCompile(`<script type="module" src="{{.Assets}}/([\w./-]+)"`)

// modulesOf returns the modules of a page in which it loads them by and by, for a browser
// to load at once: without that each import would be found only when the one before has come.
func modulesOf(name string) []string {
	var all []string
	seen := make(map[string]bool)
	var visit func(module string)
	visit = func(module string) {
		if seen[module] || path.Ext(module) != ".js" {
			return
		}
		seen[module] = true
		all = append(all, module)
		for _, found := range imported.FindAllSubmatch(mustRead(module), -1) {
			visit(path.Join(path.Dir(module), string(found[1])))
		}
	}
	for _, found := range scripts.FindAllSubmatch(mustRead("pages/"+name), -1) {
		visit(string(found[1]))
	}
	return all
}

func mustRead(name string) []byte {
	content, err := fs.ReadFile(web.Files, name)
	if err != nil {
		panic(err) // a module imports one that is not embedded
	}
	return content
}
