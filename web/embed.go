// Package web holds the player and the pages around it: the custom element
// <livews-player> as ES modules, which need no build step, the overview of the
// streams, and the page of one stream.
//
// index.html and live.html are html/template files. They are executed with a
// value that has Base, the relative path to the edge's root as in "./" or
// "../../", and Title; live.html also wants Stream, the name of the stream.
// They link the other files as assets/NAME below Base. All of it works under
// the Content-Security-Policy in [Policy].
package web

import "embed"

// Policy is the Content-Security-Policy that the pages are made for. Media and
// the list of streams may come from another server than the pages.
const Policy = "default-src 'self'; connect-src 'self' ws: wss: http: https:; media-src 'self' blob:; " +
	"style-src 'self'; script-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'self'"

// Files holds index.html, live.html, and the scripts and style sheets that
// they use, all in its root. Tests and tools are not part of it.
//
//go:embed *.html *.js *.css
var Files embed.FS
