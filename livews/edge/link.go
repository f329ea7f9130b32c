package edge

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The statements of a module that tie it to others, each at the beginning of a line. What
// is imported or exported in another way cannot be linked.
var (
	importing   = regexp.MustCompile(`(?m)^import\s+(?:\{([^}]*)\}\s+from\s+)?'(\.\.?/[\w./-]+)';\n?`)
	forwarding  = regexp.MustCompile(`(?m)^export\s+\{([^}]*)\}\s+from\s+'(\.\.?/[\w./-]+)';\n?`)
	listing     = regexp.MustCompile(`(?m)^export\s+\{([^}]*)\};\n?`)
	declaring   = regexp.MustCompile(`(?m)^export\s+((?:async\s+)?function\*?|class|const)\s+(\w+)`)
	tying       = regexp.MustCompile(`(?m)^(?:import|export)\b.*`)
	renaming    = regexp.MustCompile(`^(\w+)\s+as\s+(\w+)$`)
	comments    = regexp.MustCompile(`(?m)^[ \t]*(?:/\*\*(?:[^*]|\*+[^*/])*\*+/|//.*)\n`)
	dynamically = regexp.MustCompile(`\bimport\('(\.\.?/[\w./-]+)'\)`)
)

// A linker makes one module of a module and all that it imports, so that a browser that is
// far away does not ask for them one after the other. Each becomes a function that returns
// what it exports. Files loaded by address, as workers and style sheets are, stay where
// they are.
type linker struct {
	modules map[string]string // the text of each, by its path
	root    string
	done    []string // in the order in which they are to run
	open    []string // those whose imports are being linked
	out     strings.Builder
}

// link returns the module of this path with all that it imports.
func link(modules map[string]string, root string) (string, error) {
	l := &linker{modules: modules, root: root}
	if err := l.add(root); err != nil {
		return "", err
	}
	return l.out.String(), nil
}

// imports returns the paths of the modules that one imports, each once.
func imports(name, text string) []string {
	var all []string
	for _, statement := range []*regexp.Regexp{importing, forwarding} {
		for _, m := range statement.FindAllStringSubmatch(text, -1) {
			if imported := path.Join(path.Dir(name), m[2]); !slices.Contains(all, imported) {
				all = append(all, imported)
			}
		}
	}
	return all
}

func (l *linker) add(name string) error {
	text, ok := l.modules[name]
	if !ok {
		return fmt.Errorf("link %s: no module %s", l.root, name)
	}
	if slices.Contains(l.open, name) {
		return fmt.Errorf("link %s: %s imports itself", l.root, name)
	}
	if slices.Contains(l.done, name) {
		return nil
	}
	l.open = append(l.open, name)
	for _, imported := range imports(name, text) {
		if err := l.add(imported); err != nil {
			return err
		}
	}
	l.open = l.open[:len(l.open)-1]
	l.done = append(l.done, name)
	return l.write(name, text)
}

// write appends one module, whose imports have been.
func (l *linker) write(name, text string) error {
	var exports []string
	text = comments.ReplaceAllString(text, "")
	text = importing.ReplaceAllStringFunc(text, func(s string) string {
		m := importing.FindStringSubmatch(s)
		return l.take(name, m[1], m[2])
	})
	text = forwarding.ReplaceAllStringFunc(text, func(s string) string {
		m := forwarding.FindStringSubmatch(s)
		exports = append(exports, names(m[1])...)
		return l.take(name, m[1], m[2])
	})
	text = listing.ReplaceAllStringFunc(text, func(s string) string {
		list := items(listing.FindStringSubmatch(s)[1])
		if slices.ContainsFunc(list, renaming.MatchString) {
			return s
		}
		exports = append(exports, list...)
		return ""
	})
	text = declaring.ReplaceAllStringFunc(text, func(s string) string {
		m := declaring.FindStringSubmatch(s)
		exports = append(exports, m[2])
		return m[1] + " " + m[2]
	})
	if left := tying.FindString(text); left != "" {
		return fmt.Errorf("link %s: %s: cannot link %q", l.root, name, left)
	}
	text = l.relocate(name, text)
	if name == l.root {
		l.writeRoot(text, exports)
		return nil
	}
	fmt.Fprintf(&l.out, "// %s\nconst %s = (() => {\n%sreturn { %s };\n})();\n", name, variable(name), text, strings.Join(exports, ", "))
	return nil
}

// writeRoot writes the last module, which may await something and keeps its exports.
func (l *linker) writeRoot(text string, exports []string) {
	fmt.Fprintf(&l.out, "// %s\n%s", l.root, text)
	if len(exports) > 0 {
		fmt.Fprintf(&l.out, "export { %s };\n", strings.Join(exports, ", "))
	}
}

// take returns the statement that takes names out of an imported module.
func (l *linker) take(name, list, imported string) string {
	if list == "" {
		return ""
	}
	var taken []string
	for _, item := range items(list) {
		taken = append(taken, renaming.ReplaceAllString(item, "$1: $2"))
	}
	return fmt.Sprintf("const { %s } = %s;\n", strings.Join(taken, ", "), variable(path.Join(path.Dir(name), imported)))
}

// relocate makes the relative addresses in a module hold where the root is.
func (l *linker) relocate(name, text string) string {
	if name == l.root {
		return text
	}
	text = strings.ReplaceAll(text, "import.meta.url", fmt.Sprintf("new URL('%s', import.meta.url)", l.relative(name)))
	return dynamically.ReplaceAllStringFunc(text, func(s string) string {
		imported := path.Join(path.Dir(name), dynamically.FindStringSubmatch(s)[1])
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

// names returns the names that a list of exports gives.
func names(list string) []string {
	var all []string
	for _, item := range items(list) {
		all = append(all, renaming.ReplaceAllString(item, "$2"))
	}
	return all
}

func items(list string) []string {
	var all []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// variable returns the name of what a module exports. No module of ours has a $.
func variable(name string) string {
	return "$" + strings.NewReplacer("/", "$", "-", "_", ".js", "").Replace(name)
}
