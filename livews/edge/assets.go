package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
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

// assets are the embedded files of the player.
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

func newAssets() *assets {
	entries, err := fs.ReadDir(web.Files, ".")
	if err != nil {
		panic(err) // the root of an embedded folder is always there
	}
	all := &assets{files: make(map[string]asset)}
	whole := sha256.New()
	for _, entry := range entries {
		name := entry.Name()
		if path.Ext(name) == ".html" || entry.IsDir() {
			continue
		}
		content, err := fs.ReadFile(web.Files, name)
		if err != nil {
			panic(err) // as above
		}
		sum := sha256.Sum256(content)
		whole.Write(sum[:])
		all.files[name] = asset{
			content:     content,
			contentType: contentTypes[path.Ext(name)],
			etag:        `"` + hex.EncodeToString(sum[:8]) + `"`,
		}
	}
	all.version = hex.EncodeToString(whole.Sum(nil)[:8])
	return all
}

// serve answers with one file, or 304 where the browser has it. Pages of other
// hosts may import it.
func (all *assets) serve(w http.ResponseWriter, r *http.Request) {
	a, ok := all.files[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	// Another version is that of a page which another server has given.
	if r.PathValue("version") == all.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("ETag", a.etag)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
