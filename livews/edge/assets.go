package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/livews/websocketlivestream/web"
)

// contentTypes are spelt out because package mime believes the system's tables, some
// of which know scripts as plain text.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are the embedded files of the player, with modules linked.
type assets struct {
	files map[string]asset // by name
	// version changes with any of them. What is below it may be kept for ever, and with it
	// what the modules there import, by their relative names.
	version string
}

type asset struct {
	content     []byte
	contentType string
	etag        string
}

// linkedAssets returns the files, which are the same for every handler. Making them takes
// some milliseconds.
var linkedAssets = sync.OnceValue(newAssets)

func newAssets() *assets {
	all := &assets{files: make(map[string]asset)}
	contents := readFiles()
	for name, content := range linkAll(contents) {
		contents[name] = content
	}
	whole := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		sum := sha256.Sum256([]byte(contents[name]))
		whole.Write(sum[:])
		all.files[name] = asset{
			content:     []byte(contents[name]),
			contentType: contentTypes[path.Ext(name)],
			etag:        `"` + hex.EncodeToString(sum[:8]) + `"`,
		}
	}
	all.version = hex.EncodeToString(whole.Sum(nil)[:8])
	return all
}

// readFiles returns the embedded files that are served as they are, by their paths.
func readFiles() map[string]string {
	contents := make(map[string]string)
	add := func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		content, err := fs.ReadFile(web.Files, name)
		contents[name] = string(content)
		return err
	}
	if err := fs.WalkDir(web.Files, ".", add); err != nil {
		panic(err) // what is embedded can be read
	}
	return contents
}

// linkAll links the modules that pages load and no other module imports: each comes with
// all that it imports, in one file at its own address.
func linkAll(contents map[string]string) map[string]string {
	imported := make(map[string]bool)
	for name, content := range contents {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, other := range imports(name, content) {
			imported[other] = true
		}
	}
	linked := make(map[string]string)
	for name, content := range contents {
		if path.Ext(name) != ".js" || imported[name] || len(imports(name, content)) == 0 {
			continue
		}
		text, err := link(contents, name)
		if err != nil {
			panic(err) // a module has a form that the linker does not know
		}
		linked[name] = text
	}
	return linked
}

// serve answers with one file, or 304 where the browser has it. Pages of other
// hosts may import it.
func (all *assets) serve(w http.ResponseWriter, r *http.Request) {
	// The path may begin with a version: no folder is called like one.
	name := r.PathValue("file")
	version, rest, _ := strings.Cut(name, "/")
	a, ok := all.files[name]
	if !ok {
		a, ok = all.files[rest]
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	// Another version is that of a page which another server has given.
	if version == all.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("ETag", a.etag)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
