// Package web holds the player and the pages around it: the custom element
// <livews-player> as ES modules, which need no build step, the overview of the
// streams, and the page of one stream.
//
// index.html, live.html and publish.html are html/template files. They are executed with a
// value that has Base, the relative path to the edge's root as in "./" or
// "../../", and Title; the latter two also want Stream, the name of the stream.
// They link the other files as assets/NAME below Base. Nothing needs more than
// the Content-Security-Policy "default-src 'self'" with blob: for media and
// data: for images: there is no inline script and no inline style.
package web

import "embed"

// Files holds index.html, live.html, and the scripts and style sheets that
// they use, all in its root. Tests and tools are not part of it.
//
//go:embed *.html *.js *.css
var Files embed.FS
