package websocketlivestream_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"strings"
	"testing"
)

// hidden are the modules whose types importers of the library never see.
var hidden = []string{"github.com/abema/go-mp4/...", "github.com/coder/websocket/..."}

// api walks all types that an importer of a package can reach.
type api struct {
	seen  map[types.Type]bool
	found []string
}

// leaks returns a line for each exported name of pkg whose type reaches into a
// hidden module.
func leaks(pkg *types.Package) []string {
	a := &api{seen: make(map[types.Type]bool)}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			a.walk(pkg.Name()+"."+name, obj.Type())
		}
	}
	return a.found
}

func (a *api) walk(at string, t types.Type) {
	if a.seen[t] {
		return
	}
	a.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		a.named(at, t)
	case *types.Alias:
		a.walk(at, types.Unalias(t))
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() || f.Embedded() {
				a.walk(at+"."+f.Name(), f.Type())
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			a.walk(at+"."+m.Name(), m.Type())
		}
		for e := range t.EmbeddedTypes() {
			a.walk(at, e)
		}
	case *types.Signature:
		a.tuple(at, t.Params())
		a.tuple(at, t.Results())
	case *types.Map:
		a.walk(at, t.Key())
		a.walk(at, t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		a.walk(at, t.Elem())
	}
}

// named reports a hidden type, and looks into the module's own.
func (a *api) named(at string, t *types.Named) {
	for arg := range t.TypeArgs().Types() {
		a.walk(at, arg)
	}
	pkg := t.Obj().Pkg()
	if pkg == nil {
		return
	}
	for _, h := range hidden {
		if fits(h, pkg.Path()) {
			a.found = append(a.found, fmt.Sprintf("%s shows %s", at, t))
		}
	}
	if !strings.HasPrefix(pkg.Path(), module+"/") {
		return
	}
	a.walk(at, t.Underlying())
	for m := range t.Methods() {
		if m.Exported() {
			a.walk(at+"."+m.Name(), m.Type())
		}
	}
}

func (a *api) tuple(at string, tuple *types.Tuple) {
	for v := range tuple.Variables() {
		a.walk(at, v.Type())
	}
}

// exportImporter reads the types of what goList has compiled.
func exportImporter(all map[string]goPackage) types.Importer {
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(all[path].Export)
	})
}

func TestExportedTypes(t *testing.T) {
	own, all := goList(t, "-export")
	imp := exportImporter(all)
	for _, p := range own {
		if !fits("livews/...", rel(p.ImportPath)) || strings.Contains(p.ImportPath, "/internal/") {
			continue
		}
		pkg, err := imp.Import(p.ImportPath)
		if err != nil {
			t.Errorf("import %s: %v", p.ImportPath, err)
			continue
		}
		for _, line := range leaks(pkg) {
			t.Error(line)
		}
	}
}

func TestLeaksAreFound(t *testing.T) {
	const prelude = `package p; import mp4 "github.com/abema/go-mp4"; type private struct{ Box *mp4.Moov }; `
	for _, tt := range []struct {
		src  string
		leak bool
	}{
		{`func F(int) error { return nil }`, false},
		{`type T struct { b mp4.Moov }`, false},
		{`func f() mp4.Moov { panic(0) }`, false},
		{`func F() []*mp4.Moov { return nil }`, true},
		{`var V map[string]mp4.BoxType`, true},
		{`type T struct { B chan mp4.Moov }`, true},
		{`type T struct { private }`, true},
		{`type T struct{}; func (*T) M(func(mp4.Moov)) {}`, true},
		{`type I interface { M() *private }`, true},
	} {
		pkg := check(t, prelude+tt.src)
		if got := leaks(pkg); len(got) > 0 != tt.leak {
			t.Errorf("%s: found %q, want a finding: %v", tt.src, got, tt.leak)
		}
	}
}

// check returns the types of a source that stands in this module and may
// import a stand-in for go-mp4.
func check(t *testing.T, src string) *types.Package {
	t.Helper()
	mp4 := typeCheck(t, "github.com/abema/go-mp4", `package mp4; type Moov struct{}; type BoxType [4]byte`, nil)
	return typeCheck(t, module+"/p", src, importerFunc(func(string) (*types.Package, error) { return mp4, nil }))
}

func typeCheck(t *testing.T, path, src string, imp types.Importer) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "src.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := (&types.Config{Importer: imp}).Check(path, fset, []*ast.File{file}, nil)
	if err != nil && !strings.Contains(err.Error(), "imported and not used") {
		t.Fatal(err)
	}
	return pkg
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
