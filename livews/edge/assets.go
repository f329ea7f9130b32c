package edge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
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
	all := &assets{files: make(map[string]asset)}
	whole := sha256.New()
	add := func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		content, err := fs.ReadFile(web.Files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		whole.Write(sum[:])
		all.files[name] = asset{
			content:     content,
			contentType: contentTypes[path.Ext(name)],
			etag:        `"` + hex.EncodeToString(sum[:8]) + `"`,
		}
		return nil
	}
	if err := fs.WalkDir(web.Files, ".", add); err != nil {
		panic(err) // what is embedded can be read
	}
	all.version = hex.EncodeToString(whole.Sum(nil)[:8])
	return all
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
