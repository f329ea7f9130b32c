package edge

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// dynamically finds a module that is loaded when it is wanted.
var dynamically = regexp.MustCompile(`\bimport\('(\.\.?/[\w./-]+)'\)`)

// A linker makes one module of a module and all that it imports, so that a browser that is
// far away does not ask for them one after the other. Each becomes a function that returns
// what it exports. Files loaded by address, as workers and style sheets are, stay where
// they are.
type linker struct {
	modules map[string]*module // by path
	root    string
	done    []string // in the order in which they run
	open    []string // those whose imports are being linked
	out     strings.Builder
}

// link returns the module of this path with all that it imports.
func link(modules map[string]*module, root string) (string, error) {
	l := &linker{modules: modules, root: root}
	if err := l.add(root); err != nil {
		return "", fmt.Errorf("link %s: %w", root, err)
	}
	return l.out.String(), nil
}

// linkRoots links the modules that no other one imports.
func linkRoots(texts map[string]string) (map[string]string, error) {
	modules := make(map[string]*module)
	inner := make(map[string]bool)
	for name, text := range texts {
		m, err := parseModule(name, text)
		if err != nil {
			return nil, err
		}
		modules[name] = m
		for _, imported := range m.imports {
			inner[imported] = true
		}
	}
	linked := make(map[string]string)
	for name := range modules {
		if inner[name] {
			continue
		}
		text, err := link(modules, name)
		if err != nil {
			return nil, err
		}
		linked[name] = text
	}
	return linked, nil
}

// add appends a module, after those that it imports.
func (l *linker) add(name string) error {
	m, ok := l.modules[name]
	switch {
	case !ok:
		return fmt.Errorf("no module %s", name)
	case slices.Contains(l.open, name):
		return fmt.Errorf("%s imports itself", name)
	case slices.Contains(l.done, name):
		return nil
	}
	l.open = append(l.open, name)
	for _, imported := range m.imports {
		if err := l.add(imported); err != nil {
			return err
		}
	}
	l.open = l.open[:len(l.open)-1]
	l.done = append(l.done, name)
	l.write(m)
	return nil
}

// write appends one module. The root is the last: it may await something, and keeps its
// exports.
func (l *linker) write(m *module) {
	exports := strings.Join(m.exports, ", ")
	if m.name != l.root {
		fmt.Fprintf(&l.out, "// %s\nconst %s = (() => {\n%sreturn { %s };\n})();\n", m.name, variable(m.name), l.relocate(m), exports)
		return
	}
	fmt.Fprintf(&l.out, "// %s\n%s", m.name, m.body)
	if exports != "" {
		fmt.Fprintf(&l.out, "export { %s };\n", exports)
	}
}

// relocate makes the relative addresses in a module hold where the root is.
func (l *linker) relocate(m *module) string {
	body := strings.ReplaceAll(m.body, "import.meta.url", fmt.Sprintf("new URL('%s', import.meta.url)", l.relative(m.name)))
	if !strings.Contains(body, "import(") {
		return body
	}
	return dynamically.ReplaceAllStringFunc(body, func(s string) string {
		imported := path.Join(path.Dir(m.name), dynamically.FindStringSubmatch(s)[1])
		return fmt.Sprintf("import('%s')", l.relative(imported))
	})
}

// relative returns the address of a module as the root sees it.
func (l *linker) relative(name string) string {
	if dir := path.Dir(l.root); dir != "." {
		return strings.Repeat("../", 1+strings.Count(dir, "/")) + name
	}
	return "./" + name
}
