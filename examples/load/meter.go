package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticks is how many of the kernel's units of CPU time a second has; Linux has had that
// many for ever.
const ticks = 100

// meter reads what a process uses, on Linux. The nil meter reads nothing.
type meter struct {
	pid int
	cpu float64 // seconds at the beginning
	rss int64
}

// used is what a server has used while the viewers were there.
type used struct {
	CPU         float64 `json:"cpuSeconds"`
	CPUPerGB    float64 `json:"cpuSecondsPerGB"`
	CPUPerChunk float64 `json:"cpuSecondsPerChunk"`
	RSS         int64   `json:"rssBytes"`
	PerViewer   float64 `json:"bytesPerViewer"`
}

// newMeter returns a meter of the process, or nil for pid 0.
func newMeter(pid int) (*meter, error) {
	if pid == 0 {
		return nil, nil
	}
	m := &meter{pid: pid}
	var err error
	if m.cpu, m.rss, err = m.read(); err != nil {
		return nil, fmt.Errorf("load: -pid %d: %w", pid, err)
	}
	return m, nil
}

// usage returns what was used since newMeter, or nil where that cannot be read any more.
func (m *meter) usage(r *report) *used {
	if m == nil {
		return nil
	}
	cpu, rss, err := m.read()
	if err != nil {
		return nil
	}
	u := &used{CPU: cpu - m.cpu, RSS: rss}
	if r.Bytes > 0 && r.Chunks > 0 {
		u.CPUPerGB = u.CPU / (float64(r.Bytes) / 1e9)
		u.CPUPerChunk = u.CPU / float64(r.Chunks)
	}
	if r.Live > 0 {
		u.PerViewer = float64(rss-m.rss) / float64(r.Live)
	}
	return u
}

// read returns the process's CPU time in seconds and its memory in bytes (proc(5)).
func (m *meter) read() (cpu float64, rss int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.pid))
	if err != nil {
		return 0, 0, err
	}
	return parseStat(stat)
}

// parseStat reads utime, stime and rss. The name in brackets may have spaces in it.
func parseStat(stat []byte) (cpu float64, rss int64, err error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return 0, 0, fmt.Errorf("stat has %d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	pages, err3 := strconv.ParseInt(fields[21], 10, 64)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return 0, 0, err
		}
	}
	return float64(user+system) / ticks, pages * int64(os.Getpagesize()), nil
}
