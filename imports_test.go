package websocketlivestream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/livews/websocketlivestream"

// A rule says what the packages at or below a path may import beside the
// standard library and each other. A path ending in "/..." covers everything
// below it.
type rule struct {
	path  string
	allow []string
}

// rules is the architecture: DESIGN in code. The first that fits a package
// holds; a package that none fits is a finding. .golangci.yml repeats it for
// editors.
var rules = []rule{
	{"livews", nil},
	{"livews/livewstest", []string{"livews"}},
	{"livews/dash", []string{"livews", "github.com/abema/go-mp4/..."}},
	{"livews/internal/...", []string{"livews", "github.com/coder/websocket/..."}},
	{"livews/ingress/...", []string{"livews", "livews/dash", "livews/internal/...", "golang.org/x/sync/...", "github.com/fsnotify/fsnotify"}},
	{"livews/relay/...", []string{"livews", "livews/internal/...", "golang.org/x/sync/..."}},
	{"livews/edge/...", []string{"livews", "livews/dash", "livews/internal/...", "web", "golang.org/x/sync/..."}},
	{"web", nil},
	{"internal/chaos", []string{"livews", "livews/livewstest", "livews/relay", "livews/edge", "golang.org/x/sync/..."}},
	{"internal/figures", nil},
	{"internal/memnet", nil},
	{"examples/...", []string{
		"livews", "livews/livewstest", "livews/dash", "livews/ingress", "livews/relay", "livews/edge", "web",
		"golang.org/x/sync/...",
	}},
}

// fits reports whether path is what pattern names, as go list does it.
func fits(pattern, path string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return path == base || below && strings.HasPrefix(path, base+"/")
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Export     string
	GoFiles    []string
}

// rel returns a package's path in this module, or its whole path.
func rel(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

// badImports returns one line for each import of the packages that rules do
// not allow.
func badImports(packages []goPackage, standard map[string]bool) []string {
	var bad []string
	for _, p := range packages {
		i := slices.IndexFunc(rules, func(r rule) bool { return fits(r.path, rel(p.ImportPath)) })
		if i < 0 {
			bad = append(bad, fmt.Sprintf("%s: no rule says what it may import", rel(p.ImportPath)))
			continue
		}
		for _, imp := range p.Imports {
			if !standard[imp] && !rules[i].allows(rel(imp)) {
				bad = append(bad, fmt.Sprintf("%s imports %s", rel(p.ImportPath), rel(imp)))
			}
		}
	}
	return bad
}

func (r rule) allows(path string) bool {
	return fits(r.path, path) || slices.ContainsFunc(r.allow, func(a string) bool { return fits(a, path) })
}

// goList returns what `go list` says of the packages of this module that are
// more than tests, and of these and all that they need. The flag -export
// compiles them.
func goList(t *testing.T, flags ...string) (own []goPackage, all map[string]goPackage) {
	t.Helper()
	args := append([]string{"list", "-deps", "-json=ImportPath,Imports,Standard,Export,GoFiles"}, flags...)
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./...")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	all = make(map[string]goPackage)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return own, all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all[p.ImportPath] = p
		if strings.HasPrefix(p.ImportPath, module+"/") {
			own = append(own, p)
		}
	}
}

func TestImports(t *testing.T) {
	own, all := goList(t)
	if len(own) == 0 {
		t.Fatal("go list found no package of this module")
	}
	standard := make(map[string]bool)
	for path, p := range all {
		standard[path] = p.Standard
	}
	for _, line := range badImports(own, standard) {
		t.Error(line)
	}
}

func TestBadImportsAreFound(t *testing.T) {
	standard := map[string]bool{"io": true}
	for _, tt := range []struct {
		path, imports string
		bad           bool
	}{
		{"livews", "io", false},
		{"livews", "golang.org/x/sync/errgroup", true},
		{"livews", module + "/livews/dash", true},
		{"livews/dash", "github.com/abema/go-mp4", false},
		{"livews/dash", "github.com/coder/websocket", true},
		{"livews/ingress", module + "/livews/internal/wsconn", false},
		{"livews/ingress", module + "/livews/relay", true},
		{"livews/relay", module + "/livews/dash", true},
		{"livews/edge", module + "/livews/relay", true},
		{"livews/edge", module + "/web", false},
		{"web", module + "/livews", true},
		{"internal/chaos", module + "/livews/edge", false},
		{"internal/chaos", module + "/livews/internal/wire", true},
		{"examples/cdn", module + "/examples/internal/flags", false},
		{"examples/cdn", module + "/livews/internal/wsconn", true},
		{"examples/cdn", "github.com/coder/websocket", true},
		{"elsewhere", "io", true},
	} {
		p := goPackage{ImportPath: module + "/" + tt.path, Imports: []string{tt.imports}}
		if got := badImports([]goPackage{p}, standard); len(got) > 0 != tt.bad {
			t.Errorf("%s imports %s: found %q, want a finding: %v", tt.path, tt.imports, got, tt.bad)
		}
	}
}
