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
	importing  = regexp.MustCompile(`^import\s+(?:\{([^}]*)\}\s+from\s+)?'(\.\.?/[\w./-]+)';\n$`)
	forwarding = regexp.MustCompile(`^export\s+\{([^}]*)\}\s+from\s+'(\.\.?/[\w./-]+)';\n$`)
	listing    = regexp.MustCompile(`^export\s+\{([\w\s,]*)\};\n$`)
	declaring  = regexp.MustCompile(`^export\s+((?:async\s+)?function\*?|class|const)\s+(\w+)`)
	renaming   = regexp.MustCompile(`^(\w+)\s+as\s+(\w+)$`)
)

// A module is one ES module, ready to be linked: its imports are statements that take names
// out of variables, its exports are a list. It has no comments on lines of their own.
type module struct {
	name    string // its path
	imports []string
	exports []string
	body    string
}

// parseModule reads a module line by line. It knows the forms that the player is written
// in and refuses others; a line within a template literal must not look like one of them,
// nor like a comment.
func parseModule(name, text string) (*module, error) {
	m := &module{name: name}
	var body strings.Builder
	for line, rest := cutLine(text); line != ""; line, rest = cutLine(rest) {
		switch trimmed := strings.TrimLeft(line, " \t"); {
		case strings.HasPrefix(trimmed, "//"):
		case strings.HasPrefix(trimmed, "/**"):
			line, rest = cutComment(line, rest)
			body.WriteString(line)
		case ties(line):
			if !strings.HasPrefix(line, "export ") || !declaring.MatchString(line) {
				line, rest = cutStatement(line, rest)
			}
			linked, err := m.tie(line)
			if err != nil {
				return nil, err
			}
			body.WriteString(linked)
		default:
			body.WriteString(line)
		}
	}
	m.body = body.String()
	return m, nil
}

// ties tells whether a line begins an import or an export.
func ties(line string) bool {
	for _, word := range []string{"import", "export"} {
		if rest, ok := strings.CutPrefix(line, word); ok && strings.IndexAny(rest, " \t\n{*'\"") == 0 {
			return true
		}
	}
	return false
}

// cutLine returns the first line with its end, and what follows.
func cutLine(text string) (line, rest string) {
	end := strings.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

// cutComment leaves out the comment that a line begins with. Where more follows in the
// comment's last line, as in casts, the lines stay as they are.
func cutComment(line, rest string) (kept, left string) {
	whole := line + rest
	end := strings.Index(whole, "*/")
	if end < 0 {
		return line, rest
	}
	after, left := cutLine(whole[end+len("*/"):])
	if strings.TrimSpace(after) == "" {
		return "", left
	}
	return whole[:len(whole)-len(left)], left
}

// cutStatement returns a statement that may go over several lines, to its semicolon.
func cutStatement(line, rest string) (statement, left string) {
	whole := line + rest
	end := strings.Index(whole, ";\n")
	if end < 0 {
		return line, rest
	}
	end += len(";\n")
	return whole[:end], whole[end:]
}

// tie takes note of an import or export and returns the statement that does its work in a
// linked module.
func (m *module) tie(statement string) (string, error) {
	if found := importing.FindStringSubmatch(statement); found != nil {
		return m.take(found[1], found[2]), nil
	}
	if found := forwarding.FindStringSubmatch(statement); found != nil {
		for _, item := range items(found[1]) {
			m.exports = append(m.exports, renaming.ReplaceAllString(item, "$2"))
		}
		return m.take(found[1], found[2]), nil
	}
	if found := declaring.FindStringSubmatch(statement); found != nil {
		m.exports = append(m.exports, found[2])
		return strings.TrimPrefix(statement, "export "), nil
	}
	if found := listing.FindStringSubmatch(statement); found != nil && !slices.ContainsFunc(items(found[1]), renaming.MatchString) {
		m.exports = append(m.exports, items(found[1])...)
		return "", nil
	}
	return "", fmt.Errorf("%s: cannot link %q", m.name, strings.TrimSpace(statement))
}

// take returns the statement that takes names out of the variable of an imported module.
func (m *module) take(list, address string) string {
	imported := path.Join(path.Dir(m.name), address)
	if !slices.Contains(m.imports, imported) {
		m.imports = append(m.imports, imported)
	}
	if list == "" {
		return ""
	}
	var taken []string
	for _, item := range items(list) {
		taken = append(taken, renaming.ReplaceAllString(item, "$1: $2"))
	}
	return fmt.Sprintf("const { %s } = %s;\n", strings.Join(taken, ", "), variable(imported))
}

// items returns the names in a list with commas, some of them "a as b".
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
