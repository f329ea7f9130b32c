package edge

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestLink(t *testing.T) {
	modules := map[string]string{
		"page/main.js": "/**\n * The page.\n */\nimport { a as one, Two } from '../a.js';\nimport '../effect.js';\n\nawait one(new Two());\nexport class Main {}\n",
		"a.js":         "import { deep } from './deep.js';\nexport { Two } from './page/two.js';\nexport async function a() {\n  // why\n  return deep + /** @type {number} */ (1);\n}\n",
		"page/two.js":  "import { deep } from '../deep.js';\nclass Two {\n  /** @returns {number} */ get deep() { return deep; }\n}\nexport { Two };\n",
		"deep.js":      "export const deep = new URL('./x.css', import.meta.url);\nexport const later = () => import('./later.js');\n",
		"effect.js":    "import { deep } from './deep.js';\ndeep.toString();\n",
		"later.js":     "export {};\n",
	}
	want := `// deep.js
const $deep = (() => {
const deep = new URL('./x.css', new URL('../deep.js', import.meta.url));
const later = () => import('../later.js');
return { deep, later };
})();
// page/two.js
const $page$two = (() => {
const { deep } = $deep;
class Two {
  /** @returns {number} */ get deep() { return deep; }
}
return { Two };
})();
// a.js
const $a = (() => {
const { deep } = $deep;
const { Two } = $page$two;
async function a() {
  return deep + /** @type {number} */ (1);
}
return { Two, a };
})();
// effect.js
const $effect = (() => {
const { deep } = $deep;
deep.toString();
return {  };
})();
// page/main.js
const { a: one, Two } = $a;

await one(new Two());
class Main {}
export { Main };
`
	linked, err := linkRoots(modules)
	if got := linked["page/main.js"]; err != nil || got != want {
		t.Errorf("link: %v\n%s\nwant\n%s", err, got, want)
	}
	if len(linked) != 2 || linked["later.js"] == "" {
		t.Errorf("linked are %v, want the page and what it loads later", slices.Collect(maps.Keys(linked)))
	}
}

func TestLinkRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"export default 1;\n":                "export default 1;",
		"import * as all from './a.js';\n":   "import * as all",
		"import { b } from './b.js';\n":      "no module b.js",
		"import { a } from './main.js';\n":   "imports itself",
		"export let count = 0;\n":            "export let count",
		"const a = 1;\nexport { a as b };\n": "export { a as b }",
		"import { a } from 'elsewhere';\n":   "import { a } from",
	} {
		main, err := parseModule("main.js", text)
		if err == nil {
			_, err = link(map[string]*module{"main.js": main, "a.js": {name: "a.js", exports: []string{"a"}}}, "main.js")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("link %q: %v, want an error with %q", text, err, want)
		}
	}
}

// TestLinkedPlayer wants the element in one file, for pages of other hosts too.
func TestLinkedPlayer(t *testing.T) {
	files, err := readFiles()
	if err != nil {
		t.Fatal(err)
	}
	player := files["livews-player.js"]
	for _, part := range []string{"class Player ", "class LivewsPlayerElement ", "customElements.define("} {
		if strings.Count(player, part) != 1 {
			t.Errorf("%q is %d times in livews-player.js, want once", part, strings.Count(player, part))
		}
	}
	if strings.Contains(player, "\nimport ") || strings.Contains(player, "\n/**") {
		t.Error("livews-player.js is not linked, or has comments")
	}
	if !strings.Contains(files["player.js"], "import ") {
		t.Error("player.js, which programs may import, does not share modules with others")
	}
}

func BenchmarkLink(b *testing.B) {
	for b.Loop() {
		if _, err := readFiles(); err != nil {
			b.Fatal(err)
		}
	}
}
