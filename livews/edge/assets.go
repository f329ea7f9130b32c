package edge

import (
	"bytes"
	"compress/gzip"
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
	zipped      func() []byte // the content by gzip, made when first wanted
	contentType string
	hash        string
}

// linkedAssets returns the assets, which are the same for every handler.
var linkedAssets = sync.OnceValue(func() *assets {
	files, err := readFiles()
	if err != nil {
		panic(err) // a module has a form that cannot be linked, which a test finds
	}
	return newAssets(files)
})

// readFiles returns the embedded files that are served, by their paths: scripts linked,
// others as they are.
func readFiles() (map[string]string, error) {
	files, scripts := make(map[string]string), make(map[string]string)
	err := fs.WalkDir(web.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		content, err := fs.ReadFile(web.Files, name)
		files[name] = string(content)
		if path.Ext(name) == ".js" {
			scripts[name] = string(content)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	linked, err := linkRoots(scripts)
	maps.Copy(files, linked)
	return files, err
}

func newAssets(files map[string]string) *assets {
	all := &assets{files: make(map[string]asset)}
	whole := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := []byte(files[name])
		sum := sha256.Sum256(content)
		whole.Write(sum[:])
		all.files[name] = asset{
			content:     content,
			zipped:      sync.OnceValue(func() []byte { return zip(content) }),
			contentType: contentTypes[path.Ext(name)],
			hash:        hex.EncodeToString(sum[:8]),
		}
	}
	all.version = hex.EncodeToString(whole.Sum(nil)[:8])
	return all
}

func zip(content []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, _ = w.Write(content) // a buffer takes everything
	_ = w.Close()
	return buf.Bytes()
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
	w.Header().Add("Vary", "Accept-Encoding")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("ETag", `"`+a.hash+`-gzip"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.zipped()))
		return
	}
	w.Header().Set("ETag", `"`+a.hash+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}

// takesGzip tells whether a client names gzip among what it decodes (RFC 9110, 12.5.3).
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return weight == "" || strings.Trim(weight, "qQ=0.") != "" // q=0 is a refusal
		}
	}
	return false
}
