// Package e2e tests the whole path: the example programs as separate
// processes, real browsers, ffmpeg. It is a module of its own, so that
// importers of the library never see its dependencies.
//
// The tests need ffmpeg, Node with the packages of driver/package.json
// (npm ci), Chromium, Firefox and WebKitGTK (MiniBrowser, WebKitWebDriver,
// GStreamer with libav, Xvfb). What is missing skips the tests that need it,
// or fails them where the environment has CI=true. Screenshots are left in
// out/, or in $E2E_OUT.
package e2e
