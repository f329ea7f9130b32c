package edge

import (
	"bytes"
	"cmp"
	"html/template"
	"net/http"
	"strings"

	"github.com/livews/websocketlivestream/web"
)

// policy keeps the pages to what comes from this server; media and data may come
// from other edges.
const policy = "default-src 'self'; connect-src 'self' ws: wss: http: https:; media-src 'self' blob:; " +
	"img-src 'self' data: blob:; object-src 'none'; base-uri 'self'"

// pages are the HTML pages.
type pages struct {
	title     string
	embedders string // who may have embed.html in a frame
	templates *template.Template
	modules   map[string][]string // by the page's name
	version   string              // of the assets
}

func newPages(title, version string) *pages {
	p := &pages{
		title:     cmp.Or(title, "livews"),
		templates: template.Must(template.ParseFS(web.Files, "pages/*.html")),
		modules:   make(map[string][]string),
		version:   version,
	}
	for _, t := range p.templates.Templates() {
		p.modules[t.Name()] = modulesOf(t.Name())
	}
	return p
}

// page is what a template gets.
type page struct {
	Base   string // relative address of the overview
	Title  string
	Stream string
	// Assets is the relative address of the player's files, and Modules are the page's
	// scripts with all that they import.
	Assets  string
	Modules []string
}

func (p *pages) overview(w http.ResponseWriter, _ *http.Request) {
	p.write(w, "overview.html", page{Base: "./", Title: p.title})
}

func (p *pages) multi(w http.ResponseWriter, _ *http.Request) {
	p.write(w, "multi.html", page{Base: "./", Title: p.title})
}

func (p *pages) api(w http.ResponseWriter, _ *http.Request) {
	p.write(w, "api.html", page{Base: "./", Title: p.title})
}

// stream writes a page about the stream that the path names.
func (p *pages) stream(w http.ResponseWriter, r *http.Request, file string) {
	// As the browser sees it: a slash in the name may be escaped, and then is none there.
	up := strings.Repeat("../", strings.Count(r.URL.EscapedPath(), "/")-1)
	p.write(w, file, page{Base: up, Title: p.title, Stream: r.PathValue("name")})
}

func (p *pages) write(w http.ResponseWriter, name string, data page) {
	data.Assets, data.Modules = "assets/"+p.version, p.modules[name]
	var buf bytes.Buffer
	if err := p.templates.ExecuteTemplate(&buf, name, data); err != nil {
		http.Error(w, "page "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Security-Policy", policy+"; frame-ancestors "+p.ancestors(name))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(buf.Bytes()) // the client is gone
}

// ancestors returns the pages that may have a page in a frame. What a viewer clicks on
// shall be what the viewer sees, above all where a camera is published.
func (p *pages) ancestors(name string) string {
	if name == "embed.html" {
		return p.embedders
	}
	return "'self'"
}
