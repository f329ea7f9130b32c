// Package web holds the player and the pages around it: the custom element
// <livews-player> as ES modules, which need no build step, and in pages/ the overview of
// the streams, the page of one stream, that of several, the one to embed, the one that
// publishes, and the one for authors of programs. What is not in pages/ is the npm package livews-player, too.
//
// The HTML files are html/template files. They are executed with a value that has Base,
// the relative path to the edge's root as in "./" or "../../", Title, Assets, the path of
// the other files below Base, and Modules, the scripts to load at once; pages of a stream
// also want Stream, its name. Nothing needs more than the Content-Security-Policy
// "default-src 'self'" with blob: for media and data: for images: there is no inline
// script and no inline style.
package web

import "embed"

// Files holds the scripts and style sheets of the player in its root, and the pages with
// theirs in pages/. Tests and tools are not part of it.
//
//go:embed *.js *.css pages/*.html pages/*.js pages/*.css
var Files embed.FS
